"""Words are the free algebra over their atoms: the laws of a ring, and no law more."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from derive.algebra.expression import (
    ONE,
    ZERO,
    Expr,
    Immediate,
    Product,
    Sum,
    Time,
    Variable,
    number,
)
from derive.algebra.words import NOTHING, UNIT, Words, atom, constant, times, total, written

ATOMS = tuple(Immediate(Variable("h", Time.at(i + 1)), Variable("h", Time.at(i))) for i in range(3))
A, B, C = (atom(a) for a in ATOMS)
MINUS: Words = {(): Fraction(-1)}

words = st.dictionaries(
    st.lists(st.sampled_from(ATOMS), max_size=3).map(lambda w: tuple[Expr, ...](w)),
    st.fractions(max_denominator=7).filter(bool),
    max_size=4,
)


def minus(a: Words) -> Words:
    return times(MINUS, a)


@given(words, words, words)
def test_sums_are_an_abelian_group(a: Words, b: Words, c: Words) -> None:
    assert total([a, b]) == total([b, a])
    assert total([total([a, b]), c]) == total([a, total([b, c])]) == total([a, b, c])
    assert total([a, NOTHING]) == total([a]) == a
    assert total([a, minus(a)]) == NOTHING == total([])


@given(words, words, words)
def test_products_are_associative_and_distribute_on_both_sides(
    a: Words, b: Words, c: Words
) -> None:
    assert times(times(a, b), c) == times(a, times(b, c))
    assert times(a, total([b, c])) == total([times(a, b), times(a, c)])
    assert times(total([a, b]), c) == total([times(a, c), times(b, c)])
    assert times(a, UNIT) == times(UNIT, a) == a
    assert times(a, NOTHING) == times(NOTHING, a) == NOTHING


@given(words, words)
def test_no_word_with_coefficient_zero_is_kept(a: Words, b: Words) -> None:
    for result in (total([a, b]), times(a, b), total([a, minus(b)])):
        assert all(result.values())


@given(words, words)
def test_there_are_no_divisors_of_zero(a: Words, b: Words) -> None:
    assert (times(a, b) == NOTHING) == (a == NOTHING or b == NOTHING)


def test_products_do_not_commute() -> None:
    assert times(A, B) == {(*ATOMS[:2],): Fraction(1)}
    assert times(A, B) != times(B, A)
    assert times(A, times(B, C)) == {ATOMS: Fraction(1)}


@given(words, st.fractions(max_denominator=7))
def test_numbers_commute_with_everything(a: Words, n: Fraction) -> None:
    assert times(constant(n), a) == times(a, constant(n))


def test_constants() -> None:
    assert constant(Fraction(0)) == NOTHING
    assert constant(Fraction(1)) == UNIT
    assert times(constant(Fraction(2)), constant(Fraction(3))) == constant(Fraction(6))


def test_binomial_without_commuting() -> None:
    """(a + b)² = a² + ab + ba + b²: four words, not three."""
    square = times(total([A, B]), total([A, B]))
    assert square == total([times(A, A), times(A, B), times(B, A), times(B, B)])
    assert len(square) == 4


def test_written() -> None:
    a, b, _ = ATOMS
    assert written(NOTHING) == ZERO
    assert written(UNIT) == ONE
    assert written(A) == a
    assert written(times(A, B)) == Product((a, b))
    assert written({(b, a): Fraction(2), (a,): Fraction(1)}) == Sum((Product((number(2), b, a)), a))


def test_terms_that_cancel_leave_no_trace() -> None:
    assert total([times(A, B), minus(times(A, B))]) == NOTHING
    assert total([times(A, B), minus(times(B, A))]) != NOTHING
