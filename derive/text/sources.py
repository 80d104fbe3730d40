"""Files to one logical text: inputs spliced in, a notebook's Markdown cells joined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from derive.text.page import Part, Source

LARGEST_INPUT = 2_000_000
MOST_INPUTS = 200
_INPUT = re.compile(r"\\(?:input|include|subfile)\s*\{\s*(?P<name>[^{}\n]+?)\s*\}")
_JSON = re.compile(
    r'"(?P<string>(?:[^"\\]|\\.)*)"|(?P<mark>[{}\[\]:,])|(?P<other>[^\s{}\[\]:,"]+)', re.S
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.S)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def load(path: str, text: str, folder: Path | None) -> tuple[Source, tuple[str, ...]]:
    """The source of a page, and sentences about what was not found."""
    lower = path.lower()
    if lower.endswith(".ipynb"):
        return _notebook(path, text)
    if lower.endswith((".tex", ".ltx", ".latex")) and folder is not None:
        return _spliced(path, text, folder)
    return Source(path, text, (Part(0, path, text, 0),)), ()


def _spliced(path: str, text: str, folder: Path) -> tuple[Source, tuple[str, ...]]:
    pieces: list[str] = []
    parts: list[Part] = []
    notes: list[str] = []
    length = 0
    budget = MOST_INPUTS
    # A stack of (path, text, at): what is still to be read, the innermost last.
    stack: list[tuple[str, str, int]] = [(path, text, 0)]
    while stack:
        name, whole, at = stack.pop()
        match = _next_input(whole, at)
        stop = len(whole) if match is None else match.start()
        if stop > at:
            parts.append(Part(length, name, whole, at))
            pieces.append(whole[at:stop])
            length += stop - at
        if match is None:
            continue
        budget -= 1
        found = _input(folder, match["name"], length, budget, {n for n, _, _ in stack} | {name})
        if isinstance(found, str):
            notes.append(found)
            parts.append(Part(length, name, whole, stop))
            pieces.append(match.group())
            length += len(match.group())
        stack.append((name, whole, match.end()))
        if not isinstance(found, str):
            stack.append((*found, 0))
    return Source(path, "".join(pieces), tuple(parts) or (Part(0, path, text, 0),)), tuple(notes)


def _next_input(text: str, at: int) -> re.Match[str] | None:
    """The next \\input that is not in a comment."""
    for match in _INPUT.finditer(text, at):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if not re.search(r"(?<!\\)%", line):
            return match
    return None


def _input(
    folder: Path, name: str, length: int, budget: int, above: set[str]
) -> tuple[str, str] | str:
    """The path and the text of a file below the folder, or why it is not read."""
    target = folder / (name if Path(name).suffix in (".tex", ".ltx", ".sty") else f"{name}.tex")
    try:
        resolved = target.resolve()
        if not resolved.is_relative_to(folder.resolve()):
            return f"{name} lies outside of the page's folder and was not read"
        if not resolved.is_file():
            return f"{name} was not found"
        if str(target) in above or budget <= 0 or length > LARGEST_INPUT:
            return f"{name} was not read: too many files are nested"
        if resolved.stat().st_size > LARGEST_INPUT:
            return f"{name} is too large and was not read"
        data = resolved.read_bytes()
    except (OSError, ValueError):
        return f"{name} could not be read"
    try:
        return str(target), data.decode("utf-8")
    except UnicodeDecodeError:
        return str(target), data.decode("latin-1")


# -- notebooks --------------------------------------------------------------------------------------


def _notebook(path: str, text: str) -> tuple[Source, tuple[str, ...]]:
    pieces: list[str] = []
    parts: list[Part] = []
    length = 0
    for number, strings in _cells(text):
        for origin, raw in strings:
            value = unescaped(raw)
            parts.append(Part(length, path, text, origin, number, escaped=True))
            pieces.append(value)
            length += len(value)
        pieces.append("\n\n")
        length += 2
    notes = () if parts else ("no Markdown cells were found in the notebook",)
    return Source(path, "".join(pieces), tuple(parts)), notes


def unescaped(raw: str) -> str:
    """The value of a JSON string's inside."""

    def one(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else _SIMPLE.get(match[2], match[2])

    value = _ESCAPE.sub(one, raw)
    if any("\ud800" <= c <= "\udfff" for c in value):
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _cells(text: str) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """The number of each Markdown cell, with the places and insides of its source's strings."""
    number = 0
    kind = ""
    strings: list[tuple[int, str]] = []
    for path, origin, raw in _strings(text):
        if path == ("cells",):
            if kind == "markdown" and strings:
                yield number, strings
            number, kind, strings = number + 1, "", []
        elif path == ("cells", "cell_type"):
            kind = raw
        elif path == ("cells", "source"):
            strings.append((origin, raw))
    if kind == "markdown" and strings:
        yield number, strings


def _strings(text: str) -> Iterator[tuple[tuple[str, ...], int, str]]:
    """The strings of a notebook's cells with their keys; ("cells",) where a cell begins."""
    stack: list[str] = []  # "{" or "[" with the key before it
    keys: list[str] = []
    key, expects_key = "", False
    for match in _JSON.finditer(text):
        mark, raw = match["mark"], match["string"]
        if mark in ("{", "["):
            stack.append(mark)
            keys.append(key)
            if mark == "{" and stack[-2:] == ["[", "{"] and len(keys) > 1 and keys[-2] == "cells":
                yield ("cells",), match.start(), ""
            key, expects_key = "", mark == "{"
        elif mark in ("}", "]"):
            if stack:
                stack.pop()
                keys.pop()
            key, expects_key = "", False
        elif mark == ",":
            expects_key = bool(stack) and stack[-1] == "{"
            key = "" if expects_key else key
        elif raw is not None and expects_key:
            key, expects_key = raw, False
        elif raw is not None and "cells" in keys:
            name = key or (keys[-1] if keys else "")
            owner = len(keys) - (2 if stack[-1] == "[" else 1)
            if name in ("cell_type", "source") and owner > 0 and keys[owner - 1] == "cells":
                yield ("cells", name), match.start("string"), raw
