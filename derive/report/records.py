"""Reports for programs: the schema derive.verify/1, and SARIF 2.1.0 for code-scanning views."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from derive.report.excerpt import trimmed
from derive.report.facts import LOUD, finding
from derive.report.marking import words
from derive.templating import environment
from derive.verify.verdicts import KINDS, Counterexample, Judged, Kind, Report, Verdict, Why

SCHEMA = "derive.verify/1"
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: dict[Kind, str] = {
    "refuted": "error",
    "carried": "warning",
    "ambiguous": "warning",
    "tested": "note",
    "unread": "note",
}
_LAYOUT = re.compile(r"\\\\|&|\\(?:begin|end|label|tag|nonumber|notag)\b")


def as_json(reports: Sequence[Report]) -> dict[str, Any]:
    """The schema of DESIGN, section 6; `assumptions` and `error` stand where there are any."""
    return {"schema": SCHEMA, "files": [_file(report) for report in reports]}


def _file(report: Report) -> dict[str, Any]:
    record: dict[str, Any] = {
        "path": report.path,
        "counts": dict(report.counts),
        "formulas": [_formula(judged) for judged in report.formulas],
    }
    if report.symbols is not None:
        record["symbols"] = [_symbol(row) for row in report.symbols]
    if report.whys:
        record["whys"] = [_why(why) for why in report.whys]
    if report.assumptions:
        record["assumptions"] = list(report.assumptions)
    if report.error is not None:
        record["error"] = report.error
    return record


def _formula(judged: Judged) -> dict[str, Any]:
    verdict = judged.verdict
    where: dict[str, Any] = {"id": judged.id, "line": judged.line, "column": judged.column}
    if judged.cell is not None:
        where["cell"] = judged.cell
    if judged.path is not None:
        where["path"] = judged.path
    return {
        **where,
        "latex": judged.latex,
        "verdict": verdict.kind,
        "scope": verdict.scope,
        "reading": verdict.reading,
        "reason": verdict.reason,
        "suggestion": verdict.suggestion,
        "counterexample": _numbers(verdict.counterexample),
    }


def _symbol(row: Mapping[str, Any]) -> dict[str, Any]:
    """A name as DESIGN, section 7, has it; what else is known of it is its note."""
    keys = ("name", "kind", "slots", "shape", "version", "lines")
    notes = [words().roles.get(row["role"], row["role"]) if row["role"] else "", row["note"]]
    return {**{key: row[key] for key in keys}, "note": "; ".join(filter(None, notes))}


def _why(why: Why) -> dict[str, Any]:
    """How a formula was understood; `proof` is what is left of left minus right after each rule."""
    return {
        "id": why.id,
        "left": why.left,
        "right": why.right,
        "makes": list(why.makes),
        "uses": [{"definition": text, "line": line} for text, line in why.uses],
        "readings": [
            {
                "reading": read.said or None,
                "outcome": read.outcome,
                "cases": read.cases,
                "failed": read.failed,
            }
            for read in why.readings
        ],
        "proof": [{"rule": rule, "left": left} for rule, left in why.proof],
        "fault": why.fault or None,
    }


def _numbers(found: Counterexample | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "T": found.horizon,
        "values": dict(found.values),
        "left": found.left,
        "right": found.right,
    }


# -- SARIF ----------------------------------------------------------------------------------------


def fingerprints(reports: Sequence[Report]) -> Mapping[tuple[str, str], str]:
    """By path and id a hash of path, formula and its count: it stays when lines move."""
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, str], str] = {}
    for report in reports:
        for judged in report.formulas:
            key = (report.path, " ".join(judged.latex.split()))
            seen[key] += 1
            text = "\0".join((*key, str(seen[key])))
            found[report.path, judged.id] = sha256(text.encode("utf-8")).hexdigest()[:32]
    return found


def as_sarif(reports: Sequence[Report], version: str, every: bool = False) -> dict[str, Any]:
    """A SARIF log with one run: what needs attention, with `every` the rest as well.

    Columns count UTF-16 code units. A file that could not be judged is a notification.
    """
    errors = [_notification(report) for report in reports if report.error is not None]
    invocation: dict[str, Any] = {"executionSuccessful": not errors}
    if errors:
        invocation["toolExecutionNotifications"] = errors
    marks = fingerprints(reports)
    results = [
        {
            **_result(report, judged),
            "partialFingerprints": {"formula/v1": marks[report.path, judged.id]},
        }
        for report in reports
        for judged in report.formulas
        if every or judged.verdict.kind in LOUD
    ]
    run = {
        "tool": {"driver": {"name": "derive", "version": version, "rules": _rules()}},
        "columnKind": "utf16CodeUnits",
        "invocations": [invocation],
        "artifacts": [{"location": {"uri": _uri(r.path)}} for r in _distinct(reports)],
        "results": results,
    }
    return {"$schema": SARIF, "version": "2.1.0", "runs": [run]}


def _distinct(reports: Sequence[Report]) -> list[Report]:
    return list({report.path: report for report in reports}.values())


def _rules() -> list[dict[str, Any]]:
    meanings = words().meanings
    explained = environment().get_template("documents/explain.j2").module.verdicts  # type: ignore[attr-defined]
    return [
        {
            "id": kind,
            "shortDescription": {"text": f"{kind}: {meanings[kind]}"},
            "fullDescription": {"text": explained[kind][0]},
            "help": {
                "text": f"{explained[kind][0]} Example: {explained[kind][1]}. {explained[kind][2]}"
            },
            "defaultConfiguration": {"level": LEVELS.get(kind, "none")},
        }
        for kind in KINDS
    ]


def _uri(path: str) -> str:
    """A relative reference, or a file: address for a whole path."""
    pure = PurePath(path)
    # The colon would make the first part of a relative path a scheme.
    return pure.as_uri() if pure.is_absolute() else quote(pure.as_posix(), safe="/")


def _notification(report: Report) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": _uri(report.path)}}}
    return {"level": "error", "message": {"text": report.error}, "locations": [place]}


def _result(report: Report, judged: Judged) -> dict[str, Any]:
    kind = judged.verdict.kind
    found: dict[str, Any] = {
        "ruleId": kind,
        "ruleIndex": KINDS.index(kind),
        "kind": _kind(kind),
        "level": LEVELS.get(kind, "none"),
        "message": {"text": words().message(finding(report, judged, 80)).strip()},
        "locations": [{"physicalLocation": _location(report, judged)}],
        "properties": _formula(judged),
    }
    if (inserted := replacement(report, judged)) is not None:
        found["fixes"] = [_fix(report, judged, inserted)]
    return found


def _kind(kind: Kind) -> str:
    if kind in LEVELS:
        return "fail"
    return "pass" if kind == "proved" else "informational"


def _location(report: Report, judged: Judged) -> dict[str, Any]:
    if _is_elsewhere(judged):
        region = {"startLine": judged.line, "startColumn": judged.column}
    else:
        region = _region(report.text, judged.start, judged.end)
    return {"artifactLocation": {"uri": _uri(judged.path or report.path)}, "region": region}


def _is_elsewhere(judged: Judged) -> bool:
    """Whether the report's text is another than the file's: a notebook's cells, a file that was put in."""
    return judged.cell is not None or judged.path is not None


def _region(text: str, start: int, end: int) -> dict[str, int]:
    """Where a member stands; the end column is the one after its last character."""
    start, end = trimmed(text, start, end)
    begin, last = _line_and_column(text, start), _line_and_column(text, end)
    return {
        "startLine": begin[0],
        "startColumn": begin[1],
        "endLine": last[0],
        "endColumn": last[1],
    }


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return text.count("\n", 0, offset) + 1, len(line.encode("utf-16-le")) // 2 + 1


def _fix(report: Report, judged: Judged, inserted: str) -> dict[str, Any]:
    region = _region(report.text, judged.start, judged.end)
    change = {
        "artifactLocation": {"uri": _uri(report.path)},
        "replacements": [{"deletedRegion": region, "insertedContent": {"text": inserted}}],
    }
    return {
        "description": {"text": words().offer(judged.verdict.kind)},
        "artifactChanges": [change],
    }


def replacement(report: Report, judged: Judged) -> str | None:
    """What to write for the member so that its line is the suggested one; None if more must change.

    The suggestion has to begin with the head of the chain, and the member has to be free of rows,
    alignment and labels. A carried line is mended where its error comes from.
    """
    verdict: Verdict = judged.verdict
    start, end = trimmed(report.text, judged.start, judged.end)
    member = report.text[start:end]
    if (
        _is_elsewhere(judged)
        or verdict.suggestion is None
        or verdict.kind == "carried"
        or _LAYOUT.search(member)
    ):
        return None
    claim, wanted = " ".join(judged.latex.split()), " ".join(verdict.suggestion.split())
    head = claim.removesuffix(" ".join(member.split()))
    if head == claim or not head.rstrip().endswith("=") or not wanted.startswith(head.rstrip()):
        return None
    return wanted[len(head.rstrip()) :].strip() or None
