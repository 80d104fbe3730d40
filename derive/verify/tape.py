"""Equality for every T: both sides as machines that read time from the last step to the first.

A formula whose factors stand outer to inner, that is later to earlier, is a weighted automaton: it reads
the tape of steps T, T-1, …, 0 and multiplies, at each step, by what that step contributes (words of
immediate derivatives, which do not commute; monomials of scalars, which do). The free indices t, k are
marks on the tape. Two such machines are equal on every tape exactly if no reachable vector of their
difference ends in something else than 0, which linear algebra decides (Schützenberger 1961; Tzeng 1992).

Products in the opposite order, factors that cannot be read in this direction and recursions without a
linear form have no machine: `NoForm`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.algebra.expression import Time
from derive.model.recurrence import HORIZON
from derive.verify.polynomials import (
    ONE,
    Key,
    Monomial,
    Polynomial,
    merged,
    number,
    plus,
    times,
)
from derive.verify.ranges import ORIGIN, Bound

State = Any
# What a step contributes: shared symbols are coefficients, the rest are letters.
Moves = list[tuple[Polynomial, State]]

MOST_STATES = 4_000
MOST_VECTORS = 3_000


class NoForm(Exception):
    """A formula that has no machine, with the reason."""


class Windows:
    """For each index letter the offsets at which some machine looks at it."""

    def __init__(self) -> None:
        self.offsets: dict[str, set[int]] = {HORIZON: {0}, ORIGIN: {0}}

    def need(self, time: Time) -> tuple[str, int]:
        """The letter and offset of an index; NoForm where it is no letter plus a number."""
        if not time.letters:
            letter = ORIGIN
        elif len(time.letters) == 1 and time.letters[0][1] == 1:
            letter = time.letters[0][0]
        else:
            raise NoForm("an index that is no letter plus a number")
        self.offsets.setdefault(letter, set()).add(time.shift)
        return letter, time.shift

    def span(self, letter: str) -> tuple[int, int]:
        """The least and greatest distance pos(letter) - here that is told apart."""
        found = self.offsets[letter]
        return -max(found), -min(found)


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of the tape: for each letter, how far above this step it lies, clipped to its window."""

    above: tuple[tuple[str, int], ...]

    def distance(self, letter: str) -> int:
        """How far above this step a mark lies, as far as its window tells."""
        for name, distance in self.above:
            if name == letter:
                return distance
        raise NoForm(f"the index {letter} is not on the tape")

    def side(self, letter: str, offset: int) -> int:
        """The sign of here - (letter + offset)."""
        apart = -self.distance(letter) - offset
        return (apart > 0) - (apart < 0)

    def with_letter(self, letter: str, distance: int) -> Segment:
        return Segment((*(p for p in self.above if p[0] != letter), (letter, distance)))


class Machine:
    """A weighted automaton on tapes; `start` is its state before the first segment."""

    start: State = 0

    def step(self, state: State, segment: Segment) -> Moves:
        raise NotImplementedError

    def final(self, state: State) -> bool:
        raise NotImplementedError


class Constant(Machine):
    """A factor without time."""

    def __init__(self, value: Polynomial) -> None:
        self.value = value
        self.start = "before"

    def step(self, state: State, segment: Segment) -> Moves:
        if state == "before":
            return [(self.value, "after")] if self.value else []
        return [(ONE, "after")]

    def final(self, state: State) -> bool:
        return bool(state == "after")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A term spread over steps: what it multiplies by now and `delay` steps earlier in time."""

    coefficient: Polynomial
    parts: tuple[tuple[int, Key], ...]

    def now(self) -> tuple[Polynomial, Pending]:
        """What is emitted at once, and what is owed."""
        found = self.coefficient
        owed = []
        for delay, (monomial, word) in self.parts:
            if delay == 0:
                found = times(found, {(monomial, word): Fraction(1)})
            else:
                owed.append((delay, (monomial, word)))
        return found, tuple(owed)


Pending = tuple[tuple[int, Key], ...]


def due(pending: Pending) -> tuple[Polynomial, Pending]:
    """What is owed at the next segment, and what stays owed."""
    found = ONE
    left = []
    for delay, key in pending:
        if delay == 1:
            found = times(found, {key: Fraction(1)})
        else:
            left.append((delay - 1, key))
    return found, tuple(left)


class Emission(Machine):
    """Schedules that begin at one time: a variable, an immediate derivative, a local factor."""

    def __init__(
        self, at: tuple[str, int], schedules: Callable[[Segment], Iterable[Schedule]]
    ) -> None:
        self.at = at
        self.schedules = schedules
        self.start = ("wait", ())

    def step(self, state: State, segment: Segment) -> Moves:
        kind, pending = state
        owed, left = due(pending)
        if kind == "done":
            return [(owed, ("done", left))]
        if segment.side(*self.at):
            return [(ONE, state)]
        return [
            (found, ("done", later))
            for found, later in (schedule.now() for schedule in self.schedules(segment))
        ]

    def final(self, state: State) -> bool:
        return bool(state == ("done", ()))


class Repeated(Machine):
    """Π over consecutive steps of a factor that each step contributes by itself."""

    def __init__(
        self, low: tuple[str, int], high: tuple[str, int], factor: Callable[[Segment], Polynomial]
    ) -> None:
        self.low, self.high, self.factor = low, high, factor

    def step(self, state: State, segment: Segment) -> Moves:
        inside = segment.side(*self.low) >= 0 and segment.side(*self.high) <= 0
        return [(self.factor(segment) if inside else ONE, state)]

    def final(self, state: State) -> bool:
        return True


Row = tuple[Schedule, str | None, int]


class Path(Machine):
    """All paths from a variable down to another one, or to where they end by themselves.

    `rows(name, segment)` lists for the variable `name` at that segment its terms: a schedule, the
    variable that it goes on with (None: the term ends there), and how many steps earlier that lies.
    """

    def __init__(
        self,
        of: tuple[str, tuple[str, int]],
        target: tuple[str, tuple[str, int]] | None,
        rows: Callable[[str, Segment], Iterable[Row]],
    ) -> None:
        self.of, self.target, self.rows = of, target, rows
        self.start = ("wait", 0, ())

    def step(self, state: State, segment: Segment) -> Moves:
        name, wait, pending = state
        owed, left = due(pending)
        if name == "done":
            return [(owed, ("done", 0, left))]
        if self.target is not None and segment.side(*self.target[1]) < 0:
            return []
        if name == "wait":
            side = segment.side(*self.of[1])
            if side:
                return [(ONE, state)] if side > 0 else []
            name = self.of[0]
        elif wait > 1:
            return [(owed, (name, wait - 1, left))]
        return list(self._arrive(name, segment, owed, left))

    def _arrive(
        self, name: str, segment: Segment, so_far: Polynomial, pending: Pending
    ) -> Iterator[tuple[Polynomial, State]]:
        target = self.target
        if target is not None and name == target[0] and segment.side(*target[1]) == 0:
            yield so_far, ("done", 0, pending)
            return
        for schedule, used, lag in self.rows(name, segment):
            found, owed = schedule.now()
            total = times(so_far, found)
            if any(word for _, (_, word) in (*pending, *owed)):
                raise NoForm("a factor of an earlier step stands before one of a later step")
            later = _joined(pending, owed)
            if used is None:
                yield total, ("done", 0, later)
            elif lag == 0:
                yield from self._arrive(used, segment, total, later)
            else:
                yield total, (used, lag, later)

    def final(self, state: State) -> bool:
        return bool(state == ("done", 0, ()))


def _joined(a: Pending, b: Pending) -> Pending:
    if not a or not b:
        return a or b
    table: dict[int, Key] = dict(a)
    for delay, (monomial, word) in b:
        old, old_word = table.get(delay, ((), ()))
        table[delay] = (merged(old, monomial), (*old_word, *word))
    return tuple(sorted(table.items()))


class Either(Machine):
    """The sum of machines."""

    def __init__(self, parts: Iterable[tuple[Fraction, Machine]]) -> None:
        self.parts = tuple(parts)
        self.start = "before"

    def step(self, state: State, segment: Segment) -> Moves:
        if state == "before":
            return [
                ({k: c * weight for k, c in found.items()}, (i, then))
                for i, (weight, part) in enumerate(self.parts)
                for found, then in part.step(part.start, segment)
            ]
        i, inner = state
        return [(found, (i, then)) for found, then in self.parts[i][1].step(inner, segment)]

    def final(self, state: State) -> bool:
        if state == "before":
            return False
        i, inner = state
        return bool(self.parts[i][1].final(inner))


class Both(Machine):
    """The product of two machines: all atoms of the left one are read before those of the right one."""

    def __init__(self, left: Machine, right: Machine) -> None:
        self.left, self.right = left, right
        self.start = (left.start, right.start, False)

    def step(self, state: State, segment: Segment) -> Moves:
        a, b, begun = state
        moves: Moves = []
        right = self.right.step(b, segment)
        if not right:
            return []
        for x, a_then in self.left.step(a, segment):
            late = any(word for _, word in x)
            for y, b_then in right:
                if begun and late:
                    raise NoForm("a factor of a later step stands behind one of an earlier step")
                silent = {k: c for k, c in y.items() if not k[1]}
                loud = {k: c for k, c in y.items() if k[1]}
                if begun:
                    moves.append((times(x, y), (a_then, b_then, True)))
                    continue
                if silent:
                    moves.append((times(x, silent), (a_then, b_then, False)))
                if loud:
                    moves.append((times(x, loud), (a_then, b_then, True)))
        return moves

    def final(self, state: State) -> bool:
        a, b, _ = state
        return self.left.final(a) and self.right.final(b)


class Summed(Machine):
    """Σ over an index: its mark may stand at any step of the range."""

    def __init__(
        self,
        letter: str,
        low: tuple[str, int],
        high: tuple[str, int],
        body: Machine,
        windows: Windows,
    ) -> None:
        self.letter, self.low, self.high, self.body = letter, low, high, body
        self.windows = windows
        self.start = (body.start, None)

    def step(self, state: State, segment: Segment) -> Moves:
        inner, distance = state
        least, most = self.windows.span(self.letter)
        moves: Moves = []
        for here in _next_distances(distance, least, most):
            if here == 0 and (segment.side(*self.low) < 0 or segment.side(*self.high) > 0):
                continue
            with_mark = segment.with_letter(self.letter, here)
            moves += [(f, (then, here)) for f, then in self.body.step(inner, with_mark)]
        return moves

    def final(self, state: State) -> bool:
        inner, distance = state
        return distance is not None and distance >= 0 and self.body.final(inner)


def _next_distances(distance: int | None, least: int, most: int) -> tuple[int, ...]:
    """How far above the next step a mark may lie: below the window for long, then one by one."""
    below = least - 1
    if distance is None or distance == below:
        return (below, least)
    return (min(distance + 1, most + 1),)


# -- the range of the free letters ------------------------------------------------------------------


class Tapes:
    """All tapes of a range: T from some T_0 on, every free letter once, the bounds kept.

    A tape begins `margin` segments above T and ends that many below time 0, so that every mark and
    every lag lies on it.
    """

    def __init__(
        self,
        letters: tuple[str, ...],
        least: int,
        bounds: Iterable[Bound],
        windows: Windows,
        reach: int,
    ) -> None:
        self.windows = windows
        self.letters = (ORIGIN, *letters)
        self.bounds = (*bounds, Bound(ORIGIN, HORIZON, least))
        for letter in self.letters:
            windows.offsets.setdefault(letter, set()).add(0)
        for b in self.bounds:
            windows.offsets[b.high] |= {-b.least, 1 - b.least}
        farthest = [max(map(abs, found)) for found in windows.offsets.values()]
        self.margin = 1 + reach + sum(farthest)
        windows.offsets[HORIZON].add(self.margin)
        windows.offsets[ORIGIN] |= set(range(-self.margin, reach + 2))

    def start(self) -> Segment:
        """The state of the marks before the first segment."""
        far = [(a, self.windows.span(a)[0] - 1) for a in (HORIZON, *self.letters)]
        return Segment(tuple(far))

    def nexts(self, segment: Segment) -> Iterator[Segment]:
        """The segments that may come next: a mark that lies far below may come near."""
        table = dict(segment.above)
        top = self.windows.span(HORIZON)[1] + 1
        choices: list[dict[str, int]] = [{HORIZON: min(table[HORIZON] + 1, top)}]
        for a in self.letters:
            options = _next_distances(table[a], *self.windows.span(a))
            choices = [{**c, a: d} for c in choices for d in options]
        found = (Segment(tuple(c.items())) for c in choices)
        return (segment for segment in found if self._allowed(segment))

    def _allowed(self, segment: Segment) -> bool:
        """A bound is checked at the step of its lower letter."""
        table = dict(segment.above)
        return all(table[b.high] >= b.least for b in self.bounds if table[b.low] == 0)

    def ends(self, segment: Segment) -> bool:
        """Whether a tape may end here: time 0 lies far above, and every mark has been met."""
        table = dict(segment.above)
        _, most = self.windows.span(ORIGIN)
        return table[ORIGIN] == most + 1 and all(table[a] > 0 for a in self.letters)


# -- equality ---------------------------------------------------------------------------------------

Vector = dict[State, Polynomial]


def vanishes(machine: Machine, tapes: Tapes) -> bool:
    """Whether a machine gives 0 on every tape of a range.

    Raises NoForm where the search meets a limit.
    """
    spaces: dict[Segment, Space] = {}
    waiting: list[tuple[Segment, Vector]] = []
    waiting.append((tapes.start(), {machine.start: ONE}))
    count = 0
    cache: dict[tuple[State, Segment], Moves] = {}
    while waiting:
        segment, vector = waiting.pop()
        for then in tapes.nexts(segment):
            for found in _advanced(machine, vector, then, cache):
                space = spaces.setdefault(then, Space())
                rest = space.add(found)
                if rest is None:
                    continue
                count += 1
                if count > MOST_VECTORS:
                    raise NoForm("the search for a proof met its limit")
                if tapes.ends(then) and plus(p for s, p in rest.items() if machine.final(s)):
                    return False
                waiting.append((then, rest))
    return True


def _advanced(
    machine: Machine,
    vector: Vector,
    segment: Segment,
    cache: dict[tuple[State, Segment], Moves],
) -> Iterator[Vector]:
    """The vectors after one segment, one for each letter that it can contribute."""
    found: dict[Key, dict[State, list[Polynomial]]] = {}
    for state, weight in vector.items():
        key = (state, segment)
        if key not in cache:
            if len(cache) > MOST_STATES * 10:
                raise NoForm("the machine is too large")
            cache[key] = machine.step(state, segment)
        for polynomial, then in cache[key]:
            for letter, coefficient in _letters(polynomial).items():
                part = times(weight, coefficient)
                found.setdefault(letter, {}).setdefault(then, []).append(part)
    for by_state in found.values():
        total = {state: plus(parts) for state, parts in by_state.items()}
        kept = {state: value for state, value in total.items() if value}
        if kept:
            yield kept


def _letters(polynomial: Polynomial) -> dict[Key, Polynomial]:
    """A polynomial by its letters; the symbols that all steps share are their coefficients."""
    found: dict[Key, dict[Key, Fraction]] = {}
    for (monomial, word), c in polynomial.items():
        shared: Monomial = tuple(p for p in monomial if p[0].startswith(SHARED))
        own: Monomial = tuple(p for p in monomial if not p[0].startswith(SHARED))
        found.setdefault((own, word), {})[shared, ()] = c
    return dict(found)


SHARED = "$"


class Space:
    """A space of vectors over the fractions of polynomials in shared symbols, in echelon form."""

    def __init__(self) -> None:
        self.rows: list[tuple[State, Vector]] = []

    def add(self, vector: Vector) -> Vector | None:
        """The vector reduced by the space, which it joins; None where it lies in the space."""
        rest = dict(vector)
        for pivot, row in self.rows:
            if pivot in rest:
                rest = _eliminated(rest, row, pivot)
        if not rest:
            return None
        rest = _primitive(rest)
        pivot = min(rest, key=lambda s: (len(rest[s]), repr(s)))
        self.rows.append((pivot, rest))
        return rest


def _eliminated(vector: Vector, row: Vector, pivot: State) -> Vector:
    a, b = row[pivot], vector[pivot]
    if len(a) == 1:
        a, b = ONE, times(b, _inverted(a))
    found: Vector = {}
    for state in vector.keys() | row.keys():
        parts = []
        if state in vector:
            parts.append(times(vector[state], a))
        if state in row:
            parts.append({k: -c for k, c in times(row[state], b).items()})
        value = plus(parts)
        if value:
            found[state] = value
    return found


def _inverted(term: Polynomial) -> Polynomial:
    ((monomial, _), c) = next(iter(term.items()))
    return {(tuple((n, -e) for n, e in monomial), ()): 1 / c}


def _primitive(vector: Vector) -> Vector:
    """The vector divided by a monomial that all its entries share, so that numbers stay small."""
    first = next(iter(vector.values()))
    scale = _inverted(first) if len(first) == 1 else number(1 / next(iter(first.values())))
    return {state: times(value, scale) for state, value in vector.items()}
