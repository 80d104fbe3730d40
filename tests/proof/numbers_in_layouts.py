"""An evaluator for the tests: printed formulas as floating-point numbers, derivatives as differences.

It shares nothing with the kernel's worlds: variables are NumPy arrays, an abstract function is a small
network with random weights, and ∂A/∂B is what A does when B is moved a little to either side and
everything after B is worked out anew. How that is laid out is said here a second time, from the
definitions of the three layouts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

import numpy as np

from derive.algebra.expression import (
    BigSum,
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
    Time,
    Total,
    Transpose,
    Variable,
    Via,
    move,
)
from derive.model.graph import Graph
from derive.model.shapes import SCALAR, sizes_of

Array = np.ndarray[Any, np.dtype[np.float64]]
STEP_SIZE = 1e-5
ELEMENTARY = {
    "\\tanh": np.tanh,
    "\\exp": np.exp,
    "\\log": np.log,
    "\\sigma": lambda x: 1 / (1 + np.exp(-x)),
}


class Numbers:
    """The variables of an unrolled model as columns and matrices of numbers, in one layout."""

    def __init__(self, graph: Graph, layout: str, seed: int = 0) -> None:
        self.graph, self.layout, self.seed = graph, layout, seed
        self.shapes = graph.recurrence.shapes
        self._sizes = sizes_of(self.shapes) if self.shapes else {}
        self.values = self._run({})
        self._runs: dict[Variable, list[dict[Variable, Array]]] = {}

    # -- the model ------------------------------------------------------------------------------------

    def shape(self, name: str) -> tuple[int, int]:
        """Rows and columns. Without declared shapes each name has a size; the cost and its terms are 1."""
        if self.shapes:
            rows, columns = (
                size.shift + sum(self._sizes[a] * n for a, n in size.letters)
                for size in self.shapes.get(name, SCALAR)
            )
            return rows, columns
        if name in ("C", "L"):
            return 1, 1
        return 2 + sum(map(ord, name)) % 2, 1

    def _random(self, *key: object) -> np.random.Generator:
        return np.random.default_rng([self.seed, *(sum(map(ord, repr(k))) for k in key)])

    def _leaf(self, node: Variable) -> Array:
        if node.name.startswith("I_"):
            return np.eye(self._sizes[node.name[3:-1]])
        if node.name.startswith("\\mathbf{0}_{"):
            rows, columns = node.name[12:-1].split(",")
            return np.zeros((self._sizes[rows], self._sizes[columns]))
        if node.name == "\\mathbf{1}":
            return np.ones(self.shape(node.name))
        time = node.time.shift if node.time is not None else 0
        return 0.5 * self._random(node.name, "x" * time).normal(size=self.shape(node.name))

    def _run(self, moved: Mapping[Variable, Array]) -> dict[Variable, Array]:
        """All variables, those in `moved` kept as they are given."""
        found: dict[Variable, Array] = {}
        for node in self.graph.nodes:
            body = self.graph.bodies.get(node)
            if node in moved:
                found[node] = moved[node]
            elif body is None:
                found[node] = self._leaf(node)
            else:
                value = self._closed(body, found, self.shape(node.name))
                found[node] = value + np.zeros(self.shape(node.name))
        return found

    def _closed(
        self, expr: Expr, known: Mapping[Variable, Array], shape: tuple[int, int] = (1, 1)
    ) -> Any:
        """A formula without derivatives; `shape` is what an abstract function has to give."""

        def of(part: Expr) -> Any:
            return self._closed(part, known)

        match expr:
            case Variable():
                return known[expr] if expr in known else self._leaf(expr)
            case Number(value):
                return float(value)
            case Sum(terms):
                return reduce(np.add, map(of, terms))
            case Product(factors):
                return reduce(times, map(of, factors))
            case Hadamard(factors):
                return reduce(np.multiply, map(of, factors))
            case Transpose(inner):
                return np.transpose(of(inner))
            case Quotient(a, b):
                return of(a) / of(b)
            case Power(base, exponent):
                return of(base) ** of(exponent)
            case Call(function, (argument,)) if function in ELEMENTARY:
                return ELEMENTARY[function](of(argument))
            case Call("\\operatorname{softmax}", (argument,)):
                whole = np.exp(of(argument))
                return whole / whole.sum()
            case Call("\\operatorname{diag}", (argument,)):
                return np.diagflat(of(argument))
            case Call("[;]", arguments):
                return np.vstack([of(a) for a in arguments])
            case Call(function, (argument,)) if function == "\\lVert":
                return np.sqrt((of(argument) ** 2).sum())
            case Call(function, arguments):
                inside = np.vstack([of(a).reshape(-1, 1) for a in arguments])
                weights = self._random("weights", function).normal(size=(shape[0], len(inside)))
                return np.tanh(weights @ inside)
        raise AssertionError(f"no number for {expr}")

    # -- derivatives ----------------------------------------------------------------------------------

    def jacobian(self, of: Variable, by: Variable, only: bool = False) -> Array:
        """|of| rows and |by| columns, a matrix as its columns; with `only`, `of`'s own use alone."""
        ends = self._moved_alone(of, by) if only else [run[of] for run in self._moved(by)]
        pairs = zip(ends[::2], ends[1::2], strict=True)
        return np.array([(a - b).flatten(order="F") / (2 * STEP_SIZE) for a, b in pairs]).T

    def _places(self, by: Variable) -> Iterator[Array]:
        """The value of `by` with one entry moved, up and down, entry after entry."""
        at = self.values[by]
        for i in range(at.size):
            for sign in (1, -1):
                moved = at.flatten(order="F")
                moved[i] += sign * STEP_SIZE
                yield moved.reshape(at.shape, order="F")

    def _moved(self, by: Variable) -> list[dict[Variable, Array]]:
        """All variables for each place of `by`; worked out once."""
        if by not in self._runs:
            self._runs[by] = [self._run({by: place}) for place in self._places(by)]
        return self._runs[by]

    def _moved_alone(self, of: Variable, by: Variable) -> list[Array]:
        body, shape = self.graph.bodies[of], self.shape(of.name)
        places = ({**self.values, by: place} for place in self._places(by))
        return [self._closed(body, known, shape) + np.zeros(shape) for known in places]

    def value(self, expr: Expr) -> Any:
        """A printed formula, its derivatives read in this layout."""
        match expr:
            case Total(of, by):
                return self._laid_out(self.jacobian(of, by))
            case Immediate(of, by):
                return self._laid_out(self.jacobian(of, by, only=True))
            case Via(of, by, through):
                first = self.jacobian(of, through)
                return self._laid_out(first @ self.jacobian(through, by, only=True))
            case Gradient(of, by):
                assert self.layout == "gradient"
                return self.jacobian(of, by).reshape(self.shape(by.name), order="F")
            case Sum(terms):
                return reduce(self._plus, map(self.value, terms))
            case Product(factors) if any(map(self._is_outside, factors)):
                return 0.0
            case Product(factors):
                return reduce(times, map(self.value, factors))
            case Transpose(inner):
                return np.transpose(self.value(inner))
            case BigSum(index, lower, upper, body):
                steps = range(lower.shift, upper.shift + 1)
                parts = [self.value(move(body, {index: Time.at(s)})) for s in steps]
                return reduce(self._plus, parts, 0.0)
            case _:
                return self._closed(expr, self.values)

    def _is_outside(self, expr: Expr) -> bool:
        """Whether this is the cost's derivative by what has no step: 0, as every proof says."""
        symbol = expr.of if isinstance(expr, Transpose) else expr
        outside = isinstance(symbol, Total | Gradient) and symbol.by not in self.values
        return outside and symbol.of == self.graph.cost

    def _laid_out(self, jacobian: Array) -> Array:
        return jacobian.T if self.layout == "denominator" else jacobian

    def _plus(self, a: Any, b: Any) -> Any:
        """The sum; a matrix beside the one number for each of its entries counts as its columns."""
        if np.ndim(a) and np.ndim(b) and np.shape(a) != np.shape(b):
            a, b = (x if 1 in x.shape else self.columns(x) for x in (a, b))
            assert np.shape(a) == np.shape(b)
        return a + b

    def columns(self, matrix: Array) -> Array:
        """∂C/∂W, a matrix, as one number for each entry of W, the columns of W one after the other."""
        if self.layout == "numerator":
            return matrix.reshape(1, -1, order="C")
        return matrix.reshape(-1, 1, order="F")

    def matrix_of(self, of: Variable, by: Variable) -> Array:
        """∂of/∂W as a matrix: in numerator layout of the transposed shape of W, else shaped like W."""
        gradient = self.jacobian(of, by).reshape(self.shape(by.name), order="F")
        return gradient.T if self.layout == "numerator" else gradient


def times(a: Any, b: Any) -> Any:
    """The product of two matrices; a number stands before or after anything."""
    if np.size(a) == 1 or np.size(b) == 1:
        return np.asarray(a).item() * b if np.size(a) == 1 else a * np.asarray(b).item()
    return a @ b
