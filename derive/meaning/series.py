"""Numbers with what they are to first and higher order in one small quantity ε: a_0 + a_1 ε + a_2 ε² + …, perhaps from a negative power on.

A world whose numbers are such series knows how each of its values changes with ε: its slope by a member that is moved by ε, or what a
formula tends to as ε goes to 0. The coefficients are numbers of any kind, series of another small quantity among them.
"""  # noqa: E501

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

NEGLIGIBLE = 1e-9


class Kink(Exception):
    """A comparison that the small quantity itself decides: from the two sides there are two limits."""


class Series:
    """`parts`: the coefficients of ε^shift, ε^(shift+1), …; what stands beyond them is not known.

    `level` tells one small quantity from another: the coefficients are numbers, or series of a lower level.
    """

    __slots__ = ("level", "parts", "shift")

    def __init__(self, parts: tuple[Any, ...], shift: int = 0, level: int = 1) -> None:
        self.parts, self.shift, self.level = parts, shift, level

    def _made(self, parts: Iterable[Any], shift: int = 0) -> Series:
        return Series(tuple(parts), shift, self.level)

    def part(self, power: int) -> Any:
        """The coefficient of a power of ε. Raises ZeroDivisionError where too many were lost by divisions."""  # noqa: E501
        place = power - self.shift
        if place >= len(self.parts):
            raise ZeroDivisionError("too few terms of a series")
        return self.parts[place] if place >= 0 else 0

    @property
    def end(self) -> int:
        return self.shift + len(self.parts)

    def limit(self) -> Any:
        """What it tends to. Raises ZeroDivisionError where that is not finite."""
        found = self._without_zeros()
        if found is None:
            return self.part(0)
        if found.shift < 0:
            raise ZeroDivisionError("no finite limit")
        return found.part(0) if found.end > 0 else 0

    def _without_zeros(self) -> Series | None:
        """Without the leading coefficients that are 0 but for rounding; None where all are."""
        most = max((_size(p) for p in self.parts), default=0)
        for i, p in enumerate(self.parts):
            if _size(p) > NEGLIGIBLE * most:
                return self._made(self.parts[i:], self.shift + i)
        return None

    # -- arithmetic ---------------------------------------------------------------------------------

    def _is_within(self, other: Any) -> bool:
        """Whether this is a coefficient beside another series."""
        return isinstance(other, Series) and other.level > self.level

    def _is_beside(self, other: Any) -> bool:
        return isinstance(other, Series) and other.level == self.level

    def __add__(self, other: Any) -> Series:
        if self._is_within(other):
            added: Series = other + self
            return added
        if not self._is_beside(other):
            if self.end <= 0:
                return self
            other = self._made((other, *(0 * other for _ in range(self.end - 1))))
        low, high = min(self.shift, other.shift), min(self.end, other.end)
        return self._made((self.part(n) + other.part(n) for n in range(low, high)), low)

    __radd__ = __add__

    def __neg__(self) -> Series:
        return self._made((-p for p in self.parts), self.shift)

    def __sub__(self, other: Any) -> Series:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Series:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Series:
        if self._is_within(other):
            multiplied: Series = other * self
            return multiplied
        if not self._is_beside(other):
            return self._made((p * other for p in self.parts), self.shift)
        n = min(len(self.parts), len(other.parts))
        parts = (sum(self.parts[i] * other.parts[k - i] for i in range(k + 1)) for k in range(n))
        return self._made(parts, self.shift + other.shift)

    __rmul__ = __mul__

    def _inverse(self) -> Series:
        own = self._without_zeros()
        if own is None:
            raise ZeroDivisionError("a division by what tends to 0 faster than is known")
        first = 1 / own.parts[0]
        found = [first]
        for k in range(1, len(own.parts)):
            found.append(-first * sum(own.parts[i] * found[k - i] for i in range(1, k + 1)))
        return self._made(found, -own.shift)

    def __truediv__(self, other: Any) -> Series:
        if isinstance(other, Series):
            return self.__mul__(other._inverse())
        return self.__mul__(1 / other)

    def __rtruediv__(self, other: Any) -> Series:
        return self._inverse().__mul__(other)

    def __pow__(self, exponent: Any) -> Series:
        if isinstance(exponent, int):
            if not exponent:
                return self._made((1 + 0 * self.parts[0], *(0 * p for p in self.parts[1:])))
            base = found = self if exponent > 0 else self._inverse()
            for _ in range(abs(exponent) - 1):
                found = found * base
            return found
        return exp(log(self) * exponent)

    def __rpow__(self, base: Any) -> Series:
        return exp(self * _plain(base, "log"))

    # -- order --------------------------------------------------------------------------------------

    def _first(self, other: Any) -> Any:
        """The number that decides a comparison with `other`."""
        apart = self - other
        here = apart.part(0) if apart.shift <= 0 else 0
        if _size(here) <= NEGLIGIBLE and any(_size(p) > NEGLIGIBLE for p in apart.parts):
            raise Kink("a comparison at a kink")
        return here

    def __lt__(self, other: Any) -> bool:
        return bool(self._first(other) < 0)

    def __gt__(self, other: Any) -> bool:
        return bool(self._first(other) > 0)

    def __le__(self, other: Any) -> bool:
        return bool(self._first(other) <= 0)

    def __ge__(self, other: Any) -> bool:
        return bool(self._first(other) >= 0)

    def __eq__(self, other: object) -> bool:
        return bool(self._first(other) == 0)

    def __hash__(self) -> int:
        return hash((self.parts, self.shift, self.level))

    def __bool__(self) -> bool:
        return any(bool(p) for p in self.parts)

    def __abs__(self) -> Series:
        return -self if self < 0 else self


def _size(x: Any) -> Any:
    return max(map(_size, x.parts), default=0) if isinstance(x, Series) else abs(x)


def _base(x: Any) -> Any:
    """The module of the numbers that a series is of."""
    while isinstance(x, Series):
        x = x.parts[0]
    if isinstance(x, int | float):
        return math
    import mpmath

    return mpmath


def _plain(x: Any, name: str) -> Any:
    """A function of a coefficient, which may be a series itself."""
    return FUNCTIONS[name](x) if isinstance(x, Series) else getattr(_base(x), name)(x)


def _regular(x: Series) -> tuple[Any, ...]:
    """The coefficients from ε^0 on. Raises ZeroDivisionError where there is no finite limit."""
    own = x._without_zeros()
    if own is None:
        return x.parts if x.shift >= 0 else tuple(x.part(n) for n in range(max(x.end, 1)))
    if own.shift < 0:
        raise ZeroDivisionError("no finite limit")
    return tuple(x.part(n) for n in range(x.end))


def exp(x: Series) -> Series:
    a = _regular(x)
    found = [_plain(a[0], "exp")]
    for n in range(1, len(a)):
        found.append(sum(k * a[k] * found[n - k] for k in range(1, n + 1)) * (1 / n))
    return x._made(found)


def _integrated(x: Series, name: str, below: Callable[[Series], Series]) -> Series:
    """A function whose slope is one over another's value: from its own value at ε = 0."""
    a = _regular(x)
    first = _plain(a[0], name)
    if len(a) == 1:
        return x._made((first,))
    slope = x._made(n * a[n] for n in range(1, len(a))) / below(x._made(a))
    return x._made((first, *(slope.part(n - 1) * (1 / n) for n in range(1, len(a)))))


def log(x: Series) -> Series:
    return _integrated(x, "log", lambda a: a)


def atan(x: Series) -> Series:
    return _integrated(x, "atan", lambda a: 1 + a * a)


def sqrt(x: Series) -> Series:
    return exp(log(x) * 0.5)


def _circular(x: Series, sign: int, names: tuple[str, str]) -> tuple[Series, Series]:
    """sin and cos (sign -1), sinh and cosh (sign 1): s' = c a', c' = sign s a'."""
    a = _regular(x)
    s, c = [_plain(a[0], names[0])], [_plain(a[0], names[1])]
    for n in range(1, len(a)):
        s.append(sum(k * a[k] * c[n - k] for k in range(1, n + 1)) * (1 / n))
        c.append(sign * sum(k * a[k] * s[n - k] for k in range(1, n + 1)) * (1 / n))
    return x._made(s), x._made(c)


def sin(x: Series) -> Series:
    return _circular(x, -1, ("sin", "cos"))[0]


def cos(x: Series) -> Series:
    return _circular(x, -1, ("sin", "cos"))[1]


def sinh(x: Series) -> Series:
    return _circular(x, 1, ("sinh", "cosh"))[0]


def cosh(x: Series) -> Series:
    return _circular(x, 1, ("sinh", "cosh"))[1]


def tanh(x: Series) -> Series:
    s, c = _circular(x, 1, ("sinh", "cosh"))
    return s / c


def tan(x: Series) -> Series:
    s, c = _circular(x, -1, ("sin", "cos"))
    return s / c


FUNCTIONS: dict[str, Callable[[Series], Series]] = {
    f.__name__: f for f in (exp, log, sqrt, sin, cos, tan, sinh, cosh, tanh, atan)
}


class Expanded:
    """The functions of series whose coefficients are numbers of another module, to `terms` terms."""

    def __init__(self, reals: Any, terms: int) -> None:
        self.reals, self.terms = reals, terms
        self.e, self.pi = reals.e, reals.pi
        self.level: int = getattr(reals, "level", 0) + 1

    def mpf(self, value: Any) -> Any:
        """A constant."""
        return value if self.reals is math else self.reals.mpf(value)

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        def applied(x: Any) -> Any:
            return FUNCTIONS[name](x) if isinstance(x, Series) else getattr(self.reals, name)(x)

        if name not in FUNCTIONS:
            raise AttributeError(name)
        return applied

    def held(self, x: Any) -> Any:
        """A value through which no change goes: its constant part."""
        return _regular(x)[0] if isinstance(x, Series) else x

    def moved(self, value: Any) -> Series:
        """value + ε."""
        one = 0 * value + 1
        parts = (value, one, *(0 * value for _ in range(self.terms - 2)))
        return Series(parts, 0, self.level)


__all__ = ["Expanded", "Kink", "Series"]
