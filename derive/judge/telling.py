"""What a report says beyond its verdicts: the names of the page as they were taken, and why a line was judged so."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from derive.algebra.core import Core, Ref, move
from derive.algebra.forms import NoForm
from derive.algebra.functions import FUNCTIONS, SPELLED
from derive.errors import DeriveError, Place
from derive.judge.decide import reached
from derive.judge.judge import Judge
from derive.judge.made import resolved
from derive.judge.readings import Readings, Tried
from derive.judge.spelling import Speller, letters_written
from derive.meaning.model import Definition
from derive.notation.changes import as_variations, variations
from derive.notation.marked import retold, unmarked, with_index_letters
from derive.notation.setting import Unread
from derive.notation.shaped import Misfit
from derive.notation.slots import plain
from derive.notation.symbols import Symbols, bind, described
from derive.proof.lines import RULES, SameForm
from derive.text.page import Chain, Formula, Member
from derive.text.read import read
from derive.verify.options import Options
from derive.verify.verdicts import Judged, Read, Report, Why

MOST_USED = 12
MOST_READINGS = 24


def told(judge: Judge, own: Report, report: Report, options: Options) -> Report:
    """The report with what its reader asked for beside the verdicts; `own` is what `judge` said alone."""
    if options.read:
        report = replace(report, symbols=table(judge.symbols.symbols, judge))
    if options.why:
        chosen = wanted(report, options.why)
        before = {j.id: j.verdict for j in own.formulas}
        teller = Teller(judge)
        letters = variations(judge.page)
        whys = tuple(
            teller.why(j, "" if before.get(j.id) == j.verdict else "before") for j in chosen
        )
        report = replace(
            report,
            whys=retold(unmarked(whys), lambda text: as_variations(text, letters, "δ")),
        )
    return report


def with_symbols(report: Report, options: Options) -> Report:
    """The names beside a report of the older reader."""
    if not options.read:
        return report
    return replace(
        report, symbols=table(bind(with_index_letters(read(report.path, report.text, None))))
    )


def wanted(report: Report, names: tuple[str, ...]) -> list[Judged]:
    """The formulas on the lines, or with the ids, that were asked for. DeriveError where there is none."""
    found: dict[str, Judged] = {}
    for name in names:
        here = [j for j in report.formulas if j.id == name or _covers(report, j, name)]
        if not here:
            nearest = _nearest(report, name)
            raise DeriveError(
                f"expected --why to name a line with a formula or an id such as 3.1, found {name}{nearest}",
                Place(report.path, int(name), 1) if name.isdecimal() else None,
            )
        found |= {j.id: j for j in here}
    return [j for j in report.formulas if j.id in found]


def _covers(report: Report, judged: Judged, name: str) -> bool:
    if not name.isdecimal():
        return False
    rows = report.text.count("\n", judged.start, judged.end)
    return judged.line <= int(name) <= judged.line + rows


def _nearest(report: Report, name: str) -> str:
    if not report.formulas:
        return ": there is no formula"
    if not name.isdecimal():
        return f" (ids run from {report.formulas[0].id} to {report.formulas[-1].id})"
    near = min(report.formulas, key=lambda j: abs(j.line - int(name)))
    return f"; the nearest formula is on line {near.line}"


# -- names --------------------------------------------------------------------------------------------


def table(symbols: Symbols, judge: Judge | None = None) -> tuple[Mapping[str, Any], ...]:
    """The names of a page; `role`, `letters` and `horizon` are for people: a state, time t = 1 … T.

    The role is "state", "assumed" where prose alone names a cost, or the elementary function that is meant.
    """
    rows = [row for row in described(symbols) if not _is_set(row)]
    gradients = variations(symbols.page)
    letters = _letters_of(symbols)
    recursive = _recursive(judge) if judge is not None else frozenset()
    horizon = _horizon(symbols, judge)
    for row in rows:
        row["letters"] = {
            domain: letters[row["name"], domain]
            for domain in row["slots"]
            if (row["name"], domain) in letters
        }
        row["role"] = ""
        if row["kind"] == "variable" and row["name"] in recursive and "time" in row["slots"]:
            row["role"] = "state"
        if judge is not None and row["name"] in judge.decider.assumed:
            row["role"] = "assumed"
        if row["kind"] == "function":
            known = SPELLED.get(row["name"].removeprefix("\\operatorname{").rstrip("}"))
            words = FUNCTIONS[known].words if known else ()
            row["role"] = words[-1] if words else ""
        row["horizon"] = horizon if "time" in row["slots"] else ""
        row["name"] = as_variations(row["name"], gradients)
    return unmarked(tuple(rows))


def _is_set(row: Mapping[str, Any]) -> bool:
    """ℝ, which is the same on every page."""
    return row["kind"] == "constant" and str(row["name"]).startswith("\\mathbb{")


def _letters_of(symbols: Symbols) -> dict[tuple[str, str], str]:
    """The letter that mostly stands in a name's slot, by name and domain."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for use in symbols.reader.survey.uses:
        found = symbols.reader.read(use.name, use.behind, use.number)
        for domain, row in found.indices:
            letter = plain(row)
            if letter.isalpha() or (letter.startswith("\\") and letter[1:].isalpha()):
                own = counts.setdefault((found.key, domain), {})
                own[letter] = own.get(letter, 0) + 1
    return {key: max(own, key=lambda a: own[a]) for key, own in counts.items()}


def _recursive(judge: Judge) -> frozenset[str]:
    """The names whose definition uses an earlier member of their own family."""
    return frozenset(
        m.definition.name.split("∅")[0] for m in judge.understanding.made if m.definition.recursive
    )


def _horizon(symbols: Symbols, judge: Judge | None) -> str:
    """The letter up to which time runs, if the page has one."""
    if judge is None:
        return ""
    records = symbols.records()
    shaped = {size for s in records for size in s.shape or ()}
    sizes = {s.key for s in records if s.kind in ("size", "constant")} - shaped
    horizons = judge.understanding.model(0).horizons
    return next((a for a, domain in horizons.items() if domain == "time" and a in sizes), "")


# -- lines ----------------------------------------------------------------------------------------------


class Teller:
    """Says how the formulas of a judged page were understood."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.readings = Readings(judge.page, judge.understanding)
        self.formulas = {i.number: i for i in judge.page.items if isinstance(i, Formula)}

    def why(self, judged: Judged, speaker: str) -> Why:
        """Why one formula has its verdict."""
        number = int(judged.id.split(".")[0]) - 1
        found = Why(judged.id, speaker="before" if speaker else "")
        place = self._member(number, judged)
        if place is None:
            return found
        index, chain, member = place
        found = replace(found, makes=tuple(self._made(number, index)))
        if judged.verdict.kind in ("definition", "remark"):
            return found
        try:
            tries = self._tries(number, chain, member)
        except (Unread, Misfit) as error:
            said = f"expected {error.expected}" if isinstance(error, Unread) else str(error)
            return replace(found, fault=said)
        except RecursionError:
            return replace(found, fault="a formula nested too deeply")
        return self._understood(found, tries) if tries else found

    def _tries(self, number: int, chain: Chain, member: Member) -> list[Tried]:
        found: list[Tried] = []
        for tried in self.readings.tries(number, chain, chain.members[0], member):
            found.append(tried)
            if len(found) == MOST_READINGS:
                break
        return found

    def _member(self, number: int, judged: Judged) -> tuple[int, Chain, Member] | None:
        formula = self.formulas.get(number)
        for index, chain in enumerate(formula.chains if formula is not None else ()):
            for member in chain.members[1:]:
                if (member.start, member.end) == (judged.start, judged.end):
                    return index, chain, member
        return None

    def _made(self, number: int, index: int) -> Iterator[str]:
        """The definitions that a formula makes, as they were understood."""
        for made in self.judge.understanding.made:
            if made.place == (number, index):
                yield _spelled(made.definition)

    def _understood(self, found: Why, tries: list[Tried]) -> Why:
        best = next((t for t in tries if t.outcome.agrees and not t.outcome.zero), tries[0])
        speller = Speller(_letters(best))
        proof = self._proof(best, speller) if best.outcome.agrees else ()
        return replace(
            found,
            left=speller.short(best.sides.left),
            right=speller.short(best.sides.right),
            uses=tuple(self._used(best)),
            readings=tuple(map(_compared, tries)),
            proof=proof,
            proved_in=best.reading if proof else "",
        )

    def _used(self, tried: Tried) -> Iterator[tuple[str, int]]:
        model = tried.outcome.model
        if model is None:
            return
        found = [d for name in reached(tried.sides, model) for d in model.definitions.get(name, ())]
        for definition in found[:MOST_USED]:
            yield _spelled(definition), self._line(definition)

    def _line(self, definition: Definition) -> int:
        """The line of a definition; 0 for one that the page does not have."""
        for made in self.judge.understanding.made:
            formula = self.formulas.get(made.place[0])
            if made.definition is definition and formula is not None:
                chain = formula.chains[made.place[1]]
                return self.judge.page.source.place(chain.members[0].start).line
        return 0

    def _proof(self, tried: Tried, speller: Speller) -> tuple[tuple[str, str], ...]:
        """The certificate, each of its rules with what it leaves of left side minus right side."""
        prover = self.judge.decider.prover
        outcome = tried.outcome
        certificate = prover.prove(
            tried.sides, outcome, given=dict(tried.given), base=self.judge.understanding.base
        )
        if certificate is None or outcome.dims is None:
            return ()
        left, right = (resolved(s, outcome.dims) for s in (tried.sides.left, tried.sides.right))
        entry = next(certificate.single())  # of a proof entry by entry, the first one
        left, right = move(left, entry), move(right, entry)
        try:
            return tuple(_steps(prover.lines(outcome), certificate, left, right, speller))
        except (NoForm, RecursionError):
            return ()


def _steps(
    lines: Any, certificate: SameForm, left: Core, right: Core, speller: Speller
) -> Iterator[tuple[str, str]]:
    here = lines.difference(left, right)
    yield "difference", speller.short(here)
    shown = ""
    for rule in certificate.plan:
        here = RULES[rule](lines, here)
        left_over = "0" if lines.forms.is_zero(here) else speller.short(here)
        if left_over != shown:
            yield rule, left_over
        shown = left_over
    if not certificate.plan:
        yield "form", "0"


def _spelled(definition: Definition) -> str:
    target = Ref(definition.name, definition.index)
    speller = Speller(letters_written(target) | letters_written(definition.body))
    head = speller.short(target)
    return f"{head} = {speller.short(definition.body)}"


def _letters(tried: Tried) -> frozenset[str]:
    """The letters of the page that stand in a line: no component letter of ours may be one of them."""
    found = letters_written(tried.sides.left) | letters_written(tried.sides.right)
    names = {n for n in reached(tried.sides, tried.outcome.model)} if tried.outcome.model else set()
    return frozenset(a for a in (*found, *names) if len(a) == 1)


def _compared(tried: Tried) -> Read:
    outcome = tried.outcome
    cases, failed = outcome.agreed + len(outcome.failed), len(outcome.failed)
    if outcome.failed:
        return Read(tried.reading, "differs", cases, failed)
    if outcome.agrees and not outcome.zero:
        return Read(tried.reading, "holds", cases)
    if outcome.agreed:
        return Read(tried.reading, "says nothing", cases)
    return Read(tried.reading, "not comparable", missing=outcome.missing)
