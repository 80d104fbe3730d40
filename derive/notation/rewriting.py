"""Rewriting the tokens of a formula before the grammar reads them: what `typed` and `meant` share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from derive.algebra.expression import Variable
from derive.errors import DeriveError
from derive.notation.scope import STYLES
from derive.notation.tokens import Source, Token, depth_change

Tokens = tuple[Token, ...]
Sentence = tuple[str | Variable, ...]
Said = dict[Sentence, None]


@dataclass(frozen=True)
class Habits:
    """What the text as a whole shows of the way it is typed."""

    words: frozenset[str] = frozenset()  # defined, so that they are names
    letters: frozenset[str] = frozenset()  # that stand alone, so that they are names themselves
    bracketed: frozenset[str] = frozenset()  # names that are defined as in h[t]
    shifts: frozenset[str] = frozenset()  # names whose h_t-1 is the step before
    arrays: bool = False  # whether something in it is a vector


@dataclass
class Typed:
    """One formula on its way, with what was said of it so far."""

    source: Source
    found: Tokens
    habits: Habits
    said: Said = field(default_factory=dict)

    def say(self, *sentence: str | Variable) -> None:
        self.said[sentence] = None

    def refuse(self, sentence: str, token: Token) -> DeriveError:
        return DeriveError(sentence, self.source.place(token.offset))

    def text(self, start: int, end: int) -> str:
        """What was typed from one token up to another."""
        return self.source.text[self.found[start].offset : self.found[end].offset].strip()


def replaced(found: Tokens, changed: Mapping[int, Sequence[Token]]) -> Tokens:
    return tuple(t for i, token in enumerate(found) for t in changed.get(i, (token,)))


def closing(found: Tokens, opened: int) -> int | None:
    depth = 0
    for i in range(opened, len(found)):
        depth += depth_change(found[i].text)
        if depth == 0:
            return i
    return None


def opening(found: Tokens, closed: int) -> int | None:
    """Where the bracket opens that closes here."""
    depth = 0
    for i in range(closed, -1, -1):
        depth += depth_change(found[i].text)
        if depth == 0:
            return i if i < closed else None
    return None


def commas(found: Tokens, opened: int, closed: int) -> Iterator[int]:
    depth = 0
    for i in range(opened, closed):
        depth += depth_change(found[i].text)
        if depth == 1 and found[i].text == ",":
            yield i


def is_letter(token: Token) -> bool:
    return token.kind == "name" and len(token.text) == 1 and token.text.isascii()


def touching(found: Tokens, at: int) -> bool:
    """Whether the next token follows without a space."""
    return at + 1 < len(found) and found[at + 1].offset == found[at].offset + len(found[at].text)


def run_end(found: Tokens, at: int) -> int:
    end = at
    while is_letter(found[end]) and (end == at or touching(found, end - 1)):
        end += 1
    return end


def letters_of(found: Tokens, start: int, end: int) -> str:
    return "".join(token.text for token in found[start:end])


def as_name(word: str, offset: int) -> list[Token]:
    letters = [Token("name", letter, offset + i) for i, letter in enumerate(word)]
    end = offset + len(word) - 1
    opened = [Token("macro", "\\mathrm", offset), Token("char", "{", offset)]
    return [*opened, *letters, Token("char", "}", end)]


def ends_name(found: Tokens, at: int) -> bool:
    return found[at].kind == "name" or (found[at].text == "}" and _closes_word(found, at))


def _closes_word(found: Tokens, at: int) -> bool:
    """Whether a brace closes \\mathrm{…} or its like."""
    while at and found[at].text != "{":
        at -= 1
    return at > 0 and found[at - 1].text in STYLES
