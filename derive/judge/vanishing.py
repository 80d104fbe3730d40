"""∂f/∂y of an f that the page makes of v, where y = v: 0 by the letter, and not what is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from derive.algebra.core import Core, D, Ref, walk
from derive.meaning.model import Model, depended

MOST_NAMES = 6


def vanishing(sides: Iterable[Core], names: Iterable[str], model: Model) -> str:
    """By what a line, or what it rests on, differentiates a quantity that is not made of it; "" without such.

    In a definition each such derivative counts; in the line itself one by a second name for what it is made of.
    """  # noqa: E501
    bodies = [d.body for n in names for d in model.definitions.get(n, ())]
    for body in bodies:
        for by, _ in _apart(body, model):
            return by
    for side in sides:
        for by, made in _apart(side, model):
            if set(_other_names(by, model)) & made:
                return by
    return ""


def _apart(x: Core, model: Model) -> Iterator[tuple[str, set[str]]]:
    """What is differentiated by and is no part of what is differentiated, with the parts of that."""
    for part in walk(x):
        if isinstance(part, D):
            made = set(depended([part.of], model))
            if part.by.name not in made and not made & model.lost.keys():
                yield part.by.name, made


def _other_names(name: str, model: Model) -> Iterator[str]:
    """v for y, where y = v."""
    for _ in range(MOST_NAMES):
        bodies = [d.body for d in model.definitions.get(name, ())]
        if len(bodies) != 1 or not isinstance(bodies[0], Ref):
            return
        name = bodies[0].name
        yield name
