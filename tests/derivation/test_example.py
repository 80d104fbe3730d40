"""The worked examples beyond the two of the notes: no path, inner quantities used twice, refusals."""

from __future__ import annotations

import pytest

from derive.algebra.expression import Total, Variable
from derive.derivation.example import example
from derive.errors import DeriveError
from derive.model.builtin import from_latex
from derive.notation.latex import latex
from derive.proof.kernel import Theorem
from derive.proof.rules import Unproved


def worked_out(*definitions: str, by: str = "x") -> tuple[Theorem, ...]:
    return example(from_latex(definitions), Variable(by))


def result(theorem: Theorem) -> str:
    return latex(theorem.claim.right)


def test_a_derivative_by_what_is_not_in_the_model_is_refused() -> None:
    with pytest.raises(Unproved, match="q is not in the model"):
        worked_out("f = x^2", by="q")


def test_a_product_whose_second_factor_depends_on_the_first() -> None:
    """The parts via h and with h held, each worked out by itself."""
    found = worked_out("f = x h + x^2", "h = 3 x")
    assert [result(theorem) for theorem in found] == ["8 x"] * 3
    parts = [latex(c.equation.right) for c in found[0].derivation.chains]
    assert {"3 x", "5 x"} <= set(parts)


@pytest.mark.parametrize(
    ("definitions", "derivative"),
    [
        (("f = x^3",), "3 x^2"),
        (("f = a b", "a = x^2", "b = x + 1"), "3 x^2 + 2 x"),
        (("f = a b + x", "a = x^2", "b = a + 1"), "4 x^3 + 2 x + 1"),
        (("f = a^2", "a = 2 b", "b = 3 x"), "72 x"),
        (("f = x a", "a = x b", "b = x c", "c = x"), "4 x^3"),
    ],
)
def test_the_chain_rule_and_expanding_agree(definitions: tuple[str, ...], derivative: str) -> None:
    found = worked_out(*definitions)
    assert [result(theorem) for theorem in found] == [derivative] * 3
    assert all(t.claim == found[-1].claim for t in found)


@pytest.mark.parametrize(
    ("definitions", "by", "derivative"),
    [
        (("f = (x + y)^2 h", "h = 3 x"), "y", "6 x^2 + 6 x y"),
        (("f = g (x + y)^2", "g = x + 1"), "y", "2 x^2 + 2 x y + 2 x + 2 y"),
        (("f = a y", "a = b x", "b = x^2"), "y", "x^3"),
    ],
)
def test_what_no_path_goes_through_is_worked_out_too(
    definitions: tuple[str, ...], by: str, derivative: str
) -> None:
    """By y the chain rule stops at h = 3x, expanding does not: both end in the parameters."""
    found = example(from_latex(definitions), Variable(by))
    assert [latex(t.claim.right) for t in found] == [derivative] * 3


def test_what_is_reached_by_two_ways_is_found_before_it_is_used() -> None:
    """∂f/∂b = a + …: the adjoint of an inner quantity that another one uses is a line of its own."""
    chain_rule, *_ = worked_out("f = a b + x", "a = x^2 + b", "b = 3 x")
    lemmas = [c.equation.left for c in chain_rule.derivation.chains]
    assert Total(Variable("f"), Variable("b")) in lemmas


@pytest.mark.parametrize(
    ("definitions", "sentence"),
    [
        (("h_t = x h_{t-1}",), "no time index"),
        (("f = g(x)",), "g is an abstract function"),
    ],
)
def test_what_is_no_example_is_refused(definitions: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(DeriveError, match=sentence):
        worked_out(*definitions)
