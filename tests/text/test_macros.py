"""The page's own macros."""

from itertools import pairwise

import pytest

from derive.text.read import read
from derive.text.spelled import spelled

TABLE = (
    (r"\newcommand{\h}{\mathbf{h}} $\h_t$", r"\mathbf{h}_t"),
    (r"\newcommand{\Wxh}{W_{xh}} $\Wxh^T$", "W_{xh}^T"),
    (r"\newcommand\yhat{\hat{y}} $\yhat_t$", r"\hat{y}_t"),
    (r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} $\pd{L}{h_t}$",
     r"\frac{\partial L}{\partial h_t}"),
    (r"\newcommand{\pd}[2][x]{\frac{\partial #2}{\partial #1}} $\pd{L}$ ",
     r"\frac{\partial L}{\partial x}"),
    (r"\newcommand{\pd}[2][x]{\frac{\partial #2}{\partial #1}} $\pd[y]{L}$ ",
     r"\frac{\partial L}{\partial y}"),
    (r"\def\x#1#2{#1_{#2}} $\x{a}{b}$", "a_b"),
    (r"\DeclareMathOperator{\sm}{softmax} $\sm(z)$", r"\operatorname{softmax}(z)"),
    (r"\DeclarePairedDelimiter{\nrm}{\lVert}{\rVert} $\nrm{x}$", r"\|x\|"),
    (r"\newcommand*{\a}{\b}\newcommand{\b}{c} $\a$", "c"),
    (r"\let\ve\varepsilon $\ve$", r"\varepsilon"),
    (r"\newcommand{\a}{\a\a} $\a$", r"\a"),
    (r"\renewcommand{\vec}[1]{\mathbf{#1}} $\vec{h}$", r"\mathbf{h}"),
)  # fmt: skip


@pytest.mark.parametrize("text, expected", TABLE)
@pytest.mark.parametrize("path", ["page.tex", "page.md"])
def test_a_macro_stands_for_its_body(text: str, expected: str, path: str) -> None:
    (formula,) = read(path, text).formulas
    assert spelled(formula.chains[0].members[0].tree) == expected


def test_a_macro_defined_in_a_display_of_mathjax() -> None:
    page = read("page.md", "$$\\newcommand{\\h}{\\mathbf{h}}$$\n\n$\\h$")
    assert spelled(page.formulas[-1].chains[0].members[0].tree) == r"\mathbf{h}"


def test_what_a_macro_makes_stands_where_it_is_called() -> None:
    text = r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} $\pd{L}{h} = a$"
    page = read("page.tex", text)
    member = page.formulas[0].chains[0].members[0]
    assert page.source.text[member.start : member.end] == r"\pd{L}{h}"


def test_a_redefinition_holds_from_there_on() -> None:
    text = r"\newcommand{\x}{a} $\x$ \renewcommand{\x}{b} $\x$"
    page = read("page.tex", text)
    assert [spelled(f.chains[0].members[0].tree) for f in page.formulas] == ["a", "b"]


def test_expansions_are_bounded() -> None:
    bodies = "".join(
        rf"\newcommand{{\m{a}}}{{\m{b}\m{b}}}" for a, b in pairwise("abcdefghijklmnop")
    )
    assert read("page.tex", bodies + r"\newcommand{\mp}{x\mp} $\ma$").formulas
