"""One page of notes to verdicts: every formula where it stands, nothing skipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from derive.judge.decide import VERSION, Accusation, Decider, behind
from derive.judge.ladder import DENOMINATOR, SHAPELESS, Way
from derive.judge.layouts import is_in_other_layout
from derive.judge.lines_of import with_lines
from derive.judge.made import EXPRESSIONS, ON_A_CURVE
from derive.judge.middles import with_middles
from derive.judge.missing_tests import missing_condition
from derive.judge.names import named
from derive.judge.readings import Readings, Tried
from derive.judge.sections import sections
from derive.judge.tops import with_tops
from derive.judge.understanding import Understanding
from derive.judge.worked import Told, Worked
from derive.notation.changes import as_variations, variations, with_changes
from derive.notation.code_names import with_code_names
from derive.notation.columns_called import with_columns_called
from derive.notation.gates import changed, with_each_gate
from derive.notation.immediate import with_immediate
from derive.notation.kronecker import with_kronecker
from derive.notation.last_entries import with_last_entries
from derive.notation.lettered import with_letters
from derive.notation.marked import unmarked, with_index_letters
from derive.notation.primed import with_transposes
from derive.notation.rates import with_rates
from derive.notation.setting import Reading, Unread
from derive.notation.shaped import Misfit
from derive.notation.sides import is_value
from derive.notation.symbols import Role, bind
from derive.notation.trained import with_training_steps
from derive.notation.vectors_numbered import with_vectors_at_steps
from derive.notation.wide_sums import with_wide_sums
from derive.text.page import Break, Chain, Formula, Member, Page, Prose
from derive.text.read import read
from derive.verify.verdicts import Judged, Report, Verdict

PATH = "path"
SIZES = "the sizes that the page declares contradict each other"
TOO_LITTLE = "the sides differ as they were read, but too little of the page was understood to say that the line is wrong"  # noqa: E501
GUESSED = "the line fails where {}, which the page does not say"
SECTION = "with what its section says alone"
EQUATIONS = ("=", ":=", "\\equiv", "\\triangleq")
FEW_WORDS = 4


def judge(path: str, text: str, folder: Path | None = None) -> Report:
    """The verdicts on all formulas of one file."""
    return Judge(path, text, folder).report()


NOT_READ = "the head is not read"


@dataclass(frozen=True, slots=True)
class Before:
    """The chain that a formula may go on from: its formula, its head, and its last member where that is wrong."""  # noqa: E501

    number: int
    head: Member
    wrong: Member | None


class Judge:
    """Judges the formulas of one page."""

    def __init__(self, path: str, text: str, folder: Path | None = None) -> None:
        page, self.said = with_each_gate(
            with_index_letters(
                with_changes(with_rates(with_immediate(with_code_names(read(path, text, folder)))))
            )
        )
        page = with_last_entries(with_vectors_at_steps(with_columns_called(page)))
        page, said = with_letters(page)
        one = page
        page, deltas = with_kronecker(page)
        apart = page
        page, lines = with_lines(page)
        plain = page
        page, transposes = with_transposes(page)
        turned = changed(plain, page)
        page = widened = with_middles(page)
        page, wide = with_wide_sums(page)
        summed = page
        page, tops = with_tops(page)
        whole = page
        page, steps = with_training_steps(page)
        self.lettered, self.guessed = bool(said), (*transposes, *wide, *tops)
        self.written_otherwise = [
            *((said, changed(one, apart)) for said in deltas),
            *((said, changed(apart, plain)) for said in lines),
            *((one, turned) for one in transposes),
            *((one, changed(widened, summed)) for one in wide),
            *((one, changed(summed, whole)) for one in tops),
            *((one, changed(whole, page)) for one in steps),
        ]
        self.said += said + deltas + lines + transposes + wide + tops + steps
        self._begin(text, page)

    @classmethod
    def of_section(
        cls, whole: Judge, page: Page, elsewhere: frozenset[str], only: set[int]
    ) -> Judge:
        """The judge of a section of the `whole` page: `elsewhere` are the names that are made before it; it judges the formulas `only`."""  # noqa: E501
        judge = cls.__new__(cls)
        judge.said, judge.lettered, judge.guessed = [], whole.lettered, whole.guessed
        judge.written_otherwise = whole.written_otherwise
        judge._begin(whole.text, page, elsewhere, only, whole)
        return judge

    def _begin(
        self,
        text: str,
        page: Page,
        elsewhere: frozenset[str] = frozenset(),
        only: set[int] | None = None,
        whole: Judge | None = None,
    ) -> None:
        self.text, self.page, self.elsewhere, self.only = text, page, elsewhere, only
        self.whole = whole
        self._understand(Reading())

    def _understand(self, reading: Reading) -> None:
        self.understanding = Understanding(self.page, bind(self.page), reading)
        self.understanding.understand()
        self.understanding.assumed += self.said
        self.symbols = self.understanding.symbols
        self.readings = Readings(self.page, self.understanding)
        self.readings.elsewhere = self.elsewhere
        self.decider = Decider(self)
        self.worked = Worked(self.understanding)
        self._before: Before | None = None
        self._begun: dict[str, str] = {}

    def report(self) -> Report:
        found = self._judged_all()
        if is_in_other_layout(self.decider.held, self.readings):
            self._understand(Reading(denominator=True))
            self.understanding.assumed.append(f"{DENOMINATOR}, as the lines of the page suggest")
            found = self._judged_all()
        found = self._said_aloud(found)
        if self.only is None:
            found = self._by_sections(found)
        return Report(
            self.page.source.path,
            self.page.source.text,
            unmarked(tuple(self._with_variations(found))),
            unmarked(tuple(dict.fromkeys(self.understanding.assumed))),
        )

    def _with_variations(self, found: list[Judged]) -> Iterator[Judged]:
        r"""The verdicts with \delta c where the gradients of the page are written so."""
        letters = variations(self.page)
        for j in found:
            reason = as_variations(j.verdict.reason, letters)
            reading = j.verdict.reading and as_variations(j.verdict.reading, letters)
            yield replace(j, verdict=replace(j.verdict, reason=reason, reading=reading))

    def _judged_all(self) -> list[Judged]:
        found: list[Judged] = []
        for item in self.page.items:
            if isinstance(item, Formula) and (self.only is None or item.number in self.only):
                found += self._formula(item)
        return found

    def _by_sections(self, found: list[Judged]) -> list[Judged]:
        """What is unread for the page's sake, read once more in its section alone."""
        claims = {j.id: j for j in found if self._is_open(j.verdict)}
        for page in sections(self.page):
            inside = {f.number for f in page.formulas}
            only = {n for n in inside if any(i.startswith(f"{n + 1}.") for i in claims)}
            if not only:
                continue
            told = Judge.of_section(self, page, self._made_before(inside), only).report()
            for j in told.formulas:
                if j.id not in claims:
                    continue
                unread = claims[j.id].verdict.kind == "unread"
                if j.verdict.kind in ("proved", "tested") or (
                    unread and j.verdict.kind == "ambiguous"
                ):
                    verdict = j.verdict
                    if claims[j.id].verdict.reason == TOO_LITTLE:
                        said = "; ".join(p for p in (verdict.reading, SECTION) if p)
                        verdict = replace(verdict, kind="ambiguous", reading=said)
                    found = [replace(f, verdict=verdict) if f.id == j.id else f for f in found]
                    del claims[j.id]
        return found

    def _made_before(self, inside: set[int]) -> frozenset[str]:
        """The names that a page makes before a section: all but a cost of quantities that the section makes anew, or does not name."""  # noqa: E501
        first = min(inside)
        made = {
            key
            for (number, _), role in self.symbols.roles.items()
            if number < first
            for key in (*role.lost, *([role.key] if role.kind == "definition" else ()))
            if key
        }
        anew = {
            role.key
            for (number, _), role in self.symbols.roles.items()
            if number in inside and role.kind == "definition"
        }
        named_here = {
            self.symbols.at(number).occurrence(n, b).key
            for number, _, chain in self.understanding.chains()
            if number in inside
            for m in chain.members
            for n, b in named(m.tree)
        }
        model = self.understanding.model(first)
        return frozenset(
            key
            for key in made
            if not self.symbols.is_cost(key)
            or key in model.lost
            or {n.split("∅")[0] for n in behind([key], model)} & named_here - {key} - anew
        )

    @staticmethod
    def _is_open(verdict: Verdict) -> bool:
        """Whether its section may say more: of what is unread, or holds only without its shapes."""
        if verdict.kind == "unread":
            return not verdict.reason.startswith("goes on")
        return verdict.kind == "ambiguous" and SHAPELESS in (verdict.reading or "")

    def _said_aloud(self, found: list[Judged]) -> list[Judged]:
        """Accusations decided; what follows from a line that is not accused is not carried."""
        spoken: dict[str, bool] = {}
        made = []
        if self._is_trusted() or any(
            a.clean or a.apart for j in found if (a := _accusation(j)) is not None
        ):
            found = [self._defended(j) for j in found]
        for j in found:
            formula, was = self._begun.get(j.id.split(".")[0], j.id.split(".")[0]), j.verdict
            verdict = self._spoken(was)
            if isinstance(was, Accusation):  # type: ignore[unreachable]
                spoken[formula] = (  # type: ignore[unreachable]
                    spoken.get(formula, False) or verdict.kind == "refuted"
                )
            elif verdict.kind == "carried" and not spoken.get(formula, True):
                verdict = Verdict("unread", reason="follows from a line that was not understood")
            made.append(replace(j, verdict=verdict))
        return made

    def _is_trusted(self) -> bool:
        """Whether so much of the page holds that a slip in it is one, though not all was understood."""
        agreed, differed = self.decider.agreed, self.decider.differed
        return agreed >= 4 and agreed >= 3 * differed

    def _defended(self, judged: Judged) -> Judged:
        """A line with the nearest true one if it is accused: it is looked for where it may bring the accusation to be spoken."""  # noqa: E501
        found = _accusation(judged)
        if found is None:
            return judged
        return replace(judged, verdict=self.decider.defend(found))  # type: ignore[arg-type]

    def _spoken(self, verdict: Verdict | Accusation) -> Verdict:
        """An accusation is spoken where a nearby true line was proved, or where the rest of the page was well understood.

        A nearby true line shows as much as a true line does, unless it is the same slip in all of them: then the slip is ours.
        """  # noqa: E501
        if not isinstance(verdict, Accusation):
            return verdict
        if self.lettered:  # which layers a letter means was seen, and is not said
            return verdict.otherwise() or Verdict("unread", reason=TOO_LITTLE)
        if self.guessed:  # what the notation means was seen, and is not said
            reason = GUESSED.format(self.guessed[0])
            return verdict.otherwise() or Verdict("unread", reason=reason)
        agreed, differed, unread, defended = (
            self.decider.agreed,
            self.decider.differed,
            self.decider.unread,
            self.decider.defended,
        )
        mended = sum(defended.values())
        several = mended if len(defended) > 1 else 0
        understood = unread <= max((agreed + differed) // 3, several)
        alone = not self.understanding.setting.arrays or agreed + mended >= 1 or differed <= 2
        if verdict.clean:
            if unread == 0 and alone:
                return verdict.verdict
            if verdict.defended and (agreed >= 1 or differed <= 2 or several >= 2):
                return verdict.verdict
            if understood and differed - several <= max(2, agreed + several):
                return verdict.verdict
        elif verdict.defended and PATH not in verdict.verdict.reason and self._is_trusted():
            return verdict.verdict
        if verdict.apart and agreed >= 1:
            if verdict.of_functions:
                return verdict.verdict
            if verdict.defended and PATH not in verdict.verdict.reason:
                return verdict.verdict
        return verdict.otherwise() or Verdict(
            "unread", reason=TOO_LITTLE, counterexample=verdict.verdict.counterexample
        )

    def _formula(self, formula: Formula) -> Iterator[Judged]:
        count = 0
        if not formula.chains:
            yield self._judged(
                formula.number,
                1,
                formula.start,
                formula.end,
                self._latex(formula.start, formula.end),
                Verdict("remark"),
            )
        for index, chain in enumerate(formula.chains):
            role = self.symbols.roles.get((formula.number, index))
            if not chain.members or chain.copy:
                continue
            chain, before = self._with_head(formula, chain)
            if len(chain.members) == 1:
                count += 1
                only = chain.members[0]
                yield self._judged(
                    formula.number,
                    count,
                    only.start,
                    only.end,
                    self._latex(only.start, only.end),
                    self._alone(chain),
                )
                continue
            for head, member, verdict in self._chain(formula, index, chain, role, before):
                count += 1
                sides = (self._latex(side.start, side.end) for side in (head, member))
                latex = f" {member.relation} ".join(sides)
                yield self._judged(formula.number, count, member.start, member.end, latex, verdict)

    def _with_head(self, formula: Formula, chain: Chain) -> tuple[Chain, Before | None]:
        """A chain that begins with an equals sign, with the head of the formula right before it."""
        before = self._before
        if (
            not chain.continues
            or before is None
            or before.number != formula.number - 1
            or chain.members[0].relation not in EQUATIONS
            or not self._is_next(before.number)
        ):
            return chain, None
        self._begun[str(formula.number + 1)] = self._begun.get(
            str(before.number + 1), str(before.number + 1)
        )
        return replace(chain, members=(before.head, *chain.members), continues=False), before

    def _is_next(self, number: int) -> bool:
        """Whether no more than a remark of a few words stands between a formula and the next."""
        items = self.page.items
        at = next(i for i, x in enumerate(items) if isinstance(x, Formula) and x.number == number)
        between: list[Prose] = []
        for item in items[at + 1 :]:
            if isinstance(item, Formula):
                break
            if isinstance(item, Prose):
                between.append(item)
            elif not isinstance(item, Break):
                return False
        return len(" ".join(p.text for p in between).split()) <= FEW_WORDS

    def _alone(self, chain: Chain) -> Verdict:
        return (
            Verdict("unread", reason="goes on from a formula before")
            if chain.continues
            else Verdict("remark")
        )

    def _latex(self, start: int, end: int) -> str:
        return " ".join(self.page.source.text[start:end].split())

    def _judged(
        self,
        number: int,
        count: int,
        start: int,
        end: int,
        latex: str,
        verdict: Verdict | Accusation,
    ) -> Judged:
        place = self.page.source.place(start)
        other = place.path if place.path != self.page.source.path else None
        return Judged(
            f"{number + 1}.{count}",
            place.line,
            place.column,
            start,
            end,
            latex,
            verdict,  # type: ignore[arg-type]
            place.cell,
            other,
        )

    # -- chains -----------------------------------------------------------------------------------

    def _chain(
        self,
        formula: Formula,
        index: int,
        chain: Chain,
        role: Role | None,
        before: Before | None = None,
    ) -> Iterator[tuple[Member, Member, Verdict | Accusation]]:
        """Each member with its head: the last side before an inequality; where it is not read, the first member that is stands for it, and this is said."""  # noqa: E501
        told = self._told(formula, chain, role, before, index)
        said = [Told("open" if before is not None else "held")]
        for k, (shown, member, found) in enumerate(told, start=1):
            verdict = self._with_numbers(formula.number, index, chain, k, said, found)
            said.append(_as_told(verdict))
            self.worked.note(formula.number, index, chain, k, said[-1])
            yield shown, member, verdict

    def _with_numbers(
        self,
        number: int,
        index: int,
        chain: Chain,
        k: int,
        before: list[Told],
        verdict: Verdict | Accusation,
    ) -> Verdict | Accusation:
        """The verdict on a member, or what its numbers say where it is not read, or accused of what they bear out."""  # noqa: E501
        was = "accused" if isinstance(verdict, Accusation) else verdict.kind
        if self.whole is not None or was not in ("accused", "unread", "tested"):
            return verdict
        said = self.worked.verdict(number, index, chain, k, before)
        if said is None or (was, said.kind) in (("accused", "refuted"), ("tested", "ambiguous")):
            return verdict
        return said

    def _told(
        self, formula: Formula, chain: Chain, role: Role | None, before: Before | None, index: int
    ) -> Iterator[tuple[Member, Member, Verdict | Accusation]]:
        """The members of a chain as what the page defines has them."""
        head = shown = chain.members[0]
        unheard = NOT_READ
        first = before is None
        wrong: list[Member] = [before.wrong] if before is not None and before.wrong else []
        self._before = Before(formula.number, head, wrong[-1] if wrong else None)
        for member in chain.members[1:]:
            if member.relation not in EQUATIONS:
                introduces = first and role and role.kind in ("definition", "shape", "setting")
                yield (
                    shown,
                    member,
                    Verdict("definition")
                    if introduces
                    else Verdict("remark", reason="no equation"),
                )
                head, first, wrong = member, False, []
                shown = head
                continue
            if (
                first
                and formula.number in self.understanding.taken
                and role is not None
                and role.why == EXPRESSIONS
            ):
                yield shown, member, Verdict("definition", reason="what the page supposes")
            elif first and role is not None and role.kind != "claim":
                yield (
                    shown,
                    member,
                    self._restated(formula, chain, head, member, role)
                    or self._said(formula, index, role),
                )
                if role.kind == "assignment":  # what follows is the new value, too, and no old one
                    head = shown = member
                    self._before = Before(formula.number, head, None)
            elif role is not None and role.kind in ("setting", "shape") and is_value(member.tree):
                yield shown, member, Verdict("definition", reason=role.why)
            elif chain.continues and first:
                yield shown, member, Verdict("unread", reason="goes on from a formula before")
            else:
                verdict = self._claim(formula, chain, head, member)
                if isinstance(verdict, Accusation) or (
                    isinstance(verdict, Verdict) and verdict.kind == "refuted"
                ):
                    if wrong and self._follows(formula, chain, wrong[-1], member):
                        verdict = Verdict(
                            "carried", reason="follows from the line before, which is wrong"
                        )
                    wrong.append(member)
                    self._before = Before(formula.number, head, member)
                elif wrong:
                    wrong = []
                    self._before = Before(formula.number, head, None)
                if isinstance(verdict, Verdict) and head is not shown and not verdict.reason:
                    stands = f"compared with {self._latex(head.start, head.end)}: {unheard}"
                    verdict = replace(verdict, reason=stands)
                yield shown, member, verdict
                again = isinstance(verdict, Verdict) and verdict.reason.endswith(VERSION)
                if (
                    isinstance(verdict, Verdict)
                    and verdict.kind == "unread"
                    and (again or not self._is_readable(formula, head))
                ):
                    unheard = "the head may be another version" if again else NOT_READ
                    head = member
                    self._before = Before(formula.number, head, wrong[-1] if wrong else None)
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

    def _restated(
        self, formula: Formula, chain: Chain, head: Member, member: Member, role: Role
    ) -> Verdict | None:
        """A definition of what follows from others that are in force is a claim that was proved."""
        if role.kind != "definition" or role.key in self.understanding.setting.alias:
            return None
        self.decider.hidden.place = formula.number
        for tried in self.readings.restated(formula.number, chain, head, member):
            found = None if tried.reading else self.decider._holding(tried)
            if isinstance(found, Verdict) and found.kind == "proved":
                place = formula.number, self.readings._index(formula.number, chain)
                self.understanding.leave_in_terms_of(place)
                return found
        return None

    def _said(self, formula: Formula, index: int, role: Role) -> Verdict:
        why = self.understanding.definitions_read.get((formula.number, index), "")
        if why == ON_A_CURVE and role.key in self.understanding.on_curves:
            return Verdict("definition")  # what is said of it is said of the whole page
        if role.kind == "definition" and why:
            return Verdict(
                "definition",
                reason=f"{role.key} is made by a formula that is not understood ({why}): nothing is said of what uses it",  # noqa: E501
            )
        apart = self.understanding.contradictions.get((formula.number, index))
        if role.kind == "definition" and apart:
            return Verdict("definition", reason=f"{SIZES}: {apart}")
        if role.kind == "remark":
            return Verdict("remark", reason=role.why)
        return Verdict("definition")

    def _claim(
        self, formula: Formula, chain: Chain, head: Member, member: Member
    ) -> Verdict | Accusation:
        try:
            return self._judge(formula, chain, head, member)
        except Unread as error:
            self.decider.unread += 1
            return Verdict("unread", reason=f"expected {error.expected}")
        except Misfit as error:
            self.decider.unread += 1
            return Verdict("unread", reason=str(error))
        except RecursionError:
            return Verdict("unread", reason="a formula nested too deeply")
        except Exception as error:  # one formula never stops a page
            self.decider.unread += 1
            return Verdict(
                "unread",
                reason=f"a fault of derive ({type(error).__name__}): please report this line",
            )

    def _judge(
        self, formula: Formula, chain: Chain, head: Member, member: Member
    ) -> Verdict | Accusation:
        return self.decider.decide(formula.number, chain, head, member)

    def tries(self, number: int, chain: Chain, head: Member, member: Member) -> Iterator[Tried]:
        """The claim in each reading, in the order in which a reader would forgive."""
        return self.readings.tries(number, chain, head, member)

    def tried(
        self,
        number: int,
        chain: Chain,
        head: Member,
        member: Member,
        of_head: Reading,
        of_member: Reading,
    ) -> Tried:
        """The claim in one reading, to see whether it holds."""
        way = Way("", of_head, of_member, hasty=True)
        return self.readings.tried(number, chain, head, member, way)


def _as_told(verdict: Verdict | Accusation) -> Told:
    if isinstance(verdict, Accusation) or verdict.kind in ("refuted", "carried"):
        return Told("wrong")
    if verdict.kind in ("unread", "remark"):
        return Told("open")
    reading = verdict.reading or ""
    return Told("read" if verdict.kind == "ambiguous" else "held", reading)


def _accusation(judged: Judged) -> Accusation | None:
    found: object = judged.verdict
    return found if isinstance(found, Accusation) else None


__all__ = ["Judge", "Tried", "judge", "missing_condition"]
