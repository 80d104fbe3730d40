"""Where the mathematics of a text stands: inline and displayed, between its delimiters."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from derive.notation.reader import are_rows
from derive.verify.prose import Format

OUTER = "equation|align|alignat|xalignat|gather|multline|eqnarray|flalign|displaymath|math|dmath"
INNER = "aligned|alignedat|split|gathered|multlined"
SYSTEMS = "cases|dcases|array"

_OPEN = re.compile(
    r"\\\$|\\\\|(?P<dollars>\$\$)|(?P<dollar>\$)|(?P<bracket>\\\[)|(?P<paren>\\\()"
    rf"|\\begin\{{(?P<name>(?:{OUTER}|{INNER}|cases)\*?)\}}"
)
_BLANK_LINE = re.compile(r"\n[ \t\r]*(?=\n)|\f")
_DOLLARS = re.compile(r"\\.|(?P<close>\$\$)", re.S)
_DOLLAR = re.compile(r"\\.|(?P<close>\$)", re.S)
_BRACKETS = re.compile(r"\\\\|(?P<open>\\\[)|(?P<close>\\\])")
_PARENS = re.compile(r"\\\\|(?P<open>\\\()|(?P<close>\\\))")
_MATHEMATICAL = re.compile(r"\\[a-zA-Z]|[=^_]|\A\s*[a-zA-Z]\s*\Z")


@dataclass(frozen=True, slots=True)
class Display:
    """The text between two delimiters; `broken` says which of them is missing."""

    start: int
    end: int
    environment: str = ""
    broken: str = ""


def displays(kind: Format, original: str, readable: str) -> tuple[Display, ...]:
    """The mathematics of `readable`, which is `original` with comments and code blanked.

    Rows for somebody's `align` are one display. Any other ends at a blank line at the latest, so one
    lost delimiter does not shift the others.
    """
    if kind == "tex" and are_rows(readable):
        return (Display(0, len(readable), "align"),)
    blanks = [m.start() for m in _BLANK_LINE.finditer(original)]
    found, at = [], 0
    while match := _OPEN.search(readable, at):
        at = match.end()
        if match.lastgroup is None:
            continue
        after = bisect_left(blanks, match.start())
        limit = max(at, blanks[after]) if after < len(blanks) else len(readable)
        dollar = match["dollar"] is not None
        display, at = (
            _inline(kind, readable, at, limit) if dollar else _paired(readable, match, limit)
        )
        if display and readable[display.start : display.end].strip():
            found.append(display)
    return tuple(found)


def _paired(text: str, match: re.Match[str], limit: int) -> tuple[Display, int]:
    """A display whose delimiter is unmistakable."""
    at, name = match.end(), match["name"] or ""
    end, after, closed = limit, limit, False
    for found in _pairs(match).finditer(text, at, limit):
        if found.lastgroup in ("open", "close"):
            closed = found.lastgroup == "close"
            end, after = found.start(), found.end() if closed else found.start()
            break
    broken = "" if closed else _missing(match.group(), _closer(match))
    return Display(at, end, name.rstrip("*"), broken), after


def _pairs(match: re.Match[str]) -> re.Pattern[str]:
    if match["dollars"]:
        return _DOLLARS
    if match["name"]:
        name = re.escape(match["name"])
        return re.compile(rf"(?P<open>\\begin\{{{name}\}})|(?P<close>\\end\{{{name}\}})")
    return _BRACKETS if match["bracket"] else _PARENS


def _closer(match: re.Match[str]) -> str:
    if match["name"]:
        return f"\\end{{{match['name']}}}"
    return {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}[match.group()]


def _missing(opened: str, close: str) -> str:
    return f"expected '{close}' to close the '{opened}' before the paragraph ends"


def _inline(kind: Format, text: str, at: int, limit: int) -> tuple[Display | None, int]:
    """What a single dollar sign opens: a formula, a broken one, or an amount of money (nothing)."""
    end = _dollar(text, at, limit)
    if end is None:
        return _unclosed(kind, text, at, limit)
    if _tight(text, at, end):
        return Display(at, end), end + 1
    following = _dollar(text, end + 1, limit)
    if following and _tight(text, end + 1, following) and _mathematical(text, end + 1, following):
        return _unclosed(kind, text, at, end)
    if kind == "tex" or (not text[at].isdigit() and _mathematical(text, at, end)):
        return Display(at, end), end + 1
    return None, at


def _unclosed(kind: Format, text: str, at: int, end: int) -> tuple[Display | None, int]:
    money = text[at : at + 1].isdigit() or not _mathematical(text, at, end)
    if kind != "tex" and money:
        return None, at
    return Display(at, end, "", _missing("$", "$")), end


def _dollar(text: str, at: int, limit: int) -> int | None:
    found = (m.start() for m in _DOLLAR.finditer(text, at, limit) if m["close"])
    return next(found, None)


def _tight(text: str, start: int, end: int) -> bool:
    """Pandoc's rule: no space inside the dollar signs, and no digit after the second."""
    inside = text[start:end]
    return inside.strip() == inside != "" and not text[end + 1 : end + 2].isdigit()


def _mathematical(text: str, start: int, end: int) -> bool:
    return bool(_MATHEMATICAL.search(text[start:end]))


def lines(text: str) -> Iterator[Display]:
    """The runs of lines that look like mathematics, of a text without any delimiter."""
    start = end = -1
    for match in re.finditer(r"[^\n]*(?:\n|\Z)", text):
        line = match.group()
        if _looks_like_mathematics(line, start >= 0):
            start = match.start() if start < 0 else start
            end = match.start() + len(line.rstrip())
        elif start >= 0:
            yield Display(start, end, "lines")
            start = -1


_BARE_WORD = re.compile(r"(?<![\\_^{a-zA-Z])[a-zA-Z]{3,}(?![a-zA-Z])")
_KNOWN_WORDS = frozenset(
    (
        *("tanh", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "sqrt", "sum", "prod", "max"),
        *("min", "diag", "softmax", "sigmoid", "relu", "ReLU", "sigma", "theta", "for", "all"),
        *("where", "and", "then", "with", "loss", "otherwise", "hence", "thus", "therefore"),
    )
)
_SIGN = re.compile(
    r"[=≡≈≤≥≠∈→←∝≔≝]|<|>"
    r"|\\(?:equiv|coloneqq|approx|sim|in|leq?|geq?|neq?|to|rightarrow|leftarrow|propto)(?![a-zA-Z])"
)
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def _looks_like_mathematics(line: str, goes_on: bool) -> bool:
    """Whether it has a relation sign (or goes on with an operator) and no prose in it."""
    if line.lstrip().startswith("#") or _IDEOGRAPH.search(line):
        return False
    begins = line.lstrip()[:1]
    if not _SIGN.search(line) and not (goes_on and begins and begins in "+-−·*/"):
        return False
    words = _BARE_WORD.findall(line.replace("\\", " \\"))
    return all(word in _KNOWN_WORDS for word in words)
