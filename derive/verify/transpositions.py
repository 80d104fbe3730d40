"""x^T beside vectors: a transposition, or a power whose exponent is the horizon.

A vector, a matrix that is not square and vectors in brackets have no T-th power that anybody writes;
where the text has no steps there is no T at all. W^T of a square W may be both, and is unread.
"""

from __future__ import annotations

from derive.algebra.expression import (
    Expr,
    Index,
    Power,
    Transpose,
    Variable,
    Written,
    rebuild,
)
from derive.errors import DeriveError
from derive.model.recurrence import END
from derive.model.shapes import Shapes, is_capital, is_scalar
from derive.notation.claims import parts_of
from derive.notation.latex import latex


def turned(expr: Expr, shapes: Shapes, timeless: bool) -> Expr:
    """A formula with its transpositions told from its powers.

    `shapes` are those that are known; a lower-case letter with a time whose shape is not known is a
    vector. Raises DeriveError for what may be either.
    """

    def go(part: Expr) -> Expr:
        match part:
            case Power(base, exponent) if exponent == Index(END):
                return _power(go(base))
            case Written(of, by, mark, at, held):
                return Written(go(of), by, mark, at, held)
            case _:
                return rebuild(part, go)

    def _power(base: Expr) -> Expr:
        numbers = (v.name in shapes and is_scalar(shapes[v.name]) for v in _variables(base))
        if timeless or (not isinstance(base, Variable) and not all(numbers)):
            return Transpose(base)
        if not isinstance(base, Variable):
            return Power(base, Index(END))
        shape = shapes.get(base.name)
        if shape is not None and is_scalar(shape):
            return Power(base, Index(END))
        unknown = shape is None and (base.time is None or is_capital(base.name))
        if unknown or (shape is not None and shape[0] == shape[1]):
            shown = latex(base)
            raise DeriveError(f"{shown}^T may be a transposition or a power: write {shown}^\\top")
        return Transpose(base)

    return go(expr)


def _variables(expr: Expr) -> list[Variable]:
    return [part for part in parts_of(expr) if isinstance(part, Variable)]
