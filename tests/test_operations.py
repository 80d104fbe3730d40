"""How often a page's formulas are lexed, and how many words are multiplied, as functions of their number and of T."""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import derive
from derive.algebra.expression import Immediate, Product, Time, Variable
from derive.derivation.steps import at_many_steps
from derive.judge import before
from derive.model.builtin import builtin
from derive.notation import tokens as notation
from derive.proof import kinds, value
from derive.proof.kernel import worlds_of
from derive.proof.setting import AtHorizon
from derive.text import read as text

MODEL = "$h_t = \\tanh(w h_{t-1} + x_t)$, $L_t = h_t^2$, $C = \\sum_{t=1}^{T} L_t$.\n\n"
CLAIMS = (
    "$\\frac{\\partial L_t}{\\partial h_t} = 2 h_t$",
    "$\\frac{\\partial C}{\\partial L_t} = 1$",
)


@pytest.fixture
def lexed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each text that one of the two readers takes apart while something runs."""
    found: list[str] = []

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(source: Any, start: int, stop: int, *more: Any) -> Any:
            whole = source if isinstance(source, str) else source.text
            found.append(whole[start:stop])
            return function(source, start, stop, *more)

        return counted

    monkeypatch.setattr(text, "tokenize", counting(text.tokenize))
    monkeypatch.setattr(notation, "_read", counting(notation._read))
    return found


@pytest.mark.parametrize("claim", CLAIMS)
def test_each_formula_of_a_page_costs_as_much_reading(claim: str, lexed: list[str]) -> None:
    counts, letters = [], []
    for many in (3, 6, 9, 12):
        lexed.clear()
        report = derive.verify(MODEL + "\n\n".join([claim] * many), repairs=False)
        assert report.counts["proved"] == many
        counts.append(len(lexed))
        letters.append(sum(map(len, lexed)))
    for found in (counts, letters):
        assert len({b - a for a, b in pairwise(found)}) == 1, found
    assert counts[1] - counts[0] <= 3 * 3


def test_a_model_is_read_once_for_any_number_of_steps(lexed: list[str]) -> None:
    counts = []
    for horizon in (50, 500):
        lexed.clear()
        derive.prove(*["h_t = w h_{t-1} + x_t \\\\ L_t = h_t^2"], T=horizon)
        counts.append(len(lexed))
    assert counts[0] == counts[1] > 0


def test_words_multiplied_are_a_polynomial_in_t(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forward and backward a word for each path to or from a node: quadratic in T; none beyond a limit."""
    made = [0]
    plain = kinds._sum

    def counted(parts: Any) -> Any:
        listed = list(parts)
        made[0] += len(listed)
        return plain(listed)

    monkeypatch.setattr(kinds, "_sum", counted)
    model = builtin("tanh")

    def words(horizon: int) -> int:
        made[0] = 0
        at_many_steps(model, horizon, model.parameters[:1])
        return made[0]

    counts = [words(horizon) for horizon in (10, 14, 18, 22, 26)]
    first = [b - a for a, b in pairwise(counts)]
    second = [b - a for a, b in pairwise(first)]
    assert len(set(second)) == 1 and second[0] > 0
    assert words(2000) == words(4000) == 0


@pytest.mark.parametrize("name", ("bptt.tex", "rtrl.tex", "tanh-cell.tex"))
def test_a_page_in_our_own_manner_needs_no_second_reader(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader before is a third of what there is to import, and reads the whole page again."""

    def never(*_: object) -> None:
        raise AssertionError("the reader before was asked")

    monkeypatch.setattr(before.Before, "__init__", never)
    page = Path(__file__).parent / "right" / name
    found = derive.verify(page.read_text(encoding="utf-8"), path=str(page))
    assert set(found.counts) <= {"proved", "definition", "remark"}


def test_products_of_paths_are_multiplied_as_often_as_their_beginnings_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """a b c and a b d: three products of matrices, not four."""
    setting = AtHorizon(builtin("rnn"), 3)
    (world, _, _) = worlds_of(setting)._instances[0]
    h1, h2, h3 = (Variable("h", Time.at(t)) for t in (1, 2, 3))
    w, u = Variable("W"), Variable("U")
    steps = (Immediate(h3, h2), Immediate(h2, h1))
    count = 0
    plain = value.multiplied

    def counted(a: Any, b: Any) -> Any:
        nonlocal count
        count += 1
        return plain(a, b)

    monkeypatch.setattr(value, "multiplied", counted)
    world.value(Product((*steps, Immediate(h1, w))))
    world.value(Product((*steps, Immediate(h1, u))))
    assert count == 3
