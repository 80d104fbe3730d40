"""Formulas of our own, elaborated: what their trees mean in the core."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from derive.algebra.core import App, Big, Chain, Core, D, Ref, walk
from derive.algebra.expression import Time
from derive.judge.judge import Judge
from derive.judge.understanding import Understanding
from derive.notation.dots import running
from derive.notation.parts import part_of
from derive.notation.setting import Unread
from derive.notation.shaped import Misfit, Val
from derive.text.page import Formula


def understood(text: str) -> Understanding:
    return Judge("page.md", text, Path(".")).understanding


def last(text: str) -> Val:
    """The value of the last member of a page's last formula."""
    judge = Judge("page.md", text, Path("."))
    formula = [i for i in judge.page.items if isinstance(i, Formula)][-1]
    return judge.understanding.elaborator(formula.number).row(formula.chains[-1].members[-1].tree)


def kinds(x: Core) -> list[str]:
    return [type(p).__name__ for p in walk(x)]


def test_a_run_from_the_first_term_to_the_last() -> None:
    a, b = Ref("a", (Time.at(2), Time.of("i"))), Ref("a", (Time.of("n"), Time.of("i")))
    run = running((a,), (b,))
    assert run is not None and (run.lower, run.upper, run.falling) == (
        Time.at(2),
        Time.of("n"),
        False,
    )
    assert run.bodies == (Ref("a", (Time.of(run.letter), Time.of("i"))),)
    assert running((a,), (Ref("b", b.index),)) is None
    falling = running((Ref("a", (Time.of("t"),)),), (Ref("a", (Time.at(1),)),))
    assert (
        falling is not None
        and falling.falling
        and (falling.lower, falling.upper) == (Time.at(1), Time.of("t"))
    )


def test_a_part_is_found_under_other_letters() -> None:
    body = App("f", (), (Time.of("t"),))
    part = part_of("p", body, {"t": "time"}, (), set())
    assert part.found(App("f", (), (Time.of("s", 1),))) == Ref("p", (Time.of("s", 1),))
    assert part.found(App("g", (), (Time.of("t"),))) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (r"Let $u \in \mathbb{R}^n$. $$s = u_1 + u_2 + \dots + u_n$$", "Big"),
        (
            r"Let $h_t = f(h_{t-1})$. $$s = \frac{\partial h_t}{\partial h_{t-1}} \cdots \frac{\partial h_2}{\partial h_1}$$",  # noqa: E501
            "Big",
        ),
        (r"Let $f(p, q) = p q$. $$s = \mathbb{1}[p > q]$$", "Case"),
        (r"Let $y = (a + b)^2$. $$s = \frac{\partial y}{\partial (a + b)}$$", "D"),
    ],
)
def test_notations(text: str, kind: str) -> None:
    assert kind in kinds(last(text).body)


def test_jacobians_with_dots_are_a_product_over_time() -> None:
    text = r"Let $h_t = \tanh(W h_{t-1})$ with $W \in \mathbb{R}^{n \times n}$, $h_t \in \mathbb{R}^n$."
    value = last(
        text
        + r" $$J = \frac{\partial h_t}{\partial h_{t-1}} \cdots \frac{\partial h_{k+1}}{\partial h_k}$$"
    )
    (chain,) = [p for p in walk(value.body) if isinstance(p, Chain)]
    assert chain.down and chain.upper - chain.lower == Time.of("t") - Time.of("k", 1)


def test_matrices_written_out() -> None:
    text = r"Let $A \in \mathbb{R}^{n \times n}$. $$B = \begin{pmatrix} %s \end{pmatrix}$$"
    whole = last(text % r"A_{11} & \dots & A_{1n} \\ \vdots & & \vdots \\ A_{n1} & \dots & A_{nn}")
    assert whole.rank == 2 and kinds(whole.body) == ["Ref"]
    assert last(text % r"1 & 2 \\ 3 & 4").rank == 2
    with pytest.raises((Unread, Misfit)):
        last(text % r"A_{11} & \dots & A_{1n} \\ \vdots & & \vdots \\ A_{n1} & \dots & A_{n2}")


def test_a_gradient_of_a_transpose_is_the_transpose_of_a_gradient() -> None:
    text = r"Let $g(x) = B x$ with $B \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$ and $p \in \mathbb{R}^m$."  # noqa: E501
    value = last(text + r" $$q = \nabla_x g(x)^T p$$")
    assert (
        value.rank == 1
        and any(isinstance(p, Big) for p in walk(value.body))
        and any(isinstance(p, D) for p in walk(value.body))
    )


def test_forms_of_a_name_are_families_of_their_own() -> None:
    u = understood(
        r"Let $z = \sum_i w_i x_i$ and $z^l_j = \sum_k w^l_{jk} a^{l-1}_k$ and $a^l_j = \sigma(z^l_j)$."
    )
    names = {m.definition.name for m in u.made}
    assert {"z", "a"} <= names and any("∅" in n for n in names) and not u.failed


def test_values_are_those_in_force() -> None:
    u = understood("Let $p = u^2$. Take $u = 3$. Then $p = 9$.\n\nElsewhere, $p$ is free.")
    assert u.values(2).get("u") == Fraction(3)
