"""The layout of a text, inferred from its lines: how Jacobians and gradients stand, and in which order.

Numerator layout is the default. Another one needs evidence, since a text whose factors stand in the
wrong order would otherwise be read as one in denominator layout: transpositions or ∇ for the gradient
layouts; for denominator layout two lines, one of them with the gradient of a cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from derive.algebra.expression import Expr, Transpose, Written
from derive.notation.claims import parts_of
from derive.verify.readings import LAYOUTS

NUMERATOR, DENOMINATOR = LAYOUTS[0], LAYOUTS[-1]

Sides = tuple[Expr, Expr]


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a page; `certain` if some line holds in this one and in no other."""

    name: str
    certain: bool


def infer(
    lines: Sequence[Sides],
    asked: Sequence[str],
    fits: Callable[[int, str], bool],
    is_scalar: Callable[[Expr], bool],
) -> Layout:
    """The layout in which the lines fit; `fits(i, layout)` tells of one line."""
    if not lines:
        return Layout(asked[0], False)
    base = {i for i in range(len(lines)) if fits(i, asked[0])}
    best, most = Layout(asked[0], False), 0
    for layout in asked[1:] if len(base) < len(lines) else ():
        here = {i for i in range(len(lines)) if fits(i, layout)}
        gained, lost = here - base, base - here
        strong = evidence(layout, [lines[i] for i in sorted(gained)], is_scalar)
        if strong and len(gained) > max(most, 2 * len(lost)):
            best, most = Layout(layout, True), len(gained)
    if best.name != asked[0] or len(asked) == 1:
        return best
    return Layout(asked[0], any(not fits(i, DENOMINATOR) for i in base if DENOMINATOR in asked))


def evidence(layout: str, gained: Sequence[Sides], is_scalar: Callable[[Expr], bool]) -> bool:
    """Whether the lines that only this layout explains speak for it."""
    if layout == DENOMINATOR:
        return len(gained) > 1 and any(has_gradient(sides, is_scalar) for sides in gained)
    return any(_is_marked(sides) for sides in gained)


def has_gradient(sides: Sides, is_scalar: Callable[[Expr], bool]) -> bool:
    """Whether the derivative of a cost or a loss stands in a line."""
    return any(isinstance(x, Written) and is_scalar(x.of) for side in sides for x in parts_of(side))


def _is_marked(sides: Sides) -> bool:
    return any(
        isinstance(x, Transpose) or (isinstance(x, Written) and x.mark == "∇")
        for side in sides
        for x in parts_of(side)
    )
