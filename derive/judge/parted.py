"""The parts of formulas that a line differentiates by, in the model: definitions that are written with them."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from derive.algebra.expression import Time
from derive.meaning.model import Definition, Model
from derive.notation.parts import Part, named, weight


def with_parts(model: Model, parts: Mapping[str, Part]) -> Model:
    """The model whose definitions are written with the parts' names."""
    listed = sorted(parts.values(), key=lambda p: -weight(p.body))
    definitions = {
        name: tuple(_rewritten(d, listed) for d in ds) for name, ds in model.definitions.items()
    }
    for part in listed:
        inner = [p for p in listed if p.name != part.name and weight(p.body) < weight(part.body)]
        index = tuple(Time.of(a) for a in part.letters)
        definitions[part.name] = (
            Definition(part.name, index, part.letters, named(part.body, inner), part.slots, ()),
        )
    slots = {**model.slots, **{p.name: p.slots for p in listed}}
    return Model(
        definitions, slots, model.dims, model.lost, model.horizons, model.positive, model.normalised
    )


def formulas_of(model: Model, names: Iterable[str], least: int = 3) -> list[Part]:
    """The formulas that these names stand for, a = W x."""
    listed = []
    for name in names:
        general = model.general(name)
        if general is not None and name not in model.lost and weight(general.body) >= least:
            listed.append(
                Part(
                    name, tuple(i.letters[0][0] for i in general.index), general.slots, general.body
                )
            )
    return sorted(listed, key=lambda p: -weight(p.body))


def through(model: Model, listed: Sequence[Part]) -> Model:
    """The model in which such a formula is called by its name: s = f(W x) is f(a)."""
    definitions = dict(model.definitions)
    order = [p.name for p in listed]
    for name, ds in model.definitions.items():
        mine = order.index(name) if name in order else len(order)
        parts = [
            p
            for k, p in enumerate(listed)
            if p.name != name and not (k > mine and weight(p.body) == weight(listed[mine].body))
        ]
        definitions[name] = tuple(_rewritten(d, parts) if parts else d for d in ds)
    return replace(model, definitions=definitions)


def _rewritten(d: Definition, parts: list[Part]) -> Definition:
    body = named(d.body, parts)
    return (
        d
        if body == d.body
        else Definition(d.name, d.index, d.letters, body, d.slots, d.dims, d.number)
    )
