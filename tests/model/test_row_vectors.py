"""Vectors that stand as rows are read as columns; a number times a matrix is left as it is."""

from __future__ import annotations

import pytest

from derive.model.builtin import from_latex
from derive.notation.latex import latex

STATE = "h_t \\in \\mathbb{R}^n"
SQUARE = "W \\in \\mathbb{R}^{n \\times n}"
NORM = "L_t = \\lVert h_t \\rVert^2"
GATE = "g_t = \\sigma(v^\\top h_{t-1})"


def read(*definitions: str) -> tuple[list[str], list[str]]:
    """The definitions as they are understood, and what is said of rows."""
    found = from_latex(definitions)
    said = ["".join(p if isinstance(p, str) else latex(p) for p in a) for a in found.assumptions]
    return (
        [f"{latex(d.target)} = {latex(d.body)}" for d in found.definitions],
        [sentence for sentence in said if "stand as columns" in sentence],
    )


@pytest.mark.parametrize(
    ("definitions", "wanted", "turned"),
    [
        ((STATE, "h_t = h_{t-1} A B + x_t U"), "B^\\top A^\\top h_{t-1} + U^\\top x_t", "ABU"),
        (
            (STATE, "h_t = \\tanh((r_t \\odot h_{t-1}) W)"),
            "\\tanh(W^\\top \\left(r_t \\odot h_{t-1}\\right))",
            "W",
        ),
        (
            (SQUARE, "h_t = \\tanh(h_{t-1} W + x_t U)"),
            "\\tanh(W^\\top h_{t-1} + U^\\top x_t)",
            "WU",
        ),
    ],
)
def test_rows_are_columns(definitions: tuple[str, ...], wanted: str, turned: str) -> None:
    found, said = read(*definitions, NORM)
    assert f"h_t = {wanted}" in found
    assert [sentence.split()[5] for sentence in said] == [f"{letter}" for letter in turned]


@pytest.mark.parametrize(
    "definitions",
    [
        # the gate, the input and the step size are numbers
        (SQUARE, STATE, GATE, "h_t = \\left(g_t W\\right) h_{t-1}"),
        (SQUARE, STATE, GATE, "h_t = \\left(g_t W + I\\right) h_{t-1}"),
        (SQUARE, STATE, "A_t = a_t W", "h_t = A_t h_{t-1}"),
        (SQUARE, STATE, "h_t = \\left(W + x_t U\\right) h_{t-1}"),
        (STATE, "h_t = \\left(x_t W\\right) h_{t-1}"),
        # U is a vector, for whatever reason it is a capital letter
        ("U \\in \\mathbb{R}^n", "h_t = w h_{t-1} + x_t U"),
        # this page writes columns
        (STATE, "h_t = \\tanh(W h_{t-1} + x_t U)"),
    ],
)
def test_a_number_times_a_matrix_is_no_row(definitions: tuple[str, ...]) -> None:
    found, said = read(*definitions, NORM)
    assert {d for d in definitions if "\\in" not in d} <= set(found) and said == []


def test_one_column_of_weights_may_stand_right_of_a_row() -> None:
    found, _ = read(
        "V \\in \\mathbb{R}^{n \\times 1}", "h_t = h_{t-1} W", "o_t = h_t V", "L_t = (o_t - y_t)^2"
    )
    assert "o_t = V^\\top h_t" in found
