"""Annotated copies: the note stands beside its formula, and the LaTeX still compiles."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from derive.errors import DeriveError
from derive.report.margin import annotated, is_safe, macros_in, tex_words
from derive.verify.verdicts import KINDS, Counterexample, Judged, Report, Verdict

NOTE = "\\derivenote{refuted}{(1.1)}"


def report(
    text: str, mark: str = r"(?<![a-z\\])z(?![a-z])", verdict: Verdict | None = None
) -> Report:
    """Every `mark` in a text, judged."""
    verdict = verdict or Verdict("refuted")
    places = [m.span() for m in re.finditer(mark, text)]
    formulas = [Judged(f"{i}.1", 1, 1, a, b, "", verdict) for i, (a, b) in enumerate(places, 1)]
    return Report("notes.tex", text, tuple(formulas))


BESIDE = {
    "inline": "so $a = z$| or",
    "parentheses": "so \\(a = z\\)|, or",
    "a display": "so\n\\[ z \\]|\nor",
    "dollars": "so\n$$ z $$| or",
    "align": "\\begin{align*} a &= b \\\\ &= z \\end{align*}| or",
    "aligned": "\\begin{equation}\\begin{aligned} z \\end{aligned}\\end{equation}| or",
    "text in a display": "\\[ z \\text{ if $a$ is} \\]| or",
    "a heading": "\\section{On $z$}| or",
    "a footnote": "so\\footnote{See {$z$}.}| or",
    "a label of an item": "\\begin{itemize}\\item[$z$]| or\\end{itemize}",
    "a figure": "\\begin{figure}\\caption{$z$} more\\end{figure}| or",
    "a table": "\\begin{table}\\begin{tabular}{c}$z$\\end{tabular}\\end{table}| or",
    "a proof": "\\begin{proof} $z$| or\\end{proof}",
    "an escaped dollar": "5\\$ and $z$| or",
    "a dollar in a comment": "% 5$\n$z$| or",
    "a dollar in verbatim": "\\verb|$| and $z$| or",
    "a listing": "\\begin{verbatim} $ \\end{verbatim} $z$| or",
    "a lost dollar": "5$ and\n\n$z$| or",
    "an interval": "[0, 1) and $z$ or|\n\nmore",
    "no formula": "z = 3 % why\n|\n\nmore",
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_note_stands_beside_its_formula(name: str) -> None:
    before, _, after = BESIDE[name].rpartition("|")
    text = before.removesuffix("\n" if name == "no formula" else "") + after
    written = annotated(report(text), "notes.tex")
    body = written.partition("\\relax\n")[2].partition("\n\n\\bigskip")[0]
    assert body == f"{before}{NOTE}{after}"


def test_what_is_not_typeset_has_no_note() -> None:
    text = "\\newcommand{\\z}{$z$}\\begin{document}a\\end{document} $z$"
    written = annotated(report(text), "notes.tex")
    body = written.partition("\\begin{document}")[2]
    assert body.startswith("\n\\derivesheet") and "\\derivemark" not in body
    assert (
        body.count("Refuted.") == 1 and "a\n\n\\bigskip" in body
    )  # the verdict stands in the list at the end alone


RST = """First :math:`z` stands in a line.

.. note::

   .. math::
      :label: one

      a = z

      b = 2

.. math:: c = z

Done.
"""


def test_a_note_stands_behind_a_directive_and_is_literal() -> None:
    found = annotated(report(RST), "notes.rst")
    note = "``[Refuted.]``"
    assert found == (
        RST.replace("a line.\n", f"a line.\n\n{note}\n")
        .replace("b = 2\n", f"b = 2\n\n   {note}\n")
        .replace("c = z\n", f"c = z\n\n{note}\n")
    )


def test_markdown_and_text() -> None:
    text = "A list:\n\n- so $z$,\n  and\n\nEnd."
    verdict = Verdict("refuted", "T = 2", None, "a_b is *lost*", "a = b")
    note = "> **Refuted** for T = 2. a\\_b is \\*lost\\*. Nearest true line: `a = b`"
    assert annotated(report(text, verdict=verdict), "n.md") == text.replace(
        "and\n", f"and\n\n{note}\n"
    )
    note = "[Refuted for T = 2. a_b is *lost*. Nearest true line: a = b]"
    assert annotated(report("$z$", verdict=verdict), "n.txt") == f"$z$\n\n{note}"


@pytest.mark.parametrize(
    ("name", "text"), [("n.ipynb", "z"), ("n.tex", "\\documentclass[t]{beamer} $z$")]
)
def test_where_verdicts_have_no_place(name: str, text: str) -> None:
    with pytest.raises(DeriveError, match="use --to md instead"):
        annotated(report(text), name)


# Where the mark and a label of ours go in a display, and the number that the note has.
IN_A_DISPLAY = {
    "no number": ("\\[ z| . \\]", ""),
    "dollars": ("$$ z| $$", ""),
    "its own label": ("\\begin{equation} z| \\label{e} \\end{equation}", "e"),
    "a label of ours": ("\\begin{equation} z| ~\\end{equation}", "derive"),
    "a row": ("\\begin{align} a &= b \\label{a} \\\\ &= z| ~\\\\[2pt] c \\end{align}", "derive"),
    "the last row": ("\\begin{align} a \\\\ &= z| % so and \\\\\n ~\\end{align}", "derive"),
    "a row without": ("\\begin{align} z| \\notag \\\\ c \\end{align}", ""),
    "no numbers": ("\\begin{align*} z| \\\\ c \\end{align*}", ""),
    "split": (
        "\\begin{equation}\\begin{split} z| \\\\ c \\end{split}~\\end{equation}",
        "derive",
    ),
    "a matrix": (
        "\\begin{gather} \\begin{matrix} b \\\\ c \\end{matrix} z| ~\\end{gather}",
        "derive",
    ),
    "in braces": ("\\[ \\boxed{z + \\text{a}}| \\]", ""),
    "columns": ("\\begin{alignat}{2} z| ~\\end{alignat}", "derive"),
}


@pytest.mark.parametrize("name", IN_A_DISPLAY)
def test_a_mark_stands_in_the_row_of_a_display(name: str) -> None:
    body, number = IN_A_DISPLAY[name]
    text = body.replace("|", "").replace("~", "")
    written = annotated(report(f"\\begin{{document}}{text}\\end{{document}}"), "notes.tex")
    label = next(iter(re.findall(r"\\label\{(derive:\d+)\}", written)), "none")
    found = written.partition("%\n%\n")[2] or written
    shown = body.replace("|", "\\derivemark{1.1}").replace("~", f"\\label{{{label}}}")
    assert f"{shown}\n\n\\bigskip" in found
    wanted = {"": "", "derive": f" (\\ref{{{label}}})"}.get(number, f" (\\ref{{{number}}})")
    assert f"\\derivenote{{1.1}}{{refuted}}{{{wanted}}}{{}}" in written


def test_two_formulas_of_a_row_share_its_number() -> None:
    text = "\\begin{document}\\begin{align} z = z \\end{align}\\end{document}"
    written = annotated(report(text), "notes.tex")
    assert written.count("\\label{derive:") == 1 and written.count("\\derivemark{") == 2
    assert written.count("(\\ref{derive:") >= 2


def test_a_correction_is_typeset_with_the_macros_of_the_page() -> None:
    page = "\\begin{document}$\\pd{C}{h}$ $z$\\end{document}"
    verdict = Verdict("refuted", None, None, "", "\\pd{C}{h} = \\operatorname{diag}(a) W")
    assert "{Nearest true line: $\\displaystyle \\pd{C}{h} = " in annotated(
        report(page, verdict=verdict), "n.tex"
    )
    assert is_safe("\\pd{C}{h}", macros_in(page)) and not is_safe("\\pd{C}", macros_in(page))
    assert not is_safe("\\left", macros_in("\\left( \\right)"))


SAFE = ["a = b_{t+1}", "\\frac{\\partial C}{\\partial h_t}", "\\left(a\\right)^2"]
SAFE += ["x_t^2 + y'^2", "\\hat{y}_t", "\\{a\\}", "W^\\top x", ""]
UNSAFE = ["\\bar", "\\frac{a}", "\\frac a b", "\\right)\\left(", "\\left(\\frac{a\\right)}{b}"]
UNSAFE += ["x^2'", "x_\\frac{a}{b}", "\\left", "@", "x^{a}^{b}", "a~b", "a#b"]
UNSAFE += ["a & b", "a \\\\ b", "$a$", "\\foo", "{a", "a}", "\\left(a", "a_b_c", "θ", "50%", "x^"]


def test_what_is_set_as_a_formula() -> None:
    assert all(map(is_safe, SAFE)) and not any(map(is_safe, UNSAFE))
    assert tex_words("h_{t+1} reaches L_{t+2}, …") == "$h_{t+1}$ reaches $L_{t+2}$, $\\dots$"
    assert tex_words("∂hₜ₊₁/∂θ is 50%") == "$\\partial h_{t+1}/\\partial \\theta$ is 50\\%"
    assert tex_words("状態 \\foo{ #1") == "?? \\textbackslash{}foo\\{ \\#1"


DOCUMENT = r"""\documentclass{article}
\usepackage{amsmath}
\newcommand{\state}{$z$}
\begin{document}
\tableofcontents
\section{On $z$}
So $z$, and \( z \), so\footnote{Here $z$.} \state
\[ z \tag{1} \]
\begin{align} a &= z \\ &= \text{if $z$} \label{e} \end{align}

\begin{itemize} \item[$z$] One $z$ \item $$z$$ \end{itemize}
\begin{figure} \caption{On $z$} \end{figure}
\begin{tabular}{cc} $z$ & $z$ \end{tabular}
\parbox{3cm}{$z$ \begin{minipage}{2cm} $z$ \end{minipage}}
\begin{quote} $z$ \end{quote}
REPEATED
\end{document}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_an_annotated_copy_compiles(tmp_path: Path) -> None:
    text = DOCUMENT.replace("REPEATED", "Again $z$. " * 150)
    nasty = "it's #1 50% of \\foo{ _x ^ ~ h_{t+1} ∂L₁/∂h₁ ≤ 状態 & $ \\frac{a}{"
    numbers = Counterexample(2, (("\\theta", "3"), ("\\foo", "\\bar")), "1", "x_1_2")
    for suggestion in (*SAFE, *UNSAFE):
        verdicts = [Verdict(k, "T ≥ 2", "a_b", nasty, suggestion, numbers) for k in KINDS]
        found = [report(text, verdict=v) for v in verdicts]
        formulas = tuple(found[i % len(KINDS)].formulas[i] for i in range(len(found[0].formulas)))
        written = annotated(Report("n.tex", text, formulas), "n.tex", every=True)
        (tmp_path / "n.tex").write_text(written, encoding="utf-8")
        if suggestion in (SAFE[1], UNSAFE[0]):
            _compile(tmp_path)
            _compile(tmp_path)  # now with the places of the notes
            assert "derivepos{10.1}" in (tmp_path / "n.aux").read_text(encoding="utf-8")


def _compile(folder: Path) -> None:
    command = [
        "pdflatex",
        "-no-shell-escape",
        "-interaction=nonstopmode",
        "-halt-on-error",
        "n.tex",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-2000:].decode(errors="replace")
