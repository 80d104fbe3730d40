"""Slips by which something is left out of a line, undone with what the page has: a path, a factor of another line, a number; and what is a number or 0."""  # noqa: E501

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from itertools import combinations

from derive.judge.edits import SIGNS, Edit, Written, ends_of, is_slope, rows_of, terms_of
from derive.judge.exchanges import index_edits, name_edits
from derive.text.trees import Big, Fraction, Name, Row, Sign

DIRECT = "the direct use of {} is missing"
PATH = "the path through {} is missing"
FACTOR = "the factor {} is missing"
NUMBER = "a factor stands where there is none"
NABLA = re.compile(r"\\nabla_(\{(?:[^{}]|\{[^{}]*\})*\}|[^\s{}])")
STEP = re.compile(r"(?<![a-zA-Z\\])([a-z])(?![a-zA-Z])")
MOST_FACTORS = 16
LONGEST = 60


def path_edits(written: Written, head: str) -> Iterator[Edit]:
    """The direct use, and the path through one more variable, at the step of the line and the next."""
    around, row = written.around, written.row
    if not row or written.text.strip() == "0":
        return
    end = row[-1].end
    if around.of and around.by:
        of, by = around.of, around.by
        for mark in ("\\partial^+", "\\partial"):
            direct = f"\\frac{{{mark} {of}}}{{\\partial {by}}}"
            yield Edit(((end, end, f" + {direct}"),), DIRECT.format(by))
        for name in _made(written):
            if name not in (of, by):
                for mark in ("\\partial^+", "\\partial"):
                    first = f"\\frac{{\\partial {of}}}{{\\partial {name}}}"
                    second = f"\\frac{{{mark} {name}}}{{\\partial {by}}}"
                    yield Edit(((end, end, f" + {first} {second}"),), PATH.format(name))
    nabla = NABLA.match(head.strip())
    if nabla is not None:
        by = nabla[1].removeprefix("{").removesuffix("}")
        of = head.strip()[nabla.end() :].strip()
        for name in _made(written):
            if name not in (of, by):
                slope = f"\\left(\\frac{{\\partial {name}}}{{\\partial {by}}}\\right)^\\top"
                yield Edit(((end, end, f" + {slope} \\nabla_{{{name}}} {of}"),), PATH.format(name))


def _made(written: Written) -> list[str]:
    """What the page makes, at the step of its definition and, where it has one, at the next."""
    names = [name for name, _ in written.around.made]
    later = []
    for name in names:
        found = list(STEP.finditer(name))
        if len(found) > 0:
            at = found[-1]
            if at[1] in written.around.letters and at.start() > 0:
                later.append(f"{name[: at.start()]}{{{at[1]}+1}}{name[at.end() :]}")
    return [*names, *later]


def factor_edits(written: Written) -> Iterator[Edit]:
    """A factor that other lines of the page have, or a slope of what it makes, before, between and behind the factors of a term."""  # noqa: E501
    factors = [f for f in written.around.factors if len(f) <= LONGEST][:MOST_FACTORS]
    row = written.row
    if row and len(terms_of(row)) == 1:
        for one, other in combinations(written.around.letters, 2):
            if one.isalpha() and other.isalpha():
                delta = f"\\mathbf{{1}}({one} = {other})"
                yield Edit(((row[0].start, row[0].start, f"{delta} "),), FACTOR.format(delta))
    for row in list(rows_of(written.row, slopes=False))[:3]:
        for begin, end in terms_of(row):
            places = _between(row, begin, end)
            for factor in factors:
                for at in places:
                    yield Edit(((at, at, f" {factor} "),), FACTOR.format(factor))
    for row in rows_of(written.row):
        for begin, end in terms_of(row):
            for at in range(begin, end):
                if at + 1 < end or end - begin > 1:
                    continue
                node = row[at]
                for factor in factors:
                    if factor != written.of(node.start, node.end):
                        yield Edit(
                            ((node.start, node.end, f" {factor} "),),
                            f"{written.of(node.start, node.end)} stands where {factor} is meant",
                        )


def _between(row: Row, begin: int, end: int) -> list[int]:
    places = []
    for at in range(begin, end):
        before = row[at - 1] if at > begin else None
        applied = isinstance(before, Name) and before.style == "op"
        if not isinstance(before, Sign) and not applied:
            places.append(row[at].start)
    places.append(row[end - 1].end)
    return [
        p
        for p in dict.fromkeys(places)
        if not any(isinstance(n, Big) and n.start == p for n in row[begin:end])
    ]


def slope_factors(written: Written) -> Iterator[Edit]:
    """A slope between two others of a path: ∂V/∂U for V made of U, and the path's first or last factor for another."""  # noqa: E501
    names = list(dict.fromkeys((*(m for m, _ in written.around.made), written.around.by)))
    for row in rows_of(written.row, slopes=False):
        for node in row:
            ends = ends_of(written, node)
            if ends is None or not isinstance(node, Fraction):
                continue
            of, by = ends
            for name in names:
                if name and name not in (of, by):
                    yield Edit(
                        ((node.end, node.end, f" {_slope(by, name)}"),),
                        FACTOR.format(_slope(by, name)),
                    )
                    yield Edit(
                        ((node.start, node.start, f"{_slope(name, of)} "),),
                        FACTOR.format(_slope(name, of)),
                    )


def _slope(of: str, by: str) -> str:
    return f"\\frac{{\\partial {of}}}{{\\partial {by}}}"


def call_edits(written: Written) -> Iterator[Edit]:
    """∂f(x, h, w)/∂w, the function's own slope, for the derivative of what the function makes, ∂h_t/∂w."""
    for row in rows_of(written.row):
        for name, group in itertools.pairwise(row):
            if not isinstance(name, Name) or getattr(group, "opening", "") != "(":
                continue
            own = written.of(name.start, group.end)
            called = f"{written.of(name.start, name.end)}("
            for left, right in written.around.made:
                if not right.replace(" ", "").startswith(called):
                    continue
                for shift in ("", "-1", "+1", "-2"):
                    made = _at(left, shift)
                    yield Edit(
                        ((name.start, group.end, f"{made} "),),
                        f"the derivative of {made} is meant, not that of {own} alone",
                    )


def _at(name: str, shift: str) -> str:
    """A name that the page makes, some steps on or back."""
    if not shift:
        return name
    return STEP.sub(lambda m: f"{{{m[1]}{shift}}}" if m.start() else m[0], name)


def number_edits(written: Written, head: str) -> Iterator[Edit]:
    """A constant more or less in an inner sum; a member that is 1, -1 or 0; a factor that is 1."""
    row = written.row
    if not row:
        return
    for new in ("1", "0", "-1"):
        yield Edit(
            ((row[0].start, row[-1].end, f" {new} "),), f"it is {new}" if new != "1" else NUMBER
        )
    for inner in rows_of(row, slopes=False):
        if len(terms_of(inner)) > 1 or inner is row:
            for one in (" - 1", " + 1"):
                yield Edit(((inner[-1].end, inner[-1].end, one),), "a term is missing")
        if len(terms_of(inner)) > 1:
            for begin, end in terms_of(inner):
                before = inner[begin - 1] if begin else None
                start = before.start if isinstance(before, Sign) else inner[begin].start
                if isinstance(before, Sign) and before.text not in SIGNS:
                    continue
                yield Edit(((start, inner[end - 1].end, " "),), "a term too many")


def head_edits(head: Written) -> Iterator[Edit]:
    """What the left side may have been meant to be: an index of it one step on or back, or another name."""
    if head.row and is_slope(head.row[0]):
        for edit in (*index_edits(head), *name_edits(head)):
            yield Edit(edit.places, f"the left side: {edit.cause}")
