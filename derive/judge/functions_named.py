r"""Functions that a page names as known and never gives: the macro \act of a preamble that is not here, BN, gelu.

A letter, f(h) or \phi(h), is any function. A word is one that the reader is supposed to know: what it gives, and what its slope
is, is not for anybody to choose. What such a page says of it may be true, so that nobody is accused through it.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import App, Core, D, Fn, Num, Ref, children, walk
from derive.meaning.model import Model, depended, walk_values
from derive.notation.habits import unknown_macro

if TYPE_CHECKING:
    from derive.judge.readings import Tried
    from derive.judge.understanding import Understanding
    from derive.notation.slots import Use
    from derive.notation.surveys import Survey

WORD = re.compile(r"(?:\\[a-zA-Z]+\{)*(?P<word>[a-zA-Z]{2,})(?![a-zA-Z{])")
"""The word that a key begins with, below its styles: BN, and GRU of \\mathbf{GRU}_\\phi."""


def named_function(u: Understanding, tried: Tried) -> str:
    """A function that a line rests on, named by a macro or a word that the page explains nowhere; empty where there is none."""  # noqa: E501
    model = tried.outcome.model
    assert model is not None
    sides = [tried.sides.left, tried.sides.right]
    given = {function[2] for function in u.functions}

    whole = [p for b in (*sides, *_bodies(depended(sides, model), model)) for p in walk(b)]
    applied = {p.name for p in whole if isinstance(p, App)} - given
    plain = {p.name for p in whole if isinstance(p, Ref)} - set(model.definitions)
    found = {n for n in applied if unknown_macro(n)}
    found |= {n for n in plain if unknown_macro(n) and not _is_a_quantity(u, n)}
    if not found and not all(map(_is_of_derivatives, sides)):
        parts = _entering(sides, model)
        found = {p.name for p in parts if isinstance(p, App) and WORD.match(p.name)} - given
        found |= {
            n
            for n in plain & {p.name for p in parts if isinstance(p, Ref)}
            if _is_a_word_before_brackets(u, n)
        }
    return min(found, default="").split("∅")[0]


def taken_for_factors(u: Understanding, tried: Tried) -> list[str]:
    """What is said of a line's macros that nobody explains, and that were taken for numbers: \\act u."""
    model = tried.outcome.model
    assert model is not None
    names = depended((tried.sides.left, tried.sides.right), model)
    found = (n for n in names if n not in model.definitions and unknown_macro(n))
    return [f"{n.split('∅')[0]} is a factor" for n in found if not _is_a_quantity(u, n)]


def _bodies(names: Iterable[str], model: Model) -> list[Core]:
    return [d.body for n in names for d in model.definitions.get(n, ())]


def _entering(sides: Sequence[Core], model: Model) -> list[Core]:
    """What a line says something of: its own parts, what makes its names, and all that is behind what it differentiates.

    What it differentiates by is free, whatever makes it.
    """  # noqa: E501
    own = [p for side in sides for p in walk(side)]
    points = {p.by.name for p in own if isinstance(p, D)}
    free = replace(
        model, definitions={n: d for n, d in model.definitions.items() if n not in points}
    )
    made = _bodies((p.of.name for p in own if isinstance(p, D) and isinstance(p.of, Ref)), model)
    values = _bodies((p.name for p in own if isinstance(p, Ref)), free)
    parts = [p for b in (*made, *_bodies(depended(made, free), free)) for p in walk(b)]
    return [*own, *parts, *(p for b in values for p in walk_values(b))]


def _is_of_derivatives(x: Core) -> bool:
    """Whether a side has nothing but derivatives, sums and products: what it says holds of any function or of none."""  # noqa: E501
    if isinstance(x, D):
        return isinstance(x.of, Ref)
    return not isinstance(x, Ref | Num | Fn | App) and all(map(_is_of_derivatives, children(x)))


def _uses(u: Understanding, name: str) -> list[Use]:
    survey: Survey = u.symbols.symbols.reader.survey
    return survey.base_of(name.split("∅")[0])


def _is_a_quantity(u: Understanding, name: str) -> bool:
    """Whether the page differentiates by a name."""
    return any(use.context == "by" for use in _uses(u, name))


def _is_a_word_before_brackets(u: Understanding, name: str) -> bool:
    r"""Whether a name is a word of which each use stands before a bracket, \mathrm{gelu}(h + x): a function rather than a factor."""  # noqa: E501
    uses = _uses(u, name)
    return bool(WORD.match(name)) and bool(uses) and all(use.behind is not None for use in uses)
