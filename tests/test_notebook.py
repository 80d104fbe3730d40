"""The notebook of examples/ runs, and shows what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from notebook_runner import run

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def test_the_tour_runs_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    book = json.loads((EXAMPLES / "tour.ipynb").read_text(encoding="utf-8"))
    scope: dict[str, Any] = {}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            found = run("".join(cell["source"]), scope, cell["execution_count"])
            assert found == cell["outputs"], "".join(cell["source"])


def test_results_show_themselves_in_it() -> None:
    book = json.loads((EXAMPLES / "tour.ipynb").read_text(encoding="utf-8"))
    shown = [o["data"] for c in book["cells"] for o in c.get("outputs", ()) if "data" in o]
    assert any("<math" in "".join(data.get("text/html", ())) for data in shown)
    assert any("<svg" in "".join(data.get("text/html", ())) for data in shown)
