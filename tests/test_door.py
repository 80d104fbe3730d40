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


@pytest.mark.parametrize(
    "command", ["bptt", "prove", "check", "code", "cost", "graph", "verify", "example"]
)
def test_help_has_examples_and_exit_codes_and_no_types(run: Run, command: str) -> None:
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert "Examples:" in out and f"  derive {command} " in out
    assert "Exit code: 0" in out
    for jargon in ("[[", "<str>", "<list[str]>", "<int>", "<path>", "TEXT", "INTEGER"):
        assert jargon not in out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["bptot"], "bptt"),
        (["prov"], "prove"),
        (["bptt", "lsmt"], "lstm"),
        (["bptt", "tanh", "--trunc", "1"], "--truncate"),
        (["bptt", "tanh", "--to", "ltex"], "latex"),
        (["verify", "-", "--to", "jsn"], "json"),
        (["prove", "tanh", "--wrt", "W"], "w"),
        (["prove", "rnn", "--layout", "gradients"], "gradient"),
        (["models", "gruu"], "gru"),
        (["example", "produkt"], "product"),
        (["verify", "-", "--model", "lsmt"], "lstm"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_did_you_mean(run: Run, typed: list[str], meant: str) -> None:
    code, out, err = run(*typed)
    assert (code, out) == (2, "")
    assert f"Did you mean {meant}" in err.replace("'", ""), err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (["bptt", "-T", "x"], "a whole number, found 'x'"),
        (["prove", "tanh", "-T", "3.5"], "a whole number, found '3.5'"),
        (["verify", "-", "-j", "two"], "a whole number, found 'two'"),
        (["verify", "-", "--seconds", "long"], "a number, found 'long'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_is_no_number_is_said_with_what_was_found(
    run: Run, typed: list[str], wanted: str
) -> None:
    code, out, err = run(*typed)
    assert (code, out) == (2, "") and err.endswith(f"expected {wanted}\n"), err


def test_a_model_from_standard_input(run: Run) -> None:
    code, out, err = run("prove", "-", "--answer", given="$h_t = w h_{t-1}$ and $L_t = h_t^2$")
    assert (code, err) == (0, "")
    assert "∂C/∂w = " in out and "Model" not in out


def test_a_file_of_latex_is_a_document_and_a_fragment_is_rows(run: Run, tmp_path: Path) -> None:
    whole, rows = tmp_path / "whole.tex", tmp_path / "rows.tex"
    assert run("models", "tanh", "-o", str(whole))[0] == 0
    assert run("models", "tanh", "-o", str(rows), "--fragment")[0] == 0
    assert "\\begin{document}" in whole.read_text(encoding="utf-8")
    assert "\\begin{document}" not in rows.read_text(encoding="utf-8")
    assert run("models", "tanh", "--to", "latex")[1].rstrip() == rows.read_text("utf-8").rstrip()
    assert run("models", "--standalone", "--fragment")[0] == 2


@pytest.mark.parametrize(
    ("suffix", "begins"), [("svg", "<svg"), ("tex", "% \\usep"), ("txt", "t = 0")]
)
def test_a_picture_of_the_graph(run: Run, tmp_path: Path, suffix: str, begins: str) -> None:
    file = tmp_path / f"graph.{suffix}"
    assert run("graph", "-T", "2", "--path", "via:h_1", "-o", str(file))[0] == 0
    assert file.read_text(encoding="utf-8").startswith(begins)


def test_ctrl_c_leaves_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("derive.tasks.models", interrupted)
    code, out, err = run("models")
    assert (code, out, err.strip()) == (130, "", "")
