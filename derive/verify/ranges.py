"""For which T and which indices a line speaks: every variable that it names lies inside the horizon.

The range is decided for numbers (`Extent.inside`) and then written as differences between indices,
t - k ≥ 0, T - t ≥ 1, which must give the same at every T that is tried (DESIGN, section 2, "Range").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Expr,
    Immediate,
    Index,
    Power,
    Time,
    Total,
    Variable,
    Written,
    children,
    free_letters,
)
from derive.errors import DeriveError
from derive.model.horizon import least_horizon
from derive.model.recurrence import HORIZON, NOW, STEP, Recurrence, variables
from derive.notation.claims import parts_of
from derive.verify.context import Context

TRIED = 6
LATEST = 8
MOST_LETTERS = 4
ORIGIN = "0"

Letters = Mapping[str, Time]


@dataclass(frozen=True, slots=True)
class Bound:
    """`high` - `low` ≥ `least`, between index letters; ORIGIN stands for time 0."""

    low: str
    high: str
    least: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that the text states: `high` - `low` ≥ `least`, in index expressions."""

    low: Time
    high: Time
    least: int


@dataclass(frozen=True, slots=True)
class Range:
    """The free letters of a line, the first T for which it says anything, and the bounds.

    `bounds` is None where differences do not describe the range; `instances` lists the letters at
    the first few T. `fixed` says that there is one T alone, or none.
    """

    letters: tuple[str, ...]
    least: int
    bounds: tuple[Bound, ...] | None
    instances: tuple[tuple[int, tuple[Letters, ...]], ...]
    fixed: bool = False


class Extent:
    """Where the variables of a context live: states from 0 (or earlier) to T, losses from 1 to T."""

    def __init__(self, context: Context) -> None:
        model = context.model
        self.low: dict[str, int] = {}
        self.high: dict[str, int] = {}
        for d in model.steps:
            self.low[d.target.name] = 1
        for name, time in _named_at(model):
            back = NOW - time
            if back.is_number:
                self.low[name] = min(self.low.get(name, 1), 1 - back.shift)
                self.high[name] = max(self.high.get(name, 0), -back.shift)
        for d in model.fixed:
            when = d.target.time
            if when is not None and when.is_number:
                self.low[d.target.name] = min(self.low.get(d.target.name, 1), when.shift)
            elif when is not None and (when - Time.of(HORIZON)).is_number:
                over = (when - Time.of(HORIZON)).shift
                self.high[d.target.name] = max(self.high.get(d.target.name, 0), over)
        self.first = dict(model.first)
        self.given = {d.target for d in model.fixed}
        self.bodies = {n: b for n, b in context.inlined.items() if n not in context.recognised}
        for derived in context.derived:
            self.low.setdefault(derived.target.name, 0)
            self.high.setdefault(derived.target.name, 1)
        for name, (low, high) in context.recognised.items():
            self.low[name], self.high[name] = low, high

    def is_step(self, of: Variable, table: Letters) -> bool:
        """Whether a variable is defined at its time, by a step or by a definition of its own."""
        if of.time is None or of.name not in self.first:
            return True
        at = of.time.replace(table)
        if not at.is_number:
            return True
        return at.shift >= self.first[of.name] or Variable(of.name, at) in self.given

    def holds(self, name: str, shift: int, horizon: int) -> bool:
        return self.low.get(name, 1) <= shift <= horizon + self.high.get(name, 0)


def _named_at(model: Recurrence) -> Iterator[tuple[str, Time]]:
    for d in model.steps:
        for v in variables(d.body):
            if v.time is not None:
                yield v.name, v.time


def range_of(
    context: Context,
    exprs: Sequence[Expr],
    conditions: Sequence[Condition] = (),
    horizon: int | None = None,
    tried: int = TRIED,
    also: frozenset[str] = frozenset(),
) -> Range:
    """The range of a line that is made of `exprs`; DeriveError where it is empty for every T.

    `also` are letters that are free although no variable shows them (∇_g L speaks of a step t). With
    fewer than TRIED horizons `tried` there are only instances, no bounds.
    """
    letters = tuple(sorted(also.union(*map(free_letters, exprs)) - {HORIZON}))
    if len(letters) > MOST_LETTERS:
        raise DeriveError(f"more than the limit of {MOST_LETTERS} free indices")
    for expr in exprs:
        _refuse_descending(expr, exprs)
    extent = Extent(context)
    timeless = not context.model.steps and not letters
    start = horizon or max(1, least_horizon(context.model))
    found: list[tuple[int, tuple[Letters, ...]]] = []
    fixed = bool(horizon) or timeless
    for at in range(start, start + (1 if fixed else TRIED + LATEST)):
        instances = tuple(_instances(exprs, letters, extent, conditions, at))
        if found or instances:
            found.append((at, instances))
        if len(found) == tried or (not found and at >= start + LATEST):
            break
    if not found:
        raise DeriveError("no index lies inside the horizon, so the line says nothing")
    if any(not instances for _, instances in found):
        raise DeriveError("the range of its indices is empty for some larger T")
    bounds = _bounds(letters, found) if tried == TRIED else None
    return Range(letters, found[0][0], bounds, tuple(found), fixed)


def _refuse_descending(expr: Expr, exprs: Sequence[Expr]) -> None:
    """Bounds from t down to k+1 in a line on ∂h_t/∂h_k would be read as an empty Σ or Π."""
    wanted = {
        (w.of.time.letters, w.by.time.letters)
        for e in exprs
        for w in parts_of(e)
        if isinstance(w, Written) and isinstance(w.of, Variable) and isinstance(w.by, Variable)
        if w.of.time is not None and w.by.time is not None
    }
    for big in parts_of(expr):
        if isinstance(big, BigSum | BigProduct):
            low, high = big.lower.letters, big.upper.letters
            if low and high and low != high and (low, high) in wanted:
                raise DeriveError("bounds that descend: write the smaller one below")


def _instances(
    exprs: Sequence[Expr],
    letters: tuple[str, ...],
    extent: Extent,
    conditions: Sequence[Condition],
    horizon: int,
) -> Iterator[Letters]:
    low = min(0, *extent.low.values()) if extent.low else 0
    for chosen in product(range(low, horizon + 2), repeat=len(letters)):
        table = {a: Time.at(n) for a, n in zip(letters, chosen, strict=True)}
        table[HORIZON] = Time.at(horizon)
        if _satisfied(conditions, table) and all(inside(e, table, extent, horizon) for e in exprs):
            yield table


def _satisfied(conditions: Iterable[Condition], table: Letters) -> bool:
    for c in conditions:
        apart = c.high.replace(table) - c.low.replace(table)
        if apart.is_number and apart.shift < c.least:
            return False
    return True


def inside(expr: Expr, table: Letters, extent: Extent, horizon: int) -> bool:
    """Whether every variable named at these letters is inside the horizon, in every term of a Σ."""
    match expr:
        case Variable(name, time, _) if name in extent.bodies:
            if time is None or not time.replace(table).is_number:
                return True
            inner = {STEP: time.replace(table), HORIZON: Time.at(horizon)}
            return inside(extent.bodies[name], inner, extent, horizon)
        case Total(of, by):
            return inside(of, table, extent, horizon) and inside(by, table, extent, horizon)
        case Immediate(of, by):
            return extent.is_step(of, table) and inside(Total(of, by), table, extent, horizon)
        case Written(of, by, "∂+", _, _) if isinstance(of, Variable) and by is not None:
            both = (of, by)
            return extent.is_step(of, table) and all(
                inside(x, table, extent, horizon) for x in both
            )
        case Variable(name, time, copy):
            at = [(name, time)] if time is not None else []
            steps = [copy.replace(table)] if copy is not None else []
            if not all(1 <= s.shift <= horizon for s in steps if s.is_number):
                return False
            return all(_holds(n, x.replace(table), extent, horizon) for n, x in at)
        case Written(of, by, _, at_, _):
            parts = [p for p in (of, by, at_) if p is not None]
            return all(inside(p, table, extent, horizon) for p in parts)
        case BigSum(index, lower, upper, body) | BigProduct(index, lower, upper, body):
            low, high = lower.replace(table), upper.replace(table)
            if not low.is_number or not high.is_number:
                return True
            if low.shift > high.shift + 1:
                return False
            ends = {low.shift, high.shift} if low.shift <= high.shift else set()
            return all(inside(body, {**table, index: Time.at(i)}, extent, horizon) for i in ends)
        case Power(base, Index(time)):
            over = time.replace(table)
            if over.is_number and over.shift < 0:
                return False
            return inside(base, table, extent, horizon)
        case Call(_, arguments, _):
            return all(inside(a, table, extent, horizon) for a in arguments)
        case _:
            return all(inside(part, table, extent, horizon) for part in children(expr))


def _holds(name: str, time: Time, extent: Extent, horizon: int) -> bool:
    return not time.is_number or extent.holds(name, time.shift, horizon)


def _bounds(
    letters: tuple[str, ...], found: Sequence[tuple[int, tuple[Letters, ...]]]
) -> tuple[Bound, ...] | None:
    """The tightest differences that hold in all instances, if they say all that the range says."""
    names = (ORIGIN, *letters, HORIZON)
    bounds = []
    for low, high in product(names, repeat=2):
        if low == high or {low, high} == {ORIGIN, HORIZON}:
            continue
        over = {
            horizon: min(_at(high, x) - _at(low, x) for x in instances)
            for horizon, instances in found
        }
        least = set(over.values())
        if len(least) == 1:
            bounds.append(Bound(low, high, least.pop()))
    for horizon, instances in found:
        shown = {tuple(_at(a, x) for a in letters) for x in instances}
        wide = range(-3, horizon + 4)
        for chosen in product(wide, repeat=len(letters)):
            table = {a: Time.at(n) for a, n in zip(letters, chosen, strict=True)}
            table[HORIZON] = Time.at(horizon)
            holds = all(_at(b.high, table) - _at(b.low, table) >= b.least for b in bounds)
            if holds != (chosen in shown):
                return None
    return _needed(letters, bounds)


def _at(letter: str, table: Letters) -> int:
    return 0 if letter == ORIGIN else table[letter].shift


def _needed(letters: tuple[str, ...], bounds: Sequence[Bound]) -> tuple[Bound, ...]:
    """Without the bounds that two others imply."""
    kept = []
    for b in bounds:
        others = [x for x in bounds if x != b]
        chained = any(
            x.low == b.low and y.high == b.high and x.high == y.low and x.least + y.least >= b.least
            for x in others
            for y in others
        )
        if not chained:
            kept.append(b)
    return tuple(kept)


def scope_text(found: Range) -> str:
    """The range in words: every T ≥ 2, 1 ≤ t ≤ T-1."""
    head = f"T = {found.least}" if found.fixed else f"every T ≥ {found.least}"
    return ", ".join((head, *_spans(found)))


def _spans(found: Range) -> Iterator[str]:
    done: set[Bound] = set()
    for a in found.letters:
        below = [b for b in found.bounds or () if b.high == a and b not in done]
        above = [b for b in found.bounds or () if b.low == a and b not in done]
        left = next((b for b in below if b.low == ORIGIN), below[0] if below else None)
        right = next((b for b in above if b.high == HORIZON), above[0] if above else None)
        low = f"{_sum(left.low, left.least)} ≤ " if left else ""
        high = f" ≤ {_sum(right.high, -right.least)}" if right else ""
        done |= {b for b in (left, right) if b}
        if low or high:
            yield f"{low}{a}{high}"
    for b in found.bounds or ():
        if b not in done and {b.low, b.high} <= {*found.letters}:
            yield f"{_sum(b.low, b.least)} ≤ {b.high}"


def _sum(letter: str, shift: int) -> str:
    if letter == ORIGIN:
        return str(shift)
    return letter if not shift else f"{letter}{shift:+d}"
