"""A recurrence unrolled to T steps: an acyclic graph of variables; every derivative sums its paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Expr,
    Time,
    Variable,
    add,
    move,
    multiply,
    rebuild,
)
from derive.errors import DeriveError, Place
from derive.model.recurrence import HORIZON, STEP, Definition, Recurrence, variables
from derive.notation.latex import latex

MOST_STEPS = 10_000


@dataclass(frozen=True, eq=False)
class Graph:
    """The variables of T steps, inputs before users.

    `bodies` holds the definition of each defined variable at its own time, `abstract` those whose
    definition is one application of an abstract function; `inputs` and `users` are the direct edges.
    Leaves (parameters, inputs, constant initial states) have no body.
    """

    recurrence: Recurrence
    horizon: int
    nodes: tuple[Variable, ...]
    bodies: Mapping[Variable, Expr]
    inputs: Mapping[Variable, tuple[Variable, ...]]
    users: Mapping[Variable, tuple[Variable, ...]]
    position: Mapping[Variable, int]
    abstract: frozenset[Variable]

    @property
    def cost(self) -> Variable:
        return self.recurrence.cost


def written_out(expr: Expr) -> Expr:
    """`expr` with every Σ and Π over a range of numbers written out."""
    match expr:
        case BigSum(index, lower, upper, body):
            return add(
                written_out(move(body, {index: Time.at(i)}))
                for i in range(lower.shift, upper.shift + 1)
            )
        case BigProduct(index, lower, upper, body):
            return multiply(
                written_out(move(body, {index: Time.at(i)}))
                for i in range(upper.shift, lower.shift - 1, -1)
            )
        case _:
            return rebuild(expr, written_out)


def unrolled(recurrence: Recurrence, horizon: int) -> Graph:
    """The graph of `horizon` steps; DeriveError where it has a cycle or the horizon is no horizon."""
    least = max(1, recurrence.start)
    if horizon < least:
        raise DeriveError(f"expected T of at least {least}, found T = {horizon}")
    if horizon > MOST_STEPS:
        raise DeriveError(f"T = {horizon} is more than the limit of {MOST_STEPS} steps")
    bodies = _bodies(recurrence, horizon)
    inputs = {node: tuple(dict.fromkeys(variables(body))) for node, body in bodies.items()}
    leaves = dict.fromkeys(v for used in inputs.values() for v in used if v not in bodies)
    order = (*leaves, *_in_order(bodies, inputs))
    users: dict[Variable, list[Variable]] = {node: [] for node in order}
    for node in order:
        for used in inputs.get(node, ()):
            users[used].append(node)
    return Graph(
        recurrence,
        horizon,
        order,
        bodies,
        inputs,
        {node: tuple(used_by) for node, used_by in users.items()},
        {node: i for i, node in enumerate(order)},
        frozenset(node for node in bodies if _definition(recurrence, node, horizon).is_abstract),
    )


def _definition(recurrence: Recurrence, node: Variable, horizon: int) -> Definition:
    """The definition that a node of the graph has, as the model states it."""
    end = {HORIZON: Time.at(horizon)}
    for d in (*recurrence.fixed, *recurrence.shared):
        if move(d.target, end) == node:
            return d
    return next(d for d in recurrence.steps if d.target.name == node.name)


def _bodies(recurrence: Recurrence, horizon: int) -> dict[Variable, Expr]:
    """Every definition at every time at which it holds, in the order of time."""
    end = {HORIZON: Time.at(horizon)}
    fixed = {
        Variable(d.target.name, d.target.time.replace(end)): written_out(move(d.body, end))
        for d in recurrence.fixed
        if d.target.time is not None
    }
    bodies: dict[Variable, Expr] = {}
    before = [d for d in recurrence.shared if not _uses_time(recurrence, d)]
    for d in before:
        bodies[d.target] = written_out(move(d.body, end))
    for node in sorted(fixed, key=lambda v: v.time.shift if v.time else 0):
        bodies[node] = fixed[node]
    for t in range(1, horizon + 1):
        now = {STEP: Time.at(t), **end}
        for d in recurrence.steps:
            node = Variable(d.target.name, Time.at(t))
            if t >= recurrence.first[node.name] and node not in fixed:
                bodies[node] = written_out(move(d.body, now))
    for d in recurrence.shared:
        if d not in before:
            bodies[d.target] = written_out(move(d.body, end))
    _add_step_zero(recurrence, bodies, end)
    return bodies


def _add_step_zero(
    recurrence: Recurrence, bodies: dict[Variable, Expr], end: Mapping[str, Time]
) -> None:
    """A Σ from t = 0 may name a loss L_0: it is what its definition says, not an initial state."""
    by_name = {d.target.name: d for d in recurrence.steps}
    states = {v.name for v in recurrence.initial}
    waiting = [v for d in recurrence.shared for v in variables(bodies[d.target])]
    early: dict[Variable, Expr] = {}
    while waiting:
        v = waiting.pop()
        if v in bodies or v in early or v.time is None or v.name not in by_name:
            continue
        if v.time.shift > 0:
            raise DeriveError(
                f"{latex(v)} is beyond the horizon T = {end[HORIZON].shift}",
                _cost_place(recurrence),
            )
        if v.name in states:
            continue
        body = written_out(move(by_name[v.name].body, {STEP: v.time, **end}))
        early[v] = body
        waiting.extend(variables(body))
    for v in sorted(early, key=lambda v: v.time.shift if v.time else 0):
        bodies[v] = early[v]


def _cost_place(recurrence: Recurrence) -> Place | None:
    return next(d.place for d in recurrence.shared if d.target == recurrence.cost)


def _uses_time(recurrence: Recurrence, definition: Definition) -> bool:
    by_name = {d.target.name: d for d in recurrence.shared}
    return any(
        v.time is not None or (v.name in by_name and _uses_time(recurrence, by_name[v.name]))
        for v in variables(definition.body)
        if v.name != definition.target.name
    )


def _in_order(
    bodies: Mapping[Variable, Expr], inputs: Mapping[Variable, tuple[Variable, ...]]
) -> Iterable[Variable]:
    """The order of time where that is topological, any topological order otherwise."""
    seen: set[Variable] = set()
    for node in bodies:
        if any(used in bodies and used not in seen for used in inputs[node]):
            break
        seen.add(node)
    else:
        return list(bodies)
    try:
        sorter = TopologicalSorter({n: [u for u in inputs[n] if u in bodies] for n in bodies})
        return list(sorter.static_order())
    except CycleError as error:
        cycle = list(dict.fromkeys(reversed(error.args[1])))
        names = ", ".join(latex(v) for v in (*cycle, cycle[0]))
        raise DeriveError(f"a cycle when the model is unrolled: {names}") from None


def span(user: Variable, used: Variable) -> int:
    """How many time steps an edge crosses; an edge from or to what has no time crosses none."""
    if user.time is None or used.time is None:
        return 0
    return abs((user.time - used.time).shift)


def paths(graph: Graph, by: Variable, of: Variable) -> Iterator[tuple[Variable, ...]]:
    """Every path from `by` to `of`, as its nodes from `of` inward; there may be very many."""
    live = descendants(graph, by) & ancestors(graph, of)
    waiting: list[tuple[Variable, ...]] = [(by,)]
    while waiting:
        path = waiting.pop()
        if path[0] == of:
            yield path
        else:
            waiting += [(user, *path) for user in reversed(graph.users[path[0]]) if user in live]


def count_paths(graph: Graph, by: Variable, of: Variable) -> int:
    """How many paths lead from `by` to `of`: the products in the sum over all paths."""
    live = descendants(graph, by) & ancestors(graph, of)
    count = {by: 1}
    for node in graph.nodes:
        if node in live and node != by:
            count[node] = sum(count.get(v, 0) for v in graph.inputs[node])
    return count.get(of, 0)


@cache
def longest_spans(graph: Graph, of: Variable) -> Mapping[Variable, int]:
    """For each node the most time steps that a path from it to `of` crosses."""
    longest = {of: 0}
    for node in reversed(graph.nodes):
        over = [longest[user] + span(user, node) for user in graph.users[node] if user in longest]
        if over:
            longest[node] = max(over)
    return longest


@cache
def edges(graph: Graph) -> frozenset[tuple[Variable, Variable]]:
    """All direct edges, as (user, used)."""
    return frozenset((of, by) for of, inputs in graph.inputs.items() for by in inputs)


@cache
def descendants(graph: Graph, node: Variable) -> frozenset[Variable]:
    """What depends on `node`, itself included."""
    return _closure(graph.users, node)


@cache
def ancestors(graph: Graph, node: Variable) -> frozenset[Variable]:
    """What `node` depends on, itself included."""
    return _closure(graph.inputs, node)


def _closure(
    edges: Mapping[Variable, tuple[Variable, ...]], start: Variable
) -> frozenset[Variable]:
    found = {start}
    waiting = [start]
    while waiting:
        for neighbour in edges.get(waiting.pop(), ()):
            if neighbour not in found:
                found.add(neighbour)
                waiting.append(neighbour)
    return frozenset(found)
