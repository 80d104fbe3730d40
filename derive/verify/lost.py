"""Definitions that cannot be read: what they are taken for, and what depends on them.

A symbol whose definition is lost is no input: it may depend on anything. Nothing is refuted through it.
Where the names in its definition can be read it counts as some function of them, which is all that most
lines need; else nothing is proved that differentiates through it, either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from derive.algebra.expression import Call, Expr, Time, Variable, Written
from derive.errors import Place
from derive.notation.claims import parts_of
from derive.notation.grammar import Statement
from derive.notation.scope import Mention, Skim
from derive.notation.tokens import Token

if TYPE_CHECKING:
    from derive.verify.context import Context

Names = frozenset[str]

# Begins the name of the function that stands for a lost definition; nobody can write it.
SOME = "?"


@dataclass(frozen=True, slots=True)
class Lost:
    """The definition of `name` on `line` cannot be read; it counts as some function of `arguments`.

    None where these cannot be read either.
    """

    name: str
    line: int
    arguments: tuple[Variable, ...] | None = None


def as_some_function(
    left: Expr, right: tuple[Token, ...], place: Place, time_of: Callable[[Mention], Time | None]
) -> Statement | None:
    """`left` as some function of all that `right` names; None where it is not clear what that is."""
    skim = Skim(right)
    letters = frozenset(skim.bound())
    found: list[Variable] = []
    for mention in skim.mentions():
        time = time_of(mention)
        scripted = mention.below is not None or mention.above is not None
        if scripted and time is None:
            return None
        if mention.differentiated or (time is not None and {a for a, _ in time.letters} & letters):
            return None
        if mention.name not in letters and (mention.arguments is None or time is not None):
            found.append(Variable(mention.name, time))
    if not isinstance(left, Variable) or not found or left in found:
        return None
    call = Call(f"{SOME}{left.name}", tuple(dict.fromkeys(found)))
    return Statement(left, call, "=", place, "")


def relied_on(context: Context, sides: Iterable[Expr]) -> Lost | None:
    """The lost definition on which a line depends, through all definitions between."""
    bodies = dict(_bodies(context))
    waiting, seen = [name for side in sides for name in _names(side)], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += bodies.get(name, ())
    return next((context.lost[name] for name in sorted(seen & set(context.lost))), None)


def differentiates(context: Context, sides: Iterable[Expr]) -> bool:
    """Whether a derivative stands in a line, or in a quantity of it that is made of derivatives."""
    parts = [part for side in sides for part in parts_of(side)]
    derived = context.derived_names
    return any(
        isinstance(p, Written) or (isinstance(p, Variable) and p.name in derived) for p in parts
    )


def _bodies(context: Context) -> Iterator[tuple[str, Names]]:
    found: dict[str, set[str]] = {}
    for target, body in _definitions(context):
        found.setdefault(target, set()).update(_names(body))
    yield from ((name, frozenset(names)) for name, names in found.items())


def _definitions(context: Context) -> Iterator[tuple[str, Expr]]:
    yield from ((d.target.name, d.body) for d in context.model.definitions)
    yield from ((d.target.name, d.body) for d in context.derived)
    yield from ((name, function.body) for name, function in context.functions.items())


def _names(expr: Expr) -> Iterator[str]:
    for part in parts_of(expr):
        if isinstance(part, Variable):
            yield part.name
        elif isinstance(part, Call):
            yield part.function
