"""Notes to placed formulas: chains of members, each where it stands, and the scopes they stand in."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import accumulate

from derive.errors import DeriveError, Place
from derive.notation.reader import LARGEST_FILE
from derive.notation.tokens import Source
from derive.verify.chains import split
from derive.verify.decoration import NUMBER, WRAP, undecorated
from derive.verify.displays import Display, displays, lines
from derive.verify.macros import collect_macros, with_delimiters
from derive.verify.notebook import markdown_cells
from derive.verify.placed import Break, Member, Page, Placed, Span
from derive.verify.prose import EXAMPLE, blank, breaks, format_of, skim
from derive.verify.symbols import Lexer

__all__ = ["Break", "Member", "Page", "Placed", "read_page"]

_BETWEEN = "\n\n"
_ROW = re.compile(r"(?P<row>\\\\\*?)|\\.", re.S)
UNBALANCED = "its braces do not match"


def read_page(path: str, text: str) -> Page:
    """The formulas of a text (.tex, .md, .txt, or a notebook's JSON when `path` ends in .ipynb).

    Raises DeriveError for a text that is too long and for a notebook whose JSON is broken; whatever
    else is wrong is said of the formula where it stands.
    """
    notebook = path.lower().endswith(".ipynb")
    cells = markdown_cells(path, text) if notebook else ((0, text),)
    # NUL and SOH stand for what decorates a formula (see decoration.py), so neither can stand in a text.
    parts = [re.sub(f"[{WRAP}{NUMBER}]", "\ufffd", source) for _, source in cells]
    starts = [0, *accumulate(len(part) + len(_BETWEEN) for part in parts)]
    _check_length(path, starts[-1])
    proses = [skim(format_of(path), part, at) for part, at in zip(parts, starts, strict=False)]
    numbered = tuple((at, number) for at, (number, _) in zip(starts, cells, strict=False))
    reader = _PageReader(path, _BETWEEN.join(parts), _BETWEEN.join(p.readable for p in proses))
    return reader.page(tuple(d for p in proses for d in p.directives), numbered if notebook else ())


def _check_length(path: str, length: int) -> None:
    if length > LARGEST_FILE + len(_BETWEEN):
        size = f"{length} characters is longer than the limit of {LARGEST_FILE}"
        raise DeriveError(f"a text of {size}", Place(path, 1, 1))


class _PageReader:
    """Reads one text; `readable` is `original` with its comments and code blanked."""

    def __init__(self, path: str, original: str, readable: str) -> None:
        self.path = path
        self.format = format_of(path)
        self.macros = collect_macros(readable)
        self.readable = with_delimiters(self.macros)
        self.known = dict(self.macros.known)
        self.displays = displays(self.format, original, self.readable)
        if not self.displays and self.format == "plain":
            self.displays = tuple(lines(self.readable))
        self.formulas = list[Placed]()
        self.said = list[Break]()
        self.pieces = list[str]()
        self.at = 0

    def page(
        self, directives: tuple[tuple[int, str], ...], cells: tuple[tuple[int, int], ...]
    ) -> Page:
        for display in self.displays:
            self._copy(display.start, self.readable[self.at : display.start])
            if display.broken:
                self._broken(display.start, display.end, display.broken)
            else:
                self._display(display, display.start, display.end)
            self._copy(display.end, self.readable[self.at : display.end])
        text = "".join((*self.pieces, self.readable[self.at :]))
        return Page(
            Source(self.path, text),
            tuple(self.formulas),
            tuple(self._breaks()),
            directives,
            self.macros.known,
            self.macros.unknown,
            cells,
            tuple((d.start, d.end) for d in self.displays),
        )

    def _copy(self, end: int, text: str) -> None:
        self.pieces.append(text)
        self.at = end

    def _broken(self, start: int, end: int, why: str) -> None:
        inside = self.readable[start:end]
        kept = inside.strip()
        if kept:
            start += inside.index(kept[0])
            self.formulas.append(Placed(start, start + len(kept), (), broken=why))

    def _display(self, display: Display, start: int, end: int, whole: bool = True) -> None:
        """Splits a display, row by row if its braces do not match as a whole."""
        found = undecorated(self.readable[start:end])
        if found is not None:
            self._formulas(display, start, *found)
        elif whole and "\\\\" in self.readable[start:end]:
            for a, b in _rows(self.readable, start, end):
                self._copy(a, self.readable[self.at : a])
                self._display(display, a, b, whole=False)
        else:
            self._broken(start, end, UNBALANCED)

    def _formulas(self, display: Display, start: int, text: str, match: Mapping[int, int]) -> None:
        plain = display.environment == "lines"
        symbols = Lexer(text, match, self.known, plain).symbols()
        found, aside = split(symbols, display.environment)
        self.formulas += [moved(placed, start) for placed in found]
        self.said += [
            Break(start + s.start, True)
            for s in symbols
            if s.kind == "words" and EXAMPLE.search(s.meaning)
        ]
        chars = list(re.sub(f"[{WRAP}{NUMBER}]", " ", text))
        for a, b in aside:
            chars[a:b] = blank(text[a:b])
        self._copy(start + len(text), "".join(chars))

    def _breaks(self) -> list[Break]:
        """The breaks of the prose and those inside displays."""
        starts = [d.start for d in self.displays]
        outside = [
            b
            for b in breaks(self.format, self.readable)
            if b.level is not None
            or not (i := bisect_right(starts, b.offset))
            or self.displays[i - 1].end <= b.offset
        ]
        return sorted((*outside, *self.said), key=lambda b: b.offset)


def _rows(text: str, start: int, end: int) -> Iterator[Span]:
    """The rows of a display whose braces do not match."""
    at = start
    for row in _ROW.finditer(text, start, end):
        if row["row"]:
            yield at, row.start()
            at = row.end()
    yield at, end


def moved(placed: Placed, by: int) -> Placed:
    """The same formula, `by` characters later."""
    return replace(
        placed,
        start=placed.start + by,
        end=placed.end + by,
        members=tuple(_moved(member, by) for member in placed.members),
        conditions=tuple((a + by, b + by) for a, b in placed.conditions),
    )


def _moved(member: Member, by: int) -> Member:
    sign = (member.sign[0] + by, member.sign[1] + by) if member.sign else None
    return Member(member.relation, member.start + by, member.end + by, sign)
