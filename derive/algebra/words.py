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
    result: dict[Word, Fraction] = {}
    for part in parts:
        for word, coefficient in part.items():
            known = result.get(word)
            result[word] = coefficient if known is None else known + coefficient
    return {word: coefficient for word, coefficient in result.items() if coefficient}


def times(left: Words, right: Words) -> Words:
    """The product, every word of `left` before every word of `right`."""
    if left == UNIT:
        return right
    if right == UNIT:
        return left
    one = UNIT[()]
    return total(
        {a + b: n if m is one else m if n is one else m * n}
        for a, m in left.items()
        for b, n in right.items()
    )


def written(words: Words) -> Expr:
    """The polynomial as a sum of products, in the order in which its words were made."""
    return add(multiply((Number(c), *word)) for word, c in words.items())
