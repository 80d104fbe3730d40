"""Edits of a member's text, at one place or at several: what the slips of `exchanges`, `sums` and `lacking` are undone by."""  # noqa: E501

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from derive.text.trees import Big, Fraction, Group, Name, Number, Root, Row, Sign, Table

DEEPEST = 4
SIGNS = ("+", "-")
ENDS = ("+", "-", ",", "=", ";", "\\pm")
SLOPES = ("\\partial", "d", "\\mathrm{d}")

Place = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Edit:
    """New texts for some places of a source, which do not overlap; `cause` is the slip in a teacher's words."""  # noqa: E501

    places: tuple[Place, ...]
    cause: str


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a line: the ends of its derivative, what the page defines (text on the left, text on the right), the names that it uses, the indices of the line, the Σ and the factors of other lines."""  # noqa: E501

    of: str = ""
    by: str = ""
    made: tuple[tuple[str, str], ...] = ()
    used: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    sums: tuple[tuple[str, str, str], ...] = ()  # the letter, the upper end, the whole sign
    factors: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A member: its text, its tree, and where in the source the text begins."""

    text: str
    row: Row
    offset: int
    around: Around = field(default_factory=Around)

    def of(self, start: int, end: int) -> str:
        return self.text[start - self.offset : end - self.offset]

    def edited(self, edit: Edit) -> str | None:
        """The text with an edit; None where its places overlap."""
        made, at = [], 0
        for start, end, new in sorted(edit.places):
            if start - self.offset < at:
                return None
            made += [self.text[at : start - self.offset], new]
            at = end - self.offset
        return "".join((*made, self.text[at:]))


def rows_of(row: Row, depth: int = 0, slopes: bool = True) -> Iterator[Row]:
    """The rows of a formula, outermost first; not those of scripts, nor, without `slopes`, of derivatives."""  # noqa: E501
    yield row
    if depth > DEEPEST:
        return
    for node in row:
        if isinstance(node, Group | Root):
            yield from rows_of(node.inside, depth + 1, slopes)
        elif isinstance(node, Table):
            for cells in node.rows:
                for cell in cells:
                    yield from rows_of(cell, depth + 1, slopes)
        elif isinstance(node, Fraction) and (slopes or not is_slope(node)):
            yield from rows_of(node.above_line, depth + 1, slopes)
            yield from rows_of(node.below_line, depth + 1, slopes)


def is_slope(node: object) -> bool:
    """Whether a node is a \\frac{\\partial A}{\\partial B}."""
    return isinstance(node, Fraction) and all(
        line and isinstance(line[0], Name) and line[0].letter in SLOPES
        for line in (node.above_line, node.below_line)
    )


def ends_of(written: Written, node: object) -> tuple[str, str] | None:
    r"""What a \frac{\partial A}{\partial B} is of and by, as it is written."""
    if not isinstance(node, Fraction) or not is_slope(node):
        return None
    if len(node.above_line) < 2 or len(node.below_line) < 2:
        return None
    above, below = node.above_line[1:], node.below_line[1:]
    return (
        written.of(above[0].start, above[-1].end),
        written.of(below[0].start, below[-1].end),
    )


def terms_of(row: Row) -> list[tuple[int, int]]:
    """Where in a row its terms begin and end (positions of nodes), without their signs."""
    cuts = [i for i, n in enumerate(row) if isinstance(n, Sign) and n.text in ENDS]
    found, at = [], 0
    for cut in (*cuts, len(row)):
        if cut > at:
            found.append((at, cut))
        at = cut + 1
    return found


def indices_below(script: Row | None) -> Iterator[Name]:
    """The letters of a script that may be indices, in brackets too."""
    for node in script or ():
        if isinstance(node, Group):
            yield from indices_below(node.inside)
        elif isinstance(node, Name) and is_index(node):
            yield node


def is_index(node: object) -> bool:
    """Whether a node is one small letter, or ℓ, with nothing that hangs on it."""
    if not isinstance(node, Name) or node.below or node.above or node.accents:
        return False
    return node.letter == "\\ell" or (
        len(node.letter) == 1 and node.letter.islower() and node.style in ("", "rm")
    )


def indexed(row: Row, slots: bool = True) -> Iterator[Name]:
    """All letters of a formula that stand as indices: in scripts, in the ends of Σ, and as the argument of a letter, y(t)."""  # noqa: E501
    for node in row:
        if isinstance(node, Name | Group | Big):
            for script in (node.below, node.above):
                yield from indices_below(script)
                yield from indexed(tuple(n for n in script or () if not is_index(n)), slots)
        if isinstance(node, Group | Root):
            yield from indexed(node.inside, slots)
        elif isinstance(node, Fraction):
            yield from indexed(node.above_line, slots)
            yield from indexed(node.below_line, slots)
    if slots:
        for name, group in itertools.pairwise(row):
            if is_applied_to_a_step(name, group):
                assert isinstance(group, Group)
                yield from indices_below(group.inside)


def is_applied_to_a_step(name: object, group: object) -> bool:
    """Whether a letter stands before (t), (t - 1), which may be its index."""
    return (
        isinstance(name, Name)
        and isinstance(group, Group)
        and group.opening == "("
        and 1 <= len(group.inside) <= 3
        and is_index(group.inside[0])
        and (
            len(group.inside) == 1
            or (
                len(group.inside) == 3
                and isinstance(group.inside[1], Sign)
                and group.inside[1].text in SIGNS
                and isinstance(group.inside[2], Number)
            )
        )
    )


def replaced(spans: Sequence[tuple[int, int]], new: str) -> tuple[Place, ...]:
    return tuple((start, end, new) for start, end in spans)
