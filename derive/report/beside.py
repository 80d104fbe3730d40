"""Where the notes of a LaTeX copy go: a mark in the formula's row, and the paper's own number.

The text that is set beside them, and TeX's part of the work, are templates/reports/beside.j2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from derive.report.facts import Finding

Span = tuple[int, int]

COLOURS: Mapping[str, str] = {
    "refuted": ".72,.06,.10",
    "carried": ".55,.10,.50",
    "ambiguous": ".65,.38,0",
    "tested": ".05,.40,.50",
    "unread": ".15,.30,.70",
    "proved": ".05,.45,.15",
    "definition": ".40,.40,.40",
    "remark": ".40,.40,.40",
}
ROWS = frozenset(("align", "gather", "eqnarray", "alignat", "flalign"))
WHOLE = frozenset(("equation", "multline"))
UNNUMBERED = frozenset(("displaymath",))
_EDGE = re.compile(r"\\(?P<edge>begin|end)\s*\{(?P<name>[a-zA-Z]+)(?P<star>\*?)\}")
_LABEL = re.compile(r"\\label\s*\{([^{}]*)\}")
_UNNUMBERED = re.compile(r"\\(?:nonumber|notag)(?![a-zA-Z])")
_PIECE = re.compile(r"(?<!\\)%[^\n]*|\\\\|\\[a-zA-Z]+\*?|\\.|[{}]", re.S)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the mark of a formula goes; its number, and the label that LaTeX needs for it, if any."""

    offset: int
    number: str = ""
    label: tuple[int, str] | None = None


def spot(text: str, f: Finding, display: Span) -> Spot | None:
    """The spot of a formula in a display; None where no mark may stand inside it."""
    first = _EDGE.match(text, display[0])
    if first is None and not text.startswith(("\\[", "$$"), display[0]):
        return None
    name = first["name"] if first else "displaymath"
    if name not in ROWS | WHOLE | UNNUMBERED:
        return None
    inside = _inside(text, display, first)
    offset = _outside_braces(text, inside[0], min(f.judged.end, inside[1]), inside[1])
    if offset is None:
        return None
    if first is None or first["star"] or name in UNNUMBERED:
        return Spot(offset)
    row = inside if name in WHOLE else _row(text, inside, f.judged.start)
    return _numbered(text, offset, row, f.judged.id)


def _inside(text: str, display: Span, first: re.Match[str] | None) -> Span:
    """A display without its delimiters and the argument of its environment."""
    start, end = display
    if first is None:
        return start + 2, end - 2
    begin = first.end()
    if first["name"] == "alignat" and (argument := re.compile(r"\s*\{[^{}]*\}").match(text, begin)):
        begin = argument.end()
    return begin, text.rfind("\\end", start, end)


def _numbered(text: str, offset: int, row: Span, name: str) -> Spot:
    """With the number of the row, by its label or one of ours."""
    source = _without_comments(text[row[0] : row[1]])
    if _UNNUMBERED.search(source):
        return Spot(offset)
    if own := _LABEL.search(source):
        return Spot(offset, f"\\ref{{{own[1]}}}")
    label = f"derive:{row[0]}"
    return Spot(offset, f"\\ref{{{label}}}", (row[1], label))


def _row(text: str, inside: Span, at: int) -> Span:
    """The row of an align and its like that holds an offset."""
    begin = inside[0]
    for cut, after in _cuts(text, inside):
        if at < after:
            return begin, cut
        begin = after
    return begin, inside[1]


def _cuts(text: str, inside: Span) -> Iterator[Span]:
    """The \\\\ between the rows, outside of braces and inner environments."""
    depth = nested = 0
    for piece in _PIECE.finditer(text, *inside):
        token = piece.group()
        depth += (token == "{") - (token == "}")
        nested += (token == "\\begin") - (token == "\\end")
        if token == "\\\\" and depth == 0 == nested:
            yield piece.span()


def _outside_braces(text: str, start: int, at: int, end: int) -> int | None:
    """`at`, or what comes first after it outside all braces; None where nothing does."""
    depth = 0
    for piece in _PIECE.finditer(text, start, end):
        if piece.start() >= at and depth == 0:
            return at
        if piece.start() < at < piece.end():
            at = piece.end()  # never inside a comment or a macro
        depth += (piece.group() == "{") - (piece.group() == "}")
        if depth == 0 and piece.end() > at:
            at = max(at, piece.end())
    return at if depth == 0 else None


def _without_comments(source: str) -> str:
    return re.sub(r"(?<!\\)%[^\n]*", "", source)
