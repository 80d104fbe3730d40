"""Slips with Σ and Π and with brackets, undone: a Σ that is missing or too many, an end of its range, where a bracket ends."""  # noqa: E501

from __future__ import annotations

import itertools
from collections.abc import Iterator

from derive.judge.edits import (
    SIGNS,
    Edit,
    Written,
    ends_of,
    indexed,
    indices_below,
    is_index,
    rows_of,
    terms_of,
)
from derive.judge.repairs import NAMED
from derive.text.trees import Big, Group, Name, Node, Number, Row, Sign, walk

RANGE = "the range of the {} ends at another place"
FRESH = ("k", "l", "m", "n", "r", "s", "q")
BRACKETS = "the brackets stand at the wrong place"
RELATIONS = {"<": "\\leq ", "\\leq": "< ", ">": "\\geq ", "\\geq": "> "}
OPPOSITE = {"\\neq": ("=",)}


def sum_edits(written: Written) -> Iterator[Edit]:
    """What may be wrong with the Σ and Π of a member, likeliest first."""
    yield from _ends(written)
    yield from _excluded(written)
    yield from _missing(written)
    yield from _missing_within(written)
    yield from _too_many(written)


def _bigs(row: Row) -> list[Big]:
    return [n for n in walk(row) if isinstance(n, Big) and n.kind in NAMED]


def _ends(written: Written) -> Iterator[Edit]:
    """One end of a range, one step on or back; the order of both; k < t for k ≤ t."""
    for big in _bigs(written.row):
        cause = RANGE.format(NAMED[big.kind])
        below, above = big.below or (), big.above or ()
        for node in below:
            if isinstance(node, Sign) and node.text in RELATIONS:
                yield Edit(((node.start, node.end, RELATIONS[node.text]),), cause)
        equal = next(
            (i for i, n in enumerate(below) if isinstance(n, Sign) and n.text == "="), None
        )
        first = below[equal + 1 :] if equal is not None else ()
        moved = [
            (node, shift) for row in (first, above) for node in (row,) if row for shift in (1, -1)
        ]
        for row, shift in moved:
            yield Edit((_moved(written, row, shift),), cause)
        letters = [n for row in (first, above) for n in row if is_index(n)]
        own = indices_below(below)
        bound = next((written.of(n.start, n.end) for n in own), "")
        for other in written.around.letters:
            for node in letters:
                if written.of(node.start, node.end) != other != bound:
                    yield Edit(((node.start, node.end, f"{{{other}}}"),), cause)
        if first and above:
            start = written.of(first[0].start, first[-1].end)
            end = written.of(above[0].start, above[-1].end)
            yield Edit(
                (
                    (first[0].start, first[-1].end, end),
                    (above[0].start, above[-1].end, start),
                ),
                f"the ends of the {NAMED[big.kind]} are exchanged",
            )
            yield Edit(
                (
                    (first[0].start, first[-1].end, f"{end}+1"),
                    (above[0].start, above[-1].end, start),
                ),
                f"the ends of the {NAMED[big.kind]} are exchanged",
            )


def _moved(written: Written, row: Row, shift: int) -> tuple[int, int, str]:
    """An end of a range with one more or one less."""
    last = row[-1]
    if len(row) == 1 and isinstance(last, Number) and last.text.isdigit():
        return last.start, last.end, str(int(last.text) + shift)
    if isinstance(last, Number) and last.text.isdigit() and isinstance(row[-2], Sign):
        sign = row[-2]
        if sign.text in SIGNS:
            n = int(last.text) * (1 if sign.text == "+" else -1) + shift
            return sign.start, last.end, f"{n:+d}" if n else ""
    return last.end, last.end, f"{shift:+d}"


def _excluded(written: Written) -> Iterator[Edit]:
    """Σ_{k ≠ 1} for Σ_{k ≠ i}: what is left out is another one."""
    for big in _bigs(written.row):
        below = big.below or ()
        at = next(
            (i for i, n in enumerate(below) if isinstance(n, Sign) and n.text == "\\neq"), None
        )
        if at is None or at + 2 != len(below):
            continue
        last = below[at + 1]
        own = written.of(last.start, last.end)
        for letter in written.around.letters:
            if letter != own:
                yield Edit(
                    ((last.start, last.end, f"{{{letter}}}"),),
                    f"what the sum leaves out is {letter}, not {own}",
                )


def _missing(written: Written) -> Iterator[Edit]:
    """One step's part where the sum of all steps is meant: what stands at the last step, or at a letter of its own."""  # noqa: E501
    row = written.row
    if not row:
        return
    begin, end = row[0].start, row[-1].end
    bound = {written.of(n.start, n.end) for b in _bigs(row) for n in indices_below(b.below)}
    free = [n for n in indexed(row) if written.of(n.start, n.end) not in bound]
    for letter, top, sign in written.around.sums:
        cause = f"the sum over {letter} is missing"
        several = len(terms_of(row)) > 1
        opened, closed = (f"{sign} (", ")") if several else (f"{sign} ", "")
        at_top = _at_the_top(written, row, top)
        if at_top and letter not in bound:
            places = tuple((n.start, n.end, _apart(written, n, letter)) for n in at_top)
            yield Edit(((begin, begin, opened), *places, (end, end, closed)), cause)
        if any(written.of(n.start, n.end) == letter for n in free):
            yield Edit(((begin, begin, opened), (end, end, closed)), cause)
    names = {written.of(n.start, n.end) for n in free}
    steps = {letter for letter, _, _ in written.around.sums}
    for letter in sorted(names & steps):
        fresh = next((f for f in FRESH if f not in names | bound), None)
        if fresh is None:
            continue
        places = tuple(
            (n.start, n.end, _apart(written, n, fresh))
            for n in free
            if written.of(n.start, n.end) == letter
        )
        yield Edit(
            ((begin, begin, f"\\sum_{{{fresh}=1}}^{{{letter}}} ("), *places, (end, end, ")")),
            f"the sum over the steps up to {letter} is missing",
        )


def _at_the_top(written: Written, row: Row, top: str) -> list[Node]:
    """The indices of a member that are the last step."""
    found: list[Node] = []
    for node in walk(row):
        if not isinstance(node, Name | Group):
            continue
        for script in (node.below, node.above):
            for inner in script or ():
                inside = inner.inside if isinstance(inner, Group) else (inner,)
                if inside and written.of(inside[0].start, inside[-1].end).strip() == top:
                    found.append(inside[0] if len(inside) == 1 else inner)
    return list(dict.fromkeys(found))


def _apart(written: Written, node: Node, letter: str) -> str:
    """A letter in the place of another, not run together with a macro before it."""
    before = written.text[: node.start - written.offset]
    return f" {letter}" if before[-1:].isalpha() else letter


def _missing_within(written: Written) -> Iterator[Edit]:
    """∂A/∂B_i ∂B_i/∂C, of which each component counts: Σ_k ∂A/∂B_k ∂B_k/∂C."""
    used = {written.of(n.start, n.end) for n in indexed(written.row)}
    fresh = next((f for f in FRESH if f not in used | set(written.around.letters)), None)
    if fresh is None:
        return
    for row in rows_of(written.row):
        for first, second in itertools.pairwise(row):
            one, other = ends_of(written, first), ends_of(written, second)
            if one is None or other is None or one[1] != other[0]:
                continue
            below, above = first.below_line[1:], second.above_line[1:]  # type: ignore[attr-defined]
            for letter in dict.fromkeys(
                written.of(n.start, n.end) for n in indexed(below) if is_index(n)
            ):
                places = tuple(
                    (n.start, n.end, _apart(written, n, fresh))
                    for n in (*indexed(below), *indexed(above))
                    if written.of(n.start, n.end) == letter
                )
                sign = (first.start, first.start, f"\\sum_{{{fresh}}} ")
                yield Edit((sign, *places), f"the sum over the components of {one[1]} is missing")


def _too_many(written: Written) -> Iterator[Edit]:
    for big in _bigs(written.row):
        over = next((written.of(n.start, n.end) for n in indices_below(big.below)), "")
        said = f" over {over}" if over else ""
        yield Edit(((big.start, big.end, " "),), f"the {NAMED[big.kind]}{said} is too many")


def bracket_edits(written: Written) -> Iterator[Edit]:
    """What a factor multiplies: (a + b) c for a + b c, a + b c for (a + b) c, and a + Σ b for Σ (a + b)."""
    for row in rows_of(written.row):
        terms = terms_of(row)
        for count in range(2, len(terms) + 1):
            yield from _around(row, terms[:count])
        yield from _opened(written, row)


def _around(row: Row, terms: list[tuple[int, int]]) -> Iterator[Edit]:
    """Some terms in brackets, which end before the last factors of the last one, or begin behind the first of the first."""  # noqa: E501
    begin, finish = row[terms[0][0]].start, row[terms[-1][1] - 1].end
    first, last = terms[0], terms[-1]
    for cut in range(last[0] + 1, last[1]):
        if _may_be_cut(row, cut):
            end = row[cut - 1].end
            yield Edit(((begin, begin, "("), (end, end, ")")), BRACKETS)
    for cut in range(first[0] + 1, first[1]):
        if _may_be_cut(row, cut):
            at = row[cut].start
            yield Edit(((at, at, "("), (finish, finish, ")")), BRACKETS)


def _may_be_cut(row: Row, cut: int) -> bool:
    """Whether a factor begins at a place of a row, and no argument."""
    before, after = row[cut - 1], row[cut]
    if isinstance(before, Sign | Big) or (isinstance(before, Name) and before.style == "op"):
        return isinstance(before, Sign)
    return not isinstance(after, Sign) and not isinstance(after, Big)


def _opened(written: Written, row: Row) -> Iterator[Edit]:
    """A bracket taken away; one that begins before the Σ in front of it; one that ends before its last term."""  # noqa: E501
    for i, node in enumerate(row):
        if not isinstance(node, Group) or node.above or node.below or len(node.inside) < 3:
            continue
        inner = terms_of(node.inside)
        if len(inner) < 2:
            continue
        body = written.of(node.inside[0].start, node.inside[-1].end)
        yield Edit(((node.start, node.end, f" {body} "),), BRACKETS)
        if i and isinstance(row[i - 1], Big):
            big = row[i - 1]
            sign = written.of(big.start, big.end)
            for at in range(1, len(inner)):
                begin, end = inner[at]
                lone = written.of(node.inside[begin].start, node.inside[end - 1].end)
                plus = node.inside[begin - 1]
                rest = (
                    written.of(node.inside[0].start, node.inside[begin - 2].end)
                    + written.of(node.inside[end - 1].end, node.inside[-1].end)
                    if begin > 1
                    else ""
                )
                if rest and isinstance(plus, Sign):
                    new = f"\\left( {sign} \\left( {rest} \\right) {plus.text} {lone} \\right)"
                    yield Edit(
                        ((big.start, node.end, new),), "a term stands inside the sum: it is outside"
                    )
