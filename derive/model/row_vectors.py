"""Vectors that stand as rows, `h_{t-1} W + x_t U`, read as the columns that everything else here has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.expression import (
    Call,
    Expr,
    Hadamard,
    Product,
    Sum,
    Transpose,
    Variable,
    rebuild,
    walk,
)
from derive.errors import DeriveError
from derive.model.shapes import (
    Shapes,
    declared,
    has_arrays,
    is_capital,
    is_column,
    is_scalar,
    shape_of,
    shapes_of,
)
from derive.notation.grammar import Statement
from derive.notation.latex import REALS

if TYPE_CHECKING:
    from derive.model.recurrence import Definition, Remark


Shaped = tuple[tuple["Definition", ...], Shapes, tuple["Remark", ...]]


def with_shapes(
    definitions: Sequence[Definition], cost: Variable, statements: Sequence[Statement]
) -> Shaped:
    """The definitions with W^⊤ h for h W, where the text has vectors; all shapes; what is said of it.

    They are as they stand where a matrix stands left of a vector, where h W is what multiplies another
    factor, where h is a number, and where W^⊤ h fits nowhere.
    """
    plain = tuple(definitions)
    if not _shows_arrays(definitions, statements) or _has_left_matrices(definitions):
        return plain, shapes_of(plain, cost, statements), ()
    vectors = {Variable(n) for n, (shape, _) in declared(statements).items() if is_column(shape)}
    errors = []
    for kept in dict.fromkeys((frozenset[Expr](vectors), frozenset[Expr]())):
        try:
            return _turned(plain, cost, statements, kept)
        except DeriveError as error:
            errors.append(error)
    try:
        return plain, shapes_of(plain, cost, statements), ()
    except DeriveError:
        raise errors[0] from None


def _turned(
    plain: tuple[Definition, ...],
    cost: Variable,
    statements: Sequence[Statement],
    kept: frozenset[Expr],
) -> Shaped:
    """As `with_shapes`, with W^⊤ h for each h W but where h is a number, or W is `kept`."""
    while True:
        turning = _Turning(kept)
        found = tuple(replace(d, body=turning(d.body)) for d in plain)
        shapes = shapes_of(found, cost, statements)
        numbers = {m for m, row in turning.rows if is_scalar(shape_of(row, shapes))}
        if not numbers:
            return found, shapes, turning.said
        kept |= numbers


class _Turning:
    """Writes W^⊤ h for h W, but for the matrices that are `kept` where they stand."""

    def __init__(self, kept: frozenset[Expr]) -> None:
        self.kept = kept
        self.rows: dict[tuple[Expr, Expr], None] = {}  # each matrix with each vector left of it

    def __call__(self, expr: Expr) -> Expr:
        if not isinstance(expr, Product):
            return rebuild(expr, self)
        *first, last = expr.factors
        end = len(expr.factors)
        while end and _is_matrix(expr.factors[end - 1]):
            end -= 1
        matrices = expr.factors[end:]
        if not (end and matrices and _is_row(expr.factors[end - 1])) or self.kept & set(matrices):
            return Product((*map(self._as_factor, first), self(last)))
        row = expr.factors[end - 1]
        self.rows.update({(matrix, row): None for matrix in matrices})
        turned_round = tuple(Transpose(matrix) for matrix in reversed(matrices))
        return Product((*map(self._as_factor, expr.factors[: end - 1]), *turned_round, self(row)))

    def _as_factor(self, expr: Expr) -> Expr:
        """What multiplies something to its right: (x_t W) h is no vector times h."""
        return rebuild(expr, self._as_factor if isinstance(expr, Sum | Product) else self)

    @property
    def said(self) -> tuple[Remark, ...]:
        """A sentence for each matrix."""
        before, then = "vectors stand as columns: what ", " multiplies from the right, "
        turned = dict.fromkeys(matrix for matrix, _ in self.rows)
        return tuple((before, m, then, m, "^⊤ does from the left") for m in turned)


def _has_left_matrices(definitions: Sequence[Definition]) -> bool:
    return any(_left_matrices(part) for d in definitions for part in walk(d.body))


def _shows_arrays(definitions: Sequence[Definition], statements: Sequence[Statement]) -> bool:
    declared = any(
        isinstance(s.right, Call) and s.right.function == REALS and s.right.arguments
        for s in statements
        if s.relation == "in"
    )
    return declared or any(has_arrays(e) for d in definitions for e in (d.target, d.body))


def _is_matrix(expr: Expr) -> bool:
    return isinstance(expr, Variable) and expr.time is None and is_capital(expr.name)


def _is_row(expr: Expr) -> bool:
    """Whether a factor is a vector of a step: h_{t-1}, (h_{t-1} + x_t), r_t ⊙ h_{t-1}, σ(z_t)."""
    match expr:
        case Variable(name, time):
            return time is not None and not is_capital(name)
        case Sum(parts) | Hadamard(parts) | Call(_, parts):
            return any(_is_row(part) for part in parts)
        case _:
            return False


def _left_matrices(expr: Expr) -> set[Expr]:
    """The matrices of a product that multiply a vector to their right."""
    if not isinstance(expr, Product):
        return set()
    last = max((i for i, f in enumerate(expr.factors) if not _is_matrix(f)), default=0)
    return {f for f in expr.factors[:last] if _is_matrix(f)}
