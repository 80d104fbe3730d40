"""What holds for every test: no verdict by the clock, and the long gates only where they are asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent
LONG = os.environ.get("DERIVE_LONG") == "1"
# Galleries, corpora and corruptions that take minutes: a file, or one test by its whole name.
GATES = (
    "verify/test_gate.py",
    "proof/test_rogues.py::test_every_rogue_is_refused_and_nothing_honest_is[gate]",
    "proof/test_rogues.py::test_every_rogue_is_refused_and_nothing_honest_is[coupled]",
    "proof/test_rogues.py::test_every_rogue_is_refused_and_nothing_honest_is[initial]",
    "derivation/test_oracle.py::test_the_derivations_state_what_sympy_differentiates[gate-6-a]",
    "derivation/test_oracle.py::test_the_derivations_state_what_sympy_differentiates[gate-6-c]",
    "derivation/test_oracle.py::test_the_derivations_state_what_sympy_differentiates[gate-6-u]",
    "derivation/test_oracle.py::test_the_derivations_state_what_sympy_differentiates[gate-6-w]",
)

settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the long gates, and skips them unless DERIVE_LONG=1."""
    for item in items:
        name = f"{item.path.relative_to(ROOT).as_posix()}::{item.name}"
        if name in GATES or name.partition("::")[0] in GATES:
            item.add_marker(pytest.mark.long)
        if not LONG and item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="a long gate: DERIVE_LONG=1 runs it"))
