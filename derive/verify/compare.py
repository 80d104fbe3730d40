"""Whether two resolved formulas are equal: by their values, and by a proof between their words.

A line is equal only if a proof says so and no value objects; it differs only if values do, and then the
values are the counterexample (DESIGN, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeVar

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Expr,
    Immediate,
    Time,
    Total,
    Transpose,
    Variable,
    free_letters,
    rebuild,
    walk,
)
from derive.errors import DeriveError
from derive.model.graph import Graph, ancestors, unrolled
from derive.model.recurrence import HORIZON
from derive.notation.latex import latex
from derive.verify.context import Context
from derive.verify.machines import equal_for_every_horizon
from derive.verify.normal import Normal, same
from derive.verify.numbers import Matrix, Misfit, NoNumber, Numbers, differ, is_transcendental
from derive.verify.polynomials import TooLarge
from derive.verify.ranges import Letters, Range
from derive.verify.readings import Resolver, transposed
from derive.verify.tape import NoForm
from derive.verify.verdicts import Counterexample

SEEDS = 3
MOST_HORIZONS = 4
MOST_INSTANCES = 60
MOST_SHOWN = 9
MOST_IDLE = 24

Made = TypeVar("Made")
Kind = Literal["equal", "tested", "different", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comparing gave. `scalars`: it holds only for numbers. `zero`: both sides are always 0.

    `at` are the indices for which the values differ, T among them, in the world that `seed` and `sizes`
    name; `reason` is why nothing better was found; `reading` what is assumed.
    """

    kind: Kind
    scalars: bool = False
    zero: bool = False
    at: Letters | None = None
    seed: int = 0
    sizes: bool = False
    reason: str = ""
    reading: str = ""


class Worlds:
    """The unrolled graphs and the worlds of one context, each made once.

    `made` has what depends on the model alone; the contexts of other readings may share it.
    """

    def __init__(self, context: Context, made: dict[Hashable, Any] | None = None) -> None:
        self.context = context
        self._graphs: dict[int, Graph] = {}
        self._numbers: dict[tuple[int, int, bool, bool], Numbers] = {}
        self.made: dict[Hashable, Any] = {} if made is None else made

    @property
    def has_vectors(self) -> bool:
        """Whether anything is a vector where vectors are: what a closed formula uses is a number."""
        return any(d.is_abstract for d in self.context.model.definitions)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` makes, made once for each key."""
        if key not in self.made:
            self.made[key] = make()
        found: Made = self.made[key]
        return found

    def graph(self, horizon: int) -> Graph:
        if horizon not in self._graphs:
            self._graphs[horizon] = unrolled(self.context.model, horizon)
        return self._graphs[horizon]

    def numbers(self, horizon: int, seed: int, sizes: bool, interval: bool) -> Numbers:
        key = (horizon, seed, sizes, interval)
        if key not in self._numbers:
            self._numbers[key] = self.fresh(*key)
        return self._numbers[key]

    def fresh(self, horizon: int, seed: int, sizes: bool, interval: bool) -> Numbers:
        return Numbers(self.context, self.graph(horizon), seed, sizes, interval)


class Comparison:
    """Compares two resolved formulas of one line over its range."""

    def __init__(
        self, resolver: Resolver, worlds: Worlds, left: Expr, right: Expr, found: Range
    ) -> None:
        self.resolver = resolver
        self.worlds = worlds
        self.left, self.right = left, right
        self.range = found
        self.interval = is_transcendental(left) or is_transcendental(right)
        self.zero = True

    def outcome(self) -> Outcome:
        """The whole comparison."""
        screened = self._screened()
        return screened if isinstance(screened, Outcome) else self._proof(screened)

    def agrees(self) -> bool:
        """Whether the outcome is no other than equal or tested; no proof is looked for."""
        return not isinstance(self._screened(), Outcome)

    def _screened(self) -> Outcome | bool:
        """How the values differ, or why there are none; else whether only those of numbers agree."""
        scalar = self._screen(sizes=False)
        if isinstance(scalar, Outcome):
            return scalar
        if not self.worlds.has_vectors:  # no other numbers
            return False
        vector = self._screen(sizes=True)
        if isinstance(vector, Outcome) and vector.kind == "different":
            return vector
        return isinstance(vector, Outcome)

    def differs(self, sizes: bool = False, quick: bool = False) -> bool:
        """Whether values differ, nothing else; also True where nothing has a value.

        A `quick` answer comes from one world at the first T's.
        """
        return self._screen(sizes, 1 if quick else SEEDS) is not None

    # -- values -----------------------------------------------------------------------------------

    def _screen(self, sizes: bool, seeds: int = SEEDS, witness: bool = True) -> Outcome | None:
        """None where the values agree; else how they differ, or why there are none."""
        tried, reason = False, ""
        for horizon, seed, letters in self._trials(seeds):
            try:
                numbers = self.worlds.numbers(horizon, seed, sizes, self.interval)
                left = numbers.value(self.left, letters)
                right = numbers.value(self.right, letters)
                if differ(left, right):
                    return Outcome("different", at=letters, seed=seed, sizes=sizes)
                self.zero = self.zero and _vanishes(left) and _vanishes(right)
                tried = True
            except Misfit as error:
                return Outcome("unknown", scalars=True, reason=error.sentence)
            except NoNumber as error:
                reason = error.sentence
            except DeriveError as error:
                return Outcome("unknown", reason=error.sentence)
        return None if tried else Outcome("unknown", reason=reason or "it has no value")

    def _trials(self, seeds: int) -> Iterator[tuple[int, int, Letters]]:
        for horizon, instances in self.range.instances[:MOST_HORIZONS]:
            for seed in range(seeds):
                for letters in instances[:MOST_INSTANCES]:
                    yield horizon, seed, letters

    def counterexample(self, outcome: Outcome) -> Counterexample | None:
        """The numbers for which the two sides differ, those that do not matter left out."""
        if outcome.at is None:
            return None
        letters, horizon = outcome.at, outcome.at[HORIZON].shift
        numbers = self.worlds.fresh(horizon, outcome.seed, outcome.sizes, self.interval)
        left = numbers.value(self.left, letters)
        right = numbers.value(self.right, letters)
        values = [(a, str(letters[a].shift)) for a in self.range.letters if a in letters]
        idle = self._idle(numbers, (left, right), letters)
        values += _shown_values(numbers, idle)
        timeless = not self.resolver.model.steps
        shown = number_text(left), number_text(right)
        return Counterexample(None if timeless else horizon, tuple(values), *shown)

    def _idle(
        self, numbers: Numbers, sides: tuple[Matrix, Matrix], letters: Letters
    ) -> frozenset[Expr]:
        """The values that were looked at but do not matter: with another one both sides stay."""
        found = []
        for node in [n for n in numbers.used if isinstance(n, Variable)][:MOST_IDLE]:
            key = (numbers.horizon, numbers.seed, numbers.sizes, numbers.interval)
            other = self.worlds.fresh(*key)
            other.override = {node: numbers.used[node] + 1}
            try:
                again = tuple(other.value(side, letters) for side in (self.left, self.right))
            except DeriveError:
                continue
            if not any(differ(a, b) for a, b in zip(sides, again, strict=True)):
                found.append(node)
        return frozenset(found)

    # -- proofs -----------------------------------------------------------------------------------

    def _proof(self, scalars: bool) -> Outcome:
        for commuting in (True,) if scalars else (False, True):
            try:
                if self._by_words(commuting):
                    return Outcome("equal", scalars=scalars or commuting, zero=self.zero)
                reason = "the two sides have different forms, though their values agree"
            except NoForm as error:
                reason = str(error)
            except TooLarge:
                reason = "the products are too many to write out"
            except DeriveError as error:
                reason = error.sentence
            except RecursionError:
                reason = "the formula is too deep"
            if self._closed():
                break
        return Outcome("tested", scalars=scalars, zero=self.zero, reason=reason)

    def _closed(self) -> bool:
        """Whether nothing in the line is abstract, so that everything commutes anyway."""
        return not any(d.is_abstract for d in self.resolver.model.definitions)

    def _by_words(self, commuting: bool) -> bool:
        if self._timeless() or self.range.fixed:
            return any(self._normal(commuting, opened) for opened in (False, True))
        reasons: list[str] = []
        left, right = turned(self.left, self.right, commuting)
        for opened in ("", "step", "all"):
            try:
                if equal_for_every_horizon(
                    self.resolver, left, right, self.range, commuting, opened
                ):
                    return True
            except NoForm as error:
                reasons.append(str(error))
        if reasons:
            raise NoForm(reasons[0])
        return False

    def _timeless(self) -> bool:
        """Whether no step is involved, so that T does not matter."""
        if any(isinstance(x, BigSum | BigProduct) for e in self._sides() for x in walk(e)):
            return False
        if any(free_letters(e) for e in self._sides()):
            return False
        graph = self.worlds.graph(self.range.least)
        return not any(
            v.time is not None or any(u.time is not None for u in _above(graph, v))
            for e in self._sides()
            for v in _nodes(e)
        )

    def _normal(self, commuting: bool, opened: bool) -> bool:
        for horizon, instances in self.range.instances[:1]:
            normal = Normal(self.resolver.context, self.worlds.graph(horizon), commuting, opened)
            left, right = turned(self.left, self.right, commuting)
            for letters in instances:
                if not same(normal.of(left, letters), normal.of(right, letters)):
                    return False
        return True

    def _sides(self) -> tuple[Expr, Expr]:
        return self.left, self.right


def turned(left: Expr, right: Expr, commuting: bool) -> tuple[Expr, Expr]:
    """Two columns as the rows that they are the transposes of; numbers are their own transposes.

    Both sides are turned, and only where every transposition then goes away: rows are never taken for
    columns.
    """
    sides = left, right
    if not any(isinstance(x, Transpose) for side in sides for x in walk(side)):
        return sides
    if commuting:
        return _untransposed(left), _untransposed(right)
    flipped = transposed(left), transposed(right)
    if any(isinstance(x, Transpose) for side in flipped for x in walk(side)):
        raise NoForm("rows and columns in one line")
    return flipped


def _untransposed(expr: Expr) -> Expr:
    return _untransposed(expr.of) if isinstance(expr, Transpose) else rebuild(expr, _untransposed)


def _above(graph: Graph, v: Variable) -> frozenset[Variable]:
    return ancestors(graph, v) if v in graph.position else frozenset()


def _nodes(expr: Expr) -> Iterator[Variable]:
    for part in walk(expr):
        match part:
            case Variable():
                yield part
            case Total(of, by) | Immediate(of, by):
                yield from (of, by)


def _vanishes(value: Matrix) -> bool:
    return all(_is_zero(x) for row in value for x in row)


def _is_zero(x: Any) -> bool:
    return bool(x == 0) if isinstance(x, Fraction | int) else bool(x.a == 0 == x.b)


def number_text(value: Any, digits: int = 4) -> str:
    """A number, an interval's middle, or a matrix, whose entries have so many digits if not exact."""
    if isinstance(value, tuple):
        if len(value) == len(value[0]) == 1:
            return number_text(value[0][0])
        shown = [[number_text(x) for x in row] for row in value]
        rounded = any(text.startswith("≈") for row in shown for text in row)
        if rounded:
            shown = [[f"{float(getattr(x, 'mid', x)):.{digits}g}" for x in row] for row in value]
        return ("≈ " if rounded else "") + "[" + "; ".join(", ".join(row) for row in shown) + "]"
    if isinstance(value, Fraction | int):
        return str(value)
    if value.a == value.b and float(value.mid).is_integer():
        return str(int(value.mid))
    return f"≈ {float(value.mid):.6g}"


def _shown_values(numbers: Numbers, idle: frozenset[Expr]) -> list[tuple[str, str]]:
    """The numbers that were used, few enough to work with; edges that are no total get a plus."""
    found = []
    for node, value in list(numbers.used.items()):
        if node in idle:
            continue
        name: Expr = node
        if isinstance(node, Immediate):
            if node.by.time is not None or node.of.time is None:
                total = numbers.total(node.of, node.by)
                name = Total(node.of, node.by) if total == value else node
            value = value if not _single(value) else value[0][0]
        found.append((latex(name), number_text(value)))
    return found[:MOST_SHOWN] if len(found) > MOST_SHOWN + 6 else found


def _single(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == len(value[0]) == 1


def letters_of(found: Mapping[str, Time]) -> dict[str, int]:
    """Indices as plain numbers, T left out."""
    return {a: time.shift for a, time in found.items() if a != HORIZON}
