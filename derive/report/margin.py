"""Copies of people's notes with the verdicts beside the formulas; a LaTeX copy still compiles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath

from derive.errors import DeriveError
from derive.layout import TEX_CHARACTERS
from derive.notation.unicode import ABOVE, BELOW, LETTERS
from derive.report.facts import Finding, finding, is_shown
from derive.report.marking import escaped_markdown, inline_code, words
from derive.verify.verdicts import Report

Span = tuple[int, int]

MARKDOWN = (".md", ".markdown")
TEX = (".tex", ".ltx", ".latex")


def annotated(report: Report, name: str, every: bool = False) -> str:
    """The text of a file with its verdicts; `name` says by its suffix what kind of text it is.

    DeriveError where verdicts have no place: in a notebook, on slides.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix == ".ipynb":
        raise DeriveError(f"{name} is a notebook, which cannot be annotated: use --to md instead")
    shown = [j for j in report.formulas if every or is_shown(j) or j.verdict.kind == "proved"]
    found = [finding(report, judged, 80) for judged in shown]
    if suffix in TEX or "\\begin{document}" in report.text:
        return _tex(report.text, found, name)
    note = _markdown_note if suffix in MARKDOWN else _text_note
    return _inserted(report.text, _after_paragraphs(report.text, found, note))


def _inserted(text: str, notes: Mapping[int, str]) -> str:
    """The text with a note at each offset."""
    pieces, at = [], 0
    for offset in sorted(notes):
        pieces += [text[at:offset], notes[offset]]
        at = offset
    return "".join((*pieces, text[at:]))


# -- Markdown and plain text ------------------------------------------------------------------------


def _after_paragraphs(
    text: str, found: list[Finding], note: Callable[[Finding], str]
) -> dict[int, str]:
    """The notes of each paragraph, where it ends, as far to the right as it begins."""
    notes: dict[int, str] = {}
    for f in found:
        end = _paragraph_end(text, f.judged.end)
        line = text[text.rfind("\n", 0, f.judged.start) + 1 : end]
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        notes[end] = notes.get(end, "") + f"\n\n{indent}{note(f)}"
    return notes


def _paragraph_end(text: str, offset: int) -> int:
    blank = re.compile(r"[ \t]*(?=\n[ \t]*\n)|\s*\Z").search(text, offset)
    return blank.start() if blank else len(text)


def _message(f: Finding, suggestion: bool = True) -> str:
    return str(words().message(f, suggestion)).strip()


def _text_note(f: Finding) -> str:
    return f"[{_message(f)}]"


def _markdown_note(f: Finding) -> str:
    kind, message = f.kind.capitalize(), _message(f, False)
    note = f"> **{kind}**{escaped_markdown(message.removeprefix(kind))}"
    return f"{note} {words().offer(f.kind)}: {inline_code(f.suggestion)}" if f.suggestion else note


# -- LaTeX ------------------------------------------------------------------------------------------

_MATH = {"equation", "align", "gather", "multline", "displaymath", "math", "eqnarray", "alignat"}
_MATH |= {"flalign", "dmath"}
_LITERAL = {"verbatim", "lstlisting", "comment", "minted", "Verbatim", "alltt", "filecontents"}
# Where a margin note may stand; any other environment is left first.
_OPEN = {"document", "itemize", "enumerate", "description", "quote", "quotation", "abstract"}
_OPEN |= {"proof", "center", "theorem", "lemma", "proposition", "corollary", "definition"}
_OPEN |= {"remark", "example", "claim", "flushleft", "flushright"}
_CLOSING = {"$": "$", "$$": "$$", "\\[": "\\]", "\\(": "\\)"}
_TOKEN = re.compile(
    r"\\(?P<edge>begin|end)\s*\{(?P<name>[^{}\n]*)\}|\\verb\*?(?P<quote>[^a-zA-Z\s*])|\\[\s\S]"
    r"|\$\$|\$|(?P<comment>%[^\n]*)|[{}\[\]]|(?P<blank>\n[ \t]*(?=\n))"
)
_PAIRS = {"}": "{", "]": "["}

# Widths are the document's own; only the room up to the edge of the paper is used for the notes.
_PREAMBLE = (
    "\n\\providecommand\\derivenote[2]{\\marginpar{\\raggedright\\footnotesize\\hspace{0pt}"
    "\\textbf{#1} #2}}%\n"
    "\\setlength\\marginparwidth{\\dimexpr\\paperwidth-1in-\\hoffset-\\oddsidemargin-\\textwidth"
    "-\\marginparsep-6pt\\relax}%\n"
    "\\ifdim\\marginparwidth<40pt \\setlength\\marginparwidth{40pt}\\fi\n"
    "\\ifdefined\\extrafloats\\extrafloats{400}\\fi \\maxdeadcycles=1000\\relax\n"
)


def _tex(text: str, found: list[Finding], name: str) -> str:
    """Margin notes after the formulas, in full at the end of the document."""
    if re.search(r"\\documentclass\s*(?:\[[^\]]*\])?\s*\{beamer\}", text):
        raise DeriveError(
            f"{name} has slides, which have no margin to annotate: use --to md instead"
        )
    maths, barriers = _scanned(text)
    begin = text.find("\\begin{document}")
    begin = begin + len("\\begin{document}") if begin >= 0 else 0
    finish = text.find("\\end{document}", begin)
    finish = finish if finish >= 0 else len(text)
    notes = {begin: _PREAMBLE if begin else _PREAMBLE.lstrip()}
    inside = [f for f in found if f.judged.start < finish]
    for f in inside:
        spot, lead = _spot(text, f.judged.start, maths, barriers)
        spot = min(max(spot, begin), finish)
        notes[spot] = notes.get(spot, "") + lead + _margin(f)
    notes[finish] = notes.get(finish, "") + _appendix([f for f in inside if f.kind != "proved"])
    return _inserted(text, notes)


def _scanned(text: str) -> tuple[list[Span], list[Span]]:
    """The formulas of a LaTeX text with their delimiters, and what no margin note may stand in."""
    maths: list[Span] = []
    barriers: list[Span] = []
    opened: list[tuple[str, int]] = []
    at = 0
    while token := _TOKEN.search(text, at):
        at = token.end()
        if token["comment"] is not None:
            continue
        if token["quote"]:
            at = _past(text, token["quote"], at)
        elif token["edge"] == "begin" and token["name"].rstrip("*") in _LITERAL:
            at = _past(text, f"\\end{{{token['name']}}}", at)
        elif closing := _closing(token):
            end = _math_end(text, closing, at)
            if end is not None:
                maths.append((token.start(), end))
                at = end
        else:
            _nest(token, opened, barriers)
    barriers += [(start, len(text)) for _, start in opened]
    return maths, barriers


def _past(text: str, closing: str, at: int) -> int:
    end = text.find(closing, at)
    return len(text) if end < 0 else end + len(closing)


def _closing(token: re.Match[str]) -> str | None:
    """What ends the formula that a token begins; None if it begins none."""
    if token["edge"] == "begin" and token["name"].rstrip("*") in _MATH:
        return f"\\end{{{token['name']}}}"
    return _CLOSING.get(token.group())


def _math_end(text: str, closing: str, at: int) -> int | None:
    """Where a formula ends; None if its paragraph ends first."""
    while token := _TOKEN.search(text, at):
        at = token.end()
        if token["blank"]:
            return None
        if token.group() == closing or (token.group() == "$$" and closing == "$"):
            return token.start() + len(closing)
    return None


def _nest(token: re.Match[str], opened: list[tuple[str, int]], barriers: list[Span]) -> None:
    """Keeps the groups, brackets and environments that are open."""
    text = token.group()
    if token["edge"]:
        name = token["name"]
        if name.rstrip("*") in _OPEN:
            return
        if token["edge"] == "begin":
            opened.append((name, token.start()))
        else:
            _close(name, token.end(), opened, barriers)
    elif text in "{[":
        opened.append((text, token.start()))
    elif text in _PAIRS:
        _close(_PAIRS[text], token.end(), opened, barriers)
    elif token["blank"]:
        while opened and opened[-1][0] == "[":
            barriers.append((opened.pop()[1], token.start()))


def _close(name: str, end: int, opened: list[tuple[str, int]], barriers: list[Span]) -> None:
    if all(name != other for other, _ in opened):
        return
    while opened:
        other, start = opened.pop()
        barriers.append((start, end))
        if other == name:
            return


def _spot(text: str, offset: int, maths: list[Span], barriers: list[Span]) -> tuple[int, str]:
    """Where a note may stand that belongs to the formula at `offset`, and what comes before it."""
    around = [end for start, end in maths if start <= offset < end]
    spot = around[0] if around else _paragraph_end(text, offset)
    walls = [*barriers, *maths]
    while beyond := [end for start, end in walls if start < spot < end]:
        spot = max(beyond)
    return spot, "" if around else "\n"


def _margin(f: Finding) -> str:
    reason = tex_words(f.reason)
    return f"\\derivenote{{{f.kind}}}{{({f.judged.id}){' ' if reason else ''}{reason}}}"


def _appendix(found: list[Finding]) -> str:
    """Each verdict in full, with the suggested line set as a formula where that is safe."""
    if not found:
        return ""
    rows = [f"\n\n\\bigskip\\noindent\\textbf{{{words().title}}}\n"]
    for f in found:
        rows.append(f"\n\\noindent({tex_words(f.judged.id)}) {tex_words(_message(f, False))}")
        if f.suggestion:
            rows.append(f"{words().offer(f.kind)}: {_line(f.suggestion)}")
    return "\n".join((*rows, ""))


def _line(suggestion: str) -> str:
    """A line of LaTeX as a display, or in its own letters."""
    if is_safe(suggestion):
        return f"\\[{suggestion}\\]"
    return f"\\texttt{{{_spelled(suggestion)}}}"


# -- words in LaTeX ---------------------------------------------------------------------------------

_PLAIN = {
    "partial", "nabla", "sum", "prod", "cdot", "cdots", "ldots", "dots", "times", "le", "ge", "leq",
    "geq", "ne", "neq", "in", "infty", "top", "log", "exp", "sin", "cos", "tan", "sinh", "cosh",
    "tanh", "prime", "mid", "to", "quad", "qquad", "equiv", "langle", "rangle", "odot", "circ",
    "approx", "max", "min", "det", "displaystyle", "pm", "lbrace", "rbrace", "surd", "rightarrow",
} | LETTERS.keys()  # fmt: skip
_PIECE = re.compile(
    r"\\frac\s*@\s*@|\\(?:sqrt|mathrm|mathbf|hat|bar|tilde|vec|dot)\s*@"
    r"|\\(?P<fence>left|right)\s*(?:[()\[\].|/]|\\[lr](?:brace|angle)(?![a-zA-Z])|\\\|)"
    r"|(?P<script>[_^])\s*(?:@|[A-Za-z0-9*+-]|\\(?P<letter>[A-Za-z]+))|\\(?P<plain>[A-Za-z]+)"
    r"|(?P<prime>')|\\[,;! |]|(?P<space>\s+)|[\w@()\[\]+\-*/=<>|,.;:!]",
    re.ASCII,
)
_GROUP = re.compile(r"\{([^{}@]*(?:@[^{}@]*)*)\}")

SYMBOLS: Mapping[str, str] = {
    "∂": "\\partial ", "∇": "\\nabla ", "≤": "\\le ", "≥": "\\ge ", "≠": "\\ne ", "Σ": "\\sum ",
    "Π": "\\prod ", "√": "\\surd ", "−": "-", "·": "\\cdot ", "×": "\\times ", "′": "'",
    "…": "\\dots ", "⋯": "\\cdots ", "→": "\\to ", "∞": "\\infty ", "∈": "\\in ", "⊤": "\\top ",
    "⊙": "\\odot ", "≈": "\\approx ", "≡": "\\equiv ", "⁺": "^+", "∑": "\\sum ", "∏": "\\prod ",
    **{letter: f"\\{name} " for name, letter in LETTERS.items() if name not in {"Sigma", "Pi"}},
    **{chr(low): f"_{{{chr(key)}}}" for key, low in BELOW.items() if isinstance(low, int)},
    **{chr(high): f"^{{{chr(key)}}}" for key, high in ABOVE.items() if isinstance(high, int)},
}  # fmt: skip


def is_safe(latex: str) -> bool:
    """Whether plain LaTeX can set it between dollars: known macros with their arguments, balanced."""
    if "@" in latex:
        return False
    rest = latex.replace("\\{", "\\lbrace ").replace("\\}", "\\rbrace ")
    while group := _GROUP.search(rest):
        if not _is_flat(group[1]):
            return False
        rest = f"{rest[: group.start()]}@{rest[group.end() :]}"
    return _is_flat(rest)


def _is_flat(latex: str) -> bool:
    """The same for a text whose groups are @ already: fences in pairs, one script of a kind each."""
    at = open_fences = 0
    scripts: set[str] = set()
    while piece := _PIECE.match(latex, at):
        at = piece.end()
        name = piece["letter"] or piece["plain"]
        mark = "^" if piece["prime"] and "^" in scripts else piece["script"]
        open_fences += {"left": 1, "right": -1}.get(piece["fence"] or "", 0)
        if (name is not None and name not in _PLAIN) or mark in scripts or open_fences < 0:
            return False
        if mark:
            scripts.add(mark)
        elif not piece["space"] and not piece["prime"]:
            scripts.clear()
    return at == len(latex) and open_fences == 0


def tex_words(text: str) -> str:
    """Words for LaTeX in ASCII; what looks like a formula is set as one."""
    return " ".join(_word(word) for word in _tokens(text))


def _tokens(text: str) -> Iterator[str]:
    """The words; a formula with spaces inside its braces is one of them."""
    held = ""
    for word in text.split():
        held = f"{held} {word}" if held else word
        if held.count("{") <= held.count("}"):
            yield held
            held = ""
    yield from held.split()


def _word(word: str) -> str:
    """A word, its formula between dollars: one with subscripts or macros, or in Unicode."""
    core = word.strip(".,;:()[]")
    formula = "".join(SYMBOLS.get(char, char) for char in core)
    formula = formula.replace("}_{", "").replace("}^{", "").strip()
    if re.search(r"[\\_^]", formula) and is_safe(formula):
        before, _, after = word.partition(core)
        return f"{_spelled(before)}${formula}${_spelled(after)}"
    return _spelled(word)


def _spelled(text: str) -> str:
    """Each character in ASCII, as it is."""
    return "".join(_character(char) for char in text)


def _character(char: str) -> str:
    if char in SYMBOLS:
        return f"${SYMBOLS[char].strip()}$"
    return TEX_CHARACTERS.get(char, char) if char.isascii() else "?"
