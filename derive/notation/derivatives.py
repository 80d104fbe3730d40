"""Derivatives in all their clothes: fractions, ∇, primes, partials, gradients."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as Set
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import (
    App,
    At,
    D,
    Num,
    Ref,
    Where,
    letters_in,
    move,
    walk,
)
from derive.algebra.expression import Time
from derive.algebra.functions import SPELLED
from derive.notation import calculus, calls, groups, habits, members
from derive.notation.parts import part_of
from derive.notation.pieces import (
    DIFFERENTIALS,
    TIMES,
    Mark,
    bare,
    differential_mark,
    holds,
    plain_letters,
    split_at,
    tag_for,
)
from derive.notation.setting import SQUARED, Function, Occurs, Unread, family_key
from derive.notation.shaped import (
    Axis,
    Misfit,
    Val,
    renamed,
    scalar,
)
from derive.notation.slots import has_a_whole_derivative, is_derivative
from derive.text.spelled import spelled
from derive.text.trees import Fraction as Over
from derive.text.trees import Group, Name, Node, Number, Row, Sign, Words

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator

IMMEDIATE = frozenset(("partial", "direct", "immediate", "explicit", "local", "instantaneous"))
FIXED = frozenset(("fixed", "const", "constant", "held"))


def read_fraction(e: Elaborator, node: Over, row: Row, at: int) -> tuple[Val, int]:
    of_derivatives = any(map(has_a_whole_derivative, (node.above_line, node.below_line)))
    mark = None if of_derivatives else differential_mark(node.above_line)
    below = None if of_derivatives else differential_mark(node.below_line)
    if mark is not None and below is not None:
        return read_derivative(e, node, mark, below, row, at)
    divided = None if mark is None or below is not None else divided_derivative(e, node, mark)
    if divided is not None:
        return divided, at + 1
    by_name = len(node.below_line) == 1 and isinstance(node.below_line[0], Name)
    if (
        mark is not None
        and mark.letter == "\\partial"
        and (mark.rest or by_name)
        and not mark.order
    ):
        e.notes.append("the ∂ below the line is missing")
        below = Mark(mark.letter, node.below_line, False, False)
        return read_derivative(e, node, mark, below, row, at)
    above, line = e.row(node.above_line), e.row(node.below_line)
    return e._times(above, line, "/"), at + 1


def divided_derivative(e: Elaborator, node: Over, mark: Mark) -> Val | None:
    r"""\frac{\partial l}{T \cdot \partial o}: the derivative, divided by what stands before ∂ below the line."""  # noqa: E501
    line = node.below_line
    place = next(
        (i for i, n in enumerate(line) if isinstance(n, Name) and n.letter == mark.letter), 0
    )
    factors = line[:place]
    while factors and isinstance(factors[-1], Sign) and factors[-1].text in TIMES:
        factors = factors[:-1]
    below = differential_mark(line[place:])
    plain = factors and all(isinstance(n, Name | Number) for n in factors)
    if not plain or below is None or not mark.rest or mark.order or below.order:
        return None
    whole = replace(node, below_line=line[place:])
    found, _ = read_derivative(e, whole, mark, below, (whole,), 0)
    by = e.row(factors)
    return None if by.rank else e._times(found, by, "/")


def read_derivative(
    e: Elaborator, node: Over, mark: Mark, below: Mark, row: Row, at: int
) -> tuple[Val, int]:
    if (
        mark.order
        or below.order
        or (differential_mark(below.rest[1:]) is not None and len(below.rest) > 2)
    ):
        return higher_derivative(e, node, mark, row, at)
    at_point = slope_at(e, node, mark, below, row, at)
    if at_point is not None:
        return at_point, at + 2
    bare = slope_of_known(e, mark.rest, below.rest)
    if bare is not None:
        return bare, at + 1
    by = formal_slope(e, mark.rest, below.rest) or denominator(e, below.rest, node)
    if not mark.rest:
        end = operand_end(e, row, at + 1)
        if end == at + 1:
            raise Unread(node.start, "what is differentiated")
        of = read_operand(e, row[at + 1 : end])
        return differentiated(e, of, by, mark), end
    return differentiated(e, numerator(e, mark.rest, by), by, mark), at + 1


def slope_at(e: Elaborator, node: Over, mark: Mark, below: Mark, row: Row, at: int) -> Val | None:
    r"""\frac{dg}{dx}(x), \frac{dg}{dh}(h(x)): the slope of a function of one number, at a number."""
    behind = row[at + 1] if at + 1 < len(row) else None
    if len(mark.rest) != 1 or len(below.rest) != 1 or not isinstance(behind, Group):
        return None
    name, by = mark.rest[0], below.rest[0]
    if not isinstance(name, Name) or not isinstance(by, Name) or behind.opening != "(":
        return None
    inside = behind.inside
    same = spelled(inside) == spelled(below.rest)
    inner = len(inside) == 2 and inside[0] == replace(by, start=inside[0].start, end=inside[0].end)
    if not (same or inner) or behind.above is not None or behind.below is not None:
        return None
    occurs = members.occurrence_of(e, name, behind)
    symbol = e.table.symbol(occurs.key)  # type: ignore[attr-defined]
    if occurs.indices or occurs.primes or symbol is None or symbol.kind != "function":
        return None
    args = [e.row(inside)]
    function = e.setting.functions.get(occurs.key)
    if function is not None:
        return calls.own_function(e, name, function, args, 1)
    return calls.abstract_call(e, occurs.key, args, [], 1, name)


def slope_of_known(e: Elaborator, of: Row, by: Row) -> Val | None:
    r"""\frac{\partial\sigma}{\partial z}: the slope of an elementary function at z, \sigma'(z)."""
    if len(of) != 1 or len(by) != 1 or not isinstance(of[0], Name) or not isinstance(by[0], Name):
        return None
    name = of[0]
    known = name.letter in SPELLED and name.below is None and name.above is None
    key = members.occurrence_of(e, name, None).key
    if not known or name.primes or calls.is_variable(e, key) or key in e.setting.functions:
        return None
    place = Group(by[0].start, by[0].end, "(", ")", by)
    if spelled(by) not in e.setting.arguments.get(name.letter, ()):  # of something else, perhaps
        e.notes.append(f"{spelled(of)} is applied to {spelled(by)} where it stands above it")
    return e.row((replace(name, primes=1), place))


def higher_derivative(e: Elaborator, node: Over, mark: Mark, row: Row, at: int) -> tuple[Val, int]:
    """∂²f/∂x∂y: the derivative by x of that by y."""
    first = node.above_line[0]
    assert isinstance(first, Name)
    order = calculus.order_of(first)
    rows = None if order is None else calculus.variables(node.below_line, order)
    if rows is None:
        raise Unread(node.start, "as many variables as the order of the derivative")
    end = at + 1
    if not mark.rest:
        end = operand_end(e, row, at + 1)
        if end == at + 1:
            raise Unread(node.start, "what is differentiated")
    of: Val | None = None
    for by_row in reversed(rows):
        by = formal_slope(e, mark.rest, by_row) or denominator(e, by_row, node)
        if of is None:
            of = numerator(e, mark.rest, by) if mark.rest else read_operand(e, row[at + 1 : end])
        if of.rank > 1 or by.rank > 1:
            raise Unread(node.start, "second derivatives by matrices")
        found = differentiated(e, replace(of, of=None, by=None), by, mark)
        if len(found.axes) > of.rank:
            axes = (*found.axes[of.rank :], *found.axes[: of.rank])
            found = Val(axes, found.body)
        of = replace(found, of=None, by=None, loose=False, flipped=False)
    assert of is not None
    return of, end


def operand_end(e: Elaborator, row: Row, at: int) -> int:
    """How far a derivative as an operator reaches: one bracket, or the rest of the term."""
    if at < len(row) and isinstance(row[at], Group):
        return at + 1
    end = at
    while end < len(row):
        node = row[end]
        if isinstance(node, Sign) and node.text in ("+", "-", ",", ";"):
            break
        end += 1
    return end


def read_operand(e: Elaborator, row: Row) -> Val:
    if (
        len(row) == 1
        and isinstance(row[0], Group)
        and row[0].above is None
        and row[0].below is None
    ):
        return e.row(row[0].inside)
    return e.row(row)


def formal_slope(e: Elaborator, of: Row, by: Row) -> Val | None:
    """df/dx where x is f's own argument: the formal."""
    if not of or not isinstance(of[0], Name) or len(by) != 1 or not isinstance(by[0], Name):
        return None
    behind = of[1] if len(of) == 2 and isinstance(of[1], Group) else None
    if len(of) > 1 and behind is None:
        return None
    function = calls.function_of(e, of[0], members.occurrence_of(e, of[0], behind))
    if function is None:
        return None
    place = next((k for k, n in enumerate(function.names) if is_formal(e, by, n)), None)
    if place is None or function.names[place].endswith(SQUARED):
        return None
    return function.formal(place)


def numerator(e: Elaborator, row: Row, by: Val) -> Val:
    """What a derivative is of: a formula, or a function by its bare name."""
    if row and isinstance(row[0], Name) and len(row) <= 2 and isinstance(by.body, Ref):
        occurs = members.occurrence_of(
            e, row[0], row[1] if len(row) == 2 and isinstance(row[1], Group) else None
        )
        function = calls.function_of(e, row[0], occurs)
        own = function is not None and (len(row) == 1 or at_formals(e, function, occurs))
        if (
            function is not None
            and own
            and not occurs.primes
            and (is_own_formal(function, by) or not is_made(e, occurs.key))
        ):
            return function.body
        applied = applied_name(e, row[0], occurs, by) if len(row) == 1 else None
        if applied is not None:
            return applied
        at = e.called.get(occurs.key, ())
        if function is not None and len(row) == 1 and any(a.body == by.body for a in at):
            return calls.own_function(e, row[0], function, list(at), 0)
    return e.row(row)


def is_own_formal(function: Function, by: Val) -> bool:
    """Whether a derivative is by what a function's definition has as an argument, h_{t-1} in f(h_{t-1}, x_t)."""  # noqa: E501
    tag = tag_for(by)
    formals = (function.formal(k) for k in range(len(function.formals)))
    return any(f.rank == by.rank and tag_for(f) == tag for f in formals)


def applied_name(e: Elaborator, node: Name, occurs: Occurs, by: Val) -> Val | None:
    """f_t in ∂f_t/∂h where the page applies f_t to h: its value there, of which the derivative is by that argument."""  # noqa: E501
    if occurs.key in e.setting.in_force or occurs.primes or occurs.arguments is not None:
        return None
    if occurs.key in e.setting.functions or any(d == "component" for d, _ in occurs.indices):
        return None
    given = members.given_indices(e, occurs, node)
    places = e.setting.applied.get(occurs.key, ())
    if given:
        at = [at_index(p, [i for _, i in given], e.setting.horizons) for p in places]
    else:
        at = [at_step_of(e, p, by) for p in places]
    found = {a for a in at if a is not None and any(holds(x, by.body) for x in a.args)}  # type: ignore[arg-type]
    if len(found) != 1:
        return None
    (value,) = found
    e.choices.add("applied")
    for domain, index in given:
        members.put_in_order(e, index, domain)
    letters = plain_letters(value.index[len(given) :])
    dims = [members.dim_of(e, f"fn {occurs.key}", k) for k in range(len(letters))]
    made = Val(tuple(Axis(a, d) for a, d in zip(letters, dims, strict=True)), value)
    return named_part(e, f"⟨{spelled((node,))}⟩", made) if e.reading.applied else made


def at_step_of(e: Elaborator, known: App, by: Val) -> App | None:
    """f(h_{t-1}, x_t) for the f of ∂f/∂h_k: where it is applied to h_k; by a parameter, at the line's own step."""  # noqa: E501
    assert isinstance(by.body, Ref)
    if any(holds(arg, by.body) for arg in known.args) and letters_in(by.body) & set(e.ordered):
        return known
    for arg in known.args:
        body = arg.body
        if isinstance(body, Ref) and body.name == by.body.name and body.index:
            count = len(body.index) - len(arg.letters)
            moved = moved_to(known, body.index[:count], by.body.index[:count], e.setting.horizons)
            if moved is not None:
                return moved
    own = [a for a in letters_in(known) if not a.startswith("\\,") and a not in e.setting.horizons]
    here = [a for a in e.ordered if a not in e.setting.horizons]
    if len(own) != 1 or not here or own[0] in here:
        return known
    moved_known = move(known, {own[0]: Time.of(here[0])}) if len(here) == 1 else None
    return moved_known if isinstance(moved_known, App) else None


def at_index(known: App, given: Sequence[Time], horizons: Set[str]) -> App | None:
    """An application at other indices: f_t(h_{t-1}) at k is f_k(h_{k-1})."""
    own = known.index[: len(given)]
    if len(plain_letters(known.index[len(given) :])) != len(known.index) - len(given):
        return None
    return moved_to(known, own, given, horizons)


def moved_to(
    known: App, own: Sequence[Time], given: Sequence[Time], horizons: Set[str]
) -> App | None:
    """An application with the letters of some of its indices moved to other ones."""
    table: dict[str, Time] = {}
    for a, b in zip(own, given, strict=True):
        letters = [x for x, n in a.letters if n == 1 and x not in horizons]
        to = b + (-a.shift)
        if a == b:
            continue
        if len(letters) != 1 or len(a.letters) != 1 or table.get(letters[0], to) != to:
            return None
        table[letters[0]] = to
    moved = move(known, table)
    return moved if isinstance(moved, App) else None


def at_formals(e: Elaborator, function: Function, occurs: Occurs) -> bool:
    """Whether a function is applied to its own formals, f(x) where f(x) = … is its definition."""
    rows = [r for r in occurs.arguments or () if r]
    if len(rows) != len(function.names):
        return False
    return all(
        is_formal(e, r, n) and not _is_a_sample(e, r, f)
        for r, n, f in zip(rows, function.names, function.formals, strict=True)
    )


def _is_a_sample(e: Elaborator, row: Row, formal: Ref) -> bool:
    """Whether an argument is the x^{(i)} of one example, where the function is made for any x."""
    assert isinstance(row[0], Name)
    occurs = members.occurrence_of(e, row[0], None)
    return formal.name.endswith("∅sample") and any(d == "sample" for d, _ in occurs.indices)


def is_formal(e: Elaborator, row: Row, name: str) -> bool:
    if len(row) != 1 or not isinstance(row[0], Name):
        return False
    occurs = members.occurrence_of(e, row[0], None)
    squared = SQUARED if occurs.power is not None and spelled(bare(occurs.power)) == "2" else ""
    if occurs.power is not None and not squared:
        return False
    return occurs.key + squared == name and not any(
        d in ("time", "layer", "component") for d, _ in occurs.indices
    )


def is_made(e: Elaborator, key: str) -> bool:
    return key in e.setting.made


def denominator(e: Elaborator, row: Row, node: Node) -> Val:
    """What a derivative is by: a member of a family, perhaps a vector."""
    e._copy = ""
    copied = denominator_copy(e, row)
    if copied is not None:
        return copied
    e._whole, before, reading = True, e._whole, e.reading
    if not reading.filled and lacks_layer(e, row):
        e.reading = replace(reading, filled=True)
    try:
        found = e.row(row)
    finally:
        e._whole, e.reading = before, reading
    if not isinstance(found.body, Ref):
        if isinstance(found.body, Num | At | D):
            raise Unread(node.start, "a derivative by a single quantity")
        return named_part(e, f"⟨{spelled(row)}⟩", found)
    return found


def denominator_copy(e: Elaborator, row: Row) -> Val | None:
    """W^{(t)}: a shared parameter as used at step t alone, which `_differentiated` then asks for."""
    row = bare(row)
    if len(row) != 1 or not isinstance(row[0], Name):
        return None
    occurs = members.occurrence_of(e, row[0], None)
    step = members.read_index(e, occurs.copy) if occurs.copy is not None else None
    if step is None or step.shift or len(step.letters) != 1 or step.letters[0][1] != 1:
        return None
    members.put_in_order(e, step, "time")
    found = members.member(e, occurs.key, members.given_indices(e, occurs, row[0]), row[0].start)
    e._copy = step.letters[0][0]
    return found


def lacks_layer(e: Elaborator, row: Row) -> bool:
    """∇_a beside δ^L: a name without the layer that the rest of the line speaks of."""
    if len(row) != 1 or not isinstance(row[0], Name):
        return False
    occurs = members.occurrence_of(e, row[0], None)
    lacks = "layer" in e.setting.steps.get(occurs.key, ()) and not occurs.indices
    return lacks and sum(d == "layer" for d in e.ordered.values()) == 1


def named_part(e: Elaborator, name: str, v: Val) -> Val:
    """A formula as a quantity of its own."""
    v = renamed(v)
    part = part_of(name, v.body, e.ordered, [a.letter for a in v.axes], e.setting.horizons)
    e.setting.parts[name] = part
    e.setting.slots[name] = part.slots
    return Val(v.axes, Ref(name, tuple(Time.of(a) for a in part.letters)), v.row)


def application_of(e: Elaborator, key: str) -> Val | None:
    """A function by its bare name: its value where the page applies it."""
    found = e.setting.applications.get(key)
    if found is None or not isinstance(found[0], App):
        return None
    body, ordered = found
    for letter, slot in ordered.items():
        members.put_in_order(e, Time.of(letter), slot)
    axes = tuple(
        Axis(a, members.dim_of(e, f"fn {key}", k))
        for k, a in enumerate(plain_letters(found[0].index))
    )
    return named_part(e, key, Val(axes, body))


def differentiated(e: Elaborator, of: Val, by: Val, mark: Mark) -> Val:
    of, by = renamed(of), renamed(by)
    assert isinstance(by.body, Ref)
    mode, copy, e._copy = "step" if mark.immediate else "total", e._copy, ""
    if by_parameter(e, by):
        e.choices.add("own")
        mode = "step" if e.reading.own == "every" else mode
    elif of_steps(e, of) and of_steps(e, by):
        e.choices.add("inner")
        mode = "step" if e.reading.inner else mode
    if by.rank and of.rank < 2:
        e.choices.add(
            ("", "denominator" if of.rank else "", "turned")[by.rank] if by.rank < 3 else ""
        )
    if mark.letter == "\\partial":
        e.choices.add("partial")
    names: tuple[str, ...] = ()
    if e.reading.partial and mark.letter == "\\partial":
        if any(isinstance(p, D) for p in walk(of.body)):
            raise Misfit("a second derivative of what is held in part")
        mode = "own"
        if isinstance(of.body, Ref) and of.body.name == by.body.name:  # by an earlier member
            mode, names = "held", tuple(sorted(e.setting.defined - {of.body.name}))
    if (
        mode == "total"
        and isinstance(of.body, App)
        and mark.letter == "\\partial"
        and any(holds(a, by.body) for a in of.body.args)
    ):
        mode = "own"
    alone = mark.letter != "d" or not e.reading.partial  # d is total, where it is told from ∂
    if (
        mode == "total"
        and alone
        and isinstance(of.body, Ref)
        and of.body.name in e.setting.lagrangians
    ):
        mode = "own"
    body = D(of.body, by.body, "at", (copy,)) if copy else D(of.body, by.body, mode, names)
    tag_of, tag_by = (tag_for(of), of.rank), (tag_for(by), by.rank)
    axes = of.axes + by.axes
    if of.rank == 0 and by.rank == 1 and e.reading.turned:
        return Val(axes, body, row=True, of=tag_of, by=tag_by, loose=True)
    if of.rank == 0 and by.rank == 2 and e.reading.turned:
        return Val((axes[1], axes[0]), body)
    if e.reading.denominator and of.rank == 1 and by.rank == 1:
        return Val((axes[1], axes[0]), body, of=tag_of, by=tag_by, flipped=True)
    loose = of.rank == 0 and by.rank == 1
    return Val(axes, body, row=loose and by.row, of=tag_of, by=tag_by, loose=loose)


def of_steps(e: Elaborator, v: Val) -> bool:
    return isinstance(v.body, Ref) and "time" in e.setting.slots.get(v.body.name, ())


def by_parameter(e: Elaborator, by: Val) -> bool:
    assert isinstance(by.body, Ref)
    slots = e.setting.slots.get(by.body.name, ())
    return by.body.name not in e.setting.defined and not {"time", "layer"} & set(slots)


def slope_alone(e: Elaborator, node: Name, occurs: Occurs) -> Val:
    """f' without an argument: of a function with one formal, at the formal."""
    function = calls.function_of(e, node, occurs)
    if (
        function is not None
        and len(function.formals) == 1
        and function.body.rank == 0
        and occurs.primes == 1
    ):
        return scalar(D(function.body.body, function.formals[0]))
    applied = slope_where_applied(e, occurs)
    if applied is None:
        raise Unread(node.start, "the argument of a slope")
    e.notes.append(f"{occurs.key}' is the slope where the page applies {occurs.key}")
    return applied


def slope_where_applied(e: Elaborator, occurs: Occurs) -> Val | None:
    """f' beside a = f(z): f'(z), where the page applies f to one quantity alone; entry by entry for a vector."""  # noqa: E501
    app, ordered = e.setting.applications.get(occurs.key, (None, {}))
    if not isinstance(app, App) or len(app.args) != 1 or occurs.primes != 1 or occurs.indices:
        return None
    (arg,) = app.args
    if app.index or arg.letters or not isinstance(arg.body, Ref):
        return None
    for letter, slot in ordered.items():
        members.put_in_order(e, Time.of(letter), slot)
    slots = e.setting.slots.get(arg.body.name, ())
    before = sum(slot != "component" for slot in slots)
    axes = [
        Axis(letter, members.dim_of(e, family_key(arg.body.name), place - before))
        for place, (index, slot) in enumerate(zip(arg.body.index, slots, strict=False))
        if slot == "component"
        for letter, _ in index.letters
    ]
    if letters_in(app) - set(ordered) - {a.letter for a in axes} - e.setting.horizons:
        return None
    return renamed(Val(tuple(axes), replace(app, slots=((0, ()),))))


def inline_derivative(e: Elaborator, node: Name, row: Row, at: int) -> tuple[Val, int] | None:
    r"""\partial A / \partial B on one line."""
    if node.letter not in DIFFERENTIALS or node.below is not None or node.primes:
        return None
    slash = next(
        (
            i
            for i in range(at + 1, min(at + 4, len(row)))
            if isinstance(row[i], Sign) and row[i].text == "/"  # type: ignore[attr-defined]
        ),
        None,
    )
    if slash is None or slash + 2 >= len(row):
        return None
    other = row[slash + 1]
    if not isinstance(other, Name) or other.letter != node.letter or other.below is not None:
        return None
    end = slash + 3
    if (
        end < len(row)
        and isinstance(row[end], Group)
        and members.occurrence_of(e, row[end - 1], row[end]).consumed  # type: ignore[arg-type]
    ):
        end += 1
    made = Over(node.start, row[end - 1].end, row[at:slash], row[slash + 1 : end])
    return read_fraction(e, made, (made, *row[end:]), 0)[0], end


def prefix_derivative(e: Elaborator, node: Name, row: Row, at: int) -> tuple[Val, int]:
    r"""\partial_w f: the derivative by what stands below."""
    if node.below is None or at + 1 >= len(row):
        raise Unread(node.start, "a whole derivative")
    by = denominator(e, argument_named(e, node.below, row, at + 1) or node.below, node)
    of, end = e.factor(row, at + 1)
    return differentiated(e, of, by, Mark("\\partial", (), False, False)), end


def argument_named(e: Elaborator, below: Row, row: Row, at: int) -> Row | None:
    r"""\partial_h f(x, h_{t-1}): the one argument that is a member of the family below, which has no bare form."""  # noqa: E501
    function, behind = row[at], row[at + 1] if at + 1 < len(row) else None
    below = bare(below)
    if len(below) != 1 or not isinstance(below[0], Name) or not isinstance(function, Name):
        return None
    own = members.occurrence_of(e, below[0], None)
    steps = e.setting.steps.get(own.key, ())
    if own.indices or not steps or own.key + "".join(f"∅{s}" for s in steps) in e.setting.unindexed:
        return None
    found = [
        r
        for r in members.occurrence_of(e, function, behind).arguments or ()
        if len(r) == 1
        and isinstance(r[0], Name)
        and members.occurrence_of(e, r[0], None).key == own.key
    ]
    return found[0] if len(found) == 1 else None


def is_text(node: Node) -> bool:
    return isinstance(node, Name) and node.style == "text"


def read_restricted(e: Elaborator, node: Group) -> Val | None:
    r"""\frac{\partial h_t}{\partial W}\big|_{\text{direct}}, …|_{h_{t-1} \text{ fixed}}: a derivative with a word behind the bar."""  # noqa: E501
    words = [n for n in node.below or () if isinstance(n, Words) or is_text(n)]
    said = {w for w in re.findall("[a-z]+", spelled(tuple(words)).lower()) if w != "text"}
    if not said or not node.inside or not is_derivative(node.inside[-1]) or node.above is not None:
        return None
    if len(node.inside) > 1:  # the bar is that of the last factor
        last = replace(node, start=node.inside[-1].start, inside=node.inside[-1:])
        return e.row((*node.inside[:-1], last))
    inner, names = e.row(node.inside), [n for n in node.below or () if n not in words]
    if not isinstance(inner.body, D) or inner.body.mode != "total":
        return None
    if said & IMMEDIATE and not names:
        return replace(inner, body=replace(inner.body, mode="step"))
    if said & FIXED and names:
        return groups.around(
            e, inner, replace(node, below=(*names, Words(node.start, node.end, "fixed")))
        )
    return None


def of_its_step(e: Elaborator, node: Group) -> Val | None:
    r"""\frac{\partial J}{\partial W}\big|_t: what the use of W at step t contributes."""
    below = node.below or ()
    if len(below) == 1 and isinstance(below[0], Group) and below[0].opening in ("(", "\\langle"):
        below = below[0].inside
    letter = below[0] if len(below) == 1 else None
    if not isinstance(letter, Name) or letter.below or letter.above or node.above is not None:
        return None
    if letter.letter not in habits.TIME or not node.inside or not is_derivative(node.inside[-1]):
        return None
    inner = e.row(node.inside)
    if not isinstance(inner.body, D) or inner.body.mode != "total":
        return None
    if not by_parameter(e, Val((), inner.body.by)):
        return None
    members.put_in_order(e, Time.of(letter.letter), "time")
    e.dims.suppose(f"a bar with {letter.letter} is for what the use at that step contributes")
    return replace(inner, body=replace(inner.body, mode="at", names=(letter.letter,)))


def slope_behind_a_bar(e: Elaborator, node: Group) -> Val | None:
    r"""\frac{d\sigma}{dz}\big|_{z_n}: the slope of a function at a place, \sigma'(z_n)."""
    if len(node.inside) != 1 or not isinstance(node.inside[0], Over) or node.above is not None:
        return None
    over, below = node.inside[0], node.below or ()
    if any(isinstance(n, Sign) for n in below) or not below:
        return None
    named = [row[1] for row in (over.above_line, over.below_line) if len(row) == 2]
    marks = {
        row[0].letter for row in (over.above_line, over.below_line) if isinstance(row[0], Name)
    }
    if len(named) != 2 or len(marks) != 1 or not marks <= set(DIFFERENTIALS):
        return None
    function = named[0]
    if not isinstance(function, Name) or function.below or function.above:
        return None
    key = members.occurrence_of(e, function, None).key
    symbol = e.table.symbol(key)  # type: ignore[attr-defined]
    if symbol is None or symbol.kind != "function":
        return None
    place = Group(node.start, node.end, "(", ")", tuple(below))
    return e.row((replace(function, primes=1), place))


def evaluated(e: Elaborator, node: Group) -> Val:
    r"""\left. A \right|_{t=0, s=1}: A with numbers in the places of variables."""
    restricted = read_restricted(e, node) or of_its_step(e, node) or slope_behind_a_bar(e, node)
    if restricted is not None:
        return restricted
    inner = e.row(node.inside)
    values = []
    for part in split_at(node.below or (), (",", ";")):
        at = next((i for i, n in enumerate(part) if isinstance(n, Sign) and n.text == "="), None)
        if at is None:
            raise Unread(node.start, "the values at which it is worked out")
        e._whole, before = True, e._whole
        try:
            name = e.row(part[:at])
        finally:
            e._whole = before
        value = e.row(part[at + 1 :])
        if (
            not isinstance(name.body, Ref)
            or name.rank
            or value.rank
            or name.body.name in e.setting.made
        ):
            raise Unread(node.start, "values of variables that are given")
        values.append((name.body, value.body))
    if not values or node.above is not None:
        raise Unread(node.start, "the values at which it is worked out")
    return replace(inner, body=Where(inner.body, tuple(values)), of=None, by=None)
