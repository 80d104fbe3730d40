"""The proved gradients against automatic differentiation of the definitions, by JAX or PyTorch in 64 bits.

Both are optional: without either these tests are skipped, unless DERIVE_NEEDS_JAX or DERIVE_NEEDS_TORCH is
set, as in CI, which runs them with each.
"""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import mpmath
import numpy as np
import pytest
from typer.testing import CliRunner

from derive.algebra.expression import Expr, Time, Variable
from derive.commands import app
from derive.derivation.autograd import (
    LIBRARIES,
    as_array,
    autograd,
    forward_pass,
    in_64_bits,
    is_installed,
    library,
)
from derive.derivation.code import program
from derive.derivation.numbers import (
    derived_gradient,
    entries,
    random_leaves,
    transposed,
    values_of,
)
from derive.document import code
from derive.errors import DeriveError
from derive.model.builtin import CELLS, builtin, from_latex
from derive.model.recurrence import Recurrence
from derive.notation.python import identifier
from derive.proof.setting import AtHorizon

NEEDED = {name for name in LIBRARIES if f"DERIVE_NEEDS_{name.upper()}" in os.environ}
needs_library = pytest.mark.skipif(
    not is_installed() and not NEEDED, reason="neither JAX nor PyTorch is installed"
)
LARGEST_ERROR = 1e-10
SCALARS = ("linear", "quadratic", "tanh", "gate")
AT_A_GIVEN_HORIZON = ("bidirectional",)
LAST_BY_BOTH = 3
pytestmark = pytest.mark.filterwarnings("default")  # those of the libraries are not ours


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@cache
def generated(name: str, folder: Path) -> Callable[..., Any]:
    """The program that `derive code` writes."""
    file = folder / f"{name}.py"
    recurrence = builtin(name)
    file.write_text(code(program(recurrence, recurrence.parameters)), encoding="utf-8")
    gradient: Callable[..., Any] = runpy.run_path(str(file))["gradient"]
    return gradient


def arguments(recurrence: Recurrence, horizon: int, leaves: Mapping[Expr, Any]) -> dict[str, Any]:
    """What the program is called with: the same numbers in 64 bits."""

    def array(v: Variable) -> Any:
        return np.array(leaves[v], dtype=float) if v in leaves else None

    found: dict[str, Any] = {"T": horizon}
    found |= {identifier(p.name): array(p) for p in recurrence.parameters}
    for name in recurrence.inputs:
        times = range(1, horizon + 1)
        found[identifier(name)] = [array(Variable(name, Time.at(t))) for t in times]
    for v in recurrence.initial:
        assert v.time is not None
        found[f"{identifier(v.name)}_{v.time.shift}"] = array(v)
    return found


def given(name: str, horizon: int) -> tuple[AtHorizon, dict[Expr, Any], Mapping[Variable, Any]]:
    """The model at T, random numbers for all that is given, and the library's gradients there."""
    setting = AtHorizon(builtin(name), horizon)
    with mpmath.workdps(30):
        leaves = random_leaves(setting.graph, Random(f"{name} {horizon}"))
    return setting, leaves, autograd(setting.graph, setting.recurrence.parameters, leaves)


def assert_close(derived: Any, expected: Any, by: Variable) -> None:
    pairs = list(zip(entries(derived), entries(expected), strict=True))
    error = max(abs(a - b) for a, b in pairs)
    assert error <= LARGEST_ERROR * max(abs(b) for _, b in pairs), (by, error)


@needs_library
@pytest.mark.parametrize("horizon", range(1, 9))
@pytest.mark.parametrize("name", [*CELLS, *SCALARS])
def test_every_parameter_of_every_cell(name: str, horizon: int, folder: Path) -> None:
    """The lines proved for every T, as the program that they are, and those proved at a given T."""
    setting, leaves, expected = given(name, horizon)
    if name in AT_A_GIVEN_HORIZON or horizon <= LAST_BY_BOTH:
        with mpmath.workdps(30):
            for by, slopes in expected.items():
                assert_close(transposed(derived_gradient(setting, by, leaves)), slopes, by)
    if name not in AT_A_GIVEN_HORIZON:
        _, found = generated(name, folder)(**arguments(setting.recurrence, horizon, leaves))
        assert len(found) == len(expected)
        for by, slopes in expected.items():
            assert_close(found[identifier(by.name)].tolist(), slopes, by)


@needs_library
@pytest.mark.parametrize("name", CELLS)
def test_the_library_works_the_same_cost_out(name: str) -> None:
    setting = AtHorizon(builtin(name), 3)
    leaves = random_leaves(setting.graph, Random(name))
    with in_64_bits():
        cost = float(forward_pass(setting.graph, {v: as_array(x) for v, x in leaves.items()}))
    assert abs(cost - values_of(setting.graph, leaves)[setting.cost]) < 1e-12


MORE = (
    "A_t = a A_{t-1} + \\tanh(K x_t) v^\\top",
    "o_t = b \\odot (A_t q_t / \\lVert q_t \\rVert)",
    "C = \\sum_t \\lVert o_t - y_t \\rVert^2 + \\operatorname{tr}(K^\\top K) \\exp(a)",
)


@needs_library
def test_a_cell_of_ones_own_has_a_column_for_the_library(tmp_path: Path) -> None:
    file = tmp_path / "cell.tex"
    file.write_text("\n\n".join(f"$${line}$$" for line in MORE), encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(file), "-T", "3", "--to", "json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    name = library()
    assert name is not None and report["autograd"].startswith(f"{LIBRARIES[name]} ")
    assert not NEEDED or name in NEEDED
    for row in report["parameters"]:
        assert len(row["relative"]) == 3
        assert all(error < LARGEST_ERROR for error in row["relative"].values())


@needs_library
def test_a_wrong_gradient_would_be_told() -> None:
    """The gradient of a cell that differs in one sign is not the cell's."""
    cell = tuple(CELLS["rnn"].definitions)
    other = (cell[0].replace("+ U", "- U"), *cell[1:])
    assert other != cell
    right, wrong = AtHorizon(builtin("rnn"), 2), AtHorizon(from_latex(other), 2)
    leaves = random_leaves(right.graph, Random(1))
    (by, *_) = right.recurrence.parameters
    expected = entries(autograd(wrong.graph, [by], leaves)[by])
    derived = entries(transposed(derived_gradient(right, by, leaves)))
    assert max(abs(a - b) for a, b in zip(derived, expected, strict=True)) > 1e-6


@needs_library
def test_the_library_has_no_numbers_for_an_abstract_function() -> None:
    setting = AtHorizon(builtin("abstract"), 2)
    with pytest.raises(DeriveError, match="abstract"):
        autograd(setting.graph, [Variable("\\theta")], random_leaves(setting.graph, Random(0)))
