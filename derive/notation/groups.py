"""Brackets, columns, matrices written out and cases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import (
    ONE,
    ZERO,
    At,
    Case,
    Core,
    D,
    Fn,
    Pow,
    Stack,
    fresh,
    move,
    num,
)
from derive.algebra.expression import Time
from derive.notation import bigs, blocks, calls, derivatives, members, runs
from derive.notation.dots import Run
from derive.notation.pieces import (
    RELATIONS,
    bare,
    dotted_rows,
    is_bars,
    is_top,
    only_dots,
    parted_end,
    side_by_side,
    split_at,
    start_of,
    without_end,
)
from derive.notation.setting import Unread
from derive.notation.shaped import (
    Axis,
    Val,
    diagonal,
    each,
    plus,
    renamed,
    scalar,
    total,
    transposed,
    with_letters,
)
from derive.text.spelled import spelled
from derive.text.trees import Fraction as Over
from derive.text.trees import Group, Name, Node, Number, Row, Sign, Table, Words

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator

IN_WORDS = "a condition in signs"
ELSE = re.compile(
    r"\b(?:otherwise|else|elsewhere|(?:in )?all (?:the )?others?|rest|sonst|andernfalls|sinon|autrement|"
    r"en otro caso|de lo contrario|caso contrario|altrimenti|anders|w przeciwnym|иначе|в остальных)\b"
    r"|否则|否則|其他|其它|その他|それ以外|そうでない|그 외|그렇지|나머지|còn lại|ngược lại",
    re.IGNORECASE,
)


def read_group(e: Elaborator, node: Group) -> Val:
    if node.closing == "|" and node.opening in (".", "\\left.", "") and node.below is not None:
        return derivatives.evaluated(e, node)
    if (
        len(node.inside) == 1
        and isinstance(node.inside[0], Number)
        and node.inside[0].text == "1"
        and node.below is not None
        and node.above is None
    ):
        equal = calls.read_indicator(e, node.below, True)
        if equal is not None:
            return equal
    ones = ones_of_size(e, node)
    if ones is not None:
        return group_scripts(e, ones, replace(node, below=None))
    column = column_in_text(e, node)
    if column is not None:
        return group_scripts(e, column, replace(node, above=None))
    value = inside_of(e, node)
    return group_scripts(e, value, node)


def column_in_text(e: Elaborator, node: Group) -> Val | None:
    r"""(x_1, \dots, x_n), (a, b)^T: a vector, written in a line of text; None for another bracket."""
    parts = split_at(node.inside, (",",)) if node.opening == "(" else []
    dots = any(only_dots(p) for p in parts)
    if len(parts) < 2 or (node.above is None and not dots):
        return None
    value = listed_entries(e, parts, node)
    arrays = e.setting.arrays or e.setting.scalars
    return value if node.above is None or is_top(bare(node.above), value, arrays) else None


def ones_of_size(e: Elaborator, node: Group) -> Val | None:
    r"""\mathbf{1}_n, 1_{n \times m}: as many ones as its script says; None for another bracket."""
    if len(node.inside) != 1 or not isinstance(node.inside[0], Number):
        return None
    sizes = split_at(node.below or (), (",", "\\times"))
    named = all(len(r) == 1 and isinstance(r[0], Name) and is_size_said(e, r[0]) for r in sizes)
    if len(sizes) > 2 or (node.below and not named):
        return None
    return ones(e, node.inside[0], [r[0] for r in sizes if r])


def is_size_said(e: Elaborator, node: Node) -> bool:
    """Whether a letter is a number of entries, not one of them."""
    assert isinstance(node, Name)
    letter = members.index_name(e, node)
    return f"dim:{letter}" in e.setting.shared_dims.values() or (
        bigs.kind_of(e, letter) in ("size", "constant", "")
        and letter not in ("i", "j", "k", "t", "c", "y")
    )


def ones(e: Elaborator, node: Number, sizes: Sequence[Node]) -> Val | None:
    """Ones of the sizes that are named; a bold 1 that names none has as many as its place needs."""
    bold = node.style in ("bold", "bb")
    if node.text != "1" or not (sizes or bold) or not e.setting.arrays:
        return None
    dims = []
    for name in sizes:
        letter = members.index_name(e, name)  # type: ignore[arg-type]
        dims.append(f"dim:{letter}")
        e.setting.size_of.setdefault(letter, dims[-1])
    count = 2 if e.setting.square_ones else 1
    dims = dims or [fresh("dim") for _ in range(count)]
    return Val(tuple(Axis(fresh(), d) for d in dims), ONE)


def inside_of(e: Elaborator, node: Group) -> Val:
    match node.opening:
        case "|" | "\\|":
            return norm(e, node)
        case "[" | "(" if side_by_side(node.inside):
            return read_columns(e, [(n,) for n in node.inside], node)
        case "[":
            parts = split_at(node.inside, (",", ";"))
            if len(parts) > 1:
                beside = not split_at(node.inside, (";",))[1:]
                return listed_entries(e, parts, node, beside)
            if sum(isinstance(n, Sign) and n.text in RELATIONS for n in node.inside) == 1:
                return calls.read_relation(
                    e,
                    node.inside,
                    next(
                        i
                        for i, n in enumerate(node.inside)
                        if isinstance(n, Sign) and n.text in RELATIONS
                    ),
                )
            return e.row(node.inside)
        case "(" | "{" | "\\{" | "\\left.":
            parts = split_at(node.inside, (",",))
            if len(parts) > 1:
                raise Unread(node.start, "one formula in brackets")
            return e.row(node.inside)
        case _:
            raise Unread(node.start, "brackets that group")


def norm(e: Elaborator, node: Group) -> Val:
    """|x|, ||x||, ||x||_2, ||X||_F: the root of the sum of the squares; ||x||_1: the sum of what stands without its sign."""  # noqa: E501
    inner = e.row(node.inside)
    which = spelled(node.below) if node.below is not None else ""
    if which not in ("", "1", "2", "F") or (inner.rank > 1 and which in ("1", "2")):
        raise Unread(node.start, f"a norm {which}")
    if inner.rank == 0:
        return scalar(Fn("\\abs", (inner.body,)))
    if which == "1":
        return scalar(total(each(lambda b: Fn("\\abs", (b,)), inner)))
    return scalar(Fn("\\sqrt", (total(each(lambda b: Pow(b, num(2)), inner)),)))


def group_scripts(e: Elaborator, value: Val, node: Group) -> Val:
    if node.primes:
        raise Unread(node.start, "a slope of a bracket")
    if node.below is not None:
        value = below_group(e, value, node)
    if node.above is None:
        return value
    above = bare(node.above)
    if is_top(above, value, e.setting.arrays or e.setting.scalars):
        return transposed(value)
    if spelled(above) == "-1":
        return members.inverse_of(e, value, node)
    if len(above) == 1 and isinstance(node.above[0], Group) and node.above[0].opening == "(":
        raise Unread(node.start, "a power")
    exponent = members.exponent_of(e, above)
    return squared_norm(node, value, exponent) or members.raised_to(e, value, exponent)


def squared_norm(node: Group, value: Val, exponent: Core) -> Val | None:
    """||x||^2 is the sum of the squares, and |x|^2 is x^2: no root is left in it."""
    if node.opening not in ("|", "\\|") or not isinstance(value.body, Fn) or exponent != num(2):
        return None
    (inside,) = value.body.args
    return scalar(inside if value.body.name == "\\sqrt" else Pow(inside, exponent))


def below_group(e: Elaborator, value: Val, node: Group) -> Val:
    assert node.below is not None
    if node.opening in ("\\|", "|"):
        return value
    letters = split_at(node.below, (",",))
    rows = [p for part in letters for p in ([part] if len(letters) > 1 else [(n,) for n in part])]
    entries = bool(value.rank) and len(rows) == value.rank and all(is_entry(e, r) for r in rows)
    if (
        not entries
        and isinstance(value.body, D)
        and len(node.inside) == 1
        and isinstance(node.inside[0], Over)
    ):
        return around(e, value, node)
    if value.rank and len(rows) == value.rank:
        table = {}
        for axis, r in zip(value.axes, rows, strict=True):
            index = members.read_index(e, r)
            members.letter_dim(e, index, axis.dim)
            table[axis.letter] = index
        return scalar(move(value.body, table))
    raise Unread(node.start, "an entry's indices below a bracket")


def is_entry(e: Elaborator, row: Row) -> bool:
    """Whether a script is an index letter or a number."""
    try:
        index = members.read_index(e, row)
    except Unread:
        return False
    return all(members.is_index(e, a) or not calls.is_variable(e, a) for a, _ in index.letters)


def around(e: Elaborator, value: Val, node: Group) -> Val:
    """(∂A/∂B)_V: the paths whose first step goes into V; in the other reading V is held."""
    assert node.below is not None and isinstance(value.body, D)
    rows = [p for p in node.below if not isinstance(p, Words)]
    said = any(isinstance(p, Words) for p in node.below)
    keys = {members.occurrence_of(e, n, None).key for n in rows if isinstance(n, Name)}
    names = {e.setting.alias.get(k, k) for k in keys}
    if not names:
        raise Unread(node.start, "what is held, or the way, below the bracket")
    mode = "held" if said or e.reading.held else "via"
    return replace(value, body=replace(value.body, mode=mode, names=tuple(sorted(names))))


def stack_of(e: Elaborator, values: list[Val], node: Node, beside: bool = False) -> Val:
    """Parts below one another, or side by side: numbers and vectors are one vector, blocks are a matrix."""
    if any(v.rank > 1 for v in values):
        return blocks.joined(e, values, node, beside)
    if not (e.setting.arrays or e.setting.stacks) and all(v.rank == 0 for v in values):
        raise Unread(node.start, "vectors below one another")
    return stacked(e, values, node)


def stacked(e: Elaborator, values: list[Val], node: Node) -> Val:
    """Numbers and vectors below one another, as one vector; Unread where one is a matrix."""
    if any(v.rank > 1 for v in values):
        raise Unread(node.start, "vectors below one another")
    parts = []
    for v in values:
        v = renamed(v)
        if v.rank == 1:
            parts.append((v.axes[0].letter, e.dims.find(v.axes[0].dim), v.body))
        else:
            parts.append((fresh(), "1", v.body))
    letter = fresh()
    dim = "+".join(d for _, d, _ in parts)
    return Val((Axis(letter, dim),), Stack(Time.of(letter), tuple(parts)))


def read_table(e: Elaborator, node: Table) -> Val:
    if node.kind == "cases":
        return read_cases(e, node)
    rows = dotted_rows([r for r in node.rows if any(c for c in r) and not is_bars(r)])
    if len(rows) == 1 and len(rows[0]) == 1 and side_by_side(rows[0][0]):
        return read_columns(e, [(n,) for n in rows[0][0]], node)
    if len(rows) == 1 and len(rows[0]) > 1 and any(only_dots(c) for c in rows[0]):
        return read_columns(e, rows[0], node)
    if all(len(r) == 1 for r in rows):
        return listed_entries(e, [r[0] for r in rows], node)
    return read_matrix(e, rows, node)


def read_columns(e: Elaborator, cells: Sequence[Row], node: Node) -> Val:
    """(x_1 x_2 … x_n): the matrix with these columns, or the row of these numbers."""
    found = listed_entries(e, cells, node)
    return transposed(found)


def listed_entries(e: Elaborator, rows: Sequence[Row], node: Node, beside: bool = False) -> Val:
    """Entries one after another, some perhaps left out: a_1, …, a_n is the vector of the a_i."""
    gaps = [i for i, r in enumerate(rows) if only_dots(r)]
    if not gaps:
        return stack_of(e, [e.row(r) for r in rows], node, beside)
    same = blocks.alike(e, [r for r in rows if not only_dots(r)])
    if same is not None:
        return same
    if len(gaps) != 1 or not 0 < gaps[0] < len(rows) - 1:
        raise Unread(node.start, "entries before and behind the dots")
    (gap,) = gaps
    values = [e.row(r) for i, r in enumerate(rows) if i != gap]
    run = runs.run_between(e, values[0], values[-1])
    if (
        run is None
        or len(rows) - gap != 2
        or (gap > 1 and not runs.is_step(e, values[0], values[1]))
    ):
        raise Unread(node.start, "dots between entries that differ in an index alone")
    return entries_of(e, run, values[0], node)


def entries_of(e: Elaborator, run: Run, first: Val, node: Node) -> Val:
    """The vector (of rows, the matrix) whose entries are what runs."""
    dim = e.letters.get(run.letter)
    if dim is None:
        if not e.setting.arrays or run.letter not in e.ordered:
            raise Unread(node.start, "what the index of the entries counts")
        dim = e.ordered.pop(run.letter)
    if not run.lower.is_number or run.falling:
        raise Unread(node.start, "entries from the first on")
    whole_size(e, run.upper, dim)
    e.letters.pop(run.letter, None)
    return Val((Axis(run.letter, dim), *first.axes), run.bodies[0])


def whole_size(e: Elaborator, upper: Time, dim: str) -> None:
    if upper.shift == 0 and len(upper.letters) == 1:
        e.setting.size_of.setdefault(upper.letters[0][0], dim)


def read_matrix(e: Elaborator, rows: Sequence[Sequence[Row]], node: Node) -> Val:
    """A matrix that is written out, perhaps with dots: from its corners."""
    if any(only_dots(c) for r in rows for c in r):
        return from_corners(e, rows, node)
    if len({len(r) for r in rows}) != 1:
        raise Unread(node.start, "rows of equal length")
    values = [[e.row(c) for c in r] for r in rows]
    if any(v.rank > 1 for row in values for v in row):
        return blocks.joined(e, [stack_of(e, row, node, True) for row in values], node)
    stacked = [stack_of(e, row, node) for row in values]
    if any(a.dim.count("+") != len(rows[0]) - 1 for v in stacked for a in v.axes):
        raise Unread(node.start, "entries that are numbers")
    first = renamed(stacked[0])
    bodies = [with_letters(v, [a.letter for a in first.axes]) for v in stacked]
    letter = fresh()
    parts = tuple((fresh(), "1", b) for b in bodies)
    return Val(
        (Axis(letter, "+".join("1" for _ in rows)), *first.axes), Stack(Time.of(letter), parts)
    )


def from_corners(e: Elaborator, rows: Sequence[Sequence[Row]], node: Node) -> Val:
    full = [
        r
        for r in rows
        if len(r) > 1 and not only_dots(r[0]) and not only_dots(r[-1]) and r[0] and r[-1]
    ]
    if len(full) < 2:
        raise Unread(node.start, "the corners of a matrix")
    (a, b), (c, d) = ((e.row(r[0]), e.row(r[-1])) for r in (full[0], full[-1]))
    if any(v.rank for v in (a, b, c, d)):
        raise Unread(node.start, "entries that are numbers")
    if b.body == ZERO and c.body == ZERO:
        run = runs.run_between(e, a, d)
        if run is None:
            raise Unread(node.start, "entries on a diagonal that differ in an index alone")
        return diagonal(entries_of(e, run, scalar(a.body), node))
    above, below = runs.run_between(e, a, b), runs.run_between(e, c, d)
    if above is None or below is None or (above.lower, above.upper) != (below.lower, below.upper):
        raise Unread(node.start, "entries that differ in an index alone")
    row = entries_of(e, above, a, node)
    last = entries_of(e, below, c, node)
    down = runs.run_between(e, row, last)
    if down is None:
        raise Unread(node.start, "rows that differ in an index alone")
    return entries_of(e, down, row, node)


def is_told_in_words(row: Row) -> bool:
    """Whether a side is a number or another by conditions in words: 1 if class k is the correct one, 0 otherwise."""  # noqa: E501
    row = without_end(row)
    if len(row) != 1 or not isinstance(row[0], Table) or row[0].kind != "cases":
        return False
    for line in row[0].rows:
        cells = [c for c in line if c]
        body = parted_end(cells[0])[0] if len(cells) == 1 else cells[0] if cells else ()
        if any(not isinstance(n, Number | Sign) for n in body):
            return False
    return True


def read_cases(e: Elaborator, node: Table) -> Val:
    found: Core = ZERO
    branches: list[tuple[tuple[Core, str, Core] | None, Val]] = []
    for row in node.rows:
        cells = [c for c in row if c]
        if not cells:
            continue  # rows that are parted twice
        if len(cells) == 1:
            body, condition = parted_end(cells[0])
        else:
            body, condition = cells[0], tuple(n for c in cells[1:] for n in c)
        body = without_end(body)
        branches.append((read_condition(e, condition), e.row(body)))
    values = plus([v for _, v in branches], e.dims) if any(v.rank for _, v in branches) else None
    if values is not None:
        raise Unread(node.start, "cases of numbers")
    for test, value in reversed(branches):
        if test is None:  # noqa: SIM108
            found = value.body
        else:
            found = Case(*test, value.body, found)
    return scalar(found)


def read_condition(e: Elaborator, row: Row) -> tuple[Core, str, Core] | None:
    """A condition of cases; None for "otherwise", and where there is none. Raises Unread where it is told in words."""  # noqa: E501
    words = " ".join(n.text for n in row if isinstance(n, Words))
    left = tuple(
        n
        for n in row
        if not isinstance(n, Words) and not (isinstance(n, Sign) and n.text in (",", ".", ";"))
    )
    for i, node in enumerate(left):
        if isinstance(node, Sign) and node.text in RELATIONS:
            return side_of(e, left[:i]), node.text, side_of(e, left[i + 1 :])
    named = " ".join(n.letter for n in left if isinstance(n, Name))
    if ELSE.search(f"{words} {named}") or not (words or left):
        return None
    raise Unread(start_of(row), IN_WORDS)


def side_of(e: Elaborator, row: Row) -> Core:
    try:
        index = members.read_index(e, row)
        if all(members.is_index(e, a) for a, _ in index.letters):
            return At(index)
    except Unread:
        pass
    return e.row(row).body
