"""How wide formulas are broken: between terms, else between factors, never inside brackets."""

from __future__ import annotations

import re

import pytest

import derive
from derive.layout import _between_factors, fitted
from derive.notation.latex import width

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
