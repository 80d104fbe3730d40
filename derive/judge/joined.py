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
    """The model with both names of what is called otherwise, and what is supposed; else None."""
    found = called_otherwise(model, kind_of)
    if not found:
        return None
    said = [SAID.format(_bare(name), _bare(made)) for name, made in found.items()]
    definitions = dict(model.definitions)
    for name, made in found.items():
        slots = model.slots[name]
        index = tuple(Time.of(fresh()) for _ in slots)
        letters = tuple(i.letters[0][0] for i in index)
        number = definitions[made][-1].number
        definitions[name] = (Definition(name, index, letters, Ref(made, index), slots, (), number),)
    return replace(model, definitions=definitions), said


def called_otherwise(model: Model, kind_of: Callable[[str], str]) -> dict[str, str]:
    """For each name that nothing makes and one formula uses: what is made right before, and used nowhere.

    `kind_of` says what a name is on the page.
    """
    uses = {
        name: {p.name for d in definitions for p in walk(d.body) if isinstance(p, Ref)} - {name}
        for name, definitions in model.definitions.items()
    }
    used = frozenset[str]().union(*uses.values())
    unused = [n for n in model.definitions if n not in used]
    found = {}
    for name in sorted(used - {*model.definitions, *model.lost}):
        slots = model.slots.get(name, ())
        users = [d for n, ds in model.definitions.items() if name in uses[n] for d in ds]
        steps = bool({*ORDERED} & {*slots})
        if len(users) != 1 or not slots or _bare(name) in INPUT:
            continue
        if kind_of(_bare(name)) not in ("variable", "") and not steps:
            continue
        before = {
            n: users[0].number - model.definitions[n][-1].number
            for n in unused
            if n != users[0].name and model.slots.get(n, ()) == slots
        }
        near = {n: apart for n, apart in before.items() if 0 < apart <= MOST_APART}
        if near:
            found[name] = min(near, key=lambda n: near[n])
    return found


def _bare(name: str) -> str:
    return name.split("∅")[0]
