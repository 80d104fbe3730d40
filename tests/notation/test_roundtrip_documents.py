"""parse(latex(x)) == x for every line of every derivation that the program can print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from derive.algebra.expression import Equation, Expr
from derive.derivation.every import every
from derive.derivation.local import local
from derive.derivation.notes import notes
from derive.derivation.truncated import truncated
from derive.document import definitions_of, gradient, layout_of
from derive.errors import DeriveError
from derive.model.builtin import BUILTIN, EXAMPLES, builtin
from derive.model.recurrence import Recurrence
from derive.notation.grammar import parse_equation, parse_expression, scope_of
from derive.notation.latex import latex
from derive.notation.scope import Scope
from derive.proof.kernel import Theorem
from derive.proof.setting import AtHorizon, EveryHorizon
from derive.tasks import three_ways


@cache
def scope(recurrence_name: str) -> Scope:
    return scope_for(builtin(recurrence_name))


def scope_for(recurrence: Recurrence) -> Scope:
    """The definitions as they are printed, and the index s of the theorems' sums."""
    written = [latex(equation) for equation in definitions_of(recurrence)]
    found = scope_of(*written)
    return Scope(
        found.functions, found.timed, found.raised, found.indices | {"s"}, found.quantities
    )


def theorems_of(recurrence: Recurrence) -> Iterator[tuple[str, Theorem]]:
    setting, every_t = AtHorizon(recurrence, 2), EveryHorizon(recurrence)
    for where in (setting, every_t):
        if slopes := local(where):
            yield "local", slopes
    for by in recurrence.parameters:
        ways, agreement = three_ways(setting, by)
        yield from zip(("bptt", "total", "forward"), ways, strict=True)
        yield "agreement", agreement
        yield "every", every(every_t, by)
        for steps in (0, 1, 2):
            yield f"truncated {steps}", truncated(setting, by, steps)


def formulas_of(theorem: Theorem) -> Iterator[Expr | Equation]:
    yield theorem.claim
    for step in theorem.derivation.steps:
        yield step.before
        yield step.after
        yield from step.given


def assert_read_back(theorem: Theorem, where: Scope) -> None:
    for formula in dict.fromkeys(formulas_of(theorem)):
        read = parse_equation if isinstance(formula, Equation) else parse_expression
        assert read(latex(formula), where) == formula, latex(formula)


@pytest.mark.parametrize("name", BUILTIN)
def test_every_line_of_every_derivation_is_read_back(name: str) -> None:
    seen = set()
    for title, theorem in theorems_of(builtin(name)):
        seen.add(title)
        assert_read_back(theorem, scope(name))
    assert {"bptt", "total", "forward", "agreement", "every", "truncated 0"} <= seen


@pytest.mark.parametrize("name", notes().passages)
def test_every_line_of_the_notes_is_read_back(name: str) -> None:
    theorem = notes().passages[name]
    assert_read_back(theorem, scope_for(theorem.setting.recurrence))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_line_of_the_examples_is_read_back(name: str) -> None:
    for theorem in notes().examples[name]:
        assert_read_back(theorem, scope_for(theorem.setting.recurrence))


@pytest.mark.parametrize("name", BUILTIN)
def test_the_unrolled_definitions_are_read_back(name: str) -> None:
    recurrence = builtin(name)
    bodies = AtHorizon(recurrence, 2).graph.bodies
    for equation in (
        *definitions_of(recurrence),
        *(Equation(node, body) for node, body in bodies.items()),
    ):
        assert parse_equation(latex(equation), scope(name)) == equation


def long_document(name: str, full: bool, kind: str) -> str:
    recurrence = builtin(name)
    setting = AtHorizon(recurrence, 9)
    by = recurrence.parameters[0]
    ways, agreement = three_ways(setting, by)
    part = {
        "wrt": by,
        "derivations": ways,
        "agreement": agreement,
        "goal": ways[0].claim.left,
        "unwritten": 0,
    }
    return gradient(layout_of(kind, full, 80, False), setting, None, [part])


DOTS = re.compile(r"\\(?:cdots|dots|ldots|dotsc|dotsb|vdots)\b")


@pytest.mark.parametrize("name", ["abstract", "tanh", "coupled"])
def test_an_elided_line_is_never_read(name: str) -> None:
    rows = long_document(name, False, "latex").replace("\\\\\n", "\n").split("\n")
    elided = [row for row in rows if DOTS.search(row)]
    assert elided
    for row in elided:
        bare = row.replace("&", " ")
        for part in (row, bare, bare.split("\\text")[0], bare.split("\\quad")[0]):
            if DOTS.search(part):
                for read in (parse_expression, parse_equation):
                    with pytest.raises(DeriveError):
                        read(part.strip().lstrip("="), scope(name))


@pytest.mark.parametrize("dots", ["\\cdots", "\\dots", "\\ldots", "\\dotsb", "\\vdots", "⋯", "…"])
@pytest.mark.parametrize(
    "line",
    [
        "h_1 + {} + h_3",
        "{} + h_3",
        "h_1 + {}",
        "h_1 {} h_3",
        "f(h_1, {}, \\theta)",
        "\\frac{{{}}}{{2}}",
        "h_{{{}}}",
        "h_1^{{{}}}",
        "\\sum_{{t=1}}^{{{}}} h_t",
    ],
)
def test_dots_are_no_formula(dots: str, line: str) -> None:
    written = line.format(dots)
    for text in (written, f"C = {written}", f"{written} = C"):
        for read in (parse_expression, parse_equation):
            with pytest.raises(DeriveError):
                read(text, scope("abstract"))


@pytest.mark.parametrize("name", ["abstract", "tanh", "coupled"])
def test_the_full_document_has_no_dots(name: str) -> None:
    assert "\\cdots" not in long_document(name, True, "latex")
    assert "⋯" not in long_document(name, True, "text")
