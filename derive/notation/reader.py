"""The document reader: a text to its formulas, each where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from derive.errors import DeriveError, Place
from derive.notation.grammar import RELATIONS, Statement, parse_statement
from derive.notation.scope import Scope, collect
from derive.notation.tokens import Source, Token, tokens

LARGEST_FILE = 2_000_000
ENVIRONMENTS = (
    "equation", "align", "gather", "multline", "displaymath", "math", "eqnarray", "alignat", "flalign",
)  # fmt: skip
INNER = ("aligned", "split", "gathered", "alignedat", "array", "cases")

_OPEN = re.compile(
    r"\\\$|\\\\|(?P<dollars>\$\$)|(?P<dollar>\$)|(?P<bracket>\\\[)|(?P<paren>\\\()"
    r"|\\begin\{(?P<name>" + "|".join(ENVIRONMENTS) + r")(?P<star>\*?)\}"
)
_BLANK = re.compile(r"\n[ \t]*\n")
_INNER = re.compile(
    r"\\(?:begin|end)\{(?:" + "|".join(INNER) + r")\*?\}(?:\{[^{}]*\})?(?:\[[^\]]*\])?"
)
_NOTE = re.compile(r"\\(?:label|tag\*?|text|intertext)\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Formula:
    """source.text[start:end], one formula without its delimiters."""

    source: Source
    start: int
    end: int

    @property
    def latex(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def place(self) -> Place:
        return self.source.place(self.start)


def read_statements(texts: Sequence[tuple[str, str]]) -> tuple[tuple[Statement, ...], Scope]:
    """The definitions in texts (path, text), and the scope that all of them declare together.

    Formulas without a relation, such as a symbol named in prose, are passed over.
    """
    found = [f for path, text in texts for f in formulas(path, text)]
    lexed = [(f, tokens(f.source, f.start, f.end)) for f in found]
    stated = [(f, t) for f, t in lexed if _has_relation(t)]
    scope = collect((f.source, t) for f, t in stated)
    statements = [parse_statement(f.source, f.start, f.end, scope) for f, _ in stated]
    return tuple(statements), scope


def _has_relation(found: tuple[Token, ...]) -> bool:
    depth = 0
    for token in found:
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(token.text, 0)
        if depth == 0 and token.text in RELATIONS:
            return True
    return False


def formulas(path: str, text: str) -> tuple[Formula, ...]:
    """The formulas of a TeX or Markdown text; a text without any delimiter has one a line."""
    if len(text) > LARGEST_FILE:
        raise DeriveError(
            f"a text of {len(text)} characters is longer than the limit of {LARGEST_FILE}",
            Place(path, 1, 1),
        )
    clean = Source(path, _without_comments(path, text))
    spans = list(_delimited(clean)) or list(_lines(clean))
    return tuple(
        Formula(clean, a, b) for start, end in spans for a, b in _rows(clean.text, start, end)
    )


def _without_comments(path: str, text: str) -> str:
    """Comments and code blanked out, so that every offset stays what it was."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match.group())

    text = re.sub(r"(?<!\\)%[^\n]*", blank, text)
    if path.endswith((".md", ".markdown")):
        text = re.sub(r"(?ms)^(```|~~~).*?^\1[^\n]*$", blank, text)
        text = re.sub(r"<!--.*?-->", blank, text, flags=re.S)
        text = re.sub(r"`[^`\n]+`", blank, text)
    return text


def _delimited(source: Source) -> Iterator[tuple[int, int]]:
    text, at = source.text, 0
    while match := _OPEN.search(text, at):
        at = match.end()
        close = _closing(match)
        if close is None:
            continue
        blank = _BLANK.search(text, match.end())
        limit = blank.start() if blank else len(text)
        end = text.find(close, match.end(), limit)
        while close == "$" and end > 0 and text[end - 1] == "\\":
            end = text.find(close, end + 1, limit)
        if end < 0:
            raise DeriveError(
                f"expected '{close}' to close the '{match.group()}' here before the paragraph ends",
                source.place(match.start()),
            )
        yield match.end(), end
        at = end + len(close)


def _closing(match: re.Match[str]) -> str | None:
    if match["dollars"]:
        return "$$"
    if match["dollar"]:
        return "$"
    if match["bracket"]:
        return "\\]"
    if match["paren"]:
        return "\\)"
    return f"\\end{{{match['name']}{match['star']}}}" if match["name"] else None


def _lines(source: Source) -> Iterator[tuple[int, int]]:
    at = 0
    for line in source.text.splitlines(keepends=True):
        if line.strip() and not line.lstrip().startswith("#"):
            yield at, at + len(line.rstrip("\r\n"))
        at += len(line)


def _rows(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The formulas in one display: rows, and definitions set side by side in a row."""
    shown = text[start:end]
    for pattern in (_INNER, _NOTE):
        shown = pattern.sub(lambda m: " " * len(m.group()), shown)
    cuts = [
        m.span() for m in re.finditer(r"\\\\(?:\[[^\]]*\])?|\\q?quad(?![a-zA-Z])|;(?!\w)", shown)
    ]
    cuts = [(a, b) for a, b in cuts if not (shown[a] == ";" and a and shown[a - 1] == "\\")]
    cuts += [(m.start(), m.end()) for m in re.finditer(r",(?=\s)", shown) if _top(shown, m.start())]
    edges = [(0, 0), *sorted(cuts), (len(shown), len(shown))]
    pieces = [(a[1], b[0]) for a, b in pairwise(edges)]
    merged: list[tuple[int, int]] = []
    for a, b in pieces:
        piece = shown[a:b].strip(" \t\n&")
        if merged and piece and (piece[0] in "=+-" or not _relation_at_top(piece)):
            merged[-1] = (merged[-1][0], b)
        elif piece:
            merged.append((a, b))
    for a, b in merged:
        piece = shown[a:b]
        lead = len(piece) - len(piece.lstrip(" \t\n&"))
        tail = len(piece) - len(piece.rstrip(" \t\n&.,;"))
        if lead < len(piece):
            yield start + a + lead, start + b - tail


def _top(text: str, at: int) -> bool:
    """Whether no bracket is open at an offset."""
    depth = 0
    for char in text[:at]:
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(char, 0)
    return depth == 0


def _relation_at_top(text: str) -> bool:
    return any(
        _top(text, m.start()) for m in re.finditer(r"=|\\equiv|\\coloneqq|\\in(?![a-zA-Z])", text)
    )
