"""The random worlds against SymPy's `diff` in exact rationals, and paths listed one by one."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import sympy
from explicit_paths import ExplicitWorld

from derive.algebra.expression import (
    ONE,
    ZERO,
    BigProduct,
    BigSum,
    Call,
    Derivative,
    Expr,
    Gradient,
    Held,
    Immediate,
    Index,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Truncated,
    Tuple,
    Variable,
    Via,
    number,
)
from derive.model.builtin import BUILTIN, builtin, from_latex
from derive.model.graph import Graph, unrolled
from derive.proof.value import PRIME, NoValue, Value, World, same

C, THETA = Variable("C"), Variable("\\theta")
POLYNOMIAL = {
    "linear": BUILTIN["linear"].definitions,
    "quadratic": BUILTIN["quadratic"].definitions,
    "lag and feedback": (
        "h_t = a h_{t-1} h_{t-2} + b o_{t-1}",
        "o_t = c h_t^3 - a",
        "L_t = (o_t - y_t)^2 / (1 + h_t^2)",
        "C = \\frac{1}{T} \\sum_{t=1}^{T} L_t + a^2",
    ),
    "initial": ("h_0 = a^2", "h_t = a h_{t-1}^2 + x_t", "C = h_T h_1"),
}


def at(name: str, time: int) -> Variable:
    return Variable(name, Time.at(time))


def graph_of(name: str, horizon: int = 3) -> Graph:
    return unrolled(builtin(name), horizon)


# -- closed models: SymPy -------------------------------------------------------------------------


def in_sympy(expr: Expr, values: Mapping[Variable, sympy.Expr]) -> sympy.Expr:
    match expr:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Variable():
            return values[expr]
        case Sum(terms):
            return sympy.Add(*(in_sympy(x, values) for x in terms))
        case Product(factors):
            return sympy.Mul(*(in_sympy(x, values) for x in factors))
        case Quotient(a, b):
            return in_sympy(a, values) / in_sympy(b, values)
        case Power(a, b):
            return in_sympy(a, values) ** in_sympy(b, values)
    raise AssertionError(f"{expr} is not rational")


def residue(value: sympy.Rational) -> int:
    return int(value.p) * pow(int(value.q), -1, PRIME) % PRIME


# SymPy needs minutes for the explicit rational function of the third step of a quotient.
RATIONAL_CASES = [
    (name, horizon)
    for name in POLYNOMIAL
    for horizon in range(1, 3 if name == "lag and feedback" else 4)
]


@pytest.mark.parametrize(("name", "horizon"), RATIONAL_CASES)
def test_totals_of_rational_models_are_sympys(name: str, horizon: int) -> None:
    graph = unrolled(from_latex(POLYNOMIAL[name]), horizon)
    world = World(graph)
    leaves = [v for v in graph.nodes if v not in graph.bodies]
    symbols = {v: sympy.Symbol(f"x{i}") for i, v in enumerate(leaves)}
    given = {symbols[v]: sympy.Integer(world.scalar(v, {})) for v in leaves}
    formulas: dict[Variable, sympy.Expr] = dict(symbols)
    for node in graph.nodes:
        if node in graph.bodies:
            formulas[node] = in_sympy(graph.bodies[node], formulas)
            assert world.value(node) == residue(formulas[node].subs(given, simultaneous=True))
    for leaf in leaves:
        slope = sympy.diff(formulas[C], symbols[leaf]).subs(given, simultaneous=True)
        assert world.value(Total(C, leaf)) == residue(sympy.Rational(slope))
        assert world.sensitivity(C, leaf) == ((residue(sympy.Rational(slope)),),)


@pytest.mark.parametrize("name", ["linear", "quadratic", "tanh", "gate"])
def test_forward_and_backward_work_out_the_same_total(name: str) -> None:
    graph = graph_of(name, 4)
    world = World(graph)
    for node in graph.nodes:
        assert world.total(graph.cost, node) == world.sensitivity(graph.cost, node)


def test_the_slope_of_an_elementary_function_is_in_its_value() -> None:
    graph = unrolled(from_latex(("h_t = \\tanh(w h_{t-1})", "C = h_T")), 1)
    world = World(graph)
    h, before = world.value(at("h", 1)), world.value(at("h", 0))
    assert isinstance(h, int)
    assert isinstance(before, int)
    assert world.value(Total(C, Variable("w"))) == (1 - h * h) * before % PRIME


# -- abstract models: paths -----------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILTIN)
def test_every_total_is_the_sum_over_its_paths(name: str) -> None:
    graph = graph_of(name, 2)
    world, listed = World(graph), ExplicitWorld(graph)
    for of in graph.nodes:
        for by in graph.nodes:
            assert world.total(of, by) == listed.over_paths(of, by)


def derivatives(graph: Graph) -> list[Derivative]:
    """Every derivative of the cost in every sense, by every variable."""
    cost, found = graph.cost, list[Derivative]()
    for by in graph.nodes:
        if by == cost:
            continue
        found += [Total(cost, by), Immediate(cost, by)]
        found += [Truncated(cost, by, k) for k in (2, 0, 1, 3, 9)]
        found += [Via(cost, by, user) for user in graph.users[by]]
        found += [Held(cost, by, v) for v in graph.nodes if v not in (by, cost)]
        if by.time is None:
            copies = [Variable(by.name, None, Time.at(t)) for t in (0, 1, 2, 3)]
            found += [Total(cost, copy) for copy in copies]
    return found


@pytest.mark.parametrize("name", ["abstract", "second-order", "coupled", "feedback", "initial"])
def test_every_meaning_is_the_paths_it_names(name: str) -> None:
    graph = graph_of(name, 3)
    world, listed = World(graph), ExplicitWorld(graph)
    for derivative in derivatives(graph):
        # A use outside the steps, such as θ in the cost itself, belongs to no copy.
        assert world.value(derivative) == listed.value(derivative), derivative


def test_via_and_held_are_not_the_same() -> None:
    graph = graph_of("abstract", 2)
    world = World(graph)
    by, through = at("h", 1), at("o", 1)
    parts = Sum((Via(C, by, through), Via(C, by, at("h", 2))))
    assert world.value(parts) == world.value(Total(C, by))
    assert world.value(Via(C, by, through)) == world.value(Held(C, by, at("h", 2)))
    assert world.value(Via(C, by, through)) != world.value(Held(C, by, through))


def test_the_copies_of_a_parameter_add_up_to_it() -> None:
    world = World(graph_of("second-order", 3))
    copies = tuple(Total(C, Variable("\\theta", None, Time.at(t))) for t in (1, 2, 3))
    assert world.value(Sum(copies)) == world.value(Total(C, THETA))
    assert world.value(copies[0]) != world.value(copies[1])


def test_truncation_drops_more_and_more() -> None:
    world = World(graph_of("abstract", 3))
    values = [world.value(Truncated(C, THETA, k)) for k in (5, 3, 2, 1, 0)]
    assert values[0] == values[1] == values[2] == world.value(Total(C, THETA))
    assert len({*map(str, values)}) == 3


def test_a_gradient_is_the_same_row_of_numbers() -> None:
    world = World(graph_of("abstract"))
    assert world.value(Gradient(C, at("h", 2))) == world.value(Total(C, at("h", 2)))


# -- shapes ---------------------------------------------------------------------------------------


def sized(name: str, sizes: Mapping[str, int]) -> World:
    """A world of the model in which the named variables have these sizes."""
    graph = graph_of(name)
    for seed in range(200):
        world = World(graph, str(seed))
        if all(world.size(variable) == size for variable, size in sizes.items()):
            return world
    raise AssertionError("no such world")


H1, H2, O1 = at("h", 1), at("h", 2), at("o", 1)


@pytest.mark.parametrize(
    "misfit",
    [
        Product((Total(O1, H1), Total(O1, H1))),
        Product((Total(H2, H1), Total(O1, H1))),
        Sum((Total(O1, H1), Total(H2, H1))),
        Sum((Total(H2, H1), ONE)),
        Sum((ONE, Total(H2, H1))),
        Power(Total(H2, H1), number(2)),
        Quotient(ONE, Total(H2, H1)),
        Call("f", (Total(H2, H1),)),
        Quotient(ONE, ZERO),
        Power(ZERO, number(-1)),
        Tuple((H1, H2)),
        Index(Time.of("t")),
        Quotient(BigSum("s", Time.at(1), Time.at(2), ONE), number(2)),
    ],
    ids=str,
)
def test_what_does_not_fit_has_no_value(misfit: Expr) -> None:
    with pytest.raises(NoValue):
        sized("abstract", {"h": 3, "o": 2}).value(misfit)


def test_numbers_scale_matrices_from_both_sides_and_zero_adds_nothing() -> None:
    world = sized("abstract", {"h": 3, "o": 2})
    matrix = Total(H2, H1)
    twice = world.value(Product((number(2), matrix)))
    assert twice == world.value(Product((matrix, number(2)))) == world.value(Sum((matrix, matrix)))
    assert world.value(Sum((matrix, ZERO))) == world.value(Sum((ZERO, matrix)))
    assert world.value(Sum((matrix, ZERO))) == world.value(matrix)


def test_matrices_do_not_commute() -> None:
    world = sized("abstract", {"h": 3})
    a, b = Total(H2, H1), Total(at("h", 3), H2)
    assert world.value(Product((b, a))) == world.value(Total(at("h", 3), H1))
    assert world.value(Product((a, b))) != world.value(Product((b, a)))


def test_sums_and_products_over_a_range() -> None:
    world = sized("abstract", {"h": 3})
    steps = BigProduct(
        "s",
        Time.at(2),
        Time.at(3),
        Total(Variable("h", Time.of("s")), Variable("h", Time.of("s", -1))),
    )
    assert world.value(steps) == world.value(Total(at("h", 3), H1))
    losses = BigSum("s", Time.at(1), Time.of("T"), Total(Variable("L", Time.of("s")), THETA))
    spelled = Sum(tuple(Total(at("L", t), THETA) for t in (1, 2, 3)))
    assert world.value(losses, {"T": Time.at(3)}) == world.value(spelled)
    assert world.value(BigSum("s", Time.at(2), Time.at(1), steps)) == 0
    assert world.value(BigProduct("s", Time.at(2), Time.at(1), steps)) == 1


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1, True),
        (1, 2, False),
        (0, ((0, 0), (0, 0)), True),
        (((0, 0),), 0, True),
        (0, ((0, 1),), False),
        (1, ((1,),), False),
        (((1, 2),), ((1, 2),), True),
        (((1, 2),), ((1,), (2,)), False),
        (((0,),), ((0, 0),), False),
    ],
)
def test_same(left: Value, right: Value, equal: bool) -> None:
    assert same(left, right) is equal
    assert same(right, left) is equal


# -- worlds ---------------------------------------------------------------------------------------


def test_a_world_is_its_seed() -> None:
    graph = graph_of("abstract")
    symbol = Total(C, THETA)
    assert World(graph, "7").value(symbol) == World(graph, "7").value(symbol)
    assert World(graph, "7").value(symbol) != World(graph, "8").value(symbol)


def test_closed_formulas_make_their_variables_scalars() -> None:
    world = World(graph_of("initial"))
    assert world.size("L") == world.size("C") == 1
    assert world.size("h") in (2, 3)
    assert all(World(graph_of("tanh")).size(name) == 1 for name in "hovwub")


@pytest.mark.parametrize(
    ("definitions", "wanted"),
    [
        (("h_t = a^{h_{t-1}}", "C = h_T"), True),
        (("h_t = h_{t-1}^2 + 3", "C = h_T + a"), 1),
        (("h_t = f(a h_{t-1}) + 1", "C = h_T"), True),
    ],
)
def test_formulas_at_the_edge(definitions: tuple[str, ...], wanted: int) -> None:
    world = World(unrolled(from_latex(definitions), 2))
    symbol = Total(C, Variable("a"))
    if wanted is True:
        assert world.value(symbol) == ExplicitWorld(world.graph).value(symbol)
    else:
        assert world.value(symbol) == wanted
