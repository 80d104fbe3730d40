"""One display to the formulas in it: rows, and definitions set side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator

from derive.notation.tokens import depth_change

_SYMBOL = re.compile(r"\\[a-zA-Z]+|\\\\|\\.|\S", re.S)
_RELATION = frozenset(("=", "\\equiv", "\\coloneqq", "\\in", "≡", "∈"))
_ORDER = frozenset(("\\le", "\\leq", "\\ge", "\\geq", "<", ">", "≤", "≥", "\\forall", "∀"))
_OPERATOR = frozenset(("=", "+", "-", "−", "\\cdot", "\\times", "*", "/", "·", "×"))
_SPACE = frozenset(("\\quad", "\\qquad"))
_WORDS = re.compile(r"\\text\s*\{\s*(?:for|where|with|and|if|when|all|given|so that|such that)\b")
_RANGE = re.compile(r"[a-zA-Z]\s*=[^=]*(\\[lc]?dots|…|⋯)")

Span = tuple[int, int]
Symbol = tuple[str, int, int]


def rows(text: str, start: int, end: int) -> Iterator[Span]:
    """The spans of the formulas in text[start:end].

    A row that begins with a relation or an operator continues the row before. What only says for
    which index a definition holds (`t = 1, \\dots, T`, `\\text{for all } t`) is left out.
    """
    merged: list[list[Symbol]] = []
    for mark, piece in _pieces(text, start, end):
        if _is_remark(text, piece):
            continue
        if merged and _continues(mark, merged[-1], piece):
            merged[-1] += piece
        else:
            merged.append(piece)
    for piece in merged:
        kept = _trimmed(piece)
        if not _RANGE.match(text[kept[0][1] : kept[-1][2]]):
            yield kept[0][1], kept[-1][2]


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[str, list[Symbol]]]:
    """What stands between the separators outside all brackets, with the separator before it."""
    mark, piece, depth = "", list[Symbol](), 0
    for match in _SYMBOL.finditer(text, start, end):
        symbol = match.group()
        depth = max(0, depth + depth_change(symbol))
        comma = symbol == "," and text[match.end() : match.end() + 1].isspace()
        separates = symbol in _SPACE or symbol in ("\\\\", ";") or comma
        if depth == 0 and separates:
            if _trimmed(piece):
                yield mark, piece
            if _trimmed(piece) or symbol == "\\\\":
                mark = symbol
            piece = []
        else:
            piece.append((symbol, match.start(), match.end()))
    if _trimmed(piece):
        yield mark, piece


def _trimmed(piece: list[Symbol]) -> list[Symbol]:
    """Without alignment marks in front and punctuation behind."""
    first, last = 0, len(piece)
    while first < last and piece[first][0] == "&":
        first += 1
    while last > first and piece[last - 1][0] in ("&", ".", ",", ";", "\\,", "\\;", "\\ "):
        last -= 1
    return piece[first:last]


def _is_remark(text: str, piece: list[Symbol]) -> bool:
    kept = _trimmed(piece)
    shown = text[kept[0][1] : kept[-1][2]]
    if kept[0][0] in ("\\forall", "∀") or _WORDS.match(shown):
        return True
    top = _top(kept)
    return not top & _RELATION and bool(top & _ORDER)


def _continues(mark: str, before: list[Symbol], piece: list[Symbol]) -> bool:
    """Whether a piece belongs to the formula before: an operator between them, or no relation."""
    kept = _trimmed(piece)
    if kept[0][0] in _OPERATOR | _RELATION or before[-1][0] in _OPERATOR | _RELATION:
        return True
    return mark != "\\\\" and not has_relation(kept)


def has_relation(symbols: list[Symbol]) -> bool:
    return bool(_top(symbols) & _RELATION)


def _top(symbols: list[Symbol]) -> set[str]:
    """The symbols that stand outside all brackets."""
    depth, found = 0, set()
    for symbol, _, _ in symbols:
        depth = max(0, depth + depth_change(symbol))
        if depth == 0:
            found.add(symbol)
    return found
