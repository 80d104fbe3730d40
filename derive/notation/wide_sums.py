r"""A Σ that goes on behind a plus: \sum_i y_i \log p_i + (1 - y_i) \log(1 - p_i), where nothing else says which i the rest is about.

By the rules of the trade a Σ ends at the plus. The terms behind it that have its index, which the left side has not, are
under it all the same: as they stand they would say nothing. That is supposed, and said.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from derive.text.page import Chain, Page, with_chains
from derive.text.trees import Big, Group, Name, Node, Row, Sign, walk, with_children

SAID = "Σ over {} goes on behind the plus, over all terms that have its index"
ENDS = (",", ";", "\\mid", "|")


def with_wide_sums(page: Page) -> tuple[Page, list[str]]:
    """A page with each such Σ before a bracket, and what is so supposed."""
    letters: dict[str, None] = {}
    widened = with_chains(page, lambda f: (_in_chain(chain, letters) for chain in f.chains))
    if not letters:
        return page, []
    return widened, [SAID.format(", ".join(letters))]


def _in_chain(chain: Chain, letters: dict[str, None]) -> Chain:
    if not chain.members or chain.continues:
        return chain
    head = _letters((*chain.members[0].tree, *(n for row in chain.conditions for n in row)))
    members = (
        chain.members[0],
        *(replace(m, tree=_in_row(m.tree, head, letters)) for m in chain.members[1:]),
    )
    return replace(chain, members=members)


def _letters(row: Row) -> frozenset[str]:
    """The letters of a row that no Σ in it binds."""
    bound = {_bound(n) for n in walk(row) if isinstance(n, Big)}
    return frozenset(n.letter for n in walk(row) if isinstance(n, Name)) - bound


def _bound(big: Big) -> str:
    first = big.below[0] if big.below else None
    plain = isinstance(first, Name) and first.below is None and first.above is None
    return first.letter if plain else ""  # type: ignore[union-attr]


def _in_row(row: Row, taken: frozenset[str], letters: dict[str, None]) -> Row:
    at = next((k for k, n in enumerate(row) if isinstance(n, Big) and n.kind == "sum"), None)
    if at is not None:
        big = row[at]
        assert isinstance(big, Big)
        letter, rest = _bound(big), row[at + 1 :]
        end = _end(rest, letter)
        if letter and end and letter not in taken | _letters(row[:at]):
            letters[letter] = None
            inside = rest[:end]
            whole = Group(inside[0].start, inside[-1].end, "(", ")", inside)
            row = (*row[: at + 1], whole, *rest[end:])
    inner = taken | {_bound(n) for n in row if isinstance(n, Big)}
    return tuple(_in_node(node, inner, letters) for node in row)


def _in_node(node: Node, taken: frozenset[str], letters: dict[str, None]) -> Node:
    if isinstance(node, Name | Big):
        return node
    return with_children(node, lambda r: _in_row(r, taken, letters))


def _end(rest: Row, letter: str) -> int:
    """Where the last term ends that has the letter of the Σ before it; 0 where none behind the first has it."""  # noqa: E501
    cuts = [
        k
        for k, n in enumerate(rest)
        if isinstance(n, Sign) and n.text in ("+", "-") and k and not isinstance(rest[k - 1], Sign)
    ]
    stop = next(
        (k for k, n in enumerate(rest) if isinstance(n, Sign) and n.text in ENDS), len(rest)
    )
    found = 0
    for cut, end in pairwise((*(k for k in cuts if k < stop), stop)):
        if letter in _letters(rest[cut:end]):
            found = end
    return found
