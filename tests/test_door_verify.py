"""What people build on in `derive verify`: settings, folders, fixes, watching, explanations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from derive import red_pen
from derive.commands import app
from derive.console import paged
from derive.explaining import names
from derive.proof.rules import RULES
from derive.report.fixing import diff, fixed
from derive.verify.verdicts import KINDS, Report

CELL = "Let $h_t = \\tanh(w h_{t-1} + x_t)$ and $L_t = h_t^2$.\n"
WRONG = "\\[ \\frac{\\partial L_t}{\\partial h_t} = 3 h_t \\]\n"
RIGHT = "\\[ \\frac{\\partial L_t}{\\partial h_t} = 2 h_t \\]\n"
Typed = Callable[..., Result]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Runs a command in a folder of its own that has a page with one wrong line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "page.tex").write_text(CELL + WRONG, encoding="utf-8")
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


# -- settings ---------------------------------------------------------------------------------------


def test_settings_are_options(typed: Typed) -> None:
    Path("open.tex").write_text(CELL + WRONG.replace("3 h_t", "3 h_t \\cdot ("), encoding="utf-8")
    assert typed("verify", "open.tex").exit_code == 0
    Path("derive.toml").write_text("[verify]\nstrict = true\n", encoding="utf-8")
    assert typed("verify", "open.tex").exit_code == 1
    Path("derive.toml").unlink()
    Path("pyproject.toml").write_text("[tool.derive.bptt]\nT = 2\nwrt = 'w'\n", encoding="utf-8")
    shown = typed("bptt", "tanh", "--answer")
    assert shown.exit_code == 0 and "∂C/∂w" in shown.output and "∂C/∂u" not in shown.output


def test_what_is_typed_goes_before(typed: Typed) -> None:
    Path("derive.toml").write_text("[bptt]\nwrt = 'w'\n", encoding="utf-8")
    assert "∂C/∂u" in typed("bptt", "tanh", "--answer", "--wrt", "u").output


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("verify = 3", "expected [verify] to be a table of options"),
        ("[verfy]\nstrict = true", "Did you mean verify?"),
        ("[verify]\nstrct = true", "Did you mean strict?"),
        ("[verify]\nstrict = 'yes'", "expected strict of [verify] to be true or false"),
        ("[verify]\nlayout = true", "expected layout of [verify] to be a value"),
        ("[verify]\nlayout = ['a']", "expected layout of [verify] to be one value"),
        ("[verify", "is no TOML"),
    ],
)
def test_settings_that_are_none(typed: Typed, text: str, sentence: str) -> None:
    Path("derive.toml").write_text(text, encoding="utf-8")
    found = typed("verify", "page.tex")
    assert found.exit_code == 2 and found.stdout == ""
    assert sentence in found.stderr and found.stderr.count("\n") == 1


def test_a_pyproject_without_us_says_nothing(typed: Typed) -> None:
    Path("pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    assert typed("models", "tanh").exit_code == 0


# -- folders and patterns ---------------------------------------------------------------------------


def test_folders_and_patterns(typed: Typed) -> None:
    Path("notes/.hidden").mkdir(parents=True)
    for name in ("notes/b.md", "notes/a.tex", "notes/c.py", "notes/.hidden/d.tex"):
        Path(name).write_text(CELL, encoding="utf-8")
    for given in ("notes", "notes/*.[tm]*"):
        files = json.loads(typed("verify", given, "--to", "json").output)["files"]
        assert [f["path"] for f in files] == ["notes/a.tex", "notes/b.md"]
    found = typed("verify", "notes/*.rst")
    assert found.exit_code == 2 and found.stderr == "derive: no file fits notes/*.rst\n"


# -- fixes ------------------------------------------------------------------------------------------


def test_a_diff_changes_nothing_and_a_fix_does(typed: Typed) -> None:
    shown = typed("verify", "page.tex", "--diff")
    assert shown.exit_code == 1
    assert f"-{WRONG}+" in shown.output and shown.output.startswith("--- a/page.tex\n")
    assert Path("page.tex").read_text(encoding="utf-8") == CELL + WRONG
    assert typed("verify", "page.tex", "--fix").exit_code == 0
    changed = Path("page.tex").read_text(encoding="utf-8")
    assert changed.startswith(CELL) and changed != CELL + WRONG
    assert typed("verify", "page.tex").exit_code == 0


def test_what_cannot_be_fixed_is_one_sentence(typed: Typed) -> None:
    found = CliRunner().invoke(app, ["verify", "-", "--fix"], input=CELL + WRONG)
    assert found.exit_code == 2 and "standard input cannot be written to" in found.stderr
    with pytest.raises(Exception, match="is a notebook, in which nothing is fixed"):
        fixed(Report("a.ipynb", "{}", ()))
    unchanged = fixed(Report("a.tex", CELL, ()))
    assert unchanged.count == 0 and diff(Report("a.tex", CELL, ()), unchanged) == ""


# -- what is left alone -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        CELL + WRONG.replace("\n", " % derive: ignore\n"),
        CELL + "% derive: ignore\n" + WRONG,
        CELL + "%derive:ignore\n\n" + WRONG,
    ],
)
def test_a_line_may_be_left_alone(typed: Typed, page: str) -> None:
    Path("page.tex").write_text(page, encoding="utf-8")
    found = typed("verify", "page.tex", "--to", "json")
    assert found.exit_code == 0
    (file,) = json.loads(found.output)["files"]
    assert "refuted" not in file["counts"] and "ignore" not in {
        f["latex"] for f in file["formulas"]
    }


def test_only_that_line_is_left_alone(typed: Typed) -> None:
    Path("page.md").write_text(
        CELL + "<!-- derive: ignore -->\n" + WRONG.replace("\\[", "$$").replace("\\]", "$$") * 2,
        encoding="utf-8",
    )
    (file,) = json.loads(typed("verify", "page.md", "--to", "json").output)["files"]
    assert file["counts"]["refuted"] == 1


# -- watching ---------------------------------------------------------------------------------------


def test_a_change_is_seen(tmp_path: Path) -> None:
    page, calls = tmp_path / "page.tex", list[str]()
    page.write_text("one", encoding="utf-8")
    texts = iter(["one", "two and more", "two and more", "three, the last"])

    def wait(_: float) -> None:
        page.write_text(next(texts), encoding="utf-8")

    def again() -> None:
        calls.append(page.read_text(encoding="utf-8"))

    red_pen.watch([str(page)], again, wait, rounds=4)
    assert calls[-2:] == ["two and more", "three, the last"]


def test_standard_input_is_not_watched(typed: Typed) -> None:
    assert "standard input does not change" in typed("verify", "-", "--watch").stderr


# -- explanations -----------------------------------------------------------------------------------


def test_the_list_of_what_can_be_explained(typed: Typed) -> None:
    shown = typed("explain").output
    assert set(names()) == {*KINDS, *(rule.replace(" ", "-") for rule in RULES)}
    assert all(f"  {name}" in shown for name in names())


@pytest.mark.parametrize("kind", KINDS)
def test_a_verdict_is_explained(typed: Typed, kind: str) -> None:
    shown = typed("explain", kind)
    assert (
        shown.exit_code == 0 and shown.output.startswith(f"{kind}: ") and "Example:" in shown.output
    )


@pytest.mark.parametrize("rule", ["chain-rule", "gradient rule", "take_out_last"])
def test_a_rule_is_explained_with_a_step_of_ours(typed: Typed, rule: str) -> None:
    shown = typed("explain", rule).output
    assert "a rule of derivations" in shown and "(from derive " in shown


def test_what_nobody_can_explain(typed: Typed) -> None:
    found = typed("explain", "refutd")
    assert found.exit_code == 2 and found.stderr.endswith("Did you mean refuted?\n")


# -- a pager ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lines", "pages"), [(20, 0), (500, 1)])
def test_more_than_two_screens_go_through_a_pager(
    monkeypatch: pytest.MonkeyPatch, lines: int, pages: int
) -> None:
    from rich.console import Console

    shown: list[str] = []
    monkeypatch.setattr("rich.pager.SystemPager.show", lambda _, content: shown.append(content))
    monkeypatch.delenv("LESS", raising=False)
    console = Console(width=80, height=24, force_terminal=True)
    with paged(console, lines):
        console.print("x\n" * lines)
    assert len(shown) == pages
