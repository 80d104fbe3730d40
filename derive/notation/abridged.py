"""A definition that is repeated in part, z_t = W h_{t-1} + …: it names no other quantity than the whole one does."""  # noqa: E501

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from derive.notation.pieces import terms_of
from derive.text.spelled import spelled
from derive.text.trees import Node, Row, Sign
from derive.text.trees import walk as nodes

DOTS = "\\dots"
ENDS = (",", ".", ";")
ABRIDGED = "shows a part of what is defined"


def are_dots(row: Row) -> bool:
    """Whether a row is dots alone, with a comma perhaps."""
    return bool(row) and all(isinstance(n, Sign) and n.text in (DOTS, *ENDS) for n in row)


def has_dots(row: Row) -> bool:
    return any(isinstance(n, Sign) and n.text == DOTS for n in nodes(row))


def shows_part_of(short: Row, whole: Row) -> bool:
    """Whether a formula with dots in place of terms is another one, whose terms are written out."""
    if has_dots(whole):
        return False
    terms, signs = terms_of(_without_end(short))
    others, their = terms_of(_without_end(whole))
    shown = [(t, s) for t, s in zip(terms, signs, strict=True) if not are_dots(t)]
    left = list(zip(others, their, strict=True))
    if not shown or (len(shown) == len(terms) and len(shown) != len(left)):
        return False
    for term, sign in shown:
        same = next((o for o in left if o[1] == sign and _is_term(term, o[0])), None)
        if same is None:
            return False
        left.remove(same)
    return True


def _is_term(short: Row, whole: Row) -> bool:
    if not has_dots(short):
        return spelled(short) == spelled(whole)
    return len(short) == len(whole) and all(map(_is_node, short, whole))


def _is_node(short: Node, whole: Node) -> bool:
    if type(short) is not type(whole):
        return False
    if not has_dots((short,)):
        return spelled((short,)) == spelled((whole,))
    return all(
        _is_value(getattr(short, f.name), getattr(whole, f.name))
        for f in fields(short)
        if f.name not in ("start", "end")
    )


def _is_value(short: Any, whole: Any) -> bool:
    """Of two values of one field: rows may be shortened, anything else is the same."""
    if not _is_row(short):
        return bool(short == whole)
    if not _is_row(whole):
        return False
    return shows_part_of(short, whole) if has_dots(short) else spelled(short) == spelled(whole)


def _is_row(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(n, Node) for n in value)


def _without_end(row: Row) -> Row:
    found: Sequence[Node] = row
    while found and isinstance(found[-1], Sign) and found[-1].text in ENDS:
        found = found[:-1]
    return tuple(found)
