"""Immediate derivatives of closed definitions: worked out once, at symbolic t, and then moved.

For a definition that is one application of an abstract function the immediate derivative has no
closed form: ∂f/∂h is the atom itself. The differentiation of closed formulas is SymPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from derive.algebra.expression import (
    ONE,
    ZERO,
    BigProduct,
    BigSum,
    Call,
    Expr,
    Time,
    Variable,
    add,
    free_letters,
    move,
    multiply,
    rebuild,
    replace,
    walk,
)
from derive.errors import DeriveError, located
from derive.model.calculus import Calculus, direction, identity
from derive.model.functions import SLOPE
from derive.model.graph import folded, written_out
from derive.model.recurrence import END, HORIZON, STEP, Definition, Recurrence, variables
from derive.model.scalars import slope
from derive.model.shapes import SCALAR, SOFTMAX, has_arrays, is_column, is_scalar
from derive.notation.latex import latex


@dataclass(frozen=True, slots=True)
class Occurrence:
    """(∂⁺A/∂`by`)ᵀ for one place where A's definition names `by`; inside a Σ, for each of its indices."""

    by: Variable
    value: Expr
    inside: BigSum | None = None


class Partials:
    """The closed immediate derivatives of one recurrence, as formulas; None where there is none.

    `by_table` has scalars differentiated by the table of primitives, too, which is quicker than SymPy and
    does not collect terms; what the table does not know is SymPy's all the same.
    """

    def __init__(self, recurrence: Recurrence, by_table: bool = False) -> None:
        self.recurrence = recurrence
        self._by_table = by_table
        self._steps = {d.target.name: d for d in recurrence.steps}
        self._shared = {d.target: d for d in recurrence.shared}
        self._closed = cache(self._closed_uncached)
        self._calculus = Calculus(recurrence.shapes)

    def __call__(self, of: Variable, by: Variable, horizon: Time = END) -> Expr | None:
        """∂⁺`of`/∂`by` as a closed formula, or None; `horizon` is T, symbolic or a number."""
        given = self._shared.get(of) or self._given(of, horizon)
        definition = given or self._steps[of.name]
        with located(definition.place):
            if of in self._shared:
                found = self._shared_partial(definition, by, horizon)
            elif given is not None:
                found = self._closed(given, by)
            else:
                found = self._step_partial(definition, of, by, horizon)
            return found and _folded(move(found, {HORIZON: horizon}))

    def _step_partial(
        self, definition: Definition, of: Variable, by: Variable, horizon: Time
    ) -> Expr | None:
        """The template's derivative by every variable of it that is `by` at this step, moved there."""
        assert of.time is not None
        letters = {STEP: of.time, HORIZON: horizon}
        if _has_big(definition.body):
            return self._of_written_out(definition, of, by, letters)
        same = [v for v in dict.fromkeys(variables(definition.body)) if move(v, letters) == by]
        found = [self._closed(definition, v) for v in same]
        if any(part is None for part in found):
            return None
        return move(add(part for part in found if part is not None), {STEP: of.time})

    def _of_written_out(
        self, definition: Definition, of: Variable, by: Variable, letters: Mapping[str, Time]
    ) -> Expr | None:
        """A Σ or Π inside a step is differentiated where its range is a range of numbers."""
        body = move(definition.body, letters)
        if definition.is_abstract or free_letters(body):
            return None
        return self._differentiate(written_out(body), by, of)

    def _given(self, of: Variable, horizon: Time) -> Definition | None:
        """The definition of `of` for its own time alone, such as h_0 or, at a given T, b_{T+1}."""
        letters = {HORIZON: horizon}
        for d in self.recurrence.fixed:
            if of == d.target or of == move(d.target, letters):
                return Definition(d.target, move(d.body, letters), d.place, d.source)
        return None

    def _closed_uncached(self, definition: Definition, by: Variable) -> Expr | None:
        body = definition.body
        if definition.is_abstract or _has_big(body):
            return None
        return self._differentiate(body, by, definition.target)

    def _shared_partial(self, definition: Definition, by: Variable, horizon: Time) -> Expr | None:
        """A Σ inside a cost is differentiated by its own term: ∂/∂L_s Σ_t L_t is 1."""
        body = definition.body
        sums = [p for p in walk(body) if isinstance(p, BigSum)]
        nested = any(isinstance(p, BigSum | BigProduct) for s in sums for p in walk(s.body))
        if definition.is_abstract or nested or any(isinstance(p, BigProduct) for p in walk(body)):
            return None
        if self._is_matrix(by):
            return None
        names = {s: Variable(f"\\Sigma_{{{i}}}") for i, s in enumerate(sums)}
        outside = replace(body, {big: name for big, name in names.items()})
        general = by.time is not None and any(a != HORIZON for a, _ in by.time.letters)
        if general and not self._whole(by, outside, sums):
            return None
        parts = [self._slope(move(outside, {HORIZON: horizon}), by)]
        for big, name in names.items():
            inner = add(_matching(big, by, horizon, self._slope))
            parts.append(multiply((self._slope(outside, name), inner)))
        back: dict[Expr, Expr] = {name: big for big, name in names.items()}
        return move(replace(add(parts), back), {HORIZON: horizon})

    def occurrences(self, of: Variable) -> tuple[Occurrence, ...]:
        """∂⁺`of`, a number without time, by the variables of the steps, place by place, shaped like them.

        Where a Σ runs over some of the steps, or names a step and the one before, no single formula
        says what `of` takes from step t; these do. Raises DeriveError where there is no closed form.
        """
        definition = self._shared[of]
        body = definition.body
        sums = [p for p in walk(body) if isinstance(p, BigSum)]
        nested = any(isinstance(p, BigSum | BigProduct) for s in sums for p in walk(s.body))
        closed = not definition.is_abstract and not any(
            isinstance(p, BigProduct) for p in walk(body)
        )
        numbers = all(is_scalar(self._calculus.shape(p)) for p in (body, *sums))
        if nested or not closed or not numbers:
            raise DeriveError(
                f"{latex(of)} is no sum of numbers, each of fixed steps", definition.place
            )
        names = {s: Variable(f"\\Sigma_{{{i}}}") for i, s in enumerate(sums)}
        outside = replace(body, {big: name for big, name in names.items()})
        found = [Occurrence(v, self._column(outside, v, ONE)) for v in self._stepwise(outside)]
        for big, name in names.items():
            outer = self._slope(outside, name)
            found += [
                Occurrence(v, self._column(big.body, v, outer), big)
                for v in self._stepwise(big.body)
            ]
        back: dict[Expr, Expr] = {name: big for big, name in names.items()}
        return tuple(Occurrence(o.by, replace(o.value, back), o.inside) for o in found)

    def _stepwise(self, body: Expr) -> list[Variable]:
        steps = self.recurrence.stepwise
        return [v for v in dict.fromkeys(variables(body)) if v.time and v.name in steps]

    def _column(self, body: Expr, by: Variable, outer: Expr) -> Expr:
        """outer · ∂body/∂by for numbers `body` and `outer`, shaped like `by`."""
        if self._is_matrix(by):
            return self._calculus.gradient(body, by, outer, None)
        return self._calculus.turned_times(self._slope(body, by), outer)

    def _is_matrix(self, by: Variable) -> bool:
        return not is_column(self.recurrence.shapes.get(by.name, SCALAR))

    def _differentiate(self, body: Expr, by: Variable, name: Variable) -> Expr | None:
        """∂body/∂by; None by a matrix, which has no closed form as a Jacobian."""
        if by in set(variables(body)) and (self._is_matrix(by) or self._is_matrix(name)):
            return None
        return self._slope(body, by, name)

    def _slope(self, body: Expr, by: Variable, name: Variable | None = None) -> Expr:
        """By the table of primitives where a vector is about; among scalars by `scalars`, or SymPy."""
        shapes = self.recurrence.shapes
        used = set(variables(body))
        plain = all(is_scalar(shapes.get(v.name, SCALAR)) for v in used) and not has_arrays(body)
        if self._by_table and plain and by in used and body != by:
            try:
                return self._calculus.jacobian(body, by, name if _has_value(body) else None)
            except DeriveError:
                return _differentiate(body, by, name)
        if by not in used or plain:
            return _differentiate(body, by, name)
        if body == by:
            return identity(shapes[by.name][0])
        return self._calculus.jacobian(body, by, name if _has_value(body) else None)

    def product(self, factors: Sequence[Expr]) -> Expr:
        """The product, scalars first and identities dropped where the model has shapes."""
        return self._calculus.product(factors) if self.recurrence.shapes else multiply(factors)

    def forward(self, of: Variable, by: Variable, horizon: Time) -> Expr | None:
        """∂⁺of/∂by · vec(Ẇ) for a matrix W = by: the change of `of` when W changes by Ẇ."""
        body = self._body(of, horizon)
        if body is None:
            return None
        name = of if _has_value(body) else None
        return self._calculus.forward(body, by, direction(by), name)

    def transposed(self, of: Variable, by: Variable, row: Expr, horizon: Time) -> Expr | None:
        """row · ∂⁺of/∂by for a matrix `by`, in numerator layout: of the transposed shape of `by`."""
        body = self._body(of, horizon)
        if body is None:
            return None
        name = of if _has_value(body) else None
        return self._calculus.transposed(body, by, row, name)

    def gradient(self, of: Variable, by: Variable, column: Expr, horizon: Time) -> Expr | None:
        """(∂⁺of/∂by)ᵀ column, in gradient layout: shaped like `by`."""
        if not self._is_matrix(of) and not self._is_matrix(by):
            jacobian = self(of, by, horizon)
            return jacobian and self._calculus.turned_times(jacobian, column)
        body = self._body(of, horizon)
        if body is None:
            return None
        name = of if _has_value(body) else None
        return self._calculus.gradient(body, by, column, name)

    def _body(self, of: Variable, horizon: Time) -> Expr | None:
        """The closed definition of `of` at its time; None for an abstract function."""
        found = self._shared.get(of) or self._given(of, horizon)
        letters = {HORIZON: horizon}
        if found is None:
            assert of.time is not None
            found, letters = self._steps[of.name], {STEP: of.time, HORIZON: horizon}
        return None if found.is_abstract else move(found.body, letters)

    def _whole(self, by: Variable, outside: Expr, sums: list[BigSum]) -> bool:
        """Whether one formula serves for `by` at every step."""
        alone = not any(v.name == by.name and v.time for v in variables(outside))
        own = [s for s in sums if any(v.name == by.name for v in variables(s.body))]
        plain = all(
            s.lower == Time.at(1)
            and s.upper == END
            and all(v.time == Time.of(s.index) for v in variables(s.body) if v.name == by.name)
            for s in own
        )
        return alone and plain and bool(own)


def _folded(expr: Expr) -> Expr:
    return folded(rebuild(expr, _folded))


def _has_big(expr: Expr) -> bool:
    return any(isinstance(part, BigSum | BigProduct) for part in walk(expr))


def _matching(
    big: BigSum, by: Variable, horizon: Time, slope: Callable[[Expr, Variable], Expr]
) -> Iterator[Expr]:
    """The derivative of a Σ by one variable: one term for each index that names it."""
    if by.time is None:
        yield _each_index(big, slope(big.body, by))
        return
    letters = {HORIZON: horizon}
    low, high = big.lower.replace(letters), big.upper.replace(letters)
    for v in dict.fromkeys(v for v in variables(big.body) if v.name == by.name):
        assert v.time is not None
        time = v.time.replace(letters)
        count = dict(time.letters).get(big.index, 0)
        if count == 0:
            if time == by.time:
                yield _each_index(big, slope(big.body, v))
            continue
        apart = by.time - (time - Time(((big.index, count),)))
        index = _divided(apart, count)
        if index is None or _outside(index, low, high):
            continue
        yield move(slope(big.body, v), {big.index: index})


def _each_index(big: BigSum, body: Expr) -> Expr:
    return BigSum(big.index, big.lower, big.upper, body) if body != ZERO else ZERO


def _divided(time: Time, count: int) -> Time | None:
    """`time` / `count`, where that is an index."""
    if any(n % count for n in (time.shift, *(n for _, n in time.letters))):
        return None
    return Time(tuple((a, n // count) for a, n in time.letters), time.shift // count)


def _outside(index: Time, low: Time, high: Time) -> bool:
    below, above = index - low, high - index
    return (below.is_number and below.shift < 0) or (above.is_number and above.shift < 0)


def _differentiate(body: Expr, by: Variable, name: Variable | None = None) -> Expr:
    """∂body/∂by; with h = tanh(a) named h, the slope is written 1 - h², as the field does."""
    if by not in set(variables(body)):
        return ZERO
    if body == by:
        return ONE
    named = name if _has_value(body) else None
    found = slope(body, by, named)
    if found is not None:
        return found
    from derive.model.symbols import derivative

    return derivative(body, by, named)


def _has_value(body: Expr) -> bool:
    """Whether the slope of a body is written with the body's own value, as 1 - h²."""
    return isinstance(body, Call) and (body.function in SLOPE or body.function == SOFTMAX)
