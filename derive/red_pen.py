"""What `derive verify` does: reads the notes, has them judged, writes reports and copies."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from derive import __version__, sources, tasks
from derive.errors import DeriveError
from derive.pages import Page, columns, waiting

if TYPE_CHECKING:
    from derive.verify.options import Options
    from derive.verify.verdicts import Report


INTERVAL = 0.5  # seconds between two looks at the files


def refuse_misuse(
    files: Sequence[str],
    output: Path | None,
    jobs: int,
    seconds: float | None,
    why: Sequence[str] = (),
) -> None:
    """What cannot be asked of `derive verify`."""
    if why and len(files) != 1:
        raise DeriveError(f"expected one file with --why, found {len(files)}")
    for name in why:
        if not re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", name):
            raise DeriveError(f"expected --why to be a line or an id such as 3.1, found {name!r}")
    if jobs < 1:
        raise DeriveError(f"expected --jobs of at least 1, found {jobs}")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise DeriveError(f"expected --seconds greater than 0, found {seconds:g}")
    if files.count("-") > 1:
        raise DeriveError("expected - once: standard input can be read only once")
    if output is not None:
        sources.spare(files, output)


def judged(
    read: Sequence[Report], options: Options, jobs: int, seconds: float | None
) -> list[Report]:
    """The reports, in the order of the files; what could not be read keeps its error."""
    result = list(read)
    open_files = [i for i, report in enumerate(read) if report.error is None]
    texts = [(read[i].path, read[i].text) for i in open_files]
    alone = len(texts) == 1 and seconds is None  # judged here, so that a thread may draw the bar
    with waiting("judging") if alone else _progress(len(texts)) as advance:
        for number, report in tasks.judged(texts, options, jobs, seconds):
            result[open_files[number]] = report
            advance()
    return result


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's standard error for files judged by other processes; it starts no thread."""
    if not total or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), auto_refresh=False, transient=True)
    with bar:
        task = bar.add_task("judging", total=total)
        bar.refresh()

        def advance() -> None:
            bar.advance(task)
            bar.refresh()

        yield advance


def all_files(names: Sequence[str]) -> list[str]:
    """The files that are meant: of a folder all notes in it and below, of a pattern what it fits."""
    found: list[str] = []
    for name in names:
        listed = sources.notes_in(name)
        if listed is None:
            found.append(name)
        elif listed:
            found += [path for path in listed if path not in found]
        elif Path(name).is_dir():
            found.append(name)  # said where it is read, which stops no other file
        else:
            raise DeriveError(f"no file fits {name}")
    return found


def mended(reports: Sequence[Report], write: bool) -> tuple[list[Report], str]:
    """The reports of what is left, and the changes as a diff; with `write` the files are changed."""
    from derive.report.fixing import diff, fixed
    from derive.writing import write_atomically

    left: list[Report] = []
    shown = ""
    for report in reports:
        if report.error is not None:
            left.append(report)
            continue
        if write and report.path == "stdin":
            raise DeriveError("expected files with --fix: standard input cannot be written to")
        changed = fixed(report)
        shown += diff(report, changed)
        left.append(changed.report if write else report)
        if write and changed.count:
            path = Path(report.path)
            if sources.text_of(path, "notes") != report.text:
                raise DeriveError(f"{path} is made of several files: use --diff instead of --fix")
            write_atomically(path, changed.text.encode("utf-8"))
    return left, shown


def watch(
    files: Sequence[str],
    again: Callable[[], object],
    wait: Callable[[float], object] = time.sleep,
    rounds: int | None = None,
) -> None:
    """Calls `again` whenever one of the files has changed, until Ctrl-C (or for so many `rounds`)."""
    seen = sources.times_of(files)
    while rounds is None or rounds > 0:
        wait(INTERVAL)
        now = sources.times_of(files)
        if now != seen:
            seen = now
            again()
        rounds = None if rounds is None else rounds - 1


def write_reports(page: Page, reports: Sequence[Report], every: bool) -> None:
    """Machines are told of every file; people get no page where nothing was judged."""
    from derive.report import records

    if page.kind == "json":
        page.write_json(records.as_json(reports))
    elif page.kind == "sarif":
        page.write_json(records.as_sarif(reports, __version__, every))
    elif any(report.error is None for report in reports):
        _write_for_people(page, reports, every)


def _write_for_people(page: Page, reports: Sequence[Report], every: bool) -> None:
    from derive.report import marking

    screen = page.output is None and sys.stdout.isatty()
    if page.kind == "md":
        page.put_text(marking.markdown(reports, every))
    elif page.kind == "html":
        page.put_text(marking.html(reports, every))
    elif screen:
        marking.show(marking.marked(reports, columns(), every), columns())
    else:
        page.put_text(marking.plain(marking.marked(reports, every=every)))


def copies_for(files: Sequence[str], annotate: Path | None) -> list[Path]:
    """Where the annotated copy of each file goes: to one file, or each into a folder."""
    if annotate is None:
        return []
    for name in files:
        if name.lower().endswith(".ipynb"):
            raise DeriveError(
                f"{name} is a notebook, which cannot be annotated: use --to md instead"
            )
    if len(files) == 1 and not annotate.is_dir():
        copies = [annotate]
    else:
        copies = [annotate / ("stdin.tex" if name == "-" else Path(name).name) for name in files]
    for i, copy in enumerate(copies):
        if copy in copies[:i]:
            raise DeriveError(
                f"expected files of different names to annotate, found two {copy.name}"
            )
        sources.spare(files, copy)
    return copies


def write_copies(copies: Sequence[Path], reports: Sequence[Report], every: bool) -> None:
    """The annotated copies of what could be judged."""
    if not copies:
        return
    from derive.report.margin import annotated
    from derive.writing import write_atomically

    made = [
        (copy, annotated(report, str(copy) if report.path == "stdin" else report.path, every))
        for copy, report in zip(copies, reports, strict=False)
        if report.error is None
    ]
    for copy, text in made:
        if len(copies) > 1 and not copy.parent.exists():
            copy.parent.mkdir()
        write_atomically(copy, text.encode("utf-8"))


def exit_code(reports: Sequence[Report], strict: bool) -> int:
    """2 if a file could not be judged, 1 if something in one is wrong, 0 if all is well."""
    bad = {"refuted", "carried"} | ({"ambiguous", "tested", "unread"} if strict else set())
    if any(report.error is not None for report in reports):
        return 2
    if strict and not all(map(is_read, reports)):
        return 1
    return 1 if any(bad & set(report.counts) for report in reports) else 0


FAILED = ("not understood", "contradict each other")


def is_read(report: Report) -> bool:
    """Whether something of a file was read, and every definition in it: else --strict is no success."""
    said = any(j.verdict.kind != "remark" for j in report.formulas)
    lost = any(
        j.verdict.kind == "definition" and any(w in j.verdict.reason for w in FAILED)
        for j in report.formulas
    )
    markup = report.path.lower().endswith((".html", ".htm", ".xhtml"))
    return bool(report.formulas) and not lost and (said or not markup)


def notes_of(name: str) -> Report:
    """The text of a file of notes, not judged yet; what cannot be read has an error."""
    from derive.verify.verdicts import Report

    path = "stdin" if name == "-" else name
    try:
        text = sources.standard_input() if name == "-" else sources.text_of(Path(name), "notes")
        return Report(path, text, ())
    except DeriveError as error:
        return Report(path, "", (), error=str(error))
