"""The worked examples: the derivative of a closed formula by the chain rule, and by expanding first."""

from __future__ import annotations

from collections.abc import Sequence

from derive.algebra.expression import Equation, Expr, Total, Variable, terms_of, walk
from derive.derivation.backward import adjoint_chain
from derive.derivation.forward import only_line
from derive.errors import DeriveError
from derive.model.graph import ancestors, descendants
from derive.model.recurrence import Recurrence, variables
from derive.proof.kernel import Theorem, prove
from derive.proof.rules import (
    definition,
    differentiate,
    expand,
    expand_terms,
    follow_first_step,
    local_derivatives,
    outer_derivatives,
    split_by_first_step,
    split_via_and_held,
    substitute,
)
from derive.proof.setting import AtHorizon
from derive.proof.steps import Chain, Derivation, Writer

BY_CHAIN_RULE = "By the chain rule"
BY_EXPANDING = "By expanding first"


def refuse_unlike_example(recurrence: Recurrence) -> None:
    """DeriveError unless every definition is a closed formula without time."""
    for d in recurrence.definitions:
        if d.target.time is not None or any(v.time is not None for v in variables(d.body)):
            raise DeriveError("an example has no time index; use `derive bptt` for this", d.place)
    if recurrence.functions:
        raise DeriveError(
            f"an example needs closed formulas, but {recurrence.functions[0]} is an abstract function"
        )


def example(recurrence: Recurrence, by: Variable) -> tuple[Theorem, ...]:
    """The derivative by the chain rule and by expanding first, and the theorem that they agree."""
    from derive.proof.agreement import agree_exactly

    refuse_unlike_example(recurrence)
    setting = AtHorizon(recurrence, 1)
    if not setting.depends(setting.cost, by):
        chain = only_line(setting, by, "chain rule")
        return (prove(setting, Derivation(BY_CHAIN_RULE, (chain,)), "no path"),)
    ways = (by_chain_rule(setting, by), by_expanding(setting, by))
    return (*ways, agree_exactly(ways))


def _defined(setting: AtHorizon) -> list[Variable]:
    """What the cost is made of, the outermost first."""
    graph = setting.graph
    below = ancestors(graph, setting.cost)
    return [
        v for v in reversed(graph.nodes) if v in below and v in graph.bodies and v != setting.cost
    ]


def _definitions(setting: AtHorizon, nodes: Sequence[Variable]) -> list[Chain]:
    found = []
    for node in nodes:
        writer = Writer(node)
        writer.then("definition", definition(setting, node, ()))
        if writer.chain is not None:
            found.append(writer.chain)
    return found


def by_chain_rule(setting: AtHorizon, by: Variable) -> Theorem:
    """∂f/∂x through every intermediate quantity; the part via one and the part with it held apart."""
    graph = setting.graph
    inner = [
        v
        for v in reversed(graph.nodes)
        if v in descendants(graph, by) & ancestors(graph, setting.cost)
        and v not in (by, setting.cost)
    ]
    indirect = [v for v in inner if setting.edge(setting.cost, v) != Total(setting.cost, v)]
    indirect = [v for v in inner if v in indirect or not setting.uses(setting.cost, v)]
    lemmas: list[Chain] = []
    known: dict[Expr, Equation] = {}
    for node in indirect:
        lemma = _adjoint(setting, node, known)
        lemmas.append(lemma)
        known[lemma.equation.left] = lemma.equation
    main = Writer(Total(setting.cost, by))
    users = setting.users(by, setting.cost)
    split = split_by_first_step
    forked = len(users) == 2 and setting.cost in users and not indirect
    if forked:
        main.then("split via and held", split_via_and_held(setting, main.line, ()))
    else:
        main.then("split by first step", split(setting, main.line, ()))
    main.then("follow first step", follow_first_step(setting, main.line, ()))
    _use(setting, main, known)
    if forked:
        main.then("outer derivatives", outer_derivatives(setting, main.line, ()))
    main.then("local derivatives", local_derivatives(setting, main.line, ()))
    definitions = []
    for chain in _definitions(setting, _defined(setting)):
        given = (chain.equation,)
        before = main.line
        main.then("substitute", substitute(setting, main.line, given), given)
        if main.line != before or chain.equation.left in inner:
            definitions.append(chain)
    main.then("expand", expand(setting, main.line, ()))
    parts = _parts(setting, by, definitions) if forked else []
    last = main.chain
    chains = (*lemmas, *definitions, *parts, *([last] if last else []))
    return prove(setting, Derivation(BY_CHAIN_RULE, chains), "chain rule")


def _parts(setting: AtHorizon, by: Variable, definitions: Sequence[Chain]) -> list[Chain]:
    """The part via the one other user, and the part with it held, each worked out by itself."""
    total = Total(setting.cost, by)
    found = []
    for part in terms_of(split_via_and_held(setting, total, ())):
        writer = Writer(part)
        writer.then("follow first step", follow_first_step(setting, writer.line, ()))
        writer.then("local derivatives", local_derivatives(setting, writer.line, ()))
        for chain in definitions:
            given = (chain.equation,)
            writer.then("substitute", substitute(setting, writer.line, given), given)
        writer.then("expand terms", expand_terms(setting, writer.line, ()))
        writer.then("expand", expand(setting, writer.line, ()))
        if writer.chain is not None:
            found.append(writer.chain)
    return found


def _adjoint(setting: AtHorizon, node: Variable, known: dict[Expr, Equation]) -> Chain:
    chain = adjoint_chain(setting, node, known)
    assert chain is not None
    return chain


def _use(setting: AtHorizon, writer: Writer, known: dict[Expr, Equation]) -> None:
    given = tuple(known[p] for p in dict.fromkeys(walk(writer.line)) if p in known)
    if given:
        writer.then("substitute", substitute(setting, writer.line, given), given)


def by_expanding(setting: AtHorizon, by: Variable) -> Theorem:
    """∂f/∂x of the formula that is left when every definition is substituted and multiplied out."""
    definitions = _definitions(setting, _defined(setting))
    closed = Writer(setting.cost)
    closed.then("definition", definition(setting, setting.cost, ()))
    for named in definitions:
        given = (named.equation,)
        closed.then("substitute", substitute(setting, closed.line, given), given)
    closed.then("expand terms", expand_terms(setting, closed.line, ()))
    closed.then("expand", expand(setting, closed.line, ()))
    chain = closed.chain
    assert chain is not None
    main = Writer(Total(setting.cost, by))
    given = (chain.equation,)
    main.then("differentiate", differentiate(setting, main.line, given), given)
    main.then("expand", expand(setting, main.line, ()))
    last = main.chain
    chains = (*definitions, chain, *([last] if last else []))
    return prove(setting, Derivation(BY_EXPANDING, chains), "expansion")
