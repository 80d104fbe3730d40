r"""A name that gets its step late: K = P_k^- C^\top (…)^{-1} behind e_k = (I - K C) e_k^- - K v_k. It is the K of step k there, too."""  # noqa: E501

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import Core, Ref, rebuild, refs, walk
from derive.algebra.expression import Time
from derive.judge.made import WHERE

if TYPE_CHECKING:
    from derive.judge.claims import Sides
    from derive.judge.understanding import Understanding
    from derive.meaning.model import Definition, Model


def stands_without(u: Understanding, key: str, domain: str, first: int) -> bool:
    """Whether what the page makes well before a name gets its step is made of the name without one."""
    name = f"{key}∅{domain}"
    return any(
        m.place[0] < first - WHERE and name in refs(m.definition.body) for m in u.made if m.place
    )


def with_steps(u: Understanding, model: Model, found: Sides, number: int) -> Model:
    """The model of a line that names what has got a step, which is at the step of what is made of it."""
    late = {
        f"{key}∅{domain}": (key, domain)
        for key, (domain, first, last) in u._implied.items()
        if first <= number <= last and key in model.definitions
        if domain in u.setting.slots.get(key, ())
    }
    named = {p.name for x in (found.left, found.right) for p in walk(x) if isinstance(p, Ref)}
    late = {bare: own for bare, own in late.items() if own[0] in named}
    if not late:
        return model
    definitions = {
        name: tuple(_at_its_step(u, d, late) if name not in late else d for d in made)
        for name, made in model.definitions.items()
    }
    return replace(model, definitions=definitions)


def _at_its_step(u: Understanding, d: Definition, late: dict[str, tuple[str, str]]) -> Definition:
    if not late.keys() & refs(d.body):
        return d
    place = id(d), tuple(sorted(late))
    if place not in u.at_steps:
        u.at_steps[place] = d, _put(u, d, late)
    return u.at_steps[place][1]


def _put(u: Understanding, d: Definition, late: dict[str, tuple[str, str]]) -> Definition:
    steps: dict[str, Time] = {}
    for i, slot in zip(d.index, d.slots, strict=False):
        steps.setdefault(slot, i)

    def put(x: Core) -> Core:
        if not isinstance(x, Ref) or x.name not in late:
            return rebuild(x, put)
        key, domain = late[x.name]
        if domain not in steps or key == d.name:
            return x
        place = u.setting.slots[key].index(domain)
        return Ref(key, (*x.index[:place], steps[domain], *x.index[place:]))

    return replace(d, body=put(d.body))
