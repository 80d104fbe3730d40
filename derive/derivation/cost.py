"""What the ways to a gradient cost at one T, counted from their derivations.

The lines that `derive bptt` proves are counted edge by edge: each term ∂C/∂V ∂⁺V/∂B of an adjoint, each
term ∂⁺V/∂B ∂B/∂θ of a sensitivity, as it stands (see `multiplications` for what a product costs). All
edges of one kind, the same two names and the same lag, cost the same; how often each kind is used is
counted on the graph of T steps.

Memory is the most numbers that are held at once: values of the model, adjoints or sensitivities, and
gradients, from the line that makes them to the last line that names them. Inputs, parameters and
initial states are given and not counted; a sum over the steps is added up as its terms come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.algebra import polynomial
from derive.algebra.expression import (
    ONE,
    BigProduct,
    BigSum,
    Expr,
    Gradient,
    Index,
    Number,
    Sum,
    Time,
    Variable,
    factors_of,
    multiply,
    replace,
    terms_of,
    walk,
)
from derive.algebra.polynomial import Polynomial, total
from derive.derivation.multiplications import (
    Form,
    Multiplications,
    full,
    moving,
    shape_size,
    size,
)
from derive.model.calculus import direction
from derive.model.graph import ancestors, descendants, longest_spans, span
from derive.model.recurrence import Recurrence, variables
from derive.model.shapes import SCALAR, Shape, Shapes
from derive.proof.setting import AtHorizon

LARGE = 100
SENSITIVITY = Variable("\\mathrm{sensitivity}")
NOTHING = Number(Fraction(0))

Uses = Counter[tuple[Variable, Variable]]


@dataclass(frozen=True, slots=True)
class Term:
    """One product of a derived line: what it takes, the values that it names, its value if a number."""

    once: Polynomial
    each: Polynomial
    values: tuple[Variable, ...]
    number: Number | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity that is worked out, its size, and what each of its terms needs.

    `gathers` says that it is added up as its terms come, wherever the line itself stands.
    """

    target: Hashable
    size: Polynomial
    needs: tuple[tuple[Hashable, ...], ...]
    gathers: bool = False


def shapes_to_count(recurrence: Recurrence) -> Shapes:
    """The shapes of the model; with abstract functions, a letter of its own for each vector's size."""
    if recurrence.shapes or not recurrence.functions:
        return recurrence.shapes
    closed = [d for d in recurrence.definitions if not d.is_abstract]
    scalar = {v.name for d in closed for v in (d.target, *variables(d.body))}
    scalar.add(recurrence.cost.name)
    names = dict.fromkeys(
        v.name for d in recurrence.definitions for v in (d.target, *variables(d.body))
    )
    return {n: _own_size(n) for n in names if n not in scalar}


def _own_size(name: str) -> Shape:
    return Time.of(f"n_{{{name}}}"), Time.at(1)


def letters_of(recurrence: Recurrence) -> tuple[str, ...]:
    """The letters in which the model's sizes are written."""
    shapes = shapes_to_count(recurrence)
    return tuple(
        sorted({a for shape in shapes.values() for size in shape for a, _ in size.letters})
    )


class Counting:
    """The ways to ∂C/∂θ for all θ of `wrt`, at one T."""

    def __init__(
        self,
        recurrence: Recurrence,
        horizon: int,
        wrt: Sequence[Variable],
        sizes: Mapping[str, int] | None = None,
        terms: dict[Hashable, Term] | None = None,
    ) -> None:
        self.recurrence = recurrence
        self.setting = AtHorizon(recurrence, horizon)
        self.graph = self.setting.graph
        self.shapes = shapes_to_count(recurrence)
        self.wrt = tuple(wrt)
        self._sizes: dict[str, Polynomial] = {}
        self._here: dict[Hashable, Term] = {}
        self._values: tuple[Line, ...] = ()
        self.sizes = sizes or {}
        self._irregular = {
            d.target.name
            for d in recurrence.definitions
            if any(isinstance(p, Index | BigProduct) for p in walk(d.body))
            or (d in recurrence.steps and any(isinstance(p, BigSum) for p in walk(d.body)))
        } | {d.target.name for d in recurrence.fixed}
        self.terms: dict[Hashable, Term] = {} if terms is None else terms
        self._above = ancestors(self.graph, self.graph.cost)
        self._reached = {
            by: descendants(self.graph, by) & self._above
            for by in self.wrt
            if self.setting.depends(self.graph.cost, by)
        }
        self.live = frozenset(v for found in self._reached.values() for v in found)
        self.live -= {*self.wrt, self.graph.cost}
        self._numbers()

    def size(self, variable: Variable) -> Polynomial:
        """How many numbers a variable has."""
        if variable.name not in self._sizes:
            self._sizes[variable.name] = shape_size(self.shapes.get(variable.name, SCALAR))
        return self._sizes[variable.name]

    @property
    def parameters(self) -> Polynomial:
        """How many numbers all the parameters have."""
        return total(self.size(by) for by in self.wrt)

    # -- edges ------------------------------------------------------------------------------------

    def _kind(self, of: Variable, by: Variable) -> Hashable:
        """Edges of one kind have the same formula, moved in time."""
        if of.name in self._irregular or (by in self.graph.bodies and by.name in self._irregular):
            return of, by, self.graph.horizon
        if of.time is None:
            return of.name, by.name, by.time is None, self.graph.horizon
        if by.time is None:
            return of.name, by.name, by in self.graph.bodies
        return of.name, by.name, (of.time - by.time).shift

    def _moved(self, kind: Hashable, of: Variable, by: Variable, make: Callable[[], Term]) -> Term:
        """The term of a kind of edge, worked out once, its values moved to the step at hand."""
        at = of.time or by.time
        if kind not in self.terms:
            term = make()
            values = tuple(
                v if v.time is None or at is None else Variable(v.name, v.time - at)
                for v in term.values
            )
            self.terms[kind] = Term(term.once, term.each, values, term.number)
        term = self.terms[kind]
        moved = (
            v if v.time is None or at is None else Variable(v.name, v.time + at)
            for v in term.values
        )
        held = tuple(v for v in moved if v in self.graph.bodies)
        return Term(term.once, term.each, held, term.number)

    def adjoint_term(self, of: Variable, by: Variable) -> Term:
        """(∂⁺of/∂by)ᵀ ∇_of C."""
        known = self.known.get(of)
        here = "adjoint", of, by
        if here not in self._here:
            kind = "adjoint", self._kind(of, by), known
            self._here[here] = self._moved(kind, of, by, lambda: self._adjoint(of, by, known))
        return self._here[here]

    def _adjoint(self, of: Variable, by: Variable, known: Number | None) -> Term:
        above = Gradient(self.graph.cost, of)
        column: Expr = ONE if of == self.graph.cost else above
        found = self.setting.gradient_action(of, by, column)
        if found is None:
            plain = of == self.graph.cost or (known is not None and abs(known.value) == 1)
            cost = polynomial.ZERO if plain else self.size(of) * self.size(by)
            return Term(cost, polynomial.ZERO, self._named_by(of))
        if known is not None:
            found = replace(found, {above: known})
        return self._counted(found)

    def _named_by(self, of: Variable) -> tuple[Variable, ...]:
        """The arguments of an abstract function: its derivative is taken there."""
        return self.graph.inputs.get(of, ())

    def _counted(self, found: Expr, forms: Mapping[Expr, Form] | None = None) -> Term:
        count = Multiplications(self.shapes, forms)
        count(found)
        value = found if isinstance(found, Number) else None
        return Term(count.once, count.each, tuple(dict.fromkeys(variables(found))), value)

    def sensitivity_term(self, of: Variable, by: Variable, immediate: bool) -> Term:
        """∂⁺of/∂by ∂by/∂θ for each entry of θ in `each`; or, `immediate`, ∂⁺of/∂θ for by = θ."""
        here = "sensitivity", of, by
        if here not in self._here:
            kind = "sensitivity", self._kind(of, by), immediate
            self._here[here] = self._moved(
                kind, of, by, lambda: self._sensitivity(of, by, immediate)
            )
        return self._here[here]

    def _sensitivity(self, of: Variable, by: Variable, immediate: bool) -> Term:
        setting = self.setting
        move = direction(by)
        if setting.is_matrix(by) or setting.is_matrix(of):
            found = setting.forward_action(of, by)
            if found is not None:
                shapes = {**self.shapes, move.name: self.shapes.get(by.name, SCALAR)}
                count = Multiplications(shapes, {move: self._direction(by, immediate)})
                count(found)
                return Term(count.once, count.each, tuple(dict.fromkeys(variables(found))))
        found = setting.local(of, by)
        if found is None:
            cost = polynomial.ZERO if immediate else self.size(of) * self.size(by)
            return Term(polynomial.ZERO, cost, self._named_by(of))
        if immediate:
            term = self._counted(found)
            return Term(term.once, polynomial.ZERO, term.values)
        column = moving(full(self.size(by), polynomial.ONE))
        return self._counted(multiply((found, SENSITIVITY)), {SENSITIVITY: column})

    def _direction(self, by: Variable, immediate: bool) -> Form:
        """One direction of a matrix: a unit matrix, or the whole where it is a sensitivity itself."""
        rows, columns = (size(a) for a in self.shapes.get(by.name, SCALAR))
        if not immediate:
            return moving(full(rows, columns))
        return Form(rows, columns, polynomial.ONE, polynomial.ONE, unit=True, moving=True)

    def _numbers(self) -> Mapping[Variable, Number]:
        """The adjoints that are numbers alone, such as ∂C/∂L_t = 1: nobody works them out again."""
        self.known: dict[Variable, Number] = {}
        for node in reversed(self.graph.nodes):
            if node in self.live:
                terms = [self.adjoint_term(user, node) for user in self.users(node)]
                numbers = [term.number for term in terms if term.number != NOTHING]
                if len(numbers) == 1 and numbers[0] is not None:
                    self.known[node] = numbers[0]
        return self.known

    def users(self, by: Variable) -> list[Variable]:
        """What uses `by` directly and reaches the cost."""
        return [user for user in self.graph.users.get(by, ()) if user in self._above]

    # -- the ways ---------------------------------------------------------------------------------

    def model(self) -> Polynomial:
        """The multiplications of working out the values and the cost; every way needs them."""
        found: dict[Hashable, Polynomial] = {}
        counts: Counter[Hashable] = Counter()
        for node, body in self.graph.bodies.items():
            whole = node.name in self._irregular or node.time is None
            kind: Hashable = node if whole else node.name
            counts[kind] += 1
            if kind not in found:
                count = Multiplications(self.shapes)
                if node not in self.graph.abstract:
                    count(body)
                found[kind] = count.once
        return total(found[kind] * n for kind, n in counts.items())

    def values(self) -> tuple[Line, ...]:
        """The lines that work out the model; a sum over the steps gathers its terms."""
        if not self._values:
            self._values = tuple(self._value_lines())
        return self._values

    def _value_lines(self) -> Iterator[Line]:
        for node, body in self.graph.bodies.items():
            parts = tuple(_parts(body)) if node.time is None else (body,)
            needs = tuple(
                tuple(v for v in variables(part) if v in self.graph.bodies) for part in parts
            )
            yield Line(node, self.size(node), needs, len(parts) > 1)

    def held(self) -> Polynomial:
        """The most numbers that the model alone holds."""
        return self._peak(self.values())

    def backward(self) -> tuple[Polynomial, Polynomial]:
        """BPTT: each adjoint once; first the whole model, then the adjoints from the last step on."""
        uses: Uses = Counter()
        lines = []
        for node in (*reversed(self.graph.nodes), *self.wrt):
            if node in self.wrt or (node in self.live and node not in self.known):
                users = self.users(node)
                uses.update((user, node) for user in users)
                needs = tuple(self._adjoint_needs(user, node, ()) for user in users)
                lines.append(Line(("adjoint", node), self.size(node), needs, node in self.wrt))
        lines = list({line.target: line for line in lines}.values())
        uses = Counter(dict.fromkeys(uses, 1))
        return self._of_uses(uses), self._peak([*self.values(), *lines])

    def _adjoint_needs(
        self, user: Variable, node: Variable, left: tuple[int, ...]
    ) -> tuple[Hashable, ...]:
        values = self.adjoint_term(user, node).values
        given = user == self.graph.cost or user in self.known
        return values if given else (*values, ("adjoint", user, *left))

    def _of_uses(self, uses: Uses) -> Polynomial:
        """The multiplications of adjoint terms, each as often as it is used."""
        counts: Counter[int] = Counter()
        kinds: dict[int, Polynomial] = {}
        for (of, by), n in uses.items():
            cost = self.adjoint_term(of, by).once
            kinds[id(cost)] = cost
            counts[id(cost)] += n
        return total(cost * counts[key] for key, cost in kinds.items())

    def paths(self) -> tuple[Polynomial, Polynomial]:
        """The sum over all paths, each path multiplied out by itself."""
        uses = self._path_uses()
        named = dict.fromkeys(v for of, by in uses for v in self.adjoint_term(of, by).values)
        rows = [self.size(node) for node in self.graph.nodes if node in self.live]
        largest = max(rows, key=self._number, default=polynomial.ZERO)
        line = Line("paths", largest + self.parameters, (tuple(named),))
        return self._of_uses(uses), self._peak([*self.values(), line])

    def _path_uses(self) -> Uses:
        """How many paths, of all parameters, go over each edge."""
        up = {self.graph.cost: 1}
        for node in reversed(self.graph.nodes):
            if node in self.live or node in self.wrt:
                up[node] = sum(up[user] for user in self.users(node))
        uses: Uses = Counter()
        for by in self.wrt:
            down: Counter[Variable] = Counter({by: 1})
            for node in self.graph.nodes:
                if node in down:
                    for user in self.users(node):
                        down[user] += down[node]
                        uses[user, node] += up[user] * down[node]
        return uses

    def count_paths(self) -> int:
        """How many paths lead from the parameters to the cost."""
        uses = self._path_uses()
        return sum(n for (of, _), n in uses.items() if of == self.graph.cost)

    def truncated(self, steps: int) -> tuple[Polynomial, Polynomial]:
        """BPTT over at most `steps` steps: an adjoint for each number of steps that may be crossed.

        Each line is worked out as soon as the model has what it needs.
        """
        graph, longest = self.graph, longest_spans(self.graph, self.graph.cost)

        def state(node: Variable, left: int) -> tuple[Variable, int]:
            return node, min(left, longest.get(node, 0))

        terms: dict[tuple[Variable, int], list[tuple[Variable, int]]] = {}
        waiting = [state(by, steps) for by in self._reached]
        while waiting:
            node, left = here = waiting.pop()
            if here in terms or node in self.known or node == graph.cost:
                continue
            near = [(u, left - d) for u in self.users(node) if (d := span(u, node)) <= left]
            terms[here] = [state(*use) for use in near]
            waiting += terms[here]
        order = sorted(terms, key=lambda s: (s[0] in self.wrt, -graph.position[s[0]], s[1]))
        for here in order:
            terms[here] = [use for use in terms[here] if terms.get(use, True)]
        order = [here for here in order if terms[here]]
        uses: Uses = Counter((u, n) for n, left in order for u, _ in terms[n, left])
        lines = []
        latest: dict[Hashable, int] = {}
        for node, left in order:
            needs = tuple(self._adjoint_needs(u, node, (k,)) for u, k in terms[node, left])
            line = Line(("adjoint", node, left), self.size(node), needs, node in self.wrt)
            at = [latest[n] if n in latest else self._position(n) for p in needs for n in p]
            latest[line.target] = max(at, default=0)
            lines.append(line)
        lines.sort(key=lambda line: latest[line.target])
        return self._of_uses(uses), self._peak(self._interleaved(lines, latest))

    def _position(self, value: Hashable) -> int:
        return self.graph.position[value] if isinstance(value, Variable) else 0

    def _interleaved(self, lines: Sequence[Line], latest: Mapping[Hashable, int]) -> list[Line]:
        """Each line right after the value that it waited for."""
        found: list[Line] = []
        waiting = list(reversed(lines))
        for value in self.values():
            found.append(value)
            at = self._position(value.target)
            while waiting and latest[waiting[-1].target] <= at:
                found.append(waiting.pop())
        return [*found, *reversed(waiting)]

    def forward(self, count: Polynomial | None = None) -> tuple[Polynomial, Polynomial]:
        """RTRL: the sensitivities of each variable by each parameter, right after the variable.

        With `count` each parameter has that many entries.
        """
        lines: dict[Hashable, list[Line]] = {}
        costs: list[Polynomial] = []
        for by in self.wrt:
            entries = count or self.size(by)
            counts: Counter[tuple[int, int]] = Counter()
            kinds: dict[tuple[int, int], Term] = {}
            sizes: dict[str, Polynomial] = {}
            for node in self.graph.nodes:
                if node == by or by not in self._reached or node not in self._reached[by]:
                    continue
                needs = []
                for used in self.graph.inputs[node]:
                    if used == by or used in self._reached[by]:
                        term = self.sensitivity_term(node, used, used == by)
                        kind = id(term.once), id(term.each)
                        kinds[kind] = term
                        counts[kind] += 1
                        own = () if used == by else (("sensitivity", by, used),)
                        needs.append((*term.values, *own))
                gathers = node == self.graph.cost
                target = "sensitivity", by, node
                if node.name not in sizes:
                    sizes[node.name] = self.size(node) * entries
                line = Line(target, sizes[node.name], tuple(needs), gathers)
                lines.setdefault(node, []).append(line)
            costs += [(t.once + t.each * entries) * counts[key] for key, t in kinds.items()]
        found = [part for value in self.values() for part in (value, *lines.get(value.target, ()))]
        return total(costs), self._peak(found)

    # -- memory -----------------------------------------------------------------------------------

    def _number(self, amount: Polynomial) -> int:
        return int(amount.at({a: self.sizes.get(a, LARGE) for a in amount.letters}))

    def _peak(self, lines: Sequence[Line]) -> Polynomial:
        """The most numbers held at once, where the sizes are `sizes`."""
        first, last = _spans(lines, len(lines))
        change = [0] * (len(lines) + 1)
        amounts = {id(line.size): line.size for line in lines}
        numbers = {key: self._number(amount) for key, amount in amounts.items()}
        for line in lines:
            amount = numbers[id(line.size)]
            change[first[line.target]] += amount
            change[last[line.target] + 1] -= amount
        held, most, at = 0, -1, 0
        for slot, by in enumerate(change[:-1]):
            held += by
            if held > most:
                most, at = held, slot
        sizes = Counter(id(x.size) for x in lines if first[x.target] <= at <= last[x.target])
        return total(amounts[key] * n for key, n in sizes.items())


def _parts(body: Expr) -> Iterator[Expr]:
    """The terms of a sum, also of one that stands in a product, as in (1/T)(L_1 + L_2)."""
    for term in terms_of(body):
        sums = [f for f in factors_of(term) if isinstance(f, Sum)]
        yield from _parts(sums[0]) if len(sums) == 1 else (term,)


def _spans(
    lines: Sequence[Line], end: int
) -> tuple[Mapping[Hashable, int], Mapping[Hashable, int]]:
    """From which line to which each quantity is held; what gathers is held to the end."""
    first = {line.target: i for i, line in enumerate(lines)}
    done = dict(first)
    for line in lines:
        if line.gathers:
            at = [max((done[n] for n in part), default=0) for part in line.needs]
            first[line.target], done[line.target] = min(at, default=0), max(at, default=0)
    last = dict(done)
    for i, line in enumerate(lines):
        for part in line.needs:
            slot = max((done[n] for n in part), default=0) if line.gathers else i
            for need in part:
                last[need] = max(last[need], slot)
        if line.gathers:
            last[line.target] = end - 1
    return first, last
