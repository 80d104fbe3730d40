"""The programs for PyTorch and JAX against the automatic differentiation of these libraries.

Both libraries are optional: without one its tests are skipped, unless DERIVE_NEEDS_JAX or
DERIVE_NEEDS_TORCH is set, as in CI.
"""

from __future__ import annotations

import os
import runpy
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import mpmath
import pytest

import derive
from derive.algebra.expression import Time, Variable
from derive.derivation.numbers import random_leaves
from derive.model.builtin import builtin
from derive.notation.python import identifier
from derive.proof.setting import AtHorizon

pytestmark = pytest.mark.filterwarnings("default")  # those of the libraries are not ours
MODELS = ("tanh", "gate", "rnn", "lstm", "gru", "two-layer")
HORIZON = 3


def needs(library: str) -> pytest.MarkDecorator:
    """Skips a test without the library, unless the environment says that it must be there."""
    return pytest.mark.skipif(is_missing(library), reason=f"{library} is not installed")


def is_missing(library: str) -> bool:
    """Whether a library is not there, and nobody has said that it must be."""
    return find_spec(library) is None and f"DERIVE_NEEDS_{library.upper()}" not in os.environ


def numbers(name: str, array: Callable[[Any], Any]) -> dict[str, Any]:
    """What the program of a built-in model is called with: random numbers."""
    setting = AtHorizon(builtin(name), HORIZON)
    with mpmath.workdps(20):
        leaves = random_leaves(setting.graph, Random(name))

    def of(v: Variable) -> Any:
        return array(leaves[v]) if v in leaves else array(0.0)

    model = setting.recurrence
    found: dict[str, Any] = {identifier(p.name): of(p) for p in model.parameters}
    for given in model.inputs:
        steps = range(1, HORIZON + 1)
        found[identifier(given)] = [of(Variable(given, Time.at(t))) for t in steps]
    for v in model.initial:
        assert v.time is not None
        found[f"{identifier(v.name)}_{v.time.shift}"] = of(v)
    return found


def program(name: str, language: str, folder: Path) -> Callable[..., Any]:
    file = folder / "generated.py"
    file.write_text(derive.code(name, to=language).source, encoding="utf-8")
    gradient: Callable[..., Any] = runpy.run_path(str(file))["gradient"]
    return gradient


def plain(x: Any) -> Any:
    """Nested lists of floats."""
    return [plain(row) for row in x] if hasattr(x, "__iter__") else float(x)


@needs("torch")
@pytest.mark.parametrize("name", MODELS)
def test_pytorch(name: str, tmp_path: Path) -> None:
    import torch

    given = numbers(name, lambda x: torch.tensor(plain(x), dtype=torch.float64))
    wanted = [identifier(p.name) for p in builtin(name).parameters]
    for key in wanted:
        given[key].requires_grad_()
    cost, found = program(name, "torch", tmp_path)(HORIZON, **given)
    cost.backward()
    assert set(found) == set(wanted)
    for key in wanted:
        assert found[key].dtype == torch.float64
        torch.testing.assert_close(found[key], given[key].grad, rtol=1e-9, atol=1e-12)


@needs("jax")
@pytest.mark.parametrize("name", MODELS)
def test_jax(name: str, tmp_path: Path) -> None:
    import jax
    import numpy as np

    from derive.derivation.autograd import in_64_bits

    with in_64_bits():
        given = numbers(name, lambda x: jax.numpy.asarray(plain(x), dtype=float))
        wanted = [identifier(p.name) for p in builtin(name).parameters]
        run = program(name, "jax", tmp_path)
        _, found = run(HORIZON, **given)

        def cost(chosen: dict[str, Any]) -> Any:
            return run(HORIZON, **{**given, **chosen})[0]

        expected = jax.grad(cost)({key: given[key] for key in wanted})
    assert set(found) == set(wanted)
    for key in wanted:
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("language", ["torch", "jax"])
@pytest.mark.parametrize("name", ["lstm", "tanh"])
def test_nothing_of_numpy_is_left(name: str, language: str) -> None:
    source = derive.code(name, to=language).source
    compile(source, name, "exec")
    assert "np." not in source.replace("jnp.", "") and "import numpy" not in source
    assert derive.code(name, to=language).json()["language"] == language


def test_an_unknown_library_is_one_sentence() -> None:
    with pytest.raises(derive.DeriveError, match="Did you mean torch"):
        derive.code("tanh", to="pytorch")


@pytest.mark.parametrize("library", ["jax", "torch"])
@pytest.mark.parametrize("name", ["gate", "lstm"])
def test_check_asks_the_library_that_is_there(
    name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from derive.derivation import autograd

    if is_missing(library):
        pytest.skip(f"{library} is not installed")
    monkeypatch.setattr(autograd, "find_spec", lambda asked: asked if asked == library else None)
    found = derive.check(name, T=2)
    assert found.proved and f"{autograd.LIBRARIES[library]} " in found.text()
