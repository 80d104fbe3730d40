"""Nothing is lost, and reading never fails."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.text.page import account, lost
from derive.text.read import read

TESTS = Path(__file__).resolve().parents[1]
PAGES = sorted(
    p for folder in ("right", "wrong") for p in (TESTS / folder).rglob("*") if p.is_file()
)
PIECES = (
    *(
        "$",
        "$$",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "{",
        "}",
        "^",
        "_",
        "'",
        "\\\\",
        "&",
        "=",
        "+",
        "-",
        "|",
        "\\|",
    ),
    *(
        "\\left(",
        "\\right)",
        "\\left.",
        "\\right|",
        "\\left\\{",
        "\\right.",
        "(",
        ")",
        "[",
        "]",
        ",",
        ";",
        ".",
    ),
    *(
        "\\frac",
        "\\sqrt",
        "\\hat",
        "\\mathbf",
        "\\text{if $x$}",
        "\\text{",
        "\\sum",
        "\\max",
        "\\over",
        "\\rm ",
    ),
    *(
        "\\begin{align}",
        "\\end{align}",
        "\\begin{cases}",
        "\\end{cases}",
        "\\begin{bmatrix}",
        "\\end{bmatrix}",
    ),
    *(
        "\\begin{array}{cc}",
        "\\end{array}",
        "\\underbrace{a}_{b}",
        "\\color{red}",
        "\\newcommand{\\x}[1]{#1\\x}",
    ),
    *(
        "\\x",
        "\\def\\y#1{#1}",
        "\\y",
        "x",
        "t",
        "1",
        "23",
        " ",
        "\n",
        "\n\n",
        "% c\n",
        "\\item",
        "\\section{",
        "# ",
    ),
    *(
        "`",
        "```",
        "```math\n",
        "<!--",
        "-->",
        "θ",
        "ₜ",
        "文",
        "\\quad",
        "\\forall",
        "\\to",
        "\\overset{!}{=}",
        "\\not",
    ),
    *(
        "\\iffalse",
        "\\fi",
        "\\verb|",
        "\\caption{",
        "\\input{a}",
        "\\unknown{",
        "\\mathrm{for all}",
        "\\\\[2pt]",
    ),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(["a.tex", "a.md", "a.txt", "a.ipynb"]))
def test_reading_never_fails(text: str, path: str) -> None:
    page = read(path, text)
    spans = account(page)
    assert [s[0] for s in spans[1:]] == [s[1] for s in spans[:-1]]
    assert not spans or (spans[0][0] == 0 and spans[-1][1] == len(page.source.text))
    for formula in page.formulas:
        for chain in formula.chains:
            for member in chain.members:
                assert 0 <= member.start <= member.end <= len(page.source.text) and member.tree
                page.source.place(member.start)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_nothing_inside_a_formula_is_lost(path: Path) -> None:
    page = read(str(path), path.read_text(encoding="utf-8", errors="replace"))
    assert [page.source.text[a:b] for a, b, _ in lost(page)] == []


def test_a_page_takes_time_in_its_length() -> None:
    formula = (
        r"$$\frac{\partial L_t}{\partial h_{t-1}} = \sum_{k=1}^{t} \tanh(W h_{k} + U x_k)$$ where "
    )
    read("a.md", formula)
    start = time.process_time()
    read("a.md", formula * 200)
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize(
    "piece", ["{", "(", "\\left(", "$", "\\begin{align}", "|", "\\frac", "x_", "\\text{", "`"]
)
def test_many_openings_are_no_trouble(piece: str) -> None:
    start = time.process_time()
    read("a.tex", "$" + piece * 2_000 + "$")
    read("a.md", piece * 2_000)
    assert time.process_time() - start < 3
