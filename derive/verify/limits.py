"""A time limit for one formula, where the platform has one."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")
AGAIN = 0.05  # seconds after which the alarm comes back where it was not heard


class TooLong(Exception):
    """A formula took longer than its limit."""


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """What `work` returns; TooLong after `seconds`. Outside the main thread there is no limit.

    An exception that is raised while the interpreter closes a generator or calls a destructor does not
    get out of there (Python's documentation of `sys.unraisablehook`): it is not reported, and the
    alarm comes back until it is heard. A limit within another one does not put that one off. No
    context manager: an alarm between its beginning and the block would never be switched off.
    """
    alarm = getattr(signal, "SIGALRM", None)
    if alarm is None or threading.current_thread() is not threading.main_thread():
        return work()
    over = False

    def stop(number: int, frame: FrameType | None) -> None:
        if not over:
            raise TooLong(f"it takes longer than the limit of {seconds:g} seconds")

    def unheard(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, TooLong):
            hook(unraisable)

    began = time.monotonic()
    left, again = signal.setitimer(signal.ITIMER_REAL, 0)
    hook = sys.unraisablehook
    before = signal.getsignal(alarm)
    try:
        sys.unraisablehook = unheard
        signal.signal(alarm, stop)
        signal.setitimer(signal.ITIMER_REAL, min(seconds, left or seconds), AGAIN)
        try:
            return work()
        finally:
            over = True
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(alarm, signal.SIG_DFL if before is None else before)
        sys.unraisablehook = hook
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left + began - time.monotonic(), AGAIN), again)
