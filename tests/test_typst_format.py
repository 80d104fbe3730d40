"""Documents for Typst: our LaTeX translated, and a PDF of it where Typst's wheel is installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import derive
from derive import typesetting
from derive.commands import app
from derive.document import layout_of
from derive.typst_format import math

FORMULAS = [
    (r"\frac{\partial C}{\partial h_{t+1}}", "(∂ C)/(∂ h _(t + 1))"),
    (r"\sum_{s=1}^{T} h_s", "∑ _(s = 1) ^(T) h _(s)"),
    (r"\operatorname{diag}(1 - h_t^2)", '"diag" ( 1 - h _(t) ^(2) )'),
    (r"\left(a, b\right)^\top", "( a , b ) ^(⊤)"),
    (r"W \in \mathbb{R}^{n \times d}", "W ∈ bb(R) ^(n × d)"),
    (r"\tanh(\theta) \odot \dot{W}", "tanh ( θ ) ⊙ dot(W)"),
    (r"\left\{x\right\}", r"lr(\{ x \})"),
    (r"\lVert a \rVert", "‖ a ‖"),
    (r"q'(\theta) / 2", r"q ′ ( θ ) \/ 2"),
    (r"\frac12", "(1)/(2)"),
    (r"\unknown x", '"unknown" x'),
]


@pytest.mark.parametrize(("latex", "typst"), FORMULAS, ids=[latex for latex, _ in FORMULAS])
def test_formulas(latex: str, typst: str) -> None:
    assert math(latex) == typst


def test_words_are_no_markup() -> None:
    words = layout_of("typst", False, 80, True).words
    assert words("a_b #c $d *e* [f] @g\n= h") == "a\\_b \\#c \\$d \\*e\\* \\[f\\] \\@g\n\\= h"


def without_tex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "ENGINES", {})


def test_without_tex_the_wheel_makes_the_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[bytes] = []

    def compiled(source: bytes) -> bytes:
        given.append(source)
        return b"%PDF"

    without_tex(monkeypatch)
    monkeypatch.setitem(sys.modules, "typst", SimpleNamespace(compile=compiled))
    done = CliRunner().invoke(app, ["bptt", "-T", "2", "-o", str(tmp_path / "out.pdf")])
    assert (done.exit_code, done.stderr) == (0, "")
    assert (tmp_path / "out.pdf").read_bytes() == b"%PDF"
    (source,) = given
    assert b"#math.equation(block: true" in source and b"\\frac" not in source


def test_without_both_the_latex_is_left_and_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tex(monkeypatch)
    monkeypatch.setitem(sys.modules, "typst", None)
    done = CliRunner().invoke(app, ["bptt", "-T", "2", "-o", str(tmp_path / "out.pdf")])
    assert done.exit_code == 2 and done.stderr.count("\n") == 1
    assert "derive-notes[pdf]" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.tex"]


def test_an_error_of_typst_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: bytes) -> bytes:
        raise RuntimeError("unknown\nvariable")

    monkeypatch.setitem(sys.modules, "typst", SimpleNamespace(compile=failing))
    with pytest.raises(derive.DeriveError, match="typst: unknown variable"):
        typesetting.typeset_by_typst(lambda: "#x")


@pytest.mark.skipif(find_spec("typst") is None, reason="Typst's wheel is not installed")
@pytest.mark.parametrize(
    "typed",
    [["notes"], ["bptt", "tanh", "-T", "2"], ["prove", "rnn", "--wrt", "W"], ["cost", "rnn"]],
    ids=" ".join,
)
def test_every_document_is_one_for_typst(
    typed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tex(monkeypatch)
    done = CliRunner().invoke(app, [*typed, "-o", str(tmp_path / "out.pdf")])
    assert (done.exit_code, done.stderr) == (0, "")
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")
