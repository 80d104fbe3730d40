"""The arguments and options that the commands share, with what a shell completes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from derive.pages import KINDS
from derive.tasks import LAYOUTS


def listed(names: Sequence[str]) -> Callable[[str], list[str]]:
    """What a shell completes."""

    def completed(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return completed


def model_names(incomplete: str) -> list[str]:
    from derive.model.builtin import MODELS

    return [name for name in MODELS if name.startswith(incomplete)]


def parameter_names(context: typer.Context, incomplete: str) -> list[str]:
    """The parameters of the model that the words before name; none where it cannot be read."""
    from derive.errors import DeriveError
    from derive.notation.latex import latex
    from derive.tasks import defined, recurrence_of

    # Click takes no arguments where an option's value is still to come: they are left over.
    given = context.params.get("model") or next(iter(context.args), None)
    definitions = context.params.get("definitions")
    if given == "-":
        return []  # standard input is the shell's
    try:
        found = defined(definitions) if definitions else recurrence_of(given)
    except DeriveError:
        return []
    names = (latex(p).replace("{", "").replace("}", "") for p in found.parameters)
    return [name for name in names if name.startswith(incomplete)]


ModelArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL",
        help="A built-in model (derive models), a file, a notebook, or - for standard input.",
        autocompletion=model_names,
    ),
]
Definitions = Annotated[
    list[str] | None,
    typer.Option(
        "-D", metavar="LATEX", help="A definition, such as 'h_t = f(h_{t-1}, \\theta)'; repeatable."
    ),
]
Horizon = Annotated[int, typer.Option("-T", metavar="STEPS", help="The number of steps.")]
MaybeHorizon = Annotated[
    int | None,
    typer.Option("-T", metavar="STEPS", help="For this number of steps instead of every T."),
]
Wrt = Annotated[
    list[str] | None,
    typer.Option(
        "--wrt",
        metavar="NAME",
        help="A parameter to differentiate by (default: all); repeatable.",
        autocompletion=parameter_names,
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="FORMAT", help=f"{', '.join(KINDS)}.", autocompletion=listed(KINDS)
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write to this file; its suffix picks the format."
    ),
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
CheckAll = Annotated[
    bool,
    typer.Option("--check-all", help="With -T: derive and check each step, not each kind of step."),
]
Full = Annotated[
    bool, typer.Option("--full", help="Leave nothing out of long sums and derivations.")
]
Layout = Annotated[
    str,
    typer.Option(
        "--layout",
        metavar="LAYOUT",
        help=f"How derivatives stand: {', '.join(LAYOUTS)}.",
        autocompletion=listed(LAYOUTS),
    ),
]
Standalone = Annotated[
    bool,
    typer.Option("--standalone", help="LaTeX as a whole document (as -o FILE.tex has it)."),
]
Fragment = Annotated[
    bool, typer.Option("--fragment", help="LaTeX as rows for align (as --to latex has it).")
]
AnswerOnly = Annotated[
    bool, typer.Option("--answer", help="Only the answer: the gradients and their recursion.")
]
Truncate = Annotated[
    int | None,
    typer.Option("--truncate", metavar="K", help="Also truncated BPTT, back over at most K steps."),
]

USUAL_CODES = "Exit code: 0 done; 2 the input cannot be used, with the reason."
PROOF_CODES = "Exit code: 0 proved; 1 not proved, or not for every T; 2 the input cannot be used."


def help_of(codes: str, *examples: str) -> str:
    """What stands below a command's options."""
    return "\b\nExamples:\n" + "\n".join(f"  {e}" for e in examples) + f"\n\n{codes}"
