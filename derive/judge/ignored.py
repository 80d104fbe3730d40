"""Formulas that a page asks to leave alone: % derive: ignore, or <!-- derive: ignore -->."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from derive.verify.verdicts import Report, Verdict

MARK = re.compile(r"(?:%+|<!--)[ \t]*derive:[ \t]*ignore[ \t]*(?:-->)?[ \t]*$", re.MULTILINE)
SAID = Verdict("remark", reason="the page asks to leave it alone")


def without_ignored(report: Report) -> Report:
    """What stands on a line with the mark, or is the first formula behind such a line, is a remark."""
    spans = list(_spans(report))
    if not spans:
        return report
    formulas = tuple(
        replace(j, verdict=SAID) if any(a <= j.end and j.start < b for a, b in spans) else j
        for j in report.formulas
    )
    return replace(report, formulas=formulas)


def _spans(report: Report) -> Iterator[tuple[int, int]]:
    """Where formulas are left alone."""
    text = report.text
    for mark in MARK.finditer(text):
        begin = text.rfind("\n", 0, mark.start()) + 1
        if text[begin : mark.start()].strip():
            yield begin, mark.end()
            continue
        number = next((j.id.split(".")[0] for j in report.formulas if j.start >= mark.end()), None)
        for j in report.formulas:
            if j.id.split(".")[0] == number and j.start >= mark.end():
                yield j.start, j.start + 1
