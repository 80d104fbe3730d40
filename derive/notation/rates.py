r"""Rates of change that a page says by an equation, \dot{x} = f(x, u) and \frac{dz(t)}{dt} = f(z(t), \theta): names of their own.

What a rate is the rate of is another quantity: of it no more is said than that it depends on what its rate is made of, and
no line is judged that integrates. A derivative by t of what the page makes as a function of t stays one.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from derive.notation.slots import single_name
from derive.text.page import Chain, Page, with_trees
from derive.text.trees import Fraction, Group, Name, Node, Row, walk, with_children

DOTS = {"dot": "Dot", "ddot": "DDot"}
RATES = frozenset(DOTS.values())
_DOT_OF = {rate: dot for dot, rate in DOTS.items()}
_TOLD = re.compile(rf"\\({'|'.join(sorted(RATES))})\{{")
_DOTTED = tuple((a,) for a in DOTS)
EQUAL = ("=", ":=", "\\triangleq", "\\equiv")


def with_rates(page: Page) -> Page:
    r"""A page on which \dot{x} is a name wherever the page says what it is."""
    chains = page.chains
    plain = {k for c in chains if (k := _made(c)) is not None}
    made = {
        r
        for c in chains
        if len(c.members) > 1 and c.members[1].relation in EQUAL
        for r in _rate(c.members[0].tree)
    }
    by_fraction = {
        r
        for c in chains
        if len(c.members) > 1 and c.members[1].relation in EQUAL and not _goes_by_time(c)
        for r in _by_time(c.members[0].tree)
    } - plain
    if not made and not by_fraction:
        return page
    return with_trees(page, lambda row: _in_row(row, made, by_fraction))


def as_rates(text: str) -> str:
    r"""Names of rates as they are told: \dot{x}."""
    return _TOLD.sub(lambda found: f"\\{_DOT_OF[found[1]]}{{", text)


def is_rate(row: Row) -> bool:
    """Whether a side begins with a rate that has become a name."""
    first = row[0] if row else None
    return isinstance(first, Name) and bool(RATES & {*first.accents})


def _made(chain: Chain) -> str | None:
    """The letter of what a chain makes as it stands: z of z = f(x, y), x of x(t) = …; no value at one t."""
    if len(chain.members) < 2 or chain.members[1].relation not in EQUAL:
        return None
    single = single_name(chain.members[0].tree)
    if single is None or single[0].accents:
        return None
    behind = single[1]
    at_a_time = behind is not None and not (
        len(behind.inside) == 1
        and isinstance(behind.inside[0], Name)
        and not behind.inside[0].below
    )
    return None if at_a_time else single[0].letter


def _rate(row: Row) -> Iterator[str]:
    single = single_name(row)
    if single is not None and single[0].accents and single[0].accents[0] in DOTS:
        yield single[0].letter


def _by_time(row: Row) -> Iterator[str]:
    if len(row) == 1 and (found := _numerator(row[0])) is not None:
        yield found[0].letter


def _goes_by_time(chain: Chain) -> bool:
    """Whether a right side differentiates by t, too: the chain rule, and no law of motion."""
    return any(_numerator(n) is not None for m in chain.members[1:] for n in walk(m.tree))


def _numerator(node: Node) -> tuple[Name, Row] | None:
    r"""The z, and the (t) behind it, of \frac{dz(t)}{dt}."""
    if not isinstance(node, Fraction) or len(node.below_line) != 2:
        return None
    d, t = node.below_line
    if not (isinstance(d, Name) and d.letter == "d" and isinstance(t, Name) and t.letter == "t"):
        return None
    above = node.above_line
    if not 2 <= len(above) <= 3 or not isinstance(above[0], Name) or above[0].letter != "d":
        return None
    name = above[1]
    if not isinstance(name, Name) or t.below or t.above or name.primes:
        return None
    if len(above) == 3 and not (isinstance(above[2], Group) and above[2].opening == "("):
        return None
    return name, above[2:]


def _in_row(row: Row, made: set[str], by_fraction: set[str]) -> Row:
    found: list[Node] = []
    for node in row:
        rate = _numerator(node)
        if rate is not None and rate[0].letter in by_fraction:
            name, call = rate
            first, *behind = _in_row((name, *call), made, by_fraction)
            assert isinstance(first, Name)
            found += [replace(first, start=node.start, accents=("Dot", *first.accents)), *behind]
            continue
        if isinstance(node, Name) and node.letter in made and node.accents[:1] in _DOTTED:
            node = replace(node, accents=(DOTS[node.accents[0]], *node.accents[1:]))
        found.append(with_children(node, lambda r: _in_row(r, made, by_fraction)))
    return tuple(found)
