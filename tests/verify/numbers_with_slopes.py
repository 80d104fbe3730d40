"""Dual numbers: a value with its exact derivatives by a few perturbations, and matrices of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath

mpmath.mp.dps = 40


class Mismatch(Exception):
    """Shapes that do not fit: the formula has no value."""


@dataclass(frozen=True)
class Dual:
    """value + Σ slopes[i] ε_i with ε_i ε_j = 0."""

    value: Any
    slopes: tuple[Any, ...]

    def __add__(self, other: Any) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value + other, self.slopes)
        pairs = zip(self.slopes, other.slopes, strict=True)
        return Dual(self.value + other.value, tuple(a + b for a, b in pairs))

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return self * -1

    def __sub__(self, other: Any) -> Dual:
        return self + (-1 * other)

    def __mul__(self, other: Any) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value * other, tuple(a * other for a in self.slopes))
        pairs = zip(self.slopes, other.slopes, strict=True)
        slopes = tuple(a * other.value + self.value * b for a, b in pairs)
        return Dual(self.value * other.value, slopes)

    __rmul__ = __mul__


def value_of(number: Any) -> Any:
    return number.value if isinstance(number, Dual) else number


def slopes_of(number: Any, count: int) -> tuple[Any, ...]:
    return number.slopes if isinstance(number, Dual) else (0,) * count


def lifted(number: Any, value: Any, slope: Any) -> Any:
    """f(number) where f has that value and that slope there."""
    if isinstance(number, Dual):
        return Dual(value, tuple(slope * a for a in number.slopes))
    return value


def power(base: Any, exponent: int) -> Any:
    """base to a whole power; 1/0 is a Mismatch."""
    value = value_of(base)
    if exponent < 0 and not value:
        raise Mismatch("division by zero")
    if isinstance(value, int):
        value = Fraction(value)
    slope = exponent * value ** (exponent - 1) if exponent and (value or exponent > 1) else exponent
    return lifted(base, value**exponent, slope)


def _sigma(a: Any) -> Any:
    return 1 / (1 + mpmath.exp(-a))


SMOOTH = {
    "\\tanh": (mpmath.tanh, lambda a: 1 / mpmath.cosh(a) ** 2),
    "\\sigma": (_sigma, lambda a: mpmath.exp(-a) * _sigma(a) ** 2),
    "\\exp": (mpmath.exp, mpmath.exp),
    "\\ln": (mpmath.log, lambda a: 1 / a),
    "\\log": (mpmath.log, lambda a: 1 / a),
    "\\sinh": (mpmath.sinh, mpmath.cosh),
    "\\cosh": (mpmath.cosh, mpmath.sinh),
    "\\sin": (mpmath.sin, mpmath.cos),
    "\\cos": (mpmath.cos, lambda a: -mpmath.sin(a)),
}


def smooth(name: str, number: Any, slopes: int) -> Any:
    """An elementary function, or with `slopes` 1 its derivative (of a plain number only)."""
    value = value_of(number)
    if isinstance(value, int | Fraction):
        value = mpmath.mpf(Fraction(value).numerator) / Fraction(value).denominator
    function, slope = SMOOTH[name]
    if slopes:
        if isinstance(number, Dual):
            raise Mismatch("second order")
        return slope(value)
    return lifted(number, function(value), slope(value))


@dataclass(frozen=True)
class Matrix:
    """Rows of numbers; `loose` says that a 1×1 matrix was taken for a number on the way."""

    rows: tuple[tuple[Any, ...], ...]
    loose: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.rows[0])


def scaled(factor: Any, matrix: Matrix, loose: bool = False) -> Matrix:
    rows = tuple(tuple(factor * a for a in row) for row in matrix.rows)
    return Matrix(rows, loose or matrix.loose)


def transposed(a: Any) -> Any:
    return Matrix(tuple(zip(*a.rows, strict=True)), a.loose) if isinstance(a, Matrix) else a


def times(a: Any, b: Any) -> Any:
    """The product of numbers and matrices in this order."""
    if not isinstance(a, Matrix):
        return scaled(a, b) if isinstance(b, Matrix) else a * b
    if not isinstance(b, Matrix):
        return scaled(b, a)
    loose = a.loose or b.loose
    if a.shape[1] == b.shape[0]:
        columns = tuple(zip(*b.rows, strict=True))
        rows = tuple(
            tuple(sum(x * y for x, y in zip(row, column, strict=True)) for column in columns)
            for row in a.rows
        )
        return Matrix(rows, loose)
    if a.shape == (1, 1):
        return scaled(a.rows[0][0], b, loose=True)
    if b.shape == (1, 1):
        return scaled(b.rows[0][0], a, loose=True)
    raise Mismatch(f"a product of {a.shape} and {b.shape}")


def plus(a: Any, b: Any) -> Any:
    """The sum; a number beside a square matrix is that number times the identity."""
    if not isinstance(a, Matrix) and not isinstance(b, Matrix):
        return a + b
    a, b = _as_matrix(a, b), _as_matrix(b, a)
    if a.shape != b.shape:
        raise Mismatch(f"a sum of {a.shape} and {b.shape}")
    rows = tuple(
        tuple(x + y for x, y in zip(p, q, strict=True)) for p, q in zip(a.rows, b.rows, strict=True)
    )
    return Matrix(rows, a.loose or b.loose)


def _as_matrix(a: Any, like: Any) -> Matrix:
    if isinstance(a, Matrix):
        return a
    high, wide = like.shape
    if a and high != wide:
        raise Mismatch("a number beside a matrix that is not square")
    return Matrix(tuple(tuple(a if i == j else 0 for j in range(wide)) for i in range(high)))


def is_zero(a: Any, scale: Any = 1) -> bool:
    """Whether a number, or all entries of a matrix, are 0 (40 digits for real numbers)."""
    if isinstance(a, Matrix):
        return all(is_zero(x, scale) for row in a.rows for x in row)
    if isinstance(a, Dual):
        return is_zero(a.value, scale) and all(is_zero(x, scale) for x in a.slopes)
    if isinstance(a, mpmath.mpf):
        return bool(abs(a) < mpmath.mpf(10) ** -25 * (1 + scale))
    return not a


def size(a: Any) -> Any:
    """The largest absolute entry."""
    if isinstance(a, Matrix):
        return max(size(x) for row in a.rows for x in row)
    return abs(value_of(a))
