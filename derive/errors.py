"""The one root of all errors that a person who wrote the input can mend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the input; `line` and `column` count from 1.

    `source` is the whole line, where it is at hand, to be shown with a caret.
    """

    path: str
    line: int
    column: int
    source: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def moved(self, characters: int) -> Place:
        """The place so many characters to the right, on the same line."""
        return Place(self.path, self.line, self.column + characters, self.source)


class DeriveError(Exception):
    """One sentence to the person who wrote the input, with the place where there is one."""

    def __init__(self, sentence: str, place: Place | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.place = place

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" if self.place else self.sentence


@contextmanager
def located(place: Place | None) -> Iterator[None]:
    """Gives a DeriveError from inside that has no place yet the place of what was being read."""
    try:
        yield
    except DeriveError as error:
        error.place = error.place or place
        raise


class TooMuch(DeriveError):
    """What would take more memory than there is; the sentence has an estimate."""
