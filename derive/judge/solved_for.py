r"""Adjoints that the page has by the equation that they solve: (\partial F/\partial u)^T \lambda = -(\partial J/\partial u)^T.

A name that stands once in such an equation, behind or before one matrix, and that nothing makes, is what solves it.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.judge.defining import record_definition
from derive.judge.named_parts import without_points
from derive.judge.names import named
from derive.notation.pieces import split_at
from derive.notation.setting import Unread
from derive.notation.shaped import Misfit
from derive.notation.slots import is_derivative
from derive.notation.symbols import Role
from derive.text.page import Chain, Formula, Prose
from derive.text.spelled import spelled
from derive.text.trees import Group, Name, Node, Number, Row, Sign

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

SOLVES = re.compile(
    r"\b(?:adjoint|co-?state|dual variable|multiplier|solv\w+|satisf\w+|chosen|choose|so that|such that|"
    r"linear system)\b|伴随|随伴|adjunt|adjungiert",
    re.IGNORECASE,
)
REACH = 3  # so many items before an equation its words may stand
PLUS = ("+", "-")


def solve_adjoints(u: Understanding) -> None:
    """Makes the names that linear equations of the page determine."""
    made = {m.definition.name for m in u.made}
    places = {item.number: i for i, item in enumerate(u.page.items) if isinstance(item, Formula)}
    for number, index, chain in u.chains():
        role = u.symbols.roles.get((number, index))
        if role is None or role.kind != "claim" or len(chain.members) != 2:
            continue
        if chain.members[1].relation != "=" or not _is_spoken_of(u, places.get(number, 0)):
            continue
        table = u.symbols.at(number)
        keys = [table.occurrence(n, b).key for m in chain.members for n, b in named(m.tree)]
        for name, equation in _forms(chain):
            occurs = table.occurrence(name, None)
            single = keys.count(occurs.key) == 1 and not occurs.indices and not occurs.primes
            lost = [f for f in u.failed if occurs.key in f.names]
            if not single or occurs.key in made or any(f.first != number for f in lost):
                continue
            if not _is_used(u, number, occurs.key):
                continue
            own = Role("definition", occurs.key, occurs, scope=(0, u._end))
            kept, u.setting.dims.said = u.definitions_read.copy(), {}
            try:
                record_definition(u, number, index, equation, own)
            except (Unread, Misfit, RecursionError):
                continue
            finally:
                u.definitions_read = kept
            u.failed = [
                replace(f, names=f.names - {occurs.key}) if f in lost else f for f in u.failed
            ]
            u.taken.add(number)
            made.add(occurs.key)
            u.assumed.append(f"{spelled((replace(name, above=None),))} is what solves its equation")
            break


def _is_spoken_of(u: Understanding, place: int) -> bool:
    """Whether the words before an equation say that something solves it."""
    near = u.page.items[max(0, place - REACH) : place + 1]
    return any(isinstance(item, Prose) and SOLVES.search(item.text) for item in near)


def _is_used(u: Understanding, number: int, key: str) -> bool:
    return any(n != number and o.key == key for n, _, _, o in u.occurrences())


def _forms(chain: Chain) -> Iterator[tuple[Name, Chain]]:
    """The ways of solving M x = b, x^T M = b^T, b + M x = 0 for a name, as its definitions."""
    left, right = (without_points(m.tree) for m in chain.members)
    for one, other, at in ((left, right, 0), (right, left, 1)):
        terms = split_at(one, PLUS)
        signs = [n for n in one if isinstance(n, Sign) and n.text in PLUS]
        if len(terms) == 1 and not signs:
            solved, rest = terms[0], other
        elif len(terms) == 2 and len(signs) == 1 and signs[0].text == "+" and _is_zero(other):
            last = len(terms[1]) == 2 and any(isinstance(n, Name) for n in terms[1])
            solved, rest = (terms[1], terms[0]) if last else (terms[0], terms[1])
            minus = Sign(rest[0].start, rest[0].start, "-")
            rest = (minus, Group(rest[0].start, rest[-1].end, "(", ")", tuple(rest)))
        else:
            continue
        if len(solved) != 2:
            continue
        for name, matrix, before in ((solved[1], solved[0], True), (solved[0], solved[1], False)):
            if not isinstance(name, Name) or not _is_matrix(matrix):
                continue
            inverse = _inverse(matrix)
            body = (Group(rest[0].start, rest[-1].end, "(", ")", tuple(rest)),)
            tree: Row = (inverse, *body) if before else (*body, inverse)
            members = (
                replace(chain.members[at], tree=(name,), relation=""),
                replace(chain.members[1 - at], tree=tree, relation="="),
            )
            yield name, replace(chain, members=members)


def _is_zero(row: Row) -> bool:
    return spelled(row).strip() == "0"


def _is_matrix(node: Node) -> bool:
    """A Jacobian, in brackets or not, transposed or not."""
    if isinstance(node, Group):
        return len(node.inside) == 1 and is_derivative(node.inside[0])
    return is_derivative(node)


def _inverse(node: Node) -> Group:
    power = (Sign(node.start, node.start, "-"), Number(node.start, node.start, "1"))
    return Group(node.start, node.end, "(", ")", (node,), above=power)
