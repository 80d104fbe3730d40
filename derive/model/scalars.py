"""Slopes and expansions of the scalar formulas that models are mostly made of, without SymPy.

What is written is what `symbols` would write, term for term: a number first, then a sum, powers, symbols,
each in the order of their names; terms in lexicographic order, one without a minus in front. Whatever is
not a sum of products of symbols, at most with one elementary function around it, is left to SymPy: None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from derive.algebra.expression import (
    Call,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Variable,
    add,
    multiply,
)
from derive.model.functions import SLOPE
from derive.notation.latex import latex

MOST_TERMS = 1000
POLYNOMIAL_SLOPES = ("\\tanh", "\\sigma", "\\exp")

Monomial = tuple[tuple[Variable, int], ...]
Polynomial = Mapping[Monomial, Fraction]
Term = tuple[Fraction, tuple[Expr, ...]]


def slope(body: Expr, by: Variable, name: Variable | None = None) -> Expr | None:
    """∂body/∂by; where it has the value of the body itself in it, that is written `name`."""
    if isinstance(body, Call):
        if body.function not in POLYNOMIAL_SLOPES or body.slots or name is None:
            return None
        (argument,) = body.arguments
        outer = SLOPE[body.function](argument, name)
        inner = _terms(argument, by)
        if inner is None or len(inner) != 1:
            return None
        ((coefficient, factors),) = inner
        return _written([(coefficient, (outer, *factors))])
    found = _terms(body, by)
    return None if found is None else _written(found)


def expanded(expr: Expr) -> Expr | None:
    """A polynomial multiplied out and collected; None for what is none, or has very many terms."""
    found = polynomial(expr)
    return None if found is None or len(found) > MOST_TERMS // 10 else written(found)


# -- differentiating ----------------------------------------------------------------------------------


def _terms(expr: Expr, by: Variable) -> list[Term] | None:
    """The derivative as products, nothing multiplied out; None for what is no polynomial as written."""
    match expr:
        case Variable():
            return [(Fraction(1), ())] if expr == by else []
        case Number() | Quotient(Number(), Number()):
            return []
        case Sum(terms):
            return _all(_terms(term, by) for term in terms)
        case Product(factors):
            return _all(
                _times(_terms(factor, by), (*factors[:i], *factors[i + 1 :]))
                for i, factor in enumerate(factors)
            )
        case Power(Variable() | Sum() as base, Number(n)) if n.denominator == 1 and n > 1:
            lower = base if n == 2 else Power(base, Number(n - 1))
            return _times(_terms(base, by), (Number(n), lower))
        case _:
            return None


def _all(parts: Iterable[list[Term] | None]) -> list[Term] | None:
    found: list[Term] = []
    for part in parts:
        if part is None:
            return None
        found += part
    return found


def _times(terms: list[Term] | None, factors: tuple[Expr, ...]) -> list[Term] | None:
    """The derivative of one factor beside the others; a sum stays one factor."""
    if terms is not None and len(terms) > 1:
        whole = _written(terms)
        terms = None if whole is None else [(Fraction(1), (whole,))]
    return terms and [(c, (*factors, *rest)) for c, rest in terms]


def _written(terms: list[Term]) -> Expr | None:
    """A polynomial, or one product with one sum in it."""
    flat = [_flattened(c, factors) for c, factors in terms]
    if not any(sums for _, _, sums in flat):
        return _polynomial_of(flat)
    if len(flat) > 1:
        return None
    ((coefficient, rest, sums),) = flat
    if len(sums) > 1:
        return None
    whole = polynomial(sums[0])
    monomial = polynomial(multiply(rest))
    if whole is None or monomial is None or len(whole) < 2:
        return None
    if monomial == {(): 1}:
        return written({m: c * coefficient for m, c in whole.items()})
    if abs(coefficient) != 1 or set(monomial.values()) != {1}:
        return None  # SymPy may take the number into the sum
    symbols = written(monomial)
    factors = (written(whole), *(symbols.factors if isinstance(symbols, Product) else (symbols,)))
    return multiply((Number(coefficient), *factors))


def _polynomial_of(flat: list[tuple[Fraction, list[Expr], list[Expr]]]) -> Expr | None:
    found: dict[Monomial, Fraction] = {}
    for coefficient, rest, _ in flat:
        part = polynomial(multiply(rest))
        if part is None:
            return None
        for m, c in part.items():
            found[m] = found.get(m, Fraction(0)) + c * coefficient
    return written({m: c for m, c in found.items() if c})


def _flattened(
    coefficient: Fraction, factors: Iterable[Expr]
) -> tuple[Fraction, list[Expr], list[Expr]]:
    """The number, the symbols and the sums of a product."""
    rest: list[Expr] = []
    sums: list[Expr] = []
    waiting = list(factors)
    while waiting:
        factor = waiting.pop(0)
        match factor:
            case Product(inner):
                waiting[:0] = inner
            case Number(value):
                coefficient *= value
            case Quotient(Number(a), Number(b)) if b:
                coefficient *= a / b
            case Sum():
                sums.append(factor)
            case Power(base, _) if not isinstance(base, Variable):
                sums += [factor, factor]  # left to SymPy
            case _:
                rest.append(factor)
    return coefficient, rest, sums


# -- polynomials --------------------------------------------------------------------------------------


def polynomial(expr: Expr) -> Polynomial | None:
    """A formula multiplied out; None where it is no polynomial, or one with too many terms."""
    match expr:
        case Number(value):
            return {(): value} if value else {}
        case Variable():
            return {((expr, 1),): Fraction(1)}
        case Quotient(Number(a), Number(b)) if b:
            return {(): a / b} if a else {}
        case Sum(terms):
            total: dict[Monomial, Fraction] = {}
            for part in map(polynomial, terms):
                if part is None:
                    return None
                for m, c in part.items():
                    total[m] = total.get(m, Fraction(0)) + c
            return {m: c for m, c in total.items() if c}
        case Product(factors):
            return _product(map(polynomial, factors))
        case Power(base, Number(n)) if n.denominator == 1 and 0 < n <= 20:
            return _product(polynomial(base) for _ in range(int(n)))
        case _:
            return None


def _product(parts: Iterable[Polynomial | None]) -> Polynomial | None:
    result: Polynomial = {(): Fraction(1)}
    for part in parts:
        if part is None or len(result) * len(part) > MOST_TERMS:
            return None
        product: dict[Monomial, Fraction] = {}
        for m, c in result.items():
            for n, d in part.items():
                key = _joined(m, n)
                product[key] = product.get(key, Fraction(0)) + c * d
        result = {m: c for m, c in product.items() if c}
    return result


def _joined(one: Monomial, other: Monomial) -> Monomial:
    powers = dict(one)
    for v, n in other:
        powers[v] = powers.get(v, 0) + n
    return tuple(sorted(powers.items(), key=lambda item: latex(item[0])))


def written(found: Polynomial) -> Expr:
    """A polynomial as `symbols` writes it."""
    symbols = sorted({v for m in found for v, _ in m}, key=latex)

    def powers(monomial: Monomial) -> tuple[int, ...]:
        known = dict(monomial)
        return tuple(known.get(v, 0) for v in symbols)

    ordered = sorted(found, key=powers, reverse=True)
    first = next((m for m in ordered if found[m] > 0), None)
    if first is not None:
        ordered.remove(first)
        ordered.insert(0, first)
    return add(_monomial(m, found[m]) for m in ordered)


def _monomial(monomial: Monomial, coefficient: Fraction) -> Expr:
    powers = [Power(v, Number(Fraction(n))) for v, n in monomial if n > 1]
    factors = (*powers, *(v for v, n in monomial if n == 1))
    return multiply((Number(coefficient), *factors))
