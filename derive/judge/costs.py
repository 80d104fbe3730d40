"""A cost that a page differentiates and defines nowhere: some function of what the steps put out (DESIGN, section 3)."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from derive.algebra.core import App, Arg, Big, Core, D, Fn, Ref, fresh, mul, neg, walk
from derive.algebra.expression import Time
from derive.judge.entropies import entropy_of_classes
from derive.judge.names import COSTS
from derive.meaning.model import ORDERED, Definition, Model, depended, walk_values


def differentiated(sides: list[Core]) -> Iterator[str]:
    """The names that a line differentiates."""
    for side in sides:
        for part in walk(side):
            if isinstance(part, D) and isinstance(part.of, Ref):
                yield part.of.name


def dead_costs(model: Model, dead: frozenset[str]) -> list[str]:
    """The costs among names with a derivative of 0; for a total the costs of its steps, where these rest on no state."""  # noqa: E501
    costs = {n for n in dead & set(model.definitions) if COSTS.match(n)}
    found = set(costs)
    for name in costs:
        used = {p.name for d in model.definitions[name] for p in walk(d.body) if isinstance(p, Ref)}
        steps = {n for n in used & set(model.definitions) if COSTS.match(n)} - {name}
        below = depended([Ref(n) for n in steps], model)
        if steps and not any(d.looks_back for n in below for d in model.definitions.get(n, ())):
            found = (found - {name}) | steps
    return sorted(found)


def outputs(
    model: Model, missing: Iterable[str] = (), functions: frozenset[str] = frozenset()
) -> list[str]:
    """The variables that no later definition of the same step uses; none that is made of what is `missing`.

    The values of `functions` are no quantities of their own, where there are others."""
    used: set[str] = set()
    tainted = _made_of_derivatives(model) | _made_of(model, set(missing))
    for name, definitions in model.definitions.items():
        if name not in tainted:
            used |= {
                p.name
                for d in definitions
                for p in walk_values(d.body)
                if isinstance(p, Ref) and p.name != name and _shift(model, d, p) >= 0
            }
    found = [
        n
        for n in model.definitions
        if n not in used and n not in tainted and not _is_constant(model, n)
    ]
    found = [
        n
        for n in found
        if all(len(d.index) == len(model.slots.get(n, d.index)) for d in model.definitions[n])
    ]
    costs = [n for n in found if COSTS.match(n)]
    return costs or [n for n in found if n not in functions] or found


def _shift(model: Model, definition: Definition, ref: Ref) -> int:
    """How far ahead of a definition a member lies that it uses, where both are numbered, too."""
    shift = definition.shift_of(ref)
    if shift:
        return shift
    own = _number(definition.slots, definition.index)
    other = _number(model.slots.get(ref.name, ()), ref.index)
    return other[1] - own[1] if own and other and own[0] == other[0] else 0


def _number(slots: Iterable[str], index: Iterable[Time]) -> tuple[str, int] | None:
    """The number of the layer or of the step, where it is one."""
    for slot, own in zip(slots, index, strict=False):
        if slot in ORDERED and own.is_number:
            return slot, own.shift
    return None


def _numbers(model: Model, name: str) -> tuple[int, ...]:
    """The numbers of the members of a family that the page makes one by one; none for another family."""
    found = [_number(d.slots, d.index) for d in model.definitions.get(name, ())]
    return tuple(sorted({f[1] for f in found if f})) if all(found) else ()


def _without_twins(model: Model, ends: list[str], by: frozenset[str]) -> list[str]:
    """The outputs without those of the net for one example, a, where a line is about the net for all, A."""
    made = {n for n in by if n in model.definitions}
    kept = [
        n
        for n in ends
        if not made
        or n.swapcase() == n
        or n.swapcase() not in model.definitions
        or made & set(depended((Ref(n),), model))
    ]
    return kept or ends


def _is_constant(model: Model, name: str) -> bool:
    return all(
        not any(isinstance(p, Ref | App) for p in walk(d.body)) for d in model.definitions[name]
    )


def _made_of_derivatives(model: Model) -> set[str]:
    """The names that are made of derivatives, or of names that are."""
    return _made_of(
        model,
        {
            n
            for n, ds in model.definitions.items()
            if any(isinstance(p, D) for d in ds for p in walk(d.body))
            or any(d.backward for d in ds)
        },
    )


def _made_of(model: Model, found: set[str]) -> set[str]:
    """These names, and those that are made of them."""
    while found:
        more = {
            n
            for n, ds in model.definitions.items()
            if n not in found
            and any(isinstance(p, Ref) and p.name in found for d in ds for p in walk(d.body))
        }
        if not more:
            break
        found = found | more
    return found


def with_costs(
    model: Model,
    missing: list[str],
    dims: Mapping[str, str],
    last: bool = False,
    entropy: bool = False,
    functions: frozenset[str] = frozenset(),
    by: frozenset[str] = frozenset(),
) -> tuple[Model, list[str]]:
    """The model with each undefined cost in `missing` as an unknown function of the outputs; and what was assumed, as names.

    `dims` are the dimensions that declarations name; `last` says that the last step's outputs alone are meant,
    `entropy` that a cost is the cross entropy of the outputs with a hat; `by` what the line differentiates by."""  # noqa: E501
    if not missing:
        return model, []
    missing = list(missing)
    definitions = dict(model.definitions)
    slots = dict(model.slots)
    for name in list(missing):
        bare = name.removesuffix("∅time")
        if (
            bare != name
            and (bare in missing or bare in definitions)
            and slots.get(bare) == ("time",)
        ):
            step = fresh("s")
            definitions[name] = (
                Definition(
                    name,
                    (),
                    (),
                    Big("sum", step, None, Time.at(1), Time.of("T"), Ref(bare, (Time.of(step),))),
                    (),
                    (),
                ),
            )
            missing.remove(name)
    horizons = {"T": "time", **model.horizons}
    ends = _without_twins(model, outputs(model, missing, functions), by)
    if missing and not ends:
        return model, []
    for name in missing:
        made = None
        if entropy:
            made = _entropy(name, slots, model, dims) or entropy_of_classes(
                name, slots, model, ends
            )
        numbers = {n: _numbers(model, n) for n in ends}
        definitions[name] = (made or _some_function(name, slots, ends, dims, last, numbers),)
    return Model(
        definitions, slots, model.dims, model.lost, horizons, model.positive, model.normalised
    ), missing


def missing_costs(model: Model, names: set[str]) -> list[str]:
    """The costs that nothing defines, those too that a defined cost is made of."""
    found: list[str] = []
    seen: set[str] = set()
    stack = sorted(
        names | {n.removesuffix("∅time") for n in names if model.slots.get(n.removesuffix("∅time"))}
    )
    while stack:
        name = stack.pop()
        if name in seen or not COSTS.match(name) or name in model.lost:
            continue
        if name not in model.definitions and model.slots.get(name, ()).count("component") > 1:
            continue  # a matrix
        seen.add(name)
        if name in model.definitions:
            stack += [
                p.name
                for d in model.definitions[name]
                for p in walk_values(d.body)
                if isinstance(p, Ref)
            ]
        else:
            found.append(name)
    return sorted(found)


def _entropy(
    name: str, slots_of: Mapping[str, tuple[str, ...]], model: Model, named: Mapping[str, str]
) -> Definition | None:
    r"""-Σ y \log ŷ, where the page has outputs with a hat and targets without; None where it has not."""
    hats = [
        n
        for n in model.definitions
        if n.startswith("\\hat{")
        and n[5:].strip("{}") in slots_of
        and n[5:].strip("{}") not in model.definitions
    ]
    if len(hats) != 1:
        return None
    (hat,) = hats
    target = hat[5:].strip("{}")
    slots = slots_of.get(name, ())
    own = {s: fresh("s") for s in slots}
    letters = [own.get(s) or fresh() for s in slots_of[hat]]
    places = dict(zip(slots_of[hat], letters, strict=True))
    if any(s not in places for s in slots_of[target]):
        return None
    body: Core = mul(
        (
            Ref(target, tuple(Time.of(places[s]) for s in slots_of[target])),
            Fn("\\log", (Ref(hat, tuple(map(Time.of, letters))),)),
        )
    )
    for place, (slot, letter) in enumerate(zip(slots_of[hat], letters, strict=True)):
        if slot in own:
            continue
        if slot == "time":
            body = Big("sum", letter, None, Time.at(1), Time.of("T"), body)
        else:
            dim = f"{hat}:{place - before(slots_of[hat])}"
            body = Big(
                "sum", letter, slot if slot == "sample" else named.get(dim, dim), None, None, body
            )
    index_of = tuple(Time.of(own[s]) for s in slots)
    return Definition(name, index_of, tuple(own.values()), neg(body), slots, ())


def _some_function(
    name: str,
    slots_of: Mapping[str, tuple[str, ...]],
    ends: list[str],
    named: Mapping[str, str],
    last: bool = False,
    numbers: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
) -> Definition:
    """A cost as some function of the outputs; with an index, of that step's (that sample's).

    `numbers` are those of members made one by one: of layers the last one is an output, of steps each."""
    slots = slots_of.get(name, ())
    own = {s: fresh("s") for s in slots if s != "component"}
    args = []
    members: list[tuple[str, int | None]] = []
    for end in ends:
        own_numbers = numbers.get(end, ())
        free = [s for s in slots_of.get(end, ()) if s in ORDERED and s not in own]
        if "layer" in free or last:
            own_numbers = own_numbers[-1:]
        members += [(end, k) for k in own_numbers] if free and own_numbers else [(end, None)]
    for end, number in members:
        letters, dims, index = [], [], []
        for place, slot in enumerate(slots_of.get(end, ())):
            if slot in own:
                index.append(Time.of(own[slot]))
                continue
            if slot in ORDERED and number is not None:
                index.append(Time.at(number))
                continue
            if slot == "layer" or (last and slot == "time"):
                index.append(Time.of("L" if slot == "layer" else "T"))
                continue
            letter = fresh()
            letters.append(letter)
            dim = f"{end.split('∅')[0]}:{place - before(slots_of[end])}"
            dims.append(slot if slot in (*ORDERED, "sample") else named.get(dim, dim))
            index.append(Time.of(letter))
        args.append(Arg(tuple(letters), tuple(dims), Ref(end, tuple(index))))
    index_of = tuple(Time.of(own.get(s) or fresh()) for s in slots)
    letters_of = tuple(a for i in index_of for a, _ in i.letters)
    return Definition(
        name, index_of, letters_of, App(f"some {name}", tuple(args), index_of), slots, ()
    )


def before(slots: tuple[str, ...]) -> int:
    return sum(s != "component" for s in slots)
