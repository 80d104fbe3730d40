r"""What a chain gives a name in passing: O = \sigma(A) V = P V says that P is \sigma(A)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.judge.names import named
from derive.notation.setting import Unread
from derive.notation.shaped import Misfit
from derive.notation.slots import single_name
from derive.notation.symbols import Role
from derive.text.page import Chain
from derive.text.spelled import spelled
from derive.text.trees import Group, Name, Row, Sign, Words

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

SUMS = ("+", "-", "\\pm")


def named_part(first: Row, second: Row) -> tuple[Row, Row] | None:
    """The name that the second of two rows has where the first has a formula, and that formula; None where they differ otherwise."""  # noqa: E501
    first, second = without_points(first), without_points(second)
    one, other = [spelled((n,)) for n in first], [spelled((n,)) for n in second]
    most = min(len(one), len(other))
    start = next((i for i in range(most) if one[i] != other[i]), most)
    end = next((i for i in range(most - start) if one[-1 - i] != other[-1 - i]), most - start)
    whole, name = first[start : len(first) - end], second[start : len(second) - end]
    if len(whole) == len(name) == 1 and isinstance(whole[0], Group) and isinstance(name[0], Group):
        same = replace(whole[0], inside=(), start=0, end=0) == replace(
            name[0], inside=(), start=0, end=0
        )
        return named_part(whole[0].inside, name[0].inside) if same else None
    if not whole or single_name(name) is None or (len(whole) == 1 and isinstance(whole[0], Name)):
        return None
    if any(isinstance(n, Sign) and n.text in SUMS for n in whole):
        before, behind = first[:start], first[len(first) - end :]
        if before and not (isinstance(before[-1], Sign) and before[-1].text == "+"):
            return None  # 2 z for 2 w x + b
        if behind and not (isinstance(behind[0], Sign) and behind[0].text in SUMS):
            return None
    elif takes_all(first[:start]):
        return None
    return name, whole


def without_points(row: Row) -> Row:
    """A row without punctuation and words at its end."""
    while row and (
        isinstance(row[-1], Words) or (isinstance(row[-1], Sign) and row[-1].text in ",.;:")
    ):
        row = row[:-1]
    return row


def takes_all(row: Row) -> bool:
    r"""Whether a row ends with a function's name without a bracket: \log x y is (\log x) y, or is not."""
    return bool(row) and isinstance(row[-1], Name) and row[-1].style == "op"


def name_part(u: Understanding, place: tuple[int, int], chain: Chain, role: Role) -> None:
    """Defines what the second member of a definition has a new name for, where it is the first otherwise."""  # noqa: E501
    from derive.judge.defining import record_definition  # it asks this one, too

    found = named_part(chain.members[1].tree, chain.members[2].tree)
    single = found and single_name(found[0])
    if not found or not single:
        return
    number, index = place
    table = u.symbols.at(number)
    occurs = table.occurrence(*single)
    used = {table.occurrence(n, b).key for n, b in named(found[1])}
    if occurs.key in u.setting.defined or occurs.key in used or occurs.arguments or occurs.primes:
        return
    if any(n < number and o.key == occurs.key for n, _, _, o in u.occurrences()):
        return  # no new name: a parameter that the slope is
    member = replace(chain.members[1], tree=found[1])
    made = replace(chain, members=(replace(chain.members[2], tree=found[0]), member))
    kept = u.definitions_read.copy()
    try:
        record_definition(
            u, number, index, made, Role("definition", occurs.key, occurs, scope=role.scope)
        )
    except (Unread, Misfit, RecursionError):
        return
    finally:
        u.definitions_read = kept
