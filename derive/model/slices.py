"""A recurrence unrolled in plain integers, a slice a step: what `graph` makes, without a formula in it.

A node is a number; `Slices` knows which variable it is. Only the edges are unrolled, from the indices
that stand in the definitions. Two slices with the same surroundings are of one kind: whatever is
derived at one of them holds at the other with its index moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Expr,
    Index,
    Time,
    Variable,
    children,
    walk,
)
from derive.errors import DeriveError
from derive.model.graph import Graph, uses_time
from derive.model.recurrence import HORIZON, STEP, Definition, Recurrence, variables

Node = int
Kind = int


@dataclass(eq=False)
class Interner:
    """Numbers for what is hashable: equal things have one number, also across horizons."""

    numbers: dict[object, int] = field(default_factory=dict)

    def __call__(self, thing: object) -> int:
        return self.numbers.setdefault(thing, len(self.numbers))


def refuse_unlike_steps(recurrence: Recurrence) -> None:
    """DeriveError where a definition is another formula at another step, not the same one moved."""
    for d in recurrence.definitions:
        inside = [part for part in walk(d.body) if isinstance(part, BigSum | BigProduct)]
        if any(isinstance(part, BigProduct) for part in inside) or any(
            isinstance(part, BigSum) for big in inside for part in walk(children(big)[0])
        ):
            raise DeriveError(f"{d.target.name} is not written step by step")
        if inside and d.target.time is not None:
            raise DeriveError(f"{d.target.name} has a range that may grow with the step")
        for part in walk(d.body):
            if isinstance(part, Index) and any(
                letter != HORIZON for letter, _ in part.time.letters
            ):
                raise DeriveError(f"{d.target.name} has another coefficient at each step")


class Slices:
    """The nodes and edges of `horizon` steps. Timed nodes come slice by slice, then those without time.

    `order` has inputs before users; `inputs` are the direct edges in the order in which a definition
    names them. Raises DeriveError where a step uses what only a later step defines.
    """

    def __init__(self, recurrence: Recurrence, horizon: int) -> None:
        self.recurrence = recurrence
        self.horizon = horizon
        end = {HORIZON: Time.at(horizon)}
        self._end = end
        self.names = tuple(dict.fromkeys(_timed_names(recurrence)))
        self.width = len(self.names)
        self._name = {name: i for i, name in enumerate(self.names)}
        self.low = _lowest(recurrence)
        self.high = horizon + _highest(recurrence)
        self.slices = self.high - self.low + 1
        self.timed = self.width * self.slices
        self.wide = tuple(dict.fromkeys(_without_time(recurrence)))
        self._wide = {v: self.timed + i for i, v in enumerate(self.wide)}
        self.size = self.timed + len(self.wide)
        self.inputs: dict[Node, tuple[Node, ...]] = {}
        self.definition: dict[Node, int] = {}
        self.marks: dict[Node, tuple[str, int]] = {}
        self.far: set[Node] = set()
        self._unroll()
        self.order = self._in_order()
        self._sums = self._summed()
        self.cost = self._wide[recurrence.cost]

    # -- numbers and variables --------------------------------------------------------------------

    def node(self, variable: Variable) -> Node:
        """The number of a variable; KeyError for what the model does not name."""
        if variable.time is None:
            return self._wide[variable]
        return (variable.time.shift - self.low) * self.width + self._name[variable.name]

    def variable(self, node: Node) -> Variable:
        """The variable that a node is."""
        if node >= self.timed:
            return self.wide[node - self.timed]
        step, name = divmod(node, self.width)
        return Variable(self.names[name], Time.at(step + self.low))

    def slice_of(self, node: Node) -> int | None:
        """The slice in which a node lies; None for one without time."""
        return node // self.width if node < self.timed else None

    # -- unrolling --------------------------------------------------------------------------------

    def _unroll(self) -> None:
        """As `graph.unrolled` does: each definition at every time at which it holds, in that order."""
        model = self.recurrence
        definitions = {id(d): i for i, d in enumerate(model.definitions)}
        fixed = {
            self.node(Variable(d.target.name, d.target.time.replace(self._end))): d
            for d in model.fixed
            if d.target.time is not None
        }
        before = [d for d in model.shared if not uses_time(model, d)]
        for d in before:
            self._define(self._wide[d.target], definitions[id(d)], self._codes(d.body))
        for node in sorted(fixed):
            self._define(node, definitions[id(fixed[node])], self._codes(fixed[node].body))
        rows = [
            (
                self._name[d.target.name],
                model.first[d.target.name],
                definitions[id(d)],
                self._row(d),
            )
            for d in model.steps
        ]
        for t in range(1, self.horizon + 1):
            base = (t - self.low) * self.width
            for name, first, number, (plain, row) in rows:
                node = base + name
                if t < first or node in fixed:
                    continue
                found = tuple([base + code if moves else code for moves, code in row])
                if not plain:
                    found = tuple(dict.fromkeys(found))
                self.inputs[node] = found
                self.definition[node] = number
        for d in model.shared:
            if d not in before:
                self._define(self._wide[d.target], definitions[id(d)], self._codes(d.body))

    def _define(self, node: Node, definition: int, codes: Iterator[Node]) -> None:
        self.inputs[node] = tuple(dict.fromkeys(codes))
        self.definition[node] = definition

    def _row(self, d: Definition) -> tuple[bool, tuple[tuple[bool, int], ...]]:
        """The inputs of a step: numbers that move with the step, and those that stay where they are."""
        row: dict[tuple[bool, int], None] = {}
        for v in variables(d.body):
            if v.time is None:
                row[False, self._wide[Variable(v.name)]] = None
            elif v.time.letters == ((STEP, 1),):
                row[True, v.time.shift * self.width + self._name[v.name]] = None
            else:
                node = self._marked(v)
                self.far.add(node)
                row[False, node] = None
        timed = any(not moves and code < self.timed for moves, code in row)
        return not timed, tuple(row)

    def _marked(self, v: Variable) -> Node:
        """The node of a variable that is named by a number, or from the end: not by its step."""
        assert v.time is not None
        node = self.node(Variable(v.name, v.time.replace(self._end)))
        self.marks[node] = ("start", v.time.shift) if v.time.is_number else ("end", v.time.shift)
        return node

    def _codes(self, expr: Expr) -> Iterator[Node]:
        """The nodes that a definition without a step of its own names, every Σ written out."""
        if isinstance(expr, BigSum):
            lower, upper = (time.replace(self._end).shift for time in (expr.lower, expr.upper))
            terms = list(variables(expr.body))
            for i in range(lower, upper + 1):
                for v in terms:
                    if v.time is None:
                        yield self._wide[v]
                    elif v.time.letters == ((expr.index, 1),):
                        yield (i + v.time.shift - self.low) * self.width + self._name[v.name]
                    else:
                        at = {**self._end, expr.index: Time.at(i)}
                        yield self.node(Variable(v.name, v.time.replace(at)))
        elif isinstance(expr, Variable):
            yield self._wide[Variable(expr.name)] if expr.time is None else self._marked(expr)
        else:
            for part in children(expr):
                yield from self._codes(part)

    def _in_order(self) -> list[Node]:
        """Leaves first, then the definitions in the order in which they were made."""
        inputs = self.inputs
        leaves = dict.fromkeys(
            used for found in inputs.values() for used in found if used not in inputs
        )
        seen = set(leaves)
        for node, found in inputs.items():
            if not seen.issuperset(found):
                raise DeriveError("the order of time is no order of the definitions")
            seen.add(node)
        return [*leaves, *inputs]

    def _summed(self) -> dict[Node, tuple[int, ...]]:
        """For each timed node the quantities without time that use it."""
        found: dict[Node, tuple[int, ...]] = {}
        for node in range(self.timed, self.size):
            for used in self.inputs.get(node, ()):
                found[used] = (*found.get(used, ()), node - self.timed)
        return found

    def users(self) -> dict[Node, list[Node]]:
        """The direct edges the other way round, users in the order of `order`."""
        users: dict[Node, list[Node]] = {node: [] for node in self.order}
        for node in self.order:
            for used in self.inputs.get(node, ()):
                users[used].append(node)
        return users

    def users_of(self, node: Node, backward: bool = False) -> Iterator[Node]:
        """The users of one node, first or last ones first."""
        order = reversed(self.order) if backward else self.order
        return (user for user in order if node in self.inputs.get(user, ()))

    # -- what reaches what ------------------------------------------------------------------------

    def ancestors(self, of: Node) -> bytearray:
        """For each node whether `of` depends on it, itself included."""
        found = bytearray(self.size)
        found[of] = 1
        inputs = self.inputs
        for node in reversed(self.order):
            if found[node]:
                for used in inputs.get(node, ()):
                    found[used] = 1
        return found

    def descendants(self, by: Node) -> bytearray:
        """For each node whether it depends on `by`, itself included."""
        found = bytearray(self.size)
        found[by] = 1
        for node, inputs in self.inputs.items():
            for used in inputs:
                if found[used]:
                    found[node] = 1
                    break
        return found

    def count_paths(self) -> dict[Node, int]:
        """How many paths lead from each quantity without time to the cost; there may be very many."""
        counts = {self.cost: 1}
        kept = {}
        inputs, timed = self.inputs, self.timed
        for node in reversed(self.order):
            count = counts.pop(node, 0)
            if not count:
                continue
            if node >= timed:
                kept[node] = count
            for used in inputs.get(node, ()):
                if used in inputs or used >= timed:
                    counts[used] = counts.get(used, 0) + count
        return kept

    # -- kinds ------------------------------------------------------------------------------------

    def states(self, number: Interner, above: bytearray) -> list[int]:
        """For each slice what stands in it: its definitions, which sums use them, what reaches the cost."""
        width, definition, sums = self.width, self.definition, self._sums
        marked = {node // width: mark for node, mark in self.marks.items()}
        found = []
        for first in range(0, self.timed, width):
            row = tuple(
                [
                    (
                        definition.get(node, -1),
                        above[node],
                        sums.get(node, ()),
                    )
                    for node in range(first, first + width)
                ]
            )
            found.append(number((row, marked.get(first // width))))
        return found

    def windows(
        self, number: Interner, states: Sequence[int], below: bytearray
    ) -> list[tuple[int, ...]]:
        """For each slice its surroundings, as far as an edge reaches, with what depends on `by`."""
        width, reach = self.width, max(1, self.recurrence.lag)
        known: dict[tuple[int, bytes], int] = {}
        ids = [-1] * reach
        for i, state in enumerate(states):
            key = (state, bytes(below[i * width : (i + 1) * width]))
            if key not in known:
                known[key] = number(key)
            ids.append(known[key])
        ids += [-1] * reach
        return list(
            zip(*(ids[i : len(ids) - 2 * reach + i] for i in range(2 * reach + 1)), strict=True)
        )

    def header(self, below: bytearray, above: bytearray) -> tuple[object, ...]:
        """What the kinds of all slices take for granted: what has no time, or is named from an end."""
        flags = [(below[node], above[node]) for node in range(self.timed, self.size)]
        definitions = [self.definition.get(node, -1) for node in range(self.timed, self.size)]
        named = sorted(
            (*mark, n % self.width, below[n], above[n]) for n, mark in self.marks.items()
        )
        return tuple(flags), tuple(definitions), tuple(named)


def same_edges(slices: Slices, graph: Graph) -> bool:
    """Whether the integers say what the graph of formulas says, edge for edge and in its order."""
    if [slices.variable(node) for node in slices.order] != list(graph.nodes):
        return False
    users = slices.users()
    return all(
        tuple(map(slices.variable, slices.inputs.get(node, ()))) == graph.inputs.get(v, ())
        and tuple(map(slices.variable, users[node])) == graph.users[v]
        for node, v in zip(slices.order, graph.nodes, strict=True)
    )


def _timed_names(recurrence: Recurrence) -> Iterator[str]:
    for d in recurrence.definitions:
        yield from (v.name for v in (d.target, *variables(d.body)) if v.time is not None)


def _without_time(recurrence: Recurrence) -> Iterator[Variable]:
    yield from recurrence.parameters
    for d in recurrence.definitions:
        yield from (v for v in (d.target, *variables(d.body)) if v.time is None)


def _lowest(recurrence: Recurrence) -> int:
    """A time before which nothing is named."""
    named = [v.time.shift for v in _all(recurrence) if v.time is not None and v.time.is_number]
    ranges = [b.lower.shift for b in _sums(recurrence) if b.lower.is_number]
    return min([0, *named, *ranges]) - _furthest(recurrence)


def _highest(recurrence: Recurrence) -> int:
    """How far beyond the horizon a time is named at most."""
    return 2 * _furthest(recurrence) + max(
        [0, *(v.time.shift for v in _all(recurrence) if v.time is not None)]
    )


def _furthest(recurrence: Recurrence) -> int:
    shifts = [abs(v.time.shift) for v in _all(recurrence) if v.time and not v.time.is_number]
    bounds = [abs(b.upper.shift) for b in _sums(recurrence) if not b.upper.is_number]
    return max([1, recurrence.lag, *shifts]) + max([0, *bounds])


def _all(recurrence: Recurrence) -> Iterator[Variable]:
    for d in recurrence.definitions:
        yield d.target
        yield from variables(d.body)


def _sums(recurrence: Recurrence) -> Iterator[BigSum]:
    for d in recurrence.definitions:
        yield from (part for part in walk(d.body) if isinstance(part, BigSum))


def bytes_per_step(recurrence: Recurrence) -> int:
    """What a step takes in memory, at most: its nodes and edges, and their windows for one parameter."""
    edges = sum(1 for d in recurrence.steps for _ in variables(d.body))
    names = len(set(_timed_names(recurrence)))
    return 600 * names + 150 * edges
