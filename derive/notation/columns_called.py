r"""f\begin{pmatrix} z_1 \\ z_2 \end{pmatrix}: a column behind the name of a function is what it is of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from derive.notation import habits
from derive.text.page import Page, with_trees
from derive.text.trees import Group, Name, Node, Row, Table, children, with_children


def with_columns_called(page: Page) -> Page:
    """A page whose functions have brackets around the columns that they are applied to."""
    behind: dict[str, set[type]] = {}
    for chain in page.chains:
        for member in chain.members:
            for name, follower in _followed(member.tree):
                behind.setdefault(name, set()).add(follower)
    functions = {n for n, kinds in behind.items() if kinds == {Group, Table}}
    if not functions:
        return page
    return with_trees(page, lambda row: _called(row, frozenset(functions)))


def _followed(row: Row) -> Iterator[tuple[str, type]]:
    """The names of functions with what stands behind them: brackets, a column, or neither."""
    for node, after in pairwise((*row, None)):
        if isinstance(node, Name) and _is_plain(node) and len(row) > 1:
            applied = isinstance(after, Group) and after.opening == "("
            column = isinstance(after, Table) and after.kind == "matrix"
            yield node.letter, Group if applied else Table if column else Node
        if node is not None:
            for inner in children(node):
                yield from _followed(inner)


def _is_plain(name: Name) -> bool:
    letter = name.letter
    small = letter in habits.FUNCTION and letter == letter.lower()
    return small and name.below is None and name.above is None


def _called(row: Row, functions: frozenset[str]) -> Row:
    found: list[Node] = []
    for node in row:
        before = found[-1] if found else None
        node = with_children(node, lambda r: _called(r, functions))
        called = isinstance(before, Name) and before.letter in functions and _is_plain(before)
        if called and isinstance(node, Table) and node.kind == "matrix":
            node = Group(node.start, node.end, "(", ")", (node,))
        found.append(node)
    return tuple(found)
