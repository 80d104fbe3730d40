"""The independent meaning of a formula: its value in a random world.

In a world every abstract immediate derivative is a random matrix modulo a large prime (sizes that
fit); in a closed definition only leaves get values, the rest is computed. An elementary function takes
a random value at each argument, which is enough where only its slope relates it to anything: the
slopes are polynomial in the function's value. Totals are worked out along the graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import reduce
from hashlib import blake2b
from operator import mul

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Derivative,
    Expr,
    Gradient,
    Held,
    Immediate,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Transpose,
    Truncated,
    Variable,
    Via,
    factors_of,
    move,
    walk,
)
from derive.errors import DeriveError
from derive.model.functions import SLOPE
from derive.model.graph import Graph, edges, longest_spans, span
from derive.model.recurrence import Recurrence, variables
from derive.notation.latex import latex

PRIME = 2**61 - 1

Matrix = tuple[tuple[int, ...], ...]
Value = int | Matrix
Letters = tuple[tuple[str, Time], ...]

_ARGUMENT, _RESULT = ARGUMENT_AND_RESULT = Variable("argument"), Variable("value")


class NoValue(DeriveError):
    """The formula has no value in this world: factors that do not fit, or a division by zero."""


class World:
    """One random assignment to a graph; `seed` decides it, so a check can be repeated."""

    def __init__(self, graph: Graph, seed: str = "0") -> None:
        self.graph = graph
        self.seed = seed
        self._scalar_names = _scalar_names(graph.recurrence)
        self._values: dict[Variable, int] = {}
        self._slopes: dict[Variable, dict[Variable, int]] = {}
        self._local: dict[tuple[Variable, Variable], Matrix] = {}
        self._from: dict[Variable, dict[Variable, Matrix]] = {}
        self._to: dict[Variable, dict[Variable, Matrix]] = {}
        self._names = frozenset(v.name for v in (*graph.nodes, *graph.recurrence.parameters))
        self._layers: dict[Variable, tuple[int, dict[Variable, list[Matrix]]]] = {}
        self._places: dict[Letters, _Place] = {}
        self._terms: dict[Expr, Value] = {}
        self._split: dict[Sum, bool] = {}
        self._products = _Prefix(1)
        self._late: dict[Expr, bool] = {}
        self._symbols: dict[Derivative, Value] = {}
        self._fill()

    # -- random numbers ---------------------------------------------------------------------------

    def _random(self, *key: object) -> int:
        digest = blake2b(repr((self.seed, key)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % PRIME

    def size(self, name: str) -> int:
        """How many components a variable has in this world: 1 wherever a closed formula uses it."""
        return 1 if name in self._scalar_names else 2 + self._random("size", name) % 2

    # -- scalars ----------------------------------------------------------------------------------

    def _fill(self) -> None:
        """The value of every scalar variable, inputs before users."""
        for node in self.graph.nodes:
            body = self.graph.bodies.get(node)
            if body is None:
                self._values[node] = self._leaf(node)
            else:
                self._values[node] = self.scalar(body, self._values)

    def scalar(self, expr: Expr, values: Mapping[Variable, int]) -> int:
        """The value of a closed formula modulo PRIME."""
        match expr:
            case Number(value):
                return as_residue(value)
            case Variable():
                return values[expr] if expr in values else self._leaf(expr)
            case Sum(terms):
                return sum(self.scalar(x, values) for x in terms) % PRIME
            case Product(factors):
                return reduce(lambda a, b: a * b % PRIME, (self.scalar(x, values) for x in factors))
            case Quotient(a, b):
                return self.scalar(a, values) * inverse(self.scalar(b, values)) % PRIME
            case Power(a, b) if (exponent := as_exponent(b)) is not None:
                base = self.scalar(a, values)
                if exponent.denominator > 1:
                    base = self._random("root", base, exponent.denominator)
                return modular_power(base, exponent.numerator)
            case Power(a, b):
                return self._random("power", self.scalar(a, values), self.scalar(b, values))
            case Call(function, arguments, slots):
                actual = tuple(self.scalar(x, values) for x in arguments)
                return self._random("call", function, slots, actual)
            case _:
                raise NoValue(f"{latex(expr)} has no value")

    def _leaf(self, node: Variable) -> int:
        return self._random("leaf", node.name, _when(node))

    def _gradient(self, body: Expr) -> dict[Variable, int]:
        """The slope of a closed formula by each of its variables, in one sweep from the outside in."""
        slopes: dict[Variable, int] = {}
        waiting = [(body, 1)]
        while waiting:
            here, weight = waiting.pop()
            if isinstance(here, Variable):
                slopes[here] = (slopes.get(here, 0) + weight) % PRIME
            else:
                waiting += [(part, weight * w % PRIME) for part, w in self._weights(here)]
        return slopes

    def _weights(self, expr: Expr) -> Iterator[tuple[Expr, int]]:
        """Each direct part of a formula with the slope of the formula by it."""

        def value(x: Expr) -> int:
            return self.scalar(x, self._values)

        match expr:
            case Number():
                return
            case Sum(terms):
                yield from ((term, 1) for term in terms)
            case Product(factors):
                yield from zip(factors, _without_each([value(f) for f in factors]), strict=True)
            case Quotient(a, b):
                below = inverse(value(b))
                yield a, below
                yield b, -value(a) * below * below % PRIME
            case Power(a, b) if (n := as_exponent(b)) is not None:
                yield a, as_residue(n) * value(Power(a, Number(n - 1))) % PRIME if n else 0
            case Power(a, b):
                yield a, value(b) * value(expr) * inverse(value(a)) % PRIME
                yield b, value(expr) * value(Call("\\log", (a,))) % PRIME
            case Call(function, (argument,), ()) if function in SLOPE:
                known = {_ARGUMENT: value(argument), _RESULT: value(expr)}
                yield argument, self.scalar(SLOPE[function](_ARGUMENT, _RESULT), known)
            case Call(function, arguments, slots):
                for i, argument in enumerate(arguments, 1):
                    yield argument, value(Call(function, arguments, (*slots, i)))
            case _ if not any(isinstance(x, Variable) for x in walk(expr)):
                return
            case _:
                raise NoValue(f"no rule differentiates {latex(expr)}")

    # -- derivatives ------------------------------------------------------------------------------

    def local(self, of: Variable, by: Variable) -> Matrix:
        """∂⁺`of`/∂`by`, |of| × |by|; zero where `of` does not use `by`."""
        key = (of, by)
        if key not in self._local:
            self._local[key] = self._local_uncached(of, by)
        return self._local[key]

    def _local_uncached(self, of: Variable, by: Variable) -> Matrix:
        rows, columns = self.size(of.name), self.size(by.name)
        if (of, by) not in edges(self.graph):
            return zero_matrix(rows, columns)
        body = self.graph.bodies[of]
        if of not in self.graph.abstract:
            if of not in self._slopes:
                self._slopes[of] = self._gradient(body)
            return ((self._slopes[of][by],),)
        return tuple(
            tuple(
                self._random("edge", of.name, _when(of), by.name, _when(by), i, j)
                for j in range(columns)
            )
            for i in range(rows)
        )

    def total(self, of: Variable, by: Variable) -> Matrix:
        """∂`of`/∂`by` over all paths: a derivative of the cost is worked out backward from it."""
        if of == self.graph.cost:
            zero = zero_matrix(self.size(of.name), self.size(by.name))
            return self._adjoints(of).get(by, zero)
        return self.sensitivity(of, by)

    def sensitivity(self, of: Variable, by: Variable) -> Matrix:
        """∂`of`/∂`by`, always worked out forward from `by`."""
        if by.time is None:
            if by not in self._from:
                self._from[by] = self._paths(by, self.graph.nodes)
            table = self._from[by]
        else:
            position = self.graph.position
            last = position.get(of, -1) + 1
            table = self._paths(by, self.graph.nodes[position.get(by, last) : last])
        return table.get(of, zero_matrix(self.size(of.name), self.size(by.name)))

    def _paths(
        self, by: Variable, nodes: tuple[Variable, ...], held: Variable | None = None
    ) -> dict[Variable, Matrix]:
        """∂A/∂`by` for every A of `nodes` (in topological order) that depends on it."""
        table = {by: identity_matrix(self.size(by.name))}
        for node in nodes:
            if node in (by, held):
                continue
            parts = [
                _times(self.local(node, v), table[v])
                for v in self.graph.inputs.get(node, ())
                if v in table
            ]
            if parts:
                table[node] = reduce(_plus, parts)
        return table

    def _adjoints(self, of: Variable) -> dict[Variable, Matrix]:
        """∂`of`/∂B for every B, backward along the graph."""
        if of not in self._to:
            table = {of: identity_matrix(self.size(of.name))}
            for node in reversed(self.graph.nodes[: self.graph.position[of]]):
                parts = [
                    _times(table[v], self.local(v, node))
                    for v in self.graph.users[node]
                    if v in table
                ]
                if parts:
                    table[node] = reduce(_plus, parts)
            self._to[of] = table
        return self._to[of]

    def truncated(self, of: Variable, by: Variable, steps: int) -> Matrix:
        """The paths from `by` to `of` that cross at most `steps` time steps."""
        steps = min(steps, longest_spans(self.graph, of).get(by, 0))
        if of not in self._layers or steps > self._layers[of][0]:
            self._layers[of] = (2 * steps + 1, self._truncated_layers(of, 2 * steps + 1))
        table = self._layers[of][1]
        return (
            table[by][steps] if by in table else zero_matrix(self.size(of.name), self.size(by.name))
        )

    def _truncated_layers(self, of: Variable, most: int) -> dict[Variable, list[Matrix]]:
        """For each node the truncated derivatives for 0, 1, … `most` steps."""
        layers = {of: [identity_matrix(self.size(of.name))] * (most + 1)}
        for node in reversed(self.graph.nodes[: self.graph.position[of]]):
            sums = [zero_matrix(self.size(of.name), self.size(node.name))] * (most + 1)
            for user in self.graph.users[node]:
                crossed = span(user, node)
                for left in range(crossed, most + 1) if user in layers else ():
                    part = _times(layers[user][left - crossed], self.local(user, node))
                    sums[left] = _plus(sums[left], part)
            layers[node] = sums
        return layers

    # -- formulas ---------------------------------------------------------------------------------

    def value(self, expr: Expr, letters: Mapping[str, Time] | None = None) -> Value:
        """The value of a formula whose index letters are replaced by numbers first."""
        if not letters:
            return self._term(expr)
        return self._line(expr, self._place(tuple(letters.items())))

    def _place(self, letters: Letters) -> _Place:
        found = self._places.get(letters)
        if found is None:
            found = self._places[letters] = _Place(dict(letters))
        return found

    def _line(self, expr: Expr, at: _Place) -> Value:
        """The value of a line or of a term at these letters, worked out once."""
        found = at.lines.get(expr)
        if found is None:
            if isinstance(expr, Sum) and self._is_split(expr):
                found = reduce(_add, [self._line(term, at) for term in expr.terms])
            elif isinstance(expr, Product):
                found = self._product(tuple([at.moved(f) for f in expr.factors]))
            else:
                found = self._term(at.moved(expr))
            at.lines[expr] = found
        return found

    def _is_split(self, expr: Sum) -> bool:
        """Whether the terms of a sum have values by themselves."""
        found = self._split.get(expr)
        if found is None:
            found = self._split[expr] = _has_symbols(expr)
        return found

    def _product(self, factors: tuple[Expr, ...]) -> Value:
        """The value of a product; products that begin alike share what they begin with, as paths do."""
        here = self._products
        for count, factor in enumerate(factors):
            there = here.longer.get(factor)
            if there is None:
                if any(map(self._is_late, factors)):
                    return 0
                for rest in factors[count:]:
                    own = self._term(rest)
                    value = multiplied(here.value, own) if here is not self._products else own
                    here.longer[rest] = here = _Prefix(value)
                break
            here = there
        return here.value

    def _is_late(self, expr: Expr) -> bool:
        found = self._late.get(expr)
        if found is None:
            found = self._late[expr] = self._is_beyond(expr)
        return found

    def _term(self, expr: Expr) -> Value:
        """The value of a line or of a term, worked out once."""
        found = self._terms.get(expr)
        if found is None:
            found = self._terms[expr] = self._value(expr)
        return found

    def _summand(self, big: BigSum | BigProduct, at: int) -> Value:
        """The value of what stands under a Σ or Π, at one index."""
        place = self._place(((big.index, Time.at(at)),))
        found = place.lines.get(big.body)
        if found is None:
            found = place.lines[big.body] = self._term(move(big.body, place.letters))
        return found

    def _value(self, expr: Expr) -> Value:
        match expr:
            case Derivative():
                if expr not in self._symbols:
                    self._symbols[expr] = small(self._derivative(expr))
                return self._symbols[expr]
            case Gradient(of, by):
                return small(self.total(of, by))
            case Transpose(of):
                return turned(self._value(of))
            case Sum(terms):
                return reduce(_add, map(self._term, terms))
            case Product(factors):
                return self._product(factors)
            case BigSum(_, lower, upper, _):
                at = range(lower.shift, upper.shift + 1)
                start: Value = 0
                return reduce(_add, (self._summand(expr, i) for i in at), start)
            case BigProduct(_, lower, upper, _):
                at = range(upper.shift, lower.shift - 1, -1)
                unit: Value = 1
                return reduce(multiplied, (self._summand(expr, i) for i in at), unit)
            case _ if any(isinstance(x, Derivative | BigSum | BigProduct) for x in walk(expr)):
                raise NoValue(f"{latex(expr)} has no value")
            case _:
                return self.scalar(expr, self._values)

    def _is_beyond(self, expr: Expr) -> bool:
        """Whether this is the derivative, by what lies beyond the horizon, of what does not: 0."""
        expr = expr.of if isinstance(expr, Transpose) else expr
        if not isinstance(expr, Total) or expr.by.time is None or not expr.by.time.is_number:
            return False
        position = self.graph.position
        late = expr.by.time.shift > self.graph.horizon and expr.by not in position
        return late and expr.of in position

    def _refuse_unknown(self, expr: Derivative) -> None:
        """A free index, or a variable that the graph does not have, has no value that means anything."""
        for node in (expr.of, expr.by):
            if node.time is not None and not node.time.is_number:
                raise NoValue(f"{latex(node)} has a free index")
        start = self.graph.recurrence.start
        known = self._names
        for node in (expr.of, Variable(expr.by.name, expr.by.time)):
            early = node.time is not None and node.time.shift <= start and node.name in known
            unused = node.name in known and node == expr.by and expr.of in self.graph.position
            if node not in self.graph.position and not early and not unused:
                raise NoValue(f"{latex(node)} is not in the model at T = {self.graph.horizon}")

    def _derivative(self, expr: Derivative) -> Matrix:
        self._refuse_unknown(expr)
        match expr:
            case Total(of, by) if by.copy is not None:
                return self._copy_total(of, by)
            case Total(of, by):
                return self.total(of, by)
            case Immediate(of, by):
                shared = Variable(by.name, by.time)
                elsewhere = by.copy is not None and by.copy != of.time
                return self.local(of, by if elsewhere else shared)
            case Via(of, by, through):
                return _times(self.total(of, through), self.local(through, by))
            case Held(of, by, held):
                table = self._paths(by, self.graph.nodes, held)
                return table.get(of, zero_matrix(self.size(of.name), self.size(by.name)))
            case Truncated(of, by, steps):
                return self.truncated(of, by, steps)
            case _:
                raise NoValue(f"{latex(expr)} has no value")

    def _copy_total(self, of: Variable, by: Variable) -> Matrix:
        """The derivative by the copy of a shared parameter that step `by.copy` uses."""
        shared = Variable(by.name, by.time)
        parts = [
            _times(self.total(of, user), self.local(user, shared))
            for user in self.graph.users.get(shared, ())
            if user.time == by.copy
        ]
        return reduce(_plus, parts, zero_matrix(self.size(of.name), self.size(by.name)))


class _Place:
    """Numbers for the index letters, and what formulas come to there."""

    __slots__ = ("letters", "lines", "moves")

    def __init__(self, letters: Mapping[str, Time]) -> None:
        self.letters = letters
        self.lines: dict[Expr, Value] = {}
        self.moves: dict[Expr, Expr] = {}

    def moved(self, expr: Expr) -> Expr:
        """The formula with its index letters replaced, once."""
        found = self.moves.get(expr)
        if found is None:
            found = self.moves[expr] = move(expr, self.letters)
        return found


class _Prefix:
    """The value of a product's first factors, and the products that go on from there."""

    __slots__ = ("longer", "value")

    def __init__(self, value: Value) -> None:
        self.value = value
        self.longer: dict[Expr, _Prefix] = {}


def _has_symbols(expr: Sum) -> bool:
    """Whether a derivative or a Σ stands among the terms or their factors: then no term is an array."""
    parts = (part for term in expr.terms for part in (term, *factors_of(term)))
    return any(isinstance(part, Derivative | BigSum) for part in parts)


def same(left: Value, right: Value) -> bool:
    """Whether two values are equal; the number 0 equals a zero matrix of any shape.

    ∂C/∂W as a row, one entry for each entry of W, column after column, is the same as the matrix that
    numerator layout makes of it: of the transposed shape of W.
    """
    if isinstance(left, tuple) and isinstance(right, int):
        left, right = right, left
    if isinstance(left, int) and isinstance(right, tuple):
        return left == 0 and not any(map(any, right))
    if isinstance(left, tuple) and isinstance(right, tuple) and len(left) != len(right):
        return _as_row(left) == _as_row(right)
    return left == right


def _as_row(matrix: Matrix) -> Matrix:
    """A matrix of several rows and columns as one row, row after row."""
    if len(matrix) == 1 or len(matrix[0]) == 1:
        return matrix
    return (tuple(x for row in matrix for x in row),)


def _scalar_names(recurrence: Recurrence) -> frozenset[str]:
    closed = [d for d in recurrence.definitions if not d.is_abstract]
    names = {v.name for d in closed for v in (d.target, *variables(d.body))}
    return frozenset(names | {recurrence.cost.name})


def _when(node: Variable) -> int | None:
    return node.time.shift if node.time else None


def as_residue(value: Fraction) -> int:
    return value.numerator * inverse(value.denominator) % PRIME


def inverse(value: int) -> int:
    if value % PRIME == 0:
        raise NoValue("a division by zero")
    return pow(value, -1, PRIME)


def as_exponent(expr: Expr) -> Fraction | None:
    """An exponent that is a number, also one that is written as a quotient."""
    match expr:
        case Number(value):
            return value
        case Quotient(Number(a), Number(b)) if b:
            return a / b
        case _:
            return None


def modular_power(base: int, exponent: int) -> int:
    return pow(base, exponent, PRIME) if exponent >= 0 else inverse(pow(base, -exponent, PRIME))


def _without_each(values: list[int]) -> list[int]:
    """For each value the product of all the others."""
    before, after = [1], [1]
    for left, right in zip(values, reversed(values), strict=True):
        before.append(before[-1] * left % PRIME)
        after.append(after[-1] * right % PRIME)
    return [before[i] * after[len(values) - 1 - i] % PRIME for i in range(len(values))]


def zero_matrix(rows: int, columns: int) -> Matrix:
    return ((0,) * columns,) * rows


def identity_matrix(size: int) -> Matrix:
    return tuple(tuple(int(i == j) for j in range(size)) for i in range(size))


def _plus(a: Matrix, b: Matrix) -> Matrix:
    if len(a) != len(b) or len(a[0]) != len(b[0]):
        raise NoValue("terms of different shapes")
    return tuple(
        [
            tuple([(x + y) % PRIME for x, y in zip(p, q, strict=True)])
            for p, q in zip(a, b, strict=True)
        ]
    )


def _times(a: Matrix, b: Matrix) -> Matrix:
    if len(a[0]) != len(b):
        raise NoValue("factors whose ends do not meet")
    return tuple([_row_times(row, b) for row in a])


def _row_times(row: tuple[int, ...], b: Matrix) -> tuple[int, ...]:
    """A row times a matrix: most rows of Jacobians have few entries that are not 0."""
    used = [(x, other) for x, other in zip(row, b, strict=True) if x]
    match used:
        case []:
            return (0,) * len(b[0])
        case [(x, p)]:
            return p if x == 1 else tuple([x * i % PRIME for i in p])
        case [(x, p), (y, q)]:
            return tuple([(x * i + y * j) % PRIME for i, j in zip(p, q, strict=True)])
        case [(x, p), (y, q), (z, r)]:
            rows = zip(p, q, r, strict=True)
            return tuple([(x * i + y * j + z * k) % PRIME for i, j, k in rows])
        case _:
            return tuple([sum(map(mul, row, column)) % PRIME for column in zip(*b, strict=True)])


def turned(value: Value) -> Value:
    """The transpose; a number is its own."""
    return value if isinstance(value, int) else tuple(zip(*value, strict=True))


def small(matrix: Matrix) -> Value:
    return matrix[0][0] if len(matrix) == len(matrix[0]) == 1 else matrix


def _add(a: Value, b: Value) -> Value:
    if isinstance(a, int) and isinstance(b, int):
        return (a + b) % PRIME
    if isinstance(a, int):
        a, b = b, a
    if isinstance(b, int):
        if b:
            raise NoValue("a number added to a matrix")
        return a
    assert not isinstance(a, int)
    return _plus(a, b)


def multiplied(a: Value, b: Value) -> Value:
    if isinstance(a, int) and isinstance(b, int):
        return a * b % PRIME
    if isinstance(a, int):
        assert isinstance(b, tuple)
        return tuple([tuple([a * x % PRIME for x in row]) for row in b])
    if isinstance(b, int):
        return multiplied(b, a)
    return small(_times(a, b))
