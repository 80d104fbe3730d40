"""From which T on the theorem holds, and models whose steps or cost have no general form."""

from __future__ import annotations

import pytest

from derive.algebra.expression import ZERO, Time, Total, move, terms_of
from derive.derivation.backward import backward
from derive.derivation.every import every, induction
from derive.derivation.forward import forward
from derive.derivation.total import total
from derive.errors import DeriveError
from derive.model.builtin import MODELS, builtin, from_latex
from derive.model.horizon import looks_ahead
from derive.model.recurrence import STEP
from derive.proof.agreement import agree
from derive.proof.induction import hybrid
from derive.proof.rules import no_path
from derive.proof.setting import AtHorizon, EveryHorizon
from derive.proof.value import World

F = "h_t = f(h_{t-1}, \\theta)"
L = "L_t = l(h_t)"

FIRST_T = {
    "a reversed loss": ((F, L, "C = \\sum_{t=1}^{T} L_t L_{T-t}"), 1),
    "a sum that begins late": ((F, L, "C = \\sum_{t=5}^{T} L_t"), 5),
    "a loss of step 5": ((F, L, "C = L_5"), 5),
    "a loss before the end": ((F, "C = l(h_{T-3})"), 4),
    "the last eleven losses": ((F, L, "C = \\sum_{t=T-10}^{T} L_t"), 11),
    "a shifted loss": ((F, "L_t = l(h_t, \\theta)", "C = \\sum_{t=1}^{T} L_{t-3}"), 3),
    "the initial state and an early end": (("h_0 = \\theta", F, "C = h_{T-1}"), 2),
    "the first state given": (("h_1 = q(\\theta)", F, L, "C = \\sum_{t=1}^{T} L_t"), 1),
    "a sum of sums": ((F, L, "C = \\sum_{t=1}^{T} \\sum_{s=1}^{t} L_s"), 1),
    "a product over the steps": (("h_t = \\theta h_{t-1}", "C = \\prod_{t=1}^{T} h_t"), 1),
    "steps named from both ends": ((F, "C = l(h_2, h_T) + l(h_{T-1}, h_3)"), 3),
    "a state of every second step": (
        ("a_0 = q(\\theta)", "a_t = f(a_{t-2}, x_t)", "b_t = g(a_t, a_{t-2})", "C = l(b_T)"),
        1,
    ),
    "a shared quantity in the initial state alone": (
        ("w = q(\\theta)", "a_0 = w", "a_t = f(a_{t-2}, x_t)", "C = l(a_T)"),
        1,
    ),
    "a long way round": (
        (
            *(f"{a}_t = f_{{{a}}}({b}_{{t-1}})" for a, b in zip("abcdmnp", "bcdmnpq", strict=True)),
            "q_t = f_{q}(q_{t-1}, \\theta)",
            "C = l(a_T)",
        ),
        1,
    ),
}

MISFITS = {
    "a future state": (("h_t = f(h_{2t}, \\theta)", "C = h_T"), "not fixed"),
    "all states before": (("h_t = \\sum_{s=0}^{t-1} w h_s", "C = h_T"), "not fixed"),
    "an input that is given late": (
        ("x_5 = q(\\theta)", "h_t = f(h_{t-1}, x_t)", "C = l(h_T)"),
        "x_5 is given for this step alone",
    ),
    "a later state in the first one": (
        ("e_t = q(e_{t-1}, \\theta)", "h_0 = e_5", F, "C = l(h_T)"),
        "depends on the later",
    ),
    "every second loss": ((F, "C = \\sum_{k=1}^{T} l(h_{2k})"), "no fixed number of steps"),
}


@pytest.mark.parametrize("name", FIRST_T)
def test_the_first_t_and_the_truth_there(name: str) -> None:
    """The theorem's two sides are ∂C/∂θ at the first T and after, by the sum over paths."""
    definitions, first = FIRST_T[name]
    model = from_latex(definitions)
    setting = EveryHorizon(model)
    (by,) = model.parameters
    theorem = every(setting, by)
    assert theorem.scope == f"every T ≥ {first}"
    reached = False
    for horizon in range(first, first + 12):
        at = AtHorizon(model, horizon)
        world = World(at.graph, "another seed")
        end = {"T": at._horizon_time()}
        goal = world.value(Total(model.cost, by))
        reached |= at.depends(model.cost, by)
        assert world.value(theorem.claim.left, end) == goal
        assert world.value(theorem.claim.right, end) == goal
    assert reached


@pytest.mark.parametrize("name", FIRST_T)
def test_the_same_models_at_a_given_t(name: str) -> None:
    definitions, first = FIRST_T[name]
    model = from_latex(definitions)
    (by,) = model.parameters
    for horizon in (first, first + 3):
        at = AtHorizon(model, horizon)
        assert agree(at, by, total(at, by), forward(at, by), backward(at, by))


@pytest.mark.parametrize("name", MISFITS)
def test_what_has_no_general_step_is_refused_with_the_reason(name: str) -> None:
    definitions, reason = MISFITS[name]
    with pytest.raises(DeriveError, match=reason):
        EveryHorizon(from_latex(definitions))


def test_a_sum_over_all_states_before_is_derived_at_a_given_t() -> None:
    model = from_latex(("h_t = \\sum_{s=0}^{t-1} w^{t-s} h_s", "C = h_T"))
    at = AtHorizon(model, 4)
    (by,) = model.parameters
    assert agree(at, by, total(at, by), forward(at, by), backward(at, by))


def test_a_parameter_that_the_first_t_does_not_use_has_the_gradient_zero_there() -> None:
    """With h_1 given, θ enters at T = 2 only; the theorem holds from T = 1 on."""
    model = from_latex(("h_1 = a", "h_t = f(h_{t-1}, \\theta)", "C = \\sum_{t=1}^{T} h_t"))
    theta = next(p for p in model.parameters if p.name == "\\theta")
    at = AtHorizon(model, 1)
    ways = total(at, theta), forward(at, theta), backward(at, theta)
    assert [w.claim.right for w in ways] == [ZERO] * 3 and agree(at, theta, *ways)
    assert every(EveryHorizon(model), theta).scope == "every T ≥ 1"


@pytest.mark.parametrize("name", [m for m in MODELS if not looks_ahead(builtin(m))])
def test_the_conclusion_begins_with_the_hybrid_as_stated(name: str) -> None:
    """I(0) is what the formula for I(t) says at t = 0: also where ∂h_0/∂θ = 0, which takes a step."""
    model = builtin(name)
    setting = EveryHorizon(model)
    for by in model.parameters:
        start = Time.at(setting.start)
        stated = move(hybrid(setting, by), {STEP: start})
        assert set(terms_of(stated)) == set(terms_of(hybrid(setting, by, start)))
        parts = induction(setting, by).conclusion.chains
        rules = {step.rule for chain in parts for step in chain.steps}
        assert ("no path" in rules) == (no_path(setting, stated, ()) != stated)
