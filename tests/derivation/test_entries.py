"""Every cell with every loss, written out number by number and differentiated by SymPy's scalar `diff`.

The networks are translated from LaTeX by hand: an equation for each entry of each vector, in scalar
symbols. SymPy differentiates each of them by each symbol in it, and the chain rule for numbers adds up
what a gradient is (or, where that stays small, SymPy differentiates the whole unrolled cost). Central
differences of the same equations are the second reference. Nothing here knows of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from random import Random
from typing import Any

import mpmath
import pytest
import sympy

from derive.algebra.expression import Expr, Variable
from derive.derivation.numbers import derived_gradient, entries, transposed
from derive.model.builtin import CELLS, builtin, from_latex
from derive.model.recurrence import Recurrence
from derive.notation.latex import latex
from derive.proof.setting import AtHorizon

pytestmark = pytest.mark.slow

UNITS, INPUTS, OUTPUTS = 2, 3, 2
DIGITS = 50
LARGEST_ERROR = mpmath.mpf(10) ** -25
STEP = mpmath.mpf(10) ** -15

Equations = Iterator[tuple[Any, Any]]
H, X, Y = range(UNITS), range(INPUTS), range(OUTPUTS)


def entry(name: str, *at: int | None, t: int | None = None) -> Any:
    """The symbol of one number: W_{1,2}, or h_1 at step t."""
    where = ",".join(str(i) for i in at)
    return sympy.Symbol(f"{name}({where})" if t is None else f"{name}({where})@{t}")


def sigma(a: Any) -> Any:
    return 1 / (1 + sympy.exp(-a))


# -- cells, entry by entry --------------------------------------------------------------------------


def affine(i: int, t: int, weights: str, states: str, given: str, bias: str, lag: int = 1) -> Any:
    """Σ_j W_ij h_j + Σ_j U_ij x_j + b_i, the states of step t - lag and the inputs of step t."""
    recurrent = sum(entry(weights, i, j) * entry(states, j, t=t - lag) for j in H)
    return recurrent + sum(entry(given, i, j) * entry("x", j, t=t) for j in X) + entry(bias, i)


def rnn(t: int) -> Equations:
    for i in H:
        yield entry("h", i, t=t), sympy.tanh(affine(i, t, "W", "h", "U", "b"))


def lstm(t: int, peephole: bool = False) -> Equations:
    for i in H:
        look = entry("p_{f}", i) * entry("s", i, t=t - 1) if peephole else 0
        yield entry("f", i, t=t), sigma(affine(i, t, "W_{f}", "h", "U_{f}", "b_{f}") + look)
        look = entry("p_{i}", i) * entry("s", i, t=t - 1) if peephole else 0
        yield entry("i", i, t=t), sigma(affine(i, t, "W_{i}", "h", "U_{i}", "b_{i}") + look)
        yield entry("g", i, t=t), sympy.tanh(affine(i, t, "W_{g}", "h", "U_{g}", "b_{g}"))
        kept = entry("f", i, t=t) * entry("s", i, t=t - 1)
        yield entry("s", i, t=t), kept + entry("i", i, t=t) * entry("g", i, t=t)
        look = entry("p_{o}", i) * entry("s", i, t=t) if peephole else 0
        yield entry("o", i, t=t), sigma(affine(i, t, "W_{o}", "h", "U_{o}", "b_{o}") + look)
        yield entry("h", i, t=t), entry("o", i, t=t) * sympy.tanh(entry("s", i, t=t))


def lstm_peephole(t: int) -> Equations:
    return lstm(t, peephole=True)


def gru(t: int) -> Equations:
    """The weights act on the state and, from column UNITS on, on the input."""

    def inside(gate: str, i: int, states: list[Any]) -> Any:
        joined = [*states, *(entry("x", j, t=t) for j in X)]
        bias = entry(f"b_{{{gate}}}", i)
        return sum(entry(f"W_{{{gate}}}", i, j) * v for j, v in enumerate(joined)) + bias

    old = [entry("h", j, t=t - 1) for j in H]
    for gate in ("z", "r"):
        for i in H:
            yield entry(gate, i, t=t), sigma(inside(gate, i, old))
    reset = [entry("r", j, t=t) * old[j] for j in H]
    for i in H:
        yield entry("k", i, t=t), sympy.tanh(inside("k", i, reset))
    for i in H:
        z = entry("z", i, t=t)
        yield entry("h", i, t=t), (1 - z) * old[i] + z * entry("k", i, t=t)


def mgu(t: int) -> Equations:
    for i in H:
        yield entry("f", i, t=t), sigma(affine(i, t, "W_{f}", "h", "U_{f}", "b_{f}"))
    for i in H:
        old = [entry("f", j, t=t) * entry("h", j, t=t - 1) for j in H]
        inputs = sum(entry("U", i, j) * entry("x", j, t=t) for j in X) + entry("b", i)
        candidate = sum(entry("W", i, j) * old[j] for j in H) + inputs
        yield entry("k", i, t=t), sympy.tanh(candidate)
    for i in H:
        f = entry("f", i, t=t)
        yield entry("h", i, t=t), (1 - f) * entry("h", i, t=t - 1) + f * entry("k", i, t=t)


def two_layer(t: int) -> Equations:
    for i in H:
        yield entry("a", i, t=t), sympy.tanh(affine(i, t, "W", "a", "U", "b"))
    for i in H:
        below = sum(entry("Q", i, j) * entry("a", j, t=t) for j in H)
        own = sum(entry("R", i, j) * entry("h", j, t=t - 1) for j in H)
        yield entry("h", i, t=t), sympy.tanh(own + below + entry("d", i))


def ahead(t: int) -> Equations:
    for i in H:
        yield entry("a", i, t=t), sympy.tanh(affine(i, t, "W", "a", "U", "b"))


def back(t: int) -> Equations:
    for i in H:
        yield entry("k", i, t=t), sympy.tanh(affine(i, t, "R", "k", "Q", "d", lag=-1))


STEPS: Mapping[str, Callable[[int], Equations]] = {
    "rnn": rnn,
    "lstm": lstm,
    "lstm-peephole": lstm_peephole,
    "gru": gru,
    "mgu": mgu,
    "two-layer": two_layer,
}


# -- losses -----------------------------------------------------------------------------------------


def logit(name: str, i: int, t: int) -> Any:
    if name == "bidirectional":
        both = (("V", "a"), ("P", "k"))
        return sum(entry(w, i, j) * entry(s, j, t=t) for w, s in both for j in H) + entry("c", i)
    return sum(entry("V", i, j) * entry("h", j, t=t) for j in H) + entry("c", i)


def squared(logits: list[Any], targets: list[Any]) -> Any:
    return sum((a - y) ** 2 for a, y in zip(logits, targets, strict=True)) / 2


def cross_entropy(logits: list[Any], targets: list[Any]) -> Any:
    whole = sum(sympy.exp(a) for a in logits)
    return -sum(y * sympy.log(sympy.exp(a) / whole) for a, y in zip(logits, targets, strict=True))


def binary(logits: list[Any], targets: list[Any]) -> Any:
    return -sum(
        y * sympy.log(sigma(a)) + (1 - y) * sympy.log(1 - sigma(a))
        for a, y in zip(logits, targets, strict=True)
    )


LOSSES = {"squared error": squared, "cross-entropy": cross_entropy, "binary": binary}
IN_LATEX = {
    "squared error": ("v_t = {}", "L_t = \\frac12 \\lVert v_t - y_t \\rVert^2"),
    "cross-entropy": ("p_t = \\operatorname{{softmax}}({})", "L_t = -y_t^\\top \\log(p_t)"),
    "binary": (
        "p_t = \\sigma({})",
        "L_t = -y_t^\\top \\log(p_t) - (1 - y_t)^\\top \\log(1 - p_t)",
    ),
}


def network(name: str, loss: str, horizon: int) -> list[tuple[Any, Any]]:
    """The equations of all steps, each after those that it needs, the cost last."""
    times = range(1, horizon + 1)
    found: list[tuple[Any, Any]] = []
    if name == "bidirectional":
        found += [(entry("k", i, t=horizon + 1), sympy.Integer(0)) for i in H]
        found += [e for t in times for e in ahead(t)]
        found += [e for t in reversed(times) for e in back(t)]
    else:
        found += [e for t in times for e in STEPS[name](t)]
    for t in times:
        logits = [entry("logit", i, t=t) for i in Y]
        found += [(a, logit(name, i, t)) for i, a in enumerate(logits)]
        found.append((entry("L", t=t), LOSSES[loss](logits, [entry("y", i, t=t) for i in Y])))
    found.append((sympy.Symbol("C"), sympy.Add(*(entry("L", t=t) for t in times))))
    return found


# -- the model as derive reads it -------------------------------------------------------------------


@cache
def model(name: str, loss: str) -> Recurrence:
    """The built-in cell with another loss, its sizes declared."""
    state = "a_t" if name == "bidirectional" else "h_t"
    inside = "V a_t + P k_t + c" if name == "bidirectional" else "V h_t + c"
    read_out = ("V h_t + c", "V a_t + P k_t + c")
    kept = [
        d
        for d in CELLS[name].definitions
        if not d.startswith(("L_t", "p_t", "C =")) and not any(o in d for o in read_out)
    ]
    sizes = [f"{state} \\in \\mathbb{{R}}^{UNITS}", f"x_t \\in \\mathbb{{R}}^{INPUTS}"]
    sizes.append(f"y_t \\in \\mathbb{{R}}^{OUTPUTS}")
    if name in ("two-layer", "bidirectional"):
        other = "a_t" if name == "two-layer" else "k_t"
        sizes.append(f"{other} \\in \\mathbb{{R}}^{UNITS}")
    lines = [line.format(inside) if "{}" in line else line for line in IN_LATEX[loss]]
    if name == "lstm-peephole":  # its weights p_{f} have the letter
        lines = [line.replace("p_t", "q_t") for line in lines]
    return from_latex((*kept, *lines, "C = \\sum_{t=1}^{T} L_t", *sizes), name)


def leaf_values(setting: AtHorizon, seed: str) -> dict[Expr, Any]:
    """Random numbers for all that is given."""
    random = Random(seed)
    found: dict[Expr, Any] = {}
    shapes = setting.recurrence.shapes
    for node in setting.graph.nodes:
        if node not in setting.graph.bodies:
            rows, columns = (size.shift for size in shapes[node.name])
            found[node] = [
                [mpmath.mpf(random.randint(-9, 9)) / 10 + 0.05 for _ in range(columns)]
                for _ in range(rows)
            ]
    return found


def by_entry(leaves: Mapping[Expr, Any]) -> dict[Any, Any]:
    """The same numbers by the symbols of this file."""
    found = {}
    for node, rows in leaves.items():
        assert isinstance(node, Variable)
        t = node.time.shift if node.time is not None else None
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                at = (i,) if len(row) == 1 else (i, j)
                found[entry(node.name, *at, t=t)] = value
    return found


def symbols_of(leaves: Mapping[Expr, Any], by: Variable) -> list[Any]:
    """The symbols of a parameter, row after row."""
    return list(by_entry({by: leaves[by]}))


# -- the gradient of the equations ------------------------------------------------------------------


@cache
def with_slopes(body: Any, count: int) -> Callable[..., Any]:
    """A body in the letters s0, s1, … and SymPy's derivative by each of them, ready for mpmath."""
    letters = [sympy.Symbol(f"s{i}") for i in range(count)]
    return sympy.lambdify([letters], [body, *(sympy.diff(body, s) for s in letters)], "mpmath")


class Differentiated:
    """Each equation with SymPy's derivative by each symbol in it."""

    def __init__(self, equations: list[tuple[Any, Any]]) -> None:
        self.rows = []
        for symbol, body in equations:
            used = sorted(body.free_symbols, key=str)
            letters = {u: sympy.Symbol(f"s{i}") for i, u in enumerate(used)}
            self.rows.append((symbol, used, with_slopes(body.xreplace(letters), len(used))))

    def cost(self, given: Mapping[Any, Any]) -> Any:
        known = dict(given)
        for symbol, used, run in self.rows:
            known[symbol] = run([known[u] for u in used])[0]
        return known[sympy.Symbol("C")]

    def gradient(self, given: Mapping[Any, Any], wrt: list[Any]) -> list[Any]:
        """∂C by each symbol of `wrt`: the chain rule for numbers, from the first equation on."""
        known = dict(given)
        moved: dict[Any, list[Any]] = {
            by: [mpmath.mpf(int(by == other)) for other in wrt] for by in wrt
        }
        for symbol, used, run in self.rows:
            known[symbol], *slopes = run([known[u] for u in used])
            parts = [(a, moved[u]) for u, a in zip(used, slopes, strict=True) if u in moved]
            if parts:
                moved[symbol] = [sum(a * m[k] for a, m in parts) for k in range(len(wrt))]
        return moved[sympy.Symbol("C")]

    def difference(self, given: Mapping[Any, Any], by: Any) -> Any:
        """∂C by one symbol, by a central difference."""
        costs = [self.cost({**given, by: given[by] + move}) for move in (STEP, -STEP)]
        return (costs[0] - costs[1]) / (2 * STEP)


each_cell = pytest.mark.parametrize("name", CELLS)
each_loss = pytest.mark.parametrize("loss", LOSSES)


def test_the_same_cells() -> None:
    """The models of this file are the built-in ones but for their losses."""
    assert {*STEPS, "bidirectional"} == set(CELLS)
    for name, loss in (
        ("lstm", "cross-entropy"),
        ("gru", "binary"),
        ("lstm-peephole", "squared error"),
    ):
        bodies = [latex(d.body) for d in model(name, loss).definitions]
        assert bodies == [latex(d.body) for d in builtin(name).definitions]


@each_cell
@each_loss
@pytest.mark.parametrize("horizon", [1, 3])
def test_every_entry_of_every_gradient(name: str, loss: str, horizon: int) -> None:
    setting = AtHorizon(model(name, loss), horizon)
    reference = Differentiated(network(name, loss, horizon))
    with mpmath.workdps(DIGITS):
        leaves = leaf_values(setting, f"{name} {loss} {horizon}")
        given = by_entry(leaves)
        wrt = {by: symbols_of(leaves, by) for by in setting.recurrence.parameters}
        expected = iter(reference.gradient(given, [s for part in wrt.values() for s in part]))
        seen = 0
        for by, symbols in wrt.items():
            derived = entries(transposed(derived_gradient(setting, by, leaves)))
            slopes = [next(expected) for _ in symbols]
            assert len(derived) == len(slopes)
            for ours, theirs in zip(derived, slopes, strict=True):
                assert abs(ours - theirs) < LARGEST_ERROR, by
            seen += any(abs(s) > 1e-6 for s in slopes)
            chosen = Random(str(by)).randrange(len(symbols))
            moved = reference.difference(given, symbols[chosen])
            assert abs(derived[chosen] - moved) < LARGEST_ERROR, by
        assert seen >= len(wrt) - 1  # k_{T+1} = 0: at T = 1 R is not used


@pytest.mark.parametrize(
    ("name", "loss", "horizon"),
    [("rnn", loss, 2) for loss in LOSSES]
    + [(name, "squared error", 1) for name in ("two-layer", "bidirectional")],
)
def test_the_whole_cost_differentiated_at_once(name: str, loss: str, horizon: int) -> None:
    """SymPy's `diff` of the unrolled cost in the given symbols alone: no chain rule of this file."""
    setting = AtHorizon(model(name, loss), horizon)
    whole: dict[Any, Any] = {}
    for symbol, body in network(name, loss, horizon):
        whole[symbol] = body.xreplace(whole)
    cost = whole[sympy.Symbol("C")]
    with mpmath.workdps(DIGITS):
        leaves = leaf_values(setting, f"{name} {loss} {horizon} whole")
        given = by_entry(leaves)
        used = sorted(cost.free_symbols, key=str)
        for by in setting.recurrence.parameters:
            symbols = symbols_of(leaves, by)
            derived = entries(transposed(derived_gradient(setting, by, leaves)))
            for at in {0, len(symbols) - 1}:
                slope = sympy.lambdify([used], cost.diff(symbols[at]), "mpmath", cse=True)
                expected = slope([given[u] for u in used])
                assert abs(derived[at] - expected) < LARGEST_ERROR, by


LINEAR = (
    "h_t = W h_{t-1} + U x_t + b \\odot h_{t-1}",
    "v_t = V h_t + c",
    "L_t = \\lVert v_t - y_t \\rVert^2",
    "C = \\sum_t L_t",
    "h_t \\in \\mathbb{R}^2",
    "x_t \\in \\mathbb{R}^3",
    "y_t \\in \\mathbb{R}^2",
)


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_a_polynomial_cell_exactly(horizon: int) -> None:
    """Whole numbers of far fewer than 50 digits: both sides are exact, and equal."""
    setting, random = AtHorizon(from_latex(LINEAR), horizon), Random(horizon)
    with mpmath.workdps(DIGITS):
        leaves = {
            node: [[mpmath.mpf(random.randint(-3, 3)) for _ in row] for row in rows]
            for node, rows in leaf_values(setting, "linear").items()
        }
        given = {s: sympy.Integer(int(x)) for s, x in by_entry(leaves).items()}
        for by in setting.recurrence.parameters:
            derived = entries(transposed(derived_gradient(setting, by, leaves)))
            for ours, symbol in zip(derived, symbols_of(leaves, by), strict=True):
                cost = linear_cost({**given, symbol: symbol}, horizon)
                expected = sympy.expand(cost).diff(symbol).xreplace({symbol: given[symbol]})
                assert ours == int(expected)


def linear_cost(given: Mapping[Any, Any], horizon: int) -> Any:
    """The cost of LINEAR, entry by entry."""
    h, cost = [given[entry("h", i, t=0)] for i in H], sympy.Integer(0)
    for t in range(1, horizon + 1):
        h = [
            sum(given[entry("W", i, j)] * h[j] for j in H)
            + sum(given[entry("U", i, j)] * given[entry("x", j, t=t)] for j in X)
            + given[entry("b", i)] * h[i]
            for i in H
        ]
        v = [sum(given[entry("V", i, j)] * h[j] for j in H) + given[entry("c", i)] for i in Y]
        cost += sum((a - given[entry("y", i, t=t)]) ** 2 for i, a in enumerate(v))
    return cost
