"""Names that a page defines more than once: another version is a reading, and two definitions for one place are a conflict."""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from derive.algebra.core import D, Ref, walk
from derive.judge import fitting
from derive.judge.made import Made
from derive.judge.names import named
from derive.judge.understanding import Understanding
from derive.meaning.model import Definition, Model, depended
from derive.notation.definitions import BETWEEN, OR_ELSE
from derive.notation.gathering import places_of
from derive.notation.setting import Unread
from derive.notation.shaped import Misfit
from derive.notation.slots import Where, single_name
from derive.text.page import Chain, Formula, Member

RESTATED = ("works out what is defined", "says again what is defined")
"""Roles of an equation for what is defined already, where no word concludes it: perhaps a version."""
AGAIN = ("says again what is defined", "concluded from what stands before", OR_ELSE)
SOLVES = re.compile(
    r"□\W*(?:(?:now|then|instead|always)\W+)?(?:solves?|satisf(?:y|ies)|obeys?|"
    r"is (?:a|the) (?:root|solution) of|löst|erfüllt|vérifie|满足|滿足|を満たす)\W*$",
    re.IGNORECASE,
)
MOST = 6


@dataclass(frozen=True, slots=True)
class Version:
    """Another definition of a name, and the line of the page that it stands on."""

    definition: Definition
    line: int
    conflicts: bool = False


class Versions:
    """The versions of one page's names; `holds` says whether an equation follows from what is in force."""

    def __init__(
        self, understanding: Understanding, holds: Callable[[int, Chain, Member, Member], bool]
    ) -> None:
        self.understanding, self._holds = understanding, holds
        self._conflicts: list[Version] | None = None

    @cached_property
    def several(self) -> set[str]:
        """The names that the page defines twice."""
        seen: set[tuple[str, tuple[object, ...]]] = set()
        twice = {v.definition.name for v in self.conflicts}
        for m in self.understanding.made:
            key = (m.definition.name, _pattern(m.definition))
            if key in seen:
                twice.add(m.definition.name)
            seen.add(key)
        return {n.split("∅")[0] for n in twice}

    def uses(self, number: int, keys: set[str]) -> bool:
        """Whether a formula depends on one of these names."""
        u = self.understanding
        table, model = u.symbols.at(number), u.model(number)
        own = {
            table.occurrence(n, b).key
            for i, _, chain in u.chains()
            if i == number
            for m in chain.members
            for n, b in named(m.tree)
        }
        parts = [Ref(n) for n in model.definitions if n.split("∅")[0] in own]
        return bool(keys & (own | {n.split("∅")[0] for n in depended(parts, model)}))

    @property
    def conflicts(self) -> list[Version]:
        """Equations for a name that is defined already, which do not follow from its definition."""
        if self._conflicts is None:
            self._conflicts = []
            self._conflicts = list(self._found())
        return self._conflicts

    def others(
        self, number: int, model: Model, names: list[str]
    ) -> Iterator[tuple[str, Version, Model]]:
        """The model with another version of one of these names; what is said of it."""
        count = 0
        made = [self._of(m) for m in self.understanding.made]
        for version in (*self.conflicts, *made):
            own = version.definition
            if own.name not in names or own.number > number:
                continue
            in_force = [
                d for d in model.definitions.get(own.name, ()) if _pattern(d) == _pattern(own)
            ]
            if not in_force or any(d.body == own.body for d in in_force):
                continue
            count += 1
            if count > MOST:
                return
            kept = tuple(d for d in model.definitions[own.name] if d not in in_force)
            changed = {**model.definitions, own.name: (*kept, own)}
            name = own.name.split("∅")[0]
            yield (
                f"with {name} as on line {version.line}",
                version,
                replace(model, definitions=changed),
            )

    @cached_property
    def unreadable(self) -> tuple[tuple[str, int], ...]:
        r"""Names that are defined, and formulas that say again, not understood, what they are: \oint h_t = L_t."""  # noqa: E501
        u = self.understanding
        made = {m.definition.name.split("∅")[0] for m in u.made}
        found = []
        for number, index, chain in u.chains():
            role = u.symbols.roles.get((number, index))
            if role is None or role.kind != "claim" or len(chain.members) != 2:
                continue
            left, right = chain.members
            solved = self._solves(number)
            if solved in made:
                found.append((solved, number))
            if role.why in (*AGAIN, *RESTATED) and role.key is not None:
                key, other = role.key, right
            elif role.why == BETWEEN and (name := single_name(right.tree)) is not None:
                key, other = u.symbols.at(number).occurrence(*name).key, left
            else:
                continue
            if key in made and not self._is_read(number, index, other):
                found.append((key, number))
        return tuple(found)

    def _solves(self, number: int) -> str:
        """What the words before an equation say to solve it: "L_t solves …"."""
        where, u = self._wheres[number], self.understanding
        before = next((c for n, _, c in u.chains() if n == number - 1), None)
        if before is None or len(before.members) != 1 or not SOLVES.search(where.before):
            return ""
        name = single_name(before.members[0].tree)
        return u.symbols.at(number).occurrence(*name).key if name is not None else ""

    def _is_read(self, number: int, index: int, member: Member) -> bool:
        u = self.understanding
        try:
            u.elaborator(number, None, index).row(member.tree)
        except Misfit:
            return True
        except (Unread, RecursionError):
            return False
        return True

    def is_left_behind(self, number: int, version: Version, model: Model) -> bool:
        """Whether the definition in force was made in another section than the line, which may have gone back to an earlier one."""  # noqa: E501
        own = version.definition
        return all(
            self._sections.get(d.number) != self._sections.get(number)
            for d in model.definitions.get(own.name, ())
            if _pattern(d) == _pattern(own)
        )

    @cached_property
    def _wheres(self) -> dict[int, Where]:
        return dict(places_of(self.understanding.page))

    @cached_property
    def _sections(self) -> dict[int, int]:
        return {n: where.section for n, where in self._wheres.items()}

    def line(self, number: int) -> int:
        """The line of a formula."""
        page = self.understanding.page
        chain = next(
            (c for n, _, c in self.understanding.chains() if n == number and c.members), None
        )
        return page.source.place(chain.members[0].start).line if chain is not None else 0

    def _of(self, made: Made) -> Version:
        return Version(made.definition, self.line(made.definition.number))

    def _found(self) -> Iterator[Version]:
        u = self.understanding
        known = {m.definition.name for m in u.made}
        aside = {i.number for i in u.page.items if isinstance(i, Formula) and i.in_caption}
        for number, index, chain in u.chains():
            role = u.symbols.roles.get((number, index))
            if (
                number in aside
                or role is None
                or role.kind != "claim"
                or role.why not in (*AGAIN, *RESTATED)
                or len(chain.members) < 2
                or self._holds(number, chain, chain.members[0], chain.members[1])
            ):
                continue
            made = self._definition(number, index, chain)
            if made is not None and made.name in known:
                yield Version(made, self.line(number), True)

    def _definition(self, number: int, index: int, chain: Chain) -> Definition | None:
        u = self.understanding
        elaborator = u._elaborator = u.elaborator(number, None, index)
        try:
            target = elaborator.row(chain.members[0].tree)
            body = elaborator.row(chain.members[1].tree)
            if not isinstance(target.body, Ref) or any(isinstance(p, D) for p in walk(body.body)):
                return None
            return fitting.made_definition(u, target.body.name, target, body, number)
        except (Unread, Misfit, RecursionError):
            return None


def _pattern(d: Definition) -> tuple[object, ...]:
    """What members a definition makes: the places of its letters, and its numbers."""
    return tuple("letter" if any(a in d.letters for a, _ in i.letters) else i for i in d.index)
