"""The core language: every quantity is a family of numbers over index domains.

A vector h_t is h[t, i], a Jacobian is J[i, j], a scalar has no component index; a product of matrices is a sum over
the index that they share, so order needs no rule of its own. Plain frozen data; nothing evaluates itself.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar, dataclass_transform

from derive.algebra.expression import Time

Index = tuple[Time, ...]


N = TypeVar("N")


class Core:
    """Any formula of the core; its value is one number once its free letters have values."""

    __slots__ = ()


@dataclass_transform(frozen_default=True, eq_default=True, field_specifiers=(field,))
def _hashed(cls: type[N]) -> type[N]:
    """A frozen node that knows its hash, since nodes are nested deeply and looked up often."""
    made = dataclass(frozen=True, slots=True, eq=True)(cls)
    plain = made.__hash__

    def kept(self: object) -> int:
        try:
            return self._hash  # type: ignore[attr-defined,no-any-return]
        except AttributeError:
            found = plain(self)
            object.__setattr__(self, "_hash", found)
            return found

    made.__hash__ = kept  # type: ignore[method-assign]
    plain_repr = made.__repr__

    def shown(self: object) -> str:
        try:
            return self._repr  # type: ignore[attr-defined,no-any-return]
        except AttributeError:
            text = plain_repr(self)
            object.__setattr__(self, "_repr", text)
            return text

    made.__repr__ = shown  # type: ignore[method-assign]
    return made


class _Node(Core):
    __slots__ = ("_free", "_hash", "_repr")


@_hashed
class Num(_Node):
    """An exact rational number; `places` are the decimals it was written with, None where it is exact."""

    value: Fraction
    places: int | None = field(default=None, compare=False)


@_hashed
class Known(_Node):
    """A number with a name: e, \\pi."""

    name: str


@_hashed
class At(_Node):
    """An index used as a number: the t of γ^t, the T of 1/T."""

    index: Time


@_hashed
class Size(_Node):
    """The number of values that a component index has."""

    dim: str


@_hashed
class Ref(_Node):
    """A member of the family `name`."""

    name: str
    index: Index = ()


@_hashed
class Fn(_Node):
    """An elementary function of numbers: `\\tanh`, `\\exp`, `max`."""

    name: str
    args: tuple[Core, ...]


@_hashed
class Arg(_Node):
    """An argument of an abstract function: a number, or all the values of `body` as `letters` run."""

    letters: tuple[str, ...]
    dims: tuple[str, ...]
    body: Core


@_hashed
class App(_Node):
    """An abstract function's value (its component `index`), differentiated by the arguments in `slots`."""

    name: str
    args: tuple[Arg, ...]
    index: Index = ()
    slots: tuple[tuple[int, Index], ...] = ()


@_hashed
class Add(_Node):
    terms: tuple[Core, ...]


@_hashed
class Mul(_Node):
    factors: tuple[Core, ...]


@_hashed
class Pow(_Node):
    base: Core
    exponent: Core


@_hashed
class Big(_Node):
    """Σ or Π of `body` as `letter` runs over the component index `dim`, or from `lower` to `upper`."""

    kind: str
    letter: str
    dim: str | None
    lower: Time | None
    upper: Time | None
    body: Core
    without: tuple[Time, ...] = ()


@_hashed
class Chain(_Node):
    """An entry of Π of matrices: `body` with component letters `row`, `col`; `down` says that the latest stands leftmost."""  # noqa: E501

    letter: str
    lower: Time
    upper: Time
    row: str
    col: str
    dim: str
    body: Core
    at: tuple[Time, Time]
    down: bool = True


@_hashed
class Inverse(_Node):
    """An entry of the inverse of the matrix `body`, whose component letters are `row` and `col`."""

    row: str
    col: str
    dim: str
    body: Core
    at: tuple[Time, Time]


@_hashed
class Delta(_Node):
    """1 where the two indices are equal, else 0."""

    a: Time
    b: Time


@_hashed
class Case(_Node):
    """`then` where `left` `relation` `right` (of numbers), else `other`."""

    left: Core
    relation: str
    right: Core
    then: Core
    other: Core


@_hashed
class Stack(_Node):
    """[a; b]: component `index` of vectors below one another; `parts` are their letter, dim and body."""

    index: Time
    parts: tuple[tuple[str, str, Core], ...]


@_hashed
class D(_Node):
    """A derivative of a formula by a member of a family. `mode`: "total", "step" (through variables of the same step
    alone), "own" (the direct use alone), "held" (the names in `names` held), "via" (first steps into those)."""  # noqa: E501

    of: Core
    by: Ref
    mode: str = "total"
    names: tuple[str, ...] = ()


@_hashed
class Where(_Node):
    """`body` once everything in it is worked out, with numbers in the places of members: dz/dt at t = 0."""

    body: Core
    values: tuple[tuple[Ref, Core], ...]


@_hashed
class Solved(_Node):
    """The number `name` for which `body`, in which it stands, is 0; `free`: a constant of `body` makes any number fit."""  # noqa: E501

    name: Ref
    body: Core
    free: bool = False


@_hashed
class Lost(_Node):
    """Something that depends on `parts` in a way that was not understood."""

    name: str
    parts: tuple[Core, ...] = ()


DOWN = "↓"  # behind the name of a family that sums to one over its first index, not its last
ZERO = Num(Fraction(0))
ONE = Num(Fraction(1))
MINUS = Num(Fraction(-1))


def num(value: int | Fraction) -> Num:
    return Num(Fraction(value))


def add(terms: Iterable[Core]) -> Core:
    flat: list[Core] = []
    for term in terms:
        if isinstance(term, Add):
            flat += term.terms
        elif term != ZERO:
            flat.append(term)
    if not flat:
        return ZERO
    return flat[0] if len(flat) == 1 else Add(tuple(flat))


def mul(factors: Iterable[Core]) -> Core:
    flat: list[Core] = []
    for factor in factors:
        if isinstance(factor, Mul):
            flat += factor.factors
        elif factor == ZERO:
            return ZERO
        elif factor != ONE or (isinstance(factor, Num) and factor.places):
            flat.append(factor)
    if not flat:
        return ONE
    return flat[0] if len(flat) == 1 else Mul(tuple(flat))


def neg(x: Core) -> Core:
    return Num(-x.value, x.places) if isinstance(x, Num) else mul((MINUS, x))


def over(a: Core, b: Core) -> Core:
    return a if b == ONE else mul((a, Pow(b, MINUS)))


def summed(letter: str, dim: str, body: Core) -> Core:
    """Σ over all values of a component index; a δ in the body is contracted."""
    return body if body == ZERO else Big("sum", letter, dim, None, None, body)


# -- walking ------------------------------------------------------------------------------------------

Table = Mapping[str, Time]


def children(x: Core) -> Iterator[Core]:
    match x:
        case Fn(_, parts) | Add(parts) | Mul(parts) | Lost(_, parts):
            yield from parts
        case App(_, args, _, _):
            yield from (a.body for a in args)
        case Arg(_, _, body) | Big(body=body) | Chain(body=body) | Inverse(body=body):
            yield body
        case Pow(a, b):
            yield a
            yield b
        case Case(a, _, b, c, d):
            yield from (a, b, c, d)
        case Stack(_, parts_):
            yield from (body for _, _, body in parts_)
        case D(of, by, _, _):
            yield of
            yield by
        case Solved(_, body):
            yield body
        case Where(body, values):
            yield body
            for _, value in values:
                yield value
        case _:
            pass


def walk(x: Core) -> Iterator[Core]:
    stack = [x]
    while stack:
        here = stack.pop()
        yield here
        stack.extend(children(here))


def rebuild(x: Core, change: Callable[[Core], Core]) -> Core:
    """`x` with `change` applied to its direct parts."""
    match x:
        case Fn(name, args):
            return Fn(name, tuple(map(change, args)))
        case App(name, args, index, slots):
            return App(
                name, tuple(Arg(a.letters, a.dims, change(a.body)) for a in args), index, slots
            )
        case Add(terms):
            return add(map(change, terms))
        case Mul(factors):
            return mul(map(change, factors))
        case Pow(a, b):
            return Pow(change(a), change(b))
        case Big(kind, letter, dim, lower, upper, body, without):
            return Big(kind, letter, dim, lower, upper, change(body), without)
        case Chain(letter, lower, upper, row, col, dim, body, at, down):
            return Chain(letter, lower, upper, row, col, dim, change(body), at, down)
        case Inverse(row, col, dim, body, at):
            return Inverse(row, col, dim, change(body), at)
        case Case(a, relation, b, c, d):
            return Case(change(a), relation, change(b), change(c), change(d))
        case Stack(index, parts):
            return Stack(index, tuple((i, d, change(b)) for i, d, b in parts))
        case D(of, by, mode, names):
            ref = change(by)
            return D(change(of), ref if isinstance(ref, Ref) else by, mode, names)
        case Lost(name, parts_):
            return Lost(name, tuple(map(change, parts_)))
        case Solved(name_, body, free):
            return Solved(name_, change(body), free)
        case Where(body, values):
            return Where(change(body), tuple((r, change(v)) for r, v in values))
        case _:
            return x


_count = [0]


def fresh(stem: str = "") -> str:
    """A letter that stands nowhere yet."""
    _count[0] += 1
    return f"\\,{stem}{_count[0]}"


def move(x: Core, table: Table) -> Core:
    """`x` with its free letters replaced; bound letters are renamed where they would be captured."""
    if not table or letters_in(x).isdisjoint(table):
        return x
    match x:
        case At(index):
            moved = index.replace(table)
            return num(moved.shift) if moved.is_number else At(moved)
        case Ref(name, index_):
            return Ref(name, tuple(i.replace(table) for i in index_))
        case Delta(a, b):
            return delta(a.replace(table), b.replace(table))
        case App(name, args, index_, slots):
            moved_args = tuple(_moved_arg(a, table) for a in args)
            new_slots = tuple((k, tuple(i.replace(table) for i in ix)) for k, ix in slots)
            return App(name, moved_args, tuple(i.replace(table) for i in index_), new_slots)
        case Big(kind, letter, dim, lower, upper, body, without):
            inner, letter, body = _apart(letter, body, table)
            low, high = (b and b.replace(table) for b in (lower, upper))
            return Big(
                kind,
                letter,
                dim,
                low,
                high,
                move(body, inner),
                tuple(w.replace(table) for w in without),
            )
        case Chain(letter, lower, upper, row, col, dim, body, at, down):
            inner, letter, body = _apart(letter, body, table)
            inner = {a: b for a, b in inner.items() if a not in (row, col)}
            ends = at[0].replace(table), at[1].replace(table)
            return Chain(
                letter,
                lower.replace(table),
                upper.replace(table),
                row,
                col,
                dim,
                move(body, inner),
                ends,
                down,
            )
        case Inverse(row, col, dim, body, at):
            inner = {a: b for a, b in table.items() if a not in (row, col)}
            return Inverse(
                row, col, dim, move(body, inner), (at[0].replace(table), at[1].replace(table))
            )
        case Stack(index1, parts):
            moved_parts = tuple(
                (i, d, move(b, {k: v for k, v in table.items() if k != i})) for i, d, b in parts
            )
            return Stack(index1.replace(table), moved_parts)
        case _:
            return rebuild(x, lambda part: move(part, table))


def _moved_arg(a: Arg, table: Table) -> Arg:
    return Arg(
        a.letters, a.dims, move(a.body, {k: v for k, v in table.items() if k not in a.letters})
    )


def _apart(letter: str, body: Core, table: Table) -> tuple[Table, str, Core]:
    inner = {a: b for a, b in table.items() if a != letter}
    if any(letter == a for b in inner.values() for a, _ in b.letters):
        new = fresh()
        body, letter = move(body, {letter: Time.of(new)}), new
    return inner, letter, body


def delta(a: Time, b: Time) -> Core:
    """δ, decided where both indices say so."""
    apart = a - b
    if apart.is_number:
        return ONE if apart.shift == 0 else ZERO
    return Delta(a, b)


def letters_in(x: Core) -> frozenset[str]:
    """The free letters; a node remembers its own."""
    try:
        return x._free  # type: ignore[attr-defined,no-any-return]
    except AttributeError:
        found = frozenset(_letters_in(x))
        object.__setattr__(x, "_free", found)
        return found


def _letters_in(x: Core) -> set[str] | frozenset[str]:
    match x:
        case At(index):
            return _of(index)
        case Ref(_, ix):
            return set().union(*map(_of, ix)) if ix else set()
        case Delta(a, b):
            return _of(a) | _of(b)
        case App(_, args, ix, slots):
            found = set().union(*map(_of, ix), *(_of(i) for _, s in slots for i in s))
            for a_ in args:
                found |= letters_in(a_.body) - set(a_.letters)
            return found
        case Big(_, letter, _, lower, upper, body, without):
            found = set(letters_in(body)) - {letter}
            for bound in (lower, upper, *without):
                found |= _of(bound) if bound is not None else set()
            return found
        case Chain(letter, lower, upper, row, col, _, body, at, _):
            return (
                (letters_in(body) - {letter, row, col})
                | _of(lower)
                | _of(upper)
                | _of(at[0])
                | _of(at[1])
            )
        case Inverse(row, col, _, body, at):
            return (letters_in(body) - {row, col}) | _of(at[0]) | _of(at[1])
        case Stack(index1, parts):
            found = _of(index1)
            for i, _, b_ in parts:
                found |= letters_in(b_) - {i}
            return found
        case _:
            return set().union(*map(letters_in, children(x)))


def _of(index: Time) -> set[str]:
    return {a for a, _ in index.letters}


def refs(x: Core) -> set[str]:
    """The names of the families in a formula, those inside derivatives too."""
    return {part.name for part in walk(x) if isinstance(part, Ref)}
