"""The built-in models, as LaTeX definitions; the same grammar reads them that reads a user's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derive.errors import DeriveError
from derive.model.recurrence import Recurrence, recurrence
from derive.notation.reader import read_statements


@dataclass(frozen=True, slots=True)
class Builtin:
    """A model with a name: what it is, in a line, and its definitions in LaTeX."""

    name: str
    about: str
    definitions: tuple[str, ...]


OUTPUT = ("o_t = g(h_t, \\theta)", "L_t = L(o_t, y_t)")
SQUARED = "L_t = \\frac{1}{2} \\left(o_t - y_t\\right)^2"
COST = "C = \\sum_{t=1}^{T} L_t"

_ALL = (
    Builtin(
        "abstract",
        "the notes' recurrence: f, g and L are any functions (the default)",
        ("h_t = f(h_{t-1}, x_t, \\theta)", *OUTPUT, COST),
    ),
    Builtin(
        "linear",
        "the polynomial cell h_t = θ h_{t-1} + x_t",
        ("h_t = \\theta h_{t-1} + x_t", "L_t = \\frac{1}{2} \\left(h_t - y_t\\right)^2", COST),
    ),
    Builtin(
        "quadratic",
        "the polynomial cell h_t = θ h_{t-1}² + x_t",
        ("h_t = \\theta h_{t-1}^2 + x_t", "L_t = \\frac{1}{2} \\left(h_t - y_t\\right)^2", COST),
    ),
    Builtin(
        "tanh",
        "a scalar Elman cell with a linear output and squared error",
        ("h_t = \\tanh(w h_{t-1} + u x_t + b)", "o_t = v h_t", SQUARED, COST),
    ),
    Builtin(
        "gate",
        "a scalar cell whose sigmoid gate mixes the old state with a candidate",
        (
            "z_t = \\sigma(a h_{t-1} + c x_t)",
            "k_t = \\tanh(w h_{t-1} + u x_t)",
            "h_t = \\left(1 - z_t\\right) h_{t-1} + z_t k_t",
            "o_t = v h_t",
            SQUARED,
            COST,
        ),
    ),
    Builtin(
        "second-order",
        "a recurrence that looks back two steps",
        ("h_t = f(h_{t-1}, h_{t-2}, \\theta)", *OUTPUT, COST),
    ),
    Builtin(
        "coupled",
        "two states that use each other, within the step and across it",
        (
            "c_t = q(c_{t-1}, h_{t-1}, x_t, \\theta)",
            "h_t = f(h_{t-1}, c_t, \\theta)",
            *OUTPUT,
            COST,
        ),
    ),
    Builtin(
        "feedback",
        "the output, not the state, is fed back",
        ("h_t = f(o_{t-1}, x_t, \\theta)", *OUTPUT, COST),
    ),
    Builtin(
        "initial",
        "θ in the initial state, in the steps and in an averaged, regularised cost",
        (
            "h_0 = q(\\theta)",
            "h_t = f(h_{t-1}, x_t, \\theta)",
            *OUTPUT,
            "C = \\frac{1}{T} \\sum_{t=1}^{T} L_t + r(\\theta)",
        ),
    ),
    Builtin(
        "terminal",
        "a cost of the last state alone",
        ("h_t = f(h_{t-1}, x_t, \\theta)", "C = l(h_T)"),
    ),
)

SQUARED_NORM = "L_t = \\frac{1}{2} \\lVert o_t - y_t \\rVert^2"
CROSS_ENTROPY = "L_t = -y_t^\\top \\log(p_t)"
BINARY = "L_t = -y_t^\\top \\log(p_t) - \\left(1 - y_t\\right)^\\top \\log(1 - p_t)"
LINEAR = "o_t = V h_t + c"
AS_PROBABILITIES = "p_t = \\operatorname{softmax}(V h_t + c)"
AS_DECISIONS = "p_t = \\sigma(V h_t + c)"


def _gate(name: str, function: str, peephole: str = "") -> str:
    """One gate of an LSTM, from the state, the input and, with a peephole, the cell."""
    inside = f"W_{{{name}}} h_{{t-1}} + U_{{{name}}} x_t{peephole} + b_{{{name}}}"
    return f"{name}_t = {function}({inside})"


_CELLS = (
    Builtin(
        "rnn",
        "the vanilla RNN of textbooks, with squared error",
        ("h_t = \\tanh(W h_{t-1} + U x_t + b)", LINEAR, SQUARED_NORM, COST),
    ),
    Builtin(
        "lstm",
        "the LSTM: four gates, two states, softmax and cross-entropy",
        (
            _gate("f", "\\sigma"),
            _gate("i", "\\sigma"),
            _gate("g", "\\tanh"),
            "s_t = f_t \\odot s_{t-1} + i_t \\odot g_t",
            _gate("o", "\\sigma"),
            "h_t = o_t \\odot \\tanh(s_t)",
            AS_PROBABILITIES,
            CROSS_ENTROPY,
            COST,
        ),
    ),
    Builtin(
        "lstm-peephole",
        "the LSTM whose gates also look at the cell, with squared error",
        (
            _gate("f", "\\sigma", " + p_{f} \\odot s_{t-1}"),
            _gate("i", "\\sigma", " + p_{i} \\odot s_{t-1}"),
            _gate("g", "\\tanh"),
            "s_t = f_t \\odot s_{t-1} + i_t \\odot g_t",
            _gate("o", "\\sigma", " + p_{o} \\odot s_t"),
            "h_t = o_t \\odot \\tanh(s_t)",
            "v_t = V h_t + c",
            "L_t = \\frac{1}{2} \\lVert v_t - y_t \\rVert^2",
            COST,
        ),
    ),
    Builtin(
        "gru",
        "the GRU, its inputs concatenated, with binary cross-entropy",
        (
            "z_t = \\sigma(W_{z} \\left[h_{t-1}; x_t\\right] + b_{z})",
            "r_t = \\sigma(W_{r} \\left[h_{t-1}; x_t\\right] + b_{r})",
            "k_t = \\tanh(W_{k} \\left[r_t \\odot h_{t-1}; x_t\\right] + b_{k})",
            "h_t = \\left(1 - z_t\\right) \\odot h_{t-1} + z_t \\odot k_t",
            AS_DECISIONS,
            BINARY,
            COST,
        ),
    ),
    Builtin(
        "mgu",
        "a minimal gated unit: one gate, with squared error",
        (
            "f_t = \\sigma(W_{f} h_{t-1} + U_{f} x_t + b_{f})",
            "k_t = \\tanh(W \\cdot \\left(f_t \\odot h_{t-1}\\right) + U x_t + b)",
            "h_t = \\left(1 - f_t\\right) \\odot h_{t-1} + f_t \\odot k_t",
            LINEAR,
            SQUARED_NORM,
            COST,
        ),
    ),
    Builtin(
        "two-layer",
        "two vanilla layers, the upper one fed by the lower one",
        (
            "a_t = \\tanh(W a_{t-1} + U x_t + b)",
            "h_t = \\tanh(R h_{t-1} + Q a_t + d)",
            LINEAR,
            SQUARED_NORM,
            COST,
        ),
    ),
    Builtin(
        "bidirectional",
        "two states, one of which runs backward in time",
        (
            "a_t = \\tanh(W a_{t-1} + U x_t + b)",
            "k_t = \\tanh(R k_{t+1} + Q x_t + d)",
            "k_{T+1} = 0",
            "o_t = V a_t + P k_t + c",
            SQUARED_NORM,
            COST,
        ),
    ),
)

BUILTIN: Mapping[str, Builtin] = {model.name: model for model in _ALL}
CELLS: Mapping[str, Builtin] = {model.name: model for model in _CELLS}
MODELS: Mapping[str, Builtin] = {**BUILTIN, **CELLS}
DEFAULT = "abstract"

EXAMPLES: Mapping[str, Builtin] = {
    "chain-rule": Builtin("chain-rule", "f(z) = z² with z = 4x + 3", ("f(z) = z^2", "z = 4 x + 3")),
    "product": Builtin(
        "product",
        "f(θ) = θ·h(θ) + θ² with h = 3θ",
        ("f(\\theta) = \\theta \\cdot h(\\theta) + \\theta^2", "h(\\theta) = 3 \\theta"),
    ),
}


def builtin(name: str, among: Mapping[str, Builtin] = MODELS) -> Recurrence:
    """The built-in model or example called `name`; DeriveError naming all of them otherwise."""
    if name not in among:
        raise DeriveError(f"expected one of {', '.join(among)}, found {name!r}")
    return from_latex(among[name].definitions, name)


def from_latex(definitions: tuple[str, ...], name: str = "definition") -> Recurrence:
    """The recurrence that LaTeX definitions define together."""
    texts = [(f"{name} {i}", text) for i, text in enumerate(definitions, 1)]
    return recurrence(read_statements(texts)[0])
