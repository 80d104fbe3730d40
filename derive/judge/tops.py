r"""A T above a name where T is the last step, too: \frac{\partial L}{\partial O_T} W^T has a transpose, and no power.

Where nothing else on a page speaks of arrays, its T may be either. A capital that stands so beside a derivative is a matrix:
nobody writes the power of a weight there. On such a page the other capitals with a plain T above them are transposed, too.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from derive.judge.made import ARRAYS, TRANSPOSED, WORDS_OF_ARRAYS
from derive.notation.slots import is_derivative
from derive.text.page import Page, Prose, with_trees
from derive.text.spelled import spelled
from derive.text.trees import Fraction, Name, Node, Row, Sign, children, walk, with_children

SAID = "the T above {} transposes it"
TIMES = ("\\cdot", "*", "\\times")


def with_tops(page: Page) -> tuple[Page, list[str]]:
    """A page with the plain T above its capitals as a transpose, and what is so supposed."""
    rows = [m.tree for chain in page.chains for m in chain.members]
    names = [n for row in rows for n in walk(row) if isinstance(n, Name)]
    raised = [n for n in names if _has_t(n)]
    if not raised or len(raised) == sum(n.letter == "T" for n in names):
        return page, []  # T stands nowhere else: it transposes
    prose = " ".join(i.text for i in page.items if isinstance(i, Prose))
    text = page.source.text
    if ARRAYS.search(text) or TRANSPOSED.search(text) or WORDS_OF_ARRAYS.search(prose):
        return page, []  # read so without a guess
    shown = next((n for row in rows for n in _beside_derivatives(row)), None)
    if shown is None:
        return page, []
    said = SAID.format(spelled((replace(shown, above=None),)).strip())
    return with_trees(page, _in_row), [said]


def _has_t(name: Name) -> bool:
    """Whether a plain T stands above a capital."""
    capital = len(name.letter) == 1 and name.letter.isupper() and name.style not in ("bb", "cal")
    return capital and name.above is not None and spelled(name.above).strip() == "T"


def _beside_derivatives(row: Row) -> list[Name]:
    """The capitals with a T above them that are a factor beside a derivative, in a row or inside it."""
    factors = [n for n in row if not (isinstance(n, Sign) and n.text in TIMES)]
    found = [
        n
        for one, other in pairwise(factors)
        for n, beside in ((one, other), (other, one))
        if isinstance(n, Name) and _has_t(n)
        if isinstance(beside, Fraction) and is_derivative(beside)
    ]
    inside = (r for n in row for r in children(n))
    return found + [n for r in inside for n in _beside_derivatives(r)]


def _in_row(row: Row) -> Row:
    return tuple(map(_in_node, row))


def _in_node(node: Node) -> Node:
    if isinstance(node, Name) and _has_t(node):
        assert node.above is not None
        top = node.above[0]
        node = replace(node, above=(Name(top.start, top.end, "\\top"),))
    return with_children(node, _in_row)
