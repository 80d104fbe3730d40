"""A pencil: what `verify --why` prints, worked out by numbers alone, entries and all.

Nothing of `derive` is used here. A derivative is a difference quotient in 40 digits, a sum over entries
runs as far as entries are printed, and an unknown function has the printed slopes.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations, product
from typing import Any

from mpmath import mp, mpf
from printed_formulas import HEAD, SLOPE, Element, Illegible, Reader, Tree, element, parts, read

mp.dps = 40
STEP = mpf(10) ** -12
DEEPEST = 400
FUNCTIONS: Mapping[str, Any] = {
    "tanh": mp.tanh,
    "exp": mp.exp,
    "log": mp.log,
    "ln": mp.log,
    "sin": mp.sin,
    "cos": mp.cos,
    "√": mp.sqrt,
    "σ": lambda x: 1 / (1 + mp.exp(-x)),
    "relu": lambda x: max(x, mpf(0)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
}
STOPS = ("stopgrad", "sg", "detach")


@dataclass
class Definition:
    name: str
    index: tuple[str, ...]
    body: Tree

    def letters(self, at: tuple[int, ...], horizon: int) -> dict[str, int] | None:
        """The letters with which the definition makes a member; None where it does not."""
        found: dict[str, int] = {}
        if len(at) != len(self.index):
            return None
        for written, value in zip(self.index, at, strict=True):
            match = re.fullmatch(r"([^\W\d]['′]?)([-+]\d+)?", written)
            end = re.fullmatch(r"T([-+]\d+)?", written)
            if end is not None:
                if value != horizon + int(end[1] or 0):
                    return None
            elif re.fullmatch(r"-?\d+", written):
                if value != int(written):
                    return None
            elif match is None:
                raise Illegible(f"the index {written}")
            else:
                own = value - int(match[2] or 0)
                if found.setdefault(match[1], own) != own:
                    return None
        return found

    @property
    def is_special(self) -> bool:
        return any(i.startswith("T") or i.lstrip("-").isdigit() for i in self.index)


@dataclass
class Sheet:
    """All that is printed of one witness."""

    definitions: list[Definition]
    values: dict[Element, Any]
    slopes: dict[Element, dict[Element, Any]]
    horizon: int
    single: bool
    letters: dict[str, int]
    frames: int = field(default=0)

    # -- how far entries go

    def length(self, name: str, place: int, count: int, depth: int = 0) -> int:
        """How far the entries of a name go at one place of its index; 0 where nothing says."""
        printed = [
            i[place]
            for n, i in (*self.values, *self.slopes, *(b for s in self.slopes.values() for b in s))
            if n == name and len(i) == count
        ]
        lengths = [max(printed)] if printed else []
        for d in self.definitions:
            if d.name == name and len(d.index) == count and depth < 4:
                lengths.append(self.reach(d.index[place], d.body, depth + 1))
        return max(lengths, default=0)

    def reach(self, letter: str, body: Tree, depth: int = 0) -> int:
        """How far a letter without bounds runs."""
        found = [0]
        for part in parts(body):
            if part[0] == "name":
                for place, written in enumerate(part[2]):
                    if written == letter:
                        found.append(self.length(part[1], place, len(part[2]), depth))
        return max(found)

    def span(self, letter: str, body: Tree) -> range:
        far = self.reach(letter, body)
        if not far and not self.single:
            raise Illegible(f"nothing says how far {letter} runs")
        return range(1, max(far, 1) + 1)

    # -- values

    def definition(self, at: Element) -> tuple[Definition, dict[str, int]] | None:
        name, index = at
        fits = [
            (d, letters)
            for d in self.definitions
            if d.name == name and (letters := d.letters(index, self.horizon)) is not None
        ]
        fits.sort(key=lambda f: not f[0].is_special)
        return fits[0] if fits else None

    def unknown(self, at: Any) -> Any:
        """What is not printed may not matter, so that it is any number."""
        return mpf(random.Random(repr(at)).randint(110, 990)) / 70


@dataclass
class Run:
    """The values of one sheet where some members have other values."""

    sheet: Sheet
    other: dict[Element, Any]
    known: dict[Element, Any] = field(default_factory=dict)
    base: Run | None = None
    depth: int = 0

    def member(self, at: Element) -> Any:
        if at in self.other:
            return self.other[at]
        if at not in self.known:
            self.depth += 1
            if self.depth > DEEPEST:
                raise Illegible("a recursion without an end")
            self.known[at] = self.made(at)
            self.depth -= 1
        return self.known[at]

    def made(self, at: Element) -> Any:
        sheet = self.sheet
        slopes = sheet.slopes.get(at, {})
        found = sheet.definition(at)
        if slopes and found is not None:
            total = sheet.values.get(at)
            total = sheet.unknown(at) if total is None else total
            if self.base is not None:
                for by, slope in slopes.items():
                    total += slope * (self.member(by) - self.base.member(by))
            return total
        printed = sheet.values.get(at)
        if printed is not None:
            return printed
        if found is None or self.is_unknown(found[0].body):
            return sheet.unknown(at)
        definition, letters = found
        steps = [v for a, v in letters.items() if a in "tl"]
        again = [p for p in parts(definition.body) if p[0] == "name" and p[1] == at[0]]
        ahead = any("+" in i for p in again for i in p[2])
        if not definition.is_special and again and steps:
            if not ahead and steps[0] < 1:
                return mpf(0)
            if ahead and steps[0] > sheet.horizon:
                return mpf(0)
        return self.value(definition.body, letters)

    @staticmethod
    def is_unknown(body: Tree) -> bool:
        return body[0] == "call" and body[1] not in (*FUNCTIONS, *STOPS, "|", "max", "min")

    def value(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        return getattr(self, f"_{tree[0]}")(tree, letters)

    def _number(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        return mpf(tree[1])

    def _index(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        return mpf(self.index(tree[1], letters))

    def index(self, written: str, letters: Mapping[str, int]) -> int:
        total, rest = 0, written.replace("−", "-")
        while rest:
            match = re.match(r"([-+]?)(?:(\d*)([^\W\d_]['′]?)|(\d+))", rest)
            if match is None:
                raise Illegible(f"the index {written}")
            sign = -1 if match[1] == "-" else 1
            if match[3]:
                total += sign * int(match[2] or 1) * self.letter(match[3], letters)
            else:
                total += sign * int(match[4])
            rest = rest[match.end() :]
        return total

    def letter(self, name: str, letters: Mapping[str, int]) -> int:
        if name in letters:
            return letters[name]
        if name in self.sheet.letters:
            return self.sheet.letters[name]
        if name in ("T", "N", "L"):
            return self.sheet.horizon
        if self.sheet.single:
            return 1
        raise Illegible(f"no value for the index {name}")

    def ground(self, tree: Tree, letters: Mapping[str, int]) -> Element:
        return tree[1], tuple(self.index(i, letters) for i in tree[2])

    def _name(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        name, index = tree[1:]
        if (
            name == "δ"
            and len(index) == 2
            and not any(d.name == "δ" for d in self.sheet.definitions)
        ):
            a, b = (self.index(i, letters) for i in index)
            return mpf(a == b)
        if not index and name in letters:
            return mpf(letters[name])
        if not index and name in ("e", "π") and (name, ()) not in self.sheet.values:
            return mp.e if name == "e" else mp.pi
        return self.member(self.ground(tree, letters))

    def _plus(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        return sum((self.value(t, letters) for t in tree[1:]), mpf(0))

    def _times(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        total = mpf(1)
        for factor in tree[1:]:
            total *= self.value(factor, letters)
        return total

    def _power(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        base, exponent = (self.value(t, letters) for t in tree[1:])
        return base ** (int(exponent) if exponent == int(exponent) else exponent)

    def _case(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        left, relation, right, then, other = tree[1:]
        a, b = (self.value(t, letters) for t in (left, right))
        holds = {
            "=": a == b, "≠": a != b, "neq": a != b, "<": a < b, ">": a > b, "≤": a <= b, "≥": a >= b,
        }[relation]  # fmt: skip
        return self.value(then if holds else other, letters)

    def _where(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        body, name, value = tree[1:]
        other = {**self.other, self.ground(name, letters): self.value(value, letters)}
        return Run(self.sheet, other, base=self.base).value(body, letters)

    def _inverse(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        if not self.sheet.single:
            raise Illegible("an inverse of more than a number")
        return 1 / self.value(tree[1], letters)

    def _stack(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        at = self.index(tree[1], letters)
        for part in tree[2:]:
            (free,) = {
                i for p in parts(part) if p[0] == "name" for i in p[2] if i not in letters
                and i.isalpha() and i not in self.sheet.letters
            } or {None}  # fmt: skip
            span = self.sheet.span(free, part) if free else range(1, 2)
            if at <= len(span):
                return self.value(part, {**letters, free: at} if free else letters)
            at -= len(span)
        raise Illegible("an entry behind the last")

    def _big(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        sign, name, bounds, body = tree[1:]
        if bounds is None:
            span = self.sheet.span(name, body)
        else:
            low, high = (self.index(b, letters) for b in bounds)
            span = range(low, high + 1)
            if high < low - 1:
                span = range(0)
        total = mpf(0) if sign == "Σ" else mpf(1)
        for at in span:
            own = self.value(body, {**letters, name: at})
            total = total + own if sign == "Σ" else total * own
        return total

    def _call(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        name, _, arguments = tree[1:]
        if name == "|":
            return abs(self.value(arguments[0], letters))
        if name in ("max", "min"):
            values = [self.value(a, letters) for a in arguments]
            return max(values) if name == "max" else min(values)
        if name in STOPS:
            return (self.base or self).value(arguments[0], letters)
        if name in FUNCTIONS and len(arguments) == 1:
            return FUNCTIONS[name](self.value(arguments[0], letters))
        return self.member(self.made_by(tree, letters))

    def made_by(self, tree: Tree, letters: Mapping[str, int]) -> Element:
        """The member that an unknown function makes of these arguments."""
        own = [self.ground(a, letters) for a in tree[3] if a[0] == "name"]
        for d in self.sheet.definitions:
            if d.body[0] != "call" or d.body[1] != tree[1] or len(d.body[3]) != len(own):
                continue
            names = [i for i in dict.fromkeys(d.index) if i.isalpha() and i != "T"]
            for at in product(range(-1, 6), repeat=len(names)):
                given = dict(zip(names, at, strict=True))
                if [self.ground(a, given) for a in d.body[3] if a[0] == "name"] == own:
                    return d.name, tuple(self.index(i, given) for i in d.index)
        raise Illegible(f"{tree[1]} makes nothing")

    def _slot(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        place, call = tree[1:]
        at = self.made_by(call, letters)
        found = self.sheet.definition(at)
        assert found is not None
        by = self.ground(found[0].body[3][place - 1], found[1])
        return self.sheet.slopes.get(at, {}).get(by, self.sheet.unknown((at, by)))

    def _derivative(self, tree: Tree, letters: Mapping[str, int]) -> Any:
        immediate, of, by = tree[1:]
        at = self.ground(by, letters)
        if immediate and of[0] == "name":
            made = self.ground(of, letters)
            slopes = self.sheet.slopes.get(made)
            if slopes:
                return slopes.get(at, mpf(0))
            found = self.sheet.definition(made)
            if found is None:
                return mpf(0)
            of, letters = found[0].body, found[1]
        here = self.member(at)
        values = []
        for sign in (1, -1):
            run = Run(self.sheet, {**self.other, at: here + sign * STEP}, base=self)
            if immediate:
                run = _OneStep(self.sheet, run.other, base=self)
            values.append(run.value(of, letters))
        return (values[0] - values[1]) / (2 * STEP)


class _OneStep(Run):
    """Where a member has another value, and what is made of it has not."""

    def made(self, at: Element) -> Any:
        assert self.base is not None
        return self.base.member(at)


# -- one witness ------------------------------------------------------------------------------------


def redone(
    left: str,
    right: str,
    uses: Sequence[str],
    horizon: int | None,
    values: Sequence[tuple[str, str]],
) -> list[tuple[float, float]]:
    """The two sides from the print; several where it is open which of the entries' letters is which."""
    given: dict[Element, Any] = {}
    slopes: dict[Element, dict[Element, Any]] = {}
    entries: list[int] = []
    for name, text in values:
        slope = SLOPE.fullmatch(name)
        if slope is not None:
            slopes.setdefault(element(slope[1]), {})[element(slope[2])] = mpf(text)
        elif name.startswith("entry "):
            entries.append(int(text))
        elif name != "\\text{size}":
            given[element(name)] = mpf(text)
    names = {n for n, _ in (*given, *slopes, *(b for s in slopes.values() for b in s))}
    marked = frozenset(n for n in names if set(n) & {"_", "^"} or len(n) > 1)
    sides = [unicodedata.normalize("NFC", s) for s in (left, right)]
    heads = {HEAD.sub("", unicodedata.normalize("NFC", use).partition(" = ")[0]) for use in uses}
    marked |= {h for h in heads if set(h) & {"_", "^"}}
    definitions = []
    for use in uses:
        head, _, body = unicodedata.normalize("NFC", use).partition(" = ")
        target = Reader(head, marked).name()
        if target[0] != "name":
            raise Illegible(f"{head} on the left")
        definitions.append(Definition(target[1], target[2], read(body, marked)))
    trees = [read(s, marked) for s in sides]
    numbered = {
        p[1] for t in (*trees, *(d.body for d in definitions)) for p in parts(t) if p[0] == "name"
    }
    for name, index in list(given):
        if len(index) == 1 and f"{name}_{index[0]}" in numbered:
            given[f"{name}_{index[0]}", ()] = given[name, index]
    single = ("\\text{size}", "1") in values
    if single:
        counts = _counts((*trees, *(d.body for d in definitions)), definitions)
        given = {_full(at, counts): v for at, v in given.items()}
        slopes = {
            _full(at, counts): {_full(by, counts): v for by, v in own.items()}
            for at, own in slopes.items()
        }
    letters = {n: int(v) for (n, i), v in given.items() if not i and v == int(v)}
    free = [a for a in dict.fromkeys(_free(trees)) if a not in letters and a not in ("T", "N")]
    odd = [
        v for n, v in values if re.fullmatch(r"[a-z]['′]+", n) or (n[:-2] in free and n[-2] == "_")
    ]
    if len(free) >= len(odd) + len(entries):
        entries = [*map(int, odd), *entries]
    found = []
    for order in dict.fromkeys(permutations(entries)) or [()]:
        own = {**letters, **dict(zip(free, order, strict=False))}
        sheet = Sheet(definitions, given, slopes, horizon or 1, single, own)
        run = Run(sheet, {})
        found.append((float(run.value(trees[0], {})), float(run.value(trees[1], {}))))
    return found


def _counts(trees: Sequence[Tree], definitions: Sequence[Definition]) -> dict[str, int]:
    """How many indices each name has."""
    found = {p[1]: len(p[2]) for t in trees for p in parts(t) if p[0] == "name"}
    return found | {d.name: len(d.index) for d in definitions}


def _full(at: Element, counts: Mapping[str, int]) -> Element:
    """A member with the indices of its one entry, which the print leaves out."""
    name, index = at
    return name, (*index, *(1 for _ in range(counts.get(name, 0) - len(index))))


def _free(trees: Sequence[Tree]) -> Iterator[str]:
    bound = {p[2] for t in trees for p in parts(t) if p[0] == "big"}
    for tree in trees:
        for part in parts(tree):
            if part[0] in ("name", "stack"):
                for written in part[2] if part[0] == "name" else (part[1],):
                    yield from (a for a in re.findall(r"[^\W\d_]['′]?", written) if a not in bound)
