"""Whether two resolved formulas of vectors and matrices are equal: by values, and entry by entry.

For every T a line is compared at the first steps, at the last ones and at a step between, T a letter,
and, where T is too small for that, at each T and each step by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from derive.algebra.expression import Expr, Time, Variable, move, walk
from derive.errors import DeriveError
from derive.model.recurrence import END, HORIZON, variables
from derive.model.shapes import SOFTMAX, is_column, is_scalar
from derive.notation.latex import NORM, latex
from derive.verify.arrays import ArrayNumbers, shape, spoken, turned
from derive.verify.compare import Comparison, Outcome, Worlds, number_text
from derive.verify.context import Context, has_vectors
from derive.verify.entries import Closings
from derive.verify.frames import Frame
from derive.verify.indices import repeated, unbound, with_sums
from derive.verify.networks import Network, added, atoms, scaled
from derive.verify.numbers import Matrix, Misfit, NoNumber, is_transcendental
from derive.verify.ranges import ORIGIN, Letters, Range
from derive.verify.readings import Resolver
from derive.verify.tape import NoForm
from derive.verify.tensors import Tensor, fit
from derive.verify.transpositions import turned as transposed_powers
from derive.verify.unfolding import Unfolded
from derive.verify.verdicts import Counterexample

SEEDS = 2
MOST_HORIZONS = 3
MOST_INSTANCES = 12
MOST_SHOWN = 4
NEAR = 1e-7


def is_shaped(context: Context) -> bool:
    """Whether the closed formulas of a context are about vectors and matrices of known shapes."""
    return bool(context.model.shapes) and has_vectors(context)


def meant(context: Context, expr: Expr) -> Expr:
    """A formula as the shapes of its context tell it: x^T is a transposition, or DeriveError."""
    if not is_shaped(context):
        return expr
    return transposed_powers(expr, context.model.shapes, timeless=not context.model.steps)


def compared(
    resolver: Resolver, worlds: Worlds, left: Expr, right: Expr, found: Range
) -> Comparison | ShapedComparison:
    """The comparison of two resolved formulas that the context calls for."""
    if is_shaped(resolver.context):
        return ShapedComparison(resolver, worlds, left, right, found)
    return Comparison(resolver, worlds, left, right, found)


@dataclass(frozen=True, slots=True)
class Place:
    """One case of the proof: the frame, and what the free letters are in it."""

    frame: Frame
    letters: Letters


class ShapedComparison:
    """Compares two resolved formulas of one line of vectors over its range."""

    def __init__(
        self, resolver: Resolver, worlds: Worlds, left: Expr, right: Expr, found: Range
    ) -> None:
        self.resolver = resolver
        self.worlds = worlds
        self.model = resolver.model
        self.left, self.right, self.letters = with_sums(left, right)
        summed = repeated(left, self.left) | repeated(right, self.right)
        self.reading = f"summed over the repeated {', '.join(sorted(summed))}" if summed else ""
        self.range = found
        bodies = (left, right, *(d.body for d in self.model.definitions))
        special = any(_is_special(x) for body in bodies for x in walk(body))
        self.certain = "interval" if special or any(map(is_transcendental, bodies)) else "exact"
        self.zero = True

    # -- the whole ----------------------------------------------------------------------------------

    def outcome(self) -> Outcome:
        """The whole comparison; where it fails, under the assumption that a target's entries sum to 1."""
        plain = self._outcome(frozenset())
        if plain.kind == "equal" and self.reading:
            return replace(plain, reading=self.reading)
        if plain.kind == "equal" or not self._has_softmax():
            return plain
        weaker = plain
        for name in self._targets():
            found = self._outcome(frozenset((name,)))
            assumed = f"\\sum_k ({latex(self._shown(name))})_k = 1"
            if found.kind == "equal":
                reading = "; ".join(filter(None, (self.reading, assumed)))
                return Outcome("equal", zero=self.zero, reading=reading)
            if found.kind == "tested" and plain.kind == "different":
                weaker = replace(found, reason=f"it agrees where {assumed}; {found.reason}")
        return weaker

    def _outcome(self, assumed: frozenset[str]) -> Outcome:
        differing = self._screen(SEEDS, assumed)
        if differing is not None:
            return differing
        try:
            if self._proved(assumed):
                return Outcome("equal", zero=self.zero)
            reason = "the two sides have different forms, though their values agree"
        except (NoForm, Misfit) as error:
            reason = str(error)
        except DeriveError as error:
            reason = error.sentence
        except RecursionError:
            reason = "the formula is too deep"
        return Outcome("tested", zero=self.zero, reason=reason)

    def differs(self, sizes: bool = False, quick: bool = False) -> bool:
        """Whether values differ, nothing else; also True where nothing has a value."""
        return self._screen(1 if quick else SEEDS, frozenset()) is not None

    def _has_softmax(self) -> bool:
        return any(
            getattr(x, "function", "") == SOFTMAX
            for d in self.model.definitions
            for x in walk(d.body)
        )

    def _targets(self) -> list[str]:
        """What a loss may compare a softmax with: the given vectors that a number's definition names."""
        shapes, definitions = self.model.shapes, self.model.definitions
        made = {d.target.name for d in definitions}
        named = (
            v.name
            for d in definitions
            if is_scalar(shapes[d.target.name])
            for v in variables(d.body)
        )
        return [
            name
            for name in dict.fromkeys(named)
            if name not in made and is_column(shapes[name]) and not is_scalar(shapes[name])
        ]

    def _shown(self, name: str) -> Expr:
        found = (v for d in self.model.definitions for v in variables(d.body) if v.name == name)
        return next(found, Variable(name))

    # -- values -------------------------------------------------------------------------------------

    def _screen(self, seeds: int, assumed: frozenset[str]) -> Outcome | None:
        """None where the values agree; else how they differ, or why there are none."""
        tried, reason = False, ""
        for horizon, seed, letters in self._trials(seeds):
            try:
                if self.apart(horizon, seed, letters, assumed):
                    return Outcome("different", at=letters, seed=seed, sizes=True)
                tried = True
            except Misfit as error:
                return Outcome(
                    "different", at=letters, seed=seed, sizes=True, reason=error.sentence
                )
            except NoNumber as error:
                reason = error.sentence
            except DeriveError as error:
                return Outcome("unknown", reason=error.sentence)
            except OverflowError:
                reason = "its numbers are too large"
        return None if tried else Outcome("unknown", reason=reason or "it has no value")

    def _trials(self, seeds: int) -> Iterator[tuple[int, int, Letters]]:
        for horizon, instances in self.range.instances[:MOST_HORIZONS]:
            for seed in range(seeds):
                for letters in instances[:MOST_INSTANCES]:
                    yield horizon, seed, letters

    def _numbers(self, horizon: int, seed: int, kind: str, assumed: frozenset[str]) -> ArrayNumbers:
        def fresh() -> ArrayNumbers:
            return ArrayNumbers(self.model, self.worlds.graph(horizon), seed, kind, assumed)

        return self.worlds.once((horizon, seed, kind, assumed), fresh)

    def apart(self, horizon: int, seed: int, letters: Letters, assumed: frozenset[str]) -> bool:
        """Whether the values differ for certain: looked for in floats, decided in intervals."""
        looked = self._numbers(horizon, seed, "float", assumed)
        for entry in self._entries_of(looked):
            pairs = self._pairs(looked, letters, entry)
            if not all(x == 0 == y for x, y in pairs):
                self.zero = False
            if all(abs(x - y) <= NEAR * (1 + abs(x) + abs(y)) for x, y in pairs):
                continue
            exact = self._numbers(horizon, seed, self.certain, assumed)
            if any(_certainly_apart(x, y) for x, y in self._pairs(exact, letters, entry)):
                return True
        return False

    def _entries_of(self, numbers: ArrayNumbers) -> Iterator[Mapping[str, int]]:
        """All values of the index letters that name entries on both sides."""
        sides = self.left, self.right
        ranges = [range(numbers.range_of(a, sides)) for a in self.letters]
        for chosen in product(*ranges):
            yield dict(zip(self.letters, chosen, strict=True))

    def _pairs(
        self, numbers: ArrayNumbers, letters: Letters, entry: Mapping[str, int]
    ) -> list[tuple[Any, Any]]:
        numbers.entry = dict(entry)
        values = [self._value(numbers, side, letters) for side in (self.left, self.right)]
        for i, side in enumerate((self.left, self.right)):
            value, loose = values[i]
            if loose:
                other, also = values[1 - i]
                kind = numbers.spread(side) if shape(value) == (1, 1) and not also else None
                wide = numbers.widened(kind, value[0][0], *shape(other)) if kind else None
                if wide is None:
                    raise NoNumber("a vector of ones or an identity whose size is not known")
                values[i] = wide, False
        left, right = fitted(values[0][0], values[1][0])
        return [(x, y) for p, q in zip(left, right, strict=True) for x, y in zip(p, q, strict=True)]

    def _value(self, numbers: ArrayNumbers, side: Expr, letters: Letters) -> tuple[Matrix, bool]:
        """The value of a side, and whether the size of a 𝟏 or an I in it is not known."""
        numbers.loose = False
        try:
            return numbers.value(side, letters), numbers.loose
        except Misfit:
            if numbers.loose:
                raise NoNumber("a vector of ones or an identity whose size is not known") from None
            raise

    def counterexample(self, outcome: Outcome) -> Counterexample | None:
        """The sizes, the numbers that were used, few enough to look at, and both sides."""
        if outcome.at is None:
            return None
        letters, horizon = outcome.at, outcome.at[HORIZON].shift
        numbers = ArrayNumbers(self.model, self.worlds.graph(horizon), outcome.seed, self.certain)
        with suppress(Misfit):
            for entry in self._entries_of(numbers):
                if any(_certainly_apart(x, y) for x, y in self._pairs(numbers, letters, entry)):
                    break
        values = [(a, str(letters[a].shift)) for a in self.range.letters if a in letters]
        values += [(a, str(numbers.entry[a] + 1)) for a in self.letters if a in numbers.entry]
        values += [(a, str(n)) for a, n in sorted(numbers.sizes.items())]
        for digits in (4, 8, 16):
            shown = [self._side(numbers, side, letters, digits) for side in (self.left, self.right)]
            if shown[0] != shown[1]:
                break
        values += [(latex(v), number_text(x)) for v, x in list(numbers.used.items())[:MOST_SHOWN]]
        timeless = not self.model.steps
        return Counterexample(None if timeless else horizon, tuple(values), *shown)

    def _side(self, numbers: ArrayNumbers, side: Expr, letters: Letters, digits: int) -> str:
        if not numbers.entry.keys() >= set(self.letters):
            return self._ranges(numbers, side)
        try:
            value = numbers.value(side, letters)
        except Misfit as error:
            return error.sentence
        except DeriveError as error:
            return error.sentence
        if _is_large(value):
            return f"a {spoken(value)} matrix"
        return number_text(value, digits)

    def _ranges(self, numbers: ArrayNumbers, side: Expr) -> str:
        """How far the index letters of one side run, where the two sides do not fit."""
        found = []
        for a in sorted(unbound(side)):
            try:
                found.append(f"{a} ≤ {numbers.range_of(a, (side,))}")
            except Misfit:
                found.append(f"{a} in two ranges")
        return ", ".join(found)

    # -- proofs -------------------------------------------------------------------------------------

    @property
    def closings(self) -> Closings:
        return self.worlds.once(Closings, lambda: Closings(self.model))

    def _proved(self, assumed: frozenset[str]) -> bool:
        reasons: list[NoForm] = []
        for margin in (1, 2, 3):
            try:
                return all(self._holds(place, assumed) for place in self._places(margin))
            except NoForm as error:
                reasons.append(error)
        raise reasons[0]

    def _places(self, margin: int) -> Iterator[Place]:
        """The cases that make up the range."""
        model = self.model
        early = max(model.first.values(), default=1) + model.lag + margin
        if self.range.fixed or self._timeless():
            for horizon, instances in self.range.instances[:1]:
                frame = Frame(Time.at(horizon), early, margin)
                for letters in instances:
                    yield Place(frame, letters)
            return
        if self.range.bounds is None or len(self.range.letters) > 1:
            raise NoForm("several free indices, or a range that differences do not describe")
        known = dict(self.range.instances)
        for horizon in range(self.range.least, early + 2 * margin):
            instances = known.get(horizon) or tuple(self._instances_at(horizon))
            frame = Frame(Time.at(horizon), early, margin)
            for letters in instances:
                yield Place(frame, letters)
        frame = Frame(END, early, margin)
        if not self.range.letters:
            yield Place(frame, {HORIZON: END})
            return
        (letter,) = self.range.letters
        for time in self._times(frame, letter):
            yield Place(frame, {letter: time, HORIZON: END})

    def _instances_at(self, horizon: int) -> Iterator[Letters]:
        (letter,) = self.range.letters or ("",)
        if not letter:
            yield {HORIZON: Time.at(horizon)}
            return
        for t in range(-9, horizon + 10):
            table = {ORIGIN: 0, letter: t, HORIZON: horizon}
            if all(table[b.high] - table[b.low] >= b.least for b in self.range.bounds or ()):
                yield {letter: Time.at(t), HORIZON: Time.at(horizon)}

    def _times(self, frame: Frame, letter: str) -> Iterator[Time]:
        """The first steps, the last ones and one between, where the bounds admit them."""
        far = 1000
        bounds = self.range.bounds or ()

        def admitted(t: int) -> bool:
            table = {ORIGIN: 0, letter: t, HORIZON: far}
            return all(table[b.high] - table[b.low] >= b.least for b in bounds)

        early = [t for t in range(-9, frame.early) if admitted(t)]
        late = [j for j in range(1 - frame.margin, 10) if admitted(far + j)]
        yield from map(Time.at, early)
        yield from (END + j for j in late)
        core = admitted(far // 2)
        if core != admitted(frame.early) or core != admitted(far - frame.margin):
            raise NoForm("a range that is not read here")
        if core:
            yield Time.of(letter)

    def _timeless(self) -> bool:
        return not self.model.steps and not self.range.letters

    def _holds(self, place: Place, assumed: frozenset[str]) -> bool:
        """Whether both sides are one network in this case, unfolded and opened as far as needed."""
        left, right = (move(side, place.letters) for side in (self.left, self.right))
        plain = self._entries(place.frame, None, assumed)
        sides = plain.tensor(left), plain.tensor(right)
        if self._same(plain, *sides):
            return True
        unified = _unified([s.net for s in sides])
        ways = [unified]
        if _ends(place.frame, sides):
            ways.append(replace(unified, horizon=place.frame.horizon))
        for unfolding in ways:
            entries = self._entries(place.frame, unfolding, assumed)
            if self._same(entries, entries.tensor(left), entries.tensor(right)):
                return True
        return False

    def _entries(
        self, frame: Frame, unfolding: Unfolding | None, assumed: frozenset[str]
    ) -> Unfolded:
        def fresh() -> Unfolded:
            unfold = unfolding or (lambda role, v: False)
            return Unfolded(self.model, frame, self.closings, unfold, assumed)

        return self.worlds.once((frame, unfolding, assumed), fresh)

    def _same(self, entries: Unfolded, a: Tensor, b: Tensor) -> bool:
        difference = _difference(entries, a, b)
        if not difference:
            return True
        rank = len(a.rows) + len(a.cols)
        difference = entries.opened(difference, rank)
        if not difference:
            return True
        latest = _latest(difference)
        if latest is None:
            return False
        return not entries.opened(difference, rank, lambda v: v.time == latest)


def _difference(entries: Unfolded, a: Tensor, b: Tensor) -> Network:
    """a - b; Misfit where their shapes differ. A number 0 fits any shape."""
    if not a.rank and not a.net:
        a = Tensor(b.rows, b.cols, ())
    if not b.rank and not b.net:
        b = Tensor(a.rows, a.cols, ())
    fitting = fit(b, a.rows, a.cols)
    if fitting is None:
        raise Misfit(f"ill-typed: {a.spoken()} on the left, {b.spoken()} on the right")
    rank = len(a.rows) + len(a.cols)
    return added((a.net, scaled(fitting, -1)), rank, entries.sums_to_one)


def _latest(net: Network) -> Time | None:
    """The last step that a network names, where all its steps are at fixed distances."""
    times = {a.time for a in atoms(net) if a.kind == "variable" and a.time is not None}
    if not times or len({t.letters for t in times}) > 1:
        return None
    return max(times, key=lambda t: t.shift)


@dataclass(frozen=True, slots=True)
class Unfolding:
    """Unfolds the totals by all states but the latest that is named, and of all but the earliest.

    `latest` and `first` have, for the letters of an index, the shift that stays; with `horizon` what
    lies near it, or near the first step, is unfolded as far as it goes.
    """

    latest: frozenset[tuple[object, int]]
    first: frozenset[tuple[object, int]]
    horizon: Time | None = None

    def __call__(self, role: str, v: Variable) -> bool:
        if v.time is None:
            return False
        table, sign = (self.latest, 1) if role == "by" else (self.first, -1)
        if any(v.time.letters == key and sign * (s - v.time.shift) > 0 for key, s in table):
            return True
        if self.horizon is None:
            return False
        return (self.horizon - v.time).is_number if role == "by" else v.time.is_number


def _unified(nets: Sequence[Network]) -> Unfolding:
    latest: dict[object, int] = {}
    first: dict[object, int] = {}
    for atom in (a for net in nets for a in atoms(net) if a.kind == "total"):
        if atom.time is None and atom.by_time is not None:
            key, shift = atom.by_time.letters, atom.by_time.shift
            latest[key] = max(latest.get(key, shift), shift)
        elif atom.time is not None and atom.by_time is None:
            key, shift = atom.time.letters, atom.time.shift
            first[key] = min(first.get(key, shift), shift)
    return Unfolding(frozenset(latest.items()), frozenset(first.items()))


def _ends(frame: Frame, sides: Sequence[Tensor]) -> bool:
    """Whether a total is named that can be unfolded up to the horizon or down to the first step."""
    for atom in (a for side in sides for a in atoms(side.net) if a.kind == "total"):
        time = atom.by_time if atom.time is None else atom.time
        if time is not None and ((frame.horizon - time).is_number or time.is_number):
            return True
    return False


def fitted(left: Matrix, right: Matrix) -> tuple[Matrix, Matrix]:
    """Two values in one shape: 0 fits any; a gradient by a matrix may stand in one row or column."""
    if shape(left) == shape(right):
        return left, right
    for one, other, swapped in ((left, right, False), (right, left, True)):
        if shape(one) == (1, 1) and _is_nothing(one[0][0]):
            wide = tuple(tuple(one[0][0] for _ in row) for row in other)
            return (other, wide) if swapped else (wide, other)
        rows, columns = shape(other)
        if shape(one) == (1, rows * columns) and rows > 1 < columns:
            entries = one[0]
            found = tuple(tuple(entries[p * rows + q] for p in range(columns)) for q in range(rows))
            return (other, found) if swapped else (found, other)
        if shape(one) == (rows * columns, 1) and rows > 1 < columns:
            column = turned(one)[0]
            found = tuple(
                tuple(column[p * columns + q] for q in range(columns)) for p in range(rows)
            )
            return (other, found) if swapped else (found, other)
    raise Misfit(f"ill-typed: {spoken(left)} on the left, {spoken(right)} on the right")


def _is_nothing(x: Any) -> bool:
    return bool(x == 0) if not hasattr(x, "a") else bool(x.a == 0 == x.b)


def _certainly_apart(x: Any, y: Any) -> bool:
    if not hasattr(x, "a") and not hasattr(y, "a"):
        return bool(x != y)
    return bool(x.b < y.a or y.b < x.a)


def _is_large(value: Matrix) -> bool:
    """Whether a value has more entries than a reader checks."""
    rows, columns = shape(value)
    return rows * columns > 12


def _is_special(expr: Expr) -> bool:
    """Whether a formula has no exact value: softmax, a norm."""
    return getattr(expr, "function", "") in (SOFTMAX, NORM)
