"""The sections of a page, each read by itself: names that two sections use in two ways do not get into each other's way.

A section is judged with what introduces it, and nothing else. What it says of a name that the page defines before is not what the page
says: nothing that reaches such a name, where the section does not define it anew, is taken from here (DESIGN, section 3, "Versions").
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.text.page import Formula, Heading, Item, Page

LEAST = 2  # sections with definitions that make reading them alone worth while


def sections(page: Page) -> Iterator[Page]:
    """The sections of a page from the highest level that has several, then those of the level below."""
    levels = sorted({h.level for h in page.items if isinstance(h, Heading)})
    found = 0
    for level in levels:
        parts = _cut(page.items, level)
        if sum(any(isinstance(i, Formula) for i in own) for _, own in parts) < LEAST:
            continue
        for before, own in parts:
            if any(isinstance(i, Formula) for i in own):
                yield replace(page, items=(*before, *own))
        found += 1
        if found == LEAST:
            return


def _cut(items: tuple[Item, ...], level: int) -> list[tuple[list[Item], list[Item]]]:
    """The sections that headings of a level or above begin, each with what introduces it."""
    found: list[tuple[list[Item], list[Item]]] = []
    above: dict[int, list[Item]] = {0: []}
    own: list[Item] = above[0]
    for item in items:
        if isinstance(item, Heading) and item.level <= level:
            own = [item]
            above = {k: v for k, v in above.items() if k < item.level}
            if item.level == level:
                found.append(([i for k in sorted(above) for i in above[k]], own))
            else:
                above[item.level] = own
        else:
            own.append(item)
    return found
