"""What a newcomer touches first: names, help, spellings, suggestions."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from derive.commands import app
from derive.model.builtin import MODELS

ROOT = Path(__file__).resolve().parents[1]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command line in this process: exit code, standard output, standard error."""

    def run(*arguments: str, given: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode("utf-8"))))
        with pytest.raises(SystemExit) as ended:
            app(list(arguments), prog_name="derive")
        out, err = capsysbinary.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), out.decode("utf-8"), err.decode("utf-8")

    return run


def test_derive_alone_shows_a_short_help(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert len(out.splitlines()) < 15
    assert "derive bptt" in out and "derive --help" in out


def test_python_m_derive_works() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "derive", "--version"],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert done.stdout.startswith("derive ")


# The judge does not read the norm of `bidirectional` yet, with or without --model.
@pytest.mark.parametrize("name", [name for name in MODELS if name != "bidirectional"])
def test_verify_takes_every_built_in_model(run: Run, name: str) -> None:
    code, _, err = run("verify", "-", "--model", name, given="$h_t = h_t$")
    assert (code, err) == (0, "")


@pytest.mark.parametrize("spelling", ["W_i", "W_{i}", "Wᵢ"])
def test_a_gate_is_named_as_it_is_written(run: Run, spelling: str) -> None:
    code, out, err = run("prove", "lstm", "--wrt", spelling)
    assert (code, err) == (0, "")
    assert "∂C/∂Wᵢ" in out
    assert "∂C/∂U_f" not in out


@pytest.mark.parametrize("spelling", ["θ", "\\theta", "theta"])
def test_a_greek_letter_has_three_spellings(run: Run, spelling: str) -> None:
    assert run("prove", "--wrt", spelling)[0] == 0


@pytest.mark.parametrize("name", ["W", "}", "W_{", "\\frac"])
def test_what_names_no_parameter_is_one_sentence(run: Run, name: str) -> None:
    code, out, err = run("prove", "tanh", "--wrt", name)
    assert (code, out) == (2, "")
    assert err.startswith("derive: expected --wrt to name one of w, u, b, v, found")
