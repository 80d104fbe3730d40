"""Signs, functions and vectors as people type them: `**2`, `|x|`, `max(0, a)`, `f * c`, `[h, x]`.

A part of the table in `typed`, where the order of the rows stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from derive.notation.rewriting import (
    Tokens,
    Typed,
    as_name,
    closing,
    commas,
    ends_name,
    is_letter,
    letters_of,
    opening,
    replaced,
    run_end,
    touching,
)
from derive.notation.scope import RELATIONS, WORDS, group_at, spelled
from derive.notation.tokens import OPENS, Token, depth_change

DASHES = {
    "\u2010": "hyphen", "\u2011": "hyphen", "\u2012": "dash", "\u2013": "dash", "\u2014": "dash",
}  # fmt: skip
PARTS = {"½": ("1", "2"), "¼": ("1", "4"), "¾": ("3", "4"), "⅓": ("1", "3"), "⅔": ("2", "3")}
OF_PACKAGES = {"\\nicefrac": 2, "\\sfrac": 2, "\\flatfrac": 2, "\\pdv": 2, "\\dv": 2}
DERIVATIVES = {"\\pdv": "\\partial", "\\dv": "d"}
BARS = {"|": "", "\\vert": "", "\\lvert": "(", "\\rvert": ")"}
DOUBLE = {"\\|": "", "\\Vert": "", "\\lVert": "(", "\\rVert": ")"}
KNOWN = (*WORDS, "max", "min", "abs", "sqrt")
# After these something begins; what stands before a bar that opens.
OPENERS = frozenset(
    (*OPENS, *RELATIONS, *("+", "-", "*", "/", ",", ";", "|", "\\|", "\\cdot", "\\times", "\\odot"))
)


# -- signs ------------------------------------------------------------------------------------------


def signs(typed: Typed) -> Tokens:
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
        elif pair == "**" and touching(found, at):
            at += 1
            changed |= {at - 1: [Token("char", "^", token.offset)], at: []}
            changed |= _exponent(found, at + 1)
            typed.say("** is a power")
        elif pair == "==" and touching(found, at):
            at += 1
            changed[at] = []
            typed.say("== is =")
        at += 1
    return replaced(found, changed)


def _fraction(above: Sequence[Token], below: str, offset: int) -> list[Token]:
    opened, closed = Token("char", "{", offset), Token("char", "}", offset)
    under = [opened, Token("number", below, offset), closed]
    return [Token("macro", "\\frac", offset), opened, *above, closed, *under]


def _exponent(found: Tokens, at: int) -> dict[int, list[Token]]:
    """Braces around a number or a group that is an exponent."""
    close = closing(found, at) if found[at].text == "(" else at
    if close is None or found[at].kind == "end":
        return {}
    offset = found[at].offset
    if close == at:
        return {at: [Token("char", "{", offset), found[at], Token("char", "}", offset)]}
    return {at: [Token("char", "{", offset)], close: [Token("char", "}", found[close].offset)]}


def bars(typed: Typed) -> Tokens:
    """|x| is the square root of x², ||x|| a norm, and ‖x‖₂ the same."""
    found, changed = typed.found, dict[int, list[Token]]()
    opened: list[str] = []
    at = 0
    while at < len(found):
        token = found[at]
        pair = token.text == "|" == found[at + 1].text and touching(found, at)
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
    return replaced(found, changed)


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


def calls(typed: Typed) -> Tokens:
    """max(0, x), abs(x), sqrt(x), \\relu(x)."""
    found, changed = typed.found, dict[int, list[Token]]()
    at = 0
    while at < len(found):
        name, after = _called(found, at)
        close = closing(found, after) if name and found[after].text in ("(", "\\{") else None
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
            changed[at] = [t for t in as_name(str(name), found[at].offset)]
        at = max(after, at + 1)
    return replaced(found, changed)


def _called(found: Tokens, at: int) -> tuple[str | None, int]:
    """The function of KNOWN that is called here, whichever way it is written, and where its name ends."""
    token = found[at]
    if token.kind == "macro" and token.text[1:] in KNOWN and token.text != "\\sqrt":
        return token.text[1:], at + 1
    if token.kind == "macro" and token.text in ("\\mathrm", "\\operatorname", "\\text"):
        inside, after = group_at(found, at + 1)
        word = spelled(inside)
        return (word, after) if word in ("max", "min", "abs", "sqrt") else (None, after)
    if at and is_letter(found[at - 1]) and touching(found, at - 1):
        return None, at
    end = run_end(found, at)
    word = letters_of(found, at, end)
    known = word in ("max", "min", "abs", "sqrt") and found[end].text in ("(", "\\{")
    return (word, end) if known else (None, max(end, at + 1))


def _rectifies(
    typed: Typed, changed: dict[int, list[Token]], at: int, opened: int, close: int
) -> bool:
    """max(0, a) or max(a, 0), written as ReLU(a)."""
    found = typed.found
    between = list(commas(found, opened, close))
    if len(between) != 1 or _called(found, at)[0] == "min":
        return False
    (comma,) = between
    first, second = found[opened + 1 : comma], found[comma + 1 : close]
    gone = range(opened + 1, comma + 1) if spelled(first) == "0" else range(comma, close)
    if "0" not in (spelled(first), spelled(second)):
        return False
    changed |= {i: [] for i in (*range(at, opened), *gone)}
    offset = found[at].offset
    changed[opened] = [*as_name("ReLU", offset), Token("char", "(", found[opened].offset)]
    changed[close] = [Token("char", ")", found[close].offset)]
    typed.say("max(0, a) is ReLU(a)")
    return True


def packages(typed: Typed) -> Tokens:
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
    return replaced(found, changed)


# -- vectors ----------------------------------------------------------------------------------------


def transpositions(typed: Typed) -> Tokens:
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
    return replaced(found, changed)


def _base_with_step(found: Tokens, at: int) -> int | None:
    """Where a name with a step, or a bracket around one, begins that ends before the token `at`."""
    begin = opening(found, at - 1)
    if begin is None:
        if at > 2 and found[at - 2].text == "_" and found[at - 1].text == "t":
            return at - 3 if ends_name(found, at - 3) else None
        return None
    inside = found[begin:at]
    step = any(a.text == "_" and "t" in _script(inside, i) for i, a in enumerate(inside))
    if found[begin].text == "{":
        named = begin > 1 and found[begin - 1].text == "_" and ends_name(found, begin - 2)
        step = named and any(t.text == "t" for t in inside)
        return begin - 2 if step else None
    return begin if step else None


def _matrix(found: Tokens, at: int) -> int | None:
    """Where a capital letter begins, with a label perhaps, that ends before the token `at`."""
    begin = opening(found, at - 1)
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


def entrywise(typed: Typed) -> Tokens:
    """f_t * c_{t-1} between vectors is f_t \\odot c_{t-1}."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        if token.text != "*" or not typed.habits.arrays or at < 2:
            continue
        if _base_with_step(found, at) is not None and not _is_number(found, at + 1):
            changed[at] = [Token("macro", "\\odot", token.offset)]
            typed.say("* between vectors is the entrywise product ⊙")
    return replaced(found, changed)


def _is_number(found: Tokens, at: int) -> bool:
    return found[at].kind in ("number", "end")


def joined(typed: Typed) -> Tokens:
    """[h_{t-1}, x_t] is [h_{t-1}; x_t]."""
    found, changed = typed.found, dict[int, list[Token]]()
    for at, token in enumerate(found):
        close = closing(found, at) if token.text == "[" else None
        between = list(commas(found, at, close)) if close is not None else []
        if between:
            changed |= {i: [Token("char", ";", found[i].offset)] for i in between}
            typed.say("[a, b] is one vector, a above b")
    return replaced(found, changed)
