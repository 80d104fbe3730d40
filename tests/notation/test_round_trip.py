"""parse(latex(x)) == x for generated expressions; nothing but DeriveError for arbitrary input."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Equation,
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
)
from derive.errors import DeriveError
from derive.notation.grammar import (
    parse_equation,
    parse_expression,
    parse_formula,
    scope_of,
)
from derive.notation.latex import latex, latex_terms, width
from derive.notation.reader import formulas, read_statements
from derive.notation.scope import Scope
from derive.notation.unicode import text, text_terms

SCOPE = Scope(
    functions={"f": 2, "\\phi": 1, "L": 2, "l": 1, "F_{h}": 1},
    timed=frozenset({"h", "o", "L", "\\hat{y}", "W_{h}", "h'"}),
    indices=frozenset({"t", "T", "k", "s", "\\tau"}),
    quantities=frozenset({"a", "b", "\\theta", "d", "\\delta", "w_{1}"}),
)

letters = st.sampled_from(["t", "T", "k", "s", "\\tau"])
shifts = st.integers(-12, 12)
times = st.one_of(
    st.builds(Time.at, st.integers(0, 12)),
    st.builds(Time.of, letters, shifts),
    st.builds(lambda a, b, n: Time.of(a) - Time.of(b) + n, letters, letters, shifts),
)
timed_names = st.sampled_from(["h", "o", "L", "\\hat{y}", "W_{h}", "h'"])
plain_names = st.sampled_from(
    ["a", "b", "\\theta", "d", "\\delta", "w_{1}", "e", "\\mathbf{x}", "\\mathrm{loss}", "y'"]
)
indexed = st.builds(Variable, timed_names, times)
plain = st.builds(Variable, plain_names)
copies = st.builds(Variable, plain_names, st.none(), times)
variables = indexed | plain | copies
fractions = st.builds(Fraction, st.integers(-40, 40), st.integers(1, 12))
numbers = st.builds(Number, fractions)
indices = st.builds(Index, st.builds(Time.of, letters))
derivatives = st.one_of(
    st.builds(Total, variables, variables),
    st.builds(Immediate, variables, variables),
    st.builds(Truncated, variables, variables, st.integers(0, 9)),
    st.builds(Via, variables, variables, variables),
    st.builds(Held, variables, variables, variables),
    st.builds(Gradient, variables, variables),
    st.builds(lambda a, b: Partial(Call("f", (a, b)), 1), indexed, plain),
)
every_leaf = variables | numbers | indices | derivatives
functions = st.sampled_from(
    ["\\tanh", "\\sigma", "\\operatorname{softplus}", "\\exp", "\\sqrt", "l", "F_{h}", "\\phi"]
)
primed = st.sampled_from(["\\tanh", "\\sigma", "\\sqrt", "\\phi"])


@st.composite
def leaves(draw: st.DrawFn) -> Expr:
    return draw(every_leaf)


def quotient(a: Expr, b: Expr) -> Expr:
    """Two numbers are no quotient: the grammar makes a number of them."""
    return Sum((a, b)) if isinstance(a, Number) and isinstance(b, Number) else Quotient(a, b)


def power(base: Expr, exponent: Expr) -> Expr:
    """A number to a number, to a number is over the limits, and so is what contains it."""
    return Product((base, exponent)) if isinstance(base, Power) else Power(base, exponent)


@st.composite
def grown(draw: st.DrawFn, inner: st.SearchStrategy[Expr]) -> Expr:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return draw(
        st.one_of(
            st.builds(Sum, several),
            st.builds(Product, several),
            st.builds(Tuple, several),
            st.builds(quotient, inner, inner),
            st.builds(power, inner, leaves()),
            st.builds(power, inner, st.builds(Sum, st.tuples(variables, variables))),
            st.builds(BigSum, letters, times, times, inner),
            st.builds(BigProduct, letters, times, times, inner),
            st.builds(lambda a, b: Call("f", (a, b)), inner, inner),
            st.builds(lambda a, b: Call("f", (a, b), (2, 1)), inner, inner),
            st.builds(lambda name, a: Call(name, (a,)), functions, inner),
            st.builds(lambda name, a: Call(name, (a,), (1,)), primed, inner),
        )
    )


expressions = st.recursive(leaves(), grown, max_leaves=12)


@settings(max_examples=250, suppress_health_check=list(HealthCheck), deadline=None)
@given(expressions)
def test_the_grammar_reads_what_the_printer_writes(expr: Expr) -> None:
    assert parse_expression(latex(expr), SCOPE) == expr


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(expressions, expressions)
def test_equations_and_terms(left: Expr, right: Expr) -> None:
    equation = Equation(left, right)
    assert parse_equation(latex(equation), SCOPE) == equation
    assert " ".join(latex_terms(left)) == latex(left)
    assert " ".join(text_terms(left)) == text(left)
    assert width(left) > 0 and width(latex(left)) == width(left)
    assert text(equation) == f"{text(left)} = {text(right)}"
    for written in (text(equation), latex(equation)):
        assert "Expr" not in written and written.strip()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_arbitrary_text_is_read_or_refused(written: str) -> None:
    read_or_refused(written)


pieces = st.sampled_from(
    [
        r"\frac",
        r"\partial",
        r"{",
        r"}",
        r"(",
        r")",
        r"[",
        r"]",
        r"\left",
        r"\right",
        r"^",
        r"_",
        r"+",
        r"-",
        r"=",
        r",",
        r"'",
        r"\sum",
        r"\prod",
        r"h",
        r"t",
        r"T",
        r"\theta",
        r"f",
        r"\tanh",
        r"\nabla",
        r"\text{",
        r"held}",
        r"\hat",
        r"\mathrm",
        r"d",
        r"1",
        r"2",
        r"9",
        r".",
        r"/",
        r"\cdot",
        r"\le",
        r"\in",
        r"\mathbb{R}",
        r"\\",
        r"&",
        r"\{",
        r"\}",
        r"\langle",
        r"\rangle",
        r"\sqrt",
        r"\sigma",
        r"_{t-1}",
        r"^{(t)}",
        r"\cdots",
        r"\begin{align}",
        r"\end{align}",
        r"$",
        r"$$",
        r"%",
        r"ₜ",
        r"²",
        r"∂",
        r"Σ",
        r":",
        r"\label{",
        r"\tag",
        r"\operatorname",
        r"\,",
        r"\quad",
        r"\times",
        r"\delta",
        r"W_{h}",
    ]
)


@settings(max_examples=250, deadline=None)
@given(st.lists(pieces, max_size=25).map(" ".join))
def test_shuffled_latex_is_read_or_refused(written: str) -> None:
    read_or_refused(written)


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(expressions, st.data())
def test_mutated_latex_is_read_or_refused(expr: Expr, data: st.DataObject) -> None:
    written = latex(expr)
    at = data.draw(st.integers(0, len(written)))
    end = min(len(written), at + data.draw(st.integers(0, 3)))
    read_or_refused(written[:at] + data.draw(pieces) + written[end:])


def read_or_refused(written: str) -> None:
    """Every entry either answers or raises DeriveError; what was read survives printing."""
    for read in (
        lambda: parse_expression(written, SCOPE),
        lambda: parse_formula(written, SCOPE),
        lambda: parse_expression(written, scope_of(written)),
        lambda: read_statements([("a.tex", written)]),
        lambda: read_statements([("a.md", f"Let $${written}$$ be")]),
        lambda: formulas("a.txt", written),
    ):
        try:
            read()
        except DeriveError as error:
            assert str(error).count("\n") <= written.count("\n") + 1
            assert error.place is not None and error.place.line >= 1 and error.place.column >= 1
    try:
        expr = parse_expression(written, SCOPE)
    except DeriveError:
        return
    assert text(expr)
    assert parse_expression(latex(expr), SCOPE) == expr


@pytest.mark.parametrize("expr", [object(), 3])
def test_what_is_no_expression_is_not_printed(expr: object) -> None:
    for printer in (latex, text):
        with pytest.raises(TypeError, match=r"no (LaTeX|text) for"):
            printer(expr)  # type: ignore[arg-type]
