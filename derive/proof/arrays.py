"""The random world of a model with shapes: vectors and matrices modulo a prime.

Each letter of a shape has a size of its own, so a missing transposition or a wrong order has no value.
Jacobians are worked out here from the definitions, entry by entry, by arithmetic on (value, change)
and not by the table of primitives that writes their closed forms. A matrix counts as its columns, one
below the other: ∂a/∂W has |a| rows and one column for each entry of W.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import mul

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Derivative,
    Expr,
    Gradient,
    Hadamard,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Total,
    Transpose,
    Variable,
    children,
    walk,
)
from derive.model.calculus import constants, direction, identity
from derive.model.functions import SLOPE
from derive.model.graph import Graph, edges
from derive.model.shapes import (
    DIAGONAL,
    ONES,
    SCALAR,
    SOFTMAX,
    TRACE,
    VEC,
    Dimension,
    Shape,
    is_literal,
    sizes_of,
)
from derive.notation.latex import CONCATENATION, NORM, latex
from derive.proof.value import (
    ARGUMENT_AND_RESULT,
    PRIME,
    Matrix,
    NoValue,
    Value,
    World,
    as_exponent,
    as_residue,
    identity_matrix,
    inverse,
    modular_power,
    multiplied,
    small,
    zero_matrix,
)

SYMBOLS = (Derivative, Gradient, BigSum, BigProduct)
Changes = Callable[[Expr], "list[Value] | None"]


class ArrayWorld(World):
    """One random assignment to a graph whose variables are vectors and matrices."""

    def __init__(self, graph: Graph, seed: str = "0") -> None:
        shapes = graph.recurrence.shapes
        self._letters = sizes_of(shapes)
        self._constants = constants(shapes)
        moves = {direction(Variable(name)).name: shape for name, shape in shapes.items()}
        self._shapes = {**moves, **self._constants, **shapes}
        self._arrays: dict[Variable, Value] = {}
        self._closed: dict[Expr, Value] = {}
        self._elementary: dict[Call, Value] = {}
        self._plain: dict[Expr, bool] = {}
        self._names_in: dict[Expr, frozenset[Variable]] = {}
        super().__init__(graph, seed)

    # -- shapes -----------------------------------------------------------------------------------

    def count(self, size: Dimension) -> int:
        """How many entries a dimension has in this world."""
        return size.shift + sum(self._letters[a] * n for a, n in size.letters)

    def rows_and_columns(self, name: str) -> tuple[int, int]:
        shape: Shape = self._shapes.get(name, SCALAR)
        return self.count(shape[0]), self.count(shape[1])

    def size(self, name: str) -> int:
        rows, columns = self.rows_and_columns(name)
        return rows * columns

    # -- values -----------------------------------------------------------------------------------

    def _fill(self) -> None:
        for node in self.graph.nodes:
            body = self.graph.bodies.get(node)
            if body is None or node in self.graph.abstract:
                self._arrays[node] = self._array_leaf(node)
            else:
                self._arrays[node] = self._spread(node, self.closed(body))

    def _spread(self, node: Variable, value: Value) -> Value:
        """A number that defines a vector stands for each of its entries, as in h_0 = 0."""
        rows, columns = self.rows_and_columns(node.name)
        if isinstance(value, int):
            return small(((value,) * columns,) * rows)
        return value

    def _array_leaf(self, node: Variable) -> Value:
        rows, columns = self.rows_and_columns(node.name)
        if node.name == ONES:
            return small(((1,) * columns,) * rows)
        if node.name in self._constants:
            square = node.name == identity(self._constants[node.name][0]).name
            return small(identity_matrix(rows) if square else zero_matrix(rows, columns))
        when = node.time.shift if node.time else None
        return small(
            tuple(
                tuple(self._random("leaf", node.name, when, i, j) for j in range(columns))
                for i in range(rows)
            )
        )

    def closed(self, expr: Expr) -> Value:
        """The value of a formula without derivatives, worked out once."""
        found = self._closed.get(expr)
        if found is None:
            found = self._closed[expr] = self._closed_uncached(expr)
        return found

    def _closed_uncached(self, expr: Expr) -> Value:
        match expr:
            case Variable():
                return self._arrays[expr] if expr in self._arrays else self._array_leaf(expr)
            case Number(value):
                return as_residue(value)
            case Sum(terms):
                return self._sum(terms)
            case Product(factors):
                return reduce(multiplied, map(self.closed, factors))
            case Hadamard(factors):
                return reduce(entrywise_product, map(self.closed, factors))
            case Transpose(of):
                return transposed(self.closed(of))
            case Quotient(a, b):
                below = each(inverse, self.closed(b))
                return entrywise_product(self.closed(a), below)
            case Power():
                return self._array_power(expr)
            case Call(function, arguments):
                return self._array_call(function, arguments)
            case _:
                raise NoValue(f"{latex(expr)} has no value")

    def _sum(self, terms: Iterable[Expr]) -> Value:
        """A sum; a number beside a vector is added to each entry."""
        ordered = sorted(terms, key=is_literal)
        total = self.closed(ordered[0])
        for term in ordered[1:]:
            total = added(total, self.closed(term), spread=is_literal(term))
        return total

    def _array_power(self, power: Power) -> Value:
        return each(lambda x: self._entry_power(x, power), self.closed(power.base))

    def _entry_power(self, base: int, power: Power) -> int:
        exponent = as_exponent(power.exponent)
        if exponent is None:
            return self._random("power", base, self.closed(power.exponent))
        if exponent.denominator > 1:
            base = self._random("root", base, exponent.denominator)
        return modular_power(base, exponent.numerator)

    def _array_call(self, function: str, arguments: tuple[Expr, ...]) -> Value:
        values = tuple(map(self.closed, arguments))
        if function in SLOPE:
            return each(lambda x: self._random("call", function, (), (x,)), values[0])
        match function:
            case _ if function == NORM:
                squares = sum(x * x for x in entries(values[0])) % PRIME
                return self._random("root", squares, 2)
            case _ if function == SOFTMAX:
                whole = self._exponentials(values[0])
                return entrywise_product(inverse(sum(entries(whole)) % PRIME), whole)
            case _:
                return rearranged(function, values)

    def _exponentials(self, value: Value) -> Value:
        return each(lambda x: self._random("call", "\\exp", (), (x,)), value)

    # -- changes ----------------------------------------------------------------------------------

    def _named(self, expr: Expr) -> frozenset[Variable]:
        """The variables that stand in a formula."""
        found = self._names_in.get(expr)
        if found is None:
            own = (x for x in walk(expr) if isinstance(x, Variable))
            found = self._names_in[expr] = frozenset(own)
        return found

    def changes(self, expr: Expr, by: Variable, moves: Sequence[Value]) -> list[Value] | None:
        """How a formula changes, to first order, when `by` alone changes by each of `moves`; None for not at all."""  # noqa: E501
        if expr == by:
            return list(moves)
        if by not in self._named(expr):
            return None

        def d(part: Expr) -> list[Value] | None:
            return self.changes(part, by, moves)

        match expr:
            case Sum(terms):
                parts = [part for term in terms if (part := d(term)) is not None]
                return [reduce(_with_zeros, summands) for summands in zip(*parts, strict=True)]
            case Product(factors):
                return self._by_parts(factors, d, multiplied)
            case Hadamard(factors):
                return self._by_parts(factors, d, entrywise_product)
            case Transpose(of):
                return [transposed(step) for step in d(of) or ()]
            case Quotient(a, b):
                return self._quotient_changes(a, b, d)
            case Power():
                return self._power_changes(expr, d)
            case Call():
                return self._call_changes(expr, d)
            case _:
                raise NoValue(f"no rule differentiates {latex(expr)}")

    def _by_parts(
        self, factors: tuple[Expr, ...], d: Changes, times: Callable[[Value, Value], Value]
    ) -> list[Value] | None:
        """The product rule; a factor that does not change gives no term."""
        totals: list[Value] | None = None
        for i, factor in enumerate(factors):
            steps = d(factor)
            if steps is None:
                continue
            before = (reduce(times, map(self.closed, factors[:i])),) if i else ()
            after = tuple(map(self.closed, factors[i + 1 :]))
            terms = [0 if s == 0 else reduce(times, (*before, s, *after)) for s in steps]
            totals = terms if totals is None else list(map(_with_zeros, totals, terms))
        return totals

    def _quotient_changes(self, a: Expr, b: Expr, d: Changes) -> list[Value]:
        below = each(inverse, self.closed(b))
        above, under = d(a), d(b)
        found: list[list[Value]] = []
        if above is not None:
            found.append([entrywise_product(step, below) for step in above])
        if under is not None:
            weight = entrywise_product(entrywise_product(self.closed(a), below), below)
            weight = each(lambda x: -x % PRIME, weight)
            found.append([entrywise_product(weight, step) for step in under])
        return [reduce(_with_zeros, parts) for parts in zip(*found, strict=True)]

    def _power_changes(self, power: Power, d: Changes) -> list[Value]:
        exponent = as_exponent(power.exponent)
        if exponent is None:
            raise NoValue(f"no rule differentiates {latex(power)} beside vectors")
        lower = self.closed(Power(power.base, Number(exponent - 1)))
        slope = entrywise_product(as_residue(exponent), lower)
        return [entrywise_product(slope, step) for step in d(power.base) or ()]

    def _slopes_of(self, call: Call) -> Value:
        """The slope of an elementary function at each entry of its argument."""
        slope = SLOPE[call.function](*ARGUMENT_AND_RESULT)
        return paired(
            lambda x, y: self.scalar(slope, dict(zip(ARGUMENT_AND_RESULT, (x, y), strict=True))),
            self.closed(call.arguments[0]),
            self.closed(call),
        )

    def _call_changes(self, call: Call, d: Changes) -> list[Value]:
        function, arguments = call.function, call.arguments
        steps = [d(argument) for argument in arguments]
        if function in SLOPE:
            if call not in self._elementary:
                self._elementary[call] = self._slopes_of(call)
            slope = self._elementary[call]
            return [entrywise_product(slope, step) for step in steps[0] or ()]
        if function == NORM:
            at, value = entries(self.closed(arguments[0])), self.closed(call)
            assert isinstance(value, int)
            below = inverse(value)
            return [sum(map(mul, at, entries(step))) * below % PRIME for step in steps[0] or ()]
        if function == SOFTMAX:
            return [self._softmax_change(arguments[0], step) for step in steps[0] or ()]
        still = [entrywise_product(0, self.closed(a)) for a in arguments]
        count = max(len(own) for own in steps if own is not None)
        columns = (
            [none] * count if own is None else [none if step == 0 else step for step in own]
            for own, none in zip(steps, still, strict=True)
        )
        return [rearranged(function, parts) for parts in zip(*columns, strict=True)]

    def _softmax_change(self, argument: Expr, step: Value) -> Value:
        """By the quotient rule for e^{a_i} / Σ_j e^{a_j}."""
        whole = self._exponentials(self.closed(argument))
        total = sum(entries(whole)) % PRIME
        moved = entrywise_product(whole, step)
        spread = sum(entries(moved)) * inverse(total) % PRIME
        away = each(lambda x: -x * spread % PRIME, whole)
        return entrywise_product(inverse(total), added(moved, away, spread=False))

    # -- derivatives ------------------------------------------------------------------------------

    def _local_uncached(self, of: Variable, by: Variable) -> Matrix:
        rows, columns = self.size(of.name), self.size(by.name)
        if (of, by) not in edges(self.graph):
            return zero_matrix(rows, columns)
        if of in self.graph.abstract:
            return super()._local_uncached(of, by)
        body = self.graph.bodies[of]
        units = list(_units(*self.rows_and_columns(by.name)))
        found = self.changes(body, by, units) or [0] * len(units)
        full = [stacked(x) if not isinstance(x, int) else (x,) * rows for x in found]
        return tuple(zip(*full, strict=True))

    def _is_closed(self, expr: Expr) -> bool:
        """Whether a formula names no derivative, and no Σ or Π."""
        if isinstance(expr, SYMBOLS):
            return False
        found = self._plain.get(expr)
        if found is None:
            found = self._plain[expr] = all(map(self._is_closed, children(expr)))
        return found

    def _value(self, expr: Expr) -> Value:
        if isinstance(expr, Derivative):
            return super()._value(expr)
        match expr:
            case Transpose(of):
                return transposed(self._value(of))
            case Hadamard(factors):
                return reduce(entrywise_product, map(self._value, factors))
            case Gradient(of, by):
                self._refuse_unknown(Total(of, by))
                (row,) = self.total(of, by)
                rows, columns = self.rows_and_columns(by.name)
                return small(unstacked(row, rows, columns))
            case _ if self._is_closed(expr):
                return self.closed(expr)
            case Call(function, arguments) if function in (TRACE, VEC, DIAGONAL):
                return rearranged(function, tuple(map(self._value, arguments)))
            case _:
                return super()._value(expr)


def _units(rows: int, columns: int) -> Iterable[Value]:
    """The matrices with a single 1, column after column."""
    for j in range(columns):
        for i in range(rows):
            yield small(
                tuple(tuple(int((a, b) == (i, j)) for b in range(columns)) for a in range(rows))
            )


# -- arithmetic -------------------------------------------------------------------------------------


def entries(value: Value) -> list[int]:
    """The entries, row after row."""
    return [value] if isinstance(value, int) else [x for row in value for x in row]


def each(change: Callable[[int], int], value: Value) -> Value:
    if isinstance(value, int):
        return change(value) % PRIME
    return tuple([tuple([change(x) % PRIME for x in row]) for row in value])


def paired(join: Callable[[int, int], int], a: Value, b: Value) -> Value:
    """Entry by entry; a number stands for each entry."""
    if isinstance(a, int):
        return each(lambda y: join(a, y), b)
    if isinstance(b, int):
        return each(lambda x: join(x, b), a)
    _refuse_unlike(a, b)
    return tuple(
        [
            tuple([join(x, y) % PRIME for x, y in zip(p, q, strict=True)])
            for p, q in zip(a, b, strict=True)
        ]
    )


def _refuse_unlike(a: Matrix, b: Matrix) -> None:
    if len(a) != len(b) or len(a[0]) != len(b[0]):
        raise NoValue("entries that do not match")


def entrywise_product(a: Value, b: Value) -> Value:
    if isinstance(a, int):
        return _scaled(a, b)
    if isinstance(b, int):
        return _scaled(b, a)
    _refuse_unlike(a, b)
    return tuple(
        [
            tuple([x * y % PRIME for x, y in zip(p, q, strict=True)])
            for p, q in zip(a, b, strict=True)
        ]
    )


def _scaled(number: int, value: Value) -> Value:
    if isinstance(value, int):
        return number * value % PRIME
    return tuple([tuple([number * x % PRIME for x in row]) for row in value])


def added(a: Value, b: Value, spread: bool) -> Value:
    """The sum; a number is added to each entry of a matrix where `spread` allows it."""
    if isinstance(a, int) or isinstance(b, int):
        if isinstance(a, int) != isinstance(b, int) and not spread:
            raise NoValue("a number added to a matrix")
        return paired(lambda x, y: x + y, a, b)
    _refuse_unlike(a, b)
    return tuple(
        [
            tuple([(x + y) % PRIME for x, y in zip(p, q, strict=True)])
            for p, q in zip(a, b, strict=True)
        ]
    )


def _with_zeros(a: Value, b: Value) -> Value:
    """The sum of two changes; one of them may be none, the number 0."""
    return added(a, b, spread=a == 0 or b == 0)


def transposed(value: Value) -> Value:
    return value if isinstance(value, int) else tuple(zip(*value, strict=True))


def stacked(value: Matrix) -> tuple[int, ...]:
    """The columns of a matrix, one below the other."""
    return tuple(x for column in zip(*value, strict=True) for x in column)


def unstacked(row: tuple[int, ...], rows: int, columns: int) -> Matrix:
    """The matrix whose columns stand one after the other."""
    return tuple(tuple(row[j * rows + i] for j in range(columns)) for i in range(rows))


def rearranged(function: str, values: Iterable[Value]) -> Value:
    """What only moves entries, so that it is its own differential: diag, tr, vec, [a; b]."""
    found = tuple(((v,),) if isinstance(v, int) else v for v in values)
    if function == CONCATENATION:
        if len({len(v[0]) for v in found}) > 1:
            raise NoValue("parts of different widths")
        return tuple(row for v in found for row in v)
    (value,) = found
    if function == DIAGONAL:
        column = stacked(value)
        return small(
            tuple(
                tuple(x if i == j else 0 for j in range(len(column))) for i, x in enumerate(column)
            )
        )
    if function == TRACE:
        if len(value) != len(value[0]):
            raise NoValue("the trace of a matrix that is not square")
        return sum(row[i] for i, row in enumerate(value)) % PRIME
    if function == VEC:
        return small(tuple((x,) for x in stacked(value)))
    raise NoValue(f"{function} has no value")
