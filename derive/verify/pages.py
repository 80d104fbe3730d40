"""Notes to placed formulas: chains of members, each where it stands, and the scopes they stand in."""

from __future__ import annotations

from dataclasses import dataclass

from derive.notation.tokens import Source


@dataclass(frozen=True, slots=True)
class Member:
    """source.text[start:end], with the relation sign that stands before it.

    `relation` is "" for the head of a chain, "=" or ":=" (also for ≡), "in" (∈), or the LaTeX of
    another relation (\\approx, \\le, \\to, …).
    """

    relation: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Placed:
    """One formula: a head and what it is said to equal.

    `continues` says that it begins with a relation sign and so goes on with the chain before it; then
    there is no head member. `conditions` are spans that only say for which index it holds
    (`t = 1, \\dots, T`, `\\text{for } t < T`); `broken` is why the formula cannot be split ("": it can).
    """

    start: int
    end: int
    members: tuple[Member, ...]
    continues: bool = False
    conditions: tuple[tuple[int, int], ...] = ()
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """Where a scope opens ("e.g.", "Example": `opens`) or ends (a heading, a page break)."""

    offset: int
    opens: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A text with its formulas in order, its scope breaks and its `derive:` directives.

    `source.text` has the offsets of the file; what is no mathematics (comments, labels, decoration)
    is blanked out. `directives` are the texts after `derive:` with their offsets.
    """

    source: Source
    formulas: tuple[Placed, ...]
    breaks: tuple[Break, ...] = ()
    directives: tuple[tuple[int, str], ...] = ()


def read_page(path: str, text: str) -> Page:
    """The formulas of a text (.tex, .md, .txt, or a notebook's JSON when `path` ends in .ipynb)."""
    raise NotImplementedError
