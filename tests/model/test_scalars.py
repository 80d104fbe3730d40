"""Slopes and expansions without SymPy: what SymPy would write, or nothing."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from derive.algebra.expression import (
    BigSum,
    Call,
    Expr,
    Number,
    Power,
    Time,
    Variable,
    add,
    multiply,
    number,
    walk,
)
from derive.model import scalars, symbols
from derive.model.builtin import BUILTIN, builtin
from derive.model.recurrence import variables

SYMBOLS = [
    Variable("h", Time.of("t", -1)),
    Variable("w"),
    Variable("\\theta"),
    Variable("x", Time.of("t")),
    Variable("W_{h}"),
    Variable("b"),
    Variable("z", Time.of("t")),
]
NUMBERS = [-3, -1, 2, Fraction(1, 2), 5, -2]


@pytest.mark.parametrize("name", BUILTIN)
def test_the_slopes_of_the_models_are_written_as_sympy_writes_them(name: str) -> None:
    for d in builtin(name).definitions:
        if d.is_abstract or any(isinstance(part, BigSum) for part in walk(d.body)):
            continue
        named = d.target if isinstance(d.body, Call) else None
        for by in dict.fromkeys(variables(d.body)):
            assert scalars.slope(d.body, by, named) == symbols.derivative(d.body, by, named)


def formula(pick: Random, depth: int) -> Expr:
    kind = pick.randrange(8)
    if depth == 0 or kind < 2:
        return pick.choice(SYMBOLS)
    if kind == 2:
        return number(pick.choice(NUMBERS))
    parts = [formula(pick, depth - 1) for _ in range(pick.randrange(2, 4))]
    if kind < 5:
        return add(parts)
    return multiply(parts) if kind < 7 else Power(parts[0], number(pick.choice([2, 3])))


@pytest.mark.parametrize("seed", range(40))
def test_formulas_at_random(seed: int) -> None:
    """A slope may, rarely, be written otherwise than by SymPy; its value and an expansion may not."""
    pick = Random(seed)
    for _ in range(20):
        expr, by = formula(pick, 3), pick.choice(SYMBOLS)
        if isinstance(expr, Variable | Number) or by not in set(variables(expr)):
            continue
        found, name = scalars.slope(expr, by), Variable("q")
        if found is not None:
            assert symbols.expanded(found) == symbols.expanded(symbols.derivative(expr, by))
        whole = Call(pick.choice(scalars.POLYNOMIAL_SLOPES), (expr,))
        outer = scalars.slope(whole, by, name)
        if outer is not None:
            assert symbols.expanded(outer) == symbols.expanded(symbols.derivative(whole, by, name))
        opened = scalars.expanded(expr)
        if opened is not None:
            assert opened == symbols.expanded(expr)


def test_what_is_no_polynomial_is_left_to_sympy() -> None:
    a, b = SYMBOLS[:2]
    product = multiply((a, Call("\\exp", (a,))))
    for expr in (Power(a, b), Call("\\log", (a,)), Call("f", (a,)), product):
        assert scalars.slope(expr, a, b) is None
        assert scalars.expanded(expr) is None
