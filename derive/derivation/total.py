"""Total differentiation: from the cost down, through every definition, to the sum over all paths."""

from __future__ import annotations

from derive.algebra.expression import Equation, Expr, Total, Variable, walk
from derive.derivation.forward import only_line, sensitivity_chain, sensitivity_order
from derive.model.graph import Graph, count_paths
from derive.proof.kernel import Theorem, prove
from derive.proof.rules import local_derivatives, matrix_form, substitute_and_distribute
from derive.proof.setting import AtHorizon
from derive.proof.steps import Chain, Derivation, Writer

TITLE = "Total differentiation"
MOST_PATHS_WRITTEN = 64


def total(setting: AtHorizon, by: Variable, most: int = MOST_PATHS_WRITTEN) -> Theorem:
    """∂C/∂`by` by the total differential at every node, C first.

    Up to `most` paths the sum over all paths is written out; beyond that it is held as the
    shared equations of the nodes, which are the same paths.
    """
    nodes = list(reversed(sensitivity_order(setting, by)))
    chains = [c for node in nodes if (c := sensitivity_chain(setting, node, by, closed=False))]
    if len(nodes) <= 1:
        alone = sensitivity_chain(setting, setting.cost, by, closed=True) if nodes else None
        chains = [alone or only_line(setting, by, "total differential")]
    elif len(chains) > 1 and count_paths(setting.graph, by, setting.cost) <= most:
        chains.append(_all_paths(setting, by, chains))
    else:
        chains.append(chains.pop(0))
    return prove(setting, Derivation(TITLE, tuple(chains)), "total differentiation")


def _all_paths(setting: AtHorizon, by: Variable, chains: list[Chain]) -> Chain:
    """∂C/∂by with every sensitivity replaced, one variable after the other, down to the paths."""
    equations = {c.equation.left: c.equation for c in chains}
    goal = Total(setting.cost, by)
    writer = Writer(goal, "the sum over all paths")
    line: Expr = equations[goal].right
    writer.then("substitute", line, (equations[goal],))
    while True:
        given = _next_step(setting.graph, line, equations, goal)
        if not given:
            break
        after = substitute_and_distribute(setting, writer.line, given)
        writer.then("substitute and distribute", after, given)
        line = writer.line
    writer.then("local derivatives", local_derivatives(setting, writer.line, ()))
    writer.then("matrix form", matrix_form(setting, writer.line, ()))
    chain = writer.chain
    assert chain is not None
    return chain


def _next_step(
    graph: Graph, line: Expr, equations: dict[Expr, Equation], goal: Expr
) -> tuple[Equation, ...]:
    """The equations for the sensitivities in `line` that have the name of its latest one."""
    open_ones = dict.fromkeys(
        p for p in walk(line) if isinstance(p, Total) and p in equations and p != goal
    )
    if not open_ones:
        return ()
    latest = max(graph.position[p.of] for p in open_ones)
    last = next(p for p in open_ones if graph.position[p.of] == latest)
    return tuple(equations[p] for p in open_ones if p.of.name == last.of.name)
