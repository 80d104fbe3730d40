"""One claim in one reading: its two sides as formulas of the core, its range, and whether their values agree."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from derive.algebra.core import (
    ONE,
    ZERO,
    Add,
    At,
    Big,
    Case,
    Chain,
    Core,
    D,
    Delta,
    Fn,
    Mul,
    Num,
    Ref,
    Stack,
    add,
    children,
    letters_in,
    move,
    mul,
    walk,
)
from derive.algebra.expression import Time
from derive.meaning.model import ORDERED, Model, stays_zero
from derive.meaning.world import NoNumber, World
from derive.notation.shaped import Dims, Misfit, Val, renamed

NEAR = 1e-7
MOST_INSTANCES = 30
MOST_SHOWN = 5
MOST_NAMED = 10  # how far a step or a layer that a line names by its number may lie
ENOUGH = 8
BEYOND = tuple(
    ("generic", 2, 2, seed) for seed in range(5, 11)
)  # where a kink may make all of a line 0
LONG = (("generic", 6, 2, 3), ("generic", 7, 2, 4))  # for lines that reach further than most
KINKS = ("max", "min", "\\relu", "\\step", "\\abs", "\\sign")
ONE_SIDE = "it holds on one side of a kink alone"
SMALL = (
    ("small", 2, 2, 20),
    ("small", 3, 3, 21),
    ("small", 2, 2, 22),
)  # where exponentials overflow
GIVEN = (("positive", 3, 3, 0), ("positive", 3, 3, 1))
WORLDS = (("positive", 2, 2, 0), ("generic", 3, 3, 1), ("generic", 2, 4, 2), ("positive", 1, 1, 4))


@dataclass(frozen=True, slots=True)
class Sides:
    """Two sides over the same free letters. `note` says what was forgiven to make their shapes meet."""

    left: Core
    right: Core
    ordered: Mapping[str, str]
    components: Mapping[str, str]
    note: str = ""
    places: int | None = None


@dataclass
class Outcome:
    """How the values of the two sides compare: instances that agree and that do not, over all worlds."""

    agreed: int = 0
    failed: list[tuple[dict[str, int], tuple[str, int, int, int]]] = field(default_factory=list)
    passed: list[tuple[dict[str, int], tuple[str, int, int, int]]] = field(default_factory=list)
    zero: bool = True
    lively: list[dict[str, int]] = field(
        default_factory=list
    )  # the instances of `passed` that are not 0 = 0
    missing: str = ""
    model: Model | None = None
    dims: Dims | None = None
    vanishing: bool = False
    dead: frozenset[str] = (
        frozenset()
    )  # what is differentiated, in the line or below it, and is 0 throughout
    tests: tuple[Any, ...] = ()
    normal: frozenset[str] = frozenset()

    @property
    def agrees(self) -> bool:
        """Whether all instances agree, and no derivative that is written is 0 throughout: such a one was misunderstood."""  # noqa: E501
        return self.agreed > 0 and not self.failed and not self.vanishing

    @property
    def differs(self) -> bool:
        return bool(self.failed)


def sides(
    head: Val,
    member: Val,
    dims: Dims,
    letters: Mapping[str, str],
    ordered: Mapping[str, str],
    repeated: bool = False,
) -> Sides:
    """The two sides brought to one shape. Raises Misfit where they have none in common."""
    head, member = _single(renamed(head), dims), _single(renamed(member), dims)
    left, right, note = head.body, member.body, ""
    axes = head.axes
    if member.rank == head.rank:
        try:
            right = _aligned(head, member, dims)
        except Misfit:
            if head.rank != 2:
                raise
            right, note = (
                _aligned(head, Val((member.axes[1], member.axes[0]), member.body), dims),
                "layout",
            )
    elif member.body == ZERO or head.body == ZERO:
        axes = head.axes or member.axes
    elif head.rank == 2 and member.rank == 1 and _is_jacobian(head):
        a, b = head.axes
        dims.unify(a.dim, b.dim)
        dims.unify(a.dim, member.axes[0].dim)
        right = mul(
            (
                move(member.body, {member.axes[0].letter: Time.of(a.letter)}),
                Delta(Time.of(a.letter), Time.of(b.letter)),
            )
        )
    elif head.rank == 2 and member.rank == 0 and _is_jacobian(head):
        a, b = head.axes
        dims.unify(a.dim, b.dim)
        right = mul((member.body, Delta(Time.of(a.letter), Time.of(b.letter))))
    elif head.rank == 1 and member.rank == 2 and _is_jacobian(member):
        return sides(member, head, dims, letters, ordered, repeated)
    elif member.body == ONE and (member.rank, head.rank) in ((0, 1), (1, 0)):
        pass  # ones, as many as the left side has
    else:
        raise Misfit(f"an array of {head.rank} indices beside one of {member.rank}")
    components = {a.letter: a.dim for a in axes}
    if repeated:
        left, right = _einstein(left, right, letters, ordered, set(components))
    free = letters_in(left) | letters_in(right)
    components |= {a: d for a, d in letters.items() if a in free and a not in ordered}
    steps = {a: s for a, s in ordered.items() if a in free and a not in components}
    places = member.body.places if isinstance(member.body, Num) else None
    return Sides(left, right, steps, components, note, places)


def _single(v: Val, dims: Dims) -> Val:
    """An array of one entry is a number."""
    if not v.rank or any(dims.find(a.dim) != "1" for a in v.axes):
        return v
    return Val((), move(v.body, {a.letter: Time.at(1) for a in v.axes}))


def _einstein(
    left: Core, right: Core, letters: Mapping[str, str], ordered: Mapping[str, str], axes: set[str]
) -> tuple[Core, Core]:
    """A component letter that stands twice in a term and on one side alone is summed over."""
    for letter in sorted(letters):
        if letter in ordered or letter in axes:
            continue
        here, there = letter in letters_in(left), letter in letters_in(right)
        if here != there:
            if not _stands_twice(left if here else right, letter):
                continue
            if here:
                left = _summed_terms(left, letter, letters[letter])
            else:
                right = _summed_terms(right, letter, letters[letter])
    return left, right


def _stands_twice(x: Core, letter: str) -> bool:
    """Whether a letter stands in two factors of each term that has it at all."""
    match x:
        case Add(terms):
            return all(letter not in letters_in(t) or _stands_twice(t, letter) for t in terms)
        case Big(body=body):
            return _stands_twice(body, letter)
        case Mul(factors):
            own = [f for f in factors if letter in letters_in(f)]
            return len(own) > 1 or (len(own) == 1 and _stands_twice(own[0], letter))
        case _:
            return False


def _summed_terms(x: Core, letter: str, dim: str) -> Core:
    if isinstance(x, Add):
        return add(_summed_terms(t, letter, dim) for t in x.terms)
    return x if letter not in letters_in(x) else Big("sum", letter, dim, None, None, x)


def _is_jacobian(v: Val) -> bool:
    return v.of is not None and v.by is not None and v.of[1] == 1 and v.by[1] == 1


def _aligned(a: Val, b: Val, dims: Dims) -> Core:
    kept = dims.copy()
    try:
        for p, q in zip(a.axes, b.axes, strict=True):
            dims.unify(p.dim, q.dim)
    except Misfit:
        dims._of = kept._of
        raise
    return move(b.body, {q.letter: Time.of(p.letter) for p, q in zip(a.axes, b.axes, strict=True)})


def named(x: Core, bound: frozenset[str] = frozenset()) -> Iterator[tuple[Ref, frozenset[str]]]:
    """The members that a formula names, with the letters that are bound where they stand."""
    match x:
        case Ref():
            yield x, bound
        case Big(letter=letter, body=body):
            yield from named(body, bound | {letter})
        case Chain(letter=letter, row=row, col=col, body=body):
            yield from named(body, bound | {letter, row, col})
        case Stack(_, parts):
            for letter, _, body in parts:
                yield from named(body, bound | {letter})
        case _:
            for part in children(x):
                yield from named(part, bound)


def _last(x: Core, ends: Mapping[str, Time]) -> Iterator[tuple[Ref, Mapping[str, Time]]]:
    """The members that a formula names, with the last value of each letter that a Σ or Π around them binds."""  # noqa: E501
    match x:
        case Ref():
            yield x, ends
        case Big(letter=letter, upper=Time() as high, body=body):
            yield from _last(body, {**ends, letter: high.replace(ends)})
        case _:
            for part in children(x):
                yield from _last(part, ends)


def bounded(x: Core, bound: frozenset[str] = frozenset()) -> Iterator[tuple[Time, Time]]:
    """The bounds of the Σ and Π of a formula that free letters stand in."""
    match x:
        case (
            Big(letter=letter, lower=Time() as low, upper=Time() as high, body=body)
            | Chain(letter=letter, lower=low, upper=high, body=body)
        ):
            if not any(a in bound for i in (low, high) for a, _ in i.letters):
                yield low, high
            yield from bounded(body, bound | {letter})
        case Big(letter=letter, body=body):
            yield from bounded(body, bound | {letter})
        case _:
            for part in children(x):
                yield from bounded(part, bound)


def has_kinks(found: Sides, model: Model) -> bool:
    """Whether max, ReLU, |·| or cases are in a line, or in what makes its names; i = j parts entries, and is no kink."""  # noqa: E501
    seen: set[str] = set()
    waiting = [found.left, found.right]
    while waiting:
        for part in walk(waiting.pop()):
            if isinstance(part, Case) and _parts_entries(part, found):
                continue
            if isinstance(part, Case) or (isinstance(part, Fn) and part.name in KINKS):
                return True
            if isinstance(part, Ref) and part.name not in seen:
                seen.add(part.name)
                waiting += [d.body for d in model.definitions.get(part.name, ())]
    return False


def _parts_entries(case: Case, found: Sides) -> bool:
    """Whether the cases of a line are those of two of its component indices, i = j and i ≠ j."""
    return all(
        isinstance(side, At)
        and bool(side.index.letters)
        and all(letter in found.components for letter, _ in side.index.letters)
        for side in (case.left, case.right)
    )


class Judgement:
    """Evaluates claims in the worlds of one model."""

    def __init__(
        self,
        model: Model,
        dims: Dims,
        base: int = 1,
        given: Mapping[str, Fraction] | None = None,
        normal: frozenset[str] = frozenset(),
    ) -> None:
        self.model, self.dims, self.base, self.given = model, dims, base, dict(given or {})
        self.normal = normal
        self.versions: Mapping[str, int] = {}
        self.hasty = False
        self.spent = 0
        self._worlds: dict[tuple[str, int, int, int], World] = {}
        self._tops: dict[str, int] = {}  # the furthest members that the line in hand numbers

    def use(self, model: Model, dims: Dims, versions: Mapping[str, int]) -> None:
        """The definitions, slots and dimensions of another line; `versions` as for `World.change`."""
        if model.definitions is not self.model.definitions:
            self.__dict__.pop("_beyond", None)
        self.model, self.dims, self.versions = model, dims, versions

    @cached_property
    def _beyond(self) -> dict[tuple[str, str], int]:
        """How far beyond the horizon the definitions in force name a family."""
        found: dict[tuple[str, str], int] = {}
        for definitions in self.model.definitions.values():
            for d in definitions:
                for ref, ends in _last(d.body, {}):
                    for index, slot in zip(
                        ref.index, self.model.slots.get(ref.name, ()), strict=False
                    ):
                        last = index.replace(ends)
                        tops = [
                            a
                            for a, n in last.letters
                            if n == 1 and self.model.horizons.get(a) == slot
                        ]
                        if slot in ORDERED and len(tops) == len(last.letters) == 1:
                            found[ref.name, slot] = max(found.get((ref.name, slot), 0), last.shift)
        return found

    def world(self, key: tuple[str, int, int, int]) -> World:
        style, time, layer, seed = key
        time, layer = self._length("time", time), self._length("layer", layer)
        key = style, time, layer, seed
        if key not in self._worlds:
            self._worlds[key] = World(
                self.model,
                {"time": time, "layer": layer},
                seed,
                style,
                find=self.dims.find,
                given=self.given,
            )
            self._worlds[key].base, self._worlds[key].normal = min(self.base, 1), self.normal
        self._worlds[key].change(self.model, self.dims.find, self.versions)
        return self._worlds[key]

    def _length(self, domain: str, length: int) -> int:
        """How far an ordered domain runs: as the page says (T = 4), or as the world has it."""
        said = [
            v
            for n, v in self.given.items()
            if self.model.horizons.get(n) == domain and v.denominator == 1 and 0 < v <= 8
        ]
        if said:
            return int(said[0])
        shown = self._written_out(domain) if domain == "layer" else 0
        return shown if 1 < shown <= MOST_SHOWN else length

    def _written_out(self, domain: str) -> int:
        """The last layer of a network that is written out member by member, z_1^1, z_2^1, …, z_1^3; 0 where it is not."""  # noqa: E501
        last = 0
        for definitions in self.model.definitions.values():
            ends = [
                (i, d)
                for d in definitions
                for i, slot in zip(d.index, d.slots, strict=False)
                if slot == domain
            ]
            if any(not i.is_number and (d.looks_back or d.backward) for i, d in ends):
                return 0
            if ends and all(i.is_number for i, _ in ends):
                last = max(last, *(i.shift for i, _ in ends))
        return max(last, self._tops.get(domain, 0)) if last else 0

    def compare(
        self,
        found: Sides,
        conditions: Sequence[Any] = (),
        worlds: Sequence[tuple[str, int, int, int]] = WORLDS,
    ) -> Outcome:
        outcome = Outcome(
            model=self.model, dims=self.dims, tests=tuple(conditions), normal=self.normal
        )
        slopes = {
            id(x)
            for side in (found.left, found.right)
            for x in walk(side)
            if isinstance(x, D) and not self._is_by_a_later(x) and not self._is_level(x)
        }
        live: set[int] = set()
        kinks = has_kinks(found, self.model)
        self._tops = self._numbered(found)
        far = self._far()
        for key in (*worlds, *far, *LONG, *(BEYOND if kinks else ()), *SMALL):
            if key in far and (outcome.agreed or outcome.failed):
                continue
            if key in LONG and not (slopes and outcome.zero and self._is_short(found)):
                continue
            if key in BEYOND and not outcome.agreed:
                continue
            if key in SMALL and (outcome.agreed or outcome.failed or not outcome.missing):
                break
            world = self.world(key)
            self.spent += world._steps
            world.forget()
            world.live = set()
            try:
                self._in_world(world, key, found, conditions, outcome)
            except NoNumber as error:
                outcome.missing = outcome.missing or str(error)
                if (
                    not outcome.missing.endswith("there")
                    and "negative" not in str(error)
                    and "division" not in str(error)
                ):
                    return Outcome(missing=str(error))
            except (OverflowError, ZeroDivisionError):
                continue
            except RecursionError:
                return Outcome(missing="a formula nested too deeply")
            live |= world.live
            if (self.hasty and outcome.failed) or (
                len(outcome.failed) >= ENOUGH and (not outcome.passed or key != worlds[0])
            ):
                break
        if outcome.agreed or outcome.failed:
            outcome.missing = ONE_SIDE if kinks and outcome.passed and outcome.failed else ""
        outcome.dead = self._dead(found, live)
        outcome.vanishing = bool(slopes - live) and ZERO not in (found.left, found.right)
        return outcome

    def _far(self) -> tuple[tuple[str, int, int, int], ...]:
        """Worlds for lines that name members by numbers, h_4 or z^{(3)}, beyond those of the usual ones."""
        time, layer = (max(2, self._tops.get(domain, 0)) for domain in ("time", "layer"))
        if max(time, layer) <= 2 or max(time, layer) > MOST_NAMED:
            return ()
        return (("generic", time, layer, 5), ("positive", time + 1, layer + 1, 6))

    def _numbered(self, found: Sides) -> dict[str, int]:
        """The largest number that a line has as an index of time, and of layers."""
        top: dict[str, int] = {}
        for side in (found.left, found.right):
            for ref, _ in named(side):
                for i, slot in zip(ref.index, self.model.slots.get(ref.name, ()), strict=False):
                    if slot in ORDERED and i.is_number:
                        top[slot] = max(top.get(slot, 0), i.shift)
        return top

    def _is_short(self, found: Sides) -> bool:
        """Whether the steps that a line names lie further apart than the usual worlds are long."""
        shifts = [
            i.shift
            for side in (found.left, found.right)
            for x in walk(side)
            if isinstance(x, Ref)
            for i, s in zip(x.index, self.model.slots.get(x.name, ()), strict=False)
            if s in ORDERED and i.letters
        ]
        starts = [
            x.lower.shift
            for side in (found.left, found.right)
            for x in walk(side)
            if isinstance(x, Big | Chain) and x.lower is not None and x.lower.is_number
        ]
        far = bool(shifts) and max(shifts) - min(shifts) >= 2
        return far or max(starts, default=0) > 2

    def _dead(self, found: Sides, live: set[int]) -> frozenset[str]:
        return frozenset(
            x.of.name
            for x in self._slopes_below(found)
            if id(x) not in live
            and isinstance(x.of, Ref)
            and not self._is_by_a_later(x)
            and not self._is_level(x)
        )

    def _is_level(self, x: D) -> bool:
        """Whether a derivative is that of what stays 0 on a curve."""
        total = x.mode == "total" and isinstance(x.of, Ref)
        return total and stays_zero(x.of.name, self.model)  # type: ignore[attr-defined]

    def _slopes_below(self, found: Sides) -> Iterator[D]:
        """The derivatives in a line, and in the definitions of what it names."""
        seen: set[str] = set()
        waiting = [found.left, found.right]
        while waiting:
            for part in walk(waiting.pop()):
                if isinstance(part, D):
                    yield part
                if isinstance(part, Ref) and part.name not in seen:
                    seen.add(part.name)
                    waiting += [d.body for d in self.model.definitions.get(part.name, ())]

    def _is_by_a_later(self, x: D) -> bool:
        """Whether a derivative is of what stands some steps before what it is by: 0, as anybody sees."""
        if not isinstance(x.of, Ref):
            return False
        steps = [
            next(
                (
                    i
                    for i, s in zip(r.index, self.model.slots.get(r.name, ()), strict=False)
                    if s in ORDERED
                ),
                None,
            )
            for r in (x.of, x.by)
        ]
        if steps[0] is None or steps[1] is None:
            return False
        apart = steps[1] - steps[0]
        return apart.is_number and apart.shift > 0

    def _in_world(
        self,
        world: World,
        key: tuple[str, int, int, int],
        found: Sides,
        conditions: Sequence[Any],
        outcome: Outcome,
    ) -> None:
        for env in self.instances(world, found, conditions):
            left, right = world.value(found.left, env), world.value(found.right, env)
            if left != left or right != right:
                continue
            if left or right or (outcome.zero and _cancels(found, world, env)):
                outcome.zero = False
            if _near(left, right, found.places, NEAR if key not in SMALL else NEAR / 1000):
                outcome.agreed += 1
                outcome.passed.append((dict(env), key))
                if left or right:
                    outcome.lively.append(dict(env))
            else:
                outcome.failed.append((dict(env), key))
                if self.hasty or (len(outcome.failed) >= ENOUGH and not outcome.passed):
                    return

    def instances(
        self, world: World, found: Sides, conditions: Sequence[Any]
    ) -> Iterator[dict[str, int]]:
        """The values of the free letters: each member named lies inside its range."""
        ordered = sorted(a for a in found.ordered if a not in self.model.horizons)
        runs = [range(self.base, world.lengths[found.ordered[a]] + 2) for a in ordered]
        count = 0
        outer = [(ref, bound) for side in (found.left, found.right) for ref, bound in named(side)]
        spans = [span for side in (found.left, found.right) for span in bounded(side)]
        for values in product(*runs):
            env = dict(zip(ordered, values, strict=True))
            if not all(self._spans(world, low, high, env) for low, high in spans):
                continue
            if not all(self._inside(world, ref, bound, env) for ref, bound in outer):
                continue
            for more in self._components(world, found):
                whole = {**env, **more}
                if all(c(whole, world) for c in conditions):
                    yield whole
                    count += 1
                    if count >= MOST_INSTANCES:
                        return

    def _components(self, world: World, found: Sides) -> Iterator[dict[str, int]]:
        letters = sorted(found.components)
        runs = [range(1, world.size(found.components[a]) + 1) for a in letters]
        for values in product(*runs):
            yield dict(zip(letters, values, strict=True))

    def _spans(self, world: World, low: Time, high: Time, env: Mapping[str, int]) -> bool:
        """Whether the bounds of a Σ or Π are in order: lower ≤ upper + 1."""
        try:
            return world.index(low, env) <= world.index(high, env) + 1
        except NoNumber:
            return True

    def _inside(
        self, world: World, ref: Ref, bound: frozenset[str], env: Mapping[str, int]
    ) -> bool:
        slots = self.model.slots.get(ref.name, ())
        for index, slot in zip(ref.index, slots, strict=False):
            if slot not in ORDERED or any(a in bound for a, _ in index.letters):
                continue
            try:
                value = world.index(index, env)
            except NoNumber:
                continue
            general = self.model.general(ref.name)
            if index.is_number and value == 0 and general is not None and not general.looks_back:
                continue
            if not self.lowest(world, ref.name) <= value <= self.highest(world, ref.name, slot):
                return False
        return True

    def lowest(self, world: World, name: str) -> int:
        """The first step of a family: a special case's, 0 for initial states and inputs, else 1."""
        ends = [s for s in self.model.specials(name)]
        general = self.model.general(name)
        numbers = [
            i.shift
            for d in ends
            for i, s in zip(d.index, d.slots, strict=False)
            if s in ORDERED and i.is_number
        ]
        if numbers and min(numbers) <= 1:
            return min(numbers)
        if general is None:
            return 0
        return 0 if general.recursive else 1

    def highest(self, world: World, name: str, slot: str) -> int:
        """The last step of a family: that of the horizon, or as far beyond it as a definition names it, x_{T+1}."""  # noqa: E501
        top = world.lengths[slot] + self._beyond.get((name, slot), 0)
        for d in self.model.specials(name):
            for i, s in zip(d.index, d.slots, strict=False):
                if s == slot and not i.is_number and not any(a in d.letters for a, _ in i.letters):
                    top = max(top, world.index(i, {}))
        return top


def _cancels(found: Sides, world: World, env: Mapping[str, int]) -> bool:
    """Whether a side is 0 because terms cancel that are none, as dF/dp = ∂F/∂p + ∂F/∂u du/dp is where F stays 0."""  # noqa: E501
    return any(
        world.value(term, env)
        for side in (found.left, found.right)
        if isinstance(side, Add)
        for term in side.terms
    )


def _near(left: Any, right: Any, places: int | None, near: float) -> bool:
    if places is not None:
        return bool(abs(left - right) <= 0.5000001 * 10.0**-places)
    return bool(abs(left - right) <= near * (1 + abs(left) + abs(right)))
