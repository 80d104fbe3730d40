"""Plans of single lines: true lines have one, tampered lines have none, and every rule keeps the numbers."""  # noqa: E501

from __future__ import annotations

from math import isfinite
from typing import Any

import pytest

from derive.algebra.core import Core, add, neg
from derive.algebra.expression import Time
from derive.algebra.forms import Bound, NoForm
from derive.judge.claims import Judgement
from derive.judge.judge import Judge
from derive.judge.made import resolved
from derive.judge.prove import Prover
from derive.judge.readings import Tried
from derive.meaning.world import NoNumber, World
from derive.proof.lines import PLANS, RULES, SameForm, search
from derive.proof.over_steps import narrowed, reaches

VECTOR = r"""
\[ \mathbf{h}_t = f(\mathbf{h}_{t-1}, \mathbf{x}_t, \boldsymbol{\theta}) \]
\[ \mathbf{o}_t = g(\mathbf{h}_t) \]
\[ L = \sum_{t=1}^T \ell(\mathbf{o}_t) \]
"""
CLOSED = r"""
\[ a_t = w h_{t-1} + u x_t \]
\[ h_t = \tanh(a_t) \]
\[ C = \sum_{t=1}^T h_t^2 \]
Numbers only.
"""
BIASED = r"""
\[ h_t = \tanh(w h_{t-1} + u x_t + b) \]
\[ E_t = \frac12 (v h_t - y_t)^2 \]
\[ E = \sum_{t=1}^T E_t \]
Numbers only.
"""
PLANE = r"""
\[ z = x^2 y + x \]
\[ x = \sin t \]
\[ y = e^{5t} \]
"""
CURVE = r"""
The curve defines y as a function of x.
\[ y = y(x) \]
\[ x^2 y - x y^3 = 3 \]
"""
SHARES = r"""
\[ \mathbf{q} = \mathrm{softmax}(\mathbf{o}) \]
\[ E = -\sum_k y_k \log q_k \]
\[ \sum_k y_k = 1 \]
\[ \mathbf{o} \in \mathbb{R}^{n} \]
"""
TRUE = (
    (
        VECTOR,
        r"\frac{\partial L}{\partial \mathbf{h}_t} = \frac{\partial L}{\partial \mathbf{h}_{t+1}} \frac{\partial \mathbf{h}_{t+1}}{\partial \mathbf{h}_t} + \frac{\partial \ell(\mathbf{o}_t)}{\partial \mathbf{h}_t}",  # noqa: E501
    ),
    (
        VECTOR,
        r"\frac{\partial \mathbf{h}_t}{\partial \mathbf{h}_{t-2}} = \frac{\partial \mathbf{h}_t}{\partial \mathbf{h}_{t-1}} \frac{\partial \mathbf{h}_{t-1}}{\partial \mathbf{h}_{t-2}}",  # noqa: E501
    ),
    (
        CLOSED,
        r"\frac{\partial h_t}{\partial w} = (1 - h_t^2) \left( h_{t-1} + w \frac{\partial h_{t-1}}{\partial w} \right)",  # noqa: E501
    ),
    (CLOSED, r"\frac{\partial C}{\partial u} = \sum_{t=1}^T 2 h_t \frac{\partial h_t}{\partial u}"),
    (PLANE, r"\frac{dz}{dt} = (2xy + 1) \cos t + 5 x^2 e^{5t}"),
    (CURVE, r"\frac{dy}{dx} = -\frac{2xy - y^3}{x^2 - 3xy^2}"),
    (SHARES, r"\frac{\partial E}{\partial o_i} = q_i - y_i"),
    (VECTOR, r"\frac{\partial L}{\partial \mathbf{h}_t} = \sum_{s=t}^T \frac{\partial \ell(\mathbf{o}_s)}{\partial \mathbf{h}_t}"),  # noqa: E501
    (BIASED, r"\frac{\partial E}{\partial h_t} = \sum_{s=t}^T \frac{\partial E_s}{\partial h_t}"),
    (BIASED, r"\frac{\partial E}{\partial h_t} = \sum_{s=t}^T v (v h_s - y_s) \prod_{i=t+1}^s w (1 - h_i^2)"),  # noqa: E501
    (BIASED, r"\frac{\partial E}{\partial b} = \sum_{t=1}^T \frac{\partial E}{\partial h_t} (1 - h_t^2)"),
    (BIASED, r"\frac{\partial h_T}{\partial h_0} = w^T \prod_{s=1}^T (1 - h_s^2)"),
    (BIASED, r"\frac{\partial h_T}{\partial h_k} = w^{T-k} \prod_{s=k+1}^T (1 - h_s^2)"),
    (BIASED, r"\frac{\partial E}{\partial b} = \sum_{t=1}^T \frac{\partial E_t}{\partial h_t} \sum_{k=1}^t \left( \prod_{i=k+1}^t \frac{\partial h_i}{\partial h_{i-1}} \right) (1 - h_k^2)"),  # noqa: E501
)  # fmt: skip
FALSE = (
    (VECTOR, r"\frac{\partial \mathbf{h}_t}{\partial \mathbf{h}_{t-2}} = \frac{\partial \mathbf{h}_{t}}{\partial \mathbf{h}_{t-1}} \frac{\partial \mathbf{h}_{t}}{\partial \mathbf{h}_{t-1}}"),  # noqa: E501
    (VECTOR, r"\frac{\partial L}{\partial \mathbf{h}_t} = \frac{\partial L}{\partial \mathbf{h}_{t+1}} \frac{\partial \mathbf{h}_{t+1}}{\partial \mathbf{h}_t}"),  # noqa: E501
    (CLOSED, r"\frac{\partial h_t}{\partial w} = (1 - h_t^2) \left( h_t + w \frac{\partial h_{t-1}}{\partial w} \right)"),  # noqa: E501
    (CLOSED, r"\frac{\partial h_t}{\partial w} = (1 - h_t^2) w \frac{\partial h_{t-1}}{\partial w}"),
    (CLOSED, r"\frac{\partial C}{\partial u} = \sum_{t=2}^T 2 h_t \frac{\partial h_t}{\partial u}"),
    (CLOSED, r"\frac{\partial C}{\partial u} = \sum_{t=1}^{T-1} 2 h_t \frac{\partial h_t}{\partial u}"),
    (PLANE, r"\frac{dz}{dt} = (2xy + 1) \cos t + x^2 e^{5t}"),
    (CURVE, r"\frac{dy}{dx} = \frac{2xy - y^3}{x^2 - 3xy^2}"),
    (SHARES, r"\frac{\partial E}{\partial o_i} = y_i - q_i"),
    (VECTOR, r"\frac{\partial L}{\partial \mathbf{h}_t} = \sum_{s=t+1}^T \frac{\partial \ell(\mathbf{o}_s)}{\partial \mathbf{h}_t}"),  # noqa: E501
    (BIASED, r"\frac{\partial E}{\partial h_t} = \sum_{s=t}^{T-1} \frac{\partial E_s}{\partial h_t}"),
    (BIASED, r"\frac{\partial E}{\partial h_t} = \sum_{s=t}^T v (v h_s - y_s) \prod_{i=t}^s w (1 - h_i^2)"),
    (BIASED, r"\frac{\partial E}{\partial b} = \sum_{t=1}^T \frac{\partial E}{\partial h_t} (1 - h_{t-1}^2)"),  # noqa: E501
    (BIASED, r"\frac{\partial E}{\partial b} = \sum_{t=2}^T \frac{\partial E}{\partial h_t} (1 - h_t^2)"),
    (BIASED, r"\frac{\partial h_T}{\partial h_0} = w^{T-1} \prod_{s=1}^T (1 - h_s^2)"),
    (BIASED, r"\frac{\partial h_T}{\partial h_0} = w^T \prod_{s=0}^{T-1} (1 - h_s^2)"),
    (BIASED, r"\frac{\partial h_T}{\partial h_k} = w^{T-k} \prod_{s=k}^T (1 - h_s^2)"),
    (BIASED, r"\frac{\partial E}{\partial b} = \sum_{t=1}^T \frac{\partial E_t}{\partial h_t} \sum_{k=1}^{t-1} \left( \prod_{i=k+1}^t \frac{\partial h_i}{\partial h_{i-1}} \right) (1 - h_k^2)"),  # noqa: E501
)  # fmt: skip


SUMMED = BIASED, r"\frac{\partial E}{\partial h_t} = \sum_{s=t}^T \frac{\partial E_s}{\partial h_t}"


def read(page: str, line: str) -> tuple[Judge, Tried]:
    judge = Judge("page.tex", f"{page}\\[ {line} \\]\n")
    (number, chain) = [(n, c) for n, _, c in judge.understanding.chains()][-1]
    plain = judge.understanding.reading
    return judge, judge.tried(number, chain, chain.members[0], chain.members[1], plain, plain)


def sides(tried: Tried) -> tuple[Core, Core]:
    dims = tried.outcome.dims
    return resolved(tried.sides.left, dims), resolved(tried.sides.right, dims)


def lines(tried: Tried) -> Any:
    found = Prover().lines(tried.outcome)
    found.forms.ones = tried.outcome.normal | frozenset(tried.outcome.model.normalised)  # type: ignore[union-attr]
    found.suppose(*sides(tried))
    return found


@pytest.mark.parametrize(("page", "line"), TRUE)
def test_a_true_line_has_a_plan_that_the_checker_accepts(page: str, line: str) -> None:
    _, tried = read(page, line)
    assert tried.outcome.agrees
    found = lines(tried)
    certificate = search(found, *sides(tried))
    assert certificate is not None
    assert found.check(*sides(tried), certificate)


@pytest.mark.parametrize(("page", "line"), FALSE)
def test_a_false_line_has_none_and_no_plan_is_accepted(page: str, line: str) -> None:
    _, tried = read(page, line)
    assert not tried.outcome.agrees
    found = lines(tried)
    assert search(found, *sides(tried)) is None
    for plan in PLANS:
        try:
            assert not found.check(*sides(tried), SameForm(plan))
        except NoForm:
            continue


@pytest.mark.parametrize(("page", "line"), TRUE)
def test_a_true_line_with_its_right_side_doubled_has_no_plan(page: str, line: str) -> None:
    _, tried = read(page, line)
    left, right = sides(tried)
    assert search(lines(tried), left, add((right, right))) is None


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize(("page", "line"), TRUE)
def test_a_rule_keeps_the_numbers(page: str, line: str, rule: str) -> None:
    judge, tried = read(page, line)
    found = lines(tried)
    whole = found.difference(*sides(tried))
    whole = add((whole, neg(tried.sides.left)))
    try:
        before = found.resolve(whole)
        after = RULES[rule](found, before)
    except NoForm:
        return
    model = tried.outcome.model
    assert model is not None
    compared = 0
    inside = Judgement(model, tried.outcome.dims, judge.understanding.base)  # type: ignore[arg-type]
    for seed in (1, 2, 3, 4):
        world = World(
            model,
            {"time": 2 + seed % 2, "layer": 3},
            seed,
            "positive",
            find=tried.outcome.dims.find,
        )  # type: ignore[union-attr]
        for letters in inside.instances(world, tried.sides, tried.outcome.tests):
            try:
                a, b, c = (world.value(x, letters) for x in (whole, before, after))
            except (NoNumber, OverflowError):
                continue
            if not all(map(isfinite, (a, b, c))) or abs(a) > 1e60:
                continue
            assert abs(a - b) < 1e-6 * (1 + abs(a)) and abs(a - c) < 1e-6 * (1 + abs(a))
            compared += 1
    assert compared


def test_the_numbers_of_an_implicit_function_solve_its_equation() -> None:
    _, tried = read(CURVE, TRUE[5][1])
    model = tried.outcome.model
    assert model is not None
    for seed in range(5):
        world = World(model, {"time": 3, "layer": 3}, seed, "positive")
        try:
            y = world.element(("y", ()))
        except NoNumber:
            continue
        x = world.element(("x", ()))
        assert abs(x * x * y - x * y**3 - 3) < 1e-9


def test_a_product_that_may_end_two_steps_before_it_begins_is_no_jacobian() -> None:
    k, t = Time.of("k"), Time.of("t")
    within = (Bound("k", None, Time.at(1), t),)
    assert reaches(k + 1, t, within)  # at k = t an empty product, and ∂h_t/∂h_t
    assert not reaches(k + 2, t, within)  # at k = t an empty product, and ∂h_t/∂h_{t+1} is 0
    assert reaches(k + 2, t, ())  # what the line itself names lies inside the horizon


def test_a_sum_is_narrowed_only_where_every_step_is_one_of_the_definitions() -> None:
    _, tried = read(*SUMMED)
    found = lines(tried)
    whole = found.unfold_costs(found.resolve(sides(tried)[0]))
    assert narrowed(found, whole) != whole
    found.unfolder.base = 0  # t may be 0, where no member of the sum stands
    assert narrowed(found, whole) is whole


def test_a_plan_is_not_trusted_for_another_line() -> None:
    _, first = read(CLOSED, TRUE[2][1])
    _, other = read(CLOSED, FALSE[2][1])
    certificate = search(lines(first), *sides(first))
    assert certificate is not None
    assert not lines(other).check(*sides(other), certificate)
