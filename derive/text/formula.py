"""Tokens to trees: environments and macros."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from derive.text import tables as t
from derive.text.hangings import scripted
from derive.text.names import Vocabulary
from derive.text.rows import Mark, Rows, big, text_is_space
from derive.text.tokens import (
    BEGIN,
    END,
    LEFT,
    RIGHT,
    Pairing,
    Token,
    expand,
    joined,
    prepared,
    tokenize,
)
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

_DIMENSION = re.compile(r"-?\d*\.?\d*(?:\\[a-z]+|pt|em|ex|mm|cm|in|mu|bp|pc|sp)?(?:width|height)?")
_UNDERSCORED = re.compile(r"[^\W\d_]{2,}(?:\\?_[^\W\d_]{2,})+")
r"""stop\_grad: one word."""
_WORD = re.compile(r"[^\W\d_][\w'’\-]*(?:\.[\w]+)*")
_PUNCTUATION = re.compile(r"[,;:.!?()\[\]=+\-*/|<>]")
_BRACKETED = frozenset(
    ("pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "matrix")
)
_SWITCH_ONLY = t.SWITCHES - {"scr", "frak"}
_OVERLAYS = frozenset(["onslide", "visible", "uncover", "only", "alert", "pause", "textbf"])
_THIN = ("\\,", "\\!", "\\;", "\\:", "\\ ", "~")


def parse(tokens: Sequence[Token], words: Vocabulary) -> list[Node]:
    """The nodes of one formula in a row, with the marks between its statements."""
    ready = prepared(tokens)
    return Parser(ready, Pairing().read(ready), words).row()


class Parser(Rows):
    """Reads the macros and environments of a formula."""

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
        if text_is_space(name):
            self.spaced(found, token)
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
            behind = self._unknown_arguments()
            if any(_begins_with_a_sign(g) for g in behind):  # a term in some dress, or a factor
                said = f"a macro that the page defines instead of {token.text}"
                found.append(Missing(token.start, behind[-1].end, said))
                return
            found += [Name(token.start, token.end, token.text, "op"), *behind]
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

    def fraction(self, found: list[Node], token: Token, name: str) -> None:
        if self.peek() == "[":
            self._option()
        if name == "genfrac":
            for _ in range(4):
                self.argument()
        above, below = self.argument(), self.argument()
        found.append(Fraction(token.start, self._last_end(token), above, below))

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
        if style == "rm" and self._differential(found):
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

    def _differential(self, found: list[Node]) -> bool:
        r"""The d and the word of \mathrm{d\,tr}, which a small blank keeps apart; then they are read."""
        if self.peek() != "{" or self.i not in self.partner:
            return False
        inside = self.tokens[self.i + 1 : self.partner[self.i]]
        if len(inside) < 3 or inside[0].text != "d" or inside[1].text[:2] != "\\,":
            return False
        first, *rest = inside
        rest = [x for x in rest if x.text[:2] != "\\,"]
        word = joined(rest).strip()
        if not re.fullmatch(r"[^\W\d_]{2,}", word):
            return False
        self.i = self.partner[self.i] + 1
        found.append(Name(first.start, first.end, "d", "rm"))
        self._text_node(found, rest[0], word, "rm")
        return True

    def _word(self) -> str | None:
        """What stands in the next group, if it is text only; then it is read."""
        if self.peek() != "{" or self.i not in self.partner:
            return None
        inside = [x for x in self.tokens[self.i + 1 : self.partner[self.i]] if x.text[:2] != "\\,"]
        said = joined(inside).strip()
        if _UNDERSCORED.fullmatch(said):
            said = said.replace("\\_", "")
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
        if _UNDERSCORED.fullmatch(said):
            said = said.replace("_", "")
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
            found.append(Number(start, end, said, style))
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
            found.append(big(scripted(only, end, "below" if below else "above", note)))
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


_Handler = Callable[[Parser, list[Node], Token, str], None]
_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(t.FRACTIONS, Parser.fraction),
    **dict.fromkeys(("over", "above", "atop"), Parser.over),
    **dict.fromkeys(t.STYLES, Parser.styled),
    **dict.fromkeys(t.TEXTS, Parser.text),
    **dict.fromkeys(t.ACCENTS, Parser.accent),
    **dict.fromkeys(t.DECORATION, Parser.decoration),
    **dict.fromkeys(("overset", "underset", "stackrel"), Parser.noted),
    **dict.fromkeys(("binom", "dbinom", "tbinom", "choose"), Parser.binomial),
    **dict.fromkeys(
        ("operatorname", "DeclareMathOperator", "operatornamewithlimits"), Parser.operator
    ),
    **dict.fromkeys(("textcircled", "circled", "ding"), Parser.circled),
    **dict.fromkeys(("xrightarrow", "xleftarrow", "xlongequal"), Parser.extended),
    "not": Parser.negated,
    "sqrt": Parser.root,
    "let": Parser.let,
}


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


def trees_of(text: str, words: Vocabulary | None = None) -> list[Node]:
    """The nodes of a formula that stands alone, without anybody's macros."""
    return parse(expand(tokenize(text, 0, len(text)), {}), words or Vocabulary())


def _begins_with_a_sign(group: Node) -> bool:
    """Whether a term with its sign is among the arguments of a macro: \\mark{- x}, \\mark{blue}{- x}."""
    inside = group.inside if isinstance(group, Group) else ()
    before = (Sign(0, 0, ","), *inside)
    return any(
        isinstance(one, Sign) and one.text == "," and isinstance(two, Sign) and two.text in "+-"
        for one, two in zip(before, inside, strict=False)
    )
