"""The independent oracle: what each derivation states equals SymPy's own `diff` of the unrolled cost.

Reference side: `unroll(r, T).cost`, or the same cost written by hand in this file, and SymPy's `diff`.
Stated side: the right sides of the theorem's chains, each a row of its own over the unrolled definitions.
Polynomial models and the scalar tanh cell are compared by `expand` of the difference, with a letter for
each tanh, where that stays small. All others are compared exactly, at random points modulo a prime of
127 bits; exp, tanh, … of a number is a number drawn for it, the same on both sides. That asks for more
than equal values: the two must agree whatever the functions are, beyond SymPy's slopes.
"""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache, partial
from typing import Any

import pytest
import sympy

from derive.algebra.expression import (
    BigSum,
    Call,
    Expr,
    Immediate,
    Number,
    Partial,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Variable,
)
from derive.derivation.backward import backward
from derive.derivation.forward import forward
from derive.derivation.total import total
from derive.model.builtin import BUILTIN, builtin, from_latex
from derive.model.graph import unrolled, written_out
from derive.model.partials import Partials
from derive.model.recurrence import Recurrence
from derive.model.symbols import Unrolled, unroll
from derive.notation.latex import latex
from derive.proof.kernel import Theorem
from derive.proof.setting import AtHorizon

pytestmark = pytest.mark.slow

DERIVERS: Mapping[str, Callable[[AtHorizon, Variable], Theorem]] = {
    "bptt": backward,
    "forward": forward,
    "total": total,
}
PRIME = 2**127 - 1
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
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
}
SQUARED = "L_t = \\frac{1}{2} \\left(h_t - y_t\\right)^2"
SUM = "C = \\sum_{t=1}^{T} L_t"

USERS: Mapping[str, tuple[str, ...]] = {
    "two states": (
        "c_t = a c_{t-1} + b h_{t-1} + x_t",
        "h_t = \\theta c_t h_{t-1} + a c_{t-1}",
        SQUARED,
        SUM,
    ),
    "lag two": ("h_t = a h_{t-1} + \\theta h_{t-2} + x_t", SQUARED, SUM),
    "lag two squared": ("h_t = \\theta h_{t-1} h_{t-2} + x_t", "L_t = y_t h_t", SUM),
    "closed feedback": (
        "h_t = \\theta o_{t-1} + x_t",
        "o_t = v h_t + \\theta",
        "L_t = \\left(o_t - y_t\\right)^2",
        SUM,
    ),
    "feedback and state": (
        "h_t = \\theta h_{t-1} + v o_{t-1} + x_t",
        "o_t = v h_t + \\theta o_{t-1}",
        "L_t = o_t h_t + y_t o_t",
        SUM,
    ),
    "initial and loss": (
        "h_0 = \\theta^2 + b",
        "h_t = \\theta h_{t-1} + x_t",
        "L_t = \\left(h_t - y_t\\right)^2 + \\theta h_t",
        SUM,
    ),
    "initial of lag two": (
        "h_0 = \\theta",
        "h_{-1} = 3 \\theta + b",
        "h_t = \\theta h_{t-1} + b h_{t-2} + x_t",
        SQUARED,
        SUM,
    ),
    "average": (
        "h_t = \\theta h_{t-1} + x_t",
        "L_t = \\left(h_t - y_t\\right)^2",
        "C = \\frac{1}{T} \\sum_{t=1}^{T} L_t + \\lambda \\theta^2",
    ),
    "closed terminal": (
        "h_t = \\theta h_{t-1}^2 + x_t",
        "C = \\left(h_T - y_T\\right)^2 + \\theta h_T",
    ),
    "first given": ("h_1 = \\theta", "h_t = \\theta h_{t-1} + x_t", SQUARED, SUM),
    "copies": ("w_t = w", "h_t = w_t h_{t-1} + x_t", SQUARED, SUM),
    "through a shared quantity": (
        "w = a^2 + b",
        "h_t = w h_{t-1} + a x_t",
        SQUARED,
        "C = \\sum_{t=1}^{T} L_t + w a",
    ),
    "squared total": (
        "h_t = \\theta h_{t-1} + x_t",
        "S = \\sum_{t=1}^{T} h_t",
        "C = S^2 + \\theta S",
    ),
    "numbers of steps": ("h_t = \\theta h_{t-1} + t x_t", "C = \\sum_{t=1}^{T} t h_t"),
    "exp and log": (
        "h_t = \\exp(-\\theta h_{t-1}) + x_t",
        "L_t = \\log(1 + h_t^2) + \\theta y_t",
        SUM,
    ),
    "sin and cos": ("h_t = \\sin(\\theta h_{t-1} + x_t)", "L_t = \\cos(h_t - y_t)", SUM),
    "sqrt and tan": (
        "h_t = \\sqrt{1 + \\theta h_{t-1}^2}",
        "L_t = \\tan(\\frac{h_t}{9})",
        SUM,
    ),
    "sigmoid": ("h_t = \\sigma(w h_{t-1} + u x_t)", SQUARED, SUM),
    "softplus": ("h_t = \\operatorname{softplus}(w h_{t-1} + x_t)", SQUARED, SUM),
    "hyperbolic": (
        "h_t = \\frac{\\sinh(\\theta h_{t-1})}{\\cosh(b h_{t-1})}",
        "L_t = h_t x_t",
        SUM,
    ),
    "quotient": ("h_t = \\frac{\\theta h_{t-1} + x_t}{1 + b h_{t-1}^2}", SQUARED, SUM),
    "real power": ("h_t = \\left(1 + h_{t-1}^2\\right)^\\theta", "L_t = h_t y_t", SUM),
    "gate with logarithm": (
        "z_t = \\sigma(a h_{t-1})",
        "h_t = z_t h_{t-1} + \\left(1 - z_t\\right) \\tanh(w x_t)",
        "p_t = \\sigma(v h_t)",
        "L_t = -y_t \\log(p_t) - \\left(1 - y_t\\right) \\log(1 - p_t)",
        SUM,
    ),
}
POLYNOMIAL = {
    "linear",
    "quadratic",
    *[name for name in list(USERS)[: list(USERS).index("exp and log")]],
}
SMALL_ENOUGH_TO_EXPAND = {
    "quadratic": 3,
    "lag two squared": 5,
    "closed terminal": 4,
    "two states": 2,
}
CLOSED = tuple(name for name in BUILTIN if not builtin(name).functions)


@cache
def model(name: str) -> Recurrence:
    return builtin(name) if name in BUILTIN else from_latex(USERS[name], name)


CASES = [
    (name, horizon, latex(by))
    for name in (*CLOSED, *USERS)
    for horizon in range(1, 7 if name in CLOSED else 6)
    for by in model(name).parameters
]


def test_the_closed_builtin_models() -> None:
    assert set(CLOSED) >= {"linear", "quadratic", "tanh", "gate"}


# -- the stated side ----------------------------------------------------------------------------------


class Stated:
    """What a theorem's chains say: the unrolled definitions, then one more row a derivative they name.

    `explicit` puts the rows into each other, `at` works them out at a point, each row once.
    """

    def __init__(self, recurrence: Recurrence, horizon: int, theorem: Theorem) -> None:
        self.reference = unroll(recurrence, horizon)
        self.symbols = self.reference.symbols
        self.rows = {e.lhs: e.rhs for e in self.reference.equations}
        self.equations: dict[Expr, Expr] = {}
        for chain in theorem.derivation.chains:
            self.equations[chain.equation.left] = chain.equation.right
        assert theorem.derivation.chains[-1].equation == theorem.claim
        self.known: dict[Expr, Any] = {}
        self.right = self.term(theorem.claim.right)

    def term(self, expr: Expr) -> Any:
        """`expr` in the symbols of the rows; a derivative is a row of its own."""
        match expr:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Variable():
                return self.symbols[latex(expr)]
            case Sum(terms):
                return sympy.Add(*map(self.term, terms))
            case Product(factors):
                return sympy.Mul(*map(self.term, factors))
            case Quotient(a, b):
                return self.term(a) / self.term(b)
            case Power(a, b):
                return self.term(a) ** self.term(b)
            case Call(function, (argument,), ()):
                return FUNCTIONS[function](self.term(argument))
            case BigSum():
                return self.term(written_out(expr))
            case Total() | Immediate():
                if expr not in self.known:
                    body = self.derivative(expr)
                    self.known[expr] = sympy.Symbol(f"stated {latex(expr)}")
                    self.rows[self.known[expr]] = body
                return self.known[expr]
            case _:
                raise AssertionError(f"{expr} is not closed")

    def derivative(self, expr: Total | Immediate) -> Any:
        """By the theorem's own equation; a local symbol without one is what DESIGN section 2 says."""
        if expr in self.equations:
            return self.term(self.equations[expr])
        of, by = self.symbols[latex(expr.of)], self.symbols[latex(expr.by)]
        body = self.rows[of]
        assert by in body.free_symbols, f"{latex(expr)} is stated nowhere and is no edge"
        if isinstance(expr, Total):
            body = self.down_to(by, body)
        return body.diff(by)

    def explicit(self, expr: Any) -> Any:
        """`expr` with every row put in."""
        for symbol, body in reversed(list(self.rows.items())):
            expr = expr.xreplace({symbol: body})
        return expr

    def down_to(self, by: Any, expr: Any) -> Any:
        """`expr` with every row put in that uses `by`, itself or through other rows."""
        users = {by: by}
        for symbol, body in self.rows.items():
            if symbol != by and not users.keys().isdisjoint(body.free_symbols):
                users[symbol] = body.xreplace(users)
        return expr.xreplace(users)

    def at(self, expr: Any, point: Mapping[Any, int]) -> int:
        values = dict(point)
        for symbol, body in self.rows.items():
            values[symbol] = evaluated(body, values)
        return evaluated(expr, values)


# -- comparison ---------------------------------------------------------------------------------------


@cache
def opaque(function: Any) -> Any:
    """`function` with SymPy's own slope, but without the rewriting that takes SymPy minutes."""

    def fdiff(self: Any, argindex: int = 1) -> Any:
        letter = sympy.Dummy()
        slope = bare(function(letter).diff(letter))
        return slope.xreplace({letter: self.args[0]})

    return type(function.__name__, (sympy.Function,), {"fdiff": fdiff})


def bare(expr: Any) -> Any:
    """`expr` with every elementary function opaque."""
    memo: dict[Any, Any] = {}

    def go(part: Any) -> Any:
        if part not in memo:
            arguments = [go(a) for a in part.args]
            make = opaque(part.func) if part.func in ELEMENTARY else part.func
            memo[part] = make(*arguments) if arguments else part
        return memo[part]

    return go(expr)


ELEMENTARY = {
    sympy.exp,
    sympy.log,
    sympy.tanh,
    sympy.sinh,
    sympy.cosh,
    sympy.sin,
    sympy.cos,
    sympy.tan,
}
ODD = {"tanh", "sinh", "sin", "tan"}
EVEN = {"cosh", "cos"}


class NoRootError(Exception):
    """The point is not in the domain of a square root."""


def chosen(function: str, argument: int, *more: int) -> int:
    """The value that was drawn for a function at a number; exp(-a) = 1/exp(a), tanh(-a) = -tanh(a)."""
    negative = argument > PRIME // 2
    if function == "exp" and negative:
        return pow(chosen("exp", PRIME - argument), -1, PRIME)
    if function in ODD and negative:
        return PRIME - chosen(function, PRIME - argument)
    if function in EVEN and negative:
        return chosen(function, PRIME - argument)
    return random.Random(f"{function} {argument} {more}").randrange(1, PRIME)


def raised(base: int, exponent: Any, value: Callable[[Any], int]) -> int:
    """base^exponent: exactly for whole numbers and halves; what is left, θ in 2θ - 1, is drawn."""
    constant, rest = exponent.as_coeff_Add()
    whole = int(sympy.floor(constant))
    result = pow(base, whole, PRIME)
    if constant != whole:
        assert constant - whole == sympy.Rational(1, 2)
        root = pow(base, (PRIME + 1) // 4, PRIME)
        if root**2 % PRIME != base:
            raise NoRootError
        result *= root
    times, rest = rest.as_coeff_Mul()
    if times != 0:
        result *= pow(chosen("power", base, value(rest)), int(times), PRIME)
    return result % PRIME


def evaluated(expr: Any, values: Mapping[Any, int]) -> int:
    """`expr` at a point modulo PRIME, each shared part once."""
    memo = dict(values)

    def go(part: Any) -> int:
        if part not in memo:
            memo[part] = node(part) % PRIME
        return memo[part]

    def node(part: Any) -> int:
        if part.is_Rational:
            return int(part.p) * pow(int(part.q), -1, PRIME)
        if part.is_Add:
            return sum(map(go, part.args))
        if part.is_Mul:
            return math.prod(map(go, part.args))
        if part.is_Pow:
            return raised(go(part.args[0]), part.args[1], go)
        return chosen(type(part).__name__, go(part.args[0]))

    return go(expr)


def points(symbols: set[Any], seed: str) -> Iterator[dict[Any, int]]:
    """Random points modulo PRIME, without end."""
    source = random.Random(seed)
    ordered = sorted(symbols, key=str)
    while True:
        yield {s: source.randrange(1, PRIME) for s in ordered}


def agree(left: Callable[[Any], int], right: Callable[[Any], int], where: Iterator[Any]) -> bool:
    """Whether both have one value at each of two points where both have a value."""
    found: list[bool] = []
    while len(found) < 2:
        with contextlib.suppress(NoRootError):
            at = next(where)
            found.append(left(at) == right(at))
    return all(found)


def expanded(name: str, horizon: int) -> bool:
    """Whether both sides stay small enough to be compared as polynomials, not only at points."""
    return name == "tanh" or (name in POLYNOMIAL and horizon <= SMALL_ENOUGH_TO_EXPAND.get(name, 6))


def assert_equal(name: str, horizon: int, ours: Any, theirs: Any, stated: Stated) -> None:
    """`ours` is a term of `stated`; `theirs` is in leaves alone, its functions opaque."""
    if expanded(name, horizon):
        ours = bare(stated.explicit(ours))
        assert sympy.expand(without_calls(ours) - without_calls(theirs)) == 0
        return
    leaves = (set(stated.symbols.values()) | theirs.free_symbols) - set(stated.rows)
    where = points(leaves, f"{name} {horizon}")
    assert agree(lambda at: stated.at(ours, at), lambda at: evaluated(theirs, at), where)


def without_calls(expr: Any) -> Any:
    """Every tanh by a letter of its own, innermost first; the same letter for the same argument."""
    tanh = opaque(sympy.tanh)
    while calls := expr.atoms(tanh):
        inner = min(calls, key=lambda c: (len(c.atoms(tanh)), str(c)))
        expr = expr.xreplace({inner: sympy.Symbol(f"tanh of {inner.args[0]}")})
    return expr


# -- the tests ----------------------------------------------------------------------------------------


@cache
def reference(name: str, horizon: int) -> Unrolled:
    return unroll(model(name), horizon)


def gradient(name: str, horizon: int, by: str) -> Any:
    """SymPy's own diff of the unrolled cost."""
    found = reference(name, horizon)
    return bare(found.cost).diff(found.symbols[by])


@pytest.mark.parametrize(("name", "horizon", "by"), CASES)
def test_the_derivations_state_what_sympy_differentiates(name: str, horizon: int, by: str) -> None:
    recurrence = model(name)
    setting = AtHorizon(recurrence, horizon)
    parameter = next(p for p in recurrence.parameters if latex(p) == by)
    theirs = gradient(name, horizon, by)
    for way, derive in DERIVERS.items():
        theorem = derive(setting, parameter)
        assert theorem.claim.left == Total(recurrence.cost, parameter), way
        ours = Stated(recurrence, horizon, theorem)
        assert_equal(name, horizon, ours.right, theirs, ours)


@pytest.mark.parametrize("name", [*CLOSED, *USERS])
@pytest.mark.parametrize("horizon", [1, 2])
def test_opaque_functions_leave_sympys_diff_as_it_is(name: str, horizon: int) -> None:
    """SymPy's diff of the cost as it is unrolled, its functions not opaque, has the same values."""
    found = reference(name, horizon)
    for by in model(name).parameters:
        plain = found.cost.diff(found.symbols[latex(by)])
        opaquely = gradient(name, horizon, latex(by))
        where = points(found.cost.free_symbols, name)
        assert agree(partial(evaluated, plain), partial(evaluated, opaquely), where)


def test_the_comparison_can_fail() -> None:
    """A gradient that forgets the path through h_1 is another polynomial, and is found out."""
    for name, horizon in (("quadratic", 3), ("quadratic", 6), ("gate", 3), ("tanh", 2)):
        recurrence = model(name)
        by = recurrence.parameters[0]
        ours = Stated(recurrence, horizon, backward(AtHorizon(recurrence, horizon), by))
        theirs = gradient(name, horizon, latex(by))
        assert_equal(name, horizon, ours.right, theirs, ours)
        h0, x2 = (ours.symbols[letter] for letter in ("h_0", "x_2"))
        for wrong in (ours.right + h0, ours.right - x2**2, ours.right * 2):
            with pytest.raises(AssertionError):
                assert_equal(name, horizon, wrong, theirs, ours)


@pytest.mark.parametrize("horizon", range(1, 7))
def test_unroll_against_an_unrolling_by_hand(horizon: int) -> None:
    """The tanh cell and the lag-two cell, unrolled in this test by plain SymPy."""
    got = unroll(model("tanh"), horizon)
    s = got.symbols
    h, cost = s["h_0"], sympy.Integer(0)
    for t in range(1, horizon + 1):
        h = sympy.tanh(s["w"] * h + s["u"] * s[f"x_{t}"] + s["b"])
        cost += (s["v"] * h - s[f"y_{t}"]) ** 2 / 2
    assert sympy.expand(got.cost - cost) == 0
    lagged = unroll(model("lag two"), horizon)
    s = lagged.symbols
    states = [s["h_{-1}"], s["h_0"]]
    cost = sympy.Integer(0)
    for t in range(1, horizon + 1):
        states.append(s["a"] * states[-1] + s["\\theta"] * states[-2] + s[f"x_{t}"])
        cost += (states[-1] - s[f"y_{t}"]) ** 2 / 2
    assert sympy.expand(lagged.cost - cost) == 0


@pytest.mark.parametrize("horizon", range(1, 5))
def test_derivations_against_a_gradient_by_hand(horizon: int) -> None:
    """h_t = θ h_{t-1} + x_t: ∂C/∂θ = Σ (h_t - y_t) Σ_k θ^{t-k} h_{k-1}, without `unroll`."""
    recurrence = model("linear")
    (by,) = recurrence.parameters
    for derive in DERIVERS.values():
        theorem = derive(AtHorizon(recurrence, horizon), by)
        stated = Stated(recurrence, horizon, theorem)
        ours = stated.explicit(stated.right)
        theta, h = sympy.Symbol("\\theta"), [sympy.Symbol("h_0")]
        for t in range(1, horizon + 1):
            h.append(theta * h[-1] + sympy.Symbol(f"x_{t}"))
        closed = sum(
            (h[t] - sympy.Symbol(f"y_{t}")) * theta ** (t - k) * h[k - 1]
            for t in range(1, horizon + 1)
            for k in range(1, t + 1)
        )
        assert sympy.expand(ours - closed) == 0


@pytest.mark.parametrize("name", [*CLOSED, *USERS])
def test_local_partials_are_sympys(name: str) -> None:
    """∂⁺V/∂B of every edge at T = 3, against `diff` of V's definition with SymPy's functions."""
    recurrence = model(name)
    graph, symbols = unrolled(recurrence, 3), reference(name, 3).symbols
    bodies = {e.lhs: e.rhs for e in reference(name, 3).equations}
    partials = Partials(recurrence)
    empty = backward(AtHorizon(recurrence, 3), recurrence.parameters[0])
    evaluator = Stated(recurrence, 3, empty)
    seen = 0
    for of, inputs in graph.inputs.items():
        for by in inputs:
            found = partials(of, by, Time.at(3))
            assert found is not None and not isinstance(found, Partial)
            theirs = bare(evaluator.explicit(bodies[symbols[latex(of)]].diff(symbols[latex(by)])))
            assert_equal(name, 3, evaluator.term(found), theirs, evaluator)
            seen += 1
    assert seen


@pytest.mark.parametrize("name", CLOSED)
def test_a_symbol_that_is_no_use_has_the_partial_zero(name: str) -> None:
    recurrence = model(name)
    assert Partials(recurrence)(recurrence.cost, Variable("nowhere")) == Number(Fraction(0))
