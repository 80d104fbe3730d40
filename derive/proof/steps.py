"""A derivation is data: steps in chains, each chain an equation from its first line to its last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.algebra.expression import Equation, Expr


@dataclass(frozen=True, slots=True)
class Step:
    """`before` = `after`, by the rule `rule`, using the equations in `given`."""

    rule: str
    before: Expr
    after: Expr
    given: tuple[Equation, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps of which each begins where the last ended; together one equation.

    `title` says in a few words what the chain is about, `section` to which part of a longer proof it
    belongs; both are for the reader.
    """

    steps: tuple[Step, ...]
    title: str = ""
    section: str = ""

    @property
    def equation(self) -> Equation:
        """What the chain says: its first line equals its last."""
        return Equation(self.steps[0].before, self.steps[-1].after)


@dataclass(frozen=True, slots=True)
class Derivation:
    """Chains that cite each other; the equation of the last one is the claim."""

    title: str
    chains: tuple[Chain, ...]

    @property
    def claim(self) -> Equation:
        return self.chains[-1].equation

    @property
    def steps(self) -> Iterator[Step]:
        return (step for chain in self.chains for step in chain.steps)


class Writer:
    """Writes a chain line by line: each rule is applied by the caller and recorded here."""

    def __init__(self, start: Expr, title: str = "") -> None:
        self.line = start
        self._steps: list[Step] = []
        self._title = title

    def then(self, rule: str, after: Expr, given: tuple[Equation, ...] = ()) -> Writer:
        """Records one step; a step that changes nothing is left out."""
        if after != self.line:
            self._steps.append(Step(rule, self.line, after, given))
            self.line = after
        return self

    @property
    def chain(self) -> Chain | None:
        """The chain written so far; None where no step changed anything."""
        return Chain(tuple(self._steps), self._title) if self._steps else None
