"""What a project fixes for all its notes: options in derive.toml, or in pyproject.toml below [tool.derive].

A table a command, its keys the options without their dashes:

    [verify]                    # in pyproject.toml: [tool.derive.verify]
    strict = true
    layout = "gradient"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from derive.errors import DeriveError
from derive.sources import text_of
from derive.tasks import unknown

FILES = ("derive.toml", "pyproject.toml")


def settings(folder: Path, commands: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The nearest settings from `folder` upward, as Click's default map; empty where there are none.

    `commands` are Click's, by name. DeriveError, with the file, for what no command has.
    """
    for path in _candidates(folder):
        tables = _tables(path)
        if tables is not None:
            return {name: _options(path, name, given, commands) for name, given in tables.items()}
    return {}


def _candidates(folder: Path) -> Iterator[Path]:
    """The files that may have settings, nearest first; a repository's root is the last folder."""
    for here in (folder, *folder.parents):
        yield from (here / name for name in FILES if (here / name).is_file())
        if (here / ".git").exists():
            return


def _tables(path: Path) -> Mapping[str, Any] | None:
    """The tables of a file; None where it says nothing of derive."""
    try:
        found = tomllib.loads(text_of(path, "settings"))
    except tomllib.TOMLDecodeError as error:
        raise DeriveError(f"{path} is no TOML: {str(error)[:200]}") from None
    if path.name == "derive.toml":
        return found
    tool = found.get("tool", {})
    tables = tool.get("derive") if isinstance(tool, dict) else None
    if tables is not None and not isinstance(tables, dict):
        raise DeriveError(f"{path}: expected [tool.derive] to be a table")
    return tables


def _options(path: Path, name: str, given: Any, commands: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of one command under the names of its parameters."""
    if name not in commands:
        raise DeriveError(f"{path}: {unknown('the name of a command', name, list(commands))}")
    if not isinstance(given, dict):
        raise DeriveError(f"{path}: expected [{name}] to be a table of options")
    parameters = {
        option.lstrip("-"): parameter
        for parameter in commands[name].params
        if parameter.param_type_name == "option"
        for option in parameter.opts
    }
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in parameters:
            known = [k for k in parameters if k != "help"]
            raise DeriveError(f"{path}: {unknown(f'an option of derive {name}', key, known)}")
        parameter = parameters[key]
        found[parameter.name] = _value(path, name, key, value, parameter)
    return found


def _value(path: Path, name: str, key: str, value: Any, parameter: Any) -> Any:
    """A setting as its option takes it."""
    if parameter.is_flag != isinstance(value, bool):
        wanted = "true or false" if parameter.is_flag else "a value"
        raise DeriveError(f"{path}: expected {key} of [{name}] to be {wanted}, found {value!r}")
    if parameter.multiple:
        return value if isinstance(value, list) else [value]
    if isinstance(value, list | dict):
        raise DeriveError(f"{path}: expected {key} of [{name}] to be one value, found {value!r}")
    return value if parameter.is_flag else str(value)
