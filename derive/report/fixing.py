"""Suggestions put into the text: `verify --fix` and `--diff`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff

from derive.errors import DeriveError
from derive.report.excerpt import trimmed
from derive.report.records import replacement
from derive.verify.verdicts import Judged, Report, Verdict


@dataclass(frozen=True, slots=True)
class Fixed:
    """A text with the suggestions for its refuted lines in their places; `report` is what remains."""

    text: str
    count: int
    report: Report


def fixed(report: Report) -> Fixed:
    """Each refuted member whose suggestion was proved is replaced by it; nothing else is touched."""
    if report.path.lower().endswith(".ipynb"):
        raise DeriveError(f"{report.path} is a notebook, in which nothing is fixed: use --to md")
    changes = [(j, new) for j in report.formulas if (new := _new(report, j)) is not None]
    text = report.text
    for judged, new in sorted(changes, key=lambda change: change[0].start, reverse=True):
        start, end = trimmed(report.text, judged.start, judged.end)
        text = f"{text[:start]}{new}{text[end:]}"
    done = {judged.id for judged, _ in changes}
    left = tuple(_mended(j) if j.id in done else j for j in report.formulas)
    return Fixed(text, len(changes), replace(report, formulas=left))


def _new(report: Report, judged: Judged) -> str | None:
    return replacement(report, judged) if judged.verdict.kind == "refuted" else None


def _mended(judged: Judged) -> Judged:
    """The suggestion stands there now, and was proved before it was offered."""
    return replace(judged, verdict=Verdict("proved", judged.verdict.scope))


def diff(report: Report, changed: Fixed) -> str:
    """The changes as a unified diff."""
    return "".join(_lines(report.path, report.text, changed.text))


def _lines(path: str, before: str, after: str) -> Sequence[str]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found = list(unified_diff(old, new, f"a/{path}", f"b/{path}"))
    return [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found
    ]
