"""What a page differentiates and never makes: some function of what it is differentiated by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from derive.algebra.core import App, Arg, Core, D, Ref, fresh, walk
from derive.algebra.expression import Time
from derive.judge.costs import before
from derive.judge.names import COSTS
from derive.meaning.model import ORDERED, Definition, Model

Slope = tuple[Ref, Ref]


def slopes_in(sides: Iterable[Core]) -> Iterator[Slope]:
    """What a line differentiates, and by what."""
    for side in sides:
        for part in walk(side):
            if isinstance(part, D) and isinstance(part.of, Ref):
                yield part.of, part.by


@dataclass(frozen=True, slots=True)
class Filled:
    """A model with functions for `names` that nothing makes, and what was `supposed` of their paths."""

    model: Model
    names: tuple[str, ...]
    supposed: tuple[str, ...]


def with_unknown(
    model: Model, sides: list[Core], told: Mapping[str, frozenset[str]]
) -> Filled | None:
    """A chain of quantities that nothing defines, ∂z/∂y ∂y/∂x: each is an unknown function of what it is differentiated by.

    `told` has what the page says quantities to be made of, and of nothing else: of these no path is supposed.
    """  # noqa: E501
    uses: dict[str, list[Slope]] = {}
    for of, by in slopes_in(sides):
        known = of.name in model.definitions or of.name in model.lost or COSTS.match(of.name)
        if not known and of.name != by.name:
            uses.setdefault(of.name, []).append((of, by))
    if not any(by.name in uses for _, by in slopes_in(sides)):
        return None
    return _filled(uses, _Made(model, uses), told, False)


# -- what the whole page differentiates ------------------------------------------------------------------


class _Made:
    """What each name is made of, by definitions and by what nothing makes is differentiated by."""

    def __init__(self, model: Model, table: Mapping[str, list[Slope]]) -> None:
        self.model, self.table = model, table
        self._above: dict[str, frozenset[str]] = {}

    def parts(self, name: str) -> set[str]:
        if name in self.model.definitions:
            bodies = [d.body for d in self.model.definitions[name]]
            return {p.name for b in bodies for p in walk(b) if isinstance(p, Ref)} - {name}
        if name in self.model.lost:
            return set()
        return {by.name for _, by in self.table.get(name, ())} - {name}

    def above(self, name: str) -> frozenset[str]:
        if name not in self._above:
            found: set[str] = set()
            waiting = [name]
            while waiting:
                new = self.parts(waiting.pop()) - found
                found |= new
                waiting += new
            self._above[name] = frozenset(found)
        return self._above[name]


def with_gaps(
    model: Model,
    sides: list[Core],
    table: Mapping[str, list[Slope]],
    told: Mapping[str, frozenset[str]],
) -> Filled | None:
    """What a line rests on and nothing makes, as functions of what the page differentiates it by; None where there is no such name.

    `table` has all that the page differentiates, and by what; `told` is as for `with_unknown`.
    """  # noqa: E501
    made = _Made(model, table)
    named = {p.of for side in sides for p in walk(side) if isinstance(p, D)}
    waiting = [p.name for of in named for p in walk(of) if isinstance(p, Ref)]
    seen: dict[str, None] = {}
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name] = None
            waiting += made.parts(name)
    return _filled(
        [n for n in seen if n in table and n not in model.definitions and n not in model.lost],
        made,
        told,
        True,
    )


def _filled(
    names: Iterable[str], made: _Made, told: Mapping[str, frozenset[str]], whole_page: bool
) -> Filled | None:
    """Functions for these names: not of what they depend on by way of another that they are differentiated by.

    That there is no other way is `supposed`, and that a quantity of as many indices as what it is differentiated by, on the
    `whole_page` with the same letters, ∂y_i/∂x_i, is a function of it member by member.
    """  # noqa: E501
    definitions = dict(made.model.definitions)
    filled, supposed = [], []
    for name in names:
        pairs = [(of, by) for of, by in made.table[name] if _is_made_before(name, of, by, made)]
        others = {by.name for _, by in pairs} - {name}
        ways = {a: [b for b in others if b != a and a in made.above(b)] for a in others}
        direct = [(of, by) for of, by in pairs if not ways.get(by.name)]
        members = {
            by.name
            for _, by in direct
            if whole_page and _is_member_by_member(by.name, direct, made.model.slots)
        }
        found = function_of(name, direct, made.model.slots, members)
        if found is None:
            continue
        definitions[name] = (found,)
        filled.append(name)
        bare = name.split("∅")[0]
        supposed += [
            f"{bare} depends on {a.split('∅')[0]} by way of {_listed(by)} alone"
            for a, by in sorted(ways.items())
            if by and a.split("∅")[0] in told.get(bare, {a.split("∅")[0]})
        ]
        supposed += [
            f"{bare} is made of {by.split('∅')[0]} member by member" for by in sorted(members)
        ]
    if not filled:
        return None
    model = replace(made.model, definitions=definitions)
    return Filled(model, tuple(sorted(filled)), tuple(dict.fromkeys(supposed)))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted({n.split("∅")[0] for n in names}))


def _is_made_before(name: str, of: Ref, by: Ref, made: _Made) -> bool:
    """Whether a quantity may be made of another: that is not made of it, unless at an earlier step."""
    if by.name != name and name not in made.above(by.name):
        return True
    slots = made.model.slots
    steps = [
        own - other
        for own, a in zip(of.index, slots.get(name, ()), strict=False)
        for other, b in zip(by.index, slots.get(by.name, ()), strict=False)
        if a == b and a in ORDERED
    ]
    return any(not n.letters and n.shift > 0 for n in steps)


def function_of(
    name: str,
    pairs: list[Slope],
    slots_of: Mapping[str, tuple[str, ...]],
    members: Set[str] = frozenset(),
) -> Definition | None:
    """A family as an unknown function of others, of all their components but for those of `members`; None where indices are missing."""  # noqa: E501
    slots = slots_of.get(name, ())
    if any(len(of.index) != len(slots) for of, _ in pairs):
        return None
    index_of = tuple(Time.of(fresh()) for _ in slots)
    args: dict[tuple[str, tuple[Time, ...]], Arg] = {}
    for of, by in pairs:
        theirs = slots_of.get(by.name, ())
        if len(theirs) != len(by.index):
            return None
        own = {
            i.letters[0][0]: (a + (-i.shift), slot)
            for i, a, slot in zip(of.index, index_of, slots, strict=True)
            if len(i.letters) == 1
        }
        same = [b for o, b in pairs if b.name == by.name]
        index, letters, dims = [], [], []
        for place, (i, slot) in enumerate(zip(by.index, theirs, strict=True)):
            known = own.get(i.letters[0][0]) if len(i.letters) == 1 else None
            if known is not None and known[1] == slot and (slot in ORDERED or by.name in members):
                index.append(known[0] + i.shift)
            elif slot == "layer":
                index.append(Time.of("L"))
            elif i.is_number and slot in ORDERED:
                index.append(max((b.index[place] for b in same), key=lambda at: at.shift))
            else:
                letter = fresh()
                index.append(Time.of(letter))
                letters.append(letter)
                dim = f"{by.name.split('∅')[0]}:{place - before(theirs)}"
                dims.append(slot if slot in (*ORDERED, "sample") else dim)
        ordered = tuple(i for i, s in zip(index, theirs, strict=True) if s in ORDERED)
        steady = tuple(i for i in ordered if i.letters and i.letters[0][0] not in letters)
        args.setdefault(
            (by.name, steady), Arg(tuple(letters), tuple(dims), Ref(by.name, tuple(index)))
        )
    if not args:
        return None
    letters_of = tuple(a for i in index_of for a, _ in i.letters)
    return Definition(
        name, index_of, letters_of, App(f"some {name}", tuple(args.values()), index_of), slots, ()
    )


def _is_member_by_member(
    name: str, pairs: list[Slope], slots_of: Mapping[str, tuple[str, ...]]
) -> bool:
    """Whether what is differentiated by a family has its indices always: y_i by x_i, never y_k."""
    if set(slots_of.get(name, ())) <= set(ORDERED):
        return False
    return all(
        len(of.index) == len(by.index)
        and all(
            a.letters and a.letters == b.letters for a, b in zip(of.index, by.index, strict=True)
        )
        for of, by in pairs
        if by.name == name
    )
