"""The proof for every T where states run in both directions of time: the pairing, read in two ways."""

from __future__ import annotations

from collections.abc import Sequence

from derive.algebra.expression import Expr, Total, Variable, multiply
from derive.model.recurrence import NOW
from derive.proof.pairing import Readings, outside_the_steps, pairing
from derive.proof.rules import (
    RULES,
    at_every_step,
    complete_range,
    count_where_it_enters,
    distributed,
    exchange_terms,
)
from derive.proof.setting import BothDirections
from derive.proof.steps import Chain, Derivation, Writer


def both_readings(setting: BothDirections, by: Variable) -> Readings:
    """The two readings for `by`, as `proof.pairing` demands them."""
    return Readings(_leaving(setting, by), _entering(setting, by))


def _leaving(setting: BothDirections, by: Variable) -> Derivation:
    """By the chain rule: every edge is counted at the variable that it leaves, then at the other end."""
    lemmas, main = _each_variable(setting, by, "chain rule")
    main.then("count where it enters", count_where_it_enters(setting, main.line, ()))
    main.then("complete range", complete_range(setting, main.line, ()))
    return _derivation("By the edges that leave each variable", lemmas, main)


def _entering(setting: BothDirections, by: Variable) -> Derivation:
    """By the total differential: every edge is counted at the variable that it enters."""
    lemmas, main = _each_variable(setting, by, "total differential")
    return _derivation("By the edges that enter each variable", lemmas, main)


def _derivation(title: str, lemmas: Sequence[Chain], main: Writer) -> Derivation:
    chain = main.chain
    return Derivation(title, (*lemmas, *([chain] if chain else [])))


def _each_variable(setting: BothDirections, by: Variable, rule: str) -> tuple[list[Chain], Writer]:
    """The identity at each variable, by one rule, and the pairing with all of them put in."""
    general = [Variable(name, NOW) for name in reversed(setting.relevant(by))]
    steps = [c for node in general if (c := _identity(setting, node, by, rule))]
    others = [
        c for node in outside_the_steps(setting, by) if (c := _identity(setting, node, by, rule))
    ]
    main = Writer(pairing(setting, by), "all variables together")
    for chain in others:
        one = (chain.equation,)
        main.then("exchange terms", exchange_terms(setting, main.line, one), one)
    given = tuple(chain.equation for chain in steps)
    main.then("at every step", at_every_step(setting, main.line, given), given)
    return [*steps, *others], main


def _identity(setting: BothDirections, node: Variable, by: Variable, rule: str) -> Chain | None:
    """∂C/∂N ∂N/∂θ with one of its factors worked out."""
    start: Expr = multiply((Total(setting.cost, node), Total(node, by)))
    writer = Writer(start, "at the variable")
    writer.then(rule, RULES[rule](setting, start, ()))
    writer.then("distribute", distributed(writer.line))
    return writer.chain
