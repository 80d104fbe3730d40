r"""w_i beside W: z_i = w_i^T a and z = W^T a make the w_i the columns of W; z = W a makes them its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from derive.judge.scopes import line_said
from derive.notation import habits
from derive.notation.slots import EQUAL, Piece, single_name, split
from derive.text.page import Chain, Page, with_trees
from derive.text.trees import Group, Name, Node, Number, Row, Sign, walk, with_children

SAID = "{0}_i is the {1} i of {2}, and {0}_{{ij}} its entry in row i"
KINDS = ("row", "column")
DOTS = ("\\cdot", "*", "\\,")

Sort = tuple[str, str, tuple[str, ...]]
"""What tells names apart before their scripts: letter, style, accents."""


def with_lines(page: Page) -> tuple[Page, list[str]]:
    """A page that writes the lines of its matrices as parts of them, W_{:,i}, and what is so supposed."""
    found: dict[Sort, set[tuple[Sort, int]]] = {}
    for name, head, factor in _inner_products(page.chains):
        for matrix, whole, other in _products(page.chains):
            same = (head, factor) == (whole, other) and matrix.letter == name.letter.upper()
            if same and matrix.letter != name.letter:
                line = int(_is_transposed(matrix))
                found.setdefault(_sort(name), set()).add((_sort(matrix), line))
    lines = {sort: next(iter(seen)) for sort, seen in found.items() if len(seen) == 1}
    told = {sort: line_said(page, sort[0]) for sort in lines}
    lines = {sort: line for sort, line in lines.items() if told[sort] in (None, line[1])}
    if not lines:
        return page, []
    said = [
        SAID.format(sort[0], KINDS[line], matrix[0])
        for sort, (matrix, line) in lines.items()
        if told[sort] is None or line  # of a column i the w_{ij} may be the entry j
    ]
    return with_trees(page, lambda row: tuple(_written(n, lines) for n in row)), said


def _sort(name: Name) -> Sort:
    return name.letter, name.style, name.accents


def _inner_products(chains: tuple[Chain, ...]) -> Iterator[tuple[Name, str, Sort]]:
    """The w_i of each z_i = w_i^T a, with the letter z and what stands behind w_i."""
    for chain in chains:
        head = _head(chain)
        entry = _entry(head) if head is not None else ""
        if head is None or not entry:
            continue
        for first, second in _pairs(chain):
            small = first.letter.islower() and _is_transposed(first)
            if small and _entry(first) == entry and not _counted(second):
                yield first, head.letter, _sort(second)


def _products(chains: tuple[Chain, ...]) -> Iterator[tuple[Name, str, Sort]]:
    """The W of each z = W^T a or z = W a, with the letter z and what stands behind W."""
    for chain in chains:
        head = _head(chain)
        if head is None or _counted(head):
            continue
        for first, second in _pairs(chain):
            if first.letter.isupper() and not _counted(first) and not _counted(second):
                yield first, head.letter, _sort(second)


def _head(chain: Chain) -> Name | None:
    if len(chain.members) < 2 or chain.continues or chain.members[1].relation not in EQUAL:
        return None
    single = single_name(chain.members[0].tree)
    return single[0] if single is not None and single[1] is None else None


def _pairs(chain: Chain) -> Iterator[tuple[Name, Name]]:
    """The names of a chain that stand one behind another, dots of products left out."""
    for member in chain.members[1:]:
        rows = [member.tree, *(n.inside for n in walk(member.tree) if isinstance(n, Group))]
        for row in rows:
            factors = [n for n in row if not (isinstance(n, Sign) and n.text in DOTS)]
            for first, second in pairwise(factors):
                if isinstance(first, Name) and isinstance(second, Name):
                    yield first, second


def _is_transposed(name: Name) -> bool:
    return split(name).transposed or any(
        isinstance(n, Name) and n.letter == "T" for n in name.above or ()
    )


def _counted(name: Name) -> list[Piece]:
    """What counts entries or lines below a name."""
    apart = habits.TIME | habits.LAYER
    return [p for p in split(name).pieces if p.place == "below" and p.letter not in apart]


def _entry(name: Name) -> str:
    """The one letter below a name, where it counts entries or lines."""
    below = _counted(name)
    alone = len(below) == 1 and below[0].form == "letter" and not below[0].moved
    return below[0].letter if alone and len(name.below or ()) == 1 else ""


def _written(node: Node, lines: dict[Sort, tuple[Sort, int]]) -> Node:
    node = with_children(node, lambda row: tuple(_written(n, lines) for n in row))
    if not isinstance(node, Name) or node.below is None:
        return node
    known = lines.get(_sort(node))
    if known is not None and _is_line(node):
        (letter, style, accents), line = known
        whole: Row = (Sign(node.start, node.start, ":"),)
        rows: tuple[Row, ...] = (whole, node.below) if line else (node.below, whole)
    else:
        known = known or next((lines[s] for s in lines if _is_thin(node, s)), None)
        rows = _both(node.below)
        if known is None or not rows:
            return node
        (letter, style, accents), _ = known
    comma = Sign(node.start, node.start, ",")
    below = (*rows[0], comma, *rows[1])
    return replace(node, letter=letter, style=style, accents=accents, below=below)


def _is_line(name: Name) -> bool:
    """Whether a name has one index below, a letter or a number."""
    below = _counted(name)
    return len(below) == 1 == len(name.below or ()) and below[0].form in ("letter", "number")


def _is_thin(name: Name, line: Sort) -> bool:
    """Whether a name is the w of w_{ij} beside lines in boldface."""
    return (name.letter, name.accents) == (line[0], line[2]) and name.style == ""


def _both(below: Row) -> tuple[Row, ...]:
    """The row and the column of w_{ij}, w_{i,j}, w_{j:}; nothing for anything else."""
    index = [n for n in below if not (isinstance(n, Sign) and n.text == ",")]
    plain = all(
        (isinstance(n, Name) and n.below is None and n.above is None)
        or isinstance(n, Number)
        or (isinstance(n, Sign) and n.text == ":")
        for n in index
    )
    return ((index[0],), (index[1],)) if plain and len(index) == 2 else ()
