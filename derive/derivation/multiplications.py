"""How many multiplications a formula takes, as it stands: a polynomial in the sizes of its parts.

A product of numbers counts as one multiplication, and so does a division; x^3 counts as two. A factor
that the formula itself shows to be 0, 1 or -1 costs nothing: the identity, the zeros beside a
diagonal, the unit directions in which a matrix is varied. Elementary functions are not counted.
Products of matrices are worked out in the order in which `derive code` writes them: from the right,
and what stands before a last row, as in u hᵀ, first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from derive.algebra.expression import (
    BigSum,
    Call,
    Derivative,
    Expr,
    Gradient,
    Hadamard,
    Index,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Transpose,
    Variable,
)
from derive.algebra.polynomial import ONE, ZERO, Polynomial, total
from derive.errors import DeriveError
from derive.model.calculus import constants, identity
from derive.model.functions import SLOPE
from derive.model.shapes import (
    DIAGONAL,
    ONES,
    SCALAR,
    SOFTMAX,
    TRACE,
    Dimension,
    Shape,
    Shapes,
    is_literal,
)
from derive.notation.latex import CONCATENATION, NORM, latex


@dataclass(frozen=True, slots=True)
class Form:
    """What a formula shows of a matrix: its size, and which of its entries are no zeros.

    `kind` is "diagonal", "selection" (the blocks [0; I; 0] and their transposes) or "block": then all
    entries in `high` rows and `wide` columns are numbers. A `unit` form has only entries 0, 1 and -1.
    `moving` says that it depends on the direction in which a matrix is varied.
    """

    rows: Polynomial
    columns: Polynomial
    high: Polynomial
    wide: Polynomial
    kind: str = "block"
    unit: bool = False
    moving: bool = False

    @property
    def count(self) -> Polynomial:
        """How many entries are neither 0 nor, in a unit form, 1 or -1."""
        if self.unit:
            return ZERO
        return self.rows if self.kind == "diagonal" else self.high * self.wide

    @property
    def is_scalar(self) -> bool:
        return self.rows == ONE == self.columns

    @property
    def is_tall(self) -> bool:
        """Of a selection: whether it is [0; I; 0], which leaves rows of zeros."""
        return self.wide == self.columns

    @property
    def turned(self) -> Form:
        return replace(self, rows=self.columns, columns=self.rows, high=self.wide, wide=self.high)


def full(rows: Polynomial, columns: Polynomial) -> Form:
    """A matrix of numbers."""
    return Form(rows, columns, rows, columns)


def moving(form: Form) -> Form:
    """The same, of something that depends on the direction."""
    return replace(form, moving=True)


def size(dimension: Dimension) -> Polynomial:
    """A dimension, such as n + d, as a polynomial."""
    letters = (Polynomial.letter(a) * n for a, n in dimension.letters)
    return total((*letters, Polynomial.of(dimension.shift)))


SCALAR_FORM = full(ONE, ONE)


class Multiplications:
    """Counts in a model with `shapes`; `once` and `each` add up over all that is asked.

    `each` is what one direction of those in `moving` costs, `once` what does not depend on it.
    """

    def __init__(self, shapes: Shapes, forms: Mapping[Expr, Form] | None = None) -> None:
        self.shapes = {**constants(shapes), **shapes}
        self._constants = constants(shapes)
        self.forms = forms or {}
        self.once = self.each = ZERO

    def __call__(self, expr: Expr) -> Form:
        """The form of `expr`; what it takes is added to `once` and `each`."""
        if expr in self.forms:
            return self.forms[expr]
        match expr:
            case Number(value):
                return replace(SCALAR_FORM, unit=abs(value) in (0, 1))
            case Index():
                return SCALAR_FORM
            case Variable(name):
                return self._variable(name)
            case Gradient(_, by) | Derivative(by=by):
                return self._variable(by.name)
            case Sum(terms):
                return self._sum([self(t) for t in terms if not is_literal(t)] or [SCALAR_FORM])
            case Product(factors):
                return self._product(factors)
            case Hadamard(factors):
                return reduce(self._entrywise, map(self, factors))
            case Transpose(of):
                return self(of).turned
            case Quotient(a, b):
                return self._quotient(self(a), self(b), is_literal(a), is_literal(b))
            case Power(Call(function, (inside,)), Number(value)) if function == NORM and value == 2:
                return self._take(self(inside).count, SCALAR_FORM)
            case Power(base, exponent):
                return self._power(self(base), exponent)
            case BigSum():
                return self._summed(expr)
            case Call(function, arguments):
                return self._call(function, [self(a) for a in arguments])
            case _:
                raise DeriveError(f"{latex(expr)} has no closed form to count")

    def _take(self, cost: Polynomial, result: Form) -> Form:
        if result.moving:
            self.each += cost
        else:
            self.once += cost
        return result

    def _variable(self, name: str) -> Form:
        rows, columns = (size(a) for a in self.shapes.get(name, SCALAR))
        form = full(rows, columns)
        if name == ONES:
            return replace(form, unit=True)
        if name in self._constants:
            if name == identity(self._constants[name][0]).name:
                return replace(form, kind="diagonal", unit=True)
            return replace(form, high=ZERO, wide=ZERO, unit=True)
        return form

    def _sum(self, forms: Sequence[Form]) -> Form:
        arrays = [f for f in forms if not f.is_scalar] or forms
        moving = any(f.moving for f in forms)
        if all(f.kind == "diagonal" for f in arrays):
            return replace(arrays[0], unit=False, moving=moving)
        parts = [f for f in arrays if f.high != ZERO] or arrays
        same = all((f.high, f.wide) == (parts[0].high, parts[0].wide) for f in parts)
        if same and len(parts) == 1:
            return replace(parts[0], moving=moving)
        form = full(parts[0].rows, parts[0].columns)
        return replace(
            form,
            high=parts[0].high if same else form.high,
            wide=parts[0].wide if same else form.wide,
            moving=moving,
        )

    def _product(self, factors: Sequence[Expr]) -> Form:
        """Scalars, a row times a column among them, times the chain of arrays that is left."""
        result: Form | None = None
        for group in self._groups(factors):
            form = self._chain(group)
            result = form if result is None else self._times(result, form)
        assert result is not None
        return result

    def _groups(self, factors: Sequence[Expr]) -> list[list[Expr]]:
        groups: list[list[Expr]] = []
        chain: list[Expr] = []
        for factor in factors:
            rows, columns = self._size(factor)
            if rows == ONE == columns:
                groups.append([factor])
                continue
            chain.append(factor)
            if len(chain) > 1 and self._size(chain[0])[0] == ONE == columns:
                groups.append(chain)
                chain = []
        return [*groups, chain] if chain else groups

    def _size(self, expr: Expr) -> tuple[Polynomial, Polynomial]:
        """The rows and columns of a formula, uncounted."""
        form = Multiplications(self.shapes, self.forms)(expr)
        return form.rows, form.columns

    def _chain(self, chain: Sequence[Expr]) -> Form:
        *rest, last = chain
        if rest and isinstance(last, Transpose):
            left = self._chain(rest)
            return self._times(left, self(last))
        result = self(last)
        for factor in reversed(rest):
            result = self._times(self(factor), result)
        return result

    def _times(self, a: Form, b: Form) -> Form:
        """The product of two matrices, or of a number and a matrix."""
        moving = a.moving or b.moving
        if a.is_scalar or b.is_scalar:
            other, by = (b, a) if a.is_scalar else (a, b)
            if by.unit:
                return replace(other, moving=moving)
            return self._take(other.count, replace(other, unit=False, moving=moving))
        if "diagonal" in (a.kind, b.kind):
            by, other = (a, b) if a.kind == "diagonal" else (b, a)
            if by.unit:
                return replace(other, moving=moving)
            kind = "diagonal" if other.kind == "diagonal" else "block"
            return self._take(other.count, replace(other, kind=kind, unit=False, moving=moving))
        result = Form(a.rows, b.columns, a.high, b.wide, "block", moving=moving)
        if ZERO in (a.high, b.high):
            return replace(result, high=ZERO, wide=ZERO, unit=True)
        if a.kind == "selection":
            every = not a.is_tall and b.high == b.rows
            return replace(result, high=a.rows if every else b.high, unit=b.unit)
        if b.kind == "selection":
            every = b.is_tall and a.wide == a.columns
            return replace(result, wide=b.columns if every else a.wide, unit=a.unit)
        length = b.high if a.wide == a.columns else a.wide
        if a.unit or b.unit:
            return replace(result, unit=a.unit and b.unit and length == ONE)
        return self._take(a.high * length * b.wide, result)

    def _entrywise(self, a: Form, b: Form) -> Form:
        if a.is_scalar or b.is_scalar:
            return self._times(a, b)
        less = b if (a.high, a.wide) == (a.rows, a.columns) else a
        result = replace(less, unit=a.unit and b.unit, moving=a.moving or b.moving)
        return result if a.unit or b.unit else self._take(less.count, result)

    def _quotient(self, a: Form, b: Form, number_above: bool, number_below: bool) -> Form:
        moving = a.moving or b.moving
        if number_above and number_below:
            return replace(SCALAR_FORM, unit=False)
        result = replace(b if number_above else a, unit=False, moving=moving)
        return self._take(result.count, result)

    def _power(self, base: Form, exponent: Expr) -> Form:
        """x^k by k - 1 multiplications, a division for a negative k; another power is a function."""
        result = replace(base, unit=False)
        if not isinstance(exponent, Number) or exponent.value.denominator != 1:
            return result
        k = int(exponent.value)
        return self._take(result.count * (k - 1 if k > 0 else -k), result)

    def _summed(self, big: BigSum) -> Form:
        """A Σ, each term like the first; a symbolic range is one term."""
        inner = Multiplications(self.shapes, self.forms)
        form = inner(big.body)
        apart = big.upper - big.lower
        times = apart.shift + 1 if apart.is_number else 1
        self.once += inner.once * times
        self.each += inner.each * times
        return form

    def _call(self, function: str, forms: Sequence[Form]) -> Form:
        """Functions are no multiplications; the squares of a norm are."""
        (first, *_) = forms
        if function == NORM:
            return self._take(first.count, SCALAR_FORM)
        if function == TRACE:
            return replace(SCALAR_FORM, unit=first.unit, moving=first.moving)
        if function == DIAGONAL:
            form = full(first.rows, first.rows)
            return replace(form, kind="diagonal", unit=first.unit, moving=first.moving)
        if function == CONCATENATION:
            rows = total(f.rows for f in forms)
            form = replace(full(rows, first.columns), moving=any(f.moving for f in forms))
            if all(f.unit for f in forms) and any(f.high == ZERO for f in forms):
                high = total(f.high for f in forms)
                return replace(form, high=high, wide=high, kind="selection", unit=True)
            return form
        if function == SOFTMAX or function in SLOPE:
            return replace(full(first.rows, first.columns), moving=first.moving)
        return SCALAR_FORM


def shape_size(shape: Shape) -> Polynomial:
    """How many numbers a quantity of a shape has."""
    return size(shape[0]) * size(shape[1])
