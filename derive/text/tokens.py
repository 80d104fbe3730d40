"""Mathematics to tokens, each with its place; the page's macros expanded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import NamedTuple

from derive.text.tables import (
    ABOVE,
    BARS,
    BELOW,
    CASES,
    CLOSING,
    LAYOUTS,
    MATRICES,
    OPENING,
    PACKAGES,
    PAIRS,
    UNICODE,
)

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
    r"(?P<space>[\s\x01]+)|(?P<macro>\\(?:[a-zA-Z]+\*?(?=\s*\{)|[a-zA-Z]+|.|\Z))"
    r"|(?P<comment>%[^\n]*\n?[ \t]*)"
    r"|(?P<argument>\#\d)|(?P<entity>&(?:[a-zA-Z][a-zA-Z0-9]{1,9}|\#\d{2,5}|\#x[0-9a-fA-F]{2,5});)|(?P<sign>:=|=:|==|<=|>=|=>|->|\+=|-=|\|\||\.\.+)|(?P<other>.)",
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
    "&nbsp;": "~",
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
    glued, at, opened = False, start, False
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
        if kind == "sign" and match[0][0] in "+-=" and found and found[-1].text in ("^", "_"):
            at = match.start() + 1  # x^-=a: a script is one character
            found.append(Token(match[0][0], match.start(), at, glued))
            glued = True
            continue
        written = match.group() if kind != "comment" else "%"
        if written == "\\<" or (
            written == "\\>" and opened
        ):  # x^{\\<t\\>}: escaped for Markdown, no space
            opened = written == "\\<"
            written = written[1]
        if kind == "entity":
            written = _SYNONYMS.get(written) or unescape(written)
            if len(written) > 1:  # an alignment before a name: &x;
                written, at = "&", match.start() + 1
        found += _made(written, match.start(), at, glued)
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


# -- pairs ---------------------------------------------------------------------------------------

LEFT, RIGHT, BEGIN, END = "L:", "R:", "B:", "E:"
LESS, GREATER = ("<", "\\lt"), (">", "\\gt")
_BIG = re.compile(r"\\[bB]igg?[lrm]?")
_ALIGNMENT = re.compile(r"[tbcTBC]?")


def prepared(tokens: Sequence[Token]) -> list[Token]:
    """`\\begin{name}` with its arguments, `\\left(`, `\\right]` as one token each."""
    found: list[Token] = []
    closing = -1  # where the > of a script <t> stands
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.text in LESS and (end := _angle_end(tokens, at)) is not None:
            found.append(token._replace(text="\\langle"))
            closing = end
            at += 1
        elif at == closing:
            found.append(token._replace(text="\\rangle"))
            at += 1
        elif token.text in ("\\begin", "\\end"):
            at = _environment(tokens, at, found)
        elif token.text in ("\\left", "\\right", "\\mleft", "\\mright") and at + 1 < len(tokens):
            at = _delimiter(tokens, at, found)
        elif token.text == "\\middle" or _BIG.fullmatch(token.text):
            at += 1
        elif _is_power(tokens, at, found):
            found.append(token._replace(text="^", end=tokens[at + 1].end))
            at += 2
        else:
            found.append(token)
            at += 1
    return found


def _angle_end(tokens: Sequence[Token], at: int) -> int | None:
    """Where the > of a^{<t>} stands, whose whole script is in angles; None where < compares."""
    if at < 2 or tokens[at - 1].text != "{" or tokens[at - 2].text not in ("^", "_"):
        return None
    inside, after = group_text(tokens, at - 1)
    last = after - 2
    whole = inside is not None and last > at + 1 and tokens[last].text in GREATER
    marks = sum(t.text in (*LESS, *GREATER) for t in tokens[at:last])
    return last if whole and marks == 1 else None


def _is_power(tokens: Sequence[Token], at: int, found: Sequence[Token]) -> bool:
    """Whether `**` stands here as programs have it, between what is raised and its power."""
    pair = [token.text for token in tokens[at : at + 2]] == ["*", "*"]
    if not pair or at + 2 >= len(tokens) or not found:
        return False
    after = tokens[at + 2].text
    begins = after.isalnum() or after in ("(", "{")
    return begins and tokens[at + 1].glued and found[-1].text not in ("{", "^", "_", "(", "*")


def _delimiter(tokens: Sequence[Token], at: int, found: list[Token]) -> int:
    token, following = tokens[at], tokens[at + 1]
    left = token.text.endswith("left")
    text = following.text
    if text == "." or text in ("/", "\\backslash"):
        shape = "."
    elif text in BARS:
        shape = BARS[text]
    else:
        shape = (
            {"<": "\\langle", ">": "\\rangle", "\\(": "(", "\\)": ")"}.get(text)
            or OPENING.get(text)
            or CLOSING.get(text)
            or ""
        )
    if not shape:
        return at + 1
    mark = f"{LEFT if left else RIGHT}{shape}"
    found.append(Token(mark, token.start, following.end, token.glued, token.depth))
    return at + 2


def _environment(tokens: Sequence[Token], at: int, found: list[Token]) -> int:
    token = tokens[at]
    name, after = group_text(tokens, at + 1)
    if name is None:
        return at + 1
    name = name.replace("*", "").replace(" ", "")
    if token.text == "\\end":
        found.append(
            Token(f"{END}{name}", token.start, tokens[after - 1].end, token.glued, token.depth)
        )
        return after
    starred = False
    while after < len(tokens) and tokens[after].text == "[" and not starred:
        closed = _option_end(tokens, after)
        if closed is None:
            break
        after, starred = closed, True
    for _ in range(LAYOUTS.get(name, int(name in ("array", "tabular", "subarray", "numcases")))):
        argument, stop = group_text(tokens, after)
        after = stop if argument is not None else after
    found.append(
        Token(f"{BEGIN}{name}", token.start, tokens[after - 1].end, token.glued, token.depth)
    )
    return after


def _option_end(tokens: Sequence[Token], at: int) -> int | None:
    """After an environment's `[t]`; None where it is a formula's bracket."""
    for i in range(at + 1, min(at + 3, len(tokens))):
        if tokens[i].text == "]":
            inside = "".join(t.text for t in tokens[at + 1 : i])
            return i + 1 if _ALIGNMENT.fullmatch(inside) else None
    return None


def group_text(tokens: Sequence[Token], at: int) -> tuple[str | None, int]:
    """What stands in the braces at `at`, and where they end."""
    if at >= len(tokens) or tokens[at].text != "{":
        return None, at
    depth = 0
    for i in range(at, min(at + 4_000, len(tokens))):
        depth += {"{": 1, "}": -1}.get(tokens[i].text, 0)
        if not depth:
            return joined(tokens[at + 1 : i]), i + 1
    return None, at


def joined(tokens: Sequence[Token]) -> str:
    """The tokens' text with single spaces where any stood."""
    return "".join(t.text if t.glued or not i else f" {t.text}" for i, t in enumerate(tokens))


@dataclass
class _Open:
    kind: str  # "{", "left", "env", or a bracket's closing spelling
    at: int
    shape: str = ""


@dataclass
class Pairing:
    """`partner` maps an opening token's number to that of its closing one; `dead` tokens say nothing."""

    partner: dict[int, int] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    _stack: list[_Open] = field(default_factory=list)
    _halves: list[tuple[int, int, str, int]] = field(default_factory=list)

    def read(self, tokens: Sequence[Token]) -> Pairing:
        """Pairs all tokens in one pass."""
        for i, token in enumerate(tokens):
            text = token.text
            if text == "{":
                self._stack.append(_Open("{", i))
            elif text == "}":
                self._close("{", i)
            elif text[:2] == LEFT:
                self._stack.append(_Open("left", i, text[2:]))
            elif text[:2] == RIGHT:
                self._right(i, text[2:])
            elif text[:2] == BEGIN:
                self._stack.append(_Open("env", i, text[2:]))
            elif text[:2] == END:
                self._close("env", i)
            elif text in ("&", "\\\\", "\\cr"):
                self._cell()
            elif text in OPENING:
                self._stack.append(_Open(PAIRS[OPENING[text]], i))
            elif text in CLOSING:
                self._bracket(CLOSING[text], i)
        return self

    def _close(self, kind: str, at: int) -> None:
        for j in range(len(self._stack) - 1, -1, -1):
            if self._stack[j].kind == kind:
                self.partner[self._stack[j].at] = at
                del self._stack[j:]
                return
            if kind == "{" and self._stack[j].kind == "env":
                return

    def _cell(self) -> None:
        """A matrix's cell ends what is open in it."""
        for j in range(len(self._stack) - 1, -1, -1):
            entry = self._stack[j]
            if entry.kind == "env":
                if entry.shape in MATRICES or entry.shape in CASES:
                    del self._stack[j + 1 :]
                return
            if entry.kind == "{":
                return

    def _bracket(self, shape: str, at: int) -> None:
        mixed = -1
        for j in range(len(self._stack) - 1, -1, -1):
            kind = self._stack[j].kind
            if kind in ("{", "left", "env"):
                break
            if kind == shape:
                self.partner[self._stack[j].at] = at
                del self._stack[j:]
                return
            if j == len(self._stack) - 1 and {kind, shape} <= {")", "]"}:
                mixed = j
        if mixed >= 0:
            self.partner[self._stack[mixed].at] = at
            del self._stack[mixed:]

    def _right(self, at: int, shape: str) -> None:
        for j in range(len(self._stack) - 1, -1, -1):
            entry = self._stack[j]
            if entry.kind in ("{", "env"):
                return
            if entry.kind == "left":
                self.partner[entry.at] = at
                del self._stack[j:]
                self._joined_halves(entry, at, shape, j)
                return

    def _joined_halves(self, entry: _Open, at: int, shape: str, level: int) -> None:
        """`\\left( … \\right. \\\\ \\left. … \\right)` is one pair of brackets."""
        if shape == "." and entry.shape != ".":
            self._halves.append((entry.at, at, PAIRS.get(entry.shape, ""), level))
        elif entry.shape == "." and shape != "." and self._halves:
            first, dot, wanted, depth = self._halves[-1]
            if wanted == shape and depth == level:
                self._halves.pop()
                del self.partner[entry.at]
                self.partner[first] = at
                self.dead |= {dot, entry.at}
