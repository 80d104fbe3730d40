r"""The change \Delta w of a quantity w: one name, where the page makes it, \Delta w_{ij} = -\eta \frac{\partial E}{\partial w_{ij}}.

A \Delta that stands for itself anywhere on the page, or before a bracket, is a factor, and stays one; so does a step that
nothing makes, the \Delta t of h_t = h_{t-1} + \Delta t f(h_{t-1}). A \delta that always stands before a name makes of it the
gradient by that name, \delta c_t as dc_t.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from derive.notation.slots import is_derivative, single_name
from derive.text.page import Page, with_trees
from derive.text.trees import Name, Node, Row, children, with_children

DELTAS = ("\\Delta", "\\vartriangle", "\\triangle")
VARIATION = ("\\delta",)
ACCENT = "Delta"


def with_changes(page: Page) -> Page:
    r"""A page in which \Delta w is a name wherever it is said what it is."""
    rows = [m.tree for c in page.chains for m in c.members]
    for signs in (DELTAS, VARIATION):
        made = {
            own[0].letter
            for c in page.chains
            if len(c.members) > 1
            and _is_change(first := c.members[0].tree, signs)
            and (own := single_name(first[1:])) is not None
        }
        if made and not any(_stands_alone(row, signs) for row in rows):
            page = with_trees(page, partial(_in_row, made=made, signs=signs))
    return page


def _is_change(row: Row, signs: tuple[str, ...]) -> bool:
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
            if not _is_change(own[i:], signs):
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
        name = row[at + 1] if _is_change(row[at:], signs) else None
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
