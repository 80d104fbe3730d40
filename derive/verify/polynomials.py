"""Polynomials whose symbols commute and whose atoms do not: the normal form of a formula.

A polynomial is a dict from (monomial, word) to its coefficient, no coefficient zero. A monomial is a
sorted tuple of (symbol, exponent), a word a tuple of atoms, outer factor first; symbols and atoms are
plain strings. Equal polynomials are equal dicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

Monomial = tuple[tuple[str, Fraction | int], ...]
Word = tuple[str, ...]
Key = tuple[Monomial, Word]
Polynomial = Mapping[Key, Fraction]

MOST_KEYS = 4_000

ZERO: Polynomial = {}
ONE: Polynomial = {((), ()): Fraction(1)}


class TooLarge(Exception):
    """A polynomial with more terms than the limit."""


def number(value: Fraction | int) -> Polynomial:
    """The constant polynomial."""
    return {((), ()): Fraction(value)} if value else {}


def symbol(name: str, exponent: Fraction | int = 1) -> Polynomial:
    """A commuting symbol to a power."""
    return {(((name, exponent),), ()): Fraction(1)}


def atom(name: str) -> Polynomial:
    """A factor that does not commute."""
    return {((), (name,)): Fraction(1)}


def plus(parts: Iterable[Polynomial]) -> Polynomial:
    """The sum of polynomials."""
    found: dict[Key, Fraction] = {}
    for part in parts:
        for key, coefficient in part.items():
            total = found.get(key, 0) + coefficient
            if total:
                found[key] = total
            else:
                del found[key]
    return found


def minus(left: Polynomial, right: Polynomial) -> Polynomial:
    """left - right."""
    return plus((left, {key: -c for key, c in right.items()}))


def times(left: Polynomial, right: Polynomial) -> Polynomial:
    """The product; words are joined, monomials multiplied. Raises TooLarge beyond MOST_KEYS terms."""
    if left == ONE:
        return right
    if right == ONE:
        return left
    found: dict[Key, Fraction] = {}
    for (a, u), x in left.items():
        for (b, v), y in right.items():
            key = (merged(a, b), u + v)
            total = found.get(key, 0) + x * y
            if total:
                found[key] = total
            else:
                found.pop(key, None)
        if len(found) > MOST_KEYS:
            raise TooLarge
    return found


def merged(a: Monomial, b: Monomial) -> Monomial:
    """The product of two monomials."""
    if not a:
        return b
    if not b:
        return a
    powers = dict(a)
    for name, exponent in b:
        powers[name] = powers.get(name, 0) + exponent
    return tuple(sorted((n, e) for n, e in powers.items() if e))


def is_number(value: Polynomial) -> bool:
    """Whether a polynomial is a constant."""
    return not value or value.keys() == ONE.keys()


def constant_of(value: Polynomial) -> Fraction:
    """The number that a constant polynomial is."""
    return value.get(((), ()), Fraction(0))


def inverse_of_term(value: Polynomial) -> Polynomial | None:
    """1 / value where value is one term without atoms; None otherwise."""
    if len(value) != 1:
        return None
    ((monomial, word), coefficient) = next(iter(value.items()))
    if word:
        return None
    return {(tuple((n, -e) for n, e in monomial), ()): 1 / coefficient}
