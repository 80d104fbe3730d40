"""The source lines that a verdict speaks of, with a run of carets under the member."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MOST_ROWS = 6
CONTEXT = 24  # cells of a long line that are kept before the member
FAR = 130  # characters before and after a member that are not even measured
TAB = 4
NARROWEST = 20

Cell = tuple[str, int, bool]  # what is shown, how wide it is, whether it belongs to the member


@dataclass(frozen=True, slots=True)
class Row:
    """A piece of a source line and the carets under it; `line` is None where it goes on."""

    line: int | None
    source: str
    carets: str


def excerpt(text: str, start: int, end: int, room: int) -> tuple[Row, ...]:
    """text[start:end] in its lines, no wider than `room` cells; the middle of many rows is left out."""
    start, end = trimmed(text, start, end)
    rows = [row for line in _touched(text, start, end) for row in _rows(text, *line, room)]
    if len(rows) > MOST_ROWS:
        rows = [*rows[: MOST_ROWS - 2], Row(None, "⋮", ""), rows[-1]]
    return tuple(rows)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends; it is never empty inside a text."""
    inner = text[start:end]
    if not inner.strip():
        return start, min(start + 1, len(text))
    return end - len(inner.lstrip()), start + len(inner.rstrip())


def visible(text: str) -> str:
    """Text on one line, each control or formatting character as a replacement character."""
    return "".join(_shown(char) for char in text)


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    from rich.cells import cell_len

    return len(text) if text.isascii() else sum(cell_len(char) for char in text)


def _shown(char: str) -> str:
    if char in "\n\t":
        return " "
    hidden = unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return "\ufffd" if hidden else char


def _touched(text: str, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(line number, offset of the line, start and end of the member in it), for each line."""
    number, at = text.count("\n", 0, start) + 1, text.rfind("\n", 0, start) + 1
    while at <= start or at < end:
        after = text.find("\n", at)
        after = len(text) if after < 0 else after
        first, last = max(start, at), min(end, after)
        if text[first:last].strip():
            yield number, at, *trimmed(text, first, last)
        number, at = number + 1, after + 1


def _rows(text: str, number: int, at: int, start: int, end: int, room: int) -> Iterator[Row]:
    """One line, as rows of at most `room` cells that show the member whole."""
    after = text.find("\n", at)
    after = len(text) if after < 0 else after
    near = max(at, start - FAR)
    line = _cells(text[near : min(after, end + FAR)], start - near, end - near)
    room = max(room, NARROWEST)
    if near > at or sum(width for _, width, _ in line) > room:
        line = _cropped(line)
    first: int | None = number
    while line and any(inside for _, _, inside in line):
        piece, line = _piece(line, room)
        yield Row(first, *_drawn(piece))
        first = None


def _cells(line: str, start: int, end: int) -> list[Cell]:
    """The line's characters from the first that is no indentation of the member's line."""
    shown, column = [], 0
    for i, char in enumerate(line):
        inside = start <= i < end
        if " " <= char <= "~":
            shown.append((char, 1, inside))
        elif char == "\t":
            width = TAB - column % TAB
            shown.append((" " * width, width, inside))
        else:
            shown.append((_shown(char), cells(_shown(char)), inside))
        column += shown[-1][1]
    indent = min(len(line) - len(line.lstrip()), start)
    return shown[indent:]


def _cropped(line: list[Cell]) -> list[Cell]:
    """Without what stands far before the member."""
    first = next(i for i, (_, _, inside) in enumerate(line) if inside)
    begin, used = first, 0
    while begin > 0 and used + line[begin - 1][1] <= CONTEXT:
        begin -= 1
        used += line[begin][1]
    return [("…", 1, False), *line[begin:]] if begin > 0 else line


def _piece(line: list[Cell], room: int) -> tuple[list[Cell], list[Cell]]:
    """What fits into a row, and the rest; a row ends before a macro or a space where it can."""
    used = fit = 0
    while fit < len(line) and used + line[fit][1] <= room:
        used += line[fit][1]
        fit += 1
    if fit == len(line):
        return line, []
    if not any(inside for _, _, inside in line[fit:]):
        return (line[:fit] if line[fit - 1][2] else [*line[: fit - 1], ("…", 1, False)]), []
    for cut in range(fit, fit // 2, -1):
        if line[cut][0] in {"\\", " "}:
            return line[:cut], line[cut:]
    return line[:fit], line[fit:]


def _drawn(piece: list[Cell]) -> tuple[str, str]:
    source = "".join(shown for shown, _, _ in piece).rstrip()
    carets = "".join(("^" if inside else " ") * width for _, width, inside in piece).rstrip()
    return source, carets
