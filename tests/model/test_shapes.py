"""Shapes: declared or inferred, and ill-typed formulas refused before any algebra."""

from __future__ import annotations

import pytest

from derive.algebra.expression import Index, Time, Variable
from derive.errors import DeriveError
from derive.model.builtin import BUILTIN, builtin, from_latex
from derive.model.shapes import is_capital, reals, spoken
from derive.notation.latex import latex

RNN = ("h_t = \\tanh(W h_{t-1} + U x_t + b)", "L_t = \\lVert h_t - y_t \\rVert^2")
STATE = "h_t \\in \\mathbb{R}^n"


def shapes(*definitions: str) -> dict[str, str]:
    return {name: spoken(shape) for name, shape in from_latex(definitions).shapes.items()}


@pytest.mark.parametrize("name", BUILTIN)
def test_a_model_without_vectors_has_no_shapes(name: str) -> None:
    assert builtin(name).shapes == {}


@pytest.mark.parametrize(
    ("definitions", "wanted"),
    [
        (RNN, {"W": "n×n", "U": "n×d", "x": "d×1", "b": "n×1", "y": "n×1", "L": "1", "C": "1"}),
        (("W \\in \\mathbb{R}^{k \\times k}", *RNN), {"W": "k×k", "h": "k×1"}),
        (("W \\in \\mathbb{R}^{3 \\times 3}", *RNN), {"h": "3×1", "U": "3×n"}),
        (("h_t = \\tanh(W [h_{t-1}; x_t])", "C = v^\\top h_T"), {"W": "n×d+n", "v": "n×1"}),
        (("h_t = a \\odot h_{t-1} + \\lambda x_t", "C = \\lVert h_T \\rVert"), {"\\lambda": "1"}),
        (
            ("s_t = s_{t-1} + \\mathbf{x}_t^T a", "C = s_T"),
            {"s": "1", "a": "n×1", "\\mathbf{x}": "n×1"},
        ),
        (("s_t = \\mathbf{1}^\\top x_t + s_{t-1}", "C = s_T"), {"\\mathbf{1}": "n×1", "s": "1"}),
        (("p_t = \\operatorname{softmax}(V p_{t-1})", "C = y^\\top p_T"), {"V": "n×n"}),
        (("A_t = A_{t-1} + k_t v_t^\\top", "C = \\operatorname{tr}(A_T)"), {"A": "n×n"}),
        (("h_t = \\operatorname{diag}(a) h_{t-1}", "C = \\lVert h_T \\rVert^2"), {"a": "n×1"}),
        ((STATE, "h_t = f(h_{t-1}, \\theta)"), {"h": "n×1", "\\theta": "d×1", "L": "1"}),
    ],
)
def test_inferred(definitions: tuple[str, ...], wanted: dict[str, str]) -> None:
    found = shapes(*definitions)
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("definitions", "complaint"),
    [
        (
            (STATE, "x_t \\in \\mathbb{R}^d", "h_t = \\tanh(h_{t-1} + x_t)"),
            "ill-typed sum: .* n×1, .* d×1",
        ),
        (
            (STATE, "W \\in \\mathbb{R}^{n \\times d}", "h_t = W h_{t-1}"),
            "ill-typed product: W is n×d",
        ),
        (
            (STATE, "x_t \\in \\mathbb{R}^d", "h_t = h_{t-1} \\odot x_t"),
            "ill-typed entrywise product",
        ),
        (
            (STATE, "x_t \\in \\mathbb{R}^n", "h_t = h_{t-1} x_t"),
            "ill-typed product: .* n×1, .* n×1",
        ),
        ((STATE, "h_t = h_{t-1}^\\top"), "ill-typed: h_t is n×1, but its definition is 1×n"),
        ((STATE, "h_t = w^T", "w \\in \\mathbb{R}^{n}"), "T is the horizon: write w"),
        ((STATE, "W \\in \\mathbb{R}^{n \\times n}", "h_t = W^2 h_{t-1}"), "power of a matrix"),
        (
            ("W \\in \\mathbb{R}^{n \\times d}", "h_t = h_{t-1} + \\operatorname{tr}(W)"),
            "of a trace",
        ),
        ((STATE, "h_t = x_t h_{t-1} / h_{t-1}"), "as a denominator"),
        ((STATE, "h_t = h_{t-1}", "C = h_T"), "ill-typed: C is 1"),
        (("h_t \\in \\mathbb{R}^{1 \\times n}", "h_t = \\tanh(h_{t-1} W)"), "h_t is a row"),
        ((STATE, "V \\in \\mathbb{R}^n", "h_t = h_{t-1}"), "V is declared but occurs in no"),
        (("W \\in \\mathbb{R}^{n}", "W \\in \\mathbb{R}^{d}", *RNN), "declared with two shapes"),
        (("W \\in \\mathbb{R}^{n \\times n \\times n}", *RNN), "at most two dimensions"),
        (("W \\in \\mathbb{R}^{100 \\times 100}", *RNN), "write a letter"),
        (("W \\in \\mathbb{R}^{n d}", *RNN), "expected"),
        (("W \\in \\mathbb{R}^{\\frac{n}{2}}", *RNN), "expected a dimension"),
        (
            ("h_t = \\operatorname{diag}(W) h_{t-1}", "W \\in \\mathbb{R}^{n \\times d}"),
            "argument of",
        ),
        (("h_t = (a_t + b_t) (c_t + d_t)", "C = \\lVert h_T \\rVert^2"), "not determined: declare"),
    ],
)
def test_ill_typed(definitions: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(DeriveError, match=complaint):
        from_latex(definitions)


def test_the_place_of_an_ill_typed_term() -> None:
    with pytest.raises(DeriveError) as found:
        from_latex((STATE, "x_t \\in \\mathbb{R}^d", "h_t = \\tanh(h_{t-1} + x_t)"))
    assert found.value.place is not None
    assert (found.value.place.line, found.value.place.column) == (1, 23)
    assert found.value.place.source == "h_t = \\tanh(h_{t-1} + x_t)"


def test_the_place_of_a_factor_is_in_the_product_that_is_ill_typed() -> None:
    line = "h_t = U h_{t-1} + W h_{t-1}"
    with pytest.raises(DeriveError) as found:
        from_latex((STATE, "W \\in \\mathbb{R}^{n \\times d}", line))
    assert found.value.place is not None and found.value.place.column == line.rindex("h") + 1


def test_a_size_that_no_formula_says_has_no_name_in_an_error() -> None:
    with pytest.raises(DeriveError, match=r"A_t x_t is \?×1, x_t is \?×1"):
        from_latex(("h_t = \\tanh(W h_{t-1}) + A_t x_t x_t", "C = \\lVert h_T \\rVert^2"))


def test_shapes_are_said() -> None:
    said = [remark for remark in from_latex(RNN).assumptions if " ∈ " in remark]
    assert any(part == Variable("W") for remark in said for part in remark)
    n, m = Time.of("n"), Time.of("m")
    assert latex(reals((n, m))) == "\\mathbb{R}^{n \\times m}"
    assert reals((n, Time.at(1))) != reals((n, m))
    assert Index(n) in reals((n, Time.at(1))).arguments  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "capital"),
    [("W", True), ("W_{f}", True), ("\\mathbf{W}", True), ("\\Theta", True), ("w_{F}", False)],
)
def test_capitals(name: str, capital: bool) -> None:
    assert is_capital(name) is capital
