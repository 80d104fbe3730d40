"""Documents for Typst, which makes a PDF where no TeX is: formulas are translated from our own LaTeX.

Only what the LaTeX printer writes is translated; an unknown macro stands there by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from derive.algebra.expression import Equation, Expr
from derive.layout import Format, Gap, Line, Segment, elided, elided_left, fitted
from derive.notation.latex import latex, latex_terms, width
from derive.notation.unicode import LETTERS

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|.", re.DOTALL)
SIGNS = {
    "partial": "∂", "nabla": "∇", "sum": "∑", "prod": "∏", "cdot": "⋅", "cdots": "⋯", "vdots": "⋮",
    "ldots": "…", "dots": "…", "odot": "⊙", "top": "⊤", "times": "×", "in": "∈", "ge": "≥", "le": "≤",
    "geq": "≥", "leq": "≤", "neq": "≠", "ne": "≠", "infty": "∞", "lVert": "‖", "rVert": "‖", "lvert": "|",
    "rvert": "|", "to": "→", "mid": "|", "prime": "′", "quad": "quad", "qquad": "wide", "pm": "±",
    "displaystyle": "", "right": "", "limits": "", "middle": "", "circ": "∘", "approx": "≈",
}  # fmt: skip
WORDS = ("operatorname", "text", "mathrm", "textrm", "mbox")
STYLES = {
    "mathbb": "bb", "mathbf": "bold", "mathcal": "cal", "boldsymbol": "bold", "hat": "hat", "bar": "macron",
    "tilde": "tilde", "vec": "arrow", "dot": "dot", "ddot": "dot.double", "widehat": "hat", "sqrt": "sqrt",
    "overline": "overline", "underline": "underline", "boxed": "", "mathsf": "sans", "mathit": "italic",
}  # fmt: skip
FUNCTIONS = {
    "tanh",
    "sinh",
    "cosh",
    "exp",
    "log",
    "ln",
    "sin",
    "cos",
    "tan",
    "max",
    "min",
    "det",
    "arctan",
}
SPACES = {"\\ ": "space", "\\,": "thin", "\\;": "thick", "\\:": "med", "\\!": "", "\\|": "‖"}
SPECIAL = set("#$_^&\\/\"'`*~<>@")
PAGE = 39.0
MOST_KEPT = 8  # rows of an equation that are kept on one page


def math(written: str) -> str:
    """A formula of the LaTeX printer as Typst writes it."""
    return " ".join(piece for piece in _pieces(_TOKEN.findall(written), [0]) if piece)


def _pieces(tokens: list[str], at: list[int], closing: str = "") -> Iterator[str]:
    """The pieces up to `closing`; `at` is where the reading stands."""
    while at[0] < len(tokens):
        token = tokens[at[0]]
        at[0] += 1
        if token == closing:
            return
        yield _piece(token, tokens, at)


def _piece(token: str, tokens: list[str], at: list[int]) -> str:
    if token == "{":
        return f"{_grouped(tokens, at)}"
    if token in "_^":
        return f"{token}({_argument(tokens, at)})"
    if token in SPACES:
        return SPACES[token]
    if token.startswith("\\") and len(token) > 1:
        return _macro(token[1:], tokens, at)
    if token.isspace():
        return ""
    if token == "'":
        return "′"
    return f"\\{token}" if token in SPECIAL else token


def _macro(name: str, tokens: list[str], at: list[int]) -> str:
    if name == "left":
        return _fenced(tokens, at)
    if name == "frac":
        return f"({_argument(tokens, at)})/({_argument(tokens, at)})"
    if name in WORDS:
        return f'"{_raw(tokens, at)}"'
    if name in STYLES:
        inner = _argument(tokens, at)
        return f"{STYLES[name]}({inner})" if STYLES[name] else f"({inner})"
    if name in LETTERS:
        return LETTERS[name]
    if name in FUNCTIONS:
        return name
    if name in ("{", "}", "%", "#", "&", "_", "$"):
        return f"\\{name}"
    return SIGNS.get(name, f'"{name}"')


def _fenced(tokens: list[str], at: list[int]) -> str:
    """What stands between \\left and \\right: round and square brackets grow by themselves, all else by `lr`."""  # noqa: E501
    opening = _fence(tokens, at)
    inside = " ".join(piece for piece in _pieces(tokens, at, "\\right") if piece)
    closing = _fence(tokens, at)
    whole = f"{opening} {inside} {closing}".strip()
    return whole if {opening, closing} <= set("()[]") else f"lr({whole})"


def _fence(tokens: list[str], at: list[int]) -> str:
    while at[0] < len(tokens) and tokens[at[0]].isspace():
        at[0] += 1
    if at[0] >= len(tokens):
        return ""
    at[0] += 1
    token = tokens[at[0] - 1]
    return "" if token == "." else _piece(token, tokens, at)


def _grouped(tokens: list[str], at: list[int]) -> str:
    return " ".join(piece for piece in _pieces(tokens, at, "}") if piece)


def _argument(tokens: list[str], at: list[int]) -> str:
    """What a macro or a script takes: a group, or one piece."""
    while at[0] < len(tokens) and tokens[at[0]].isspace():
        at[0] += 1
    if at[0] >= len(tokens):
        return ""
    token = tokens[at[0]]
    if token.isdigit() and len(token) > 1:  # \\frac12
        tokens[at[0]] = token[1:]
        return token[0]
    at[0] += 1
    return _grouped(tokens, at) if token == "{" else _piece(token, tokens, at)


def _raw(tokens: list[str], at: list[int]) -> str:
    """The letters of a group, as they are."""
    while at[0] < len(tokens) and tokens[at[0]] != "{":
        at[0] += 1
    at[0] += 1
    found, depth = "", 1
    while at[0] < len(tokens):
        token = tokens[at[0]]
        at[0] += 1
        depth += (token == "{") - (token == "}")
        if depth == 0:
            break
        found += token
    return found.replace("\\", "").replace('"', "'")


class Typst(Format):
    """Typst: equations with their numbers at the right, reasons small behind them."""

    name, suffix = "typst", ".typ"

    def math(self, node: Expr | Equation) -> str:
        return f"${math(latex(node))}$"

    def words(self, sentence: str) -> str:
        escaped = re.sub(r"([\\#$*_`<>@\[\]~\"'])", r"\\\1", sentence)
        return re.sub(r"(?m)^(\s*)([=+/-])", r"\1\\\2", escaped)

    def line(self, line: Line | Gap) -> str:
        if isinstance(line, Gap):
            return f"#pad(left: 2em)[#text(size: 8pt)[⋮ ({line.count} more lines)]]\n"
        left = latex(line.left)
        rows = []
        if width(left) > 7:
            terms = elided(line.left, latex_terms, self.full, "\\cdots")
            rows += [
                f"& {'quad ' if i else ''}{math(p)}" for i, p in enumerate(fitted(terms, PAGE))
            ]
            left = ""
        for row in line.rows:
            pieces = self._pieces(row.right, PAGE - 8)
            rows.append(f"{math(left)} & = {math(pieces[0])}")
            rows += [f"& quad {math(piece)}" for piece in pieces[1:]]
            rows = self._with_reason(rows, row.reason, pieces[-1])
            left = ""
        return _equation(rows, line.number)

    def cited(self, number: str) -> str:
        return f"#to({number});"

    def _with_reason(self, rows: list[str], reason: Sequence[Segment], last: str) -> list[str]:
        if not reason:
            return rows
        size = 0.42 * sum(len(s) if isinstance(s, str) else width(latex(s)) * 2 for s in reason)
        said = f"#text(size: 8pt)[{self.citing(reason)}]"
        if width(last) + size + 2 <= PAGE - 8:
            return [*rows[:-1], f"{rows[-1]} quad {said}"]
        return [*rows, f"& wide {said}"]

    def _pieces(self, right: Expr, room: float) -> list[str]:
        return fitted(elided(right, latex_terms, self.full, "\\cdots"), room)

    def display(self, nodes: Sequence[Expr | Equation]) -> str:
        rows: list[str] = []
        for node in nodes:
            left = elided_left(node, self.full)
            pieces = self._pieces(node.right if isinstance(node, Equation) else node, PAGE - 8)
            if width(left) > 8:
                rows.append(f"& {math(left)}")
                left = ""
            sign = "= " if isinstance(node, Equation) else ""
            rows.append(f"{math(left)} & {sign}{math(pieces[0])}")
            rows += [f"& quad {math(piece)}" for piece in pieces[1:]]
        return _equation(rows)

    def table(self, rows: Sequence[Sequence[str]]) -> str:
        cells = ", ".join(f"[{cell}]" for row in rows for cell in row)
        columns = len(rows[0])
        return (
            f"#table(columns: {columns}, stroke: none, "
            f"align: (i, _) => if i == 0 {{ left }} else {{ right }}, table.hline(y: 1), {cells})\n"
        )


def _equation(rows: Sequence[str], number: int | None = None) -> str:
    """Rows as one equation; its number is the label that `to` of the page leads to."""
    body = " \\\n  ".join(rows)
    numbering = f'numbering: _ => "({number})", ' if number else ""
    label = f" <line-{number}>" if number else ""
    made = f"#math.equation(block: true, {numbering}$ {body} $){label}\n"
    return (
        made
        if len(rows) > MOST_KEPT
        else f"#block(width: 100%, breakable: false)[{made.rstrip()}]\n"
    )
