"""Formulas of vectors and matrices as networks of entries, at a time that may be a letter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import reduce

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
    move_variable,
    walk,
)
from derive.model.functions import SLOPE
from derive.model.recurrence import END, HORIZON, NOW, STEP, Definition, Recurrence, variables
from derive.model.shapes import (
    DIAGONAL,
    ONES,
    SCALAR,
    SOFTMAX,
    TRACE,
    Shape,
    is_literal,
)
from derive.notation.latex import CONCATENATION, NORM, latex
from derive.verify.frames import Frame
from derive.verify.networks import (
    DELTA,
    SUMMED,
    UNIT,
    Atom,
    Factor,
    Network,
    Raw,
    added,
    atoms,
    collected,
    constant,
    fresh,
    inverse_of,
    joined,
    named,
    names_of,
    raw,
    retimed,
    scaled,
    single,
    unnamed,
)
from derive.verify.numbers import Misfit
from derive.verify.readings import IDENTITIES
from derive.verify.tape import NoForm
from derive.verify.tensors import Axis, Tensor, fit, known_sizes, same_size

MOST_POWER = 8
_ARGUMENT, _RESULT = Variable("argument"), Variable("result")

Also = Callable[[Variable], bool]


class Closings:
    """Which variable tanh(W h_{t-1} + …) is: a function's value that a definition gives a name."""

    def __init__(self, model: Recurrence) -> None:
        self.names: dict[tuple[str, int, Network], tuple[str, int | None]] = {}
        self.ones: set[str] = set()
        frame = Frame(END, 10_000, 5_000)
        entries = Entries(model, frame, self)
        for _ in range(2):  # again, since a later definition may name a part of an earlier one
            for d in (*model.steps, *model.shared):
                if isinstance(d.body, Call) and len(d.body.arguments) == 1:
                    with suppress(NoForm, Misfit):
                        self._add(entries, d.target, d.body)

    def _add(self, entries: Entries, target: Variable, body: Call) -> None:
        argument = entries.tensor(body.arguments[0])
        if body.function == SOFTMAX:
            self.ones.add(target.name)
        for net in (argument.net, entries.opened(argument.net, argument.rank)):
            relative, last = _relative(net, argument.rank)
            key = body.function, argument.rank, relative
            if target.time is None:
                self.names.setdefault(key, (target.name, None))
            elif last is not None and (target.time - last).is_number:
                self.names.setdefault(key, (target.name, (target.time - last).shift))

    def find(self, function: str, net: Network, rank: int) -> tuple[str, Time | None] | None:
        """The variable with this value, and its time."""
        try:
            relative, last = _relative(net, rank)
        except NoForm:
            return None
        found = self.names.get((function, rank, relative))
        if found is None or (found[1] is None) != (last is None):
            return None
        name, shift = found
        return name, None if last is None or shift is None else last + shift


def _relative(net: Network, rank: int) -> tuple[Network, Time | None]:
    """A network with its times counted from the last of them, and that time."""
    times = {time for atom in atoms(net) for time in (atom.time, atom.by_time) if time is not None}
    if any(atom.kind in ("number", "size") for atom in atoms(net)):
        raise NoForm("an index used as a number")
    if not times:
        return net, None
    if len({time.letters for time in times}) > 1:
        raise NoForm("steps at no fixed distance")
    last = max(times, key=lambda time: time.shift)
    return retimed(net, lambda time: time - last, rank), last


class Entries:
    """Networks of the formulas of one model in one frame.

    `assumed` are inputs whose entries are assumed to sum to 1. Derivatives come with `Unfolded`.
    """

    def __init__(
        self,
        model: Recurrence,
        frame: Frame,
        closings: Closings,
        assumed: frozenset[str] = frozenset(),
    ) -> None:
        self.model = model
        self.frame = frame
        self.closings = closings
        self.assumed = assumed
        self.steps = {d.target.name: d for d in model.steps}
        self.fixed = {move_variable(d.target, {HORIZON: frame.horizon}): d for d in model.fixed}
        self.shared = {d.target.name: d for d in model.shared}
        self.anchors = {
            v.name
            for d in model.steps
            for v in variables(d.body)
            if v.time not in (None, NOW) and v.name in self.steps
        }
        self.naming = True

    # -- shapes and definitions -------------------------------------------------------------------

    def shape(self, name: str) -> Shape:
        if name not in self.model.shapes:
            raise NoForm(f"the shape of {name} is not known")
        return self.model.shapes[name]

    def axes(self, name: str) -> tuple[Axis, Axis]:
        rows, cols = self.shape(name)
        one = SCALAR[0]
        return ((rows,) if rows != one else ()), ((cols,) if cols != one else ())

    def rank(self, name: str) -> int:
        rows, cols = self.axes(name)
        return len(rows) + len(cols)

    def exists(self, name: str, time: Time) -> bool:
        """Whether the step definition of `name` holds at `time`."""
        return (
            Variable(name, time) not in self.fixed
            and self.frame.at_least(time, self.model.first[name])
            and self.frame.at_most_horizon(time)
        )

    def body(self, v: Variable) -> Expr | None:
        """The right side of the definition of `v`; None for inputs, parameters, initial states."""
        letters = {HORIZON: self.frame.horizon}
        if v in self.fixed:
            return move(self.fixed[v].body, letters)
        if v.time is None:
            return move(self.shared[v.name].body, letters) if v.name in self.shared else None
        if v.name not in self.steps or not self.exists(v.name, v.time):
            return None
        return move(self.steps[v.name].body, {STEP: v.time, **letters})

    def is_abstract(self, v: Variable) -> bool:
        d: Definition | None = self.fixed.get(v)
        if d is None:
            d = self.shared.get(v.name) if v.time is None else self.steps.get(v.name)
        return d is not None and d.is_abstract

    # -- values -----------------------------------------------------------------------------------

    def collected(self, terms: Iterable[Raw], free: int) -> Network:
        return collected(terms, free, self.sums_to_one)

    def sums_to_one(self, atom: Atom) -> bool:
        if atom.kind == "call":
            return atom.name == SOFTMAX
        if atom.kind != "variable":
            return False
        if atom.name in self.assumed:
            return True
        if atom.name not in self.closings.ones:
            return False
        return atom.time is None or self.exists(atom.name, atom.time)

    def number(self, net: Network) -> Tensor:
        return Tensor((), (), net)

    def tensor(self, expr: Expr) -> Tensor:
        """The network of a formula; Misfit where shapes do not fit, NoForm where it has none."""
        match expr:
            case Number(value):
                return self.number(constant(value))
            case Index(time):
                return self.number(self._index(time))
            case Variable():
                return self.variable(expr)
            case Sum(terms):
                return self._sum(expr, terms)
            case Product(factors):
                return reduce(self.times, map(self.tensor, factors))
            case Hadamard(factors):
                return reduce(self.entrywise, map(self.tensor, factors))
            case Transpose(of):
                return self.tensor(of).turned()
            case Quotient(a, b):
                return self._quotient(self.tensor(a), self.tensor(b))
            case Power(base, exponent):
                return self._power(base, exponent)
            case Total(of, by) | Immediate(of, by):
                return self.derivative(of, by, self.derived(expr))
            case BigSum(index, lower, upper, body):
                return self._big(index, lower, upper, body)
            case Call(function, arguments, slots):
                return self._call(function, arguments, slots)
            case Entry(of, indices):
                return self._entry(of, indices)
            case IndexSum(index, _, body):
                return self._index_sum(index, body)
            case _:
                raise NoForm(f"{latex(expr)} has no entries here")

    def derived(self, expr: Total | Immediate) -> Network:
        """The entries of a derivative, the indices of what is derived first."""
        raise NoForm(f"{latex(expr)} has no entries here")

    def derivative(self, of: Variable, by: Variable, net: Network) -> Tensor:
        """∂of/∂by in numerator layout; of a scalar by a matrix: of the transposed shape."""
        above, beside = self.axes(of.name), self.axes(by.name)
        mine, other = (*above[0], *above[1]), (*beside[0], *beside[1])
        if len(mine) > 1 and other:
            raise NoForm("a derivative of a matrix")
        if not mine and len(other) == 2:
            return Tensor(beside[1], beside[0], self.collected(raw(net, (1, 0)), 2))
        if len(mine) == 2:
            return Tensor(above[0], above[1], net)
        return Tensor(mine, other, net)

    def _entry(self, of: Expr, indices: tuple[str, ...]) -> Tensor:
        """W_{ij}: the indices summed over, each together with the mark of its name."""
        match of:
            case Total(a, b) | Immediate(a, b):
                net, rank = self.derived(of), self.rank(a.name) + self.rank(b.name)
            case Variable(name) if name in IDENTITIES and name not in self.model.shapes:
                net, rank = single(DELTA, 2), 2
            case _:
                whole = self.tensor(of)
                net, rank = whole.net, whole.rank
        if rank != len(indices):
            raise Misfit(f"ill-typed: {latex(of)} has {rank} indices, not {len(indices)}")
        return self.number(named(net, indices, self.sums_to_one))

    def _index_sum(self, index: str, body: Expr) -> Tensor:
        inner = self.tensor(body)
        if inner.rank:
            raise NoForm("a sum of vectors over an index of entries")
        mark = Atom("entry", index)
        terms: list[Raw] = []
        for factors, core, c in raw(inner.net, ()):
            marked = [own for a, own in factors if a == mark]
            rest = tuple(f for f in factors if f[0] != mark)
            if len(marked) != 1 or not any(marked[0][0] in own for _, own in rest):
                raise NoForm("a sum over an index of no entry")
            terms.append((rest, core, c))
        return self.number(self.collected(terms, 0))

    def _index(self, time: Time) -> Network:
        if any(letter != HORIZON for letter, _ in time.letters):
            raise NoForm("an index used as a number")
        found = constant(time.shift)
        for letter, n in time.letters:
            atom = single(Atom("number", time=Time.of(letter)), 0)
            found = added((found, scaled(atom, n)), 0)
        return found

    def variable(self, v: Variable) -> Tensor:
        if v.copy is not None:
            raise NoForm("a copy of a parameter as a value")
        if v.name == ONES:
            return Tensor((None,), (), UNIT)
        if v.name in IDENTITIES and v.name not in self.model.shapes:
            return Tensor((None,), (None,), single(DELTA, 2))
        rows, cols = self.axes(v.name)
        atom = Atom("variable", v.name, v.time)
        rank = len(rows) + len(cols)
        return Tensor(rows, cols, single(atom, rank))

    def _sum(self, expr: Expr, terms: tuple[Expr, ...]) -> Tensor:
        parts = [(term, self.tensor(term)) for term in terms]
        first = next((p for p in parts if p[1].rank), parts[0])
        rows, cols = first[1].rows, first[1].cols
        nets = []
        for term, part in parts:
            if part.rank or not first[1].rank:
                fitted = fit(part, rows, cols)
                if fitted is None:
                    raise Misfit(
                        f"ill-typed sum: {latex(first[0])} is {first[1].spoken()}, "
                        f"{latex(term)} is {part.spoken()}"
                    )
                rows, cols = known_sizes(rows, part.rows), known_sizes(cols, part.cols)
                nets.append(fitted)
            elif not part.net:
                continue
            elif is_literal(term) and not cols:
                nets.append(part.net)
            elif is_literal(term):
                raise NoForm("a number added to what is no column")
            else:
                raise Misfit(
                    f"ill-typed sum: {latex(first[0])} is {first[1].spoken()}, {latex(term)} is 1"
                )
        rank = len(rows) + len(cols)
        return Tensor(
            rows, cols, self.collected((t for n in nets for t in raw(n, range(rank))), rank)
        )

    def times(self, a: Tensor, b: Tensor) -> Tensor:
        """The matrix product; a number multiplies anything."""
        if not a.rank or not b.rank:
            other = a if a.rank else b
            terms = joined(raw(a.net, range(a.rank)), raw(b.net, range(b.rank)))
            return Tensor(other.rows, other.cols, self.collected(terms, other.rank))
        if len(a.cols) != len(b.rows) or not all(map(same_size, a.cols, b.rows)):
            raise Misfit(f"ill-typed product: {a.spoken()} times {b.spoken()}")
        m, n = len(a.rows), len(b.cols)
        middle = [fresh() for _ in a.cols]
        left = raw(a.net, (*range(m), *middle))
        right = raw(b.net, (*middle, *range(m, m + n)))
        terms = self.counted(joined(left, right), middle, known_sizes(a.cols, b.rows))
        return Tensor(a.rows, b.cols, self.collected(terms, m + n))

    def counted(self, terms: Iterable[Raw], summed: list[int], sizes: Axis) -> Iterator[Raw]:
        """A sum over an index on which nothing depends counts the entries."""
        for factors, core, c in terms:
            seen = {i for _, own in factors for i in own}
            for index, size in zip(summed, sizes, strict=True):
                if index not in seen:
                    if size is None:
                        raise NoForm("a sum over an index of no entry")
                    factors = (*factors, (Atom("size", time=size), ()))
            yield factors, core, c

    def entrywise(self, a: Tensor, b: Tensor) -> Tensor:
        """a ⊙ b; a number multiplies each entry."""
        if not a.rank or not b.rank:
            return self.times(a, b)
        fitted = fit(b, a.rows, a.cols)
        if fitted is None:
            raise Misfit(f"ill-typed entrywise product: {a.spoken()} and {b.spoken()}")
        names = range(a.rank)
        terms = joined(raw(a.net, names), raw(fitted, names))
        rows, cols = known_sizes(a.rows, b.rows), known_sizes(a.cols, b.cols)
        return Tensor(rows, cols, self.collected(terms, a.rank))

    def _quotient(self, a: Tensor, b: Tensor) -> Tensor:
        if b.rank and b.cols:
            raise NoForm("a division by a matrix")
        return self.entrywise(a, Tensor(b.rows, b.cols, self.inverse(b.net, b.rank)))

    def inverse(self, net: Network, rank: int) -> Network:
        """1 / net, entry by entry."""
        if not net:
            raise NoForm("a division by zero")
        names = names_of(net)
        if names:
            return named(self.inverse(unnamed(net, names), len(names)), names)
        if len(net) == 1:
            (((factors, summed), c),) = net
            if not summed and all(i < rank for _, own in factors for i in own):
                inverted: list[tuple[Atom, tuple[int, ...]]] = []
                for atom, own in factors:
                    if atom.kind == "δ":
                        raise NoForm("a division by zero")
                    if atom.kind == "inverse" and len(atom.inside) == 1:
                        (((inner, _), _),) = atom.inside
                        if len(inner) == 1:
                            ((base, places),) = inner
                            inverted.append((base, tuple(own[p] for p in places)))
                            continue
                    inverted.append((inverse_of(atom, len(own)), own))
                return self.collected([(tuple(inverted), False, 1 / c)], rank)
        if any(summed for (_, summed), _ in net):
            raise NoForm("a division by a sum over time")
        return single(Atom("inverse", inside=net, rank=rank), rank)

    def _power(self, base: Expr, exponent: Expr) -> Tensor:
        if not isinstance(exponent, Number) or exponent.value.denominator != 1:
            raise NoForm("a power that is no whole number")
        n = int(exponent.value)
        if abs(n) > MOST_POWER:
            raise NoForm("a power beyond the limit")
        if isinstance(base, Call) and base.function == NORM and n == 2:
            return self.number(self._squares(self.tensor(base.arguments[0])))
        found = self.tensor(base)
        if found.cols:
            raise NoForm("a power of a matrix")
        if n < 0:
            found = Tensor(found.rows, found.cols, self.inverse(found.net, found.rank))
        one = Tensor((), (), UNIT)
        return reduce(self.entrywise, [found] * abs(n)) if n else one

    def _squares(self, a: Tensor) -> Network:
        names = [fresh() for _ in range(a.rank)]
        terms = self.counted(
            joined(raw(a.net, names), raw(a.net, names)), names, (*a.rows, *a.cols)
        )
        return self.collected(terms, 0)

    def _call(self, function: str, arguments: tuple[Expr, ...], slots: tuple[int, ...]) -> Tensor:
        if function == CONCATENATION:
            return self._stacked([self.tensor(part) for part in arguments])
        if len(arguments) != 1:
            raise NoForm(f"{function} has no entries here")
        a = self.tensor(arguments[0])
        if function in SLOPE or (function == SOFTMAX and not a.cols and a.rank):
            if slots and (function == SOFTMAX or len(slots) > 1):
                raise NoForm("a derivative of a function that is not read here")
            net = self.slope_of(function, a.net, a.rank) if slots else self.value_of(function, a)
            return Tensor(a.rows, a.cols, net)
        if slots:
            raise NoForm(f"{function} has no entries here")
        if function == NORM:
            return self._call_of_number("\\sqrt", self._squares(a))
        if function == DIAGONAL and not a.cols and a.rank:
            factors = ((DELTA, (0, 1)),)
            terms = joined([(factors, False, Fraction(1))], raw(a.net, (0,)))
            return Tensor(a.rows, a.rows, self.collected(terms, 2))
        if (
            function == TRACE
            and len(a.rows) == len(a.cols) == 1
            and same_size(a.rows[0], a.cols[0])
        ):
            index = fresh()
            terms = self.counted(raw(a.net, (index, index)), [index], known_sizes(a.rows, a.cols))
            return self.number(self.collected(terms, 0))
        raise NoForm(f"{function} has no entries here")

    def _stacked(self, parts: list[Tensor]) -> Tensor:
        """[a; b], columns one below the other: Σ_j block[i,j] a[j] + …"""
        offset = Time()
        terms: list[Raw] = []
        for part in parts:
            size = part.rows[0] if part.rows else SCALAR[0]
            if part.cols or size is None:
                raise NoForm("what stands one below the other is no column of known length")
            # The sizes are no times: as text they stay what they are when steps are shifted.
            block = Atom("block", latex(Index(offset)), by=latex(Index(size)))
            own = (fresh(),) if part.rows else ()
            factor: Factor = block, (0, *own)
            terms += joined([((factor,), False, Fraction(1))], raw(part.net, own))
            offset = offset + size
        return Tensor((offset,), (), self.collected(terms, 1))

    def _call_of_number(self, function: str, net: Network) -> Tensor:
        return self.number(self.value_of(function, self.number(net)))

    def value_of(self, function: str, argument: Tensor) -> Network:
        """A function's value, under the name that a definition gives it."""
        if any(summed for (_, summed), _ in argument.net):
            raise NoForm("a function of a sum over time")
        names = names_of(argument.net)
        if names:
            whole = Tensor((None,) * len(names), (), unnamed(argument.net, names))
            return named(self.value_of(function, whole), names)
        rank = argument.rank
        found = self.closings.find(function, argument.net, rank) if self.naming else None
        if found is not None:
            v = Variable(*found)
            if v.time is None or self.exists(v.name, v.time):
                return single(Atom("variable", v.name, v.time), rank)
        return single(Atom("call", function, inside=argument.net, rank=rank), rank)

    def slope_of(self, function: str, net: Network, rank: int) -> Network:
        """The slope of an elementary function, written with its value."""
        names = names_of(net)
        if names:
            return named(self.slope_of(function, unnamed(net, names), len(names)), names)
        result = self.value_of(function, Tensor((None,) * rank, (), net))
        return self._small(SLOPE[function](_ARGUMENT, _RESULT), net, result, rank)

    def _small(self, expr: Expr, net: Network, result: Network, rank: int) -> Network:
        """A formula of the argument and the result, entry by entry."""
        names = range(rank)

        def go(part: Expr) -> Network:
            match part:
                case Number(value):
                    return constant(value)
                case Variable():
                    return net if part == _ARGUMENT else result
                case Sum(terms):
                    return self.collected((t for x in terms for t in raw(go(x), names)), rank)
                case Product(factors):
                    return self.collected(joined(*(raw(go(x), names) for x in factors)), rank)
                case Power(base, Number(n)) if n.denominator == 1 and n > 0:
                    parts = [go(base)] * int(n)
                    return self.collected(joined(*(raw(x, names) for x in parts)), rank)
                case Quotient(a, b):
                    parts = [go(a), self.inverse(go(b), rank)]
                    return self.collected(joined(*(raw(x, names) for x in parts)), rank)
                case Call(function, (argument,), ()):
                    return self.value_of(function, Tensor((None,) * rank, (), go(argument)))
                case _:
                    raise NoForm("a slope that is not read here")

        return go(expr)

    # -- sums over time ---------------------------------------------------------------------------

    def _big(self, index: str, lower: Time, upper: Time, body: Expr) -> Tensor:
        if any(isinstance(x, BigSum | BigProduct) for x in walk(body)):
            raise NoForm("a Σ or Π under a Σ")

        def at(time: Time) -> Network:
            return self.tensor(move(body, {index: time})).net

        letters = {HORIZON: self.frame.horizon}
        shape = self.tensor(move(body, {index: Time.of(SUMMED)}))
        net = self.over_time(lower.replace(letters), upper.replace(letters), at, shape.rank)
        return Tensor(shape.rows, shape.cols, net)

    def over_time(
        self, lower: Time, upper: Time, at: Callable[[Time], Network], rank: int
    ) -> Network:
        """Σ of `at`(s) for s = lower … upper: the first and the last steps, and the core between."""
        frame = self.frame
        if lower.is_number and upper.is_number:
            steps = range(lower.shift, upper.shift + 1)
            return self.all_of((at(Time.at(s)) for s in steps), rank)
        apart = upper - frame.horizon
        if not lower.is_number or not apart.is_number or lower.shift > frame.early:
            raise NoForm("a sum whose bounds are not read here")
        if not -frame.margin <= apart.shift <= frame.margin:
            raise NoForm("a sum whose bounds are not read here")
        first = [at(Time.at(s)) for s in range(lower.shift, frame.early)]
        last = [at(frame.horizon + s) for s in range(1 - frame.margin, apart.shift + 1)]
        core = [self._core(term, rank) for term in at(Time.of(SUMMED))]
        return self.all_of([*first, *last, *core], rank)

    def all_of(self, nets: Iterable[Network], rank: int) -> Network:
        return self.collected((t for n in nets for t in raw(n, range(rank))), rank)

    def _core(
        self,
        term: tuple[tuple[tuple[tuple[Atom, tuple[int, ...]], ...], bool], Fraction],
        rank: int,
    ) -> Network:
        """One term summed over the core, the latest of its steps named s."""
        (_, summed), _ = term
        if summed:
            raise NoForm("a sum over time within another")
        net: Network = (term,)
        frame = self.frame
        times = [
            t
            for a in atoms(net)
            for t in (a.time, a.by_time)
            if t is not None and SUMMED in dict(t.letters)
        ]
        if any(t.letters != ((SUMMED, 1),) for t in times):
            raise NoForm("an index at no fixed distance")
        if not times:
            steps = self._index(frame.horizon + (1 - frame.margin - frame.early))
            names = range(rank)
            return self.collected(joined(raw(net, names), raw(steps, ())), rank)
        ahead = max(t.shift for t in times)
        shifted = self._with(net, Time.of(SUMMED, -ahead), rank)
        found = [tuple(((factors, True), k) for (factors, _), k in shifted)]

        def one(s: Time, sign: int) -> None:
            found.append(scaled(self._with(shifted, s, rank), sign))

        for i in range(abs(ahead)):
            if ahead > 0:
                one(Time.at(frame.early + i), -1)
                one(frame.horizon + (1 - frame.margin + i), 1)
            else:
                one(Time.at(frame.early - 1 - i), 1)
                one(frame.horizon + (-frame.margin - i), -1)
        return self.all_of(found, rank)

    def _with(self, net: Network, s: Time, rank: int) -> Network:
        return retimed(net, lambda time: time.replace({SUMMED: s}), rank)

    # -- opening ----------------------------------------------------------------------------------

    def opened(self, net: Network, rank: int, also: Also = lambda v: False) -> Network:
        """The definitions put in that only name a sum or product; `also` those of other variables."""
        for _ in range(12):
            after = self._opened_once(net, rank, also)
            if after == net:
                return net
            net = after
        raise NoForm("definitions nested too deeply")

    def renamed(self, net: Network, rank: int) -> Network:
        """The functions' values under the names that definitions give them, inside out."""

        def go(atom: Atom) -> Network:
            inside = self.renamed(atom.inside, atom.rank)
            if atom.kind == "call":
                return self.value_of(atom.name, Tensor((None,) * atom.rank, (), inside))
            return self.inverse(inside, atom.rank) if atom.kind == "inverse" else inside

        parts: list[Raw] = []
        for factors, summed, c in raw(net, range(rank)):
            pieces: list[Iterable[Raw]] = [[((), summed, c)]]
            for atom, own in factors:
                made = go(atom) if atom.kind in ("call", "inverse") else single(atom, len(own))
                pieces.append(raw(made, own))
            parts += joined(*pieces)
        return self.collected(parts, rank)

    def _opened_once(self, net: Network, rank: int, also: Also) -> Network:
        parts: list[Raw] = []
        for factors, summed, c in raw(net, range(rank)):
            pieces: list[list[Raw]] = [[((), summed, c)]]
            for atom, own in factors:
                pieces.append(list(raw(self._opened_atom(atom, len(own), also), own)))
            parts += joined(*pieces)
        return self.collected(parts, rank)

    def _opened_atom(self, atom: Atom, rank: int, also: Also) -> Network:
        if atom.kind == "variable":
            v = Variable(atom.name, atom.time)
            if self._is_inner(v) or also(v):
                body = self.body(v)
                if body is not None and not self.is_abstract(v):
                    found = self.tensor(body)
                    if not any(summed for (_, summed), _ in found.net):
                        return found.net
        if atom.kind == "call":
            inside = self._opened_once(atom.inside, atom.rank, also)
            if inside != atom.inside:
                return self.value_of(atom.name, Tensor((None,) * rank, (), inside))
        if atom.kind == "inverse":
            inside = self._opened_once(atom.inside, atom.rank, also)
            if inside != atom.inside:
                return self.inverse(inside, atom.rank)
        return single(atom, rank)

    def _is_inner(self, v: Variable) -> bool:
        """Whether a variable only names a sum or a product within its step."""
        if v.name in self.anchors:
            return False
        d = self.steps.get(v.name) if v.time is not None else self.shared.get(v.name)
        if (
            d is None
            or d.is_abstract
            or any(isinstance(x, BigSum | BigProduct) for x in walk(d.body))
        ):
            return False
        return not (
            isinstance(d.body, Call) and (d.body.function in SLOPE or d.body.function == SOFTMAX)
        )
