r"""Losses that a page names and does not write out: L = \operatorname{CrossEntropy}(p, y), \ell(p, y) where the prose names the cross entropy.

As a function that nobody knows such a loss makes ∂L/∂z = p - y false. Which one it is the line may rest on: it is tried as the
cross entropy where that is its name; a line that gives its slopes as a formula accuses nobody.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import (
    ONE,
    App,
    Arg,
    Big,
    Core,
    Fn,
    Mul,
    Num,
    Pow,
    Ref,
    add,
    letters_in,
    move,
    mul,
    neg,
    walk,
)
from derive.algebra.expression import Time
from derive.judge.names import COSTS
from derive.judge.spelling import OF
from derive.meaning.model import Definition, Model, depended
from derive.notation.shaped import Dims, Misfit

if TYPE_CHECKING:
    from derive.judge.readings import Tried

NAMED = re.compile(r"cross[-_ ]?\\?_?ent|(?<![a-z])(?:CE|BCE|XE|XENT|CCE)(?![a-z])", re.IGNORECASE)
SAID = "{} is the cross entropy of {} and {}"


def losses_in(definition: Definition) -> Iterator[App]:
    """The functions without a formula whose values are a cost, or are added up to one."""
    body = definition.body
    while isinstance(body, Big | Mul):
        if isinstance(body, Big):
            body = body.body
            continue
        rest = [f for f in body.factors if not isinstance(f, Num) and letters_in(f)]
        if len(rest) != 1:
            return
        body = rest[0]
    known = COSTS.match(definition.name)
    if (
        isinstance(body, App)
        and not body.slots
        and set(body.index) <= set(definition.index)
        and (known or NAMED.search(body.name))
    ):
        yield body


def left_open(tried: Tried) -> str:
    """A loss without a formula that one side alone rests on, where the other one is a formula: it says which loss it is."""  # noqa: E501
    model = tried.outcome.model
    assert model is not None
    sides = (tried.sides.left, tried.sides.right)
    if any(not any(isinstance(p, Ref) for p in walk(side)) for side in sides):
        return ""
    found = []
    for side in sides:
        made = [d for n in depended((side,), model) for d in model.definitions.get(n, ())]
        bodies = [side, *(d.body for d in made)]
        losses = {a.name for d in made if d.name not in tried.assumed for a in losses_in(d)}
        used = {p.name for b in bodies for p in walk(b) if isinstance(p, App)}
        found.append((losses, used))
    (left, seen_left), (right, seen_right) = found
    alone = (left - seen_right) | (right - seen_left)
    return next(iter(sorted(n.removesuffix(OF) for n in alone)), "")


def as_entropies(model: Model, dims: Dims, spoken: bool) -> tuple[str, Model] | None:
    """The model with its losses as cross entropies, in words; `spoken`: the page speaks of the cross entropy."""  # noqa: E501
    changed: dict[str, tuple[Definition, ...]] = {}
    said: list[str] = []
    for name, found in model.definitions.items():
        for k, definition in enumerate(found):
            for loss in losses_in(definition):
                written = _written_out(loss, model, dims)
                if written is None or not (spoken or NAMED.search(loss.name)):
                    continue
                body, output, target = written
                kept = list(changed.get(name, found))
                kept[k] = replace(definition, body=_with(definition.body, loss, body))
                changed[name] = tuple(kept)
                known = loss.name.removesuffix(OF)
                said.append(SAID.format(known, output.split("∅")[0], target.split("∅")[0]))
    if not changed:
        return None
    words = "; ".join(dict.fromkeys(said))
    return words, replace(model, definitions={**model.definitions, **changed})


def _with(body: Core, loss: App, written: Core) -> Core:
    if body == loss:
        return written
    if isinstance(body, Big):
        return replace(body, body=_with(body.body, loss, written))
    assert isinstance(body, Mul)
    return mul(tuple(_with(f, loss, written) if loss in walk(f) else f for f in body.factors))


def _written_out(loss: App, model: Model, dims: Dims) -> tuple[Core, str, str] | None:
    r"""-Σ y \log p of the output of a softmax, or -(y \log p + (1 - y) \log(1 - p)) of one logistic output; with both names."""  # noqa: E501
    if len(loss.args) != 2:
        return None
    made = [a for a in loss.args if _name(a) in model.definitions]
    given = [a for a in loss.args if _name(a) not in model.definitions]
    if len(made) != 1 or len(given) != 1 or not _name(given[0]):
        return None
    (output,), (target,) = made, given
    if len(output.letters) != len(target.letters) or len(output.letters) > 1:
        return None
    kinds = {_kind(d.body) for d in model.definitions[_name(output)]}
    names = _name(output), _name(target)
    if kinds == {"logistic"} and not output.letters:
        rest = mul((_from_one(target.body), Fn("\\log", (_from_one(output.body),))))
        return neg(add((mul((target.body, Fn("\\log", (output.body,)))), rest))), *names
    if kinds != {"softmax"} or not output.letters:
        return None
    try:
        dims.unify(target.dims[0], output.dims[0])
    except Misfit:
        return None
    (letter,) = output.letters
    own = move(target.body, {target.letters[0]: Time.of(letter)})
    term = mul((own, Fn("\\log", (output.body,))))
    return neg(Big("sum", letter, output.dims[0], None, None, term)), *names


def _name(arg: Arg) -> str:
    return arg.body.name if isinstance(arg.body, Ref) else ""


def _kind(body: Core) -> str:
    """Whether a quantity is a softmax, e^{z_i} / Σ e^{z_j}, or one logistic function."""
    if isinstance(body, Fn) and body.name == "\\sigma":
        return "logistic"
    if not isinstance(body, Mul) or len(body.factors) != 2:
        return ""
    above = [f for f in body.factors if isinstance(f, Fn) and f.name == "\\exp"]
    below = [f for f in body.factors if isinstance(f, Pow) and isinstance(f.base, Big)]
    if not above or not below or below[0].exponent != Num(-ONE.value):
        return ""
    added = below[0].base
    assert isinstance(added, Big)
    return "softmax" if isinstance(added.body, Fn) and added.body.name == "\\exp" else ""


def _from_one(x: Core) -> Core:
    return add((ONE, neg(x)))
