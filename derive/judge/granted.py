"""What a line may take for given of quantities that nothing makes: noise that is white, matrices that are symmetric."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from derive.algebra.core import D, Ref, walk
from derive.judge.claims import Sides
from derive.judge.noise import with_noise
from derive.meaning.model import ORDERED, Model, depended
from derive.notation.chance import MARKS

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

MOST_SYMMETRIC = 6
Supposition = tuple[Model, tuple[str, ...], bool]
"""A model, what it supposes in words, and whether the page says so."""


def suppositions(u: Understanding, model: Model, found: Sides) -> Iterator[Supposition]:
    """The models in which a line may hold, those that the page speaks of first."""
    noise = u.noise
    names = depended((found.left, found.right), model)
    of_chance = noise is not None and any(n in MARKS for n in names)
    plain = with_noise(model, noise) if noise is not None and of_chance else model
    said = (noise.words,) if noise is not None and of_chance else ()
    spoken = noise is None or not of_chance or noise.said
    if said:
        yield plain, said, spoken
    if not u.setting.arrays:
        return
    names = depended((found.left, found.right), plain)
    square = list(_matrices(plain, found, names))
    told = [n for n in square if _is_told(u, n)]
    if told:
        yield _with(plain, told), (*said, *map(_words, told)), spoken
    rest = [
        n for n in square if n not in told and n in u.quadratic and not _is_told(u, n, "bound")
    ][:MOST_SYMMETRIC]
    for some in dict.fromkeys((*((n,) for n in rest), tuple(rest)) if rest else ()):
        listed = [*told, *some]
        yield _with(plain, listed), (*said, *map(_words, listed)), False


def freed(model: Model, found: Sides, lagrangians: set[str]) -> Model:
    """The model of a line that differentiates a Lagrangian: the states and multipliers that it is made of are free."""  # noqa: E501
    of = {
        p.of.name
        for side in (found.left, found.right)
        for p in walk(side)
        if isinstance(p, D) and isinstance(p.of, Ref)
    } & lagrangians
    if not of:
        return model
    parts = [p for n in of for d in model.definitions.get(n, ()) for p in walk(d.body)]
    free = {
        p.name
        for p in parts
        if isinstance(p, Ref) and any(s in ORDERED for s in model.slots.get(p.name, ()))
    } - of
    return replace(
        model,
        definitions={n: ds for n, ds in model.definitions.items() if n not in free},
        lost={n: why for n, why in model.lost.items() if n not in free},
    )


def _with(model: Model, names: list[str]) -> Model:
    return replace(model, symmetric=frozenset(names))


def _words(name: str) -> str:
    return f"{name.split('∅')[0]} symmetric"


def _is_told(u: Understanding, name: str, what: str = "symmetric") -> bool:
    symbol = u.symbols.at(0).symbol(name.split("∅")[0])
    return symbol is not None and bool(getattr(symbol, what))


def _begins_open(model: Model, name: str) -> bool:
    """Whether a family goes back to a first member that nothing makes: the P_0 of a Riccati recursion."""
    made = [d for d in model.definitions[name] if d.is_general]
    above = depended([d.body for d in made], model)
    return name in above and not tuple(model.specials(name))


def _matrices(model: Model, found: Sides, names: list[str]) -> Iterator[str]:
    """The matrices that a line rests on, that nothing makes, and that it does not differentiate by."""
    parts = list(chain(walk(found.left), walk(found.right)))
    by = {p.by.name for p in parts if isinstance(p, D)}
    for name in names:
        slots = model.slots.get(name, ())
        if (name in model.definitions and not _begins_open(model, name)) or name in by | set(
            model.lost
        ):
            continue
        if slots[-2:] == ("component", "component") and slots.count("component") == 2:
            yield name
