"""Words that change a definition, that make a quantity, or that stop a gradient: nothing is proved past them."""  # noqa: E501

from __future__ import annotations

import pytest

from derive.judge.readers import judge
from derive.red_pen import exit_code
from derive.verify.options import Options

SLOPE = r"$$\frac{\partial q_t}{\partial u} = q_{t-1} + u \frac{\partial q_{t-1}}{\partial u}$$"
BODY = r"q_t = u q_{t-1} + x_t"


def last(page: str, name: str = "page.tex") -> str:
    return judge(name, page, Options()).formulas[-1].verdict.kind


BEHIND = (
    *(
        "plus a small noise",
        "up to an irrelevant constant",
        "approximately",
        "roughly",
        "for odd $t$",
    ),
    *("for $t > 3$ only", "but only in the first epoch", "to leading order", "at even steps"),
    *("when $x_t > 0$, and $0$ otherwise", "if $x_{t} \\geq 0$", "unless the gate is closed"),
    *(
        "as long as $q_{t-1}$ is positive",
        "with probability $p$",
        "rounded to an integer",
        "modulo 1",
    ),
    *("followed by a softmax", "after clipping", "with dropout", "minus its mean", "or zero"),
    *(
        "to which $\\mu u^2$ is added",
        "where the gradient is stopped at $q_{t-1}$",
        "in expectation",
    ),
    *("which is subsequently clipped", "give or take a little", "except during the warm-up"),
    *("most of the time", "rescaled to unit norm", "gated by $g_t$", "halved at each step"),
    *("where $q_{t-1}$ is detached", "treating $q_{t-1}$ as a constant"),
    *("and then $q_t \\leftarrow g_t q_t$", "after which $q_t$ is replaced by $g_t q_t$"),
    *("in which $x_t$ itself depends on $u$", "where $x_t$ is computed from $u$"),
    *("clipped to $[-1, 1]$", "except at $t = 5$", "nur für gerade $t$", "à une constante près"),
)


@pytest.mark.parametrize("words", BEHIND)
@pytest.mark.parametrize("way", [f"The state is ${BODY}$, %s.", f"The state is\n$$ {BODY} $$\n%s."])
def test_what_stands_behind_a_definition_changes_it(way: str, words: str) -> None:
    assert last(f"{way % words}\n\nThen\n{SLOPE}") in ("unread", "ambiguous")


@pytest.mark.parametrize(
    "said",
    [
        f"Up to a constant, the state is ${BODY}$.",
        f"The state is approximately\n$$ {BODY} $$",
        f"To first order, the state is\n$$ {BODY} $$",
        f"If $x_t > 0$, the state is\n$$ {BODY} $$",
        f"For $t > 3$ only, the state is\n$$ {BODY} $$",
        f"The state is ${BODY}$. This holds only for odd $t$.",
        f"The state is ${BODY}$. To this we add a penalty.",
        f"The state is ${BODY}$. The result is then layer-normalised.",
        f"The state is ${BODY}$. Finally the state is clipped.",
        f"The state is ${BODY}$. We also add noise.",
        f"The state is\n$$ {BODY} \\quad \\text{{(up to a factor)}} $$",
        f"The state is\n$$ {BODY} \\quad \\text{{if }} x_t > 0 $$",
        f"The state is\n$$ {BODY} \\quad (x_t > 0) $$",
        f"The state is\n$$ {BODY} \\pmod{{1}} $$",
        f"The state is\n$$ {BODY} + \\text{{penalty}} $$",
        f"The state is not ${BODY}$.",
    ],
)
def test_what_stands_around_a_definition_changes_it(said: str) -> None:
    assert last(f"{said}\n\nThen\n{SLOPE}") in ("unread", "ambiguous")


@pytest.mark.parametrize(
    "said",
    [
        f"The state is ${BODY}$, where $x_t > 0$.",
        f"The state is ${BODY}$ for $t > 0$.",
        f"The state is ${BODY}$, the usual linear recursion.",
        f"The state is ${BODY}$, or more generally another one.",
        f"The state is ${BODY}$. To this end we need $u$.",
        f"The state is ${BODY}$, even if that is simple.",
        f"The state is ${BODY}$ up to time $T$.",
        f"The state is\n$$ {BODY}, \\qquad t = 1, \\dots, T $$",
        f"The state (we omit a bias) is ${BODY}$.",
    ],
)
def test_what_only_comments_changes_nothing(said: str) -> None:
    assert last(f"{said}\n\nThen\n{SLOPE}") == "proved"


WITH_GATE = r"Let $q_t = \tanh(u q_{t-1} + x_t)$ and $L_t = m_t q_t$. "
PAST = r"$$\frac{\partial L_t}{\partial u} = m_t \frac{\partial q_t}{\partial u}$$"
MAKES = (
    *("Here $m_t$ solves $m_t = u m_t + q_t$.", "Here $m_t$ satisfies $m = \\cos(u m + q_t)$."),
    *("Here $m_t$ is the fixed point of $$m = \\cos(u m).$$", "The gate $m_t$ is driven by $u$."),
    *("Let $m_t$ be the solution of $m^3 + u m = q_t$.", "The gate $m_t$ depends on $u$."),
    *("From $u$ and $q_t$ we compute $m_t$.", "We compute $m_t$ from $u$ and $q_t$."),
    *(
        "The gate $m_t$ is a function of $u$.",
        "Recall that $u$ enters $m_t$.",
        "Here $m_t = m_t(u)$.",
    ),
    *(
        "The factor $m_t$ is the largest eigenvalue of $u q_t q_t$.",
        "The gate $m_t$ varies with $u$.",
    ),
    "Here $m_t$ is defined implicitly by $m_t = F(m_t, u)$.",
)


@pytest.mark.parametrize("said", MAKES)
def test_what_a_sentence_makes_is_no_input(said: str) -> None:
    assert last(f"{WITH_GATE}{said}\n\nThen\n{PAST}") in ("unread", "ambiguous", "refuted")


@pytest.mark.parametrize(
    "said",
    [
        "The gate $m_t$ is given.",
        "Note that $m_t$ does not depend on $u$.",
        "The gradient with respect to $m_t$ is computed from $u$.",
    ],
)
def test_what_a_sentence_leaves_alone_stays_an_input(said: str) -> None:
    assert last(f"{WITH_GATE}{said}\n\nThen\n{PAST}") == "proved"


def test_a_limit_is_made_of_what_runs_to_it() -> None:
    page = r"Iterate $z_{k+1} = \tanh(u z_k + x)$ to convergence, with the limit $z^*$; $\ell = (z^*)^2$. "
    assert last(page + r"$$\frac{\partial \ell}{\partial u} = 0$$") in ("unread", "refuted")


def test_a_step_of_a_parameter_is_no_equation_for_it() -> None:
    page = r"Let $\ell = (w x - y)^2$. Then $w = w - \eta \frac{\partial \ell}{\partial w}$. "
    assert last(page + r"$$\frac{\partial \ell}{\partial w} = 2 (w x - y) x$$") == "proved"


STOPPED = (
    *(r"\operatorname{sg}(q_{t-1})", r"\mathrm{stop\_grad}(q_{t-1})", r"\text{SG}[q_{t-1}]"),
    *(
        r"\mathtt{stop\_gradient}(q_{t-1})",
        r"\mathrm{detach}(q_{t-1})",
        r"\text{no\_grad}(q_{t-1})",
    ),
)


@pytest.mark.parametrize("stopped", STOPPED)
def test_no_slope_goes_through_a_stopped_gradient(stopped: str) -> None:
    page = rf"Let $q_t = u {stopped} + x_t$, $L_t = (q_t - y_t)^2$. "
    assert last(page + r"$$\frac{\partial q_t}{\partial q_{t-1}} = 0$$") in (
        "proved",
        "tested",
        "unread",
    )
    assert last(page + r"$$\frac{\partial q_t}{\partial q_{t-1}} = u$$") in ("refuted", "unread")
    own = rf"$$\frac{{\partial q_t}}{{\partial u}} = {stopped}$$"
    assert last(page + own) in ("proved", "tested", "unread")


@pytest.mark.parametrize(
    "name",
    [r"\bot", r"\perp", r"\square", r"\mathrm{round}", r"\mathrm{freeze}", r"\text{quantize}"],
)
def test_a_function_whose_slope_is_not_known_accuses_nobody(name: str) -> None:
    page = rf"Let $q_t = u {name}(q_{{t-1}}) + x_t$, $L_t = (q_t - y_t)^2$. "
    for line in (
        r"\frac{\partial q_t}{\partial q_{t-1}} = 0",
        rf"\frac{{\partial q_t}}{{\partial u}} = {name}(q_{{t-1}})",
    ):
        assert last(f"{page}$${line}$$") in ("unread", "proved", "tested")


def test_a_stopped_gradient_leaves_the_value() -> None:
    page = r"Let $z_t = s_t + \operatorname{sg}(r(s_t) - s_t)$, $L_t = (z_t - y_t)^2$. "
    assert last(page + r"$$\frac{\partial z_t}{\partial s_t} = 1$$") == "proved"
    assert last(page + r"$$\frac{\partial z_t}{\partial s_t} = r'(s_t)$$") in ("refuted", "unread")


@pytest.mark.parametrize(
    "said",
    [
        r"Let $W \in \mathbb{R}^{3 \times 4}$, $h \in \mathbb{R}^5$, $z = W h$",
        r"Let $W \in \mathbb{R}^{3 \times 4}$, $h \in \mathbb{R}^4$, $b \in \mathbb{R}^2$, $z = W h + b$",
    ],
)
def test_sizes_in_numbers_that_contradict_each_other_are_no_success(said: str) -> None:
    line = r"$$\frac{\partial L}{\partial h} = \frac{\partial L}{\partial z} W$$"
    report = judge("page.tex", f"{said}, $L = \\ell(z)$.\n\n{line}", Options())
    reasons = [j.verdict.reason for j in report.formulas if j.verdict.kind == "definition"]
    assert any("contradict each other" in r for r in reasons)
    assert exit_code([report], strict=True) == 1


def test_sizes_in_numbers_that_fit_are_a_success() -> None:
    page = r"Let $W \in \mathbb{R}^{3 \times 4}$, $h \in \mathbb{R}^4$, $z = W h$, $L = \ell(z)$. "
    line = r"$$\frac{\partial L}{\partial h} = \frac{\partial L}{\partial z} W$$"
    assert exit_code([judge("page.tex", page + line, Options())], strict=True) == 0
