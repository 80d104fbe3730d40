"""Two readers of one page. The new one decides; what it could not read it leaves to the old one, on pages that both take alike.

The old reader (derive.verify) knows time alone as an index and was written for notes in our own manner. Its word counts only
where every definition of the page is a definition for both, so that neither has missed how a name is made; and it accuses
nobody whom the new reader holds for right.
"""  # noqa: E501

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from derive.algebra.functions import SPELLED
from derive.errors import DeriveError
from derive.judge.judge import Judge
from derive.judge.offering import offered
from derive.judge.slips_of_typing import explained
from derive.judge.telling import told, with_symbols
from derive.notation.calls import WORDS
from derive.notation.roles import ON_A_CONDITION
from derive.text.trees import Name, walk
from derive.verify.notebook import markdown_cells
from derive.verify.options import Options
from derive.verify.verdicts import Counterexample, Judged, Report, Verdict

WRONG = ("refuted", "carried")
SETTLED = ("definition", "remark")
SORTED = re.compile(r"(?:at [^;]*? )?the right side has [^;]* where [^;]* should stand(?:; (.*))?")
PLACE = re.compile(r"^at .*? (?=the right side)")
LONGEST_VALUE, LEAST = 9, 1e-3
MOST_FORMULAS = 160
DISAGREE = "two readings of the page disagree on this line"
SUPPOSED = (ON_A_CONDITION, "supposed for its sentence or item")
COUNTED = re.compile(r"ill-typed: .* has \d+ ind")  # indices miscounted, no claim of the page's
LETTER_E = "not the well-known constant"
Place = tuple[int, int]  # line and column
NOT_KNOWN = (
    "defined nowhere",
    "not understood",
    "leaves open",
    "too little",
    "disagree",
    "half of",
    "may be supposed",
    "kink alone",
    "says nothing",
    "another version",
    "given nowhere",
    "for fewer steps",
)


def judge(path: str, text: str, options: Options) -> Report:
    """The verdicts on all formulas of one file. Raises DeriveError where a model from outside cannot be read."""  # noqa: E501
    if options.model or options.horizon or options.layout:
        from derive.judge.before import judged_before

        return with_symbols(judged_before(path, text, options), options)
    if path.lower().endswith(".ipynb"):
        markdown_cells(path, text)  # what is no notebook is refused in a sentence
    reader = Judge(path, text, _folder(path))
    own = reader.report()
    found = _bare(_judged(reader, own, path, text, options))
    if options.repairs:
        found = offered(reader, found)
    return explained(told(reader, own, found, options))


def _bare(found: Report) -> Report:
    """Without the numbers of accusations that are not spoken."""
    formulas = [
        replace(j, verdict=replace(j.verdict, counterexample=None))
        if j.verdict.kind == "unread"
        else j
        for j in found.formulas
    ]
    return replace(found, formulas=tuple(formulas))


def _judged(reader: Judge, found: Report, path: str, text: str, options: Options) -> Report:
    """The report of the new reader with what the old one has to add."""
    open_ = {(j.line, j.column): j.verdict for j in found.formulas if _is_open(reader, j)}
    if not open_ or len(found.formulas) > MOST_FORMULAS:
        return found
    # The old reader is a third of what there is to import, and most pages do without it.
    from derive.judge.before import Before

    try:
        proved = ((j.line, j.column) for j in found.formulas if j.verdict.kind == "proved")
        old = Before(path, text, replace(options, repairs=False), frozenset(proved))
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
            accused = (j for j in joined.formulas if j.verdict.kind in WRONG)
            mended = old.report_mended(frozenset((j.line, j.column) for j in accused))
            joined = _together(reader, found, mended)
    except (DeriveError, RecursionError, ArithmeticError):  # costs the old reader's own word alone
        return found
    return joined


def _counts(own: Verdict, other: Verdict) -> bool:
    """Whether the old reader has a verdict of its own on an open line, and not only another reason."""
    joined = _joined(own, other)
    return joined.kind != own.kind and joined.reason != DISAGREE


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
    if any(LETTER_E in a for a in old.assumptions):
        return new
    versions = reader.decider.versions
    known_otherwise = versions.several | _supposed(reader)
    if not _alike(new, pairs):
        return new
    formulas, taken = [], False
    for i, j in enumerate(new.formulas):
        number = int(j.id.split(".")[0]) - 1
        both_differ = i in pairs and _differs(j.verdict) and pairs[i].verdict.kind in WRONG
        both_differ = both_differ or (i in pairs and j.verdict.kind in WRONG)
        if (
            i in pairs
            and not both_differ
            and known_otherwise
            and versions.uses(number, known_otherwise)
        ):
            formulas.append(j)  # the old reader knows one version of a name, and no suppositions
            continue
        if i in pairs and not _lost(reader, j) and not _has_words(reader, j):
            joined = _joined(j.verdict, pairs[i].verdict)
            taken = taken or joined is not j.verdict
            j = replace(j, verdict=joined)
        formulas.append(j)
    return replace(
        new,
        formulas=tuple(formulas),
        assumptions=tuple(dict.fromkeys((*new.assumptions, *(old.assumptions if taken else ())))),
    )


def _supposed(reader: Judge) -> set[str]:
    """The names of what the page supposes for a sentence: the old reader takes that for definitions."""
    roles = reader.symbols.roles.values()
    return {r.key for r in roles if r.kind == "setting" and r.why in SUPPOSED and r.key}


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


def _fine(numbers: Counterexample | None) -> bool:
    """Whether a witness prints two numbers that differ, and none near the end of a function."""
    if numbers is None or numbers.left == numbers.right:
        return False
    sides = [n.removeprefix("≈ ") for n in (numbers.left, numbers.right)]
    if any("e-" in n for n in sides) or any(len(v) > LONGEST_VALUE for _, v in numbers.values):
        return False
    rounded = [abs(float(n)) for n in sides if "/" not in n and "." in n]
    return not any(0 < n < LEAST for n in rounded)


def _is_trivial(suggestion: str | None) -> bool:
    """x = x, the immediate derivative where only the total one is asked, and a factor of 1."""
    head, _, member = (suggestion or "").replace("^{+}", "").replace(" ", "").partition("=")
    return head == member or bool(re.match(r"1[(\\a-zA-Z]", member))


def _told(own: Verdict, other: Verdict) -> Verdict:
    """Of two accusations of one line the words and numbers that help: a nearest line that says something, a witness that a pencil can redo."""  # noqa: E501
    best = other if other.suggestion or not own.suggestion else own
    if best is other and _is_trivial(other.suggestion):
        best = own if own.suggestion else replace(other, suggestion=None)
    numbers = next(
        (n for n in (best.counterexample, own.counterexample, other.counterexample) if _fine(n)),
        own.counterexample,
    )
    moved = numbers is not other.counterexample
    return _explained(replace(best, counterexample=numbers), moved and best is not own)


def _alone(own: Verdict, other: Verdict) -> Verdict:
    """The old reader's accusation by itself: only with a witness that a pencil can redo."""
    moved = other.kind == "refuted" and not _fine(other.counterexample)
    if moved:
        other = replace(other, counterexample=own.counterexample)
    if other.kind == "refuted" and not _fine(other.counterexample):
        return Verdict("unread", reason="no numbers that a pencil can redo were found")
    if _is_trivial(other.suggestion):
        other = replace(other, suggestion=None)
    return _explained(other, moved) if other.kind == "refuted" else other


def _explained(verdict: Verdict, moved: bool) -> Verdict:
    """Without what is no explanation: the terms of a difference sorted by their signs; and the place of another witness."""  # noqa: E501
    sorted_terms = SORTED.fullmatch(verdict.reason)
    if sorted_terms:
        slip = sorted_terms[1] if verdict.suggestion else None
        return replace(verdict, reason=slip or "the two sides differ")
    return replace(verdict, reason=PLACE.sub("", verdict.reason)) if moved else verdict


def _joined(own: Verdict, other: Verdict) -> Verdict:
    if "always 0" in other.reason or COUNTED.search(other.reason):
        return own
    if own.kind == "unread" and _differs(own):
        return _alone(own, other) if other.kind in (*WRONG, "ambiguous") else own
    if own.kind == "unread" and other.kind in WRONG:
        return own
    if own.kind == "unread" and other.kind not in SETTLED and _is_unknown(own):
        return _alone(own, other)
    if own.kind == "tested" and other.kind in ("proved", "ambiguous"):
        return other
    if own.kind == "refuted" and other.kind in WRONG:
        return _told(own, other)
    if own.kind in ("proved", "tested") and other.kind in WRONG:
        return Verdict("unread", reason=DISAGREE)
    if own.kind in WRONG and other.kind == "proved":
        return Verdict("unread", reason=DISAGREE)
    return own


def _differs(own: Verdict) -> bool:
    return own.reason.startswith("the sides differ")


def _is_unknown(own: Verdict) -> bool:
    """Whether a line was not read for no reason that the other reader shares."""
    return not any(w in own.reason for w in NOT_KNOWN)
