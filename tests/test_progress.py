"""A bar on a terminal's standard error for whatever takes longer than a second; nothing in a pipe."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from derive.commands import app

PAGE = "$h_t = \\tanh(w h_{t-1})$ and $L_t = h_t^2$"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class AtOnce:
    """A timer that does not wait, as if the second were over."""

    daemon = False

    def __init__(self, _seconds: float, call: Callable[[], object]) -> None:
        self.call = call

    def start(self) -> None:
        self.call()

    def cancel(self) -> None: ...

    def join(self) -> None: ...


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["verify", "page.md"], "judging"),
        (["verify", "page.md", "--seconds", "1000"], "judging"),
        (["bptt", "tanh", "-T", "2"], "deriving"),
        (["prove", "tanh"], "proving"),
        (["prove", "tanh", "-T", "20"], "proving"),
        (["prove", "tanh", "-T", "2", "--check-all"], "proving"),
        (["check", "tanh", "-T", "2"], "checking"),
        (["cost", "tanh", "-T", "5"], "counting"),
        (["code", "tanh"], "deriving"),
        (["example", "product"], "deriving"),
        (["notes"], "deriving"),
        (["prove", "tanh", "-T", "60", "--full"], "writing"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else v,
)
def test_a_bar_is_shown(
    command: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("page.md").write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(threading, "Timer", AtOnce)
    monkeypatch.setenv("TERM", "xterm")
    shown = Terminal()
    with monkeypatch.context() as there:
        there.setattr(sys, "stderr", shown)
        with pytest.raises(SystemExit) as ended:
            app(command, prog_name="derive")
    assert not ended.value.code
    assert said in shown.getvalue()
    written, _ = capsysbinary.readouterr()
    assert said.encode() + b" \xe2\x94" not in written
    with pytest.raises(SystemExit):
        app(command, prog_name="derive")
    assert capsysbinary.readouterr() == (written, b"")
