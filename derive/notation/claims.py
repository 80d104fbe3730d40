"""The grammar of claims: what notes write beyond definitions.

Derivatives in all their clothes become `Written` nodes, whose meaning is decided later; transpositions,
derivatives of whole expressions and evaluations at an index are read here as well.
"""

from __future__ import annotations

from dataclasses import replace as changed

from derive.algebra.expression import (
    ONE,
    BigProduct,
    BigSum,
    Call,
    Entry,
    Expr,
    Index,
    IndexSum,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Transpose,
    Variable,
    Written,
    move,
    rebuild,
    walk,
)
from derive.notation.elided import DOTS, elided
from derive.notation.grammar import DOTS as DOTTED
from derive.notation.grammar import (
    FEWER,
    FRACTIONS,
    TIMES,
    Parser,
    _differential,
    _quotient,
)
from derive.notation.scope import (
    STYLES,
    UPRIGHT,
    Scope,
    Script,
    arguments_at,
    group_at,
    index_letters,
    name_at,
    spelled,
    unwrapped,
)
from derive.notation.tokens import Source, Token, depth_change, tokens

TOPS = frozenset(("\\top", "\\intercal", "⊤", "ᵀ"))
MORE = ("\\ge", "\\geq")
STEP, HORIZON = "t", "T"
IDENTITY = "\\mathbf{I}"
STEP_FUNCTION = "\\operatorname{step}"
# A variable that is written as depending on others: its first argument is the variable.
DEPENDING = "depending"
RECIPROCAL = {
    "sech": ("", "\\cosh"), "csch": ("", "\\sinh"), "coth": ("\\cosh", "\\sinh"),
    "sec": ("", "\\cos"), "csc": ("", "\\sin"), "cot": ("\\cos", "\\sin"),
}  # fmt: skip
SECOND = "second order: derivatives of derivatives are not read yet"


class ClaimParser(Parser):
    """Reads one member of a chain; `Parser` reads definitions."""

    def inside(self, found: Script, end: Token) -> ClaimParser:
        stop = Token("end", "", end.offset)
        closing = end.text or self.closing
        return ClaimParser(self.source, (*found, stop), self.scope, closing, self.depth)

    def group(self, why: str) -> ClaimParser:
        inner = super().group(why)
        assert isinstance(inner, ClaimParser)
        return inner

    # -- derivatives ------------------------------------------------------------------------------

    def fraction(self) -> Expr:
        start = self.here
        self.at += 1
        above, below = self.group("a numerator"), self.group("a denominator")
        if not (_is_differential(above) and _is_differential(below)):
            return _quotient(above.whole(), below.whole())
        mark = above.differential()
        below.differential()
        by = below.primary()
        if below.here.kind != "end":
            below.refuse_second()
        if above.here.kind == "end":
            return self.written(self.operand(start), by, mark, start)
        of = above.whole()
        return self.written(of, by, mark, start)

    def differential(self) -> str:
        """Takes ∂, d, δ or ∂^+; the mark that it makes."""
        token = self.here
        if token.text in UPRIGHT:
            _, self.at = group_at(self.found, self.at + 1)
            mark = "d"
        else:
            self.at += 1
            mark = "d" if token.text == "d" else "∂"
        if self.here.text == "^":
            self.at += 1
            power = self.group("'+' after the ∂")
            if not power.take("+"):
                power.refuse_second()
            power.expect_end()
            mark = "∂+"
        return mark

    def refuse_second(self) -> None:
        if self.here.kind == "number" or self.here.text in ("\\partial", "d", "^"):
            self.refuse(SECOND, self.here)
        self.fail("the end of the derivative")

    def written(self, of: Expr, by: Expr, mark: str, token: Token) -> Written:
        """A first derivative; a derivative of what contains one is refused."""
        if has_written(of):
            self.refuse(SECOND, token)
        if not isinstance(by, Variable | Call | Entry):
            self.fail("a variable that it is differentiated by", token)
        return Written(of, by, mark)

    def operand(self, operator: Token) -> Expr:
        r"""What \frac{\partial}{\partial w} is applied to: the factors up to the next sign or dot."""
        if not self.begins_factor():
            self.fail("what the derivative is of")
        found = [self.factor()]
        while self.begins_factor():
            if self.here.text in FRACTIONS or has_written(found[-1]):
                place = self.here
                self.refuse("what the derivative is of may end here or go on: put brackets", place)
            found.append(self.factor())
        return found[0] if len(found) == 1 else Product(tuple(found))

    def slot_or_quotient(self) -> Expr:
        r"""\partial_2 f, \partial_w f(a, w), or ∂C/∂θ on one line."""
        start = self.here
        if self.found[self.at + 1].text == "_":
            inside, _ = group_at(self.found, self.at + 2)
            if inside and inside[0].kind == "number":
                return self.slot_derivative()
            self.at += 2
            named = self.group("what the derivative is by")
            by = named.whole()
            return self.written(self.operand(start), by, "∂", start)
        mark = self.differential()
        if self.here.text == "/":
            return self.slashed_operator(mark, start)
        return self.slashed(mark, start)

    def slashed(self, mark: str, start: Token) -> Expr:
        of = self.primary()
        self.need("/", " and what it is differentiated by")
        if not _is_differential(self):
            self.fail("'\\partial' or 'd'")
        self.differential()
        return self.written(of, self.primary(), mark, start)

    def slashed_operator(self, mark: str, start: Token) -> Expr:
        self.need("/")
        if not _is_differential(self):
            self.fail("'\\partial' or 'd'")
        self.differential()
        by = self.primary()
        return self.written(self.operand(start), by, mark, start)

    def gradient(self) -> Expr:
        start = self.here
        self.at += 1
        self.need("_", " and what the gradient is by")
        inside = self.group("a variable")
        by = inside.primary()
        inside.expect_end()
        return self.written(self.primary(), by, "∇", start)

    def reciprocal(self, token: Token) -> Expr | None:
        """sech, coth and their like, by the functions that they are made of."""
        word, after = token.text.removeprefix("\\"), self.at + 1
        if token.text in UPRIGHT:
            found, after = group_at(self.found, self.at + 1)
            word = spelled(found)
        if word not in RECIPROCAL or (token.kind == "name"):
            return None
        self.at = after
        above, below = RECIPROCAL[word]

        def put(part: Expr) -> Expr:
            if isinstance(part, Call) and part.function == word and not part.slots:
                top = Call(above, part.arguments) if above else ONE
                return Quotient(top, Call(below, part.arguments))
            return rebuild(part, put)

        return put(self.elementary_call(word))

    def indicator(self) -> Expr | None:
        r"""\mathbf{1}[a > 0], \mathbb{1}_{a > 0}: the slope of ReLU; None for anything else."""
        inside, after = group_at(self.found, self.at + 1)
        if spelled(inside) != "1" or self.found[after].text not in ("[", "(", "_"):
            return None
        if self.found[after].text == "_":
            condition, end = group_at(self.found, after + 1)
        else:
            closing = [i for i in range(after, len(self.found)) if self._closes(after, i)]
            if not closing:
                return None
            condition, end = self.found[after + 1 : closing[0]], closing[0] + 1
        if [t.text for t in condition[-2:]] != [">", "0"]:
            return None
        self.at = end
        argument = self.inside(condition[:-2], condition[-2]).whole()
        return self.with_power(Call(STEP_FUNCTION, (argument,)))

    def _closes(self, opened: int, at: int) -> bool:
        """Whether the token `at` closes the bracket `opened`."""
        return sum(depth_change(t.text) for t in self.found[opened : at + 1]) == 0

    def symbol(self, token: Token) -> Expr:
        if token.text in STYLES:
            found = self.indicator()
            if found is not None:
                return found
        made = self.reciprocal(token)
        if made is not None:
            return made
        if token.text == "\\operatorname":
            name, _ = name_at(self.found, self.at)
            if name is not None and not self._is_declared(name):
                self.refuse(f"the operator {name} is not known", token)
        if token.text == "d" and not self._is_declared("d") and self._d_over_d():
            start = self.here
            mark = self.differential()
            if self.here.text == "/":
                return self.slashed_operator(mark, start)
            return self.slashed(mark, start)
        if token.text in UPRIGHT and self._upright_d():
            start = self.here
            mark = self.differential()
            if self.here.text == "/":
                return self.slashed_operator(mark, start)
            return self.slashed(mark, start)
        following = self.found[min(self.at + 1, len(self.found) - 1)].text
        if token.text == "D" and following == "_" and not self._is_declared("D"):
            return self.gradient()
        return super().symbol(token)

    def _is_declared(self, name: str) -> bool:
        scope = self.scope
        return name in scope.timed or name in scope.quantities or name in scope.functions

    def _upright_d(self) -> bool:
        inside, _ = group_at(self.found, self.at + 1)
        return spelled(inside) == "d"

    def _d_over_d(self) -> bool:
        """Whether d … / d follows: dC/dθ, d/dθ."""
        texts = [t.text for t in self.found[self.at : self.at + 40]]
        if "/" not in texts:
            return False
        slash = texts.index("/")
        between = set(texts[1:slash])
        after = texts[slash + 1 : slash + 2]
        return after in (["d"], ["\\partial"]) and not between & {"+", "-", "=", *TIMES}

    def named(self, name: str) -> Expr:
        result = super().named(name)
        if isinstance(result, Variable) and self.here.text == "(":
            if result.time is not None or result.name.endswith("}"):
                self._refuse_time_after_script(result)
            if result.time is not None:
                return self.depending(result)
        if isinstance(result, Variable) and result.name.endswith("'"):
            plain = result.name.rstrip("'")
            primes = len(result.name) - len(plain)
            if not self._is_declared(result.name) and primes == 1:
                return Written(Variable(plain, result.time), None, "'")
        return result

    def _refuse_time_after_script(self, variable: Variable) -> None:
        """I_w(t) may be a quantity at time t or a product."""
        inside, _ = arguments_at(self.found, self.at)
        letters = index_letters(inside[0]) if inside is not None and len(inside) == 1 else None
        if letters and letters <= self.scope.indices:
            shown = f"{variable.name}(…)"
            self.refuse(
                f"{shown} may be a value at a time or a product: write the time below", self.here
            )

    def depending(self, variable: Variable) -> Expr:
        r"""h_t(\theta): h_t, written as depending on θ; anything else in brackets is a factor."""
        inside, after = arguments_at(self.found, self.at)
        for argument in inside or ():
            name, end = name_at((*argument, Token("end", "", 0)), 0)
            if name is None or end != len(argument) or name in self.scope.indices:
                return variable
        self.at = after
        names = (Variable(spelled(argument)) for argument in inside or ())
        return Call(DEPENDING, (variable, *names))

    # -- dots -------------------------------------------------------------------------------------------

    def expression(self) -> Expr:
        start = self.here
        found = super().expression()
        if found == DOTS:
            self.refuse("dots that stand alone claim nothing", start)
        if isinstance(found, Sum) and DOTS in found.terms:
            terms = elided(found.terms, product=False)
            if terms is None:
                self.refuse("dots that may be filled in several ways: write the sum with Σ", start)
            return terms[0] if len(terms) == 1 else Sum(tuple(terms))
        return found

    def factors(self) -> list[Expr]:
        start = self.here
        found = super().factors()
        if DOTS in found and found != [DOTS]:
            kept = elided(found, product=True)
            if kept is None:
                self.refuse(
                    "dots that may be filled in several ways: write the product with Π", start
                )
            return kept
        return found

    # -- brackets, powers, evaluation ---------------------------------------------------------------

    def bracketed(self) -> Expr:
        opened = self.here
        inner = super().bracketed()
        letters = self.entry_letters() if self.scope.ranks and opened.text != "{" else ()
        if letters:
            return self.with_power(Entry(inner, letters))
        if not isinstance(inner, Written) or opened.text == "{" or inner.at is not None:
            return inner
        if self.here.text == "_":
            self.at += 1
            return self.via(inner)
        if self.here.text == "^" and isinstance(inner.by, Variable):
            found, after = group_at(self.found, self.at + 1)
            step = unwrapped(found)
            if step != found:
                self.at = after
                time = self.inside(step, self.found[after - 1]).whole_time()
                return changed(inner, by=Variable(inner.by.name, inner.by.time, time))
        return inner

    # -- entries ----------------------------------------------------------------------------------

    def scripted(self, name: str) -> Expr:
        found = self.entry(name) if self.scope.ranks else None
        return super().scripted(name) if found is None else self.with_power(found)

    def entry(self, name: str) -> Expr | None:
        r"""W_{ij}, b_i, h_{t,i}, h^{(t)}_i, h_i^t and Kronecker's \delta_{ij}; None for anything else."""
        if name == "\\delta" and not self._is_declared(name):
            letters = self.entry_letters()
            return Entry(Variable(IDENTITY), letters) if len(letters) == 2 else None
        rank = self.scope.ranks.get(name)
        if not rank:
            return None
        before, time = self.at, self._time_above() if name in self.scope.timed else None
        inside, after = self.found[self.at], self.at
        if inside.text == "_":
            script, after = group_at(self.found, self.at + 1)
            parts = [p for p in _parts(script) if p]
            if name in self.scope.timed and time is None and len(parts) > 1:
                index = next((p for p in parts if self._is_time(p)), parts[0])
                parts.remove(index)
                if self._is_time(index):
                    time = self.inside(index, self.found[after - 1]).whole_time()
            letters = tuple(t.text for part in parts for t in part)
            self.at = after
            if time is None and name in self.scope.timed:
                time = self._time_above()
            plain = all(t.kind == "name" and self._is_free(t.text) for part in parts for t in part)
            label = f"{name}_{{{spelled(script)}}}"
            timed = (time is not None) == (name in self.scope.timed)
            if plain and timed and len(letters) == rank and label not in self.scope.ranks:
                return Entry(Variable(name, time), letters)
        self.at = before
        return None

    def entry_letters(self) -> tuple[str, ...]:
        """The index letters of a subscript that comes next; none where it is anything else."""
        if self.here.text != "_":
            return ()
        script, after = group_at(self.found, self.at + 1)
        letters = [t for t in script if t.text != ","]
        if not letters or not all(t.kind == "name" and self._is_free(t.text) for t in letters):
            return ()
        self.at = after
        return tuple(t.text for t in letters)

    def _is_free(self, letter: str) -> bool:
        scope = self.scope
        named = letter in scope.timed or letter in scope.quantities or letter in scope.functions
        return not named and letter not in (STEP, HORIZON)

    def _is_time(self, part: Script) -> bool:
        letters = index_letters(part)
        if letters is None or not letters <= self.scope.indices:
            return False
        return not letters or bool(letters & {STEP, HORIZON})

    def _time_above(self) -> Time | None:
        """The time of a superscript that comes next, taken if it is one."""
        if self.here.text != "^":
            return None
        script, after = group_at(self.found, self.at + 1)
        inner = unwrapped(script)
        plain_number = inner == script and not index_letters(inner)
        if plain_number or not self._is_time(inner):
            return None
        self.at = after
        return self.inside(inner, self.found[after - 1]).whole_time()

    def via(self, written: Written) -> Expr:
        inside = self.group("a variable")
        through = inside.primary()
        held = False
        if inside.here.text in UPRIGHT:
            word, inside.at = group_at(inside.found, inside.at + 1)
            held = spelled(word).replace(" ", "") in ("held", "heldfixed", "fixed", "const")
            if not held:
                inside.fail("'held'", word[0] if word else None)
        inside.expect_end()
        if not isinstance(through, Variable | Call):
            self.fail("a variable below the brackets")
        return changed(written, at=through, held=held)

    def with_power(self, base: Expr) -> Expr:
        if self.here.text == "^":
            found, after = group_at(self.found, self.at + 1)
            shown = spelled(unwrapped_style(found))
            if shown in TOPS or (len(found) > 1 and found[0].text in STYLES and shown == "T"):
                self.at = after
                return self.with_power(Transpose(base))
        return super().with_power(base)

    def power(self, base: Expr, exponent: Parser) -> Expr:
        found = super().power(base, exponent)
        assert isinstance(found, Power)
        time = as_time(found.exponent)
        return found if time is None else Power(base, Index(time))

    def unbounded_primary(self, token: Token) -> Expr:
        if token.text in DOTTED:
            self.at += 1
            return DOTS
        if token.text == "." and any(t.text == "|" for t in self.found[self.at :]):
            return self.evaluated()
        return super().unbounded_primary(token)

    def evaluated(self) -> Expr:
        r"""\left. A \right|_{t=0}: A with the index put in."""
        self.at += 1
        body = self.expression()
        self.need("|")
        self.need("_", " and where it is taken")
        inside = self.group("an index and its value")
        token = inside.here
        letter = inside.time()
        inside.need("=")
        value = inside.whole_time()
        if len(letter.letters) != 1 or letter != Time.of(letter.letters[0][0]):
            inside.fail("an index letter", token)
        return move(body, {letter.letters[0][0]: value})

    # -- sums -----------------------------------------------------------------------------------------

    def big(self) -> Expr:
        """As for definitions, with bounds that a text may leave out where its index says them."""
        start = self.at
        found = super().big()
        assert isinstance(found, BigSum | BigProduct)
        if isinstance(found, BigSum) and self._sums_entries(found):
            return self._index_sum(found, start)
        if self.found[start + 1].text in ("_", "^"):
            return ascending(found)
        index = next((a for a in ("t", "s", "k", "i") if a in _times_of(found.body)), "t")
        return type(found)(index, found.lower, found.upper, found.body)

    def _sums_entries(self, big: BigSum) -> bool:
        """Whether the index of a Σ names entries, and no step."""
        named = {a for part in parts_of(big.body) if isinstance(part, Entry) for a in part.indices}
        return big.index in named and big.index not in _times_of(big.body)

    def _index_sum(self, big: BigSum, start: int) -> Expr:
        _, after = group_at(self.found, start + 2)
        written = self.found[after].text == "^"
        if written and big.lower != Time.at(1):
            self.fail("the sum over an index of entries to begin at 1", self.found[start])
        return IndexSum(big.index, big.upper if written else None, big.body)

    def lower_bound(self) -> tuple[str, Time, Time | None]:
        r"""t, t=1, 1 \le t \le T, and the one-sided s \ge t, s > t, k \le t, k < t."""
        before = self.at
        token = self.here
        first = self.time()
        if len(first.letters) == 1 and first == Time.of(first.letters[0][0]):
            letter = first.letters[0][0]
            if self.take(*MORE):
                return letter, self.whole_time(), None
            if self.take(">"):
                return letter, self.whole_time() + 1, None
            strict = self.here.text == "<"
            if self.take("<", *FEWER):
                bound = self.time()
                if self.here.kind == "end":
                    return letter, Time.at(1), bound - int(strict)
        self.at = before
        assert self.here == token
        return super().lower_bound()


def parse_member(
    source: Source, start: int, end: int, scope: Scope, found: tuple[Token, ...] | None = None
) -> Expr:
    """The expression that source.text[start:end] writes in a chain; DeriveError where it is none."""
    parser = ClaimParser(source, found or tokens(source, start, end), scope)
    with parser.bounded():
        return parser.whole()


def ascending(big: BigSum | BigProduct) -> BigSum | BigProduct:
    """Σ and Π that are written from the last step down to the first, k = t to 1, turned round."""
    low, high = big.lower, big.upper
    down = bool(low.letters) and high.is_number and high.shift <= 1
    last = [a for a, _ in low.letters] == ["T"] and "T" not in dict(high.letters)
    if not down and not last:
        return big
    return type(big)(big.index, high, low, big.body)


def as_time(expr: Expr) -> Time | None:
    """An exponent such as t - k + 1 as one index; None for a number or anything else."""

    def go(part: Expr) -> Time | None:
        match part:
            case Number(value) if value.denominator == 1:
                return Time.at(int(value))
            case Index(time):
                return time
            case Sum(terms):
                found = Time()
                for term in map(go, terms):
                    if term is None:
                        return None
                    found = found + term
                return found
            case Product((Number(value), rest)) if value.denominator == 1:
                inner = go(rest)
                return None if inner is None else _scaled(inner, int(value))
            case _:
                return None

    found = go(expr)
    return found if found is not None and found.letters else None


def _scaled(time: Time, by: int) -> Time:
    letters = tuple((a, n * by) for a, n in time.letters) if by else ()
    return Time(letters, time.shift * by)


def has_written(expr: Expr) -> bool:
    """Whether a derivative stands anywhere in `expr`."""
    return any(isinstance(part, Written) for part in parts_of(expr))


def parts_of(expr: Expr) -> list[Expr]:
    """`expr` and everything inside it, inside written derivatives too."""
    found: list[Expr] = []
    for part in walk(expr):
        found.append(part)
        if isinstance(part, Written):
            for inner in (part.of, part.by, part.at):
                if inner is not None:
                    found += parts_of(inner)
    return found


def _times_of(expr: Expr) -> set[str]:
    letters: set[str] = set()
    for part in parts_of(expr):
        if isinstance(part, Variable) and part.time is not None:
            letters |= {a for a, _ in part.time.letters}
    return letters


def unwrapped_style(found: Script) -> Script:
    r"""\mathsf{T} and \mathrm{T} without their style."""
    if found and found[0].text in STYLES:
        inside, _ = group_at((*found, Token("end", "", 0)), 1)
        return inside
    return found


def _parts(script: Script) -> list[Script]:
    """What stands between the commas of a subscript."""
    found: list[list[Token]] = [[]]
    for token in script:
        if token.text == ",":
            found.append([])
        else:
            found[-1].append(token)
    return [tuple(part) for part in found]


def _is_differential(parser: Parser) -> bool:
    """Whether ∂, d or δ comes next, alone (an operator) or before what it is of."""
    token = parser.here
    if token.kind == "end":
        return False
    following = parser.found[parser.at + 1]
    if token.text in ("\\partial", "d", "\\delta") and following.kind == "end":
        return True
    if token.text in ("\\partial", "d") and following.text in ("^", "(", "\\sum", "\\nabla", "/"):
        return True
    if token.text in UPRIGHT:
        inside, _ = group_at(parser.found, parser.at + 1)
        return spelled(inside) == "d"
    return _differential(parser) or (
        token.text == "\\partial" and following.text not in ("_", "+", "-", "=")
    )
