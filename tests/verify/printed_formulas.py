"""What `verify --why` prints, from characters to trees: a reader that shares nothing with `derive`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Tree = tuple[Any, ...]
Element = tuple[str, tuple[int, ...]]

SMALL = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₜₖₛₙᵢⱼₘₚ", "0123456789+-tksnijmp", strict=True))
MARKS = {"\\hat": "\u0302", "\\bar": "\u0304", "\\tilde": "\u0303", "\\dot": "\u0307"}
DECORATION = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|mathrm|text|mathcal|operatorname|mathsf|mathit)(?![a-z])"
)
TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)|(?P<derivative>∂⁺?)(?![₀-₉])|(?P<big>[ΣΠ])|(?P<space> )"
    r"|(?P<name>√|(?:[^\W\d_₀-₉ₐ-ₜᵢ-ᵥⱼ²³]|[\u0300-\u036f]|′)+)|(?P<low>[₀-₉₊₋ₜₖₛₙᵢⱼₘₚ]+)|(?P<sign>.)"
)


class Illegible(Exception):
    """A print that the pencil does not read."""


# -- characters to trees ----------------------------------------------------------------------------


@dataclass
class Reader:
    """Reads one printed formula; `names` are the names that are known to have `_` or `^` in them."""

    text: str
    names: frozenset[str]
    at: int = 0

    def peek(self, what: str) -> bool:
        return self.text.startswith(what, self.at)

    def take(self, what: str) -> None:
        if not self.peek(what):
            raise Illegible(f"{what!r} expected at {self.text[self.at : self.at + 20]!r}")
        self.at += len(what)

    def sum(self) -> Tree:
        terms = [self.product()]
        while self.peek(" + ") or self.peek(" − "):
            sign = self.text[self.at + 1]
            self.at += 3
            term = self.product()
            terms.append(term if sign == "+" else ("times", ("number", "-1"), term))
        return terms[0] if len(terms) == 1 else ("plus", *terms)

    def product(self) -> Tree:
        if self.peek("−"):
            self.at += 1
            return ("times", ("number", "-1"), self.product())
        factors = [self.power()]
        while True:
            if self.peek("/"):
                self.at += 1
                factors.append(("power", self.power(), ("number", "-1")))
            elif self.peek(" ") and not re.match(
                r" (?:[+−=;<>≤≥≠]|if |neq |via |with |at |of )", self.text[self.at :]
            ):
                self.at += 1
                factors.append(self.power())
            else:
                return factors[0] if len(factors) == 1 else ("times", *factors)

    def power(self) -> Tree:
        base = self.atom()
        while True:
            if self.peek("²") or self.peek("³"):
                base = ("power", base, ("number", "2" if self.peek("²") else "3"))
                self.at += 1
            elif self.peek("^"):
                self.at += 1
                base = ("power", base, self.exponent())
            else:
                return base

    def exponent(self) -> Tree:
        if self.peek("("):
            end = self.closing("(", ")")
            inside = self.text[self.at + 1 : end]
            if re.fullmatch(r"[-+−\w]+", inside):
                self.at = end + 1
                return ("index", inside)
        return self.atom()

    def closing(self, opened: str, closed: str) -> int:
        depth = 0
        for i in range(self.at, len(self.text)):
            depth += (self.text[i] == opened) - (self.text[i] == closed)
            if not depth:
                return i
        raise Illegible(f"no end of {opened}")

    def atom(self) -> Tree:
        if self.peek("("):
            return self.bracket()
        if self.peek("["):
            return self.stack()
        if self.peek("|"):
            self.at += 1
            inner = self.sum()
            self.take("|")
            return ("call", "|", (), (inner,))
        match = TOKEN.match(self.text, self.at)
        if match is None:
            raise Illegible(self.text[self.at :])
        if match["derivative"]:
            self.at = match.end()
            return self.derivative(match["derivative"] == "∂⁺")
        if match["number"]:
            self.at = match.end()
            return ("number", match["number"])
        if match["big"]:
            self.at = match.end()
            return self.big(match["big"])
        if match["name"]:
            return self.name()
        slot = re.compile(r"∂([₀-₉])").match(self.text, self.at)
        if slot is not None:
            self.at = slot.end()
            return ("slot", int(SMALL[slot[1]]), self.name())
        raise Illegible(self.text[self.at : self.at + 20])

    def bracket(self) -> Tree:
        self.take("(")
        if self.peek("("):
            inverse = self.inverse()
            if inverse is not None:
                return inverse
        inner = self.sum()
        if self.peek(" if "):
            self.at += 4
            left = self.sum()
            relation = re.compile(r" (=|≠|neq|<|>|≤|≥) ").match(self.text, self.at)
            if relation is None:
                raise Illegible(self.text[self.at :])
            self.at = relation.end()
            right = self.sum()
            self.take(", else ")
            other = self.sum()
            inner = ("case", left, relation[1], right, inner, other)
        if self.peek(" at "):
            self.at += len(" at ")
            name = self.name()
            self.take(" = ")
            inner = ("where", inner, name, self.sum())
        self.take(")")
        return inner

    def inverse(self) -> Tree | None:
        """((A_{k,l})⁻¹)_{i,j}, behind its first bracket; None for what is none."""
        kept = self.at
        self.take("(")
        inner = self.sum()
        if not self.peek(")⁻¹)"):
            self.at = kept
            return None
        self.at += len(")⁻¹)")
        self.indices()
        return ("inverse", inner)

    def stack(self) -> Tree:
        self.take("[")
        parts = [self.sum()]
        while self.peek("; "):
            self.at += 2
            parts.append(self.sum())
        self.take("]")
        return ("stack", self.indices()[0], *parts)

    def derivative(self, immediate: bool) -> Tree:
        of = self.power()
        self.take("/∂")
        by = self.name()
        if self.peek(" via ") or self.peek(") via") or self.peek(") with"):
            raise Illegible("a path")
        return ("derivative", immediate, of, by)

    def big(self, sign: str) -> Tree:
        bounded = re.compile(r"_\{([^=}]+)=([^}]+)\}\^\{([^}]+)\}").match(self.text, self.at)
        if bounded is not None:
            self.at = bounded.end()
            bounds: Any = bounded[2], bounded[3]
            letter = bounded[1]
        else:
            (letter,), bounds = self.indices(), None
        self.take(" ")
        return ("big", sign, letter, bounds, self.body())

    def body(self) -> Tree:
        """What a Σ stands before: the factors behind it."""
        return self.product()

    def indices(self) -> tuple[str, ...]:
        match = re.compile(r"_\{([^}]*)\}|_(\w)|([₀-₉₊₋ₜₖₛₙᵢⱼₘₚ]+)").match(self.text, self.at)
        if match is None:
            return ()
        self.at = match.end()
        if match[3]:
            return ("".join(SMALL[c] for c in match[3]),)
        return tuple((match[1] or match[2]).split(","))

    def name(self) -> Tree:
        match = TOKEN.match(self.text, self.at)
        if match is None or not match["name"]:
            raise Illegible(self.text[self.at : self.at + 20])
        own = [n for n in self.names if self.text.startswith(n, self.at)]
        name = max((match["name"], *own), key=len)
        self.at += len(name)
        more = re.compile(r"[_^][^\W_]+(?=_\{|[₀-₉ₜₖₛₙᵢⱼₘₚ])|_\d").match(self.text, self.at)
        if (more is not None and not more[0].startswith("^")) or (more and name not in self.names):
            name, self.at = name + more[0], more.end()
        if self.peek("^+"):
            name, self.at = name + "^+", self.at + 2
        index = self.indices()
        if not self.peek("("):
            return ("name", name, index)
        self.at += 1
        inner = [self.sum()]
        while self.peek(", "):
            self.at += 2
            inner.append(self.sum())
        self.take(")")
        return ("call", name, index, tuple(inner))


def read(text: str, names: frozenset[str]) -> Tree:
    reader = Reader(text, names)
    found = reader.sum()
    if reader.at < len(text):
        raise Illegible(f"{text[reader.at :]!r} is left over")
    return found


def parts(tree: Any) -> Iterator[Tree]:
    if isinstance(tree, tuple):
        if tree and isinstance(tree[0], str):
            yield tree
        for part in tree:
            yield from parts(part)


# -- names in LaTeX, as the print spells them -------------------------------------------------------

SLOPE = re.compile(r"\\frac\{\\partial(?:\^\+)? (.*)\}\{\\partial (.*)\}")
HEAD = re.compile(r"_\{[^}]*\}$|[₀-₉₊₋ₜₖₛₙᵢⱼₘₚ]+$|_\w$")
MEMBER = re.compile(
    r"(?:\{(?P<braced>.*?)\}|(?P<bare>.*?))(?:_(?:\{(?P<many>[-\d,]+)\}|(?P<one>\d)))?"
)


def element(latex: str) -> Element:
    """W_{2,1} as the name W and its indices."""
    match = MEMBER.fullmatch(latex)
    assert match is not None
    name = unbraced(match["braced"] if match["braced"] is not None else match["bare"])
    index = match["many"] or match["one"]
    return name, tuple(map(int, index.split(","))) if index else ()


def unbraced(latex: str) -> str:
    """A name as the print has it: \\theta as θ, \\hat{y} as ŷ, W_{hh} as W_hh."""
    text = DECORATION.sub("", latex)
    for macro, mark in MARKS.items():
        text = re.sub(
            rf"{re.escape(macro)}(?:wide)?\s*(?:\{{([^{{}}]*)\}}|(\\?\w+))",
            lambda m, mark=mark: (m[1] or m[2]) + mark,  # type: ignore[misc]
            text,
        )
    text = re.sub(r"\\([a-zA-Z]+) ?", lambda m: letter(m[1]), text)
    return unicodedata.normalize("NFC", re.sub(r"[{}\s]", "", text))


def letter(macro: str) -> str:
    if macro == "ell":
        return "ℓ"
    if macro in ("phi", "epsilon"):
        return {"phi": "ϕ", "epsilon": "ϵ"}[macro]
    special = {"varphi": "φ", "varepsilon": "ε", "vartheta": "ϑ", "lambda": "λ"}
    if macro in special:
        return special[macro]
    size = "CAPITAL" if macro[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {macro.upper()}")
    except KeyError:
        return macro
