"""Mathematics to tokens, each with its place; the page's macros expanded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from derive.text.tables import ABOVE, BELOW, PACKAGES, UNICODE

HIDDEN = "\x01"  # stands for what was blanked out of a text: a comment, code
MOST_EXPANSIONS = 4_000
MOST_TOKENS = 60_000
DEEPEST = 20


class Token(NamedTuple):
    """One token of TeX, written at [start, end); `glued` says that no space stands before it.

    `group` numbers the macro's call that made it (0: none); `depth` is how many calls deep.
    """

    text: str
    start: int
    end: int
    glued: bool = True
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro with the number of its arguments and, where the first is optional, its default."""

    arguments: int
    default: str | None
    body: tuple[Token, ...]


_LEXER = re.compile(
    rf"(?P<scripts>[{''.join(BELOW)}]+|[{''.join(ABOVE)}]+)|"
    r"(?P<space>[\s\x01]+)|(?P<macro>\\(?:[a-zA-Z]+\*?(?=\s*\{)|[a-zA-Z]+|.|\Z))|(?P<comment>%[^\n]*\n?[ \t]*)"
    r"|(?P<argument>\#\d)|(?P<sign>:=|=:|==|<=|>=|=>|->|\+=|-=|\|\||\.\.+)|(?P<other>.)",
    re.S,
)
_SYNONYMS = {
    "<=": "\\leq",
    ">=": "\\geq",
    "=>": "\\Rightarrow",
    "->": "\\to",
    "||": "\\|",
    "...": "\\dots",
    "==": "=",
}
_STARRED = frozenset(
    (
        "\\operatorname*",
        "\\tag*",
        "\\hspace*",
        "\\vspace*",
        "\\norm*",
        "\\abs*",
        "\\begin*",
        "\\inner*",
    )
)


def tokenize(text: str, start: int, end: int) -> list[Token]:
    """The tokens of text[start:end]; no macro is expanded yet."""
    found: list[Token] = []
    glued, at = False, start
    while at < end:
        match = _LEXER.match(text, at, end)
        if match is None:
            break
        at = match.end()
        kind = match.lastgroup
        if kind == "space" or (kind == "comment" and not _percent(text, match.start())):
            glued = False
            continue
        if kind == "comment":
            at = match.start() + 1
        found += _made(match.group() if kind != "comment" else "%", match.start(), at, glued)
        if kind == "macro" and match.group() == "\\" and found:
            found.pop()
        glued = True
    return found


def _percent(text: str, at: int) -> bool:
    return at > 0 and text[at - 1].isdigit()


def _made(written: str, start: int, end: int, glued: bool) -> list[Token]:
    if written[0] == "\\" and written[-1] == "*" and len(written) > 2:
        if written in _STARRED:
            return [Token(written[:-1], start, end, glued)]
        return [Token(written[:-1], start, end - 1, glued), Token("*", end - 1, end)]
    if written.startswith(".."):
        return [Token("\\dots", start, end, glued)]
    if written.isascii():
        return [Token(_SYNONYMS.get(written, written), start, end, glued)]
    spelled = _spelled(written) if len(written) == 1 else _script(written)
    if spelled == written:
        return [Token(written, start, end, glued)]
    inner = tokenize(spelled, 0, len(spelled))
    return [Token(t.text, start, end, glued if not i else t.glued) for i, t in enumerate(inner)]


def _spelled(character: str) -> str:
    """A character beyond ASCII as LaTeX; itself where it has no spelling."""
    if character in UNICODE:
        return UNICODE[character]
    if character in BELOW or character in ABOVE:
        return _script(character)
    if "\U0001d400" <= character <= "\U0001d7ff":
        plain = unicodedata.normalize("NFKC", character)
        plain = UNICODE.get(plain, plain)
        return f"\\mathbf{{{plain}}}" if "BOLD" in unicodedata.name(character, "") else plain
    parts = unicodedata.normalize("NFD", character)
    accent = {"\u0302": "\\hat", "\u0303": "\\tilde", "\u0304": "\\bar", "\u0307": "\\dot"}.get(
        parts[1:]
    )
    return f"{accent}{{{parts[0]}}}" if accent and parts[0].isascii() else character


def _script(written: str) -> str:
    """Characters that stand below or above the line."""
    if written[0] in BELOW:
        return f"_{{{''.join(BELOW[c] for c in written)}}}"
    if written[0] in ABOVE:
        return f"^{{{''.join(ABOVE[c] for c in written)}}}"
    return written


def body(text: str) -> tuple[Token, ...]:
    """A macro's body as tokens; their places are those of the call, later."""
    return tuple(tokenize(text, 0, len(text)))


BUILT_IN: Mapping[str, Macro] = {
    name: Macro(count, default, body(written))
    for name, (count, default, written) in PACKAGES.items()
}


def expand(tokens: Sequence[Token], macros: Mapping[str, Macro]) -> list[Token]:
    """The tokens with macros expanded, at most so many times."""
    stack, found, budget = list(reversed(tokens)), list[Token](), MOST_EXPANSIONS
    while stack and len(found) < MOST_TOKENS:
        token = stack.pop()
        macro = macros.get(token.text) or BUILT_IN.get(token.text)
        if macro is None or not budget or token.depth > DEEPEST:
            found.append(token)
            continue
        own = token.text in macros
        arguments = _arguments(stack, macro, own)
        if arguments is None:
            found.append(token)
            continue
        budget -= 1
        stack += reversed(_substituted(token, macro, arguments))
    return found


def _arguments(stack: list[Token], macro: Macro, own: bool) -> list[list[Token]] | None:
    """The arguments, taken off the stack; None for a package's macro that stands without them."""
    if not macro.arguments:
        return []
    if not own and not (stack and stack[-1].text in ("{", "[")):
        return None
    found: list[list[Token]] = []
    if macro.default is not None:
        option = _option(stack)
        found.append(list(body(macro.default)) if option is None else option)
    while len(found) < macro.arguments:
        if not own and len(found) > 1 and not (stack and stack[-1].text == "{"):
            found.insert(len(found) - 1, [])  # \dv{x}
            break
        found.append(take(stack))
    return found


def _option(stack: list[Token]) -> list[Token] | None:
    if not stack or stack[-1].text != "[":
        return None
    depth = 0
    for i in range(len(stack) - 1, max(-1, len(stack) - 400), -1):
        depth += {"{": 1, "}": -1}.get(stack[i].text, 0)
        if stack[i].text == "]" and depth == 0:
            inside = stack[i + 1 : len(stack) - 1]
            del stack[i:]
            return inside[::-1]
    return None


def take(stack: list[Token]) -> list[Token]:
    """One argument off a stack: a group without its braces, or one token."""
    if not stack:
        return []
    if stack[-1].text != "{":
        return [stack.pop()] if stack[-1].text != "}" else []
    depth = 0
    for i in range(len(stack) - 1, -1, -1):
        depth += {"{": 1, "}": -1}.get(stack[i].text, 0)
        if depth == 0:
            inside = stack[i + 1 : len(stack) - 1][::-1]
            ended = stack[i].end
            del stack[i:]
            return [*inside, Token("", ended, ended)]
    inside = stack[:-1][::-1]
    stack.clear()
    return inside


def _substituted(call: Token, macro: Macro, arguments: list[list[Token]]) -> list[Token]:
    """The body with its arguments; what the body itself writes stands where the call does."""
    end = max((t.end for a in arguments for t in a if t.end), default=call.end)
    end = max(end, call.end)
    found: list[Token] = []
    for token in macro.body:
        glued = token.glued if found else call.glued
        if len(token.text) == 2 and token.text[0] == "#":
            slot = int(token.text[1]) - 1
            if slot < len(arguments):
                inside = [t for t in arguments[slot] if t.text]
                found += [t._replace(depth=max(t.depth, call.depth) + 1) for t in inside]
            continue
        found.append(Token(token.text, call.start, end, glued, call.depth + 1))
    return found
