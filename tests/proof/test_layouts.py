"""Every printed line in every layout, read back and worked out as numbers by an evaluator of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numbers_in_layouts import Numbers

from derive.algebra.expression import (
    Call,
    Expr,
    Product,
    Time,
    Total,
    Variable,
    free_letters,
    move,
    walk,
)
from derive.derivation.backward import backward
from derive.derivation.every import every
from derive.derivation.forward import forward
from derive.derivation.gradients import adjoints
from derive.derivation.local import local
from derive.derivation.total import total
from derive.document import lines_of
from derive.model.builtin import BUILTIN, CELLS, MODELS, builtin
from derive.model.graph import unrolled
from derive.model.recurrence import HORIZON, STEP
from derive.model.shapes import VEC
from derive.notation.grammar import parse_expression, scope_of
from derive.notation.latex import latex
from derive.proof.kernel import Theorem
from derive.proof.layouts import LAYOUTS, transposed, written
from derive.proof.rules import Unproved
from derive.proof.setting import AtHorizon, general_step

ABSTRACT = ("abstract", "second-order", "coupled", "feedback", "terminal")
each_layout = pytest.mark.parametrize("layout", LAYOUTS)
T = 2


@cache
def numbers(name: str, layout: str, horizon: int = T) -> Numbers:
    return Numbers(unrolled(builtin(name), horizon), layout)


@cache
def derived(name: str, by: Variable) -> tuple[Theorem, ...]:
    setting = AtHorizon(builtin(name), T)
    return backward(setting, by), total(setting, by), forward(setting, by)


def read_back(name: str, line: Expr) -> Expr:
    """The line as it is printed, parsed again."""
    indices = "C = \\sum_{s=1}^{T} \\sum_{t=1}^{T} L_s L_t"
    return parse_expression(latex(line), scope_of(*MODELS[name].definitions, indices))


def lines(theorem: Theorem, layout: str) -> Iterator[tuple[Expr, ...]]:
    for chain in theorem.derivation.chains:
        found = written(theorem.setting, lines_of(chain), layout)
        directions = any(isinstance(p, Call) and p.function == VEC for x in found for p in walk(x))
        if not directions:
            yield found


def alike(there: Numbers, left: Any, right: Any) -> bool:
    """Whether two sides are equal: ∂C/∂W beside a matrix is the one number for each entry of W."""
    a, b = np.atleast_2d(left), np.atleast_2d(right)
    if 0 in (np.ndim(left), np.ndim(right)):
        a, b = np.broadcast_arrays(a, b)
    if a.shape != b.shape:
        a, b = (x if 1 in x.shape else there.columns(x) for x in (a, b))
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-8)


@each_layout
@pytest.mark.parametrize("name", [*ABSTRACT, *CELLS])
def test_each_printed_line_is_true_in_its_layout(name: str, layout: str) -> None:
    """Abstract functions have random networks for values, so a wrong order or shape shows there, too."""
    model, there = builtin(name), numbers(name, layout)
    by = model.parameters[0]
    for theorem in derived(name, by):
        for chain in lines(theorem, layout):
            values = [there.value(read_back(name, line)) for line in chain]
            for (a, left), (b, right) in pairwise(zip(chain, values, strict=True)):
                assert alike(there, left, right), f"{latex(a)} = {latex(b)}"


@each_layout
@pytest.mark.parametrize("name", CELLS)
def test_the_gradient_has_the_shape_that_its_layout_says(name: str, layout: str) -> None:
    """By each parameter; numerator layout gives ∂C/∂W, as a matrix, the transposed shape of W."""
    model = builtin(name)
    setting = general_step(model)
    for by in model.parameters:
        claim = adjoints(setting, by).claim
        right = read_back(name, written(setting, (claim.left, claim.right), layout)[1])
        for horizon in (1, 3):
            there = numbers(name, layout, horizon)
            found = np.atleast_2d(there.value(move(right, {HORIZON: Time.at(horizon)})))
            wanted = there.matrix_of(model.cost, by)
            assert found.shape == wanted.shape
            assert np.allclose(found, wanted, rtol=1e-6, atol=1e-8)
            assert wanted.shape == there.shape(by.name)[:: -1 if layout == "numerator" else 1]


@each_layout
@pytest.mark.parametrize("name", ["abstract", "initial", "coupled", "rnn", "bidirectional"])
def test_the_proof_for_every_horizon_in_each_layout(name: str, layout: str) -> None:
    model = builtin(name)
    setting = general_step(model)
    by = model.parameters[0]
    there = numbers(name, layout, 3)
    for chain in lines(every(setting, by), layout):
        free = {letter for line in chain for letter in free_letters(line)}
        steps = (1, 2, 3) if STEP in free else (1,)
        for t in steps:
            letters = {HORIZON: Time.at(3), STEP: Time.at(t)}
            values = [there.value(move(read_back(name, line), letters)) for line in chain]
            assert all(alike(there, a, b) for a, b in pairwise(values))


# -- the order of the factors ---------------------------------------------------------------------------

E = "\\frac{{\\partial {}}}{{\\partial {}}}".format
P = "\\frac{{\\partial^{{+}} {}}}{{\\partial {}}}".format
C_L, C_H, L_O, O_H = E("C", "L_1"), E("C", "h_2"), E("L_1", "o_1"), E("o_1", "h_1")
SLOPE = "\\operatorname{diag}(1 - h_{t+1}^2)"
OF_STATE = {
    "numerator": f"{E('C', 'o_t')} V + {E('C', 'h_{t+1}')} {SLOPE} W",
    "gradient": f"V^\\top \\nabla_{{o_t}} C + W^\\top {SLOPE} \\nabla_{{h_{{t+1}}}} C",
    "denominator": f"V^\\top {E('C', 'o_t')} + W^\\top {SLOPE} {E('C', 'h_{t+1}')}",
}
OF_WEIGHT = {
    "numerator": "h_{s-1} " + E("C", "h_s") + " \\operatorname{diag}(1 - h_s^2)",
    "gradient": "\\operatorname{diag}(1 - h_s^2) \\left(\\nabla_{h_s} C\\right) h_{s-1}^\\top",
    "denominator": "\\operatorname{diag}(1 - h_s^2) " + E("C", "h_s") + " h_{s-1}^\\top",
}
OF_ABSTRACT = {
    "numerator": f"{E('C', 'o_1')} {O_H} + {C_H} {E('h_2', 'h_1')}",
    "gradient": (
        f"\\left({O_H}\\right)^\\top \\nabla_{{o_1}} C"
        f" + \\left({E('h_2', 'h_1')}\\right)^\\top \\nabla_{{h_2}} C"
    ),
    "denominator": f"{O_H} {E('C', 'o_1')} + {E('h_2', 'h_1')} {C_H}",
}


@each_layout
def test_the_order_of_factors_of_a_cell(layout: str) -> None:
    setting = general_step(builtin("rnn"))
    theorem = adjoints(setting, Variable("W"))
    ends = [latex(chain[-1]) for chain in lines(theorem, layout)]
    assert OF_STATE[layout] in ends
    assert ends[-1] == f"\\sum_{{s=1}}^{{T}} {OF_WEIGHT[layout]}"


@each_layout
def test_the_order_of_factors_of_abstract_functions(layout: str) -> None:
    theorem = derived("abstract", Variable("\\theta"))[0]
    assert OF_ABSTRACT[layout] in [latex(chain[-1]) for chain in lines(theorem, layout)]


def test_what_has_no_gradient_in_it_is_the_same_in_gradient_layout() -> None:
    (_, _, way) = derived("rnn", Variable("W"))
    chain = next(c for c in way.derivation.chains if c.equation.left.of.name == "h")  # type: ignore
    assert written(way.setting, lines_of(chain), "gradient") == lines_of(chain)


def test_local_derivatives_in_denominator_layout() -> None:
    theorem = local(general_step(builtin("rnn")))
    assert theorem is not None
    found = {
        latex(left): latex(right)
        for chain in theorem.derivation.chains
        for left, right in [written(theorem.setting, lines_of(chain), "denominator")]
    }
    assert found[E("h_t", "h_{t-1}")] == "W^\\top \\operatorname{diag}(1 - h_t^2)"
    assert found[E("o_t", "c")] == "I_{m}"
    assert found[E("L_t", "o_t")] == "o_t - y_t"


# -- what is refused --------------------------------------------------------------------------------------


def test_a_line_without_a_value_is_not_transposed() -> None:
    setting = AtHorizon(builtin("rnn"), 1)
    wrong = Product((Total(setting.cost, Variable("h", Time.at(1))), Variable("V")))
    with pytest.raises(Unproved, match="has no value"):
        transposed(setting, wrong)


def test_twice_transposed_is_the_line_itself() -> None:
    """Of derivatives and closed matrices alike, up to ⊤ on ⊤."""
    for name in ("rnn", "abstract"):
        for theorem in derived(name, builtin(name).parameters[0]):
            for chain in theorem.derivation.chains:
                for line in lines_of(chain):
                    twice = transposed(theorem.setting, transposed(theorem.setting, line))
                    assert twice == line


@pytest.mark.parametrize("name", sorted(set(BUILTIN) - set(ABSTRACT)))
def test_scalars_are_their_own_transposes(name: str) -> None:
    setting = AtHorizon(builtin(name), 1)
    theorem = backward(setting, setting.recurrence.parameters[0])
    for chain in theorem.derivation.chains:
        assert len(written(setting, lines_of(chain), "denominator")) == len(chain.steps) + 1
