r"""\partial z/\partial W = h^\top: the vector that goes with each row of W, not the array of three indices.

For z = W h it is what \partial L/\partial W = \delta h^\top takes beside \delta: each z_i depends on the row of W with its own number
alone, and by that row its derivative is h. For z = x W it is each z_j and its own column.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import replace

from derive.algebra.core import D, Delta, letters_in, move, mul
from derive.algebra.expression import Time
from derive.notation.shaped import Dims, Misfit, Val, renamed

FACTORS = {
    0: "∂ of a vector by a matrix stands for what each entry has by its own row of the matrix",
    1: "∂ of a vector by a matrix stands for what each entry has by its own column of the matrix",
}


def with_the_array(left: Val, right: Val, dims: Dims, line: int) -> Val | None:
    """The array of three indices that a vector stands for; None where the line is about no such array.

    `line`: 0 where an entry goes with its row of the matrix, 1 where it goes with its column."""
    if not isinstance(left.body, D) or left.rank != 3 or right.rank != 1:
        return None
    below = letters_in(left.body.by)
    of = [a for a in left.axes if a.letter not in below]
    places = [a for a in left.axes if a.letter in below]
    order = [a for i in left.body.by.index for a, _ in i.letters]
    if len(of) != 1 or len(places) != 2:
        return None
    places.sort(key=lambda a: order.index(a.letter))
    own, other = places[line], places[1 - line]
    value = renamed(right)
    try:
        dims.unify(of[0].dim, own.dim)
        dims.unify(value.axes[0].dim, other.dim)
    except Misfit:
        return None
    entry = move(value.body, {value.axes[0].letter: Time.of(other.letter)})
    same = Delta(Time.of(of[0].letter), Time.of(own.letter))
    return replace(left, body=mul((same, entry)), of=None, by=None)
