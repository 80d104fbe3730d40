"""What people write for what they mean, in definitions: `tanh(`, `e^{-x}`, `f_\\theta(h)`, `f(h; \\theta)`.

A rewriting of tokens, before anything decides what the letters are; what it took for something else is
said in a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from derive.algebra.expression import Variable
from derive.notation.rewriting import Sentence, Tokens, closing, is_letter, replaced
from derive.notation.scope import RELATIONS, WORDS, group_at, spelled, unwrapped
from derive.notation.tokens import Token, depth_change

# A subscript of a function that is a parameter for everybody; f_a is a label.
PARAMETERS = frozenset(
    (
        *("\\alpha", "\\beta", "\\gamma", "\\eta", "\\theta", "\\vartheta", "\\lambda", "\\mu"),
        *("\\xi", "\\phi", "\\varphi", "\\psi", "\\omega", "\\Theta", "\\Phi", "\\Psi", "w", "W"),
    )
)
SHORTEST_WORD = 3


def as_meant(formulas: Sequence[Tokens]) -> tuple[list[Tokens], tuple[Sentence, ...]]:
    """The formulas of one text rewritten, and what was taken for what."""
    said: dict[Sentence, None] = {}
    exponential = any(_e_to_the(f, i) for f in formulas for i in range(len(f)))
    if exponential and any(_another_e(f, i) for f in formulas for i in range(len(f))):
        exponential = False
    result = []
    for found in formulas:
        found = _with_words(found, said)
        found = _with_exponentials(found, said) if exponential else found
        found = _with_parameters(found, said)
        result.append(_with_commas(found, said))
    return result, tuple(said)


# -- tanh(…) --------------------------------------------------------------------------------------


def _with_words(found: Tokens, said: dict[Sentence, None]) -> Tokens:
    pieces: list[Token] = []
    at = 0
    while at < len(found):
        end = _run(found, at)
        word = "".join(token.text for token in found[at:end])
        if word in WORDS and found[end].text == "(":
            begin = found[at].offset
            upright = [Token("macro", "\\operatorname", begin), Token("char", "{", begin)]
            pieces += [*upright, *found[at:end], Token("char", "}", begin)]
            said[(f"{word}(…) is the function {word}, not a product of letters",)] = None
        else:
            pieces += found[at:end]
            if len(word) >= SHORTEST_WORD:
                said[(f"{word} is the product of its letters",)] = None
        if end == at:
            pieces.append(found[at])
        at = max(end, at + 1)
    return tuple(pieces)


def _run(found: Tokens, at: int) -> int:
    """Where the letters end that stand side by side from `at` on, outside \\mathrm{…}."""
    end = at
    before = found[at - 1] if at else None
    if before is not None and (before.text == "{" or _touches(before, found[at])):
        return at
    while is_letter(found[end]) and (end == at or found[end].offset == found[end - 1].offset + 1):
        end += 1
    return end


def _touches(before: Token, token: Token) -> bool:
    """Whether a letter goes on with the letter before it: the rest of what stands in braces."""
    return is_letter(before) and is_letter(token) and before.offset + 1 == token.offset


# -- e^{…} ----------------------------------------------------------------------------------------


def _e_to_the(found: Tokens, at: int) -> bool:
    """Whether e^ stands here, with a power and no time in brackets."""
    if found[at].text != "e" or found[at + 1].text != "^":
        return False
    inside, _ = group_at(found, at + 2)
    return bool(inside) and unwrapped(inside) == inside


def _another_e(found: Tokens, at: int) -> bool:
    """Whether an e stands here that is something of the text's own: defined, or with an index."""
    if found[at].kind != "name" or found[at].text != "e" or _inside_word(found, at):
        return False
    if not _e_to_the(found, at):
        following = found[at + 1].text
        return following in ("_", "^") or (at == 0 and following in RELATIONS)
    _, after = group_at(found, at + 2)
    return at == 0 and found[after].text in RELATIONS


def _inside_word(found: Tokens, at: int) -> bool:
    """Whether the letter is one of a word, as in exp or \\mathrm{loss}."""
    before, after = found[at - 1] if at else None, found[at + 1]
    touches = before is not None and is_letter(before) and before.offset == found[at].offset - 1
    return touches or (is_letter(after) and after.offset == found[at].offset + 1)


def _with_exponentials(found: Tokens, said: dict[Sentence, None]) -> Tokens:
    changed: dict[int, list[Token]] = {}
    for at, token in enumerate(found):
        if token.kind != "name" or not _e_to_the(found, at):
            continue
        _, after = group_at(found, at + 2)
        opened, closed = Token("char", "(", token.offset), Token("char", ")", token.offset)
        changed[at] = [Token("macro", "\\exp", token.offset)]
        if found[at + 2].text == "{":
            changed |= {at + 1: [], at + 2: [opened], after - 1: [closed]}
        else:
            changed |= {at + 1: [opened], at + 2: [found[at + 2], closed]}
        said[("e with an exponent is the exponential function",)] = None
    return replaced(found, changed)


# -- f_\theta(…), f(…; \theta), F(…|\theta) -------------------------------------------------------


def _with_parameters(found: Tokens, said: dict[Sentence, None]) -> Tokens:
    """f_\\theta(h) as f(h, \\theta)."""
    changed: dict[int, list[Token]] = {}
    for at, token in enumerate(found):
        if token.kind != "name" or found[at + 1].text != "_":
            continue
        inside, after = group_at(found, at + 2)
        names = [t for t in inside if t.text != ","]
        if not names or any(t.text not in PARAMETERS for t in names) or found[after].text != "(":
            continue
        close = closing(found, after)
        if close is None:
            continue
        end = found[close].offset
        extra = [t for name in names for t in (Token("char", ",", end), name)]
        changed |= {i: [] for i in range(at + 1, after)}
        changed[close] = [*changed.get(close, []), *extra, found[close]]
        for name in names:
            called = Variable(f"{token.text}_{{{spelled(inside)}}}")
            said[called, " depends on ", Variable(name.text)] = None
    return replaced(found, changed)


def _with_commas(found: Tokens, said: dict[Sentence, None]) -> Tokens:
    """f(h; \\theta) and F(x|\\theta) with commas; what stands behind is an argument like the others."""
    changed: dict[int, list[Token]] = {}
    for at, token in enumerate(found):
        if at == 0 or token.text != "(" or not _is_applied(found, at):
            continue
        marks = list(_separators(found, at))
        bars = [i for i in marks if found[i].text != ";"]
        if len(bars) > 1:
            continue  # |x| inside the brackets
        for i in marks:
            changed[i] = [Token("char", ",", found[i].offset)]
            word = found[i].text.removeprefix("\\")
            said[(f"what stands behind '{word}' in brackets is an argument, too",)] = None
    return replaced(found, changed)


def _is_applied(found: Tokens, at: int) -> bool:
    """Whether a name stands before the bracket, perhaps with a subscript."""
    return found[at - 1].kind == "name" or found[at - 1].text == "}"


def _separators(found: Tokens, opened: int) -> Iterator[int]:
    depth = 0
    for i in range(opened, len(found)):
        depth += depth_change(found[i].text)
        if depth == 0:
            return
        if depth == 1 and found[i].text in (";", "|", "\\mid", "\\vert"):
            yield i
