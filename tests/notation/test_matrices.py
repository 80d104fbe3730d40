"""The notation of vectors and matrices: what is read, and that it is written the same way."""

from __future__ import annotations

import pytest

from derive.algebra.expression import Hadamard, Product, Sum, Transpose, Variable
from derive.errors import DeriveError
from derive.notation.grammar import parse_equation, scope_of
from derive.notation.latex import latex
from derive.notation.unicode import text

WRITTEN = [
    (r"c_t = f_t \odot c_{t-1} + i_t \odot g_t", "cₜ = fₜ ⊙ cₜ₋₁ + iₜ ⊙ gₜ"),
    (r"s_t = \left(1 - z_t\right) \odot s_{t-1}", "sₜ = (1 − zₜ) ⊙ sₜ₋₁"),
    (r"m_t = -a_t \odot b_t", "mₜ = −aₜ ⊙ bₜ"),
    (r"A_t = -\left(a_t \odot b_t\right) c_t^\top", "Aₜ = −(aₜ ⊙ bₜ) cₜᵀ"),
    (r"d_t = W^\top e_t \odot a_t", "dₜ = Wᵀ eₜ ⊙ aₜ"),
    (r"d_t = \left(a_t + b_t\right)^\top c_t", "dₜ = (aₜ + bₜ)ᵀ cₜ"),
    (r"L_t = \frac{1}{2} \lVert o_t - y_t \rVert^2", "Lₜ = (1/2) ‖oₜ − yₜ‖²"),
    (r"f_t = \sigma(W_{f} \left[s_{t-1}; x_t\right])", "fₜ = σ(W_f [sₜ₋₁; xₜ])"),
    (r"p_t = \operatorname{softmax}(V s_t)", "pₜ = softmax(V sₜ)"),
    (r"q_t = \operatorname{diag}(a_t) \mathbf{1}", "qₜ = diag(aₜ)·1"),
    (r"J = \operatorname{tr}(W^\top W)", "J = tr(Wᵀ W)"),
]


@pytest.mark.parametrize(("formula", "shown"), WRITTEN)
def test_what_is_read_is_written_the_same_way(formula: str, shown: str) -> None:
    equation = parse_equation(formula, scope_of(formula))
    assert latex(equation) == formula
    assert text(equation) == shown


@pytest.mark.parametrize("mark", [r"\top", r"{\top}", r"\mathsf{T}", r"{\mathsf T}", r"\intercal"])
def test_transpositions(mark: str) -> None:
    formula = f"d_t = W^{mark} e_t"
    right = parse_equation(formula, scope_of(formula)).right
    assert isinstance(right, Product)
    assert right.factors[0] == Transpose(Variable("W"))


@pytest.mark.parametrize(("letter", "is_power"), [("W", True), (r"\mathbf{W}", False)])
def test_the_horizon_above_transposes_what_is_bold_alone(letter: str, is_power: bool) -> None:
    formula = f"d_t = {letter}^T e_t"
    right = parse_equation(formula, scope_of(formula)).right
    assert isinstance(right, Product)
    assert (right.factors[0] != Transpose(Variable(letter))) is is_power


def test_odot_binds_between_product_and_sum() -> None:
    formula = r"d_t = U a_t \circ V b_t + e_t"
    right = parse_equation(formula, scope_of(formula)).right
    assert isinstance(right, Sum)
    first = right.terms[0]
    assert isinstance(first, Hadamard)
    assert all(isinstance(factor, Product) for factor in first.factors)


@pytest.mark.parametrize(
    ("formula", "complaint"),
    [
        (r"L = \lVert x", r"to close the norm"),
        (r"d_t = a_t \odot", "expected a symbol"),
        (r"d_t = U(a_t \odot b_t)", "may be a product or a call"),
        (r"d_t = [a_t; b_t", r"expected '\]' to close"),
    ],
)
def test_refused(formula: str, complaint: str) -> None:
    with pytest.raises(DeriveError, match=complaint):
        parse_equation(formula, scope_of(formula))
