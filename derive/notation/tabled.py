r"""Entries that a page numbers and writes out as a matrix, \begin{bmatrix} p_{11} & p_{12} \\ p_{21} & p_{22} \end{bmatrix}: p_{12} has two indices.

Elsewhere a number below a letter may be a part of its name, and 12 one number; where such a matrix stands neither is.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from derive.notation.slots import Piece, Split, bare, split
from derive.text.page import Chain
from derive.text.trees import Group, Name, Node, Number, Row, Table, walk

LEAST = 2


def tabled_names(chains: Iterable[Chain]) -> frozenset[str]:
    """The names whose entries stand in a matrix, each in its place."""
    return frozenset(
        bare(name)
        for chain in chains
        for member in chain.members
        for node in walk(member.tree)
        if isinstance(node, Table)
        for name in (entries_in(node),)
        if name is not None
    )


def entries_in(node: Table) -> Name | None:
    """The first entry of a matrix of entries in their places; None for any other."""
    rows = [r for r in node.rows if any(r)]
    if node.kind == "cases" or len(rows) < LEAST or any(len(r) != len(rows[0]) for r in rows):
        return None
    if len(rows[0]) < LEAST:
        return None
    names = {bare(n) for n in _names(rows)}
    plain = all(
        len(cell) == 1 and isinstance(cell[0], Name) and _numbers(cell[0]) == (i, j)
        for i, row in enumerate(rows, 1)
        for j, cell in enumerate(row, 1)
    )
    first = rows[0][0][0] if plain and len(names) == 1 else None
    return first if isinstance(first, Name) else None


def matrix_alone(row: Row) -> Table | None:
    """The matrix that is all of a row, with or without brackets around it."""
    node: Node | None = row[0] if len(row) == 1 else None
    if isinstance(node, Group) and node.above is None and node.below is None:
        return matrix_alone(node.inside)
    plain = isinstance(node, Table) and node.above is None and node.below is None
    return node if plain and isinstance(node, Table) else None


def taken_apart(found: Split) -> Split:
    """A name with the digits 1 and 2 of p_{12} as two indices."""
    return replace(found, pieces=tuple(q for p in found.pieces for q in _digits(p)))


def _digits(piece: Piece) -> Iterator[Piece]:
    (node,) = piece.row if len(piece.row) == 1 else (None,)
    if piece.place != "below" or not isinstance(node, Number) or len(node.text) != LEAST:
        yield piece
        return
    for at, digit in enumerate(node.text):
        own = replace(node, start=node.start + at, end=node.start + at + 1, text=digit)
        yield replace(piece, row=(own,), run=1, beside=True)


def _numbers(name: Name) -> tuple[int, ...]:
    """The two numbers below a name."""
    below = [p for p in taken_apart(split(name)).pieces if p.place == "below"]
    texts = [p.row[0].text for p in below if p.form == "number" and isinstance(p.row[0], Number)]
    whole = len(texts) == len(below) and all(t.isdigit() for t in texts)
    return tuple(map(int, texts)) if whole else ()


def _names(rows: Sequence[Sequence[Row]]) -> Iterator[Name]:
    for row in rows:
        for cell in row:
            yield from (n for n in cell if isinstance(n, Name))
