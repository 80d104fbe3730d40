"""The local derivatives of closed definitions, each as one checked line."""

from __future__ import annotations

from collections.abc import Iterator

from derive.algebra.expression import (
    Call,
    Equation,
    Expr,
    Time,
    Total,
    Variable,
    multiply,
)
from derive.model.calculus import direction
from derive.model.recurrence import NOW, variables
from derive.model.shapes import ONES, VEC
from derive.proof.kernel import Theorem, prove
from derive.proof.rules import forward_action, local_derivatives, matrix_form
from derive.proof.setting import AtHorizon, GeneralStep, Setting
from derive.proof.steps import Chain, Derivation, Writer

TITLE = "Local derivatives"


def local(setting: Setting) -> Theorem | None:
    """∂⁺V/∂B of every edge whose definition is closed; None where all functions are abstract."""
    chains: dict[Equation, Chain] = {}
    for of, by in _edges(setting):
        symbol = setting.edge(of, by)
        writers = [Writer(symbol)]
        writers[0].then("local derivatives", _closed(setting, symbol))
        if setting.is_matrix(by) or setting.is_matrix(of):
            writers += _actions(setting, symbol, of, by)
        for chain in (w.chain for w in writers):
            if chain is not None:
                chains.setdefault(chain.equation, chain)
    if not chains:
        return None
    derivation = Derivation(TITLE, tuple(chains.values()))
    by_table = bool(setting.recurrence.shapes)
    how = "by the table of primitives" if by_table else "differentiated as a formula"
    return prove(setting, derivation, f"{how}, checked in random worlds")


def _actions(setting: Setting, symbol: Expr, of: Variable, by: Variable) -> list[Writer]:
    """What ∂⁺V/∂W does to a direction Ẇ, and what a row does to it, as products of matrices."""
    if setting.forward_action(of, by) is None:
        return []
    forward = Writer(multiply((symbol, Call(VEC, (direction(by),)))))
    forward.then("forward action", forward_action(setting, forward.line, ()))
    above = () if of == setting.cost else (Total(setting.cost, of),)
    backward = Writer(multiply((*above, symbol)))
    backward.then("matrix form", matrix_form(setting, backward.line, ()))
    return [forward, backward]


def _closed(setting: Setting, symbol: Expr) -> Expr:
    return local_derivatives(setting, symbol, ())


def _edges(setting: Setting) -> Iterator[tuple[Variable, Variable]]:
    """The edges at symbolic t, or all of them where t is given; data are not differentiated by."""
    recurrence = setting.recurrence
    if isinstance(setting, AtHorizon):
        for of, inputs in setting.graph.inputs.items():
            yield from ((of, by) for by in inputs if _differentiable(setting, by))
        return
    assert isinstance(setting, GeneralStep)
    for d in recurrence.fixed:
        yield from ((d.target, by) for by in variables(d.body) if _differentiable(setting, by))
    for d in recurrence.steps:
        yield from ((d.target, by) for by in variables(d.body) if _differentiable(setting, by))
    for d in recurrence.shared:
        for by in variables(d.body):
            if by.time is None:
                yield d.target, by
            elif by.name in recurrence.stepwise:
                yield d.target, Variable(by.name, _general(by.time))


def _general(time: Time) -> Time:
    return time if time.is_number else NOW


def _differentiable(setting: Setting, by: Variable) -> bool:
    return by.name != ONES and (by.time is None or by.name not in setting.recurrence.inputs)
