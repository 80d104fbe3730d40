"""Worked examples: the numbers that a page puts into its formulas, and what is worked out of them.

A member of numbers alone is compared with the member before it: 0.138 · 0.5 = 0.069 is arithmetic, whatever its head is. Where letters
stand in that member, the values that the page states for them are put in. Decimals are what is written; where that does not give the
member to its own digits, the digits that are not written may, and only where these cannot either is anything wrong with it.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from derive.algebra.core import Core, Fn, Known, Num, walk
from derive.algebra.functions import SPELLED
from derive.judge.made import written_number
from derive.judge.put_in import (
    instance_of,
    is_number,
    is_quantity,
    is_read_otherwise,
    key_of,
    plain_key,
    put_in,
    with_indices,
)
from derive.meaning.enclosed import NoEnclosure, decimals, enclosed, entries, exactly
from derive.notation.setting import Unread
from derive.notation.shaped import Misfit
from derive.text.page import Chain
from derive.text.spelled import latex, spelled
from derive.text.trees import Fraction as Over
from derive.text.trees import Group, Name, Node, Number, Root, Row, Sign, Table
from derive.text.trees import walk as nodes_of
from derive.verify.verdicts import Counterexample, Verdict

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

EQUATIONS = ("=", ":=", "\\equiv", "\\triangleq")
SIGNS = (
    "+", "-", "*", "/", "\\cdot", "\\times", "\\odot", "\\circ", "\\div", ",", ".", ";",
)  # fmt: skip
NUMERIC = (*EQUATIONS, "\\approx", "\\simeq", "\\doteq")
HALF, UNIT = Fraction(1, 2), Fraction(1)
ROUNDED = "rounded to the digits that are written"
CUT = "cut off after the digits that are written"
UNWRITTEN = "to the digits that are written"
STATED = "at {}, as the page states"
PUT_IN = "with {}, as the line puts in"
BEFORE = "worked out from the member before it"
ELSEWHERE = "worked out from what the page says of it elsewhere"
MOST_SHARE = (
    0.05  # of a value, that the digits of its numbers leave open where it is still said to hold
)
MOST_STATED = 6
NEARLY = 0.999  # of a unit of the last digit
SAME = 1e-20  # the width of an interval that is one number
UNITS = (60, 100, 3600, *(10.0**k for k in (3, 6, 9, 12)))
OF_UNITS = 0.005  # of their ratio, that is put down to digits that are not written
SPANS = re.compile(r"`\s*([A-Za-z]\w*)\s*=\s*(-?\d+(?:\.\d+)?)\s*`")


@dataclass(frozen=True)
class Stated:
    """A value that the page states for a quantity at a place (its formula and chain); `sure` where it is given, or was worked out rightly."""  # noqa: E501

    place: tuple[int, int]
    at: int
    row: Row
    shown: str
    given: bool

    @property
    def text(self) -> str:
        return spelled(self.row)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a member is worth: its numbers, with the values that were put in, and whether these are sure."""

    entries: Mapping[tuple[int, ...], Core]
    values: tuple[Stated, ...] = ()

    @property
    def core(self) -> Core | None:
        """The number; None for an array."""
        return self.entries.get(())


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of a member before: that it is its head ("held"), that it is in some reading ("read"), that it is not ("wrong"), or nothing ("open")."""  # noqa: E501

    standing: str
    reading: str = ""

    @property
    def holds(self) -> bool:
        return self.standing in ("held", "read")


class Worked:
    """What the numbers of a page say of each other."""

    def __init__(self, understanding: Understanding) -> None:
        self.understanding = understanding
        self.page = understanding.page
        self._held: dict[tuple[int, int], bool] = {}
        self._told: dict[tuple[int, int, int], Told] = {}
        self._at: int | None = None
        self._stated: dict[str, list[Stated]] | None = None

    # -- the values that the page states --------------------------------------------------------------

    def stated(self, key: str, at: int, chain: Chain) -> Stated | None:
        """The value of a quantity that is in force at an offset: the last that another chain states before it, or the only one that is given at all."""  # noqa: E501
        if self._stated is None:
            self._stated = self._all()
        found = [s for s in self._stated.get(key, []) if s.at != chain.members[0].start]
        before = [s for s in found if s.at < at]
        if before:
            return before[-1]
        only = len({s.text for s in found}) == 1 and found[0].given
        return found[0] if only else None

    def _all(self) -> dict[str, list[Stated]]:
        found: dict[str, list[Stated]] = {}
        head: Row = ()
        last = -1
        for number, index, chain in self.understanding.chains():
            if not chain.members:
                continue
            own = chain.members
            if not chain.continues:
                head, own = chain.members[0].tree, own[1:]
            elif number > last + 1:
                head = ()
            last = number
            if len(head) != 1 or not is_quantity(head[0]):
                continue
            values = [m for m in own if m.relation in NUMERIC and is_number(m.tree)]
            if not values:
                continue
            given = values == list(own[:1]) and len(own) == 1 and not chain.continues
            one = Stated(
                (number, index),
                chain.members[0].start,
                tuple(n for n in values[-1].tree if not _is_stop(n)),
                self._shown(head[0]),
                given,
            )
            found.setdefault(key_of(head[0]), []).append(one)
        for m in SPANS.finditer(self.page.source.text):
            row: Row = (Number(m.start(2), m.end(2), m[2].lstrip("-")),)
            if m[2].startswith("-"):
                row = (Sign(m.start(2), m.start(2) + 1, "-"), *row)
            one = Stated((-1, -1), m.start(), row, m[1], given=True)
            found.setdefault(plain_key(m[1]), []).append(one)
        for listed in found.values():
            listed.sort(key=lambda s: s.at)
        return found

    # -- members ----------------------------------------------------------------------------------------

    def verdict(
        self, number: int, index: int, chain: Chain, k: int, told: Sequence[Told]
    ) -> Verdict | None:
        """What the numbers say of member `k`, where so much was `told` of the members before it."""
        member = chain.members[k]
        own = self._worth(number, chain, member.tree)
        if own is None or any(t.standing == "wrong" for t in told[:k]):
            return None
        if own.values and not decimals_in(member.tree):
            return None  # an equation of letters that holds at some values says nothing of others
        found = self._by_the_chain(number, index, chain, k, told, own)
        if found is not None and (found.kind == "proved" or told[k - 1].holds):
            return found
        if len(chain.members[0].tree) == 1 and is_quantity(chain.members[0].tree[0]):
            found = self._by_another(number, index, chain, k, own) or found
        return found

    def _by_the_chain(
        self, number: int, index: int, chain: Chain, k: int, told: Sequence[Told], own: Worth
    ) -> Verdict | None:
        """What the nearest member before it says of a member that can be worked out."""
        for j in range(k - 1, -1, -1):
            if any(m.relation not in EQUATIONS for m in chain.members[j + 1 : k + 1]):
                return None
            before = self._worth(number, chain, chain.members[j].tree)
            if before is None and j == k - 1:
                filled = self._filled(number, index, chain, k, told[j])
                if filled is not None:
                    return filled
            if before is None:
                continue
            how = _agreements(before, own)
            if how is not None:
                said = told[j]
                if j == 0 and len(chain.members[0].tree) == 1 and before.values:
                    if not _is_plain(chain.members[0].tree[0]) or not self._is_sure(before):
                        return None  # that it was said before is no reason
                    said = Told("read")
                return self._holding(before, own, how, said)
            if j == k - 1 and not before.values and not own.values and told[j].holds:
                return self._refuted(before, own, chain, k)
            return None
        return None

    def _filled(self, number: int, index: int, chain: Chain, k: int, told: Told) -> Verdict | None:
        """Numbers in the places of the letters of the member before, which the page states nowhere else: they are what it means."""  # noqa: E501
        found = put_in(chain.members[k - 1].tree, chain.members[k].tree)
        if found is None:
            return None
        for key, (node, row) in found.items():
            known = self.stated(key, node.start, chain)
            if known is not None:
                one, other = (self._worth(number, chain, r) for r in (known.row, row))
                if one is None or other is None or _agreements(one, other) is None:
                    return None
        assert self._stated is not None
        for key, (node, row) in found.items():
            one_more = Stated((number, index), node.start, row, self._shown(node), given=False)
            listed = self._stated.setdefault(key, [])
            listed.append(one_more)
            listed.sort(key=lambda s: s.at)
        shown = [f"{self._shown(node)} = {spelled(row)}" for node, row in found.values()]
        parts = [PUT_IN.format(_listed(shown)), *([] if told.holds else [BEFORE])]
        return Verdict("ambiguous", reading="; ".join(parts))

    def _shown(self, node: Node) -> str:
        return latex(self.page.source, node.start, node.end)

    def _by_another(
        self, number: int, here: int, chain: Chain, k: int, own: Worth
    ) -> Verdict | None:
        """What another formula for its head says of a member: the definition of h_t of h_2."""
        if any(m.relation not in EQUATIONS for m in chain.members[1 : k + 1]):
            return None
        head = chain.members[0].tree[0]
        for place, index, other in reversed(list(self.understanding.chains())):
            if (
                (place, index) >= (number, here)
                or len(other.members) < 2
                or len(other.members[0].tree) != 1
            ):
                continue
            bound = instance_of(other.members[0].tree[0], head)
            if bound is None:
                continue
            role = self.understanding.symbols.roles.get((place, index))
            for i, m in enumerate(other.members[1:], start=1):
                if m.relation not in EQUATIONS:
                    break
                before = self._worth(number, chain, with_indices(m.tree, bound), own=False)
                if before is None or not before.values:
                    continue
                how = _agreements(before, own)
                if how is None:
                    return None
                made = i == 1 and role is not None and role.kind == "definition"
                said = Told("held") if made else self._told.get((place, index, i), Told("open"))
                if said.standing == "wrong":
                    return None
                return self._holding(before, own, how, said, ELSEWHERE)
        return None

    def note(self, number: int, index: int, chain: Chain, k: int, told: Told) -> None:
        """Keeps what was said of a member, and whether the last number of a chain was worked out rightly."""  # noqa: E501
        self._told[number, index, k] = told
        member = chain.members[k]
        if not is_number(member.tree):
            return
        held = told.standing == "held"
        if not held and member.relation not in EQUATIONS:
            own, before = (self._worth(number, chain, chain.members[i].tree) for i in (k, k - 1))
            held = bool(own and before and _agreements(before, own) is not None)
            held = held and (k == 1 or self._told[number, index, k - 1].standing == "held")
        self._held[number, index] = held

    def _is_sure(self, worth: Worth) -> bool:
        return all(s.given or self._held.get(s.place, False) for s in worth.values)

    def _holding(
        self, before: Worth, own: Worth, how: str, told: Told, where: str = BEFORE
    ) -> Verdict | None:
        values = {s.shown: s for s in (*before.values, *own.values)}
        sure = self._is_sure(before) and self._is_sure(own)
        parts = [how] if how else []
        if values:
            listed = [f"{s.shown} = {s.text}" for s in values.values()]
            parts.append(STATED.format(_listed(listed)))
        if not told.holds:
            parts.append(where)
        elif told.reading:
            parts += told.reading.split("; ")
        held = told.standing == "held"
        kind = "proved" if held and sure and not own.values and how != UNWRITTEN else "ambiguous"
        return Verdict(kind, reading="; ".join(dict.fromkeys(parts)) or None)  # type: ignore[arg-type]

    def _refuted(self, one: Worth, other: Worth, chain: Chain, k: int) -> Verdict | None:
        """A wrong sum or product: two members of numbers that no digits left out bring together."""
        before, own = one.core, other.core
        if before is None or own is None:
            return None
        plain = written_number(chain.members[k].tree) is not None
        if not plain or not decimals(own) or not decimals(before):
            return None
        if not _is_arithmetic(before) or chain.words:
            return None
        if any(is_read_otherwise(chain.members[i].tree) for i in (k - 1, k)):
            return None
        try:
            whole = frozenset(v for v in decimals(before) if v.denominator == 1)  # 1.0 is no 1.04
            left, right = enclosed(before, UNIT, whole), enclosed(own, 2 * UNIT)
            shown = enclosed(before)
        except NoEnclosure:
            return None
        if left.b >= right.a and right.b >= left.a:
            return None
        value = float(shown.mid)
        if _is_in_other_units(value, float(right.mid)):
            return None
        return Verdict(
            "refuted",
            reason="the numbers before it give another number",
            counterexample=Counterexample(
                None, (), f"≈ {value:.6g}", spelled(chain.members[k].tree).rstrip(",.;")
            ),
        )

    # -- what a member is worth -----------------------------------------------------------------------

    def _worth(self, number: int, chain: Chain, tree: Row, own: bool = True) -> Worth | None:
        """What a row is worth in a chain; of another chain's (not its `own`) the values are those in force at the chain."""  # noqa: E501
        values: list[Stated] = []
        self._at = None if own else chain.members[0].start
        row = self._put(tree, chain, values)
        if row is None:
            return None
        try:
            listed = self._entries(number, row)
        except (Unread, Misfit, RecursionError, NoEnclosure):
            return None
        except Exception:  # what the numbers say is a help, and no fault of the page
            return None
        return Worth(listed, tuple(values))

    def _entries(self, number: int, row: Row) -> Mapping[tuple[int, ...], Core]:
        elaborator = self.understanding.elaborator(number)
        setting, stacks = elaborator.setting, elaborator.setting.stacks
        setting.stacks = True  # a column of numbers is one, though the page has no other vectors
        try:
            found = elaborator.row(row)
        finally:
            setting.stacks = stacks
        return entries(found.body, [(a.letter, a.dim) for a in found.axes], elaborator.dims.find)

    def _put(self, row: Row, chain: Chain, values: list[Stated]) -> Row | None:
        """A row with the values in the places of its quantities; None where one has none."""
        made: list[Node] = []
        for node in row:
            put = self._node(node, chain, values)
            if put is None:
                return None
            made += put
        return tuple(made)

    def _node(self, node: Node, chain: Chain, values: list[Stated]) -> Row | None:
        if isinstance(node, Sign):
            return (node,) if node.text in SIGNS else None
        if isinstance(node, Number):
            return (node,)
        if isinstance(node, Name) and (node.letter in ("e", "\\pi") or _is_function(node)):
            if node.above is None:
                return (node,)
            above = self._put(node.above, chain, values)
            return None if above is None else (replace(node, above=above),)
        if is_quantity(node):
            return self._value(node, chain, values)
        changed: dict[str, Any] = {}
        match node:
            case Over():
                inner = {"above_line": node.above_line, "below_line": node.below_line}
            case Root():
                inner = {"inside": node.inside}
            case Table(above=None, below=None, kind="matrix"):
                rows = []
                for line in node.rows:
                    put_cells = [self._put(cell, chain, values) for cell in line]
                    if any(c is None for c in put_cells):
                        return None
                    rows.append(tuple(put_cells))
                return (replace(node, rows=tuple(rows)),)  # type: ignore[arg-type]
            case Group(below=None):
                inner = {"inside": node.inside} | ({"above": node.above} if node.above else {})
            case _:
                return None
        for field, part in inner.items():
            put = self._put(part, chain, values)
            if put is None:
                return None
            changed[field] = put
        return (replace(node, **changed),)

    def _value(self, node: Node, chain: Chain, values: list[Stated]) -> Row | None:
        found = self.stated(key_of(node), node.start if self._at is None else self._at, chain)
        power = node.above if isinstance(node, Name) else None
        if found is None and power and _is_power(power):
            assert isinstance(node, Name)
            base = self._value(replace(node, above=None), chain, values)
            if base is None or not isinstance(base[0], Group):
                return None
            return (replace(base[0], above=power),)
        if found is None:
            return None
        values.append(found)
        return (Group(node.start, node.end, "(", ")", found.row),)


def _agreement(before: Core, own: Core) -> str | None:
    """How two formulas of numbers agree: "" exactly; None where they do not."""
    if before == own or (exactly(before) is not None and exactly(before) == exactly(own)):
        return ""
    try:
        exact = enclosed(before)
        if isinstance(own, Num) and exact.delta < SAME and _meet(exact, enclosed(own)):
            return ""
        kept = decimals(before) if not isinstance(own, Num) else frozenset[Fraction]()
        near = enclosed(own, HALF, kept)
        if _meet(exact, near) and _is_narrow(near, isinstance(own, Num)):
            return ROUNDED if decimals(own) else None
        if isinstance(own, Num) and own.places:
            sign = -1 if own.value < 0 else 1
            apart = sign * float(exact.mid) - float(abs(own.value))
            if 0 <= apart < NEARLY * 10.0**-own.places:
                return CUT
        if not decimals(own):
            return None
        loose, wide = enclosed(before, HALF), enclosed(own, HALF)
        if _meet(loose, wide) and _is_narrow(loose) and _is_narrow(wide, isinstance(own, Num)):
            return UNWRITTEN
    except NoEnclosure:
        return None
    return None


def _agreements(before: Worth, own: Worth) -> str | None:
    """How two arrays of numbers agree, entry by entry: as the loosest of them."""
    if before.entries.keys() != own.entries.keys():
        return None
    found = [_agreement(before.entries[k], own.entries[k]) for k in own.entries]
    if any(how is None for how in found):
        return None
    return next((how for how in (UNWRITTEN, CUT, ROUNDED) if how in found), "")


def _is_arithmetic(x: Core) -> bool:
    """Whether a formula is of numbers, powers and functions that have one meaning: a logarithm's base is open, and what an activation is."""  # noqa: E501
    for part in walk(x):
        if isinstance(part, Fn) and part.name not in ("\\exp", "\\tanh", "\\sqrt"):
            return False
        if isinstance(part, Known) and part.name != "e":
            return False
    return True


def _is_in_other_units(value: float, own: float) -> bool:
    """Whether two numbers are one in other units: 0.15 is 15 percent, 90 s are 1.5 min."""
    if value == 0 or own == 0:
        return False
    apart = max(value / own, own / value)
    return any(abs(apart / unit - 1) < OF_UNITS for unit in UNITS)


def _listed(values: list[str]) -> str:
    return ", ".join(values if len(values) <= MOST_STATED else [*values[:MOST_STATED], "…"])


def _is_plain(node: Node) -> bool:
    """Whether a quantity is a name, and no derivative of one."""
    return isinstance(node, Name) and not node.primes and not {"dot", "ddot"} & {*node.accents}


def _is_function(node: Name) -> bool:
    known = {node.letter, node.letter.lower()} & {*SPELLED, "max"}
    return bool(known) and node.below is None and not node.primes


def _is_stop(node: Node) -> bool:
    return isinstance(node, Sign) and node.text in (",", ".", ";")


def _is_power(row: Row) -> bool:
    """A number, or the T of a transpose."""
    one = row[0] if len(row) == 1 else None
    if isinstance(one, Name) and one.letter == "T":
        return True
    turned = isinstance(one, Sign) and one.text == "\\top"
    return turned or all(isinstance(n, Number) for n in row)


def _meet(a: Any, b: Any) -> bool:
    return bool(a.a <= b.b and b.a <= a.b)


def _is_narrow(x: Any, is_number: bool = False) -> bool:
    return is_number or bool(float(x.delta) <= 2 * MOST_SHARE * abs(float(x.mid)))


def decimals_in(row: Row) -> bool:
    """Whether a decimal stands in a row."""
    return any(isinstance(n, Number) and "." in n.text for n in nodes_of(row))
