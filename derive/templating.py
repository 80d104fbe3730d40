"""The engine of the templates: where they lie, and how they are marked."""

from __future__ import annotations

import os
import re
import sys
from importlib.resources import files
from importlib.util import cache_from_source
from pathlib import Path

from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    StrictUndefined,
)


def template_folder() -> Path:
    """The templates inside the wheel, or those of the checkout."""
    packaged = Path(str(files("derive"))) / "templates"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parent.parent / "templates"


def compiled() -> BytecodeCache | None:
    """Where compiled templates are kept: beside this module's own compiled code, where there is any."""
    folder = Path(cache_from_source(__file__)).parent
    if sys.dont_write_bytecode or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return None
    return FileSystemBytecodeCache(str(folder), "%s.jinja")


def environment() -> Environment:
    """Jinja with delimiters that leave LaTeX alone; an undefined name is an error."""
    made = Environment(
        loader=FileSystemLoader(template_folder()),
        bytecode_cache=compiled(),
        undefined=StrictUndefined,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    made.filters["letters"] = letters
    return made


# A letter that stands alone in words (but for the words a, A and I, abbreviations, options and names of
# files), and what is said of it: T = 3, t + 1, T ≥ 1.
_ALONE = r"(?<![\w\\#.'’`/-])[B-HJ-Zb-z](?![\w'’`/]|\.\w|-[A-Za-z])"
_SAID = rf"{_ALONE}(?: ?(?:[-−=+<>≥≤]|\$\\[gl]e\$) ?(?:\d+|{_ALONE}))*"
_FORMULA = re.compile(rf"(?P<set>(?<!\\)\$.*?(?<!\\)\$)|{_SAID}", re.DOTALL)


def letters(words: str) -> str:
    """Words in which letters that stand alone are formulas, as LaTeX and Typst write these: $T = 3$."""

    def written(found: re.Match[str]) -> str:
        return found["set"] or f"${found[0].replace('$', '').replace('−', '-')}$"

    return _FORMULA.sub(written, words)
