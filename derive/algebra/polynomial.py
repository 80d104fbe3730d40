"""Polynomials in letters, with exact coefficients: how much of something there is, as n² T + n d."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod

from derive.algebra.expression import Expr, Variable, add, multiply, number
from derive.algebra.expression import Power as PowerOf

Coefficient = Fraction | int
# Letters with their exponents, sorted by letter; no exponent is 0.
Monomial = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Polynomial:
    """A sum of `terms`, sorted by monomial, no coefficient 0: equal polynomials are equal objects."""

    terms: tuple[tuple[Monomial, Coefficient], ...] = ()

    @staticmethod
    def of(value: Coefficient) -> Polynomial:
        return Polynomial((((), value),)) if value else Polynomial()

    @staticmethod
    def letter(name: str) -> Polynomial:
        return Polynomial(((((name, 1),), 1),))

    def __add__(self, other: Polynomial) -> Polynomial:
        return total((self, other))

    def __mul__(self, other: Polynomial | int) -> Polynomial:
        right = Polynomial.of(other) if isinstance(other, int) else other
        found: dict[Monomial, Coefficient] = {}
        for one, a in self.terms:
            for two, b in right.terms:
                key = _joined(one, two)
                found[key] = found.get(key, 0) + a * b
        return _made(found)

    @property
    def letters(self) -> frozenset[str]:
        return frozenset(letter for monomial, _ in self.terms for letter, _ in monomial)

    def at(self, values: Mapping[str, int]) -> Coefficient:
        """The value where every letter has a number."""
        found: Coefficient = 0
        for monomial, c in self.terms:
            found += c * prod(int(values[a]) ** n for a, n in monomial)
        return found

    def replaced(self, letter: str, value: int) -> Polynomial:
        """The polynomial where `letter` is a number."""
        parts = self.collected(letter).items()
        return total(rest * Polynomial.of(value**power) for power, rest in parts)

    def renamed(self, letters: Mapping[str, str]) -> Polynomial:
        """The polynomial with other letters, several of which may become one."""
        moved = ((_renamed(monomial, letters), c) for monomial, c in self.terms)
        return total(Polynomial((term,)) for term in moved)

    @property
    def monic(self) -> Polynomial:
        """The same terms, each with the coefficient 1."""
        return _made({monomial: 1 for monomial, _ in self.terms})

    def collected(self, letter: str) -> Mapping[int, Polynomial]:
        """What stands before each power of `letter`, the highest power first."""
        found: dict[int, dict[Monomial, Coefficient]] = {}
        for monomial, c in self.terms:
            power = dict(monomial).get(letter, 0)
            rest = tuple((a, n) for a, n in monomial if a != letter)
            found.setdefault(power, {})[rest] = c
        return {power: _made(found[power]) for power in sorted(found, reverse=True)}

    def leading(self, apart: str) -> Polynomial:
        """The terms of the highest power of `apart` whose degree in the other letters is highest."""
        if not self.terms:
            return self
        power, rest = next(iter(self.collected(apart).items()))
        degree = max(_degree(monomial) for monomial, _ in rest.terms)
        kept = {m: c for m, c in rest.terms if _degree(m) == degree}
        return _made(kept) * _power(apart, power)

    def formula(self, apart: str = "T") -> Expr:
        """The polynomial as a formula, powers of `apart` in front of what they multiply."""
        return add(
            _written(dict((rest * _power(apart, power)).terms), apart)
            if len(rest.terms) == 1
            else multiply((_raised(apart, power), _written(dict(rest.terms))))
            if power
            else _written(dict(rest.terms))
            for power, rest in self.collected(apart).items()
        )

    def expanded(self, first: str) -> Expr:
        """The polynomial as a formula of single terms, in each of them the letter `first` first."""
        return add(_written(dict(p.terms), first) for p in self._powers(first))

    def _powers(self, letter: str) -> Iterable[Polynomial]:
        """The polynomial in parts, the highest power of `letter` first."""
        return (p * _power(letter, power) for power, p in self.collected(letter).items())


ZERO, ONE = Polynomial(), Polynomial.of(1)


def total(parts: Iterable[Polynomial]) -> Polynomial:
    """The sum of polynomials."""
    found: dict[Monomial, Coefficient] = {}
    for part in parts:
        for monomial, c in part.terms:
            found[monomial] = found.get(monomial, 0) + c
    return _made(found)


def interpolated(values: Sequence[Polynomial], start: int, letter: str) -> Polynomial | None:
    """The polynomial in `letter` with these values at start, start + 1, …; None where there is none.

    A degree of more than half the number of values is none: then the values would not confirm it.
    """
    keys = {monomial for value in values for monomial, _ in value.terms}
    found = ZERO
    for key in sorted(keys):
        part = _newton([dict(v.terms).get(key, 0) for v in values], start, letter)
        if part is None:
            return None
        found += part * Polynomial(((key, 1),))
    return found


def _newton(values: list[Coefficient], start: int, letter: str) -> Polynomial | None:
    """Σ_k Δᵏf (x - start choose k), where the differences vanish soon enough."""
    found, factor, steps = ZERO, ONE, list(values)
    for k in range(len(values) // 2):
        if not any(steps):
            return found
        found += Polynomial.of(steps[0]) * factor
        lower = Polynomial.letter(letter) + Polynomial.of(-start - k)
        factor = factor * lower * Polynomial.of(Fraction(1, k + 1))
        steps = [b - a for a, b in pairwise(steps)]
    return None if any(steps) else found


def _made(found: Mapping[Monomial, Coefficient]) -> Polynomial:
    return Polynomial(tuple(sorted((m, c) for m, c in found.items() if c)))


def _joined(one: Monomial, two: Monomial) -> Monomial:
    powers = dict(one)
    for letter, n in two:
        powers[letter] = powers.get(letter, 0) + n
    return tuple(sorted(powers.items()))


def _renamed(monomial: Monomial, letters: Mapping[str, str]) -> Monomial:
    found: Monomial = ()
    for letter, n in monomial:
        found = _joined(found, ((letters.get(letter, letter), n),))
    return found


def _degree(monomial: Monomial) -> int:
    return sum(n for _, n in monomial)


def _power(letter: str, n: int) -> Polynomial:
    return Polynomial(((((letter, n),), 1),)) if n else ONE


def _written(terms: Mapping[Monomial, Coefficient], first: str = "") -> Expr:
    """The terms as a formula, the highest degree first; in a term the letter `first` comes first."""
    ordered = sorted(terms.items(), key=lambda item: (-_degree(item[0]), _falling(item[0])))
    return add(
        multiply(
            (number(c), *(_raised(a, n) for a, n in sorted(monomial, key=lambda p: p[0] != first)))
        )
        for monomial, c in ordered
    )


def _falling(monomial: Monomial) -> list[tuple[int, str]]:
    return sorted((-n, letter) for letter, n in monomial)


def _raised(letter: str, n: int) -> Expr:
    return Variable(letter) if n == 1 else PowerOf(Variable(letter), number(n))
