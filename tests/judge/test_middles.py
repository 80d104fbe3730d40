"""Names that a chain makes in its middle, and capitals that collect the small letters of the examples."""

from __future__ import annotations

import pytest

from derive.judge.readers import judge
from derive.verify.options import Options

NET = r"""For the example $x^{(i)}$, with its label $y^{(i)}$:

$$s^{[1](i)} = V^{[1]} x^{(i)}, \qquad h^{[1](i)} = \tanh(s^{[1](i)})$$
$$s^{[2](i)} = V^{[2]} h^{[1](i)}$$
$$\hat{y}^{(i)} = h^{[2](i)} = \sigma(s^{[2](i)})$$

"""


def kinds(page: str) -> list[str]:
    return [f.verdict.kind for f in judge("page.md", page, Options()).formulas]


def test_a_middle_of_a_family_is_made() -> None:
    assert kinds(NET)[-2:] == ["definition", "proved"]


def test_a_middle_that_is_made_elsewhere_is_not_made_again() -> None:
    page = (
        r"Let $q = \tanh(z)$. Then $p = q = \sigma(z)$. $$\frac{\partial q}{\partial z} = 1 - q^2$$"
    )
    assert kinds(page)[-1] == "proved"


@pytest.mark.parametrize("style", ["{}", r"\mathbf{{{}}}"])
@pytest.mark.parametrize("brackets", ["()", "[]"])
def test_a_collection_of_what_is_for_one_example_is_not_accused(style: str, brackets: str) -> None:
    small, large = style.format("x"), style.format("X")
    left, right = brackets
    page = rf"""For one example $z^{{(i)}} = w^T {small}^{{(i)}} + c$ and $p^{{(i)}} = \tanh(z^{{(i)}})$; for all of them

$$Z = w^T {large} + c = {left}z^{{(1)}}, z^{{(2)}}, \ldots, z^{{(m)}}{right}$$

$$P = \tanh(Z) = {left}p^{{(1)}}, p^{{(2)}}, \ldots, p^{{(m)}}{right}$$

The cost is $J = \frac{{1}}{{m}} \sum_{{i=1}}^m (p^{{(i)}} - y^{{(i)}})^2$.

$$\frac{{\partial J}}{{\partial c}} = \frac{{2}}{{m}} \sum_{{i=1}}^m (p^{{(i)}} - y^{{(i)}}) (1 - (p^{{(i)}})^2)$$
"""  # noqa: E501
    found = kinds(page)
    assert "refuted" not in found
    assert found[-1] == "proved"


def test_the_many_of_what_is_made_for_one_are_not_accused() -> None:
    page = r"""For one example $z = w^T x + c$,
$p = \sigma(z)$ and $\ell = -y \log p - (1 - y) \log(1 - p)$.

$$dz = \frac{d \ell}{d z} = p - y$$

$$dc = dz$$

For $m$ examples with the cost $J = \frac{1}{m} \sum_{i=1}^m \ell^{(i)}$:

$$dc = \frac{1}{m} \sum_{i=1}^m dz^{(i)}$$
"""
    found = kinds(page)
    assert "refuted" not in found


def test_a_matrix_of_letters_shows_how_entries_go() -> None:
    page = r"""Broadcasting: if, for example,

$$S = \begin{bmatrix} p & q \\ r & s \\ t & u \end{bmatrix}, \
\quad c = \begin{bmatrix} v \\ w \\ x \end{bmatrix}$$

then $c$ is added to each column. A layer is $Z = V S + c$ with $R = \tanh(Z)$, and the cost is $J$.

$$\frac{\partial J}{\partial Z} = \frac{\partial J}{\partial R} \odot (1 - R^2)$$
"""
    assert kinds(page)[-1] in ("proved", "ambiguous")
