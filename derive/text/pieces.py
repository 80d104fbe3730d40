"""The pieces of a display: what stands between rows, columns, commas and words."""

from __future__ import annotations

from dataclasses import dataclass, field

from derive.text.rows import Mark, is_operand
from derive.text.spelled import spelled
from derive.text.tables import CONNECTIVES, IMPLIES, OPERATORS, RELATIONS
from derive.text.trees import Fraction, Group, Name, Node, Number, Sign, Words

RELATION_SIGNS = frozenset(RELATIONS.values())
OPERATOR_SIGNS = frozenset(OPERATORS.values())
_ARROWS = ("\\to", "\\mapsto", "\\leftrightarrow")


@dataclass
class Piece:
    """What stands between two separators, and the separators before it."""

    nodes: list[Node] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    column: int = 0

    @property
    def relations(self) -> list[int]:
        return [i for i, n in enumerate(self.nodes) if is_relation(n)]


def is_relation(node: Node) -> bool:
    """Whether a node is a relation sign."""
    return isinstance(node, Sign) and node.text in RELATION_SIGNS


def is_operator(node: Node) -> bool:
    """Whether a node is an operator, which needs something behind it."""
    return isinstance(node, Sign) and node.text in OPERATOR_SIGNS and node.text != "\\circ"


def is_row(node: Node) -> bool:
    return isinstance(node, Mark) and node.kind == "row"


def is_bracketed_statement(node: Node) -> bool:
    """`(T_x = T_y)` alone: brackets of the prose."""
    if not isinstance(node, Group) or node.opening != "(" or node.below or node.above:
        return False
    return any(is_relation(n) for n in node.inside)


def pieces_of(nodes: list[Node]) -> list[Piece]:
    found = [Piece()]
    marks, column = 0, 0  # of this row
    for i, node in enumerate(nodes):
        mark = _separator(nodes, i)
        if is_row(node):
            marks, column = 0, 0
        elif isinstance(node, Mark) and node.kind == "align":
            marks += 1
            if marks % 2 == 0 and not _ends_open(nodes, i):
                column, mark = column + 1, "space"  # r & l & r & l
        if mark == "":
            found[-1].nodes.append(node)
            continue
        if mark == "drop":
            continue
        if found[-1].nodes or (found[-1].words and mark == "row"):
            found.append(Piece())
        found[-1].column = column
        if mark == "words" and isinstance(node, Words):
            found[-1].words.append(node)
        found[-1].marks.append(mark)
    return [p for p in found if p.nodes or p.words]


def _separator(nodes: list[Node], i: int) -> str:
    """What a node separates: "row", "space", "comma", "semicolon", "implies", "words"; "" if nothing."""
    node = nodes[i]
    match node:
        case Mark(kind="align"):
            return "space" if _is_column(nodes, i) else "drop"
        case Mark(kind="thin"):
            return "space" if _between_equations(nodes, i) else "drop"
        case Mark():
            return node.kind
        case Words():
            return "words" if _is_apart(nodes, i) else ""
        case Sign(text=","):
            return "comma"
        case Sign(text=";"):
            return "semicolon"
        case Sign(text="."):
            return "semicolon" if _ends_statement(nodes, i) else ""
        case Sign(text="\\forall"):
            return ""
        case Sign(text=text) if text in IMPLIES:
            return "implies"
        case Sign(text=text) if text in _ARROWS and _between_equations(nodes, i):
            return "implies"
        case _:
            return ""


def _ends_open(nodes: list[Node], i: int) -> bool:
    """Whether a relation or an operator stands before an &."""
    before = neighbour(nodes, i, -1)
    return before is not None and (is_relation(before) or is_operator(before))


def neighbour(nodes: list[Node], i: int, step: int) -> Node | None:
    i += step
    while 0 <= i < len(nodes):
        node = nodes[i]
        if not (isinstance(node, Mark) and node.kind == "align"):
            return node
        i += step
    return None


def _is_column(nodes: list[Node], i: int) -> bool:
    """Whether an & stands between two statements, and not beside a relation or an operator."""
    before, after = neighbour(nodes, i, -1), neighbour(nodes, i, 1)
    if before is None or after is None or isinstance(before, Mark) or isinstance(after, Mark):
        return False
    return not any(is_relation(n) or is_operator(n) for n in (before, after))


def _is_apart(nodes: list[Node], i: int) -> bool:
    """Whether words are said about formulas, and are no operand themselves."""
    node = nodes[i]
    before, after = neighbour(nodes, i, -1), neighbour(nodes, i, 1)
    if before is not None and (is_relation(before) or is_operator(before)):
        return False
    first = (
        node.text.split()[0].lower().strip(",.;:")
        if isinstance(node, Words) and node.text.split()
        else ""
    )
    if after is not None and is_operator(after) and first not in CONNECTIVES:
        return not is_operand_like(before)
    return first in CONNECTIVES or not _is_applied(nodes, i)


def _is_applied(nodes: list[Node], i: int) -> bool:
    r"""Whether words are an operator behind a factor, 2 \text{cross entropy}(z): what is cut there is half a formula."""  # noqa: E501
    before, after = neighbour(nodes, i, -1), neighbour(nodes, i, 1)
    if not isinstance(after, Group) or after.opening not in ("(", "[") or before is None:
        return False
    if isinstance(before, Mark) and before.kind == "thin":
        before = nodes[i - 2] if i > 1 else None
    told = is_bracketed_statement(after) or all(isinstance(n, Number) for n in after.inside)
    return (isinstance(before, Name) or (before is not None and is_operand(before))) and not told


def is_operand_like(node: Node | None) -> bool:
    """Whether words could be a factor beside a node."""
    return node is None or isinstance(node, Mark) or is_operand(node)


def _between_equations(nodes: list[Node], i: int) -> bool:
    """Whether an arrow stands between two statements: `f = a \\to df = b`."""
    return _side(nodes, i, -1) and _side(nodes, i, 1)


def _ends_statement(nodes: list[Node], i: int) -> bool:
    """Whether a full stop is one, and no product's dot: `a . b`."""
    before, after = neighbour(nodes, i, -1), neighbour(nodes, i, 1)
    if after is None or isinstance(after, Mark | Words):
        return True
    return _between_equations(nodes, i) and not _are_linked(before, after)


def _are_linked(a: Node | None, b: Node) -> bool:
    r"""Whether two derivatives are factors of a chain rule: \frac{\partial J}{\partial z} . \frac{\partial z}{\partial w}."""  # noqa: E501
    if not isinstance(a, Fraction) or not isinstance(b, Fraction):
        return False
    below, above = spelled(a.below_line), spelled(b.above_line)
    return len(a.below_line) > 1 and below == above


def _side(nodes: list[Node], i: int, step: int) -> bool:
    """Whether a statement stands on one side of a separator, spaces beside it left out."""
    i += step
    while 0 <= i < len(nodes) and isinstance(nodes[i], Mark):
        i += step
    while 0 <= i < len(nodes):
        node = nodes[i]
        if isinstance(node, Sign) and node.text in ("=", ":=", "\\neq", "\\in"):
            return True
        if isinstance(node, Mark) and node.kind in ("row", "space"):
            return False
        i += step
    return False
