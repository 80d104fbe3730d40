"""Which formulas notes have, how they fall into members, and where each stands."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import DeriveError
from derive.notation.reader import LARGEST_FILE
from derive.notation.tokens import LONGEST_FORMULA
from derive.verify.account import account
from derive.verify.notebook import cell_place
from derive.verify.pages import Page, Placed, read_page

HERE = Path(__file__).resolve().parent
NOTES = (HERE.parents[1] / "examples" / "handwritten.txt").read_text(encoding="utf-8")

# Members of the notes that claim nothing by themselves: what the remarks on lines 17 and 149 go on to.
PARTS = {(17, 11), (17, 21), (17, 33), (149, 69), (149, 85), (149, 101)}


def places() -> set[tuple[int, int]]:
    rows = (HERE / "handwritten_places.tsv").read_text(encoding="utf-8").splitlines()[1:]
    found = [tuple(map(int, row.split("\t")[1:])) for row in rows]
    assert len(found) == 72 == len(set(found))
    return {(line, column) for line, column in found}


def test_the_members_of_the_notes_are_the_claims() -> None:
    page = read_page("handwritten.txt", NOTES)
    heads, others = set(), []
    for formula in page.formulas:
        assert not formula.broken
        for member in formula.members:
            at = page.source.place(member.start)
            place = (at.line, at.column)
            if member.relation or (len(formula.members) == 1 or place in places()):
                others.append(place)
            else:
                heads.add(place)
    assert len(set(others)) == len(others)
    assert set(others) == places() | PARTS
    assert heads.isdisjoint(places())


def shown(path: str, text: str) -> list[str]:
    """Each formula: its members with their relations, then | and its conditions."""
    page = read_page(path, text)
    return [_shown(page, formula) for formula in page.formulas]


def _shown(page: Page, formula: Placed) -> str:
    text = page.source.text
    if formula.broken:
        return f"broken: {text[formula.start : formula.end]}"
    parts = [f"{m.relation} {' '.join(text[m.start : m.end].split())}" for m in formula.members]
    given = [f"| {text[a:b]}" for a, b in formula.conditions]
    return " ".join((*parts, *given)).strip()


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        # delimiters
        ("a.tex", r"Let $a = b$ and \(c\).", ["a = b", "c"]),
        ("a.tex", "$$\na = b\n$$\n\\[c = d\\]", ["a = b", "c = d"]),
        ("a.tex", "\\begin{equation*}\\label{e}a = b.\\end{equation*}", ["a = b"]),
        ("a.tex", "$$a = b\n\nlost $$c = d$$, $e = f$", ["broken: a = b", "c = d", "e = f"]),
        ("a.md", "Lost $a = b and $c = d$ holds.", ["broken: a = b and", "c = d"]),
        ("a.tex", "\\[ a \\[ b \\]", ["broken: a", "b"]),
        ("a.tex", "\\begin{align} a \\begin{align} b = c\\end{align}", ["broken: a", "b = c"]),
        ("a.md", "It costs $5 and $6 and $x$.", ["x"]),
        ("a.md", "```math\na = b\n```\n$`c = d`$ `$e$` <!-- $f$ -->", ["a = b", "c = d"]),
        ("a.tex", "\\verb|$x$| % $y$\n\\begin{verbatim}$q$\\end{verbatim}$r$", ["r"]),
        ("a.tex", "\\[a = b\n% why\n+ c\\]", ["a = b + c"]),
        # several formulas in one display
        ("a.tex", "\\begin{align*}\na &= b \\\\[2pt]\nc &= d, \\\\\n&= e \\tag{3}\\end{align*}",
         ["a = b", "c = d = e"]),
        ("a.tex", "\\begin{align} a &= b & c &= d \\\\ e &= f && \\text{for } t < T\\end{align}",
         ["a = b", "c = d", "e = f | t < T"]),
        ("a.tex", "\\begin{eqnarray} a &=& b \\\\ &=& c\\end{eqnarray}", ["a = b = c"]),
        ("a.tex", "\\begin{multline}a = b \\\\ + c\\end{multline}", ["a = b \\\\ + c"]),
        ("a.tex", "\\begin{align} a &= b \\\\ -c &= d \\\\ &- e\\end{align}", ["a = b", "-c = d \\\\ - e"]),
        ("a.tex", "$a = b. \\quad c = d; e = f.$", ["a = b", "c = d", "e = f"]),
        ("a.tex", "$a = f(b, c), d = e$", ["a = f(b, c)", "d = e"]),
        ("a.tex", "$$\\begin{cases} a = b \\\\ c = d \\end{cases}$$", ["a = b", "c = d"]),
        ("a.tex", "\\[\\left\\{\\begin{aligned}a &= b\\\\c &= d\\end{aligned}\\right.\\]",
         ["a = b", "c = d"]),
        ("a.tex", "$a = \\begin{cases} b & t = 1 \\\\ c & t > 1 \\end{cases}$",
         ["a = \\begin{cases} b & t = 1 \\\\ c & t > 1 \\end{cases}"]),
        ("a.tex", "$$a = {b \\\\ c = d$$", ["broken: a = {b", "c = d"]),
        ("a.tex", "$= b$ $a =$ $a = = b$", ["= b", "a =", "a =  = b"]),
        ("a.tex", "$+ b$", ["broken: + b"]),
        # relations
        ("a.tex", "$a := b$ $a \\equiv b$ $a \\triangleq b$", ["a := b"] * 3),
        ("a.tex", "$a \\overset{def}{=} b \\stackrel{(1)}{=} c$", ["a := b = c"]),
        ("a.tex", "$W \\in \\mathbb{R}^{n}$ $W, U \\in R$", ["W in \\mathbb{R}^{n}", "W, U in R"]),
        ("a.tex", "$a_t \\approx b \\le c \\ne d$", ["a_t \\approx b \\le c \\ne d"]),
        ("a.tex", "$\\theta \\leftarrow \\theta - g$", ["\\theta \\leftarrow \\theta - g"]),
        ("a.tex", "$\\sum_{k=1}^T a = f(b = c)$", ["\\sum_{k=1}^T a = f(b = c)"]),
        ("a.tex", "$a = b \\implies c = d$ $a \\Rightarrow b$ $\\therefore a = b$",
         ["a = b", "c = d", "a \\Rightarrow b", "a = b"]),
        ("a.tex", "$= a + \\dots \\rightarrow$", ["= a + \\dots \\rightarrow"]),
        # conditions
        ("a.tex", "\\[a = b, \\quad t = 1, \\dots, T\\]", ["a = b | t = 1, \\dots, T"]),
        ("a.tex", "\\[a = b \\; (t \\ge 1)\\]", ["a = b | (t \\ge 1)"]),
        ("a.tex", "$a = b \\quad \\forall t$", ["a = b | \\forall t"]),
        ("a.tex", "$\\forall t: a = b$", ["a = b | \\forall t"]),
        ("a.tex", "\\[a = b \\text{ if $t < T$} \\quad \\text{where $c = d$}\\]",
         ["a = b | t < T", "c = d"]),
        ("a.tex", "$k < t$ $1 \\le t \\le T$ $t = 1, \\dots, T$",
         ["k < t", "1 \\le t \\le T", "t = 1, \\dots, T"]),
        # words
        ("a.tex", "$a = b \\text{ and } c = d$", ["a = b", "c = d"]),
        ("a.tex", "$\\text{loss}_t = \\text{tanh}(b)$", ["\\text{loss}_t = \\text{tanh}(b)"]),
        ("a.tex", "$\\text{total loss} = b$", ["\\text{total loss} = b"]),
        ("a.tex", "$a = b + \\text{other terms}$", ["a = b + \\text{other terms}"]),
        ("a.tex", "$a = \\text{the slope of } C$", ["a = \\text{the slope of } C"]),
        # decoration
        ("a.tex", "$\\boxed{a = b + c}$", ["a = b + c"]),
        ("a.tex", "$\\underbrace{a + b}_{n} c = \\textcolor{red}{x} \\cancel{y}$", ["{a + b} c = {x} {y}"]),
        ("a.tex", "$f(\\underbrace{a, b}_\\text{x}) = \\overbrace{c}^{n = 2}_{d}$",
         ["f( a, b ) = {c} _{d}"]),
        ("a.tex", "$a = \\left( b \\right) \\label{x} \\nonumber$", ["a = ( b )"]),
        ("a.tex", "$\\left.A\\right|_{t=0} = b$", ["\\left.A\\right|_{t=0} = b"]),
        ("a.tex", "$a = \\underline{x}$", ["a = \\underline{x}"]),
        ("a.tex", "$$(a) \\frac{a}{b} = c \\quad (b) \\; x = y$$", ["\\frac{a}{b} = c", "x = y"]),
        ("a.tex", "$① a = b \\quad \\textcircled{2} c = d \\qquad (3)$", ["a = b", "c = d"]),
        ("a.tex", "$f(x) = b$ $(a) = b$", ["f(x) = b", "(a) = b"]),
        # a text without delimiters
        ("a.txt", "We set\nh = tanh(W x)\n  = f(x)\n\nthe loss is L = the square of it\n",
         ["h = tanh(W x) = f(x)"]),
        ("a.txt", "a = b for t = 1, ..., T\n- c = d\n", ["a = b | t = 1, ..., T", "c = d"]),
    ],
)  # fmt: skip
def test_formulas(path: str, text: str, expected: list[str]) -> None:
    assert shown(path, text) == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.txt", NOTES, [(32, False), (56, False), (63, False), (89, True), (103, True), (116, False),
                          (120, True)]),
        ("a.tex", "e.g. $a$\n\\section{b}\n\\newpage", [(1, True), (2, False), (3, False)]),
        ("a.tex", "% e.g.\n$\\text{e.g. } a$ (e.g. $b$)", [(2, True)]),
        ("a.md", "# a\n\n---\nExample 1, 例\n`e.g.`", [(1, False), (3, False), (4, True), (4, True)]),
    ],
)  # fmt: skip
def test_breaks(path: str, text: str, expected: list[tuple[int, bool]]) -> None:
    page = read_page(path, text)
    assert [(page.source.place(b.offset).line, b.opens) for b in page.breaks] == expected


def test_a_break_stands_before_the_formula_it_is_in() -> None:
    page = read_page("a.tex", "$\\text{e.g. } f = g$")
    assert page.breaks[0].offset < page.formulas[0].members[0].start


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.tex", "a\n% derive: alias $a = b$\n"),
        ("a.md", "a <!-- derive: alias $a = b$ -->"),
        ("a.md", "a\n% derive: alias $a = b$\nc"),
    ],
)
def test_directives(path: str, text: str) -> None:
    page = read_page(path, text)
    assert page.directives == ((text.index("alias"), "alias $a = b$"),)
    assert page.formulas == ()


def test_macros() -> None:
    page = read_page(
        "a.tex",
        r"\newcommand{\h}{h_t}\newcommand\hh{\pd \h}\def\pd{\partial}\DeclareMathOperator{\tr}{tr}"
        r"\newcommand{\g}[1]{\nabla_{#1}}\def\r{\r}\newcommand{\eq}{:=} $\h \eq 3$",
    )
    assert dict(page.macros) == {
        "\\h": "h_t", "\\hh": "\\partial h_t", "\\pd": "\\partial", "\\tr": "\\operatorname{tr}",
        "\\eq": ":=",
    }  # fmt: skip
    assert page.unknown_macros == ("\\g", "\\r")
    assert [m.relation for m in page.formulas[0].members] == ["", ":="]


def test_a_macro_may_be_a_delimiter() -> None:
    text = r"\newcommand{\be}{\begin{equation}}\newcommand{\ee}{\end{equation}} \be a = b \ee \beta"
    assert shown("a.tex", text) == ["a = b"]


def test_a_notebook_is_its_markdown_cells() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["```\n", "open"]},
        {"cell_type": "code", "source": "x = '$y$'"},
        {"cell_type": "markdown", "source": "so\n$a = b$"},
    ]
    page = read_page("n.ipynb", json.dumps({"cells": cells}))
    assert page.cells == ((0, 1), (10, 3))
    assert page.source.text[page.formulas[0].start :] == "a = b$"
    assert cell_place(page, page.formulas[0].start) == (3, 2)


@pytest.mark.parametrize("text", ["{", "[1]", "[" * 100_000, '{"cells": 1}', "1" * 10_000, ""])
def test_broken_notebooks(text: str) -> None:
    with pytest.raises(DeriveError, match="expected a notebook"):
        read_page("n.ipynb", text)


def test_limits() -> None:
    with pytest.raises(DeriveError, match="longer than the limit of 2000000"):
        read_page("a.tex", "a" * (LARGEST_FILE + 1))
    page = read_page("a.tex", f"$a = {'b' * (LONGEST_FORMULA + 1)}$ $c = d$")
    assert "limit of 10000" in page.formulas[0].broken
    assert page.formulas[1].members


FRAGMENTS = [
    *("$", "$$", "\\(", "\\)", "\\[", "\\]", "\\begin{align}", "\\end{align}", "\\begin{cases}"),
    *("\\end{cases}", "\\begin{aligned}", "\\end{aligned}", "\\begin{pmatrix}", "\\end{pmatrix}"),
    *("{", "}", "(", ")", "[", "]", "\\{", "\\left", "\\right.", "\\left.", "|", "=", "&=", "&", ":="),
    *("\\in", "\\le", "<", "\\to", "\\Rightarrow", "\\therefore", "\\\\", "\\quad", ",", ", ", ";", "."),
    *(":", "\n", "\n\n", "a", "b_t", "\\frac{a}{b}", "+", "-", "\\cdot", "\\text{and }", "\\text{for }"),
    *("\\text{loss}", "\\text", "\\text{if $t<T$}", "\\textcircled{1}", "①", "(a)", "\\underbrace{a}_{b}"),
    *("\\boxed{", "_", "^", "\\tag{1}", "\\overset{def}{=}", "\\overset{a}{b}", "\\stackrel", "\\forall"),
    *("t", "T", "1", "\\dots", "t = 1, \\dots, T", "%", "`", "```", "```math", "<!--", "-->", "\0", "é"),
    *("例", "e.g.", "# ", "---", "\f", "\\newcommand{\\q}{\\quad}", "\\q", "\\def\\x{", "\\verb|", "→"),
    *("\\not=", "\\,", "\\ ", "~", "\\", "\\displaystyle", "\\phantom{x}", "then", "for", " ", "\\left\\{"),
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["a.tex", "a.md", "a.txt"]),
    st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join) | st.text(),
    st.booleans(),
)
def test_nothing_is_lost(path: str, text: str, displayed: bool) -> None:
    text = f"$${text.replace('$', '')}$$" if displayed else text
    page = read_page(path, text)
    assert len(page.source.text) == len(text)
    assert not [run for run in account(page, text) if run.fate in ("lost", "twice")]
    assert all(f.members or f.broken for f in page.formulas)
    starts = [f.start for f in page.formulas]
    assert starts == sorted(starts)


def test_nothing_of_the_notes_is_lost() -> None:
    fates = {run.fate for run in account(read_page("a.txt", NOTES), NOTES)}
    assert fates == {"member", "relation", "decoration", "separator"}


@pytest.mark.parametrize(
    "text", ["$a = b$ ", "$$", "\\begin{align}", "{", "a = b\n", "\\text{$a$}", ", a", "("]
)
def test_a_large_text_takes_linear_time(text: str) -> None:
    begun = time.process_time()
    read_page("a.txt", "$$" + text * (100_000 // len(text)) + "$$")
    assert time.process_time() - begun < 10
