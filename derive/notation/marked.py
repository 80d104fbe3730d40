"""Letters of indices that carry a mark, h', t_1, \\tilde{j}: each is made one letter, which counts as its plain one does.

What a mark hangs on tells an index from a quantity: a Σ or Π runs over it, or it stands in scripts and nowhere else.
"""  # noqa: E501

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from derive.notation import habits
from derive.notation.changes import as_changes
from derive.notation.lettered import unlettered
from derive.notation.rates import as_rates
from derive.notation.slots import EQUAL, single_name
from derive.text.page import Chain, Page, with_chains
from derive.text.trees import (
    Big,
    Fraction,
    Group,
    Name,
    Node,
    Number,
    Root,
    Row,
    Sign,
    Table,
    with_children,
)

T = TypeVar("T")

COUNTING = habits.TIME | habits.LAYER | frozenset("ijkmn")
"""Letters that count whatever mark they carry, where nothing says otherwise."""
PRIMED = COUNTING | frozenset("pqr")
NUMBERED = habits.TIME | frozenset("ijks")
BINDING = ("sum", "prod", "max", "min", "argmax", "argmin")
CONDITIONS = ("<", ">", "\\leq", "\\geq", "\\neq", "\\in")
_WRITTEN = re.compile(
    rf"(_)?\\([a-zA-Z]+?)index({'|'.join(sorted(habits.MARKS, reverse=True))})(?![a-zA-Z])"
)


@dataclass
class Seen:
    """Where the marked letters of a page stand."""

    bound: Counter[str] = field(default_factory=Counter)
    scripted: Counter[str] = field(default_factory=Counter)
    on_line: Counter[str] = field(default_factory=Counter)
    heads: set[str] = field(default_factory=set)
    """Those in a script of what an equation begins with."""
    counts: set[str] = field(default_factory=set)
    """The plain letters over which a Σ or Π runs."""
    listed: set[str] = field(default_factory=set)
    """The letters that carry an index of their own, t_k: their t_1 is one of a list."""


def with_index_letters(page: Page) -> Page:
    """A page with each marked letter of an index as one letter."""
    seen = Seen()
    for chain in page.chains:
        _see(seen, chain)
    letters = {x for x in seen.bound | seen.scripted if _is_index(seen, x)}
    if not letters:
        return page
    return with_chains(page, lambda f: (_in_chain(chain, letters) for chain in f.chains))


def marked(node: Node) -> str | None:
    """The one letter that a letter with a mark is made; None where a node is none, or carries more."""
    if not isinstance(node, Name) or node.style or node.above is not None:
        return None
    letter = node.letter.removeprefix("\\")
    if (len(letter) > 1 and node.letter not in habits.GREEK) or not letter.islower():
        return None
    match node:
        case Name(primes=1 | 2 | 3, below=None, accents=()):
            mark = "prime" * node.primes
        case Name(primes=0, below=(Number(text=text),), accents=()) if text in habits.DIGITS:
            mark = habits.DIGITS[text]
        case Name(primes=0, below=None, accents=("tilde" | "bar" | "hat" as accent,)):
            mark = accent
        case _:
            return None
    return habits.marked(node.letter, mark)


def unmarked(told: T) -> T:
    """What is told, with the marked letters as the page writes them."""
    return retold(told, _as_the_page)


def _as_the_page(text: str) -> str:
    return as_changes(as_rates(unlettered(_WRITTEN.sub(_written, text))))


def retold(told: T, write: Callable[[str], str]) -> T:
    """What is told, with each of its texts written as `write` does."""
    if isinstance(told, str):
        return write(told)  # type: ignore[return-value]
    if isinstance(told, tuple):
        return tuple(retold(x, write) for x in told)  # type: ignore[return-value]
    if isinstance(told, dict):
        return {retold(k, write): retold(v, write) for k, v in told.items()}  # type: ignore[return-value]
    if isinstance(told, list):
        return [retold(x, write) for x in told]  # type: ignore[return-value]
    if is_dataclass(told) and not isinstance(told, type):
        changed: dict[str, Any] = {
            f.name: retold(getattr(told, f.name), write) for f in fields(told)
        }
        return replace(told, **changed)
    return told


def _written(found: re.Match[str]) -> str:
    below, letter, mark = found.groups()
    letter = letter if len(letter) == 1 else f"\\{letter}"
    if mark.startswith("prime"):
        text = letter + "'" * (len(mark) // len("prime"))
    elif mark in habits.ACCENTS:
        text = f"\\{mark}{{{letter}}}"
    else:
        text = f"{letter}_{next(d for d, word in habits.DIGITS.items() if word == mark)}"
    return f"_{{{text}}}" if below else text


def _is_index(seen: Seen, letter: str) -> bool:
    plain, mark = habits.unmarked(letter)
    if seen.bound[letter]:
        return not seen.on_line[letter] or plain in COUNTING
    if seen.on_line[letter] or letter in seen.heads or mark in habits.ACCENTS:
        return False
    if mark.startswith("prime"):
        return plain in PRIMED or plain in seen.counts
    return plain not in seen.listed and (
        plain in habits.TIME or (plain in NUMBERED and plain in seen.counts)
    )


def _see(seen: Seen, chain: Chain) -> None:
    rows = [member.tree for member in chain.members]
    relations = [member.relation for member in chain.members[1:]]
    condition = bool(relations) and relations[0] in CONDITIONS
    head = single_name(rows[0]) if rows else None
    if head is not None and relations[:1] and relations[0] in EQUAL:
        for script in (head[0].below, head[0].above):
            seen.heads |= {x for n in _lines(script or ()) if (x := marked(n)) is not None}
    for row in (*rows, *chain.conditions):
        _see_row(seen, row, condition or row in chain.conditions, False)


def _see_row(seen: Seen, row: Row, condition: bool, inside: bool) -> None:
    """Sees the names of a row; `inside` a script, or a condition, a letter may be an index."""
    for at, node in enumerate(row):
        letter = marked(node)
        if letter is not None:
            if not inside and _is_applied(row, at):
                pass
            elif inside:
                seen.scripted[letter] += 1
            elif not condition:
                seen.on_line[letter] += 1
            continue
        match node:
            case Name(below=(Name(), *_)):
                seen.listed.add(node.letter)
            case Big(kind=kind) if kind in BINDING:
                for name in _bound(node.below or ()):
                    own = marked(name)
                    if own is not None:
                        seen.bound[own] += 1
                    seen.counts.add(name.letter)
                _see_row(seen, node.below or (), True, True)
                _see_row(seen, node.above or (), True, True)
                continue
            case Fraction():
                _see_row(seen, node.above_line, condition, inside)
                _see_row(seen, node.below_line, condition, inside)
            case Root():
                _see_row(seen, node.inside, condition, inside)
            case Group():
                _see_row(seen, node.inside, condition, inside)
            case Table():
                for cells in node.rows:
                    for cell in cells:
                        _see_row(seen, cell, condition, inside)
            case _:
                pass
        for script in (getattr(node, "below", None), getattr(node, "above", None)):
            _see_row(seen, script or (), condition, True)


def _is_applied(row: Row, at: int) -> bool:
    """Whether the h' of h'(x) is the slope of a function."""
    behind = row[at + 1] if at + 1 < len(row) else None
    return isinstance(behind, Group) and behind.opening == "("


def _bound(below: Row) -> Iterator[Name]:
    """The letters over which a Σ or Π runs: those before =, ≠, ∈, ≤, or all that commas part."""
    for node in below:
        if isinstance(node, Sign) and node.text != ",":
            return
        if isinstance(node, Name):
            yield node


def _lines(row: Row) -> Iterator[Node]:
    for node in row:
        yield node
        if isinstance(node, Group):
            yield from _lines(node.inside)


def _in_chain(chain: Chain, letters: set[str]) -> Chain:
    return replace(
        chain,
        members=tuple(replace(m, tree=_in_row(m.tree, letters)) for m in chain.members),
        conditions=tuple(_in_row(row, letters) for row in chain.conditions),
    )


def _in_row(row: Row, letters: set[str], inside: bool = False) -> Row:
    return tuple(
        node
        if not inside and marked(node) is not None and _is_applied(row, at)
        else _in_node(node, letters, inside)
        for at, node in enumerate(row)
    )


def _in_node(node: Node, letters: set[str], inside: bool) -> Node:
    own = marked(node)
    if own in letters:
        return replace(node, letter=own, below=None, primes=0, accents=())  # type: ignore[call-arg]
    return with_children(
        node,
        lambda row: _in_row(row, letters, inside),
        scripts=lambda row: _in_row(row, letters, True),
    )
