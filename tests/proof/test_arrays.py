"""The random world of vectors and matrices: wrong lines have another value there, or none."""

from __future__ import annotations

from dataclasses import replace as changed
from functools import cache

import pytest

from derive.algebra.expression import Call, Expr, Product, Time, Total, Transpose, Variable
from derive.derivation.gradients import adjoints, gradients
from derive.derivation.local import local
from derive.model.builtin import CELLS, builtin, from_latex
from derive.model.calculus import direction
from derive.model.graph import unrolled
from derive.model.recurrence import STEP
from derive.model.shapes import VEC
from derive.notation.grammar import parse_expression, scope_of
from derive.proof.arrays import (
    ArrayWorld,
    added,
    entrywise_product,
    rearranged,
    stacked,
    transposed,
    unstacked,
)
from derive.proof.kernel import check, world_of, worlds_of
from derive.proof.rules import RULES, Unproved
from derive.proof.setting import AtHorizon, EveryHorizon
from derive.proof.steps import Chain, Derivation
from derive.proof.value import NoValue, same

RNN = builtin("rnn").definitions
SCOPE = scope_of(
    *(
        "h_t = \\tanh(W h_{t-1} + U x_t + b)",
        "o_t = V h_t",
        "L_t = o_t^\\top y_t",
        "C = \\sum_s L_s",
    )
)
D = "\\operatorname{diag}(1 - h_t^2)"
ADJOINT = "\\frac{\\partial C}{\\partial h_t}"
GRADIENT = "\\left(\\nabla_{h_t} C\\right)"
EDGE = "\\frac{\\partial h_t}{\\partial h_{t-1}}"


@cache
def rnn() -> AtHorizon:
    return AtHorizon(builtin("rnn"), 3)


def read(text: str) -> Expr:
    return parse_expression(text, SCOPE)


def alike(left: str, right: str) -> bool:
    """Whether two formulas have one value at t = 2 of 3; False where one has none."""
    world = world_of(rnn().graph)
    at = {STEP: Time.at(2)}
    try:
        return same(world.value(read(left), at), world.value(read(right), at))
    except NoValue:
        return False


@pytest.mark.parametrize(
    ("left", "right", "true"),
    [
        (EDGE, f"{D} W", True),
        (EDGE, f"W {D}", False),
        (EDGE, f"{D} W^\\top", False),
        (EDGE, f"W^\\top {D}", False),
        (EDGE, "\\operatorname{diag}(1 - h_{t-1}^2) W", False),
        (EDGE, "W", False),
        (f"{ADJOINT} {EDGE}", f"{ADJOINT} {D} W", True),
        (f"{EDGE}^\\top".replace(EDGE, f"\\left({EDGE}\\right)"), f"W^\\top {D}", True),
        ("\\nabla_{h_t} C", ADJOINT, False),
        ("\\nabla_{h_t} C", f"\\left({ADJOINT}\\right)^\\top", True),
        ("\\nabla_W C", "\\frac{\\partial C}{\\partial W}", False),
        (
            "\\nabla_W C",
            "\\sum_{s=1}^{3} \\operatorname{diag}(1 - h_s^2) (\\nabla_{h_s} C) h_{s-1}^\\top",
            True,
        ),
        (
            "\\nabla_W C",
            "\\sum_{s=1}^{3} \\operatorname{diag}(1 - h_s^2) (\\nabla_{h_s} C) h_s^\\top",
            False,
        ),
        (
            "\\nabla_W C",
            "\\sum_{s=1}^{3} h_{s-1} (\\nabla_{h_s} C)^\\top \\operatorname{diag}(1 - h_s^2)",
            False,
        ),
        (
            "\\frac{\\partial C}{\\partial W}",
            "\\sum_{s=1}^{3} h_{s-1} \\frac{\\partial C}{\\partial h_s} \\operatorname{diag}(1 - h_s^2)",
            True,
        ),
        ("\\nabla_W C", f"{D} {GRADIENT} h_{{t-1}}^\\top", False),
        ("\\nabla_{o_t} C", "o_t - y_t", True),
        ("\\nabla_{o_t} C", "y_t - o_t", False),
        (f"{D} h_t", "(1 - h_t^2) \\odot h_t", True),
        ("\\lVert h_t \\rVert^2", "\\lVert x_t \\rVert^2", False),
        ("\\operatorname{tr}(W)", "\\operatorname{tr}(W^\\top)", True),
        ("h_t + 1", "h_t", False),
    ],
)
def test_the_value_of_a_line(left: str, right: str, true: bool) -> None:
    assert alike(left, right) is true


def test_a_matrix_counts_as_its_columns() -> None:
    matrix = ((1, 2, 3), (4, 5, 6))
    assert stacked(matrix) == (1, 4, 2, 5, 3, 6)
    assert unstacked(stacked(matrix), 2, 3) == matrix
    assert same((stacked(matrix),), transposed(matrix))
    assert not same((stacked(matrix),), matrix)
    column = tuple((x,) for x in stacked(matrix))
    assert not same((stacked(matrix),), column)


def test_what_does_not_fit_has_no_value() -> None:
    two, three = ((1,), (2,)), ((1,), (2,), (3,))
    with pytest.raises(NoValue):
        entrywise_product(two, three)
    with pytest.raises(NoValue):
        added(1, two, spread=False)
    with pytest.raises(NoValue):
        rearranged("\\operatorname{tr}", [two])
    with pytest.raises(NoValue):
        rearranged("[;]", [two, ((1, 2),)])
    with pytest.raises(NoValue):
        rearranged("f", [two])


def test_the_world_of_scalars_is_another() -> None:
    assert isinstance(world_of(rnn().graph), ArrayWorld)
    assert not isinstance(world_of(unrolled(builtin("tanh"), 2)), ArrayWorld)


# -- the kernel -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CELLS)
def test_each_local_line_is_checked(name: str) -> None:
    setting = AtHorizon(builtin(name), 2)
    theorem = local(setting)
    assert theorem is not None
    rules = {step.rule for step in theorem.derivation.steps}
    assert rules == {"local derivatives", "forward action", "matrix form"}


@pytest.mark.parametrize("name", ["rnn", "gru"])
def test_a_tampered_gradient_is_refused(name: str) -> None:
    setting = EveryHorizon(builtin(name))
    by = setting.recurrence.parameters[0]
    for theorem in (adjoints(setting, by), gradients(setting, by)):
        *others, last = theorem.derivation.chains
        for wrong in tampered(last.steps[-1].after):
            steps = (*last.steps[:-1], changed(last.steps[-1], after=wrong))
            derivation = Derivation("tampered", (*others, Chain(steps)))
            with pytest.raises(Unproved):
                check(setting, derivation)


def tampered(line: Expr) -> list[Expr]:
    """The body of the Σ with its factors in the opposite order, with one missing, transposed."""
    body = line.body  # type: ignore[attr-defined]
    assert isinstance(body, Product)
    bodies = [
        Product(tuple(reversed(body.factors))),
        Product(body.factors[1:]),
        Product(body.factors[:-1]),
        Transpose(body),
    ]
    return [changed(line, body=wrong) for wrong in bodies]  # type: ignore[type-var]


@pytest.mark.parametrize("name", ["rnn", "gru"])
def test_a_wrong_value_is_seen_even_where_the_rule_would_be_wrong(name: str) -> None:
    setting = EveryHorizon(builtin(name))
    worlds = worlds_of(setting)
    claim = gradients(setting, setting.recurrence.parameters[0]).claim
    assert worlds.agree(claim.left, claim.right)
    for wrong in tampered(claim.right):
        try:
            assert not worlds.agree(claim.left, wrong)
        except NoValue:
            continue


def test_forward_and_transposed_action_are_adjoint() -> None:
    setting, by, of = rnn(), Variable("W"), Variable("h", Time.at(2))
    edge, move = setting.edge(of, by), Call(VEC, (direction(by),))
    forward, row = setting.forward_action(of, by), Total(setting.cost, of)
    back = setting.transposed_action(of, by, row)
    assert forward is not None and back is not None
    world = world_of(setting.graph)
    left = world.value(Product((row, forward)))
    assert left == world.value(Call("\\operatorname{tr}", (Product((back, direction(by))),)))
    assert left == world.value(Product((row, edge, move)))


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("forward action", EDGE.replace("h_t}", "h_2}").replace("h_{t-1}", "h_1")),
        ("forward action", "W"),
        ("gradient rule", "\\frac{\\partial C}{\\partial W}"),
        ("gradient rule", "\\nabla_W L_1"),
    ],
)
def test_a_rule_refuses_what_it_does_not_fit(rule: str, line: str) -> None:
    with pytest.raises(Unproved):
        RULES[rule](rnn(), read(line), ())


ABSTRACT = (
    "H_t \\in \\mathbb{R}^{n \\times m}",
    "H_t = f(H_{t-1}, \\theta)",
    "C = \\lVert H_T \\rVert^2",
)


def test_a_matrix_through_an_abstract_function() -> None:
    recurrence = from_latex(ABSTRACT)
    setting = AtHorizon(recurrence, 2)
    with pytest.raises(Unproved, match="no closed form"):
        gradients(setting, recurrence.parameters[0])


def test_vectors_through_an_abstract_function() -> None:
    definitions = (
        "h_t \\in \\mathbb{R}^n",
        "h_t = f(h_{t-1}, \\theta)",
        "C = \\lVert h_T \\rVert^2",
    )
    setting = AtHorizon(from_latex(definitions), 2)
    claim = gradients(setting, setting.recurrence.parameters[0]).claim
    assert worlds_of(setting).agree(claim.left, claim.right)
