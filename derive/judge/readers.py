"""Two readers of one page. The new one decides; what it could not read it leaves to the old one, on pages that both take alike.

The old reader (derive.verify) knows time alone as an index and was written for notes in our own manner. Its word counts only
where every definition of the page is a definition for both, so that neither has missed how a name is made; and it accuses
nobody whom the new reader holds for right.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from derive.algebra.functions import SPELLED
from derive.errors import DeriveError
from derive.judge.judge import Judge
from derive.judge.telling import told, with_symbols
from derive.notation.elaborate import WORDS
from derive.text.trees import Name, walk
from derive.verify.judge import Chain, Options, Side
from derive.verify.judge import Judge as JudgeBefore
from derive.verify.judge import judge as judged_before
from derive.verify.notebook import markdown_cells
from derive.verify.pages import read_page
from derive.verify.ranges import Condition
from derive.verify.verdicts import Judged, Report, Verdict

HOLDING = ("proved", "tested", "ambiguous")
WRONG = ("refuted", "carried")
SETTLED = ("definition", "remark")
MOST_FORMULAS = 160
Place = tuple[int, int]  # line and column
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
    open_ = {(j.line, j.column): j.verdict for j in found.formulas if _is_open(reader, j)}
    if not open_ or len(found.formulas) > MOST_FORMULAS:
        return found
    try:
        old = _Old(path, text, replace(options, repairs=False))
        if not _alike(found, _paired(found, old.read_for(frozenset()))):
            return found
        heard = old.read_for(frozenset(open_)).formulas
        if not any(
            _counts(open_[p], j.verdict) for j in heard if (p := (j.line, j.column)) in open_
        ):
            return found
        joined = _together(reader, found, old.report())
        if options.repairs and any(
            a.verdict.kind in WRONG and a.verdict != b.verdict
            for a, b in zip(joined.formulas, found.formulas, strict=True)
        ):  # what is accused is shown the nearest true line
            joined = _together(reader, found, judged_before(path, text, options))
    except (DeriveError, RecursionError, ArithmeticError):  # costs the old reader's own word alone
        return found
    return joined


class _Old(JudgeBefore):
    """The old reader, which judges no more of a page than it is asked for."""

    def __init__(self, path: str, text: str, options: Options) -> None:
        self._asked: frozenset[Place] | None = None
        super().__init__(read_page(path, text), text, options)

    def read_for(self, places: frozenset[Place]) -> Report:
        """What it says of the claims at some places; any other is as if it were proved, the most that both can agree on."""  # noqa: E501
        self._asked, chain, found = places, Chain(), list[Judged]()
        for number, placed in enumerate(self.page.formulas):
            if not placed.continues:
                chain = Chain()
            found += self._formula(number, placed, chain)
        self._asked = None
        return Report(self.page.source.path, self.text, tuple(found))

    def _claim(
        self, number: int, side: Side, chain: Chain, conditions: tuple[tuple[Condition, ...], str]
    ) -> Verdict:
        if self._asked is not None and self._at(side.start) not in self._asked:
            return Verdict("proved")
        return super()._claim(number, side, chain, conditions)

    def _at(self, start: int) -> Place:
        place = self._judged(0, 0, start, start, "", Verdict("remark"))
        return place.line, place.column


def _counts(own: Verdict, other: Verdict) -> bool:
    """Whether the old reader's word on an open line is another verdict, and not only another reason."""
    return _joined(own, other).kind != own.kind


def _is_open(reader: Judge, judged: Judged) -> bool:
    """Whether the old reader's word on a formula could count, so that it is worth hearing."""
    own = judged.verdict
    return (
        own.kind == "tested" or (own.kind == "unread" and (_differs(own) or _is_unknown(own)))
    ) and not _lost(reader, judged)


def _folder(path: str) -> Path | None:
    file = Path(path)
    return file.parent if file.is_file() else None


def _together(reader: Judge, new: Report, old: Report) -> Report:
    pairs = _paired(new, old)
    if not _alike(new, pairs):
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
    """Whether a formula has a name of several letters, dz or net: a product for the old reader."""
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
