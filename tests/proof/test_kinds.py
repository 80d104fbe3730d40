"""T steps by their kinds say what checking each step says, and refuse what it refuses."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest
from test_rogues import Rogue, is_honest, rogues

from derive.algebra import expression
from derive.algebra.expression import Equation, Expr, Total
from derive.derivation.backward import backward
from derive.derivation.forward import forward
from derive.derivation.steps import at_many_steps
from derive.derivation.total import total
from derive.errors import DeriveError, TooMuch
from derive.model.builtin import BUILTIN, CELLS, builtin, from_latex
from derive.model.graph import count_paths, unrolled
from derive.model.recurrence import Recurrence
from derive.model.slices import Interner, Slices, same_edges
from derive.proof.agreement import _exponent, agree
from derive.proof.kernel import check_chain, worlds_of
from derive.proof.kinds import ManySteps, agree_at, few_steps, genuine_steps, unrolled_kinds
from derive.proof.rules import RULES, Rule, Unproved
from derive.proof.setting import AtHorizon, FewSteps, Setting
from derive.proof.steps import Derivation

FORWARD_CELLS = [name for name in CELLS if name != "bidirectional"]
# Ends, lags and detours that the built-in models do not have.
OTHERS = {
    "last state, lag 2": ("h_t = f(h_{t-2}, x_t, \\theta)", "C = l(h_T)"),
    "lags 1 and 3": (
        "h_t = f(h_{t-1}, h_{t-3}, \\theta)",
        "L_t = \\ell(h_t)",
        "C = \\sum_{t=1}^{T} L_t",
    ),
    "two ends": ("h_0 = q(\\theta)", "h_t = f(h_{t-1}, \\theta)", "C = l(h_1, h_T, \\theta)"),
    "a sum and its last term": (
        "h_t = w h_{t-1} + x_t",
        "L_t = h_t^2",
        "C = \\sum_{t=1}^{T} L_t + 3 L_T + \\frac{1}{T} L_1",
    ),
    "not from the first step": (
        "h_t = f(h_{t-1}, \\theta)",
        "L_t = \\ell(h_t)",
        "C = \\sum_{t=3}^{T} L_t",
    ),
    "a shared carrier": (
        "w = q(\\theta)",
        "h_t = f(h_{t-1}, w, x_t)",
        "L_t = \\ell(h_t, w)",
        "S = \\sum_{t=1}^{T} L_t",
        "C = r(S, w)",
    ),
    "a parameter without effect": (
        "h_t = f(h_{t-1}, x_t, \\theta)",
        "k_t = g(k_{t-1}, a)",
        "C = \\sum_{t=1}^{T} \\ell(h_t)",
    ),
    "two given states": (
        "h_0 = q(\\theta)",
        "h_1 = r(\\theta)",
        "h_t = f(h_{t-1}, h_{t-2}, \\theta)",
        "C = \\sum_{t=1}^{T} \\ell(h_t)",
    ),
}
LARGE = {n: pytest.param(n, marks=pytest.mark.slow) for n in ("gate", "lstm", "lstm-peephole")}
SHORT = ("a sum and its last term", "not from the first step", "two given states")
HORIZONS = {"gate": (2, 3, 5, 7), "lstm": (4, 5), "lstm-peephole": (5,), "gru": (5,), "mgu": (5,)}


@cache
def model(name: str) -> Recurrence:
    return from_latex(OTHERS[name]) if name in OTHERS else builtin(name)


def horizons(name: str) -> tuple[int, ...]:
    return HORIZONS.get(name, (2, 6) if name in CELLS else tuple(range(1, 13)))


def in_full(recurrence: Recurrence, horizon: int, many: ManySteps) -> tuple[Derivation, Derivation]:
    """The forward and the backward derivation with each step derived and checked."""
    setting = AtHorizon(recurrence, horizon, by_table=True)
    ahead, back = forward(setting, many.by), backward(setting, many.by)
    agreement = agree(setting, many.by, total(setting, many.by, most=0), ahead, back)
    assert (agreement.method, agreement.scope) == (many.method, many.scope)
    assert agreement.claim == many.claim()
    return ahead.derivation, back.derivation


def narrow(derivation: Derivation, many: ManySteps, ahead: bool) -> Derivation:
    """The chains about the variables of the steps; what all steps use has its own at each T."""
    kept = []
    for chain in derivation.chains:
        start = chain.steps[0].before
        assert isinstance(start, Total)
        node = start.of if ahead else start.by
        slices = many.many.slices
        if node.time is not None and (ahead or slices.node(node) not in slices.far):
            kept.append(chain)
    return replace(derivation, chains=tuple(kept))


@pytest.mark.parametrize("name", [LARGE.get(n, n) for n in (*BUILTIN, *FORWARD_CELLS, *OTHERS)])
def test_the_kinds_say_what_each_step_says(name: str) -> None:
    recurrence = model(name)
    for horizon in horizons(name):
        if horizon < 3 and name in SHORT:
            continue  # no general step, or one that is the first and the last: checked in full
        for many in at_many_steps(recurrence, horizon, recurrence.parameters):
            for derivation, ahead in zip(
                in_full(recurrence, horizon, many), (True, False), strict=True
            ):
                instances = narrow(derivation, many, ahead)
                assert len(many.check(instances, ahead)) >= len(instances.chains)


@pytest.mark.parametrize("name", [*BUILTIN, *FORWARD_CELLS, *OTHERS])
def test_the_slices_are_the_graph(name: str) -> None:
    recurrence = model(name)
    for horizon in range(3, 8):
        slices, graph = Slices(recurrence, horizon), unrolled(recurrence, horizon)
        assert same_edges(slices, graph)
        counts = slices.count_paths()
        for by in recurrence.parameters:
            assert counts.get(slices.node(by), 0) == count_paths(graph, by, graph.cost)


@pytest.mark.parametrize("name", [*BUILTIN, "rnn", *OTHERS])
def test_a_few_steps_do_for_any_number(name: str) -> None:
    """How many steps are derived does not grow with T, so nodes made and rules applied do not either."""
    recurrence = model(name)
    found = {
        few_steps(unrolled_kinds(recurrence, t), recurrence.parameters).slices.horizon
        for t in (40, 41, 100, 1000)
    }
    assert max(found) <= 6 + 4 * recurrence.lag


# -- rogues -------------------------------------------------------------------------------------------


def sampled(found: Iterator[Rogue], most: int) -> list[Rogue]:
    """A few rogues of each kind, the same ones at each run."""
    by_kind: dict[str, list[Rogue]] = {}
    for rogue in found:
        by_kind.setdefault(rogue.kind, []).append(rogue)
    pick = random.Random(0)
    return [r for rs in by_kind.values() for r in pick.sample(rs, min(most, len(rs)))]


@pytest.mark.parametrize("name", [*BUILTIN, "rnn", *OTHERS])
def test_a_tampered_line_of_any_instance_is_refused(name: str) -> None:
    """At a T beyond the few steps, each instance: only the very lines that the full check makes pass."""
    recurrence = model(name)
    (many, *_) = at_many_steps(recurrence, 9, recurrence.parameters[:1])
    assert many.few.slices.horizon < 9 or name in ("lags 1 and 3", "two given states")
    setting = AtHorizon(recurrence, 9, by_table=True)
    count = 0
    for derivation, ahead in zip(in_full(recurrence, 9, many), (True, False), strict=True):
        proved: set[Equation] = set()
        instances = narrow(derivation, many, ahead)
        for i, chain in enumerate(instances.chains):
            later = tuple(c.equation for c in instances.chains[i + 1 : i + 3])
            for rogue in sampled(rogues(chain, later), 3):
                if rogue.chain == chain:
                    continue
                count += 1
                if rogue.chain in instances.chains:
                    continue  # tampered with until it is another step's own line
                with pytest.raises(Unproved):
                    many.check(replace(instances, chains=(rogue.chain,)), ahead)
            proved |= many.check(replace(instances, chains=(chain,)), ahead)
            full = check_chain(setting, chain, set(proved), worlds_of(setting), "untampered")
            assert full <= proved
            assert is_honest(setting, chain, proved)
    assert count > 100


def test_derivations_at_few_steps_with_one_fault_are_no_kinds() -> None:
    """What is handed in for the few steps has the kernel's seal, and is of these few steps."""
    recurrence = model("tanh")
    many = unrolled_kinds(recurrence, 50)
    few = few_steps(many, recurrence.parameters)
    by, other = recurrence.parameters[:2]
    setting = FewSteps(recurrence, few.slices.horizon)
    ways = total(setting, by), forward(setting, by), backward(setting, by)
    assert agree_at(many, few, by, *ways).scope == "T = 50"
    elsewhere = FewSteps(recurrence, few.slices.horizon + 1)
    full = AtHorizon(recurrence, few.slices.horizon)
    for wrong in (
        (ways[0], ways[1], backward(setting, other)),
        (ways[0], ways[2], ways[1]),
        (ways[2], ways[1], ways[0]),
        (ways[0], ways[1], backward(elsewhere, by)),
        (total(full, by), forward(full, by), backward(full, by)),
    ):
        with pytest.raises(Unproved):
            agree_at(many, few, by, *wrong)
    with pytest.raises(Unproved):
        ManySteps(by, "T = 50", "none", ways[0], ways[1], ways[2], few, many, object())
    with pytest.raises(TypeError, match="no subclasses"):
        type("Forged", (ManySteps,), {"__post_init__": lambda self, seal: None})
    true = agree_at(many, few, by, *ways)
    assert genuine_steps(copy.copy(true))
    for name, value in (
        ("by", other),
        ("scope", "every T"),
        ("method", "intuition"),
        ("backward", ways[1]),
        ("many", few),
    ):
        forged = copy.copy(true)
        object.__setattr__(forged, name, value)
        assert not genuine_steps(forged)
    made = ManySteps.__new__(ManySteps)
    vars(made).update({n: v for n, v in vars(true).items() if not n.startswith("_")})
    assert not genuine_steps(made)


def test_a_kind_of_step_that_was_not_derived_is_missed() -> None:
    recurrence = model("lags 1 and 3")
    number = Interner()
    from derive.proof.kinds import Unrolled

    many, few = Unrolled(recurrence, 30, number), Unrolled(recurrence, 4, number)
    (by,) = recurrence.parameters
    setting = FewSteps(recurrence, 4)
    ways = total(setting, by), forward(setting, by), backward(setting, by)
    with pytest.raises(Unproved, match="kind of step"):
        agree_at(many, few, by, *ways)


def test_another_model_has_no_instance_in_this_one() -> None:
    """An edge forgotten, or one too many: other slices."""
    texts = BUILTIN["abstract"].definitions
    recurrence = model("abstract")
    lesser = from_latex(("h_t = f(h_{t-1}, x_t)", *texts[1:]))
    (by,) = recurrence.parameters
    many = unrolled_kinds(recurrence, 20)
    few = few_steps(many, [by])
    setting = FewSteps(lesser, few.slices.horizon)
    ways = total(setting, by), forward(setting, by), backward(setting, by)
    with pytest.raises(Unproved):
        agree_at(many, few, by, *ways)


@pytest.mark.parametrize(
    "definitions",
    [
        ("h_t = f(h_{t-1}, \\theta)", "C = \\sum_{t=1}^{T} \\frac{1}{t} h_t"),
        ("h_t = \\theta h_{t-1} + t", "C = \\sum_{t=1}^{T} h_t"),
        ("h_t = h_{t-1} + \\theta", "C = \\sum_{t=1}^{T} h_t"),
        ("h_t = \\theta h_{t-1} + \\sum_{s=1}^{t} x_s", "C = \\sum_{t=1}^{T} h_t"),
        ("h_t = f(h_{t-1}, h_0, \\theta)", "C = \\sum_{t=1}^{T} h_t"),
        ("h_t = f(h_{t-1}, \\theta)", "k_t = g(k_{t+1}, h_t)", "k_{T+1} = 0", "C = k_1"),
    ],
)
def test_steps_that_are_not_alike_are_checked_one_by_one(definitions: tuple[str, ...]) -> None:
    """Coefficients that change with the step, ranges that grow: there is no schema for these."""
    recurrence = from_latex(definitions)
    with pytest.raises(DeriveError):
        at_many_steps(recurrence, 30, recurrence.parameters)


def test_more_steps_than_memory_are_refused_with_an_estimate() -> None:
    recurrence = model("tanh")
    with pytest.raises(TooMuch, match=r"T = 1000000000 would take about \d TB"):
        at_many_steps(recurrence, 10**9, recurrence.parameters, memory=10**10)


COUNTS = [1, 9, 10, 99, 10**12, 10**12 - 1, 10**300 + 1, 2**1000, 10**5000 - 1]


@pytest.mark.parametrize("count", COUNTS, ids=lambda count: f"{count.bit_length()} bits")
def test_the_exponent_of_a_long_number(count: int) -> None:
    exponent = _exponent(count)
    assert 10**exponent <= count < 10 ** (exponent + 1)


# -- operations ---------------------------------------------------------------------------------------


class Counter:
    """Counts the nodes that are made and the rules that the kernel applies while something runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rules = 0
        self.table: dict[object, object] = {}
        monkeypatch.setattr(expression._Interned, "_table", self.table)
        for name, rule in list(RULES.items()):
            monkeypatch.setitem(RULES, name, self._counting(rule))  # type: ignore[arg-type]

    def _counting(self, rule: Rule) -> Rule:
        def counted(setting: Setting, before: Expr, given: tuple[Equation, ...]) -> Expr:
            self.rules += 1
            return rule(setting, before, given)

        return counted

    def during(self, work: Callable[[], object]) -> tuple[int, int]:
        self.table.clear()
        self.rules = 0
        work()
        return len(self.table), self.rules


@pytest.mark.parametrize("name", ["abstract", "tanh", "rnn", "second-order"])
def test_nodes_made_and_rules_applied_do_not_depend_on_t(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(monkeypatch)
    recurrence = model(name)
    by = recurrence.parameters[:1]
    at_many_steps(recurrence, 100, by)  # what is made once in a process is there now
    one, other, last = (
        counter.during(lambda t=t: at_many_steps(recurrence, t, by)) for t in (200, 400, 6400)
    )
    assert one == other == last
    assert one[1] > 10


@pytest.mark.parametrize("name", ["abstract", "tanh"])
def test_checking_each_step_applies_as_many_rules_at_each(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """a T + b rules, and nodes that grow no faster than the lines, which are of T terms for two nodes."""
    counter = Counter(monkeypatch)
    recurrence = model(name)
    by = recurrence.parameters[0]

    def work(horizon: int) -> None:
        setting = AtHorizon(recurrence, horizon)
        ways = total(setting, by, most=0), forward(setting, by), backward(setting, by)
        agree(setting, by, *ways)

    counts = [counter.during(lambda t=t: work(t)) for t in (20, 30, 40, 50)]
    steps = [b - a for (_, a), (_, b) in pairwise(counts)]
    nodes = [b - a for (a, _), (b, _) in pairwise(counts)]
    assert steps[0] == steps[1] == steps[2] > 0
    assert max(nodes) - min(nodes) <= 0.05 * max(nodes)
