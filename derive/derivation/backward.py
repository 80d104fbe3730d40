"""Back-propagation through time: the adjoints ∂C/∂h_t, from the cost back to the first step."""

from __future__ import annotations

from derive.algebra.expression import Equation, Expr, Total, Variable, is_constant, walk
from derive.derivation.forward import only_line
from derive.model.graph import ancestors, descendants
from derive.proof.kernel import Theorem, prove
from derive.proof.rules import (
    follow_first_step,
    local_derivatives,
    matrix_form,
    split_by_first_step,
    substitute,
)
from derive.proof.setting import AtHorizon, Setting
from derive.proof.steps import Chain, Derivation, Writer

TITLE = "Back-propagation through time"


def adjoint_chain(
    setting: Setting, node: Variable, known: dict[Expr, Equation], closed: bool = True
) -> Chain | None:
    """∂C/∂node: its contributions via each user, then the users' adjoints that are numbers.

    `known` holds the equations of adjoints that were found to be constants, such as ∂C/∂L_t = 1.
    """
    writer = Writer(Total(setting.cost, node))
    split = split_by_first_step(setting, writer.line, ())
    writer.then("split by first step", split)
    writer.then("follow first step", follow_first_step(setting, writer.line, ()))
    given = tuple(known[part] for part in dict.fromkeys(walk(writer.line)) if part in known)
    if given and writer.line != Total(setting.cost, node):
        writer.then("substitute", substitute(setting, writer.line, given), given)
    if closed:
        writer.then("local derivatives", local_derivatives(setting, writer.line, ()))
        writer.then("matrix form", matrix_form(setting, writer.line, ()))
    return writer.chain


def backward(setting: AtHorizon, by: Variable) -> Theorem:
    """∂C/∂`by` by BPTT: each adjoint once, shared by all that use it (Werbos 1990).

    Shapes: ∂C/∂h_t is a row of |h| numbers (numerator layout).
    """
    graph = setting.graph
    live = descendants(graph, by) & ancestors(graph, setting.cost)
    nodes = [n for n in reversed(graph.nodes) if n in live and n not in (by, setting.cost)]
    chains: list[Chain] = []
    known: dict[Expr, Equation] = {}
    for node in (*nodes, by):
        chain = adjoint_chain(setting, node, known)
        if chain is None:
            continue
        chains.append(chain)
        if is_constant(chain.equation.right):
            known[chain.equation.left] = chain.equation
    if not any(chain.equation.left == Total(setting.cost, by) for chain in chains):
        chains.append(only_line(setting, by, "chain rule"))
    return prove(setting, Derivation(TITLE, tuple(chains)), "back-propagation through time")
