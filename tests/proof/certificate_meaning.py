"""An oracle for certificates: their names evaluated as Coq would, and the paths that they must be.

A value is a polynomial in words of letters (name, time): nothing commutes, nothing is simplified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from derive.algebra.expression import Time, Variable, move_variable
from derive.model.graph import Graph, paths, unrolled
from derive.model.recurrence import HORIZON, STEP
from derive.proof.certificate import Certificate, Factor, Terms

Letter = tuple[str, int | None]
Value = dict[tuple[Letter, ...], int]


def plus(parts: Sequence[Value]) -> Value:
    found: Value = {}
    for part in parts:
        for word, count in part.items():
            found[word] = found.get(word, 0) + count
    return {word: count for word, count in found.items() if count}


def times(parts: Sequence[Value]) -> Value:
    found: Value = {(): 1}
    for part in parts:
        found = plus([{a + b: m * n} for a, m in found.items() for b, n in part.items()])
    return found


class Meaning:
    """One certificate at one T."""

    def __init__(self, certificate: Certificate, horizon: int) -> None:
        """`horizon` is a T of the model."""
        self.c = certificate
        self.horizon = horizon + certificate.offset
        self.atoms = {atom.name for atom in certificate.atoms}
        self.uses = {use.name: use for use in certificate.uses}
        self.constants: dict[str, Value] = {}
        for line in (*certificate.carriers, *certificate.early):
            self.constants[line.name] = self.sum(line.terms)
        for a in reversed(certificate.aggregates):
            if a.adjoint:
                self.constants[a.adjoint.name] = self.sum(a.adjoint.terms)

    def time(self, time: Time, now: int) -> int:
        letters = {STEP: Time.at(now), HORIZON: Time.at(self.horizon)}
        return time.replace(letters).shift

    def factor(self, f: Factor, now: int, names: Mapping[str, Value]) -> Value:
        if f.name in names:
            return names[f.name]
        if f.name in self.constants:
            return self.constants[f.name]
        if f.name in self.uses:
            use = self.uses[f.name]
            t = self.time(f.at[-1], now)
            inside = any(self.time(a, t) <= t <= self.time(b, t) for a, b in use.ranges)
            return {((use.atom.name, t - self.c.offset),): 1} if inside else {}
        assert f.name in self.atoms, f.name
        at = self.time(f.at[0], now) - self.c.offset if f.at else None
        return {((f.name, at),): 1}

    def sum(self, terms: Terms, now: int = -999, names: Mapping[str, Value] | None = None) -> Value:
        return plus([times([self.factor(f, now, names or {}) for f in term]) for term in terms])

    def windows(self) -> list[dict[str, Value]]:
        """The sensitivities after 0, 1, …, T - start steps."""
        found = [{slot.name: self.sum(slot.initial) for slot in self.c.slots}]
        for t in range(self.c.start + 1, self.horizon + 1):
            names: dict[str, Value] = {}
            for line in self.c.step:
                names[line.name] = self.sum(line.terms, t, {**found[-1], **names})
            now = {
                slot.name: self.factor(slot.now, t, {**found[-1], **names}) for slot in self.c.slots
            }
            found.append(now)
        return found

    def forward(self) -> Value:
        windows = self.windows()
        known: dict[str, Value] = {}
        for a in self.c.aggregates:
            steps = range(self.c.start + 1, self.horizon + 1)
            known[a.total] = plus([self.sum(a.steps, t, windows[t - self.c.start]) for t in steps])
            known[a.forward.name] = self.sum(a.forward.terms, self.horizon, known)
        return known.get("forward", {})

    def backward(self) -> Value:
        known: dict[str, Value] = {s.whole: self._source(i) for i, s in enumerate(self.c.sources)}
        for line in self.c.carrier_adjoints:
            known[line.name] = self.sum(line.terms, self.horizon, known)
        return self.sum(self.c.backward.terms, self.horizon, known)

    def _source(self, number: int) -> Value:
        later: dict[str, Value] = {name.name: {} for name in self.c.later}
        parts = []
        for t in range(self.horizon, self.c.start, -1):
            names = dict(later)
            for line in self.c.step_adjoints:
                names[line.name] = self.sum(line.terms, t, names)
            parts.append(self.sum(self.c.sources[number].step, t, names))
            later = {name.name: names[name.now] for name in self.c.later}
        names = dict(later)
        for line in self.c.early_adjoints:
            names[line.name] = self.sum(line.terms, self.c.start, names)
        return plus([*parts, self.sum(self.c.sources[number].early, self.c.start, names)])


class BothWays(Meaning):
    """States that run in both directions of time: each place worked out where it is first asked for.

    In which order is not told: a table that asks for a place of its own in the wrong direction is seen.
    """

    def __init__(self, certificate: Certificate, horizon: int) -> None:
        self.tables = {
            name: table
            for table in (*certificate.tables, *certificate.adjoint_tables)
            for name in table.names
        }
        self.lines = {
            line.name: line for table in self.tables.values() for line in certificate.lines(table)
        }
        self.early = {line.name: line for line in certificate.early_adjoints}
        self.found: dict[tuple[str, int], Value] = {}
        self.within: list[tuple[str, int]] = []
        super().__init__(certificate, horizon)

    def factor(self, f: Factor, now: int, names: Mapping[str, Value]) -> Value:
        if f.name in self.lines:
            return self.at(f.name, self.time(f.at[-1], now))
        if f.name in self.early:
            return self.sum(self.early[f.name].terms)
        return super().factor(f, now, names)

    def at(self, name: str, place: int) -> Value:
        """What the table of `name` holds of it at a place; a natural number is never below 0."""
        place = max(place, 0)
        table = self.tables[name]
        given = table.early.get(place) if place <= self.c.start else None
        if place > self.horizon:
            given = table.beyond.get(place - self.horizon)
        if not self.c.start < place <= self.horizon:
            known = given[table.names.index(name)] if given else ""
            return self.constants[known] if known else {}
        if (name, place) not in self.found:
            for other, last in self.within[-1:]:
                if other in table.names and last != place:
                    assert (place < last) == table.upward
            self.within.append((name, place))
            assert len(self.within) < 900, "no end"
            self.found[name, place] = self.sum(self.lines[name].terms, place)
            self.within.pop()
        return self.found[name, place]

    def forward(self) -> Value:
        known: dict[str, Value] = {}
        for a in self.c.aggregates:
            known[a.total] = self.over_steps(a.steps)
            known[a.forward.name] = self.sum(a.forward.terms, self.horizon, known)
        return known.get("forward", {})

    def _source(self, number: int) -> Value:
        source = self.c.sources[number]
        return plus([self.over_steps(source.step), self.sum(source.early)])

    def over_steps(self, terms: Terms) -> Value:
        return plus([self.sum(terms, t) for t in range(self.c.start + 1, self.horizon + 1)])


def meaning(certificate: Certificate, horizon: int) -> Meaning:
    return (BothWays if certificate.both else Meaning)(certificate, horizon)


def letters_of(certificate: Certificate, graph: Graph) -> dict[tuple[Variable, Variable], Letter]:
    """The letter of each edge of the unrolled model, by what each atom says that it stands for."""
    found: dict[tuple[Variable, Variable], Letter] = {}
    for atom in certificate.atoms:
        of, by = atom.derivative.of, atom.derivative.by
        first = certificate.start - certificate.offset + 1
        for t in range(first, graph.horizon + 1) if atom.varies else [0]:
            now = {STEP: Time.at(t), HORIZON: Time.at(graph.horizon)}
            edge = (move_variable(of, now), move_variable(by, now))
            if edge[1] in graph.inputs.get(edge[0], ()):
                assert edge not in found, f"two letters for {edge}"
                found[edge] = (atom.name, t if atom.varies else None)
    return found


def path_words(certificate: Certificate, horizon: int) -> Value:
    """Every path from the parameter to the cost in the unrolled model, as a word."""
    graph = unrolled(certificate.recurrence, horizon)
    letters = letters_of(certificate, graph)
    found: Value = {}
    for path in paths(graph, certificate.by, certificate.cost):
        word = tuple(letters[edge] for edge in pairwise(path))
        found[word] = found.get(word, 0) + 1
    return found
