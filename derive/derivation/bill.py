"""The bill of `derive cost`: what each way takes at one T, and how that grows with T."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.algebra.expression import Variable
from derive.algebra.polynomial import Polynomial, interpolated
from derive.derivation.cost import Counting, Term, letters_of
from derive.errors import DeriveError
from derive.model.horizon import least_horizon
from derive.model.recurrence import HORIZON, Recurrence
from derive.notation.python import identifier

MODEL = "the model alone"
PATHS = "sum over paths"
FORWARD = "forward accumulation"
BACKWARD = "back-propagation"
TRUNCATED = "truncated"
COUNT = "N"
SAMPLES = 10
MOST_COUNTED = 300_000

# Multiplications and memory, in T; None where there is no polynomial.
Fit = tuple[Polynomial | None, Polynomial | None]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way takes: multiplications, and the most numbers held at once, at one T."""

    way: str
    multiplications: Polynomial
    memory: Polynomial

    def fitting(self, fit: Fit, horizon: int) -> Fit:
        """Those of the formulas in T that give what was counted at T = `horizon`."""
        counts = (self.multiplications, self.memory)
        kept = [
            f if f is not None and f.replaced(HORIZON, horizon) == count else None
            for f, count in zip(fit, counts, strict=True)
        ]
        return kept[0], kept[1]


@dataclass(frozen=True, slots=True)
class Growth:
    """The same as formulas in T, from T = `least` on; None where the growth is no polynomial.

    `orders` are the orders of both, all sizes being n; for forward accumulation in the number of
    parameters N, too.
    """

    multiplications: Polynomial | None
    memory: Polynomial | None
    least: int
    orders: tuple[tuple[Polynomial | None, ...], ...]


def costs(counting: Counting, truncate: int | None) -> list[Cost]:
    """The cost of the model and of each way at the T of `counting`."""
    found = [
        Cost(MODEL, counting.model(), counting.held()),
        Cost(PATHS, *counting.paths()),
        Cost(FORWARD, *counting.forward()),
        Cost(BACKWARD, *counting.backward()),
    ]
    if truncate is not None:
        found.append(Cost(TRUNCATED, *counting.truncated(truncate)))
    return found


def growth(
    recurrence: Recurrence,
    wrt: Sequence[Variable],
    truncate: int | None,
    sizes: Mapping[str, int],
) -> Mapping[str, Growth]:
    """Each way's cost as polynomials in T, found from SAMPLES consecutive T and true of all of them.

    A way whose counts are no polynomial of a low degree, as the number of paths through several
    states, has none.
    """
    least = least_horizon(recurrence)
    start = least + (truncate or 0) + 2 * (recurrence.lag + recurrence.ahead) + 1
    terms: dict[Hashable, Term] = {}

    def counting(horizon: int) -> Counting:
        return Counting(recurrence, horizon, wrt, sizes, terms)

    samples = [counting(horizon) for horizon in range(start, start + SAMPLES)]
    counted = [costs(sample, truncate) for sample in samples]
    fits = {
        ways[0].way: _fitted([(c.multiplications, c.memory) for c in ways], start)
        for ways in zip(*counted, strict=True)
    }
    in_count = _fitted([sample.forward(Polynomial.letter(COUNT)) for sample in samples], start)
    earlier = (costs(counting(t), truncate) for t in range(start - 1, least - 1, -1))
    first = _first(fits, start, earlier)
    return {
        way: Growth(*pair, first[way], _orders(pair, in_count if way == FORWARD else None))
        for way, pair in fits.items()
    }


def _fitted(counts: Sequence[tuple[Polynomial, Polynomial]], start: int) -> Fit:
    """The polynomials in T through the multiplications and through the memory of T = start, …"""
    multiplications, memory = zip(*counts, strict=True)
    return interpolated(multiplications, start, HORIZON), interpolated(memory, start, HORIZON)


def _first(fits: Mapping[str, Fit], start: int, earlier: Iterable[list[Cost]]) -> dict[str, int]:
    """From which T on the formulas hold; `earlier` are the costs at start - 1, start - 2, …"""
    first, open_ways = dict.fromkeys(fits, start), set(fits)
    for horizon, found in zip(range(start - 1, 0, -1), earlier, strict=False):
        open_ways -= {c.way for c in found if c.fitting(fits[c.way], horizon) != fits[c.way]}
        first |= dict.fromkeys(open_ways, horizon)
        if not open_ways:
            break
    return first


def _orders(pair: Fit, in_count: Fit | None) -> tuple[tuple[Polynomial | None, ...], ...]:
    """The orders of the multiplications and of the memory, and those in the number of parameters."""
    fits = (pair,) if in_count is None else (pair, in_count)
    return tuple(tuple(map(order, kind)) for kind in zip(*fits, strict=True))


@dataclass(frozen=True, slots=True)
class Bill:
    """All that `derive cost` tells: the costs at one T, the formulas in T, and what the letters are."""

    counting: Counting
    costs: tuple[Cost, ...]
    growth: Mapping[str, Growth]
    truncate: int | None
    paths: int
    ratio: float

    @property
    def sizes(self) -> Mapping[str, int]:
        return self.counting.sizes

    @property
    def letters(self) -> list[str]:
        """The letters on which a cost depends."""
        amounts = [self.counting.parameters]
        amounts += [part for c in self.costs for part in (c.multiplications, c.memory)]
        return sorted({a for amount in amounts for a in amount.letters})

    @property
    def missing(self) -> list[str]:
        """The letters that have no size."""
        return [a for a in self.letters if a not in self.sizes]

    def number(self, amount: Polynomial) -> int | None:
        """The amount as a number, where every letter has a size."""
        return None if self.missing else int(amount.at(self.sizes))

    def name(self, way: str) -> str:
        """What a way is called, with its k."""
        return f"{way}, k = {self.truncate}" if way == TRUNCATED else way


def bill(
    recurrence: Recurrence,
    horizon: int,
    wrt: Sequence[Variable],
    truncate: int | None,
    sizes: Mapping[str, int],
) -> Bill:
    """What each way costs at T = `horizon`, and how that grows with T.

    Raises DeriveError for a size that the model does not have, or where there is too much to count.
    """
    sizes = _known(letters_of(recurrence), sizes)
    amount = horizon * max(1, truncate or 0) * len(recurrence.steps) * len(wrt)
    if amount > MOST_COUNTED:
        raise DeriveError(
            f"{amount} lines to count are more than the limit of {MOST_COUNTED}: use a smaller T or k"
        )
    counting = Counting(recurrence, horizon, wrt, sizes)
    found = tuple(costs(counting, truncate))
    grown = dict(growth(recurrence, wrt, truncate, sizes))
    for c in found:
        g = grown[c.way]
        if horizon >= g.least:  # a formula that does not give what was counted here is no formula
            pair = c.fitting((g.multiplications, g.memory), horizon)
            grown[c.way] = Growth(*pair, g.least, g.orders)
    after = Counting(recurrence, horizon + 1, wrt, sizes).count_paths()
    paths = counting.count_paths()
    return Bill(
        counting,
        found,
        grown,
        truncate,
        paths,
        float(Fraction(after, paths)) if paths else 0.0,
    )


def _known(letters: Sequence[str], sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes by the model's own letters: n_h is n_{h}, n_theta is n_{\\theta}."""
    spelled = {name: a for a in letters for name in (a, identifier(a))}
    for letter in sizes:
        if letter not in spelled:
            names = ", ".join(map(identifier, letters))
            known = f"one of {names}" if letters else "nothing, as all is scalar"
            raise DeriveError(f"expected -n to name {known}, found {letter!r}")
    return {spelled[letter]: size for letter, size in sizes.items()}


def order(amount: Polynomial | None) -> Polynomial | None:
    """The terms that grow fastest, all sizes being n, without their coefficients."""
    if amount is None:
        return None
    sizes = {a: "n" for a in amount.letters if a not in (HORIZON, COUNT)}
    return amount.renamed(sizes).leading(HORIZON).monic
