"""Copies of people's notes with the verdicts beside the formulas; a LaTeX copy still compiles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from derive.errors import DeriveError
from derive.layout import TEX_CHARACTERS
from derive.notation.unicode import ABOVE, BELOW, LETTERS
from derive.report.beside import COLOURS, Spot, spot
from derive.report.excerpt import visible
from derive.report.facts import Finding, finding, is_shown, spoken
from derive.report.marking import escaped_markdown, inline_code, words
from derive.templating import environment
from derive.text.restructured import directive_at
from derive.verify.verdicts import Report

Span = tuple[int, int]
_IN_MARGIN = re.compile(
    r"\\(?:marginpar|marginnote|sidenote|todo|twocolumn)(?![a-zA-Z])|\[[^\]]*twocolumn[^\]]*\]"
)

MARKDOWN = (".md", ".markdown")
RESTRUCTURED = ".rst"
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
    assumed = "; ".join(spoken(visible(a)) for a in report.assumptions)
    assumed = f"{words().page['assumed']}: {assumed}." if assumed else ""
    if suffix in TEX or "\\begin{document}" in report.text:
        return _tex(report.text, found, name, assumed)
    if suffix in MARKDOWN:
        notes = _after_paragraphs(report.text, found, _markdown_note)
        assumed = assumed and f"> {escaped_markdown(assumed)}"
    elif suffix == RESTRUCTURED:
        notes = _after_directives(report.text, found)
        assumed = assumed and _literal(assumed)
    else:
        notes = _after_paragraphs(report.text, found, _text_note)
        assumed = assumed and f"[{assumed}]"
    written = _inserted(report.text, notes)
    return f"{written.rstrip()}\n\n{assumed}\n" if assumed else written


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


def _after_directives(text: str, found: list[Finding]) -> dict[int, str]:
    """The notes of a page in reStructuredText: none within a directive, whose body is all mathematics."""
    notes: dict[int, str] = {}
    for f in found:
        inside = directive_at(text, f.judged.start)
        for end, note in _after_paragraphs(text, [f], lambda f: _literal(_message(f))).items():
            at, indent = inside or (end, "")
            written = f"\n\n{indent}{note.lstrip()}" if inside else note
            notes[at] = notes.get(at, "") + written
    return notes


def _literal(message: str) -> str:
    """A note in which no sign is markup."""
    plain = message.replace("``", "''")
    return f"``[{plain}]``"


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


def _tex(text: str, found: list[Finding], name: str, assumed: str) -> str:
    """Margin notes after the formulas, in full at the end of the document."""
    if re.search(r"\\documentclass\s*(?:\[[^\]]*\])?\s*\{beamer\}", text):
        raise DeriveError(
            f"{name} has slides, which have no margin to annotate: use --to md instead"
        )
    maths, barriers = _scanned(text)
    begin = text.find("\\begin{document}")
    finish = text.find("\\end{document}", max(begin, 0))
    finish = finish if finish >= 0 else len(text)
    inside = [f for f in found if f.judged.start < finish]
    if begin < 0:
        return _fragment(text, inside, finish, maths, barriers, assumed)
    body = begin + len("\\begin{document}")
    notes = _Notes(text, {begin: _beside(text), body: "\n\\derivesheet"})
    macros = macros_in(text)
    numbers = {}
    for f in inside:
        at = _place(text, f, maths, barriers)
        offset = min(max(at.offset, body), finish)
        if at.label is not None and at.label[1] not in notes.labels:
            notes.labels.add(at.label[1])
            notes.add(at.label[0], f"\\label{{{at.label[1]}}}")
        if f.judged.start >= body:
            notes.add(offset, f"\\derivemark{{{f.judged.id}}}")
            notes.add(body, _note(f, at.number, macros))
        numbers[f.judged.id] = at.number
    notes.add(body, "%\n")
    notes.add(finish, _appendix(_told(inside), macros, numbers, assumed))
    return _inserted(text, notes.at)


@dataclass
class _Notes:
    """What is put into a text, by its offset, and the labels that are among it."""

    text: str
    at: dict[int, str]
    labels: set[str] = field(default_factory=set)

    def add(self, offset: int, written: str) -> None:
        self.at[offset] = self.at.get(offset, "") + written


def _beside(text: str) -> str:
    """TeX's part of the work; the margin is free where the text puts nothing there."""
    template = environment().get_template("reports/beside.j2")
    return template.render(colours=COLOURS, margin_is_free=_IN_MARGIN.search(text) is None) + "\n"


def _place(text: str, f: Finding, maths: list[Span], barriers: list[Span]) -> Spot:
    """At the formula's own row in a display, else behind the formula, and what it cannot stand in."""
    around = [span for span in maths if span[0] <= f.judged.start < span[1]]
    walls = [w for w in barriers if w[0] < f.judged.start < w[1]]
    if around and not walls and (found := spot(text, f, around[0])) is not None:
        return found
    offset, _ = _spot(text, f.judged.start, maths, barriers)
    return Spot(offset)


def _note(f: Finding, number: str, macros: Macros) -> str:
    """What stands beside a formula: the verdict, why, and the line that would be true."""
    said = [tex_words(f.reason)]
    if f.reading:
        said.append(f"{words().page['reading']}: {tex_words(f.reading)}.")
    if f.suggestion:
        said.append(f"{words().offer(f.kind)}: {_inline(f.suggestion, macros)}")
    shown = f" ({number})" if number else ""
    return (
        f"%\n\\derivenote{{{f.judged.id}}}{{{f.kind}}}{{{shown}}}{{{' '.join(filter(None, said))}}}"
    )


def _inline(suggestion: str, macros: Macros) -> str:
    """A line of LaTeX that may be broken, or in its own letters."""
    if is_safe(suggestion, macros):
        return f"$\\displaystyle {suggestion}$"
    return f"\\texttt{{{_spelled(suggestion)}}}"


def _fragment(
    text: str,
    found: list[Finding],
    finish: int,
    maths: list[Span],
    barriers: list[Span],
    assumed: str,
) -> str:
    """A file that is put into another: notes in the margin that there is, after the formulas."""
    notes = _Notes(text, {0: _PREAMBLE.lstrip()})
    for f in found:
        offset, lead = _spot(text, f.judged.start, maths, barriers)
        notes.add(min(offset, finish), lead + _margin(f))
    macros = macros_in(text)
    notes.add(finish, _appendix(_told(found), macros, {}, assumed))
    return _inserted(text, notes.at)


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


def _told(found: list[Finding]) -> list[Finding]:
    """What stands in full at the end of a document."""
    return [f for f in found if f.kind != "proved"]


def _appendix(
    found: list[Finding], macros: Macros, numbers: Mapping[str, str], assumed: str
) -> str:
    """Each verdict in full, with the suggested line set as a formula where that is safe, and what is assumed."""  # noqa: E501
    if not found and not assumed:
        return ""
    rows = [f"\n\n\\bigskip\\noindent\\textbf{{{words().title}}}\n"]
    for f in found:
        name = numbers.get(f.judged.id) or (
            f"{words().page['line']} {f.judged.line}" if numbers else f.judged.id
        )
        rows.append(f"\n\\noindent({name}) {tex_words(_message(f, False))}")
        if f.suggestion:
            rows.append(f"{words().offer(f.kind)}: {_line(f.suggestion, macros)}")
    rows += [f"\n\\noindent {tex_words(assumed)}"] if assumed else []
    return "\n".join((*rows, ""))


def _line(suggestion: str, macros: Macros) -> str:
    """A line of LaTeX as a display, or in its own letters."""
    if is_safe(suggestion, macros):
        return f"\\[{suggestion}\\]"
    return f"\\texttt{{{_spelled(suggestion)}}}"


# -- words in LaTeX ---------------------------------------------------------------------------------

_PLAIN = {
    "partial", "nabla", "sum", "prod", "cdot", "cdots", "ldots", "dots", "times", "le", "ge", "leq",
    "geq", "ne", "neq", "in", "infty", "top", "log", "exp", "sin", "cos", "tan", "sinh", "cosh",
    "tanh", "prime", "mid", "to", "quad", "qquad", "equiv", "langle", "rangle", "odot", "circ",
    "approx", "max", "min", "det", "displaystyle", "pm", "lbrace", "rbrace", "surd", "rightarrow",
    "lVert", "rVert", "ell", "star", "ast", "bullet", "ln", "vert", "Vert", "vdots",
} | LETTERS.keys()  # fmt: skip
# Macros that no formula may begin or end, whatever the text does with them.
_FORBIDDEN = frozenset(
    ("begin", "end", "left", "right", "tag", "label", "def", "newcommand", "item")
)
_PIECE = re.compile(
    r"\\frac\s*@\s*@|\\(?:sqrt|operatorname|mathrm|mathcal|mathbf|hat|bar|tilde|vec|dot)\s*@"
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


Macros = frozenset[tuple[str, int]]
_GROUPS = re.compile(r"\\([A-Za-z]+)((?:\s*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)")


def macros_in(text: str) -> Macros:
    """The macros that a text uses, each with how many groups follow it there."""
    found = set()
    for use in _GROUPS.finditer(text):
        depth = count = 0
        for sign in use[2]:
            count += sign == "{" and depth == 0
            depth += (sign == "{") - (sign == "}")
        found.add((use[1], count))
    return frozenset(found)


def is_safe(latex: str, macros: Macros = frozenset()) -> bool:
    """Whether LaTeX can set it between dollars: known macros with their arguments, balanced.

    `macros` are those that the text itself uses, with as many groups.
    """
    if "@" in latex:
        return False
    rest = latex.replace("\\{", "\\lbrace ").replace("\\}", "\\rbrace ")
    while group := _GROUP.search(rest):
        if not _is_flat(group[1], macros):
            return False
        rest = f"{rest[: group.start()]}@{rest[group.end() :]}"
    return _is_flat(rest, macros)


def _is_flat(latex: str, macros: Macros) -> bool:
    """The same for a text whose groups are @ already: fences in pairs, one script of a kind each."""
    at = open_fences = 0
    scripts: set[str] = set()
    while piece := _PIECE.match(latex, at):
        at = piece.end()
        name = piece["letter"] or piece["plain"]
        if name is not None and name not in _PLAIN and piece["plain"]:
            groups = re.compile(r"(?:\s*@)*").match(latex, at)
            count = groups.group().count("@") if groups else 0
            if (name, count) in macros and name not in _FORBIDDEN:
                at = groups.end() if groups else at
                scripts.clear()
                continue
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
    if re.search(r"[\\_^]|^(?:\w+ ?)?-[\d.]+$", formula) and is_safe(formula):
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
