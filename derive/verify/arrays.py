"""The value of a resolved formula of vectors and matrices, with numbers of its own in each entry.

The second meaning (DESIGN, section 4): sizes 2, 3, … for the letters of the shapes, small numbers for
inputs, parameters and initial states, derivatives by pushing a unit change of each entry through the
unrolled definitions. It shares nothing with the networks of entries that prove a line.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import reduce
from random import Random
from typing import Any

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Entry,
    Expr,
    Hadamard,
    Immediate,
    Index,
    IndexSum,
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
from derive.model.functions import RELU, SLOPE, STEP
from derive.model.graph import Graph
from derive.model.recurrence import HORIZON, Recurrence, variables
from derive.model.shapes import DIAGONAL, ONES, SOFTMAX, TRACE, VEC, is_literal
from derive.notation.latex import CONCATENATION, NORM, latex
from derive.verify.numbers import Matrix, Misfit, NoNumber, apply, to_interval
from derive.verify.ranges import Letters
from derive.verify.readings import IDENTITIES

MOST_POWER = 8
MOST_TERMS = 40
ENTRIES = (-5, -3, -2, -1, 1, 2, 3, 5)

# A value and how it changes; the change is None where nothing changes.
Moving = tuple[Matrix, Matrix | None]


def small_sizes(model: Recurrence) -> Mapping[str, int]:
    """2 for the letter that most shapes have, 3, 4, … for the others: no two of one size."""
    count = Counter(a for shape in model.shapes.values() for size in shape for a, _ in size.letters)
    return {a: 2 + i for i, (a, _) in enumerate(sorted(count.items(), key=lambda x: (-x[1], x[0])))}


def spoken(matrix: Matrix) -> str:
    """The shape of a value: 2×3, or 1 for a number."""
    rows, columns = shape(matrix)
    return "1" if rows == columns == 1 else f"{rows}×{columns}"


def shape(matrix: Matrix) -> tuple[int, int]:
    return len(matrix), len(matrix[0])


class ArrayNumbers:
    """One world: the horizon of `graph`, sizes for the letters, numbers drawn from `seed`.

    `kind` is "float" to look, "exact" for fractions, "interval" to be certain. The inputs `assumed`
    have entries whose sum is 1. `used` has the leaves that were looked at, `entry` the entries (from 0)
    that index letters stand for. `loose` says that a vector of ones or an identity was looked at whose
    size nothing told: then it stood as the number 1.
    """

    def __init__(
        self,
        model: Recurrence,
        graph: Graph,
        seed: int,
        kind: str,
        assumed: frozenset[str] = frozenset(),
    ) -> None:
        self.model = model
        self.graph = graph
        self.horizon = graph.horizon
        self.seed = seed
        self.kind = kind
        self.assumed = assumed
        self.sizes = small_sizes(model)
        self.used: dict[Variable, Matrix] = {}
        self.entry: dict[str, int] = {}
        self.loose = False
        self._values: dict[Variable, Matrix] = {}
        self._totals: dict[Variable, dict[Variable, Matrix]] = {}

    # -- numbers ----------------------------------------------------------------------------------

    def exact(self, x: Fraction | int) -> Any:
        if self.kind == "float":
            return float(x)
        return Fraction(x) if self.kind == "exact" else to_interval(Fraction(x))

    def size(self, name: str) -> tuple[int, int]:
        if name not in self.model.shapes:
            raise NoNumber(f"the shape of {name} is not known")
        rows, columns = self.model.shapes[name]
        at = {a: Time.at(n) for a, n in self.sizes.items()}
        return rows.replace(at).shift, columns.replace(at).shift

    def leaf(self, v: Variable) -> Matrix:
        rows, columns = self.size(v.name)
        when = v.time.shift if v.time else None
        count = rows * columns
        parts = 4 if count < 5 else 8
        pool = [Fraction(i, parts) for i in range(-3 - count, 4 + count) if i]
        drawn = Random(repr((self.seed, v.name, when))).sample(pool, count)
        found = [drawn[i * columns : (i + 1) * columns] for i in range(rows)]
        if v.name in self.assumed:
            found[-1][-1] += 1 - sum(map(sum, found))
        self.used[v] = tuple(map(tuple, found))
        return entries(self.used[v], self.exact)

    def give(self, v: Variable, value: Matrix) -> None:
        """Another value for a variable, before anything is worked out."""
        self._values[v] = value

    def random(self, *key: object) -> Any:
        return self.exact(Fraction(Random(repr((self.seed, key))).choice(ENTRIES), 4))

    def variable(self, v: Variable) -> Matrix:
        """The value of a variable, worked out from the leaves."""
        if v not in self._values:
            body = self.graph.bodies.get(v)
            if body is None:
                if v.time is not None and not self._is_leaf(v):
                    raise NoNumber(f"{latex(v)} lies beyond the horizon")
                self._values[v] = self.leaf(v)
            elif v in self.graph.abstract:
                rows, columns = self.size(v.name)
                self._values[v] = tuple(
                    tuple(self.random("value", v, i, j) for j in range(columns))
                    for i in range(rows)
                )
            else:
                loose = self.loose
                found = self._full(self.push(body, self.variable, lambda _: None)[0], v.name)
                self.loose = loose
                self._values[v] = found
        return self._values[v]

    def _is_leaf(self, v: Variable) -> bool:
        defined = v.name in self.model.first
        early = defined and v.time is not None and v.time.shift < self.model.first[v.name]
        return not defined or early

    def _full(self, value: Matrix, name: str) -> Matrix:
        """A number alone on the right of a definition stands for each entry."""
        rows, columns = self.size(name)
        if shape(value) == (1, 1) and (rows, columns) != (1, 1):
            return ((value[0][0],) * columns,) * rows
        return value

    # -- formulas ---------------------------------------------------------------------------------

    def value(self, expr: Expr, letters: Letters) -> Matrix:
        """The value of a formula; Misfit where shapes do not fit, NoNumber where there is none."""
        at = {**letters, HORIZON: Time.at(self.horizon)}
        return self.push(move(expr, at), self.variable, lambda _: None)[0]

    def push(
        self,
        expr: Expr,
        of: Callable[[Variable], Matrix],
        change: Callable[[Variable], Matrix | None],
    ) -> Moving:
        """The value of a formula, and how it changes when its variables do."""

        def go(part: Expr) -> Moving:
            match part:
                case Number(value):
                    return ((self.exact(value),),), None
                case Index(time) if time.is_number:
                    return ((self.exact(time.shift),),), None
                case Variable() if _is_ones(part) or self._is_identity(part):
                    self.loose = True
                    return ((self.exact(1),),), None
                case Variable():
                    return of(part), change(part)
                case Sum(terms):
                    return self._sum(terms, go)
                case Product(factors):
                    return self._product(factors, go)
                case Hadamard(factors):
                    return reduce(lambda a, b: self._bilinear(a, b, entrywise), map(go, factors))
                case Transpose(inner):
                    return _each(go(inner), turned)
                case Quotient(a, b):
                    return self._quotient(go(a), go(b))
                case Power(base, exponent):
                    return self._power(go(base), exponent)
                case Total(a, b):
                    return self.total(a, b), None
                case Immediate(a, b):
                    return self.local(a, b), None
                case BigSum(index, lower, upper, body):
                    return self._big(index, lower, upper, body, go)
                case BigProduct(index, lower, upper, body):
                    return self._big_product(index, lower, upper, body, go)
                case Call(function, arguments, slots):
                    return self._call(function, arguments, slots, go)
                case Entry(whole, indices):
                    return ((self._entry(whole, indices, go),),), None
                case IndexSum(index, size, body):
                    return self._index_sum(index, size, body, go), None
                case _:
                    raise NoNumber(f"{latex(part)} has no value here")

        return go(expr)

    def _sum(self, terms: tuple[Expr, ...], go: Callable[[Expr], Moving]) -> Moving:
        loose, parts, ones = self.loose, [], False
        for term in terms:
            self.loose = False
            parts.append(go(term))
            fits = self.spread(term) is not None
            ones, loose = (True, loose) if fits else (ones, loose or self.loose)
        told = any(shape(x) != (1, 1) for x, _ in parts)
        self.loose = loose or (ones and not told)
        first = next((p for p in parts if shape(p[0]) != (1, 1)), parts[0])
        rows, columns = shape(first[0])
        value: Matrix | None = None
        changes = []
        for term, (x, dx) in zip(terms, parts, strict=True):
            if shape(x) != (rows, columns):
                if shape(x) != (1, 1):
                    raise Misfit(f"ill-typed sum: {spoken(first[0])} and {spoken(x)}")
                x, dx = self._widened(term, x[0][0], rows, columns), None
            value = x if value is None else plus(value, x)
            if dx is not None:
                changes.append(dx)
        assert value is not None
        return value, reduce(plus, changes) if changes else None

    def _product(self, factors: tuple[Expr, ...], go: Callable[[Expr], Moving]) -> Moving:
        if any(_is_ones(f) or (isinstance(f, Transpose) and _is_ones(f.of)) for f in factors):
            return self._with_ones(factors, go)
        kept = [f for f in factors if not self._is_identity(f)]
        unit: Moving = (((self.exact(1),),), None)
        found = reduce(lambda a, b: self._bilinear(a, b, matrix_product), map(go, kept), unit)
        if len(kept) < len(factors) and shape(found[0]) == (1, 1):
            self.loose = True
        return found

    def _is_identity(self, expr: Expr) -> bool:
        """Whether this is an identity matrix, which is as large as it must be."""
        named = isinstance(expr, Variable) and expr.name in IDENTITIES
        return named and isinstance(expr, Variable) and expr.name not in self.model.shapes

    def spread(self, expr: Expr) -> str | None:
        """What a number with a factor 𝟏, 𝟏ᵀ or I stands for: "column", "row", "identity"; else None."""
        if isinstance(expr, Sum):
            kinds = {self.spread(term) for term in expr.terms}
            return kinds.pop() if len(kinds) == 1 else None
        for f in expr.factors if isinstance(expr, Product) else (expr,):
            if _is_ones(f):
                return "column"
            if isinstance(f, Transpose) and _is_ones(f.of):
                return "row"
            if self._is_identity(f):
                return "identity"
        return None

    def _widened(self, term: Expr, x: Any, rows: int, columns: int) -> Matrix:
        """A number beside a value of that shape; NoNumber where it cannot stand for one."""
        if _is_zero(x):
            return ((x,) * columns,) * rows
        kind = self.spread(term)
        if kind is None and not is_literal(term):
            shown = latex(term)
            raise NoNumber(f"{shown} is a number beside a vector: write \\mathbf{{1}} beside it")
        found = self.widened("column" if kind is None else kind, x, rows, columns)
        if found is None:
            raise NoNumber("a number added to what is no column")
        return found

    def widened(self, kind: str, x: Any, rows: int, columns: int) -> Matrix | None:
        """x 𝟏, x 𝟏ᵀ or x I of a shape; None where it has not that shape."""
        if kind == "identity":
            zero = x * 0
            square = range(rows)
            found = tuple(tuple(x if i == j else zero for j in square) for i in square)
            return found if rows == columns else None
        fits = columns == 1 if kind == "column" else rows == 1
        return ((x,) * columns,) * rows if fits else None

    def _with_ones(self, factors: tuple[Expr, ...], go: Callable[[Expr], Moving]) -> Moving:
        """𝟏ᵀ v and v 𝟏ᵀ, the length of 𝟏 taken from its neighbour."""
        found: list[Moving | str] = []
        for f in factors:
            row = isinstance(f, Transpose) and _is_ones(f.of)
            found.append("row" if row else "column" if _is_ones(f) else go(f))
        parts: list[Moving] = []
        for place, part in enumerate(found):
            if not isinstance(part, str):
                parts.append(part)
                continue
            near = found[place + 1] if part == "row" and place + 1 < len(found) else None
            if part == "column" and place:
                near = parts[-1]
            if near is None or isinstance(near, str) or shape(near[0]) == (1, 1):
                self.loose = True
                continue
            size = shape(near[0])[0] if part == "row" else shape(near[0])[1]
            one = ((self.exact(1),) * size,)
            parts.append((one if part == "row" else turned(one), None))
        unit: Moving = (((self.exact(1),),), None)
        return reduce(lambda a, b: self._bilinear(a, b, matrix_product), parts or [unit])

    def _bilinear(self, a: Moving, b: Moving, times: Callable[[Matrix, Matrix], Matrix]) -> Moving:
        changes = [times(a[1], b[0])] if a[1] is not None else []
        changes += [times(a[0], b[1])] if b[1] is not None else []
        return times(a[0], b[0]), reduce(plus, changes) if changes else None

    def _quotient(self, a: Moving, b: Moving) -> Moving:
        if shape(b[0])[1] != 1:
            raise NoNumber("a division by a matrix")
        below = entries(b[0], self._inverse)
        change = None
        if b[1] is not None:
            square = entrywise(below, below)
            change = entrywise(entries(square, lambda x: -x), b[1])
        return self._bilinear(a, (below, change), entrywise)

    def _inverse(self, x: Any) -> Any:
        if isinstance(x, float | Fraction):
            if not x:
                raise NoNumber("a division by zero")
            return 1 / x
        if x.a <= 0 <= x.b:
            raise NoNumber("a division by what may be zero")
        return 1 / x

    def _power(self, base: Moving, exponent: Expr) -> Moving:
        whole = isinstance(exponent, Number) and exponent.value.denominator == 1
        if isinstance(exponent, Index) and exponent.time.is_number:
            exponent, whole = Number(Fraction(exponent.time.shift)), True
        if not whole or not isinstance(exponent, Number):
            raise NoNumber("a power that is no whole number")
        n = int(exponent.value)
        value = base[0]
        if shape(value)[1] != 1 or abs(n) > MOST_POWER:
            raise NoNumber("a power of a matrix: write ^\\top for a transposition")
        if n < 0:
            one = (tuple((self.exact(1),) for _ in value), None)
            base, n = self._quotient(one, base), -n
        if not n:
            return ((self.exact(1),),), None
        return reduce(lambda a, b: self._bilinear(a, b, entrywise), [base] * n)

    def _big(
        self, index: str, lower: Time, upper: Time, body: Expr, go: Callable[[Expr], Moving]
    ) -> Moving:
        steps = self._steps(lower, upper)
        if not steps:
            raise NoNumber("an empty Σ")
        parts = [go(move(body, {index: s})) for s in steps]
        changes = [dx for _, dx in parts if dx is not None]
        return reduce(plus, (x for x, _ in parts)), reduce(plus, changes) if changes else None

    def _big_product(
        self, index: str, lower: Time, upper: Time, body: Expr, go: Callable[[Expr], Moving]
    ) -> Moving:
        steps = self._steps(lower, upper)
        if not steps:
            raise NoNumber("an empty Π")
        parts = [go(move(body, {index: s})) for s in reversed(steps)]
        return reduce(lambda a, b: self._bilinear(a, b, matrix_product), parts)

    def _entry(self, whole: Expr, indices: tuple[str, ...], go: Callable[[Expr], Moving]) -> Any:
        if not self.entry.keys() >= set(indices):
            raise NoNumber("an index that stands for no entry")
        at = tuple(self.entry[a] for a in indices)
        match whole:
            case Total(of, by) | Immediate(of, by):
                local = isinstance(whole, Immediate)
                found = self.local(of, by) if local else self.total(of, by)
                above = sum(size > 1 for size in self.size(of.name))
                return self._entry_of_derivative(found, self.size(by.name), at[:above], at[above:])
            case _ if self._is_identity(whole):
                return self.exact(int(at[0] == at[1]))
            case _:
                return _at(go(whole)[0], at)

    @staticmethod
    def _entry_of_derivative(
        found: Matrix, by: tuple[int, int], above: tuple[int, ...], below: tuple[int, ...]
    ) -> Any:
        """Out of what `_laid_out` laid out."""
        if len(below) == 2:
            p, q = below
            return found[above[0]][p * by[1] + q] if above else found[q][p]
        if len(above) == 2:
            return found[above[0]][above[1]]
        return found[above[0] if above else 0][below[0] if below else 0]

    def _index_sum(
        self, index: str, size: Time | None, body: Expr, go: Callable[[Expr], Moving]
    ) -> Matrix:
        count = self.range_of(index, (body,))
        if size is not None:
            at = {a: Time.at(n) for a, n in self.sizes.items()}
            if size.replace(at) != Time.at(count):
                raise Misfit(f"ill-typed: the index {index} has another range than the sum")
        before = self.entry.get(index)
        total = []
        for i in range(count):
            self.entry[index] = i
            total.append(go(body)[0])
        if before is None:
            del self.entry[index]
        else:
            self.entry[index] = before
        return reduce(plus, total)

    def range_of(self, index: str, exprs: Iterable[Expr]) -> int:
        """How many values an index of entries has; Misfit where it stands for two ranges."""
        found = {
            size
            for expr in exprs
            for part in walk(expr)
            if isinstance(part, Entry) and index in part.indices
            for a, size in zip(part.indices, self._ranges(part), strict=True)
            if a == index and size
        }
        if len(found) != 1:
            raise Misfit(f"ill-typed: the index {index} has no range, or two")
        return found.pop()

    def _ranges(self, part: Entry) -> tuple[int, ...]:
        sizes: tuple[int, ...]
        match part.of:
            case Total(of, by) | Immediate(of, by):
                sizes = (*self.size(of.name), *self.size(by.name))
            case _ if self._is_identity(part.of):
                return (0, 0)
            case Variable(name):
                sizes = self.size(name)
            case _:
                inner = part.of
                at = {**self.entry, **{a: 0 for a in part.indices}}
                kept, self.entry = self.entry, at
                try:
                    sizes = shape(self.push(inner, self.variable, lambda _: None)[0])
                finally:
                    self.entry = kept
        found = tuple(size for size in sizes if size > 1)
        if len(found) != len(part.indices):
            raise Misfit(f"ill-typed: {latex(part.of)} has {len(found)} indices")
        return found

    def _steps(self, lower: Time, upper: Time) -> list[Time]:
        if not lower.is_number or not upper.is_number:
            raise NoNumber("a Σ without a range of numbers")
        steps = range(lower.shift, upper.shift + 1)
        if len(steps) > MOST_TERMS:
            raise NoNumber("a Σ of too many terms")
        return [Time.at(s) for s in steps]

    def _call(
        self,
        function: str,
        arguments: tuple[Expr, ...],
        slots: tuple[int, ...],
        go: Callable[[Expr], Moving],
    ) -> Moving:
        if function in SLOPE and len(arguments) == 1:
            x, dx = go(arguments[0])
            if len(slots) > 1:
                raise NoNumber("a second derivative")
            if slots and dx is not None:
                raise NoNumber("a second derivative")
            if slots:
                return entries(x, lambda e: self._slope(function, e)), None
            y = entries(x, lambda e: self.function(function, e))
            slope = None
            if dx is not None:
                slope = entrywise(entries(x, lambda e: self._slope(function, e)), dx)
            return y, slope
        if slots:
            raise NoNumber(f"{function} has no value here")
        parts = [go(a) for a in arguments]
        match function:
            case _ if function == SOFTMAX and len(parts) == 1:
                return self._softmax(parts[0])
            case _ if function == NORM and len(parts) == 1:
                return self._norm(parts[0])
            case _ if function == DIAGONAL and len(parts) == 1 and shape(parts[0][0])[1] == 1:
                return _each(parts[0], self._diagonal)
            case _ if function == TRACE and len(parts) == 1:
                return _each(parts[0], _trace)
            case _ if function == CONCATENATION:
                return self._stacked(parts)
            case _ if function == VEC and len(parts) == 1:
                return _each(parts[0], lambda m: tuple((x,) for c in turned(m) for x in c))
            case _:
                raise NoNumber(f"{function} has no value here")

    def _stacked(self, parts: list[Moving]) -> Moving:
        if len({shape(x)[1] for x, _ in parts}) != 1:
            raise Misfit("ill-typed: parts of different widths")
        value = tuple(row for x, _ in parts for row in x)
        if all(dx is None for _, dx in parts):
            return value, None
        zero = self.exact(0)
        return value, tuple(
            row for x, dx in parts for row in (dx if dx is not None else entries(x, lambda _: zero))
        )

    def _diagonal(self, column: Matrix) -> Matrix:
        zero = self.exact(0)
        n = len(column)
        return tuple(tuple(column[i][0] if i == j else zero for j in range(n)) for i in range(n))

    def _norm(self, a: Moving) -> Moving:
        squares = self.exact(0) + sum(x * x for row in a[0] for x in row)
        value = self.function("\\sqrt", squares)
        if a[1] is None:
            return ((value,),), None
        pairs = zip(a[0], a[1], strict=True)
        moving = sum(x * y for p, q in pairs for x, y in zip(p, q, strict=True))
        return ((value,),), ((moving * self._inverse(value),),)

    def _softmax(self, a: Moving) -> Moving:
        powers = entries(a[0], lambda x: self.function("\\exp", x))
        whole = self._inverse(sum(row[0] for row in powers))
        value = entries(powers, lambda x: x * whole)
        if a[1] is None:
            return value, None
        moving = entrywise(value, a[1])
        spread = sum(row[0] for row in moving)
        return value, tuple((m[0] - y[0] * spread,) for m, y in zip(moving, value, strict=True))

    def function(self, name: str, x: Any) -> Any:
        """An elementary function of one entry."""
        if self.kind == "exact":
            raise NoNumber(f"{name} has no exact value")
        if self.kind != "float":
            return apply(name, x)
        try:
            return float(FLOATS[name](x))
        except (KeyError, ValueError, OverflowError, ZeroDivisionError):
            raise NoNumber(f"{name} has no value here") from None

    def _slope(self, name: str, x: Any) -> Any:
        if name not in SLOPES:
            raise NoNumber(f"{name} has no slope here")
        return SLOPES[name](lambda f: self.function(f, x), x)

    # -- derivatives ------------------------------------------------------------------------------

    def local(self, of: Variable, by: Variable) -> Matrix:
        """∂⁺of/∂by, laid out as `_laid_out` says."""
        body = self.graph.bodies.get(of)
        return self._laid_out(of, by, {e: self._moved(of, body, {by: e}) for e in self._units(by)})

    def _units(self, by: Variable) -> list[Matrix]:
        rows, columns = self.size(by.name)
        return [
            tuple(
                tuple(self.exact(int((a, b) == (i, j))) for b in range(columns))
                for a in range(rows)
            )
            for i in range(rows)
            for j in range(columns)
        ]

    def _moved(
        self, node: Variable, body: Expr | None, table: Mapping[Variable, Matrix]
    ) -> Matrix | None:
        """How a node changes when the variables of its definition do."""
        if body is None:
            return None
        if node in self.graph.abstract:
            parts = [
                self._edge(node, v, table[v]) for v in dict.fromkeys(variables(body)) if v in table
            ]
            return reduce(plus, parts) if parts else None
        change = self.push(body, self.variable, table.get)[1]
        return None if change is None else self._full(change, node.name)

    def _edge(self, node: Variable, v: Variable, move_of_v: Matrix) -> Matrix:
        rows, columns = self.size(node.name)
        flat = [x for row in move_of_v for x in row]
        return tuple(
            tuple(
                self.exact(0)
                + sum(x * self.random("edge", node, v, i, j, k) for k, x in enumerate(flat))
                for j in range(columns)
            )
            for i in range(rows)
        )

    def total(self, of: Variable, by: Variable) -> Matrix:
        """∂of/∂by over all paths: each entry of `by` moved by one, its own inputs cut off."""
        found = {}
        for number, unit in enumerate(self._units(by)):
            found[unit] = self._pushed(by, number, unit).get(of)
        return self._laid_out(of, by, found)

    def _pushed(self, by: Variable, number: int, unit: Matrix) -> dict[Variable, Matrix]:
        key = Variable(f"{by.name}|{number}", by.time)
        if key not in self._totals:
            table = {by: unit}
            for node in self.graph.nodes:
                inputs = self.graph.inputs.get(node, ())
                if node != by and any(v in table for v in inputs):
                    moved = self._moved(node, self.graph.bodies.get(node), table)
                    if moved is not None:
                        table[node] = moved
            self._totals[key] = table
        return self._totals[key]

    def _laid_out(
        self, of: Variable, by: Variable, columns: Mapping[Matrix, Matrix | None]
    ) -> Matrix:
        """Numerator layout. Of a number by an m×n matrix: n×m; of a vector by a matrix: by its entries."""
        height, width = self.size(of.name)
        rows, across = self.size(by.name)
        zero = self.exact(0)
        if width > 1 and (rows > 1 or across > 1):
            raise NoNumber("a derivative of a matrix")
        none = ((zero,) * width,) * height
        full = [x if x is not None else none for x in columns.values()]
        if rows == across == 1:
            return full[0]
        if height == width == 1 and across > 1:
            grid = [[full[i * across + j][0][0] for j in range(across)] for i in range(rows)]
            return turned(tuple(map(tuple, grid)))
        return tuple(tuple(x[i][0] for x in full) for i in range(height))


def _at(value: Matrix, at: tuple[int, ...]) -> Any:
    rows, columns = shape(value)
    if len(at) == 2 and rows > 1 < columns:
        return value[at[0]][at[1]]
    if len(at) != 1 or rows > 1 < columns:
        raise Misfit(f"ill-typed: an entry of what is {spoken(value)}")
    return value[at[0]][0] if columns == 1 else value[0][at[0]]


def _is_ones(expr: Expr) -> bool:
    return isinstance(expr, Variable) and expr.name == ONES


def _each(a: Moving, change: Callable[[Matrix], Matrix]) -> Moving:
    return change(a[0]), None if a[1] is None else change(a[1])


def _is_zero(x: Any) -> bool:
    return bool(x == 0) if isinstance(x, float | Fraction | int) else bool(x.a == 0 == x.b)


def _trace(value: Matrix) -> Matrix:
    if len(value) != len(value[0]):
        raise Misfit(f"ill-typed: the trace of a {spoken(value)} matrix")
    return ((sum(row[i] for i, row in enumerate(value)),),)


def turned(value: Matrix) -> Matrix:
    """The transpose."""
    return tuple(zip(*value, strict=True))


def entries(value: Matrix, change: Callable[[Any], Any]) -> Matrix:
    return tuple(tuple(change(x) for x in row) for row in value)


def plus(a: Matrix, b: Matrix) -> Matrix:
    """The sum of two values of one shape."""
    if shape(a) != shape(b):
        raise Misfit(f"ill-typed sum: {spoken(a)} and {spoken(b)}")
    return tuple(tuple(x + y for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True))


def entrywise(a: Matrix, b: Matrix) -> Matrix:
    """Entry by entry; a number multiplies each entry."""
    for one, other in ((a, b), (b, a)):
        if shape(one) == (1, 1):
            return entries(other, lambda x, k=one[0][0]: k * x)  # type: ignore[misc]
    if shape(a) != shape(b):
        raise Misfit(f"ill-typed entrywise product: {spoken(a)} and {spoken(b)}")
    return tuple(tuple(x * y for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True))


def matrix_product(a: Matrix, b: Matrix) -> Matrix:
    """The product; a number multiplies anything."""
    if (1, 1) in (shape(a), shape(b)):
        return entrywise(a, b)
    if len(a[0]) != len(b):
        raise Misfit(f"ill-typed product: {spoken(a)} times {spoken(b)}")
    columns = turned(b)
    return tuple(
        tuple(sum(x * y for x, y in zip(row, column, strict=True)) for column in columns)
        for row in a
    )


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


FLOATS: Mapping[str, Callable[[float], float]] = {
    "\\tanh": math.tanh,
    "\\sigma": _logistic,
    "\\exp": math.exp,
    "\\log": math.log,
    "\\ln": math.log,
    "\\sin": math.sin,
    "\\cos": math.cos,
    "\\tan": math.tan,
    "\\sinh": math.sinh,
    "\\cosh": math.cosh,
    "\\sqrt": math.sqrt,
    "\\operatorname{softplus}": lambda x: math.log1p(math.exp(x)),
    RELU: lambda x: max(x, 0.0),
    STEP: lambda x: float(x > 0),
}

# The slopes, from the functions' values at x: a table of its own, not the one that derives.
SLOPES: Mapping[str, Callable[[Callable[[str], Any], Any], Any]] = {
    "\\tanh": lambda f, x: 1 - f("\\tanh") * f("\\tanh"),
    "\\sigma": lambda f, x: f("\\sigma") * (1 - f("\\sigma")),
    "\\exp": lambda f, x: f("\\exp"),
    "\\log": lambda f, x: 1 / x,
    "\\ln": lambda f, x: 1 / x,
    "\\sin": lambda f, x: f("\\cos"),
    "\\cos": lambda f, x: -f("\\sin"),
    "\\tan": lambda f, x: 1 + f("\\tan") * f("\\tan"),
    "\\sinh": lambda f, x: f("\\cosh"),
    "\\cosh": lambda f, x: f("\\sinh"),
    "\\sqrt": lambda f, x: 1 / (2 * f("\\sqrt")),
    "\\operatorname{softplus}": lambda f, x: f("\\sigma"),
    RELU: lambda f, x: f(STEP),
    STEP: lambda f, x: 0 * f(STEP),
}
