"""A file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from derive.errors import DeriveError
from derive.writing import write_atomically


def test_writes_a_new_file_with_the_usual_permissions(tmp_path: Path) -> None:
    ordinary = tmp_path / "ordinary"
    ordinary.write_bytes(b"")
    write_atomically(tmp_path / "new", b"data")
    assert (tmp_path / "new").read_bytes() == b"data"
    assert (tmp_path / "new").stat().st_mode == ordinary.stat().st_mode
    assert sorted(os.listdir(tmp_path)) == ["new", "ordinary"]


def test_an_existing_file_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "notes.tex"
    target.write_bytes(b"old")
    target.chmod(0o640)
    write_atomically(target, b"new")
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_device_stays_a_device() -> None:
    write_atomically(Path(os.devnull), b"gone")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (".", "is a folder: expected a file to write to"),
        ("missing/notes.tex", "there is no folder"),
        ("plain/notes.tex", "not a directory"),
        ("n" * 300, "file name too long"),
        ("nul\0", "null"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "plain").write_bytes(b"")
    with pytest.raises(DeriveError, match=sentence) as caught:
        write_atomically(tmp_path / name, b"data")
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["plain"]


def test_a_full_device_is_one_sentence() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with pytest.raises(DeriveError, match="no space left"):
        write_atomically(Path("/dev/full"), b"data")


def test_a_read_only_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "notes.tex"
    target.write_bytes(b"old")
    # The superuser may write to any file, so the answer is given here.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DeriveError, match="the file is read-only"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("stop", [PermissionError(13, "Permission denied"), KeyboardInterrupt()])
def test_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise stop

    (tmp_path / "notes.tex").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises((DeriveError, KeyboardInterrupt)):
        write_atomically(tmp_path / "notes.tex", b"new")
    assert os.listdir(tmp_path) == ["notes.tex"]
    assert (tmp_path / "notes.tex").read_bytes() == b"old"
