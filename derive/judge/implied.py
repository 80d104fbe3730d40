"""What a page says without defining it: implicit equations and dependences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.algebra.core import (
    D,
    Ref,
    Solved,
    add,
    neg,
    refs,
    walk,
)
from derive.judge.made import Made
from derive.meaning.model import Definition
from derive.notation.definitions import BOTH_SIDES, DEPENDS
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import terms_of as terms_of
from derive.notation.setting import Unread
from derive.notation.shaped import (
    Misfit,
)

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding


def solve_implicit(u: Understanding) -> None:
    """y = y(x) beside an equation for x and y: y is what solves it."""
    found = list(u.supposed()) + [(n, c) for n, i, c in u.chains() if (n, i) in u.curves]
    for number, chain in found:
        if len(chain.members) != 2 or number in u.taken:
            continue
        try:
            elaborator = u._elaborator = u.elaborator(number)
            left, right = (elaborator.row(m.tree) for m in chain.members)
        except (Unread, Misfit, RecursionError):
            continue
        body = add((left.body, neg(right.body)))
        names = refs(body)
        made = {m.definition.name for m in u.made}
        unknown = [n for n in names if n in u.dependent]
        if (
            left.rank
            or right.rank
            or len(unknown) != 1
            or (names & made) - set(unknown)
            or any(isinstance(p, D) for p in walk(body))
        ):
            continue
        (name,) = unknown
        ref = next(p for p in walk(body) if isinstance(p, Ref) and p.name == name)
        own = next(m for m in u.made if m.definition.name == name)
        if ref.index or not refs(own.definition.body) <= names:
            continue
        constant = (
            isinstance(right.body, Ref)
            and right.body.name not in refs(left.body)
            and not u._is_used(right.body.name)
        )
        solved = Definition(name, (), (), Solved(ref, body, constant), (), (), number)
        u.made[u.made.index(own)] = Made(solved, own.first, own.last)
        u.taken.add(number)


def dependences(u: Understanding) -> None:
    """y = y(x), where the page says no more of y: some function of x."""
    known = (
        {m.definition.name for m in u.made}
        | {n for f in u.failed for n in f.names}
        | {f[2] for f in u.functions}
    )
    for number, index, chain in u.chains():
        role = u.symbols.roles.get((number, index))
        if role is None or role.key is None or role.key in known or len(chain.members) != 2:
            continue
        if role.kind not in ("setting", "assignment") or role.why not in (
            DEPENDS,
            BOTH_SIDES,
        ):
            continue
        found = u._dependence(number, chain)
        if found is not None:
            u.made.append(Made(found, number, max(role.scope[1], u._end)))
            u.dependent.add(role.key)
