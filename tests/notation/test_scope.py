"""What the symbols of a text are found to be."""

from __future__ import annotations

import pytest

from derive.algebra.expression import Call, Expr, Index, Power, Product, Time, Variable, number
from derive.errors import DeriveError
from derive.model.builtin import BUILTIN, EXAMPLES
from derive.notation.grammar import parse_equation, parse_expression, scope_of
from derive.notation.latex import latex
from derive.notation.scope import Scope

T = Time.of("t")


def read(written: str, *others: str) -> Expr:
    return parse_expression(written, scope_of(*others))


@pytest.mark.parametrize(
    ("formulas", "indices"),
    [
        (["a = b"], {"t", "T"}),
        (["C = \\sum_{s=1}^T L_s"], {"t", "T", "s"}),
        (["C = \\prod_{k} L_k"], {"t", "T", "k"}),
        (["C = \\sum_{1 \\le s \\le n} L_s"], {"t", "T", "s", "n"}),
        (["h_k = f(h_{k-1})"], {"t", "T", "k"}),
        (["h_t = f(h_{t-1})", "o_s = g(h_s)"], {"t", "T", "s"}),
        (["h^{(n+1)} = f(h^{(n)})"], {"t", "T", "n"}),
        (["t = 4x", "f(t) = t^2"], {"T"}),
        (["h_t = W_h h_{t-1} + W_{xh} x_t + b_i"], {"t", "T"}),
        (["a^{b+1} = c"], {"t", "T", "b"}),
        (["a = b^{c+1}"], {"t", "T"}),
    ],
)
def test_index_letters(formulas: list[str], indices: set[str]) -> None:
    assert scope_of(*formulas).indices == indices


@pytest.mark.parametrize(
    ("formulas", "functions"),
    [
        (["h_t = f(h_{t-1}, x_t, \\theta)"], {"f": 3}),
        (["L_t = L(o_t, y_t)"], {"L": 2}),
        (["a = w(b)"], {"w": 1}),
        (["a = w(b c)"], {"w": 1}),
        (["a = f(b + c)"], {"f": 1}),
        (["a = \\theta (b + c)", "d = \\theta"], {}),
        (["a = w \\cdot (b + c)"], {}),
        (["w(z) = z + 1"], {"w": 1}),
        (["a = h_t (b + c)"], {}),
        (["a = F_h(b, c)", "d = F_h(a, a)"], {"F_{h}": 2}),
        (["f(z) = z^2", "\\frac{\\partial f}{\\partial z} = f'(z)"], {"f": 1}),
        (["a = \\frac{\\partial^+ r}{\\partial z} + \\frac{\\partial^{\\le 2} r}{\\partial z} + r(b)"],
         {"r": 1}),
        (["a = \\frac{\\partial^{+} r}{\\partial z} + r(b)"], {"r": 1}),
        (["a = \\phi'(b)"], {"\\phi": 1}),
        (["a = b^2(c)"], {}),
        (["h(t) = f(h(t-1), x(t))"], {"f": 2}),
    ],
)  # fmt: skip
def test_functions(formulas: list[str], functions: dict[str, int]) -> None:
    assert dict(scope_of(*formulas).functions) == functions


@pytest.mark.parametrize(
    ("formulas", "timed", "raised"),
    [
        (["h_t = f(h_{t-1}, x_t)"], {"h", "x"}, set()),
        (["h^t = f(h^{t-1}, x^t, \\theta)"], {"h", "x"}, {"h", "x"}),
        (["h^{(t)} = f(h^{(t-1)}, x^{(t)}) + x^{(0)}"], {"h", "x"}, {"h", "x"}),
        (["h^t = f(h^{t-1}, \\theta^t, \\theta)"], {"h"}, {"h"}),
        (["h(t) = f(h(t-1), x(t)) + x(0)"], {"h", "x"}, set()),
        (["h'_t = a"], {"h'"}, set()),
        (["h_t' = a"], {"h'"}, set()),
        (["C = \\sum_t \\gamma^t L_t"], {"L"}, set()),
    ],
)
def test_what_varies_in_time(formulas: list[str], timed: set[str], raised: set[str]) -> None:
    scope = scope_of(*formulas)
    assert (scope.timed, scope.raised) == (timed, raised)


@pytest.mark.parametrize(
    ("written", "others", "expected"),
    [
        ("h_0", ["h_t = a"], Variable("h", Time.at(0))),
        ("h_0", ["h = a"], Variable("h_{0}")),
        ("h^t", ["h_t = a"], Variable("h", T)),
        ("h^t", ["h = a"], Power(Variable("h"), Index(T))),
        ("h^2", ["h^t = a"], Variable("h", Time.at(2))),
        ("h^2", ["h_t = a"], Power(Variable("h"), number(2))),
        ("h(t-1)", ["h(t) = a"], Variable("h", T + -1)),
        ("h(0)", ["h(t) = a"], Variable("h", Time.at(0))),
        ("L(t)", ["L_t = L(a)"], Variable("L", T)),
        ("L(2)", ["L_t = L(a)"], Call("L", (number(2),))),
        ("a(b + c)", ["a = b"], Product((Variable("a"), read("b + c")))),
        ("t x", ["t = 4 x"], Product((Variable("t"), Variable("x")))),
        ("\\sigma(a)", ["\\sigma = b"], Product((Variable("\\sigma"), Variable("a")))),
        ("\\sigma(a, b)", ["c = \\sigma(a, b)"], Call("\\sigma", (Variable("a"), Variable("b")))),
        ("\\sigma_t (a)", ["\\sigma_t = b"], Product((Variable("\\sigma", T), Variable("a")))),
    ],
)
def test_the_scope_decides(written: str, others: list[str], expected: Expr) -> None:
    assert read(written, *others) == expected


@pytest.mark.parametrize(
    ("formulas", "sentence"),
    [
        (["a = f(b, c)", "d = f(b)"],
         "formula 2:1:5: f is used with 1 arguments here and with 2 before"),
        (["a = w(b + c)"],
         "formula 1:1:5: 'w(' may be a product or a call: write w \\cdot (…) for the product"),
        (["a = w(b", "c"], "formula 1"),
        (["a = w(-(b + c) - d)"], "formula 1:1:5: 'w(' may be a product or a call"),
    ],
)  # fmt: skip
def test_two_meanings_are_refused(formulas: list[str], sentence: str) -> None:
    with pytest.raises(DeriveError) as caught:
        for formula in formulas:
            parse_equation(formula, scope_of(*formulas))
    assert sentence in str(caught.value) or "expected" in str(caught.value)


@pytest.mark.parametrize("model", [*BUILTIN.values(), *EXAMPLES.values()], ids=lambda m: m.name)
def test_a_printed_model_reads_as_itself(model: object) -> None:
    definitions = model.definitions  # type: ignore[attr-defined]
    scope = scope_of(*definitions)
    found = [parse_equation(written, scope) for written in definitions]
    printed = [latex(equation) for equation in found]
    again = scope_of(*printed)
    assert [parse_equation(written, again) for written in printed] == found


def test_a_scope_of_nothing() -> None:
    assert scope_of() == Scope()
