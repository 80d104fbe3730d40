"""Functions that prose tells, "f is the sigmoid", on pages of our own: what it tells is used, what it half tells accuses nobody."""  # noqa: E501

from __future__ import annotations

import pytest

from derive.judge.readers import judge
from derive.verify.options import Options

CELL = r"$$b = f(a)$$ $$L = \frac12 (b - y)^2$$ "
SIGMOID = r"$$\frac{\partial L}{\partial a} = (b - y) b (1 - b)$$"
TANH = r"$$\frac{\partial L}{\partial a} = (b - y) (1 - b^2)$$"


def last(text: str) -> str:
    """What is said of the last formula of a page."""
    return judge("page.md", text, Options()).formulas[-1].verdict.kind


@pytest.mark.parametrize(
    ("said", "sigmoid", "tanh"),
    [
        ("Here $f$ is the sigmoid function.", "proved", "refuted"),
        ("where $f(x)$ is a logistic function", "proved", "refuted"),
        ("We use the sigmoid function $f$.", "proved", "refuted"),
        ("其中 $f$ 是 Sigmoid 函数。", "proved", "refuted"),
        ("ここで $f$ はシグモイド関数。", "proved", "refuted"),
        ("Here $f$ is the hyperbolic tangent.", "refuted", "proved"),
        ("Here $f$ is a function such as the sigmoid.", "unread", "unread"),
        ("Here $f$ is sigmoid or tanh.", "unread", "unread"),
        (r"The activation satisfies $f'(x) = f(x)(1 - f(x))$.", "unread", "unread"),
        (r"Here $f$ is differentiable.", "refuted", "refuted"),
    ],
)
def test_what_prose_tells_of_a_function(said: str, sigmoid: str, tanh: str) -> None:
    assert (last(f"{said}\n{CELL}{SIGMOID}"), last(f"{said}\n{CELL}{TANH}")) == (sigmoid, tanh)


TWO_LAYERS = r"""
The error on an example is
$$E_k = \frac{1}{2} \sum_{j=1}^{m} (\hat{r}_j^k - r_j^k)^2$$
$$\hat{r}_j^k = f(\beta_j - \theta_j), \quad \beta_j = \sum_{h=1}^{q} w_{hj} b_h$$
$$b_h = f(\alpha_h - \gamma_h), \quad \alpha_h = \sum_{i=1}^{d} v_{ih} x_i$$
where $f$ is the sigmoid function, and
$$g_j = -\frac{\partial E_k}{\partial \hat{r}_j^k} \frac{\partial \hat{r}_j^k}{\partial \beta_j}$$
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"g_j = \hat{r}_j^k (1 - \hat{r}_j^k)(r_j^k - \hat{r}_j^k)", "proved"),
        (r"\frac{\partial E_k}{\partial w_{hj}} = -g_j b_h", "proved"),
        (r"\frac{\partial E_k}{\partial \theta_j} = g_j", "proved"),
        (
            r"\frac{\partial E_k}{\partial v_{ih}} = -b_h (1 - b_h) x_i \sum_{j=1}^{m} w_{hj} g_j",
            "proved",
        ),
        (
            r"\frac{\partial E_k}{\partial v_{ih}} = b_h (1 - b_h) x_i \sum_{j=1}^{m} w_{hj} g_j",
            "refuted",
        ),
    ],
)
def test_two_layers_with_an_index_above(line: str, expected: str) -> None:
    assert last(f"{TWO_LAYERS}$${line}$$") == expected


@pytest.mark.parametrize(
    "said",
    [
        "where $g$ is the tanh inverse.",
        "where $g$ is the tanh with gain 1.7.",
        "where $g$ is tanh times two.",
        "where $g$ is a tanh plus a linear term.",
        "where usually $g$ is the tanh.",
        "and it is no longer assumed that $g$ is the tanh.",
        "where in other nets $g$ is the tanh; in ours $g$ is a cubic.",
        "and if $g$ is tanh the slope is small.",
        "and, unlike the tanh $g$, ours does not saturate.",
        "and here we replace the tanh $g$ by a cubic.",
    ],
)
def test_a_function_that_is_told_otherwise_is_unknown(said: str) -> None:
    page = rf"Let $h_t = g(a_t)$, $a_t = w h_{{t-1}} + x_t$, {said} Then"
    line = r"$$\frac{\partial h_t}{\partial a_t} = 1 - h_t^2$$"
    assert last(f"{page}\n{line}") == "unread"
