"""One page of notes to verdicts: every formula where it stands, nothing skipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from derive.algebra.core import ZERO, Core, D, Num, Ref, walk
from derive.judge.claims import GIVEN, Judgement, Outcome, Sides, sides
from derive.judge.conditions import around, conditions, related
from derive.judge.costs import differentiated, with_costs
from derive.judge.parted import formulas_of, through, with_parts
from derive.judge.understanding import Understanding
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
        self._judgements: dict[object, Judgement] = {}
        self._costs: dict[object, tuple[Model, list[str]]] = {}

    def report(self) -> Report:
        found: list[Judged] = []
        for item in self.page.items:
            if isinstance(item, Formula):
                found += self._formula(item)
        return Report(self.page.source.path, self.text, tuple(found), tuple(self.understanding.assumed))

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

    def _judged(self, number: int, count: int, start: int, end: int, latex: str, verdict: Verdict) -> Judged:
        place = self.page.source.place(start)
        return Judged(f"{number + 1}.{count}", place.line, place.column, start, end, latex, verdict)

    # -- chains -----------------------------------------------------------------------------------

    def _chain(self, formula: Formula, index: int, chain: Chain, role: Role | None) -> Iterator[tuple[Member, Verdict]]:
        head = chain.members[0]
        first = True
        wrong: list[Member] = []
        for member in chain.members[1:]:
            if member.relation not in EQUATIONS:
                yield member, Verdict("remark" if not (first and role and role.kind in ("definition", "shape", "setting")) else "definition", reason="no equation")
                head, first, wrong = member, False, []
                continue
            if first and role is not None and role.kind != "claim":
                yield member, self._said(formula, index, role)
            elif chain.continues and first:
                yield member, Verdict("unread", reason="goes on from a formula before")
            else:
                yield member, self._claim(formula, chain, head, member)
            first = False

    def _said(self, formula: Formula, index: int, role: Role) -> Verdict:
        why = self.understanding.definitions_read.get((formula.number, index), "")
        if role.kind == "definition" and why:
            return Verdict("definition", reason=f"{role.key} is made by a formula that is not understood ({why}): nothing is said of what uses it")
        if role.kind == "remark":
            return Verdict("remark", reason=role.why)
        return Verdict("definition", reason=role.why)

    def _claim(self, formula: Formula, chain: Chain, head: Member, member: Member) -> Verdict:
        try:
            return self._judge(formula, chain, head, member)
        except Unread as error:
            return Verdict("unread", reason=f"expected {error.expected}")
        except Misfit as error:
            return Verdict("unread", reason=str(error))
        except RecursionError:
            return Verdict("unread", reason="a formula nested too deeply")

    def _judge(self, formula: Formula, chain: Chain, head: Member, member: Member) -> Verdict:
        tries = list(self.tries(formula.number, chain, head, member))
        for tried in tries:
            if tried.outcome.agrees and not (tried.outcome.zero and not _says_zero(tried.sides)):
                if tried.reading:
                    return Verdict("ambiguous", reading=tried.reading)
                return Verdict("tested", reason="; ".join(tried.assumed))
        for tried in tries:
            condition = missing_condition(tried.sides, tried.outcome)
            if condition:
                return Verdict("ambiguous", reading=condition)
        reason = next((t.outcome.missing for t in tries if t.outcome.missing), "")
        if tries and any(t.outcome.differs for t in tries):
            return Verdict("unread", reason="DIFFERS " + repr(tries[0].outcome.failed[:1]))
        return Verdict("unread", reason=reason or "both sides are always 0, so it says nothing")

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
        item = self.page.items[self._places[number]] if number in self._places else None
        index = next((i for i, c in enumerate(item.chains) if c is chain), 0) if isinstance(item, Formula) else 0
        try:
            elaborator = u.elaborator(number, of_head, index)
            left = elaborator.row(head.tree)
            elaborator.reading = replace(of_member, base=elaborator.reading.base)
            right = elaborator.row(member.tree)
            tests = conditions(chain.conditions, elaborator) + related(self._around(number), elaborator)
            found = sides(left, right, elaborator.dims, elaborator.letters, elaborator.ordered)
            model = u.model(number, index)
            model = Model(model.definitions, dict(u.setting.slots), {}, model.lost, {**model.horizons, **{a: elaborator.dims.find(d) for a, d in u.setting.size_of.items()}})
            names = frozenset(differentiated([found.left, found.right]))
            parts = u.setting.parts
            if parts:
                listed = sorted(parts.values(), key=lambda p: -weight(p.body))
                found = replace(found, left=named(found.left, listed), right=named(found.right, listed))
            by = frozenset(x.by.name for side in (found.left, found.right) for x in walk(side) if isinstance(x, D))
            if by:
                own = formulas_of(model, sorted(by))
                found = replace(found, left=named(found.left, own), right=named(found.right, own)) if own else found
            key = (_signature(model), names, by, tuple(parts.values()))
            if key not in self._costs:
                seen = through(model, formulas_of(model, sorted(by)))
                self._costs[key] = with_costs(with_parts(seen, parts) if parts else seen, set(names), u.setting.shared_dims)
            assumed = self._costs[key][1]
            made = self._costs[key][0]
            model = Model(made.definitions, {**model.slots, **made.slots}, {}, made.lost, {**made.horizons, **model.horizons})
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
