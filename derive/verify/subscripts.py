"""Subscripts that name entries: W_{ij}, h_{t,i}, h_i^{(t)}, told from times and from labels.

Read from the tokens, before any formula is parsed, since what a definition defines depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derive.model.recurrence import HORIZON, STEP
from derive.notation.scope import Mention, Skim, group_at, name_at, scripts_at, unwrapped
from derive.notation.tokens import Token


@dataclass(frozen=True, slots=True)
class Subscripts:
    """What a page says of its subscripts.

    `ranks` are how many indices the entries of each declared name have, `timed` the names that are
    declared with a time, `letters` what names entries, `whole` the names that are declared or defined
    without any subscript.
    """

    ranks: Mapping[str, int]
    timed: frozenset[str]
    letters: frozenset[str]
    whole: frozenset[str]

    def entry(self, m: Mention) -> tuple[str, ...] | None:
        """The index letters of a mention; None where it is no entry.

        What is not declared, and a vector without time, is an entry if its subscript has nothing but
        `letters`: b_f, with no matrix that has an index f, is another vector than b.
        """
        found = _letters_of(m)
        if found is None or (m.name in self.timed and not _has_step(m)):
            return None
        rank = self.ranks.get(m.name, len(found))
        return found if len(found) == rank and set(found) <= self.letters else None

    def ranks_in(self, *texts: tuple[Token, ...]) -> Mapping[str, int]:
        """The ranks of what is declared, and of what has such letters in these texts."""
        found = dict(self.ranks)
        for m in (m for text in texts for m in Skim(text).mentions()):
            own = self.entry(m)
            if own is not None:
                found.setdefault(m.name, len(own))
        return found

    def without_entries(self, found: tuple[Token, ...]) -> tuple[Token, ...]:
        """A definition in index notation as it would stand for whole vectors: names and times alone."""
        if not self.letters:
            return found
        spans: list[tuple[int, int, tuple[Token, ...]]] = []
        used: set[str] = set()
        places = {token.offset: i for i, token in enumerate(found)}
        for m in Skim(found).mentions():
            own = self.entry(m)
            if own is None or m.below is None:
                continue
            used |= set(own)
            _, after = name_at(found, places[m.offset])
            start = next(i for i in range(after, len(found)) if found[i].text == "_")
            _, end = group_at(found, start + 1)
            steps = [part for part in _parts(m.below) if _names_step(part)]
            opened, closed = (Token("char", text, found[start].offset) for text in "{}")
            spans.append((start, end, (found[start], opened, *steps[0], closed) if steps else ()))
        for i, token in enumerate(found):
            if used and token.text == "\\sum":
                below, _, end = scripts_at(found, i + 1)
                if below and below[0].text in used:
                    spans.append((i, end, ()))
        for start, end, kept in sorted(spans, reverse=True):
            found = (*found[:start], *kept, *found[end:])
        return found


def subscripts_of(
    declared: Sequence[tuple[Mention, int]], skims: Sequence[Skim], plain: frozenset[str]
) -> Subscripts:
    """What the declarations W ∈ ℝ^{n×d}, with their numbers of sizes, and all formulas say together.

    A letter names entries if it stands so with a declared matrix, beside a time, or under a Σ with what
    is declared or defined as a whole, without any subscript; `plain` are the symbols that are defined so.
    """
    if not declared:
        return Subscripts({}, frozenset(), frozenset(), frozenset())
    own = [(m, rank) for m, rank in declared if m.below is None or _has_step(m)]
    ranks = {m.name: rank for m, rank in own}
    timed = frozenset(m.name for m, _ in own if _has_step(m))
    mentions = [(m, skim) for skim in skims for m in skim.mentions()]
    whole = frozenset((plain | {m.name for m, _ in own}) - timed)
    letters: set[str] = set()
    for m, skim in mentions:
        found = _letters_of(m)
        if found is None:
            continue
        matrix = m.name not in timed and ranks.get(m.name) == len(found) > 1
        summed = m.name in whole and set(found) <= set(skim.bound())
        if matrix or summed or _has_step(m):
            letters |= set(found)
    return Subscripts(ranks, timed, frozenset(letters), whole)


def _letters_of(m: Mention) -> tuple[str, ...] | None:
    """The single letters of a subscript, its time left out."""
    if m.below is None or m.arguments is not None:
        return None
    parts = [part for part in _parts(m.below) if not _names_step(part)]
    if any(t.kind != "name" for part in parts for t in part):
        return None
    return tuple(t.text for part in parts for t in part) or None


def _has_step(m: Mention) -> bool:
    """Whether a time stands in a mention's subscript or superscript."""
    above = unwrapped(m.above) if m.above else ()
    below = _parts(m.below) if m.below else []
    return any(map(_names_step, below)) or any(t.text in (STEP, HORIZON) for t in above)


def _names_step(part: Sequence[Token]) -> bool:
    return any(t.kind == "number" or t.text in (STEP, HORIZON) for t in part)


def _parts(script: Sequence[Token]) -> list[list[Token]]:
    """What stands between the commas of a subscript."""
    found: list[list[Token]] = [[]]
    for token in script:
        if token.text == ",":
            found.append([])
        else:
            found[-1].append(token)
    return [part for part in found if part]
