r"""Quantities on a curve, F(u, p) = 0: u is a function of p, and F is 0 wherever u is that.

A smooth F that vanishes at u = U(p) is A(u, p) (u - U(p)) with some matrix A(u, p), and the other way round (Hadamard's lemma);
so these two unknown functions say all that the page says of F and u. ∂F/∂u is A there, and has an inverse wherever A has one.

A quantity that the page writes with what it depends on, and differentiates by nothing else, is some function of that: J(u, p).
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from derive.algebra.core import App, Arg, Big, Core, Ref, add, fresh, move, mul, neg, rebuild, refs
from derive.algebra.expression import Time
from derive.algebra.functions import SPELLED
from derive.judge import fitting
from derive.judge.made import Made
from derive.judge.names import named
from derive.notation import habits, members
from derive.notation.calls import WORDS
from derive.notation.pieces import argument_of
from derive.notation.setting import Unread
from derive.notation.shaped import Axis, Misfit, Val, renamed
from derive.notation.slots import is_differential
from derive.text.trees import Fraction, Name, Row, walk

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

SAID = "{}({}) = 0 is solved by {} as a function of {}"


@dataclass(frozen=True, slots=True)
class Applied:
    """A name that the page writes with its arguments, F(u, p), where it does so first."""

    key: str
    arguments: tuple[str, ...]
    rows: tuple[Row, ...]
    number: int
    name: Name


def on_curves(u: Understanding) -> None:
    """Makes the functions that the page has on curves, and those that it writes with their arguments alone."""  # noqa: E501
    places = {
        k: n for n, i, c in u.chains() if (n, i) in u.curves for k in _head(u, n, c.members[0].tree)
    }
    curved = set(places)
    found = {a.key: a for a in _applied(u, curved)}
    if not found:
        return
    slopes = _slopes(u)
    made = {m.definition.name for m in u.made} | {n for f in u.failed for n in f.names}
    of_others: dict[str, set[str]] = {}
    for key in [k for k in found if k in curved]:
        unknown = [
            a
            for a in found[key].arguments
            if (a not in made or a in u.dependent)
            and any(of == a and by in found[key].arguments for of, by in slopes)
        ]
        if len(unknown) != 1:
            continue
        rest = {a for a in found[key].arguments if a != unknown[0]}
        said = [m for m in u.made if m.definition.name == unknown[0]]
        if rest & made or not all(refs(m.definition.body) <= rest for m in said):
            continue
        if not _make_curve(u, found[key], unknown[0]):
            continue
        u.made = [m for m in u.made if m not in said]  # y = y(x) said no more than that
        u.taken.add(places[key])
        u.on_curves.add(key)
        of_others[unknown[0]] = rest
        made |= {key, unknown[0]}
    above = _above(u, of_others)
    for key, applied in found.items():
        by = {b for of, b in slopes if of == key}
        reached = set(applied.arguments).union(*(above(a) for a in applied.arguments))
        if key not in made and key not in curved and by and by <= reached:
            _make(u, applied)
    _open_lagrangians(u, set(found))


def _open_lagrangians(u: Understanding, names: set[str]) -> None:
    """L = J + λ^T F has J(u, p) and F(u, p) in it: it is differentiated by u and p as by two variables."""
    bodies = {m.definition.name: m.definition for m in u.made if m.definition.name in names}

    def put(x: Core) -> Core:
        if isinstance(x, Ref) and x.name in bodies and len(bodies[x.name].index) == len(x.index):
            own = bodies[x.name]
            letters = (i.letters[0][0] for i in own.index)
            return move(own.body, dict(zip(letters, x.index, strict=True)))
        return rebuild(x, put)

    u.made = [
        replace(m, definition=replace(m.definition, body=put(m.definition.body)))
        if m.definition.name in u.setting.lagrangians
        else m
        for m in u.made
    ]


def _head(u: Understanding, number: int, row: Row) -> list[str]:
    table = u.symbols.at(number)
    return [table.occurrence(n, b).key for n, b in named(row)][:1]


def _above(u: Understanding, of_others: dict[str, set[str]]) -> Callable[[str], set[str]]:
    """For each name all that it is made of, through what that is made of, too."""
    table = {m.definition.name.split("∅")[0]: refs(m.definition.body) for m in u.made}

    def above(name: str) -> set[str]:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            for other in (*table.get(waiting[0], ()), *of_others.get(waiting[0], ())):
                bare = other.split("∅")[0]
                if bare not in seen:
                    seen.add(bare)
                    waiting.append(bare)
            waiting.pop(0)
        return seen

    return above


def _applied(u: Understanding, curved: set[str]) -> Iterator[Applied]:
    """The names that stand with one list of names behind them wherever they have a bracket, and nothing makes or knows."""  # noqa: E501
    found: dict[str, Applied | None] = {}
    known = (
        {m.definition.name for m in u.made}
        | {f[2] for f in u.functions}
        | set(u.setting.applications)
        | (u.setting.defined - curved)
    )
    for number, name, _, occurs in u.occurrences():
        if occurs.arguments is None or occurs.key in known or occurs.indices or occurs.primes:
            continue
        if name.letter in habits.KNOWN or occurs.key in SPELLED or occurs.key in WORDS:
            continue
        table = u.symbols.at(number)
        keys = []
        for row in occurs.arguments:
            names = list(named(row))
            plain = len(names) >= 1 and row and isinstance(row[0], Name)
            first = table.occurrence(*names[0]) if plain else None
            whole = first is not None and len(row) == (1 if first.arguments is None else 2)
            keys.append(first.key if first and whole and not first.indices else "")
        own = Applied(occurs.key, tuple(keys), tuple(occurs.arguments), number, name)
        before = found.setdefault(occurs.key, own)
        if before is None or before.arguments != own.arguments or "" in keys:
            found[occurs.key] = None
    yield from (a for a in found.values() if a and len(set(a.arguments)) == len(a.arguments) > 1)


def _slopes(u: Understanding) -> set[tuple[str, str]]:
    """What the page differentiates, and by what."""
    found = set()
    for number, _, chain in u.chains():
        table = u.symbols.at(number)
        for member in chain.members:
            for node in walk(member.tree):
                if not isinstance(node, Fraction):
                    continue
                lines = []
                for row in (node.above_line, node.below_line):
                    if is_differential(row):
                        lines.append([table.occurrence(n, b).key for n, b in named(row[1:])])
                if len(lines) == 2 and lines[0] and lines[1]:
                    found.add((lines[0][0], lines[1][0]))
    return found


def _argument(u: Understanding, row: Row) -> Val:
    """The u of F(u(p), p), too."""
    return u._elaborator.row(row[:1])


def _make(u: Understanding, applied: Applied) -> bool:
    """J(u, p): some function."""
    elaborator = u._elaborator = u.elaborator(applied.number)
    try:
        args = tuple(argument_of(_argument(u, r)) for r in applied.rows)
        target = members.member(elaborator, applied.key, [], applied.name.start)
        axes = tuple(target.axes)
        body = Val(axes, App(f"{applied.key} of", args, tuple(Time.of(a.letter) for a in axes)))
        found = fitting.made_definition(u, applied.key, target, body, applied.number)
    except (Unread, Misfit, RecursionError):
        return False
    u.made.append(Made(found, applied.number, u._end))
    u.applied.add(applied.key)
    return True


def _make_curve(u: Understanding, applied: Applied, unknown: str) -> bool:
    elaborator = u._elaborator = u.elaborator(applied.number)
    try:
        places = [i for i, a in enumerate(applied.arguments) if a != unknown]
        own = _argument(u, applied.rows[applied.arguments.index(unknown)])
        rest = tuple(argument_of(_argument(u, applied.rows[i])) for i in places)
        args = tuple(argument_of(_argument(u, r)) for r in applied.rows)
        own = renamed(own)
        if own.rank > 1:
            return False
        solution = Val(
            own.axes, App(f"{unknown} of", rest, tuple(Time.of(a.letter) for a in own.axes))
        )
        target = members.member(elaborator, unknown, [], applied.name.start)
        made = fitting.made_definition(u, unknown, target, solution, applied.number)
        body = _on_curve(applied.key, args, own, solution.body)
        fitting.fit_rank(u, applied.key, body)
        head = members.member(elaborator, applied.key, [], applied.name.start)
        curve = fitting.made_definition(u, applied.key, head, body, applied.number)
    except (Unread, Misfit, RecursionError):
        return False
    u.made += [Made(made, applied.number, u._end), Made(curve, applied.number, u._end)]
    said = SAID.format(
        applied.key,
        ", ".join(applied.arguments),
        unknown,
        ", ".join(applied.arguments[i] for i in places),
    )
    u.assumed.append(said)
    return True


def _on_curve(key: str, args: tuple[Arg, ...], own: Val, solution: Core) -> Val:
    """A(u, p) (u - U(p))."""
    apart = add((own.body, neg(solution)))
    name = f"{key} of"
    if not own.axes:
        return Val((), mul((App(name, args, ()), apart)))
    (axis,) = own.axes
    row = Axis(fresh(), axis.dim)
    slope = App(name, args, (Time.of(row.letter), Time.of(axis.letter)))
    return Val((row,), Big("sum", axis.letter, axis.dim, None, None, mul((slope, apart)), ()))
