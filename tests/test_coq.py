"""What coqc says of a file, and who is believed: stand-ins for coqc, no Coq needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.coq import NoCoq, Rejected, accept


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    """A coqc that says its version and then does what `last` says."""
    script = folder / "coqc"
    script.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo "Coq, version 8.99"; exit 0; fi\n{last}\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = 'echo \'File "./certificate.v", line 7, characters 0-3:\'; echo "Error: No."; exit 1'
    stand_in(tmp_path, monkeypatch, said)
    with pytest.raises(Rejected, match=r"coqc 8\.99 rejects the certificate: line 7: No\."):
        accept("", 1)


@pytest.mark.parametrize(
    "said",
    ["", "Closed under the global context", "Axioms:\n" + 2 * "Closed under the global context\n"],
)
def test_a_theorem_that_is_not_closed_is_rejected(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, f"printf '{said}'")
    with pytest.raises(Rejected, match="does not call all 2 theorems closed"):
        accept("", 2)


def test_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "echo Closed under the global context")
    assert accept("", 1) == "8.99"


def test_out_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "sleep 60")
    with pytest.raises(NoCoq, match=r"coqc 8\.99 was stopped at the time limit of 0\.5 s"):
        accept("", 1, 0.5)


def test_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "")
    (tmp_path / "coqc").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(NoCoq, match="does not say its version"):
        accept("", 1)
