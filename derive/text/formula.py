"""Tokens to trees."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from derive.text import tables as t
from derive.text.names import Vocabulary, is_letter
from derive.text.pairing import BEGIN, END, LEFT, RIGHT, Pairing, joined, prepared
from derive.text.tokens import Token, tokenize
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
Scriptable = Name | Group | Table | Big
_DIMENSION = re.compile(r"-?\d*\.?\d*(?:\\[a-z]+|pt|em|ex|mm|cm|in|mu|bp|pc|sp)?(?:width|height)?")
_WORD = re.compile(r"[^\W\d_][\w'’\-]*(?:\.[\w]+)*")
_PUNCTUATION = re.compile(r"[,;:.!?()\[\]=+\-*/|<>]")


@dataclass(frozen=True, slots=True)
class Mark(Node):
    """What only arranges a display: "row", "space", "thin", "align". No tree that is handed out holds one."""

    kind: str


def parse(tokens: Sequence[Token], words: Vocabulary) -> list[Node]:
    """The nodes of one formula in a row, with the marks between its statements."""
    ready = prepared(tokens)
    return _Parser(ready, Pairing().read(ready), words).row()


def is_sum(row: Sequence[Node]) -> bool:
    """Whether a plus or minus stands between two operands."""
    return any(isinstance(n, Sign) and n.text in ("+", "-", "\\pm") for n in row[1:])


def text_is_space(name: str) -> bool:
    """Whether a macro is a visible, but narrow space; two of them part statements."""
    return name in (" ", ";", "\n", ":")


def is_operand(node: Node | None) -> bool:
    """Whether a product could go on behind a node."""
    return isinstance(node, Name | Number | Fraction | Root | Group | Table)


class _Parser:
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
        return found

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
        elif text.isdigit() and text.isascii():
            self._digits(found)
        else:
            self.i += 1
            if text == "}" or text == "":
                return
            if text == "&":
                found.append(Mark(token.start, token.end, "align"))
            elif text == "~":
                return
            elif text in t.SIGNS:
                found.append(Sign(token.start, token.end, t.SIGNS[text]))
            else:
                self._foreign(found, token)

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
            count, style = self.words.length(self.tokens, self.i, self.end)
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

    def _digits(self, found: list[Node]) -> None:
        start, i = self.i, self.i + 1
        pointed = False
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
        digits = "".join(x.text for x in self.tokens[start:i] if x.text not in "{},")
        self.i = i
        found.append(Number(self.tokens[start].start, self.tokens[i - 1].end, digits))

    def _digit_at(self, i: int) -> bool:
        return i < self.end and self.tokens[i].glued and self.tokens[i].text.isdigit()

    def _thousands(self, i: int) -> bool:
        return (
            self._digit_at(i + 3)
            and self.tokens[i + 1].text == ","
            and self.tokens[i + 2].text == "}"
        )

    # -- scripts ------------------------------------------------------------------------------------

    def _script(self, found: list[Node], token: Token) -> None:
        self.i += 1
        if token.text == "'":
            self._attach(found, token.end, "primes", ())
            return
        kept, self.script = self.script, True
        row = self.argument()
        self.script = kept
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
        found.append(_big(scripted(base, end, slot, row)))

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

    # -- environments -------------------------------------------------------------------------------

    def _structure(self, found: list[Node], token: Token) -> None:
        """\\left, \\right, \\begin or \\end."""
        mark, shape = token.text[:2], token.text[2:]
        at = self.i
        if mark == LEFT and at in self.partner:
            self._left(found, shape, at)
        elif mark == BEGIN:
            self._environment(found, token, shape)
        else:
            self.i += 1
            if mark == END and not self.level and shape in t.LAYOUTS:
                self._after_layout(found, token)
            elif mark in (LEFT, RIGHT) and shape != ".":
                found.append(Sign(token.start, token.end, shape))

    def _left(self, found: list[Node], shape: str, at: int) -> None:
        stop = self.partner[at]
        system = shape == "\\{" and self.tokens[stop].text == "R:." and self._at_start(found)
        if system and self._has_relations(at, stop):
            self.dead |= {at, stop}
            return
        self._bracket(found, shape, at)

    def _has_relations(self, start: int, stop: int) -> bool:
        """Whether a system's first row is a statement: a relation before its first column ends."""
        for i in range(start + 1, stop):
            text = self.tokens[i].text
            if text in t.RELATIONS:
                return True
            if text in ("\\\\",):
                return False
        return False

    def _at_start(self, found: list[Node]) -> bool:
        before = next(
            (n for n in reversed(found) if not isinstance(n, Mark) or n.kind != "align"), None
        )
        return not self.level and (before is None or isinstance(before, Mark | Words))

    def _after_layout(self, found: list[Node], token: Token) -> None:
        following = self.peek()
        if following[:2] == BEGIN or token.text[2:] in t.DISPLAYS:
            found.append(Mark(token.start, token.end, "row"))

    def _environment(self, found: list[Node], token: Token, name: str) -> None:
        stop = self.partner.get(self.i)
        table = name in t.MATRICES or name in t.CASES
        if stop is None:
            self.i += 1
            return
        if table and self._at_start(found) and name not in _BRACKETED:
            table = not self._has_relations(self.i, stop)
        if not table and not self.level:
            if name in t.DISPLAYS and found:
                found.append(Mark(token.start, token.end, "row"))
            self.dead.add(stop) if name not in t.LAYOUTS else None
            self.i += 1
            return
        if name == "subarray" or (not table and self._runs_on(self.i, stop)):
            self._flat(found, stop, name == "subarray")
            return
        self._table(found, token, name, stop)

    def _runs_on(self, start: int, stop: int) -> bool:
        """Whether all rows but the first go on with an operator or a relation."""
        rows = self._cells(start + 1, stop)
        for row in rows[1:]:
            a, b = next(((a, b) for a, b in row if b > a), (0, 0))
            text = self.tokens[a].text if b > a else "+"
            if text not in t.OPERATORS and text not in t.RELATIONS:
                return False
        return True

    def _flat(self, found: list[Node], stop: int, commas: bool) -> None:
        start, self.i = self.i, stop + 1
        for n, row in enumerate(self._cells(start + 1, stop)):
            if n and commas:
                at = self.tokens[row[0][0] - 1]
                found.append(Sign(at.start, at.end, ","))
            for a, b in row:
                found += self.inside(a, b)

    def _cells(self, start: int, stop: int) -> list[list[tuple[int, int]]]:
        """The spans of an environment's cells; a last row of nothing is none."""
        rows: list[list[tuple[int, int]]] = [[]]
        at = i = start
        while i < stop:
            text = self.tokens[i].text
            if text == "&" or text in t.ROWS:
                rows[-1].append((at, i))
                if text != "&":
                    i = self._after_row(i, stop) - 1
                    rows.append([])
                at = i + 1
            i = self.partner.get(i, i) + 1
        rows[-1].append((at, stop))
        if len(rows) > 1 and all(b <= a or self._hlines(a, b) for a, b in rows[-1]):
            rows.pop()
        return rows

    def _hlines(self, a: int, b: int) -> bool:
        return all(x.text == "\\hline" for x in self.tokens[a:b])

    def _after_row(self, i: int, stop: int) -> int:
        """After `\\\\`, `\\\\*` and `\\\\[2pt]`."""
        i += 1
        if i < stop and self.tokens[i].text == "*" and self.tokens[i].glued:
            i += 1
        if i < stop and self.tokens[i].text == "[":
            for j in range(i + 1, min(i + 10, stop)):
                if self.tokens[j].text == "]":
                    inside = "".join(x.text for x in self.tokens[i + 1 : j])
                    return j + 1 if inside and _DIMENSION.fullmatch(inside) else i
        return i

    def _table(self, found: list[Node], token: Token, name: str, stop: int) -> None:
        rows = self._cells(self.i + 1, stop)
        cells = tuple(tuple(tuple(self.inside(a, b)) for a, b in row) for row in rows)
        self.i = stop + 1
        end = self.tokens[stop].end
        kind = "cases" if name in t.CASES else "matrix"
        table: Node = Table(token.start, end, kind, cells)
        if name in ("vmatrix", "Vmatrix"):
            bar = "|" if name == "vmatrix" else "\\|"
            table = Group(token.start, end, bar, bar, (table,))
        found.append(table)

    # -- macros -------------------------------------------------------------------------------------

    def _macro(self, found: list[Node], token: Token, name: str) -> None:
        text = token.text
        if name in t.SILENT or name == " " or name.isspace():
            self._silent(found, token, name)
        elif text in t.ROWS:
            self.i = self._after_row(self.i - 1, self.end)
            found.append(Mark(token.start, self.tokens[self.i - 1].end, "row"))
        elif name in t.SPACES:
            if name.startswith("hspace") and self.peek() == "{":
                self.argument()
            found.append(Mark(token.start, self.tokens[self.i - 1].end, "space"))
        elif text in t.BIGS:
            found.append(Big(token.start, token.end, t.BIGS[text]))
        elif name in t.GREEK:
            found.append(Name(token.start, token.end, text, self.style))
        elif text in t.OPS:
            found.append(Name(token.start, token.end, t.OPS[text], "op"))
            self._merged_op(found)
        elif text in t.SIGNS:
            found.append(Sign(token.start, token.end, t.SIGNS[text]))
        elif handler := _HANDLERS.get(name):
            handler(self, found, token, name)
        else:
            self._unknown(found, token, name)

    def _silent(self, found: list[Node], token: Token, name: str) -> None:
        if text_is_space(name) and self.i > 1 and text_is_space(self.tokens[self.i - 2].text[1:]):
            if not (found and isinstance(found[-1], Mark)):
                found.append(Mark(token.start, token.end, "thin"))
        elif name in ("hskip", "kern", "mkern", "mskip"):
            i = self.i
            while i < self.end and i < self.i + 8:
                piece = "".join(x.text for x in self.tokens[self.i : i + 1])
                if not re.fullmatch(r"-?\d*\.?\d*(?:[a-z]|pt|em|ex|mm|cm|in|mu)?", piece):
                    break
                i += 1
            self.i = i

    def _unknown(self, found: list[Node], token: Token, name: str) -> None:
        """A macro that nobody has defined here: a name, or a function of the group behind it."""
        if self.peek() == "{" and self.tokens[self.i].glued and len(name) > 1 and not self.single:
            found.append(Name(token.start, token.end, token.text, "op"))
            found += self._unknown_arguments()
        elif name.isalpha():
            found.append(Name(token.start, token.end, token.text, self.style))
        elif name in ("}", "{") or name:
            found.append(Sign(token.start, token.end, token.text))

    def _unknown_arguments(self) -> list[Node]:
        """The groups behind an undefined macro, as the arguments of a function."""
        start, inner = self.i, list[Node]()
        while self.peek() == "{" and self.i in self.partner and self.tokens[self.i].glued:
            if self.i > start:
                at = self.tokens[self.i].start
                inner.append(Sign(at, at, ","))
            inner += self.inside(self.i + 1, self.partner[self.i])
            self.i = self.partner[self.i] + 1
        if self.i == start:
            return []
        return [
            Group(self.tokens[start].start, self.tokens[self.i - 1].end, "(", ")", tuple(inner))
        ]

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

    def fraction(self, found: list[Node], token: Token, name: str) -> None:
        if self.peek() == "[":
            self._option()
        if name == "genfrac":
            for _ in range(4):
                self.argument()
        above, below = self.argument(), self.argument()
        found.append(Fraction(token.start, self._last_end(token), above, below))

    def _last_end(self, token: Token) -> int:
        return max(token.end, self.tokens[self.i - 1].end)

    def _option(self) -> tuple[int, int] | None:
        if self.i not in self.partner:
            return None
        span = (self.i + 1, self.partner[self.i])
        self.i = span[1] + 1
        return span

    def over(self, found: list[Node], token: Token, name: str) -> None:
        """`a \\over b` splits its group."""
        above = tuple(n for n in found if not isinstance(n, Mark))
        below = tuple(n for n in self.row() if not isinstance(n, Mark))
        nothing = (Missing(token.start, token.end, "an operand"),)
        start = above[0].start if above else token.start
        end = below[-1].end if below else token.end
        found[:] = [Fraction(start, end, above or nothing, below or nothing)]

    def root(self, found: list[Node], token: Token, name: str) -> None:
        option = self._option() if self.peek() == "[" else None
        degree = self.filled(*option) if option else None
        inside = self.argument()
        found.append(Root(token.start, self._last_end(token), inside, degree))

    def binomial(self, found: list[Node], token: Token, name: str) -> None:
        above, below = self.argument(), self.argument()
        end = self._last_end(token)
        comma = Sign(token.start, token.end, ",")
        found.append(Name(token.start, token.end, "\\binom", "op"))
        found.append(Group(token.start, end, "(", ")", (*above, comma, *below)))

    def styled(self, found: list[Node], token: Token, name: str) -> None:
        style = t.STYLES[name]
        if name in t.SWITCHES and not (self.peek() == "{" and name not in _SWITCH_ONLY):
            self.style = style
            return
        takes_words = style == "rm" or name in ("mathit", "mathsf", "mathtt", "textbf", "textup")
        word = self._word() if takes_words else None
        if word is not None:
            self._text_node(found, token, word, style)
            return
        kept, self.style = self.style, style
        inner = [*self.argument()]
        self.style = kept
        if len(inner) > 1 and self.peek() in ("_", "^", "'"):
            found.append(Group(token.start, self._last_end(token), "{", "}", tuple(inner)))
            return
        self._widened(found, inner, token)

    def _word(self) -> str | None:
        """What stands in the next group, if it is text only; then it is read."""
        if self.peek() != "{" or self.i not in self.partner:
            return None
        inside = [x for x in self.tokens[self.i + 1 : self.partner[self.i]] if x.text[:2] != "\\,"]
        said = joined(inside)
        plain = re.sub(r"\\(?:text|mathrm|textrm|rm|it|bf)\b|[{}]", "", said).strip()
        if not re.fullmatch(r"[^\W\d_][\w\s.'\-]*", plain) or len(plain) < 2:
            return None
        if "_" in plain or "\\" in plain or ("'" in plain and not plain[-2:].isalpha()):
            return None
        self.i = self.partner[self.i] + 1
        return plain

    def _text_node(self, found: list[Node], token: Token, said: str, style: str) -> None:
        """A word is a name, a known function or a sign; what no name can be is Words."""
        start, end = token.start, self._last_end(token)
        said = " ".join(said.split())
        lower = said.lower()
        named = _WORD.fullmatch(said) is not None
        if not said:
            return
        if said in t.FUNCTIONS:
            found.append(Name(start, end, said, "op"))
            self._merged_op(found)
        elif lower in ("plus", "minus", "times", "equals"):
            found.append(Sign(start, end, t.SPOKEN[lower]))
        elif named and (self.script or lower not in t.CONNECTIVES):
            found.append(Name(start, end, said, style))
        elif _PUNCTUATION.fullmatch(said):
            found.append(Sign(start, end, t.SIGNS.get(said, said)))
        elif said.isdigit():
            found.append(Number(start, end, said))
        else:
            found.append(Words(start, end, said))

    def text(self, found: list[Node], token: Token, name: str) -> None:
        if self.peek() != "{" or self.i not in self.partner:
            return
        first, stop = self.i + 1, self.partner[self.i]
        inside = self.tokens[first:stop]
        self.i = stop + 1
        if len(inside) > 2 and inside[0].text == "\\ensuremath":
            self._widened(found, self.inside(first, stop, level=0), token)
            return
        if not any(x.text in ("$", "\\(") for x in inside):
            said = re.sub(r"\\[a-zA-Z]+\s*|[{}]|\\[,;:! ]?", " ", joined(inside)).replace("~", " ")
            kept = joined(inside) if said == joined(inside) else said
            if name.endswith("intertext"):
                found.append(Mark(token.start, token.end, "row"))
                found.append(Words(token.start, self._last_end(token), " ".join(kept.split())))
                found.append(Mark(token.end, token.end, "row"))
            elif name == "textbf":
                self._text_node(found, token, kept, "bold")
            else:
                self._text_node(found, token, kept, "text")
            return
        inner: list[Node] = []
        self._mixed_text(inner, first, stop)
        self._widened(found, inner, token)

    def _mixed_text(self, found: list[Node], first: int, stop: int) -> None:
        """Words with formulas between dollar signs."""
        at, i, math = first, first, False
        while i <= stop:
            if i == stop or self.tokens[i].text in ("$", "\\(", "\\)"):
                if i > at and math:
                    found += self.inside(at, i, level=0)
                elif i > at:
                    said = re.sub(r"\\[a-zA-Z]+(?:\{\w*\})?|[{}~]", " ", joined(self.tokens[at:i]))
                    said = " ".join(said.split())
                    if not said:
                        math, at = not math, i + 1
                        i += 1
                        continue
                    found.append(Words(self.tokens[at].start, self.tokens[i - 1].end, said))
                math, at = not math, i + 1
            i += 1

    def operator(self, found: list[Node], token: Token, name: str) -> None:
        self._skip_silent()
        if self.peek() == "{" and self.i in self.partner:
            inside = self.tokens[self.i + 1 : self.partner[self.i]]
            said = re.sub(
                r"\\[a-zA-Z]+|[^\w\-\\]|\\.", "", joined([x for x in inside if x.text not in _THIN])
            )
            if said:
                self.i = self.partner[self.i] + 1
                found.append(Name(token.start, self._last_end(token), said, "op"))
                self._merged_op(found)
                return
        self._widened(found, [*self.argument()], token)

    def accent(self, found: list[Node], token: Token, name: str) -> None:
        kind = t.ACCENTS[name]
        inner = [*self.argument()]
        end = self._last_end(token)
        only = inner[0]
        if len(inner) == 1 and isinstance(only, Name):
            found.append(replace(only, start=token.start, end=end, accents=(kind, *only.accents)))
        elif kind == "underline" or isinstance(only, Missing):
            self._widened(found, inner, token)
        else:
            found.append(Name(token.start, token.end, f"\\{name}", "op"))
            found.append(Group(token.end, end, "(", ")", tuple(inner)))

    def decoration(self, found: list[Node], token: Token, name: str) -> None:
        count, kept = t.DECORATION[name]
        if self.peek() == "<" and name in _OVERLAYS:
            while self.i < self.end and self.tokens[self.i].text not in (">", "\\to"):
                self.i += 1
            self.i += self.i < self.end
        while self.peek() == "[" and count and self._option():
            pass
        for number in range(1, count + 1):
            if number != kept:
                self._skip_silent()
                if self.peek() == "{" and self.i in self.partner:
                    self.i = self.partner[self.i] + 1
                else:
                    self.i += self.i < self.end
                continue
            self._kept(found, token, name)

    def _kept(self, found: list[Node], token: Token, name: str) -> None:
        self._skip_silent()
        if self.peek() == "{" and self.i in self.partner:
            start, stop = self.i + 1, self.partner[self.i]
            inner = self.inside(start, stop, level=0)
            self.i = stop + 1
        else:
            inner = [*self.argument()]
        if name in t.BRACES_WITH_NOTES:
            while self.peek() in ("_", "^"):
                self.i += 1
                self.argument()
        elif len(inner) > 1 and self.peek() in ("_", "^", "'") and name.startswith("math") is False:
            inner = [Group(token.start, self._last_end(token), "{", "}", tuple(inner))]
        self._widened(found, inner, token)

    def _widened(self, found: list[Node], inner: list[Node], token: Token) -> None:
        """What decoration holds stands in the row itself; the decoration belongs to its place."""
        if not inner:
            return
        inner[0] = replace(inner[0], start=min(token.start, inner[0].start))
        inner[-1] = replace(inner[-1], end=max(self._last_end(token), inner[-1].end))
        found += inner

    def noted(self, found: list[Node], token: Token, name: str) -> None:
        """`\\overset{note}{base}`: a bound of an operator, a definition's sign, else the base only."""
        note, base = self.argument(), [*self.argument()]
        end = self._last_end(token)
        only = base[0]
        if len(base) == 1 and isinstance(only, Sign):
            found.append(Sign(token.start, end, _noted_sign(only.text, note)))
        elif len(base) == 1 and isinstance(only, Name | Big) and _takes_bounds(only):
            below = name.startswith("under")
            found.append(_big(scripted(only, end, "below" if below else "above", note)))
        elif len(base) == 1 and isinstance(only, Name) and (accent := _accent_of(note)):
            found.append(replace(only, start=token.start, end=end, accents=(accent, *only.accents)))
        else:
            self._widened(found, base, token)

    def extended(self, found: list[Node], token: Token, name: str) -> None:
        if self.peek() == "[":
            self._option()
        self.argument()
        sign = "\\leftarrow" if "left" in name else "=" if "equal" in name else "\\to"
        found.append(Sign(token.start, self._last_end(token), sign))

    def negated(self, found: list[Node], token: Token, name: str) -> None:
        row = self.argument()
        text = row[0].text if isinstance(row[0], Sign) else ""
        sign = {"=": "\\neq", "\\in": "\\notin", "\\equiv": "\\neq"}.get(text, f"\\not{text}")
        found.append(Sign(token.start, self._last_end(token), sign))

    def circled(self, found: list[Node], token: Token, name: str) -> None:
        row = self.argument()
        said = "".join(getattr(n, "text", getattr(n, "letter", "")) for n in row)
        found.append(Words(token.start, self._last_end(token), f"({said})"))

    def let(self, found: list[Node], token: Token, name: str) -> None:
        self.i = min(self.end, self.i + 2)


_BRACKETED = frozenset(
    ("pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "matrix")
)
_SWITCH_ONLY = t.SWITCHES - {"scr", "frak"}
_SPOKEN = frozenset(["if", "otherwise", "else", "for", "where", "when", "and", "with", "then", "unless", "forall"])
_OVERLAYS = frozenset(["onslide", "visible", "uncover", "only", "alert", "pause", "textbf"])
_THIN = ("\\,", "\\!", "\\;", "\\:", "\\ ", "~")
_UNSCRIPTED = frozenset(
    (*t.RELATIONS.values(), *t.OPERATORS.values(), *t.IMPLIES, "|", "\\dots", "\\mid")
)
_Handler = Callable[[_Parser, list[Node], Token, str], None]
_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(t.FRACTIONS, _Parser.fraction),
    **dict.fromkeys(("over", "above", "atop"), _Parser.over),
    **dict.fromkeys(t.STYLES, _Parser.styled),
    **dict.fromkeys(t.TEXTS, _Parser.text),
    **dict.fromkeys(t.ACCENTS, _Parser.accent),
    **dict.fromkeys(t.DECORATION, _Parser.decoration),
    **dict.fromkeys(("overset", "underset", "stackrel"), _Parser.noted),
    **dict.fromkeys(("binom", "dbinom", "tbinom", "choose"), _Parser.binomial),
    **dict.fromkeys(
        ("operatorname", "DeclareMathOperator", "operatornamewithlimits"), _Parser.operator
    ),
    **dict.fromkeys(("textcircled", "circled", "ding"), _Parser.circled),
    **dict.fromkeys(("xrightarrow", "xleftarrow", "xlongequal"), _Parser.extended),
    "not": _Parser.negated,
    "sqrt": _Parser.root,
    "let": _Parser.let,
}


def scripted(base: Scriptable, end: int, slot: str, row: Row) -> Scriptable:
    """The same with one more script; a second one of its kind is added behind a comma."""
    if slot == "primes":
        if isinstance(base, Name | Group):
            return replace(base, end=max(end, base.end), primes=base.primes + 1)
        return base
    old: Row | None = getattr(base, slot)
    if old:
        row = (*old, Sign(row[0].start, row[0].start, ","), *row)
    if slot == "below":
        return replace(base, end=max(end, base.end), below=row)
    return replace(base, end=max(end, base.end), above=row)


def _big(node: Scriptable) -> Node:
    """A name that takes bounds, and has one below, is an operator over what follows."""
    if not isinstance(node, Name) or not node.below or node.primes:
        return node
    if node.letter in t.BIG_NAMES and node.style in ("op", "text", "rm"):
        return Big(node.start, node.end, node.letter, node.below, node.above)
    kind = {"\\Sigma": "sum", "\\Pi": "prod"}.get(node.letter)
    if kind and any(isinstance(n, Sign) and n.text == "=" for n in node.below):
        return Big(node.start, node.end, kind, node.below, node.above)
    return node


def _takes_bounds(node: Node) -> bool:
    return isinstance(node, Big) or (
        isinstance(node, Name) and node.letter in t.BIG_NAMES and node.style == "op"
    )


def _noted_sign(text: str, note: Row) -> str:
    said = "".join(getattr(n, "text", getattr(n, "letter", "")) for n in note).lower()
    if text == "=" and (
        said.startswith("def")
        or said in ("\\triangle", "\\delta", "d", "d.", "!def")
        or "definition" in said
    ):
        return ":="
    return text


def _accent_of(note: Row) -> str | None:
    only = note[0]
    return t.NOTED_ACCENTS.get(only.text) if len(note) == 1 and isinstance(only, Sign) else None


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


def trees_of(text: str, words: Vocabulary | None = None) -> list[Node]:
    """The nodes of a formula that stands alone, without anybody's macros."""
    from derive.text.tokens import expand

    return parse(expand(tokenize(text, 0, len(text)), {}), words or Vocabulary())
