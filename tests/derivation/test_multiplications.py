"""What single formulas cost, by hand: h and k are n, x is d, A is n×n, W is n×d, λ is a number."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.algebra.expression import (
    BigSum,
    Call,
    Expr,
    Hadamard,
    Index,
    Number,
    Partial,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Transpose,
    Variable,
    number,
)
from derive.derivation.multiplications import Multiplications
from derive.errors import DeriveError
from derive.model.calculus import identity, zeros
from derive.model.shapes import DIAGONAL, ONES, TRACE
from derive.notation.latex import CONCATENATION, NORM, latex

N, D, ONE = Time.of("n"), Time.of("d"), Time.at(1)
SHAPES = {
    "h": (N, ONE),
    "k": (N, ONE),
    "x": (D, ONE),
    "A": (N, N),
    "W": (N, D),
    "\\lambda": (ONE, ONE),
    ONES: (N, ONE),
}
h, k, x, A, W, scale, ones = map(Variable, ("h", "k", "x", "A", "W", "\\lambda", ONES))
diagonal = Call(DIAGONAL, (h,))
upper = Call(CONCATENATION, (identity(N), zeros(D, N)))
joined = Call(CONCATENATION, (h, x))
half = number(Fraction(1, 2))

COSTS: list[tuple[Expr, str]] = [
    (Product((W, x)), "d n"),
    (Product((A, W, x)), "n^2 + d n"),
    (Product((A, h, Transpose(x))), "n^2 + d n"),
    (Product((Transpose(h), k)), "n"),
    (Product((scale, scale, h)), "n + 1"),
    (Product((number(2), scale, h)), "n + 1"),
    (Product((number(-1), h)), "0"),
    (Product((diagonal, k)), "n"),
    (Product((diagonal, A)), "n^2"),
    (Product((diagonal, diagonal)), "n"),
    (Product((scale, identity(N), h)), "n"),
    (Product((identity(N), h)), "0"),
    (Product((zeros(D, N), h)), "0"),
    (Product((Transpose(ones), h)), "0"),
    (Product((Sum((diagonal, Product((h, Transpose(h))))), k)), "2 n^2"),
    (Product((Sum((diagonal, identity(N))), k)), "n"),
    (Product((upper, h)), "0"),
    (Product((A, Transpose(upper), joined)), "n^2"),
    (Product((Transpose(h), Transpose(upper))), "0"),
    (Product((Transpose(joined), upper, h)), "n"),
    (Hadamard((h, k, h)), "2 n"),
    (Hadamard((ones, h)), "0"),
    (Hadamard((scale, h)), "n"),
    (Quotient(number(1), h), "n"),
    (Quotient(h, scale), "n"),
    (Quotient(number(1), number(3)), "0"),
    (Power(h, number(3)), "2 n"),
    (Power(h, number(-2)), "2 n"),
    (Power(scale, half), "0"),
    (Power(Call(NORM, (h,)), number(2)), "n"),
    (Call(NORM, (A,)), "n^2"),
    (Call(TRACE, (Product((Transpose(A), A)),)), "n^3"),
    (Call("\\tanh", (Product((A, h)),)), "n^2"),
    (Call("f", (scale, scale)), "0"),
    (Product((Index(Time.of("t")), scale)), "1"),
    (BigSum("s", Time.at(1), Time.at(3), Product((scale, scale))), "3"),
    (BigSum("s", Time.at(1), Time.of("t"), Product((scale, scale))), "1"),
]


@pytest.mark.parametrize(("formula", "expected"), COSTS, ids=lambda part: str(part)[:40])
def test_by_hand(formula: Expr, expected: str) -> None:
    count = Multiplications(SHAPES)
    count(formula)
    assert latex(count.once.formula()).replace("\\cdot ", "") == expected
    assert not count.each.terms


def test_what_has_no_closed_form() -> None:
    call = Call("f", (scale,))
    with pytest.raises(DeriveError, match="no closed form"):
        Multiplications(SHAPES)(Product((Number(Fraction(2)), Partial(call, 1))))
