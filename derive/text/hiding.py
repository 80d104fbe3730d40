"""What is no mathematics and no prose in a text: comments, code, front matter, the preamble."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from derive.text.page import Span
from derive.text.tokens import HIDDEN

Format = Literal["tex", "markdown", "plain"]

SUFFIXES: dict[str, Format] = {
    ".tex": "tex", ".ltx": "tex", ".latex": "tex", ".sty": "tex", ".md": "markdown",
    ".markdown": "markdown", ".ipynb": "markdown", ".rmd": "markdown", ".qmd": "markdown",
    ".mdx": "markdown", ".html": "markdown", ".htm": "markdown", ".rst": "markdown",
}  # fmt: skip

_TEX = re.compile(
    r"\\\\|\\%|(?P<comment>%[^\n]*(?:\n[ \t]*(?!\s*\n))?)"
    r"|(?P<code>\\begin\{(?P<name>(?:[vV]erbatim|lstlisting|minted|filecontents|Verbatim)\*?)\}"
    r".*?(?:\\end\{(?P=name)\}|\Z))"
    r"|(?P<remark>\\begin\{comment\}.*?(?:\\end\{comment\}|\Z))"
    r"|(?P<verb>\\(?:verb|lstinline)\*?(?P<bar>[^a-zA-Z\s*{])[^\n]{0,500}?(?P=bar))"
    r"|(?P<after>\\end\{document\}.*)",
    re.S,
)
_MARKDOWN = re.compile(
    r"(?P<mathfence>^[ \t]*(?P<mathmark>`{3,}|~{3,}|:{3,})[ ]*\{?math\}?[^\n`]*$"
    r".*?(?:^[ \t]*(?P=mathmark)[ \t\r]*$|\Z))"
    r"|(?P<fence>^[ \t]*(?P<mark>`{3,}(?=[^`\n]*$)|~{3,})[^\n]*$.*?(?:^[ \t]*(?P=mark)[`~]*[ \t\r]*$|\Z))"
    r"|(?P<directive><!--(?!\s*\$\$[^$]*\$\$\s*-->).*?-->)|(?P<edge><!--|-->)"
    r"|(?P<script><(?P<tag>script|style|svg)\b.*?(?:</(?P=tag)>|\Z))"
    r"|(?P<liquid>\{%.*?%\}|\{\{[<%].*?[%>]\}\})"
    r"|(?P<mathcode>(?<=\$)`[^`\n]+`(?=\$))"
    r"|(?P<code>(?<!`)(?P<ticks>`+)(?!`)[^\n]{0,1000}?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<comment>^[ \t]*%+[ \t]*derive:[^\n]*)",
    re.M | re.S,
)
_PLAIN = re.compile(
    r"\\\\|\\%|(?P<directive><!--.*?(?:-->|\Z))|(?<![\d\]])(?<!\d )(?P<comment>%[^\n]*)", re.S
)
_DIRECTIVE = re.compile(
    r"(?:%+|<!--)\s*derive:(?!\s*ignore\b)\s*(?P<text>.*?)\s*(?:-->)?\s*\Z", re.S
)
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_BEGINS = "\\begin{document}"
_HIDES = {
    "comment": "comment", "code": "code", "remark": "comment", "verb": "code",
    "after": "comment", "fence": "code", "directive": "comment", "edge": "markup", "script": "code",
    "liquid": "markup",
}  # fmt: skip


def format_of(path: str) -> Format:
    """What kind of text a path names; anything unknown is plain text, as from OCR."""
    dot = path.rfind(".")
    return SUFFIXES.get(path[dot:].lower(), "plain") if dot >= 0 else "plain"


@dataclass
class Hidden:
    """A text with everything hidden that is not read; what that was; where directives stand."""

    text: str
    spans: list[Span] = field(default_factory=list)
    directives: list[tuple[int, int]] = field(default_factory=list)

    def hide(self, start: int, end: int, kind: str) -> None:
        """Hides one stretch more."""
        self.text = self.text[:start] + fill(self.text[start:end]) + self.text[end:]
        self.spans.append((start, end, kind))

    def hide_all(self, spans: list[tuple[int, int]], kind: str) -> None:
        """Hides stretches that stand in order."""
        pieces, at = [], 0
        for start, end in spans:
            if start < at:
                continue
            pieces += [self.text[at:start], fill(self.text[start:end])]
            at = end
            self.spans.append((start, end, kind))
        self.text = "".join((*pieces, self.text[at:]))


def fill(text: str) -> str:
    """As much of nothing; a hidden line is no blank line."""
    return HIDDEN * len(text)


def hidden(kind: Format, text: str) -> Hidden:
    """The text without its comments and its code; same length."""
    found = Hidden("")
    pattern = {"tex": _TEX, "markdown": _MARKDOWN, "plain": _PLAIN}[kind]

    def replaced(match: re.Match[str]) -> str:
        return _replaced(match, found)

    found.text = pattern.sub(replaced, text)
    if kind == "markdown":
        found.text = _ENTITY.sub(_as_sign, found.text)
        found.text = _ESCAPED.sub(_as_markdown, found.text)
        found.text = _unquoted(found.text)
    if kind == "tex":
        found.hide_all(conditionals(found.text), "comment")
    front = _FRONT.match(text) if kind == "markdown" else None
    if front:
        found.hide(front.start(), front.end(), "markup")
    return found


_ENTITY = re.compile(r"&(?P<name>lt|gt|amp);")
_SIGNS = {"lt": "<", "gt": ">", "amp": "&"}


def _as_sign(match: re.Match[str]) -> str:
    """`a &amp;= b`, as HTML has it: the sign alone; same length."""
    return _SIGNS[match["name"]] + fill(match.group()[1:])


_ESCAPED = re.compile(
    r"(?<!\\)\\(?P<sign>[_*])|(?<!\\)(?P<norm>\\\|)\\\||(?P<size>\\(?:left|right|[bB]igg?[lr]?))\\(?P<brace>\\[{}])"
)


def _as_markdown(match: re.Match[str]) -> str:
    r"""`\_`, `\|\|` and `\left\\{`, which Markdown makes `_`, `||` and `\left\{`; same length."""
    if match["sign"]:
        return fill("\\") + match["sign"]
    if match["norm"]:
        return match["norm"] + fill("\\|")
    return match["size"] + fill("\\") + match["brace"]


_QUOTE = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")


def _unquoted(text: str) -> str:
    """Block quotes without their signs, inside displays as well; same length."""
    lines = text.splitlines(keepends=True)
    opened, quoted = False, False
    for i, line in enumerate(lines):
        mark = _QUOTE.match(line)
        if mark and (quoted or not opened):
            lines[i] = fill(mark.group()) + line[mark.end() :]
        quoted = bool(mark) or (quoted and opened)
        opened ^= line.count("$$") % 2 == 1
    return "".join(lines)


_SWITCH = re.compile(
    r"\\(?:(?P<new>newif\s*\\if[a-zA-Z@]+)|(?P<constant>if(?:false|true)\b|if\s*[01](?!\d))"
    r"|(?P<set>[a-zA-Z@]+?)(?P<to>true|false)\b|(?P<other>if(?!f\b|thenelse\b)[a-zA-Z@]*)"
    r"|(?P<otherwise>else)\b|(?P<ends>fi)\b)"
)


def conditionals(text: str) -> list[tuple[int, int]]:
    r"""What TeX skips: the dead branch of \iffalse, \iftrue, \if0 and of conditionals that \newif made."""
    spans: list[tuple[int, int]] = []
    state: dict[str, bool] = {}
    stack: list[tuple[int, bool | None]] = []  # where the branch begins, and whether it is read

    def dead() -> bool:
        return any(alive is False for _, alive in stack)

    for match in _SWITCH.finditer(text):
        if match["new"]:
            state[match["new"].rpartition("\\if")[2]] = False
        elif match["set"]:
            if match["set"] in state and not dead():
                state[match["set"]] = match["to"] == "true"
        elif match["constant"] or match["other"]:
            name = match["constant"] or match["other"]
            alive = (
                state.get(name[2:]) if match["other"] else name[2:].strip() not in ("false", "0")
            )
            if match["constant"] and name[2:].strip() == "1":
                alive = False  # 1 is another character than what follows
            stack.append((match.start(), alive))
            if alive and not any(a is False for _, a in stack[:-1]):
                spans.append((match.start(), match.end()))
        elif stack:
            begin, alive = stack.pop()
            if alive is False and not dead():
                spans.append((begin, match.end()))
            elif alive is True and match["ends"] and not dead():
                spans.append((match.start(), match.end()))
            if match["otherwise"]:
                stack.append((match.start(), None if alive is None else not alive))
    spans += [(begin, len(text)) for begin, alive in stack[:1] if alive is False]
    return sorted(spans)


_MATHJAX = re.compile(
    r"<script\b[^>]*\btype\s*=\s*[\"']math/tex(?P<display>\s*;\s*mode\s*=\s*display)?\s*[\"'][^>]*>"
    r"(?:\s*%?\s*<!\[CDATA\[)?(?P<inside>.*?)(?P<end>(?:%?\s*\]\]>\s*)?</script>)",
    re.S,
)


def _as_dollars(match: re.Match[str]) -> str:
    """A formula that MathJax finds in a script of its own, between dollars; same length."""
    mark = "$$" if match["display"] else "$"
    opening = fill(match.group()[: match.start("inside") - match.start() - len(mark)])
    return opening + mark + match["inside"] + mark + fill(match["end"][len(mark) :])


def _replaced(match: re.Match[str], found: Hidden) -> str:
    written = match.group()
    groups = match.groupdict()
    if groups.get("mathfence") or groups.get("mathcode"):
        return written if groups.get("mathfence") else f"{HIDDEN}{written[1:-1]}{HIDDEN}"
    kind = next((k for k in _HIDES if groups.get(k)), None)
    if kind is None:
        return written
    mathjax = _MATHJAX.fullmatch(written) if kind == "script" else None
    if mathjax is not None:
        return _as_dollars(mathjax)
    if kind in ("comment", "directive"):
        note = _DIRECTIVE.search(written)
        if note and note["text"]:
            found.directives.append(
                (match.start() + note.start("text"), match.start() + note.end("text"))
            )
    found.spans.append((match.start(), match.end(), _HIDES[kind]))
    if kind in ("code", "fence") and "\n" in written:
        return re.sub(r"[^\n]", HIDDEN, written)
    return fill(written)


def hide_preamble(found: Hidden) -> None:
    """What stands before \\begin{document} is no text."""
    at = found.text.find(_BEGINS)
    if at >= 0 and "\\document" in found.text[:at]:
        found.hide(0, at + len(_BEGINS), "markup")


# -- prose ---------------------------------------------------------------------------------------

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
