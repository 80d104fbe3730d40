"""The answer first: ∂C/∂θ in closed form, and the recursion of adjoints that it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.algebra.expression import Equation, Variable
from derive.derivation.gradients import adjoints, gradients
from derive.model.recurrence import Recurrence
from derive.proof.kernel import Theorem
from derive.proof.setting import Setting, general_step


@dataclass(frozen=True, slots=True)
class Answer:
    """`goals` say ∂C/∂θ, one a parameter; `recursion` the adjoints in them; `theorems` prove both."""

    setting: Setting
    goals: tuple[Equation, ...]
    recursion: tuple[Equation, ...]
    theorems: tuple[Theorem, ...]

    @property
    def scope(self) -> str:
        return self.setting.scope


def answer(recurrence: Recurrence, wrt: Sequence[Variable], layout: str) -> Answer:
    """The gradients by `wrt` at a general step, in numerator or, for "gradient", in gradient layout.

    Raises DeriveError, with the reason, for a model without a general step.
    """
    setting = general_step(recurrence)
    write = gradients if layout == "gradient" else adjoints
    return answered([write(setting, by) for by in wrt])


def answered(theorems: Sequence[Theorem]) -> Answer:
    """What theorems, each of which ends in ∂C/∂θ, say together."""
    goals = [theorem.claim for theorem in theorems]
    chains = (chain for theorem in theorems for chain in theorem.derivation.chains)
    others = (chain.equation for chain in chains if chain.equation not in goals)
    return Answer(theorems[0].setting, tuple(goals), tuple(dict.fromkeys(others)), tuple(theorems))
