"""The handwritten notes' story, each line of it derived anew from their definitions and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derive.algebra.expression import Equation, Expr, Time, Total, Variable, Via
from derive.derivation.backward import backward
from derive.derivation.every import every
from derive.derivation.example import example
from derive.derivation.forward import forward
from derive.derivation.total import total
from derive.model.builtin import EXAMPLES, builtin, from_latex
from derive.model.recurrence import NOW, Recurrence
from derive.proof.agreement import agree
from derive.proof.kernel import Theorem, prove
from derive.proof.rules import RULES
from derive.proof.setting import AtHorizon, EveryHorizon, Setting
from derive.proof.steps import Chain, Derivation, Writer

PAIR = (
    "h_t = f(h_{t-1}, x_t, \\theta)",
    "z_t = e(h_t, \\theta)",
    "o_t = g(z_t)",
    "L_t = L(o_t, y_t)",
    "C = \\sum_{t=1}^{T} L_t",
)
COPIES = (
    "w_t = w",
    "h_t = f(h_{t-1}, x_t, w_t)",
    "L_t = L(h_t, y_t)",
    "C = \\sum_{t=1}^{T} L_t",
)


@dataclass(frozen=True)
class Story:
    """The notes retold: the model, and for each passage the theorem that shows it.

    `examples` holds for each worked example its ways and their agreement.
    """

    recurrence: Recurrence
    by: Variable
    passages: Mapping[str, Theorem]
    examples: Mapping[str, tuple[Theorem, ...]]

    @property
    def derivations(self) -> list[Theorem]:
        """Everything that is derived line by line."""
        ways = [t for found in self.examples.values() for t in found[:-1]]
        return [*(t for name, t in self.passages.items() if name not in ENDS), *ways]

    @property
    def theorems(self) -> list[Theorem]:
        """The claims at the end: for T = 3, for every T, and of the examples."""
        ends = [self.passages[name] for name in ENDS]
        return [*ends, *(found[-1] for found in self.examples.values())]


ENDS = ("agreement", "every")


def notes() -> Story:
    """The notes' mathematics, complete and corrected."""
    recurrence = builtin("abstract")
    (by,) = recurrence.parameters
    every_t, three = EveryHorizon(recurrence, "t"), AtHorizon(recurrence, 3)
    passages = {
        "sum": _sum_of_losses(every_t, by),
        "adjoints": _adjoints(every_t),
        "one loss": _one_loss(every_t),
        "twice": _unrolled_twice(EveryHorizon(recurrence, "t", beyond=2)),
        "parameter": _parameter(every_t, by),
        "forward": _forward_form(every_t, by),
        "pair": _pair(),
        "copies": _copies(),
        "copies at two": _copies_at_two(),
        "parameter copies": _copies_of_parameter(three, by),
        "bptt": backward(three, by),
        "total": total(three, by),
        "accumulation": forward(three, by),
    }
    agreement = agree(three, by, passages["total"], passages["accumulation"], passages["bptt"])
    passages["agreement"] = agreement
    passages["every"] = every(EveryHorizon(recurrence), by)
    examples = {}
    for name in EXAMPLES:
        model = builtin(name, EXAMPLES)
        examples[name] = example(model, model.parameters[0])
    return Story(recurrence, by, passages, examples)


def told(setting: Setting, start: Expr, *rules: str, given: Sequence[Equation] = ()) -> Chain:
    """A chain that applies named rules one after the other; those that cite use `given`."""
    writer = Writer(start)
    for rule in rules:
        cited = tuple(given) if rule.startswith("substitute") else ()
        writer.then(rule, RULES[rule](setting, writer.line, cited), cited)
    chain = writer.chain
    assert chain is not None
    return chain


def _at(name: str, ahead: int = 0) -> Variable:
    return Variable(name, NOW + ahead)


def _story(setting: Setting, title: str, *chains: Chain) -> Theorem:
    return prove(setting, Derivation(title, chains))


def _sum_of_losses(setting: EveryHorizon, by: Variable) -> Theorem:
    """(a): ∂C/∂θ = Σ_t ∂C/∂L_t ∂L_t/∂θ = Σ_t ∂L_t/∂θ, and each loss through its output."""
    cost, loss, output = setting.cost, _at("L"), _at("o")
    one = told(setting, Total(cost, loss), "local derivatives")
    whole = told(setting, Total(cost, by), "total differential", "local derivatives")
    through = told(setting, Total(loss, by), "total differential")
    inner = told(setting, Total(output, by), "total differential")
    return _story(setting, "(a) The cost is the sum of the losses", one, whole, through, inner)


def _adjoints(setting: EveryHorizon) -> Theorem:
    """①②③: the adjoints of L_t, o_t and h_t, with the parts via o_t and via h_{t+1}."""
    cost = setting.cost
    split = ("split by first step", "follow first step")
    one = told(setting, Total(cost, _at("L")), "local derivatives")
    two = told(
        setting, Total(cost, _at("o")), *split, "substitute", "as gradient", given=[one.equation]
    )
    within = told(setting, Total(_at("o"), _at("h")), "as gradient")
    given = [two.equation, within.equation]
    three = told(setting, Total(cost, _at("h")), *split, "substitute", given=given)
    return _story(setting, "(1), (2), (3): the adjoints", one, two, within, three)


def _one_loss(setting: EveryHorizon) -> Theorem:
    """One loss L_t has no path through h_{t+1}: that part is there, and it is 0."""
    loss, output, state = _at("L"), _at("o"), _at("h")
    part = told(setting, Via(loss, state, output), "follow first step")
    rules = ("split over every use", "follow every use", "no path")
    return _story(setting, "One loss alone", part, told(setting, Total(loss, state), *rules))


def _unrolled_twice(setting: EveryHorizon) -> Theorem:
    """The recursion put into itself: ∂C/∂h_{t+2} stands for all later losses."""
    cost = setting.cost
    one = told(setting, Total(cost, _at("L")), "local derivatives")
    next_one = told(setting, Total(cost, _at("L", 1)), "local derivatives")
    outputs = [
        told(setting, Total(cost, _at("o", k)), "chain rule", "substitute", given=[e.equation])
        for k, e in ((0, one), (1, next_one))
    ]
    states = [
        told(
            setting,
            Total(cost, _at("h", k)),
            "chain rule",
            "substitute",
            given=[outputs[k].equation],
        )
        for k in (0, 1)
    ]
    writer = Writer(Total(cost, _at("h")))
    for state in states:
        given = (state.equation,)
        writer.then("substitute", RULES["substitute"](setting, writer.line, given), given)
    writer.then("distribute", RULES["distribute"](setting, writer.line, ()))
    writer.then("as gradient", RULES["as gradient"](setting, writer.line, ()))
    chain = writer.chain
    assert chain is not None
    return _story(setting, "The recursion, twice unrolled", one, next_one, *outputs, *states, chain)


def _parameter(setting: EveryHorizon, by: Variable) -> Theorem:
    """∂C/∂θ from the adjoints: every step's own use of θ."""
    return _story(
        setting,
        "From the adjoints to the parameter",
        told(setting, Total(setting.cost, by), "chain rule"),
    )


def _forward_form(setting: EveryHorizon, by: Variable) -> Theorem:
    """(Forward): ∂L_t/∂θ through o_t and h_t, and the recursion of ∂h_t/∂θ."""
    loss, output, state = _at("L"), _at("o"), _at("h")
    inner = told(setting, Total(output, by), "total differential")
    whole = told(
        setting,
        Total(loss, by),
        "total differential",
        "substitute",
        "distribute",
        given=[inner.equation],
    )
    step = told(setting, Total(state, by), "total differential")
    return _story(setting, "The forward form", inner, whole, step)


def _pair() -> Theorem:
    """o_t = g(z_t) with z_t = (h_t, θ): the two parts of z carry the two paths."""
    recurrence = from_latex(PAIR, "pair")
    setting = EveryHorizon(recurrence, "t")
    (by,) = recurrence.parameters
    inner = told(setting, Total(_at("z"), by), "total differential")
    whole = told(
        setting,
        Total(_at("o"), by),
        "total differential",
        "substitute",
        "distribute",
        given=[inner.equation],
    )
    return _story(setting, "The output as a function of one argument", inner, whole)


def _copies() -> Theorem:
    """The many-paths rule: a shared weight is one copy a step, and every path begins in one copy."""
    recurrence = from_latex(COPIES, "copies")
    setting = EveryHorizon(recurrence, "t")
    (by,) = recurrence.parameters
    chain = told(setting, Total(setting.cost, by), "chain rule", "local derivatives")
    return _story(setting, "Many paths: one copy of the weight a step", chain)


def _copies_at_two() -> Theorem:
    """The same for two steps, with the copies w_1 and w_2 and the parts via each of them."""
    recurrence = from_latex(COPIES, "copies")
    setting = AtHorizon(recurrence, 2)
    (by,) = recurrence.parameters
    rules = ("split by first step", "follow first step", "local derivatives")
    return _story(setting, "Two steps, two copies", told(setting, Total(setting.cost, by), *rules))


def _copies_of_parameter(setting: AtHorizon, by: Variable) -> Theorem:
    """∂C/∂θ as the sum over the copies θ^{(t)}, and each copy by what its step makes of it."""
    copies = [Variable(by.name, None, Time.at(t)) for t in range(1, setting.horizon + 1)]
    whole = told(setting, Total(setting.cost, by), "split copies")
    parts = [told(setting, Total(setting.cost, c), "chain rule", "as copies") for c in copies]
    return _story(setting, "The copies of the parameter", whole, *parts)


def proved_equations(story: Story) -> set[Equation]:
    """Every equation that the story shows: from the head of a chain to a line, and line to line."""
    found: set[Equation] = set()
    examples = [t for ways in story.examples.values() for t in ways]
    for theorem in (*story.passages.values(), *examples):
        found.add(theorem.claim)
        for chain in theorem.derivation.chains:
            start = chain.steps[0].before
            for step in chain.steps:
                found |= {Equation(start, step.after), Equation(step.before, step.after)}
    return found
