"""What a page holds, in the order in which it is read. Frozen, with places."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from derive.text.trees import Row


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file as it is on disk: line and column count from 1; `cell` is a notebook's."""

    line: int
    column: int
    cell: int | None
    path: str


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the logical text from `start` on, which stands in `file` at `origin`.

    `escaped` parts are a JSON string's inside: `length` characters of it stand for what was read.
    """

    start: int
    path: str
    file: str
    origin: int
    cell: int | None = None
    escaped: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """The logical text of a page, and where each part of it stands."""

    path: str
    text: str
    parts: tuple[Part, ...]

    def place(self, offset: int) -> Place:
        """The line, column, cell and file of an offset into the text."""
        i = bisect_right(self.parts, offset, key=lambda part: part.start) - 1
        if i < 0:
            return Place(1, 1, None, self.path)
        part = self.parts[i]
        into = offset - part.start
        at = part.origin + (_escaped_length(part, into) if part.escaped else into)
        starts = line_starts(part.file)
        line = bisect_right(starts, at)
        return Place(line, at - starts[line - 1] + 1, part.cell, part.path)


@lru_cache(maxsize=32)
def line_starts(text: str) -> list[int]:
    """The offsets at which lines begin."""
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def _escaped_length(part: Part, count: int) -> int:
    """How many characters of a JSON string stand for the first `count` of its value."""
    at = part.origin
    for _ in range(count):
        if part.file[at : at + 1] != "\\":
            at += 1
        elif part.file[at + 1 : at + 2] == "u":
            at += 12 if part.file[at + 2 : at + 4].lower() in _HIGH_SURROGATES else 6
        else:
            at += 2
    return at - part.origin


_HIGH_SURROGATES = ("d8", "d9", "da", "db")


@dataclass(frozen=True, slots=True)
class Member:
    """One side of a chain and the relation before it ("" before the first)."""

    start: int
    end: int
    relation: str
    tree: Row


@dataclass(frozen=True, slots=True)
class Chain:
    """head = member = member …, the conditions behind it, the words before it; a `copy` says what the
    page does not write there."""

    members: tuple[Member, ...]
    conditions: tuple[Row, ...] = ()
    words: str = ""
    continues: bool = False
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the highest. Its formulas follow it, with `in_heading`."""

    start: int
    end: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Prose:
    """Plain words between two formulas, without markup."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """Structure between prose and formulas: "paragraph", "item", "list end", "caption",
    "section end", "cell", "slide", "environment", "environment end"."""

    start: int
    end: int
    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula as it is delimited, inline or displayed."""

    start: int
    end: int
    number: int
    display: bool
    chains: tuple[Chain, ...]
    in_heading: bool = False
    in_caption: bool = False
    directive: bool = False
    environment: str = ""


Item = Heading | Prose | Formula | Break
Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Page:
    """A text, read. `skipped` are the stretches that are comment, code or markup (a macro's definition)."""

    source: Source
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()
    skipped: tuple[Span, ...] = ()

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """The formulas in order."""
        return tuple(item for item in self.items if isinstance(item, Formula))

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The chains of all formulas in order."""
        return tuple(chain for formula in self.formulas for chain in formula.chains)


def with_chains(page: Page, changed: Callable[[Formula], Iterable[Chain]]) -> Page:
    """A page whose formulas have the chains that are made of them."""
    items = (
        replace(item, chains=tuple(changed(item))) if isinstance(item, Formula) else item
        for item in page.items
    )
    return replace(page, items=tuple(items))


def with_trees(page: Page, changed: Callable[[Row], Row]) -> Page:
    """A page with the tree of every member changed; its conditions stay as they are."""

    def in_chain(chain: Chain) -> Chain:
        members = tuple(replace(m, tree=changed(m.tree)) for m in chain.members)
        return replace(chain, members=members)

    return with_chains(page, lambda formula: map(in_chain, formula.chains))


# -- account -------------------------------------------------------------------------------------

_INK = re.compile(r"[^\s\x01]")
_DECORATION = re.compile(
    r"(?:\\(?:begin|end)\s*\{[^{}]*\}(?:\{[^{}]*\}|\[[^\]]*\])*|\\(?:label|tag|vspace|hspace|color|phantom|intertext)\*?\{[^{}]*\}"
    r"|\\\\\*?(?:\[[^\]]*\])?|\\[a-zA-Z]+\*?|\\.|[{}&,;.:$`~()\s\x01]|%[^\n]*)+"
)


def account(page: Page) -> list[Span]:
    """(start, end, kind) of the whole text in order: "chain", "condition", "words", "decoration", "prose",
    "comment", "code", "markup"; "lost" is what stands in a formula and in no chain of it."""
    spans = list(page.skipped)
    for item in page.items:
        match item:
            case Formula():
                spans += _formula(page, item)
            case Prose():
                spans.append((item.start, item.end, "prose"))
            case Heading() | Break():
                spans.append((item.start, item.end, "markup"))
    return _filled(page.source.text, sorted(spans))


def lost(page: Page) -> list[Span]:
    """What stands in a formula, and neither in a chain of it nor in its decoration."""
    return [span for span in account(page) if span[2] == "lost"]


def _formula(page: Page, formula: Formula) -> list[Span]:
    found: list[Span] = []
    for chain in formula.chains:
        found += _chain(chain)
    found.sort()
    at, spans = formula.start, list[Span]()
    for start, end, kind in [*found, (formula.end, formula.end, "")]:
        if start > at:
            spans.append((at, start, _between(page.source.text[at:start])))
        if end > max(start, at) and kind:
            spans.append((max(start, at), end, kind))
        at = max(at, end)
    return spans


def _chain(chain: Chain) -> list[Span]:
    found = [(m.start, m.end, "chain") for m in chain.members if m.end > m.start]
    # The relation between two members belongs to the chain.
    found += [(a.end, b.start, "chain") for a, b in pairwise(chain.members) if b.start > a.end]
    first = chain.members[0] if chain.members else None
    if first and first.relation:
        found.append((max(0, first.start - 16), first.start, "chain"))
    found += [(*_extent(row), "condition") for row in chain.conditions if row]
    return found


def _extent(row: Row) -> tuple[int, int]:
    return min(n.start for n in row), max(n.end for n in row)


def _between(text: str) -> str:
    """What stands between members: decoration, words, or something that was lost."""
    rest = _DECORATION.sub(
        "", re.sub(r"\\(?:text[a-z]*|mbox|hbox|mathrm|intertext)\s*\{[^{}]*\}", "", text)
    )
    if not _INK.search(rest):
        return "decoration"
    return "words" if re.search(r"\\(?:text|mbox|hbox|mathrm)|[^\W\d_]{2,}", text) else "lost"


def _filled(text: str, spans: list[Span]) -> list[Span]:
    """The spans with what stands between them as markup."""
    found: list[Span] = []
    at = 0
    for start, end, kind in [*spans, (len(text), len(text), "")]:
        if start > at:
            found.append((at, start, "markup"))
        if end > max(at, start):
            found.append((max(at, start), end, kind))
        at = max(at, end)
    return found
