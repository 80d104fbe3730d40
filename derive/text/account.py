"""Where every character of a page has gone: nothing is lost silently."""

from __future__ import annotations

import re
from itertools import pairwise

from derive.text.page import Break, Chain, Formula, Heading, Page, Prose, Span
from derive.text.trees import Row

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
