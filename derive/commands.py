"""The command line: reads, calls, prints, exit codes; the only place that opens files."""

from __future__ import annotations

from typing import Annotated

import typer

from derive import __version__

app = typer.Typer(name="derive", no_args_is_help=True, add_completion=False)


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
