"""Derivatives of vectors and matrices, unfolded by the chain rule at a node (DESIGN, section 2).

Totals of the states that later steps look back to are symbols of their own, unless they are to be unfolded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from derive.algebra.expression import (
    BigSum,
    Expr,
    Immediate,
    Index,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Variable,
    move,
    walk,
)
from derive.model.recurrence import HORIZON, NOW, Recurrence, variables
from derive.model.shapes import (
    SOFTMAX,
    is_literal,
)
from derive.verify.entries import Closings, Entries
from derive.verify.frames import Frame
from derive.verify.networks import (
    DELTA,
    Atom,
    Network,
    Raw,
    fresh,
    joined,
    raw,
    single,
)
from derive.verify.tape import NoForm
from derive.verify.tensors import Tensor

# Whether the totals of ("of"), or by ("by"), a state are unfolded.
Unfold = Callable[[str, Variable], bool]


class Unfolded(Entries):
    """Entries of formulas with derivatives; `unfold` says of which states totals are unfolded too."""

    def __init__(
        self,
        model: Recurrence,
        frame: Frame,
        closings: Closings,
        unfold: Unfold = lambda role, v: False,
        assumed: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(model, frame, closings, assumed)
        self.unfold = unfold
        self._totals: dict[tuple[Variable, Variable], Network] = {}
        self._local: dict[tuple[Variable, Variable], Network] = {}
        self._partial: dict[tuple[Atom, Variable], Network] = {}

    def derived(self, expr: Total | Immediate) -> Network:
        """The entries of a derivative, the indices of what is derived first."""
        total = isinstance(expr, Total)
        return self.total(expr.of, expr.by) if total else self.local(expr.of, expr.by)

    # -- derivatives ------------------------------------------------------------------------------

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
        terms = self.counted(joined(left, right), between, (None,) * middle)
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
        return self.all_of(parts, a + b)

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
        return self.all_of(parts, a + b)

    def _may_depend(self, u: Variable, by: Variable) -> bool:
        return u == by or self.body(u) is not None

    def local(self, of: Variable, by: Variable) -> Network:
        """∂⁺of/∂by: the definition of `of` differentiated by `by` alone, entry by entry."""
        key = of, by
        if key not in self._local:
            body = self.body(of)
            if body is None:
                self._local[key] = ()
            elif self.is_abstract(of):
                self._local[key] = self._edge(of, by, body)
            else:
                self._local[key] = self._of_definition(body, by, self.rank(of.name))
        return self._local[key]

    def _of_definition(self, body: Expr, by: Variable, rank: int) -> Network:
        """The derivative of a definition as it stands; what other definitions name is named at the end."""
        naming, self.naming = self.naming, False
        try:
            found = self._slope_of(body, by)
        finally:
            self.naming = naming
        return self.renamed(found, rank + self.rank(by.name))

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
                return self.all_of((self._slope_of(term, by) for term in terms), rank)
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
        return self.all_of(found, rank)

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
            case "number" | "size" | "δ" | "block" | "entry":
                return ()
            case "call" if atom.name == SOFTMAX:
                return self._softmax_partial(atom, by)
            case "call":
                inner = self.partial(atom.inside, rank, by)
                if not inner:
                    return ()
                slope = self.slope_of(atom.name, atom.inside, rank)
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
        value = self.value_of(SOFTMAX, Tensor((None,), (), atom.inside))
        last = tuple(range(1, 1 + b))
        k = fresh()
        straight = joined(raw(value, (0,)), raw(inner, (0, *last)))
        spread = joined(raw(value, (0,)), raw(value, (k,)), raw(inner, (k, *last)))
        return self.collected([*straight, *((f, s, -c) for f, s, c in spread)], 1 + b)
