"""Second moments of noise: E[w] = 0, E[w_t w_s^T] = 0 for t ≠ s, and E[w_t x_s^T] = 0 for what is made before w_t is drawn.

A rule for normal forms, and an assumption of whoever calls quantities noise: every verdict that rests on it says so.
"""  # noqa: E501

from __future__ import annotations

from fractions import Fraction
from math import inf

from derive.algebra.core import D, Ref, fresh, walk
from derive.algebra.expression import Time
from derive.algebra.forms import UNIT, Bound, Term
from derive.meaning.model import ORDERED, Definition, Model

ROOT = "\\,root of the covariance of "  # of which the covariance is the square, R R^T


class Moments:
    """The first and second moments of one model's noise."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._lags: dict[str, dict[str, float]] = {}

    def __call__(self, members: tuple[Ref, ...]) -> tuple[Term, ...] | None:
        """The mean of a product of one or two members for one outcome; None where nothing is known of it."""  # noqa: E501
        noise = [m for m in members if self._base(m) in self.model.noise]
        if not noise or len(members) > 2:
            return None
        if len(members) == 1:
            return ()
        if len(noise) == 1:
            other = members[0] if members[1] is noise[0] else members[1]
            return () if self._is_drawn_after(noise[0], other) else None
        return self._of_two(*noise)

    def _of_two(self, a: Ref, b: Ref) -> tuple[Term, ...] | None:
        if not (self._is_plain(a) and self._is_plain(b)):
            return None
        if self._base(a) != self._base(b):
            return ()
        first, second = self._step(a), self._step(b)
        if (first is None) != (second is None):
            return None
        if first is not None and second is not None:
            apart = first - second
            if not apart.is_number:
                return None
            if apart.shift:
                return ()
        name, letter = ROOT + self._base(a), fresh()
        steady = first is None or self._base(a) in self.model.steady
        then = () if steady or first is None else (first,)
        roots = (Ref(name, (*then, *self._components(m), Time.of(letter))) for m in (a, b))
        return (Term(Fraction(1), tuple((r, UNIT) for r in roots), (Bound(letter, name),)),)

    def _is_drawn_after(self, noise: Ref, other: Ref) -> bool:
        """Whether a member is made of none of the noise that is drawn at a step or later."""
        lag = self._lag(self._base(noise)).get(other.name, inf)
        if lag == inf:
            return True
        own, there = self._step(noise), self._step(other)
        if lag == -inf or own is None or there is None or not (own - there).is_number:
            return False
        return (own - there).shift > -lag

    def _lag(self, base: str) -> dict[str, float]:
        """For each family how many steps ago the last of the noise is that it is made of; -∞ where that is not known."""  # noqa: E501
        if base in self._lags:
            return self._lags[base]
        found: dict[str, float] = {}
        for name, slots in self.model.slots.items():
            given = name not in self.model.definitions and "sample" in slots
            if given and any(s in ORDERED for s in slots):
                found[name] = 1  # what is given at a later step may be made of what was seen
        found |= dict.fromkeys(self.model.lost, -inf)
        for name, slots in self.model.slots.items():
            if name.split("∅")[0] == base:
                found[name] = 0 if any(s in ORDERED for s in slots) else -inf
        rounds = 2 * len(self.model.definitions) + 2
        for n in range(rounds + len(self.model.definitions)):
            more = False
            for name, definitions in self.model.definitions.items():
                least = min((self._of(d, found) for d in definitions), default=inf)
                if least < found.get(name, inf):
                    found[name], more = (least if n < rounds else -inf), True
            if not more:
                break
        self._lags[base] = found
        return found

    def _of(self, d: Definition, found: dict[str, float]) -> float:
        least = inf
        slopes = any(isinstance(p, D) for p in walk(d.body))
        own = next((i for i, s in zip(d.index, d.slots, strict=False) if s in ORDERED), None)
        for part in walk(d.body):
            name = getattr(part, "name", "")
            lag = found.get(name, inf) if isinstance(part, Ref) else inf
            if lag == inf or not isinstance(part, Ref):
                continue
            step = self._step(part)
            known = own is not None and step is not None and (step - own).is_number
            if slopes or not known:
                return -inf
            assert own is not None and step is not None
            least = min(least, lag - (step - own).shift)
        return least

    def _is_plain(self, member: Ref) -> bool:
        """Whether noise is drawn at steps of one kind, and has entries: no layers beside times, no samples beside outcomes."""  # noqa: E501
        others = [s for s in self.model.slots.get(member.name, ()) if s != "component"]
        return others.count("sample") == 1 and len(others) <= 2

    def _base(self, member: Ref) -> str:
        return member.name.split("∅")[0]

    def _step(self, member: Ref) -> Time | None:
        slots = self.model.slots.get(member.name, ())
        return next((i for i, s in zip(member.index, slots, strict=False) if s in ORDERED), None)

    def _components(self, member: Ref) -> tuple[Time, ...]:
        slots = self.model.slots.get(member.name, ())
        return tuple(i for i, s in zip(member.index, slots, strict=False) if s == "component")
