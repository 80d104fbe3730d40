"""Where a page stops: h_t = … for t < 4, T = 3. A line about h_5 is about what nothing there makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from derive.judge.conditions import BEHIND
from derive.meaning.model import ORDERED, depended
from derive.text.page import Break, Formula, Prose
from derive.text.spelled import spelled

if TYPE_CHECKING:
    from derive.judge.readings import Tried
    from derive.judge.understanding import Understanding

SHORT = 40
SPACE = re.compile(r"\s+|\\(?:[,;:!]|q?quad\b)")
BELOW = r"(?<![a-zA-Z]){}(<|\\leqslant|\\leq|\\le|≤)(\d+)(?!\d)"
LISTED = r"(?<![a-zA-Z]){}(?:=|\\in\\\{{|∈\{{)\d+,(?:(?:\\[a-z]*dots|\.\.\.|…|\d+),)+(\d+)(?!\d)"
EQUAL = r"(?<![a-zA-Z\\]){}=(\d+)"


def stated_ends(u: Understanding) -> dict[int, int]:
    """For each formula that defines members of a family the last one that it is said to make, where that is a number."""  # noqa: E501
    found: dict[int, int] = {}
    ends = list(_horizons(u))
    for number, index, _ in u.chains():
        role = u.symbols.roles.get((number, index))
        target = role.target if role is not None and role.kind == "definition" else None
        letters = (
            [spelled(row) for domain, row in target.indices if domain in ORDERED] if target else []
        )
        texts = list(_said_behind(u, number))
        last = [e for letter in letters for text in texts for e in _last(letter, text)]
        if last or (ends and letters):
            found[number] = min(last) if last else max(ends)
    return found


def beyond(ends: dict[int, int], tried: Tried) -> str:
    """What a line names a member of, by its number, that lies behind the last one that the page makes; "" without such."""  # noqa: E501
    from derive.judge.claims import named

    model = tried.outcome.model
    if not ends or model is None:
        return ""
    sides = (tried.sides.left, tried.sides.right)
    for name in depended(sides, model):
        last = [ends.get(d.number) for d in model.definitions.get(name, ()) if d.is_general]
        if not last or None in last:
            continue
        stop = max(e for e in last if e is not None)
        for side in sides:
            for ref, _ in named(side):
                for i, slot in zip(ref.index, model.slots.get(ref.name, ()), strict=False):
                    if slot in ORDERED and i.is_number and i.shift > stop:
                        return name.split("∅")[0]
    return ""


def _horizons(u: Understanding) -> Iterator[int]:
    """The numbers that the page says a horizon to be, T = 3."""
    horizons = u.horizon_letters() & {"T", "N", "K"}
    for _, _, chain in u.chains():
        if len(chain.members) == 2 and chain.members[1].relation == "=":
            text = SPACE.sub("", u.page.source.text[chain.members[0].start : chain.members[1].end])
            for letter in horizons:
                if found := re.fullmatch(EQUAL.format(letter) + r"[.,;]?", text):
                    yield int(found[1])


def _said_behind(u: Understanding, number: int) -> Iterator[str]:
    """A formula, and those right behind it in words that make them its conditions."""
    items = u.page.items
    at = next(
        k for k, item in enumerate(items) if isinstance(item, Formula) and item.number == number
    )
    yield _text(u, items[at])
    words = ""
    for item in items[at + 1 :]:
        if isinstance(item, Formula):
            if words.strip() and len(words) < SHORT and BEHIND.match(words):
                yield _text(u, item)
            return
        if isinstance(item, Prose):
            words += item.text
        elif not isinstance(item, Break):
            return


def _text(u: Understanding, item: object) -> str:
    assert isinstance(item, Formula)
    return SPACE.sub("", u.page.source.text[item.start : item.end])


def _last(letter: str, text: str) -> Iterator[int]:
    """The last numbers of a letter that a text states: 3 of t < 4, of t = 1, 2, 3."""
    for sign, number in re.findall(BELOW.format(re.escape(letter)), text):
        yield int(number) - (sign == "<")
    yield from map(int, re.findall(LISTED.format(re.escape(letter)), text))
