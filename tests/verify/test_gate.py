"""The release gate: the judge against the corpus, its corruptions and the traps; it prints the figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

pytest.importorskip("derive.verify.judge", reason="there is no judge yet")

from corpus import Page, pages
from corruptions import Corruption, place, table
from oracle import Oracle
from red_pen import at, judge_corruption, proved, report_on, says_scalars
from traps import TRAPS, Trap

from derive.verify.verdicts import Judged

pytestmark = pytest.mark.slow


@dataclass
class Figures:
    """Counts, and what to look at where they are not as they should be."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: dict[str, list[str]] = field(default_factory=dict)

    def note(self, what: str, holds: bool, where: str) -> None:
        self.counts[f"{what}: all"] += 1
        self.counts[f"{what}: yes"] += holds
        if not holds:
            self.faults.setdefault(what, []).append(where)

    def share(self, what: str) -> float:
        return self.counts[f"{what}: yes"] / max(1, self.counts[f"{what}: all"])

    def show(self) -> None:
        for what in sorted({key.split(":")[0] for key in self.counts}):
            yes, total = self.counts[f"{what}: yes"], self.counts[f"{what}: all"]
            print(f"{what:46} {yes:5} of {total:5}  {100 * self.share(what):6.2f} %")
        for what, faults in self.faults.items():
            print(f"\nnot {what}:", *faults, sep="\n  ")


def described(page: Page, line: int, judged: Judged | None, latex: str) -> str:
    if judged is None:
        return f"{page.path.name}:{line}: nothing is said of {latex}"
    verdict = judged.verdict
    said = "; ".join(filter(None, (verdict.scope, verdict.reading, verdict.reason)))
    return f"{page.path.name}:{line}: {verdict.kind} ({said}): {latex}"


def lines(folder: str) -> Figures:
    """The claims of a folder against what is expected of them."""
    figures = Figures()
    for page in pages(folder):
        report = report_on(page)
        for number, index in Oracle(page).claims:
            member = page.formulas[number].members[index]
            judged = at(report, member.start, member.end)
            where = described(page, page.line(member.start), judged, page.latex(member))
            compare(figures, page, member, judged, where)
    figures.show()
    return figures


def compare(
    figures: Figures, page: Page, member: object, judged: Judged | None, where: str
) -> None:
    expected = page.expectation(member)  # type: ignore[arg-type]
    kind = judged.verdict.kind if judged else "nothing"
    if expected.kind == "proved":
        figures.note("right lines proved", kind == "proved", where)
        figures.note("right lines not refuted", kind not in ("refuted", "carried"), where)
        if kind == "proved" and judged:
            scoped = (judged.verdict.scope or "").startswith(expected.scope)
            figures.note("scope as expected", scoped, where)
        return
    allowed = {expected.kind, "ambiguous"} if expected.scope else {expected.kind}
    scalars = judged is not None and proved(judged) and says_scalars(judged)
    holds = kind in allowed or (expected.scope == "scalars" and scalars)
    figures.note("wrong lines as expected", holds, where)
    figures.note("wrong lines not proved", kind != "proved" or scalars, where)


def slips(part: int, parts: int) -> Figures:
    """The corruptions of every second page or so: false ones refuted, nothing proved that is not true."""
    figures = Figures()
    by_name = {page.path.name: page for page in pages("right")[part::parts]}
    for slip in (s for s in table() if s.page in by_name):
        page = by_name[slip.page]
        number, index = place(page, slip)
        judged = judge_corruption(page, slip, page.formulas[number].members[index])
        where = f"[{slip.kind}] " + described(page, slip.line, judged, slip.corrupted)
        count_slip(figures, slip, judged, where)
    figures.show()
    return figures


def count_slip(figures: Figures, slip: Corruption, judged: Judged | None, where: str) -> None:
    wrongly = proved(judged) and not (slip.truth == "scalars" and judged and says_scalars(judged))
    if slip.truth == "false":
        kind = judged.verdict.kind if judged else "nothing"
        figures.note("corruptions refuted", kind in ("refuted", "carried"), where)
    figures.note(f"corruptions not proved ({slip.truth})", not wrongly, where)


def test_right_lines() -> None:
    figures = lines("right")
    assert figures.share("right lines not refuted") == 1
    assert figures.share("right lines proved") >= 0.95
    assert figures.share("scope as expected") >= 0.95


def test_wrong_lines() -> None:
    figures = lines("wrong")
    assert figures.share("wrong lines not proved") == 1
    assert figures.share("wrong lines as expected") >= 0.9


@pytest.mark.parametrize("part", range(2))
def test_corruptions(part: int) -> None:
    """In two halves, for two cores; each has to hold by itself."""
    figures = slips(part, 2)
    for truth in ("false", "scalars", "meaningless"):
        assert figures.share(f"corruptions not proved ({truth})") == 1
    assert figures.share("corruptions refuted") >= 0.9


@pytest.mark.parametrize("trap", TRAPS, ids=lambda t: t.name)
def test_traps(trap: Trap) -> None:
    page = trap.page()
    member = page.formulas[-1].members[1]
    judged = at(report_on(page), member.start, member.end)
    assert judged is not None
    allowed = judged.verdict.kind in trap.allowed
    assert allowed or (trap.truth == "scalars" and proved(judged) and says_scalars(judged)), (
        judged.verdict
    )
