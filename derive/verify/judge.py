"""One page of notes to verdicts: every formula where it stands, nothing skipped."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from derive.algebra.expression import Call, Expr, Time, Transpose, Variable, Written, walk
from derive.errors import DeriveError
from derive.model.functions import RELU, STEP
from derive.model.recurrence import variables
from derive.notation.claims import parse_member, parts_of
from derive.notation.tokens import Source, tokens
from derive.notation.unicode import text as shown
from derive.verify.compare import Comparison, Outcome, Worlds
from derive.verify.context import (
    Collector,
    Conflict,
    Context,
    Said,
    has_vectors,
    multiplies,
    renamed,
)
from derive.verify.explain import (
    cause,
    open_sum,
    reading_text,
    taken_for_granted,
    unambiguous,
)
from derive.verify.layouts import DENOMINATOR, NUMERATOR, Layout, has_gradient, infer
from derive.verify.limits import TooLong, within
from derive.verify.lost import differentiates, relied_on
from derive.verify.mending import Mender
from derive.verify.options import Options
from derive.verify.pages import read_page
from derive.verify.placed import Member, Page, Placed
from derive.verify.ranges import Condition, Range, scope_text
from derive.verify.readings import LAYOUTS, Reading, Resolver, line_range
from derive.verify.recursions import prepared
from derive.verify.repairs import slips_in_definition
from derive.verify.shaped import ShapedComparison, compared, is_shaped, meant
from derive.verify.stated import stated
from derive.verify.verdicts import Judged, Report, Verdict

EQUATIONS = ("=", ":=")
MOST_READINGS = 24
SECONDS = 4.0
WRONG = ("refuted", "carried")
NOTHING = "both sides are always 0, so it says nothing"
EMPTY = "empty"
IN_CONFLICT = "a conflict with the earlier definition, which stays in force"
SCREENED = 3


@dataclass(frozen=True, slots=True)
class Side:
    """One member of a chain: its formula, or why it could not be read."""

    expr: Expr | None
    text: str
    start: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One claim: the head of its chain, the member, and the member before."""

    context: Context
    head: Expr
    member: Expr
    conditions: tuple[Condition, ...]


_MARKS = r"[\s$\\()\[\].,;]*"
_WORDS = r"(?:for|if|when|whenever|where|with|provided|as long as|valid|only)"
# What may stand between a formula and the condition that follows or precedes it.
AFTER = re.compile(rf"{_MARKS}{_WORDS}(?:\s+(?:all|every|each|any|that|for))?{_MARKS}", re.I)
FOR = re.compile(rf"\b{_WORDS}(?:\s+(?:all|every|each|any))?[\s$\\(]*$", re.I)
BEFORE = re.compile(
    rf"{_MARKS}(?:we have|one has|it holds that|then|there is)?[:\s]*{_MARKS}", re.I
)

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DefinitionSlip:
    """A definition as it was probably meant, and the lines that are true with it."""

    latex: str
    slip: str
    line: int
    mended: frozenset[Pair]


def judge(path: str, text: str, options: Options) -> Report:
    """The verdicts on all formulas of one file.

    Raises DeriveError where the file as a whole cannot be read, or a model from outside cannot.
    """
    page = read_page(path, text)
    return Judge(page, text, options).report()


class Judge:
    """Judges the formulas of one page."""

    def __init__(self, page: Page, text: str, options: Options) -> None:
        self.page = page
        self.text = text
        self.options = options
        self.source = page.source
        collector = Collector(page, options.model)
        self.contexts = collector.contexts()
        self.said = collector.said
        self.turned = collector.turned
        self.where = collector.where
        self._horizons = collector.scopes.horizons
        self.conflicts = collector.conflicts
        self._redefining = {c.number for found in self.conflicts.values() for c in found}
        self.worlds: dict[int, Worlds] = {}
        self._read: dict[tuple[int, int], Side] = {}
        self._made: dict[int, dict[Hashable, Any]] = {}
        self._tried: dict[tuple[int, int | None, str, str], tuple[Context, Worlds]] = {}

    # -- the page ---------------------------------------------------------------------------------

    def report(self) -> Report:
        found: list[Judged] = []
        chain = Chain()
        for number, placed in enumerate(self.page.formulas):
            if not placed.continues:
                chain = Chain()
            found += self._formula(number, placed, chain)
        return Report(self.page.source.path, self.text, tuple(found), self._assumptions())

    def _assumptions(self) -> tuple[str, ...]:
        found = [s for context in self._prepared.values() for s in taken_for_granted(context)]
        if any(open_sum(self.source.text[m.start : m.end]) for m in self._members()):
            found.append("Σ without limits runs over t = 1, …, T")
        if self.turned:
            found.append("what stands with ^T is transposed")
        if any(self._has_vectors(number) for number, _ in self._lines()):
            given = "as asked for" if self.options.layout else "as its lines suggest"
            default = self.layout.name == NUMERATOR and not self.layout.certain
            found.append(f"{self.layout.name} layout{'' if default else f', {given}'}")
        if self.reading.round == "partial":
            found.append("d is total and ∂ partial, as most lines suggest")
        return tuple(dict.fromkeys(found))

    def _members(self) -> Iterator[Member]:
        return (m for placed in self.page.formulas for m in placed.members)

    def _formula(self, number: int, placed: Placed, chain: Chain) -> Iterator[Judged]:
        if placed.broken:
            verdict = Verdict("unread", reason=placed.broken)
            yield self._judged(number, 1, placed.start, placed.end, self._latex(placed), verdict)
            return
        if not any(m.relation in EQUATIONS for m in placed.members):
            yield self._without_equation(number, placed, chain)
            return
        conditions = self._conditions(number)
        said = self.said.get(number)
        count = 0
        for member in placed.members:
            if not member.relation:
                chain.begin(self._side(member, number))
                continue
            count += 1
            if member.relation not in EQUATIONS:
                verdict = Verdict("remark", reason=f"{member.relation} is no equation")
                side = self._side(member, number)
                yield self._placed(number, count, member, chain, verdict)
                chain.begin(side)
                continue
            first = count == 1 and said is not None
            verdict = self._member(number, member, chain, conditions, said if first else None)
            yield self._placed(number, count, member, chain, verdict)

    def _without_equation(self, number: int, placed: Placed, chain: Chain) -> Judged:
        """A symbol, a fragment, a shape: nothing is claimed to be equal."""
        members = placed.members
        if members:
            chain.begin(self._side(members[0], number))
        start = members[0].start if members else placed.start
        end = members[-1].end if members else placed.end
        latex = self.source.text[start:end].strip()
        if len(members) == 2 and members[1].relation == "in" and "\\mathbb" in latex:
            return self._judged(
                number, 1, start, end, latex, Verdict("definition", reason="a shape")
            )
        return self._judged(number, 1, start, end, latex, Verdict("remark"))

    def _placed(
        self, number: int, count: int, member: Member, chain: Chain, verdict: Verdict
    ) -> Judged:
        own = self.source.text[member.start : member.end].strip()
        sign = {"=": "=", ":=": ":=", "in": "\\in"}.get(member.relation, member.relation)
        latex = f"{chain.text} {sign} {own}" if chain.text else own
        return self._judged(number, count, member.start, member.end, latex, verdict)

    def _judged(
        self, number: int, count: int, start: int, end: int, latex: str, verdict: Verdict
    ) -> Judged:
        place = (self.source if self.page.cells else self._whole).place(start)
        shown = " ".join(latex.split())
        return Judged(f"{number + 1}.{count}", place.line, place.column, start, end, shown, verdict)

    @cached_property
    def _whole(self) -> Source:
        return Source(self.source.path, self.text)

    def _latex(self, placed: Placed) -> str:
        return self.source.text[placed.start : placed.end].strip()

    def _context(self, number: int) -> Context:
        return self._at_section(number, self._prepared[self.where[number]])

    def _at_section(self, number: int, context: Context) -> Context:
        """The context of a formula in a section that may fix T; what was asked for counts more."""
        horizon = self.options.horizon or self._horizons[number] or context.horizon
        return context if horizon == context.horizon else replace(context, horizon=horizon)

    @cached_property
    def _prepared(self) -> Mapping[int, Context]:
        """Each region's context, with its derived quantities understood."""
        reading = self.reading
        found = {}
        for region, context in self.contexts.items():
            context = replace(context, calls=self._calls[region])
            found[region] = prepared(context, reading)
        return found

    @cached_property
    def layout(self) -> Layout:
        """The layout that is asked for, else the one in which the lines fit together."""
        asked = [x for x in LAYOUTS if not self.options.layout or x.startswith(self.options.layout)]
        lines = [(n, x) for n, x in self._lines() if self._has_vectors(n)]

        @cache
        def fits(i: int, layout: str) -> bool:
            return self._fits(*lines[i], layout)

        sides = [(line.head, line.member) for _, line in lines]
        return infer(sides, asked, fits, self._is_scalar)

    @cached_property
    def reading(self) -> Reading:
        """How the text writes: its layout, and whether its ∂ is partial beside d for total derivatives.

        Decided once, and not by one line alone: by the meaning in which more of its lines hold.
        """
        plain = Reading(layout=self.layout.name)
        lines = list(self._lines())
        marks = {
            part.mark
            for _, line in lines
            for side in (line.head, line.member)
            for part in parts_of(side)
            if isinstance(part, Written)
        }
        if not {"d", "∂"} <= marks:
            return plain
        partial = replace(plain, round="partial")
        holding = [sum(self._holds(n, x, r) for n, x in lines) for r in (plain, partial)]
        return partial if holding[1] > holding[0] + 1 else plain

    def _is_scalar(self, of: Expr) -> bool:
        try:
            return any(
                Resolver(context, Reading()).is_scalar(of) for context in self.contexts.values()
            )
        except DeriveError:
            return False

    def _has_vectors(self, number: int) -> bool:
        context = self.contexts[self.where[number]]
        return is_shaped(context) or any(d.is_abstract for d in context.model.definitions)

    def _lines(self) -> Iterator[tuple[int, Line]]:
        """The claims of the page that can be read, to find the layout from."""
        chain = Chain()
        for number, placed in enumerate(self.page.formulas):
            chain = chain if placed.continues else Chain()
            defines = number in self.said and self.said[number].defines
            for i, member in enumerate(placed.members if not placed.broken else ()):
                side = self._side(member, number)
                if member.relation not in EQUATIONS:
                    chain.begin(side)
                    continue
                head = chain.head.expr if chain.head else None
                if head is not None and side.expr is not None and not (defines and i == 1):
                    context = self._at_section(number, self.contexts[self.where[number]])
                    yield number, Line(context, head, side.expr, ())
                chain.add(side, "")

    def _fits(self, number: int, line: Line, layout: str) -> bool:
        """Whether the shapes of a line fit, and its values agree, in this layout."""
        return self._holds(number, line, Reading(layout=layout))

    def _holds(self, number: int, line: Line, reading: Reading) -> bool:
        """Whether the shapes of a line fit, and its values agree, in this reading."""
        try:
            return within(self.options.seconds, lambda: self._agrees(number, line, reading))
        except (TooLong, DeriveError, RecursionError):
            return False

    def _agrees(self, number: int, line: Line, reading: Reading) -> bool:
        region = self.where[number]
        key = (region, line.context.horizon, reading.layout, reading.round)
        if key not in self._tried:
            context = replace(line.context, calls=self._calls[region])
            ready = prepared(context, reading)
            self._tried[key] = (ready, Worlds(ready, self._made.setdefault(region, {})))
        ready, worlds = self._tried[key]
        resolver = Resolver(ready, reading)
        found = line_range(resolver, (line.head, line.member), (), SCREENED)
        if reading.round == "partial" and any(_is_nothing(resolver, w) for w in _rounds(line)):
            return False
        left, right = resolver.resolve(line.head), resolver.resolve(line.member)
        return not compared(resolver, worlds, left, right, found).differs(sizes=True)

    def _worlds(self, number: int) -> Worlds:
        region = self.where[number]
        if region not in self.worlds:
            made = self._made.setdefault(region, {})
            self.worlds[region] = Worlds(self._prepared[region], made)
        return self.worlds[region]

    def _side(self, member: Member, number: int) -> Side:
        """A member as a formula, read once."""
        key = (self.where[number], member.start)
        if key not in self._read:
            self._read[key] = self._side_fresh(member, number)
        return self._read[key]

    def _side_fresh(self, member: Member, number: int) -> Side:
        text = self.source.text[member.start : member.end].strip()
        try:
            found = tokens(self.source, member.start, member.end, self._macros)
            context = self.contexts[self.where[number]]
            read = parse_member(self.source, member.start, member.end, context.scope, found)
            expr = meant(context, read)
            self.turned = self.turned or expr != read
        except DeriveError as error:
            return Side(None, text, member.start, str_of(error))
        return Side(expr, text, member.start)

    @cached_property
    def _macros(self) -> Mapping[str, str]:
        return dict(self.page.macros)

    def _conditions(self, number: int) -> tuple[tuple[Condition, ...], str]:
        """What the text says of the indices of a formula, inside it and in the words around it."""
        placed = self.page.formulas[number]
        spans = [*placed.conditions]
        if number + 1 < len(self.page.formulas):
            after = self.page.formulas[number + 1]
            between = self.source.text[placed.end : after.start]
            if self._is_condition(number + 1) and AFTER.fullmatch(between):
                spans.append((after.start, after.end))
        if number:
            before = self.page.formulas[number - 1]
            words = self.source.text[max(0, before.start - 24) : before.start]
            between = self.source.text[before.end : placed.start]
            said = FOR.search(words) and BEFORE.fullmatch(between)
            if said and self._is_condition(number - 1):
                spans.append((before.start, before.end))
        return stated(self.source, spans)

    def _is_condition(self, number: int) -> bool:
        """Whether a formula by itself only restricts indices: k < t."""
        placed = self.page.formulas[number]
        if placed.broken or number in self.said:
            return False
        found, problem = stated(self.source, [(placed.start, placed.end)])
        return bool(found) and not problem

    # -- one member -------------------------------------------------------------------------------

    def _member(
        self,
        number: int,
        member: Member,
        chain: Chain,
        conditions: tuple[tuple[Condition, ...], str],
        said: Said | None,
    ) -> Verdict:
        side = self._side(member, number)
        if said is not None and said.defines:
            chain.add(side, "definition")
            return Verdict("definition", reason=said.note)
        if side.expr is None and number in self._redefining:
            chain.add(side, "definition")
            return Verdict("definition", reason=IN_CONFLICT)
        if said is not None and said.unread:
            chain.add(side, "unread")
            return Verdict("unread", reason=said.unread)
        verdict = self._within_time(lambda: self._claim(number, side, chain, conditions))
        if verdict.kind == "refuted" and self.options.others:
            verdict = self._with_the_other(number, (chain.text, side.text), verdict)
        wrong = verdict.kind in WRONG and self.options.repairs
        if (
            wrong
            and chain.head is not None
            and chain.head.expr is not None
            and side.expr is not None
        ):
            line = Line(self._context(number), chain.head.expr, side.expr, conditions[0])
            head = chain.head.text
            found = self._within_time(lambda: self._mended(number, verdict, head, side.text, line))
            verdict = found if found.kind == verdict.kind else verdict
        chain.add(side, verdict.kind)
        return verdict

    def _within_time(self, work: Callable[[], Verdict]) -> Verdict:
        """What `work` says; unread with the reason where it takes too long or cannot say anything."""
        try:
            return within(self.options.seconds, work)
        except TooLong as error:
            return Verdict("unread", reason=str(error))
        except RecursionError:
            return Verdict("unread", reason="nested too deeply")
        except DeriveError as error:
            return Verdict("unread", reason=str_of(error))
        except Exception as error:  # one formula must not cost the page its other verdicts
            return Verdict("unread", reason=f"a fault of derive itself ({type(error).__name__})")

    def _claim(
        self,
        number: int,
        side: Side,
        chain: Chain,
        conditions: tuple[tuple[Condition, ...], str],
    ) -> Verdict:
        if side.expr is None:
            return Verdict("unread", reason=side.error)
        if chain.head is None:
            return Verdict("unread", reason="there is nothing before it to compare it with")
        if chain.head.expr is None:
            return Verdict("unread", reason=f"its head cannot be read: {chain.head.error}")
        context = self._context(number)
        again = self._says_again(context, chain.head.expr, side.expr)
        if again is not None and chain.length == 0:
            return again
        line = Line(context, chain.head.expr, side.expr, conditions[0])
        verdict = self._through_lost(line, self._line(number, line))
        if verdict.kind == "refuted" and conditions[1]:
            return Verdict("unread", reason=conditions[1])
        before = chain.last
        if verdict.kind == "refuted" and before is not None and before[0].expr is not None:
            carried = before[1] in ("refuted", "carried")
            if carried and self._follows(number, before[0].expr, line):
                reason = "it equals the member before, which is wrong"
                return replace(verdict, kind="carried", reason=reason)
        return verdict

    def _through_lost(self, line: Line, verdict: Verdict) -> Verdict:
        """A verdict that a definition which cannot be read might change is none."""
        sides = (line.head, line.member)
        lost = relied_on(line.context, sides) if line.context.lost else None
        if lost is None or verdict.kind == "unread":
            return verdict
        holds = verdict.kind in ("proved", "ambiguous", "tested")
        if holds and (lost.arguments or not differentiates(line.context, sides)):
            return verdict
        name = shown(Variable(lost.name))
        reason = f"it depends on {name}, of which the definition on line {lost.line} cannot be read"
        return Verdict("unread", reason=reason)

    def _with_the_other(self, number: int, pair: Pair, verdict: Verdict) -> Verdict:
        """A line that is not false with the other of two definitions in conflict gets a weaker verdict."""
        region = self.where[number]
        for conflict, kinds in self._others.get(region, ()):
            kind = kinds.get(pair, "refuted")
            if kind in WRONG or kind == EMPTY:
                continue
            other = " ".join(self.source.text[conflict.other.start : conflict.other.end].split())
            line = self.source.place(conflict.other.start).line
            said = f"the definition on line {line}, = {other}"
            if kind == "proved":
                reason = "it holds with that one only"
                return Verdict("ambiguous", verdict.scope, f"by {said}", reason)
            return Verdict("unread", reason=f"it is not false by {said}, which is in conflict")
        return verdict

    @cached_property
    def _others(self) -> Mapping[int, Sequence[tuple[Conflict, Mapping[Pair, str]]]]:
        """For each region its conflicts, and what its lines are where the other definition is in force."""
        found: dict[int, list[tuple[Conflict, Mapping[Pair, str]]]] = {}
        for region, conflicts in self.conflicts.items():
            for c in conflicts:
                text = self.source.text[c.other.start : c.other.end]
                judge = self._with(c.first.start, c.first.end, text, region)
                found.setdefault(region, []).append((c, judge.kinds().get(region, {})))
        return found

    def _mended(self, number: int, verdict: Verdict, head: str, member: str, line: Line) -> Verdict:
        """A refuted line with the nearest true one: a slip in a definition, or in the line itself."""
        plain = verdict.reason in ("", "the two sides differ")
        region = self.where[number]
        for definition in self._slips[region]:
            if (head, member) in definition.mended:
                slip = f"{definition.slip} in the definition on line {definition.line}"
                reason = slip if plain else f"{verdict.reason}; {slip}"
                return replace(verdict, suggestion=definition.latex, reason=reason)
        reading = self.reading
        mender = Mender(line.context, self._worlds(number), reading, line.conditions)
        found = mender.nearest(head, member)
        if found is None:
            return verdict
        reason = found.slip if plain else f"{verdict.reason}; {found.slip}"
        return replace(verdict, suggestion=found.latex, reason=reason)

    @cached_property
    def _slips(self) -> Mapping[int, tuple[DefinitionSlip, ...]]:
        """For each region the confused symbol in a definition that explains several of its lines."""
        found = {}
        for region in self.contexts:
            closed = not any(d.is_abstract for d in self.contexts[region].model.definitions)
            found[region] = tuple(self._slips_of(region)) if closed else ()
        return found

    def _slips_of(self, region: int) -> Iterator[DefinitionSlip]:
        """The definition with one symbol changed that makes the most wrong lines true, two at least."""
        deadline = time.monotonic() + SECONDS
        best: DefinitionSlip | None = None
        before = self._with(0, 0, "", region).kinds().get(region, {})
        if sum(kind in WRONG for kind in before.values()) < 2:
            return
        for start, end in self._definitions(region):
            for text, slip in slips_in_definition(self.source.text[start:end]):
                if time.monotonic() > deadline:
                    break
                mended = self._mended_by(start, end, text, region, before)
                if len(mended) > max(1, len(best.mended) if best else 0):
                    line = self.source.place(start).line
                    best = DefinitionSlip(" ".join(text.split()), slip, line, mended)
        if best is not None:
            yield best

    def _definitions(self, region: int) -> Iterator[tuple[int, int]]:
        for number, placed in enumerate(self.page.formulas):
            said = self.said.get(number)
            if self.where[number] == region and said is not None and said.defines:
                yield placed.members[0].start, placed.members[1].end

    def _mended_by(
        self, start: int, end: int, text: str, region: int, before: Mapping[Pair, str]
    ) -> frozenset[Pair]:
        """The wrong lines that are proved with another definition; none if a true one becomes wrong."""
        try:
            after = self._with(start, end, text, region).kinds().get(region, {})
        except DeriveError:
            return frozenset()
        wrong = {pair for pair, kind in before.items() if kind in WRONG}
        if any(kind in WRONG and pair not in wrong for pair, kind in after.items()):
            return frozenset()
        return frozenset(pair for pair in wrong if after.get(pair) == "proved")

    def _with(self, start: int, end: int, text: str, region: int) -> Judge:
        """The judge of one region's formulas with text[start:end] replaced by another definition."""
        old = self.source.text[start:end]
        shift = len(text) - len(old)
        at = start + _common(old, text)

        def later(place: int) -> int:
            return place + shift if place > at else place

        moved = [
            placed_after(p, at, shift)
            for p, where in zip(self.page.formulas, self.where, strict=True)
            if where == region
        ]
        changed = f"{self.source.text[:start]}{text}{self.source.text[end:]}"
        breaks = tuple(
            replace(b, offset=later(b.offset), end=later(b.end)) for b in self.page.breaks
        )
        source = Source(self.source.path, changed)
        page = replace(self.page, source=source, formulas=tuple(moved), breaks=breaks)
        return Judge(page, changed, replace(self.options, repairs=False, others=False, seconds=1.0))

    def kinds(self) -> dict[int, dict[Pair, str]]:
        """For each region the verdict on each line, named by its head and member."""
        found: dict[int, dict[Pair, str]] = {}
        chain = Chain()
        for number, placed in enumerate(self.page.formulas):
            if not placed.continues:
                chain = Chain()
            for judged in self._formula(number, placed, chain):
                own = self.source.text[judged.start : judged.end].strip()
                table = found.setdefault(self.where[number], {})
                empty = judged.verdict.reason == NOTHING
                table[chain.text, own] = EMPTY if empty else judged.verdict.kind
        return found

    def _says_again(self, context: Context, head: Expr, member: Expr) -> Verdict | None:
        """L^t = L(x^t, y^t) after L_t = L(o_t, y_t): a definition said again, or a conflict."""
        head = renamed(head, context.alias)
        if not isinstance(head, Variable) or not isinstance(member, Call):
            return None
        for d in context.model.definitions:
            body = d.body
            same = isinstance(body, Call) and body.function == member.function
            if d.is_abstract and same and d.target.name == head.name:
                if renamed(member, context.alias) == body:
                    return Verdict("definition", reason="said again")
                return Verdict("definition", reason=IN_CONFLICT)
        return None

    def _follows(self, number: int, before: Expr, line: Line) -> bool:
        """Whether the member equals the one before it."""
        try:
            verdict = self._line(number, replace(line, head=before), plain=True)
        except DeriveError:
            return False
        return verdict.kind in ("proved", "tested")

    # -- one line ---------------------------------------------------------------------------------

    def _line(self, number: int, line: Line, plain: bool = False) -> Verdict:
        """The verdict in the default reading, else in the first other reading that holds."""
        self._refuse_vectors(line)
        reading = self.reading
        found = self.line_range_of(line)
        comparison = self._compare(number, line, reading, found)
        outcome = comparison.outcome()
        scope = self._scope(line, found)
        if outcome.kind == "equal":
            if outcome.scalars and not plain:
                other = self._other_layout(number, line, scope)
                if other is not None:
                    return other
            verdict = _proved(outcome, scope, self.layout.name)
            if _has_kink(line):
                kink = "no argument of ReLU is 0"
                said = f"{verdict.reading}; {kink}" if verdict.reading else kink
                verdict = replace(verdict, reading=said)
            if reading.round == "partial" and verdict.reading is None and _has_round(line):
                return replace(verdict, reading="∂ is partial and d is total, as in the whole text")
            return verdict
        if outcome.kind == "different" and not plain:
            other = self._other_reading(number, line, reading, found, scope)
            other = other or self._other_layout(number, line, scope)
            other = other or self._after_the_first(number, line, found)
            if other is not None:
                return other
        if outcome.kind == "different":
            return Verdict(
                "refuted",
                scope,
                reason="" if plain else self._cause(number, line, reading, outcome),
                counterexample=None if plain else comparison.counterexample(outcome),
            )
        if outcome.kind == "tested":
            return Verdict("tested", scope, reason=outcome.reason)
        return Verdict("unread", reason=outcome.reason)

    def line_range_of(self, line: Line) -> Range:
        """For which T and which indices a line speaks, in the reading of the text."""
        resolver = Resolver(line.context, self.reading)
        return line_range(resolver, (line.head, line.member), line.conditions)

    def _refuse_vectors(self, line: Line) -> None:
        """Without shapes closed formulas are judged for scalars, which proves nothing of vectors."""
        turned = any(
            isinstance(x, Transpose) for side in (line.head, line.member) for x in parts_of(side)
        )
        if is_shaped(line.context):
            return
        if has_vectors(line.context):
            missing = (
                "the shapes of its vectors are not known: write W \\in \\mathbb{R}^{n \\times d}"
            )
            raise DeriveError(line.context.unshaped or missing)
        if turned and multiplies(line.context):
            raise DeriveError(
                "a transposition beside products of quantities whose shapes are not said"
            )

    def _scope(self, line: Line, found: Range) -> str | None:
        if not line.context.model.steps and not found.letters:
            return None
        return scope_text(found)

    def _compare(
        self, number: int, line: Line, reading: Reading, found: Range
    ) -> Comparison | ShapedComparison:
        resolver = Resolver(line.context, reading)
        left = resolver.resolve(line.head)
        right = resolver.resolve(line.member)
        return compared(resolver, self._worlds(number), left, right, found)

    def _cause(self, number: int, line: Line, reading: Reading, outcome: Outcome) -> str:
        if is_shaped(line.context):
            return outcome.reason or "the two sides differ"
        resolver = Resolver(line.context, reading)
        sides = resolver.resolve(line.head), resolver.resolve(line.member)
        found = cause(resolver, self._worlds(number), line.member, sides, outcome)
        return found or "the two sides differ"

    def _after_the_first(self, number: int, line: Line, found: Range) -> Verdict | None:
        """A line that fails beside the initial states alone, of which its author may not have thought."""
        if len(found.letters) != 1 or found.fixed:
            return None
        (letter,) = found.letters
        low = min(x[letter].shift for _, instances in found.instances for x in instances)
        own = ((letter, 1),)
        named = (p for side in (line.head, line.member) for p in parts_of(side))
        times = (p.time for p in named if isinstance(p, Variable) and p.time is not None)
        back = min((time.shift for time in times if time.letters == own), default=0)
        for first in range(low + 1, 2 - min(back, 0)) if low >= 0 else ():
            condition = Condition(Time.at(0), Time.of(letter), first)
            later = replace(line, conditions=(*line.conditions, condition))
            try:
                rest = self.line_range_of(later)
                outcome = self._compare(number, later, self.reading, rest).outcome()
            except DeriveError:
                return None
            if outcome.kind == "equal" and not outcome.scalars and not outcome.zero:
                reason = f"at {letter} = {first - 1}, beside the initial state, it fails"
                scope = self._scope(later, rest)
                said = "; ".join(filter(None, (f"for {letter} ≥ {first}", outcome.reading)))
                return Verdict("ambiguous", scope, said, reason)
        return None

    def _other_layout(self, number: int, line: Line, scope: str | None) -> Verdict | None:
        """A line of vectors that holds in another layout than that of its text."""
        if self.options.layout or not self._has_vectors(number):
            return None
        shaped = is_shaped(line.context)
        if self.layout.name == NUMERATOR and self.layout.certain and not shaped:
            return None
        if not has_gradient((line.head, line.member), self._is_scalar):
            return None
        for layout in LAYOUTS if shaped else (NUMERATOR, DENOMINATOR):
            if layout != self.layout.name and self._fits(number, line, layout):
                reading = f"{layout} layout"
                reason = f"the text is in {self.layout.name} layout, and this line is not"
                return Verdict("ambiguous", scope, reading, reason)
        return None

    def _other_reading(
        self, number: int, line: Line, default: Reading, found: Range, scope: str | None
    ) -> Verdict | None:
        """The first reading of the derivatives right of the head in which the line is proved."""
        if default.round == "partial" and _has_round(line):
            whole = replace(default, round="total")
            if self._compare(number, line, whole, found).outcome().kind == "equal":
                reason = "the text writes d for total derivatives, and this line ∂"
                return Verdict("ambiguous", scope, "∂ is total in this line", reason)
        for choices in alternatives(line.head, line.member):
            reading = replace(default, choices=choices)
            try:
                resolver = Resolver(line.context, reading)
                if any(_is_nothing(resolver, w) for w in choices):
                    continue
                head = Resolver(line.context, default).resolve(line.head)
                member = resolver.resolve(line.member)
                outcome = compared(resolver, self._worlds(number), head, member, found).outcome()
            except DeriveError:
                continue
            if outcome.kind == "equal":
                return Verdict(
                    "ambiguous",
                    scope,
                    reading_text(choices),
                    "it holds in this reading only",
                    unambiguous(choices),
                )
        return None

    @cached_property
    def _calls(self) -> Mapping[int, Mapping[str, tuple[tuple[Expr, ...], ...]]]:
        """How each region's formulas apply the functions that it defines."""
        found: dict[int, dict[str, tuple[tuple[Expr, ...], ...]]] = {
            region: {} for region in self.contexts
        }
        for number, placed in enumerate(self.page.formulas):
            for member in placed.members if not placed.broken else ():
                expr = self._side(member, number).expr
                for part in parts_of(expr) if expr is not None else ():
                    if isinstance(part, Call):
                        table = found[self.where[number]]
                        old = table.get(part.function, ())
                        if part.arguments not in old:
                            table[part.function] = (*old, part.arguments)
        return found


class Chain:
    """The members of one chain so far: its head and what was said of the last member."""

    def __init__(self) -> None:
        self.head: Side | None = None
        self.last: tuple[Side, str] | None = None
        self.length = 0

    @property
    def text(self) -> str:
        return self.head.text if self.head else ""

    def begin(self, side: Side) -> None:
        self.head, self.last, self.length = side, None, 0

    def add(self, side: Side, kind: str) -> None:
        """A member; it is the head of what follows where the head itself could not be read."""
        self.last = (side, kind)
        self.length += 1
        if (self.head is None or self.head.expr is None) and side.expr is not None:
            self.head = side


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with together."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def placed_after(placed: Placed, offset: int, shift: int) -> Placed:
    """A formula after text at `offset` has become longer by `shift` characters."""

    def at(place: int) -> int:
        return place + shift if place > offset else place

    members = tuple(Member(m.relation, at(m.start), at(m.end)) for m in placed.members)
    conditions = tuple((at(a), at(b)) for a, b in placed.conditions)
    start, end = at(placed.start), at(placed.end)
    return replace(placed, start=start, end=end, members=members, conditions=conditions)


def _has_kink(line: Line) -> bool:
    """Whether a line speaks of the slope of ReLU, which it has not got at 0."""
    sides = [*parts_of(line.head), *parts_of(line.member)]
    bodies = (x for d in line.context.model.definitions for x in walk(d.body))
    if any(isinstance(x, Call) and x.function == STEP for x in sides):
        return True
    slopes = (x for x in sides if isinstance(x, Written) or (isinstance(x, Call) and x.slots))
    return any(True for _ in slopes) and any(
        isinstance(x, Call) and x.function == RELU for x in (*sides, *bodies)
    )


def _has_round(line: Line) -> bool:
    """Whether a ∂ stands in a line."""
    return any(True for _ in _rounds(line))


def _rounds(line: Line) -> Iterator[Written]:
    """The derivatives of a line that are written with ∂."""
    for side in (line.head, line.member):
        yield from (p for p in parts_of(side) if isinstance(p, Written) and p.mark == "∂")


def _proved(outcome: Outcome, scope: str | None, layout: str) -> Verdict:
    reading = "scalars" if outcome.scalars else None
    if reading is None and layout != NUMERATOR:
        reading = f"{layout} layout"
    if outcome.reading:
        reading = f"{reading}; {outcome.reading}" if reading else outcome.reading
    reason = NOTHING if outcome.zero else ""
    return Verdict("proved", scope, reading=reading, reason=reason)


def alternatives(head: Expr, member: Expr) -> Iterator[dict[Written, str]]:
    """Other readings of at most two notations right of the head, the fewest first."""
    options: list[tuple[Written, str]] = []
    for part in dict.fromkeys(p for p in parts_of(member) if isinstance(p, Written)):
        if part.at is not None and not part.held:
            options.append((part, "held"))
        elif part.mark == "∂" and part.at is None:
            options += [(part, "partial"), (part, "total")]
    singles = [{w: kind} for w, kind in options]
    pairs = [
        {w: kind, v: other}
        for i, (w, kind) in enumerate(options)
        for v, other in options[i + 1 :]
        if w != v
    ]
    yield from [*singles, *pairs][:MOST_READINGS]


def _is_nothing(resolver: Resolver, w: Written) -> bool:
    """Whether a derivative, re-read, is identically 0."""
    from derive.algebra.expression import ZERO, Immediate

    found = resolver.resolve(w)
    if found == ZERO:
        return True
    if isinstance(found, Immediate):
        return not uses(resolver, found)
    return False


def uses(resolver: Resolver, edge: object) -> bool:
    """Whether the definition of a derivative's upper variable names the lower one."""
    from derive.algebra.expression import Immediate

    assert isinstance(edge, Immediate)
    for d in resolver.model.definitions:
        if d.target.name == edge.of.name and any(v.name == edge.by.name for v in variables(d.body)):
            return True
    return False


def str_of(error: DeriveError) -> str:
    """The sentence of an error, with line and column where it has a place."""
    place = error.place
    return f"{error.sentence} (at {place.line}:{place.column})" if place else error.sentence
