"""Index notation: which letters are free, and the sums over repeated letters that nobody wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Entry,
    Expr,
    Hadamard,
    IndexSum,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Transpose,
    Variable,
    children,
    rebuild,
    walk,
)
from derive.errors import DeriveError
from derive.model.shapes import Shapes
from derive.notation.latex import NORM


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
    """Term by term: what stands twice is summed over; raises for what stands once and is not free."""
    if isinstance(expr, Sum | BigSum | BigProduct):
        return rebuild(expr, lambda part: _summed(part, free))
    found = _part(expr, free)
    for letter in sorted(unbound(found) - free):
        raise DeriveError(f"the index {letter} stands on one side alone and is not summed over")
    return found


def _part(expr: Expr, outer: frozenset[str]) -> Expr:
    """A part of a term with the sums that belong inside it; `outer` are letters of the rest."""
    match expr:
        case Entry(of, indices):
            return Entry(_part(of, outer | frozenset(indices)), indices)
        case Sum():
            return rebuild(expr, lambda part: _part(part, outer))
        case IndexSum(index, size, body):
            return IndexSum(index, size, _part(body, outer | {index}))
        case _:
            parts = children(expr)
            around = iter(
                outer.union(*(unbound(other) for j, other in enumerate(parts) if j != i))
                for i in range(len(parts))
            )
            found = rebuild(expr, lambda part: _part(part, next(around)))
            for letter, times in sorted(_count(found).items()):
                if times > 1 and letter not in outer:
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


# -- definitions in index notation ------------------------------------------------------------------


def in_matrices(expr: Expr, free: tuple[str, ...], shapes: Shapes) -> Expr:
    """A definition's right side in matrix notation: Σ_j W_{ij} x_j + b_i, i free, is W x + b.

    An upper bound that is written must be a size that `shapes` declares for what the letter names. Raises
    DeriveError for another one, and for what has no such form (a matrix defined entry by entry, three
    factors with one index that is summed over, …).
    """
    for big in (
        part for part in walk(expr) if isinstance(part, IndexSum) and part.size is not None
    ):
        if big.size not in _declared_sizes(big, shapes):
            raise DeriveError(f"the sum over {big.index} ends elsewhere than what is declared")
    if len(free) > 1:
        raise DeriveError(
            "a matrix defined entry by entry is not read: write it in matrix notation"
        )
    written, _, _ = with_sums(expr, Entry(Number(Fraction(0)), free))
    return _column(written, free[0]) if free else _scalar(written)


def _declared_sizes(big: IndexSum, shapes: Shapes) -> set[Time]:
    """The sizes of the entries that the letter of a sum names; none where they are not the same."""
    found = {
        size
        for part in walk(big.body)
        if isinstance(part, Entry) and isinstance(part.of, Variable) and part.of.name in shapes
        for letter, size in zip(part.indices, shapes[part.of.name], strict=False)
        if letter == big.index
    }
    return found if len(found) == 1 else set()


def _column(expr: Expr, i: str) -> Expr:
    """The vector of the values of a formula for all i; a formula without i is a number."""
    if i not in unbound(expr):
        return _scalar(expr)
    match expr:
        case Entry(of, (letter,)) if letter == i:
            return of
        case Sum(terms):
            return Sum(tuple(_column(term, i) for term in terms))
        case Power(base, exponent):
            return Power(_column(base, i), exponent)
        case Call(function, (argument,), slots):
            return Call(function, (_column(argument, i),), slots)
        case Quotient(a, b) if i not in unbound(b):
            return Quotient(_column(a, i), _scalar(b))
        case Product(factors):
            return _joined([f for f in factors if i not in unbound(f)], [], factors, i)
        case IndexSum(j, _, body):
            return _contraction(body, i, j)
        case _:
            raise DeriveError("this has no form in vectors and matrices")


def _joined(numbers: list[Expr], more: list[Expr], factors: Iterable[Expr], i: str) -> Expr:
    """Numbers times the entrywise product of what depends on i and of further columns."""
    columns = [*(_column(f, i) for f in factors if i in unbound(f)), *more]
    entrywise = columns[0] if len(columns) == 1 else Hadamard(tuple(columns))
    if not numbers:
        return entrywise
    return Product((*map(_scalar, numbers), entrywise))


def _contraction(body: Expr, i: str, j: str) -> Expr:
    """Σ_j of a product with one matrix between i and j: the matrix times what depends on j alone."""
    if isinstance(body, Sum):
        return Sum(tuple(_contraction(term, i, j) for term in body.terms))
    factors = _factors(body)
    both = [f for f in factors if {i, j} <= unbound(f)]
    if len(both) != 1 or not isinstance(both[0], Entry) or set(both[0].indices) != {i, j}:
        raise DeriveError(f"a sum over {j} that is no product of a matrix and a vector")
    matrix = both[0].of if both[0].indices == (i, j) else Transpose(both[0].of)
    inner = [f for f in factors if j in unbound(f) and f is not both[0]]
    rest = [f for f in factors if not {i, j} & unbound(f)]
    if not inner:
        raise DeriveError(f"a sum over {j} of a matrix alone")
    image = Product((matrix, _joined([], [], inner, j)))
    outer = [f for f in factors if i in unbound(f) and f is not both[0]]
    return _joined(rest, [image], outer, i)


def _factors(expr: Expr) -> tuple[Expr, ...]:
    if not isinstance(expr, Product):
        return (expr,)
    return tuple(f for part in expr.factors for f in _factors(part))


def _scalar(expr: Expr) -> Expr:
    """A formula in which no index is free."""
    match expr:
        case IndexSum(j, _, Sum(terms)):
            return Sum(tuple(_scalar(IndexSum(j, None, term)) for term in terms))
        case IndexSum(j, _, Power(base, Number(value))) if value == 2:
            return Power(Call(NORM, (_column(base, j),)), Number(value))
        case IndexSum(j, _, body):
            factors = _factors(body)
            numbers = [f for f in factors if j not in unbound(f)]
            columns = [_column(f, j) for f in factors if j in unbound(f)]
            if len(columns) < 2:
                raise DeriveError(f"a sum over {j} of single entries is not read: write 𝟏ᵀ v")
            last = columns[1] if len(columns) == 2 else Hadamard(tuple(columns[1:]))
            return Product((*map(_scalar, numbers), Transpose(columns[0]), last))
        case Entry():
            raise DeriveError("an index that is not summed over")
        case _:
            return rebuild(expr, _scalar)
