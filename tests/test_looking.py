"""The pages as a browser shows them: nothing missing, clipped or too wide, and no fault by axe-core."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from looking import WIDTHS, axe, browser, looked_at, on_paper
from printed import INK, pages_of, poppler

import derive
from derive.judge.readers import judge
from derive.report.marking import html
from derive.verify.options import Options

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
needed = bool(os.environ.get("DERIVE_NEEDS_CHROMIUM"))
# CI sets the variable, so that a missing browser is a failure there.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (needed or browser()), reason="needs Chromium"),
]


def _report(name: str) -> str:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    return html([judge(name, text, Options())])


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {
        "notes": derive.notes().html(),
        "bptt": derive.bptt("linear", T=2).html(),
        "prove": derive.prove("rnn", wrt="W").html(),
        "models": derive.models().html(),
        "cost": derive.cost("tanh", T=10).html(),
        "a report": _report("page.tex"),
        "a report with readings": _report("handwritten.txt"),
    }


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_at_three_widths(pages: dict[str, str], dark: bool, tmp_path: Path) -> None:
    assert axe() or not needed, "axe-core-python is missing"
    seen = looked_at(pages, tmp_path, dark=dark)
    for page in seen:
        shades = [int(n) for n in re.findall(r"\d+", page["paper"])]
        assert page["dark"] == dark and (max(shades[:3]) < 60 if dark else min(shades[:3]) > 240)
    assert {(s["name"], s["width"]) for s in seen} == {(n, w) for n in pages for w in WIDTHS}
    wrong = [(s["name"], s["width"], *s["found"], *s["violations"]) for s in seen]
    assert [row for row in wrong if len(row) > 2] == []
    formulas = {s["name"]: s["formulas"] for s in seen}
    assert all(formulas[name] > 10 for name in pages), formulas


@pytest.mark.skipif(not (needed or poppler()), reason="needs Poppler")
@pytest.mark.parametrize("name", ["prove", "a report with readings"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_on_paper_all_is_dark_on_white(
    pages: dict[str, str], name: str, dark: bool, tmp_path: Path
) -> None:
    """Whatever the reader prefers on a screen; and formulas are no wider than a sheet."""
    on_paper(pages[name], tmp_path / "printed.pdf", dark)
    found = pages_of(tmp_path / "printed.pdf")
    assert len(found) > 1
    for sheet in found:
        assert sheet.ink < 0.2
        edge = len(sheet.rows) // 100
        assert not any(min(row[:edge] + row[-edge:]) < INK for row in sheet.rows)
    said = " ".join(w.text for sheet in found for w in sheet.words)
    assert "refuted" in said or "Answer" in said


def test_what_is_wrong_is_seen(tmp_path: Path) -> None:
    page = (
        "<!DOCTYPE html><html><head><title>x</title></head><body><h1>x</h1>"
        "<p style='color:#ddd;background:#fff'>pale</p><a href='#nowhere'>a</a>"
        "<div style='width:900px'>wide</div><math><mi></mi></math></body></html>"
    )
    try:
        (seen,) = looked_at({"page": page}, tmp_path, [375])
    except subprocess.CalledProcessError as error:  # said by the browser alone
        pytest.fail(error.stderr)
    said = "\n".join(seen["found"])
    assert "wider than the window" in said and "leads nowhere" in said
    assert not axe() or any("contrast" in v for v in seen["violations"])
