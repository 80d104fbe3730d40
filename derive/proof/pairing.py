"""The theorem for every T without a direction of time: states may run forward, backward or both ways.

The pairing multiplies the adjoint of each variable with its sensitivity and adds up over all variables
between θ and C:

    S = Σ_N ∂C/∂N · ∂N/∂θ

By the chain rule at each N it is every edge that leaves a variable, by the total differential every edge
that enters one. An edge between two of them is counted on either side, once. What is left of the first
reading is the total differential of C, what is left of the second is BPTT; so the two are equal. No step
is the first or the last one of this: the edges need only be the same at every step, and the model without
a cycle at any T. The kernel builds both readings from the model; only the chains between come from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.algebra.expression import (
    BigSum,
    Equation,
    Expr,
    Time,
    Total,
    Variable,
    add,
    multiply,
    terms_of,
)
from derive.model.recurrence import END
from derive.proof.induction import refuse_unlike
from derive.proof.kernel import _SEAL, Theorem, check
from derive.proof.rules import Unproved, distributed
from derive.proof.setting import BothDirections
from derive.proof.steps import Chain, Derivation


@dataclass(frozen=True, slots=True)
class Readings:
    """The pairing read by the edges that leave each variable, and by those that enter it."""

    leaving: Derivation
    entering: Derivation


def pairing(setting: BothDirections, by: Variable) -> Expr:
    """S: ∂C/∂N ∂N/∂`by` for every N between `by` and the cost, for the steps a Σ each."""
    now = Time.of(setting.index)
    nodes = (Variable(name, now) for name in setting.relevant(by))
    over_steps = (_over_steps(setting, _pair(setting, node, by)) for node in nodes)
    alone = (_pair(setting, node, by) for node in outside_the_steps(setting, by))
    return add((*alone, *over_steps))


def _pair(setting: BothDirections, node: Variable, by: Variable) -> Expr:
    return multiply((Total(setting.cost, node), Total(node, by)))


def _over_steps(setting: BothDirections, body: Expr) -> Expr:
    """Σ over all general steps, a Σ for each term."""
    first = Time.at(setting.start + 1)
    return add(BigSum(setting.index, first, END, term) for term in terms_of(body))


def outside_the_steps(setting: BothDirections, by: Variable) -> list[Variable]:
    """The N that are no general step: quantities without time, initial and final states."""
    shared = [d.target for d in setting.recurrence.shared if d.target != setting.cost]
    nodes = (*reversed(shared), *reversed(setting.early()))
    return [v for v in nodes if setting.depends(v, by) and setting._ever(v, setting.cost)]


def between(setting: BothDirections, by: Variable) -> Expr:
    """E: every edge from one N to another, between an adjoint and a sensitivity, at the N it enters."""
    now = Time.of(setting.index)
    alone = (_entering(setting, node, by) for node in outside_the_steps(setting, by))
    nodes = (Variable(name, now) for name in setting.relevant(by))
    return add((*alone, *(_over_steps(setting, _entering(setting, node, by)) for node in nodes)))


def _entering(setting: BothDirections, node: Variable, by: Variable) -> Expr:
    inner = add(_indirect(setting, setting.differential(node, by), node, by))
    return distributed(multiply((Total(setting.cost, node), inner)))


def _indirect(setting: BothDirections, sides: Expr, node: Variable, by: Variable) -> Iterator[Expr]:
    """The terms but for the node's own use of `by`."""
    return (term for term in terms_of(sides) if term != setting.edge(node, by))


def remainders(setting: BothDirections, by: Variable) -> tuple[Expr, Expr]:
    """What each reading leaves beside E: both sides of the theorem, but for the cost's own use of `by`."""
    cost = setting.cost
    forward = _indirect(setting, setting.differential(cost, by), cost, by)
    backward = _indirect(setting, setting.chain(cost, by), cost, by)
    return add(forward), add(backward)


def readings(setting: BothDirections, by: Variable) -> tuple[Equation, Equation]:
    """What both readings of the pairing must say: it is E and a remainder."""
    whole, edges = pairing(setting, by), between(setting, by)
    forward, backward = remainders(setting, by)
    return Equation(whole, add((forward, edges))), Equation(whole, add((backward, edges)))


def prove_both_ways(setting: BothDirections, by: Variable, found: Readings) -> Theorem:
    """∂C/∂`by` by total differentiation equals ∂C/∂`by` by BPTT, for every T.

    Raises Unproved where a reading is wrong or does not prove the statement that the model demands.
    """
    differential = setting.differential(setting.cost, by)
    backward = setting.chain(setting.cost, by)
    refuse_unlike(setting, Total(setting.cost, by), (differential, backward))
    leaving, entering = readings(setting, by)
    parts = (found.leaving, found.entering)
    for part, wanted in zip(parts, (leaving, entering), strict=True):
        _reading(setting, part, wanted)
    chains = tuple(
        Chain(chain.steps, chain.title, part.title) for part in parts for chain in part.chains
    )
    method = "the identity at each variable, summed over all of them"
    whole = Derivation("The theorem for every T", chains)
    return Theorem(Equation(differential, backward), setting.scope, method, whole, setting, _SEAL)


def _reading(setting: BothDirections, part: Derivation, wanted: Equation) -> None:
    """Checks one reading: its chains must lead the pairing to the line that the model demands.

    Terms may stand in any order there, under one Σ or under several; factors may not.
    """
    proved = check(setting, part) if part.chains else set()
    lines = {apart(wanted.left), *(apart(e.right) for e in proved if e.left == wanted.left)}
    if apart(wanted.right) not in lines:
        raise Unproved(f"{part.title}: the statement that the model demands does not follow")


def apart(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum in a fixed order, each Σ of several terms as several."""
    found: list[Expr] = []
    for term in terms_of(expr):
        if isinstance(term, BigSum):
            parts = terms_of(term.body)
            found += [BigSum(term.index, term.lower, term.upper, part) for part in parts]
        else:
            found.append(term)
    return tuple(sorted(found, key=repr))
