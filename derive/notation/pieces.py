"""Rows of nodes, cut where signs stand, and small helpers of the elaborator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.algebra.core import (
    ONE,
    Arg,
    Core,
    D,
    Delta,
    Num,
    Ref,
    fresh,
    move,
    neg,
    rebuild,
)
from derive.algebra.expression import Time
from derive.algebra.functions import SPELLED
from derive.notation.dots import Run
from derive.notation.setting import Occurs, Unread
from derive.notation.shaped import (
    Axis,
    Val,
    renamed,
    scalar,
)
from derive.text.spelled import spelled
from derive.text.trees import Big, Group, Name, Node, Number, Row, Sign, Words

TIMES = ("\\cdot", "\\times", "*", "\\odot", "\\circ", "\\otimes")


ENTRYWISE = ("\\odot", "\\circ", "\\otimes")


RELATIONS = ("=", "<", ">", "\\leq", "\\geq", "\\neq")


DIFFERENTIALS = ("\\partial", "d")


NOT_LETTERS = re.compile(r"[^a-zA-Z]")


@dataclass(frozen=True, slots=True)
class Mark:
    """∂ or d at the front of a fraction's line: its letter, what follows, whether it is ∂⁺, and its order."""  # noqa: E501

    letter: str
    rest: Row
    immediate: bool
    order: bool


def below_time(row: Row) -> list[Row] | None:
    """The component indices below the time of y_{t_k}; None for any other index."""
    row = bare(row)
    if (
        len(row) != 1
        or not isinstance(row[0], Name)
        or row[0].letter not in ("t", "\\tau")
        or row[0].below is None
        or row[0].above is not None
    ):
        return None
    inner = split_at(row[0].below, (",",))
    rows = [
        p
        for part in inner
        for p in (
            [part]
            if len(inner) > 1 or (len(part) > 1 and not all(isinstance(n, Name) for n in part))
            else [(n,) for n in part]
        )
    ]
    return (
        rows
        if all(
            len(r) == 1
            and isinstance(r[0], Name)
            and r[0].below is None
            and len(r[0].letter) == 1
            and r[0].letter in "ijklmnpq"
            for r in rows
        )
        else None
    )


def holds(argument: Arg, by: Ref) -> bool:
    """Whether a function's argument is the quantity itself."""
    own = argument.body
    return (
        isinstance(own, Ref)
        and own.name == by.name
        and len(own.index) == len(by.index)
        and own.index[: len(own.index) - len(argument.letters)]
        == by.index[: len(own.index) - len(argument.letters)]
    )


def put_for(body: Core, formal: Ref, value: Core) -> Core:
    """A formula with a formal replaced, after it was differentiated: explicit slopes, so nothing is captured."""  # noqa: E501
    from derive.algebra.slopes import NoSlope, slope

    assert isinstance(body, D)
    try:
        return replaced(slope(body.of, formal), ((formal, (), scalar(value)),))
    except NoSlope as error:
        raise Unread(0, str(error)) from None


def replaced(x: Core, table: tuple[tuple[Ref, tuple[Axis, ...], Val], ...]) -> Core:
    """Formals replaced by arguments, everywhere but in derivatives by them."""
    if isinstance(x, Ref):
        for formal, axes, arg in table:
            kept = len(formal.index) - len(axes)
            if (
                x.name == formal.name
                and len(x.index) == len(formal.index)
                and x.index[:kept] == formal.index[:kept]
            ):
                return move(
                    arg.body, {a.letter: i for a, i in zip(arg.axes, x.index[kept:], strict=True)}
                )
        return x
    return rebuild(x, lambda p: replaced(p, table))


def differential_mark(row: Row) -> Mark | None:
    """∂A or dA: the mark, and A; None for anything else."""
    if not row or not isinstance(row[0], Name):
        return None
    first = row[0]
    if (
        first.letter not in DIFFERENTIALS
        or first.below is not None
        or first.primes
        or first.accents
    ):
        if (
            first.letter == "\\delta"
            and first.below is None
            and first.above is None
            and len(row) > 1
            and first.style == ""
        ):
            return Mark("\\partial", row[1:], False, False) if isinstance(row[1], Name) else None
        return None
    immediate = order = False
    if first.above is not None:
        immediate = spelled(first.above) == "+"
        order = not immediate
    return Mark(first.letter, row[1:], immediate, order)


def terms_of(row: Row) -> tuple[list[Row], list[int]]:
    """The terms of a row and their signs."""
    terms: list[Row] = []
    signs: list[int] = []
    sign = 1
    here: list[Node] = []
    previous: Node | None = None
    for node in row:
        plain = isinstance(node, Sign) and node.text in ("+", "-")
        after_operator = isinstance(previous, Sign) and (
            previous.text in TIMES or previous.text == "/"
        )
        inside_big = isinstance(previous, Big)
        after_function = (
            isinstance(previous, Name) and previous.style == "op" and (previous.letter in SPELLED)
        )
        if plain and not after_operator and not inside_big and not after_function:
            if here:
                terms.append(tuple(here))
                signs.append(sign)
                sign, here = 1, []
            if node.text == "-":  # type: ignore[attr-defined]
                sign = -sign
        else:
            here.append(node)
        previous = node
    if here:
        terms.append(tuple(here))
        signs.append(sign)
    elif terms and isinstance(previous, Sign):
        raise Unread(previous.start, f"a term behind {previous.text}")
    if terms:
        terms[-1] = without_end(terms[-1])
        if not terms[-1]:
            terms.pop()
            signs.pop()
    return terms, signs


def without_end(row: Row) -> Row:
    while row and isinstance(row[-1], Sign) and row[-1].text in (".", ",", ";", ":", "!"):
        row = row[:-1]
    return row


def split_at(row: Row, marks: Sequence[str]) -> list[Row]:
    found: list[list[Node]] = [[]]
    for node in row:
        if isinstance(node, Sign) and node.text in marks:
            found[-1:] = [found[-1], []]
        else:
            found[-1].append(node)
    return [tuple(part) for part in found if part] if len(found) > 1 else [row]


def parted_end(row: Row) -> tuple[Row, Row]:
    """A cell of cases that holds its condition, too: at its first comma or words."""
    for i, node in enumerate(row):
        if isinstance(node, Words) or (isinstance(node, Sign) and node.text in (",", ":")):
            return row[:i], row[i:]
    return row, ()


def bare(row: Row) -> Row:
    """A row without brackets around all of it."""
    while (
        len(row) == 1
        and isinstance(row[0], Group)
        and row[0].above is None
        and row[0].below is None
    ):
        row = row[0].inside
    return row


def is_top(row: Row, value: Val, arrays: bool) -> bool:
    shown = spelled(row)
    if shown in (
        "\\top",
        "\\intercal",
        "\\mathsf{T}",
        "\\mathrm{T}",
        "\\text{T}",
        "\\mathtt{T}",
        "\\mathbf{T}",
        "'",
    ):
        return True
    return shown in ("T", "t", "\\prime") and arrays and (value.rank > 0 or shown == "T")


def is_open(row: Row) -> bool:
    r"""The colon of A_{:,j}, the dot of A_{i,\cdot}: all entries along that axis."""
    row = bare(row)
    return (
        len(row) == 1
        and isinstance(row[0], Sign)
        and row[0].text in (":", "\\cdot", "*", "\\bullet")
    )


def is_open_index(index: Time) -> bool:
    return bool(index.letters) and index.letters[0][0].startswith("\\,open")


def is_bars(cells: Sequence[Row]) -> bool:
    """Whether a row of a table only shows that columns go on: | … |."""
    signs = [n.text if isinstance(n, Sign) else "" for c in cells for n in c]
    bars = ("|", "\\vert", "\\mid")
    return any(t in bars for t in signs) and all(t in (*bars, "\\dots") for t in signs)


def side_by_side(row: Row) -> bool:
    """Names with an index and dots, nothing between them: x_1 x_2 … x_n."""
    names = [n for n in row if isinstance(n, Name) and n.below is not None]
    dots = [n for n in row if isinstance(n, Sign) and n.text == "\\dots"]
    return len(dots) == 1 and len(names) > 1 and len(names) + 1 == len(row)


def says_same(node: Node) -> bool:
    r"""(\text{same})^T, (\cdot)^T: the factor before, once more."""
    if not isinstance(node, Group) or node.opening not in ("(", "[") or node.above is None:
        return False
    inside = "".join(
        n.letter if isinstance(n, Name) else n.text if isinstance(n, Words | Sign) else "?"
        for n in node.inside
    )
    return inside.strip().strip("\\") in ("same", "cdot", "*", "dots", "ditto")


def only_dots(row: Row) -> bool:
    return bool(row) and all(isinstance(n, Sign) and n.text in ("\\dots", ".", ",") for n in row)


DOTS_BELOW = ("\\dots", "\\cdot", ".", ",")
"""What stands for the rows that a matrix leaves out, where it stands alone in its cells."""


def dotted_rows(rows: Sequence[Sequence[Row]]) -> list[Sequence[Row]]:
    r"""The rows of a matrix, those of dots one by one: `. \\\\ .` and `\cdot \\\\ \cdot` leave out as much as \vdots does."""  # noqa: E501
    found: list[Sequence[Row]] = []
    for at, row in enumerate(rows):
        if not 0 < at < len(rows) - 1 or not _is_left_out(row):
            found.append(row)
        elif not (len(found) > 1 and _is_left_out(found[-1])):
            found.append([tuple(replace(n, text="\\dots") for n in c[:1]) for c in row])  # type: ignore[call-arg]
    return found


def _is_left_out(row: Sequence[Row]) -> bool:
    signs = [n for cell in row for n in cell]
    return bool(signs) and all(isinstance(n, Sign) and n.text in DOTS_BELOW for n in signs)


def number_of(node: Number) -> Core:
    text = node.text.replace(",", "")
    places = len(text.split(".")[1]) if "." in text else None
    return Num(Fraction(text), places)


def start_of(row: Row) -> int:
    return row[0].start if row else 0


def each_sign(v: Val) -> Val:
    return replace(v, body=neg(v.body))


def counted_by_the_numerator(run: Run) -> Run:
    """∂h_{r+1}/∂h_r for r = k … t-1 as ∂h_r/∂h_{r-1} for r = k+1 … t."""
    body = run.bodies[0]
    if not isinstance(body, D) or not isinstance(body.of, Ref):
        return run
    shifts = [i.shift for i in body.of.index if any(a == run.letter for a, _ in i.letters)]
    if not shifts or not shifts[0]:
        return run
    back = {run.letter: Time.of(run.letter, -shifts[0])}
    return replace(
        run,
        lower=run.lower + Time.at(shifts[0]),
        upper=run.upper + Time.at(shifts[0]),
        bodies=tuple(move(b, back) for b in run.bodies),
    )


def tag_for(v: Val) -> Core:
    """What a derivative is of, the same for all names of its axes."""
    return move(v.body, {a.letter: Time.of(f"\\,axis{i}") for i, a in enumerate(v.axes)})


def identity(ones: bool = False) -> Val:
    dim = fresh("dim")
    a, b = Axis(fresh(), dim), Axis(fresh(), fresh("dim") if ones else dim)
    return Val((a, b), ONE if ones else Delta(Time.of(a.letter), Time.of(b.letter)))


def end_of_tag(tag: tuple[Core, int] | None, letter: str, at: Time) -> tuple[Core, int] | None:
    return None if tag is None else (move(tag[0], {letter: at}), tag[1])


def argument_of(v: Val) -> Arg:
    v = renamed(v)
    return Arg(tuple(a.letter for a in v.axes), tuple(a.dim for a in v.axes), v.body)


def ascending(low: Time, high: Time) -> tuple[Time, Time]:
    """Bounds that are written from the last step down to the first, turned round."""
    if high.is_number and not low.is_number and high.shift <= 1:
        return high, low
    return low, high


def plain_letters(index: tuple[Time, ...]) -> list[str]:
    return [
        i.letters[0][0] for i in index if len(i.letters) == 1 and i.letters[0][0].startswith("\\,")
    ]


def hidden_only(occurs: Occurs) -> bool:
    return bool(getattr(occurs, "hidden", 0)) and not occurs.consumed


@dataclass(frozen=True, slots=True)
class Bound:
    letter: str
    lower: Time | None
    upper: Time | None
    without: tuple[Time, ...] = ()
    whole: bool = False
