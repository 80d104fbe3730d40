"""Operators in many clothes: restricted derivatives, copies, what is abridged, ∇ of what a page says."""

from __future__ import annotations

import pytest

from derive.judge.readers import judge
from derive.notation.abridged import shows_part_of
from derive.text.formula import trees_of
from derive.verify.options import Options

CELL = r"""$a_t = W h_{t-1} + U x_t + b$, $h_t = \tanh(a_t)$, $o_t = V h_t$.

The costs are $L_t = \frac12 \| o_t - y_t^* \|^2$ and $L = \sum_{t=1}^T L_t$.
Let $J_t = \frac{\partial h_t}{\partial h_{t-1}}$.
"""


def kinds(page: str) -> list[str]:
    return [f.verdict.kind for f in judge("page.md", page, Options()).formulas]


def last(page: str) -> str:
    return kinds(page)[-1]


def test_a_star_tells_two_quantities_apart() -> None:
    """The cost ||y - y^*||^2 is not 0."""
    page = r"Let $y_t = v s_t$ and $E_t = (y_t - y_t^*)^2$."
    assert last(page + r" $$\frac{\partial E_t}{\partial s_t} = 2 v (y_t - y^*_t)$$") == "proved"
    assert last(page + r" $$\frac{\partial E_t}{\partial s_t} = 0$$") != "proved"
    assert last(page + r" $$\frac{\partial E_t}{\partial s_t} = 2 v (y_t - y_t)$$") != "proved"


ABRIDGED = (
    r"a_t = W h_{t-1} + \ldots",
    r"a_t = \dots + b",
    r"a_t = W h_{t-1} + \cdots + b",
)


@pytest.mark.parametrize("said", ABRIDGED)
def test_a_definition_shown_in_part_is_the_whole_one(said: str) -> None:
    line = r"$$\frac{\partial L_t}{\partial b} = \sum_k \frac{\partial L_t}{\partial a_k} $$"
    found = last(f"{CELL}\nSince ${said}$, we have {line}")
    assert found in ("proved", "tested")


@pytest.mark.parametrize(
    ("short", "part"),
    [
        (r"W h + \ldots", True),
        (r"W h + U x + b, \dots", False),
        (r"f(W h + \ldots)", False),
        (r"b + \ldots", True),
        (r"W h - \ldots - b", False),
        (r"Q h + \ldots", False),
        (r"W h + W h + \ldots", False),
        (r"\ldots", False),
        (r"W h + b", False),
    ],
)
def test_what_shows_a_part(short: str, part: bool) -> None:
    assert shows_part_of(tuple(trees_of(short)), tuple(trees_of("W h + U x + b"))) == part


def test_a_part_inside_a_function() -> None:
    whole = tuple(trees_of(r"\tanh(W h + U x + b)"))
    assert shows_part_of(tuple(trees_of(r"\tanh(W h + \dots)")), whole)
    assert not shows_part_of(tuple(trees_of(r"\sin(W h + \dots)")), whole)


def test_what_is_abridged_first_is_what_follows_in_full() -> None:
    line = r"$$\frac{\partial s_t}{\partial s_{t-1}} = w (1 - s_t^2)$$"
    page = r"Here $s_t = \tanh(w s_{t-1} + \ldots)$, or in full $$s_t = \tanh(w s_{t-1} + x_t)$$ "
    assert last(page + line) == "proved"


@pytest.mark.parametrize(
    "arrows", [r"W \to h_1 \to h_2 \to L_2", r"L_2 \leftarrow h_2 \leftarrow W"]
)
def test_a_path_makes_nothing_of_its_source(arrows: str) -> None:
    line = r"$$\frac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t} + J_{t+1}^\top \frac{\partial L}{\partial h_{t+1}}$$"  # noqa: E501
    assert last(f"{CELL}\nThe path is ${arrows}$.\n\n{line}") == "proved"


DIRECT = r"\frac{\partial L_t}{\partial W} = \sum_{k=1}^t \frac{\partial L_t}{\partial h_t} \left( \prod_{j=k+1}^t J_j \right) \frac{\partial h_k}{\partial W}"  # noqa: E501


@pytest.mark.parametrize("word", ["partial", "direct", "immediate", "local"])
def test_a_word_behind_the_bar_makes_a_derivative_immediate(word: str) -> None:
    assert last(rf"{CELL} $${DIRECT}\bigg|_{{\text{{{word}}}}}$$") in ("proved", "tested")
    one = r"\frac{\partial L_t}{\partial W} = \frac{\partial L_t}{\partial h_t} \frac{\partial h_t}{\partial W}"  # noqa: E501
    assert last(rf"{CELL} $${one}\Big|_{{\text{{{word}}}}}$$") == "refuted"


def test_what_is_said_to_be_fixed_is_held() -> None:
    page = r"Let $s_t = w s_{t-1} + x_t$. "
    line = r"$$\left. \frac{\partial s_t}{\partial w} \right|_{s_{t-1} \text{ fixed}} = s_{t-1}$$"
    other = line.replace("= s_{t-1}", "= 2 s_{t-1}")
    assert last(page + line) in ("proved", "tested")
    assert last(page + other) not in ("proved", "tested")


COPIES = {
    r"\frac{\partial L_t}{\partial W^{(k)}} = \frac{\partial L_t}{\partial h_t} \prod_{j=k+1}^t J_j \cdot \frac{\partial h_k}{\partial W^{(k)}}": (  # noqa: E501
        "proved",
        "tested",
    ),
    r"\frac{\partial L_t}{\partial W} = \sum_{k=1}^t \frac{\partial L_t}{\partial W^{(k)}}": (
        "proved",
    ),
    r"\frac{\partial L_t}{\partial W} = \sum_{k=1}^{t-1} \frac{\partial L_t}{\partial W^{(k)}}": (
        "refuted",
        "unread",
    ),
    r"\frac{\partial h_t}{\partial W^{(k)}} = \frac{\partial h_t}{\partial h_k} \frac{\partial h_k}{\partial W^{(k)}}": (  # noqa: E501
        "proved",
        "tested",
    ),
}


@pytest.mark.parametrize("line", COPIES)
def test_a_letter_beside_a_step_makes_a_copy(line: str) -> None:
    assert last(f"{CELL} $${line}$$") in COPIES[line]


def test_a_sum_without_bounds_runs_where_its_product_does() -> None:
    assert last(f"{CELL} $${DIRECT.replace('_{k=1}^t', '_k', 1)}\\Big|_{{\\text{{direct}}}}$$") in (
        "proved",
        "tested",
    )


def test_a_jacobian_before_an_array_is_summed_over_what_they_share() -> None:
    line = r"\frac{\partial h_t}{\partial W} = \frac{\partial^+ h_t}{\partial W} + J_t \frac{\partial h_{t-1}}{\partial W}"  # noqa: E501
    assert last(f"{CELL} $${line}$$") == "proved"
    assert last(f"{CELL} $${line.replace('J_t', 'J_t^2')}$$") != "proved"
