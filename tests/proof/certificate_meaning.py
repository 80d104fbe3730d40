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
        self.c = certificate
        self.horizon = horizon
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
            return {((use.atom.name, t),): 1} if inside else {}
        assert f.name in self.atoms, f.name
        return {((f.name, self.time(f.at[0], now) if f.at else None),): 1}

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


def letters_of(certificate: Certificate, graph: Graph) -> dict[tuple[Variable, Variable], Letter]:
    """The letter of each edge of the unrolled model, by what each atom says that it stands for."""
    found: dict[tuple[Variable, Variable], Letter] = {}
    for atom in certificate.atoms:
        of, by = atom.derivative.of, atom.derivative.by
        for t in range(certificate.start + 1, graph.horizon + 1) if atom.varies else [0]:
            now = {STEP: Time.at(t)}
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
