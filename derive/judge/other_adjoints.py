r"""An error \delta_t that a page says to be one derivative and then works out as another: \partial L/\partial h_t, and \partial L/\partial z_t by its recursion.

What the recursion shows is the other of two definitions: of what h_t is a function of, entry by entry, instead of h_t, or of the
total instead of one step's cost. It is in force for a line only where a recursion of the page holds with it.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from derive.algebra.core import App, Big, Core, D, Fn, Ref, move
from derive.algebra.expression import Time
from derive.judge.names import named
from derive.meaning.model import ORDERED, Definition, Model
from derive.notation.slots import single_name
from derive.text.page import Chain, Member

if TYPE_CHECKING:
    from derive.judge.readings import Tried
    from derive.judge.understanding import Understanding


@dataclass(frozen=True, slots=True)
class Adjoint:
    """What else a name may be the derivative of, or by; with its words."""

    name: str
    before: Core
    body: D
    said: str

    def within(self, model: Model) -> Model | None:
        """A model in which the name is this; None where it was made otherwise."""
        made = model.definitions.get(self.name, ())
        if len(made) != 1 or made[0].body != self.before:
            return None
        changed = (replace(made[0], body=self.body),)
        return replace(model, definitions={**model.definitions, self.name: changed})


def others(model: Model, made: list[str]) -> Iterator[Adjoint]:
    """What else the derivatives among `made` may be; first of or by another quantity, then both."""
    for name in made:
        found = model.definitions.get(name, ())
        if len(found) != 1 or not isinstance(found[0].body, D) or not found[0].is_general:
            continue
        own = found[0].body
        if own.mode != "total" or not isinstance(own.of, Ref) or not isinstance(own.by, Ref):
            continue
        of = list(_totals(model, own.of))
        by = list(_inside(model, own.by))
        for cost, variable in (
            *((own.of, v) for v in by),
            *((c, own.by) for c in of),
            *((c, v) for c in of for v in by),
        ):
            changed = replace(own, of=cost, by=variable)
            parts = []
            if cost != own.of:
                parts.append("of the cost of all steps, not of one step's")
            if variable != own.by:
                parts.append(f"by {_key(variable.name)}, not by {_key(own.by.name)}")
            said = f"{_key(name)} is the derivative {' and '.join(parts)}"
            yield Adjoint(name, own, changed, said)


def _key(name: str) -> str:
    return name.split("∅")[0]


def _inside(model: Model, by: Ref) -> Iterator[Ref]:
    """z_t where h_t = f(z_t), entry by entry."""
    made = model.definitions.get(by.name, ())
    if len(made) != 1 or not made[0].is_general:
        return
    body = move(made[0].body, _places(made[0], by))
    inner: Core | None = None
    if isinstance(body, Fn) and len(body.args) == 1:
        inner = body.args[0]
    elif isinstance(body, App) and len(body.args) == 1 and not body.args[0].letters:
        inner = body.args[0].body
    if isinstance(inner, Ref) and inner.index == by.index:
        yield inner


def _places(definition: Definition, ref: Ref) -> dict[str, Time]:
    return {
        a: index
        for own, index in zip(definition.index, ref.index, strict=True)
        for a, _ in own.letters[:1]
    }


def _totals(model: Model, cost: Ref) -> Iterator[Ref]:
    r"""L = \sum_t L_t of one step's L_t."""
    if not any(s in ORDERED for s in model.slots.get(cost.name, ())):
        return
    for name, found in model.definitions.items():
        body = found[0].body if len(found) == 1 and not found[0].index else None
        added = isinstance(body, Big) and body.kind == "sum" and body.body
        if isinstance(added, Ref) and added.name == cost.name:
            yield Ref(name, ())


Versioned = Callable[[int, Chain, Member, Member, Model], "Tried | None"]


class OtherAdjoints:
    """Which of them a page's recursions show."""

    def __init__(self, understanding: Understanding) -> None:
        self.understanding = understanding
        self._shown: dict[Adjoint, bool] = {}

    def of(self, model: Model, made: list[str], tried: Versioned) -> Iterator[tuple[str, Model]]:
        """The models with an adjoint as a recursion of the page shows it, with their words."""
        for one in others(model, made):
            changed = one.within(model)
            if changed is None:
                continue
            if one not in self._shown:
                self._shown[one] = False  # while its recursions are tried
                self._shown[one] = any(
                    self._holds(one, place, tried) for place in self._recursions(one)
                )
            if self._shown[one]:
                yield one.said, changed

    def _recursions(self, one: Adjoint) -> Iterator[tuple[int, int, Chain, Member]]:
        r"""The lines \delta_t = … \delta_{t+1} …."""
        for number, index, chain in self.understanding.chains():
            head = single_name(chain.members[0].tree) if chain.members else None
            if head is None:
                continue
            table = self.understanding.symbols.at(number)
            own = table.occurrence(*head)
            if own.key != _key(one.name):
                continue
            for member in chain.members[1:]:
                inner = [table.occurrence(n, b) for n, b in named(member.tree)]
                if any(o.key == own.key and o.indices != own.indices for o in inner):
                    yield number, index, chain, member

    def _holds(self, one: Adjoint, place: tuple[int, int, Chain, Member], tried: Versioned) -> bool:
        number, index, chain, member = place
        model = one.within(self.understanding.model(number, index))
        if model is None:
            return False
        found = tried(number, chain, chain.members[0], member, model)
        return found is not None and found.outcome.agrees and not found.outcome.zero
