"""The elementary functions: the slope of each, written with the function's own value.

The field writes tanh' as 1 - h² when h = tanh(a); so a slope gets the argument and the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from derive.algebra.expression import (
    MINUS_ONE,
    ONE,
    Call,
    Expr,
    Power,
    Product,
    Quotient,
    Sum,
    number,
)

# max(a, 0) and its slope, 1 for a > 0 and 0 for a < 0; neither has a slope at 0.
RELU = "\\operatorname{ReLU}"
STEP = "\\operatorname{step}"

Slope = Callable[[Expr, Expr], Expr]


def _square(value: Expr) -> Expr:
    return Power(value, number(2))


def _minus(value: Expr) -> Expr:
    return Product((MINUS_ONE, value))


SLOPE: Mapping[str, Slope] = {
    "\\tanh": lambda a, h: Sum((ONE, _minus(_square(h)))),
    "\\sigma": lambda a, h: Product((h, Sum((ONE, _minus(h))))),
    "\\exp": lambda a, h: h,
    "\\log": lambda a, h: Quotient(ONE, a),
    "\\ln": lambda a, h: Quotient(ONE, a),
    "\\sin": lambda a, h: Call("\\cos", (a,)),
    "\\cos": lambda a, h: _minus(Call("\\sin", (a,))),
    "\\tan": lambda a, h: Sum((ONE, _square(h))),
    "\\sinh": lambda a, h: Call("\\cosh", (a,)),
    "\\cosh": lambda a, h: Call("\\sinh", (a,)),
    "\\sqrt": lambda a, h: Quotient(ONE, Product((number(2), h))),
    "\\operatorname{softplus}": lambda a, h: Call("\\sigma", (a,)),
    RELU: lambda a, h: Call(STEP, (a,)),
    STEP: lambda a, h: number(0),
}
