"""What a page has defined so far, and what a further equation for a name is: version, repetition, claim.

A definition is in force from its formula to the next one of the same form; a variant in a list item
only there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from derive.notation import habits
from derive.notation.abridged import ABRIDGED, shows_part_of
from derive.notation.occurrences import Occurrence, Reader
from derive.notation.recursions import goes_on_from
from derive.notation.sides import (
    bare_key,
    canonical,
    cells,
    collects,
    is_arithmetic,
    is_gradient,
    is_value,
    positive,
    same_index,
    says_dependence,
    starts_from_zero,
)
from derive.notation.slots import Where, is_derivative, names_in, plain
from derive.text.trees import Big, Name, Number, Row, walk

Kind = Literal["definition", "setting", "shape", "claim", "remark", "assignment"]

RESTATES = "says in another form what is defined"
RENEWING = re.compile(
    r"\b(?:becomes?|becoming|now|from now on|instead|variant|another|modern|new|alternatively|redefine\w*|"
    r"leading to|later|second|replace\w*|simplif\w+|generali[sz]\w+|extend\w*)\b",
    re.IGNORECASE,
)
CONCLUDING = re.compile(
    r"\b(?:claims?|then|so|hence|therefore|thus|we (?:get|have|obtain|find|know|see|can (?:see|show))|"
    r"yields?|recall\w*|expand\w*|unroll\w*|implies|show that|prove\w*|rewrite\w*|rewritten|substitut\w+|"
    r"remember|that is)\b[^.!?]*$",
    re.IGNORECASE,
)
CHOICE = re.compile(r"(?:\b(?:or|oder|ou|sinon)|或者?|または|或いは|또는|или)\W*$", re.IGNORECASE)
"""Words between two ways to make a name."""
OR_ELSE = "another choice"
ANOTHER_STEP = "another step of what is defined"
DEPENDS = "says what it depends on"
BOTH_SIDES = "the name stands on both sides"
REPEATS = "repeats a definition"
WORKED_OUT = "numbers put into what is defined"
WRITTEN_OUT = frozenset(("softmax", "logsumexp", "sigmoid", "sigm", "\\sigma"))
"""Functions of whole vectors that a page writes out entry by entry, with exp."""
BETWEEN = "an equation between expressions"


def _is_of_numbers(row: Row) -> bool:
    return is_value(row) or is_arithmetic(row)


def _number_of(found: Occurrence) -> int | None:
    """The number that is the one index of a name."""
    rows = [plain(row) for _, row in found.indices]
    return int(rows[0]) if len(rows) == 1 and rows[0].isdigit() else None


def _is_other_member(one: Occurrence, other: Occurrence) -> bool:
    """Whether two written names are z_1^1 and z_2^1: members that numbers tell apart."""
    pairs = zip(one.indices, other.indices, strict=True)
    numbers = [(plain(p), plain(q)) for (_, p), (_, q) in pairs]
    return any(p != q and p.isdigit() and q.isdigit() for p, q in numbers)


@dataclass(frozen=True, slots=True)
class Role:
    """What the first equation of a chain is; see `scope`: the formulas in which it is in force, both
    ends included."""

    kind: Kind
    key: str | None = None
    target: Occurrence | None = None
    why: str = ""
    scope: tuple[int, int] = (0, 0)
    lost: frozenset[str] = frozenset()
    named: Occurrence | None = None
    """The new name at the end of a chain whose head is a derivative: ∂L/∂z = … = δ."""


@dataclass
class Known:
    """What has been defined so far under one key."""

    occurrence: Occurrence
    right: str
    number: int
    where: Where
    adjoint: bool = False
    value: bool = False
    made_of: frozenset[str] = frozenset()
    arguments: frozenset[str] = frozenset()
    forms: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    """The keys on its right side."""
    collects: bool = False
    """Whether it only collects what stands for itself: θ = {φ, ψ}, w = (w_{ij})."""
    last: int | None = None
    """The last formula of the item in which alone a variant holds."""
    backwards: bool = False
    """Whether it looks at the step after: λ_t = … λ_{t+1}."""
    looks_back: bool = False
    """Whether it uses anything of the step before."""
    row: Row = ()


@dataclass
class Ledger:
    """The definitions of a page, in the order in which they are met."""

    reader: Reader
    wheres: Mapping[int, Where]
    last: int
    known: dict[str, list[Known]] = field(default_factory=dict)
    found: dict[tuple[int, int], Role] = field(default_factory=dict)
    lengths: dict[tuple[int, int], int] = field(default_factory=dict)

    def _definition(
        self, found: Occurrence, right: Row, number: int, where: Where, relation: str
    ) -> Role:
        """A first definition, its repetition, a version, or a claim on what is defined already."""
        spelled = canonical(found, right)
        before = [
            k
            for k in self.known.get(found.key, ())
            if k.occurrence.form == found.form and not _is_other_member(k.occurrence, found)
        ]
        latest = [k for k in before if self._is_special(k.occurrence) == self._is_special(found)][
            -1:
        ]
        if is_value(right) and not found.indices and any(k.right == spelled for k in latest):
            return Role("setting", found.key, found, "the value again")
        renewed = relation == ":=" or RENEWING.search(where.before)
        if not renewed and self._is_worked_out(found, right):
            return Role("claim", found.key, found, WORKED_OUT)
        if says_dependence(found, right):
            return Role("setting", found.key, found, DEPENDS)
        if any(k.right == spelled and same_index(k.occurrence, found) for k in latest):
            chosen = CHOICE.search(where.before) is not None
            return Role("claim", found.key, found, OR_ELSE if chosen else REPEATS)
        if any(shows_part_of(right, k.row) and same_index(k.occurrence, found) for k in latest):
            return Role("setting", found.key, found, ABRIDGED)
        if any(shows_part_of(k.row, right) and same_index(k.occurrence, found) for k in latest):
            self._define(found, right, number)
            return Role("definition", found.key, found, "what was abridged, in full")
        if not before and self._turns_round(found, right, number):
            return Role("claim", found.key, found, "an equation that is solved for another name")
        adjoint = any(
            is_derivative(n) or is_gradient(n) or (isinstance(n, Name) and n.letter == "\\partial")
            for n in walk(right)
        )
        whole = relation != ":=" and not before and "component" not in found.form
        if whole and self._is_adjoint_by_entries(found):
            return Role("claim", found.key, found, "an equation for an adjoint that is defined")
        if relation == ":=" or not before:
            if relation != ":=" and self._restates(found, right, number):
                return Role("claim", found.key, found, RESTATES)
            self._define(found, right, number, adjoint)
            return Role(
                "definition", found.key, found, "defines" if not before else "a new version"
            )
        if self._is_special(found) and any(not self._is_special(k.occurrence) for k in before):
            return self._boundary(found, right, number)
        if not self._is_special(found) and all(self._is_special(k.occurrence) for k in before):
            if "component" not in found.form and self._is_adjoint_by_entries(found):
                why = "an equation for an adjoint that is defined"
                return Role("claim", found.key, found, why)
            self._define(found, right, number, adjoint)
            return Role("definition", found.key, found, "defines beside a boundary value")
        if all(goes_on_from(found, k.occurrence, right) for k in before):
            self._define(found, right, number, adjoint)
            return Role("definition", found.key, found, "defines beside a boundary value")
        return self._second(found, right, number, where, before, adjoint)

    def _is_worked_out(self, found: Occurrence, right: Row) -> bool:
        """Whether a side is numbers put into what letters have made: z_1 = 0.15 * 0.05, of z_i = w_i x_i. Where a recursion begins is none."""  # noqa: E501
        if found.arguments is not None or not is_arithmetic(right):
            return False
        general = [k for k in self.known.get(found.key, ()) if not _is_of_numbers(k.row)]
        if not general or any(k.backwards for k in general):
            return False
        step = _number_of(found)
        if step is None:
            return not found.indices
        begun = [_number_of(k.occurrence) for k in self.known[found.key]]
        return not any(k.looks_back for k in general) or any(
            n is not None and n < step for n in begun
        )

    def _turns_round(self, found: Occurrence, right: Row, number: int) -> bool:
        """Whether b = a + e says no more than e = b - a has said: the names of an equation, all at one index."""  # noqa: E501
        keys = self._keys_of(right, number)
        own = [plain(row) for _, row in found.indices]
        return any(
            {found.key, *keys} == {*k.made_of, key}
            and [plain(row) for _, row in k.occurrence.indices] == own
            and own == [plain(row) for _, row in self._indices_in(right, key, number)]
            for key in keys
            for k in self.known.get(key, ())
            if found.key in k.made_of and k.occurrence.arguments is None
        )

    def _indices_in(self, right: Row, key: str, number: int) -> tuple[tuple[str, Row], ...]:
        """The indices with which a name first stands in a row."""
        read = (self.reader.read(n, b, number) for n, b, _ in names_in(right))
        return next((o.indices for o in read if o.key == key), ())

    def _is_adjoint_by_entries(self, found: Occurrence) -> bool:
        """Whether δ^l_i = ∂C/∂z^l_i has said what δ^l is: a recursion for it is a claim."""
        return any(
            k.adjoint
            and not self._is_special(k.occurrence)
            and tuple(d for d in k.occurrence.form if d != "component") == found.form
            for k in self.known.get(found.key, ())
        )

    def _restates(self, found: Occurrence, right: Row, number: int) -> bool:
        """Whether z^l = w^l a^{l-1} + b^l only says for whole layers what z^l_i = … has said for
        components."""
        same = [
            k
            for k in self.known.get(found.key, ())
            if [d for d in k.occurrence.form if d != "component"]
            == [d for d in found.form if d != "component"]
            and k.occurrence.form != found.form
            and ("component" in k.occurrence.form) != ("component" in found.form)
        ]
        where = self.wheres[number]
        if not same or where.section != same[-1].where.section or RENEWING.search(where.before):
            return False
        made_of = same[-1].made_of
        written_out = frozenset(["exp", "e", "log", "ln"]) if made_of & WRITTEN_OUT else frozenset()
        keys = self._keys_of(right, number) - written_out
        if keys <= made_of or CONCLUDING.search(where.before):
            return True
        entries = frozenset(key.lower() for key in made_of)  # W is the matrix of the w_{ij}
        whole = "component" in same[-1].occurrence.form
        return whole and all(k in made_of or k.lower() in entries for k in keys)

    def _keys_of(self, row: Row, number: int) -> frozenset[str]:
        """The keys of a row, those of indices left out."""
        return frozenset(
            self.reader.read(n, b, number).key for n, b, c in names_in(row) if c != "bound"
        )

    def _works_out(self, found: Occurrence, latest: Known, right: Row, number: int) -> bool:
        """Whether f(z) = … has a defined z put in, or a right side has what its names stand for put in."""
        names = [n for row in found.arguments or () for n, _, _ in names_in(row)]
        put_in = [self.reader.read(n, None, number) for n in names]
        made = [
            o.key
            for o in put_in
            if any(k.occurrence.form == o.form for k in self.known.get(o.key, ()))
        ]
        if any(key not in latest.arguments for key in made):
            return True
        keys = self._keys_of(right, number)
        gone = latest.made_of - keys - {found.key}
        inside = (
            frozenset(x for k in gone for d in self.known.get(k, ())[-1:] for x in d.made_of) - gone
        )
        return (
            bool(gone)
            and bool(inside)
            and gone <= self.known.keys()
            and inside <= keys
            and keys - latest.made_of <= inside
        )

    def _forms_of(self, row: Row, number: int) -> frozenset[tuple[str, tuple[str, ...]]]:
        """The keys of a row with the slots that they fill."""
        read = (self.reader.read(n, b, number) for n, b, c in names_in(row) if c != "bound")
        return frozenset((o.key, o.form) for o in read)

    def _second(
        self,
        found: Occurrence,
        right: Row,
        number: int,
        where: Where,
        before: Sequence[Known],
        adjoint: bool,
    ) -> Role:
        latest = before[-1]
        moved_on = where.section != latest.where.section or where.item != latest.where.item
        renewed = bool(RENEWING.search(where.before))
        if CHOICE.search(where.before):
            return Role("claim", found.key, found, OR_ELSE)
        listed = self._keys_of(right, number)
        own = listed == {found.key} and len(right) == 1 and bool(cells(right[0]))
        if own and collects(found, right, listed, self.known):
            return Role("claim", found.key, found, "a column of the entries of what is defined")
        concluded = bool(CONCLUDING.search(where.before)) and not renewed
        pure = len(positive(right)) == 1 and is_derivative(positive(right)[0])
        adjoints = latest.adjoint or found.key.startswith(("\\delta", "\\lambda"))
        if adjoints and not (moved_on and (pure or renewed)):
            return Role("claim", found.key, found, "an equation for an adjoint that is defined")
        if found.arguments is not None and is_value(right):
            return Role("claim", found.key, found, "a value of what is defined")
        keys = self._keys_of(right, number)
        if keys != latest.made_of and self._is_in_capitals(keys, latest.made_of):
            return Role("setting", found.key, found, "says in matrices what is defined")
        if not moved_on and not renewed and self._works_out(found, latest, right, number):
            why = "concluded from what stands before" if concluded else "works out what is defined"
            return Role("claim", found.key, found, why)
        base = bare_key(found)
        made_by_cases = (
            found.arguments is not None and base not in habits.LOSS and not is_value(right)
        )
        primed = {self.reader.read(n, b, number).key for n, b, _ in names_in(right) if n.primes} - {
            found.key
        }
        if made_by_cases and not moved_on and primed and primed <= latest.made_of:
            return Role("claim", found.key, found, "slopes of what it is made of")
        if (
            made_by_cases
            and (self.reader.is_function(base) or base in self.reader.listed)
            and not adjoint
        ):
            self._define(found, right, number)
            return Role("definition", found.key, found, "a new version of a function")
        if self._is_moved(found) and not self._is_moved(latest.occurrence):
            return Role("claim", found.key, found, ANOTHER_STEP)
        same_section = where.section == latest.where.section
        again = self._forms_of(right, number) == latest.forms
        here = same_section and where.item == latest.where.item
        if not renewed and here and (not where.display or again):
            return Role("claim", found.key, found, "says again what is defined")
        if not (renewed or moved_on) and self._substitutes(latest, keys, right):
            return Role("claim", found.key, found, "a part of what is defined has got a name")
        unrolled = not self._is_special(found) and starts_from_zero(
            found, right, self.reader, number
        )
        if unrolled or any(isinstance(n, Big) and n.kind == "prod" for n in walk(right)):
            return Role("claim", found.key, found, "unrolled")
        if adjoint and not moved_on:
            return Role("claim", found.key, found, "an equation with derivatives")
        if concluded and (not moved_on or (same_section and not where.item)):
            return Role("claim", found.key, found, "concluded from what stands before")
        self._define(found, right, number, adjoint)
        return Role("definition", found.key, found, "a new version")

    def _is_in_capitals(self, keys: frozenset[str], before: frozenset[str]) -> bool:
        """Whether y = f(Z) says with the capital Z, made beside z, what y = f(z) has said."""
        new, gone = keys - before, before - keys
        return (
            bool(new)
            and {k.split("^")[0].lower() for k in new} == {k.split("^")[0] for k in gone}
            and all(k != k.lower() and k in self.known for k in new)
        )

    def _is_moved(self, found: Occurrence) -> bool:
        return any(len(row) > 1 for domain, row in found.indices if domain in ("time", "layer"))

    def _substitutes(self, latest: Known, keys: frozenset[str], right: Row) -> bool:
        """Whether a right side uses names that were given since to parts of the right side before.

        A name for all of L = a^2 stands alone where it is put in: L = b^2 with b = a^2 is another L.
        """
        new = keys - latest.made_of - {latest.occurrence.key}
        if new & habits.KNOWN:
            return False  # another function
        since = [k for key in new for k in self.known.get(key, ())]
        return any(
            k.number >= latest.number
            and len(k.right) > 1
            and k.right in latest.right
            and (k.right != latest.right or len(right) == 1)
            for k in since
        )

    def _boundary(self, found: Occurrence, right: Row, number: int) -> Role:
        """A value at one step: λ_T = …, h_0 = 0, c_1 = 0; a claim where it is worked out from the rest."""
        where = self.wheres[number]
        indices = [plain(row) for _, row in found.indices]
        end = any(
            text in ("0", "T", "T+1", "N", "N+1", "L", "1", "n", "n+1", "\\tau", "K", "S")
            for text in indices
        )
        general = [k for k in self.known.get(found.key, ()) if not self._is_special(k.occurrence)]
        looking = any(known.looks_back for known in general)
        if general and not looking and not any(found.key in k.made_of for k in general):
            return Role("claim", found.key, found, "a step of what is defined without a start")
        layered = any(d == "layer" and isinstance(row[0], Number) for d, row in found.indices)
        if layered and not CONCLUDING.search(where.before):
            return Role("definition", found.key, found, "a layer of its own")
        if (is_value(right) or len(right) == 1) and end:
            return Role("definition", found.key, found, "a boundary value")
        backwards = self._runs_backwards(found.key)
        last = any(
            text in ("T", "T+1", "N", "N+1", "L", "n", "n+1", "\\tau", "K", "S") for text in indices
        )
        if end and last == backwards and not CONCLUDING.search(where.before):
            return Role("definition", found.key, found, "a boundary value")
        return Role("claim", found.key, found, "a step of what is defined")

    def _runs_backwards(self, key: str) -> bool:
        return any(known.backwards for known in self.known.get(key, ()))

    def _is_special(self, found: Occurrence) -> bool:
        """Whether a left side is at one step only: a number, T, T-1, L."""
        for domain, row in found.indices:
            if domain in ("time", "layer"):
                first = row[0]
                if isinstance(first, Number) or (
                    isinstance(first, Name) and first.letter in ("T", "N", "L", "K", "S")
                ):
                    return True
                if (
                    isinstance(first, Name)
                    and first.letter in ("n", "\\tau", "\\ell")
                    and len(row) == 1
                ):
                    return self._is_horizon(first.letter)
        return False

    def _is_horizon(self, letter: str) -> bool:
        survey = self.reader.survey
        if letter in survey.bound:
            return False
        return survey.linked_anywhere(letter)

    def _define(self, found: Occurrence, right: Row, number: int, adjoint: bool = False) -> None:
        where = self.wheres[number]
        keys = self._keys_of(right, number)
        known = Known(
            found,
            canonical(found, right),
            number,
            where,
            adjoint,
            is_value(right),
            made_of=keys,
            arguments=self._keys_of(tuple(n for row in found.arguments or () for n in row), number),
            forms=self._forms_of(right, number),
            collects=collects(found, right, keys, self.known),
            last=self._end_of_variant(found, where, number),
            backwards=self._looks_ahead(found, right, number),
            looks_back=self._looks_back(found, right, number),
            row=right,
        )
        self.known.setdefault(found.key, []).append(known)

    def _end_of_variant(self, found: Occurrence, where: Where, number: int) -> int | None:
        """Where a second definition in an item or a caption ends: a variant of what stands outside,
        or in another item."""
        before = [
            k
            for k in self.known.get(found.key, ())
            if k.occurrence.form == found.form and not _is_other_member(k.occurrence, found)
        ]
        if where.aside and before:
            return number
        if not where.item or not before or all(k.where.item == where.item for k in before):
            return None
        return self._last(number, lambda w: w.item == where.item)

    def _looks_back(self, found: Occurrence, right: Row, number: int) -> bool:
        own = {plain(row) for d, row in found.indices if d in ("time", "layer")}
        for name, behind, _ in names_in(right):
            other = self.reader.read(name, behind, number)
            if any(
                d in ("time", "layer") and plain(row) in {f"{o}-1" for o in own}
                for d, row in other.indices
            ):
                return True
        return False

    def _looks_ahead(self, found: Occurrence, right: Row, number: int) -> bool:
        own = {plain(row) for d, row in found.indices if d in ("time", "layer")}
        for name, behind, _ in names_in(right):
            other = self.reader.read(name, behind, number)
            for domain, row in other.indices if other.key == found.key else ():
                if domain in ("time", "layer") and (
                    plain(row).endswith("+1") or {plain(row) + "-1"} & own
                ):
                    return True
        return False

    def restate(self) -> None:
        """A definition that is repeated beside new ones, in another section, sets up the model again."""
        renewed = {
            number
            for (number, _), role in self.found.items()
            if role.kind == "definition" and role.key
        }
        for (number, index), role in self.found.items():
            longer = self.lengths.get((number, index), 0) > 2
            if role.why == REPEATS and (number in renewed or longer) and role.key is not None:
                sections = {k.where.section for k in self.known.get(role.key, ())}
                if self.wheres[number].section not in sections:
                    self.found[number, index] = replace(
                        role, kind="definition", why="defined again as before"
                    )

        for place, role in self.found.items():
            if role.why == "implicit" and role.lost and role.lost <= self.known.keys():
                self.found[place] = replace(
                    role, kind="claim", key=None, target=None, why=BETWEEN, lost=frozenset()
                )
        self._end_versions()

    def _end_versions(self) -> None:
        """A definition is in force until the next one of the same form."""
        for (number, index), role in self.found.items():
            if role.kind != "definition" or role.target is None or self._is_special(role.target):
                continue
            later = [
                k.number
                for k in self.known.get(role.key or "", ())
                if k.number > number
                and k.occurrence.form == role.target.form
                and k.last is None
                and not self._is_special(k.occurrence)
                and not _is_other_member(k.occurrence, role.target)
            ]
            if later and later[0] <= role.scope[1]:
                self.found[number, index] = replace(
                    role, scope=(role.scope[0], max(number, later[0] - 1))
                )

    def _last(self, number: int, same: Callable[[Where], bool]) -> int:
        end = number
        while end + 1 in self.wheres and same(self.wheres[end + 1]):
            end += 1
        return end
