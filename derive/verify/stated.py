"""Conditions that a text states for an index, t < T or t = 1, …, T, as differences of indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from derive.algebra.expression import Time
from derive.errors import DeriveError
from derive.notation.grammar import DOTS, Parser
from derive.notation.scope import Scope
from derive.notation.tokens import Source, tokens
from derive.verify.placed import Span
from derive.verify.ranges import Condition

AT_MOST = ("\\le", "\\leq", "\\leqslant")
AT_LEAST = ("\\ge", "\\geq", "\\geqslant")
SIGNS = frozenset((*AT_MOST, *AT_LEAST, "<", ">", "="))


def stated(source: Source, spans: Sequence[Span]) -> tuple[tuple[Condition, ...], str]:
    """The conditions in these spans, and why one of them was not understood ("": all were)."""
    found: list[Condition] = []
    for start, end in spans:
        try:
            found += _conditions(source, start, end)
        except DeriveError:
            shown = source.text[start:end].strip()
            return tuple(found), f"the condition {shown} is not understood"
    return tuple(found), ""


def _conditions(source: Source, start: int, end: int) -> Iterator[Condition]:
    lexed = [t for t in tokens(source, start, end) if t.text not in ("(", ")", "\\forall")]
    if not any(t.text in SIGNS for t in lexed):
        return
    parser = Parser(source, tuple(lexed), Scope())
    left = parser.time()
    while parser.here.kind != "end":
        sign = _sign(parser)
        right = parser.time()
        yield from _compared(left, sign, right)
        if sign == "=":
            last = parser.time() if _dots_follow(parser) else right
            yield Condition(right, left, 0)
            yield Condition(left, last, 0)
        left = right


def _sign(parser: Parser) -> str:
    sign = parser.here.text
    if sign not in SIGNS:
        parser.fail("a relation between indices")
    parser.at += 1
    return sign


def _dots_follow(parser: Parser) -> bool:
    """Takes the comma, the dots and further values of t = 1, 2, …, T; leaves the last value."""
    rest = parser.found[parser.at :]
    dots = [i for i, t in enumerate(rest) if t.text in DOTS]
    if not dots:
        return False
    after = dots[-1] + 1
    while rest[after].text == ",":
        after += 1
    parser.at += after
    return True


def _compared(left: Time, sign: str, right: Time) -> Iterator[Condition]:
    if sign in AT_MOST or sign == "<":
        yield Condition(left, right, int(sign == "<"))
    elif sign in AT_LEAST or sign == ">":
        yield Condition(right, left, int(sign == ">"))
