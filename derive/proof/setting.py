"""What a proof speaks about: the model at a given T, or at every T.

A setting makes the axioms, from the model alone: the chain rule at a node, the total differential of
a definition, and which symbol an edge has. A deriver can ask for them, it cannot hand any in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property

from derive.algebra.expression import (
    ZERO,
    BigSum,
    Expr,
    Immediate,
    Time,
    Total,
    Variable,
    add,
    move,
    move_variable,
    multiply,
)
from derive.errors import DeriveError
from derive.model.graph import Graph, ancestors, descendants, edges, unrolled
from derive.model.horizon import (
    directions,
    least_horizon,
    looks_ahead,
    refuse_misfit,
    sample_horizon,
)
from derive.model.partials import Partials
from derive.model.recurrence import END, HORIZON, NOW, STEP, Recurrence, variables
from derive.model.shapes import SCALAR, is_matrix

Neighbours = tuple[Variable, ...]


class Setting(ABC):
    """The model, and the axioms that hold in it."""

    def __init__(self, recurrence: Recurrence, sample: Graph, by_table: bool = False) -> None:
        self.recurrence = recurrence
        self._partials = Partials(recurrence, by_table)
        self._local = cache(self._partials)
        self._product = cache(self._partials.product)
        self._forward = cache(self._partials.forward)
        self._transposed = cache(self._partials.transposed)
        self._gradient = cache(self._partials.gradient)
        self._symbols: dict[Expr, Expr | None] = {}
        self._indirect = _indirect_kinds(sample)

    @property
    def cost(self) -> Variable:
        return self.recurrence.cost

    @property
    @abstractmethod
    def scope(self) -> str:
        """For which T, and which steps, a proof in this setting holds."""

    def edge(self, of: Variable, by: Variable) -> Expr:
        """The derivative along the edge by → of: ∂ where the edge is the only path, else ∂⁺."""
        shared = Variable(by.name, by.time)
        if by.copy is not None or _kind(of, shared) in self._indirect:
            return Immediate(of, by)
        return Total(of, by)

    @abstractmethod
    def users(self, by: Variable, of: Variable) -> tuple[Variable, ...]:
        """The variables that use `by` directly and on which `of` depends, or `of` itself."""

    @abstractmethod
    def every_user(self, by: Variable) -> tuple[Variable, ...]:
        """The variables that use `by` directly, whatever they reach."""

    @abstractmethod
    def chain(self, of: Variable, by: Variable) -> Expr:
        """∂of/∂by = Σ_V ∂of/∂V · ∂⁺V/∂by over the V that use `by` directly: the chain rule."""

    @abstractmethod
    def differential(self, of: Variable, by: Variable) -> Expr:
        """∂of/∂by = Σ_V ∂⁺of/∂V · ∂V/∂by over the V that `of` uses directly."""

    @abstractmethod
    def depends(self, of: Variable, by: Variable) -> bool:
        """Whether there is a path from `by` to `of`."""

    def local(self, of: Variable, by: Variable) -> Expr | None:
        """The closed form of ∂⁺of/∂by, by the model's definition; None for an abstract function."""
        return self._local(of, Variable(by.name, by.time), self._horizon_time())

    def is_matrix(self, variable: Variable) -> bool:
        """Whether a variable is a matrix: Jacobians by it and of it have no closed form of their own."""
        return is_matrix(self.recurrence.shapes.get(variable.name, SCALAR))

    def product(self, factors: Sequence[Expr]) -> Expr:
        """The product, scalars first and identities dropped where the model has shapes."""
        return self._product(tuple(factors))

    def forward_action(self, of: Variable, by: Variable) -> Expr | None:
        """∂⁺of/∂W vec(Ẇ) for a matrix W, as a formula shaped like `of`; None for an abstract function."""
        return self._forward(of, by, self._horizon_time())

    def transposed_action(self, of: Variable, by: Variable, row: Expr) -> Expr | None:
        """row ∂⁺of/∂W for a matrix W, of Wᵀ's shape; None for an abstract function."""
        return self._transposed(of, by, row, self._horizon_time())

    def gradient_action(self, of: Variable, by: Variable, column: Expr) -> Expr | None:
        """(∂⁺of/∂by)ᵀ column, shaped like `by`; None for an abstract function."""
        return self._gradient(of, by, column, self._horizon_time())

    def local_of(self, symbol: Expr) -> Expr | None:
        """The closed form of an edge's symbol; None where it is no edge or has no closed form."""
        if symbol not in self._symbols:
            self._symbols[symbol] = self._local_of(symbol)
        return self._symbols[symbol]

    def _local_of(self, symbol: Expr) -> Expr | None:
        if not isinstance(symbol, Total | Immediate) or not self.uses(symbol.of, symbol.by):
            return None
        if self.edge(symbol.of, symbol.by) != symbol:
            return None
        return self.local(symbol.of, symbol.by)

    @abstractmethod
    def body(self, node: Variable) -> Expr | None:
        """The definition of `node`, at its time; None for what the model does not define."""

    @abstractmethod
    def uses(self, of: Variable, by: Variable) -> bool:
        """Whether `of`'s definition names `by`."""

    @abstractmethod
    def _horizon_time(self) -> Time: ...

    def step(self, of: Variable, user: Variable, by: Variable) -> Expr:
        """One term of the chain rule: ∂of/∂user · ∂⁺user/∂by."""
        edge = self.edge(user, by)
        return edge if user == of else multiply((Total(of, user), edge))


def _sample(recurrence: Recurrence) -> Graph | None:
    """A graph that shows every kind of edge; None for a model that has no general step."""
    if looks_ahead(recurrence):
        return None
    try:
        refuse_misfit(recurrence)
    except DeriveError:
        return None
    return unrolled(recurrence, sample_horizon(recurrence))


def _kind(of: Variable, by: Variable) -> tuple[str, str, int | None]:
    """Edges of the same two names and the same lag are of one kind and have one symbol."""
    if of.time is None or by.time is None:
        return of.name, by.name, None
    lag = of.time - by.time
    return of.name, by.name, lag.shift if lag.is_number else None


def _indirect_kinds(graph: Graph) -> frozenset[tuple[str, str, int | None]]:
    """The kinds of edges that are not the only path between their ends, at every step.

    A cost that uses h_T alone has no edge from the other h_t, whose ∂C/∂h_t is a longer path.
    """
    steps: dict[str, int] = {}
    for node in graph.bodies:
        if node.time and node.time.is_number and node.time.shift > graph.recurrence.start:
            steps[node.name] = steps.get(node.name, 0) + 1
    found: set[tuple[str, str, int | None]] = set()
    for of, inputs in graph.inputs.items():
        if of.time is None:
            used = Counter(v.name for v in inputs if v.time is not None)
            found |= {(of.name, name, None) for name in used if used[name] < steps.get(name, 0)}
        for by in inputs:
            kind = _kind(of, by)
            if kind in found or len(inputs) == 1:
                continue
            after = descendants(graph, by)
            if any(v in after for v in inputs if v != by):
                found.add(kind)
    return frozenset(found)


class AtHorizon(Setting):
    """The model unrolled to a given T: a finite graph."""

    def __init__(self, recurrence: Recurrence, horizon: int, by_table: bool = False) -> None:
        self.graph = unrolled(recurrence, horizon)
        self.horizon = horizon
        super().__init__(recurrence, _sample(recurrence) or self.graph, by_table)

    @property
    def scope(self) -> str:
        if not self.recurrence.steps:
            return "every T (nothing varies in time)"
        return f"T = {self.horizon}"

    def _horizon_time(self) -> Time:
        return Time.at(self.horizon)

    def body(self, node: Variable) -> Expr | None:
        return self.graph.bodies.get(node)

    def depends(self, of: Variable, by: Variable) -> bool:
        return of in descendants(self.graph, Variable(by.name, by.time))

    def uses(self, of: Variable, by: Variable) -> bool:
        if by.copy is not None and of.time != by.copy:
            return False
        return (of, Variable(by.name, by.time)) in edges(self.graph)

    def users(self, by: Variable, of: Variable) -> tuple[Variable, ...]:
        shared = Variable(by.name, by.time)
        above = ancestors(self.graph, of)
        found = (v for v in self.graph.users.get(shared, ()) if v in above)
        return tuple(v for v in found if by.copy is None or v.time == by.copy)

    def every_user(self, by: Variable) -> tuple[Variable, ...]:
        return self.graph.users.get(by, ())

    def chain(self, of: Variable, by: Variable) -> Expr:
        return add(self.step(of, user, by) for user in self.users(by, of))

    def differential(self, of: Variable, by: Variable) -> Expr:
        after = descendants(self.graph, by)
        inputs = self.graph.inputs.get(of, ())
        direct = [self.edge(of, by)] if self.uses(of, by) else []
        through = (
            multiply((self.edge(of, used), Total(used, by)))
            for used in inputs
            if used != by and used in after
        )
        return add((*direct, *through))


class FewSteps(AtHorizon):
    """The model unrolled to a few steps whose derivations stand for those at any T.

    Closed forms have the letter T, and what a cost names from the end, as h_T, is named so.
    """

    def __init__(self, recurrence: Recurrence, horizon: int) -> None:
        super().__init__(recurrence, horizon, by_table=True)
        end = {HORIZON: Time.at(horizon)}
        named = (v for d in recurrence.shared for v in variables(d.body) if v.time is not None)
        self._from_end = {
            move_variable(v, end): v for v in named if v.time and v.time.is_from(HORIZON)
        }

    def _horizon_time(self) -> Time:
        return END

    def local(self, of: Variable, by: Variable) -> Expr | None:
        if of.time is None:
            by = self._from_end.get(by, by)
        return super().local(of, by)


class GeneralStep(Setting):
    """The model at a symbolic step t and a symbolic horizon T.

    What lies beyond the horizon (∂C/∂h_{T+1}) counts as 0, and so does ∂⁺C/∂h_t where C does not use
    h_t at that step; so one form of the chain rule serves all steps start < t ≤ T. `beyond` is how far
    past t a proof looks where it must stay inside the horizon: then start < t ≤ T - beyond.
    Raises DeriveError, with the reason, for a model that this form does not fit.
    """

    def __init__(self, recurrence: Recurrence, index: str = "s", beyond: int = 0) -> None:
        refuse_misfit(recurrence)
        self._stepwise = recurrence.stepwise
        self.sample = self._sampled(recurrence)
        super().__init__(recurrence, self.sample)
        self.beyond = beyond
        self.index = index
        self.start = recurrence.start
        self.order = tuple(d.target.name for d in recurrence.steps)
        self._edges = self._template_edges()
        self._shared = {d.target: d for d in recurrence.shared}
        self.relevant = cache(self._relevant)
        self.names_to = cache(self._names_to)
        self._user_list = cache(self._every_user)
        self._is_reached = cache(self._reaches)

    def _sampled(self, recurrence: Recurrence) -> Graph:
        """The model unrolled far enough to show every kind of edge."""
        return unrolled(recurrence, sample_horizon(recurrence))

    @property
    def scope(self) -> str:
        return f"every T ≥ {self.least}"

    @property
    def least(self) -> int:
        """The first horizon for which the range of steps is not empty."""
        return least_horizon(self.recurrence) + self.beyond

    def range_of_steps(self) -> str:
        """The steps at which a statement about t holds."""
        last = f"T - {self.beyond}" if self.beyond else "T"
        return f"{self.start + 1} ≤ t ≤ {last}"

    def _horizon_time(self) -> Time:
        return END

    def _template_edges(self) -> tuple[tuple[str, str, int], ...]:
        """(user, used, lag) for the edges between step definitions."""
        found: dict[tuple[str, str, int], None] = {}
        for d in self.recurrence.steps:
            for v in variables(d.body):
                if v.name in self._stepwise and v.time is not None:
                    found[d.target.name, v.name, (NOW - v.time).shift] = None
        return tuple(found)

    def at_step(self, node: Variable) -> bool:
        """Whether `node` is a variable at a general step, not an initial or shared one."""
        if node.time is None or node.name not in self._stepwise:
            return False
        return not node.time.is_number or node.time.shift > self.start

    def _relevant(self, by: Variable) -> tuple[str, ...]:
        """The names of the step variables on a path from `by` to the cost, in topological order."""
        live = {v.name for v in descendants(self.sample, by) if self.at_step(v)}
        return tuple(name for name in self.order if name in live & self.names_to(self.cost))

    def _names_to(self, of: Variable) -> frozenset[str]:
        """The names of the steps that `of`, which has no time, depends on at some horizon.

        Names, not nodes: with a lag of 2 the last state needs the even steps at one T, the odd at another.
        """
        waiting = [v.name for v in self._inside(of) if self.at_step(v)]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [used for user, used, _ in self._edges if user == name]
        return frozenset(found)

    def _inside(self, of: Variable) -> Iterator[Variable]:
        """What `of` and the quantities without time that it is made of use directly."""
        for node in (v for v in ancestors(self.sample, of) if v.time is None):
            yield from self.sample.inputs.get(node, ())

    def early(self) -> tuple[Variable, ...]:
        """The nodes before the first general step, initial states and constants, in order."""
        return tuple(
            v
            for v in self.sample.nodes
            if v.time is not None
            and v.time.shift <= self.start
            and (v.name in self._stepwise or v in self.sample.bodies)
        )

    def aggregates(self) -> tuple[Variable, ...]:
        """The cost, last, and what else without time depends on the steps, in topological order."""
        return self._made_of_steps

    @cached_property
    def _made_of_steps(self) -> tuple[Variable, ...]:
        return tuple(
            v
            for v in self.sample.nodes
            if v.time is None
            and v in self._shared
            and (v == self.cost or any(u.time is not None for u in ancestors(self.sample, v)))
        )

    def body(self, node: Variable) -> Expr | None:
        if not self.at_step(node):
            given = (*self.recurrence.fixed, *self.recurrence.shared)
            return next((d.body for d in given if d.target == node), None)
        assert node.time is not None
        template = next(d for d in self.recurrence.steps if d.target.name == node.name)
        return move(template.body, {STEP: node.time})

    def depends(self, of: Variable, by: Variable) -> bool:
        """Whether there may be a path; False only where there is none at any step of any horizon."""
        if of == by:
            return True
        if self.at_step(by):
            return self._is_reached(by, of)
        shared = Variable(by.name, by.time)
        if of.time is None:
            return self._ever(shared, of)
        after = descendants(self.sample, shared)
        if not self.at_step(of):
            return of in after
        return any(v.name == of.name and self.at_step(v) for v in after)

    def uses(self, of: Variable, by: Variable) -> bool:
        if of.time is None:
            names = {v.name for v in variables(self._shared[of].body)} if of in self._shared else ()
            return by.name in names
        if not self.at_step(of):
            return by in self.sample.inputs.get(of, ())
        if by.time is None or by.name not in self._stepwise:
            return Variable(by.name, by.time) in self.sample.inputs[self._late(of)]
        lag = of.time - by.time
        return lag.is_number and (of.name, by.name, lag.shift) in self._edges

    def _late(self, of: Variable) -> Variable:
        return Variable(of.name, Time.at(self.sample.horizon - 1))

    def users(self, by: Variable, of: Variable) -> tuple[Variable, ...]:
        return tuple([v for v in self.every_user(by) if self._is_reached(v, of)])

    def every_user(self, by: Variable) -> tuple[Variable, ...]:
        """As in `Setting`, for a `by` that has a time; the uses of a shared one are a Σ."""
        return self._user_list(by)

    def _every_user(self, by: Variable) -> tuple[Variable, ...]:
        if by.time is None:
            raise DeriveError(f"{by.name} is used at every step: no finite list of users")
        found: list[Variable] = []
        if not self.at_step(by):
            found += [v for v in self.sample.users.get(by, ()) if v.time and not self.at_step(v)]
        if by.name in self._stepwise:
            later = sorted(
                (abs(lag), lag, self.order.index(user), user)
                for user, used, lag in self._edges
                if used == by.name
            )
            nodes = [Variable(user, by.time + lag) for _, lag, _, user in later]
            found += [v for v in nodes if self.at_step(v)]
        found += [a for a in self.aggregates() if self._aggregates(a, by)]
        return tuple(found)

    def _aggregates(self, aggregate: Variable, by: Variable) -> bool:
        if self.at_step(by):
            inputs = self.sample.inputs[aggregate]
            return any(v.name == by.name and self.at_step(v) for v in inputs)
        return by in self.sample.inputs[aggregate]

    def _reaches(self, node: Variable, of: Variable) -> bool:
        if node == of:
            return True
        if of.time is not None:
            if node.time is None:
                return False
            ahead = of.time - node.time
            base = self.start + 1
            if not ahead.is_number or base + ahead.shift > self.sample.horizon:
                return True
            if ahead.shift < 0:
                return False
            return Variable(of.name, Time.at(base + ahead.shift)) in descendants(
                self.sample, Variable(node.name, Time.at(base))
            )
        return self._ever(node, of)

    def _ever(self, node: Variable, of: Variable) -> bool:
        """Whether `of` depends on `node` at some step of some horizon."""
        names = self.names_to(of)
        if self.at_step(node):
            return node.name in names
        after = descendants(self.sample, node)
        return of in after or any(v.name in names for v in after if self.at_step(v))

    def chain(self, of: Variable, by: Variable) -> Expr:
        if by.time is not None:
            return add(self.step(of, user, by) for user in self.users(by, of))
        now = Time.of(self.index)
        body = add(
            self.step(of, Variable(name, now), by)
            for name in self.relevant(by)
            if self.uses(Variable(name, now), by)
        )
        early = [
            v
            for v in self.early()
            if by in self.sample.inputs.get(v, ()) and self._is_reached(v, of)
        ]
        shared = [
            v for v in self._shared if by in self.sample.inputs[v] and self._is_reached(v, of)
        ]
        return add(
            (*self._terms(of, shared, by), *self._terms(of, early, by), self._over_steps(body))
        )

    def _terms(self, of: Variable, users: Iterable[Variable], by: Variable) -> list[Expr]:
        return [self.step(of, user, by) for user in users]

    def _over_steps(self, body: Expr) -> Expr:
        if body == ZERO:
            return ZERO
        return BigSum(self.index, Time.at(self.start + 1), END, body)

    def differential(self, of: Variable, by: Variable) -> Expr:
        if of in self.aggregates():
            return self._aggregate_differential(of, by)
        inputs = self._inputs(of)
        direct = [self.edge(of, by)] if by in inputs else []
        through = (
            multiply((self.edge(of, v), Total(v, by)))
            for v in inputs
            if v != by and self.depends(v, by)
        )
        return add((*direct, *through))

    def _inputs(self, of: Variable) -> tuple[Variable, ...]:
        if not self.at_step(of):
            return self.sample.inputs.get(of, ())
        body = self.body(of)
        return tuple(dict.fromkeys(variables(body))) if body is not None else ()

    def _aggregate_differential(self, of: Variable, by: Variable) -> Expr:
        inputs = self.sample.inputs[of]
        terms: list[Expr] = [self.edge(of, by)] if by in inputs else []
        for v in inputs:
            if v != by and not self.at_step(v) and self.depends(v, by):
                terms.append(multiply((self.edge(of, v), Total(v, by))))
        now = Time.of(self.index)
        names = {v.name for v in inputs if self.at_step(v)}
        body = add(
            multiply((self.edge(of, Variable(name, now)), Total(Variable(name, now), by)))
            for name in self.relevant(by)
            if name in names
        )
        return add((*terms, self._over_steps(body)))


class EveryHorizon(GeneralStep):
    """A general step of a model whose states all run forward in time."""

    def __init__(self, recurrence: Recurrence, index: str = "s", beyond: int = 0) -> None:
        if looks_ahead(recurrence):
            raise DeriveError(
                "a state runs backward in time, so there is no last step to start from"
            )
        super().__init__(recurrence, index, beyond)


class BothDirections(GeneralStep):
    """A general step of a model some of whose states run backward in time, others forward.

    States of one direction may use those of the other at any fixed distance; what uses each other runs
    in one direction, so the unrolled model has no cycle at any T. What lies before the first step, as
    ∂C/∂k_0 of a k that runs backward, counts as 0 like what lies beyond the horizon. A final state k_{T+1}
    is given as an initial state is.
    """

    def __init__(self, recurrence: Recurrence, index: str = "s") -> None:
        refuse_misfit(recurrence)
        self.directions = directions(recurrence)
        super().__init__(recurrence, index)
        self._indirect = self._indirect | frozenset(self._ways_beside())

    def _sampled(self, recurrence: Recurrence) -> Graph:
        """As it is, but with the time of a final state counted from T."""
        graph = unrolled(recurrence, sample_horizon(recurrence))

        def named(v: Variable) -> Variable:
            if v.time is None or v.time.shift <= graph.horizon:
                return v
            return Variable(v.name, END + (v.time.shift - graph.horizon))

        def each(lists: Mapping[Variable, tuple[Variable, ...]]) -> dict[Variable, Neighbours]:
            return {named(v): tuple(map(named, found)) for v, found in lists.items()}

        return Graph(
            recurrence,
            graph.horizon,
            tuple(map(named, graph.nodes)),
            {named(v): body for v, body in graph.bodies.items()},
            each(graph.inputs),
            each(graph.users),
            {named(v): i for v, i in graph.position.items()},
            frozenset(map(named, graph.abstract)),
        )

    @property
    def least(self) -> int:
        """As for states that run forward; with given first states also far enough from the last one."""
        reach = self.recurrence.lag + self.recurrence.ahead
        return max(super().least, self.start + reach if self.start else 1)

    def at_step(self, node: Variable) -> bool:
        return super().at_step(node) and not self._is_final(node)

    def _is_final(self, node: Variable) -> bool:
        beyond = node.time - END if node.time is not None else END
        return beyond.is_number and beyond.shift > 0

    def early(self) -> tuple[Variable, ...]:
        """What has a time and is no general step: the initial states and the final ones, in order."""
        final = [v for v in self.sample.nodes if self._is_final(v)]
        return (
            *(v for v in super().early() if v not in final),
            *(v for v in final if v.name in self._stepwise),
        )

    def depends(self, of: Variable, by: Variable) -> bool:
        """As in `GeneralStep`, but by name: a general step may be the one that uses a final state."""
        given = of not in self.sample.bodies or any(d.target == of for d in self.recurrence.fixed)
        exact = of.time is None or (given and not self.at_step(of))
        if of == by or exact or self.at_step(by):
            return super().depends(of, by)
        return of.name in self._names_after(Variable(by.name, by.time))

    def _relevant(self, by: Variable) -> tuple[str, ...]:
        live = self._names_after(by) & self.names_to(self.cost)
        return tuple(name for name in self.order if name in live)

    def _names_after(self, by: Variable) -> frozenset[str]:
        """The names of the step variables of which some, perhaps an initial one, depends on `by`."""
        after = (v.name for v in descendants(self.sample, by) if v.time is not None)
        found = frozenset(after) & self._stepwise
        return frozenset(name for name in self.order if found & self._names_below(name))

    def _ways_beside(self) -> Iterator[tuple[str, str, int | None]]:
        """The kinds of edges beside which, by the names alone, another way may lead.

        With lags of 13 forward and 11 backward a way back to the next step crosses 78 steps; no sample
        is made long enough to show all of these.
        """
        inside = {d.target.name: d.body for d in (*self.recurrence.steps, *self.recurrence.shared)}
        for of, body in inside.items():
            used = dict.fromkeys(variables(body))
            for by in used:
                if any(w != by and self._may_reach(by, w) for w in used):
                    lag = (NOW - by.time).shift if by.time and of in self.order else None
                    yield of, by.name, lag

    def _may_reach(self, by: Variable, of: Variable) -> bool:
        if of.name not in self._stepwise or of.time is None:
            return False
        if by.time is None:
            return of.name in self._names_after(by)
        if by.name != of.name or self._cycles_with_others(by.name):
            return by.name in self._names_below(of.name)
        ahead = of.time - by.time
        return not ahead.is_number or ahead.shift * self.directions[by.name] > 0

    def _cycles_with_others(self, name: str) -> bool:
        """Whether a variable is used by what uses it, other than itself."""
        return any(name in self._names_below(n) for n in self._names_below(name) - {name})

    def _reaches(self, node: Variable, of: Variable) -> bool:
        """By name where both have a time: a way between them may lead to later steps and back."""
        if node == of or of.time is None:
            return node == of or self._ever(node, of)
        return node.time is not None and node.name in self._names_below(of.name)

    def _names_below(self, name: str) -> frozenset[str]:
        found, waiting = {name}, [name]
        while waiting:
            here = waiting.pop()
            for user, used, _ in self._edges:
                if user == here and used not in found:
                    found.add(used)
                    waiting.append(used)
        return frozenset(found)


def general_step(recurrence: Recurrence) -> EveryHorizon | BothDirections:
    """The setting in which a model is proved for every T; DeriveError, with the reason, for none."""
    return BothDirections(recurrence) if looks_ahead(recurrence) else EveryHorizon(recurrence)
