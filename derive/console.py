"""Rendered text on a terminal, in its pager, or in a pipe."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from derive.widths import wrapped

if TYPE_CHECKING:
    from rich.console import Console


def show(rendered: str, columns: int) -> None:
    """Rendered text on the terminal, with weight and colour; in a pager where it is long."""
    from rich.console import Console

    console = Console(width=columns, highlight=False, emoji=False)
    with paged(console, rendered.count("\n")):
        console.print(rendered, end="")


@contextmanager
def paged(console: Console, lines: int) -> Iterator[None]:
    """What is printed inside goes through the terminal's pager if it is more than two screens."""
    if lines <= 2 * console.size.height:
        yield
        return
    os.environ.setdefault("LESS", "-RFX")  # colours, and nothing is held back at the end
    with console.pager(styles=True):
        yield


def plain(rendered: str, columns: int = 80) -> str:
    """Rendered text without weight or colour, for a file or a pipe."""
    lines = rendered.split("\n")
    if any(line.count("[/") * 2 != line.count("[") for line in lines):
        return _without_marks(rendered, columns)  # a bracket that is none of ours, or a long mark
    return "\n".join(_plain_line(line, columns) for line in lines)


def _plain_line(line: str, columns: int) -> str:
    """A line without its marks; one that is too long is broken, which is left to rich where that is not plain."""  # noqa: E501
    bare = _MARK.sub("", line)
    if "\\" in bare or "\t" in bare:
        return _without_marks(line, columns)
    rows = wrapped(bare, columns)
    return _without_marks(line, columns) if rows is None else "\n".join(rows)


_MARK = re.compile(r"\[/?[a-z ]+\]")


def _without_marks(rendered: str, columns: int) -> str:
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    console = Console(file=out, width=columns, color_system=None, highlight=False, emoji=False)
    console.print(rendered, end="", soft_wrap=False)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))
