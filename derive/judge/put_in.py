"""Formulas beside each other: which number stands in one in the place of which quantity of the other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from derive.judge.made import written_number
from derive.notation.sides import cells
from derive.text.spelled import spelled
from derive.text.trees import Fraction as Over
from derive.text.trees import (
    Group,
    Name,
    Node,
    Number,
    Root,
    Row,
    Sign,
    children,
    walk,
    with_children,
)

PRODUCTS = ("*", "\\cdot", "\\times")
STOPS = (",", ".", ";")
BRACKETS = ("(", "[", "\\{", "{")


def key_of(node: Node) -> str:
    """A quantity's name, however its scripts are set: w_1 is w_{1} is w1."""
    return plain_key(spelled((node,)))


def plain_key(text: str) -> str:
    return re.sub(
        r"\\(?:mathit|text|mathrm|operatorname|mathbf|partial|left|right)(?![a-z])|[{}_\s]",
        lambda m: "d" if m[0] == "\\partial" else "",
        text,
    )


def is_quantity(node: Node) -> bool:
    """A name with its scripts, or a derivative."""
    if isinstance(node, Name):
        return True
    return isinstance(node, Over) and all(
        part and isinstance(part[0], Name) and part[0].letter in ("d", "\\partial")
        for part in (node.above_line, node.below_line)
    )


def is_number(row: Row) -> bool:
    """Whether a row is a number, or a vector or matrix of numbers."""
    if written_number(row) is not None:
        return True
    listed = cells(row[0]) if len(row) == 1 else []
    return bool(listed) and all(written_number(cell) is not None for cell in listed)


def instance_of(general: Node, own: Node) -> dict[str, int] | None:
    """The numbers that stand in one name for the index letters of another: t = 2 of h_t for h_2; {} where they are one."""  # noqa: E501
    if key_of(general) == key_of(own):
        return {}
    if not isinstance(general, Name) or not isinstance(own, Name):
        return None
    if _without_scripts(general) != _without_scripts(own):
        return None
    bound: dict[str, int] = {}
    for one, other in ((general.below, own.below), (general.above, own.above)):
        if (one is None) != (other is None):
            return None
        if one is not None and other is not None and not _matched(one, other, bound):
            return None
    return bound


def _without_scripts(name: Name) -> Name:
    return replace(name, start=0, end=0, below=None, above=None)


def _matched(general: Row, own: Row, bound: dict[str, int]) -> bool:
    if len(general) != len(own):
        return False
    for a, b in zip(general, own, strict=True):
        letter = isinstance(a, Name) and a.below is None and a.above is None and len(a.letter) == 1
        if letter and isinstance(b, Number) and b.text.isdigit():
            assert isinstance(a, Name)
            if bound.setdefault(a.letter, int(b.text)) != int(b.text):
                return False
        elif isinstance(a, Group) and isinstance(b, Group):
            if a.opening != b.opening or not _matched(a.inside, b.inside, bound):
                return False
        elif spelled((a,)) != spelled((b,)):
            return False
    return True


def with_indices(row: Row, bound: Mapping[str, int]) -> Row:
    """A row with numbers for index letters, and 1 - 1 in a script worked out."""
    return tuple(_with_index(node, bound) for node in row) if bound else row


def _with_index(node: Node, bound: Mapping[str, int]) -> Node:
    if (
        isinstance(node, Name)
        and node.letter in bound
        and node.below is None
        and node.above is None
    ):
        return Number(node.start, node.end, str(bound[node.letter]))
    return with_children(
        node,
        lambda row: with_indices(row, bound),
        scripts=lambda row: _folded(with_indices(row, bound)),
    )


def _folded(row: Row) -> Row:
    if len(row) == 1 and isinstance(row[0], Group):
        return (replace(row[0], inside=_folded(row[0].inside)),)
    if len(row) < 3 or not all(isinstance(n, Number | Sign) for n in row):
        return row
    text = spelled(row)
    if not re.fullmatch(r"\d+(?:[-+]\d+)+", text):
        return row
    total = sum(int(t) for t in re.findall(r"[-+]?\d+", text))
    return (Number(row[0].start, row[-1].end, str(total)),)


def put_in(letters: Row, numbers: Row) -> dict[str, tuple[Node, Row]] | None:
    """The numbers that stand in a row in the places of the quantities of another: 0.15 of w_1; None where the two differ in more than that."""  # noqa: E501
    found: dict[str, tuple[Node, Row]] = {}
    if len(letters) == 1 and is_quantity(letters[0]):
        return None
    return found if _filled(letters, numbers, found) and found else None


def _filled(letters: Row, numbers: Row, found: dict[str, tuple[Node, Row]]) -> bool:
    one, other = _bare(letters), _bare(numbers)
    if len(one) != len(other):
        return False
    return all(_fills(a, b, found) for a, b in zip(one, other, strict=True))


def _bare(row: Row) -> Row:
    """A row without its signs of products, where a minus before a number is the number's."""
    kept = [n for n in row if not (isinstance(n, Sign) and n.text in (*PRODUCTS, *STOPS))]
    while len(kept) == 1 and isinstance(kept[0], Group) and kept[0].opening in BRACKETS:
        if kept[0].above is not None or written_number(kept[0].inside) is not None:
            break
        return _bare(kept[0].inside)
    return tuple(kept)


def _fills(a: Node, b: Node, found: dict[str, tuple[Node, Row]]) -> bool:
    if spelled((a,)) == spelled((b,)):
        return True
    value: Row = b.inside if isinstance(b, Group) and b.above is None else (b,)
    if is_quantity(a) and is_number(value):
        key = key_of(a)
        before = found.setdefault(key, (a, value))
        return spelled(before[1]) == spelled(value)
    if isinstance(a, Name) and isinstance(b, Name):
        same = replace(a, start=0, end=0, above=None) == replace(b, start=0, end=0, above=None)
        both = a.above is not None and b.above is not None
        return same and both and _filled(a.above or (), b.above or (), found)
    if isinstance(a, Name) and isinstance(b, Group) and a.above is not None and b.above is not None:
        base = _fills(replace(a, above=None), replace(b, above=None), found)
        return base and spelled(a.above) == spelled(b.above)
    if isinstance(a, Over) and isinstance(b, Over):
        above = _filled(a.above_line, b.above_line, found)
        return above and _filled(a.below_line, b.below_line, found)
    if isinstance(a, Root) and isinstance(b, Root):
        return a.degree == b.degree is None and _filled(a.inside, b.inside, found)
    if isinstance(a, Group) and isinstance(b, Group):
        scripts = spelled(a.above or ()) == spelled(b.above or ()) and a.below == b.below is None
        return scripts and a.primes == b.primes and _filled(a.inside, b.inside, found)
    return False


def is_read_otherwise(row: Row) -> bool:
    """Whether a formula of numbers has another meaning for some of its readers.

    1 000.5 and 1\\tfrac12 are one number or a product, 1.23(4) has an error, 1/2 \\cdot 4 may be an eighth, \\exp 0.5 \\cdot 2 one
    or the other, -2^2 what is put into x^2, [2.7] and \\{2.7\\} parts of a number.
    """  # noqa: E501
    inner = (inside for node in walk(row) for inside in children(node))
    return any(map(_is_so_here, (row, *inner)))


def _is_so_here(row: Row) -> bool:
    if any(_run_on(a, b) for a, b in pairwise(row)):
        return True
    if len(row) > 1 and isinstance(row[0], Sign) and row[0].text == "-" and _is_power(row[1]):
        return True
    if len(row) == 1 and isinstance(row[0], Group) and row[0].opening in ("[", "\\{"):
        return written_number(row[0].inside) is not None
    for i, node in enumerate(row):
        over = isinstance(node, Sign) and node.text == "/"
        applied = isinstance(node, Name) and node.letter not in ("e", "\\pi")
        if over and _goes_on(row[i + 2 :]):
            return True
        if applied and not (row[i + 1 :] and _is_bracket(row[i + 1])) and row[i + 2 :]:
            return True
    return False


def _run_on(a: Node, b: Node) -> bool:
    if not isinstance(a, Number):
        return isinstance(a, Sign) and isinstance(b, Sign) and a.text == b.text == "/"
    if isinstance(b, Over):
        return "." not in a.text
    error = isinstance(b, Group) and len(b.inside) == 1 and isinstance(b.inside[0], Number)
    return isinstance(b, Number) or (error and "." in a.text and _is_bracket(b))


def _is_bracket(node: Node) -> bool:
    return isinstance(node, Group) and node.opening != "{"


def _is_power(node: Node) -> bool:
    number = isinstance(node, Group) and node.opening == "{" and node.above is not None
    return number and isinstance(node, Group) and written_number(node.inside) is not None


def _goes_on(row: Row) -> bool:
    """Whether a product goes on behind a divisor."""
    return bool(row) and not (isinstance(row[0], Sign) and row[0].text in ("+", "-", *STOPS, "/"))
