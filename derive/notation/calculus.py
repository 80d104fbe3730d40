"""Notation of the calculus beyond a first derivative: ∂²f/∂x∂y, lim."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import Limit, Ref, fresh
from derive.notation import members
from derive.notation.shaped import Val
from derive.text.spelled import spelled
from derive.text.trees import Big, Name, Node, Number, Row, Sign

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator

MOST_ORDER = 4
ARROWS = ("\\to", "\\rightarrow", "\\longrightarrow")


def order_of(mark: Name) -> int | None:
    """The order that ∂^2 or d^2 says; None where what stands above is no number."""
    if mark.above is None:
        return 1
    shown = spelled(mark.above)
    return int(shown) if shown.isdigit() and 0 < int(shown) <= MOST_ORDER else None


def variables(below: Row, order: int) -> list[Row] | None:
    """What ∂x ∂y, or ∂x^2, differentiates by, one row for each time; None where their number is not `order`."""  # noqa: E501
    first = below[0]
    if not isinstance(first, Name):
        return None
    parts: list[list[Node]] = []
    for node in below:
        if isinstance(node, Name) and node.letter == first.letter and node.below is None:
            if node.above is not None or node.primes:
                return None
            parts.append([])
        elif parts:
            parts[-1].append(node)
    found: list[Row] = []
    for part in parts:
        if not part:
            return None
        found += _repeated(tuple(part), order - len(parts) + 1)
    return found if len(found) == order else None


def _repeated(row: Row, times: int) -> list[Row]:
    """x^2 below ∂² is x, twice."""
    last = row[-1]
    if times > 1 and isinstance(last, Name) and last.above is not None:
        above = last.above
        if len(above) == 1 and isinstance(above[0], Number) and above[0].text == str(times):
            return [(*row[:-1], replace(last, above=None))] * times
    return [row]


def limit(elaborator: Elaborator, node: Big, inside: Row) -> Val | None:
    r"""\lim_{x \to a} of a formula; None where the variable or the point is not understood."""
    below = node.below or ()
    place = next((i for i, n in enumerate(below) if isinstance(n, Sign) and n.text in ARROWS), None)
    if place != 1 or node.above is not None or not isinstance(below[0], Name):
        return None
    occurs = members.occurrence_of(elaborator, below[0], None)
    if occurs.indices or occurs.arguments is not None or occurs.power is not None:
        return None
    if any(isinstance(n, Name) and n.letter == "\\infty" for n in below):
        return None
    point = elaborator.row(below[2:])
    if point.rank:
        return None
    variable = Ref(fresh("to"))
    elaborator.setting.slots[variable.name] = ()
    before = elaborator.bound
    elaborator.bound = {**before, occurs.key: variable}
    try:
        body = elaborator.term(inside)
    finally:
        elaborator.bound = before
    return replace(body, body=Limit(variable, point.body, body.body), of=None, by=None)
