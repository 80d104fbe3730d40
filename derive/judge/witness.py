"""Numbers for which two sides differ: every value that enters, and what each side gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.algebra.core import App, Core, Ref, walk
from derive.judge.claims import Outcome, Sides
from derive.meaning.world import Element, NoNumber, World
from derive.verify.verdicts import Counterexample

MOST_VALUES = 40
STYLES = (
    ("nice", 2, 2, 11),
    ("nice", 3, 3, 12),
    ("generic", 2, 2, 13),
    ("generic", 3, 3, 14),
    ("small", 2, 2, 15),
)
WORLDS = (*((s, True) for s in STYLES), *((s, False) for s in STYLES))


def witness(found: Sides, outcome: Outcome, judgement: Any) -> Counterexample | None:
    """The smallest moderate world in which the sides differ; None where none of those tried is complete and moderate.

    Vectors of one entry come first: what is false for numbers is false for vectors of any size.
    """  # noqa: E501
    assert outcome.model is not None and outcome.dims is not None
    for (style, time, layer, seed), single in WORLDS:
        world = World(
            outcome.model, {"time": time, "layer": layer}, seed, style, find=outcome.dims.find
        )
        world.single = single
        try:
            for env in judgement.instances(world, found, outcome.tests):
                made = _at(world, found, env)
                if made is not None:
                    return made
        except (NoNumber, OverflowError, ZeroDivisionError, RecursionError):
            continue
    return None


def _at(world: World, found: Sides, env: Mapping[str, int]) -> Counterexample | None:
    fresh = World(world.model, world.lengths, world.seed, world.style, find=world.find)
    fresh.sizes, fresh.single = world.sizes, world.single
    left, right = fresh.value(found.left, env), fresh.value(found.right, env)
    if left != left or right != right:
        return None
    if abs(left - right) < 1e-3 * (1 + abs(left) + abs(right)) or max(abs(left), abs(right)) > 1e6:
        return None
    if fresh.expanded and _is_abstract(world, found):
        return None  # what such functions are to second order is not printed
    values = [(a, str(v)) for a, v in sorted(env.items()) if not a.startswith("\\,")]
    values += [
        (f"entry {i + 1}", str(v))
        for i, (a, v) in enumerate(sorted(env.items()))
        if a.startswith("\\,")
    ]
    shown = sorted(fresh.used.items(), key=lambda item: item[0])
    values += [(spelled(e), number(v)) for e, v in shown]
    values += edges(fresh)
    if len(values) > MOST_VALUES:
        return None
    uses_time = any(
        s in ("time", "layer")
        for part in (found.left, found.right)
        for r in walk(part)
        if isinstance(r, Ref)
        for s in world.model.slots.get(r.name, ())
    )
    return Counterexample(
        world.lengths["time"] if uses_time else None, tuple(values), number(left), number(right)
    )


def _is_abstract(world: World, found: Sides) -> bool:
    """Whether abstract functions may enter."""
    bodies = [d.body for ds in world.model.definitions.values() for d in ds]
    return any(isinstance(p, App) for x in (found.left, found.right, *bodies) for p in walk(x))


def edges(world: World) -> list[tuple[str, str]]:
    """The local derivatives of what abstract functions make."""
    found = []
    for element, (_, slopes) in sorted(world._slopes.items()):
        made = world.definition(element)
        if made is None or not any(isinstance(p, App) for p in walk(made[0].body)):
            continue
        found += [
            (f"\\frac{{\\partial {spelled(element)}}}{{\\partial {spelled(part)}}}", number(v))
            for part, v in sorted(slopes.items())
        ]
    return found


def spelled(element: Element) -> str:
    """A member as LaTeX: h_{2,1}."""
    name, index = element
    name = name.split("∅")[0].rstrip("·")
    if not index:
        return name
    below = ",".join(map(str, index))
    if "_" in name:
        return f"{{{name}}}_{{{below}}}"
    return f"{name}_{{{below}}}" if len(below) > 1 else f"{name}_{below}"


def number(value: Any) -> str:
    """A number as people write it: exact where it is a short decimal, else to six digits."""
    if value == int(value) and abs(value) < 1e9:
        return str(int(value))
    text = f"{value:.6g}"
    return text


def side(core: Core) -> str:
    return str(core)
