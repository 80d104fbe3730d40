"""What `derive cost` counts, against programs that multiply numbers which count themselves."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from derive.algebra.expression import Power, Product, Variable, number
from derive.algebra.polynomial import Polynomial, interpolated
from derive.derivation.bill import (
    BACKWARD,
    FORWARD,
    PATHS,
    TRUNCATED,
    Growth,
    bill,
    costs,
    growth,
)
from derive.derivation.code import program
from derive.derivation.cost import Counting, letters_of, shapes_to_count
from derive.document import code
from derive.errors import DeriveError
from derive.model.builtin import CELLS, builtin, from_latex
from derive.model.graph import paths, span
from derive.model.recurrence import Recurrence
from derive.notation.latex import latex
from derive.notation.python import identifier

SUM = "C = \\sum_t L_t"
NORM = "L_t = \\lVert h_t - y_t \\rVert^2"
MORE: dict[str, tuple[str, ...]] = {
    "mean": (
        "h_t = \\tanh(w h_{t-1} + u x_t)",
        "L_t = \\frac12 (h_t - y_t)^2",
        "C = \\frac{1}{T} \\sum_t L_t",
    ),
    "two lags": (
        "h_t = \\tanh(W h_{t-1} + R h_{t-2} + x_t)",
        NORM,
        "C = \\sum_t L_t + \\lambda \\lVert W \\rVert^2",
    ),
    "fast": (
        "A_t = a A_{t-1} + \\tanh(K x_t) v^\\top",
        "o_t = A_t q_t",
        "L_t = \\lVert o_t - y_t \\rVert^2",
        SUM,
    ),
    "diagonal": (
        "h_t = \\operatorname{diag}(a) h_{t-1} + U x_t",
        "L_t = \\mathbf{1}^\\top \\exp(h_t)",
        SUM,
    ),
    "scalar": ("h_t = \\lambda h_{t-1} + \\mu x_t", NORM, SUM),
    "bilinear": ("s_t = s_{t-1} + x_t^\\top W x_t", "L_t = s_t^2", SUM),
    "quotient": (
        "h_t = \\frac{W h_{t-1}}{1 + x_t^\\top x_t}",
        "L_t = \\lVert h_t \\rVert^2",
        SUM,
    ),
    "norm": ("h_t = W h_{t-1} / \\lVert h_{t-1} \\rVert", "L_t = y_t^\\top h_t", SUM),
    "outer": ("h_t = \\tanh(h_{t-1} + u v^\\top h_{t-1})", "L_t = \\lVert h_t \\rVert^2", SUM),
}
SCALARS = ("tanh", "gate", "linear", "quadratic")
ABSTRACT = ("abstract", "second-order", "coupled", "feedback", "terminal")


class Counted:
    """A number that counts the multiplications in which it takes part, except by 0, 1 and -1."""

    seen = 0

    def _times(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        if not isinstance(other, Counted) and other in (0, 1, -1):
            return 0 if other == 0 else self
        Counted.seen += 1
        return self

    def _divided(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        Counted.seen += 1
        return self

    def _added(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else self

    def __pow__(self, exponent: int) -> Counted:
        Counted.seen += exponent - 1
        return self

    def __float__(self) -> float:
        return 1.0

    def __neg__(self) -> Counted:
        return self

    __mul__ = __rmul__ = _times
    __truediv__ = __rtruediv__ = _divided
    __add__ = __radd__ = __sub__ = __rsub__ = _added
    tanh = exp = log = sqrt = __neg__


def model(name: str) -> Recurrence:
    return from_latex(MORE[name], name) if name in MORE else builtin(name)


def sizes_for(recurrence: Recurrence) -> dict[str, int]:
    """A different size for each letter."""
    return {letter: 2 + i for i, letter in enumerate(letters_of(recurrence))}


def array(recurrence: Recurrence, name: str) -> Any:
    """A number, or an array of numbers, that count themselves."""
    shapes, sizes = shapes_to_count(recurrence), sizes_for(recurrence)
    if name not in shapes:
        return Counted()
    rows, columns = (a.shift + sum(sizes[b] * n for b, n in a.letters) for a in shapes[name])
    if rows == columns == 1:
        return Counted()
    found = np.empty((rows, columns), dtype=object)
    found[...] = [[Counted() for _ in range(columns)] for _ in range(rows)]
    return found


def multiplied(run: Callable[[], Any]) -> int:
    Counted.seen = 0
    run()
    return Counted.seen


# -- back-propagation -------------------------------------------------------------------------------


@cache
def generated(name: str, folder: Path) -> Callable[..., Any]:
    """The program that `derive code` writes, its functions of one argument taken for granted."""
    recurrence = model(name)
    file = folder / f"{name}.py"
    file.write_text(code(program(recurrence, recurrence.parameters)), encoding="utf-8")
    gradient: Callable[..., Any] = runpy.run_path(str(file))["gradient"]
    for function in ("sigmoid", "softmax", "softplus"):
        gradient.__globals__[function] = lambda a: a
    return gradient


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@pytest.mark.parametrize("name", [*(c for c in CELLS if c != "bidirectional"), *SCALARS, *MORE])
@pytest.mark.parametrize("horizon", [1, 3])
def test_the_program_multiplies_as_often_as_was_counted(
    name: str, horizon: int, folder: Path
) -> None:
    recurrence = model(name)
    given: dict[str, Any] = {"T": horizon}
    for p in recurrence.parameters:
        given[identifier(p.name)] = array(recurrence, p.name)
    for x in recurrence.inputs:
        given[identifier(x)] = [array(recurrence, x) for _ in range(horizon)]
    for v in recurrence.initial:
        assert v.time is not None
        mark = str(v.time.shift).replace("-", "minus_")
        given[f"{identifier(v.name)}_{mark}"] = array(recurrence, v.name)
    counting = Counting(recurrence, horizon, recurrence.parameters)
    counted = (counting.model() + counting.backward()[0]).at(sizes_for(recurrence))
    assert multiplied(lambda: generated(name, folder)(**given)) == counted


# -- forward accumulation ---------------------------------------------------------------------------


def real_time_recurrent_learning(horizon: int, by: str) -> None:
    """Williams and Zipser's algorithm for the vanilla RNN, ∂h_t/∂θ as |h| rows of |θ| numbers."""
    r = builtin("rnn")
    weight, out = array(r, "W"), array(r, "V")
    n, m = len(weight), len(out)
    entries = array(r, by).size
    unit = np.eye(n, dtype=int)
    sensitivity = None
    for _ in range(horizon):
        before, x, h, rest = (array(r, a) for a in ("h", "x", "h", "o"))
        own: Any = 0
        if by in ("W", "U", "b"):
            slope = np.diagflat(1 - h**2)
            used = {"W": before, "U": x, "b": np.ones((1, 1), dtype=int)}[by]
            own = slope @ np.kron(unit, used.T)
        later: Any = 0
        if sensitivity is not None:
            later = np.diagflat(1 - h**2) @ (weight @ sensitivity)
        if by in ("W", "U", "b"):
            sensitivity = filled(own + later, n, entries)
            of_output = out @ sensitivity
        else:
            of_output = filled(np.zeros((m, entries)), m, entries)
        _ = rest.T @ of_output


def filled(found: Any, rows: int, columns: int) -> Any:
    """A sensitivity is kept as a full matrix of numbers."""
    assert found.shape == (rows, columns)
    result = np.empty((rows, columns), dtype=object)
    result[...] = [[Counted() for _ in range(columns)] for _ in range(rows)]
    return result


@pytest.mark.parametrize("by", ["W", "U", "b", "V", "c"])
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_forward_accumulation_against_rtrl_by_hand(by: str, horizon: int) -> None:
    recurrence = builtin("rnn")
    counting = Counting(recurrence, horizon, [Variable(by)])
    counted = counting.forward()[0].at(sizes_for(recurrence))
    assert multiplied(lambda: real_time_recurrent_learning(horizon, by)) == counted


# -- paths and truncation ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ABSTRACT)
@pytest.mark.parametrize("horizon", [2, 4])
def test_every_path_by_itself(name: str, horizon: int) -> None:
    recurrence = model(name)
    counting = Counting(recurrence, horizon, recurrence.parameters)
    found = []

    def run() -> None:
        for by in recurrence.parameters:
            for path in paths(counting.graph, by, recurrence.cost):
                found.append(path)
                row: Any = np.array([[1]])
                for user, used in pairwise(path):
                    row = row @ jacobian(recurrence, user, used)

    counted = counting.paths()[0].at(sizes_for(recurrence))
    assert multiplied(run) == counted
    assert len(found) == counting.count_paths()


def jacobian(recurrence: Recurrence, of: Variable, by: Variable) -> Any:
    """∂⁺of/∂by: numbers, but ∂C/∂L_t = 1 where C is the sum of the losses."""
    if of == recurrence.cost and by.name == "L":
        return np.array([[1]])
    rows, columns = (np.size(array(recurrence, v.name)) for v in (of, by))
    return filled(np.zeros((rows, columns)), rows, columns)


@pytest.mark.parametrize("name", ABSTRACT)
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_truncated_against_a_recursion_by_hand(name: str, steps: int) -> None:
    recurrence = model(name)
    counting = Counting(recurrence, 5, recurrence.parameters)

    @cache
    def adjoint(by: Variable, left: int) -> Any:
        """The row over at most `left` steps; None where no path is as short."""
        if by == recurrence.cost:
            return np.array([[1]])
        rows = [
            row @ jacobian(recurrence, user, by)
            for user in counting.graph.users[by]
            if span(user, by) <= left
            and (row := adjoint(user, min(left - span(user, by), longest(user)))) is not None
        ]
        return sum(rows[1:], start=rows[0]) if rows else None

    @cache
    def longest(node: Variable) -> int:
        users = [u for u in counting.graph.users[node] if reaches(u)]
        return max((longest(u) + span(u, node) for u in users), default=0)

    @cache
    def reaches(node: Variable) -> bool:
        return node == recurrence.cost or any(map(reaches, counting.graph.users[node]))

    counted = counting.truncated(steps)[0].at(sizes_for(recurrence))
    assert multiplied(lambda: [adjoint(by, steps) for by in recurrence.parameters]) == counted


@pytest.mark.parametrize("name", ["rnn", "gate", "coupled", "terminal"])
def test_a_truncation_to_all_steps_is_back_propagation(name: str) -> None:
    recurrence = model(name)
    counting = Counting(recurrence, 4, recurrence.parameters)
    assert counting.truncated(9)[0] == counting.backward()[0]
    assert counting.truncated(1)[0] != counting.backward()[0]


# -- memory -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [3, 10])
def test_memory_by_hand(horizon: int) -> None:
    """h_t = θ h_{t-1} + x_t, all numbers: what is held at the fullest moment."""
    linear = builtin("linear")
    found = {c.way: c.memory for c in costs(Counting(linear, horizon, linear.parameters), 1)}
    # h_1 … h_T, C, the adjoint at hand and the gradient.
    assert found[BACKWARD] == Polynomial.of(horizon + 3)
    # h_{t-1}, h_t, both with a sensitivity, C and its sensitivity, which is the gradient.
    assert found[FORWARD] == Polynomial.of(6)
    assert found[TRUNCATED].at({}) < 12


@pytest.mark.parametrize("name", ["rnn", "mgu", "tanh"])
def test_only_what_goes_back_holds_all_steps(name: str) -> None:
    found = grown(name)
    held = {way: g.memory.collected("T") for way, g in found.items() if g.memory is not None}
    assert list(held[BACKWARD]) == [1, 0]
    assert list(held[FORWARD]) == list(held[TRUNCATED]) == [0]


# -- formulas ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rnn", "tanh", "feedback", "mean"])
def test_the_formulas_hold_far_beyond_the_samples(name: str) -> None:
    recurrence = model(name)
    found = grown(name)
    for horizon in (19, 31):
        for cost in costs(Counting(recurrence, horizon, recurrence.parameters), 2):
            formula = found[cost.way].multiplications
            assert formula is not None
            assert formula.replaced("T", horizon) == cost.multiplications
            held = found[cost.way].memory
            assert held is None or held.replaced("T", horizon) == cost.memory


@cache
def grown(name: str) -> Mapping[str, Growth]:
    recurrence = model(name)
    return growth(recurrence, recurrence.parameters, 2, {})


def orders(name: str, way: str) -> list[list[str]]:
    kinds = grown(name)[way].orders
    return [[latex(o.formula()) for o in kind if o is not None] for kind in kinds]


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_the_orders_of_the_literature(name: str) -> None:
    """Williams and Zipser (1995): RTRL n⁴ multiplications a step and n³ numbers, BPTT n² and n T."""
    assert orders(name, FORWARD) == [["T n^4", "T N n^2"], ["n^3", "N n"]]
    assert orders(name, BACKWARD) == [["T n^2"], ["T n"]]
    assert orders(name, TRUNCATED)[0] == ["T n^2"]


def test_paths_through_several_states_grow_exponentially() -> None:
    gate = builtin("gate")
    found = bill(gate, 50, gate.parameters, None, {})
    assert found.growth[PATHS].multiplications is None
    assert abs(found.ratio - 3) < 1e-9
    assert found.paths > 10**23
    assert orders("rnn", PATHS)[0] == ["T^3 n^2"]


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [({"q": 3}, "-n to name one of d, m, n"), ({"T": 3}, "-n to name")],
)
def test_a_size_that_the_model_does_not_have(sizes: dict[str, int], complaint: str) -> None:
    rnn = builtin("rnn")
    with pytest.raises(DeriveError, match=complaint):
        bill(rnn, 3, rnn.parameters, None, sizes)


def test_a_bill_has_numbers_where_every_letter_has_a_size() -> None:
    rnn, sizes = builtin("rnn"), {"n": 3, "d": 2}
    open_bill = bill(rnn, 5, rnn.parameters, 1, sizes)
    whole_bill = bill(rnn, 5, rnn.parameters, 1, {**sizes, "m": 2})
    assert (open_bill.missing, whole_bill.missing) == (["m"], [])
    assert [open_bill.number(c.memory) for c in open_bill.costs] == [None] * 5
    assert whole_bill.number(whole_bill.counting.parameters) == 9 + 6 + 3 + 6 + 2
    assert [whole_bill.name(c.way) for c in whole_bill.costs][-1] == "truncated, k = 1"
    with pytest.raises(DeriveError, match="more than the limit"):
        bill(rnn, 10_000, rnn.parameters, 1_000, sizes)


# -- polynomials ------------------------------------------------------------------------------------


def test_polynomials_are_written_with_the_highest_power_first() -> None:
    n, t = Polynomial.letter("n"), Polynomial.letter("T")
    found = t * (n * n * 2 + n) + Polynomial.of(Fraction(1, 2))
    assert latex(found.formula()) == r"T \cdot \left(2 n^2 + n\right) + \frac{1}{2}"
    assert found.at({"n": 3, "T": 2}) == Fraction(85, 2)
    assert found.leading("T") == t * n * n * 2
    assert (t * n * n).formula() == Product((Variable("T"), Power(Variable("n"), number(2))))


def test_interpolation_refuses_what_the_values_do_not_confirm() -> None:
    squares = [Polynomial.of(k * k) for k in range(3, 9)]
    assert interpolated(squares, 3, "T") == Polynomial.letter("T") * Polynomial.letter("T")
    assert interpolated([Polynomial.of(2**k) for k in range(8)], 0, "T") is None
