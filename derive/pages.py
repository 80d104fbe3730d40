"""Where a command's document goes: file or screen, in which format; errors as one sentence."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from derive.errors import DeriveError
from derive.streams import Streams
from derive.tasks import nearest

if TYPE_CHECKING:
    from derive.layout import Format
    from derive.tasks import Graph, Result

SUFFIXES = {
    ".txt": "text",
    ".tex": "latex",
    ".md": "md",
    ".html": "html",
    ".pdf": "pdf",
    ".json": "json",
}
KINDS = tuple(SUFFIXES.values())
REPORT_SUFFIXES = {
    ".txt": "text",
    ".md": "md",
    ".json": "json",
    ".sarif": "sarif",
    ".html": "html",
}
REPORTS = tuple(REPORT_SUFFIXES.values())
PICTURE_SUFFIXES = {".svg": "svg", ".tex": "tikz", ".txt": "text", ".json": "json"}
PICTURES = tuple(PICTURE_SUFFIXES.values())


class Page:
    """Where a document goes and in which format."""

    def __init__(self, kind: str, output: Path | None, full: bool, standalone: bool) -> None:
        self.kind = kind
        self.output = output
        self.full = full
        self.standalone = standalone

    def put(self, result: Result) -> None:
        """Puts out a result: as data where JSON is asked for."""
        if self.kind == "json":
            self.write_json(result.json())
        else:
            self.write(result.render)

    def put_picture(self, found: Graph) -> None:
        """Puts out a graph in the format of the page."""
        if self.kind == "json":
            self.write_json(found.json())
        else:
            drawn = {"svg": found.svg, "tikz": found.latex, "text": found.text}
            self.put_text(drawn[self.kind]())

    def write(self, render: Callable[[Format], str]) -> None:
        """Renders the document and puts it out."""
        from derive import console, document

        if self.kind == "pdf":
            self._write_pdf(lambda kind: render(document.layout_of(kind, self.full, 80, True)))
            return
        screen = self.output is None and sys.stdout.isatty()
        room = columns() if screen else 80
        layout = document.layout_of(self.kind, self.full, room, self.standalone)
        if self.kind == "text" and screen:  # the pager takes it as a whole
            console.show(render(layout), room)
            return
        plain = console.plain if self.kind == "text" else str
        if self.full:
            layout.streams = Streams()
            with nullcontext() if screen else waiting("writing"):
                self._put_pieces(layout.streams.pieces(render(layout), plain, plain))
        else:
            self._put(plain(render(layout)))

    def put_text(self, rendered: str) -> None:
        """Puts out a finished text."""
        self._put(rendered)

    def write_json(self, data: dict[str, Any]) -> None:
        """Puts out data as JSON, non-ASCII letters as they are."""
        import json
        from itertools import chain, islice

        pieces = chain(json.JSONEncoder(ensure_ascii=False, indent=2).iterencode(data), ("\n",))
        self._put_pieces(iter(lambda: "".join(islice(pieces, 10_000)), ""))

    def _put(self, rendered: str) -> None:
        self._put_pieces((rendered,))

    def _put_pieces(self, pieces: Iterable[str]) -> None:
        """Writes a document as it is made."""
        from derive.writing import write_pieces

        if self.output is not None:
            write_pieces(self.output, (piece.encode("utf-8") for piece in pieces))
            return
        try:
            for piece in pieces:
                sys.stdout.buffer.write(piece.encode("utf-8"))
            sys.stdout.flush()
        except BrokenPipeError:
            sys.stderr.close()
            raise SystemExit(0) from None
        except OSError as error:
            # What is still held back would fail again, and loudly, when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            reason = (error.strerror or "error").lower()
            raise DeriveError(f"standard output cannot be written: {reason}") from None

    def _write_pdf(self, written: Callable[[str], str]) -> None:
        """By TeX, else by the wheel of Typst; without both the LaTeX is left beside."""
        from derive.typesetting import NoTeX, typeset, typeset_by_typst
        from derive.writing import write_atomically

        assert self.output is not None
        tex = written("latex")
        try:
            pdf = typeset(tex)
        except NoTeX as error:
            if (made := typeset_by_typst(lambda: written("typst"))) is not None:
                write_atomically(self.output, made)
                return
            beside = self.output.with_suffix(".tex")
            if beside.exists():
                raise DeriveError(
                    f"{error.sentence}; {beside} is there already and was left alone"
                ) from None
            write_atomically(beside, tex.encode("utf-8"))
            raise DeriveError(f"{error.sentence}; the LaTeX is in {beside}") from None
        write_atomically(self.output, pdf)


def page_for(
    to: str | None, output: Path | None, full: bool, standalone: bool, fragment: bool = False
) -> Page:
    """The format that --to names or the suffix of -o picks; a file of LaTeX is a whole document."""
    if standalone and fragment:
        raise DeriveError("expected --standalone or --fragment, found both")
    if to is not None and to not in KINDS:
        raise DeriveError(
            f"expected --to to be one of {', '.join(KINDS)}, found {to!r}{_like(to, KINDS)}"
        )
    kind = to
    if kind is None and output is not None and str(output) != "-":
        kind = SUFFIXES.get(output.suffix.lower())
        if kind is None:
            raise DeriveError(
                f"expected a file that ends in {', '.join(SUFFIXES)}, or --to, found {str(output)!r}"
            )
    if output is not None and str(output) == "-":
        output = None
    if kind == "pdf" and output is None:
        raise DeriveError("expected -o FILE.pdf: a PDF is written to a file only")
    whole = standalone or (output is not None and not fragment)
    return Page(kind or "text", output, full, whole)


def _like(found: str, known: Sequence[str]) -> str:
    near = nearest(found, known)
    return f". Did you mean {near[0]}?" if near else ""


def report_page(to: str | None, output: Path | None) -> Page:
    """Where a report goes: --to and the suffix of -o pick its format."""
    return _page_among(to, output, REPORTS, REPORT_SUFFIXES)


def picture_page(to: str | None, output: Path | None) -> Page:
    """Where a picture goes: --to and the suffix of -o pick its format."""
    return _page_among(to, output, PICTURES, PICTURE_SUFFIXES)


def _page_among(
    to: str | None, output: Path | None, kinds: Sequence[str], suffixes: Mapping[str, str]
) -> Page:
    if to is not None and to not in kinds:
        listed = ", ".join(kinds)
        raise DeriveError(f"expected --to to be one of {listed}, found {to!r}{_like(to, kinds)}")
    if output is None or str(output) == "-":
        return Page(to or "text", None, True, True)
    kind = to or suffixes.get(output.suffix.lower())
    if kind is None:
        raise DeriveError(
            f"expected a file that ends in {', '.join(suffixes)}, or --to, found {str(output)!r}"
        )
    return Page(kind, output, True, True)


def columns() -> int:
    from shutil import get_terminal_size

    return max(40, min(get_terminal_size((80, 24)).columns, 120))


def complain(sentence: str) -> None:
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in sentence)
    print(f"derive: {shown}", file=sys.stderr)


@contextmanager
def waiting(what: str, total: int | None = None) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's standard error, once this takes longer than a second.

    Without a `total` it only says that there is work.
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from threading import Timer

    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=total)
    timer = Timer(1.0, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda: bar.advance(task)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


@contextmanager
def reported() -> Iterator[None]:
    """Errors as one sentence: 1 for what is not proved, 2 for what cannot be used."""
    try:
        yield
    except DeriveError as error:
        complain(str(error))
        _point(error)
        raise typer.Exit(_exit_code(error)) from None
    except RecursionError:
        complain("the input is nested too deeply")
        raise typer.Exit(2) from None


def _point(error: DeriveError) -> None:
    """The line that cannot be read, with a caret under the place, as the red pen has it."""
    place = error.place
    if place is None or not place.source.strip():
        return
    from derive.report.excerpt import excerpt

    start = max(0, min(place.column, len(place.source.rstrip())) - 1)
    word = re.compile(r"\\?[a-zA-Z]+|.?", re.S).match(place.source, start)
    gutter = len(str(place.line))
    for row in excerpt(place.source, start, word.end() if word else start, 74 - gutter):
        print(f"  {place.line:{gutter}} │ {row.source}", file=sys.stderr)
        print(f"  {'':{gutter}} │ {row.carets}", file=sys.stderr)


def _exit_code(error: DeriveError) -> int:
    if "derive.coq" in sys.modules:
        from derive.coq import Rejected

        if isinstance(error, Rejected):
            return 1
    if type(error) is DeriveError or "derive.proof.rules" not in sys.modules:
        return 2
    from derive.proof.rules import Unproved

    return 1 if isinstance(error, Unproved) else 2
