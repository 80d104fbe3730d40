"""Two readers of one page. The new one decides; what it could not read it leaves to the old one, on pages that both take alike.

The old reader (derive.verify) knows time alone as an index and was written for notes in our own manner. Its word counts only
where every definition of the page is a definition for both, so that neither has missed how a name is made; and it accuses
nobody whom the new reader holds for right.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from derive.algebra.functions import SPELLED
from derive.errors import DeriveError
from derive.judge.judge import Judge
from derive.judge.telling import told, with_symbols
from derive.notation.elaborate import WORDS
from derive.text.trees import Name, walk
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
        return with_symbols(judged_before(path, text, options), options)
    if path.lower().endswith(".ipynb"):
        markdown_cells(path, text)  # what is no notebook is refused in a sentence
    reader = Judge(path, text, _folder(path))
    own = reader.report()
    return told(reader, own, _judged(reader, own, path, text, options), options)


def _judged(reader: Judge, found: Report, path: str, text: str, options: Options) -> Report:
    """The report of the new reader with what the old one has to add."""
    if len(found.formulas) > MOST_FORMULAS or not any(_is_open(reader, j) for j in found.formulas):
        return found
    before = partial(_before, path, text)
    joined = _together(reader, found, before(replace(options, repairs=False)))
    if options.repairs and any(
        a.verdict.kind in WRONG and a.verdict != b.verdict
        for a, b in zip(joined.formulas, found.formulas, strict=True)
    ):
        # what is accused is shown the nearest true line
        return _together(reader, found, before(options))
    return joined


def _is_open(reader: Judge, judged: Judged) -> bool:
    """Whether the old reader's word on a formula could count, so that it is worth hearing."""
    own = judged.verdict
    return (
        own.kind == "tested" or (own.kind == "unread" and (_differs(own) or _is_unknown(own)))
    ) and not _lost(reader, judged)


def _before(path: str, text: str, options: Options) -> Report | None:
    try:
        return judged_before(path, text, options)
    except (DeriveError, RecursionError, ArithmeticError):
        return None  # what it cannot do costs its own word alone


def _folder(path: str) -> Path | None:
    file = Path(path)
    return file.parent if file.is_file() else None


def _together(reader: Judge, new: Report, old: Report | None) -> Report:
    pairs = _paired(new, old) if old is not None else {}
    if old is None or not _alike(new, pairs):
        return new
    formulas = []
    for i, j in enumerate(new.formulas):
        if i in pairs and not _lost(reader, j) and not _has_words(reader, j):
            j = replace(j, verdict=_joined(j.verdict, pairs[i].verdict))
        formulas.append(j)
    return replace(
        new,
        formulas=tuple(formulas),
        assumptions=tuple(dict.fromkeys((*new.assumptions, *old.assumptions))),
    )


def _lost(reader: Judge, judged: Judged) -> bool:
    """Whether something is not understood where a formula stands."""
    return bool(reader.understanding.model(int(judged.id.split(".")[0]) - 1).lost)


def _has_words(reader: Judge, judged: Judged) -> bool:
    """Whether a formula has a name of several letters, dz or net, which the old reader takes for a product."""
    number = int(judged.id.split(".")[0]) - 1
    formula = next(f for f in reader.page.formulas if f.number == number)
    return any(
        isinstance(node, Name)
        and len(node.letter) > 1
        and node.letter.isalpha()
        and node.letter not in SPELLED
        and node.letter not in WORDS
        for chain in formula.chains
        for member in chain.members
        for node in walk(member.tree)
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
    if own.kind == "unread" and _differs(own):
        return other if other.kind in (*WRONG, "ambiguous") else own
    if own.kind == "unread" and other.kind not in SETTLED and _is_unknown(own):
        return other
    if own.kind == "tested" and other.kind in ("proved", "ambiguous", *WRONG):
        return other
    if own.kind == "refuted" and other.kind in WRONG:
        return other if other.suggestion or not own.suggestion else own
    if own.kind == "proved" and other.kind in WRONG:
        return Verdict("unread", reason="two readings of the page disagree on this line")
    return own


def _differs(own: Verdict) -> bool:
    return own.reason.startswith("the sides differ")


def _is_unknown(own: Verdict) -> bool:
    """Whether a line was not read for no reason that the other reader shares."""
    return not any(w in own.reason for w in NOT_KNOWN)
