"""What derive writes is read by its own red pen, which was written apart from it: no line is wrong."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from derive.verify.judge import judge
from derive.verify.options import Options

CLI = Path(__file__).resolve().parents[2] / "cli.py"
DOCUMENTS = {
    "notes": (["notes", "--standalone"], 120),
    "notes, rows": (["notes"], 120),
    "abstract": (["bptt", "-T", "3", "--standalone", "--full"], 40),
    "tanh": (["bptt", "tanh", "-T", "3", "--standalone", "--full"], 150),
    "second-order": (["bptt", "second-order", "-T", "3", "--standalone", "--full"], 40),
    "feedback": (["bptt", "feedback", "-T", "3", "--standalone", "--full"], 40),
    "initial": (["bptt", "initial", "-T", "3", "--standalone", "--full"], 40),
    "every T": (["prove", "--standalone"], 12),
    "every T, second-order": (["prove", "second-order", "--standalone"], 12),
    "every T, coupled": (["prove", "coupled", "--standalone"], 12),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_line_of_our_own_is_wrong(name: str, tmp_path: Path) -> None:
    arguments, least = DOCUMENTS[name]
    out = tmp_path / "own.tex"
    subprocess.run([sys.executable, str(CLI), *arguments, "-o", str(out)], check=True, timeout=60)
    found = judge(str(out), out.read_text(encoding="utf-8"), Options(repairs=False, seconds=20))
    kinds = Counter(judged.verdict.kind for judged in found.formulas)
    assert not kinds["refuted"] and not kinds["carried"]
    assert kinds["proved"] >= least
