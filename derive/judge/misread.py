"""Signs in what a line rests on that its names were not read as they are meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from derive.algebra.core import At, Big, D, Pow, Ref, walk
from derive.algebra.expression import Time
from derive.judge.slips import letter
from derive.meaning.model import depended

if TYPE_CHECKING:
    from derive.judge.readings import Tried
    from derive.judge.understanding import Understanding


def crosses_shapes(tried: Tried) -> bool:
    r"""Whether a line rests on ∂h/∂h_k, h a number at a step on one side and an array on the other: no path leads from one to the other."""  # noqa: E501
    model = tried.outcome.model
    assert model is not None
    sides = (tried.sides.left, tried.sides.right)
    names = depended(sides, model)
    bodies = (*sides, *(d.body for n in names for d in model.definitions.get(n, ())))
    return any(
        isinstance(p, D)
        and isinstance(p.of, Ref)
        and p.of.name != p.by.name
        and p.of.name.split("∅")[0] == p.by.name.split("∅")[0]
        and p.by.name not in depended((p.of,), model)
        for body in bodies
        for p in walk(body)
    )


def is_its_transpose(tried: Tried) -> bool:
    r"""Whether a line says of a matrix that it is symmetric, P_t = P_t^\top."""
    left, right = tried.sides.left, tried.sides.right
    if not isinstance(left, Ref) or not isinstance(right, Ref) or left.name != right.name:
        return False
    return left.index != right.index and sorted(map(repr, left.index)) == sorted(
        map(repr, right.index)
    )


def counted_otherwise(u: Understanding, names: Iterable[str]) -> str:
    r"""A vector x \in \mathbb{R}^d that a line rests on, where the page has the whole beside the x_1, …, x_n of a sum; "" without such."""  # noqa: E501
    counted = u.symbols.symbols.reader.survey.counted_otherwise & set(map(letter, names))
    if not counted:
        return ""
    shapes = {place[0] for place, role in u.symbols.roles.items() if role.kind == "shape"}
    whole = (
        letter(occurs.key)
        for number, _, _, occurs in u.occurrences()
        if not occurs.indices and number not in shapes
    )
    return next((x for x in whole if x in counted), "")


def raises_to_its_index(tried: Tried) -> bool:
    """Whether a line rests on an A^i whose i is an entry's own index where it is made or said: a power for all that is known, or none."""  # noqa: E501
    model = tried.outcome.model
    assert model is not None
    sides = (tried.sides.left, tried.sides.right)
    made = [d for n in depended(sides, model) for d in model.definitions.get(n, ())]
    heads = [(d.body, _entries(d.index, d.slots)) for d in made]
    own = {
        x
        for side in sides
        for p in walk(side)
        if isinstance(p, Ref)
        for x in _entries(p.index, model.slots.get(p.name, ()))
    }
    own -= {p.letter for side in sides for p in walk(side) if isinstance(p, Big)}
    heads += [(side, own) for side in sides]
    return any(
        isinstance(p, Pow)
        and isinstance(p.exponent, At)
        and _letters_of(p.exponent.index) & entries
        for body, entries in heads
        for p in walk(body)
    )


def raises_to_the_last_step(tried: Tried) -> bool:
    """Whether a line rests on an A^T: the power of a number for all that is known, or a transpose."""
    model = tried.outcome.model
    assert model is not None
    sides = (tried.sides.left, tried.sides.right)
    made = [d.body for n in depended(sides, model) for d in model.definitions.get(n, ())]
    return any(
        isinstance(p, Pow)
        and isinstance(p.exponent, At)
        and p.exponent.index == Time.of("T")
        and isinstance(p.base, Ref)
        for body in (*sides, *made)
        for p in walk(body)
    )


def _entries(index: Iterable[Time], slots: Iterable[str]) -> set[str]:
    pairs = zip(index, slots, strict=False)
    return {x for i, s in pairs if s == "component" for x in _letters_of(i)}


def _letters_of(index: Time) -> set[str]:
    return {x for x, _ in index.letters}
