"""The three derivations at T steps, made at the few that show every kind of step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from derive.algebra.expression import Variable
from derive.derivation.backward import backward
from derive.derivation.forward import forward
from derive.derivation.total import total
from derive.model.recurrence import Recurrence
from derive.proof.kinds import ManySteps, agree_at, few_steps, unrolled_kinds
from derive.proof.setting import FewSteps


def at_many_steps(
    recurrence: Recurrence,
    horizon: int,
    wrt: Sequence[Variable],
    memory: int | None = None,
    advance: Callable[[], None] = lambda: None,
) -> list[ManySteps]:
    """∂C/∂θ by the three ways at T, for each θ of `wrt`: each kind of step derived and checked once.

    DeriveError, with the reason, for a model whose steps are not of a few kinds; TooMuch where this T
    needs more than `memory` bytes. `advance` is called after the unrolling and after each θ.
    """
    many = unrolled_kinds(recurrence, horizon, memory)
    few = few_steps(many, wrt)
    setting = FewSteps(recurrence, few.slices.horizon)
    advance()
    found = []
    for by in wrt:
        ways = total(setting, by, most=0), forward(setting, by), backward(setting, by)
        found.append(agree_at(many, few, by, *ways))
        advance()
    return found
