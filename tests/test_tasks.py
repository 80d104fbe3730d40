"""The library: a few names, each with its formats; nothing heavy on import."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

import derive
from derive.errors import DeriveError
from derive.tasks import Result

CELL = (r"h_t = \tanh(w h_{t-1} + x_t)", r"L_t = h_t^2")
ROOT = Path(__file__).resolve().parents[1]


def test_importing_the_package_imports_nothing_else() -> None:
    script = "import sys, derive; sys.exit(any(m.startswith('derive.') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_every_name_is_there() -> None:
    for name in derive.__all__:
        assert callable(getattr(derive, name)), name
    with pytest.raises(AttributeError, match="no attribute 'bppt'"):
        _ = derive.bppt  # type: ignore[attr-defined]


def test_a_folder_with_the_name_of_a_task_is_both() -> None:
    import derive.model.graph
    import derive.verify.judge

    assert derive.model.graph.unrolled and derive.verify.judge.judge  # type: ignore[attr-defined]
    assert derive.model("tanh").equations[0].startswith("h_t = ")


RESULTS = {
    "model": lambda: derive.model(*CELL),
    "models": lambda: derive.models("tanh"),
    "bptt": lambda: derive.bptt(derive.model(*CELL), T=2),
    "prove": lambda: derive.prove(derive.model(*CELL)),
    "prove at T": lambda: derive.prove(derive.model(*CELL), T=2),
    "check": lambda: derive.check(derive.model(*CELL), T=2),
    "cost": lambda: derive.cost(derive.model(*CELL), T=5),
    "example": lambda: derive.example("product"),
    "verify": lambda: derive.verify(f"$${CELL[0]}$$"),
    "graph": lambda: derive.graph(derive.model(*CELL), T=2),
    "code": lambda: derive.code(derive.model(*CELL)),
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_has_every_format(name: str) -> None:
    result = RESULTS[name]()
    assert isinstance(result, Result)
    assert result.proved
    for written in (str(result), result.latex(), result.markdown(), result.html()):
        if name != "graph":
            assert written.strip()
    assert result._repr_html_().strip().startswith("<")
    assert "<html" not in result._repr_html_()
    assert result._repr_latex_().startswith("$")
    assert json.loads(json.dumps(result.json()))["schema"].startswith("derive.")
    assert repr(result).startswith(f"<{type(result).__name__}: ")
    assert all(isinstance(equation, str) for equation in result.equations)


@pytest.mark.parametrize("layout", ["numerator", "gradient", "denominator"])
def test_the_answer_is_what_the_equations_are(layout: str) -> None:
    found = derive.prove("rnn", wrt="W", layout=layout)
    assert found.answer is not None
    goal = found.equations[0]
    assert goal.startswith(("\\nabla_{W} C =", "\\frac{\\partial C}{\\partial W} ="))
    assert str(found.answered()).count("=") >= len(found.equations)
    assert found.json()["answer"]["gradients"] == [goal]


def test_the_answer_stands_first() -> None:
    for found in (derive.bptt("tanh", T=2), derive.prove("tanh"), derive.prove("tanh", T=2)):
        written = str(found)
        assert written.index("Answer") < written.index("∂C/∂w = Σ") < written.index("Model")
        goals = [line for line in written.splitlines()[:10] if "Σ" in line]
        assert len(goals) == 4, goals


def test_the_answer_has_the_adjoints_of_given_states() -> None:
    found = derive.prove(derive.model("h_0 = a^2", "h_t = w h_{t-1} + x_t", "C = h_T^2"))
    assert any("\\partial C}{\\partial h_0} =" in line for line in found.equations)


def test_what_is_not_proved_for_every_t_says_so() -> None:
    found = derive.prove(derive.model("h_t = w h_{t-1} \\sum_{k=0}^{t-1} h_k", "C = h_T"))
    assert not found.proved
    assert "not fixed" in found.reason
    assert found.answer is None
    with pytest.raises(DeriveError, match="no closed recursion"):
        found.answered()


@pytest.mark.parametrize(
    ("given", "suggestion"),
    [("lsmt", "lstm"), ("Tanh", "tanh"), ("peephole", "lstm-peephole"), ("tahn", "tanh")],
)
def test_a_model_that_nobody_knows_is_like_another(given: str, suggestion: str) -> None:
    with pytest.raises(DeriveError, match=f"Did you mean .*{suggestion}"):
        derive.model(given)


def test_a_model_from_a_file_a_paper_and_a_notebook(tmp_path: Path) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text(
        f"The cell is\n\n$${CELL[0]}$$\n\nwith $${CELL[1]}$$ and so\n\n"
        "$$\\frac{\\partial C}{\\partial w} = 0$$ and $\\nabla_{h_t} C = 1$, $w$.\n"
    )
    notebook = tmp_path / "cell.ipynb"
    cells = [
        {"cell_type": "code", "source": ["h_t = 3"]},
        {"cell_type": "markdown", "source": ["# A cell\n", f"$${CELL[0]}$$\n", f"$${CELL[1]}$$"]},
    ]
    notebook.write_text(json.dumps({"cells": cells}))
    wanted = derive.model(*CELL).equations
    assert derive.model(paper).equations == wanted
    assert derive.model(str(notebook)).equations == wanted


def test_the_red_pen_is_a_function() -> None:
    found = derive.verify(f"$${CELL[0]}$$ $$\\frac{{\\partial h_t}}{{\\partial h_{{t-1}}}} = w$$")
    assert not found.proved
    assert found.counts["refuted"] == 1
    assert "refuted" in str(found)


def test_a_text_that_cannot_be_judged_is_an_error() -> None:
    with pytest.raises(DeriveError, match="notebook"):
        derive.verify("{}", path="broken.ipynb")


def test_many_steps_are_proved_by_their_kinds_and_each_step_where_it_is_asked_for() -> None:
    many = derive.prove("tanh", T=14)
    each = derive.prove("tanh", T=14, check_all=True)
    assert str(many) == str(each) and many.html(full=True) == each.html(full=True)
    assert many.json() == each.json()
    with pytest.raises(DeriveError, match="-T"):
        derive.prove("tanh", check_all=True)


# -- the picture ------------------------------------------------------------------------------------


def test_the_picture_has_every_variable_and_every_use() -> None:
    found = derive.graph("abstract", T=2).json()
    edges = {(e["from"], e["to"]) for e in found["edges"]}
    assert edges == {
        *(("h_0", "h_1"), ("x_1", "h_1"), ("\\theta", "h_1"), ("h_1", "o_1"), ("\\theta", "o_1")),
        *(("o_1", "L_1"), ("y_1", "L_1"), ("h_1", "h_2"), ("x_2", "h_2"), ("\\theta", "h_2")),
        *(("h_2", "o_2"), ("\\theta", "o_2"), ("o_2", "L_2"), ("y_2", "L_2")),
        *(("L_1", "C"), ("L_2", "C")),
    }
    assert not any(e["lit"] for e in found["edges"])


@pytest.mark.parametrize("name", ["h_2", "h_{2}", "h₂"])
def test_the_paths_of_one_term_are_lit(name: str) -> None:
    found = derive.graph("abstract", T=3, path=f"via:{name}").json()
    assert {(e["from"], e["to"]) for e in found["edges"] if e["lit"]} == {
        *(("\\theta", "h_2"), ("h_2", "o_2"), ("o_2", "L_2"), ("L_2", "C")),
        *(("h_2", "h_3"), ("h_3", "o_3"), ("o_3", "L_3"), ("L_3", "C")),
    }


@pytest.mark.parametrize(("path", "complaint"), [
    ("via:q_9", "expected via: and a variable"),
    ("via:x_1", "goes first into x₁"),
    ("h_2", "expected --path via:NAME"),
])  # fmt: skip
def test_a_path_that_is_none(path: str, complaint: str) -> None:
    with pytest.raises(DeriveError, match=complaint):
        derive.graph("abstract", T=2, path=path)


@pytest.mark.parametrize("model", ["abstract", "lstm", "bidirectional", "initial", "second-order"])
def test_the_svg_is_xml_with_a_circle_a_variable(model: str) -> None:
    found = derive.graph(model, T=3, wrt=None)
    root = ElementTree.fromstring(found.svg())
    names = [part.tag.rpartition("}")[2] for part in root.iter()]
    data = found.json()
    assert names.count("circle") == len(data["nodes"])
    assert names.count("path") == len(data["edges"]) + 1
    assert found.latex().count("\\draw") == len(data["edges"])


def test_no_two_variables_stand_at_one_place() -> None:
    for model in ("abstract", "lstm", "bidirectional", "initial", "gru"):
        places = [(n.column, n.row) for n in derive.graph(model, T=4).picture.nodes]
        assert len(set(places)) == len(places), model


# -- pages ------------------------------------------------------------------------------------------


def page_of(result: Result) -> ElementTree.Element:
    """The body of a page as XML: MathML Core and the drawing are well-formed."""
    body = result._repr_html_().replace("&ApplyFunction;", "").replace("colspan=3", 'colspan="3"')
    for name in ("n", "l", "r"):
        body = body.replace(f"class={name}>", f'class="{name}">')
    return ElementTree.fromstring(f"<body>{body}</body>")


@pytest.mark.parametrize(
    "result",
    [
        lambda: derive.bptt("abstract", T=2),
        lambda: derive.bptt("tanh", T=2, truncate=1),
        lambda: derive.bptt("rnn", T=2, wrt="W", layout="gradient"),
        lambda: derive.prove("bidirectional", wrt="R"),
        lambda: derive.prove("gru", wrt="W_z", layout="denominator"),
        lambda: derive.notes(),
        lambda: derive.models(),
    ],
)
def test_every_citation_on_a_page_is_a_link_to_its_line(result: Callable[[], Result]) -> None:
    page = page_of(result())
    lines = {part.get("id") for part in page.iter() if part.get("id")}
    links = [part.get("href", "") for part in page.iter("a")]
    assert all(link.removeprefix("#") in lines for link in links)
    assert sum(1 for _ in page.iter("math")) > 5
    assert not [part for part in page.iter() if part.tag.endswith("merror")]


def test_sums_on_a_page_stand_in_display_style() -> None:
    page = derive.prove("tanh", wrt="w").html()
    assert "munderover" in page and 'displaystyle="true"' in page
    for word in ("<script", "http://cdn", "https://"):
        assert word not in page


def test_a_page_shows_the_graph_where_it_is_small() -> None:
    assert "<svg" in derive.bptt("abstract", T=2).html()
    assert "<svg" not in derive.bptt("lstm", T=5, wrt="W_i").html()


@pytest.mark.parametrize("kind", ["html", "latex", "typst"])
def test_the_arrows_of_the_notes_are_on_every_page_that_can_show_them(kind: str) -> None:
    for found in (derive.notes(), derive.bptt("tanh", T=3)):
        page = found._written(kind, False, True)
        before, after = ("o₂", "h₃") if kind != "latex" else ("$o_2$", "$h_3$")
        assert f" via {before}<" in page or f" via {before}}}" in page
        assert f" via {after}<" in page or f" via {after}}}" in page
        assert page.count('id="derive-arrow"') <= 1
    assert "tikzpicture" not in derive.notes().latex() and "svg" not in derive.notes().markdown()


def test_large_graphs_are_not_drawn() -> None:
    assert "<svg" not in derive.bptt("linear", T=30).html()


def test_nobody_speaks_of_rows_and_columns_where_all_is_scalar() -> None:
    for found in (derive.bptt("tanh", T=2), derive.prove("tanh")):
        said = found.text()
        assert not [word for word in ("layout", " row ", "column", "matrix") if word in said]
    assert "Numerator layout" in derive.prove("rnn").text()
    assert "Numerator layout" in derive.prove().text()  # any functions, of vectors, too


def test_numbers_are_checked_without_a_word_of_shapes() -> None:
    numbers, vectors = derive.check("tanh", T=2).text(), derive.check("rnn", T=2, wrt="b").text()
    assert "its size" in numbers and "entries" not in numbers and "shape" not in numbers
    assert "largest entry" in vectors and "Each letter of a shape" in vectors
