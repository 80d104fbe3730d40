"""What is no mathematics in a text: comments, code, directives, scope breaks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from derive.verify.placed import Break

Format = Literal["tex", "markdown", "plain"]

SUFFIXES: dict[str, Format] = {
    ".tex": "tex", ".ltx": "tex", ".latex": "tex", ".sty": "tex",
    ".md": "markdown", ".markdown": "markdown", ".ipynb": "markdown",
}  # fmt: skip

# A verbatim environment or a fence that nothing closes goes on to the end, as TeX and CommonMark say.
_TEX = re.compile(
    r"\\\\|\\%|(?P<comment>%[^\n]*)"
    r"|(?P<verbatim>\\begin\{(?P<name>(?:[vV]erbatim|lstlisting|minted|comment)\*?)\}"
    r".*?(?:\\end\{(?P=name)\}|\Z))"
    r"|(?P<verb>\\verb\*?(?P<bar>[^a-zA-Z\s*])[^\n]{0,500}?(?P=bar))",
    re.S,
)
_PLAIN = re.compile(
    r"\\\\|\\%|(?P<html><!--.*?(?:-->|\Z))|(?<![\d\]])(?<!\d )(?P<comment>%[^\n]*)", re.S
)
_MARKDOWN = re.compile(
    r"(?P<mathfence>^ {0,3}(?P<mathmark>`{3,})[ ]*math[ \t\r]*$.*?(?:^ {0,3}(?P=mathmark)[ \t\r]*$|\Z))"
    r"|(?P<fence>^ {0,3}(?P<mark>`{3,}(?=[^`\n]*$)|~{3,})[^\n]*$"
    r".*?(?:^ {0,3}(?P=mark)[`~]*[ \t\r]*$|\Z))"
    r"|(?P<html><!--.*?(?:-->|\Z))"
    r"|(?P<mathcode>(?<=\$)`[^`\n]+`(?=\$))"
    r"|(?P<code>(?<!`)(?P<ticks>`+)(?!`)[^\n]{0,1000}?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<comment>^[ \t]*%+[ \t]*derive:[^\n]*)",
    re.M | re.S,
)
_PATTERNS: dict[Format, re.Pattern[str]] = {"tex": _TEX, "plain": _PLAIN, "markdown": _MARKDOWN}
_DIRECTIVE = re.compile(
    r"(?:%+|<!--)\s*derive:(?!\s*ignore\b)\s*(?P<text>.*?)\s*(?:-->)?\s*\Z", re.S
)

EXAMPLE = re.compile(r"(?<![\w(.])[Ee]\.\s?g\.|\bExamples?\b|(?<![比前先通特凡判慣])例(?![外年])")
_TITLE = r"\s*\*?\s*(?:\[[^\]\n]*\]\s*)?\{(?P<title>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
_WORD = re.compile(r"\bexamples?\b")  # in a heading; in a sentence it opens nothing
_BREAK = re.compile(
    rf"(?P<opens>{EXAMPLE.pattern}|\\begin\{{example\*?\}})"
    r"|\\(?:new|clear|cleardouble)page\b|\\pagebreak\b|\\end\{example\*?\}|\f"
)
_HEADING = re.compile(
    rf"\\(?P<rank>title|part|chapter|(?:sub){{0,2}}section|(?:sub)?paragraph)\b(?:{_TITLE})?"
)
_BOLD = re.compile(
    r"\\intertext\{\s*\\textbf\{\s*(?P<rank>\\large)?(?P<title>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}\s*\}"
)
_HASHES = re.compile(r"^ {0,3}(?P<rank>#{1,6})[ \t](?P<title>[^\n]*)", re.M)
_RANKS = (
    "title",
    "part",
    "chapter",
    "section",
    "subsection",
    "subsubsection",
    "paragraph",
    "subparagraph",
)
_FIXES = re.compile(r"(?<![a-zA-Z\\])T\s*=\s*(\d{1,3})(?!\s*,?\s*(?:\d|\\[lc]?dots|…))(?![\d.])")
_LINE_BREAK: dict[Format, re.Pattern[str]] = {
    "tex": re.compile(r"(?!)"),
    "markdown": re.compile(
        r"^ {0,3}(?:-{3,}|\*{3,}|_{3,}|={3,}|(?:[-*_][ \t]){3,})[ \t\r]*$", re.M
    ),
    "plain": re.compile(
        r"^ {0,3}(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t\r]*$"
        r"|(?:\A|(?<=\n\n)|(?<=\n\r\n))[ \t]*\d{1,4}[ \t\r]*(?=\n[ \t\r]*(?:\n|\Z)|\Z)",
        re.M,
    ),
}


@dataclass(frozen=True, slots=True)
class Prose:
    """A text without its comments and its code, and the directives that stood in them."""

    readable: str
    directives: tuple[tuple[int, str], ...]


def format_of(path: str) -> Format:
    """What kind of text a path names; anything unknown is plain text, as from OCR."""
    dot = path.rfind(".")
    return SUFFIXES.get(path[dot:].lower(), "plain") if dot >= 0 else "plain"


def blank(text: str, fill: str = " ") -> str:
    """As many blanks, so that every offset stays what it was."""
    return "\n".join(fill * len(line) for line in text.split("\n"))


def skim(kind: Format, text: str, offset: int = 0) -> Prose:
    """Blanks comments and code, and collects the directives; `offset` is where the text begins."""
    directives: list[tuple[int, str]] = []

    def replaced(match: re.Match[str]) -> str:
        found = match.groupdict()
        written = match.group()
        if found.get("mathfence"):
            return _as_display(written, found["mathmark"])
        if found.get("mathcode"):
            return f" {written[1:-1]} "
        if found.get("comment") or found.get("html"):
            note = _DIRECTIVE.search(written)
            if note and note["text"]:
                directives.append((offset + match.start() + note.start("text"), note["text"]))
        return written if written in ("\\\\", "\\%") else blank(written)

    readable = _PATTERNS[kind].sub(replaced, text)
    return Prose(readable, tuple(directives))


def _as_display(written: str, mark: str) -> str:
    """A fence ```math as a display between $$ and $$, of the same length."""
    head, line, rest = written.partition("\n")
    body, close, tail = rest.rpartition(mark)
    opened = head.replace(mark, "$$" + " " * (len(mark) - 2), 1).replace("math", "    ", 1)
    closed = "$$" + " " * (len(mark) - 2) if close else ""
    return f"{opened}{line}{body}{closed}{tail}"


def breaks(kind: Format, readable: str) -> list[Break]:
    """Every heading, page break and beginning of an example, in order."""
    found = list(_headings(kind, readable))
    headings = [b for b in found if not b.opens]
    found += (Break(m.start(), False) for m in _LINE_BREAK[kind].finditer(readable))
    starts = [heading.offset for heading in headings]
    for match in _BREAK.finditer(readable):
        at = match.start()
        i = bisect_right(starts, at) - 1
        inside = i >= 0 and at < headings[i].end
        found.append(Break(at, bool(match["opens"]), headings[i].level if inside else None))
    return sorted(found, key=lambda b: b.offset)


def _headings(kind: Format, readable: str) -> Iterator[Break]:
    """The headings in order, each with its level and the T that it fixes."""
    found = [(m, 1 + _RANKS.index(m["rank"])) for m in _HEADING.finditer(readable)]
    found += [(m, 5 - bool(m["rank"])) for m in _BOLD.finditer(readable)]
    if kind != "tex":
        found += [(m, len(m["rank"])) for m in _HASHES.finditer(readable)]
    for match, level in sorted(found, key=lambda pair: pair[0].start()):
        fixed = set(_FIXES.findall(match["title"] or ""))
        horizon = int(fixed.pop()) if len(fixed) == 1 else 0
        yield Break(match.start(), False, level, horizon or None, match.end())
        if _WORD.search(match["title"] or ""):
            yield Break(match.start("title"), True, level)
