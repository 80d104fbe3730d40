"""LaTeX → PDF; what needs a TeX is skipped where there is none."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from derive.errors import DeriveError
from derive.typesetting import (
    ENGINES,
    NoTeX,
    first_error,
    overfull,
    typeset,
    typeset_with_log,
)

needs_tex = pytest.mark.skipif(not any(map(shutil.which, ENGINES)), reason="no TeX on this machine")
needs_pdflatex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex here")


def document(body: str) -> str:
    return f"\\documentclass{{article}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary folders are made."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def fake_engine(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """The only TeX to be found is a shell script of ours."""
    program = folder / "pdflatex"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


LOGS = [
    ("This is TeX\nOutput written on document.pdf\n", None),
    (
        "! Undefined control sequence.\nl.3 \\foo\n        bar\n!  ==> Fatal error occurred\n",
        "line 3 of the LaTeX: Undefined control sequence, at \\foo",
    ),
    ("! Emergency stop.\n<*> document.tex\n", "Emergency stop"),
    (
        "! Missing $ inserted.\n<inserted text> \n$\nl.12 \n\n! Emergency stop.\nl.40 x\n",
        "line 12 of the LaTeX: Missing $ inserted",
    ),
    ("! Emergency stop.\n! Later.\nl.40 x\n", "Emergency stop"),
]


@pytest.mark.parametrize(("log", "error"), LOGS)
def test_first_error(log: str, error: str | None) -> None:
    assert first_error(log) == error


def test_overfull() -> None:
    line = r"Overfull \hbox (12.3pt too wide) in paragraph at lines 3--4"
    assert overfull(f"()\n{line}\n[]\nUnderfull \\hbox\n") == (line,)


def test_no_tex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoTeX, match=r"no TeX was found on this machine \(looked for pdflatex, "):
        typeset(document("x"))


def test_a_silent_failure_is_said(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_engine(temporary, monkeypatch, "exit 3")
    with pytest.raises(DeriveError, match="pdflatex: it ended with status 3"):
        typeset(document("x"))
    assert os.listdir(temporary) == ["pdflatex"]


def test_the_time_limit_ends_children_too(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive = temporary / "alive"
    fake_engine(temporary, monkeypatch, f"(sleep 2; touch {alive}) & sleep 60")
    with pytest.raises(DeriveError, match=r"stopped at the time limit of 0\.5 s"):
        typeset(document("x"), seconds=0.5)
    time.sleep(2)
    assert not alive.exists()


@needs_tex
def test_a_document_becomes_a_pdf(temporary: Path) -> None:
    made = typeset_with_log(document(r"\section{Proof}\label{proof} See \ref{proof}: $\theta^2$."))
    assert made.pdf.startswith(b"%PDF-")
    assert "undefined references" not in made.log
    assert overfull(made.log) == ()
    assert os.listdir(temporary) == []


@needs_tex
def test_a_table_of_contents_is_filled() -> None:
    made = typeset_with_log(document(r"\tableofcontents\section{Proof}"))
    assert "No file document.toc" not in made.log


@needs_tex
def test_a_long_line_is_found() -> None:
    made = typeset_with_log(document(r"\noindent\mbox{\hspace{40cm}.}"))
    assert len(overfull(made.log)) == 1


@needs_pdflatex
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (r"\foo", r"pdflatex: line 3 of the LaTeX: Undefined control sequence, at \foo"),
        ("a_1", "pdflatex: line 3 of the LaTeX: Missing $ inserted, at a_"),
        (
            r"\begin{align}",
            "pdflatex: line 3 of the LaTeX: LaTeX Error: Environment align undefined",
        ),
        ("", "pdflatex: the document has no pages"),
    ],
)
def test_an_error_is_one_sentence(temporary: Path, body: str, sentence: str) -> None:
    with pytest.raises(DeriveError) as caught:
        typeset(document(body))
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
    assert os.listdir(temporary) == []


@needs_tex
def test_a_document_without_end_is_stopped(temporary: Path) -> None:
    with pytest.raises(DeriveError, match="stopped at the time limit of 1 s"):
        typeset(document(r"\loop\iftrue\repeat"), seconds=1)
    assert os.listdir(temporary) == []


@needs_tex
def test_no_command_is_run(tmp_path: Path) -> None:
    typeset(document(rf"x\immediate\write18{{touch {tmp_path}/ran}}"))
    assert os.listdir(tmp_path) == []


@needs_pdflatex
@pytest.mark.parametrize("above", [True, False])
def test_no_file_of_the_machine_is_read(temporary: Path, above: bool) -> None:
    secret = temporary / "secret.tex"
    secret.write_text(r"\message{the secret}")
    name = f"../{secret.name}" if above else str(secret)
    with pytest.raises(DeriveError, match="pdflatex: "):
        typeset(document(rf"x\input{{{name}}}"))


@needs_pdflatex
def test_no_file_of_the_machine_is_written(tmp_path: Path) -> None:
    target = tmp_path / "written"
    body = rf"x\newwrite\out\immediate\openout\out={target}.tex\immediate\write\out{{x}}"
    with pytest.raises(DeriveError, match="pdflatex: "):
        typeset(document(body))
    assert os.listdir(tmp_path) == []
