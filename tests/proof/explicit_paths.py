"""An oracle for the tests: every derivative as the plain sum over its explicitly listed paths.

It shares with the kernel's `World` nothing but the random immediate derivatives (`World.local`) and the
arithmetic of formulas; which paths a derivative means is said here a second time, by listing them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from derive.algebra.expression import (
    Derivative,
    Equation,
    Expr,
    Held,
    Immediate,
    Time,
    Total,
    Truncated,
    Variable,
    Via,
    move,
)
from derive.model.graph import Graph, unrolled
from derive.model.recurrence import HORIZON, STEP
from derive.proof.setting import AtHorizon, GeneralStep, Setting
from derive.proof.value import PRIME, Matrix, Value, World, same

Path = tuple[Variable, ...]


def plus(a: Matrix, b: Matrix) -> Matrix:
    return tuple(
        tuple((x + y) % PRIME for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True)
    )


def times(a: Matrix, b: Matrix) -> Matrix:
    inner = range(len(b))
    assert len(a[0]) == len(b), "the factors of a path do not meet"
    columns = range(len(b[0]))
    return tuple(tuple(sum(row[k] * b[k][j] for k in inner) % PRIME for j in columns) for row in a)


def unit(size: int) -> Matrix:
    return tuple(tuple(int(i == j) for j in range(size)) for i in range(size))


def zero(rows: int, columns: int) -> Matrix:
    return tuple((0,) * columns for _ in range(rows))


def listed_paths(graph: Graph, by: Variable, of: Variable) -> list[Path]:
    """Every path from `by` to `of`, from `of` inward, found by walking from `of` to its inputs."""
    if of == by:
        return [(by,)]
    return [
        (of, *path) for used in graph.inputs.get(of, ()) for path in listed_paths(graph, by, used)
    ]


def crossed(path: Path) -> int:
    """How many time steps the edges of a path cross together."""
    ends = ((a.time, b.time) for a, b in pairwise(path))
    return sum(abs(a.shift - b.shift) for a, b in ends if a is not None and b is not None)


class ExplicitWorld(World):
    """A `World` whose derivatives are sums over listed paths."""

    def over_paths(
        self, of: Variable, by: Variable, keep: Callable[[Path], bool] = lambda path: True
    ) -> Matrix:
        result = zero(self.size(of.name), self.size(by.name))
        for path in filter(keep, listed_paths(self.graph, by, of)):
            product = unit(self.size(of.name))
            for user, used in pairwise(path):
                product = times(product, self.local(user, used))
            result = plus(result, product)
        return result

    def total(self, of: Variable, by: Variable) -> Matrix:
        return self.over_paths(of, by)

    def _derivative(self, expr: Derivative) -> Matrix:
        of, by = expr.of, Variable(expr.by.name, expr.by.time)
        match expr:
            case Immediate():
                uses_copy = expr.by.copy is None or expr.by.copy == of.time
                return self.over_paths(of, by, lambda path: len(path) == 2 and uses_copy)
            case Total() if expr.by.copy is not None:
                return self.over_paths(of, by, lambda path: path[-2].time == expr.by.copy)
            case Total():
                return self.over_paths(of, by)
            case Via(_, _, through):
                return self.over_paths(of, by, lambda p: len(p) > 1 and p[-2] == through)
            case Held(_, _, held):
                return self.over_paths(of, by, lambda path: held not in path)
            case Truncated(_, _, steps):
                return self.over_paths(of, by, lambda path: crossed(path) <= steps)
        raise AssertionError(f"no paths are listed for {expr}")


def is_true(setting: Setting, equation: Equation, more: int = 2) -> bool:
    """Whether `equation` holds in worlds the kernel never saw, also at longer horizons than its own."""
    if isinstance(setting, AtHorizon):
        world = ExplicitWorld(setting.graph, "a second opinion")
        end = {HORIZON: Time.at(setting.horizon)}
        return same(world.value(equation.left, end), world.value(equation.right, end))
    assert isinstance(setting, GeneralStep)
    reach = max(setting.recurrence.lag, setting.recurrence.ahead)
    for horizon in range(setting.least, setting.least + reach + more):
        world = ExplicitWorld(unrolled(setting.recurrence, horizon), f"another {horizon}")
        end = {HORIZON: Time.at(horizon)}
        steps = range(setting.start + 1, horizon - setting.beyond + 1)
        free = has_step(equation.left) or has_step(equation.right)
        for letters in [{**end, STEP: Time.at(t)} for t in steps] if free else [end]:
            if not same(world.value(equation.left, letters), world.value(equation.right, letters)):
                return False
    return True


def has_step(expr: Expr) -> bool:
    return move(expr, {STEP: Time.at(0)}) != expr


def value_in(world: World, expr: Expr, horizon: int) -> Value:
    return world.value(expr, {HORIZON: Time.at(horizon)})
