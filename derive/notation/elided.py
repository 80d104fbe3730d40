"""Sums and products that a text leaves out in part: L_1 + L_2 + … + L_T is Σ, J_T J_{T-1} ⋯ J_1 is Π.

What stands before the dots and after them must be one formula at different steps; anything else is
refused, since a reader could go on in several ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from derive.algebra.expression import BigProduct, BigSum, Expr, Time, Variable

DOTS = Variable("\\dots")
LETTERS = ("i", "j", "m", "n", "r", "s")


def elided(parts: Sequence[Expr], product: bool) -> list[Expr] | None:
    """The parts of a sum or product with its dots and their neighbours as one Σ or Π; None if unclear."""
    at = parts.index(DOTS)
    if DOTS in parts[at + 1 :] or not 0 < at < len(parts) - 1:
        return None
    first, last = at - 1, parts[at + 1]
    step = -1 if product else 1
    while first and _apart(parts[first - 1], parts[first]) == Time.at(step):
        first -= 1
    if first and _apart(parts[first - 1], parts[first]) is not None:
        return None
    big = _between(parts[first], last, product)
    return None if big is None else [*parts[:first], big, *parts[at + 2 :]]


def _between(first: Expr, last: Expr, product: bool) -> Expr | None:
    """Σ or Π of the formula that is `first` at one end and `last` at the other."""
    apart = _apart(first, last)
    if apart is None:
        return None
    base = next(a for a, b in _times(first, last) if a != b)
    used = repr((first, last))
    index = next((a for a in LETTERS if f"'{a}'" not in used), None)
    if index is None:
        return None
    body = _moved(first, last, Time.of(index) - base)
    if product:
        return BigProduct(index, base + apart, base, body)
    return BigSum(index, base, base + apart, body)


def _apart(one: Expr, other: Expr) -> Time | None:
    """By how many steps two formulas differ, everywhere alike; None where they differ otherwise."""
    try:
        found = {b - a for a, b in _times(one, other) if a != b}
    except ValueError:
        return None
    return found.pop() if len(found) == 1 else None


def _times(one: Any, other: Any) -> list[tuple[Time, Time]]:
    """The indices of two formulas of one form, in pairs; ValueError where the forms differ."""
    if isinstance(one, Time) and isinstance(other, Time):
        return [(one, other)]
    if type(one) is not type(other):
        raise ValueError("different forms")
    if isinstance(one, tuple):
        if len(one) != len(other):
            raise ValueError("different forms")
        return [pair for a, b in zip(one, other, strict=True) for pair in _times(a, b)]
    if is_dataclass(one):
        names = [field.name for field in fields(one)]
        return [p for n in names for p in _times(getattr(one, n), getattr(other, n))]
    if one != other:
        raise ValueError("different forms")
    return []


def _moved(one: Any, other: Any, by: Time) -> Any:
    """`one` with the indices moved that differ from those of `other`."""
    if isinstance(one, Time):
        return one + by if one != other else one
    if isinstance(one, tuple):
        return tuple(_moved(a, b, by) for a, b in zip(one, other, strict=True))
    if is_dataclass(one) and not isinstance(one, type):
        names = [field.name for field in fields(one)]
        return type(one)(*(_moved(getattr(one, n), getattr(other, n), by) for n in names))
    return one
