"""Quantities defined with derivatives: put in where they are formulas, recognised where they recur.

A recursion backward in time is what its author calls an adjoint; it is one if ∂C/∂h_t satisfies the same
recursion and the same end, which is an induction on t. A missing end value counts as 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from derive.algebra.expression import (
    MINUS_ONE,
    ZERO,
    Expr,
    Time,
    Total,
    Variable,
    move,
    multiply,
    rebuild,
)
from derive.errors import DeriveError
from derive.model.graph import ancestors
from derive.model.recurrence import END, HORIZON, NOW, STEP, variables
from derive.verify.compare import Worlds
from derive.verify.context import Context, Derived
from derive.verify.machines import equal_for_every_horizon
from derive.verify.numbers import NoNumber, differ
from derive.verify.polynomials import TooLarge
from derive.verify.ranges import ORIGIN, Bound, Extent, Range, inside
from derive.verify.readings import Reading, Resolver, transposed
from derive.verify.tape import NoForm

SCREENED = (3, 4)
PASSES = 4


def prepared(context: Context, reading: Reading) -> Context:
    """The context with its derived quantities resolved: formulas put in, recursions recognised."""
    if not context.derived:
        return context
    context = _inlined(context, reading)
    for name in dict.fromkeys(d.target.name for d in context.derived):
        found = _closed_form(context, name, reading)
        if found is not None:
            context = replace(context, inlined={**context.inlined, name: found})
            context = replace(
                context, recognised={**context.recognised, name: _extent(context, name)}
            )
    return context


def _inlined(context: Context, reading: Reading) -> Context:
    """Formulas become `inlined`, recursions stay `derived`, with their bodies resolved."""
    waiting = list(context.derived)
    several = {
        d.target.name for d in waiting if sum(x.target.name == d.target.name for x in waiting) > 1
    }
    done: list[Derived] = []
    context = replace(context, derived=())
    names = frozenset(d.target.name for d in waiting)
    context = replace(context, names=context.names | names)
    for _ in range(PASSES):
        for d in list(waiting):
            own = {v.name for v in variables_of(d.body)} & {x.target.name for x in waiting}
            recursive = d.target.name in own or d.target.name in several
            if own - {d.target.name}:
                continue
            body = Resolver(context, reading).resolve(d.body)
            waiting.remove(d)
            if recursive:
                done.append(Derived(d.target, body))
                continue
            context = replace(context, inlined={**context.inlined, d.target.name: body})
    done += [Derived(d.target, Resolver(context, reading).resolve(d.body)) for d in waiting]
    return replace(context, derived=tuple(done))


def variables_of(expr: Expr) -> Iterator[Variable]:
    """The variables of a formula as written, those inside its derivatives too."""
    from derive.notation.claims import parts_of

    return (part for part in parts_of(expr) if isinstance(part, Variable))


def _extent(context: Context, name: str) -> tuple[int, int]:
    """The first step at which a recursion says something, and how far beyond T its ends lie."""
    own = [d for d in context.derived if d.target.name == name]
    step = next((d for d in own if d.target.time == NOW), None)
    given = [d.target.time for d in own if d.target.time is not None and d.target.time != NOW]
    low = min((t.shift for t in given if t.is_number), default=1)
    high = max((t.shift for t in given if not t.is_number), default=0)
    if step is not None:
        without = _replaced(step.body, name, lambda time: ZERO)
        table = {STEP: Time.at(0), HORIZON: Time.at(3)}
        if inside(without, table, Extent(replace(context, derived=())), 3):
            low = min(low, 0)
        if not given and _reach(step, name) > 0:
            high = _reach(step, name)
        if not given and _reach(step, name) < 0:
            low = min(low, 0)
    return low, high


def _reach(step: Derived, name: str) -> int:
    """How many steps ahead (positive) or back (negative) a recursion looks."""
    found = [
        (v.time - NOW).shift
        for v in variables(step.body)
        if v.name == name and v.time is not None and (v.time - NOW).is_number
    ]
    return max(found, key=abs, default=0)


def _replaced(expr: Expr, name: str, by: Callable[[Time], Expr]) -> Expr:
    """`expr` with each value of the quantity replaced by what it is at that time."""
    if isinstance(expr, Variable) and expr.name == name and expr.time is not None:
        return by(expr.time)
    return rebuild(expr, lambda part: _replaced(part, name, by))


# -- recognising a recursion ---------------------------------------------------------------------------


def _closed_form(context: Context, name: str, reading: Reading) -> Expr | None:
    """The derivative that satisfies a recursion and its end, proved by induction; None if none does."""
    own = [d for d in context.derived if d.target.name == name]
    step = next((d for d in own if d.target.time == NOW), None)
    if step is None or _reach(step, name) == 0:
        return None
    worlds = Worlds(context)
    for candidate in _candidates(context, step, name, reading):
        try:
            if (
                _agrees(context, worlds, name, candidate)
                and _Induction(context, reading, name, candidate).holds()
            ):
                return candidate
        except (DeriveError, NoForm, TooLarge):
            continue
    return None


def _candidates(context: Context, step: Derived, name: str, reading: Reading) -> Iterator[Expr]:
    """Gradients of each cost for a recursion backward in time, sensitivities for one forward."""
    plain: list[Expr] = []
    names = [d.target.name for d in context.model.steps]
    graph = Worlds(context).graph(SCREENED[0])
    costs = [
        d.target
        for d in context.model.shared
        if any(v.time is not None for v in ancestors(graph, d.target))
    ]
    for shift in (0, 1, -1):
        for x in names:
            at = Variable(x, NOW + shift)
            if _reach(step, name) > 0:
                plain += [Total(cost, at) for cost in costs]
            else:
                plain += [Total(at, p) for p in context.model.parameters]
    for candidate in plain:
        yield candidate
        if reading.layout != "numerator":
            yield transposed(candidate)
        yield multiply((MINUS_ONE, candidate))


def _agrees(context: Context, worlds: Worlds, name: str, candidate: Expr) -> bool:
    """Whether the values agree for a few T: the screen before the proof."""
    low, _ = _extent(context, name)
    for horizon in SCREENED:
        for seed in (0, 1):
            numbers = worlds.numbers(horizon, seed, True, False)
            for t in range(max(low, 0), horizon + 1):
                letters = {STEP: Time.at(t), HORIZON: Time.at(horizon)}
                try:
                    left = numbers.value(Variable(name, NOW), letters)
                    if differ(left, numbers.value(candidate, letters)):
                        return False
                except NoNumber:
                    return False
    return True


class _Induction:
    """The induction on t: the step from t + 1 to t (or from t - 1 to t), and the ends."""

    def __init__(self, context: Context, reading: Reading, name: str, candidate: Expr) -> None:
        self.context = context
        self.resolver = Resolver(replace(context, derived=()), reading)
        self.name = name
        self.candidate = candidate
        self.own = [d for d in context.derived if d.target.name == name]
        self.step = next(d for d in self.own if d.target.time == NOW)
        self.reach = _reach(self.step, name)
        self.low, _ = _extent(context, name)

    def holds(self) -> bool:
        """Whether every part of the induction is proved."""
        given = {d.target.time: d.body for d in self.own if d.target.time != NOW}
        if not all(self._equal(time, self._put(body), ()) for time, body in given.items()):
            return False
        if self.reach > 0:
            last = END - self.reach
            bounds = (Bound(ORIGIN, STEP, self.low), Bound(STEP, HORIZON, self.reach))
            ends = [last + k for k in range(1, self.reach + 1)]
        else:
            first = self.low - self.reach
            bounds = (Bound(ORIGIN, STEP, first), Bound(STEP, HORIZON, 0))
            ends = [Time.at(k) for k in range(max(self.low, 1), first)]
        if not self._equal(NOW, self._put(self.step.body), bounds):
            return False
        return all(
            self._equal(at, self._put(move(self.step.body, {STEP: at}), given), ())
            for at in ends
            if at not in given
        )

    def _put(self, body: Expr, given: Mapping[Time | None, Expr] | None = None) -> Expr:
        """The candidate put in for the quantity; beyond a missing end it is 0."""

        def value(time: Time) -> Expr:
            beyond = (time - END).is_number and (time - END).shift > 0
            before = time.is_number and time.shift < self.low
            if given is not None and time not in given and (beyond or before):
                return ZERO
            return move(self.candidate, {STEP: time})

        return _replaced(body, self.name, value)

    def _equal(self, at: Time | None, body: Expr, bounds: Sequence[Bound]) -> bool:
        """Whether the candidate at a time equals `body`, for every T that has such a time."""
        assert at is not None
        letters = (STEP,) if bounds else ()
        behind = (END - at).shift if (END - at).is_number else 0
        first = at.shift if at.is_number else self.low + (abs(self.reach) if bounds else behind)
        least = max(1, first)
        found = Range(letters, least, tuple(bounds), ())
        left = move(self.candidate, {STEP: at})
        commutes = not any(d.is_abstract for d in self.context.model.definitions)
        return any(
            equal_for_every_horizon(self.resolver, left, body, found, commutes, opened)
            for opened in ("", "step")
        )
