"""What a report says of a formula, in words and Unicode; every format is made from these."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from derive.errors import DeriveError
from derive.report.excerpt import Row, cells, excerpt, visible
from derive.report.names import Named, named
from derive.report.names import shown as shown_name
from derive.verify.verdicts import KINDS, Counterexample, Judged, Kind, Report, Why

LOUD: tuple[Kind, ...] = ("refuted", "carried", "ambiguous", "tested", "unread")
LONGEST_UNICODE = 2_000
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
NUMBER = re.compile(rf"{_NUMBER}|\({_NUMBER}(?:, {_NUMBER})*\)")
TWO_INDICES = re.compile(r"(.+)_\{([0-9]+),([0-9]+)\}")
ENTRY = re.compile(r"entry [0-9]+")
_VERBS = "is|has|was|may|does|must|depends|stands|reaches"
_BEGINS = re.compile(
    rf"a (?!(?:{_VERBS})\b)[a-z]{{3,}}|(?:it|there|this|that|what|nothing|something|everything|one) "
    rf"|[a-z]{{2,}}(?![\w(])(?! (?:{_VERBS})\b)"
)
"""What a sentence begins with that is no name of the page's: a sign is wrong, but h_t is, tanh is."""
_LESS = re.compile(r"(?<=[\w)])-(?=\d)")  # T-1
_TOTAL = re.compile(r"\\[dt]?frac\s*\{\s*(?:d|\\mathrm\s*\{\s*d\s*\})(?![a-zA-Z])")
_DRESSED = (
    r"\\(?:d?dot|bar|hat|tilde|vec|math(?:bf|rm|cal|sf|bb)|boldsymbol|bm|operatorname)"
    r"\{(?:[^{}]|\{[^{}]*\})+\}"
)
_NAMED = re.compile(
    r"(?P<change>\\[Dd]elta )?"
    rf"(?P<name>(?:{_DRESSED}|\\[a-zA-Z]+|(?<![\w}}])[a-zA-Z])(?:_(?:\{{[^{{}}]*\}}|\w)|\^(?:\{{[^{{}}]*\}}|\w))*(?!\w))"
)


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
    names: tuple[Named, ...] | None = None
    whys: Mapping[str, Why] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return len(self.report.formulas)

    @property
    def quiet(self) -> int:
        return self.total - len(self.findings)


def chapter(report: Report, room: int, every: bool) -> Chapter:
    """The formulas of a file that a report shows: those asked for with --why, else all if `every`."""
    whys = {why.id: why for why in report.whys}
    shown = tuple(
        finding(report, j, room)
        for j in report.formulas
        if (j.id in whys if whys else every or is_shown(j))
    )
    assumptions = tuple(spoken(visible(a)) for a in report.assumptions)
    names = None if report.symbols is None else named(report.symbols)
    return Chapter(report, shown, assumptions, report.counts, names, whys)


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
        "" if _stands_there(report, judged) else _claim(judged.latex),
        _LESS.sub("−", visible(verdict.scope or "")),
        visible(verdict.reading or ""),
        _sentence(spoken(visible(verdict.reason))),
        " ".join(visible(verdict.suggestion or "").split()),
        "" if numbers is None else values(numbers),
        "" if numbers is None else number(numbers.left),
        "" if numbers is None else number(numbers.right),
    )


def _claim(latex: str) -> str:
    """A claim in Unicode; in LaTeX where it tells d from ∂, which Unicode writes alike."""
    apart = _TOTAL.search(latex) and "\\partial" in latex
    return " ".join(visible(latex).split()) if apart else in_unicode(latex)


def place(report: Report, judged: Judged) -> str:
    """Where a member stands: file, cell of a notebook, line and column."""
    cell = "" if judged.cell is None else f" (cell {judged.cell})"
    return f"{visible(judged.path or report.path)}:{judged.line}:{judged.column}{cell}"


def values(numbers: Counterexample) -> str:
    """T = 3, t = 1, ∂L₁/∂h₁ = 1; equal values of derivatives in a row are said once."""
    pairs = [] if numbers.horizon is None else [("T", str(numbers.horizon))]
    entry = [value for name, value in numbers.values if ENTRY.fullmatch(name)]
    pairs += [("entry", f"({', '.join(entry)})" if len(entry) > 1 else entry[0])] if entry else []
    pairs += [
        (in_unicode(name), number(value))
        for name, value in _in_rows(numbers.values)
        if not ENTRY.fullmatch(name)
    ]
    groups: list[tuple[list[str], str]] = []
    for name, value in pairs:
        if groups and groups[-1][1] == value and "∂" in name and "∂" in groups[-1][0][0]:
            groups[-1][0].append(name)
        else:
            groups.append(([name], value))
    return ", ".join(" = ".join((*names, value)) for names, value in groups)


def _in_rows(values: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Entries i,1 to i,n of one name as its row i: U_1 = (3, -4)."""
    rows: dict[str, list[tuple[int, str, str]]] = {}
    order: dict[str, None] = {}
    for name, value in values:
        found = TWO_INDICES.fullmatch(name)
        key = f"{found[1]}_{{{found[2]}}}" if found else name
        order[key] = None
        rows.setdefault(key, []).append((int(found[3]) if found else 0, name, value))
    shown: list[tuple[str, str]] = []
    for key in order:
        columns = [column for column, _, _ in rows[key]]
        if len(columns) > 1 and columns == list(range(1, len(columns) + 1)):
            shown.append((key, f"({', '.join(value for _, _, value in rows[key])})"))
        else:
            shown += [(name, value) for _, name, value in rows[key]]
    return shown


def number(value: str) -> str:
    """A value as it is written, with the minus sign of formulas; a formula in Unicode."""
    return value.replace("-", "−") if NUMBER.fullmatch(value) else in_unicode(value)


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
        sides = sides_of(plain)
        return " = ".join(text(parse_expression(s, scope, Place("", 1, 1))) for s in sides)
    except (DeriveError, TypeError, ValueError, RecursionError):
        return plain


def spoken(words: str) -> str:
    """A sentence whose names are in Unicode, \\theta where h_t is meant; as it is where more than names would stay LaTeX."""  # noqa: E501

    def written(found: re.Match[str]) -> str:
        name = in_unicode(found["name"])
        change = in_unicode((found["change"] or "").strip())
        return change + (shown_name(name) if re.match(_DRESSED, name) else name)

    told = _NAMED.sub(written, words)
    return words if "\\" in told else told


def sides_of(latex: str) -> list[str]:
    """The formula split at the equals signs outside all braces."""
    sides, depth = [""], 0
    for char in latex:
        depth += (char == "{") - (char == "}")
        if char == "=" and depth == 0:
            sides.append("")
        else:
            sides[-1] += char
    return [side.strip() for side in sides]


def _stands_there(report: Report, judged: Judged) -> bool:
    """Whether the whole claim stands in the line of the source where the member begins."""
    begin = report.text.rfind("\n", 0, judged.start) + 1
    return "".join(judged.latex.split()) in "".join(report.text[begin : judged.end].split())


def _sentence(reason: str) -> str:
    """One sentence with a capital letter and a full stop, unless it begins with a formula."""
    words = " ".join(reason.split())
    if not words:
        return ""
    begins = _BEGINS.match(words) is not None
    closed = words if words[-1] in ".!?" else f"{words}."
    return closed[0].upper() + closed[1:] if begins else closed


def totals(reports: Sequence[Report]) -> dict[Kind, int]:
    """The counts of all files together, in the order of KINDS."""
    found: Counter[Kind] = Counter()
    for report in reports:
        found.update(report.counts)
    return {kind: found[kind] for kind in KINDS if found[kind]}
