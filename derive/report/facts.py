"""What a report says of a formula, in words and Unicode; every format is made from these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from derive.errors import DeriveError
from derive.report.excerpt import Row, cells, excerpt, visible
from derive.verify.verdicts import KINDS, Counterexample, Judged, Kind, Report

LOUD: tuple[Kind, ...] = ("refuted", "carried", "ambiguous", "tested", "unread")
LONGEST_UNICODE = 2_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One formula and its verdict. `claim` is set where the source does not show the whole claim."""

    judged: Judged
    kind: Kind
    place: str
    rows: tuple[Row, ...]
    claim: str
    scope: str
    reading: str
    reason: str
    suggestion: str
    values: str
    left: str
    right: str

    @property
    def width(self) -> int:
        """The cells that place and verdict take on one line."""
        return cells(self.place) + 2 + len(self.kind)


@dataclass(frozen=True, slots=True)
class Chapter:
    """What is shown of one file; `quiet` counts the formulas that are not shown."""

    report: Report
    findings: tuple[Finding, ...]
    assumptions: tuple[str, ...]
    counts: Mapping[Kind, int]

    @property
    def total(self) -> int:
        return len(self.report.formulas)

    @property
    def quiet(self) -> int:
        return self.total - len(self.findings)


def chapter(report: Report, room: int, every: bool) -> Chapter:
    """The formulas of a file that a report shows; all of them if `every`."""
    shown = tuple(finding(report, j, room) for j in report.formulas if every or is_shown(j))
    assumptions = tuple(visible(a) for a in report.assumptions)
    return Chapter(report, shown, assumptions, report.counts)


def is_shown(judged: Judged) -> bool:
    """Whether a verdict says something that its reader has to know."""
    verdict = judged.verdict
    if verdict.kind == "proved":
        return bool(verdict.reading)
    return verdict.kind in LOUD or (verdict.kind == "definition" and bool(verdict.reason))


def finding(report: Report, judged: Judged, room: int) -> Finding:
    """The facts of one verdict, each on one line."""
    verdict = judged.verdict
    rows = excerpt(report.text, judged.start, judged.end, room)
    numbers = verdict.counterexample
    return Finding(
        judged,
        verdict.kind,
        place(report, judged),
        rows,
        "" if _stands_there(report, judged) else in_unicode(judged.latex),
        visible(verdict.scope or ""),
        visible(verdict.reading or ""),
        _sentence(visible(verdict.reason)),
        " ".join(visible(verdict.suggestion or "").split()),
        "" if numbers is None else values(numbers),
        "" if numbers is None else in_unicode(numbers.left),
        "" if numbers is None else in_unicode(numbers.right),
    )


def place(report: Report, judged: Judged) -> str:
    """Where a member stands: file, cell of a notebook, line and column."""
    cell = "" if judged.cell is None else f" (cell {judged.cell})"
    return f"{visible(judged.path or report.path)}:{judged.line}:{judged.column}{cell}"


def values(numbers: Counterexample) -> str:
    """T = 3, t = 1, ∂L₁/∂h₁ = 1; equal values of derivatives in a row are said once."""
    pairs = [] if numbers.horizon is None else [("T", str(numbers.horizon))]
    pairs += [
        (name if name.startswith("entry ") else in_unicode(name), in_unicode(value))
        for name, value in numbers.values
    ]
    groups: list[tuple[list[str], str]] = []
    for name, value in pairs:
        if groups and groups[-1][1] == value and "∂" in name and "∂" in groups[-1][0][0]:
            groups[-1][0].append(name)
        else:
            groups.append(([name], value))
    return ", ".join(" = ".join((*names, value)) for names, value in groups)


@lru_cache(maxsize=4096)
def in_unicode(latex: str) -> str:
    """A LaTeX formula in Unicode; the LaTeX where it cannot be read."""
    from derive.errors import Place
    from derive.notation.grammar import parse_expression
    from derive.notation.scope import collect
    from derive.notation.tokens import Source, tokens
    from derive.notation.unicode import text

    plain = " ".join(visible(latex).split())
    if len(plain) > LONGEST_UNICODE:
        return plain
    source = Source("", plain)
    try:
        scope = collect([(source, tokens(source))])
        sides = _sides(plain)
        return " = ".join(text(parse_expression(s, scope, Place("", 1, 1))) for s in sides)
    except (DeriveError, TypeError, ValueError, RecursionError):
        return plain


def _sides(latex: str) -> list[str]:
    """The formula split at the equals signs outside all braces."""
    sides, depth = [""], 0
    for char in latex:
        depth += (char == "{") - (char == "}")
        if char == "=" and depth == 0:
            sides.append("")
        else:
            sides[-1] += char
    return sides


def _stands_there(report: Report, judged: Judged) -> bool:
    """Whether the whole claim stands in the line of the source where the member begins."""
    begin = report.text.rfind("\n", 0, judged.start) + 1
    return "".join(judged.latex.split()) in "".join(report.text[begin : judged.end].split())


def _sentence(reason: str) -> str:
    """One sentence with a capital letter and a full stop, unless it begins with a formula."""
    words = " ".join(reason.split())
    if not words:
        return ""
    begins = words[0].islower() and words[:2].isalpha() and words.split()[0].isalpha()
    closed = words if words[-1] in ".!?" else f"{words}."
    return closed[0].upper() + closed[1:] if begins else closed


def totals(reports: Sequence[Report]) -> dict[Kind, int]:
    """The counts of all files together, in the order of KINDS."""
    found: Counter[Kind] = Counter()
    for report in reports:
        found.update(report.counts)
    return {kind: found[kind] for kind in KINDS if found[kind]}
