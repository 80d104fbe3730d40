"""The built-in cells: proved, and right in numbers by networks written out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Any

import mpmath
import pytest

from derive.algebra.expression import (
    Equation,
    Expr,
    Gradient,
    Immediate,
    Time,
    Total,
    Variable,
    factors_of,
)
from derive.derivation.backward import backward
from derive.derivation.every import every
from derive.derivation.forward import forward
from derive.derivation.gradients import adjoints, gradients, sensitivities
from derive.derivation.numbers import (
    Comparison,
    compare,
    derived_gradient,
    entries,
    random_leaves,
    small,
    transposed,
    values_of,
)
from derive.derivation.total import total
from derive.errors import DeriveError
from derive.model.builtin import CELLS, builtin, from_latex
from derive.model.recurrence import Recurrence
from derive.notation.latex import latex
from derive.proof.agreement import agree
from derive.proof.setting import AtHorizon, BothDirections, EveryHorizon, general_step

each_cell = pytest.mark.parametrize("name", CELLS)
Vector = list[Any]


# -- networks by hand -------------------------------------------------------------------------------


class Given:
    """The numbers of a run, by their LaTeX: vectors as lists, matrices as lists of rows."""

    def __init__(self, leaves: dict[Expr, Any]) -> None:
        self.leaves = leaves

    def __getitem__(self, name: str) -> Any:
        value = self.leaves[Variable(name)]
        is_vector = isinstance(value, list) and len(value[0]) == 1
        return [row[0] for row in value] if is_vector else value

    def at(self, name: str, t: int) -> Vector:
        return [row[0] for row in self.leaves[Variable(name, Time.at(t))]]


def affine(*parts: Vector) -> Vector:
    return [sum(column) for column in zip(*parts, strict=True)]


def dot(matrix: Sequence[Vector], vector: Vector) -> Vector:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def mul(a: Vector, b: Vector) -> Vector:
    return [x * y for x, y in zip(a, b, strict=True)]


def tanh(a: Vector) -> Vector:
    return [mpmath.tanh(x) for x in a]


def logistic(a: Vector) -> Vector:
    return [1 / (1 + mpmath.exp(-x)) for x in a]


def mix(z: Vector, old: Vector, new: Vector) -> Vector:
    return [(1 - g) * a + g * b for g, a, b in zip(z, old, new, strict=True)]


def squared(o: Vector, y: Vector) -> Any:
    return sum((a - b) ** 2 for a, b in zip(o, y, strict=True)) / 2


def output(g: Given, h: Vector) -> Vector:
    return affine(dot(g["V"], h), g["c"])


def rnn(g: Given, horizon: int) -> Any:
    h, cost = g.at("h", 0), 0
    for t in range(1, horizon + 1):
        h = tanh(affine(dot(g["W"], h), dot(g["U"], g.at("x", t)), g["b"]))
        cost += squared(output(g, h), g.at("y", t))
    return cost


def lstm(g: Given, horizon: int, peephole: bool = False) -> Any:
    h, s, cost = g.at("h", 0), g.at("s", 0), 0

    def gate(name: str, x: Vector, cell: Vector) -> Vector:
        parts = [dot(g[f"W_{{{name}}}"], h), dot(g[f"U_{{{name}}}"], x), g[f"b_{{{name}}}"]]
        if peephole and name != "g":
            parts.append(mul(g[f"p_{{{name}}}"], cell))
        return affine(*parts)

    for t in range(1, horizon + 1):
        x = g.at("x", t)
        forget, into, new = (
            logistic(gate("f", x, s)),
            logistic(gate("i", x, s)),
            tanh(gate("g", x, s)),
        )
        s = affine(mul(forget, s), mul(into, new))
        h = mul(logistic(gate("o", x, s)), tanh(s))
        logits, y = output(g, h), g.at("y", t)
        if peephole:
            cost += squared(logits, y)
        else:
            whole = mpmath.log(sum(mpmath.exp(a) for a in logits))
            cost -= sum(b * (a - whole) for a, b in zip(logits, y, strict=True))
    return cost


def lstm_peephole(g: Given, horizon: int) -> Any:
    return lstm(g, horizon, peephole=True)


def gru(g: Given, horizon: int) -> Any:
    h, cost = g.at("h", 0), 0
    for t in range(1, horizon + 1):
        x = g.at("x", t)
        z = logistic(affine(dot(g["W_{z}"], h + x), g["b_{z}"]))
        r = logistic(affine(dot(g["W_{r}"], h + x), g["b_{r}"]))
        h = mix(z, h, tanh(affine(dot(g["W_{k}"], mul(r, h) + x), g["b_{k}"])))
        for p, y in zip(logistic(output(g, h)), g.at("y", t), strict=True):
            cost -= y * mpmath.log(p) + (1 - y) * mpmath.log(1 - p)
    return cost


def mgu(g: Given, horizon: int) -> Any:
    h, cost = g.at("h", 0), 0
    for t in range(1, horizon + 1):
        x = g.at("x", t)
        f = logistic(affine(dot(g["W_{f}"], h), dot(g["U_{f}"], x), g["b_{f}"]))
        h = mix(f, h, tanh(affine(dot(g["W"], mul(f, h)), dot(g["U"], x), g["b"])))
        cost += squared(output(g, h), g.at("y", t))
    return cost


def two_layer(g: Given, horizon: int) -> Any:
    a, h, cost = g.at("a", 0), g.at("h", 0), 0
    for t in range(1, horizon + 1):
        a = tanh(affine(dot(g["W"], a), dot(g["U"], g.at("x", t)), g["b"]))
        h = tanh(affine(dot(g["R"], h), dot(g["Q"], a), g["d"]))
        cost += squared(output(g, h), g.at("y", t))
    return cost


def bidirectional(g: Given, horizon: int) -> Any:
    a, k, cost = g.at("a", 0), [0] * len(g["d"]), 0
    ahead, back = {}, {}
    for t in range(1, horizon + 1):
        a = ahead[t] = tanh(affine(dot(g["W"], a), dot(g["U"], g.at("x", t)), g["b"]))
    for t in range(horizon, 0, -1):
        k = back[t] = tanh(affine(dot(g["R"], k), dot(g["Q"], g.at("x", t)), g["d"]))
    for t in range(1, horizon + 1):
        o = affine(dot(g["V"], ahead[t]), dot(g["P"], back[t]), g["c"])
        cost += squared(o, g.at("y", t))
    return cost


NETWORKS: dict[str, Callable[[Given, int], Any]] = {
    "rnn": rnn,
    "lstm": lstm,
    "lstm-peephole": lstm_peephole,
    "gru": gru,
    "mgu": mgu,
    "two-layer": two_layer,
    "bidirectional": bidirectional,
}


def test_every_cell_has_a_network_by_hand() -> None:
    assert list(NETWORKS) == list(CELLS)


@each_cell
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_the_derived_gradients_are_those_of_the_network_by_hand(name: str, horizon: int) -> None:
    recurrence, network = builtin(name), NETWORKS[name]
    setting = AtHorizon(recurrence, horizon)
    with mpmath.workdps(30):
        leaves = random_leaves(setting.graph, Random(horizon))
        cost = network(Given(leaves), horizon)
        assert abs(values_of(setting.graph, leaves)[setting.cost] - cost) < 1e-25
        for by in recurrence.parameters:
            derived = transposed(derived_gradient(setting, by, leaves))
            expected = by_hand(network, leaves, by, horizon)
            assert len(entries(derived)) == len(expected)
            assert horizon == 1 or any(abs(e) > 1e-6 for e in expected)
            for a, b in zip(entries(derived), expected, strict=True):
                assert abs(a - b) < 1e-12 * (1 + abs(b)), by


def by_hand(
    network: Callable[[Given, int], Any], leaves: dict[Expr, Any], by: Variable, horizon: int
) -> list[Any]:
    """The central differences of the network's cost, entry by entry, row after row."""
    value, step = leaves[by], mpmath.mpf(10) ** -8
    found = []
    for i, row in enumerate(value):
        for j in range(len(row)):
            costs = []
            for sign in (1, -1):
                moved = [list(r) for r in value]
                moved[i][j] += sign * step
                costs.append(network(Given({**leaves, by: small(moved)}), horizon))
            found.append((costs[0] - costs[1]) / (2 * step))
    return found


# -- proofs -----------------------------------------------------------------------------------------


@cache
def every_setting(name: str) -> EveryHorizon | BothDirections:
    return general_step(builtin(name))


@each_cell
@pytest.mark.parametrize("horizon", [1, 2])
def test_the_three_agree_at_a_given_horizon(name: str, horizon: int) -> None:
    setting = AtHorizon(builtin(name), horizon)
    for by in setting.recurrence.parameters:
        ways = (total(setting, by), forward(setting, by), backward(setting, by))
        theorem = agree(setting, by, *ways)
        assert "with the factors in the same order" in theorem.method


@each_cell
def test_proved_for_every_horizon(name: str) -> None:
    setting = every_setting(name)
    for by in (setting.recurrence.parameters[0], setting.recurrence.parameters[-1]):
        assert every(setting, by).scope == "every T ≥ 1"


TEXTBOOK = {
    "W": (
        r"\sum_{s=1}^{T} h_{s-1} \frac{\partial C}{\partial h_s}"
        r" \operatorname{diag}(1 - h_s^2)",
        r"\sum_{s=1}^{T} \operatorname{diag}(1 - h_s^2)"
        r" \left(\nabla_{h_s} C\right) h_{s-1}^\top",
    ),
    "U": (
        r"\sum_{s=1}^{T} x_s \frac{\partial C}{\partial h_s} \operatorname{diag}(1 - h_s^2)",
        r"\sum_{s=1}^{T} \operatorname{diag}(1 - h_s^2) \left(\nabla_{h_s} C\right) x_s^\top",
    ),
    "V": (
        r"\sum_{s=1}^{T} h_s \frac{\partial C}{\partial o_s}",
        r"\sum_{s=1}^{T} \left(\nabla_{o_s} C\right) h_s^\top",
    ),
    "c": (
        r"\sum_{s=1}^{T} \frac{\partial C}{\partial o_s}",
        r"\sum_{s=1}^{T} \nabla_{o_s} C",
    ),
}


@pytest.mark.parametrize("parameter", TEXTBOOK)
def test_the_gradients_of_textbooks_for_every_horizon(parameter: str) -> None:
    setting, by = every_setting("rnn"), Variable(parameter)
    row, column = adjoints(setting, by), gradients(setting, by)
    assert row.scope == column.scope == "every T ≥ 1"
    assert (latex(row.claim.right), latex(column.claim.right)) == TEXTBOOK[parameter]
    assert row.claim.left == Total(setting.cost, by)
    assert column.claim.left == Gradient(setting.cost, by)


@each_cell
def test_the_gradients_at_a_given_horizon(name: str) -> None:
    setting = AtHorizon(builtin(name), 2)
    for by in setting.recurrence.parameters:
        theorem = gradients(setting, by)
        assert theorem.claim.left == Gradient(setting.cost, by)
        assert theorem.scope == "T = 2"


def test_the_adjoint_of_a_state_in_both_layouts() -> None:
    setting, by = every_setting("rnn"), Variable("W")
    found = {e for t in (adjoints(setting, by), gradients(setting, by)) for e in equations(t)}
    text = {latex(e).replace(r"\operatorname{diag}", "D") for e in found}
    after = r"\frac{\partial C}{\partial h_{t+1}} D(1 - h_{t+1}^2) W"
    assert (
        rf"\frac{{\partial C}}{{\partial h_t}} = \frac{{\partial C}}{{\partial o_t}} V + {after}"
        in text
    )
    later = r"W^\top D(1 - h_{t+1}^2) \nabla_{h_{t+1}} C"
    assert rf"\nabla_{{h_t}} C = V^\top \nabla_{{o_t}} C + {later}" in text


def equations(theorem: Any) -> list[Equation]:
    return [chain.equation for chain in theorem.derivation.chains]


# -- numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rnn", "gru", "tanh"])
def test_compare(name: str) -> None:
    recurrence = builtin(name)
    found = compare(recurrence, 2, recurrence.parameters[0])
    assert found.agrees
    assert found.largest > 1e-6
    assert 0 < found.error < 1e-12


def test_a_wrong_gradient_would_be_told() -> None:
    assert not Comparison(Variable("W"), 4, 1.0, 1e-3).agrees


def test_an_abstract_function_has_no_numbers() -> None:
    with pytest.raises(DeriveError, match="abstract function"):
        compare(builtin("abstract"), 2, Variable("\\theta"))


MORE: dict[str, tuple[str, ...]] = {
    "trace": (
        "h_t = \\tanh(W h_{t-1})",
        "C = \\lVert h_T \\rVert^2 + \\lambda \\operatorname{tr}(W^\\top W)",
    ),
    "norm": ("h_t = W h_{t-1} / \\lVert h_{t-1} \\rVert", "C = y^\\top h_T"),
    "fast": (
        "A_t = a A_{t-1} + \\tanh(K x_t) v^\\top",
        "o_t = A_t q_t",
        "C = \\sum_t \\lVert o_t - y_t \\rVert^2",
    ),
    "mean": (
        "h_t = \\tanh(W h_{t-1} + x_t)",
        "m = \\frac{1}{T} \\sum_t h_t",
        "C = \\lVert m \\rVert^2",
    ),
    "diagonal": (
        "h_t = \\operatorname{diag}(a) h_{t-1} + U x_t",
        "C = \\mathbf{1}^\\top \\exp(h_T)",
    ),
    "quotient": ("h_t = \\frac{W h_{t-1}}{1 + x_t^\\top x_t}", "C = \\lVert h_T \\rVert^2"),
    "reciprocal": ("h_t = \\exp(W h_{t-1})", "k_t = \\frac{1}{h_t}", "C = y^\\top k_T"),
    "matrix": (
        "H_t = \\tanh(W H_{t-1} + B)",
        "H_t \\in \\mathbb{R}^{n \\times m}",
        "C = \\lVert H_T \\rVert^2",
    ),
    "bilinear": ("s_t = s_{t-1} + x_t^\\top W x_t", "C = s_T^2"),
    "scalar": ("h_t = \\lambda h_{t-1} + \\mu x_t", "C = \\lVert h_T - y \\rVert^2"),
    "outer": ("h_t = \\tanh(h_{t-1} + u v^\\top h_{t-1})", "C = \\lVert h_T \\rVert^2"),
    "decay": (
        "h_t = \\tanh(W h_{t-1})",
        "C = \\lVert h_T \\rVert^2 + \\lambda \\lVert W \\rVert^2",
    ),
}


@cache
def more(name: str) -> Recurrence:
    return from_latex(MORE[name], name)


@pytest.mark.parametrize("name", MORE)
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_every_primitive_in_numbers(name: str, horizon: int) -> None:
    for by in more(name).parameters:
        found = compare(more(name), horizon, by)
        assert found.agrees, by


@pytest.mark.parametrize("name", ["rnn", "gru", "bidirectional", "tanh"])
def test_forward_accumulation_for_every_horizon(name: str) -> None:
    """A line for each variable between the parameter and the cost; the last one is the cost's."""
    setting = every_setting(name)
    for by in setting.recurrence.parameters:
        theorem = sensitivities(setting, by)
        assert theorem.scope == "every T ≥ 1"
        assert theorem.claim.left == Total(setting.cost, by)
        firsts = (factors_of(e.left)[0] for e in equations(theorem))
        told = {f.of.name for f in firsts if isinstance(f, Total | Immediate)}
        assert told == {*setting.relevant(by), setting.cost.name}


def test_forward_accumulation_starts_from_initial_states_and_ends_in_averages() -> None:
    definitions = ("h_0 = a(w)", "h_t = f(h_{t-1}, w)", "m = \\frac{1}{T} \\sum_t h_t", "C = m^2")
    setting = general_step(from_latex(definitions))
    theorem = sensitivities(setting, Variable("w"))
    lefts = [latex(e.left) for e in equations(theorem)]
    assert lefts[0] == r"\frac{\partial h_0}{\partial w}"
    assert lefts[-2:] == [r"\frac{\partial m}{\partial w}", r"\frac{\partial C}{\partial w}"]


def test_the_sensitivity_of_a_state_by_a_matrix() -> None:
    found = {
        latex(e.left): latex(e.right)
        for e in equations(sensitivities(every_setting("rnn"), Variable("W")))
    }
    slope = r"\operatorname{diag}(1 - h_t^2)"
    immediate = r"\frac{\partial^{+} h_t}{\partial W}"
    before = r"\frac{\partial h_{t-1}}{\partial W}"
    assert found[r"\frac{\partial h_t}{\partial W}"] == f"{immediate} + {slope} W {before}"
    along = found[rf"{immediate} \operatorname{{vec}}(\dot{{W}})"]
    assert along == rf"{slope} \dot{{W}} h_{{t-1}}"
