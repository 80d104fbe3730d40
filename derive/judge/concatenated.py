r"""Whether a page writes quantities below one another, W [h_{t-1}, x_t], or the entries of one: then they are vectors."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from derive.notation.pieces import split_at
from derive.notation.slots import names_in
from derive.text.trees import Group, Name, Row, Sign, Table, children, walk

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

TIMES = frozenset(("\\cdot", "*", "\\times", ".", "\\odot"))
LEAST = 2


def concatenates(u: Understanding) -> bool:
    """Whether a capital that is no function stands before a bracket of quantities in a definition."""
    for number, index, chain in u.chains():
        role = u.symbols.roles.get((number, index))
        if role is None or role.kind != "definition":
            continue
        table = u.symbols.at(number)
        for member in chain.members[1:]:
            for matrix, bracket in _multiplied(member.tree):
                occurs = table.occurrence(matrix, None)
                symbol = table.symbol(occurs.key)
                parts = split_at(bracket.inside, (",", ";"))
                if symbol is None or symbol.kind == "function" or len(parts) < LEAST:
                    continue
                if all(_is_quantity(u, number, part) for part in parts):
                    return True
    return False


def lists_entries(u: Understanding) -> bool:
    """Whether a column or a matrix is written out whose entries are those of a name that stands whole elsewhere: z_1^t, z_2^t beside z_t."""  # noqa: E501
    whole, entries = set[str](), set[str]()
    for number, _, chain in u.chains():
        table = u.symbols.at(number)
        for member in chain.members:
            for name, _, _ in names_in(member.tree):
                found = table.occurrence(name, None)
                if not any(domain == "component" for domain, _ in found.indices):
                    whole.add(found.key)
            for node in walk(member.tree):
                if isinstance(node, Table) and node.kind == "matrix" and len(node.rows) >= LEAST:
                    names = (n for row in node.rows for cell in row for n in walk(cell))
                    read = (table.occurrence(n, None) for n in names if isinstance(n, Name))
                    entries |= {
                        o.key for o in read if any(domain == "component" for domain, _ in o.indices)
                    }
    return bool(whole & entries)


def _is_quantity(u: Understanding, number: int, row: Row) -> bool:
    """Whether a row is one name, with an index or more, that is neither an index nor a size."""
    if len(row) != 1 or not isinstance(row[0], Name):
        return False
    table = u.symbols.at(number)
    occurs = table.occurrence(row[0], None)
    symbol = table.symbol(occurs.key)
    counted = ("index", "size", "constant", "word", "function")
    return bool(occurs.indices) and symbol is not None and symbol.kind not in counted


def _multiplied(row: Row) -> Iterator[tuple[Name, Group]]:
    """The capitals before brackets, and these brackets."""
    for at, node in enumerate(row):
        if isinstance(node, Group) and node.opening == "[" and at:
            before = row[at - 1]
            if isinstance(before, Sign) and before.text in TIMES and at > 1:
                before = row[at - 2]
            if (
                isinstance(before, Name)
                and before.letter[-1:].isalpha()
                and before.letter.isupper()
            ):
                yield before, node
        for inner in children(node):
            yield from _multiplied(inner)
