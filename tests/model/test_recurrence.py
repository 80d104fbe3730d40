"""What definitions mean: parameters, inputs, initial states, lags; and what cannot mean anything."""

from __future__ import annotations

from typing import Any

import pytest

from derive.algebra.expression import Equation, Time, Variable
from derive.errors import DeriveError
from derive.model.builtin import BUILTIN, EXAMPLES, builtin, from_latex
from derive.model.graph import unrolled
from derive.model.recurrence import Recurrence, recurrence
from derive.model.symbols import unroll
from derive.notation.latex import latex
from derive.notation.reader import read_statements

SUM = r"C = \sum_{t=1}^{T} L_t"
LOSS = "L_t = L(h_t, y_t)"
F = r"h_t = f(h_{t-1}, x_t, \theta)"


def facts(found: Recurrence) -> dict[str, Any]:
    return {
        "parameters": [latex(p) for p in found.parameters],
        "inputs": list(found.inputs),
        "initial": [latex(v) for v in found.initial],
        "functions": list(found.functions),
        "first": dict(found.first),
        "lag": found.lag,
        "ahead": found.ahead,
        "cost": latex(found.cost),
        "steps": [latex(d.target) for d in found.steps],
    }


def said(found: Recurrence) -> list[str]:
    return [
        "".join(p if isinstance(p, str) else latex(p) for p in assumption)
        for assumption in found.assumptions
    ]


def bodies(found: Recurrence) -> list[str]:
    return [latex(Equation(d.target, d.body)) for d in found.definitions]


ACCEPTED = {
    "the notes": (
        (F, r"o_t = g(h_t, \theta)", "L_t = L(o_t, y_t)", SUM),
        {
            "parameters": [r"\theta"],
            "inputs": ["x", "y"],
            "initial": ["h_0"],
            "functions": ["f", "g", "L"],
            "first": {"h": 1, "o": 1, "L": 1},
            "lag": 1,
            "ahead": 0,
            "cost": "C",
            "steps": ["h_t", "o_t", "L_t"],
        },
    ),
    "written in any order": (
        (SUM, "L_t = L(o_t, y_t)", r"o_t = g(h_t, \theta)", F),
        {"steps": ["h_t", "o_t", "L_t"], "parameters": [r"\theta"], "initial": ["h_0"]},
    ),
    "a closed cell": (
        (r"h_t = \tanh(w h_{t-1} + u x_t + b)", r"L_t = (h_t - y_t)^2", SUM),
        {"parameters": ["w", "u", "b"], "functions": [], "inputs": ["x", "y"]},
    ),
    "lag two": (
        (r"h_t = f(h_{t-1}, h_{t-2}, \theta)", LOSS, SUM),
        {"lag": 2, "initial": ["h_0", "h_{-1}"]},
    ),
    "lag two without lag one": (
        (r"h_t = f(h_{t-2}, \theta)", LOSS, SUM),
        {"lag": 2, "initial": ["h_0", "h_{-1}"]},
    ),
    "two states": (
        (r"c_t = q(c_{t-1}, h_{t-1}, \theta)", "h_t = f(h_{t-1}, c_t)", LOSS, SUM),
        {"initial": ["c_0", "h_0"], "steps": ["c_t", "h_t", "L_t"]},
    ),
    "output feedback": (
        (r"h_t = f(o_{t-1}, x_t, \theta)", r"o_t = g(h_t, \theta)", "L_t = L(o_t, y_t)", SUM),
        {"initial": ["o_0"], "lag": 1},
    ),
    "an initial state that depends on the parameter": (
        (r"h_0 = q(\theta)", F, LOSS, SUM),
        {"initial": [], "first": {"h": 1, "L": 1}, "functions": ["q", "f", "L"]},
    ),
    "one of two initial states": (
        (r"h_0 = q(\theta)", r"h_t = f(h_{t-1}, h_{t-2}, \theta)", LOSS, SUM),
        {"initial": ["h_{-1}"], "lag": 2},
    ),
    "the first state given": (
        (r"h_1 = q(\theta)", F, LOSS, SUM),
        {"initial": [], "first": {"h": 2, "L": 1}},
    ),
    "a delayed input": (
        (r"h_t = f(h_{t-1}, x_{t-3}, \theta)", LOSS, SUM),
        {"lag": 1, "inputs": ["x", "y"], "initial": ["h_0"]},
    ),
    "a terminal cost": ((F, "C = l(h_T)"), {"cost": "C", "steps": ["h_t"], "inputs": ["x"]}),
    "an average and a penalty": (
        (F, LOSS, r"C = \frac{1}{T} \sum_{t=1}^{T} L_t + r(\theta)"),
        {"functions": ["f", "L", "r"], "parameters": [r"\theta"]},
    ),
    "the cost has another name": (
        (F, LOSS, r"J = \sum_{t=1}^{T} L_t"),
        {"cost": "J"},
    ),
    "an unindexed sum": ((F, LOSS, r"C = \sum L_t"), {"cost": "C"}),
    "a shared quantity is not the cost": (
        ("w = a^2 + b", "h_t = w h_{t-1} + x_t", LOSS, SUM),
        {"cost": "C", "parameters": ["a", "b"]},
    ),
    "copies of a weight": (
        ("w_t = w", "h_t = f(h_{t-1}, x_t, w_t)", LOSS, SUM),
        {"parameters": ["w"], "steps": ["w_t", "h_t", "L_t"], "initial": ["h_0"]},
    ),
    "labels are no times": (
        (r"h_t = \tanh(W_{hh} h_{t-1} + W_{hx} x_t)", LOSS, SUM),
        {"parameters": ["W_{hh}", "W_{hx}"]},
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_models(name: str) -> None:
    definitions, expected = ACCEPTED[name]
    found = facts(from_latex(definitions))
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_models_unroll(name: str) -> None:
    found = from_latex(ACCEPTED[name][0])
    for horizon in (2, 3, 4):
        graph = unrolled(found, horizon)
        assert graph.cost in graph.bodies
        assert unroll(found, horizon).cost.free_symbols
        position = {node: i for i, node in enumerate(graph.nodes)}
        assert all(position[u] < position[n] for n, used in graph.inputs.items() for u in used)


STANDARD = (F, r"o_t = g(h_t, \theta)", "L_t = L(o_t, y_t)", SUM)
SAME = {
    "superscript time": (
        r"h^t = f(h^{t-1}, x^t, \theta)",
        r"o^t = g(h^t, \theta)",
        "L^t = L(o^t, y^t)",
        r"C = \sum_{t=1}^{T} L^t",
    ),
    "superscript time in parentheses": (
        r"h^{(t)} = f(h^{(t-1)}, x^{(t)}, \theta)",
        r"o^{(t)} = g(h^{(t)}, \theta)",
        "L^{(t)} = L(o^{(t)}, y^{(t)})",
        r"C = \sum_{t=1}^{T} L^{(t)}",
    ),
    "k for t": (
        r"h_k = f(h_{k-1}, x_k, \theta)",
        r"o_k = g(h_k, \theta)",
        "L_k = L(o_k, y_k)",
        SUM,
    ),
    "one step on": (
        r"h_{t+1} = f(h_t, x_{t+1}, \theta)",
        r"o_t = g(h_t, \theta)",
        "L_t = L(o_t, y_t)",
        SUM,
    ),
    "one step on, with k": (
        r"h_{k+1} = f(h_k, x_{k+1}, \theta)",
        r"o_{k+1} = g(h_{k+1}, \theta)",
        "L_k = L(o_k, y_k)",
        SUM,
    ),
    "a definition sign": (
        r"h_t := f(h_{t-1}, x_t, \theta)",
        r"o_t \equiv g(h_t, \theta)",
        "L_t = L(o_t, y_t)",
        SUM,
    ),
    "in one environment": (
        r"\begin{aligned} h_t &= f(h_{t-1}, x_t, \theta) \\ o_t &= g(h_t, \theta) \\"
        r" L_t &= L(o_t, y_t) \\ C &= \sum_{t=1}^{T} L_t \end{aligned}",
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_other_spellings_are_the_same_model(name: str) -> None:
    expected, found = from_latex(STANDARD), from_latex(SAME[name])
    for horizon in (2, 3):
        ours, theirs = unrolled(found, horizon), unrolled(expected, horizon)
        assert ours.bodies == theirs.bodies
    assert facts(found) == facts(expected)


def test_a_shifted_recurrence_keeps_its_first_state() -> None:
    """h_{k+1} = f(h_k) needs h_0, and x_k enters one step later."""
    found = from_latex((r"h_{k+1} = f(h_k, x_k, \theta)", "C = l(h_T)"))
    assert latex(found.steps[0].body) == r"f(h_{t-1}, x_{t-1}, \theta)"
    assert facts(found)["initial"] == ["h_0"]
    graph = unrolled(found, 2)
    assert Variable("x", Time.at(0)) in graph.nodes and Variable("x", Time.at(2)) not in graph.nodes


def test_a_function_definition_is_written_into_its_calls() -> None:
    found = from_latex(
        (r"h_t = f(h_{t-1}, x_t)", r"f(h, x) = \tanh(w h + u x)", "L_t = (h_t - y_t)^2", SUM)
    )
    assert bodies(found)[0] == r"h_t = \tanh(w h_{t-1} + u x_t)"
    assert facts(found)["parameters"] == ["w", "u"] and not found.functions


def test_function_definitions_nest() -> None:
    found = from_latex(("h_t = f(h_{t-1})", "f(a) = w \\cdot g(a)", "g(a) = a^2 + b", "C = l(h_T)"))
    assert bodies(found)[0] == "h_t = w \\cdot \\left(h_{t-1}^2 + b\\right)"


def test_an_input_of_the_function_that_is_also_a_parameter_is_not_captured() -> None:
    """f(x, w) = w x applied to (w, b): both arguments are put in at once."""
    found = from_latex(("h_t = f(w, b) + h_{t-1}", "f(x, w) = w \\cdot x^2", "C = l(h_T)"))
    assert bodies(found)[0] == "h_t = b w^2 + h_{t-1}"


def test_a_missing_cost_is_completed_and_said() -> None:
    found = from_latex((F,))
    assert bodies(found)[1:] == [r"L_t = \ell(h_t)", r"C = \sum_{t=1}^{T} L_t"]
    assert said(found) == [
        r"no cost was given, so L_t = \ell(h_t)",
        r"no cost was given, so C = \sum_{t=1}^{T} L_t",
        "the initial state h_0 is a constant",
    ]


def test_a_given_loss_is_summed() -> None:
    found = from_latex((F, LOSS))
    assert bodies(found)[2:] == [r"C = \sum_{t=1}^{T} L_t"]
    assert said(found)[0] == r"no cost was given, so C = \sum_{t=1}^{T} L_t"


def test_completed_names_do_not_clash() -> None:
    found = from_latex((r"h_t = f(h_{t-1}, C, L, \theta)",))
    assert facts(found)["cost"] == "J"
    assert {"C", "L"} <= set(facts(found)["parameters"])


def test_assumptions_of_a_whole_model() -> None:
    assert said(from_latex(STANDARD)) == ["the initial state h_0 is a constant"]
    assert said(from_latex((r"h_0 = q(\theta)", F, LOSS, SUM))) == []


REFUSED = {
    "a cycle within one step": (
        ("h_t = f(o_t)\no_t = g(h_t)\n" + SUM.replace("L", "o")),
        "a cycle within one time step",
        (1, 1),
    ),
    "a definition by itself": (
        r"h_t = f(h_t, \theta)" + "\nC = l(h_T)",
        "a cycle within one time step: h_t needs h_t",
        (1, 1),
    ),
    "the future": (
        "C = l(h_T)\n" + r"h_t = f(h_{t-1}, h_{t+1}, \theta)",
        "nobody defines h_{T+1}",
        (2, 18),
    ),
    "an output of the next step": (
        r"h_t = f(h_{t-1}, o_{t+1}, \theta)" + "\no_t = g(h_t)\nC = l(h_T)",
        "nobody defines o_{T+1}",
        (1, 18),
    ),
    "two numbers of arguments": (
        F + "\n" + r"o_t = f(h_t, \theta)" + "\nC = l(o_T)",
        "f is used with 2 arguments here and with 3 before",
        (2, 7),
    ),
    "two numbers of arguments in one line": (
        r"h_t = f(h_{t-1}) + f(x_t, \theta)" + "\nC = l(h_T)",
        "f is used with 2 arguments here and with 1 before",
        (1, 20),
    ),
    "defined with other arguments": (
        "h_t = f(h_{t-1}, x_t)\nf(a) = a^2\nC = l(h_T)",
        "arguments",
        (2, 1),
    ),
    "twice for every step": (
        F + "\n" + r"h_t = g(h_{t-1}, \theta)" + "\nC = l(h_T)",
        "h_t is defined twice",
        (2, 1),
    ),
    "twice under another index": (
        F + "\n" + r"h_{k+1} = g(h_k, \theta)" + "\nC = l(h_T)",
        "h_t is defined twice",
        (2, 1),
    ),
    "twice at the start": (
        "h_0 = a\n" + F + "\n  h_0 = b\nC = l(h_T)",
        "h_0 is defined twice",
        (3, 3),
    ),
    "a function twice": (
        "h_t = f(h_{t-1})\nf(a) = a^2\nf(b) = b^3\nC = l(h_T)",
        "f is defined twice",
        (3, 1),
    ),
    "the cost twice": (
        F + "\nC = l(h_T)\n C = l(h_T)",
        "C is defined twice",
        (3, 2),
    ),
    "h without its index": (
        F + "\n" + r"o_t = g(h, \theta)" + "\nC = l(o_T)",
        "h varies in time, but stands without an index here",
        (2, 9),
    ),
    "with and without an index": (
        F + "\nh = a\nC = l(h_T)",
        "h is defined both with and without a time index",
        (2, 1),
    ),
    "two costs": (
        F + "\nC = l(h_T)\nJ = k(h_T)",
        "",
        None,
    ),
    "no cost": ("h_{T+1} = a", "no cost found", None),
    "nothing": ("just words", "no definition found", None),
    "a derivative": (
        F + "\n" + r"C = \frac{\partial h_T}{\partial \theta}",
        "a definition cannot contain a derivative",
        (2, 1),
    ),
    "a gradient": (
        F + "\n" + r"C = \nabla_{\theta} h_T",
        "a definition cannot contain a derivative",
        (2, 1),
    ),
    "the prime of a function": (
        r"h_t = \tanh'(w h_{t-1})" + "\nC = l(h_T)",
        "a definition cannot contain a derivative",
        (1, 1),
    ),
    "a free index": (
        r"h_t = f(h_{t-1}, x_k, \theta)" + "\n" + r"C = \sum_{k=1}^{T} h_k",
        "the index k stands free in the definition of h_t",
        (1, 1),
    ),
    "a free t in the cost": (F + "\nC = l(h_t)", "the index t stands free", (2, 1)),
    "T on its own": ("T = 3\n" + F, "", (1, 1)),
    "a left side that is no symbol": (F + "\n" + r"2 h_t = x_t", "", (2, 1)),
    "two index letters": (r"h_{t+k} = f(h_{t-1}, \theta)" + "\nC = l(h_T)", "", (1, 1)),
    "a function of no symbols": (
        "h_t = f(h_{t-1})\nf(2 a) = a\nC = l(h_T)",
        "the arguments of a function that is defined must be plain symbols",
        (2, 1),
    ),
    "a function with one argument twice": (
        "h_t = f(h_{t-1}, x_t)\nf(a, a) = a\nC = l(h_T)",
        "a function's arguments must have different names",
        (2, 1),
    ),
    "a function by itself": (
        "h_t = f(h_{t-1})\nf(a) = f(a^2)\nC = l(h_T)",
        "a function is defined by itself",
        None,
    ),
    "a lag beyond the limit": (r"h_t = f(h_{t-60}, \theta)" + "\nC = l(h_T)", "limit of 50", None),
    "a given time beyond the limit": (
        F + "\n" + r"h_{-60} = a" + "\nC = l(h_T)",
        "limit of 50",
        (2, 1),
    ),
}

REFUSED |= {
    "a gap in the given states": (
        F + "\nh_0 = a\nh_2 = b\nC = l(h_T)",
        "but h_1 before it",
        (3, 1),
    ),
    "a state given too late": (F + "\nh_{12} = a\nC = l(h_T)", "but h_1 before it", (2, 1)),
    "the horizon as a definition": ("T = 3\n" + F + "\nC = l(h_T)", "give it with -T", (1, 1)),
    "a range that runs downward": (F + "\nC = \\sum_{t=T}^{1} h_t", "runs downward", (2, 1)),
    "a power of a function": ("h_t = f^2(h_{t-1})\nC = h_T", "may be a power of the value", None),
    "a function without its argument": (
        "h_t = f(h_{t-1}) + f\nC = h_T",
        "with an argument here and without one elsewhere",
        (1, 7),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_models(name: str) -> None:
    text, sentence, place = REFUSED[name]
    with pytest.raises(DeriveError) as caught:
        recurrence(read_statements([("model.tex", text)])[0])
    assert sentence in caught.value.sentence
    assert "\n" not in str(caught.value)
    if place is not None:
        at = caught.value.place
        assert at is not None and at.path == "model.tex"
        assert (at.line, at.column) == place, str(caught.value)


def test_places_in_a_document_with_prose() -> None:
    text = "The state is $h_t = f(h_{t-1}, \\theta)$, and\nthen $h_t = g(h_{t-1})$ again.\n"
    with pytest.raises(DeriveError) as caught:
        recurrence(read_statements([("model.md", text)])[0])
    assert str(caught.value) == "model.md:2:7: h_t is defined twice"


@pytest.mark.parametrize("horizon", [0, -1, 10_001, 10**9])
def test_no_horizon(horizon: int) -> None:
    with pytest.raises(DeriveError, match=r"expected T of at least 1|limit of 10000"):
        unrolled(builtin("abstract"), horizon)


def test_a_cycle_across_steps_is_found_when_it_is_unrolled() -> None:
    """o_T uses its own step's h through a final state: a cycle that no single step shows."""
    definitions = (
        "h_t = f(h_{t-1}, o_{t+1})",
        "o_t = g(h_t, o_{t+1})",
        "o_{T+1} = a",
        "C = l(h_T)",
    )
    with pytest.raises(DeriveError, match=r"cycle|needs|every T"):
        unrolled(from_latex(definitions), 3)


@pytest.mark.parametrize("name", BUILTIN)
def test_builtin_models_are_read_from_their_printed_definitions(name: str) -> None:
    found = builtin(name)
    again = from_latex(tuple(bodies(found)))
    assert facts(again) == facts(found) and bodies(again) == bodies(found)


def test_examples_are_models_without_steps() -> None:
    for name in EXAMPLES:
        found = builtin(name, EXAMPLES)
        assert not found.steps and latex(found.cost) == "f" and len(found.parameters) == 1
    with pytest.raises(DeriveError, match=r"expected one of .*found 'nothing'"):
        builtin("nothing")


def test_the_bounds_of_a_sum_need_no_braces() -> None:
    found = from_latex(("h_t = a h_{t-1}", "C = \\sum_{t=1}^T (h_t + b)"))
    assert bodies(found)[1] == "C = \\sum_{t=1}^{T} \\left\\{h_t + b\\right\\}"


def test_what_might_be_taken_for_something_else_is_said() -> None:
    found = from_latex(("h_t = e h_{t-1} + w^T", "C = h_T"))
    said = ["".join(p if isinstance(p, str) else latex(p) for p in a) for a in found.assumptions]
    assert "e is a parameter here, not the well-known constant" in said
    assert "w^T is a power, not a transposition" in said


def test_a_range_beyond_the_limit_is_refused_at_once() -> None:
    model = from_latex(("h_t = a h_{t-1}", "C = \\sum_{k=1}^{1000000000} h_1"))
    with pytest.raises(DeriveError, match="limit of 100000 terms"):
        unrolled(model, 3)


def test_a_state_beyond_the_horizon_is_no_initial_state() -> None:
    model = from_latex(("h_t = w h_{2t}", "C = h_T"))
    with pytest.raises(DeriveError, match=r"h_3 uses h_6, which is beyond the horizon T = 4"):
        unrolled(model, 4)


def test_a_constant_that_the_steps_use_is_no_cost() -> None:
    model = from_latex(("h_t = w h_{t-1}", "L_t = h_t^2", "w = 2 v"))
    assert model.cost == Variable("C")
    assert [p.name for p in model.parameters] == ["v"]
