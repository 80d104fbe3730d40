"""Matrices put together of blocks, [W, U], (b W), A above B; numbers that a text repeats over dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from derive.algebra.core import Core, Num, Stack, fresh, move
from derive.algebra.expression import Time
from derive.notation.setting import Unread
from derive.notation.shaped import Axis, Val, renamed
from derive.text.trees import Node, Number, Row

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator


def joined(e: Elaborator, values: Sequence[Val], node: Node, beside: bool = False) -> Val:
    """Blocks side by side, or below one another, as one matrix.

    A vector is a column beside a matrix, and a row below one; a number that is written out, 1 or 0, is
    a whole column or row of it. Raises Unread for another number and for arrays of three indices, Misfit
    where the sides differ.
    """
    if len(values) == 1:
        return values[0]
    if any(v.rank > 2 for v in values):
        raise Unread(node.start, "vectors and matrices in blocks")
    along, across = (1, 0) if beside else (0, 1)
    values = [renamed(v) for v in values]
    first = next(v for v in values if v.rank == 2)
    letter, shared = fresh(), first.axes[across]
    parts: list[tuple[str, str, Core]] = []
    for v in values:
        if v.rank == 0 and not isinstance(v.body, Num):
            raise Unread(node.start, "vectors and matrices in blocks")
        own = fresh()
        if v.rank == 0:
            parts.append((own, "1", v.body))
            continue
        side = v.axes[across] if v.rank == 2 else v.axes[0]
        e.dims.unify(side.dim, shared.dim)
        table = {side.letter: Time.of(shared.letter)}
        if v.rank == 2:
            table[v.axes[along].letter] = Time.of(own)
        dim = e.dims.find(v.axes[along].dim) if v.rank == 2 else "1"
        parts.append((own, dim, move(v.body, table)))
    axis = Axis(letter, "+".join(d for _, d, _ in parts))
    body = Stack(Time.of(letter), tuple(parts))
    return Val((shared, axis) if beside else (axis, shared), body)


def alike(e: Elaborator, rows: Sequence[Row]) -> Val | None:
    """1, 1, …, 1: one number over and over, as many times as its place needs; None for other entries."""
    numbers = {r[0].text for r in rows if len(r) == 1 and isinstance(r[0], Number)}
    if len(numbers) != 1 or any(len(r) != 1 or not isinstance(r[0], Number) for r in rows):
        return None
    value = e.row(rows[0])
    return Val((Axis(fresh(), fresh("dim")),), value.body) if e.setting.arrays else None
