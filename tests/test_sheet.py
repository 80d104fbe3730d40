"""The red pen as a page: the reader's own text, typeset, each formula with its verdict."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from derive.judge.readers import judge
from derive.report import marking
from derive.report.facts import finding, spoken
from derive.report.marking import html
from derive.report.sheet import Sheet, pieces_of, tidied
from derive.verify.options import Options
from derive.verify.verdicts import KINDS, Counterexample, Judged, Report, Verdict

ROOT = Path(__file__).resolve().parent
PAGE = r"""\documentclass{article}
\newcommand{\grad}[2]{\frac{\partial #1}{\partial #2}}
\begin{document}
\section{One cell}
Let $h_t = \tanh(w h_{t-1} + x_t)$ & let $L_t = h_t^2$.
\subsubsection{Wrong}
\begin{align}
  \grad{L_t}{h_t} &= 3 h_t \label{eq:one} \\
  \grad{L_t}{h_t} &= 2 h_t , \qquad t < T
\end{align}
\begin{itemize} \item The inline $\grad{L_t}{h_t} = h_t$ is wrong, too. \end{itemize}
Here $q \oops{3} = <b>$ cannot be set.
\end{document}
"""


@pytest.fixture(scope="module")
def report() -> Report:
    return judge("page.tex", PAGE, Options())


def test_the_page_stands_on_the_sheet_in_order(report: Report) -> None:
    kinds = [
        (block.kind, block.level if block.kind == "heading" else 0)
        for block in Sheet(report).blocks()
    ]
    assert kinds == [
        ("heading", 3),
        ("para", 0),
        ("heading", 4),
        ("display", 0),
        ("item", 0),
        ("para", 0),
    ]


def test_each_formula_stands_on_it_once(report: Report) -> None:
    blocks = Sheet(report).blocks()
    placed = [f.judged.id for block in blocks for f in block.notes]
    assert len(placed) == len(set(placed))
    shown = {j.id for j in report.formulas if j.verdict.kind in ("refuted", "proved", "unread")}
    assert shown <= set(placed)


def test_a_display_that_goes_on_keeps_its_first_sign() -> None:
    text = "Let $h_t = f(h_{t-1}, w)$.\n\n$$a = 2$$\n\n$$= 1 + 1 = 3 - 1$$\n"
    (_, last) = (b for b in Sheet(judge("x.md", text, Options())).blocks() if b.kind == "display")
    assert [row.count(">=</mo>") for row in last.body.split("<tr>")[1:]] == [1, 1]


def test_signs_stand_beside_the_rows(report: Report) -> None:
    (display,) = (b for b in Sheet(report).blocks() if b.kind == "display")
    rows = display.body.split("<tr>")[1:]
    assert ["✗" in row for row in rows] == [True, False]
    assert ["✓" in row for row in rows] == [False, True]
    assert "<mfrac>" in rows[0] and "eq:one" not in rows[0]  # the page's macro, and no label
    assert "condition" in rows[1]


def test_what_cannot_be_set_stands_as_it_is_written(report: Report) -> None:
    last = Sheet(report).blocks()[-1]
    assert "\\oops" in last.body and "<b>" not in last.body
    assert Sheet(report).mathml(r"\frac{a}") == r"<code>\frac{a}</code>"


def test_the_page_needs_no_script_and_no_network(report: Report) -> None:
    page = html([report])
    assert "<script" not in page and "http" not in re.sub(r"http://www.w3.org/\S+", "", page)
    assert (
        page.count("<details>") >= 2
        and "prefers-color-scheme: dark" in page
        and "@media print" in page
    )
    assert 'id="show-refuted"' in page and '<span class="sign refuted"' in page


def test_the_suggestion_is_typeset_and_its_latex_is_there_on_request(report: Report) -> None:
    sheet = Sheet(report)
    offered = [f for b in sheet.blocks() for f in b.notes if f.suggestion]
    assert offered and all("<math" in sheet.suggestion(f) for f in offered)
    page = html([report])
    assert page.index("<summary>LaTeX</summary>") > page.index('class="scroll mend"')


@pytest.mark.parametrize("write", [marking.html, marking.marked, marking.markdown])
def test_verdicts_with_everything_that_one_may_have_are_written(
    write: Callable[..., str],
) -> None:
    numbers = Counterexample(2, (("t", "1"), ("h_1", "3")), "1", "2")
    said = ("every T", "the last factor immediate", "it is wrong", "a = -b", numbers)
    verdicts = [Verdict(kind, *said) for kind in KINDS if kind != "remark"]
    formulas = [Judged(f"1.{i}", 1, 10, 9, 14, "a = b", v) for i, v in enumerate(verdicts)]
    report = Report("x.tex", "We have $a = b$ here.", tuple(formulas), ("h_0 is constant",))
    made = write([report], every=True)
    assert made.count("the last factor immediate") == len(verdicts)


def test_a_formula_that_stands_nowhere_comes_last() -> None:
    text = "No formula at all, but a verdict."
    judged = Judged("1.1", 1, 3, 3, 10, "a = b", Verdict("unread", reason="made up"))
    (para, left_over) = Sheet(Report("x.tex", text, (judged,))).blocks()
    assert para.kind == "para" and left_over.notes[0].judged is judged


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (r"a &= b \\", "a = b"),
        (r"\left( a", "( a"),
        (r"x \label{eq:a} \nonumber % note", "x"),
        (
            r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
            r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
        ),
        (r"\begin{split} a \end{split} ,", "a"),
    ],
)
def test_layout_is_left_out(written: str, left: str) -> None:
    assert tidied(written) == left


def test_a_long_formula_is_broken_before_its_signs() -> None:
    pieces = pieces_of(" + ".join(r"\frac{\partial L}{\partial h} (a + b)" for _ in range(30)), 42)
    assert len(pieces) > 2 and all(p.startswith("+") for p in pieces[1:])
    assert all(p.count("(") == p.count(")") for p in pieces)
    assert pieces_of("a + b", 42) == ["a + b"]


def test_formulas_in_a_sentence_are_spoken() -> None:
    assert (
        spoken("h_t where \\theta is meant, a word_of two") == "hₜ where θ is meant, a word_of two"
    )


@pytest.mark.parametrize(
    "path",
    [
        p
        for kind in ("right", "wrong")
        for p in sorted((ROOT / kind).rglob("*.*"))
        if p.suffix != ".tsv"
    ],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_every_page_of_ours_can_be_set(path: Path) -> None:
    blocks = Sheet(Report(str(path), path.read_text(encoding="utf-8"), ())).blocks()
    assert blocks
    made = "".join(block.body for block in blocks)
    assert made.count("<code>") <= 1 + made.count("<math") // 20


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (r"\boxed{ a", "a"),
        (r"b }", "b"),
        (r"\frac{a}{b} }", r"\frac{a}{b}"),
        (r"\text{if $x$ is}", r"\text{if }x\text{ is}"),
    ],
)
def test_halves_of_groups_and_formulas_in_words(written: str, left: str) -> None:
    assert tidied(written) == left


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("a sign is wrong", "A sign is wrong."),
        ("an index is off by one", "An index is off by one."),
        ("a is defined nowhere", "a is defined nowhere."),
        ("a depends on h", "a depends on h."),
        ("h_t where C is meant", "hₜ where C is meant."),
        ("sech is defined nowhere", "sech is defined nowhere."),
        ("there is no path", "There is no path."),
        ("the two sides differ", "The two sides differ."),
        ("∂C is 0", "∂C is 0."),
    ],
)
def test_a_reason_is_a_sentence(reason: str, sentence: str) -> None:
    judged = Judged("1.1", 1, 3, 3, 10, "a = b", Verdict("unread", reason=reason))
    assert finding(Report("x.tex", "No formula at all.", (judged,)), judged, 80).reason == sentence
