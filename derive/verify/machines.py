"""Formulas to machines: each resolved formula as an automaton over the steps of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import count

from derive.algebra.expression import (
    ZERO,
    BigProduct,
    BigSum,
    Call,
    Expr,
    Immediate,
    Index,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Transpose,
    Variable,
    free_letters,
    move,
    multiply,
    number,
    replace,
    walk,
)
from derive.errors import DeriveError
from derive.model.functions import SLOPE
from derive.model.graph import unrolled
from derive.model.horizon import least_horizon
from derive.model.recurrence import END, HORIZON, NOW, STEP, Definition, Recurrence, variables
from derive.notation.latex import latex
from derive.verify import polynomials
from derive.verify.polynomials import Key, Polynomial
from derive.verify.ranges import ORIGIN, Range
from derive.verify.readings import Resolver, explicit
from derive.verify.tape import (
    SHARED,
    Both,
    Constant,
    Either,
    Emission,
    Machine,
    NoForm,
    Path,
    Repeated,
    Row,
    Schedule,
    Segment,
    Summed,
    Tapes,
    Windows,
    vanishes,
)

MOST_POWER = 64
MOST_FACTORS = 4


def equal_for_every_horizon(
    resolver: Resolver, left: Expr, right: Expr, found: Range, commuting: bool, opened: str
) -> bool:
    """Whether two resolved formulas are equal on the whole range, for every T.

    With `commuting` all atoms are numbers. `opened` says which closed definitions are put in: none
    (""), those that no later step looks back to ("step"), or all, if they are linear ("all"). False
    says nothing: another form of the two may still be equal. Raises NoForm where there is no machine.
    """
    if found.bounds is None:
        raise NoForm("its indices have no range that differences describe")
    windows = Windows()
    compiler = Compiler(resolver, windows, found.letters, commuting, opened)
    difference = Either(
        ((Fraction(1), compiler.machine(left)), (Fraction(-1), compiler.machine(right)))
    )
    tapes = Tapes(found.letters, found.least, found.bounds, windows, compiler.reach)
    return vanishes(difference, tapes)


class Compiler:
    """Compiles the formulas of one line; `windows` gathers where its machines look."""

    def __init__(
        self,
        resolver: Resolver,
        windows: Windows,
        letters: tuple[str, ...],
        commuting: bool,
        opened: str,
    ) -> None:
        self.resolver = resolver
        self.model = resolver.model
        self.windows = windows
        self.letters = frozenset(letters)
        self.commuting = commuting
        self.opened = opened
        self.steps = {d.target.name: d for d in self.model.steps}
        self.shared = {d.target: d for d in self.model.shared}
        lags = [NOW - v.time for d in self.model.steps for v in variables(d.body) if v.time]
        if not all(k.is_number and k.shift >= 0 for k in lags):
            raise NoForm("a definition looks forward in time")
        if any(d.target.time and not d.target.time.is_number for d in self.model.fixed):
            raise NoForm("a final state is given")
        stepwise = [d for d in self.model.definitions if d.target.time is not None]
        if any(self._gathers(v) for d in stepwise for v in variables(d.body) if v.time is None):
            raise NoForm("a step that uses what several steps make")
        self.lag = max((k.shift for k in lags), default=0)
        self.start = self.model.start
        back = {
            v.name for d in self.model.steps for v in variables(d.body) if v.time not in (None, NOW)
        }
        self.inner = {
            d.target.name
            for d in self.model.steps
            if d.target.name not in back and not d.is_abstract and not _has_big(d.body)
        }
        self.plain = {
            d.target
            for d in self.model.shared
            if not d.is_abstract
            and not _has_big(d.body)
            and not any(v.time for v in variables(d.body))
        }
        fixed = [abs(d.target.time.shift) for d in self.model.fixed if d.target.time]
        self.early = frozenset(_defined_early(self.model))
        self.reach = 1 + self.lag + self.start + max(fixed, default=0)
        self._fresh = (f"\\,{i}" for i in count())
        self.rows_of = cache(self._rows_of)

    def _gathers(self, v: Variable) -> bool:
        """Whether something without time is made of what has time."""
        body = self.shared[v].body if v in self.shared else v
        parts = (u for u in variables(body) if u != v)
        return any(u.time is not None or self._gathers(u) for u in parts)

    # -- structure --------------------------------------------------------------------------------

    def machine(self, expr: Expr) -> Machine:
        """The machine of a formula; NoForm where it has none."""
        simple = self._local_machine(expr)
        if simple is not None:
            return simple
        match expr:
            case Sum(terms):
                return Either((Fraction(1), self.machine(term)) for term in terms)
            case Product(factors):
                found = self.machine(factors[0])
                for factor in factors[1:]:
                    found = Both(found, self.machine(factor))
                return found
            case Total(of, by):
                return self.total(of, by)
            case Immediate(of, by):
                return self.immediate(of, by)
            case BigSum(index, lower, upper, body):
                return self._summed(index, lower, upper, body)
            case BigProduct(index, lower, upper, body):
                return self._repeated(index, lower, upper, body)
            case Power(base, Index(time)):
                return self._index_power(base, time)
            case Power(base, Number(n)) if n.denominator == 1 and 1 < n <= MOST_POWER:
                return self.machine(multiply([base] * int(n)) if n > 1 else base)
            case Quotient(above, below) if below != number(1):
                inverse = Quotient(number(1), below)
                if above == number(1):
                    raise NoForm(f"a division by {_shown(below)}")
                return Both(self.machine(above), self.machine(inverse))
            case Variable() if self.opened and self._is_aggregate(expr):
                return self.machine(self.shared[expr].body)
            case Variable() if self.opened == "all" and expr.name in self.steps:
                return self._value(expr)
            case _:
                raise NoForm(f"{_shown(expr)} has no form that every T shares")

    def _is_aggregate(self, v: Variable) -> bool:
        """Whether this is a closed quantity without time that is made of steps, as C = Σ L_t is."""
        return v in self.shared and v not in self.plain and not self.shared[v].is_abstract

    def _summed(self, index: str, lower: Time, upper: Time, body: Expr) -> Machine:
        fresh = next(self._fresh)
        body = move(body, {index: Time.of(fresh)})
        self.windows.need(Time.of(fresh))
        low, high = self.windows.need(lower), self.windows.need(upper)
        return Summed(fresh, low, high, self.machine(body), self.windows)

    def _repeated(self, index: str, lower: Time, upper: Time, body: Expr) -> Machine:
        """Π over steps of what one step contributes."""
        derives = any(isinstance(x, Total | Immediate) for x in walk(body))
        if derives and self.start:
            raise NoForm("a Π of derivatives where the first states are given")
        if any(isinstance(x, BigSum | BigProduct | Transpose) for x in walk(body)):
            raise NoForm("a Σ or Π under a Π")
        if any(index in free_letters(x) for x in walk(body) if isinstance(x, Index)):
            raise NoForm("an index as a number under a Π")
        times = list(_times(body))
        if any(time.letters != ((index, 1),) for time in times):
            raise NoForm("a factor of a Π that names other steps than its own")
        top = max((time.shift for time in times), default=0)
        latest = Time.of(index, top)
        delay, _ = _of_one_step(self.local(body, latest, None, 0))
        low = self.windows.need(lower + (top - delay))
        high = self.windows.need(upper + (top - delay))
        self.windows.need(END - delay)

        def factor(segment: Segment) -> Polynomial:
            absolute, _ = self.region(segment)
            at = None if absolute is None else absolute + delay
            over = max(0, delay - segment.distance(HORIZON))
            own, found = _of_one_step(self.local(body, latest, at, over))
            if own != delay and any(m or w for m, w in found):
                raise NoForm("a factor of a Π that the first steps give another form")
            return found

        return Repeated(low, high, factor)

    def _index_power(self, base: Expr, time: Time) -> Machine:
        """θ^{t-k}: one factor θ for each step from k + 1 to t; θ^{2T}: two for each step."""
        above = [a for a, n in time.letters for _ in range(n)]
        below = [a for a, n in time.letters for _ in range(-n)]
        if not above or len(below) > len(above) or len(above) > MOST_FACTORS:
            raise NoForm("an exponent that is no difference of indices")
        found: Machine | None = None
        for i, letter in enumerate(above):
            low = Time.of(below[i]) if i < len(below) else Time.at(0)
            high = Time.of(letter, time.shift if not i else 0)
            part = self._repeated(next(self._fresh), low + 1, high, base)
            found = part if found is None else Both(found, part)
        assert found is not None
        return found

    # -- what belongs to one step -------------------------------------------------------------------

    def _local_machine(self, expr: Expr) -> Machine | None:
        """A formula that names steps at fixed distances from each other, as schedules."""
        if any(isinstance(x, Total | BigSum | BigProduct | Transpose) for x in walk(expr)):
            return None
        if any(isinstance(x, Power) and isinstance(x.exponent, Index) for x in walk(expr)):
            return None
        if self.opened and any(self._is_aggregate(v) for v in variables(expr)):
            return None
        times = list(_times(expr))
        linear = self.opened == "all"
        if linear and any(v.name in self.steps and v.time for v in variables(expr)):
            return None
        if not times:
            return Constant(self.local(expr, Time.at(0), None, 0))
        base = times[0].letters
        if any(t.letters != base for t in times):
            return None
        latest = Time(base, max(t.shift for t in times))
        return Emission(self.windows.need(latest), lambda s: self._schedules(expr, latest, s))

    def _schedules(self, expr: Expr, latest: Time, segment: Segment) -> list[Schedule]:
        absolute, over = self.region(segment)
        return self._scheduled(self.local(expr, latest, absolute, over))

    def region(self, segment: Segment) -> tuple[int | None, int]:
        """The time of a segment where it is an early one, and how far it lies beyond T."""
        early = -segment.distance(ORIGIN)
        _, most = self.windows.span(ORIGIN)
        least, _ = self.windows.span(ORIGIN)
        absolute = early if least <= -early <= most else None
        return absolute, max(0, -segment.distance(HORIZON))

    def _scheduled(self, polynomial: Polynomial) -> list[Schedule]:
        return [schedule_of(key, c) for key, c in polynomial.items()]

    def local(self, expr: Expr, latest: Time, absolute: int | None, over: int) -> Polynomial:
        """A formula as a polynomial whose symbols carry their delay after `latest`: h@1."""

        def go(part: Expr) -> Polynomial:
            match part:
                case _Atom():
                    return self._atom(part, delay)
                case Number(value):
                    return polynomials.number(value)
                case Index(time):
                    return self._index(time)
                case Variable(name, None, None):
                    if self.opened and part in self.shared and part in self.plain:
                        return go(self.shared[part].body)
                    return polynomials.symbol(SHARED + name)
                case Variable(name, time, None):
                    assert time is not None
                    inner = self.opened == "step" and part.name in self.inner
                    if inner and not early(part.name, time):
                        return go(move(self.steps[name].body, {STEP: time}))
                    return polynomials.symbol(f"{name}@{delay(time)}")
                case Sum(terms):
                    return polynomials.plus(map(go, terms))
                case Product(factors):
                    found = polynomials.ONE
                    for factor in factors:
                        found = polynomials.times(found, go(factor))
                    return found
                case Quotient(a, b):
                    return polynomials.times(go(a), self._inverse(go(b)))
                case Power(base, Number(n)) if n.denominator == 1 and abs(n) <= MOST_POWER:
                    return _power(go(base), int(n), self._inverse)
                case Immediate(of, by):
                    assert of.time is not None or of in self.shared
                    return self._edge(of, by, latest, absolute, over)
                case Total(of, by):
                    return self._all_paths(of, by, latest, absolute, over)
                case Call() | Power():
                    return self._opaque(part, latest)
                case _:
                    raise NoForm(f"{_shown(part)} has no form that every T shares")

        def early(name: str, time: Time) -> bool:
            here = None if absolute is None else absolute - delay(time)
            before = here is not None and here < self.model.first[name]
            return before and (name, here) not in self.early

        def delay(time: Time) -> int:
            apart = latest - time
            if not apart.is_number or apart.shift < 0:
                raise NoForm("an index at no fixed distance")
            return apart.shift

        return go(expr)

    def _atom(self, atom: Variable, delay: Callable[[Time], int]) -> Polynomial:
        assert atom.time is not None
        name = f"{atom.name}@{delay(atom.time)}"
        return polynomials.symbol(name) if self.commuting else polynomials.atom(name)

    def _all_paths(
        self, of: Variable, by: Variable, latest: Time, absolute: int | None, over: int
    ) -> Polynomial:
        """∂of/∂by between two steps at a fixed distance: finitely many paths."""
        if of == by:
            return polynomials.ONE
        if of.time is None or by.time is None or not (of.time - by.time).is_number:
            raise NoForm("a total derivative with paths of any length")
        if (of.time - by.time).shift < 0:
            return polynomials.ZERO
        delay = (latest - of.time).shift
        own = None if absolute is None else absolute - delay
        terms = []
        for polynomial, used, lag in self.rows_of(of.name, own, over - delay > 0):
            if not used.startswith(SHARED):
                rest = Variable(used, of.time - lag)
                tail = self._all_paths(rest, by, latest, absolute, over)
                terms.append(polynomials.times(_delayed(polynomial, delay), tail))
        return polynomials.plus(terms)

    def _index(self, time: Time) -> Polynomial:
        found = polynomials.number(time.shift)
        for letter, n in time.letters:
            if letter != HORIZON and letter not in self.letters:
                raise NoForm(f"the index {letter} of a Σ stands as a number")
            term = polynomials.symbol(f"{SHARED}\\index {letter}")
            found = polynomials.plus((found, polynomials.times(polynomials.number(n), term)))
        return found

    def _inverse(self, value: Polynomial) -> Polynomial:
        found = polynomials.inverse_of_term(value)
        if found is None:
            raise NoForm("a division by a sum")
        return found

    def _opaque(self, expr: Expr, latest: Time) -> Polynomial:
        """A formula with no polynomial form as one symbol or atom, named by what it says."""
        expr = self.recognised(expr)
        if isinstance(expr, Variable | Immediate):
            return self.local(expr, latest, None, 0)
        times = list(_times(expr))
        base = times[0].letters if times else ()
        if any(t.letters != base for t in times):
            raise NoForm("a function of several steps")
        numbers = {a for x in walk(expr) if isinstance(x, Index) for a in free_letters(x)}
        if numbers - {a for a, _ in base} - self.letters - {HORIZON}:
            raise NoForm("the index of a Σ stands in a function")
        if not times:
            return self._named(expr, f"{SHARED}{_key(expr, Time.at(0))}", None)
        own = Time(base, max(t.shift for t in times))
        apart = latest - own
        if not apart.is_number or apart.shift < 0:
            raise NoForm("an index at no fixed distance")
        return self._named(expr, _key(expr, own), apart.shift)

    def _named(self, expr: Expr, name: str, delay: int | None) -> Polynomial:
        suffix = "" if delay is None else f"@{delay}"
        abstract = isinstance(expr, Call) and expr.function not in SLOPE and bool(expr.slots)
        if abstract and not self.commuting:
            return polynomials.atom(name.removeprefix(SHARED) + suffix)
        return polynomials.symbol(name + suffix)

    def recognised(self, expr: Expr) -> Expr:
        """A call that is the body of a definition as the variable that it defines."""
        if not isinstance(expr, Call):
            return expr
        found = self.resolver.canonical(expr)
        return self._as_variable(found) if isinstance(found, Call) else found

    def _as_variable(self, call: Call) -> Expr:
        for d in (*self.model.steps, *self.model.shared):
            step = _moved_onto(d.body, call)
            if step is not None:
                return move(d.target, {STEP: step}) if d.target.time else d.target
        return call

    # -- derivatives --------------------------------------------------------------------------------

    def _edge(
        self, of: Variable, by: Variable, latest: Time, absolute: int | None, over: int
    ) -> Polynomial:
        """∂⁺of/∂by as schedules, at the region of its own step."""
        if by.copy is not None or of.copy is not None:
            raise NoForm("an immediate derivative by one step's copy")
        if of.time is None:
            return self._edge_of_shared(of, by, latest, absolute, over)
        delay = latest - of.time
        if not delay.is_number or delay.shift < 0:
            raise NoForm("an index at no fixed distance")
        own = None if absolute is None else absolute - delay.shift
        for schedule_key, used, lag in self.rows_of(of.name, own, over - delay.shift > 0):
            same = used == by.name if by.time is not None else used == SHARED + by.name
            apart = of.time - by.time if by.time is not None else Time.at(0)
            if same and apart == Time.at(lag):
                return _delayed(schedule_key, delay.shift)
        if by.time is not None and not (of.time - by.time).is_number:
            raise NoForm("an immediate derivative between two free steps")
        return polynomials.ZERO

    def _edge_of_shared(
        self, of: Variable, by: Variable, latest: Time, absolute: int | None, over: int
    ) -> Polynomial:
        """∂⁺C/∂by: a symbol of its own where C is one application of an abstract function."""
        d = self.shared[of]
        if by.time is not None and _may_name(d.body, by):
            raise NoForm("an immediate derivative by one of several steps")
        if by not in set(variables(d.body)):
            return polynomials.ZERO
        if not d.is_abstract:
            slope = explicit_or_none(d.body, by)
            return self.local(slope, latest, absolute, over)
        if by.time is None:
            return self._named(Call(of.name, (), (1,)), f"{SHARED}∂{of.name}/∂{by.name}", None)
        delay = latest - by.time
        if not delay.is_number or delay.shift < 0:
            raise NoForm("an index at no fixed distance")
        name = f"∂{of.name}/∂{by.name}"
        return self._named(Call(of.name, (), (1,)), name, delay.shift)

    def _rows_of(
        self, name: str, absolute: int | None, beyond: bool
    ) -> tuple[tuple[Polynomial, str, int], ...]:
        """The edges into a variable: slope, what is used ($ before a shared name), lag."""
        if beyond:
            return ()
        d, now = self._definition(name, absolute)
        if d is None:
            return ()
        found = []
        for v in dict.fromkeys(variables(d.body)):
            slope = self._slope(d, v)
            _refuse_index(slope)
            polynomial = self.local(slope, now, absolute, 0)
            if v.time is None:
                found.append((polynomial, SHARED + v.name, 0))
            else:
                found.append((polynomial, v.name, (now - v.time).shift))
        return tuple(found)

    def _definition(self, name: str, absolute: int | None) -> tuple[Definition | None, Time]:
        """The definition that a variable has at a step, and the time in it that is the step."""
        for d in self.model.fixed:
            if (
                d.target.name == name
                and absolute is not None
                and d.target.time == Time.at(absolute)
            ):
                if any(
                    v.time and (Time.at(absolute) - v.time).shift < 0 for v in variables(d.body)
                ):
                    raise NoForm("an initial state that looks forward")
                return d, Time.at(absolute)
        first = self.model.first.get(name, 1)
        before = absolute is not None and absolute < first
        if name not in self.steps or (before and (name, absolute) not in self.early):
            return None, NOW
        d = self.steps[name]
        if any(isinstance(x, BigSum | BigProduct) for x in walk(d.body)):
            raise NoForm("a definition with a Σ inside")
        return d, NOW

    def _slope(self, d: Definition, v: Variable) -> Expr:
        """∂⁺target/∂v as a formula at the template's own step; an atom where it is abstract."""
        if d.is_abstract:
            at = Variable(f"∂{d.target.name}/{v.name}", d.target.time)
            lag = "" if v.time is None else str((_own(d) - v.time).shift)
            fixed = (
                "" if d.target.time == NOW else f"!{d.target.time.shift if d.target.time else ''}"
            )
            return _Atom(f"{at.name}-{lag}{fixed}", d.target.time)
        slope = explicit(d.body, v)
        if isinstance(d.body, Call) and d.body.function in SLOPE:
            slope = replace(slope, {d.body: d.target})
        return slope

    def immediate(self, of: Variable, by: Variable) -> Machine:
        """∂⁺of/∂by where the two steps lie at no fixed distance."""
        if of.time is None or by.time is None:
            raise NoForm("an immediate derivative of what has no time")
        at, target = self.windows.need(of.time), by.time
        for lag in range(self.lag + 1):
            self.windows.need(target + lag)

        def schedules(segment: Segment) -> Iterator[Schedule]:
            absolute, over = self.region(segment)
            for polynomial, used, lag in self.rows_of(of.name, absolute, over > 0):
                letter, offset = self.windows.need(target + lag)
                if used == by.name and segment.side(letter, offset) == 0:
                    yield from self._scheduled(polynomial)

        return Emission(at, schedules)

    def total(self, of: Variable, by: Variable) -> Machine:
        """∂of/∂by over all paths."""
        if of.time is None:
            return self._total_of_shared(of, by)
        if by.time is None:
            return self._total_by_shared(of, by)
        at, target = self.windows.need(of.time), self.windows.need(by.time)

        def rows(name: str, segment: Segment) -> Iterator[Row]:
            absolute, over = self.region(segment)
            for polynomial, used, lag in self.rows_of(name, absolute, over > 0):
                if not used.startswith(SHARED):
                    for schedule in self._scheduled(polynomial):
                        yield schedule, used, lag

        return Path((of.name, at), (by.name, target), rows)

    def _total_of_shared(self, of: Variable, by: Variable) -> Machine:
        """The cost and what else has no time: by its own formula."""
        if of not in self.shared:
            return Constant(polynomials.ZERO)
        try:
            derivative = self.resolver.of_formula(self.shared[of].body, by)
        except DeriveError as error:
            raise NoForm(error.sentence) from None
        return self.machine(derivative)

    def _total_by_shared(self, of: Variable, by: Variable) -> Machine:
        """Paths that end in the parameter, or in what is made of it without time."""
        parts = [(Fraction(1), self._ending(of, by.name))]
        for target, d in self.shared.items():
            if target == by or any(v.time for v in variables(d.body)):
                continue
            inner = self.resolver.of_formula(d.body, by)
            if inner == ZERO:
                continue
            parts.append((Fraction(1), Both(self._ending(of, target.name), self.machine(inner))))
        return Either(parts)

    def _ending(self, of: Variable, parameter: str) -> Machine:
        assert of.time is not None

        def rows(name: str, segment: Segment) -> Iterator[Row]:
            absolute, over = self.region(segment)
            for polynomial, used, lag in self.rows_of(name, absolute, over > 0):
                goal = used == SHARED + parameter
                if goal or not used.startswith(SHARED):
                    for schedule in self._scheduled(polynomial):
                        yield schedule, None if goal else used, lag

        return Path((of.name, self.windows.need(of.time)), None, rows)

    # -- values of linear definitions ----------------------------------------------------------------

    def _value(self, v: Variable) -> Machine:
        """A variable put in by its linear definitions, down to inputs and initial states."""
        assert v.time is not None
        return Path((v.name, self.windows.need(v.time)), None, self._terms_of)

    def _terms_of(self, name: str, segment: Segment) -> Iterator[Row]:
        absolute, over = self.region(segment)
        if over:
            return
        d, now = self._definition(name, absolute)
        if d is None:
            yield schedule_of((((f"{name}@0", 1),), ()), Fraction(1)), None, 0
            return
        if d.is_abstract:
            raise NoForm("an abstract definition cannot be put in")
        _refuse_index(d.body)
        for (monomial, word), c in self.local(d.body, now, absolute, 0).items():
            inner = [(s, n) for s, n in monomial if _stem(s) in self.steps]
            if sum(n for _, n in inner) > 1 or any(n < 0 for _, n in inner) or word:
                raise NoForm("a definition that is not linear in what it looks back to")
            rest = tuple(p for p in monomial if p not in inner)
            schedule = schedule_of((rest, ()), c)
            if inner:
                symbol = inner[0][0]
                yield schedule, _stem(symbol), int(symbol.rsplit("@", 1)[1])
            else:
                yield schedule, None, 0


class _Atom(Variable):
    """A stand-in for an immediate derivative inside a slope."""


def explicit_or_none(body: Expr, by: Variable) -> Expr:
    """∂body/∂by; NoForm where no rule gives it."""
    try:
        return explicit(body, by)
    except DeriveError as error:
        raise NoForm(error.sentence) from None


def schedule_of(key: Key, coefficient: Fraction) -> Schedule:
    """A term whose symbols carry delays, as what is emitted when; atoms without delay stand first."""
    monomial, word = key
    shared = tuple(p for p in monomial if p[0].startswith(SHARED))
    parts: dict[int, tuple[list[tuple[str, Fraction | int]], list[str]]] = {}
    for name, n in monomial:
        if not name.startswith(SHARED):
            stem, _, delay = name.rpartition("@")
            parts.setdefault(int(delay), ([], []))[0].append((stem, n))
    last = 0
    for name in word:
        stem, mark, delay = name.rpartition("@")
        if not mark:
            stem, delay = name, "0"
        if int(delay) < last:
            raise NoForm("a factor of an earlier step stands before one of a later step")
        last = int(delay)
        parts.setdefault(last, ([], []))[1].append(stem)
    ordered = tuple(
        (delay, (tuple(sorted(m)), tuple(w))) for delay, (m, w) in sorted(parts.items())
    )
    return Schedule({(shared, ()): coefficient}, ordered)


def _delayed(polynomial: Polynomial, by: int) -> Polynomial:
    """All delays of a polynomial longer by some steps."""
    if not by:
        return polynomial

    def later(name: str) -> str:
        if name.startswith(SHARED):
            return name
        stem, _, delay = name.rpartition("@")
        return f"{stem}@{int(delay) + by}"

    return {
        (tuple(sorted((later(s), n) for s, n in monomial)), tuple(map(later, word))): c
        for (monomial, word), c in polynomial.items()
    }


def _of_one_step(polynomial: Polynomial) -> tuple[int, Polynomial]:
    """The one delay that all symbols have (0 where there is none), and the polynomial without it."""
    delays: set[int] = set()
    found: dict[Key, Fraction] = {}
    for key, c in polynomial.items():
        schedule = schedule_of(key, c)
        delays |= {delay for delay, _ in schedule.parts}
        (shared, _), c = next(iter(schedule.coefficient.items()))
        own = schedule.parts[0][1] if schedule.parts else ((), ())
        found[polynomials.merged(shared, own[0]), own[1]] = c
    if len(delays) > 1:
        raise NoForm("a factor of a Π that mixes two steps")
    return (delays.pop() if delays else 0), found


def _power(base: Polynomial, n: int, inverse: object) -> Polynomial:
    found = polynomials.ONE
    for _ in range(abs(n)):
        found = polynomials.times(found, base)
    if n >= 0:
        return found
    turned = polynomials.inverse_of_term(found)
    if turned is None:
        raise NoForm("a division by a sum")
    return turned


def _times(expr: Expr) -> Iterator[Time]:
    """The times of all variables in a formula, those of its derivatives included."""
    for part in walk(expr):
        match part:
            case Variable(_, time, _) if time is not None:
                yield time
            case Total(of, by) | Immediate(of, by):
                yield from (v.time for v in (of, by) if v.time is not None)


def _key(expr: Expr, own: Time) -> str:
    """A name for a formula that does not depend on which step it stands at."""
    letters = [a for a, _ in own.letters]
    expr = move(expr, {a: Time.of("\\own", -own.shift) for a in letters})
    return f"«{expr!r}»".replace("@", "")


def _moved_onto(body: Expr, call: Call) -> Time | None:
    """The step at which a definition's body is this very call."""
    if not isinstance(body, Call) or body.function != call.function or body.slots:
        return None
    ours, theirs = list(_times(body)), list(_times(call))
    if len(ours) != len(theirs):
        return None
    if not ours:
        return NOW if body == call else None
    step = theirs[0] - (ours[0] - NOW)
    return step if move(body, {STEP: step}) == call else None


def _defined_early(model: Recurrence) -> Iterator[tuple[str, int]]:
    """The steps before the first that a cost brings in, as Σ from t = 0 does L_0."""
    given = {d.target for d in model.fixed}
    for v in unrolled(model, least_horizon(model)).bodies:
        if v.time is not None and v not in given and v.time.shift < model.first.get(v.name, 1):
            yield v.name, v.time.shift


def _refuse_index(expr: Expr) -> None:
    """NoForm where the step of a definition stands in it as a number, or in an exponent."""
    if any(isinstance(x, Index) and STEP in free_letters(x) for x in walk(expr)):
        raise NoForm("a definition in which its step stands as a number")


def _may_name(body: Expr, by: Variable) -> bool:
    """Whether a formula without time names `by` at some step that only T and t decide."""
    assert by.time is not None
    for v in variables(body):
        if v.name == by.name and v.time is not None and v != by:
            apart = v.time - by.time
            if not apart.is_number or _has_big(body):
                return True
    return _has_big(body) and any(v == by for v in variables(body))


def _has_big(expr: Expr) -> bool:
    return any(isinstance(x, BigSum | BigProduct) for x in walk(expr))


def _own(d: Definition) -> Time:
    assert d.target.time is not None
    return d.target.time


def _stem(symbol: str) -> str:
    return symbol.rpartition("@")[0]


def _shown(expr: Expr) -> str:
    try:
        return latex(expr)
    except TypeError:
        return "a formula"
