"""Resolved formulas of vectors and matrices as networks of entries, at a time that may be a letter.

Derivatives are unfolded by the chain rule at a node (DESIGN, section 2) as far as asked: what is left
are totals of the states that later steps look back to, which are symbols of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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
    Dimension,
    Shape,
    is_literal,
    spoken,
)
from derive.notation.latex import NORM, latex
from derive.verify.networks import (
    DELTA,
    SUMMED,
    UNIT,
    Atom,
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

MOST_POWER = 8
_ARGUMENT, _RESULT = Variable("argument"), Variable("result")

# The sizes along one side; None fits any. One side of a derivative by a matrix has two.
Axis = tuple[Dimension | None, ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A network with its free indices: those of the rows first, then those of the columns."""

    rows: Axis
    cols: Axis
    net: Network

    @property
    def rank(self) -> int:
        return len(self.rows) + len(self.cols)

    def turned(self) -> Tensor:
        """The transpose."""
        if not self.rank or not (self.rows and self.cols):
            return Tensor(self.cols, self.rows, self.net)
        a, b = len(self.rows), len(self.cols)
        names = (*range(b, a + b), *range(b))
        return Tensor(self.cols, self.rows, collected(raw(self.net, names), a + b))

    def spoken(self) -> str:
        """The shape as a report names it."""
        sizes = [_size(self.rows), _size(self.cols)]
        return "1" if sizes == ["1", "1"] else "×".join(sizes)


def _size(axis: Axis) -> str:
    if not axis:
        return "1"
    named = [spoken((d, d)).split("×")[0] if d is not None else "?" for d in axis]
    return named[0] if len(named) == 1 else f"({'·'.join(named)})"


@dataclass(frozen=True, slots=True)
class Frame:
    """Which steps are spoken of.

    `horizon` is T itself or a number; letters other than T (and the letter SUMMED) lie in the core: at
    least `early`, at most T - `margin`. Where T is a letter it is at least `early` + 2 `margin`.
    """

    horizon: Time
    early: int
    margin: int

    def at_least(self, time: Time, low: int) -> bool:
        """Whether `time` ≥ `low`; NoForm where the frame does not decide it."""
        if time.is_number:
            return time.shift >= low
        least = self.early if self._in_core(time) else self.early + 2 * self.margin
        if (self._in_core(time) or time.letters == END.letters) and least + time.shift >= low:
            return True
        raise NoForm("an index at no fixed distance")

    def at_most_horizon(self, time: Time, beyond: int = 0) -> bool:
        """Whether `time` ≤ T + `beyond`; NoForm where the frame does not decide it."""
        apart = time - self.horizon
        if apart.is_number:
            return apart.shift <= beyond
        if time.is_number and time.shift <= self.early + 2 * self.margin + beyond:
            return True
        if self._in_core(time) and time.shift <= self.margin + beyond:
            return True
        raise NoForm("an index at no fixed distance")

    def same(self, a: Time, b: Time) -> bool:
        """Whether two indices are one; NoForm where the frame does not decide it."""
        apart = a - b
        if apart.is_number:
            return apart.shift == 0
        for one, other in ((a, b), (b, a)):
            if not self._in_core(one):
                continue
            if other.is_number and self.early + one.shift > other.shift:
                return False
            if other.letters == END.letters and one.shift - self.margin < other.shift:
                return False
        numbers = [t for t in (a, b) if t.is_number]
        ends = [t for t in (a, b) if t.letters == END.letters]
        if numbers and ends and self.early + 2 * self.margin + ends[0].shift > numbers[0].shift:
            return False
        raise NoForm("steps at no fixed distance")

    @staticmethod
    def _in_core(time: Time) -> bool:
        return len(time.letters) == 1 and time.letters[0][1] == 1 and time.letters[0][0] != HORIZON


class Closings:
    """Which variable tanh(W h_{t-1} + …) is: a function's value that a definition gives a name."""

    def __init__(self, model: Recurrence) -> None:
        self.names: dict[tuple[str, int, Network], tuple[str, int | None]] = {}
        self.ones: set[str] = set()
        frame = Frame(END, 10_000, 5_000)
        entries = Entries(model, frame, self)
        for d in (*model.steps, *model.shared):
            if not isinstance(d.body, Call):
                continue
            try:
                argument = entries.tensor(d.body.arguments[0])
            except (NoForm, Misfit, IndexError):
                continue
            if d.body.function == SOFTMAX:
                self.ones.add(d.target.name)
            for net in (argument.net, entries.opened(argument.net, argument.rank)):
                relative, last = _relative(net, argument.rank)
                key = d.body.function, argument.rank, relative
                if d.target.time is None:
                    self.names.setdefault(key, (d.target.name, None))
                elif last is not None and (d.target.time - last).is_number:
                    self.names.setdefault(key, (d.target.name, (d.target.time - last).shift))

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


# Whether the totals of ("of"), or by ("by"), a state are unfolded.
Unfold = Callable[[str, Variable], bool]
Also = Callable[[Variable], bool]


class Entries:
    """Networks of the formulas of one model in one frame.

    `unfold` says of which states the totals are unfolded as well; `assumed` are inputs whose entries
    are assumed to sum to 1.
    """

    def __init__(
        self,
        model: Recurrence,
        frame: Frame,
        closings: Closings,
        unfold: Unfold = lambda role, v: False,
        assumed: frozenset[str] = frozenset(),
    ) -> None:
        self.model = model
        self.frame = frame
        self.closings = closings
        self.unfold = unfold
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
        self._kept_open: Variable | None = None
        self._totals: dict[tuple[Variable, Variable], Network] = {}
        self._local: dict[tuple[Variable, Variable], Network] = {}
        self._partial: dict[tuple[Atom, Variable], Network] = {}

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
            case Total(of, by):
                return self.derivative(of, by, self.total(of, by))
            case Immediate(of, by):
                return self.derivative(of, by, self.local(of, by))
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

    def _entry(self, of: Expr, indices: tuple[str, ...]) -> Tensor:
        """W_{ij}: the indices summed over, each together with the mark of its name."""
        match of:
            case Total(a, b):
                net, rank = self.total(a, b), self.rank(a.name) + self.rank(b.name)
            case Immediate(a, b):
                net, rank = self.local(a, b), self.rank(a.name) + self.rank(b.name)
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
        if v.name == ONES and v.name not in self.model.shapes:
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
                rows, cols = _known(rows, part.rows), _known(cols, part.cols)
                nets.append(fitted)
            elif not part.net:
                continue
            elif is_literal(term) and not cols:
                nets.append(part.net)
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
        if len(a.cols) != len(b.rows) or not all(map(_same, a.cols, b.rows)):
            raise Misfit(f"ill-typed product: {a.spoken()} times {b.spoken()}")
        m, n = len(a.rows), len(b.cols)
        middle = [fresh() for _ in a.cols]
        left = raw(a.net, (*range(m), *middle))
        right = raw(b.net, (*middle, *range(m, m + n)))
        terms = self._counted(joined(left, right), middle, _known(a.cols, b.rows))
        return Tensor(a.rows, b.cols, self.collected(terms, m + n))

    def _counted(self, terms: Iterable[Raw], summed: list[int], sizes: Axis) -> Iterator[Raw]:
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
        rows, cols = _known(a.rows, b.rows), _known(a.cols, b.cols)
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
        terms = self._counted(
            joined(raw(a.net, names), raw(a.net, names)), names, (*a.rows, *a.cols)
        )
        return self.collected(terms, 0)

    def _call(self, function: str, arguments: tuple[Expr, ...], slots: tuple[int, ...]) -> Tensor:
        if len(arguments) != 1:
            raise NoForm(f"{function} has no entries here")
        a = self.tensor(arguments[0])
        if function in SLOPE or (function == SOFTMAX and not a.cols and a.rank):
            if slots and (function == SOFTMAX or len(slots) > 1):
                raise NoForm("a derivative of a function that is not read here")
            net = self._slope(function, a.net, a.rank) if slots else self._value(function, a)
            return Tensor(a.rows, a.cols, net)
        if slots:
            raise NoForm(f"{function} has no entries here")
        if function == NORM:
            return self._call_of_number("\\sqrt", self._squares(a))
        if function == DIAGONAL and not a.cols and a.rank:
            factors = ((DELTA, (0, 1)),)
            terms = joined([(factors, False, Fraction(1))], raw(a.net, (0,)))
            return Tensor(a.rows, a.rows, self.collected(terms, 2))
        if function == TRACE and len(a.rows) == len(a.cols) == 1 and _same(a.rows[0], a.cols[0]):
            index = fresh()
            terms = self._counted(raw(a.net, (index, index)), [index], _known(a.rows, a.cols))
            return self.number(self.collected(terms, 0))
        raise NoForm(f"{function} has no entries here")

    def _call_of_number(self, function: str, net: Network) -> Tensor:
        return self.number(self._value(function, self.number(net)))

    def _value(self, function: str, argument: Tensor) -> Network:
        """A function's value, under the name that a definition gives it."""
        if any(summed for (_, summed), _ in argument.net):
            raise NoForm("a function of a sum over time")
        names = names_of(argument.net)
        if names:
            whole = Tensor((None,) * len(names), (), unnamed(argument.net, names))
            return named(self._value(function, whole), names)
        rank = argument.rank
        found = self.closings.find(function, argument.net, rank)
        if found is not None:
            v = Variable(*found)
            defined = v.time is None or self.exists(v.name, v.time)
            if v != self._kept_open and defined:
                return single(Atom("variable", v.name, v.time), rank)
        return single(Atom("call", function, inside=argument.net, rank=rank), rank)

    def _slope(self, function: str, net: Network, rank: int) -> Network:
        """The slope of an elementary function, written with its value."""
        names = names_of(net)
        if names:
            return named(self._slope(function, unnamed(net, names), len(names)), names)
        argument = Tensor((None,) * rank, (), net)
        kept, self._kept_open = self._kept_open, None
        try:
            result = self._value(function, argument)
            return self._small(SLOPE[function](_ARGUMENT, _RESULT), net, result, rank)
        finally:
            self._kept_open = kept

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
                    return self._value(function, Tensor((None,) * rank, (), go(argument)))
                case _:
                    raise NoForm("a slope that is not read here")

        return go(expr)

    # -- sums over time ---------------------------------------------------------------------------

    def _big(self, index: str, lower: Time, upper: Time, body: Expr) -> Tensor:
        if any(isinstance(x, BigSum | BigProduct) for x in walk(body)):
            raise NoForm("a Σ or Π under a Σ")
        sample: list[Tensor] = []

        def at(time: Time) -> Network:
            sample.append(self.tensor(move(body, {index: time})))
            return sample[-1].net

        letters = {HORIZON: self.frame.horizon}
        net = None
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
            return self._all((at(Time.at(s)) for s in steps), rank)
        apart = upper - frame.horizon
        if not lower.is_number or not apart.is_number or lower.shift > frame.early:
            raise NoForm("a sum whose bounds are not read here")
        if not -frame.margin <= apart.shift <= frame.margin:
            raise NoForm("a sum whose bounds are not read here")
        first = [at(Time.at(s)) for s in range(lower.shift, frame.early)]
        last = [at(frame.horizon + s) for s in range(1 - frame.margin, apart.shift + 1)]
        core = [self._core(term, rank) for term in at(Time.of(SUMMED))]
        return self._all([*first, *last, *core], rank)

    def _all(self, nets: Iterable[Network], rank: int) -> Network:
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
        return self._all(found, rank)

    def _with(self, net: Network, s: Time, rank: int) -> Network:
        return retimed(net, lambda time: time.replace({SUMMED: s}), rank)

    # -- derivatives ------------------------------------------------------------------------------

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

    def total(self, of: Variable, by: Variable) -> Network:
        """∂of/∂by over all paths, the indices of `of` first."""
        key = of, by
        if key not in self._totals:
            self._totals[key] = self._total(of, by)
        return self._totals[key]

    def _total(self, of: Variable, by: Variable) -> Network:
        if by.copy is not None or of.copy is not None:
            raise NoForm("a derivative by one copy of a parameter")
        if of == by:
            return self._identity(self.rank(of.name))
        if self.model.ahead:
            raise NoForm("a state that runs backward in time")
        if of.time is None:
            if by.time is not None and by.name in self.anchors and not self.unfold("by", by):
                return self._symbol(of, by)
            return self._through_users(of, by)
        if by.time is not None:
            apart = of.time - by.time
            if not apart.is_number:
                return self._symbol(of, by)
            if apart.shift < 0:
                return ()
        elif of.name in self.anchors and not self.unfold("of", of) and self.body(of) is not None:
            return self._symbol(of, by)
        return self._through_inputs(of, by)

    def _symbol(self, of: Variable, by: Variable) -> Network:
        atom = Atom("total", of.name, of.time, by.name, by.time)
        return single(atom, self.rank(of.name) + self.rank(by.name))

    def _identity(self, rank: int) -> Network:
        factors = tuple((DELTA, (i, rank + i)) for i in range(rank))
        return self.collected([(factors, False, Fraction(1))], 2 * rank)

    def _chained(self, outer: Network, inner: Network, a: int, middle: int, b: int) -> Network:
        between = [fresh() for _ in range(middle)]
        left = raw(outer, (*range(a), *between))
        right = raw(inner, (*between, *range(a, a + b)))
        terms = self._counted(joined(left, right), between, (None,) * middle)
        return self.collected(terms, a + b)

    def _through_users(self, of: Variable, by: Variable) -> Network:
        """Σ_V ∂of/∂V · ∂⁺V/∂by over the variables that use `by`."""
        a, b = self.rank(of.name), self.rank(by.name)
        parts = []
        for user in self._users(by):
            middle = self.rank(user.name)
            if user.time is None or not self._everywhere(user, by):
                inner = self.local(user, by)
                if inner:
                    parts.append(self._chained(self.total(of, user), inner, a, middle, b))
                continue

            def at(s: Time, name: str = user.name, middle: int = middle) -> Network:
                v = Variable(name, s)
                if v in self.fixed:
                    return ()
                return self._chained(self.total(of, v), self.local(v, by), a, middle, b)

            low = Time.at(self.model.first[user.name])
            parts.append(self.over_time(low, self.frame.horizon, at, a + b))
        return self._all(parts, a + b)

    def _everywhere(self, user: Variable, by: Variable) -> bool:
        """Whether a user stands for itself at all steps: `by` is without time."""
        return by.time is None and user.time == NOW

    def _users(self, by: Variable) -> Iterator[Variable]:
        found: dict[Variable, None] = {}
        for d in self.model.steps:
            for v in variables(d.body):
                if v.name != by.name or (v.time is None) != (by.time is None):
                    continue
                if by.time is None or v.time is None:
                    found[Variable(d.target.name, NOW)] = None
                    continue
                lag = NOW - v.time
                if not lag.is_number:
                    raise NoForm("a definition that looks at no fixed distance")
                time = by.time + lag.shift
                if self.exists(d.target.name, time):
                    found[Variable(d.target.name, time)] = None
        for v, d in self.fixed.items():
            if by in variables(move(d.body, {HORIZON: self.frame.horizon})):
                found[v] = None
        for d in self.model.shared:
            if any(v.name == by.name for v in variables(d.body)):
                found[d.target] = None
        yield from found

    def _through_inputs(self, of: Variable, by: Variable) -> Network:
        """Σ_U ∂⁺of/∂U · ∂U/∂by over what `of` uses."""
        body = self.body(of)
        a, b = self.rank(of.name), self.rank(by.name)
        parts = []
        for u in dict.fromkeys(variables(body)) if body is not None else ():
            inner = self.total(u, by) if self._may_depend(u, by) else ()
            if inner:
                outer = self.local(of, u)
                parts.append(self._chained(outer, inner, a, self.rank(u.name), b))
        return self._all(parts, a + b)

    def _may_depend(self, u: Variable, by: Variable) -> bool:
        return u == by or self.body(u) is not None

    def local(self, of: Variable, by: Variable) -> Network:
        """∂⁺of/∂by: the definition of `of` differentiated by `by` alone, entry by entry."""
        key = of, by
        if key not in self._local:
            body = self.body(of)
            if body is None:
                self._local[key] = ()
            elif self._is_abstract(of):
                self._local[key] = self._edge(of, by, body)
            else:
                kept, self._kept_open = self._kept_open, of
                try:
                    self._local[key] = self._slope_of(body, by)
                finally:
                    self._kept_open = kept
        return self._local[key]

    def _is_abstract(self, v: Variable) -> bool:
        d: Definition | None = self.fixed.get(v)
        if d is None:
            d = self.shared.get(v.name) if v.time is None else self.steps.get(v.name)
        return d is not None and d.is_abstract

    def _edge(self, of: Variable, by: Variable, body: Expr) -> Network:
        if by not in variables(body):
            return ()
        atom = Atom("edge", of.name, of.time, by.name, by.time)
        return single(atom, self.rank(of.name) + self.rank(by.name))

    def _slope_of(self, body: Expr, by: Variable) -> Network:
        """The derivative of a definition's right side, its Σ over time included."""
        if all(v.name != by.name for v in variables(body)):
            return ()
        big = [x for x in walk(body) if isinstance(x, BigSum)]
        if not big:
            found = self.tensor(body)
            return self.partial(found.net, found.rank, by)
        rank = self.rank(by.name)
        match body:
            case BigSum():
                return self._slope_of_sum(body, by)
            case Sum(terms):
                return self._all((self._slope_of(term, by) for term in terms), rank)
            case Product((first, *rest)) if is_literal(first) or isinstance(
                first, Index | Quotient
            ):
                inner = self._slope_of(rest[0] if len(rest) == 1 else Product(tuple(rest)), by)
                if self.tensor(first).rank or any(v for v in variables(first)):
                    raise NoForm("a product with a Σ")
                names = range(rank)
                return self.collected(
                    joined(raw(self.tensor(first).net, ()), raw(inner, names)), rank
                )
            case Quotient(above, below) if not list(variables(below)):
                inner = self._slope_of(above, by)
                divisor = self.inverse(self.tensor(below).net, 0)
                return self.collected(joined(raw(divisor, ()), raw(inner, range(rank))), rank)
            case _:
                raise NoForm("a Σ within a formula")

    def _slope_of_sum(self, big: BigSum, by: Variable) -> Network:
        letters = {HORIZON: self.frame.horizon}
        lower, upper = big.lower.replace(letters), big.upper.replace(letters)

        def at(s: Time) -> Network:
            return self._slope_of(move(big.body, {big.index: s}), by)

        rank = self.rank(by.name)
        if by.time is None:
            if any(v.time is None and v.name == by.name for v in variables(big.body)):
                return self.over_time(lower, upper, at, rank)
            return ()
        shifts: set[int] = set()
        for v in variables(big.body):
            if v.name == by.name and v.time is not None:
                apart = v.time - Time.of(big.index)
                if not apart.is_number:
                    raise NoForm("a term of a Σ at no fixed distance")
                shifts.add(apart.shift)
        found = []
        for shift in sorted(shifts):
            s = by.time - shift
            if not lower.is_number:
                raise NoForm("a sum whose bounds are not read here")
            beyond = upper - self.frame.horizon
            if not beyond.is_number:
                raise NoForm("a sum whose bounds are not read here")
            if self.frame.at_least(s, lower.shift) and self.frame.at_most_horizon(s, beyond.shift):
                found.append(at(s))
        return self._all(found, rank)

    def partial(self, net: Network, rank: int, by: Variable) -> Network:
        """The derivative of a network by the entries of a variable, which become its last indices."""
        b = self.rank(by.name)
        last = tuple(range(rank, rank + b))
        parts: list[Raw] = []
        for factors, summed, c in raw(net, range(rank)):
            if summed:
                raise NoForm("a derivative of a sum over time")
            for place, (atom, own) in enumerate(factors):
                inner = self._partial_of(atom, len(own), by)
                if not inner:
                    continue
                rest = (*factors[:place], *factors[place + 1 :])
                parts += joined([(rest, False, c)], raw(inner, (*own, *last)))
        return self.collected(parts, rank + b)

    def _partial_of(self, atom: Atom, rank: int, by: Variable) -> Network:
        key = atom, by
        if key not in self._partial:
            self._partial[key] = self._partial_fresh(atom, rank, by)
        return self._partial[key]

    def _partial_fresh(self, atom: Atom, rank: int, by: Variable) -> Network:
        b = self.rank(by.name)
        names = range(rank + b)
        match atom.kind:
            case "variable":
                if atom.name != by.name or (atom.time is None) != (by.time is None):
                    return ()
                if atom.time is not None and by.time is not None:
                    return self._identity(rank) if self.frame.same(atom.time, by.time) else ()
                return self._identity(rank)
            case "number" | "size" | "δ":
                return ()
            case "call" if atom.name == SOFTMAX:
                return self._softmax_partial(atom, by)
            case "call":
                inner = self.partial(atom.inside, rank, by)
                if not inner:
                    return ()
                slope = self._slope(atom.name, atom.inside, rank)
                return self.collected(joined(raw(slope, range(rank)), raw(inner, names)), rank + b)
            case "inverse":
                inner = self.partial(atom.inside, rank, by)
                if not inner:
                    return ()
                own = (((atom, tuple(range(rank))),) * 2, False, Fraction(-1))
                return self.collected(joined([own], raw(inner, names)), rank + b)
            case _:
                raise NoForm("a second derivative")

    def _softmax_partial(self, atom: Atom, by: Variable) -> Network:
        """∂y_i = Σ_k y_i (δ_ik - y_k) ∂z_k for y = softmax(z)."""
        b = self.rank(by.name)
        inner = self.partial(atom.inside, 1, by)
        if not inner:
            return ()
        kept, self._kept_open = self._kept_open, None
        try:
            value = self._value(SOFTMAX, Tensor((None,), (), atom.inside))
        finally:
            self._kept_open = kept
        last = tuple(range(1, 1 + b))
        k = fresh()
        straight = joined(raw(value, (0,)), raw(inner, (0, *last)))
        spread = joined(raw(value, (0,)), raw(value, (k,)), raw(inner, (k, *last)))
        return self.collected([*straight, *((f, s, -c) for f, s, c in spread)], 1 + b)

    # -- opening ----------------------------------------------------------------------------------

    def opened(self, net: Network, rank: int, also: Also = lambda v: False) -> Network:
        """The definitions put in that only name a sum or product; `also` those of other variables."""
        for _ in range(12):
            after = self._opened_once(net, rank, also)
            if after == net:
                return net
            net = after
        raise NoForm("definitions nested too deeply")

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
                if body is not None and not self._is_abstract(v):
                    found = self.tensor(body)
                    if not any(summed for (_, summed), _ in found.net):
                        return found.net
        if atom.kind == "call":
            inside = self._opened_once(atom.inside, atom.rank, also)
            if inside != atom.inside:
                return self._value(atom.name, Tensor((None,) * rank, (), inside))
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


def _same(a: Dimension | None, b: Dimension | None) -> bool:
    return a is None or b is None or a == b


def _known(a: Axis, b: Axis) -> Axis:
    return tuple(y if x is None else x for x, y in zip(a, b, strict=True))


def fit(tensor: Tensor, rows: Axis, cols: Axis) -> Network | None:
    """The network of a tensor of that shape; None where it has another one."""
    alike = len(tensor.rows) == len(rows) and len(tensor.cols) == len(cols)
    if alike and all(map(_same, (*tensor.rows, *tensor.cols), (*rows, *cols))):
        return tensor.net
    return _flat(tensor, rows, cols)


def _flat(tensor: Tensor, rows: Axis, cols: Axis) -> Network | None:
    """A gradient by a matrix whose entries stand in one row or column, as a matrix, or the other way."""
    own = tensor.rows, tensor.cols
    turned = (1, 0)
    for flat, matrix, net_turned in ((own, (rows, cols), turned), ((rows, cols), own, turned)):
        if len(matrix[0]) != 1 or len(matrix[1]) != 1:
            continue
        across, down = (*matrix[1], *matrix[0]), (*matrix[0], *matrix[1])
        if not flat[0] and len(flat[1]) == 2 and all(map(_same, flat[1], across)):
            return collected(raw(tensor.net, net_turned), 2)
        if not flat[1] and len(flat[0]) == 2 and all(map(_same, flat[0], down)):
            return tensor.net
    return None
