"""Where texts come from: files and standard input, bounded, decoded, in one place."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from glob import glob
from pathlib import Path

from derive.errors import DeriveError, Place

LARGEST_FILE = 2_000_000
SOME_MEMORY = 4 * 10**9
NOTES = (".tex", ".md", ".markdown", ".txt", ".rst", ".ipynb")


def text_of(path: Path, of: str = "definitions") -> str:
    """The text of a file; DeriveError for what is no text file."""
    if path.is_dir():
        raise DeriveError(f"{path} is a folder: expected a file of {of}")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        reason = (error.strerror or "error").lower()
        raise DeriveError(f"{path} cannot be read: {reason}") from error
    return _decoded(data, str(path))


def standard_input() -> str:
    """The text of standard input, as far as a text may go."""
    return _decoded(sys.stdin.buffer.read(LARGEST_FILE + 1), "stdin")


def _decoded(data: bytes, path: str) -> str:
    if len(data) > LARGEST_FILE:
        raise DeriveError(f"{path} is larger than the limit of {LARGEST_FILE} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if latin := _latin(data):
            return latin.replace("\r\n", "\n")
        line = data.count(b"\n", 0, error.start) + 1
        place = Place(path, line, 1)
        raise DeriveError("expected text in UTF-8, found a byte that is none", place) from error
    if "\0" in text:
        raise DeriveError("expected text, found a zero byte", Place(path, 1, 1))
    return text.replace("\r\n", "\n")


def _latin(data: bytes) -> str:
    """A text of the days before UTF-8; empty where the bytes are no such text."""
    high = sum(b >= 128 for b in data)
    if b"\0" in data or any(128 <= b < 160 for b in data) or 2 * high > len(data):
        return ""
    return data.decode("latin-1")


def notes_in(name: str) -> list[str] | None:
    """The notes in a folder and below it, or those that a pattern fits, sorted; None for a file's name."""
    path = Path(name)
    if path.is_dir():
        found = [p for p in path.rglob("*") if p.suffix.lower() in NOTES and p.is_file()]
        hidden = [p for p in found if any(q.startswith(".") for q in p.relative_to(path).parts)]
        return sorted(str(p) for p in found if p not in hidden)
    if any(sign in name for sign in "*?[") and not path.exists():
        return sorted(p for p in glob(name, recursive=True) if Path(p).is_file())
    return None


def times_of(names: Sequence[str]) -> list[tuple[int, int] | None]:
    """When each file was written last, and how long it is; None for what is not there."""
    found: list[tuple[int, int] | None] = []
    for name in names:
        try:
            state = Path(name).stat()
            found.append((state.st_mtime_ns, state.st_size))
        except OSError:
            found.append(None)
    return found


def spare(names: Sequence[str], output: Path) -> None:
    """Refuses to write over a file that is to be read."""
    for name in names:
        if name != "-" and output.exists() and Path(name).exists() and output.samefile(name):
            raise DeriveError(f"{output} is one of the files to read: it would be overwritten")


def free_memory() -> int:
    """How many bytes can still be had; where the system does not say so, some."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = dict(line.split(":", 1) for line in file)
        return int(found["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return SOME_MEMORY
