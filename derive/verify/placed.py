"""What stands where in notes: formulas with their members, scope breaks, macros. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from derive.notation.tokens import Source

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Member:
    """source.text[start:end], with the relation sign that stands before it.

    `relation` is "" for the head of a chain, "=" or ":=" (also for ≡), "in" (∈), or the LaTeX of
    another relation (\\approx, \\le, \\to, …); `sign` is where it stands. A relation
    sign with nothing behind it has an empty member. A head starts at its first mathematics, any other
    member with its decoration.
    """

    relation: str
    start: int
    end: int
    sign: Span | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """One formula: a head and what it is said to equal.

    `continues` says that it begins with a relation sign and so goes on with the chain before it; then
    there is no head member. `conditions` are spans that only say for which index it holds
    (`t = 1, \\dots, T`, `\\text{for } t < T`); `broken` is why the formula cannot be split ("": it can).
    A broken formula has no members.
    """

    start: int
    end: int
    members: tuple[Member, ...]
    continues: bool = False
    conditions: tuple[Span, ...] = ()
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """Where a scope opens ("e.g.", "Example": `opens`) or ends (a heading, a page break).

    `level` is that of a heading, 1 and more, the higher the deeper (for an example, of the heading that
    it stands in); None for anything else. `horizon` is the T that a heading fixes for its section, as
    "Unrolled, T = 3" does; `end` is where a heading ends.
    """

    offset: int
    opens: bool
    level: int | None = None
    horizon: int | None = None
    end: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A text with its formulas in order, its scope breaks and its `derive:` directives.

    `source.text` has the offsets of the file; what is no mathematics (comments, labels, decoration)
    is blanked out. `directives` are the texts after `derive:` with their offsets. `macros` are the
    user's macros without arguments, each with what stands for it (which has no user's macro in it);
    `unknown_macros` those that are not understood (with arguments, defined twice). `mathematics` are
    the spans between the delimiters. The text of a notebook is its Markdown cells, joined by blank
    lines; `cells` are their first offsets with the number of the cell, counted from 1.
    """

    source: Source
    formulas: tuple[Placed, ...]
    breaks: tuple[Break, ...] = ()
    directives: tuple[tuple[int, str], ...] = ()
    macros: tuple[tuple[str, str], ...] = ()
    unknown_macros: tuple[str, ...] = ()
    cells: tuple[tuple[int, int], ...] = ()
    mathematics: tuple[Span, ...] = ()
