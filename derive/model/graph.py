"""A recurrence unrolled to T steps: an acyclic graph of variables; every derivative sums its paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from graphlib import CycleError, TopologicalSorter
from math import prod

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Expr,
    Number,
    Product,
    Quotient,
    Sum,
    Time,
    Variable,
    add,
    move,
    multiply,
    rebuild,
)
from derive.errors import DeriveError, located
from derive.model.recurrence import HORIZON, NOW, STEP, Definition, Recurrence, variables
from derive.notation.latex import latex

MOST_STEPS = 10_000
MOST_TERMS = 100_000


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


class Allowance:
    """How many terms may still be written out."""

    def __init__(self, most: int = MOST_TERMS) -> None:
        self.most = most
        self.left = most

    def take(self, expr: BigSum | BigProduct) -> range:
        """The range of a Σ or Π, taken off; DeriveError where that is too much."""
        if not expr.lower.is_number or not expr.upper.is_number:
            raise DeriveError(f"{latex(expr)} has no range of numbers")
        found = range(expr.lower.shift, expr.upper.shift + 1)
        self.left -= max(0, expr.upper.shift + 1 - expr.lower.shift)
        if self.left < 0:
            raise DeriveError(
                f"{latex(expr)} takes the model beyond the limit of {self.most} terms"
            )
        return found


def written_out(expr: Expr, allowance: Allowance | None = None) -> Expr:
    """`expr` with every Σ and Π over a range of numbers written out, quotients of numbers folded."""
    allowance = allowance or Allowance()
    match expr:
        case BigSum(index, _, _, body):
            return add(
                written_out(move(body, {index: Time.at(i)}), allowance)
                for i in allowance.take(expr)
            )
        case BigProduct(index, _, _, body):
            return multiply(
                written_out(move(body, {index: Time.at(i)}), allowance)
                for i in reversed(allowance.take(expr))
            )
        case _:
            return folded(rebuild(expr, lambda part: written_out(part, allowance)))


def folded(expr: Expr) -> Expr:
    """An operation on numbers as the number it is: 1/T at T = 3, the exponent t - s at t = 3, s = 1."""
    match expr:
        case Quotient(_, Number(b)) if not b:
            raise DeriveError(f"division by zero in {latex(expr)}")
        case Quotient(Number(a), Number(b)):
            return Number(a / b)
        case Sum(terms) if all(isinstance(term, Number) for term in terms):
            return Number(sum((t.value for t in terms if isinstance(t, Number)), Fraction(0)))
        case Product(factors) if all(isinstance(factor, Number) for factor in factors):
            return Number(
                prod((f.value for f in factors if isinstance(f, Number)), start=Fraction(1))
            )
        case _:
            return expr


def unrolled(recurrence: Recurrence, horizon: int) -> Graph:
    """The graph of `horizon` steps; DeriveError where it has a cycle or the horizon is no horizon."""
    least = max(1, recurrence.start)
    if horizon < least:
        raise DeriveError(f"expected T of at least {least}, found T = {horizon}")
    if horizon > MOST_STEPS:
        raise DeriveError(f"T = {horizon} is more than the limit of {MOST_STEPS} steps")
    bodies = _bodies(recurrence, horizon)
    inputs = {node: tuple(dict.fromkeys(variables(body))) for node, body in bodies.items()}
    _refuse_beyond(recurrence, horizon, bodies, inputs)
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


def _refuse_beyond(
    recurrence: Recurrence,
    horizon: int,
    bodies: Mapping[Variable, Expr],
    inputs: Mapping[Variable, tuple[Variable, ...]],
) -> None:
    """A step variable later than T that nobody gives is no initial state: DeriveError."""
    stepwise = recurrence.stepwise
    for node, used in inputs.items():
        for v in used:
            late = v.time is not None and v.time.shift > horizon and v.name in stepwise
            if late and v not in bodies:
                raise DeriveError(
                    f"{latex(node)} uses {latex(v)}, which is beyond the horizon T = {horizon}",
                    _definition(recurrence, node, horizon).place,
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
    allowance = Allowance()

    def at(d: Definition, letters: Mapping[str, Time]) -> Expr:
        with located(d.place):
            return written_out(move(d.body, letters), allowance)

    fixed = {
        Variable(d.target.name, d.target.time.replace(end)): at(d, end)
        for d in recurrence.fixed
        if d.target.time is not None
    }
    bodies: dict[Variable, Expr] = {}
    before = [d for d in recurrence.shared if not uses_time(recurrence, d)]
    for d in before:
        bodies[d.target] = at(d, end)
    for node in sorted(fixed, key=lambda v: v.time.shift if v.time else 0):
        bodies[node] = fixed[node]
    for t in range(1, horizon + 1):
        now = {STEP: Time.at(t), **end}
        for d in recurrence.steps:
            node = Variable(d.target.name, Time.at(t))
            if t >= recurrence.first[node.name] and node not in fixed:
                bodies[node] = at(d, now)
    for d in recurrence.shared:
        if d not in before:
            bodies[d.target] = at(d, end)
    early = _step_zero(recurrence, bodies, lambda d, time: at(d, {STEP: time, **end}))
    for node in sorted(early, key=lambda v: v.time.shift if v.time else 0):
        bodies[node] = early[node]
    return bodies


def _step_zero(
    recurrence: Recurrence,
    bodies: Mapping[Variable, Expr],
    body_at: Callable[[Definition, Time], Expr],
) -> Mapping[Variable, Expr]:
    """A Σ from t = 0 may name a loss L_0: it is what its definition says, not an initial state."""
    by_name = {d.target.name: d for d in recurrence.steps}
    states = {
        v.name for d in recurrence.steps for v in variables(d.body) if v.time not in (None, NOW)
    }
    waiting = [v for d in recurrence.shared for v in variables(bodies[d.target])]
    early: dict[Variable, Expr] = {}
    while waiting:
        v = waiting.pop()
        if v in bodies or v in early or v.time is None or v.name not in by_name:
            continue
        if v.time.shift > 0 or v.name in states:
            continue
        early[v] = body_at(by_name[v.name], v.time)
        waiting.extend(variables(early[v]))
    return early


def uses_time(recurrence: Recurrence, definition: Definition) -> bool:
    by_name = {d.target.name: d for d in recurrence.shared}
    return any(
        v.time is not None or (v.name in by_name and uses_time(recurrence, by_name[v.name]))
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


def count_letters(graph: Graph, by: Variable, of: Variable) -> int:
    """How many edges all paths from `by` have together, summed over all nodes on a way to `of`."""
    live = descendants(graph, by) & ancestors(graph, of)
    found = {by: (1, 0)}
    for node in graph.nodes:
        if node in live and node != by:
            used = [found[v] for v in graph.inputs[node] if v in found]
            found[node] = sum(n for n, _ in used), sum(n + length for n, length in used)
    return sum(length for _, length in found.values())


def count_short_paths(graph: Graph, by: Variable, of: Variable, steps: int) -> int:
    """How many of these paths cross at most `steps` time steps."""
    most = min(steps, longest_spans(graph, of).get(by, 0))
    count = {of: [1] * (most + 1)}
    for node in reversed(graph.nodes[graph.position[by] : graph.position[of]]):
        total = [0] * (most + 1)
        for user in graph.users[node]:
            crossed = span(user, node)
            for left in range(crossed, most + 1) if user in count else ():
                total[left] += count[user][left - crossed]
        count[node] = total
    return count[by][most]


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
