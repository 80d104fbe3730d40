r"""Steps of a training: w_{t+1} = w_t - \alpha \frac{\partial L}{\partial w_t} on a page whose cost is made of w.

Such a line gives w a new value, as w \leftarrow w - \alpha \frac{\partial L}{\partial w} does, and makes nothing that the cost
is made of. It is one where what is subtracted is a gradient, or the page differentiates by w, and where no other formula
speaks of the w of a step.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from derive.notation.slots import EQUAL, is_derivative, names_in, single_name
from derive.text.page import Chain, Formula, Page, with_chains
from derive.text.spelled import spelled
from derive.text.trees import Group, Name, Node, Number, Row, Sign, walk, with_children

SAID = "{} is {}, at a step of the training"
ARROWS = ("\\leftarrow",)


@dataclass(frozen=True, slots=True)
class Step:
    """A name without its step, the script that has the step, and the step: a letter and what is added."""

    name: str
    place: str
    letter: str
    shift: int


@dataclass(frozen=True, slots=True)
class Update:
    """A line that gives a name its next value: where it stands, of which step to which."""

    number: int
    index: int
    old: Step
    new: Step


def with_training_steps(page: Page) -> tuple[Page, list[str]]:
    """A page whose updates are of the names that its formulas are made of, and what is so supposed."""
    updates = list(_updates(page))
    if not updates:
        return page, []
    taken = {u.old.name for u in updates} - set(_spoken_of_otherwise(page, updates))
    taken &= set(_bare_names(page, updates))
    found = {
        (u.number, u.index): u
        for u in updates
        if u.old.name in taken and (_subtracts_a_gradient(page, u) or _is_by(page, u.old.name))
    }
    apart = {
        (u.number, u.index): u
        for u in updates
        if u.old.name not in taken and _differentiates_by(page, u)
    }
    if not found and not apart:
        return page, []

    def in_formula(formula: Formula) -> Iterator[Chain]:
        for index, chain in enumerate(formula.chains):
            place = (formula.number, index)
            if place in found:
                yield _rewritten(chain, found[place])
            elif place in apart:
                yield _at_its_step(chain, apart[place])
            else:
                yield chain

    said = dict.fromkeys(SAID.format(_shown(u.old), u.old.name) for u in found.values())
    return with_chains(page, in_formula), list(said)


def _chains(page: Page) -> Iterator[tuple[int, int, Chain]]:
    for item in page.items:
        if isinstance(item, Formula):
            for index, chain in enumerate(item.chains):
                yield item.number, index, chain


def _updates(page: Page) -> Iterator[Update]:
    """w_{t+1} = w_t - …"""
    for number, index, chain in _chains(page):
        if len(chain.members) < 2 or chain.members[1].relation not in (*EQUAL, *ARROWS):
            continue
        head, right = single_name(chain.members[0].tree), chain.members[1].tree
        if head is None or head[1] is not None or len(right) < 3:
            continue
        first, sign = right[:2]
        if not isinstance(first, Name) or not isinstance(sign, Sign) or sign.text not in ("-", "+"):
            continue
        for new, old in zip(_steps(head[0]), _steps(first), strict=False):
            if new == replace(old, shift=old.shift + 1) and _is_of_one_step(chain, old):
                yield Update(number, index, old, new)
                break


def _is_of_one_step(chain: Chain, old: Step) -> bool:
    """Whether what follows the head speaks of a name at one step alone."""
    return all(
        step == old
        for m in chain.members[1:]
        for node in walk(m.tree)
        if isinstance(node, Name)
        for step in _steps(node)
        if step.name == old.name
    )


def _steps(name: Name) -> Iterator[Step]:
    """The number of a step that a name may carry above, w^{(t)}, and below, w_t."""
    if name.primes:
        return
    for place in ("above", "below"):
        row = getattr(name, place)
        if row and len(row) == 1 and isinstance(row[0], Group) and row[0].above is None:
            row = row[0].inside
        read = _letter_and_number(row or ())
        if read is not None:
            yield Step(_spelled(_without(name, place)), place, *read)


def _letter_and_number(row: Row) -> tuple[str, int] | None:
    """t, t+1, t-1"""
    letter, *rest = row or (None,)
    if not isinstance(letter, Name) or letter.below or letter.above or letter.primes:
        return None
    if len(letter.letter) > 1 and not letter.letter.startswith("\\"):
        return None
    if letter.letter in ("T", "\\top"):
        return None
    if not rest:
        return letter.letter, 0
    if len(rest) != 2 or not isinstance(rest[1], Number) or not rest[1].text.isdigit():
        return None
    sign = spelled((rest[0],)).strip()
    if sign not in ("+", "-"):
        return None
    return letter.letter, int(rest[1].text) * (1 if sign == "+" else -1)


def _without(name: Name, place: str) -> Name:
    return replace(name, below=None) if place == "below" else replace(name, above=None)


def _spelled(name: Name) -> str:
    return spelled((name,)).strip()


def _is_mention(chain: Chain) -> bool:
    """Whether a formula is a name alone, or gives one a number: w_t, w_0 = 0."""
    if not chain.members or single_name(chain.members[0].tree) is None:
        return False
    return len(chain.members) == 1 or (
        len(chain.members) == 2
        and all(isinstance(n, Number) for n in chain.members[1].tree if not isinstance(n, Sign))
    )


def _others(page: Page, updates: list[Update]) -> Iterator[tuple[Chain, bool]]:
    """The chains that are no updates, and whether they are mentions."""
    places = {(u.number, u.index) for u in updates}
    for number, index, chain in _chains(page):
        if (number, index) not in places:
            yield chain, _is_mention(chain)


def _spoken_of_otherwise(page: Page, updates: list[Update]) -> Iterator[str]:
    """The names whose steps another formula speaks of, too."""
    wanted = {(u.old.name, u.old.place) for u in updates}
    for chain, mention in _others(page, updates):
        for node in () if mention else (n for m in chain.members for n in walk(m.tree)):
            if isinstance(node, Name):
                numbered = (*_steps(node), *_numbered(node))
                yield from (s.name for s in numbered if (s.name, s.place) in wanted)


def _numbered(name: Name) -> Iterator[Step]:
    """The w_0 of a first step; a number plainly above is a power."""
    row = name.below
    if row and len(row) == 1 and isinstance(row[0], Number):
        yield Step(_spelled(_without(name, "below")), "below", "", 0)
    row = name.above
    if row and len(row) == 1 and isinstance(row[0], Group):
        yield Step(_spelled(_without(name, "above")), "above", "", 0)


def _bare_names(page: Page, updates: list[Update]) -> Iterator[str]:
    """What formulas that are no updates name."""
    for chain, mention in _others(page, updates):
        for m in () if mention or len(chain.members) < 2 else chain.members:
            for node in walk(m.tree):
                if isinstance(node, Name):
                    yield _spelled(replace(node, primes=0))


def _subtracts_a_gradient(page: Page, update: Update) -> bool:
    chain = next(c for n, i, c in _chains(page) if (n, i) == (update.number, update.index))
    return any(
        is_derivative(node) or (isinstance(node, Name) and node.letter == "\\nabla")
        for node in walk(chain.members[1].tree)
    )


def _differentiates_by(page: Page, update: Update) -> bool:
    """Whether what is added is a derivative by the name without its step: it is one at that step."""
    chain = next(c for n, i, c in _chains(page) if (n, i) == (update.number, update.index))
    right = chain.members[1].tree
    by = {_spelled(node) for node, _, context in names_in(right) if context == "by"}
    by |= {
        spelled(node.below).strip()
        for node in walk(right)
        if isinstance(node, Name) and node.letter == "\\nabla" and node.below
    }
    return update.old.name in by


def _at_its_step(chain: Chain, update: Update) -> Chain:
    r"""An update with what is added worked out at its step: w_t - \left. \alpha \frac{\partial L}{\partial w} \right|_{w = w_t}."""  # noqa: E501
    first, sign, *rest = chain.members[1].tree
    stops = [n for n in rest[-1:] if isinstance(n, Sign) and n.text in (",", ".", ";")]
    inside = tuple(rest[: len(rest) - len(stops)])
    assert isinstance(first, Name)
    at = (_without(first, update.old.place), Sign(first.start, first.end, "="), first)
    put = Group(inside[0].start, inside[-1].end, ".", "|", inside, below=at)
    own = replace(chain.members[1], tree=(first, sign, put, *stops))
    return replace(chain, members=(chain.members[0], own, *chain.members[2:]))


def _is_by(page: Page, name: str) -> bool:
    """Whether the page differentiates by a name."""
    return any(
        context == "by" and _spelled(node) == name
        for _, _, chain in _chains(page)
        for m in chain.members
        for node, _, context in names_in(m.tree)
    )


def _shown(step: Step) -> str:
    return f"{step.name}_{step.letter}" if step.place == "below" else f"{step.name}^{step.letter}"


def _rewritten(chain: Chain, update: Update) -> Chain:
    """A chain with the name of its update without its steps."""

    def in_node(node: Node) -> Node:
        node = with_children(node, lambda row: tuple(map(in_node, row)))
        if isinstance(node, Name):
            for step in _steps(node):
                if step in (update.old, update.new):
                    return _without(node, step.place)
        return node

    members = tuple(replace(m, tree=tuple(map(in_node, m.tree))) for m in chain.members)
    return replace(chain, members=members)
