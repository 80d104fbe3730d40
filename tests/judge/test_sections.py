"""Sections that use one name in two ways; names dX for gradients; arrays whose shapes are left open."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge
from derive.judge.ladder import SHAPELESS
from derive.judge.sections import sections
from derive.text.read import read
from derive.verify.verdicts import Verdict

WITHOUT_PRAISE = ("unread", "refuted")


def verdicts(text: str) -> list[Verdict]:
    return [j.verdict for j in judge("page.md", text, Path(".")).formulas]


def last(text: str) -> Verdict:
    return verdicts(text)[-1]


TWO = r"""# Two losses

## One output
With $q = u^\top p + r$ and $s = \sigma(q)$ the loss is $L = \frac12 (s - y)^2$.
$$\frac{\partial L}{\partial q} = (s - y) s (1 - s)$$

## Several outputs
Now $s_k = \frac{e^{q_k}}{\sum_j e^{q_j}}$ and $L = -\sum_k y_k \log s_k$ with one-hot $y_k$.
$$\frac{\partial s_k}{\partial q_k} = s_k (1 - s_k)$$
$$\frac{\partial L}{\partial q_k} = s_k - y_k$$
"""


def test_each_section_has_its_own_names() -> None:
    claims = [j for j in judge("page.md", TWO, None).formulas if "partial" in j.latex]
    assert [j.verdict.kind for j in claims] == ["proved"] * 3


def test_a_section_does_not_hide_what_the_page_has_made() -> None:
    """v is made of w in the section before: that ∂L/∂w is 0 is not what the page says."""
    page = (
        "# A\n\n## Model\n$v = w^2$ and $v_j = 3$\n\n## Loss\n$L = v + w$\n\n"
        r"$$\frac{\partial L}{\partial w} = 1$$"
    )
    assert last(page).kind != "proved"


def test_the_sections_of_a_page() -> None:
    parts = list(sections(read("page.md", TWO, None)))
    assert [len(p.formulas) for p in parts] == [4, 5]
    assert not list(sections(read("page.md", "# Only one\n\n$a = b$", None)))


FORWARD = r"Let $q = u^T p + r$, $s = \sigma(q)$ and $L = -(y \log s + (1-y) \log(1-s))$."


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (r"ds = -\frac{y}{s} + \frac{1-y}{1-s}", "proved"),
        (r"dq = s - y", "proved"),
        (r"du = p \, dq", "proved"),
        (r"dr = dq", "proved"),
        (r"dr = q \, dq", "refuted"),
    ],
)
def test_a_gradient_by_its_name(line: str, kind: str) -> None:
    said = rf"{FORWARD} We write $ds$ for $\frac{{dL}}{{ds}}$ and so on."
    assert last(f"{said}\n\n$${line}$$").kind == kind
    unsaid = last(f"{FORWARD}\n\n$${line}$$")
    assert unsaid.kind == "ambiguous" if kind == "proved" else unsaid.kind != "proved"
    assert kind != "proved" or "is the gradient of L by" in (unsaid.reading or "")


def test_a_gradient_that_the_page_shows() -> None:
    page = r"Let $B = A X$ with $A \in \mathbb{R}^{m \times n}$, $X \in \mathbb{R}^{n \times k}$, and $dB = \frac{\partial L}{\partial B}$."  # noqa: E501
    assert last(f"{page}\n\n$$dX = A^T dB$$").kind == "proved"
    assert last(f"{page}\n\n$$dA = dB X^T$$").kind == "proved"
    assert last(f"{page}\n\n$$dA = X^T dB$$").kind != "proved"


def test_sums_along_an_axis() -> None:
    page = r"Let $P = \text{softmax}(S)$ row by row, $S \in \mathbb{R}^{m \times n}$, and $dP = \frac{\partial L}{\partial P}$."  # noqa: E501
    good = r"dS = P \odot (dP - \text{sum}(dP \odot P, \text{axis}=-1))"
    bad = r"dS = P \odot (dP - \text{sum}(dP \odot P, \text{axis}=0))"
    assert last(f"{page}\n\n$${good}$$").kind == "proved"
    assert last(f"{page}\n\n$${bad}$$").kind not in ("proved", "ambiguous")


def test_a_raised_t_that_nothing_counts_transposes() -> None:
    """No T is a horizon here: w^T x is no power of w."""
    page = r"Let $q = u^T p + r$, $s = \sigma(q)$, $L = (s - y)^2$."
    line = r"\frac{dL}{du} = 2 (s - y) s (1 - s) p"
    assert last(f"{page}\n\n$${line}$$").kind == "proved"


def test_a_number_for_each_array_where_shapes_are_left_open() -> None:
    """The factors stand as for numbers: right but for shapes, which the page does not state."""
    page = r"Let $\mathbf{h} = \tanh(W \mathbf{x})$ and $L = \ell(\mathbf{h})$."
    head = r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial \mathbf{h}}"
    found = last(rf"{page} $${head} (1 - \mathbf{{h}}^2) \mathbf{{x}}$$")
    assert found.kind == "ambiguous"
    assert SHAPELESS in (found.reading or "")
    assert last(rf"{page} $${head} (1 + \mathbf{{h}}^2) \mathbf{{x}}$$").kind in WITHOUT_PRAISE


def test_stated_vectors_are_numbered_by_their_letter() -> None:
    """x_i in R^D: i counts vectors, and so does j on what is made of them."""
    page = r"Rows $x_i \in \mathbb{R}^D$: $$m = \frac{1}{N} \sum_{i=1}^N x_i$$ $$z_i = x_i - m$$"
    line = r"\frac{\partial L}{\partial m} = -\sum_{j=1}^N \frac{\partial L}{\partial z_j}"
    assert last(f"{page} $${line}$$").kind == "proved"


def test_a_function_of_a_layer_without_its_layer() -> None:
    page = r"""Layers $z^{[l]} = W^{[l]} a^{[l-1]} + b^{[l]}$, $a^{[l]} = g^{[l]}(z^{[l]})$,
$J = \frac12 \| a^{[L]} - y \|^2$ and $\delta^{[l]} = \frac{\partial J}{\partial z^{[l]}}$."""
    line = r"\delta^{[l]} = (W^{[l+1]})^T \delta^{[l+1]} \odot g'(z^{[l]})"
    assert last(f"{page}\n\n$${line}$$").kind == "proved"
    assert last(f"{page}\n\n$${line.replace('l]})', 'l+1]})')}$$").kind != "proved"


def test_a_bracket_that_is_transposed_is_a_factor() -> None:
    page = r"Layers $z^{[l]} = W^{[l]} a^{[l-1]}$, $a^{[l]} = \sigma(z^{[l]})$ and $\delta^{[l]} = \frac{\partial J}{\partial z^{[l]}}$."  # noqa: E501
    line = r"\frac{\partial J}{\partial W^{[l]}} = \delta^{[l]} (a^{[l-1]})^T"
    assert last(f"{page}\n\n$${line}$$").kind == "proved"


def test_words_of_several_letters_are_no_products_for_either_reader() -> None:
    from derive.judge.readers import judge as joined
    from derive.verify.options import Options

    page = rf"{FORWARD}" + "\n\n$$dq = s - y$$"
    assert joined("page.md", page, Options()).formulas[-1].verdict.kind != "refuted"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (r"\sum_{k=1}^N (x_k - \mu) = 0", "proved"),
        (r"\frac{\partial v}{\partial x_i} = \frac{2}{N} (x_i - \mu)", "proved"),
        (r"\frac{\partial v}{\partial x_i} = \frac{2}{N} (x_i - \mu) (1 - \frac{1}{N})", "refuted"),
        (r"\sum_{k=1}^N x_k = \mu", "unread"),
    ],
)
def test_a_size_is_what_its_letter_counts(line: str, kind: str) -> None:
    """N is the number of the x_i: sums over them meet factors N."""
    page = (
        r"Let $\mu = \frac{1}{N}\sum_{i=1}^N x_i$ and $v = \frac{1}{N}\sum_{k=1}^N (x_k - \mu)^2$."
    )
    assert last(f"{page}\n\n$${line}$$").kind == kind


def test_a_cell_with_many_gates_is_proved() -> None:
    """The search for a plan does not spend what the checker needs."""
    page = r"""$$f_t = \sigma(W_f h_{t-1} + b_f)$$ $$i_t = \sigma(W_i h_{t-1} + b_i)$$
$$g_t = \tanh(W_g h_{t-1} + b_g)$$ $$o_t = \sigma(W_o h_{t-1} + b_o)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$ $$h_t = o_t \odot \tanh(c_t)$$
$$q_t = \text{softmax}(V h_t + b)$$ $$L = -\sum_t y_t^\top \log q_t$$
"""
    line = r"\frac{\partial L}{\partial c_t} = \frac{\partial L}{\partial h_t} \odot o_t"
    line += r" \odot (1 - \tanh^2(c_t))"
    more = r" + \frac{\partial L}{\partial c_{t+1}} \odot f_{t+1}"
    assert last(f"{page}$${line}{more}$$").kind == "proved"
    assert last(f"{page}$${line}$$").kind != "proved"


def test_a_network_written_out_does_not_accuse_a_line_for_all_members() -> None:
    page = r"""$z_1^1 = w_{11}^1 x_1 + w_{21}^1 x_2$, $z_2^1 = w_{12}^1 x_1 + w_{22}^1 x_2$, $a_1^1 = g(z_1^1)$,
$a_2^1 = g(z_2^1)$, $z_1^2 = w_{11}^2 a_1^1 + w_{21}^2 a_2^1$, $L = \frac12 (z_1^2 - y)^2$, $\delta_i^l = \frac{\partial L}{\partial z_i^l}$.
"""  # noqa: E501
    line = r"\delta_i^l = \sum_k \delta_k^{l+1} w_{ik}^{l+1} g'(z_i^l)"
    assert last(f"{page}\n\n$${line}$$").kind != "refuted"
