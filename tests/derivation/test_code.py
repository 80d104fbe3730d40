"""The generated NumPy programs, run, against central differences of the model itself."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import mpmath
import numpy as np
import pytest

from derive.algebra.expression import Expr, Time, Variable
from derive.derivation.code import program
from derive.derivation.numbers import differences, random_leaves, values_of
from derive.document import code
from derive.errors import DeriveError
from derive.model.builtin import CELLS, builtin, from_latex
from derive.model.graph import unrolled
from derive.model.horizon import least_horizon
from derive.model.recurrence import Recurrence
from derive.notation.python import identifier

MORE = {
    "scalars": (
        "h_t = \\tanh(w h_{t-1} + u x_t)",
        "L_t = \\frac12 (h_t - y_t)^2",
        "C = \\frac{1}{T} \\sum_t L_t",
    ),
    "two lags": (
        "h_t = \\tanh(W h_{t-1} + R h_{t-2} + x_t)",
        "L_t = \\lVert h_t - y_t \\rVert^2",
        "C = \\sum_t L_t + \\lambda \\lVert W \\rVert^2",
    ),
    "terminal": ("h_t = \\tanh(w h_{t-1} + x_t)", "C = (h_T - y)^2"),
    "terminal vector": ("h_t = \\tanh(W h_{t-1} + U x_t)", "C = \\lVert h_T - y \\rVert^2"),
    "last two": ("h_t = \\tanh(w h_{t-1} + r h_{t-2} + x_t)", "C = h_T h_{T-1} + h_1"),
    "partial sum": (
        "h_t = \\tanh(w h_{t-1} + x_t)",
        "L_t = v h_t^2",
        "C = \\sum_{t=2}^{T} L_t + v \\sum_{k=1}^{T-1} h_k",
    ),
    "partial vector sum": (
        "h_t = \\tanh(W h_{t-1} + x_t)",
        "o_t = V h_t",
        "C = \\frac{1}{T} \\sum_{t=2}^{T} \\lVert o_t - y_t \\rVert^2",
    ),
    "differences": (
        "h_t = \\tanh(w h_{t-1} + x_t)",
        "C = \\sum_{t=1}^{T} (h_t - h_{t-1})^2 + \\sum_{t=1}^{T} w h_t",
    ),
    "differences of vectors": (
        "h_t = \\tanh(W h_{t-1} + U x_t)",
        "C = \\sum_{t=2}^{T} \\lVert h_t - h_{t-1} \\rVert^2",
    ),
    "square of a sum": ("h_t = \\tanh(w h_{t-1} + x_t)", "C = (\\sum_{t=1}^{T} h_t^2 + w)^2"),
    "sums of sums": (
        "M = \\sum_{t=2}^{T} (h_t - h_{t-1})^2",
        "h_t = \\tanh(w h_{t-1} + x_t)",
        "C = M^2 + h_1^2",
    ),
    "given state": ("h_0 = a^2", "h_t = \\tanh(w h_{t-1} + x_t)", "C = \\sum_t h_t^2 + a h_T"),
    "given states": ("h_0 = a b", "h_{-1} = a", "h_t = w h_{t-1} + h_{t-2} + x_t", "C = \\sum_t h_t^2"),
    "given vector": ("h_0 = \\tanh(A u)", "h_t = \\tanh(W h_{t-1} + x_t)", "C = \\lVert h_T \\rVert^2"),
    "a constant": ("r = a b", "h_0 = r", "h_t = \\tanh(r h_{t-1} + a x_t)", "C = \\sum_t r h_t^2"),
    "collision": ("h_t = a d_{a} h_{t-1} + x_t", "L_t = h_t^2", "C = \\sum_t L_t"),
    "delayed": ("h_t = \\tanh(w h_{t-1} + u x_{t-2} + v y_t)", "C = \\sum_t (h_t - x_t)^2"),
    "late": ("h_t = \\tanh(w h_{t-1} + x_t)", "C = (h_T - x_{T-1})^2 + y_{T-2} h_T"),
    "unused last state": ("h_t = \\tanh(W h_{t-1} + x_t)", "C = \\sum_t \\lVert h_{t-1} \\rVert^2"),
}  # fmt: skip
WRITTEN = [name for name in CELLS if name != "bidirectional"]


def model(name: str) -> Recurrence:
    return builtin(name) if name in CELLS else from_latex(MORE[name], name)


def array(value: Any) -> Any:
    return np.array(
        [[float(x) for x in row] for row in value] if isinstance(value, list) else float(value)
    )


def arguments(recurrence: Recurrence, horizon: int, leaves: dict[Expr, Any]) -> list[Any]:
    """The arguments in their order: T, parameters, inputs, initial states."""
    found: list[Any] = [horizon, *(array(leaves.get(p, 0)) for p in recurrence.parameters)]
    for name in recurrence.inputs:
        times = [
            Variable(name, Time.at(t)) for t in range(first_step(recurrence, name), horizon + 1)
        ]
        found.append([array(leaves.get(v, 0)) for v in times])
    return [*found, *(array(leaves.get(v, 0)) for v in recurrence.initial)]


def first_step(recurrence: Recurrence, name: str) -> int:
    """The first step of an input at any T; 1 where the model does not look back to before it."""
    least = least_horizon(recurrence)
    graphs = (unrolled(recurrence, horizon) for horizon in range(least, least + 3))
    times = (v.time for g in graphs for used in g.inputs.values() for v in used if v.name == name)
    return min([1, *(time.shift for time in times if time is not None)])


def run(text: str) -> Any:
    """The function `gradient` of a generated program."""
    made: dict[str, Any] = {}
    exec(compile(text, "generated.py", "exec"), made)
    return made["gradient"]


def check_the_numbers(recurrence: Recurrence, horizon: int) -> None:
    """The program's cost and gradients against the model's own values and differences."""
    written = program(recurrence, recurrence.parameters)
    gradient = run(code(written))
    graph = unrolled(recurrence, horizon)
    with mpmath.workdps(30):
        leaves = random_leaves(graph, Random(horizon))
        if horizon == 1:
            leaves = {**random_leaves(unrolled(recurrence, 3), Random(1)), **leaves}
        cost, found = gradient(*arguments(recurrence, horizon, leaves))
        assert abs(cost - values_of(graph, leaves)[recurrence.cost]) < 1e-12
        for p, (name, _) in zip(recurrence.parameters, written.results, strict=True):
            expected = array(differences(graph, p, leaves))
            assert np.shape(found[name]) == np.shape(expected)
            np.testing.assert_allclose(found[name], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [*WRITTEN, *MORE])
@pytest.mark.parametrize("horizon", [1, 2, 4])
def test_the_program_computes_the_gradients(name: str, horizon: int) -> None:
    recurrence = model(name)
    if horizon < program(recurrence, recurrence.parameters).least:
        with pytest.raises(ValueError, match="proved for T >= "):
            run(code(program(recurrence, recurrence.parameters)))(
                *arguments(recurrence, horizon, {})
            )
        return
    check_the_numbers(recurrence, horizon)


COLLIDING = (
    "h_t = \\tanh(a h_{t-1} + b x_t)",
    "L_t = h_t^2",
    "C = (\\sum_{k=2}^{T} (L_k - L_{k-1})^2)^2 + b \\sigma(h_T)",
)


def as_latex(name: str) -> str:
    """A LaTeX name of which the Python name would be made: d_h is \\mathrm{d}_{h}, np is \\mathrm{np}."""
    head, _, label = name.rstrip("_").partition("_")
    return f"\\mathrm{{{head}}}_{{{label}}}" if label else f"\\mathrm{{{head}}}"


def colliding_names() -> Iterator[str]:
    """Every name in a program and every word that it may not use."""
    recurrence = from_latex(COLLIDING)
    text = code(program(recurrence, recurrence.parameters))
    names = {part.id for part in ast.walk(ast.parse(text)) if isinstance(part, ast.Name)}
    arguments = {part.arg for part in ast.walk(ast.parse(text)) if isinstance(part, ast.arg)}
    yield from sorted({*names, *arguments, "gradient", "ValueError", *keyword.kwlist} - {"T", "t"})


@pytest.mark.parametrize("name", list(colliding_names()))
def test_no_name_of_the_program_is_used_for_two_things(name: str) -> None:
    """A parameter that is called like any name of the program, next to what had that name."""
    called = as_latex(name)
    if re.search(r"\\mathrm\{(tanh|step|d|diag|relu|softmax|softplus|sigmoid)\}", called):
        return  # a known function or a derivative, which no parameter can be
    definitions = (COLLIDING[0].replace("b x_t", f"b {called} x_t"), *COLLIDING[1:])
    recurrence = from_latex(definitions)
    written = program(recurrence, recurrence.parameters)
    assert len(set(written.parameters)) == len(written.parameters) >= 2
    check_the_numbers(recurrence, 3)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("w_{a,b}", "w_{a+b}"),
        ("\\hat{a}", "\\mathrm{hat}_{a}"),
        ("a'", "a_{prime}"),
        ("\\theta", "\\mathrm{theta}"),
        ("\\lambda", "\\mathrm{lambda}"),
        ("\\mathrm{torch}", "\\mathrm{np}"),
        ("d_{h}", "\\mathrm{dh}"),
        ("\\ell", "l"),
    ],
)
def test_names_that_differ_in_signs_alone(first: str, second: str) -> None:
    check_the_numbers(
        from_latex((f"h_t = {first} h_{{t-1}} + {second} x_t", "C = \\sum_t h_t^2")), 3
    )


def test_the_program_is_linear_in_the_horizon_and_shows_the_proved_lines() -> None:
    recurrence = builtin("rnn")
    text = code(program(recurrence, recurrence.parameters))
    assert "d_h[t] = (V.T @ d_o[t]) + (W.T @ ((1 - (h[t + 1] ** 2)) * d_h[t + 1]) if" in text
    assert "d_W = d_W + ((1 - (h[t] ** 2)) * d_h[t]) @ h[t - 1].T" in text
    assert r"# \nabla_{o_t} C = o_t - y_t" in text
    assert text.count("for t in range") == 3


@pytest.mark.parametrize(
    ("definitions", "complaint"),
    [
        (builtin("abstract"), "abstract function"),
        (builtin("bidirectional"), "runs backward in time"),
        (from_latex(("h_1 = a", "h_t = w h_{t-1}", "C = \\sum_t h_t^2")), "begin at t = 1"),
    ],
    ids=["abstract", "backward", "first step"],
)
def test_refused(definitions: Recurrence, complaint: str) -> None:
    with pytest.raises(DeriveError, match=complaint):
        code(program(definitions, definitions.parameters))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("W_{f}", "W_f"),
        ("\\theta", "theta"),
        ("\\hat{y}", "hat_y"),
        ("\\lambda", "lambda_"),
        ("h'", "h_prime"),
        ("\\mathbf{0}_{d,n}", "O_d_n"),
    ],
)
def test_identifiers(name: str, wanted: str) -> None:
    assert identifier(name) == wanted


@pytest.mark.parametrize("language", ["numpy", "torch", "jax"])
def test_a_program_of_numbers_says_nothing_of_columns(language: str) -> None:
    numbers, vectors = (
        code(program(model, model.parameters), language).split('"""')[1]
        for model in (builtin("tanh"), builtin("rnn"))
    )
    assert "All quantities are numbers" in numbers and "column" not in numbers
    assert "Vectors are columns" in vectors and "All quantities" not in vectors
