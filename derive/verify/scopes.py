"""Which formulas share a scope: examples, and the sections of which the heading fixes T."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derive.verify.placed import Break, Page


@dataclass(frozen=True, slots=True)
class Scopes:
    """For each formula its region (0, or the number of its example), and the T that its section fixes.

    `around` has the region in which each example stands; `titles` are the formulas in headings that fix T.
    """

    regions: tuple[int, ...]
    horizons: tuple[int | None, ...]
    around: Mapping[int, int]
    titles: frozenset[int]

    def ancestors(self, region: int) -> tuple[int, ...]:
        """The regions that a region stands in, itself first, down to 0."""
        found = [region]
        while found[-1]:
            found.append(self.around[found[-1]])
        return tuple(found)


def scopes_of(page: Page) -> Scopes:
    """An example ends at the next heading of its own level or above, a page break or another example.

    One that does not stand in a heading ends at any heading, one that does stand there at no page break.
    """
    nesting = _Nesting()
    regions, horizons, titles = [], [], set()
    at = 0
    for number, placed in enumerate(page.formulas):
        while at < len(page.breaks) and page.breaks[at].offset <= placed.start:
            nesting.read(page.breaks[at])
            at += 1
        regions.append(nesting.region)
        horizons.append(nesting.horizon)
        if placed.start < nesting.title_end:
            titles.add(number)
    return Scopes(tuple(regions), tuple(horizons), nesting.around, frozenset(titles))


class _Nesting:
    """The examples and sections that are open, the innermost last."""

    def __init__(self) -> None:
        self.around = dict[int, int]()
        self.title_end = 0
        self._examples = list[tuple[int, int | None]]()
        self._sections = list[tuple[int, int | None]]()

    @property
    def region(self) -> int:
        return self._examples[-1][0] if self._examples else 0

    @property
    def horizon(self) -> int | None:
        return next((t for _, t in reversed(self._sections) if t is not None), None)

    def read(self, b: Break) -> None:
        while self._examples and self._ends(self._examples[-1][1], b):
            self._examples.pop()
        if b.opens:
            number = len(self.around) + 1
            self.around[number] = self.region
            self._examples.append((number, b.level))
        elif b.level is not None:
            while self._sections and self._sections[-1][0] >= b.level:
                self._sections.pop()
            self._sections.append((b.level, b.horizon))
            self.title_end = b.end if b.horizon else 0

    def _ends(self, opened: int | None, b: Break) -> bool:
        """Whether a break ends an example that stands in a heading of level `opened`, or in none."""
        if opened is None:
            return True
        return not b.opens and b.level is not None and b.level <= opened
