"""Derivatives as networks of entries against numbers: each cell, each parameter, each local derivative.

The networks are evaluated entry by entry at the numbers of a small world, whose own derivatives push a
unit change through the unrolled definitions and know nothing of networks.
"""

from __future__ import annotations

from itertools import product

import pytest

from derive.algebra.expression import Time, Variable
from derive.model.builtin import CELLS, builtin
from derive.model.graph import unrolled
from derive.model.recurrence import Recurrence, variables
from derive.verify.arrays import FLOATS, ArrayNumbers
from derive.verify.entries import Closings
from derive.verify.frames import Frame
from derive.verify.networks import Atom, Network
from derive.verify.unfolding import Unfolded

HORIZON = 3
FORWARD = [name for name in CELLS if name != "bidirectional"]


class World:
    """The value of a network's entries at the numbers of one world."""

    def __init__(self, recurrence: Recurrence) -> None:
        self.graph = unrolled(recurrence, HORIZON)
        self.numbers = ArrayNumbers(recurrence, self.graph, 3, "float")
        self.entries = Unfolded(recurrence, Frame(Time.at(HORIZON), 9, 2), Closings(recurrence))

    def sizes(self, name: str) -> list[int]:
        return [n for n in self.numbers.size(name) if n > 1]

    def ranges(self, atom: Atom, rank: int) -> list[int | None]:
        match atom.kind:
            case "variable":
                return [*self.sizes(atom.name)]
            case "total" | "edge":
                return [*self.sizes(atom.name), *self.sizes(atom.by)]
            case _:
                found: list[int | None] = [None] * rank
                for (factors, _), _ in atom.inside:
                    for inner, own in factors:
                        for i, n in zip(own, self.ranges(inner, len(own)), strict=True):
                            if i < rank and n is not None:
                                found[i] = n
                return found

    def value(self, net: Network, at: tuple[int, ...]) -> float:
        total = 0.0
        for (factors, summed), c in net:
            assert not summed, "T is a number here"
            ranges = {
                i: n
                for atom, own in factors
                for i, n in zip(own, self.ranges(atom, len(own)), strict=True)
                if i >= len(at) and n is not None
            }
            names = sorted(ranges)
            for chosen in product(*(range(ranges[i]) for i in names)):
                table = {**dict(enumerate(at)), **dict(zip(names, chosen, strict=True))}
                term = float(c)
                for atom, own in factors:
                    term *= self.entry(atom, tuple(table[i] for i in own))
                total += term
        return total

    def entry(self, atom: Atom, at: tuple[int, ...]) -> float:
        match atom.kind:
            case "variable":
                value = self.numbers.variable(Variable(atom.name, atom.time))
                full = iter(at)
                i, j = (next(full) if n > 1 else 0 for n in self.numbers.size(atom.name))
                return float(value[i][j])
            case "total":
                of, by = Variable(atom.name, atom.time), Variable(atom.by, atom.by_time)
                return self.derivative(of, by, at, False)
            case "δ":
                return float(at[0] == at[1])
            case "inverse":
                return 1 / self.value(atom.inside, at)
            case "block":
                before = sum(self.dimension(part) for part in atom.name.split("+"))
                return float(at[0] == before + (at[1] if len(at) > 1 else 0))
            case "call" if atom.name in FLOATS:
                return FLOATS[atom.name](self.value(atom.inside, at))
            case _:
                raise AssertionError(f"{atom.kind} {atom.name}")

    def dimension(self, text: str) -> int:
        text = text.strip()
        return int(text) if text.isdigit() else self.numbers.sizes[text]

    def derivative(self, of: Variable, by: Variable, at: tuple[int, ...], local: bool) -> float:
        """One entry, out of the layout in which the world gives it."""
        found = self.numbers.local(of, by) if local else self.numbers.total(of, by)
        above = len(self.sizes(of.name))
        mine, other = at[:above], at[above:]
        if len(other) == 2:
            p, q = other
            wide = self.numbers.size(by.name)[1]
            return float(found[mine[0]][p * wide + q] if mine else found[q][p])
        return float(found[mine[0] if mine else 0][other[0] if other else 0])

    def check(self, net: Network, of: Variable, by: Variable, local: bool) -> None:
        for at in product(*(range(n) for n in (*self.sizes(of.name), *self.sizes(by.name)))):
            expected = self.derivative(of, by, at, local)
            assert self.value(net, at) == pytest.approx(expected, rel=1e-9, abs=1e-12), (of, by, at)


@pytest.mark.parametrize("name", FORWARD)
def test_local_derivatives_are_those_of_the_numbers(name: str) -> None:
    """∂⁺V/∂U for every definition and everything that it uses: no use is lost, none is doubled."""
    recurrence = builtin(name)
    world = World(recurrence)
    checked = 0
    for node in world.graph.nodes:
        body = world.graph.bodies.get(node)
        if body is None or (node.time is not None and node.time != Time.at(2)):
            continue
        for v in dict.fromkeys(variables(body)):
            if v.name in recurrence.shapes:
                world.check(world.entries.local(node, v), node, v, local=True)
                checked += 1
    assert checked > 5


@pytest.mark.parametrize("name", FORWARD)
def test_totals_are_those_of_the_numbers(name: str) -> None:
    """∂C/∂θ for every parameter, and ∂C/∂V for every variable of step 2, unfolded to the states."""
    recurrence = builtin(name)
    world = World(recurrence)
    inner = [d.target for d in recurrence.steps]
    wanted = [*recurrence.parameters, *(Variable(v.name, Time.at(2)) for v in inner)]
    for by in wanted:
        if by != recurrence.cost:
            world.check(world.entries.total(recurrence.cost, by), recurrence.cost, by, local=False)
