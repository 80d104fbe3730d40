"""Numbers with what they are to higher order, against differences."""

import math

import pytest

from derive.meaning.series import Expanded, Kink, Series

STEP = 1e-3


def curve(m, t):  # type: ignore[no-untyped-def]
    return m.sin(t * t) / (1 + m.exp(t)) + m.tanh(t) ** 3 + m.log(1 + t) * m.atan(t) + m.sqrt(2 + t)


def test_slopes_are_those_of_differences() -> None:
    reals = Expanded(math, 4)
    found = curve(reals, reals.moved(0.7))
    low, here, high = (curve(math, 0.7 + k * STEP) for k in (-1, 0, 1))
    assert found.part(0) == pytest.approx(here)
    assert found.part(1) == pytest.approx((high - low) / (2 * STEP), rel=1e-4)
    assert 2 * found.part(2) == pytest.approx((high - 2 * here + low) / STEP**2, rel=1e-3)


def test_two_small_quantities_are_kept_apart() -> None:
    first = Expanded(math, 2)
    second = Expanded(first, 2)
    a, b = first.moved(0.7), second.moved(0.3)
    found = (second.exp(a * b) * b).part(1)
    assert isinstance(found, Series)
    assert found.part(1) == pytest.approx((2 * 0.3 + 0.7 * 0.09) * math.exp(0.21))


def test_limits() -> None:
    reals = Expanded(math, 5)
    r = reals.moved(0.0)
    assert (((0.7 + r) ** 2 - 0.7**2) / r).limit() == pytest.approx(1.4)
    assert ((1 - reals.cos(r)) / r**2).limit() == pytest.approx(0.5)
    with pytest.raises(ZeroDivisionError):
        (1 / r).limit()
    with pytest.raises(Kink):
        abs(r)
