"""Tokens to trees, for the oracle alone: a recursive descent over the notations of the corpus.

A tree is a tuple whose first item says what it is. An index is a dict from letters to coefficients, the
number under "". Whatever is not known raises Unreadable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from corpus import OPEN, Formula, Page, Token, Unreadable

Tree = tuple[Any, ...]
ELEMENTARY = ("\\tanh", "\\sigma", "\\exp", "\\ln", "\\log", "\\sinh", "\\cosh", "\\sin", "\\cos")
ORDER = {"\\le": 0, "\\leq": 0, "<": 1, "\\ge": 0, "\\geq": 0, ">": 1}
FRACTIONS = ("\\frac", "\\dfrac", "\\tfrac")
STYLES = ("\\mathbf", "\\hat", "\\mathcal", "\\bar", "\\tilde", "\\boldsymbol", "\\mathrm")
NO_NAME = frozenset(
    (
        *(*OPEN, *OPEN.values(), *FRACTIONS, *ORDER),
        *("+", "-", "=", ":=", "^", "_", "/", "'", "|", "&", ","),
        *("\\partial", "\\sum", "\\prod", "\\nabla", "\\cdot", "\\times", "\\top", "\\text"),
    )
)


@dataclass
class Names:
    """What the symbols of a page are: functions, names with time above, index letters."""

    functions: set[str] = field(default_factory=set)
    raised: set[str] = field(default_factory=set)
    applied: set[str] = field(default_factory=set)
    indices: set[str] = field(default_factory=lambda: {"t", "T"})


def names_of(page: Page) -> Names:
    """The declarations that a page's definitions and primes make."""
    found = Names()
    for formula in page.formulas:
        for member in formula.members:
            _skim(found, [t.text for t in member.tokens])
        _declare(found, formula)
    return found


def _skim(found: Names, texts: list[str]) -> None:
    """Index letters under Σ, Π and in subscripts; functions by their prime."""
    for at, text in enumerate(texts[:-1]):
        after = texts[at + 1]
        if text == "'" and after == "(":
            found.functions.add(texts[at - 1])
        if text == "_" and texts[at - 1] not in ("\\partial", "\\nabla"):
            group = texts[at + 2 : _match(texts, at + 1)] if after == "{" else [after]
            plain = all(g.isalnum() or g in ("+", "-", "\\le") for g in group)
            if plain:
                found.indices |= {g for g in group if g.isalpha()}


def _declare(found: Names, formula: Formula) -> None:
    """A definition says which names are functions and how time is written."""
    left = [t.text for t in formula.head.tokens]
    if left[0] in (*NO_NAME, *ELEMENTARY) or len(formula.members) < 2:
        return
    right = [t.text for t in formula.members[1].tokens]
    timed = left[1:2] == ["("] and left[2:3] == ["t"]
    if "^" in left[:5] and {"t"} & set(left):
        found.raised.add("")
    if left[1:2] == ["("] and not timed:
        found.functions.add(left[0])
    for at, text in enumerate(right[:-1]):
        if right[at + 1] != "(" or text in NO_NAME or text in ELEMENTARY:
            continue
        end = _match(right, at + 1)
        whole = at == 0 and end == len(right) - 1
        if whole or text in ("\\phi", "\\psi", "r") or "," in right[at + 1 : end]:
            found.functions.add(text)
    if timed:
        found.applied.add("")


def _match(texts: list[str], at: int) -> int:
    """Where the bracket at `at` closes."""
    depth = 0
    for i in range(at, len(texts)):
        depth += (texts[i] in OPEN) - (texts[i] in OPEN.values())
        if depth == 0:
            return i
    raise Unreadable("an open bracket")


def parse(found: tuple[Token, ...], names: Names) -> Tree:
    """The tree of a member."""
    reader = Reader([t.text for t in found], names)
    tree = reader.sum()
    if reader.at < len(reader.texts):
        raise Unreadable(f"{reader.here!r} after the end")
    return tree


def condition(found: tuple[Token, ...]) -> list[tuple[dict[str, int], dict[str, int], int]]:
    """`a ≤ b` triples (a, b, least difference) that a condition asks for; none for `t = 0, …`."""
    texts = [t.text for t in found]
    if "\\text" in texts:
        at = texts.index("\\text")
        texts = texts[:at] + texts[_match(texts, at + 1) + 1 :]
    texts = [t for t in texts if t not in ("(", ")")]
    parts: list[list[str]] = [[]]
    signs: list[str] = []
    for text in texts:
        if text in ORDER:
            signs.append(text)
            parts.append([])
        else:
            parts[-1].append(text)
    if not signs:
        return []
    ends = [linear(p) for p in parts]
    return [
        (b, a, ORDER[s]) if s in (">", "\\ge", "\\geq") else (a, b, ORDER[s])
        for a, b, s in zip(ends, ends[1:], signs, strict=False)
    ]


def linear(texts: Iterable[str]) -> dict[str, int]:
    """An index such as t-k+1 or 2T as letters with coefficients."""
    result: dict[str, int] = {"": 0}
    sign, number, expects = 1, None, True
    for text in texts:
        if text in ("+", "-"):
            if number is not None:
                result[""] += sign * number
            sign, number, expects = (1 if text == "+" else -1), None, True
        elif text.isdigit() and expects:
            number, expects = int(text), True
        elif len(text) == 1 and text.isalpha() and expects:
            result[text] = result.get(text, 0) + sign * (1 if number is None else number)
            number, expects = None, False
        else:
            raise Unreadable(f"{text!r} in an index")
    if expects and number is None:
        raise Unreadable("an index that ends early")
    if number is not None:
        result[""] += sign * number
    return result


class Reader:
    """Recursive descent over the texts of the tokens."""

    def __init__(self, texts: list[str], names: Names) -> None:
        self.texts, self.names, self.at = texts, names, 0
        self.bound: set[str] = set()

    @property
    def here(self) -> str:
        return self.texts[self.at] if self.at < len(self.texts) else ""

    def take(self, *texts: str) -> bool:
        if self.here in texts and self.here:
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.take(text):
            raise Unreadable(f"{self.here!r} for {text!r}")

    def group(self) -> list[str]:
        """The texts of a braced group or of a single token."""
        if self.here in ("", "}"):
            raise Unreadable("no group")
        if self.here != "{":
            self.at += 1
            return self.texts[self.at - 1 : self.at]
        end = _match(self.texts, self.at)
        inside = self.texts[self.at + 1 : end]
        self.at = end + 1
        return inside

    def sub(self, texts: list[str]) -> Reader:
        reader = Reader(texts, self.names)
        reader.bound = self.bound
        return reader

    def whole(self, texts: list[str]) -> Tree:
        reader = self.sub(texts)
        tree = reader.sum()
        if reader.here:
            raise Unreadable(f"{reader.here!r} in a group")
        return tree

    def sum(self) -> Tree:
        terms = [self.term()]
        while self.here in ("+", "-"):
            terms.append(self.term())
        return terms[0] if len(terms) == 1 else ("sum", terms)

    def term(self) -> Tree:
        negative = self.take("-") or (self.take("+") and False)
        factors = [self.factor()]
        while True:
            if self.take("\\cdot", "\\times") or self.begins():
                factors.append(self.factor())
            else:
                break
        if negative:
            factors.insert(0, ("num", Fraction(-1)))
        return factors[0] if len(factors) == 1 else ("prod", factors)

    def begins(self) -> bool:
        text = self.here
        if text in FRACTIONS or text in ("\\partial", "\\sum", "\\prod", "\\nabla", "\\underbrace"):
            return True
        return bool(text) and (text in OPEN or text not in NO_NAME)

    def factor(self) -> Tree:
        tree = self.primary()
        while self.here == "^":
            self.at += 1
            inside = self.group()
            above = ("transpose",) if inside == ["\\top"] else ("pow", self.whole(inside))
            tree = (above[0], tree, *above[1:])
        if self.here == "_" and tree[0] == "D":
            self.at += 1
            return ("via", tree, self.sub(self.group()).variable())
        return tree

    def primary(self) -> Tree:
        text = self.here
        if text[:1].isdigit():
            self.at += 1
            return ("num", Fraction(text))
        if text in OPEN:
            end = _match(self.texts, self.at)
            inside = self.texts[self.at + 1 : end]
            self.at = end + 1
            return self.whole(inside)
        if text in FRACTIONS:
            return self.fraction()
        if text in ("\\sum", "\\prod"):
            return self.big()
        if text == "\\partial":
            return self.slash()
        if text == "\\nabla":
            self.at += 1
            self.need("_")
            by = self.sub(self.group()).variable()
            return ("transpose", ("D", "total", self.variable(), by))
        if text == "\\underbrace":
            self.at += 1
            tree = self.whole(self.group())
            if self.take("_"):
                self.group()
            return tree
        return self.named()

    def fraction(self) -> Tree:
        self.at += 1
        above, below = self.group(), self.group()
        mark_above, mark_below = _differential(above), _differential(below)
        if not (mark_above and mark_below):
            return ("quot", self.whole(above), self.whole(below))
        by = self.sub(below[mark_below:])
        variable = by.variable()
        if by.here:
            raise Unreadable("more than a variable under a ∂")
        straight = above[0] != "\\partial"
        kind = "immediate" if above[mark_above:][:2] == ["^", "+"] else "total"
        rest = above[mark_above:]
        if rest[:4] == ["^", "{", "+", "}"]:
            kind, rest = "immediate", rest[4:]
        elif kind == "immediate":
            rest = rest[2:]
        if rest:
            return self.derivative(kind, rest, variable, straight)
        return self.operator(variable, straight)

    def derivative(self, kind: str, rest: list[str], by: Tree, straight: bool) -> Tree:
        """∂ `rest` / ∂ `by`, where rest is a variable, a call or a function's name."""
        if len(rest) == 1 and rest[0] in self.names.functions:
            return ("slotname", rest[0], by)
        of = self.whole(rest)
        if of[0] == "call" and kind == "total" and not straight and by in of[2]:
            return ("call", of[1], of[2], (of[2].index(by),))
        if of[0] not in ("var", "call"):
            raise Unreadable("a derivative of neither variable nor call")
        return ("D", kind, of, by)

    def operator(self, by: Tree, straight: bool) -> Tree:
        """\\frac{d}{dw} before what it acts on."""
        of = self.primary()
        if of[0] == "call" and not straight and by in of[2] and not of[3]:
            return ("call", of[1], of[2], (of[2].index(by),))
        return ("D", "total", of, by)

    def slash(self) -> Tree:
        """∂C/∂θ on one line, or ∂_w f(h, w)."""
        self.at += 1
        if self.take("_"):
            return self.slot(self.group())
        kind = "total"
        if self.take("^"):
            if self.group() != ["+"]:
                raise Unreadable("a mark at a ∂")
            kind = "immediate"
        of = self.variable()
        self.need("/")
        self.need("\\partial")
        return ("D", kind, of, self.variable())

    def slot(self, which: list[str]) -> Tree:
        call = self.primary()
        if call[0] != "call" or len(which) != 1:
            raise Unreadable("a slot of no call")
        if which[0].isdigit():
            at = int(which[0]) - 1
        else:
            named = [i for i, a in enumerate(call[2]) if a[:2] == ("var", which[0])]
            if len(named) != 1:
                raise Unreadable("no such slot")
            at = named[0]
        if at >= len(call[2]):
            raise Unreadable("no such slot")
        return ("call", call[1], call[2], (at,))

    def big(self) -> Tree:
        kind = "bigsum" if self.here == "\\sum" else "bigprod"
        self.at += 1
        low: dict[str, int] | None = None
        letter, high = "t", {"T": 1, "": 0}
        while self.here in ("_", "^"):
            if self.take("^"):
                high = linear(self.group())
                continue
            self.at += 1
            letter, low, stop = _bounds(self.group())
            high = stop or high
        outer, self.bound = self.bound, self.bound | {letter}
        tree = self.term()
        self.bound = outer
        return (kind, letter, low or {"": 1}, high, tree)

    def variable(self) -> Tree:
        tree = self.named()
        if tree[0] != "var":
            raise Unreadable("no variable")
        return tree

    def name(self) -> str:
        text = self.here
        if not text or text in NO_NAME or text[0].isdigit():
            raise Unreadable(f"{text!r} for a name")
        self.at += 1
        if text in STYLES:
            return f"{text}{{{''.join(self.group())}}}"
        if text.startswith("\\") and text[1:] in ("langle", "rangle", "dots"):
            raise Unreadable(text)
        return text

    def named(self) -> Tree:
        name = self.name()
        if name in ELEMENTARY:
            return self.elementary(name)
        index = name in self.bound or name in ("t", "T") or self._is_free_index(name)
        if index and self.here not in ("_", "'"):
            return ("index", {name: 1, "": 0})
        time = linear(self.group()) if self.take("_") else None
        slots: tuple[int, ...] = ()
        while self.take("'"):
            slots = (0,)
        copy = None
        if self.here == "^" and not slots and time is None:
            time, copy = self.above()
        if self.here == "(" and name in self.names.functions and time is None:
            return ("call", name, self.arguments(), slots)
        if self.here == "(" and self.names.applied and time is None:
            self.need("(")
            end = self.texts.index(")", self.at)
            time = linear(self.texts[self.at : end])
            self.at = end + 1
        if slots or (name in self.names.functions and time is None):
            raise Unreadable(f"{name} without arguments")
        return ("var", name, _key(time), _key(copy))

    def _is_free_index(self, name: str) -> bool:
        return name in self.names.indices and self.here not in ("_", "(", "^", "'")

    def above(self) -> tuple[Any, Any]:
        """A superscript that is time or a copy; nothing is taken where it is a power."""
        start = self.at
        self.need("^")
        inside = self.group()
        wrapped = inside[0] in ("(", "\\langle") and inside[-1] in (")", "\\rangle")
        core = inside[1:-1] if wrapped else inside
        letters = {c for c in core if c.isalpha() and len(c) == 1}
        if wrapped or (self.names.raised and letters and letters <= self.names.indices):
            time = linear(core)
            return (time, None) if self.names.raised else (None, time)
        self.at = start
        return None, None

    def arguments(self) -> list[Tree]:
        self.need("(")
        found = [self.sum()]
        while self.take(","):
            found.append(self.sum())
        self.need(")")
        return found

    def elementary(self, name: str) -> Tree:
        power = self.whole(self.group()) if self.take("^") else None
        slots: tuple[int, ...] = ()
        if self.take("'"):
            slots = (0,)
        arguments = self.arguments()
        if len(arguments) != 1:
            raise Unreadable(f"{name} of several arguments")
        call = ("call", name, arguments, slots)
        return ("pow", call, power) if power else call


def _key(time: dict[str, int] | None) -> tuple[tuple[str, int], ...] | None:
    """An index as a tuple that can be compared."""
    if time is None:
        return None
    return tuple(sorted((a, n) for a, n in time.items() if n or a == ""))


def _differential(texts: list[str]) -> int:
    """How many tokens a leading d or ∂ takes; 0 where there is none."""
    if texts[:1] == ["\\partial"]:
        return 1
    if texts[:1] == ["d"] and (len(texts) == 1 or texts[1] not in ("_", "^", "(")):
        return 1
    if texts[:4] == ["\\mathrm", "{", "d", "}"]:
        return 4
    return 2 if texts[:2] == ["\\mathrm", "d"] else 0


def _bounds(texts: list[str]) -> tuple[str, dict[str, int] | None, dict[str, int] | None]:
    """What stands below a Σ: t, t=1, 1 \\le k \\le t, s \\ge t."""
    if len(texts) == 1:
        return texts[0], None, None
    if texts[1] == "=":
        return texts[0], linear(texts[2:]), None
    if texts[1] == "\\ge":
        return texts[0], linear(texts[2:]), None
    signs = [i for i, t in enumerate(texts) if t == "\\le"]
    if len(signs) != 2 or signs[1] != signs[0] + 2:
        raise Unreadable("bounds")
    return texts[signs[0] + 1], linear(texts[: signs[0]]), linear(texts[signs[1] + 1 :])
