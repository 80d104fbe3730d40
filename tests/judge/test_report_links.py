"""What the red pen's reports say of places, of files in which nothing was read, and of old encodings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from derive.commands import app

CELL = r"Let $s_t = w s_{t-1} + x_t$."
WRONG = r"$$\frac{\partial s_t}{\partial s_{t-1}} = 2 w s_t$$"
RIGHT = r"$$\frac{\partial s_t}{\partial s_{t-1}} = w$$"


def run(folder: Path, name: str, text: str | bytes, *options: str) -> tuple[int, str]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = CliRunner().invoke(app, ["verify", str(path), *options])
    return result.exit_code, result.output


def formulas(output: str) -> list[dict[str, object]]:
    return list(json.loads(output)["files"][0]["formulas"])


def test_a_notebook_s_places(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", CELL]},
        {"cell_type": "code", "metadata": {}, "source": ["x = 1"], "outputs": []},
        {"cell_type": "markdown", "metadata": {}, "source": ["Then\n", WRONG]},
    ]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}, indent=1)
    (first, last) = formulas(run(tmp_path, "a.ipynb", text, "--to", "json")[1])
    assert (first["cell"], last["cell"]) == (1, 3)
    lines = text.split("\n")
    for found, sign in ((first, "w s_{t-1}"), (last, "2 w s_t")):
        line, column = int(str(found["line"])), int(str(found["column"]))
        assert lines[line - 1][column - 1 :].startswith(sign)
    assert "(cell 3)" in run(tmp_path, "a.ipynb", text)[1]
    sarif = json.loads(run(tmp_path, "a.ipynb", text, "--to", "sarif")[1])
    region = sarif["runs"][0]["results"][-1]["locations"][0]["physicalLocation"]["region"]
    assert region["startLine"] == last["line"]


def test_the_file_that_an_input_brings(tmp_path: Path) -> None:
    (tmp_path / "chapter.tex").write_text(f"{CELL}\n{RIGHT}\n", encoding="utf-8")
    found = formulas(run(tmp_path, "main.tex", f"\\input{{chapter}}\n{WRONG}\n", "--to", "json")[1])
    assert [str(f.get("path", "")).endswith("chapter.tex") for f in found] == [True, True, False]
    assert [f["line"] for f in found] == [1, 2, 2]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("main.tex", r"\begin{document}\input{nothing}\end{document}", 1),
        ("page.html", "<p>Hello $x$</p>", 1),
        ("none.md", "No mathematics.", 1),
        ("apart.tex", r"$A \in \mathbb{R}^{n \times m}$, $u \in \mathbb{R}^n$, $z = A u$.", 1),
        ("good.tex", f"{CELL}\n{RIGHT}", 0),
        ("remark.md", "A word on $x$.", 0),
    ],
)
def test_strict(tmp_path: Path, name: str, text: str, code: int) -> None:
    assert run(tmp_path, name, text, "--strict")[0] == code
    assert run(tmp_path, name, text)[0] == 0


def test_latin_1_is_decoded(tmp_path: Path) -> None:
    code, output = run(tmp_path, "a.tex", f"Für alle: {CELL}\n{RIGHT}".encode("latin-1"))
    assert code == 0
    assert "proved" in output


def test_one_formula_stops_no_other(tmp_path: Path) -> None:
    bad = (
        r"$$\frac{\partial ?\lambda}{\partial w} = \frac{}{}$$ $$\left( a = \}$$"
        r" $L = P^{-1} v$ $d \in \mathbb{R}^{1 \times 20}$"
    )
    found = formulas(run(tmp_path, "a.tex", f"{CELL}\n{bad}\n{RIGHT}", "--to", "json")[1])
    assert found[-1]["verdict"] == "proved"
    assert all(f["latex"] != "1 = 1" for f in found)


def test_a_chain_whose_head_is_unread_shows_it_as_it_is(tmp_path: Path) -> None:
    text = f"{CELL}\n$$\\mathfrak{{Z}}\\langle ? = 1 = 1$$"
    found = formulas(run(tmp_path, "a.tex", text, "--to", "json")[1])
    assert [str(f["latex"]).startswith("\\mathfrak{Z}") for f in found[1:]] == [True, True]
