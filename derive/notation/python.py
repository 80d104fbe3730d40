"""Formulas as NumPy expressions: vectors are columns, diag(a) X is a * X."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable
from itertools import chain, count

from derive.algebra.expression import (
    MINUS_ONE,
    BigSum,
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
from derive.notation.latex import CONCATENATION, NORM, is_negative, latex

FUNCTIONS = {
    "\\tanh": "np.tanh", "\\exp": "np.exp", "\\log": "np.log", "\\ln": "np.log", "\\sin": "np.sin",
    "\\cos": "np.cos", "\\tan": "np.tan", "\\sinh": "np.sinh", "\\cosh": "np.cosh",
    "\\sqrt": "np.sqrt", "\\sigma": "sigmoid", "\\operatorname{softplus}": "softplus",
    "\\operatorname{ReLU}": "relu", "\\operatorname{step}": "step",
    "\\operatorname{softmax}": "softmax", "\\operatorname{tr}": "np.trace",
    "\\operatorname{diag}": "np.diagflat",
}  # fmt: skip
DIAGONAL = "\\operatorname{diag}"
OWN_INDICES = ("t", "T")


def identifier(name: str) -> str:
    """A LaTeX name as a Python name: W_{f} is W_f, \\hat{y} is hat_y. `Names` makes it unique."""
    plain = name.replace("\\mathbf{0}", "O").replace("'", "_prime")
    plain = plain.replace("\\mathrm{", "{")
    plain = re.sub(r"\\([a-zA-Z]+)\{", r"\1_", plain)
    letters = re.sub(r"\W+", "_", re.sub(r"[{}\\]", "", plain)).strip("_")
    return f"{letters}_" if keyword.iskeyword(letters) or not letters.isidentifier() else letters


class Names:
    """The names of a program: the same thing has always one name, two things have never the same.

    A thing is what it is for (`kind`) and how the mathematics calls it: the value of h, the gradient by
    h, the index h. `taken` are the names that the program needs for itself.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._known: dict[tuple[str, str], str] = {}
        self._numbered: set[tuple[str, str]] = set()

    def __call__(self, kind: str, name: str, wanted: str = "") -> str:
        """The name of a thing: `wanted`, or what its letters make, with a number where that is taken."""
        if (kind, name) not in self._known:
            plain = wanted or identifier(name)
            numbered = (f"{plain}_{i}" for i in count(2))
            found = next(n for n in chain((plain,), numbered) if n not in self._taken)
            self._taken.add(found)
            if found != plain:
                self._numbered.add((kind, name))
            self._known[kind, name] = found
        return self._known[kind, name]

    def value(self, v: Variable) -> str:
        """The name of a variable, without its time: w and w_t may be two."""
        return self("value" if v.time is None else "array", v.name)

    def gradient(self, v: Variable) -> str:
        """The gradient by a variable; its own name is settled first, so that a model's d_h keeps it."""
        kind = "gradient" if v.time is None else "gradients"
        return self(kind, v.name, f"d_{self.value(v)}")

    def renamed(self) -> list[tuple[tuple[str, str], str]]:
        """The things whose name has a number, because two wanted the same."""
        return [(thing, found) for thing, found in self._known.items() if thing in self._numbered]

    def index(self, letter: str) -> str:
        return letter if letter in OWN_INDICES else self("index", letter)


class NumPy:
    """Prints formulas; `is_scalar` says of a formula whether it is a number, not an array."""

    def __init__(self, is_scalar: Callable[[Expr], bool], names: Names | None = None) -> None:
        self.is_scalar = is_scalar
        self.names = names or Names()

    def __call__(self, expr: Expr) -> str:
        match expr:
            case Number(value):
                whole = value.denominator == 1
                return str(value) if whole else f"({value.numerator} / {value.denominator})"
            case Index(time):
                text = self.time(time)
                return text if text.isalnum() else f"({text})"
            case Variable():
                return self._at(self.names.value(expr), expr.time)
            case Gradient(_, by):
                return self._at(self.names.gradient(by), by.time)
            case BigSum(index, lower, upper, body):
                steps = f"range({self.time(lower)}, {self.time(upper + 1)})"
                return f"sum({self.line(body)} for {self.names.index(index)} in {steps})"
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

    def _at(self, name: str, time: Time | None) -> str:
        """h[t - 1], or the name alone of what all steps share."""
        return name if time is None else f"{name}[{self.time(time)}]"

    def time(self, time: Time, called: Callable[[str], str] | None = None) -> str:
        """An index expression, such as t - 1 or 2 * k; a positive part first."""
        called, parts = called or self.names.index, []
        for letter, number in sorted(time.letters, key=lambda part: part[1] < 0):
            name = called(letter)
            size = name if abs(number) == 1 else f"{abs(number)} * {name}"
            parts.append(f"{'-' if number < 0 else '+'} {size}")
        if time.shift or not parts:
            shift = f"{'-' if time.shift < 0 else '+'} {abs(time.shift)}"
            parts.insert(len(parts) if parts and parts[0][0] == "+" else 0, shift)
        text = " ".join(parts)
        return text.removeprefix("+ ") if text[0] == "+" else f"-{text[2:]}"

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
