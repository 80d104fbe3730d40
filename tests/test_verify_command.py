"""`derive verify`: many files, exit codes, errors that stop no other file, the same bytes always.

The judge here knows one word for each verdict; it dies or sleeps where a formula says so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from derive.verify.verdicts import KINDS

ROOT = Path(__file__).resolve().parents[1]

DRIVER = f"""
import os, re, sys, time, types
sys.path.insert(0, {str(ROOT)!r})
from dataclasses import dataclass
from derive.errors import DeriveError, Place
from derive.verify.verdicts import KINDS, Judged, Report, Verdict

@dataclass(frozen=True)
class Options:
    horizon: int | None = None
    layout: str | None = None
    model: tuple[tuple[str, str], ...] = ()
    repairs: bool = True
    seconds: float = 10.0
    read: bool = False
    why: tuple[str, ...] = ()

def judge(path, text, options):
    found = []
    for match in re.finditer("[a-z]+", text):
        word = match.group()
        if word == "die":
            os._exit(7)
        if word == "sleep":
            time.sleep(60)
        if word == "fail":
            raise KeyError("a fault")
        if word == "lost":
            raise DeriveError("expected a formula, found none", Place(path, 3, 7))
        if word == "options":
            print(options, file=sys.stderr)
        if word in KINDS:
            line = text.count("\\n", 0, match.start()) + 1
            column = match.start() - text.rfind("\\n", 0, match.start())
            found.append(Judged(f"{{len(found) + 1}}.1", line, column, *match.span(), word, Verdict(word)))
    return Report(path, text, tuple(found))

module = types.ModuleType("derive.verify.judge")
module.Options, module.judge = Options, judge
sys.modules[module.__name__] = module
readers = types.ModuleType("derive.judge.readers")
readers.judge = judge
sys.modules[readers.__name__] = readers
for kind in (Options,):
    kind.__module__ = module.__name__
if __name__ == "__main__":
    from derive.commands import app
    app(prog_name="derive")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "driver.py").write_text(DRIVER, encoding="utf-8")
    for kind in KINDS:
        (tmp_path / f"{kind}.tex").write_text(f"$a = {kind}$\n", encoding="utf-8")
    for word in ("die", "sleep", "fail", "lost", "options"):
        (tmp_path / f"{word}.tex").write_text(f"$a = {word}$\n", encoding="utf-8")
    (tmp_path / "binary.tex").write_bytes(bytes(range(128, 256)))
    (tmp_path / "huge.tex").write_bytes(b"$a$ " * 1_000_000)
    (tmp_path / "folder.tex").mkdir()
    return tmp_path


def run(
    folder: Path, *arguments: str, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "driver.py", "verify", *arguments],
        cwd=folder,
        input=given,
        capture_output=True,
        encoding="utf-8",
        timeout=1200,
        check=False,
    )


CODES = {
    "definition": (0, 0),
    "proved": (0, 0),
    "remark": (0, 0),
    "ambiguous": (0, 1),
    "tested": (0, 1),
    "unread": (0, 1),
    "carried": (1, 1),
    "refuted": (1, 1),
}


@pytest.mark.parametrize("kind", CODES)
def test_exit_codes(folder: Path, kind: str) -> None:
    lenient, strict = run(folder, f"{kind}.tex"), run(folder, f"{kind}.tex", "--strict")
    assert (lenient.returncode, strict.returncode) == CODES[kind]
    assert lenient.stdout == strict.stdout and lenient.stderr == strict.stderr == ""


BROKEN = {
    "lost.tex": "derive: lost.tex:3:7: expected a formula, found none",
    "missing.tex": "derive: missing.tex cannot be read: no such file or directory",
    "folder.tex": "derive: folder.tex is a folder: expected a file of notes",
    "binary.tex": "derive: binary.tex:1:1: expected text in UTF-8, found a byte that is none",
    "huge.tex": "derive: huge.tex is larger than the limit of 2000000 bytes",
    "fail.tex": "derive: fail.tex: the judge failed (KeyError: 'a fault')",
    "die.tex": "derive: die.tex: the process that judged it died (status 7)",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_stops_no_other(folder: Path, name: str) -> None:
    done = run(folder, "refuted.tex", name, "proved.tex", "--to", "json")
    assert (done.returncode, done.stderr) == (2, BROKEN[name] + "\n")
    files = json.loads(done.stdout)["files"]
    assert [f["path"] for f in files] == ["refuted.tex", name, "proved.tex"]
    assert files[1]["error"] == BROKEN[name].removeprefix("derive: ")
    assert [len(f["formulas"]) for f in files] == [1, 0, 1]


@pytest.mark.parametrize("name", [n for n in BROKEN if n != "die.tex"])
def test_a_broken_file_alone(folder: Path, name: str) -> None:
    done = run(folder, name, "-o", "out.md")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", BROKEN[name] + "\n")
    assert not (folder / "out.md").exists()


def test_a_time_limit(folder: Path) -> None:
    done = run(folder, "sleep.tex", "refuted.tex", "--seconds", "0.5", "-j", "2")
    sentence = "derive: sleep.tex: not judged within the time limit of 0.5 s\n"
    assert (done.returncode, done.stderr) == (2, sentence)
    assert "refuted.tex:1:6" in done.stdout


USAGE = {
    "no file": [],
    "an unknown format": ["proved.tex", "--to", "docx"],
    "an unknown suffix": ["proved.tex", "-o", "out.doc"],
    "T = 0": ["proved.tex", "-T", "0"],
    "an unknown layout": ["proved.tex", "--layout", "row"],
    "no jobs": ["proved.tex", "--jobs", "0"],
    "no time": ["proved.tex", "--seconds", "0"],
    "time without end": ["proved.tex", "--seconds", "inf"],
    "time that is no number": ["proved.tex", "--seconds", "nan"],
    "standard input twice": ["-", "-"],
    "an unknown model": ["proved.tex", "--model", "lsmt"],
    "a missing model": ["proved.tex", "--model", "lstm.tex"],
    "the notes as output": ["proved.tex", "--to", "md", "-o", "proved.tex"],
    "an annotated notebook": ["notes.ipynb", "--annotate", "out.ipynb"],
    "annotated in place": ["proved.tex", "--annotate", "proved.tex"],
    "annotated in the same folder": ["proved.tex", "tested.tex", "--annotate", "."],
    "two of one name": ["proved.tex", "./proved.tex", "--annotate", "out"],
    "a line that is none": ["proved.tex", "--why", "h_t"],
    "a line of two files": ["proved.tex", "tested.tex", "--why", "3"],
    "a line and a model": ["proved.tex", "--why", "1", "--model", "linear"],
    "no folder for the copy": ["proved.tex", "--annotate", "nowhere/out.tex"],
    "no folder for the output": ["proved.tex", "-o", "nowhere/out.md"],
}


@pytest.mark.parametrize("name", USAGE)
def test_bad_usage_is_one_sentence(folder: Path, name: str) -> None:
    before = sorted(folder.rglob("*"))
    done = run(folder, *USAGE[name], given="")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("derive: ") and done.stderr.count("\n") == 1
    assert sorted(folder.rglob("*")) == before


def test_the_same_bytes_for_any_number_of_jobs(folder: Path) -> None:
    files = [f"{kind}.tex" for kind in KINDS] * 3 + ["die.tex", "missing.tex", "lost.tex"]
    for kind in ("text", "md", "json", "sarif", "html"):
        alone, many = (run(folder, *files, "--to", kind, "-j", n) for n in ("1", "3"))
        assert (alone.stdout, alone.stderr) == (many.stdout, many.stderr)
        assert alone.returncode == many.returncode == 2


def test_standard_input(folder: Path) -> None:
    done = run(folder, "-", given="$a = refuted$")
    assert done.returncode == 1 and done.stdout.startswith("stdin:1:6  refuted\n")


def test_output_to_a_file(folder: Path) -> None:
    for suffix in ("txt", "md", "json", "sarif", "html"):
        done = run(folder, "refuted.tex", "-o", f"out.{suffix}")
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
        kind = "text" if suffix == "txt" else suffix
        written = (folder / f"out.{suffix}").read_text(encoding="utf-8")
        assert written == run(folder, "refuted.tex", "--to", kind).stdout


def test_annotated_copies(folder: Path) -> None:
    done = run(folder, "refuted.tex", "--annotate", "copy.tex")
    assert (done.returncode, done.stderr) == (1, "")
    assert "\\derivenote{refuted}{(1.1)}" in (folder / "copy.tex").read_text(encoding="utf-8")
    done = run(folder, "refuted.tex", "missing.tex", "proved.tex", "--annotate", "out")
    assert done.returncode == 2
    assert sorted(p.name for p in (folder / "out").iterdir()) == ["proved.tex", "refuted.tex"]


def test_options_reach_the_judge(folder: Path) -> None:
    (folder / "model.tex").write_text("$h_t = f(h_{t-1})$", encoding="utf-8")
    options = ["-T", "3", "--layout", "gradient", "--no-repairs", "--model", "linear"]
    done = run(folder, "options.tex", *options, "--model", "model.tex")
    assert done.returncode == 0
    assert "horizon=3, layout='gradient'" in done.stderr and "repairs=False" in done.stderr
    done = run(folder, "options.tex", "--read", "--why", "3", "--why", "1.1")
    assert "read=True, why=('3', '1.1')" in done.stderr
    done = run(folder, "options.tex", *options, "--model", "model.tex")
    assert "('linear 1', " in done.stderr and "('model.tex', '$h_t = f(h_{t-1})$')" in done.stderr


def test_a_closed_pipe(folder: Path) -> None:
    (folder / "long.tex").write_text("$a = refuted$\n" * 4000, encoding="utf-8")
    command = f'"{sys.executable}" driver.py verify long.tex | head -1'
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=1200,
        check=False,
    )
    assert done.stderr == "" and done.stdout.startswith("long.tex:1:6  refuted")


def test_no_colour_and_no_bar_when_piped(folder: Path) -> None:
    done = run(folder, "refuted.tex", "proved.tex")
    assert "\x1b" not in done.stdout and done.stderr == ""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a pseudo-terminal")
def test_a_bar_and_colour_on_a_terminal(folder: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [sys.executable, "driver.py", "verify", "refuted.tex", "proved.tex"],
        cwd=folder,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    ) as process:
        os.close(theirs)
        written = b""
        try:
            while piece := os.read(ours, 4096):
                written += piece
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    assert process.returncode == 1
    assert b"\x1b[" in written and "━".encode() in written
