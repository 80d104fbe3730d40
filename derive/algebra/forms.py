"""Normal forms: sums of products of entries, equal if and only if they are one object up to the names of bound indices.

A term is a coefficient, atoms to powers, and indices that are summed over. Everything here is a rewriting that holds for all
sizes and all horizons; nothing is tried with numbers. `NoForm` where a limit is met.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations
from itertools import product as choices
from math import factorial

from derive.algebra.core import (
    DOWN,
    MINUS,
    ONE,
    ZERO,
    Add,
    App,
    Arg,
    At,
    Big,
    Case,
    Chain,
    Core,
    D,
    Delta,
    Fn,
    Inverse,
    Known,
    Limit,
    Lost,
    Mul,
    Num,
    Pow,
    Ref,
    Size,
    Solved,
    Stack,
    Where,
    add,
    bones,
    fresh,
    letters_in,
    move,
    mul,
    num,
    rebuild,
)
from derive.algebra.expression import Time
from derive.algebra.limits import NoLimit, limit_of

MOST_TERMS = 1500
MOST_POWER = 12
MOST_UNROLLED = 12
MOST_WAYS = 120
MOST_STEPS = 2500
WITH_NOISE = 4  # times as many, where the moments of noise make most of the terms 0


class NoForm(Exception):
    """Too large for a normal form, or with something that has none."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A letter that is summed over: all of a component index `dim`, or from `lower` to `upper`."""

    letter: str
    dim: str | None = None
    lower: Time | None = None
    upper: Time | None = None


class _Kept:
    """What a term remembers of itself: how it is spelled."""

    __slots__ = ("_spelled",)
    _spelled: Core


@dataclass(frozen=True, slots=True)
class Term(_Kept):
    """coefficient × Π atom^power, summed over `bounds`. A power is a whole number or an index."""

    coefficient: Fraction
    factors: tuple[tuple[Core, Time], ...] = ()
    bounds: tuple[Bound, ...] = ()


UNIT = Time.at(1)
MOST_SUMS = 2
Find = Callable[[str], str]


class Forms:
    """Normal forms of formulas; `find` names a dimension, `rewrite` may replace an atom (the model's lemmas)."""  # noqa: E501

    def __init__(self, find: Find = str) -> None:
        self.find = find
        self.apart: Callable[[Time], bool] = _never
        self.sizes: Mapping[str, str] = {}  # the letters of sizes: N, which counts the x_i
        self.ones: frozenset[str] = frozenset()  # families that add up to 1 over their last index
        self.moments: Callable[[tuple[Ref, ...]], tuple[Term, ...] | None] | None = None  # of noise
        self._known: dict[Core, tuple[Term, ...]] = {}
        self._supposed: dict[object, dict[Core, tuple[Term, ...]]] = {}
        self._steps = 0

    def suppose(self, apart: Callable[[Time], bool], said: object) -> None:
        """Which indices differ; `said` names what that and the sums of 1 rest on: what it makes of formulas is kept."""  # noqa: E501
        self.apart = apart
        self._known = self._supposed.setdefault((said, self.ones), {})

    @property
    def _most_steps(self) -> int:
        return MOST_STEPS * (1 if self.moments is None else WITH_NOISE)

    # -- expansion ----------------------------------------------------------------------------------

    def terms(self, x: Core) -> tuple[Term, ...]:
        """The canonical terms of a formula."""
        if isinstance(x, Ref) or (isinstance(x, D) and isinstance(x.of, Ref)):
            return (_atom(x),)
        found = self._known.get(x)
        if found is None:
            found = self._known[x] = self._terms(x)
        return found

    def _terms(self, x: Core) -> tuple[Term, ...]:
        if isinstance(x, Add):
            return self._added(t for part in x.terms for t in self.terms(part))
        if isinstance(x, Mul):
            parts = [self.terms(f) for f in x.factors]
            scale, rest = Fraction(1), []
            for terms in parts:
                if len(terms) == 1 and not terms[0].factors and not terms[0].bounds:
                    scale *= terms[0].coefficient
                else:
                    rest.append(terms)
            if len(rest) == 1:
                return tuple(_scaled_by(scale, t) for t in rest[0])
            return self.collected(_scaled_by(scale, t) for t in self._product(rest))
        return self.collected(self._expanded(x))

    def form(self, x: Core) -> Core:
        """The formula in normal form, as a formula; its terms are known."""
        terms = self.terms(x)
        spelled = tuple(map(self.spelled, terms))
        made, known = add(spelled), self._known
        known.setdefault(made, terms)
        if len(terms) > 1:  # a rule that changes one of them leaves the others as they are
            for one, term in zip(spelled, terms, strict=True):
                known.setdefault(one, (term,))
        return made

    def is_zero(self, x: Core) -> bool:
        """Whether a formula is identically 0, denominators cleared."""
        return self._vanishes(self.terms(x), MOST_SUMS)

    def _vanishes(self, terms: tuple[Term, ...], sums: int) -> bool:
        for _ in range(6):
            if not terms:
                return True
            cleared = self._cleared(terms)
            if cleared is None:
                inside = self._summands(terms) if sums else None
                return inside is not None and self._vanishes(inside, sums - 1)
            terms = cleared
        return not terms

    def _summands(self, terms: tuple[Term, ...]) -> tuple[Term, ...] | None:
        """What one Σ that all terms stand under sums, a denominator in it: where that is 0, so are the sums of it."""  # noqa: E501
        letter, found = fresh(), []
        over: Bound | None = None
        for t in terms:
            below = {
                x
                for a, p in t.factors
                if p.is_number and p.shift < 0 and _is_denominator(a)
                for x in letters_in(a)
            }
            inner = {b.letter for b in t.bounds}
            free = [b for b in t.bounds if not _letters_of_ends(b) & inner]
            own = [b for b in free if b.letter in below] or free
            if len(own) != 1:
                return None
            (bound,) = own
            over = over or replace(bound, letter=letter)
            if replace(bound, letter=letter) != over:
                return None
            rest = replace(t, bounds=tuple(b for b in t.bounds if b is not bound))
            found.append(_renamed(rest, {bound.letter: Time.of(letter)}))
        return self.collected(found)

    def _expanded(self, x: Core) -> Iterable[Term]:
        match x:
            case Num(value):
                return [Term(value)] if value else []
            case Add() | Mul():
                return self.terms(x)
            case Pow(base, exponent):
                return self._power(base, exponent)
            case Fn(name, args):
                return self._function(name, args)
            case At(index):
                return self._index(index)
            case Big():
                return self._big(x)
            case Delta(a, b) if self.apart(a - b):
                return []
            case Delta(a, b):
                return (
                    [Term(Fraction(1), ((Delta(*sorted((a, b), key=repr)), UNIT),))]
                    if not (a - b).is_number
                    else [Term(Fraction(int(a == b)))]
                )
            case Case():
                return self._case(x)
            case App(name, args, index, slots):
                made = App(
                    name,
                    tuple(Arg(*self._argument(a)) for a in args),
                    index,
                    tuple(sorted(slots, key=repr)),
                )
                return [_atom(made)]
            case Size(dim):
                return self._size(dim)
            case Stack(index, parts) if (
                index.is_number
                and 1 <= index.shift <= len(parts)
                and all(self.find(d) == "1" for _, d, _ in parts)
            ):
                letter, _, body = parts[index.shift - 1]
                return self.terms(move(body, {letter: Time.at(1)}))
            case Stack(index, parts):
                return [_atom(Stack(index, tuple((*self._part(i, d, b),) for i, d, b in parts)))]
            case D(of, by, mode, names):
                return [_atom(D(of if isinstance(of, Ref) else self.form(of), by, mode, names))]
            case Chain(letter, lower, upper, row, col, dim, body, at, down):  # noqa: F841
                return self._chain(x)
            case Inverse(row, col, dim, body, at):
                table = {row: "\\,r", col: "\\,c"}
                moved = move(body, {a: Time.of(b) for a, b in table.items()})
                return [_atom(Inverse("\\,r", "\\,c", self.find(dim), self.form(moved), at))]
            case Ref() | Known():
                return [_atom(x)]
            case Solved():
                return [_atom(x)]
            case Where(body, values):
                return self._where(body, values)
            case Limit():
                return self._limit(x)
            case Lost():
                raise NoForm("something that was not understood")
            case _:
                raise NoForm(f"no form for {type(x).__name__}")

    def _where(self, body: Core, values: tuple[tuple[Ref, Core], ...]) -> Iterable[Term]:
        """Put in once no derivative is left, nor a member that is still to be opened: the prover opens all of `body` first."""  # noqa: E501
        inner = self.form(body)
        from derive.algebra.core import walk

        if any(isinstance(p, D) for p in walk(inner)) or any(
            isinstance(p, Ref) and p not in dict(values) for p in walk(inner)
        ):
            return [_atom(Where(inner, tuple((r, self.form(v)) for r, v in values)))]
        return self.terms(_put(inner, dict(values)))

    def _limit(self, x: Limit) -> Iterable[Term]:
        """What it tends to, where calculus says so; else itself."""
        try:
            return self.terms(limit_of(x, self))
        except (NoLimit, NoForm):
            return [_atom(Limit(x.variable, self.form(x.point), self.form(x.body)))]

    def _argument(self, a: Arg) -> tuple[tuple[str, ...], tuple[str, ...], Core]:
        names = tuple(f"\\,a{i}" for i in range(len(a.letters)))
        body = move(a.body, {old: Time.of(new) for old, new in zip(a.letters, names, strict=True)})
        return names, tuple(map(self.find, a.dims)), self.form(body)

    def _part(self, letter: str, dim: str, body: Core) -> tuple[str, str, Core]:
        return "\\,p", self.find(dim), self.form(move(body, {letter: Time.of("\\,p")}))

    def _size(self, dim: str) -> Iterable[Term]:
        dim = self.find(dim)
        if "+" in dim:
            return [t for d in dim.split("+") for t in self._size(d)]
        return [Term(Fraction(1))] if dim == "1" else [_atom(Size(dim))]

    def _index(self, index: Time) -> Iterable[Term]:
        found = [
            replace(t, coefficient=t.coefficient * n)
            for a, n in index.letters
            for t in (
                self._size(self.sizes[a])
                if a in self.sizes
                else [Term(Fraction(1), ((At(Time.of(a)), UNIT),))]
            )
        ]
        return [*found, Term(Fraction(index.shift))] if index.shift else found

    def _product(self, parts: list[tuple[Term, ...]]) -> list[Term]:
        result = [Term(Fraction(1))]
        for terms in parts:
            if len(result) * len(terms) > MOST_TERMS:
                raise NoForm(f"more than {MOST_TERMS} terms")
            result = [_times(a, b) for a in result for b in terms]
        return result

    def _power(self, base: Core, exponent: Core) -> Iterable[Term]:
        if isinstance(exponent, Num) and exponent.value.denominator == 1:
            return self._whole_power(base, int(exponent.value))
        terms = self.terms(base)
        if isinstance(exponent, At) and len(terms) == 1 and not terms[0].bounds:
            return [self._raised(terms[0], exponent.index)]
        if isinstance(exponent, At):
            return [Term(Fraction(1), ((self.form(base), exponent.index),))]
        if isinstance(exponent, Num) and exponent.value.denominator == 2 and terms:
            return self._half_power(base, terms, exponent.value.numerator)
        made = self.terms(exponent)
        if len(made) == 1 and made[0].factors == () and made[0].coefficient.denominator == 1:
            return self._whole_power(base, int(made[0].coefficient))
        index = _as_index(made)
        if index is not None:
            return self._power(base, At(index))
        if base == Known("e"):
            return self._exponential(exponent)
        return [_atom(Pow(self.form(base), self.form(exponent)))]

    def _half_power(self, base: Core, terms: tuple[Term, ...], n: int) -> Iterable[Term]:
        """x^{n/2}, n odd: a power of the root of x."""
        if len(terms) > 1 or terms[0].bounds:
            return [Term(Fraction(1), ((Fn("\\sqrt", (self.form(base),)), Time.at(n)),))]
        if n == 1:
            return self._root(terms[0])
        return self._whole_power(Fn("\\sqrt", (base,)), n)

    def _root(self, term: Term) -> Iterable[Term]:
        inside = self.spelled(term)
        if (
            all(p.is_number and p.shift % 2 == 0 for _, p in term.factors)
            and term.coefficient == 1
            and len(term.factors) == 1
        ):
            return [
                _atom(Fn("\\abs", (Pow(term.factors[0][0], num(term.factors[0][1].shift // 2)),)))
            ]
        return [_atom(Fn("\\sqrt", (inside,)))]

    def _whole_power(self, base: Core, n: int) -> Iterable[Term]:
        terms = self.terms(base)
        if n == 0:
            return [Term(Fraction(1))]
        if abs(n) > 60:
            raise NoForm("a large exponent")
        if not terms:
            if n < 0:
                raise NoForm("a division by 0")
            return []
        if len(terms) == 1 and not terms[0].bounds:
            return [self._raised(terms[0], Time.at(n))]
        if n > 0:
            if n > MOST_POWER:
                raise NoForm("a large power of a sum")
            return self._product([terms] * n)
        lead = terms[0].coefficient
        plain = add(self.spelled(replace(t, coefficient=t.coefficient / lead)) for t in terms)
        return [Term(lead**n, ((plain, Time.at(n)),))]

    def _raised(self, term: Term, n: Time) -> Term:
        if n.is_number:
            factors = tuple((a, _scaled(p, n.shift)) for a, p in term.factors)
            return _tidied(Term(term.coefficient**n.shift, factors))
        factors = []  # type: ignore[assignment]
        for a, p in term.factors:
            if not p.is_number:
                raise NoForm("a power of a power")
            factors.append((a, _scaled(n, p.shift)))  # type: ignore[attr-defined]
        if term.coefficient != 1:
            factors.append((Num(term.coefficient), n))  # type: ignore[attr-defined]
        return _tidied(Term(Fraction(1), tuple(factors)))

    # -- functions ----------------------------------------------------------------------------------

    def _function(self, name: str, args: tuple[Core, ...]) -> Iterable[Term]:
        if name == "\\exp":
            return self._exponential(args[0])
        if name == "\\log":
            return self._logarithm(args[0])
        if name == "\\sqrt":
            return self._power(args[0], Num(Fraction(1, 2)))
        inside = tuple(self.form(a) for a in args)
        if name in ("max", "min"):
            return [_atom(Fn(name, tuple(sorted(inside, key=repr))))]
        (a,) = inside
        if name in ODD or name in EVEN or name == "\\sigma":
            return self._of_sign(name, a)
        if a == ZERO and name in ("\\relu", "\\abs"):
            return []
        if isinstance(a, Num) and name in ("\\relu", "\\abs", "\\step", "\\sign"):
            return self._of_number(name, a.value)
        if name in ("\\sign", "\\step") and isinstance(a, Fn) and a.name == "\\relu":
            return [_atom(Fn("\\step", a.args))]
        if name in ("\\relu", "\\step") and isinstance(a, Fn) and a.name in ("\\step", "\\relu"):
            return [_atom(a if name == "\\relu" else Fn("\\step", a.args))]
        return [_atom(Fn(name, (a,)))]

    def _of_number(self, name: str, value: Fraction) -> Iterable[Term]:
        table = {
            "\\relu": max(value, Fraction(0)),
            "\\abs": abs(value),
            "\\step": Fraction(int(value > 0)),
            "\\sign": Fraction((value > 0) - (value < 0)),
        }
        return [Term(table[name])] if table[name] else []

    def _of_sign(self, name: str, a: Core) -> Iterable[Term]:
        """f(-x) from f(x) where that is known, so that one of the two is canonical."""
        if a == ZERO:
            at_zero = {"\\cos": Fraction(1), "\\cosh": Fraction(1), "\\sigma": Fraction(1, 2)}.get(
                name, Fraction(0)
            )
            return [Term(at_zero)] if at_zero else []
        terms = self.terms(a)
        special = _of_pi(name, terms)
        if special is not None:
            return [Term(special)] if special else []
        shifted = _without_pi(terms)
        if name in ("\\sin", "\\cos") and shifted is not None:
            rest, odd = shifted
            inner = add(map(self.spelled, rest))
            return [
                replace(t, coefficient=-t.coefficient if odd else t.coefficient)
                for t in self._function(name, (inner,))
            ]
        if terms[0].coefficient > 0:
            return [_atom(Fn(name, (a,)))]
        plain = _atom(Fn(name, (self.form(mul((MINUS, a))),)))
        if name in EVEN:
            return [plain]
        if name in ODD:
            return [replace(plain, coefficient=Fraction(-1))]
        return [Term(Fraction(1)), replace(plain, coefficient=Fraction(-1))]

    def _exponential(self, argument: Core) -> Iterable[Term]:
        """exp of a sum is the product of the exps; exp(n x) is exp(x)^n; exp(n log x) is x^n."""
        factors: list[tuple[Core, Time]] = []
        for t in self.terms(argument):
            n, d = t.coefficient.numerator, t.coefficient.denominator
            if len(t.factors) == 1 and not t.bounds and d == 1:
                atom, p = t.factors[0]
                if isinstance(atom, Fn) and atom.name == "\\log" and p == UNIT:
                    factors.append((atom.args[0], Time.at(n)))
                    continue
            if not t.factors and not t.bounds:
                factors.append(
                    (Known("e") if d == 1 else Fn("\\exp", (Num(Fraction(1, d)),)), Time.at(n))
                )
                continue
            plain = self.spelled(replace(t, coefficient=Fraction(1, d)))
            factors.append((Fn("\\exp", (plain,)), Time.at(n)))
        return [_tidied(Term(Fraction(1), tuple(factors)))]

    def _logarithm(self, argument: Core) -> Iterable[Term]:
        """log of a product, where it has a value, is the sum of the logs."""
        terms = self.terms(argument)
        if len(terms) != 1 or terms[0].bounds or terms[0].coefficient <= 0:
            return [_atom(Fn("\\log", (self.form(argument),)))]
        (t,) = terms
        found: list[Term] = []
        for base, sign in ((t.coefficient.numerator, 1), (t.coefficient.denominator, -1)):
            found += [
                Term(Fraction(sign * n), ((Fn("\\log", (num(p),)), UNIT),))
                for p, n in _primes(base)
            ]
        for atom, p in t.factors:
            inner = self._log_of(atom)
            power = self.terms(At(p)) if not p.is_number else (Term(Fraction(p.shift)),)
            found += self._product([power, inner])
        return found

    def _log_of(self, atom: Core) -> tuple[Term, ...]:
        if isinstance(atom, Fn) and atom.name == "\\exp":
            return self.terms(atom.args[0])
        if atom == Known("e"):
            return (Term(Fraction(1)),)
        match atom:
            case Pow(base, exponent) if not isinstance(exponent, Num):
                return self.terms(mul((exponent, Fn("\\log", (base,)))))
            case Big("prod", letter, dim, lower, upper, body, without):
                inner = Fn("\\log", (body,))
                return self.terms(Big("sum", letter, dim, lower, upper, inner, without))
        return (_atom(Fn("\\log", (atom,))),)

    def _case(self, x: Case) -> Iterable[Term]:
        """A case on equal indices is a δ; the others are compared as they stand."""
        then, other = self.form(x.then), self.form(x.other)
        if then == other:
            return self.terms(then)
        if isinstance(x.left, At) and isinstance(x.right, At) and x.relation in ("=", "\\neq"):
            same = Delta(x.left.index, x.right.index)
            if x.relation == "\\neq":
                then, other = other, then
            return self.terms(add((mul((same, then)), other, mul((MINUS, same, other)))))
        apart = self.form(add((x.left, mul((MINUS, x.right)))))
        relation = x.relation
        terms = self.terms(apart)
        if terms and terms[0].coefficient < 0:
            apart = self.form(mul((MINUS, apart)))
            relation = {"<": ">", ">": "<", "\\leq": "\\geq", "\\geq": "\\leq"}.get(
                relation, relation
            )
        if relation in ("<", "\\leq"):
            relation, then, other = {"<": "\\geq", "\\leq": ">"}[relation], other, then
        if relation in (">", "\\geq") and (then, other) == (ONE, ZERO):
            return [_atom(Fn("\\step", (apart,)))]
        if relation in (">", "\\geq"):
            step = Fn("\\step", (apart,))
            return self.terms(add((mul((step, then)), other, mul((MINUS, step, other)))))
        return [_atom(Case(apart, relation, ZERO, then, other))]

    # -- sums -------------------------------------------------------------------------------------

    def _big(self, x: Big) -> Iterable[Term]:
        if x.lower is not None and x.upper is not None and (x.upper - x.lower).is_number:
            return self._unrolled(x, x.lower, (x.upper - x.lower).shift)
        if x.kind == "prod":
            return self._big_product(x)
        bounds: list[Bound] = []
        table: dict[str, Time] = {}
        inner: Core = x
        while inner is x or self._is_plain_sum(inner):
            assert isinstance(inner, Big)
            letter = fresh()
            ends = [b and b.replace(table) for b in (inner.lower, inner.upper)]
            dim = None if inner.dim is None or inner.lower is not None else self.find(inner.dim)
            bounds.insert(0, Bound(letter, dim, *ends))
            table[inner.letter] = Time.of(letter)
            inner = inner.body
            if x.without or "+" in (bounds[0].dim or ""):
                break
        body = self.terms(move(inner, table))
        if "+" in (bounds[0].dim or ""):
            return self._over_parts(bounds[0], body)
        found = [Term(t.coefficient, t.factors, (*t.bounds, *bounds)) for t in body]
        for without in x.without:
            gone = self.terms(move(x.body, {x.letter: without}))
            found += [replace(t, coefficient=-t.coefficient) for t in gone]
        return found

    def _is_plain_sum(self, x: Core) -> bool:
        """Whether a Σ runs over a component, so that its letter may join that of the Σ around it."""
        return (
            isinstance(x, Big)
            and x.kind == "sum"
            and not x.without
            and x.dim is not None
            and x.lower is None
            and "+" not in self.find(x.dim)
        )

    def _unrolled(self, x: Big, lower: Time, apart: int) -> Iterable[Term]:
        if apart > MOST_UNROLLED:
            raise NoForm("a long sum")
        parts = [
            self.terms(move(x.body, {x.letter: lower + n}))
            for n in range(apart + 1)
            if lower + n not in x.without
        ]
        if x.kind == "prod":
            return self._product(parts)
        return [t for part in parts for t in part]

    def _over_parts(self, bound: Bound, body: tuple[Term, ...]) -> Iterable[Term]:
        """A sum over the entries of what is stacked, part by part."""
        assert bound.dim is not None
        found: list[Term] = []
        offset = Time()
        for place, dim in enumerate(map(self.find, bound.dim.split("+"))):
            letter = fresh()
            own = (
                Time.at(1) if dim == "1" else Time.of(letter)
            )  # one entry is the first of its part
            over = () if dim == "1" else (Bound(letter, dim),)
            here = own + offset
            for t in body:
                factors = []
                for atom, p in t.factors:
                    factors.append((self._at_part(atom, bound.letter, place, own, here), p))
                inner = mul(
                    Pow(a, At(p)) if not p.is_number else Pow(a, num(p.shift)) for a, p in factors
                )
                for made in self.terms(inner):
                    found.append(
                        Term(
                            t.coefficient * made.coefficient,
                            made.factors,
                            (*t.bounds, *made.bounds, *over),
                        )
                    )
            offset = offset + (Time.of(f"|{dim}|") if dim != "1" else Time.at(1))
        return found

    def _at_part(self, atom: Core, letter: str, place: int, new: Time, here: Time) -> Core:
        if isinstance(atom, Stack) and atom.index == Time.of(letter):
            own, _, body = atom.parts[place]
            return move(body, {own: new})
        return move(atom, {letter: here})

    def _big_product(self, x: Big) -> Iterable[Term]:
        assert x.lower is None or x.upper is not None
        body = self.terms(move(x.body, {x.letter: Time.of("\\,m")}))
        if x.without or x.lower is None or x.upper is None or len(body) != 1 or body[0].bounds:
            made = Big(
                "prod",
                "\\,m",
                x.dim and self.find(x.dim),
                x.lower,
                x.upper,
                add(map(self.spelled, body)),
                x.without,
            )
            return [_atom(made)]
        count = x.upper - x.lower + 1
        factors: list[tuple[Core, Time]] = []
        (t,) = body
        if t.coefficient != 1:
            factors.append((Num(t.coefficient), count))
        for atom, p in t.factors:
            if "\\,m" not in letters_in(atom) and "\\,m" not in dict(p.letters):
                if not p.is_number:
                    raise NoForm("a power of a power")
                factors.append((atom, _scaled(count, p.shift)))
            elif p.is_number:
                factors.append((self._ranged(atom, x.lower, x.upper), p))
            else:
                raise NoForm("a power that changes along a product")
        return [_tidied(Term(Fraction(1), tuple(factors)))]

    def _ranged(self, atom: Core, lower: Time, upper: Time) -> Core:
        """Π of one atom, its index moved so that the atom's own smallest index is the letter."""
        shift = _least_shift(atom, "\\,m")
        return Big(
            "prod",
            "\\,m",
            None,
            lower + shift,
            upper + shift,
            move(atom, {"\\,m": Time.of("\\,m") + (-shift)}),
        )

    def _chain(self, x: Chain) -> Iterable[Term]:
        body = move(
            x.body, {x.letter: Time.of("\\,m"), x.row: Time.of("\\,r"), x.col: Time.of("\\,c")}
        )
        if (x.upper - x.lower).is_number:
            return self._unrolled_chain(x, (x.upper - x.lower).shift)
        return [
            _atom(
                Chain(
                    "\\,m",
                    x.lower,
                    x.upper,
                    "\\,r",
                    "\\,c",
                    self.find(x.dim),
                    self.form(body),
                    x.at,
                    x.down,
                )
            )
        ]

    def _unrolled_chain(self, x: Chain, apart: int) -> Iterable[Term]:
        if apart > MOST_UNROLLED:
            raise NoForm("a long product")
        if apart < 0:
            return self._expanded(Delta(*x.at))
        letters = [fresh() for _ in range(apart)]
        ends = [x.at[0], *map(Time.of, letters), x.at[1]]
        steps = range(apart, -1, -1) if x.down else range(apart + 1)
        parts = [
            move(x.body, {x.letter: x.lower + n, x.row: ends[i], x.col: ends[i + 1]})
            for i, n in enumerate(steps)
        ]
        whole: Core = mul(parts)
        for letter in letters:
            whole = Big("sum", letter, x.dim, None, None, whole)
        return self.terms(whole)

    # -- collecting -----------------------------------------------------------------------------------

    def collected(self, terms: Iterable[Term]) -> tuple[Term, ...]:
        """Like terms added up; each term in its canonical form."""
        total: dict[tuple[object, object], Term] = {}
        waiting = list(terms)
        while waiting:
            self._steps += 1 + len(waiting[-1].factors) * len(waiting[-1].bounds) // 4
            if self._steps > self._most_steps:
                raise NoForm("more steps of work than a line may take")
            made = self._reduced(waiting.pop())
            if len(made) != 1:
                waiting += made
                continue
            _count_in(total, self.canonical(made[0]))
            if len(total) > MOST_TERMS:
                raise NoForm(f"more than {MOST_TERMS} terms")
        return _sorted(total)

    def _added(self, terms: Iterable[Term]) -> tuple[Term, ...]:
        """Like terms added up, each of which is in its canonical form."""
        total: dict[tuple[object, object], Term] = {}
        for t in terms:
            self._steps += 1
            _count_in(total, t)
        if self._steps > self._most_steps:
            raise NoForm("more steps of work than a line may take")
        if len(total) > MOST_TERMS:
            raise NoForm(f"more than {MOST_TERMS} terms")
        return _sorted(total)

    def _reduced(self, t: Term) -> list[Term]:
        """A term with its δ contracted, squares of sines replaced, ends of sums brought to their standard places."""  # noqa: E501
        if not t.coefficient:
            return []
        t = _tidied(t)
        for step in (
            self._without_delta,
            self._without_ones,
            self._without_noise,
            self._without_inverse,
            self._without_squares,
            self._without_orphans,
            self._standing,
        ):
            found = step(t)
            if found is not None:
                return [x for one in found for x in self._reduced(one)]
        return [t]

    def _without_delta(self, t: Term) -> list[Term] | None:
        for atom, p in t.factors:
            if not isinstance(atom, Delta):
                continue
            if p != UNIT:
                factors = tuple((a, UNIT if a == atom else q) for a, q in t.factors)
                return [replace(t, factors=factors)]
            found = self._contracted(t, atom)
            if found is not None:
                return found
        return None

    def _without_ones(self, t: Term) -> list[Term] | None:
        """Σ_k y_k f = f, where y adds up to 1 over k and f does not name k."""
        for bound in t.bounds if self.ones else ():
            users = [
                (a, p)
                for a, p in t.factors
                if bound.letter in letters_in(a) or bound.letter in dict(p.letters)
            ]
            if bound.dim is None or len(users) != 1 or users[0][1] != UNIT:
                continue
            (atom, _) = users[0]
            if not isinstance(atom, Ref) or not atom.index:
                continue
            down = len(atom.index) == 2 and atom.name + DOWN in self.ones
            own, *others = atom.index if down else atom.index[::-1]
            if (
                (down or atom.name in self.ones)
                and own == Time.of(bound.letter)
                and not any(bound.letter in _letters(i) for i in others)
            ):
                factors = tuple(f for f in t.factors if f[0] != atom)
                return [
                    replace(
                        t,
                        factors=factors,
                        bounds=tuple(b for b in t.bounds if b.letter != bound.letter),
                    )
                ]
        return None

    def _without_noise(self, t: Term) -> list[Term] | None:
        """Σ_o p_o w_o v_o, over all outcomes o, by what is known of the moments of noise."""
        for bound in t.bounds if self.moments is not None else ():
            own = Time.of(bound.letter)
            users = [(a, p) for a, p in t.factors if bound.letter in letters_in(a)]
            likely = [a for a, _ in users if isinstance(a, Ref) and a.index == (own,)]
            if len(likely) != 1 or likely[0].name not in self.ones:
                continue
            drawn: list[Ref] = []
            for a, p in users:
                once = isinstance(a, Ref) and a.index.count(own) == 1 and p.is_number
                if once and a != likely[0] and 0 < p.shift < 3:
                    assert isinstance(a, Ref)
                    drawn += [a] * p.shift
                elif a != likely[0] or p != UNIT:
                    break
            else:
                assert self.moments is not None
                found = self.moments(tuple(drawn))
                if found is None:
                    continue
                rest = tuple(f for f in t.factors if f not in users)
                bounds = tuple(b for b in t.bounds if b.letter != bound.letter)
                left = replace(t, factors=rest, bounds=bounds)
                return [_times(left, m) for m in found]
        return None

    def _without_inverse(self, t: Term) -> list[Term] | None:
        """M^{-1} R = (δ - M^{-1} (M - c R))/c, and R M^{-1} alike, where c R is a term of M by itself."""
        for place, (atom, p) in enumerate(t.factors):
            if not isinstance(atom, Inverse) or p != UNIT:
                continue
            lead = self._leading(atom)
            if lead is None:
                continue
            for side in (0, 1):
                found = self._cancelled(t, place, atom, lead, side)
                if found is not None:
                    return found
        return None

    def _leading(self, x: Inverse) -> Term | None:
        """The term of a matrix that is one entry by itself: of a family, of what a function gives, of a Jacobian."""  # noqa: E501
        ends = (Time.of(x.row), Time.of(x.col))
        for t in self.terms(x.body):
            if t.bounds or len(t.factors) != 1 or t.factors[0][1] != UNIT:
                continue
            indices = _indices_of(t.factors[0][0])
            if all(sum(i == e for i in indices) == 1 for e in ends):
                return t
        return None

    def _cancelled(
        self, t: Term, place: int, inverse: Inverse, lead: Term, side: int
    ) -> list[Term] | None:
        """Side 1: Σ_q M^{-1}[p, q] R[q, s]; side 0: Σ_q R[s, q] M^{-1}[q, p]."""
        (own, _), shared, other = lead.factors[0], inverse.at[side], inverse.at[1 - side]
        letter = next((b.letter for b in t.bounds if Time.of(b.letter) == shared), None)
        near, far = (inverse.row, inverse.col) if side else (inverse.col, inverse.row)
        at = _indices_of(own).index(Time.of(far))
        for i, (atom, p) in enumerate(t.factors):
            if i == place or p != UNIT or letter is None or type(atom) is not type(own):
                continue
            indices = _indices_of(atom)
            if len(indices) != len(_indices_of(own)):
                continue
            end = indices[at]
            table = {near: shared, far: end}
            rest = tuple(f for k, f in enumerate(t.factors) if k not in (i, place))
            alone = not any(letter in letters_in(a) or letter in dict(q.letters) for a, q in rest)
            if atom != move(own, table) or letter in _letters(end) or not alone:
                continue
            kept = replace(t, factors=rest, bounds=())
            one = mul((self.spelled(kept), Delta(*((other, end) if side else (end, other)))))
            others = [
                move(self.spelled(replace(o, coefficient=-o.coefficient)), table)
                for o in self.terms(inverse.body)
                if o != lead
            ]
            whole: list[Core] = [one]
            for o in others:
                b = next(b for b in t.bounds if b.letter == letter)
                whole.append(
                    Big(
                        "sum",
                        letter,
                        b.dim,
                        b.lower,
                        b.upper,
                        mul((self.spelled(kept), inverse, o)),
                    )
                )
            body = mul((Num(1 / lead.coefficient), add(whole)))
            for b in t.bounds:
                if b.letter != letter:
                    body = Big("sum", b.letter, b.dim, b.lower, b.upper, body)
            return list(self.terms(body))
        return None

    def _contracted(self, t: Term, atom: Delta) -> list[Term] | None:
        apart = atom.a - atom.b
        bounds = {b.letter: b for b in t.bounds}
        for letter, n in apart.letters:
            if letter in bounds and abs(n) == 1 and bounds[letter].dim is not None:
                return [self._put(t, atom, letter, _solved(apart, letter, n))]
        for letter, n in apart.letters:
            if letter in bounds and abs(n) == 1:
                return self._put_in_range(t, atom, bounds[letter], _solved(apart, letter, n))
        free = [a for a, n in apart.letters if abs(n) == 1 and a not in bounds]
        if len(apart.letters) == 2 and len(free) == 2:
            last = max(free)
            value = _solved(apart, last, dict(apart.letters)[last])
            rest = tuple((a, p) for a, p in t.factors if a != atom)
            if any(last in letters_in(a) for a, _ in rest):
                moved = tuple((move(a, {last: value}), p.replace({last: value})) for a, p in rest)
                return [replace(t, factors=((atom, UNIT), *moved))]
        return None

    def _put(self, t: Term, atom: Delta, letter: str, value: Time) -> Term:
        return self._substituted(
            replace(t, factors=tuple(f for f in t.factors if f[0] != atom)),
            letter,
            value,
            drop=True,
        )

    def _substituted(self, t: Term, letter: str, value: Time, drop: bool = False) -> Term:
        table = {letter: value}
        inner: list[Term] = [Term(t.coefficient)]
        for a, p in t.factors:
            moved = move(a, table)
            q = p.replace(table)
            own = self._power_of(moved, q)
            inner = [_times(x, y) for x in inner for y in own]
        bounds = tuple(
            replace(
                b,
                lower=b.lower and b.lower.replace(table),
                upper=b.upper and b.upper.replace(table),
            )
            for b in t.bounds
            if not (drop and b.letter == letter)
        )
        if len(inner) != 1:
            raise NoForm("an index put into what then has several terms")
        return replace(inner[0], bounds=(*inner[0].bounds, *bounds))

    def _power_of(self, atom: Core, p: Time) -> Iterable[Term]:
        if isinstance(atom, Num) and atom.value == 0:
            return [Term(Fraction(0))]
        return self.terms(Pow(atom, num(p.shift) if p.is_number else At(p)))

    def _put_in_range(self, t: Term, atom: Delta, bound: Bound, value: Time) -> list[Term] | None:
        """Σ_k δ_{k,t} f(k) = f(t), t being a step that the sum reaches."""
        assert bound.lower is not None and bound.upper is not None
        below, above = value - bound.lower, bound.upper - value
        if (below.is_number and below.shift < 0) or (above.is_number and above.shift < 0):
            return [replace(t, coefficient=Fraction(0))]
        others = {b.letter for b in t.bounds} - {bound.letter}
        if any(a in others for a, _ in value.letters) and not self._inside(t, bound, value):
            return None
        return [self._put(t, atom, bound.letter, value)]

    def _inside(self, t: Term, bound: Bound, value: Time) -> bool:
        """Whether another summed index stays inside this one's range."""
        for b in t.bounds:
            if value == Time.of(b.letter) and b.lower == bound.lower and b.upper == bound.upper:
                return True
        return False

    def _without_squares(self, t: Term) -> list[Term] | None:
        for i, (atom, p) in enumerate(t.factors):
            if not isinstance(atom, Fn) or not p.is_number or p.shift < 2:
                continue
            rest = (*t.factors[:i], *t.factors[i + 1 :])
            if atom.name in ("\\sin", "\\cosh"):
                other = Fn("\\cos" if atom.name == "\\sin" else "\\sinh", atom.args)
                sign = -1 if atom.name == "\\sin" else 1
                lower = (*rest, (atom, p + (-2)))
                return [
                    replace(t, factors=lower),
                    replace(
                        t, coefficient=t.coefficient * sign, factors=(*lower, (other, Time.at(2)))
                    ),
                ]
            if atom.name == "\\step":
                return [replace(t, factors=(*rest, (atom, UNIT)))]
            if atom.name == "\\sqrt":
                inner = self.terms(atom.args[0])
                return [_times(replace(t, factors=(*rest, (atom, p + (-2)))), own) for own in inner]
            if atom.name == "\\abs":
                return [
                    _times(replace(t, factors=(*rest, (atom, p + (-2)))), own)
                    for own in self.terms(Pow(atom.args[0], num(2)))
                ]
        relus = [a for a, _ in t.factors if isinstance(a, Fn) and a.name == "\\relu"]
        for a in relus:
            step = Fn("\\step", a.args)
            if any(x == step for x, _ in t.factors):
                return [replace(t, factors=tuple(f for f in t.factors if f[0] != step))]
        for a, p in t.factors:  # type: ignore[assignment]  # noqa: B007
            if (
                isinstance(a, Fn)
                and a.name == "\\step"
                and any(x == a.args[0] and q == UNIT for x, q in t.factors)
            ):
                rest = tuple(f for f in t.factors if f[0] not in (a, a.args[0]))
                return [replace(t, factors=(*rest, (Fn("\\relu", a.args), UNIT)))]
        return None

    def _without_orphans(self, t: Term) -> list[Term] | None:
        """A sum over an index that stands nowhere counts."""
        for b in t.bounds:
            if any(b.letter in letters_in(a) or b.letter in dict(p.letters) for a, p in t.factors):
                continue
            if any(b.letter in _letters(o.lower) | _letters(o.upper) for o in t.bounds if o != b):
                continue
            rest = tuple(o for o in t.bounds if o != b)
            if b.dim is not None:
                counted: Iterable[Term] = self._size(b.dim)
            else:
                assert b.lower is not None and b.upper is not None
                counted = self._index(b.upper - b.lower + 1)
            return [_times(replace(t, bounds=rest), own) for own in counted]
        return None

    def _standing(self, t: Term) -> list[Term] | None:
        """An ordered sum moved so that its smallest index is the letter, and peeled until its ends stand at 1, k and T."""  # noqa: E501
        for b in t.bounds:
            if b.lower is None or b.upper is None:
                continue
            least = min(
                (_least_shift(a, b.letter) for a, _ in t.factors if b.letter in letters_in(a)),
                default=0,
            )
            if least:
                moved = self._substituted(t, b.letter, Time.of(b.letter) + (-least))
                bounds = tuple(
                    replace(o, lower=b.lower + least, upper=b.upper + least)
                    if o.letter == b.letter
                    else o
                    for o in moved.bounds
                )
                return [replace(moved, bounds=bounds)]
            apart = b.upper - b.lower
            if apart.is_number:
                return self._spread(t, b, apart.shift)
            if b.lower.is_number and b.lower.shift != 1 and abs(b.lower.shift - 1) <= 4:
                return self._peeled_below(t, b)
            if not b.lower.is_number and b.lower.shift and abs(b.lower.shift) <= 4:
                return self._peeled_below(t, b)
            if b.upper.shift and not b.upper.is_number and abs(b.upper.shift) <= 4:
                return self._peeled_above(t, b)
        return None

    def _spread(self, t: Term, b: Bound, apart: int) -> list[Term]:
        assert b.lower is not None
        return [self._substituted(t, b.letter, b.lower + n, drop=True) for n in range(apart + 1)]

    def _peeled_below(self, t: Term, b: Bound) -> list[Term]:
        assert b.lower is not None
        up = b.lower.shift < 1 if b.lower.is_number else b.lower.shift < 0
        first = b.lower if up else b.lower + (-1)
        lower = first + 1 if up else first
        rest = replace(t, bounds=tuple(replace(o, lower=lower) if o == b else o for o in t.bounds))
        end = self._substituted(t, b.letter, first, drop=True)
        return [rest, end if up else replace(end, coefficient=-end.coefficient)]

    def _peeled_above(self, t: Term, b: Bound) -> list[Term]:
        assert b.upper is not None
        down = b.upper.shift > 0
        last = b.upper if down else b.upper + 1
        upper = last + (-1) if down else last
        rest = replace(t, bounds=tuple(replace(o, upper=upper) if o == b else o for o in t.bounds))
        end = self._substituted(t, b.letter, last, drop=True)
        return [rest, end if down else replace(end, coefficient=-end.coefficient)]

    # -- canonical names ------------------------------------------------------------------------------

    def canonical(self, t: Term) -> Term:
        """A tidy term with its summed letters named in one way, its factors and bounds sorted."""
        if not t.bounds:
            return t
        letters = [b.letter for b in t.bounds]
        level = 1 + max((_depth(a) for a, _ in t.factors), default=0)
        groups = _grouped(t, letters)
        ways = 1
        for group in groups:
            ways *= factorial(len(group))
        if ways > MOST_WAYS:
            raise NoForm("a product of too many entries that look the same")
        names = (
            {a: f"\\,{level}.{i}" for i, a in enumerate(a for g in choice for a in g)}
            for choice in choices(*(permutations(g) for g in groups))
        )
        if ways == 1:
            best = next(names)
        else:
            factors = [_Marks.of(a, p, letters) for a, p in t.factors]
            ends = [(b.letter, _Marks.of_ends(b, letters)) for b in t.bounds]
            best = min(
                names,
                key=lambda named: (
                    sorted(f.seen(named) for f in factors),
                    sorted((named[a], e.seen(named)) for a, e in ends),
                ),
            )
        return _renamed(t, {a: Time.of(b) for a, b in best.items()})

    def spelled(self, t: Term) -> Core:
        """A term as a formula."""
        try:
            return t._spelled
        except AttributeError:
            found = self._spelled_out(t)
            object.__setattr__(t, "_spelled", found)
            return found

    def _spelled_out(self, t: Term) -> Core:
        parts: list[Core] = [] if t.coefficient == 1 and t.factors else [Num(t.coefficient)]
        for a, p in t.factors:
            parts.append(a if p == UNIT else Pow(a, num(p.shift) if p.is_number else At(p)))
        whole = mul(parts) if len(parts) != 1 else parts[0]
        for b in reversed(t.bounds):
            whole = Big("sum", b.letter, b.dim, b.lower, b.upper, whole)
        return whole

    # -- denominators -----------------------------------------------------------------------------------

    def _cleared(self, terms: tuple[Term, ...]) -> tuple[Term, ...] | None:
        """All terms times one denominator that stands in them; None where none can be taken out."""
        for t in terms:
            for atom, p in t.factors:
                if not p.is_number or p.shift >= 0 or not _is_denominator(atom):
                    continue
                if letters_in(atom) & {b.letter for b in t.bounds}:
                    continue
                most = max(
                    (-q.shift for u in terms for a, q in u.factors if a == atom and q.is_number),
                    default=0,
                )
                if any(a == atom and not q.is_number for u in terms for a, q in u.factors):
                    continue
                return self._multiplied(terms, atom, most)
        return None

    def _multiplied(self, terms: tuple[Term, ...], atom: Core, most: int) -> tuple[Term, ...]:
        found: list[Term] = []
        for t in terms:
            own = next((q.shift for a, q in t.factors if a == atom), 0)
            rest = replace(t, factors=tuple(f for f in t.factors if f[0] != atom))
            found += [_times(rest, x) for x in (self._whole_power(atom, own + most))]
        return self.collected(found)


def _is_denominator(atom: Core) -> bool:
    return isinstance(atom, Add | Big) or (isinstance(atom, Fn) and atom.name == "\\sqrt")


def _letters_of_ends(bound: Bound) -> set[str]:
    return {a for end in (bound.lower, bound.upper) if end is not None for a, _ in end.letters}


ODD = frozenset(("\\sin", "\\tanh", "\\sinh", "\\tan", "\\arctan"))
EVEN = frozenset(("\\cos", "\\cosh"))


def _count_in(total: dict[tuple[object, object], Term], t: Term) -> None:
    """Adds a term to those that are there; one that stands alone stays the object that it is."""
    key = t.factors, t.bounds
    own = total.get(key)
    total[key] = t if own is None else Term(own.coefficient + t.coefficient, *key)


def _sorted(total: Mapping[tuple[object, object], Term]) -> tuple[Term, ...]:
    found = [t for t in total.values() if t.coefficient]
    if len(found) > 1:
        found.sort(key=lambda t: (len(t.factors), repr(t.factors), repr(t.bounds)))
    return tuple(found)


def _scaled_by(scale: Fraction, t: Term) -> Term:
    return t if scale == 1 else Term(scale * t.coefficient, t.factors, t.bounds)


def _put(x: Core, values: dict[Ref, Core]) -> Core:
    if isinstance(x, Ref):
        return values.get(x, x)
    return rebuild(x, lambda p: _put(p, values))


def _never(apart: Time) -> bool:
    return False


def _atom(x: Core) -> Term:
    return Term(Fraction(1), ((x, UNIT),))


def _times(a: Term, b: Term) -> Term:
    """The product; letters that both sum over are kept apart."""
    if a.bounds and b.bounds:
        b = _renamed(b, {x.letter: Time.of(fresh()) for x in b.bounds})
    return Term(a.coefficient * b.coefficient, (*a.factors, *b.factors), (*a.bounds, *b.bounds))


def _renamed(t: Term, table: dict[str, Time]) -> Term:
    factors = tuple(sorted(((move(a, table), p.replace(table)) for a, p in t.factors), key=_order))
    bounds = []
    for b in t.bounds:
        name = table[b.letter].letters[0][0] if b.letter in table else b.letter
        bounds.append(
            Bound(
                name, b.dim, b.lower and b.lower.replace(table), b.upper and b.upper.replace(table)
            )
        )
    return Term(t.coefficient, factors, tuple(sorted(bounds, key=lambda b: b.letter)))


def _order(factor: tuple[Core, Time]) -> str:
    return repr(factor)


def _tidied(t: Term) -> Term:
    """Equal atoms multiplied, numbers into the coefficient, factors sorted."""
    powers: dict[Core, Time] = {}
    coefficient = t.coefficient
    for atom, p in t.factors:
        if isinstance(atom, Num) and p.is_number:
            if atom.value == 0 and p.shift < 0:
                raise NoForm("a division by 0")
            coefficient *= atom.value**p.shift
        elif atom != ONE:
            powers[atom] = powers[atom] + p if atom in powers else p
    kept = [(a, p) for a, p in powers.items() if p.letters or p.shift]
    if len(kept) > 1:
        kept.sort(key=_order)
    return Term(coefficient, tuple(kept), t.bounds)


def _scaled(index: Time, n: int) -> Time:
    return Time(tuple((a, k * n) for a, k in index.letters), index.shift * n) if n else Time()


def _indices_of(atom: Core) -> tuple[Time, ...]:
    """The indices that an entry has: those of a family's member, of what a function gives and its slope is by, of a derivative."""  # noqa: E501
    match atom:
        case Ref():
            return atom.index
        case App():
            return (*atom.index, *(i for _, index in atom.slots for i in index))
        case D(Ref() as of, Ref() as by):
            return (*of.index, *by.index)
        case _:
            return ()


def _solved(apart: Time, letter: str, n: int) -> Time:
    """The letter from apart = 0."""
    rest = Time(tuple((a, k) for a, k in apart.letters if a != letter), apart.shift)
    return _scaled(rest, -n)


def _letters(index: Time | None) -> set[str]:
    return {a for a, _ in index.letters} if index is not None else set()


def _indices(x: Core) -> Iterator[Time]:
    """The indices that stand at members and at functions."""
    from derive.algebra.core import walk

    for part in walk(x):
        match part:
            case Ref(_, index):
                yield from index
            case App(_, _, index, slots):
                yield from index
                for _, own in slots:
                    yield from own
            case At(index_):
                yield index_
            case _:
                pass


def _least_shift(x: Core, letter: str) -> int:
    found = [i.shift for i in _indices(x) if i.letters == ((letter, 1),)]
    return min(found, default=0)


def _depth(x: Core) -> int:
    """How many canonical levels of summed letters stand inside a formula."""
    from derive.algebra.core import walk

    most = 0
    for part in walk(x):
        if isinstance(part, Big) and part.letter.startswith("\\,") and "." in part.letter:
            most = max(most, int(part.letter[2:].split(".")[0]))
    return most


APART = "\\'"
Seen = tuple[str, tuple[tuple[tuple[tuple[str, int], ...], int], ...]]


@dataclass(frozen=True, slots=True)
class _Marks:
    """A factor as its summed letters are told apart: its shape, its indices, the letters that they name."""

    shape: str
    indices: tuple[Time, ...]
    own: Mapping[str, str]  # the letters, each as it stands in the indices

    @staticmethod
    def of(a: Core, p: Time, letters: Iterable[str]) -> _Marks:
        shape, indices = bones(a)
        free = letters_in(a)
        own = {x: x for x in letters if x in free or any(x == y for y, _ in p.letters)}
        captured = {x: f"{x}{APART}" for x in own if repr(x) in shape}
        if captured:  # the name of a letter that is summed over inside, too
            table = {x: Time.of(y) for x, y in captured.items()}
            shape, indices = bones(move(a, table))
            p = p.replace(table)
            own = {captured.get(x, x): x for x in own}
        return _Marks(shape, (*indices, p), own)

    @staticmethod
    def of_ends(b: Bound, letters: Iterable[str]) -> _Marks:
        ends = tuple(i for i in (b.lower, b.upper) if i is not None)
        return _Marks(b.dim or "", ends, {x: x for x in letters})

    def seen(self, names: Mapping[str, str]) -> Seen:
        """The factor with its letters named so."""
        own = self.own
        found: list[tuple[tuple[tuple[str, int], ...], int]] = []
        for i in self.indices:
            renamed = [(names[own[a]] if a in own else a, n) for a, n in i.letters]
            if len(renamed) > 1:
                renamed.sort()
            found.append((tuple(renamed), i.shift))
        return self.shape, tuple(found)


def _grouped(t: Term, letters: list[str]) -> list[list[str]]:
    """The summed letters in groups that only their places tell apart, in an order that does not depend on their names."""  # noqa: E501
    if len(letters) == 1:
        return [letters]
    colours = dict.fromkeys(letters, "")
    factors = [_Marks.of(a, p, letters) for a, p in t.factors]
    ends = {b.letter: _Marks.of_ends(b, letters) for b in t.bounds}
    for _ in range(2):
        seen = {}
        for a in letters:
            colour = {**{b: f"\\,?{colours[b]}" for b in letters}, a: "\\,!"}
            places = sorted(f.seen(colour) for f in factors if a in f.own.values())
            seen[a] = ends[a].seen(colour), places
        ranks: list[object] = []
        for shown in sorted(seen.values()):
            if not ranks or ranks[-1] != shown:
                ranks.append(shown)
        fresh_colours = {a: str(ranks.index(seen[a])) for a in letters}
        if fresh_colours == colours:
            break
        colours = fresh_colours
        if len(ranks) == len(letters):
            break
    groups: dict[str, list[str]] = {}
    for a in letters:
        groups.setdefault(colours[a], []).append(a)
    return [groups[c] for c in sorted(groups, key=int)]


def _as_index(terms: tuple[Term, ...]) -> Time | None:
    """A sum of indices with whole coefficients, as an index; None for anything else or a plain number."""
    result = Time()
    for t in terms:
        if t.bounds or t.coefficient.denominator != 1:
            return None
        if not t.factors:
            result = result + int(t.coefficient)
        elif len(t.factors) == 1 and isinstance(t.factors[0][0], At) and t.factors[0][1] == UNIT:
            result = result + _scaled(t.factors[0][0].index, int(t.coefficient))
        else:
            return None
    return result if result.letters else None


def _primes(n: int) -> list[tuple[int, int]]:
    found, p = [], 2
    while n > 1 and p < 10_000:
        count = 0
        while n % p == 0:
            n, count = n // p, count + 1
        if count:
            found.append((p, count))
        p += 1
    return [*found, (n, 1)] if n > 1 else found


def _of_pi(name: str, terms: tuple[Term, ...]) -> Fraction | None:
    """sin and cos of multiples of π/2."""
    if (
        len(terms) != 1
        or terms[0].factors != ((Known("\\pi"), UNIT),)
        or name not in ("\\sin", "\\cos")
    ):
        return None
    halves = terms[0].coefficient * 2
    if halves.denominator != 1:
        return None
    table = (0, 1, 0, -1) if name == "\\sin" else (1, 0, -1, 0)
    return Fraction(table[int(halves) % 4])


def _without_pi(terms: tuple[Term, ...]) -> tuple[list[Term], bool] | None:
    """x + nπ: x, and whether n is odd."""
    pi = [t for t in terms if t.factors == ((Known("\\pi"), UNIT),) and not t.bounds]
    if len(pi) != 1 or len(terms) == 1 or pi[0].coefficient.denominator != 1:
        return None
    return [t for t in terms if t is not pi[0]], bool(int(pi[0].coefficient) % 2)
