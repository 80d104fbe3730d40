"""One claim to a verdict: readings in the order in which a reader would forgive, a proof, or an accusation that can be defended."""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from derive.algebra.core import (
    DOWN,
    ONE,
    ZERO,
    App,
    Big,
    Core,
    D,
    Limit,
    Num,
    Ref,
    Stack,
    letters_in,
    walk,
)
from derive.judge.batches import counts_what_is_one, meets_its_twin, misses_its_twin, small_of
from derive.judge.chances import of_nothing_random
from derive.judge.claims import Judgement, Outcome, Sides
from derive.judge.conflicts import AGAIN, RESTATED, Versions
from derive.judge.defining import names_used
from derive.judge.ends import beyond, stated_ends
from derive.judge.functions_named import GIVES, named_function, taken_for_factors
from derive.judge.functions_told import by_habit_alone, half_told, without_slope
from derive.judge.hidden import Hidden
from derive.judge.ladder import SCALARS
from derive.judge.made import EXPRESSIONS
from derive.judge.mending import Mender
from derive.judge.misread import (
    counted_otherwise,
    crosses_shapes,
    is_its_transpose,
    raises_to_its_index,
    raises_to_the_last_step,
)
from derive.judge.missing_tests import missing_condition, missing_order
from derive.judge.named_losses import as_entropies, left_open, said_entropies
from derive.judge.names import COSTS
from derive.judge.names import named as names_of
from derive.judge.other_adjoints import OtherAdjoints
from derive.judge.passed_on import is_a_term
from derive.judge.prove import Prover
from derive.judge.readings import ANOTHER
from derive.judge.repairs import OFF_BY_ONE
from derive.judge.slips import bears_on, is_of_functions, letter, lost_at
from derive.judge.sought import differentiates, of_an_unknown_function, of_givens, says_zero, seeks
from derive.judge.vanishing import vanishing
from derive.judge.witness import witness
from derive.meaning.model import Definition, Model, depended
from derive.notation.chance import MARKS
from derive.notation.changes import is_change
from derive.notation.definitions import ANOTHER_STEP, OR_ELSE, RESTATES
from derive.notation.habits import INPUT
from derive.notation.rates import is_rate
from derive.notation.setting import Unread, family_key
from derive.notation.shaped import Misfit
from derive.notation.slots import tells_partial_from_total
from derive.notation.words_behind import Around, estimated, words_around
from derive.proof.lines import SameForm
from derive.text.page import Chain, Member
from derive.verify.verdicts import Verdict

if TYPE_CHECKING:
    from derive.judge.judge import Judge, Tried

FACES = "{} stands with its step and without it, and it is not said whether the two are one"
WORDED = "which of its values {} has is told in words"
HIDDEN = "what {} is made of is not understood: the page relates it to other quantities"
BRACKETED = re.compile(r"\\q?quad\s*[\[(]\s*[^\[\]()$=]{1,12}=[^\[\]()$=]{1,12}[\])]")
MOST_BRACKET = 24
LONG_DECIMAL = 3
VERSION = "it may be another version"
PUT_OUT, OWN = "what the steps put out", "what it is differentiated by"
ENTROPY = "the cross entropy of the outputs and their targets"
UNEQUAL = " entries beside "
OF_ANOTHER_METHOD = (
    "a term too many",
    "a term is missing",
    "a factor too many",
    "a factor is missing",
)
GRADIENTS = ("\\delta", "\\lambda", "\\epsilon", "\\varepsilon")
NOTHING = "both sides are always 0, so it says nothing"
PART_OF_A_GRADIENT = "{} may be a part of a gradient, which the page makes in words"
BY_ARGUMENTS = "what {} depends on is told by its arguments alone"
BEYOND = "the page makes {} for fewer steps than the line names"
ENTRY_OR_ONE = "{} with an index is an entry, or one of several: the page does not say which"
A_TERM = "it is one term of what the page makes: the part that one path gives may be meant"
ESTIMATE = "the words before say that it is an estimate"
NOT_MADE_OF = "what is differentiated by {} is not made of it: another name for it may be meant"
UNREADABLE = "with {} as it was first defined, not as on line {}, which is not understood"
NOWHERE = "no step that the line names lies where the page defines what it is about"


@dataclass(frozen=True, slots=True)
class Accusation:
    """A line whose sides differ in every reading, kept until the page as a whole is judged; `line` is where its repair is sought."""  # noqa: E501

    verdict: Verdict
    clean: bool
    line: tuple[int, Chain, Member, Member]
    defended: bool = False
    apart: bool = False  # what the page loses elsewhere has no letter of the line's
    of_functions: bool = False
    otherwise: Callable[[], Verdict | None] = lambda: None  # what is said where it is not spoken


@dataclass(frozen=True, slots=True)
class Held:
    """A line that holds, and the reading in which it does."""

    number: int
    chain: Chain
    head: Member
    member: Member
    tried: Tried


class Decider:
    """Decides the claims of one page."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.prover = Prover()
        self._proof: tuple[Tried, SameForm | None] | None = None
        self.agreed = 0
        self.differed = 0
        self.mender = Mender(judge, self.prover)
        self.defended: dict[str, int] = {}
        self.unread = 0
        self.held: list[Held] = []
        self.stated: list[Sides] = []
        self.assumed: set[str] = set()
        self._bound: set[str] | None = None
        self._seeking: bool | None = None
        self.hidden = Hidden(judge.understanding, self._agrees)
        self.versions = Versions(judge.understanding, self._agrees)
        self.adjoints = OtherAdjoints(judge.understanding)

    def decide(
        self, number: int, chain: Chain, head: Member, member: Member
    ) -> Verdict | Accusation:
        """The verdict on head = member. Raises Unread or Misfit where it is not understood in any reading."""  # noqa: E501
        self.hidden.place = number
        try:
            tries = list(self.judge.tries(number, chain, head, member))
        except Misfit as error:
            accused = self._of_no_shape(number, chain, head, member, str(error))
            if accused is None:
                raise
            return accused
        if tries:
            self.stated.append(tries[0].sides)
        for tried in tries:
            found = self._holding(tried)
            if found is not None:
                conflict = self._in_conflict(number, chain, head, member, tried)
                if conflict is not None:
                    return conflict
                self.held.append(Held(number, chain, head, member, tried))
                if self._is_of_vectors(number, chain, head, member, tried):
                    return found
                readings = (found.reading, SCALARS)
                return replace(found, reading="; ".join(r for r in readings if r))
        for tried in tries:
            found = self._on_condition(tried)
            if found is not None:
                return found
        for tried in tries:
            doubted = tried.outcome.agrees and self._doubted(tried)
            if doubted:
                self.unread += 1
                return Verdict("unread", reason=HIDDEN.format(doubted))
        missing = next((t.outcome.missing for t in tries if t.outcome.missing), "")
        missing = missing or next(
            (BEYOND.format(b) for t in tries if (b := beyond(self._ends, t))), ""
        )
        if missing or not tries or not all(t.outcome.differs for t in tries):
            if not missing and tries and tries[0].outcome.zero:
                version = self._with_another_version(
                    number, chain, head, member, tries[0]
                ) or self._with_another_cost(number, chain, head, member, tries)
                if version is not None:
                    return version
            self.unread += 1
            said_nothing = NOTHING if any(t.outcome.agreed for t in tries) else NOWHERE
            return Verdict("unread", reason=missing or said_nothing)
        role = self.judge.symbols.roles.get(self._place(number, chain))
        if (role is not None and role.why == EXPRESSIONS) or of_givens(
            tries[0].sides, tries[0].outcome.model
        ):
            return Verdict(
                "unread",
                reason="an equation that does not follow from what is defined: it may be supposed",
            )
        otherwise_read = self._versioned(
            number, chain, head, member, tries[0]
        ) or self._in_an_order(number, chain, head, member)
        for tried in tries if otherwise_read is None else ():
            otherwise_read = otherwise_read or self._on_condition(tried, missing_order)
        otherwise_read = (
            otherwise_read
            or self._with_another_adjoint(number, chain, head, member, tries[0])
            or self._with_its_losses(number, chain, head, member, tries[0])
        )
        if otherwise_read is not None:
            return otherwise_read
        if role is not None and (
            role.why == OR_ELSE or (role.why == RESTATES and member is chain.members[1])
        ):
            return Verdict(
                "unread",
                reason="it does not follow from what is defined before: it may be another definition",
            )
        self.differed += 1
        charge = self._accusation(number, chain, head, member, tries)
        otherwise = partial(self._up_to_shapes, number, chain, head, member)
        if isinstance(charge, Accusation):
            return replace(charge, otherwise=otherwise)
        version = self._with_another_version(number, chain, head, member, tries[0])
        version = version or self._with_its_entropy(number, chain, head, member, tries[0])
        if version is not None:
            return replace(version, kind="ambiguous")
        return otherwise() or charge

    def _with_its_entropy(
        self, number: int, chain: Chain, head: Member, member: Member, first: Tried
    ) -> Verdict | None:
        """What holds where the cost of one example, of which the line's derivative is 0, is the cross entropy of all."""  # noqa: E501
        of = first.sides.left.of if isinstance(first.sides.left, D) else None
        if not isinstance(of, Ref) or of.name not in first.outcome.dead:
            return None
        tried = self.judge.readings.with_another_cost(
            number, chain, head, member, frozenset((of.name,))
        )
        if tried is None or not _is_entropy(tried, of.name):
            return None
        found = self._holding(tried)
        said = (found.reading or "").replace(ANOTHER, ENTROPY) if found is not None else ""
        return None if found is None else replace(found, reading=said)

    def _up_to_shapes(
        self, number: int, chain: Chain, head: Member, member: Member
    ) -> Verdict | None:
        """What holds with a number for each array, of a line that differs as its shapes were read."""
        for tried in self.judge.readings.shapeless(number, chain, head, member):
            found = self._holding(tried)
            model = tried.outcome.model
            if found is not None and model is not None:
                bound = any(map(self._is_bound, reached(tried.sides, model)))
                return None if bound else found
        return None

    def _of_no_shape(
        self, number: int, chain: Chain, head: Member, member: Member, misfit: str
    ) -> Accusation | None:
        """A line whose sizes do not fit, and which is false where they are equal, too."""
        if UNEQUAL not in misfit:
            return None
        tries = self.judge.readings.with_equal_sizes(number, chain, head, member)
        if not tries or not all(t.outcome.differs and not t.outcome.missing for t in tries):
            return None
        found = self._accusation(number, chain, head, member, tries)
        if not isinstance(found, Accusation):
            return None
        self.differed += 1
        return found

    def _is_of_vectors(
        self, number: int, chain: Chain, head: Member, member: Member, tried: Tried
    ) -> bool:
        """Whether a line that holds for numbers holds, and is proved, for what may be vectors, too."""
        try:
            found = self.judge.readings.as_vectors(number, chain, head, member, tried)
        except (Unread, Misfit, RecursionError):
            return False
        if found is None or tried.outcome.zero:
            return True
        if not found.outcome.agrees or tried.given:
            return found.outcome.agrees
        base, own = self.judge.understanding.base, self._certificate(tried)
        return (
            own is None
            or self.prover.prove(found.sides, found.outcome, base=base, first=own) is not None
        )

    def _written_out(self, tried: Tried) -> str:
        """A family made member by member, z_1, z_2, on which a line with index letters depends."""
        model = tried.outcome.model
        assert model is not None
        if not any(not a.startswith("\\,") for a in tried.sides.components):
            return ""
        for name in reached(tried.sides, model):
            slots = model.slots.get(name, ())
            numbered = [
                any(i.is_number and s == "component" for i, s in zip(d.index, slots, strict=False))
                for d in model.definitions.get(name, ())
            ]
            if len(numbered) > 1 and all(numbered):
                return name.split("∅")[0]
        return ""

    def _cut_off(self, tried: Tried) -> str:
        """What has two definitions, and is differentiated with the value 0 in a line or below it.

        C = (a - y)^2, and then C = (σ(z) - y)^2 with a put in: ∂C/∂a is not meant to be 0.
        Nor is ∂h_t/∂h_s where h_t = A^t v is put in for h_t = A h_{t-1}.
        """
        made = self.judge.understanding.made
        model = tried.outcome.model
        assert model is not None
        for part in (p for side in (tried.sides.left, tried.sides.right) for p in walk(side)):
            if isinstance(part, D):
                name = part.by.name
                now = model.definitions.get(name, ())
                before = [m.definition for m in made if m.definition.name == name]
                if not any(_goes_back(d) for d in now) and any(_goes_back(d) for d in before):
                    return name.split("∅")[0]
        for name in sorted(tried.outcome.dead):
            general = [m.definition for m in made if m.definition.name == name]
            if len({d.body for d in general if d.is_general or not d.index}) > 1:
                return name.split("∅")[0]
        return ""

    def _hidden(self, tried: Tried) -> str:
        """A name by way of which, or with which held, a line differentiates what is not made of it."""
        for side in (tried.sides.left, tried.sides.right):
            for part in walk(side):
                if isinstance(part, D) and part.mode in ("via", "held"):
                    assert tried.outcome.model is not None
                    made = reached(Sides(part.of, part.of, {}, {}), tried.outcome.model)
                    hidden = set(part.names) - {n.split("∅")[0] for n in made}
                    if hidden:
                        return sorted(hidden)[0]
        return ""

    def _says_its_step(self, tried: Tried) -> bool:
        """Whether an index that stands on one side alone is meant as it stands."""
        return self._is_for_each(tried) or self._lacks_its_sum(tried)

    def _lacks_its_sum(self, tried: Tried) -> bool:
        """Whether a line of numbers has one step's term for the derivative of a sum over the steps."""
        left, right = tried.sides.left, tried.sides.right
        if self.judge.understanding.setting.arrays or not isinstance(left, D) or letters_in(left):
            return False
        assert tried.outcome.model is not None
        loose = letters_in(right) - set(tried.outcome.model.horizons)
        made = (
            tried.outcome.model.definitions.get(left.of.name, ())
            if isinstance(left.of, Ref)
            else ()
        )
        return loose <= set(tried.sides.ordered) and any(
            isinstance(p, Big) and p.kind == "sum" and p.dim is None
            for d in made
            for p in walk(d.body)
        )

    def _is_for_each(self, tried: Tried) -> bool:
        """Whether a line says the same of each member of a family.

        Its index stands on the left alone, in a derivative, and nothing on the right has lost its index.
        """
        left, right = tried.sides.left, tried.sides.right
        slots = self.judge.understanding.setting.steps
        named = [p for p in walk(right) if isinstance(p, Ref)]
        return (
            isinstance(left, D)
            and not letters_in(right) - letters_in(left)
            and not any(slots.get(p.name.split("∅")[0]) for p in named if "∅" in p.name)
            and (not isinstance(right, Num) or right in (ZERO, ONE))
        )

    def _in_conflict(
        self, number: int, chain: Chain, head: Member, member: Member, tried: Tried
    ) -> Verdict | None:
        """A line that only one of two definitions for one place makes true."""
        model = _as_the_page_has_it(tried)
        if tried.reading:
            return None
        used = {n.split("∅")[0] for n in reached(tried.sides, model)}
        for key, place in self.versions.unreadable:
            if key in used and place < number:
                line = self.versions.line(place)
                reading = UNREADABLE.format(key, line)
                return Verdict("ambiguous", scope=self._scope(tried), reading=reading)
        if not self.versions.conflicts:
            return None
        for _, version, changed in self.versions.others(number, model, reached(tried.sides, model)):
            if version.conflicts and version.definition.number != number:
                again = self.judge.readings.versioned(number, chain, head, member, changed)
                if again is None or not again.outcome.agrees:
                    name = version.definition.name.split("∅")[0]
                    return Verdict(
                        "ambiguous",
                        scope=self._scope(tried),
                        reading=f"with {name} as it was first defined, not as on line {version.line}",
                    )
        return None

    def _versioned(
        self, number: int, chain: Chain, head: Member, member: Member, first: Tried
    ) -> Verdict | None:
        """What holds with the other of two definitions for one place."""
        model = _as_the_page_has_it(first)
        for said, version, changed in self.versions.others(
            number, model, reached(first.sides, model)
        ):
            if version.definition.number == number or not (
                version.conflicts or self.versions.is_left_behind(number, version, model)
            ):
                continue
            tried = self.judge.readings.versioned(number, chain, head, member, changed)
            if (
                tried is not None
                and tried.outcome.agrees
                and (not tried.outcome.zero or says_zero(tried.sides))
                and not self._doubted(tried)
            ):
                return Verdict("ambiguous", scope=self._scope(tried), reading=said)
        return None

    def _with_another_version(
        self, number: int, chain: Chain, head: Member, member: Member, first: Tried
    ) -> Verdict | None:
        """What says 0 = 0 with the latest definition of a name, and is proved with the one before it."""
        model = _as_the_page_has_it(first)
        made = reached(first.sides, model)
        for said, version, changed in self.versions.others(number, model, made):
            if version.definition.number >= number:
                continue
            tried = self.judge.readings.versioned(number, chain, head, member, changed)
            found = None if tried is None or tried.outcome.zero else self._holding(tried)
            if found is not None and found.kind == "proved":
                return replace(found, reading="; ".join(filter(None, (said, found.reading))))
        return None

    def _with_another_adjoint(
        self, number: int, chain: Chain, head: Member, member: Member, first: Tried
    ) -> Verdict | None:
        """What holds where an error is the derivative that its recursion shows, not the one that the page says."""  # noqa: E501
        model = _as_the_page_has_it(first)
        versioned = self.judge.readings.versioned
        for said, changed in self.adjoints.of(model, reached(first.sides, model), versioned):
            tried = versioned(number, chain, head, member, changed)
            if tried is not None and tried.outcome.agrees and not tried.outcome.zero:
                found = self._holding(tried)
                if found is not None:
                    readings = (said, found.reading)
                    return replace(
                        found, kind="ambiguous", reading="; ".join(r for r in readings if r)
                    )
        return None

    def _with_its_losses(
        self, number: int, chain: Chain, head: Member, member: Member, first: Tried
    ) -> Verdict | None:
        """What holds where a loss that the page names, and does not write, is the cross entropy."""
        u, readings = self.judge.understanding, self.judge.readings
        kept, u.setting.dims = u.setting.dims, u.setting.dims.copy()
        try:
            model = _as_the_page_has_it(first)
            said_so = said_entropies(u)
            known = as_entropies(model, u.setting.dims, said_so, readings.speaks_of_entropy)
            if known is None:
                return None
            said, certain, changed = known
            tried = readings.versioned(number, chain, head, member, changed)
            found = self._holding(tried) if tried is not None and tried.outcome.agrees else None
        finally:
            u.setting.dims = kept
        if found is None:
            return None
        reading = "; ".join(filter(None, (said, found.reading)))
        return replace(found, kind=found.kind if certain else "ambiguous", reading=reading)

    def _with_fewer_ways(
        self,
        number: int,
        chain: Chain,
        head: Member,
        member: Member,
        first: Tried,
        names: set[str],
    ) -> Verdict:
        """A line that fails where J(u, p) depends on u and p both: it may depend on one by way of the other alone."""  # noqa: E501
        model = _as_the_page_has_it(first)
        kept = {n: ds for n, ds in model.definitions.items() if n not in names}
        changed = replace(model, definitions=kept)
        told_apart = tells_partial_from_total((head.tree, member.tree))
        alone = not self.judge.understanding.on_curves and not told_apart
        readings = self.judge.readings
        found = readings.by_fewer_ways(number, chain, head, member, changed) if alone else None
        held = None if found is None else self._holding(found)
        return held or Verdict("unread", reason=BY_ARGUMENTS.format(", ".join(sorted(names))))

    def _with_another_cost(
        self, number: int, chain: Chain, head: Member, member: Member, tries: list[Tried]
    ) -> Verdict | None:
        """What says 0 = 0 with the cost of an example, and holds of a cost that is not said."""
        dead = frozenset[str]().union(*(t.outcome.dead for t in tries if t.outcome.zero))
        tried = self.judge.readings.with_another_cost(number, chain, head, member, dead)
        return None if tried is None else self._holding(tried)

    def _in_an_order(
        self, number: int, chain: Chain, head: Member, member: Member
    ) -> Verdict | None:
        """What holds in the order of its indices that the page states for a line before."""
        for said, tried in self.judge.readings.as_said_before(number, chain, head, member):
            found = self._holding(tried)
            if found is not None and tried.outcome.lively:
                readings = (found.reading, f"for {said}, as the page says before")
                return replace(found, kind="ambiguous", reading="; ".join(r for r in readings if r))
        return None

    def _place(self, number: int, chain: Chain) -> tuple[int, int]:
        chains = [
            (n, i) for n, i, c in self.judge.understanding.chains() if n == number and c is chain
        ]
        return chains[0] if chains else (number, 0)

    # -- what holds -----------------------------------------------------------------------------------

    def _holding(self, tried: Tried) -> Verdict | None:
        if not tried.outcome.agrees or (tried.outcome.zero and not says_zero(tried.sides)):
            return None
        if tried.outcome.zero and (not self._is_understood(tried) or self._cut_off(tried)):
            return None
        if self._solves_itself(tried):
            return None
        if self._doubted(tried) or self._has_two_shapes(tried) or crosses_shapes(tried):
            return None
        if any(
            isinstance(part, Ref) and part.name in tried.outcome.model.lost  # type: ignore[union-attr]
            for side in (tried.sides.left, tried.sides.right)
            for part in walk(side)
        ):
            return None
        if self._reaches_elsewhere(tried) or beyond(self._ends, tried):
            return None
        assert tried.outcome.model is not None
        if of_nothing_random((tried.sides.left, tried.sides.right), tried.outcome.model):
            return None
        certificate = self._certificate(tried)
        if certificate is None and tried.outcome.model.noise:
            return None  # numbers have moments of their own
        said = self._assumed(tried)
        scope = self._scope(tried)
        reading = "; ".join(dict.fromkeys(filter(None, (tried.reading, *self._guessed(tried)))))
        if reading:
            others = (*tried.granted, *self._written_otherwise(tried))
            reading = "; ".join(dict.fromkeys((reading, *others)))
            return Verdict("ambiguous", scope=scope, reading=reading)
        self.agreed += 1
        if certificate is None:
            return Verdict(
                "tested",
                scope=scope,
                reading=said,
                reason="the values agree, and no proof was found",
            )
        return Verdict("proved", scope=scope, reading=said)

    @cached_property
    def _ends(self) -> dict[int, int]:
        return stated_ends(self.judge.understanding)

    def _solves_itself(self, tried: Tried) -> bool:
        """Whether a condition is met by a name that the page makes of it: 2u - λ = 0, hence u = λ/2."""
        sides, model, place = tried.sides, tried.outcome.model, self.hidden.place
        if not says_zero(sides) or differentiates(sides) or model is None or place is None:
            return False
        names = {
            p.name for side in (sides.left, sides.right) for p in walk(side) if isinstance(p, Ref)
        }
        return any(d.number >= place for name in names for d in model.definitions.get(name, ()))

    def _certificate(self, tried: Tried) -> SameForm | None:
        """The proof of a line as it was tried, looked for once."""
        if self._proof is None or self._proof[0] is not tried:
            base = self.judge.understanding.base
            given = dict(tried.given)
            found = self.prover.prove(tried.sides, tried.outcome, given=given, base=base)
            self._proof = tried, found
        return self._proof[1]

    def _doubted(self, tried: Tried) -> str:
        """A name of which a line takes for given that it does not depend on something."""
        assert tried.outcome.model is not None
        model = tried.outcome.model
        other = self.hidden.with_another_face(tried.sides, model)
        return other or self.hidden.doubt(tried.sides, model, tried.freed)

    def _agrees(self, number: int, chain: Chain, head: Member, member: Member) -> bool:
        """Whether an equation holds whatever its names are."""
        plain = self.judge.understanding.reading
        try:
            return self.judge.tried(number, chain, head, member, plain, plain).outcome.agrees
        except (Unread, Misfit, RecursionError):
            return False

    def _reaches_elsewhere(self, tried: Tried) -> bool:
        """Whether a line of a section depends on a name that the page makes before, and the section does not; or behind it, of what the line differentiates by."""  # noqa: E501
        elsewhere, model, whole = self.judge.elsewhere, tried.outcome.model, self.judge.whole
        if whole is None or model is None:
            return False
        whole.decider.hidden.place = None  # the whole page, wherever it says something
        if whole.decider.hidden.doubt(tried.sides, model, tried.freed):
            return True
        assumed = set(tried.assumed)
        names = [
            n for n in reached(tried.sides, model) if n in assumed or n not in model.definitions
        ]
        return any(n.split("∅")[0] in elsewhere for n in names)

    def _assumed(self, tried: Tried) -> str | None:
        self.assumed |= {name.split("∅")[0] for name in tried.assumed}
        gaps = tried.way is not None and tried.way.gaps
        parts = [
            f"{name.split('∅')[0]} is {ENTROPY}"
            if _is_entropy(tried, name)
            else f"{name.split('∅')[0]} is some function of "
            f"{PUT_OUT if COSTS.match(name) and not gaps else OWN}"
            for name in tried.assumed
        ]
        parts += [
            f"{name[:-1].split('∅')[0]} sums to 1 in each column"
            if name.endswith(DOWN)
            else f"{name.split('∅')[0]} sums to 1"
            for name in sorted(tried.outcome.normal)
        ]
        parts += tried.granted
        if tried.given:
            parts.append("at the values that the page gives")
        parts += self._supposed_of_shapes(tried)
        parts += self._matrices_of_entries(tried)
        parts += self._written_otherwise(tried)
        parts += taken_for_factors(self.judge.understanding, tried)
        return "; ".join(dict.fromkeys(parts)) or None

    def _matrices_of_entries(self, tried: Tried) -> list[str]:
        """The W of what a line rests on that was taken for the matrix of the w_{jk}."""
        setting = self.judge.understanding.setting
        if not setting.taken_for_entries or tried.outcome.model is None:
            return []
        names = {n.split("∅")[0] for n in reached(tried.sides, tried.outcome.model)}
        return [
            f"{whole} is the matrix of the {setting.wholes[whole]} with two indices"
            for whole in sorted(setting.taken_for_entries)
            if setting.wholes[whole] in names
        ]

    def _written_otherwise(self, tried: Tried) -> list[str]:
        """What was supposed of the notation of a line, or of a formula that makes what it rests on."""
        supposed, u = self.judge.written_otherwise, self.judge.understanding
        if not supposed or tried.outcome.model is None or self.hidden.place is None:
            return []
        waiting = {n.split("∅")[0] for n in reached(tried.sides, tried.outcome.model)}
        numbers, seen = {self.hidden.place}, set[str]()
        chains = list(u.chains())
        waiting |= {k for n, _, c in chains if n in numbers for k in names_used(u, n, c)}
        while waiting - seen:
            new = waiting - seen
            seen |= new
            for number, index, chain in chains:
                role = u.symbols.roles.get((number, index))
                if role is not None and role.kind == "definition" and role.key in new:
                    numbers.add(number)
                    waiting |= names_used(u, number, chain)
        return [said for said, where in supposed if where & numbers]

    def _is_an_example(self, tried: Tried) -> bool:
        """Whether a line says what the page's lists of numbers come to: one side lists entries, or what it rests on was given so."""  # noqa: E501
        examples = self.judge.understanding.examples
        if not examples or tried.outcome.model is None:
            return False
        listed = any(
            isinstance(p, Stack) for s in (tried.sides.left, tried.sides.right) for p in walk(s)
        )
        names = reached(tried.sides, tried.outcome.model)
        return listed or any(n.split("∅")[0] in examples for n in names)

    def _endless(self, tried: Tried) -> str:
        """A recursion that runs backward from a value that the page does not give, λ_k = A^T λ_{k+1} + …"""
        model = tried.outcome.model
        assert model is not None
        for name in reached(tried.sides, model):
            general = model.general(name)
            if general is not None and general.backward and not any(model.specials(name)):
                return name.split("∅")[0]
        return ""

    def _has_two_shapes(self, tried: Tried) -> bool:
        """Whether a line rests on a name in two of the shapes that the page gives it."""
        if not self.judge.understanding.regions or tried.outcome.model is None:
            return False
        seen: dict[str, str] = {}
        for name in reached(tried.sides, tried.outcome.model):
            key = family_key(name)
            if seen.setdefault(key.split("∅")[0], key) != key:
                return True
        return False

    def _supposed_of_shapes(self, tried: Tried) -> list[str]:
        """What the line, or a definition that it rests on, leaves open of shapes."""
        shaped = self.judge.understanding.shaped
        model = tried.outcome.model
        names = [n.split("∅")[0] for n in reached(tried.sides, model)] if model and shaped else []
        return [
            *tried.supposed,
            *(said for n in dict.fromkeys(names) for said in shaped.get(n, ())),
        ]

    def _guessed(self, tried: Tried) -> list[str]:
        """How definitions that a line rests on were mended to be understood at all."""
        guessed, model = self.judge.understanding.guessed, tried.outcome.model
        if not guessed or model is None:
            return []
        made = [d for n in reached(tried.sides, model) for d in model.definitions.get(n, ())]
        return [guessed[d.number] for d in made if d.number in guessed]

    def _scope(self, tried: Tried) -> str | None:
        model = tried.outcome.model
        assert model is not None
        timed = any(
            s in ("time", "layer")
            for side in (tried.sides.left, tried.sides.right)
            for part in walk(side)
            if isinstance(part, Ref)
            for s in model.slots.get(part.name, ())
        )
        return "every T" if timed and not tried.given else None

    def _on_condition(
        self, tried: Tried, missing: Callable[[Sides, Outcome], str] = missing_condition
    ) -> Verdict | None:
        condition = missing(tried.sides, tried.outcome)
        if (
            not condition
            or self._doubted(tried)
            or self._reaches_elsewhere(tried)
            or beyond(self._ends, tried)
        ):
            return None
        reading = f"{tried.reading}, {condition}" if tried.reading else condition
        return Verdict("ambiguous", scope=condition, reading=reading)

    def _is_understood(self, tried: Tried) -> bool:
        """Whether everything that a line names is made or given by the page, so that a 0 says something."""
        return not self._strangers(tried) and not of_an_unknown_function(tried.sides)

    # -- accusations ----------------------------------------------------------------------------------

    def _accusation(
        self, number: int, chain: Chain, head: Member, member: Member, tries: list[Tried]
    ) -> Verdict | Accusation:
        first = tries[0]
        assert first.outcome.model is not None
        if self._may_be_solved(first.sides, chain, member):
            return Verdict("unread", reason="an equation with 0, to be solved: it may be supposed")
        if estimated(self._around.get(number, Around()).lead):
            return Verdict("unread", reason=ESTIMATE)
        apart = vanishing(
            (first.sides.left, first.sides.right),
            reached(first.sides, first.outcome.model),
            first.outcome.model,
        )
        if apart:
            return Verdict("unread", reason=NOT_MADE_OF.format(apart.split("∅")[0]))
        if is_a_term(first.sides, self.stated):
            return Verdict("unread", reason=A_TERM)
        part = _part_of_a_gradient(first.sides, first.outcome.model)
        if part:
            return Verdict("unread", reason=PART_OF_A_GRADIENT.format(part.split("∅")[0]))
        told = self.judge.understanding.applied & set(reached(first.sides, first.outcome.model))
        if told:
            return self._with_fewer_ways(number, chain, head, member, first, told)
        strangers = self._strangers(first)
        if strangers:
            stranger = strangers[0].split("∅")[0]
            return Verdict(
                "unread",
                reason=f"{stranger} is defined nowhere, and the line does not hold without knowing it",
            )
        unmade = self._unmade(first)
        if unmade:
            return Verdict(
                "unread",
                reason=f"{unmade} is differentiated and defined nowhere: what it is made of is open",
            )
        if any(n in MARKS for n in reached(first.sides, first.outcome.model)):
            return Verdict(
                "unread", reason="the line does not follow from the linearity of expectations alone"
            )
        if (
            first.assumed
            or first.given
            or first.sides.places is not None
            or _is_rounded(first.sides.right)
        ):
            return Verdict("unread", reason="the line depends on what the page leaves open")
        source = self.judge.page.source.text
        if self.judge.readings.is_on_a_condition(number) or BRACKETED.search(
            source[member.start : member.end + MOST_BRACKET]
        ):
            return Verdict("unread", reason="the line holds on a condition, which was not read")
        loose = any(_free_on_one_side(t) and not self._says_its_step(t) for t in tries)
        stray = loose and self.mender.has_a_stray_index((number, chain, head, member))
        if loose and not stray:
            return Verdict("unread", reason="an index stands on one side alone")
        listed = self._written_out(first)
        if listed:
            return Verdict(
                "unread",
                reason=f"{listed} is written out member by member, and the line speaks of all",
            )
        cut = self._cut_off(first)
        if cut and not stray:
            return Verdict(
                "unread", reason=f"{cut} has two definitions, and a derivative of it is always 0"
            )
        twin = misses_its_twin(first.outcome.model, first.sides)
        if twin:
            return Verdict(
                "unread",
                reason=f"the cost is made of {twin.swapcase()}, and not of {twin}",
            )
        counted = counts_what_is_one(first.outcome.model, first.sides)
        if counted:
            return Verdict(
                "unread",
                reason=f"{counted} is made for one example, and the line speaks of many",
            )
        both = meets_its_twin(first.outcome.model, first.sides)
        if both:
            return Verdict(
                "unread",
                reason=f"how {both} is made of {small_of(both)} is not said, or was not read",
            )
        hidden = self._hidden(first)
        if hidden:
            return Verdict("unread", reason=f"{hidden} is not seen in what is differentiated")
        supposed = self._supposed(first)
        if supposed:
            return Verdict(
                "unread", reason=f"the page supposes an equation for {supposed}, which was not used"
            )
        chosen = self._chosen()
        names = {n.split("∅")[0] for n in reached(first.sides, first.outcome.model)}
        if chosen & names:
            return Verdict(
                "unread", reason=f"the page makes {min(chosen & names)} in one way or another"
            )
        worded = names & self.judge.understanding.worded
        if worded:
            return Verdict("unread", reason=WORDED.format(min(worded)))
        if first.outcome.model is not None:
            other = self.hidden.with_another_face(first.sides, first.outcome.model)
            if other:
                return Verdict("unread", reason=FACES.format(other))
        tied = self.hidden.tied(reached(first.sides, first.outcome.model), first.outcome.model)
        if tied:
            return Verdict("unread", reason=HIDDEN.format(tied))
        lost = self._lost(first)
        if lost:
            return Verdict("unread", reason=f"{lost} is not understood")
        taken = self._matrices_of_entries(first)
        if taken:
            return Verdict("unread", reason=f"the line fails where {taken[0]}, which is not said")
        otherwise = self._written_otherwise(first)
        if otherwise:
            return Verdict(
                "unread", reason=f"the line fails where {otherwise[0]}, which the page does not say"
            )
        if self._is_an_example(first):
            return Verdict(
                "unread", reason="the line is about numbers of an example, which were not put in"
            )
        if self._has_two_shapes(first) or crosses_shapes(first):
            return Verdict("unread", reason="a name has two shapes in what the line rests on")
        if is_its_transpose(first):
            return Verdict("unread", reason="that a matrix is symmetric may be supposed")
        counted = counted_otherwise(
            self.judge.understanding, reached(first.sides, first.outcome.model)
        )
        if counted:
            return Verdict("unread", reason=ENTRY_OR_ONE.format(counted))
        if raises_to_its_index(first):
            return Verdict(
                "unread", reason="an upper index or a power: the page does not say which"
            )
        blunt = without_slope(first)
        if blunt:
            return Verdict("unread", reason=f"what the slope of {blunt} is, the page does not say")
        if raises_to_the_last_step(first):
            return Verdict("unread", reason="a power or a transpose: the page does not say which")
        named = named_function(self.judge.understanding, first)
        if named:
            return Verdict("unread", reason=f"{named} is defined nowhere: {GIVES}")
        open_loss = left_open(first)
        if open_loss:
            return Verdict("unread", reason=f"which loss {open_loss} is, the page does not write")
        half = half_told(self.judge.understanding, first)
        if half:
            return Verdict("unread", reason=f"what the page says of {half} is not understood")
        meant = by_habit_alone(self.judge.understanding, first)
        if meant:
            return Verdict("unread", reason=f"\\sigma may be {meant}, of which the page speaks")
        endless = self._endless(first)
        if endless:
            return Verdict("unread", reason=f"the last value of {endless} is given nowhere")
        guessed = self._guessed(first)
        if guessed:
            return Verdict("unread", reason=f"the line fails {guessed[0]}: it may be another")
        open_shapes = [s for t in tries for s in self._supposed_of_shapes(t)]
        if open_shapes:
            return Verdict(
                "unread",
                reason=f"the line fails where {open_shapes[0]}, which the page does not say",
            )
        numbers = witness(first.sides, first.outcome, self._judgement(first))
        if numbers is None:
            return Verdict(
                "unread",
                reason="the sides differ, but no numbers that a pencil can redo were found",
            )
        role = self.judge.symbols.roles.get(self._place(number, chain))
        if (
            role is not None
            and role.kind == "claim"
            and member is chain.members[1]
            and (
                role.why in RESTATED
                or is_rate(head.tree)  # a costate may run backwards, or have the other sign
                or is_change(head.tree)  # \\Delta w_{kj}, and \\Delta w_{ji} of other weights
                or (
                    (role.why in (*AGAIN, ANOTHER_STEP) or _is_recursive(role.key, first))
                    and self._may_be_counted_otherwise(number, chain, head, member)
                )
            )
        ):
            return Verdict("unread", reason=f"differs from what defines {role.key}: {VERSION}")
        verdict = Verdict(
            "refuted",
            scope=self._scope(first),
            reason="the two sides differ",
            counterexample=numbers,
        )
        u, model, rests_on = (
            self.judge.understanding,
            first.outcome.model,
            reached(first.sides, first.outcome.model),
        )
        lost_names = lost_at(u, model, number)
        return Accusation(
            verdict,
            not lost_names,
            (number, chain, head, member),
            apart=not bears_on(lost_names, rests_on),
            of_functions=is_of_functions((head.tree, member.tree), rests_on, u, number),
        )

    def defend(self, accusation: Accusation) -> Accusation:
        """An accusation with the nearest true line, where one is found."""
        numbers = accusation.verdict.counterexample
        nothing = numbers is not None and numbers.right == "0"
        mended = self.mender.near(accusation.line, whole=not nothing)
        if mended is None:
            return accusation
        self.defended[mended.cause] = self.defended.get(mended.cause, 0) + 1
        verdict = replace(accusation.verdict, reason=mended.words, suggestion=mended.latex)
        return replace(accusation, verdict=verdict, defended=True)

    @cached_property
    def _around(self) -> dict[int, Around]:
        return words_around(self.judge.page)

    def _may_be_counted_otherwise(
        self, number: int, chain: Chain, head: Member, member: Member
    ) -> bool:
        """Whether what says again what is defined is another version, and no slip: h_{t+1} = f(x_t, h_t) may count the inputs from 0, and a term more or less is another method."""  # noqa: E501
        mended = self.mender.near((number, chain, head, member))
        return mended is None or mended.cause in (OFF_BY_ONE, *OF_ANOTHER_METHOD)

    def _may_be_solved(self, found: Sides, chain: Chain, member: Member) -> bool:
        """Whether that something is 0 is a condition: a constraint, the end of what a derivative is, or said where the page seeks what is best or at rest."""  # noqa: E501
        if not says_zero(found):
            return False
        if member is not chain.members[1] or not differentiates(found):
            return True
        if self._seeking is None:
            self._seeking = seeks((self.judge.whole or self.judge).page)
        return self._seeking or of_an_unknown_function(found)

    def _chosen(self) -> set[str]:
        """What the page makes in another way, too, by a chain that is no version: p = q(r) = r^2 or p = q(r) = r^3."""  # noqa: E501
        roles = self.judge.symbols.roles
        functions = {key for _, _, key, _, _ in self.judge.understanding.functions}
        return {
            role.key
            for number, index, chain in self.judge.understanding.chains()
            if (role := roles.get((number, index))) is not None
            and role.why == OR_ELSE
            and role.key is not None
            and (len(chain.members) > 2 or role.key in functions)
        }

    def _judgement(self, tried: Tried) -> Judgement:
        assert tried.outcome.model is not None and tried.outcome.dims is not None
        return Judgement(tried.outcome.model, tried.outcome.dims, self.judge.understanding.base)

    def _strangers(self, tried: Tried) -> list[str]:
        """Names of the line that no definition in force makes or uses."""
        model = tried.outcome.model
        assert model is not None
        known = set(model.definitions)
        for definitions in model.definitions.values():
            for d in definitions:
                known |= {p.name for p in walk(d.body) if isinstance(p, Ref)}
        for function in self.judge.understanding.functions:
            known |= {p.name for p in walk(function[3].body.body) if isinstance(p, Ref)} | {
                f.name for f in function[3].formals
            }
        parts = [p for side in (tried.sides.left, tried.sides.right) for p in walk(side)]
        own = {p.name for p in parts if isinstance(p, Ref)}
        own -= {p.variable.name for p in parts if isinstance(p, Limit)} | set(MARKS)
        applied = {
            p.name
            for ds in model.definitions.values()
            for d in ds
            for p in walk(d.body)
            if isinstance(p, App)
        }
        unknown = {p.name for p in parts if isinstance(p, App)} - applied
        bare = {n for n in own & known if n in self.judge.understanding.setting.unindexed}
        unmade = {n for n in own - bare if n not in model.definitions and self._is_variable(n)}
        return sorted((own - known) | unknown | unmade)

    def _unmade(self, tried: Tried) -> str:
        """A quantity that a line differentiates and that nothing on the page makes."""
        model = tried.outcome.model
        assert model is not None
        slopes = [
            p
            for side in (tried.sides.left, tried.sides.right)
            for p in walk(side)
            if isinstance(p, D)
        ]
        return next(
            (
                p.of.name.split("∅")[0]
                for p in slopes
                if isinstance(p.of, Ref)
                and p.of.name not in model.definitions
                and p.of.name != p.by.name
            ),
            "",
        )

    def _is_variable(self, name: str) -> bool:
        """A name that the page treats as made by something, without saying by what."""
        symbol = self.judge.symbols.at(0).symbol(name.split("∅")[0])
        return symbol is not None and symbol.kind == "variable" and name.split("∅")[0] not in INPUT

    def _lost(self, tried: Tried) -> str:
        model = tried.outcome.model
        assert model is not None
        return next((n for n in reached(tried.sides, model) if n in model.lost), "")

    def _supposed(self, tried: Tried) -> str:
        """A name that the line depends on, for which the page supposes an equation that was not understood."""  # noqa: E501
        if self._bound is None:
            self._bound = set()
            u = self.judge.understanding
            curves = [(n, c) for n, i, c in u.chains() if (n, i) in u.curves]
            for number, chain in [x for x in (*u.supposed(), *curves) if x[0] not in u.taken]:
                self._bound |= self._suppositions(number, chain)
        assert tried.outcome.model is not None
        return next(
            (
                n
                for n in reached(tried.sides, tried.outcome.model)
                if (n.split("∅")[0] in self._bound or self._is_bound(n))
                and n not in tried.outcome.model.normalised
            ),
            "",
        )

    def _is_bound(self, name: str) -> bool:
        """Whether the prose says of a matrix what was not used, that it is skew or orthogonal."""
        symbol = self.judge.understanding.symbols.at(0).symbol(name.split("∅")[0])
        return symbol is not None and symbol.bound

    def _suppositions(self, number: int, chain: Chain) -> set[str]:
        """The undefined names of an equation that does not follow from what is defined."""
        head, member = chain.members[0], chain.members[1]
        plain = self.judge.understanding.reading
        found: set[str] = set()
        try:
            tried = self.judge.tried(number, chain, head, member, plain, plain)
            if tried.outcome.agrees:
                return set()
            found = {n for n in reached(tried.sides, self.judge.understanding.model(number))}
        except (Unread, Misfit, RecursionError):
            pass
        table = self.judge.symbols.at(number)
        found |= {table.occurrence(n, b).key for m in chain.members for n, b in names_of(m.tree)}
        free = self.judge.understanding.dependent
        making = {
            p.name
            for m in self.judge.understanding.made
            for p in walk(m.definition.body)
            if isinstance(p, App)
        }
        return {
            n.split("∅")[0]
            for n in found - making
            if n in free or n not in tried_definitions(self.judge, number)
        }


def _free_on_one_side(tried: Tried) -> bool:
    """Whether an index stands free on one side alone: it may be meant to be summed, or to be one step."""
    left, right = letters_in(tried.sides.left), letters_in(tried.sides.right)
    horizons = tried.outcome.model.horizons if tried.outcome.model is not None else {}
    return any(
        not a.startswith("\\,") and (a in left) != (a in right)
        for a in (*tried.sides.components, *tried.sides.ordered)
        if a not in horizons
    )


def reached(found: Sides, model: Model) -> list[str]:
    """The names that a line depends on, through definitions too."""
    return depended((found.left, found.right), model)


def _part_of_a_gradient(found: Sides, model: Model) -> str:
    r"""A \delta that nothing makes where others of its letter are made: \delta^{h, \text{future}} beside \delta^h; "" without such."""  # noqa: E501
    made = {letter(n) for n in model.definitions}
    names = (n for n in reached(found, model) if n not in model.definitions)
    return next((n for n in names if letter(n) in GRADIENTS and letter(n) in made), "")


def _as_the_page_has_it(tried: Tried) -> Model:
    """The definitions that a line was compared with, without what was assumed for it."""
    model = tried.outcome.model
    assert model is not None
    kept = {n: ds for n, ds in model.definitions.items() if n not in tried.assumed}
    return replace(model, definitions=kept)


def behind(names: Iterable[str], model: Model) -> list[str]:
    """Names, and those that they are made of."""
    return depended((Ref(n) for n in names), model)


def tried_definitions(judge: Judge, number: int) -> set[str]:
    """The names that are defined where a formula stands."""
    return {n.split("∅")[0] for n in judge.understanding.model(number).definitions}


def _is_rounded(x: Core) -> bool:
    """Whether a formula is worked out with numbers that may be rounded: with decimals alone, or with long ones."""  # noqa: E501
    places = [p.places for p in walk(x) if isinstance(p, Num) and p.places]
    alone = not any(isinstance(p, Ref | D) for p in walk(x))
    return bool(places) and (alone or max(places) >= LONG_DECIMAL)


def _is_recursive(name: str | None, tried: Tried) -> bool:
    """Whether a name is made step by step of itself, v_t = γ v_{t-1} + g, and is no derivative by definition."""  # noqa: E501
    model, left = tried.outcome.model, tried.sides.left
    if (
        model is None
        or not isinstance(left, Ref)
        or any(i.shift or not i.letters for i in left.index)
    ):
        return False  # a claim about one step
    made = model.definitions.get(name or "", ())
    return any(p.name == name for d in made for p in walk(d.body) if isinstance(p, Ref))


def _goes_back(d: Definition) -> bool:
    """Whether a definition makes a quantity of other members of its family."""
    return any(isinstance(p, Ref) and p.name == d.name for p in walk(d.body))


def _is_entropy(tried: Tried, name: str) -> bool:
    """Whether a cost was taken for the cross entropy that the page speaks of."""
    if tried.way is None or not tried.way.entropy or tried.outcome.model is None:
        return False
    made = tried.outcome.model.definitions.get(name, ())
    return bool(made) and not any(isinstance(p, App) for p in walk(made[0].body))
