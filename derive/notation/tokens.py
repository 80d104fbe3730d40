"""LaTeX text to tokens, each with its offset; input is bounded before anything parses it."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from types import MappingProxyType
from typing import Any, Literal

from derive.errors import DeriveError, Place

LONGEST_FORMULA = 10_000
# Every pass over a tree recurses: 60 brackets are what Python's 1,000 frames hold with room to spare.
DEEPEST_NESTING = 60
LONGEST_NUMBER = 30
LONGEST_LINE = 2_000  # characters of a line that an error shows

Kind = Literal["name", "number", "macro", "char", "end"]


@dataclass(frozen=True)
class Source:
    """A text with a path, whose first character stands at `line` and `column` of that path."""

    path: str
    text: str
    line: int = 1
    column: int = 1

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(i + 1 for i, char in enumerate(self.text) if char == "\n")]

    def place(self, offset: int) -> Place:
        row = bisect_right(self._starts, offset) - 1
        begin = self._starts[row]
        column = offset - begin + (1 if row else self.column)
        end = self._starts[row + 1] - 1 if row + 1 < len(self._starts) else len(self.text)
        whole = end - begin <= LONGEST_LINE and (row or self.column == 1)
        line = self.text[begin:end] if whole else ""
        return Place(self.path, row + self.line, column, line)


@dataclass(frozen=True, slots=True)
class Token:
    """One symbol: a letter or Greek macro (`name`), digits, another macro, or a character."""

    kind: Kind
    text: str
    offset: int


GREEK = {
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta",
    "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "varrho", "sigma", "varsigma", "tau",
    "upsilon", "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi",
    "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "ell", "hbar",
}  # fmt: skip

IGNORED = {
    ",", ";", "!", ":", " ", ">", "/", "quad", "qquad", "thinspace", "medspace", "enspace",
    "thickspace", "left", "right", "middle", "displaystyle", "textstyle", "scriptstyle", "limits",
    "nolimits", "nonumber", "notag", "\\",
    "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr",
}  # fmt: skip

# These are ignored with their argument.
NOTES = {"label", "tag"}

BRACKETS = {
    "{": "\\{", "lbrace": "\\{", "}": "\\}", "rbrace": "\\}", "lbrack": "[", "rbrack": "]",
    "lparen": "(", "rparen": ")",
}  # fmt: skip

CHARACTERS: dict[str, tuple[Kind, str]] = {
    "·": ("macro", "\\cdot"), "⋅": ("macro", "\\cdot"), "×": ("macro", "\\times"),
    "∂": ("macro", "\\partial"), "∇": ("macro", "\\nabla"), "Σ": ("macro", "\\sum"),
    "∑": ("macro", "\\sum"), "∏": ("macro", "\\prod"), "≤": ("macro", "\\le"),
    "∈": ("macro", "\\in"), "≡": ("macro", "\\equiv"), "√": ("macro", "\\sqrt"),
    "⋯": ("macro", "\\cdots"), "…": ("macro", "\\dots"), "⟨": ("macro", "\\langle"),
    "⟩": ("macro", "\\rangle"), "ℝ": ("name", "\\mathbb{R}"), "ℓ": ("name", "\\ell"),
    "ϑ": ("name", "\\vartheta"), "ϕ": ("name", "\\phi"), "φ": ("name", "\\varphi"),
    "ε": ("name", "\\varepsilon"), "ϵ": ("name", "\\epsilon"), "ϱ": ("name", "\\varrho"),
    "ς": ("name", "\\varsigma"), "⊙": ("macro", "\\odot"), "⊤": ("macro", "\\top"),
    "‖": ("macro", "\\|"), "−": ("char", "-"), "′": ("char", "'"), "’": ("char", "'"),
}  # fmt: skip

SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵗᵏⁿᵀ", "0123456789+-()tknT", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₜₖₛₙᵢⱼₘₚₐₑₒₓₕₗ", "0123456789+-tksnijmpaeoxhl", strict=True))

# After these one digit is the whole argument: \frac12 is a half, x^23 is x² times 3.
HALVED = {"\\frac", "\\dfrac", "\\tfrac", "\\cfrac", "\\nicefrac", "\\sfrac"}
TAKES_ONE = {"_", "^", "\\sqrt", *HALVED}

OPENS = {"(": ")", "[": "]", "{": "}", "\\{": "\\}"}
CLOSES = frozenset(OPENS.values())

_NO_MACROS: Mapping[str, str] = MappingProxyType({})


def depth_change(text: str) -> int:
    """1 for a bracket that opens, -1 for one that closes."""
    return int(text in OPENS) - int(text in CLOSES)


def tokens(
    source: Source,
    start: int = 0,
    end: int | None = None,
    macros: Mapping[str, str] = _NO_MACROS,
) -> tuple[Token, ...]:
    """The tokens of source.text[start:end], with a last one of kind `end`.

    `macros` are the user's own, by name; what they stand for takes the place at which they stand.
    Raises DeriveError for a formula that is too long or nested too deeply, for a number that is too
    long, and for braces that do not match.
    """
    stop = len(source.text) if end is None else end
    if stop - start > LONGEST_FORMULA:
        raise DeriveError(
            f"a formula of {stop - start} characters is longer than the limit of {LONGEST_FORMULA}",
            source.place(start),
        )
    read = _read(source, start, stop, macros)
    found = (*_without_notes(_scripted(read)), Token("end", "", stop))
    _check_nesting(source, found)
    return tuple(_joined_numbers(source, found))


def _check_nesting(source: Source, found: tuple[Token, ...]) -> None:
    """Braces match, and no bracket is deeper than the limit."""
    braces: list[int] = []
    depth = 0
    for i, token in enumerate(found):
        depth = max(0, depth + depth_change(token.text))
        if depth > DEEPEST_NESTING:
            place = source.place(token.offset)
            raise DeriveError(f"nested more deeply than the limit of {DEEPEST_NESTING}", place)
        if token.text == "{":
            braces.append(i)
        elif token.text == "}" and not braces:
            raise DeriveError("found '}' where no '{' is open", source.place(token.offset))
        elif token.text == "}":
            braces.pop()
    if braces:
        opened = braces[-1]
        before = found[opened - 1].text if opened else ""
        raise DeriveError(
            _unclosed(source, before, found[opened].offset), source.place(found[-1].offset)
        )


def _unclosed(source: Source, before: str, offset: int) -> str:
    what = {"_": "subscript", "^": "superscript"}.get(before, "group")
    place = source.place(offset)
    return (
        f"expected '}}' to close the {what} opened at {place.line}:{place.column}, "
        "found the end of the formula"
    )


@cache
def _macros_known() -> Any:
    """pylatexenc's macros, which it builds anew for every formula when it is not handed them."""
    from pylatexenc.latexwalker import get_default_latex_context_db

    return get_default_latex_context_db()


def _read(source: Source, start: int, stop: int, macros: Mapping[str, str]) -> Iterator[Token]:
    """What pylatexenc sees, one token at a time, translated into ours."""
    from pylatexenc.latexwalker import LatexWalker, LatexWalkerEndOfStream, LatexWalkerError

    walker = LatexWalker(
        source.text[start:stop], latex_context=_macros_known(), tolerant_parsing=True
    )
    state, at = walker.make_parsing_state(), 0  # it would make one for every token
    while start + at < stop:
        try:
            token = walker.get_token(at, parsing_state=state)
        except LatexWalkerEndOfStream:
            rest = source.text[start + at : stop]
            if rest.strip():
                place = source.place(stop - len(rest.lstrip()))
                raise DeriveError(f"expected a formula, found {rest.strip()!r}", place) from None
            return
        except LatexWalkerError:
            raise DeriveError("expected LaTeX mathematics", source.place(start + at)) from None
        at = max(token.pos + token.len, at + 1)
        if token.tok == "macro" and f"\\{token.arg}" in macros:
            body = Source(source.path, macros[f"\\{token.arg}"])
            for inner in _read(body, 0, len(body.text), _NO_MACROS):
                yield Token(inner.kind, inner.text, start + token.pos)
            continue
        yield from _translated(source, token.tok, token.arg, start + token.pos, token.len)


def _translated(source: Source, kind: str, text: object, at: int, size: int) -> Iterator[Token]:
    if kind == "comment":
        return
    if kind == "macro":
        yield from _macro(str(text), at)
    elif kind in ("brace_open", "brace_close"):
        yield Token("char", str(text), at)
    elif kind in ("char", "specials"):
        for i, char in enumerate(source.text[at : at + size]):
            yield from _character(char, at + i)
    else:
        written = source.text[at : at + size]
        raise DeriveError(f"expected a formula, found {written!r}", source.place(at))


def _macro(name: str, at: int) -> Iterator[Token]:
    if name in IGNORED:
        return
    if name in BRACKETS:
        yield Token("char", BRACKETS[name], at)
    else:
        yield Token("name" if name in GREEK else "macro", f"\\{name}", at)


def _character(char: str, at: int) -> Iterator[Token]:
    if char.isspace() or char in "~&":
        return
    if char in CHARACTERS:
        yield Token(*CHARACTERS[char], at)
    elif char.isascii() and char.isdigit():
        yield Token("number", char, at)
    elif char.isascii() and char.isalpha():
        yield Token("name", char, at)
    else:
        greek = _greek(char)
        yield Token("name", greek, at) if greek else Token("char", char, at)


def _greek(char: str) -> str | None:
    """The macro of a Greek letter: θ is \\theta."""
    name = unicodedata.name(char, "")
    if not name.startswith("GREEK ") or " WITH " in name:
        return None
    size, _, letter = name.removeprefix("GREEK ").partition(" LETTER ")
    macro = letter.lower().replace("lamda", "lambda")
    macro = macro.capitalize() if size == "CAPITAL" else macro
    return f"\\{macro}" if macro in GREEK else None


def _scripted(found: Iterator[Token]) -> Iterator[Token]:
    """Neighbouring Unicode subscripts as one braced subscript, superscripts likewise."""
    for mark, run in groupby(found, _mark):
        if not mark:
            yield from run
            continue
        last = 0
        for i, token in enumerate(run):
            if not i:
                yield Token("char", mark, token.offset)
                yield Token("char", "{", token.offset)
            plain = (SUBSCRIPTS if mark == "_" else SUPERSCRIPTS)[token.text]
            yield from _character(plain, token.offset)
            last = token.offset
        yield Token("char", "}", last)


def _mark(token: Token) -> str:
    return "_" if token.text in SUBSCRIPTS else "^" if token.text in SUPERSCRIPTS else ""


def _without_notes(found: Iterator[Token]) -> Iterator[Token]:
    """Labels and tags dropped, with what stands in their braces."""
    for token in found:
        if token.kind != "macro" or token.text[1:] not in NOTES:
            yield token
            continue
        depth = 0
        for inside in found:
            depth += {"{": 1, "}": -1}.get(inside.text, 0)
            if depth <= 0 and inside.text != "*":
                break


def _joined_numbers(source: Source, found: tuple[Token, ...]) -> Iterator[Token]:
    """Neighbouring digits, and a decimal point between them, as one number."""
    at = 0
    while at < len(found):
        token, after = found[at], at + 1
        if token.kind == "number" and not _stands_alone(found, at):
            after = _number_end(found, at)
            digits = "".join(t.text for t in found[at:after])
            _check_length(source, digits, token.offset)
            token = Token("number", digits, token.offset)
        yield token
        at = after


def _number_end(found: tuple[Token, ...], at: int) -> int:
    pointed = False
    while _touches(found, at):
        at += 1
        if found[at].text == "." and not pointed and _touches(found, at):
            pointed = found[at + 1].kind == "number"
            if not pointed:
                return at
        elif found[at].kind != "number":
            return at
    return at + 1


def _touches(found: tuple[Token, ...], at: int) -> bool:
    """Whether the next token follows without a space."""
    return at + 1 < len(found) and found[at + 1].offset == found[at].offset + 1


def _stands_alone(found: tuple[Token, ...], at: int) -> bool:
    """Whether a digit is a whole argument, as the 1 and the 2 of \\frac12 or the 2 of x^2."""
    if at and found[at - 1].text in TAKES_ONE:
        return True
    return at > 1 and found[at - 1].kind == "number" and found[at - 2].text in HALVED


def _check_length(source: Source, digits: str, offset: int) -> None:
    if len(digits) > LONGEST_NUMBER:
        raise DeriveError(
            f"a number of {len(digits)} digits is longer than the limit of {LONGEST_NUMBER}",
            source.place(offset),
        )
