"""What a user may fix of a verification."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may fix: T, the layout, definitions from outside; `seconds` bounds one formula.

    `others` says whether a false line is also judged by the other of two definitions in conflict.
    `read` asks for the names of the page as they were taken, `why` for more on the formulas of these
    lines or with these ids.
    """

    horizon: int | None = None
    layout: str | None = None
    model: tuple[tuple[str, str], ...] = ()
    repairs: bool = True
    others: bool = True
    seconds: float = 10.0
    read: bool = False
    why: tuple[str, ...] = ()
