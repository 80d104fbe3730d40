"""Explicit derivatives of formulas of the core by one member: the rules of calculus, nothing simplified.

This is the prover's calculus; the worlds of `derive.meaning` have their own.
"""

from __future__ import annotations

from derive.algebra.core import (
    MINUS,
    ONE,
    ZERO,
    Add,
    App,
    At,
    Big,
    Case,
    Chain,
    Core,
    D,
    Delta,
    Fn,
    Known,
    Lost,
    Mul,
    Num,
    Pow,
    Ref,
    Size,
    Stack,
    add,
    children,
    delta,
    fresh,
    letters_in,
    move,
    mul,
    neg,
    num,
    summed,
)
from derive.algebra.expression import Time
from derive.algebra.functions import FUNCTIONS


class NoSlope(Exception):
    """No rule differentiates this."""


def mentions(x: Core, name: str) -> bool:
    if isinstance(x, Ref):
        return x.name == name
    return any(mentions(p, name) for p in children(x))


def slope(x: Core, by: Ref) -> Core:
    """∂x/∂by with all other members held. Equality of members is decided by δ of their indices."""
    if not mentions(x, by.name):
        return ZERO
    match x:
        case Ref(_, index):
            if len(index) != len(by.index):
                return ZERO
            return mul([delta(a, b) for a, b in zip(index, by.index, strict=True)])
        case Add(terms):
            return add(slope(t, by) for t in terms)
        case Mul(factors):
            return add(
                mul((*factors[:i], slope(f, by), *factors[i + 1 :])) for i, f in enumerate(factors)
            )
        case Pow(base, exponent):
            return _power(base, exponent, by)
        case Fn(name, args):
            return _function(x, name, args, by)
        case Big():
            return _big(x, by)
        case Case(a, relation, b, then, other):
            return Case(a, relation, b, slope(then, by), slope(other, by))
        case Stack(index_, parts):
            return Stack(index_, tuple((i, d, slope(b, by)) for i, d, b in parts))
        case App():
            return _applied(x, by)
        case Num() | At() | Size() | Known() | Delta():
            return ZERO
        case D():
            raise NoSlope("second order: a derivative of what is made of derivatives")
        case Chain() | Lost() | _:
            raise NoSlope("no rule differentiates this")


def _power(base: Core, exponent: Core, by: Ref) -> Core:
    parts = []
    inner = slope(base, by)
    if inner != ZERO:
        if isinstance(exponent, Num):
            less = num(exponent.value - 1)
            lowered = ONE if less == ZERO else base if less == ONE else Pow(base, less)
            outer = mul((exponent, lowered))
        elif isinstance(exponent, At):
            outer = mul((exponent, Pow(base, At(exponent.index + (-1)))))
        else:
            outer = mul((exponent, Pow(base, add((exponent, MINUS)))))
        parts.append(mul((outer, inner)))
    above = slope(exponent, by)
    if above != ZERO:
        parts.append(mul((Pow(base, exponent), Fn("\\log", (base,)), above)))
    return add(parts)


def _function(x: Fn, name: str, args: tuple[Core, ...], by: Ref) -> Core:
    if name not in FUNCTIONS:
        raise NoSlope(f"{name} has no slope everywhere")
    (argument,) = args
    inner = slope(argument, by)
    return ZERO if inner == ZERO else mul((FUNCTIONS[name].slope(argument, x), inner))


def _big(x: Big, by: Ref) -> Core:
    letter, body = x.letter, x.body
    if letter in letters_in(by):
        new = fresh()
        body, letter = move(body, {letter: Time.of(new)}), new
    if x.kind == "sum":
        inner = slope(body, by)
        return (
            ZERO if inner == ZERO else Big("sum", letter, x.dim, x.lower, x.upper, inner, x.without)
        )
    inner = slope(body, by)
    if inner == ZERO:
        return ZERO
    other = fresh()
    rest = Big(
        "prod",
        other,
        x.dim,
        x.lower,
        x.upper,
        move(body, {letter: Time.of(other)}),
        (*x.without, Time.of(letter)),
    )
    return Big("sum", letter, x.dim, x.lower, x.upper, mul((inner, rest)), x.without)


def _applied(x: App, by: Ref) -> Core:
    terms = []
    for k, arg in enumerate(x.args):
        if not mentions(arg.body, by.name):
            continue
        names = {a: fresh() for a in arg.letters}
        body = move(arg.body, {a: Time.of(b) for a, b in names.items()})
        inner = slope(body, by)
        if inner == ZERO:
            continue
        made = App(
            x.name, x.args, x.index, (*x.slots, (k, tuple(Time.of(names[a]) for a in arg.letters)))
        )
        term = mul((made, inner))
        for a, dim in zip(arg.letters, arg.dims, strict=True):
            term = summed(names[a], dim, term)
        terms.append(term)
    return add(terms)


assert neg  # type: ignore[truthy-function]
