"""Factors and terms that run over dots: what lies between a first and a last."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.algebra.core import (
    Core,
    D,
    Ref,
    rebuild,
    walk,
)
from derive.algebra.expression import Time
from derive.notation import bigs, members
from derive.notation.dots import Run, running
from derive.notation.pieces import TIMES, Bound, counted_by_the_numerator, end_of_tag
from derive.notation.setting import Unread, family_key
from derive.notation.shaped import (
    Val,
    aligned,
)
from derive.text.trees import Big, Node, Row, Sign

MOST_IN_BLOCK = 3  # factors of what runs over dots

if TYPE_CHECKING:
    from derive.notation.elaborate import Elaborator


def is_step(e: Elaborator, a: Val, b: Val) -> bool:
    """Whether one term follows another immediately."""
    run = run_between(e, a, b) if a.rank == b.rank else None
    return run is not None and (run.upper - run.lower) == Time.at(1)


def run_between(e: Elaborator, first: Val, last: Val) -> Run | None:
    """What runs from one value to another; its letter is known as the index that it is."""
    if first.rank != last.rank:
        return None
    tags = [(a[0], b[0]) for a, b in ((first.of, last.of), (first.by, last.by)) if a and b]
    other = aligned(first, last, e.dims.copy())
    run = running((first.body, *(a for a, _ in tags)), (other, *(b for _, b in tags)))
    if run is not None:
        aligned(first, last, e.dims)
        note_letter(e, run.letter, run.bodies[0])
    return run


def note_letter(e: Elaborator, letter: str, body: Core) -> None:
    """What an index letter counts, from the families that it stands at."""
    for part in walk(body):
        if isinstance(part, Ref):
            slots = e.setting.slots.get(part.name, ())
            before = sum(s != "component" for s in slots)
            for place, (index, slot) in enumerate(zip(part.index, slots, strict=False)):
                if any(a == letter for a, _ in index.letters):
                    if slot == "component":
                        members.letter_dim(
                            e,
                            Time.of(letter),
                            members.dim_of(e, family_key(part.name), place - before),
                        )
                    elif slot == "sample":
                        members.letter_dim(e, Time.of(letter), "sample")
                    else:
                        e.ordered.setdefault(letter, slot)


def product_of_run(e: Elaborator, first: Val, last: Val, node: Node) -> Val:
    """A ⋯ B: the product of what runs from A to B."""
    run = run_between(e, first, last)
    if run is None:
        raise Unread(
            node.start, "dots between a first and a last factor that differ in an index alone"
        )
    run = counted_by_the_numerator(run)
    tags = list(run.bodies[1:])
    of = (tags.pop(0), first.of[1]) if first.of and last.of else None
    by = (tags.pop(0), first.by[1]) if first.by and last.by else None
    v = replace(first, body=run.bodies[0], of=of, by=by)
    if v.rank == 2:
        return bigs.chain_over(e, run.letter, run.lower, run.upper, v, down=run.falling)
    if v.rank:
        raise Unread(node.start, "no product of arrays over an index")
    made = bigs.summed_over(
        e, Big(node.start, node.end, "prod"), Bound(run.letter, run.lower, run.upper), v
    )
    if of is not None and by is not None:
        return replace(
            made, of=end_of_tag(of, run.letter, run.upper), by=end_of_tag(by, run.letter, run.lower)
        )
    return made


def over_dots(e: Elaborator, row: Row, at: int, factors: list[tuple[str, Val]]) -> int:
    """The factor before the dots and the one behind them, made the product of all between; where the next begins."""  # noqa: E501
    node = row[at]
    while (
        at < len(row) and isinstance(row[at], Sign) and row[at].text in (*TIMES, "\\dots", ".")  # type: ignore[attr-defined]
    ):
        at += 1
    if at == len(row):
        raise Unread(node.start, "a factor behind the dots")
    last, at = e.factor(row, at)
    if run_between(e, factors[-1][1], last) is None:
        behind = blocks_over_dots(e, row, at, factors, last, node)
        if behind is not None:
            return behind
    operator, first = factors.pop()
    while factors and is_step(e, first, factors[-1][1]):
        operator, first = factors.pop()
    end = None if run_between(e, first, last) is not None else link_before(e, first, last)
    factors.append((operator, product_of_run(e, first, end or last, node)))
    if end is not None:
        factors.append(("", last))
    return at


def blocks_over_dots(
    e: Elaborator, row: Row, at: int, factors: list[tuple[str, Val]], last: Val, node: Node
) -> int | None:
    """D_t W D_{t-1} W ⋯ D_1 W: what runs is a product of two factors, or of three; None where it is none."""  # noqa: E501
    following: list[tuple[str, Val]] = [("", last)]
    for length in range(2, MOST_IN_BLOCK + 1):
        if len(factors) < length:
            return None
        operator = ""
        while at < len(row) and isinstance(row[at], Sign) and row[at].text in TIMES:  # type: ignore[attr-defined]
            operator, at = row[at].text, at + 1  # type: ignore[attr-defined]
        if at == len(row) or isinstance(row[at], Sign):
            return None
        value, at = e.factor(row, at)
        following.append((operator, value))
        first, end = e._folded(factors[-length:]), e._folded(following)
        if run_between(e, first, end) is None:
            continue
        before = factors[-length][0]
        del factors[-length:]
        while len(factors) >= length and is_step(e, first, e._folded(factors[-length:])):
            before, first = factors[-length][0], e._folded(factors[-length:])
            del factors[-length:]
        factors.append((before, product_of_run(e, first, end, node)))
        return at
    return None


def link_before(e: Elaborator, first: Val, last: Val) -> Val | None:
    """∂h_t/∂h_{t-1} ⋯ ∂h_1/∂W: the chain's own last link, ∂h_2/∂h_1, which the dots lead to; None where it is no chain."""  # noqa: E501
    a, b = first.body, last.body
    if not (isinstance(a, D) and isinstance(b, D) and isinstance(a.of, Ref)):
        return None
    if not (isinstance(b.of, Ref) and a.of.name == a.by.name == b.of.name):
        return None
    slots = e.setting.slots.get(a.by.name, ())
    place = next((i for i, s in enumerate(slots) if s in ("time", "layer")), None)
    if place is None:
        return None
    name, apart = b.of.name, b.of.index[place] - a.by.index[place]

    def moved(x: Core) -> Core:
        if isinstance(x, Ref) and x.name == name:
            index = list(x.index)
            index[place] = index[place] + apart
            return Ref(x.name, tuple(index))
        return rebuild(x, moved)

    of, by = (tag and (moved(tag[0]), tag[1]) for tag in (first.of, first.by))
    return replace(first, body=moved(a), of=of, by=by)
