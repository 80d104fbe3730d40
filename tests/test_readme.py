"""The README's and the tutorial's showcases are repeatable to the letter."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from derive.commands import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(
    r"^```\n\$ derive (?P<typed>[^\n]+)\n(?P<shown>.*?)^```$", re.MULTILINE | re.DOTALL
)


def showcases() -> list[tuple[str, str, str]]:
    """(page, what is typed, what is shown) of every block that begins with `$ derive`."""
    return [
        (page.name, block["typed"], block["shown"])
        for page in PAGES
        for block in SHOWN.finditer(page.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(
    ("page", "typed", "shown"), showcases(), ids=[f"{p}: {t}" for p, t, _ in showcases()]
)
def test_what_is_shown_is_what_comes(
    page: str, typed: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pieces between the lines `…` stand in the output, in their order."""
    monkeypatch.chdir(ROOT / "examples")
    found = CliRunner().invoke(app, shlex.split(typed.split(" | ")[0]))
    assert found.exit_code in ((2,) if shown.startswith("derive: ") else (0, 1))
    output = found.output.replace("\r", "")
    for piece in re.split(r"(?:^| )…$\n?", shown, flags=re.MULTILINE):
        assert piece in output, f"{page} shows, and {typed!r} does not give:\n{piece}"
        output = output[output.index(piece) + len(piece) :]


def test_there_are_showcases() -> None:
    assert {page for page, _, _ in showcases()} >= {"README.md"}


def test_the_readme_begins_with_clone_install_and_one_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    places = [text.index(said) for said in ("git clone", "pip install -q -e .", "derive notes")]
    assert places == sorted(places) and places[-1] < text.index("$ derive")
    before = text[: text.index("$ derive")]
    assert all(tool in before for tool in ("TeX", "Coq", "JAX"))
