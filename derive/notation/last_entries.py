r"""a^{[l]} = (a_1^{[l]}, \dots, a_{n_l}^{[l]}): the size below the last entry is an index as others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.text.page import Page, with_trees
from derive.text.spelled import spelled
from derive.text.trees import Group, Name, Node, Number, Row, Sign, children, walk, with_children

LETTERS = ("n", "m", "q", "p", "N", "D")
FIRST = ("0", "1")
BETWEEN = (",", ";", "\\dots")


def with_last_entries(page: Page) -> Page:
    """A page with a letter alone for the size below the last of some entries, n_l or d^{(l)}."""
    trees = [m.tree for c in page.chains for m in c.members]
    sizes = dict.fromkeys(size for tree in trees for size in _sizes(tree))
    if not sizes:
        return page
    taken = {n.letter for tree in trees for n in walk(tree) if isinstance(n, Name)}
    free = (x for x in LETTERS if x not in taken)
    letters = dict(zip(sizes, free, strict=False))
    return with_trees(page, lambda row: tuple(_written(n, letters) for n in row))


def _sizes(tree: Row) -> Iterator[str]:
    """The sizes below the last entries where a side lists entries from the first on, with dots between."""
    nodes = list(walk(tree))
    if not any(isinstance(n, Sign) and n.text == "\\dots" for n in nodes):
        return
    names = list(_entries(tree))
    firsts = {_family(n) for n in names if _is_first(n)}
    for name in names:
        size = _size(name)
        if size is not None and _family(name) in firsts:
            yield spelled((size,))


def _entries(row: Row) -> Iterator[Name]:
    """The names that are entries as they stand, between commas and dots or in cells: no row (w_1)^T of a matrix."""  # noqa: E501
    for at, node in enumerate(row):
        beside = (row[at - 1] if at else None, row[at + 1] if at + 1 < len(row) else None)
        parted = all(n is None or (isinstance(n, Sign) and n.text in BETWEEN) for n in beside)
        if isinstance(node, Name) and parted:
            yield node
        for inner in children(node):
            if not (isinstance(node, Group) and len(inner) == 1) and not isinstance(node, Name):
                yield from _entries(inner)


def _family(name: Name) -> tuple[str, str, tuple[str, ...], str]:
    return name.letter, name.style, name.accents, spelled(name.above or ())


def _is_first(name: Name) -> bool:
    below = name.below or ()
    return len(below) == 1 and isinstance(below[0], Number) and below[0].text in FIRST


def _size(name: Name) -> Name | None:
    """The n_l of a_{n_l}: a name with a script of its own, alone below another one."""
    below = name.below or ()
    only = below[0] if len(below) == 1 else None
    scripted = isinstance(only, Name) and (only.below is not None or only.above is not None)
    return only if scripted else None  # type: ignore[return-value]


def _written(node: Node, letters: dict[str, str]) -> Node:
    node = with_children(node, lambda row: tuple(_written(n, letters) for n in row))
    size = _size(node) if isinstance(node, Name) else None
    if size is None or spelled((size,)) not in letters:
        return node
    plain = Name(size.start, size.end, letters[spelled((size,))])
    return replace(node, below=(plain,))  # type: ignore[call-arg]
