"""Functions that a page names and gives nowhere, by a macro or a word: nobody is accused through them."""

from __future__ import annotations

import pytest

from derive.judge.readers import judge
from derive.verify.options import Options
from derive.verify.verdicts import Verdict


def verdicts(text: str) -> list[Verdict]:
    """What is said of the formulas of a page, definitions apart."""
    found = judge("page.md", text, Options()).formulas
    return [j.verdict for j in found if j.verdict.kind != "definition"]


def kinds(text: str) -> list[str]:
    return [v.kind for v in verdicts(text)]


UNKNOWN = [
    r"\act(u q)",
    r"\act[u q]",
    r"\act\{u q\}",
    r"{\act}(u q)",
    r"\act\big(u q\big)",
    r"\act \left[u q\right]",
    r"\act\,(u q)",
    r"2\act(u q) + 1",
    r"u\act(q)",
    r"\act^2(u q)",
    r"\act_q(u q)",
    r"\act_q^2(u q)",
    r"\act u q",
    r"\act{u q}",
    r"\tilde{\act}(u q)",
    r"\nonlin(u q + 1)",
    r"\operatorname{BN}(u q)",
    r"\mathrm{gelu}(u q + 1)",
    r"\text{squash}(u q)",
]


@pytest.mark.parametrize("made", UNKNOWN)
def test_nothing_is_accused_through_what_is_given_nowhere(made: str) -> None:
    page = rf"Let $$s = {made}.$$ "
    for line in (r"1 - s^2", r"u s (1 - s)", r"3 u", r"0"):
        found = kinds(rf"{page} Then $$\frac{{\partial s}}{{\partial q}} = {line}$$")
        assert found == ["unread"], (line, found)


def test_a_macro_that_is_taken_for_a_factor_is_said_to_be_one() -> None:
    (found,) = verdicts(r"Let $$s = \act(u q).$$ Then $$\frac{\partial s}{\partial q} = \act u$$")
    assert found.kind == "unread" or found.reading == r"\act is a factor"


@pytest.mark.parametrize("made", [r"\act(u q_t + r_{t-1})", r"\operatorname{BN}(u q_t, r_{t-1})"])
def test_what_holds_whatever_the_function_gives_is_proved(made: str) -> None:
    page = rf"Let $$r_t = {made}, \quad L_t = r_t^2.$$ Then "
    page += r"$$\frac{\partial L_t}{\partial r_t} = 2 r_t$$ "
    page += r"$$\frac{\partial L_t}{\partial q_t} = 2 r_t \frac{\partial r_t}{\partial q_t}$$"
    assert kinds(page) == ["proved", "proved"]


@pytest.mark.parametrize("made", [r"\operatorname{BN}(u q_t + r_{t-1})", r"\mathrm{gelu}(u q_t)"])
def test_what_has_nothing_of_the_function_is_still_accused(made: str) -> None:
    page = rf"Let $$r_t = {made}, \quad L_t = r_t^2, \quad C = \sum_{{t=1}}^T L_t.$$ Then "
    page += r"$$\frac{\partial L_t}{\partial r_t} = 2 r_t$$ $$\frac{\partial L_t}{\partial r_t} = 3 r_t$$"
    assert kinds(page) == ["proved", "refuted"]


def test_the_slope_of_a_macro_is_its_own() -> None:
    page = r"Let $$s = \act(u q).$$ Then $$\frac{\partial s}{\partial q} = u \act'(u q)$$"
    assert kinds(page) == ["proved"]


@pytest.mark.parametrize(
    "page",
    [
        r"\newcommand{\act}{\tanh} Let $$s = \act(u q).$$",
        r"Let $$\act(z) = \tanh(z), \quad s = \act(u q).$$",
        r"Let $$s = f(u q).$$",
        r"Let $$s = \phi(u q).$$",
        r"Let $$s = u q + \params^2$$ and $$\frac{\partial s}{\partial \params} = 2 \params.$$",
    ],
)
def test_what_is_given_or_any_function_is_accused(page: str) -> None:
    assert kinds(rf"{page} Then $$\frac{{\partial s}}{{\partial q}} = 3 u s$$")[-1] == "refuted"
