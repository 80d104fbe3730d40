"""What a page differentiates and never makes: some function of what the page differentiates it by."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.algebra.core import Core, D, Ref
from derive.algebra.expression import Time
from derive.judge.judge import judge
from derive.judge.unmade import with_unknown
from derive.meaning.model import Model


def last(text: str) -> tuple[str, str]:
    """The verdict on the last formula of a page, and in which reading."""
    verdict = judge("page.md", text, Path(".")).formulas[-1].verdict
    return verdict.kind, verdict.reading or ""


LAYER = r"""The layer above is $r$. We know $\frac{\partial r}{\partial v_i}$, and need
$\frac{\partial r}{\partial m}$. By the chain rule
$$\frac{\partial r}{\partial c} = \sum_i \frac{\partial r}{\partial v_i} \frac{\partial v_i}{\partial c}$$
"""
SCORE = (
    r"Let $q = -\sum_i y_i \ln p_i$. The probabilities $p$ come from the scores $s$. "
    r"$$\frac{\partial q}{\partial s_j} = -\sum_i \frac{y_i}{p_i} \frac{\partial p_i}{\partial s_j}$$"
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SCORE, "proved"),
        (SCORE.replace(r"} = -", "} = "), "unread"),
        (SCORE.replace(r"{y_i}{p_i}", r"{y_i}{p_i^2}"), "unread"),
        (LAYER, "ambiguous"),  # r may depend on c in another way
        # entry by entry, where only ∂v_i/∂x_i is written
        (
            LAYER
            + r"$$\frac{\partial r}{\partial x_i} = \frac{\partial r}{\partial v_i} \frac{\partial v_i}{\partial x_i}$$",  # noqa: E501
            "ambiguous",
        ),
        # and not where another line has ∂v_k/∂x_i
        (
            LAYER
            + r"With $\frac{\partial v_k}{\partial x_i}$ as above, "
            + r"$$\frac{\partial r}{\partial x_i} = \frac{\partial r}{\partial v_i} \frac{\partial v_i}{\partial x_i}$$",  # noqa: E501
            "unread",
        ),
        # what is defined is not taken to be another function
        (
            r"Let $v = 3 u$. $$\frac{\partial r}{\partial u} = 2 \frac{\partial r}{\partial v}$$",
            "unread",
        ),
    ],
)
def test_what_nothing_makes(text: str, kind: str) -> None:
    found = last(text)
    assert found[0] == kind
    assert ("some function of what it is differentiated by" in found[1]) == (kind == "proved")
    assert (" by way of v alone" in found[1]) == (kind == "ambiguous")


WAYS = r"$$\frac{d r}{d x} = \frac{\partial r}{\partial v} \frac{d v}{d x}$$"


@pytest.mark.parametrize(
    "told",
    [
        "The cost $L(x, v)$ is smooth, with $v = v(x)$. ",
        "Let $v = x^2$, and let $L$ be a function of $x$ and $v$. ",
        "Let $v = x^2$. The cost $L$ depends on $v$ and, directly, on $x$. ",
        "Sei $v = x^2$ und $L$ eine Funktion von $x$ und $v$. ",
    ],
)
def test_a_cost_may_have_two_ways(told: str) -> None:
    """Where the page tells of two, the chain rule by way of one is no theorem."""
    kind, reading = last(told + WAYS.replace("r}", "L}").replace("d r", "d L"))
    assert kind == "ambiguous" and "L depends on x by way of v alone" in reading


def test_what_a_page_says_of_ways_is_not_supposed() -> None:
    told = r"Given two functions $r = f(v)$ and $v = g(x)$, the chain rule is "
    assert last(told + WAYS)[0] == "proved"
    assert last(told.replace("f(v)", "f(v, x)") + WAYS)[0] != "proved"


def test_one_function_of_two_is_no_function_of_one() -> None:
    """Both lines are of one f: each says what it supposes."""
    text = r"A function $f$ of $u$ and $v$, both made of $x$. " + WAYS.replace("r}", "f}").replace(
        "d r", "d f"
    )
    assert last(text)[0] == "ambiguous"


CELL = r"""A cell has $q_t = A q_{t-1} + B v_t$ and $p_t = \tanh(q_t)$, with $q_t \in \mathbb{R}^n$,
and a loss $\ell_t$ at each step. The whole cost is $J = \sum_{t=1}^T \ell_t$.
Let $e_t = \frac{\partial J}{\partial q_t}$.
"""


def test_a_cost_by_way_of_what_the_page_calls_its_slope() -> None:
    """The line itself differentiates no ℓ: e_t does."""
    kind, reading = last(CELL + r"$$\frac{\partial J}{\partial B} = \sum_{t=1}^T e_t v_t^T$$")
    assert kind == "proved" and "\\ell is some function" in reading
    assert (
        last(CELL + r"$$\frac{\partial J}{\partial B} = \sum_{t=1}^T e_t v_{t-1}^T$$")[0]
        == "unread"
    )


EXAMPLE = (
    CELL
    + r"""
## An example of two paths
Let $y = s^2$ and $J = y + 3 s$. Then $\frac{\partial J}{\partial s} = 2 s + 3$.

## The parameters
"""
)


def test_what_says_nothing_with_an_example_is_meant_of_the_cost_before() -> None:
    kind, reading = last(
        EXAMPLE + r"$$\frac{\partial J}{\partial A} = \sum_{t=1}^T e_t q_{t-1}^T$$"
    )
    assert kind == "proved" and "with J as on line 2" in reading
    wrong = last(EXAMPLE + r"$$\frac{\partial J}{\partial A} = \sum_{t=1}^T e_t q_t^T$$")
    assert wrong[0] == "unread"
    # what the example itself makes true or false is not meant otherwise
    assert last(EXAMPLE + r"$$\frac{\partial J}{\partial s} = 2 s$$")[0] != "proved"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        # a bar with a step: what that step's use of a parameter contributes
        (r"\left.\frac{\partial J}{\partial A}\right|_t = e_t q_{t-1}^T", "ambiguous"),
        (r"\left.\frac{\partial J}{\partial B}\right|_t = e_t v_t^T", "ambiguous"),
        (r"\left.\frac{\partial J}{\partial A}\right|_t = e_t q_t^T", "unread"),
        (
            r"\frac{\partial J}{\partial A} = \sum_t \left.\frac{\partial J}{\partial A}\right|_t",
            "ambiguous",
        ),
    ],
)
def test_a_step_behind_a_bar(line: str, kind: str) -> None:
    assert last(CELL + f"$${line}$$")[0] == kind


def test_a_place_behind_a_bar() -> None:
    page = r"Let $q = \sigma(w u)$. "
    assert last(page + r"$$\frac{dq}{dw} = \frac{d\sigma}{dr} \Big|_{w u} u$$")[0] == "proved"
    assert last(page + r"$$\frac{dq}{dw} = \frac{d\sigma}{dr} \Big|_{u} u$$")[0] == "refuted"


def test_a_quantity_in_two_shapes_is_no_function() -> None:
    """z by y, and y by x, where y stands with and without its index."""
    slots = {"z": (), "y": ("component",), "x": ()}
    model = Model({}, slots, {}, {}, {}, frozenset())
    y, of_i = Ref("y", ()), Ref("y", (Time.of("i"),))
    chain: list[Core] = [D(Ref("z", ()), y), D(of_i, Ref("x", ()))]
    found = with_unknown(model, chain, {})
    assert found is not None and found.names == ("y",)
    assert with_unknown(model, [chain[0], D(y, Ref("x", ()))], {}) is None
