"""u_0 = A x_0, and u_k = A x_k + B r_{k-1}: a recursion beside the member from which it goes on."""

from __future__ import annotations

from derive.notation.occurrences import Occurrence
from derive.text.trees import Name, Number, Row, walk


def goes_on_from(found: Occurrence, first: Occurrence, right: Row) -> bool:
    """Whether an equation makes the members of a family behind a numbered one: its right side looks one step back."""  # noqa: E501
    if len(found.indices) != len(first.indices):
        return False
    pairs = [(a, b) for (_, a), (_, b) in zip(found.indices, first.indices, strict=True) if a != b]
    if len(pairs) != 1:
        return False
    ((general, numbered),) = pairs
    if not (len(numbered) == 1 and isinstance(numbered[0], Number)):
        return False
    if not (len(general) == 1 and isinstance(general[0], Name)):
        return False
    return any(_looks_back(n, general[0].letter) for n in walk(right) if isinstance(n, Name))


def _looks_back(name: Name, letter: str) -> bool:
    """h_{k-1}, h^{(k-1)}."""
    for row in (name.below, name.above):
        parts = [n for n in walk(row or ())]
        named = [i for i, n in enumerate(parts) if isinstance(n, Name) and n.letter == letter]
        signs = [getattr(n, "text", "") for n in parts]
        if any(signs[i + 1 : i + 2] == ["-"] for i in named):
            return True
    return False
