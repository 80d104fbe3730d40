"""What the grammar reads, as tables of (LaTeX, what the printer writes for it)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.algebra.expression import (
    MINUS_ONE,
    BigSum,
    Call,
    Expr,
    Gradient,
    Held,
    Immediate,
    Index,
    Number,
    Partial,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Truncated,
    Tuple,
    Variable,
    Via,
    number,
)
from derive.errors import DeriveError, Place
from derive.notation.grammar import (
    parse_equation,
    parse_expression,
    parse_formula,
    parse_statement,
    scope_of,
)
from derive.notation.latex import latex
from derive.notation.tokens import DEEPEST_NESTING, LONGEST_FORMULA, Source

SCOPE = scope_of(
    r"h_t = f(h_{t-1}, x_t, \theta)",
    r"o_t = g(h_t, \theta)",
    r"L_t = L(o_t, y_t)",
    r"C = \sum_{s=1}^T L_s",
    r"c = w b \phi(a)",
)
A, B, X = Variable("a"), Variable("b"), Variable("x")
THETA, COST = Variable("\\theta"), Variable("C")
T = Time.of("t")


def at(name: str, shift: int = 0) -> Variable:
    return Variable(name, T + shift)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a - b", Sum((A, Product((MINUS_ONE, B))))),
        ("a - 2b", Sum((A, Product((number(-2), B))))),
        ("-3", number(-3)),
        ("--3", number(3)),
        ("-a", Product((MINUS_ONE, A))),
        ("a + (a + b)", Sum((A, Sum((A, B))))),
        ("a (b a)", Product((A, Product((B, A))))),
        ("a \\cdot b \\times a * b", Product((A, B, A, B))),
        ("\\frac12", number(Fraction(1, 2))),
        ("\\tfrac{3}{4}", number(Fraction(3, 4))),
        ("3/4", number(Fraction(3, 4))),
        ("\\frac64", Quotient(number(6), number(4))),
        ("\\dfrac{a}{b}", Quotient(A, B)),
        ("a/2 a", Product((Quotient(A, number(2)), A))),
        ("0.5", number(Fraction(1, 2))),
        ("a^{-1}", Power(A, MINUS_ONE)),
        ("a^23", Product((Power(A, number(2)), number(3)))),
        ("\\tanh^2(a)", Power(Call("\\tanh", (A,)), number(2))),
        ("\\tanh a + b", Sum((Call("\\tanh", (A,)), B))),
        ("\\exp\\left(-a\\right)", Call("\\exp", (Product((MINUS_ONE, A)),))),
        ("\\sigma(a)", Call("\\sigma", (A,))),
        ("\\operatorname{sigmoid}(a)", Call("\\sigma", (A,))),
        ("\\mathrm{tanh}(a)", Call("\\tanh", (A,))),
        ("\\sigma'(a)", Call("\\sigma", (A,), (1,))),
        ("\\phi''(a)", Call("\\phi", (A,), (1, 1))),
        ("\\sqrt{a}^2", Power(Call("\\sqrt", (A,)), number(2))),
        ("e^x", Power(Variable("e"), X)),
        ("\\partial_{2} g(a, b)", Call("g", (A, B), (2,))),
        ("(h_t, \\theta)", Tuple((at("h"), THETA))),
        ("\\frac1T", Quotient(number(1), Index(Time.of("T")))),
        ("T-1", Sum((Index(Time.of("T")), MINUS_ONE))),
        ("\\gamma^{t}", Power(Variable("\\gamma"), Index(T))),
        ("h^{t-1}", at("h", -1)),
        ("h^{(t)}", at("h")),
        ("h^{\\langle t\\rangle}", at("h")),
        ("h_t^2", Power(at("h"), number(2))),
        ("\\theta^{(t)}", Variable("\\theta", None, T)),
        ("\\theta^{t}", Power(THETA, Index(T))),
        ("h_{2t}", Variable("h", Time((("t", 2),)))),
        ("h_0", Variable("h", Time.at(0))),
        ("w_1", Variable("w_{1}")),
        ("W_{xh} b_i", Product((Variable("W_{xh}"), Variable("b_{i}")))),
        ("{W_h}_t", Variable("W_{h}", T)),
        ("\\hat y_t", Variable("\\hat{y}", T)),
        ("\\hat\\mathbf{h}_t", Variable("\\hat{\\mathbf{h}}", T)),
        ("\\operatorname{loss}_t", Variable("\\mathrm{loss}", T)),
        ("W_{\\theta h}", Variable("W_{\\theta h}")),
        ("a'", Variable("a'")),
        ("a'_t", Variable("a'", T)),
        ("a_t'", Variable("a'", T)),
        ("\\sum_{t=1}^{T} L_t b + a",
         Sum((BigSum("t", Time.at(1), Time.of("T"), Product((at("L"), B))), A))),
        ("\\sum L_t", BigSum("t", Time.at(1), Time.of("T"), at("L"))),
        ("\\sum_s a", BigSum("s", Time.at(1), Time.of("T"), A)),
        ("\\sum_{1 \\le s \\leq t-1} a", BigSum("s", Time.at(1), T + -1, A)),
        ("\\sum_{0 < s < t} a", BigSum("s", Time.at(1), T + -1, A)),
        ("\\frac{\\partial C}{\\partial h_t}", Total(COST, at("h"))),
        ("\\frac{dC}{d\\theta}", Total(COST, THETA)),
        ("\\frac{\\mathrm d C}{\\mathrm{d} \\theta}", Total(COST, THETA)),
        ("\\frac{\\partial^+ o_t}{\\partial\\theta}", Immediate(at("o"), THETA)),
        ("\\frac{\\partial^{\\le 3} C}{\\partial\\theta}", Truncated(COST, THETA, 3)),
        ("\\left(\\frac{\\partial C}{\\partial h_t}\\right)_{o_t}", Via(COST, at("h"), at("o"))),
        ("\\left(\\frac{\\partial f}{\\partial\\theta}\\right)_{h\\text{ held}}",
         Held(Variable("f"), THETA, Variable("h"))),
        ("\\frac{\\partial g(h_t, \\theta)}{\\partial \\theta}",
         Partial(Call("g", (at("h"), THETA)), 2)),
        ("\\nabla_{o_t} L_t", Gradient(at("L"), at("o"))),
        ("∂C/∂θ", Total(COST, THETA)),
        ("∂⁺oₜ/∂θ", Immediate(at("o"), THETA)),
        ("θ·hₜ₋₁² − a", Sum((Product((THETA, Power(at("h", -1), number(2)))), Product((MINUS_ONE, A))))),
        ("∑ L_t × ℓ", BigSum("t", Time.at(1), Time.of("T"), Product((at("L"), Variable("\\ell"))))),
        ("\\displaystyle a \\, b \\label{x} \\tag*{1} \\nonumber", Product((A, B))),
        ("\\bigl(a\\bigr) \\left[ b \\right] \\{a\\}", Product((A, B, A))),
        ("(h)", Variable("h")),
        ("a % a comment", A),
    ],
)  # fmt: skip
def test_reads(written: str, expected: Expr) -> None:
    found = parse_expression(written, SCOPE)
    assert found == expected
    assert parse_expression(latex(found), SCOPE) == found


@pytest.mark.parametrize(
    ("written", "sentence", "column"),
    [
        ("h_{t", "expected '}' to close the subscript opened at 1:3, found the end of the formula", 5),
        ("a^{b", "expected '}' to close the superscript opened at 1:3, found the end of the formula", 5),
        ("{a", "expected '}' to close the group opened at 1:1, found the end of the formula", 3),
        ("a}", "found '}' where no '{' is open", 2),
        ("(a", "expected ')' to close the '(' opened at 1:1, found the end of the formula", 3),
        ("\\left(a\\right]", "expected ')' to close the '(' opened at 1:6, found ']'", 14),
        ("f(a, b", "expected ')' to close the '(' opened at 1:2, found the end of the formula", 7),
        ("a)", "expected an operator or the end of the formula, found ')'", 2),
        ("{(a}", "expected ')' to close the '(' opened at 1:2, found '}'", 4),
        ("", "expected a symbol, a number or a bracket, found the end of the formula", 1),
        ("a +", "expected a symbol, a number or a bracket, found the end of the formula", 4),
        (
            "a + \\foo",
            "unknown macro '\\foo': write \\mathrm{foo} for a name or a function of your own",
            5,
        ),
        ("a + \\cdots + b", "an elided sum cannot be read; write it out (--full)", 5),
        ("\\frac{a}", "expected a denominator, found the end of the formula", 9),
        ("{\\frac{a}}", "expected a denominator, found '}'", 10),
        ("\\frac{}{a}", "expected a symbol, a number or a bracket, found '}'", 7),
        ("a_{}", "expected a subscript, found '}'", 4),
        ("a_{(}", "expected an index or a label, found '('", 4),
        ("W_{h,t}", "expected one index, found ','", 5),
        ("a^", "expected an exponent, found the end of the formula", 3),
        ("\\tanh a b", "expected parentheses around the argument of \\tanh, found 'b'", 9),
        ("\\tanh(a, b)", "\\tanh is used with 2 arguments and takes 1", 6),
        ("\\sqrt[3]{a}", "expected a square root: other roots are written as powers, found '['", 6),
        ("g(a)", "g is used with 1 arguments here and with 2 before", 2),
        ("g'(a, b)", "g' does not say by which argument; write \\partial_{1} g", 3),
        ("w'(a)", "expected a function before the prime, but w is none, found '''", 2),
        ("\\hat{a+b}", "expected a name after '\\hat', found '{'", 5),
        ("\\sum_{t+1} a", "expected an index letter, found 't'", 7),
        ("\\sum_{t=a(}^T a", "expected an operator or the end of the formula, found '('", 10),
        ("\\sum_{t=*} a", "expected an index such as t-1, found '*'", 9),
        ("\\sum_{t=0.5} a", "expected an index such as t-1, found '0.5'", 9),
        ("\\sum_{1 \\le t = T} a", "expected '\\le', found '='", 15),
        ("\\sum_{t>1} a", "expected '=' or '\\le', found '>'", 8),
        ("\\sum_t", "expected what is summed, found the end of the formula", 7),
        ("\\prod_t + a", "expected what is multiplied, found '+'", 9),
        ("a^{1001}", "expected an exponent of at most 1000 (the limit), found '1001'", 4),
        ("a^{999 \\cdot 999}", "expected an exponent of at most 1000 (the limit), found '999'", 4),
        ("(a^{1000})^{2}", "expected an exponent of at most 1000 (the limit), found '2'", 13),
        ("9^{9^{9^9}}", "expected an exponent that is no tower of numbers, found '9'", 7),
        ("a^{1/(9^{9} - 9)}", "expected an exponent of at most 1000 (the limit), found '1'", 4),
        ("\\frac{\\partial (a+b)}{\\partial c}", "expected a variable to differentiate, found '('", 16),
        ("\\frac{\\partial a}{\\partial 2}", "expected a variable, found '2'", 28),
        ("\\frac{\\partial g(a, a)}{\\partial a}",
         "expected a function with one argument that it is differentiated by, found 'g'", 16),
        ("\\frac{\\partial^2 a}{\\partial b}", "expected '+' or '\\le k' after the ∂, found '2'", 16),
        ("\\frac{\\partial^{\\le T} a}{\\partial b}", "expected a number of steps, found 'T'", 21),
        ("\\partial a", "expected '/' and what it is differentiated by, found the end of the formula", 11),
        ("\\partial_{0} g(a, b)", "expected the number of an argument, found '0'", 11),
        ("\\partial_{3} g(a, b)", "expected a function with that many arguments, found 'g'", 14),
        ("\\left(\\frac{\\partial C}{\\partial h_t}\\right)_{o_t\\text{ fixed}}",
         "expected 'held', found 'f'", 57),
        ("\\nabla a", "expected '_' and what the gradient is by, found 'a'", 8),
        ("|a|", "expected a symbol, a number or a bracket, found '|'", 1),
        ("\\begin{foo} a", "expected a formula, found '\\\\begin{foo}'", 1),
        ("a $ b", "expected a formula, found '$'", 3),
        ("a \\", "expected a formula, found '\\\\'", 3),
        ("a/b a", "what stands after '/' may end here or go on: write \\frac{…}{…}", 3),
        ("1e-3 a", "a number as a computer writes it: write 10^{…}", 1),
        ("a^2^3", "a double superscript: put braces around the inner power", 4),
        (
            "\\tanh^{-1}(a)",
            "\\tanh^{-1} may be the inverse function or the reciprocal: write one of them",
            8,
        ),
        ("1" * 31, "a number of 31 digits is longer than the limit of 30", 1),
    ],
)  # fmt: skip
def test_refuses(written: str, sentence: str, column: int) -> None:
    with pytest.raises(DeriveError) as caught:
        parse_expression(written, SCOPE, Place("m.tex", 1, 1))
    assert (caught.value.sentence, str(caught.value.place)) == (sentence, f"m.tex:1:{column}")


@pytest.mark.parametrize(
    "written",
    [
        "(" * 5000,
        "{" * 5000 + "}" * 5000,
        "(" * (DEEPEST_NESTING + 1) + "a" + ")" * (DEEPEST_NESTING + 1),
        "\\tanh " * 500 + "a",
        "\\sum " * 500 + "a",
        "\\frac" * 500,
        "a" * (LONGEST_FORMULA + 1),
        "(a+" * 50_000,
        "\\partial_1" * 500 + "f(a)",
    ],
    ids=lambda written: written[:8],
)
def test_what_is_too_long_or_too_deep_is_refused(written: str) -> None:
    with pytest.raises(DeriveError):
        parse_expression(written, SCOPE)
    with pytest.raises(DeriveError):
        parse_formula(f"a = {written}", SCOPE)


def test_the_limit_of_depth_itself_is_read() -> None:
    depth = DEEPEST_NESTING - 1
    parse_expression("\\phi(" * depth + "a" + ")" * depth, SCOPE)
    parse_expression("a^{-" * depth + "a" + "}" * depth, SCOPE)


def test_a_deep_stack_is_an_error_of_ours() -> None:
    def deeper(left: int) -> None:
        if left:
            return deeper(left - 1)
        with pytest.raises(DeriveError, match="nested too deeply"):
            parse_expression("(" * 55 + "a" + ")" * 55, SCOPE)
        return None

    import sys

    frames, frame = 0, sys._getframe()
    while frame.f_back:
        frames, frame = frames + 1, frame.f_back
    deeper(sys.getrecursionlimit() - frames - 120)


def test_places_begin_where_they_are_told_to() -> None:
    with pytest.raises(DeriveError) as caught:
        parse_expression("a +\n \\foo", SCOPE, Place("m.tex", 7, 20))
    assert str(caught.value.place) == "m.tex:8:2"
    with pytest.raises(DeriveError) as caught:
        parse_expression("a + \\foo", SCOPE, Place("m.tex", 7, 20))
    assert str(caught.value).startswith("m.tex:7:24: unknown macro '\\foo'")


@pytest.mark.parametrize(
    ("written", "relation"),
    [("a = b", "="), ("a := b", ":="), ("a \\equiv b", ":="), ("a ≡ b", ":=")],
)
def test_relations(written: str, relation: str) -> None:
    (statement,) = parse_formula(written, SCOPE)
    assert (statement.left, statement.right, statement.relation) == (A, B, relation)
    assert statement.source == written and str(statement.place) == "formula:1:1"


def test_a_shape() -> None:
    (matrix,) = parse_formula("W \\in \\mathbb{R}^{n \\times d}", SCOPE)
    assert matrix.relation == "in" and matrix.left == Variable("W")
    assert matrix.right == Call("\\mathbb{R}", (Variable("n"), Variable("d")))
    (scalar,) = parse_formula("a ∈ ℝ", SCOPE)
    assert scalar.right == Call("\\mathbb{R}", ())
    with pytest.raises(DeriveError, match=r"expected .*, found 'b'"):
        parse_formula("a \\in b", SCOPE)


def test_several_definitions_in_one_formula() -> None:
    found = parse_formula("a = b, \\quad b = f(a, a, 2)\\\\ C &= 1 \\\\ &+ 2.", SCOPE)
    assert [latex(s.left) for s in found] == ["a", "b", "C"]
    assert [str(s.place) for s in found] == ["formula:1:1", "formula:1:14", "formula:1:31"]
    assert found[2].right == Sum((number(1), number(2)))


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("a = b = c", "found '='"),
        ("a b", "expected '=', found the end of the formula"),
        ("a : b", "expected '=', found 'b'"),
        ("a = b c )", "expected an operator or the end of the formula, found '\\)'"),
    ],
)
def test_statements_that_are_none(written: str, sentence: str) -> None:
    with pytest.raises(DeriveError, match=sentence):
        parse_statement(Source("m", written), 0, len(written), SCOPE)
    with pytest.raises(DeriveError):
        parse_equation(written, SCOPE)


def test_powers_of_numbers_that_stay_as_written() -> None:
    assert parse_expression("2^{3}", SCOPE) == Power(number(2), number(3))
    assert parse_expression("2^{6/4}", SCOPE) == Power(number(2), Quotient(number(6), number(4)))
    assert parse_expression("(2/0)", SCOPE) == Quotient(number(2), Number(Fraction(0)))
