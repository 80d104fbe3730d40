"""The grammar: tokens and a scope to typed nodes. A Pratt parser; nothing is evaluated.

What a letter is (function or quantity, power or time) is decided by the scope, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from math import gcd, inf
from typing import NoReturn

from derive.algebra.expression import (
    MINUS_ONE,
    BigProduct,
    BigSum,
    Call,
    Equation,
    Expr,
    Gradient,
    Hadamard,
    Held,
    Immediate,
    Index,
    Number,
    Partial,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Transpose,
    Truncated,
    Tuple,
    Variable,
    Via,
    number,
)
from derive.errors import DeriveError, Place
from derive.notation.latex import CONCATENATION, NORM
from derive.notation.rows import rows
from derive.notation.scope import (
    ELEMENTARY,
    FUNCTION_LETTERS,
    RELATIONS,
    STYLES,
    UPRIGHT,
    WORDS,
    Scope,
    Script,
    arguments_at,
    collect,
    group_at,
    has_index,
    index_letters,
    name_at,
    spelled,
    unwrapped,
)
from derive.notation.tokens import DEEPEST_NESTING, GREEK, OPENS, Source, Token, tokens

GREATEST_EXPONENT = 1000
TIMES = ("\\cdot", "\\times", "*", "\\ast")
FRACTIONS = ("\\frac", "\\dfrac", "\\tfrac", "\\cfrac")
DOTS = ("\\cdots", "\\dots", "\\ldots", "\\dotsc", "\\dotsb", "\\vdots")
ENTRYWISE = ("\\odot", "\\circ")
NORMS = {"\\lVert": "\\rVert", "\\Vert": "\\Vert", "\\|": "\\|"}
TRANSPOSED = frozenset(
    (
        "\\top",
        "\\intercal",
        *(f"\\{s}{t}" for s in ("mathsf", "mathrm", "text") for t in ("{T}", " T")),
    )
)
BOLD = ("\\mathbf{", "\\boldsymbol{", "\\bm{")
NO_FACTOR = frozenset(
    (
        *(*RELATIONS, *TIMES, *UPRIGHT, *ENTRYWISE),
        *("\\le", "\\leq", "\\ge", "\\geq", "\\langle", "\\rangle", "\\rVert"),
    )
)
FEWER = ("\\le", "\\leq")


@dataclass(frozen=True, slots=True)
class Statement:
    """`left` relation `right`, as it stands at `place`; relation is "=", ":=" or "in".

    `said` is what was taken for what in the text from which it comes.
    """

    left: Expr
    right: Expr
    relation: str
    place: Place | None
    source: str
    said: tuple[tuple[str | Variable, ...], ...] = ()


def parse_expression(text: str, scope: Scope, place: Place | None = None) -> Expr:
    """The expression that `text` writes; DeriveError with the place where it is none."""
    source = _source(text, place)
    parser = Parser(source, tokens(source), scope)
    with parser.bounded():
        return parser.whole()


def parse_equation(text: str, scope: Scope, place: Place | None = None) -> Equation:
    """The equation that `text` writes, with exactly one equals sign."""
    statement = parse_statement(_source(text, place), 0, len(text), scope)
    return Equation(statement.left, statement.right)


def parse_formula(text: str, scope: Scope, place: Place | None = None) -> tuple[Statement, ...]:
    """The definitions that stand in one formula, in rows or side by side."""
    source = _source(text, place)
    return tuple(parse_statement(source, a, b, scope) for a, b in rows(text, 0, len(text)))


def parse_statement(
    source: Source, start: int, end: int, scope: Scope, found: tuple[Token, ...] = ()
) -> Statement:
    """One definition: a left side, a relation, a right side; `found` are its tokens, if known."""
    parser = Parser(source, found or tokens(source, start, end), scope)
    first = parser.here.offset
    with parser.bounded():
        left = parser.expression()
        relation = parser.relation()
        right = parser.shape() if relation == "in" else parser.expression()
        if parser.here.text in RELATIONS:
            parser.fail("the end of the formula, since a definition has one relation sign")
        parser.expect_end()
    return Statement(left, right, relation, source.place(first), source.text[first:end])


def scope_of(*texts: str) -> Scope:
    """The scope that the formulas `texts` declare together."""
    sources = [Source(f"formula {i}", text) for i, text in enumerate(texts, 1)]
    return collect((source, tokens(source)) for source in sources)


def _source(text: str, place: Place | None) -> Source:
    place = place or Place("formula", 1, 1)
    return Source(place.path, text, place.line, place.column)


class Parser:
    """Reads one formula, or one group of it; `at` is the token that comes next.

    `closing` is what stands after the last token of a group; `depth` counts the parts around it.
    """

    def __init__(
        self,
        source: Source,
        found: tuple[Token, ...],
        scope: Scope,
        closing: str = "",
        depth: int = 0,
    ) -> None:
        self.source = source
        self.found = found
        self.scope = scope
        self.closing = closing
        self.depth = depth
        self.at = 0

    # -- tokens -----------------------------------------------------------------------------------

    @property
    def here(self) -> Token:
        return self.found[self.at]

    def fail(self, expected: str, token: Token | None = None) -> NoReturn:
        """Raises DeriveError: expected …, found …, at the place of the token."""
        token = token or self.here
        text = self.closing if token.kind == "end" else token.text
        found = f"'{text}'" if text else "the end of the formula"
        raise DeriveError(f"expected {expected}, found {found}", self.source.place(token.offset))

    def refuse(self, sentence: str, token: Token) -> NoReturn:
        raise DeriveError(sentence, self.source.place(token.offset))

    def take(self, *texts: str) -> bool:
        if self.here.text in texts and self.here.kind != "end":
            self.at += 1
            return True
        return False

    def need(self, text: str, why: str = "") -> None:
        if not self.take(text):
            self.fail(f"'{text}'{why}")

    def expect_end(self) -> None:
        if self.here.kind != "end":
            self.fail("an operator or the end of the formula")

    def whole(self) -> Expr:
        """The expression that fills the formula or the group."""
        result = self.expression()
        self.expect_end()
        return result

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Turns the interpreter's own limit, met on a stack that was deep before, into ours."""
        try:
            yield
        except RecursionError:
            self.refuse("nested too deeply", self.found[0])

    def relation(self) -> str:
        if self.take(":"):
            self.need("=")
            return ":="
        token = self.here
        if token.text not in RELATIONS:
            self.fail("'='")
        self.at += 1
        return RELATIONS[token.text]

    def inside(self, found: Script, end: Token) -> Parser:
        """A parser for tokens that end before the token `end`."""
        stop = Token("end", "", end.offset)
        return Parser(self.source, (*found, stop), self.scope, end.text or self.closing, self.depth)

    def group(self, why: str) -> Parser:
        """A parser for the braced group or single token that comes next."""
        if self.here.kind == "end" or self.here.text == "}":
            self.fail(why)
        braced = self.here.text == "{"
        found, self.at = group_at(self.found, self.at)
        return self.inside(found, self.found[self.at - 1] if braced else self.here)

    # -- sums and products ------------------------------------------------------------------------

    def expression(self) -> Expr:
        terms = [self.signed_term()]
        while self.here.text in ("+", "-"):
            terms.append(self.signed_term())
        return terms[0] if len(terms) == 1 else Sum(tuple(terms))

    def signed_term(self) -> Expr:
        negative = False
        while self.here.text in ("+", "-"):
            negative ^= self.here.text == "-"
            self.at += 1
        factors = self.factors()
        if negative:
            first = factors[0]
            if isinstance(first, Number) and first.value > 0:
                factors[0] = Number(-first.value)
            else:
                factors.insert(0, MINUS_ONE)
        return factors[0] if len(factors) == 1 else Product(tuple(factors))

    def factors(self) -> list[Expr]:
        """A product; \\odot binds its sides less closely than juxtaposition does."""
        found = self.plain_factors()
        if self.here.text not in ENTRYWISE:
            return found
        parts = [_as_product(found)]
        while self.take(*ENTRYWISE):
            parts.append(_as_product(self.plain_factors()))
        return [Hadamard(tuple(parts))]

    def plain_factors(self) -> list[Expr]:
        """A product: juxtaposed, with a dot, or a quotient with a slash."""
        found = [self.factor()]
        while True:
            if self.take(*TIMES):
                found.append(self.factor())
            elif self.take("/"):
                token, below = self.here, self.factor()
                if self.begins_factor() and not isinstance(below, Number):
                    self.refuse(
                        "what stands after '/' may end here or go on: write \\frac{…}{…}", token
                    )
                found.append(_quotient(found.pop(), below))
            elif self.begins_factor():
                found.append(self.factor())
            else:
                return found

    def begins_factor(self) -> bool:
        token = self.here
        if token.text in UPRIGHT:
            inside, _ = group_at(self.found, self.at + 1)
            return name_at(self.found, self.at)[0] is not None or spelled(inside) in WORDS
        if token.kind in ("name", "number"):
            return True
        return token.text in OPENS or (token.kind == "macro" and token.text not in NO_FACTOR)

    def factor(self) -> Expr:
        token = self.here
        base = self.primary()
        if token.kind == "number" or token.text in OPENS or token.text in FRACTIONS:
            base = self.with_power(base)
        return base

    def transposes(self, base: Expr) -> bool:
        """Whether ^\\top comes next, which is then taken; ^T transposes what is bold, else T is time."""
        if self.here.text != "^":
            return False
        found, after = group_at(self.found, self.at + 1)
        if len(found) == 1 and found[0].text in STYLES:
            name, after = name_at(self.found, self.at + 1)
            found = self.found[self.at + 1 : after] if name else found
        bold = isinstance(base, Variable) and base.name.startswith(BOLD)
        if spelled(found) in TRANSPOSED or (bold and spelled(found) == "T"):
            self.at = after
            return True
        return False

    def with_power(self, base: Expr) -> Expr:
        if self.transposes(base):
            return Transpose(base)
        if self.take("^"):
            base = self.power(base, self.group("an exponent"))
            if self.here.text == "^":
                self.refuse("a double superscript: put braces around the inner power", self.here)
        return base

    def power(self, base: Expr, exponent: Parser) -> Expr:
        place = exponent.here
        value = exponent.whole()
        if isinstance(value, Power) and _size(value) is not None:
            self.fail("an exponent that is no tower of numbers", place)
        if (_size(value) or 0) * _exponents(base) > GREATEST_EXPONENT:
            self.fail(f"an exponent of at most {GREATEST_EXPONENT} (the limit)", place)
        return Power(base, value)

    # -- what a factor can be ---------------------------------------------------------------------

    def primary(self) -> Expr:
        """The next part with what belongs to it, at most DEEPEST_NESTING parts inside each other."""
        token = self.here
        if self.depth >= DEEPEST_NESTING:
            self.refuse(f"nested more deeply than the limit of {DEEPEST_NESTING}", token)
        self.depth += 1
        try:
            return self.unbounded_primary(token)
        finally:
            self.depth -= 1

    def unbounded_primary(self, token: Token) -> Expr:
        if token.kind == "number":
            self.at += 1
            self._refuse_scientific(token)
            return Number(Fraction(token.text))
        if token.text in OPENS:
            return self.bracketed()
        if token.text in FRACTIONS:
            return self.fraction()
        if token.text in ("\\sum", "\\prod"):
            return self.big()
        if token.text == "\\partial":
            return self.slot_or_quotient()
        if token.text == "\\nabla":
            return self.gradient()
        if token.text in NORMS:
            return self.norm(token)
        if token.text in DOTS:
            self.refuse("an elided sum cannot be read; write it out (--full)", token)
        return self.symbol(token)

    def _refuse_scientific(self, token: Token) -> None:
        """1e-3 would be read as 1 · e - 3."""
        letter, following = self.here, self.found[min(self.at + 1, len(self.found) - 1)]
        touches = letter.offset == token.offset + len(token.text)
        signed = following.kind == "number" or following.text in ("+", "-")
        closed = touches and signed and following.offset == letter.offset + 1
        if letter.text in ("e", "E") and closed:
            self.refuse("a number as a computer writes it: write 10^{…}", token)

    def symbol(self, token: Token) -> Expr:
        """An elementary function, or a name with its scripts and arguments."""
        elementary = self.elementary()
        if elementary is not None:
            return self.elementary_call(elementary)
        name, after = name_at(self.found, self.at)
        if name is not None:
            self.at = after
            return self.named(name)
        if token.text in STYLES:
            self.at += 1
            self.fail(f"a name after '{token.text}'")
        if token.kind == "macro":
            self.refuse(f"unknown macro '{token.text}'{_instead(token.text)}", token)
        self.fail("a symbol, a number or a bracket")

    def elementary(self) -> str | None:
        """The canonical name of the elementary function that comes next, which is then taken."""
        token = self.here
        if self.take(*ELEMENTARY):
            return token.text
        if token.text in UPRIGHT:
            found, after = group_at(self.found, self.at + 1)
            word = spelled(found)
            if word in WORDS:
                self.at = after
                return WORDS[word]
        if self._is_logistic(token):
            self.at += 1
            return token.text
        return None

    def _is_logistic(self, token: Token) -> bool:
        if token.text != "\\sigma" or "\\sigma" in self.scope.timed | self.scope.quantities:
            return False
        declared = self.scope.functions.get("\\sigma", 1)
        return declared == 1 and self.found[self.at + 1].text in ("(", "'")

    def elementary_call(self, function: str) -> Expr:
        if function == "\\sqrt":
            if self.here.text == "[":
                self.fail("a square root: other roots are written as powers")
            return self.with_power(Call(function, (self.group("the radicand").whole(),)))
        exponent = self.group("an exponent") if self.take("^") else None
        if exponent and exponent.here.text == "-":
            self.refuse(
                f"{function}^{{-1}} may be the inverse function or the reciprocal: write one of them",
                exponent.here,
            )
        slots = self.primes()
        if self.here.text == "(":
            opened = self.here
            arguments = self.arguments()
            if len(arguments) != 1:
                self.refuse(
                    f"{function} is used with {len(arguments)} arguments and takes 1", opened
                )
            call: Expr = Call(function, arguments, slots)
        else:
            call = Call(function, (self.bare_argument(function),), slots)
        return self.with_power(self.power(call, exponent) if exponent else call)

    def bare_argument(self, function: str) -> Expr:
        argument = self.factor()
        if self.begins_factor() or self.here.text in (*TIMES, "/"):
            self.fail(f"parentheses around the argument of {function}")
        return argument

    def primes(self) -> tuple[int, ...]:
        count = 0
        while self.take("'"):
            count += 1
        return (1,) * count

    def arguments(self) -> tuple[Expr, ...]:
        opened = self.here
        self.need("(")
        found = [self.expression()]
        while self.take(","):
            found.append(self.expression())
        self.close(")", opened)
        return tuple(found)

    def close(self, text: str, opened: Token) -> None:
        if not self.take(text):
            place = self.source.place(opened.offset)
            self.fail(
                f"'{text}' to close the '{opened.text}' opened at {place.line}:{place.column}"
            )

    def bracketed(self) -> Expr:
        opened = self.here
        self.at += 1
        items = [self.expression()]
        separator = {"(": ",", "[": ";"}.get(opened.text, "")
        while separator and self.take(separator):
            items.append(self.expression())
        self.close(OPENS[opened.text], opened)
        if len(items) > 1 and separator == ";":
            return self.with_power(Call(CONCATENATION, tuple(items)))
        if len(items) > 1:
            return Tuple(tuple(items))
        (inner,) = items
        if opened.text == "{" and isinstance(inner, Variable) and inner == Variable(inner.name):
            return self.scripted(inner.name)
        if isinstance(inner, Total) and opened.text != "{" and self.here.text == "_":
            return self.via_or_held(inner)
        return inner

    def norm(self, opened: Token) -> Expr:
        """\\lVert x \\rVert, or \\| x \\|."""
        closing, depth = NORMS[opened.text], 1
        for i in range(self.at + 1, len(self.found)):
            text = self.found[i].text
            depth += -1 if text == closing else int(text == opened.text)
            if depth == 0:
                inside = self.inside(self.found[self.at + 1 : i], self.found[i])
                self.at = i + 1
                return self.with_power(Call(NORM, (inside.whole(),)))
        self.at = len(self.found) - 1
        self.fail(f"'{closing}' to close the norm")

    def via_or_held(self, total: Total) -> Expr:
        self.need("_")
        inside = self.group("a variable")
        through = inside.variable()
        if inside.here.text != "\\text":
            inside.expect_end()
            return Via(total.of, total.by, through)
        word, inside.at = group_at(inside.found, inside.at + 1)
        if spelled(word) != "held":
            inside.fail("'held'", word[0] if word else None)
        inside.expect_end()
        return Held(total.of, total.by, through)

    def big(self) -> Expr:
        kind = BigSum if self.here.text == "\\sum" else BigProduct
        self.at += 1
        index, lower, stop = "t", Time.at(1), None
        upper: Time | None = None
        while self.here.text in ("_", "^"):
            below = self.take("_") or not self.take("^")
            bound = self.group("a bound")
            if below:
                index, lower, stop = bound.lower_bound()
            else:
                upper = bound.whole_time()
        upper = upper or stop or Time.of("T")
        minus = kind is BigSum and self.take("-")
        if not self.begins_factor():
            self.fail("what is summed" if kind is BigSum else "what is multiplied")
        found = [*([MINUS_ONE] if minus else []), *self.factors()]
        body = found[0] if len(found) == 1 else Product(tuple(found))
        return kind(index, lower, upper, body)

    def lower_bound(self) -> tuple[str, Time, Time | None]:
        """t, t=1, or 1 \\le t \\le T."""
        start = self.here
        first = self.time()
        if self.here.kind == "end":
            return self._letter(first, start), Time.at(1), None
        if self.take("="):
            return self._letter(first, start), self.whole_time(), None
        strict = self.take("<")
        if not strict and not self.take(*FEWER):
            self.fail("'=' or '\\le'")
        start = self.here
        letter = self._letter(self.time(), start)
        strict_above = self.take("<")
        if not strict_above and not self.take(*FEWER):
            self.fail("'\\le'")
        return letter, first + int(strict), self.whole_time() - int(strict_above)

    def _letter(self, time: Time, token: Token) -> str:
        if len(time.letters) != 1 or time.letters[0][1] != 1 or time.shift:
            self.fail("an index letter", token)
        return time.letters[0][0]

    def whole_time(self) -> Time:
        result = self.time()
        self.expect_end()
        return result

    def time(self) -> Time:
        """An index expression: whole numbers and letters with + and -."""
        result, first = Time(), True
        while first or self.here.text in ("+", "-"):
            minus = self.take("-")
            if not minus:
                self.take("+")
            atom = self.time_atom()
            result = result - atom if minus else result + atom
            first = False
        return result

    def time_atom(self) -> Time:
        token = self.here
        if token.kind not in ("name", "number") or "." in token.text:
            self.fail("an index such as t-1")
        self.at += 1
        if token.kind == "name":
            return Time.of(token.text)
        count = int(token.text)
        if self.here.kind != "name":
            return Time.at(count)
        letter = self.here.text
        self.at += 1
        return Time(((letter, count),)) if count else Time()

    def shape(self) -> Expr:
        """\\mathbb{R}^{n \\times d}: a call with the dimensions for arguments."""
        name, after = name_at(self.found, self.at)
        if name != "\\mathbb{R}":
            self.fail("'\\mathbb{R}'")
        self.at = after
        if not self.take("^"):
            return Call(name, ())
        inside = self.group("the dimensions")
        sizes = [inside.factor()]
        while inside.take("\\times"):
            sizes.append(inside.factor())
        inside.expect_end()
        return Call(name, tuple(sizes))

    # -- names ------------------------------------------------------------------------------------

    def variable(self) -> Variable:
        token = self.here
        result = self.primary()
        if (
            isinstance(result, Call)
            and not result.slots
            and result.function in self.scope.functions
        ):
            return Variable(result.function)
        if not isinstance(result, Variable):
            self.fail("a variable", token)
        return result

    def named(self, name: str) -> Expr:
        """What a name with its scripts and arguments is."""
        scope = self.scope
        is_index = name in scope.indices and name not in scope.functions and name not in scope.timed
        if is_index and self.here.text not in ("_", "'"):
            return self.with_power(Index(Time.of(name)))
        return self.scripted(name)

    def scripted(self, name: str) -> Expr:
        """A name with its subscript, primes, superscript and arguments, in any order TeX allows."""
        time: Time | None = None
        if self.take("_"):
            name, time = self.subscript(name)
        slots = self.primes()
        if slots and self.here.text != "(":
            name, slots = name + "'" * len(slots), ()
            if time is None and self.take("_"):
                name, time = self.subscript(name)
        if time is None and self.here.text == "^":
            self._refuse_power_of_function(name)
            time, copy = self.superscript_time(name)
            if copy is not None:
                return self.with_power(Variable(name, None, copy))
        if time is None and self.here.text == "(":
            if self._applied_to_time(name):
                time = self.arguments_as_time()
            elif name in self.scope.functions:
                return self.call(name, slots)
        if slots:
            self.at -= 1
            self.fail(f"a function before the prime, but {name} is none")
        return self.with_power(Variable(name, time))

    def _refuse_power_of_function(self, name: str) -> None:
        """f^2(h) may be f(h)^2, f(f(h)) or a product."""
        exponent, after = group_at(self.found, self.at + 1)
        number = bool(exponent) and all(t.kind == "number" for t in exponent)
        applied = name in self.scope.functions or (
            name in FUNCTION_LETTERS and name not in self.scope.timed
        )
        if number and applied and self.found[after].text == "(":
            self.refuse(
                f"{name}^…( may be a power of the value or a product: "
                f"write \\left({name}(…)\\right)^… or {name}^… \\cdot (…)",
                self.found[after],
            )

    def subscript(self, name: str) -> tuple[str, Time | None]:
        """The name, with its label where the subscript is one, and the time where it is that."""
        inside = self.group("a subscript")
        found = inside.found[:-1]
        if not found:
            inside.fail("a subscript")
        letters = index_letters(found)
        if has_index(found, self.scope.indices) or (not letters and self._varies(name)):
            return name, inside.whole_time()
        for token in found:
            is_label = token.kind in ("name", "number") or token.text in STYLES
            if not is_label and token.text not in ("{", "}", ",", "+", "-", "'"):
                self.fail("an index or a label", token)
            if token.text == "," and self.scope.indices & {t.text for t in found}:
                self.fail("one index", token)
        return f"{name}_{{{spelled(found)}}}", None

    def _varies(self, name: str) -> bool:
        """Whether a name has a time; a primed name is like the name without its prime."""
        return name in self.scope.timed or name.rstrip("'") in self.scope.timed

    def superscript_time(self, name: str) -> tuple[Time | None, Time | None]:
        """Time written above, and the copy of a shared parameter; neither where it is a power."""
        found, after = group_at(self.found, self.at + 1)
        inner = unwrapped(found)
        letters = index_letters(inner)
        if letters is None or not letters <= self.scope.indices:
            return None, None
        wrapped = inner != found
        timed = name in self.scope.timed and (wrapped or bool(letters))
        copied = wrapped and name not in self.scope.functions
        if not (timed or copied or name in self.scope.raised):
            return None, None
        self.at = after
        time = self.inside(inner, self.found[after - 1]).whole_time()
        return (None, time) if copied and name not in self.scope.timed else (time, None)

    def _applied_to_time(self, name: str) -> bool:
        """Whether the parentheses that come next hold a time, as in h(t-1)."""
        arguments, _ = arguments_at(self.found, self.at)
        if name not in self.scope.timed or arguments is None or len(arguments) != 1:
            return False
        if name in self.scope.functions:
            return has_index(arguments[0], self.scope.indices)
        letters = index_letters(arguments[0])
        return letters is not None and letters <= self.scope.indices

    def arguments_as_time(self) -> Time:
        opened = self.here
        self.need("(")
        time = self.time()
        self.close(")", opened)
        return time

    def call(self, name: str, slots: tuple[int, ...]) -> Expr:
        opened = self.here
        arguments = self.arguments()
        expected = self.scope.functions[name]
        if len(arguments) != expected:
            sentence = (
                f"{name} is used with {len(arguments)} arguments here and with {expected} before"
            )
            self.refuse(sentence, opened)
        if slots and expected > 1:
            self.refuse(
                f"{name}' does not say by which argument; write \\partial_{{1}} {name}", opened
            )
        return self.with_power(Call(name, arguments, slots))

    # -- derivatives ------------------------------------------------------------------------------

    def fraction(self) -> Expr:
        self.at += 1
        above, below = self.group("a numerator"), self.group("a denominator")
        if _differential(above) and _differential(below):
            return self.derivative(above, below)
        return _quotient(above.whole(), below.whole())

    def derivative(self, above: Parser, below: Parser) -> Expr:
        """What ∂ mark `of` over ∂ `by` means."""
        _differential(above, take=True)
        _differential(below, take=True)
        mark = above.group("'+' or '\\le k'") if above.take("^") else None
        of_token = above.here
        of = above.primary()
        above.expect_end()
        by = below.variable()
        below.expect_end()
        return above.meant(of, by, mark, of_token)

    def meant(self, of: Expr, by: Variable, mark: Parser | None, token: Token) -> Expr:
        if isinstance(of, Call) and mark is None:
            return self.of_call(of, by, token)
        if not isinstance(of, Variable):
            self.fail("a variable to differentiate", token)
        if mark is None:
            return Total(of, by)
        if mark.take("+"):
            mark.expect_end()
            return Immediate(of, by)
        if not mark.take(*FEWER):
            mark.fail("'+' or '\\le k' after the ∂")
        number_token = mark.here
        steps = mark.whole_time()
        if not steps.is_number or steps.shift < 0:
            mark.fail("a number of steps", number_token)
        return Truncated(of, by, steps.shift)

    def of_call(self, call: Call, by: Variable, token: Token) -> Expr:
        """∂f(a, b)/∂a: the slot that `by` fills."""
        slots = [i for i, a in enumerate(call.arguments, 1) if a == by]
        if len(slots) != 1 or call.slots:
            self.fail("a function with one argument that it is differentiated by", token)
        return Partial(call, slots[0])

    def slot_or_quotient(self) -> Expr:
        """\\partial_{2} f(a, b), or a derivative on one line, ∂C/∂θ."""
        if self.found[self.at + 1].text == "_":
            return self.slot_derivative()
        self.at += 1
        mark = self.group("'+' or '\\le k'") if self.take("^") else None
        token = self.here
        of = self.primary()
        self.need("/", " and what it is differentiated by")
        self.need("\\partial")
        return self.meant(of, self.variable(), mark, token)

    def slot_derivative(self) -> Expr:
        """\\partial_{2} f(a, b): the derivative by the second argument."""
        slots: list[int] = []
        while self.take("\\partial"):
            self.need("_", " and the number of an argument")
            inside = self.group("the number of an argument")
            token = inside.here
            slot = inside.whole_time()
            if not slot.is_number or slot.shift < 1:
                inside.fail("the number of an argument", token)
            slots.insert(0, slot.shift)
        token = self.here
        call = self.primary()
        if not isinstance(call, Call) or max(slots) > len(call.arguments):
            self.fail("a function with that many arguments", token)
        return Call(call.function, call.arguments, (*call.slots, *slots))

    def gradient(self) -> Expr:
        self.at += 1
        self.need("_", " and what the gradient is by")
        inside = self.group("a variable")
        by = inside.variable()
        inside.expect_end()
        return Gradient(self.variable(), by)


def _instead(macro: str) -> str:
    """What to write for a macro that nobody knows."""
    known = [*ELEMENTARY, *(f"\\{name}" for name in (*WORDS, *GREEK)), *FRACTIONS]
    near = get_close_matches(macro, known, n=1, cutoff=0.75)
    if near:
        return f". Did you mean {near[0]}?"
    return f": write \\mathrm{{{macro[1:]}}} for a name or a function of your own"


def _as_product(found: list[Expr]) -> Expr:
    return found[0] if len(found) == 1 else Product(tuple(found))


def _differential(parser: Parser, take: bool = False) -> bool:
    """Whether a numerator or denominator begins with ∂, d or δ; with `take`, that is read."""
    token = parser.here
    if token.kind == "end":
        return False
    following = parser.found[parser.at + 1]
    names = following.kind == "name" or following.text in STYLES
    is_partial = token.text == "\\partial" and following.text != "_"
    if is_partial or (token.text in ("d", "\\delta") and names):
        parser.at += int(take)
        return True
    if token.text in UPRIGHT:
        inside, after = group_at(parser.found, parser.at + 1)
        if spelled(inside) == "d":
            parser.at = after if take else parser.at
            return True
    return False


def _quotient(a: Expr, b: Expr) -> Expr:
    """A fraction of two whole numbers in lowest terms is a number; any other stays as written."""
    if isinstance(a, Number) and isinstance(b, Number):
        whole = a.value.denominator == 1 == b.value.denominator
        if whole and b.value > 1 and gcd(int(a.value), int(b.value)) == 1:
            return number(a.value / b.value)
    return Quotient(a, b)


def _size(expr: Expr) -> float | None:
    """A bound on the magnitude of a number that is written out; None where a symbol occurs."""
    match expr:
        case Number(value):
            return float(abs(value))
        case Sum(parts) | Product(parts):
            sizes = [_size(part) for part in parts]
            known = [size for size in sizes if size is not None]
            if len(known) < len(sizes):
                return None
            return sum(known) if isinstance(expr, Sum) else _product(known)
        case Quotient(a, b):
            above, below = _size(a), _size(b)
            if above is None or below is None:
                return None
            return above / below if isinstance(b, Number) and below else inf
        case Power(a, b):
            return None if _size(a) is None or _size(b) is None else inf
        case _:
            return None


def _product(sizes: list[float]) -> float:
    result = 1.0
    for size in sizes:
        result *= size
    return result


def _exponents(base: Expr) -> float:
    """The product of the written exponents that `base` has already, each at least 1."""
    result = 1.0
    while isinstance(base, Power):
        result *= max(1.0, _size(base.exponent) or 1.0)
        base = base.base
    return result
