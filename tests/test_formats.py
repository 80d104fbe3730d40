"""What a format costs who asks for it, and who does not: a page's size, and what is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import derive

ROOT = Path(__file__).resolve().parent.parent
LARGEST_PAGE = 300_000  # bytes
# What writes HTML, PDF and pictures, and nothing else needs.
FOR_PAGES = ("math_core", "derive.picture", "typst", "derive.typst_format", "derive.typesetting")
IMPORTED = f"""import sys
from derive.commands import app
try:
    app(sys.argv[1:], prog_name="derive")
except SystemExit as end:
    assert not end.code
finally:
    sys.stderr.write(" ".join(name for name in {FOR_PAGES!r} if name in sys.modules))
"""


def imported(*arguments: str) -> set[str]:
    """Those of FOR_PAGES that a command has imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return set(done.stderr.split())


def test_the_page_of_the_notes_is_not_heavy() -> None:
    page = derive.notes().html()
    assert page.count("<math") > 100
    assert len(page.encode("utf-8")) < LARGEST_PAGE


@pytest.mark.parametrize(
    "command",
    [
        "notes",
        "notes --to latex",
        "bptt tanh -T 2 --to md",
        "bptt tanh -T 2 --to latex",
        "prove tanh --to json",
        "cost tanh -T 5",
        "code tanh",
        "models",
        "verify examples/my-cell.md",
        "graph tanh -T 2 --to text",
    ],
)
def test_what_writes_no_page_imports_nothing_for_one(command: str) -> None:
    drawn = {"derive.picture"} if command.startswith("graph") else set()
    assert imported(*command.split()) <= drawn


def test_a_page_imports_what_it_is_made_by() -> None:
    assert imported("notes", "--to", "html") == {"math_core", "derive.picture"}
