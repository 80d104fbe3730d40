r"""Letters in scripts that name a gate of the page, the o of u_{ot} where o_t = σ(u_{ot}): labels beside indices, and a letter that stands for each of them."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from derive.notation import habits
from derive.notation.slots import EQUAL, Piece, names_in, plain, single_name, split
from derive.text.page import Chain, Formula, Member, Page, with_chains, with_trees
from derive.text.trees import Big, Name, Node, Number, Row, Sign, children, walk, with_children

FEWEST = 2
"""How many gates a letter stands for at least."""


def changed(before: Page, after: Page) -> frozenset[int]:
    """The numbers of the formulas that two pages have otherwise."""
    pairs = zip(before.items, after.items, strict=True)
    return frozenset(a.number for a, b in pairs if isinstance(a, Formula) and a != b)


def gates_of(chains: Iterable[Chain]) -> frozenset[str]:
    """The letters of quantities that are made, step by step, of what carries their letter in a script."""
    found: set[str] = set()
    bound: set[str] = set()
    for chain in chains:
        for member in chain.members:
            bound |= set(bound_in(member.tree))
        head = head_of(chain)
        if head is None or head.primes or not _is_timed(head):
            continue
        letter = head.letter
        below = {p.letter for n in names_of(chain.members[1:]) for p in _beside(n)}
        if letter in below:
            found.add(letter)
    return frozenset(found - bound - habits.TIME)


def with_each_gate(page: Page) -> tuple[Page, list[str]]:
    """A page with u_{kt} = … written out for each gate that k stands for, and what is so supposed."""
    chains = page.chains
    gates = gates_of(chains)
    if len(gates) < FEWEST:
        return page, []
    said: list[str] = []
    stepped = frozenset(
        n.letter for c in chains for n in names_of(c.members) if _has_gate_and_step(n, gates)
    )
    if stepped:
        page = _with_steps(page, gates, stepped)
        chains = page.chains
    written = with_chains(page, lambda f: _written_out(f.chains, gates, chains, said))
    return (written if said else page), said


def _has_gate_and_step(name: Name, gates: frozenset[str]) -> bool:
    """Whether a name is the u_{ot} of a gate at a step."""
    pieces = [p for p in split(name).pieces if p.place == "below"]
    return len(pieces) == 2 and pieces[0].letter in gates and pieces[1].letter in habits.TIME


def _with_steps(page: Page, gates: frozenset[str], stepped: frozenset[str]) -> Page:
    """A page with the o1 of u_{o1} as the gate o and the step 1, where u_{ot} stands elsewhere."""

    def in_node(node: Node) -> Node:
        node = with_children(node, in_row)
        if (
            isinstance(node, Name)
            and node.letter in stepped
            and node.below
            and len(node.below) == 1
        ):
            return replace(node, below=_parted(node.below[0], gates))
        return node

    def in_row(row: Row) -> Row:
        return tuple(map(in_node, row))

    return with_trees(page, in_row)


def _parted(node: Node, gates: frozenset[str]) -> Row:
    if (
        not isinstance(node, Name)
        or len(node.letter) != 2
        or node.letter[0] not in gates
        or not node.letter[1].isdigit()
        or node.below is not None
        or node.above is not None
    ):
        return (node,)
    middle = node.start + 1
    step = Number(middle, node.end, node.letter[1])
    return replace(node, end=middle, letter=node.letter[0]), Sign(middle, middle, ","), step


def _written_out(
    own: Iterable[Chain], gates: frozenset[str], chains: Sequence[Chain], said: list[str]
) -> Iterator[Chain]:
    for chain in own:
        yield chain
        head = head_of(chain)
        for piece in () if head is None else split(head).pieces:
            stands_for = _stood_for(head, piece, gates, chains)  # type: ignore[arg-type]
            if stands_for:
                listed = ", ".join(stands_for)
                assert head is not None
                said.append(f"{head.letter} with {piece.letter} is made so for each of {listed}")
                for gate in stands_for:
                    yield with_letter(chain, piece.letter, gate)
                break


def _stood_for(
    head: Name, piece: Piece, gates: frozenset[str], chains: Sequence[Chain]
) -> tuple[str, ...]:
    """The gates in whose place a letter of a left side stands, none of which is made by itself."""
    if piece.form != "letter" or piece.moved or piece.letter in gates | habits.TIME:
        return ()
    if not _is_timed(head) or any(
        name.letter == piece.letter
        for c in chains
        for m in c.members
        if len(m.tree) > 1 or (len(c.members) > 1 and c.members[1].relation in EQUAL)
        for name, _, _ in names_in(m.tree)
    ):
        return ()  # what is a quantity itself stands for no other
    if piece.letter in {x for c in chains for m in c.members for x in bound_in(m.tree)}:
        return ()
    found: dict[str, None] = {}
    for chain in chains:
        for name in names_of(chain.members):
            if name.letter != head.letter or name.accents != head.accents:
                continue
            letters = [p.letter for p in split(name).pieces if p.place == piece.place]
            gated = [x for x in letters if x in gates]
            if gated and name is head_of(chain):
                return ()
            found |= dict.fromkeys(gated)
    return tuple(found) if len(found) >= FEWEST else ()


def with_letter(chain: Chain, letter: str, other: str) -> Chain:
    members = tuple(replace(m, tree=_in_row(m.tree, letter, other)) for m in chain.members)
    return replace(chain, members=members, copy=True)


def _in_row(row: Row, letter: str, other: str, inside: bool = False) -> Row:
    return tuple(_in_node(node, letter, other, inside) for node in row)


def _in_node(node: Node, letter: str, other: str, inside: bool) -> Node:
    if inside and isinstance(node, Name) and node.letter == letter:
        node = replace(node, letter=other)
    return with_children(
        node,
        lambda row: _in_row(row, letter, other, inside),
        scripts=lambda row: _in_row(row, letter, other, True),
    )


def head_of(chain: Chain) -> Name | None:
    """The name that an equation begins with."""
    if len(chain.members) < 2 or chain.members[1].relation not in EQUAL or chain.continues:
        return None
    single = single_name(chain.members[0].tree)
    return single[0] if single is not None and single[1] is None else None


def _is_timed(name: Name) -> bool:
    return any(p.letter in habits.TIME for p in split(name).pieces)


def names_of(members: Iterable[Member]) -> Iterator[Name]:
    return (n for m in members for n in walk(m.tree) if isinstance(n, Name))


def _beside(name: Name) -> Iterator[Piece]:
    """The letters that stand with another in a script, or in brackets above."""
    pieces = split(name).pieces
    for piece in pieces:
        if piece.form == "letter" and not piece.moved and len(pieces) > 1:
            yield piece


def bound_in(row: Row) -> Iterator[str]:
    """The letters over which a Σ or Π runs."""
    for node in row:
        if isinstance(node, Big) and node.below and isinstance(node.below[0], Name):
            yield plain(node.below[:1])
        for inner in children(node):
            yield from bound_in(inner)
