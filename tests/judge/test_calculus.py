"""Lines of the calculus on pages of our own: second derivatives, limits, functions that are new in each example."""  # noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge

TWO = r"Let $f(u, v) = \sin(u v) + u^3$. "


def verdicts(text: str) -> list[str]:
    """What is said of each formula of a page."""
    return [f.verdict.kind for f in judge("page.md", text, Path(".")).formulas]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # second derivatives of closed formulas, in several hands
        (
            TWO + r"$$\frac{\partial^2 f}{\partial u \partial v} = \cos(uv) - u v \sin(uv)$$",
            "proved",
        ),
        (TWO + r"$$\frac{\partial^2 f}{\partial u^2} = 6 u - v^2 \sin(u v)$$", "proved"),
        (TWO + r"$$\frac{\partial^2 f}{\partial v^2} = u^2 \sin(u v)$$", "refuted"),
        (
            TWO
            + r"$$\frac{\partial}{\partial v}\left(\frac{\partial f}{\partial u}\right) = \cos(uv) - u v \sin(uv)$$",  # noqa: E501
            "proved",
        ),
        (r"Let $p(s) = s^4$. $$p''(s) = 12 s^2$$", "proved"),
        (r"Let $p(s) = s^4$. $$p''(s) = 4 s^3$$", "refuted"),
        (r"So $$\frac{d^3}{ds^3} e^{2 s} = 8 e^{2 s}$$", "proved"),
        # a derivative by what a derivative depends on through other quantities
        (
            r"Let $a = w s$ and $C = a^3$. $$\frac{\partial^2 C}{\partial w^2} = 6 s^2 a$$",
            "proved",
        ),
        # limits
        (r"Let $p(s) = s^3$. $$p'(s) = \lim_{r \to 0} \frac{p(s + r) - p(s)}{r}$$", "proved"),
        (r"Let $p(s) = s^3$. $$p'(b) = \lim_{s \to b} \frac{p(s) - p(b)}{s - b}$$", "proved"),
        (r"So $$\lim_{r \to 0} \frac{1 - \cos r}{r^2} = \frac{1}{2}$$", "proved"),
        (r"So $$\lim_{r \to 0} \frac{\sin r}{r} = \lim_{r \to 0} (1 + r)$$", "proved"),
        (r"So $$\lim_{r \to 0} \frac{|r|}{r} = 1$$", "unread"),
        (r"So $$\lim_{r \to 0} \frac{1}{r} = 0$$", "unread"),
        (
            r"Let $q$ be smooth. $$q'(s) = \lim_{r \to 0} \frac{q(s + 2 r) - q(s)}{2 r}$$",
            "proved",
        ),
    ],
)
def test_lines_of_the_calculus(text: str, expected: str) -> None:
    assert verdicts(text)[-1] == expected


def test_a_function_is_new_in_each_example() -> None:
    text = r"""
# First
If $f(s) = s^2$ then $f'(s) = 2 s$.
# Second
If $f(s) = \cos(s)$ then $f'(s) = -\sin(s)$.
# Third
Let $f(s, r) = s r^2$. $$\frac{\partial^2 f}{\partial r^2} = 2 s$$
"""
    assert [v for v in verdicts(text) if v != "definition"] == ["proved"] * 3


def test_a_column_of_reasons_is_not_the_line() -> None:
    text = r"""
Let $f(s) = s^2$.
$$\begin{aligned}
f'(s) &= \lim_{r \to 0} \frac{f(s + r) - f(s)}{r} && \text{as defined} \\
&= \lim_{r \to 0} \frac{(s + r)^2 - s^2}{r} && \text{since } f(s) = s^2 \\
&= 2 s
\end{aligned}$$
"""
    assert verdicts(text).count("proved") >= 3 and "unread" not in verdicts(text)


def test_a_slope_given_for_a_value_is_no_new_function() -> None:
    text = r"""
Let $f(s) = g(s) u(s)$. With the product rule $f(s) = g'(s) u(s) + g(s) u'(s)$, that is
$$f(s) = u(s) g'(s) + u'(s) g(s)$$
"""
    assert "proved" not in verdicts(text)


def test_a_constraint_makes_no_function_zero() -> None:
    text = r"""
Let $s$ and $q$ be numbers with $c(s, q) = 0$.

$$\frac{\partial c(s, q)}{\partial q} = 0$$
"""
    assert verdicts(text)[-1] == "unread"


NORMED = r"""Let $r_i = \frac{x_i - c}{v}$ with $v = \frac{1}{n} \sum_{i=1}^n (x_i - c)^2$. """


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # ∂ with what else varies held constant: never an accusation
        (NORMED + r"$$\frac{\partial r_i}{\partial x_i} = \frac{1}{v}$$", "ambiguous"),
        (NORMED + r"$$\frac{\partial r_i}{\partial c} = -\frac{1}{v}$$", "ambiguous"),
        (r"Let $z = w a$ and $q = z^2 + w$. $$\frac{\partial q}{\partial w} = 1$$", "ambiguous"),
        # d is total, and an immediate derivative of 0 holds nothing
        (r"Let $z = w a$ and $q = z^2 + w$. $$\frac{dq}{dw} = 1$$", "refuted"),
        (r"Let $z = w a$ and $q = z^2 + a$. $$\frac{\partial q}{\partial w} = 0$$", "refuted"),
        (r"Let $z = w a$ and $q = z^2 + w$. $$\frac{\partial q}{\partial w} = 2$$", "refuted"),
        # a state's derivative by a parameter goes through the state before
        (
            r"Let $h_t = \theta h_{t-1} + x_t$. $$\frac{\partial h_t}{\partial \theta} = h_{t-1}$$",
            "refuted",
        ),
    ],
)
def test_what_else_varies_may_be_held(text: str, expected: str) -> None:
    assert verdicts(text)[-1] == expected


GATED = r"""Numbers only. Let $g_t = \sigma(u s_{t-1})$, $c_t = \tanh(w k_t s_{t-1})$,
$k_t = \sigma(m s_{t-1})$, $s_t = (1 - g_t) s_{t-1} + g_t c_t$. """


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # a gate may be held
        (r"\frac{\partial s_t}{\partial s_{t-1}} = 1 - g_t", "ambiguous"),
        (r"\frac{\partial c_t}{\partial s_{t-1}} = (1 - c_t^2) w k_t", "ambiguous"),
        (r"\frac{\partial s_t}{\partial s_{t-2}} = (1 - g_t)(1 - g_{t-1})", "ambiguous"),
        (r"\frac{\partial s_t}{\partial s_k} = \prod_{j=k+1}^t (1 - g_j)", "ambiguous"),
        (r"\frac{\partial s_t}{\partial s_k} = \prod_{j=k+1}^t g_j", "refuted"),
        (r"\frac{d s_t}{d s_{t-1}} = 1 - g_t", "refuted"),
        (r"\frac{\partial s_t}{\partial s_{t-1}} = g_t", "refuted"),
        # no state may, where a parameter is
        (
            r"\frac{\partial s_t}{\partial w} = g_t (1 - c_t^2) k_t s_{t-1}",
            "refuted",
        ),
    ],
)
def test_a_gate_may_be_held(line: str, expected: str) -> None:
    assert verdicts(GATED + f"$${line}$$")[-1] == expected


@pytest.mark.parametrize(
    "line",
    [
        r"\frac{\partial c}{\partial x_i} = \frac{1}{n}",
        r"\frac{\partial v}{\partial x_i} = \frac{2 (x_i - c)}{n} + \frac{\partial v}{\partial c} \frac{\partial c}{\partial x_i} \cdot 2",  # noqa: E501
        r"\frac{dc}{dx_1} = 3",
    ],
)
def test_no_line_is_accused_of_what_nothing_makes(line: str) -> None:
    """c is the mean in the author's head: it is differentiated, and no formula says what it is made of."""
    assert verdicts(NORMED + f"$${line}$$")[-1] == "unread"
