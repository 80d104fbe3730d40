"""Finds the nearest true line: screens the candidates by values, proves the first that survives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from derive.algebra.expression import (
    ZERO,
    BigSum,
    Expr,
    Immediate,
    Number,
    Time,
    Total,
    Variable,
    Written,
    add,
    move_variable,
    multiply,
    walk,
)
from derive.errors import DeriveError
from derive.model.recurrence import END, NOW, STEP, variables
from derive.notation.claims import parse_member, parts_of
from derive.notation.latex import latex
from derive.notation.tokens import Source
from derive.verify.compare import Comparison, Worlds
from derive.verify.context import Context
from derive.verify.ranges import TRIED, Condition
from derive.verify.readings import Reading, Resolver, line_range
from derive.verify.repairs import Candidate, pairs, singles
from derive.verify.shaped import ShapedComparison, compared, meant

MOST_SCREENED = 900
MOST_PROOFS = 6
SCREENED = 2


@dataclass(frozen=True, slots=True)
class Mended:
    """A true line, as LaTeX, and in a few words what was wrong."""

    latex: str
    slip: str


class Mender:
    """Mends the lines of one context."""

    def __init__(
        self,
        context: Context,
        worlds: Worlds,
        reading: Reading,
        conditions: Sequence[Condition] = (),
    ) -> None:
        self.context = context
        self.worlds = worlds
        self.reading = reading
        self.conditions = conditions
        self.resolver = Resolver(context, reading)
        self._parsed: dict[str, Expr | None] = {}

    def nearest(self, head: str, member: str) -> Mended | None:
        """The first candidate that is proved; None where none is found within the limits."""
        seen = {(head, member)}
        proofs = 0
        original = self._parse(member)
        for candidate in self._all(head, member):
            key = (candidate.head, candidate.member)
            if len(seen) > MOST_SCREENED or proofs >= MOST_PROOFS:
                break
            if key in seen:
                continue
            seen.add(key)
            sides = self._sides(candidate)
            if sides is None or sides[1] == original == sides[0]:
                continue
            screened = self._comparison(*sides, tried=SCREENED)
            if screened is None or screened.differs(quick=True):
                continue
            comparison = self._comparison(*sides)
            if comparison is None or self._has_nothing(sides):
                continue
            proofs += 1
            outcome = comparison.outcome()
            sound = outcome.kind == "equal" and not outcome.zero and not outcome.scalars
            if sound:
                return Mended(_line(candidate), candidate.slip)
        return None

    def holds(self, head: str, member: str) -> bool:
        """Whether a line is proved as it stands."""
        sides = self._sides(Candidate(head, member, ""))
        comparison = self._comparison(*sides) if sides is not None else None
        return comparison is not None and comparison.outcome().kind == "equal"

    def _all(self, head: str, member: str) -> Iterator[Candidate]:
        symbols, numbers = self._symbols(), self._numbers(head, member)
        try:
            yield from singles(head, member, symbols, numbers)
            yield from self._by_chain_rule(head)
            yield from pairs(head, member)
        except DeriveError:
            return

    # -- candidates to formulas ---------------------------------------------------------------------

    def _parse(self, text: str) -> Expr | None:
        if text not in self._parsed:
            try:
                read = parse_member(Source("", text), 0, len(text), self.context.scope)
                found = meant(self.context, read)
            except (DeriveError, RecursionError):
                found = None
            self._parsed[text] = found
        return self._parsed[text]

    def _sides(self, candidate: Candidate) -> tuple[Expr, Expr] | None:
        left, right = self._parse(candidate.head), self._parse(candidate.member)
        if left is None or right is None or left == right:
            return None
        return left, right

    def _comparison(
        self, left: Expr, right: Expr, tried: int = TRIED
    ) -> Comparison | ShapedComparison | None:
        try:
            found = line_range(self.resolver, (left, right), self.conditions, tried)
            sides = self.resolver.resolve(left), self.resolver.resolve(right)
        except (DeriveError, RecursionError):
            return None
        return compared(self.resolver, self.worlds, *sides, found)

    def _has_nothing(self, sides: tuple[Expr, Expr]) -> bool:
        """Whether a derivative in the line is identically 0: a repair does not hide a term so."""
        for w in (p for side in sides for p in parts_of(side) if isinstance(p, Written)):
            if w.of == w.by:
                return True
            try:
                found = self.resolver.resolve(w)
            except DeriveError:
                return True
            if found == ZERO or self._vanishes(w, found):
                return True
        return False

    def _vanishes(self, w: Written, found: Expr) -> bool:
        try:
            within = line_range(self.resolver, (w,), (), SCREENED)
            zero = Comparison(self.resolver, self.worlds, found, add(()), within)
            return not zero.differs(quick=True)
        except DeriveError:
            return False

    # -- what the definitions offer -----------------------------------------------------------------

    def _symbols(self) -> list[str]:
        """The symbols of the definitions as the grammar writes them."""
        model = self.context.model
        found = [d.target for d in model.steps] + [d.target for d in model.shared]
        found += [*model.parameters, *(Variable(name, NOW) for name in model.inputs)]
        return [latex(v) for v in found if v.name]

    def _numbers(self, head: str, member: str) -> list[str]:
        numbers = [
            str(part.value)
            for d in self.context.model.definitions
            for part in walk(d.body)
            if isinstance(part, Number) and part.value.denominator == 1 and part.value > 1
        ]
        own = [
            str(part.value)
            for text in (head, member)
            for part in _inside(self._parse(text))
            if isinstance(part, Number) and part.value.denominator == 1 and part.value > 1
        ]
        return list(dict.fromkeys([*own, *numbers]))

    # -- the chain rule -----------------------------------------------------------------------------

    def _by_chain_rule(self, head: str) -> Iterator[Candidate]:
        """∂A/∂B = Σ_V ∂A/∂V ∂V/∂B over the users V of B, where the head is such a derivative."""
        parsed = self._parse(head)
        if not isinstance(parsed, Written) or parsed.at is not None:
            return
        try:
            of, by = self.resolver.node(parsed.of), self.resolver.by(parsed)
        except DeriveError:
            return
        for make in (Total, Immediate):
            found = self._over_users(of, by, make)
            if found is not None:
                slip = "by the chain rule at every use of " + latex(by)
                yield Candidate(head, latex(found), slip)

    def _over_users(
        self, of: Variable, by: Variable, make: Callable[[Variable, Variable], Expr]
    ) -> Expr | None:
        terms: list[Expr] = []
        for d in self.context.model.steps:
            for v in dict.fromkeys(variables(d.body)):
                if v.name != by.name or (v.time is None) != (by.time is None):
                    continue
                lag = NOW - v.time if v.time is not None else Time.at(0)
                at = by.time + lag if by.time is not None else NOW
                user = move_variable(d.target, {STEP: at})
                edge = make(user, by)
                terms.append(edge if user == of else multiply((Total(of, user), edge)))
        for d in self.context.model.shared:
            if by in set(variables(d.body)) and d.target != of:
                terms.append(multiply((Total(of, d.target), make(d.target, by))))
        if not terms:
            return None
        body = add(terms)
        return body if by.time is not None else BigSum(STEP, Time.at(1), END, body)


def _inside(expr: Expr | None) -> Iterator[Expr]:
    if expr is not None:
        yield from parts_of(expr)


def _line(candidate: Candidate) -> str:
    return " ".join(f"{candidate.head} = {candidate.member}".split())
