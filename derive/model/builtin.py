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

BUILTIN: Mapping[str, Builtin] = {model.name: model for model in _ALL}
DEFAULT = "abstract"

EXAMPLES: Mapping[str, Builtin] = {
    "chain-rule": Builtin("chain-rule", "f(z) = z² with z = 4x + 3", ("f(z) = z^2", "z = 4 x + 3")),
    "product": Builtin(
        "product",
        "f(θ) = θ·h(θ) + θ² with h = 3θ",
        ("f(\\theta) = \\theta \\cdot h(\\theta) + \\theta^2", "h(\\theta) = 3 \\theta"),
    ),
}


def builtin(name: str, among: Mapping[str, Builtin] = BUILTIN) -> Recurrence:
    """The built-in model or example called `name`; DeriveError naming all of them otherwise."""
    if name not in among:
        raise DeriveError(f"expected one of {', '.join(among)}, found {name!r}")
    return from_latex(among[name].definitions, name)


def from_latex(definitions: tuple[str, ...], name: str = "definition") -> Recurrence:
    """The recurrence that LaTeX definitions define together."""
    texts = [(f"{name} {i}", text) for i, text in enumerate(definitions, 1)]
    return recurrence(read_statements(texts)[0])
