"""A certificate checked by an installed Coq: coqc in a temporary folder, no shell, a time limit."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from derive.errors import DeriveError

SECONDS = 120.0
CLOSED = "Closed under the global context"

_VERSION = re.compile(r"version\s+(\S+)")


class NoCoq(DeriveError):
    """No coqc is installed, or it did not finish: the certificate is neither accepted nor rejected."""


class Rejected(DeriveError):
    """coqc refused the file, or found that its theorems rest on something that is not proved."""


def accept(text: str, theorems: int, seconds: float = SECONDS) -> str:
    """coqc's version, where it accepts `text` and calls each of its `theorems` closed.

    Raises Rejected with coqc's first complaint, and NoCoq where it is missing or ran out of time.
    """
    program = shutil.which("coqc")
    if program is None:
        raise NoCoq("coqc was not found on this machine")
    with tempfile.TemporaryDirectory(prefix="derive-") as name:
        folder = Path(name)
        status, version = _run([program, "--version"], folder, seconds)
        found = _VERSION.search(version)
        if status != 0 or found is None:
            raise NoCoq("coqc does not say its version")
        (folder / "certificate.v").write_text(text, encoding="utf-8")
        status, said = _run([program, "-q", "certificate.v"], folder, seconds)
    if status is None:
        raise NoCoq(f"coqc {found[1]} was stopped at the time limit of {seconds:g} s")
    if status != 0:
        raise Rejected(f"coqc {found[1]} rejects the certificate: {first_error(said)}")
    if said.count(CLOSED) != theorems or "Axioms:" in said:
        raise Rejected(f"coqc {found[1]} does not call all {theorems} theorems closed")
    return found[1]


def first_error(said: str) -> str:
    """coqc's first complaint, in one line."""
    place = re.search(r"line (\d+), characters", said)
    complaint = re.search(r"Error:(.*)", said, re.DOTALL)
    words = " ".join(complaint[1].split()) if complaint else "it gives no reason"
    return f"line {place[1]}: {words[:200]}" if place else words[:200]


def _run(command: list[str], folder: Path, seconds: float) -> tuple[int | None, str]:
    """The exit status, None if the time was up first, and what was said."""
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None, ""
        finally:
            _kill(process)
        return process.returncode, said.decode("utf-8", "replace")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started, if it still runs."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
