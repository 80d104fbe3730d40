"""Documents that are written as they are made.

In a long document a text that need not be there as a whole, a numbered line or a sum of T terms, is
a mark until it is written; then it is made, piece by piece, and forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

MARK = re.compile("\x04([0-9]+)\x05")


class Streams:
    """The texts that the marks of one document stand for."""

    def __init__(self) -> None:
        self._made: list[Callable[[], Iterable[str]]] = []

    def mark(self, make: Callable[[], Iterable[str]]) -> str:
        """What stands in the document for the pieces of text that `make` gives."""
        self._made.append(make)
        return f"\x04{len(self._made) - 1}\x05"

    def pieces(
        self, rendered: str, plain: Callable[[str], str] = str, whole: Callable[[str], str] = str
    ) -> Iterator[str]:
        """The document in its order; `whole` is done to what stands around the marks, `plain` to each piece."""  # noqa: E501
        rendered = whole(rendered)
        at = 0
        for found in MARK.finditer(rendered):
            yield rendered[at : found.start()]
            yield from map(plain, self._made[int(found[1])]())
            at = found.end()
        yield rendered[at:]
