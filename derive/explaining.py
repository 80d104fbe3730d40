"""`derive explain`: what a verdict means, and what a rule of a derivation says, with an example."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill
from typing import TYPE_CHECKING, Any

from derive import tasks
from derive.errors import DeriveError

if TYPE_CHECKING:
    from derive.proof.kernel import Theorem


def explained(name: str | None) -> str:
    """The explanation of a verdict or a rule; of none, the list of them."""
    from derive.proof.rules import RULES
    from derive.report.marking import words
    from derive.verify.verdicts import KINDS

    page = _page()
    if name is None:
        verdicts = [(kind, words().meanings[kind]) for kind in KINDS]
        rules = [(_dashed(rule), _meaning(RULES[rule])) for rule in RULES]
        return _filled(f"{page.listed(verdicts, rules)}")
    if name in KINDS:
        return _filled(f"{page.verdict(name, words().meanings[name])}")
    rule = name.replace("-", " ").replace("_", " ")
    if rule in RULES:
        return _filled(f"{page.rule(_dashed(rule), _meaning(RULES[rule]), _example(rule))}")
    known = [*KINDS, *map(_dashed, RULES)]
    near = tasks.nearest(name, known)
    hint = f". Did you mean {' or '.join(near)}?" if near else ": derive explain lists them"
    raise DeriveError(f"expected a verdict or a rule, found {name!r}{hint}")


def _filled(text: str) -> str:
    """The lines of a page, each filled into 80 columns and as far to the right as it begins."""
    lines = []
    for line in text.strip().split("\n"):
        indent = " " * (len(line) - len(line.lstrip()))
        lines.append(fill(line, 80, subsequent_indent=indent, break_long_words=False))
    return "\n".join(lines) + "\n"


def names() -> list[str]:
    """All that can be explained."""
    from derive.proof.rules import RULES
    from derive.verify.verdicts import KINDS

    return [*KINDS, *map(_dashed, RULES)]


def _page() -> Any:
    from derive.templating import environment

    return environment().get_template("documents/explain.j2").module


def _dashed(rule: str) -> str:
    return rule.replace(" ", "-")


def _meaning(rule: Any) -> str:
    """What a rule says: the first paragraph of its function, which the kernel runs."""
    return " ".join((rule.__doc__ or "").strip().split("\n\n")[0].split())


def _example(rule: str) -> tuple[str, str] | None:
    """The shortest step by a rule in one of our own derivations, and where it stands."""
    from derive.notation.unicode import text

    for where, theorems in _derivations():
        lines = [
            f"{text(step.before)} = {text(step.after)}"
            for theorem in theorems
            for chain in theorem.derivation.chains
            for step in chain.steps
            if step.rule == rule
        ]
        if lines:
            return min(lines, key=len), where
    return None


def _derivations() -> Iterator[tuple[str, list[Theorem]]]:
    """Derivations of ours, those that are made quickly first, with the command that shows them."""
    from derive.derivation.every import every
    from derive.derivation.example import example
    from derive.derivation.gradients import adjoints, gradients, sensitivities
    from derive.derivation.notes import notes
    from derive.derivation.truncated import truncated
    from derive.model.builtin import EXAMPLES, builtin
    from derive.proof.setting import AtHorizon, general_step

    for name in EXAMPLES:
        model = builtin(name, EXAMPLES)
        found = [t for by in model.parameters for t in example(model, by)]
        yield f"derive example {name}", found
    yield "derive notes", list(notes().derivations)
    model = tasks.recurrence_of("tanh")
    by, setting = model.parameters[0], AtHorizon(model, 2)
    ways, _ = tasks.three_ways(setting, by)
    yield "derive bptt tanh -T 2 --truncate 1", [*ways, truncated(setting, by, 1)]
    yield "derive prove tanh", [every(general_step(model), by)]
    model = tasks.recurrence_of("rnn")
    step, by = general_step(model), model.parameters[0]
    made = [gradients(step, by), adjoints(step, by), sensitivities(step, by)]
    yield "derive prove rnn --layout gradient", made
