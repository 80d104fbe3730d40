"""Times, variables and formulas: what equal means, and what moving and replacing leave alone."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.algebra.expression import (
    MINUS_ONE,
    ONE,
    ZERO,
    BigProduct,
    BigSum,
    Call,
    Entry,
    Expr,
    Gradient,
    Hadamard,
    Held,
    Immediate,
    Index,
    IndexSum,
    Number,
    Partial,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Transpose,
    Truncated,
    Tuple,
    Variable,
    Via,
    add,
    children,
    factors_of,
    move,
    multiply,
    number,
    rebuild,
    replace,
    terms_of,
    tidy_rebuild,
    walk,
)

T, K = Time.of("t"), Time.of("k")
A, B, C, D = (Variable(name) for name in "abcd")
H, W = Variable("h", T), Variable("w")
LATER = {"t": T + 1}

times = st.builds(
    lambda counts, shift: sum(
        (Time(((letter, n),), 0) for letter, n in counts.items() if n), Time.at(shift)
    ),
    st.dictionaries(st.sampled_from("tkjT"), st.integers(-3, 3), max_size=3),
    st.integers(-5, 5),
)
simple = st.sampled_from([A, B, C, H, W, ZERO, ONE, MINUS_ONE, number(2)])
formulas: st.SearchStrategy[Expr] = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda x: Sum(tuple(x))),
        st.lists(inner, min_size=2, max_size=3).map(lambda x: Product(tuple(x))),
        st.tuples(inner, inner).map(lambda x: Quotient(*x)),
        st.tuples(inner, inner).map(lambda x: Power(*x)),
        st.lists(inner, min_size=1, max_size=2).map(lambda x: Call("f", tuple(x))),
        inner.map(lambda x: BigSum("s", ONE_TIME, T, x)),
    ),
    max_leaves=8,
)
ONE_TIME = Time.at(1)


# -- times ----------------------------------------------------------------------------------------


@given(times, times, times)
def test_times_are_an_abelian_group(a: Time, b: Time, c: Time) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Time.at(0) == a
    assert a - a == Time.at(0)
    assert Time.at(0) - (-a) == a
    assert a - b == -(b - a)


@given(times, st.integers(-4, 4))
def test_a_whole_number_is_a_time(a: Time, n: int) -> None:
    assert a + n == a + Time.at(n)
    assert a - n == a - Time.at(n)


@given(times, times)
def test_letters_are_sorted_and_no_coefficient_is_zero(a: Time, b: Time) -> None:
    letters = [letter for letter, _ in (a + b).letters]
    assert letters == sorted(set(letters))
    assert all(count for _, count in (a + b).letters)


@given(times, times, times)
def test_replacing_a_letter_keeps_sums(a: Time, b: Time, by: Time) -> None:
    letters = {"t": by}
    assert (a + b).replace(letters) == a.replace(letters) + b.replace(letters)
    assert a.replace({"t": T}) == a
    assert a.replace({"z": by}) is a


@pytest.mark.parametrize(
    ("time", "letters", "expected"),
    [
        (T, {"t": Time.at(3)}, Time.at(3)),
        (T - K + 1, {"t": K}, Time.at(1)),
        (T - K + 1, {"t": K, "k": T}, K - T + 1),
        (T + T, {"t": K + 2}, K + K + 4),
        (-T, {"t": Time.at(5)}, Time.at(-5)),
        (Time.at(2), {"t": K}, Time.at(2)),
    ],
)
def test_replace_is_simultaneous(time: Time, letters: dict[str, Time], expected: Time) -> None:
    assert time.replace(letters) == expected


def test_a_number_has_no_letters() -> None:
    assert Time.at(3).is_number
    assert not T.is_number
    assert (T - T).is_number


# -- sums and products ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ((), ZERO),
        ((ZERO, ZERO), ZERO),
        ((A,), A),
        ((A, ZERO), A),
        ((A, B), Sum((A, B))),
        ((B, A), Sum((B, A))),
        ((A, A), Sum((A, A))),
        ((Sum((A, B)), C), Sum((A, B, C))),
        ((Sum((A, ZERO)), C), Sum((A, C))),
        ((number(1), number(2)), Sum((number(1), number(2)))),
    ],
)
def test_add_opens_and_drops_but_moves_nothing(terms: tuple[Expr, ...], expected: Expr) -> None:
    assert add(terms) == expected


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ((), ONE),
        ((ONE, ONE), ONE),
        ((A,), A),
        ((ONE, A), A),
        ((A, B), Product((A, B))),
        ((B, A), Product((B, A))),
        ((A, ZERO, B), ZERO),
        ((Product((A, B)), C), Product((A, B, C))),
        ((A, Product((B, ONE))), Product((A, B))),
        ((A, Product((B, ZERO))), ZERO),
        ((number(2), number(3)), Product((number(2), number(3)))),
    ],
)
def test_multiply_keeps_the_order(factors: tuple[Expr, ...], expected: Expr) -> None:
    assert multiply(factors) == expected


@given(st.lists(simple, max_size=4), st.lists(simple, max_size=4))
def test_add_and_multiply_open_what_they_made(a: list[Expr], b: list[Expr]) -> None:
    assert add((add(a), add(b))) == add((*a, *b))
    assert multiply((multiply(a), multiply(b))) == multiply((*a, *b))
    assert add(terms_of(add(a))) == add(a)
    assert multiply(factors_of(multiply(a))) == multiply(a)


def test_terms_and_factors_of_single_things() -> None:
    assert terms_of(ZERO) == ()
    assert terms_of(A) == (A,)
    assert factors_of(A) == (A,)
    assert factors_of(ZERO) == (ZERO,)


def test_numbers_are_exact() -> None:
    assert number(Fraction(1, 3)) == Number(Fraction(1, 3))
    assert number(2) == Number(Fraction(2))


# -- looking inside -------------------------------------------------------------------------------

PARTS = [
    (Sum((A, B)), (A, B)),
    (Product((A, B)), (A, B)),
    (Tuple((A, B)), (A, B)),
    (Call("f", (A, B), (1,)), (A, B)),
    (Quotient(A, B), (A, B)),
    (Power(A, B), (A, B)),
    (BigSum("s", ONE_TIME, T, A), (A,)),
    (BigProduct("s", ONE_TIME, T, A), (A,)),
    (Total(A, B), ()),
    (A, ()),
    (number(3), ()),
]


@pytest.mark.parametrize(("expr", "parts"), PARTS)
def test_children_and_rebuild_are_of_one_mind(expr: Expr, parts: tuple[Expr, ...]) -> None:
    assert children(expr) == parts
    assert rebuild(expr, lambda part: part) == expr
    changed = rebuild(expr, lambda part: D)
    assert type(changed) is type(expr)
    assert children(changed) == tuple(D for _ in parts)


def test_walk_is_outermost_first_and_from_left_to_right() -> None:
    inner = Product((A, B))
    assert list(walk(Sum((inner, C)))) == [Sum((inner, C)), inner, A, B, C]


@given(formulas)
def test_walk_meets_every_part(expr: Expr) -> None:
    met = list(walk(expr))
    assert met[0] is expr
    assert len(met) == 1 + sum(len(list(walk(part))) for part in children(expr))


@given(formulas)
def test_tidying_twice_is_tidying_once(expr: Expr) -> None:
    def tidy(part: Expr) -> Expr:
        return tidy_rebuild(part, tidy)

    assert tidy(tidy(expr)) == tidy(expr)


# -- replacing ------------------------------------------------------------------------------------


def test_replace_is_at_once_and_outermost_first() -> None:
    swap: dict[Expr, Expr] = {A: B, B: A}
    assert replace(Sum((A, Product((B, C)))), swap) == Sum((B, Product((A, C))))
    whole: dict[Expr, Expr] = {Product((A, B)): C, A: D}
    assert replace(Sum((Product((A, B)), A)), whole) == Sum((C, D))


def test_replace_tidies_what_becomes_zero_or_one() -> None:
    assert replace(Sum((A, B)), {A: ZERO}) == B
    assert replace(Product((A, B)), {A: ONE}) == B
    assert replace(Product((A, B, C)), {B: ZERO}) == ZERO
    assert replace(Product((A, B)), {B: Product((C, D))}) == Product((A, C, D))


def test_replace_does_not_enter_a_derivative() -> None:
    assert replace(Total(A, B), {A: C}) == Total(A, B)
    assert replace(Total(A, B), {Total(A, B): C}) == C


@given(formulas)
def test_replacing_nothing_only_tidies(expr: Expr) -> None:
    assert replace(replace(expr, {}), {}) == replace(expr, {})
    assert replace(expr, {Variable("nowhere"): A}) == replace(expr, {})


# -- moving ---------------------------------------------------------------------------------------

H1 = Variable("h", T + 1)
COPY = Variable("w", None, T)
MOVED = [
    (H, H1),
    (W, W),
    (COPY, Variable("w", None, T + 1)),
    (number(2), number(2)),
    (Index(T), Index(T + 1)),
    (Total(H, W), Total(H1, W)),
    (Immediate(H, W), Immediate(H1, W)),
    (Gradient(A, H), Gradient(A, H1)),
    (Via(A, H, H), Via(A, H1, H1)),
    (Held(A, H, H), Held(A, H1, H1)),
    (Truncated(A, H, 2), Truncated(A, H1, 2)),
    (Partial(Call("f", (H, W)), 1), Partial(Call("f", (H1, W)), 1)),
    (Sum((H, W)), Sum((H1, W))),
    (Quotient(H, W), Quotient(H1, W)),
    (Tuple((H, W)), Tuple((H1, W))),
    (BigSum("s", T, Time.of("T"), H), BigSum("s", T + 1, Time.of("T"), H1)),
    (BigSum("t", T, Time.of("T"), H), BigSum("t", T + 1, Time.of("T"), H)),
    (BigProduct("t", ONE_TIME, T, H), BigProduct("t", ONE_TIME, T + 1, H)),
    (Entry(H, ("i",)), Entry(H1, ("i",))),
    (IndexSum("i", Time.of("n"), Entry(H, ("i",))), IndexSum("i", Time.of("n"), Entry(H1, ("i",)))),
    (Hadamard((H, W)), Hadamard((H1, W))),
    (Transpose(H), Transpose(H1)),
]


@pytest.mark.parametrize(("expr", "expected"), MOVED)
def test_move(expr: Expr, expected: Expr) -> None:
    assert move(expr, LATER) == expected
    assert move(expr, {}) == expr


def test_an_index_that_becomes_a_number_is_that_number() -> None:
    assert move(Index(T), {"t": Time.at(4)}) == number(4)
    assert move(Index(T - K), {"t": K + 2}) == number(2)


@given(formulas, st.integers(-3, 3), st.integers(-3, 3))
def test_moves_add_up(expr: Expr, a: int, b: int) -> None:
    assert move(move(expr, {"t": T + a}), {"t": T + b}) == move(expr, {"t": T + (a + b)})
