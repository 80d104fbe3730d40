r"""A name that a page makes and then calls otherwise: z_t = W x_t, h_t = \tanh(a_t), where nothing else makes a or uses z.

One of the two is a slip. A line that says nothing as the page has it may hold with the one for the other, which is said;
nobody is accused by it.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from derive.algebra.core import Ref, fresh, walk
from derive.algebra.expression import Time
from derive.meaning.model import ORDERED, Definition, Model
from derive.notation.habits import INPUT

SAID = "{} is {}, which the formula before it makes"
MOST_APART = 3  # formulas of a page


def joined(model: Model, kind_of: Callable[[str], str]) -> tuple[Model, list[str]] | None:
    """The model with each name that nothing makes as what is made right before it and used nowhere, and what is so supposed; None where there is no such name.

    `kind_of` says what a name is on the page.
    """  # noqa: E501
    used = {
        p.name
        for name, definitions in model.definitions.items()
        for d in definitions
        for p in walk(d.body)
        if isinstance(p, Ref) and p.name != name
    }
    unused = [ds[-1] for n, ds in model.definitions.items() if n not in used]
    found: dict[str, Definition] = {}
    said = []
    for name in sorted(used - {*model.definitions, *model.lost}):
        bare = name.split("∅")[0]
        users = [
            d
            for ds in model.definitions.values()
            for d in ds
            if any(isinstance(p, Ref) and p.name == name for p in walk(d.body))
        ]
        slots = model.slots.get(name, ())
        if len(users) != 1 or not slots or bare in INPUT:
            continue
        if kind_of(bare) not in ("variable", "") and not {*ORDERED} & {*slots}:
            continue
        before = [d for d in unused if 0 < users[0].number - d.number <= MOST_APART]
        before = [
            d for d in before if model.slots.get(d.name, ()) == slots and d.name != users[0].name
        ]
        if not before:
            continue
        made = max(before, key=lambda d: d.number)
        index = tuple(Time.of(fresh()) for _ in slots)
        letters = tuple(i.letters[0][0] for i in index)
        found[name] = Definition(
            name, index, letters, Ref(made.name, index), slots, (), made.number
        )
        said.append(SAID.format(bare, made.name.split("∅")[0]))
    if not found:
        return None
    definitions = {**model.definitions, **{n: (d,) for n, d in found.items()}}
    return replace(model, definitions=definitions), said
