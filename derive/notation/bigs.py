"""Sums and products with their bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import (
    Big as Sum,
)
from derive.algebra.core import (
    Chain,
    Core,
    Ref,
    fresh,
    letters_in,
    walk,
)
from derive.algebra.expression import Time
from derive.notation import calculus, chance, members
from derive.notation.pieces import (
    RELATIONS,
    Bound,
    ascending,
    bare,
    each_sign,
    end_of_tag,
    split_at,
)
from derive.notation.setting import Unread, family_key
from derive.notation.shaped import (
    Axis,
    Val,
    renamed,
    scalar,
    stated,
    total,
)
from derive.notation.slots import is_derivative
from derive.text.spelled import spelled
from derive.text.trees import Big, Group, Name, Node, Row, Sign, Words
from derive.text.trees import walk as walk_tree

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator


def read_big(e: Elaborator, node: Big, row: Row, at: int) -> tuple[Val, int]:
    if node.kind == "int":
        whole = chance.integral(e, row, at)
        if whole is not None:
            return whole
    if node.kind not in ("sum", "prod", "lim"):
        raise Unread(node.start, f"no {node.kind}")
    end = at + 1
    while end < len(row):
        here = row[end]
        if (
            isinstance(here, Sign)
            and here.text in ("+", "-", ",", ";")
            and not (here.text == "-" and end == at + 1)
        ):
            break
        end += 1
    inside = row[at + 1 : end]
    if node.kind == "prod":
        inside = before_derivative(node, inside)
        end = at + 1 + len(inside)
    if node.kind == "lim":
        inside, end = behind_limit(e, row, at + 1, end)
        found = calculus.limit(e, node, inside) if inside else None
        if found is None:
            raise Unread(node.start, "what goes where below a limit")
        return found, end
    if not inside:
        raise Unread(node.start, "what is summed")
    everything = chance.over_all(e, node, inside)
    if everything is not None:
        return everything, end
    letters = bounds_of(e, node)
    sign = isinstance(inside[0], Sign) and inside[0].text == "-"
    own = {b.letter for b in letters}
    free = hidden_letters(e, own)
    headed, e.headed = e.headed, e.headed | own
    summing, e.summing = e.summing, e.summing | own
    try:
        body = e.term(inside[1:] if sign else inside)
    finally:
        e.headed, e.summing = headed, summing
    if sign:
        body = each_sign(body)
    for bound in reversed(letters):
        body = summed_over(e, node, bound, body)
    if not letters:
        body = without_bounds(e, node, body)
    e.letters |= free[0]
    e.ordered |= free[1]
    return body, end


def before_derivative(node: Big, inside: Row) -> Row:
    """What a Π multiplies: a derivative behind its factors that has not its index is no factor of it."""
    below = node.below or ()
    if not below or not isinstance(below[0], Name):
        return inside
    used = [
        any(isinstance(n, Name) and n.letter == below[0].letter for n in walk_tree((x,)))
        for x in inside
    ]
    last = max((i for i, u in enumerate(used) if u), default=len(inside))
    cut = next((i for i in range(last + 1, len(inside)) if is_derivative(inside[i])), len(inside))
    while cut > last + 1 and isinstance(inside[cut - 1], Sign):
        cut -= 1
    return inside[:cut]


def hidden_letters(e: Elaborator, letters: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """What letters count outside a Σ that binds them anew: taken out while its inside is read."""
    return tuple(
        {a: table.pop(a) for a in letters if a in table} for table in (e.letters, e.ordered)
    )  # type: ignore[return-value]


def behind_limit(e: Elaborator, row: Row, start: int, end: int) -> tuple[Row, int]:
    """What stands behind a lim: a product, up to the next lim."""
    other = next(
        (i for i in range(start, end) if isinstance(row[i], Big) and row[i].kind == "lim"),  # type: ignore[attr-defined]
        end,
    )
    while other > start and isinstance(row[other - 1], Sign):
        other -= 1
    return row[start:other], other


def bounds_of(e: Elaborator, node: Big) -> list[Bound]:
    if node.below is None:
        return []
    below = tuple(
        n
        for n in node.below
        if not (isinstance(n, Sign) and n.text == "\\forall") and not isinstance(n, Words)
    )
    rows = split_at(below, (",",))
    upper = None if node.above is None else limit_of(e, node.above)
    if len(rows) > 1 and all(len(r) == 1 and isinstance(r[0], Name) for r in rows):
        return [Bound(members.index_name(e, r[0]), None, upper) for r in rows]  # type: ignore[arg-type]
    if (
        len(rows) > 1
        and all(len(r) == 1 and isinstance(r[0], Name) for r in rows[:-1])
        and len(rows[-1]) > 1
        and isinstance(rows[-1][0], Name)
    ):
        last = lower_of(e, rows[-1], node)  # i,j = 0
        if (
            rows[-1][1] == Sign(rows[-1][1].start, rows[-1][1].end, "=")
            and not any(
                last.letter == members.index_name(e, r[0])  # type: ignore[arg-type]
                for r in rows[:-1]
            )
        ):
            letters = [members.index_name(e, r[0]) for r in rows]  # type: ignore[arg-type]
            return [replace(last, letter=a, upper=upper) for a in letters]
    bound = lower_of(e, rows[0], node)
    for extra in rows[1:]:
        other = lower_of(e, extra, node)
        if other.letter != bound.letter and excluded(e, extra) != bound.letter:
            raise Unread(node.start, "one index below a Σ")
        bound = replace(bound, without=bound.without + other.without)
    return [replace(bound, upper=upper if upper is not None else bound.upper)]


def excluded(e: Elaborator, row: Row) -> str | None:
    return None


def limit_of(e: Elaborator, row: Row) -> Time:
    if len(row) == 1 and isinstance(row[0], Group) and row[0].opening == "|":
        return Time.of(spelled(row))  # |V|, the number of what V holds
    row = bare(row)
    try:
        return members.read_index(e, row)
    except Unread:
        return Time.of(spelled(row))


def lower_of(e: Elaborator, row: Row, node: Big) -> Bound:
    places = [
        i
        for i, n in enumerate(row)
        if isinstance(n, Sign) and n.text in (*RELATIONS, "\\in", "\\notin")
    ]
    if not places:
        if len(row) == 1 and isinstance(row[0], Name):
            return Bound(members.index_name(e, row[0]), None, None)
        raise Unread(node.start, "an index below a Σ")
    first = places[0]
    relation = row[first].text  # type: ignore[attr-defined]
    left, right = row[:first], row[first + 1 :]
    if len(places) == 2:
        second = places[1]
        low, high = limit_of(e, left), limit_of(e, row[second + 1 :])
        strict = relation == "<", row[second].text == "<"  # type: ignore[attr-defined]
        return Bound(
            one_letter(e, row[first + 1 : second], node),
            low + int(strict[0]),
            high + (-int(strict[1])),
        )
    letter = one_letter(e, left, node)
    if relation == "\\in":
        return Bound(letter, None, None, whole=True)
    limit = limit_of(e, right)
    match relation:
        case "=":
            return Bound(letter, limit, None)
        case "\\geq":
            return Bound(letter, limit, None)
        case ">":
            return Bound(letter, limit + 1, None)
        case "\\leq":
            return Bound(letter, None, limit)
        case "<":
            return Bound(letter, None, limit + (-1))
        case "\\neq":
            return Bound(letter, None, None, (limit,))
        case _:
            raise Unread(node.start, "bounds of a Σ")


def one_letter(e: Elaborator, row: Row, node: Big) -> str:
    if len(row) == 1 and isinstance(row[0], Name):
        return members.index_name(e, row[0])
    raise Unread(node.start, "an index letter below a Σ")


def summed_over(e: Elaborator, node: Big, bound: Bound, v: Val) -> Val:
    letter = bound.letter
    kind = node.kind
    ordered = domain_of(e, letter, v.body)
    dim = e.letters.pop(letter, None) if ordered is None else None
    if ordered is None and dim is None:
        if bound.lower is None or bound.upper is None:
            if letter not in letters_in(v.body):
                raise Unread(node.start, f"where the index {letter} runs, or a use of it")
            raise Unread(node.start, f"what the index {letter} counts")
        return big_over(e, kind, letter, None, bound.lower, bound.upper, v, node, ())
    if ordered is not None:
        e.ordered.pop(letter, None)
        first, last = where_products_run(letter, v.body) if kind == "sum" else (None, None)
        low = bound.lower or (None if bound.upper else first) or Time.at(1)
        high = bound.upper or last or Time.of(horizon_of(e, ordered, node))
        low, high = ascending(low, high)
        for end in (low, high):
            members.put_in_order(e, end, ordered)
        return big_over(e, kind, letter, None, low, high, v, node, bound.without)
    assert dim is not None
    for w in bound.without:
        members.letter_dim(e, w, dim)
    lower, upper = bound.lower, bound.upper
    if (
        upper is not None
        and upper.shift == 0
        and len(upper.letters) == 1
        and not is_bound_letter(e, upper)
    ):
        said = stated(upper.letters[0][0], e.setting.layer_sizes)
        own = e.dims.find(dim)
        counted = stated(upper.letters[0][0].strip("|"), e.setting.layer_sizes)
        if own.startswith("dim:") and own not in (e.dims.find(said), e.dims.find(counted)):
            raise Unread(node.start, f"a sum over {own[4:]} entries")
        if e.dims.is_merged(dim) and said not in stated_dims(e, letter, v.body):
            e.dims.suppose(f"{upper.letters[0][0]} is the number of what {letter} runs over")
        known = e.setting.size_of.setdefault(upper.letters[0][0], dim)
        if e.dims.may_be(known, dim):
            e.dims.unify(known, dim)
    whole = lower is None or (lower.is_number and lower.shift in (0, 1))
    free_end = upper is None or not (is_bound_letter(e, upper))
    if whole and free_end:
        return big_over(e, kind, letter, dim, None, None, v, node, bound.without)
    low = lower if lower is not None else Time.at(1)
    high = upper if upper is not None else Time.of(size_letter(e, dim))
    for end in (low, high):
        if not end.is_number and is_bound_letter(e, end):
            members.letter_dim(e, end, dim)
    return big_over(e, kind, letter, dim, low, high, v, node, bound.without)


def where_products_run(letter: str, body: Core) -> tuple[Time | None, Time | None]:
    """The first and last k of a Σ_k without bounds in which the Π of its body runs: k ≤ t for Π_{j=k+1}^t."""  # noqa: E501
    first: set[Time] = set()
    last: set[Time] = set()
    own = Time.of(letter)
    for part in walk(body):
        if isinstance(part, Chain) or (isinstance(part, Sum) and part.kind == "prod"):
            low, high = part.lower, part.upper
            if low is None or high is None:
                continue
            if (low - own).is_number and letter not in dict(high.letters):
                last.add(high + 1 - (low - own))
            elif (high - own).is_number and letter not in dict(low.letters):
                first.add(low + (-1) - (high - own))
    return (
        first.pop() if len(first) == 1 and not last else None,
        last.pop() if len(last) == 1 and not first else None,
    )


def stated_dims(e: Elaborator, letter: str, body: Core) -> set[str]:
    """The sizes that the page states of the axes along which a letter runs."""
    found = set()
    for part in walk(body):
        if isinstance(part, Ref):
            slots = e.setting.slots.get(part.name, ())
            before = sum(s != "component" for s in slots)
            for place, index in enumerate(part.index):
                if any(a == letter for a, _ in index.letters):
                    key = f"{family_key(part.name)}:{place - before}"
                    found.add(e.setting.shared_dims.get(key, ""))
    return found


def size_letter(e: Elaborator, dim: str) -> str:
    return f"|{dim}|"


def is_bound_letter(e: Elaborator, index: Time) -> bool:
    """Whether a limit names an index of the line (i, t), not a size."""
    return any(kind_of(e, a) == "index" and a in e.letters for a, _ in index.letters)


def kind_of(e: Elaborator, letter: str) -> str:
    symbol = e.table.symbol(letter)  # type: ignore[attr-defined]
    return symbol.kind if symbol is not None else ""


def domain_of(e: Elaborator, letter: str, body: Core) -> str | None:
    """The ordered domain in which a letter is used, from the families that it stands at."""
    for part in walk(body):
        if isinstance(part, Ref):
            for index, slot in zip(part.index, e.setting.slots.get(part.name, ()), strict=False):
                if slot in ("time", "layer") and any(a == letter for a, _ in index.letters):
                    return slot
    if letter in e.ordered and letter not in e.letters:
        return e.ordered[letter]
    return None


def horizon_of(e: Elaborator, domain: str, node: Node) -> str:
    return "T" if domain == "time" else "L"


def big_over(
    e: Elaborator,
    kind: str,
    letter: str,
    dim: str | None,
    low: Time | None,
    high: Time | None,
    v: Val,
    node: Node,
    without: tuple[Time, ...],
) -> Val:
    if kind == "prod" and v.rank == 2 and low is not None and high is not None:
        return chain_over(e, letter, low, high, v)
    if kind == "prod" and v.rank > 2:
        raise Unread(node.start, "no product of arrays over an index")
    return Val(
        v.axes, Sum(kind, letter, dim, low, high, v.body, without), v.row, v.of, v.by, v.loose
    )


def chain_over(
    e: Elaborator, letter: str, low: Time, high: Time, v: Val, down: bool | None = None
) -> Val:
    """Π of matrices; Jacobians from step to step form one from the first to the last."""
    if down is None:
        e.choices.add("rising")
        down = e.reading.rising == v.flipped
    v = renamed(v)
    a, b = v.axes
    e.dims.unify(a.dim, b.dim)
    row, col = Axis(fresh(), a.dim), Axis(fresh(), a.dim)
    body = Chain(
        letter,
        low,
        high,
        a.letter,
        b.letter,
        a.dim,
        v.body,
        (Time.of(row.letter), Time.of(col.letter)),
        down,
    )
    of, by = end_of_tag(v.of, letter, high), end_of_tag(v.by, letter, low)
    return Val((row, col), body, of=of, by=by, flipped=v.flipped)


def without_bounds(e: Elaborator, node: Big, v: Val) -> Val:
    if node.kind != "sum":
        raise Unread(node.start, "the bounds of a Π")
    letters = [
        a for a in letters_in(v.body) if a in e.ordered or (a in e.letters and a not in e.headed)
    ]
    if len(letters) > 1:
        letters = [a for a in letters if a in e.letters and a not in e.headed]
    if len(letters) == 1 and not v.rank:
        return summed_over(e, node, Bound(letters[0], None, None), v)
    if v.rank:
        return scalar(total(v))
    raise Unread(node.start, "the index of a Σ")
