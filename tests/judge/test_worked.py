"""Worked examples: members of numbers alone, and values that the page puts into its formulas."""

from __future__ import annotations

import pytest

from derive.judge.readers import judge
from derive.verify.options import Options
from derive.verify.verdicts import Verdict


def last(page: str) -> Verdict:
    """The verdict on the last member of a page."""
    return judge("page.md", page, Options()).formulas[-1].verdict


@pytest.mark.parametrize(
    ("line", "reading"),
    [
        (r"0.25 \cdot 0.3 = 0.075", None),
        (r"(0.4)(-0.2) + 1 = 0.92", None),
        (r"\frac{0.7}{4} = 0.175", None),
        (r"1 - 0.83^2 = 0.311", "rounded to the digits that are written"),
        (r"e^{-0.5} = 0.607", "rounded to the digits that are written"),
        (r"\frac{1}{1 + e^{0.3}} = 0.4256", "rounded to the digits that are written"),
        (r"\tanh(0.4) = 0.379", "cut off after the digits that are written"),
        (r"\max(0, 0.3) + \max(0, -0.2) = 0.3", None),
    ],
)
def test_arithmetic(line: str, reading: str | None) -> None:
    verdict = last(f"A sum by hand:\n\n$${line}$$\n")
    assert (verdict.kind, verdict.reading) == ("proved", reading)


@pytest.mark.parametrize(
    "line",
    [
        r"0.31 \cdot 0.42 = 0.1402",
        r"-0.31 \cdot 0.42 = 0.1302",
        r"-0.3128 \cdot 0.42 = 0.131",
        r"1 - 0.62^2 = 0.5156",
        r"\tanh(1.25) = 0.7483",
        r"0.31 \cdot 0.42 = 0.1302 + 0.2 = 0.4302",
    ],
)
def test_a_wrong_sum(line: str) -> None:
    found = judge("page.md", f"A sum by hand:\n\n$${line}$$\n", Options()).formulas
    kinds = [f.verdict.kind for f in found]
    assert kinds[-1] == "refuted" or line.count("=") == 2


@pytest.mark.parametrize(
    "line",
    [
        r"0.9 \cdot 0.9 = 0.77",  # 0.85 and 0.94 are 0.9 too
        r"3.0 + 4.0 = 7.0 \cdot 2.0 = 14.0",  # a running total
        r"\log(0.5) = -0.301",  # to the base 10
        r"\sigma(0.5) = 0.4621",  # the tanh that a page may call so
        r"1\,000.5 \cdot 2.0 = 2001.0",
        r"0.2 \cdot 0.01 = 2.0e-3",
        r"0.5 \cdot 0.3 = 15.0 \%",
        r"0.1 \cdot 3.33 = 0.3\dots",
        r"0,25 \cdot 0,3 = 0,075",
        r"0.5 \cdot 0.3 = 150.0 \text{ mm}",
        r"0.2 \cdot 0.3 \approx 0.5",
        r"0.5 \cdot 0.3 = 15.0",  # percent
        r"2.5 \cdot 60 = 2.5",  # minutes
        r"1\frac{1}{2} \cdot 1.0 = 1.5",  # a mixed number
        r"\exp 0.5 \cdot 2.0 = 2.718",
        r"1.0 / 2.0 \cdot 4.0 = 0.125",
        r"-2.0^2 = 4.0",
        r"[2.7] = 2.0",  # the whole part
        r"\{2.7\} = 0.7",  # what is left of it
        r"1.234(5) = 1.23",  # an error in the last digit
        r"7.0 // 2.0 = 3.0",
        r"7.0 / 2.0 = 3.0 \text{ (as integers)}",
        r"0{,}5 \cdot 0{,}4 = 0{,}2",
    ],
)
def test_no_wrong_sum(line: str) -> None:
    found = judge("page.md", f"A sum by hand:\n\n$${line}$$\n", Options()).formulas
    assert not {f.verdict.kind for f in found} & {"refuted", "carried"}


NET = r"""A unit has the input $q = 1.5$ and the weight $w = 0.2$, and it aims at $m = 1.0$.

$$p = w q = 0.2 \cdot 1.5 = 0.3$$

$$a = \tanh(p) = \tanh(0.3) = 0.2913$$

$$E = \frac{1}{2} (a - m)^2 = \frac{1}{2} (0.2913 - 1)^2 = 0.2511$$

"""


def test_numbers_put_in() -> None:
    found = judge("page.md", NET, Options()).formulas
    assert {f.verdict.kind for f in found} == {"definition", "proved"}
    assert found[4].verdict.reading == "at w = 0.2, q = 1.5, as the page states"


def test_a_slope_with_numbers() -> None:
    line = r"$$\frac{\partial E}{\partial a} = a - m = 0.2913 - 1.0 = -0.7087$$"
    found = judge("page.md", NET + line, Options()).formulas[-3:]
    assert [f.verdict.kind for f in found] == ["proved"] * 3
    wrong = line.replace("-0.7087", "-0.8087")
    assert last(NET + wrong).kind == "refuted"


def test_a_slope_of_no_understood_cost_is_no_more_than_read() -> None:
    page = r"Here $a = 0.3$ and $m = 0.8$. $$\frac{d J}{d a} = 3 a - m = 0.9 - 0.8 = 0.1$$"
    found = judge("page.md", page, Options()).formulas[-3:]
    assert found[0].verdict.kind in ("unread", "ambiguous")
    assert all(f.verdict.kind in ("unread", "ambiguous") for f in found[1:])


def test_a_value_says_nothing_of_its_own_chain() -> None:
    page = (
        r"Let $J = \frac{1}{2} (a - m)^2$, with $a = 0.3$ and $m = 0.8$." + "\n\n"
        r"$$\frac{d J}{d a} = a + m = 0.3 + 0.8 = 1.1$$"
    )
    found = judge("page.md", page, Options()).formulas[-3:]
    assert all(f.verdict.kind not in ("proved", "tested", "ambiguous") for f in found)


def test_values_in_code() -> None:
    page = (
        "* the input: `x1 = 2.0`\n* its weight: `w1 = -0.4`\n\n"
        + r"$$z_1 = w_1 x_1 = -0.4 \cdot 2.0 = -0.8$$"
    )
    assert last(page).kind == "proved"


def test_a_step_of_a_recursion() -> None:
    page = r"""$$s_t = \tanh(v s_{t-1} + u x_t)$$

With $v = 0.5$, $u = 0.8$, $s_0 = 0$ and $x_1 = 1.0$, $x_2 = -0.5$:

$$s_1 = \tanh(0.5 \cdot 0 + 0.8 \cdot 1.0) = \tanh(0.8) = 0.664$$

$$s_2 = \tanh(0.5 \cdot 0.664 - 0.8 \cdot 0.5) = \tanh(-0.068) = -0.0679$$
"""
    found = judge("page.md", page, Options()).formulas[-3:]
    assert all(f.verdict.kind in ("proved", "ambiguous") for f in found)


def test_vectors() -> None:
    page = r"""$$x = \begin{bmatrix} 2 \\ 1 \end{bmatrix}, \quad W = \begin{bmatrix} 0.1 & 0.4 \\ -0.3 & 0.2 \end{bmatrix}$$

$$z = W x = \begin{bmatrix} 0.1 & 0.4 \\ -0.3 & 0.2 \end{bmatrix} \begin{bmatrix} 2 \\ 1 \end{bmatrix} = \begin{bmatrix} 0.6 \\ -0.4 \end{bmatrix}$$
"""  # noqa: E501
    assert last(page).kind == "proved"
    assert last(page.replace("-0.4 \\end", "-0.5 \\end")).kind != "proved"


@pytest.mark.parametrize(
    "page",
    [
        "If $v = 0$ then it is a case of its own, else $v ! = 0$.",
        r"At the end $\frac{d J}{d v} = 0$. Here, too, $\frac{d J}{d v} = 0$.",
    ],
)
def test_what_is_said_twice_is_not_proved(page: str) -> None:
    assert last(page).kind in ("unread", "remark", "definition")


def test_numbers_are_no_new_definition() -> None:
    page = r"""Let $z = w x + c$, $a = \tanh(z)$ and $J = \frac{1}{2} (a - m)^2$.

An example: $z = 0.5 \cdot 0.4 + 0.1$, that is $a = \tanh(0.3) = 0.2913$, and

$$J = \frac{1}{2} (0.2913 - 1)^2 = 0.2511$$

The slope is

$$\frac{\partial J}{\partial w} = (a - m) (1 - a^2) x$$
"""
    found = judge("page.md", page, Options()).formulas
    assert found[-1].verdict.kind == "proved"
    assert last(page.replace("(1 - a^2) x", "(1 - a^2) w")).kind == "refuted"


def test_numbers_that_renew_are_a_definition() -> None:
    page = r"Let $q = v^2$, so $\frac{d q}{d v} = 2 v$. From now on $$q = 2.5$$ and $$\frac{d q}{d v} = 0$$"
    assert last(page).kind != "refuted"


def test_values_may_have_more_digits_than_are_written() -> None:
    page = r"Before we had $h = 0.537$. $$12.0 \cdot 0.537 = 6.450$$"
    assert last(page).kind != "refuted"


def test_numbers_suppose_nothing() -> None:
    page = r"""Let $h_t = \tanh(W h_{t-1} + U x_t)$ and $L = \ell(h_T)$, all of them vectors and matrices.

For instance $U x_1 = \begin{bmatrix} 0.25 \\ 0.7 \end{bmatrix}$.

$$\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1 - h_t^2) W$$
"""
    assert last(page).kind == "proved"


@pytest.mark.parametrize("product", ["@", r"\cdot"])
def test_a_product_of_programs(product: str) -> None:
    page = (
        rf"Let $y = w {product} x$ and $J = y^2$."
        + rf" $$\frac{{\partial J}}{{\partial w}} = 2 y {product} x$$"
    )
    assert last(page).kind == "proved"


def test_brackets_of_markdown() -> None:
    page = (
        r"Let $J = (w x - y)^2$. $$\frac{\partial J}{\partial w} = 2 \left\( w x - y \right\) x$$"
    )
    assert last(page).kind == "proved"


def test_a_label_that_is_a_sentence_makes_no_name() -> None:
    page = r"""Let $h_t = \tanh(w h_{t-1} + x_t)$. The slope of its argument by $w$ has two parts:

$$\underbrace{h_{t-1}}_{\text{direct: } w \text{ stands here}} + \underbrace{w \frac{\partial h_{t-1}}{\partial w}}_{\text{indirect}}$$

$$\frac{\partial h_t}{\partial w} = (1 - h_t^2) \left(h_{t-1} + w \frac{\partial h_{t-1}}{\partial w}\right)$$
"""  # noqa: E501
    assert last(page).kind == "proved"


FIGURE = r"""The values are those of the figure.

$$p = v_1 q_1 + v_2 q_2 + c = 0.3 \cdot 0.5 + 0.2 \cdot 0.25 + 0.1 = 0.3$$
"""


def test_values_that_only_the_line_puts_in() -> None:
    found = judge("page.md", FIGURE, Options()).formulas
    assert [f.verdict.kind for f in found] == ["definition", "ambiguous", "ambiguous"]
    assert "v_1 = 0.3, q_1 = 0.5" in (found[1].verdict.reading or "")
    after = FIGURE + r"$$v_1 = 0.3 - 0.5 \cdot 0.2$$ $$r = v_1 q_2 = 0.3 \cdot 0.25 = 0.075$$"
    assert last(after).kind in ("proved", "ambiguous")


@pytest.mark.parametrize(
    "line",
    [
        r"$v_1 = 0.4$, and $$p = v_1 q_1 = 0.3 \cdot 0.5$$",
        r"$$p = v_1 q_1 + v_1 = 0.3 \cdot 0.5 + 0.4$$",
        r"$$p = v_1 q_1 + c = 0.3 \cdot 0.5$$",
        r"$$p = v_1 q_1 - c = 0.3 \cdot 0.5 + 0.2$$",
        r"$$p = v_1^2 q_1 = 0.3^3 \cdot 0.5$$",
    ],
)
def test_numbers_in_no_place_of_the_letters(line: str) -> None:
    assert last(line).kind == "unread"
