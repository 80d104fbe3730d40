"""Which functions of a page are of whole families, and which families it makes by their bare names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.algebra.functions import SPELLED
from derive.judge.made import entries_listed
from derive.judge.names import named
from derive.text.page import Formula
from derive.text.spelled import spelled

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding


def note_families(u: Understanding) -> None:
    """Functions without a prime that are applied to no entry, and what elementary ones are applied to; names that are made without their index."""  # noqa: E501
    applied, to_entries = set[str](), set[str]()
    for item in u.page.items:
        if not isinstance(item, Formula):
            continue
        table = u.symbols.at(item.number)
        for chain in item.chains:
            for member in chain.members:
                for name, behind in named(member.tree):
                    occurs = table.occurrence(name, behind)
                    if name.letter in SPELLED and behind is not None:
                        u.setting.arguments.setdefault(name.letter, set()).add(
                            spelled(behind.inside)
                        )
                    if occurs.arguments is None:
                        continue
                    applied.add(occurs.key)
                    own = {n for row in occurs.arguments for n in named(row)}
                    if any(
                        domain == "component"
                        for n in own
                        for domain, _ in table.occurrence(*n).indices
                    ):
                        to_entries.add(occurs.key)
    u.setting.of_families = applied - to_entries - u.setting.entrywise
    u.setting.made_bare = {
        role.key
        for number, index, chain in u.chains()
        if (role := u.symbols.roles.get((number, index))) is not None
        and role.kind == "definition"
        and role.key is not None
        and role.target is not None
        and not any(d == "component" for d, _ in role.target.indices)
        and len(chain.members) > 1
        and entries_listed(chain.members[1].tree) is None
    }
