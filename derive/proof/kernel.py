"""The kernel: re-checks every step of a derivation and alone makes a `Theorem`.

It lies below the derivers and cannot know them. A step is accepted when it begins where the last one
ended, uses only equations proved before it, is exactly what its named rule gives, and keeps its value
in a random world. The axioms come from the setting, that is, from the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import InitVar, dataclass
from functools import cache
from itertools import chain as chain_of
from operator import is_

from derive.algebra.expression import Equation, Expr, Time, free_letters
from derive.errors import DeriveError
from derive.model.graph import Graph, unrolled
from derive.model.recurrence import HORIZON, STEP
from derive.notation.latex import latex
from derive.proof.arrays import ArrayWorld
from derive.proof.rules import RULES, Unproved
from derive.proof.setting import AtHorizon, GeneralStep, Setting
from derive.proof.steps import Chain, Derivation, Step
from derive.proof.value import NoValue, World, same

_SEAL = object()


@dataclass(frozen=True, eq=False)
class Theorem:
    """A claim that the kernel has checked, with its scope, its method and its derivation.

    Only the functions of this package make one: without the seal it is refused, and there are no
    subclasses. What plain Python cannot forbid (`object.__new__`, `object.__setattr__`) `genuine` sees,
    unless somebody reaches for this module's private names: docs/trust.md.
    """

    claim: Equation
    scope: str
    method: str
    derivation: Derivation
    setting: Setting
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise Unproved("only the kernel makes a theorem")
        object.__setattr__(self, "_mark", _Mark(_said(self)))

    def __init_subclass__(cls, **_: object) -> None:
        raise TypeError("a theorem is a Theorem: it has no subclasses")


class _Mark:
    """What a theorem said when the kernel made it; a copy that says something else shows."""

    __slots__ = ("said",)

    def __init__(self, said: tuple[object, ...]) -> None:
        self.said = said

    def is_of(self, said: tuple[object, ...]) -> bool:
        """Whether these are the same objects."""
        return len(said) == len(self.said) and all(map(is_, said, self.said))


def _said(theorem: Theorem) -> tuple[object, ...]:
    """All that a theorem says, down to its formulas, which are made once and do not change."""
    t, of = theorem, theorem.derivation
    told = ((c.title, c.section, *chain_of(*map(_parts, c.steps))) for c in of.chains)
    said = (t.claim.left, t.claim.right, t.scope, t.method, t.setting, of.title)
    return (*said, *chain_of.from_iterable(told))


def _parts(step: Step) -> tuple[object, ...]:
    """What a step says; of what it cites, both sides."""
    cited = (side for equation in step.given for side in (equation.left, equation.right))
    return step.rule, step.before, step.after, *cited


def genuine(theorem: object) -> bool:
    """Whether this is a theorem as the kernel made it, whose claim is one that its derivation derives.

    It works nothing out again: what the derivation's steps are worth was checked when it was made.
    """
    if type(theorem) is not Theorem:
        return False
    mark = getattr(theorem, "_mark", None)
    return type(mark) is _Mark and mark.is_of(_said(theorem)) and _derived(theorem)


def refuse_forged(theorem: object) -> None:
    """What is made of theorems takes them as the kernel made them. Raises Unproved for others."""
    if not genuine(theorem):
        raise Unproved("a theorem follows from theorems only, as the kernel made them")


def _derived(theorem: Theorem) -> bool:
    """Whether the derivation leads from one side of the claim to the other, or the model demands it."""
    claim, setting = theorem.claim, theorem.setting
    before: dict[Expr, Expr] = {}  # each line, and one that it equals; the first of all is its own

    def first(line: Expr) -> Expr:
        while (other := before.setdefault(line, line)) is not line:
            line = other
        return line

    for chain in theorem.derivation.chains:
        start = first(chain.steps[0].before)
        for step in chain.steps:
            before[first(step.after)] = start
    sides = (claim.left, claim.right)
    if all(side in before for side in sides) and first(claim.left) is first(claim.right):
        return True
    cost = setting.cost
    return isinstance(setting, GeneralStep) and any(
        claim == Equation(setting.differential(cost, by), setting.chain(cost, by))
        for by in setting.recurrence.parameters
    )


def world_of(graph: Graph, seed: str = "0") -> World:
    """A random world: of vectors and matrices where the model has shapes."""
    return ArrayWorld(graph, seed) if graph.recurrence.shapes else World(graph, seed)


class Worlds:
    """The random worlds of a setting, and the value of a formula in each of them."""

    def __init__(self, setting: Setting) -> None:
        self._instances = tuple(_instances(setting))
        self.checked: dict[Chain, set[Equation]] = {}

    def agree(self, left: Expr, right: Expr) -> bool:
        """Whether two formulas have equal values at every T and step that is tried.

        Raises NoValue where an index is free that has no range, and where there is nothing to try.
        """
        free = free_letters(left) | free_letters(right)
        tried = False
        for world, ends, steps in self._instances:
            choices = [{**ends, STEP: t} for t in steps] if STEP in free else [dict(ends)]
            for letters in choices:
                if free - letters.keys():
                    raise NoValue(f"the index {min(free - letters.keys())} is free")
                tried = True
                if not same(world.value(left, letters), world.value(right, letters)):
                    return False
        if not tried:
            raise NoValue("there is no step at which this can be tried")
        return True


@cache
def worlds_of(setting: Setting) -> Worlds:
    """The worlds of a setting, made once."""
    return Worlds(setting)


def _instances(setting: Setting) -> Iterator[tuple[World, Mapping[str, Time], tuple[Time, ...]]]:
    if isinstance(setting, AtHorizon):
        yield world_of(setting.graph), {HORIZON: Time.at(setting.horizon)}, ()
        return
    assert isinstance(setting, GeneralStep)
    reach = max(setting.recurrence.lag, setting.recurrence.ahead)
    for horizon in range(setting.least, setting.least + reach + 3):
        graph = unrolled(setting.recurrence, horizon)
        last = horizon - setting.beyond
        steps = tuple(Time.at(t) for t in range(setting.start + 1, last + 1))
        yield world_of(graph, str(horizon)), {HORIZON: Time.at(horizon)}, steps


def prove(setting: Setting, derivation: Derivation, method: str = "checked steps") -> Theorem:
    """The theorem that `derivation` derives; Unproved, naming the step, where it does not."""
    proved = check(setting, derivation)
    claim = derivation.claim
    if claim not in proved:
        raise Unproved(f"{derivation.title!r} claims what no line of it says")
    scope = setting.scope
    if isinstance(setting, GeneralStep) and STEP in free_letters(claim.left) | free_letters(
        claim.right
    ):
        scope = f"{scope}, {setting.range_of_steps()}"
    return Theorem(claim, scope, method, derivation, setting, _SEAL)


def check(
    setting: Setting, derivation: Derivation, hypotheses: Iterable[Equation] = ()
) -> set[Equation]:
    """All equations that `derivation` proves; `hypotheses` may be cited as well."""
    if type(derivation) is not Derivation or not derivation.chains:
        raise Unproved(f"{derivation.title!r} has no step")
    worlds = worlds_of(setting)
    proved = set(hypotheses)
    for number, chain in enumerate(derivation.chains, 1):
        where = f"{derivation.title}, line {number}"
        proved |= check_chain(setting, chain, proved, worlds, where)
    return proved


def check_chain(
    setting: Setting, chain: Chain, proved: set[Equation], worlds: Worlds, where: str
) -> set[Equation]:
    """The equations of one chain, each from its first line to a later one.

    A chain that stood in another derivation of this setting is not checked again; what it cites is.
    """
    if type(chain) is not Chain or any(type(step) is not Step for step in chain.steps):
        raise Unproved(f"{where}: this is no chain of steps")  # but what may say that it equals one
    if chain in worlds.checked and all(e in proved for s in chain.steps for e in s.given):
        return worlds.checked[chain]
    if not chain.steps:
        raise Unproved(f"{where}: a chain without steps proves nothing")
    start = chain.steps[0].before
    found: set[Equation] = set()
    line = start
    for step in chain.steps:
        if step.before != line:
            raise Unproved(f"{where}: {step.rule!r} does not begin where the last step ended")
        _check_step(setting, step, proved, where)
        line = step.after
        found |= {Equation(step.before, step.after), Equation(start, step.after)}
    _check_values(chain, worlds, where)
    worlds.checked[chain] = found
    return found


def _check_step(setting: Setting, step: Step, proved: set[Equation], where: str) -> None:
    rule = RULES.get(step.rule)
    if rule is None:
        raise Unproved(f"{where}: there is no rule {step.rule!r}")
    for equation in step.given:
        if equation not in proved:
            raise Unproved(f"{where}: {latex(equation)} is used but was not proved")
    try:
        line = rule(setting, step.before, step.given)
    except DeriveError as error:
        raise Unproved(f"{where}: {step.rule!r}: {error.sentence}") from error
    except Exception as error:  # a line from outside may be anything; a rule need not foresee it
        raise Unproved(f"{where}: {step.rule!r} cannot be applied to that line") from error
    if line != step.after:
        raise Unproved(f"{where}: {step.rule!r} does not turn {latex(step.before)} into that line")


def _check_values(chain: Chain, worlds: Worlds, where: str) -> None:
    before = chain.steps[0].before
    for step in chain.steps:
        try:
            agree = worlds.agree(before, step.after)
        except NoValue as error:
            raise Unproved(
                f"{where}: {step.rule!r} gives a line without a value: {error}"
            ) from None
        except (LookupError, AssertionError, TypeError) as error:
            raise Unproved(f"{where}: {step.rule!r} gives a line without a value") from error
        if not agree:
            raise Unproved(f"{where}: {step.rule!r} changed the value of {latex(step.before)}")
