r"""A family by its bare name as an argument, \ell(y) where the page writes y_i: the whole of it.

On a page of vectors a bare name is a vector. Where all is written entry by entry, y beside y_i would be a number of its own;
as what a function is of it is all of the y_i together.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.algebra.core import Arg, Ref, fresh
from derive.algebra.expression import Time
from derive.notation import members
from derive.notation.pieces import argument_of
from derive.notation.shaped import Val

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator

BARE = "∅component"


def argument(e: Elaborator, function: str, v: Val) -> Arg:
    """An argument of a function that the page never applies to one entry."""
    setting = e.setting
    if setting.arrays or setting.scalars or v.rank or function not in setting.of_families:
        return argument_of(v)
    if not isinstance(v.body, Ref) or not v.body.name.endswith(BARE):
        return argument_of(v)
    key = v.body.name.removesuffix(BARE)
    count = setting.components.get(key, 0)
    if "∅" in key or not count or key in setting.made_bare:
        return argument_of(v)
    letters = tuple(fresh() for _ in range(count))
    dims = tuple(members.dim_of(e, key, place) for place in range(count))
    kept = setting.slots.get(v.body.name, ())
    if len(kept) != len(v.body.index):
        return argument_of(v)
    setting.slots.setdefault(key, (*kept, *(["component"] * count)))
    return Arg(letters, dims, Ref(key, (*v.body.index, *map(Time.of, letters))))
