"""Trees to LaTeX: one compact spelling for what is the same."""

from __future__ import annotations

from derive.text.page import Source
from derive.text.trees import (
    Big,
    Fraction,
    Group,
    Missing,
    Name,
    Node,
    Number,
    Root,
    Row,
    Sign,
    Table,
    Words,
)

_STYLES = {
    "bold": "\\mathbf", "cal": "\\mathcal", "bb": "\\mathbb", "rm": "\\mathrm", "frak": "\\mathfrak",
    "sf": "\\mathsf", "tt": "\\mathtt", "op": "\\operatorname", "text": "\\text",
}  # fmt: skip
_BIGS = {"sum": "\\sum", "prod": "\\prod", "int": "\\int", "cup": "\\bigcup", "cap": "\\bigcap"}


def latex(source: Source, start: int, end: int) -> str:
    """What is written at a place, in one line."""
    return " ".join(source.text[start:end].split())


def spelled(row: Row) -> str:
    """The compact LaTeX of a row; two rows are the same where this is the same."""
    text = ""
    for node in row:
        text = _joined(text, _node(node))
    return text


def _joined(before: str, after: str) -> str:
    """Two pieces with a space only where a macro's name would run on."""
    if after[:1].isalpha() and _ends_in_macro(before):
        return f"{before} {after}"
    if before[-1:].isdigit() and after[:1].isdigit():
        return f"{before} {after}"
    return before + after


def _ends_in_macro(text: str) -> bool:
    letters = len(text) - len(text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    return letters > 0 and text[: len(text) - letters].endswith("\\")


def _node(node: Node) -> str:
    match node:
        case Number(text=text) | Sign(text=text):
            return text
        case Name():
            return _name(node)
        case Fraction():
            return f"\\frac{{{spelled(node.above_line)}}}{{{spelled(node.below_line)}}}"
        case Root():
            degree = f"[{spelled(node.degree)}]" if node.degree else ""
            return f"\\sqrt{degree}{{{spelled(node.inside)}}}"
        case Group():
            return _group(node)
        case Big():
            return _scripts(_BIGS.get(node.kind, f"\\{node.kind}"), node.below, node.above)
        case Table():
            rows = "\\\\".join("&".join(spelled(cell) for cell in row) for row in node.rows)
            return _scripts(
                f"\\begin{{{node.kind}}}{rows}\\end{{{node.kind}}}", node.below, node.above
            )
        case Words():
            return f"\\text{{ {node.text} }}"
        case Missing():
            return "?"
        case _:
            return ""


def _name(node: Name) -> str:
    text = node.letter
    if node.style in _STYLES and not (node.style == "op" and text.startswith("\\")):
        text = f"{_STYLES[node.style]}{{{text}}}"
    elif len(text) > 1 and not text.startswith("\\"):
        text = f"\\mathit{{{text}}}"
    for accent in reversed(node.accents):
        text = f"\\{accent}{{{text}}}"
    return _scripts(text + "'" * node.primes, node.below, node.above)


def _group(node: Group) -> str:
    inside = spelled(node.inside)
    if node.opening == "{":
        text = f"{{{inside}}}"
    elif node.opening == "." or node.closing == ".":
        text = f"\\left{node.opening}{inside}\\right{node.closing}"
    else:
        text = _joined(_joined(node.opening, inside), node.closing)
    return _scripts(text + "'" * node.primes, node.below, node.above)


def _scripts(text: str, below: Row | None, above: Row | None) -> str:
    if below is not None:
        text += f"_{_braced(spelled(below))}"
    if above is not None:
        text += f"^{_braced(spelled(above))}"
    return text


def _braced(text: str) -> str:
    single = len(text) == 1 or (text[:1] == "\\" and text[1:].isalpha())
    return text if single else f"{{{text}}}"
