"""Functions that a page defines, with their formal arguments."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from derive.algebra.core import (
    App,
    Core,
    Pow,
    Ref,
    letters_in,
    num,
    walk,
)
from derive.judge import defining, fitting, ranks
from derive.judge.made import MOST_PARTS, NODE, ON_A_CURVE
from derive.meaning.model import ORDERED
from derive.notation import members
from derive.notation.calls import WORDS
from derive.notation.elaborate import Elaborator
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import bare
from derive.notation.pieces import terms_of as terms_of
from derive.notation.setting import SQUARED, Function, Unread
from derive.notation.shaped import (
    COLUMNWISE,
    ROWWISE,
    Axis,
    Misfit,
    Val,
    scalar,
    total,
)
from derive.notation.symbols import Role
from derive.text.spelled import spelled
from derive.text.trees import Big, Group, Name, Number, Sign, children
from derive.text.trees import walk as nodes

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

SOFTMAX = "softmax"
TOPS = ("\\top", "\\intercal", "T", "'", "\\mathsf{T}", "\\mathrm{T}", "\\text{T}")


def define_function(
    u: Understanding,
    number: int,
    occurs: Any,
    elaborator: Elaborator,
    row: Any,
    role: Role,
    below: Any = (),
) -> None:
    """f(x) = …: a function of its formals, and f itself where it stands alone; `below`: the entry in f(x)_j = …."""  # noqa: E501
    if below and occurs.key in WORDS and (occurs.key != SOFTMAX or is_plain_softmax(occurs, row)):
        u.definitions_read[number, -1] = ""  # softmax(x)_j is what it is
        return
    names, values = formals_of(u, occurs, elaborator)
    u.curves.discard((number, 0))
    if spelled(row).strip(" .,") == "0":
        u.curves.add((number, 0))
        raise Unread(row[0].start, ON_A_CURVE)  # a constraint, of no function 0
    constant = len(row) == 1 and (
        isinstance(row[0], Number)
        or (isinstance(row[0], Name) and u._kind(spelled(row)) in ("parameter", "constant"))
    )
    if (
        constant
        and len(names) > 1
        and occurs.key in u.setting.applications
        and spelled(row) not in names
    ):
        u.curves.add((number, 0))
        raise Unread(row[0].start, ON_A_CURVE)
    given = [(d, members.index_in(elaborator, d, r, NODE)) for d, r in occurs.indices]
    elaborator.headed = {a for _, i in given for a, _ in i.letters}
    u.setting.functions.pop(occurs.key, None)
    found = made_function(u, elaborator, row, names, values)
    if found is not None:
        found = replace(found, given=tuple(given))
    if found is not None:
        without_other_entries(found, row)
    if found is not None and found.body.rank == 1 and fitting.is_loss(u, occurs):
        found = replace(found, body=scalar(total(found.body)))  # a cost is a number
    if found is not None and not given:
        without_itself(u, occurs.key, found.body.body, row)
    if found is None:
        defining.define_whole(u, number, occurs, elaborator, row, role)
        return
    entry = [
        a
        for n in below
        if isinstance(n, Name)
        for a in [members.index_name(elaborator, n)]
        if a in elaborator.letters and a in letters_in(found.body.body)
    ]
    if entry and not found.body.rank:
        axes = tuple(Axis(a, elaborator.letters[a]) for a in entry)
        u.functions.append(
            (
                *role.scope,
                occurs.key,
                replace(found, body=Val(axes, found.body.body)),
                (number, u._index),
            )
        )
        u.definitions_read[number, -1] = ""
        below_it = tuple(("component", (n,)) for n in below if isinstance(n, Name))
        with suppress(Misfit, Unread):  # S_j, where S(z)_j = … is made
            whole = replace(occurs, indices=(*occurs.indices, *below_it))
            defining.define_whole(u, number, whole, elaborator, row, role)
        return
    free = {a for _, i in given for a, _ in i.letters} | {a.letter for a in found.body.axes}
    for k, _ in enumerate(values):
        free |= letters_in(found.formals[k])
    without_loose_steps(
        u,
        elaborator,
        frozenset(letters_in(found.body.body) - free - u.horizon_letters() - u.sizes()),
    )
    u.functions.append((*role.scope, occurs.key, found, (number, u._index)))
    u.definitions_read[number, -1] = ""
    scalars = any(f.name.endswith("·") for f in found.formals)
    if (
        all(d in (*ORDERED, "component") and not i.is_number for d, i in given)
        and not scalars
        and not (letters_in(found.body.body) - free - u.horizon_letters() - u.sizes())
    ):
        with suppress(Misfit):  # the function is understood, whatever its bare name stands for
            defining.define_whole(u, number, occurs, elaborator, row, role)


def is_plain_softmax(occurs: Any, row: Any) -> bool:
    """Whether a formula is made of nothing but exponentials of the argument: no e^{x_i / τ}."""
    names = {n.letter for r in occurs.arguments or () for n in r if isinstance(n, Name)}

    def plain(inner: Any) -> bool:
        for node in inner:
            if isinstance(node, Name) and node.letter not in {"e", "exp", "\\exp", *names}:
                return False
            if isinstance(node, Number | Sign) and not (
                isinstance(node, Sign) and node.text in ("/", ",", ".")
            ):
                return False
            if isinstance(node, Big):
                continue
            below = getattr(node, "below", None)
            if not all(plain(part) for part in children(node) if part is not below):
                return False
        return True

    return bool(plain(row))


def without_itself(u: Understanding, key: str, body: Core, row: Any) -> None:
    """A formula in which the function stands itself, or that grows by what functions are put in, makes none."""  # noqa: E501
    parts = list(islice(walk(body), MOST_PARTS))
    if len(parts) == MOST_PARTS or any(isinstance(p, App) and p.name == key for p in parts):
        raise Unread(row[0].start, "a function that is not made of itself")


def without_other_entries(found: Function, row: Any) -> None:
    """softmax(z) = e^z / Σ_k e^{z_k} is of z as a number, and of its entries: it is no formula for either."""  # noqa: E501
    counts = {f.name: len(f.index) for f in found.formals}
    for part in walk(found.body.body):
        if isinstance(part, Ref) and len(part.index) != counts.get(part.name, len(part.index)):
            raise Unread(row[0].start, "an argument that is a number or has entries, not both")


def without_loose_steps(u: Understanding, elaborator: Elaborator, loose: frozenset[str]) -> None:
    """A function's formula says of which step (layer) it is: the last one's letter is a size, any other is missing on the left."""  # noqa: E501
    for letter in loose:
        if elaborator.ordered.get(letter) == "layer" and letter not in fitting.general_letters(u):
            u.setting.named_sizes[letter] = "layer"
        elif elaborator.ordered.get(letter) in ORDERED:
            raise Unread(0, f"an index {letter} that the left side has, too")


def formals_of(
    u: Understanding, occurs: Any, elaborator: Elaborator
) -> tuple[list[str], list[Val]]:
    """The names of a function's formals, and they as values."""
    names, values = [], []
    for r in occurs.arguments or ():
        if r:
            value = elaborator.row(r)
            squared = isinstance(value.body, Pow) and value.body.exponent == num(2) and len(r) == 1
            if squared:
                assert isinstance(value.body, Pow)
                value = replace(value, body=value.body.base)
            if not isinstance(value.body, Ref):
                raise Unread(r[0].start, "a letter as the function's argument")
            name = (
                members.occurrence_of(elaborator, r[0], r[1] if len(r) == 2 else None).key
                if isinstance(r[0], Name)
                else spelled(r)
            )
            names.append(name + SQUARED if squared else name)
            values.append(value)
    return names, values


def made_function(
    u: Understanding, elaborator: Elaborator, row: Any, names: list[str], values: list[Val]
) -> Function | None:
    """The function of numbers that a formula makes, or that of vectors; None where it is neither."""
    vectors = [(n, v) for n, v in zip(names, values, strict=True) if v.rank]
    stepped = any(isinstance(v.body, Ref) and len(v.body.index) > v.rank for v in values)
    tries = (
        ["vectors"]
        if not vectors or stepped
        else ["vectors", "numbers"]
        if any(map(partial(ranks.is_declared, u), names))
        else ["numbers", "vectors"]
    )
    if tries[0] == "numbers" and (
        not _names_any(elaborator, row, names) or _makes_a_number(u, elaborator, row)
    ):
        tries = ["vectors", "numbers"]
    for kind in tries:
        dims = u.setting.dims
        u.setting.dims = elaborator.dims = dims.copy()
        elaborator.inlining = True
        elaborator.bound = {n: Ref(f"{n}·") for n, _ in vectors} if kind == "numbers" else {}
        try:
            body = elaborator.row(row)
        except (Unread, Misfit):
            u.setting.dims = elaborator.dims = dims
            if kind == tries[-1] and not vectors:
                raise
            continue
        spread = {ROWWISE, COLUMNWISE} & set(u.setting.dims.said) - set(dims.said)
        if kind == "numbers" and kind != tries[-1] and (spread or _leaves_calls(u, body)):
            u.setting.dims = elaborator.dims = dims
            continue
        if kind == "vectors":
            return Function(
                tuple(v.body for v in values if isinstance(v.body, Ref)),
                body,
                tuple(names),
                tuple(v.axes for v in values),
            )
        if body.rank == 0 and all(ranks.may_be_number(u, n) for n, _ in vectors):
            u.setting.numbers |= {defining.family_of(u, n, []) for n, _ in vectors}
            u.setting.numbers |= {
                n for n, _ in vectors if u.setting.steps.get(n) == ("sample",)
            }  # f(x) of numbers: each sample x_i is one, too
        formals = [elaborator.bound.get(n, v.body) for n, v in zip(names, values, strict=True)]
        elaborator.bound = elaborator.bound or {}
        return Function(
            tuple(f for f in formals if isinstance(f, Ref)),
            body,
            tuple(names),
            ((),) * len(names),
        )
    elaborator.bound = {}
    return None


def _leaves_calls(u: Understanding, body: Val) -> bool:
    """Whether a function that the page makes was left as it stands: its arguments are no numbers."""
    made = u.setting.functions
    return any(isinstance(p, App) and p.name in made for p in walk(body.body))


def _names_any(elaborator: Elaborator, row: Any, names: list[str]) -> bool:
    """Whether a formula names one of its arguments: a cost L(w) of p_i, which are made of w, does not."""
    return any(
        members.occurrence_of(elaborator, n, None).key in names
        for n in nodes(row)
        if isinstance(n, Name)
    )


def _makes_a_number(u: Understanding, elaborator: Elaborator, row: Any) -> bool:
    r"""Whether a formula transposes, and is one number where its arguments are vectors: (y - X b)^\top(y - X b)."""  # noqa: E501
    raised = (n.above for n in nodes(row) if isinstance(n, Name | Group) and n.above)
    if not any(spelled(bare(above)) in TOPS for above in raised):
        return False
    before, inlining, bound = u.setting.dims, elaborator.inlining, elaborator.bound
    u.setting.dims = elaborator.dims = before.copy()
    elaborator.inlining, elaborator.bound = True, {}
    try:
        return elaborator.row(row).rank == 0
    except (Unread, Misfit):
        return False
    finally:
        u.setting.dims = elaborator.dims = before
        elaborator.inlining, elaborator.bound = inlining, bound
