"""Definitions, as they stand in a paper, become a `Recurrence`; what cannot mean anything is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Derivative,
    Equation,
    Expr,
    Gradient,
    Index,
    Partial,
    Power,
    Time,
    Variable,
    free_letters,
    move,
    rebuild,
    replace,
    walk,
)
from derive.errors import DeriveError, Place
from derive.model.functions import SLOPE
from derive.model.row_vectors import with_shapes
from derive.model.shapes import OF_ARRAYS, ONES, Shapes, is_scalar, locate, reals
from derive.notation.grammar import Statement
from derive.notation.latex import latex

if TYPE_CHECKING:
    from derive.model.symbols import Unrolled

Remark = tuple[str | Expr | Equation, ...]

STEP = "t"
HORIZON = "T"
NOW = Time.of(STEP)
END = Time.of(HORIZON)

LOSS_NAMES = ("L", "\\ell", "E", "J", "\\mathcal{L}", "\\mathrm{loss}")
MOST_LAG = 50
# What everybody means by the letter, unless it is defined.
CONSTANTS = ("\\pi",)


@dataclass(frozen=True, slots=True)
class Definition:
    """`target` = `body`: for every step (time t), for one step (time 0, T + 1), or for none."""

    target: Variable
    body: Expr
    place: Place | None = None
    source: str = ""

    @property
    def is_abstract(self) -> bool:
        """Whether the body is f(a, b, …), f abstract, the arguments different plain variables."""
        body = self.body
        return (
            isinstance(body, Call)
            and body.function not in SLOPE
            and body.function not in OF_ARRAYS
            and all(isinstance(a, Variable) for a in body.arguments)
            and len(set(body.arguments)) == len(body.arguments)
        )


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A model: its definitions and what they make of each symbol.

    `steps` are the definitions that hold for every t, in topological order within a step; `fixed`
    those for one given time (initial and final states); `shared` those without time, the cost among
    them. `first` is the first step at which a step definition holds. `lag` is the largest number of
    steps that a definition looks back; `ahead` the largest that it looks forward. `assumptions` are
    sentences, words and formulas in turn, on what the definitions leave open. `shapes` has the shape
    of each name; it is empty where everything is a scalar or of any shape.
    """

    steps: tuple[Definition, ...]
    fixed: tuple[Definition, ...]
    shared: tuple[Definition, ...]
    cost: Variable
    parameters: tuple[Variable, ...]
    inputs: tuple[str, ...]
    initial: tuple[Variable, ...]
    functions: tuple[str, ...]
    first: Mapping[str, int]
    lag: int
    ahead: int
    assumptions: tuple[Remark, ...]
    shapes: Shapes = field(default_factory=dict)

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """All definitions, initial states first, the cost last."""
        return (*self.fixed, *self.steps, *self.shared)

    @property
    def start(self) -> int:
        """The last time that is not a step of every variable: 0, unless h_1, … are given."""
        return max((first - 1 for first in self.first.values()), default=0)

    def unroll(self, horizon: int) -> Unrolled:
        """The recurrence for `horizon` steps in SymPy symbols (this imports SymPy)."""
        from derive.model.symbols import unroll

        return unroll(self, horizon)

    @property
    def stepwise(self) -> frozenset[str]:
        """The names that a step definition defines."""
        return frozenset(d.target.name for d in self.steps)


def variables(expr: Expr) -> Iterator[Variable]:
    """The variables of a formula in the order in which they stand, repeats included."""
    return iter(_variables(expr))


@lru_cache(maxsize=2_000)
def _variables(expr: Expr) -> tuple[Variable, ...]:
    return tuple([part for part in walk(expr) if isinstance(part, Variable)])


def recurrence(statements: Sequence[Statement]) -> Recurrence:
    """The model that `statements` define; DeriveError with the place where they define none."""
    definitions = tuple(_normal(s) for s in _resolve_functions(statements))
    if not definitions:
        raise DeriveError(
            "no definition found: expected a formula such as h_t = f(h_{t-1}, \\theta)"
        )
    _refuse_twice(definitions)
    _refuse_two_arities(definitions)
    definitions, assumed = _with_cost(definitions)
    cost = _cost(definitions)
    said: dict[Remark, None] = {remark: None for s in statements for remark in s.said}
    definitions, shapes, turned = with_shapes(definitions, cost, statements)
    return _assemble(definitions, cost, (*assumed, *said, *turned), shapes, CONSTANTS)


def model_of(statements: Sequence[Statement]) -> Recurrence:
    """The model of definitions that need not have a cost: what notes define is whatever they define.

    Raises DeriveError as `recurrence` does, but for a missing cost; then the cost is nameless.
    """
    definitions = tuple(_normal(s) for s in _resolve_functions(statements))
    _refuse_twice(definitions)
    _refuse_two_arities(definitions)
    shared = [d.target for d in definitions if d.target.time is None]
    used = {v for d in definitions for v in variables(d.body) if v != d.target}
    ends = [v for v in shared if v not in used]
    return _assemble(definitions, ends[0] if len(ends) == 1 else Variable(""), (), {})


# -- functions ------------------------------------------------------------------------------------


def _resolve_functions(statements: Sequence[Statement]) -> list[Statement]:
    """Function definitions become quantities (f(θ) used as f(θ)) or are written into their calls."""
    equations = [s for s in statements if s.relation != "in"]
    bodies = {s.left.function: s for s in equations if isinstance(s.left, Call)}
    for s in equations:
        if isinstance(s.left, Call) and bodies[s.left.function] is not s:
            raise DeriveError(f"{s.left.function} is defined twice", bodies[s.left.function].place)
    inlined = _inlined(equations, bodies)
    result = []
    for s in equations:
        if isinstance(s.left, Call) and s.left.function in inlined:
            continue
        left = Variable(s.left.function) if isinstance(s.left, Call) else s.left
        right = _inline(s.right, inlined, bodies, 0, s.place)
        result.append(Statement(left, right, s.relation, s.place, s.source))
    return result


def _inlined(
    equations: Sequence[Statement], bodies: Mapping[str, Statement]
) -> Mapping[str, Statement]:
    """The defined functions that are applied to anything but their own arguments.

    Inside such a function its argument stands for another quantity, even where the names agree.
    """
    found: dict[str, Statement] = {}
    while True:
        before = len(found)
        for s in equations:
            own = s.left.function if isinstance(s.left, Call) else None
            replaced = set(_formals(s)) if own in found else set()
            for call in walk(s.right):
                if isinstance(call, Call) and call.function in bodies:
                    callee = bodies[call.function]
                    if call.arguments != _formals(callee) or replaced & set(call.arguments):
                        found[call.function] = callee
        if len(found) == before:
            return found


def _formals(statement: Statement) -> tuple[Expr, ...]:
    assert isinstance(statement.left, Call)
    formals = statement.left.arguments
    if not all(isinstance(a, Variable) for a in formals):
        raise DeriveError(
            "the arguments of a function that is defined must be plain symbols", statement.place
        )
    if len(set(formals)) < len(formals):
        raise DeriveError("a function's arguments must have different names", statement.place)
    return formals


def _inline(
    expr: Expr,
    inlined: Mapping[str, Statement],
    bodies: Mapping[str, Statement],
    depth: int,
    place: Place | None,
) -> Expr:
    if depth > 50:
        raise DeriveError("a function is defined by itself", place)
    if isinstance(expr, Call) and expr.function in bodies:
        definition = bodies[expr.function]
        formals = _formals(definition)
        if expr.function not in inlined:
            return Variable(expr.function)
        if expr.slots:
            raise DeriveError("a definition cannot contain a derivative", place)
        if len(formals) != len(expr.arguments):
            raise DeriveError(
                f"{expr.function} is defined with {len(formals)} arguments "
                f"and used with {len(expr.arguments)}",
                place,
            )
        actual = [_inline(a, inlined, bodies, depth, place) for a in expr.arguments]
        body = replace(definition.right, dict(zip(formals, actual, strict=True)))
        return _inline(body, inlined, bodies, depth + 1, definition.place)
    return rebuild(expr, lambda part: _inline(part, inlined, bodies, depth, place))


# -- one definition -------------------------------------------------------------------------------


def _normal(statement: Statement) -> Definition:
    """The definition with its step called t: h_{k+1} = f(h_k) becomes h_t = f(h_{t-1})."""
    left, body, place = statement.left, statement.right, statement.place
    if left in (Index(END), Variable(HORIZON)):
        raise DeriveError("T is the horizon: give it with -T", place)
    if not isinstance(left, Variable) or left.copy is not None:
        raise DeriveError(
            f"expected a symbol on the left of a definition, found {latex(left)}", place
        )
    for part in walk(body):
        if isinstance(part, Derivative | Gradient | Partial) or (
            isinstance(part, Call) and part.slots
        ):
            raise DeriveError("a definition cannot contain a derivative", place)
        if isinstance(part, BigSum | BigProduct) and _runs_downward(part):
            raise DeriveError(
                f"the range of {latex(part)} runs downward: the smaller bound stands below", place
            )
        if isinstance(part, Variable) and part.copy is not None:
            raise DeriveError("a definition cannot contain a copy of a parameter", place)
    letters = left.time.letters if left.time else ()
    free = [a for a, _ in letters if a != HORIZON]
    if free:
        if len(letters) != 1 or letters[0][1] != 1:
            raise DeriveError(
                f"expected one index letter, as in h_t or h_{{t+1}}, found {latex(left)}", place
            )
        assert left.time is not None
        shift = {free[0]: NOW - left.time.shift}
        if free[0] != STEP and STEP in free_letters(body):
            raise DeriveError(f"{latex(left)} is defined by another index than its own", place)
        left, body = Variable(left.name, NOW), move(body, shift)
    allowed = {HORIZON} | ({STEP} if free else set())
    for letter in sorted(free_letters(body) - allowed):
        raise DeriveError(
            f"the index {letter} stands free in the definition of {latex(left)}", place
        )
    return Definition(left, body, place, statement.source)


def _runs_downward(big: BigSum | BigProduct) -> bool:
    """Whether a range begins above its end: a slip, not an empty sum."""
    over = big.upper - big.lower
    return (over.is_number and over.shift < -1) or dict(over.letters).get(HORIZON, 0) < 0


def _refuse_twice(definitions: Iterable[Definition]) -> None:
    seen: dict[Variable, Definition] = {}
    timed: dict[str, bool] = {}
    for d in definitions:
        if d.target in seen:
            raise DeriveError(f"{latex(d.target)} is defined twice", d.place)
        if timed.setdefault(d.target.name, d.target.time is not None) != (
            d.target.time is not None
        ):
            raise DeriveError(
                f"{d.target.name} is defined both with and without a time index", d.place
            )
        seen[d.target] = d


def _refuse_two_arities(definitions: Iterable[Definition]) -> None:
    arities: dict[str, int] = {}
    for d in definitions:
        for part in walk(d.body):
            if not isinstance(part, Call):
                continue
            count = (
                1
                if part.function in SLOPE
                else arities.setdefault(part.function, len(part.arguments))
            )
            if count != len(part.arguments):
                raise DeriveError(
                    f"{part.function} is used with {len(part.arguments)} arguments here "
                    f"and with {count} before",
                    d.place,
                )


# -- the cost -------------------------------------------------------------------------------------


def _with_cost(
    definitions: tuple[Definition, ...],
) -> tuple[tuple[Definition, ...], tuple[Remark, ...]]:
    """A model without a cost gets C = Σ L_t, and L_t = ℓ(…) where it has no loss; both are said."""
    named = {v for d in definitions for v in variables(d.body) if v != d.target}
    if any(d.target.time is None and d.target not in named for d in definitions):
        return definitions, ()
    steps = [d for d in definitions if d.target.time == NOW]
    if not steps:
        raise DeriveError("no cost found: expected a definition such as C = \\sum_t L_t")
    names = {d.target.name for d in definitions} | {
        v.name for d in definitions for v in variables(d.body)
    }
    cost = _fresh(names, ("C", "J", "\\mathcal{C}"))
    used = {v.name for d in steps for v in variables(d.body) if v.name != d.target.name}
    ends = [d.target for d in steps if d.target.name not in used] or [steps[-1].target]
    extra: list[Definition] = []
    if len(ends) == 1 and ends[0].name in LOSS_NAMES:
        loss = ends[0]
    else:
        loss = Variable(_fresh(names | {cost}, LOSS_NAMES), NOW)
        extra.append(Definition(loss, Call("\\ell", tuple(ends))))
    extra.append(Definition(Variable(cost), BigSum(STEP, Time.at(1), END, loss)))
    sentences = tuple(("no cost was given, so ", Equation(d.target, d.body)) for d in extra)
    return (*definitions, *extra), sentences


def _fresh(taken: Iterable[str], wanted: Sequence[str]) -> str:
    names = set(taken)
    return next((name for name in wanted if name not in names), f"\\mathrm{{{wanted[0]}}}")


def _cost(definitions: Sequence[Definition]) -> Variable:
    shared = [d.target for d in definitions if d.target.time is None]
    used = {v for d in definitions for v in variables(d.body) if v != d.target}
    ends = [v for v in shared if v not in used]
    if not ends:
        raise DeriveError(
            "no cost found: each quantity without a time index is used by another one",
            definitions[-1].place,
        )
    if len(ends) > 1:
        names = " and ".join(latex(v) for v in ends)
        place = next(d.place for d in definitions if d.target == ends[1])
        raise DeriveError(f"expected one cost, found {names}: nothing uses either", place)
    return ends[0]


# -- putting it together --------------------------------------------------------------------------


def _assemble(
    definitions: tuple[Definition, ...],
    cost: Variable,
    assumed: tuple[Remark, ...],
    shapes: Shapes,
    constants: Collection[str] = (),
) -> Recurrence:
    steps = [d for d in definitions if d.target.time == NOW]
    fixed = [d for d in definitions if d.target.time not in (None, NOW)]
    shared = [d for d in definitions if d.target.time is None]
    first = _first_steps(steps, fixed)
    timed = {d.target.name for d in definitions if d.target.time is not None}
    _refuse_bare(definitions, timed)
    lags = [
        (d, v, _lag(d, v))
        for d in steps
        for v in variables(d.body)
        if v.name in timed and v.time is not None
    ]
    for d, v, k in lags:
        if k is not None and k > MOST_LAG:
            raise DeriveError(
                f"a lag of {k} steps is more than the limit of {MOST_LAG}", locate(d, v)
            )
    lag = max((k for _, _, k in lags if k is not None), default=0)
    ahead = max((-k for _, _, k in lags if k is not None and k < 0), default=0)
    _refuse_future(lags, fixed, {d.target.name for d in steps})
    symbols = [v for d in definitions for v in variables(d.body)]
    defined = {d.target.name for d in shared}
    known = defined | {ONES, *constants}
    parameters = tuple(dict.fromkeys(v for v in symbols if v.time is None and v.name not in known))
    inputs = tuple(
        dict.fromkeys(v.name for v in symbols if v.time is not None and v.name not in timed)
    )
    functions = tuple(
        dict.fromkeys(
            p.function
            for d in definitions
            for p in walk(d.body)
            if isinstance(p, Call) and p.function not in SLOPE and p.function not in OF_ARRAYS
        )
    )
    given = {d.target for d in fixed}
    initial = tuple(
        sorted(
            {
                Variable(v.name, Time.at(first[v.name] - j))
                for _, v, k in lags
                if k is not None and v.name in first
                for j in range(1, k + 1)
            }
            - given,
            key=lambda v: (v.name, -(v.time.shift if v.time else 0)),
        )
    )
    says: tuple[Remark, ...] = tuple(("the initial state ", v, " is a constant") for v in initial)
    says = (*says, *_readings(definitions, parameters))
    free = dict.fromkeys(v for v in symbols if v.name in constants and v.name not in defined)
    says = (*says, *((v, " is the number 3.14159…") for v in free))
    return Recurrence(
        steps=_order_within_step(steps),
        fixed=tuple(fixed),
        shared=_order_shared(shared),
        cost=cost,
        parameters=parameters,
        inputs=inputs,
        initial=initial,
        functions=functions,
        first=first,
        lag=lag,
        ahead=ahead,
        assumptions=(
            *assumed,
            *says,
            *shapes_said(shapes, (*(d.target for d in definitions), *symbols)),
        ),
        shapes=shapes,
    )


def shapes_said(shapes: Shapes, symbols: Iterable[Variable]) -> Iterator[Remark]:
    """The shape of each name that is no scalar, as ∈ declares it."""
    if not shapes:
        return
    general = dict.fromkeys(
        Variable(v.name, None if v.time is None else NOW)
        for v in symbols
        if not is_scalar(shapes[v.name])
    )
    for v in general:
        yield (v, " ∈ ", reals(shapes[v.name]))


def _readings(
    definitions: Iterable[Definition], parameters: Iterable[Variable]
) -> Iterator[Remark]:
    """What a reader might take for something else, said."""
    for p in parameters:
        if p.name in ("e", "\\pi", "i"):
            yield (p, " is a parameter here, not the well-known constant")
    powers = (part for d in definitions for part in walk(d.body) if isinstance(part, Power))
    for power in dict.fromkeys(powers):
        if power.exponent == Index(END):
            yield (power, " is a power, not a transposition")


def _refuse_bare(definitions: Iterable[Definition], timed: set[str]) -> None:
    """h without its index is an error; w_t = w, the copies of a shared w, is not."""
    for d in definitions:
        for v in variables(d.body):
            if v.name in timed and v.time is None and (d.body != v or d.target.name != v.name):
                raise DeriveError(
                    f"{v.name} varies in time, but stands without an index here", locate(d, v)
                )


def _first_steps(steps: Sequence[Definition], fixed: Sequence[Definition]) -> dict[str, int]:
    """The first step of each step definition: 1, or the one after the given first states."""
    first = {d.target.name: 1 for d in steps}
    given: dict[str, list[tuple[int, Definition]]] = {}
    for d in fixed:
        time = d.target.time
        assert time is not None
        if not time.is_number:
            continue
        if abs(time.shift) > MOST_LAG:
            raise DeriveError(
                f"a given time of {time.shift} is beyond the limit of {MOST_LAG}", d.place
            )
        if d.target.name in first:
            given.setdefault(d.target.name, []).append((time.shift, d))
    for name, found in given.items():
        found.sort(key=lambda pair: pair[0])
        expected = min(found[0][0], 1)
        for shift, d in found:
            if shift != expected:
                missing = Variable(name, Time.at(expected))
                raise DeriveError(
                    f"{latex(d.target)} is given, but {latex(missing)} before it is not", d.place
                )
            expected += 1
        first[name] = max(1, expected)
    return first


def _lag(definition: Definition, variable: Variable) -> int | None:
    """How many steps back `variable` lies; None where that is not a fixed number."""
    assert variable.time is not None
    back = NOW - variable.time
    return back.shift if back.is_number else None


def _refuse_future(
    lags: Sequence[tuple[Definition, Variable, int | None]],
    fixed: Sequence[Definition],
    stepwise: set[str],
) -> None:
    final = {d.target for d in fixed if d.target.time is not None and not d.target.time.is_number}
    for d, v, k in lags:
        if k is None or k >= 0 or v.name not in stepwise:
            continue
        for j in range(1, -k + 1):
            beyond = Variable(v.name, END + j)
            if beyond not in final:
                raise DeriveError(
                    f"{latex(d.target)} uses {latex(v)}, "
                    f"but at t = T nobody defines {latex(beyond)}",
                    locate(d, v),
                )


def _order_within_step(steps: Sequence[Definition]) -> tuple[Definition, ...]:
    """Topological order of the edges within one step, otherwise the order of writing."""
    by_name = {d.target.name: d for d in steps}
    names = list(by_name)
    now = {
        name: [v.name for v in variables(by_name[name].body) if v.time == NOW and v.name in by_name]
        for name in names
    }
    return tuple(by_name[name] for name in _sorted(names, now, by_name, "within one time step"))


def _order_shared(shared: Sequence[Definition]) -> tuple[Definition, ...]:
    by_name = {d.target.name: d for d in shared}
    uses = {
        name: [v.name for v in variables(d.body) if v.time is None and v.name in by_name]
        for name, d in by_name.items()
    }
    order = _sorted(list(by_name), uses, by_name, "among the quantities without a time index")
    return tuple(by_name[name] for name in order)


def _sorted(
    names: Sequence[str],
    uses: Mapping[str, Sequence[str]],
    definitions: Mapping[str, Definition],
    where: str,
) -> list[str]:
    """`names` with what is used before what uses it, and else as written."""
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        cycle = list(dict.fromkeys(reversed(error.args[1])))
        start = definitions[cycle[0]]
        path = ", ".join(
            f"{latex(definitions[a].target)} needs {latex(definitions[b].target)}"
            for a, b in zip(cycle, [*cycle[1:], cycle[0]], strict=True)
        )
        raise DeriveError(f"a cycle {where}: {path}", start.place) from None
    done: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        ready = next(n for n in waiting if all(u in done for u in uses[n]))
        done[ready] = None
        waiting.remove(ready)
    return list(done)
