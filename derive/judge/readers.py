"""Two readers of one page. The new one decides; what it could not read it leaves to the old one, on pages that both take alike.

The old reader (derive.verify) knows time alone as an index and was written for notes in our own manner. Its word counts only
where every definition of the page is a definition for both, so that neither has missed how a name is made; and it accuses
nobody whom the new reader holds for right.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from derive.errors import DeriveError
from derive.judge.judge import Judge
from derive.verify.judge import Options
from derive.verify.judge import judge as judged_before
from derive.verify.notebook import markdown_cells
from derive.verify.verdicts import Judged, Report, Verdict

HOLDING = ("proved", "tested", "ambiguous")
WRONG = ("refuted", "carried")
SETTLED = ("definition", "remark")
MOST_FORMULAS = 160
NOT_KNOWN = (
    "defined nowhere",
    "not understood",
    "leaves open",
    "too little",
    "disagree",
    "half of",
)


def judge(path: str, text: str, options: Options) -> Report:
    """The verdicts on all formulas of one file. Raises DeriveError where a model from outside cannot be read."""  # noqa: E501
    if options.model or options.horizon or options.layout:
        return judged_before(path, text, options)
    if path.lower().endswith(".ipynb"):
        markdown_cells(path, text)  # what is no notebook is refused in a sentence
    reader = Judge(path, text, _folder(path))
    found = reader.report()
    if (
        not any(j.verdict.kind in ("unread", "tested") for j in found.formulas)
        or len(found.formulas) > MOST_FORMULAS
    ):
        return found
    try:
        before = judged_before(path, text, options)
    except (DeriveError, RecursionError):
        return found
    return _together(reader, found, before)


def _folder(path: str) -> Path | None:
    file = Path(path)
    return file.parent if file.is_file() else None


def _together(reader: Judge, new: Report, old: Report) -> Report:
    pairs = _paired(new, old)
    if not _alike(new, pairs):
        return new
    formulas = []
    for i, j in enumerate(new.formulas):
        number = int(j.id.split(".")[0]) - 1
        if i in pairs and not reader.understanding.model(number).lost:
            j = replace(j, verdict=_joined(j.verdict, pairs[i].verdict))
        formulas.append(j)
    return replace(
        new,
        formulas=tuple(formulas),
        assumptions=tuple(dict.fromkeys((*new.assumptions, *old.assumptions))),
    )


def _paired(new: Report, old: Report) -> dict[int, Judged]:
    """The old reader's formula at each of the new one's places."""
    at = {(j.line, j.column): j for j in old.formulas}
    return {i: at[j.line, j.column] for i, j in enumerate(new.formulas) if (j.line, j.column) in at}


def _alike(new: Report, pairs: dict[int, Judged]) -> bool:
    """Whether both readers found the same definitions, and most formulas at the same places."""
    if len(pairs) < 0.8 * len(new.formulas):
        return False
    apart = 0
    for i, j in enumerate(new.formulas):
        own, other = j.verdict.kind, pairs[i].verdict.kind if i in pairs else None
        apart += own == "definition" and other not in ("definition", "proved")
        apart += other == "definition" and own not in ("definition", "proved")
    return apart <= len(new.formulas) // 10


def _joined(own: Verdict, other: Verdict) -> Verdict:
    if "always 0" in other.reason:
        return own
    if own.kind == "unread" and own.reason.startswith("the sides differ"):
        return other if other.kind in (*WRONG, "ambiguous") else own
    if (
        own.kind == "unread"
        and other.kind not in SETTLED
        and not any(w in own.reason for w in NOT_KNOWN)
    ):
        return other
    if own.kind == "tested" and other.kind in ("proved", "ambiguous"):
        return other
    if own.kind == "refuted" and other.kind in WRONG:
        return other if other.suggestion or not own.suggestion else own
    if own.kind in ("proved", "tested") and other.kind in WRONG:
        return Verdict("unread", reason="two readings of the page disagree on this line")
    return own
