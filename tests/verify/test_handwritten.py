"""The real notes against the truth about each of their formulas, and with single symbols changed.

`handwritten_verdicts.tsv` is what the author of the notes and three referees agreed on; the tool knows
none of it.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from derive.verify.judge import judge
from derive.verify.options import Options
from derive.verify.verdicts import Judged, Report

HERE = Path(__file__).resolve().parent
TEXT = (HERE.parents[1] / "examples" / "handwritten.txt").read_text(encoding="utf-8")
JUDGED = ("proved", "refuted", "carried", "ambiguous")

# The lines that a repair makes true, and a part of the line that was meant.
MEANT = {
    "S8": r"\partial L_t",
    "S9": r"\sum_{t=1}^{T} \frac{\partial C}{\partial L_t}",
    "S10": r"\sum_{t=1}^{T} 1 \times \frac{\partial L_t}{\partial \theta}",
    "S11": r"\sum_{t=1}^{T} \frac{\partial L_t}{\partial o_t}",
    "S12": r"\sum_{t=1}^{T}",
    "S16": r"\sum_{t=1}^{T} \frac{\partial L_t}{\partial \theta}",
    "S17": r"\frac{\partial C}{\partial h_t} \frac{\partial^{+} h_t}{\partial \theta}",
    "S22": r"\frac{\partial C}{\partial L^t} \frac{\partial L^t}{\partial \theta^t}",
    "S26": r"\frac{\partial C}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial h_t}",
    "S32": r"\frac{\partial C}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial h_t}",
    "S54": r"f(\theta) = \theta \times h(\theta) + \theta^2",
    "S58": r"f(\theta) = \theta \times h(\theta) + \theta^2",
    "S64": r"3\theta + 2\theta + 3 \theta",
    "S65": r"8(\theta)",
    "S68": r"8\theta",
}


def table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@cache
def report() -> Report:
    return judge("handwritten.txt", TEXT, Options())


@cache
def by_id() -> dict[str, Judged]:
    """Each formula of the table by its id, found by its place."""
    placed = {(j.line, j.column): j for j in report().formulas}
    rows = table("handwritten_places.tsv")
    return {row["id"]: placed[int(row["line"]), int(row["column"])] for row in rows}


def test_every_formula_is_reported_and_no_other() -> None:
    assert len(by_id()) == 72 == len(report().formulas)


def test_verdicts() -> None:
    expected = {row["id"]: row["verdict"] for row in table("handwritten_verdicts.tsv")}
    found = {name: judged.verdict.kind for name, judged in by_id().items()}
    for name, kind in expected.items():
        assert not (kind == "refuted" and found[name] == "proved"), name
        assert not (kind == "proved" and found[name] == "refuted"), name
    judged = [name for name, kind in expected.items() if kind in JUDGED]
    assert len(judged) == 37
    assert sum(found[name] == expected[name] for name in judged) >= 34
    assert found == expected


@pytest.mark.parametrize("name", MEANT)
def test_what_was_meant_is_suggested(name: str) -> None:
    suggestion = by_id()[name].verdict.suggestion
    assert suggestion is not None
    assert MEANT[name] in suggestion


def test_a_refutation_can_be_redone() -> None:
    """T, indices, numbers and two different values; the numbers are small."""
    for judged in report().formulas:
        if judged.verdict.kind in ("refuted", "carried"):
            example = judged.verdict.counterexample
            assert example is not None
            assert example.left != example.right
            assert all(len(value) < 12 for _, value in example.values)


def test_ranges() -> None:
    scopes = {name: by_id()[name].verdict.scope for name in ("S7", "S14", "S21", "S25", "S47")}
    assert scopes == {
        "S7": "every T ≥ 1",
        "S14": "every T ≥ 2, 1 ≤ t ≤ T-1",
        "S21": "every T ≥ 1, 1 ≤ t ≤ T",
        "S25": "every T ≥ 2, 1 ≤ t ≤ T-1",
        "S47": None,
    }


CHANGES = (
    # (what, by what, the line it changes, its verdict then)
    (r"= 1, \quad", r"= 2, \quad", "S21", "refuted"),
    (r"$$= 32x + 24$$", r"$$= 32x + 42$$", "S49", "refuted"),
    (r"$$= 2z \times 4$$", r"$$= 2z + 4$$", "S48", "refuted"),
    (r"16x^2 + 9 + 24x", r"16x^2 + 9 - 24x", "S50", "refuted"),
    (r"$$f(z) = 16x^2", r"$$f(x) = 16x^2", "S50", "refuted"),
    (r"\theta} = \frac{\partial L_t}", r"\theta} = \sum \frac{\partial L_t}", "S16", "proved"),
    (r"= 3\theta + 2\theta + \theta = f", r"= 3\theta + 2\theta + 3\theta = f", "S64", "proved"),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "name", "kind"), CHANGES)
def test_one_symbol_changed(old: str, new: str, name: str, kind: str) -> None:
    """The verdict follows the mathematics, not the page."""
    assert TEXT.count(old) == 1
    found = judge("handwritten.txt", TEXT.replace(old, new), Options(repairs=False))
    line = by_id()[name].line
    before = [j for j in report().formulas if j.line == line]
    after = [j for j in found.formulas if j.line == line]
    assert len(before) == len(after)
    index = next(i for i, j in enumerate(before) if j == by_id()[name])
    assert after[index].verdict.kind == kind
