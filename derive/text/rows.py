"""Tokens to rows of nodes: scripts, brackets, bars, letters, numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from derive.text import tables as t
from derive.text.hangings import Scriptable, before_names, scripted
from derive.text.names import Vocabulary, is_letter
from derive.text.tokens import BEGIN, END, LEFT, RIGHT, Pairing, Token, joined
from derive.text.trees import (
    Big,
    Fraction,
    Group,
    Missing,
    Name,
    Node,
    Number,
    Root,
    Row,
    Sign,
    Table,
    Words,
)

DEEPEST = 40

_SPOKEN = frozenset(
    ["if", "otherwise", "else", "for", "where", "when", "and", "with", "then", "unless", "forall"]
)
_UNSCRIPTED = frozenset(
    (*t.RELATIONS.values(), *t.OPERATORS.values(), *t.IMPLIES, "|", "\\dots", "\\mid")
)


@dataclass(frozen=True, slots=True)
class Mark(Node):
    """What only arranges a display: "row", "space", "thin", "align".

    No tree that is handed out holds one.
    """

    kind: str


def is_sum(row: Sequence[Node]) -> bool:
    """Whether a plus or minus stands between two operands."""
    return any(isinstance(n, Sign) and n.text in ("+", "-", "\\pm") for n in row[1:])


def text_is_space(name: str) -> bool:
    """Whether a macro is a visible, but narrow space; two of them part statements."""
    return name in (" ", ";", "\n", ":", "space", "~")


def _is_space(token: Token) -> bool:
    return token.text == "~" or (token.text[:1] == "\\" and text_is_space(token.text[1:]))


def is_operand(node: Node | None) -> bool:
    """Whether a product could go on behind a node."""
    return isinstance(node, Name | Number | Fraction | Root | Group | Table)


class Rows(ABC):
    """Reads tokens[i:end]; `level` is 0 outside of all brackets, scripts and fractions."""

    def __init__(self, tokens: list[Token], pairing: Pairing, words: Vocabulary) -> None:
        self.tokens = tokens
        self.partner = pairing.partner
        self.dead = pairing.dead
        self.words = words
        self.i = 0
        self.end = len(tokens)
        self.level = 0
        self.depth = 0
        self.style = ""
        self.single = False
        self.script = False
        self.run_end = 0

    # -- rows ---------------------------------------------------------------------------------------

    def row(self) -> list[Node]:
        """Everything up to the end."""
        found: list[Node] = []
        while self.i < self.end:
            self.step(found)
        return before_names(found)

    def inside(self, start: int, end: int, level: int = 1) -> list[Node]:
        """What stands between two tokens, with its own style."""
        if self.depth >= DEEPEST:
            return [Missing(self.tokens[start - 1].start, self.tokens[start - 1].end, "less depth")]
        kept = (self.i, self.end, self.style, self.single)
        self.i, self.end, self.single = start, min(end, self.end), False
        self.level += level
        self.depth += 1
        found = self.row()
        self.depth -= 1
        self.level -= level
        self.i, self.end, self.style, self.single = kept
        return [n for n in found if not isinstance(n, Mark)] if level or self.level else found

    def filled(self, start: int, end: int) -> Row:
        """The row between two tokens; Missing where it is empty."""
        found = self.inside(start, end)
        at = self.tokens[min(start, len(self.tokens) - 1)].start
        return tuple(found) or (Missing(at, at, "an operand"),)

    def argument(self) -> Row:
        """The next group or token."""
        self._skip_silent()
        if self.i >= self.end or self.tokens[self.i].text in ("&", "\\\\", "}"):
            at = self.tokens[max(0, self.i - 1)].end
            return (Missing(at, at, "an argument"),)
        if self.tokens[self.i].text == "{" and self.i in self.partner:
            start, stop = self.i + 1, self.partner[self.i]
            self.i = stop + 1
            return self.filled(start, stop)
        found: list[Node] = []
        kept, self.single = self.single, True
        self.level += 1
        self.depth += 1
        if self.depth > DEEPEST + 5:
            self.i += 1
            found.append(
                Missing(self.tokens[self.i - 1].start, self.tokens[self.i - 1].end, "less depth")
            )
        while self.i < self.end and not found:
            self.step(found)
        self.depth -= 1
        self.level -= 1
        self.single = kept
        return tuple(n for n in found if not isinstance(n, Mark)) or (Missing(0, 0, "an argument"),)

    def _skip_silent(self) -> None:
        while self.i < self.end and (
            self.tokens[self.i].text[1:] in t.SILENT and self.tokens[self.i].text[0] == "\\"
        ):
            self.i += 1

    def peek(self) -> str:
        """The next token's text, or ""."""
        return self.tokens[self.i].text if self.i < self.end else ""

    # -- one step -----------------------------------------------------------------------------------

    def step(self, found: list[Node]) -> None:
        """Reads what begins at the next token."""
        token = self.tokens[self.i]
        text = token.text
        if self.i in self.dead:
            self.i += 1
        elif text in ("_", "^", "'") or (text == "\\_" and self._is_script()):
            self._script(found, token)
        elif text == "{":
            self._braces(found)
        elif text in t.BARS and text not in t.OPENING and text not in t.CLOSING:
            self._bar(found, token)
        elif text[:2] in (LEFT, RIGHT, BEGIN, END):
            self._structure(found, token)
        elif text in t.OPENING and self.i in self.partner:
            self._bracket(found, t.OPENING[text], self.i)
        elif text[0] == "\\" and len(text) > 1:
            self.i += 1
            self._macro(found, token, text[1:])
        else:
            self._character(found, token)

    def _is_script(self) -> bool:
        return self.i + 1 < self.end and self.tokens[self.i].glued

    def _character(self, found: list[Node], token: Token) -> None:
        text = token.text
        if is_letter(text):
            self._letters(found, token)
        elif (text.isdigit() and text.isascii()) or self._is_leading_point(found, token):
            self._digits(found)
        else:
            self.i += 1
            if text == "}" or text == "":
                return
            if text == "&":
                found.append(Mark(token.start, token.end, "align"))
            elif text == "~":
                self.spaced(found, token)
            elif text in t.SIGNS:
                found.append(Sign(token.start, token.end, t.SIGNS[text]))
            else:
                self._foreign(found, token)

    def spaced(self, found: list[Node], token: Token) -> None:
        """A narrow space: alone it says nothing, behind another it may part statements."""
        parted = found and isinstance(found[-1], Mark)
        if self.i > 1 and _is_space(self.tokens[self.i - 2]) and not parted:
            found.append(Mark(token.start, token.end, "thin"))

    def _foreign(self, found: list[Node], token: Token) -> None:
        """Letters of no mathematics: a word as it stands."""
        i = self.i
        while i < self.end and not self.tokens[i].text.isascii() and self.tokens[i].text.isalpha():
            i += 1
        written = joined(self.tokens[self.i - 1 : i])
        self.i = i
        end = self.tokens[i - 1].end
        if len(written) == 1 and written.isalpha() and self.script:
            found.append(Name(token.start, end, written))
        elif written.isalpha():
            found.append(Words(token.start, end, written))
        else:
            found.append(Sign(token.start, end, written))

    def _letters(self, found: list[Node], token: Token) -> None:
        count, style = 1, ""
        if self._spoken(found):
            return
        spaced = 0 if self.single else self.words.spaced(self.tokens, self.i, self.end)
        if spaced:
            count = spaced
        elif not self.single and self.i >= self.run_end:
            count, style = self.words.length(self.tokens, self.i, self.end, self.script)
            if count == 1:
                i = self.i
                while (
                    i + 1 < self.end
                    and is_letter(self.tokens[i + 1].text)
                    and self.tokens[i + 1].glued
                ):
                    i += 1
                self.run_end = i + 1
        end = self.tokens[self.i + count - 1].end
        letter = "".join(x.text for x in self.tokens[self.i : self.i + count])
        self.i += count
        found.append(Name(token.start, end, letter, style or self.style))
        self._merged_op(found)

    def _spoken(self, found: list[Node]) -> bool:
        """`if` and `otherwise` in bare letters, apart from all others, are words."""
        i = self.i
        while (
            i < self.end
            and is_letter(self.tokens[i].text)
            and (i == self.i or self.tokens[i].glued)
        ):
            i += 1
        if i == self.i + 1 or (self.tokens[self.i].glued and self.i and self.level == 0):
            return False
        said = "".join(x.text for x in self.tokens[self.i : i])
        apart = (
            i == self.end or not self.tokens[i].glued or self.tokens[i].text in ("&", "\\\\", ",")
        )
        if said.lower() not in _SPOKEN or not apart:
            return False
        found.append(Words(self.tokens[self.i].start, self.tokens[i - 1].end, said))
        self.i = i
        return True

    def _is_leading_point(self, found: list[Node], token: Token) -> bool:
        """Whether a number begins with its point: the .5 of (.5, -.5), and no stop behind a name."""
        behind = bool(found) and not isinstance(found[-1], Sign)
        return token.text == "." and not self.single and not behind and self._digit_at(self.i + 1)

    def _digits(self, found: list[Node]) -> None:
        start, i = self.i, self.i + 1
        pointed = self.tokens[start].text == "."
        while not self.single and i < self.end:
            token = self.tokens[i]
            if token.text.isdigit() and token.text.isascii() and token.glued:
                i += 1
            elif token.text == "." and not pointed and token.glued and self._digit_at(i + 1):
                pointed, i = True, i + 1
            elif token.text == "{" and self._thousands(i):
                i += 3
            else:
                break
        texts = [x.text for x in self.tokens[start:i]]
        if not pointed and self._is_decimal("".join(texts)):
            texts = ["." if t == "," else t for t in texts]
        digits = "".join(t for t in texts if t not in "{},")
        digits = f"0{digits}" if digits.startswith(".") else digits
        self.i = i
        found.append(Number(self.tokens[start].start, self.tokens[i - 1].end, digits, self.style))

    def _digit_at(self, i: int) -> bool:
        return i < self.end and self.tokens[i].glued and self.tokens[i].text.isdigit()

    def _thousands(self, i: int) -> bool:
        return (
            self._digit_at(i + 3)
            and self.tokens[i + 1].text == ","
            and self.tokens[i + 2].text == "}"
        )

    @staticmethod
    def _is_decimal(text: str) -> bool:
        """Whether a comma in braces is a decimal's: 0{,}5 and 3{,}14; 1{,}500 and 10{,}000 have thousands."""  # noqa: E501
        first, comma, rest = text.partition("{,}")
        if not comma or "{,}" in rest:
            return False
        return len(rest) != 3 or first.startswith("0") or len(first) > 3

    # -- scripts ------------------------------------------------------------------------------------

    def _script(self, found: list[Node], token: Token) -> None:
        self.i += 1
        if token.text == "'":
            self._attach(found, token.end, "primes", ())
            return
        kept, self.script = (self.script, self.style), True
        self.style = ""  # the t of \mathbf{h_t} is the t of h_t
        row = self.argument()
        self.script, self.style = kept
        end = max(self.tokens[self.i - 1].end, token.end)
        if all(isinstance(n, Missing) for n in row) and self.tokens[self.i - 1].text == "}":
            row = ()
        count, row = _primes(row) if token.text == "^" else (0, row)
        for _ in range(count):
            self._attach(found, end, "primes", ())
        if row:
            self._attach(found, end, "above" if token.text == "^" else "below", row)

    def _attach(self, found: list[Node], end: int, slot: str, row: Row) -> None:
        base = found.pop() if found else None
        if isinstance(base, Sign) and base.text in _UNSCRIPTED:
            found.append(base)
            if base.text == "|" and slot == "below":
                self._evaluated(found, end, row)
            return
        if (
            base is None
            or isinstance(base, Mark | Missing)
            or (isinstance(base, Sign) and base.text in ",;:")
        ):
            if base is not None:
                found.append(base)
            at = self.tokens[max(0, self.i - 1)].start if not row else min(n.start for n in row)
            base = Group(max(0, at - 1), end, "{", "}", ())
        if isinstance(base, Big) and slot == "primes":
            found.append(base)
            return
        if not isinstance(base, Scriptable) or (isinstance(base, Table) and slot == "primes"):
            base = Group(base.start, end, "{", "}", (base,))
        found.append(big(scripted(base, end, slot, row)))

    def _evaluated(self, found: list[Node], end: int, row: Row) -> None:
        """`f(x)|_{x=0}`: what stands before the bar, at a point."""
        found.pop()
        i = len(found)
        while i and not isinstance(found[i - 1], Sign | Mark | Words):
            i -= 1
        inner = tuple(found[i:])
        start = inner[0].start if inner else end
        found[i:] = [Group(start, end, ".", "|", inner, below=row)]

    # -- brackets -----------------------------------------------------------------------------------

    def _braces(self, found: list[Node]) -> None:
        if self.i not in self.partner:
            self.i += 1
            return
        start, stop = self.i, self.partner[self.i]
        first = self.tokens[start + 1].text[1:]
        deco = first in t.SWITCHES or first in t.DECORATION or first == "displaystyle"
        inner = self.inside(start + 1, stop, level=0)
        self.i = stop + 1
        self._spliced(found, inner, start, stop, deco)

    def _spliced(
        self, found: list[Node], inner: list[Node], start: int, stop: int, deco: bool
    ) -> None:
        """Braces leave no node unless scripts hang on several nodes, or a sum is a factor."""
        a, b = self.tokens[start].start, self.tokens[stop].end
        scripts = self.peek() in ("_", "^", "'")
        if not inner:
            if scripts:
                found.append(Group(a, b, "{", "}", ()))
            return
        if len(inner) == 1:
            found.append(replace(inner[0], start=min(a, inner[0].start), end=max(b, inner[0].end)))
            return
        marked = any(isinstance(n, Mark) for n in inner)
        factor = not deco and self._is_factor(found, inner) and not marked
        if (scripts or factor) and not (scripts and isinstance(inner[-1], Sign)):
            found.append(Group(a, b, "{", "}", tuple(n for n in inner if not isinstance(n, Mark))))
            return
        inner[0] = replace(inner[0], start=min(a, inner[0].start))
        inner[-1] = replace(inner[-1], end=max(b, inner[-1].end))
        found += inner

    def _is_factor(self, found: list[Node], inner: list[Node]) -> bool:
        if not is_sum(inner) or (isinstance(inner[0], Sign) and inner[0].text in ("+", "-")):
            return False
        if any(isinstance(n, Sign) and n.text in t.RELATIONS for n in inner):
            return False
        before = found[-1] if found else None
        if is_operand(before) or isinstance(before, Big) or _multiplies(before):
            return True
        text = self.peek()
        return bool(text) and (
            is_letter(text) or text in ("(", "{", "L:(", "\\frac", "\\cdot", "\\times")
        )

    def _bracket(self, found: list[Node], opening: str, at: int) -> None:
        stop = self.partner[at]
        closing = self.tokens[stop].text
        closing = closing[2:] if closing[:2] == RIGHT else t.CLOSING.get(closing, closing)
        inner = tuple(self.inside(at + 1, stop))
        self.i = stop + 1
        start, end = self.tokens[at].start, self.tokens[stop].end
        if opening == "." == closing:
            found += inner
        elif (
            len(inner) == 1
            and isinstance(inner[0], Table)
            and opening in "(["
            and not inner[0].above
        ):
            found.append(replace(inner[0], start=start, end=end))
        elif len(inner) == 1 and isinstance(inner[0], Table) and (opening, closing) == ("\\{", "."):
            found.append(replace(inner[0], start=start, end=end, kind="cases"))
        else:
            found.append(Group(start, end, opening, closing, inner))

    def _bar(self, found: list[Node], token: Token) -> None:
        shape = t.BARS[token.text]
        stop = self._closing_bar(shape)
        before = found[-1] if found else None
        opens = not is_operand(before) or _is_operator_name(before)
        if stop is None or not (
            opens or (shape == "\\|" and is_operand(before)) or self._even(shape)
        ):
            self.i += 1
            found.append(Sign(token.start, token.end, shape))
            return
        inner = tuple(self.inside(self.i + 1, stop))
        self.i = stop + 1
        found.append(Group(token.start, self.tokens[stop].end, shape, shape, inner))

    def _closing_bar(self, shape: str) -> int | None:
        """The next such bar at this level, before the row or the side ends."""
        i = self.i + 1
        while i < self.end:
            text = self.tokens[i].text
            if text in t.BARS and t.BARS[text] == shape:
                return i if i > self.i + 1 else None
            if text in ("&", "\\\\", "\\quad", "\\qquad") or text in ("=", ":=", "}"):
                return None
            i = self.partner.get(i, i) + 1
        return None

    def _even(self, shape: str) -> bool:
        """Whether bars come in pairs from here on, none of them with a script below."""
        count, i = 0, self.i
        while i < self.end:
            text = self.tokens[i].text
            if text in t.BARS and t.BARS[text] == shape:
                count += 1
                if i + 1 < self.end and self.tokens[i + 1].text == "_" and count % 2:
                    return False
            elif text in ("&", "\\\\", "=", ","):
                break
            i = self.partner.get(i, i) + 1
        return count % 2 == 0

    @abstractmethod
    def _structure(self, found: list[Node], token: Token) -> None:
        """\\left, \\right, \\begin or \\end."""

    @abstractmethod
    def _macro(self, found: list[Node], token: Token, name: str) -> None:
        """What a macro stands for."""

    def _merged_op(self, found: list[Node]) -> None:
        """`\\arg\\max` is one operator."""
        if len(found) < 2:
            return
        a, b = found[-2], found[-1]
        if (
            isinstance(a, Name)
            and isinstance(b, Name)
            and a.letter == "arg"
            and b.letter in ("max", "min")
        ):
            found[-2:] = [Name(a.start, b.end, f"arg{b.letter}", "op")]

    def _last_end(self, token: Token) -> int:
        return max(token.end, self.tokens[self.i - 1].end)


def big(node: Scriptable) -> Node:
    """A name that takes bounds, and has one below, is an operator over what follows."""
    if not isinstance(node, Name) or not node.below or node.primes:
        return node
    if node.letter in t.BIG_NAMES and node.style in ("op", "text", "rm"):
        return Big(node.start, node.end, node.letter, node.below, node.above)
    kind = {"\\Sigma": "sum", "\\Pi": "prod"}.get(node.letter)
    if kind and any(isinstance(n, Sign) and n.text == "=" for n in node.below):
        return Big(node.start, node.end, kind, node.below, node.above)
    return node


def _primes(row: Row) -> tuple[int, Row]:
    """How many primes a script begins with, `^{\\prime}` and `^{'}`, and the rest of it."""
    count, i = 0, 0
    for node in row:
        if isinstance(node, Name) and node.letter == "\\prime":
            count += 1
        elif isinstance(node, Group) and node.opening == "{" and not node.inside and node.primes:
            count += node.primes
        else:
            break
        i += 1
    return count, row[i:]


def _multiplies(node: Node | None) -> bool:
    return isinstance(node, Sign) and node.text in (
        "\\cdot",
        "\\times",
        "*",
        "/",
        "\\odot",
        "\\otimes",
        "\\circ",
    )


def _is_operator_name(node: Node | None) -> bool:
    return isinstance(node, Name) and node.style == "op" and not node.below
