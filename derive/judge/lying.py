r"""Rows that make rows: where x lies, x \in \mathbb{R}^{1 \times n}, so do z = x W + b, a = \sigma(z) and \delta = \partial L/\partial z."""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.judge.names import named
from derive.notation.pieces import terms_of
from derive.notation.setting import Unread
from derive.notation.slots import is_derivative
from derive.text.trees import Fraction, Group, Name, Row, Sign

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

DOTS = ("\\cdot", "*", "\\times", "@")


def note_lying(u: Understanding) -> None:
    """The names that rows make are rows, where the page states no shape of theirs."""
    if not u.setting.lying:
        return
    chains = [
        (number, role.key, chain.members[1].tree)
        for number, index, chain in u.chains()
        if len(chain.members) > 1
        and (role := u.symbols.roles.get((number, index))) is not None
        and role.kind == "definition"
        and role.key
        and _may_lie(u, role.key)
    ]
    before = -1
    while before != len(u.setting.lying):
        before = len(u.setting.lying)
        u.setting.lying |= {key for number, key, row in chains if _lies(u, number, row)}


def _may_lie(u: Understanding, key: str) -> bool:
    """Whether a name has one axis, and nothing but a formula says how it lies."""
    symbol = u.symbols.at(0).symbol(key)
    undeclared = symbol is not None and symbol.shape is None and symbol.kind != "function"
    return undeclared and 1 in (u.setting.ranks.get(key), u.setting.components.get(key))


def _lies(u: Understanding, number: int, row: Row) -> bool:
    """Whether the first term of a formula is a row."""
    try:
        terms = terms_of(row)[0]
    except Unread:
        return False
    factors = [n for n in terms[0] if not (isinstance(n, Sign) and n.text in DOTS)] if terms else []
    while factors and isinstance(factors[-1], Sign):
        factors.pop()
    if not factors:
        return False
    first, *rest = factors
    if isinstance(first, Fraction) and is_derivative(first):
        return not rest and _is_by_a_row(u, number, first)
    if not isinstance(first, Name):
        return False
    if len(rest) == 1 and isinstance(rest[0], Group) and _is_applied(u, number, first, rest[0]):
        return _lies(u, number, rest[0].inside)
    occurs = [u.symbols.at(number).occurrence(n, None) for n in factors if isinstance(n, Name)]
    alone = len(occurs) == len(factors) and not occurs[0].transposed
    matrices = all(u.setting.ranks.get(o.key) == 2 for o in occurs[1:])
    return alone and matrices and occurs[0].key in u.setting.lying


def _is_applied(u: Understanding, number: int, name: Name, behind: Group) -> bool:
    occurs = u.symbols.at(number).occurrence(name, behind)
    return occurs.arguments is not None and len(occurs.arguments) == 1


def _is_by_a_row(u: Understanding, number: int, slope: Fraction) -> bool:
    """Whether a derivative is that of one number by a row."""
    table = u.symbols.at(number)
    of, by = (
        [table.occurrence(n, b) for n, b in named(line)][1:]
        for line in (slope.above_line, slope.below_line)
    )
    cost = bool(of) and u.setting.ranks.get(of[0].key, 0) == 0 and u.symbols.is_cost(of[0].key)
    return cost and bool(by) and by[0].key in u.setting.lying
