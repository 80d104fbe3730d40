"""Which letters in a row are one name: what the page itself shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from derive.text.tables import DOTS, FUNCTIONS, OPERATORS, RELATIONS, WORDS
from derive.text.tokens import Token

# These are functions only right before a bracket.
_BRACKETED = frozenset(
    [
        "tr",
        "Tr",
        "CE",
        "KL",
        "vec",
        "mean",
        "sum",
        "var",
        "Var",
        "cov",
        "Cov",
        "norm",
        "sup",
        "inf",
        "dim",
        "abs",
        "erf",
        "rank",
        "trace",
        "lim",
    ]
)
_OPENS = ("(", "[", "L:(", "L:[", "\\{", "L:\\{")
_STOPS = frozenset(
    (*RELATIONS, *OPERATORS, *DOTS, "&", "}", ")", "]", ",", ";", ".", "\\\\", "\\quad", "\\qquad")
)


def run_end(tokens: Sequence[Token], at: int, end: int) -> tuple[int, int]:
    """Where the letters that begin at `at` end, and the digits glued behind them."""
    i = at + 1
    while i < end and is_letter(tokens[i].text) and _glued(tokens, i):
        i += 1
    j = i
    while j < end and tokens[j].text.isdigit() and _glued(tokens, j):
        j += 1
    return i, j


def is_letter(text: str) -> bool:
    """Whether a token is one Latin letter."""
    return len(text) == 1 and text.isascii() and text.isalpha()


def _glued(tokens: Sequence[Token], i: int) -> bool:
    before, token = tokens[i - 1], tokens[i]
    return token.glued and token.depth == before.depth and token.start in (before.end, before.start)


@dataclass
class Vocabulary:
    """The runs of letters of a page, how often each occurs, and which letters stand alone."""

    runs: Counter[str] = field(default_factory=Counter)
    single: set[str] = field(default_factory=set)
    numbered: Counter[str] = field(default_factory=Counter)
    differentials: set[str] = field(default_factory=set)
    apart: Counter[str] = field(default_factory=Counter)

    def gather(self, tokens: Sequence[Token]) -> None:
        """Notes the runs of one formula."""
        at, count = 0, len(tokens)
        while at < count:
            if not is_letter(tokens[at].text) or _is_argument(tokens, at):
                at += 1
                continue
            i, j = run_end(tokens, at, count)
            if i == at + 1 and (word := _spaced_word(tokens, at, count)):
                self.apart[word] += 1
                at += len(word)
                continue
            self._note("".join(t.text for t in tokens[at:i]), tokens, at, i, j)
            at = max(j, at + 1)

    def _note(self, run: str, tokens: Sequence[Token], at: int, i: int, j: int) -> None:
        before = tokens[at - 1].text if at else ""
        if len(run) == 1:
            if j > i:
                self.numbered[run] += 1
            else:
                self.single.add(run)
        elif len(run) >= 3:
            self.runs[run] += 1
        if (
            len(run) in (2, 3)
            and run[0] == "d"
            and run not in FUNCTIONS
            and before in ("", "&", "\\\\")
        ):
            follows = _after_scripts(tokens, i)
            if follows in ("=", ":=", "+=", "\\leftarrow"):
                self.differentials.add(run)

    def spaced(self, tokens: Sequence[Token], at: int, end: int) -> int:
        """How many letters with spaces between them spell a word of the page's: `n e t_j`; 0 if none."""
        word = _spaced_word(tokens, at, end)
        return len(word) if word and self.apart[word] >= 2 else 0

    def length(
        self, tokens: Sequence[Token], at: int, end: int, script: bool = False
    ) -> tuple[int, str]:
        """How many tokens from `at` on are one name, and its style ("" or "op")."""
        i, j = run_end(tokens, at, end)
        run = "".join(t.text for t in tokens[at:i])
        following = tokens[i] if i < end else None
        if len(run) == 1:
            return (j - at, "") if j > i and self.numbered[run] >= 2 else (1, "")
        if run in FUNCTIONS and self._applied(run, following):
            return len(run), "op"
        if run in FUNCTIONS and run not in _BRACKETED and len(run) > 2:
            return len(run), "op"
        if script and _is_label(run):
            return len(run), ""
        if self._is_word(run, following) or self._is_differential(run, tokens, at, i):
            return (j if j > i and len(run) > 1 else i) - at, ""
        if len(run) == 2 and run in WORDS and following is not None and following.text == "_":
            return 2, ""
        return 1, ""

    def _applied(self, run: str, following: Token | None) -> bool:
        if following is None:
            return False
        if following.text in _OPENS or following.text == "{":
            return True
        return run not in _BRACKETED and following.text not in _STOPS

    def _is_word(self, run: str, following: Token | None) -> bool:
        if len(run) < 3:
            return False
        carries = following is not None and following.text in ("_", "^", "(", "'")
        if run in WORDS or run in FUNCTIONS:
            return True
        apart = all(letter in self.single for letter in run)
        return not apart and (carries or self.runs[run] >= 2 or len(run) > 4)

    def _is_differential(self, run: str, tokens: Sequence[Token], at: int, i: int) -> bool:
        if not self.differentials or len(run) not in (2, 3) or run[0] != "d":
            return False
        if run not in self.differentials and len(run) != 2:
            return False
        before = tokens[at - 1].text if at else ""
        after = tokens[i].text if i < len(tokens) else ""
        return before != "/" and after != "/" and before != "{"


def _is_label(run: str) -> bool:
    """Whether letters in a script are a word, `W_{rec}`, and no indices, `w_{ijk}`."""
    return (
        len(run) > 2
        and bool(set(run.lower()) & set("aeou"))
        and not set(run) <= set("ijklmnopqrst")
    )


def _spaced_word(tokens: Sequence[Token], at: int, end: int) -> str:
    """A word that is written with spaces between its letters; "" if none begins here."""
    i, said = at, ""
    while (
        i < end and len(said) < 8 and is_letter(tokens[i].text) and (i == at or not tokens[i].glued)
    ):
        said += tokens[i].text
        i += 1
    return said if len(said) > 2 and said in _SPACED else ""


_SPACED = frozenset(["net", "out", "loss", "tanh", "exp", "log", "sigmoid", "softmax", "diag"])


def _is_argument(tokens: Sequence[Token], at: int) -> bool:
    """Whether a letter is the whole argument of a script, or names an environment."""
    return at > 0 and tokens[at - 1].text in ("\\begin", "\\end", "\\operatorname", "\\text")


def _after_scripts(tokens: Sequence[Token], at: int) -> str:
    """The token behind a name's scripts."""
    while at + 1 < len(tokens) and tokens[at].text in ("_", "^"):
        at += 1
        if tokens[at].text == "{":
            depth = 0
            while at < len(tokens):
                depth += {"{": 1, "}": -1}.get(tokens[at].text, 0)
                at += 1
                if not depth:
                    break
        else:
            at += 1
    if at + 1 < len(tokens) and tokens[at].text == "&":
        at += 1
    return tokens[at].text if at < len(tokens) else ""
