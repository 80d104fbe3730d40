"""The command line: every command, every format, exit codes, and one sentence for every bad input."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

import derive
from derive.commands import app
from derive.document import definitions_of
from derive.model.builtin import BUILTIN, EXAMPLES, MODELS, from_latex
from derive.model.recurrence import recurrence
from derive.notation.latex import latex
from derive.notation.reader import read_statements

ROOT = Path(__file__).resolve().parents[1]
CLI = ROOT / "cli.py"
KINDS = ("text", "latex", "md", "html", "json")
SUFFIXES = (".txt", ".tex", ".md", ".html", ".json")
COMMANDS = {
    "bptt": ["bptt", "-T", "2"],
    "prove": ["prove"],
    "prove at T": ["prove", "-T", "2"],
    "example": ["example", "product"],
    "models": ["models"],
    "notes": ["notes"],
}
MISFITS = {
    "a state that runs backward from the last forward one": (
        "h_t = f(h_{t-1}, x_t, \\theta)",
        "b_t = g(b_{t+1}, x_t, \\theta)",
        "b_{T+1} = h_T",
        "C = l(b_1)",
    ),
    "a step that needs all steps": (
        "h_t = \\theta h_{t-1} + x_t",
        "m = \\sum_{t=1}^{T} h_t",
        "L_t = \\left(h_t - m\\right)^2",
        "C = \\sum_{t=1}^{T} L_t",
    ),
    "a look back without bound": (
        "h_t = \\theta h_{t-1} + x_t \\sum_{k=0}^{t-1} h_k",
        "C = l(h_T)",
    ),
}


def run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command in this process: what it prints, what it exits with."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    thresholds = gc.get_threshold()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FORCE_COLOR", "COLUMNS"):
            patch.delenv(name, raising=False)
        patch.chdir(folder or ROOT)
        for name, stream in zip(("stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        try:
            code: Any = app(list(arguments), prog_name="derive")
        except SystemExit as end:
            code = end.code
        finally:
            gc.set_threshold(*thresholds)
    written: list[str] = []
    for stream in streams:
        stream.flush()
        stream.seek(0)
        written.append(stream.read())
    return subprocess.CompletedProcess(arguments, code or 0, *written)


def succeeded(*arguments: str, folder: Path | None = None) -> str:
    done = run(*arguments, folder=folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


# -- what is written ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_every_format(command: str, kind: str, tmp_path: Path) -> None:
    written = succeeded(*COMMANDS[command], "--to", kind, folder=tmp_path)
    assert written.strip() and written.endswith("\n")
    assert "\x1b" not in written and "<<" not in written and "None" not in written.split("\n")[0]
    assert not list(tmp_path.iterdir())
    if kind == "json":
        json.loads(written)
    elif kind == "html":
        assert written.lstrip().lower().startswith("<!doctype html>") and "<math" in written
    elif kind == "latex":
        assert "\\documentclass" not in written and "&" in written
    elif kind == "md":
        assert "$" in written
    else:
        # What `models` shows is to be copied.
        assert ("\\frac" in written) == (command == "models") and "$" not in written


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_suffix_picks_the_format(suffix: str, tmp_path: Path) -> None:
    kind = dict(zip(SUFFIXES, KINDS, strict=True))[suffix]
    out = tmp_path / f"out{suffix}"
    assert succeeded("bptt", "linear", "-T", "2", "-o", str(out)) == ""
    # A file of LaTeX is a whole document.
    whole = ["--standalone"] if kind == "latex" else []
    written = succeeded("bptt", "linear", "-T", "2", "--to", kind, *whole)
    assert out.read_text(encoding="utf-8") == written
    assert [p.name for p in tmp_path.iterdir()] == [out.name]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out.TXT"
    out.write_text("old", encoding="utf-8")
    succeeded("example", "product", "-o", str(out))
    assert "8θ" in out.read_text(encoding="utf-8").replace(" ", "")


def test_to_wins_over_the_suffix(tmp_path: Path) -> None:
    out = tmp_path / "out.data"
    succeeded("models", "-o", str(out), "--to", "json")
    assert json.loads(out.read_text(encoding="utf-8"))["schema"] == "derive.models/1"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX is installed")
def test_a_pdf(tmp_path: Path) -> None:
    out = tmp_path / "out.pdf"
    assert succeeded("example", "product", "-o", str(out), folder=tmp_path) == ""
    assert out.read_bytes().startswith(b"%PDF") and [p.name for p in tmp_path.iterdir()] == [
        out.name
    ]


def test_latin_modern_is_used_only_where_it_is_installed() -> None:
    written = succeeded("example", "product", "--to", "latex", "--standalone")
    guarded = r"\IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{}"
    assert guarded in written and written.count("lmodern") == 2


def test_a_standalone_document() -> None:
    written = succeeded("bptt", "linear", "-T", "2", "--to", "latex", "--standalone")
    assert written.startswith("\\documentclass") and written.rstrip().endswith("\\end{document}")


@pytest.mark.parametrize("name", BUILTIN)
def test_text_is_at_most_80_columns_wide(name: str) -> None:
    for arguments in (("bptt", name), ("prove", name), ("models", name)):
        for line in succeeded(*arguments).split("\n"):
            assert cell_len(line) <= 80, line


@pytest.mark.parametrize(
    "arguments", [("notes",), ("example", "chain-rule"), ("example", "product")]
)
def test_the_notes_and_examples_are_at_most_80_columns_wide(arguments: tuple[str, ...]) -> None:
    assert all(cell_len(line) <= 80 for line in succeeded(*arguments).split("\n"))


def test_truncation() -> None:
    written = succeeded("bptt", "-T", "3", "--truncate", "1", "--to", "json")
    titles = [d["title"] for d in json.loads(written)["derivations"]]
    assert titles[-1] == "Truncated back-propagation through time, k = 1"
    rules = [s["rule"] for d in json.loads(written)["derivations"] for s in d["steps"]]
    assert "truncated chain rule" in rules and "dropped paths" in rules
    text = succeeded("bptt", "-T", "3", "--truncate", "1")
    assert "∂≤¹" in text.replace(" ", "") or "≤" in text


def test_the_paths_that_a_truncation_drops_are_written_out_or_counted() -> None:
    """Beyond k = 2 at T = 4 are the paths from step 1 to step 4: c_1, h_1, c_2, … h_4 are reached in
    1, 2, 3, 5, 8, 13, 21 and 34 ways."""
    written = json.loads(succeeded("bptt", "coupled", "-T", "4", "--truncate", "2", "--to", "json"))
    last = written["derivations"][-1]["steps"][-1]
    assert last["rule"] == "dropped paths" and last["after"].count(" + ") == 34
    many = succeeded("bptt", "coupled", "-T", "20", "--truncate", "3")
    assert "The truncation drops 433493468 paths" in many


def test_a_truncation_beyond_every_path_drops_nothing_at_once() -> None:
    written = json.loads(succeeded("bptt", "--truncate", "1000000000", "--to", "json"))
    assert written["derivations"][-1]["result"].endswith("{\\partial \\theta}")


def test_a_term_wider_than_the_page_is_broken_between_its_factors_and_indented() -> None:
    lines = succeeded("bptt", "coupled", "-T", "4", "--truncate", "2").split("\n")
    broken = [line for line in lines if line.lstrip().startswith("∂c₂/∂h₁ ∂h₁/∂c₁ ∂⁺c₁")]
    assert broken and all(line.startswith(19 * " ") for line in broken)


@pytest.mark.parametrize("name", ["theta", "\\theta", "θ"])
def test_a_parameter_is_named_in_three_ways(name: str) -> None:
    found = json.loads(succeeded("bptt", "-T", "2", "--wrt", name, "--to", "json"))
    assert found["wrt"] == ["\\theta"]


@pytest.mark.parametrize("chosen", [["--wrt", "u,b"], ["--wrt", "u", "--wrt", "b", "--wrt", "u"]])
def test_several_parameters(chosen: list[str]) -> None:
    found = json.loads(succeeded("bptt", "tanh", "-T", "2", *chosen, "--to", "json"))
    assert found["wrt"] == ["u", "b"]
    everything = json.loads(succeeded("bptt", "tanh", "-T", "2", "--to", "json"))
    assert everything["wrt"] == ["v", "w", "u", "b"] or set(everything["wrt"]) == {
        "v",
        "w",
        "u",
        "b",
    }


def test_full_leaves_nothing_out() -> None:
    short, full = succeeded("bptt", "-T", "12"), succeeded("bptt", "-T", "12", "--full")
    assert "⋯" in short and "⋯" not in full and len(full) > len(short)


def test_from_another_folder(tmp_path: Path) -> None:
    assert succeeded("notes", folder=tmp_path) == succeeded("notes")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("model.tex", "The cell\n\\[ h_t = \\theta h_{t-1} + x_t \\]\ncosts $C = l(h_T)$.\n"),
        ("model.md", "# Cell\n\n$$h_t = \\theta h_{t-1} + x_t$$\n\nand `code $` $C = l(h_T)$\n"),
        ("model", "h_t = \\theta h_{t-1} + x_t\r\nC = l(h_T)\r\n"),
    ],
)
def test_a_file_of_definitions(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    found = json.loads(succeeded("bptt", name, "--to", "json", folder=tmp_path))
    assert found["model"] == ["h_t = \\theta h_{t-1} + x_t", "C = l(h_T)"]
    options = [o for d in found["model"] for o in ("-D", d)]
    assert json.loads(succeeded("bptt", *options, "--to", "json")) == found


def test_an_example_of_ones_own() -> None:
    found = json.loads(succeeded("example", "-D", "y = z^3", "-D", "z = 2 x + 1", "--to", "json"))
    assert found["theorems"][0]["claim"].replace(" ", "").endswith("24x^2+24x+6")


def test_models_lists_every_model() -> None:
    listed = json.loads(succeeded("models", "--to", "json"))
    assert listed["schema"] == "derive.models/1"
    assert [m["name"] for m in listed["models"]] == list(MODELS)
    text = succeeded("models")
    assert all(name in text for name in MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_what_models_shows_is_what_is_read(name: str, tmp_path: Path) -> None:
    """Each definition of the terminal given with -D, and each file that it writes, is the model again."""
    wanted = json.loads(succeeded("models", name, "--to", "json"))["models"][0]["definitions"]
    shown = [row.strip() for row in succeeded("models", name).splitlines() if row.startswith("  ")]
    assert shown == wanted
    for out, options in (("m.tex", ["--fragment"]), ("n.tex", []), ("m.md", [])):
        path = str(tmp_path / out)
        succeeded("models", name, "-o", path, *options)
        again = [
            latex(e)
            for e in definitions_of(
                recurrence(read_statements([(path, Path(path).read_text())])[0])
            )
        ]
        assert again == wanted
    again = [latex(e) for e in definitions_of(from_latex(tuple(shown)))]
    assert again == wanted


# -- the schema ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "models"])
def test_the_schema(command: str) -> None:
    found = json.loads(succeeded(*COMMANDS[command], "--to", "json"))
    layers = ["rests_on"] if command.startswith("prove") else []
    answer = [] if command in ("example", "notes") else ["answer"]
    keys = ["schema", "model", "T", "wrt", "layout", *answer, "derivations", "theorems"]
    assert list(found) == [*keys, *layers]
    assert found["schema"] == "derive.derivation/1"
    assert all(isinstance(x, str) and x for x in (*found["model"], *found["wrt"]))
    assert found["derivations"] and found["theorems"]
    of_others = [part.pop("model") for part in parts(found) if "model" in part]
    assert bool(of_others) == (command == "notes") and found["model"] not in of_others
    for derivation in found["derivations"]:
        assert list(derivation) == ["title", "steps", "result"] and derivation["steps"]
        for step in derivation["steps"]:
            assert list(step) == ["rule", "before", "after", "given"]
            assert all(isinstance(step[k], str) and step[k] for k in ("rule", "before", "after"))
            assert all(isinstance(g, str) and "=" in g for g in step["given"])
    for theorem in found["theorems"]:
        assert list(theorem) == ["claim", "scope", "method"] and "=" in theorem["claim"]
        assert theorem["scope"].startswith("every T") or theorem["scope"].startswith("T = ")


def parts(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [*found["derivations"], *found["theorems"]]


def test_what_the_notes_show_of_another_model_says_so() -> None:
    """Each formula has the variables of the model that stands beside it."""
    found = json.loads(succeeded("notes", "--to", "json"))
    models = [" ".join(part.get("model", found["model"])) for part in parts(found)]
    assert len(set(models)) == 5
    claims = [
        part.get("claim") or f"{part['steps'][0]['before']} = {part['result']}"
        for part in parts(found)
    ]
    for model, claim in zip(models, claims, strict=True):
        for name in re.findall(r"partial(?:\^\+)? (\\?[a-zA-Z]+)", claim):
            assert name in model, (claim, model)


def test_scopes() -> None:
    def scopes(*arguments: str) -> list[str]:
        found = json.loads(succeeded(*arguments, "--to", "json"))
        return [t["scope"] for t in found["theorems"]]

    assert scopes("bptt", "-T", "2") == ["T = 2"]
    assert scopes("prove", "-T", "5") == ["T = 5"]
    assert scopes("prove") == ["every T ≥ 1"]
    assert scopes("example", "product")[0].startswith("every T")
    assert scopes("notes")[:2] == ["T = 3", "every T ≥ 1"]


@pytest.mark.parametrize("name", BUILTIN)
def test_every_builtin_model_is_proved_for_every_t(name: str) -> None:
    found = json.loads(succeeded("prove", name, "--to", "json"))
    assert found["T"] is None and len(found["theorems"]) == len(found["wrt"])
    assert all(t["scope"].startswith("every T") for t in found["theorems"])


@pytest.mark.parametrize("model", MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_every_t_is_said_and_exits_with_1(model: tuple[str, ...]) -> None:
    definitions = [option for definition in model for option in ("-D", definition)]
    done = run("prove", *definitions, "--to", "json")
    assert done.returncode == 1
    assert (
        done.stderr.startswith("derive: not proved for every T: ") and done.stderr.count("\n") == 1
    )
    scopes = {t["scope"] for t in json.loads(done.stdout)["theorems"]}
    assert scopes and all(scope.startswith("T = ") for scope in scopes)
    text = run("prove", *definitions)
    assert text.returncode == 1 and "every T" in text.stdout


# -- the certificate ----------------------------------------------------------------------------------


def coqc(folder: Path, last: str) -> None:
    """A stand-in for coqc, which says its version and then does what `last` says."""
    script = folder / "coqc"
    version = 'if [ "$1" = --version ]; then echo "Coq, version 8.99"; exit 0; fi'
    script.write_text(f"#!/bin/sh\n{version}\n{last}\n", encoding="utf-8")
    script.chmod(0o755)


def test_the_layers_of_a_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def layers(*arguments: str) -> str:
        found = json.loads(succeeded("prove", *arguments, "--to", "json", folder=tmp_path))
        sentence = found["rests_on"]["sentence"]
        told = " ".join(succeeded("prove", *arguments, folder=tmp_path).split())
        assert isinstance(sentence, str) and f"Rests on: {sentence}." in told
        return sentence

    monkeypatch.setenv("PATH", str(tmp_path))
    assert layers() == layers("-T", "2") == "checked by the kernel"
    missing = "coqc was not found on this machine"
    written = f"checked by the kernel; certificate written, not checked here ({missing})"
    assert layers("--certificate", "c.v") == written
    assert "Theorem gradients_agree" in (tmp_path / "c.v").read_text(encoding="utf-8")
    coqc(tmp_path, "echo Closed under the global context")
    accepted = "checked by the kernel; accepted by coqc 8.99 just now"
    assert layers("--certificate", "c.v") == accepted


def test_a_rejected_certificate_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coqc(tmp_path, "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("prove", "--certificate", "c.v", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "derive: coqc 8.99 rejects the certificate: it gives no reason\n"
    assert [path.name for path in tmp_path.iterdir()] == ["coqc"]


@pytest.mark.parametrize(
    "model",
    [*MISFITS.values(), ("h_t = f(h_{t-1}, \\theta)", "C = \\sum_{t=1}^4 l(h_{2t})")],
    ids=[*MISFITS, "every second step"],
)
def test_what_does_not_fit_has_no_certificate(model: tuple[str, ...], tmp_path: Path) -> None:
    definitions = [option for definition in model for option in ("-D", definition)]
    done = run("prove", *definitions, "--certificate", "c.v", folder=tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "no certificate" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_assumptions_are_printed(tmp_path: Path) -> None:
    path = tmp_path / "c.v"
    found = json.loads(succeeded("prove", "--certificate", str(path), "--to", "json"))
    assumed = found["rests_on"]["hypotheses"]
    written = path.read_text(encoding="utf-8")
    assert assumed and all(line in written for line in assumed)
    assert "d_h_h_1 is ∂⁺hₜ/∂hₜ₋₁" in succeeded("prove", "--certificate", str(path))
    told = succeeded("prove", "--certificate", str(path), "--maps")
    assert "adjoint_h_h_1: pair u (J w) = pair (J' u) w, J = d_h_h_1 being" in told
    assert "Hypothesis adjoint_h_h_1 : forall t u w," in path.read_text(encoding="utf-8")


# -- bad input ----------------------------------------------------------------------------------------

CELL = "h_t = \\theta h_{t-1} + x_t"
BAD = {
    "an unknown value of --to": ["bptt", "--to", "doc"],
    "an unknown suffix": ["bptt", "-o", "out.doc"],
    "no suffix": ["bptt", "-o", "out"],
    "a pdf to the terminal": ["bptt", "--to", "pdf"],
    "an unknown option": ["bptt", "--colour"],
    "an unknown command": ["differentiate"],
    "an unknown model": ["bptt", "perceptron"],
    "an unknown example": ["example", "quotient"],
    "an unknown model to list": ["models", "perceptron"],
    "an unknown parameter": ["bptt", "--wrt", "w"],
    "a missing file": ["bptt", "nowhere.tex"],
    "a missing folder": ["prove", "nowhere/model"],
    "a folder": ["bptt", "folder.tex"],
    "a binary file": ["bptt", "binary.tex"],
    "a file with a zero byte": ["bptt", "zero.tex"],
    "an empty file": ["bptt", "empty.tex"],
    "a file without a formula": ["bptt", "prose.md"],
    "a model and a definition": ["bptt", "tanh", "-D", CELL],
    "an extra argument": ["bptt", "tanh", "gate"],
    "T = 0": ["bptt", "-T", "0"],
    "T = -1": ["bptt", "-T", "-1"],
    "T = 10^9": ["bptt", "-T", "1000000000"],
    "T = 10^30": ["bptt", "-T", "1" + 30 * "0"],
    "prove at T = 0": ["prove", "-T", "0"],
    "prove at T = 10^9": ["prove", "-T", "1000000000"],
    "a certificate for one T": ["prove", "-T", "2", "--certificate", "c.v"],
    "a certificate that coqc cannot read": ["prove", "--certificate", "my-proof.v"],
    "a certificate with another suffix": ["prove", "--certificate", "proof.tex"],
    "a certificate in the document's place": [
        "prove",
        "--certificate",
        "c.v",
        "-o",
        "c.v",
        "--to",
        "md",
    ],
    "a certificate in a missing folder": ["prove", "--certificate", "nowhere/c.v"],
    "maps without a certificate": ["prove", "--maps"],
    "T is no number": ["bptt", "-T", "three"],
    "a negative truncation": ["bptt", "--truncate", "-1"],
    "a missing value": ["bptt", "-T"],
    "an empty definition": ["bptt", "-D", ""],
    "no relation": ["bptt", "-D", "h_t"],
    "a lost dollar": ["bptt", "lost.md"],
    "an unbalanced brace": ["bptt", "-D", "h_t = f(h_{t-1, \\theta)"],
    "an unbalanced closing brace": ["bptt", "-D", "h_t = f(h_{t-1}}, \\theta)"],
    "an unbalanced parenthesis": ["bptt", "-D", "h_t = f(h_{t-1}, \\theta"],
    "an unbalanced frac": ["bptt", "-D", "h_t = \\frac{h_{t-1}}{\\theta"],
    "deep braces": ["bptt", "-D", "h_t = " + 5000 * "{" + "x_t" + 5000 * "}"],
    "deep parentheses": ["bptt", "-D", "h_t = " + 5000 * "(" + "x_t" + 5000 * ")"],
    "deep calls": ["bptt", "-D", "h_t = " + 5000 * "\\tanh(" + "x_t" + 5000 * ")"],
    "deep fractions": ["bptt", "-D", "h_t = " + 5000 * "\\frac{1}{" + "x_t" + 5000 * "}"],
    "deep powers": ["bptt", "-D", "h_t = " + 5000 * "x^{" + "x" + 5000 * "}"],
    "deep signs": ["bptt", "-D", "h_t = " + 5000 * "-" + "x_t"],
    "deep roots": ["bptt", "deep.tex"],
    "1 MB": ["bptt", "large.tex"],
    "1 MB of letters": ["bptt", "letters.tex"],
    "3 MB": ["bptt", "huge.tex"],
    "a tower": ["bptt", "-D", "h_t = 9^{9^{9^9}} h_{t-1}"],
    "a tower with a letter": ["bptt", "-D", "h_t = \\theta^{9^{9^9}} h_{t-1}"],
    "a long number": ["bptt", "-D", "h_t = \\theta h_{t-1}^{" + 5000 * "9" + "}"],
    "an undefined macro": ["bptt", "-D", "h_t = \\foo(h_{t-1}, \\theta)"],
    "a cycle": ["bptt", "-D", "h_t = f(o_t, \\theta)", "-D", "o_t = g(h_t)"],
    "no parameter": ["bptt", "-D", "h_t = f(h_{t-1}, x_t)"],
    "no recurrence": ["bptt", "-D", "f = z^2", "-D", "z = 4 x"],
    "an example with time": ["example", "-D", CELL],
    "an example of an abstract function": ["example", "-D", "y = f(x)"],
    "a folder for the output": ["bptt", "-T", "2", "-o", "folder.tex"],
    "an output where no folder is": ["bptt", "-T", "2", "-o", "nowhere/out.tex"],
    "division by zero": ["bptt", "-D", "h_t = \\frac{\\theta h_{t-1}}{0}"],
    "control characters": ["bptt", "-D", "h_t = \x1b[31m h_{t-1}"],
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "folder.tex").mkdir()
    (folder / "binary.tex").write_bytes(bytes(range(256)) * 20)
    (folder / "zero.tex").write_bytes(b"h_t = f(h_{t-1})\0")
    (folder / "empty.tex").write_bytes(b"")
    (folder / "prose.md").write_text("Nothing to see.\n", encoding="utf-8")
    (folder / "lost.md").write_text(f"Let $${CELL}$ be.\n", encoding="utf-8")
    (folder / "deep.tex").write_text(
        "$h_t = " + 5000 * "\\sqrt{" + "x_t" + 5000 * "}" + "$", encoding="utf-8"
    )
    (folder / "large.tex").write_text(
        "$h_t = \\theta h_{t-1}" + 100_000 * " + x_t x_t" + "$", encoding="utf-8"
    )
    (folder / "letters.tex").write_text("$h_t = " + 1_000_000 * "a" + "$", encoding="utf-8")
    (folder / "huge.tex").write_text("$h_t = " + 3_000_000 * "a" + "$", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_exit_code_2(name: str, workplace: Path) -> None:
    before = sorted(workplace.rglob("*"))
    done = run(*BAD[name], folder=workplace)
    assert done.returncode == 2, (done.returncode, done.stdout[:300], done.stderr[-300:])
    assert done.stdout == ""
    assert done.stderr.startswith("derive: ") and done.stderr.endswith("\n")
    said, *shown = done.stderr.splitlines()
    assert said.startswith("derive: ") and len(shown) in (0, 2, 4, 6)
    assert all("│" in line for line in shown)  # the line, with a caret
    assert "Traceback" not in done.stderr and len(done.stderr) < 1000 and "\x1b" not in done.stderr
    assert sorted(workplace.rglob("*")) == before


def test_a_file_without_a_definition_is_named(workplace: Path) -> None:
    for name in ("empty.tex", "prose.md"):
        assert run("prove", name, folder=workplace).stderr.startswith(
            f"derive: {name}:1:1: no defin"
        )


def test_no_output_file_is_left_by_bad_input(workplace: Path) -> None:
    out = workplace / "left.tex"
    for arguments in (
        ["bptt", "-T", "0"],
        ["bptt", "perceptron"],
        ["example", "-D", CELL],
        ["notes", "x"],
    ):
        assert run(*arguments, "-o", str(out), folder=workplace).returncode == 2
        assert not out.exists()


def test_an_old_file_survives_bad_input(workplace: Path, tmp_path: Path) -> None:
    out = tmp_path / "old.tex"
    out.write_text("old", encoding="utf-8")
    assert run("bptt", "-D", "h_t = f(", "-o", str(out), folder=workplace).returncode == 2
    assert out.read_text(encoding="utf-8") == "old"


def test_the_place_of_an_error(tmp_path: Path) -> None:
    (tmp_path / "model.tex").write_text("Prose.\n$h_t = f(h_{t-1}, \\foo)$\n", encoding="utf-8")
    done = run("bptt", "model.tex", folder=tmp_path)
    assert done.stderr.startswith("derive: model.tex:2:19: ")


@pytest.mark.parametrize("command", ["bptt", "prove"])
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("\\frac{\\theta}{0} h_{t-1}", "7: division by zero in \\frac{\\theta}{0}"),
        ("\\frac{\\theta}{1 - 1} h_{t-1}", "7: division by zero in \\frac{\\theta}{0}"),
        ("\\frac{\\theta h_{t-1}}{x - x}", "7: division by zero in "),
        ("0^{-1} \\theta h_{t-1}", "7: division by zero in 0^{-1}"),
        ("\\theta h_{t-99}", "20: a lag of 99 steps"),
        ("\\theta \\sum_{i=1}^{1000000000} x_i", "7: \\sum_{i=1}^{1000000000} x_i takes the"),
    ],
)
def test_the_place_of_what_a_model_cannot_mean(
    command: str, body: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "model.tex").write_text(f"Prose.\n Let $h_t = {body}$.\n", encoding="utf-8")
    done = run(command, "model.tex", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"derive: model.tex:2:{sentence}")


# -- the frame ----------------------------------------------------------------------------------------


def test_a_closed_pipe() -> None:
    command = f'"{sys.executable}" "{CLI}" bptt -T 40 --full | head -1'
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, encoding="utf-8", timeout=1200, check=False
    )
    assert done.stderr == "" and len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ("2", "T = 2"),
        (" 2 ", "T = 2"),
        ("+2", "T = 2"),
        ("two", "Invalid value for '-T'"),
        ("2.5", "Invalid value for '-T'"),
        ("", "Invalid value for '-T'"),
    ],
)
def test_a_number_of_steps_is_a_whole_number(steps: str, found: str) -> None:
    done = run("prove", "tanh", "-T", steps)
    assert found in done.stdout + done.stderr
    assert done.returncode == (0 if found == "T = 2" else 2)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["bptt", "--help"]])
def test_help_and_version_import_neither_sympy_nor_rich(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from derive.commands import app\n"
        "try:\n"
        f"    app({arguments!r}, prog_name='derive')\n"
        "except SystemExit as end:\n"
        "    assert not end.code\n"
        "loaded = {n.split('.')[0] for n in sys.modules}\n"
        "assert not loaded & {'sympy', 'rich', 'jinja2', 'pylatexenc'}, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        encoding="utf-8",
        timeout=1200,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "derive" in done.stdout


def test_version_and_help() -> None:
    assert succeeded("--version") == f"derive {derive.__version__}\n"
    written = succeeded("--help")
    assert all(name in written for name in ("notes", "bptt", "prove", "example", "models"))
    assert all(name in succeeded("example", "--help") for name in EXAMPLES)


def test_the_same_twice() -> None:
    assert succeeded("bptt", "gate", "-T", "2") == succeeded("bptt", "gate", "-T", "2")


# -- vectors and matrices -----------------------------------------------------------------------------


def test_the_gradient_of_a_matrix_for_every_horizon() -> None:
    text = succeeded("prove", "rnn", "--wrt", "W")
    assert "Σ_{s=1}^{T} hₛ₋₁ ∂C/∂hₛ diag(1 − hₛ²)" in text
    assert "transposed shape of W" in " ".join(text.split())
    text = succeeded("prove", "rnn", "--wrt", "W", "--layout", "gradient")
    assert "∇_W C = Σ_{s=1}^{T} diag(1 − hₛ²) (∇_{hₛ} C) hₛ₋₁ᵀ" in text


def test_the_gradient_layout_at_a_given_horizon() -> None:
    text = succeeded("bptt", "rnn", "-T", "2", "--wrt", "W", "--layout", "gradient")
    assert "∇_W C = diag(1 − h₁²) (∇_{h₁} C) h₀ᵀ + diag(1 − h₂²) (∇_{h₂} C) h₁ᵀ" in text
    assert "gradient layout" in text


BOTH_DIRECTIONS = (
    "h_t = f(h_{t-1}, k_t, \\theta)",
    "k_t = g(k_{t+1}, x_t, \\theta)",
    "k_{T+1} = a",
    "C = l(h_T)",
)


@pytest.mark.parametrize("kind", KINDS)
def test_states_in_both_directions_are_proved_for_every_horizon(kind: str) -> None:
    written = succeeded("prove", "bidirectional", "--wrt", "d", "--to", kind)
    every = r"every $T \ge 1$" if kind == "latex" else "every T"
    assert every in written and "\\undefined" not in written
    if kind == "text":
        assert "aₜ runs forward in time, kₜ runs backward." in written
        outside = "or before the first step is not in the cost: ∂C/∂a_{T+1} = 0, ∂C/∂k₀ = 0."
        assert outside in " ".join(written.split())
        assert "= Σ_{s=1}^{T} ∂C/∂kₛ diag(1 − kₛ²)" in written


def test_both_directions_of_abstract_states() -> None:
    options = [o for definition in BOTH_DIRECTIONS for o in ("-D", definition)]
    written = succeeded("prove", *options, "--full")
    assert "Theorem (every T ≥ 1)" in written
    assert "S_θ(T) = Σ_{s=1}^{T} {∂C/∂kₛ ∂⁺kₛ/∂θ + ∂C/∂hₛ ∂⁺hₛ/∂θ} + E_θ(T)" in written


WITHOUT_A_CERTIFICATE = (
    "k_t = b(n_{t+2}, \\theta)",
    "n_t = q(k_{t-1})",
    "n_{T+1} = 0",
    "n_{T+2} = 0",
    "C = l(k_1)",
)


def test_a_proof_without_a_certificate(tmp_path: Path) -> None:
    """The proof is shown all the same; the file that was asked for is not there, and that is said."""
    definitions = [o for definition in WITHOUT_A_CERTIFICATE for o in ("-D", definition)]
    for options in ((), ("--to", "json")):
        done = run("prove", *definitions, "--certificate", "c.v", *options, folder=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith(
            "derive: no certificate was written: n_t and k_t use each other's"
        )
        assert "no certificate was written (n_t and" in " ".join(done.stdout.split())
        assert not list(tmp_path.iterdir())


def test_check_compares_numbers() -> None:
    text = succeeded("check", "mgu", "-T", "2", "--wrt", "W,b")
    assert [line.split()[-1] for line in text.splitlines() if "∂C/∂" in line] == ["agree"] * 2
    found = json.loads(succeeded("check", "tanh", "-T", "2", "--to", "json"))
    assert found["schema"] == "derive.check/1"
    for row in found["parameters"]:
        assert row["agrees"] and row["error"] < 1e-10
        assert {"central differences", "forward accumulation"} <= set(row["relative"])
        assert all(error < 1e-10 for error in row["relative"].values())


def test_cost_is_a_table_and_formulas() -> None:
    text = succeeded("cost", "rnn", "-n", "n=64,d=10", "-n", "m=5", "--truncate", "5")
    assert "T N n² = T n⁴   N n = n³" in text
    assert "M = T (2 n² + d n + 2 m n + 8 n) − n² − 2 n" in text
    assert "994,176" in text and "truncated, k = 5" in text
    assert "-n n_h=64" in succeeded("cost", "terminal", "-T", "5")
    for kind in ("md", "html", "latex"):
        assert "T" in succeeded("cost", "linear", "-T", "4", "--to", kind)


def test_cost_in_json_is_exact() -> None:
    arguments = ("cost", "-T", "3", "-n", "n_h=2,n_theta=3", "-n", "n_o=1", "--to", "json")
    found = json.loads(succeeded(*arguments))
    assert found["schema"] == "derive.cost/1"
    assert found["paths"] == 9
    back = next(way for way in found["ways"] if way["way"] == "back-propagation")
    assert back["multiplications"]["number"] == 2 * 4 + 3 * (3 * 2 + 3 * 1 + 2 * 1)
    assert found["parameters"] == {"number": 3, "at_T": "n_{\\theta}", "formula": "n_{\\theta}"}
    assert (
        json.loads(succeeded("cost", "rnn", "-T", "3", "--to", "json"))["ways"][0][
            "multiplications"
        ]["number"]
        is None
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("rnn", "-n", "q=3"), "-n to name one of d, m, n"),
        (("tanh", "-n", "n=3"), "-n to name nothing, as all is scalar"),
        (("rnn", "-n", "n=0"), "-n LETTER=SIZE"),
        (("rnn", "-n", "n"), "-n LETTER=SIZE"),
        (("rnn", "-n", "n=3", "-n", "n=4"), "n has two sizes"),
        (("rnn", "-T", "0"), "T of at least 1"),
        (("rnn", "-T", "9999999"), "more than the limit"),
        (("rnn", "--truncate", "-1"), "--truncate of at least 0"),
        (("-D", "f(z) = z^2"), "no recurrence found"),
    ],
)
def test_what_cost_refuses(arguments: tuple[str, ...], complaint: str) -> None:
    done = run("cost", *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("bptt", "tanh", "--layout", "gradient"), "needs a model with vectors"),
        (("bptt", "rnn", "--layout", "rows"), "numerator, gradient, denominator"),
        (("check", "abstract"), "abstract function"),
        (("bptt", "-D", "h_t = \\tanh(W h_t^\\top)", "-D", "h_t \\in \\mathbb{R}^n"), "-D 1:1:"),
    ],
)
def test_what_vectors_refuse(arguments: tuple[str, ...], complaint: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert complaint in done.stderr


def test_code_is_a_python_module(tmp_path: Path) -> None:
    succeeded("code", "rnn", "--wrt", "W,U", "-o", str(tmp_path / "rnn.py"))
    text = (tmp_path / "rnn.py").read_text(encoding="utf-8")
    compile(text, "rnn.py", "exec")
    assert 'return cost, {"W": d_W, "U": d_U}' in text
    assert run("code", "rnn", "--to", "fortran").returncode == 2


def test_the_file_of_the_model_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "model.tex"
    path.write_text("$h_t = w h_{t-1}$, $L_t = h_t^2$", encoding="utf-8")
    before = path.read_text(encoding="utf-8")
    found = run("bptt", str(path), "-o", str(path))
    assert found.returncode == 2 and "overwritten" in found.stderr
    empty = {**os.environ, "PATH": str(tmp_path)}
    # Neither TeX nor the wheel of Typst, which may be installed.
    bare = f"""import runpy, sys
sys.modules["typst"] = None
runpy.run_path({str(CLI)!r}, run_name="__main__")
"""
    command = [
        sys.executable,
        "-c",
        bare,
        "bptt",
        str(path),
        "-T",
        "1",
        "-o",
        str(tmp_path / "model.pdf"),
    ]
    pdf = subprocess.run(
        command, env=empty, capture_output=True, encoding="utf-8", timeout=1200, check=False
    )
    assert pdf.returncode == 2 and "left alone" in pdf.stderr
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(
            [sys.executable, str(CLI), "models"],
            stdout=full, stderr=subprocess.PIPE, encoding="utf-8", timeout=1200, check=False,
        )  # fmt: skip
    assert found.returncode == 2 and found.stderr.count("\n") == 1


def test_check_of_a_model_without_a_value_is_one_sentence() -> None:
    found = run("check", "-D", r"h_t = \frac{w}{h_{t-1} - h_{t-1}}", "-D", "L_t = h_t^2")
    assert found.returncode == 2 and "no value" in found.stderr and found.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "formula",
    [
        "(x+y+z+w)^{300}",
        "(x+y+z+w)^{30}",
        "(x+1)^{1000}",
        "\\sin((x+y+z)^{90})",
        "(a+b)^{40} (c+d)^{40}",
    ],
)
def test_an_example_that_would_never_end_is_refused(formula: str) -> None:
    found = run("example", "-D", f"f = {formula}")
    assert found.returncode == 2 and "terms" in found.stderr and found.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", ["text", "latex", "md", "html"])
@pytest.mark.parametrize("full", [(), ("--full",)])
@pytest.mark.parametrize("name", ["tanh", "initial", "terminal", "rnn"])
def test_the_kinds_of_steps_write_what_checking_each_step_writes(
    name: str, full: tuple[str, ...], kind: str
) -> None:
    arguments = ("prove", name, "-T", "14", "--to", kind, *full)
    assert succeeded(*arguments) == succeeded(*arguments, "--check-all")


def test_a_document_of_many_steps_is_as_long_as_one_of_a_few() -> None:
    """First, second, ⋯, last, on both sides, in each format."""
    for kind in ("text", "latex", "md", "html"):
        short, long = (succeeded("prove", "-T", t, "--to", kind) for t in ("60", "2000"))
        assert abs(len(long) - len(short)) < 100


def test_check_all_needs_a_number_of_steps() -> None:
    done = run("prove", "--check-all")
    assert done.returncode == 2


@pytest.mark.parametrize(
    "command",
    [
        ["prove", "tanh", "-T", "30"],
        ["prove", "lstm", "-T", "30"],
        ["prove", "lstm"],
        ["prove", "tanh", "-T", "4", "--wrt", "w"],
        ["models"],
        ["prove"],
    ],
)
def test_what_needs_no_sympy_does_not_import_it(command: list[str]) -> None:
    """Nor Pydantic, with which newer versions of Typer convert what has no type yet."""
    script = (
        "import sys; from derive.commands import app\n"
        "try:\n    app(sys.argv[1:], standalone_mode=False)\n"
        "except SystemExit:\n    pass\n"
        "sys.exit(bool({'sympy', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
