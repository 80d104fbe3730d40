"""The unrolled graph as a picture: states above, outputs and losses below, the paths of one term lit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derive.algebra.expression import Variable
from derive.errors import DeriveError
from derive.model.graph import Graph, ancestors, descendants, unrolled
from derive.model.recurrence import Recurrence, variables
from derive.notation.latex import latex
from derive.notation.unicode import text
from derive.templating import environment

MOST_DRAWN = 600
MOST_WAYS = 2  # pictures, one a first step
KINDS = ("svg", "tikz", "text")


@dataclass(frozen=True, slots=True)
class Node:
    """A variable at a column (its time) and a row; `kind` is parameter, input, state or cost."""

    name: str
    variable: Variable
    column: float
    row: float
    kind: str
    lit: bool

    @property
    def label(self) -> str:
        return text(self.variable)

    @property
    def latex(self) -> str:
        return latex(self.variable)


@dataclass(frozen=True, slots=True)
class Edge:
    """`start` is used by `end`; `bend` is how far the line must swing to pass other nodes."""

    start: Node
    end: Node
    bend: float
    lit: bool

    @property
    def of_parameter(self) -> bool:
        return self.start.kind == "parameter"


@dataclass(frozen=True, slots=True)
class Picture:
    """Nodes and edges; `columns` and `rows` say how large it is, `caption` what is lit."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    columns: float
    rows: float
    caption: str
    caption_latex: str

    @property
    def mark(self) -> str:
        """A name of its own for what several pictures on one page would share."""
        return "".join(char for char in self.caption if char.isalnum())


def picture(
    recurrence: Recurrence, horizon: int, wrt: Sequence[Variable], via: str | None = None
) -> Picture:
    """The graph for `horizon` steps; `via` names what the first step of the lit paths goes into.

    Raises DeriveError for a graph too large to look at, and where no path goes that way.
    """
    graph = unrolled(recurrence, horizon)
    used = _shown(graph, wrt)
    if len(used) > MOST_DRAWN:
        raise DeriveError(f"{len(used)} variables are more than the limit of {MOST_DRAWN} to draw")
    lit, by = _lit(graph, wrt, via)
    caption, written = _captions(graph, by, via)
    rows = _rows(recurrence)
    nodes = {v: node for v, node in _placed(graph, used, rows, horizon, lit)}
    edges = [
        Edge(nodes[a], nodes[b], _bend(nodes[a], nodes[b]), (a, b) in lit)
        for b, inputs in graph.inputs.items()
        for a in inputs
        if a in nodes and b in nodes
    ]
    # What is lit is drawn last, above the others.
    edges.sort(key=lambda edge: edge.lit)
    last = max(node.column for node in nodes.values())
    return Picture(
        tuple(nodes.values()),
        tuple(edges),
        last,
        max(n.row for n in nodes.values()),
        caption,
        written,
    )


def ways_from_a_state(recurrence: Recurrence, horizon: int) -> list[Picture]:
    """For a state of the step before the last that two variables use: the paths that go first into each.

    Nothing where no state has two ways to go.
    """
    if horizon < 2:
        return []
    graph = unrolled(recurrence, horizon)
    for v in graph.nodes:
        used = [u for u in graph.users.get(v, ()) if u.time is not None and u in graph.bodies]
        before = v.time is not None and v.time.shift == horizon - 1 and v in graph.bodies
        if before and len(used) == MOST_WAYS and any(u.time != v.time for u in used):
            return [picture(recurrence, horizon, [v], text(u)) for u in used]
    return []


def _shown(graph: Graph, wrt: Sequence[Variable]) -> list[Variable]:
    """All variables but the parameters that nobody asked for."""
    hidden = set(graph.recurrence.parameters).difference(wrt)
    return [v for v in graph.nodes if v not in hidden]


def _rows(recurrence: Recurrence) -> dict[str, int]:
    """The row of each name: inputs, then the steps as they follow from each other."""
    names: list[str] = []
    for d in recurrence.steps:
        used = dict.fromkeys(v.name for v in variables(d.body) if v.name in recurrence.inputs)
        names += [name for name in used if name not in names]
        names.append(d.target.name)
    names += [name for name in recurrence.inputs if name not in names]
    return {name: row for row, name in enumerate(names, 1)}


def _placed(
    graph: Graph,
    used: Sequence[Variable],
    rows: dict[str, int],
    horizon: int,
    lit: frozenset[tuple[Variable, Variable]],
) -> Iterator[tuple[Variable, Node]]:
    ends = {v for edge in lit for v in edge}
    bottom = max(rows.values(), default=0) + 1
    shared = [v for v in used if v.time is None and v != graph.cost]
    for i, v in enumerate(used):
        if v == graph.cost:
            column, row, kind = (horizon + 1) / 2, bottom, "cost"
        elif v.time is None:
            step = (horizon + 1) / (len(shared) + 1)
            column, row = step * (shared.index(v) + 1), 0
            kind = "parameter" if v in graph.recurrence.parameters else "state"
        else:
            column, row = v.time.shift, rows[v.name]
            kind = "input" if v.name in graph.recurrence.inputs else "state"
        yield v, Node(f"n{i}", v, column, row, kind, v in ends)


def _bend(a: Node, b: Node) -> float:
    """0 for neighbours; else the part of its length by which a line swings around what lies on it."""
    columns, rows = abs(a.column - b.column), abs(a.row - b.row)
    span = max(columns, rows)
    passes = span > 1 and min(columns, rows) == 0
    return (0.7 + 0.14 * (span - 2)) / span if passes else 0.0


def _lit(
    graph: Graph, wrt: Sequence[Variable], via: str | None
) -> tuple[frozenset[tuple[Variable, Variable]], list[Variable]]:
    """The edges of all paths from the parameters to the cost whose first step goes into `via`."""
    if via is None:
        return frozenset(), []
    node = _variable(graph, via)
    users = [by for by in wrt if node in graph.users.get(by, ())]
    live = (descendants(graph, node) | {node}) & (ancestors(graph, graph.cost) | {graph.cost})
    if not users or graph.cost not in live:
        names = ", ".join(text(by) for by in wrt)
        raise DeriveError(
            f"no path from {names} to {text(graph.cost)} goes first into {text(node)}"
        )
    first = {(by, node) for by in users}
    rest = {(a, b) for b in live for a in graph.inputs.get(b, ()) if a in live}
    return frozenset(first | rest), users


def _captions(graph: Graph, users: Sequence[Variable], via: str | None) -> tuple[str, str]:
    """What is lit, in Unicode and in LaTeX."""
    if via is None:
        return "", ""
    node, cost = _variable(graph, via), graph.cost
    one = users[0] if len(users) == 1 else None
    names = [text(one) if one else "the parameters", text(cost), text(node)]
    written = [
        f"${latex(one)}$" if one else "the parameters",
        f"${latex(cost)}$",
        f"${latex(node)}$",
    ]
    plain, tex = ("lit: the paths from {} to {} via {}".format(*row) for row in (names, written))
    return plain, tex


def _variable(graph: Graph, name: str) -> Variable:
    """h_2, h₂ and h_{2} are one."""
    plain = name.replace("{", "").replace("}", "").replace("\\", "")
    for v in graph.nodes:
        if name in (text(v), latex(v)) or plain == latex(v).translate(_SIGNS):
            return v
    examples = ", ".join(text(v) for v in graph.nodes if v in graph.bodies and v != graph.cost)
    raise DeriveError(f"expected via: and a variable of the graph ({examples}), found {name!r}")


_SIGNS = str.maketrans("", "", "{}\\")


# -- to text ----------------------------------------------------------------------------------------


def drawn(found: Picture, kind: str) -> str:
    """The picture as SVG, TikZ or text."""
    if kind == "text":
        return _as_text(found)
    return environment().get_template(f"pictures/{kind}.j2").render(p=found).strip() + "\n"


def _as_text(found: Picture) -> str:
    """A line for each variable, under its step: what it uses; lit edges have a star."""
    lines: list[str] = []
    for title, nodes in _by_step(found):
        lines.append(title)
        for node in nodes:
            into = [edge for edge in found.edges if edge.end == node]
            used = ", ".join(f"{'*' if e.lit else ''}{e.start.label}" for e in _in_order(into))
            mark = "*" if node.lit else " "
            lines.append(f" {mark} {node.label}" + (f" ← {used}" if used else ""))
    if found.caption:
        lines += ["", f"* {found.caption}"]
    return "\n".join(lines) + "\n"


def _in_order(edges: Sequence[Edge]) -> list[Edge]:
    return sorted(edges, key=lambda e: (e.of_parameter, e.start.row, e.start.column))


def _by_step(found: Picture) -> Iterator[tuple[str, list[Node]]]:
    timed = [n for n in found.nodes if n.variable.time is not None]
    for column in sorted({n.column for n in timed}):
        step = sorted((n for n in timed if n.column == column), key=lambda n: n.row)
        yield f"t = {column:g}", [n for n in step if any(e.end == n for e in found.edges)] or step
    yield (
        "without time",
        [n for n in found.nodes if n.variable.time is None and n.kind != "parameter"],
    )
