"""Which quantities of a page are random."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from derive.judge.noise import called_noise, drawn_in, normal
from derive.notation.chance import NAMES as MEANS
from derive.notation.chance import chances, drawn
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import terms_of as terms_of
from derive.text.trees import Name
from derive.text.trees import walk as nodes

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding


def random_names_of(u: Understanding) -> set[str]:
    """The names of random quantities: what a page takes expectations over or of, and what is made of such."""  # noqa: E501
    found: set[str] = set()
    made: list[tuple[str, set[str]]] = []
    defined = u.setting.defined
    for number, index, chain in u.chains():
        table = u.symbols.at(number)
        rows = [m.tree for m in chain.members]
        for name, place in (x for row in rows for x in chances(row, defined)):
            key = table.occurrence(name, None).key
            if place == "by" or (place == "in" and may_be_random(u, key)):
                found.add(key)
        role = u.symbols.roles.get((number, index))
        if role is not None and role.kind == "definition" and role.key and len(rows) > 1:
            uses = {
                table.occurrence(n, None).key for n, p in chances(rows[1], defined) if p == "out"
            }
            made.append((role.key, uses))
    if not found:
        return found
    found |= {k for k in said_random(u) if may_be_random(u, k)}
    while more := {k for k, uses in made if uses & found and k not in found}:
        found |= more
    return found


def said_random(u: Understanding) -> Iterator[str]:
    r"""The names of w \sim N(0, Q), and those that the prose calls noise."""
    for number, _, chain in u.chains():
        if len(chain.members) > 1:
            plain = chain.members[1].relation == "\\sim"
            if plain or normal(chain.members[1].tree) is not None:
                for name in drawn_in(chain):
                    yield u.symbols.at(number).occurrence(name, None).key
    yield from called_noise(u)


def draws(u: Understanding) -> bool:
    r"""Whether some expectation says what is drawn from where: E_{x \sim p}."""
    return any(
        isinstance(node, Name) and node.letter in MEANS and drawn(node.below or ())
        for _, _, chain in u.chains()
        for member in chain.members
        for node in nodes(member.tree)
    )


def may_be_random(u: Understanding, key: str) -> bool:
    """A small letter that is no parameter, index or function."""
    symbol = u.symbols.at(0).symbol(key)
    letter = re.sub(
        r"\\(?:math[a-z]+|boldsymbol|bm|hat|tilde|bar|vec|widehat|overline)\b|[{}]", "", key
    ).lstrip("\\")[:1]
    noise = "time" in u.setting.steps.get(key, ()) or "layer" in u.setting.steps.get(key, ())
    return (
        symbol is not None
        and (symbol.kind in ("variable", "input") or (noise and symbol.kind == "parameter"))
        and letter.islower()
    )
