"""The kernel: it alone makes theorems, and neither a dishonest label nor a dishonest rule gets past it."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from explicit_paths import is_true

from derive import document
from derive.algebra.expression import (
    ONE,
    ZERO,
    Call,
    Equation,
    Expr,
    Product,
    Sum,
    Time,
    Total,
    Truncated,
    Variable,
    _Interned,
    add,
    multiply,
    number,
)
from derive.derivation.backward import backward
from derive.derivation.every import every, induction
from derive.derivation.forward import forward
from derive.derivation.total import total
from derive.derivation.truncated import truncated
from derive.errors import DeriveError
from derive.model.builtin import BUILTIN, builtin, from_latex
from derive.proof import kernel
from derive.proof.agreement import agree, agree_exactly, normal_form
from derive.proof.certificate import certificate
from derive.proof.induction import Induction, prove_every
from derive.proof.kernel import Theorem, check, genuine, prove
from derive.proof.rules import RULES, Unproved
from derive.proof.setting import AtHorizon, EveryHorizon, Setting
from derive.proof.steps import Chain, Derivation, Step, Writer

THETA = Variable("\\theta")
C = Variable("C")
FALSE = Equation(ONE, ZERO)


def at(name: str, time: int) -> Variable:
    return Variable(name, Time.at(time))


def at_three(name: str = "abstract") -> AtHorizon:
    return AtHorizon(builtin(name), 3)


def one_step(rule: str, before: Expr, after: Expr, *given: Equation) -> Derivation:
    return Derivation("one step", (Chain((Step(rule, before, after, given),)),))


def by_rule(setting: Setting, rule: str, before: Expr) -> Theorem:
    """The theorem that one application of a rule gives."""
    return prove(setting, one_step(rule, before, RULES[rule](setting, before, ())))


# -- only the kernel makes a theorem --------------------------------------------------------------


@pytest.mark.parametrize("seal", [None, object(), True, "seal"])
def test_a_theorem_without_the_seal_is_refused(seal: object) -> None:
    true = backward(at_three(), THETA)
    with pytest.raises(Unproved, match="only the kernel"):
        Theorem(FALSE, "every T", "intuition", true.derivation, true.setting, seal)


def test_a_theorem_does_not_change() -> None:
    theorem = backward(at_three(), THETA)
    with pytest.raises(dataclasses.FrozenInstanceError):
        theorem.claim = FALSE  # type: ignore[misc]


def test_replacing_the_claim_of_a_theorem_does_not_make_another_theorem() -> None:
    theorem = backward(at_three(), THETA)
    with pytest.raises((DeriveError, TypeError, ValueError)):
        dataclasses.replace(theorem, claim=FALSE)


def test_a_theorem_has_no_subclasses() -> None:
    with pytest.raises(TypeError, match="no subclasses"):
        type("Forged", (Theorem,), {"__post_init__": lambda self, seal: None})


def changed_copy() -> Theorem:
    forged = copy.copy(backward(at_three(), THETA))
    object.__setattr__(forged, "claim", FALSE)
    return forged


def changed_in_place() -> Theorem:
    forged = backward(at_three(), THETA)
    object.__setattr__(forged, "scope", "every T")
    return forged


def made_of_nothing() -> Theorem:
    true = backward(at_three(), THETA)
    forged = Theorem.__new__(Theorem)
    for name in ("scope", "method", "derivation", "setting"):
        object.__setattr__(forged, name, getattr(true, name))
    object.__setattr__(forged, "claim", FALSE)
    return forged


def with_the_mark_of_another() -> Theorem:
    forged = made_of_nothing()
    object.__setattr__(forged, "_mark", vars(backward(at_three(), THETA))["_mark"])
    return forged


def claim_changed_in_place() -> Theorem:
    """The claim becomes another line of the derivation, of something else."""
    forged = backward(at_three(), THETA)
    object.__setattr__(forged.claim, "right", forged.derivation.chains[0].steps[0].after)
    return forged


def last_step_changed() -> Theorem:
    forged = backward(at_three(), THETA)
    object.__setattr__(forged.derivation.chains[-1].steps[-1], "after", FALSE.right)
    object.__setattr__(forged.claim, "right", FALSE.right)
    return forged


def a_chain_more() -> Theorem:
    forged = backward(at_three(), THETA)
    lie = Chain((Step("chain rule", FALSE.left, FALSE.right),))
    object.__setattr__(forged.derivation, "chains", (*forged.derivation.chains, lie))
    for side in ("left", "right"):
        object.__setattr__(forged.claim, side, getattr(FALSE, side))
    return forged


def two_lines_of_one_derivation() -> Theorem:
    """Both sides stand in the derivation, and it does not lead from one to the other."""
    forged = backward(at_three(), THETA)
    chains = forged.derivation.chains
    claim = Equation(chains[0].steps[0].before, chains[-1].steps[-1].after)
    object.__setattr__(forged, "claim", claim)
    return forged


def of_another_class() -> Any:
    class Alike:
        """All attributes of a theorem, and a claim of its own."""

    forged: Any = Alike()
    vars(forged).update(vars(backward(at_three(), THETA)), claim=FALSE)
    forged.__class__ = Theorem
    return forged


def look_alike() -> Any:
    return SimpleNamespace(**vars(backward(at_three(), THETA)))


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formulas are made once: those that a forger changes are found by no other test."""
    monkeypatch.setattr(_Interned, "_table", {})


FORGERS = [
    changed_copy,
    changed_in_place,
    made_of_nothing,
    with_the_mark_of_another,
    claim_changed_in_place,
    last_step_changed,
    a_chain_more,
    two_lines_of_one_derivation,
    of_another_class,
    look_alike,
]


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("forge", FORGERS)
def test_a_forged_theorem_is_not_printed(forge: Callable[[], Any]) -> None:
    forged = forge()
    recurrence = builtin("abstract")
    assert not genuine(forged)
    for printed in (
        lambda: document.Paper(document.layout_of("text", True, 80, True)).lines(forged),
        lambda: document.Paper(document.layout_of("text", True, 80, True)).sections(forged),
        lambda: document.as_json(recurrence, 3, [THETA], [forged], []),
        lambda: document.as_json(recurrence, 3, [THETA], [], [forged]),
    ):
        with pytest.raises(TypeError, match="theorems only"):
            printed()


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("forge", FORGERS)
def test_no_theorem_follows_from_a_forged_one(
    forge: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an agreement, nor one of several ways, nor a certificate; and for no other reason."""
    setting = at_three()
    monkeypatch.setitem(globals(), "at_three", lambda name="abstract": setting)
    ways = total(setting, THETA), forward(setting, THETA)
    true = backward(setting, THETA)
    assert genuine(agree(setting, THETA, *ways, true)) and genuine(agree_exactly([true, true]))
    for made in (
        lambda: agree_exactly([forge()]),
        lambda: agree_exactly([copy.copy(true), forge()]),
        lambda: agree(setting, THETA, *ways, forge()),
        lambda: certificate(forge(), THETA),
    ):
        with pytest.raises(Unproved, match="follows from theorems only"):
            made()


def lying_chain(true: Theorem) -> Derivation:
    """A chain that says that it equals one that was checked."""
    checked = true.derivation.chains[-1]

    class Lie(Chain):
        def __hash__(self) -> int:
            return hash(checked)

        def __eq__(self, other: object) -> bool:
            return True

    lie = Lie((Step("chain rule", FALSE.left, FALSE.right),))
    return Derivation("Lies", (*true.derivation.chains[:-1], lie))


def lying_derivation(true: Theorem) -> Derivation:
    """A derivation that claims what no chain of it says."""

    class Lie(Derivation):
        @property
        def claim(self) -> Equation:
            return FALSE

    return Lie(true.derivation.title, true.derivation.chains)


@pytest.mark.parametrize("lie", [lying_chain, lying_derivation])
def test_the_kernel_takes_no_other_classes(lie: Callable[[Theorem], Derivation]) -> None:
    """What is asked for its own equality, or for its own claim, may answer anything."""
    true = backward(at_three(), THETA)
    with pytest.raises(Unproved):
        prove(true.setting, lie(true))


def test_a_theorem_stands_under_its_own_model_alone() -> None:
    """The letters are the same, the functions are not."""
    first, other = (
        from_latex((f"h_t = \\{f}(w h_{{t-1}} + x_t)", "L_t = h_t^2")) for f in ("tanh", "sin")
    )
    by = Variable("w")
    theorem = backward(AtHorizon(first, 3), by)
    layout = document.layout_of("text", True, 80, True)
    assert "tanh" in document.agreements(layout, first, "T = 3", [theorem])
    printers: tuple[Callable[[], object], ...] = (
        lambda: document.agreements(layout, other, "T = 3", [theorem]),
        lambda: document.worked_example(layout, "", other, {by: [theorem]}),
        lambda: document.every_horizon(layout, EveryHorizon(other), {by: theorem}, {}),
        lambda: document.certificate(other, [certificate(every(EveryHorizon(first), by), by)]),
    )
    for printed in printers:
        with pytest.raises(TypeError, match="of the model that it prints"):
            printed()
    (said,) = document.as_json(other, 3, [by], [], [theorem])["theorems"]
    assert "tanh" in said["model"][0]


def test_an_unchanged_copy_is_the_same_theorem() -> None:
    assert genuine(copy.copy(backward(at_three(), THETA)))


def test_the_seal_is_not_shown() -> None:
    assert "_seal" not in repr(backward(AtHorizon(builtin("terminal"), 1), THETA))


# -- what a step must be --------------------------------------------------------------------------


def test_a_derivation_without_steps_proves_nothing() -> None:
    setting = at_three()
    with pytest.raises(Unproved, match="no step"):
        prove(setting, Derivation("empty", ()))
    with pytest.raises(Unproved, match="without steps"):
        prove(setting, Derivation("empty", (Chain(()),)))


def test_an_unknown_rule_is_refused_even_for_a_true_line() -> None:
    theorem = by_rule(at_three(), "chain rule", Total(C, THETA))
    (step,) = theorem.derivation.steps
    with pytest.raises(Unproved, match="there is no rule 'obvious'"):
        prove(theorem.setting, one_step("obvious", step.before, step.after))


def test_a_step_that_begins_elsewhere_is_refused() -> None:
    setting = at_three()
    steps = [
        next(iter(by_rule(setting, "chain rule", Total(C, at("h", t))).derivation.steps))
        for t in (1, 2)
    ]
    with pytest.raises(Unproved, match="does not begin where"):
        prove(setting, Derivation("jump", (Chain(tuple(steps)),)))


def test_an_equation_may_be_cited_only_after_it_was_proved() -> None:
    setting = at_three()
    symbol = Total(C, at("h", 3))
    lemma = by_rule(setting, "chain rule", symbol).derivation.chains[0]
    given = (lemma.equation,)
    line = Product((symbol, Total(at("h", 3), THETA)))
    use = Chain((Step("substitute", line, RULES["substitute"](setting, line, given), given),))
    assert check(setting, Derivation("in order", (lemma, use)))
    assert check(setting, Derivation("as hypothesis", (use,)), given)
    for chains in ((use,), (use, lemma)):
        with pytest.raises(Unproved, match="not proved"):
            prove(setting, Derivation("out of order", chains))


def test_a_step_may_not_cite_itself() -> None:
    setting = at_three()
    own = Equation(ONE, ZERO)
    with pytest.raises(Unproved, match="not proved"):
        prove(setting, one_step("substitute", ONE, ZERO, own))


def test_check_returns_every_equation_from_a_chain_and_nothing_else() -> None:
    setting = at_three()
    theorem = backward(setting, THETA)
    proved = check(setting, theorem.derivation)
    assert theorem.claim in proved
    assert FALSE not in proved
    assert all(is_true(setting, equation) for equation in proved)


# -- a dishonest rule -----------------------------------------------------------------------------

LIES: dict[str, Callable[[Expr], Expr]] = {
    "twice": lambda line: multiply((number(2), line)),
    "nothing": lambda line: ZERO,
    "one more": lambda line: add((line, ONE)),
    "half a sum": lambda line: line.terms[0] if isinstance(line, Sum) else ZERO,
    "backwards": lambda line: (
        Product(line.factors[::-1]) if isinstance(line, Product) else Product((line, line))
    ),
    "without a value": lambda line: Call("h", (line,)),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("name", ["abstract", "linear", "second-order"])
def test_a_rule_that_changes_the_value_is_caught_by_the_random_worlds(
    name: str, lie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dishonest = {**RULES, lie: lambda setting, before, given: LIES[lie](before)}
    monkeypatch.setattr(kernel, "RULES", dishonest)
    recurrence = builtin(name)
    for setting in (AtHorizon(recurrence, 3), EveryHorizon(recurrence)):
        line = setting.chain(C, THETA)
        with pytest.raises(Unproved, match="value"):
            prove(setting, one_step(lie, line, LIES[lie](line)))


def test_a_lie_in_the_middle_of_a_chain_is_not_healed_by_its_opposite(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = at_three()
    line = Total(C, THETA)
    monkeypatch.setattr(kernel, "RULES", {"lie": lambda s, b, g: ZERO if b == line else line})
    there_and_back = Chain((Step("lie", line, ZERO), Step("lie", ZERO, line)))
    with pytest.raises(Unproved, match="changed the value"):
        prove(setting, Derivation("there and back", (there_and_back,)))


def test_worlds_are_made_once_for_a_setting() -> None:
    setting = at_three()
    assert kernel.worlds_of(setting) is kernel.worlds_of(setting)
    assert kernel.worlds_of(setting) is not kernel.worlds_of(at_three())


# -- what holds only sometimes, or is not said at all ---------------------------------------------


@pytest.mark.parametrize(
    ("rule", "before"),
    [
        ("no path", Total(Variable("h", Time.of("t")), Variable("h", Time.of("k")))),
        ("chain rule", Total(Variable("h", Time.of("t")), Variable("h", Time.of("k")))),
        ("no path", Total(Variable("h", Time.of("t", 50)), Variable("h", Time.of("t")))),
        ("no path", Total(Variable("h", Time.of("T")), Variable("h", Time.at(20)))),
    ],
    ids=["h_t by h_k", "h_t by h_k, chain rule", "h_{t+50} by h_t", "h_T by h_20"],
)
def test_a_dependence_that_the_sample_does_not_show_is_not_denied(rule: str, before: Expr) -> None:
    """∂h_t/∂h_k is not 0 for k < t; the kernel may know nothing of it, but it must not say 0."""
    setting = EveryHorizon(builtin("abstract"))
    with pytest.raises(DeriveError):
        prove(setting, one_step(rule, before, ZERO))


def test_a_statement_at_the_end_of_the_range_is_refused() -> None:
    """∂C/∂L_{t+1} = 1 fails at t = T."""
    setting = EveryHorizon(builtin("abstract"))
    with pytest.raises(Unproved, match="changed the value"):
        by_rule(setting, "local derivatives", Total(C, Variable("L", Time.of("t", 1))))
    beyond = EveryHorizon(builtin("abstract"), beyond=1)
    theorem = by_rule(beyond, "local derivatives", Total(C, Variable("L", Time.of("t", 1))))
    assert theorem.scope == "every T ≥ 2, 1 ≤ t ≤ T - 1"


def test_the_scope_names_the_steps_only_where_a_step_is_named() -> None:
    setting = EveryHorizon(builtin("abstract"))
    assert by_rule(setting, "chain rule", Total(C, THETA)).scope == "every T ≥ 1"
    step = Total(C, Variable("h", Time.of("t")))
    assert by_rule(setting, "chain rule", step).scope == "every T ≥ 1, 1 ≤ t ≤ T"
    assert backward(at_three(), THETA).scope == "T = 3"


@pytest.mark.parametrize("before", [Total(C, THETA), ZERO, ONE, Sum((THETA, ONE)), THETA, C])
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_gives_a_true_line_or_a_sentence(rule: str, before: Expr) -> None:
    for setting in (at_three(), EveryHorizon(builtin("abstract")), at_three("linear")):
        try:
            theorem = by_rule(setting, rule, before)
        except DeriveError as error:
            assert error.sentence
        else:
            assert is_true(setting, theorem.claim)


def test_truncated_derivatives_of_what_is_not_there_are_refused_in_a_sentence() -> None:
    setting = at_three()
    with pytest.raises(DeriveError):
        by_rule(setting, "truncated chain rule", Truncated(at("h", 9), THETA, 1))


def test_truncation_needs_a_number_of_steps_that_is_not_negative() -> None:
    with pytest.raises(DeriveError):
        by_rule(at_three(), "truncated chain rule", Truncated(C, THETA, -1))


# -- agreement ------------------------------------------------------------------------------------


def three_ways(setting: AtHorizon, by: Variable) -> tuple[Theorem, Theorem, Theorem]:
    return total(setting, by), forward(setting, by), backward(setting, by)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(
    "other",
    [
        AtHorizon(builtin("abstract"), 3),
        AtHorizon(builtin("abstract"), 4),
        AtHorizon(builtin("second-order"), 3),
    ],
    ids=["another setting", "another T", "another model"],
)
def test_agreement_is_of_one_setting(other: AtHorizon, place: int) -> None:
    setting = at_three()
    ways = list(three_ways(setting, THETA))
    assert agree(setting, THETA, *ways).scope == "T = 3"
    ways[place] = three_ways(other, THETA)[place]
    with pytest.raises(Unproved, match="not of one model"):
        agree(setting, THETA, *ways)


@pytest.mark.parametrize("place", range(3))
def test_agreement_is_of_one_parameter(place: int) -> None:
    setting = at_three("tanh")
    w, u = setting.recurrence.parameters[:2]
    ways = list(three_ways(setting, w))
    ways[place] = three_ways(setting, u)[place]
    with pytest.raises(Unproved, match="one parameter"):
        agree(setting, w, *ways)
    with pytest.raises(Unproved, match="one parameter"):
        agree(setting, u, *three_ways(setting, w))


@pytest.mark.parametrize("places", [(2, 1, 0), (0, 2, 1), (2, 1, 1), (1, 1, 0), (2, 0, 2)])
def test_each_way_in_its_own_place(places: tuple[int, ...]) -> None:
    """Forward accumulation is not BPTT: told in the other's place it does not pass for it."""
    setting = at_three()
    ways = three_ways(setting, THETA)
    with pytest.raises(Unproved):
        agree(setting, THETA, *(ways[i] for i in places))


def test_one_way_told_three_times_is_no_agreement_of_three() -> None:
    setting = at_three()
    bptt = backward(setting, THETA)
    with pytest.raises(Unproved):
        agree(setting, THETA, bptt, bptt, bptt)


@pytest.mark.parametrize("name", BUILTIN)
@pytest.mark.parametrize("horizon", [1, 2, 4])
def test_agreement_is_true(name: str, horizon: int) -> None:
    setting = AtHorizon(builtin(name), max(horizon, builtin(name).start))
    for by in setting.recurrence.parameters:
        assert is_true(setting, agree(setting, by, *three_ways(setting, by)).claim)


def test_beyond_the_limit_the_cut_alone_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    import derive.proof.agreement as agreement

    monkeypatch.setattr(agreement, "MOST_WORDS", 3)
    setting = at_three()
    ways = three_ways(setting, THETA)
    assert "words" not in agree(setting, THETA, *ways).method
    with pytest.raises(Unproved, match="more than 3 products"):
        normal_form(ways[0], Total(C, THETA))


def test_a_great_number_of_paths_is_rounded() -> None:
    setting = AtHorizon(builtin("coupled"), 60)
    method = agree(setting, THETA, *three_ways(setting, THETA)).method
    assert "about 10^" in method


def test_no_dependence_agrees_on_zero() -> None:
    model = from_latex(("h_t = f(h_{t-1}, x_t)", "z_t = g(\\theta)", "C = l(h_T)"))
    setting = AtHorizon(model, 2)
    assert agree(setting, THETA, *three_ways(setting, THETA)).claim.right == ZERO
    assert truncated(setting, THETA, 1).claim.right == ZERO


def test_agree_exactly_needs_one_setting_and_one_claim() -> None:
    setting = at_three()
    theorem = backward(setting, THETA)
    assert agree_exactly((theorem, theorem)).claim == theorem.claim
    for other in (backward(at_three(), THETA), forward(setting, THETA)):
        with pytest.raises(Unproved):
            agree_exactly((theorem, other))


# -- every T --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILTIN)
def test_every_model_is_proved_and_the_claim_is_true_at_longer_horizons(name: str) -> None:
    setting = EveryHorizon(builtin(name))
    for by in setting.recurrence.parameters:
        claim = every(setting, by).claim
        assert is_true(setting, claim, more=5)
        assert is_true(setting, Equation(Total(setting.cost, by), claim.right), more=5)


@pytest.mark.parametrize("field", ["base", "step", "conclusion"])
def test_a_part_for_another_parameter_is_refused(field: str) -> None:
    setting = EveryHorizon(builtin("tanh"))
    w, u, _, v = setting.recurrence.parameters
    parts = induction(setting, w)
    for other in (u, v):
        wrong = dataclasses.replace(parts, **{field: getattr(induction(setting, other), field)})
        with pytest.raises(Unproved):
            prove_every(setting, w, wrong)


@pytest.mark.parametrize("field", ["base", "step", "conclusion"])
@pytest.mark.parametrize("other", ["second-order", "coupled", "feedback", "initial", "terminal"])
def test_a_part_of_another_model_is_refused(other: str, field: str) -> None:
    setting, elsewhere = EveryHorizon(builtin("abstract")), EveryHorizon(builtin(other))
    parts, foreign = induction(setting, THETA), induction(elsewhere, THETA)
    if getattr(parts, field) == getattr(foreign, field):
        pytest.skip("the two models share this part")
    with pytest.raises(DeriveError):
        prove_every(setting, THETA, dataclasses.replace(parts, **{field: getattr(foreign, field)}))


def test_an_induction_without_chains_proves_nothing() -> None:
    empty = Derivation("empty", ())
    with pytest.raises(Unproved, match="does not follow"):
        setting = EveryHorizon(builtin("abstract"))
        prove_every(setting, THETA, Induction(empty, empty, empty))


# -- a cost that uses θ directly ------------------------------------------------------------------


@pytest.mark.parametrize(
    "definitions",
    [
        ("h_t = f(h_{t-1}, x_t)", "C = r(\\theta)"),
        ("h_t = f(h_{t-1}, x_t)", "C = k(\\theta, h_T)"),
        ("h_t = f(h_{t-1}, x_t)", "L_t = l(h_t)", "C = \\sum_{t=1}^{T} L_t + r(\\theta)"),
    ],
)
def test_a_cost_that_uses_the_parameter_directly_and_alone(definitions: tuple[str, ...]) -> None:
    """∂C/∂θ is then the one edge itself; there is nothing to derive, and nothing to refuse."""
    setting = AtHorizon(from_latex(definitions), 2)
    assert agree(setting, THETA, *three_ways(setting, THETA))
    assert every(EveryHorizon(setting.recurrence), THETA)


# -- the writer -----------------------------------------------------------------------------------


def test_a_writer_leaves_out_what_changes_nothing() -> None:
    writer = Writer(THETA, "title")
    assert writer.then("expand", THETA).chain is None
    chain = writer.then("expand", ONE).then("expand", ONE).chain
    assert chain == Chain((Step("expand", THETA, ONE),), "title")
    assert chain.equation == Equation(THETA, ONE)
