"""Rules for what is summed or multiplied over the steps of time: sums cut down to what can be other than 0, bodies folded into names.

Each is an equation for every horizon, as the rules of `derive.proof.lines`, which lists them.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product as choices
from typing import TYPE_CHECKING

from derive.algebra.core import (
    App,
    Big,
    Core,
    D,
    Fn,
    Ref,
    add,
    letters_in,
    mul,
    plain_size,
    rebuild,
    walk,
)
from derive.algebra.expression import Time
from derive.algebra.forms import UNIT, Bound, NoForm, Term
from derive.meaning.model import ORDERED, Definition

if TYPE_CHECKING:
    from derive.proof.lines import Lines

MOST_MEMBERS = 24  # that one function may be the body of, before none of them is tried


def narrowed(lines: Lines, x: Core) -> Core:
    """Σ_{s=1}^T of what ∂A_s/∂B_t makes 0 for s < t, as Σ_{s=t}^T."""
    terms = lines.forms.terms(x)
    made = [_narrowed(lines, t) for t in terms]
    if all(a is b for a, b in zip(made, terms, strict=True)):
        return x
    return lines.forms.form(add(map(lines.forms.spelled, made)))


def _narrowed(lines: Lines, t: Term) -> Term:
    for bound in t.bounds:
        if bound.lower != UNIT or bound.upper is None:
            continue
        for atom, p in t.factors:
            first = _first(lines, atom, bound.letter) if p.is_number and p.shift > 0 else None
            if first is None or any(b.letter == first.letters[0][0] for b in t.bounds):
                continue
            lower = replace(bound, lower=first)
            return replace(t, bounds=tuple(lower if b is bound else b for b in t.bounds))
    return t


def _first(lines: Lines, x: Core, letter: str) -> Time | None:
    """The step that ∂A_s/∂B_t is 0 before, A running forward in time; no earlier one than the first step, where sums begin."""  # noqa: E501
    u = lines.unfolder
    if not isinstance(x, D) or x.mode != "total" or not isinstance(x.of, Ref):
        return None
    by = u.step(x.by)
    if u.step(x.of) != Time.of(letter) or by is None or by.shift < 0 or u.base < 1:
        return None
    if len(by.letters) != 1 or by.letters[0][1] != 1 or by.letters[0][0] == letter:
        return None
    if _order(lines, x.of) != _order(lines, x.by):
        return None
    name = x.of.name
    return by if u.runs_forward(name) and not u.is_lost(name) else None


def _order(lines: Lines, ref: Ref) -> str | None:
    """What the step of a member counts, time or layers."""
    return next((s for s in lines.unfolder.model.slots.get(ref.name, ()) if s in ORDERED), None)


def folded(lines: Lines, x: Core) -> Core:
    """What a definition says that a member is, tanh(a h_{t-1} + b), written as that member, h_t."""
    bodies = {
        (type(d.body), d.body.name): d
        for ds in lines.unfolder.model.definitions.values()
        for d in ds
        if d.is_general and isinstance(d.body, Fn | App) and d.name not in lines.unfolder.model.lost
    }
    if not bodies:
        return x

    def put(p: Core) -> Core:
        if isinstance(p, D) or plain_size(p) == 1:
            return p
        p = rebuild(p, put)
        slope = isinstance(p, App) and p.slots
        d = bodies.get((type(p), p.name)) if isinstance(p, Fn | App) and not slope else None
        found = _member(lines, d, p) if d is not None else None
        return p if found is None else found

    return lines.forms.form(put(x))


def _member(lines: Lines, d: Definition, x: Core) -> Ref | None:
    """The member whose body a formula is."""
    form = lines.forms.form(x)
    for ref in _candidates(lines, d, x):
        lines.unfolder.count()
        body = lines.unfolder.body(ref)
        if body is not None and lines.forms.form(body) == form:
            return ref
    return None


def _candidates(lines: Lines, d: Definition, x: Core) -> Iterator[Ref]:
    """Members that a formula may be the body of, by the indices that stand in it."""
    there = [p for p in walk(x) if isinstance(p, Ref)]
    ways: list[list[Time]] = []
    for own, letter in zip(d.index, (i.letters[0][0] for i in d.index), strict=True):
        found: dict[Time, None] = {}
        for part in walk(d.body):
            if not isinstance(part, Ref):
                continue
            for place, index in enumerate(part.index):
                if index.letters != ((letter, 1),):
                    continue
                apart = own.shift - index.shift
                for p in there:
                    if p.name == part.name and place < len(p.index):
                        found[p.index[place] + apart] = None
        ways.append(list(found))
    count = 1
    for way in ways:
        count *= len(way)
    if count > MOST_MEMBERS:
        raise NoForm("a formula that grows too far")
    return (Ref(d.name, index) for index in choices(*ways))


def with_powers(lines: Lines, t: Term) -> Term:
    """w^{t-k} Π_{m=k+1}^t f_m as Π w f_m, where that is a product of Jacobians from step to step, and so ∂h_t/∂h_k."""  # noqa: E501
    for i, (atom, p) in enumerate(t.factors):
        if p != UNIT or not isinstance(atom, Big) or atom.kind != "prod" or atom.without:
            continue
        if (
            atom.lower is None
            or atom.upper is None
            or not reaches(atom.lower, atom.upper, t.bounds)
        ):
            continue
        count = atom.upper - atom.lower + 1
        steady = [f for f in t.factors if f[1] == count and atom.letter not in letters_in(f[0])]
        if not steady:
            continue
        body = mul((*(a for a, _ in steady), atom.body))
        made = lines.jacobian(replace(atom, body=body))
        if made is not None:
            rest = tuple(f for j, f in enumerate(t.factors) if j != i and f not in steady)
            return replace(t, factors=(*rest, (made, UNIT)))
    return t


def reaches(lower: Time, upper: Time, bounds: tuple[Bound, ...]) -> bool:
    """Whether a product ends no earlier than one step before it begins, wherever the sums around it run.

    Beyond that it is 1 as an empty product, and as a Jacobian of an earlier state by a later one 0.
    """
    distance = upper - lower + 1
    for _ in range(len(bounds) + 1):
        for b in bounds:
            n = dict(distance.letters).get(b.letter, 0)
            end = b.lower if n > 0 else b.upper
            if n and b.dim is None and end is not None and abs(n) == 1:
                distance = distance.replace({b.letter: end})
                break
        else:
            break
    return not distance.is_number or distance.shift >= 0
