"""Prose without its markup."""

from __future__ import annotations

import re

from derive.text.hiding import Format

_TEX_DROPPED = re.compile(
    r"\\(?:cite[a-z]*|ref|eqref|label|includegraphics|url|vspace|hspace|bibliography[a-z]*|input|include|usepackage"
    r"|pagestyle|thispagestyle|setcounter|addtocounter|href|index|cline|multicolumn|autoref|cref|Cref|figref|secref"
    r"|documentclass|definecolor|setlength|graphicspath)\*?\s*(?:\[[^\]\n]*\]\s*)*(?:\{[^{}]*\})?"
)
_TEX_MACRO = re.compile(r"\\(?:[a-zA-Z@]+\*?|.)\s?(?:\[[^\]\n]{0,80}\](?=\{))?", re.S)
_MD_DROPPED = re.compile(
    r"!\[[^\]]*\]\([^)\n]*\)|</?[a-zA-Z][^<>\n]*>|&[a-z]+;|\{:[^}\n]*\}|\[\^[^\]]*\]"
)
_MD_LINK = re.compile(r"\[([^\]\n]*)\]\([^)\n]*\)|\[([^\]\n]*)\]\[[^\]\n]*\]")
_MARKS = re.compile(r"(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)|^[ \t]*>+|~~", re.M)
_SPACE = re.compile(r"[\s\x01]+")


def words_of(kind: Format, text: str) -> str:
    """The words of a stretch of text, with their punctuation."""
    if kind == "tex" or "\\" in text:
        text = _TEX_DROPPED.sub(" ", text)
        text = _TEX_MACRO.sub(_unescaped, text)
        text = (
            text.replace("{", "")
            .replace("}", "")
            .replace("~", " ")
            .replace("``", '"')
            .replace("''", '"')
        )
        text = text.replace("&", " ") if kind == "tex" else text
    if kind != "tex":
        text = _MD_DROPPED.sub(" ", text)
        text = _MD_LINK.sub(lambda m: m[1] or m[2] or "", text)
        text = _MARKS.sub("", text)
    return _SPACE.sub(" ", text).strip()


def _unescaped(match: re.Match[str]) -> str:
    written = match.group()
    return written[1] if len(written) > 1 and written[1] in "$%&#_{}" else " "
