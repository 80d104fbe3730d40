"""Normal forms: one whatever the summed letters are called, also where a factor binds one of that name."""

from __future__ import annotations

import pytest

from derive.algebra.core import Big, Core, Pow, Ref, add, mul, neg, num
from derive.algebra.expression import Time
from derive.algebra.forms import Forms


def entry(name: str, *letters: str) -> Ref:
    return Ref(name, tuple(Time.of(a) for a in letters))


def over(letter: str, body: Core) -> Core:
    return Big("sum", letter, "n", None, None, body)


def softmax_like(outer: str, inner: str) -> Core:
    """Σ_i a_i b_i / Σ_j a_j."""
    below = over(inner, entry("a", inner))
    return over(outer, mul((entry("a", outer), entry("b", outer), Pow(below, num(-1)))))


def chain(*letters: str) -> Core:
    """u_i A_{ij} B_{jk} v_k, summed over all three."""
    i, j, k = letters
    whole = mul((entry("u", i), entry("A", i, j), entry("B", j, k), entry("v", k)))
    return over(i, over(j, over(k, whole)))


@pytest.mark.parametrize("outer", ["i", "j", "\\,0.0", "\\,1.0"])
@pytest.mark.parametrize("inner", ["i", "j", "\\,0.0", "\\,1.0"])
def test_a_letter_that_a_factor_binds_itself_is_another_letter(outer: str, inner: str) -> None:
    made = Forms().form(softmax_like(outer, inner))
    assert made == Forms().form(softmax_like("p", "q"))


@pytest.mark.parametrize("letters", [("i", "j", "k"), ("k", "i", "j"), ("z", "y", "x")])
def test_sums_in_sums_have_one_form(letters: tuple[str, str, str]) -> None:
    assert Forms().is_zero(add((chain(*letters), neg(chain("a", "b", "c")))))


def test_another_order_of_factors_is_another_form() -> None:
    turned = mul((entry("u", "i"), entry("A", "j", "i"), entry("B", "j", "k"), entry("v", "k")))
    other = over("i", over("j", over("k", turned)))
    assert not Forms().is_zero(add((chain("i", "j", "k"), neg(other))))


@pytest.mark.parametrize("x", [softmax_like("i", "j"), chain("i", "j", "k")])
def test_a_normal_form_is_its_own(x: Core) -> None:
    made = Forms().form(x)
    assert Forms().form(made) == made
