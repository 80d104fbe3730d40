"""A text to its blocks: headings, prose, breaks, and where its mathematics stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from derive.text.hiding import Format, words_of
from derive.text.macros import Macros, group_end, opened_by
from derive.text.page import Break, Heading, Prose
from derive.text.tables import CASES, DISPLAYS, LAYOUTS, MATRICES


@dataclass(frozen=True, slots=True)
class Found:
    """Where a formula stands: what is read of it, and how it is delimited."""

    start: int
    end: int
    display: bool
    environment: str = ""
    in_heading: bool = False
    in_caption: bool = False
    directive: bool = False
    pieces: tuple[tuple[int, int], ...] = ()  # where it is written in several inline formulas


Block = Heading | Prose | Break | Found

_RANKS = (
    "title",
    "part",
    "chapter",
    "section",
    "subsection",
    "subsubsection",
    "paragraph",
    "subparagraph",
    "frametitle",
)
_COMMON = (
    r"(?P<escaped>\\[$%&#_{}]|\\\\(?![\[\(\)\]]))|(?P<double>\\\\[\[\(])|(?P<dollars>\$\$)|(?P<dollar>\$)"
    r"|(?P<bracket>\\\[)|(?P<paren>\\\()|\\begin\s*\{(?P<begin>[a-zA-Z]+)\*?\}|\\end\s*\{(?P<end>[a-zA-Z]+)\*?\}"
    r"|(?P<blank>\n[ \t\r]*(?=\n))|(?P<feed>\f)"
)
_TEX = re.compile(
    _COMMON + r"|\\(?P<rank>title|part|chapter|(?:sub){0,2}section|(?:sub)?paragraph|frametitle)\b"
    r"\*?\s*(?:\[[^\]\n]*\]\s*)?(?=\{)"
    r"|(?P<item>\\item\b\s*(?:\[[^\]\n]*\])?)|(?P<caption>\\caption\b\*?\s*(?:\[[^\]\n]*\]\s*)?(?=\{))"
    r"|(?P<page>\\(?:new|clear|cleardouble)page\b|\\pagebreak\b)|(?P<macro>\\[a-zA-Z@]+)"
)
_MARKDOWN = re.compile(
    r"(?P<mathfence>^[ \t]*(?P<mark>`{3,}|~{3,}|:{3,})[ ]*\{?math\}?[^\n`]*\n)|"
    + _COMMON
    + r"|(?P<hashes>^ {0,3}\#{1,6}(?=[ \t]|[^\s#\d])[^\n]*)"
    r"|(?P<setext>^(?=[^\n]*[^\s=\-#>|])[^\n]+\n(?:={3,}|-{3,})[ \t]*$)"
    r"|(?P<rule>^ {0,3}(?:-{3,}|\*{3,}|_{3,})[ \t\r]*$)|(?P<bullet>^[ \t>]*(?:[-*+•]|\d{1,3}[.)])[ \t]+)"
    r"|(?P<tag></?(?:h[1-6]|li|p|td|th|tr|ul|ol|figcaption|br)\b[^>\n]*>)|(?P<cell>(?<!\\)\|)"
    r"|(?P<macro>\\[a-zA-Z@]+)",
    re.M,
)
_PLAIN = _MARKDOWN
_CLOSES = {
    "dollars": re.compile(r"\\.|(?P<close>\$\$)", re.S),
    "bracket": re.compile(r"\\\\(?!\])|(?P<close>\\\])"),
    "paren": re.compile(r"\\\\(?!\))|(?P<close>\\\))"),
    "double[": re.compile(r"(?P<close>\\\\\])"),
    "double(": re.compile(r"(?P<close>\\\\\))"),
}
_INLINE = re.compile(
    r"(?P<text>\\(?:text[a-z]*|mbox|hbox|mathrm)\s*\{)|\\.|(?P<open>\{)|(?P<shut>\})"
    r"|(?P<dollar>\$)|(?P<blank>\n[ \t\r]*\n)",
    re.S,
)
_BLANK = re.compile(r"\n[ \t\r]*\n|\f")
_MATHEMATICAL = re.compile(
    r"\\[a-zA-Z]|[=^_+<>|'()∂∇θ]|\A\s*[^\W\d_]\s*\Z|\A\s*[^\W\d_]\d\s*\Z|[^\x00-\x7f]"
)
_CONTENT = re.compile(r"&\s*=|=\s*&|\\frac|\\partial|\\sum\b|\^\{|_\{")
_PROSE_LINE = re.compile(r"^(?=[^\\\n]*$)[^\\\n$]*(?:\b[A-Za-z]{2,}\b[ ,.]+){5}", re.M)
_EQUATION = re.compile(
    r"[\w}\])]\s*&?\s*(?:=|\\(?:sim|leq?|geq?|approx|equiv)\b)\s*&?\s*[\w\\{(\[-]"
)
_WORDS = re.compile(r"(?<![\\\w{])[A-Za-z]{3,}[,.]?\s+[A-Za-z]{2,}\b")
_PROSE = re.compile(r"(?:(?<![\\\w{])[A-Za-z]{3,}[,.]?\s+){3}(?:[A-Za-z]{2,}\b|\Z)")
_SPLIT = re.compile(
    r"^\#{1,6} |\\(?:sub)*section\b|\\begin\{(?:frame|document|itemize|theorem)\}", re.M
)
_ENVIRONMENTS = frozenset((*DISPLAYS, *LAYOUTS, *MATRICES, *CASES)) - {
    "tabular",
    "array",
    "subequations",
    "matrix",
}
_CONTAINERS = frozenset(
    [
        "document",
        "itemize",
        "enumerate",
        "description",
        "figure",
        "table",
        "center",
        "quote",
        "abstract",
        "proof",
        "theorem",
        "lemma",
        "frame",
        "minipage",
        "tabular",
        "subequations",
        "algorithm",
        "algorithmic",
        "thebibliography",
        "columns",
        "column",
        "block",
        "marginfigure",
        "wrapfigure",
        "quotation",
        "flushleft",
    ]
)
_DRAWINGS = frozenset(("tikzpicture", "pgfpicture", "picture", "tikzcd"))
_LISTS = frozenset(("itemize", "enumerate", "description"))


@dataclass
class Blocks:
    """Reads a text from left to right; `readable` has comments and code hidden."""

    kind: Format
    readable: str
    macros: Macros
    found: list[Block] = field(default_factory=list)
    at: int = 0  # where the prose that is being collected begins
    heading_end: int = 0
    caption_end: int = 0
    in_list: bool = False
    drawing_end: int = 0

    def read(self) -> list[Block]:
        """All blocks in order."""
        if self._is_rows():
            return [Found(0, len(self.readable), True, "align")]
        pattern = {"tex": _TEX, "markdown": _MARKDOWN, "plain": _PLAIN}[self.kind]
        at = 0
        while match := pattern.search(self.readable, at):
            at = max(self._event(match), match.end() if not match.group() else match.start() + 1)
        self._flush(len(self.readable))
        return self.found

    def _is_rows(self) -> bool:
        """Whether the text is somebody's rows for `align`, without any delimiters."""
        text = self.readable
        if any(opened_by(self.macros, name) for name in self.macros.raw):
            return False
        if (
            self.kind != "tex"
            or "&" not in text
            or re.search(r"\$|\\\[|\\\(|\\begin\{(?:eq|al|ga|do)", text)
        ):
            return False
        return bool(re.search(r"&\s*(?:=|\\)", text)) and not re.search(
            r"\\(?:section|item|document)", text
        )

    def _event(self, match: re.Match[str]) -> int:
        kind = match.lastgroup
        if kind == "mark":
            kind = "mathfence"
        handler = getattr(self, f"_on_{kind}", None)
        end = handler(match) if handler else match.end()
        return end if isinstance(end, int) else match.end()

    # -- prose and breaks ---------------------------------------------------------------------------

    def _flush(self, end: int) -> None:
        """Emits the prose up to a place."""
        start = max(self.at, self.heading_end if self.at < self.heading_end else 0)
        if end > start >= self.drawing_end:
            said = words_of(self.kind, self.readable[start:end])
            if said:
                self.found.append(Prose(start, end, said))
        self.at = max(self.at, end)

    def _break(self, match: re.Match[str], kind: str, name: str = "") -> None:
        self._flush(match.start())
        self.found.append(Break(match.start(), match.end(), kind, name))
        self.at = max(self.at, match.end())

    def _on_blank(self, match: re.Match[str]) -> None:
        last = self.found[-1] if self.found else None
        self._flush(match.start())
        if self.found and not (self.found[-1] is last and isinstance(last, Break)):
            self.found.append(Break(match.start(), match.end(), "paragraph"))
        following = self.readable[match.end() + 1 : match.end() + 12]
        if (
            self.in_list
            and self.kind != "tex"
            and not re.match(r"[ \t>]|[-*+•]|\d{1,3}[.)]|\s*\n", following)
        ):
            self.in_list = False
            self.found.append(Break(match.end(), match.end(), "list end"))

    def _on_feed(self, match: re.Match[str]) -> None:
        self._break(match, "section end")

    def _on_page(self, match: re.Match[str]) -> None:
        self._break(match, "section end")

    def _on_rule(self, match: re.Match[str]) -> None:
        self._break(match, "section end")

    def _on_item(self, match: re.Match[str]) -> None:
        self._break(match, "item")
        label = self.readable.find("[", match.start(), match.end())
        if label >= 0:
            self.at = label

    def _on_bullet(self, match: re.Match[str]) -> None:
        self.in_list = True
        self._break(match, "item")

    def _on_cell(self, match: re.Match[str]) -> None:
        start = self.readable.rfind("\n", 0, match.start()) + 1
        if (
            self.readable[start : start + 3].lstrip()[:1] == "|"
            or self.readable.count("|", start, start + 300) > 2
        ):
            self._break(match, "cell")

    def _on_tag(self, match: re.Match[str]) -> None:
        name = match.group().strip("</>").split()[0].lower()
        closing = match.group().startswith("</")
        if name[0] == "h" and name != "hr" and not closing:
            end = self.readable.find("</", match.end())
            end = match.end() if end < 0 else end
            self._heading(match.start(), match.end(), min(end, match.end() + 400), int(name[1]))
        elif name != "br":
            kinds = {
                "li": "item",
                "td": "cell",
                "th": "cell",
                "tr": "cell",
                "figcaption": "caption",
            }
            ends = {"ul": "list end", "ol": "list end"} if closing else {}
            self._break(match, ends.get(name) or kinds.get(name, "paragraph"))

    def _on_hashes(self, match: re.Match[str]) -> int:
        text = match.group().lstrip()
        level = len(text) - len(text.lstrip("#"))
        inner = match.start() + match.group().index("#") + level
        self._heading(match.start(), inner, match.end(), level)
        return inner

    def _on_setext(self, match: re.Match[str]) -> int:
        end = self.readable.find("\n", match.start())
        level = 1 if self.readable[end + 1] == "=" else 2
        before = self.readable[
            self.readable.rfind("\n", 0, max(0, match.start() - 1)) + 1 : match.start()
        ]
        if before.strip() or "|" in match.group() or re.match(r"\s*[-*>$]", match.group()):
            return match.start()
        self._heading(match.start(), match.start(), end, level)
        self.heading_end = match.end()
        return match.start()

    def _on_rank(self, match: re.Match[str]) -> int:
        end = group_end(self.readable, match.end())
        if end is None:
            return match.end()
        self._heading(match.start(), match.end() + 1, end - 1, 1 + _RANKS.index(match["rank"]) % 8)
        return match.end() + 1

    def _heading(self, start: int, inner: int, end: int, level: int) -> None:
        self._flush(start)
        said = words_of(self.kind, self.readable[inner:end]).strip(" #")
        self.found.append(Heading(start, end, level, said))
        self.heading_end = self.at = max(self.at, end)

    def _on_caption(self, match: re.Match[str]) -> None:
        self._break(match, "caption")
        self.caption_end = group_end(self.readable, match.end()) or 0

    # -- environments and macros --------------------------------------------------------------------

    def _on_begin(self, match: re.Match[str]) -> int:
        name = match["begin"]
        known = self.macros.environments.get(name)
        if name in _ENVIRONMENTS or known:
            return self._environment(match, name, known or name)
        if name in _DRAWINGS:
            self._flush(match.start())
            stop = self.readable.find(f"\\end{{{name}}}", match.end())
            self.drawing_end = stop if stop >= 0 else len(self.readable)
            return match.end()
        if name == "frame":
            self._break(match, "slide")
            return match.end()
        if name not in _CONTAINERS and self._is_mathematical(match, name):
            return self._environment(match, name, name, self._after_arguments(match.end()))
        if name == "array" and self.kind != "tex":
            return self._environment(match, name, name)
        self._break(match, "environment", name)
        if name in _CONTAINERS:
            self.at = self._after_arguments(match.end())
            return self.at
        return match.end()

    def _after_arguments(self, at: int) -> int:
        """After `[!ht]` and `{lcr}` of an environment that holds prose."""
        arguments = re.compile(r"(?:\[[^\]\n$]{0,80}\])?(?:\{[^{}\n$]{0,80}\}){0,2}").match(
            self.readable, at
        )
        return arguments.end() if arguments else at

    def _on_end(self, match: re.Match[str]) -> None:
        name = match["end"]
        self._break(match, "list end" if name in _LISTS else "environment end", name)

    def _is_mathematical(self, match: re.Match[str], name: str) -> bool:
        end = self.readable.find(f"\\end{{{name}", match.end())
        inside = self.readable[match.end() : end] if end >= 0 else ""
        if not inside or "$" in inside or "\\[" in inside or "\\item" in inside:
            return False
        if any(f"\\begin{{{d}" in inside for d in DISPLAYS):
            return False
        if _CONTENT.search(inside):
            return not _PROSE_LINE.search(inside)
        return bool(_EQUATION.search(inside)) and not _WORDS.search(inside)

    def _environment(
        self, match: re.Match[str], name: str, known: str, inner: int | None = None
    ) -> int:
        """To the end of an environment; one that nobody knows is read from `inner` on."""
        pattern = re.compile(rf"\\(?P<edge>begin|end)\s*\{{{name}\*?\}}")
        depth, stop, closed = 0, -1, None
        for edge in pattern.finditer(self.readable, match.start()):
            depth += 1 if edge["edge"] == "begin" else -1
            if not depth:
                closed, stop = edge.start(), edge.end()
                break
        if stop < 0:
            blank = _BLANK.search(self.readable, match.end())
            stop = blank.start() if blank else len(self.readable)
        edges = (match.start(), stop) if inner is None or closed is None else (inner, closed)
        self._formula(match.start(), stop, *edges, True, known)
        return stop

    def _on_macro(self, match: re.Match[str]) -> int | None:
        """A macro of the page's own that begins a display, or holds one."""
        name = match["macro"]
        if name == "\\ensuremath":
            end = group_end(self.readable, match.end(), 40_000)
            if end is not None:
                self._formula(match.start(), end, match.end() + 1, end - 1, False)
                return end
        opened = opened_by(self.macros, name)
        if opened is None:
            return None
        written = self.macros.raw[name]
        if "#1" in written and self.readable[match.end() : match.end() + 1] == "{":
            end = group_end(self.readable, match.end(), 40_000)
            if end is not None:
                self._formula(match.start(), end, match.end(), end, True, opened)
                return end
        if "\\end{" in written or written.count("$$") > 1 or "\\]" in written:
            return None
        return self._until_closing(match, opened)

    def _until_closing(self, match: re.Match[str], opened: str) -> int | None:
        closers = [
            n for n, raw in self.macros.raw.items() if re.match(r"\s*(?:\\end\s*\{|\\\]|\$\$)", raw)
        ]
        names = "|".join(re.escape(n) for n in (*closers, f"\\end{{{opened}}}"))
        close = re.compile(rf"(?:{names})(?![a-zA-Z])").search(self.readable, match.end())
        if close is None:
            return None
        self._formula(match.start(), close.end(), match.end(), close.start(), True, opened)
        return close.end()

    # -- delimiters ---------------------------------------------------------------------------------

    def _formula(
        self, start: int, end: int, inner: int, stop: int, display: bool, name: str = ""
    ) -> None:
        """A formula at [inner, stop), with its delimiters at [start, end)."""
        self._flush(start)
        self.at = max(self.at, end)
        if self.readable[inner:stop].strip(" \t\r\n\x01"):
            heading, caption = start < self.heading_end, start < self.caption_end
            self.found.append(Found(inner, stop, display, name, heading, caption))

    def _paired(self, match: re.Match[str], close: re.Pattern[str], display: bool) -> int:
        found = next((m for m in close.finditer(self.readable, match.end()) if m["close"]), None)
        inside = self.readable[match.end() : found.start()] if found else ""
        if found is None or (_BLANK.search(inside) and _lost(inside)):
            blank = _BLANK.search(self.readable, match.end())
            stop = blank.start() if blank else len(self.readable)
            self._formula(match.start(), stop, match.end(), stop, display)
            return stop
        self._formula(match.start(), found.end(), match.end(), found.start(), display)
        return found.end()

    def _on_dollars(self, match: re.Match[str]) -> int:
        if self.kind == "tex" and match.end() < len(self.readable) and self._is_empty_pair(match):
            return match.end()
        return self._paired(match, _CLOSES["dollars"], True)

    def _is_empty_pair(self, match: re.Match[str]) -> bool:
        """`$$` that closes nothing and opens nothing: no other one follows in the text."""
        return self.readable.find("$$", match.end()) < 0

    def _on_bracket(self, match: re.Match[str]) -> int:
        if self.kind != "tex" and not self._has_close(match, _CLOSES["bracket"]):
            return match.end()
        return self._paired(match, _CLOSES["bracket"], True)

    def _on_paren(self, match: re.Match[str]) -> int:
        if self.kind != "tex" and not self._has_close(match, _CLOSES["paren"]):
            return match.end()
        return self._paired(match, _CLOSES["paren"], False)

    def _has_close(self, match: re.Match[str], close: re.Pattern[str]) -> bool:
        """Whether a delimiter, which may be an escaped bracket of Markdown's, is one."""
        found = next((m for m in close.finditer(self.readable, match.end()) if m["close"]), None)
        if found is None or found.start() - match.end() > 4_000:
            return False
        inside = self.readable[match.end() : found.start()]
        return "](" not in inside and bool(_MATHEMATICAL.search(inside))

    def _on_double(self, match: re.Match[str]) -> int:
        shape = match.group()[-1]
        if self.kind == "tex":
            return match.end() - 1 if shape == "(" else match.end()
        close = _CLOSES[f"double{shape}"]
        if not self._has_close(match, close):
            return match.end()
        return self._paired(match, close, shape == "[")

    def _on_mathfence(self, match: re.Match[str]) -> int:
        close = re.compile(rf"^[ \t]*{re.escape(match['mark'])}[ \t\r]*$", re.M).search(
            self.readable, match.end()
        )
        stop = close.start() if close else len(self.readable)
        inner = match.end()
        while option := re.compile(r"[ \t]*:[a-z]+:[^\n]*\n").match(self.readable, inner):
            inner = option.end()
        self._formula(match.start(), close.end() if close else stop, inner, stop, True, "math")
        return close.end() if close else stop

    def _on_dollar(self, match: re.Match[str]) -> int:
        at = match.end()
        end = self._closing_dollar(at)
        if end is None:
            return self._unclosed(match)
        inside = self.readable[at:end]
        if self.kind != "tex" and not self._is_formula(at, end):
            return at
        if not inside.strip():
            self._flush(match.start())
            self.at = end + 1
            return end + 1
        self._formula(match.start(), end + 1, at, end, False)
        return end + 1

    def _is_formula(self, at: int, end: int) -> bool:
        """Whether two dollar signs delimit a formula, or are amounts of money."""
        inside, text = self.readable[at:end].strip("\x01"), self.readable
        if _PROSE.search(inside) and "\\text" not in inside:
            return False
        tight = inside.strip() == inside and not text[end + 1 : end + 2].isdigit()
        if tight and (
            _MATHEMATICAL.search(inside) or re.fullmatch(r"[\w.,:;\-+ /*]{1,12}", inside)
        ):
            return not _money(inside)
        following = self._closing_dollar(end + 1)
        if following is not None and not tight:
            other = text[end + 1 : following]
            if (
                other.strip() == other
                and _MATHEMATICAL.search(other)
                and not _MATHEMATICAL.search(inside)
            ):
                return False
        return bool(_MATHEMATICAL.search(inside)) and not _money(inside)

    def _closing_dollar(self, at: int) -> int | None:
        """The dollar sign that closes an inline formula, in its paragraph."""
        stack: list[bool] = []
        for m in _INLINE.finditer(self.readable, at):
            if m["blank"]:
                return None
            if m["text"] or m["open"]:
                stack.append(bool(m["text"]))
            elif m["shut"] and stack:
                stack.pop()
            elif m["dollar"] and not any(stack):
                return m.start()
        return None

    def _unclosed(self, match: re.Match[str]) -> int:
        """Nothing closes it: the first dollar sign does, or the paragraph ends it."""
        blank = _BLANK.search(self.readable, match.end())
        stop = blank.start() if blank else len(self.readable)
        plain = self.readable.find("$", match.end(), stop)
        if plain >= 0:
            self._formula(match.start(), plain + 1, match.end(), plain, False)
            return plain + 1
        if self.kind == "tex":
            self._formula(match.start(), stop, match.end(), stop, False)
            return stop
        return match.end()


def _money(inside: str) -> bool:
    """`5 and ` between two prices."""
    return (
        bool(re.match(r"\d[\d.,]*\s*(?:[a-zA-Z]{2,}|\Z)", inside))
        and " " in inside
        and "\\" not in inside
    )


def _lost(inside: str) -> bool:
    """Whether a display that holds a blank line has swallowed prose: its end was lost."""
    return bool(_PROSE_LINE.search(inside) or _SPLIT.search(inside))
