"""Whole notes that once got a wrong verdict: true lines refuted, false ones proved."""

from __future__ import annotations

from derive.verify.judge import judge
from derive.verify.options import Options

STEP = r"Let $h_t = f(h_{t-1}, x_t, \theta)$, $L_t = \ell(h_t, y_t)$, $C = \sum_{t=1}^{T} L_t$."


def verdicts(model: str, *lines: str) -> list[str]:
    """The verdicts on displayed lines below a model."""
    text = "\n\n".join((model, *(f"$$ {line} $$" for line in lines)))
    return [judged.verdict.kind for judged in judge("x.tex", text, Options()).formulas][
        -len(lines) :
    ]


def test_a_definition_of_the_first_state_is_at_its_own_time() -> None:
    model = r"Let $h_0 = \theta$, $h_t = x_t + \theta h_{t-1}$, $C = h_T$."
    found = verdicts(
        model,
        r"\frac{\partial h_t}{\partial h_{t-1}} = \theta",
        r"\frac{\partial h_t}{\partial \theta}"
        r" = h_{t-1} + \theta \frac{\partial h_{t-1}}{\partial \theta}",
    )
    assert found == ["proved", "proved"]


def test_a_quantity_has_the_value_of_the_call_that_defines_it() -> None:
    found = verdicts(
        STEP,
        r"C = \sum_{t=1}^T \ell(h_t, y_t)",
        r"L_t + L_t = 2 \ell(h_t, y_t)",
        r"L_t + L_t = 3 \ell(h_t, y_t)",
    )
    assert found == ["proved", "proved", "refuted"]


def test_what_is_made_of_a_parameter_in_two_steps_hands_its_paths_on() -> None:
    model = r"Let $a = g(\theta)$, $b = q(a)$, $h_t = f(h_{t-1}, b)$, $C = \ell(h_T)$."
    chain = (
        r"\frac{\partial h_t}{\partial \theta}"
        r" = \frac{\partial h_t}{\partial b} \frac{\partial b}{\partial \theta}"
    )
    assert verdicts(model, chain) == ["proved"]


def test_what_depends_on_a_definition_that_cannot_be_read_is_neither_proved_nor_refuted() -> None:
    """z is no input because its definition is lost: it may depend on w."""
    model = (
        r"$h_t = \tanh(w h_{t-1})$, $z_t = w h_t +$, $L_t = (z_t - y_t)^2$, $C = \sum_{t=1}^T L_t$."
    )
    found = verdicts(
        model,
        r"\frac{\partial L_t}{\partial w} = 0",
        r"\frac{\partial L_t}{\partial w} = 3",
        r"\frac{\partial L_t}{\partial h_t} = 2 (z_t - y_t) \frac{\partial z_t}{\partial h_t}",
        r"\frac{\partial h_t}{\partial h_{t-1}} = w (1 - h_t^2)",
        r"\frac{\partial h_t}{\partial h_{t-1}} = 2 w (1 - h_t^2)",
    )
    assert found == ["unread", "unread", "proved", "proved", "refuted"]


def test_a_lost_definition_of_which_nothing_is_known_proves_nothing() -> None:
    model = (
        r"$h_t = \tanh(w h_{t-1})$, $z_t \leftarrow h_t$, $L_t = (z_t - y_t)^2$, "
        r"$C = \sum_{t=1}^T L_t$."
    )
    found = verdicts(
        model,
        r"\frac{\partial L_t}{\partial w} = 0",
        r"\frac{\partial h_t}{\partial h_{t-1}} = w (1 - h_t^2)",
        r"L_t = z_t^2 - 2 z_t y_t + y_t^2",
    )
    assert found == ["unread", "proved", "proved"]


def test_a_function_made_of_derivatives_is_unread() -> None:
    found = verdicts(
        r"Let $h_t = \tanh(w h_{t-1} + x_t)$, $C = h_T$.",
        r"q(x) = \frac{\partial C}{\partial w} x",
        r"\frac{\partial h_t}{\partial h_{t-1}} = w (1 - h_t^2)",
    )
    assert found == ["unread", "proved"]


def test_a_line_that_holds_by_the_other_of_two_definitions_is_not_refuted() -> None:
    model = (
        r"Let $h_t = f(h_{t-1}, x_t, \theta)$, $o_t = g(h_t, \theta)$, $L_t = \ell(o_t)$, "
        r"$C = \sum_{t=1}^T L_t$."
    )
    chain = (
        r"\frac{\partial o_t}{\partial \theta}"
        r" = \frac{\partial o_t}{\partial z_t} \frac{\partial z_t}{\partial \theta}"
    )
    other = r"With $z_t = e(h_t, \theta)$ it is $o_t = g(z_t)$."
    assert verdicts(f"{model}\n\n{other}", chain) == ["ambiguous"]
    half = chain.replace(
        r"\frac{\partial z_t}{\partial \theta}", r"\frac{\partial z_t}{\partial h_t}"
    )
    assert verdicts(f"{model}\n\n{other}", half) == ["refuted"]


def test_a_formula_in_the_words_of_a_row_is_no_part_of_it() -> None:
    rows = (
        r"\begin{align*} \frac{\partial C}{\partial h_t} &= \frac{\partial C}{\partial h_t} + 0"
        r" \quad \text{by the definition of $C$, differentiated} \\ &= 2 \frac{\partial C}{\partial h_t}"
        r" \quad \text{since $x_t$ is given} \end{align*}"
    )
    text = f"{STEP}\n\n{rows}"
    kinds = [j.verdict.kind for j in judge("x.tex", text, Options()).formulas][3:]
    assert kinds == ["proved", "refuted", "remark", "remark"]


def test_a_numbered_row_above_an_equals_sign_begins_a_formula() -> None:
    rows = (
        r"\begin{align} \frac{\partial L_t}{\partial h_t} &= \frac{\partial L_t}{\partial h_t} \tag{1} \\"
        r" & \frac{\partial C}{\partial h_t} \tag{2} \\ & \quad + \frac{\partial L_t}{\partial h_t} \\"
        r" &= \frac{\partial L_t}{\partial h_t} + \frac{\partial C}{\partial h_t} \end{align}"
    )
    kinds = [j.verdict.kind for j in judge("x.tex", f"{STEP}\n\n{rows}", Options()).formulas][3:]
    assert kinds == ["proved", "proved"]


def test_the_heading_of_a_section_fixes_t_there_and_holds_an_example_together() -> None:
    text = "\n\n".join(
        (
            STEP,
            r"\section{The case $T = 2$}",
            r"\subsection{Unrolled}",
            r"\[ C = L_1 + L_2 \]",
            r"\section{In general}",
            r"\[ C = L_1 + L_2 \]",
            r"\section{A second example}",
            r"\[ f(x) = x^2 \]",
            r"\subsection{Its slope}",
            r"\[ \frac{d f(x)}{d x} = 2 x \]",
            r"\section{After it}",
            r"\[ \frac{d f(x)}{d x} = 2 x \]",
        )
    )
    judged = judge("x.tex", text, Options()).formulas[3:]
    assert [j.verdict.kind for j in judged][:3] == ["definition", "proved", "refuted"]
    assert [j.verdict.kind for j in judged][3:5] == ["definition", "proved"]
    assert judged[1].verdict.scope == "T = 2"
    assert judged[-1].verdict.kind != "proved"


def test_a_labelled_name_before_a_time_in_parentheses_is_no_product() -> None:
    found = verdicts(
        r"Let $h_t = \tanh(w h_{t-1} + x_t)$, $C = h_T$.",
        r"I_{w}(t) = \frac{\partial C}{\partial w}",
        r"I_{w}(t) = I_{w}(t-1)",
    )
    assert found == ["unread", "unread"]
