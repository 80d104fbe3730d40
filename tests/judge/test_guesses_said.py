"""What was guessed of a notation stands in the reading of each line that rests on it, and of no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge

WIDE = r"Let $q_i = c v_i$ and $$J = \sum_i q_i^2 + b q_i$$ and $g = k^2$. "
PRIMED = r"Let $M(b) = (r - Zb)'(r - Zb)$ with a vector $r$ and a matrix $Z$, and $g = k^2$. "


@pytest.mark.parametrize(
    ("page", "guess"),
    [
        (WIDE + r"$$\frac{\partial J}{\partial b} = \sum_i q_i$$", "goes on behind the plus"),
        (
            WIDE + r"Let $S = 2 J$. $$\frac{\partial S}{\partial b} = 2 \sum_i q_i$$",
            "goes on behind the plus",
        ),
        (WIDE + r"$$\frac{\partial g}{\partial k} = 2 k$$", ""),
        (PRIMED + r"$$\frac{\partial M}{\partial b} = -2 Z'(r - Zb)$$", "is a transpose"),
        (PRIMED + r"$$\frac{\partial g}{\partial k} = 2 k$$", ""),
    ],
)
def test_a_guess_is_said_where_it_decides(page: str, guess: str) -> None:
    verdict = judge("page.md", page, Path(".")).formulas[-1].verdict
    assert verdict.kind in ("proved", "ambiguous")
    assert guess in (verdict.reading or "")
    assert bool(guess) == bool(verdict.reading)
