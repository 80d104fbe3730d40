r"""Circles: \hat x_k^- = A \hat x_k + B u_k beside \hat x_k = \hat x_k^- + K (y_k - C \hat x_k^-), each made of the other at one step.

One of the two is a slip, or speaks of the value before. What the rest of the page says of both holds where one of them is
given, whichever it is.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.algebra.core import App, Ref, walk
from derive.meaning.model import ORDERED, Definition, Model

BY_ITSELF = " is defined by itself"
SAID = "{} is given: what the page makes it of is made of it"
MOST_CUTS = 6


def cuts(model: Model, missing: str) -> Iterator[tuple[Model, str]]:
    """The models of a line that fails on a circle, each with one name on it given, and what is supposed."""
    if not missing.endswith(BY_ITSELF):
        return
    start = missing.removesuffix(BY_ITSELF)
    for name in _on_circle(model, start)[:MOST_CUTS]:
        rest = tuple(d for d in model.definitions[name] if not d.is_general)
        definitions = {**model.definitions, name: rest}
        if not rest:
            definitions.pop(name)
        yield replace(model, definitions=definitions), SAID.format(name.split("∅")[0])


def _on_circle(model: Model, name: str) -> list[str]:
    """The names that a name is made of, at its own step, and that are made of it: those that it needs first come first."""  # noqa: E501
    needs = {n: list(dict.fromkeys(_needed(model, n))) for n in model.definitions}
    below = _reached(needs, name)
    return [n for n in below if name in _reached(needs, n)]


def _reached(needs: dict[str, list[str]], name: str) -> list[str]:
    seen: dict[str, None] = {}
    waiting = list(needs.get(name, ()))
    while waiting:
        one = waiting.pop(0)
        if one not in seen:
            seen[one] = None
            waiting += needs.get(one, ())
    return list(seen)


def _needed(model: Model, name: str) -> Iterator[str]:
    """What a name is made of at its own step."""
    made = model.general(name)
    for p in walk(made.body) if made is not None else ():
        elsewhere = made is not None and isinstance(p, Ref) and _is_elsewhere(made, p)
        if isinstance(p, Ref | App) and p.name in model.definitions and not elsewhere:
            yield p.name


def _is_elsewhere(made: Definition, ref: Ref) -> bool:
    """Whether a member stands at an earlier or a later step than what is made of it."""
    own = {s: i for i, s in zip(made.index, made.slots, strict=False) if s in ORDERED}
    apart = [i - o for i in ref.index for o in own.values()]
    return any(a.is_number and a.shift for a in apart)
