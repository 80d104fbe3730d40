"""What people type who do not write LaTeX all day: `W_hh h_(t-1)`, `h[t]`, `**2`, `|x|`, `loss_t`.

A rewriting of tokens before `meant` and the grammar see them; every token keeps the place of what was
typed. What was taken for something else is said in a sentence; what cannot be is refused with the fix.
A row of ROWS is one thing that people type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from derive.algebra.expression import Variable
from derive.errors import DeriveError
from derive.notation.scope import RELATIONS, STYLES, WORDS, group_at, spelled
from derive.notation.tokens import GREEK, OPENS, Source, Token, depth_change

Tokens = tuple[Token, ...]
Sentence = tuple[str | Variable, ...]
Said = dict[Sentence, None]

DASHES = {
    "\u2010": "hyphen", "\u2011": "hyphen", "\u2012": "dash", "\u2013": "dash", "\u2014": "dash",
}  # fmt: skip
PARTS = {"½": ("1", "2"), "¼": ("1", "4"), "¾": ("3", "4"), "⅓": ("1", "3"), "⅔": ("2", "3")}
LIBRARIES = frozenset(("np", "numpy", "torch", "math", "jnp", "tf", "F"))
OF_PACKAGES = {"\\nicefrac": 2, "\\sfrac": 2, "\\flatfrac": 2, "\\pdv": 2, "\\dv": 2}
DERIVATIVES = {"\\pdv": "\\partial", "\\dv": "d"}
BARS = {"|": "", "\\vert": "", "\\lvert": "(", "\\rvert": ")"}
DOUBLE = {"\\|": "", "\\Vert": "", "\\lVert": "(", "\\rVert": ")"}
OF_ARRAYS = frozenset(
    ("\\odot", "\\top", "\\mathbf", "\\boldsymbol", "\\bm", "\\mathbb", "\\mathbb{R}", *DOUBLE)
)
SHORTEST = 3  # letters of a word that nothing defines
LIKE = 0.74
KNOWN = (*WORDS, "max", "min", "abs", "sqrt")
# After these something begins; what stands before a bar that opens.
OPENERS = frozenset(
    (*OPENS, *RELATIONS, *("+", "-", "*", "/", ",", ";", "|", "\\|", "\\cdot", "\\times", "\\odot"))
)


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
            words.add(_word(found, *runs[0]))
        letters |= {_word(found, a, b) for a, b in runs if b == a + 1}
        if found[0].kind == "name" and _touching(found, 0) and _index_in_brackets(found, 1):
            bracketed.add(found[0].text)
        shifts |= {found[at].text for at in _shifted(found) if found[at].text == found[0].text}
    arrays = any(_shows_arrays(found) for found in formulas)
    sets = frozenset(words), frozenset(letters), frozenset(bracketed), frozenset(shifts)
    return Habits(*sets, arrays)


def _shows_arrays(found: Tokens) -> bool:
    return any(
        token.text in OF_ARRAYS or (token.text == "|" == found[i + 1].text and _touching(found, i))
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
        end = _run_end(found, at)
        if end > at:
            yield at, end
        at = max(end, at + 1)


def _run_end(found: Tokens, at: int) -> int:
    end = at
    while _is_letter(found[end]) and (end == at or _touching(found, end - 1)):
        end += 1
    return end


def _is_letter(token: Token) -> bool:
    return token.kind == "name" and len(token.text) == 1 and token.text.isascii()


def _touching(found: Tokens, at: int) -> bool:
    """Whether the next token follows without a space."""
    return at + 1 < len(found) and found[at + 1].offset == found[at].offset + len(found[at].text)


def _word(found: Tokens, start: int, end: int) -> str:
    return "".join(token.text for token in found[start:end])


def _as_name(word: str, offset: int) -> list[Token]:
    letters = [Token("name", letter, offset + i) for i, letter in enumerate(word)]
    end = offset + len(word) - 1
    opened = [Token("macro", "\\mathrm", offset), Token("char", "{", offset)]
    return [*opened, *letters, Token("char", "}", end)]


def _words(typed: Typed) -> Tokens:
    """loss_t, net = …, mse(h_t, y_t), theta, np.tanh(…)."""
    found, changed = typed.found, dict[int, list[Token]]()
    for start, end in _runs(found):
        word, token = _word(found, start, end), found[start]
        written: list[Token] | None = None
        if word in LIBRARIES and found[end].text == "." and _is_letter(found[end + 1]):
            typed.say(f"{word}. before a function is left out")
            written, changed[end] = [], []
        elif len(word) == 1 or (word in WORDS and found[end].text == "("):
            continue
        elif word in typed.habits.words:
            typed.say(f"{word} is one name, not a product of letters")
            written = _as_name(word, token.offset)
        elif word in GREEK and len(word) >= SHORTEST:
            typed.say(f"{word} is the letter ", Variable(f"\\{word}"))
            written = [Token("name", f"\\{word}", token.offset)]
        elif len(word) >= SHORTEST and found[end].text == "(" and word not in KNOWN:
            written = _function(typed, word, token)
        elif _is_word_with_script(typed, word, end):
            typed.say(f"{word} is one name, not a product of letters")
            written = _as_name(word, token.offset)
        if written is not None:
            changed |= {i: [] for i in range(start, end)}
            changed[start] = written
    return _replaced(found, changed)


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
    return _as_name(word, token.offset)


def _is_word_with_script(typed: Typed, word: str, end: int) -> bool:
    """Whether letters that nothing defines carry a step as one, as in input_t."""
    if len(word) < SHORTEST or typed.found[end].text != "_" or word in KNOWN:
        return False
    return not set(word) <= typed.habits.letters


def _labels(typed: Typed) -> Tokens:
    """W_hh h is W_{hh} h: TeX takes one letter, people mean the word."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        if token.text != "_" or not at or not _is_letter(found[at + 1]):
            continue
        end = _run_end(found, at + 1)
        if end < at + 3 or found[at + 1].text in ("t", "T") or found[end].text == "_":
            continue
        capital = found[at - 1].text[-1:].isupper()
        if found[end].text in ("(", "[", "'", "^") and _touching(found, end - 1) and not capital:
            continue
        word, base = _word(found, at + 1, end), found[at - 1].text
        changed[at + 1] = [Token("char", "{", token.offset), found[at + 1]]
        changed[end - 1] = [found[end - 1], Token("char", "}", found[end - 1].offset)]
        typed.say(f"{base.removeprefix(chr(92))}_{word} is ", Variable(f"{base}_{{{word}}}"))
    return _replaced(found, changed)


# -- steps ------------------------------------------------------------------------------------------


def _round_indices(typed: Typed) -> Tokens:
    """h_(t-1) is h_{t-1}."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        close = _closing(found, at + 1) if token.text == "_" and found[at + 1].text == "(" else None
        if close is not None:
            changed[at + 1] = [Token("char", "{", found[at + 1].offset)]
            changed[close] = [Token("char", "}", found[close].offset)]
            typed.say(f"{typed.text(max(at - 1, 0), close)}) has its index in brackets")
    return _replaced(found, changed)


def _square_indices(typed: Typed) -> Tokens:
    """h[t], h[t-1] are h_t and h_{t-1}."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        if not _ends_name(found, at) or found[at + 1].text != "[" or not _touching(found, at):
            continue
        known = token.text in typed.habits.bracketed or bool(typed.habits.bracketed)
        if not (_index_in_brackets(found, at + 1) or (known and found[at + 2].kind == "number")):
            continue
        close = _closing(found, at + 1)
        if close is None:
            continue
        offset = found[at + 1].offset
        changed[at + 1] = [Token("char", "_", offset), Token("char", "{", offset)]
        changed[close] = [Token("char", "}", found[close].offset)]
        typed.say("what stands in [ ] right behind a name is its step")
    return _replaced(found, changed)


def _closes_word(found: Tokens, at: int) -> bool:
    """Whether a brace closes \\mathrm{…} or its like."""
    while at and found[at].text != "{":
        at -= 1
    return at > 0 and found[at - 1].text in STYLES


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
        if minus and all(_touching(found, i) for i in range(at, at + 4)):
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
    return _replaced(found, changed)


# -- signs ------------------------------------------------------------------------------------------


def _signs(typed: Typed) -> Tokens:
    """A dash for a minus, ** for ^, @ for a product, == for =, ½."""
    found, changed = typed.found, dict[int, list[Token]]()
    at = 0
    while at < len(found):
        token, pair = found[at], found[at].text + found[min(at + 1, len(found) - 1)].text
        if token.text in DASHES:
            changed[at] = [Token("char", "-", token.offset)]
            typed.say(f"{token.text} is a minus sign")
        elif token.text == "@":
            changed[at] = [Token("macro", "\\cdot", token.offset)]
            typed.say("@ is a product")
        elif token.text in PARTS:
            above, below = PARTS[token.text]
            changed[at] = _fraction([Token("number", above, token.offset)], below, token.offset)
        elif pair == "**" and _touching(found, at):
            at += 1
            changed |= {at - 1: [Token("char", "^", token.offset)], at: []}
            changed |= _exponent(found, at + 1)
            typed.say("** is a power")
        elif pair == "==" and _touching(found, at):
            at += 1
            changed[at] = []
            typed.say("== is =")
        at += 1
    return _replaced(found, changed)


def _fraction(above: Sequence[Token], below: str, offset: int) -> list[Token]:
    opened, closed = Token("char", "{", offset), Token("char", "}", offset)
    under = [opened, Token("number", below, offset), closed]
    return [Token("macro", "\\frac", offset), opened, *above, closed, *under]


def _exponent(found: Tokens, at: int) -> dict[int, list[Token]]:
    """Braces around a number or a group that is an exponent."""
    close = _closing(found, at) if found[at].text == "(" else at
    if close is None or found[at].kind == "end":
        return {}
    offset = found[at].offset
    if close == at:
        return {at: [Token("char", "{", offset), found[at], Token("char", "}", offset)]}
    return {at: [Token("char", "{", offset)], close: [Token("char", "}", found[close].offset)]}


def _bars(typed: Typed) -> Tokens:
    """|x| is the square root of x², ||x|| a norm, and ‖x‖₂ the same."""
    found, changed = typed.found, dict[int, list[Token]]()
    opened: list[str] = []
    at = 0
    while at < len(found):
        token = found[at]
        pair = token.text == "|" == found[at + 1].text and _touching(found, at)
        last = opened[-1] if opened and not _opens(found, at) else ""
        if token.text in BARS and last == "bar":
            opened.pop()
            changed[at] = _closed_root(token.offset)
        elif token.text in DOUBLE or pair:
            changed |= {at: [Token("macro", "\\|", token.offset)]} | ({at + 1: []} if pair else {})
            at += int(pair)
            if last == "norm":
                opened.pop()
                at = _norm_label(typed, at + 1, changed) - 1
            else:
                opened.append("norm")
        elif token.text in BARS and _has_partner(found, at):
            opened.append("bar")
            changed[at] = _opened_root(token.offset)
            typed.say("|a| is the square root of a²")
        at += 1
    return _replaced(found, changed)


def _opens(found: Tokens, at: int) -> bool:
    """Whether a bar at this place opens: what stands before it wants something."""
    text = found[at].text
    side = BARS.get(text) or DOUBLE.get(text) or ""
    if side:
        return side == "("
    return at == 0 or found[at - 1].text in OPENERS or found[at - 1].kind == "macro"


def _has_partner(found: Tokens, at: int) -> bool:
    depth = 0
    for i in range(at + 1, len(found)):
        depth += depth_change(found[i].text)
        if depth < 0:
            return False
        if depth == 0 and found[i].text in BARS and not _opens(found, i):
            return True
    return False


def _norm_label(typed: Typed, at: int, changed: dict[int, list[Token]]) -> int:
    """The 2 of ‖x‖₂, left out; any other norm is refused."""
    found = typed.found
    if found[at].text != "_":
        return at
    inside, after = group_at(found, at + 1)
    label = spelled(inside)
    if label not in ("2", "F"):
        raise typed.refuse(
            f"the norm with the label {label} is not known here: only ‖·‖ and ‖·‖₂, the Euclidean one",
            found[at],
        )
    changed |= {i: [] for i in range(at, after)}
    typed.say(f"the norm with the label {label} is the Euclidean one")
    return after


def _opened_root(offset: int) -> list[Token]:
    opened = Token("char", "{", offset)
    return [Token("macro", "\\sqrt", offset), opened, Token("char", "(", offset)]


def _closed_root(offset: int) -> list[Token]:
    power = [Token("char", "^", offset), Token("number", "2", offset)]
    return [Token("char", ")", offset), *power, Token("char", "}", offset)]


# -- functions --------------------------------------------------------------------------------------


def _calls(typed: Typed) -> Tokens:
    """max(0, x), abs(x), sqrt(x), \\relu(x)."""
    found, changed = typed.found, dict[int, list[Token]]()
    at = 0
    while at < len(found):
        name, after = _called(found, at)
        close = _closing(found, after) if name and found[after].text in ("(", "\\{") else None
        if name in ("max", "min") and (
            close is None or not _rectifies(typed, changed, at, after, close)
        ):
            raise typed.refuse(
                f"{name} of two formulas is not known here: write max(a, b) as "
                "b + \\operatorname{ReLU}(a - b)",
                found[at],
            )
        if name in ("abs", "sqrt") and close is not None:
            changed |= {i: [] for i in range(at, after)}
            square = name == "abs"
            changed[after] = _opened_root(found[at].offset)[: 3 if square else 2]
            changed[close] = _closed_root(found[close].offset)[0 if square else 3 :]
            typed.say("abs(a) is the square root of a²" if square else "sqrt(…) is the square root")
        elif name in WORDS and found[at].kind == "macro":
            changed[at] = [t for t in _as_name(str(name), found[at].offset)]
        at = max(after, at + 1)
    return _replaced(found, changed)


def _called(found: Tokens, at: int) -> tuple[str | None, int]:
    """The function of KNOWN that is called here, whichever way it is written, and where its name ends."""
    token = found[at]
    if token.kind == "macro" and token.text[1:] in KNOWN and token.text != "\\sqrt":
        return token.text[1:], at + 1
    if token.kind == "macro" and token.text in ("\\mathrm", "\\operatorname", "\\text"):
        inside, after = group_at(found, at + 1)
        word = spelled(inside)
        return (word, after) if word in ("max", "min", "abs", "sqrt") else (None, after)
    if at and _is_letter(found[at - 1]) and _touching(found, at - 1):
        return None, at
    end = _run_end(found, at)
    word = _word(found, at, end)
    known = word in ("max", "min", "abs", "sqrt") and found[end].text in ("(", "\\{")
    return (word, end) if known else (None, max(end, at + 1))


def _rectifies(
    typed: Typed, changed: dict[int, list[Token]], at: int, opened: int, close: int
) -> bool:
    """max(0, a) or max(a, 0), written as ReLU(a)."""
    found = typed.found
    commas = list(_commas(found, opened, close))
    if len(commas) != 1 or _called(found, at)[0] == "min":
        return False
    (comma,) = commas
    first, second = found[opened + 1 : comma], found[comma + 1 : close]
    gone = range(opened + 1, comma + 1) if spelled(first) == "0" else range(comma, close)
    if "0" not in (spelled(first), spelled(second)):
        return False
    changed |= {i: [] for i in (*range(at, opened), *gone)}
    offset = found[at].offset
    changed[opened] = [*_as_name("ReLU", offset), Token("char", "(", found[opened].offset)]
    changed[close] = [Token("char", ")", found[close].offset)]
    typed.say("max(0, a) is ReLU(a)")
    return True


def _packages(typed: Typed) -> Tokens:
    """\\nicefrac{a}{b}, \\pdv{a}{b}, \\dv{a}{b}."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        if token.text not in OF_PACKAGES or found[at + 1].text == "[":
            continue
        groups, after = [], at + 1
        for _ in range(2):
            inside, after = group_at(found, after)
            groups.append(inside)
        if not all(groups):
            continue
        sign = DERIVATIVES.get(token.text)
        offset = token.offset
        written = [Token("macro", "\\frac", offset)]
        for inside in groups:
            mark = [Token("name" if sign == "d" else "macro", sign, offset)] if sign else []
            braces = Token("char", "{", offset), Token("char", "}", offset)
            written += [braces[0], *mark, *inside, braces[1]]
        changed |= {i: [] for i in range(at, after)}
        changed[at] = written
    return _replaced(found, changed)


# -- vectors ----------------------------------------------------------------------------------------


def _transpositions(typed: Typed) -> Tokens:
    """(h_t - y_t)^T (…) and h_t^T h_t: what varies in time is raised to no power T."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        if token.text != "^" or at < 2:
            continue
        inside, after = group_at(found, at + 1)
        begin = _base_with_step(found, at)
        if begin is None and typed.habits.arrays and found[after].kind != "end":
            begin = _matrix(found, at)
        if spelled(inside) != "T" or begin is None:
            continue
        changed |= {i: [] for i in range(at + 1, after)}
        changed[at + 1] = [Token("macro", "\\top", found[at + 1].offset)]
        typed.say(f"the T of {typed.text(begin, after)} is a transposition")
    return _replaced(found, changed)


def _base_with_step(found: Tokens, at: int) -> int | None:
    """Where a name with a step, or a bracket around one, begins that ends before the token `at`."""
    begin = _opening(found, at - 1)
    if begin is None:
        if at > 2 and found[at - 2].text == "_" and found[at - 1].text == "t":
            return at - 3 if _ends_name(found, at - 3) else None
        return None
    inside = found[begin:at]
    step = any(a.text == "_" and "t" in _script(inside, i) for i, a in enumerate(inside))
    if found[begin].text == "{":
        named = begin > 1 and found[begin - 1].text == "_" and _ends_name(found, begin - 2)
        step = named and any(t.text == "t" for t in inside)
        return begin - 2 if step else None
    return begin if step else None


def _ends_name(found: Tokens, at: int) -> bool:
    return found[at].kind == "name" or (found[at].text == "}" and _closes_word(found, at))


def _matrix(found: Tokens, at: int) -> int | None:
    """Where a capital letter begins, with a label perhaps, that ends before the token `at`."""
    begin = _opening(found, at - 1)
    labelled = at > 2 and found[at - 2].text == "_"
    if begin is None:
        begin = at - 3 if labelled else at - 1
    else:
        begin = begin - 2 if found[begin - 1].text == "_" else -1
    capital = begin >= 0 and found[begin].kind == "name" and found[begin].text.isupper()
    return begin if capital else None


def _script(found: Tokens, at: int) -> list[str]:
    inside, _ = group_at((*found, Token("end", "", 0)), at + 1)
    return [token.text for token in inside]


def _entrywise(typed: Typed) -> Tokens:
    """f_t * c_{t-1} between vectors is f_t \\odot c_{t-1}."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        if token.text != "*" or not typed.habits.arrays or at < 2:
            continue
        if _base_with_step(found, at) is not None and not _is_number(found, at + 1):
            changed[at] = [Token("macro", "\\odot", token.offset)]
            typed.say("* between vectors is the entrywise product ⊙")
    return _replaced(found, changed)


def _is_number(found: Tokens, at: int) -> bool:
    return found[at].kind in ("number", "end")


def _joined(typed: Typed) -> Tokens:
    """[h_{t-1}, x_t] is [h_{t-1}; x_t]."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        close = _closing(found, at) if token.text == "[" else None
        commas = list(_commas(found, at, close)) if close is not None else []
        if commas:
            changed |= {i: [Token("char", ";", found[i].offset)] for i in commas}
            typed.say("[a, b] is one vector, a above b")
    return _replaced(found, changed)


# -- tokens -----------------------------------------------------------------------------------------


def _replaced(found: Tokens, changed: Mapping[int, Sequence[Token]]) -> Tokens:
    return tuple(t for i, token in enumerate(found) for t in changed.get(i, (token,)))


def _closing(found: Tokens, opened: int) -> int | None:
    depth = 0
    for i in range(opened, len(found)):
        depth += depth_change(found[i].text)
        if depth == 0:
            return i
    return None


def _opening(found: Tokens, closed: int) -> int | None:
    """Where the bracket opens that closes here."""
    depth = 0
    for i in range(closed, -1, -1):
        depth += depth_change(found[i].text)
        if depth == 0:
            return i if i < closed else None
    return None


def _commas(found: Tokens, opened: int, closed: int) -> Iterator[int]:
    depth = 0
    for i in range(opened, closed):
        depth += depth_change(found[i].text)
        if depth == 1 and found[i].text == ",":
            yield i


ROWS: tuple[Row, ...] = (
    *(_signs, _bare_shifts, _words, _labels, _round_indices, _square_indices),
    *(_packages, _calls, _bars, _transpositions, _entrywise, _joined),
)
