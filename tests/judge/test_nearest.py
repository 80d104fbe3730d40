"""The nearest true line of a refutation: proved when it stands in the place of the wrong one, and never a triviality."""  # noqa: E501

from __future__ import annotations

import re
from pathlib import Path

import pytest

from derive.judge.readers import judge
from derive.report.fixing import fixed
from derive.report.records import replacement
from derive.verify.options import Options
from derive.verify.verdicts import Judged, Report

TESTS = Path(__file__).resolve().parent.parent
CLOSED = r"Let $s_t = a s_{t-1} + b x_t$, $L_t = \frac12 (s_t - y_t)^2$ and $C = \sum_{t=1}^T L_t$."
ABSTRACT = (
    r"Let $s_t = q(s_{t-1}, x_t, \omega)$, $p_t = g(s_t)$, $L_t = \ell(p_t)$ "
    r"and $C = \sum_{t=1}^T L_t$."
)
VECTOR = (
    r"Let $s_t = \tanh(A s_{t-1} + B x_t)$ and $p_t = V s_t$ with $A \in \mathbb{R}^{n \times n}$, "
    r"$B \in \mathbb{R}^{n \times d}$, $V \in \mathbb{R}^{m \times n}$, $L_t = \frac12 \|p_t - y_t\|^2$ "
    r"and $C = \sum_{t=1}^T L_t$."
)
ENTRIES = r"Let $z_i = \sum_j W_{ij} x_j + b_i$ and $a_i = \tanh(z_i)$."
SHAPES = r"$M \in \mathbb{R}^{n \times m}$, $x \in \mathbb{R}^n$, $y \in \mathbb{R}^m$"
PAIRED = rf"Let $f = x^\top M y$ with {SHAPES}."
WRONG = {
    "exponents": (
        CLOSED,
        r"\frac{\partial s_t}{\partial s_k} = a^{t-k+1}",
        r"\frac{\partial s_t}{\partial s_{t-2}} = a^3",
        r"\frac{\partial L_t}{\partial s_t} = (s_t - y_t)^2",
    ),
    "factors": (
        CLOSED,
        r"\frac{\partial L_t}{\partial s_t} = 2 (s_t - y_t)",
        r"\frac{\partial s_t}{\partial b} = x_t + b \frac{\partial s_{t-1}}{\partial b}",
        r"\frac{\partial C}{\partial s_t} = s_t - y_t - a \frac{\partial C}{\partial s_{t+1}}",
    ),
    "steps": (
        CLOSED,
        r"\frac{\partial s_t}{\partial a} = s_t + a \frac{\partial s_{t-1}}{\partial a}",
        r"\frac{\partial C}{\partial s_t} = s_t - y_t + a \frac{\partial C}{\partial s_{t-1}}",
    ),
    "paths": (
        ABSTRACT,
        r"\frac{\partial C}{\partial s_t} "
        r"= \frac{\partial C}{\partial s_{t+1}} \frac{\partial s_{t+1}}{\partial s_t}",
        r"\frac{\partial C}{\partial \omega} = \sum_{t=2}^T \frac{\partial L_t}{\partial \omega}",
        r"\frac{\partial s_t}{\partial s_k} = \prod_{i=k}^t \frac{\partial s_i}{\partial s_{i-1}}",
    ),
    "vectors": (
        VECTOR,
        r"\nabla_{s_t} C = V \nabla_{p_t} C + A^\top \operatorname{diag}(1 - s_{t+1}^2) \nabla_{s_{t+1}} C",
        r"\nabla_A C = \sum_{t=1}^T \operatorname{diag}(1 - s_t^2) (\nabla_{s_t} C) s_t^\top",
        r"\frac{\partial s_t}{\partial s_{t-1}} = A \operatorname{diag}(1 - s_t^2)",
        r"\nabla_{p_t} L_t = y_t - p_t",
    ),
    "entries": (
        ENTRIES,
        r"\frac{\partial z_i}{\partial W_{ij}} = x_i",
        r"\frac{\partial a_i}{\partial x_j} = (1 - a_j^2) W_{ij}",
    ),
    "a column before a matrix": (PAIRED, r"\nabla_x f = M^\top y", r"\nabla_y f = M x"),
}
ZERO = re.compile(r"[+-]\s*0(?![.\d])|(?<![.\d])0\s*[+-]")


def page_of(model: str, lines: tuple[str, ...]) -> str:
    return model + "\n\nThen\n" + "\n\n".join(f"$${line}$$" for line in lines) + "\n"


def offered(report: Report) -> list[Judged]:
    return [j for j in report.formulas if j.verdict.kind == "refuted" and j.verdict.suggestion]


def is_trivial(judged: Judged) -> bool:
    """x = x, x = x + 0, and what has its left side as a term on the right."""
    suggestion = "".join((judged.verdict.suggestion or "").split())
    left, _, right = suggestion.partition("=")
    return not right or left in right or bool(ZERO.search(right))


def _behind(name: str, text: str, judged: Judged) -> Judged:
    """The suggestion for a line whose left side is mended, which no --fix touches: as a formula behind."""
    at = text.index("\n", judged.end)
    while text[:at].count("\\begin{") - text[:at].count("\\end{") > text[:at].count(
        "\\begin{document}"
    ):
        at = text.index("\n", at + 1)
    shown = f"{text[:at]}\n\\[ {judged.verdict.suggestion} \\]\n{text[at:]}"
    report = judge(name, shown, Options())
    return next(j for j in report.formulas if j.start > at)


def what_is_wrong(name: str, text: str) -> tuple[int, list[tuple[str, str]]]:
    """How many lines are offered, and those that are trivial or not proved where they are put."""
    report = judge(name, text, Options())
    nearest = offered(report)
    wrong = [(j.latex, j.verdict.suggestion or "") for j in nearest if is_trivial(j)]
    again = {j.id: j for j in judge(name, fixed(report).text, Options()).formulas}
    for j in nearest:
        put = again[j.id] if replacement(report, j) is not None else _behind(name, text, j)
        if put.verdict.kind != "proved":
            wrong.append((put.latex, put.verdict.kind))
    return len(nearest), wrong


@pytest.mark.parametrize("name", WRONG)
def test_a_nearest_line_is_true_where_it_is_put(name: str) -> None:
    model, *lines = WRONG[name]
    count, wrong = what_is_wrong("page.tex", page_of(model, tuple(lines)))
    assert wrong == []
    assert count >= len(lines) - 1, "hardly any line was offered, so that this shows nothing"


def test_a_transposition_comes_before_a_column_on_the_left() -> None:
    report = judge("page.tex", page_of(*_split("a column before a matrix")), Options())
    shown = [j.verdict.suggestion or "" for j in offered(report)]
    assert shown and not any(s.endswith(("y M", "x M", "y M^\\top")) for s in shown), shown


def _split(name: str) -> tuple[str, tuple[str, ...]]:
    model, *lines = WRONG[name]
    return model, tuple(lines)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((TESTS / "wrong").glob("*.*")), ids=lambda p: p.name)
def test_the_nearest_lines_of_the_wrong_notes(path: Path) -> None:
    assert what_is_wrong(path.name, path.read_text("utf-8"))[1] == []


@pytest.mark.slow
def test_the_nearest_lines_of_vector_pages() -> None:
    rows = (TESTS / "wrong" / "vectors" / "claims.tsv").read_text("utf-8").splitlines()[1:]
    claims: dict[str, list[str]] = {}
    for row in rows:
        page, claim, _ = row.split("\t")
        claims.setdefault(page, []).append(claim)
    for page, lines in claims.items():
        model = (TESTS / "right" / "vectors" / page).read_text("utf-8")
        assert what_is_wrong(page, page_of(model, tuple(lines)))[1] == [], page
