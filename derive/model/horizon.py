"""From which T on a model looks the same at every step, and why one does not.

A proof for every T speaks of a general step. It needs definitions that look back by fixed numbers of
steps, and a cost whose uses of the steps are named from the first step or from the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from derive.algebra.expression import BigProduct, BigSum, Expr, Time, Variable, children, walk
from derive.errors import DeriveError
from derive.model.recurrence import END, NOW, Definition, Recurrence, variables
from derive.model.shapes import locate
from derive.notation.latex import latex

MOST_SAMPLED = 5_000
LONGEST = 10**9

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


def looks_ahead(recurrence: Recurrence) -> bool:
    """Whether a state runs backward in time, from a final state that is given beyond the horizon."""
    return bool(recurrence.ahead) or any(map(_is_final, recurrence.fixed))


def _is_final(definition: Definition) -> bool:
    """Whether this gives a state at a time counted from T."""
    time = definition.target.time
    return time is not None and not time.is_number


def refuse_misfit(recurrence: Recurrence) -> None:
    """DeriveError with the reason where a general step or its share in the cost has no fixed form.

    States may run backward in time as well, if the final ones are given beyond the horizon and depend
    on no step.
    """
    for d in recurrence.steps:
        _refuse_step(recurrence, d)
    for d in recurrence.fixed:
        if _is_final(d):
            _refuse_final(recurrence, d)
            continue
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


def _refuse_final(recurrence: Recurrence, d: Definition) -> None:
    assert d.target.time is not None
    beyond = d.target.time - END
    if not beyond.is_number or beyond.shift < 1:
        raise DeriveError(f"{latex(d.target)} is given inside the horizon", d.place)
    for v in variables(d.body):
        if v.name in recurrence.stepwise and not _is_beyond(v):
            raise DeriveError(f"{latex(d.target)} depends on the step {latex(v)}", locate(d, v))


def _is_beyond(variable: Variable) -> bool:
    over = variable.time - END if variable.time is not None else END
    return over.is_number and over.shift > 0


def directions(recurrence: Recurrence) -> Mapping[str, int]:
    """1 for a step variable that runs forward in time, -1 for one that runs backward, 0 for neither.

    Variables that use each other, directly or not, run in one direction: each way round from one back
    to itself must cross time in it. Then the unrolled model has no cycle at any T, whatever the
    variables of one direction use of the other. DeriveError where that is not so.
    """
    names = [d.target.name for d in recurrence.steps]
    shortest = _ways_round(recurrence, names, 1)
    longest = _ways_round(recurrence, names, -1)
    found: dict[str, int] = {}
    for name in names:
        least, most = shortest.get((name, name)), longest.get((name, name))
        if least is None or most is None:
            found[name] = 0
        elif least <= 0 <= -most:
            raise DeriveError(
                f"{latex(Variable(name, NOW))} depends on itself in both directions of time"
            )
        else:
            found[name] = 1 if least > 0 else -1
    return found


def _ways_round(
    recurrence: Recurrence, names: Sequence[str], sign: int
) -> Mapping[tuple[str, str], int]:
    """sign × lag, summed over the edges of a way from one name to another, the smallest there is.

    By Floyd and Warshall; where a way round is below 0 there is no smallest one, and what is found
    is some number below 0.
    """
    ways: dict[tuple[str, str], int] = {}
    for d in recurrence.steps:
        for v in variables(d.body):
            if v.name in recurrence.stepwise and v.time is not None:
                edge, length = (d.target.name, v.name), sign * (NOW - v.time).shift
                ways[edge] = min(length, ways.get(edge, length))
    for middle in names:
        into = [(a, ways[a, middle]) for a in names if (a, middle) in ways]
        out = [(b, ways[middle, b]) for b in names if (middle, b) in ways]
        for a, first in into:
            for b, second in out:
                ways[a, b] = max(min(first + second, ways.get((a, b), first + second)), -LONGEST)
    return ways


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
