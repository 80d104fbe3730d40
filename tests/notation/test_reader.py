"""Which formulas a document has, and where."""

from __future__ import annotations

import time

import pytest

from derive.errors import DeriveError
from derive.notation.grammar import parse_formula
from derive.notation.latex import latex
from derive.notation.reader import LARGEST_FILE, formulas, read_statements
from derive.notation.scope import Scope


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.tex", "Let $a = b$ and \\(c\\).", ["1:6 a = b", "1:19 c"]),
        ("a.tex", "$$\na = b\n$$\n\\[c = d\\]", ["2:1 a = b", "4:3 c = d"]),
        ("a.tex", "\\begin{equation}\\label{e}a = b.\\end{equation}", ["1:26 a = b"]),
        ("a.tex", "\\begin{align*}\na &= b \\\\[2pt]\nc &= d, \\\\\n\\end{align*}",
         ["2:1 a &= b", "3:1 c &= d"]),
        ("a.tex", "\\begin{align}\na &= b \\\\\n &= c\n\\end{align}", ["2:1 a &= b \\\\\n &= c"]),
        ("a.tex", "\\begin{gather}a \\\\ b = c\\end{gather}", ["1:15 a", "1:20 b = c"]),
        ("a.tex", "\\begin{multline}a = b \\\\ + c\\end{multline}", ["1:17 a = b \\\\ + c"]),
        ("a.tex", "\\[a = b \\cdot \\\\ c\\]", ["1:3 a = b \\cdot \\\\ c"]),
        ("a.tex", "\\[\\begin{aligned}a &= b\\\\c &= d\\end{aligned}\\]", ["1:18 a &= b", "1:26 c &= d"]),
        ("a.tex", "\\begin{alignat}{2} a = b \\end{alignat}", ["1:20 a = b"]),
        ("a.tex", "$a = f(b, c), \\quad d = e$", ["1:2 a = f(b, c)", "1:21 d = e"]),
        ("a.tex", "$a = b, c = d; e = g$", ["1:2 a = b", "1:9 c = d", "1:16 e = g"]),
        ("a.tex", "$a = b \\; c$", ["1:2 a = b \\; c"]),
        ("a.tex", "$a = b, \\quad t = 1, \\dots, T$", ["1:2 a = b"]),
        ("a.tex", "$a = b \\quad \\text{for all } t = 2$", ["1:2 a = b"]),
        ("a.tex", "$a = b, \\quad 1 \\le t \\le T$", ["1:2 a = b"]),
        ("a.tex", "$a = b \\quad \\forall t$", ["1:2 a = b"]),
        ("a.tex", "$\\text{loss}_t = b$", ["1:2 \\text{loss}_t = b"]),
        ("a.tex", "$f(a, \\\\ b) = c$", ["1:2 f(a, \\\\ b) = c"]),
        ("a.tex", "costs \\$5 and $a$ \\\\ % $b$\n", ["1:16 a"]),
        ("a.tex", "\\\\% $b$\n$c$", ["2:2 c"]),
        ("a.tex", "$\\$ = b$", ["1:2 \\$ = b"]),
        ("a.tex", "% derive: alias $a = b$\n$c$", ["2:2 c"]),
        ("a.tex", "$ $ $,$ \\(a\\)", ["1:11 a"]),
        ("a.md", "50% of $a$\n\n```\n$b$\n```\n`$c$` <!-- $d$ -->\n~~~\n$e$", ["1:9 a"]),
        ("a.md", "``$a` $`` $b$", ["1:12 b"]),
        ("a.txt", "# a remark\na = b\n\n  c = d % why\n% no\n", ["2:1 a = b", "4:3 c = d"]),
        ("a.txt", "a = b; c = d", ["1:1 a = b", "1:8 c = d"]),
        ("a.txt", "a = b\r\nc = d\r\n", ["1:1 a = b", "2:1 c = d"]),
        ("a.txt", "", []),
        ("a.tex", "\\intertext{\\textbf{so} $x = y$}\na &= b \\\\\n &= c \\text{ by $d$} \\\\\ng &= k",
         ["2:1 a &= b \\\\\n &= c", "4:1 g &= k"]),
        ("a.tex", "a &= b \\\\\n&\\quad + c \\notag \\\\\ng &= k",
         ["1:1 a &= b \\\\\n&\\quad + c \\notag", "3:1 g &= k"]),
    ],
)  # fmt: skip
def test_formulas(path: str, text: str, expected: list[str]) -> None:
    found = formulas(path, text)
    assert [f"{f.place.line}:{f.place.column} {f.latex}" for f in found] == expected
    assert all(f.place.path == path for f in found)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("so\n  $$a = b\n\n$$c = d$$", "n.tex:2:3: expected '$$' to close the '$$' here before"),
        (
            "\\begin{align} a = b",
            "n.tex:1:1: expected '\\end{align}' to close the '\\begin{align}'",
        ),
        ("\\[a", "expected '\\]' to close the '\\['"),
        ("\\(a", "expected '\\)' to close the '\\('"),
        ("a $b", "n.tex:1:3: expected '$' to close the '$'"),
        ("a = b\n" * (LARGEST_FILE // 6 + 1), "longer than the limit of 2000000"),
    ],
)
def test_what_nothing_closes(text: str, sentence: str) -> None:
    with pytest.raises(DeriveError) as caught:
        formulas("n.tex", text)
    assert sentence in str(caught.value)


def test_statements_of_several_texts_share_a_scope() -> None:
    statements, scope = read_statements(
        [
            ("a.tex", "The cost $C$ is\n$$C = \\sum_t L(h_t), \\quad W \\in \\mathbb{R}^{n}$$"),
            ("-D 1", "h_t = f(h_{t-1}, x_t)"),
        ]
    )
    assert [latex(s.left) for s in statements] == ["C", "W", "h_t"]
    assert [str(s.place) for s in statements] == ["a.tex:2:3", "a.tex:2:28", "-D 1:1:1"]
    assert dict(scope.functions) == {"L": 1, "f": 2} and scope.timed == {"h", "x"}


def test_the_place_of_an_error_is_in_the_file() -> None:
    with pytest.raises(DeriveError) as caught:
        read_statements([("model.tex", "One\n\n\\[ h_t = a + b_{t \\]")])
    assert str(caught.value) == (
        "model.tex:3:18: expected '}' to close the subscript opened at 3:16, "
        "found the end of the formula"
    )


@pytest.mark.parametrize(
    "text",
    [
        "$a = b$ " * 20_000,
        "$$" + "a, " * 20_000 + "$$",
        "a" * 50_000,
        "\\(a\\)" * 20_000,
        "`" * 20_000,
        "\\begin{align}" * 20_000,
        "```\n" * 10_000,
        "(" * 50_000,
    ],
    ids=lambda text: text[:13],
)
def test_a_large_text_takes_linear_time(text: str) -> None:
    begun = time.process_time()
    for path in ("a.tex", "a.md"):
        try:
            for formula in formulas(path, text)[:100]:
                parse_formula(formula.latex, Scope())
        except DeriveError:
            pass
    assert time.process_time() - begun < 10
