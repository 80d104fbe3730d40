"""The command line: names, options, help, exit codes. The work is `tasks`, the writing `pages`.

Each command imports what it needs when it runs, so that --help and --version stay quick.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from derive import __version__, certifying, sources, tasks
from derive.arguments import (
    PROOF_CODES,
    USUAL_CODES,
    AnswerOnly,
    CheckAll,
    Definitions,
    ForCoq,
    Fragment,
    Full,
    Horizon,
    Layout,
    Maps,
    MaybeHorizon,
    ModelArgument,
    Output,
    Standalone,
    To,
    Truncate,
    Wrt,
    help_of,
    listed,
    model_names,
)
from derive.errors import DeriveError
from derive.pages import (
    PICTURES,
    REPORTS,
    Page,
    complain,
    page_for,
    picture_page,
    report_page,
    reported,
    waiting,
)
from derive.settings import settings
from derive.tasks import LAYOUTS
from derive.usage import OneSentence

if TYPE_CHECKING:
    from derive.model.recurrence import Recurrence
    from derive.tasks import Gradient

LARGEST_SIZE = 1_000_000

SHORT_HELP = """\
derive: derive, prove and write gradients of recurrences.

  derive bptt tanh -T 3                the gradient three ways, proved equal
  derive prove -D 'h_t = \\tanh(w h_{t-1} + x_t)' -D 'L_t = h_t^2'
  derive verify notes.tex              a verdict on every formula of your notes
  derive models                        the built-in models

All commands: derive --help. One of them: derive bptt --help.
"""


app = typer.Typer(
    name="derive",
    cls=OneSentence,
    invoke_without_command=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"derive {__version__}")
        raise typer.Exit


@app.callback(
    epilog=help_of("Each command has its own: derive bptt --help.", "derive bptt tanh -T 3")
)
def main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Derive, prove and write gradients of recurrences."""
    # Hundreds of thousands of nodes are made that all live to the end, hardly one of them in a cycle.
    gc.set_threshold(50_000, 20, 100)
    with reported():
        context.default_map = settings(Path.cwd(), getattr(context.command, "commands", {}))
    if context.invoked_subcommand is None:
        typer.echo(SHORT_HELP, nl=False)


def _explained_names(incomplete: str) -> list[str]:
    from derive.explaining import names

    return [name for name in names() if name.startswith(incomplete)]


# -- commands ---------------------------------------------------------------------------------------


@app.command(
    short_help="The gradient three ways, each step checked, proved equal.",
    epilog=help_of(
        PROOF_CODES,
        "derive bptt tanh -T 3",
        "derive bptt lstm --wrt W_i --answer",
        "derive bptt my-cell.md --layout gradient -o out.pdf",
    ),
)
def bptt(
    model: ModelArgument = None,
    definitions: Definitions = None,
    horizon: Horizon = 3,
    wrt: Wrt = None,
    truncate: Truncate = None,
    layout: Layout = LAYOUTS[0],
    answer: AnswerOnly = False,
    to: To = None,
    output: Output = None,
    full: Full = False,
    standalone: Standalone = False,
    fragment: Fragment = False,
) -> None:
    """The gradient three ways, each step checked, and the three proved equal."""
    with reported():
        page = page_for(to, output, full, standalone, fragment)
        recurrence = _model(model, definitions, output)
        _put(page, tasks.bptt(recurrence, horizon, wrt, truncate, layout, waiting), answer)


@app.command(
    short_help="The proof that they agree, for every T or with -T for that one.",
    epilog=help_of(
        PROOF_CODES,
        "derive prove gru",
        "derive prove -D 'h_t = f(h_{t-1}, x_t, \\theta)' -D 'C = l(h_T)'",
        "derive prove tanh -T 1000",
        "derive prove tanh --certificate tanh.v",
    ),
)
def prove(
    model: ModelArgument = None,
    definitions: Definitions = None,
    horizon: MaybeHorizon = None,
    wrt: Wrt = None,
    layout: Layout = LAYOUTS[0],
    certificate: ForCoq = None,
    maps: Maps = False,
    check_all: CheckAll = False,
    answer: AnswerOnly = False,
    to: To = None,
    output: Output = None,
    full: Full = False,
    standalone: Standalone = False,
    fragment: Fragment = False,
) -> None:
    """The proof that the gradients agree: for every T, or with -T for that T."""
    with reported():
        page = page_for(to, output, full, standalone, fragment)
        certifying.refuse_misuse(certificate, maps, horizon, output)
        recurrence = _model(model, definitions, output)
        certify = partial(certifying.certify, path=certificate, maps=maps) if certificate else None
        found = tasks.prove(recurrence, horizon, wrt, layout, certify, check_all, waiting)
        _put(page, found, answer, "; no certificate was written" if certificate else "")
        if certificate and found.layers and not found.layers.certificate:
            complain(f"no certificate was written: {found.layers.reason}")
            raise typer.Exit(1)


def _put(page: Page, found: Gradient, answer: bool, besides: str = "") -> None:
    """The document or its answer alone; exit code 1 where not everything was proved."""
    if not found.proved and besides:
        found = replace(found, reason=found.reason + besides)
    page.put(found.answered() if answer and found.answer else found)
    if answer and not found.answer:
        complain(f"there is no closed recursion: {found.reason}")
    if not found.proved:
        complain(f"not proved for every T: {found.reason}")
        raise typer.Exit(1)


@app.command(
    short_help="The gradient in numbers: differences, RTRL, JAX, PyTorch.",
    epilog=help_of(
        "Exit code: 0 they agree; 1 they differ; 2 the input cannot be used.",
        "derive check lstm -T 3",
        "derive check -D 'h_t = \\tanh(w h_{t-1} + x_t)' -D 'L_t = h_t^2'",
    ),
)
def check(
    model: ModelArgument = None,
    definitions: Definitions = None,
    horizon: Horizon = 3,
    wrt: Wrt = None,
    to: To = None,
    output: Output = None,
    standalone: Standalone = False,
    fragment: Fragment = False,
) -> None:
    """The derived gradient at random numbers against differences, RTRL and, if there, JAX or PyTorch."""
    with reported():
        page = page_for(to, output, True, standalone, fragment)
        recurrence = _model(model, definitions, output)
        with waiting("checking"):
            found = tasks.check(recurrence, horizon, wrt)
        page.put(found)
        if not found.proved:
            complain(found.reason)
            raise typer.Exit(1)


@app.command(
    short_help="The proved backward pass for NumPy, PyTorch or JAX.",
    epilog=help_of(USUAL_CODES, "derive code gru -o gru.py", "derive code tanh --wrt w --to torch"),
)
def code(
    model: ModelArgument = None,
    definitions: Definitions = None,
    wrt: Wrt = None,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="LANGUAGE",
            help=f"The library: {', '.join(tasks.LANGUAGES)}.",
            autocompletion=listed(tasks.LANGUAGES),
        ),
    ] = tasks.LANGUAGES[0],
    output: Output = None,
) -> None:
    """The proved backward pass as a program for NumPy, PyTorch or JAX, linear in T."""
    with reported():
        recurrence = _model(model, definitions, output)
        with waiting("deriving"):
            found = tasks.code(recurrence, wrt, to)
        Page("text", output, True, False).put_text(found.source)


@app.command(
    short_help="Multiplications and memory of each way to the gradient.",
    epilog=help_of(USUAL_CODES, "derive cost lstm -T 100 -n n=64,d=32", "derive cost rnn"),
)
def cost(
    model: ModelArgument = None,
    definitions: Definitions = None,
    horizon: Horizon = 100,
    wrt: Wrt = None,
    truncate: Truncate = None,
    sizes: Annotated[
        list[str] | None,
        typer.Option("-n", metavar="LETTER=SIZE", help="A size, such as n=64; repeatable."),
    ] = None,
    to: To = None,
    output: Output = None,
    standalone: Standalone = False,
    fragment: Fragment = False,
) -> None:
    """Multiplications and memory of each way to the gradient, counted from its derivation."""
    with reported():
        page = page_for(to, output, True, standalone, fragment)
        recurrence = _model(model, definitions, output)
        with waiting("counting"):
            found = tasks.cost(recurrence, horizon, wrt, truncate, _sizes(sizes or ()))
        page.put(found)


@app.command(
    short_help="A worked example, by the chain rule and by expanding.",
    epilog=help_of(
        USUAL_CODES,
        "derive example product",
        "derive example -D 'f(z) = z^3' -D 'z = 2 x + 1'",
    ),
)
def example(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="chain-rule or product.",
            autocompletion=listed(("chain-rule", "product")),
        ),
    ] = None,
    definitions: Definitions = None,
    wrt: Wrt = None,
    to: To = None,
    output: Output = None,
    full: Full = False,
    standalone: Standalone = False,
    fragment: Fragment = False,
) -> None:
    """A worked example: by the chain rule, by expanding first, and that both agree."""
    with reported():
        page = page_for(to, output, full, standalone, fragment)
        if definitions and name is not None:
            raise DeriveError(f"expected the name of an example or -D, found both ({name})")
        given = _model(None, definitions) if definitions else None
        with waiting("deriving"):
            found = tasks.example(name, given, wrt)
        page.put(found)


@app.command(
    short_help="The unrolled graph as a picture, the paths of one term lit.",
    epilog=help_of(
        USUAL_CODES, "derive graph tanh -T 3", "derive graph -T 3 --path via:h_2 -o graph.svg"
    ),
)
def graph(
    model: ModelArgument = None,
    definitions: Definitions = None,
    horizon: Horizon = 3,
    wrt: Wrt = None,
    path: Annotated[
        str | None,
        typer.Option(
            "--path", metavar="via:NAME", help="Light the paths whose first step goes into NAME."
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help=f"{', '.join(PICTURES)}.",
            autocompletion=listed(tuple(PICTURES)),
        ),
    ] = None,
    output: Output = None,
) -> None:
    """The unrolled graph as a picture, the paths of one term lit."""
    with reported():
        page = picture_page(to, output)
        page.put_picture(tasks.graph(_model(model, definitions, output), horizon, path, wrt))


@app.command(epilog=help_of(USUAL_CODES, "derive models", "derive models lstm --to latex"))
def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="The model to show (default: all).", autocompletion=model_names
        ),
    ] = None,
    to: To = None,
    output: Output = None,
    standalone: Standalone = False,
    fragment: Fragment = False,
) -> None:
    """The built-in models, as LaTeX definitions."""
    with reported():
        page_for(to, output, True, standalone, fragment).put(tasks.models(name))


@app.command(epilog=help_of(USUAL_CODES, "derive notes -o notes.pdf", "derive notes --to latex"))
def notes(
    to: To = None,
    output: Output = None,
    full: Full = False,
    standalone: Standalone = False,
    fragment: Fragment = False,
) -> None:
    """The handwritten notes, written out whole and corrected."""
    with reported():
        page = page_for(to, output, full, standalone, fragment)
        with waiting("deriving"):
            found = tasks.notes()
        page.put(found)


@app.command(
    epilog=help_of(
        "Exit code: 0 nothing is refuted or carried; 1 something is; 2 a file cannot be judged.",
        "derive verify notes.tex",
        "derive verify paper.md notebook.ipynb --model lstm --to html -o report.html",
        "derive verify notes.tex --read --why 41",
        "derive verify notes.tex --annotate marked.tex",
    )
)
def verify(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Notes to judge; - is standard input.")
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="Definitions: a built-in model or a file; repeatable.",
            autocompletion=model_names,
        ),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option("-T", metavar="STEPS", help="Judge for this number of steps only.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            "--layout",
            metavar="LAYOUT",
            help=f"{', '.join(LAYOUTS)} (default: inferred).",
            autocompletion=listed(LAYOUTS),
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail on what is ambiguous, tested or unread, too.")
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="FORMAT", help=f"{', '.join(REPORTS)}.", autocompletion=listed(REPORTS)
        ),
    ] = None,
    output: Output = None,
    annotate: Annotated[
        Path | None,
        typer.Option(
            "--annotate",
            metavar="OUT",
            help="Write the notes with the verdicts here (many: a folder).",
        ),
    ] = None,
    read: Annotated[
        bool, typer.Option("--read", help="Also list what each name of the page was taken to be.")
    ] = False,
    why: Annotated[
        list[str] | None,
        typer.Option(
            "--why",
            metavar="LINE",
            help="Only this line (or id, such as 3.1): how it was understood, what the verdict rests on.",
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every formula, not only what needs attention.")
    ] = False,
    repairs: Annotated[
        bool, typer.Option("--repairs/--no-repairs", help="Look for the nearest true line.")
    ] = True,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", help="How many files at a time.")
    ] = 1,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", metavar="S", help="The longest that one file may take."),
    ] = None,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Write the proved corrections of refuted lines into the files."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what --fix would change, and change nothing.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Judge again whenever a file changes, until Ctrl-C.")
    ] = False,
) -> None:
    """The red pen: each formula of people's notes, judged line by line."""
    from derive import red_pen

    def once() -> int:
        with reported():
            page = report_page(to, output)
            given = red_pen.all_files(files)
            red_pen.refuse_misuse(given, output, jobs, seconds, why or ())
            copies = red_pen.copies_for(given, annotate)
            definitions = tuple(d for name in model or () for d in tasks.definitions_of(name))
            options = tasks.options(horizon, layout, definitions, repairs, read, tuple(why or ()))
            notes = [red_pen.notes_of(name) for name in given]
            reports = red_pen.judged(notes, options, jobs, seconds)
            for report in reports:
                if report.error is not None:
                    complain(report.error)
            red_pen.write_copies(copies, reports, every)
            if fix or diff:
                reports, changes = red_pen.mended(reports, fix and not diff)
            if diff:
                page.put_text(changes)
            else:
                red_pen.write_reports(page, reports, every)
        return red_pen.exit_code(reports, strict)

    with reported():
        if watch and "-" in files:
            raise DeriveError("expected files with --watch: standard input does not change")
    code = once()
    if watch:
        red_pen.watch(red_pen.all_files(files), lambda: _quietly(once))
    if code:
        raise typer.Exit(code)


@app.command(
    short_help="What a verdict or a rule means, with an example.",
    epilog=help_of(USUAL_CODES, "derive explain refuted", "derive explain chain-rule"),
)
def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="VERDICT|RULE",
            help="A verdict of verify or a rule of a derivation (default: the list of them).",
            autocompletion=_explained_names,
        ),
    ] = None,
    output: Output = None,
) -> None:
    """What a verdict means, or what a rule of a derivation says, with an example."""
    from derive.explaining import explained

    with reported():
        Page("text", output, True, False).put_text(explained(name))


def _quietly(once: Callable[[], object]) -> None:
    """Once more; an error has been said and ends nothing."""
    with suppress(typer.Exit):
        once()


# -- input ------------------------------------------------------------------------------------------


def _model(
    name: str | None, definitions: Sequence[str] | None, output: Path | None = None
) -> Recurrence:
    """A built-in model, a file of definitions, which `output` may not be, or the definitions of -D."""
    if definitions:
        if name is not None:
            raise DeriveError(f"expected a model or -D, found both ({name})")
        return tasks.defined(definitions, "-D")
    if name is not None and output is not None:
        sources.spare([name], output)
    return tasks.recurrence_of(name)


def _sizes(given: Sequence[str]) -> dict[str, int]:
    """The sizes that -n n=64 and its like name."""
    found: dict[str, int] = {}
    for part in (p.strip() for joined in given for p in joined.split(",")):
        letter, _, size = part.partition("=")
        if not (letter and size.isascii() and size.isdigit() and 1 <= int(size) <= LARGEST_SIZE):
            raise DeriveError(
                f"expected -n LETTER=SIZE with a size from 1 to {LARGEST_SIZE}, found {part!r}"
            )
        if found.setdefault(letter.strip(), int(size)) != int(size):
            raise DeriveError(f"{letter} has two sizes")
    return found
