"""The document reader: a text to its formulas, each where it stands."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from derive.errors import DeriveError, Place
from derive.notation.grammar import Statement, parse_statement
from derive.notation.meant import as_meant
from derive.notation.rows import rows
from derive.notation.scope import RELATIONS, Scope, collect
from derive.notation.tokens import Source, Token, depth_change, tokens
from derive.notation.typed import as_typed
from derive.notation.typed_signs import DERIVATIVES

LARGEST_FILE = 2_000_000
MARKDOWN = (".md", ".markdown")


def _group(deep: int) -> str:
    """A pattern for braces that match, at most so deep."""
    return rf"\{{(?:[^{{}}\\]|\\.{'|' + _group(deep - 1) if deep > 1 else ''})*\}}"


_ENVIRONMENT = "equation|align|gather|multline|displaymath|math|eqnarray|alignat|flalign"
_INNER = "aligned|split|gathered|alignedat"

_OPEN = re.compile(
    r"\\\$|\\\\|(?P<dollars>\$\$)|(?P<dollar>\$)|(?P<bracket>\\\[)|(?P<paren>\\\()"
    rf"|\\begin\{{(?P<name>{_ENVIRONMENT}|{_INNER})(?P<star>\*?)\}}"
)
_BLANK = re.compile(r"\n[ \t]*(?=\n)")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*$.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S)
_HTML = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_CODE = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")
_WORDS = re.compile(rf"\\(?:(?:short)?intertext{_group(4)}|text(?=[^\n]*\$){_group(4)})")
_ALIGNED = re.compile(r"(?<!\\)&\s*(?:=|\\(?:equiv|coloneqq|in)(?![a-zA-Z])|[≡∈])[^\n]*\\\\")
_LAYOUT = re.compile(
    rf"\\(?:begin|end)\{{(?:{_INNER})\*?\}}|(?<=\\\\)\*?\[\s*-?[\d.]+\s*[a-z]+\s*\]"
    r"|\\(?:label|tag\*?|intertext|shortintertext)\{[^{}]*\}|\A\s*\{\d+\}"
)


@dataclass(frozen=True, slots=True)
class Formula:
    """source.text[start:end], one formula without its delimiters."""

    source: Source
    start: int
    end: int

    @property
    def latex(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def place(self) -> Place:
        return self.source.place(self.start)


def read_statements(
    texts: Sequence[tuple[str, str]], among_others: bool = False
) -> tuple[tuple[Statement, ...], Scope]:
    """The definitions in texts (path, text), and the scope that all of them declare together.

    Formulas without a relation, such as a symbol named in prose, are passed over; with `among_others`
    also what a paper says beside its definitions: of derivatives, and of the numbers T and t.
    """
    found = [f for path, text in texts for f in formulas(path, text)]
    lexed = [(f, tokens(f.source, f.start, f.end)) for f in found]
    lexed = [(f, t) for f, t in lexed if _has_relation(t)]
    if among_others:
        lexed = [(f, t) for f, t in lexed if not _says_something_else(t)]
    typed = as_typed([(f.source, t) for f, t in lexed])
    meant, said = as_meant([t for t, _ in typed])
    said = (*dict.fromkeys(s for _, sentences in typed for s in sentences), *said)
    scope = collect((f.source, t) for (f, _), t in zip(lexed, meant, strict=True))
    statements = [
        replace(parse_statement(f.source, f.start, f.end, scope, t), said=said)
        for (f, _), t in zip(lexed, meant, strict=True)
    ]
    return tuple(statements), scope


def _says_something_else(found: tuple[Token, ...]) -> bool:
    """Whether a formula's left side is a derivative, or an index that gets a value or a range."""
    first, second = found[0].text, found[1].text
    if first in DERIVATIVES:
        return True
    if first in ("\\frac", "\\dfrac", "\\tfrac") and second == "{":
        first = found[2].text
        return first in ("\\partial", "d", "\\mathrm", "\\delta")
    index = first in ("t", "T") and second in RELATIONS
    return first in ("\\partial", "\\nabla") or index


def _has_relation(found: tuple[Token, ...]) -> bool:
    depth = 0
    for token in found:
        depth += depth_change(token.text)
        if depth == 0 and token.text in RELATIONS:
            return True
    return False


def formulas(path: str, text: str) -> tuple[Formula, ...]:
    """The formulas of a TeX or Markdown text; a text without any delimiter has one a line.

    Rows for somebody's `align` have no delimiter either, though there may be some in their words.

    Raises DeriveError for a text that is too long, and for a delimiter that nothing closes before
    the paragraph ends (one lost $$ would shift every later pair).
    """
    if len(text) > LARGEST_FILE:
        raise DeriveError(
            f"a text of {len(text)} characters is longer than the limit of {LARGEST_FILE}",
            Place(path, 1, 1),
        )
    readable = _without_comments(path, text)
    if are_rows(readable):
        readable = _WORDS.sub(_blanked, readable)
        spans: tuple[tuple[int, int], ...] = ((0, len(readable)),)
    else:
        spans = tuple(_delimited(Source(path, readable))) or tuple(_lines(readable))
    source = Source(path, _without_layout(readable, spans))
    return tuple(
        Formula(source, a, b) for start, end in spans for a, b in rows(source.text, start, end)
    )


def _blanked(match: re.Match[str]) -> str:
    """As many spaces, so that every offset stays what it was."""
    return re.sub(r"[^\n]", " ", match.group())


def _without_comments(path: str, text: str) -> str:
    """Comments and code blanked out; in Markdown's prose a % is a per cent sign."""
    if not path.endswith(MARKDOWN):
        return _COMMENT.sub(lambda m: m[1] + " " * (len(m.group()) - len(m[1])), text)
    for pattern in (_FENCE, _HTML, _CODE):
        text = pattern.sub(_blanked, text)
    return text


def are_rows(text: str) -> bool:
    """Whether a text is rows for somebody's `align`: delimiters stand in their words alone."""
    if not _ALIGNED.search(text):
        return False
    return all(_closing(match) is None for match in _OPEN.finditer(_WORDS.sub(_blanked, text)))


def _without_layout(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Labels, inner environments and row spacing blanked out, inside the formulas."""
    pieces, at = [], 0
    for start, end in spans:
        pieces += [text[at:start], _LAYOUT.sub(_blanked, text[start:end])]
        at = end
    return "".join((*pieces, text[at:]))


def _delimited(source: Source) -> Iterator[tuple[int, int]]:
    text, at = source.text, 0
    blanks = [match.start() for match in _BLANK.finditer(text)]
    while match := _OPEN.search(text, at):
        at = match.end()
        close = _closing(match)
        if close is None:
            continue
        after = bisect_left(blanks, at)
        end = _find(text, close, at, blanks[after] if after < len(blanks) else len(text))
        if end < 0:
            raise DeriveError(
                f"expected '{close}' to close the '{match.group()}' here before the paragraph ends",
                source.place(match.start()),
            )
        yield at, end
        at = end + len(close)


def _find(text: str, close: str, start: int, limit: int) -> int:
    """Where a display ends; a dollar sign after a backslash ends none."""
    end = text.find(close, start, limit)
    while close[0] == "$" and end > 0 and text[end - 1] == "\\" and text[end - 2] != "\\":
        end = text.find(close, end + 1, limit)
    return end


def _closing(match: re.Match[str]) -> str | None:
    if match["dollars"]:
        return "$$"
    if match["dollar"]:
        return "$"
    if match["bracket"]:
        return "\\]"
    if match["paren"]:
        return "\\)"
    return f"\\end{{{match['name']}{match['star']}}}" if match["name"] else None


def _lines(text: str) -> Iterator[tuple[int, int]]:
    for match in re.finditer(r"[^\n]+", text):
        if not match.group().lstrip().startswith("#"):
            yield match.span()
