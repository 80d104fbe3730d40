r"""The change \Delta w of a quantity w: one name, where the page makes it, \Delta w_{ij} = -\eta \frac{\partial E}{\partial w_{ij}}.

A \Delta that stands for itself anywhere on the page, or before a bracket, is a factor, and stays one; so does a step that
nothing makes, the \Delta t of h_t = h_{t-1} + \Delta t f(h_{t-1}). A \delta that always stands before a name makes of it the
gradient by that name, \delta c_t as dc_t.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from derive.notation.slots import is_derivative, single_name
from derive.text.page import Page, with_trees
from derive.text.trees import Name, Node, Row, children, walk, with_children

DELTAS = ("\\Delta", "\\vartriangle", "\\triangle")
VARIATION = ("\\delta",)
ACCENT = "Delta"
_TOLD = re.compile(rf"\\{ACCENT}\{{((?:[^{{}}]|\{{[^{{}}]*\}})+)\}}")


def with_changes(page: Page) -> Page:
    r"""A page in which \Delta w is a name wherever it is said what it is."""
    rows = [m.tree for c in page.chains for m in c.members]
    for signs in (DELTAS, VARIATION):
        made = {
            own[0].letter
            for c in page.chains
            if len(c.members) > 1
            and _before_a_name(first := c.members[0].tree, signs)
            and (own := single_name(first[1:])) is not None
        }
        if made and not any(_stands_alone(row, signs) for row in rows):
            page = with_trees(page, partial(_in_row, made=made, signs=signs))
    return page


def as_changes(text: str) -> str:
    r"""Names of changes as they are told: \Delta w."""
    return _TOLD.sub(r"\\Delta \1", text)


def variations(page: Page) -> frozenset[str]:
    r"""The letters before which a \delta makes a gradient of them, as dc."""
    return frozenset(
        node.letter[1:]
        for chain in page.chains
        for member in chain.members
        for node in walk(member.tree)
        if isinstance(node, Name)
        and len(node.letter) == 2
        and page.source.text.startswith(VARIATION, node.start)
    )


def as_variations(text: str, letters: frozenset[str], sign: str = r"\delta ") -> str:
    r"""Their names as they are told, \delta c; "do not" are words."""
    if not letters:
        return text
    names = rf"(?<![a-zA-Z\\])d([{''.join(sorted(letters))}])(?![a-zA-Z]|\s+not\b)"
    return re.sub(names, lambda found: sign + found[1], text)


def is_change(row: Row) -> bool:
    r"""Whether a side begins with a \Delta w that has become a name."""
    first = row[0] if row else None
    return isinstance(first, Name) and ACCENT in first.accents


def _before_a_name(row: Row, signs: tuple[str, ...]) -> bool:
    r"""Whether a row begins with \Delta before a name."""
    return (
        len(row) > 1
        and _is_delta(row[0], signs)
        and isinstance(row[1], Name)
        and row[1].style != "op"
        and not _is_delta(row[1], signs)
    )


def _is_delta(node: Node, signs: tuple[str, ...]) -> bool:
    return isinstance(node, Name) and node.letter in signs


def _rows(row: Row) -> Iterator[Row]:
    r"""A row and all rows within its nodes; \frac{\delta E}{\delta w} has its own signs."""
    yield row
    for node in row:
        for inner in () if is_derivative(node) else children(node):
            yield from _rows(inner)


def _stands_alone(row: Row, signs: tuple[str, ...]) -> bool:
    r"""Whether a \Delta with something hanging on it, or before no name, stands in a row."""
    for own in _rows(row):
        for i, node in enumerate(own):
            if not _is_delta(node, signs):
                continue
            assert isinstance(node, Name)
            if node.below or node.above or node.primes or node.accents:
                return True
            if not _before_a_name(own[i:], signs):
                return True
    return False


def _is_made(name: Name, made: set[str], signs: tuple[str, ...]) -> bool:
    r"""Whether a \Delta or \delta before a name makes another name of it."""
    if signs == VARIATION:
        return len(name.letter) == 1 and name.letter.isascii() and not name.accents
    return name.letter in made


def _in_row(row: Row, made: set[str], signs: tuple[str, ...]) -> Row:
    found: list[Node] = []
    at = 0
    while at < len(row):
        node = row[at]
        name = row[at + 1] if _before_a_name(row[at:], signs) else None
        if isinstance(name, Name) and _is_made(name, made, signs):
            at += 1
            node = (
                replace(name, start=node.start, letter=f"d{name.letter}")
                if signs == VARIATION
                else replace(name, start=node.start, accents=(ACCENT, *name.accents))
            )
        own = is_derivative(node) and signs == VARIATION
        found.append(node if own else with_children(node, lambda r: _in_row(r, made, signs)))
        at += 1
    return tuple(found)
