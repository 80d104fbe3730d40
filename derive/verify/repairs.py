"""The nearest true line: a bounded search over single slips, then pairs, each proved before it is offered.

A candidate is the text of the line with one thing changed, read again by the same grammar; so what is
offered can be pasted where the line stands. Repairs never change a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, pairwise

from derive.errors import DeriveError
from derive.notation.grammar import FRACTIONS
from derive.notation.scope import UPRIGHT, group_at, index_letters, name_at, scripts_at, unwrapped
from derive.notation.tokens import CLOSES, OPENS, Source, tokens

MOST_CANDIDATES = 700
TOP = "^\\top"
SIGNS = ("\\sum", "\\prod")

# What handwriting and its recognition confuse, in both directions.
CONFUSED = (
    ("o", "\\theta"), ("o", "0"), ("o", "\\sigma"), ("o", "x"), ("\\theta", "0"), ("\\theta", "6"),
    ("\\theta", "8"), ("f", "8"), ("f", "g"), ("h", "L"), ("h", "n"), ("t", "+"), ("t", "T"),
    ("t", "x"), ("\\theta", "f"), ("l", "1"), ("z", "2"), ("s", "5"), ("u", "v"), ("w", "\\omega"),
    ("C", "c"), ("x", "\\times"), ("y", "g"), ("a", "\\alpha"), ("\\delta", "\\partial"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edit:
    """text[start:end] replaced."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A symbol with its scripts, where it stands."""

    name: str
    start: int
    name_end: int
    end: int
    script: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line with one slip mended, and the slip in a few words."""

    head: str
    member: str
    slip: str


class Text:
    """One side of a line with its tokens and what they make."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = tokens(Source("", text))
        self.units = tuple(self._units())

    def end_of(self, index: int) -> int:
        """Where a token ends in the text."""
        return len(self.text[: self.found[index + 1].offset].rstrip())

    def _units(self) -> Iterator[Unit]:
        at = 0
        while self.found[at].kind != "end":
            if self.found[at].text in UPRIGHT:
                _, after = group_at(self.found, at + 1)
                if name_at(self.found, at)[0] is None:
                    at = after
                    continue
            name, after = name_at(self.found, at)
            if name is None or self._is_differential(at):
                at += 1
                continue
            _, _, end = scripts_at(self.found, after)
            start, name_end = self.found[at].offset, self.end_of(after - 1)
            stop = self.end_of(end - 1)
            yield Unit(name, start, name_end, stop, self.text[name_end:stop])
            at = after

    def _is_differential(self, at: int) -> bool:
        return self.found[at].text == "d" and at > 0 and self.found[at - 1].text == "{"

    def edited(self, edits: Iterable[Edit]) -> str:
        """The text with edits that do not overlap."""
        text = self.text
        for e in sorted(edits, key=lambda e: -e.start):
            text = f"{text[: e.start]}{e.text}{text[e.end :]}"
        return text

    def terms(self) -> list[tuple[int, int, str]]:
        """The terms outside all brackets: start, end, the sign before."""
        found: list[tuple[int, int, str]] = []
        depth, begin, sign = 0, 0, ""
        for token in self.found[:-1]:
            depth += (token.text in OPENS) - (token.text in CLOSES)
            if depth == 0 and token.text in ("+", "-") and self.text[begin : token.offset].strip():
                found.append((begin, token.offset, sign))
                begin, sign = token.offset + 1, token.text
        return [*found, (begin, len(self.text), sign)]

    def fractions(self) -> list[tuple[int, int]]:
        """The spans of \\frac{…}{…}."""
        spans = []
        for i, token in enumerate(self.found):
            if token.text in FRACTIONS:
                _, after = group_at(self.found, i + 1)
                _, end = group_at(self.found, after)
                spans.append((token.offset, self.end_of(end - 1)))
        return spans

    def runs(self) -> Iterator[list[tuple[int, int]]]:
        """The spans of the factors that stand side by side, for each product, within brackets too."""
        end = len(self.found) - 1
        waiting = [(0, end)]
        while waiting:
            at, stop = waiting.pop()
            run: list[tuple[int, int]] = []
            while at < stop:
                after = self._factor_end(at)
                if after is None:
                    if len(run) > 1:
                        yield run
                    run = []
                    if self.found[at].text in SIGNS:
                        _, _, after = scripts_at(self.found, at + 1)
                    at = after or at + 1
                    continue
                run.append((self.found[at].offset, self.end_of(after - 1)))
                waiting += self._brackets(at, after)
                at = after
            if len(run) > 1:
                yield run

    def _brackets(self, at: int, stop: int) -> Iterator[tuple[int, int]]:
        """What stands inside the round and square brackets of a factor."""
        while at < stop:
            if self.found[at].text in ("(", "["):
                closed = self._closed(at)
                yield at + 1, closed - 1
                at = closed
            else:
                at += 1

    def _closed(self, at: int) -> int:
        """The token after the bracket that closes the one at `at`."""
        depth = 0
        for i in range(at, len(self.found)):
            depth += (self.found[i].text in OPENS) - (self.found[i].text in CLOSES)
            if depth <= 0:
                return i + 1
        return len(self.found) - 1

    def _factor_end(self, at: int) -> int | None:
        """The token after the factor that begins here; None where none does."""
        token = self.found[at]
        if token.text in FRACTIONS:
            _, after = group_at(self.found, at + 1)
            _, after = group_at(self.found, after)
        elif token.text == "\\nabla":
            _, _, after = scripts_at(self.found, at + 1)
            return self._factor_end(after)
        elif token.text in ("(", "["):
            after = self._closed(at)
        elif token.text in UPRIGHT:
            _, after = group_at(self.found, at + 1)
            if self.found[after].text == "(":
                after = self._closed(after)
        else:
            name, after = name_at(self.found, at)
            if name is None:
                return None
        _, _, end = scripts_at(self.found, after)
        return min(end, len(self.found) - 1)


def singles(
    head: str, member: str, symbols: Sequence[str], numbers: Sequence[str]
) -> Iterator[Candidate]:
    """Lines that differ from head = member by one slip, the likeliest first.

    `symbols` are what the definitions define, as they are written (h_t, C); `numbers` the numbers of the
    line and its definitions. Raises DeriveError for a text that is no formula.
    """
    yield from islice(_singles(Text(head), Text(member), symbols, numbers), MOST_CANDIDATES)


def pairs(head: str, member: str) -> Iterator[Candidate]:
    """Lines with two slips: a confusion of symbols, an index or a sign, at two places."""
    yield from islice(_pairs(Text(head), Text(member)), MOST_CANDIDATES)


def _singles(
    left: Text, right: Text, symbols: Sequence[str], numbers: Sequence[str]
) -> Iterator[Candidate]:
    def changed(edits: Iterable[Edit], slip: str) -> Candidate:
        return Candidate(left.text, right.edited(edits), slip)

    for index in _extra_letters(left, right):
        yield Candidate(left.text, summed(right, index), "the sum over the steps is missing")
    yield from _consistent(left, right, symbols)
    for edits, slip in _shifts(right):
        yield changed(edits, slip)
    for edits, slip in _kinds(right):
        yield changed(edits, slip)
    for edits, slip in _operators(right):
        yield changed(edits, slip)
    for edits, slip in _transpositions(right):
        yield changed(edits, slip)
    for edits, slip in _coefficients(right, numbers):
        yield changed(edits, slip)
    for edits, slip in _order(right):
        yield changed(edits, slip)
    for edits, slip in _replacements(right, symbols):
        yield changed(edits, slip)
    for edits, slip in _drops(right):
        yield changed(edits, slip)


def _pairs(left: Text, right: Text) -> Iterator[Candidate]:
    likely = [
        *_operators(right),
        *(pair for pair in _confusions(right)),
        *_shifts(right),
    ][:40]
    for (one, why), (two, and_why) in combinations(likely, 2):
        spans = sorted((e.start, e.end) for e in (*one, *two))
        if any(a[1] > b[0] for a, b in pairwise(spans)):
            continue
        yield Candidate(left.text, right.edited((*one, *two)), f"{why}, and {and_why}")


Edits = tuple[tuple[Edit, ...], str]


def summed(text: Text, index: str) -> str:
    """Σ over all steps of a text."""
    body = text.text.strip()
    if len(text.terms()) > 1:
        body = f"\\left( {body} \\right)"
    return f"\\sum_{{{index}=1}}^{{T}} {body}"


def _extra_letters(left: Text, right: Text) -> list[str]:
    def letters(text: Text) -> set[str]:
        found: set[str] = set()
        for u in text.units:
            found |= _index(u) or set()
        return found

    return sorted(letters(right) - letters(left) - {"T"})


def _index(unit: Unit) -> set[str] | None:
    if not unit.script:
        return None
    below, above, _ = scripts_at(tokens(Source("", unit.script)), 0)
    found: set[str] = set()
    for script in (below, unwrapped(above) if above else None):
        found |= index_letters(script) or set()
    return found


def _consistent(left: Text, right: Text, symbols: Sequence[str]) -> Iterator[Candidate]:
    """One symbol of the line replaced wherever it stands: on the right, or on both sides."""
    for old, new in _confused():
        edits = _of_name(right, old, new)
        if edits:
            slip = f"{old} where {new} is meant"
            yield Candidate(left.text, right.edited(edits), slip)
            yield Candidate(left.edited(_of_name(left, old, new)), right.edited(edits), slip)
    written = dict.fromkeys(_written(u, right) for u in right.units)
    for old in dict.fromkeys([*written, *(_written(u, left) for u in left.units)]):
        for new in symbols:
            if new == old:
                continue
            both = _of_text(left, old, new), _of_text(right, old, new)
            slip = f"{old} where {new} is meant"
            if both[0]:
                yield Candidate(left.edited(both[0]), right.edited(both[1]), slip)
            if len(both[1]) > 1:
                yield Candidate(left.text, right.edited(both[1]), slip)


def _confused() -> Iterator[tuple[str, str]]:
    for a, b in CONFUSED:
        yield a, b
        yield b, a


def _confusions(text: Text) -> Iterator[Edits]:
    for old, new in _confused():
        for edit in _of_name(text, old, new):
            yield (edit,), f"{old} where {new} is meant"


def _of_name(text: Text, old: str, new: str) -> tuple[Edit, ...]:
    spaced = f"{new} " if new[-1].isalpha() else new
    units = [Edit(u.start, u.name_end, _spaced(spaced, u)) for u in text.units if u.name == old]
    if units or not old.isdigit():
        return tuple(units)
    return tuple(
        Edit(t.offset, t.offset + len(t.text), spaced)
        for t in text.found
        if t.kind == "number" and t.text == old
    )


def _spaced(new: str, unit: Unit) -> str:
    return new.rstrip() if unit.script else new


def _of_text(text: Text, old: str, new: str) -> tuple[Edit, ...]:
    return tuple(Edit(u.start, u.end, f"{new} ") for u in text.units if _written(u, text) == old)


def _written(unit: Unit, text: Text) -> str:
    return text.text[unit.start : unit.end]


def _shifts(text: Text) -> Iterator[Edits]:
    """An index one step off, at one place or wherever that symbol has it."""
    for unit in text.units:
        for script in _neighbours(unit.script):
            new = f"{text.text[unit.start : unit.name_end]}{script}"
            slip = f"{_written(unit, text)} where {new} is meant"
            yield (Edit(unit.name_end, unit.end, script),), slip
    for old in dict.fromkeys(u.script for u in text.units if u.script):
        same = [u for u in text.units if u.script == old]
        for script in _neighbours(old) if len(same) > 1 else ():
            slip = "an index that is one step off"
            yield tuple(Edit(u.name_end, u.end, script) for u in same), slip


_SCRIPT = re.compile(
    r"([_^])\s*(?:\{\s*(\(?)([A-Za-z])\s*(?:([+-])\s*(\d+))?\s*\)?\s*\}|()([A-Za-z]))(.*)", re.S
)


def _neighbours(script: str) -> Iterator[str]:
    """The same script with its index one step on, one step back, or its sign turned."""
    match = _SCRIPT.fullmatch(script)
    if match is None:
        return
    mark, bracket, braced, sign, shift, _, bare, rest = match.groups()
    letter = braced or bare
    here = int(f"{sign}{shift}") if sign else 0
    for there in (here + 1, here - 1, -here if here else None):
        if there is not None and there != here:
            text = letter + (f"{there:+d}" if there else "")
            yield f"{mark}{{({text})}}{rest}" if bracket else f"{mark}{{{text}}}{rest}"


def _kinds(text: Text) -> Iterator[Edits]:
    """∂ where the immediate derivative ∂⁺ is meant, at one place or at all, and the reverse."""
    places = [
        i + 2
        for i, t in enumerate(text.found[:-2])
        if t.text in FRACTIONS and text.found[i + 2].text == "\\partial"
    ]
    plain = [text.end_of(i) for i in places if text.found[i + 1].text != "^"]
    slip = "a total derivative where the immediate one is meant"
    for at in plain:
        yield (Edit(at, at, "^+ "),), slip
    if len(plain) > 1:
        yield tuple(Edit(at, at, "^+ ") for at in plain), slip
    for i in places:
        if text.found[i + 1].text == "^":
            _, end = group_at(text.found, i + 2)
            span = Edit(text.end_of(i), text.end_of(end - 1), " ")
            yield (span,), "an immediate derivative where the total one is meant"


def _operators(text: Text) -> Iterator[Edits]:
    for token in text.found[:-1]:
        end = token.offset + len(token.text)
        if token.text == "+":
            yield (Edit(token.offset, end, " \\cdot "),), "a sum where a product is meant"
            yield (Edit(token.offset, end, "-"),), "a sign"
        elif token.text == "-":
            yield (Edit(token.offset, end, "+"),), "a sign"
        elif token.text in ("\\times", "\\cdot"):
            yield (Edit(token.offset, end, " + "),), "a product where a sum is meant"


def _coefficients(text: Text, numbers: Sequence[str]) -> Iterator[Edits]:
    known = list(dict.fromkeys([*numbers, "2", "3"]))[:8]
    for token in text.found[:-1]:
        if token.kind == "number" and token.text.isdigit():
            end = token.offset + len(token.text)
            near = [str(int(token.text) + 1), str(max(0, int(token.text) - 1)), *known]
            for new in dict.fromkeys(near):
                if new != token.text:
                    yield (Edit(token.offset, end, new),), f"{token.text} where {new} is meant"
    for start, end, _ in text.terms():
        shown = text.text[start:end].strip()
        at = start + len(text.text[start:end]) - len(text.text[start:end].lstrip())
        for new in known if shown else ():
            if not shown[0].isdigit():
                yield (Edit(at, at, f"{new} "),), f"the factor {new} is missing"


def _replacements(text: Text, symbols: Sequence[str]) -> Iterator[Edits]:
    """One symbol at one place by another symbol of the line or the definitions."""
    own = [_written(u, text) for u in text.units]
    for unit in text.units:
        old = _written(unit, text)
        for new in dict.fromkeys([*own, *symbols]):
            if new != old:
                yield (Edit(unit.start, unit.end, f"{new} "),), f"{old} where {new} is meant"


def _order(text: Text) -> Iterator[Edits]:
    """Two neighbours exchanged, each as it stands or both transposed."""
    for run in text.runs():
        for (a, b), (c, d) in pairwise(run):
            one, other = text.text[a:b], text.text[c:d]
            yield (Edit(a, d, f"{other} {one}"),), "two factors in the wrong order"
        for (a, b), (c, d) in pairwise(run):
            one, other = _turned(text.text[a:b]), _turned(text.text[c:d])
            yield (Edit(a, d, f"{other} {one}"),), "the transpose of what is meant"


def _transpositions(text: Text) -> Iterator[Edits]:
    """A ⊤ that is missing, or one too many."""
    spans = [*((u.start, u.end) for u in text.units), *(x for run in text.runs() for x in run)]
    for a, b in dict.fromkeys(spans):
        old = text.text[a:b]
        slip = "a transposition too many" if old.endswith(TOP) else "a missing transposition"
        yield (Edit(a, b, _turned(old)),), slip


def _turned(factor: str) -> str:
    if factor.endswith(TOP):
        return factor.removesuffix(TOP)
    whole = f"({factor})" if factor.startswith("\\nabla") else factor
    return f"{whole}{TOP}"


def _drops(text: Text) -> Iterator[Edits]:
    terms = text.terms()
    for start, end, sign in terms if len(terms) > 1 else ():
        begin = start - 1 if sign else start
        stop = end if sign else end + 1
        yield (Edit(max(0, begin), min(stop, len(text.text)), " "),), "a term too many"
    for a, b in text.fractions():
        yield (Edit(a, b, " "),), "a factor too many"


def slips_in_definition(text: str) -> Iterator[tuple[str, str]]:
    """A definition with one confused symbol replaced at one place, and the slip."""
    try:
        read = Text(text)
    except DeriveError:
        return
    for old, new in _confused():
        for edit in _of_name(read, old, new):
            yield read.edited((edit,)), f"{old} where {new} is meant"
