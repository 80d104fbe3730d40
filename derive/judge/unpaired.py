"""Brackets without a partner, `E[(A e + w]`: what a formula may mean without one, or with its partner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from derive.text.trees import Fraction, Group, Name, Node, Root, Row, Sign

OPENING = {"(": ")", "[": "]"}
CLOSING = {b: a for a, b in OPENING.items()}
BETWEEN = frozenset(("+", "-", "=", ",", "\\pm"))
MOST_TRIED = 8
SAID = "with a partner for the bracket that has none"


def paired(row: Row) -> Iterator[Row]:
    """The rows that one with one bracket too many may be meant to be: without it where nothing is applied by it, and with a partner where a term ends."""  # noqa: E501
    if sum(1 for _ in _unpaired(row)) != 1:
        return
    for count, found in enumerate(_mended(row)):
        if count >= MOST_TRIED:
            return
        yield found


def _unpaired(row: Row) -> Iterator[Sign]:
    for node in row:
        if _is_stray(node):
            yield node  # type: ignore[misc]
        for inner in _rows(node):
            yield from _unpaired(inner)


def _is_stray(node: Node) -> bool:
    return isinstance(node, Sign) and (node.text in OPENING or node.text in CLOSING)


def _rows(node: Node) -> tuple[Row, ...]:
    """The rows in which a bracket would group: not those of scripts and tables."""
    if isinstance(node, Fraction):
        return (node.above_line, node.below_line)
    return (node.inside,) if isinstance(node, Group | Root) else ()


def _mended(row: Row) -> Iterator[Row]:
    for at, node in enumerate(row):
        if _is_stray(node):
            yield from _at(row, at)
            return
        for which, inner in enumerate(_rows(node)):
            for found in _mended(inner):
                yield (*row[:at], _with_row(node, which, found), *row[at + 1 :])


def _with_row(node: Any, which: int, row: Row) -> Node:
    if isinstance(node, Fraction):
        return replace(node, above_line=row) if which == 0 else replace(node, below_line=row)
    made: Node = replace(node, inside=row)
    return made


def _at(row: Row, at: int) -> Iterator[Row]:
    sign = row[at]
    assert isinstance(sign, Sign)
    before, behind = row[:at], row[at + 1 :]
    if sign.text in OPENING:
        applied = bool(before) and isinstance(before[-1], Name) and before[-1].end == sign.start
        if behind and before and not applied:
            yield (*before, *behind)
        elif behind and not before:
            yield behind
        ends = [len(behind), *(i for i, n in enumerate(behind) if i and _parts(n))]
        for end in ends:
            if behind[:end]:
                yield (*before, _group(sign.text, behind[:end], sign.start), *behind[end:])
    elif before:
        yield (*before, *behind)
        for start in (0, *(i + 1 for i, n in enumerate(before) if _parts(n))):
            if before[start:]:
                opening = CLOSING[sign.text]
                yield (*before[:start], _group(opening, before[start:], -1), *behind)


def _parts(node: Node) -> bool:
    return isinstance(node, Sign) and node.text in BETWEEN


def _group(opening: str, inside: Row, start: int) -> Group:
    first = inside[0].start if start < 0 else start
    return Group(first, inside[-1].end, opening, OPENING[opening], inside)
