"""The reader's own page, typeset, with the verdicts beside its formulas: what the HTML report shows.

Only the page's own text and formulas stand on it; what cannot be typeset stands there as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from derive.layout import fitted
from derive.notation.latex import width
from derive.report.excerpt import visible
from derive.report.facts import Finding, finding, is_shown, sides_of
from derive.text.macros import collect
from derive.text.page import Break, Chain, Formula, Heading, Item, Member, Prose
from derive.text.read import read
from derive.verify.verdicts import Kind, Report

if TYPE_CHECKING:
    from math_core import LatexToMathML

SIGNS: Mapping[Kind, str] = {
    "proved": "✓",
    "refuted": "✗",
    "carried": "✗",
    "ambiguous": "≈",
    "tested": "~",
    "unread": "?",
    "definition": ":=",
}
PAGE = 42.0  # em of a formula on the sheet
MARGIN = 17.0  # em of a formula in the margin
LONGEST = 4_000
# What packages and pages use and the converter does not know.
USUAL = {
    "mbox": "\\text{#1}",
    "hbox": "\\text{#1}",
    "pmb": "\\boldsymbol{#1}",
    "bm": "\\boldsymbol{#1}",
    "norm": "\\lVert #1\\rVert",
    "abs": "\\lvert #1\\rvert",
}
_LAYOUT = re.compile(
    r"(?<!\\)%[^\n]*|\\(?:label|tag\*?|vspace\*?|hspace\*?)\s*\{[^{}]*\}"
    r"|\\(?:nonumber|notag|displaystyle|allowbreak|hfill|noindent)(?![a-zA-Z])"
    r"|\\\\\*?(?:\[[^\]]*\])?|(?<!\\)&|\\(?:begin|end)\s*\{(?:split|aligned|align\*?|gathered)\}"
)
_WHOLE = re.compile(r"\\begin\s*\{(?!split|aligned|align|gathered)")
_SIDE = re.compile(r"\\(?:left|right)(?![a-zA-Z])\.?")
_BRACE = re.compile(r"\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)
_MACRO_BEFORE = re.compile(r"\\(?:boxed|fbox|framebox|color|mathbox|underbrace|overbrace)\s*\Z")
_WORDS = re.compile(r"\\(text|mbox|hbox|textrm|textit)\{([^{}]*\$[^{}]*\$[^{}]*)\}")
_STRUCTURE = re.compile(r"\\.|[{}()\[\]+-]", re.DOTALL)


@dataclass(slots=True)
class Block:
    """A heading, a paragraph, a display or an item of a list, as HTML, and what stands in its margin."""

    kind: str
    body: str
    level: int = 2
    notes: list[Finding] = field(default_factory=list)
    kinds: dict[Kind, None] = field(default_factory=dict)


class Sheet:
    """Makes the blocks of one report; whatever is wrong in a formula costs that formula alone."""

    def __init__(self, report: Report) -> None:
        self.report = report
        path = f"{report.path}.md" if report.path.lower().endswith(".ipynb") else report.path
        self.page = read(path, report.text, None)
        self.findings = [finding(report, judged, 80) for judged in report.formulas]
        self.placed: set[str] = set()

    @cached_property
    def converter(self) -> LatexToMathML:
        """LaTeX to MathML, with the page's own macros where they are plain."""
        from math_core import LatexToMathML

        macros = {
            name.removeprefix("\\"): body for name, body in collect(self.report.text).raw.items()
        }
        known = {name: body for name, body in macros.items() if name.isalpha()}
        for given in ({**USUAL, **known}, USUAL):
            with suppress(
                Exception
            ):  # a macro that is none for the converter: the page without macros
                return LatexToMathML(macros=given, ignore_unknown_commands=True)
        return LatexToMathML(ignore_unknown_commands=True)

    def mathml(self, latex: str, display: bool = False) -> str:
        """A formula; as it is written where it cannot be typeset."""
        plain = tidied(latex)
        if not plain:
            return ""
        try:
            made: str = self.converter.convert_with_local_state(
                f"\\displaystyle {plain}" if display else plain, displaystyle=False
            )
            return made
        except Exception:  # the converter's own errors are of several kinds
            return f"<code>{escape(visible(' '.join(latex.split())))}</code>"

    # -- blocks -------------------------------------------------------------------------------------

    def blocks(self) -> list[Block]:
        """All of the page in order; formulas that stand nowhere on it come last."""
        found: list[Block] = []
        here = Block("para", "")
        for item in self.page.items:
            made = self._standing(item)
            if made is None:
                self._flow(here, item)
                continue
            if here.body.strip():
                found.append(here)
            here = Block("item" if isinstance(item, Break) and item.kind == "item" else "para", "")
            if made.body:
                found.append(made)
        if here.body.strip():
            found.append(here)
        return [*_levelled(found), *self._left_over()]

    def _standing(self, item: Item) -> Block | None:
        """What stands by itself; None for what runs on in its paragraph. A break is an empty block."""
        match item:
            case Heading():
                return Block("heading", escape(visible(item.text)), min(item.level + 1, 6))
            case Break():
                return Block("break", "")
            case Formula(display=True, directive=False):
                return self._display(item)
            case _:
                return None

    def _flow(self, block: Block, item: Item) -> None:
        if isinstance(item, Prose):
            text = self.report.text
            before = " " if text[item.start : item.start + 1].isspace() else ""
            after = " " if text[item.end - 1 : item.end].isspace() else ""
            block.body += f"{before}{escape(visible(item.text))}{after}"
        elif isinstance(item, Formula) and not item.directive:
            glue = " " if self.report.text[item.start - 2 : item.start - 1].isspace() else ""
            block.body += glue + self._inline(block, item)

    def _inline(self, block: Block, formula: Formula) -> str:
        """A formula in a line of words, its signs behind it."""
        whole = self.mathml(self.report.text[formula.start : formula.end].strip("$ \n"))
        found = self._within(formula.start, formula.end)
        self._note(block, found)
        signs = "".join(self.sign(f) for f in found)
        worst = next((f.kind for f in found if is_shown(f.judged)), "")
        return f'<span class="f {worst}">{whole}{signs}</span>' if found else whole

    def sign(self, f: Finding) -> str:
        """The mark of a verdict; nothing for what claims nothing."""
        if f.kind in ("remark", "definition") or f.kind not in SIGNS:
            return ""
        label = f"{f.kind}{', for ' + f.scope if f.scope else ''}"
        return (
            f'<span class="sign {f.kind}" role="img" aria-label="{escape(label)}" '
            f'title="{escape(label)}">{SIGNS[f.kind]}</span>'
        )

    def _display(self, formula: Formula) -> Block:
        block = Block("display", "")
        rows: list[str] = []
        for chain in formula.chains:
            rows += self._chain(block, chain)
        if not rows:
            found = self._within(formula.start, formula.end)
            self._note(block, found)
            rows = [
                _row("", "", self.mathml(self.report.text[formula.start : formula.end], True), "")
            ]
        self._note(block, self._within(formula.start, formula.end))
        block.body = (
            f'<div class="scroll" tabindex="0"><table class="rows">{"".join(rows)}</table></div>'
        )
        return block

    def _chain(self, block: Block, chain: Chain) -> Iterator[str]:
        first, *rest = chain.members or (None,)
        if first is None:
            return
        condition = self._condition(chain)
        if not rest:
            found = self._within(first.start, first.end)
            self._note(block, found)
            relation = self.mathml(first.relation) if first.relation else ""
            made = self.mathml(self._latex(first), True) + condition
            yield _row("", relation, made, "".join(map(self.sign, found)), not relation)
            return
        head = self.mathml(self._latex(first), True)
        if first.relation:  # the display goes on with what stands before it
            found = self._within(first.start, first.end)
            self._note(block, found)
            yield _row("", self.mathml(first.relation), head, "".join(map(self.sign, found)))
            head = ""
        for i, member in enumerate(rest):
            found = self._within(member.start, member.end)
            self._note(block, found)
            room = PAGE - (width(self._latex(first)) if head and not i else 0)
            pieces = pieces_of(tidied(self._latex(member)), room)
            for j, piece in enumerate(pieces):
                last = j == len(pieces) - 1
                yield _row(
                    "" if i or j else head,
                    "" if j else self.mathml(member.relation or "="),
                    self.mathml(piece, True) + (condition if last and i == len(rest) - 1 else ""),
                    "".join(map(self.sign, found)) if last else "",
                )

    def _latex(self, member: Member) -> str:
        return self.report.text[member.start : member.end]

    def _condition(self, chain: Chain) -> str:
        """What stands behind a chain: t < T."""
        parts = []
        for row in chain.conditions:
            if row:
                start, end = min(n.start for n in row), max(n.end for n in row)
                parts.append(self.mathml(self.report.text[start:end]))
        return f'<span class="condition">{", ".join(parts)}</span>' if parts else ""

    # -- verdicts -----------------------------------------------------------------------------------

    def _within(self, start: int, end: int) -> list[Finding]:
        """The verdicts on what begins between two offsets, each once."""
        return [
            f
            for f in self.findings
            if start <= f.judged.start < end and f.judged.id not in self.placed
        ]

    def _note(self, block: Block, found: list[Finding]) -> None:
        for f in found:
            self.placed.add(f.judged.id)
            block.kinds[f.kind] = None
            if is_shown(f.judged) or f.kind == "proved":
                block.notes.append(f)

    def _left_over(self) -> Iterator[Block]:
        """What was judged and stands nowhere on the sheet: in a heading's formula, in a comment."""
        for f in self.findings:
            if f.judged.id not in self.placed and is_shown(f.judged):
                block = Block("display", "")
                self._note(block, [f])
                made = self.mathml(f.judged.latex, True)
                block.body = f'<div class="scroll" tabindex="0">{made}</div>'
                yield block

    def suggestion(self, f: Finding) -> str:
        """The suggested line, broken to the width of the margin, its equals signs first."""
        if width(tidied(f.suggestion)) <= MARGIN:
            return self.mathml(f.suggestion, True)
        sides = sides_of(f.suggestion)
        rows = [self.mathml(sides[0], True)]
        for side in sides[1:]:
            pieces = pieces_of(tidied(side), MARGIN)
            rows += [self.mathml(f"= {pieces[0]}", True)]
            rows += [self.mathml(f"\\quad {piece}", True) for piece in pieces[1:]]
        return "<br>".join(rows)


def _levelled(blocks: list[Block]) -> list[Block]:
    """Headings from the third level on, none more than one below that before it."""
    above: list[int] = []
    for block in blocks:
        if block.kind == "heading":
            above = [level for level in above if level < block.level] + [block.level]
            block.level = min(len(above) + 2, 6)
    return blocks


def _row(left: str, relation: str, right: str, signs: str, wide: bool = False) -> str:
    if wide:
        return f'<tr><td colspan="3" class="w">{right}</td><td class="s">{signs}</td></tr>'
    return (
        f'<tr><td class="l">{left}</td><td>{relation}</td><td class="m">{right}</td>'
        f'<td class="s">{signs}</td></tr>'
    )


def tidied(latex: str) -> str:
    """A member without what only lays out its page: alignment, labels, ends of rows, halves of fences."""
    plain = latex if _WHOLE.search(latex) else _LAYOUT.sub(" ", latex)
    if len(plain) > LONGEST:
        return plain
    if plain.count("\\left") != plain.count("\\right"):
        plain = _SIDE.sub("", plain)
    plain = _WORDS.sub(_words_and_formulas, _balanced(plain))
    return " ".join(plain.split()).strip(" ,;$")


def _balanced(latex: str) -> str:
    """Without braces that a member does not close itself, nor the macros that they belong to."""
    opened: list[int] = []
    dropped: list[tuple[int, int]] = []
    for found in _BRACE.finditer(latex):
        if found["open"]:
            opened.append(found.start())
        elif found["close"]:
            if opened:
                opened.pop()
            else:
                dropped.append((found.start(), found.end()))
    for at in opened:
        macro = _MACRO_BEFORE.search(latex, 0, at)
        dropped.append((macro.start() if macro else at, at + 1))
    for start, end in sorted(dropped, reverse=True):
        latex = f"{latex[:start]} {latex[end:]}"
    return latex


def _words_and_formulas(found: re.Match[str]) -> str:
    """\\text{if $x$ is} as \\text{if }x\\text{ is}: the converter takes no formulas in words."""
    parts = found[2].split("$")
    return "".join(
        part if i % 2 else f"\\{found[1]}{{{part}}}" for i, part in enumerate(parts) if part
    )


def pieces_of(latex: str, room: float) -> list[str]:
    """A long formula in pieces, broken before a + or − outside all brackets."""
    room = max(room, 16.0)
    if len(latex) > LONGEST or width(latex) <= room:
        return [latex]
    terms, depth, at = [], 0, 0
    for found in _STRUCTURE.finditer(latex):
        sign = found.group()
        if sign in ("{", "(", "["):
            depth += 1
        elif sign in ("}", ")", "]"):
            depth -= 1
        elif sign in ("+", "-") and depth == 0 and latex[at : found.start()].strip():
            terms.append(latex[at : found.start()].strip())
            at = found.start()
    terms.append(latex[at:].strip())
    fits = all(term.count("\\left") == term.count("\\right") for term in terms)
    rows = fitted(terms, room) if fits and len(terms) > 1 else [latex]
    return [row for row in rows if row]


def for_template(report: Report) -> dict[str, Any]:
    """A report as the template takes it."""
    sheet = Sheet(report)
    return {"sheet": sheet, "blocks": sheet.blocks()}
