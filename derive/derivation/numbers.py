"""The derived gradient in numbers, against central differences and other ways: `derive check`.

The numbers are mpmath's, of 30 digits, so that the differences are exact to many more digits than a
wrong formula would agree in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from random import Random
from typing import Any

from derive.algebra.expression import (
    Call,
    Expr,
    Gradient,
    Hadamard,
    Immediate,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Total,
    Transpose,
    Variable,
    walk,
)
from derive.derivation.backward import backward
from derive.derivation.forward import forward
from derive.errors import DeriveError
from derive.model.calculus import constants, direction, identity
from derive.model.functions import RELU, STEP
from derive.model.graph import Graph
from derive.model.recurrence import CONSTANTS, Recurrence
from derive.model.shapes import (
    DIAGONAL,
    ONES,
    SCALAR,
    SOFTMAX,
    TRACE,
    Dimension,
    Shapes,
    is_literal,
    sizes_of,
)
from derive.notation.latex import CONCATENATION, NORM, latex
from derive.proof.setting import AtHorizon

DIGITS = 30
STEP_SIZE = 10**-8
TOLERANCE = 10**-10

# A value: a number, or the rows of a matrix.
Value = Any
Values = Mapping[Expr, Value]
Numbered = dict[Expr, Value]


@dataclass(frozen=True, slots=True)
class Comparison:
    """∂C/∂`by` by BPTT against other ways: the largest entry, and the largest difference from each.

    `error` is that from central differences; `forward` that from forward accumulation, and `autograd`
    that from automatic differentiation, where they were asked.
    """

    by: Variable
    entries: int
    largest: float
    error: float
    forward: float | None = None
    autograd: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether each difference is small beside the largest entry."""
        errors = (self.error, self.forward, self.autograd)
        return all(e <= TOLERANCE * max(self.largest, 1.0) for e in errors if e is not None)

    def relative(self, error: float) -> float:
        """A difference beside the largest entry; 0 where both are 0."""
        return error / self.largest if error else 0.0


def compare(recurrence: Recurrence, horizon: int, by: Variable, seed: int = 0) -> Comparison:
    """The derived ∂C/∂`by` at random numbers, entry by entry against central differences.

    Raises DeriveError for a model with an abstract function: it has no numbers.
    """
    (found,) = comparisons(recurrence, horizon, [by], seed=seed)
    return found


def comparisons(
    recurrence: Recurrence,
    horizon: int,
    wrt: Sequence[Variable],
    others: Callable[[Graph, Sequence[Variable], Values], Mapping[Variable, Value]] | None = None,
    seed: int = 0,
) -> list[Comparison]:
    """The derived ∂C/∂θ for each θ of `wrt` against central differences and forward accumulation.

    `others` gives the gradients of a third way, each shaped like its θ.
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        setting = AtHorizon(recurrence, horizon)
        leaves = random_leaves(setting.graph, Random(seed))
        third = others(setting.graph, wrt, leaves) if others else {}
        found = []
        for by in wrt:
            derived = entries(transposed(derived_gradient(setting, by, leaves)))
            slopes = entries(differences(setting.graph, by, leaves))
            ahead = forward_gradient(setting, by, leaves)
            found.append(
                Comparison(
                    by,
                    len(derived),
                    float(max(map(abs, slopes))),
                    _apart(derived, slopes),
                    _apart(derived, entries(ahead)),
                    _apart(derived, entries(third[by])) if by in third else None,
                )
            )
        return found


def _apart(left: Sequence[Value], right: Sequence[Value]) -> float:
    """The largest difference between entries at the same place."""
    return float(max(abs(a - b) for a, b in zip(left, right, strict=True)))


def random_leaves(graph: Graph, random: Random) -> Numbered:
    """A random number, vector or matrix for each variable that nothing defines."""
    shapes = graph.recurrence.shapes
    sizes = sizes_of(shapes)
    found: Numbered = {}
    for node in graph.nodes:
        if node in graph.bodies:
            continue
        if node.name in CONSTANTS:
            found[node] = _number(math.pi)
            continue
        rows, columns = (_count(size, sizes) for size in shapes.get(node.name, SCALAR))
        one = node.name == ONES
        found[node] = small(
            [
                [_number(1) if one else _number(random.uniform(0.1, 0.9)) for _ in range(columns)]
                for _ in range(rows)
            ]
        )
    return found


def _number(value: float) -> Any:
    import mpmath

    return mpmath.mpf(value)


def _count(size: Dimension, sizes: Mapping[str, int]) -> int:
    return size.shift + sum(sizes[a] * n for a, n in size.letters)


def values_of(graph: Graph, leaves: Values) -> Numbered:
    """The value of every variable of the graph."""
    evaluate = Numbers(graph.recurrence.shapes)
    found: Numbered = dict(leaves)
    for node in graph.nodes:
        if node in graph.bodies:
            value = evaluate(graph.bodies[node], found)
            rows, columns = evaluate.size(node)
            spread = rows * columns > 1 and not isinstance(value, list)
            found[node] = [[value] * columns for _ in range(rows)] if spread else value
    return found


def derived_gradient(setting: AtHorizon, by: Variable, leaves: Values) -> Value:
    """∂C/∂`by` by the proved lines of BPTT, in numerator layout."""
    evaluate = Numbers(setting.recurrence.shapes)
    known = values_of(setting.graph, leaves)
    chains = backward(setting, by).derivation.chains
    for chain in chains:
        known[chain.equation.left] = evaluate(chain.equation.right, known)
    return known[Total(setting.cost, by)]


def forward_gradient(setting: AtHorizon, by: Variable, leaves: Values) -> Value:
    """∂C/∂`by` by the proved lines of forward accumulation, shaped like `by`.

    A derivative by or of a matrix is a matrix of numbers here: of vec(V) by vec(W), column by column.
    """
    evaluate = Numbers(setting.recurrence.shapes)
    known = values_of(setting.graph, leaves)
    for chain in forward(setting, by).derivation.chains:
        for part in walk(chain.equation.right):
            if isinstance(part, Total | Immediate) and part not in known:
                known[part] = local_jacobian(setting, evaluate, part.of, part.by, known)
        known[chain.equation.left] = evaluate(chain.equation.right, known)
    rows, columns = evaluate.size(by)
    row = entries(known[Total(setting.cost, by)])
    return small([[row[j * rows + i] for j in range(columns)] for i in range(rows)])


def local_jacobian(
    setting: AtHorizon, evaluate: Numbers, of: Variable, by: Variable, known: Values
) -> Value:
    """vec of ∂⁺`of` by each entry of `by`: one column a direction, by the derivation's forward action."""
    found = setting.forward_action(of, by)
    if found is None:
        raise DeriveError(f"the derivative of {latex(of)} by {latex(by)} has no number")
    rows, columns = evaluate.size(by)
    slopes = []
    for at in ((i, j) for j in range(columns) for i in range(rows)):
        unit = [[_number(int((i, j) == at)) for j in range(columns)] for i in range(rows)]
        change = evaluate(found, {**known, direction(by): small(unit)})
        slopes.append(entries(transposed(change)))
    return small([list(row) for row in zip(*slopes, strict=True)])


def differences(graph: Graph, by: Variable, leaves: Values) -> Value:
    """∂C/∂`by` by central differences, shaped like `by`."""
    step = _number(STEP_SIZE)

    def slope(i: int, j: int) -> Value:
        found = []
        for move in (step, -step):
            moved = _moved(leaves[by], i, j, move)
            found.append(values_of(graph, {**leaves, by: moved})[graph.cost])
        return (found[0] - found[1]) / (2 * step)

    rows = full(leaves[by])
    return small([[slope(i, j) for j in range(len(rows[0]))] for i in range(len(rows))])


def _moved(value: Value, i: int, j: int, move: Value) -> Value:
    rows = [list(row) for row in full(value)]
    rows[i][j] = rows[i][j] + move
    return small(rows)


# -- arithmetic -------------------------------------------------------------------------------------


def full(value: Value) -> list[list[Any]]:
    return value if isinstance(value, list) else [[value]]


def small(rows: list[list[Any]]) -> Value:
    return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows


def entries(value: Value) -> list[Any]:
    return [x for row in full(value) for x in row]


def transposed(value: Value) -> Value:
    return small([list(column) for column in zip(*full(value), strict=True)])


def each(change: Callable[[Any], Any], value: Value) -> Value:
    return small([[change(x) for x in row] for row in full(value)])


def paired(join: Callable[[Any, Any], Any], a: Value, b: Value) -> Value:
    """Entry by entry; a number stands for each entry."""
    if not isinstance(a, list):
        return each(lambda y: join(a, y), b)
    if not isinstance(b, list):
        return each(lambda x: join(x, b), a)
    rows = zip(a, b, strict=True)
    return [[join(x, y) for x, y in zip(p, q, strict=True)] for p, q in rows]


def times(a: Value, b: Value) -> Value:
    if not isinstance(a, list) or not isinstance(b, list):
        return paired(lambda x, y: x * y, a, b)
    columns = list(zip(*b, strict=True))
    return small(
        [
            [sum((x * y for x, y in zip(row, c, strict=True)), start=_number(0)) for c in columns]
            for row in a
        ]
    )


class Numbers:
    """Evaluates closed formulas in a model with `shapes`."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = {**constants(shapes), **shapes}
        self._sizes = sizes_of(shapes)
        self._constants = constants(shapes)

    def size(self, variable: Variable) -> tuple[int, int]:
        rows, columns = self.shapes.get(variable.name, SCALAR)
        return _count(rows, self._sizes), _count(columns, self._sizes)

    def __call__(self, expr: Expr, known: Values) -> Value:
        """The value of `expr`, whose variables and derivatives are in `known`."""
        if expr in known:
            return known[expr]

        def go(part: Expr) -> Value:
            return self(part, known)

        match expr:
            case Number(value):
                return _number(value.numerator) / value.denominator
            case Gradient(of, by):
                return transposed(go(Total(of, by)))
            case Variable(name) if name in self._constants:
                return self._constant(expr)
            case Sum(terms):
                return self._sum(terms, go)
            case Product(factors):
                return reduce(times, map(go, factors))
            case Hadamard(factors):
                return reduce(lambda a, b: paired(lambda x, y: x * y, a, b), map(go, factors))
            case Transpose(of):
                return transposed(go(of))
            case Quotient(a, b):
                return paired(lambda x, y: x / y, go(a), go(b))
            case Power(base, exponent):
                return each(lambda x: x ** go(exponent), go(base))
            case Call(function, arguments, ()):
                return _applied(function, [go(a) for a in arguments])
            case _:
                raise DeriveError(f"{latex(expr)} has no number")

    def _sum(self, terms: tuple[Expr, ...], go: Callable[[Expr], Value]) -> Value:
        ordered = sorted(terms, key=is_literal)
        return reduce(lambda a, b: paired(lambda x, y: x + y, a, b), map(go, ordered))

    def _constant(self, variable: Variable) -> Value:
        rows, columns = self.size(variable)
        unit = variable == identity(self._constants[variable.name][0])
        return small([[_number(int(unit and i == j)) for j in range(columns)] for i in range(rows)])


def _applied(function: str, values: list[Value]) -> Value:
    """A known function of values."""
    elementary = _elementary()
    if function in elementary:
        return each(elementary[function], values[0])
    if function == NORM:
        return _root(sum(x * x for x in entries(values[0])))
    if function == SOFTMAX:
        powers = each(elementary["\\exp"], values[0])
        whole = sum(entries(powers))
        return each(lambda x: x / whole, powers)
    if function == TRACE:
        return sum(row[i] for i, row in enumerate(full(values[0])))
    if function == CONCATENATION:
        return [row for value in values for row in full(value)]
    if function == DIAGONAL:
        column = entries(values[0])
        zero = _number(0)
        return small(
            [[x if i == j else zero for j in range(len(column))] for i, x in enumerate(column)]
        )
    raise DeriveError(f"{function} is an abstract function: there are no numbers to compare")


def _root(value: Any) -> Any:
    import mpmath

    return mpmath.sqrt(value)


def _elementary() -> Mapping[str, Callable[[Any], Any]]:
    import mpmath

    names = ("tanh", "exp", "log", "ln", "sin", "cos", "tan", "sinh", "cosh", "sqrt")
    found: dict[str, Callable[[Any], Any]] = {f"\\{n}": getattr(mpmath, n) for n in names}
    found["\\sigma"] = lambda x: 1 / (1 + mpmath.exp(-x))
    found["\\operatorname{softplus}"] = lambda x: mpmath.log(1 + mpmath.exp(x))
    found[RELU] = lambda x: max(x, mpmath.mpf(0))
    found[STEP] = lambda x: mpmath.mpf(x > 0)
    return found
