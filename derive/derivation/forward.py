"""Forward accumulation (RTRL): the sensitivities ∂h_t/∂θ, from the first step to the cost."""

from __future__ import annotations

from derive.algebra.expression import Total, Variable
from derive.model.graph import ancestors, descendants
from derive.proof.kernel import Theorem, prove
from derive.proof.rules import RULES, local_derivatives, total_differential
from derive.proof.setting import AtHorizon
from derive.proof.steps import Chain, Derivation, Step, Writer

TITLE = "Forward accumulation"


def sensitivity_order(setting: AtHorizon, by: Variable) -> list[Variable]:
    """The variables on a path from `by` to the cost, inputs before users, the cost last."""
    graph = setting.graph
    live = descendants(graph, by) & ancestors(graph, setting.cost)
    return [node for node in graph.nodes if node in live and node != by]


def sensitivity_chain(
    setting: AtHorizon, node: Variable, by: Variable, closed: bool
) -> Chain | None:
    """∂node/∂by by the total differential of node's definition; with `closed`, local forms too."""
    writer = Writer(Total(node, by))
    writer.then("total differential", total_differential(setting, writer.line, ()))
    if closed:
        writer.then("local derivatives", local_derivatives(setting, writer.line, ()))
    return writer.chain


def only_line(setting: AtHorizon, by: Variable, rule: str) -> Chain:
    """∂C/∂by = 0 where no path leads from `by` to the cost; else what `rule` makes of it at once.

    Where the cost uses `by` directly and in no other way, that is the derivative itself.
    """
    goal = Total(setting.cost, by)
    name = rule if setting.depends(setting.cost, by) else "no path"
    return Chain((Step(name, goal, RULES[name](setting, goal, ())),))


def forward(setting: AtHorizon, by: Variable) -> Theorem:
    """∂C/∂`by` by forward accumulation, in T steps; Williams and Zipser (1989) call it RTRL.

    Shapes: ∂h_t/∂θ has |h| rows and |θ| columns (numerator layout).
    """
    nodes = sensitivity_order(setting, by)
    chains = [sensitivity_chain(setting, node, by, closed=True) for node in nodes]
    written = [chain for chain in chains if chain is not None]
    written = written or [only_line(setting, by, "total differential")]
    return prove(setting, Derivation(TITLE, tuple(written)), "forward accumulation")
