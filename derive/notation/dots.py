"""Dots: what runs from the first term that is written to the last, `a_1 b_1 + … + a_n b_n`, `A_t A_{t-1} ⋯ A_1`."""  # noqa: E501

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.algebra.core import (
    App,
    Arg,
    At,
    Big,
    Core,
    D,
    Delta,
    Num,
    Ref,
    children,
    fresh,
    move,
    rebuild,
)
from derive.algebra.expression import Time


@dataclass(frozen=True, slots=True)
class Run:
    """Formulas in a letter that runs from `lower` to `upper`; `falling` where the written order is from the last to the first."""  # noqa: E501

    letter: str
    lower: Time
    upper: Time
    bodies: tuple[Core, ...]
    falling: bool


class _Apart(Exception):
    """The two formulas do not differ by a shift of indices."""


class _Pairing:
    """Two formulas walked side by side: where their indices differ, they differ by one distance."""

    def __init__(self) -> None:
        self.letter = fresh("r")
        self.start: Time | None = None
        self.apart: Time | None = None

    def index(self, a: Time, b: Time) -> Time:
        if a == b:
            return a
        if self.start is None:
            self.start, self.apart = a, b - a
        elif b - a != self.apart:
            raise _Apart
        offset = a - self.start
        if not offset.is_number:
            raise _Apart
        return Time.of(self.letter, offset.shift)

    def indices(self, a: Sequence[Time], b: Sequence[Time]) -> tuple[Time, ...]:
        if len(a) != len(b):
            raise _Apart
        return tuple(self.index(p, q) for p, q in zip(a, b, strict=True))

    def core(self, a: Core, b: Core) -> Core:
        if a == b:
            return a
        match a, b:
            case Ref(m, i), Ref(n, j) if m == n:
                return Ref(m, self.indices(i, j))
            case At(i), At(j):
                return At(self.index(i, j))
            case At(i), Num(v) if v.denominator == 1:
                return At(self.index(i, Time.at(int(v))))
            case Num(v), At(j) if v.denominator == 1:
                return At(self.index(Time.at(int(v)), j))
            case Delta(p, q), Delta(r, s):
                return Delta(self.index(p, r), self.index(q, s))
            case D(of, by, mode, names), D(of2, by2, mode2, names2) if (mode, names) == (
                mode2,
                names2,
            ):
                by_ = self.core(by, by2)
                assert isinstance(by_, Ref)
                return D(self.core(of, of2), by_, mode, names)
            case Big(), Big() if (
                a.kind == b.kind and a.dim == b.dim and (a.lower is None) == (b.lower is None)
            ):
                other = move(b.body, {b.letter: Time.of(a.letter)})
                low = self.index(a.lower, b.lower) if a.lower and b.lower else None
                high = self.index(a.upper, b.upper) if a.upper and b.upper else None
                return Big(a.kind, a.letter, a.dim, low, high, self.core(a.body, other), a.without)
            case App(m, args, i, slots), App(n, others, j, slots2) if (
                m == n and len(args) == len(others) and slots == slots2
            ):
                return App(
                    m,
                    tuple(self._arg(p, q) for p, q in zip(args, others, strict=True)),
                    self.indices(i, j),
                    slots,
                )
        return self._parts(a, b)

    def _arg(self, p: Arg, q: Arg) -> Arg:
        if len(p.letters) != len(q.letters):
            raise _Apart
        return Arg(
            p.letters,
            p.dims,
            self.core(
                p.body,
                move(q.body, {b: Time.of(a) for a, b in zip(p.letters, q.letters, strict=True)}),
            ),
        )

    def _parts(self, a: Core, b: Core) -> Core:
        mine, others = list(children(a)), list(children(b))
        if (
            type(a) is not type(b)
            or not mine
            or len(mine) != len(others)
            or getattr(a, "name", "") != getattr(b, "name", "")
        ):
            raise _Apart
        made = iter([self.core(p, q) for p, q in zip(mine, others, strict=True)])
        return rebuild(a, lambda _: next(made))


def running(first: Sequence[Core], last: Sequence[Core]) -> Run | None:
    """What runs from `first` to `last` (each several formulas that move together); None where they do not differ so."""  # noqa: E501
    pairing = _Pairing()
    try:
        bodies = tuple(pairing.core(a, b) for a, b in zip(first, last, strict=True))
    except (_Apart, StopIteration):
        return None
    if pairing.start is None or pairing.apart is None:
        return None
    start, end = pairing.start, pairing.start + pairing.apart
    falling = _is_falling(start, end)
    lower, upper = (end, start) if falling else (start, end)
    return Run(pairing.letter, lower, upper, bodies, falling)


def _is_falling(start: Time, end: Time) -> bool:
    """t … 1, k … k - m: from a later index to an earlier one."""
    apart = end - start
    if apart.is_number:
        return apart.shift < 0
    return sum(n for _, n in apart.letters) < 0 or (
        sum(n for _, n in apart.letters) == 0 and start.letters > end.letters
    )
