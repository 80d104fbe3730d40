"""Slips by which one thing stands for another, undone: ∂⁺ for ∂, an index or a name for another, a function too many, a sign, a fraction upside down."""  # noqa: E501

from __future__ import annotations

import itertools
from collections.abc import Iterator

from derive.judge.edits import (
    SIGNS,
    Edit,
    Written,
    indexed,
    is_applied_to_a_step,
    is_slope,
    rows_of,
    terms_of,
)
from derive.text.trees import Fraction, Group, Name, Node, Row, Sign, Table, walk

IMMEDIATE = "the immediate derivative, ∂⁺, is meant"
TOTAL = "the total derivative is meant, not the immediate one"
SIGN = "a sign is wrong"
SQUARE = "a square is missing"
UPSIDE_DOWN = "the fraction is upside down"
EXCHANGED = "the indices {} and {} are exchanged"
STEP = "an index of {} is off by one"
TWICE = "{} is applied once too often"
MOST_NAMES = 14


def slope_edits(written: Written, by: str) -> Iterator[Edit]:
    """∂ for ∂⁺ and the other way round: all by what the line differentiates by, and each alone."""
    slopes = [n for n in walk(written.row) if is_slope(n)]
    immediate, total = [], []
    for node in slopes:
        assert isinstance(node, Fraction)
        mark, below = node.above_line[0], node.below_line[1:]
        if not isinstance(mark, Name) or mark.letter != "\\partial" or not below:
            continue
        if mark.above:
            total.append((mark.start, mark.end, "\\partial "))
        elif written.of(below[0].start, below[-1].end) == by:
            immediate.append((mark.start, mark.end, "\\partial^+ "))
    for places, cause in ((total, TOTAL), (immediate, IMMEDIATE)):
        if len(places) > 1:
            yield Edit(tuple(places), cause)
        for place in places:
            yield Edit((place,), cause)


def sign_edits(written: Written) -> Iterator[Edit]:
    """The sign of the first term of a row, which need not be written; and those of cases."""
    cells = {cell for n in walk(written.row) if isinstance(n, Table) for r in n.rows for cell in r}
    for row in rows_of(written.row, slopes=False):
        if row and not isinstance(row[0], Sign) and (len(terms_of(row)) > 1 or row in cells):
            yield Edit(((row[0].start, row[0].start, "-"),), SIGN)
        elif row and isinstance(row[0], Sign) and row[0].text in SIGNS:
            yield Edit(((row[0].start, row[0].end, " "),), SIGN)
    for row in rows_of(written.row, slopes=False):
        for i, n in enumerate(row):
            if i and isinstance(n, Sign) and n.text in SIGNS:
                yield Edit(((n.start, n.end, "-" if n.text == "+" else "+"),), SIGN)
    signs = [
        n
        for row in rows_of(written.row, slopes=False)
        for i, n in enumerate(row)
        if i and isinstance(n, Sign) and n.text in SIGNS
    ]
    if len(signs) > 1:
        turned = tuple((n.start, n.end, "-" if n.text == "+" else "+") for n in signs)
        yield Edit(turned, "the signs are wrong")


def index_edits(written: Written) -> Iterator[Edit]:
    """Two indices exchanged everywhere; one index off by one, in one place and at all that is the same; one for another."""  # noqa: E501
    found = list(indexed(written.row))
    names = list(dict.fromkeys(written.of(n.start, n.end) for n in found))
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            yield _exchanged(written, found, one, other)
    for one in names:
        for other in written.around.letters:
            if other not in names:
                yield _exchanged(written, found, one, other)
    for a, b, c, d in _pairs(names):
        first, second = _exchanged(written, found, a, b), _exchanged(written, found, c, d)
        cause = f"{first.cause}, and {c} and {d}"
        yield Edit((*first.places, *second.places), cause)
    holders = list(_holders(written))
    for text in dict.fromkeys(text for text, _ in holders):
        same = [index for held, index in holders if held == text]
        for shift in ("+1", "-1"):
            places = [_shifted(written, row, shift) for row in same]
            known = [p for p in places if p is not None]
            if len(known) == len(places) > 1:
                yield Edit(tuple(known), STEP.format(text))
            for place in known:
                yield Edit((place,), STEP.format(text))
    for node in found:
        own = written.of(node.start, node.end)
        for other in (*names, *written.around.letters):
            if other != own:
                yield Edit(
                    ((node.start, node.end, f"{{{other}}}"),), f"{own} stands for the index {other}"
                )


def _pairs(names: list[str]) -> Iterator[tuple[str, str, str, str]]:
    """The three ways in which four indices go in two pairs."""
    if len(names) == 4:
        a, b, c, d = names
        yield from ((a, b, c, d), (a, c, b, d), (a, d, b, c))


def _exchanged(written: Written, found: list[Name], one: str, other: str) -> Edit:
    pair = {one: other, other: one}
    places = tuple(
        (n.start, n.end, f"{{{pair[own]}}}")
        for n in found
        if (own := written.of(n.start, n.end)) in pair
    )
    return Edit(places, EXCHANGED.format(one, other))


def _holders(written: Written) -> Iterator[tuple[str, Row]]:
    """What has a step for an index, as it is written, and where its index stands."""
    for row in (written.row, *(_inner_rows(written.row))):
        for i, node in enumerate(row):
            if not isinstance(node, Name | Group):
                continue
            text = written.of(node.start, node.end)
            for script in (node.below, node.above):
                for part in _parts(script or ()):
                    yield text, part
            if i + 1 < len(row) and is_applied_to_a_step(node, row[i + 1]):
                group = row[i + 1]
                assert isinstance(group, Group)
                yield written.of(node.start, group.end), group.inside


def _inner_rows(row: Row) -> Iterator[Row]:
    for node in row:
        if isinstance(node, Fraction):
            for line in (node.above_line, node.below_line):
                yield line
                yield from _inner_rows(line)
        elif isinstance(node, Group):
            yield node.inside
            yield from _inner_rows(node.inside)


def _parts(script: Row) -> Iterator[Row]:
    """The indices of a script, one by one: between commas, and in brackets."""
    here: list[Node] = []
    for node in script:
        if isinstance(node, Sign) and node.text == ",":
            yield tuple(here)
            here = []
        elif isinstance(node, Group):
            yield node.inside
        else:
            here.append(node)
    yield tuple(here)


def _shifted(written: Written, index: Row, shift: str) -> tuple[int, int, str] | None:
    """An index with one more or one less; without the shift that would come to nothing."""
    if not index or not isinstance(index[0], Name) or not index[0].letter[0].islower():
        return None
    text = written.of(index[0].start, index[-1].end).replace(" ", "")
    if len(index) == 1:
        return index[0].start, index[0].end, f"{{{text}{shift}}}"
    if len(index) == 3 and text.endswith(("-1", "+1")):
        letter = written.of(index[0].start, index[0].end)
        if text[-2:] != shift:
            return index[0].start, index[-1].end, letter
        return index[0].start, index[-1].end, f"{letter}{shift[0]}2"
    return None


def name_edits(written: Written) -> Iterator[Edit]:
    """One name for another that the page makes or uses, at one place and everywhere, with its index or without."""  # noqa: E501
    around = written.around
    others = list(dict.fromkeys((around.by, around.of, *(m for m, _ in around.made), *around.used)))
    others = [o for o in others if o][:MOST_NAMES]
    for row in (written.row, *_inner_rows(written.row)):
        for node in row:
            if not isinstance(node, Name) or node.style in ("op", "text") or _is_mark(node):
                continue
            own = written.of(node.start, node.end)
            for other in others:
                if other != own:
                    space = " " if other[-1:].isalpha() else ""
                    yield Edit(
                        ((node.start, node.end, f"{other}{space}"),),
                        f"{own} stands where {other} is meant",
                    )


def _is_mark(node: Name) -> bool:
    return node.letter in ("\\partial", "d", "\\nabla", "\\top", "T") or node.letter.isdigit()


def function_edits(written: Written) -> Iterator[Edit]:
    """A function too many, σ(o) for o where o = σ(a); one that is missing around a member; f in all places for f′."""  # noqa: E501
    applied: dict[str, list[tuple[Name, Group]]] = {}
    primed: list[tuple[int, int, str]] = []
    for row in (written.row, *_inner_rows(written.row)):
        for name, group in itertools.pairwise(row):
            if not isinstance(name, Name) or not isinstance(group, Group):
                continue
            if group.opening != "(" or is_applied_to_a_step(name, group):
                continue
            applied.setdefault(written.of(name.start, name.end), []).append((name, group))
            if not name.primes and name.style != "op" and len(name.letter.strip("\\")) < 8:
                primed.append((name.end, name.end, "'"))
            if name.style == "op" and not name.above:
                yield Edit(((name.end, name.end, "^2"),), SQUARE)
    for name_text, places in applied.items():
        stripped = tuple((n.start, g.end, _bare(written.of(g.start, g.end), g)) for n, g in places)
        nested = any(
            a is not b and a[0].start <= b[0].start < a[1].end for a in places for b in places
        )
        if len(places) > 1 and not nested:
            yield Edit(stripped, TWICE.format(name_text))
        for place in stripped:
            yield Edit((place,), TWICE.format(name_text))
    if len(primed) > 1:
        yield Edit(tuple(primed), "f stands where f′ is meant")
    if written.row:
        begin, end = written.row[0].start, written.row[-1].end
        for name_text in written.around.functions:
            yield Edit(
                ((begin, begin, f"{name_text}("), (end, end, ")")), f"{name_text} is missing"
            )


def _bare(text: str, group: Group) -> str:
    """An argument by itself: in its brackets where it is a sum."""
    return text if len(group.inside) > 1 else f" {text} "


def power_edits(written: Written) -> Iterator[Edit]:
    """A square that is missing at all places of what is written the same."""
    places: dict[str, list[int]] = {}
    for node in walk(written.row):
        if isinstance(node, Name) and node.style != "op" and not node.above and node.below:
            places.setdefault(written.of(node.start, node.end), []).append(node.end)
    shapes: dict[str, list[int]] = {}
    for row in (written.row, *_inner_rows(written.row)):
        for node in row:
            if isinstance(node, Name) and node.below and not node.above:
                shapes.setdefault(node.letter, []).append(node.end)
    for ends in (*places.values(), *shapes.values()):
        if len(ends) > 1:
            yield Edit(tuple((e, e, "^2") for e in dict.fromkeys(ends)), SQUARE)


def fraction_edits(written: Written) -> Iterator[Edit]:
    """A fraction that is no derivative upside down; a quotient of derivatives, too."""
    for row in rows_of(written.row):
        for i, node in enumerate(row):
            if isinstance(node, Fraction) and not is_slope(node):
                above = written.of(node.above_line[0].start, node.above_line[-1].end)
                below = written.of(node.below_line[0].start, node.below_line[-1].end)
                if node.above_line and node.below_line:
                    yield Edit(
                        ((node.start, node.end, f"\\frac{{{below}}}{{{above}}}"),), UPSIDE_DOWN
                    )
            if isinstance(node, Sign) and node.text == "/" and 0 < i < len(row) - 1:
                one, other = row[i - 1], row[i + 1]
                yield Edit(
                    (
                        (one.start, one.end, written.of(other.start, other.end)),
                        (other.start, other.end, written.of(one.start, one.end)),
                    ),
                    UPSIDE_DOWN,
                )
