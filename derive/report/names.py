"""The names of a page as a report lists them: what each was taken to be, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from derive.notation.unicode import ABOVE, _letters

Row = Mapping[str, Any]
MOST_LINES = 6


@dataclass(frozen=True, slots=True)
class Named:
    """One version of a name. `slots` are words such as "time t = 1 … T"; `set` is ℝⁿ or empty."""

    name: str
    kind: str
    role: str
    slots: tuple[str, ...]
    set: str
    version: int
    several: bool
    lines: tuple[int, ...]
    notes: tuple[str, ...]


def named(rows: Sequence[Row]) -> tuple[Named, ...]:
    """The rows for people: other forms of a name stand with it, numbers and words at the end."""
    main = [row for row in rows if not str(row["note"]).startswith("form of ")]
    others = [row for row in rows if str(row["note"]).startswith("form of ")]
    versions: dict[tuple[str, str], int] = {}
    for row in main:
        key = (row["name"], row["kind"])
        versions[key] = versions.get(key, 0) + 1
    last = ("index", "size", "constant", "word")
    found = (
        _named(row, others, versions[row["name"], row["kind"]] > 1)
        for row in sorted(main, key=lambda r: r["kind"] in last)
    )
    return tuple(dict.fromkeys(found))  # one name in two spellings is one name


def _named(row: Row, others: Sequence[Row], several: bool) -> Named:
    kinds = {
        o["kind"]
        for o in others
        if o["name"] == row["name"] and o["version"] == row["version"] and o["kind"] != row["kind"]
    }
    notes = (row["note"], *(f"also {_article(kind)} {kind}" for kind in sorted(kinds)))
    return Named(
        shown(row["name"]),
        row["kind"],
        row["role"],
        tuple(_slot(row, domain) for domain in row["slots"]),
        _set(row["shape"]),
        row["version"],
        several,
        tuple(dict.fromkeys(row["lines"])),
        tuple(note for note in notes if note),
    )


def shown(name: str) -> str:
    """A name without the braces and macros that only make it LaTeX."""
    written = name.removeprefix("\\operatorname")
    return _letters(written).replace("{", "").replace("}", "") or name


def _article(kind: str) -> str:
    return "an" if kind[0] in "aeio" else "a"


def _slot(row: Row, domain: str) -> str:
    letter = shown(row["letters"].get(domain, ""))
    if domain == "time" and letter and row["horizon"]:
        return f"time {letter} = 1 … {row['horizon']}"
    return f"{domain} {letter}".strip()


def _set(shape: Sequence[str] | None) -> str:
    """ℝⁿ, ℝ^{n×d}; empty for a number and where the shape is not known."""
    if not shape:
        return ""
    above = "×".join(map(shown, shape))
    if all(ord(char) in ABOVE for char in above):
        return f"ℝ{above.translate(ABOVE)}"
    return f"ℝ^{above}" if len(above) == 1 else f"ℝ^({above})"
