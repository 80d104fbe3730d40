"""What a page says quantities to be functions of: in a call, L(x, y), or in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from derive.algebra.core import Ref
from derive.judge.names import named
from derive.meaning.model import Model, depended
from derive.text.page import Formula, Prose
from derive.text.trees import Group, Name

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

RESTS_ON = re.compile(
    r"\b(?:functions? of|depends?(?: both| directly)* (?:up)?on|depends?|made of|rests? on|"
    r"Funktion von|hängt\b.*\bvon|fonction de|dépend de|función de|depende de)\b\W*(?:both\W*)?$"
    r"|(?:取决于|依赖于?|依存)\W*$",
    re.IGNORECASE,
)
GOES_ON = re.compile(
    r"(?:\W|(?:directly|both|again|also|and|of|on|as well as|by way of|through|via)"
    r"|(?:und|von|et|de|y|和|与|及|と))*$",
    re.IGNORECASE,
)


def arguments_told(u: Understanding) -> dict[str, frozenset[str]]:
    """For each name what the page calls it with, and what the prose says it to be a function of."""
    found: dict[str, set[str]] = {}
    for number, _, _, occurs in u.occurrences():
        table = u.symbols.at(number)
        rows = [r for r in occurs.arguments or () if len(r) == 1]
        keys = {table.occurrence(r[0], None).key for r in rows if isinstance(r[0], Name)}
        if len(keys) > 1:
            found.setdefault(occurs.key, set()).update(keys)
    items = list(u.page.items)
    for at, item in enumerate(items):
        key, behind = _alone(u, item), items[at + 1] if at + 1 < len(items) else None
        if key and isinstance(behind, Prose) and RESTS_ON.search(behind.text.split(".")[-1]):
            found.setdefault(key, set()).update(_listed(u, items[at + 2 :]))
    return {key: frozenset(names) for key, names in found.items() if len(names) > 1}


def arguments_alone(u: Understanding) -> dict[str, frozenset[str]]:
    """What an equation y = f(u, v) says y to be a function of, and of nothing else; none of which two say two things."""  # noqa: E501
    found: dict[str, set[frozenset[str]]] = {}
    for number, _, chain in u.chains():
        table = u.symbols.at(number)
        if len(chain.members) != 2 or chain.members[1].relation != "=":
            continue
        (head, *more), row = chain.members[0].tree or (None,), chain.members[1].tree
        if more or not isinstance(head, Name) or len(row) != 2 or not isinstance(row[0], Name):
            continue
        if not isinstance(row[1], Group):
            continue
        rows = table.occurrence(row[0], row[1]).arguments or ()
        keys = {table.occurrence(r[0], None).key for r in rows if isinstance(r[0], Name)}
        if rows and all(len(r) == 1 for r in rows) and len(keys) == len(rows):
            found.setdefault(table.occurrence(head, None).key, set()).add(frozenset(keys))
    return {key: next(iter(said)) for key, said in found.items() if len(said) == 1}


def _alone(u: Understanding, item: object) -> str | None:
    """The name that an inline formula is."""
    if not isinstance(item, Formula) or item.display or len(item.chains) != 1:
        return None
    members = item.chains[0].members
    row = members[0].tree if len(members) == 1 else ()
    if not row or not isinstance(row[0], Name) or len(row) > 2:
        return None
    key: str = u.symbols.at(item.number).occurrence(row[0], None).key
    return key


def _listed(u: Understanding, items: Iterable[object]) -> set[str]:
    """The names of a list, x, y and z, that a sentence goes on with."""
    found: set[str] = set()
    for item in items:
        if isinstance(item, Prose):
            if not GOES_ON.match(item.text):
                break
            continue
        if not isinstance(item, Formula) or item.display or not item.chains:
            break
        table = u.symbols.at(item.number)
        found |= {
            table.occurrence(n, b).key
            for chain in item.chains
            for n, b in named(chain.members[0].tree)
        }
    return found


def other_ways(
    names: Iterable[str], told: Mapping[str, frozenset[str]], model: Model
) -> tuple[str, ...]:
    """What is supposed of quantities that are taken for functions of some names, where the page tells more: x beside a y made of x."""  # noqa: E501
    said: dict[str, None] = {}
    for name in names:
        bare = name.split("∅")[0]
        arguments = told.get(bare, frozenset())
        for last in sorted(arguments):
            made = {n.split("∅")[0] for n in depended((Ref(last),), model)} - {last, bare}
            for first in sorted(arguments & made):
                said[f"{bare} depends on {first} by way of {last} alone"] = None
    return tuple(said)
