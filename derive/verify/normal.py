"""The normal form of a formula at one T, or of one without time: a fraction of two polynomials.

Exponentials carry every elementary function (tanh a = (e^{2a} - 1) / (e^{2a} + 1)), cosines every even
power of a sine; so equal formulas mostly have equal normal forms, and equal normal forms are a proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Expr,
    Immediate,
    Index,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Transpose,
    Variable,
    move,
    replace,
)
from derive.errors import DeriveError
from derive.model.functions import SLOPE
from derive.model.graph import Graph, edges
from derive.model.recurrence import STEP
from derive.notation.latex import latex
from derive.notation.unicode import text
from derive.verify import polynomials
from derive.verify.context import Context
from derive.verify.polynomials import Polynomial
from derive.verify.readings import explicit

MOST_POWER = 64
MOST_RANGE = 64


class NoNormalForm(DeriveError):
    """The formula has none here."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """`above` / `below`; what is below commutes."""

    above: Polynomial
    below: Polynomial


def same(left: Ratio, right: Ratio) -> bool:
    """Whether two fractions are equal."""
    if left.below == right.below:
        return reduced(left.above) == reduced(right.above)
    first = polynomials.times(left.above, right.below)
    second = polynomials.times(right.above, left.below)
    return not reduced(polynomials.minus(first, second))


class Normal:
    """Normal forms at the T of `graph`; with `opened` every closed definition is put in."""

    def __init__(self, context: Context, graph: Graph, commuting: bool, opened: bool) -> None:
        self.context = context
        self.graph = graph
        self.commuting = commuting
        self.opened = opened
        self._memo: dict[Expr, Ratio] = {}
        self._from: dict[Variable, dict[Variable, Ratio]] = {}
        self._pending: set[Variable] = set()

    def of(self, expr: Expr, letters: Mapping[str, Time]) -> Ratio:
        """The normal form at these indices; NoNormalForm or TooLarge where there is none."""
        return self._of(move(expr, letters))

    def _of(self, expr: Expr) -> Ratio:
        if expr not in self._memo:
            self._memo[expr] = self._fresh(expr)
        return self._memo[expr]

    def _fresh(self, expr: Expr) -> Ratio:
        match expr:
            case Number(value):
                return whole(polynomials.number(value))
            case Index():
                raise NoNormalForm("a free index")
            case Variable():
                return self._variable(expr)
            case Sum(terms):
                return self._sum([self._of(t) for t in terms])
            case Product(factors):
                return self._product(list(map(self._of, factors)))
            case Quotient(a, b):
                return _over(self._of(a), self._of(b))
            case Power(base, exponent):
                return self._power(self._of(base), self._of(exponent), expr)
            case BigSum(index, lower, upper, body):
                return self._sum([self._of(x) for x in _each(index, lower, upper, body)])
            case BigProduct(index, lower, upper, body):
                parts = list(_each(index, lower, upper, body))
                return self._product([self._of(x) for x in reversed(parts)])
            case Total(of, by):
                return self._total(of, by)
            case Immediate(of, by):
                return self._edge(of, by)
            case Call(function, arguments, slots):
                return self._call(function, arguments, slots, expr)
            case Transpose():
                raise NoNormalForm("a transposition")
            case _:
                raise NoNormalForm("no normal form")

    def _sum(self, parts: list[Ratio]) -> Ratio:
        return reduce(_plus, parts, whole(polynomials.ZERO))

    def _product(self, parts: list[Ratio]) -> Ratio:
        above: Polynomial = polynomials.ONE
        below: Polynomial = polynomials.ONE
        for part in parts:
            above = reduced(polynomials.times(above, part.above))
            below = polynomials.times(below, part.below)
        return Ratio(above, below)

    def _power(self, base: Ratio, exponent: Ratio, expr: Expr) -> Ratio:
        if exponent.below != polynomials.ONE or not polynomials.is_number(exponent.above):
            raise NoNormalForm(f"the exponent of {latex(expr)}")
        n = polynomials.constant_of(exponent.above)
        if n.denominator != 1 or abs(n) > MOST_POWER:
            raise NoNormalForm(f"the exponent of {latex(expr)}")
        found = whole(polynomials.ONE)
        for _ in range(abs(int(n))):
            found = self._product([found, base])
        return found if n >= 0 else _over(whole(polynomials.ONE), found)

    # -- variables and functions ---------------------------------------------------------------------

    def _variable(self, v: Variable) -> Ratio:
        derived = [d for d in self.context.derived if d.target.name == v.name]
        if derived:
            return self._derived(v)
        body = self.graph.bodies.get(v)
        if body is None or not self.opened or v in self.graph.abstract:
            return whole(polynomials.symbol(text(v)))
        return self._of(body)

    def _derived(self, v: Variable) -> Ratio:
        end = {"T": Time.at(self.graph.horizon)}
        own = [d for d in self.context.derived if d.target.name == v.name]
        for d in own:
            if move(d.target, end) == v:
                return self._guarded(v, move(d.body, end))
        for d in own:
            if d.target.time == Time.of(STEP) and v.time is not None:
                if not 0 <= v.time.shift <= self.graph.horizon:
                    return whole(polynomials.ZERO)
                return self._guarded(v, move(d.body, {STEP: v.time, **end}))
        raise NoNormalForm(f"{v.name} is not defined at that step")

    def _guarded(self, v: Variable, body: Expr) -> Ratio:
        if v in self._pending:
            raise NoNormalForm(f"{v.name} is defined by itself")
        self._pending.add(v)
        try:
            return self._of(body)
        finally:
            self._pending.discard(v)

    def _call(
        self, function: str, arguments: tuple[Expr, ...], slots: tuple[int, ...], expr: Expr
    ) -> Ratio:
        if function not in SLOPE or slots or len(arguments) != 1:
            return self._opaque(expr)
        argument = self._of(arguments[0])
        match function:
            case "\\exp":
                return exponential(argument)
            case "\\sigma":
                e = exponential(argument)
                return _over(e, self._sum([e, whole(polynomials.ONE)]))
            case "\\tanh":
                e = exponential(self._product([whole(polynomials.number(2)), argument]))
                one = whole(polynomials.ONE)
                less = whole(polynomials.number(-1))
                return _over(self._sum([e, less]), self._sum([e, one]))
            case "\\sinh" | "\\cosh":
                e, f = exponential(argument), exponential(_negative(argument))
                other = f if function == "\\cosh" else _negative(f)
                half = whole(polynomials.number(Fraction(1, 2)))
                return self._product([half, self._sum([e, other])])
            case "\\sin" | "\\cos":
                return _circular(function, argument)
            case "\\tan":
                return _over(_circular("\\sin", argument), _circular("\\cos", argument))
            case _:
                name = "\\log" if function == "\\ln" else function
                return whole(polynomials.symbol(f"{name}({_named(argument)})"))

    def _opaque(self, expr: Expr) -> Ratio:
        """An abstract function's value or slot derivative, named by its arguments."""
        assert isinstance(expr, Call)
        known = self._recognised(expr)
        if known is not None:
            return known
        inner = ",".join(_named(self._of(a)) for a in expr.arguments)
        name = f"{expr.function}{expr.slots}({inner})"
        if expr.slots and not self.commuting:
            return whole(polynomials.atom(name))
        return whole(polynomials.symbol(name))

    def _recognised(self, call: Call) -> Ratio | None:
        """A call that is the body of a variable's definition is that variable, or its edge."""
        plain = Call(call.function, call.arguments)
        for node in self.graph.abstract:
            if self.graph.bodies[node] == plain:
                if not call.slots:
                    return whole(polynomials.symbol(text(node)))
                argument = call.arguments[call.slots[0] - 1]
                if len(call.slots) == 1 and isinstance(argument, Variable):
                    return self._edge(node, argument)
        return None

    # -- derivatives ---------------------------------------------------------------------------------

    def _edge(self, of: Variable, by: Variable) -> Ratio:
        shared = Variable(by.name, by.time)
        elsewhere = by.copy is not None and by.copy != of.time
        if (of, shared) not in edges(self.graph) or elsewhere:
            return whole(polynomials.ZERO)
        if of in self.graph.abstract:
            mark = "⁺" if shared.time is None else ""
            name = f"∂{mark}{text(of)}/∂{text(shared)}"
            make = polynomials.symbol if self.commuting else polynomials.atom
            return whole(make(name))
        body = self.graph.bodies[of]
        slope = explicit(body, shared)
        if not self.opened and isinstance(body, Call) and body.function in SLOPE:
            slope = replace(slope, {body: of})
        return self._of(slope)

    def _total(self, of: Variable, by: Variable) -> Ratio:
        if by not in self._from:
            self._from[by] = self._forward(by)
        return self._from[by].get(of, whole(polynomials.ZERO))

    def _forward(self, by: Variable) -> dict[Variable, Ratio]:
        table = {by: whole(polynomials.ONE)}
        for node in self.graph.nodes:
            if node == by:
                continue
            parts = [
                self._product([self._edge(node, v), table[v]])
                for v in self.graph.inputs.get(node, ())
                if v in table
            ]
            if parts:
                table[node] = self._sum(parts)
        return table


def whole(polynomial: Polynomial) -> Ratio:
    """A polynomial as a fraction."""
    return Ratio(polynomial, polynomials.ONE)


def _plus(a: Ratio, b: Ratio) -> Ratio:
    if a.below == b.below:
        return Ratio(polynomials.plus((a.above, b.above)), a.below)
    above = polynomials.times(a.above, b.below), polynomials.times(b.above, a.below)
    return Ratio(polynomials.plus(above), polynomials.times(a.below, b.below))


def _negative(value: Ratio) -> Ratio:
    return Ratio({k: -c for k, c in value.above.items()}, value.below)


def _over(a: Ratio, b: Ratio) -> Ratio:
    above_b = reduced(b.above)
    if not above_b:
        raise NoNormalForm("a division by zero")
    if any(word for _, word in above_b):
        raise NoNormalForm("a division by what does not commute")
    inverse = polynomials.inverse_of_term(above_b)
    above = polynomials.times(a.above, b.below)
    if inverse is not None:
        return Ratio(polynomials.times(above, inverse), a.below)
    return Ratio(above, polynomials.times(a.below, above_b))


def _each(index: str, lower: Time, upper: Time, body: Expr) -> list[Expr]:
    if not lower.is_number or not upper.is_number or upper.shift - lower.shift > MOST_RANGE:
        raise NoNormalForm("a Σ without a short range of numbers")
    return [move(body, {index: Time.at(i)}) for i in range(lower.shift, upper.shift + 1)]


def _named(value: Ratio) -> str:
    above = sorted(reduced(value.above).items())
    return f"{above}/{sorted(value.below.items())}"


def exponential(value: Ratio) -> Ratio:
    """e to a fraction: a product of one symbol for each of its terms."""
    if any(word for _, word in value.above):
        raise NoNormalForm("the exponential of what does not commute")
    below = "" if value.below == polynomials.ONE else f"/{sorted(value.below.items())}"
    found: dict[str, Fraction] = {}
    for (monomial, _), c in reduced(value.above).items():
        found[f"e^{monomial}{below}"] = c
    return whole({(tuple(sorted(found.items())), ()): Fraction(1)})


def _circular(function: str, argument: Ratio) -> Ratio:
    """Sine or cosine of an argument whose first coefficient is made positive."""
    above = sorted(reduced(argument.above).items())
    if not above:
        return whole(polynomials.number(int(function == "\\cos")))
    sign = 1 if above[0][1] > 0 else -1
    positive = Ratio({k: sign * c for k, c in above}, argument.below)
    name = f"{function}({_named(positive)})"
    found = whole(polynomials.symbol(name))
    return _negative(found) if sign < 0 and function == "\\sin" else found


def reduced(polynomial: Polynomial) -> Polynomial:
    """sin² a = 1 - cos² a, and (√a)² left as it is."""
    if not any(_is_square_of_sine(p) for key in polynomial for p in key[0]):
        return polynomial
    parts: list[Polynomial] = []
    for (monomial, word), c in polynomial.items():
        found: Polynomial = {((), word): c}
        for name, n in monomial:
            factor = polynomials.symbol(name, n)
            if _is_square_of_sine((name, n)):
                cosine = polynomials.symbol("\\cos" + name.removeprefix("\\sin"), 2)
                square = polynomials.minus(polynomials.ONE, cosine)
                factor = polynomials.times(square, _symbol_or_one(name, n - 2))
            found = polynomials.times(factor, found)
        parts.append(found)
    return reduced(polynomials.plus(parts))


def _symbol_or_one(name: str, n: Fraction | int) -> Polynomial:
    return polynomials.symbol(name, n) if n else polynomials.ONE


def _is_square_of_sine(power: tuple[str, Fraction | int]) -> bool:
    return power[0].startswith("\\sin(") and power[1] >= 2
