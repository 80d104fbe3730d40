"""The axioms: which symbol an edge has, the chain rule at a node, and which models do not fit."""

from __future__ import annotations

import pytest
from explicit_paths import is_true

from derive.algebra.expression import (
    BigSum,
    Equation,
    Expr,
    Immediate,
    Product,
    Sum,
    Time,
    Total,
    Variable,
    factors_of,
    terms_of,
)
from derive.errors import DeriveError
from derive.model.builtin import BUILTIN, builtin, from_latex
from derive.proof.setting import AtHorizon, EveryHorizon, Setting
from derive.proof.value import World

C, THETA = Variable("C"), Variable("\\theta")
LAG_TWO = ("h_t = a h_{t-1} + b h_{t-2}", "C = \\sum_{t=1}^{T} h_t")


def at(name: str, time: int) -> Variable:
    return Variable(name, Time.at(time))


def near(name: str, ahead: int = 0) -> Variable:
    return Variable(name, Time.of("t", ahead))


each_model = pytest.mark.parametrize("name", BUILTIN)


# -- the symbols of edges -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "of", "by", "kind"),
    [
        ("abstract", at("h", 2), at("h", 1), Total),
        ("abstract", at("o", 2), at("h", 2), Total),
        ("abstract", at("L", 2), at("o", 2), Total),
        ("abstract", C, at("L", 2), Total),
        ("abstract", at("o", 2), THETA, Immediate),
        ("abstract", at("h", 2), THETA, Immediate),
        ("second-order", at("h", 3), at("h", 2), Total),
        ("second-order", at("h", 3), at("h", 1), Immediate),
        ("coupled", at("h", 2), at("c", 2), Total),
        ("coupled", at("h", 2), at("h", 1), Immediate),
        ("coupled", at("c", 2), at("h", 1), Total),
        ("coupled", at("c", 2), at("c", 1), Immediate),
        ("feedback", at("h", 2), at("o", 1), Total),
        ("terminal", C, at("h", 3), Immediate),
        ("initial", C, THETA, Immediate),
        ("initial", at("h", 0), THETA, Immediate),
    ],
)
def test_an_edge_is_a_total_only_where_it_is_the_only_path(
    name: str, of: Variable, by: Variable, kind: type
) -> None:
    setting = AtHorizon(builtin(name), 3)
    assert setting.uses(of, by)
    assert setting.edge(of, by) == kind(of, by)


@each_model
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_the_symbol_of_an_edge_has_the_value_of_the_edge(name: str, horizon: int) -> None:
    """A total is printed only where it equals the immediate derivative."""
    setting = AtHorizon(builtin(name), horizon)
    world = World(setting.graph)
    for of, inputs in setting.graph.inputs.items():
        for by in inputs:
            assert world.value(setting.edge(of, by)) == world.value(Immediate(of, by))


def test_a_copy_is_used_immediately_and_in_its_own_step_alone() -> None:
    setting = AtHorizon(builtin("abstract"), 3)
    copy = Variable("\\theta", None, Time.at(2))
    assert setting.edge(at("h", 2), copy) == Immediate(at("h", 2), copy)
    assert setting.uses(at("h", 2), copy)
    assert not setting.uses(at("h", 1), copy)
    assert setting.users(copy, C) == (at("h", 2), at("o", 2))


# -- DESIGN, section 2: lag 2, 103 against 63 -----------------------------------------------------


def test_with_a_second_lag_the_familiar_formula_with_totals_is_false() -> None:
    setting = AtHorizon(builtin("second-order"), 4)
    axiom = setting.chain(C, at("h", 1))
    inner = [factors_of(term)[-1] for term in terms_of(axiom)]
    assert inner == [
        Total(at("o", 1), at("h", 1)),
        Total(at("h", 2), at("h", 1)),
        Immediate(at("h", 3), at("h", 1)),
    ]
    assert is_true(setting, Equation(Total(C, at("h", 1)), axiom))
    familiar = Sum(
        tuple(
            Product((*factors_of(t)[:-1], Total(factors_of(t)[-1].of, factors_of(t)[-1].by)))
            for t in terms_of(axiom)
        )
    )
    assert not is_true(setting, Equation(Total(C, at("h", 1)), familiar))


@pytest.mark.parametrize("a", [1, 2, 3])
def test_lag_two_in_numbers(a: int) -> None:
    """h_t = a h_{t-1} + b h_{t-2}: ∂h_3/∂h_1 is a² + b, its own use of h_1 only b."""
    setting = AtHorizon(from_latex(LAG_TWO), 3)
    first, third = at("h", 1), at("h", 3)
    assert setting.edge(third, first) == Immediate(third, first)
    assert setting.local(third, first) == Variable("b")
    assert setting.local_of(Immediate(third, first)) == Variable("b")
    assert setting.local_of(Total(third, first)) is None


# -- the axioms are true --------------------------------------------------------------------------


@each_model
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_chain_rule_and_differential_hold_between_all_variables(name: str, horizon: int) -> None:
    setting = AtHorizon(builtin(name), horizon)
    world = World(setting.graph, "axioms")
    for of in setting.graph.nodes:
        for by in setting.graph.nodes:
            if of != by:
                wanted = world.value(Total(of, by))
                for axiom in (setting.chain(of, by), setting.differential(of, by)):
                    value = world.value(axiom)
                    assert value == wanted or not setting.depends(of, by)
                if not setting.depends(of, by):
                    assert setting.chain(of, by) == setting.differential(of, by)


@each_model
@pytest.mark.parametrize("index", ["s", "t"])
def test_axioms_at_every_horizon_hold(name: str, index: str) -> None:
    setting = EveryHorizon(builtin(name), index)
    cost = setting.cost
    for by in setting.recurrence.parameters:
        for axiom in (setting.chain(cost, by), setting.differential(cost, by)):
            assert is_true(setting, Equation(Total(cost, by), axiom), more=4)
    for node in setting.order:
        here = near(node)
        assert is_true(setting, Equation(Total(cost, here), setting.chain(cost, here)), more=4)
        for by in setting.recurrence.parameters:
            assert is_true(setting, Equation(Total(here, by), setting.differential(here, by)))


def test_the_chain_rule_for_every_step_as_the_notes_write_it() -> None:
    setting = EveryHorizon(builtin("abstract"))
    assert setting.chain(C, near("h")) == Sum(
        (
            Product((Total(C, near("o")), Total(near("o"), near("h")))),
            Product((Total(C, near("h", 1)), Total(near("h", 1), near("h")))),
        )
    )
    whole = setting.chain(C, THETA)
    assert isinstance(whole, BigSum)
    assert (whole.index, whole.lower, whole.upper) == ("s", Time.at(1), Time.of("T"))


def test_lags_and_feedback_at_symbolic_t() -> None:
    second = EveryHorizon(builtin("second-order"))
    assert second.users(near("h"), C) == (near("o"), near("h", 1), near("h", 2))
    assert second.edge(near("h", 2), near("h")) == Immediate(near("h", 2), near("h"))
    feedback = EveryHorizon(builtin("feedback"))
    assert feedback.users(near("h"), C) == (near("o"),)
    assert set(feedback.users(near("o"), C)) == {near("L"), near("h", 1)}


def test_a_terminal_cost_at_every_horizon() -> None:
    setting = EveryHorizon(builtin("terminal"))
    last: Expr = Immediate(C, near("h"))
    assert setting.chain(C, near("h")) == Sum(
        (Product((Total(C, near("h", 1)), Total(near("h", 1), near("h")))), last)
    )
    assert is_true(setting, Equation(Total(C, near("h")), setting.chain(C, near("h"))), more=5)


# -- what a setting knows -------------------------------------------------------------------------


def test_scopes() -> None:
    model = builtin("abstract")
    assert AtHorizon(model, 3).scope == "T = 3"
    assert EveryHorizon(model).scope == "every T ≥ 1"
    assert EveryHorizon(model).range_of_steps() == "1 ≤ t ≤ T"
    assert EveryHorizon(model, beyond=2).scope == "every T ≥ 3"
    assert EveryHorizon(model, beyond=2).range_of_steps() == "1 ≤ t ≤ T - 2"
    given = from_latex(("h_0 = a", "h_1 = b a", "h_t = f(h_{t-1}, a)", "C = l(h_T)"))
    assert EveryHorizon(given).start == 1
    assert EveryHorizon(given).range_of_steps() == "2 ≤ t ≤ T"
    still = from_latex(("z = 3 x", "f = z^2"))
    assert AtHorizon(still, 1).scope == "every T (nothing varies in time)"


@pytest.mark.parametrize("setting", [AtHorizon(builtin("tanh"), 2), EveryHorizon(builtin("tanh"))])
def test_bodies(setting: Setting) -> None:
    assert setting.body(C) is not None
    assert setting.body(Variable("w")) is None
    assert setting.body(at("h", 2)) is not None
    assert setting.body(at("h", 0)) is None


def test_early_states_and_aggregates() -> None:
    setting = EveryHorizon(builtin("initial"))
    assert at("h", 0) in setting.early()
    assert setting.aggregates() == (C,)
    assert setting.users(at("h", 0), C) == (at("h", 1),)
    split = from_latex(("h_t = f(h_{t-1}, w)", "A = \\sum_{t=1}^{T} h_t", "B = h_T", "C = A B + w"))
    found = EveryHorizon(split)
    assert found.aggregates()[-1] == C
    assert set(found.aggregates()) == {Variable("A"), Variable("B"), C}
    w = Variable("w")
    assert is_true(found, Equation(Total(C, w), found.chain(C, w)), more=4)


# -- models that do not fit every T ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("definitions", "reason"),
    [
        (
            ("b_t = f(b_{t+1}, \\theta)", "b_{T+1} = 0", "C = \\sum_{t=1}^{T} l(b_t)"),
            "runs backward in time",
        ),
        (("h_t = f(h_{t-1}, h_{T-t}, w)", "C = \\sum_{t=1}^{T} h_t"), "."),
        (("h_t = f(h_{t-1}, w)", "g_t = q(h_T, h_t)", "C = \\sum_{t=1}^{T} g_t"), "not fixed"),
        (
            (
                "h_t = f(h_{t-1}, w)",
                "m = \\sum_{t=1}^{T} h_t",
                "g_t = q(h_t, m)",
                "C = \\sum_{t=1}^{T} g_t",
            ),
            "needs all steps",
        ),
    ],
    ids=["backward", "cyclic look back", "look at the end", "the mean of all steps"],
)
def test_a_misfit_is_refused_with_its_reason(definitions: tuple[str, ...], reason: str) -> None:
    with pytest.raises(DeriveError, match=reason):
        EveryHorizon(from_latex(definitions))


def test_a_misfit_still_has_a_setting_at_one_horizon() -> None:
    model = from_latex(("h_t = f(h_{t-1}, w)", "g_t = q(h_T, h_t)", "C = \\sum_{t=1}^{T} l(g_t)"))
    setting = AtHorizon(model, 3)
    w = Variable("w")
    assert is_true(setting, Equation(Total(C, w), setting.chain(C, w)))
