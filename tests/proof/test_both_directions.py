"""Every T for models with states that run forward in time and others that run backward."""

from __future__ import annotations

import re

import pytest
from explicit_paths import is_true
from models_both_ways import END_B, MODELS, B, F

from derive.algebra.expression import Equation, Immediate, Time, Total, Variable
from derive.derivation.backward import backward
from derive.derivation.every import every
from derive.derivation.forward import forward
from derive.derivation.gradients import adjoints, gradients
from derive.derivation.pairing import both_readings
from derive.derivation.total import total
from derive.errors import DeriveError
from derive.model.builtin import builtin, from_latex
from derive.model.recurrence import HORIZON, NOW, STEP
from derive.notation.latex import latex
from derive.proof.agreement import agree
from derive.proof.kernel import worlds_of
from derive.proof.pairing import readings
from derive.proof.setting import AtHorizon, BothDirections, EveryHorizon, general_step
from derive.proof.value import World

each_model = pytest.mark.parametrize("name", MODELS)


@each_model
def test_proved_for_every_horizon_and_true_at_each(name: str) -> None:
    """Both sides are the sum over all listed paths, in worlds that the kernel has not seen."""
    definitions, directions = MODELS[name]
    model = from_latex(definitions)
    setting = general_step(model)
    assert isinstance(setting, BothDirections)
    assert setting.directions == directions
    for by in model.parameters:
        theorem = every(setting, by)
        assert theorem.scope == f"every T ≥ {setting.least}"
        for side in (theorem.claim.left, theorem.claim.right):
            assert is_true(setting, Equation(Total(model.cost, by), side), more=4)


@each_model
def test_the_same_at_a_given_horizon(name: str) -> None:
    model = from_latex(MODELS[name][0])
    least = general_step(model).least
    for by in model.parameters:
        for horizon in (least, least + 2):
            at = AtHorizon(model, horizon)
            assert agree(at, by, total(at, by), forward(at, by), backward(at, by))


@each_model
def test_each_part_of_both_readings_is_true(name: str) -> None:
    """What the kernel demands of a reading is true by itself: every line of every chain."""
    model = from_latex(MODELS[name][0])
    setting = general_step(model)
    assert isinstance(setting, BothDirections)
    for by in model.parameters:
        found = both_readings(setting, by)
        for wanted in readings(setting, by):
            assert is_true(setting, wanted)
        for part in (found.leaving, found.entering):
            for chain in part.chains:
                assert is_true(setting, chain.equation)


MISFITS = {
    "a cycle of no time": (
        ("h_t = f(k_{t-1}, \\theta)", "k_t = b(h_{t+1})", "h_{T+1} = 0", "C = h_T"),
        "both directions of time",
    ),
    "a state that waits for itself": (
        ("h_t = f(h_{t-1}, h_{t+1}, \\theta)", "h_{T+1} = 0", "C = h_T"),
        "both directions of time",
    ),
    "two states that wait for each other": (
        (
            "h_t = f(h_{t-1}, k_t, \\theta)",
            "k_t = b(k_{t+1}, h_t, \\theta)",
            END_B,
            "C = l(h_T)",
        ),
        "a cycle within one time step",
    ),
    "two states that wait for each other's past and future": (
        (
            "h_t = f(h_{t-1}, k_{t-1}, \\theta)",
            "k_t = b(k_{t+1}, h_t, \\theta)",
            END_B,
            "C = l(h_T)",
        ),
        "both directions of time",
    ),
    "a final state inside the horizon": (
        ("k_t = b(k_{t+1}, \\theta)", "k_T = 0", "k_{T+1} = 0", "C = l(k_1)"),
        "k_T is given inside the horizon",
    ),
    "the last step as the final state": (
        (F, B, "k_{T+1} = h_T", "C = l(k_1)"),
        "k_{T+1} depends on the step h_T",
    ),
    "the first step of the way back as the initial state": (
        ("h_0 = k_1", F, B, END_B, "C = l(h_T)"),
        "h_0 depends on the later k_1",
    ),
    "a look ahead of no fixed length": (
        ("k_t = b(k_{t+1}, k_{2t}, \\theta)", END_B, "C = l(k_1)"),
        "not fixed",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_what_has_no_general_step_is_refused_with_the_reason(name: str) -> None:
    definitions, reason = MISFITS[name]
    with pytest.raises(DeriveError, match=re.escape(reason)):
        general_step(from_latex(definitions))


def test_the_induction_is_not_for_states_in_both_directions() -> None:
    with pytest.raises(DeriveError, match="runs backward in time"):
        EveryHorizon(from_latex(MODELS["one of each"][0]))


def test_a_model_that_runs_forward_keeps_its_induction() -> None:
    assert isinstance(general_step(builtin("gru")), EveryHorizon)


@pytest.mark.parametrize("parameter", builtin("bidirectional").parameters, ids=lambda p: p.name)
def test_the_bidirectional_cell(parameter: Variable) -> None:
    setting = general_step(builtin("bidirectional"))
    theorem = every(setting, parameter)
    assert theorem.scope == "every T ≥ 1"
    worlds = worlds_of(setting)
    for write in (adjoints, gradients):
        claim = write(setting, parameter).claim
        assert worlds.agree(claim.left, claim.right)


def test_the_adjoint_of_a_state_that_runs_backward() -> None:
    setting = general_step(builtin("bidirectional"))
    found = gradients(setting, Variable("R"))
    text = [
        latex(chain.equation).replace("\\operatorname{diag}", "D")
        for chain in found.derivation.chains
    ]
    earlier = r"R^\top D(1 - k_{t-1}^2) \nabla_{k_{t-1}} C"
    assert rf"\nabla_{{k_t}} C = P^\top \nabla_{{o_t}} C + {earlier}" in text
    assert text[-1] == (
        r"\nabla_{R} C = \sum_{s=1}^{T} D(1 - k_s^2) \left(\nabla_{k_s} C\right) k_{s+1}^\top"
    )


def test_a_way_beside_an_edge_may_be_longer_than_any_sample() -> None:
    """h_{t-1} reaches o_t by itself and, 78 steps on and 77 back, through k_t."""
    finals = tuple(f"k_{{T+{i}}} = 0" for i in range(1, 12))
    definitions = (
        "h_t = f(h_{t-13}, \\theta)",
        "k_t = b(k_{t+11}, h_t)",
        *finals,
        "o_t = g(h_{t-1}, k_t)",
        "C = \\sum_{t=1}^{T} l(o_t)",
    )
    model = from_latex(definitions)
    setting = general_step(model)
    (by,) = model.parameters
    output, state = Variable("o", NOW), Variable("h", NOW - 1)
    assert setting.sample.horizon < 78
    assert setting.edge(output, state) == Immediate(output, state)
    theorem = every(setting, by)
    at = AtHorizon(model, 90)
    world = World(at.graph, "another")
    goal = world.value(Total(model.cost, by))
    for side in (theorem.claim.left, theorem.claim.right):
        assert world.value(side, {HORIZON: Time.at(90)}) == goal
    here = {HORIZON: Time.at(90), STEP: Time.at(5)}
    chain = setting.chain(model.cost, Variable("h", NOW))
    assert world.value(chain, here) == world.value(Total(model.cost, Variable("h", Time.at(5))))
