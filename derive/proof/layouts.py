"""What was proved, as another layout writes it: each line transposed, its value checked once more.

Proofs are in numerator layout: ∂a/∂b has |a| rows, factors stand outer to inner. A = B says Aᵀ = Bᵀ, and
(AB)ᵀ = BᵀAᵀ; so no line has to be proved again. Denominator layout writes ∂a/∂b for what is (∂a/∂b)ᵀ
here: everything is transposed, factors stand inner to outer. Gradient layout writes ∇_x C for (∂C/∂x)ᵀ,
shaped like x, C the cost or another scalar, and transposes the lines that speak of one; Jacobians it
leaves as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from derive.algebra.expression import (
    BigSum,
    Call,
    Derivative,
    Equation,
    Expr,
    Gradient,
    Number,
    Product,
    Sum,
    Total,
    Transpose,
    Variable,
    add,
    factors_of,
    multiply,
    tidy_rebuild,
    walk,
)
from derive.model.calculus import constants, direction, identity
from derive.model.shapes import DIAGONAL, SCALAR, VEC, Shapes, is_column, is_scalar, shape_of
from derive.notation.latex import latex
from derive.proof.kernel import worlds_of
from derive.proof.rules import Unproved
from derive.proof.setting import Setting
from derive.proof.value import NoValue

NUMERATOR, GRADIENT, DENOMINATOR = LAYOUTS = ("numerator", "gradient", "denominator")


def written(setting: Setting, lines: Sequence[Expr], layout: str) -> tuple[Expr, ...]:
    """`lines`, which are equal in numerator layout, as `layout` writes them, all in one way.

    Raises Unproved where the transposition of a line has not the transposed value.
    """
    gradients = any(_is_gradient(setting, part) for line in lines for part in walk(line))
    if layout == NUMERATOR or (layout == GRADIENT and not gradients):
        return tuple(lines)
    return tuple(_named(setting, transposed(setting, line), layout) for line in lines)


def written_equation(setting: Setting, equation: Equation, layout: str) -> Equation:
    """An equation in numerator layout as `layout` writes it."""
    return Equation(*written(setting, (equation.left, equation.right), layout))


def transposed(setting: Setting, line: Expr) -> Expr:
    """`line`ᵀ, the factors of each product in the opposite order; Unproved if its value is another."""
    shapes = setting.recurrence.shapes
    turned = _Transposition(shapes)(line)
    try:
        alike = worlds_of(setting).agree(Transpose(line), turned)
    except NoValue as error:
        raise Unproved(f"the transpose of {latex(line)} has no value: {error}") from None
    if not alike:
        raise Unproved(f"{latex(turned)} is not the transpose of {latex(line)}")
    return turned


class _Transposition:
    """(A + B)ᵀ = Aᵀ + Bᵀ, (AB)ᵀ = BᵀAᵀ; scalars, diagonal matrices and identities stay."""

    def __init__(self, shapes: Shapes) -> None:
        moves = {direction(Variable(name)).name: shape for name, shape in shapes.items()}
        self.shapes: Shapes = {**moves, **constants(shapes), **shapes} if shapes else {}
        self._identities = {identity(size).name for shape in shapes.values() for size in shape}

    def __call__(self, expr: Expr) -> Expr:
        match expr:
            case Sum(terms) if not self._is_vector(expr):
                return add(map(self, terms))
            case BigSum(index, lower, upper, body):
                return BigSum(index, lower, upper, self(body))
            case Product():
                return self._product(factors_of(expr))
            case Derivative() | Gradient():
                return Transpose(expr)
            case Transpose(of):
                return of
            case _ if self._stays(expr):
                return expr
            case _:
                return Transpose(expr)

    def _product(self, factors: Sequence[Expr]) -> Expr:
        first = [f for f in factors if self._is_scalar(f)]
        rest = [self(f) for f in reversed(factors) if not self._is_scalar(f)]
        return multiply((*first, *rest))

    def _is_vector(self, expr: Expr) -> bool:
        """Whether this is a vector without a derivative in it, such as the o - y of (o - y)ᵀ."""
        return self._is_closed(expr) and is_column(shape_of(expr, self.shapes))

    def _is_closed(self, expr: Expr) -> bool:
        return not any(
            isinstance(part, Derivative | Gradient | BigSum)
            or (isinstance(part, Call) and part.function == VEC)
            for part in walk(expr)
        )

    def _is_scalar(self, expr: Expr) -> bool:
        """A number always; in a model with shapes whatever is known to be a scalar."""
        if not self.shapes:
            return isinstance(expr, Number)
        return self._is_closed(expr) and is_scalar(shape_of(expr, self.shapes))

    def _stays(self, expr: Expr) -> bool:
        if not self.shapes or self._is_scalar(expr):
            return True
        match expr:
            case Call(function, _):
                return function == DIAGONAL
            case Variable(name):
                return name in self._identities
            case _:
                return False


def _is_gradient(setting: Setting, part: Expr) -> bool:
    """Whether this is the derivative of a scalar: of the cost, or of what is declared to be one."""
    if not isinstance(part, Derivative):
        return False
    shapes = setting.recurrence.shapes
    of, by = (shapes.get(v.name, SCALAR) for v in (part.of, part.by))
    return part.of == setting.cost or (bool(shapes) and is_scalar(of) and not is_scalar(by))


def _is_one_number(setting: Setting, symbol: Derivative) -> bool:
    """Whether both ends are declared to be scalars."""
    shapes = setting.recurrence.shapes
    return bool(shapes) and all(
        is_scalar(shapes.get(v.name, SCALAR)) for v in (symbol.of, symbol.by)
    )


def _named(setting: Setting, line: Expr, layout: str) -> Expr:
    """A transposed line in the symbols of a layout."""
    match line:
        case Transpose(Derivative() as symbol) if layout == DENOMINATOR:
            return symbol
        case Transpose(Total(of, by) as symbol) if _is_gradient(setting, symbol):
            return Gradient(of, by)
        case Transpose(Derivative() as symbol) if _is_one_number(setting, symbol):
            return symbol
        case Transpose(Derivative()):
            return line
        case Derivative():
            raise Unproved(f"{latex(line)} is left in numerator layout")
        case _:
            return tidy_rebuild(line, lambda part: _named(setting, part, layout))
