"""One page of notes to verdicts: every formula where it stands, nothing skipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from derive.judge.decide import Accusation, Decider
from derive.judge.readings import Readings, Tried, Way, missing_condition
from derive.judge.understanding import EXPRESSIONS, Understanding
from derive.notation.elaborate import Reading, Unread
from derive.notation.shaped import Misfit
from derive.notation.symbols import Role, bind
from derive.text.page import Chain, Formula, Heading, Member, Prose
from derive.text.read import read
from derive.verify.verdicts import Judged, Report, Verdict

PATH = "path"
EQUATIONS = ("=", ":=", "\\equiv", "\\triangleq")


def judge(path: str, text: str, folder: Path | None = None) -> Report:
    """The verdicts on all formulas of one file."""
    return Judge(path, text, folder).report()


class Judge:
    """Judges the formulas of one page."""

    def __init__(self, path: str, text: str, folder: Path | None = None) -> None:
        self.text = text
        self.page = read(path, text, folder)
        self.understanding = Understanding(self.page, bind(self.page), Reading())
        self.understanding.understand()
        self.symbols = self.understanding.symbols
        self.readings = Readings(self.page, self.understanding)
        self.decider = Decider(self)
        self._open: Member | None = None

    def report(self) -> Report:
        found: list[Judged] = []
        for item in self.page.items:
            if isinstance(item, Formula):
                found += self._formula(item)
                self._open = self._head_of(item)
            elif isinstance(item, Heading) or (isinstance(item, Prose) and item.text.strip()):
                self._open = None
        found = self._said_aloud(found)
        return Report(
            self.page.source.path,
            self.page.source.text,
            tuple(found),
            tuple(self.understanding.assumed),
        )

    def _said_aloud(self, found: list[Judged]) -> list[Judged]:
        """Accusations decided; what follows from a line that is not accused is not carried."""
        spoken: dict[str, bool] = {}
        made = []
        for j in found:
            formula, was = j.id.split(".")[0], j.verdict
            verdict = self._spoken(was)
            if isinstance(was, Accusation):  # type: ignore[unreachable]
                spoken[formula] = verdict.kind == "refuted"  # type: ignore[unreachable]
            elif verdict.kind == "carried" and not spoken.get(formula, True):
                verdict = Verdict("unread", reason="follows from a line that was not understood")
            made.append(replace(j, verdict=verdict))
        return made

    def _spoken(self, verdict: Verdict | Accusation) -> Verdict:
        """An accusation is spoken where a nearby true line was proved, or where the rest of the page was well understood.

        A nearby true line shows as much as a true line does, unless it is the same slip in all of them: then the slip is ours.
        """  # noqa: E501
        if not isinstance(verdict, Accusation):
            return verdict
        agreed, differed, unread, defended = (
            self.decider.agreed,
            self.decider.differed,
            self.decider.unread,
            self.decider.defended,
        )
        mended = sum(defended.values())
        several = mended if len(defended) > 1 else 0
        understood = unread <= (agreed + differed) // 3
        if verdict.clean:
            if verdict.defended and (agreed >= 1 or differed <= 2 or several >= 2):
                return verdict.verdict
            if understood and differed - several <= max(2, agreed + several):
                return verdict.verdict
        elif (
            verdict.defended
            and PATH not in verdict.verdict.reason
            and agreed >= 4
            and agreed >= 3 * differed
        ):
            return verdict.verdict
        return Verdict(
            "unread",
            reason="the sides differ as they were read, but too little of the page was understood to say that the line is wrong",  # noqa: E501
        )

    def _head_of(self, formula: Formula) -> Member | None:
        """The left side that the next formula goes on from, where it begins with = and follows at once."""
        if not formula.chains or not formula.display:
            return None
        last = formula.chains[-1]
        if last.continues:
            return self._open if len(formula.chains) == 1 else None
        return last.members[0] if len(last.members) > 1 else None

    def _joined(self, chain: Chain) -> Chain:
        """A chain that goes on from the formula before, with that one's left side."""
        first = chain.members[0]
        if self._open is None or first.relation not in (*EQUATIONS, ""):
            return chain
        members = (self._open, replace(first, relation=first.relation or "="), *chain.members[1:])
        return replace(chain, members=members, continues=False)

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
            if not chain.members:
                continue
            if chain.continues and index == 0:
                chain = self._joined(chain)
                role = role if chain.continues else None
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
            for member, verdict in self._chain(formula, index, chain, role):
                count += 1
                sign = member.relation
                latex = f"{self._latex(chain.members[0].start, chain.members[0].end)} {sign} {self._latex(member.start, member.end)}"  # noqa: E501
                yield self._judged(formula.number, count, member.start, member.end, latex, verdict)

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
        return Judged(f"{number + 1}.{count}", place.line, place.column, start, end, latex, verdict)  # type: ignore[arg-type]

    # -- chains -----------------------------------------------------------------------------------

    def _chain(
        self, formula: Formula, index: int, chain: Chain, role: Role | None
    ) -> Iterator[tuple[Member, Verdict | Accusation]]:
        head = chain.members[0]
        first = True
        wrong: list[Member] = []
        for member in chain.members[1:]:
            if member.relation not in EQUATIONS:
                yield (
                    member,
                    Verdict(
                        "remark"
                        if not (first and role and role.kind in ("definition", "shape", "setting"))
                        else "definition",
                        reason="no equation",
                    ),
                )
                head, first, wrong = member, False, []
                continue
            if (
                first
                and formula.number in self.understanding.taken
                and role is not None
                and role.why == EXPRESSIONS
            ):
                yield member, Verdict("definition", reason="what the page supposes")
            elif first and role is not None and role.kind != "claim":
                yield (
                    member,
                    self._restated(formula, chain, head, member, role)
                    or self._said(formula, index, role),
                )
            elif chain.continues and first:
                yield member, Verdict("unread", reason="goes on from a formula before")
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
                yield member, verdict
                if (
                    isinstance(verdict, Verdict)
                    and verdict.kind == "unread"
                    and not self._is_readable(formula, head)
                ):
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

    def _restated(
        self, formula: Formula, chain: Chain, head: Member, member: Member, role: Role
    ) -> Verdict | None:
        """A definition of what follows from others that are in force is a claim that was proved."""
        if role.kind != "definition":
            return None
        for tried in self.readings.restated(formula.number, chain, head, member):
            found = None if tried.reading else self.decider._holding(tried)
            if isinstance(found, Verdict) and found.kind == "proved":
                return found
        return None

    def _said(self, formula: Formula, index: int, role: Role) -> Verdict:
        why = self.understanding.definitions_read.get((formula.number, index), "")
        if role.kind == "definition" and why:
            return Verdict(
                "definition",
                reason=f"{role.key} is made by a formula that is not understood ({why}): nothing is said of what uses it",  # noqa: E501
            )
        if role.kind == "remark":
            return Verdict("remark", reason=role.why)
        return Verdict("definition", reason=role.why)

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
        """The claim in one reading."""
        return self.readings.tried(number, chain, head, member, Way("", of_head, of_member))


__all__ = ["Judge", "Tried", "judge", "missing_condition"]
