"""The names of a page as the binder has them, put right where only the formulas' meaning tells: w^k beside w^{k-1} is a layer."""  # noqa: E501

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from derive.judge.versions import base_of, variants_of
from derive.notation.pieces import terms_of
from derive.notation.slots import single_name
from derive.notation.symbols import Occurrence, Role, Symbol, Symbols, Table
from derive.text.page import Chain, Formula
from derive.text.spelled import spelled
from derive.text.trees import Big, Group, Name, Number, Row, Sign, children, walk
from derive.text.trees import Fraction as Over

COSTS = re.compile(
    r"^(?:\\mathcal\{?[LJEC]\}?|\\ell|\\xi|[LJEClS]|loss|cost|Loss|Cost|err|Err|\\(?:loss|cost|error|objective)(?:Function)?)(?:_[^∅]*)?(?:∅.*)?$"
)
ENDS = ("T", "\\tau", "N")
SHIFTED = re.compile(r"^([a-zA-Z]|\\[a-z]+)\s*[-+]\s*1$")


@dataclass(frozen=True)
class Place:
    """What is in force at one formula."""

    table: Table
    names: Names

    @property
    def number(self) -> int:
        return self.table.number

    def symbol(self, key: str) -> Symbol | None:
        """The version of a name that is in force here."""
        return self.table.symbol(base_of(key))

    def occurrence(self, name: Name, behind: Group | None = None) -> Occurrence:
        """What a written name is."""
        known = self.names.known
        key = self.table.number, id(name), id(behind)
        if key not in known:
            occurs = self.names.corrected(self.table.occurrence(name, behind), name, self.number)
            known[key] = (
                name,
                behind,
                occurs,
            )  # the nodes are kept, so that their identity is theirs
        return known[key][2]


class Names:
    """The binder's product for one page, its occurrences corrected."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.page, self.roles = symbols.page, symbols.roles
        self.layers: set[str] = set()
        self.layered: set[str] = set()
        self.transposing = False
        self.sampled: set[str] = set()
        self.states: set[str] = set()
        self.shares: set[str] = set()
        self.times: set[str] = set()
        self.timed: set[str] = set()
        self.variants: dict[str, dict[int, str]] = {}
        self.prior = {s.key for s in symbols.records() if s.key.endswith("^{-}")}
        self.known: dict[tuple[int, int, int], tuple[Name, Group | None, Occurrence]] = {}
        self._survey()
        self._part()
        self.known.clear()  # what was asked before the variants were known

    def _part(self) -> None:
        """Tells apart what has one index in one section and two in another."""
        seen = [(n, self.corrected(o, name)) for n, name, o in self._placed()]
        self.variants = variants_of(self.page, seen, self.roles)
        self.roles = {
            place: self._versioned(place[0], role) if role.key in self.variants else role
            for place, role in self.roles.items()
        }

    def _versioned(self, number: int, role: Role) -> Role:
        key = self.variants[role.key or ""].get(number)
        if key is None or role.target is None:
            return role
        return replace(role, key=key, target=replace(role.target, key=key))

    def at(self, number: int) -> Place:
        """What is in force at a formula."""
        return Place(self.symbols.at(number), self)

    def records(self) -> tuple[Symbol, ...]:
        """All symbols, those of each version of a name."""
        own = self.symbols.records()
        others = tuple(
            replace(s, key=key)
            for s in own
            if s.key in self.variants
            for key in sorted(set(self.variants[s.key].values()))
        )
        return own + others

    def corrected(
        self, occurs: Occurrence, name: Name | None = None, number: int | None = None
    ) -> Occurrence:
        """One occurrence, put right; `name` is how it is written, `number` its formula, where they are known."""  # noqa: E501
        if not self.variants:
            return self._corrected(occurs, name)
        base = base_of(occurs.key)
        found = self._corrected(replace(occurs, key=base), name)
        if base != occurs.key:
            return replace(found, key=occurs.key)
        key = self.variants.get(found.key, {}).get(-1 if number is None else number)
        return found if key is None else replace(found, key=key)

    def _corrected(self, occurs: Occurrence, name: Name | None) -> Occurrence:
        if (
            name is not None
            and name.below is not None
            and spelled(name.below) in ENDS
            and occurs.key.endswith(f"_{spelled(name.below)}")
        ):
            base = occurs.key.removesuffix(f"_{spelled(name.below)}")
            if base in self.timed:
                occurs = replace(occurs, key=base, indices=(("time", name.below), *occurs.indices))
        if (
            name is not None
            and name.above is not None
            and self._is_layer(name.above)
            and not any(d == "layer" for d, _ in occurs.indices)
        ):
            above = next(
                (
                    k
                    for k, (d, r) in enumerate(occurs.indices)
                    if d == "component" and spelled(r) == spelled(name.above)
                ),
                None,
            )
            if above is not None:
                kept = (*occurs.indices[:above], *occurs.indices[above + 1 :])
                occurs = replace(occurs, indices=(("layer", name.above), *kept))
        if occurs.power is not None and occurs.key in self.layered and self._is_layer(occurs.power):
            occurs = replace(occurs, indices=(("layer", occurs.power), *occurs.indices), power=None)
        if self.transposing and any(d == "layer" and spelled(r) == "T" for d, r in occurs.indices):
            kept = tuple((d, r) for d, r in occurs.indices if d != "layer")
            occurs = replace(occurs, indices=kept, transposed=True)
        occurs = self._in_time(occurs)
        if occurs.inverse and occurs.transposed and f"{occurs.key}^{{-}}" in self.prior:
            occurs = replace(occurs, key=f"{occurs.key}^{{-}}", inverse=False)  # (e^-)^T
        if occurs.key in self.sampled:
            occurs = replace(
                occurs, indices=tuple((d, r) for d, r in occurs.indices if d != "sample")
            )
        return occurs

    def _in_time(self, occurs: Occurrence) -> Occurrence:
        """s_1^{t-1}: the step is what is written with the letter of time, whichever script it is."""
        places = [k for k, (d, _) in enumerate(occurs.indices) if d in ("time", "component")]
        if len(places) != 2 or {occurs.indices[k][0] for k in places} != {"time", "component"}:
            return occurs
        time, other = sorted(places, key=lambda k: occurs.indices[k][0] != "time")
        step, part = occurs.indices[time][1], occurs.indices[other][1]
        if not self._speaks_of_time(part) or self._speaks_of_time(step):
            return occurs
        swapped = list(occurs.indices)
        swapped[time], swapped[other] = ("time", part), ("component", step)
        return replace(occurs, indices=tuple(swapped))

    def _speaks_of_time(self, row: Row) -> bool:
        return any(isinstance(n, Name) and n.letter in self.times for n in row)

    def is_cost(self, key: str) -> bool:
        """Whether a name is that of a cost: not the C of a cell, which other quantities are made of."""
        return key in self.shares or (bool(COSTS.match(key)) and key not in self.states)

    def _is_layer(self, row: Row) -> bool:
        letters = [n.letter for n in row if isinstance(n, Name)]
        plain = all(isinstance(n, Name | Number | Sign) for n in row)
        return plain and bool(letters) and all(a in self.layers for a in letters)

    # -- the survey -----------------------------------------------------------------------------------

    def _occurrences(self) -> Iterator[tuple[Name, Occurrence]]:
        for _, name, occurs in self._placed():
            yield name, occurs

    def _placed(self) -> Iterator[tuple[int, Name, Occurrence]]:
        for item in self.page.items:
            if isinstance(item, Formula):
                table = self.symbols.at(item.number)
                for chain in item.chains:
                    for row in rows_of(chain):
                        for name, behind in named(row):
                            yield item.number, name, table.occurrence(name, behind)

    def _survey(self) -> None:
        written = list(self._occurrences())
        found = [o for _, o in written]
        powers = [
            (o.key, spelled(n.above))
            for n, o in written
            if n.above is not None and n.below is not None and _is_plain(n.above, o)
        ]
        for key, power in powers:
            shifted = SHIFTED.match(power)
            if shifted and any(k != key or p != power for k, p in powers if p == shifted[1]):
                self.layers.add(shifted[1])
        self.layered = {
            k
            for k, p in powers
            if any(re.fullmatch(rf"{re.escape(a)}(\s*[-+]\s*1)?", p) for a in self.layers)
        }
        steps = [SHIFTED.match(spelled(r)) for o in found for d, r in o.indices if d == "time"]
        self.times = {m[1] for m in steps if m} & {"t", "\\tau"}
        self.timed = {o.key for o in found if any(d == "time" for d, _ in o.indices)}
        lying = [o for o in found if any(d == "layer" and spelled(r) == "T" for d, r in o.indices)]
        size = self.symbols.at(0).symbol("T")
        timed = all(any(d == "time" for d, _ in o.indices) for o in lying)
        self.transposing = (
            bool(lying) and timed and size is not None and size.kind in ("size", "constant")
        )
        self._samples(found)
        self._states()
        self._shares()

    def _shares(self) -> None:
        """The names whose sum is a cost: c_1 and c_2 of C = c_1 + c_2, the c_t of C = \\sum_t c_t."""
        defined = {r.key for r in self.roles.values() if r.kind == "definition"}
        for item in self.page.items:
            if not isinstance(item, Formula):
                continue
            table = self.symbols.at(item.number)
            for chain in item.chains:
                head = single_name(chain.members[0].tree) if chain.members else None
                if head is None or not self.is_cost(table.occurrence(*head).key):
                    continue
                for member in chain.members[1:]:
                    rows = terms_of(member.tree)[0]
                    inner = [r[1:] if r and is_sum(r[0]) else r for r in rows]
                    terms = [single_name(t) for t in inner]
                    found = [table.occurrence(*t) for t in terms if t is not None]
                    keys = {o.key for o in found}
                    plain = all(o.power is None and "component" not in o.form for o in found)
                    several = len(terms) > 1 or inner != rows
                    if several and plain and None not in terms and keys <= defined:
                        self.shares |= keys

    def _states(self) -> None:
        """Names of costs that are made of themselves, or that make quantities that are no costs."""
        for (number, index), role in self.roles.items():
            if role.kind != "definition" or role.key is None or number < 0:
                continue
            table = self.symbols.at(number)
            chains = next(
                (
                    i.chains
                    for i in self.page.items
                    if isinstance(i, Formula) and i.number == number
                ),
                (),
            )
            listed = (
                [
                    table.occurrence(n, b)
                    for m in chains[index].members[1:2]
                    for n, b in named(m.tree)
                ]
                if index < len(chains)
                else []
            )
            used = {o.key for o in listed if any(d == "time" for d, _ in o.indices)}
            if (role.key in used and not self._adds_itself_up(role, listed)) or (
                not COSTS.match(role.key) and not role.key.startswith("\\delta")
            ):
                self.states |= {
                    k
                    for k in used
                    if COSTS.match(k)
                    and not any(isinstance(x, Over) for x in walk(chains[index].members[1].tree))
                }

    @staticmethod
    def _adds_itself_up(role: Role, listed: list[Occurrence]) -> bool:
        """E = \\sum_t E_t: what has no step is made of what has one, and of no step but the sum's own."""
        if role.target is None or any(d == "time" for d, _ in role.target.indices):
            return False
        steps = [r for o in listed if o.key == role.key for d, r in o.indices if d == "time"]
        return all(len(r) == 1 and isinstance(r[0], Name | Number) for r in steps)

    def _samples(self, found: list[Occurrence]) -> None:
        """Names that are mostly written without their sample's index, and defined so."""
        with_index: Counter[str] = Counter()
        without: Counter[str] = Counter()
        for o in found:
            (with_index if any(d == "sample" for d, _ in o.indices) else without)[o.key] += 1
        defined = {
            r.key
            for r in self.roles.values()
            if r.kind == "definition"
            and r.key
            and r.target
            and all(d != "sample" for d, _ in r.target.indices)
        }
        entries = {
            o.key
            for o in found
            for d, r in o.indices
            if d == "sample" and any(isinstance(n, Name) and n.below for n in r)
        }  # the entry for a class, \\hat{y}_{t, y_t}
        self.sampled = {
            k
            for k in with_index
            if not COSTS.match(k)
            and k not in entries
            and without[k] >= 2 * with_index[k]
            and (k in defined or without[k] >= 4)
        }


def _is_plain(above: Row, occurs: Occurrence) -> bool:
    """Whether what stands above a name was read as a power, or as the index of a component."""
    shown = spelled(above)
    if occurs.power is not None:
        return spelled(occurs.power) == shown and any(d == "component" for d, _ in occurs.indices)
    return any(d == "component" and spelled(r) == shown for d, r in occurs.indices)


def is_sum(node: Any) -> bool:
    return isinstance(node, Big) and node.kind == "sum"


def rows_of(chain: Chain) -> Iterator[Row]:
    """The rows of a chain: its members', and its conditions'."""
    for member in chain.members:
        yield member.tree
    yield from chain.conditions


def named(row: Any) -> Iterator[tuple[Name, Group | None]]:
    """The names of a row, each with the bracket behind it; those in scripts and brackets too."""
    for i, node in enumerate(row):
        if isinstance(node, Name):
            behind = row[i + 1] if i + 1 < len(row) and isinstance(row[i + 1], Group) else None
            yield node, behind
        for inner in children(node):
            yield from named(inner)


__all__ = ["Names", "Place", "Role", "named"]
