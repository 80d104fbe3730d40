"""The proof for every T, written as base, step and conclusion; the kernel checks all three."""

from __future__ import annotations

from derive.algebra.expression import ZERO, Time, Total, Variable, multiply
from derive.derivation.pairing import both_readings
from derive.model.recurrence import END, NOW
from derive.proof.induction import Induction, hybrid, prove_every
from derive.proof.kernel import Theorem
from derive.proof.pairing import prove_both_ways
from derive.proof.rules import (
    beyond_horizon,
    collect_at_node,
    distributed,
    empty_range,
    exchange_terms,
    no_path,
    put_in_first,
    take_out_last,
    total_differential,
)
from derive.proof.setting import BothDirections, EveryHorizon
from derive.proof.steps import Chain, Derivation, Writer


def every(setting: EveryHorizon | BothDirections, by: Variable) -> Theorem:
    """∂C/∂`by` by total differentiation equals BPTT, for every T: proved, or Unproved is raised.

    By induction on t; where states run in both directions of time, without one.
    """
    if isinstance(setting, BothDirections):
        return prove_both_ways(setting, by, both_readings(setting, by))
    return prove_every(setting, by, induction(setting, by))


def induction(setting: EveryHorizon, by: Variable) -> Induction:
    """Base, step and conclusion for `by`, as `proof.induction` demands them."""
    return Induction(_base(setting, by), _step(setting, by), _conclusion(setting, by))


def _base(setting: EveryHorizon, by: Variable) -> Derivation:
    """∂C/∂θ differentiated through what C is made of, and I(T), are one line."""
    lemmas = [
        chain
        for node in reversed(setting.aggregates()[:-1])
        if (chain := node_lemma(setting, node, by))
    ]
    main = Writer(setting.differential(setting.cost, by), "differentiated forward throughout")
    for chain in lemmas:
        equation = chain.equation
        main.then("exchange terms", exchange_terms(setting, main.line, (equation,)), (equation,))
    target = hybrid(setting, by, END)
    back = Writer(target, "at t = T nothing is left to differentiate backward")
    back.then("empty range", empty_range(setting, back.line, ()))
    back.then("beyond horizon", beyond_horizon(setting, back.line, ()))
    mains = [chain for writer in (main, back) if (chain := writer.chain)]
    return Derivation("Base: t = T", (*lemmas, *mains))


def node_lemma(setting: EveryHorizon, node: Variable, by: Variable) -> Chain | None:
    """What leaves a node equals what enters it: ∂C/∂N ∂N/∂θ, read by both of its factors."""
    pivot = Total(node, by)
    out = distributed(multiply((setting.chain(setting.cost, node), pivot)))
    if out == ZERO:
        return None
    writer = Writer(out, "at the node")
    writer.then("collect at node", collect_at_node(setting, writer.line, ()))
    writer.then("total differential", total_differential(setting, writer.line, ()))
    writer.then("distribute", distributed(writer.line))
    return writer.chain


def _step(setting: EveryHorizon, by: Variable) -> Derivation:
    """I(t) = I(t-1): the cut moves over the nodes of step t, last one first."""
    names = reversed(setting.relevant(by))
    lemmas = [c for n in names if (c := node_lemma(setting, Variable(n, NOW), by))]
    main = Writer(hybrid(setting, by, NOW), "the cut moves from t to t − 1")
    main.then("take out last", take_out_last(setting, main.line, ()))
    for lemma in lemmas:
        given = (lemma.equation,)
        main.then("exchange terms", exchange_terms(setting, main.line, given), given)
    main.then("put in first", put_in_first(setting, main.line, ()))
    chain = main.chain
    return Derivation("Step: from t to t − 1", (*lemmas, *([chain] if chain else [])))


def _conclusion(setting: EveryHorizon, by: Variable) -> Derivation:
    """I at the start, with the initial states differentiated backward as well, is BPTT."""
    start = Time.at(setting.start)
    main = Writer(hybrid(setting, by, start), "at the first step nothing is left to do forward")
    main.then("empty range", empty_range(setting, main.line, ()))
    main.then("no path", no_path(setting, main.line, ()))
    lemmas = []
    early = [v for v in reversed(setting.early()) if setting.depends(v, by)]
    carriers = [
        d.target
        for d in reversed(setting.recurrence.shared)
        if d.target not in setting.aggregates() and setting.depends(d.target, by)
    ]
    for node in (*early, *carriers):
        lemma = node_lemma(setting, node, by)
        if lemma is not None:
            lemmas.append(lemma)
            given = (lemma.equation,)
            main.then("exchange terms", exchange_terms(setting, main.line, given), given)
    chain = main.chain
    return Derivation("Conclusion", (*lemmas, *([chain] if chain else [])))
