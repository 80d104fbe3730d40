"""Limits by calculus alone: what is found is right, what is not smooth is refused."""

from __future__ import annotations

import pytest

from derive.algebra.core import App, Arg, At, Core, Fn, Limit, Pow, Ref, add, mul, neg, num
from derive.algebra.expression import Time
from derive.algebra.forms import Forms
from derive.algebra.limits import NoLimit, limit_of

X, A = Ref("x"), Ref("a")
MINUS = num(-1)


def over(above: Core, below: Core) -> Core:
    return mul((above, Pow(below, MINUS)))


def call(argument: Core) -> Core:
    return App("f", (Arg((), (), argument),), (), ())


def found(body: Core, point: Core) -> Core:
    return limit_of(Limit(X, point, body), Forms())


@pytest.mark.parametrize(
    ("body", "point", "value"),
    [
        (add((Pow(X, num(2)), A)), num(3), add((num(9), A))),
        (over(add((Fn("\\exp", (X,)), MINUS)), X), num(0), num(1)),
        (over(add((Fn("\\tanh", (X,)), neg(X))), Pow(X, num(2))), num(0), num(0)),
        (
            over(add((Fn("\\exp", (X,)), MINUS, neg(X))), Pow(X, num(2))),
            num(0),
            over(num(1), num(2)),
        ),
        (call(X), A, call(A)),
        (Pow(add((X, num(2))), MINUS), num(0), over(num(1), num(2))),
        (Fn("\\log", (add((X, num(1))),)), num(0), num(0)),
        (A, num(0), A),
        (Limit(Ref("y"), X, Ref("y")), num(3), num(3)),
    ],
)
def test_what_is_found(body: Core, point: Core, value: Core) -> None:
    assert Forms().is_zero(add((found(body, point), neg(value))))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (Pow(X, MINUS), "no finite limit"),
        (Pow(X, num(-5)), "high order"),
        (Pow(X, At(Time.of("n"))), "no number"),
        (Fn("\\abs", (X,)), "kink"),
        (Fn("\\relu", (X,)), "kink"),
        (Fn("\\log", (X,)), "end of its range"),
        (Fn("\\sqrt", (X,)), "end of its range"),
        (Pow(add((X, Pow(X, num(2)))), MINUS), "tends to 0"),
    ],
)
def test_what_is_refused(body: Core, why: str) -> None:
    with pytest.raises(NoLimit, match=why):
        found(body, num(0))
