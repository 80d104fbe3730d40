"""What a line not understood may owe to LaTeX that says something else than its author: `W_hh`, `h_t-1`.

Nothing is read otherwise for it; the reason says what LaTeX has, and what to write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from derive.verify.verdicts import Report

LABEL = re.compile(r"(?<![\\a-zA-Z])([a-zA-Z])_([a-zA-Z])([a-zA-Z]+)(?![a-zA-Z_^])")
STEP = re.compile(r"(?<![\\a-zA-Z])([a-zA-Z])_([a-zA-Z])(-|\+)(\d+)(?!\d)")
HEAD = re.compile(r"\s*\\?([a-zA-Z]+)(?:[_^(\[]|\s*=)")
OF_A_NAME = re.compile(
    r"(?P<name>[a-zA-Z]+) (?:is defined by itself|is not understood: implicit|is defined nowhere)"
)


def explained(report: Report) -> Report:
    """The report, with what to write in the reasons of lines that a name leaves open."""
    hints = _hints(report)
    if not hints:
        return report
    formulas = []
    for j in report.formulas:
        found = OF_A_NAME.match(j.verdict.reason) if j.verdict.kind == "unread" else None
        hint = hints.get(found["name"]) if found else None
        if hint:
            j = replace(j, verdict=replace(j.verdict, reason=f"{j.verdict.reason}; {hint}"))
        formulas.append(j)
    return replace(report, formulas=tuple(formulas))


def _hints(report: Report) -> Mapping[str, str]:
    """By the name that a formula seems to define, what its author may have meant otherwise."""
    found: dict[str, str] = {}
    for j in report.formulas:
        head = HEAD.match(j.latex)
        if head is None or "=" not in j.latex or j.verdict.kind not in ("definition", "remark"):
            continue
        name, right = head[1], j.latex.partition("=")[2]
        for base, first, rest in LABEL.findall(right):
            if name in rest:  # so LaTeX has the name itself there
                written = f"{base}_{first}{rest}"
                meant = f"{base}_{{{first}{rest}}}"
                product = " ".join((f"{base}_{first}", *rest))
                found.setdefault(name, f"{written} is {product} in LaTeX: write {meant}")
        for base, step, sign, number in STEP.findall(right):
            if base == name:
                written = f"{base}_{step}{sign}{number}"
                meant = f"{base}_{{{step}{sign}{number}}}"
                found.setdefault(
                    name, f"{written} is {base}_{step} {sign} {number} in LaTeX: write {meant}"
                )
    return found
