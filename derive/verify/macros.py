"""The macros that notes define for themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from derive.verify.displays import OUTER
from derive.verify.prose import blank

LONGEST_BODY = 500
MOST_MACROS = 1_000
DEEPEST_MACRO = 8

_DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand)\*?\s*"
    r"(?:\{\s*(?P<braced>\\(?:[a-zA-Z]+|.))\s*\}|(?P<bare>\\(?:[a-zA-Z]+|.)))"
    r"\s*(?P<count>\[\s*\d\s*\](?:\s*\[[^\]\n]{0,100}\])?)?\s*(?=\{)"
    r"|\\DeclareMathOperator(?P<star>\*?)\s*\{?\s*(?P<operator>\\[a-zA-Z]+)\s*\}?\s*(?=\{)"
    r"|\\[gex]?def\s*(?P<defined>\\(?:[a-zA-Z]+|.))\s*(?P<slots>(?:\#\d)*)\s*(?=\{)"
    r"|\\let\s*(?P<let>\\[a-zA-Z]+)\s*=?\s*(?P<same>\\[a-zA-Z]+)"
)
_BRACE = re.compile(r"\\.|[{}]", re.S)
_DELIMITER = re.compile(
    rf"(?P<open>\\\[|\\begin\{{(?:{OUTER})\*?\}})|\\\]|\\end\{{(?:{OUTER})\*?\}}"
)
_USED = re.compile(r"\\(?:[a-zA-Z]+|.)", re.S)


@dataclass(frozen=True, slots=True)
class Macros:
    """`text` without the definitions; what the macros stand for; those that are not understood."""

    text: str
    known: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


def collect_macros(text: str) -> Macros:
    """Finds \\newcommand, \\def, \\let and \\DeclareMathOperator, and blanks them."""
    bodies: dict[str, str | None] = {}
    pieces, at = [], 0
    for start, end, name, body in _definitions(text):
        pieces += [text[at:start], blank(text[start:end])]
        at = end
        twice = name in bodies and bodies[name] != body
        bodies[name] = None if twice or len(bodies) >= MOST_MACROS else body
    known = _expanded({name: body for name, body in bodies.items() if body is not None}, bodies)
    unknown = tuple(name for name in bodies if name not in known)
    return Macros("".join((*pieces, text[at:])), tuple(known.items()), unknown)


def with_delimiters(macros: Macros) -> str:
    """The text with macros that stand for a delimiter, \\be … \\ee, as \\[ … \\] of the same length."""
    marks = {
        name: mark for name, body in macros.known if (mark := _delimiter(body)) and len(name) > 1
    }
    if not marks:
        return macros.text
    names = "|".join(re.escape(name) for name in sorted(marks))
    pattern = re.compile(rf"(?:{names})(?![a-zA-Z])")
    return pattern.sub(lambda m: marks[m.group()].ljust(len(m.group())), macros.text)


def _delimiter(body: str) -> str | None:
    found = _DELIMITER.fullmatch(body.replace(" ", ""))
    return None if found is None else "\\[" if found["open"] else "\\]"


def _definitions(text: str) -> Iterator[tuple[int, int, str, str | None]]:
    """Where each definition stands, its name, and its body if it takes no arguments."""
    at = 0
    while match := _DEFINITION.search(text, at):
        at = match.end()
        if match["let"]:
            yield match.start(), at, match["let"], match["same"]
            continue
        name = match["braced"] or match["bare"] or match["operator"] or match["defined"]
        end = _group_end(text, at)
        takes_arguments = bool(match["count"] or match["slots"])
        body = None if takes_arguments or end is None else text[at + 1 : end - 1].strip()
        if match["operator"] and body is not None:
            body = f"\\operatorname{{{body}}}"
        at = end or at
        yield match.start(), at, name, body


def _group_end(text: str, start: int) -> int | None:
    """Where the braced group at `start` ends; None if it is too long."""
    depth = 0
    for found in _BRACE.finditer(text, start, start + LONGEST_BODY):
        depth += {"{": 1, "}": -1}.get(found.group(), 0)
        if not depth:
            return found.end()
    return None


def _expanded(bodies: Mapping[str, str], defined: Mapping[str, object]) -> dict[str, str]:
    """The bodies with all other user's macros written out; without those that have no end."""
    found = dict(bodies)
    for _ in range(DEEPEST_MACRO):
        for name, body in list(found.items()):
            found[name] = _USED.sub(lambda m: bodies.get(m.group(), m.group()), body)
            if len(found[name]) > LONGEST_BODY:
                del found[name]
        if not any(m in defined for body in found.values() for m in _USED.findall(body)):
            break
    return {
        name: body
        for name, body in found.items()
        if not any(m in defined for m in _USED.findall(body))
    }
