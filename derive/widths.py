"""How many columns of a terminal a text takes, and where its lines are broken: as rich has it, which takes long to import."""  # noqa: E501

from __future__ import annotations

import re

# Letters, signs and arrows of one column each; a test compares them with rich's table.
NARROW = re.compile(
    "[\u0020-\u007e\u00a1-\u02ff\u0370-\u0482\u048a-\u052f\u1d00-\u1d7f\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u2070-\u209c\u2100-\u2121\u2123-\u2138\u2190-\u22ff]*"
)
ABOVE = re.compile("[\u0300-\u036f]")  # a dot or a hat on the letter before takes none
WIDE = re.compile(
    "[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]"
)  # kana and Chinese characters take two
_WORD = re.compile(r"\s*\S+\s*")


def cells(line: str) -> int:
    """How many columns of a terminal a line takes."""
    found = _known(line)
    if found is not None:
        return found
    from rich.cells import cell_len

    return cell_len(line)


def _known(line: str) -> int | None:
    if NARROW.fullmatch(line):
        return len(line)
    bare, wide = WIDE.subn("", ABOVE.sub("", line))
    return len(bare) + 2 * wide if NARROW.fullmatch(bare) else None


def wrapped(line: str, columns: int) -> list[str] | None:
    """A line broken between its words; None where a width is not known, or a word is longer than a line."""
    length = _known(line)
    if length is None:
        return None
    if length <= columns:
        return [line.rstrip()]
    rows, used = [""], 0
    for match in _WORD.finditer(line):
        word = match[0]
        size = cells(word.rstrip())
        if size > columns:
            return None
        if used + size > columns and used:
            rows.append("")
            used = 0
        rows[-1] += word
        used += cells(word)
    return [row.rstrip() for row in rows]
