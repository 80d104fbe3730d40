"""The core language: every quantity is a family of numbers over index domains.

A vector h_t is h[t, i], a Jacobian is J[i, j], a scalar has no component index; a product of matrices is a sum over
the index that they share, so order needs no rule of its own. Plain frozen data; nothing evaluates itself.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from operator import is_
from typing import Any, TypeVar, dataclass_transform

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
    plain_eq = made.__eq__

    def same(self: object, other: object) -> Any:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        return hash(self) == hash(other) and plain_eq(self, other)

    made.__eq__ = same  # type: ignore[method-assign]
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
    __slots__ = ("_bones", "_free", "_hash", "_plain", "_repr")


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
class Limit(_Node):
    """What `body` tends to as the number `variable`, which stands in it alone, goes to `point` (from both sides)."""  # noqa: E501

    variable: Ref
    point: Core
    body: Core


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
ONE_OF = "1_{"  # how the families begin that are 1 for one class and 0 for the others


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


_PARTS: Mapping[type, Callable[[Any], Iterable[Core]]] = {
    Fn: lambda x: x.args,
    Add: lambda x: x.terms,
    Mul: lambda x: x.factors,
    Lost: lambda x: x.parts,
    App: lambda x: [a.body for a in x.args],
    Arg: lambda x: (x.body,),
    Big: lambda x: (x.body,),
    Chain: lambda x: (x.body,),
    Inverse: lambda x: (x.body,),
    Solved: lambda x: (x.body,),
    Pow: lambda x: (x.base, x.exponent),
    Case: lambda x: (x.left, x.right, x.then, x.other),
    Stack: lambda x: [body for _, _, body in x.parts],
    D: lambda x: (x.of, x.by),
    Limit: lambda x: (x.point, x.body),
    Where: lambda x: (x.body, *(value for _, value in x.values)),
}


def children(x: Core) -> Iterable[Core]:
    """The formulas that a formula is made of, in their order."""
    parts = _PARTS.get(type(x))
    return () if parts is None else parts(x)


def walk(x: Core) -> Iterator[Core]:
    stack = [x]
    while stack:
        here = stack.pop()
        yield here
        parts = _PARTS.get(type(here))
        if parts is not None:
            stack.extend(parts(here))


def plain_size(x: Core) -> int:
    """How many parts a formula is made of, itself included; 0 where one of them is a derivative. Kept."""
    try:
        return x._plain  # type: ignore[attr-defined,no-any-return]
    except AttributeError:
        found = 0 if isinstance(x, D) else 1
        if found:
            sizes = list(map(plain_size, children(x)))
            found = found + sum(sizes) if all(sizes) else 0
        object.__setattr__(x, "_plain", found)
        return found


def rebuild(x: Core, change: Callable[[Core], Core]) -> Core:
    """`x` with `change` applied to its direct parts; `x` itself where that changes none of them."""
    parts = _PARTS.get(type(x))
    if parts is None:
        return x
    before = tuple(parts(x))
    after = tuple(map(change, before))
    return x if all(map(is_, before, after)) else _with_parts(x, after)


def _with_parts(x: Core, parts: tuple[Core, ...]) -> Core:
    """`x` made of other parts, which stand in the order of `children`."""
    match x:
        case Add():
            return add(parts)
        case Mul():
            return mul(parts)
        case Fn(name):
            return Fn(name, parts)
        case Pow():
            return Pow(*parts)
        case App(name, args, index, slots):
            made = zip(args, parts, strict=True)
            return App(name, tuple(Arg(a.letters, a.dims, p) for a, p in made), index, slots)
        case Arg(letters, dims):
            return Arg(letters, dims, parts[0])
        case Big(kind, letter, dim, lower, upper, _, without):
            return Big(kind, letter, dim, lower, upper, parts[0], without)
        case Chain(letter, lower, upper, row, col, dim, _, at, down):
            return Chain(letter, lower, upper, row, col, dim, parts[0], at, down)
        case Inverse(row, col, dim, _, at):
            return Inverse(row, col, dim, parts[0], at)
        case Case(relation=relation):
            left, right, then, other = parts
            return Case(left, relation, right, then, other)
        case Stack(index, own):
            return Stack(index, tuple((i, d, p) for (i, d, _), p in zip(own, parts, strict=True)))
        case D(_, by, mode, names):
            of, ref = parts
            return D(of, ref if isinstance(ref, Ref) else by, mode, names)
        case Lost(name):
            return Lost(name, parts)
        case Solved(name_, _, free):
            return Solved(name_, parts[0], free)
        case Limit(variable):
            return Limit(variable, *parts)
        case Where(_, values):
            return Where(
                parts[0], tuple((r, p) for (r, _), p in zip(values, parts[1:], strict=True))
            )
        case _:
            raise TypeError(f"{type(x).__name__} has no parts")


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


def bones(x: Core) -> tuple[str, tuple[Time, ...]]:
    """A formula's shape, without its indices, and the indices in the order in which they stand; kept.

    Of two formulas in normal form that differ in the names of their free letters alone the shape is one, so that
    what a renaming makes of a formula can be compared without making it.
    """  # noqa: E501
    try:
        return x._bones  # type: ignore[attr-defined,no-any-return]
    except AttributeError:
        shape = [type(x).__name__]
        indices: list[Time] = []
        for name in x.__match_args__:  # type: ignore[attr-defined]
            _lay_bare(getattr(x, name), shape, indices)
        shape.append(";")
        found = "".join(shape), tuple(indices)
        object.__setattr__(x, "_bones", found)
        return found


def _lay_bare(x: object, shape: list[str], indices: list[Time]) -> None:
    if isinstance(x, Core):
        own, inner = bones(x)
        shape.append(own)
        indices += inner
    elif isinstance(x, Time):
        shape.append("#")
        indices.append(x)
    elif isinstance(x, tuple):
        shape.append("(")
        for part in x:
            _lay_bare(part, shape, indices)
        shape.append(")")
    else:
        shape.append(f"{x!r},")


def refs(x: Core) -> set[str]:
    """The names of the families in a formula, those inside derivatives too."""
    return {part.name for part in walk(x) if isinstance(part, Ref)}
