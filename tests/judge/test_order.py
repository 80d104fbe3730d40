"""Jacobians do not commute: which lines hold for vectors, which for numbers alone, and in which layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge
from derive.verify.verdicts import Verdict

CELL = r"Let $s_t = f(s_{t-1}, u_t, \theta)$, $o_t = g(s_t, \theta)$, $L_t = L(o_t, y_t)$, $C = \sum_{t=1}^T L_t$."  # noqa: E501
SAID = CELL + " All of them but the loss are vectors."
CLOSED = r"Let $s_t = f(s_{t-1}, \theta)$, $o_t = v s_t$, $L_t = (o_t - y_t)^2$."
SCALARS = "the quantities are scalars"
TWO = r"\frac{\partial s_{t+1}}{\partial s_{t-1}} ="
LATE, EARLY = (
    r"\frac{\partial s_{t+1}}{\partial s_t}",
    r"\frac{\partial s_t}{\partial s_{t-1}}",
)
OUT, LOSS = r"\frac{\partial o_t}{\partial s_t}", r"\frac{\partial L_t}{\partial o_t}"
WHOLE = r"\frac{\partial L_t}{\partial s_t} ="


def last(page: str, line: str) -> Verdict:
    """The verdict on the line that a page ends with."""
    return judge("page.md", f"{page}\n\n$${line}$$", Path(".")).formulas[-1].verdict


@pytest.mark.parametrize(
    ("page", "line", "kind", "reading"),
    [
        # an abstract page: its states may be vectors, and in the wrong order they may not
        (CELL, f"{TWO} {LATE} {EARLY}", "proved", None),
        (CELL, f"{TWO} {EARLY} {LATE}", "proved", SCALARS),
        (CELL, f"{WHOLE} {LOSS} {OUT}", "proved", None),
        (CELL, f"{WHOLE} {OUT} {LOSS}", "proved", SCALARS),
        (CELL, r"\frac{\partial C}{\partial L_t} = 1", "proved", None),
        # a page of vectors: one line alone does not make its layout
        (SAID, f"{TWO} {LATE} {EARLY}", "proved", None),
        (SAID, f"{TWO} {EARLY} {LATE}", "ambiguous", "denominator layout"),
        (SAID, f"{WHOLE} {OUT} {LOSS}", "ambiguous", "denominator layout"),
        # what stands in a formula is a number, and a page may say that all are
        (CLOSED, r"\frac{\partial L_t}{\partial o_t} = 2 (o_t - y_t)", "proved", None),
        (CLOSED, r"\frac{\partial L_t}{\partial s_t} = 2 v (o_t - y_t)", "proved", None),
        (f"All quantities are scalars. {CELL}", f"{TWO} {EARLY} {LATE}", "proved", None),
    ],
)
def test_order(page: str, line: str, kind: str, reading: str | None) -> None:
    verdict = last(page, line)
    assert (verdict.kind, verdict.reading) == (kind, reading)


def test_the_witness_of_a_page_of_vectors_has_one_entry_each_where_that_is_enough() -> None:
    page = r"The states are vectors: $s_t = f(s_{t-1}, u_t, \theta)$, $C = \psi(s_T)$."
    line = r"\frac{\partial C}{\partial s_t} = \frac{\partial C}{\partial s_{t-1}} \frac{\partial s_t}{\partial s_{t-1}}"  # noqa: E501
    found = last(page, line).counterexample
    assert found is not None
    assert not any("2}" in name.split("_")[-1][2:] for name, _ in found.values)
