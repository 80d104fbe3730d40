"""LaTeX → PDF, by an installed TeX: no shell escape, a temporary folder, a time limit."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from derive.errors import DeriveError

RUNS = 3  # at most: references settle in the second, a table of contents at times in the third

_WEB2C = ("-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error")
ENGINES: Mapping[str, tuple[str, ...]] = {
    "pdflatex": _WEB2C,
    "xelatex": _WEB2C,
    "lualatex": _WEB2C,
    "tectonic": ("--untrusted", "--keep-logs"),
}

# Paranoid: TeX reads and writes only below its folder, beside its own installation. The log's lines
# are not to be broken at column 79, else no error could be quoted. (LuaTeX's Lua is not bound by
# this: the documents are our own templates, and formulas pass our own grammar and printer first.)
ENVIRONMENT: Mapping[str, str] = {
    "openin_any": "p",
    "openout_any": "p",
    "shell_escape": "f",
    "max_print_line": "10000",
}

_RERUN = re.compile(r"Rerun to get|^No file document\.(?!aux)", re.MULTILINE)
_ERROR = re.compile(r"^! *(.+)$", re.MULTILINE)
_LINE = re.compile(r"^l\.(\d+) ?(.*)$", re.MULTILINE)
_OVERFULL = re.compile(r"^Overfull \\[hv]box .*$", re.MULTILINE)


class NoTeX(DeriveError):
    """No TeX is installed; the caller can still write the LaTeX."""


@dataclass(frozen=True, slots=True)
class Typeset:
    """A finished document and what TeX said of it."""

    pdf: bytes
    log: str


def typeset(tex: str, seconds: float = 60) -> bytes:
    """The PDF of a whole LaTeX document.

    Raises NoTeX where none is installed, and DeriveError with TeX's first error or the time limit.
    """
    return typeset_with_log(tex, seconds).pdf


def typeset_with_log(tex: str, seconds: float = 60) -> Typeset:
    """As `typeset`, with the log, in which `overfull` finds the lines that are too long."""
    engine, program = find_engine()
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="derive-") as name:
        folder = Path(name)
        (folder / "document.tex").write_text(tex, encoding="utf-8")
        command = [program, *ENGINES[engine], "document.tex"]
        for _ in range(RUNS):
            status = _run(command, folder, deadline)
            if status is None:
                raise DeriveError(f"{engine} was stopped at the time limit of {seconds:g} s")
            log = _text(folder / "document.log")
            if status:
                raise DeriveError(
                    f"{engine}: {first_error(log) or f'it ended with status {status}'}"
                )
            if not _RERUN.search(log):
                break
        pdf = folder / "document.pdf"
        if not pdf.is_file():
            raise DeriveError(f"{engine}: the document has no pages")
        return Typeset(pdf.read_bytes(), log)


def typeset_by_typst(source: Callable[[], str]) -> bytes | None:
    """The PDF of a document of Typst, by its wheel; None where that is not installed."""
    try:
        import typst
    except ImportError:
        return None
    try:
        pdf: bytes = typst.compile(source().encode("utf-8"))
    except Exception as error:  # its own error is a RuntimeError with the place
        raise DeriveError(f"typst: {' '.join(str(error).split())[:300]}") from None
    return pdf


def find_engine() -> tuple[str, str]:
    """The first installed TeX of ENGINES: its name and the program's path. Raises NoTeX."""
    for engine in ENGINES:
        if program := shutil.which(engine):
            return engine, program
    raise NoTeX(
        f"no TeX was found on this machine (looked for {', '.join(ENGINES)}): "
        "write the document as .tex instead, or install one of them, or pip install 'derive-notes[pdf]'"
    )


def first_error(log: str) -> str | None:
    """The log's first error in one line, with the place where TeX stood; None if there is none."""
    error = _ERROR.search(log)
    if error is None:
        return None
    message = error[1].strip().rstrip(".")
    following = _ERROR.search(log, error.end())
    place = _LINE.search(log, error.end(), following.start() if following else len(log))
    if place is None:
        return message
    written = f", at {place[2].strip()}" if place[2].strip() else ""
    return f"line {place[1]} of the LaTeX: {message}{written}"


def overfull(log: str) -> tuple[str, ...]:
    """The log's complaints of lines that are too long, or pages too full."""
    return tuple(_OVERFULL.findall(log))


def _run(command: list[str], folder: Path, deadline: float) -> int | None:
    """The exit status; None if the deadline came first."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            return process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        finally:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started, if it still runs."""
    if process.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
