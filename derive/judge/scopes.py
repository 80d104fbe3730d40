"""Names that have another shape in another section, and members that are said to be rows or columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from derive.judge.made import ACCENTED
from derive.judge.names import named
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import terms_of as terms_of
from derive.notation.shapes_said import is_row, trimmed
from derive.text.page import Page

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding


def lines_said(u: Understanding) -> Iterator[tuple[str, tuple[str, int]]]:
    r"""x_i where the page says that it is a row of X, or a column; \hat{x}_i of \hat{X} then, too."""
    made = {s.key for s in u.symbols.records() if s.kind not in ("function", "size", "index")}
    for symbol in u.symbols.records():
        match = ACCENTED.fullmatch(symbol.key)
        if not match or not set(symbol.slots) & {"component", "sample"}:
            continue
        letter, place = match[1], line_said(u.page, match[1])
        upper = symbol.key[: match.start(1)] + letter.upper() + symbol.key[match.end(1) :]
        if place is not None and upper in made and "time" not in symbol.slots:
            u.setting.ranks[upper] = max(2, u.setting.ranks.get(upper, 0))
            yield symbol.key, (upper, place)


def line_said(page: Page, letter: str) -> int | None:
    """0 where the page calls the members of a family rows, 1 where it calls them columns."""
    name = rf"\$\s*(?:\\(?:mathbf|boldsymbol|bm)\s*)?\{{?{letter}\}}?_\{{?[a-z]\}}?\s*\$"
    for place, word in enumerate(("row", "column")):
        said = rf"\b{word}s?\b[^.$\n]{{0,30}}\$?{name}|{name}[^.\n]{{0,40}}\b{word}\b"
        if re.search(said, page.source.text):
            return place
    return None


def find_scopes(u: Understanding) -> None:
    """The names whose stated shape is another one in a later section: there they are families of their own."""  # noqa: E501
    u.regions = []
    for key, spoken in u.symbols.symbols.stated.items():
        shapes = [
            (n, s)
            for n, s in sorted(spoken)
            if all(re.fullmatch(r"[^+?]*", d) and not d.isdigit() for d in trimmed(s))
        ]
        section = u.symbols.symbols.sections
        now, version, first = None, 0, -1
        for number, shape in shapes:
            if now is not None and trimmed(shape) != trimmed(now):
                start = min(n for n in section if section[n] == section[number] and n > first)
                version, first = version + 1, min(start, number)
                u.regions.append((first, key, f"{key}∅§{version}"))
                give_shape(u, f"{key}∅§{version}", key, shape)
                if version == 1:
                    give_shape(u, key, key, now)
            now, first = shape, max(first, number)
    remade(u)


def remade(u: Understanding) -> None:
    """What is defined again where other shapes hold is a family of its own there, too."""
    starts = sorted({first for first, _, _ in u.regions})
    versions = {key for _, key, _ in u.regions}
    seen: dict[str, set[int]] = {}
    for (number, _), role in u.symbols.roles.items():
        if role.kind == "definition" and role.key and role.key not in versions:
            seen.setdefault(role.key, set()).add(sum(s <= number for s in starts))
    used = first_uses(u) if starts else {}
    for key, intervals in seen.items():
        intervals |= {sum(s <= used[key] for s in starts)} if key in used else set()
        for version in sorted(intervals)[1:]:
            name = f"{key}∅§§{version}"
            u.regions.append((starts[version - 1], key, name))
            u.setting.steps[name] = u.setting.steps.get(key, ())
            u.setting.components[name] = u.setting.components.get(key, 0)
            u.setting.ranks[name] = u.setting.ranks.get(key, 0)


def first_uses(u: Understanding) -> dict[str, int]:
    """The first formula that each name stands in."""
    found: dict[str, int] = {}
    for number, _, chain in u.chains():
        table = u.symbols.at(number)
        for member in chain.members:
            for name, behind in named(member.tree):
                found.setdefault(table.occurrence(name, behind).key, number)
    return found


def give_shape(u: Understanding, name: str, key: str, shape: tuple[str, ...]) -> None:
    """Gives a name its stated shape, and the slots of the name that it is a version of."""
    setting = u.setting
    sizes = trimmed(shape)
    sizes = tuple(d for d in sizes if d != "1") if len(sizes) == 2 else sizes
    setting.ranks[name] = len(sizes)
    for place, dim in enumerate(sizes):
        setting.shared_dims[f"{name}:{place}"] = f"dim:{dim}"
    setting.steps[name] = setting.steps.get(key, ())
    if is_row(shape):
        setting.lying.add(name)


def scoped_name(u: Understanding, key: str, number: int) -> str:
    """The family that a name is of where a formula stands."""
    key = u.setting.lines.get(key, (key, 0))[0]
    return scopes_at(u, number).get(key, key)


def scopes_at(u: Understanding, number: int) -> dict[str, str]:
    """The names that are families of their own where a formula stands."""
    return {k: n for first, k, n in sorted(u.regions) if first <= number}
