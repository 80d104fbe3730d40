"""What a formula's tree is, in the compact spelling."""

import re
from dataclasses import replace

import pytest

from derive.text.formula import trees_of
from derive.text.read import read
from derive.text.rows import Mark
from derive.text.spelled import spelled
from derive.text.trees import (
    Big,
    Fraction,
    Group,
    Missing,
    Name,
    Number,
    Row,
    Sign,
    Table,
    Words,
    children,
    walk,
    with_children,
)

SPELLED = (
    ("x", "x"),
    ("x_{t}", "x_t"),
    ("x^{2}_t", "x_t^2"),
    ("x'", "x'"),
    (r"x^{\prime\prime}_i", "x''_i"),
    ("f^{'}(t)", "f'(t)"),
    (r"h^{\langle t \rangle}", r"h^{\langle t\rangle}"),
    (r"h^{(t)\top}", r"h^{(t)\top}"),
    (r"\frac12", r"\frac{1}{2}"),
    (r"\dfrac{\partial L}{\partial h_t}", r"\frac{\partial L}{\partial h_t}"),
    (r"\nicefrac{a}{b}", r"\frac{a}{b}"),
    (r"{a \over b + c}", r"\frac{a}{b+c}"),
    (r"\sqrt[3]{x}", r"\sqrt[3]{x}"),
    (r"\hat{\mathbf{y}}_t", r"\hat{\mathbf{y}}_t"),
    (r"\hat y_t", r"\hat{y}_t"),
    (r"\hat{y_t}", r"\hat{y}_t"),
    (r"{W_y}^\top", r"W_y^\top"),
    (r"{\theta}_t", r"\theta_t"),
    (r"(a+b)^2", "(a+b)^2"),
    (r"\left( a + b \right)^\top", r"(a+b)^\top"),
    (r"\left. x \right|_{x=0}", r"\left.x\right|_{x=0}"),
    (r"x\big|_{x=0}", r"\left.x\right|_{x=0}"),
    (r"p(x|y)", "p(x|y)"),
    (r"|x| + |y|", "|x|+|y|"),
    (r"\lVert x \rVert_2^2", r"\|x\|_2^2"),
    (r"||x - y||^2", r"\|x-y\|^2"),
    (r"\parallel W \parallel", r"\|W\|"),
    (r"\sum_{t=1}^T L_t", r"\sum_{t=1}^TL_t"),
    (r"\sum\limits_t L_t", r"\sum_tL_t"),
    (r"\Sigma_{i=1}^n a_i", r"\sum_{i=1}^na_i"),
    (r"\Sigma_i", r"\Sigma_i"),
    (r"\max_i z_i", r"\max_iz_i"),
    (r"\arg\max_i z_i", r"\argmax_iz_i"),
    (r"\underset{i}{\operatorname{argmin}} z", r"\argmin_iz"),
    (r"tanh(W x)", r"\operatorname{tanh}(Wx)"),
    (r"\text{tanh}(c_t)", r"\operatorname{tanh}(c_t)"),
    (r"\mathrm{softmax}(z)", r"\operatorname{softmax}(z)"),
    (r"\text{net}_j", r"\text{net}_j"),
    (r"net_j", r"\mathit{net}_j"),
    (r"log x", r"\operatorname{log}x"),
    (r"ab", "ab"),
    (r"a \text{ plus } b", "a+b"),
    (r"\color{red} a + {\color{blue} b}", "a+b"),
    (r"\textcolor{red}{+ b}", "+b"),
    (r"a {+ b}", "a+b"),
    (r"\prod_i {a + b}", r"\prod_i{a+b}"),
    (r"\underbrace{a + b}_{\text{cost}} + c", "a+b+c"),
    (r"\boxed{x}_t", "x_t"),
    (r"{\bf W} x", r"\mathbf{W}x"),
    (r"{\cal L}_t", r"\mathcal{L}_t"),
    (r"\rm d x", r"\mathrm{d}\mathrm{x}"),
    (r"θₜ₋₁ = ∂L", r"\theta_{t-1}=\partial L"),
    (r"xᵀ − y²", "x^T-y^2"),
    (r"a \le b", r"a\leq b"),
    (r"a \coloneqq b", "a:=b"),
    (r"a \overset{\text{def}}{=} b", "a:=b"),
    (r"a \not= b", r"a\neq b"),
    (r"1{,}000", "1000"),
    (r"0.05 x", "0.05x"),
    (r"\pdv{f}{x}", r"\frac{\partial f}{\partial x}"),
    (r"\pdv[2]{f}{x}", r"\frac{\partial^2f}{\partial x^2}"),
    (r"\dv{x} f", r"\frac{d}{dx}f"),
    (r"\abs{x}", "|x|"),
    (r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}", r"\begin{matrix}a&b\\c&d\end{matrix}"),
    (r"\left[\begin{array}{cc} a & b \\ \end{array}\right]^\top", r"\begin{matrix}a&b\end{matrix}^\top"),
    (r"f = \begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}",
     r"f=\begin{cases}1&x>0\\0&\text{ otherwise }\end{cases}"),
    (r"\left( a \right. \left. + b \right)", "(a+b)"),
    (r"x_1, \dots, x_T", r"x_1,\dots,x_T"),
    (r"W_{hh}_t", "W_{hh,t}"),
    (r"x \phantom{y} \hspace{1cm} z \, w", "xzw"),
    (r"\sum_{\substack{i \\ j}} a", r"\sum_{i,j}a"),
)  # fmt: skip


def compact(text: str) -> str:
    """The formula's nodes in one spelling."""
    return spelled(tuple(n for n in trees_of(text) if not isinstance(n, Mark)))


@pytest.mark.parametrize("text, expected", SPELLED)
def test_a_formula_has_one_spelling(text: str, expected: str) -> None:
    assert compact(text) == expected


@pytest.mark.parametrize("text, expected", SPELLED)
def test_the_spelling_is_read_as_itself(text: str, expected: str) -> None:
    if "{W_{hh,t}" not in expected and "plus" not in text and "\\rm" not in text:
        assert compact(expected) == expected or "\\mathit" in expected or "{a+b}" in expected


def test_the_parts_stand_in_the_tree() -> None:
    (fraction,) = trees_of(r"\frac{\partial h_t}{\partial W}")
    assert isinstance(fraction, Fraction)
    assert [type(n) for n in fraction.above_line] == [Name, Name]
    big, name = trees_of(r"\sum_{t=1}^{T} L_t")
    assert isinstance(big, Big) and big.kind == "sum" and isinstance(name, Name)
    (table,) = trees_of(r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}")
    assert isinstance(table, Table) and len(table.rows) == 2
    (group,) = trees_of(r"2^n")
    assert isinstance(group, Group) and isinstance(group.inside[0], Number)


EVERYWHERE = (
    r"\frac{a}{b}",
    r"\sqrt[c]{a}",
    r"(a)_b^c",
    r"a_b^c",
    r"\sum_{a}^{b}",
    r"\begin{pmatrix} a & b \\ c & a \end{pmatrix}_b^c",
    r"\begin{cases} a & b \\ c & a \end{cases}",
    r"\left. \frac{a}{\sqrt{b}} \right|_{c}",
)


@pytest.mark.parametrize("text", EVERYWHERE)
def test_what_is_changed_inside_is_changed_everywhere(text: str) -> None:
    """Cells and scripts, too; the tree that it is made of stays."""

    def in_row(row: Row) -> Row:
        return tuple(
            with_children(replace(n, letter="z") if isinstance(n, Name) else n, in_row) for n in row
        )

    tree = tuple(trees_of(text))
    kept = [n.letter for n in walk(tree) if isinstance(n, Name)]
    changed = [n.letter for n in walk(in_row(tree)) if isinstance(n, Name)]
    assert changed == ["z"] * len(kept) and set(kept) <= {"a", "b", "c"} and len(kept) > 1
    assert spelled(in_row(tree)) == re.sub(r"(?<![a-z])[abc](?![a-z])", "z", spelled(tree))


def test_scripts_may_be_changed_otherwise() -> None:
    """The order is that of `children`."""
    seen: list[Row] = []

    def kept(row: Row) -> Row:
        seen.append(row)
        return row

    nodes = [node for text in EVERYWHERE for node in trees_of(text)]
    assert [with_children(node, kept) for node in nodes] == nodes
    assert seen == [row for node in nodes for row in children(node)]
    (group,) = trees_of(r"(a)_b")
    made = with_children(group, lambda row: row, scripts=lambda row: row + row)
    assert isinstance(made, Group) and made.below is not None
    assert (len(made.inside), len(made.below)) == (1, 2)


def test_what_is_missing_is_said() -> None:
    (fraction,) = trees_of(r"\frac{}{x}")
    assert isinstance(fraction, Fraction) and isinstance(fraction.above_line[0], Missing)
    assert any(isinstance(n, Missing) for n in walk(tuple(trees_of(r"\hat"))))


def test_deep_braces_are_cut() -> None:
    for opened, closed in (
        ("{", "}"),
        ("(", ")"),
        (r"\frac{", "}{x}"),
        ("x_{", "}"),
        (r"\hat{", "}"),
    ):
        nodes = trees_of(opened * 1_000 + "x" + closed * 1_000)
        assert nodes


def test_places_are_those_of_the_text() -> None:
    text = r"h_t = \tanh(a) + \frac{b}{c}"
    name, equals, *_, fraction = trees_of(text)
    assert text[name.start : name.end] == "h_t"
    assert isinstance(equals, Sign) and text[equals.start : equals.end] == "="
    assert text[fraction.start : fraction.end] == r"\frac{b}{c}"


WORDS = (
    ("$w5 + w6$ and $w5$", r"w5", True),
    ("$ab = c$", "ab", False),
    ("$Wx + Uh$", "Wx", False),
    ("$sse = 0$ and $sse$", "sse", True),
    ("$out_{o1} = o1 + o1$", "o1", True),
    ("$dh_t = a$, then $b = dh_t c$", "dh", True),
    ("$\\frac{dL}{dh} = a$ and $dx = b$", "dL", False),
    ("$n e t_{1}^{t} = a + n e t_{2}^{t}$", "net", True),
)


@pytest.mark.parametrize("text, word, joined", WORDS)
def test_letters_are_joined_as_the_page_shows(text: str, word: str, joined: bool) -> None:
    page = read("page.md", text)
    rows = [m.tree for f in page.formulas for c in f.chains for m in c.members]
    letters = {n.letter for row in rows for n in walk(row) if isinstance(n, Name)}
    assert (word in letters) is joined


def test_words_inside_a_formula() -> None:
    (words,) = [n for n in trees_of(r"a \text{ for all } b") if isinstance(n, Words)]
    assert words.text == "for all"
    assert not any(isinstance(n, Words) for n in trees_of(r"x_{\text{for}}"))
