"""Reports: carets under the right characters, the same facts in every format, valid SARIF."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from derive.report import marking, records
from derive.report.excerpt import Row, excerpt
from derive.report.facts import in_unicode, values
from derive.verify.verdicts import KINDS, Counterexample, Judged, Kind, Report, Verdict

GOLDEN = Path(__file__).parent / "golden"

RECURSION = (
    "\\frac{\\partial C}{\\partial h_t} = \\frac{\\partial L_t}{\\partial h_t}\n"
    "  + \\frac{\\partial L_{t+1}}{\\partial h_{t+1}}\\frac{\\partial h_{t+1}}{\\partial h_t}"
)
NOTES = f"Let $h_t = f(h_{{t-1}}, \\theta)$ and\n\\[\n{RECURSION}\n\\]\nso $a = b = c$, and 状態 $z_t$.\n"
PAIRS = (
    ("t", "1"),
    ("\\frac{\\partial L_1}{\\partial h_1}", "1"),
    ("\\frac{\\partial L_2}{\\partial h_2}", "1"),
    ("\\frac{\\partial h_2}{\\partial h_1}", "2"),
)


def judged(text: str, member: str, number: str, latex: str, verdict: Verdict) -> Judged:
    start = text.index(member)
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    return Judged(number, line, column, start, start + len(member), latex, verdict)


REFUTED = Verdict(
    "refuted",
    "every T ≥ 3, 1 ≤ t ≤ T-2",
    None,
    "h_{t+1} reaches L_{t+2}, …, L_T as well; only L_{t+1} is counted",
    "\\frac{\\partial C}{\\partial h_t} = \\frac{\\partial L_t}{\\partial h_t} + "
    "\\frac{\\partial C}{\\partial h_{t+1}}\\frac{\\partial h_{t+1}}{\\partial h_t}",
    Counterexample(3, PAIRS, "9", "3"),
)


def notes() -> Report:
    member = RECURSION.partition("= ")[2]
    formulas = (
        judged(NOTES, "f(h_{t-1}, \\theta)", "1.1", "h_t = f(…)", Verdict("definition")),
        judged(NOTES, member, "2.1", RECURSION.replace("\n", " "), REFUTED),
        judged(NOTES, "b = c", "3.1", "a = b", Verdict("proved", "every T ≥ 1", "scalars")),
        judged(
            NOTES, "c$", "3.2", "a = c", Verdict("carried", reason="b is wrong", suggestion="a")
        ),
        judged(NOTES, "z_t", "4.1", "z_t", Verdict("remark")),
    )
    return Report("notes.tex", NOTES, formulas, ("h_0 does not depend on θ",))


def one(kind: Kind, text: str = "$x = y$", suggestion: str | None = None) -> Report:
    verdict = Verdict(kind, suggestion=suggestion)
    return Report(f"{kind}.tex", text, (judged(text, "y", "1.1", "x = y", verdict),))


def golden(name: str, written: str) -> None:
    path = GOLDEN / name
    assert written == path.read_text(encoding="utf-8"), f"{path} is out of date"


# -- carets -----------------------------------------------------------------------------------------

PLACED = {
    "plain": ("ab = cd", "cd", "ab = cd", "     ^^"),
    "indented": ("   ab = cd", "cd", "ab = cd", "     ^^"),
    "a tab": ("a\t= cd", "cd", "a   = cd", "      ^^"),
    "wide characters": ("状態 $h$", "h", "状態 $h$", "      ^"),
    "a wide member": ("$x$ 状態.", "状態", "$x$ 状態.", "    ^^^^"),
    "a combining mark": ("e\u0301 = b", "b", "e\u0301 = b", "    ^"),
    "white space around": ("a =  b  .", "  b  ", "a =  b  .", "     ^"),
    "a control character": ("\x1b[31m = b", "b", "\ufffd[31m = b", "        ^"),
    "a reversing mark": ("\u202ea = b", "b", "\ufffda = b", "     ^"),
}


@pytest.mark.parametrize("name", PLACED)
def test_carets_stand_under_the_member(name: str) -> None:
    text, member, source, carets = PLACED[name]
    start = text.index(member)
    assert excerpt(text, start, start + len(member), 70) == (Row(1, source, carets),)


def test_a_member_of_several_lines() -> None:
    text = "\n  a\n    = b\n    + c\n\n"
    start = text.index("b")
    rows = excerpt(text, start, text.index("c") + 1, 70)
    assert rows == (Row(3, "= b", "  ^"), Row(4, "+ c", "^^^"))


def test_many_rows_lose_their_middle() -> None:
    text = "\n".join(f"+ x_{i}" for i in range(20))
    rows = excerpt(text, 0, len(text), 70)
    assert [row.line for row in rows] == [1, 2, 3, 4, None, 20]


@pytest.mark.parametrize("room", [20, 40, 75])
def test_a_long_line_is_cut_around_the_member(room: int) -> None:
    text = "x" * 200 + " = " + "状" * 60 + " = " + "y" * 200
    start = text.index("状")
    rows = excerpt(text, start, start + 60, room)
    assert all(cell_len(row.source) <= room and len(row.carets) <= room for row in rows)
    assert rows[0].source.startswith("…") and rows[-1].source.endswith(("…", "状"))
    if room == 75:
        assert sum(row.carets.count("^") for row in rows) == 120


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 3), (3, 4), (5, 5)])
def test_an_empty_span_breaks_nothing(start: int, end: int) -> None:
    for row in excerpt("ab\n\nc", start, end, 70):
        assert row.carets.count("^") <= 1


# -- words ------------------------------------------------------------------------------------------


def test_formulas_in_unicode() -> None:
    assert in_unicode("\\frac{\\partial L_1}{\\partial h_1}") == "∂L₁/∂h₁"
    assert in_unicode("h_0") == "h₀"
    assert in_unicode("a = b_{t+1}") == "a = bₜ₊₁"
    assert in_unicode("\\frac{1}{2}") == "1/2"
    assert in_unicode("-3") == "−3"


@pytest.mark.parametrize("latex", ["\\foo{", "a +", "}", "", "h_t = f(", "x" * 5000, "{" * 900])
def test_what_cannot_be_read_stays_as_it_is(latex: str) -> None:
    assert in_unicode(latex) == latex


def test_equal_derivatives_in_a_row_are_said_once() -> None:
    assert values(Counterexample(3, PAIRS, "9", "3")) == (
        "T = 3, t = 1, ∂L₁/∂h₁ = ∂L₂/∂h₂ = 1, ∂h₂/∂h₁ = 2"
    )


# -- formats ----------------------------------------------------------------------------------------


def test_text() -> None:
    golden("notes.txt", marking.plain(marking.marked([notes()])))


def test_markdown() -> None:
    golden("notes.md", marking.markdown([notes(), one("unread")]))


def test_html() -> None:
    written = marking.html([notes(), one("unread", "<b> $x = y$")])
    assert written.startswith("<!DOCTYPE html>") and "<b>" not in written
    assert '<div class="note refuted"' in written and "for every T ≥ 3" in written
    assert '<div class="note unread"' in written and "&lt;b&gt;" in written


def test_json() -> None:
    golden(
        "notes.json", json.dumps(records.as_json([notes()]), ensure_ascii=False, indent=1) + "\n"
    )


def test_an_error_is_in_every_record() -> None:
    broken = Report("lost.tex", "", (), error="lost.tex cannot be read: no such file or directory")
    assert records.as_json([broken])["files"] == [
        {"path": "lost.tex", "counts": {}, "formulas": [], "error": broken.error}
    ]
    (run,) = records.as_sarif([broken], "1")["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "not judged" in marking.plain(marking.marked([broken, notes()]))
    assert "Not judged" in marking.markdown([broken, notes()])


def test_text_keeps_to_its_columns() -> None:
    for columns in (40, 60, 80, 120):
        reports = [notes(), one("tested")] if columns > 40 else [notes()]
        written = marking.plain(marking.marked(reports, columns))
        for line in written.splitlines():
            offered = line.lstrip().startswith("Nearest true line: ")  # pasted as it stands
            assert offered or cell_len(line) <= columns, line


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown(kind: Kind) -> None:
    loud = kind in {"refuted", "carried", "ambiguous", "tested", "unread"}
    place = f"{kind}.tex:1:6"
    assert (place in marking.plain(marking.marked([one(kind)]))) is loud
    assert place in marking.plain(marking.marked([one(kind)], every=True))
    assert f"{kind} 1" in marking.plain(marking.marked([one(kind)]))


def test_nothing_in_the_notes_is_taken_for_markup() -> None:
    text = "$x = y$ [bold]\\[\x1b[31m\x02refuted\x03"
    verdict = Verdict("refuted", reason="[red] \x1b[0m\x04 is `not` *here*")
    report = Report("[a].tex", text, (judged(text, "y$ [bold]\\[\x1b[31m", "1.1", "", verdict),))
    written = marking.marked([report])
    assert "\x1b" not in written and "[bold]\\[\ufffd[31m" in marking.plain(written)
    assert "[red]" in marking.plain(written)
    assert "\\[red\\] \ufffd\\[0m\ufffd is \\`not\\` \\*here\\*" in marking.markdown([report])


def test_backquotes_do_not_end_the_code() -> None:
    assert "````text\n" in marking.markdown([one("refuted", "``` $x = y$")])


def test_colour_is_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    marking.show(marking.marked([notes()]), 80)
    assert capsys.readouterr().out.splitlines()[0].startswith("notes.tex:3:")


# -- SARIF ------------------------------------------------------------------------------------------


def sarif(*reports: Report, every: bool = False) -> dict[str, object]:
    """The one run of a log that the model made from the official schema accepts."""
    model = pytest.importorskip("pydantic_sarif.model")
    log = records.as_sarif(reports, "0.1.0", every)
    model.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate_json(json.dumps(log))
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_sarif_is_valid() -> None:
    broken = Report("/whole/path é.tex", "", (), error="it cannot be read")
    run = sarif(notes(), *map(one, KINDS), broken, every=True)
    results = run["results"]
    assert isinstance(results, list) and len(results) == 5 + len(KINDS)
    levels = {r["ruleId"]: r["level"] for r in results}
    assert levels["refuted"] == "error" and levels["carried"] == levels["ambiguous"] == "warning"
    assert levels["tested"] == levels["unread"] == "note" and levels["proved"] == "none"
    assert len(sarif(*map(one, KINDS))["results"]) == 5  # type: ignore[arg-type]


def test_sarif_regions_count_utf_16() -> None:
    text = "𝑎 状 $x =\n y$"
    log = records.as_sarif([one("refuted", text)], "1")
    (result,) = log["runs"][0]["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 2, "endLine": 2, "endColumn": 3}
    start = records._region(text, text.index("x"), text.index("y") + 1)
    assert start["startColumn"] == 7 and start["endColumn"] == 3


FIXES = {
    "a member": ("$x = y$", "x = z + 1", "z + 1"),
    "other spaces": ("$x = y$", "x =  z", "z"),
    "another left side": ("$x = y$", "w = y", None),
    "no suggestion": ("$x = y$", None, None),
    "nothing": ("$x = y$", "x =", None),
}


@pytest.mark.parametrize("name", FIXES)
def test_fixes(name: str) -> None:
    text, suggestion, inserted = FIXES[name]
    report = one("refuted", text, suggestion)
    assert records.replacement(report, report.formulas[0]) == inserted
    assert sarif(report)["results"]
    assert records.replacement(one("carried", text, suggestion), one("carried").formulas[0]) is None
