"""The layout of a page, from its lines: in which order Jacobians stand, and what their rows count (DESIGN, section 2)."""  # noqa: E501

from __future__ import annotations

from collections.abc import Sequence

from derive.algebra.core import D, Ref, walk
from derive.judge.decide import Held
from derive.judge.ladder import DENOMINATOR
from derive.judge.readings import Readings, Tried

LEAST = 2
SHOWN = frozenset(("order", "denominator"))


def is_in_other_layout(held: Sequence[Held], readings: Readings) -> bool:
    """Whether more lines of a page hold in denominator layout alone than in numerator layout alone.

    It takes two, one of them with the gradient of a number: a page whose factors stand in the wrong order would otherwise
    pass for one in that layout.
    """  # noqa: E501
    other = [h for h in held if h.tried.reading.startswith(DENOMINATOR)]
    if len(other) < LEAST or not any(_has_gradient(h.tried) for h in other):
        return False
    own = [h for h in held if not h.tried.reading and h.tried.choices & SHOWN]
    return len(other) > sum(not _holds_in_both(h, readings) for h in own)


def _holds_in_both(line: Held, readings: Readings) -> bool:
    found = readings.in_other_layout(line.number, line.chain, line.head, line.member)
    return found is not None and found.outcome.agrees


def _has_gradient(tried: Tried) -> bool:
    """Whether a line differentiates a number by a vector."""
    assert tried.outcome.model is not None
    slots = tried.outcome.model.slots
    return any(
        isinstance(p, D)
        and isinstance(p.of, Ref)
        and "component" not in slots.get(p.of.name, ())
        and "component" in slots.get(p.by.name, ())
        for side in (tried.sides.left, tried.sides.right)
        for p in walk(side)
    )
