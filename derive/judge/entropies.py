r"""The cross entropy that a page names and does not write: of its outputs a, A and their targets y, Y."""

from __future__ import annotations

from collections.abc import Mapping

from derive.algebra.core import ONE, Big, Core, Fn, Ref, add, fresh, mul, neg
from derive.algebra.expression import Time
from derive.meaning.model import ORDERED, Definition, Model

TARGETS = ("y", "t")


def entropy_of_classes(
    name: str, slots_of: Mapping[str, tuple[str, ...]], model: Model, ends: list[str]
) -> Definition | None:
    r"""-Σ (y \log a + (1 - y) \log(1 - a)) of a logistic output a, -Σ y \log a of another one.

    None where the page has several outputs, or none with targets that nothing makes."""
    if slots_of.get(name) or len(ends) != 1:
        return None
    (output,) = ends
    (target,) = _targets(output, slots_of, model) or ("",)
    made = model.definitions[output]
    if not target or not all(d.is_general or _is_numbered(d) for d in made):
        return None
    last = max(made, key=lambda d: [i.shift for i in d.index if i.is_number])
    if any(s in ORDERED and not i.is_number for s, i in zip(last.slots, last.index, strict=True)):
        return None
    entries = {k: fresh() for k, s in enumerate(slots_of[output]) if s not in ORDERED}
    places = [Time.of(entries[k]) if k in entries else i for k, i in enumerate(last.index)]
    own = Ref(output, tuple(places))
    its = Ref(target, tuple(p for k, p in enumerate(places) if k in entries))
    body: Core = mul((its, Fn("\\log", (own,))))
    if _is_logistic(last.body):
        rest = mul((_from_one(its), Fn("\\log", (_from_one(own),))))
        body = add((body, rest))
    for count, (k, letter) in enumerate(entries.items()):
        slot = slots_of[output][k]
        dim = slot if slot == "sample" else f"{output}:{count}"
        body = Big("sum", letter, dim, None, None, body)
    return Definition(name, (), (), neg(body), (), ())


def _targets(output: str, slots_of: Mapping[str, tuple[str, ...]], model: Model) -> list[str]:
    """The names of targets that are indexed as the entries of an output are; one, or none."""
    letters = [t.upper() if output.split("∅")[0].isupper() else t for t in TARGETS]
    entries = tuple(s for s in slots_of.get(output, ()) if s not in ORDERED)
    found = [t for t in letters if slots_of.get(t) == entries and t not in model.definitions]
    return found if len(found) == 1 else []


def _is_numbered(definition: Definition) -> bool:
    return any(i.is_number for i in definition.index)


def _is_logistic(body: Core) -> bool:
    return isinstance(body, Fn) and body.name == "\\sigma"


def _from_one(x: Core) -> Core:
    return add((ONE, neg(x)))
