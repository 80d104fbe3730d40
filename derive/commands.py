"""The command line: reads, calls, prints, exit codes; the only place that opens files.

Each command imports what it needs when it runs, so that --help and --version stay quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from derive import __version__
from derive.errors import DeriveError, Place

if TYPE_CHECKING:
    from derive.algebra.expression import Variable
    from derive.document import Layers
    from derive.layout import Format
    from derive.model.recurrence import Recurrence
    from derive.proof.kernel import Theorem
    from derive.proof.kinds import ManySteps
    from derive.verify.judge import Options
    from derive.verify.verdicts import Report

LARGEST_FILE = 2_000_000
LARGEST_SIZE = 1_000_000
SOME_MEMORY = 4 * 10**9
TESTED_HORIZONS = 6
KINDS = ("text", "latex", "md", "html", "pdf", "json")
SUFFIXES = {
    ".txt": "text",
    ".tex": "latex",
    ".md": "md",
    ".html": "html",
    ".pdf": "pdf",
    ".json": "json",
}


REPORT_SUFFIXES = {
    ".txt": "text",
    ".md": "md",
    ".json": "json",
    ".sarif": "sarif",
    ".html": "html",
}
REPORTS = tuple(REPORT_SUFFIXES.values())
LAYOUTS = ("numerator", "gradient", "denominator")


class OneSentence(TyperGroup):
    """A command group whose usage errors are one sentence, too."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Runs the command; a usage error prints one line and exits with 2."""
        standalone_mode = extra.pop("standalone_mode", True)
        try:
            result = super().main(*args, **{**extra, "standalone_mode": False})
        except Exception as error:
            sentence = getattr(error, "format_message", None)
            if sentence is None or not standalone_mode:
                raise
            _complain(" ".join(sentence().split()))
            sys.exit(getattr(error, "exit_code", 2))
        if standalone_mode:
            sys.exit(result if isinstance(result, int) else 0)
        return result


app = typer.Typer(
    name="derive",
    cls=OneSentence,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ModelArgument = Annotated[
    str | None, typer.Argument(metavar="[MODEL]", help="A built-in model or a file of definitions.")
]
Definitions = Annotated[
    list[str] | None,
    typer.Option("-D", metavar="LATEX", help="A definition, such as 'h_t = f(h_{t-1}, \\theta)'."),
]
Horizon = Annotated[int, typer.Option("-T", help="The number of steps.")]
MaybeHorizon = Annotated[
    int | None, typer.Option("-T", help="Prove it for this number of steps instead of every T.")
]
Wrt = Annotated[
    list[str] | None, typer.Option("--wrt", help="A parameter to differentiate by (default: all).")
]
To = Annotated[str | None, typer.Option("--to", help=f"One of {', '.join(KINDS)}.")]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Write to this file; its suffix picks the format."),
]
ForCoq = Annotated[
    Path | None,
    typer.Option(
        "--certificate",
        metavar="FILE.v",
        help="Also write the theorem for every T as a Coq file, and check it where coqc is installed.",
    ),
]
Maps = Annotated[
    bool,
    typer.Option(
        "--maps",
        help="With --certificate: derivatives as maps between vectors or matrices, adjointness assumed.",
    ),
]
Full = Annotated[
    bool, typer.Option("--full", help="Leave nothing out of long sums and derivations.")
]
Layout = Annotated[
    str, typer.Option("--layout", help=f"How derivatives stand: {', '.join(LAYOUTS)}.")
]
Standalone = Annotated[
    bool, typer.Option("--standalone", help="With LaTeX: a whole document, not rows for align.")
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"derive {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Derive, prove and write gradients of recurrences."""


@app.command()
def bptt(
    model: ModelArgument = None,
    definitions: Definitions = None,
    horizon: Horizon = 3,
    wrt: Wrt = None,
    truncate: Annotated[
        int | None,
        typer.Option("--truncate", help="Also truncated BPTT, back over at most k steps."),
    ] = None,
    layout: Layout = LAYOUTS[0],
    to: To = None,
    output: Output = None,
    full: Full = False,
    standalone: Standalone = False,
) -> None:
    """The gradient three ways, each step checked, and the three proved equal."""
    with _reported():
        page = _page(to, output, full, standalone)
        recurrence = _model(model, definitions, output)
        _bptt(page, recurrence, horizon, wrt, truncate, _layout(recurrence, layout))


@app.command()
def prove(
    model: ModelArgument = None,
    definitions: Definitions = None,
    horizon: MaybeHorizon = None,
    wrt: Wrt = None,
    layout: Layout = LAYOUTS[0],
    certificate: ForCoq = None,
    maps: Maps = False,
    to: To = None,
    output: Output = None,
    full: Full = False,
    standalone: Standalone = False,
    check_all: Annotated[
        bool,
        typer.Option(
            "--check-all", help="With -T: derive and check each step, not each kind of step."
        ),
    ] = False,
) -> None:
    """The proof that the gradients agree: for every T, or with -T for that T."""
    with _reported():
        if check_all and horizon is None:
            raise DeriveError(
                "expected -T with --check-all: for every T there is one step to check"
            )
        page = _page(to, output, full, standalone)
        _refuse_certificate(certificate, maps, horizon, output)
        recurrence = _model(model, definitions, output)
        chosen = _layout(recurrence, layout)
        if horizon is None:
            _prove_every(page, recurrence, wrt, chosen, certificate, maps)
        else:
            _prove_at(page, recurrence, horizon, wrt, chosen, check_all)


@app.command()
def check(
    model: ModelArgument = None,
    definitions: Definitions = None,
    horizon: Horizon = 3,
    wrt: Wrt = None,
    to: To = None,
    output: Output = None,
    standalone: Standalone = False,
) -> None:
    """The derived gradient at random numbers against central differences, RTRL and, if there, JAX."""
    with _reported():
        page = _page(to, output, True, standalone)
        recurrence = _model(model, definitions, output)
        _check(page, recurrence, horizon, wrt)


@app.command()
def code(
    model: ModelArgument = None,
    definitions: Definitions = None,
    wrt: Wrt = None,
    to: Annotated[str, typer.Option("--to", help="The language: numpy.")] = "numpy",
    output: Output = None,
) -> None:
    """The proved backward pass as a NumPy program, linear in T."""
    with _reported():
        if to != "numpy":
            raise DeriveError(f"expected --to numpy, found {to!r}")
        _code(_model(model, definitions, output), wrt, output)


@app.command()
def cost(
    model: ModelArgument = None,
    definitions: Definitions = None,
    horizon: Annotated[int, typer.Option("-T", help="The number of steps.")] = 100,
    wrt: Wrt = None,
    truncate: Annotated[
        int | None,
        typer.Option("--truncate", help="Also truncated BPTT, back over at most k steps."),
    ] = None,
    sizes: Annotated[
        list[str] | None,
        typer.Option("-n", metavar="LETTER=SIZE", help="A size, such as n=64; may be repeated."),
    ] = None,
    to: To = None,
    output: Output = None,
    standalone: Standalone = False,
) -> None:
    """Multiplications and memory of each way to the gradient, counted from its derivation."""
    with _reported():
        page = _page(to, output, True, standalone)
        recurrence = _model(model, definitions, output)
        _cost(page, recurrence, horizon, wrt, truncate, _sizes(sizes or ()))


@app.command()
def example(
    name: Annotated[str | None, typer.Argument(help="chain-rule or product.")] = None,
    definitions: Definitions = None,
    wrt: Wrt = None,
    to: To = None,
    output: Output = None,
    full: Full = False,
    standalone: Standalone = False,
) -> None:
    """A worked example: by the chain rule, by expanding first, and that both agree."""
    with _reported():
        page = _page(to, output, full, standalone)
        _example(page, name, definitions, wrt)


@app.command()
def models(
    name: Annotated[str | None, typer.Argument(help="The model to show (default: all).")] = None,
    to: To = None,
    output: Output = None,
    standalone: Standalone = False,
) -> None:
    """The built-in models, as LaTeX definitions."""
    with _reported():
        page = _page(to, output, True, standalone)
        _models(page, name)


@app.command()
def notes(
    to: To = None,
    output: Output = None,
    full: Full = False,
    standalone: Standalone = False,
) -> None:
    """The handwritten notes, written out whole and corrected."""
    with _reported():
        page = _page(to, output, full, standalone)
        _notes(page)


@app.command()
def verify(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Notes to judge; - is standard input.")
    ],
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="Definitions: a built-in model or a file; may be repeated."),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option("-T", help="Judge for this number of steps only.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option("--layout", help=f"One of {', '.join(LAYOUTS)} (default: inferred)."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail on what is ambiguous, tested or unread, too.")
    ] = False,
    to: Annotated[str | None, typer.Option("--to", help=f"One of {', '.join(REPORTS)}.")] = None,
    output: Output = None,
    annotate: Annotated[
        Path | None,
        typer.Option("--annotate", help="Write the notes with the verdicts here (many: a folder)."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every formula, not only what needs attention.")
    ] = False,
    repairs: Annotated[
        bool, typer.Option("--repairs/--no-repairs", help="Look for the nearest true line.")
    ] = True,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="How many files at a time.")] = 1,
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="The longest that one file may take.")
    ] = None,
) -> None:
    """The red pen: each formula of people's notes, judged line by line."""
    with _reported():
        page = _report_page(to, output)
        _check_verify(files, output, horizon, layout, jobs, seconds)
        copies = _copies(files, annotate)
        definitions = tuple(d for name in model or () for d in _given(name))
        read = [_notes_of(name) for name in files]
        options = _options(horizon, layout, definitions, repairs)
        reports = _judged(read, options, jobs, seconds)
        for report in reports:
            if report.error is not None:
                _complain(report.error)
        _write_copies(copies, reports, every)
        _write_reports(page, reports, every)
    code = _verdict_code(reports, strict)
    if code:
        raise typer.Exit(code)


# -- the commands' work -----------------------------------------------------------------------------


def _bptt(
    page: Page,
    recurrence: Recurrence,
    horizon: int,
    wrt: Sequence[str] | None,
    truncate: int | None,
    layout: str,
) -> None:
    from derive import document
    from derive.derivation.gradients import gradients
    from derive.derivation.local import local
    from derive.derivation.truncated import MOST_DROPPED_WRITTEN, count_dropped, truncated
    from derive.proof.setting import AtHorizon, general_step

    if truncate is not None and truncate < 0:
        raise DeriveError(f"expected --truncate of at least 0, found {truncate}")
    _need_steps(recurrence)
    setting = AtHorizon(recurrence, horizon)
    try:
        slopes = local(general_step(recurrence))
    except DeriveError:
        slopes = local(setting)
    parts: list[dict[str, Any]] = []
    derivations: list[Theorem] = [slopes] if slopes else []
    chosen = _wrt(recurrence, wrt)
    with _waiting("deriving", len(chosen)) as advance:
        for by in chosen:
            ways, agreement = _three_ways(setting, by)
            goal, dropped = ways[0].claim.left, 0
            if layout == "gradient" and recurrence.shapes:
                ways = (gradients(setting, by), *ways[1:])
            if truncate is not None:
                ways = (*ways, truncated(setting, by, truncate))
                dropped = count_dropped(setting, by, truncate)
            parts.append(
                {
                    "wrt": by,
                    "derivations": ways,
                    "agreement": agreement,
                    "goal": goal,
                    "unwritten": dropped if dropped > MOST_DROPPED_WRITTEN else 0,
                }
            )
            derivations += ways
            advance()
    if page.kind == "json":
        agreements = [part["agreement"] for part in parts]
        page.write_json(
            document.as_json(
                recurrence, horizon, chosen, derivations, agreements, convention=layout
            )
        )
    else:
        page.write(lambda out: document.gradient(out, setting, slopes, parts, layout))


def _three_ways(setting: Any, by: Variable) -> tuple[tuple[Theorem, ...], Theorem]:
    """BPTT, total differentiation and forward accumulation, and that they agree."""
    from derive.derivation.backward import backward
    from derive.derivation.forward import forward
    from derive.derivation.total import total
    from derive.proof.agreement import agree

    ways = (backward(setting, by), total(setting, by), forward(setting, by))
    return ways, agree(setting, by, ways[1], ways[2], ways[0])


def _layout(recurrence: Recurrence, name: str) -> str:
    """The layout called `name`; DeriveError for another one, and where there are only scalars."""
    if name not in LAYOUTS:
        raise DeriveError(f"expected --layout to be one of {', '.join(LAYOUTS)}, found {name!r}")
    if name != LAYOUTS[0] and not recurrence.shapes and not recurrence.functions:
        raise DeriveError(f"--layout {name} needs a model with vectors: declare a shape")
    return name


def _prove_every(
    page: Page,
    recurrence: Recurrence,
    wrt: Sequence[str] | None,
    layout: str,
    path: Path | None,
    maps: bool,
) -> None:
    from derive import document
    from derive.derivation.every import every
    from derive.derivation.gradients import adjoints, gradients, sensitivities
    from derive.proof.setting import general_step

    _need_steps(recurrence)
    chosen = _wrt(recurrence, wrt)
    try:
        setting = general_step(recurrence)
        theorems = {}
        with _waiting("proving", len(chosen)) as advance:
            for by in chosen:
                theorems[by] = every(setting, by)
                advance()
    except DeriveError as error:
        without = "; no certificate was written" if path is not None else ""
        _prove_some(page, recurrence, chosen, error.sentence + without, layout)
        return
    write = gradients if layout == "gradient" else adjoints
    closed = {
        by: (sensitivities(setting, by), write(setting, by))
        for by in chosen
        if recurrence.shapes or not recurrence.functions
    }
    layers = _certify(recurrence, theorems, path, maps) if path else document.KERNEL_ALONE
    if page.kind == "json":
        found = list(theorems.values())
        shown = [*found, *(theorem for ways in closed.values() for theorem in ways)]
        page.write_json(document.as_json(recurrence, None, chosen, shown, found, layers, layout))
    else:
        page.write(
            lambda out: document.every_horizon(out, setting, theorems, closed, layers, layout)
        )
    if path and not layers.certificate:
        _complain(f"no certificate was written: {layers.reason}")
        raise typer.Exit(1)


def _refuse_certificate(
    path: Path | None, maps: bool, horizon: int | None, output: Path | None
) -> None:
    """What cannot be asked of --certificate: another T, a name that coqc does not take."""
    if path is None:
        if maps:
            raise DeriveError("expected --certificate FILE.v with --maps")
        return
    if horizon is not None:
        raise DeriveError("a certificate is for every T: expected --certificate without -T")
    if path.suffix != ".v" or not (path.stem.isascii() and path.stem.isidentifier()):
        raise DeriveError(
            f"expected --certificate FILE.v, with letters, digits and _ alone, found {path.name!r}"
        )
    if output is not None and output.absolute() == path.absolute():
        raise DeriveError(f"expected two files for -o and --certificate, found {str(path)!r} twice")


def _certify(
    recurrence: Recurrence, theorems: Mapping[Variable, Theorem], path: Path, maps: bool
) -> Layers:
    """Writes the Coq file unless coqc is there and rejects it; which of them checked it.

    Where there is none the proof is shown all the same, with the reason.
    """
    from derive import document
    from derive.coq import NoCoq, accept
    from derive.proof.certificate import certificate
    from derive.proof.rules import Unproved
    from derive.writing import write_atomically

    maps = maps or bool(recurrence.shapes)
    try:
        found = [certificate(theorem, by, maps) for by, theorem in theorems.items()]
    except Unproved as error:
        return document.Layers(reason=error.sentence)
    text = document.certificate(recurrence, found)
    version = reason = ""
    try:
        version = accept(text, len(found))
    except NoCoq as error:
        reason = error.sentence
    write_atomically(path, text.encode("utf-8"))
    return document.Layers(str(path), version, reason, document.hypotheses(found))


def _prove_some(
    page: Page, recurrence: Recurrence, chosen: Sequence[Variable], reason: str, layout: str
) -> None:
    """What can be proved where every T cannot: the first few T, with the reason; exit code 1."""
    from derive import document
    from derive.model.horizon import least_horizon
    from derive.proof.setting import AtHorizon

    least = least_horizon(recurrence)
    ways: list[Theorem] = []
    theorems: list[Theorem] = []
    for horizon in range(least, least + TESTED_HORIZONS):
        setting = AtHorizon(recurrence, horizon)
        for by in chosen:
            found, agreement = _three_ways(setting, by)
            ways += found
            theorems.append(agreement)
    if page.kind == "json":
        page.write_json(
            document.as_json(
                recurrence, None, chosen, ways, theorems, document.KERNEL_ALONE, layout
            )
        )
    else:
        title = "Proved for some T only"
        page.write(
            lambda out: document.agreements(out, recurrence, title, theorems, reason, layout)
        )
    _complain(f"not proved for every T: {reason}")
    raise typer.Exit(1)


def _prove_at(
    page: Page,
    recurrence: Recurrence,
    horizon: int,
    wrt: Sequence[str] | None,
    layout: str,
    check_all: bool,
) -> None:
    """At this T: each kind of step once, where the document does not show each step."""
    from derive import document
    from derive.proof.setting import AtHorizon

    _need_steps(recurrence)
    chosen = _wrt(recurrence, wrt)
    title = f"The three gradients agree at T = {horizon}"
    if page.kind != "json" and layout == LAYOUTS[0] and not check_all:
        steps = _kinds_at(recurrence, horizon, chosen)
        if steps:
            page.write(lambda out: document.agreements(out, recurrence, title, steps))
            return
    setting = AtHorizon(recurrence, horizon)
    ways: list[Theorem] = []
    theorems: list[Theorem] = []
    with _waiting("proving", len(chosen)) as advance:
        for by in chosen:
            found, agreement = _three_ways(setting, by)
            ways += found
            theorems.append(agreement)
            advance()
    if page.kind == "json":
        page.write_json(
            document.as_json(
                recurrence, horizon, chosen, ways, theorems, document.KERNEL_ALONE, layout
            )
        )
    else:
        page.write(
            lambda out: document.agreements(out, recurrence, title, theorems, convention=layout)
        )


def _kinds_at(
    recurrence: Recurrence, horizon: int, chosen: Sequence[Variable]
) -> Sequence[ManySteps]:
    """The three gradients by the kinds of steps; none for a model that must be checked step by step."""
    import gc

    from derive.derivation.steps import at_many_steps
    from derive.errors import TooMuch

    gc.freeze()
    gc.disable()  # millions of tuples are made, none of them in a cycle
    try:
        with _waiting("proving", len(chosen) + 1) as advance:
            return at_many_steps(recurrence, horizon, chosen, _free_memory(), advance)
    except TooMuch:
        raise
    except DeriveError:
        return ()
    finally:
        gc.enable()


def _free_memory() -> int:
    """How many bytes can still be had; where the system does not say so, some."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = dict(line.split(":", 1) for line in file)
        return int(found["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return SOME_MEMORY


def _code(recurrence: Recurrence, wrt: Sequence[str] | None, output: Path | None) -> None:
    from derive import document
    from derive.derivation.code import program

    _need_steps(recurrence)
    found = program(recurrence, _wrt(recurrence, wrt))
    Page("text", output, True, False).write_text(document.code(found))


def _check(page: Page, recurrence: Recurrence, horizon: int, wrt: Sequence[str] | None) -> None:
    from derive import document
    from derive.derivation import autograd
    from derive.derivation.numbers import comparisons

    if recurrence.functions:
        raise DeriveError(f"{recurrence.functions[0]} is an abstract function: it has no numbers")
    jax = autograd.autograd if autograd.is_installed() else None
    try:
        rows = comparisons(recurrence, horizon, _wrt(recurrence, wrt), jax)
    except (ZeroDivisionError, OverflowError):
        raise DeriveError(
            "the model has no value at random numbers: a division by zero or a number too large"
        ) from None
    third = autograd.version() if jax else None
    if page.kind == "json":
        page.write_json(document.comparison_as_json(recurrence, horizon, rows, third))
    else:
        page.write(lambda out: document.comparison(out, recurrence, horizon, rows, third))
    if not all(r.agrees for r in rows):
        _complain("the derived gradient differs from another way's")
        raise typer.Exit(1)


def _cost(
    page: Page,
    recurrence: Recurrence,
    horizon: int,
    wrt: Sequence[str] | None,
    truncate: int | None,
    sizes: Mapping[str, int],
) -> None:
    from derive import document
    from derive.derivation.bill import bill

    if truncate is not None and truncate < 0:
        raise DeriveError(f"expected --truncate of at least 0, found {truncate}")
    _need_steps(recurrence)
    found = bill(recurrence, horizon, _wrt(recurrence, wrt), truncate, sizes)
    if page.kind == "json":
        page.write_json(document.cost_as_json(found))
    else:
        page.write(lambda out: document.cost(out, found))


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


def _example(
    page: Page, name: str | None, definitions: Sequence[str] | None, wrt: Sequence[str] | None
) -> None:
    from derive import document
    from derive.derivation.example import example as work_out
    from derive.model.builtin import EXAMPLES, builtin

    if definitions:
        if name is not None:
            raise DeriveError(f"expected the name of an example or -D, found both ({name})")
        recurrence, about = _model(None, definitions), "as given"
    else:
        name = name or next(iter(EXAMPLES))
        recurrence = builtin(name, EXAMPLES)
        about = EXAMPLES[name].about
    ways = {by: work_out(recurrence, by) for by in _wrt(recurrence, wrt)}
    if page.kind == "json":
        derivations = [t for found in ways.values() for t in found[:-1]]
        theorems = [found[-1] for found in ways.values()]
        page.write_json(document.as_json(recurrence, None, list(ways), derivations, theorems))
    else:
        page.write(lambda layout: document.worked_example(layout, about, recurrence, ways))


def _models(page: Page, name: str | None) -> None:
    from derive import document
    from derive.model.builtin import MODELS, builtin
    from derive.notation.latex import latex

    if name is not None and name not in MODELS:
        builtin(name)
    chosen = [name] if name is not None else list(MODELS)
    listed = [(n, MODELS[n].about, builtin(n)) for n in chosen]
    if page.kind == "json":
        rows = [
            {
                "name": n,
                "about": about,
                "definitions": [latex(e) for e in document.definitions_of(r)],
            }
            for n, about, r in listed
        ]
        page.write_json({"schema": "derive.models/1", "models": rows})
    else:
        page.write(lambda layout: document.models(layout, listed))


def _notes(page: Page) -> None:
    from derive import document
    from derive.derivation.notes import notes as tell

    story = tell()
    if page.kind == "json":
        page.write_json(
            document.as_json(story.recurrence, None, [story.by], story.derivations, story.theorems)
        )
    else:
        page.write(lambda layout: document.notes(layout, story))


def _check_verify(
    files: Sequence[str],
    output: Path | None,
    horizon: int | None,
    layout: str | None,
    jobs: int,
    seconds: float | None,
) -> None:
    if horizon is not None and horizon < 1:
        raise DeriveError(f"expected -T of at least 1, found {horizon}")
    if layout is not None and layout not in LAYOUTS:
        raise DeriveError(f"expected --layout to be one of {', '.join(LAYOUTS)}, found {layout!r}")
    if jobs < 1:
        raise DeriveError(f"expected --jobs of at least 1, found {jobs}")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise DeriveError(f"expected --seconds greater than 0, found {seconds:g}")
    if files.count("-") > 1:
        raise DeriveError("expected - once: standard input can be read only once")
    if output is not None:
        _spare_notes(files, output)


def _spare_notes(files: Sequence[str], output: Path) -> None:
    """Refuses to write over a file that is to be judged."""
    for name in files:
        if name != "-" and output.exists() and Path(name).exists() and output.samefile(name):
            raise DeriveError(f"{output} is one of the files to read: it would be overwritten")


def _options(
    horizon: int | None, layout: str | None, model: tuple[tuple[str, str], ...], repairs: bool
) -> Options:
    from derive.verify.judge import Options

    return Options(horizon=horizon, layout=layout, model=model, repairs=repairs)


def _judged(
    read: Sequence[Report], options: Options, jobs: int, seconds: float | None
) -> list[Report]:
    """The reports, in the order of the files; what could not be read keeps its error."""
    from derive.verify.workers import reports

    result = list(read)
    open_files = [i for i, report in enumerate(read) if report.error is None]
    texts = [(read[i].path, read[i].text) for i in open_files]
    with _progress(len(texts)) as advance:
        for number, report in reports(texts, options, jobs, seconds):
            result[open_files[number]] = report
            advance()
    return result


@contextmanager
def _waiting(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's standard error, once this takes longer than a second."""
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
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's standard error where there are many files; it starts no thread."""
    if total < 2 or not sys.stderr.isatty():
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


def _write_reports(page: Page, reports: Sequence[Report], every: bool) -> None:
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
        page.write_text(marking.markdown(reports, every))
    elif page.kind == "html":
        page.write_text(marking.html(reports, every))
    elif screen:
        marking.show(marking.marked(reports, _columns(), every), _columns())
    else:
        page.write_text(marking.plain(marking.marked(reports, every=every)))


def _copies(files: Sequence[str], annotate: Path | None) -> list[Path]:
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
        _spare_notes(files, copy)
    return copies


def _write_copies(copies: Sequence[Path], reports: Sequence[Report], every: bool) -> None:
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


def _verdict_code(reports: Sequence[Report], strict: bool) -> int:
    """2 if a file could not be judged, 1 if something in one is wrong, 0 if all is well."""
    bad = {"refuted", "carried"} | ({"ambiguous", "tested", "unread"} if strict else set())
    if any(report.error is not None for report in reports):
        return 2
    return 1 if any(bad & set(report.counts) for report in reports) else 0


# -- input ------------------------------------------------------------------------------------------


def _model(
    name: str | None, definitions: Sequence[str] | None, output: Path | None = None
) -> Recurrence:
    """A built-in model, a file of definitions, which `output` may not be, or the definitions of -D."""
    from derive.model.builtin import DEFAULT, MODELS, builtin
    from derive.model.recurrence import recurrence
    from derive.notation.reader import read_statements

    if definitions:
        if name is not None:
            raise DeriveError(f"expected a model or -D, found both ({name})")
        texts = [(f"-D {i}", text) for i, text in enumerate(definitions, 1)]
        return recurrence(read_statements(texts)[0])
    if name is None or name in MODELS:
        return builtin(name or DEFAULT)
    path = Path(name)
    if not path.suffix and "/" not in name and not path.exists():
        raise DeriveError(f"expected a file or one of {', '.join(MODELS)}, found {name!r}")
    if output is not None:
        _spare_notes([name], output)
    return recurrence(read_statements([(name, _read(path))])[0])


def _read(path: Path, of: str = "definitions") -> str:
    """The text of a file; DeriveError for what is no text file."""
    if path.is_dir():
        raise DeriveError(f"{path} is a folder: expected a file of {of}")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        reason = (error.strerror or "error").lower()
        raise DeriveError(f"{path} cannot be read: {reason}") from error
    return _decoded(data, str(path))


def _decoded(data: bytes, path: str) -> str:
    if len(data) > LARGEST_FILE:
        raise DeriveError(f"{path} is larger than the limit of {LARGEST_FILE} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        place = Place(path, line, 1)
        raise DeriveError("expected text in UTF-8, found a byte that is none", place) from error
    if "\0" in text:
        raise DeriveError("expected text, found a zero byte", Place(path, 1, 1))
    return text.replace("\r\n", "\n")


def _given(name: str) -> list[tuple[str, str]]:
    """The definitions that --model names, each with its path: of a built-in model or of a file."""
    from derive.model.builtin import BUILTIN

    if name in BUILTIN:
        return [(f"{name} {i}", text) for i, text in enumerate(BUILTIN[name].definitions, 1)]
    path = Path(name)
    if not path.suffix and "/" not in name and not path.exists():
        raise DeriveError(f"expected a file or one of {', '.join(BUILTIN)}, found {name!r}")
    return [(name, _read(path))]


def _notes_of(name: str) -> Report:
    """The text of a file of notes, not judged yet; what cannot be read has an error."""
    from derive.verify.verdicts import Report

    path = "stdin" if name == "-" else name
    try:
        text = _decoded(_standard_input(), "stdin") if name == "-" else _read(Path(name), "notes")
        return Report(path, text, ())
    except DeriveError as error:
        return Report(path, "", (), error=str(error))


def _standard_input() -> bytes:
    return sys.stdin.buffer.read(LARGEST_FILE + 1)


def _need_steps(recurrence: Recurrence) -> None:
    if not recurrence.steps:
        raise DeriveError(
            "no recurrence found: expected a definition such as h_t = f(h_{t-1}, \\theta)"
        )


def _wrt(recurrence: Recurrence, names: Sequence[str] | None) -> list[Variable]:
    """The parameters that `names` mean: θ, \\theta and theta are one; all of them by default."""
    from derive.notation.latex import latex
    from derive.notation.unicode import text

    if not recurrence.parameters:
        raise DeriveError("the model has no parameter to differentiate by")
    if not names:
        return list(recurrence.parameters)
    known = {}
    for p in recurrence.parameters:
        for spelling in (latex(p).lstrip("\\"), text(p), latex(p)):
            known[spelling] = p
    chosen = []
    for name in (n.strip() for joined in names for n in joined.split(",")):
        if name not in known:
            listed = ", ".join(text(p) for p in recurrence.parameters)
            raise DeriveError(f"expected --wrt to name one of {listed}, found {name!r}")
        if known[name] not in chosen:
            chosen.append(known[name])
    return chosen


# -- output -----------------------------------------------------------------------------------------


class Page:
    """Where a document goes and in which format."""

    def __init__(self, kind: str, output: Path | None, full: bool, standalone: bool) -> None:
        self.kind = kind
        self.output = output
        self.full = full
        self.standalone = standalone

    def write(self, render: Callable[[Format], str]) -> None:
        """Renders the document and puts it out."""
        from derive import document

        if self.kind == "pdf":
            self._write_pdf(render(document.layout_of("latex", self.full, 80, True)))
            return
        screen = self.output is None and sys.stdout.isatty()
        columns = _columns() if screen else 80
        layout = document.layout_of(self.kind, self.full, columns, self.standalone)
        rendered = render(layout)
        if self.kind == "text" and screen:
            document.show(rendered, columns)
        elif self.kind == "text":
            self._put(document.plain(rendered))
        else:
            self._put(rendered)

    def write_text(self, rendered: str) -> None:
        """Puts out a finished text."""
        self._put(rendered)

    def write_json(self, data: dict[str, Any]) -> None:
        """Puts out data as JSON, non-ASCII letters as they are."""
        import json

        self._put(json.dumps(data, ensure_ascii=False, indent=2) + "\n")

    def _put(self, rendered: str) -> None:
        from derive.writing import write_atomically

        if self.output is not None:
            write_atomically(self.output, rendered.encode("utf-8"))
            return
        try:
            sys.stdout.buffer.write(rendered.encode("utf-8"))
            sys.stdout.flush()
        except BrokenPipeError:
            sys.stderr.close()
            raise SystemExit(0) from None
        except OSError as error:
            # What is still held back would fail again, and loudly, when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            reason = (error.strerror or "error").lower()
            raise DeriveError(f"standard output cannot be written: {reason}") from None

    def _write_pdf(self, tex: str) -> None:
        from derive.typesetting import NoTeX, typeset
        from derive.writing import write_atomically

        assert self.output is not None
        try:
            pdf = typeset(tex)
        except NoTeX as error:
            beside = self.output.with_suffix(".tex")
            if beside.exists():
                raise DeriveError(
                    f"{error.sentence}; {beside} is there already and was left alone"
                ) from None
            write_atomically(beside, tex.encode("utf-8"))
            raise DeriveError(f"{error.sentence}; the LaTeX is in {beside}") from None
        write_atomically(self.output, pdf)


def _page(to: str | None, output: Path | None, full: bool, standalone: bool) -> Page:
    """The format that --to names or the suffix of -o picks."""
    if to is not None and to not in KINDS:
        raise DeriveError(f"expected --to to be one of {', '.join(KINDS)}, found {to!r}")
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
        raise DeriveError("expected -o FILE.pdf: a PDF does not go to the terminal")
    return Page(kind or "text", output, full, standalone)


def _report_page(to: str | None, output: Path | None) -> Page:
    """Where a report goes: --to and the suffix of -o pick its format."""
    if to is not None and to not in REPORTS:
        raise DeriveError(f"expected --to to be one of {', '.join(REPORTS)}, found {to!r}")
    if output is None or str(output) == "-":
        return Page(to or "text", None, True, True)
    kind = to or REPORT_SUFFIXES.get(output.suffix.lower())
    if kind is None:
        raise DeriveError(
            f"expected a file that ends in {', '.join(REPORT_SUFFIXES)}, or --to, "
            f"found {str(output)!r}"
        )
    return Page(kind, output, True, True)


def _columns() -> int:
    from shutil import get_terminal_size

    return max(40, min(get_terminal_size((80, 24)).columns, 120))


def _complain(sentence: str) -> None:
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in sentence)
    print(f"derive: {shown}", file=sys.stderr)


@contextmanager
def _reported() -> Iterator[None]:
    """Errors as one sentence: 1 for what is not proved, 2 for what cannot be used."""
    try:
        yield
    except DeriveError as error:
        _complain(str(error))
        raise typer.Exit(_exit_code(error)) from None
    except RecursionError:
        _complain("the input is nested too deeply")
        raise typer.Exit(2) from None


def _exit_code(error: DeriveError) -> int:
    if "derive.coq" in sys.modules:
        from derive.coq import Rejected

        if isinstance(error, Rejected):
            return 1
    if type(error) is DeriveError or "derive.proof.rules" not in sys.modules:
        return 2
    from derive.proof.rules import Unproved

    return 1 if isinstance(error, Unproved) else 2
