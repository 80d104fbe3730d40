"""A file is written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from derive.errors import DeriveError


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` at `path`, as `write_pieces` does."""
    write_pieces(path, (data,))


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Put `pieces` at `path`, as they come, by way of a temporary file, of which nothing is left behind.

    A link is followed, an existing file keeps its permissions, and a device or a pipe is written to
    as it is. Raises DeriveError if the file cannot be written.
    """
    try:
        if path.is_dir():
            raise DeriveError(f"{path} is a folder: expected a file to write to")
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.writelines(pieces)
        else:
            _replace(Path(os.path.realpath(path)), pieces)
    except FileNotFoundError as error:
        raise DeriveError(f"{path} cannot be written: there is no folder {path.parent}") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DeriveError(f"{path} cannot be written: {(reason or 'error').lower()}") from error


def _replace(target: Path, pieces: Iterable[bytes]) -> None:
    permissions = target.stat().st_mode & 0o777 if target.exists() else None
    if permissions is not None and not os.access(target, os.W_OK):
        raise PermissionError(None, "the file is read-only")
    part = target.with_name(f".derive-{secrets.token_hex(8)}")
    # 0o666 less the umask, as for any new file; O_EXCL, so that nobody's file is taken for ours.
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
        if permissions is not None:
            part.chmod(permissions)
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
