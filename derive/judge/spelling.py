"""Formulas of the core as people read them: one line of Unicode, component letters as i, j, k."""

from __future__ import annotations

from fractions import Fraction

from derive.algebra.core import (
    Add,
    App,
    Arg,
    At,
    Big,
    Case,
    Chain,
    Core,
    D,
    Delta,
    Fn,
    Inverse,
    Known,
    Lost,
    Mul,
    Num,
    Pow,
    Ref,
    Size,
    Solved,
    Stack,
    Where,
    letters_in,
    num,
    walk,
)
from derive.algebra.expression import Time
from derive.notation.marked import unmarked
from derive.notation.unicode import BELOW, _letters

COMPONENTS = "ijklmnpqrsuvwxyz"
LONGEST = 400
SUM, PRODUCT, WHOLE = 0, 1, 2  # how tightly a place binds

OF = " of"  # how an unknown function is marked that a page writes with its arguments alone


def name_of(key: str) -> str:
    """A name as it is read: \\theta is θ, without what the judge marks it with."""
    plain = unmarked(key.split("∅")[0].rstrip("·"))
    told = f"some {plain.removesuffix(OF)}" if plain.endswith(OF) else plain
    return _letters(told).replace("{", "").replace("}", "")


def letters_written(x: Core) -> frozenset[str]:
    """The letters of indices that a formula shows as the page has them, bound ones, too."""
    parts = tuple(walk(x))
    bound = {p.letter for p in parts if isinstance(p, Big | Chain)}
    return frozenset(a for a in bound.union(*map(letters_in, parts)) if len(a) == 1)


class Speller:
    """Spells the formulas of one line; the same component letter has the same spelling in all of them."""

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self.taken = taken
        self.letters: dict[str, str] = {}

    def short(self, x: Core) -> str:
        """The spelling, cut where it is too long to be read."""
        try:
            found = self.spelled(x)
        except RecursionError:
            return "…"
        return found if len(found) <= LONGEST else f"{found[:LONGEST].rstrip()} …"

    def time(self, index: Time) -> str:
        """An index: t−1, 2k, T."""
        text = ""
        for letter, count in index.letters:
            sign = "-" if count < 0 else "+" if text else ""
            text += f"{sign}{abs(count) if abs(count) != 1 else ''}{self.letter(letter)}"
        if index.shift or not text:
            text += f"{'+' if text and index.shift > 0 else ''}{index.shift}"
        return text

    def letter(self, letter: str) -> str:
        """A letter of the page as it is; one of the judge's own as the next component letter."""
        plain = _letters(letter)
        if plain.replace("′", "").isalpha() and "\\" not in letter:
            return plain
        if letter not in self.letters:
            used = {*self.letters.values(), *self.taken}
            free = (a for a in COMPONENTS if a not in used)
            self.letters[letter] = next(free, f"i{len(self.letters)}")
        return self.letters[letter]

    def index(self, indices: tuple[Time, ...]) -> str:
        """A subscript, in small letters where all of them exist."""
        if not indices:
            return ""
        text = ",".join(map(self.time, indices))
        if len(indices) == 1 and all(ord(char) in BELOW for char in text):
            return text.translate(BELOW)
        return f"_{text}" if len(text) == 1 else f"_{{{text}}}"

    def spelled(self, x: Core, place: int = SUM) -> str:
        """A formula; with brackets where `place` binds tighter."""
        text, binds = self._written(x)
        return f"({text})" if binds < place else text

    def _written(self, x: Core) -> tuple[str, int]:
        match x:
            case Num(value):
                return _number(value), PRODUCT if value < 0 or value.denominator > 1 else WHOLE
            case Known(name):
                return name_of(name), WHOLE
            case At(index):
                return self.time(index), WHOLE if len(index.letters) + bool(
                    index.shift
                ) < 2 else SUM
            case Size(dim):
                return self.letter(dim) if dim.isalpha() else "the size", WHOLE
            case Ref(name, index):
                return name_of(name) + self.index(index), WHOLE
            case Fn(name, args):
                return self._applied(name, args), WHOLE
            case App(name, args, index, slots):
                marks = "".join(f"∂{self.index((Time.at(slot + 1),))}" for slot, _ in slots)
                inner = ", ".join(map(self.spelled, args))
                return f"{marks}{name_of(name)}{self.index(index)}({inner})", WHOLE
            case Arg(_, _, body):
                return self.spelled(body), SUM
            case Add(terms):
                return self._sum(terms), SUM
            case Mul(factors):
                return self._product(factors), PRODUCT
            case Pow(base, exponent):
                return self._power(base, exponent)
            case Big() | Chain():
                return self._over(x), PRODUCT
            case Delta(a, b):
                return f"δ{self.index((a, b))}", WHOLE
            case D():
                return self._derivative(x), WHOLE
            case _:
                return self._rare(x), WHOLE

    def _rare(self, x: Core) -> str:
        match x:
            case Case(a, relation, b, then, other):
                sides = f"{self.spelled(a)} {name_of(relation)} {self.spelled(b)}"
                return f"({self.spelled(then)} if {sides}, else {self.spelled(other)})"
            case Stack(index, parts):
                inner = "; ".join(self.spelled(body) for _, _, body in parts)
                return f"[{inner}]{self.index((index,))}"
            case Inverse(_, _, _, body, at):
                return f"(({self.spelled(body)})⁻¹){self.index(at)}"
            case Where(body, values):
                held = ", ".join(f"{self.spelled(a)} = {self.spelled(b)}" for a, b in values)
                return f"({self.spelled(body)} at {held})"
            case Solved(name, body):
                return f"(the {self.spelled(name)} with {self.spelled(body)} = 0)"
            case Lost(name, parts):
                inner = ", ".join(map(self.spelled, parts))
                return f"{name_of(name)}‹{inner}›"
            case _:
                return "…"

    def _applied(self, name: str, args: tuple[Core, ...]) -> str:
        inner = ", ".join(map(self.spelled, args))
        if name == "\\abs":
            return f"|{inner}|"
        word = "√" if name == "\\sqrt" else name_of(name)
        return f"{word}({inner})"

    def _sum(self, terms: tuple[Core, ...]) -> str:
        text = self.spelled(terms[0])
        for term in terms[1:]:
            more = self.spelled(term)
            text += f" − {more[1:]}" if more.startswith("−") else f" + {more}"
        return text

    def _product(self, factors: tuple[Core, ...]) -> str:
        sign, rest = "", list(factors)
        if isinstance(rest[0], Num) and rest[0].value < 0 and len(rest) > 1:
            sign, value = "−", -rest[0].value
            rest = rest[1:] if value == 1 else [Num(value), *rest[1:]]
        below = [f for f in rest if _is_inverse(f)]
        above = [f for f in rest if not _is_inverse(f)]
        text = " ".join(self._factor(f, i == len(above) - 1) for i, f in enumerate(above)) or "1"
        for f in below:
            assert isinstance(f, Pow)
            text += f"/{self.spelled(f.base, WHOLE)}"
        return sign + text

    def _factor(self, factor: Core, last: bool) -> str:
        if isinstance(factor, Big | Chain) and not last:
            return f"({self.spelled(factor)})"
        return self.spelled(factor, WHOLE if isinstance(factor, Num) else PRODUCT)

    def _power(self, base: Core, exponent: Core) -> tuple[str, int]:
        if exponent == num(2) and isinstance(base, Fn) and base.name == "\\sqrt":
            return self._written(base.args[0])
        inner = self.spelled(base, WHOLE)
        if exponent == Num(Fraction(-1)):
            return f"1/{inner}", PRODUCT
        if isinstance(exponent, Num) and exponent.value in (2, 3):
            return f"{inner}{'²' if exponent.value == 2 else '³'}", WHOLE
        return f"{inner}^{self.spelled(exponent, WHOLE)}", WHOLE

    def _over(self, x: Big | Chain) -> str:
        sign = "Σ" if isinstance(x, Big) and x.kind == "sum" else "Π"
        letter = self.letter(x.letter)
        if x.lower is None or x.upper is None:
            bounds = f"{sign}{self.index((Time.of(x.letter),))}"
        else:
            bounds = f"{sign}_{{{letter}={self.time(x.lower)}}}^{{{self.time(x.upper)}}}"
        body = self.spelled(x.body, PRODUCT)
        return f"{bounds} ({body})" if body.startswith("−") else f"{bounds} {body}"

    def _derivative(self, d: D) -> str:
        of = self.spelled(d.of, WHOLE)
        text = f"∂{'⁺' if d.mode in ('own', 'step') else ''}{of}/∂{self.spelled(d.by, WHOLE)}"
        if d.mode == "via":
            return f"({text}) via {', '.join(map(name_of, d.names))}"
        if d.mode == "held":
            return f"({text}) with {', '.join(map(name_of, d.names))} held"
        return text


def _is_inverse(x: Core) -> bool:
    return isinstance(x, Pow) and x.exponent == Num(Fraction(-1))


def _number(value: Fraction) -> str:
    return f"{'−' if value < 0 else ''}{abs(value)}"
