"""The differential of a closed formula of vectors and matrices: one table of primitives.

Each primitive has a forward action (dX ↦ d f) and a transposed action (ω ↦ the ω of its operand), where
ω is the derivative of something by f in numerator layout: ω has the transposed shape of f, and
tr(ω df) = tr(ω_X dX), that is ⟨ω, J dX⟩ = ⟨Jᵀω, dX⟩. The kernel checks each result in random worlds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from derive.algebra.expression import (
    ONE,
    ZERO,
    BigSum,
    Call,
    Expr,
    Hadamard,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Transpose,
    Variable,
    add,
    multiply,
    rebuild,
    replace,
    terms_of,
    walk,
)
from derive.errors import DeriveError
from derive.model.functions import SLOPE
from derive.model.shapes import (
    DIAGONAL,
    SCALAR,
    SOFTMAX,
    TRACE,
    Dimension,
    Shape,
    Shapes,
    is_column,
    is_literal,
    is_scalar,
    shape_of,
)
from derive.notation.latex import CONCATENATION, NORM, latex, time_text

_ARGUMENT, _RESULT = Variable("\\mathrm{argument}"), Variable("\\mathrm{result}")


@dataclass(frozen=True, slots=True)
class Term:
    """coefficient · scalars · chain: the chain is a product of factors none of which is a scalar."""

    coefficient: Fraction
    scalars: tuple[Expr, ...] = ()
    chain: tuple[Expr, ...] = ()


Terms = tuple[Term, ...]
WHOLE = Fraction(1)
UNIT: Terms = (Term(WHOLE),)


@cache
def identity(size: Dimension) -> Variable:
    """The identity matrix I_{n}."""
    return Variable(f"I_{{{time_text(size)}}}")


@cache
def zeros(rows: Dimension, columns: Dimension) -> Variable:
    """The zero matrix 0_{d,n}."""
    return Variable(f"\\mathbf{{0}}_{{{time_text(rows)},{time_text(columns)}}}")


def constants(shapes: Shapes) -> dict[str, Shape]:
    """The identity and zero matrices that a model's dimensions allow, with their shapes."""
    sizes = {size for shape in shapes.values() for size in shape}
    found = {identity(a).name: (a, a) for a in sizes}
    return {**found, **{zeros(a, b).name: (a, b) for a in sizes for b in sizes}}


def direction(variable: Variable) -> Variable:
    """The direction Ẇ in which W is varied; it has W's shape."""
    base, mark, label = variable.name.partition("_")
    return Variable(f"\\dot{{{base}}}{mark}{label}", variable.time)


class Calculus:
    """Differentials in a model with `shapes`."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = {**constants(shapes), **shapes}
        self._known_shapes: dict[Expr, Shape] = {}
        self._known_factors: dict[Expr, Terms] = {}
        self._units = {identity(rows) for rows, _ in self.shapes.values()}

    def _with(self, name: str, shape: Shape) -> Calculus:
        """The same with one more name; of a shape that the model has no new constant is needed."""
        if shape not in self.shapes.values():
            return Calculus({**self.shapes, name: shape})
        inner = copy(self)
        inner.shapes = {**self.shapes, name: shape}
        inner._known_shapes, inner._known_factors = {}, {}
        return inner

    # -- what is asked ----------------------------------------------------------------------------

    def jacobian(self, body: Expr, by: Variable, name: Variable | None = None) -> Expr:
        """∂body/∂by, |body| × |by|, for a column (or a scalar) by a column: a product of matrices."""
        move = direction(by)
        inner = self._with(move.name, self.shape(by))
        terms = inner._action(inner.prepared(body), by, inner.factor(move), name)
        factored = [inner._without(term, move) for term in terms]
        if is_scalar(self.shape(by)):
            return self.written(factored)
        return self.written(factored, identity(self.shape(body)[0]))

    def forward(self, body: Expr, by: Variable, along: Variable, name: Variable | None) -> Expr:
        """The change of `body` when `by` changes in the direction `along`: a formula like body."""
        inner = self._with(along.name, self.shape(by))
        return inner.written(
            inner._action(inner.prepared(body), by, inner.factor(along), name),
        )

    def transposed(self, body: Expr, by: Variable, row: Expr, name: Variable | None) -> Expr:
        """row · ∂body/∂by in numerator layout: of the transposed shape of `by`."""
        terms = self._pulled(self.prepared(body), by, self.factor(row), name)
        return self.written(terms, self._unit(by))

    def _unit(self, by: Variable) -> Expr:
        """The ω of `by` that a product of nothing is: 1, or for a square matrix the identity."""
        shape = self.shape(by)
        return ONE if is_column(shape) else identity(shape[0])

    def gradient(self, body: Expr, by: Variable, column: Expr, name: Variable | None) -> Expr:
        """(∂body/∂by)ᵀ column in gradient layout: shaped like `by`."""
        start = self.turned(self.factor(column))
        terms = self.turned(self._pulled(self.prepared(body), by, start, name))
        return self.written(terms, self._unit(by))

    def product(self, factors: Iterable[Expr]) -> Expr:
        """A product of formulas, its scalars in front, without the identities in it."""
        found = list(factors)
        kept = [factor for factor in found if factor not in self._units]
        lone = all(is_scalar(self.shape(factor)) for factor in kept)
        result = UNIT
        for factor in found if lone else kept:
            result = self.times(result, self.factor(factor))
        return self.written(result)

    def turned_times(self, jacobian: Expr, column: Expr) -> Expr:
        """jacobianᵀ column, without an identity between them."""
        rows = (
            terms_of(jacobian) if is_scalar((self.shape(jacobian)[0], SCALAR[1])) else (jacobian,)
        )
        turned = (self.written(self.turned(self.factor(row))) for row in rows)
        return add(self.product((factor, column)) for factor in turned)

    def shape(self, expr: Expr) -> Shape:
        found = self._known_shapes.get(expr)
        if found is None:
            found = self._known_shapes[expr] = shape_of(expr, self.shapes)
        return found

    # -- terms ------------------------------------------------------------------------------------

    def factor(self, expr: Expr) -> Terms:
        """A formula as one term, its scalar parts apart."""
        found = self._known_factors.get(expr)
        if found is None:
            found = self._known_factors[expr] = self._factor(expr)
        return found

    def _factor(self, expr: Expr) -> Terms:
        if isinstance(expr, Number):
            return (Term(expr.value),) if expr.value else ()
        if isinstance(expr, Product):
            result = UNIT
            for part in expr.factors:
                result = self.times(result, self.factor(part))
            return result
        if is_scalar(self.shape(expr)):
            return (Term(WHOLE, (expr,)),)
        return (Term(WHOLE, (), (expr,)),)

    def times(self, left: Terms, right: Terms) -> Terms:
        """The product; a chain that has become a scalar stands among the scalars."""
        if left is UNIT:
            return right
        return tuple(self._joined(a, b) for a in left for b in right)

    def _joined(self, a: Term, b: Term) -> Term:
        coefficient = a.coefficient
        if b.coefficient is not WHOLE:
            coefficient = coefficient * b.coefficient
        scalars, chain = (*a.scalars, *b.scalars), (*a.chain, *b.chain)
        if a.chain and b.chain and is_scalar(self._ends(chain)):
            return Term(coefficient, (*scalars, multiply(chain)))
        return Term(coefficient, scalars, chain)

    def _ends(self, chain: tuple[Expr, ...]) -> Shape:
        return (self.shape(chain[0])[0], self.shape(chain[-1])[1]) if chain else SCALAR

    def turned(self, terms: Terms) -> Terms:
        """The transposed terms: factors in the opposite order, each transposed."""
        return tuple(
            Term(t.coefficient, t.scalars, tuple(self.turn(f) for f in reversed(t.chain)))
            for t in terms
        )

    def turn(self, factor: Expr) -> Expr:
        """A factor transposed; diag(a), the identity and diag(p) - p pᵀ are their own transposes."""
        if isinstance(factor, Transpose):
            return factor.of
        if is_scalar(self.shape(factor)) or self._is_symmetric(factor):
            return factor
        return Transpose(factor)

    def _is_symmetric(self, factor: Expr) -> bool:
        match factor:
            case Call(function):
                return function == DIAGONAL
            case Variable(name):
                return name.startswith("I_{")
            case Sum(terms):
                return all(
                    self.written(self.turned(self.factor(t))) == self.written(self.factor(t))
                    for t in terms
                )
            case _:
                return False

    def written(self, terms: Iterable[Term], unit: Expr = ONE) -> Expr:
        """The sum of the terms, equal ones taken together; `unit` is the product of nothing."""
        found: dict[tuple[tuple[Expr, ...], tuple[Expr, ...]], Fraction] = {}
        for t in terms:
            key = t.scalars, t.chain
            found[key] = found.get(key, Fraction(0)) + t.coefficient
        lone = () if unit == ONE else (unit,)
        return add(
            multiply((Number(c), *scalars, *(chain or lone)))
            for (scalars, chain), c in found.items()
            if c
        )

    def _without(self, term: Term, move: Variable) -> Term:
        """M where the term is M · move: the move, which is a column, brought to the end."""
        if is_scalar(self.shape(move)):
            scalars = list(term.scalars)
            if move in scalars:
                scalars.remove(move)
                return Term(term.coefficient, tuple(scalars), term.chain)
        for i, scalar in enumerate(term.scalars):
            row = self._row(scalar, move)
            if row is not None:
                others = (*term.scalars[:i], *term.scalars[i + 1 :])
                return Term(term.coefficient, others, (*term.chain, *row))
        found = self._moved(term.chain, move)
        if found is None:
            raise DeriveError(f"the derivative by {latex(move)} is no product of matrices")
        scalars_of, chain = found
        return Term(term.coefficient, (*term.scalars, *scalars_of), chain)

    def _row(self, scalar: Expr, move: Variable) -> tuple[Expr, ...] | None:
        """r where the scalar is r · move or moveᵀ · rᵀ."""
        factors = scalar.factors if isinstance(scalar, Product) else (scalar,)
        if factors[-1] == move:
            return factors[:-1]
        if factors[0] == Transpose(move):
            return tuple(self.turn(f) for f in reversed(factors[1:]))
        return None

    def _moved(
        self, chain: tuple[Expr, ...], move: Variable
    ) -> tuple[tuple[Expr, ...], tuple[Expr, ...]] | None:
        """The scalars and the matrix of a chain that ends in the move, or has it inside."""
        if chain and chain[-1] == move:
            return (), chain[:-1]
        if Transpose(move) in chain:
            at = chain.index(Transpose(move))
            right = tuple(self.turn(f) for f in reversed(chain[at + 1 :]))
            return (), (*chain[:at], *right)
        if move in chain:
            at = chain.index(move)
            rest = chain[at + 1 :]
            if is_scalar(self._ends(rest)):
                return (multiply(rest),), chain[:at]
        return None

    # -- formulas made ready ----------------------------------------------------------------------

    def prepared(self, expr: Expr) -> Expr:
        """diag(a) b as a ⊙ b; and a product from left to right as scalars and one chain."""
        inner = rebuild(expr, self.prepared)
        return self._grouped(inner) if isinstance(inner, Product) else inner

    def _grouped(self, product: Product) -> Expr:
        groups: list[list[Expr]] = [[]]
        for factor in product.factors:
            if is_scalar(self.shape(factor)):
                groups.insert(0, [factor])
                continue
            last = groups[-1]
            if last and is_scalar(self._ends(tuple(last))):
                groups.append([])
            groups[-1].append(factor)
        parts = [self._chain(group) for group in groups if group]
        return parts[0] if len(parts) == 1 else Product(tuple(parts))

    def _chain(self, group: list[Expr]) -> Expr:
        """A product without scalars, each diag(a) before a column made an entrywise product."""
        while len(group) > 1:
            last, before = group[-1], group[-2]
            diagonal = isinstance(before, Call) and before.function == DIAGONAL
            if not diagonal or not is_column(self.shape(last)):
                break
            assert isinstance(before, Call)
            group = [*group[:-2], Hadamard((before.arguments[0], last))]
        return group[0] if len(group) == 1 else Product(tuple(group))

    def entrywise(self, expr: Expr) -> Expr:
        """A formula of scalars read entry by entry: h (1 - h) becomes h ⊙ (1 - h)."""
        inner = rebuild(expr, self.entrywise)
        if not isinstance(inner, Product):
            return inner
        arrays = [f for f in inner.factors if not is_scalar(self.shape(f))]
        if len(arrays) < 2:
            return inner
        scalars = [f for f in inner.factors if is_scalar(self.shape(f))]
        return multiply((*scalars, Hadamard(tuple(arrays))))

    def scaled(self, slope: Expr, terms: Terms) -> Terms:
        """slope ⊙ terms, forward: diag(slope) before columns; a number or scalar as it is."""
        if is_scalar(self.shape(slope)):
            return self.times(self.factor(slope), terms)
        if is_column(self.shape(slope)):
            return self.times(self.factor(self._diagonal(slope)), terms)
        inner = self.written(terms)
        return self.factor(Hadamard((slope, inner))) if inner != ZERO else ()

    def scaled_row(self, slope: Expr, terms: Terms) -> Terms:
        """terms ⊙ slopeᵀ, transposed: diag(slope) after rows."""
        if is_scalar(self.shape(slope)):
            return self.times(self.factor(slope), terms)
        if is_column(self.shape(slope)):
            return self.times(terms, self.factor(self._diagonal(slope)))
        return self.factor(Hadamard((self.written(terms), self.turn(slope))))

    def _diagonal(self, column: Expr) -> Expr:
        return Call(DIAGONAL, (column,))

    def slope(self, call: Expr, name: Variable | None) -> Expr:
        """The entrywise derivative of an elementary function or a power, at its argument."""
        match call:
            case Call(function, (argument,)):
                inner = self._with(_ARGUMENT.name, self.shape(argument))
                inner = inner._with(_RESULT.name, self.shape(argument))
                found = inner.entrywise(SLOPE[function](_ARGUMENT, _RESULT))
                return replace(
                    found, {_ARGUMENT: argument, _RESULT: call if name is None else name}
                )
            case Power(base, exponent):
                lower = _one_less(exponent)
                rest = base if lower == ONE else ONE if lower == ZERO else Power(base, lower)
                return multiply((exponent, rest))
            case Quotient(above, below):
                return multiply((Number(Fraction(-1)), Quotient(above, Power(below, _TWO))))
            case _:
                raise DeriveError(f"no rule differentiates {latex(call)}")

    # -- the two actions --------------------------------------------------------------------------

    def _action(self, expr: Expr, by: Variable, move: Terms, name: Variable | None) -> Terms:
        """d expr, with d by = move: the forward actions from the inside out."""
        if expr == by:
            return move
        if isinstance(expr, BigSum):
            return self._summed(expr, self._action(expr.body, by, move, None))
        found: list[Term] = []
        for i, operand in operands(expr):
            if by in walk(operand):
                change = self._action(operand, by, move, None)
                found += primitive(expr).forward(self, expr, i, change, name)
        return tuple(found)

    def _pulled(self, expr: Expr, by: Variable, weight: Terms, name: Variable | None) -> Terms:
        """ω of `by` from ω of expr: the transposed actions from the outside in."""
        if expr == by:
            return weight
        if isinstance(expr, BigSum):
            return self._summed(expr, self._pulled(expr.body, by, weight, None))
        found: list[Term] = []
        for i, operand in operands(expr):
            if by in walk(operand):
                inner = primitive(expr).transposed(self, expr, i, weight, name)
                found += self._pulled(operand, by, inner, None)
        return tuple(found)

    def _summed(self, big: BigSum, terms: Terms) -> Terms:
        return self.factor(BigSum(big.index, big.lower, big.upper, self.written(terms)))


_TWO = Number(Fraction(2))


def _one_less(exponent: Expr) -> Expr:
    if isinstance(exponent, Number):
        return Number(exponent.value - 1)
    return Sum((exponent, Number(Fraction(-1))))


def operands(expr: Expr) -> Iterator[tuple[int, Expr]]:
    """The operands of a primitive, with their positions."""
    match expr:
        case Power(Call(function, (inside,)), exponent) if function == NORM and exponent == _TWO:
            yield 0, inside
        case Sum(parts) | Product(parts) | Hadamard(parts):
            yield from enumerate(parts)
        case Call(_, parts):
            yield from enumerate(parts)
        case Transpose(of):
            yield 0, of
        case Quotient(a, b) | Power(a, b):
            yield from enumerate((a, b))
        case _:
            raise DeriveError(f"no rule differentiates {latex(expr)}")


# -- the table --------------------------------------------------------------------------------------

Action = Callable[[Calculus, Expr, int, Terms, Variable | None], Terms]


@dataclass(frozen=True, slots=True)
class Primitive:
    """An operation with its forward action and its transposed action on each operand."""

    forward: Action
    transposed: Action


def primitive(expr: Expr) -> Primitive:
    """The row of the table that an operation has; DeriveError where there is none."""
    kind = type(expr).__name__
    if isinstance(expr, Call):
        kind = "entrywise" if expr.function in SLOPE and not expr.slots else expr.function
    if isinstance(expr, Power) and isinstance(expr.base, Call) and expr.base.function == NORM:
        kind = "squared norm" if expr.exponent == _TWO else kind
    if kind not in PRIMITIVES:
        raise DeriveError(f"no rule differentiates {latex(expr)}")
    return PRIMITIVES[kind]


def _same(c: Calculus, expr: Expr, i: int, terms: Terms, name: Variable | None) -> Terms:
    return terms


def _product_forward(
    c: Calculus, expr: Expr, i: int, change: Terms, name: Variable | None
) -> Terms:
    """A dX B."""
    assert isinstance(expr, Product)
    result = UNIT
    for j, factor in enumerate(expr.factors):
        result = c.times(result, change if i == j else c.factor(factor))
    return result


def _product_transposed(
    c: Calculus, expr: Expr, i: int, weight: Terms, name: Variable | None
) -> Terms:
    """tr(ω A dX B) = tr(B ω A dX); for a scalar factor tr(ω rest)."""
    assert isinstance(expr, Product)
    left, right = expr.factors[:i], expr.factors[i + 1 :]
    if any(is_scalar(c.shape(f)) for f in expr.factors):
        rest = UNIT
        for factor in (*left, *right):
            rest = c.times(rest, c.factor(factor))
        if is_scalar(c.shape(expr.factors[i])):
            return _traced(c, c.times(weight, rest))
        return c.times(rest, weight)
    result = c.factor(multiply(right)) if right else UNIT
    result = c.times(result, weight)
    return c.times(result, c.factor(multiply(left))) if left else result


def _traced(c: Calculus, terms: Terms) -> Terms:
    """tr of each term: a column in front goes to the end, else the trace is written."""
    found: list[Term] = []
    for term in terms:
        if not term.chain:
            found.append(term)
        elif is_column(c.shape(term.chain[0])):
            around = multiply((*term.chain[1:], term.chain[0]))
            found.append(Term(term.coefficient, (*term.scalars, around)))
        else:
            trace = Call(TRACE, (multiply(term.chain),))
            found.append(Term(term.coefficient, (*term.scalars, trace)))
    return tuple(found)


def _others(c: Calculus, expr: Expr, i: int) -> Expr:
    assert isinstance(expr, Hadamard)
    rest = (*expr.factors[:i], *expr.factors[i + 1 :])
    return rest[0] if len(rest) == 1 else Hadamard(rest)


def _hadamard_forward(
    c: Calculus, expr: Expr, i: int, change: Terms, name: Variable | None
) -> Terms:
    """diag(b) dX for a column."""
    return c.scaled(_others(c, expr, i), change)


def _hadamard_transposed(
    c: Calculus, expr: Expr, i: int, weight: Terms, name: Variable | None
) -> Terms:
    """ω diag(b) for a column."""
    return c.scaled_row(_others(c, expr, i), weight)


def _turned(c: Calculus, expr: Expr, i: int, terms: Terms, name: Variable | None) -> Terms:
    return c.turned(terms)


def _power_forward(c: Calculus, expr: Expr, i: int, change: Terms, name: Variable | None) -> Terms:
    return c.scaled(_power_slope(c, expr, i), change)


def _power_transposed(
    c: Calculus, expr: Expr, i: int, weight: Terms, name: Variable | None
) -> Terms:
    return c.scaled_row(_power_slope(c, expr, i), weight)


def _power_slope(c: Calculus, expr: Expr, i: int) -> Expr:
    if i == 1:
        raise DeriveError(f"the exponent of {latex(expr)} is not differentiated beside vectors")
    return c.slope(expr, None)


def _call_forward(c: Calculus, expr: Expr, i: int, change: Terms, name: Variable | None) -> Terms:
    """diag(φ'(a)) da."""
    return c.scaled(c.slope(expr, name), change)


def _call_transposed(
    c: Calculus, expr: Expr, i: int, weight: Terms, name: Variable | None
) -> Terms:
    """ω diag(φ'(a))."""
    return c.scaled_row(c.slope(expr, name), weight)


def _softmax_jacobian(c: Calculus, expr: Expr, name: Variable | None) -> Terms:
    """diag(p) - p pᵀ."""
    p = expr if name is None else name
    outer = multiply((Number(Fraction(-1)), p, Transpose(p)))
    return c.factor(Sum((Call(DIAGONAL, (p,)), outer)))


def _softmax_forward(
    c: Calculus, expr: Expr, i: int, change: Terms, name: Variable | None
) -> Terms:
    return c.times(_softmax_jacobian(c, expr, name), change)


def _softmax_transposed(
    c: Calculus, expr: Expr, i: int, weight: Terms, name: Variable | None
) -> Terms:
    return c.times(weight, _softmax_jacobian(c, expr, name))


def _inside_norm(expr: Expr) -> Expr:
    call = expr.base if isinstance(expr, Power) else expr
    assert isinstance(call, Call)
    return call.arguments[0]


def _norm_row(c: Calculus, expr: Expr) -> Terms:
    """2 xᵀ for ‖x‖², xᵀ/‖x‖ for ‖x‖."""
    x = _inside_norm(expr)
    row = c.turned(c.factor(x))
    weight = _TWO if isinstance(expr, Power) else Quotient(ONE, expr)
    return c.times(c.factor(weight), row)


def _norm_forward(c: Calculus, expr: Expr, i: int, change: Terms, name: Variable | None) -> Terms:
    return _traced(c, c.times(_norm_row(c, expr), change))


def _norm_transposed(
    c: Calculus, expr: Expr, i: int, weight: Terms, name: Variable | None
) -> Terms:
    return c.times(weight, _norm_row(c, expr))


def _trace_forward(c: Calculus, expr: Expr, i: int, change: Terms, name: Variable | None) -> Terms:
    return _traced(c, change)


def _blocks(c: Calculus, expr: Expr, i: int) -> Expr:
    """The matrix that puts part i of a concatenation in its place: [0; I; 0]."""
    assert isinstance(expr, Call)
    sizes = [c.shape(part)[0] for part in expr.arguments]
    parts: list[Expr] = [zeros(size, sizes[i]) for size in sizes]
    parts[i] = identity(sizes[i])
    return Call(CONCATENATION, tuple(parts))


def _joined_forward(c: Calculus, expr: Expr, i: int, change: Terms, name: Variable | None) -> Terms:
    return c.times(((Term(Fraction(1), (), (_blocks(c, expr, i),))),), change)


def _joined_transposed(
    c: Calculus, expr: Expr, i: int, weight: Terms, name: Variable | None
) -> Terms:
    return c.times(weight, (Term(Fraction(1), (), (_blocks(c, expr, i),)),))


def _quotient_forward(
    c: Calculus, expr: Expr, i: int, change: Terms, name: Variable | None
) -> Terms:
    return _quotient_part(c, expr, i, change, c.scaled, c.times)


def _quotient_part(
    c: Calculus,
    expr: Expr,
    i: int,
    terms: Terms,
    scaled: Callable[[Expr, Terms], Terms],
    times: Callable[[Terms, Terms], Terms],
) -> Terms:
    assert isinstance(expr, Quotient)
    above, below = expr.numerator, expr.denominator
    if i == 0:
        return times(c.factor(Quotient(ONE, below)), terms)
    if is_literal(above):
        return scaled(c.slope(expr, None), terms)
    weight = Quotient(Number(Fraction(-1)), Power(below, _TWO))
    return times(c.factor(weight), times(c.factor(above), terms))


def _quotient_transposed(
    c: Calculus, expr: Expr, i: int, weight: Terms, name: Variable | None
) -> Terms:
    assert isinstance(expr, Quotient)
    if i == 0 or is_literal(expr.numerator):
        return _quotient_part(c, expr, i, weight, c.scaled_row, c.times)
    traced = _traced(c, c.times(weight, c.factor(expr.numerator)))
    square = Quotient(Number(Fraction(-1)), Power(expr.denominator, _TWO))
    return c.times(c.factor(square), traced)


PRIMITIVES: Mapping[str, Primitive] = {
    "Sum": Primitive(_same, _same),
    "Product": Primitive(_product_forward, _product_transposed),
    "Hadamard": Primitive(_hadamard_forward, _hadamard_transposed),
    "Transpose": Primitive(_turned, _turned),
    "Power": Primitive(_power_forward, _power_transposed),
    "Quotient": Primitive(_quotient_forward, _quotient_transposed),
    "entrywise": Primitive(_call_forward, _call_transposed),
    SOFTMAX: Primitive(_softmax_forward, _softmax_transposed),
    NORM: Primitive(_norm_forward, _norm_transposed),
    "squared norm": Primitive(_norm_forward, _norm_transposed),
    TRACE: Primitive(_trace_forward, _same),
    CONCATENATION: Primitive(_joined_forward, _joined_transposed),
}
