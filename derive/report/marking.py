"""Verdicts for people: text for a terminal, Markdown and HTML, through templates/reports/.

The words are in the templates. Text carries its weight and colour as marks of control characters,
which no shown text contains, so that nothing of the notes can be taken for a mark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from derive.console import paged
from derive.report.asides import name_row, name_width, taken, where, why_blocks
from derive.report.excerpt import cells, visible
from derive.report.facts import LOUD, Chapter, chapter, spoken, totals
from derive.report.sheet import SIGNS, for_template
from derive.templating import environment
from derive.verify.verdicts import KINDS, Kind, Report

if TYPE_CHECKING:
    from jinja2 import Environment

STYLES: Mapping[str, str] = {
    "refuted": "bold red",
    "carried": "magenta",
    "ambiguous": "bold yellow",
    "tested": "cyan",
    "unread": "blue",
    "proved": "green",
    "definition": "dim",
    "remark": "dim",
    "dim": "dim",
    "strong": "bold",
}
JUDGEMENTS: tuple[Kind, ...] = tuple(k for k in KINDS if k not in ("definition", "remark"))
NARROWEST = 10  # cells of a table for the path
_MARK = re.compile("\x02(\\w+)\x03([^\x04]*)\x04")


def marked(reports: Sequence[Report], columns: int = 80, every: bool = False) -> str:
    """The report for a terminal of `columns` columns, with marks: for `show` or `plain`."""
    gutter = max((len(str(r.text.count("\n") + 1)) for r in reports), default=1)
    gutter = max(gutter, 2)
    room = columns - gutter - 5
    return _rendered("text", reports, room, every, columns=columns, gutter=gutter)


def markdown(reports: Sequence[Report], every: bool = False) -> str:
    """The report as Markdown."""
    return _rendered("md", reports, 100, every)


def html(reports: Sequence[Report], every: bool = False) -> str:
    """The report as a page of HTML, without any script."""
    return _rendered("html", reports, 100, every)


def words() -> Any:
    """The words that every format shares: the macros and tables of words.j2."""
    return _environment(80).get_template("reports/words.j2").module


def show(text: str, columns: int) -> None:
    """Marked text on the terminal, with weight and colour."""
    from rich.console import Console
    from rich.text import Text

    console = Console(width=columns, highlight=False, emoji=False, markup=False)
    painted = Text()
    at = 0
    for mark in _MARK.finditer(text):
        painted.append(text[at : mark.start()])
        painted.append(mark[2], STYLES[mark[1]])
        at = mark.end()
    painted.append(text[at:])
    with paged(console, text.count("\n")):
        console.print(painted, end="", soft_wrap=True)


def plain(text: str) -> str:
    """Marked text without its marks, for a file or a pipe; what kept words together is a space."""
    bare = _MARK.sub(r"\2", text).replace("\u00a0", " ")
    return "\n".join(line.rstrip() for line in bare.split("\n"))


def _rendered(
    kind: str, reports: Sequence[Report], room: int, every: bool, columns: int = 80, gutter: int = 2
) -> str:
    chapters = [chapter(report, room, every) for report in reports]
    page = _environment(columns).get_template(f"reports/{kind}.j2")
    rendered = page.render(
        chapters=chapters,
        totals=totals(reports),
        table=_table(chapters, columns),
        summary=_summary,
        kinds=KINDS,
        signs=SIGNS,
        total=sum(c.total for c in chapters),
        loud=LOUD,
        gutter=gutter,
        columns=columns,
    )
    return re.sub(r"\n{3,}", "\n\n", rendered).strip("\n") + "\n"


@cache
def _environment(columns: int) -> Environment:
    jinja = environment()
    jinja.filters |= {
        "visible": visible,
        "filled": lambda text, indent=2, hang=None: filled(text, columns, indent, hang),
        "style": lambda text, name: f"\x02{name}\x03{text}\x04",
        "escaped_html": escape,
        "escaped_md": escaped_markdown,
        "spread": lambda left, right, width: spread(left, right, columns, width),
        "rightmost": lambda number, width: str(number if number else "").rjust(width),
        "padded": lambda text, width: text + " " * (width - cells(text)),
        "code": inline_code,
        "fenced": _fenced,
        "inline": lambda latex: inline_code(" ".join(visible(latex).split())),
        "taken": taken,
        "sheet": for_template,
        "spoken": spoken,
        "where": where,
        "why_blocks": why_blocks,
        "name_row": lambda n, words, all_of: filled(
            name_row(n, words, all_of), columns, 2, 6 + name_width(all_of)
        ),
        "capital": lambda text: text[:1].upper() + text[1:],
    }
    return jinja


def filled(text: str, columns: int, indent: int = 2, hang: int | None = None) -> str:
    """Words filled into rows of `columns` cells; a longer word is not broken."""
    hang = indent if hang is None else hang
    rows, used = [" " * indent], indent
    for word in text.split(" "):
        size = cells(word)
        if used > (indent if len(rows) == 1 else hang) and used + 1 + size > columns:
            rows.append(" " * hang)
            used = hang
        fresh = not rows[-1].strip()
        rows[-1] += word if fresh else f" {word}"
        used += size + (not fresh)
    return "\n".join(rows)


def spread(left: str, right: str, columns: int, width: int) -> str:
    """`right` at the right edge, after `left`, which takes `width` cells; else on rows below it."""
    gap = columns - width - cells(right)
    if not right:
        return left
    return f"{left}{' ' * gap}{right}" if gap >= 2 else f"{left}\n{filled(right, columns)}"


def escaped_markdown(text: str) -> str:
    """Words for Markdown: nothing in them is taken for markup."""
    return re.sub(r"([\\`*_\[\]<>#|~$])", r"\\\1", text)


def inline_code(text: str) -> str:
    """Code within a line of Markdown, whatever backquotes it has."""
    ticks = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (ticks + 1)
    pad = " " if ticks else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _fenced(lines: Sequence[str]) -> str:
    """Lines as a block of code, whatever backquotes they have."""
    ticks = max([2, *(len(run) for line in lines for run in re.findall("`+", line))])
    return "\n".join(("`" * (ticks + 1) + "text", *lines, "`" * (ticks + 1)))


def _table(chapters: Sequence[Chapter], columns: int) -> dict[str, Any]:
    """Path, total and counts of each file, for the verdicts that occur; the dull ones are one column."""
    kinds = [k for k in JUDGEMENTS if any(k in c.counts for c in chapters)]
    heads = ["total", *kinds, "other"]
    room = max(columns - sum(len(head) + 2 for head in heads), NARROWEST)
    rows = [_table_row(c, kinds, room) for c in chapters]
    return {"heads": heads, "rows": rows, "width": max([4, *(cells(row[0]) for row in rows)])}


def _table_row(c: Chapter, kinds: Sequence[Kind], room: int) -> tuple[str, list[int], Chapter]:
    judged = [c.counts.get(kind, 0) for kind in kinds]
    numbers = [c.total, *judged, c.total - sum(judged)]
    return _shortened(visible(c.report.path), room), numbers, c


def _summary(total: int, counts: Mapping[Kind, int]) -> str:
    """formulas 72   refuted 1 …, with spaces that no filling breaks."""
    pairs = [("formulas", total), *counts.items()]
    return "   ".join(f"{name}\u00a0{number}" for name, number in pairs)


def _shortened(path: str, room: int) -> str:
    """The end of a path that is too long."""
    if cells(path) <= room:
        return path
    while cells(path) > room - 1:
        path = path[1:]
    return f"…{path}"
