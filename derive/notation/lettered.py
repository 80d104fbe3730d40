r"""Letters that tell layers apart: net_j = \sum_i w_{ij} o_i and net_k = \sum_j w_{jk} o_j make two families, as their letters say.

Where a page makes one name for two letters, one of them out of the other, each name gets the letters below it as a mark.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from derive.notation import habits
from derive.notation.gates import bound_in, names_of, with_letter
from derive.notation.occurrences import is_time_call
from derive.notation.slots import EQUAL, is_derivative, names_in, plain, single_name, split
from derive.text.page import Chain, Page, with_chains, with_trees
from derive.text.trees import Name, Node, Row, walk, with_children

ACCENT = "layer"
SAID = "the letters {} tell layers apart: each name is another one for each of them"
_WRITTEN = re.compile(r"\\layer([a-zA-Z]+)\{((?:\\?[a-zA-Z]+|\\[a-z]+\{[^{}]*\}))\}")


@dataclass
class Heads:
    """What a page makes with one letter below: by name and letter, its chain."""

    chains: dict[str, dict[str, Chain]] = field(default_factory=dict)
    links: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """For each name the pairs of letters of which one is summed to make the other."""


def with_letters(page: Page) -> tuple[Page, list[str]]:
    """A page with the names of its layers told apart by their letters, and what is so supposed."""
    chains = page.chains
    heads = _heads(chains)
    letters = frozenset(x for base in heads.links for x in _typed(heads, base))
    if not letters:
        return page, []
    used = {
        (n.letter, own[0])
        for c in chains
        for n in names_of(c.members)
        if len(own := _letters(n)) == 1
    }
    page = with_chains(page, lambda f: _written_out(f.chains, heads, letters, used))
    functions = _applied(chains)
    marked = with_trees(page, lambda row: _in_row(row, letters, functions))
    return marked, [SAID.format(", ".join(sorted(letters)))]


def unlettered(text: str) -> str:
    """A name with the letters of its layer above it, as they are told."""
    return _WRITTEN.sub(r"\2^{(\1)}", text)


def _heads(chains: Sequence[Chain]) -> Heads:
    found = Heads()
    for chain in chains:
        head = _head(chain)
        own = _letters(head) if head is not None else ()
        if head is None or len(own) != 1 or head.primes or _has_other_index(head):
            continue
        (letter,) = own
        found.chains.setdefault(head.letter, {}).setdefault(letter, chain)
        summed = {habits.unmarked(x)[0] for m in chain.members[1:2] for x in bound_in(m.tree)}
        pairs = {
            frozenset(two) for n in names_of(chain.members[1:2]) if len(two := _letters(n)) == 2
        }
        for other in summed - {letter}:
            if frozenset((other, letter)) in pairs:
                found.links.setdefault(head.letter, set()).add((other, letter))
    return found


def _has_other_index(name: Name) -> bool:
    """Whether more than a letter below and a time stands at a name: the layer of z^l_j."""
    return any(p.place != "below" and p.letter not in habits.TIME for p in split(name).pieces)


def _head(chain: Chain) -> Name | None:
    """The name that an equation begins with, with its time in brackets perhaps."""
    if len(chain.members) < 2 or chain.members[1].relation not in EQUAL or chain.continues:
        return None
    single = single_name(chain.members[0].tree)
    if single is None or (single[1] is not None and not is_time_call(single[1])):
        return None
    return single[0]


def _applied(chains: Sequence[Chain]) -> frozenset[str]:
    """The names with a letter below that stand before brackets only: functions."""
    alone: set[str] = set()
    called: set[str] = set()
    for chain in chains:
        for member in chain.members:
            for name, behind, _ in names_in(member.tree):
                if _letters(name):
                    made = behind is None or behind.opening != "(" or is_time_call(behind)
                    (alone if made else called).add(name.letter)
    return frozenset(called - alone)


def _typed(heads: Heads, base: str) -> set[str]:
    """The letters of a name that is made for two of them, one out of the other."""
    links, made = heads.links[base], heads.chains[base]
    for first, second in links:
        if first in made and _leads_to(heads, base, first, second):
            same = _renamed(made[first]) == _renamed(made[second])
            if not (same and any(_is_timed(n) for n in names_of(made[second].members))):
                return {x for link in links for x in link}
    return set()


def _leads_to(heads: Heads, base: str, first: str, second: str) -> bool:
    """Whether a name with one letter makes it with another: net_k of the o_j that are made of net_j."""
    summed = {
        n.letter
        for n in names_of(heads.chains[base][second].members[1:2])
        if _letters(n) == (first,)
    }
    return base in summed or any(
        any(n.letter == base and _letters(n) == (letter,) for n in names_of(chain.members[1:2]))
        for name in summed
        for letter, chain in heads.chains.get(name, {}).items()
    )


def _is_timed(name: Name) -> bool:
    return any(p.letter in habits.TIME for p in split(name).pieces)


def _renamed(chain: Chain) -> str:
    """A formula with its letters below numbered in the order in which they come."""
    letters = dict.fromkeys(x for n in names_of(chain.members[:2]) for x in _letters(n))
    for number, letter in enumerate(letters):
        chain = with_letter(chain, letter, f"\\place{number}")
    return plain(chain.members[0].tree) + "=" + plain(chain.members[1].tree)


def _is_by_slopes(chain: Chain) -> bool:
    """Whether a formula makes something a derivative."""
    return any(is_derivative(n) for n in walk(chain.members[1].tree))


def _letters(name: Name) -> tuple[str, ...]:
    """The letters that count below a name, times left out; none where anything else stands there."""
    pieces = [p for p in split(name).pieces if p.place == "below" and p.letter not in habits.TIME]
    if any(p.form != "letter" or p.moved or p.letter in habits.LAYER for p in pieces):
        return ()
    return tuple(habits.unmarked(p.letter)[0] for p in pieces)


def _written_out(
    own: tuple[Chain, ...], heads: Heads, letters: frozenset[str], used: set[tuple[str, str]]
) -> Iterator[Chain]:
    """Each chain, and copies of what is made for one letter and means the others, too: δ_j = ∂E/∂net_j, o_j = f(net_j)."""  # noqa: E501
    for chain in own:
        yield chain
        head = _head(chain)
        below = _letters(head) if head is not None else ()
        if head is None or len(below) != 1 or list(bound_in(chain.members[1].tree)):
            continue
        (letter,) = below
        names = [n for n in names_of(chain.members[1:2]) if _letters(n)]
        if any(_letters(n) != (letter,) for n in names):
            continue
        for other in sorted(letters - {letter}):
            made = heads.chains.get(head.letter, {})
            known = all((n.letter, other) in used for n in names)
            of_made = any(other in heads.chains.get(n.letter, {}) for n in names)
            there = other in made and (_is_by_slopes(made[other]) or not _is_by_slopes(chain))
            if known and of_made and not there and (head.letter, other) in used:
                yield with_letter(chain, letter, other)


def _in_row(row: Row, letters: frozenset[str], functions: frozenset[str]) -> Row:
    return tuple(_in_node(node, letters, functions) for node in row)


def _in_node(node: Node, letters: frozenset[str], functions: frozenset[str]) -> Node:
    if isinstance(node, Name) and node.letter not in functions:
        own = _letters(node)
        kronecker = node.letter == "\\delta" and len(own) > 1
        if own and set(own) <= letters and not kronecker:
            mark = "".join(x.removeprefix("\\") for x in own)
            node = replace(node, accents=(ACCENT + mark, *node.accents))
    return with_children(node, lambda r: _in_row(r, letters, functions))
