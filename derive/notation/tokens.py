"""LaTeX text to tokens, each with its offset; input is bounded before anything reads it."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from derive.errors import DeriveError, Place

LONGEST_FORMULA = 20_000
DEEPEST_NESTING = 60
LONGEST_NUMBER = 30

Kind = Literal["name", "number", "macro", "char", "end"]


@dataclass(frozen=True)
class Source:
    """A text with a path; it turns offsets into places."""

    path: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(i + 1 for i, char in enumerate(self.text) if char == "\n")]

    def place(self, offset: int) -> Place:
        line = bisect_right(self._starts, offset) - 1
        return Place(self.path, line + 1, offset - self._starts[line] + 1)


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
    ",", ";", "!", ":", " ", ">", "quad", "qquad", "left", "right", "displaystyle", "textstyle",
    "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "nonumber",
    "notag", "limits", "nolimits", "middle", "thinspace", "medspace", "/", "enspace",
}  # fmt: skip

BRACKETS = {
    "\\{": "{",
    "\\lbrace": "{",
    "\\}": "}",
    "\\rbrace": "}",
    "\\lbrack": "[",
    "\\rbrack": "]",
}

CHARACTERS = {
    "·": ("macro", "\\cdot"), "×": ("macro", "\\times"), "−": ("char", "-"), "∂": ("macro", "\\partial"),
    "Σ": ("macro", "\\sum"), "∑": ("macro", "\\sum"), "∏": ("macro", "\\prod"), "ℓ": ("name", "\\ell"),
    "∇": ("macro", "\\nabla"), "≤": ("macro", "\\le"), "ϑ": ("name", "\\vartheta"),
    "ϕ": ("name", "\\phi"), "ε": ("name", "\\varepsilon"), "φ": ("name", "\\varphi"),
    "∈": ("macro", "\\in"), "⋯": ("macro", "\\cdots"), "…": ("macro", "\\dots"), "√": ("macro", "\\sqrt"),
}  # fmt: skip

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵗ", "0123456789+-t")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋ₜₖₛₙᵢⱼ", "0123456789+-tksnij")


def tokens(source: Source, start: int = 0, end: int | None = None) -> tuple[Token, ...]:
    """The tokens of source.text[start:end], with a last one of kind `end`.

    Raises DeriveError for a formula that is too long or nested too deeply, and for braces that do
    not match.
    """
    stop = len(source.text) if end is None else end
    if stop - start > LONGEST_FORMULA:
        raise DeriveError(
            f"a formula of {stop - start} characters is longer than the limit of {LONGEST_FORMULA}",
            source.place(start),
        )
    _check_nesting(source, start, stop)
    found = _joined_numbers(source, tuple(_read(source, start, stop)))
    return (*found, Token("end", "", stop))


def _check_nesting(source: Source, start: int, stop: int) -> None:
    """Braces match, and no bracket is deeper than the limit; a backslash escapes the next character."""
    text, opened, depth, i = source.text, [], 0, start
    while i < stop:
        char = text[i]
        if char == "\\":
            i += 2
            continue
        if char == "{":
            opened.append(i)
        elif char == "}":
            if not opened:
                raise DeriveError("found '}' where no '{' is open", source.place(i))
            opened.pop()
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(char, 0)
        if depth > DEEPEST_NESTING:
            raise DeriveError(
                f"nested more deeply than the limit of {DEEPEST_NESTING}", source.place(i)
            )
        i += 1
    if opened:
        raise DeriveError(_unclosed(source, opened[-1]), source.place(stop))


def _unclosed(source: Source, at: int) -> str:
    before = source.text[:at].rstrip()
    what = {"_": "subscript", "^": "superscript"}.get(before[-1:], "group")
    place = source.place(at)
    return (
        f"expected '}}' to close the {what} opened at {place.line}:{place.column}, "
        "found the end of the formula"
    )


def _read(source: Source, start: int, stop: int) -> Iterator[Token]:
    from pylatexenc.latexwalker import (
        LatexWalker,
        LatexWalkerEndOfStream,
        LatexWalkerParseError,
    )

    walker = LatexWalker(source.text[:stop], tolerant_parsing=True)
    at = start
    while at < stop:
        try:
            token = walker.get_token(at)
        except LatexWalkerEndOfStream:
            return
        except LatexWalkerParseError:
            raise DeriveError("expected LaTeX mathematics", source.place(at)) from None
        at = max(token.pos + token.len, at + 1)
        yield from _translated(source, token.tok, token.arg, token.pos)


def _translated(source: Source, kind: str, text: object, at: int) -> Iterator[Token]:
    if kind == "comment":
        return
    if kind == "macro":
        yield from _macro(source, str(text), at)
    elif kind == "brace_open" or kind == "brace_close":
        yield Token("char", str(text), at)
    elif kind == "char":
        yield from _character(str(text), at)
    elif kind == "specials":
        written = source.text[at]
        if written == "'":
            count = 2 if source.text.startswith("''", at) else 1
            yield from (Token("char", "'", at + i) for i in range(count))
        elif written not in "~&":
            yield from _character(written, at)
    else:
        raise DeriveError(f"expected a formula, found {str(text)!r}", source.place(at))


def _macro(source: Source, name: str, at: int) -> Iterator[Token]:
    if name in IGNORED:
        return
    if name in GREEK:
        yield Token("name", f"\\{name}", at)
    else:
        macro = f"\\{name}"
        yield Token("char" if macro in BRACKETS else "macro", macro, at)


def _character(char: str, at: int) -> Iterator[Token]:
    if char.isspace():
        return
    if char in CHARACTERS:
        kind, text = CHARACTERS[char]
        yield Token(kind, text, at)  # type: ignore[arg-type]
    elif char in "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵗ":
        yield from _script("^", char.translate(SUPERSCRIPTS), at)
    elif char in "₀₁₂₃₄₅₆₇₈₉₊₋ₜₖₛₙᵢⱼ":
        yield from _script("_", char.translate(SUBSCRIPTS), at)
    elif char.isascii() and char.isdigit():
        yield Token("number", char, at)
    elif char.isascii() and char.isalpha():
        yield Token("name", char, at)
    else:
        greek = _greek(char)
        yield Token("name", greek, at) if greek else Token("char", char, at)


def _script(mark: str, char: str, at: int) -> Iterator[Token]:
    kind: Kind = "number" if char.isdigit() else "name" if char.isalpha() else "char"
    yield Token("char", f"{mark}{mark}", at)
    yield Token(kind, char, at)


def _greek(char: str) -> str | None:
    """The macro of a Greek letter: θ is \\theta."""
    name = unicodedata.name(char, "")
    if not name.startswith("GREEK ") or " WITH " in name:
        return None
    size, _, letter = name.removeprefix("GREEK ").partition(" LETTER ")
    macro = letter.lower().replace("lamda", "lambda")
    macro = macro.capitalize() if size == "CAPITAL" else macro
    return f"\\{macro}" if macro in GREEK else None


def _joined_numbers(source: Source, found: tuple[Token, ...]) -> tuple[Token, ...]:
    """Neighbouring digits as one number, neighbouring Unicode scripts as one braced script."""
    result: list[Token] = []
    alone: set[int] = set()
    i = 0
    while i < len(found):
        token = found[i]
        if token.text in ("__", "^^"):
            mark = token.text
            result += [Token("char", mark[0], token.offset), Token("char", "{", token.offset)]
            while i < len(found) and found[i].text == mark:
                _append(result, found[i + 1])
                i += 2
            result.append(Token("char", "}", found[i - 1].offset))
            continue
        if token.kind == "number" or (token.text == "." and result and result[-1].kind == "number"):
            if _stands_alone(result, alone):
                alone.add(token.offset)
                result.append(token)
            elif result and result[-1].offset in alone:
                result.append(token)
            else:
                _append(result, token)
        else:
            result.append(token)
        i += 1
    for token in result:
        if token.kind == "number" and len(token.text) > LONGEST_NUMBER:
            raise DeriveError(
                f"a number of {len(token.text)} digits is longer than the limit of {LONGEST_NUMBER}",
                source.place(token.offset),
            )
    return tuple(result)


def _stands_alone(result: list[Token], alone: set[int]) -> bool:
    """Whether the next digit is a whole argument, as the 1 and the 2 of \\frac12 or the 2 of x^2."""
    if not result:
        return False
    last = result[-1]
    if last.text in ("_", "^", "\\frac", "\\dfrac", "\\tfrac", "\\cfrac"):
        return True
    return last.offset in alone and len(result) > 1 and result[-2].text.endswith("frac")


def _append(result: list[Token], token: Token) -> None:
    """Adds a token, joined to a number that ends right before it (a script stands by itself)."""
    last = result[-1] if result else None
    digits = token.kind == "number" or token.text == "."
    joins = last is not None and last.kind == "number" and digits
    if joins and last is not None and last.offset + len(last.text) == token.offset:
        second_point = token.text == "." and "." in last.text
        if not second_point:
            result[-1] = Token("number", last.text + token.text, last.offset)
            return
    result.append(token)
