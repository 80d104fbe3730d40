"""∇ of a function, of a formula and of what a page differentiates: by what it is taken, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import App, D, Fn, Ref, fresh, walk
from derive.algebra.expression import Time
from derive.algebra.functions import FUNCTIONS
from derive.notation import calls, derivatives, groups, members
from derive.notation.pieces import Mark, bare, replaced, split_at, tag_for
from derive.notation.setting import Function, Occurs, Unread
from derive.notation.shaped import Axis, Val, diagonal, each, renamed, transposed
from derive.text.spelled import spelled
from derive.text.trees import Group, Name, Node, Row

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator

MARK = Mark("\\partial", (), False, False)


def read_nabla(e: Elaborator, node: Name, row: Row, at: int) -> tuple[Val, int]:
    if at + 1 >= len(row):
        raise Unread(node.start, "by what ∇ differentiates")
    if node.below is None and node.above is None:
        found = without_subscript(e, node, row, at)
        if found is not None:
            return found
        node = replace(node, below=_sole_argument(e, row, at + 1) or e.setting.nabla)
    if node.below is None:
        raise Unread(node.start, "by what ∇ differentiates")
    by = derivatives.denominator(e, node.below, node)
    end = at + 1
    behind = row[end]
    lying = False
    if isinstance(behind, Group) and behind.above is None:
        of, end = e.row(behind.inside), end + 1
    else:
        row, lying = upright(e, row, end)
        of, end = e.factor(row, end)
    found_ = derivatives.differentiated(e, of, by, MARK)
    if lying:
        return transposed(found_), end
    return Val(found_.axes, found_.body, of=found_.of, by=found_.by, flipped=found_.flipped), end


def without_subscript(e: Elaborator, node: Name, row: Row, at: int) -> tuple[Val, int] | None:
    """∇f(x), ∇(a + b) in a line that begins with ∇G(a, b), ∇W of the page's cost; None for another one."""
    behind = row[at + 1]
    if isinstance(behind, Name):
        return (
            read_gradient(e, row, at + 1)
            or by_its_arguments(e, row, at + 1)
            or of_a_function(e, row, at + 1)
            or of_the_cost(e, behind, at + 1)
        )
    listed = next((r for a, b, r in e.setting.nabla_lists if a <= node.start < b), None)
    if listed is None or not isinstance(behind, Group) or behind.above or behind.below:
        return None
    of = e.row(behind.inside)
    slopes = [direct_slope(of, derivatives.denominator(e, r, node)) for r in listed]
    return groups.stacked(e, slopes, node), at + 2


def is_grad(e: Elaborator, node: Name, behind: Node | None) -> bool:
    r"""\operatorname{grad} f, grad_W L: another ∇."""
    return (
        node.letter == "grad"
        and isinstance(behind, Name | Group)
        and node.above is None
        and not any(k.startswith("grad") for k in e.setting.defined)
    )


def is_total(e: Elaborator, node: Name, behind: Node | None) -> bool:
    """D_x f: a derivative, where the page makes no D and x is a quantity that f may be made of."""
    below = bare(node.below or ())
    if node.letter != "D" or len(below) != 1 or not isinstance(below[0], Name):
        return False
    if node.above is not None or node.accents or not isinstance(behind, Name | Group):
        return False
    key = members.occurrence_of(e, below[0], None).key
    symbol = e.table.symbol(key)  # type: ignore[attr-defined]
    quantity = symbol is not None and symbol.kind in ("variable", "parameter", "input")
    made = any(k == "D" or k.startswith(("D_", "D^")) for k in e.setting.defined)
    of = members.occurrence_of(e, behind, None).key if isinstance(behind, Name) else ""
    return quantity and not made and (not of or of in e.setting.defined | set(e.setting.functions))


def of_a_function(e: Elaborator, row: Row, at: int) -> tuple[Val, int] | None:
    """∇f(x) of a function that the page does not make, of one argument: by what it is applied to."""
    row, lying = upright(e, row, at)
    name, behind = row[at], row[at + 1] if at + 1 < len(row) else None
    assert isinstance(name, Name)
    if not isinstance(behind, Group) or behind.opening != "(" or behind.above or behind.below:
        return None
    occurs = members.occurrence_of(e, name, behind)
    rows = [r for r in occurs.arguments or () if r]
    if len(rows) != 1 or occurs.primes or occurs.key in e.setting.in_force | e.setting.overloaded:
        return None
    of = e.row((name, behind))
    if isinstance(of.body, Fn) and of.body.name in FUNCTIONS:
        word = of.body.name
        slope = each(lambda b: calls.primed(e, word, b.args[0], 1), of)  # type: ignore[attr-defined]
        return (diagonal(slope) if of.rank == 1 else slope), at + 2
    found = jacobian_of(of)
    if found is None:
        return None
    return transposed(found) if lying else found, at + 2


def jacobian_of(of: Val) -> Val | None:
    """The slopes of what an abstract function of one argument puts out, by what it is applied to."""
    if not isinstance(of.body, App) or of.rank > 1 or len(of.body.args) != 1:
        return None
    of = renamed(of)
    app = of.body
    assert isinstance(app, App)
    (argument,) = app.args
    letters = tuple(fresh() for _ in argument.letters)
    slot = 0, tuple(Time.of(a) for a in letters)
    slope = App(app.name, app.args, app.index, (*app.slots, slot))
    if not letters and of.rank:
        return diagonal(Val(of.axes, slope))
    if len(letters) > 1:
        return None
    axes = tuple(Axis(a, d) for a, d in zip(letters, argument.dims, strict=True))
    return Val((*of.axes, *axes), slope)


def by_its_arguments(e: Elaborator, row: Row, at: int) -> tuple[Val, int] | None:
    """∇L(W, b) of a number that the page makes: by W and by b, one below the other."""
    name, behind = row[at], row[at + 1] if at + 1 < len(row) else None
    assert isinstance(name, Name)
    if not isinstance(behind, Group) or behind.opening != "(" or behind.above or behind.below:
        return None
    rows = split_at(behind.inside, (",", ";"))
    occurs = members.occurrence_of(e, name, behind)
    if occurs.arguments is None or not all(len(r) == 1 and isinstance(r[0], Name) for r in rows):
        return None
    if occurs.key not in e.setting.made | e.setting.defined or occurs.key in e.setting.functions:
        return None
    of = e.row((name, behind))
    if of.rank or not isinstance(of.body, Ref):
        return None
    slopes = [
        derivatives.differentiated(e, of, derivatives.denominator(e, r, name), MARK) for r in rows
    ]
    return (slopes[0] if len(slopes) == 1 else groups.stacked(e, slopes, name)), at + 2


def direct_slope(of: Val, by: Val) -> Val:
    """The derivative of a formula by a name that is written in it."""
    of, by = renamed(of), renamed(by)
    if of.rank or by.rank > 1 or not isinstance(by.body, Ref):
        raise Unread(0, "a gradient of a number by numbers and vectors")
    return Val(by.axes, D(of.body, by.body, "total" if isinstance(of.body, Ref) else "own"))


def of_the_cost(e: Elaborator, name: Name, at: int) -> tuple[Val, int] | None:
    """∇W where the page has one cost: its gradient by W."""
    occurs = members.occurrence_of(e, name, None)
    symbol = e.table.symbol(occurs.key)  # type: ignore[attr-defined]
    cost = e.setting.cost
    if (
        cost is None
        or symbol is None
        or symbol.kind != "parameter"
        or occurs.key in e.setting.defined
    ):
        return None
    if occurs.power is not None or occurs.transposed or occurs.primes:
        return None
    by = derivatives.denominator(e, (name,), name)
    found = derivatives.differentiated(e, members.member(e, cost, [], name.start), by, MARK)
    e.dims.suppose(f"∇{occurs.key} is the derivative of {cost} by {occurs.key}")
    return Val(found.axes, found.body, of=found.of, by=found.by, flipped=found.flipped), at + 1


def _sole_argument(e: Elaborator, row: Row, at: int) -> Row | None:
    """The x of ∇f(x), f a function of which nothing is known: no ∇ of it is by what it is not a function of."""  # noqa: E501
    name, behind = (*row[at : at + 2], None, None)[:2]
    if not isinstance(name, Name) or not isinstance(behind, Group) or len(behind.inside) != 1:
        return None
    if not isinstance(behind.inside[0], Name):
        return None
    occurs = members.occurrence_of(e, name, behind)
    known = occurs.key in e.setting.functions
    return None if known or len(occurs.arguments or ()) != 1 else behind.inside


def upright(e: Elaborator, row: Row, at: int) -> tuple[Row, bool]:
    """∇f(x)^T is the transpose of ∇f(x), not the gradient of a transpose: the row without the mark."""
    for place in (at, at + 1):
        node = row[place] if place < len(row) else None
        if (  # noqa: SIM102
            isinstance(node, Name | Group)
            and node.above is not None
            and spelled(node.above) in ("T", "\\top", "\\intercal", "\\mathsf{T}")
        ):
            if place == at or isinstance(node, Group):
                return (*row[:place], replace(node, above=None), *row[place + 1 :]), True
    return row, False


def read_gradient(e: Elaborator, row: Row, at: int) -> tuple[Val, int] | None:
    """∇f of a function of several numbers, or of one vector, at its formals or where it is applied."""
    row, lying = upright(e, row, at)
    node = row[at]
    behind = row[at + 1] if at + 1 < len(row) and isinstance(row[at + 1], Group) else None
    assert isinstance(node, Name)
    occurs = members.occurrence_of(e, node, behind)
    function = e.setting.functions.get(occurs.key)
    if function is None or function.body.rank or occurs.indices or not function.formals:
        return None
    applied = behind is not None and occurs.arguments is not None
    end = at + 2 if applied else at + 1
    if not applied or derivatives.at_formals(e, function, occurs):
        slopes = [
            derivatives.differentiated(e, function.body, function.formal(k), MARK)
            for k in range(len(function.formals))
        ]
    else:
        slopes = slopes_at(e, node, function, occurs)
    found = slopes[0] if len(slopes) == 1 else groups.stacked(e, slopes, node)
    return transposed(found) if lying else found, end


def slopes_at(e: Elaborator, node: Name, function: Function, occurs: Occurs) -> list[Val]:
    """The slopes of a function at its arguments, each by what stands in its slot."""
    rows = [r for r in occurs.arguments or () if r]
    if len(rows) != len(function.formals) or occurs.key in e.setting.overloaded:
        raise Unread(node.start, "the arguments that the function has")
    taken = {r.name for r in walk(function.body.body) if isinstance(r, Ref)}
    taken -= {f.name for f in function.formals}
    table: list[tuple[Ref, tuple[Axis, ...], Val]] = []
    places: list[Val] = []
    for k, r in enumerate(rows):
        value = renamed(e.row(r))
        formal = function.formal(k)
        if value.rank != formal.rank:
            raise Unread(node.start, "arguments of the shapes that the function has")
        for p, q in zip(formal.axes, value.axes, strict=True):
            e.dims.unify(p.dim, q.dim)
        if not isinstance(value.body, Ref) and len(rows) == 1:
            value = derivatives.named_part(e, f"⟨{spelled(r)}⟩", value)
        elif (
            not isinstance(value.body, Ref)
            or value.body.name in taken
            or tag_for(value) in map(tag_for, places)
        ):
            raise Unread(node.start, "an argument that stands nowhere else in the function")
        table.append((function.formals[k], formal.axes, value))
        places.append(value)
    body = replaced(renamed(function.body).body, tuple(table))
    return [direct_slope(Val((), body), place) for place in places]
