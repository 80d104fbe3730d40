"""δ_{t-1} = δ_t ⊙ f_t beside δ_t = e_t + δ_{t+1} ⊙ f_{t+1}: what one path hands on, as if it were all."""

from __future__ import annotations

from collections.abc import Iterable

from derive.algebra.core import Add, Core, Mul, Ref, move
from derive.algebra.expression import Time
from derive.judge.claims import Sides


def is_a_term(line: Sides, others: Iterable[Sides]) -> bool:
    """Whether a line says of a quantity, at its step, what is one term of it in an equation of the page."""
    return any(_is_term_of(line, other) for other in others)


def _is_term_of(line: Sides, other: Sides) -> bool:
    here, there = line.left, other.left
    if not (isinstance(here, Ref) and isinstance(there, Ref) and isinstance(other.right, Add)):
        return False
    if here.name != there.name or len(here.index) != len(there.index):
        return False
    moves: dict[str, Time] = {}
    for own, general in zip(here.index, there.index, strict=True):
        if len(general.letters) != 1 or general.letters[0][1] != 1:
            return False
        moves[general.letters[0][0]] = own + (-general.shift)
    return any(_factors(move(term, moves)) == _factors(line.right) for term in other.right.terms)


def _factors(x: Core) -> list[str]:
    return sorted(map(repr, x.factors if isinstance(x, Mul) else (x,)))
