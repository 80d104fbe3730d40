"""What stands beside the verdicts where it is asked for: the names of a page, and why a line was judged so.

`words` is the module of templates/reports/words.j2 in all of these: the words are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from derive.report.excerpt import cells, visible
from derive.report.names import Named
from derive.verify.verdicts import Kind, Read, Why

WIDEST_NAME = 16
Block = tuple[str, list[str]]


def taken(n: Named, words: Any) -> str:
    """What a name was taken to be: state, time t = 1 … T, in ℝⁿ; also without an index."""
    said = words.taken
    if n.kind == "function" and n.role and n.role not in words.roles:
        parts = [f"{n.role}, {said['entries']}"]
    else:
        parts = [words.roles.get(n.role, n.kind)]
    parts += n.slots
    parts += [f"{said['in']} {n.set}"] if n.set else []
    parts += [f"{said['version']} {n.version}"] if n.several else []
    return visible("; ".join((", ".join(parts), *n.notes)))


def where(n: Named, words: Any) -> str:
    """Lines 4 and 9."""
    said, lines = words.taken, [str(line) for line in n.lines[:6]]
    if not lines:
        return ""
    if len(lines) == 1:
        return f"{said['line']} {lines[0]}"
    more = "…" if len(n.lines) > len(lines) else ""
    listed = f"{', '.join(lines[:-1])} {said['and']} {lines[-1]}" if not more else ", ".join(lines)
    return f"{said['lines']} {listed}{', ' + more if more else ''}"


def name_width(names: Sequence[Named]) -> int:
    """How wide the column of names is."""
    return min(max((cells(n.name) for n in names), default=0), WIDEST_NAME)


def name_row(n: Named, words: Any, names: Sequence[Named]) -> str:
    """A row of the table; no-break spaces keep its columns."""
    pad = "\u00a0" * max(0, name_width(names) - cells(n.name) + 1)
    place = where(n, words)
    name = visible(n.name).replace(" ", "\u00a0")
    return f"{name}{pad} {taken(n, words)}{', ' + place if place else ''}"


def why_blocks(why: Why, kind: Kind, words: Any) -> list[Block]:
    """Headings, each with its rows."""
    said = words.why
    blocks: list[Block] = []
    if why.speaker:
        blocks.append((said["before"], []))
    if why.makes:
        blocks.append((said["makes"], list(why.makes)))
    if why.fault:
        blocks.append((f"{said['fault']}: {why.fault}", []))
    if why.left:
        blocks.append((said["claim"], [f"{why.left} = {why.right}"]))
    elif not why.makes and not why.fault:
        blocks.append((said["nothing"], []))
    if why.uses:
        blocks.append((said["uses"], [_use(text, line, said) for text, line in why.uses]))
    if why.readings:
        blocks.append((said["readings"], [_reading(read, said) for read in why.readings]))
    if why.proof:
        head = said["proof"] + (f", {said['proved in']}: {why.proved_in}" if why.proved_in else "")
        blocks.append(
            (head, [f"{words.rules.get(rule, rule)}: {left}" for rule, left in why.proof])
        )
    elif kind == "tested":
        blocks.append((said["tested"], []))
    return [(visible(head), [visible(row) for row in rows]) for head, rows in blocks]


def _use(text: str, line: int, said: Any) -> str:
    return f"{text}   ({said['line']} {line})" if line else text


def _reading(read: Read, said: Any) -> str:
    words = said[read.outcome]
    if read.outcome == "holds":
        words = words % read.cases
    elif read.outcome == "differs":
        words = words % (read.failed, read.cases)
    elif read.missing:
        words = f"{words}: {read.missing}"
    return f"{read.said or said['default']}: {words}"
