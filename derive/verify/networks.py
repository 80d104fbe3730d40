"""Formulas of vectors and matrices as sums of products of entries.

W h is Σ_j W[i,j] h[j], diag(v) is δ[i,j] v[i], a ⊙ b is a[i] b[i], u vᵀ is u[i] v[j]. The entries are
numbers and commute, so order, transposition, ⊙, diag and δ need no rules of their own: two formulas
are equal for all sizes if their terms are, up to the names of the indices that are summed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import count, permutations, product
from math import factorial

from derive.algebra.expression import Time
from derive.verify.tape import NoForm

MOST_TERMS = 2000
MOST_LABELLINGS = 720
MOST_FACTORS = 40
MOST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Atom:
    """What has entries: a variable, a derivative, a function of a network entry by entry.

    `kind` is "variable"; "total" or "edge", the derivative of `name` by `by`, whose indices follow;
    "call", the function `name` of `inside`; "inverse", 1 / `inside`; "number", the index `time` used as
    a number; "size", the dimension `time`; "δ"; "block", which puts `by` entries after the first
    `name` ones; or "entry", which gives a summed index the name that the
    text gives it: 1 for the entry of that name, 0 for the others. `rank` is how many free indices
    `inside` has.
    """

    kind: str
    name: str = ""
    time: Time | None = None
    by: str = ""
    by_time: Time | None = None
    inside: Network = ()
    rank: int = 0
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        key = self.kind, self.name, self.time, self.by, self.by_time, self.inside, self.rank
        object.__setattr__(self, "_hash", hash(key))

    def __hash__(self) -> int:
        return self._hash

    def retimed(self, change: Callable[[Time], Time]) -> Atom:
        """This atom with its times changed."""
        time, by_time = (x if x is None else change(x) for x in (self.time, self.by_time))
        inside = retimed(self.inside, change, self.rank)
        return Atom(self.kind, self.name, time, self.by, by_time, inside, self.rank)


# An index is a number: below the count of the free ones it is free, else it is summed over.
Indices = tuple[int, ...]
Factor = tuple[Atom, Indices]
# The factors, and whether the term is summed over the steps of the core (the letter SUMMED).
Term = tuple[tuple[Factor, ...], bool]
# Terms with their coefficients, sorted: equal networks are equal objects.
Network = tuple[tuple[Term, Fraction], ...]
Raw = tuple[tuple[Factor, ...], bool, Fraction]
Ones = Callable[[Atom], bool]

SUMMED = "\\,s"
DELTA = Atom("δ")


def constant(value: Fraction | int) -> Network:
    """A number."""
    return ((((), False), Fraction(value)),) if value else ()


UNIT = constant(1)


def single(atom: Atom, rank: int) -> Network:
    """One atom with its free indices 0, 1, …"""
    return (((((atom, tuple(range(rank))),), False), Fraction(1)),)


@lru_cache(MOST_KEPT)
def _order(atom: Atom) -> str:
    return repr(atom)


def _factor_order(factor: Factor) -> tuple[str, Indices]:
    return _order(factor[0]), factor[1]


def collected(terms: Iterable[Raw], free: int, ones: Ones | None = None) -> Network:
    """The canonical sum of products whose indices below `free` are free.

    `ones` tells the atoms of one index whose sum over it is 1. Raises NoForm where there are too many.
    """
    total: dict[Term, Fraction] = {}
    for factors, summed, coefficient in _reduced(terms):
        key = canonical(factors, free, ones), summed
        total[key] = total.get(key, Fraction(0)) + coefficient
        if len(total) > MOST_TERMS:
            raise NoForm(f"more than {MOST_TERMS} terms")
    kept = [(key, c) for key, c in total.items() if c]
    return tuple(
        sorted(kept, key=lambda pair: (*map(_factor_order, pair[0][0]), ("", (int(pair[0][1]),))))
    )


def _reduced(terms: Iterable[Raw]) -> Iterator[Raw]:
    """The terms with x / (a + b x) written as (1 - a / (a + b x)) / b, entry by entry."""
    waiting = list(terms)
    waiting.reverse()
    while waiting:
        factors, summed, coefficient = waiting.pop()
        found = _divided(factors)
        if found is None:
            yield factors, summed, coefficient
        else:
            waiting += [(own, summed, coefficient * c) for own, c in found]
            if len(waiting) > MOST_TERMS:
                raise NoForm(f"more than {MOST_TERMS} terms")


def _divided(factors: tuple[Factor, ...]) -> list[tuple[tuple[Factor, ...], Fraction]] | None:
    for inverse, own in factors:
        lead = _leading(inverse) if inverse.kind == "inverse" else None
        if lead is None:
            continue
        (atom, places), leading = lead
        numerator = atom, tuple(own[p] for p in places)
        if numerator not in factors:
            continue
        rest = list(factors)
        rest.remove(numerator)
        rest.remove((inverse, own))
        found = [(tuple(rest), 1 / leading)]
        for inner, _, c in raw(inverse.inside, own):
            if inner != (numerator,):
                found.append(((*rest, (inverse, own), *inner), -c / leading))
        return found
    return None


@lru_cache(MOST_KEPT)
def _leading(inverse: Atom) -> tuple[Factor, Fraction] | None:
    """The entry b x of a denominator a + b x whose x stands nowhere else in it; the last of several."""
    if len(inverse.inside) < 2:
        return None
    every = [atom for (own, _), _ in inverse.inside for atom, _ in own]
    found = [
        (own[0], c)
        for (own, summed), c in inverse.inside
        if len(own) == 1 and not summed and every.count(own[0][0]) == 1
        if all(i < inverse.rank for i in own[0][1])
    ]
    return max(found, key=lambda pair: _factor_order(pair[0]), default=None)


@lru_cache(MOST_KEPT)
def canonical(factors: tuple[Factor, ...], free: int, ones: Ones | None) -> tuple[Factor, ...]:
    """The factors sorted, δ contracted, inverses cancelled, the summed indices numbered in one way."""
    if len(factors) > MOST_FACTORS:
        raise NoForm(f"a product of more than {MOST_FACTORS} entries")
    factors = _cancelled(_contracted(factors, free), free)
    if ones is not None:
        factors = _without_ones(factors, free, ones)
    bound = sorted({i for _, own in factors for i in own if i >= free})
    if not bound:
        return tuple(sorted(factors, key=_factor_order))
    colours = _coloured(factors, bound)
    groups: dict[int, list[int]] = {}
    for i in bound:
        groups.setdefault(colours[i], []).append(i)
    ordered = [groups[colour] for colour in sorted(groups)]
    ways = 1
    for group in ordered:
        ways *= factorial(len(group))
    if ways > MOST_LABELLINGS:
        raise NoForm("a product of too many entries that look the same")
    found = []
    for choice in product(*(permutations(group) for group in ordered)):
        names = {i: free + k for k, i in enumerate(i for group in choice for i in group)}
        named = ((a, tuple(names.get(i, i) for i in own)) for a, own in factors)
        found.append(tuple(sorted(named, key=_factor_order)))
    return min(found, key=lambda each: tuple(map(_factor_order, each)))


def _contracted(factors: tuple[Factor, ...], free: int) -> tuple[Factor, ...]:
    """δ[i,j] puts i for j where j is summed over; between two free indices it stays."""
    rest = [f for f in factors if f[0].kind != "δ"]
    pairs = [own for atom, own in factors if atom.kind == "δ"]
    named: dict[str, int] = {}
    for atom, own in factors:
        if atom.kind == "entry":
            first = named.setdefault(atom.name, own[0])
            if first != own[0]:
                rest.remove((atom, own))
                pairs.append((first, own[0]))
    kept: list[Factor] = []
    while pairs:
        a, b = sorted(pairs.pop())
        if a == b:
            _need(a, free, rest, pairs)
            continue
        if b < free:
            kept.append((DELTA, (a, b)))
        rest = [(atom, tuple(a if i == b else i for i in own)) for atom, own in rest]
        pairs = [tuple(a if i == b else i for i in own) for own in pairs]
        kept = [(DELTA, (a if i == b and b >= free else i, j)) for _, (i, j) in kept]
        if b >= free:
            _need(a, free, rest, pairs)
    return (*dict.fromkeys(kept), *_without_lone_names(rest))


def _without_lone_names(factors: list[Factor]) -> list[Factor]:
    """One factor for each name of an index, and none for a name of what stands nowhere else."""
    factors = [f for i, f in enumerate(factors) if f[0].kind != "entry" or f not in factors[:i]]
    return [
        f
        for f in factors
        if f[0].kind != "entry" or any(f[1][0] in own for other, own in factors if other != f[0])
    ]


def _need(index: int, free: int, rest: list[Factor], pairs: list[Indices]) -> None:
    """A summed index that stands nowhere any more would count a dimension."""
    if index >= free and not any(index in own for own in (*pairs, *(o for _, o in rest))):
        raise NoForm("a sum over an index of no entry")


def _cancelled(factors: tuple[Factor, ...], free: int) -> tuple[Factor, ...]:
    """a · (1 / a) is 1, where 1 / a has a value."""
    if not any(atom.kind == "inverse" for atom, _ in factors):
        return factors
    left = Counter(factors)
    for atom, own in list(left):
        inverse = inverse_of(atom, len(own)), own
        pairs = min(left[atom, own], left.get(inverse, 0))
        if pairs:
            left[atom, own] -= pairs
            left[inverse] -= pairs
    found = tuple(left.elements())
    before, after = ({i for _, own in each for i in own if i >= free} for each in (factors, found))
    if before != after:
        raise NoForm("a sum over an index of no entry")
    return found


def inverse_of(atom: Atom, rank: int) -> Atom:
    """1 / atom, entry by entry."""
    return Atom("inverse", inside=single(atom, rank), rank=rank)


def _without_ones(factors: tuple[Factor, ...], free: int, ones: Ones) -> tuple[Factor, ...]:
    def alone(factor: Factor) -> bool:
        atom, own = factor
        beside = sum(own[0] in other for _, other in factors) if len(own) == 1 else 0
        return beside == 1 and own[0] >= free and ones(atom)

    return tuple(f for f in factors if not alone(f))


def _coloured(factors: tuple[Factor, ...], bound: list[int]) -> dict[int, int]:
    """A colour for each summed index, from where it stands and beside what; no names play a part."""
    colours = dict.fromkeys(bound, 0)
    while True:
        seen: dict[int, str] = {}
        for i in bound:
            places = sorted(
                repr(
                    (_order(a), [("here" if j == i else colours.get(j, f"free {j}")) for j in own])
                )
                for a, own in factors
                if i in own
            )
            seen[i] = repr((colours[i], places))
        ranks = {colour: k for k, colour in enumerate(sorted(set(seen.values())))}
        before, colours = len(set(colours.values())), {i: ranks[seen[i]] for i in bound}
        if len(ranks) == before:
            return colours


# -- arithmetic -------------------------------------------------------------------------------------

_fresh = count(1000)


def fresh() -> int:
    """An index that stands nowhere yet."""
    return next(_fresh)


def raw(network: Network, names: Sequence[int]) -> Iterator[Raw]:
    """The terms, free index i named names[i], fresh names for those that are summed over."""
    for (factors, summed), coefficient in network:
        own = dict(enumerate(names))
        found = []
        for atom, indices in factors:
            for i in indices:
                if i not in own:
                    own[i] = fresh()
            found.append((atom, tuple(own[i] for i in indices)))
        yield tuple(found), summed, coefficient


def joined(*parts: Iterable[Raw]) -> Iterator[Raw]:
    """The products of terms, one of each part; at most one of them may be summed over the steps."""
    for choice in product(*map(tuple, parts)):
        if sum(summed for _, summed, _ in choice) > 1:
            raise NoForm("a product of two sums over time")
        coefficient = Fraction(1)
        for _, _, c in choice:
            coefficient *= c
        factors = tuple(f for own, _, _ in choice for f in own)
        yield factors, any(summed for _, summed, _ in choice), coefficient


def scaled(network: Network, by: Fraction | int) -> Network:
    """A multiple of a network."""
    return tuple((term, c * by) for term, c in network) if by else ()


def added(networks: Iterable[Network], rank: int, ones: Ones | None = None) -> Network:
    """The sum of networks of the same free indices."""
    own = range(rank)
    return collected((t for n in networks for t in raw(n, own)), rank, ones)


def retimed(network: Network, change: Callable[[Time], Time], rank: int) -> Network:
    """A network with the times of its atoms changed."""
    if not network:
        return network
    terms = (
        (tuple((a.retimed(change), own) for a, own in factors), summed, c)
        for factors, summed, c in raw(network, range(rank))
    )
    return collected(terms, rank)


def names_of(network: Network) -> tuple[str, ...]:
    """The names that the text gives to indices of a network."""
    return tuple(
        sorted({a.name for (factors, _), _ in network for a, _ in factors if a.kind == "entry"})
    )


def unnamed(network: Network, names: Sequence[str]) -> Network:
    """A network without free indices, its indices of these names made free ones 0, 1, …"""
    terms: list[Raw] = []
    for factors, summed, c in raw(network, ()):
        table = {own[0]: names.index(a.name) for a, own in factors if a.kind == "entry"}
        if len(table) < sum(a.kind == "entry" for a, _ in factors):
            raise NoForm("one entry under two names")
        kept = (f for f in factors if f[0].kind != "entry")
        renamed = tuple((a, tuple(table.get(i, i) for i in own)) for a, own in kept)
        terms.append((renamed, summed, c))
    return collected(terms, len(names))


def named(network: Network, names: Sequence[str], ones: Ones | None = None) -> Network:
    """A network whose free indices 0, 1, … have these names instead."""
    own = [fresh() for _ in names]
    marks = tuple((Atom("entry", n), (i,)) for n, i in zip(names, own, strict=True))
    terms = (((*marks, *factors), summed, c) for factors, summed, c in raw(network, own))
    return collected(terms, 0, ones)


def atoms(network: Network) -> Iterator[Atom]:
    """Every atom, those inside others too."""
    for (factors, _), _ in network:
        for atom, _ in factors:
            yield atom
            yield from atoms(atom.inside)
