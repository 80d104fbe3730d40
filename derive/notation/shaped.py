"""Scalars, vectors, matrices and Jacobians as families of numbers: the surface's products become sums over indices.

A value has axes, each a letter that is free in its body. A derivative knows what it is of and by, so that ∂a/∂b ∂b/∂c
contracts over b whichever way a page lays Jacobians out.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from derive.algebra.core import (
    ONE,
    At,
    Chain,
    Core,
    Delta,
    Num,
    Pow,
    Ref,
    add,
    fresh,
    move,
    mul,
    summed,
)
from derive.algebra.expression import Time

MOST_FACTORS = 6
ROWWISE = "a vector beside a matrix goes with each of its rows"
HELD_BESIDE = "the derivative of a matrix times a vector is that of their product, the vector held"
COLUMNWISE = "a vector beside a matrix goes with each of its columns"


class Misfit(Exception):
    """Shapes that do not fit; the sentence says which."""


LAYER_SIZE = re.compile(r"([A-Za-z]|\\[a-z]+)[_^]\{?[(\[]?(?:\d|(?:l|\\ell|L)(?:[+-]1)?)[)\]]?\}?")


def stated(size: str, layered: frozenset[str]) -> str:
    """The dimension that a size names: d_0, d_{l-1} and d_L are all the d of their layer, where `layered` has d."""  # noqa: E501
    found = LAYER_SIZE.fullmatch(size.replace(" ", ""))
    return f"dim:{found[1] if found and found[1] in layered else size}"


class Dims:
    """Dimensions of a page: names that formulas show to be equal are one."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._fixed: set[str] = set()
        self.said: dict[str, None] = {}  # what was supposed of shapes that the page does not state
        self.across = False  # a vector beside a matrix goes with its columns, where nothing tells
        self.loose = (
            False  # the page's own dimensions contradict each other: none is held to be another's
        )

    def find(self, dim: str) -> str:
        if "+" in dim:
            return "+".join(self.find(d) for d in dim.split("+"))
        while dim in self._of:
            dim = self._of[dim]
        return self.find(dim) if "+" in dim else dim

    def fix(self, dim: str) -> None:
        """A dimension that the page names: two such are never one."""
        self._fixed.add(dim)

    def alias(self, made: str, dim: str) -> None:
        """A dimension of a name that the page states."""
        self._of[made] = dim
        if dim.startswith("dim:"):
            self._fixed.add(dim)

    def copy(self) -> Dims:
        other = Dims()
        other._of, other._fixed, other.loose = dict(self._of), set(self._fixed), self.loose
        other.said, other.across = dict(self.said), self.across
        return other

    def suppose(self, said: str) -> None:
        """A reading of shapes that the page does not settle."""
        self.said[said] = None

    def is_merged(self, dim: str) -> bool:
        """Whether two dimensions that the page names were made one, since its shapes contradict each other."""  # noqa: E501
        own = self.find(dim)
        return self.loose and sum(self.find(d) == own for d in self._fixed) > 1

    def may_be(self, a: str, b: str) -> bool:
        """Whether two dimensions may be one."""
        try:
            self.copy().unify(a, b)
        except Misfit:
            return False
        return True

    def unify(self, a: str, b: str) -> None:
        """Raises Misfit where both are named and differ."""
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        if "+" in a or "+" in b:
            self._unify_sums(a, b)
        elif a in self._fixed and b in self._fixed and not self.loose:
            raise Misfit(f"{_plain(a)} entries beside {_plain(b)}")
        elif a in self._fixed or (b.startswith("\\,") and b not in self._fixed):
            self._of[b] = a
        else:
            self._of[a] = b

    @property
    def known(self) -> frozenset[tuple[str, str]]:
        """Which named dimensions are one, those that only a formula made left out."""
        return frozenset((a, self.find(a)) for a in self._of if not a.startswith("\\,"))

    def _unify_sums(self, a: str, b: str) -> None:
        one, other = a.split("+"), b.split("+")
        if len(one) == len(other):
            for p, q in zip(one, other, strict=True):
                self.unify(p, q)
        elif len(one) == 1 and a not in self._fixed and a not in other:
            self._of[a] = b
        elif len(other) == 1 and b not in self._fixed and b not in one:
            self._of[b] = a
        else:
            raise Misfit("what is stacked has another number of entries")


def _plain(dim: str) -> str:
    return dim.split(":")[-1]


@dataclass(frozen=True, slots=True)
class Axis:
    letter: str
    dim: str


@dataclass(frozen=True, slots=True)
class Val:
    """A formula with its axes. `row`: a vector that is transposed. `of`, `by`: what a derivative is of and by, with the number of axes
    of each (the first `of` axes and then the `by` axes); `loose`: a gradient, which may lie or stand."""  # noqa: E501

    axes: tuple[Axis, ...]
    body: Core
    row: bool = False
    of: tuple[Core, int] | None = None
    by: tuple[Core, int] | None = None
    loose: bool = False
    flipped: bool = False
    across: bool = False  # a number for each row of a matrix: beside one it stands in each column

    @property
    def rank(self) -> int:
        return len(self.axes)


def scalar(body: Core) -> Val:
    return Val((), body)


def renamed(v: Val) -> Val:
    """The same value with letters of its own."""
    table = {a.letter: fresh() for a in v.axes}
    moved = move(v.body, {a: Time.of(b) for a, b in table.items()})
    return replace(v, axes=tuple(Axis(table[a.letter], a.dim) for a in v.axes), body=moved)


def with_letters(v: Val, letters: Sequence[str]) -> Core:
    """The body with the axes' letters replaced."""
    return move(v.body, {a.letter: Time.of(b) for a, b in zip(v.axes, letters, strict=True)})


def vector(make: Callable[[Time], Core], dim: str) -> Val:
    letter = fresh()
    return Val((Axis(letter, dim),), make(Time.of(letter)))


def each(change: Callable[[Core], Core], v: Val) -> Val:
    """A function applied entry by entry."""
    return Val(v.axes, change(v.body), v.row, loose=v.loose)


def transposed(v: Val) -> Val:
    if v.rank == 1:
        return replace(v, row=not v.row, loose=False, of=None, by=None)
    if v.rank == 2:
        return (
            Val((v.axes[1], v.axes[0]), v.body, of=v.by, by=v.of)
            if v.of is None
            else Val((v.axes[1], v.axes[0]), v.body)
        )
    if v.rank == 0:
        return v
    raise Misfit("the transpose of what has three indices")


def aligned(a: Val, b: Val, dims: Dims) -> Core:
    """The body of b in the letters of a's axes. Raises Misfit where the shapes differ."""
    if a.rank != b.rank:
        raise Misfit(f"{spoken(a)} beside {spoken(b)}")
    for p, q in zip(a.axes, b.axes, strict=True):
        dims.unify(p.dim, q.dim)
    return with_letters(b, [p.letter for p in a.axes])


def spoken(v: Val) -> str:
    return ("a number", "a vector", "a matrix", "an array with three indices")[min(v.rank, 3)]


def plus(values: Sequence[Val], dims: Dims) -> Val:
    """The sum; a number beside a vector is added to every entry; a vector beside a Jacobian of its size is its diagonal."""  # noqa: E501
    widest = renamed(max(values, key=lambda v: v.rank))
    terms = []
    for v in values:
        terms.append(_spread(v, widest, dims))
    return replace(widest, body=add(terms))


def _spread(v: Val, like: Val, dims: Dims) -> Core:
    if v.rank == like.rank:
        return aligned(like, v, dims)
    if v.rank == 0:
        return v.body
    if v.rank == 1 and like.rank == 2:
        return _diagonal_of(v, like, dims) if is_jacobian(like) else along(v, like, dims)
    raise Misfit(f"{spoken(v)} beside {spoken(like)}")


def is_jacobian(v: Val) -> bool:
    """Whether a matrix is the derivative of a vector by a vector."""
    return any(tag is not None and tag[1] == 1 for tag in (v.of, v.by))


def along(v: Val, like: Val, dims: Dims) -> Core:
    """A vector repeated in each row of a matrix, or in each column: as its length says, else as it lies or stands."""  # noqa: E501
    (own,) = v.axes
    same = [k for k, a in enumerate(like.axes) if dims.find(a.dim) == dims.find(own.dim)]
    fit = same or [k for k, a in enumerate(like.axes) if dims.may_be(a.dim, own.dim)]
    if not fit:
        raise Misfit("a vector beside a matrix")
    place = fit[-1]
    if len(fit) > 1 and v.across:
        place = 0
    elif len(fit) > 1 and not v.row and v.body != ONE:
        place = 0 if dims.across else 1
        dims.suppose(COLUMNWISE if dims.across else ROWWISE)
    axis = like.axes[place]
    dims.unify(axis.dim, own.dim)
    return with_letters(v, [axis.letter])


def _diagonal_of(v: Val, like: Val, dims: Dims) -> Core:
    a, b = like.axes
    dims.unify(a.dim, b.dim)
    dims.unify(a.dim, v.axes[0].dim)
    return mul((with_letters(v, [a.letter]), Delta(Time.of(a.letter), Time.of(b.letter))))


def hadamard(x: Val, y: Val, dims: Dims) -> Val:
    """Entry by entry; a vector beside a Jacobian scales its rows (what it is of)."""
    if x.rank == 0 or y.rank == 0:
        return scaled(x, y)
    x, y = renamed(x), renamed(y)
    if x.rank == y.rank:
        return Val(x.axes, mul((x.body, aligned(x, y, dims))), row=x.row and y.row)
    small, large = (x, y) if x.rank < y.rank else (y, x)
    if small.rank == 1 and large.of is not None and large.of[1] == 1:
        first = large.axes[1 if large.flipped else 0]
        dims.unify(small.axes[0].dim, first.dim)
        return replace(large, body=mul((with_letters(small, [first.letter]), large.body)))
    if (
        small.rank == 2
        and large.of is not None
        and large.by is not None
        and large.of[1] == large.by[1] == 2
    ):
        return hadamard(small, _entrywise(large, dims), dims)
    if small.rank == 1 and large.rank == 2:
        return Val(large.axes, mul((along(small, large, dims), large.body)))
    raise Misfit(f"{spoken(x)} times {spoken(y)}, entry by entry")


def _entrywise(v: Val, dims: Dims) -> Val:
    """∂A/∂Z of two matrices beside ⊙: of each entry by its own."""
    a, b, c, d = v.axes
    dims.unify(a.dim, c.dim)
    dims.unify(b.dim, d.dim)
    dims.suppose("the derivative of a matrix by another beside ⊙ is taken entry by entry")
    table = {c.letter: Time.of(a.letter), d.letter: Time.of(b.letter)}
    return Val((a, b), move(v.body, table))


def scaled(x: Val, y: Val) -> Val:
    many = y if x.rank == 0 else x
    return replace(many, body=mul((x.body, y.body)), of=many.of, by=many.by)


def contracted(
    x: Val, y: Val, p: int, q: int, dims: Dims
) -> tuple[tuple[Axis, ...], tuple[Axis, ...], Core]:
    """Σ over axis p of x and axis q of y; the axes that are left, and the body."""
    x, y = renamed(x), renamed(y)
    a, b = x.axes[p], y.axes[q]
    dims.unify(a.dim, b.dim)
    body = mul((x.body, move(y.body, {b.letter: Time.of(a.letter)})))
    left = tuple(axis for i, axis in enumerate(x.axes) if i != p)
    right = tuple(axis for i, axis in enumerate(y.axes) if i != q)
    return left, right, summed(a.letter, a.dim, body)


def meeting(x: Val, y: Val) -> str:
    """How two derivatives meet: "outer" as ∂a/∂b ∂b/∂c, "inner" as ∂b/∂c ∂a/∂b; empty where they do not."""
    if x.by is not None and y.of is not None and x.by == y.of and x.by[1] == y.of[1]:
        return "outer"
    if x.of is not None and y.by is not None and x.of == y.by and x.of[1] == y.by[1]:
        return "inner"
    return ""


def has_order(x: Val, y: Val) -> bool:
    """Whether one of two derivatives is of a vector by a vector, so that in another order they are another product."""  # noqa: E501
    ends = [end[1] for v in (x, y) for end in (v.of, v.by) if end is not None]
    return 2 in (x.rank, y.rank) and max(ends, default=2) == 1


def chained(x: Val, y: Val, dims: Dims, first: str = "") -> Val | None:
    """∂a/∂b ∂b/∂c, or ∂b/∂c ∂a/∂b as the denominator layout has it; None where the two do not meet.

    `first`: which of two Jacobians stands first, "outer" or "inner"; empty where either may."""
    found = meeting(x, y)
    if not found or (first and found != first and has_order(x, y)):
        return None
    return _joined(x, y, dims) if found == "outer" else _joined(y, x, dims)


def _joined(x: Val, y: Val, dims: Dims) -> Val:
    """x: ∂a/∂b, y: ∂b/∂c."""
    assert x.by is not None and y.of is not None
    flipped = x.flipped or y.flipped
    x, y = _unflipped(renamed(x)), _unflipped(renamed(y))
    n = x.by[1]  # type: ignore[index]
    shared, outer, inner = (
        x.axes[len(x.axes) - n :] if n else (),
        x.axes[: len(x.axes) - n],
        y.axes[n:],
    )
    table = {}
    for a, b in zip(shared, y.axes[:n], strict=True):
        dims.unify(a.dim, b.dim)
        table[b.letter] = Time.of(a.letter)
    body = mul((x.body, move(y.body, table)))
    for a in shared:
        body = summed(a.letter, a.dim, body)
    of, by = (x.of[0], len(outer)) if x.of else None, (y.by[0], len(inner)) if y.by else None
    if flipped and len(outer) == len(inner) == 1:
        return Val(inner + outer, body, of=of, by=by, flipped=True)
    return Val(outer + inner, body, of=of, by=by, loose=not outer and len(inner) == 1)


def _unflipped(v: Val) -> Val:
    return replace(v, axes=(v.axes[1], v.axes[0]), flipped=False) if v.flipped else v


def product(x: Val, y: Val, dims: Dims, dot: str, columns: bool, first: str = "") -> Val:
    """x y as a page writes it. `dot`: what a product of two standing vectors is, "each" or "inner"; `columns`: gradients stand;
    `first`: which of two Jacobians that meet stands first."""  # noqa: E501
    met = chained(x, y, dims, first)
    if met is not None:
        return met
    if x.rank == 0 or y.rank == 0:
        return scaled(x, y)
    if x.rank == 1 and y.rank == 1:
        return _vectors(x, y, dims, dot, columns)
    if {x.rank, y.rank} == {1, 2}:
        return _vector_and_matrix(x, y, dims)
    if x.rank == 2 and y.rank == 2:
        left, right, body = contracted(x, y, 1, 0, dims)
        return Val(left + right, body)
    return _tensors(x, y, dims)


def _vector_and_matrix(x: Val, y: Val, dims: Dims) -> Val:
    """A vector times a matrix; where its length is that of the other axis alone, each row (column) is multiplied by it."""  # noqa: E501
    try:
        if x.rank == 2:
            left, _, body = contracted(x, y, 1, 0, dims)
            return Val(left, body, row=y.row)
        if not x.row and dims.find(y.axes[0].dim) == "1" != dims.find(x.axes[0].dim):
            x, y = renamed(x), renamed(y)  # a column times a matrix of one row
            own, other = y.axes
            entry = move(y.body, {own.letter: Time.at(1)})
            return Val((x.axes[0], other), mul((x.body, entry)))
        _, right, body = contracted(x, y, 0, 0, dims)
        return Val(right, body, row=x.row)
    except Misfit:
        if x.rank == 2 or is_jacobian(y):
            raise
        found = hadamard(x, y, dims)
        dims.suppose("a vector before a matrix multiplies it entry by entry")
        return found


def _vectors(x: Val, y: Val, dims: Dims, dot: str, columns: bool) -> Val:
    """aᵀ b and a bᵀ: a number and a matrix where vectors stand, the other way round where they lie."""
    if x.row != y.row:
        if x.row == columns:
            _, _, body = contracted(x, y, 0, 0, dims)
            return scalar(body)
        x, y = renamed(x), renamed(y)
        return Val(x.axes + y.axes, mul((x.body, y.body)))
    if dot == "inner":
        _, _, body = contracted(x, y, 0, 0, dims)
        return scalar(body)
    if not dims.may_be(x.axes[0].dim, y.axes[0].dim):
        dims.suppose("a product of vectors of two lengths is their outer product")
        x, y = renamed(x), renamed(y)
        return Val(x.axes + y.axes, mul((x.body, y.body)))
    return hadamard(x, y, dims)


def _tensors(x: Val, y: Val, dims: Dims) -> Val:
    """A gradient, or a Jacobian, times ∂z/∂W: the sum over z."""
    for small, large in ((x, y), (y, x)):
        if small.rank == 1 and large.rank == 3 and large.of is not None and large.of[1] == 1:
            _, right, body = contracted(small, large, 0, 0, dims)
            return Val(right, body, by=(large.by[0], 2) if large.by else None)
    for small, large in ((x, y), (y, x)):
        if small.rank == 2 and large.rank == 3 and large.of is not None and large.of[1] == 1:
            left, right, body = contracted(small, large, 1 if small is x else 0, 0, dims)
            of = small.of if small.of is not None and small is x else (Ref(fresh("of")), 1)
            return Val(left + right, body, of=of, by=large.by)
        if small.rank == 1 and large.rank == 3 and large.of is not None and large.of[1] == 2:
            left, right, body = contracted(large, small, 1 if small is y else 0, 0, dims)
            dims.suppose(
                "the derivative of a matrix times a vector is that of their product, the vector held"
            )
            return Val(left, body, of=(Ref(fresh("of")), 1), by=large.by)
    raise Misfit(f"{spoken(x)} times {spoken(y)}")


def total(v: Val) -> Core:
    """The sum of all entries."""
    body = v.body
    for a in v.axes:
        body = summed(a.letter, a.dim, body)
    return body


def row_sums(v: Val) -> Val:
    """The sum of each row of a matrix."""
    if v.rank != 2:
        raise Misfit("the rows of what is no matrix")
    v = renamed(v)
    own, other = v.axes
    return Val((own,), summed(other.letter, other.dim, v.body), across=True)


def diagonal(v: Val) -> Val:
    """diag of a vector; of a matrix, its diagonal."""
    v = renamed(v)
    if v.rank == 1:
        (a,) = v.axes
        b = Axis(fresh(), a.dim)
        return Val((a, b), mul((v.body, Delta(Time.of(a.letter), Time.of(b.letter)))))
    raise Misfit("diag of what is no vector")


def power(v: Val, exponent: Core, dims: Dims) -> Val:
    """A power of a number, of each entry of a vector or of a matrix that is not square, of a square matrix by a whole number."""  # noqa: E501
    if v.rank <= 1:
        return each(lambda b: Pow(b, exponent), v)
    if v.rank == 2 and not dims.may_be(v.axes[0].dim, v.axes[1].dim):
        return each(lambda b: Pow(b, exponent), v)
    if isinstance(exponent, Num):
        count = int(exponent.value) if exponent.value.denominator == 1 else 0
        last = Time.at(count)
    else:
        count, last = MOST_FACTORS + 1, exponent.index if isinstance(exponent, At) else Time()
    if v.rank != 2 or count < 1 or not isinstance(exponent, Num | At):
        raise Misfit("a power of a matrix")
    dims.unify(v.axes[0].dim, v.axes[1].dim)
    if count <= MOST_FACTORS:
        found = v
        for _ in range(count - 1):
            found = product(found, v, dims, "each", True)
        return found
    v = renamed(v)
    a, b = v.axes
    row, col = Axis(fresh(), a.dim), Axis(fresh(), a.dim)
    at = Time.of(row.letter), Time.of(col.letter)
    return Val((row, col), Chain(fresh(), Time.at(1), last, a.letter, b.letter, a.dim, v.body, at))
