"""A time limit for one formula, where the platform has one."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN = 0.05  # seconds after which the alarm comes back where it was not heard


class TooLong(Exception):
    """A formula took longer than its limit."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises TooLong inside the block after `seconds`; does nothing outside the main thread.

    An exception that is raised while the interpreter closes a generator or calls a destructor does not
    get out of there (Python's documentation of `sys.unraisablehook`): it is not reported, and the
    alarm comes back until it is heard. A limit within another one does not put that one off.
    """
    alarm = getattr(signal, "SIGALRM", None)
    if alarm is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    over = False

    def stop(number: int, frame: FrameType | None) -> None:
        if not over:
            raise TooLong(f"it takes longer than the limit of {seconds:g} seconds")

    def unheard(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, TooLong):
            hook(unraisable)

    hook = sys.unraisablehook
    began = time.monotonic()
    left, again = signal.setitimer(signal.ITIMER_REAL, 0)
    before = signal.signal(alarm, stop)
    sys.unraisablehook = unheard
    signal.setitimer(signal.ITIMER_REAL, min(seconds, left or seconds), AGAIN)
    try:
        try:
            yield
        finally:
            over = True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(alarm, before)
        sys.unraisablehook = hook
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left + began - time.monotonic(), AGAIN), again)
