"""Formulas as LaTeX, as Unicode, and how wide they are."""

from __future__ import annotations

import pytest

from derive.algebra.expression import (
    Call,
    Derivative,
    Expr,
    Index,
    Partial,
    Power,
    Product,
    Sum,
    Time,
    Variable,
    number,
)
from derive.notation.grammar import parse_expression, scope_of
from derive.notation.latex import latex, latex_terms, width
from derive.notation.unicode import text, text_terms

SCOPE = scope_of(
    "h_t = f(h_{t-1}, x_t, \\theta)",
    "o_t = g(h_t, \\theta)",
    "C = \\sum_{s=1}^T L_s",
    "b = \\phi(a)",
)
A, B = Variable("a"), Variable("b")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\\frac{\\partial C}{\\partial h_1}", "∂C/∂h₁"),
        ("\\frac{\\partial^+ o_2}{\\partial\\theta}", "∂⁺o₂/∂θ"),
        ("\\frac{\\partial^{\\le 2} C}{\\partial\\theta}", "∂^≤2 C/∂θ"),
        ("\\left(\\frac{\\partial C}{\\partial h_t}\\right)_{o_t}", "(∂C/∂hₜ)_{oₜ}"),
        (
            "\\left(\\frac{\\partial f}{\\partial\\theta}\\right)_{h\\text{ held}}",
            "(∂f/∂θ)_{h held}",
        ),
        ("\\nabla_{o_t} L_t", "∇_{oₜ} Lₜ"),
        ("\\nabla_{a} C", "∇_a C"),
        ("h_{t-1} h_T h_{T-1} h_{s}", "hₜ₋₁ h_T h_{T−1} hₛ"),
        ("\\sum_{s=1}^T (a + L_s)", "Σ_{s=1}^{T} {a + Lₛ}"),
        ("\\prod_{s=1}^T (-a)", "Π_{s=1}^{T} (−a)"),
        ("(\\sum_s L_s) a", "(Σ_{s=1}^{T} Lₛ) a"),
        ("\\tanh(a)^2 + \\sigma(b)", "tanh(a)² + σ(b)"),
        ("\\operatorname{softplus}(a) \\sqrt{b}", "softplus(a) √(b)"),
        ("2 \\cdot 3 a", "2·3 a"),
        ("\\frac12 a - \\frac12", "(1/2) a − 1/2"),
        ("-\\frac12 a", "−(1/2) a"),
        ("a (−3)", "a (−3)"),
        ("a - (a - b)", "a − (a − b)"),
        ("a^{b+1} a^b a^{10}", "a^(b + 1) a^b a¹⁰"),
        ("\\frac{a + b}{b}", "(a + b)/b"),
        ("\\hat{y}_t \\bar{h} \\mathbf{h} \\mathrm{loss} \\ell W_h", "ŷ_t h̄ h loss ℓ W_h"),
        (
            "W_{xh} w_1 \\hat{\\mathbf{h}} \\hat{\\theta} a' W_{\\theta h}",
            "W_{xh} w₁ ĥ θ̂ a′ W_{θh}",
        ),
        ("\\theta^{(t)}", "θ^(t)"),
        ("\\phi'(a) \\partial_{2} g(a, b)", "ϕ′(a) ∂₂g(a, b)"),
        ("\\frac{\\partial g(h_t, \\theta)}{\\partial h_t}", "∂g(hₜ, θ)/∂hₜ"),
        ("(a, \\frac1T)", "(a, 1/T)"),
    ],
)
def test_unicode(written: str, shown: str) -> None:
    assert text(parse_expression(written, SCOPE)) == shown.replace("ŷ_t", "ŷₜ")


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (Sum((A, Product((number(-1), B)), number(-2))), "a - b - 2"),
        (Product((A, Sum((A, B)))), "a \\cdot \\left(a + b\\right)"),
        (Product((Variable("h", Time.of("t")), Sum((A, B)))), "h_t \\left(a + b\\right)"),
        (Product((number(2), number(3), A)), "2 \\cdot 3 a"),
        (Product((A, Index(Time.of("T", -1)))), "a \\cdot \\left(T-1\\right)"),
        (Sum((A, Index(Time((("t", -1),))))), "a + \\left(-t\\right)"),
        (Power(Call("\\tanh", (A,)), number(2)), "\\tanh^2(a)"),
        (Power(Call("f", (A,)), number(2)), "f(a)^2"),
        (Call("f", (parse_expression("\\frac{a}{b}", SCOPE),)), "f\\left(\\frac{a}{b}\\right)"),
        (Partial(Call("f", (Sum((A, B)), A)), 1), "\\partial_{1} f(a + b, a)"),
        (Partial(Call("f", (A, A)), 2), "\\partial_{2} f(a, a)"),
        (Variable("h", Time((("k", -1), ("t", 1)), 1)), "h_{t+1-k}"),
        (Variable("W_{h}", Time.of("t")), "{W_{h}}_t"),
    ],
)
def test_latex(expr: Expr, expected: str) -> None:
    assert latex(expr) == expected
    assert text(expr)


def test_terms_carry_their_signs() -> None:
    expr = parse_expression("a - 2b + \\frac{a}{b} - \\frac12", SCOPE)
    assert latex_terms(expr) == ("a", "- 2 b", "+ \\frac{a}{b}", "- \\frac{1}{2}")
    assert text_terms(expr) == ("a", "− 2 b", "+ a/b", "− 1/2")
    assert latex_terms(A) == ("a",) == text_terms(A)


def test_an_unknown_derivative_is_refused() -> None:
    class Strange(Derivative):
        of, by = A, B

    for printer in (latex, text):
        with pytest.raises(TypeError, match="Strange"):
            printer(Strange())


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("a", "a + b"),
        ("h_{t-1}", "h t - 1"),
        ("\\frac{aaa}{b}", "aaaa"),
        ("\\frac{a}{b}", "\\frac{a}{bb}"),
        ("\\left(a\\right)", "\\tanh(a)"),
        ("\\theta", "\\theta \\quad a"),
        ("\\sum_{t=1}^{T}", "\\sum_{t=1}^{T} \\prod_s a"),
        ("", "a"),
        ("\\frac", "\\frac{aa"),
        ("a_", "a_bb"),
    ],
)
def test_width_grows(narrow: str, wide: str) -> None:
    assert 0 <= width(narrow) < width(wide)
