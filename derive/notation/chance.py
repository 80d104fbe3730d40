r"""Expectations and integrals: a sum over all outcomes with weights, a random quantity a number for each outcome.

What holds for every such sum holds for an expectation and an integral by their linearity alone. Of what a page supposes of its noise
(independence, a mean of 0), of its densities (that they add up to 1), and of integration by parts nothing is known, so a line is never
accused here.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import Big as Sum
from derive.algebra.core import Core, Ref, fresh, mul, summed
from derive.algebra.expression import Time
from derive.notation import members
from derive.notation.shaped import Val
from derive.notation.slots import names_in, parts_of
from derive.text.spelled import spelled
from derive.text.trees import Big, Fraction, Group, Name, Node, Row, Sign, Table

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator

NAMES = ("E", "\\E", "\\EE", "\\Ex", "\\expect")
OUTCOME = "\\,outcome"  # the outcome of a formula outside any expectation: it holds for each
WEIGHT = "\\,chance"  # adds up to 1
MEASURE = "\\,measure"  # may add up to anything
DURATION = "\\,duration"
MARKS = (WEIGHT, MEASURE, DURATION)


def is_mean(node: Node | None, behind: Node | None, defined: set[str]) -> bool:
    """Whether a name is the E of an expectation: with a bracket behind it, and no quantity of the page."""
    if not isinstance(node, Name) or not isinstance(behind, Group) or node.letter not in NAMES:
        return False
    if node.above is not None or node.primes or node.accents or "E" in defined:
        return False
    marked = node.letter != "E" or node.style in ("bb", "op", "bf", "rm", "cal")
    return behind.opening in (("[", "\\{", "(") if marked else ("[", "\\{"))


def bracket_behind(node: Node | None, behind: Node | None) -> Node | None:
    r"""The bracket behind an E, which in E\left[\begin{bmatrix} … was taken for the matrix's."""
    if not isinstance(node, Name) or node.letter not in NAMES or not isinstance(behind, Table):
        return behind
    inner = replace(behind, above=None, below=None)
    return Group(behind.start, behind.end, "[", "]", (inner,), behind.below, behind.above)


def variable_of(row: Row, at: int) -> tuple[Name, int] | None:
    r"""The variable of the ∫ at `at`, and where its dx stands; None where there is none."""
    for i in range(at + 1, len(row) - 1):
        first, second = row[i], row[i + 1]
        if isinstance(first, Big) and first.kind == "int":
            return None
        if (
            isinstance(first, Name)
            and first.letter == "d"
            and first.below is None
            and first.above is None
            and isinstance(second, Name)
            and second.above is None
        ):
            return second, i
    return None


def chances(row: Row, defined: set[str], within: bool = False) -> Iterator[tuple[Name, str]]:
    r"""The names of a row, each with where it stands: "in" an expectation, "out", or "by" it (x of E_{x \sim p} and of ∫ … dx)."""  # noqa: E501
    for at, node in enumerate(row):
        before = row[at - 1] if at else None
        here = within or is_mean(before, bracket_behind(before, node), defined)
        match node:
            case Name():
                behind = bracket_behind(node, row[at + 1] if at + 1 < len(row) else None)
                if is_mean(node, behind, defined):
                    yield from ((n, "by") for n in drawn(node.below or ()))
                else:
                    yield node, "in" if within else "out"
            case Big(kind="int"):
                found = variable_of(row, at)
                if found is not None:
                    yield found[0], "by"
            case Group(inside=inner):
                yield from chances(inner, defined, here)
            case Fraction():
                yield from chances(node.above_line, defined, within)
                yield from chances(node.below_line, defined, within)
            case Table():
                for cells in node.rows:
                    for cell in cells:
                        yield from chances(cell, defined, here)
            case _:
                pass


def drawn(below: Row) -> list[Name]:
    r"""The variables of E_{x \sim p}."""
    place = _drawing(below)
    return [] if place is None else [n for n, _, _ in names_in(below[:place])]


def _drawing(below: Row) -> int | None:
    return next((i for i, n in enumerate(below) if isinstance(n, Sign) and n.text == "\\sim"), None)


def mean(elaborator: Elaborator, node: Name, group: Group) -> Val | None:
    """E[·] of what stands in the bracket; None where it is over something that is not understood."""
    if node.below is None:
        if elaborator.setting.drawn:
            return None  # of which of the page's distributions?
        return _summed(elaborator, group.inside, WEIGHT, None)
    density: list[Node] = []
    for part in parts_of(node.below):
        place = _drawing(part)
        if place != 1 or not isinstance(part[0], Name) or len(part) < 3:
            return None
        density += part[2:]
        if not isinstance(part[-1], Group):
            density.append(Group(node.start, node.end, "(", ")", (part[0],)))
    return _summed(elaborator, group.inside, MEASURE, tuple(density))


def over_all(elaborator: Elaborator, node: Big, inside: Row) -> Val | None:
    r"""\sum_\tau p(\tau) …, over all values of a random quantity; None for any other sum."""
    if node.kind != "sum" or node.above is not None or node.below is None or not inside:
        return None
    if len(node.below) != 1 or not isinstance(node.below[0], Name):
        return None
    occurs = members.occurrence_of(elaborator, node.below[0], None)
    if occurs.key not in elaborator.setting.chance or occurs.indices:
        return None
    return _summed(elaborator, inside, MEASURE, None)


def _summed(elaborator: Elaborator, inside: Row, name: str, density: Row | None) -> Val | None:
    before = elaborator.outcome
    letter = elaborator.outcome = fresh("outcome")
    try:
        value = elaborator.row(inside)
        likely = None if density is None else elaborator.row(density)
    finally:
        elaborator.outcome = before
    if likely is not None and likely.rank:
        return None
    elaborator.letters.pop(letter, None)
    elaborator.setting.slots[name] = ("sample",)
    weight: Core = Ref(name, (Time.of(letter),))
    parts = (weight, value.body) if likely is None else (weight, likely.body, value.body)
    return replace(value, body=summed(letter, "sample", mul(parts)), of=None, by=None, loose=False)


def integral(elaborator: Elaborator, row: Row, at: int) -> tuple[Val, int] | None:
    """∫ … dx over all x, or from one time to another; None where it is of another kind."""
    node = row[at]
    found = variable_of(row, at)
    if found is None or not isinstance(node, Big):
        return None
    variable, end = found
    inside = row[at + 1 : end]
    occurs = members.occurrence_of(elaborator, variable, None)
    if not inside or occurs.indices:
        return None
    if occurs.key in elaborator.setting.chance and node.above is None:
        value = _summed(elaborator, inside, MEASURE, None)
        return None if value is None else (value, end + 2)
    if node.below is None or node.above is None or not members.is_index(elaborator, occurs.key):
        return None
    low, high = (
        members.read_index(elaborator, node.below),
        members.read_index(elaborator, node.above),
    )
    value = elaborator.row(inside)
    if elaborator.ordered.pop(occurs.key, None) is None:
        return None
    elaborator.setting.slots[DURATION] = ("time",)
    weight: Core = Ref(DURATION, (Time.of(occurs.key),))
    body = Sum("sum", occurs.key, None, low, high, mul((weight, value.body)))
    return replace(value, body=body, of=None, by=None, loose=False), end + 2


__all__ = ["MARKS", "OUTCOME", "WEIGHT", "chances", "integral", "is_mean", "mean", "spelled"]
