"""One table of what people type and what it means, tested as a whole: for -D, for files and for notes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from derive.errors import DeriveError
from derive.judge.readers import judge
from derive.model.recurrence import Recurrence
from derive.notation.latex import latex
from derive.notation.unicode import text
from derive.tasks import defined, recurrence_of
from derive.verify.options import Options

TABLE = Path(__file__).parent / "notation" / "typed.tsv"


def _rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


ROWS = _rows()
every_row = pytest.mark.parametrize("row", ROWS, ids=[row["typed"] for row in ROWS])


def _definitions(cell: str) -> list[str]:
    found = cell.split(" ;; ")
    return found if len(found) > 1 else [*found, "L_t = h_t^2"]


def _lines(model: Recurrence) -> list[str]:
    return [f"{latex(d.target)} = {latex(d.body)}" for d in model.definitions]


def _said(model: Recurrence) -> str:
    rows = model.assumptions
    return "\n".join("".join(p if isinstance(p, str) else text(p) for p in row) for row in rows)


@every_row
def test_definitions_on_the_command_line(row: dict[str, str]) -> None:
    found = defined(_definitions(row["typed"]), "-D")
    assert _lines(found) == _lines(defined(_definitions(row["meant"]), "-D"))
    assert row["said"] in _said(found)


@every_row
@pytest.mark.parametrize("suffix", [".md", ".tex"])
def test_definitions_in_a_file(row: dict[str, str], suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"cell{suffix}"
    shown = "\n\n".join(f"where ${d}$," for d in _definitions(row["typed"]))
    file.write_text(f"The cell,\n\n{shown}\n\nin one line.\n", encoding="utf-8")
    found = recurrence_of(file)
    assert _lines(found) == _lines(defined(_definitions(row["meant"])))
    assert row["said"] in _said(found)


@every_row
def test_definitions_in_notes(row: dict[str, str]) -> None:
    """Twice a definition is twice what was meant; three times is never called true."""
    page = ["The cell is", *(f"$${d}$$" for d in _definitions(row["typed"])), "Then, for each $t$,"]
    for line in row["meant"].split(" ;; "):
        left, _, right = line.partition(" = ")
        page += [f"$$2 {left} = 2 ({right})$$", f"$$2 {left} = 3 ({right})$$"]
    report = judge("page.md", "\n\n".join(page), Options())
    verdicts = [j.verdict.kind for j in report.formulas]
    count = 2 * (row["meant"].count(" ;; ") + 1)
    right, wrong = set(verdicts[-count::2]), set(verdicts[-count + 1 :: 2])
    assert row["notes"] in right and right <= {row["notes"], "proved"}
    assert not wrong & {"proved", "tested"}
    if row["notes"] == "unread":  # refused: the definition shows the place and says the fix
        first = report.formulas[0]
        assert row["slip"] == report.text[first.start : first.end]
        assert first.line == 3 and "write " in first.verdict.reason


REFUSED = [
    ("h_t = tahn(w h_{t-1})", 7, "Did you mean tanh?"),
    ("h_t = \\thanh(w h_{t-1})", 7, "Did you mean \\tanh?"),
    ("h_t = \\max(a, w h_{t-1})", 7, "write max(a, b) as b + \\operatorname{ReLU}(a - b)"),
    ("h_t = w \\|h_{t-1}\\|_1", 20, "only ‖·‖ and ‖·‖₂"),
    ("h_t = w h_{t-1} + 1e-3", 19, "write 10^{…}"),
    ("h_t = \\tanh(w h_{t-1}", 22, "expected ')' to close the '(' opened at 1:12"),
    ("h_t = w h_{t-1} + \\foo x_t", 19, "write \\mathrm{foo}"),
]


@pytest.mark.parametrize(("typed", "column", "fix"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_not_read_is_refused_with_its_place_and_the_fix(
    typed: str, column: int, fix: str
) -> None:
    with pytest.raises(DeriveError) as caught:
        defined([typed, "L_t = h_t^2"], "-D")
    error = caught.value
    assert error.place is not None and (error.place.line, error.place.column) == (1, column)
    assert fix in error.sentence and error.place.source == typed


def test_what_stays_as_it_is_written() -> None:
    for typed in (
        "h_t = w h_{t-1} + a_f x_t",  # a label of one letter
        "h_t = \\theta^T h_{t-1}",  # a power, which is said
        "h_t = w [h_{t-1} + x_t]",
        "h_t = f(h_{t-1}, x_t) * w",
    ):
        assert _lines(defined([typed, "L_t = h_t^2"]))[0].startswith("h_t = ")
    said = _said(defined(["h_t = w h_{t-1} + (x_t-1)", "L_t = h_t^2"]))
    assert "x_t-1 is xₜ minus 1: write x_{t-1} for a step" in said


@pytest.mark.parametrize(
    ("definition", "fix"),
    [
        ("h_t = \\tanh(W_hh h_{t-1} + x_t)", "W_hh is W_h h in LaTeX: write W_{hh}"),
        ("h_t = a h_t-1 + x_t", "h_t-1 is h_t - 1 in LaTeX: write h_{t-1}"),
    ],
)
def test_notes_that_say_something_else_in_latex_are_told_what_to_write(
    definition: str, fix: str
) -> None:
    page = f"Let $${definition}$$ Then $$\\frac{{\\partial h_t}}{{\\partial x_t}} = 1$$"
    last = judge("page.md", page, Options()).formulas[-1].verdict
    assert last.kind == "unread" and last.reason.endswith(fix)


MISSPELT = ("tahn", "\\thanh", "\\operatorname{tanhh}", "\\mathrm{tnh}", "tanh")


@pytest.mark.parametrize("typed", MISSPELT)
def test_nothing_is_refuted_through_a_misspelt_function(typed: str) -> None:
    page = f"Let $$s_t = {typed}\\left(a s_{{t-1}} + x_t\\right)$$ and $$C = \\sum_t (s_t - y_t)^2.$$ Then "
    page += "$$\\frac{\\partial s_t}{\\partial s_{t-1}} = a (1 - s_t^2)$$ but not "
    page += "$$\\frac{\\partial C}{\\partial s_T} = 3 s_T.$$"
    report = judge("page.md", page, Options())
    first, *_, true, false = report.formulas
    if typed == "tanh":
        assert (true.verdict.kind, false.verdict.kind) == ("proved", "refuted")
        return
    assert (true.verdict.kind, false.verdict.kind) == ("unread", "unread")
    assert "did you mean \\tanh?" in true.verdict.reason
    assert report.text[first.start : first.end] == typed


@pytest.mark.parametrize(
    "page",
    [
        "\\newcommand{\\tanhh}{\\tanh} $$s_t = \\tanhh(a s_{t-1} + x_t)$$",
        "$$\\operatorname{tanhh}(u) = \\tanh(u)^2$$ $$s_t = \\operatorname{tanhh}(a s_{t-1} + x_t)$$",
        "$$s_t = \\operatorname{gelu}(a s_{t-1} + x_t)$$",
        "$$s_t = \\coth(a s_{t-1} + x_t)$$",
    ],
)
def test_functions_of_ones_own_and_rarer_ones_are_not_misspelt(page: str) -> None:
    page += "\n\n$$C = \\sum_t s_t$$\n\n$$\\frac{\\partial C}{\\partial s_t} = 3$$"
    found = judge("page.md", page, Options()).formulas
    assert not [j for j in found if "did you mean" in j.verdict.reason]
