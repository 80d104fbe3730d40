r"""A matrix P that stands beside the matrix of the p_{11}, p_{12}, p_{21}, p_{22}: they are its entries, whatever else makes P."""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.notation.slots import single_name
from derive.notation.tabled import entries_in, matrix_alone

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding
    from derive.notation.symbols import Role
    from derive.text.page import Chain, Member
    from derive.text.trees import Row


def written_out(u: Understanding) -> dict[str, str]:
    """For each matrix that stands in a chain beside the matrix of its entries, their name; none that has two names for them."""  # noqa: E501
    found: dict[str, set[str]] = {}
    for number, _, chain in u.chains():
        entries = {e for m in chain.members if (e := entries_of(u, number, m.tree)) is not None}
        wholes = {w for m in chain.members if (w := _whole(u, number, m.tree)) is not None}
        for whole in wholes if _is_equation(chain) else ():
            found.setdefault(whole, set()).update(entries)
    pairs = {whole: next(iter(names)) for whole, names in found.items() if len(names) == 1}
    shared = [e for e in pairs.values() if list(pairs.values()).count(e) > 1]
    return {
        w: e for w, e in pairs.items() if w != e and e not in shared and w not in pairs.values()
    }


def is_of_its_entries(u: Understanding, number: int, role: Role, member: Member) -> bool:
    """Whether a formula is the matrix of the entries of what it makes: it says which these are."""
    entries = entries_of(u, number, member.tree)
    return entries is not None and u.setting.wholes.get(role.key or "") == entries


def _is_equation(chain: Chain) -> bool:
    return all(m.relation in ("", "=", ":=", "\\equiv") for m in chain.members)


def entries_of(u: Understanding, number: int, row: Row) -> str | None:
    """The name of the entries that a formula is the matrix of."""
    table = matrix_alone(row)
    first = entries_in(table) if table is not None else None
    return None if first is None else u.symbols.at(number).occurrence(first, None).key


def _whole(u: Understanding, number: int, row: Row) -> str | None:
    """The key of a capital that stands alone, without an index."""
    found = single_name(row)
    if found is None or found[1] is not None:
        return None
    occurs = u.symbols.at(number).occurrence(found[0], None)
    plain = not (occurs.indices or occurs.power or occurs.primes or occurs.transposed)
    return occurs.key if plain and not occurs.inverse and not occurs.dots else None
