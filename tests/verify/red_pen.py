"""The judge at work on the corpus: which verdict stands at which member."""

from __future__ import annotations

from corpus import Member, Page
from corruptions import Corruption

from derive.verify.judge import Options, judge
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
    """The page without the displays of other claims: definitions stay, and so does every offset."""
    text = page.text
    for span in claim_spans(page):
        if not span[0] <= member.start < span[1]:
            blank = "".join(c if c == "\n" else " " for c in text[span[0] : span[1]])
            text = text[: span[0]] + blank + text[span[1] :]
    return text


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
