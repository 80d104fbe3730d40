r"""Formulas that are typed as programs are, np.sum(dZ, axis=1, keepdims=True), np.dot(W, x), and primes in scripts, g^{[1]'}.

What is so written has one meaning: nothing is guessed here.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import replace

from derive.notation.pieces import split_at
from derive.text.page import Page, with_trees
from derive.text.trees import Group, Name, Node, Row, Sign, with_children

LIBRARIES = ("np", "numpy")
KEYWORDS = ("keepdims", "keepdim", "axis", "dim")
VALUES = ("True", "False")
PRODUCTS = {"dot": "", "matmul": "", "multiply": "\\odot"}


def with_code_names(page: Page) -> Page:
    """A page in which these stand as a formula has them."""
    return with_trees(page, _in_row)


def _in_row(row: Row) -> Row:
    found: list[Node] = []
    at = 0
    while at < len(row):
        of_library = _after_library(row, at)
        if of_library:
            at = of_library
            made = _product(row, at)
            if made is not None:
                found += _in_row(made)
                at += 2
                continue
        word = _word(row, at)
        if word is not None:
            found.append(Name(row[at].start, row[at + len(word) - 1].end, word))
            at += len(word)
            continue
        found.append(_in_node(row[at]))
        at += 1
    return tuple(found)


def _spells(row: Row, at: int, word: str) -> bool:
    """Whether a word is typed there letter by letter."""
    here = row[at : at + len(word)]
    return len(here) == len(word) and all(
        isinstance(n, Name) and n == Name(n.start, n.end, letter, n.style)
        for n, letter in zip(here, word, strict=True)
    )


def _after_library(row: Row, at: int) -> int:
    """The place behind `np.`, where a name follows; 0 without it."""
    for library in LIBRARIES:
        for count in (1, len(library)):
            dot, name = (*row[at + count : at + count + 2], None, None)[:2]
            if (
                _is_word(row, at, library, count)
                and isinstance(dot, Sign)
                and dot.text == "."
                and isinstance(name, Name)
            ):
                return at + count + 1
    return 0


def _is_word(row: Row, at: int, word: str, count: int) -> bool:
    node = row[at]
    return _spells(row, at, word) if count > 1 else isinstance(node, Name) and node.letter == word


def _product(row: Row, at: int) -> Row | None:
    """dot(a, b) as a product."""
    name, behind = (*row[at : at + 2], None)[:2]
    if not isinstance(name, Name) or name.letter not in PRODUCTS or not isinstance(behind, Group):
        return None
    parts = split_at(behind.inside, (",",))
    if len(parts) != 2 or not all(parts) or behind.above or behind.below or behind.primes:
        return None
    first, second = (Group(p[0].start, p[-1].end, "(", ")", p) for p in parts)
    sign = PRODUCTS[name.letter]
    return (first, *((Sign(first.end, first.end, sign),) if sign else ()), second)


def _word(row: Row, at: int) -> str | None:
    """A keyword that is typed in letters before an equals sign, or its value behind one."""
    for word in (*KEYWORDS, *VALUES):
        if not _spells(row, at, word):
            continue
        beside = row[at + len(word)] if word in KEYWORDS and at + len(word) < len(row) else None
        beside = row[at - 1] if word in VALUES and at else beside
        if isinstance(beside, Sign) and beside.text == "=":
            return word
    return None


def _in_node(node: Node) -> Node:
    made = with_children(node, _in_row)
    return _with_primes(made) if isinstance(made, Name) else made


def _with_primes(name: Name) -> Name:
    r"""g^{[1]'} and g^{[1]\prime} are g' of the layer 1."""
    above = name.above or ()
    if not above or not isinstance(above[0], Group) or above[0].opening not in "[(":
        return name
    first, *rest = above
    assert isinstance(first, Group)
    if rest and all(isinstance(n, Name) and n.letter == "\\prime" for n in rest):
        return replace(name, above=(first,), primes=name.primes + len(rest))
    if first.primes and not rest:
        return replace(name, above=(replace(first, primes=0),), primes=name.primes + first.primes)
    return name
