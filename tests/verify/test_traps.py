"""Pages that tempt the reader: what each claim may be said to be, judged by hand.

`traps.tsv` gives for every claim the verdicts that are right: d definition, p proved, s proved for scalars,
a ambiguous, t tested, c carried, r refuted, u unread, m remark. ¶ stands for the end of a line.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from derive.verify.judge import judge
from derive.verify.options import Options
from derive.verify.verdicts import Judged

ROWS = [
    row.split("\t")
    for row in (Path(__file__).parent / "traps.tsv").read_text(encoding="utf-8").splitlines()[1:]
]
PAGES = {name: list(rows) for name, rows in groupby(ROWS, key=lambda row: row[0])}


def letter(judged: Judged) -> str:
    verdict = judged.verdict
    if verdict.kind == "proved" and "scalars" in (verdict.reading or ""):
        return "s"
    return {"definition": "d", "remark": "m"}.get(verdict.kind, verdict.kind[0])


@pytest.mark.parametrize("name", PAGES)
def test_every_claim_has_a_verdict_that_is_right(name: str) -> None:
    rows = PAGES[name]
    claims = [f"$${claim}$$" for _, _, claim, _ in rows]
    text = rows[0][1].replace("¶", "\n") + "\n\n" + "\n\n".join(claims) + "\n"
    report = judge("page.tex", text, Options())
    wrong, at = [], 0
    for claim, (*_, allowed) in zip(claims, rows, strict=True):
        at = text.index(claim, at)
        last = [j for j in report.formulas if at <= j.start < at + len(claim)][-1]
        if letter(last) not in allowed.split("|"):
            wrong.append((claim, letter(last), allowed))
    assert not wrong
