"""The generated NumPy programs, run, against central differences of the model itself."""

from __future__ import annotations

import runpy
from pathlib import Path
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
}  # fmt: skip
WRITTEN = [name for name in CELLS if name != "bidirectional"]


def model(name: str) -> Recurrence:
    return builtin(name) if name in CELLS else from_latex(MORE[name], name)


def array(value: Any) -> Any:
    return np.array(
        [[float(x) for x in row] for row in value] if isinstance(value, list) else float(value)
    )


def arguments(recurrence: Recurrence, horizon: int, leaves: dict[Expr, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"T": horizon}
    for p in recurrence.parameters:
        found[identifier(p.name)] = array(leaves[p])
    for name in recurrence.inputs:
        values = [array(leaves[Variable(name, Time.at(t))]) for t in range(1, horizon + 1)]
        found[identifier(name)] = [None, *values]
    for v in recurrence.initial:
        assert v.time is not None
        mark = str(v.time.shift).replace("-", "minus_")
        found[f"{identifier(v.name)}_{mark}"] = array(leaves[v])
    return found


@pytest.mark.parametrize("name", [*WRITTEN, *MORE])
@pytest.mark.parametrize("horizon", [1, 3])
def test_the_program_computes_the_gradients(name: str, horizon: int, tmp_path: Path) -> None:
    recurrence = model(name)
    file = tmp_path / "generated.py"
    file.write_text(code(program(recurrence, recurrence.parameters)), encoding="utf-8")
    gradient = runpy.run_path(str(file))["gradient"]
    graph = unrolled(recurrence, horizon)
    with mpmath.workdps(30):
        leaves = random_leaves(graph, Random(horizon))
        if horizon == 1:
            leaves = {**random_leaves(unrolled(recurrence, 3), Random(1)), **leaves}
        cost, found = gradient(**arguments(recurrence, horizon, leaves))
        assert abs(cost - values_of(graph, leaves)[recurrence.cost]) < 1e-12
        for p in recurrence.parameters:
            expected = array(differences(graph, p, leaves))
            assert np.shape(found[identifier(p.name)]) == np.shape(expected)
            np.testing.assert_allclose(found[identifier(p.name)], expected, rtol=1e-10, atol=1e-12)


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
        (from_latex(("h_t = w h_{t-1} + x_t", "C = h_T^2")), "no sum over all h_t"),
        (from_latex(("h_0 = a", "h_t = w h_{t-1}", "C = \\sum_t h_t^2")), "initial states are"),
        (from_latex(("h_t = h_{t-1} + w_{a,b} w_{a+b} x_t", "C = \\sum_t h_t^2")), "one name"),
    ],
    ids=["abstract", "backward", "terminal", "initial", "names"],
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
