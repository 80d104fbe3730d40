"""How much of a page bears on a line that differs: a slip is one where all that does was understood."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from derive.judge.names import named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from derive.judge.understanding import Understanding
    from derive.meaning.model import Model
    from derive.text.trees import Row

LETTER = re.compile(r"\\?[a-zA-Z]+(?![a-zA-Z{])")


def lost_at(u: Understanding, model: Model, number: int) -> set[str]:
    """The names in force at a formula that the page makes in a way that was not understood."""
    failed = {n for f in u.failed if f.first <= number <= f.last for n in f.names}
    unread = {
        role.key
        for place, why in u.definitions_read.items()
        if why
        and (role := u.symbols.roles.get(place)) is not None
        and role.key
        and role.scope[0] <= number <= role.scope[1]
    }
    return {*model.lost, *failed, *unread}


def bears_on(lost: Iterable[str], names: Iterable[str]) -> bool:
    """Whether a lost name may be one of these in other clothes: it has its letter."""
    letters = {letter(n) for n in names}
    return any(letter(n) in letters for n in lost)


def letter(name: str) -> str:
    r"""The letter of a name without its style, accents and labels: h of \hat{\mathbf{h}}_{t}, \theta of \theta^{(1)}."""  # noqa: E501
    found = LETTER.search(name.split("∅")[0])
    return found[0] if found else name


def is_of_functions(rows: Iterable[Row], names: Iterable[str], u: Understanding, at: int) -> bool:
    r"""Whether a line speaks of functions alone, each made once, at arguments that stand for any.

    A function that stands bare, \sigma(1 - \sigma), may be its value somewhere: no such line.
    """
    heads = Counter(role.key for role in u.symbols.roles.values() if role.kind != "remark")
    known = {key for _, _, key, _, _ in u.functions if heads[key] == 1}
    formals = {f.name for _, _, _, function, _ in u.functions for f in function.formals}
    table = u.symbols.at(at)
    written = [(table.occurrence(n, b).key, b) for row in rows for n, b in named(row)]
    rest = set(names)
    return (
        bool(rest & known)
        and all(brackets for key, brackets in written if key in known)
        and all(n in known or (n in formals and not heads[n.strip("·")]) for n in rest)
    )
