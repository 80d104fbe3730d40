r"""A prime that transposes, as statistics writes it: \beta'X'X\beta, (y - X\beta)'(y - X\beta).

No page says so; its products show it. A capital that stands, with a prime, before itself in a product is a matrix, X'X and
Z'MZ, and a bracket before the same bracket is a squared length; nobody writes a slope so. On such a page the other primes
in products are transposes, too, but for those of functions and of names that are quantities of their own.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from derive.notation import habits
from derive.notation.slots import EQUAL, single_name
from derive.text.page import Page, with_trees
from derive.text.spelled import spelled
from derive.text.trees import Fraction, Group, Name, Node, Root, Row, Sign, Table, with_children

SAID = "' is a transpose, as {} shows"
TOP = "\\top"
FACTORS = (Name, Group, Fraction, Root, Table)
DOTS = ("\\cdot", "*")
MOST_BETWEEN = 3
Key = tuple[str, str, tuple[str, ...]]


@dataclass
class Seen:
    """What the primes of a page stand at."""

    shown: str = ""
    matrices: set[Key] = field(default_factory=set)
    """The capitals that stand with a prime before themselves."""
    own: set[Key] = field(default_factory=set)
    """Names whose prime makes another name, or a slope."""
    applied: set[Key] = field(default_factory=set)


def with_transposes(page: Page) -> tuple[Page, list[str]]:
    """A page with the primes that transpose as transposes, and what is so supposed."""
    seen = Seen()
    for chain in page.chains:
        head = single_name(chain.members[0].tree) if chain.members else None
        relation = chain.members[1].relation if len(chain.members) > 1 else ""
        if head is not None and head[0].primes and relation in EQUAL:
            seen.own.add(_key(head[0]))
        for member in chain.members:
            _see(seen, member.tree)
    seen.matrices -= seen.own | seen.applied
    seen.own |= seen.applied
    if not seen.shown or (seen.shown[0] != "(" and not seen.matrices):
        return page, []
    return with_trees(page, lambda row: _in_row(seen, row)), [SAID.format(seen.shown)]


def _key(name: Name) -> Key:
    return name.letter, name.style, name.accents


def _is_capital(name: Name) -> bool:
    return len(name.letter) == 1 and name.letter.isupper() and name.style not in ("bb", "cal")


def _see(seen: Seen, row: Row) -> None:
    for at, node in enumerate(row):
        behind = row[at + 1] if at + 1 < len(row) else None
        if isinstance(node, Name):
            _see_name(seen, row, at, node, behind)
        elif _is_squared(node, behind):
            shown = spelled(node.inside)  # type: ignore[attr-defined]
            seen.shown = f"({shown})'({shown})"
        for inside in _lines(node):
            _see(seen, inside)
        for script in (getattr(node, "below", None), getattr(node, "above", None)):
            for name in script or ():
                if isinstance(name, Name) and name.primes:
                    seen.own.add(_key(name))


def _see_name(seen: Seen, row: Row, at: int, node: Name, behind: Node | None) -> None:
    key = _key(node)
    applied = isinstance(behind, Group) and behind.opening == "(" and not _is_sum(behind)
    if applied and (node.primes or not _is_capital(node)):
        seen.applied.add(key)
    if not node.primes:
        return
    if node.primes > 1 or node.above is not None or _is_listed(row, at):
        seen.own.add(key)
    elif _is_capital(node) and node.below is None and _meets_itself(row, at, key):
        seen.matrices.add(key)
        seen.shown = (
            seen.shown or f"{node.letter}'{'' if _key_at(row, at + 1) == key else '…'}{node.letter}"
        )


def _is_squared(node: Node, behind: Node | None) -> bool:
    """(a - b)'(a - b)"""
    return (
        isinstance(node, Group)
        and isinstance(behind, Group)
        and node.primes == 1
        and len(node.inside) > 1
        and spelled(node.inside) == spelled(behind.inside)
    )


def _is_sum(group: Group) -> bool:
    r"""Whether a bracket holds a sum, as a factor does: X'(y - \mu)."""
    return any(isinstance(n, Sign) and n.text in ("+", "-") for n in group.inside[1:])


def _is_listed(row: Row, at: int) -> bool:
    """Whether a name stands alone in a list: k(x, x')."""
    commas = [
        isinstance(n, Sign) and n.text in (",", ";", "|", "\\mid")
        for n in (row[at - 1 : at] if at else ()) + row[at + 1 : at + 2]
    ]
    ends = (at == 0) + (at == len(row) - 1)
    return any(commas) and sum(commas) + ends == 2


def _key_at(row: Row, at: int) -> Key | None:
    node = row[at] if at < len(row) else None
    return _key(node) if isinstance(node, Name) and not node.primes else None


def _meets_itself(row: Row, at: int, key: Key) -> bool:
    """Whether no more than some names of a product stand between a name and itself."""
    for place in range(at + 1, min(at + 2 + MOST_BETWEEN, len(row))):
        node = row[place]
        if isinstance(node, Sign) and node.text in DOTS:
            continue
        if not isinstance(node, Name):
            return False
        if _key_at(row, place) == key:
            return node.below is None
    return False


def _lines(node: Node) -> Iterator[Row]:
    """The rows in a node that stand on the line."""
    match node:
        case Fraction():
            yield node.above_line
            yield node.below_line
        case Root() | Group():
            yield node.inside
        case Table():
            for cells in node.rows:
                yield from cells


def _in_row(seen: Seen, row: Row) -> Row:
    return tuple(_in_node(seen, row, at) for at in range(len(row)))


def _in_node(seen: Seen, row: Row, at: int) -> Node:
    node = row[at]
    if isinstance(node, Name | Group) and _is_transposed(seen, row, at):
        node = replace(node, above=(Name(node.end, node.end, TOP),), primes=0)
    return with_children(node, lambda r: _in_row(seen, r))


def _is_transposed(seen: Seen, row: Row, at: int) -> bool:
    node = row[at]
    if not isinstance(node, Name | Group) or node.primes != 1 or node.above is not None:
        return False
    before, behind = row[at - 1] if at else None, row[at + 1] if at + 1 < len(row) else None
    if isinstance(node, Group):
        return node.opening in ("(", "[", "{") and (
            not isinstance(behind, Group) or _is_sum(behind)
        )
    key = _key(node)
    if key in seen.matrices:
        return True
    if key in seen.own or node.letter in habits.FUNCTION:
        return False
    return isinstance(behind, FACTORS) or isinstance(before, FACTORS)
