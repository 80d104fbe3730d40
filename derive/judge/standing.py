"""What a name that nothing makes may stand for: \\delta_i for the ∂L/∂y_i of the page, o_i for the z_i that a softmax is of.

Each is one definition that the page does not have. A line that holds with it holds in that reading, which is said; nothing is
proved by it, and nobody is accused.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from derive.algebra.core import Core, D, Ref, fresh, walk
from derive.algebra.expression import Time
from derive.judge.claims import Sides
from derive.judge.costs import differentiated
from derive.judge.unmade import Slope
from derive.meaning.model import ORDERED, Definition, Model, depended
from derive.notation.habits import INPUT

MOST_TRIED = 8
SLOPES = re.compile(r"\\delta|\\Delta|\\epsilon|\\varepsilon|\\lambda|\\xi|[eg]|d[a-zA-Z]?|dout")
"""Letters that people give to the derivatives of a cost."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A definition that a page lacks, in words; `same` are the dimensions that it makes equal."""

    said: str
    definition: Definition
    same: tuple[tuple[str, str], ...]


def stand_ins(found: Sides, model: Model, slopes: Mapping[str, list[Slope]]) -> Iterator[Standing]:
    """What the only name of a line that the page neither makes nor uses may stand for."""
    names = strangers(found, model)
    if len(names) != 1:
        return
    (name,) = names
    if any(isinstance(s, Ref) and s.name == name for s in (found.left, found.right)):
        return  # the line says what it is
    by = {x.by.name for side in (found.left, found.right) for x in walk(side) if isinstance(x, D)}
    made = _renamed(name, found, model) if name in by else _slope(name, found, model, slopes)
    for count, one in enumerate(made):
        if count >= MOST_TRIED:
            return
        yield one


def with_stand_in(
    definitions: Mapping[str, tuple[Definition, ...]], one: Standing | None
) -> dict[str, tuple[Definition, ...]]:
    """The definitions of a page, and one that it does not have."""
    made = dict(definitions)
    if one is not None:
        made[one.definition.name] = (one.definition,)
    return made


def strangers(found: Sides, model: Model) -> list[str]:
    """Names of a line that no definition in force makes or uses, and that the line does not differentiate."""  # noqa: E501
    known = {
        "\\,chance",
        *model.definitions,
        *model.lost,
        *differentiated([found.left, found.right]),
    }
    for definitions in model.definitions.values():
        for d in definitions:
            known |= {p.name for p in walk(d.body) if isinstance(p, Ref)}
    own = {p.name for s in (found.left, found.right) for p in walk(s) if isinstance(p, Ref)}
    return sorted(own - known)


def _renamed(name: str, found: Sides, model: Model) -> Iterator[Standing]:
    """What a line differentiates by, as another name of what the page makes its quantities of."""
    slots = model.slots.get(name, ())
    if not slots:
        return  # nothing would tell it from all other numbers
    waiting = list(dict.fromkeys(differentiated([found.left, found.right])))
    seen: dict[str, None] = {}
    while waiting:
        one = waiting.pop(0)
        for d in model.definitions.get(one, ()):
            new = [p.name for p in walk(d.body) if isinstance(p, Ref) and p.name not in seen]
            seen.update(dict.fromkeys(new))
            waiting += new
    named = [n for n in seen if n != name and model.slots.get(n, ()) == slots]
    own = {p.name for s in (found.left, found.right) for p in walk(s) if isinstance(p, Ref)}
    for other in sorted(named, key=lambda n: n in model.definitions):
        bare = other.split("∅")[0]
        if other in own or bare in INPUT or "∅" in other or not _may_be_one(name, bare):
            continue
        index = tuple(Time.of(fresh()) for _ in slots)
        yield _standing(
            f"{name.split('∅')[0]} is another name of {bare}",
            (other, index),
            Ref(name, index),
            (name, other),
            slots,
        )


def _may_be_one(name: str, other: str) -> bool:
    """Whether a name with a label, s_a, is of the letter that it would be another name of."""
    letter, _, label = name.split("∅")[0].partition("_")
    return not label or letter == other.partition("_")[0]


def _slope(
    name: str, found: Sides, model: Model, slopes: Mapping[str, list[Slope]]
) -> Iterator[Standing]:
    """A letter that people give to derivatives, as one that the page differentiates."""
    bare = name.split("∅")[0]
    slots = model.slots.get(name, ())
    if not SLOPES.fullmatch(bare.split("_")[0].split("^")[0]):
        return
    above = depended((Ref(n) for n in differentiated([found.left, found.right])), model)
    if not any(n in model.definitions for n in above):
        above = []  # the page does not say what it is made of
    seen: dict[object, None] = {}
    for of_name, pairs in slopes.items():
        for of, by in pairs:
            if by.name == name or of_name == name or model.slots.get(by.name, ()) != slots:
                continue
            if (of_name, by.name) in seen or "∅" in by.name or len(by.index) != len(slots):
                continue
            index = tuple(Time.of(fresh()) for _ in slots)
            at = _at(of, model.slots.get(of_name, ()), index, slots)
            if at is None or (above and by.name not in above):
                continue
            seen[of_name, by.name] = None
            yield _standing(
                f"{bare} stands for the derivative of {of_name.split('∅')[0]} by {by.name}",
                (name, index),
                D(at, Ref(by.name, index)),
                (name, by.name),
                slots,
            )


def _at(
    of: Ref, theirs: tuple[str, ...], index: tuple[Time, ...], slots: tuple[str, ...]
) -> Ref | None:
    """What is differentiated, at the step of what it is differentiated by."""
    steps = {s: i for i, s in zip(index, slots, strict=True) if s in (*ORDERED, "sample")}
    if any(s not in steps for s in theirs) or len(theirs) != len(of.index):
        return None
    return Ref(of.name, tuple(steps[s] for s in theirs))


def _standing(
    said: str,
    target: tuple[str, tuple[Time, ...]],
    body: Core,
    names: tuple[str, str],
    slots: tuple[str, ...],
) -> Standing:
    name, index = target
    letters = tuple(i.letters[0][0] for i in index)
    components = sum(s == "component" for s in slots)
    same = tuple((f"{names[0]}:{i}", f"{names[1]}:{i}") for i in range(components))
    return Standing(said, Definition(name, index, letters, body, slots, ()), same)
