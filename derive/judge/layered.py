"""A page that defines the last layer, z^L = W^L a^{L-1}, and then speaks of each: z^l is made alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import Big, D, fresh, move, walk
from derive.algebra.expression import Time
from derive.text.trees import Name

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding
    from derive.meaning.model import Definition

LAST = Time.of("L")
ALIKE = "each layer is made like the last"


def made_like_the_last(u: Understanding) -> None:
    """Definitions of the last layer alone, of names that the page has at other layers, too, for every layer.

    What rests on them is said to: `ALIKE`; and no line is accused of what it supposes.
    """  # noqa: E501
    spoken = _spoken_of(u)
    general = {m.definition.name for m in u.made if m.definition.is_general}
    for i, made in enumerate(u.made):
        d = made.definition
        key = d.name.split("∅")[0]
        if key not in spoken or not _is_of_the_last(d):
            continue
        if d.name in general and not isinstance(d.body, D):
            continue  # δ^L = (a^L - y) σ'(z^L) is the end of what δ^l goes on with
        letter = fresh("l")
        table = {"L": Time.of(letter)}
        index = tuple(at.replace(table) for at in d.index)
        again = replace(d, index=index, letters=(letter, *d.letters), body=move(d.body, table))
        u.made[i] = replace(made, definition=again)
        u.shaped[key] = (*u.shaped.get(key, ()), ALIKE)


def _is_of_the_last(d: Definition) -> bool:
    """Whether a definition is of layer L, and of no sum or product over the layers."""
    layers = [i for i, s in zip(d.index, d.slots, strict=False) if s == "layer"]
    ends = [p.upper for p in walk(d.body) if isinstance(p, Big)]
    return layers == [LAST] and "L" not in d.letters and LAST not in ends


def _spoken_of(u: Understanding) -> set[str]:
    """The names that stand at a layer with another letter than L."""
    return {
        occurs.key
        for _, _, _, occurs in u.occurrences()
        for slot, at in occurs.indices
        if slot == "layer" and at and isinstance(at[0], Name) and at[0].letter != "L"
    }
