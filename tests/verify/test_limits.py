"""The time limit of a formula is heard wherever the alarm comes."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator

import pytest

from derive.verify.limits import TooLong, within

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this platform has no alarm")


def busy(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def deaf() -> Iterator[int]:
    """A generator in whose closing, by the garbage collection, no exception gets out."""
    try:
        yield 1
    finally:
        busy(0.1)


def test_the_alarm_ends_the_work() -> None:
    began = time.monotonic()
    with pytest.raises(TooLong, match=r"limit of 0\.05 seconds"):
        within(0.05, lambda: busy(10))
    assert time.monotonic() - began < 5
    assert within(10, lambda: 3) == 3


def test_an_alarm_in_a_generator_that_is_closed_comes_back() -> None:
    def work() -> None:
        generator = deaf()
        next(generator)
        del generator
        busy(10)

    began = time.monotonic()
    with pytest.raises(TooLong):
        within(0.05, work)
    assert time.monotonic() - began < 5


def test_work_that_swallows_every_exception_is_stopped_too() -> None:
    def work() -> None:
        try:
            busy(10)
        except Exception:
            busy(10)

    with pytest.raises(TooLong):
        within(0.05, work)


def test_a_limit_within_another_does_not_put_it_off() -> None:
    def work() -> None:
        for _ in range(100):
            within(10, lambda: busy(0.05))

    def again() -> None:
        with pytest.raises(TooLong, match=r"limit of 10 seconds"):
            within(10, lambda: busy(10))
        busy(10)

    began = time.monotonic()
    for whole in (work, again):
        with pytest.raises(TooLong):
            within(0.2, whole)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("seconds", [10.0, 0.02, 1e-3, 1e-4, 1e-5, 1e-6])
def test_everything_is_as_before_afterwards(seconds: float) -> None:
    """Wherever the alarm comes: at the very beginning, at the end, or in the work."""
    before = signal.getsignal(signal.SIGALRM), sys.unraisablehook
    timer = signal.getitimer(signal.ITIMER_REAL)
    for length in (0.0, seconds / 2, seconds, 2 * seconds):
        for _ in range(50 if seconds < 0.01 else 1):
            try:
                within(seconds, lambda length=length: busy(min(length, 0.1)))  # type: ignore[misc]
            except TooLong:
                assert seconds < 1
            assert (signal.getsignal(signal.SIGALRM), sys.unraisablehook) == before
            left, again = signal.getitimer(signal.ITIMER_REAL)
            assert again == timer[1] and timer[0] - 5 < left <= timer[0]


def test_another_unraisable_exception_is_still_reported() -> None:
    class Loud:
        def __del__(self) -> None:
            raise ValueError("in a destructor")

    heard: list[object] = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda args: heard.append(str(args.exc_value))
    try:
        within(10, lambda: (Loud(), None)[1])
    finally:
        sys.unraisablehook = hook
    assert heard == ["in a destructor"]
