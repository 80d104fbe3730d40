r"""A name in the middle of a chain that nothing else makes: \hat y = a = \sigma(z) makes a, too.

A name for one entry stands before the rest: \delta^{out} = \delta_j = \partial E/\partial a_j = … is about the \delta_j.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import replace

from derive.judge.put_in import instance_of
from derive.notation import habits
from derive.notation.slots import split
from derive.text.page import Chain, Page, with_chains
from derive.text.spelled import spelled
from derive.text.trees import Name, Number, Row, walk

EQUATIONS = ("=", ":=", "\\equiv", "\\triangleq")


def with_middles(page: Page) -> Page:
    """A page that says by itself what the middles of its chains are."""
    page = with_chains(page, lambda f: (c for chain in f.chains for c in _apart(chain)))
    heads = [
        head
        for chain in page.chains
        if len(chain.members) > 1 and (head := _name_of(chain, 0)) is not None
    ]
    return with_chains(page, lambda f: (c for chain in f.chains for c in _made(chain, heads)))


def _apart(chain: Chain) -> tuple[Chain, ...]:
    """A chain in two where its first name has none of the indices that the second and all the rest have."""
    if len(chain.members) < 3 or chain.continues or chain.copy:
        return (chain,)
    if any(m.relation not in EQUATIONS for m in chain.members[1:3]):
        return (chain,)
    head, middle = _name_of(chain, 0), _name_of(chain, 1)
    if head is None or middle is None:
        return (chain,)
    counted = _counted(middle) - _letters((head,))
    if not counted or not all(counted <= _letters(m.tree) for m in chain.members[2:]):
        return (chain,)
    alone = _counted(head) - _counted(middle)
    if any(alone & _letters(m.tree) for m in chain.members[2:]):
        return (chain,)
    first = replace(chain, members=chain.members[:2])
    rest = (replace(chain.members[1], relation=""), *chain.members[2:])
    return (first, replace(chain, members=rest))


def _counted(name: Name) -> frozenset[str]:
    """The letters that count entries at a name: no times, and no layers."""
    pieces = [p for p in split(name).pieces if p.form == "letter" and not p.moved]
    return frozenset(p.letter for p in pieces) - habits.TIME - habits.LAYER


def _letters(tree: Row) -> frozenset[str]:
    """The letters that stand in the scripts of names."""
    return frozenset(p.letter for n in walk(tree) if isinstance(n, Name) for p in split(n).pieces)


def _made(chain: Chain, heads: list[Name]) -> tuple[Chain, ...]:
    """A chain, and what it says of its second member."""
    if len(chain.members) < 3 or chain.continues or chain.copy:
        return (chain,)
    if any(m.relation not in EQUATIONS for m in chain.members[1:3]):
        return (chain,)
    head, middle = _name_of(chain, 0), _name_of(chain, 1)
    if head is None or middle is None or head.letter == middle.letter:
        return (chain,)
    if any(_is_made_by(other, middle) for other in heads):
        return (chain,)
    body = chain.members[2]
    own = {spelled((head,)), spelled((middle,))}
    names = [n for n in walk(body.tree) if isinstance(n, Name)]
    if len(body.tree) < 2 or not names or any(spelled((n,)) in own for n in names):
        return (chain,)
    members = (replace(chain.members[1], relation=""), body)
    return (chain, Chain(members, chain.conditions, copy=True))


def _name_of(chain: Chain, k: int) -> Name | None:
    tree = chain.members[k].tree
    only = tree[0] if len(tree) == 1 else None
    return only if isinstance(only, Name) and not only.primes else None


def _is_made_by(head: Name, name: Name) -> bool:
    """Whether a head is the name, or one of its family that no number tells apart: a^{[1]} is no a^{[2]}."""  # noqa: E501
    if instance_of(head, name) is not None or instance_of(name, head) is not None:
        return True
    family = head.letter == name.letter and head.accents == name.accents
    return family and head.style == name.style and not _numbers(head) - _numbers(name)


def _numbers(name: Name) -> set[str]:
    return {n.text for n in walk((name,)) if isinstance(n, Number)}
