"""∂s_t/∂W = ∂s_t/∂a_t (∂a_t/∂W + W ∂s_{t-1}/∂W): the derivative of the line's own step is the immediate one, that of the step before is not."""  # noqa: E501

from __future__ import annotations

from derive.algebra.core import Core, D, Ref, rebuild, walk
from derive.algebra.expression import Time

TOTAL, IMMEDIATE = "total", "step"


def with_latest_immediate(right: Core, left: D) -> Core | None:
    """The right side with the derivatives of the left side's step, by what it is differentiated by, immediate.

    None where there is none of them, or none of another step beside them.
    """  # noqa: E501
    if not isinstance(left.of, Ref) or not steps(left.of):
        return None
    own = steps(left.of)
    found = [d for p in walk(right) if (d := _by_the_same(p, left)) is not None]
    here = [d for d in found if isinstance(d.of, Ref) and steps(d.of) == own and d.of != left.of]
    if not here or len(here) == len(found):
        return None
    return _immediate(right, frozenset(here))


def steps(ref: Ref) -> tuple[Time, ...]:
    """The indices of a member that the page writes: those of its step, and no component of ours."""
    return tuple(i for i in ref.index if not any(a.startswith("\\,") for a, _ in i.letters))


def _by_the_same(part: Core, left: D) -> D | None:
    same = isinstance(part, D) and part.mode == TOTAL and part.by.name == left.by.name
    return part if same and isinstance(part, D) and isinstance(part.of, Ref) else None


def _immediate(x: Core, those: frozenset[D]) -> Core:
    if isinstance(x, D) and x in those:
        return D(x.of, x.by, IMMEDIATE)
    return rebuild(x, lambda p: _immediate(p, those))
