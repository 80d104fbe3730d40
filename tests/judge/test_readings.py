"""Lines of pages of our own: which reading makes them hold, and that none makes their slips hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import Judge
from derive.notation.setting import Unread
from derive.notation.shaped import Misfit
from derive.text.page import Formula

RNN = r"""
Let $h_t = \tanh(W h_{t-1} + U x_t)$ with $W \in \mathbb{R}^{n \times n}$, $U \in \mathbb{R}^{n \times m}$,
$h_t \in \mathbb{R}^n$, and $o_t = V h_t$ with $V \in \mathbb{R}^{k \times n}$, $L = \sum_{t=1}^T L_t$.

"""


def reading(text: str) -> str | None:
    """The reading in which the last line of a page holds; empty for the default one, None where it holds in none."""  # noqa: E501
    judge = Judge("page.md", text, Path("."))
    formula = [i for i in judge.page.items if isinstance(i, Formula)][-1]
    return holding(judge, formula)


def holding(judge: Judge, formula: Formula) -> str | None:
    """The reading in which a formula holds."""
    chain = formula.chains[-1]
    try:
        return next(
            (
                t.reading
                for t in judge.tries(formula.number, chain, chain.members[0], chain.members[-1])
                if t.outcome.agrees and not t.outcome.zero
            ),
            None,
        )
    except (Misfit, Unread):
        return None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # values that the page gives
        (r"Let $p(u) = u^3$. Take $u = 2$. Then $$\frac{dp}{du} = 12$$", ""),
        (r"Let $p(u) = u^3$. Take $u = 2$. Then $$\frac{dp}{du} = 13$$", None),
        (r"Let $r = \log(s)$ and $s = 8$. Then $$\frac{dr}{ds} = \frac{1}{8 \ln 2}$$", ""),
        # a derivative by a formula, and by a function's name
        (r"Let $y = (3 u + v)^2$. $$\frac{\partial y}{\partial (3 u + v)} = 2 (3 u + v)$$", ""),
        (r"Let $y = p(q(u))$. $$\frac{dy}{du} = \frac{dp}{dq} \frac{dq}{du}$$", ""),
        # what is written in another formula goes by its name
        (r"Let $s = \exp(3 u + v)$ and $a = 3 u + v$. $$\frac{\partial s}{\partial a} = s$$", ""),
        # numbers among the formals
        (
            r"The gradient is a vector. Let $f(p, q) = p q + q^2$. $$\frac{\partial f}{\partial q} = p + 2 q$$",  # noqa: E501
            "",
        ),
        # an indicator
        (r"Let $f(p, q) = \max(p, q)$. $$\frac{\partial f}{\partial p} = \mathbb{1}[p > q]$$", ""),
        # a condition beside the line
        (
            r"Let $q_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$. If $i = j$, $$\frac{\partial q_i}{\partial z_j} = q_i (1 - q_i)$$",  # noqa: E501
            "",
        ),
        (
            r"Let $q_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$. For $i \neq j$, $$\frac{\partial q_i}{\partial z_j} = - q_i q_j$$",  # noqa: E501
            "",
        ),
        (
            r"Let $q_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$. If $i = j$, $$\frac{\partial q_i}{\partial z_j} = - q_i q_j$$",  # noqa: E501
            None,
        ),
    ],
)
def test_numbers(text: str, expected: str | None) -> None:
    assert reading(text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            r"\frac{\partial L}{\partial V} = \sum_{t=1}^T \frac{\partial L_t}{\partial o_t} \frac{\partial o_t}{\partial V}",  # noqa: E501
            "",
        ),
        (
            r"\frac{\partial h_t}{\partial h_{t-2}} = \frac{\partial h_t}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial h_{t-2}}",  # noqa: E501
            "",
        ),
        (
            r"\frac{\partial h_t}{\partial h_k} = \frac{\partial h_t}{\partial h_{t-1}} \cdots \frac{\partial h_{k+1}}{\partial h_k}",  # noqa: E501
            "",
        ),
        (
            r"\frac{\partial L}{\partial W} = \sum_{t=1}^T \frac{\partial L}{\partial h_t} \frac{\partial h_t}{\partial W}",  # noqa: E501
            "the derivatives by parameters are immediate",
        ),
        (
            r"\frac{\partial L}{\partial h_t} = \frac{\partial L}{\partial h_t} + \frac{\partial L}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial h_t}",  # noqa: E501
            "the derivative on the right is the part through its own step alone",
        ),
        (
            r"\frac{\partial L}{\partial V} = \sum_{t=1}^T \frac{\partial L_t}{\partial o_t} \frac{\partial o_t}{\partial W}",  # noqa: E501
            None,
        ),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W", ""),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_{t-1}^2) W", None),
    ],
)
def test_recurrences(line: str, expected: str | None) -> None:
    assert reading(f"{RNN}$${line}$$") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"z_i = A_{i1} u_1 + A_{i2} u_2 + \dots + A_{in} u_n", ""),
        (
            r"\frac{\partial z}{\partial u} = \begin{pmatrix} A_{11} & \dots & A_{1n} \\ \vdots & & \vdots \\ A_{n1} & \dots & A_{nn} \end{pmatrix}",  # noqa: E501
            "",
        ),
        (r"\left( \frac{\partial z}{\partial u} \right)_{ij} = A_{ij}", ""),
        (r"\left( \frac{\partial z}{\partial u} \right)_{ij} = A_{ji}", "denominator layout"),
        (r"\left( \frac{\partial z}{\partial u} \right)_{ij} = 2 A_{ij}", None),
        (r"z_i = A_{i1} u_1 + A_{i2} u_2 + \dots + A_{in} u_1", None),
    ],
)
def test_dots_and_entries(line: str, expected: str | None) -> None:
    page = r"Let $z = A u$ with $A \in \mathbb{R}^{n \times n}$, $u \in \mathbb{R}^n$ and $z \in \mathbb{R}^n$."  # noqa: E501
    assert reading(f"{page}\n\n$${line}$$") == expected


def test_layers_that_are_written_as_powers() -> None:
    page = r"Let $a_j^k = \sum_i w_{ij}^k o_i^{k-1}$ and $o_j^k = \sigma(a_j^k)$."
    assert reading(page + r" $$\frac{\partial a_j^k}{\partial w_{ij}^k} = o_i^{k-1}$$") == ""
    assert reading(page + r" $$\frac{\partial a_j^k}{\partial w_{ij}^k} = o_j^{k-1}$$") is None


def test_one_step_alone() -> None:
    page = r"Let $h_t = \tanh(W h_{t-1} + U x_t)$ with $W \in \mathbb{R}^{n \times n}$, $U \in \mathbb{R}^{n \times m}$ and a cost $C$."  # noqa: E501
    line = r" $$\frac{\partial C}{\partial W} = \frac{\partial C}{\partial h_t} \frac{\partial h_t}{\partial W}$$"  # noqa: E501
    assert reading(page + line) == "the contribution of one step alone"
    assert reading(page + line.replace("h_t}", "h_{t-1}}", 1)) is None


def test_what_follows() -> None:
    judge = Judge(
        "page.md",
        r"We find $$\frac{\partial y}{\partial u} = 2 u.$$ Here $y = u^2 + v$.",
        Path("."),
    )
    first = next(i for i in judge.page.items if isinstance(i, Formula))
    assert holding(judge, first) == ""


def test_what_was_not_understood() -> None:
    lost = r"Let $x = \Theta \{ y \mid z \}$ and $p = A x$ with $A \in \mathbb{R}^{n \times n}$, $x \in \mathbb{R}^n$."  # noqa: E501
    assert reading(lost + r" $$\frac{\partial p}{\partial x} = A$$") == ""


def test_a_derivative_that_vanishes_was_misunderstood() -> None:
    assert (
        reading(r"Let $s = u^2$. $$\frac{ds}{du} = 2 u + \frac{\partial s}{\partial w}$$") is None
    )


def test_cross_entropy_by_its_name() -> None:
    page = r"With the cross-entropy loss $L_t$ and $\hat{y}_t = \mathrm{softmax}(z_t)$, $z_t = V h_t$, $y_t$ one-hot,"  # noqa: E501
    assert reading(page + r" $$\frac{\partial L_t}{\partial z_t} = \hat{y}_t - y_t$$") == ""
    assert reading(page + r" $$\frac{\partial L_t}{\partial z_t} = y_t - \hat{y}_t$$") is None


CHAINED = (
    r"Let $h_t = \tanh(W h_{t-1} + U x_t)$, $h_t \in \mathbb{R}^n$, $L_t = \ell(h_t)$. $$%s = %s$$"
)


def by(a: str, b: str) -> str:
    return rf"\frac{{\partial {a}}}{{\partial {b}}}"


LINK = by("h_t", "h_{t-1}")


@pytest.mark.parametrize(
    ("head", "member", "kind"),
    [
        (by("h_t", "h_1"), rf"{LINK} \cdots {by('h_2', 'h_1')}", "proved"),
        (by("h_t", "x_1"), rf"{LINK} \cdots {by('h_1', 'x_1')}", "proved"),
        (by("h_t", "x_k"), rf"{LINK} \cdots {by('h_k', 'x_k')}", "proved"),
        (by("h_t", "x_k"), rf"{LINK} \cdots {by('h_{k-1}', 'x_k')}", "refuted"),
        # the paths through the first step's use of W alone
        (by("L_t", "W"), rf"{by('L_t', 'h_t')} {LINK} \cdots {by('h_1', 'W')}", "ambiguous"),
    ],
)
def test_dots_between_the_links_of_a_chain(head: str, member: str, kind: str) -> None:
    """∂h_t/∂h_{t-1} ⋯ ∂h_1/∂x_1: what the dots leave out ends where the next factor begins."""
    found = Judge("page.md", CHAINED % (head, member), None).report().formulas[-1]
    assert found.verdict.kind == kind
