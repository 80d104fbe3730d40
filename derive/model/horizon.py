"""From which T on a model looks the same at every step, and why one does not.

A proof for every T speaks of a general step. It needs definitions that look back by fixed numbers of
steps, and a cost whose uses of the steps are named from the first step or from the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from derive.algebra.expression import BigProduct, BigSum, Expr, Time, Variable, children, walk
from derive.errors import DeriveError
from derive.model.recurrence import END, NOW, Definition, Recurrence, locate, variables
from derive.notation.latex import latex

MOST_SAMPLED = 5_000

Named = Iterator[tuple[Variable, frozenset[Time]]]


def least_horizon(recurrence: Recurrence) -> int:
    """The first T at which every step that the cost names, as in L_5 or L_{T-2}, is a general step."""
    start = recurrence.start
    least = max(1, start)
    for d in recurrence.shared:
        for _, times in named_times(recurrence, d):
            numbers = [time.shift for time in times if time.is_number]
            from_end = [(time - END).shift for time in times if (time - END).is_number]
            first = start if numbers and min(numbers) <= start + 1 else start + 1
            least = max(least, *numbers, *(first - shift for shift in from_end))
    return least


def sample_horizon(recurrence: Recurrence) -> int:
    """Enough steps to show every kind of edge, and every detour around it.

    A path that avoids an edge between two steps stays between them; a path to the cost has changed
    its name as often as there are names after lag × names steps.
    """
    names = len(recurrence.steps)
    reach = max(recurrence.lag, recurrence.ahead, 1)
    horizon = least_horizon(recurrence) + 2 + reach * (names + 1)
    if horizon * names > MOST_SAMPLED:
        raise DeriveError(
            f"{names} definitions that look back {recurrence.lag} steps, from T = "
            f"{least_horizon(recurrence)} on, are more than the limit of {MOST_SAMPLED} variables"
        )
    return horizon


def refuse_misfit(recurrence: Recurrence) -> None:
    """DeriveError with the reason where a general step or its share in the cost has no fixed form."""
    if recurrence.ahead or any(
        d.target.time is not None and not d.target.time.is_number for d in recurrence.fixed
    ):
        raise DeriveError("a state runs backward in time, so there is no last step to start from")
    for d in recurrence.steps:
        _refuse_step(recurrence, d)
    for d in recurrence.fixed:
        if d.target.time is not None and d.target.time.shift > recurrence.start:
            raise DeriveError(f"{latex(d.target)} is given for this step alone", d.place)
        for v in variables(d.body):
            early = v.time is not None and v.time.is_number and v.time.shift <= recurrence.start
            if v.name in recurrence.stepwise and not early:
                raise DeriveError(
                    f"{latex(d.target)} depends on the later {latex(v)}", locate(d, v)
                )
    for d in recurrence.shared:
        for v, times in named_times(recurrence, d):
            if not all(time.is_number or (time - END).is_number for time in times):
                raise DeriveError(
                    f"{latex(d.target)} names {latex(v)}, "
                    "which is no fixed number of steps after the first or before the last",
                    locate(d, v),
                )


def _refuse_step(recurrence: Recurrence, d: Definition) -> None:
    shared = {s.target: s for s in recurrence.shared}
    for big in walk(d.body):
        if isinstance(big, BigSum | BigProduct):
            inner = next((v for v in variables(big) if v.name in recurrence.stepwise), None)
            if inner is not None:
                raise DeriveError(
                    f"{latex(d.target)} looks back by a number of steps that is not fixed",
                    locate(d, inner),
                )
    for v in variables(d.body):
        if v.time is None:
            if v in shared and _has_steps(recurrence, shared[v]):
                raise DeriveError(
                    f"{latex(d.target)} depends on {latex(v)}, which needs all steps", locate(d, v)
                )
        elif v.name in recurrence.stepwise and not (NOW - v.time).is_number:
            raise DeriveError(
                f"{latex(d.target)} looks back by a number of steps that is not fixed", locate(d, v)
            )


def _has_steps(recurrence: Recurrence, definition: Definition) -> bool:
    """Whether a quantity without time depends on some step."""
    shared = {d.target: d for d in recurrence.shared}
    waiting, seen = [definition], {definition.target}
    while waiting:
        for v in variables(waiting.pop().body):
            if v.name in recurrence.stepwise:
                return True
            if v in shared and v not in seen:
                seen.add(v)
                waiting.append(shared[v])
    return False


def named_times(recurrence: Recurrence, definition: Definition) -> Named:
    """Each step variable of a definition with its times, at both ends of each Σ around it."""

    def go(expr: Expr, ends: tuple[Mapping[str, Time], ...]) -> Named:
        match expr:
            case Variable(name, time, _) if time is not None and name in recurrence.stepwise:
                yield expr, frozenset(time.replace(end) for end in ends)
            case BigSum(index, lower, upper, body) | BigProduct(index, lower, upper, body):
                bounds = [(end, bound.replace(end)) for end in ends for bound in (lower, upper)]
                inner = [{**end, index: bound} for end, bound in bounds]
                yield from go(body, tuple({repr(sorted(e.items())): e for e in inner}.values()))
            case _:
                for part in children(expr):
                    yield from go(part, ends)

    return go(definition.body, ({},))
