r"""Kronecker's \delta_{ij} beside errors \delta_j: two names with one letter, which indices tell apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from derive.notation import habits
from derive.notation.shapes_said import calls_delta_an_error
from derive.notation.slots import EQUAL, is_derivative, plain, single_name, split
from derive.text.page import Chain, Page, Prose, with_trees
from derive.text.trees import Fraction, Name, Node, Row, Table, walk, with_children

DELTA = "\\delta"
SAID = "\\delta with two indices is Kronecker's, and with one an error"
VALUES = ("0", "1")
_NAMED = re.compile(r"\bKronecker", re.IGNORECASE)


def with_kronecker(page: Page) -> tuple[Page, list[str]]:
    """A page that has a name of its own for Kronecker's delta beside others, and what is so supposed."""
    deltas = [n for c in page.chains for m in c.members for n in _deltas(m.tree)]
    pairs = [n for n in deltas if _is_pair(n)]
    if not pairs or not any(map(_has_one_index, deltas)) or calls_delta_an_error(page):
        return page, []
    made = [body for chain in page.chains if (body := _made(chain)) is not None]
    if not all(map(_is_of_kronecker, made)) or any(map(_is_another, page.chains)):
        return page, []
    named = any(isinstance(i, Prose) and _NAMED.search(i.text) for i in page.items)
    apart = with_trees(page, lambda row: tuple(map(_apart, row)))
    return apart, [] if named or made else [SAID]


def _deltas(tree: Row) -> Iterator[Name]:
    return (n for n in walk(tree) if isinstance(n, Name) and n.letter == DELTA and not n.primes)


def _is_pair(name: Name) -> bool:
    r"""Whether a \delta has two different letters below that count entries, and nothing else."""
    pieces = split(name).pieces
    counted = {
        p.letter
        for p in pieces
        if p.place == "below" and p.form in ("letter", "nested") and not p.moved
    }
    counted -= habits.TIME | habits.LAYER
    return len(pieces) == len(counted) == 2 and name.above is None and not name.accents


def _has_one_index(name: Name) -> bool:
    r"""Whether a \delta counts entries by one letter: \delta_j, \delta^{(l)}_j."""
    below = [p for p in split(name).pieces if p.place == "below" and p.letter not in habits.TIME]
    return len(below) == 1 and below[0].form in ("letter", "nested") and not name.accents[1:]


def _made(chain: Chain) -> Row | None:
    r"""What a formula makes a \delta_{ij}."""
    if len(chain.members) < 2 or chain.continues or chain.members[1].relation not in EQUAL:
        return None
    single = single_name(chain.members[0].tree)
    if single is None or single[0].letter != DELTA or not _is_pair(single[0]):
        return None
    return chain.members[1].tree


def _is_of_kronecker(body: Row) -> bool:
    """Whether a side is 1, 0, or by cases the one or the other."""
    tables = [n for n in walk(body) if isinstance(n, Table)]
    if not tables:
        return plain(body).strip(" ,.") in VALUES
    firsts = [plain(row[0]).strip(" ,.") for row in tables[0].rows if row and row[0]]
    return len(tables) == 1 and all(text[:1] in VALUES for text in firsts)


def _is_another(chain: Chain) -> bool:
    r"""Whether a \delta_{ij} is a side by itself beside a derivative, or stands in one."""
    alone = any(
        (single := single_name(m.tree)) is not None
        and single[0].letter == DELTA
        and _is_pair(single[0])
        for m in chain.members
    )
    slopes = [n for m in chain.members for n in walk(m.tree) if is_derivative(n)]
    inside = any(
        _is_pair(n)
        for s in slopes
        if isinstance(s, Fraction)
        for n in (*_deltas(s.above_line), *_deltas(s.below_line))
    )
    return inside or (alone and bool(slopes))


def _apart(node: Node) -> Node:
    if isinstance(node, Name) and node.letter == DELTA and _is_pair(node):
        return replace(node, letter=habits.KRONECKER)
    return with_children(node, lambda row: tuple(map(_apart, row)))
