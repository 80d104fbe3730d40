"""Whether the expectations of a line are of anything random: what the page does not call so may be, and then E[z^2] is not E[z]^2."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable

from derive.algebra.core import Big, Core, Ref, walk
from derive.meaning.model import Model, depended
from derive.notation.chance import WEIGHT


def of_nothing_random(sides: Iterable[Core], model: Model) -> bool:
    """Whether a line, or what it rests on, takes an expectation of what is made of no random quantity."""
    sides = tuple(sides)
    bodies = [d.body for n in depended(sides, model) for d in model.definitions.get(n, ())]
    means = (
        p
        for body in (*sides, *bodies)
        for p in walk(body)
        if isinstance(p, Big) and p.dim == "sample" and _weighs(p.body)
    )
    return any(not _is_random(p.body, model) for p in means)


def _weighs(body: Core) -> bool:
    return any(isinstance(p, Ref) and p.name == WEIGHT for p in walk(body))


def _is_random(body: Core, model: Model) -> bool:
    return any(
        n != WEIGHT and n not in model.definitions and "sample" in model.slots.get(n, ())
        for n in depended((body,), model)
    )
