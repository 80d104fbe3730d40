"""What people type who do not write LaTeX all day: `W_hh h_(t-1)`, `h[t]`, `**2`, `|x|`, `loss_t`.

A rewriting of tokens before `meant` and the grammar see them; every token keeps the place of what was
typed. What was taken for something else is said in a sentence; what cannot be is refused with the fix.
A row of ROWS is one thing that people type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches

from derive.algebra.expression import Variable
from derive.notation import typed_signs
from derive.notation.rewriting import (
    Habits,
    Sentence,
    Tokens,
    Typed,
    as_name,
    closing,
    ends_name,
    is_letter,
    letters_of,
    replaced,
    run_end,
    touching,
)
from derive.notation.scope import RELATIONS, STYLES, WORDS, group_at
from derive.notation.tokens import GREEK, Source, Token, depth_change
from derive.notation.typed_signs import DOUBLE, KNOWN

LIBRARIES = frozenset(("np", "numpy", "torch", "math", "jnp", "tf", "F"))
OF_ARRAYS = frozenset(
    ("\\odot", "\\top", "\\mathbf", "\\boldsymbol", "\\bm", "\\mathbb", "\\mathbb{R}", *DOUBLE)
)
SHORTEST = 3  # letters of a word that nothing defines
LIKE = 0.74

Row = Callable[[Typed], Tokens]


def as_typed(
    formulas: Sequence[tuple[Source, Tokens]],
) -> list[tuple[Tokens, tuple[Sentence, ...]]]:
    """Each formula of one text rewritten, and what was taken for what in it."""
    habits = _habits([found for _, found in formulas])
    result = []
    for source, found in formulas:
        typed = Typed(source, found, habits)
        for row in ROWS:
            typed.found = row(typed)
        result.append((typed.found, tuple(typed.said)))
    return result


def _habits(formulas: Sequence[Tokens]) -> Habits:
    words: set[str] = set()
    letters: set[str] = set()
    bracketed: set[str] = set()
    shifts: set[str] = set()
    for found in formulas:
        runs = list(_runs(found))
        if runs and runs[0][0] == 0 and _defines(found, runs[0][1]):
            words.add(letters_of(found, *runs[0]))
        letters |= {letters_of(found, a, b) for a, b in runs if b == a + 1}
        if found[0].kind == "name" and touching(found, 0) and _index_in_brackets(found, 1):
            bracketed.add(found[0].text)
        shifts |= {found[at].text for at in _shifted(found) if found[at].text == found[0].text}
    arrays = any(_shows_arrays(found) for found in formulas)
    sets = frozenset(words), frozenset(letters), frozenset(bracketed), frozenset(shifts)
    return Habits(*sets, arrays)


def _shows_arrays(found: Tokens) -> bool:
    return any(
        token.text in OF_ARRAYS or (token.text == "|" == found[i + 1].text and touching(found, i))
        for i, token in enumerate(found)
    )


def _defines(found: Tokens, at: int) -> bool:
    """Whether a name that ends here, with what stands at it, is the left side of a definition."""
    depth = 0
    for i in range(at, len(found)):
        if depth == 0 and found[i].text in RELATIONS:
            return i == at or found[at].text in ("_", "^", "(", "[")
        depth += depth_change(found[i].text)
        if depth == 0 and found[i].text in ("+", "-", "*", "/"):
            return False
    return False


# -- letters ----------------------------------------------------------------------------------------


def _runs(found: Tokens) -> Iterator[tuple[int, int]]:
    """The letters that stand side by side, outside scripts and \\mathrm{…}."""
    at = 0
    while at < len(found):
        token = found[at]
        if token.text in ("_", "^") or token.text in STYLES:
            braced = found[at + 1].text == "{"
            _, after = group_at(found, at + 1)
            at = after if braced or token.text in STYLES else min(after, len(found) - 1)
            continue
        end = run_end(found, at)
        if end > at:
            yield at, end
        at = max(end, at + 1)


def _words(typed: Typed) -> Tokens:
    """loss_t, net = …, mse(h_t, y_t), theta, np.tanh(…)."""
    found, changed = typed.found, dict[int, list[Token]]()
    for start, end in _runs(found):
        word, token = letters_of(found, start, end), found[start]
        written: list[Token] | None = None
        if word in LIBRARIES and found[end].text == "." and is_letter(found[end + 1]):
            typed.say(f"{word}. before a function is left out")
            written, changed[end] = [], []
        elif len(word) == 1 or (word in WORDS and found[end].text == "("):
            continue
        elif word in typed.habits.words:
            typed.say(f"{word} is one name, not a product of letters")
            written = as_name(word, token.offset)
        elif word in GREEK and len(word) >= SHORTEST:
            typed.say(f"{word} is the letter ", Variable(f"\\{word}"))
            written = [Token("name", f"\\{word}", token.offset)]
        elif len(word) >= SHORTEST and found[end].text == "(" and word not in KNOWN:
            written = _function(typed, word, token)
        elif _is_word_with_script(typed, word, end):
            typed.say(f"{word} is one name, not a product of letters")
            written = as_name(word, token.offset)
        if written is not None:
            changed |= {i: [] for i in range(start, end)}
            changed[start] = written
    return replaced(found, changed)


def _function(typed: Typed, word: str, token: Token) -> list[Token]:
    """mse(…), some function; a known one that is misspelt is refused."""
    near = [k for k in KNOWN if sorted(k) == sorted(word)]
    near = near or get_close_matches(word, KNOWN, n=1, cutoff=LIKE)
    if near:
        raise typed.refuse(
            f"no function {word} is known. Did you mean {near[0]}? "
            f"Write \\mathrm{{{word}}}(…) for a function of your own",
            token,
        )
    typed.say(f"{word}(…) is some function, not a product of letters")
    return as_name(word, token.offset)


def _is_word_with_script(typed: Typed, word: str, end: int) -> bool:
    """Whether letters that nothing defines carry a step as one, as in input_t."""
    if len(word) < SHORTEST or typed.found[end].text != "_" or word in KNOWN:
        return False
    return not set(word) <= typed.habits.letters


def _labels(typed: Typed) -> Tokens:
    """W_hh h is W_{hh} h: TeX takes one letter, people mean the word."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        if token.text != "_" or not at or not is_letter(found[at + 1]):
            continue
        end = run_end(found, at + 1)
        if end < at + 3 or found[at + 1].text in ("t", "T") or found[end].text == "_":
            continue
        capital = found[at - 1].text[-1:].isupper()
        if found[end].text in ("(", "[", "'", "^") and touching(found, end - 1) and not capital:
            continue
        word, base = letters_of(found, at + 1, end), found[at - 1].text
        changed[at + 1] = [Token("char", "{", token.offset), found[at + 1]]
        changed[end - 1] = [found[end - 1], Token("char", "}", found[end - 1].offset)]
        typed.say(f"{base.removeprefix(chr(92))}_{word} is ", Variable(f"{base}_{{{word}}}"))
    return replaced(found, changed)


# -- steps ------------------------------------------------------------------------------------------


def _round_indices(typed: Typed) -> Tokens:
    """h_(t-1) is h_{t-1}."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        close = closing(found, at + 1) if token.text == "_" and found[at + 1].text == "(" else None
        if close is not None:
            changed[at + 1] = [Token("char", "{", found[at + 1].offset)]
            changed[close] = [Token("char", "}", found[close].offset)]
            typed.say(f"{typed.text(max(at - 1, 0), close)}) has its index in brackets")
    return replaced(found, changed)


def _square_indices(typed: Typed) -> Tokens:
    """h[t], h[t-1] are h_t and h_{t-1}."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        if not ends_name(found, at) or found[at + 1].text != "[" or not touching(found, at):
            continue
        known = token.text in typed.habits.bracketed or bool(typed.habits.bracketed)
        if not (_index_in_brackets(found, at + 1) or (known and found[at + 2].kind == "number")):
            continue
        close = closing(found, at + 1)
        if close is None:
            continue
        offset = found[at + 1].offset
        changed[at + 1] = [Token("char", "_", offset), Token("char", "{", offset)]
        changed[close] = [Token("char", "}", found[close].offset)]
        typed.say("what stands in [ ] right behind a name is its step")
    return replaced(found, changed)


def _index_in_brackets(found: Tokens, at: int) -> bool:
    """Whether [t], [t-1], [T] stands here."""
    if found[at].text != "[" or found[at + 1].text not in ("t", "T"):
        return False
    shifted = found[at + 2].text in ("+", "-") and found[at + 3].kind == "number"
    return found[at + (4 if shifted else 2)].text == "]"


def _shifted(found: Tokens) -> Iterator[int]:
    """Where a name stands as in h_t-1, all in one piece."""
    for at in range(len(found) - 4):
        if found[at].kind != "name" or [t.text for t in found[at + 1 : at + 3]] != ["_", "t"]:
            continue
        minus = found[at + 3].text in ("-", "+") and found[at + 4].kind == "number"
        if minus and all(touching(found, i) for i in range(at, at + 4)):
            yield at


def _bare_shifts(typed: Typed) -> Tokens:
    """h_t-1 for h_{t-1}, where the text would otherwise define a state by itself; else it is said."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at in _shifted(found):
        written = typed.text(at, at + 5)
        if not typed.habits.shifts:
            bound = f"{found[at].text}_{{t{found[at + 3].text}{found[at + 4].text}}}"
            sign = "minus" if found[at + 3].text == "-" else "plus"
            base = Variable(f"{found[at].text}_t")
            typed.say(
                f"{written} is ", base, f" {sign} {found[at + 4].text}: write {bound} for a step"
            )
            continue
        changed[at + 2] = [Token("char", "{", found[at + 2].offset), found[at + 2]]
        changed[at + 4] = [found[at + 4], Token("char", "}", found[at + 4].offset)]
        typed.say(f"{written} has the index {typed.text(at + 2, at + 5)}: write braces around it")
    return replaced(found, changed)


ROWS: tuple[Row, ...] = (
    *(typed_signs.signs, _bare_shifts, _words, _labels, _round_indices, _square_indices),
    *(typed_signs.packages, typed_signs.calls, typed_signs.bars, typed_signs.transpositions),
    *(typed_signs.entrywise, typed_signs.joined),
)
