"""A claim in the readings that a reader would forgive, one after another (DESIGN, section 4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from itertools import product
from types import MappingProxyType

from derive.algebra.core import DOWN, Core, D, Fn, Mul, Ref, letters_in, move, rebuild, walk
from derive.algebra.expression import Time
from derive.judge.abstract import vectors_of
from derive.judge.arguments_told import arguments_alone, arguments_told, other_ways
from derive.judge.batches import kept_once, of_the_sum
from derive.judge.circles import cuts
from derive.judge.claims import GIVEN, WORLDS, Judgement, Outcome, Sides, sides
from derive.judge.conditions import Test, around, conditions, on_a_condition, orders_before, related
from derive.judge.convention import DENIED
from derive.judge.costs import dead_costs, differentiated, missing_costs, with_costs
from derive.judge.granted import freed, suppositions
from derive.judge.heads import HeadRead
from derive.judge.joined import joined
from derive.judge.ladder import (
    ALSO_TOTAL,
    IMMEDIATE,
    LATEST,
    PARTIAL,
    SCALARS,
    SHAPELESS,
    TOTAL,
    Way,
    ladder,
)
from derive.judge.made import BOLD
from derive.judge.missing_tests import INDEX, missing_condition
from derive.judge.names import named as written
from derive.judge.numbering import Numbering, signature
from derive.judge.opaque import told_opaque, with_opaque
from derive.judge.outer_factors import FACTORS, with_the_array
from derive.judge.own_steps import with_latest_immediate
from derive.judge.parted import formulas_of, through, with_parts
from derive.judge.sought import says_zero
from derive.judge.standing import Standing, stand_ins, with_stand_in
from derive.judge.stepless import with_steps
from derive.judge.targets import with_targets
from derive.judge.understanding import Understanding
from derive.judge.unmade import Slope, slopes_in, with_gaps, with_unknown
from derive.judge.unpaired import SAID as PAIRED
from derive.judge.unpaired import paired
from derive.meaning.model import Model, depended
from derive.notation import derivatives
from derive.notation.elaborate import Elaborator
from derive.notation.parts import named, weight
from derive.notation.setting import Reading, Unread
from derive.notation.shaped import COLUMNWISE, ROWWISE, Misfit, Val, transposed
from derive.notation.slots import is_total, tells_partial_from_total
from derive.text.page import Chain, Formula, Member, Page, Prose
from derive.text.trees import Row, Sign, Table
from derive.text.trees import walk as nodes


@dataclass(frozen=True, slots=True)
class Tried:
    """A claim in one reading: its sides and how their values compare; `reading` is said where it is not the default."""  # noqa: E501

    sides: Sides
    outcome: Outcome
    reading: str = ""
    assumed: tuple[str, ...] = ()
    given: tuple[tuple[str, Fraction], ...] = ()
    supposed: tuple[str, ...] = ()  # what the line leaves open of shapes, and was supposed
    way: Way | None = None
    choices: frozenset[str] = frozenset()
    granted: tuple[str, ...] = ()  # what the page says of its quantities without making them
    freed: frozenset[str] = frozenset()  # what the page makes, and the reading takes as given


WITH_NOISE = (("generic", 2, 2, 0), ("generic", 2, 2, 1))
ORDERS_TRIED = 3
MOST_WORK = 700_000
ANOTHER = "some function of what the steps put out, and not what the page says it to be elsewhere"


class _NotHere(Exception):
    """A reading that makes no difference to a line."""


HEAVY = 5
ENTROPY = re.compile(
    r"cross[- ]?entropy|log[- ]loss|交叉熵|交差エントロピー|교차 엔트로피|kreuzentropie|"
    r"entrop\w+ (?:krzyżow|cruzada|crois|incrociat)|entropie croisée",
    re.IGNORECASE,
)
ENTROPY_WRITTEN = re.compile(
    r"y[^$]{0,40}\\(?:log|ln)\b[^$]{0,80}1\s*-\s*y[^$]{0,40}\\(?:log|ln)\b", re.IGNORECASE
)


class Readings:
    """Reads the claims of one page."""

    def __init__(self, page: Page, understanding: Understanding) -> None:
        self.page, self.understanding = page, understanding
        self._places = {
            item.number: i for i, item in enumerate(page.items) if isinstance(item, Formula)
        }
        self._stated: dict[int, list[Chain]] = {}
        self._judgements: dict[object, Judgement] = {}
        self._versions = Numbering()
        self._costs: dict[object, tuple[Model, list[str]]] = {}
        self._models: dict[object, Model] = {}
        self._choices: set[str] = set()
        self.spent = 0
        self._numbers: Readings | None = None
        self._vectors: Readings | None = None
        self._is_abstract = True
        self._loose = False
        self._read: HeadRead | None = None
        self._without: Model | None = None
        self.elsewhere: frozenset[str] = frozenset()
        self.speaks_of_entropy = any(
            isinstance(i, Prose) and _names_entropy(i.text) for i in page.items
        ) or bool(ENTROPY_WRITTEN.search(page.source.text))
        self._tells_partial = any(
            tells_partial_from_total(m.tree for m in c.members)
            for _, _, c in understanding.chains()
        )  # decided once for the text
        self._open, self._lacking, self._leaves = True, False, False
        self._slopes: dict[str, list[Slope]] | None = None
        self._stand_in: Standing | None = None
        self._stands_for: dict[str, str] = {}  # what a name was said to stand for, once on a page
        self._supposed: tuple[str, ...] = ()  # of paths to what nothing makes

    @property
    def plain(self) -> Reading:
        """How the page's claims are read: Jacobians that meet stand in the order of its layout."""
        reading = self.understanding.reading
        return replace(reading, first="inner" if reading.denominator else "outer")

    def tries(self, number: int, chain: Chain, head: Member, member: Member) -> Iterator[Tried]:
        """The claim in each reading that makes a difference, until one agrees."""
        differs = False
        first: Tried | None = None
        try:
            for found in self._climbed(number, chain, head, member, False):
                differs = differs or (found.outcome.differs and not found.outcome.missing)
                first = first or found
                yield found
        except (Unread, Misfit):
            found_so = (
                list(self._paired(number, chain, head, member))
                or list(self._factors(number, chain, head, member))
                or list(self.shapeless(number, chain, head, member))
            )
            if not found_so:
                raise
            yield from found_so
            return
        if self._open and self._adds(number, chain):
            try:  # noqa: SIM105
                yield from self._agreeing(self._climbed(number, chain, head, member, True))
            except (Unread, Misfit):
                pass
        if self._open and self._lacking:
            yield from self._agreeing(self._with_leaves(number, chain, head, member))

        if self._open and self._may_be_numbers(number, (head, member)):
            yield from self._agreeing(self._as_numbers(number, chain, head, member, SCALARS))
        if self._open and first is not None:
            yield from self._agreeing(self._standing_in(number, chain, head, member, first))
        if self._open and first is not None:
            yield from self._agreeing(self._cut(number, chain, head, member, first.outcome.missing))
        if self._open and not differs:
            yield from self.shapeless(number, chain, head, member)
        for other in (self._joined, self._compared_with) if first is not None else ():
            if self._open:
                yield from self._agreeing(other(number, chain, head, member))
        if self._open and first is not None and "is not understood" in first.outcome.missing:
            yield from self._agreeing(self._opaque(number, chain, head, member))

    def with_another_cost(
        self, number: int, chain: Chain, head: Member, member: Member, dead: frozenset[str]
    ) -> Tried | None:
        """A line of a cost that does not depend on what it is differentiated by as the page makes it: of another one.

        The C of an example, or of a formula whose quantities the page relates to nothing else.
        """  # noqa: E501
        model = self.understanding.model(number, self._index(number, chain))
        costs = dead_costs(model, dead)
        if not costs or self._without is not None:
            return None
        kept = {n: ds for n, ds in model.definitions.items() if n not in costs}
        self._without = replace(model, definitions=kept)
        try:
            for found in self._agreeing(self._climbed(number, chain, head, member, False)):
                if set(costs) <= set(found.assumed):
                    said = [f"{n.split('∅')[0]} is {ANOTHER}" for n in costs]
                    return replace(found, reading="; ".join(filter(None, (*said, found.reading))))
        except (Unread, Misfit):
            return None
        finally:
            self._without = None
        return None

    def _standing_in(
        self, number: int, chain: Chain, head: Member, member: Member, first: Tried
    ) -> Iterator[Tried]:
        """A line with a name that nothing makes as another name of what the page has."""
        model = first.outcome.model
        if model is None:
            return
        for one in stand_ins(first.sides, model, self.slopes):
            name = one.definition.name
            if self._stands_for.get(name, one.said) != one.said:
                continue
            self._stand_in = one
            try:
                found = self.tried(number, chain, head, member, Way("", self.plain, self.plain))
            except (Unread, Misfit, RecursionError):
                continue
            finally:
                self._stand_in = None
            if found.outcome.agrees and not found.outcome.zero:
                self._stands_for[name] = one.said
                yield replace(found, reading="; ".join(filter(None, (one.said, found.reading))))
                return

    def _cut(
        self, number: int, chain: Chain, head: Member, member: Member, missing: str
    ) -> Iterator[Tried]:
        """A line that fails on a circle, with one of the names on it as given."""
        if self._without is not None:
            return
        model = self.understanding.model(number, self._index(number, chain))
        for without, said in cuts(model, missing):
            yield from self._supposing(without, [said], number, chain, head, member)

    def _supposing(
        self,
        model: Model,
        said: Sequence[str] | Callable[[Tried], list[str]],
        number: int,
        chain: Chain,
        head: Member,
        member: Member,
    ) -> Iterator[Tried]:
        """A line with other definitions than the page's, and what is so supposed."""
        self._without = model
        try:
            for found in self._climbed(number, chain, head, member, False):
                words = said(found) if callable(said) else said
                yield replace(found, reading="; ".join(filter(None, (*words, found.reading))))
        except (Unread, Misfit):
            return
        finally:
            self._without = None

    def _joined(self, number: int, chain: Chain, head: Member, member: Member) -> Iterator[Tried]:
        """A line that is 0 on both sides, with what a formula makes under the name by which the next one calls it."""  # noqa: E501
        u = self.understanding
        model = u.model(number, self._index(number, chain))
        found = joined(model, u._kind) if self._without is None else None
        if found is not None:
            yield from self._supposing(*found, number, chain, head, member)

    def _compared_with(
        self, number: int, chain: Chain, head: Member, member: Member
    ) -> Iterator[Tried]:
        """A line with y given, where the page makes a y and then an output with a hat beside it."""
        model = self.understanding.model(number, self._index(number, chain))
        found = with_targets(model) if self._without is None else None
        if found is not None:
            freed = frozenset(model.definitions) - frozenset(found[0].definitions)
            for tried in self._supposing(*found, number, chain, head, member):
                yield replace(tried, freed=freed)

    def _opaque(self, number: int, chain: Chain, head: Member, member: Member) -> Iterator[Tried]:
        """A line that rests on a formula that was not understood, as it holds for every function of what that one names."""  # noqa: E501
        plain = self.understanding.model(number, self._index(number, chain))
        model = with_opaque(self.understanding, number, plain) if self._without is None else None
        if model is not None:
            said = partial(_opaque_in, plain)
            yield from self._supposing(model, said, number, chain, head, member)

    def _paired(self, number: int, chain: Chain, head: Member, member: Member) -> Iterator[Tried]:
        """A line with one bracket too many, as it holds without it or with a partner for it."""
        heads = [replace(head, tree=row) for row in paired(head.tree)] or [head]
        members = [replace(member, tree=row) for row in paired(member.tree)] or [member]
        if heads == [head] and members == [member]:
            return
        for left, right in product(heads, members):
            try:
                for found in self._agreeing(self._climbed(number, chain, left, right, False)):
                    said = "; ".join(filter(None, (PAIRED, found.reading)))
                    yield replace(found, reading=said)
                    return
            except (Unread, Misfit):
                continue

    def _factors(self, number: int, chain: Chain, head: Member, member: Member) -> Iterator[Tried]:
        """The derivative of a vector by a matrix as what stands in an outer product, ∂z/∂W = h^T."""
        plain = self.plain
        own = replace(plain, own="every")
        for line, said in FACTORS.items():
            ways = (
                Way(said, plain, plain, factor=line),
                Way(f"{said}, and {IMMEDIATE}", own, own, factor=line),
            )
            for way in ways:
                try:
                    found = self.tried(number, chain, head, member, way)
                except (Unread, Misfit, _NotHere):
                    continue
                if found.outcome.agrees and not found.outcome.zero:
                    yield found
                    return

    def shapeless(self, number: int, chain: Chain, head: Member, member: Member) -> Iterator[Tried]:
        """A line of vectors whose shapes do not fit as they were read: its calculus, with a number for each array."""  # noqa: E501
        u = self.understanding
        if u.setting.arrays and not u.scalars and self._leaves_shapes_open(number, (head, member)):
            yield from self._agreeing(self._as_numbers(number, chain, head, member, SHAPELESS))

    def _leaves_shapes_open(self, number: int, members: tuple[Member, ...]) -> bool:
        """Whether a line has a name whose shape the page neither states nor makes, or something was not understood."""  # noqa: E501
        u = self.understanding
        if any(f.names for f in u.failed):
            return True
        table = u.symbols.at(number)
        keys = {table.occurrence(n, b).key for m in members for n, b in written(m.tree)}
        symbols = [table.symbol(k) for k in keys - u.setting.defined]
        return any(
            s is not None
            and s.shape is None
            and s.kind in ("variable", "input", "parameter")
            and not u.symbols.is_cost(s.key)
            for s in symbols
        )

    def _may_be_numbers(self, number: int, members: tuple[Member, ...]) -> bool:
        """Whether nothing in a line of a page of vectors says that its quantities are vectors."""
        u = self.understanding
        if u.scalars or not u.setting.arrays:
            return False
        table = u.symbols.at(number)
        for member in members:
            for name, behind in written(member.tree):
                occurs = table.occurrence(name, behind)
                symbol = table.symbol(occurs.key)
                if (
                    occurs.transposed
                    or BOLD.match(occurs.key)
                    or (symbol is not None and symbol.shape is not None)
                ):
                    return False
            if any(
                isinstance(n, Table)
                or (isinstance(n, Sign) and n.text in ("\\odot", "\\circ", "\\otimes"))
                for n in nodes(member.tree)
            ):
                return False
        return True

    def as_vectors(
        self, number: int, chain: Chain, head: Member, member: Member, tried: Tried
    ) -> Tried | None:
        """A line of an abstract page with vectors for what may be vectors; None where nothing may.

        Raises Unread or Misfit.
        """
        if self._vectors is None and self._is_abstract:
            vectors = vectors_of(self.understanding)
            self._is_abstract = bool(vectors)
            if vectors:
                u = self.understanding
                page_of_vectors = Understanding(self.page, u.symbols, u.reading, vectors=vectors)
                page_of_vectors.understand()
                self._vectors = Readings(self.page, page_of_vectors)
        if self._vectors is None or tried.way is None:
            return None
        return self._vectors.tried(number, chain, head, member, tried.way)

    def with_equal_sizes(
        self, number: int, chain: Chain, head: Member, member: Member
    ) -> list[Tried]:
        """A line whose shapes fit in no reading, with sizes that are equal where the line needs it."""
        self._loose = True
        try:
            return list(self._climbed(number, chain, head, member, False))
        except (Unread, Misfit):
            return []
        finally:
            self._loose = False

    def _as_numbers(
        self, number: int, chain: Chain, head: Member, member: Member, said: str
    ) -> Iterator[Tried]:
        """The line on a page on which everything is a number."""
        if self._numbers is None:
            page_of_numbers = Understanding(
                self.page, self.understanding.symbols, self.understanding.reading
            )
            page_of_numbers.scalars = True
            page_of_numbers.understand()
            self._numbers = Readings(self.page, page_of_numbers)
        try:
            for found in self._numbers._climbed(number, chain, head, member, False):
                parts = (said, found.reading)
                yield replace(found, reading="; ".join(p for p in parts if p), way=None)
        except (Unread, Misfit):
            return

    def _agreeing(self, tries: Iterator[Tried]) -> Iterator[Tried]:
        for found in tries:
            if found.outcome.agrees and not found.outcome.zero:
                self._open = False
                yield found
                return

    def _with_leaves(
        self, number: int, chain: Chain, head: Member, member: Member
    ) -> Iterator[Tried]:
        """What was not understood taken as given: nothing that the line differentiates by may be a part of it."""  # noqa: E501
        self._leaves = True
        try:
            yield from self._climbed(number, chain, head, member, False)
        except (Unread, Misfit):
            return
        finally:
            self._leaves = False

    def restated(self, number: int, chain: Chain, head: Member, member: Member) -> Iterator[Tried]:
        """A definition of what is made already, as a claim: what it defines itself is not in force."""
        place = number, self._index(number, chain)
        self._without = self.understanding.before(*place)
        self.understanding.without = place
        families = {m.definition.name for m in self.understanding.made if m.place == place}
        try:
            if (
                families
                and families <= set(self._without.definitions)
                and not families & set(self._without.lost)
            ):
                yield from self._agreeing(self._climbed(number, chain, head, member, False))
        except (Unread, Misfit):
            return
        finally:
            self._without = self.understanding.without = None

    def versioned(
        self, number: int, chain: Chain, head: Member, member: Member, model: Model
    ) -> Tried | None:
        """The claim in its default reading with other definitions in force; None where it is not understood so."""  # noqa: E501
        plain = self.understanding.reading
        self._without = model
        try:
            return self.tried(number, chain, head, member, Way("", plain, plain, granting=False))
        except (Unread, Misfit, RecursionError):
            return None
        finally:
            self._without = None

    def by_fewer_ways(
        self, number: int, chain: Chain, head: Member, member: Member, model: Model
    ) -> Tried | None:
        """The claim as it holds where what the model does not make is a function of what it is differentiated by."""  # noqa: E501
        plain = self.understanding.reading
        self._without = model
        try:
            for way in (
                Way("", plain, plain, granting=False),
                Way("", plain, plain, frozenset({"gaps"}), gaps=True, granting=False),
            ):
                found = self.tried(number, chain, head, member, way)
                if found.outcome.agrees and not found.outcome.zero:
                    return found
            return None
        except (Unread, Misfit, RecursionError, _NotHere):
            return None
        finally:
            self._without = None

    def _adds(self, number: int, chain: Chain) -> bool:
        """Whether a definition that follows makes a name that nothing makes here."""
        index = self._index(number, chain)
        ahead, here = (self.understanding.model(number, index, a) for a in (True, False))
        added = {
            n for n, ds in ahead.definitions.items() if len(ds) > len(here.definitions.get(n, ()))
        }
        return bool(added) and not any(n.split("∅")[0] in self.elsewhere for n in added)

    def _climbed(
        self, number: int, chain: Chain, head: Member, member: Member, ahead: bool
    ) -> Iterator[Tried]:
        first: Misfit | None = None
        done = False
        choices: set[str] | None = None
        self._open, self._lacking = True, False
        told = self._in_part(number, chain, head, member, ahead)
        if told is not None:
            self._open = told.outcome.zero and not says_zero(told.sides)
            yield told  # with 0 on both sides it proves nothing, and the line accuses nobody
            if not self._open:
                return
        for way in self._ways((head.tree, member.tree)):
            if choices is not None and not way.needs <= choices:
                continue
            if way.needs and self.spent > MOST_WORK:
                return
            try:
                way = replace(way, ahead=ahead)
                found = self.tried(number, chain, head, member, way)
                found = replace(found, way=way, choices=frozenset(self._choices))
            except _NotHere:
                continue
            except Unread:
                if not done and first is None:
                    raise
                continue
            except Misfit as error:
                first = first or error
                continue
            if choices is None and not way.needs:
                choices = set(self._choices)
            done = True
            self._open = not (found.outcome.agrees and not found.outcome.zero)
            if self._tells_partial and not way.needs and "partial" in found.choices:
                sense = () if way.member.partial else (TOTAL,)
                found = replace(found, granted=(*found.granted, *sense))
            yield found
            outcome = found.outcome
            self._lacking = self._lacking or "is not understood" in outcome.missing
            if (
                not self._open
                or outcome.missing.endswith("takes")
                or (not way.needs and "is not understood" in outcome.missing)
            ):
                return
            if not way.needs and (outcome.zero or outcome.vanishing):
                choices = (choices or set()) & {"cost", "filled", "alone", "entropy", "gaps"}
        if not done and first is not None:
            raise first

    def _ways(self, rows: tuple[Row, Row]) -> Iterator[Way]:
        """The ladder of a line: ∂ is partial where the line tells it from d; total, too, on a page that does so elsewhere."""  # noqa: E501
        if tells_partial_from_total(rows):
            yield from ladder(replace(self.plain, partial=True))
            return
        curved = self.understanding.on_curves and any(is_total(n) for r in rows for n in nodes(r))
        for way in ladder(self.plain):
            yield replace(way, said=ALSO_TOTAL) if curved and not way.said else way

    def _in_part(
        self, number: int, chain: Chain, head: Member, member: Member, ahead: bool
    ) -> Tried | None:
        """A line as it holds with ∂ for partial derivatives, on a page that tells them from total ones."""
        if not self._tells_partial or tells_partial_from_total((head.tree, member.tree)):
            return None
        part = replace(self.plain, partial=True)
        found, as_total = (
            self._plainly(number, chain, head, member, Way("", reading, reading, ahead=ahead))
            for reading in (part, self.plain)
        )
        if found is None or as_total is not None:
            return found
        if found.outcome.zero:
            return replace(found, reading=PARTIAL)  # 0 in this sense alone
        return replace(found, granted=(*found.granted, PARTIAL))

    def _plainly(
        self, number: int, chain: Chain, head: Member, member: Member, way: Way
    ) -> Tried | None:
        """A line in one way, where it holds so."""
        try:
            found = self.tried(number, chain, head, member, way)
        except (_NotHere, Unread, Misfit):
            return None
        outcome = found.outcome
        if not outcome.agrees and not (outcome.zero and outcome.agreed and not outcome.failed):
            return None
        return replace(found, way=way, choices=frozenset(self._choices))

    def in_other_layout(
        self, number: int, chain: Chain, head: Member, member: Member
    ) -> Tried | None:
        """A line as the other layout than the page's has it; None where its shapes do not fit so."""
        plain = self.plain
        first = "outer" if plain.denominator else "inner"
        reading = replace(plain, denominator=not plain.denominator, first=first)
        try:
            return self.tried(number, chain, head, member, Way("", reading, reading))
        except (Unread, Misfit, RecursionError, _NotHere):
            return None

    def is_on_a_condition(self, number: int) -> bool:
        """Whether the page says a condition of a line that is not read."""
        return number in self._places and on_a_condition(
            self.page.items, self._places[number], self._is_index
        )

    def _is_index(self, letter: str) -> bool:
        symbol = self.understanding.symbols.at(0).symbol(letter)
        return symbol is not None and symbol.kind in ("index", "size")

    def _around(self, number: int) -> list[Chain]:
        """The conditions that the words around a formula state."""
        if number not in self._stated:
            self._stated[number] = (
                around(self.page.items, self._places[number]) if number in self._places else []
            )
            self._stated[number] = [*self._stated[number], *self._beside(number)]
        return self._stated[number]

    def as_said_before(
        self, number: int, chain: Chain, head: Member, member: Member
    ) -> Iterator[tuple[str, Tried]]:
        """The claim with an order of its indices that the page states for a line before; in what words."""
        if number not in self._places:
            return
        plain, kept = self.understanding.reading, self._around(number)
        seen: set[str] = set()
        for formula in orders_before(self.page.items, self._places[number]):
            said = self.page.source.text[formula.chains[0].members[0].start : formula.end]
            said = said.rstrip("$\\) ")
            if said in seen or len(seen) >= ORDERS_TRIED:
                continue
            seen.add(said)
            self._stated[number] = [*kept, formula.chains[0]]
            try:
                yield said, self.tried(number, chain, head, member, Way("", plain, plain))
            except (Unread, Misfit, RecursionError):
                continue
            finally:
                self._stated[number] = kept

    def _beside(self, number: int) -> list[Chain]:
        """The condition that a display states behind its only claim: "where i = j"."""
        item = self.page.items[self._places[number]] if number in self._places else None
        roles = self.understanding.symbols.roles
        if not isinstance(item, Formula) or len(item.chains) != 2:
            return []
        role = roles.get((number, 1))
        return [item.chains[1]] if role is not None and role.why == INDEX else []

    def _index(self, number: int, chain: Chain) -> int:
        item = self.page.items[self._places[number]] if number in self._places else None
        return (
            next((i for i, c in enumerate(item.chains) if c is chain), 0)
            if isinstance(item, Formula)
            else 0
        )

    def tried(self, number: int, chain: Chain, head: Member, member: Member, way: Way) -> Tried:
        """The claim in one reading. Raises Unread or Misfit where it is not understood in it."""
        u = self.understanding
        u.setting.dims, kept = u.setting.dims.copy(), u.setting.dims
        u.setting.parts, u.setting.dims.said = {}, {}
        u.setting.dims.loose = u.setting.dims.loose or self._loose
        try:
            u.setting.dims.across = way.head.across
            elaborator = u.elaborator(number, way.head, self._index(number, chain))
            left = self._head(elaborator, number, head)
            elaborator.reading = replace(way.member, base=elaborator.reading.base)
            elaborator.headed = set(letters_in(left.body)) - {a.letter for a in left.axes}
            right = elaborator.in_brackets(member.tree, elaborator.row(member.tree))
            slip = u.slips.get((number, self._index(number, chain)))
            if slip is not None:
                right = replace(right, body=move(right.body, {slip[0]: Time.of(slip[1])}))
            tests = conditions(chain.conditions, elaborator) + related(
                self._around(number), elaborator
            )
            found = self._sides(left, right, elaborator, way)
            made = self._compared(number, chain, elaborator, found, tests, way)
            if elaborator.notes and not made.outcome.agrees:
                raise Unread(head.start, "a whole derivative")
            said = tuple(u.setting.dims.said)
            return replace(
                made, supposed=said, reading="; ".join(p for p in (made.reading, *said) if p)
            )
        finally:
            u.setting.dims = kept

    def _head(self, elaborator: Elaborator, number: int, head: Member) -> Val:
        """The left side, which is read once for all that is compared with it in one reading."""
        read, key = self._read, (number, elaborator.reading, self._loose)
        if read is None or read.key != key or read.head is not head:
            before = dict(elaborator.setting.size_of)
            value = elaborator.row(head.tree)
            read = self._read = HeadRead.of(key, head, value, elaborator, before)
        else:
            read.say(elaborator)
        return read.value

    def _sides(self, left: Val, right: Val, elaborator: Elaborator, way: Way) -> Sides:
        right = kept_once(left, right)
        if way.factor is not None:
            whole = with_the_array(left, right, elaborator.dims, way.factor)
            if whole is None:
                raise _NotHere
            right = whole
        if {ROWWISE, COLUMNWISE} & set(elaborator.dims.said):
            elaborator.choices.add("along")
        if not isinstance(left.body, D):
            elaborator.choices.add("product")
        elif not any(isinstance(p, D) for p in walk(right.body)) and not _is_of_steps(
            left.body, elaborator
        ):
            elaborator.choices.add("direct")
        elif "direct" in way.needs:
            raise _NotHere
        if left.rank == right.rank == 2:
            elaborator.choices.add("matrix")
        elif way.turned:
            raise _NotHere
        if way.turned:
            right = transposed(right)
        step = _step_alone(left, right, elaborator)
        if step:
            elaborator.choices.add("alone")
            left = replace(left, body=_at_step(left.body, step)) if way.alone else left
        elif way.alone:
            raise _NotHere
        found = sides(
            left,
            right,
            elaborator.dims,
            elaborator.letters,
            elaborator.ordered,
            way.member.repeated,
        )
        if found.note and way.head.turned != self.understanding.reading.turned:
            raise _NotHere  # turned twice
        latest = (
            with_latest_immediate(found.right, found.left) if isinstance(found.left, D) else None
        )
        if latest is not None:
            elaborator.choices.add("part")
        if way.part == LATEST:
            if latest is None:
                raise _NotHere
            found = replace(found, right=latest)
        elif (
            isinstance(found.left, D)
            and found.left in walk(found.right)
            and found.left != found.right
        ):
            elaborator.choices.add("part")
            found = (
                replace(found, right=_parted(found.right, found.left, way.part))
                if way.part
                else found
            )
        elif way.part:
            raise _NotHere
        made = self.understanding.made
        summed = of_the_sum(
            found,
            self.understanding._kind,
            lambda n: (m.definition.body for m in made if m.definition.name == n),
        )
        if summed is not None:
            elaborator.choices.add("mean")
            found = summed if way.mean else found
        elif way.mean:
            raise _NotHere
        self._choices = elaborator.choices
        return found

    def _compared(
        self,
        number: int,
        chain: Chain,
        elaborator: Elaborator,
        found: Sides,
        tests: list[Test],
        way: Way,
    ) -> Tried:
        u = self.understanding
        model = self._without or u.model(number, self._index(number, chain), way.ahead)
        model = with_steps(u, model, found, number)
        model = freed(model, found, u.setting.lagrangians)
        stand_in = self._stand_in
        if stand_in is not None:
            for one, other in stand_in.same:
                elaborator.dims.unify(one, other)
        sizes = {a: elaborator.dims.find(d) for a, d in u.setting.size_of.items()}
        model = Model(
            with_stand_in(model.definitions, stand_in),
            dict(u.setting.slots),
            {},
            model.lost,
            {**model.horizons, **sizes},
            model.positive,
            model.normalised,
        )
        self._supposed = ()
        found, made, assumed, unknown = self._with_costs(model, found, way)
        model = Model(
            made.definitions,
            {**model.slots, **made.slots},
            {},
            made.lost,
            {**made.horizons, **model.horizons},
            made.positive,
            {**made.normalised, **model.normalised},  # models are kept, and sizes may differ
        )
        if assumed:
            self._choices |= {"cost", "entropy"} if self.speaks_of_entropy else {"cost"}
        elif way.last or way.entropy:
            raise _NotHere
        if any(isinstance(p, D) for side in (found.left, found.right) for p in walk(side)):
            self._choices.add("gaps")
        if self._leaves:
            model = self._as_leaves(model, number, found)
        if way.turned and not _has_slopes(found, model):
            raise _NotHere  # H^T = H is no matter of the layout
        said = way.said or (
            "up to the layout: one side is the other transposed" if found.note == "layout" else ""
        )
        said = "; ".join(dict.fromkeys(filter(None, (*elaborator.notes, said, *self._supposed))))
        judgement = self._judgement(model, elaborator)
        judgement.hasty = way.hasty or bool(way.needs)
        judgement.spent = 0
        outcome = judgement.compare(found, tests)
        self.spent += judgement.spent
        if "direct" in way.needs and outcome.zero:
            raise _NotHere  # what is not named in a formula is not held constant by it
        given = {} if outcome.agrees else u.values(number)
        if given:
            at_values = self._judgement(model, elaborator, given).compare(found, tests, GIVEN)
            if at_values.agrees:
                return Tried(found, at_values, said, (*assumed, *unknown), tuple(given.items()))
        if outcome.differs and not outcome.missing and (normal := targets(model, found)):
            down = frozenset(
                n + DOWN if model.slots.get(n, ()) == ("component", "component") else n
                for n in normal
            )
            for sums in dict.fromkeys((normal, down)):
                summing = self._judgement(model, elaborator, normal=sums).compare(found, tests)
                if summing.agrees:
                    return Tried(found, summing, said, (*assumed, *unknown))
        if outcome.differs and not said and way.granting:
            for granted, words, spoken in suppositions(u, model, found):
                drawn = self._granted(granted, elaborator, found, tests)
                if drawn is not None and (drawn.agrees or missing_condition(found, drawn)):
                    listed = (*assumed, *unknown)
                    if not spoken or not drawn.agrees:
                        return Tried(found, drawn, "; ".join(words), listed)
                    return Tried(found, drawn, said, listed, granted=words)
        return Tried(found, outcome, said, (*assumed, *unknown))

    def _granted(
        self, model: Model, elaborator: Elaborator, found: Sides, tests: list[Test]
    ) -> Outcome | None:
        """How a line compares where its noise is noise and its symmetric matrices are; None where these have no one size."""  # noqa: E501
        kept = elaborator.dims.copy()
        try:
            for name in model.symmetric:
                elaborator.dims.unify(f"{name}:0", f"{name}:1")
            judgement = self._judgement(model, elaborator)
            judgement.hasty = False
            return judgement.compare(found, tests, WITH_NOISE if model.noise else WORLDS)
        except Misfit:
            return None
        finally:
            elaborator.dims = kept

    def _as_leaves(self, model: Model, number: int, found: Sides) -> Model:
        by = {
            x.by.name.split("∅")[0]
            for side in (found.left, found.right)
            for x in walk(side)
            if isinstance(x, D)
        }
        kept = {}
        for name, why in model.lost.items():
            above = self.understanding.upstream(model, number, name)
            if not above or by & above:
                kept[name] = why
        definitions = {
            n: ds for n, ds in model.definitions.items() if n not in model.lost or n in kept
        }
        return Model(definitions, model.slots, model.dims, kept, model.horizons, model.positive)

    def _with_costs(
        self, model: Model, found: Sides, way: Way
    ) -> tuple[Sides, Model, list[str], list[str]]:
        """The line and the model with the names of the formulas that it differentiates by, with its costs, and with what it alone speaks of."""  # noqa: E501
        names = set(differentiated([found.left, found.right]))
        parts = self.understanding.setting.parts
        if parts:
            listed = sorted(parts.values(), key=lambda p: -weight(p.body))
            found = replace(found, left=named(found.left, listed), right=named(found.right, listed))
        by = frozenset(
            x.by.name for side in (found.left, found.right) for x in walk(side) if isinstance(x, D)
        )
        free = self.understanding.setting.lagrangians  # of which what is differentiated by is free
        of = {
            x.of.name
            for side in (found.left, found.right)
            for x in walk(side)
            if isinstance(x, D) and isinstance(x.of, Ref)
        }
        own = [] if of & free else formulas_of(model, sorted(by))
        if own:
            found = replace(found, left=named(found.left, own), right=named(found.right, own))
        light = [p for p in own if weight(p.body) < HEAVY]
        seen = self._kept(
            (signature(model), *(p.name for p in light)),
            lambda: through(model, light + formulas_of(model, sorted(model.definitions), HEAVY)),
        )
        if of & free:
            seen = model
        seen = replace(seen, slots=model.slots, horizons=model.horizons)
        if parts:
            seen = self._kept(
                (signature(seen), tuple(parts.values())), lambda: with_parts(seen, parts)
            )
        if way.gaps:
            filled = with_gaps(seen, [found.left, found.right], self.slopes, self.told_alone)
            if filled is None:
                raise _NotHere
            self._supposed = filled.supposed
            model = self._kept((signature(seen), filled.names), lambda: filled.model)
            return found, model, [], list(filled.names)
        unknown = seen
        chain = with_unknown(seen, [found.left, found.right], self.told_alone)
        if chain is not None:
            self._supposed = chain.supposed
            pairs = frozenset(slopes_in([found.left, found.right]))
            unknown = self._kept((signature(seen), pairs), lambda: chain.model)
        missing = missing_costs(unknown, names | self._differentiated_below(found, unknown))
        made_by = frozenset(n for n in by if n in unknown.definitions) if missing else frozenset()
        key = (signature(unknown), tuple(missing), way.last, way.entropy, made_by)
        if key not in self._costs:
            self._costs[key] = with_costs(
                unknown,
                missing,
                self.understanding.setting.shared_dims,
                way.last,
                way.entropy,
                frozenset(f[2] for f in self.understanding.functions),
                made_by,
            )
        alone = [n for n in unknown.definitions if n not in seen.definitions]
        made, costs = self._costs[key]
        self._supposed += other_ways(costs, self.told, made)
        return (found, *self._costs[key], alone)

    def _differentiated_below(self, found: Sides, model: Model) -> set[str]:
        """What the definitions that a line rests on differentiate: the C of δ_t = ∂C/∂h_t."""
        made = depended((found.left, found.right), model)
        return set(differentiated([d.body for n in made for d in model.definitions.get(n, ())]))

    @cached_property
    def told(self) -> Mapping[str, frozenset[str]]:
        """What the page says quantities to be functions of."""
        return arguments_told(self.understanding)

    @cached_property
    def told_alone(self) -> Mapping[str, frozenset[str]]:
        """What the page says quantities to be functions of, and of nothing else."""
        return arguments_alone(self.understanding)

    @property
    def slopes(self) -> Mapping[str, list[Slope]]:
        """All that the claims of the page differentiate, and by what."""
        if self._slopes is None:
            u, self._slopes = self.understanding, {}
            for number, index, chain in u.chains():
                u.setting.dims, kept = u.setting.dims.copy(), u.setting.dims
                u.setting.parts, u.setting.dims.said = {}, {}
                try:
                    elaborator = u.elaborator(number, None, index)
                    for member in chain.members:
                        self._note_slopes(elaborator, member)
                finally:
                    u.setting.dims = kept
        return self._slopes

    def _note_slopes(self, elaborator: Elaborator, member: Member) -> None:
        assert self._slopes is not None
        try:
            body = elaborator.row(member.tree).body
        except (Unread, Misfit, RecursionError):
            return
        for of, by in slopes_in([body]):
            if of.name != by.name or of.index != by.index:
                self._slopes.setdefault(of.name, []).append((of, by))

    def _kept(self, key: object, make: Callable[[], Model]) -> Model:
        """A model that is made once, so that lines share the worlds of its definitions."""
        if key not in self._models:
            self._models[key] = make()
        return self._models[key]

    def _judgement(
        self,
        model: Model,
        elaborator: Elaborator,
        given: Mapping[str, Fraction] = MappingProxyType({}),
        normal: frozenset[str] = frozenset(),
    ) -> Judgement:
        """The worlds of a model: those of all models of one horizon, in which what two have in common is worked out once."""  # noqa: E501
        key = (
            elaborator.dims.known,
            tuple(sorted(model.horizons.items())),
            tuple(sorted(model.normalised.items())),
            model.positive,
            model.noise,
            model.steady,
            model.symmetric,
            tuple(sorted(given.items())),
            normal,
        )
        if key not in self._judgements:
            self._judgements[key] = Judgement(
                model, elaborator.dims, self.understanding.base, given, normal
            )
        found = self._judgements[key]
        found.use(model, elaborator.dims, self._versions.of(model))
        return found


def _opaque_in(plain: Model, found: Tried) -> list[str]:
    made = found.outcome.model
    return told_opaque(made, plain, found.sides) if made is not None else []


def targets(model: Model, found: Sides) -> frozenset[str]:
    """The inputs that weigh logarithms in a cost, which a line may differentiate as it is written: what is compared with is a distribution, and sums to one."""  # noqa: E501
    bodies = [d.body for definitions in model.definitions.values() for d in definitions]
    costs = [p.of for side in (found.left, found.right) for p in walk(side) if isinstance(p, D)]
    return frozenset(
        f.name
        for body in (*bodies, *costs)
        for part in walk(body)
        if isinstance(part, Mul)
        and any(isinstance(f, Fn) and f.name == "\\log" for f in part.factors)
        for f in part.factors
        if isinstance(f, Ref) and f.name not in model.definitions
    )


def _step_alone(left: Val, right: Val, elaborator: Elaborator) -> str:
    """The step that a member speaks of where its head is the derivative by a parameter; empty where it is not so."""  # noqa: E501
    slopes = [x for x in walk(left.body) if isinstance(x, D)]
    if len(slopes) != 1 or not derivatives.by_parameter(elaborator, Val((), slopes[0].by)):
        return ""
    horizons = elaborator.setting.horizons
    steps = [
        a
        for a in elaborator.ordered
        if a in letters_in(right.body) and a not in letters_in(left.body) and a not in horizons
    ]
    if not steps:
        steps = [str(i.shift) for i in _numbered_steps(right.body, slopes[0].by, elaborator)]
    return steps[0] if len(steps) == 1 else ""


def _names_entropy(text: str) -> bool:
    """Whether a sentence names the cross entropy, and does not say that it is another cost."""
    sentences = (s for s in re.split(r"[.;](?:\s|$)|[。；]", text) if ENTROPY.search(s))
    return any(not DENIED.search(s) for s in sentences)


def _is_of_steps(slope: D, elaborator: Elaborator) -> bool:
    """Whether what is differentiated is made of steps and layers, and by a parameter: that is total."""
    slots = elaborator.setting.slots
    timed = {"time", "layer"}
    if not isinstance(slope.of, Ref):
        made_of = {s for r in walk(slope.of) if isinstance(r, Ref) for s in slots.get(r.name, ())}
        return bool(timed & (made_of | set(slots.get(slope.by.name, ()))))
    if not timed & set(slots.get(slope.of.name, ())):
        return bool(timed & set(slots.get(slope.by.name, ())))
    return derivatives.by_parameter(elaborator, Val((), slope.by))


def _numbered_steps(x: Core, parameter: Ref, elaborator: Elaborator) -> set[Time]:
    """The steps with a number that a product's last factor is of: the 1 of ∂h_1/∂W."""
    found = set()
    for part in walk(x):
        if isinstance(part, D) and isinstance(part.of, Ref) and part.by.name == parameter.name:
            slots = elaborator.setting.slots.get(part.of.name, ())
            index = [
                i for i, s in zip(part.of.index, slots, strict=False) if s in ("time", "layer")
            ]
            found |= {i for i in index if i.is_number}
    return found


def _has_slopes(found: Sides, model: Model) -> bool:
    """Whether a line has to do with derivatives, in it or in what makes its names."""
    parts = (found.left, found.right)
    bodies = [d.body for n in depended(parts, model) for d in model.definitions.get(n, ())]
    return any(isinstance(p, D) for x in (*parts, *bodies) for p in walk(x))


def _at_step(x: Core, step: str) -> Core:
    if isinstance(x, D):
        return D(x.of, x.by, "at", (step,))
    return rebuild(x, lambda p: _at_step(p, step))


def _parted(x: Core, whole: D, part: str) -> Core:
    """A formula with a derivative in it replaced by a part of that derivative."""
    if x == whole:
        return D(whole.of, whole.by, part)
    return rebuild(x, lambda p: _parted(p, whole, part))
