"""What decorates mathematics and means nothing: blanked, so that the grammar sees clean LaTeX.

Blanked wholly: \\label, \\tag, \\phantom and the spaces with an argument, \\color, \\footnote, \\eqno,
\\hline, \\nonumber, styles such as \\displaystyle, \\limits, the length in `\\\\[2pt]`, an empty group `{}`
after a sign.
Blanked but for what they enclose: \\underbrace{X}_{note}, \\overbrace{X}^{note}, \\boxed, \\cancel,
\\textcolor{…}{X}, \\left, \\right and \\big before a bracket. The braces of X stay, so that
\\underbrace{a + b} c is still a product, unless X has a comma or a relation sign of its own.
What stays: \\underline and \\overline (they may belong to a name), `\\left.A\\right|`, unknown macros.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from derive.verify.displays import INNER, SYSTEMS

# Stands for a blank that belongs to the member around it; it cannot stand in a text (see pages.py).
WRAP = "\0"
# Stands where a \\tag or \\label stood, which numbers its row; it cannot stand in a text either.
NUMBER = "\1"

_NAMED = r"(?![a-zA-Z])"
_DECORATION = re.compile(
    rf"(?P<row>\\\\\*?)(?P<length>\s*\[\s*-?[\d.]+\s*(?:\\?[a-zA-Z]+)\s*\])?"
    rf"|(?P<brace>\\(?:under|over)(?:brace|bracket){_NAMED}\s*)(?=\{{)"
    rf"|(?P<wrap>\\(?:boxed|fbox|[bx]?cancel|smash|math[lrc]lap){_NAMED}\s*"
    rf"|\\(?:text|math)color\s*(?:\[\w+\])?\s*\{{[^{{}}]*\}}\s*)(?=\{{)"
    rf"|(?P<whole>\\(?:label|tag\*?|[vh]?phantom|[hv]space\*?|color|footnote){_NAMED}\s*)(?=\{{)"
    rf"|(?P<bare>\\l?eqno\s*\([^()]*\)|\\(?:nonumber|notag|hline|toprule|midrule|bottomrule|allowbreak|"
    rf"nobreak|noindent|displaystyle|textstyle|scriptstyle|scriptscriptstyle|limits|nolimits|strut|"
    rf"mathstrut|relax|null){_NAMED})"
    rf"|(?P<system>(?:\\left{_NAMED}\s*)?(?:\\\{{|\\lbrace{_NAMED}|\\left{_NAMED}\s*\.)\s*)"
    rf"(?=\\begin\{{(?:{INNER}|{SYSTEMS})\*?\}})"
    rf"|(?P<right>\\right{_NAMED}\s*\.)|(?P<left>\\left{_NAMED}\s*\.)"
    rf"|(?P<size>\\(?:left|right|middle|[bB]igg?[lrm]?){_NAMED})(?!\s*(?:[.|]|\\\||\\[lr]?[vV]ert))"
    r"|(?P<empty>(?<=[=<>&+\s])\{\s*\}(?!\s*[_^{]))"
    r"|\\.|(?P<close>\})|(?P<open>\{)",
    re.S,
)
_GROUPED = r"(?P<grouped>(?:\\(?:text[a-z]*|math[a-z]+|mbox|hbox)\s*)?(?=\{))"
_NOTE = {
    mark: re.compile(rf"\s*{re.escape(mark)}\s*(?:{_GROUPED}|\\[a-zA-Z]+|\\.|[^\s{{}}])")
    for mark in "_^"
}
_BRACE = re.compile(r"\\[a-zA-Z]+|\\.|[{}()\[\],&=<>≡≈≤≥∈→]", re.S)
_SIGNS = frozenset(
    (
        *",&=<>≡≈≤≥∈→",
        "\\\\",
        "\\equiv",
        "\\in",
        "\\to",
        "\\le",
        "\\leq",
        "\\ge",
        "\\geq",
        "\\approx",
    )
)

Edit = tuple[int, int, str]


def braces(text: str) -> tuple[Mapping[int, int], frozenset[int]] | None:
    """The end of each braced group, and the groups with a comma or a sign of their own.

    None where the braces do not match.
    """
    match, stack, signed = dict[int, int](), list[tuple[str, int]](), set[int]()
    for found in _BRACE.finditer(text):
        char = found.group()
        if char in _SIGNS:
            if stack and stack[-1][0] == "{":
                signed.add(stack[-1][1])
        elif char in "{([":
            stack.append((char, found.start()))
        elif char in ")]" and stack and stack[-1][0] != "{":
            stack.pop()
        elif char == "}":
            while stack and stack[-1][0] != "{":
                stack.pop()
            if not stack:
                return None
            match[stack.pop()[1]] = found.start()
    return None if any(char == "{" for char, _ in stack) else (match, frozenset(signed))


def undecorated(text: str) -> tuple[str, Mapping[int, int]] | None:
    """A display with its decoration blanked, and its braces; None where they do not match.

    What decorates the member around it is WRAP, what stands between members is a space.
    """
    found = braces(text)
    if found is None:
        return None
    chars = list(text)
    for start, end, fill in _edits(text, *found):
        for i in range(start, end):
            chars[i] = chars[i] if chars[i] == "\n" else fill
    return "".join(chars), found[0]


def _edits(text: str, match: Mapping[int, int], signed: frozenset[int]) -> Iterator[Edit]:
    notes, keeps_left = dict[int, str](), _has_bar(text)
    at = 0
    while found := _DECORATION.search(text, at):
        at, start, kind = found.end(), found.start(), found.lastgroup
        if kind == "length":
            yield found.start("length"), at, " "
        elif kind in ("wrap", "brace"):
            yield start, at, WRAP
            closed = match[at]
            if at in signed:
                yield at, at + 1, WRAP
                yield closed, closed + 1, WRAP
            if kind == "brace":
                notes[closed] = "_" if "under" in found.group() else "^"
        elif kind == "whole":
            at = match[at] + 1
            yield start, at, " "
            if found.group().startswith(("\\tag", "\\label")):
                yield start, start + 1, NUMBER
        elif kind == "close" and start in notes:
            end = _note_end(text, at, notes[start], match)
            yield at, end, WRAP
            at = end
        elif kind == "size":
            yield start, at, WRAP
        elif kind in ("bare", "system", "empty", "right") or (kind == "left" and not keeps_left):
            yield start, at, " "


def _has_bar(text: str) -> bool:
    return bool(re.search(r"\\right\s*(?:\||\\[r]?vert)", text))


def _note_end(text: str, at: int, mark: str, match: Mapping[int, int]) -> int:
    """Where the note below (or above) a brace ends, that begins at `at` if there is one."""
    found = _NOTE[mark].match(text, at)
    if not found:
        return at
    return found.end() if found["grouped"] is None else match[found.end()] + 1
