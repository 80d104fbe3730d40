"""The binder: what each name of a page is, decided with the whole page in view.

`bind` gives the symbols of a page: for each name its kind, its index slots, its shape, its
definitions and versions; and for each chain the role of its first equation.
`Symbols.at(n).occurrence(name, behind)` says what one written name is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from derive.notation.definitions import Role
from derive.notation.gathering import places_of, survey_of
from derive.notation.kinds import Binder, Kind, Symbol
from derive.notation.occurrences import Occurrence, Reader
from derive.notation.roles import Roles
from derive.notation.slots import Domain, Where
from derive.notation.words_behind import words_around
from derive.text.page import Chain, Formula, Heading, Page, Prose
from derive.text.trees import Group, Name

GIVEN = -1
"""The formula number of what was given beside the page."""


@dataclass(frozen=True)
class Table:
    """What is in force at one formula."""

    number: int
    symbols: Symbols

    def symbol(self, key: str) -> Symbol | None:
        """The version of a name that is in force here; the first where none is yet."""
        versions = self.symbols.versions.get(key, ())
        for found in reversed(versions):
            if found.first <= self.number and (found.last is None or self.number <= found.last):
                return found
        return versions[0] if versions else None

    def occurrence(self, name: Name, behind: Group | None = None) -> Occurrence:
        """What a written name is; `behind` is the bracket that follows it immediately, if any."""
        return self.symbols.reader.read(name, behind, self.number)


@dataclass(frozen=True)
class Symbols:
    """The binder's product for one page."""

    reader: Reader
    versions: Mapping[str, tuple[Symbol, ...]]
    forms: tuple[Symbol, ...]
    roles: Mapping[tuple[int, int], Role]
    page: Page
    stated: Mapping[str, Sequence[tuple[int, tuple[str, ...]]]] = field(default_factory=dict)
    """The shapes that the page states of plain names, with the formulas that state them."""
    entered: Mapping[str, int] = field(default_factory=dict)
    """How many component indices its members have of which the page states a shape."""
    sections: Mapping[int, int] = field(default_factory=dict)
    """The section that each formula stands in."""

    def at(self, number: int) -> Table:
        """What is in force at a formula."""
        return Table(number, self)

    def records(self) -> tuple[Symbol, ...]:
        """All symbols: one for each version, and one for each other form in which a version is written."""
        return self.forms


def bind(page: Page, given: Sequence[Chain] = ()) -> Symbols:
    """The symbols of a page; `given` are definitions that hold before it, as formula -1."""
    chains = [(GIVEN, i, chain) for i, chain in enumerate(given)]
    formulas = [item for item in page.items if isinstance(item, Formula)]
    chains += [(f.number, i, chain) for f in formulas for i, chain in enumerate(f.chains)]
    prose = " ".join(item.text for item in page.items if isinstance(item, Prose | Heading))
    wheres = dict(places_of(page))
    wheres[GIVEN] = Where(0, 0, -1, 0, "", True)
    survey = survey_of(chains, prose, wheres)
    reader = Reader(survey, _transposes_by_prime(prose))
    listed = {f.number: f.chains for f in formulas}
    roles = Roles(reader, wheres, max(wheres), words=words_around(page), following=listed)
    for number, index, chain in chains:
        roles.see(number, index, chain)
    roles.restate()
    binder = Binder(page, reader, roles, chains, prose)
    versions, forms = binder.symbols()
    sections = {n: w.section for n, w in wheres.items()}
    return Symbols(
        reader, versions, forms, roles.found, page, binder.stated, binder.entered, sections
    )


def _transposes_by_prime(prose: str) -> bool:
    return bool(re.search(r"prime[^.]{0,40}transpos|transpos[^.]{0,40}\bprime", prose))


# For --read.


def described(symbols: Symbols) -> list[dict[str, Any]]:
    """The symbols as `verify --read` prints them."""
    place = symbols.page.source.place
    found = []
    for symbol in symbols.records():
        for name in _spellings(symbols, symbol):
            found.append(
                {
                    "name": name,
                    "kind": symbol.kind,
                    "slots": list(symbol.slots),
                    "shape": None if symbol.shape is None else list(symbol.shape),
                    "version": symbol.version,
                    "lines": [place(at).line for at in symbol.places],
                    "note": symbol.note,
                }
            )
    return found


def _spellings(symbols: Symbols, symbol: Symbol) -> list[str]:
    r"""A symbol's name; a known function as the page spells it, `\tanh` or tanh."""
    if symbol.kind != "function" or not symbol.key.isalpha() or len(symbol.key) < 2:
        return [symbol.key]
    text = symbols.page.source.text
    found = []
    if re.search(rf"\\{symbol.key}(?![a-zA-Z])", text):
        found.append(f"\\{symbol.key}")
    if re.search(rf"\\operatorname\s*\{{\s*{symbol.key}\s*\}}", text):
        found.append(f"\\operatorname{{{symbol.key}}}")
    if re.search(rf"(?<![\\a-zA-Z]){symbol.key}(?![a-zA-Z])", text):
        found.append(symbol.key)
    return found or [symbol.key]


__all__ = [
    "Domain",
    "Kind",
    "Occurrence",
    "Role",
    "Symbol",
    "Symbols",
    "Table",
    "bind",
    "described",
]
