"""How the command line is used: what is mistyped, and Ctrl-C, end it without a traceback."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
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
        command: Any = super().get_command(ctx, cmd_name)
        if command is not None:
            plain: Callable[[Any], list[Any]] = command.get_params
            command.get_params = lambda context: _taken(plain(context))
        for parameter in getattr(command, "params", ()):
            if parameter.param_type_name == "argument":
                parameter.display_type_rich = _no_type
        return command

    def get_params(self, ctx: Any) -> list[Any]:
        return _taken(super().get_params(ctx))

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
            complain(_with_suggestion(error, _NO_NUMBER.sub(_wanted, " ".join(sentence().split()))))
            sys.exit(getattr(error, "exit_code", 2))
        if standalone_mode:
            sys.exit(result if isinstance(result, int) else 0)
        return result


def _taken(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if getattr(parameter, "_runtime_param", parameters) is None:
            parameter._runtime_param = _Taken()
    return parameters


class _Taken:
    """What has its type already is taken as it is; for all else Typer makes its converter.

    Where that is a part of Pydantic, its import takes as long as a short command.
    """

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        annotation = param.type_descriptor.annotation
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if several and annotation == list[str] and isinstance(value, list | tuple):
            if all(type(part) is str for part in value):
                return list(value)
        elif not several and annotation in (str, int, bool) and type(value) is annotation:
            return value
        elif annotation is int and isinstance(value, str) and value.isascii() and value.isdecimal():
            return int(value)
        elif annotation is int and isinstance(value, str) and not _WHOLE.fullmatch(value):
            raise typer.BadParameter(f"expected a whole number, found {value!r}", ctx, param)
        elif annotation is float and isinstance(value, str) and not _NUMBER.fullmatch(value):
            raise typer.BadParameter(f"expected a number, found {value!r}", ctx, param)
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


_NO_NUMBER = re.compile(r"(?P<found>'[^']*') is not a valid (?P<kind>integer|float)\.?")
_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*")
_WHOLE = re.compile(r"\s*[-+]?\d+\s*")


def _wanted(said: re.Match[str]) -> str:
    """Click's own sentence on what is no number, in our words."""
    return f"expected a {'whole ' * (said['kind'] == 'integer')}number, found {said['found']}"


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
