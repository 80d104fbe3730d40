"""Proofs of single lines: a plan of rewritings after which both sides have one normal form.

A plan is a certificate: a tuple of names of rules. `check` applies them, in their order, to the difference of the two sides
and accepts where nothing is left; it searches nothing and knows no clock. Whoever looks for a plan is not trusted.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from derive.algebra.core import (
    Big,
    Chain,
    Core,
    D,
    Fn,
    Num,
    Ref,
    Solved,
    add,
    letters_in,
    move,
    neg,
    plain_size,
    rebuild,
    walk,
)
from derive.algebra.expression import Time
from derive.algebra.forms import UNIT, Bound, Find, Forms, NoForm, Term
from derive.algebra.functions import FUNCTIONS
from derive.meaning.model import Model
from derive.proof.moments import Moments
from derive.proof.over_steps import folded, narrowed, reaches, with_powers
from derive.proof.unfolding import ENDS, Unfolder, members

MOST_ROUNDS = 14
MOST_SEARCH = 12000


@dataclass(frozen=True, slots=True)
class SameForm:
    """Both sides have one normal form once the rules of `plan` are applied to their difference.

    `entries`: it is shown entry by entry, for each of the first n values of these component letters.
    """

    plan: tuple[str, ...]
    entries: tuple[tuple[str, int], ...] = ()

    def single(self) -> Iterator[dict[str, Time]]:
        """The entries that the proof goes through, each as what its letters are."""
        letters = [a for a, _ in self.entries]
        for numbers in product(*(range(1, n + 1) for _, n in self.entries)):
            yield dict(zip(letters, map(Time.at, numbers), strict=True))


class Lines:
    """Checks lines against the definitions in force."""

    def __init__(self, model: Model, find: Find) -> None:
        self.unfolder = Unfolder(model)
        self.forms = Forms(find)
        self.forms.moments = Moments(model) if model.noise else None
        self.values: dict[str, Fraction] = {}
        self.adjoints: dict[str, Callable[[Ref], Core]] = {}
        self._resolved: set[Core] = set()  # what `resolve` leaves as it is, in the line at hand
        self.made_of_derivatives = frozenset(
            n
            for n, ds in model.definitions.items()
            if any(isinstance(p, D) for d in ds for p in walk(d.body))
        )
        self._recognise()

    def _recognise(self) -> None:
        """Adjoints: a recursion that runs backward and is, by induction from the last step down, ∂C/∂h_t for a cost and a state."""  # noqa: E501
        model = self.unfolder.model
        for name, definitions in model.definitions.items():
            general = model.general(name)
            if general is None or not general.backward or self.unfolder.is_lost(name):
                continue
            for cost in self._costs():
                for state in sorted(model.definitions):
                    if state != name and self._is_adjoint(name, cost, state):
                        self.adjoints[name] = lambda ref, c=cost, s=state: D(
                            Ref(c), Ref(s, ref.index)
                        )  # type: ignore[misc]
                        break
                if name in self.adjoints:
                    break
            assert definitions

    def _costs(self) -> list[str]:
        model = self.unfolder.model
        return [
            n
            for n, ds in model.definitions.items()
            if n in model.slots and model.slots[n] == () and ds
        ]

    def _is_adjoint(self, name: str, cost: str, state: str) -> bool:
        """Induction: beyond the last step both are 0; at each step both have the same equation in their later members."""  # noqa: E501
        model, u = self.unfolder.model, self.unfolder
        if (
            model.slots.get(state) != model.slots.get(name)
            or u.is_lost(cost)
            or state not in u.ancestors(cost)
        ):
            return False
        general = model.general(name)
        assert general is not None

        def put(x: Core) -> Core:
            if isinstance(x, Ref) and x.name == name:
                return D(Ref(cost), Ref(state, x.index))
            return x if isinstance(x, D) else rebuild(x, put)

        def same(index: tuple[Time, ...], body: Core) -> bool:
            self.unfolder.looked_at = 0
            try:
                here = self.forms.form(
                    u.resolved(add((put(body), neg(u.by_side(D(Ref(cost), Ref(state, index)))))))
                )
                for rule in ("by", "open steps"):
                    if self.forms.is_zero(here):
                        return True
                    here = RULES[rule](self, here)
                return self.forms.is_zero(here)
            except (NoForm, RecursionError):
                return False

        return same(general.index, general.body) and all(
            same(d.index, d.body) for d in model.specials(name)
        )

    def check(self, left: Core, right: Core, certificate: SameForm) -> bool:
        """Whether the certificate proves left = right."""
        if certificate.entries:
            alone = SameForm(certificate.plan)
            return all(
                self.check(move(left, entry), move(right, entry), alone)
                for entry in certificate.single()
            )
        self.unfolder.looked_at = self.forms._steps = 0
        return (
            any(done for done in self.steps(left, right, certificate.plan) if done is not None)
            if certificate.plan
            else self.is_zero(self.difference(left, right))
        )

    def difference(self, left: Core, right: Core) -> Core:
        return add((left, neg(right)))

    def steps(self, left: Core, right: Core, plan: tuple[str, ...]) -> list[bool | None]:
        """After the whole plan: whether nothing is left."""
        here = self.difference(left, right)
        for rule in plan:
            self.unfolder.looked_at = self.forms._steps = (
                0  # what was spent on finding the plan is nothing to the checker
            )
            here = RULES[rule](self, here)
        return [self.is_zero(here)]

    def is_zero(self, x: Core) -> bool:
        """Whether a formula is identically 0; S + S^T, for any S, is any symmetric matrix."""
        if self.forms.is_zero(x):
            return True
        symmetric = self.unfolder.model.symmetric
        if not symmetric or not any(isinstance(p, Ref) and p.name in symmetric for p in walk(x)):
            return False

        def put(p: Core) -> Core:
            if isinstance(p, Ref) and p.name in symmetric:
                *others, a, b = p.index
                half = f"{p.name}\\,half"
                return add((Ref(half, (*others, a, b)), Ref(half, (*others, b, a))))
            return p if isinstance(p, D) else rebuild(p, put)

        return self.forms.is_zero(self.forms.form(put(x)))

    def suppose(self, left: Core, right: Core, distinct: tuple[Time, ...] = ()) -> None:
        """What the range of a line says: every member that it names lies inside the horizon, and `distinct` are not 0."""  # noqa: E501
        self._resolved.clear()
        reach: dict[str, int] = {}
        for part in walk(add((left, right))):
            if isinstance(part, Ref):
                step = self.unfolder.step(part)
                if step is not None and len(step.letters) == 1 and step.letters[0][1] == 1:
                    letter = step.letters[0][0]
                    reach[letter] = max(reach.get(letter, step.shift), step.shift)
        self.unfolder.reach = reach
        horizons = self.unfolder.model.horizons

        def apart(difference: Time) -> bool:
            if difference in distinct or -difference in distinct:
                return True
            letters = dict(difference.letters)
            tops = [a for a in letters if a in horizons and a in ENDS]
            rest = [a for a in letters if a not in tops]
            if (
                len(tops) != 1
                or len(rest) != 1
                or letters[tops[0]] * letters[rest[0]] != -1
                or rest[0] not in reach
            ):
                return False
            shift = difference.shift if letters[tops[0]] == 1 else -difference.shift
            return reach[rest[0]] + shift > 0

        ends = frozenset(a for a in horizons if a in ENDS)
        self.forms.suppose(apart, (frozenset(reach.items()), frozenset(distinct), ends))

    # -- rules --------------------------------------------------------------------------------------

    def resolve(self, x: Core) -> Core:
        """Derivatives of formulas by the chain rule, and names that stand for derivatives put in."""
        if x in self._resolved:
            return x
        for _ in range(4):
            made = self.forms.form(self.unfolder.resolved(self._derived(x)))
            if made == x:
                self._resolved.add(x)
                break
            x = made
        return x

    def at_values(self, x: Core) -> Core:
        """The numbers that the page gives, put in once nothing is differentiated any more."""

        def put(p: Core) -> Core:
            if isinstance(p, D):
                return p
            if isinstance(p, Ref) and p.name in self.values:
                return Num(self.values[p.name])
            return rebuild(p, put)

        return self.forms.form(put(x))

    def _derived(self, x: Core) -> Core:
        size = 0 if self.adjoints or self.made_of_derivatives else plain_size(x)
        self.unfolder.count(size or 1)
        if size:
            return x
        if isinstance(x, Ref):
            found = self.adjoints.get(x.name)
            if found is not None:
                return found(x)
            body = self.unfolder.body(x) if x.name in self.made_of_derivatives else None
            return x if body is None else body
        if isinstance(x, D):
            return x
        return rebuild(x, self._derived)

    def elementary(self, x: Core) -> Core:
        """Functions that are made of exponentials replaced by what they are."""
        return self.forms.form(_made(x))

    def unfold_by(self, x: Core) -> Core:
        """Totals unfolded from the side of B until all stand at the latest step that the line names."""
        front = self._frontier(x)
        for _ in range(MOST_ROUNDS):
            made = self._rewritten(
                x, lambda d: self.unfolder.by_side(d) if self._lags(d, front) else d
            )
            made = self.resolve(made)
            if made == x:
                return x
            x = made
        return x

    def _frontier(self, x: Core) -> Mapping[object, int]:
        front: dict[object, int] = {}
        for d in derivatives(x):
            step = self.unfolder.step(d.by)
            if step is not None:
                front[step.letters] = max(front.get(step.letters, step.shift), step.shift)
        return front

    def _lags(self, d: D, front: Mapping[object, int]) -> bool:
        step, own = self.unfolder.step(d.by), self.unfolder.step(d.of)  # type: ignore[arg-type]
        if step is None:
            return d.by.name in self.unfolder.model.definitions
        goes_on = self.unfolder.to_go(d.of.name) is not None  # type: ignore[attr-defined]
        if own is not None and (own - step).is_number and not goes_on:
            return True
        if d.by.name not in self.unfolder.carried:
            return True
        return step.shift < front.get(step.letters, step.shift) or self.unfolder.is_end(step)

    def unfold_of(self, x: Core) -> Core:
        """Totals unfolded from the side of A until all stand at the earliest step that the line names."""
        first: dict[object, int] = {}
        for d in derivatives(x):
            step = self.unfolder.step(d.of)  # type: ignore[arg-type]
            if step is not None and d.of.name in self.unfolder.carried:  # type: ignore[attr-defined]
                first[step.letters] = min(first.get(step.letters, step.shift), step.shift)
        for _ in range(MOST_ROUNDS):
            made = self.resolve(
                self._rewritten(
                    x, lambda d: self.unfolder.of_side(d) if self._leads(d, first) else d
                )
            )
            if made == x:
                return x
            x = made
        return x

    def _leads(self, d: D, first: Mapping[object, int]) -> bool:
        assert isinstance(d.of, Ref)
        if d.of.name in self.unfolder.model.lost:
            return False
        step = self.unfolder.step(d.of)
        if step is None:
            return self.unfolder.step(d.by) is None and not self.unfolder.carried_in(d.of.name)
        if d.of.name not in self.unfolder.carried:
            return True
        return step.shift > first.get(step.letters, step.shift)

    def unfold_once(self, x: Core) -> Core:
        """Totals of what stands at the latest step that the line differentiates, unfolded by the definition once, within the step."""  # noqa: E501
        late: dict[object, int] = {}
        first: dict[object, int] = {}
        for d in derivatives(x):
            step = self.unfolder.step(d.of)  # type: ignore[arg-type]
            if step is not None:
                late[step.letters] = max(late.get(step.letters, step.shift), step.shift)
        for part in walk(x):
            step = self.unfolder.step(part) if isinstance(part, Ref) else None
            if step is not None:
                first[step.letters] = min(first.get(step.letters, step.shift), step.shift)

        def last(d: D) -> bool:
            step = self.unfolder.step(d.of)  # type: ignore[arg-type]
            if (
                step is None
                or self.unfolder.is_lost(d.of.name)  # type: ignore[attr-defined]
                or step.shift != late.get(step.letters)
            ):
                return False
            general = self.unfolder.model.general(d.of.name)  # type: ignore[attr-defined]
            return (
                general is None
                or not general.recursive
                or step.shift > first.get(step.letters, step.shift)
            )

        for _ in range(MOST_ROUNDS):
            made = self.resolve(
                self._rewritten(x, lambda d: self.unfolder.of_side(d) if last(d) else d)
            )
            if made == x:
                return x
            x = made
        return x

    def unfold_costs(self, x: Core) -> Core:
        """What has no step of its own, a cost, unfolded by its definition."""
        return self.resolve(
            self._rewritten(
                x,
                lambda d: self.unfolder.of_side(d) if self.unfolder.step(d.of) is None else d,  # type: ignore[arg-type]
            )
        )

    def unfold_parameters(self, x: Core) -> Core:
        """Totals by what all steps share: the uses of every step."""
        return self.resolve(
            self._rewritten(x, lambda d: self.unfolder.by_side(d) if self._is_shared(d) else d)
        )

    def _is_shared(self, d: D) -> bool:
        return self.unfolder.step(d.by) is None and d.by.name not in self.unfolder.model.definitions

    def unfold_all(self, x: Core) -> Core:
        """Totals of what has no recursion unfolded by their definitions to the end."""
        for _ in range(MOST_ROUNDS):
            made = self.resolve(
                self._rewritten(x, lambda d: self.unfolder.of_side(d) if self._ends(d) else d)
            )
            if made == x:
                return x
            x = made
        return x

    def _ends(self, d: D) -> bool:
        """Whether unfolding by definitions comes to an end: no recursion at an index that is no number."""
        assert isinstance(d.of, Ref)
        step = self.unfolder.step(d.of)
        return d.of.name not in self.unfolder.model.lost and (
            step is None or step.is_number or d.of.name not in self.unfolder.carried
        )

    def open_steps(self, x: Core) -> Core:
        """Variables that are no states replaced by their definitions."""
        for _ in range(MOST_ROUNDS):
            made = self.forms.form(self._opened(x, lambda r: r.name not in self.unfolder.carried))
            if made == x:
                return x
            x = made
        return x

    def open_states(self, x: Core) -> Core:
        """All variables replaced by their definitions, down to the earliest states that the line names."""
        x = self.open_steps(x)
        base: dict[object, int] = {}
        for ref, _ in members(x):
            step = self.unfolder.step(ref)
            if step is not None and ref.name in self.unfolder.carried:
                base[step.letters] = min(base.get(step.letters, step.shift), step.shift)

        def late(r: Ref) -> bool:
            step = self.unfolder.step(r)
            return (
                step is None
                or r.name not in self.unfolder.carried
                or step.shift > base.get(step.letters, step.shift)
            )

        for _ in range(MOST_ROUNDS):
            made = self.forms.form(self._opened(x, late))
            if made == x:
                return x
            x = made
        return x

    def open_once(self, x: Core) -> Core:
        """The states at the latest step replaced by their definitions, once."""
        late: dict[object, int] = {}
        for ref, _ in members(x):
            step = self.unfolder.step(ref)
            if step is not None and ref.name in self.unfolder.carried:
                late[step.letters] = max(late.get(step.letters, step.shift), step.shift)

        def last(r: Ref) -> bool:
            step = self.unfolder.step(r)
            return step is None or step.shift == late.get(step.letters)

        return self.open_steps(self.forms.form(self._opened(x, last)))

    def open_latest(self, x: Core) -> Core:
        """What is made last, of all that a formula names, replaced by its definition."""
        u = self.unfolder
        refs = {r for r, _ in members(x) if r.name not in u.model.lost and u.body(r) is not None}
        last: dict[object, int] = {}
        for r in refs:
            step = u.step(r)
            if step is not None:
                last[step.letters] = max(last.get(step.letters, step.shift), step.shift)
        late = {r for r in refs if (s := u.step(r)) is None or s.shift == last[s.letters]}
        below = {n for r in late for n in u.before(r.name) - {r.name}}
        return self.forms.form(self._opened(x, lambda r: r in late and r.name not in below))

    def _opened(self, x: Core, which: Callable[[Ref], bool]) -> Core:
        self.unfolder.count()
        if isinstance(x, Ref):
            if x.name in self.unfolder.model.lost or not (which(x) or self.unfolder.is_special(x)):
                return x
            body = self.unfolder.body(x)
            return x if body is None or isinstance(body, Solved) else body
        if isinstance(x, D):
            return x
        return rebuild(x, lambda p: self._opened(p, which))

    def _rewritten(self, x: Core, change: Callable[[D], Core]) -> Core:
        if plain_size(x):
            return x
        if isinstance(x, D):
            if isinstance(x.of, Ref):
                return change(x) if x.mode == "total" else x
            return replace(x, of=self._rewritten(x.of, change)) if x.mode == "total" else x
        return rebuild(x, lambda p: self._rewritten(p, change))

    # -- products over time -----------------------------------------------------------------------------

    def join(self, x: Core) -> Core:
        """Products of Jacobians from step to step made one Jacobian, and ∂A/∂h_m ∂h_m/∂h_k made ∂A/∂h_k, where h is all that a
        step hands on."""  # noqa: E501
        x = self.forms.form(self._joined_products(x))
        for _ in range(MOST_ROUNDS):
            terms = [self._merged(with_powers(self, t)) for t in self.forms.terms(x)]
            made = self.forms.form(add(map(self.forms.spelled, terms)))
            if made == x:
                return x
            x = made
        return x

    def _joined_products(self, x: Core, bounds: tuple[Bound, ...] = ()) -> Core:
        inside = bounds
        if isinstance(x, Big) and x.kind == "sum":
            inside = (*bounds, Bound(x.letter, x.dim, x.lower, x.upper))
        x = rebuild(x, lambda p: self._joined_products(p, inside))
        if isinstance(
            x, Chain
        ):  # in the order of time: the transpose of the product of the transposes
            ends = (x.row, x.col), x.at
            (row, col), at = ends if x.down else (ends[0][::-1], ends[1][::-1])
            found = None
            if reaches(x.lower, x.upper, bounds):
                found = self._state_of(x.body, x.letter, Time.of(row), Time.of(col))
            if found is not None:
                return D(
                    self._member(found, x.upper, at[0]),
                    self._member(found, x.lower + (-1), at[1]),
                )
        if isinstance(x, Big) and x.kind == "prod" and x.lower is not None and x.upper is not None:
            made = self.jacobian(x) if reaches(x.lower, x.upper, bounds) else None
            return x if made is None else made
        return x

    def jacobian(self, x: Big) -> Core | None:
        """The derivative of a state by an earlier one that a product of its slopes from step to step is."""
        assert x.lower is not None and x.upper is not None
        found = self._state_of(x.body, x.letter, None, None)
        if found is None:
            return None
        shift = self._shift_in(x.body, x.letter)
        return D(
            self._member(found, x.upper + shift, None),
            self._member(found, x.lower + (shift - 1), None),
        )

    def _member(self, name: str, step: Time, component: Time | None) -> Ref:
        return Ref(name, (step,) if component is None else (step, component))

    def _shift_in(self, body: Core, letter: str) -> int:
        for d in derivatives(body):
            step = self.unfolder.step(d.of)  # type: ignore[arg-type]
            if step is not None and step.letters == ((letter, 1),):
                return step.shift
        return 0

    def _state_of(self, body: Core, letter: str, row: Time | None, col: Time | None) -> str | None:
        """The state whose Jacobian from one step to the next the factor of a product is."""
        for name in sorted(self.unfolder.carried):
            if not self.unfolder.is_cut(name):
                continue
            shift = self._shift_in(body, letter)
            step = Time.of(letter, shift)
            own = D(self._member(name, step, row), self._member(name, step + (-1), col))
            slots = self.unfolder.model.slots.get(name, ())
            if len(slots) != (1 if row is None else 2):
                continue
            if self.forms.form(body) == self.forms.form(own):
                return name
            for plan in (("resolve", "of", "open steps"), ("resolve", "of", "open once")):
                try:
                    here = self.difference(body, self.unfolder.of_side(own))
                    for rule in plan:
                        here = RULES[rule](self, here)
                    if self.forms.is_zero(here):
                        return name
                except NoForm:
                    continue
        return None

    def _merged(self, t: Term) -> Term:
        bound = {b.letter: b for b in t.bounds}
        totals = [
            a
            for a, p in t.factors
            if isinstance(a, D) and p == UNIT and isinstance(a.of, Ref) and a.mode == "total"
        ]
        for a in totals:
            for b in totals:
                if a is b or a.by != b.of:
                    continue
                own = [
                    i
                    for i in a.by.index
                    if any(x in bound and bound[x].dim is not None for x, _ in i.letters)
                ]
                letters = {x for i in own for x, _ in i.letters}
                rest = tuple(f for f in t.factors if f[0] not in (a, b))
                alone = not any(letters & letters_in(f[0]) for f in rest)
                if alone and self._passes(a, b, t.bounds):
                    joined = D(a.of, b.by)
                    bounds = tuple(x for x in t.bounds if x.letter not in letters)
                    return replace(t, factors=(*rest, (joined, UNIT)), bounds=bounds)
        return t

    def _passes(self, a: D, b: D, bounds: tuple[Bound, ...]) -> bool:
        """Whether every path from b.by to a.of goes through a.by: it lies between them in time, wherever the indices run."""  # noqa: E501
        u = self.unfolder
        assert isinstance(a.of, Ref)
        name = a.by.name
        if not u.is_cut(name, a.of.name) or b.by.name not in (name, *u.before(name)):
            return False
        of, through, by = u.step(a.of), u.step(a.by), u.step(b.by)
        if of is None or through is None or by is None:
            return False
        before, behind = _least(through - by, bounds), _least(of - through, bounds)
        if before is None or behind is None or before < 0 or behind < 0:
            return False
        return behind > 0 or u.only_through(a.of.name, name)


def _least(distance: Time, bounds: tuple[Bound, ...]) -> int | None:
    """The least value of a distance as the summed letters run; None where it is not known."""
    for _ in range(4):
        if distance.is_number:
            return distance.shift
        for b in bounds:
            count = dict(distance.letters).get(b.letter, 0)
            end = b.lower if count > 0 else b.upper
            if count and abs(count) == 1 and end is not None and b.dim is None:
                distance = distance.replace({b.letter: end})
                break
        else:
            return None
    return distance.shift if distance.is_number else None


RULES: Mapping[str, Callable[[Lines, Core], Core]] = {
    "resolve": Lines.resolve,
    "by": Lines.unfold_by,
    "of": Lines.unfold_of,
    "once": Lines.unfold_once,
    "costs": Lines.unfold_costs,
    "parameters": Lines.unfold_parameters,
    "all": Lines.unfold_all,
    "open steps": Lines.open_steps,
    "open states": Lines.open_states,
    "open once": Lines.open_once,
    "open latest": Lines.open_latest,
    "join": Lines.join,
    "later": narrowed,
    "fold": folded,
    "elementary": Lines.elementary,
    "at values": Lines.at_values,
}
# The ones that open little come first: what is opened far costs the steps that the search may take.
PLANS: tuple[tuple[str, ...], ...] = (
    ("resolve",),
    ("resolve", "by"),
    ("resolve", "costs"),
    ("resolve", "of"),
    ("resolve", "parameters"),
    ("resolve", "once"),
    ("resolve", "costs", "later"),
    ("resolve", "join"),
    ("resolve", "open steps"),
    ("resolve", "elementary"),
    ("resolve", "by", "open steps"),
    ("resolve", "of", "open steps"),
    ("resolve", "parameters", "fold"),
    ("resolve", "open steps", "elementary"),
    ("resolve", "once", "elementary"),
    ("resolve", "once", "open steps"),
    ("resolve", "by", "open states"),
    ("resolve", "of", "open once"),
    ("resolve", "costs", "later", "of"),
    ("join", "resolve", "costs", "later", "of"),
    ("join", "resolve", "costs", "parameters", "fold", "of"),
    ("resolve", "parameters", "by", "open steps"),
    ("resolve", "parameters", "by", "join"),
    ("resolve", "once", "open steps", "elementary"),
    ("resolve", "of", "open states"),
    ("resolve", "costs", "of"),
    ("resolve", "parameters", "by", "open states"),
    ("resolve", "costs", "parameters", "by", "join"),
    ("resolve", "join", "parameters", "by", "join"),
    ("resolve", "costs", "join", "parameters", "by", "join", "open steps"),
    ("resolve", "all", "open states"),
    ("resolve", "all", "open states", "elementary"),
    ("resolve", "join", "of", "open states"),
    ("resolve", "open once", "all", "open steps"),
    ("resolve", "open steps", "by", "open steps"),
    ("resolve", "open steps", "parameters", "by", "open steps"),
    ("open steps", "resolve", "all", "open states"),
)

# From what is made last down to the noise of its step: what was there before stands as it is.
WITH_NOISE = (("resolve", *["open latest"] * 4), ("resolve", "open steps", "open once"))

AT_VALUES = (
    ("resolve", "at values"),
    ("resolve", "open steps", "at values"),
    ("resolve", "all", "open states", "at values"),
    ("resolve", "by", "open states", "at values"),
)


def _made(x: Core) -> Core:
    x = rebuild(x, _made)
    if isinstance(x, Fn) and x.name in FUNCTIONS:
        row = FUNCTIONS[x.name]
        if row.made_of is not None and not row.kink and x.name != "\\sqrt":
            return _made(row.made_of(x.args[0]))
    return x


def derivatives(x: Core) -> list[D]:
    return (
        [] if plain_size(x) else [p for p in walk(x) if isinstance(p, D) and isinstance(p.of, Ref)]
    )


def search(lines: Lines, left: Core, right: Core) -> SameForm | None:
    """A plan that proves left = right, by trying those that people use; prefixes are worked out once."""
    spent = 0
    plans = PLANS if not lines.values else AT_VALUES
    if lines.forms.moments is not None:
        plans = (*WITH_NOISE, *plans)
    start = lines.difference(left, right)
    done: dict[tuple[str, ...], Core | None] = {(): start}
    ruled: dict[tuple[str, Core], Core | None] = {}
    for plan in plans:
        for n in range(1, len(plan) + 1):
            prefix = plan[:n]
            if prefix in done:
                continue
            before = done[prefix[:-1]]
            if before is None:
                done[prefix] = None
                continue
            step = prefix[-1], before
            if step in ruled:  # another plan came by here, and it was not 0
                done[prefix] = ruled[step]
                continue
            if spent > MOST_SEARCH * (1 if lines.forms.moments is None else 2):
                return None
            lines.unfolder.looked_at = lines.forms._steps = 0
            try:
                done[prefix] = ruled[step] = here = RULES[step[0]](lines, before)
                if here != before and lines.is_zero(here):
                    return SameForm(prefix)
            except (NoForm, RecursionError):
                done[prefix] = ruled[step] = None
            spent += lines.forms._steps
    return None


assert move  # type: ignore[truthy-function]
