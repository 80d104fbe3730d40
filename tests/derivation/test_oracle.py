"""The independent oracle: what each derivation states equals SymPy's own `diff` of the unrolled cost.

Reference side: `unroll(r, T).cost`, or the same cost written by hand in this file, and SymPy's `diff`.
Stated side: the right sides of the theorem's chains, put into each other until only inputs, parameters
and initial states are left. Polynomial models are compared by `expand` of the difference, where that
stays small, and exactly at random integers (beyond 10^9, degree below 200) where it does not. The
scalar tanh cell is compared by `expand` too, after the same letter was put for the same tanh on both
sides. All other models with transcendental functions are compared at random rational points with 50
digits. Three of these have an explicit cost that SymPy differentiates for minutes from T = 3 on; there
SymPy differentiates definition by definition (`StepByStep`), and both references are compared at T ≤ 2
and for all other models.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
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

DERIVERS: Mapping[str, Callable[[AtHorizon, Variable], Theorem]] = {
    "bptt": backward,
    "forward": forward,
    "total": total,
}
DIGITS = 50
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
EXPLICIT = {"gate": 2, "gate with logarithm": 2, "hyperbolic": 2}


@cache
def model(name: str) -> Recurrence:
    return builtin(name) if name in BUILTIN else from_latex(USERS[name], name)


CASES = [
    *[
        pytest.param(
            name, t, marks=[pytest.mark.slow] if (name, t) > ("gate", 4) and name == "gate" else []
        )
        for name in CLOSED
        for t in range(1, 7)
    ],
    *[(name, horizon) for name in USERS for horizon in range(1, 6)],
]


def test_the_closed_builtin_models() -> None:
    assert set(CLOSED) >= {"linear", "quadratic", "tanh", "gate"}


# -- the stated side ----------------------------------------------------------------------------------


class Stated:
    """What a theorem's chains say, as one SymPy expression in leaves alone."""

    def __init__(self, recurrence: Recurrence, horizon: int, theorem: Theorem) -> None:
        self.reference = unroll(recurrence, horizon)
        self.symbols = self.reference.symbols
        self.bodies = {e.lhs: e.rhs for e in self.reference.equations}
        self.equations: dict[Expr, Expr] = {}
        for chain in theorem.derivation.chains:
            self.equations[chain.equation.left] = chain.equation.right
        assert theorem.derivation.chains[-1].equation == theorem.claim
        self.known: dict[Expr, Any] = {}

    def value(self, expr: Expr) -> Any:
        match expr:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Variable():
                return self.leaves(self.symbols[latex(expr)])
            case Sum(terms):
                return sympy.Add(*map(self.value, terms))
            case Product(factors):
                return sympy.Mul(*map(self.value, factors))
            case Quotient(a, b):
                return self.value(a) / self.value(b)
            case Power(a, b):
                return self.value(a) ** self.value(b)
            case Call(function, (argument,), ()):
                return FUNCTIONS[function](self.value(argument))
            case BigSum():
                return self.value(written_out(expr))
            case Total() | Immediate():
                if expr not in self.known:
                    self.known[expr] = self.derivative(expr)
                return self.known[expr]
            case _:
                raise AssertionError(f"{expr} is not closed")

    def derivative(self, expr: Total | Immediate) -> Any:
        """By the theorem's own equation; a local symbol without one is what DESIGN section 2 says."""
        if expr in self.equations:
            return self.value(self.equations[expr])
        of, by = self.symbols[latex(expr.of)], self.symbols[latex(expr.by)]
        body = self.bodies[of]
        assert by in body.free_symbols, f"{latex(expr)} is stated nowhere and is no edge"
        if isinstance(expr, Total):
            body = self.leaves(body, held=by)
        return self.leaves(body.diff(by))

    def leaves(self, expr: Any, held: Any = None) -> Any:
        """`expr` with every definition put in, except that of `held`."""
        for symbol, body in reversed(list(self.bodies.items())):
            if symbol != held:
                expr = expr.xreplace({symbol: body})
        return expr


def stated(recurrence: Recurrence, horizon: int, theorem: Theorem) -> Any:
    return Stated(recurrence, horizon, theorem).value(theorem.claim.right)


# -- comparison ---------------------------------------------------------------------------------------


def evaluated(expr: Any, values: Mapping[Any, Any]) -> Any:
    """`expr` at a point, in the numbers of `values` (Fraction or mpf), each shared part once."""
    exact = isinstance(next(iter(values.values())), Fraction)
    memo = dict(values)

    def go(part: Any) -> Any:
        if part not in memo:
            memo[part] = node(part)
        return memo[part]

    def node(part: Any) -> Any:
        if part.is_Rational:
            return Fraction(int(part.p), int(part.q)) if exact else mpmath.mpf(part.p) / part.q
        if part.is_Add:
            return sum(map(go, part.args[1:]), go(part.args[0]))
        if part.is_Mul:
            product = go(part.args[0])
            for factor in part.args[1:]:
                product *= go(factor)
            return product
        if part.is_Pow:
            base, exponent = part.args
            return go(base) ** (int(exponent) if exponent.is_Integer else go(exponent))
        assert not exact, part
        return getattr(mpmath, type(part).__name__)(go(part.args[0]))

    return go(expr)


def point(symbols: set[Any], seed: str, exact: bool) -> dict[Any, Any]:
    """Random integers beyond 10^9, or random fractions between 1/4 and 3/4."""
    source = random.Random(seed)
    ordered = sorted(symbols, key=str)
    if exact:
        return {s: Fraction(source.randint(10**9, 10**10)) for s in ordered}
    return {s: mpmath.mpf(source.randint(250, 750)) / 1000 for s in ordered}


def assert_equal(name: str, horizon: int, ours: Any, theirs: Any) -> None:
    symbols = (ours.free_symbols | theirs.free_symbols) or {sympy.Symbol("unused")}
    if name == "tanh":
        ours, theirs = without_tanh(ours), without_tanh(theirs)
    if name == "tanh" or (name in POLYNOMIAL and horizon <= SMALL_ENOUGH_TO_EXPAND.get(name, 6)):
        assert sympy.expand(ours - theirs) == 0
        return
    for seed in range(2):
        with mpmath.workdps(DIGITS + 15):
            at = point(symbols, f"{name} {horizon} {seed}", exact=name in POLYNOMIAL)
            left = evaluated(ours, at)
            right = theirs.at(at) if isinstance(theirs, StepByStep) else evaluated(theirs, at)
            if name in POLYNOMIAL:
                assert left == right
            else:
                scale = max(abs(left), abs(right), mpmath.mpf(10) ** -9)
                assert abs(left - right) < scale * mpmath.mpf(10) ** -DIGITS


def without_tanh(expr: Any) -> Any:
    """Every tanh by a letter of its own, innermost first; the same letter for the same argument."""
    letters: dict[Any, Any] = {}
    while calls := expr.atoms(sympy.tanh):
        inner = min(calls, key=lambda c: (len(c.atoms(sympy.tanh)), str(c)))
        expr = expr.xreplace({inner: sympy.Symbol(f"tanh of {inner.args[0]}")})
        letters[inner] = True
    return expr


# -- the tests ----------------------------------------------------------------------------------------


@cache
def reference(name: str, horizon: int) -> Unrolled:
    return unroll(model(name), horizon)


class StepByStep:
    """SymPy's diff where the explicit cost is too large for it: every variable a function of θ.

    SymPy differentiates each unrolled definition with h_t(θ), o_t(θ), … in it; its Derivative(h_t(θ), θ)
    is then the number that was found for h_t before. None of it is ours.
    """

    def __init__(self, reference: Unrolled, by: Any) -> None:
        self.by = by
        names = {e.lhs: sympy.Function(f"value_{i}")(by) for i, e in enumerate(reference.equations)}
        self.rows = [
            (e.lhs, e.rhs, e.rhs.xreplace(names).diff(by), names[e.lhs])
            for e in reference.equations
        ]
        self.free_symbols = reference.cost.free_symbols

    def at(self, point: Mapping[Any, Any]) -> Any:
        values, slopes = dict(point), dict[Any, Any]()
        for symbol, body, slope, function in self.rows:
            slopes[sympy.Derivative(function, self.by)] = evaluated(slope, {**values, **slopes})
            values[symbol] = evaluated(body, values)
            values[function] = values[symbol]
        return list(slopes.values())[-1]


@cache
def gradient(name: str, horizon: int, by: str) -> Any:
    """SymPy's own diff of the unrolled cost."""
    found = reference(name, horizon)
    symbol = found.symbols[by]
    if horizon > EXPLICIT.get(name, 6):
        return StepByStep(found, symbol)
    return found.cost.diff(symbol)


@pytest.mark.parametrize("way", DERIVERS)
@pytest.mark.parametrize(("name", "horizon"), CASES)
def test_the_derivation_states_what_sympy_differentiates(name: str, horizon: int, way: str) -> None:
    recurrence = model(name)
    setting = AtHorizon(recurrence, horizon)
    for by in recurrence.parameters:
        theorem = DERIVERS[way](setting, by)
        assert theorem.claim.left == Total(recurrence.cost, by)
        theirs = gradient(name, horizon, latex(by))
        assert_equal(name, horizon, stated(recurrence, horizon, theorem), theirs)


@pytest.mark.parametrize("name", [*CLOSED, *USERS])
def test_both_references_agree(name: str) -> None:
    for horizon in (1, 2):
        found = reference(name, horizon)
        for by in model(name).parameters:
            symbol = found.symbols[latex(by)]
            explicit = found.cost.diff(symbol)
            with mpmath.workdps(DIGITS + 15):
                at = point(found.cost.free_symbols, name, exact=name in POLYNOMIAL)
                right = evaluated(explicit, at)
                left = StepByStep(found, symbol).at(at)
                if name in POLYNOMIAL:
                    assert left == right
                else:
                    assert abs(left - right) <= abs(right) * mpmath.mpf(10) ** -DIGITS


def test_the_comparison_can_fail() -> None:
    """A gradient that forgets the path through h_1 is another polynomial, and is found out."""
    recurrence = model("quadratic")
    setting = AtHorizon(recurrence, 3)
    theorem = backward(setting, recurrence.parameters[0])
    ours = stated(recurrence, 3, theorem)
    h0, x2 = (reference("quadratic", 3).symbols[name] for name in ("h_0", "x_2"))
    for wrong in (ours + h0, ours - x2**2, ours * 2):
        for name, horizon in (("quadratic", 3), ("quadratic", 6), ("gate", 3)):
            with pytest.raises(AssertionError):
                assert_equal(name, horizon, wrong, ours)


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
        ours = stated(recurrence, horizon, theorem)
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
            theirs = evaluator.leaves(bodies[symbols[latex(of)]].diff(symbols[latex(by)]))
            assert_equal(name, 3, evaluator.value(found), theirs)
            seen += 1
    assert seen


@pytest.mark.parametrize("name", CLOSED)
def test_a_symbol_that_is_no_use_has_the_partial_zero(name: str) -> None:
    recurrence = model(name)
    assert Partials(recurrence)(recurrence.cost, Variable("nowhere")) == Number(Fraction(0))
