"""Coverage-guided fuzzing of the red pen: arbitrary bytes never crash it, hang it or fill the memory.

Not part of an ordinary run, since it takes as long as you give it:

    pip install atheris
    python tests/verify/fuzz_with_coverage.py -max_total_time=3600 -rss_limit_mb=1024

The options are libFuzzer's; inputs that are worth keeping go to the folder given as an argument. An
input that fails is written to crash-…, and running the script with that file as its argument repeats
it. The first byte of an input chooses the kind of notes and whether repairs are searched.
"""

from __future__ import annotations

import faulthandler
import signal
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["derive"]):
    from derive.errors import DeriveError
    from derive.verify.judge import judge
    from derive.verify.options import Options
    from derive.verify.verdicts import KINDS

HERE = Path(__file__).resolve().parent
KINDS_OF_NOTES = ("notes.tex", "notes.md", "notes.txt", "notes.ipynb")
HANG = 20.0  # seconds for a whole input
PIECES = (
    *(
        "\\frac{",
        "\\partial",
        "\\theta",
        "\\sum_{t=1}^T",
        "\\prod_{k=1}^{t}",
        "\\\\",
        "$$",
        "$",
        "\\[",
    ),
    *(
        "\\]",
        "\\begin{align}",
        "\\end{align}",
        "\\left(",
        "\\right)",
        "\\nabla_",
        "\\tanh",
        "\\text{",
    ),
    *(
        "h_t",
        "h_{t-1}",
        "x_t",
        "o_t",
        "L_t",
        "_{t+1}",
        "^{(t)}",
        "^\\top",
        "\\odot",
        "&=",
        "\\cdots",
    ),
    *(
        "\\newcommand{\\x}{",
        "\\underbrace{",
        "\\mathbb{R}^{n \\times d}",
        "\\in",
        "\\operatorname{diag}",
    ),
)


def test_one_input(content: bytes) -> None:
    kind = content[0] if content else 0
    text = content[1:].decode("utf-8", errors="replace")
    signal.setitimer(signal.ITIMER_REAL, 0)  # libFuzzer's own alarm: the red pen uses it too
    began = time.monotonic()
    faulthandler.dump_traceback_later(2 * HANG, exit=True)
    try:
        report = judge(KINDS_OF_NOTES[kind % 4], text, Options(repairs=kind % 8 >= 4, seconds=4.0))
    except DeriveError as error:
        assert str(error) and "\n" not in str(error).strip(), f"not one sentence: {error}"
    else:
        for judged in report.formulas:
            assert judged.verdict.kind in KINDS
            assert 0 <= judged.start <= judged.end <= len(report.text)
    finally:
        faulthandler.cancel_dump_traceback_later()
    took = time.monotonic() - began
    assert took < HANG, f"it took {took:.1f} s"


def seeds(folder: Path) -> None:
    """The corpus, whole pages and single lines, as first inputs."""
    suffixes = [Path(name).suffix for name in KINDS_OF_NOTES]
    files = [*HERE.parent.glob("right/**/*"), *HERE.parent.glob("wrong/**/*")]
    pages = [path for path in files if path.suffix in suffixes]
    for number, path in enumerate(sorted(pages)):
        kind = suffixes.index(path.suffix)
        text = path.read_bytes()
        (folder / f"page-{number}").write_bytes(bytes([kind]) + text)
        for place, line in enumerate(text.splitlines()):
            if line.strip():
                (folder / f"line-{number}-{place}").write_bytes(
                    bytes([kind + 4 * (place % 2)]) + line
                )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "seeds").mkdir()
        seeds(folder / "seeds")
        dictionary = folder / "dictionary"
        dictionary.write_text(
            "".join('"' + piece.replace("\\", "\\\\") + '"\n' for piece in PIECES), encoding="utf-8"
        )
        options = [f"-dict={dictionary}", "-max_len=2000"]
        repeated = any(not each.startswith("-") and Path(each).is_file() for each in sys.argv[1:])
        given = [] if repeated else [str(folder / "seeds")]
        atheris.Setup([*sys.argv, *options, *given], test_one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
