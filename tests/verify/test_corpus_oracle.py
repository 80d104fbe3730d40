"""The oracle on itself, before any judge is asked: right lines are true, wrong ones false."""

from __future__ import annotations

import random
from collections import Counter

import corruptions
import pytest
from corpus import Page, pages, read
from oracle import Oracle
from traps import TRAPS, Trap

RIGHT, WRONG = pages("right"), pages("wrong")


def name(page: Page) -> str:
    return page.path.name


@pytest.mark.parametrize("page", RIGHT, ids=name)
def test_right_lines_are_true(page: Page) -> None:
    oracle = Oracle(page)
    for number, member in oracle.claims:
        formula = page.formulas[number]
        truth = oracle.truth(formula, member)
        assert truth.kind == "true", (page.latex(formula.members[member]), truth)


@pytest.mark.parametrize("page", WRONG, ids=name)
def test_wrong_lines_are_false(page: Page) -> None:
    oracle = Oracle(page)
    for number, member in oracle.claims:
        formula = page.formulas[number]
        wanted = page.expectation(formula.members[member])
        truth = oracle.truth(formula, member)
        scalars = wanted.scope == "scalars"
        assert truth.kind == ("scalars" if scalars else "false"), page.latex(
            formula.members[member]
        )


@pytest.mark.parametrize("page", WRONG, ids=name)
def test_the_lines_that_were_meant_are_true(page: Page) -> None:
    oracle = Oracle(page)
    for _, line in page.meant:
        (formula,) = read(page.path, f"${line}$").formulas
        assert oracle.truth(formula, 1).kind == "true", line


def test_every_wrong_line_has_the_line_that_was_meant() -> None:
    for page in WRONG:
        assert len(page.meant) == len(Oracle(page).claims), page.path.name


def test_the_corpus_is_as_large_as_it_has_to_be() -> None:
    assert sum(len(Oracle(page).claims) for page in RIGHT) >= 150
    assert sum(len(Oracle(page).claims) for page in WRONG) >= 40


def test_every_right_line_has_three_corruptions_that_are_false() -> None:
    """Three are asked for; a line with too few symbols to corrupt may have less, but few lines do."""
    few = []
    for page in RIGHT:
        found = Counter(corruptions.place(page, c) for c in corruptions.table() if belongs(page, c))
        few += [key for key in Oracle(page).claims if found[key] < 3]
    assert len(few) <= 8, few


def belongs(page: Page, c: corruptions.Corruption) -> bool:
    return c.page == page.path.name and c.truth == "false"


@pytest.mark.parametrize("seed", range(3))
def test_the_table_is_what_the_generator_makes(seed: int) -> None:
    page = random.Random(seed).choice(RIGHT)
    kept = [c for c in corruptions.table() if c.page == page.path.name]
    assert corruptions.all_corruptions(page) == kept


@pytest.mark.parametrize("trap", [t for t in TRAPS if t.truth], ids=lambda t: t.name)
def test_the_traps_are_what_they_are_said_to_be(trap: Trap) -> None:
    page = trap.page()
    oracle = Oracle(page)
    assert oracle.truth(page.formulas[-1], 1).kind == trap.truth
