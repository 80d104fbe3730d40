"""Numbers for which two sides differ: every value that enters, and what each side gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.algebra.core import App, At, Big, Core, Fn, Ref, Size, walk
from derive.algebra.expression import Time
from derive.judge.claims import Outcome, Sides
from derive.meaning.model import Model, depended, walk_values
from derive.meaning.world import Element, NoNumber, World
from derive.verify.verdicts import Counterexample

MOST_VALUES, SATURATED = 40, 1e-3
CLEAR, LEAST = 0.02, 1e-3  # of what the sides are: a difference that is seen at once comes first
EXP = "\\exp"
STYLES = (
    ("nice", 2, 2, 11),
    ("nice", 3, 3, 12),
    ("small", 2, 2, 15),
    ("small", 3, 3, 16),
    ("generic", 2, 2, 13),
    ("generic", 3, 3, 14),
)
WORLDS = (*((s, True) for s in STYLES), *((s, False) for s in STYLES))
LATE = tuple((("small", 3, 3, seed), True) for seed in range(17, 41))  # a path through many gates


class _AsPrinted(World):
    """A world in which givens that print alike, p_i and p_t at the same step, have one value."""

    def leaf(self, element: Element) -> Any:
        name, index = element
        bare = name.split("∅")[0]
        alike = (n for n, at in self.used if at == index and n.split("∅")[0] == bare)
        return super().leaf((next(alike, name), index))


def witness(found: Sides, outcome: Outcome, judgement: Any) -> Counterexample | None:
    """The smallest moderate world in which the sides differ; None where none of those tried is complete and moderate.

    Vectors of one entry come first: what is false for numbers is false for vectors of any size.
    """  # noqa: E501
    assert outcome.model is not None and outcome.dims is not None
    shared = frozenset(outcome.dims.find(d) for d in exponentials(outcome.model))
    easy = [w for w in WORLDS if w[1] and w[0][0] != "generic"]
    tries = [*((*w, CLEAR) for w in easy), *((*w, LEAST) for w in (*WORLDS, *LATE))]
    for (style, time, layer, seed), single, least in tries:
        world = World(
            outcome.model, {"time": time, "layer": layer}, seed, style, find=outcome.dims.find
        )
        world.single, world.shared = single, shared
        try:
            for env in judgement.instances(world, found, outcome.tests):
                made = _at(world, found, env, least)
                if made is not None:
                    return made
        except (NoNumber, OverflowError, ZeroDivisionError, RecursionError):
            continue
    return None


def exponentials(model: Model) -> set[str]:
    """The dimensions over which exponentials are summed: a softmax of one entry says nothing."""
    return {
        p.dim
        for definitions in model.definitions.values()
        for d in definitions
        for p in walk(d.body)
        if isinstance(p, Big)
        and p.dim is not None
        and isinstance(p.body, Fn)
        and p.body.name == EXP
    }


def _at(world: World, found: Sides, env: Mapping[str, int], least: float) -> Counterexample | None:
    fresh = _AsPrinted(world.model, world.lengths, world.seed, world.style, find=world.find)
    fresh.sizes, fresh.single, fresh.shared = world.sizes, world.single, world.shared
    left, right = fresh.value(found.left, env), fresh.value(found.right, env)
    if left != left or right != right:
        return None
    if abs(left - right) < least * (1 + abs(left) + abs(right)) or max(abs(left), abs(right)) > 1e6:
        return None
    if any(0 < abs(v) < SATURATED for v in (left, right)):
        return None
    if fresh.expanded and _is_abstract(world, found):
        return None  # what such functions are to second order is not printed
    values = [(a, str(v)) for a, v in sorted(env.items()) if not a.startswith("\\,")]
    ones = are_numbers(fresh)
    values += [
        (f"entry {i + 1}", str(v))
        for i, (a, v) in enumerate(sorted(env.items()))
        if a.startswith("\\,") and not ones
    ]
    values += [("\\text{size}", "1")] if ones else []
    shown = sorted(fresh.used.items(), key=lambda item: item[0])
    values += [(spelled(shortened(fresh, e)), number(v)) for e, v in shown]
    values += edges(fresh, (found.left, found.right))
    uses_time = any(
        s in ("time", "layer")
        for part in (found.left, found.right)
        for r in walk(part)
        if isinstance(r, Ref)
        for s in world.model.slots.get(r.name, ())
    )
    printed = {a for a, _ in values} | ({"T"} if uses_time else set())
    values += lengths_used(fresh, (found.left, found.right), printed)
    if len(values) > MOST_VALUES or len(dict(values)) < len(set(values)):
        return None  # too many to be redone, or one name with two values
    values = list(dict.fromkeys(values))
    return Counterexample(
        world.lengths["time"] if uses_time else None, tuple(values), number(left), number(right)
    )


def lengths_used(
    world: World, sides: tuple[Core, Core], printed: set[str]
) -> list[tuple[str, str]]:
    """The lengths that enter as numbers, the m of a mean 1/m: T apart, which is printed by itself."""
    bodies = [
        d.body
        for name in depended(sides, world.model)
        for d in world.model.definitions.get(name, ())
    ]
    parts = [p for x in (*sides, *bodies) for p in walk(x)]
    letters = {a for p in parts if isinstance(p, At) for a, _ in p.index.letters}
    dims = {p.dim for p in parts if isinstance(p, Size)}
    letters |= {a for a, d in world.model.horizons.items() if d in dims}
    letters = {a for a in letters if a in world.model.horizons} - printed
    return [(a, str(world.index(Time.of(a), {}))) for a in sorted(letters)]


def are_numbers(world: World) -> bool:
    """Whether each vector of the world has one entry, so that its index need not be printed; one put together of two has two."""  # noqa: E501
    entries = {
        i
        for (name, index) in world.used
        for i, s in zip(index, world.model.slots.get(name, ()), strict=False)
        if s == "component"
    }
    return bool(world.sizes) and set(world.sizes.values()) == {1} and entries <= {1}


def shortened(world: World, element: Element) -> Element:
    """The member without the indices of its one entry, where all vectors are numbers."""
    name, index = element
    slots = world.model.slots.get(name, ())
    if not are_numbers(world) or len(slots) != len(index):
        return element
    return name, tuple(i for i, s in zip(index, slots, strict=True) if s != "component")


def _is_abstract(world: World, found: Sides) -> bool:
    """Whether abstract functions may enter."""
    bodies = [d.body for ds in world.model.definitions.values() for d in ds]
    return any(isinstance(p, App) for x in (found.left, found.right, *bodies) for p in walk(x))


def edges(world: World, sides: tuple[Core, Core]) -> list[tuple[str, str]]:
    """The local derivatives of what abstract functions make, and its values where closed formulas use them."""  # noqa: E501
    bodies = [d.body for ds in world.model.definitions.values() for d in ds]
    closed = [b for b in bodies if not isinstance(b, App)]
    used = {p.name for b in (*sides, *closed) for p in walk_values(b) if isinstance(p, Ref)}
    found = [
        (spelled(shortened(world, element)), number(value))
        for element, value in sorted(world._values.items())
        if element[0] in used
        and (made := world.definition(element)) is not None
        and any(isinstance(p, App) for p in walk(made[0].body))
    ]
    for element, (_, slopes) in sorted(world._slopes.items()):
        made = world.definition(element)
        if made is None or not any(isinstance(p, App) for p in walk(made[0].body)):
            continue
        for part, slope in sorted(slopes.items()):
            others = (made_by(world, other) for other in slopes if other != part)
            sign = "^+" if any(part in found for found in others) else ""
            made_name, by = (spelled(shortened(world, e)) for e in (element, part))
            found.append(
                (f"\\frac{{\\partial{sign} {made_name}}}{{\\partial {by}}}", number(slope))
            )
    return found


def made_by(world: World, element: Element) -> set[Element]:
    """What an element depends on by way of slopes that are known; where an immediate derivative is not the total one."""  # noqa: E501
    seen: set[Element] = set()
    waiting = [element]
    while waiting:
        slopes = world._slopes.get(waiting.pop())
        new = set(slopes[1]) - seen if slopes else set()
        seen |= new
        waiting += new
    return seen


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
