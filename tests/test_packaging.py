"""What the wheel and the sdist hold, and that the checkout runs from any folder."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from derive import __version__

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of this checkout, and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def templates() -> set[str]:
    folder = ROOT / "templates"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_wheel(distributions: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    info = f"derive_notes-{__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"derive", info}
    assert "derive/commands.py" in names
    assert f"{info}/licenses/LICENSE" in names
    prefix = "derive/templates/"
    shipped = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    assert shipped == templates()
    assert shipped


@pytest.mark.slow
def test_the_sdist(distributions: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"cli.py", "check", "tests/test_packaging.py", "LICENSE", "README.md"} <= names
    assert {f"templates/{name}" for name in templates()} <= names
    assert not [name for name in names if name.startswith((".git/", ".venv"))]


def test_the_checkout_runs_from_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "cli.py"), "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert __version__ in done.stdout
    assert done.stderr == ""
