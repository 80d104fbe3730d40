"""Files to one text, and back to places."""

import json
from pathlib import Path

from derive.text.read import read


def test_a_place_counts_from_one() -> None:
    page = read("page.md", "first\n\n  $x = y$")
    formula = page.formulas[0]
    place = page.source.place(formula.chains[0].members[1].start)
    assert (place.line, place.column, place.cell, place.path) == (3, 8, None, "page.md")


def test_a_notebook_has_the_lines_of_the_file() -> None:
    cells = [
        {"cell_type": "code", "source": ["x = '$a$'\n"], "outputs": []},
        {
            "cell_type": "markdown",
            "metadata": {"source": "no"},
            "source": ["# Title\n", "Let $\\theta = ü$\n"],
        },
        {"cell_type": "markdown", "source": "One string\n$$b = c$$"},
    ]
    for ascii_only in (True, False):
        text = json.dumps({"cells": cells, "nbformat": 4}, indent=1, ensure_ascii=ascii_only)
        page = read("page.ipynb", text)
        first, second = page.formulas
        place = page.source.place(first.chains[0].members[0].start)
        line = text.split("\n")[place.line - 1]
        assert (
            "theta" in line and line[place.column - 1 :].startswith("\\\\theta") and place.cell == 2
        )
        place = page.source.place(second.chains[0].members[1].start)
        line = text.split("\n")[place.line - 1]
        assert line[place.column - 1 :].startswith("c$$") and place.cell == 3


def test_an_old_notebook_has_worksheets() -> None:
    text = json.dumps({"worksheets": [{"cells": [{"cell_type": "markdown", "source": ["$a$"]}]}]})
    assert len(read("page.ipynb", text).formulas) == 1


def test_a_broken_notebook_is_said_and_never_raises() -> None:
    for text in ("", "{", "[]", '{"cells": [{"cell_type": "markdown", "source": ["$a$"'):
        page = read("page.ipynb", text)
        assert page.formulas or page.notes


def test_an_input_is_spliced_in(tmp_path: Path) -> None:
    (tmp_path / "part.tex").write_text("second\n$x = y$\n", encoding="utf-8")
    text = "first\n\\input{part}\n% \\input{none}\n\\input{lost}\n$z$"
    page = read(str(tmp_path / "main.tex"), text, tmp_path)
    inner, outer = page.formulas
    place = page.source.place(inner.start)
    assert place.line == 2 and place.path.endswith("part.tex")
    assert page.source.place(outer.start).line == 5
    assert page.notes == ("lost was not found",)


def test_inputs_stay_below_the_folder_and_end(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "outside.tex").write_text("$a$", encoding="utf-8")
    (folder / "loop.tex").write_text("$b$ \\input{loop}", encoding="utf-8")
    page = read(str(folder / "main.tex"), "\\input{../outside} \\input{loop}", folder)
    assert len(page.formulas) == 1 and len(page.notes) == 2
