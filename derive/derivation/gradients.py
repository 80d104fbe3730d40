"""The gradients ∇_B C, each shaped like B, as textbooks write back-propagation (gradient layout)."""

from __future__ import annotations

from collections.abc import Iterator

from derive.algebra.expression import (
    Call,
    Equation,
    Expr,
    Gradient,
    Number,
    Total,
    Variable,
    multiply,
    walk,
)
from derive.derivation.backward import adjoint_chain
from derive.errors import DeriveError
from derive.model.calculus import direction
from derive.model.graph import ancestors, descendants
from derive.model.recurrence import NOW
from derive.model.shapes import VEC
from derive.proof.kernel import Theorem, prove
from derive.proof.rules import (
    chain_rule,
    forward_action,
    gradient_rule,
    local_derivatives,
    matrix_form,
    substitute,
    total_differential,
)
from derive.proof.setting import AtHorizon, GeneralStep, Setting
from derive.proof.steps import Chain, Derivation, Writer

TITLE = "Back-propagation through time, gradient layout"
FORWARD = "Forward accumulation"
WORKED_OUT = "Back-propagation through time, worked out"


def gradients(setting: Setting, by: Variable) -> Theorem:
    """∇_`by` C by BPTT: the adjoints as columns, ∂C/∂W shaped like W.

    At a given T, or for every T at a general step. Raises Unproved where a matrix goes through an
    abstract function, whose transposed action has no closed form.
    """
    chains: list[Chain] = []
    known: dict[Expr, Equation] = {}
    for node in (*_nodes(setting, by), by):
        chain = _chain(setting, node, known)
        if chain is None:
            continue
        chains.append(chain)
        if isinstance(chain.equation.right, Number):
            known[chain.equation.left] = chain.equation
    if not chains or chains[-1].equation.left != Gradient(setting.cost, by):
        raise DeriveError(f"the cost does not depend on {by.name}")
    return prove(setting, Derivation(TITLE, tuple(chains)), "the chain rule, transposed")


def adjoints(setting: GeneralStep, by: Variable) -> Theorem:
    """∂C/∂`by` by BPTT at a general step, for every T, in numerator layout: ∂C/∂W is shaped like Wᵀ."""
    known: dict[Expr, Equation] = {}
    chains: list[Chain] = []
    for node in _nodes(setting, by):
        chain = adjoint_chain(setting, node, known)
        if chain is not None:
            chains.append(chain)
            if isinstance(chain.equation.right, Number):
                known[chain.equation.left] = chain.equation
    writer = Writer(Total(setting.cost, by))
    writer.then("chain rule", chain_rule(setting, writer.line, ()))
    given = tuple(known[part] for part in dict.fromkeys(walk(writer.line)) if part in known)
    if given:
        writer.then("substitute", substitute(setting, writer.line, given), given)
    writer.then("local derivatives", local_derivatives(setting, writer.line, ()))
    writer.then("matrix form", matrix_form(setting, writer.line, ()))
    last = writer.chain
    derivation = Derivation(WORKED_OUT, (*chains, *([last] if last else [])))
    return prove(setting, derivation, "the chain rule")


def sensitivities(setting: GeneralStep, by: Variable) -> Theorem:
    """∂C/∂`by` by forward accumulation at a general step, for every T.

    ∂⁺h_t/∂W by a matrix W has no closed form of its own; what it does to a direction Ẇ has.
    """
    chains: list[Chain] = []
    steps = (Variable(name, NOW) for name in setting.relevant(by))
    others = [v for v in (*setting.early(), *setting.aggregates()) if setting.depends(v, by)]
    for node in (*(v for v in others if v.time), *steps, *(v for v in others if not v.time)):
        writer = Writer(Total(node, by))
        writer.then("total differential", total_differential(setting, writer.line, ()))
        writer.then("local derivatives", local_derivatives(setting, writer.line, ()))
        along = _along(setting, node, by)
        chains += [chain for chain in (along, writer.chain) if chain is not None]
    derivation = Derivation(FORWARD, tuple(chains))
    return prove(setting, derivation, "the total differential at each node")


def _along(setting: GeneralStep, node: Variable, by: Variable) -> Chain | None:
    """The change of `node` along a direction of a matrix that it uses; None where it uses none."""
    if not setting.is_matrix(by) or not setting.uses(node, by):
        return None
    if setting.forward_action(node, by) is None:
        return None
    writer = Writer(multiply((setting.edge(node, by), Call(VEC, (direction(by),)))))
    return writer.then("forward action", forward_action(setting, writer.line, ())).chain


def _nodes(setting: Setting, by: Variable) -> Iterator[Variable]:
    """What lies between the parameter and the cost, the cost's side first."""
    if isinstance(setting, AtHorizon):
        graph = setting.graph
        live = descendants(graph, by) & ancestors(graph, setting.cost)
        yield from (n for n in reversed(graph.nodes) if n in live and n not in (by, setting.cost))
        return
    assert isinstance(setting, GeneralStep)
    steps = [Variable(name, NOW) for name in reversed(setting.relevant(by))]
    made = setting.aggregates()[:-1]
    shared = [d.target for d in setting.recurrence.shared]
    carriers = [v for v in shared if v not in setting.aggregates()]
    for group in (made, steps[::-1], setting.early(), carriers):
        for node in reversed(group):
            if node in steps or (node != by and _between(setting, node, by)):
                yield node


def _between(setting: GeneralStep, node: Variable, by: Variable) -> bool:
    """Whether a node that is no general step lies on a way from the parameter to the cost."""
    return setting.depends(node, by) and setting.depends(setting.cost, node)


def _chain(setting: Setting, node: Variable, known: dict[Expr, Equation]) -> Chain | None:
    writer = Writer(Gradient(setting.cost, node))
    writer.then("gradient rule", gradient_rule(setting, writer.line, ()))
    given = tuple(known[part] for part in dict.fromkeys(walk(writer.line)) if part in known)
    if given:
        writer.then("substitute", substitute(setting, writer.line, given), given)
    return writer.chain
