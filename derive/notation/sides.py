"""Questions about one side of an equation: is it a value, a tuple, a derivative, a list; what does it
look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from derive.notation import habits
from derive.notation.occurrences import Occurrence, Reader
from derive.notation.slots import (
    bare,
    is_derivative,
    is_differential,
    names_in,
    parts_of,
    plain,
    single_name,
)
from derive.text.page import Chain
from derive.text.trees import Fraction, Group, Name, Node, Number, Root, Row, Sign, Table, walk

LEAST_LETTERS = 3
NUMBERS = frozenset(("e", "\\pi"))


def tuple_names(row: Row) -> list[Name]:
    """The names of `(a, b)` and of `a, b`."""
    if (
        len(row) == 1
        and isinstance(row[0], Group)
        and row[0].opening in ("(", "[", "\\langle")
        and row[0].above is None
    ):
        row = row[0].inside
    parts = parts_of(row)
    if len(parts) < 2:
        return []
    singles = [single_name(part) for part in parts]
    return [s[0] for s in singles if s is not None] if all(s is not None for s in singles) else []


def is_value(row: Row) -> bool:
    """Whether a side is a number, or a name that stands for one: 4, -2, 1/4, T_y."""
    if len(row) == 1 and cells(row[0]):
        return all(
            not cell or all(isinstance(n, Number | Sign) for n in cell) for cell in cells(row[0])
        )
    nodes = [
        n
        for n in row
        if not (isinstance(n, Sign) and n.text in ("+", "-", "/", ",", ".", "\\dots", "%"))
    ]
    if not nodes:
        return False
    if all(isinstance(n, Number) or (isinstance(n, Root) and is_value(n.inside)) for n in nodes):
        return True
    if len(nodes) == 1 and isinstance(nodes[0], Fraction):
        return is_value(nodes[0].above_line) and is_value(nodes[0].below_line)
    return all(isinstance(n, Number | Sign) for n in row[:1]) and any(
        isinstance(n, Sign) and "dots" in n.text for n in row
    )


def is_arithmetic(row: Row) -> bool:
    """Whether a side is worked out with decimals alone: 0.15 * 0.05 + 0.35, tanh(0.6)."""
    named = [n for n in walk(row) if isinstance(n, Name)]
    if any(n.below or n.letter not in NUMBERS | habits.KNOWN for n in named):
        return False
    plain = all(
        isinstance(n, Name | Number | Sign | Group | Fraction | Root | Table) for n in walk(row)
    )
    return plain and any(isinstance(n, Number) and "." in n.text for n in walk(row))


def is_alphabet(row: Row) -> bool:
    """Whether a side is a matrix of letters one after another, (a b c; d e f): an illustration, whose letters mean nothing else."""  # noqa: E501
    listed = cells(row[0]) if len(row) == 1 else []
    letters = [cell[0].letter for cell in listed if len(cell) == 1 and isinstance(cell[0], Name)]
    plain = len(letters) == len(listed) and all(len(a) == 1 and a.isalpha() for a in letters)
    bare_cells = all(
        n.below is n.above is None for cell in listed for n in cell if isinstance(n, Name)
    )
    follows = all(ord(b) - ord(a) == 1 for a, b in pairwise(letters)) if plain else False
    return follows and bare_cells and len(letters) >= LEAST_LETTERS


def is_worked(chain: Chain) -> bool:
    """Whether numbers are put into a formula, or it is shown how its entries go: W x = (0.2, 0.5) supposes nothing of W."""  # noqa: E501
    shown = (m.tree for m in chain.members[1:] if m.relation in ("=", "\\approx"))
    return any(is_arithmetic(tree) or _is_written_out(tree) for tree in shown)


def _is_written_out(row: Row) -> bool:
    """Whether a side is a matrix of formulas of letters without scripts: (a p + b r, …)."""
    listed = cells(row[0]) if len(row) == 1 else []
    names = [n for cell in listed for n in walk(cell) if isinstance(n, Name)]
    bare_names = all(len(n.letter) == 1 and n.below is n.above is None for n in names)
    return len(listed) > 3 and bool(names) and bare_names


def cells(node: Node) -> list[Row]:
    if isinstance(node, Table):
        return [cell for row in node.rows for cell in row]
    if isinstance(node, Group) and len(node.inside) == 1 and isinstance(node.inside[0], Table):
        return cells(node.inside[0])
    return []


def positive(row: Row) -> Row:
    """A side without a minus before it."""
    return row[1:] if row and isinstance(row[0], Sign) and row[0].text == "-" else row


def is_gradient(node: Node) -> bool:
    r"""Whether a node is ∇, \partial_x, grad or the D_{x_t} of a derivative."""
    if not isinstance(node, Name):
        return False
    first = node.below[0] if node.below else None
    return (
        node.letter in ("\\nabla", "grad")
        or (node.letter == "\\partial" and node.below is not None)
        or (node.letter == "D" and isinstance(first, Name) and first.below is not None)
    )


def has_derivative(row: Row) -> bool:
    return any(is_derivative(n) for n in walk(row)) or (
        len(row) > 1 and is_differential(row) and not isinstance(row[1], Sign)
    )


def is_update(head: Row, right: Row) -> bool:
    """Whether a → b is an update: the name stands on both sides."""
    single = single_name(head)
    return single is not None and any(
        isinstance(n, Name) and bare(n) == bare(single[0]) for n in walk(right)
    )


def same_index(a: Occurrence, b: Occurrence) -> bool:
    return [plain(r) for _, r in a.indices] == [plain(r) for _, r in b.indices]


def says_dependence(found: Occurrence, right: Row) -> bool:
    """Whether a side is C = C(z_1, …, z_n), or m_t = m_t(w)."""
    single = single_name(right)
    own = sorted(plain(row) for _, row in found.indices)
    return (
        single is not None
        and own == sorted(plain(row) for row in (single[0].below, single[0].above) if row)
        and single[1] is not None
        and bare(single[0]) == found.key
        and found.arguments is None
    )


def are_sizes(row: Row) -> bool:
    """Whether a side is nothing but shapes in brackets: [1 × n] × [n × m]."""
    groups = [n for n in row if isinstance(n, Group)]
    if not groups or any(not isinstance(n, Group | Sign) for n in row):
        return False
    return all(any(isinstance(n, Sign) and n.text == "\\times" for n in g.inside) for g in groups)


def is_sizelike(key: str) -> bool:
    """Whether a name is a length or a number of things: T_x, n_a, N."""
    return key.split("_")[0] in ("T", "N", "n", "m", "M", "d", "D", "K", "H") and "^" not in key


def bare_key(found: Occurrence) -> str:
    """The base of a key, labels left out."""
    return found.key.split("_")[0].split("^")[0]


def canonical(found: Occurrence, right: Row) -> str:
    """A right side with the letters of the left side's indices under standard names: z_i = a_i as z_j =
    a_j."""
    text = plain(right)
    for at, (domain, row) in enumerate(found.indices):
        if domain == "component" and len(row) == 1 and isinstance(row[0], Name):
            letter = re.escape(row[0].letter)
            text = re.sub(rf"(?<![a-zA-Z\\]){letter}(?![a-zA-Z])", f"#{at}", text)
    return text


def collects(
    found: Occurrence, right: Row, keys: frozenset[str], known: Mapping[str, object]
) -> bool:
    """Whether a right side is a tuple, a set or a table of nothing but names that stand for themselves."""
    if len(right) != 1 or not isinstance(right[0], Group | Table):
        return False
    group = right[0]
    inner = group.inside if isinstance(group, Group) and not cells(group) else ()
    parts = parts_of(inner) if inner else cells(group)
    simple = [part for part in parts if all(isinstance(n, Name | Sign | Group) for n in part)]
    if not parts or len(simple) < len(parts) or not keys:
        return False
    return (
        keys <= {found.key}
        or (len(parts) > 1 and not keys & known.keys())
        or {k.lower() for k in keys} == {bare_key(found).strip("}").rsplit("{", 1)[-1].lower()}
    )


def starts_from_zero(found: Occurrence, right: Row, reader: Reader, number: int) -> bool:
    """Whether a right side has the same name at a fixed early step: h_t = a^t h_0 + …"""
    for name, behind, _ in names_in(right):
        other = reader.read(name, behind, number)
        if other.key == found.key and any(
            d in ("time", "layer") and plain(r) in ("0", "1") for d, r in other.indices
        ):
            return True
    return False


def sentence(text: str) -> str:
    """The last sentence of a stretch of prose."""
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.strip())[-1] if text.strip() else ""
