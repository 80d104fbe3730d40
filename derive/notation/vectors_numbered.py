r"""x_i \in \mathbb{R}^I where \sum_{i=1}^I runs over the x_i^t: the i numbers vectors in the one place, entries in the other."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.notation import habits
from derive.notation.shapes_said import shape_of_set
from derive.notation.slots import plain, single_name, split
from derive.text.page import Chain, Page, with_chains
from derive.text.trees import Big, Name, Row, walk

IN = ("\\in", "∈")


def with_vectors_at_steps(page: Page) -> Page:
    """A page that says x_t \\in \\mathbb{R}^I of such vectors."""
    runs = {run for c in page.chains for m in c.members for run in _runs(m.tree)}
    steps = {
        (name.letter, name.accents, letter): step
        for c in page.chains
        for m in c.members
        for name in walk(m.tree)
        if isinstance(name, Name)
        for letter, step in _entries(name)
    }

    def in_chain(chain: Chain) -> Chain:
        said = _said(chain)
        if said is None:
            return chain
        name, letter, size = said
        step = steps.get((name.letter, name.accents, letter))
        if step is None or (letter, size) not in runs:
            return chain
        head = replace(name, below=(replace(name.below[0], letter=step),))  # type: ignore[index]
        return replace(chain, members=(replace(chain.members[0], tree=(head,)), *chain.members[1:]))

    return with_chains(page, lambda f: map(in_chain, f.chains))


def _said(chain: Chain) -> tuple[Name, str, str] | None:
    r"""The name, the letter below it and the size of x_i \in \mathbb{R}^I."""
    if len(chain.members) != 2 or chain.members[1].relation not in IN:
        return None
    single, shape = single_name(chain.members[0].tree), shape_of_set(chain.members[1].tree)
    if single is None or single[1] is not None or shape is None or len(shape) != 1:
        return None
    pieces = split(single[0]).pieces
    below = single[0].below
    if len(pieces) != 1 or pieces[0].place != "below" or below is None or len(below) != 1:
        return None
    if pieces[0].form != "letter" or pieces[0].letter in habits.TIME | habits.LAYER:
        return None
    return single[0], pieces[0].letter, shape[0]


def _runs(tree: Row) -> Iterator[tuple[str, str]]:
    r"""The letters of sums with their ends: the i and the I of \sum_{i=1}^I."""
    for node in walk(tree):
        if isinstance(node, Big) and node.kind == "sum" and node.below and node.above:
            first = node.below[0]
            if isinstance(first, Name):
                yield first.letter, plain(node.above)


def _entries(name: Name) -> Iterator[tuple[str, str]]:
    """The letter of an entry with the step that stands beside it: the i and the t of x_i^t."""
    pieces = [p for p in split(name).pieces if p.form == "letter"]
    steps = [p.letter for p in pieces if p.letter in habits.TIME]
    others = [p.letter for p in pieces if p.place == "below" and p.letter not in habits.TIME]
    if len(steps) == 1 == len(others) and len(pieces) == 2:
        yield others[0], steps[0]
