r"""Definitions that were not understood, as far as they are: \mathcal{L} = (\ldots) z^L is some function of z^L, whatever it is.

A line that holds for every function of what such a formula names holds for that one. It is told what was so taken, and no
line is accused by it: it may well be that the formula says more than its names.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import Ref, fresh
from derive.algebra.core import walk as walk_core
from derive.algebra.expression import Time
from derive.judge.claims import Sides
from derive.judge.unmade import Slope, function_of
from derive.meaning.model import Definition, Model, depended
from derive.notation.setting import Unread
from derive.notation.shaped import Misfit
from derive.notation.slots import is_derivative
from derive.text.page import Chain
from derive.text.trees import Group, Name, Row, children, walk

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

SAID = "{} is some function of {}: its formula was not understood"
MOST_USED = 8
QUANTITIES = ("variable", "input", "parameter")


def with_opaque(u: Understanding, number: int, model: Model) -> Model | None:
    """The model with functions of what their formulas name for names that are lost; None where no such function is known."""  # noqa: E501
    chains = {(n, i): c for n, i, c in u.chains()}
    pairs: dict[str, list[Slope]] = {}
    for failed in u.failed:
        if not failed.first <= number <= failed.last:
            continue
        chain = chains.get(failed.place) if failed.place is not None else None
        uses = {}
        if chain is not None and failed.place is not None:
            if failed.place not in u.uses_of_failed:
                u.uses_of_failed[failed.place] = _uses_in(u, failed.place, chain)
            uses = u.uses_of_failed[failed.place]
        for name in failed.names:
            here, before = uses.get(name, []), pairs.get(name)
            pairs[name] = [*(before or ()), *here] if here and before != [] else []
    found = {
        name: made
        for name, uses in pairs.items()
        if uses
        and name not in model.definitions
        and len({by.name for _, by in uses}) <= MOST_USED
        and (made := function_of(name, uses, u.setting.slots)) is not None
    }
    if not found:
        return None
    lost = {n: why for n, why in model.lost.items() if n not in found}
    definitions = {**model.definitions, **{n: (d,) for n, d in found.items()}}
    return replace(model, definitions=definitions, lost=lost)


def told_opaque(model: Model, plain: Model, sides: Sides) -> list[str]:
    """What is supposed of the names of `plain` that are lost, as far as a line rests on them."""
    rests = depended((sides.left, sides.right), model)
    opaque = [n for n in plain.lost if n in rests and n in model.definitions]
    return [SAID.format(_bare(n), ", ".join(_parts(model.definitions[n][0]))) for n in opaque]


def _bare(name: str) -> str:
    return name.split("∅")[0]


def _parts(made: Definition) -> list[str]:
    return list(dict.fromkeys(_bare(a.body.name) for a in made.body.args))  # type: ignore[attr-defined]


def _uses_in(u: Understanding, place: tuple[int, int], chain: Chain) -> dict[str, list[Slope]]:
    """For each name that a formula makes, itself and what the formula names, as members; empty where one is not known."""  # noqa: E501
    rows = [m.tree for m in chain.members[1:]]
    if any(is_derivative(n) for m in chain.members for n in walk(m.tree)):
        return {}
    heads = [_members(u, place, name) for name, _ in _outside_scripts(chain.members[0].tree)]
    table, used = u.symbols.at(place[0]), dict[Ref, None]()
    for row in rows:
        for name, behind in _outside_scripts(row):
            symbol = table.symbol(table.occurrence(name, behind).key)
            if symbol is None or symbol.kind not in QUANTITIES:
                continue
            refs = _members(u, place, name)
            if not refs:
                return {}
            used |= dict.fromkeys(refs)
    return {found[0].name: [(found[0], ref) for ref in used] for found in heads if found}


def _members(u: Understanding, place: tuple[int, int], name: Name) -> list[Ref]:
    """The member of a family that a name by itself is of; empty where it is not understood."""
    try:
        value = u.elaborator(place[0], None, place[1]).row((name,))
    except (Unread, Misfit, RecursionError):
        return []
    return [_with_entries(u, p) for p in walk_core(value.body) if isinstance(p, Ref)]


def _with_entries(u: Understanding, ref: Ref) -> Ref:
    """A member of the family of z_j where the page writes z for all of its entries."""
    base, *without = ref.name.split("∅")
    slots = u.setting.slots.get(base, ())
    if not without or {*without} != {"component"} or len(ref.index) + len(without) != len(slots):
        return ref
    given = iter(ref.index)
    return Ref(base, tuple(Time.of(fresh()) if s == "component" else next(given) for s in slots))


def _outside_scripts(row: Row) -> Iterator[tuple[Name, Group | None]]:
    for i, node in enumerate(row):
        if isinstance(node, Name):
            behind = row[i + 1] if i + 1 < len(row) else None
            yield node, behind if isinstance(behind, Group) else None
        scripts = (getattr(node, "below", None), getattr(node, "above", None))
        for inner in children(node):
            if not any(inner is s for s in scripts):
                yield from _outside_scripts(inner)
