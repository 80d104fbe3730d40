"""What people type in definitions, and what it means: one table."""

from __future__ import annotations

import pytest

from derive.algebra.expression import Variable
from derive.derivation.every import every
from derive.derivation.numbers import comparisons
from derive.model.builtin import from_latex
from derive.notation.latex import latex
from derive.notation.unicode import text
from derive.proof.setting import EveryHorizon

# What is typed; how it is written back; what the assumptions say of it, in part.
MEANT = [
    ("tanh(w h_{t-1} + x_t)", "\\tanh(w h_{t-1} + x_t)", "tanh(…) is the function tanh"),
    ("tanh\\left(w h_{t-1}\\right)", "\\tanh(w h_{t-1})", "tanh(…) is the function tanh"),
    ("w tanh(h_{t-1}) + x_t", "w \\tanh(h_{t-1}) + x_t", "tanh(…) is the function tanh"),
    ("sigmoid(w h_{t-1})", "\\sigma(w h_{t-1})", "sigmoid(…) is the function sigmoid"),
    ("relu(w h_{t-1})", "\\operatorname{ReLU}(w h_{t-1})", "relu(…) is the function relu"),
    ("exp(-w h_{t-1})", "\\exp(-w h_{t-1})", "exp(…) is the function exp"),
    ("e^{-w h_{t-1}}", "\\exp(-w h_{t-1})", "e with an exponent is the exponential"),
    ("\\frac{1}{1 + e^{-w h_{t-1}}}", "\\frac{1}{1 + \\exp(-w h_{t-1})}", "e with an exponent"),
    ("e^w h_{t-1}", "\\exp(w) h_{t-1}", "e with an exponent"),
    ("e^{e^{-w}} h_{t-1}", "\\exp(\\exp(-w)) h_{t-1}", "e with an exponent"),
    ("w \\pi h_{t-1}", "w \\pi h_{t-1}", "π is the number 3.14159"),
    ("f_\\theta(h_{t-1}, x_t)", "f(h_{t-1}, x_t, \\theta)", "f_θ depends on θ"),
    ("f_{\\theta}\\left(h_{t-1}\\right)", "f(h_{t-1}, \\theta)", "f_θ depends on θ"),
    ("f_{\\theta,\\phi}(h_{t-1})", "f(h_{t-1}, \\theta, \\phi)", "depends on ϕ"),
    ("f(h_{t-1}; \\theta)", "f(h_{t-1}, \\theta)", "';' in brackets is an argument"),
    ("f(h_{t-1}, x_t; \\theta, w)", "f(h_{t-1}, x_t, \\theta, w)", "';' in brackets"),
    ("F(h_{t-1}|\\theta)", "F(h_{t-1}, \\theta)", "'|' in brackets"),
    ("F(h_{t-1} \\mid \\theta)", "F(h_{t-1}, \\theta)", "'mid' in brackets"),
    ("w net h_{t-1}", "w n e t h_{t-1}", "net is the product of its letters"),
]


@pytest.mark.parametrize(("typed", "written", "said"), MEANT, ids=[row[0] for row in MEANT])
def test_what_is_typed_is_read_as_it_is_meant_and_said(typed: str, written: str, said: str) -> None:
    model = from_latex((f"h_t = {typed}", "L_t = h_t^2"))
    assert latex(model.steps[0].body) == written
    sentences = [
        "".join(p if isinstance(p, str) else text(p) for p in r) for r in model.assumptions
    ]
    assert any(said in sentence for sentence in sentences), sentences


@pytest.mark.parametrize(
    ("definitions", "body"),
    [
        (("e_t = \\tanh(w h_{t-1})", "h_t = e_t x_t"), "e_t x_t"),
        (("e = w", "h_t = e^2 h_{t-1}"), "e^2 h_{t-1}"),
        (("h_t = W_{f} h_{t-1} + f_a(x_t)",), "W_{f} h_{t-1} + f_{a}(x_t)"),
        (("h_t = f(h_{t-1}, [x_t; y_t])",), "f(h_{t-1}, \\left[x_t; y_t\\right])"),
        (("h_t = \\mathrm{tanhlike} h_{t-1}",), "\\mathrm{tanhlike} h_{t-1}"),
    ],
)
def test_what_means_something_else_stays(definitions: tuple[str, ...], body: str) -> None:
    model = from_latex((*definitions, "L_t = h_t^2"))
    found = next(d for d in model.steps if d.target.name == "h")
    assert latex(found.body) == body


@pytest.mark.parametrize(
    "typed", ["f_\\theta(h_{t-1})", "f(h_{t-1}; \\theta)", "f(h_{t-1}|\\theta)"]
)
def test_a_hidden_parameter_is_differentiated_by(typed: str) -> None:
    model = from_latex((f"h_t = {typed}", "C = l(h_T)"))
    assert model.parameters == (Variable("\\theta"),)
    assert every(EveryHorizon(model), Variable("\\theta")).scope.startswith("every T")


@pytest.mark.parametrize(
    "typed", ["e^{-w h_{t-1}}", "\\pi w h_{t-1}", "\\frac{1}{1 + e^{-w h_{t-1}}}"]
)
def test_constants_have_their_value_in_every_command(typed: str) -> None:
    model = from_latex((f"h_t = {typed} + x_t", "L_t = h_t^2"))
    assert [latex(p) for p in model.parameters] == ["w"]
    assert every(EveryHorizon(model), Variable("w")).scope == "every T ≥ 1"
    assert all(row.agrees for row in comparisons(model, 2, model.parameters))


def test_letters_inside_braces_are_no_product() -> None:
    model = from_latex(("h_t = \\operatorname{softmax}(W_{hidden} h_{t-1})", "L_t = h_t^2"))
    sentences = [s for row in model.assumptions for s in row if isinstance(s, str)]
    assert not [s for s in sentences if "product of its letters" in s]
