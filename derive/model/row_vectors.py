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
from derive.model.shapes import has_arrays, is_capital
from derive.notation.grammar import Statement
from derive.notation.latex import REALS

if TYPE_CHECKING:
    from derive.model.recurrence import Definition, Remark


def as_columns(
    definitions: Sequence[Definition], statements: Sequence[Statement]
) -> tuple[tuple[Definition, ...], tuple[Remark, ...]]:
    """The definitions with W^⊤ h for h W, where the text has vectors, and what is said of it.

    Only a matrix that never stands left of anything is one that rows are multiplied by.
    """
    if not _shows_arrays(definitions, statements):
        return tuple(definitions), ()
    turned: dict[Variable, None] = {}
    before = {v for d in definitions for p in walk(d.body) for v in _left_matrices(p)}

    def change(expr: Expr) -> Expr:
        if not isinstance(expr, Product):
            return rebuild(expr, change)
        end = len(expr.factors)
        while end and _is_matrix(expr.factors[end - 1]):
            end -= 1
        matrices = expr.factors[end:]
        if not (end and matrices and _is_row(expr.factors[end - 1])) or before & set(matrices):
            return rebuild(expr, change)
        turned.update({m: None for m in matrices if isinstance(m, Variable)})
        turned_round = tuple(Transpose(m) for m in reversed(matrices))
        first = map(change, expr.factors[: end - 1])
        return Product((*first, *turned_round, change(expr.factors[end - 1])))

    found = tuple(replace(d, body=change(d.body)) for d in definitions)
    said = tuple(
        (
            "vectors stand as columns: what ",
            m,
            " multiplies from the right, ",
            m,
            "^⊤ does from the left",
        )
        for m in turned
    )
    return found, said


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
