"""What the judge says of small pages: conditions, scopes, readings, layouts, assumptions."""

from __future__ import annotations

import pytest

from derive.errors import DeriveError
from derive.verify.judge import judge
from derive.verify.options import Options
from derive.verify.verdicts import Judged

MODEL = r"$h_t = f(h_{t-1}, x_t, \theta)$, $L_t = \ell(h_t)$, $C = \sum_t L_t$." + "\n\n"


def last(text: str, options: Options | None = None) -> Judged:
    """The last formula of a page that claims something."""
    report = judge("page.tex", MODEL + text, options or Options())
    return [j for j in report.formulas if j.verdict.kind != "remark"][-1]


SCOPES = (
    (r"$\frac{\partial h_t}{\partial h_k} = 0$ for $k > t$", "every T ≥ 1, t+1 ≤ k ≤ T, 0 ≤ t"),
    (
        r"For all $t < k$, $\frac{\partial h_t}{\partial h_k} = 0$",
        "every T ≥ 1, t+1 ≤ k ≤ T, 0 ≤ t",
    ),
    (r"$$\frac{\partial C}{\partial L_t} = 1 \quad (t = 1, \dots, T)$$", "every T ≥ 1, 1 ≤ t ≤ T"),
    (r"$\frac{\partial C}{\partial L_t} = 1$ if $t \ge 6$", "every T ≥ 6, 6 ≤ t ≤ T"),
    (r"$\frac{\partial C}{\partial L_2} = 1$", "every T ≥ 2"),
    (r"With $T = 3$: $\frac{\partial C}{\partial L_t} = 1$", "T = 3, 1 ≤ t ≤ T"),
)


@pytest.mark.parametrize(("text", "scope"), SCOPES)
def test_scopes(text: str, scope: str) -> None:
    verdict = last(text).verdict
    assert (verdict.kind, verdict.scope) == ("proved", scope)


def test_a_condition_makes_a_line_true_and_its_absence_false() -> None:
    line = r"$\frac{\partial h_t}{\partial h_k} = 0$"
    assert last(line).verdict.kind == "refuted"
    assert last(f"{line} for $k > t$").verdict.kind == "proved"
    assert last(f"{line}. Something else: $k > t$").verdict.kind == "refuted"


def test_a_condition_that_is_not_understood_never_refutes() -> None:
    line = r"$$\frac{\partial h_t}{\partial h_k} = 0 \quad \text{for } k > 2t$$"
    assert last(line).verdict.kind != "refuted"


def test_a_given_horizon_is_the_scope() -> None:
    verdict = last(r"$\frac{\partial C}{\partial L_t} = 1$", Options(horizon=4)).verdict
    assert verdict.scope == "T = 4, 1 ≤ t ≤ T"


def test_a_reading_is_spelled_out_and_the_plain_notation_offered() -> None:
    line = r"$\frac{\partial C}{\partial \theta} = \sum_t \frac{\partial C}{\partial h_t}"
    verdict = last(line + r" \frac{\partial h_t}{\partial \theta}$").verdict
    assert verdict.kind == "ambiguous"
    assert verdict.reading == "∂hₜ/∂θ is partial: only the direct use of θ counts, all else is held"
    assert verdict.suggestion == r"\frac{\partial^+ h_t}{\partial \theta}"


def test_an_assumption_is_said_once() -> None:
    report = judge("page.tex", MODEL + r"$\frac{\partial C}{\partial L_t} = 1$", Options())
    assert report.assumptions == ("the initial state h₀ is a constant", "numerator layout")


def test_an_adjoint_recursion_is_recognised_and_said() -> None:
    text = (
        r"$\delta_t = \frac{\partial L_t}{\partial h_t} + "
        r"\delta_{t+1} \frac{\partial h_{t+1}}{\partial h_t}$"
    )
    claim = r" Then $\frac{\partial C}{\partial h_t} = \delta_t$."
    report = judge("page.tex", MODEL + text + claim, Options())
    assert report.formulas[-1].verdict.kind == "proved"
    assert any(s.startswith("δₜ is ∂C/∂hₜ") for s in report.assumptions)


def test_a_recursion_with_one_slip_is_no_adjoint() -> None:
    text = (
        r"$\delta_t = \frac{\partial L_t}{\partial h_t} + "
        r"\delta_{t+1} \frac{\partial h_t}{\partial h_{t-1}}$"
    )
    claim = r" Then $\frac{\partial C}{\partial h_t} = \delta_t$."
    report = judge("page.tex", MODEL + text + claim, Options())
    assert report.formulas[-1].verdict.kind == "refuted"


def test_definitions_from_outside() -> None:
    page = r"$\frac{\partial C}{\partial \theta} = \sum_t \frac{\partial L_t}{\partial \theta}$"
    alone = judge("page.tex", page, Options())
    assert alone.formulas[0].verdict.kind == "unread"
    model = (("model.tex", MODEL),)
    assert judge("page.tex", page, Options(model=model)).formulas[0].verdict.kind == "proved"


def test_a_formula_that_takes_too_long_is_unread() -> None:
    line = r"$\frac{\partial C}{\partial \theta} = \sum_t \frac{\partial L_t}{\partial \theta}$"
    verdict = last(line, Options(seconds=1e-6)).verdict
    assert verdict.kind == "unread"
    assert "limit" in verdict.reason


def test_denominator_layout_needs_evidence() -> None:
    """One line with its factors the other way round is an error, a text of them a layout."""
    jacobians = (
        r"$\frac{\partial h_{t+1}}{\partial h_{t-1}} = \frac{\partial "
        r"h_t}{\partial h_{t-1}} \frac{\partial h_{t+1}}{\partial h_t}$"
    )
    gradient = (
        r"$\frac{\partial C}{\partial h_{T-1}} = \frac{\partial "
        r"h_T}{\partial h_{T-1}} \frac{\partial C}{\partial h_T}$"
    )
    parameter = (
        r"$\frac{\partial L_t}{\partial x_t} = \frac{\partial "
        r"h_t}{\partial x_t} \frac{\partial L_t}{\partial h_t}$"
    )
    assert last(jacobians).verdict.kind == "refuted"
    whole = last(f"{gradient} {parameter} {jacobians}").verdict
    assert (whole.kind, whole.reading) == ("proved", "denominator layout")


def test_closed_formulas_of_vectors_are_not_judged_as_scalars() -> None:
    page = (
        r"$W \in \mathbb{R}^{n \times n}$, $h_t = W h_{t-1}$, $C = \sum_t "
        r"h_t$. $\frac{\partial h_t}{\partial h_{t-1}} = W$"
    )
    report = judge("page.tex", page, Options())
    assert report.formulas[-1].verdict.kind == "unread"


def test_a_notebook_that_is_none() -> None:
    with pytest.raises(DeriveError):
        judge("notes.ipynb", "{", Options())


LOSSES = r"\frac{\partial C}{\partial \theta} = \frac{\partial L_1}{\partial \theta}"
FACTORS = r"\frac{\partial h_T}{\partial h_0} = \frac{\partial h_T}{\partial h_{T-1}}"
BEFORE = r" \frac{\partial h_{T-1}}{\partial h_{T-2}}"
MORE = r"\frac{\partial L_T}{\partial \theta}"
DOTS = (
    (LOSSES + r" + \dots + \frac{\partial L_T}{\partial \theta}", "proved"),
    (LOSSES + r" + \frac{\partial L_2}{\partial \theta} + \dots + " + MORE, "proved"),
    (LOSSES + r" + \dots + \frac{\partial L_{T-1}}{\partial \theta}", "refuted"),
    (LOSSES + r" + \frac{\partial L_3}{\partial \theta} + \dots + " + MORE, "unread"),
    (LOSSES + r" + \dots", "unread"),
    (FACTORS + BEFORE + r" \cdots \frac{\partial h_1}{\partial h_0}", "proved"),
    (FACTORS + r" \cdots \frac{\partial h_2}{\partial h_1}", "refuted"),
    (FACTORS + r" \cdots \frac{\partial L_1}{\partial h_0}", "unread"),
)  # fmt: skip


@pytest.mark.parametrize(("line", "kind"), DOTS)
def test_dots_are_read_whole_or_not_at_all(line: str, kind: str) -> None:
    assert last(f"${line}$").verdict.kind == kind


TOTALS = r"""$$\frac{dC}{d\theta} = \sum_t \frac{dC}{dh_t} \frac{\partial h_t}{\partial \theta}$$
$$\frac{dh_t}{d\theta} = \sum_{k=1}^{t} \frac{dh_t}{dh_k} \frac{\partial h_k}{\partial \theta}$$
"""


def test_d_beside_partial_is_decided_once_for_the_text_and_said() -> None:
    report = judge("page.tex", MODEL + TOTALS, Options())
    said = [j.verdict for j in report.formulas if j.verdict.kind == "proved"]
    assert len(said) == 2
    assert {v.reading for v in said} == {"∂ is partial and d is total, as in the whole text"}
    assert "d is total and ∂ partial, as most lines suggest" in report.assumptions
    one = judge("page.tex", MODEL + TOTALS.splitlines()[0], Options())
    assert one.formulas[-1].verdict.kind == "ambiguous"


def test_a_reason_never_shows_the_names_of_the_normal_form() -> None:
    page = (
        r"$h_t = f(h_{t-1}, \theta)$, $C = \sum_t w(h_t)$. "
        r"$\frac{\partial C}{\partial \theta} = 2 \sum_t w'(h_t) \frac{\partial h_t}{\partial \theta}$"
    )
    verdict = judge("page.tex", page, Options()).formulas[-1].verdict
    assert verdict.kind == "refuted"
    assert "Fraction" not in verdict.reason


def test_a_line_that_fails_at_the_initial_state_alone_is_ambiguous() -> None:
    """∂C/∂h_0 has no 2 h_0 in it; from t = 1 on the line is true."""
    model = r"$h_t = \theta h_{t-1} + x_t$, $L_t = h_t^2$, $C = \sum_{t=1}^T L_t$. "
    claim = r"\frac{\partial C}{\partial h_t} = 2 h_t + \theta \frac{\partial C}{\partial h_{t+1}}"
    verdict = judge("page.tex", f"{model}$${claim}$$", Options()).formulas[-1].verdict
    assert (verdict.kind, verdict.reading) == ("ambiguous", "for t ≥ 1")
    assert "t = 0" in verdict.reason and verdict.scope == "every T ≥ 2, 1 ≤ t ≤ T-1"
    wrong = claim.replace("+", "-")
    assert (
        judge("page.tex", f"{model}$${wrong}$$", Options()).formulas[-1].verdict.kind == "refuted"
    )
    said = judge("page.tex", f"{model}For $t \\ge 1$: $${claim}$$", Options()).formulas[-1].verdict
    assert said.kind == "proved"
