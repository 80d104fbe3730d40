"""Names that are applied: known functions, the page's own, abstract ones, words that are operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import (
    ONE,
    ZERO,
    App,
    Arg,
    At,
    Case,
    Core,
    D,
    Delta,
    Fn,
    Pow,
    Ref,
    add,
    fresh,
    letters_in,
    move,
    neg,
    num,
    over,
    summed,
    walk,
)
from derive.algebra.expression import Time
from derive.algebra.functions import FUNCTIONS, SPELLED
from derive.notation import bigs, derivatives, families, groups, habits, members
from derive.notation.pieces import (
    RELATIONS,
    bare,
    each_sign,
    identity,
    put_for,
    replaced,
    split_at,
)
from derive.notation.setting import (
    SQUARED,
    Function,
    Occurs,
    Unread,
    family_key,
    member_key,
)
from derive.notation.shaped import (
    Axis,
    Dims,
    Val,
    aligned,
    chained,
    diagonal,
    each,
    renamed,
    row_sums,
    scalar,
    total,
    vector,
)
from derive.text.spelled import spelled
from derive.text.trees import Big, Group, Name, Number, Row, Sign

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator


def special_name(
    e: Elaborator, node: Name, occurs: Occurs, row: Row, at: int
) -> tuple[Val, int] | None:
    """Names that everybody knows, unless the page defines them."""
    key = occurs.key
    if (key in e.setting.defined and key not in WORDS) or key in e.setting.functions:
        return None
    if (
        key in ("\\delta", habits.KRONECKER)
        and key not in e.setting.errors
        and len(occurs.indices) == 2
        and all(d == "component" for d, _ in occurs.indices)
        and not occurs.power
    ):
        a, b = (members.index_in(e, d, r, node) for d, r in occurs.indices)
        same_dim(e, a, b)
        return scalar(Delta(a, b)), at + 1
    if (
        key in ("I", "\\mathbf{I}", "\\mathbb{I}")
        and e.setting.arrays
        and not occurs.indices
        and occurs.arguments is None
    ):
        e.choices.add("ones")
        return identity(e.reading.ones), at + 1
    if node.letter in ("1", "I", "\\chi", "\\mathbb{1}") and (node.letter == "1" or node.style):
        found = indicated(e, node, row, at)
        if found is not None:
            return found
    if (
        key == "I"
        and not e.setting.arrays
        and not occurs.indices
        and not e.setting.steps.get(key)
        and occurs.arguments is None
    ):
        return scalar(ONE), at + 1
    if node.letter == "1" and not occurs.indices:
        if e.setting.scalars:
            return scalar(ONE), at + 1
        ones = vector(lambda i: ONE, fresh("dim"))
        return members.scripted(e, ones, occurs, node), at + 1
    word = (
        e.setting.told.get(key)
        or SPELLED.get(key)
        or (
            key
            if key in WORDS
            else SPELLED.get(node.letter) or (node.letter if node.letter in WORDS else None)
        )
    )
    if word is None or (is_variable(e, key) and not is_told_call(e, key, row, at)):
        return None
    return applied_word(e, word, node, occurs, row, at)


def is_told_call(e: Elaborator, key: str, row: Row, at: int) -> bool:
    """S(z) where the page says in words what function S is."""
    behind = row[at + 1] if at + 1 < len(row) else None
    return key in e.setting.told and isinstance(behind, Group) and behind.opening == "("


def indicated(e: Elaborator, node: Name, row: Row, at: int) -> tuple[Val, int] | None:
    """1[z > 0], 1_{i = y}: 1 where the relation holds, else 0; None where no relation stands there."""
    behind = row[at + 1] if at + 1 < len(row) else None
    for inside, end in (
        (node.below, at + 1),
        (behind.inside if isinstance(behind, Group) else None, at + 2),
    ):
        found = None if inside is None else read_indicator(e, inside, inside is node.below)
        if found is not None:
            return found, end
    return None


def read_indicator(e: Elaborator, inside: Row, commas: bool) -> Val | None:
    r"""\mathbf{1}(i = j), \mathbb{1}[z > 0], \mathbf{1}_{i = j}, \mathbf{1}_{i,j}: 1 where the relation holds."""  # noqa: E501
    inside = bare(inside)
    parts = split_at(inside, (",",))
    if len(parts) > 1 and all(
        any(isinstance(n, Sign) and n.text in RELATIONS for n in p) for p in parts
    ):
        found = [read_indicator(e, p, False) for p in parts]
        return None if None in found else e._folded([("", v) for v in found if v])
    place = next(
        (i for i, n in enumerate(inside) if isinstance(n, Sign) and n.text in (*RELATIONS, ",")),
        None,
    )
    if place is None or (inside[place].text == "," and not commas):  # type: ignore[attr-defined]
        return None
    relation = inside[place].text  # type: ignore[attr-defined]
    said = e._class(inside[place + 1 :]) if relation in ("=", ",") else None
    if said is not None and e.setting.arrays:
        index = members.read_index(e, inside[:place])
        dim = e.letters.get(index.letters[0][0], "") if len(index.letters) == 1 else ""
        if dim:
            return scalar(e._one_of(*said, index, dim))
    try:
        a, b = members.read_index(e, inside[:place]), members.read_index(e, inside[place + 1 :])
    except Unread:
        return None if relation == "," else read_relation(e, inside, place)
    if relation not in ("=", "\\neq", ",") or not all(
        members.is_index(e, x) or _numbers_entries(e, x) or not is_variable(e, x)
        for i in (a, b)
        for x, _ in i.letters
    ):
        return read_relation(e, inside, place)
    same_dim(e, a, b)
    equal = Delta(a, b)
    return scalar(add((ONE, neg(equal))) if relation == "\\neq" else equal)


def read_relation(e: Elaborator, row: Row, place: int) -> Val:
    """A relation of numbers as a number, entry by entry: 1 where it holds."""
    left, right = (side_value(e, r) for r in (row[:place], row[place + 1 :]))
    first = left.rank >= right.rank
    wide = renamed(left if first else right)
    other = right if first else left
    narrow = other.body if not other.rank else aligned(wide, other, e.dims)
    a, b = (wide.body, narrow) if first else (narrow, wide.body)
    return Val(wide.axes, Case(a, row[place].text, b, ONE, ZERO))  # type: ignore[attr-defined]


def side_value(e: Elaborator, row: Row) -> Val:
    try:
        index = members.read_index(e, row)
        if all(members.is_index(e, a) for a, _ in index.letters) and not index.is_number:
            return scalar(At(index))
    except Unread:
        pass
    return e.row(row)


def is_variable(e: Elaborator, key: str) -> bool:
    symbol = e.table.symbol(key)  # type: ignore[attr-defined]
    return symbol is not None and symbol.kind in (
        "variable",
        "input",
        "parameter",
        "index",
        "size",
    )


def _numbers_entries(e: Elaborator, letter: str) -> bool:
    """Whether a letter that nothing makes is an index of entries elsewhere in its line: the n of A_{mn} (δ = 1(n = j))."""  # noqa: E501
    return letter in e.letters and letter not in e.setting.defined and letter not in e.bound


def same_dim(e: Elaborator, a: Time, b: Time) -> None:
    for one in (a, b):
        for letter, _ in one.letters:
            if letter in e.letters:
                for other in (a, b):
                    members.letter_dim(e, other, e.letters[letter])
                return
    dim = fresh("dim")
    members.letter_dim(e, a, dim)
    members.letter_dim(e, b, dim)


def applied_word(
    e: Elaborator, word: str, node: Name, occurs: Occurs, row: Row, at: int
) -> tuple[Val, int] | None:
    """A known function with its argument: in brackets, or what stands behind it."""
    end = at + 1
    if end >= len(row):
        return None
    group = row[end]
    if (
        isinstance(group, Group)
        and group.opening in ("(", "[", "\\{", "|", "{")
        and not _is_power_of_a_number(group)
    ):
        inside = group.inside if group.opening in ("(", "[", "\\{", "{") else (group,)
        parts, along = _without_axis(split_at(inside, (",", ";")))
        if along is not None:
            if word != "sum" or len(parts) != 1:
                raise Unread(group.start, f"{word} without an axis")
            return members.scripted(
                e, _sum_along(e.row(parts[0]), along, node), occurs, node
            ), end + 1
        listed = word in ("diag", "Diag") and len(parts) > 1
        arguments = (
            [groups.listed_entries(e, parts, group)] if listed else [e.row(p) for p in parts]
        )
        entries = _softmax_over(e, arguments, occurs, node) if word == "softmax" else None
        if entries is not None and group.above is None and group.below is None:
            return entries, end + 1
        value = known_function(e, word, arguments, occurs, node)
        if group.above is not None or group.below is not None:
            value = groups.group_scripts(e, value, group)
        return members.scripted(e, value, occurs, node), end + 1
    value, end = unbracketed(e, row, end)
    return members.scripted(e, known_function(e, word, [value], occurs, node), occurs, node), end


def _is_power_of_a_number(group: Group) -> bool:
    """2^n: log 2^n is the logarithm of it, and no power of log 2."""
    return (
        group.opening == "{"
        and group.above is not None
        and len(group.inside) == 1
        and isinstance(group.inside[0], Number)
    )


def unbracketed(e: Elaborator, row: Row, at: int) -> tuple[Val, int]:
    node = row[at]
    if isinstance(node, Sign) and node.text == "-":
        value, end = unbracketed(e, row, at + 1)
        return each_sign(value), end
    if isinstance(node, Big):
        return bigs.read_big(e, node, row, at)
    value, end = e.factor(row, at)
    while end < len(row) and isinstance(node, Number) and isinstance(row[end], Name | Number):
        more, end = e.factor(row, end)
        value = e._times(value, more, "")
    return value, end


def known_function(e: Elaborator, word: str, args: list[Val], occurs: Occurs, node: Name) -> Val:
    if word in FUNCTIONS:
        (a,) = args if len(args) == 1 else (None,)
        if a is None:
            raise Unread(node.start, f"one argument of {word}")
        base = log_base(e, word, occurs, node)
        made = each(lambda b: primed(e, word, b, occurs.primes), a)
        return made if base is None else each(lambda b: over(b, base), made)
    if occurs.primes:
        raise Unread(node.start, "no slope of this function")
    found: Val = WORDS[word](e, args, node)
    return found


def log_base(e: Elaborator, word: str, occurs: Occurs, node: Name) -> Core | None:
    if occurs.indices or node.below is not None:
        if word == "\\log" and node.below is not None:
            return Fn("\\log", (e.row(node.below).body,))
        raise Unread(node.start, "a function without an index")
    if word == "\\log" and node.letter in ("\\log", "log") and e.reading.base:
        return Fn("\\log", (num(e.reading.base),))
    return None


def primed(e: Elaborator, word: str, argument: Core, primes: int) -> Core:
    row = FUNCTIONS[word]
    if not primes:
        return Fn(word, (argument,))
    if primes > 1:
        formal = Ref(fresh("formal"))
        return put_for(D(primed(e, word, formal, primes - 1), formal), formal, argument)
    return row.slope(argument, Fn(word, (argument,)))


def read_call(e: Elaborator, node: Name, occurs: Occurs) -> Val:
    """f(a, b): the page's own formula for f, or an abstract function's value."""
    key = occurs.key
    rows = occurs.arguments or ()
    args = [e.row(r) for r in rows if r]
    function = e.setting.functions.get(key)
    if function is not None and not occurs.indices:
        if (
            not e.inlining
            and not occurs.primes
            and derivatives.is_made(e, key)
            and derivatives.at_formals(e, function, occurs)
        ):
            return members.member(e, key, [], node.start)
        e.called[key] = args
        try:
            return own_function(e, node, function, args, occurs.primes)
        except Unread:
            if not e.setting.arrays:
                raise
    if occurs.indices:
        made = member_made(e, node, occurs)
        if made is not None and not e.inlining and not occurs.primes and is_whole(e, made, occurs):
            return members.member(e, key, members.given_indices(e, occurs, node), node.start)
        if made is not None:
            return own_function(e, node, made, args, occurs.primes)
    layered = bool(occurs.indices) and all(d == "layer" for d, _ in occurs.indices)
    if (key == "\\sigma" or SPELLED.get(key)) and not layered:
        return known_function(e, SPELLED[key], args, occurs, node)
    outs = []
    for domain, inside in occurs.indices:
        if domain == "component" and is_label(e, inside):
            key += f"_{spelled(inside)}"
        else:
            outs.append((domain, members.index_in(e, domain, inside, node)))
            if domain in ("time", "layer"):
                members.put_in_order(e, outs[-1][1], domain)
    outs += left_out_slots(e, key, args, outs)
    return abstract_call(e, key, args, outs, occurs.primes, node)


def function_of(e: Elaborator, node: Name, occurs: Occurs) -> Function | None:
    """The function that the page makes under a name: the member of it that the name's indices say."""
    if occurs.indices:
        return member_made(e, node, occurs)
    return e.setting.functions.get(occurs.key)


def member_made(e: Elaborator, node: Name, occurs: Occurs) -> Function | None:
    """The member that a call names of J^{(t)}(\\theta) = …, g_1(x) = …, where the page makes members of the function."""  # noqa: E501
    functions = e.setting.functions
    members_made = {k for k, f in functions.items() if f.given and f.key(occurs.key) == k}
    if not members_made:
        return None
    indices = members.given_indices(e, occurs, node)
    for given in (indices, [(d, Time.of("·")) for d, _ in indices]):
        function = functions.get(member_key(occurs.key, given))
        if function is not None and function.given:
            return at_index(e, function, indices)
    e.dims.suppose(
        f"{occurs.key} with an index for which the page does not make it is any function"
    )
    return None


def at_index(e: Elaborator, function: Function, indices: list[tuple[str, Time]]) -> Function:
    """A function that is made for a general index, for one of its values: f_{k+1}(u_k) = … at k."""
    table: dict[str, Time] = {}
    for (domain, own), (_, index) in zip(function.given, indices, strict=True):
        if domain in ("time", "layer"):
            members.put_in_order(e, index, domain)
        if own.is_number:
            continue
        (letter, count_), *others = own.letters
        if others or count_ != 1 or letter in e.setting.horizons:
            raise Unread(0, "a member of a function that the page makes")
        table[letter] = index + (-own.shift)
        if domain == "component":
            count(e, index, own, function.body.body)
    formals = tuple(f for f in (move(f, table) for f in function.formals) if isinstance(f, Ref))
    body = replace(function.body, body=move(function.body.body, table))
    return replace(function, formals=formals, body=body)


def is_whole(e: Elaborator, function: Function, occurs: Occurs) -> bool:
    """Whether a call is that of what the page makes for each step: the quantity J^{(t)}."""
    general = all(d in ("time", "layer") and not i.is_number for d, i in function.given)
    made = derivatives.is_made(e, occurs.key)
    return general and made and derivatives.at_formals(e, function, occurs)


def count(e: Elaborator, index: Time, own: Time, body: Core) -> None:
    """An index counts what the letter does in whose place it stands in a formula."""
    for part in walk(body):
        for place, i in enumerate(part.index if isinstance(part, Ref) else ()):
            assert isinstance(part, Ref)
            slots = e.setting.slots.get(part.name, ())
            if i == own and place < len(slots) and slots[place] == "component":
                before = sum(s != "component" for s in slots[:place])
                key = family_key(part.name)
                members.letter_dim(e, index, members.dim_of(e, key, place - before))
                return


def left_out_slots(
    e: Elaborator, key: str, args: list[Val], outs: Sequence[tuple[str, Time]]
) -> list[tuple[str, Time]]:
    """The step or layer of a function that is written without it here, g'(z^{[l]}) for g'^{[l]}(z^{[l]}): its argument's; g of what has none is a function of its own."""  # noqa: E501
    found = []
    for slot in e.setting.steps.get(key, ()):
        if slot not in ("time", "layer") or any(d == slot for d, _ in outs):
            continue
        of_argument = (
            part.index[e.setting.slots[part.name].index(slot)]
            for a in args
            for part in walk(a.body)
            if isinstance(part, Ref) and slot in e.setting.slots.get(part.name, ())
        )
        index = next(of_argument, None)
        if index is not None:
            found.append((slot, index))
    return found


def is_label(e: Elaborator, row: Row) -> bool:
    """An index of a function that is a variable's name: the s of f_s(s_{t-1})."""
    row = bare(row)
    return (
        len(row) == 1
        and isinstance(row[0], Name)
        and is_variable(e, members.index_name(e, row[0]))
        and not members.is_index(e, members.index_name(e, row[0]))
    )


def own_function(
    e: Elaborator, node: Name, function: Function, args: list[Val], primes: int
) -> Val:
    if len(args) != len(function.formals):
        raise Unread(node.start, f"{len(function.formals)} arguments")
    if any(name.endswith(SQUARED) for name in function.names):
        args = _with_roots(function, args, node)
    if primes and len(args) != 1:
        raise Unread(node.start, "a function of one argument")
    if primes:
        formal = function.formals[0]
        slope: Core = function.body.body
        if function.body.rank:
            raise Unread(node.start, "no slope of a vector")
        for _ in range(primes - 1):
            slope = put_for(D(slope, formal), formal, formal)
        body: Core = D(slope, formal)
        return each(lambda b: put_for(body, formal, b), args[0])
    if all(a.rank == function.formal(k).rank for k, a in enumerate(args)):
        return put_in(e, function, args)
    if len(args) == 1 and function.body.rank == 0 and function.formal(0).rank == 0:
        formal = function.formals[0]
        return each(lambda b: replaced(function.body.body, ((formal, (), scalar(b)),)), args[0])
    raise Unread(node.start, "a function of numbers applied to vectors")


def _with_roots(function: Function, args: list[Val], node: Name) -> list[Val]:
    r"""The arguments of \ell(\mu, \sigma^2) for a body in \sigma: no other square than the formal's."""
    found = []
    for name, formal, arg in zip(function.names, function.formals, args, strict=True):
        if name.endswith(SQUARED) and arg.body != Pow(formal, num(2)):
            raise Unread(node.start, "the square that the function is made for")
        found.append(Val(arg.axes, formal) if name.endswith(SQUARED) else arg)
    return found


def put_in(e: Elaborator, function: Function, args: list[Val]) -> Val:
    """The body with the arguments in the formals' places."""
    table = []
    for k, arg in enumerate(map(renamed, args)):
        formal = function.formal(k)
        for p, q in zip(formal.axes, arg.axes, strict=True):
            e.dims.unify(p.dim, q.dim)
        table.append((function.formals[k], formal.axes, arg))
    body = renamed(function.body)
    return Val(body.axes, replaced(body.body, tuple(table)), body.row)


def abstract_call(
    e: Elaborator,
    key: str,
    args: list[Val],
    outs: Sequence[tuple[str, Time]],
    primes: int,
    node: Name,
) -> Val:
    entrywise = len(args) == 1 and args[0].rank and key in e.setting.entrywise
    if primes and len(args) != 1:
        raise Unread(node.start, "which argument a prime differentiates by")
    slots = ((0, ()),) * primes
    index = tuple(i for _, i in outs)
    if entrywise or (primes and args[0].rank == 1):
        return each(lambda b: App(key, (Arg((), (), b),), index, slots), args[0])
    made = tuple(families.argument(e, "" if primes else key, a) for a in args)
    rank = max(0, e.setting.outputs.get(key, 0) - sum(d == "component" for d, _ in outs))
    axes = tuple(Axis(fresh(), members.dim_of(e, f"fn {key}", k)) for k in range(rank))
    return Val(axes, App(key, made, index + tuple(Time.of(a.letter) for a in axes), slots))


def _softmax(e: Elaborator, args: list[Val], node: Name) -> Val:
    """Of a vector; of a matrix along the axis that the page says, or that is a parameter's own, else row by row."""  # noqa: E501
    (v,) = args
    v = renamed(v)
    if node.letter in e.setting.redefined:
        raise Unread(node.start, f"a {node.letter} without the page's own definition")
    letter = _entry_letter(e, v)
    if letter:
        return _over_letter(e, v.body, letter)
    if v.rank not in (1, 2):
        raise Unread(node.start, "softmax of a vector")
    own = sorted(e.parameter_at(v)) if v.rank == 2 else []
    if v.rank == 2 and isinstance(v.body, Ref) and v.body.name in e.setting.made_along:
        own = [e.setting.made_along[v.body.name]]
    a = v.axes[own[0] if len(own) == 1 and not e.setting.rowwise else -1]
    if v.rank == 2 and not e.setting.rowwise and len(own) != 1:
        e.dims.suppose("softmax of a matrix is taken of each of its rows")
    other = fresh()
    below = summed(other, a.dim, Fn("\\exp", (move(v.body, {a.letter: Time.of(other)}),)))
    return Val(v.axes, over(Fn("\\exp", (v.body,)), below), v.row)


def _softmax_over(e: Elaborator, args: list[Val], occurs: Occurs, node: Name) -> Val | None:
    r"""softmax_j(S_{ij}), of entries, is over all j, and then the entry j, which is softmax_j(z) of a vector, too; else None."""  # noqa: E501
    if len(args) != 1 or args[0].rank > 1 or len(occurs.indices) != 1 or occurs.primes:
        return None
    ((domain, row),) = occurs.indices
    index = members.index_in(e, domain, row, node)
    if args[0].rank:
        if index.is_number or domain != "component":
            return None  # along which axis
        value = known_function(e, "softmax", args, occurs, node)
        (axis,) = value.axes
        members.letter_dim(e, index, axis.dim)
        return scalar(move(value.body, {axis.letter: index}))
    letter = next((a for a, _ in index.letters), "")
    body = args[0].body
    if index != Time.of(letter) or letter not in e.letters or letter not in letters_in(body):
        return None
    return _over_letter(e, body, letter)


def _over_letter(e: Elaborator, body: Core, letter: str) -> Val:
    """An entry's share of what all entries make together."""
    other = fresh()
    below = summed(other, e.letters[letter], Fn("\\exp", (move(body, {letter: Time.of(other)}),)))
    return Val((), over(Fn("\\exp", (body,)), below))


def _entry_letter(e: Elaborator, v: Val) -> str:
    """The j of softmax(z_j), by which people mean the entry j of softmax(z): that of a number is 1; empty elsewhere."""  # noqa: E501
    if v.rank or not isinstance(v.body, Ref) or not v.body.index:
        return ""
    slots, own = e.setting.slots.get(v.body.name, ()), v.body.index[-1]
    letter = next((a for a, _ in own.letters), "")
    entry = slots[-1:] == ("component",) and own == Time.of(letter) and letter in e.letters
    return letter if entry else ""


def _prod(e: Elaborator, args: list[Val], node: Name) -> Val:
    """prod(∂a/∂b, ∂b/∂c): the product of the chain rule, transposed and turned as the shapes need."""
    met = chained(args[0], args[1], e.dims) if len(args) == 2 else None
    if met is None:
        raise Unread(node.start, "two derivatives that meet in prod")
    return met


def _without_axis(parts: list[Row]) -> tuple[list[Row], int | None]:
    """The arguments without axis=-1, dim=0, keepdims=True, and the axis."""
    kept: list[Row] = []
    along: int | None = None
    for part in parts:
        first = part[0] if part else None
        keyword = first.letter if isinstance(first, Name) else ""
        if keyword in ("axis", "dim", "keepdims", "keepdim") and len(part) > 2:
            shown = spelled(part[2:])
            if keyword in ("axis", "dim") and re.fullmatch(r"-?[01]", shown):
                along = int(shown)
                continue
            if keyword.startswith("keepdim"):
                continue
        kept.append(part)
    return kept, along


def _sum_along(v: Val, along: int, node: Name) -> Val:
    """The sums along one axis of a matrix, each standing at every entry that it is of, as where the axis is kept."""  # noqa: E501
    v = renamed(v)
    if v.rank == 1:
        return Val((replace(v.axes[0], letter=fresh()),), total(v))
    if v.rank != 2:
        raise Unread(node.start, "a matrix that is summed along an axis")
    axes = list(v.axes)
    summed_axis = axes[along]
    axes[along] = replace(summed_axis, letter=fresh())
    return Val(tuple(axes), summed(summed_axis.letter, summed_axis.dim, v.body))


def _trace(e: Elaborator, args: list[Val], node: Name) -> Val:
    (v,) = args
    if v.rank != 2:
        raise Unread(node.start, "the trace of a matrix")
    v = renamed(v)
    a, b = v.axes
    e.dims.unify(a.dim, b.dim)
    return scalar(summed(a.letter, a.dim, move(v.body, {b.letter: Time.of(a.letter)})))


def _diag(e: Elaborator, args: list[Val], node: Name) -> Val:
    return diagonal(args[0])


def _most(word: str, args: list[Val], node: Name, dims: Dims) -> Val:
    if len(args) != 2:
        raise Unread(node.start, f"two arguments of {word}")
    x, y = args
    zero = x if x.body == ZERO else y if y.body == ZERO else None
    if word == "max" and zero is not None:
        return each(lambda b: Fn("\\relu", (b,)), y if zero is x else x)
    if x.rank == y.rank == 0:
        return scalar(Fn(word, (x.body, y.body)))
    raise Unread(node.start, f"{word} of numbers")


WORDS: dict[str, Callable[[Elaborator, list[Val], Name], Val]] = {
    "softmax": _softmax,
    "diag": _diag,
    "Diag": _diag,
    "tr": _trace,
    "Tr": _trace,
    "trace": _trace,
    "\\max": lambda self, args, node: _most("max", args, node, self.dims),
    "\\min": lambda self, args, node: _most("min", args, node, self.dims),
    "max": lambda self, args, node: _most("max", args, node, self.dims),
    "min": lambda self, args, node: _most("min", args, node, self.dims),
    "sum": lambda self, args, node: scalar(total(args[0])),
    "prod": _prod,
    "rowsum": lambda self, args, node: row_sums(args[0]),
}
