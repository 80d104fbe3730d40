r"""Costs to go, F_t = \sum_{k=t+1}^T L_k: what is still to be paid from a step on.

By a member of step u they are differentiated as L_u and as what is to go behind u, since no earlier term depends on it
(Bertsekas, Dynamic Programming and Optimal Control, volume 1, section 1.3: the principle of optimality's sum).
"""  # noqa: E501

from __future__ import annotations

from dataclasses import dataclass

from derive.algebra.core import Big, Core, letters_in, move
from derive.algebra.expression import Time
from derive.meaning.model import ORDERED, Model


@dataclass(frozen=True, slots=True)
class CostToGo:
    """F_s = Σ of `body` over `letter` from s + `shift` to the last step; no term depends on s otherwise."""

    letter: str
    shift: int
    body: Core

    def term(self, step: Time) -> Core:
        """The term of one step."""
        return move(self.body, {self.letter: step})

    def is_behind(self, own: Time, step: Time) -> bool:
        """Whether the sum of F_own has the term of a step, as far as the two are comparable."""
        apart = step - own
        return apart.is_number and apart.shift >= self.shift


def cost_to_go(model: Model, name: str) -> CostToGo | None:
    """A family that is a cost to go by its only definition; None for any other."""
    definitions = model.definitions.get(name, ())
    if len(definitions) != 1 or len(definitions[0].index) != 1:
        return None
    only = definitions[0]
    body, own = only.body, only.index[0]
    if not only.is_general or only.slots[0] not in ORDERED or not isinstance(body, Big):
        return None
    if body.kind != "sum" or body.dim is not None or body.without or body.lower is None:
        return None
    apart = body.lower - own
    ends = {a for a, _ in body.upper.letters} if body.upper is not None else set()
    if not apart.is_number or not ends or not ends <= set(model.horizons):
        return None
    if letters_in(body.body) & {a for a, _ in own.letters}:
        return None
    return CostToGo(body.letter, apart.shift, body.body)
