"""How a numbered line of a derivation is set: broken to the width of a page, a cell or a terminal.

Only layout: formulas come from the printers, words from the templates.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape as html_escape
from itertools import chain
from typing import TYPE_CHECKING

from derive.algebra.expression import Equation, Expr, Sum
from derive.notation.latex import latex, latex_signed, latex_terms, width
from derive.notation.unicode import text, text_signed, text_terms
from derive.streams import Streams
from derive.widths import cells

if TYPE_CHECKING:
    from math_core import LatexToMathML

MOST_TERMS = 12
SHOWN_TERMS = 3
OPENING, CLOSING = ("{", "(", "[", "\\lVert"), ("}", ")", "]", "\\rVert")
JOINTS = ("+", "-", "\\cdot", "\\odot", "")

TEX_CHARACTERS = {
    "&": "\\&", "%": "\\%", "#": "\\#", "_": "\\_", "{": "\\{", "}": "\\}", "~": "\\~{}",
    "\\": "\\textbackslash{}", "^": "\\^{}", "$": "\\$", "⋯": "$\\cdots$", "∈": "$\\in$", "…": "\\dots{}",
    "≥": "$\\ge$", "≤": "$\\le$", "θ": "$\\theta$", "²": "$^2$", "·": "$\\cdot$", "ℓ": "$\\ell$",
    "∂": "$\\partial$", "Σ": "$\\sum$", "₀": "$_0$",
}  # fmt: skip

Segment = str | Expr | Equation


@dataclass(frozen=True, slots=True)
class Row:
    """One line after an equals sign, and why: words and formulas in turn."""

    right: Expr
    reason: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A numbered equation with its rows; `title` says what it is about."""

    number: int
    left: Expr
    rows: tuple[Row, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines that are left out; `count` says how many."""

    count: int


Printed = Callable[[Expr], tuple[str, ...]]


def elided(expr: Expr, printed: Printed, full: bool, dots: str) -> list[str]:
    """The printed terms: first, second, ⋯, last of a long sum; every term with `full`."""
    if full or not isinstance(expr, Sum) or len(expr.terms) <= MOST_TERMS:
        return list(printed(expr))
    *first, last = printed(Sum((*expr.terms[:SHOWN_TERMS], expr.terms[-1])))
    return [*first, f"+ {dots}", last]


class Format(ABC):
    """One output format: inline formulas, escaped words, and numbered lines."""

    name: str
    suffix: str
    streamed = False  # whether `long` can write a formula as it is made
    standalone = True  # whether it makes a whole page

    def __init__(self, full: bool = False, columns: int = 80) -> None:
        self.full = full
        self.columns = columns
        self.streams: Streams | None = None  # where a long document is written as it is made

    def long(self, left: Iterable[Expr], right: Iterable[Expr]) -> Iterator[str]:
        """`display` of an equation of two long sums, piece by piece, where the format is `streamed`."""
        raise NotImplementedError

    @abstractmethod
    def math(self, node: Expr | Equation) -> str:
        """A formula within a sentence."""

    @abstractmethod
    def words(self, sentence: str) -> str:
        """Plain words, escaped."""

    @abstractmethod
    def line(self, line: Line | Gap) -> str:
        """A numbered line with its rows."""

    @abstractmethod
    def display(self, nodes: Sequence[Expr | Equation]) -> str:
        """Formulas on lines of their own, without numbers."""

    @abstractmethod
    def table(self, rows: Sequence[Sequence[str]]) -> str:
        """A table of cells that are set already, the first row being its head."""

    def source(self, nodes: Sequence[Expr | Equation]) -> str:
        """Formulas to be copied: as LaTeX where `display` would show another notation."""
        return self.display(nodes)

    def rows(self, groups: Sequence[Sequence[Expr | Equation]]) -> str:
        """Groups of formulas; where formulas stand side by side, each group begins a row."""
        return self.display([node for group in groups for node in group])

    def sentence(self, segments: Sequence[Segment]) -> str:
        return "".join(self.words(s) if isinstance(s, str) else self.math(s) for s in segments)

    def cited(self, number: str) -> str:
        """The number of a line, (58) in the words of a reason: a link to it, where the format has links."""
        return f"({number})"

    def citing(self, reason: Sequence[Segment]) -> str:
        """A reason, the numbers in whose words lead to their lines."""
        return "".join(
            re.sub(r"\((\d+)\)", lambda n: self.cited(n[1]), self.words(s))
            if isinstance(s, str)
            else self.math(s)
            for s in reason
        )


def broken(terms: Iterable[str], width_of: Callable[[str], float], room: float) -> Iterator[str]:
    """Terms filled into rows no wider than `room`; a term that is wider has a row of its own."""
    row: list[str] = []
    used = 0.0
    for term in terms:
        size = width_of(term)
        if row and used + size > room:
            yield " ".join(row)
            row, used = [], 0.0
        row.append(term)
        used += size
    if row:
        yield " ".join(row)


def fitted(terms: Iterable[str], room: float) -> list[str]:
    """LaTeX terms filled into rows no wider than `room`; a wider term is broken between its factors."""
    return list(_fitted(terms, room))


def _fitted(terms: Iterable[str], room: float) -> Iterator[str]:
    pieces = (piece for term in terms for piece in _between_tex_factors(term, room))
    return broken(pieces, width, room)


def _between_tex_factors(term: str, room: float) -> list[str]:
    """A term in pieces no wider than `room`, each but the first one indented; braces stay whole."""
    if width(term) <= room:
        return [term]
    factors = list(_tex_factors(term))
    rows = broken(factors, width, room - 2)
    return [f"\\qquad {row}" if i else row for i, row in enumerate(rows)]


def _tex_factors(term: str) -> Iterator[str]:
    """The parts of a term between spaces outside all brackets; a sign or a Σ stays with what follows."""
    depth, held = 0, ""
    for word in term.split(" "):
        held = f"{held} {word}" if held else word
        depth += sum(map(word.count, OPENING)) - sum(map(word.count, CLOSING))
        binds = word.startswith(("\\sum", "\\prod", "\\nabla")) or word in JOINTS
        if depth == 0 and not binds:
            yield held
            held = ""
    if held:
        yield held


class Tex(Format):
    """LaTeX: rows for `align`; headings are \\intertext in a fragment, sections in a document."""

    name, suffix = "latex", ".tex"
    streamed = True
    page = 39.0

    def math(self, node: Expr | Equation) -> str:
        return f"${latex(node)}$"

    def words(self, sentence: str) -> str:
        return "".join(TEX_CHARACTERS.get(c, c) for c in sentence)

    def tag(self, number: int) -> str:
        """The number of a line, to which `cited` leads."""
        return f"\\thisline{{{number}}}"

    def cited(self, number: str) -> str:
        return f"\\seeline{{{number}}}"

    def reason(self, segments: Sequence[Segment]) -> str:
        return f"\\text{{\\footnotesize {self.citing(segments)}}}"

    def line(self, line: Line | Gap) -> str:
        if isinstance(line, Gap):
            return f"&\\ \\vdots \\quad \\text{{\\footnotesize ({line.count} more lines)}} \\notag"
        left = latex(line.left)
        wide = width(left) > 7
        rows = self._broken_left(line.left) if wide else []
        first = "" if wide else left
        for row in line.rows:
            rows += self._row(first, row, self.page - (0 if wide else 7))
            first = ""
        body = [f"{row} \\notag" for row in rows]
        body[0] = f"{rows[0]} \\tag{{{self.tag(line.number)}}}"
        return " \\\\\n".join(body)

    def _broken_left(self, left: Expr) -> list[str]:
        terms = elided(left, latex_terms, self.full, "\\cdots")
        pieces = fitted(terms, self.page)
        return [f"& {piece}" if not i else f"&\\quad {piece}" for i, piece in enumerate(pieces)]

    def _row(self, first: str, row: Row, room: float) -> list[str]:
        terms = elided(row.right, latex_terms, self.full, "\\cdots")
        pieces = fitted(terms, room)
        rows = [f"{first} &= {pieces[0]}", *(f"&\\quad {piece}" for piece in pieces[1:])]
        if row.reason:
            size = 0.42 * sum(
                len(s) if isinstance(s, str) else width(latex(s)) * 2 for s in row.reason
            )
            if width(pieces[-1]) + size + 2 <= room:
                rows[-1] += f" \\quad {self.reason(row.reason)}"
            else:
                rows.append(f"&\\qquad {self.reason(row.reason)}")
        return rows

    def display(self, nodes: Sequence[Expr | Equation]) -> str:
        rows = _aligned_rows(nodes, self.full, self.page)
        return " \\\\\n".join(f"{row} \\notag" for row in rows)

    def long(self, left: Iterable[Expr], right: Iterable[Expr]) -> Iterator[str]:
        return _long_rows(left, right, self.page, " \\notag")

    def table(self, rows: Sequence[Sequence[str]]) -> str:
        columns = "l" + "r" * (len(rows[0]) - 1)
        body = " \\\\\n".join(" & ".join(row) for row in rows).replace("\n", " \\hline\n", 1)
        return f"\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}"


class Fragment(Tex):
    """Rows that stand inside somebody else's `align`."""

    standalone = False

    def tag(self, number: int) -> str:
        return str(number)

    def cited(self, number: str) -> str:
        return f"({number})"


def _aligned_rows(nodes: Sequence[Expr | Equation], full: bool, page: float) -> list[str]:
    """Formulas as rows aligned at their equals signs, broken where they are too wide."""
    rows: list[str] = []
    for node in nodes:
        left = elided_left(node, full)
        right = node.right if isinstance(node, Equation) else node
        sign = "= " if left else ""
        if width(left) > 8:
            rows.append(f"& {left}")
            left = ""
        terms = elided(right, latex_terms, full, "\\cdots")
        pieces = fitted(terms, page - 8)
        rows.append(f"{left} &{sign}{pieces[0]}")
        rows += [f"&\\quad {piece}" for piece in pieces[1:]]
    return rows


def elided_left(node: Expr | Equation, full: bool) -> str:
    """What stands before the equals sign, a long sum elided; nothing for a formula alone."""
    if not isinstance(node, Equation):
        return ""
    return " ".join(elided(node.left, latex_terms, full, "\\cdots"))


class Markdown(Format):
    """Markdown with the dollars of GitHub and Jupyter."""

    name, suffix = "md", ".md"
    streamed = True
    page = 46.0

    def math(self, node: Expr | Equation) -> str:
        return f"${latex(node)}$"

    def words(self, sentence: str) -> str:
        return sentence.replace("*", "\\*")

    def line(self, line: Line | Gap) -> str:
        if isinstance(line, Gap):
            return f"*⋯ {line.count} more lines ⋯*\n"
        left = latex(line.left)
        wide = width(left) > 8
        rows = [f"& {left}"] if wide else []
        first = "" if wide else left
        for row in line.rows:
            terms = elided(row.right, latex_terms, self.full, "\\cdots")
            pieces = fitted(terms, self.page - (0 if wide else 8))
            rows.append(f"{first} &= {pieces[0]}")
            rows += [f"&\\quad {piece}" for piece in pieces[1:]]
            first = ""
        body = " \\\\\n".join(rows)
        reasons = "; ".join(self.sentence(r.reason) for r in line.rows if r.reason)
        return f"**({line.number})** {reasons}\n\n$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$\n"

    def display(self, nodes: Sequence[Expr | Equation]) -> str:
        rows = " \\\\\n".join(_aligned_rows(nodes, self.full, self.page))
        return f"$$\n\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n$$\n"

    def long(self, left: Iterable[Expr], right: Iterable[Expr]) -> Iterator[str]:
        yield "$$\n\\begin{aligned}\n"
        yield from _long_rows(left, right, self.page)
        yield "\n\\end{aligned}\n$$"

    def table(self, rows: Sequence[Sequence[str]]) -> str:
        head, *body = (f"| {' | '.join(row)} |" for row in rows)
        rule = f"|---|{'---:|' * (len(rows[0]) - 1)}"
        return "\n".join((head, rule, *body)) + "\n"


class Text(Format):
    """Unicode for a terminal of `columns` columns, with rich's markup for weight and colour."""

    name, suffix = "text", ".txt"
    streamed = True

    def math(self, node: Expr | Equation) -> str:
        return self.words(text(node))

    def words(self, sentence: str) -> str:
        return sentence.replace("[", "\\[")

    def line(self, line: Line | Gap) -> str:
        if isinstance(line, Gap):
            return f"         ⋮  [dim]({line.count} more lines)[/dim]"
        label = f"  ({line.number}) ".ljust(7)
        left = text(line.left)
        wide = cells(left) > self.columns // 4
        indent = 9 if wide else cells(label) + cells(left)
        rows = self._filled(line.left, label, " " * 9) if wide else []
        for i, row in enumerate(line.rows):
            rows += self._row(label + left if not wide and not i else " " * indent, row)
        return "\n".join(rows)

    def _filled(self, expr: Expr, head: str, indent: str) -> list[str]:
        return list(self._rows_of(elided(expr, text_terms, self.full, "⋯"), head, indent))

    def _rows_of(self, terms: Iterable[str], head: str, indent: str) -> Iterator[str]:
        room = self.columns - max(cells(indent), cells(head))
        pieces = broken(terms, lambda term: cells(term) + 1.0, room)
        lines = (r for piece in pieces for r in _between_factors(piece, room))
        return (self.words((indent if i else head) + line) for i, line in enumerate(lines))

    def long(self, left: Iterable[Expr], right: Iterable[Expr]) -> Iterator[str]:
        rows = chain(
            self._rows_of(text_signed(left), "  ", "      "),
            self._rows_of(text_signed(right), "    = ", "      "),
        )
        return joined(rows, "\n")

    def _row(self, head: str, row: Row) -> list[str]:
        indent = " " * (cells(head) + 3)
        rows = self._filled(row.right, f"{head} = ", indent)
        reason = self.sentence(row.reason)
        if not reason:
            return rows
        size, used = cells(_plain(reason)), cells(_plain(rows[-1]))
        if used + 3 + size <= self.columns:
            gap = " " * (self.columns - used - size)
            rows[-1] += f"{gap}[dim]{reason}[/dim]"
        else:
            rows += [f"[dim]{r}[/dim]" for r in self._wrapped(reason, len(indent))]
        return rows

    def _wrapped(self, reason: str, indent: int) -> list[str]:
        from textwrap import wrap

        room = max(24, self.columns - min(indent, self.columns - 30))
        return [r.rjust(self.columns + len(r) - cells(_plain(r))) for r in wrap(reason, room)]

    def display(self, nodes: Sequence[Expr | Equation]) -> str:
        """Formulas side by side as far as they fit, three spaces apart."""
        rows: list[str] = []
        used = float(self.columns)
        for node in nodes:
            piece = self.math(node)
            size = cells(_plain(piece)) + 3.0
            if used + size <= self.columns + 1:
                rows[-1] += f"   {piece}"
                used += size
            elif size + 2 > self.columns and isinstance(node, Equation):
                rows += self._equation(node)
                used = self.columns
            else:
                rows.append(f"  {piece}")
                used = size + 2
        return "\n".join(rows)

    def source(self, nodes: Sequence[Expr | Equation]) -> str:
        """LaTeX, a formula a line, never broken."""
        return "\n".join(f"  {self.words(latex(node))}" for node in nodes)

    def _equation(self, node: Equation) -> list[str]:
        """An equation on several rows; a long left side has rows of its own."""
        head = f"  {text(node.left)} = "
        if cells(head) <= self.columns // 4:
            return self._filled(node.right, head, " " * cells(head))
        left = self._filled(node.left, "  ", "      ")
        return left + self._filled(node.right, "    = ", "      ")

    def table(self, rows: Sequence[Sequence[str]]) -> str:
        """Columns three spaces apart, the first one flush left, numbers flush right."""
        sizes = [max(cells(_plain(row[i])) for row in rows) for i in range(len(rows[0]))]
        lines = []
        for row in rows:
            gaps = [" " * (n - cells(_plain(cell))) for n, cell in zip(sizes, row, strict=True)]
            rest = (gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True))
            lines.append("   ".join(("  " + row[0] + gaps[0], *rest)).rstrip())
        lines[0] = f"[bold]{lines[0]}[/bold]"
        return "\n".join(lines)

    def rows(self, groups: Sequence[Sequence[Expr | Equation]]) -> str:
        """Each group on rows of its own."""
        return "\n".join(self.display(group) for group in groups)


def _plain(markup: str) -> str:
    return markup.replace("\\[", "[")


def _long_rows(
    left: Iterable[Expr], right: Iterable[Expr], page: float, after: str = ""
) -> Iterator[str]:
    """As `_aligned_rows`, of an equation whose sides are too wide for one row, piece by piece."""
    yield "& "
    yield from joined(latex_signed(left), " ")
    for i, piece in enumerate(_fitted(latex_signed(right), page - 8)):
        yield f"{after} \\\\\n" + (f"&\\quad {piece}" if i else f" &= {piece}")
    yield after


def joined(parts: Iterable[str], between: str) -> Iterator[str]:
    """The parts with `between` between them, as they come."""
    for i, part in enumerate(parts):
        yield between + part if i else part


class Html(Format):
    """A page with MathML, which browsers show without any script."""

    name, suffix = "html", ".html"
    streamed = True
    page = 46.0  # what stands beside its number and its reason in a window, and on paper
    narrow = 8.0  # a left side that is wider has rows of its own

    def math(self, node: Expr | Equation) -> str:
        return _mathml(latex(node))

    def words(self, sentence: str) -> str:
        return html_escape(sentence, quote=False)

    def cited(self, number: str) -> str:
        return f'<a href="#l{number}">({number})</a>'

    def display(self, nodes: Sequence[Expr | Equation]) -> str:
        """One table, so that the equals signs stand below each other; long sums are broken."""
        rows = [row for node in nodes for row in self._formula(node)]
        return f'<div class="scroll" tabindex="0"><table class="formulas">{"".join(rows)}</table></div>'

    def long(self, left: Iterable[Expr], right: Iterable[Expr]) -> Iterator[str]:
        yield '<div class="scroll" tabindex="0"><table class="formulas">'
        yield from self._alone(_fitted(latex_signed(left), self.page))
        yield from self._equal("", _fitted(latex_signed(right), self.page))
        yield "</table></div>"

    def _formula(self, node: Expr | Equation) -> Iterator[str]:
        if not isinstance(node, Equation):
            yield from self._alone(self._pieces(node))
            return
        heads, left, room = self._left(node.left)
        for head in heads:
            yield f'<tr><td colspan="3">{head}</td></tr>'
        yield from self._equal(left, self._pieces(node.right, room))

    def _alone(self, pieces: Iterable[str]) -> Iterator[str]:
        """A formula without an equals sign, or a left side that is too wide for its column."""
        for piece in pieces:
            yield f'<tr><td colspan="3">{_mathml(piece, True)}</td></tr>'

    def _equal(self, left: str, pieces: Iterable[str]) -> Iterator[str]:
        """What stands behind the equals sign, row by row."""
        for i, piece in enumerate(pieces):
            yield (
                f"<tr><td class=l>{'' if i else left}</td><td>{'' if i else '='}</td>"
                f"<td>{_mathml(piece, True)}</td></tr>"
            )

    def _pieces(self, side: Expr, room: float | None = None) -> list[str]:
        return fitted(elided(side, latex_terms, self.full, "\\cdots"), room or self.page)

    def _left(self, left: Expr) -> tuple[list[str], str, float]:
        """The rows of a left side that is wide, else the left side; and the room for the right one."""
        pieces = self._pieces(left)
        size = width(" ".join(pieces))
        if size > self.narrow:
            return [_mathml(piece, True) for piece in pieces], "", self.page
        return [], _mathml(" ".join(pieces), True), self.page - size

    def line(self, line: Line | Gap) -> str:
        if isinstance(line, Gap):
            return f'<p class="gap">⋮ ({line.count} more lines)</p>'
        heads, left, room = self._left(line.left)
        label = f'<span id="l{line.number}">({line.number})</span>'
        rows = []
        for i, head in enumerate(heads):
            number = label if not i else ""
            rows.append(f'<tr><td class=n>{number}</td><td colspan="4">{head}</td></tr>')
        for i, row in enumerate(line.rows):
            pieces = self._pieces(row.right, room)
            for j, piece in enumerate(pieces):
                reason = self.citing(row.reason) if j == len(pieces) - 1 else ""
                first = not i and not j
                rows.append(
                    f"<tr><td class=n>{label if first and not heads else ''}</td>"
                    f"<td class=l>{left if first else ''}</td>"
                    f"<td>{'' if j else '='}</td><td>{_mathml(piece, True)}</td>"
                    f"<td class=r>{reason}</td></tr>"
                )
        return f"<table>{''.join(rows)}</table>"

    def table(self, rows: Sequence[Sequence[str]]) -> str:
        head, *body = rows
        lines = ["<tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"]
        for first, *rest in body:
            cells = "".join(f'<td class="l">{cell}</td>' for cell in rest)
            lines.append(f"<tr><td>{first}</td>{cells}</tr>")
        return "<table>\n" + "\n".join(lines) + "\n</table>"


def _mathml(formula: str, display: bool = False) -> str:
    """MathML Core; with `display` sums have their bounds above and below."""
    converted: str = _converter().convert_with_local_state(
        f"\\displaystyle {formula}" if display else formula, displaystyle=False
    )
    return converted


@cache
def _converter() -> LatexToMathML:
    from math_core import LatexToMathML

    return LatexToMathML()


FORMATS: dict[str, type[Format]] = {
    "latex": Tex,
    "md": Markdown,
    "text": Text,
    "html": Html,
}


def _between_factors(piece: str, room: int) -> list[str]:
    """A term that is wider than the room by itself, broken before a + in it, else between factors."""
    rows = [""]
    for term in re.split(r" (?=[+−] )", piece):
        fits = cells(term) + 4 <= room
        for part in [term] if fits else term.split(" "):
            if rows[-1].strip() and cells(rows[-1]) + 1 + cells(part) > room:
                rows.append("    " + part)
            else:
                rows[-1] = f"{rows[-1]} {part}" if rows[-1] else part
    return rows
