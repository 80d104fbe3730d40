"""The local derivatives of closed definitions, each as one checked line."""

from __future__ import annotations

from collections.abc import Iterator

from derive.algebra.expression import Equation, Expr, Time, Variable
from derive.model.recurrence import NOW, variables
from derive.proof.kernel import Theorem, prove
from derive.proof.rules import local_derivatives
from derive.proof.setting import AtHorizon, EveryHorizon, Setting
from derive.proof.steps import Chain, Derivation, Writer

TITLE = "Local derivatives"


def local(setting: Setting) -> Theorem | None:
    """∂⁺V/∂B of every edge whose definition is closed; None where all functions are abstract."""
    chains: dict[Equation, Chain] = {}
    for of, by in _edges(setting):
        symbol = setting.edge(of, by)
        writer = Writer(symbol)
        writer.then("local derivatives", _closed(setting, symbol))
        if writer.chain is not None:
            chains.setdefault(writer.chain.equation, writer.chain)
    if not chains:
        return None
    derivation = Derivation(TITLE, tuple(chains.values()))
    return prove(setting, derivation, "differentiated by SymPy, checked in random worlds")


def _closed(setting: Setting, symbol: Expr) -> Expr:
    return local_derivatives(setting, symbol, ())


def _edges(setting: Setting) -> Iterator[tuple[Variable, Variable]]:
    """The edges at symbolic t, or all of them where t is given; data are not differentiated by."""
    recurrence = setting.recurrence
    if isinstance(setting, AtHorizon):
        for of, inputs in setting.graph.inputs.items():
            yield from ((of, by) for by in inputs if _differentiable(setting, by))
        return
    assert isinstance(setting, EveryHorizon)
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
    return by.time is None or by.name not in setting.recurrence.inputs
