"""A name with its scripts: which member of which family it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import (
    MINUS,
    ONE,
    ONE_OF,
    At,
    Core,
    Fn,
    Inverse,
    Known,
    Pow,
    Ref,
    add,
    fresh,
    mul,
    neg,
    num,
)
from derive.algebra.expression import Time
from derive.algebra.functions import SPELLED
from derive.notation import calls, chance, derivatives, gradients, groups, habits
from derive.notation.pieces import (
    Mark,
    bare,
    below_time,
    hidden_only,
    is_open,
    is_open_index,
    split_at,
    start_of,
)
from derive.notation.setting import Occurs, Unread
from derive.notation.shaped import (
    Axis,
    Misfit,
    Val,
    each,
    hadamard,
    power,
    renamed,
    scalar,
    transposed,
)
from derive.text.spelled import spelled
from derive.text.trees import Group, Name, Node, Number, Row, Sign

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator


def occurrence_of(e: Elaborator, node: Name, behind: Node | None) -> Occurs:
    return e.table.occurrence(node, behind if isinstance(behind, Group) else None)  # type: ignore[attr-defined,no-any-return]


def read_name(e: Elaborator, node: Name, row: Row, at: int) -> tuple[Val, int]:
    if at + 1 < len(row) and isinstance(row[at + 1], Name) and row[at + 1].letter == "\\prime":  # type: ignore[attr-defined]
        row = (*row[:at], replace(node, primes=node.primes + 1), *row[at + 2 :])
        value, end = read_name(e, row[at], row, at)  # type: ignore[arg-type]
        return value, end + 1
    behind = row[at + 1] if at + 1 < len(row) else None
    if node.letter == "\\nabla" or gradients.is_grad(e, node, behind):
        return gradients.read_nabla(e, node, row, at)
    inline = derivatives.inline_derivative(e, node, row, at)
    if inline is not None:
        return inline
    if node.letter == "\\partial" or gradients.is_total(e, node, behind):
        return derivatives.prefix_derivative(e, node, row, at)
    gradient = named_gradient(e, node, row, at)
    if gradient is not None:
        return gradient
    whole = chance.bracket_behind(node, behind)
    if isinstance(whole, Group) and chance.is_mean(node, whole, e.setting.defined):
        expected = chance.mean(e, node, whole)
        if expected is None:
            raise Unread(node.start, "what an expectation is over")
        return groups.group_scripts(e, expected, whole), at + 2
    occurs = occurrence_of(e, node, behind)
    after = (
        at + 2
        if occurs.consumed
        or (occurs.arguments is not None and isinstance(behind, Group) and not hidden_only(occurs))
        else at + 1
    )
    if (
        node.letter == "e"
        and node.above is not None
        and (not e.setting.defined & {"e", occurs.key} or is_raised(e, node))
    ):
        return exponential(e, node), at + 1
    if is_bare_call(e, occurs, behind):
        assert isinstance(behind, Group)
        args = [e.row(p) for p in split_at(behind.inside, (",", ";"))]
        return calls.abstract_call(e, occurs.key, args, [], occurs.primes, node), at + 2
    special = calls.special_name(e, node, occurs, row, at)
    if special is not None:
        return special
    if occurs.dots:
        raise Unread(node.start, "no time derivative")
    if occurs.arguments is not None and (
        is_function(e, occurs.key) or is_gate_call(e, occurs) or is_numbered_call(e, occurs)
    ):
        value = calls.read_call(e, node, occurs)
    elif occurs.primes:
        value = derivatives.slope_alone(e, node, occurs)
    else:
        if occurs.arguments is not None and any(_is_entry(e, r) for r in occurs.arguments):
            raise Unread(node.start, "an index in brackets")  # h_m(i) is no h_m
        value = member_of(e, node, occurs)
    value = scripted(e, value, occurs, node)
    if (
        after == at + 2
        and isinstance(behind, Group)
        and (behind.below is not None or behind.above is not None)
    ):
        value = groups.group_scripts(e, value, replace(behind, primes=0))
    return value, after


def _is_entry(e: Elaborator, row: Row) -> bool:
    """Whether what stands in the brackets behind a quantity is an index or its number, and nothing that it depends on."""  # noqa: E501
    if len(row) != 1:
        return False
    return isinstance(row[0], Number) or (
        isinstance(row[0], Name)
        and not row[0].below
        and row[0].letter not in habits.TIME
        and is_index(e, row[0].letter)
    )


def named_gradient(e: Elaborator, node: Name, row: Row, at: int) -> tuple[Val, int] | None:
    """dX, d\\Gamma: the gradient of the page's cost by X, where the page shows that, or by habit, which is said."""  # noqa: E501
    cost = e.setting.cost
    if cost is None or node.letter[:1] != "d" or node.primes or node.accents:
        return None
    if occurrence_of(e, node, None).key in e.setting.defined - e.setting.gradients:
        return None
    if f"d{cost}" in e.setting.defined:  # a total differential, and so is what it is made of
        return None
    if len(node.letter) > 1:
        by: Node = replace(node, letter=node.letter[1:], start=node.start + 1)
        row, at = (*row[:at], by, *row[at + 1 :]), at - 1
    elif node.below is None and node.above is None and at + 1 < len(row):
        by = row[at + 1]
    else:
        return None
    if not isinstance(by, Name):
        return None
    key = occurrence_of(e, by, None).key
    if key not in e.setting.steps or not (key in e.setting.defined or is_used(e, key)):
        return None
    whole = occurrence_of(e, by, None)
    below = occurrence_of(e, replace(by, above=None), None)
    if len(whole.indices) > len(below.indices):  # dc^{t}, da^{[l]}
        value, end = member(e, key, given_indices(e, whole, by), by.start), 1
    else:
        value, end = read_name(e, replace(by, above=None), (by,), 0)
    if not isinstance(value.body, Ref) or end != 1:
        return None
    if not e.setting.gradients:
        e.dims.suppose(f"d{key} is the gradient of {cost} by {key}")
    of = member(e, cost, [], node.start)
    found = derivatives.differentiated(e, of, value, Mark("d", (), False, False))
    if key in e.setting.activated and f"d{key}" not in e.setting.gradients:
        e.choices.add("gates")
        if e.reading.gates:
            found = before_its_function(e, found, value, e.setting.activated[key])
    occurs = occurrence_of(e, by, None)
    return (transposed(found) if occurs.transposed else found), at + 2


def before_its_function(e: Elaborator, slope: Val, gate: Val, function: str) -> Val:
    """∂C/∂z of a gate f = σ(z) entry by entry: ∂C/∂f times f (1 - f); 1 - f^2 for tanh."""
    square = function == "\\tanh"
    found = each(
        lambda b: add((ONE, neg(Pow(b, num(2))))) if square else mul((b, add((ONE, neg(b))))), gate
    )
    made = hadamard(slope, found, e.dims)
    return replace(
        made, row=slope.row, loose=slope.loose, of=slope.of, by=slope.by, flipped=slope.flipped
    )


def is_used(e: Elaborator, key: str) -> bool:
    """Whether a name is a parameter or an input of the page."""
    return e.setting.ranks.get(key) is not None or bool(e.setting.components.get(key))


def is_raised(e: Elaborator, node: Name) -> bool:
    """e^{x} on a page with a quantity e^{(t)}."""
    above = node.above or ()
    return (
        bool(e.setting.steps.get("e"))
        and node.below is None
        and not (len(above) == 1 and isinstance(above[0], Group))
        and any(isinstance(n, Name) and (n.above or n.below) for n in above)
    )


def exponential(e: Elaborator, node: Name) -> Val:
    """e^{x}, and e^x_k as it is often set, which means e^{x_k}."""
    above = node.above or ()
    if node.below is not None:
        last = above[-1]
        if not isinstance(last, Name) or last.below is not None:
            raise Unread(node.start, "an exponent")
        above = (*above[:-1], replace(last, below=node.below))
    return each(lambda b: Fn("\\exp", (b,)), e.row(above))


def scripted(e: Elaborator, value: Val, occurs: Occurs, node: Name) -> Val:
    if (
        occurs.transposed
        and not e.setting.arrays
        and not e.setting.scalars
        and node.above is not None
        and spelled(node.above) == "T"
    ):
        return power(value, At(Time.of("T")), e.dims)
    if occurs.transposed:
        value = transposed(value)
    if occurs.inverse:
        value = inverse_of(e, value, node)
    if occurs.power is not None:
        value = raised_to(e, value, exponent_of(e, occurs.power))
    return value


def raised_to(e: Elaborator, value: Val, exponent: Core) -> Val:
    """A power; of a matrix by an index, it is a product of so many factors."""
    if value.rank == 2 and isinstance(exponent, At) and not exponent.index.is_number:
        free = {a for a, _ in exponent.index.letters} - e.setting.horizons
        if len(free) > 1 and not free & e.summing:
            e.dims.suppose("the exponent of the matrix is not negative")
    return power(value, exponent, e.dims)


def inverse_of(e: Elaborator, value: Val, node: Node) -> Val:
    if value.rank == 0:
        return each(lambda b: Pow(b, MINUS), value)
    if value.rank == 2:
        value = renamed(value)
        a, b = value.axes
        e.dims.unify(a.dim, b.dim)
        row, col = Axis(fresh(), a.dim), Axis(fresh(), a.dim)
        return Val(
            (row, col),
            Inverse(
                a.letter,
                b.letter,
                a.dim,
                value.body,
                (Time.of(row.letter), Time.of(col.letter)),
            ),
        )
    if value.rank == 1:
        e.dims.suppose("the inverse of a vector is taken entry by entry")
        return each(lambda b: Pow(b, MINUS), value)
    raise Unread(node.start, "no inverse of an array with three indices")


def exponent_of(e: Elaborator, row: Row) -> Core:
    """An exponent: a number, an index, a formula."""
    try:
        index = read_index(e, row)
    except Unread:
        index = None
    if index is not None and all(is_index(e, a) for a, _ in index.letters):
        return num(index.shift) if index.is_number else At(index)
    found = e.row(row)
    if found.rank:
        raise Misfit("an exponent that is no number")
    return found.body


def is_index(e: Elaborator, letter: str) -> bool:
    if letter in e.setting.plain or letter in e.setting.chance:
        return False
    symbol = e.table.symbol(letter)  # type: ignore[attr-defined]
    return symbol is not None and symbol.kind in ("index", "size") and letter not in e.bound


def is_function(e: Elaborator, key: str) -> bool:
    symbol = e.table.symbol(key)  # type: ignore[attr-defined]
    if key == "\\sigma" and key in e.setting.defined and symbol.kind == "variable":
        return False
    if key in e.setting.functions or key in SPELLED or key in calls.WORDS:
        return True
    return symbol is None or symbol.kind in ("function", "word") or key not in e.setting.defined


def is_gate_call(e: Elaborator, occurs: Occurs) -> bool:
    """f_t = f(x_t, h_{t-1}; W): the function has the name of what it makes."""
    return bool(
        not occurs.indices and e.setting.steps.get(occurs.key) and len(occurs.arguments or ()) > 1
    )


def is_numbered_call(e: Elaborator, occurs: Occurs) -> bool:
    """g_1(u) beside gates g_t: functions with the letter of a quantity, told apart by a number."""
    return bool(
        occurs.consumed
        and occurs.indices
        and e.setting.steps.get(occurs.key)
        and all(
            d == "component" and len(r) == 1 and isinstance(r[0], Number) for d, r in occurs.indices
        )
    )


def is_bare_call(e: Elaborator, occurs: Occurs, behind: Node | None) -> bool:
    """f (W h + b) beside gates f_t: the bare name with a bracket behind it is a function."""
    if (
        occurs.arguments is not None
        or not isinstance(behind, Group)
        or behind.opening != "("
        or behind.above is not None
        or behind.below is not None
    ):
        return False
    bare = (
        not any(d in ("time", "layer") for d, _ in occurs.indices)
        and not occurs.indices
        and occurs.power is None
    )
    return (
        bare
        and len(occurs.key) == 1
        and occurs.key in "fgh"
        and bool(e.setting.steps.get(occurs.key))
        and occurs.key not in e.setting.in_force
    )


def member_of(e: Elaborator, node: Name, occurs: Occurs) -> Val:
    """A member of a family, with an axis for each component that is left open."""
    key = occurs.key
    entry = e._entry_of_class(node) if node.below is not None else None
    if entry is not None:
        return entry
    if key in e.bound and not occurs.indices:
        return bound_value(e, key)
    if (
        key == "e"
        and key not in e.setting.defined
        and occurs.power is not None
        and not occurs.indices
    ):
        return scalar(Known("e"))
    if key in ("e", "\\pi") and key not in e.setting.defined and free_constant(e, key):
        return scalar(Known(key))
    if is_index(e, key) and not occurs.indices and key not in e.setting.defined and not e._whole:
        return scalar(At(Time.of(key)))
    if key in e.setting.bounds and not occurs.indices and not e._whole:
        return scalar(At(Time.of(key)))
    if key in e.setting.applications and not occurs.indices and key not in e.setting.in_force:
        applied = derivatives.application_of(e, key)
        if applied is not None:
            return applied
    if occurs.copy is not None:
        raise Unread(node.start, "no copy of a shared parameter")
    if f"{ONE_OF}{key}}}" in e.setting.slots and key not in e.setting.defined:
        raise Unread(node.start, f"a number {key}, which says a class elsewhere")
    return member(e, key, given_indices(e, occurs, node), node.start)


def given_indices(e: Elaborator, occurs: Occurs, node: Node) -> list[tuple[str, Time]]:
    """The written indices of a name with their domains; the t and the k of y_{t_k} are two."""
    found = []
    for domain, row in occurs.indices:
        inner = below_time(row) if domain == "time" else None
        if inner is not None:
            found.append(("time", index_in(e, "time", (replace(row[0], below=None),), node)))  # type: ignore[call-arg]
            found += [("component", index_in(e, "component", r, node)) for r in inner]
        elif domain == "component" and is_open(row):
            found.append((domain, Time.of(fresh("open"))))
        else:
            found.append((domain, index_in(e, domain, row, node)))
    return found


def free_constant(e: Elaborator, key: str) -> bool:
    symbol = e.table.symbol(key)  # type: ignore[attr-defined]
    return symbol is None or symbol.kind == "constant"


def bound_value(e: Elaborator, key: str) -> Val:
    return scalar(e.bound[key])


def member(e: Elaborator, key: str, given: Sequence[tuple[str, Time]], start: int) -> Val:
    """A member of the family `key`; components that are not given are axes."""
    if key in e.setting.lines and given and given[0][0] in ("component", "sample"):
        key, line = e.setting.lines[key]
        its = ("component", given[0][1])
        along = ("component", Time.of(fresh("open")))
        given = [along, its] if line else [its, *given[1:]]
    elif key in e.setting.lines_guessed:
        e.dims.suppose(e.setting.lines_guessed[key])
    written, key = key, e.setting.wholes.get(key, key)
    steps = dict(g for g in given if g[0] != "component")
    components = [i for d, i in given if d == "component"]
    if key in e.setting.odd and len(components) > e.setting.components.get(key, 0):
        raise Unread(start, f"{key} with as many indices as elsewhere")
    if key in e.setting.alias and set(e.setting.steps.get(key, ())) <= set(steps):
        key = e.setting.alias[key]
    if key in e.setting.labelled and len(components) == 1 and components[0].is_number:
        key, components = f"{key}_{components[0].shift}", []
    key = e.setting.scoped.get(key, key)
    if key in e.setting.chance and "sample" not in steps:
        steps["sample"] = Time.of(e.outcome)
    implied = e.setting.implied.get(key)
    if implied and implied not in steps:
        steps[implied] = Time.of(own_step(e, implied, start))
    full = e.setting.steps.get(key, ())
    name, kept, index = key, [], []
    short = key + "".join(f"∅{s}" for s in full if s not in steps)
    bare = short in e.setting.unindexed or f"{short}∅component" in e.setting.unindexed
    for slot in (*full, *(d for d in steps if d not in full)):
        if slot in steps:
            index.append(steps[slot])
            kept.append(slot)
            if slot != "sample":
                put_in_order(e, steps[slot], slot)
        elif (
            slot in e.own_steps
            and slot in e.setting.stepped.get(written, ())
            and not (
                e._whole and written == e.own
            )  # w_{t+1} is made of ∂L/∂w, and of no ∂L/∂w_{t+1}
        ):
            index.append(e.own_steps[slot])
            kept.append(slot)
            e.filled_in.add(written)
        elif e.reading.filled and (slot != "sample" or sample_letters(e)) and not bare:
            index.append(Time.of(own_step(e, slot, start)))
            if slot != "sample":
                put_in_order(e, index[-1], slot)
            kept.append(slot)
        else:
            e.choices |= set() if bare else {"filled"}
            name += f"∅{slot}"
    rank = max(e.setting.ranks.get(key, 0), e.setting.components.get(key, 0))
    if name in e.setting.numbers and not components:
        rank = 0
        key = name
    elif "∅" in name:
        own = e.setting.forms.get(name, 0)
        other = e.setting.ranks.get(name, own or rank)
        key, rank = (name, other) if other != rank else (key, rank)
    if not components and key in e.setting.bare:
        rank, name = e.setting.bare[key], name + "∅component"
        key = name
    elif not components and rank and not e.setting.arrays:
        rank, name = 0, name + "∅component"
    axes: list[Axis] = []
    for place in range(max(rank, len(components))):
        dim = dim_of(e, key, place)
        if place < len(components) and not is_open_index(components[place]):
            letter_dim(e, components[place], dim)
            index.append(components[place])
        else:
            axes.append(Axis(fresh(), dim))
            index.append(Time.of(axes[-1].letter))
        kept.append("component")
    if "sample" in kept:
        letter_dim(e, index[kept.index("sample")], "sample")
    e.setting.slots[name] = tuple(kept)
    return Val(tuple(axes), Ref(name, tuple(index)), row=key in e.setting.lying and len(axes) == 1)


def own_step(e: Elaborator, slot: str, start: int) -> str:
    found = [letter for letter, domain in e.ordered.items() if domain == slot]
    if slot == "sample":
        found = sample_letters(e)
    if found:
        return found[0]
    if slot in e.own_steps and len(e.own_steps[slot].letters) == 1:
        return e.own_steps[slot].letters[0][0]
    usual = e.setting.usual.get(slot, "t" if slot == "time" else "l")
    return usual if usual not in e.letters else f"\\,{slot}"


def sample_letters(e: Elaborator) -> list[str]:
    """The letters of a line that number samples."""
    return [a for a, d in e.letters.items() if e.dims.find(d) == "sample"]


def dim_of(e: Elaborator, key: str, place: int) -> str:
    made = f"{key}:{place}"
    return e.dims.find(e.setting.shared_dims.get(made, made))


def letter_dim(e: Elaborator, index: Time, dim: str) -> None:
    for letter, _ in index.letters:
        if letter in e.letters:
            e.dims.unify(e.letters[letter], dim)
        else:
            e.letters[letter] = dim


def put_in_order(e: Elaborator, index: Time, slot: str) -> None:
    for letter, _ in index.letters:
        e.ordered.setdefault(letter, slot)
        if "_" in letter or "^" in letter:
            e.setting.named_sizes.setdefault(letter, slot)


def index_in(e: Elaborator, domain: str, row: Row, node: Node) -> Time:
    row = bare(row)
    try:
        return read_index(e, row)
    except Unread:
        raise Unread(node.start, "an index that is a letter plus a number") from None


def read_index(e: Elaborator, row: Row) -> Time:
    """A row as an index: letters and whole numbers added up."""
    result = Time()
    sign, factor, open_ = 1, 1, False
    for node in bare(row):
        match node:
            case Sign(text="+" | "-") if not open_:
                sign = sign if node.text == "+" else -sign
            case Sign(text="+" | "-"):
                sign, open_ = (1 if node.text == "+" else -1), False
                factor = 1
            case Number(text=text) if text.isdigit() and not open_:
                result, open_ = result + sign * int(text), True
                factor = int(text)
            case Name() if node.above is None and (not open_ or factor > 1):
                letter = index_name(e, node)
                if open_:
                    result = result + (-sign * factor)
                one = Time(((letter, sign * (factor if open_ else 1)),), 0)
                result, open_ = result + one, True
                factor = 1
            case Group(opening="(" | "{", above=None, below=None) if not open_:
                inner = read_index(e, node.inside)
                result, open_ = result + (inner if sign > 0 else -inner), True
            case _:
                raise Unread(node.start, "an index")
    if not open_:
        raise Unread(start_of(row), "an index")
    return result


def index_name(e: Elaborator, node: Name) -> str:
    return spelled((node,))
