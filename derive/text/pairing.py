"""Which token closes which: braces, brackets, `\\left … \\right`, environments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from derive.text.tables import BARS, CASES, CLOSING, LAYOUTS, MATRICES, OPENING, PAIRS
from derive.text.tokens import Token

LEFT, RIGHT, BEGIN, END = "L:", "R:", "B:", "E:"
_BIG = re.compile(r"\\[bB]igg?[lrm]?")
_ALIGNMENT = re.compile(r"[tbcTBC]?")


def prepared(tokens: Sequence[Token]) -> list[Token]:
    """`\\begin{name}` with its arguments, `\\left(`, `\\right]` as one token each."""
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.text in ("\\begin", "\\end"):
            at = _environment(tokens, at, found)
        elif token.text in ("\\left", "\\right", "\\mleft", "\\mright") and at + 1 < len(tokens):
            at = _delimiter(tokens, at, found)
        elif token.text == "\\middle" or _BIG.fullmatch(token.text):
            at += 1
        else:
            found.append(token)
            at += 1
    return found


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
            {"<": "\\langle", ">": "\\rangle"}.get(text)
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
            elif text in OPENING and text not in BARS:
                self._stack.append(_Open(PAIRS[OPENING[text]], i))
            elif text in CLOSING and text not in BARS:
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
