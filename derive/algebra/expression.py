"""The typed nodes of the mathematics: plain frozen data, nothing evaluates itself.

Products keep the order of their factors, because Jacobians do not commute. A derivative says which
derivative it is: `Total`, `Immediate`, `Via`, `Held`, `Truncated` (DESIGN, section 2).

Nodes are interned: whoever makes an equal node gets the one that is there, with its hash and the letters
found in it, so a comparison is one of addresses and nothing is hashed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count as counting
from operator import is_
from typing import Any

MOST_INTERNED = 300_000


class _Interned(type):
    """Makes each node once. The table is emptied when it is full: equality does not rest on it."""

    _table: dict[tuple[Any, ...], Any] = {}  # noqa: RUF012
    __match_args__: tuple[str, ...]

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        key = (cls, arguments)
        table = _Interned._table
        if not named:
            found = table.get(key)
            if found is not None:
                return found
        made = super().__call__(*arguments, **named)
        parts = tuple([getattr(made, name) for name in cls.__match_args__])
        as_given = len(parts) == len(arguments) and all(map(is_, parts, arguments))
        whole = key if as_given else (cls, parts)
        found = None if as_given and not named else table.get(whole)
        if found is None:
            found = made
            object.__setattr__(made, "_key", whole)
            object.__setattr__(made, "_hash", hash(whole))
            object.__setattr__(made, "_letters", None)
            if len(table) >= MOST_INTERNED:
                table.clear()
            table[whole] = made
        if not named and not as_given:
            table[key] = found
        return found


def passing(nodes: Iterable[Expr], at_once: int = 500) -> Iterator[Expr]:
    """`nodes` one by one, as they are made; what was made for them is not kept in the table."""
    table = _Interned._table
    kept = len(table)
    for count, node in enumerate(nodes, 1):
        yield node
        if count % at_once == 0:
            while len(table) > kept:
                table.popitem()
            kept = len(table)


class Node(metaclass=_Interned):
    """What formulas are made of: frozen, made once, its hash known."""

    __slots__ = ("_hash", "_key", "_letters", "_shown")
    __match_args__: tuple[str, ...] = ()
    _key: tuple[Any, ...]
    _hash: int
    _letters: frozenset[str] | None
    _shown: str

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Node)
        return self._hash == other._hash and self._key == other._key

    def __reduce__(self) -> tuple[Any, ...]:
        return self._key


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Time(Node):
    """An index: an integer combination of index letters plus a whole number, as in t - k + 1.

    `letters` is sorted by letter and holds no zero coefficient, so equal indices are equal objects.
    """

    letters: tuple[tuple[str, int], ...] = ()
    shift: int = 0

    def __repr__(self) -> str:
        """Kept: normal forms are sorted by it."""
        try:
            return self._shown
        except AttributeError:
            object.__setattr__(
                self, "_shown", f"Time(letters={self.letters!r}, shift={self.shift})"
            )
            return self._shown

    @staticmethod
    def at(shift: int) -> Time:
        return Time((), shift)

    @staticmethod
    def of(letter: str, shift: int = 0) -> Time:
        return Time(((letter, 1),), shift)

    @property
    def is_number(self) -> bool:
        return not self.letters

    def is_from(self, letter: str) -> bool:
        """Whether this is `letter` plus a number."""
        return self.letters == ((letter, 1),)

    def __add__(self, other: Time | int) -> Time:
        if isinstance(other, int):
            return Time(self.letters, self.shift + other)
        total = dict(self.letters)
        for letter, count in other.letters:
            total[letter] = total.get(letter, 0) + count
        kept = tuple(sorted((a, n) for a, n in total.items() if n))
        return Time(kept, self.shift + other.shift)

    def __neg__(self) -> Time:
        return Time(tuple((a, -n) for a, n in self.letters), -self.shift)

    def __sub__(self, other: Time | int) -> Time:
        return self + (-other)

    def replace(self, letters: Mapping[str, Time]) -> Time:
        """Every index letter named in `letters` replaced by that index."""
        for a, _ in self.letters:
            if a in letters:
                break
        else:
            return self
        if len(self.letters) == 1 and self.letters[0][1] == 1:
            one = letters[self.letters[0][0]]
            return Time(one.letters, one.shift + self.shift) if self.shift else one
        result = Time((), self.shift)
        for letter, count in self.letters:
            one = letters.get(letter, Time.of(letter))
            scaled = Time(tuple((a, n * count) for a, n in one.letters), one.shift * count)
            result = result + scaled
        return result


class Expr(Node):
    """Any formula that has a value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Number(Expr):
    """An exact rational number."""

    value: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Variable(Expr):
    """A symbol, as LaTeX writes it without its index (`h`, `\\theta`, `W_{h}`), and its time.

    `time` is None for what all steps share. `copy` is the step whose use of a shared parameter is
    meant: the θ^{(t)} of the many-paths rule.
    """

    name: str
    time: Time | None = None
    copy: Time | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Index(Expr):
    """An index letter used as a number, as the T of \\frac{1}{T} or the t of \\gamma^t."""

    time: Time


@dataclass(frozen=True, slots=True, eq=False)
class Call(Expr):
    """A function applied to arguments: `\\tanh`, `\\sigma`, or an abstract `f`.

    `slots` (1-based) are the arguments the function is differentiated by: φ'(a) has slots (1,).
    """

    function: str
    arguments: tuple[Expr, ...]
    slots: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Tuple(Expr):
    """Several quantities taken as one, as in z = (h_t, θ)."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sum(Expr):
    """Two or more terms, in the order in which they stand."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Product(Expr):
    """Two or more factors, in the order in which they stand; they do not commute."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Quotient(Expr):
    """A fraction as it was written, `\\frac{a}{b}` or a / b."""

    numerator: Expr
    denominator: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Power(Expr):
    """`base` to the power `exponent`."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True, eq=False)
class BigSum(Expr):
    """Σ of `body` for `index` = `lower` … `upper`; 0 where the range is empty."""

    index: str
    lower: Time
    upper: Time
    body: Expr


@dataclass(frozen=True, slots=True, eq=False)
class BigProduct(Expr):
    """Π of `body` for `index` = `lower` … `upper`, latest index leftmost; 1 where it is empty."""

    index: str
    lower: Time
    upper: Time
    body: Expr


class Derivative(Expr):
    """∂`of`/∂`by`, numerator layout: |of| rows, |by| columns."""

    __slots__ = ()
    of: Variable
    by: Variable


@dataclass(frozen=True, slots=True, eq=False)
class Total(Derivative):
    """All paths from `by` to `of`: `\\frac{\\partial A}{\\partial B}`."""

    of: Variable
    by: Variable


@dataclass(frozen=True, slots=True, eq=False)
class Immediate(Derivative):
    """`of`'s own, direct use of `by` alone: `\\frac{\\partial^+ A}{\\partial B}`."""

    of: Variable
    by: Variable


@dataclass(frozen=True, slots=True, eq=False)
class Via(Derivative):
    """The paths whose first step from `by` goes into `through`: `(\\frac{∂A}{∂B})_{V}`."""

    of: Variable
    by: Variable
    through: Variable


@dataclass(frozen=True, slots=True, eq=False)
class Held(Derivative):
    """The derivative while `held` is kept constant: the paths that avoid `held`."""

    of: Variable
    by: Variable
    held: Variable


@dataclass(frozen=True, slots=True, eq=False)
class Truncated(Derivative):
    """The paths that cross at most `steps` time steps: `\\frac{\\partial^{\\le k} A}{\\partial B}`."""

    of: Variable
    by: Variable
    steps: int


@dataclass(frozen=True, slots=True, eq=False)
class Gradient(Expr):
    """`\\nabla_{B} A`: ∂A/∂B written as a gradient; for a scalar A the same row of numbers."""

    of: Variable
    by: Variable


@dataclass(frozen=True, slots=True, eq=False)
class Written(Expr):
    """A derivative as somebody wrote it; which derivative it is, a reading decides later.

    `mark` is "∂", "d", "∂+", "∇" or "'"; `by` is None after a prime. `at` is what stands below the
    brackets around it, as in (∂A/∂B)_V; `held` says that the text adds "held" there.
    """

    of: Expr
    by: Expr | None
    mark: str
    at: Expr | None = None
    held: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Transpose(Expr):
    """`A^\\top`: rows and columns exchanged; a scalar is its own transpose."""

    of: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Hadamard(Expr):
    """`a \\odot b`: two or more factors of one shape, multiplied entry by entry."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Entry(Expr):
    """`W_{ij}`: the entry of a vector or matrix that index letters name.

    Of a derivative by all its parts, as in `\\frac{\\partial h_i}{\\partial W_{jk}}`: those above first.
    """

    of: Expr
    indices: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class IndexSum(Expr):
    """Σ over all values of an entry's index; `size` is the upper bound where it was written."""

    index: str
    size: Time | None
    body: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Partial(Expr):
    """`\\frac{\\partial f(a, b)}{\\partial a}`: slot `slot` (1-based) alone, the others held."""

    call: Call
    slot: int


@dataclass(frozen=True, slots=True, eq=False)
class Equation(Node):
    """`left` = `right`: a statement, not a value."""

    left: Expr
    right: Expr


ZERO = Number(Fraction(0))
ONE = Number(Fraction(1))
MINUS_ONE = Number(Fraction(-1))


def number(value: int | Fraction) -> Number:
    return Number(Fraction(value))


def add(terms: Iterable[Expr]) -> Expr:
    """The sum of `terms`, sums inside it opened and zeros dropped; no term is moved or merged."""
    flat: list[Expr] = []
    for term in terms:
        if type(term) is Sum:
            flat += term.terms
        else:
            flat.append(term)
    kept = tuple([term for term in flat if type(term) is not Number or term.value])
    if not kept:
        return ZERO
    return kept[0] if len(kept) == 1 else Sum(kept)


def multiply(factors: Iterable[Expr]) -> Expr:
    """The product, products inside it opened, ones dropped, 0 if a factor is 0; order is kept."""
    flat: list[Expr] = []
    for factor in factors:
        if type(factor) is Product:
            flat += factor.factors
        else:
            flat.append(factor)
    kept: list[Expr] = []
    for factor in flat:
        if type(factor) is Number:
            if not factor.value:
                return ZERO
            if factor is ONE or factor.value == 1:
                continue
        kept.append(factor)
    if not kept:
        return ONE
    return kept[0] if len(kept) == 1 else Product(tuple(kept))


def terms_of(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum; a single term is its own sum, 0 has none."""
    if type(expr) is Sum:
        return expr.terms
    return () if expr == ZERO else (expr,)


def factors_of(expr: Expr) -> tuple[Expr, ...]:
    """The factors of a product; anything else is its own single factor."""
    return expr.factors if isinstance(expr, Product) else (expr,)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct parts of `expr` that are values (the ends of a derivative are not parts)."""
    parts = _PARTS.get(type(expr))
    return () if parts is None else parts(expr)


_PARTS: Mapping[type, Callable[[Any], tuple[Expr, ...]]] = {
    Sum: lambda expr: expr.terms,
    Product: lambda expr: expr.factors,
    Tuple: lambda expr: expr.items,
    Hadamard: lambda expr: expr.factors,
    Call: lambda expr: expr.arguments,
    Quotient: lambda expr: (expr.numerator, expr.denominator),
    Power: lambda expr: (expr.base, expr.exponent),
    BigSum: lambda expr: (expr.body,),
    BigProduct: lambda expr: (expr.body,),
    IndexSum: lambda expr: (expr.body,),
    Transpose: lambda expr: (expr.of,),
    Entry: lambda expr: (expr.of,),
}


def is_constant(expr: Expr) -> bool:
    """Whether `expr` is made of numbers and indices alone, as 1/T is."""
    return isinstance(expr, Number | Index) or (
        isinstance(expr, Sum | Product | Quotient | Power) and all(map(is_constant, children(expr)))
    )


def walk(expr: Expr) -> Iterator[Expr]:
    """`expr` and everything inside it, outermost first."""
    stack = [expr]
    while stack:
        here = stack.pop()
        yield here
        parts = _PARTS.get(type(here))
        if parts is not None:
            stack.extend(reversed(parts(here)))


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """`expr` with `change` applied to each of its direct parts; nothing is tidied."""
    if type(expr) not in _PARTS:
        return expr
    match expr:
        case Sum(terms):
            return Sum(tuple(map(change, terms)))
        case Product(factors):
            return Product(tuple(map(change, factors)))
        case Tuple(items):
            return Tuple(tuple(map(change, items)))
        case Call(function, arguments, slots):
            return Call(function, tuple(map(change, arguments)), slots)
        case Quotient(a, b):
            return Quotient(change(a), change(b))
        case Power(a, b):
            return Power(change(a), change(b))
        case BigSum(index, lower, upper, body):
            return BigSum(index, lower, upper, change(body))
        case BigProduct(index, lower, upper, body):
            return BigProduct(index, lower, upper, change(body))
        case Transpose(of):
            return Transpose(change(of))
        case Hadamard(factors):
            return Hadamard(tuple(map(change, factors)))
        case Entry(of, indices):
            return Entry(change(of), indices)
        case IndexSum(index, size, body):
            return IndexSum(index, size, change(body))
        case _:
            return expr


def tidy_rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """As `rebuild`, with sums and products opened and their zeros and ones dropped."""
    if type(expr) is Sum:
        return add(map(change, expr.terms))
    if type(expr) is Product:
        return multiply(map(change, expr.factors))
    return rebuild(expr, change)


def replace(expr: Expr, table: Mapping[Expr, Expr]) -> Expr:
    """All occurrences of the keys of `table` replaced at once, outermost first."""

    def put(part: Expr) -> Expr:
        found = table.get(part)
        if found is not None:
            return found
        return part if type(part) not in _PARTS else tidy_rebuild(part, put)

    return put(expr)


def move_variable(variable: Variable, letters: Mapping[str, Time]) -> Variable:
    """`variable` with its index letters replaced."""
    time = variable.time and variable.time.replace(letters)
    copy = variable.copy and variable.copy.replace(letters)
    return Variable(variable.name, time, copy)


def move(expr: Expr, letters: Mapping[str, Time]) -> Expr:
    """`expr` with its index letters replaced, as in t := t - 1; bound letters are left alone."""
    if letters.keys().isdisjoint(free_letters(expr)):
        return expr
    match expr:
        case Variable():
            return move_variable(expr, letters)
        case Index(time):
            moved_time = time.replace(letters)
            return number(moved_time.shift) if moved_time.is_number else Index(moved_time)
        case Total(a, b):
            return Total(move_variable(a, letters), move_variable(b, letters))
        case Immediate(a, b):
            return Immediate(move_variable(a, letters), move_variable(b, letters))
        case Gradient(a, b):
            return Gradient(move_variable(a, letters), move_variable(b, letters))
        case Via(a, b, v):
            return Via(*(move_variable(x, letters) for x in (a, b, v)))
        case Held(a, b, v):
            return Held(*(move_variable(x, letters) for x in (a, b, v)))
        case Truncated(a, b, k):
            return Truncated(move_variable(a, letters), move_variable(b, letters), k)
        case Partial(call, slot):
            moved = move(call, letters)
            assert isinstance(moved, Call)
            return Partial(moved, slot)
        case Written(of, by, mark, at, held):
            parts = [part and move(part, letters) for part in (by, at)]
            return Written(move(of, letters), parts[0], mark, parts[1], held)
        case BigSum(index, lower, upper, body) | BigProduct(index, lower, upper, body):
            lower, upper = lower.replace(letters), upper.replace(letters)
            inner = {a: b for a, b in letters.items() if a != index}
            if index in _letters(*inner.values()):
                index, body = _renamed(index, body, inner)
            return type(expr)(index, lower, upper, move(body, inner))
        case _:
            return rebuild(expr, lambda part: move(part, letters))


def _renamed(index: str, body: Expr, letters: Mapping[str, Time]) -> tuple[str, Expr]:
    """A Σ's index and body with another index, which no replacement in `letters` can capture."""
    if not letters.keys() & free_letters(body):
        return index, body
    taken = free_letters(body) | letters.keys() | _letters(*letters.values())
    fresh = next(a for a in (*"sijklmnpqr", *(f"s_{{{i}}}" for i in counting())) if a not in taken)
    return fresh, move(body, {index: Time.of(fresh)})


def free_letters(expr: Expr) -> frozenset[str]:
    """The index letters of `expr` that no Σ or Π binds, those in the ends of derivatives included."""
    known = expr._letters
    if known is None:
        found: set[str] = set()
        _collect_letters(expr, found)
        known = frozenset(found)
        object.__setattr__(expr, "_letters", known)
    return known


def _collect_letters(expr: Expr, found: set[str]) -> None:
    match expr:
        case Variable(_, time, copy):
            for index in (time, copy):
                if index is not None:
                    found.update(letter for letter, _ in index.letters)
        case Index(time):
            found.update(_letters(time))
        case Derivative() | Gradient():
            _collect_letters(expr.of, found)
            _collect_letters(expr.by, found)
            if isinstance(expr, Via):
                _collect_letters(expr.through, found)
            elif isinstance(expr, Held):
                _collect_letters(expr.held, found)
        case Partial(call, _):
            _collect_letters(call, found)
        case Written(of, by, _, at, _):
            for part in (of, by, at):
                if part is not None:
                    _collect_letters(part, found)
        case BigSum(index, lower, upper, body) | BigProduct(index, lower, upper, body):
            found |= _letters(lower, upper) | (free_letters(body) - {index})
        case _:
            for part in children(expr):
                found |= free_letters(part)


def _letters(*times: Time) -> frozenset[str]:
    return frozenset(letter for time in times for letter, _ in time.letters)
