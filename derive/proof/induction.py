"""The theorem for every T: forward accumulation and BPTT give the same ∂C/∂θ.

The hybrid gradient I(t) differentiates the first t steps forward and the others backward:

    I(t) = Σ_{s≤t} (what C takes from step s, differentiated forward)
         + Σ_{s>t} (adjoint of step s times its immediate derivative)
         + (the joint: every edge that crosses from a step ≤ t to a step > t)

Base: I(T) is the total differential of C. Step: I(t) = I(t-1), one identity at each node, in which the
factors do not commute. Conclusion: I(0), with the initial states, is BPTT. The kernel builds all three
statements from the model; only the chains between them come from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.algebra.expression import (
    BigSum,
    Equation,
    Expr,
    Sum,
    Time,
    Total,
    Variable,
    add,
    multiply,
)
from derive.model.recurrence import END, NOW
from derive.notation.latex import latex
from derive.proof.kernel import _SEAL, Theorem, check, worlds_of
from derive.proof.rules import Unproved
from derive.proof.setting import EveryHorizon, GeneralStep
from derive.proof.steps import Chain, Derivation
from derive.proof.value import NoValue


@dataclass(frozen=True, slots=True)
class Induction:
    """The three parts of an induction from t = T down to the first step, each a derivation."""

    base: Derivation
    step: Derivation
    conclusion: Derivation


def hybrid(setting: EveryHorizon, by: Variable, at: Time = NOW) -> Expr:
    """I(t): the steps up to `at` differentiated forward, the later ones backward."""
    now = Time.of(setting.index)
    first = Time.at(setting.start + 1)
    forward = [BigSum(setting.index, first, at, body) for body in _forward_parts(setting, by, now)]
    backward = [
        BigSum(setting.index, at + 1, END, body) for body in _backward_parts(setting, by, now)
    ]
    return add((*outside(setting, by), *forward, *backward, *joint(setting, by, at)))


def _used(setting: EveryHorizon, by: Variable) -> list[Variable]:
    """The parameter itself and the shared quantities that carry it into the steps."""
    between = [
        v
        for v in setting.recurrence.shared
        if v.target not in setting.aggregates() and setting.depends(v.target, by)
    ]
    return [by, *(d.target for d in between)]


def _aggregates(setting: EveryHorizon, by: Variable) -> list[Variable]:
    """The cost and what it is made of, the cost first."""
    return [a for a in reversed(setting.aggregates()) if setting.depends(a, by)]


def _forward_parts(setting: EveryHorizon, by: Variable, now: Time) -> Iterator[Expr]:
    """For each aggregate, what it takes from step `now`."""
    for aggregate in _aggregates(setting, by):
        if not setting._ever(aggregate, setting.cost):
            continue
        nodes = [Variable(name, now) for name in setting.relevant(by)]
        body = add(
            multiply((setting.step(setting.cost, aggregate, v), Total(v, by)))
            for v in nodes
            if setting._aggregates(aggregate, v)
        )
        if body != add(()):
            yield body


def _backward_parts(setting: EveryHorizon, by: Variable, now: Time) -> Iterator[Expr]:
    """For the parameter and each shared carrier of it, the uses that step `now` makes."""
    for used in _used(setting, by):
        tail = () if used == by else (Total(used, by),)
        body = add(
            multiply((setting.step(setting.cost, Variable(name, now), used), *tail))
            for name in setting.relevant(by)
            if setting.uses(Variable(name, now), used)
        )
        if body != add(()):
            yield body


def joint(setting: EveryHorizon, by: Variable, at: Time) -> Iterator[Expr]:
    """The edges that cross from a step ≤ `at` to a step > `at`, each between adjoint and sensitivity."""
    relevant = setting.relevant(by)
    for back in range(setting.recurrence.lag):
        for name in setting.order:
            used = Variable(name, at - back)
            for user in setting.users(used, setting.cost):
                if user.time is None or user.name not in relevant or not _after(user.time, at):
                    continue
                yield multiply((setting.step(setting.cost, user, used), Total(used, by)))


def _after(time: Time, at: Time) -> bool:
    ahead = time - at
    return ahead.is_number and ahead.shift > 0


def outside(setting: EveryHorizon, by: Variable) -> Iterator[Expr]:
    """What the cost takes from outside the steps: θ itself, shared quantities, early states."""
    for aggregate in _aggregates(setting, by):
        for v in setting.sample.inputs[aggregate]:
            if v == by:
                yield setting.step(setting.cost, aggregate, v)
            elif (
                v not in setting.aggregates() and not setting.at_step(v) and setting.depends(v, by)
            ):
                yield multiply((setting.step(setting.cost, aggregate, v), Total(v, by)))


def prove_every(setting: EveryHorizon, by: Variable, induction: Induction) -> Theorem:
    """∂C/∂`by` by total differentiation equals ∂C/∂`by` by BPTT, for every T.

    Raises Unproved where a part is wrong or does not prove the statement that the model demands.
    """
    differential = setting.differential(setting.cost, by)
    backward = setting.chain(setting.cost, by)
    refuse_unlike(setting, Total(setting.cost, by), (differential, backward))
    at_end = hybrid(setting, by, END)
    before = hybrid(setting, by, NOW - 1)
    now = hybrid(setting, by, NOW)
    at_start = hybrid(setting, by, Time.at(setting.start))
    _part(setting, induction.base, Equation(differential, at_end))
    _part(setting, induction.step, Equation(now, before))
    _part(setting, induction.conclusion, Equation(at_start, backward))
    parts = (induction.base, induction.step, induction.conclusion)
    chains = tuple(
        Chain(chain.steps, chain.title, part.title) for part in parts for chain in part.chains
    )
    method = f"induction on t from T down to {setting.start}"
    whole = Derivation("The theorem for every T", chains)
    return Theorem(Equation(differential, backward), setting.scope, method, whole, setting, _SEAL)


def refuse_unlike(setting: GeneralStep, goal: Total, sides: tuple[Expr, ...]) -> None:
    """Both sides of the theorem are ∂C/∂θ itself: compared with the sum over paths at several T."""
    worlds = worlds_of(setting)
    try:
        alike = all(worlds.agree(goal, side) for side in sides)
    except NoValue as error:
        raise Unproved(f"{latex(goal)} has no value: {error.sentence}") from None
    if not alike:
        raise Unproved(f"the general step does not give {latex(goal)} at every T")


def _part(setting: EveryHorizon, part: Derivation, wanted: Equation) -> None:
    """Checks one part: its chains must lead both sides of the demanded statement to one line.

    Terms of a sum may stand in any order there; factors may not.
    """
    proved = check(setting, part) if part.chains else set()
    left, right = (
        {_unordered(side), *(_unordered(e.right) for e in proved if e.left == side)}
        for side in (wanted.left, wanted.right)
    )
    if not left & right:
        raise Unproved(f"{part.title}: the statement that the model demands does not follow")


def _unordered(expr: Expr) -> Expr:
    """`expr` with the terms of its sums in a fixed order."""
    match expr:
        case Sum(terms):
            return Sum(tuple(sorted(map(_unordered, terms), key=repr)))
        case BigSum(index, lower, upper, body):
            return BigSum(index, lower, upper, _unordered(body))
        case _:
            return expr
