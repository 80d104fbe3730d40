"""Shapes: (rows, columns), each an integer combination of letters, declared or found by unification.

A model in which nothing declares or implies a vector (∈ ℝⁿ, bold, ⊤, ⊙, diag, softmax, a norm, [a; b])
has no shapes: everything in it may be a scalar, and it is read as before. An ill-typed formula is
refused with its place and the two shapes, before any algebra.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING, NoReturn

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Derivative,
    Expr,
    Gradient,
    Hadamard,
    Index,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Transpose,
    Variable,
    walk,
)
from derive.errors import DeriveError, Place
from derive.model.functions import SLOPE
from derive.notation.grammar import BOLD, Statement
from derive.notation.latex import CONCATENATION, NORM, REALS, latex

if TYPE_CHECKING:
    from derive.model.recurrence import Definition

# A dimension is written as an index is: n, n + d, 3.
Dimension = Time
Shape = tuple[Dimension, Dimension]
Shapes = Mapping[str, Shape]

SCALAR: Shape = (Time.at(1), Time.at(1))
ONES = "\\mathbf{1}"
DIAGONAL = "\\operatorname{diag}"
TRACE = "\\operatorname{tr}"
SOFTMAX = "\\operatorname{softmax}"
VEC = "\\operatorname{vec}"
OF_ARRAYS = frozenset((DIAGONAL, TRACE, SOFTMAX, NORM, CONCATENATION, VEC))
LARGEST_DIMENSION = 16
LETTERS = ("n", "d", "m", "k", "p", "q", "r", "s")


def is_scalar(shape: Shape) -> bool:
    return shape is SCALAR or (is_one(shape[0]) and is_one(shape[1]))


def is_one(size: Dimension) -> bool:
    """Whether a dimension is the number 1."""
    return size.shift == 1 and not size.letters


def is_column(shape: Shape) -> bool:
    """Whether a shape is that of a vector or a scalar."""
    return is_one(shape[1])


def is_matrix(shape: Shape) -> bool:
    """Whether a shape has neither one row nor one column."""
    return not is_one(shape[0]) and not is_one(shape[1])


def spoken(shape: Shape) -> str:
    """A shape as an error names it: n×d, or 1 for a scalar."""
    if is_scalar(shape):
        return "1"
    sizes = (latex(Index(size)).replace(" ", "") for size in shape)
    return "×".join(re.sub(r"\?\d+", "?", size) for size in sizes)  # what no formula says


def reals(shape: Shape) -> Expr:
    """ℝ^{n×d}, ℝ^n or ℝ: what a quantity of that shape is in."""
    if is_scalar(shape):
        return Call(REALS, ())
    sizes = shape[:1] if is_column(shape) else shape
    return Call(REALS, tuple(Index(size) for size in sizes))


def sizes_of(shapes: Shapes) -> Mapping[str, int]:
    """A size for each letter of the shapes, to try a formula with: 2, 3, 4, 5, then 2 again."""
    letters = sorted({a for shape in shapes.values() for size in shape for a, _ in size.letters})
    return {letter: 2 + i % 4 for i, letter in enumerate(letters)}


def is_literal(expr: Expr) -> bool:
    """Whether a formula is a number alone: beside a vector it stands for each entry."""
    return not any(isinstance(part, Variable | Index | Call) for part in walk(expr))


# -- declarations -----------------------------------------------------------------------------------


def declared(statements: Iterable[Statement]) -> dict[str, tuple[Shape, Place | None]]:
    """The shapes that `W \\in \\mathbb{R}^{n \\times d}` and its like declare, with their places."""
    found: dict[str, tuple[Shape, Place | None]] = {}
    for s in statements:
        if s.relation != "in":
            continue
        if not isinstance(s.left, Variable) or s.left.copy is not None:
            raise DeriveError(f"expected a symbol before ∈, found {latex(s.left)}", s.place)
        shape = _declared_shape(s)
        if found.setdefault(s.left.name, (shape, s.place))[0] != shape:
            raise DeriveError(f"{latex(s.left)} is declared with two shapes", s.place)
    return found


def _declared_shape(statement: Statement) -> Shape:
    assert isinstance(statement.right, Call)
    sizes = [_dimension(size, statement) for size in statement.right.arguments]
    if len(sizes) > 2:
        raise DeriveError("expected at most two dimensions, as in n \\times d", statement.place)
    rows, columns, *_ = (*sizes, *SCALAR)
    return (rows, columns) if len(sizes) == 2 else (rows, SCALAR[1])


def _dimension(size: Expr, statement: Statement) -> Dimension:
    match size:
        case Number(value) if 1 <= value <= LARGEST_DIMENSION and value.denominator == 1:
            return Time.at(int(value))
        case Number(value):
            raise DeriveError(
                f"a dimension of {value} is not between 1 and the limit of {LARGEST_DIMENSION}: "
                "write a letter",
                statement.place,
            )
        case Variable(name, None, None):
            return Time.of(name)
        case Index(time):
            return time
        case Sum(terms):
            result = Time()
            for term in terms:
                result = result + _dimension(term, statement)
            return result
        case _:
            raise DeriveError(
                f"expected a dimension such as n or n + d, found {latex(size)}", statement.place
            )


def has_arrays(expr: Expr) -> bool:
    """Whether a formula has an operation of vectors or matrices, or a bold name."""
    for part in walk(expr):
        match part:
            case Transpose() | Hadamard():
                return True
            case Call(function) if function in OF_ARRAYS:
                return True
            case Variable(name) if name.startswith(BOLD):
                return True
            case _:
                continue
    return False


def shapes_of(
    definitions: Sequence[Definition], cost: Variable, statements: Sequence[Statement]
) -> Shapes:
    """The shape of every name of the model; nothing where the model is about scalars alone.

    Raises DeriveError, with the place and the two shapes, for a formula that is ill-typed.
    """
    given = declared(statements)
    implied = any(has_arrays(e) for d in definitions for e in (d.target, d.body))
    if not implied and all(is_scalar(shape) for shape, _ in given.values()):
        return {}
    names = {v.name for d in definitions for v in _variables(d)}
    for name, (_, place) in given.items():
        if name not in names:
            raise DeriveError(f"{name} is declared but occurs in no definition", place)
    inference = _Inference(definitions, {name: shape for name, (shape, _) in given.items()})
    return inference.shapes(cost)


def _variables(d: Definition) -> Iterator[Variable]:
    return (part for part in (d.target, *walk(d.body)) if isinstance(part, Variable))


# -- inference --------------------------------------------------------------------------------------


class _Inference:
    """Unification over the definitions; a dimension that is not known yet is a letter with a '?'."""

    def __init__(self, definitions: Sequence[Definition], given: Mapping[str, Shape]) -> None:
        self.definitions = definitions
        self.names: dict[str, Shape] = dict(given)
        self.bound: dict[str, Dimension] = {}
        self.arrays: set[str] = set()
        self.long: set[str] = set()
        self.results: dict[Expr, Shape] = {}
        self.pending: list[Product] = []
        self._fresh = count(1)
        self.here = definitions[0]

    def shapes(self, cost: Variable) -> Shapes:
        for d in self.definitions:
            for v in _variables(d):
                if v.name.startswith(BOLD) and not self.is_known(self.shape_of_name(v.name)):
                    mark = self._mark if is_capital(v.name) else self._mark_column
                    mark(self.shape_of_name(v.name))
        self._unify_named(cost.name, SCALAR)
        self._settle()
        while self.pending:
            if not self._assume():
                self._undetermined(self.pending[0])
            self._settle()
        self._name_the_rest()
        self._settle()
        for d in self.definitions:
            self.here = d
            self._refuse_powers(d.body)
            self._refuse_rows(d)
        return {name: self.resolved(shape) for name, shape in self.names.items()}

    # -- letters ----------------------------------------------------------------------------------

    def fresh(self) -> Shape:
        return Time.of(f"?{next(self._fresh)}"), Time.of(f"?{next(self._fresh)}")

    def resolve(self, size: Dimension) -> Dimension:
        while any(letter in self.bound for letter, _ in size.letters):
            size = size.replace(self.bound)
        return size

    def resolved(self, shape: Shape) -> Shape:
        return self.resolve(shape[0]), self.resolve(shape[1])

    def _same_size(self, a: Dimension, b: Dimension) -> bool:
        apart = self.resolve(a) - self.resolve(b)
        found = [
            (letter, -rest if times == 1 else rest)
            for letter, times in apart.letters
            if letter.startswith("?") and abs(times) == 1
            for rest in (apart - Time(((letter, times),)),)
        ]
        if not found:
            return not apart.letters and apart.shift == 0
        found = [pair for pair in found if pair[0] not in self.long or pair[1] != Time.at(1)]
        if not found:
            return False
        letter, size = min(found, key=lambda pair: sum(n < 0 for _, n in pair[1].letters))
        self.bound[letter] = size
        for marked in (self.arrays, self.long):
            if letter in marked:
                marked |= {a for a, _ in size.letters}
        return True

    def unify(self, a: Shape, b: Shape) -> bool:
        return self._same_size(a[0], b[0]) and self._same_size(a[1], b[1])

    def _unify_named(self, name: str, shape: Shape) -> None:
        if not self.unify(self.shape_of_name(name), shape):
            self._ill(f"{name} is {spoken(self.resolved(self.names[name]))}", spoken(shape))

    def shape_of_name(self, name: str) -> Shape:
        return self.names.setdefault(name, self.fresh())

    def is_array(self, shape: Shape) -> bool:
        """Whether a shape is known not to be a scalar's."""
        for size in self.resolved(shape):
            known = [a for a, _ in size.letters if not a.startswith("?") or a in self.arrays]
            if known or size.shift > 1 or (size.letters and size.shift):
                return True
        return False

    def is_known(self, shape: Shape) -> bool:
        return self.is_array(shape) or is_scalar(self.resolved(shape))

    # -- errors -----------------------------------------------------------------------------------

    def _ill(self, what: str, other: str, part: Expr | None = None) -> NoReturn:
        place = locate(self.here, part) if part is not None else self.here.place
        raise DeriveError(f"ill-typed: {what}, but should be {other}", place)

    def _together(self, operation: str, parts: Sequence[Expr]) -> Shape:
        """Parts of one shape; numbers beside them stand for each entry."""
        arrays = [part for part in parts if not is_literal(part)]
        if not arrays:
            return SCALAR
        first = self.visit(arrays[0])
        for part in arrays[1:]:
            shape = self.visit(part)
            if not self.unify(first, shape):
                raise DeriveError(
                    f"ill-typed {operation}: {latex(arrays[0])} is {spoken(self.resolved(first))}, "
                    f"{latex(part)} is {spoken(self.resolved(shape))}",
                    locate(self.here, part),
                )
        return first

    def _undetermined(self, expr: Expr) -> NoReturn:
        for part in walk(expr):
            if isinstance(part, Power) and part.exponent == Index(Time.of("T")):
                self._refuse_horizon(part, "of no known shape")
        raise DeriveError(
            f"the shapes in {latex(expr)} are not determined: declare them, "
            "as in W \\in \\mathbb{R}^{n \\times d}",
            locate(self.here, expr),
        )

    # -- one pass ---------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Passes over the definitions until nothing new is found."""
        while True:
            before = len(self.bound), len(self.arrays), len(self.results)
            self.pending = []
            for d in self.definitions:
                self.here = d
                self._visit_definition(d)
            if before == (len(self.bound), len(self.arrays), len(self.results)):
                return

    def _visit_definition(self, d: Definition) -> None:
        target = self.shape_of_name(d.target.name)
        if is_literal(d.body):
            return
        shape = self.visit(d.body)
        if not self.unify(target, shape):
            raise DeriveError(
                f"ill-typed: {latex(d.target)} is {spoken(self.resolved(target))}, "
                f"but its definition is {spoken(self.resolved(shape))}",
                d.place,
            )

    def visit(self, expr: Expr) -> Shape:
        """The shape of a formula, as far as it is known; what it says of its parts is recorded."""
        match expr:
            case Number() | Index():
                return SCALAR
            case Variable(name):
                return self.shape_of_name(name)
            case Sum(terms):
                return self._together("sum", terms)
            case Hadamard(factors):
                return self._together("entrywise product", factors)
            case Product():
                return self._product(expr)
            case Transpose(of):
                rows, columns = self.visit(of)
                return columns, rows
            case Quotient(a, b):
                return self._quotient(a, b)
            case Power(base, exponent):
                self._need(exponent, SCALAR, "an exponent")
                return self.visit(base)
            case BigSum(_, _, _, body) | BigProduct(_, _, _, body):
                return self.visit(body)
            case Call():
                return self._call(expr)
            case _:
                raise DeriveError(f"{latex(expr)} has no shape", locate(self.here, expr))

    def _need(self, part: Expr, wanted: Shape, role: str) -> Shape:
        shape = self.visit(part)
        if not self.unify(shape, wanted):
            found, other = spoken(self.resolved(shape)), spoken(self.resolved(wanted))
            self._ill(f"{latex(part)} is {found}", f"{other}, as {role}", part)
        return shape

    def _quotient(self, a: Expr, b: Expr) -> Shape:
        if is_literal(a):
            return self.visit(b)
        self._need(b, SCALAR, "a denominator")
        return self.visit(a)

    def _call(self, call: Call) -> Shape:
        function, arguments = call.function, call.arguments
        one = Time.at(1)
        if function in SLOPE:
            return self._together("call", arguments)
        if function == CONCATENATION:
            return self._concatenation(arguments)
        if function == NORM:
            self.visit(arguments[0])
            return SCALAR
        if function in (SOFTMAX, DIAGONAL):
            rows = self.visit(arguments[0])[0]
            self._need(arguments[0], (rows, one), f"the argument of {function}")
            if isinstance(arguments[0], Variable):
                self._mark_column((rows, one))
            return (rows, one) if function == SOFTMAX else (rows, rows)
        if function == TRACE:
            rows = self.visit(arguments[0])[0]
            self._need(arguments[0], (rows, rows), "the argument of a trace")
            if isinstance(arguments[0], Variable) and is_capital(arguments[0].name):
                self._mark((rows, rows))
            return SCALAR
        for argument in arguments:
            self.visit(argument)
        return self.results.setdefault(call, self.fresh())

    def _concatenation(self, parts: Sequence[Expr]) -> Shape:
        rows, columns = Time(), self.visit(parts[0])[1]
        for part in parts:
            shape = self.visit(part)
            self._need(part, (shape[0], columns), "a part of a concatenation")
            rows = rows + self.resolve(shape[0])
        return rows, columns

    def _product(self, product: Product) -> Shape:
        shapes = [self.visit(factor) for factor in product.factors]
        rest = [
            (factor, shape)
            for factor, shape in zip(product.factors, shapes, strict=True)
            if not is_scalar(self.resolved(shape))
        ]
        if len(rest) < 2:
            return rest[0][1] if rest else SCALAR
        if not all(self.is_known(shape) for _, shape in rest):
            self.pending.append(product)
            return self.results.setdefault(product, self.fresh())
        result = self._chain(rest)
        known = self.results.get(product)
        if known is not None and not self.unify(known, result):
            found, other = spoken(self.resolved(result)), spoken(self.resolved(known))
            self._ill(f"{latex(product)} is {found}", other, product)
        return result

    def _chain(self, factors: Sequence[tuple[Expr, Shape]]) -> Shape:
        """The product from left to right; a part that has become a scalar multiplies what follows."""
        (before, shape), *rest = factors
        for factor, right in rest:
            if is_scalar(self.resolved(shape)):
                shape = right
            elif not self._same_size(shape[1], right[0]):
                raise DeriveError(
                    f"ill-typed product: {latex(before)} is {spoken(self.resolved(shape))}, "
                    f"{latex(factor)} is {spoken(self.resolved(right))}",
                    locate(self.here, factor, Product((before, factor))),
                )
            else:
                shape = (shape[0], right[1])
            before = Product((before, factor))
        return shape

    # -- what nothing says ------------------------------------------------------------------------

    def _assume(self) -> bool:
        """One open factor settled as the field writes it: W is a matrix, x beside it a vector."""
        for assume in (self._matrix, self._transposed, self._vector, self._number):
            for product in self.pending:
                for i, factor in enumerate(product.factors):
                    if not self.is_known(self.visit(factor)) and assume(product, i, factor):
                        return True
        return False

    def _matrix(self, product: Product, at: int, factor: Expr) -> bool:
        if not isinstance(factor, Variable) or not is_capital(factor.name):
            return False
        self._mark(self.visit(factor))
        return True

    def _transposed(self, product: Product, at: int, factor: Expr) -> bool:
        if not isinstance(factor, Transpose):
            return False
        shape = self.visit(factor.of)
        if not isinstance(factor.of, Variable):
            if factor.of not in product.factors[at + 1 : at + 2]:
                return False
            self._mark_column(shape)
            return True
        mark = self._mark if is_capital(factor.of.name) else self._mark_column
        mark(shape)
        return True

    def _vector(self, product: Product, at: int, factor: Expr) -> bool:
        """What stands right of a matrix is a vector; before a row it is one if the product is."""
        shape = self.visit(factor)
        left = self.visit(product.factors[at - 1]) if at else SCALAR
        follows = self.is_array(left) and self.resolve(left[1]) != Time.at(1)
        outer = self._before_row(product, at) and self.is_array(self.results[product])
        if not outer and not (follows and self._same_size(left[1], shape[0])):
            return False
        self._mark_column(shape)
        return True

    def _before_row(self, product: Product, at: int) -> bool:
        """Whether a row stands right of a factor: the two may be an outer product."""
        if at + 1 == len(product.factors):
            return False
        rows, columns = self.resolved(self.visit(product.factors[at + 1]))
        return rows == Time.at(1) and self.is_array((rows, columns))

    def _number(self, product: Product, at: int, factor: Expr) -> bool:
        open_outer = self._before_row(product, at) and not self.is_known(self.results[product])
        return (
            isinstance(factor, Variable)
            and not open_outer
            and self.unify(self.visit(factor), SCALAR)
        )

    def _mark_column(self, shape: Shape) -> None:
        """A vector, of more than one entry."""
        self._same_size(shape[1], Time.at(1))
        self._mark(shape)
        self.long |= {letter for letter, _ in self.resolve(shape[0]).letters}

    def _mark(self, shape: Shape) -> None:
        for size in self.resolved(shape):
            self.arrays |= {letter for letter, _ in size.letters}

    def _name_the_rest(self) -> None:
        """Letters for the dimensions that are free; what no product made a matrix is a vector."""
        taken = set(self.names) | {
            a for s in self.names.values() for size in self.resolved(s) for a, _ in size.letters
        }
        free = (a for a in chain(LETTERS, (f"n_{{{i}}}" for i in count(1))) if a not in taken)
        for name in list(self.names):
            rows, columns = self.resolved(self.names[name])
            unmarked = not any(a in self.arrays for a, _ in columns.letters)
            if any(a.startswith("?") for a, _ in columns.letters) and unmarked:
                self._same_size(columns, Time.at(1))
            for size in (rows, self.resolve(columns)):
                for letter, _ in self.resolve(size).letters:
                    if letter.startswith("?"):
                        self.bound[letter] = Time.of(next(free))

    def _refuse_powers(self, body: Expr) -> None:
        """A power of a matrix may be a product or entrywise: neither is guessed."""
        for part in walk(body):
            if not isinstance(part, Power):
                continue
            shape = self.resolved(self.visit(part.base))
            if part.exponent == Index(Time.of("T")) and not is_scalar(shape):
                self._refuse_horizon(part, spoken(shape))
            if is_matrix(shape):
                raise DeriveError(
                    f"{latex(part)} is a power of a matrix ({spoken(shape)}): "
                    "write a product or \\odot",
                    locate(self.here, part),
                )

    def _refuse_rows(self, d: Definition) -> None:
        """A name for a row: its derivatives would look like those of a column."""
        for v in _variables(d):
            rows, columns = self.resolved(self.shape_of_name(v.name))
            if rows == Time.at(1) and columns != rows:
                raise DeriveError(
                    f"{latex(v)} is a row ({spoken((rows, columns))}): "
                    "write vectors as columns, and rows as x^\\top",
                    locate(d, v),
                )

    def _refuse_horizon(self, part: Power, shape: str) -> NoReturn:
        raise DeriveError(
            f"ill-typed: {latex(part.base)} is {shape} and T is the horizon: "
            f"write {latex(Transpose(part.base))} for the transposition",
            locate(self.here, part),
        )


def is_capital(name: str) -> bool:
    """Whether a name's letter is a capital one: W, \\mathbf{W}, \\Theta, W_{f}."""
    base = name.partition("_")[0].rstrip("'}")
    letter = base.split("{")[-1].split("\\")[-1]
    return letter[:1].isupper()


def locate(definition: Definition, part: Expr, within: Expr | None = None) -> Place | None:
    """Where a part (that ends `within`) stands in a definition; the definition's own place otherwise."""
    at = definition.source.find(latex(part))
    if within is not None and (whole := definition.source.find(latex(within))) >= 0:
        at = whole + latex(within).rfind(latex(part))
    place = definition.place
    if place is None or at < 0 or "\n" in definition.source[:at]:
        return place
    return place.moved(at)


# -- shapes of what is derived ----------------------------------------------------------------------


def shape_of(expr: Expr, shapes: Shapes) -> Shape:
    """The shape of a formula in a model with `shapes`; a name that it does not know is a scalar.

    ∂C/∂h is a row, ∂a/∂b has |a| rows, ∇_W C is shaped like W.
    """

    def of(part: Expr) -> Shape:
        return shape_of(part, shapes)

    match expr:
        case Variable(name):
            return shapes.get(name, SCALAR)
        case Gradient(_, by):
            return of(by)
        case Derivative():
            return of(expr.of)[0], of(expr.by)[0]
        case Sum(parts) | Hadamard(parts):
            return next((s for s in map(of, parts) if not is_scalar(s)), SCALAR)
        case Product(factors):
            shape = SCALAR
            for right in (s for s in map(of, factors) if not is_scalar(s)):
                shape = right if is_scalar(shape) else (shape[0], right[1])
            return shape
        case Transpose(inner):
            rows, columns = of(inner)
            return columns, rows
        case Quotient(a, b):
            return of(b) if is_literal(a) else of(a)
        case Power(base, _) | BigSum(_, _, _, base) | BigProduct(_, _, _, base):
            return of(base)
        case Call(function, arguments):
            return _shape_of_call(function, [of(a) for a in arguments])
        case _:
            return SCALAR


def _shape_of_call(function: str, shapes: Sequence[Shape]) -> Shape:
    if function in SLOPE or function == SOFTMAX:
        return shapes[0]
    if function == DIAGONAL:
        return shapes[0][0], shapes[0][0]
    if function == CONCATENATION:
        rows = Time()
        for shape in shapes:
            rows = rows + shape[0]
        return rows, shapes[0][1]
    return SCALAR
