"""Formulas as NumPy expressions: vectors are columns, diag(a) X is a * X."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable

from derive.algebra.expression import (
    MINUS_ONE,
    Call,
    Expr,
    Gradient,
    Hadamard,
    Index,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Transpose,
    Variable,
    factors_of,
    multiply,
)
from derive.errors import DeriveError
from derive.notation.latex import CONCATENATION, NORM, is_negative, latex, time_text

FUNCTIONS = {
    "\\tanh": "np.tanh", "\\exp": "np.exp", "\\log": "np.log", "\\ln": "np.log", "\\sin": "np.sin",
    "\\cos": "np.cos", "\\tan": "np.tan", "\\sinh": "np.sinh", "\\cosh": "np.cosh",
    "\\sqrt": "np.sqrt", "\\sigma": "sigmoid", "\\operatorname{softplus}": "softplus",
    "\\operatorname{ReLU}": "relu", "\\operatorname{step}": "step",
    "\\operatorname{softmax}": "softmax", "\\operatorname{tr}": "np.trace",
    "\\operatorname{diag}": "np.diagflat",
}  # fmt: skip
DIAGONAL = "\\operatorname{diag}"


def identifier(name: str) -> str:
    """A LaTeX name as a Python name: W_{f} is W_f, \\hat{y} is hat_y."""
    plain = name.replace("\\mathbf{0}", "O").replace("'", "_prime")
    plain = re.sub(r"\\([a-zA-Z]+)\{", r"\1_", plain)
    letters = re.sub(r"\W+", "_", re.sub(r"[{}\\]", "", plain)).strip("_")
    return f"{letters}_" if keyword.iskeyword(letters) or not letters.isidentifier() else letters


class NumPy:
    """Prints formulas; `is_scalar` says of a formula whether it is a number, not an array."""

    def __init__(self, is_scalar: Callable[[Expr], bool]) -> None:
        self.is_scalar = is_scalar

    def __call__(self, expr: Expr) -> str:
        match expr:
            case Number(value):
                whole = value.denominator == 1
                return str(value) if whole else f"({value.numerator} / {value.denominator})"
            case Index(time):
                return f"({time_text(time)})" if len(time_text(time)) > 1 else time_text(time)
            case Variable():
                return self.variable(expr)
            case Gradient(_, by):
                return f"d_{self.variable(by)}"
            case Sum(terms):
                return f"({self._sum(terms)})"
            case Product(factors):
                return f"({peeled(self._product(factors))})"
            case Hadamard(factors):
                return f"({' * '.join(map(self, factors))})"
            case Transpose(of):
                return f"{self(of)}.T"
            case Quotient(a, b):
                return f"({self(a)} / {self(b)})"
            case Power(Call(function, (inside,)), Number(value)) if function == NORM and value == 2:
                return f"np.sum({self(inside)} ** 2)"
            case Power(base, exponent):
                return f"({self(base)} ** {self(exponent)})"
            case Call():
                return self._call(expr)
            case _:
                raise DeriveError(f"{latex(expr)} has no closed form at a general step")

    def line(self, expr: Expr) -> str:
        """A formula that stands alone: no parentheses around the whole."""
        return peeled(self(expr))

    def variable(self, variable: Variable) -> str:
        """h[t - 1], or the name alone of what all steps share."""
        name = identifier(variable.name)
        return name if variable.time is None else f"{name}[{_time(variable.time)}]"

    def _sum(self, terms: tuple[Expr, ...]) -> str:
        pieces = [self(terms[0])]
        for term in terms[1:]:
            sign, rest = ("-", _negated(term)) if is_negative(term) else ("+", term)
            pieces.append(f"{sign} {self(rest)}")
        return " ".join(pieces)

    def _product(self, factors: tuple[Expr, ...]) -> str:
        """Numbers times the chain of arrays, which ends in a row or is worked out from the right."""
        if factors[0] == MINUS_ONE:
            return f"-{self(multiply(factors[1:]))}"
        groups = self._groups(factors)
        return " * ".join(self._chain(group) for group in groups)

    def _groups(self, factors: tuple[Expr, ...]) -> list[tuple[Expr, ...]]:
        """Each scalar by itself, a row times a column among them; then the arrays."""
        groups: list[tuple[Expr, ...]] = []
        open_ones: tuple[Expr, ...] = ()
        for factor in factors:
            if self.is_scalar(factor):
                groups.append((factor,))
                continue
            open_ones = (*open_ones, factor)
            if len(open_ones) > 1 and self.is_scalar(Product(open_ones)):
                groups.append(open_ones)
                open_ones = ()
        return [*groups, open_ones] if open_ones else groups

    def _chain(self, chain: tuple[Expr, ...]) -> str:
        if len(chain) == 1:
            return self(chain[0])
        *rest, last = chain
        if isinstance(last, Transpose):
            return f"({self._chain(tuple(rest))} @ {self(last)})"
        text = self(last)
        for factor in reversed(rest):
            column = _diagonal(factor)
            text = f"({self(column)} * {text})" if column else f"({self(factor)} @ {text})"
        return text

    def _call(self, call: Call) -> str:
        inside = ", ".join(map(self.line, call.arguments))
        if call.function == NORM:
            inside = self(call.arguments[0])
        if call.function == CONCATENATION:
            return f"np.vstack([{inside}])"
        if call.function == NORM:
            return f"np.sqrt(np.sum({inside} ** 2))"
        if call.function not in FUNCTIONS or call.slots:
            raise DeriveError(f"{latex(call)} is an abstract function: there is no code for it")
        return f"{FUNCTIONS[call.function]}({inside})"


def _diagonal(factor: Expr) -> Expr | None:
    """The column a of diag(a), or a - b of diag(a) - diag(b); None for another matrix."""
    match factor:
        case Call(function, (column,)) if function == DIAGONAL:
            return column
        case Product((Number() as number, Call(function, (column,)))) if function == DIAGONAL:
            return multiply((number, column))
        case Sum(terms):
            found = [_diagonal(term) for term in terms]
            return None if None in found else Sum(tuple(f for f in found if f is not None))
        case _:
            return None


def peeled(text: str) -> str:
    """`text` without parentheses around the whole of it."""
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1]
    return text


def _closing(text: str) -> int:
    """Where the parenthesis that opens the text closes."""
    depth = 0
    for i, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0:
            return i
    return len(text)


def _negated(term: Expr) -> Expr:
    first, *rest = factors_of(term)
    assert isinstance(first, Number)
    return multiply((Number(-first.value), *rest))


def _time(time: Time) -> str:
    return re.sub(r"(?<=.)([+-])", r" \1 ", time_text(time))
