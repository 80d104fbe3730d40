"""Whole notes that once got a wrong verdict: true lines refuted, false ones proved."""

from __future__ import annotations

from derive.verify.judge import Options, judge

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
