"""The theorem for every T as data for another proof checker: two recursions and what joins them.

Everything is in the model's own time. The edges are read from the definitions, not from the derivers:
S_t = P_t + Σ_k A_{t,k} S_{t-k} forward, λ_t = κ_t + Σ_k λ_{t+k} A_{t+k,k} backward (DESIGN, section 4).
A name is a Coq identifier; what it stands for is told beside it as a formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from derive.algebra.expression import (
    Call,
    Expr,
    Immediate,
    Partial,
    Time,
    Total,
    Variable,
    move_variable,
)
from derive.model.graph import ancestors, descendants, edges, unrolled
from derive.model.horizon import named_times
from derive.model.recurrence import END, HORIZON, NOW, STEP, Definition, Recurrence, variables
from derive.notation.latex import latex
from derive.proof.kernel import Theorem, refuse_forged
from derive.proof.rules import Unproved
from derive.proof.setting import BothDirections, EveryHorizon

Edge = tuple[Variable, Variable]
Range = tuple[Time, Time]


@dataclass(frozen=True, slots=True)
class Atom:
    """An immediate derivative: one letter a step where `varies`, else a single one.

    `meaning` is its closed form, or ∂f/∂slot of an abstract f; None where neither can be written.
    """

    name: str
    derivative: Immediate
    meaning: Expr | None
    varies: bool


@dataclass(frozen=True, slots=True)
class Use:
    """What a quantity without time takes from step t: `atom` at the steps in `ranges`, elsewhere 0."""

    name: str
    atom: Atom
    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Factor:
    """A letter of a product: an identifier, its arguments, the window of sensitivities it is read from."""

    name: str
    at: tuple[Time, ...] = ()
    window: str = ""


Term = tuple[Factor, ...]
Terms = tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """`name` := the sum of `terms`; it stands for `meaning`."""

    name: str
    meaning: Expr
    terms: Terms


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the window of sensitivities: what it holds at the start and what each step puts there."""

    name: str
    meaning: Expr
    initial: Terms
    now: Factor


@dataclass(frozen=True, slots=True)
class Later:
    """An adjoint of a later step, which the backward recursion is given; `now` is it a step on."""

    name: str
    meaning: Expr
    now: str


@dataclass(frozen=True, slots=True)
class Source:
    """θ, or what carries θ and is shared by all steps: `name` adds up the uses made of it.

    `step` are the uses of step t, `early` those of the initial states; `whole` names the sum over all.
    """

    name: str
    whole: str
    variable: Variable
    sensitivity: Term
    step: Terms
    early: Terms


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A quantity without time that is made of the steps; the cost is the last one.

    `total` names the sum of `steps` over the steps, `forward` is the total differential, `adjoint` what
    the cost's derivative by it is (None for the cost itself).
    """

    variable: Variable
    total: str
    steps: Terms
    forward: Line
    adjoint: Line | None


@dataclass(frozen=True, slots=True)
class Table:
    """Variables that use each other, worked out together from step to step, upward in time or not.

    `names` are those of their lines. `early` and `beyond` are what is given at a place up to the start,
    or so many places behind the last one, by name; an empty name where nothing is.
    """

    number: int
    upward: bool
    names: tuple[str, ...]
    fields: tuple[str, ...]
    early: Mapping[int, tuple[str, ...]]
    beyond: Mapping[int, tuple[str, ...]]

    def worked_out(self, terms: Terms) -> Terms:
        """`terms` with what is of the same step named as it stands before it is entered."""
        return tuple(
            tuple(
                Factor(f"next_{f.name}", (), "T before t")
                if f.name in self.names and f.at == (END, NOW)
                else f
                for f in term
            )
            for term in terms
        )

    def within(self, terms: Terms, prefix: str = "") -> tuple[str, ...]:
        """The variables of this table that `terms` mention with `prefix` before the name."""
        mentioned = {f.name for term in terms for f in term}
        return tuple(name for name in self.names if prefix + name in mentioned)


@dataclass(frozen=True, slots=True)
class Crossing:
    """An edge over `lag` steps, counted at the variable that it leaves and at the one that it enters.

    What only the second way counts are its uses of `given` states.
    """

    user: Line
    used: Line
    lag: int
    leaving: Term
    entering: Term
    given: Terms


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the theorem takes for granted of what is called `name`, by the kind of assumption."""

    kind: str
    name: str
    derivative: Immediate | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Both recursions for one parameter, and what joins them after n steps.

    The steps are those after `start`; `least` is the first T of the theorem. `joint` are the edges that
    cross from a step ≤ t to a later one, `outside` what the cost takes from initial states. With `maps`
    a letter is a linear map between the `spaces` of two variables, given by their names, not a factor.

    Where states run in both directions of time each side has `tables` in place of one recursion, and
    times are places, `offset` more than the times themselves, so that none is below 0.
    """

    module: str
    recurrence: Recurrence
    by: Variable
    start: int
    least: int
    atoms: tuple[Atom, ...]
    uses: tuple[Use, ...]
    carriers: tuple[Line, ...]
    early: tuple[Line, ...]
    slots: tuple[Slot, ...]
    step: tuple[Line, ...]
    aggregates: tuple[Aggregate, ...]
    later: tuple[Later, ...]
    step_adjoints: tuple[Line, ...]
    early_adjoints: tuple[Line, ...]
    sources: tuple[Source, ...]
    carrier_adjoints: tuple[Line, ...]
    backward: Line
    joint: Terms
    outside: Terms
    spaces: tuple[tuple[str, str], ...]
    maps: bool = False
    tables: tuple[Table, ...] = ()
    adjoint_tables: tuple[Table, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    offset: int = 0
    both: bool = False

    @property
    def cost(self) -> Variable:
        """What is differentiated."""
        return self.recurrence.cost

    def lines(self, table: Table) -> tuple[Line, ...]:
        """The equations of a table."""
        found = {line.name: line for line in (*self.step, *self.step_adjoints)}
        return tuple(found[name] for name in table.names)

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """What ties the theorem to the model: each letter is the immediate derivative it is named after.

        A map has a transpose as well, of which ⟨u, J v⟩ = ⟨Jᵀ u, v⟩ is assumed, in a given pairing.
        """
        kind = "adjoint" if self.maps else "letter"
        found = tuple(Hypothesis(kind, atom.name, atom.derivative) for atom in self.atoms)
        return (Hypothesis("pairing", "space"), *found) if self.maps else found


def certificate(theorem: Theorem, by: Variable, maps: bool = False) -> Certificate:
    """The data of a theorem on ∂C/∂`by` for every T that the kernel has checked.

    `maps` says that the derivatives are linear maps between vectors or matrices of any shape; they always
    are where states run in both directions of time.
    Raises Unproved where the recursions would not follow exactly the edges of the unrolled model.
    """
    refuse_forged(theorem)
    setting = theorem.setting
    if not isinstance(setting, EveryHorizon | BothDirections):
        raise Unproved("a certificate needs a theorem for every T")
    sides = (setting.differential(setting.cost, by), setting.chain(setting.cost, by))
    if (theorem.claim.left, theorem.claim.right) != sides:
        raise Unproved(f"the theorem is not about {latex(Total(setting.cost, by))}")
    if isinstance(setting, BothDirections):
        found = _BothWays(setting, by).certificate()
    else:
        found = replace(_Builder(setting, by).certificate(), maps=maps)
    refuse_other_edges(setting, found)
    return found


def refuse_other_edges(setting: EveryHorizon | BothDirections, found: Certificate) -> None:
    """Unproved where the letters are not the edges of the model at each of several T."""
    for horizon in range(setting.least, setting.least + setting.recurrence.lag + 4):
        graph = unrolled(setting.recurrence, horizon)
        live = descendants(graph, found.by) & ancestors(graph, found.cost)
        actual = {(a, b) for a, b in edges(graph) if a in live and b in live}
        written = {(a, b) for a, b in _instances(found, horizon) if a in live and b in live}
        for of, used in sorted(actual ^ written, key=repr):
            raise Unproved(
                f"{latex(of)} uses {latex(used)} in a way that its recursions do not express"
            )


def _instances(found: Certificate, horizon: int) -> Iterator[Edge]:
    """The edges that the letters stand for at one T."""
    last = {HORIZON: Time.at(horizon)}
    end = {HORIZON: Time.at(horizon + found.offset)}
    ranges = {use.atom: use.ranges for use in found.uses}
    general = ((Time.at(found.start + 1), END),)
    for atom in found.atoms:
        of, used = atom.derivative.of, atom.derivative.by
        if not atom.varies:
            yield move_variable(of, last), move_variable(used, last)
            continue
        for low, high in ranges.get(atom, general):
            for t in range(low.replace(end).shift, high.replace(end).shift + 1):
                now = {STEP: Time.at(t - found.offset)}
                yield move_variable(of, now), move_variable(used, now)


# -- names ------------------------------------------------------------------------------------------


class _Names:
    """Identifiers: what is left of the LaTeX, and never the same one for two things."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._stems: dict[str, str] = {}

    def fresh(self, *parts: str) -> str:
        """The parts joined, with a number behind them where that is taken."""
        wanted = name = "_".join(parts)
        count = 2
        while name in self._taken:
            name, count = f"{wanted}_v{count}", count + 1
        self._taken.add(name)
        return name

    def of(self, variable: Variable) -> str:
        """The variable in letters that an identifier may have: θ is theta, h_0 is h0, h_{-1} hm1."""
        stem = self._stems.get(variable.name)
        if stem is None:
            letters = re.sub(r"[^A-Za-z0-9]+", "_", variable.name.replace("'", "p")).strip("_")
            stem = self._stems[variable.name] = self.fresh(letters or "x")
        if variable.time is None or STEP in dict(variable.time.letters):
            return stem
        shift = variable.time.shift
        if not variable.time.is_number:
            return f"{stem}T{shift}"
        return f"{stem}{shift}" if shift >= 0 else f"{stem}m{-shift}"


# -- both recursions --------------------------------------------------------------------------------


class _Builder:
    """Reads the edges between what depends on θ and what the cost depends on, and writes both sides."""

    def __init__(self, setting: EveryHorizon | BothDirections, by: Variable) -> None:
        self.setting = setting
        self.recurrence = setting.recurrence
        self.by = by
        self.start = setting.start
        self.inputs = setting.sample.inputs
        self.names = _Names()
        self._atoms: dict[Edge, Atom] = {}
        self._uses: dict[Edge, Use] = {}
        self._named: dict[tuple[str, Variable], str] = {}
        cost = setting.cost
        aggregates = setting.aggregates()
        self.aggregates = [a for a in aggregates if setting.depends(a, by)]
        self.carriers = self._live(d.target for d in self.recurrence.shared)
        self.carriers = [v for v in self.carriers if v not in aggregates]
        self.early = self._live(setting.early())
        live = {*setting.relevant(by), *(v.name for v in self.early)} & setting.names_to(cost)
        self.steps = [d for d in self.recurrence.steps if d.target.name in live]
        self.links = self._links()

    def _live(self, among: Iterable[Variable]) -> list[Variable]:
        """Those that lie on a path from θ to the cost."""
        after = descendants(self.setting.sample, self.by)
        return [v for v in among if v in after and self.setting._ever(v, self.setting.cost)]

    def _links(self) -> list[tuple[Variable, Variable, int]]:
        """(user, used, lag) for the edges between general steps, both at the time t."""
        names = {d.target.name for d in self.steps}
        found: dict[tuple[Variable, Variable, int], None] = {}
        for d in self.steps:
            for v in variables(d.body):
                if v.name in names and v.time is not None:
                    found[d.target, Variable(v.name, NOW), (NOW - v.time).shift] = None
        return list(found)

    def certificate(self) -> Certificate:
        """All parts, forward first; the atoms are those that the parts use."""
        carriers = tuple(self._constant(v) for v in self.carriers)
        early = tuple(self._constant(v) for v in self.early)
        step = tuple(self._sensitivity(d) for d in self.steps)
        aggregates = tuple(self._aggregate(a) for a in self.aggregates)
        slots = tuple(slot for d in self.steps for slot in self._slots(d.target))
        step_adjoints = tuple(self._adjoint(d.target) for d in reversed(self.steps))
        early_adjoints = tuple(self._early_adjoint(v) for v in reversed(self.early))
        carrier_adjoints = tuple(self._shared_adjoint(v) for v in reversed(self.carriers))
        sources = tuple(self._source(v) for v in self._sources())
        backward = self._shared_adjoint(self.by)
        return Certificate(
            module=self.names.fresh("By", self.names.of(self.by)),
            recurrence=self.recurrence,
            by=self.by,
            start=self.start,
            least=self.setting.least,
            atoms=tuple(self._atoms.values()),
            uses=tuple(self._uses.values()),
            carriers=carriers,
            early=early,
            slots=slots,
            step=step,
            aggregates=aggregates,
            later=tuple(later for d in self.steps for later in self._later(d.target)),
            step_adjoints=step_adjoints,
            early_adjoints=early_adjoints,
            sources=sources,
            carrier_adjoints=carrier_adjoints,
            backward=Line("backward", backward.meaning, backward.terms),
            joint=tuple(self._joint()),
            outside=tuple(self._outside()),
            spaces=self._spaces(),
        )

    def _spaces(self) -> tuple[tuple[str, str], ...]:
        """The space of each variable that a letter names, and of the parameter and the cost."""
        edges = [v for edge in self._atoms for v in edge]
        names = dict.fromkeys(v.name for v in (self.by, self.setting.cost, *edges))
        return tuple((name, self._name("X", Variable(name))) for name in names)

    # -- letters --------------------------------------------------------------------------------------

    def _name(self, kind: str, variable: Variable, *more: str) -> str:
        """One identifier a kind and variable: s_h, a_h, S_h_1, l_h_2."""
        key = ("_".join((kind, *more)), variable)
        if key not in self._named:
            self._named[key] = self.names.fresh(kind, self.names.of(variable), *more)
        return self._named[key]

    def _atom(self, of: Variable, by: Variable) -> Atom:
        edge = (of, by)
        if edge not in self._atoms:
            times = [v.time for v in edge if v.time is not None]
            varies = any(STEP in dict(time.letters) for time in times)
            lag = (of.time - by.time).shift if of.time and by.time and varies else 0
            distance = str(lag) if lag > 0 else f"m{-lag}"
            parts = (self.names.of(of), self.names.of(by), *([distance] if lag else []))
            name = self.names.fresh("d", *parts)
            self._atoms[edge] = Atom(name, Immediate(of, by), self._meaning(of, by), varies)
        return self._atoms[edge]

    def _meaning(self, of: Variable, by: Variable) -> Expr | None:
        closed = self.setting.local(of, by)
        body = self.setting.body(of)
        if closed is None and isinstance(body, Call) and by in body.arguments:
            return Partial(body, body.arguments.index(by) + 1)
        return closed

    def _edge(self, of: Variable, by: Variable, at: Time | None = None) -> Factor:
        """The letter of an edge; at a general step, taken at the user's time `at`."""
        atom = self._atom(of, by)
        return Factor(atom.name, (at or NOW,) if atom.varies else ())

    def _link(self, user: Variable, used: Variable, lag: int, at: Time = NOW) -> Factor:
        return self._edge(user, Variable(used.name, NOW - lag), at)

    def _use(self, aggregate: Variable, step: Variable) -> Factor | None:
        """What `aggregate` takes from step t; None where it names no such step."""
        edge = (aggregate, step)
        if edge not in self._uses:
            ranges = tuple(self._ranges(aggregate, step.name))
            if not ranges:
                return None
            atom = self._atom(aggregate, step)
            name = self.names.fresh("use", *atom.name.split("_")[1:])
            self._uses[edge] = Use(name, atom, ranges)
        return Factor(self._uses[edge].name, (END, NOW))

    def _ranges(self, aggregate: Variable, name: str) -> Iterator[Range]:
        """The steps at which `aggregate` names this variable, initial states left out."""
        definition = next(d for d in self.recurrence.shared if d.target == aggregate)
        found: dict[Range, None] = {}
        for v, times in named_times(self.recurrence, definition):
            numbers = sorted(time.shift for time in times if time.is_number)
            to_end = sorted((time - END).shift for time in times if not time.is_number)
            low = Time.at(max(numbers[0], self.start + 1)) if numbers else END + to_end[0]
            high = END + to_end[-1] if to_end else Time.at(numbers[-1])
            empty = high.is_number and high.shift <= self.start
            if v.name == name and not empty:
                found[low, high] = None
        yield from found

    # -- forward --------------------------------------------------------------------------------------

    def _known(self, used: Variable) -> bool:
        return used in self.carriers or used in self.early

    def _constant(self, of: Variable) -> Line:
        """The sensitivity of an initial state, or of what all steps share."""
        terms: list[Term] = []
        for used in self.inputs[of]:
            if used == self.by:
                terms.append((self._edge(of, used),))
            elif self._known(used):
                terms.append((self._edge(of, used), Factor(self._name("s", used))))
        return Line(self._name("s", of), Total(of, self.by), tuple(terms))

    def _sensitivity(self, definition: Definition) -> Line:
        """S_t = P_t + Σ_k A_{t,k} S_{t-k}, for one variable of step t."""
        of = definition.target
        names = {d.target.name for d in self.steps}
        terms: list[Term] = []
        for used in dict.fromkeys(variables(definition.body)):
            if used == self.by:
                terms.append((self._edge(of, used),))
            elif used in self.carriers:
                terms.append((self._edge(of, used), Factor(self._name("s", used))))
            elif used.name in names and used.time is not None:
                before = self._before(used.name, (NOW - used.time).shift)
                terms.append((self._edge(of, used), before))
        return Line(self._name("s", of), Total(of, self.by), tuple(terms))

    def _before(self, name: str, lag: int) -> Factor:
        """The sensitivity `lag` steps back, as step t sees it."""
        if lag == 0:
            return Factor(self._name("s", Variable(name, NOW)))
        return Factor(self._slot(name, lag - 1), (), "before")

    def _slot(self, name: str, delay: int) -> str:
        return self._name("S", Variable(name, NOW), *([str(delay)] if delay else []))

    def _slots(self, step: Variable) -> Iterator[Slot]:
        depth = max((lag for _, used, lag in self.links if used == step), default=0)
        for delay in range(max(depth, 1)):
            early = Variable(step.name, Time.at(self.start - delay))
            known = ((Factor(self._name("s", early)),),) if early in self.early else ()
            now = self._before(step.name, delay)
            meaning = Total(Variable(step.name, NOW - delay), self.by)
            yield Slot(self._slot(step.name, delay), meaning, known, now)

    def _aggregate(self, of: Variable) -> Aggregate:
        terms: list[Term] = []
        for used in self.inputs[of]:
            if used == self.by:
                terms.append((self._edge(of, used),))
            elif self._known(used):
                terms.append((self._edge(of, used), Factor(self._name("s", used))))
            elif used in self.aggregates:
                terms.append((self._edge(of, used), Factor(self._forward(used), (END,))))
        total = self._name("total", of)
        steps = tuple(self._steps_of(of))
        if steps:
            terms.append((Factor(total, self._whole()),))
        forward = Line(self._forward(of), Total(of, self.by), tuple(terms))
        adjoint = None if of == self.setting.cost else self._aggregate_adjoint(of)
        return Aggregate(of, total, steps, forward, adjoint)

    def _whole(self) -> tuple[Time, ...]:
        """Of which T a sum is, and of how many steps."""
        return END, END - self.start

    def _forward(self, of: Variable) -> str:
        return "forward" if of == self.setting.cost else self._name("forward", of)

    def _steps_of(self, of: Variable) -> Iterator[Term]:
        for d in self.steps:
            use = self._use(of, d.target)
            if use is not None:
                yield use, Factor(self._slot(d.target.name, 0), (), "now")

    # -- backward -------------------------------------------------------------------------------------

    def _through(self, user: Variable, at: tuple[Time, ...] = ()) -> Term:
        """The adjoint in front of an edge into `user`; nothing where that is the cost itself."""
        return () if user == self.setting.cost else (Factor(self._name("a", user), at),)

    def _aggregate_adjoint(self, of: Variable) -> Line:
        users = [a for a in reversed(self.aggregates) if of in self.inputs[a]]
        terms = tuple((*self._through(user), self._edge(user, of)) for user in users)
        return Line(self._name("a", of), Total(self.setting.cost, of), terms)

    def _adjoint(self, of: Variable) -> Line:
        """λ_t = κ_t + Σ_k λ_{t+k} A_{t+k,k}, for one variable of step t."""
        terms: list[Term] = []
        for aggregate in reversed(self.aggregates):
            use = self._use(aggregate, of)
            if use is not None:
                terms.append((*self._through(aggregate), use))
        for user, used, lag in sorted(self.links, key=lambda link: link[2]):
            if used == of:
                terms.append((self._after(user, lag), self._link(user, used, lag, NOW + lag)))
        return Line(self._name("a", of), Total(self.setting.cost, of), tuple(terms))

    def _after(self, user: Variable, ahead: int) -> Factor:
        """The adjoint of a variable `ahead` steps later, as step t sees it."""
        return Factor(self._name("l", user, str(ahead)) if ahead else self._name("a", user))

    def _later(self, user: Variable) -> Iterator[Later]:
        most = max((lag for of, _, lag in self.links if of == user), default=0)
        for ahead in range(1, most + 1):
            meaning = Total(self.setting.cost, Variable(user.name, NOW + ahead))
            yield Later(self._after(user, ahead).name, meaning, self._after(user, ahead - 1).name)

    def _early_adjoint(self, of: Variable) -> Line:
        assert of.time is not None
        terms = [*self._from_aggregates(of), *self._from_early(of)]
        for user, used, lag in self.links:
            ahead = lag + of.time.shift - self.start
            if used.name == of.name and ahead > 0:
                edge = self._link(user, used, lag, Time.at(self.start + ahead))
                terms.append((self._after(user, ahead), edge))
        return Line(self._name("a", of), Total(self.setting.cost, of), tuple(terms))

    def _from_aggregates(self, used: Variable) -> Iterator[Term]:
        for user in reversed(self.aggregates):
            if used in self.inputs[user]:
                yield *self._through(user), self._edge(user, used)

    def _from_early(self, used: Variable) -> Iterator[Term]:
        for user in self.early:
            if used in self.inputs[user]:
                yield *self._through(user), self._edge(user, used)

    def _sources(self) -> list[Variable]:
        """θ and its carriers; none where neither a step nor an initial state depends on θ."""
        return [self.by, *self.carriers] if self.steps or self.early else []

    def _source(self, used: Variable) -> Source:
        step = tuple(
            (Factor(self._name("a", d.target)), self._edge(d.target, used))
            for d in reversed(self.steps)
            if used in set(variables(d.body))
        )
        own: Term = () if used == self.by else (Factor(self._name("s", used)),)
        name, whole = self._name("backward", used), self._name("steps", used)
        return Source(name, whole, used, own, step, tuple(self._from_early(used)))

    def _shared_adjoint(self, of: Variable) -> Line:
        """The cost's derivative by what all steps share: every use, those of the steps last."""
        terms = list(self._from_aggregates(of))
        for user in reversed(self.carriers):
            if of in self.inputs[user]:
                terms.append((*self._through(user, (END,)), self._edge(user, of)))
        if self._sources():
            terms.append((Factor(self._name("steps", of), (END,)),))
        return Line(self._name("a", of), Total(self.setting.cost, of), tuple(terms))

    # -- the statement of the induction -----------------------------------------------------------------

    def _joint(self) -> Iterator[Term]:
        """The edges from a step ≤ t to a later one, each between an adjoint and a sensitivity."""
        for user, used, lag in self.links:
            for delay in range(lag):
                ahead = lag - delay
                edge = self._link(user, used, lag, NOW + ahead)
                window = Factor(self._slot(used.name, delay), (), "now")
                yield self._after(user, ahead), edge, window

    def _outside(self) -> Iterator[Term]:
        """What the cost, and what it is made of, take from initial states."""
        for used in self.early:
            for term in self._from_aggregates(used):
                yield *term, Factor(self._name("s", used))


# -- states that run in both directions of time -------------------------------------------------------


class _BothWays(_Builder):
    """Both sides as functions of the place, each worked out in tables.

    Variables that use each other are in one table. It runs in their direction of time for the
    sensitivities and in the other one for the adjoints; a later table reads the earlier ones at any place.
    """

    def __init__(self, setting: BothDirections, by: Variable) -> None:
        super().__init__(setting, by)
        self.directions = setting.directions
        self.offset = max(0, self.recurrence.lag - self.start - 1)

    def certificate(self) -> Certificate:
        found = super().certificate()
        sensitivities = {line.name: line for line in found.step}
        groups = [
            [Variable(d.target.name, NOW) for d in self.steps if d.target.name in names]
            for names in self._groups()
        ]
        backward = [group[::-1] for group in reversed(groups)]
        return replace(
            found,
            maps=True,
            both=True,
            offset=self.offset,
            start=self.start + self.offset,
            least=self.setting.least + self.offset,
            tables=tuple(self._table(i, "s", g) for i, g in enumerate(groups, 1)),
            adjoint_tables=tuple(self._table(i, "a", g) for i, g in enumerate(backward, 1)),
            crossings=tuple(self._crossing(sensitivities, *link) for link in self.links if link[2]),
        )

    def _groups(self) -> list[list[str]]:
        """The names of the steps, those that use each other together, a user after what it uses."""
        names = [d.target.name for d in self.steps]
        below = {name: {name} for name in names}
        for _ in names:
            for user, used, _lag in self.links:
                below[user.name] |= below[used.name]
        waiting, groups = list(names), list[list[str]]()
        while waiting:
            least = min(waiting, key=lambda name: len(below[name]))
            groups.append([name for name in names if below[name] == below[least]])
            waiting = [name for name in waiting if name not in groups[-1]]
        return groups

    def _table(self, number: int, kind: str, variables: list[Variable]) -> Table:
        ahead = self.directions[variables[0].name] or 1
        names = {v.name for v in variables}
        for user, used, lag in self.links:
            if {user.name, used.name} <= names and lag * ahead < 0:
                raise Unproved(
                    f"{latex(user)} and {latex(used)} use each other's earlier and later steps"
                )
        given = [v for v in self.early if v.time] if kind == "s" else []
        return Table(
            number,
            upward=ahead == (1 if kind == "s" else -1),
            names=tuple(self._name(kind, v) for v in variables),
            fields=tuple(self._name(kind.upper(), v) for v in variables),
            early=self._given(variables, [v for v in given if v.time and v.time.is_number]),
            beyond=self._given(variables, [v for v in given if v.time and not v.time.is_number]),
        )

    def _given(
        self, variables: list[Variable], given: list[Variable]
    ) -> Mapping[int, tuple[str, ...]]:
        """By place, the sensitivities given there, an empty name where there is none."""
        found: dict[int, tuple[str, ...]] = {}
        for one in given:
            assert one.time is not None
            place = one.time.shift + (self.offset if one.time.is_number else 0)
            at = [Variable(v.name, one.time) for v in variables]
            if place >= 0 and one in at:
                found[place] = tuple(self._name("s", v) if v in given else "" for v in at)
        return found

    def _crossing(
        self, lines: Mapping[str, Line], user: Variable, used: Variable, lag: int
    ) -> Crossing:
        edge = self._link(user, used, lag)
        leaving = (
            self._after(user, lag),
            self._link(user, used, lag, NOW + lag),
            self._before(used.name, 0),
        )
        given = tuple(
            (*term, Factor(self._name("s", v)))
            for v in reversed(self.early)
            for term in self._from_step(v, user, used, lag)
        )
        return Crossing(
            lines[self._name("s", user)],
            lines[self._name("s", used)],
            lag,
            leaving,
            (self._after(user, 0), edge, self._before(used.name, lag)),
            given,
        )

    def _ranges(self, aggregate: Variable, name: str) -> Iterator[Range]:
        for low, high in super()._ranges(aggregate, name):
            if low.is_number:
                low += self.offset
            if high.is_number:
                high += self.offset
            elif (high - END).shift > 0:
                high = END
            beyond = not low.is_number and (low - END).shift > 0
            if not beyond:
                yield low, high

    def _before(self, name: str, lag: int) -> Factor:
        return Factor(self._name("s", Variable(name, NOW)), (END, NOW - lag))

    def _slots(self, step: Variable) -> Iterator[Slot]:
        yield from ()

    def _later(self, user: Variable) -> Iterator[Later]:
        yield from ()

    def _joint(self) -> Iterator[Term]:
        yield from ()

    def _steps_of(self, of: Variable) -> Iterator[Term]:
        for d in self.steps:
            use = self._use(of, d.target)
            if use is not None:
                yield use, self._before(d.target.name, 0)

    def _whole(self) -> tuple[Time, ...]:
        return (END,)

    def _through(self, user: Variable, at: tuple[Time, ...] = ()) -> Term:
        return super()._through(user, (END,) if user in self.early else at)

    def _after(self, user: Variable, ahead: int) -> Factor:
        return Factor(self._name("a", user), (END, NOW + ahead))

    def _early_adjoint(self, of: Variable) -> Line:
        terms = [*self._from_aggregates(of), *self._from_early(of)]
        for link in self.links:
            terms += self._from_step(of, *link)
        return Line(self._name("a", of), Total(self.setting.cost, of), tuple(terms))

    def _from_step(self, of: Variable, user: Variable, used: Variable, lag: int) -> Iterator[Term]:
        """The use that a step makes of a given state over one edge, if the user is a step."""
        assert of.time is not None
        at = of.time + lag + (self.offset if of.time.is_number else 0)
        first = self.start + self.offset
        inside = at.shift > first if at.is_number else at.shift <= 0
        if used.name == of.name and inside:
            yield Factor(self._name("a", user), (END, at)), self._link(user, used, lag, at)

    def _source(self, used: Variable) -> Source:
        found = super()._source(used)
        step = tuple((replace(term[0], at=(END, NOW)), *term[1:]) for term in found.step)
        return replace(found, step=step)
