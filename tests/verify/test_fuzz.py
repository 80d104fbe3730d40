"""Whatever the notes are, the red pen gives a report or a sentence, never a traceback.

DERIVE_FUZZ=N runs N examples of each instead of the few of an ordinary run.
"""

from __future__ import annotations

import os

import pytest

pytest.importorskip("derive.verify.judge", reason="there is no judge yet")

from corpus import pages
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derive.errors import DeriveError
from derive.verify.judge import judge
from derive.verify.options import Options
from derive.verify.verdicts import KINDS

EXAMPLES = int(os.environ.get("DERIVE_FUZZ", "25"))
RIGHT = [page for page in pages("right") if len(page.text) < 1600]
PIECES = st.sampled_from(
    (
        *"{}_^thC=+-()1$&',TfxN% ",
        *("\\frac", "\\partial", "\\theta", "\\sum", "\\prod", "\\\\", "$$", "\\[", "\\]", "\n"),
        *("\\left", "\\right", "\\begin{align}", "\\end{align}", "\\nabla", "\\tanh", "\\text"),
    )
)
NAMES = st.sampled_from(["notes.tex", "notes.md", "notes.txt", "notes.ipynb"])
fuzz = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def survive(name: str, text: str) -> None:
    """A report whose spans lie in the text, or one sentence."""
    try:
        report = judge(name, text, Options(repairs=False, seconds=2.0))
    except DeriveError as error:
        assert str(error) and "\n" not in str(error).strip()
        return
    for judged in report.formulas:
        assert judged.verdict.kind in KINDS
        assert 0 <= judged.start <= judged.end <= len(report.text)


@fuzz
@given(NAMES, st.text(max_size=200))
def test_any_text(name: str, text: str) -> None:
    survive(name, text)


@fuzz
@given(NAMES, st.binary(max_size=200))
def test_any_bytes(name: str, content: bytes) -> None:
    survive(name, content.decode("utf-8", errors="replace"))


@fuzz
@given(NAMES, st.lists(PIECES, max_size=60))
def test_any_pieces_of_mathematics(name: str, pieces: list[str]) -> None:
    survive(name, "".join(pieces))


@fuzz
@given(st.sampled_from(RIGHT), st.data())
def test_a_note_with_a_hole_or_a_scar(page: object, data: st.DataObject) -> None:
    text = page.text  # type: ignore[attr-defined]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    scar = "".join(data.draw(st.lists(PIECES, max_size=3)))
    survive(page.path.name, text[:start] + scar + text[end:])  # type: ignore[attr-defined]
