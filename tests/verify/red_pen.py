"""The judge at work on the corpus: which verdict stands at which member."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus import Member, Page
from corruptions import Corruption

from derive.verify.judge import judge
from derive.verify.options import Options
from derive.verify.verdicts import Judged, Report

QUICK = Options(repairs=False)


def report_on(page: Page, text: str | None = None, options: Options = QUICK) -> Report:
    """The report on a page, or on a changed text of it."""
    return judge(page.path.name, page.text if text is None else text, options)


def at(report: Report, start: int, end: int) -> Judged | None:
    """What is said of the member that stands at these offsets: the one that overlaps most."""
    found = [(min(j.end, end) - max(j.start, start), j) for j in report.formulas]
    overlap, judged = max(found, key=lambda pair: pair[0], default=(0, None))
    return judged if overlap > 0 else None


def proved(judged: Judged | None) -> bool:
    return judged is not None and judged.verdict.kind == "proved"


def says_scalars(judged: Judged) -> bool:
    return "scalar" in (judged.verdict.reading or "")


def only(page: Page, member: Member) -> str:
    """The page without its other claims: definitions stay, and so does every offset."""
    text = page.text
    for span in claim_spans(page):
        if not span[0] <= member.start < span[1]:
            text = blanked(text, *span)
        elif text.startswith("\\begin{", span[0]):
            for start, end in other_rows(page, member, span):
                text = blanked(text, start, end)
    return text


def blanked(text: str, start: int, end: int) -> str:
    """Spaces and a comment sign, so that no paragraph ends there."""
    lines = text[start:end].split("\n")
    blank = "\n".join(" " * (len(line) - 1) + "%" * bool(line) for line in lines[:-1])
    return text[:start] + blank + "\n" * (len(lines) > 1) + " " * len(lines[-1]) + text[end:]


def other_rows(page: Page, member: Member, span: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The rows of a display that have no part of the member's chain."""
    chain = next(f for f in page.formulas if member in f.members)
    start, end = chain.head.start, chain.members[-1].end
    at = page.text.index("\n", span[0]) + 1
    for row in re.finditer(r".*?\\\\[^\n]*\n", page.text[at : span[1]], re.S):
        first, last = at + row.start(), at + row.end()
        if last <= start or first >= end:
            yield first, last


def claim_spans(page: Page) -> set[tuple[int, int]]:
    """The displays in which nothing is defined."""
    from oracle import understand

    claims = set(understand(page)[1])
    spans: dict[tuple[int, int], bool] = {}
    for number, formula in enumerate(page.formulas):
        all_claims = all((number, m) in claims for m in range(1, len(formula.members)))
        spans[formula.span] = spans.get(formula.span, True) and all_claims
    return {span for span, pure in spans.items() if pure}


def judge_corruption(page: Page, corruption: Corruption, member: Member) -> Judged | None:
    """The verdict on the corrupted member."""
    edit = corruption.edit(page.text)
    text = edit.apply(only(page, member))
    shift = len(edit.new) - (edit.end - edit.start)
    moved = shift if edit.start < member.start else 0
    grown = shift if edit.start < member.end else 0
    return at(report_on(page, text), member.start + moved, member.end + grown)
