"""Index notation: which letters are free, and the sums over repeated letters that nobody wrote."""

from __future__ import annotations

from collections import Counter

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Entry,
    Expr,
    IndexSum,
    Number,
    Power,
    Sum,
    children,
    rebuild,
    walk,
)
from derive.errors import DeriveError


def with_sums(left: Expr, right: Expr) -> tuple[Expr, Expr, tuple[str, ...]]:
    """Both sides with Einstein's sums written out, and the letters that are free in the line.

    A letter that stands on both sides is free, and so is one that stands once, on the left; one that
    stands more often in one term, and on one side alone, is summed over. Raises DeriveError for a
    letter that is neither.
    """
    mine, other = unbound(left), unbound(right)
    free = mine & other
    if _is_number(left):
        free = other
    else:
        once = _count(left)
        free |= {a for a in mine if _is_number(right) or once[a] == 1}
    return _summed(left, free), _summed(right, free), tuple(sorted(free))


def repeated(before: Expr, after: Expr) -> frozenset[str]:
    """The letters over which `with_sums` has put a sum."""

    def sums(expr: Expr) -> Counter[str]:
        return Counter(part.index for part in walk(expr) if isinstance(part, IndexSum))

    return frozenset(sums(after) - sums(before))


def unbound(expr: Expr) -> frozenset[str]:
    """The letters of entries over which no written sum runs."""
    match expr:
        case Entry(of, indices):
            return unbound(of) | frozenset(indices)
        case IndexSum(index, _, body):
            return unbound(body) - {index}
        case _:
            return frozenset().union(*map(unbound, children(expr)))


def _is_number(expr: Expr) -> bool:
    return isinstance(expr, Number)


def _summed(expr: Expr, free: frozenset[str]) -> Expr:
    """Term by term: what stands twice is summed over."""
    match expr:
        case Sum() | BigSum() | BigProduct():
            return rebuild(expr, lambda part: _summed(part, free))
        case IndexSum(index, size, body):
            return IndexSum(index, size, _summed(body, free | {index}))
        case _:
            found = expr
            for letter, times in sorted(_count(expr).items()):
                if letter in free:
                    continue
                if times < 2:
                    raise DeriveError(
                        f"the index {letter} stands on one side alone and is not summed over"
                    )
                found = IndexSum(letter, None, found)
            return found


def _count(expr: Expr) -> Counter[str]:
    """How often each unbound letter stands in a term."""
    match expr:
        case Entry(of, indices):
            return _count(of) + Counter(indices)
        case IndexSum(index, _, body):
            found = _count(body)
            del found[index]
            return found
        case Sum(terms):
            most: Counter[str] = Counter()
            for term in terms:
                most |= _count(term)
            return most
        case Power(base, Number()):
            return _count(base) + _count(base)
        case _:
            total: Counter[str] = Counter()
            for part in children(expr):
                total += _count(part)
            return total
