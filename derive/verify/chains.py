"""One display to its formulas: which symbols are members, conditions, labels, separators."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from derive.notation.tokens import LONGEST_FORMULA
from derive.verify.conditions import DOTS, is_condition, is_index_list
from derive.verify.placed import Member, Placed, Span
from derive.verify.symbols import (
    ARROWS,
    CONDITIONAL,
    PLAIN,
    Symbol,
    is_connective,
    is_name,
)

SEPARATORS = frozenset(
    ("row", "space", "comma", "semicolon", "column", "words", "label", "implies")
)
LAYOUT = frozenset(("layout", "align", "column"))
_LABEL = re.compile(
    r"[a-zA-Z]|\d{1,3}(?:\.\d{1,3})*[a-z]?|[ivx]{1,5}|[*†‡]+|\\ast|\\star|\\dagger|'+"
)
_BINARY = frozenset(
    ("+", "*", "/", "·", "×", "⋅", "\\cdot", "\\times", "\\ast", "\\odot", "\\otimes")
)
_SCRIPTS = frozenset(("_", "^", "'"))


@dataclass
class Piece:
    """What stands between two separators; `marks` are the separators before it.

    `aside` is what stands between dollar signs inside a \\text; `numbered` a row with a \\tag or \\label,
    `heads` one that is the head of what follows.
    """

    marks: list[Symbol] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    aligned: bool = False
    columns: bool = False
    aside: bool = False
    numbered: bool = False
    heads: bool = False

    def has(self, *kinds: str) -> bool:
        return any(mark.kind in kinds for mark in self.marks)

    @property
    def said(self) -> str:
        """The words right before it."""
        return " ".join(m.meaning for m in self.marks if m.kind == "words")

    @property
    def has_relation(self) -> bool:
        return any(s.kind == "relation" for s in self.symbols)

    @property
    def solid(self) -> list[Symbol]:
        return [s for s in self.symbols if s.kind not in ("wrap", "thin")]


@dataclass
class Chain:
    """A formula that is being read: each member with its relation sign."""

    members: list[tuple[Symbol | None, list[Symbol]]] = field(default_factory=list)
    conditions: list[Span] = field(default_factory=list)
    relations: list[str] = field(default_factory=list)
    remark: bool = False
    broken: str = ""

    @property
    def continues(self) -> bool:
        return bool(self.members) and self.members[0][0] is not None

    @property
    def says(self) -> bool:
        """Whether it has a relation sign."""
        return len(self.members) > 1 or self.continues

    @property
    def dangling(self) -> bool:
        """Whether something must follow: an operator or a relation sign stands last."""
        solid = (s for s in reversed(self.members[-1][1]) if s.kind not in ("wrap", "thin"))
        last = next(solid, None)
        return last is None or last.kind == "operator"

    @property
    def conditioned(self) -> bool:
        """Whether a condition stands behind its last member, which therefore ends there."""
        return bool(self.conditions) and self.conditions[-1][0] >= self.end

    @property
    def end(self) -> int:
        sign, symbols = self.members[-1]
        return symbols[-1].end if symbols else sign.end if sign else 0


def split(symbols: list[Symbol], environment: str = "") -> tuple[list[Placed], list[Span]]:
    """The formulas in a display, and what decorates them (labels, words, alignment)."""
    symbols = [_settled(symbols, i) for i in range(len(symbols))]
    reader = _Reader(environment)
    pieces = list(_with_conditions_apart(_pieces(symbols)))
    for i, piece in enumerate(pieces):
        piece.heads = _heads(pieces, i)
    for i, piece in enumerate(pieces):
        reader.read(piece, pieces[i + 1] if i + 1 < len(pieces) else None)
    found = reader.placed()
    members = sorted((m.start, m.end) for f in found for m in f.members)
    signs = {m.sign for f in found for m in f.members}
    loose = [
        (s.start, s.end)
        for s in symbols
        if (s.kind in ("words", "label", "implies") or _is_macro(s))
        and (s.start, s.end) not in signs
    ]
    aside = [(s.start, s.end) for s in symbols if s.kind in LAYOUT]
    aside += [(s.start, s.end) for s in reader.labels]
    return found, [*aside, *(span for span in loose if not _inside(members, span[0]))]


def _is_macro(symbol: Symbol) -> bool:
    """Whether a separator is written as a macro of the user's."""
    return (
        symbol.kind in SEPARATORS | {"thin"}
        and symbol.text[1:].isalpha()
        and symbol.text not in PLAIN
    )


def _inside(members: list[Span], at: int) -> bool:
    """Whether one of the members, which stand in order, holds an offset."""
    i = bisect_right(members, at, key=lambda span: span[0]) - 1
    return i >= 0 and at < members[i][1]


def _settled(symbols: list[Symbol], i: int) -> Symbol:
    """Words that name something, or that an operator needs, belong to the mathematics."""
    symbol = symbols[i]
    if symbol.kind != "words":
        return symbol
    other = symbol._replace(kind="other")
    opens_aside = symbol.text.endswith("$")
    if not opens_aside and is_name(symbol.meaning) and not _alone(symbols, i):
        return other
    before = next((s for s in reversed(symbols[max(0, i - 9) : i]) if _counts(s)), None)
    after = next((s for s in symbols[i + 1 : i + 10] if _counts(s)), None)
    if before and before.kind in ("relation", "operator") and "intertext" not in symbol.text:
        return other
    if after is None or opens_aside or is_connective(symbol.meaning):
        return symbol
    opens = before is None or before.kind in SEPARATORS
    needed = after.text in _BINARY or after.text in _SCRIPTS or (after.kind == "relation" and opens)
    return other if needed or (after.text == "(" and after.start == symbol.end) else symbol


def _alone(symbols: list[Symbol], i: int) -> bool:
    """Whether a name fills its row, in a display that has more than this row."""
    before = next((s for s in reversed(symbols[max(0, i - 9) : i]) if _counts(s)), None)
    after = next((s for s in symbols[i + 1 : i + 10] if _counts(s)), None)
    rows = (before is None or before.kind == "row") and (after is None or after.kind == "row")
    return rows and (before is not None or after is not None)


def _counts(symbol: Symbol) -> bool:
    return symbol.kind not in ("wrap", "thin", "align", "layout", "number")


def _pieces(symbols: list[Symbol]) -> Iterator[Piece]:
    piece, aside = Piece(), False
    for symbol in symbols:
        if symbol.kind in SEPARATORS or _ends_condition(symbol, piece):
            if piece.solid:
                yield _trimmed(piece)
                piece = Piece()
            piece.symbols = []
            piece.marks.append(symbol)
            aside = symbol.text.endswith("$") if symbol.kind == "words" else aside
            piece.aside = aside
            piece.aligned &= symbol.kind != "row"
        elif symbol.kind == "forall" and piece.solid:
            yield _trimmed(piece)
            piece = Piece([], [symbol])
        elif symbol.kind == "align":
            piece.aligned |= not piece.solid
            piece.columns |= bool(piece.solid)
        elif symbol.kind == "number":
            piece.numbered = True
        elif symbol.kind != "layout":
            piece.symbols.append(symbol)
    if piece.solid:
        yield _trimmed(piece)


def _ends_condition(symbol: Symbol, piece: Piece) -> bool:
    """The colon of `∀ t: a = b`."""
    if symbol.kind != "colon" or not piece.solid:
        return False
    return is_condition(piece.symbols) or bool(CONDITIONAL.search(piece.said))


def _trimmed(piece: Piece) -> Piece:
    """Without spaces around and punctuation behind."""
    first, last = 0, len(piece.symbols)
    while first < last and piece.symbols[first].kind == "thin":
        first += 1
    while last > first and (
        piece.symbols[last - 1].kind in ("thin", "dot", "colon")
        or piece.symbols[last - 1].text == ","
    ):
        last -= 1
    return replace(piece, symbols=piece.symbols[first:last])


def _with_conditions_apart(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Cuts off the last parentheses of a formula if they hold a condition: a = b (t > 0)."""
    for piece in pieces:
        at = _last_parenthesis(piece.symbols)
        if _stands_apart(piece.symbols, at) and is_condition(piece.symbols[at:]):
            formula = _trimmed(replace(piece, symbols=piece.symbols[:at]))
            condition = Piece([] if formula.solid else piece.marks, piece.symbols[at:])
            yield from (p for p in (formula, condition) if p.solid)
        elif piece.solid:
            yield piece


def _stands_apart(symbols: list[Symbol], at: int) -> bool:
    """Whether a space, and no sign, stands before the symbol `at`."""
    if not 0 < at < len(symbols) or symbols[at - 1].kind in ("operator", "relation"):
        return False
    return symbols[at - 1].kind == "thin" or symbols[at - 1].end < symbols[at].start


def _last_parenthesis(symbols: list[Symbol]) -> int:
    """Where the parenthesis opens that closes last; the end if none does."""
    if not symbols or symbols[-1].text != ")":
        return len(symbols)
    depth = 0
    for i in range(len(symbols) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(symbols[i].text, 0)
        if not depth:
            return i
    return len(symbols)


class _Reader:
    """Reads pieces in order; `chains` are the formulas so far, `waiting` conditions before the first."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.chains = list[Chain]()
        self.waiting = list[Span]()
        self.labels = list[Symbol]()
        self.asides = list[_Reader]()
        self.in_condition = False

    def read(self, piece: Piece, following: Piece | None) -> None:
        if self._is_number(piece, following):
            self.labels += piece.symbols
        elif self._is_condition(piece, following):
            self._condition(piece)
        elif piece.aside:
            self.asides.append(_Reader(self.environment))
            self.asides[-1].read(replace(piece, aside=False), None)
        else:
            self.in_condition = False
            self._formula(self._without_label(piece))

    # -- conditions and labels --------------------------------------------------------------------

    def _is_condition(self, piece: Piece, following: Piece | None) -> bool:
        if self.in_condition and not piece.has("row", "label", "implies"):
            texts = [s.text for s in piece.solid]
            if is_index_list(texts) or (piece.has("comma", "words") and texts[0] in DOTS):
                return True
        if piece.symbols[0].kind == "relation":
            return False
        dots = bool(following and following.solid and following.solid[0].text in DOTS)
        return is_condition(piece.symbols, dots) or bool(CONDITIONAL.search(piece.said))

    def _condition(self, piece: Piece) -> None:
        start, end = piece.symbols[0].start, piece.symbols[-1].end
        spans = self.chains[-1].conditions if self.chains else self.waiting
        if self.in_condition and spans:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        self.in_condition = True

    def _is_number(self, piece: Piece, following: Piece | None) -> bool:
        """An equation number at the end of a row: \\qquad (3), \\quad 4."""
        texts = [s.text for s in piece.solid]
        ends = following is None or following.has("row")
        if not (self.chains and piece.has("space", "column") and ends) or piece.has("row"):
            return False
        if self.chains[-1].dangling:
            return False
        return "".join(texts).isdecimal() or _is_label(texts)

    def _without_label(self, piece: Piece) -> Piece:
        """(a) in front of an equation is its label."""
        solid = piece.solid
        for end in (3, 4, 5, 6):
            if len(solid) > end and _is_label([s.text for s in solid[:end]]):
                after = solid[end]
                spaced = piece.symbols[piece.symbols.index(after) - 1].end < after.start
                free = after.kind not in ("relation", "operator") and after.text not in _SCRIPTS
                if spaced and free and piece.has_relation and not piece.has("comma"):
                    self.labels += solid[:end]
                    rest = piece.symbols[piece.symbols.index(after) :]

                    return replace(piece, symbols=rest)
        return piece

    # -- formulas ---------------------------------------------------------------------------------

    def _formula(self, piece: Piece) -> None:
        solid, last = piece.solid, self.chains[-1] if self.chains else None
        if solid[0].kind == "relation":
            self._continue_chain(piece, last)
        elif last and self._joins_relation(piece, last):
            self._add_implied(piece, last)
        elif last and not piece.heads and self._continues_member(piece, last):
            self._extend(piece, last)
        else:
            self._begin(piece)

    def _begin(self, piece: Piece) -> None:
        chain = Chain(conditions=self.waiting)
        self.waiting = []
        first = piece.solid[0]
        if first.text in _BINARY:
            chain.broken = f"begins with '{first.text}', and nothing stands before it"
        self.chains.append(chain)
        self._add(chain, _parts(piece))

    def _continue_chain(self, piece: Piece, last: Chain | None) -> None:
        parts = _parts(piece)[1:]
        arrow = parts[0][0].meaning in ARROWS if parts[0][0] else False
        if last is None and arrow and len(parts) > 1 and parts[0][1]:
            self.labels.append(piece.solid[0])
            self._begin(Piece(piece.marks, piece.symbols[piece.symbols.index(parts[0][1][0]) :]))
            return
        if last is None:
            last = Chain(conditions=self.waiting)
            self.waiting = []
            self.chains.append(last)
        self._add(last, parts)

    def _joins_relation(self, piece: Piece, last: Chain) -> bool:
        """a ⇒ b, where neither has a relation sign of its own."""
        implied = [m for m in piece.marks if m.kind == "implies"]
        bare = not last.says and not piece.has_relation
        return bool(implied) and bare and implied[-1].meaning not in ("\\therefore", "\\because")

    def _add_implied(self, piece: Piece, last: Chain) -> None:
        sign = [m for m in piece.marks if m.kind == "implies"][-1]
        last.members.append((sign, piece.symbols))

    def _continues_member(self, piece: Piece, last: Chain) -> bool:
        """Whether a piece without a relation sign in front goes on with the member before."""
        if last.conditioned:
            return False
        first = piece.solid[0]
        if last.dangling:
            return True
        if first.kind == "operator":
            return first.text in _BINARY or not self._may_begin(piece)
        if piece.has_relation or piece.has("implies", "label"):
            return piece.has("comma") and not last.says and not piece.has("space", "row", "words")
        if piece.has("row"):
            return piece.aligned or self.environment in ("multline", "split", "multlined")
        return not piece.has("space", "semicolon", "column") or piece.has("words")

    def _may_begin(self, piece: Piece) -> bool:
        """Whether a minus sign begins an equation rather than going on with the one before."""
        if not piece.has_relation or piece.aligned:
            return False
        separated = piece.has("comma", "semicolon", "words", "implies", "space")
        return separated or piece.columns or self.environment == "gather"

    def _extend(self, piece: Piece, last: Chain) -> None:
        (_, head), *rest = _parts(piece)
        between = [m for m in piece.marks if m.kind in ("words", "label", "comma", "semicolon")]
        symbols = last.members[-1][1]
        symbols += [*between, *head] if symbols else head
        self._add(last, rest)

    def _add(self, chain: Chain, parts: list[tuple[Symbol | None, list[Symbol]]]) -> None:
        """Appends members; an arrow that leads nowhere stays in the member before it."""
        for sign, symbols in parts:
            empty = not [s for s in symbols if s.kind not in ("wrap", "thin")]
            arrow = sign is not None and empty and sign.meaning in ARROWS
            if sign and arrow and chain.members and not chain.conditioned:
                chain.members[-1][1].append(sign)
            else:
                chain.members.append((sign, symbols))

    # -- the result -------------------------------------------------------------------------------

    def placed(self) -> list[Placed]:
        """The formulas in order; one that stands in words inside another comes after it."""
        found = [*self._placed(), *(p for aside in self.asides for p in aside.placed())]
        return sorted(found, key=lambda placed: placed.start)

    def _placed(self) -> list[Placed]:
        if self.waiting:
            start, end = self.waiting[0][0], self.waiting[-1][1]
            return [Placed(start, end, (Member("", start, end),))]
        return [_placed(chain) for chain in self.chains]


def _heads(pieces: list[Piece], at: int) -> bool:
    """Whether a row is a long head: it has a number of its own, and what goes on below begins with a sign.

    Rows between that begin with an operator belong to the head.
    """
    piece = pieces[at]
    if not piece.numbered or not piece.has("row") or piece.has_relation:
        return False
    if piece.solid[0].text in _BINARY:
        return False
    below = (p for p in pieces[at + 1 :] if not p.aside)
    first = next((p for p in below if p.has_relation or p.solid[0].text not in _BINARY), None)
    return first is not None and first.has("row") and first.solid[0].kind == "relation"


def _is_label(texts: list[str]) -> bool:
    if len(texts) < 3 or (texts[0], texts[-1]) not in (("(", ")"), ("[", "]")):
        return False
    return bool(_LABEL.fullmatch("".join(texts[1:-1])))


def _parts(piece: Piece) -> list[tuple[Symbol | None, list[Symbol]]]:
    """The symbols between the relation signs, each with the sign before it."""
    found: list[tuple[Symbol | None, list[Symbol]]] = [(None, [])]
    for symbol in piece.symbols:
        if symbol.kind == "relation":
            found.append((symbol, []))
        else:
            found[-1][1].append(symbol)
    return found


def _placed(chain: Chain) -> Placed:
    members = tuple(_member(sign, symbols) for sign, symbols in chain.members)
    first = chain.members[0][0]
    start, end = first.start if first else members[0].start, members[-1].end
    conditions = tuple(chain.conditions)
    longest = max(m.end - m.start for m in members)
    broken = chain.broken
    if longest > LONGEST_FORMULA:
        broken = f"a formula of {longest} characters is longer than the limit of {LONGEST_FORMULA}"
    if broken:
        spans = ((start, end), *conditions)
        return Placed(min(a for a, _ in spans), max(b for _, b in spans), (), broken=broken)
    return Placed(start, end, members, chain.continues, conditions)


def _member(sign: Symbol | None, symbols: list[Symbol]) -> Member:
    kept = [s for s in symbols if s.kind != "thin"]
    if sign is None:
        while kept and kept[0].kind == "wrap":
            kept.pop(0)
    meaning, place = (sign.meaning, (sign.start, sign.end)) if sign else ("", None)
    if not kept:
        at = sign.end if sign else 0
        return Member(meaning, at, at, place)
    return Member(meaning, kept[0].start, kept[-1].end, place)
