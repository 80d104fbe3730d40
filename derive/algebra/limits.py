"""What a formula tends to, by calculus alone: powers of the small quantity taken out, the rest differentiated and taken at 0."""  # noqa: E501

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from derive.algebra.core import (
    ZERO,
    Add,
    App,
    Case,
    Core,
    Fn,
    Limit,
    Mul,
    Num,
    Pow,
    Ref,
    add,
    fresh,
    mul,
    num,
    rebuild,
    walk,
)
from derive.algebra.functions import FUNCTIONS
from derive.algebra.slopes import NoSlope, mentions, slope

if TYPE_CHECKING:
    from derive.algebra.forms import Forms

MOST_ORDER = 4


class NoLimit(Exception):
    """Not found in this way."""


def limit_of(x: Limit, forms: Forms) -> Core:
    """With the variable at point + ε and the formula as G(ε)/ε^m, G smooth at 0: G^{(m)}(0)/m!, where all G^{(k)}(0), k < m, are 0.

    An abstract function is taken to be as smooth as its derivatives are written. Raises NoLimit.
    """  # noqa: E501
    small = Ref(fresh("to"))
    whole, order = _without_poles(_put(x.body, x.variable, add((x.point, small))), small, forms)
    for part in walk(whole):
        kink = isinstance(part, Case) or (
            isinstance(part, Fn) and (part.name not in FUNCTIONS or FUNCTIONS[part.name].kink)
        )
        if (kink or isinstance(part, Limit)) and mentions(part, small.name):
            raise NoLimit("a kink")
    fraction = Fraction(1)
    for k in range(order):
        if not forms.is_zero(_at_zero(whole, small, forms)):
            raise NoLimit("no finite limit")
        try:
            whole = forms.form(slope(whole, small))
        except NoSlope as error:
            raise NoLimit(str(error)) from None
        fraction /= k + 1
    return mul((num(fraction), _at_zero(whole, small, forms)))


def _without_poles(body: Core, small: Ref, forms: Forms) -> tuple[Core, int]:
    """body = G/ε^m: G and m."""
    terms = forms.terms(body)
    powers = []
    for t in terms:
        own = [p for atom, p in t.factors if atom == small]
        if any(not p.is_number for p in own):
            raise NoLimit("a power that is no number")
        powers.append(own[0].shift if own else 0)
    order = -min(powers, default=0)
    if order <= 0:
        return forms.form(body), 0
    if order > MOST_ORDER:
        raise NoLimit("a limit of high order")
    raised = (mul((forms.spelled(t), Pow(small, num(order)))) for t in terms)
    return forms.form(add(raised)), order


def _put(x: Core, variable: Ref, value: Core) -> Core:
    return value if x == variable else rebuild(x, lambda p: _put(p, variable, value))


def _at_zero(x: Core, small: Ref, forms: Forms) -> Core:
    """A smooth formula at ε = 0. Raises NoLimit where a part of it may not be smooth there."""
    match x:
        case Ref():
            return ZERO if x == small else x
        case _ if not mentions(x, small.name):
            return x
        case Add() | Mul() | Num():
            return rebuild(x, lambda p: _at_zero(p, small, forms))
        case App():
            return rebuild(x, lambda p: _at_zero(p, small, forms))
        case Fn(name, (argument,)):
            inner = _at_zero(argument, small, forms)
            if name in ("\\log", "\\sqrt") and forms.is_zero(inner):
                raise NoLimit("a function at the end of its range")
            return Fn(name, (inner,))
        case Pow(base, exponent):
            inner = _at_zero(base, small, forms)
            whole = isinstance(exponent, Num) and exponent.value.denominator == 1
            if not (whole and exponent.value > 0) and forms.is_zero(inner):  # type: ignore[attr-defined]
                raise NoLimit("a division by what tends to 0")
            return Pow(inner, _at_zero(exponent, small, forms))
        case _:
            raise NoLimit("no rule takes this at 0")
