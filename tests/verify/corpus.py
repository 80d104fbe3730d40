"""The corpus as its own small reader sees it: pages, displays, chains of members, expectations.

It shares nothing with `derive`: the oracle must not inherit a misreading of the judge. It knows only the
notations that the notes in tests/right and tests/wrong use, and raises Unreadable at anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
OPEN = {"(": ")", "[": "]", "{": "}", "\\{": "\\}"}
RELATIONS = ("=", ":=")
_UNICODE = {
    "θ": "\\theta", "α": "\\alpha", "β": "\\beta", "γ": "\\gamma", "δ": "\\delta", "λ": "\\lambda",
    "∂": "\\partial", "∑": "\\sum", "∏": "\\prod", "·": "\\cdot", "×": "\\times", "ℓ": "\\ell",
}  # fmt: skip
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|:=|\d+(?:\.\d+)?|[^\s]", re.S)
_IGNORED = frozenset(
    (
        *("\\,", "\\;", "\\!", "\\ ", "\\:", "\\left", "\\right", "\\displaystyle", "\\boxed"),
        *(f"\\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r")),
    )
)
_SPAN = re.compile(
    r"\$\$(?P<a>.*?)\$\$|\\\[(?P<b>.*?)\\\]|(?<!\\)\$(?P<c>[^$]*?)\$"
    r"|\\begin\{(?P<env>equation|align|gather)(?P<star>\*?)\}(?P<d>.*?)\\end\{(?P=env)(?P=star)\}",
    re.S,
)
_INNER = re.compile(r"\\(?:begin|end)\{(?:aligned|split|gathered)\}")
_COMMENT = {"tex": re.compile(r"(?<!\\)%([^\n]*)"), "md": re.compile(r"<!--(.*?)-->", re.S)}
_MACRO = re.compile(r"\\newcommand\{(\\[A-Za-z]+)\}\{|\\def(\\[A-Za-z]+)\{")


class Unreadable(Exception):
    """The reader does not know this notation: the line has no meaning for the oracle."""


@dataclass(frozen=True)
class Token:
    """A piece of LaTeX, with the span of the page that it stands at."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Member:
    """One member of a chain: its relation sign ("" for the head) and its tokens."""

    relation: str
    tokens: tuple[Token, ...]

    @property
    def start(self) -> int:
        return self.tokens[0].start

    @property
    def end(self) -> int:
        return self.tokens[-1].end


@dataclass(frozen=True)
class Formula:
    """A chain with the conditions that stand beside it; `span` is the display it stands in."""

    members: tuple[Member, ...]
    span: tuple[int, int]
    conditions: tuple[tuple[Token, ...], ...] = ()

    @property
    def head(self) -> Member:
        return self.members[0]


@dataclass(frozen=True)
class Expected:
    """What a comment asks for: a verdict, and the beginning of its scope or "scalars"."""

    kind: str
    scope: str


@dataclass(frozen=True)
class Page:
    """A note: its formulas in order, expectations by line (0: the page), and the meant lines."""

    path: Path
    text: str
    formulas: tuple[Formula, ...]
    expected: dict[int, Expected] = field(hash=False)
    meant: tuple[tuple[int, str], ...] = ()

    def line(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def column(self, offset: int) -> int:
        return offset - (self.text.rfind("\n", 0, offset) + 1) + 1

    def latex(self, member: Member) -> str:
        return " ".join(self.text[member.start : member.end].split())

    def expectation(self, member: Member) -> Expected:
        return self.expected.get(self.line(member.start), self.expected[0])


def pages(folder: str) -> tuple[Page, ...]:
    """The notes of tests/right or tests/wrong."""
    paths = sorted(p for p in (TESTS / folder).iterdir() if p.suffix in (".tex", ".md", ".txt"))
    default = Expected("proved", "every T") if folder == "right" else Expected("refuted", "")
    return tuple(read(path, path.read_text(encoding="utf-8"), default) for path in paths)


def read(path: Path, text: str, default: Expected = Expected("proved", "every T")) -> Page:
    """The page that `text` is; comments are read for expectations and then blanked out."""
    pattern = _COMMENT["md" if path.suffix == ".md" else "tex"]
    expected, meant = {0: default}, []
    for match in pattern.finditer(text):
        note = match[1].strip()
        line = text.count("\n", 0, match.start()) + 1
        alone = not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
        if note.startswith("expect:"):
            kind, _, scope = note.removeprefix("expect:").strip().partition(" ")
            expected[0 if alone else line] = Expected(kind, scope.strip())
        if note.startswith("true:"):
            meant.append((match.start(), note.removeprefix("true:").strip()))
    clean = pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    macros, clean = _macros(clean)
    return Page(path, text, tuple(_formulas(clean, macros)), expected, tuple(meant))


def _macros(text: str) -> tuple[dict[str, tuple[Token, ...]], str]:
    """The macros without arguments, and the text without their definitions."""
    found: dict[str, tuple[Token, ...]] = {}
    while match := _MACRO.search(text):
        end, depth = match.end(), 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        found[match[1] or match[2]] = tuple(tokens(text[match.end() : end - 1], 0, {}))
        text = text[: match.start()] + " " * (end - match.start()) + text[end:]
    return found, text


def tokens(text: str, offset: int, macros: dict[str, tuple[Token, ...]]) -> Iterator[Token]:
    """The tokens of a formula; what a macro stands for has the span of the macro."""
    for match in _TOKEN.finditer(text):
        piece = _UNICODE.get(match.group(), match.group())
        if piece in _IGNORED:
            continue
        start, end = offset + match.start(), offset + match.end()
        for token in macros.get(piece, (Token(piece, start, end),)):
            yield replace(token, start=start, end=end)


def depths(found: tuple[Token, ...]) -> Iterator[tuple[int, Token, int]]:
    """Each token with its position and how many brackets are open around it."""
    depth = 0
    for at, token in enumerate(found):
        if token.text in OPEN.values():
            depth -= 1
        yield at, token, depth
        if token.text in OPEN:
            depth += 1


def _formulas(text: str, macros: dict[str, tuple[Token, ...]]) -> Iterator[Formula]:
    for match in _SPAN.finditer(text):
        name = next(g for g in "abcd" if match[g] is not None)
        inner = _INNER.sub(lambda m: " " * len(m.group()), match[name])
        found = tuple(tokens(inner, match.start(name), macros))
        yield from _chains(found, match.span())


def _chains(found: tuple[Token, ...], span: tuple[int, int]) -> Iterator[Formula]:
    """The chains of one display: rows that begin with "=" go on with the row before."""
    here: Formula | None = None
    for piece in _pieces(found):
        members = _members(piece)
        if _is_condition(piece):
            if here:
                here = replace(here, conditions=(*here.conditions, piece))
        elif here and members[0].relation:
            here = replace(here, members=(*here.members, *members))
        elif len(members) > 1:
            if here:
                yield here
            here = Formula(members, span)
    if here:
        yield here


def _pieces(found: tuple[Token, ...]) -> Iterator[tuple[Token, ...]]:
    """What stands between rows, wide spaces and commas outside of brackets."""
    piece: list[Token] = []
    for _, token, depth in depths(found):
        if depth == 0 and token.text in ("\\\\", "\\quad", "\\qquad", ",", ";"):
            if piece:
                yield tuple(piece)
            piece = []
        elif token.text != "&" and not (depth == 0 and token.text == "."):
            piece.append(token)
    if piece:
        yield tuple(piece)


def _is_condition(piece: tuple[Token, ...]) -> bool:
    """`t = 0`, `\\dots`, `T-1` of an index range; `\\text{for } t < T`; `(t \\le T)`."""
    texts = [token.text for token in piece]
    order = any(t in ("\\le", "<", "\\ge", ">", "\\leq", "\\geq") for t in _outside(piece))
    bare = texts[0] == "T" and "=" not in texts
    return texts[0] in ("\\text", "\\dots") or bare or order or texts[:2] == ["t", "="]


def _outside(piece: tuple[Token, ...]) -> list[str]:
    """The texts outside of braces (bounds of Σ stand in braces)."""
    found, depth = [], 0
    for token in piece:
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if not depth:
            found.append(token.text)
    return found


def _members(piece: tuple[Token, ...]) -> tuple[Member, ...]:
    found: list[Member] = []
    start, relation = 0, ""
    for at, token, depth in depths(piece):
        if depth == 0 and token.text in RELATIONS:
            if at > start:
                found.append(Member(relation, piece[start:at]))
            start, relation = at + 1, token.text
    if start < len(piece):
        found.append(Member(relation, piece[start:]))
    if not found:
        raise Unreadable("a relation without members")
    return tuple(found)
