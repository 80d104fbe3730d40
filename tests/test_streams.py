"""Documents that are written as they are made: the same text, nothing kept, nothing half written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random

import pytest
from rich.cells import cell_len

import derive
from derive import console, document
from derive.algebra.expression import _Interned
from derive.streams import Streams
from derive.tasks import Result
from derive.widths import ABOVE, NARROW, WIDE, cells, wrapped
from derive.writing import write_pieces

FORMATS = ("text", "latex", "md", "html")


def both_ways(result: Result, kind: str) -> tuple[str, str]:
    """The whole document, and its pieces put together."""
    plain = console.plain if kind == "text" else str
    whole = plain(result.render(document.layout_of(kind, True, 80, True)))
    layout = document.layout_of(kind, True, 80, True)
    layout.streams = Streams()
    return whole, "".join(layout.streams.pieces(result.render(layout), plain, plain))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["tanh", "abstract", "terminal", "rnn", "initial"])
def test_a_document_in_pieces_is_the_whole_document(name: str, kind: str) -> None:
    """A sum over all steps on both sides; a terminal cost has one term on its left side."""
    for result in (derive.prove(name, T=70), derive.bptt(name, T=3)):
        whole, pieces = both_ways(result, kind)
        assert pieces == whole


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_kept_does_not_grow_with_the_text(kind: str) -> None:
    """The most nodes that are held while the claim is written, and the longest piece of it."""

    def most(horizon: int) -> tuple[int, int, int]:
        result = derive.prove("tanh", T=horizon, wrt="w")
        layout = document.layout_of(kind, True, 80, True)
        layout.streams = Streams()
        pieces = layout.streams.pieces(result.render(layout))
        before = len(_Interned._table)
        held, longest, written = 0, 0, 0
        for piece in pieces:
            held = max(held, len(_Interned._table) - before)
            longest = max(longest, len(piece))
            written += len(piece)
        return held, longest, written

    (held, longest, short), (more, longer, long) = most(1000), most(4000)
    assert long > 3.5 * short
    assert more < held + 2000 < 12_000
    assert longer < longest + 100


def test_a_document_that_ends_early_leaves_no_file(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"the first line"
        raise KeyboardInterrupt

    target = tmp_path / "proof.tex"
    with pytest.raises(KeyboardInterrupt):
        write_pieces(target, pieces())
    assert os.listdir(tmp_path) == []


def test_narrow_letters_take_one_column() -> None:
    ranges = re.findall(r"(.)-(.)", NARROW.pattern)
    letters = chain.from_iterable(range(ord(a), ord(b) + 1) for a, b in ranges)
    assert len(ranges) > 5
    assert [hex(c) for c in letters if cell_len(chr(c)) != 1] == []
    wide = re.findall(r"(.)-(.)", WIDE.pattern)
    letters = chain.from_iterable(range(ord(a), ord(b) + 1) for a, b in wide)
    assert [hex(c) for c in letters if cell_len(chr(c)) != 2] == []
    above = range(0x300, 0x370)
    assert all(ABOVE.fullmatch(chr(c)) and cell_len("U" + chr(c)) == 1 for c in above)


WORDS = (
    "∂C/∂hₜ",
    "=",
    "a",
    "U̇_g",
    "diag(1",
    "−",
    "hₜ²)",
    "for",
    "every",
    "T ≥ 1,",
    "  indented",
    "numerator",
    "(すなはち)",
    "分展開",
)


@pytest.mark.parametrize("columns", (12, 20, 33, 80))
def test_lines_are_broken_where_rich_breaks_them(columns: int) -> None:
    for seed in range(200):
        line = " ".join(Random(seed).choices(WORDS, k=seed // 4 + 1)) + " " * (seed % 3)
        found = wrapped(line, columns)
        assert found is not None
        assert [*found] == console._without_marks(line, columns).split("\n")
        assert cells(line) == cell_len(line)
    assert wrapped("an emoji 🙂 of time", columns) is None  # left to rich
    assert wrapped("a " + "b" * (columns + 1), columns) is None


@pytest.mark.parametrize("command", (["prove"], ["notes"], ["bptt", "lstm"]))
def test_a_document_in_a_file_needs_no_rich_console(command: list[str]) -> None:
    script = f"""
import sys
from derive.commands import app
try:
    app({command!r})
except SystemExit:
    pass
print("rich.console" in sys.modules, "sympy" in sys.modules, file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr.split() == ["False", "False"]


def test_compiled_templates_are_kept_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Python keeps compiled modules, and only there; a template that changed is compiled again."""
    from derive import templating

    monkeypatch.setattr(templating, "cache_from_source", lambda _: str(tmp_path / "templating.pyc"))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert templating.compiled() is None
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    folder = tmp_path / "templates"
    (folder).mkdir()
    monkeypatch.setattr(templating, "template_folder", lambda: folder)
    for said in ("one", "two"):
        (folder / "a.j2").write_text(said, encoding="utf-8")
        for _ in range(2):
            assert templating.environment().get_template("a.j2").render() == said
    assert len(list(tmp_path.glob("*.jinja"))) == 1
