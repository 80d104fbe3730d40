"""A cost that a page differentiates and defines nowhere: some function of what the steps put out (DESIGN, section 3)."""

from __future__ import annotations

from collections.abc import Iterator

from derive.algebra.core import App, Arg, Big, Core, D, Ref, fresh, walk
from derive.algebra.expression import Time
from derive.judge.understanding import COSTS
from derive.meaning.model import ORDERED, Definition, Model


def differentiated(sides: list[Core]) -> Iterator[str]:
    """The names that a line differentiates."""
    for side in sides:
        for part in walk(side):
            if isinstance(part, D) and isinstance(part.of, Ref):
                yield part.of.name


def outputs(model: Model) -> list[str]:
    """The variables that no later definition uses."""
    used: set[str] = set()
    tainted = _made_of_derivatives(model)
    for name, definitions in model.definitions.items():
        if name in tainted:
            continue
        for d in definitions:
            used |= {p.name for p in walk(d.body) if isinstance(p, Ref) and p.name != name}
    return [n for n in model.definitions if n not in used and n not in tainted and not COSTS.match(n)]


def _made_of_derivatives(model: Model) -> set[str]:
    """The names that are made of derivatives, or of names that are."""
    found = {n for n, ds in model.definitions.items() if any(isinstance(p, D) for d in ds for p in walk(d.body)) or any(d.backward for d in ds)}
    while True:
        more = {
            n
            for n, ds in model.definitions.items()
            if n not in found and any(isinstance(p, Ref) and p.name in found for d in ds for p in walk(d.body))
        }
        if not more:
            return found
        found |= more


def with_costs(model: Model, names: set[str], extents: dict[str, tuple[str, ...]]) -> tuple[Model, list[str]]:
    """The model with each undefined cost in `names` as an unknown function of the outputs; and what was assumed, as names."""
    names = names | {n[:-5] for n in names if n.endswith("∅time") and n[:-5] in model.slots}
    missing = [n for n in sorted(names) if n not in model.definitions and n not in model.lost and COSTS.match(n)]
    if not missing:
        return model, []
    definitions = dict(model.definitions)
    for name in [n for n in missing if n.endswith("∅time") and (n[:-5] in missing or n[:-5] in definitions) and model.slots.get(n[:-5]) == ("time",)]:
        step = fresh("s")
        definitions[name] = (Definition(name, (), (), Big("sum", step, None, Time.at(1), Time.of("T"), Ref(name[:-5], (Time.of(step),))), (), ()),)
        missing.remove(name)
    ends = outputs(model)
    if not missing:
        return Model(definitions, model.slots, model.dims, model.lost, {"T": "time", **model.horizons}, model.positive), []
    if not ends or any(n in model.lost for n in ends):
        return model, []
    for name in missing:
        definitions[name] = (_some_function(name, model, ends, extents),)
    found = Model(definitions, {**model.slots}, model.dims, model.lost, {"T": "time", **model.horizons}, model.positive)
    return found, missing


def _some_function(name: str, model: Model, ends: list[str], extents: dict[str, tuple[str, ...]]) -> Definition:
    slots = model.slots.get(name, ())
    own = {s: fresh("s") for s in slots if s in ORDERED}
    args = []
    for end in ends:
        letters, dims, index = [], [], []
        for place, slot in enumerate(model.slots.get(end, ())):
            if slot in own:
                index.append(Time.of(own[slot]))
            else:
                letter = fresh()
                letters.append(letter)
                dims.append(slot if slot in ORDERED else f"{end}:{place}")
                index.append(Time.of(letter))
        args.append(Arg(tuple(letters), tuple(dims), Ref(end, tuple(index))))
    index_of = tuple(Time.of(own[s]) if s in own else Time.of(fresh()) for s in slots)
    letters_of = tuple(a for i in index_of for a, _ in i.letters)
    return Definition(name, index_of, letters_of, App(f"some {name}", tuple(args), tuple(i for i, s in zip(index_of, slots, strict=True) if s in ORDERED)), slots, ())
