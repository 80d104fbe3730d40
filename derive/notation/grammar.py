"""The grammar: tokens and a scope to typed nodes. A Pratt parser; nothing is evaluated.

What a letter is (function or quantity, power or time) is decided by the scope, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from derive.algebra.expression import (
    MINUS_ONE,
    BigProduct,
    BigSum,
    Call,
    Equation,
    Expr,
    Gradient,
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
    Truncated,
    Tuple,
    Variable,
    Via,
    number,
)
from derive.errors import DeriveError, Place
from derive.notation.scope import (
    ELEMENTARY,
    STYLES,
    WORDS,
    Scope,
    collect,
    group_at,
    index_letters,
    name_at,
    unwrapped,
)
from derive.notation.tokens import Source, Token, tokens

GREATEST_EXPONENT = 1000
RELATIONS = {"=": "=", "\\equiv": ":=", "\\coloneqq": ":=", "\\in": "in"}
TIMES = ("\\cdot", "\\times", "*", "\\ast")
FRACTIONS = ("\\frac", "\\dfrac", "\\tfrac", "\\cfrac")
DOTS = ("\\cdots", "\\dots", "\\ldots", "\\dotsc", "\\dotsb", "\\vdots")
CLOSING = {"(": ")", "[": "]", "{": "}", "\\{": "\\}"}
OPENING = ("(", "[", "{", "\\{")


@dataclass(frozen=True, slots=True)
class Statement:
    """`left` relation `right`, as it stands at `place`; relation is "=", ":=" or "in"."""

    left: Expr
    right: Expr
    relation: str
    place: Place | None
    source: str


def parse_expression(text: str, scope: Scope, path: str = "formula") -> Expr:
    """The expression that `text` writes; DeriveError with the place where it is none."""
    source = Source(path, text)
    parser = Parser(source, tokens(source), scope)
    result = parser.expression()
    parser.expect_end()
    return result


def parse_equation(text: str, scope: Scope, path: str = "formula") -> Equation:
    """The equation that `text` writes, with exactly one equals sign."""
    statement = parse_statement(Source(path, text), 0, len(text), scope)
    return Equation(statement.left, statement.right)


def parse_statement(source: Source, start: int, end: int, scope: Scope) -> Statement:
    """One definition: a left side, a relation, a right side."""
    parser = Parser(source, tokens(source, start, end), scope)
    with parser.bounded():
        first = parser.here.offset
        left = parser.expression()
        relation = parser.relation()
        right = parser.expression()
        if parser.here.text in RELATIONS:
            parser.fail("a definition with one relation sign")
        parser.expect_end()
    return Statement(left, right, relation, source.place(first), source.text[first:end])


def scope_of(*texts: str) -> Scope:
    """The scope that the formulas `texts` declare together."""
    sources = [Source(f"formula {i}", text) for i, text in enumerate(texts, 1)]
    return collect((source, tokens(source)) for source in sources)


class Parser:
    """Reads one formula; `at` is the token that comes next."""

    def __init__(self, source: Source, found: tuple[Token, ...], scope: Scope) -> None:
        self.source = source
        self.found = found
        self.scope = scope
        self.at = 0

    # -- tokens -----------------------------------------------------------------------------------

    @property
    def here(self) -> Token:
        return self.found[self.at]

    def fail(self, expected: str, token: Token | None = None) -> None:
        """Raises DeriveError: expected …, found …, at the place of the token."""
        token = token or self.here
        found = f"'{token.text}'" if token.kind != "end" else "the end of the formula"
        raise DeriveError(f"expected {expected}, found {found}", self.source.place(token.offset))

    def take(self, text: str) -> bool:
        if self.here.text == text and self.here.kind != "end":
            self.at += 1
            return True
        return False

    def need(self, text: str, why: str = "") -> None:
        if not self.take(text):
            self.fail(f"'{text}'{why}")

    def expect_end(self) -> None:
        if self.here.kind != "end":
            self.fail("an operator or the end of the formula")

    @contextmanager
    def bounded(self) -> Iterator[None]:
        try:
            yield
        except RecursionError:
            raise DeriveError("nested too deeply", self.source.place(self.here.offset)) from None

    def relation(self) -> str:
        if self.take(":"):
            self.need("=")
            return ":="
        token = self.here
        if token.text not in RELATIONS:
            self.fail("'='")
        self.at += 1
        return RELATIONS[token.text]

    def inside(self, found: tuple[Token, ...], end: int) -> Parser:
        """A parser for a group of tokens that ends before the offset `end`."""
        return Parser(self.source, (*found, Token("end", "", end)), self.scope)

    def group(self, why: str) -> Parser:
        """A parser for the braced group or single token that comes next."""
        if self.here.kind == "end":
            self.fail(why)
        found, after = group_at(self.found, self.at)
        self.at = after
        end = (
            self.found[after].offset
            if self.found[after].kind == "end"
            else self.found[after - 1].offset
        )
        return self.inside(found, end)

    # -- sums and products ------------------------------------------------------------------------

    def expression(self) -> Expr:
        terms = [self.signed_term()]
        while self.here.text in ("+", "-") or self.here.text in ("\\pm",):
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
        """A product: juxtaposed, with a dot, or a quotient with a slash."""
        found = [self.factor()]
        while True:
            if self.here.text in TIMES:
                self.at += 1
                found.append(self.factor())
            elif self.here.text == "/":
                self.at += 1
                found.append(_quotient(found.pop(), self.factor()))
            elif self.begins_factor():
                found.append(self.factor())
            else:
                return found

    def begins_factor(self) -> bool:
        token = self.here
        if token.kind in ("name", "number"):
            return True
        if token.kind == "macro":
            return token.text not in (*RELATIONS, *TIMES, "\\text", "\\le", "\\leq", "\\pm")
        return token.text in OPENING

    def factor(self) -> Expr:
        token = self.here
        base = self.primary()
        if token.kind in ("number",) or token.text in OPENING or token.text in FRACTIONS:
            base = self.with_power(base)
        return base

    def with_power(self, base: Expr) -> Expr:
        while self.here.text == "^":
            self.at += 1
            base = self.power(base, self.group("an exponent"))
        return base

    def power(self, base: Expr, exponent: Parser) -> Expr:
        place = exponent.here
        value = exponent.expression()
        exponent.expect_end()
        if isinstance(value, Number) and abs(value.value) > GREATEST_EXPONENT:
            self.fail(f"an exponent of at most {GREATEST_EXPONENT} (the limit)", place)
        if isinstance(value, Power) and isinstance(value.base, Number):
            self.fail("an exponent that is no tower of numbers", place)
        return Power(base, value)

    # -- what a factor can be ---------------------------------------------------------------------

    def primary(self) -> Expr:
        token = self.here
        if token.kind == "number":
            self.at += 1
            return Number(Fraction(token.text.rstrip(".") or "0"))
        if token.text in OPENING:
            return self.bracketed()
        if token.text in FRACTIONS:
            return self.fraction()
        if token.text in ("\\sum", "\\prod"):
            return self.big()
        if token.text == "\\partial":
            return self.slot_derivative()
        if token.text == "\\nabla":
            return self.gradient()
        if token.text in DOTS:
            raise DeriveError(
                "an elided sum cannot be read: write it out (--full)",
                self.source.place(token.offset),
            )
        elementary = self.elementary()
        if elementary is not None:
            return self.elementary_call(elementary)
        name, after = name_at(self.found, self.at)
        if name is not None:
            self.at = after
            return self.named(name, token)
        if token.kind == "macro":
            raise DeriveError(f"unknown macro '{token.text}'", self.source.place(token.offset))
        self.fail("a symbol, a number or a bracket")
        raise AssertionError

    def elementary(self) -> str | None:
        """The canonical name of the elementary function that comes next, which is then taken."""
        token = self.here
        if token.text in ELEMENTARY:
            self.at += 1
            return ELEMENTARY[token.text]
        if token.text in ("\\operatorname", "\\mathrm", "\\text"):
            found, after = group_at(self.found, self.at + 1)
            word = "".join(t.text for t in found)
            if word in WORDS:
                self.at = after
                return WORDS[word]
        is_sigma = token.text == "\\sigma" and "\\sigma" not in self.scope.quantities
        free = is_sigma and "\\sigma" not in self.scope.timed
        if free and self.found[self.at + 1].text in ("(", "'"):
            self.at += 1
            return "\\sigma"
        return None

    def elementary_call(self, function: str) -> Expr:
        if function == "\\sqrt":
            inner = self.group("the radicand")
            argument = inner.expression()
            inner.expect_end()
            return self.with_power(Call(function, (argument,)))
        exponent: Parser | None = None
        if self.take("^"):
            exponent = self.group("an exponent")
        slots = self.primes()
        if self.here.text == "(":
            arguments = self.arguments()
            if len(arguments) != 1:
                self.fail(f"one argument of {function}")
            call: Expr = Call(function, arguments, slots)
        else:
            call = Call(function, (self.bare_argument(function),), slots)
        return self.power(call, exponent) if exponent else self.with_power(call)

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
            self.fail(f"'{text}' to close the '{opened.text}' at {place.line}:{place.column}")

    def bracketed(self) -> Expr:
        opened = self.here
        self.at += 1
        items = [self.expression()]
        while opened.text == "(" and self.take(","):
            items.append(self.expression())
        self.close(CLOSING[opened.text], opened)
        if len(items) > 1:
            return Tuple(tuple(items))
        (inner,) = items
        if opened.text == "{" and isinstance(inner, Variable) and inner.time is None:
            return self.scripted(inner.name, opened)
        if isinstance(inner, Total) and self.here.text == "_" and opened.text == "(":
            return self.via_or_held(inner)
        return inner

    def via_or_held(self, total: Total) -> Expr:
        self.need("_")
        inside = self.group("a variable")
        through = inside.variable()
        if inside.here.text == "\\text":
            word, inside.at = group_at(inside.found, inside.at + 1)
            if "".join(t.text for t in word) != "held":
                inside.fail("'held'")
            inside.expect_end()
            return Held(total.of, total.by, through)
        inside.expect_end()
        return Via(total.of, total.by, through)

    def big(self) -> Expr:
        kind = BigSum if self.here.text == "\\sum" else BigProduct
        self.at += 1
        lower: tuple[str, Time, Time | None] | None = None
        upper: Time | None = None
        while self.here.text in ("_", "^"):
            below = self.here.text == "_"
            self.at += 1
            bound = self.group("a bound")
            if below:
                lower = bound.lower_bound()
            else:
                upper = bound.time()
                bound.expect_end()
        index, start, stop = lower or ("t", Time.at(1), None)
        end = upper or stop or Time.of("T")
        factors = self.factors_after_big()
        return kind(index, start, end, factors)

    def factors_after_big(self) -> Expr:
        if not self.begins_factor():
            self.fail("what is summed")
        found = self.factors()
        return found[0] if len(found) == 1 else Product(tuple(found))

    def lower_bound(self) -> tuple[str, Time, Time | None]:
        """t, t=1, or 1 \\le t \\le T."""
        if self.here.kind == "name" and self.found[self.at + 1].kind == "end":
            letter = self.here.text
            self.at += 1
            return letter, Time.at(1), None
        first = self.time()
        if self.take("="):
            second = self.time()
            self.expect_end()
            return self._index_of(first), second, None
        for sign in ("\\le", "\\leq", "<"):
            if self.take(sign):
                middle = self.time()
                strict = sign == "<"
                if not any(self.take(s) for s in ("\\le", "\\leq")):
                    self.fail("'\\le'")
                last = self.time()
                self.expect_end()
                return self._index_of(middle), first + int(strict), last
        self.fail("a bound such as t=1")
        raise AssertionError

    def _index_of(self, time: Time) -> str:
        if len(time.letters) != 1 or time.letters[0][1] != 1 or time.shift:
            self.fail("an index letter")
        return time.letters[0][0]

    def time(self) -> Time:
        """An index expression: whole numbers and letters with + and -."""
        result, sign, first = Time(), 1, True
        while True:
            if self.here.text in ("+", "-"):
                sign = -1 if self.here.text == "-" else 1
                self.at += 1
            elif not first:
                return result
            result = result + (self.time_atom() if sign == 1 else -self.time_atom())
            sign, first = 1, False

    def time_atom(self) -> Time:
        token = self.here
        if token.kind == "number" and token.text.isdigit():
            self.at += 1
            count = int(token.text)
            if self.here.kind == "name":
                letter = self.here.text
                self.at += 1
                return Time(((letter, count),), 0) if count else Time()
            return Time.at(count)
        if token.kind == "name":
            self.at += 1
            return Time.of(token.text)
        self.fail("an index such as t-1")
        raise AssertionError

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
        assert isinstance(result, Variable)
        return result

    def named(self, name: str, token: Token) -> Expr:
        """What a name with its scripts and arguments is."""
        if (
            name in self.scope.indices
            and name not in self.scope.functions
            and not self._is_name(name)
        ):
            return self.with_power(Index(Time.of(name)))
        return self.scripted(name, token)

    def _is_name(self, name: str) -> bool:
        return name in self.scope.timed or self.here.text == "_"

    def scripted(self, name: str, token: Token) -> Expr:
        time: Time | None = None
        if self.here.text == "_":
            self.at += 1
            name, time = self.subscript(name)
        slots = self.primes()
        if slots and self.here.text != "(":
            name, slots = name + "'" * len(slots), ()
        if self.here.text == "^" and time is None:
            raised = self.superscript_time(name)
            if isinstance(raised, Variable):
                return raised
            time = raised
        if self.here.text == "(" and time is None:
            if name in self.scope.timed and self._applied_to_time():
                self.at += 1
                time = self.time()
                self.need(")")
            elif name in self.scope.functions:
                return self.call(name, slots, token)
        return self.with_power(Variable(name, time))

    def subscript(self, name: str) -> tuple[str, Time | None]:
        inside = self.group("a subscript")
        found = inside.found[:-1]
        if not found:
            self.fail("a subscript")
        letters = index_letters(found)
        numbers = letters is not None and not letters[0]
        if letters and (
            (letters[0] and letters[0] <= self.scope.indices)
            or (numbers and name in self.scope.timed)
        ):
            time = inside.time()
            inside.expect_end()
            return name, time
        for token in found:
            if token.kind not in ("name", "number") and token.text not in (
                *STYLES,
                "{",
                "}",
                ",",
                "+",
                "-",
            ):
                self.fail("an index or a label", token)
        return f"{name}_{{{''.join(t.text for t in found)}}}", None

    def superscript_time(self, name: str) -> Time | Variable | None:
        """Time written above, or the copy of a shared parameter; None where it is a power."""
        found, after = group_at(self.found, self.at + 1)
        inner = unwrapped(found)
        letters = index_letters(inner)
        if letters is None or not (letters[0] <= self.scope.indices):
            return None
        wrapped = inner != found
        if name in self.scope.raised or (wrapped and name in self.scope.timed):
            self.at = after
            return self.inside(inner, self.found[after].offset).time()
        if wrapped and name not in self.scope.functions:
            self.at = after
            return Variable(name, None, self.inside(inner, self.found[after].offset).time())
        return None

    def _applied_to_time(self) -> bool:
        depth = 0
        inside = []
        for token in self.found[self.at :]:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0:
                break
            inside.append(token)
        letters = index_letters(tuple(inside[1:]))
        return letters is not None and letters[0] <= self.scope.indices

    def call(self, name: str, slots: tuple[int, ...], token: Token) -> Expr:
        arguments = self.arguments()
        expected = self.scope.functions[name]
        if len(arguments) != expected:
            raise DeriveError(
                f"{name} is used with {len(arguments)} arguments here and with {expected} before",
                self.source.place(token.offset),
            )
        return self.with_power(Call(name, arguments, slots))

    # -- derivatives ------------------------------------------------------------------------------

    def fraction(self) -> Expr:
        self.at += 1
        above, below = self.group("a numerator"), self.group("a denominator")
        if _differential(above) and _differential(below):
            return self.derivative(above, below)
        numerator = above.expression()
        above.expect_end()
        denominator = below.expression()
        below.expect_end()
        return _quotient(numerator, denominator)

    def derivative(self, above: Parser, below: Parser) -> Expr:
        start = above.here
        _differential(above, take=True)
        _differential(below, take=True)
        mark: Parser | None = None
        if above.take("^"):
            mark = above.group("'+' or '\\le k'")
        if below.here.text == "^" or below.here.kind == "end":
            below.fail("a variable")
        function = above.here
        of = above.primary()
        above.expect_end()
        by = below.variable()
        below.expect_end()
        if isinstance(of, Call) and mark is None:
            return self.of_call(of, by, function)
        if not isinstance(of, Variable):
            self.fail("a variable to differentiate", start)
        assert isinstance(of, Variable)
        if mark is None:
            return Total(of, by)
        if mark.take("+"):
            mark.expect_end()
            return Immediate(of, by)
        if mark.take("\\le") or mark.take("\\leq"):
            steps = mark.time()
            mark.expect_end()
            if steps.is_number and steps.shift >= 0:
                return Truncated(of, by, steps.shift)
        self.fail("'+' or '\\le k' after the ∂", start)
        raise AssertionError

    def of_call(self, call: Call, by: Variable, token: Token) -> Expr:
        """∂f(a, b)/∂a: the slot that `by` fills."""
        slots = [i for i, a in enumerate(call.arguments, 1) if a == by]
        if len(slots) != 1:
            self.fail("one argument of the function to differentiate by", token)
        return Partial(call, slots[0])

    def slot_derivative(self) -> Expr:
        """\\partial_{2} f(a, b): the derivative by the second argument."""
        slots: list[int] = []
        while self.take("\\partial"):
            self.need("_", " and the number of an argument")
            inside = self.group("the number of an argument")
            slot = inside.time()
            inside.expect_end()
            if not slot.is_number or slot.shift < 1:
                self.fail("the number of an argument")
            slots.insert(0, slot.shift)
        token = self.here
        call = self.primary()
        if not isinstance(call, Call) or max(slots) > len(call.arguments):
            self.fail("a function with that many arguments", token)
        assert isinstance(call, Call)
        return self.with_power(Call(call.function, call.arguments, (*call.slots, *slots)))

    def gradient(self) -> Expr:
        self.at += 1
        self.need("_", " and what the gradient is by")
        inside = self.group("a variable")
        by = inside.variable()
        inside.expect_end()
        return Gradient(self.variable(), by)


def _differential(parser: Parser, take: bool = False) -> bool:
    """Whether a numerator or denominator begins with ∂, d or δ; with `take`, that is read."""
    token = parser.here
    following = parser.found[parser.at + 1].kind if token.kind != "end" else "end"
    plain = token.text == "\\partial" or (token.text in ("d", "\\delta") and following != "end")
    if plain:
        parser.at += int(take)
        return True
    if token.text in ("\\mathrm", "\\operatorname", "\\text"):
        inside, after = group_at(parser.found, parser.at + 1)
        if "".join(t.text for t in inside) == "d":
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
