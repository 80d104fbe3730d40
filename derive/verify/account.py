"""What became of every character of the mathematics: nothing is skipped silently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from derive.verify.placed import Page, Placed

Fate = Literal[
    "member", "relation", "condition", "decoration", "separator", "broken", "lost", "twice"
]

_SEPARATOR = re.compile(
    r"(?:\s|\\\\\*?|\\(?:q?quad|enspace|hfill|par|colon|thinspace|medspace|thickspace|cr|newline)"
    r"(?![a-zA-Z])|\\[,;:!>/]|\\(?=\s|\Z)|[.,;:~&。，；：、])+"
)


class Account(NamedTuple):
    """What became of text[start:end]; "lost" and "twice" must not occur."""

    start: int
    end: int
    fate: Fate


def account(page: Page, original: str) -> tuple[Account, ...]:
    """The fate of each run of characters, without the white space, between the delimiters."""
    fates: list[Fate | None] = [None] * len(original)
    for formula in page.formulas:
        _mark(fates, formula)
    found = list[Account]()
    for start, end in page.mathematics:
        for at in range(start, end):
            if original[at].isspace():
                continue
            fate = fates[at] or ("decoration" if page.source.text[at].isspace() else "lost")
            if found and found[-1].end == at and found[-1].fate == fate:
                found[-1] = Account(found[-1].start, at + 1, fate)
            else:
                found.append(Account(at, at + 1, fate))
    return tuple(_separated(found, page.source.text))


def _mark(fates: list[Fate | None], formula: Placed) -> None:
    if formula.broken:
        _fill(fates, formula.start, formula.end, "broken")
    for start, end in formula.conditions:
        _fill(fates, start, end, "condition")
    for member in formula.members:
        _fill(fates, member.start, member.end, "member")
        if member.sign is not None:
            _fill(fates, *member.sign, "relation")


def _fill(fates: list[Fate | None], start: int, end: int, fate: Fate) -> None:
    for at in range(start, end):
        fates[at] = "twice" if fates[at] else fate


def _separated(found: list[Account], text: str) -> Iterator[Account]:
    """A lost run that is a separator is none that was lost."""
    for run in found:
        separates = run.fate == "lost" and _SEPARATOR.fullmatch(text, run.start, run.end)
        yield run._replace(fate="separator") if separates else run
