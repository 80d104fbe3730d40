"""One page of notes to verdicts: every formula where it stands, nothing skipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from derive.algebra.core import ZERO, Core, D, Num, Ref, letters_in, walk
from derive.judge.claims import GIVEN, Judgement, Outcome, Sides, sides
from derive.judge.conditions import around, conditions, related
from derive.judge.costs import differentiated, with_costs
from derive.judge.decide import Accusation, Decider
from derive.judge.parted import with_parts
from derive.judge.understanding import EXPRESSIONS, Understanding
from derive.meaning.model import Model
from derive.notation.elaborate import Elaborator, Reading, Unread
from derive.notation.parts import named, weight
from derive.notation.shaped import Misfit, Val
from derive.notation.symbols import Role, bind
from derive.text.page import Chain, Formula, Member
from derive.text.read import read
from derive.verify.verdicts import Judged, Report, Verdict

EQUATIONS = ("=", ":=", "\\equiv", "\\triangleq")


@dataclass(frozen=True, slots=True)
class Tried:
    """A claim in one reading: its sides and how their values compare; `reading` is said where it is not the default."""

    sides: Sides
    outcome: Outcome
    reading: str = ""
    assumed: tuple[str, ...] = ()
    given: tuple[tuple[str, Fraction], ...] = ()


def judge(path: str, text: str, folder: Path | None = None) -> Report:
    """The verdicts on all formulas of one file."""
    return Judge(path, text, folder).report()


class Judge:
    """Judges the formulas of one page."""

    def __init__(self, path: str, text: str, folder: Path | None = None) -> None:
        self.text = text
        self.page = read(path, text, folder)
        self.symbols = bind(self.page)
        self.understanding = Understanding(self.page, self.symbols, Reading())
        self.understanding.understand()
        self._places = {item.number: i for i, item in enumerate(self.page.items) if isinstance(item, Formula)}
        self._stated: dict[int, list[Chain]] = {}
        self.decider = Decider(self)
        self._judgements: dict[object, Judgement] = {}
        self._costs: dict[object, tuple[Model, list[str]]] = {}

    def report(self) -> Report:
        found: list[Judged] = []
        for item in self.page.items:
            if isinstance(item, Formula):
                found += self._formula(item)
        found = self._said_aloud(found)
        return Report(self.page.source.path, self.text, tuple(found), tuple(self.understanding.assumed))

    def _said_aloud(self, found: list[Judged]) -> list[Judged]:
        """Accusations decided; what follows from a line that is not accused is not carried."""
        spoken: dict[str, bool] = {}
        made = []
        for j in found:
            formula, was = j.id.split(".")[0], j.verdict
            verdict = self._spoken(was)
            if isinstance(was, Accusation):
                spoken[formula] = verdict.kind == "refuted"
            elif verdict.kind == "carried" and not spoken.get(formula, True):
                verdict = Verdict("unread", reason="follows from a line that was not understood")
            made.append(replace(j, verdict=verdict))
        return made

    def _spoken(self, verdict: Verdict | Accusation) -> Verdict:
        """An accusation is spoken where a nearby true line was proved, or where the rest of the page was well understood.

        A nearby true line shows as much as a true line does, unless it is the same slip in all of them: then the slip is ours.
        """
        if not isinstance(verdict, Accusation):
            return verdict
        agreed, differed, defended = self.decider.agreed, self.decider.differed, self.decider.defended
        mended = sum(defended.values())
        several = mended if len(defended) > 1 else 0
        if verdict.defended and (agreed >= 1 or differed <= 2 or several >= 2):
            return verdict.verdict
        if verdict.clean and agreed + several + 3 >= differed - mended:
            return verdict.verdict
        if agreed >= 4 and agreed >= 4 * differed:
            return verdict.verdict
        return Verdict("unread", reason="the sides differ as they were read, but too little of the page was understood to say that the line is wrong")

    def _formula(self, formula: Formula) -> Iterator[Judged]:
        count = 0
        if not formula.chains:
            yield self._judged(formula.number, 1, formula.start, formula.end, self._latex(formula.start, formula.end), Verdict("remark"))
        for index, chain in enumerate(formula.chains):
            role = self.symbols.roles.get((formula.number, index))
            if not chain.members:
                continue
            if len(chain.members) == 1:
                count += 1
                only = chain.members[0]
                yield self._judged(formula.number, count, only.start, only.end, self._latex(only.start, only.end), self._alone(chain))
                continue
            for member, verdict in self._chain(formula, index, chain, role):
                count += 1
                sign = member.relation
                latex = f"{self._latex(chain.members[0].start, chain.members[0].end)} {sign} {self._latex(member.start, member.end)}"
                yield self._judged(formula.number, count, member.start, member.end, latex, verdict)

    def _alone(self, chain: Chain) -> Verdict:
        return Verdict("unread", reason="goes on from a formula before") if chain.continues else Verdict("remark")

    def _latex(self, start: int, end: int) -> str:
        return " ".join(self.page.source.text[start:end].split())

    def _judged(self, number: int, count: int, start: int, end: int, latex: str, verdict: Verdict | Accusation) -> Judged:
        place = self.page.source.place(start)
        return Judged(f"{number + 1}.{count}", place.line, place.column, start, end, latex, verdict)  # type: ignore[arg-type]

    # -- chains -----------------------------------------------------------------------------------

    def _chain(self, formula: Formula, index: int, chain: Chain, role: Role | None) -> Iterator[tuple[Member, Verdict | Accusation]]:
        head = chain.members[0]
        first = True
        wrong: list[Member] = []
        for member in chain.members[1:]:
            if member.relation not in EQUATIONS:
                yield member, Verdict("remark" if not (first and role and role.kind in ("definition", "shape", "setting")) else "definition", reason="no equation")
                head, first, wrong = member, False, []
                continue
            if first and formula.number in self.understanding.taken and role is not None and role.why == EXPRESSIONS:
                yield member, Verdict("definition", reason="what the page supposes")
            elif first and role is not None and role.kind != "claim":
                yield member, self._said(formula, index, role)
            elif chain.continues and first:
                yield member, Verdict("unread", reason="goes on from a formula before")
            else:
                verdict = self._claim(formula, chain, head, member)
                if isinstance(verdict, Accusation) or isinstance(verdict, Verdict) and verdict.kind == "refuted":
                    if wrong and self._follows(formula, chain, wrong[-1], member):
                        verdict = Verdict("carried", reason="follows from the line before, which is wrong")
                    wrong.append(member)
                yield member, verdict
                if isinstance(verdict, Verdict) and verdict.kind == "unread" and not self._is_readable(formula, head):
                    head = member
            first = False

    def _follows(self, formula: Formula, chain: Chain, before: Member, member: Member) -> bool:
        verdict = self._claim(formula, chain, before, member)
        return isinstance(verdict, Verdict) and verdict.kind in ("proved", "tested", "ambiguous")

    def _is_readable(self, formula: Formula, member: Member) -> bool:
        try:
            self.understanding.elaborator(formula.number).row(member.tree)
        except (Unread, Misfit, RecursionError):
            return False
        return True

    def _said(self, formula: Formula, index: int, role: Role) -> Verdict:
        why = self.understanding.definitions_read.get((formula.number, index), "")
        if role.kind == "definition" and why:
            return Verdict("definition", reason=f"{role.key} is made by a formula that is not understood ({why}): nothing is said of what uses it")
        if role.kind == "remark":
            return Verdict("remark", reason=role.why)
        return Verdict("definition", reason=role.why)

    def _claim(self, formula: Formula, chain: Chain, head: Member, member: Member) -> Verdict | Accusation:
        try:
            return self._judge(formula, chain, head, member)
        except Unread as error:
            return Verdict("unread", reason=f"expected {error.expected}")
        except Misfit as error:
            return Verdict("unread", reason=str(error))
        except RecursionError:
            return Verdict("unread", reason="a formula nested too deeply")

    def _judge(self, formula: Formula, chain: Chain, head: Member, member: Member) -> Verdict | Accusation:
        return self.decider.decide(formula.number, chain, head, member)

    def _judgement(self, model: Model, elaborator: Elaborator, given: Mapping[str, Fraction] = MappingProxyType({})) -> Judgement:
        """The worlds of a model, made once for all lines that it is in force for."""
        key = (_signature(model), elaborator.dims.known, tuple(sorted(given.items())))
        if key not in self._judgements:
            self._judgements[key] = Judgement(model, elaborator.dims, self.understanding.base, given)
        found = self._judgements[key]
        found.use(model, elaborator.dims)
        return found

    def tries(self, number: int, chain: Chain, head: Member, member: Member) -> Iterator[Tried]:
        """The claim in each reading, in the order in which a reader would forgive."""
        first: Unread | Misfit | None = None
        done = False
        for said, of_head, of_member in self.ladder():
            try:
                found = self.tried(number, chain, head, member, of_head, of_member)
            except (Unread, Misfit) as error:
                first = first or error
                continue
            done = True
            yield Tried(found.sides, found.outcome, said, found.assumed, found.given)
        if not done and first is not None:
            raise first

    def ladder(self) -> Iterator[tuple[str, Reading, Reading]]:
        plain = self.understanding.reading
        yield "", plain, plain
        own = replace(plain, own="every")
        yield "the derivatives by parameters are immediate", plain, own
        yield "the derivatives on the right are partial: by direct dependence alone", plain, replace(plain, partial=True)
        if not plain.repeated:
            summed = replace(plain, repeated=True)
            yield "indices that stand twice are summed", summed, summed
        for said, changes in (
            ("a product of two vectors is their inner product", {"dot": "inner"}),
            ("vectors lie, as rows", {"columns": not plain.columns}),
            ("denominator layout", {"denominator": not plain.denominator}),
            ("a gradient by a matrix stands transposed", {"turned": True}),
        ):
            other = replace(plain, **changes)  # type: ignore[arg-type]
            yield said, other, other
        both = replace(own, columns=not plain.columns)
        yield "vectors lie, as rows, and the derivatives by parameters are immediate", replace(plain, columns=not plain.columns), both

    def _around(self, number: int) -> list[Chain]:
        """The conditions that the words around a formula state."""
        if number not in self._stated:
            self._stated[number] = around(self.page.items, self._places[number]) if number in self._places else []
        return self._stated[number]

    def tried(self, number: int, chain: Chain, head: Member, member: Member, of_head: Reading, of_member: Reading) -> Tried:
        u = self.understanding
        u.setting.dims, kept = u.setting.dims.copy(), u.setting.dims
        u.setting.parts = {}
        try:
            elaborator = u.elaborator(number, of_head)
            left = elaborator.row(head.tree)
            elaborator.reading = replace(of_member, base=elaborator.reading.base)
            elaborator.headed = letters_in(left.body)
            right = elaborator.row(member.tree)
            tests = conditions(chain.conditions, elaborator) + related(self._around(number), elaborator)
            found = sides(left, right, elaborator.dims, elaborator.letters, elaborator.ordered)
            model = u.model(number)
            model = Model(model.definitions, dict(u.setting.slots), {}, model.lost, {**model.horizons, **{a: elaborator.dims.find(d) for a, d in u.setting.size_of.items()}}, model.positive, model.normalised)
            names = frozenset(differentiated([found.left, found.right]))
            parts = u.setting.parts
            if parts:
                listed = sorted(parts.values(), key=lambda p: -weight(p.body))
                found = replace(found, left=named(found.left, listed), right=named(found.right, listed))
            key = (_signature(model), names, tuple(parts.values()))
            if key not in self._costs:
                self._costs[key] = with_costs(with_parts(model, parts) if parts else model, set(names), u.setting.shared_dims)
            assumed = self._costs[key][1]
            made = self._costs[key][0]
            model = Model(made.definitions, {**model.slots, **made.slots}, {}, made.lost, {**made.horizons, **model.horizons}, made.positive, made.normalised)
            outcome = self._judgement(model, elaborator).compare(found, tests)
            given = {} if outcome.agrees else u.values(number)
            if given:
                at_values = self._judgement(model, elaborator, given).compare(found, tests, GIVEN)
                if at_values.agrees:
                    return Tried(found, at_values, "", tuple(assumed), tuple(given.items()))
            return Tried(found, outcome, "", tuple(assumed))
        finally:
            u.setting.dims = kept


def missing_condition(found: Sides, outcome: Outcome) -> str:
    """What a line lacks that holds but at an end of its range, or but where two indices are equal; empty where it is not so."""
    if not outcome.failed or not outcome.passed or outcome.missing:
        return ""
    letters = [*found.ordered, *found.components]
    for i, a in enumerate(letters):
        for b in letters[i + 1 :]:
            if a.startswith("\\,") or b.startswith("\\,"):
                continue
            if all(e.get(a) == e.get(b) for e, _ in outcome.failed) and not any(e.get(a) == e.get(b) for e, _ in outcome.passed):
                return f"for {a} ≠ {b}"
    for a in found.ordered:
        ends = {e.get(a) for e, _ in outcome.failed}
        if len(ends) == 1 and None not in ends and not any(e.get(a) in ends for e, _ in outcome.passed):
            (end,) = ends
            if end is not None and end <= 1 and any(e.get(a, 0) > end for e, _ in outcome.passed):
                return f"for {a} ≥ {end + 1}"
    return ""


def _signature(model: Model) -> tuple[object, ...]:
    return tuple(id(d) for name in sorted(model.definitions) for d in model.definitions[name]), tuple(sorted(model.lost)), tuple(sorted(model.horizons.items()))


def _says_zero(found: Sides) -> bool:
    return found.right == ZERO or found.left == ZERO


assert Sequence and cached_property and Core and D and Num and Ref and walk and Val and Elaborator
