"""A world: numbers for what is defined nowhere, and from them the value of every formula of the core.

Derivatives are worked out along the graph of family members: local slopes from the definitions' own formulas, totals by
accumulating adjoints from the later member back to the earlier one. Nothing here knows of the rules that prove.
"""  # noqa: E501

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from hashlib import blake2b
from typing import Any

from derive.algebra.core import (
    DOWN,
    ONE_OF,
    Add,
    App,
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
    letters_in,
    walk,
)
from derive.algebra.expression import Time
from derive.algebra.functions import FUNCTIONS
from derive.meaning.model import ORDERED, Definition, Model
from derive.meaning.series import Expanded, Kink, Series

Element = tuple[str, tuple[int, ...]]
Letters = Mapping[str, int]
Slopes = dict[Element, Any]
MOST_STEPS = 80_000
OUTCOMES = 32  # of which each is as likely, where a page has noise
WITH_NOISE = 6  # times the steps of work
SMALL = tuple(
    Fraction(n, 4) for n in (2, -2, 1, -1, 4, 3, -3, -4)
)  # where functions are not saturated
WHOLE = (1, 2, -1, 3, -2)
NICE = (1, 2, -1, 3, -2, Fraction(1, 2), -3, Fraction(3, 2), Fraction(-1, 2), 4, 5, -4)


SECOND = "second order: a derivative of what is made of derivatives"
TERMS = 5  # of a series, where what a formula tends to is worked out


class NoNumber(Exception):
    """A formula has no value in a world; the sentence says what is missing."""


class SecondOrder(NoNumber):
    """A derivative of a derivative, which slopes alone do not give."""


class World:
    """One choice of numbers. `lengths` says how far the ordered domains run; `style` is "nice" (small exact numbers),
    "small" (quarters), "generic" (three digits, mixed signs) or "positive"; `reals` is the module that has exp and log; `given` are values that
    the page itself chooses."""  # noqa: E501

    most_steps = MOST_STEPS

    def __init__(
        self,
        model: Model,
        lengths: Mapping[str, int],
        seed: int,
        style: str = "generic",
        reals: Any = math,
        find: Callable[[str], str] = str,
        given: Mapping[str, Fraction] | None = None,
    ) -> None:
        self.find = find
        self.base = 1
        if model.noise:
            self.most_steps = MOST_STEPS * WITH_NOISE
        self.normal: frozenset[str] = frozenset()
        self.given = given or {}
        self.model, self.lengths, self.seed, self.style, self.reals = (
            model,
            dict(lengths),
            seed,
            style,
            reals,
        )
        self.used: dict[Element, Any] = {}
        self.sizes: dict[str, int] = {}
        self.single = False  # a vector has one entry, or two where its index is in `shared`
        self.shared: frozenset[str] = frozenset()
        self._values: dict[Element, Any] = {}
        self._slopes: dict[Element, tuple[Any, Slopes]] = {}
        self._adjoints: dict[tuple[Element, str, tuple[str, ...]], Slopes] = {}
        self._busy: set[Element] = set()
        self._coefficients: dict[tuple[str, tuple[tuple[int, ...], ...]], Any] = {}
        self._steps = 0
        self.live: set[int] = set()
        self.zero, self.one = self.exact(Fraction(0)), self.exact(Fraction(1))
        self._derived: dict[tuple[Element, Element, str, tuple[str, ...]], Any] = {}
        self._chains: dict[object, list[list[Any]]] = {}
        self._sums: dict[object, Any] = {}
        self._free: dict[int, tuple[Core, tuple[str, ...]]] = {}
        self._versions: Mapping[str, int] = {}
        self._aside: dict[tuple[str, int | None], list[dict[Any, Any]]] = {}
        self._neighbours: dict[Element, World] = {}
        self._set: Slopes = {}
        self._walsh: dict[object, int] = {}
        self.expanded = False  # whether a value was worked out in another world of its kind

    def change(self, model: Model, find: Callable[[str], str], versions: Mapping[str, int]) -> None:
        """Another model: what rests on other definitions than before is put aside until they are back.

        `versions` numbers, for each name that something is said of, all that the name rests on.
        """
        self.model, self.find = model, find
        old = self._versions
        changed = {n for n in old.keys() | versions.keys() if old.get(n) != versions.get(n)}
        self._versions = versions
        if not changed:
            return
        self._neighbours.clear()
        own: tuple[dict[Any, Any], ...] = (self._values, self._slopes)
        kept: tuple[dict[Any, Any], ...] = (*own, self._adjoints, self._derived)
        for place, values in enumerate(kept):
            for key in [k for k in values if (k if place < 2 else k[0])[0] in changed]:
                name = (key if place < 2 else key[0])[0]
                aside = self._aside.setdefault((name, old.get(name)), [{}, {}, {}, {}])
                aside[place][key] = values.pop(key)
        for name in changed:
            for values, again in zip(
                kept, self._aside.pop((name, versions.get(name)), ()), strict=False
            ):
                values.update(again)

    # -- indices ----------------------------------------------------------------------------------

    def size(self, dim: str) -> int:
        dim = self.find(dim)
        if dim == "sample" and self.model.noise:
            return OUTCOMES
        if "+" in dim:
            return sum(map(self.size, dim.split("+")))
        if dim == "1":
            return 1
        if dim in ORDERED:
            return self.lengths[dim]
        if dim not in self.sizes:
            general = 2 + (len(self.sizes) + self.seed) % 2
            self.sizes[dim] = (1 + (dim in self.shared)) if self.single else general
        return self.sizes[dim]

    def index(self, index: Time, env: Letters) -> int:
        total = index.shift
        for letter, count in index.letters:
            total += count * self.letter(letter, env)
        return total

    def letter(self, letter: str, env: Letters) -> int:
        if letter in env:
            return env[letter]
        domain = self.model.horizons.get(letter)
        if domain is None:
            raise NoNumber(f"the index {letter} is bound nowhere")
        if domain not in ORDERED:
            return self.size(domain)
        return self.lengths[domain]

    # -- leaves -----------------------------------------------------------------------------------

    def _digest(self, *key: object) -> int:
        return int.from_bytes(
            blake2b(repr((self.seed, *key)).encode(), digest_size=8).digest(), "big"
        )

    def random(self, *key: object) -> Any:
        found = self._digest(*key)
        if self.style == "nice":
            return self.exact(Fraction(NICE[found % len(NICE)]))
        if self.style == "small":
            return self.exact(SMALL[found % len(SMALL)])
        size = Fraction(200 + found % 1100, 1000)
        return self.exact(size if self.style == "positive" or found // 4096 % 2 else -size)

    def exact(self, value: Fraction) -> Any:
        if self.reals is math:
            return value.numerator / value.denominator
        return self.reals.mpf(value.numerator) / value.denominator

    def leaf(self, element: Element) -> Any:
        if element[0] in self.model.symmetric and element[1][-2:] != tuple(sorted(element[1][-2:])):
            element = (element[0], (*element[1][:-2], *element[1][:-3:-1]))
        if element not in self.used:
            name = element[0]
            value = (
                self.exact(self.given[name])
                if element == (name, ()) and name in self.given
                else self._chosen(element)
            )
            if name in self.model.normalised and element[1]:
                value = self._share(element)
            self.used[element] = abs(value) if name in self.model.positive else value
        return self.used[element]

    def _chosen(self, element: Element) -> Any:
        """A random number; an entry of what sums to one over its last (first) index fits the others."""
        name, index = element
        if self.model.noise and "sample" in self.model.slots.get(name, ()):
            return self._drawn(element)
        if name not in self.normal and name + DOWN not in self.normal:
            return self.random("leaf", *element)
        slots = self.model.slots.get(name, ())
        if not slots or slots[-1] != "component" or len(index) != len(slots):
            return self.random("leaf", *element)
        place = len(slots) - 1 if name in self.normal else slots.index("component")
        size = self.size(f"{name.split('∅')[0]}:{slots[:place].count('component')}")
        if index[place] < size:
            return self.random("leaf", *element)
        others = [
            self.leaf((name, (*index[:place], i, *index[place + 1 :]))) for i in range(1, size)
        ]
        return self.exact(Fraction(1)) - sum(others)

    def _share(self, element: Element) -> Any:
        """A member of a family that adds up to 1 over its last index; of a class, 1 or 0."""
        name, index = element
        size = self.size(self.model.normalised[name])
        if self.model.noise and self.model.normalised[name] == "sample":
            return self.exact(Fraction(1, OUTCOMES))
        if name.startswith(ONE_OF):
            return self.exact(Fraction(int(index[-1] == 1 + self._digest(name, index[:-1]) % size)))
        parts = [abs(self.random("leaf", name, (*index[:-1], i + 1))) for i in range(size)]
        return (
            parts[index[-1] - 1] / sum(parts) if 1 <= index[-1] <= size else self.exact(Fraction(0))
        )

    def _drawn(self, element: Element) -> Any:
        """A random quantity for one outcome: noise of mean 0, and other leaves, each uncorrelated with all others.

        Over the outcomes each is a combination of Walsh functions, of which no two are alike.
        """  # noqa: E501
        name, index = element
        slots = self.model.slots[name]
        place = slots.index("sample")
        outcome, rest = index[place] - 1, index[:place] + index[place + 1 :]
        base = name.split("∅")[0]
        if base not in self.model.noise:
            spread = self.random("spread", name, rest) * self._sign((name, rest), outcome)
            return self.random("leaf", name, rest) + spread
        step = tuple(i for i, s in zip(index, slots, strict=False) if s in ORDERED)
        entry = [i for i, s in zip(index, slots, strict=False) if s == "component"]
        *others, last = entry or [1]
        then = () if base in self.model.steady else step
        total: Any = self.zero
        for m in range(1, last + 1):
            factor = self.random("factor", base, *then, *others, last, m)
            total = total + factor * self._sign((base, step, *others, m), outcome)
        return total

    def _sign(self, key: object, outcome: int) -> int:
        """A Walsh function of its own for each key."""
        own = self._walsh.setdefault(key, len(self._walsh) + 1)
        if own >= OUTCOMES:
            raise NoNumber("more random quantities than are worked out here")
        return 1 - 2 * ((own & outcome).bit_count() % 2)

    # -- members ----------------------------------------------------------------------------------

    def definition(self, element: Element) -> tuple[Definition, dict[str, int]] | None:
        """The definition that makes a member, with the values of its letters; None for a leaf."""
        name, index = element
        for d in self.model.definitions.get(name, ()):
            env = self._matched(d, index)
            if env is not None and (not d.is_general or self._inside(d, env)):
                return d, env
        return None

    def _matched(self, d: Definition, index: tuple[int, ...]) -> dict[str, int] | None:
        env: dict[str, int] = {}
        if len(d.index) != len(index):
            raise NoNumber(f"{d.name} with another number of indices than where it is defined")
        for own, value in zip(d.index, index, strict=True):
            loose = [a for a, _ in own.letters if a in d.letters]
            if len(loose) == 1 and own.letters == ((loose[0], 1),):
                found = value - own.shift
                if env.setdefault(loose[0], found) != found:
                    return None
            elif loose or self.index(own, env) != value:
                return None
        return env

    def _inside(self, d: Definition, env: Letters) -> bool:
        """Whether a general definition applies at these ordered indices."""
        backward = d.backward
        specials = list(self.model.specials(d.name))
        for own, slot, place in zip(d.index, d.slots, range(len(d.index)), strict=True):
            if slot not in ORDERED:
                continue
            here = self.index(own, env)
            if here > self.lengths[slot] + (1 if not backward else 0):
                return False
            ends = [
                self.index(s.index[place], {})
                for s in specials
                if not set(dict(s.index[place].letters)) & set(s.letters)
            ]
            if backward:
                if ends and here >= max(ends):
                    return False
                if here < -2:
                    return False
            elif (ends and here <= min(ends)) or (
                here < self._first(d) and not self._is_begun(d, here)
            ):
                return False
        return True

    def _is_begun(self, d: Definition, here: int) -> bool:
        """Whether a step before the first is made of what the page makes there of that step's own inputs.

        h_t = σ(a_t), with a_0 = w x_0 + b beside a_t = w x_t + v h_{t-1} + b, makes h_0, too.
        """
        names = {p.name for p in walk(d.body) if isinstance(p, Ref)} - {d.name}
        return any(
            Time.at(here) in s.index
            and any(isinstance(p, Ref) and Time.at(here) in p.index for p in walk(s.body))
            for name in names
            for s in self.model.specials(name)
        )

    def _first(self, d: Definition) -> int:
        """The first ordered index at which a definition applies: 1, or any where it looks at no earlier member."""  # noqa: E501
        return 1 if d.looks_back else self.base

    def _made(self, element: Element) -> tuple[Definition, dict[str, int]] | None:
        name, index = element
        if name in self.model.lost:
            raise NoNumber(f"{name} is not understood: {self.model.lost[name]}")
        found = self.definition(element)
        if found is None:
            general = self.model.general(name)
            if general is not None and general.backward:
                return None
            if abs(sum(index)) > 60:
                raise NoNumber(f"{name} far outside its range")
        return found

    def element(self, element: Element) -> Any:
        """The value of a member of a family."""
        if element in self._values:
            return self._values[element]
        if element in self._busy:
            raise NoNumber(f"{element[0]} is defined by itself")
        found = self._made(element)
        if found is None:
            value = self._beyond(element)
        else:
            self._busy.add(element)
            try:
                value = self.value(found[0].body, found[1])
            finally:
                self._busy.discard(element)
        self._values[element] = value
        return value

    def _beyond(self, element: Element) -> Any:
        """A member that nothing defines: a leaf, and 0 beyond the end of a recursion that runs backward."""
        general = self.model.general(element[0])
        if general is not None and general.backward:
            return self.zero
        return self.leaf(element)

    def local(self, element: Element) -> tuple[Any, Slopes]:
        """A member's value and its slopes by the members that its own definition uses."""
        if element not in self._slopes:
            found = self._made(element)
            if found is None:
                self._slopes[element] = (self.element(element), {})
            else:
                if element in self._busy:
                    raise NoNumber(f"{element[0]} is defined by itself")
                self._busy.add(element)
                try:
                    self._slopes[element] = self.slopes(found[0].body, found[1])
                finally:
                    self._busy.discard(element)
        return self._slopes[element]

    # -- derivatives ------------------------------------------------------------------------------

    def derivative(self, x: D, env: Letters) -> Any:
        by = (x.by.name, tuple([self.index(i, env) for i in x.by.index]))
        self._reached(by)
        names = x.names
        if x.mode == "at" and not names[0].isdigit():
            names = (str(self.letter(names[0], env)),)
        try:
            total = self._first_order(x, by, names, env)
        except SecondOrder:
            if x.mode != "total":
                raise
            total = self._moved(x.of, by, env)
        if total:
            self.live.add(id(x))
        return total

    def _first_order(self, x: D, by: Element, names: tuple[str, ...], env: Letters) -> Any:
        if not isinstance(x.of, Ref):
            return self._of_formula(x, by, names, env)
        of = (x.of.name, tuple([self.index(i, env) for i in x.of.index]))
        key = (of, by, x.mode, names)
        if key not in self._derived:
            self._derived[key] = self._between(of, by, x.mode, names)
        return self._derived[key]

    def _moved(self, of: Core, by: Element, env: Letters) -> Any:
        """The slope of a formula with derivatives in it: what it is to first order where one member is moved by ε."""  # noqa: E501
        if by not in self._neighbours:
            value = self.element(by)
            reals = Expanded(self.reals, 2)
            self._neighbours[by] = self._like(reals, {by: reals.moved(value)})
        other = self._neighbours[by]
        other._steps, other.live = self._steps, self.live
        try:
            found = other.value(of, env)
        except Kink:
            raise NoNumber("a derivative at a kink") from None
        self._steps = other._steps
        return found.part(1) if _is_moved(found, other) else self.zero

    def _like(self, reals: Any, values: Slopes) -> World:
        """The same world in other numbers, with other values of some members."""
        other = World(self.model, self.lengths, self.seed, self.style, reals, self.find, self.given)
        other.sizes, other.live, other.used = self.sizes, self.live, self.used
        other._walsh = self._walsh
        self.expanded = True
        other.base, other.normal = self.base, self.normal
        other._steps = self._steps
        other._set = {**self._set, **values}
        other._values.update(other._set)
        return other

    def _limit(self, x: Limit, env: Letters) -> Any:
        """The first term of the series in ε = variable - point."""
        element = (x.variable.name, ())
        at = self.value(x.point, env)
        reals = Expanded(self.reals, TERMS)
        other = self._like(reals, {element: reals.moved(at)})
        try:
            found = other.value(x.body, env)
            self._steps = other._steps
            return found.limit() if _is_moved(found, other) else found
        except Kink:
            raise NoNumber("a limit at a kink") from None
        except ZeroDivisionError:
            raise NoNumber("no finite limit was found there") from None

    def _of_formula(self, x: D, by: Element, names: tuple[str, ...], env: Letters) -> Any:
        _, slopes = self.slopes(x.of, env)
        total = self.zero
        if x.mode == "own":
            return slopes.get(by, total)
        for element, slope in slopes.items():
            total = total + slope * self._between(element, by, x.mode, names)
        return total

    def _reached(self, by: Element) -> None:
        if by[0] in self.model.lost:
            raise NoNumber(f"{by[0]} is not understood: {self.model.lost[by[0]]}")

    def _between(self, a: Element, b: Element, mode: str, names: tuple[str, ...]) -> Any:
        if a == b:
            return self.one
        if mode == "step" and any(part[0] == b[0] for part in self.local(a)[1]):
            mode = "own"
        if mode == "at":
            return self._used_at(a, b, int(names[0]))
        if mode in ("now", "later"):
            return self._used(a, b, mode == "later")
        if mode == "via":
            total: Any = self.zero
            for user, adjoint in self.adjoints(a, "total", ()).items():
                if user[0] in names and b in self.local(user)[1]:
                    total = total + adjoint * self.local(user)[1][b]
            return total
        return self.adjoints(a, mode, names).get(b, self.zero)

    def _used(self, a: Element, b: Element, later: bool) -> Any:
        """The paths whose first step stays in b's own step, or goes to a later one."""
        total: Any = self.zero
        own = self._step_of(b)
        for user, adjoint in self.adjoints(a, "total", ()).items():
            slope = self.local(user)[1].get(b) if user != b else None
            step = self._step_of(user)
            if slope is not None and own is not None and (step is not None and step > own) == later:
                total = total + adjoint * slope
        return total

    def _used_at(self, a: Element, b: Element, step: int) -> Any:
        """The uses that one step alone makes of b."""
        total: Any = self.zero
        for user, adjoint in self.adjoints(a, "total", ()).items():
            if self._step_of(user) == (step,):
                total = total + adjoint * self.local(user)[1].get(b, 0)
        return total

    def adjoints(self, a: Element, mode: str, names: tuple[str, ...]) -> Slopes:
        """The derivatives of a member by all those that it is made of, along the paths that `mode` allows."""  # noqa: E501
        key = (a, mode, names)
        if key in self._adjoints:
            return self._adjoints[key]
        order = self._order(a, mode, names)
        found: Slopes = {a: self.exact(Fraction(1))}
        for element in reversed(order):
            here = found.get(element)
            if here is None or not self._passes(a, element, mode, names):
                continue
            for part, slope in self.local(element)[1].items():
                found[part] = found.get(part, 0) + here * slope
        self._adjoints[key] = found
        return found

    def _passes(self, a: Element, element: Element, mode: str, names: tuple[str, ...]) -> bool:
        """Whether paths go on through a member."""
        if element == a:
            return True
        if mode == "held":
            return element[0] not in names
        if mode == "own":
            return False
        if mode == "step":
            return self._step_of(element) in (self._step_of(a), None)
        return True

    def _step_of(self, element: Element) -> tuple[int, ...] | None:
        slots = self.model.slots.get(element[0], ())
        found = tuple(i for i, s in zip(element[1], slots, strict=False) if s in ORDERED)
        return found or None

    def _order(self, a: Element, mode: str, names: tuple[str, ...]) -> list[Element]:
        """All members that a is made of, each after those that it uses."""
        order: list[Element] = []
        seen: set[Element] = {a}
        stack: list[tuple[Element, Iterator[Element]]] = [(a, iter(self.local(a)[1]))]
        while stack:
            here, parts = stack[-1]
            part = next(parts, None)
            if part is None:
                order.append(here)
                stack.pop()
            elif part not in seen:
                seen.add(part)
                inner = self.local(part)[1] if self._passes(a, part, mode, names) else {}
                stack.append((part, iter(inner)))
        return order

    # -- values of formulas -------------------------------------------------------------------------

    def _tick(self) -> None:
        self._steps += 1
        if self._steps > self.most_steps:
            raise NoNumber("more steps of work than a formula takes")

    def value(self, x: Core, env: Letters) -> Any:
        """The value of a formula, its free letters given. Raises NoNumber where it has none."""
        self._tick()
        match x:
            case Num(value):
                return self.exact(value)
            case Ref(name, index):
                return self.element((name, tuple([self.index(i, env) for i in index])))
            case Add(terms):
                return sum([self.value(t, env) for t in terms])
            case Mul(factors):
                product: Any = 1
                for f in factors:
                    product = product * self.value(f, env)
                return product
            case Pow(base, exponent):
                return self._power(self.value(base, env), self._exponent(exponent, env))
            case Fn(name, args):
                return self._function(name, [self.value(a, env) for a in args])
            case Big():
                return self._big(x, env)
            case D():
                return self.derivative(x, env)
            case Delta(a, b):
                return self.one if self.index(a, env) == self.index(b, env) else self.zero
            case Chain():
                return self._chain(x, env)
            case Inverse():
                return self._inverse(x, env)
            case At(index_):
                return self.exact(Fraction(self.index(index_, env)))
            case Size(dim):
                return self.exact(Fraction(self.size(dim)))
            case Known(name):
                return {"e": self.reals.e, "\\pi": self.reals.pi}[name] + 0
            case Case(left, relation, right, then, other):
                return self.value(then if self._holds(left, relation, right, env) else other, env)
            case Stack():
                body, inner = self._part(x, env)
                return self.value(body, inner)
            case App():
                return self._applied(x, env, [])[0]
            case Solved():
                return self._solved(x, env)
            case Limit():
                return self._limit(x, env)
            case Where(body, values):
                return self._where(body, values, env).value(body, env)
            case Lost(name, _):
                raise NoNumber(f"{name} is not understood")
            case _:
                raise NoNumber(f"no value for {type(x).__name__}")

    def _big(self, x: Big, env: Letters) -> Any:
        key = (id(x), tuple([env.get(a) for a in self._letters(x)]))
        if key not in self._sums:
            found = [self.value(x.body, {**env, x.letter: i}) for i in self.range(x, env)]
            self._sums[key] = sum(found) if x.kind == "sum" else math.prod(found)
        return self._sums[key]

    def _letters(self, x: Core) -> tuple[str, ...]:
        """The free letters of a node, which is kept so that its identity stays its own."""
        found = self._free.get(id(x))
        if found is None:
            found = self._free[id(x)] = (x, tuple(sorted(letters_in(x))))
        return found[1]

    def forget(self) -> None:
        """Drops what was kept for one line's formulas."""
        self._sums.clear()
        self._chains.clear()
        self._free.clear()
        for other in self._neighbours.values():
            other.forget()
        self._steps = 0

    def _solved(self, x: Solved, env: Letters) -> Any:
        """The value of what an equation makes: any, where a constant is free; else by Newton's steps from a few starts."""  # noqa: E501
        own = (x.name.name, ())
        for start in range(8):
            guess = self.random("solved", own, start)
            self._values[own] = guess
            if x.free:
                return guess
            for _ in range(60):
                self._sums.clear()
                try:
                    value, slopes = self.slopes(x.body, env)
                    step = value / slopes[own]
                except (ZeroDivisionError, KeyError, OverflowError):
                    break
                if abs(step) > 20:
                    break
                guess = guess - step
                self._values[own] = guess
                if abs(step) < 1e-13 * (1 + abs(guess)):
                    return guess
        self._values.pop(own, None)
        raise NoNumber("no solution of an equation was found there")

    def _implicit(self, x: Solved, env: Letters) -> tuple[Any, Slopes]:
        """dy = -(F_x dx) / F_y."""
        own = (x.name.name, ())
        value = self._values[own] if own in self._values else self._solved(x, env)
        _, slopes = self.slopes(x.body, env)
        below = slopes.get(own, 0)
        if not below:
            raise NoNumber("a division by zero")
        return value, {k: -s / below for k, s in slopes.items() if k != own}

    def _where(self, body: Core, values: tuple[tuple[Ref, Core], ...], env: Letters) -> World:
        """The same world with other values of some members that nothing defines."""
        found: Slopes = {}
        for ref, value in values:
            element = (ref.name, tuple(self.index(i, env) for i in ref.index))
            if self.definition(element) is not None:
                raise NoNumber(f"{ref.name} has a value of its own")
            found[element] = self.value(value, env)
        return self._like(self.reals, found)

    def _holds(self, left: Core, relation: str, right: Core, env: Letters) -> bool:
        apart = self.value(left, env) - self.value(right, env)
        return bool(
            {
                "=": apart == 0,
                "<": apart < 0,
                ">": apart > 0,
                "\\leq": apart <= 0,
                "\\geq": apart >= 0,
                "\\neq": apart != 0,
            }[relation]
        )

    def range(self, x: Big, env: Letters) -> list[int]:
        if x.lower is None or x.upper is None:
            found = range(1, self.size(x.dim or "?") + 1)
        else:
            found = range(self.index(x.lower, env), self.index(x.upper, env) + 1)
        if len(found) > 60:
            raise NoNumber("a sum of more terms than are worked out here")
        without = {self.index(w, env) for w in x.without}
        return [i for i in found if i not in without]

    def _exponent(self, exponent: Core, env: Letters) -> Any:
        if isinstance(exponent, Num) and exponent.value.denominator == 1:
            return int(exponent.value)
        if isinstance(exponent, At):
            return self.index(exponent.index, env)
        return self.value(exponent, env)

    def _power(self, base: Any, exponent: Any) -> Any:
        try:
            if isinstance(exponent, int):
                if abs(exponent) > 400:
                    raise NoNumber("an exponent too large")
                return base**exponent
            if base <= 0:
                raise NoNumber("a power of a negative number")
            return base**exponent
        except (ZeroDivisionError, OverflowError):
            raise NoNumber("a division by zero") from None

    def _function(self, name: str, args: list[Any]) -> Any:
        try:
            if name in ("max", "min"):
                return max(args) if name == "max" else min(args)
            return FUNCTIONS[name].real(self.reals, args[0])
        except (ValueError, ZeroDivisionError, OverflowError):
            raise NoNumber(f"{name} has no value there") from None
        except KeyError:
            raise NoNumber(f"{name} is no function that is known") from None

    def _part(self, x: Stack, env: Letters) -> tuple[Core, dict[str, int]]:
        at = self.index(x.index, env)
        for letter, dim, body in x.parts:
            if at <= self.size(dim):
                return body, {**env, letter: at}
            at -= self.size(dim)
        raise NoNumber("an entry beyond the end of what is stacked")

    def _chain(self, x: Chain, env: Letters) -> Any:
        low, high = self.index(x.lower, env), self.index(x.upper, env)
        own = [a for a in self._letters(x.body) if a not in (x.letter, x.row, x.col)]
        key = (id(x.body), low, high, tuple(env.get(a) for a in own))
        if key not in self._chains:
            self._chains[key] = self._multiplied(x, low, high, env)
        p, q = (self.index(i, env) for i in x.at)
        return self._chains[key][p - 1][q - 1]

    def _multiplied(self, x: Chain, low: int, high: int, env: Letters) -> list[list[Any]]:
        n = self.size(x.dim)
        here = [[self.one if p == q else self.zero for q in range(n)] for p in range(n)]
        for j in range(low, high + 1):
            step = [
                [
                    self.value(x.body, {**env, x.letter: j, x.row: p + 1, x.col: q + 1})
                    for q in range(n)
                ]
                for p in range(n)
            ]
            left, right = (step, here) if x.down else (here, step)
            here = [
                [sum(left[p][k] * right[k][q] for k in range(n)) for q in range(n)]
                for p in range(n)
            ]
        return here

    def _inverse(self, x: Inverse, env: Letters) -> Any:
        """By elimination with the largest pivot."""
        n = self.size(x.dim)
        rows = [
            [self.value(x.body, {**env, x.row: p + 1, x.col: q + 1}) for q in range(n)]
            + [self.exact(Fraction(int(p == q))) for q in range(n)]
            for p in range(n)
        ]
        for k in range(n):
            best = max(range(k, n), key=lambda r: abs(rows[r][k]))
            rows[k], rows[best] = rows[best], rows[k]
            if not rows[k][k]:
                raise NoNumber("a division by zero")
            rows[k] = [v / rows[k][k] for v in rows[k]]
            for r in range(n):
                if r != k:
                    rows[r] = [v - rows[r][k] * w for v, w in zip(rows[r], rows[k], strict=True)]
        p, q = (self.index(i, env) for i in x.at)
        return rows[p - 1][n + q - 1]

    # -- abstract functions -------------------------------------------------------------------------

    def coefficient(self, name: str, out: tuple[int, ...], *places: tuple[int, ...]) -> Any:
        key = (f"{name}{out}", tuple(sorted(places)))
        if key not in self._coefficients:
            whole = self.style == "nice"
            self._coefficients[key] = (
                self.exact(Fraction(WHOLE[self._digest("function", *key) % len(WHOLE)]))
                if whole
                else self.random("function", *key)
            )
        return self._coefficients[key]

    def _applied(
        self, x: App, env: Letters, wanted: list[tuple[int, ...]]
    ) -> tuple[Any, list[Any]]:
        """An abstract function's value, and its slopes by the arguments' entries in `wanted`.

        It is a polynomial of degree three with coefficients of its own, so that equal arguments give equal values,
        and slopes at different places differ.
        """  # noqa: E501
        numbers: dict[tuple[int, ...], Any] = {}
        for k, arg in enumerate(x.args):
            for entry, inner in self._entries(arg.letters, arg.dims, env):
                numbers[(k, *entry)] = self.value(arg.body, inner)
        out = tuple(self.index(i, env) for i in x.index)
        slots = [(k, *(self.index(i, env) for i in ix)) for k, ix in x.slots]
        value = self._polynomial(x.name, out, numbers, slots)
        return value, [self._polynomial(x.name, out, numbers, [*slots, w]) for w in wanted]

    def _polynomial(
        self,
        name: str,
        out: tuple[int, ...],
        numbers: dict[tuple[int, ...], Any],
        by: list[tuple[int, ...]],
    ) -> Any:
        """Σ c_a + Σ c_ab a b + ½ of the sum of all: c0 + u + u v + v³ with u = Σ c a, v = Σ c' a, differentiated by `by`."""  # noqa: E501
        c = [self.coefficient(name, out, (n,)) for n in range(3)]
        line = [{k: self.coefficient(name, out, (n, *k)) for k in numbers} for n in range(3)]
        if self.style == "nice" and numbers:
            return self._simple(c[0], line[0], numbers, by)
        u, v, w = (
            sum((row[k] * x for k, x in numbers.items()), 0) + c[n] for n, row in enumerate(line)
        )
        if not by:
            return u + v * w + v * v * v / 6
        if any(k not in numbers for k in by):
            return self.zero
        if len(by) == 1:
            (p,) = by
            return line[0][p] + line[1][p] * w + v * line[2][p] + v * v * line[1][p] / 2
        if len(by) == 2:
            p, q = by
            return line[1][p] * line[2][q] + line[1][q] * line[2][p] + v * line[1][p] * line[1][q]
        raise NoNumber("a third derivative of an abstract function")

    def _simple(
        self,
        constant: Any,
        line: dict[tuple[int, ...], Any],
        numbers: dict[tuple[int, ...], Any],
        by: list[tuple[int, ...]],
    ) -> Any:
        """c + Σ c_a a + b², b the first argument's first entry, differentiated by `by`: numbers that a pencil can redo."""  # noqa: E501
        first = min(numbers)
        if not by:
            value = constant + numbers[first] * numbers[first]
            return sum((line[k] * x for k, x in numbers.items()), value)
        if any(k not in numbers for k in by):
            return self.zero
        if len(by) == 1:
            return line[by[0]] + (2 * numbers[first] if by[0] == first else 0)
        return self.one * (2 if set(by) == {first} and len(by) == 2 else 0)

    def _entries(
        self, letters: tuple[str, ...], dims: tuple[str, ...], env: Letters
    ) -> Iterator[tuple[tuple[int, ...], Letters]]:
        if not letters:
            yield (), env
            return
        for i in range(1, self.size(dims[0]) + 1):
            for rest, inner in self._entries(letters[1:], dims[1:], {**env, letters[0]: i}):
                yield (i, *rest), inner

    # -- slopes -------------------------------------------------------------------------------------

    def slopes(self, x: Core, env: Letters) -> tuple[Any, Slopes]:
        """The value of a formula and its slopes by the members that it names."""
        self._tick()
        match x:
            case Ref(name, index):
                element = (name, tuple(self.index(i, env) for i in index))
                return self.element(element), {element: self.one}
            case Add(terms):
                found = [self.slopes(t, env) for t in terms]
                return sum(v for v, _ in found), _sum((1, s) for _, s in found)
            case Mul(factors):
                return self._product([self.slopes(f, env) for f in factors])
            case Pow(base, exponent):
                return self._power_slopes(base, exponent, env)
            case Fn(name, args):
                return self._function_slopes(name, args, env)
            case Big(kind, letter, _, _, _, body, _):
                found = [self.slopes(body, {**env, letter: i}) for i in self.range(x, env)]
                if kind == "sum":
                    return sum(v for v, _ in found), _sum((1, s) for _, s in found)
                return self._product(found)
            case Case(left, relation, right, then, other):
                return self.slopes(then if self._holds(left, relation, right, env) else other, env)
            case Stack():
                body, inner = self._part(x, env)
                return self.slopes(body, inner)
            case App():
                return self._application(x, env)
            case D() | Limit() | Where():
                return self._second(x, env)
            case Solved(name, body):
                return self._implicit(x, env)
            case Chain() | Inverse():
                return self.value(x, env), _Unknown()
            case _:
                return self.value(x, env), {}

    def _second(self, x: D | Limit | Where, env: Letters) -> tuple[Any, Slopes]:
        """A derivative depends on what it is made of, and what is put into it; only one that is constant is differentiated here."""  # noqa: E501
        return self.value(x, env), _Unknown()

    def _product(self, found: list[tuple[Any, Slopes]]) -> tuple[Any, Slopes]:
        value: Any = 1
        for v, _ in found:
            value = value * v
        parts = []
        for i, (_, s) in enumerate(found):
            if s or isinstance(s, _Unknown):
                rest: Any = 1
                for j, (v, _) in enumerate(found):
                    if j != i:
                        rest = rest * v
                parts.append((rest, s))
        return value, _sum(parts)

    def _power_slopes(self, base: Core, exponent: Core, env: Letters) -> tuple[Any, Slopes]:
        b, s = self.slopes(base, env)
        n = self._exponent(exponent, env)
        value = self._power(b, n)
        _, inner = self.slopes(exponent, env) if not isinstance(exponent, Num | At) else (n, {})
        parts = [(n * self._power(b, n - 1), s)] if s or isinstance(s, _Unknown) else []
        if inner:
            if b <= 0:
                raise NoNumber("a power of a negative number")
            parts.append((value * self.reals.log(b), inner))
        return value, _sum(parts)

    def _function_slopes(
        self, name: str, args: tuple[Core, ...], env: Letters
    ) -> tuple[Any, Slopes]:
        found = [self.slopes(a, env) for a in args]
        values = [v for v, _ in found]
        value = self._function(name, values)
        if name in ("max", "min"):
            return value, found[values.index(value)][1]
        (inner,) = (s for _, s in found)
        if not inner and not isinstance(inner, _Unknown):
            return value, {}
        return value, _sum([(self._slope(name, values[0], value), inner)])

    def _slope(self, name: str, argument: Any, value: Any) -> Any:
        scratch = _Scratch(self, {("\\,a", ()): argument, ("\\,h", ()): value})
        return scratch.value(_slope_of(name), {})

    def _application(self, x: App, env: Letters) -> tuple[Any, Slopes]:
        wanted: list[tuple[int, ...]] = []
        inner: list[Slopes] = []
        for k, arg in enumerate(x.args):
            for entry, own in self._entries(arg.letters, arg.dims, env):
                _, s = self.slopes(arg.body, own)
                if s:
                    wanted.append((k, *entry))
                    inner.append(s)
        value, slopes = self._applied(x, env, wanted)
        return value, _sum(zip(slopes, inner, strict=True))


@cache
def _slope_of(name: str) -> Core:
    """A function's slope, in its argument and its value."""
    return FUNCTIONS[name].slope(Ref("\\,a"), Ref("\\,h"))


class _Scratch(World):
    """The argument and the value of a function, from which its slope is worked out."""

    def __init__(self, world: World, known: Mapping[Element, Any]) -> None:
        self.world, self.known, self.reals = world, known, world.reals
        self.zero, self.one = world.zero, world.one
        self._steps = 0

    def element(self, element: Element) -> Any:
        return self.known[element]


class _Unknown(dict[Element, Any]):
    """The slopes of what is not differentiated: whoever needs one is told."""

    def items(self) -> Any:
        raise SecondOrder(SECOND)

    def __iter__(self) -> Iterator[Element]:
        raise SecondOrder(SECOND)

    def __bool__(self) -> bool:
        return True


def _is_moved(value: Any, world: World) -> bool:
    """Whether a value changes with the small quantity of its world."""
    return isinstance(value, Series) and value.level == world.reals.level


def _sum(parts: Any) -> Slopes:
    total: Slopes = {}
    for factor, slopes in parts:
        if isinstance(slopes, _Unknown):
            return slopes
        for element, slope in slopes.items():
            value = factor * slope
            total[element] = total[element] + value if element in total else value
    return total
