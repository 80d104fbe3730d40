r"""Immediate derivatives that carry their + at the quantity: \frac{\partial h_t^+}{\partial W} for \frac{\partial^+ h_t}{\partial W}.

So it is written where the page makes no h^+, and has h with a + in numerators alone.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import replace

from derive.notation.slots import is_differential
from derive.text.page import Page, with_trees
from derive.text.trees import Fraction, Name, Node, Row, Sign, walk, with_children


def with_immediate(page: Page) -> Page:
    r"""A page on which \partial carries the +."""
    nodes = [n for c in page.chains for m in c.members for n in walk(m.tree)]
    everywhere = [n for n in nodes if _plus(n) is not None]
    marked = [n for n in nodes if isinstance(n, Fraction) and _is_marked(n)]
    if not marked or len(everywhere) != len(marked):
        return page
    return with_trees(page, _in_row)


def _plus(node: Node) -> Row | None:
    """What stands above a name beside a lonely +; None without one."""
    if not isinstance(node, Name) or node.letter in ("\\partial", "d") or not node.above:
        return None
    rest = tuple(n for n in node.above if not (isinstance(n, Sign) and n.text == "+"))
    alone = len(rest) == len(node.above) - 1 and not rest
    return rest if alone else None


def _is_marked(node: Fraction) -> bool:
    return (
        len(node.above_line) == 2
        and is_differential(node.above_line)
        and is_differential(node.below_line)
        and _plus(node.above_line[1]) is not None
    )


def _in_row(row: Row) -> Row:
    return tuple(map(_in_node, row))


def _in_node(node: Node) -> Node:
    if isinstance(node, Fraction) and _is_marked(node):
        sign, name = node.above_line
        assert isinstance(sign, Name) and isinstance(name, Name)
        marked = replace(sign, above=name.above), replace(name, above=None)
        node = replace(node, above_line=marked)
    return with_children(node, _in_row)
