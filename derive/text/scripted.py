"""Scripts in the places where they count: (x^{(p)})_k is x_k^{(p)}, (a)^{(l)} is a^{(l)}, and \\sum_{ij} runs over i and j."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from derive.text.trees import Big, Group, Name, Node, Number, Row, Sign, walk

FACTORS = frozenset(
    ("W", "w", "U", "u", "V", "v", "\\partial", "d", "\\delta", "\\Delta", "\\alpha", "\\eta")
)
"""Names before a bracket that are no functions of it."""


def scripted(row: Sequence[Node]) -> list[Node]:
    """A row with the scripts of its brackets on the names that alone stand in them."""
    found: list[Node] = []
    for i, node in enumerate(row):
        if isinstance(node, Big) and node.below and node.kind in ("sum", "prod"):
            node = replace(node, below=_apart(node.below, row[i + 1 :]))
        node = _inside(node)
        before = found[-1] if found else None
        if isinstance(node, Group) and not (
            isinstance(before, Name) and before.letter not in FACTORS
        ):
            node = _moved(node)
        found.append(node)
    return found


def _apart(below: Row, behind: Sequence[Node]) -> Row:
    r"""The letters below a Σ, each by itself where what it stands before has each as an index: i, j of \sum_{ij}."""  # noqa: E501
    letters = []
    for node in below:
        if not isinstance(node, Name) or plain(node) is None:
            return below
        apart = node.letter if node.letter.isalpha() else (node.letter,)
        places = range(node.start, node.end) if len(apart) > 1 else (node.start,)
        letters += [
            replace(node, letter=a, start=at, end=at + 1 if len(apart) > 1 else node.end)
            for at, a in zip(places, apart, strict=False)
        ]
    if len(letters) < 2 or not {n.letter for n in letters} <= set(_indices(behind)):
        return below
    if len({n.letter for n in letters}) < len(letters):
        return below
    commas = (Sign(n.start, n.start, ",") for n in letters[1:])
    return (letters[0], *(x for pair in zip(commas, letters[1:], strict=True) for x in pair))


def plain(node: Name) -> Name | None:
    """A name that nothing hangs on."""
    bare = not (node.below or node.above or node.primes or node.accents)
    return node if bare and node.style != "op" else None


def _indices(row: Sequence[Node]) -> Iterator[str]:
    """The letters that stand in scripts, words cut into theirs."""
    for node in walk(tuple(row)):
        for script in (getattr(node, "below", None), getattr(node, "above", None)):
            for name in walk(script or ()):
                if isinstance(name, Name):
                    yield from name.letter if name.letter.isalpha() else (name.letter,)


def _inside(node: Node) -> Node:
    changes = {
        f.name: _part(value)
        for f in fields(node)
        if isinstance(value := getattr(node, f.name), tuple) and value
    }
    changes = {k: v for k, v in changes.items() if v != getattr(node, k)}
    return replace(node, **changes) if changes else node  # type: ignore[arg-type]


def _part(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if all(isinstance(n, Node) for n in value):
        return tuple(scripted(value))
    return tuple(_part(v) if isinstance(v, tuple) else v for v in value)


def _moved(group: Group) -> Node:
    if group.opening not in ("(", "[", "{") or len(group.inside) != 1 or group.primes:
        return group
    name = group.inside[0]
    if not isinstance(name, Name) or name.primes or name.style == "op":
        return group
    below, above = group.below, group.above
    if below is not None and name.below is None and _is_index(below):
        name, below = replace(name, below=below), None
    if (
        above is not None
        and name.above is None
        and len(above) == 1
        and isinstance(above[0], Group)
        and above[0].opening == "("
        and above[0].above is None
    ):
        name, above = replace(name, above=above), None
    if (below, above) == (group.below, group.above):
        return group
    if below is None and above is None:
        return replace(name, start=group.start, end=group.end)
    return replace(group, inside=(name,), below=below, above=above)


def _is_index(row: Row) -> bool:
    """Whether a script is letters, numbers, commas and signs: i, ij, j+1."""
    return all(
        (isinstance(n, Number | Name) and not getattr(n, "below", None))
        or (isinstance(n, Sign) and n.text in (",", "+", "-"))
        for n in row
    )
