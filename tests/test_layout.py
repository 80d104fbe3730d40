"""How wide formulas are broken: between terms, else between factors, never inside brackets."""

from __future__ import annotations

import re

import pytest

import derive
from derive.layout import _between_factors, fitted
from derive.notation.latex import width
from derive.templating import letters

SLOPE = r"\operatorname{diag}(z_1 \odot (1 - z_1))"
JOINED = r"\left[I_{n}; \mathbf{0}_{d,n}\right]^\top"
NORM = r"\lVert o_1 - y_1 \rVert^2"
WIDE = " ".join(("+", SLOPE, JOINED, r"W^\top", SLOPE, NORM, r"\nabla_{h_1} C", SLOPE, JOINED))


@pytest.mark.parametrize("room", [14.0, 20.0, 30.0])
def test_a_wide_term_is_broken_between_its_factors(room: float) -> None:
    rows = fitted([WIDE], room)
    assert len(rows) > 1
    assert all(width(row) <= room for row in rows)
    assert " ".join(row.removeprefix("\\qquad ") for row in rows) == WIDE
    for opening, closing in (("(", ")"), ("[", "]"), ("{", "}"), (r"\lVert", r"\rVert")):
        assert all(row.count(opening) == row.count(closing) for row in rows)
    assert not any(row.endswith(("+", r"\nabla_{h_1}")) for row in rows)


def test_terms_that_fit_stand_as_they_are() -> None:
    assert fitted(["a b", "+ c", "+ d"], 30.0) == ["a b + c + d"]
    assert fitted(["a b", "+ c"], 3.0) == ["a b", "+ c"]


def test_text_is_broken_before_a_plus_where_there_is_one() -> None:
    piece = "Σ_{s=1}^{T} {∂C/∂kₛ ∂kₛ/∂R + ∂C/∂oₛ ∂oₛ/∂R + ∂C/∂Lₛ ∂Lₛ/∂R}"
    rows = _between_factors(piece, 40)
    assert rows == [
        "Σ_{s=1}^{T} {∂C/∂kₛ ∂kₛ/∂R",
        "    + ∂C/∂oₛ ∂oₛ/∂R + ∂C/∂Lₛ ∂Lₛ/∂R}",
    ]
    assert _between_factors("aaaa bbbb cccc dddd", 12) == ["aaaa bbbb", "    cccc", "    dddd"]


def test_a_page_has_no_row_that_is_wider_than_its_window() -> None:
    """A left side of many terms stands above what it equals, broken like the right one."""
    page = derive.prove("lstm", wrt="W_f").html()
    cells = re.findall(r"<td[^>]*>(<math.*?</math>)</td>", page, re.S)
    letters = [len(re.findall(r"<m[ino](?: [^>]*)?>", cell)) for cell in cells]
    assert cells and max(letters) < 120  # it was 147
    assert '<span id="l1">(1)</span></td><td colspan="4"><math' in page
    assert page.count('id="l1"') == 1


@pytest.mark.parametrize(
    ("words", "set_words"),
    [
        (r"every T $\ge$ 1 and each step t (0 beyond)", r"every $T \ge 1$ and each step $t$ (0 beyond)"),
        ("Unrolled, T = 3", "Unrolled, $T = 3$"),
        ("from t to t+1, where $T$ is given", "from $t$ to $t+1$, where $T$ is given"),
        ("from t to t − 1", "from $t$ to $t - 1$"),
        ("a step, A line, I say; e.g. --to text, -T 3, x.tex", None),
        (r"\footnotesize h costs \$5 and $x$", r"\footnotesize $h$ costs \$5 and $x$"),
    ],
)  # fmt: skip
def test_letters_in_words_are_formulas(words: str, set_words: str | None) -> None:
    assert letters(words) == (set_words or words)
    assert letters(letters(words)) == letters(words)


def test_a_reason_leads_to_the_line_that_it_names() -> None:
    page = derive.bptt("tanh", T=2)
    whole = page.latex(standalone=True)
    seen = set(re.findall(r"\\seeline\{(\d+)\}", whole))
    assert seen and seen <= set(re.findall(r"\\tag\{\\thisline\{(\d+)\}\}", whole))
    rows = page.latex()
    assert "seeline" not in rows and r"\tag{1}" in rows and "by (" in rows
    assert set(re.findall(r'href="#l(\d+)"', page.html())) == seen
