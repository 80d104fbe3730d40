"""Pages of a PDF as a reader has them: turned into pictures, and their words with their places (Poppler).

Places are in points from the upper left corner of a page; a picture is the rows of its grey pixels.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import takewhile
from pathlib import Path

RESOLUTION = 72  # pixels an inch: a pixel is a point
INK = 160  # what is darker is no paper
MARGIN = 62.3  # 2.2 cm
FOOT = 20  # from the edge, where the page's number is
KERN = 2  # points by which a letter's index may be drawn below it

_IS_INK = bytes(shade < INK for shade in range(256))
_WORD = re.compile(r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>')


@dataclass(frozen=True)
class Word:
    """What stands between two blanks, and the box around it."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def follows(self, other: Word) -> bool:
        """Whether the other one stands right before this one, on the same line."""
        return (
            0 < self.left - other.right < 8
            and other.top < (self.top + self.bottom) / 2 < other.bottom
        )


@dataclass(frozen=True)
class Page:
    """A page: its picture, row by row, and its words."""

    width: int
    rows: tuple[bytes, ...]
    words: tuple[Word, ...]

    @property
    def ink(self) -> float:
        """The part of the page that is not paper."""
        return sum(map(_dark, self.rows)) / (self.width * len(self.rows))

    @property
    def beyond(self) -> list[int]:
        """The rows with ink beyond the margins at the left, the right and above, or at the very foot."""
        left, right, top = round(MARGIN) - 2, self.width - round(MARGIN) + 2, round(MARGIN) - 8
        inside = range(top, len(self.rows) - FOOT)
        return [
            y
            for y, row in enumerate(self.rows)
            if _dark(row[:left] + row[right:] if y in inside else row)
        ]

    @property
    def rules(self) -> list[int]:
        """The rows in which a line runs across the whole page."""
        wide = self.width - 2 * MARGIN - 6
        return [y for y, row in enumerate(self.rows) if _dark(row) > wide]

    @property
    def numbers(self) -> list[int]:
        """The numbers of equations at the right margin, from above; in a sentence words stand before."""
        edge = self.width - MARGIN - 4
        found = [w for w in self.words if w.right > edge and re.fullmatch(r"\(\d+\)", w.text)]
        alone = [w for w in found if not any(map(w.follows, self.words))]
        return [int(w.text[1:-1]) for w in sorted(alone, key=lambda w: w.top)]

    @property
    def overlaps(self) -> Iterator[tuple[Word, Word]]:
        """Pairs of words that stand on each other; a box is taller than letters, so its middle counts."""
        middles = sorted((m for w in self.words if (m := _middle(w))), key=lambda w: w.top)
        for i, one in enumerate(middles, 1):
            for other in takewhile(lambda w, end=one.bottom: w.top < end, middles[i:]):
                if min(one.right, other.right) - max(one.left, other.left) > KERN:
                    yield one, other


def _dark(pixels: bytes) -> int:
    """How many of these are no paper."""
    return sum(pixels.translate(_IS_INK))


def _middle(word: Word) -> Word | None:
    """The middle half of a word's box; nothing for signs drawn far from it (sums, tall brackets)."""
    if not any(c.isalnum() for c in word.text) or word.text in ("X", "P"):  # Σ of TeX's fonts
        return None
    height = word.bottom - word.top
    return Word(word.text, word.left, word.top + height / 4, word.right, word.bottom - height / 4)


def poppler() -> bool:
    """Whether this machine can turn PDFs into pictures and words."""
    return all(map(shutil.which, ("pdftoppm", "pdftotext")))


def pages_of(pdf: Path) -> list[Page]:
    """All pages of a PDF."""
    marked = _run("pdftotext", "-bbox", str(pdf), "-").decode("utf-8")
    words = [tuple(map(_word, _WORD.findall(page))) for page in marked.split("<page ")[1:]]
    pictures = _run("pdftoppm", "-gray", "-r", str(RESOLUTION), str(pdf))
    return [
        Page(width, rows, found)
        for (width, rows), found in zip(_greys(pictures), words, strict=True)
    ]


def _run(*command: str) -> bytes:
    return subprocess.run(command, capture_output=True, check=True, timeout=300).stdout


def _word(found: tuple[str, ...]) -> Word:
    *box, text = found
    return Word(unicodedata.normalize("NFKC", unescape(text)), *map(float, box))


def _greys(data: bytes) -> Iterator[tuple[int, tuple[bytes, ...]]]:
    """The pictures of a stream of PGM files: width and rows."""
    at = 0
    while head := re.compile(rb"P5\s+(\d+)\s+(\d+)\s+255\s").match(data, at):
        width, height = map(int, head.groups())
        start, at = head.end(), head.end() + width * height
        yield width, tuple(data[y : y + width] for y in range(start, at, width))
