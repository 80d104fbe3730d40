"""Habits of naming and indexing: each costs a line, or nothing, and never the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import Judge
from derive.text.formula import trees_of
from derive.text.trees import Name


def verdicts(text: str) -> list[tuple[str, str]]:
    """The verdicts on the displayed lines of a page, each with its reading."""
    found = Judge("page.md", text, Path(".")).report().formulas
    return [(f.verdict.kind, f.verdict.reading or "") for f in found]


def last(text: str) -> str:
    """The verdict on the last line of a page."""
    return verdicts(text)[-1][0]


NET = r"""
# Layers

Layers are numbered by $l$. Let $u_i^{l} = \sum_k p_{ik}^{l} v_k^{l-1} + q_i^{l}$
and $v_i^{l} = \tanh(u_i^{l})$.

"""

TRUE = [
    # a bold name carries its index inside the braces
    r"Let $\mathbf{s_t} = \tanh(A \mathbf{s_{t-1}})$ be vectors over time $t$. $$\frac{\partial \mathbf{s_t}}{\partial \mathbf{s_{t-1}}} = \mathrm{diag}(1 - \mathbf{s_t}^2) A$$",  # noqa: E501
    # the letter of a Σ is not the one that is free outside
    r"Let $z_i = \sum_j w_{ij} x_j$, $y_i = \tanh(z_i)$, $E = \frac12 \sum_i (y_i - d_i)^2$. $$\frac{\partial E}{\partial x_i} = \sum_k \frac{\partial E}{\partial z_k} \frac{\partial z_k}{\partial x_i}$$",  # noqa: E501
    # two relations in one indicator
    r"Let $r_{ij} = m_{ij}^2$. $$\frac{\partial r_{ij}}{\partial m_{kl}} = 2 m_{ij} \mathbf{1}(i = k, j = l)$$",  # noqa: E501
    # the sample that a definition leaves out
    r"The training data are pairs $(x_i, y_i)$. Let $g_0 = a + c x_i$, $g_1 = \sin(g_0)$ and $\ell_i = (g_1 - y_i)^2$. $$\frac{\partial \ell_i}{\partial a} = 2 (g_1 - y_i) \cos(g_0)$$",  # noqa: E501
    # the step that a definition leaves out
    r"Let $h_t = \tanh(w h_{t-1} + x_t)$, $o_t = v h_t$ and $L_t = \frac12 (o - y_t)^2$ over time $t$. $$\frac{\partial L_t}{\partial h_t} = (o_t - y_t) v$$",  # noqa: E501
    # σ is a quantity where the page makes it one
    r"Let $m = \frac{a + b}{2}$ and $\sigma = m^2 + 1$. $$\frac{\partial \sigma}{\partial a} = \frac{1}{\sigma} (\sigma m)$$",  # noqa: E501
    # softmax written out for a name that is softmax of a whole vector
    r"Let $p = \mathrm{softmax}(g)$ with $g \in \mathbb{R}^c$. It is $p_i = \frac{\exp(g_i)}{\sum_{j} \exp(g_j)}$. $$\frac{\partial p_i}{\partial g_j} = p_i (\delta_{ij} - p_j)$$",  # noqa: E501
    # a matrix of entries is they
    NET
    + r"Let $P^{l} = (p_{ik}^{l})$, $P^{l} \in \mathbb{R}^{n \times n}$. $$\frac{\partial u^{l}}{\partial v^{l-1}} = P^{l}$$",  # noqa: E501
    # what a page writes in brackets is a call where it makes the function so
    r"Let $K(x) = x^3$ and $y = K[a + b]$. $$\frac{\partial y}{\partial a} = 3 (a + b)^2$$",
    # sizes of layers bound one family's entries
    NET.replace(r"\sum_k", r"\sum_{k=1}^{n_{l-1}}")
    + r"$p^{l} \in \mathbb{R}^{n_l \times n_{l-1}}$, the last layer is $L$ with $C = \sum_{i=1}^{n_L} v_i^{L}$. $$\frac{\partial u_i^{l}}{\partial p_{ik}^{l}} = v_k^{l-1}$$",  # noqa: E501
    # a name that is another's second form where the two differ in one name that nothing makes
    r"Layers are numbered by $l$. Let $a_j^{l+1} = \tanh(z_j^{l+1}) = \tanh(\sum_k w_{jk}^{l+1} a_k^l)$. $$\frac{\partial z_j^{l}}{\partial a_k^{l-1}} = w_{jk}^{l}$$",  # noqa: E501
    # l_i where other formulas have ℓ_i
    r"The training data are pairs $x_i$, $y_i$. Let $f_i = a x_i$ and $l_i = (f_i - y_i)^2$. $$\frac{\partial \ell_i}{\partial f_i} = 2 (f_i - y_i)$$",  # noqa: E501
    # columns side by side
    r"The $N$ samples are $\mathbf{x}_n \in \mathbb{R}^d$, $\mathbf{X} = ( \mathbf{x}_1 \ \mathbf{x}_2 \ \ldots \ \mathbf{x}_N )$. Let $Z = W \mathbf{X} + \mathbf{b} \mathbf{1}^\top$ and $\mathbf{y}_n = W \mathbf{x}_n + \mathbf{b}$. $$\frac{\partial \mathbf{y}_n}{\partial \mathbf{x}_n} = W$$",  # noqa: E501
]


@pytest.mark.parametrize("text", TRUE)
def test_a_true_line_is_read(text: str) -> None:
    assert last(text) in ("proved", "tested")


FORGIVEN = [
    (
        r"Let $y = u^2$ and $u = 3 x$. $$\frac{\partial y}{\partial x} = \frac{\partial y}{u} \frac{\partial u}{\partial x}$$",  # noqa: E501
        "the ∂ below the line is missing",
    ),
    (
        r"Let $Z = X W$, $H = \tanh(Z)$ and $L = \sum_{i,j} H_{ij}$ with $X \in \mathbb{R}^{n \times d}$, $W \in \mathbb{R}^{d \times m}$. $$\frac{\partial L}{\partial Z} = I - H \odot H$$",  # noqa: E501
        "I is the matrix whose entries are all 1",
    ),
]


@pytest.mark.parametrize(("text", "said"), FORGIVEN)
def test_a_slip_of_notation_is_said(text: str, said: str) -> None:
    assert verdicts(text)[-1] == ("ambiguous", said)


def test_what_is_forgiven_excuses_nothing_else() -> None:
    for text, _ in FORGIVEN:
        wrong = text.replace("\\frac{\\partial y}{u}", "2 \\frac{\\partial y}{u}")
        wrong = wrong.replace("I - H", "I + H")
        assert last(wrong) not in ("proved", "tested", "ambiguous")


def test_a_name_has_a_version_where_it_has_another_number_of_indices() -> None:
    page = (
        NET
        + r"$$\frac{\partial u_i^{l}}{\partial q_i^{l}} = 1$$"
        + "\n\n# Images\n\n"
        + r"Let $u_{ij}^{l} = m v_{ij}^{l-1}$ and $v_{ij}^{l} = \tanh(u_{ij}^{l})$."
        + "\n\n"
        + r"$$\frac{\partial u_{ij}^{l}}{\partial v_{ij}^{l-1}} = m$$"
    )
    found = [kind for kind, _ in verdicts(page) if kind != "remark"]
    assert found == ["definition"] * 2 + ["proved"] + ["definition"] * 2 + ["proved"]


def test_a_sum_over_the_wrong_letter_costs_no_page() -> None:
    page = r"Let $z_j = \sum_j w_{jk} a_k + c_j$ and $b_j = \tanh(z_j)$."
    assert last(page + r" $$\frac{\partial z_j}{\partial a_k} = w_{jk}$$") in ("proved", "tested")
    assert Judge("page.md", page, Path(".")).understanding.assumed


def test_a_few_lines_with_an_index_more_cost_themselves() -> None:
    uses = " ".join(f"$x_{i} > 0$," for i in "ijkmpq")
    page = rf"Let $s = \sum_i x_i^2$, where {uses} and $x_{{i,n}} < 1$. "
    assert last(page + r"$$\frac{\partial s}{\partial x_i} = 2 x_i$$") in ("proved", "tested")
    assert last(page + r"$$\frac{\partial s}{\partial x_{i,n}} = 2 x_{i,n}$$") == "unread"


def test_what_follows_may_make_another_member() -> None:
    page = r"""
Layers are numbered by $l$. Let $a_i^{1} = \tanh(x_i)$ and $E = \sum_i a_i^{2}$.

$$\frac{\partial E}{\partial w_{ij}} = \frac{\partial E}{\partial a_i^{2}} a_j^{1}$$

Here $a_i^{2} = \sum_j w_{ij} a_j^{1}$.
"""
    found = Judge("page.md", page, Path(".")).report().formulas
    line = next(f for f in found if "w_{ij}}" in f.latex)
    assert line.verdict.kind in ("proved", "tested")


def test_scripts_inside_a_style_are_plain() -> None:
    (name,) = [n for n in trees_of(r"\mathbf{h_t}") if isinstance(n, Name)]
    assert name.style == "bold" and name.below is not None
    assert isinstance(name.below[0], Name) and name.below[0].style == ""


def test_a_display_goes_on_from_the_one_before() -> None:
    page = "Let $c = \\sum_k p_k^2$.\n\n$$\\frac{\\partial c}{\\partial p_i} = \\sum_k 2 p_k \\delta_{ki}$$\n$$= 2 p_i$$\n"  # noqa: E501
    assert [kind for kind, _ in verdicts(page)][1:] == ["proved", "proved"]
    assert last(page.replace("$$= 2 p_i$$", "$$= 3 p_i$$")) not in ("proved", "tested", "ambiguous")


def test_a_network_that_is_written_out() -> None:
    page = r"""
The network has two layers: $z_1^1 = w_{11}^1 x_1 + w_{21}^1 x_2$, $z_2^1 = w_{12}^1 x_1 + w_{22}^1 x_2$,
$a_1^1 = g(z_1^1)$, $a_2^1 = g(z_2^1)$, $z_1^2 = w_{11}^2 a_1^1 + w_{21}^2 a_2^1$, $y = f(z_1^2)$,
$g(u) = \tanh(u)$ and $f(u) = u^2$. In matrices, $Z^1 = X W^1$, $Z^2 = g(Z^1) W^2$ and $y = f(Z^2)$.

$$\frac{\partial y}{\partial w_{21}^2} = f'(z_1^2) a_2^1$$
"""
    assert last(page) in ("proved", "tested")
    assert last(page.replace("a_2^1$$", "a_1^1$$")) not in ("proved", "tested", "ambiguous")


def test_the_recursion_of_an_adjoint_is_a_claim() -> None:
    page = (
        NET
        + r"Let $\delta_i^{l} = \frac{\partial C}{\partial u_i^{l}}$. $$\delta^{L} = \nabla_v C \odot v^{L}$$"  # noqa: E501
    )
    assert last(page + r" $$\frac{\partial C}{\partial q_i^{l}} = \delta_i^{l}$$") in (
        "proved",
        "tested",
    )
