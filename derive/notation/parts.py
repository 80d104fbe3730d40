"""Derivatives by a formula: ∂/∂(W x) is by a quantity of its own, which stands wherever the page writes W x."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from derive.algebra.core import (
    Add,
    App,
    Arg,
    Big,
    Chain,
    Core,
    D,
    Inverse,
    Mul,
    Ref,
    Stack,
    add,
    children,
    letters_in,
    mul,
    rebuild,
)
from derive.algebra.expression import Time


@dataclass(frozen=True, slots=True)
class Part:
    """A formula that has a name of its own: `name`[`letters`] = `body`, for all values of the letters."""

    name: str
    letters: tuple[str, ...]
    slots: tuple[str, ...]
    body: Core

    def found(self, x: Core) -> Ref | None:
        """The member of the part that a formula is, None where it is none."""
        table: dict[str, Time] = {}
        if not _same(self.body, x, frozenset(self.letters), table, {}):
            return None
        return Ref(self.name, tuple(table.get(a, Time.of(a)) for a in self.letters))


def named(x: Core, parts: Iterable[Part]) -> Core:
    """A formula in which each part is called by its name."""
    parts = tuple(parts)
    for part in parts:
        found = part.found(x)
        if found is not None:
            return found
        if type(x) is type(part.body) and isinstance(x, Mul | Add):
            x = _within(x, part)
    return rebuild(x, lambda p: named(p, parts))


def _within(x: Mul | Add, part: Part) -> Core:
    """A product (a sum) in which factors (terms) that stand together are a part."""
    own = (
        part.body.factors
        if isinstance(part.body, Mul)
        else part.body.terms
        if isinstance(part.body, Add)
        else ()
    )
    here = x.factors if isinstance(x, Mul) else x.terms
    make = mul if isinstance(x, Mul) else add
    for at in range(len(here) - len(own) + 1):
        found = part.found(make(here[at : at + len(own)]))
        if found is not None:
            return make((*here[:at], found, *here[at + len(own) :]))
    return x


def weight(x: Core) -> int:
    return 1 + sum(map(weight, children(x)))


def _same(
    p: Core, x: Core, free: frozenset[str], table: dict[str, Time], bound: Mapping[str, str]
) -> bool:
    """Whether x is p with its free letters replaced, which `table` collects; `bound` pairs letters that are bound in both."""  # noqa: E501
    if type(p) is not type(x):
        return False
    match p, x:
        case Ref(a, i), Ref(b, j):
            return a == b and _indices(i, j, free, table, bound)
        case App(a, args, i, slots), App(b, others, j, other_slots):
            if (
                a != b
                or len(args) != len(others)
                or [k for k, _ in slots] != [k for k, _ in other_slots]
            ):
                return False
            return _indices(i, j, free, table, bound) and all(
                _same_arg(u, v, free, table, bound) for u, v in zip(args, others, strict=True)
            )
        case Big(), Big():
            if (p.kind, p.dim is None, p.without) != (x.kind, x.dim is None, x.without) or (
                p.lower is None
            ) != (x.lower is None):
                return False
            ends = [
                (s, t)
                for s, t in ((p.lower, x.lower), (p.upper, x.upper))
                if s is not None and t is not None
            ]
            inner = {**bound, p.letter: x.letter}
            return all(_index(s, t, free, table, bound) for s, t in ends) and _same(
                p.body, x.body, free, table, inner
            )
        case Stack(), Stack():
            if len(p.parts) != len(x.parts) or not _index(p.index, x.index, free, table, bound):
                return False
            return all(
                _same(b, c, free, table, {**bound, i: j})
                for (i, _, b), (j, _, c) in zip(p.parts, x.parts, strict=True)
            )
        case (Chain(), _) | (Inverse(), _) | (D(), _):
            return p == x
        case _:
            mine, others_ = list(children(p)), list(children(x))
            if not mine:
                return p == x or (
                    hasattr(p, "index")
                    and hasattr(x, "index")
                    and _index(p.index, x.index, free, table, bound)
                )
            if len(mine) != len(others_) or getattr(p, "name", "") != getattr(x, "name", ""):
                return False
            return all(_same(u, v, free, table, bound) for u, v in zip(mine, others_, strict=True))


def _same_arg(
    u: Arg, v: Arg, free: frozenset[str], table: dict[str, Time], bound: Mapping[str, str]
) -> bool:
    if len(u.letters) != len(v.letters):
        return False
    return _same(
        u.body, v.body, free, table, {**bound, **dict(zip(u.letters, v.letters, strict=True))}
    )


def _indices(
    p: tuple[Time, ...],
    x: tuple[Time, ...],
    free: frozenset[str],
    table: dict[str, Time],
    bound: Mapping[str, str],
) -> bool:
    return len(p) == len(x) and all(
        _index(a, b, free, table, bound) for a, b in zip(p, x, strict=True)
    )


def _index(
    p: Time, x: Time, free: frozenset[str], table: dict[str, Time], bound: Mapping[str, str]
) -> bool:
    own = [a for a, n in p.letters if a in free and a not in bound and n == 1]
    if len(own) == 1 and len(p.letters) == 1:
        value = x + (-p.shift)
        if any(a in bound.values() for a, _ in value.letters):
            return False
        return table.setdefault(own[0], value) == value
    return p.replace({a: Time.of(b) for a, b in bound.items()}) == x


def part_of(
    name: str, body: Core, ordered: Mapping[str, str], axes: Iterable[str], horizons: set[str]
) -> Part:
    """A part from a formula: its free letters are its indices, those of its axes last."""
    own = tuple(axes)
    free = sorted(letters_in(body) - set(own) - horizons)
    slots = tuple(ordered.get(a, "component") for a in free) + ("component",) * len(own)
    return Part(name, (*free, *own), slots, body)
