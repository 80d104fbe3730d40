"""Truncated BPTT: each contribution is followed back over at most k time steps.

A path is kept when its edges together cross at most k time steps (Williams and Peng, 1990: BPTT(h));
k = 0 keeps each step's own use of θ alone. The paths that are dropped are written out, up to
MOST_DROPPED_WRITTEN; beyond that they are counted.
"""

from __future__ import annotations

from derive.algebra.expression import Total, Truncated, Variable, factors_of, terms_of
from derive.derivation.forward import only_line
from derive.errors import DeriveError
from derive.model.graph import count_paths, count_short_paths
from derive.proof.kernel import Theorem, prove
from derive.proof.rules import dropped_paths, local_derivatives, truncated_chain_rule
from derive.proof.setting import AtHorizon
from derive.proof.steps import Chain, Derivation, Writer

MOST_TRUNCATED = 4_000
MOST_DROPPED_WRITTEN = 500


def truncated(setting: AtHorizon, by: Variable, steps: int) -> Theorem:
    """∂C/∂`by` without the paths that cross more than `steps` time steps, and what that drops.

    Raises DeriveError beyond MOST_TRUNCATED: there is an adjoint for each step and each number of
    steps that may still be crossed.
    """
    size = setting.horizon * min(steps, setting.horizon)
    if size > MOST_TRUNCATED:
        raise DeriveError(
            f"a truncation to {steps} of {setting.horizon} steps needs {size} adjoints of each state, "
            f"more than the limit of {MOST_TRUNCATED}"
        )
    title = f"Truncated back-propagation through time, k = {steps}"
    goal = Truncated(setting.cost, by, steps)
    if not setting.depends(setting.cost, by):
        nothing = only_line(setting, by, "chain rule")
        return prove(setting, Derivation(title, (nothing,)), "truncated BPTT")
    chains = [_adjoint(setting, symbol) for symbol in _needed(setting, goal)]
    found = [chain for chain in chains if chain is not None]
    last = found[-1].equation
    if count_dropped(setting, by, steps) <= MOST_DROPPED_WRITTEN:
        whole = Writer(Total(setting.cost, by), "what the truncation drops")
        whole.then("dropped paths", dropped_paths(setting, whole.line, (last,)), (last,))
        if whole.chain is not None:
            found.append(whole.chain)
    return prove(setting, Derivation(title, tuple(found)), "truncated BPTT")


def count_dropped(setting: AtHorizon, by: Variable, steps: int) -> int:
    """How many paths from `by` to the cost cross more than `steps` time steps."""
    graph, of = setting.graph, setting.cost
    return count_paths(graph, by, of) - count_short_paths(graph, by, of, steps)


def _needed(setting: AtHorizon, goal: Truncated) -> list[Truncated]:
    """The truncated adjoints that `goal` is made of, those nearest to the cost first."""
    seen = {goal}
    waiting = [goal]
    while waiting:
        here = waiting.pop()
        for term in terms_of(truncated_chain_rule(setting, here, ())):
            for factor in factors_of(term):
                if isinstance(factor, Truncated) and factor not in seen:
                    seen.add(factor)
                    waiting.append(factor)
    position = setting.graph.position
    return sorted(seen, key=lambda a: (-position[a.by], a.steps))


def _adjoint(setting: AtHorizon, symbol: Truncated) -> Chain | None:
    writer = Writer(symbol)
    writer.then("truncated chain rule", truncated_chain_rule(setting, symbol, ()))
    writer.then("local derivatives", local_derivatives(setting, writer.line, ()))
    return writer.chain
