"""Formulas of numbers alone, with the digits that were not written: 0.58 is any number that rounds to it.

The value of a formula is an interval that surely holds it (mpmath's, rounded outwards). A decimal is what is written, or within
`slack` units of its last digit; a whole number and a fraction are themselves.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache, reduce
from itertools import product
from operator import mul
from typing import Any

from derive.algebra.core import (
    ONE,
    ZERO,
    Add,
    Big,
    Core,
    Delta,
    Fn,
    Known,
    Mul,
    Num,
    Pow,
    Stack,
    add,
    walk,
)
from derive.algebra.core import mul as product_of
from derive.algebra.expression import Time
from derive.algebra.functions import FUNCTIONS

MOST_POWER = 64
MOST_ENTRIES = 32
DIGITS = 40


class NoEnclosure(Exception):
    """A formula that is no number, or whose value is not bounded."""


def enclosed(
    x: Core, slack: Fraction = Fraction(0), kept: frozenset[Fraction] = frozenset()
) -> Any:
    """An interval that holds the value; the decimals in `kept` are what is written."""
    try:
        return _value(x, slack, kept, _intervals())
    except (ZeroDivisionError, ValueError, OverflowError, TypeError) as error:
        raise NoEnclosure from error


@cache
def _intervals() -> Any:
    from mpmath.ctx_iv import MPIntervalContext

    made = MPIntervalContext()
    made.dps = DIGITS
    return made


def exactly(x: Core) -> Fraction | None:
    """The value of a formula without roots and functions; None where it has any."""
    match x:
        case Num(value=value):
            return value
        case Add(terms=parts) | Mul(factors=parts):
            values = [exactly(p) for p in parts]
            known = [v for v in values if v is not None]
            if len(known) < len(values):
                return None
            return (
                sum(known, Fraction(0)) if isinstance(x, Add) else reduce(mul, known, Fraction(1))
            )
        case Pow(base=base, exponent=Num(value=power)):
            of = exactly(base)
            if of is None or power.denominator != 1 or abs(power) > MOST_POWER:
                return None
            return of**power.numerator if of or power > 0 else None
    return None


def entries(
    body: Core, axes: Sequence[tuple[str, str]], find: Callable[[str], str]
) -> dict[tuple[int, ...], Core]:
    """The entries of an array of numbers, by their indices; `axes` are its letters and dimensions. An axis of one entry is none."""  # noqa: E501
    sizes = [(letter, _size(find(dim))) for letter, dim in axes]
    found = {}
    for at in product(*(range(1, size + 1) for _, size in sizes)):
        env = {letter: i for (letter, _), i in zip(sizes, at, strict=True)}
        key = tuple(i for (_, size), i in zip(sizes, at, strict=True) if size > 1)
        found[key] = _entry(body, env, find)
    return found


def _size(dim: str) -> int:
    parts = dim.split("+")
    if any(p != "1" for p in parts) or len(parts) > MOST_ENTRIES:
        raise NoEnclosure
    return len(parts)


def _entry(x: Core, env: Mapping[str, int], find: Callable[[str], str]) -> Core:
    def inside(part: Core) -> Core:
        return _entry(part, env, find)

    match x:
        case Num() | Known():
            return x
        case Add(terms=terms):
            return add(map(inside, terms))
        case Mul(factors=factors):
            return product_of(map(inside, factors))
        case Pow(base=base, exponent=exponent):
            return Pow(inside(base), inside(exponent))
        case Fn(name=name, args=args):
            return Fn(name, tuple(map(inside, args)))
        case Delta(a=a, b=b):
            return ONE if _index(a, env) == _index(b, env) else ZERO
        case Stack(index=index, parts=parts) if all(find(dim) == "1" for _, dim, _ in parts):
            at = _index(index, env)
            if 1 <= at <= len(parts):
                letter, _, body = parts[at - 1]
                return _entry(body, {**env, letter: 1}, find)
        case Big(kind="sum", letter=letter, dim=str(dim), body=body, without=()):
            every = range(1, _size(find(dim)) + 1)
            return add(_entry(body, {**env, letter: i}, find) for i in every)
    raise NoEnclosure


def _index(index: Time, env: Mapping[str, int]) -> int:
    if any(letter not in env for letter, _ in index.letters):
        raise NoEnclosure
    return index.shift + sum(env[letter] * count for letter, count in index.letters)


def decimals(x: Core) -> frozenset[Fraction]:
    """The sizes of the numbers of a formula that are written with a decimal point."""
    return frozenset(abs(p.value) for p in walk(x) if isinstance(p, Num) and p.places)


def _value(x: Core, slack: Fraction, kept: frozenset[Fraction], iv: Any) -> Any:
    def inside(part: Core) -> Any:
        return _value(part, slack, kept, iv)

    match x:
        case Num(value=value, places=places):
            middle = iv.mpf(value.numerator) / value.denominator
            if not slack or not places or abs(value) in kept:
                return middle
            apart = iv.mpf(slack.numerator) / slack.denominator / iv.mpf(10) ** places
            return middle + iv.mpf([-1, 1]) * apart
        case Known(name="e"):
            return iv.exp(1)
        case Known(name="\\pi"):
            return +iv.pi
        case Add(terms=terms):
            return reduce(lambda a, b: a + b, map(inside, terms))
        case Mul(factors=factors):
            return reduce(lambda a, b: a * b, map(inside, factors))
        case Pow(base=Known(name="e"), exponent=exponent):
            return iv.exp(inside(exponent))
        case Pow(base=base, exponent=Num(value=power)) if power.denominator == 1:
            return _power(inside(base), power.numerator, iv)
        case Pow(base=base, exponent=Num(value=power)) if power.denominator == 2:
            return _power(_root(inside(base), iv), power.numerator, iv)
        case Fn(name=name, args=(arg,)):
            return _of_function(name, arg, inside, iv)
    raise NoEnclosure


def _power(base: Any, power: int, iv: Any) -> Any:
    if abs(power) > MOST_POWER:
        raise NoEnclosure
    if power < 0:
        if 0 in base:
            raise NoEnclosure
        return 1 / _power(base, -power, iv)
    return base**power if power else iv.mpf(1)


def _root(x: Any, iv: Any) -> Any:
    if x.a < 0:
        raise NoEnclosure
    return iv.sqrt(x)


def _of_function(name: str, arg: Core, inside: Any, iv: Any) -> Any:
    """A function's value between its values at the ends: those that are here rise."""
    x = inside(arg)
    if name == "\\exp":
        return iv.exp(x)
    if name == "\\log":
        if x.a <= 0:
            raise NoEnclosure
        return iv.log(x)
    if name == "\\sqrt":
        return _root(x, iv)
    if name == "\\relu":
        return iv.mpf([max(x.a, 0), max(x.b, 0)])
    if name in ("\\tanh", "\\sigma", "\\softplus"):
        low, high = (FUNCTIONS[name].real(_Rising(iv), end) for end in (iv.mpf(x.a), iv.mpf(x.b)))
        return iv.mpf([low.a, high.b])
    raise NoEnclosure


class _Rising:
    """The functions of a row over intervals; tanh by its exponentials."""

    def __init__(self, iv: Any) -> None:
        self.exp, self.log = iv.exp, iv.log

    def tanh(self, x: Any) -> Any:
        twice = self.exp(2 * x)
        return 1 - 2 / (twice + 1)
