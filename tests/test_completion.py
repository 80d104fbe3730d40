"""What a shell completes, asked as bash, zsh and fish ask, and where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from derive.model.builtin import MODELS
from derive.tasks import LANGUAGES, LAYOUTS

DERIVE = [sys.executable, "-m", "derive"]
HERE = Path(__file__).resolve().parent.parent
SHELLS = ("bash", "zsh", "fish")


def completed(shell: str, typed: str) -> list[str]:
    """What a shell is offered for the last word of what was typed."""
    asked = {"_DERIVE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": typed}
    asked |= {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split(" ")) - 1)}
    asked |= {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run(
        DERIVE, env=os.environ | asked, cwd=HERE, capture_output=True, text=True, timeout=120
    )
    assert done.stderr == ""
    lines = list(filter(None, done.stdout.splitlines()))
    if shell == "zsh":  # _arguments '*: :(("name":"help" …))'
        return [line.split('"')[1] for line in lines if '"' in line]
    return [line.split("\t")[0] for line in lines]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_completes_commands_and_models(shell: str) -> None:
    assert completed(shell, "derive b") == ["bptt"]
    assert sorted(completed(shell, "derive bptt ls")) == ["lstm", "lstm-peephole"]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("derive prove ", MODELS),
        ("derive prove --layout ", LAYOUTS),
        ("derive code --to ", LANGUAGES),
        ("derive graph --to ", ("svg", "tikz", "text", "json")),
        ("derive notes --to ", ("text", "latex", "md", "html", "pdf", "json")),
        ("derive verify --to ", ("text", "md", "json", "sarif", "html")),
        ("derive example ", ("chain-rule", "product")),
        ("derive explain carr", ("carried",)),
        ("derive models two", ("two-layer",)),
        ("derive verify notes.md --model lst", ("lstm", "lstm-peephole")),
        ("derive prove tanh --wrt ", ("w", "u", "b", "v")),
        ("derive bptt --wrt w lstm --wrt b_", ("b_f", "b_i", "b_g", "b_o")),
        ("derive bptt nothing-of-that-name --wrt ", ()),
        ("derive bptt - --wrt ", ()),
    ],
)
def test_the_choices_are_completed(typed: str, names: tuple[str, ...]) -> None:
    assert completed("bash", typed) == list(names)


def test_the_parameters_of_a_file_are_completed(tmp_path: Path) -> None:
    file = tmp_path / "cell.md"
    file.write_text("$$h_t = \\tanh(\\mu h_{t-1} + k x_t)$$ $$L_t = h_t^2$$", encoding="utf-8")
    assert completed("bash", f"derive check {file} --wrt ") == ["\\mu", "k"]


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", ".bash_completions/derive.sh"),
        ("zsh", ".zfunc/_derive"),
        ("fish", ".config/fish/completions/derive.fish"),
    ],
)
def test_completion_is_installed(shell: str, file: str, tmp_path: Path) -> None:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"no {shell} is here")
    command = f"{' '.join(DERIVE)} --install-completion; true"  # typer looks for its parent's name
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config")}
    subprocess.run([path, "-c", command], env=os.environ | home, cwd=HERE, check=True, timeout=120)
    assert "_DERIVE_COMPLETE" in (tmp_path / file).read_text(encoding="utf-8")
