"""Which lines are accused: what is false and understood, however little else a page says, and nothing that is not understood."""  # noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge
from derive.verify.verdicts import Verdict

CELL = r"Let $s_t = f(s_{t-1}, u_t, \theta)$, $o_t = g(s_t, \theta)$, $L_t = L(o_t, y_t)$, $C = \sum_{t=1}^T L_t$."  # noqa: E501


def verdicts(text: str) -> list[Verdict]:
    """The verdicts on the members of a page."""
    return [j.verdict for j in judge("page.md", text, Path(".")).formulas]


def last(text: str) -> Verdict:
    return verdicts(text)[-1]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        # a page that is understood as a whole accuses a line of which no near true one is found
        (r"\frac{\partial C}{\partial s_t} = \frac{\partial L_t}{\partial s_t}", "refuted"),
        # the sum over the steps is missing
        (
            r"\frac{\partial C}{\partial \theta} = \frac{\partial L_t}{\partial o_t} \frac{\partial o_t}{\partial \theta}",  # noqa: E501
            "refuted",
        ),
        # an index on the left alone: the same for each step
        (r"\frac{\partial C}{\partial L_t} = 1", "proved"),
        (r"\frac{\partial C}{\partial s_t} = 0", "refuted"),
        # a step's cost does not depend on a later state, and to say so is no misunderstanding
        (
            r"\frac{\partial L_t}{\partial s_t} = \frac{\partial L_t}{\partial s_{t+1}} \frac{\partial s_{t+1}}{\partial s_t} + \frac{\partial L_t}{\partial o_t} \frac{\partial o_t}{\partial s_t}",  # noqa: E501
            "proved",
        ),
        # something is missing behind a sign
        (r"\frac{\partial C}{\partial \theta} = \frac{\partial C}{\partial \theta} +", "unread"),
    ],
)
def test_abstract_pages(line: str, kind: str) -> None:
    assert last(f"{CELL}\n\n$${line}$$").kind == kind


def test_the_loss_of_a_step_where_the_cost_is_meant() -> None:
    page = (
        r"Let $s_t = \tanh(a s_{t-1} + u_t)$, $\ell_t = s_t^2$ and $J = \sum_{t=1}^T \ell_t$."
        "\n\n"
        r"$$\frac{\partial J}{\partial s_t} = 2 s_t + \frac{\partial \ell_{t+1}}{\partial s_{t+1}}"
        r" \frac{\partial s_{t+1}}{\partial s_t}$$"
    )
    found = last(page)
    assert found.kind == "refuted" and found.reason == r"\ell_{t+1} where J is meant"
    assert (found.suggestion or "").endswith(
        r"2 s_t + \frac{\partial J}{\partial s_{t+1}} \frac{\partial s_{t+1}}{\partial s_t}"
    )


def test_what_is_lost_elsewhere_accuses_nobody() -> None:
    lost = CELL.replace("o_t = g", r"o_t \sim g")
    line = r"$$\frac{\partial C}{\partial s_t} = \frac{\partial L_t}{\partial s_t}$$"
    assert last(f"{lost}\n\n{line}").kind == "unread"


def test_a_display_goes_on_with_the_one_before() -> None:
    page = (
        r"Let $p = u^2$ and $u = 3 x$. $$\frac{dp}{dx} = 2 u \frac{du}{dx}$$ $$= 6 u$$ $$= 17 x$$"
    )
    assert [v.kind for v in verdicts(page)[-3:]] == ["proved", "proved", "refuted"]
    words = page.replace("$$= 17 x$$", "And now to something else altogether: $$= 17 x$$")
    assert last(words).kind == "unread"


def test_what_follows_in_the_next_display_is_carried() -> None:
    page = r"Let $p = u^2$. $$\frac{dp}{du} = 3 u$$ $$= 2 u + u$$ $$= 2 u$$"
    assert [v.kind for v in verdicts(page)[-3:]] == ["refuted", "carried", "proved"]


def test_one_quantity_with_two_names() -> None:
    line = r"$$\frac{\partial C}{\partial q^t} = \frac{\partial L_t}{\partial q^t}$$"
    assert last(rf"{CELL} Again $q^t = g(s_t, \theta)$. {line}").kind == "proved"
    assert last(rf"{CELL} Again $q^t = r(s_t, \theta)$. {line}").kind == "unread"


def test_a_definition_with_a_slip_does_not_cut_the_page_in_two() -> None:
    line = r"$$\frac{\partial C}{\partial o_t} = \frac{\partial L_t}{\partial o_t}$$"
    assert last(rf"{CELL} As above, $L_t = L(u_t, y_t)$. {line}").kind == "ambiguous"


def test_by_the_name_of_an_argument() -> None:
    line = r"$$\partial_\theta s_t = \partial_\theta f(s_{t-1}, u_t, \theta) + \partial_s f(s_{t-1}, u_t, \theta) \, \partial_\theta s_{t-1}$$"  # noqa: E501
    assert last(f"{CELL} {line}").kind == "proved"
    assert last(f"{CELL} {line.replace('partial_s', 'partial_u')}").kind == "refuted"


def test_a_function_at_what_the_line_applies_it_to() -> None:
    page = r"Let $p(u) = u^2$ and $v = 3 w + 1$."
    line = r"$$\frac{\partial p(v)}{\partial w} = \frac{\partial p}{\partial v} \frac{\partial v}{\partial w}$$"  # noqa: E501
    assert last(f"{page} {line}").kind == "proved"


def test_a_label_before_a_formula() -> None:
    assert last(rf"{CELL} $$(b) \frac{{\partial C}}{{\partial L_t}} = 1$$").kind == "proved"


def test_a_power_of_a_matrix() -> None:
    page = r"Let $s_t = A s_{t-1}$ with $A \in \mathbb{R}^{n \times n}$, $s_t \in \mathbb{R}^n$."
    found = last(rf"{page} $$\frac{{\partial s_t}}{{\partial s_k}} = A^{{t-k}}$$")
    assert (found.kind, found.reading) == (
        "ambiguous",
        "the exponent of the matrix is not negative",
    )


CLASS = r"""
With $\mathbf{o}^{(t)} = \mathbf{V} \mathbf{s}^{(t)}$, $\hat{\mathbf{p}}^{(t)} = \mathrm{softmax}(\mathbf{o}^{(t)})$ the loss is $E^{(t)} = -\log \hat{p}^{(t)}_{c^{(t)}}$.
"""  # noqa: E501


def test_the_entry_of_a_class() -> None:
    line = r"$$(\nabla_{\mathbf{o}^{(t)}} E^{(t)})_i = \hat{p}_i^{(t)} - \mathbf{1}_{i, c^{(t)}}$$"
    assert last(f"{CLASS} {line}").kind == "proved"
    assert last(f"{CLASS} {line.replace(' - ', ' + ')}").kind == "refuted"


def test_the_use_of_a_parameter_at_one_step() -> None:
    page = r"""
Let $\mathbf{s}^{(t)} = \tanh(\mathbf{A} \mathbf{s}^{(t-1)} + \mathbf{b})$, $C = \sum_{t=1}^N C^{(t)}$, $C^{(t)} = \mathbf{v}^\top \mathbf{s}^{(t)}$.
"""  # noqa: E501
    line = r"$$\nabla_{\mathbf{b}} C = \sum_t \left(\frac{\partial \mathbf{s}^{(t)}}{\partial \mathbf{b}^{(t)}}\right)^\top \nabla_{\mathbf{s}^{(t)}} C$$"  # noqa: E501
    assert last(page + line).kind in ("proved", "tested")


def test_sizes_that_do_not_fit() -> None:
    page = r"""
Let $z_t = V x_t$ with $V \in \mathbb{R}^{c \times d}$, $x_t \in \mathbb{R}^d$ and $E_t = \sum_k z_{t,k}^2$.
"""
    line = r"$$\frac{\partial E_t}{\partial V_{i,j}} = 2 z_{t,i} x_{t,j}$$"
    assert last(page + line).kind == "proved"
    found = last(page + line.replace("z_{t,i} x_{t,j}", "z_{t,j} x_{t,i}"))
    assert found.kind == "refuted"


def test_numbered_functions_beside_a_quantity_of_their_letter() -> None:
    page = r"The states are vectors, all functions act entry by entry: $u^{(t)} = g_1(s^{(t-1)})$, $g^{(t)} = g_2(u^{(t)})$."  # noqa: E501
    line = r"$$\frac{\partial g^{(t)}}{\partial s^{(t-1)}} = \frac{\partial g^{(t)}}{\partial u^{(t)}} \frac{\partial u^{(t)}}{\partial s^{(t-1)}}$$"  # noqa: E501
    assert last(f"{page} {line}").kind == "proved"


def test_what_is_shown_is_what_was_compared() -> None:
    """0 ≤ a = b says a = b, not 0 = b; behind an unread head, members go with the first that is read."""
    model = r"Let $s_t = w s_{t-1} + x_t$ and $L_t = s_t^2$."
    slope = r"\frac{\partial L_t}{\partial s_t}"
    for line, shown in (
        (r"0 \le L_t s_t^2 = s_t^4", r"L_t s_t^2 = s_t^4"),
        (rf"x_t \approx {slope} = 2 s_t", rf"{slope} = 2 s_t"),
        (rf"{slope} = 2 s_t = s_t + s_t", rf"{slope} = s_t + s_t"),
    ):
        found = judge("page.tex", f"{model}\n\\[ {line} \\]\n", Path(".")).formulas[-1]
        assert (found.latex, found.verdict.kind) == (shown, "proved")
    line = rf"\mathrm{{prod}}(A, B \rangle = 2 s_t = {slope}"
    found = judge("page.tex", f"{model}\n\\[ {line} \\]\n", Path(".")).formulas[-1]
    assert found.latex == rf"\mathrm{{prod}}(A, B \rangle = {slope}"
    assert found.verdict.reason == "compared with 2 s_t: the head is not read"
