"""What hangs on a name or a sum: scripts behind it, before it, and on nothing between."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

from derive.text.trees import Big, Group, Name, Node, Row, Sign, Table

Scriptable = Name | Group | Table | Big


def scripted(base: Scriptable, end: int, slot: str, row: Row) -> Scriptable:
    """The same with one more script; a second one of its kind is added behind a comma."""
    if slot == "primes":
        if isinstance(base, Name | Group):
            return replace(base, end=max(end, base.end), primes=base.primes + 1)
        return base
    old: Row | None = getattr(base, slot)
    if old:
        row = (*old, Sign(row[0].start, row[0].start, ","), *row)
    if slot == "below":
        return replace(base, end=max(end, base.end), below=row)
    return replace(base, end=max(end, base.end), above=row)


def before_names(row: list[Node]) -> list[Node]:
    """`{}_T w` is w with a T, `A{}^i` is A^i, and `\\sideset{}{_l}\\sum` is a sum over l."""
    if not any((isinstance(n, Group) and not n.inside) or _is_sideset(n) for n in row):
        return row
    found: list[Node] = []
    for node in row:
        alone = found[-1] if found else None
        behind = len(found) > 1 and alone is not None and found[-2].end == alone.start
        if (
            isinstance(node, Name)
            and node.style != "op"
            and _holds_scripts(alone)
            and (alone.end == node.start or not behind)
        ):
            found.pop()
            found.append(_with_scripts(node, alone, alone.start))
        elif isinstance(node, Big) and len(found) > 1 and _is_sideset(found[-2]):
            beside, mark = found.pop(), found.pop()
            inner = beside.inside if isinstance(beside, Group) else ()
            scripts = inner[-1] if inner else None
            found.append(
                _with_scripts(node, scripts, mark.start) if _holds_scripts(scripts) else node
            )
        else:
            found.append(node)
    return _after_names(found)


def _after_names(row: list[Node]) -> list[Node]:
    """Scripts on nothing that stand right behind a name are its own."""
    found: list[Node] = []
    for node in row:
        name = found[-1] if found else None
        if _holds_scripts(node) and isinstance(name, Name) and name.end == node.start:
            found[-1] = _with_scripts(name, node, name.start)
        else:
            found.append(node)
    return found


def _is_sideset(node: Node) -> bool:
    return isinstance(node, Name) and node.letter == "\\sideset"


def _holds_scripts(node: Node | None) -> TypeGuard[Group]:
    """Whether a node is a pair of braces around nothing, with scripts."""
    return (
        isinstance(node, Group)
        and not node.inside
        and node.opening == "{"
        and not node.primes
        and bool(node.below or node.above)
    )


def _with_scripts(base: Name | Big, scripts: Group, start: int) -> Scriptable:
    made: Scriptable = replace(base, start=start)
    end = max(base.end, scripts.end)
    for slot, row in (("below", scripts.below), ("above", scripts.above)):
        if row:
            made = scripted(made, end, slot, row)
    return made
