"""T steps for the price of a few: each kind of step is derived and checked once, in full, by the kernel.

A recurrence is the same at every step but for its ends. The slices of the graph at T that have the same
surroundings (definitions, edges, what reaches the cost, what depends on the parameter, as far as an edge
reaches) are of one kind, and what is derived at a node speaks of its surroundings alone: of the variables
that it uses, of those that use it, of their definitions. So the derivations at a few steps that show every
kind are schemata, and each line at T is one of theirs with its index moved. What is checked for T is that
there is no slice of another kind. The quantities without time, whose edges go to all steps, have their
equations written from the edges at T themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import Any

from derive.algebra.expression import (
    Equation,
    Expr,
    Number,
    Time,
    Total,
    Variable,
    add,
    is_constant,
    move,
    multiply,
    tidy_rebuild,
)
from derive.errors import DeriveError, TooMuch
from derive.model.graph import folded
from derive.model.horizon import least_horizon, looks_ahead, refuse_misfit
from derive.model.partials import Partials
from derive.model.recurrence import HORIZON, Recurrence
from derive.model.slices import (
    Interner,
    Node,
    Slices,
    bytes_per_step,
    refuse_unlike_steps,
    same_edges,
)
from derive.notation.latex import latex
from derive.proof.agreement import MOST_LETTERS, MOST_WORDS, agree, described
from derive.proof.kernel import _SEAL, Theorem, _Mark, genuine
from derive.proof.rules import Unproved
from derive.proof.setting import FewSteps
from derive.proof.steps import Chain, Derivation, Step

MOST_FEW = 16
Window = tuple[int, ...]
Coefficient = int | Fraction
IntWords = dict[tuple[int, ...], Coefficient]


class Unrolled:
    """A model at T in plain integers, with what stands in each slice."""

    def __init__(self, recurrence: Recurrence, horizon: int, number: Interner) -> None:
        self.slices = Slices(recurrence, horizon)
        self.number = number
        self.above = self.slices.ancestors(self.slices.cost)
        self.states = self.slices.states(number, self.above)

    def below(self, by: Variable) -> bytearray:
        """For each node whether it depends on `by`."""
        return self.slices.descendants(self.slices.node(by))

    def windows(self, below: bytearray) -> list[Window]:
        """The surroundings of each slice."""
        return self.slices.windows(self.number, self.states, below)

    @cached_property
    def counts(self) -> Mapping[Node, int]:
        """How many paths lead to the cost from each quantity without time."""
        return self.slices.count_paths()


def unrolled_kinds(recurrence: Recurrence, horizon: int, memory: int | None = None) -> Unrolled:
    """The model at T; DeriveError where its steps are not the same but for their ends.

    TooMuch, with an estimate, where it needs more than `memory` bytes.
    """
    if horizon < max(1, recurrence.start):
        raise DeriveError("there is no step")
    if looks_ahead(recurrence):
        raise DeriveError("a state runs backward in time")
    refuse_misfit(recurrence)
    refuse_unlike_steps(recurrence)
    needed = horizon * bytes_per_step(recurrence)
    if memory is not None and needed > memory:
        raise TooMuch(
            f"T = {horizon} would take about {_amount(needed)} of memory, "
            f"and there are {_amount(memory)}"
        )
    return Unrolled(recurrence, horizon, Interner())


def _amount(size: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000:
            return f"{size} {unit}"
        size //= 1000
    return "more than 1000 PB"


def few_steps(many: Unrolled, wrt: Sequence[Variable]) -> Unrolled:
    """The model at the first T with every kind of slice; DeriveError where none up to a limit has."""
    recurrence = many.slices.recurrence
    wanted = [set(many.windows(many.below(by))) for by in wrt]
    least = least_horizon(recurrence)
    most = min(many.slices.horizon, least + MOST_FEW + 8 * recurrence.lag)
    for horizon in range(min(least, most), most + 1):
        few = Unrolled(recurrence, horizon, many.number)
        if all(
            windows.issubset(few.windows(few.below(by)))
            for by, windows in zip(wrt, wanted, strict=True)
        ):
            return few
    raise DeriveError(f"T = {most} does not show every kind of step")


@dataclass(frozen=True, eq=False)
class ManySteps:
    """The three derivations of ∂C/∂`by` agree at T: checked at few steps, of which T has only instances.

    Only `agree_at` makes one: without the seal it is refused.
    """

    by: Variable
    scope: str
    method: str
    agreement: Theorem
    forward: Theorem
    backward: Theorem
    few: Unrolled
    many: Unrolled
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise Unproved("only the kernel makes a theorem")
        object.__setattr__(self, "_mark", _Mark(_said(self)))

    def __init_subclass__(cls, **_: object) -> None:
        raise TypeError("an agreement at T is a ManySteps: it has no subclasses")

    @property
    def setting(self) -> FewSteps:
        """The few steps, in which the formulas of all have their meaning."""
        assert isinstance(self.agreement.setting, FewSteps)
        return self.agreement.setting

    @property
    def goal(self) -> Total:
        return Total(self.setting.cost, self.by)

    # -- the claim --------------------------------------------------------------------------------

    def claim(self, most: int | None = None) -> Equation:
        """What agrees at T; of more than `most` + 1 terms the first `most` and the last one."""
        return Equation(_abridged(self.forward_terms, most), _abridged(self.backward_terms, most))

    def forward_terms(self, last_first: bool = False) -> Iterator[Expr]:
        """The terms of ∂C/∂θ = Σ_V ∂⁺C/∂V ∂V/∂θ over what the cost names."""
        slices, setting = self.many.slices, self.setting
        by, below = slices.node(self.by), self._below
        used = slices.inputs.get(slices.cost, ())
        direct = [setting.edge(setting.cost, self.by)] if by in used else []
        through = (
            multiply((setting.edge(setting.cost, v), Total(v, self.by)))
            for v in (
                slices.variable(node)
                for node in (reversed(used) if last_first else used)
                if node != by and below[node]
            )
        )
        return _chained(through, direct) if last_first else _chained(direct, through)

    def backward_terms(self, last_first: bool = False) -> Iterator[Expr]:
        """The terms of ∂C/∂θ = Σ_V ∂C/∂V ∂⁺V/∂θ over what uses θ."""
        slices, above = self.many.slices, self.many.above
        for node in slices.users_of(slices.node(self.by), last_first):
            if above[node]:
                yield self.setting.step(self.setting.cost, slices.variable(node), self.by)

    # -- the instances ----------------------------------------------------------------------------

    @cached_property
    def _below(self) -> bytearray:
        return self.many.below(self.by)

    @cached_property
    def _places(self) -> tuple[list[Window], dict[Window, int]]:
        """The windows at T, and at which of the few slices each is found."""
        found: dict[Window, int] = {}
        for i, window in enumerate(self.few.windows(self.few.below(self.by))):
            found.setdefault(window, i)
        return self.many.windows(self._below), found

    @cached_property
    def _schemata(self) -> Mapping[tuple[bool, Expr], Chain]:
        """The chains at few steps by their first line; forward ones and backward ones apart."""
        return {
            (ahead, chain.steps[0].before): chain
            for ahead, theorem in ((True, self.forward), (False, self.backward))
            for chain in theorem.derivation.chains
        }

    def instance(self, start: Total, ahead: bool) -> Chain:
        """What is proved at T of a sensitivity ∂h_t/∂θ (`ahead`) or of an adjoint ∂C/∂h_t.

        Raises Unproved for what no derivation says anything of.
        """
        node = start.of if ahead else start.by
        windows, places = self._places
        slices, few = self.many.slices, self.few.slices
        try:
            at = slices.slice_of(slices.node(node))
        except KeyError:
            at = None
        if at is None or not 0 <= at < len(windows) or (not ahead and self._is_far(node)):
            raise Unproved(f"{latex(node)} is no variable of a step")
        shift = (at + slices.low) - (places[windows[at]] + few.low)
        there = Variable(node.name, node.time and node.time + -shift)
        key = Total(there, start.by) if ahead else Total(start.of, there)
        chain = self._schemata.get((ahead, key))
        if chain is None:
            raise Unproved(f"nothing was derived of {latex(start)}")
        return _moved_chain(chain, self._mover(shift), slices.horizon)

    def _is_far(self, node: Variable) -> bool:
        """Whether all steps use this one variable: then its adjoint is a sum over all of them."""
        return self.many.slices.node(node) in self.many.slices.far

    def _mover(self, shift: int) -> Callable[[Variable], Variable]:
        """Moves a variable of the few steps to T: by its step, or as it is named, from either end."""
        few, many = self.few.slices, self.many.slices
        marks = {few.variable(node): mark for node, mark in few.marks.items()}

        def moved(v: Variable) -> Variable:
            if v.time is None or not v.time.is_number:
                return v
            end, distance = marks.get(v, ("", 0))
            if end:
                return Variable(v.name, Time.at(distance + (many.horizon if end == "end" else 0)))
            return Variable(v.name, v.time + shift)

        return moved

    def check(self, derivation: Derivation, ahead: bool) -> set[Equation]:
        """The equations of a derivation at T whose chains are all instances; Unproved for any other."""
        found: set[Equation] = set()
        for number, chain in enumerate(derivation.chains, 1):
            where = f"{derivation.title}, line {number}"
            start = chain.steps[0].before if chain.steps else None
            if not isinstance(start, Total):
                raise Unproved(f"{where}: this begins with no derivative")
            known = self.instance(start, ahead)
            if chain.steps != known.steps:
                raise Unproved(f"{where}: this is no instance of what was proved of {latex(start)}")
            for step in chain.steps:
                found |= {Equation(step.before, step.after), Equation(start, step.after)}
        return found


def _said(found: ManySteps) -> tuple[object, ...]:
    theorems = (found.agreement, found.forward, found.backward)
    return found.by, found.scope, found.method, *theorems, found.few, found.many


def genuine_steps(found: object) -> bool:
    """Whether this is an agreement at T as it was made, of theorems as the kernel made them."""
    if type(found) is not ManySteps:
        return False
    mark = getattr(found, "_mark", None)
    theorems = (found.agreement, found.forward, found.backward)
    return type(mark) is _Mark and mark.is_of(_said(found)) and all(map(genuine, theorems))


def agree_at(
    many: Unrolled,
    few: Unrolled,
    by: Variable,
    differential: Theorem,
    forward: Theorem,
    backward: Theorem,
) -> ManySteps:
    """∂C/∂`by` by total differentiation, forward accumulation and BPTT: equal at the T of `many`.

    The three are derivations at the few steps. Raises Unproved where they do not agree there, and where
    T has a slice of another kind.
    """
    setting = forward.setting
    if not isinstance(setting, FewSteps) or setting.horizon != few.slices.horizon:
        raise Unproved("the derivations are not of these few steps")
    if any(u.slices.recurrence is not setting.recurrence for u in (few, many)):
        raise Unproved("the derivations are of another model")
    agreement = agree(setting, by, differential, forward, backward)
    if not same_edges(few.slices, setting.graph):
        raise Unproved("the few steps have other edges than were derived from")
    below, below_few = many.below(by), few.below(by)
    if many.slices.header(below, many.above) != few.slices.header(below_few, few.above):
        raise Unproved("what has no time depends on another thing at this T")
    windows = few.windows(below_few)
    if not set(many.windows(below)).issubset(windows):
        raise Unproved("there is a kind of step that was not derived")
    _refuse_changing_numbers(backward, few.slices, windows)
    count = many.counts.get(many.slices.node(by), 0)
    words = _same_words(many, below, by, count)
    scope = f"T = {many.slices.horizon}"
    method = described(count, words)
    return ManySteps(by, scope, method, agreement, forward, backward, few, many, _SEAL)


def _refuse_changing_numbers(backward: Theorem, slices: Slices, windows: Sequence[Window]) -> None:
    """An adjoint that is a number is put in where it is used: it must be one for all slices of one content.

    Then what is put in at T, from the last step to the first, is what was put in at the few.
    """
    found: dict[tuple[str, int], Expr | None] = {}
    for chain in backward.derivation.chains:
        start, line = chain.equation.left, chain.equation.right
        if not isinstance(start, Total) or start.by.time is None:
            continue
        at = slices.slice_of(slices.node(start.by))
        assert at is not None
        number = line if is_constant(line) else None
        key = start.by.name, windows[at][len(windows[at]) // 2]
        if found.setdefault(key, number) != number:
            raise Unproved(f"the adjoint of {start.by.name} is another number at each step")


# -- words --------------------------------------------------------------------------------------------


def _same_words(many: Unrolled, below: bytearray, by: Variable, count: int) -> int | None:
    """How many words both ways of expanding come to, in plain integers; None where they are too many."""
    slices = many.slices
    if count > MOST_WORDS:
        return None
    start, cost = slices.node(by), slices.cost
    live = [n for n in slices.order if below[n] and many.above[n]]
    if _letters(slices, live, start) > MOST_LETTERS:
        return None
    edge = _Edges(many)
    forward: dict[Node, IntWords] = {start: {(): 1}}
    for node in live:
        if node != start:
            parts = ((edge(node, v), forward[v]) for v in slices.inputs[node] if v in forward)
            forward[node] = _sum((c * m, (*e, *w)) for (c, e), ws in parts for w, m in ws.items())
    backward: dict[Node, IntWords] = {cost: {(): 1}}
    sums: dict[Node, list[tuple[Coefficient, tuple[int, ...]]]] = {}
    for node in reversed(live):
        if node != cost:
            backward[node] = _sum(sums.pop(node, ()))
        for v in slices.inputs.get(node, ()):
            if below[v]:
                c, e = edge(node, v)
                found = sums.setdefault(v, [])
                found += [(m * c, (*w, *e)) for w, m in backward[node].items()]
    one, other = forward.get(cost, {}), backward.get(start, {})
    if one != other:
        raise Unproved("the gradients have different normal forms")
    return len(one)


def _letters(slices: Slices, live: Sequence[Node], start: Node) -> int:
    """How many letters the forward expansion writes, over all nodes."""
    counts, lengths = {start: 1}, {start: 0}
    for node in live:
        if node != start:
            used = [v for v in slices.inputs[node] if v in counts]
            counts[node] = sum(counts[v] for v in used)
            lengths[node] = sum(lengths[v] + counts[v] for v in used)
    return sum(lengths.values())


def _sum(parts: Iterable[tuple[Coefficient, tuple[int, ...]]]) -> IntWords:
    result: IntWords = {}
    for coefficient, word in parts:
        result[word] = result.get(word, 0) + coefficient
    return {word: coefficient for word, coefficient in result.items() if coefficient}


class _Edges:
    """The letter of an edge, or the number that its closed derivative is; each kind is looked up once."""

    def __init__(self, many: Unrolled) -> None:
        self._slices, self._states = many.slices, many.states
        self._partials = Partials(many.slices.recurrence, by_table=True)
        self._known: dict[tuple[object, ...], Coefficient | None] = {}
        self._horizon = Time.at(many.slices.horizon)

    def __call__(self, of: Node, by: Node) -> tuple[Coefficient, tuple[int, ...]]:
        slices = self._slices
        kind = slices.definition[of], self._kind(of), self._kind(by), self._apart(of, by)
        if kind not in self._known:
            closed = self._partials(slices.variable(of), slices.variable(by), self._horizon)
            value = closed.value if isinstance(closed, Number) else None
            whole = value is not None and value.denominator == 1
            self._known[kind] = value.numerator if value is not None and whole else value
        number = self._known[kind]
        return (1, (of * slices.size + by,)) if number is None else (number, ())

    def _kind(self, node: Node) -> tuple[int, int]:
        at = self._slices.slice_of(node)
        return (-1, node) if at is None else (self._states[at], node % self._slices.width)

    def _apart(self, of: Node, by: Node) -> int:
        slices = self._slices
        return of // slices.width - by // slices.width if max(of, by) < slices.timed else 0


# -- moving -------------------------------------------------------------------------------------------


def _chained(*parts: Iterable[Expr]) -> Iterator[Expr]:
    for part in parts:
        yield from part


def _abridged(terms: Callable[[bool], Iterator[Expr]], most: int | None) -> Expr:
    """A sum, or of a long one the first terms and the last."""
    if most is None:
        return add(terms(False))
    first = list(islice(terms(False), most + 2))
    if len(first) <= most + 1:
        return add(first)
    return add((*first[:most], next(terms(True))))


def _moved_chain(chain: Chain, mover: Callable[[Variable], Variable], horizon: int) -> Chain:
    """A chain with its variables moved and T put in."""
    end = {HORIZON: Time.at(horizon)}

    def line(expr: Expr) -> Expr:
        return _folded(move(_moved(expr, mover), end))

    def cited(equation: Equation) -> Equation:
        return Equation(line(equation.left), line(equation.right))

    steps = (
        Step(s.rule, line(s.before), line(s.after), tuple(map(cited, s.given))) for s in chain.steps
    )
    return Chain(tuple(steps), chain.title, chain.section)


def _moved(part: Any, mover: Callable[[Variable], Variable]) -> Any:
    """A part of a formula with its variables moved."""
    if isinstance(part, Variable):
        return mover(part)
    if isinstance(part, tuple):
        return tuple(_moved(x, mover) for x in part)
    if isinstance(part, Expr):
        kind, fields = part.__reduce__()
        return kind(*(_moved(x, mover) for x in fields))
    return part


def _folded(expr: Expr) -> Expr:
    return folded(tidy_rebuild(expr, _folded))
