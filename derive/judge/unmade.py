"""What a page differentiates and never makes: some function of what it is differentiated by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

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


def with_unknown(model: Model, sides: list[Core]) -> Model:
    """A chain of quantities that nothing defines, ∂z/∂y ∂y/∂x: each is an unknown function of what it is differentiated by."""  # noqa: E501
    slopes = [x for side in sides for x in walk(side) if isinstance(x, D) and isinstance(x.of, Ref)]
    uses: dict[str, list[tuple[Ref, Ref]]] = {}
    for x in slopes:
        assert isinstance(x.of, Ref)
        if (
            x.of.name not in model.definitions
            and x.of.name not in model.lost
            and not COSTS.match(x.of.name)
            and x.of.name != x.by.name
        ):
            uses.setdefault(x.of.name, []).append((x.of, x.by))
    if not uses or not any(x.by.name in uses for x in slopes):
        return model
    definitions = dict(model.definitions)
    for name, pairs in uses.items():
        made = _unknown(name, _direct(name, pairs, uses), model.slots)
        if made is not None:
            definitions[name] = (made,)
    return replace(model, definitions=definitions)


def _direct(
    name: str, pairs: list[tuple[Ref, Ref]], uses: Mapping[str, list[tuple[Ref, Ref]]]
) -> list[tuple[Ref, Ref]]:
    """What a quantity depends on itself: not what it depends on by another that it is differentiated by."""
    between = {by.name for _, by in pairs if by.name in uses and by.name != name}
    beyond = {by.name for n in between for _, by in uses[n]}
    return [(of, by) for of, by in pairs if by.name not in beyond or by.name in between]


def _unknown(
    name: str, pairs: list[tuple[Ref, Ref]], slots_of: Mapping[str, tuple[str, ...]]
) -> Definition | None:
    slots = slots_of.get(name, ())
    if any(len(r.index) != len(slots_of.get(r.name, ())) for pair in pairs for r in pair):
        return None  # one name in two shapes
    index_of = tuple(Time.of(fresh()) for _ in slots)
    args: dict[Ref, Arg] = {}
    for of, by in pairs:
        table = {
            i.letters[0][0]: own + (-i.shift)
            for i, own, s in zip(of.index, index_of, slots, strict=True)
            if s in ORDERED and len(i.letters) == 1
        }
        letters, dims, index = [], [], []
        for place, (i, slot) in enumerate(zip(by.index, slots_of.get(by.name, ()), strict=True)):
            if slot in ORDERED:
                index.append(i.replace(table))
                continue
            letter = fresh()
            letters.append(letter)
            dims.append(f"{by.name.split('∅')[0]}:{place - before(slots_of[by.name])}")
            index.append(Time.of(letter))
        if all(
            not i.letters or any(i.letters == own.letters for own in index_of) or s not in ORDERED
            for i, s in zip(index, slots_of.get(by.name, ()), strict=True)
        ):
            args.setdefault(
                Ref(
                    by.name,
                    tuple(i for i, s in zip(index, slots_of[by.name], strict=True) if s in ORDERED),
                ),
                Arg(tuple(letters), tuple(dims), Ref(by.name, tuple(index))),
            )
    if not args:
        return None
    return Definition(
        name,
        index_of,
        tuple(a for i in index_of for a, _ in i.letters),
        App(f"some {name}", tuple(args.values()), index_of),
        slots,
        (),
    )


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
    model: Model, sides: list[Core], table: Mapping[str, list[Slope]]
) -> tuple[Model, list[str]] | None:
    """What a line rests on and nothing makes, as functions of what the page differentiates it by; None where there is no such name.

    `table` has all that the page differentiates, and by what. A quantity of as many indices as what it is differentiated by,
    always with the same letters, ∂y_i/∂x_i, is a function of it member by member.
    """  # noqa: E501
    made = _Made(model, table)
    named = {p.of for side in sides for p in walk(side) if isinstance(p, D)}
    waiting = [p.name for of in named for p in walk(of) if isinstance(p, Ref)]
    seen: set[str] = set()
    definitions = dict(model.definitions)
    filled = []
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting += made.parts(name)
        if name in model.definitions or name in model.lost or name not in table:
            continue
        pairs = [(of, by) for of, by in table[name] if _is_made_before(name, of, by, made)]
        names = {by.name for _, by in pairs} - {name}
        between = {a for a in names if any(a in made.above(b) for b in names if b != a)}
        found = _function(name, [(o, b) for o, b in pairs if b.name not in between], model.slots)
        if found is not None:
            definitions[name] = (found,)
            filled.append(name)
    return (replace(model, definitions=definitions), sorted(filled)) if filled else None


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


def _function(
    name: str, pairs: list[Slope], slots_of: Mapping[str, tuple[str, ...]]
) -> Definition | None:
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
        members = all(_pairs_up(o, b) for o, b in pairs if b.name == by.name)
        index, letters, dims = [], [], []
        for place, (i, slot) in enumerate(zip(by.index, theirs, strict=True)):
            known = own.get(i.letters[0][0]) if len(i.letters) == 1 else None
            if known is not None and known[1] == slot and (slot in ORDERED or members):
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


def _pairs_up(of: Ref, by: Ref) -> bool:
    """y_i by x_i: the same letters in the same places."""
    return len(of.index) == len(by.index) and all(
        a.letters and a.letters == b.letters for a, b in zip(of.index, by.index, strict=True)
    )
