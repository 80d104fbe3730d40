"""Rules that rewrite derivatives of members of families, by the definitions in force: the trusted half of a proof of a line.

Each rule is an equation that holds for every horizon and all sizes: the chain rule at a node, from the side of what is
differentiated or from the side of what it is differentiated by; a definition put in; a derivative that no path makes is 0.
Source: DESIGN, section 2, "The chain rule at a node"; Werbos (1990), Williams and Zipser (1989).
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from derive.algebra.core import (
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
    Known,
    Mul,
    Num,
    Pow,
    Ref,
    Size,
    Solved,
    Stack,
    add,
    children,
    delta,
    fresh,
    letters_in,
    move,
    mul,
    plain_size,
    rebuild,
    summed,
    walk,
)
from derive.algebra.expression import Time
from derive.algebra.forms import NoForm
from derive.algebra.slopes import NoSlope, slope
from derive.meaning.model import ORDERED, Definition, Model
from derive.proof.cost_to_go import CostToGo, cost_to_go

ENDS = ("T", "L", "N", "\\tau")
MOST_NODES = 20_000


def _step_of(name: str) -> Time:
    """The step that a derivative "at" it is of: a letter, or a number."""
    return Time.at(int(name)) if name.isdigit() else Time.of(name)


class Unfolder:
    """The rules of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._ancestors: dict[str, frozenset[str]] = {}
        self.base = 1
        self._forward: dict[str, bool] = {}
        self._carried_in: dict[str, frozenset[str]] = {}
        self._followers: dict[str, set[str]] = {}
        self.carried = self._carried()
        self.looked_at = 0
        self._ordered: dict[str, int | None] = {}
        self._bodies: dict[Ref, Core | None] = {}
        self._to_go: dict[str, CostToGo | None] = {}
        self.reach: Mapping[str, int] = {}  # how far behind a letter a line names members

    def suppose(self, model: Model, base: int) -> None:
        """The same definitions in another model; `base` is the step that they begin at."""
        own = self.model
        if base != self.base or (own.slots, own.lost, own.horizons) != (
            model.slots,
            model.lost,
            model.horizons,
        ):
            self._ordered, self._bodies = {}, {}
        self.model, self.base = model, base

    # -- what the definitions say ---------------------------------------------------------------------

    def _carried(self) -> frozenset[str]:
        """The families that are used at another step than their own: the states."""
        found = set()
        for definitions in self.model.definitions.values():
            for d in definitions:
                for part in walk(d.body):
                    if (
                        isinstance(part, Ref)
                        and self._is_ordered(part.name)
                        and self._apart(d, part) != 0
                    ):
                        found.add(part.name)
        return frozenset(found)

    def carried_in(self, name: str) -> frozenset[str]:
        """The families that are used at another step than their own by what a family is made of."""
        if name in self._carried_in:
            return self._carried_in[name]
        found = set()
        for own in self.ancestors(name):
            for d in self.model.definitions.get(own, ()):
                for part in walk(d.body):
                    if (
                        isinstance(part, Ref)
                        and self._is_ordered(part.name)
                        and self._apart(d, part) not in (0, None)
                    ):
                        found.add(part.name)
        self._carried_in[name] = frozenset(found & set(self.model.definitions))
        return self._carried_in[name]

    def _is_ordered(self, name: str) -> bool:
        return any(s in ORDERED for s in self.model.slots.get(name, ()))

    def _apart(self, d: Definition, ref: Ref) -> int | None:
        """How many steps after its user's own a member is; None where the user has no step, or it is a sum's index."""  # noqa: E501
        own = [i for i, s in zip(d.index, d.slots, strict=False) if s in ORDERED]
        there = [
            i
            for i, s in zip(ref.index, self.model.slots.get(ref.name, ()), strict=False)
            if s in ORDERED
        ]
        if not own or not there:
            return 0
        shifts = [b - a for a, b in zip(own, there, strict=False)]
        if any(not s.is_number for s in shifts):
            return None if d.is_general else 0
        return next((s.shift for s in shifts if s.shift), 0)

    def ancestors(self, name: str) -> frozenset[str]:
        """All families that a family is made of, itself included."""
        if name not in self._ancestors:
            seen, waiting = {name}, [name]
            while waiting:
                for d in self.model.definitions.get(waiting.pop(), ()):
                    for part in walk(d.body):
                        if isinstance(part, Ref) and part.name not in seen:
                            seen.add(part.name)
                            waiting.append(part.name)
            self._ancestors[name] = frozenset(seen)
        return self._ancestors[name]

    def is_lost(self, name: str) -> bool:
        """Whether a family is made of something that was not understood."""
        return any(a in self.model.lost for a in self.ancestors(name))

    def runs_forward(self, name: str) -> bool:
        """Whether no definition that a family is made of looks at a later step."""
        if name not in self._forward:
            self._forward[name] = not any(
                isinstance(part, Ref)
                and self._is_ordered(part.name)
                and d.is_general
                and self._looks_ahead(d, part)
                for own in self.ancestors(name)
                for d in self.model.definitions.get(own, ())
                for part in walk(d.body)
            )
        return self._forward[name]

    def _looks_ahead(self, d: Definition, part: Ref) -> bool:
        apart = self._apart(d, part)
        return apart is None or apart > 0

    def step(self, ref: Ref) -> Time | None:
        """The ordered index of a member; None where it has none. The first where it has several."""
        name, index = ref.name, ref.index
        try:
            place = self._ordered[name]
        except KeyError:
            slots = enumerate(self.model.slots.get(name, ()))
            place = self._ordered[name] = next((i for i, s in slots if s in ORDERED), None)
        return index[place] if place is not None and place < len(index) else None

    def is_end(self, step: Time) -> bool:
        """Whether an index is a horizon, or a fixed distance before it."""
        return (
            len(step.letters) == 1
            and step.letters[0][1] == 1
            and step.letters[0][0] in ENDS
            and step.letters[0][0] in self.model.horizons
        )

    def is_special(self, ref: Ref) -> bool:
        """Whether a special case defines a member: λ_T, h_0."""
        return any(self._matched(d, ref) is not None for d in self.model.specials(ref.name))

    def body(self, ref: Ref) -> Core | None:
        """What a member is by its definition; None for a leaf. A special case counts where its index stands."""  # noqa: E501
        try:
            return self._bodies[ref]
        except KeyError:
            found = self._bodies[ref] = self._body(ref)
            return found

    def _body(self, ref: Ref) -> Core | None:
        if ref.name in self.model.lost:
            raise NoForm(f"{ref.name} is not understood")
        general, step = self.model.general(ref.name), self.step(ref)
        if (
            general is not None
            and general.backward
            and step is not None
            and self.is_end(step)
            and step.shift > 0
            and not self.is_special(ref)
        ):
            return ZERO
        for d in self.model.definitions.get(ref.name, ()):
            table = self._matched(d, ref)
            if table is not None and (not d.is_general or self._applies(d, ref)):
                return move(d.body, table)
        return None

    def _matched(self, d: Definition, ref: Ref) -> dict[str, Time] | None:
        if len(d.index) != len(ref.index):
            raise NoForm(f"{ref.name} with another number of indices")
        table: dict[str, Time] = {}
        for own, index in zip(d.index, ref.index, strict=True):
            letters = [a for a, _ in own.letters if a in d.letters]
            if len(letters) == 1 and own.letters == ((letters[0], 1),):
                table[letters[0]] = index + (-own.shift)
            elif own != index:
                return None
        return table

    def _applies(self, d: Definition, ref: Ref) -> bool:
        """Whether a general definition holds at this index; NoForm where its end is not where the page's says."""  # noqa: E501
        step = self.step(ref)
        if step is None or not step.is_number:
            return True
        return step.shift >= 1 or (not d.looks_back and step.shift >= self.base)

    # -- derivatives ----------------------------------------------------------------------------------

    def resolved(self, x: Core) -> Core:
        """Derivatives of formulas by the chain rule, those that no path makes 0, those of a member by itself δ."""  # noqa: E501
        size = plain_size(x)
        self.count(size or 1)
        if size:
            return x
        if isinstance(x, D):
            return self._resolved(x)
        return rebuild(x, self.resolved)

    def count(self, parts: int = 1) -> None:
        """Raises NoForm where one rule has looked at more than `MOST_NODES` parts: it grows too far."""
        self.looked_at += parts
        if self.looked_at > MOST_NODES:
            raise NoForm("a formula that grows too far")

    def _resolved(self, x: D) -> Core:
        if not isinstance(x.of, Ref):
            if x.mode == "own":
                return self._slope(x.of, x.by)
            of = self.resolved(x.of)
            if x.mode == "total" and any(isinstance(p, D) for p in walk(of)):
                return self._second(of, x.by)
            return self.through(of, x.by, x.mode, x.names)
        if x.mode == "step":
            return self._within_step(x.of, x.by)
        if x.mode == "own":
            body = self.body(x.of)
            return ZERO if body is None else self._slope(body, x.by)
        if x.mode in ("at", "via"):
            return self._uses(x.of, x.by, x.mode, x.names)
        if x.mode == "held" and self._is_direct(x):
            body = self.body(x.of)
            return ZERO if body is None else self._slope(body, x.by)
        if x.mode != "total":
            raise NoForm("a derivative with variables held")
        return self.total(x.of, x.by)

    def _is_direct(self, x: D) -> bool:
        """Whether ∂h_t/∂h_{t-1} with all else held leaves the direct use alone: no member of h stands between."""  # noqa: E501
        assert isinstance(x.of, Ref)
        others = set(self.model.definitions) - {x.of.name}
        if x.of.name != x.by.name or not others <= set(x.names):
            return False
        own, earlier = self.step(x.of), self.step(x.by)
        apart = None if own is None or earlier is None else own - earlier
        return apart is not None and apart.is_number and apart.shift == 1

    def _second(self, of: Core, by: Ref) -> Core:
        """The derivative of a formula with derivatives in it: itself, until those are unfolded."""
        try:
            return self.through(of, by)
        except NoForm:
            return D(of, by)

    def total(self, of: Ref, by: Ref) -> Core:
        """∂of/∂by as δ, 0, or itself."""
        if of.name == by.name and len(of.index) == len(by.index):
            a, b = self.step(of), self.step(by)
            if a is None or b is None or a == b:
                return mul(delta(p, q) for p, q in zip(of.index, by.index, strict=True))
        if self.is_lost(of.name):
            return D(of, by)
        if by.name not in self.ancestors(of.name):
            return ZERO
        if of.name not in self.model.definitions:
            return (
                mul(delta(p, q) for p, q in zip(of.index, by.index, strict=True))
                if of.name == by.name
                else ZERO
            )
        if self._is_earlier(of, by):
            return ZERO
        to_go = self.to_go(of.name)
        return D(of, by) if to_go is None else self._still_to_go(to_go, of, by)

    def to_go(self, name: str) -> CostToGo | None:
        """A family that is the sum of the costs from a step on; no term is made of later steps."""
        if name not in self._to_go:
            found = cost_to_go(self.model, name)
            if found is not None and any(
                not self.runs_forward(p.name) or self._is_after(found.letter, p)
                for p in walk(found.body)
                if isinstance(p, Ref)
            ):
                found = None
            self._to_go[name] = found
        return self._to_go[name]

    def _is_after(self, letter: str, ref: Ref) -> bool:
        step = self.step(ref)
        return step is not None and (step.letters != ((letter, 1),) or step.shift > 0)

    def _still_to_go(self, to_go: CostToGo, of: Ref, by: Ref) -> Core:
        """∂F_s/∂h_u = ∂L_u/∂h_u + ∂F/∂h_u with F from behind u on, where s ≤ u ≤ T: no term before u depends on h_u."""  # noqa: E501
        own, step = self.step(of), self.step(by)
        if own is None or step is None or not to_go.is_behind(own, step):
            return D(of, by)
        if not self._is_within(step):
            return D(of, by)
        behind = Ref(of.name, (step + (1 - to_go.shift),))
        return add((self.through(to_go.term(step), by), D(behind, by)))

    def _is_earlier(self, of: Ref, by: Ref) -> bool:
        a, b = self.step(of), self.step(by)
        if a is None or b is None or not self.runs_forward(of.name):
            return False
        apart = b - a
        return apart.is_number and (
            apart.shift > 0 or (apart.shift == 0 and of.name not in self._after(by.name))
        )

    def _after(self, name: str) -> set[str]:
        """The families that use a family within its own step."""
        if name in self._followers:
            return self._followers[name]
        found, waiting = {name}, [name]
        while waiting:
            here = waiting.pop()
            for user, definitions in self.model.definitions.items():
                if user in found:
                    continue
                if any(
                    isinstance(p, Ref) and p.name == here and self._apart(d, p) == 0
                    for d in definitions
                    for p in walk(d.body)
                ):
                    found.add(user)
                    waiting.append(user)
        self._followers[name] = found
        return found

    def _slope(self, x: Core, by: Ref) -> Core:
        try:
            return slope(x, by)
        except NoSlope as error:
            raise NoForm(str(error)) from None

    def through(self, x: Core, by: Ref, mode: str = "total", names: tuple[str, ...] = ()) -> Core:
        """∂x/∂by along every member that x names: the chain rule."""
        if any(isinstance(p, D) and self._may_depend(p, by) for p in walk(x)):
            raise NoForm("a derivative of what is made of derivatives")
        x = apart(x, letters_in(by))  # type: ignore[arg-type]
        parts = []
        for ref, bound in members(x):
            if mode == "total":  # noqa: SIM108
                outer = self.total(ref, by)
            else:
                outer = self._resolved(D(ref, by, mode, names))
            if outer != ZERO:
                parts.append((ref, bound, outer))
        if not parts:
            return ZERO
        return self._along(x, {ref: outer for ref, _, outer in parts})

    def _may_depend(self, x: D, by: Ref) -> bool:
        """Whether a derivative may change with a member."""
        named = [p.name for p in walk(x.of) if isinstance(p, Ref)]
        return any(self.is_lost(n) or by.name in self.ancestors(n) for n in named)

    def _along(self, x: Core, outer: dict[Ref, Core]) -> Core:
        """Σ over the members of x of its slope by each, times what is given for it: forward differentiation."""  # noqa: E501
        match x:
            case Ref():
                return outer.get(x, ZERO)
            case Add(terms):
                return add(self._along(t, outer) for t in terms)
            case Mul(factors):
                return add(
                    mul((*factors[:i], self._along(f, outer), *factors[i + 1 :]))
                    for i, f in enumerate(factors)
                )
            case Big("sum", letter, dim, lower, upper, body, without):
                inner = self._along(body, outer)
                return (
                    ZERO if inner == ZERO else Big("sum", letter, dim, lower, upper, inner, without)
                )
            case Case(a, relation, b, then, other):
                return Case(a, relation, b, self._along(then, outer), self._along(other, outer))
            case Stack(index, parts):
                made = tuple((i, d, self._along(b, outer)) for i, d, b in parts)
                return ZERO if all(b == ZERO for _, _, b in made) else Stack(index, made)
            case Pow() | Fn():
                return self._composed(x, outer)
            case App():
                return self._applied(x, outer)
            case Solved(name, body):
                inner = self._along(body, {r: o for r, o in outer.items() if r != name})
                return (
                    ZERO
                    if inner == ZERO
                    else mul((MINUS, inner, Pow(self._slope(body, name), MINUS)))
                )
            case Num() | At() | Size() | Known() | Delta():
                return ZERO
            case _:
                if any(self._along(c, outer) != ZERO for c in children(x)):
                    raise NoForm("a derivative of what is made of derivatives, or of a product")
                return ZERO

    def _composed(self, x: Core, outer: dict[Ref, Core]) -> Core:
        """f(a), a^b: the slope by each part, times the part's own."""
        found = []
        parts = list(children(x))
        for place, part in enumerate(parts):
            inner = self._along(part, outer)
            if inner == ZERO:
                continue
            mark = Ref("\\,part")
            others = [mark if i == place else p for i, p in enumerate(parts)]
            whole: Core = Pow(*others) if isinstance(x, Pow) else Fn(x.name, tuple(others))  # type: ignore[attr-defined]
            own = _replaced(self._slope(whole, mark), mark, part)
            found.append(mul((own, inner)))
        return add(found)

    def _applied(self, x: App, outer: dict[Ref, Core]) -> Core:
        found = []
        for k, arg in enumerate(x.args):
            names = {a: fresh() for a in arg.letters}
            moved = {a: Time.of(b) for a, b in names.items()}
            inner = self._along_moved(arg.body, outer, moved)
            if inner == ZERO:
                continue
            made = App(
                x.name,
                x.args,
                x.index,
                (*x.slots, (k, tuple(Time.of(names[a]) for a in arg.letters))),
            )
            term = mul((made, inner))
            for a, dim in zip(arg.letters, arg.dims, strict=True):
                term = self._over(names[a], dim, term)
            found.append(term)
        return add(found)

    def _over(self, letter: str, dim: str, term: Core) -> Core:
        if dim in ORDERED:
            top = next(
                (
                    a
                    for a, d in self.model.horizons.items()
                    if d == dim and a in ("T", "L", "N", "n", "\\tau")
                ),
                "T",
            )
            return Big("sum", letter, None, Time.at(1), Time.of(top), term)
        return summed(letter, dim, term)

    def _along_moved(self, body: Core, outer: dict[Ref, Core], moved: dict[str, Time]) -> Core:
        inner = self._along(body, outer)
        return move(inner, moved)

    # -- unfolding ----------------------------------------------------------------------------------

    def of_side(self, x: D) -> Core:
        """∂A/∂B = δ + ∂body/∂B by A's own definition; where A is B, nothing that A is made of depends on B."""  # noqa: E501
        assert isinstance(x.of, Ref)
        body = self.body(x.of)
        return add((self._same(x.of, x.by), ZERO if body is None else self.through(body, x.by)))

    def _same(self, of: Ref, by: Ref) -> Core:
        """1 where two members are one."""
        if of.name != by.name or len(of.index) != len(by.index):
            return ZERO
        return mul(delta(p, q) for p, q in zip(of.index, by.index, strict=True))

    def by_side(self, x: D) -> Core:
        """∂A/∂B = δ + Σ_V ∂A/∂V ∂⁺V/∂B over the members V that use B directly."""
        assert isinstance(x.of, Ref)
        if self.is_lost(x.of.name):
            raise NoForm(f"{x.of.name} is made of what is not understood")
        return add((self._same(x.of, x.by), self._uses(x.of, x.by, "total", ())))

    def _uses(self, of: Ref, by: Ref, mode: str, names: tuple[str, ...]) -> Core:
        if self.is_lost(of.name):
            raise NoForm(f"{of.name} is made of what is not understood")
        found: list[Core] = []
        reach = self.ancestors(of.name)
        for user in sorted(reach):
            if mode == "via" and user not in names:
                continue
            for d in self.model.definitions.get(user, ()):
                found += self._uses_in(of, by, d, _step_of(names[0]) if mode == "at" else None)
        return add(found)

    def _uses_in(self, of: Ref, by: Ref, d: Definition, only: Time | None) -> Iterator[Core]:
        """The uses of `by` in one definition's members, each times what leads on from there."""
        patterns = {part for part in walk(d.body) if isinstance(part, Ref) and part.name == by.name}
        if not patterns:
            return
        ordered = [(i, s) for i, s in zip(d.index, d.slots, strict=False) if s in ORDERED]
        if not ordered or (
            not d.is_general
            and all(i.is_number or not set(dict(i.letters)) & set(d.letters) for i, _ in ordered)
        ):
            if only is None or not ordered or ordered[0][0] == only:
                yield self._use(of, by, d, {})
            return
        own, slot = ordered[0]
        letter = own.letters[0][0]
        if only is not None:
            yield self._use(of, by, d, {letter: only})
            return
        to_go = self.to_go(d.name) if d.name == of.name else None
        if to_go is not None:
            yield from self._uses_to_go(to_go, of, by, patterns)
            return
        steps = self._steps_of(by, patterns, letter)
        if steps is not None:
            for step in steps:
                yield self._use(of, by, d, {letter: step})
            return
        yield self._use_at_all(of, by, d, letter, slot)

    def _is_within(self, step: Time) -> bool:
        """Whether the line names a member as late as a step, so that the sums to the last step have its term."""  # noqa: E501
        return not step.is_number and all(
            step.shift <= self.reach.get(a, -1) for a, _ in step.letters
        )

    def _uses_to_go(self, to_go: CostToGo, of: Ref, by: Ref, patterns: set[Ref]) -> Iterator[Core]:
        """The uses of a member in the terms of a cost to go."""
        own, target = self.step(of), self.step(by)
        steps = set()
        for p in patterns:
            here = self.step(p)
            if (
                own is None
                or target is None
                or here is None
                or here.letters != ((to_go.letter, 1),)
            ):
                raise NoForm("a use at no fixed distance in time")
            steps.add(target + (-here.shift))
        for step in sorted(steps, key=lambda s: s.shift):
            if not (step - own).is_number:  # type: ignore[operator]
                raise NoForm("a use at no fixed distance in time")
            if to_go.is_behind(own, step):  # type: ignore[arg-type]
                if not self._is_within(step):
                    raise NoForm("a use that may lie beyond the last step")
                yield self._slope(to_go.term(step), by)

    def _steps_of(self, by: Ref, patterns: set[Ref], letter: str) -> list[Time] | None:
        """The steps of the users of a member that has a step itself; None for what all steps share."""
        target = self.step(by)
        if target is None:
            return None
        found = []
        for p in patterns:
            here = self.step(p)
            if here is None or here.letters != ((letter, 1),):
                raise NoForm("a use at no fixed distance in time")
            step = target + (-here.shift)
            if step not in found:
                found.append(step)
        return found

    def _use(self, of: Ref, by: Ref, d: Definition, table: dict[str, Time]) -> Core:
        names = {a: fresh() for a in d.letters if a not in table}
        full = {**table, **{a: Time.of(b) for a, b in names.items()}}
        user = Ref(d.name, tuple(i.replace(full) for i in d.index))
        if self._is_beyond(user):
            return ZERO
        term = mul((self.total(of, user), self._slope(move(d.body, full), by)))
        for a, b in names.items():
            dim = self._dim(d, a)
            term = summed(b, dim, term)
        return term

    def _dim(self, d: Definition, letter: str) -> str:
        place = next(i for i, x in enumerate(d.index) if x == Time.of(letter))
        own = [s for s in d.slots[:place] if s not in (*ORDERED, "sample")]
        return "sample" if d.slots[place] == "sample" else f"{d.name.split('∅')[0]}:{len(own)}"

    def _is_beyond(self, user: Ref) -> bool:
        """Whether a member lies beyond the horizon."""
        step = self.step(user)
        if step is None:
            return False
        return self.is_end(step) and step.shift > 0

    def _use_at_all(self, of: Ref, by: Ref, d: Definition, letter: str, slot: str) -> Core:
        """The uses of a shared parameter at every step."""
        own = self.step(of)
        if d.name not in self._reaching():
            if own is None:
                step = fresh("s")
                return Big(
                    "sum",
                    step,
                    None,
                    Time.at(1),
                    Time.of(self._top(slot)),
                    self._use(of, by, d, {letter: Time.of(step)}),
                )
            return self._use(of, by, d, {letter: own})
        if not self.runs_forward(of.name):
            raise NoForm("a parameter in a recursion that runs backward")
        step = fresh("s")
        upper = own if own is not None else Time.of(self._top(slot))
        return Big(
            "sum", step, None, Time.at(1), upper, self._use(of, by, d, {letter: Time.of(step)})
        )

    def _top(self, slot: str) -> str:
        names = [a for a, d in self.model.horizons.items() if d == slot]
        return next(
            (a for a in ("T", "N", "\\tau", "n", "L", "K") if a in names),
            "T" if slot == "time" else "L",
        )

    def _reaching(self) -> frozenset[str]:
        """The families through which something is carried on to later steps."""
        found: set[str] = set()
        for name in self.carried:
            found |= {a for a in self.model.definitions if a in self.before(name)}
        return frozenset(found)

    def before(self, name: str) -> set[str]:
        """The families that a family uses within its step, itself included."""
        found, waiting = {name}, [name]
        while waiting:
            for d in self.model.definitions.get(waiting.pop(), ()):
                for p in walk(d.body):
                    if isinstance(p, Ref) and p.name not in found and self._apart(d, p) == 0:
                        found.add(p.name)
                        waiting.append(p.name)
        return found

    def _within_step(self, of: Ref, by: Ref) -> Core:
        """∂⁺of/∂by: the uses within of's own step."""
        body = self.body(of)
        if body is None:
            return self.total(of, by) if of.name == by.name else ZERO
        body = apart(body, letters_in(by))  # type: ignore[arg-type]
        here = self.step(of)
        outer: dict[Ref, Core] = {}
        if any(ref.name == by.name for ref, _ in members(body)):
            return self._slope(body, by)
        for ref, _ in members(body):
            if (
                self.step(ref) in (here, None)
                and by.name in self.ancestors(ref.name)
                and ref.name in self.model.definitions
            ):
                outer[ref] = self._within_step(ref, by)
        return self._along(body, outer)

    # -- the cut ------------------------------------------------------------------------------------

    def is_cut(self, name: str, of: str | None = None) -> bool:
        """Whether all that one step hands to the next, of what `of` is made of, is this family, at a distance of one."""  # noqa: E501
        reach = self.ancestors(of or name)
        if not self.runs_forward(of or name) or self.carried_in(of or name) != {name}:
            return False
        for own in reach:
            for d in self.model.definitions.get(own, ()):
                for part in walk(d.body):
                    if (
                        isinstance(part, Ref)
                        and part.name == name
                        and d.is_general
                        and self._apart(d, part) not in (0, -1)
                    ):
                        return False
        return True

    def only_through(self, of: str, cut: str) -> bool:
        """Whether within a step `of` uses what came before through `cut` alone."""
        if of == cut:
            return True
        for name in self._before_without(of, cut):
            for d in self.model.definitions.get(name, ()):
                if any(
                    isinstance(p, Ref) and p.name == cut and self._apart(d, p) not in (0,)
                    for p in walk(d.body)
                ):
                    return False
        return True

    def _before_without(self, name: str, cut: str) -> set[str]:
        found, waiting = {name}, [name]
        while waiting:
            for d in self.model.definitions.get(waiting.pop(), ()):
                for p in walk(d.body):
                    if (
                        isinstance(p, Ref)
                        and p.name not in found
                        and p.name != cut
                        and self._apart(d, p) == 0
                    ):
                        found.add(p.name)
                        waiting.append(p.name)
        return found


def apart(x: Core, taken: set[str]) -> Core:
    """A formula whose bound letters are none of `taken`, so that what is put into it is not captured."""
    x = rebuild(x, lambda p: apart(p, taken))
    match x:
        case Big(letter=letter) | Chain(letter=letter) if letter in taken:
            new = fresh()
            return replace(x, letter=new, body=move(x.body, {letter: Time.of(new)}))
        case App(name, args, index, slots) if any(a in taken for arg in args for a in arg.letters):
            return App(name, tuple(_renamed(arg, taken) for arg in args), index, slots)
        case Stack(index, parts) if any(a in taken for a, _, _ in parts):
            names = [(fresh(), a) for a, _, _ in parts]
            return Stack(
                index,
                tuple(
                    (n, d, move(b, {a: Time.of(n)}))
                    for (n, a), (_, d, b) in zip(names, parts, strict=True)
                ),
            )
        case _:
            return x


def _renamed(arg: Arg, taken: set[str]) -> Arg:
    table = {a: fresh() for a in arg.letters if a in taken}
    return Arg(
        tuple(table.get(a, a) for a in arg.letters),
        arg.dims,
        move(arg.body, {a: Time.of(b) for a, b in table.items()}),
    )


def members(x: Core, bound: frozenset[str] = frozenset()) -> Iterator[tuple[Ref, frozenset[str]]]:
    """The members that a formula names outside derivatives."""
    match x:
        case Ref():
            yield x, bound
        case D():
            return
        case Big(letter=letter, body=body):
            yield from members(body, bound | {letter})
        case _:
            for part in children(x):
                yield from members(part, bound)


def _replaced(x: Core, mark: Ref, value: Core) -> Core:
    if x == mark:
        return value
    return rebuild(x, lambda p: _replaced(p, mark, value))


assert ONE
