"""What is refuted without a nearest true line is looked at once more, with edits that accuse nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.judge.mending import Line
from derive.judge.middles import EQUATIONS
from derive.text.page import Formula
from derive.verify.verdicts import Judged, Report

if TYPE_CHECKING:
    from derive.judge.judge import Judge

PLAIN = "the two sides differ"


def offered(reader: Judge, found: Report) -> Report:
    """The report, with the nearest true lines that further edits make."""
    formulas = {f.number: f for f in reader.page.items if isinstance(f, Formula)}
    return replace(found, formulas=tuple(_offered(reader, formulas, j) for j in found.formulas))


def _offered(reader: Judge, formulas: dict[int, Formula], judged: Judged) -> Judged:
    verdict = judged.verdict
    if verdict.kind != "refuted" or verdict.suggestion:
        return judged
    line = _line(formulas.get(int(judged.id.split(".")[0]) - 1), judged)
    mended = reader.decider.mender.far(line) if line is not None else None
    if mended is None:
        return judged
    reason = mended.words if verdict.reason == PLAIN else verdict.reason
    return replace(judged, verdict=replace(verdict, reason=reason, suggestion=mended.latex))


def _line(formula: Formula | None, judged: Judged) -> Line | None:
    """The head and the member that a verdict is about."""
    for chain in formula.chains if formula is not None else ():
        head = chain.members[0]
        for member in chain.members[1:]:
            if member.relation not in EQUATIONS:
                head = member
            elif member.start == judged.start:
                return formula.number, chain, head, member  # type: ignore[union-attr]
    return None
