"""The value of a formula in a small world: exact numbers that anyone can work out by hand.

In a world every abstract immediate derivative is a small random matrix, every input, parameter and
initial state of a closed formula a small number; totals are worked out along the graph. With
transcendental functions the numbers are intervals, and two values differ only where theirs do not meet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce
from hashlib import blake2b
from itertools import count
from typing import Any

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Expr,
    Immediate,
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
    walk,
)
from derive.errors import DeriveError
from derive.model.functions import RELU, SLOPE
from derive.model.graph import Graph, edges
from derive.model.recurrence import STEP, Recurrence, variables
from derive.verify.context import Context

Matrix = tuple[tuple[Any, ...], ...]

MOST_TERMS = 20_000
MOST_POWER = 64
PRECISION = 120
_SLOT = Variable("slot")


class NoNumber(DeriveError):
    """The formula has no value in this world."""


class Misfit(NoNumber):
    """Factors or terms whose shapes do not fit."""


@dataclass(frozen=True, slots=True)
class Dual:
    """A number with its slope."""

    value: Any
    slope: Any


class Numbers:
    """One world of a context at one T; `seed` decides it, `sizes` whether vectors are vectors."""

    def __init__(
        self, context: Context, graph: Graph, seed: int, sizes: bool, interval: bool = False
    ) -> None:
        self.context = context
        self.horizon = graph.horizon
        self.seed = seed
        self.sizes = sizes
        self.graph = graph
        self.interval = interval or _is_transcendental(context.model)
        self._kinked = any(
            isinstance(part, Call) and part.function == RELU
            for d in context.model.definitions
            for part in walk(d.body)
        )
        self.used: dict[Expr, Any] = {}
        self.override: Mapping[Expr, Any] = {}
        self._scalars = _scalar_names(context.model)
        self._names = {
            v.name for d in context.model.definitions for v in (d.target, *variables(d.body))
        }
        self._numbers: dict[Variable, Any] = {}
        self._vectors: dict[Variable, Matrix] = {}
        self._local: dict[tuple[Variable, Variable], Matrix] = {}
        self._from: dict[Variable, dict[Variable, Matrix]] = {}
        self._memo: dict[Expr, Matrix] = {}
        self._spent = count()
        self._pending: set[Expr] = set()

    # -- random numbers ---------------------------------------------------------------------------

    def _digest(self, *key: object) -> int:
        digest = blake2b(repr((self.seed, key)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big")

    def _small(self, *key: object) -> Any:
        """A small number other than 0; larger and negative ones only in later worlds."""
        most = 3 + self.seed
        found = 1 + self._digest(*key) % most
        often, from_world = (2, 0) if self._kinked else (3, 1)
        negative = self.seed > from_world and self._digest("sign", *key) % often == 0
        return self._exact(-found if negative else found)

    def _exact(self, value: Fraction | int) -> Any:
        """A number of this world: a fraction, or an interval where functions are transcendental."""
        if self.interval:
            return to_interval(value)
        return int(value) if value.denominator == 1 else value

    def size(self, name: str) -> int:
        """How many components a variable has; 1 where a closed formula uses it."""
        if not self.sizes or name in self._scalars or name not in self._names:
            return 1
        return 2 + self._digest("size", name) % 2

    # -- values -----------------------------------------------------------------------------------

    def value(self, expr: Expr, letters: Mapping[str, Time]) -> Matrix:
        """The value of a resolved formula whose letters, T among them, are numbers."""
        self._spent = count()
        return self._value(move(expr, letters))

    def _value(self, expr: Expr) -> Matrix:
        if expr in self._memo:
            return self._memo[expr]
        if next(self._spent) > MOST_TERMS:
            raise NoNumber(f"more than the limit of {MOST_TERMS} terms")
        found = self._fresh(expr)
        self._memo[expr] = found
        return found

    def _fresh(self, expr: Expr) -> Matrix:
        match expr:
            case Number(value):
                return ((self._exact(value),),)
            case Variable():
                return self._variable(expr)
            case Total(of, by):
                return self.total(of, by)
            case Immediate(of, by):
                return self.local(of, by)
            case Sum(terms):
                return reduce(plus, map(self._value, terms))
            case Product(factors):
                return self._product(factors)
            case Transpose(of):
                return tuple(zip(*self._value(of), strict=True))
            case BigSum(index, lower, upper, body):
                zero: Matrix = ((self._exact(0),),)
                parts = (self._value(move(body, {index: at})) for at in _range(lower, upper))
                return reduce(plus, parts, zero)
            case BigProduct(index, lower, upper, body):
                unit: Matrix = ((self._exact(1),),)
                descending = reversed(list(_range(lower, upper)))
                parts = (self._value(move(body, {index: at})) for at in descending)
                return reduce(times, parts, unit)
            case Call(function, _, _) if function not in SLOPE:
                return self._opaque(expr)
            case Quotient(a, b):
                return times(self._value(a), ((_inverse(_scalar(self._value(b))),),))
            case _:
                return ((self.scalar(expr, lambda v: _scalar(self._variable(v))),),)

    def _product(self, factors: tuple[Expr, ...]) -> Matrix:
        """A product; what lies beyond the horizon counts as 0, whatever it is multiplied by."""
        found = [self._value(f) for f in factors]
        if any(_is_beyond(f, self.graph) for f in factors):
            return ((self._exact(0),),)
        return reduce(times, found)

    def _variable(self, v: Variable) -> Matrix:
        derived = self._derived(v)
        if derived is not None:
            return derived
        size = self.size(v.name)
        body = self.graph.bodies.get(v) if self.sizes and v in self.graph.abstract else None
        if isinstance(body, Call):
            return self._by_body(v, body, size)
        if size == 1:
            return ((self.number(v),),)
        return tuple((self._note(v, i),) for i in range(size))

    def _by_body(self, v: Variable, body: Call, size: int) -> Matrix:
        """h_t is f(h_{t-1}, θ), so it has the value of that call."""
        if v not in self._vectors:
            self._vectors[v] = self._abstract_column(body, size)
        found = self._vectors[v]
        if size == 1:
            self.used.setdefault(v, found[0][0])
        return found

    def _note(self, v: Variable, i: int) -> Any:
        return self._small("component", v.name, _when(v), i)

    def _derived(self, v: Variable) -> Matrix | None:
        """The value of a quantity that is defined with derivatives; 0 beyond its recursion."""
        own = [d for d in self.context.derived if d.target.name == v.name]
        if not own:
            return None
        end = {"T": Time.at(self.horizon)}
        for d in own:
            if move(d.target, end) == v:
                return self._defined(v, move(d.body, end))
        for d in own:
            if d.target.time == Time.of(STEP) and v.time is not None:
                if v.time.shift > self.horizon or v.time.shift < 0:
                    return ((self._exact(0),),)
                return self._defined(v, move(d.body, {STEP: v.time, **end}))
        raise NoNumber(f"{v.name} is not defined at that step")

    def _defined(self, v: Variable, body: Expr) -> Matrix:
        if v in self._pending:
            raise NoNumber(f"{v.name} is defined by itself")
        self._pending.add(v)
        try:
            return self._value(body)
        finally:
            self._pending.discard(v)

    def number(self, v: Variable) -> Any:
        """The value of a scalar variable, worked out from the leaves."""
        if v not in self._numbers:
            body = self.graph.bodies.get(v)
            if v in self.override:
                found = self.override[v]
                self.used.setdefault(v, found)
            elif body is None or v in self.graph.abstract:
                found = self._leaf_or_call(v, body)
                self.used.setdefault(v, found)
            else:
                found = self.scalar(body, self.number)
            self._numbers[v] = found
        return self._numbers[v]

    def _leaf_or_call(self, v: Variable, body: Expr | None) -> Any:
        if body is None:
            return self._small("leaf", v.name, _when(v))
        if self.sizes and isinstance(body, Call):
            return _scalar(self._by_body(v, body, 1))
        return self.scalar(body, self.number)

    def _opaque(self, call: Call) -> Matrix:
        """An abstract function's value or slot derivative: random, the same for the same arguments."""
        return self._abstract_column(call, self._rows(call.function))

    def _abstract_column(self, call: Call, rows: int) -> Matrix:
        arguments = [self._value(a) for a in call.arguments]
        columns = reduce(lambda a, i: a * len(arguments[i - 1]), call.slots, 1)
        key = (call.function, repr([m[0][0] if _is_single(m) else m for m in arguments]))
        return tuple(
            tuple(self._abstract(key, call.slots, i, j) for j in range(columns))
            for i in range(rows)
        )

    def _abstract(self, key: object, slots: tuple[int, ...], i: int = 0, j: int = 0) -> Any:
        return self._small("call", key, slots, i, j)

    def _rows(self, function: str) -> int:
        for d in self.context.model.definitions:
            if d.is_abstract and isinstance(d.body, Call) and d.body.function == function:
                return self.size(d.target.name)
        return 1

    def scalar(self, expr: Expr, of: Callable[[Variable], Any]) -> Any:
        """The value of a closed scalar formula."""
        return self._dual(expr, lambda v: Dual(of(v), self._exact(0))).value

    # -- slopes -----------------------------------------------------------------------------------

    def _dual(self, expr: Expr, of: Callable[[Variable], Dual]) -> Dual:
        """A closed formula's value with its slope, by the rules of calculus on numbers."""

        def go(part: Expr) -> Dual:
            match part:
                case Number(value):
                    return Dual(self._exact(value), self._exact(0))
                case Variable():
                    return of(part)
                case Sum(terms):
                    parts = [go(x) for x in terms]
                    return Dual(sum(p.value for p in parts), sum(p.slope for p in parts))
                case Product(factors):
                    return reduce(_dual_times, map(go, factors))
                case Quotient(a, b):
                    below = go(b)
                    inverse = _inverse(below.value)
                    return _dual_times(go(a), Dual(inverse, -below.slope * inverse * inverse))
                case Power(a, b):
                    return self._dual_power(go(a), go(b))
                case Call(function, (argument,), ()) if function in SLOPE:
                    return self._dual_call(function, go(argument))
                case Call(function, arguments, slots):
                    return self._dual_abstract(function, [go(a) for a in arguments], slots)
                case BigSum(index, lower, upper, body):
                    parts = [go(move(body, {index: at})) for at in _range(lower, upper)]
                    zero = self._exact(0)
                    return Dual(
                        sum((p.value for p in parts), zero), sum((p.slope for p in parts), zero)
                    )
                case _:
                    raise NoNumber("no value")

        return go(expr)

    def _dual_power(self, base: Dual, exponent: Dual) -> Dual:
        n = _whole(exponent.value)
        if n is None or not _is_zero(exponent.slope):
            raise NoNumber("a power that is no whole number has no exact value")
        if abs(n) > MOST_POWER:
            raise NoNumber(f"an exponent beyond the limit of {MOST_POWER}")
        if n == 0:
            return Dual(self._exact(1), self._exact(0))
        low = _whole_power(base.value, n - 1, self._exact(1))
        return Dual(low * base.value, n * low * base.slope)

    def _dual_call(self, function: str, argument: Dual) -> Dual:
        value = apply(function, argument.value)
        if _is_zero(argument.slope):
            return Dual(value, self._exact(0))
        known = {_SLOT: argument.value, Variable("result"): value}
        slope = SLOPE[function](_SLOT, Variable("result"))
        return Dual(value, self.scalar(slope, known.__getitem__) * argument.slope)

    def _dual_abstract(self, function: str, arguments: list[Dual], slots: tuple[int, ...]) -> Dual:
        key = (function, repr([a.value for a in arguments]))
        value = self._abstract(key, slots)
        slope = sum(
            (self._abstract(key, (*slots, i)) * a.slope for i, a in enumerate(arguments, 1)),
            self._exact(0),
        )
        return Dual(value, slope)

    # -- derivatives ------------------------------------------------------------------------------

    def local(self, of: Variable, by: Variable) -> Matrix:
        """∂⁺of/∂by, |of| × |by|; zero where `of` does not use `by`."""
        key = (of, by)
        if key not in self._local:
            self._local[key] = self._local_fresh(of, by)
        return self._local[key]

    def _local_fresh(self, of: Variable, by: Variable) -> Matrix:
        rows, columns = self.size(of.name), self.size(by.name)
        shared = Variable(by.name, by.time)
        if (of, shared) not in edges(self.graph) or (by.copy is not None and by.copy != of.time):
            return ((self._exact(0),) * columns,) * rows
        if of in self.graph.abstract:
            found = tuple(
                tuple(self._small("edge", of, shared, i, j) for j in range(columns))
                for i in range(rows)
            )
            self.used.setdefault(Immediate(of, shared), found)
            return found

        def of_variable(v: Variable) -> Dual:
            return Dual(self.number(v), self._exact(int(v == shared)))

        return ((self._dual(self.graph.bodies[of], of_variable).slope,),)

    def total(self, of: Variable, by: Variable) -> Matrix:
        """∂of/∂by over all paths, worked out forward from `by`."""
        if by not in self._from:
            self._from[by] = self._forward(by)
        rows, columns = self.size(of.name), self.size(by.name)
        return self._from[by].get(of, ((self._exact(0),) * columns,) * rows)

    def _forward(self, by: Variable) -> dict[Variable, Matrix]:
        size = self.size(by.name)
        table = {
            by: tuple(tuple(self._exact(int(i == j)) for j in range(size)) for i in range(size))
        }
        for node in self.graph.nodes:
            if node == by:
                continue
            inputs = self.graph.inputs.get(node, ())
            parts = [times(self.local(node, v), table[v]) for v in inputs if v in table]
            if parts:
                table[node] = reduce(plus, parts)
        return table


def differ(left: Matrix, right: Matrix) -> bool:
    """Whether two values are certainly different; Misfit where they have different shapes."""
    if _shape(left) != _shape(right):
        left, right = _fitted(left, right)
    pairs = zip(left, right, strict=True)
    return any(_apart(x, y) for p, q in pairs for x, y in zip(p, q, strict=True))


def _shape(matrix: Matrix) -> tuple[int, int]:
    return len(matrix), len(matrix[0])


def _fitted(left: Matrix, right: Matrix) -> tuple[Matrix, Matrix]:
    """A number beside a square matrix is that multiple of the identity; 0 fits every shape."""
    for one, other, swapped in ((left, right, False), (right, left, True)):
        rows, columns = _shape(other)
        zero = all(_is_zero(x) for row in one for x in row)
        if zero or (_is_single(one) and rows == columns):
            number = one[0][0]
            wide = tuple(
                tuple(number if i == j else number * 0 for j in range(columns)) for i in range(rows)
            )
            wide = wide if not zero else ((number * 0,) * columns,) * rows
            return (other, wide) if swapped else (wide, other)
    raise Misfit("terms of different shapes")


def _is_zero(x: Any) -> bool:
    if isinstance(x, Fraction | int):
        return x == 0
    return bool(x.a == 0 == x.b)


def _apart(x: Any, y: Any) -> bool:
    if isinstance(x, Fraction | int) and isinstance(y, Fraction | int):
        return x != y
    x, y = to_interval(x), to_interval(y)
    return bool(x.b < y.a or y.b < x.a)


def plus(a: Matrix, b: Matrix) -> Matrix:
    """The sum; the number 0 may be added to a matrix of any shape, any number to a square one."""
    if _shape(a) != _shape(b):
        a, b = _fitted(a, b)
    return tuple(tuple(x + y for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True))


def times(a: Matrix, b: Matrix) -> Matrix:
    """The product; a number multiplies a matrix of any shape."""
    for number, other in ((a, b), (b, a)):
        if len(number) == len(number[0]) == 1:
            return tuple(tuple(number[0][0] * x for x in row) for row in other)
    if len(a[0]) != len(b):
        raise Misfit("factors whose shapes do not fit")
    columns = tuple(zip(*b, strict=True))
    return tuple(
        tuple(sum(x * y for x, y in zip(row, column, strict=True)) for column in columns)
        for row in a
    )


def _scalar_names(model: Recurrence) -> frozenset[str]:
    closed = [d for d in model.definitions if not d.is_abstract]
    return frozenset(v.name for d in closed for v in (d.target, *variables(d.body)))


def _is_transcendental(model: Recurrence) -> bool:
    return any(is_transcendental(d.body) for d in model.definitions)


def is_transcendental(expr: Expr) -> bool:
    """Whether an elementary function stands in a formula."""
    return any(isinstance(part, Call) and part.function in SLOPE for part in walk(expr))


def _is_beyond(expr: Expr, graph: Graph) -> bool:
    """Whether this is the derivative by what lies beyond the horizon, or a value there: 0."""
    if not isinstance(expr, Total) or expr.by.time is None:
        return False
    return expr.by.time.shift > graph.horizon and expr.by not in graph.position


def _range(lower: Time, upper: Time) -> list[Time]:
    if not lower.is_number or not upper.is_number:
        raise NoNumber("a Σ without a range of numbers")
    return [Time.at(i) for i in range(lower.shift, upper.shift + 1)]


def _when(v: Variable) -> int | None:
    return v.time.shift if v.time else None


def _scalar(matrix: Matrix) -> Any:
    if len(matrix) != 1 or len(matrix[0]) != 1:
        raise Misfit("a matrix where a number is needed")
    return matrix[0][0]


def _dual_times(a: Dual, b: Dual) -> Dual:
    return Dual(a.value * b.value, a.slope * b.value + a.value * b.slope)


def _whole_power(base: Any, n: int, one: Any) -> Any:
    if n >= 0:
        return reduce(lambda x, _: x * base, range(n), one)
    return _inverse(_whole_power(base, -n, one))


def _whole(x: Any) -> int | None:
    """The whole number that a number of a world is."""
    if isinstance(x, Fraction | int):
        return int(x) if Fraction(x).denominator == 1 else None
    middle = float(x.mid)
    return int(middle) if x.a == x.b and middle.is_integer() else None


def _is_single(matrix: Matrix) -> bool:
    return len(matrix) == len(matrix[0]) == 1


def _inverse(x: Any) -> Any:
    if isinstance(x, Fraction | int):
        if x == 0:
            raise NoNumber("a division by zero")
        return Fraction(1) / x
    if x.a <= 0 <= x.b:
        raise NoNumber("a division by what may be zero")
    return 1 / x


# -- transcendental functions: intervals of mpmath ------------------------------------------------


def to_interval(x: Any) -> Any:
    """A number as an interval of mpmath."""
    return _as_interval(x.numerator, x.denominator) if isinstance(x, Fraction | int) else x


@lru_cache(maxsize=10_000)
def _as_interval(above: int, below: int) -> Any:
    from mpmath import iv

    iv.prec = PRECISION
    return iv.mpf(above) if below == 1 else iv.mpf(above) / iv.mpf(below)


def apply(function: str, x: Any) -> Any:
    """An elementary function of an exact number or an interval, as an interval."""
    return _applied(function, to_interval(x)._mpi_)


@lru_cache(maxsize=10_000)
def _applied(function: str, ends: tuple[Any, Any]) -> Any:
    """The function of the interval between two ends, worked out once."""
    from mpmath import iv

    iv.prec = PRECISION
    x = iv.make_mpf(ends)
    e = iv.exp(x)
    match function:
        case "\\exp":
            return e
        case "\\tanh":
            return 1 - 2 / (iv.exp(2 * x) + 1)
        case "\\sigma":
            return 1 / (1 + iv.exp(-x))
        case "\\sinh":
            return (e - 1 / e) / 2
        case "\\cosh":
            return (e + 1 / e) / 2
        case "\\operatorname{ReLU}" | "\\operatorname{step}":
            if x.a <= 0 <= x.b:
                raise NoNumber(f"{function} at what may be 0")
            positive = bool(x.a > 0)
            return (x if positive else x * 0) if function == RELU else iv.mpf(int(positive))
        case "\\operatorname{softplus}":
            return iv.log(1 + e)
        case "\\sin" | "\\cos" | "\\tan":
            return getattr(iv, function[1:])(x)
        case "\\log" | "\\ln" | "\\sqrt":
            if not x.a > 0:
                raise NoNumber("a logarithm or root of what may not be positive")
            return iv.sqrt(x) if function == "\\sqrt" else iv.log(x)
        case _:
            raise NoNumber(f"{function} has no value here")
