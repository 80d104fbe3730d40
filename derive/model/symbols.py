"""The bridge to SymPy, imported only when a command needs it.

`to_sympy` and `from_sympy` carry closed formulas over and back; `unroll` gives the recurrence in SymPy
symbols, as the second opinion at small T and for whoever wants to go on in SymPy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb, prod
from typing import Any

import sympy

from derive.algebra.expression import (
    MINUS_ONE,
    ONE,
    Call,
    Expr,
    Index,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Variable,
    add,
    multiply,
    walk,
)
from derive.errors import DeriveError
from derive.model.functions import RELU, SLOPE, STEP
from derive.model.graph import unrolled
from derive.model.recurrence import Recurrence
from derive.notation.latex import latex

GREATEST_EXPONENT = 1000
MOST_TERMS = 1000

KNOWN: dict[str, Callable[[Any], Any]] = {
    "\\tanh": sympy.tanh,
    "\\sigma": lambda a: 1 / (1 + sympy.exp(-a)),
    "\\exp": sympy.exp,
    "\\log": sympy.log,
    "\\ln": sympy.log,
    "\\sin": sympy.sin,
    "\\cos": sympy.cos,
    "\\tan": sympy.tan,
    "\\sinh": sympy.sinh,
    "\\cosh": sympy.cosh,
    "\\sqrt": sympy.sqrt,
    "\\operatorname{softplus}": lambda a: sympy.log(1 + sympy.exp(a)),
    RELU: lambda a: sympy.Max(a, 0),
    STEP: lambda a: sympy.Heaviside(a),
}


@cache
def _atom(node: Variable | Index) -> sympy.Symbol:
    return sympy.Dummy(latex(node))


@cache
def _abstract(name: str, slots: tuple[int, ...] = ()) -> Any:
    """A SymPy function whose derivative by an argument is again a function of all arguments."""

    def fdiff(self: Any, argindex: int = 1) -> Any:
        return _abstract(name, (*slots, argindex))(*self.args)

    return type(name, (sympy.Function,), {"fdiff": fdiff, "ours": (name, slots)})


@cache
def _opaque(name: str) -> Any:
    """An elementary function that SymPy may differentiate, by our slopes, but not rearrange."""
    argument, value = Variable("argument"), Variable("value")

    def fdiff(self: Any, argindex: int = 1) -> Any:
        slope = to_sympy(SLOPE[name](argument, value), opaque=True)
        return slope.xreplace({_atom(argument): self.args[0], _atom(value): self})

    return type(name, (sympy.Function,), {"fdiff": fdiff, "ours": (name, ())})


def to_sympy(expr: Expr, opaque: bool = False) -> Any:
    """`expr` in SymPy; with `opaque`, elementary functions stay as they are written."""

    def go(part: Expr) -> Any:
        match part:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Variable() | Index():
                return _atom(part)
            case Sum(terms):
                return sympy.Add(*map(go, terms))
            case Product(factors):
                return sympy.Mul(*map(go, factors))
            case Quotient(a, b):
                below = go(b)
                if below == 0:
                    raise DeriveError(f"division by zero in {latex(part)}")
                return go(a) / below
            case Power(a, b):
                return _power(go(a), go(b), part)
            case Call(function, arguments, slots):
                if function not in SLOPE or slots:
                    return _abstract(function, slots)(*map(go, arguments))
                make = _opaque(function) if opaque else KNOWN[function]
                return make(*map(go, arguments))
            case _:
                raise DeriveError(f"{latex(part)} has no closed form")

    return go(expr)


def _power(base: Any, exponent: Any, source: Expr) -> Any:
    if exponent.is_number and abs(exponent) > GREATEST_EXPONENT:
        raise DeriveError(
            f"the exponent of {latex(source)} is larger than the limit of {GREATEST_EXPONENT}"
        )
    if base == 0 and exponent.is_number and exponent < 0:
        raise DeriveError(f"division by zero in {latex(source)}")
    return base**exponent


def from_sympy(value: Any, atoms: dict[Any, Expr]) -> Expr:
    """The SymPy expression as a formula; `atoms` says which of our nodes each symbol stands for."""

    def go(part: Any) -> Expr:
        if part in atoms:
            return atoms[part]
        if part.is_Rational:
            return Number(Fraction(int(part.p), int(part.q)))
        if part.is_Add:
            return add(map(go, _terms(part)))
        if part.is_Mul:
            return _product(part, go)
        if part.is_Pow:
            base, exponent = part.args
            if exponent.could_extract_minus_sign():
                return Quotient(ONE, go(base**-exponent))
            return Power(go(base), go(exponent))
        if isinstance(part, sympy.log):
            return Call("\\log", tuple(map(go, part.args)))
        if hasattr(part, "ours"):
            name, slots = part.ours
            return Call(name, tuple(map(go, part.args)), slots)
        raise DeriveError(f"no notation for {part}")

    return go(value)


def _terms(value: Any) -> list[Any]:
    """SymPy's own order of terms, but a sum does not begin with a minus if it need not."""
    terms = value.as_ordered_terms()
    first = next((i for i, t in enumerate(terms) if not t.could_extract_minus_sign()), 0)
    return [terms[first], *terms[:first], *terms[first + 1 :]]


def _product(value: Any, go: Callable[[Any], Expr]) -> Expr:
    """A number first, then sums (outer slopes), then symbols; negative powers in a denominator."""
    above, below = sympy.fraction(value)
    if below != 1 and not below.is_Rational:
        return Quotient(go(above), go(below))
    coefficient, rest = value.as_coeff_Mul()
    factors = sorted(rest.as_ordered_factors(), key=lambda f: not f.has(sympy.Add))
    if coefficient == -1:
        return multiply_signed(tuple(map(go, factors)))
    return multiply((go(coefficient), *map(go, factors)))


def multiply_signed(factors: tuple[Expr, ...]) -> Expr:
    """-1 times `factors`, with the sign on the number where there is one."""
    product = multiply(factors)
    if isinstance(product, Number):
        return Number(-product.value)
    return multiply((MINUS_ONE, product))


def atoms_of(*exprs: Expr) -> dict[Any, Expr]:
    """What `from_sympy` needs to find our symbols again."""
    return {
        _atom(part): part
        for expr in exprs
        for part in walk(expr)
        if isinstance(part, Variable | Index)
    }


def derivative(expr: Expr, by: Variable, name: Variable | None = None) -> Expr:
    """The derivative of a closed scalar formula by one of its symbols, by SymPy.

    Where the result contains the formula itself, it is written `name`.
    """
    formula = to_sympy(expr, opaque=True)
    result = sympy.diff(formula, _atom(by))
    if name is None:
        return from_sympy(result, atoms_of(expr, by))
    return from_sympy(result.xreplace({formula: _atom(name)}), atoms_of(expr, by, name))


def expanded(expr: Expr) -> Expr:
    """A closed scalar formula multiplied out, by SymPy.

    Raises DeriveError where more than MOST_TERMS terms may come out.
    """
    formula = to_sympy(expr, opaque=True)
    if _terms_of(formula) > MOST_TERMS:
        raise DeriveError(f"multiplied out this may have more than {MOST_TERMS} terms, the limit")
    return from_sympy(sympy.expand(formula), atoms_of(expr))


def _terms_of(formula: Any) -> int:
    """At most so many terms come out where a formula is multiplied out; anything inside is counted, too."""
    inside = [_terms_of(part) for part in formula.args]
    if formula.is_Add:
        return sum(inside)
    if formula.is_Mul:
        return prod(inside)
    if formula.is_Pow and formula.exp.is_Integer and inside[0] > 1:
        power = abs(int(formula.exp))
        return comb(inside[0] + power - 1, power) if power <= MOST_TERMS else MOST_TERMS + 1
    return max((1, *(n for n in inside if n > MOST_TERMS)))


@dataclass(frozen=True)
class Unrolled:
    """The recurrence in SymPy symbols.

    `equations` are the definitions h_1 = f(h_0, x_1, θ), …, unevaluated, inputs before users; `cost`
    is C with every definition substituted; `symbols` maps the LaTeX of each variable to its symbol.
    """

    equations: tuple[Any, ...]
    cost: Any
    symbols: dict[str, Any]


def unroll(recurrence: Recurrence, horizon: int) -> Unrolled:
    """`recurrence` for `horizon` steps in SymPy symbols; abstract functions are SymPy functions.

    Raises DeriveError where the recurrence has no such horizon.
    """
    graph = unrolled(recurrence, horizon)
    symbols = {node: sympy.Symbol(latex(node)) for node in graph.nodes}
    own = {_atom(node): symbol for node, symbol in symbols.items()}
    equations = []
    values: dict[Any, Any] = {}
    for node in graph.nodes:
        if node in graph.bodies:
            body = to_sympy(graph.bodies[node]).xreplace(own)
            equations.append(sympy.Eq(symbols[node], body, evaluate=False))
            values[symbols[node]] = body.xreplace(values)
    by_name = {latex(node): symbol for node, symbol in symbols.items()}
    return Unrolled(tuple(equations), values[symbols[graph.cost]], by_name)
