"""How the command line is used: what is mistyped, and Ctrl-C, end it without a traceback."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from derive.pages import complain
from derive.tasks import nearest

INTERRUPTED = 130  # as a shell says of what Ctrl-C ended


class OneSentence(TyperGroup):
    """A command group whose usage errors are one sentence, too, and whose help names no types."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, its arguments without <str>."""
        command = super().get_command(ctx, cmd_name)
        for parameter in getattr(command, "params", ()):
            if parameter.param_type_name == "argument":
                parameter.display_type_rich = _no_type
        return command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Runs the command; a usage error prints one line and exits with 2."""
        standalone_mode = extra.pop("standalone_mode", True)
        try:
            result = super().main(*args, **{**extra, "standalone_mode": False})
        except typer.Abort:
            if not standalone_mode:
                raise
            sys.exit(INTERRUPTED)
        except Exception as error:
            sentence = getattr(error, "format_message", None)
            if sentence is None or not standalone_mode:
                raise
            complain(_with_suggestion(error, " ".join(sentence().split())))
            sys.exit(getattr(error, "exit_code", 2))
        if standalone_mode:
            sys.exit(result if isinstance(result, int) else 0)
        return result


def _no_type(**_: Any) -> str:
    return ""


def _with_suggestion(error: Exception, sentence: str) -> str:
    """A usage error with the command or the options that are most like what was typed."""
    context = getattr(error, "ctx", None)
    if context is None or "Did you mean" in sentence:
        return sentence
    if sentence.startswith("No such command"):
        near = nearest(sentence.split("'")[1], list(getattr(context.command, "commands", ())))
    elif name := getattr(error, "option_name", None):
        options = [o for p in context.command.params for o in getattr(p, "opts", ())]
        near = nearest(name, [o for o in options if o.startswith("--")])
        sentence = sentence.partition(" (Possible")[0].partition(" Did you")[0]
    else:
        return sentence
    return f"{sentence.rstrip('.')}. Did you mean {' or '.join(near)}?" if near else sentence
