"""Words: sums of products of atoms that do not commute, with rational coefficients.

A polynomial is a plain dict from a word (a tuple of atoms, outer factor first) to its coefficient; no
coefficient is zero, so two equal polynomials are equal dicts: the normal form of DESIGN, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from derive.algebra.expression import Expr, Number, add, multiply

Word = tuple[Expr, ...]
Words = Mapping[Word, Fraction]

NOTHING: Words = {}
UNIT: Words = {(): Fraction(1)}


def atom(expr: Expr) -> Words:
    """The polynomial of a single atom."""
    return {(expr,): UNIT[()]}


def constant(value: Fraction) -> Words:
    """The polynomial of a number."""
    return {(): value} if value else {}


def total(parts: Iterable[Words]) -> Words:
    """The sum of polynomials."""
    return _collected(pair for part in parts for pair in part.items())


def _collected(pairs: Iterable[tuple[Word, Fraction]]) -> Words:
    """Like words added up. Hashing a word costs as much as its length: each is looked up once."""
    result: dict[Word, Fraction] = {}
    vanish = False
    for word, coefficient in pairs:
        count = len(result)
        known = result.setdefault(word, coefficient)
        if len(result) == count:
            result[word] = coefficient = known + coefficient
        vanish = vanish or not coefficient
    return {word: n for word, n in result.items() if n} if vanish else result


def times(left: Words, right: Words) -> Words:
    """The product, every word of `left` before every word of `right`."""
    if left == UNIT:
        return right
    if right == UNIT:
        return left
    one = UNIT[()]
    return _collected(
        (a + b, n if m is one else m if n is one else m * n)
        for a, m in left.items()
        for b, n in right.items()
    )


def written(words: Words) -> Expr:
    """The polynomial as a sum of products, in the order in which its words were made."""
    return add(multiply((Number(c), *word)) for word, c in words.items())
