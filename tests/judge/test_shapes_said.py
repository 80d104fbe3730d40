"""Pages of our own with batches, rows and matrices: what their shapes say, and what they leave open."""

from __future__ import annotations

import pytest

from derive.judge.judge import Judge

ATTENTION = r"""
Let $S = Q K^T$ with $Q, K, V \in \mathbb{R}^{n \times d}$,
$A = \mathrm{softmax}(S)$ and $O = A V$. The loss is $L$.

"""
LAYER = r"""
Let $X \in \mathbb{R}^{n \times d}$, $W \in \mathbb{R}^{d \times m}$, $b \in \mathbb{R}^m$, $Z = X W + b$,
$A = \mathrm{softmax}(Z)$ of each row (row-wise), $O = A V$. The loss is $L$.

"""
POWERS = r"""
Let $h_t = W h_{t-1} + U x_t$ with $W \in \mathbb{R}^{n \times n}$, $U \in \mathbb{R}^{n \times m}$ and
$o_t = V h_t$, $V \in \mathbb{R}^{k \times n}$. The cost is $L = \sum_{t=1}^T \ell(o_t)$.

"""
ROWS = "softmax of a matrix is taken of each of its rows"


def verdict(text: str) -> tuple[str, str]:
    """The verdict on the last line of a page, and its reading."""
    last = Judge("page.md", text, None).report().formulas[-1].verdict
    return last.kind, last.reading or ""


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (r"\frac{\partial L}{\partial V} = A^T \frac{\partial L}{\partial O}", "proved"),
        (r"\frac{\partial L}{\partial A} = \frac{\partial L}{\partial O} V^T", "proved"),
        (r"\frac{\partial L}{\partial K} = \frac{\partial L}{\partial S}^T Q", "proved"),
        (r"\frac{\partial L}{\partial K} = \frac{\partial L}{\partial S} Q", "unread"),
    ],
)
def test_attention(line: str, kind: str) -> None:
    found, reading = verdict(f"{ATTENTION}$${line}$$")
    assert found == kind
    assert (ROWS in reading) == (kind == "proved")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (r"\frac{\partial L}{\partial b} = \mathbf{1}_n^T \frac{\partial L}{\partial Z}", "proved"),
        (r"\frac{\partial L}{\partial b} = \frac{\partial L}{\partial Z} \mathbf{1}_m", "unread"),
        (
            r"\frac{\partial L}{\partial W} = \text{prod}\left(\frac{\partial L}{\partial Z}, \frac{\partial Z}{\partial W}\right)",  # noqa: E501
            "proved",
        ),
        (r"Z_{:,j} = X W_{:,j} + b_j", "proved"),
        (
            r"\frac{\partial L}{\partial Z} = A \odot \left(\frac{\partial L}{\partial A} - \sum_j \frac{\partial L}{\partial A_{:,j}} \odot A_{:,j}\right)",  # noqa: E501
            "proved",
        ),
    ],
)
def test_rows_of_a_batch(line: str, kind: str) -> None:
    found, reading = verdict(f"{LAYER}$${line}$$")
    assert found == kind
    assert ROWS not in reading


@pytest.mark.parametrize(
    ("line", "kinds", "reading"),
    [
        (
            r"\frac{\partial h_t}{\partial h_k} = W^{t-k}",
            ("ambiguous",),
            "the exponent of the matrix is not negative",
        ),
        (
            r"\frac{\partial L}{\partial h_t} = \sum_{i=t}^T (W^\top)^{i-t} V^\top \frac{\partial L}{\partial o_i}",  # noqa: E501
            ("tested", "proved"),
            "",
        ),
        (
            r"\frac{\partial L}{\partial h_t} = \sum_{i=t}^T (W^\top)^{i-t} V^\top \frac{\partial L}{\partial o_t}",  # noqa: E501
            ("refuted",),
            "",
        ),
    ],
)
def test_powers_of_a_matrix(line: str, kinds: tuple[str, ...], reading: str) -> None:
    found, said = verdict(f"{POWERS}$${line}$$")
    assert found in kinds and said == reading


def test_names_of_sizes() -> None:
    """W_{qh} joins the sizes q and h, d_k is one number: neither has entries."""
    page = r"""
Let $\mathbf{h}_t \in \mathbb{R}^h$, $\mathbf{W}_{qh} \in \mathbb{R}^{q \times h}$ and $\mathbf{o}_t = \mathbf{W}_{qh} \mathbf{h}_t / \sqrt{d_k}$.
$$\frac{\partial \mathbf{o}_t}{\partial \mathbf{h}_t} = \frac{1}{\sqrt{d_k}} \mathbf{W}_{qh}$$"""  # noqa: E501
    assert verdict(page) == ("proved", "")


def test_a_matrix_and_its_rows() -> None:
    """A matrix that stands with one index somewhere is a matrix all the same."""
    page = r"""
Let $Z = X W$ with $X \in \mathbb{R}^{n \times d}$, $W \in \mathbb{R}^{d \times m}$, and $Y = Z V$.
The loss is $L$.
$$\frac{\partial L}{\partial V} = Z^T \frac{\partial L}{\partial Y}$$
Each $Z_i$ goes to one head.
$$Y_i = V^T Z_i$$"""
    formulas = Judge("page.md", page, None).report().formulas
    assert [f.verdict.kind for f in formulas if "\\partial" in f.latex] == ["proved"]
    assert formulas[-1].verdict.kind == "proved"


SECTIONS = r"""
# A first layer

Let $z = W x$ with $W \in \mathbb{R}^{p \times q}$ and $x \in \mathbb{R}^q$.
$$\frac{\partial z}{\partial x} = W$$

# Another example

Now $W \in \mathbb{R}^{r \times s}$, $u \in \mathbb{R}^s$ and $y = W u$.
$$\frac{\partial y}{\partial u} = W$$
"""


def test_shapes_of_a_section() -> None:
    """What a later section states of a name's shape is no concern of the first one."""
    formulas = Judge("page.md", SECTIONS, None).report().formulas
    assert [f.verdict.kind for f in formulas if "\\partial" in f.latex] == ["proved", "proved"]


NUMBERED = r"""
Let $P_1 \in \mathbb{R}^{n \times m}$, $P_2 \in \mathbb{R}^{m \times n}$, $A = P_1 P_2$, $B = A C$.
The loss is $L$.

- $\frac{\partial L}{\partial A} = \frac{\partial L}{\partial B} C^\top = \zeta_1$
- $\frac{\partial L}{\partial P_1} = \zeta_1 P_2^\top = \zeta_2$
- $\frac{\partial L}{\partial P_2} = P_1^\top \zeta_1$
"""


def test_numbered_matrices_and_names_at_the_end() -> None:
    """P_1 and P_2 are two matrices; what stands last in a chain of gradients is a name for them."""
    formulas = Judge("page.md", NUMBERED, None).report().formulas
    kinds = [f.verdict.kind for f in formulas if "\\partial" in f.latex]
    assert kinds == ["proved"] * 5
    wrong = NUMBERED.replace(r"P_1^\top \zeta_1", r"\zeta_1 P_1^\top")
    assert Judge("page.md", wrong, None).report().formulas[-1].verdict.kind == "unread"


NORMALISED = r"""
Let $X \in \mathbb{R}^{n \times d}$ hold one example in each row $x_i$, with $m = \frac{1}{n} \sum_i x_i$,
$m \in \mathbb{R}^{1 \times d}$ and $g \in \mathbb{R}^{1 \times d}$. The layer is
$$Z = X - m$$
$$Y = g \odot Z$$
where $y_i$ is the i-th row of $Y$ and $z_i$ that row of $Z$. The loss is $J$.

"""


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (r"z_i = x_i - m", "proved"),
        (
            r"\frac{\partial J}{\partial g} = \sum_i \frac{\partial J}{\partial y_i} \odot z_i",
            "proved",
        ),
        (r"\frac{\partial J}{\partial Z} = g \odot \frac{\partial J}{\partial Y}", "proved"),
        (
            r"\frac{\partial J}{\partial X} = \frac{\partial J}{\partial Z} - \frac{1}{n} \mathbf{1}_n \mathbf{1}_n^T \frac{\partial J}{\partial Z}",  # noqa: E501
            "proved",
        ),
        (r"\frac{\partial J}{\partial X} = \frac{\partial J}{\partial Z}", "unread"),
    ],
)
def test_rows_beside_their_matrix(line: str, kind: str) -> None:
    """x_i is a row of X, and what has one entry a column goes with each row."""
    assert verdict(f"{NORMALISED}$${line}$$")[0] == kind


LISTED = r"""
Let $x_i \in \mathbb{R}^d$ for $i = 1, \dots, n$ and $m = \frac{1}{n} \sum_{i=1}^n x_i$.
$$r_i = c \odot (x_i - m)$$
The loss is $L$.

"""


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (r"\frac{\partial m}{\partial x_i} = \frac{1}{n}", "proved"),
        (
            r"\frac{\partial L}{\partial c} = \sum_{i=1}^n \frac{\partial L}{\partial r_i} \odot (x_i - m)",
            "proved",
        ),
        (
            r"\frac{\partial L}{\partial m} = - c \odot \sum_{i=1}^n \frac{\partial L}{\partial r_i}",
            "proved",
        ),
        (r"\frac{\partial L}{\partial m} = - c \odot \frac{\partial L}{\partial r_i}", "unread"),
    ],
)
def test_vectors_of_a_list(line: str, kind: str) -> None:
    """What is stated of x_i is the shape of each, not of the list."""
    assert verdict(f"{LISTED}$${line}$$")[0] == kind


SCORES = r"""
Let $S = \frac{Q K^T}{\sqrt{d_k}}$ with $Q, K \in \mathbb{R}^{n \times m}$, row-wise
$P = \mathrm{softmax}(S)$ and $A = P V$. The loss is $L$.
Let $D_i = \sum_k P_{ik} \frac{\partial L}{\partial P_{ik}}$.

"""


@pytest.mark.parametrize(
    ("line", "kind", "reading"),
    [
        (
            r"\frac{\partial L}{\partial Q} = \frac{1}{\sqrt{d_k}} \frac{\partial L}{\partial S} K",
            "proved",
            "what",
        ),
        (
            r"\frac{\partial L}{\partial S} = P \odot (\frac{\partial L}{\partial P} - \text{row\_sum}(\frac{\partial L}{\partial P} \odot P))",  # noqa: E501
            "proved",
            "what the steps",
        ),
        (
            r"\frac{\partial L}{\partial S} = P \odot (\frac{\partial L}{\partial P} - D)",
            "ambiguous",
            "each of its columns",
        ),
        (
            r"\frac{\partial L}{\partial S_{ij}} = \sum_k \frac{\partial L}{\partial P_{ik}} P_{ik}(\delta_{kj} - P_{ij})",  # noqa: E501
            "proved",
            "what the steps",
        ),
    ],
)
def test_gradients_of_scores(line: str, kind: str, reading: str) -> None:
    """A vector beside a square matrix goes with its rows or with its columns: the line says which."""
    found, said = verdict(f"{SCORES}$${line}$$")
    assert found == kind and reading in said


def test_a_shape_of_a_transpose() -> None:
    page = r"""
Let $z = W x + b$ with $W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^{n \times 1}$, where
$x^T \in \mathbb{R}^{1 \times n}$. The loss is $L$.
$$\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z} x^T$$"""
    assert verdict(page)[0] == "proved"


COLUMNS = r"""
Let $X \in \mathbb{R}^{d \times m}$ hold an example in each column, $W \in \mathbb{R}^{k \times d}$, $b \in \mathbb{R}^k$,
$$Z = W X + b$$
$$P = \mathrm{softmax}(Z)$$
$$L = -\frac{1}{m} \sum_{i,j} Y_{ij} \log P_{ij}$$

"""  # noqa: E501
AXES = r"""
Let $X \in \mathbb{R}^{m \times d}$ hold an example in each row, $W \in \mathbb{R}^{d \times k}$, $b \in \mathbb{R}^k$,
$$Z = X W + b$$
$$P = \mathrm{softmax}(Z)$$
$$L = -\frac{1}{m} \sum_{i,j} Y_{ij} \log P_{ij}$$

"""  # noqa: E501
SLOPE = r"$$\frac{\partial L}{\partial Z} = \frac{1}{m} (P - Y)$$"


@pytest.mark.parametrize(
    ("page", "line", "kind", "reading"),
    [
        (COLUMNS, SLOPE, "proved", "Y sums to 1 in each column"),
        (AXES, SLOPE, "proved", "Y sums to 1"),
        (COLUMNS, SLOPE.replace("P - Y", "Y - P"), "refuted", ""),
        (AXES, SLOPE.replace("P - Y", "Y - P"), "refuted", ""),
    ],
)
def test_softmax_of_the_features(page: str, line: str, kind: str, reading: str) -> None:
    """A softmax is of each example, whichever way the batch lies."""
    assert verdict(page + line) == (kind, reading)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (
            r"\frac{\partial L}{\partial W} = X^T \left(\frac{\partial L}{\partial A} \odot \frac{\partial A}{\partial Z}\right)",  # noqa: E501
            "ambiguous",
        ),
        (
            r"\frac{\partial L}{\partial W} = X^T \left(\frac{\partial L}{\partial O} \odot \frac{\partial A}{\partial Z}\right)",  # noqa: E501
            "unread",
        ),
    ],
)
def test_derivatives_entry_by_entry(line: str, kind: str) -> None:
    """∂A/∂Z beside ⊙, where A is made of Z entry by entry."""
    page = r"""
Let $Z = X W$ with $X \in \mathbb{R}^{n \times d}$, $W \in \mathbb{R}^{d \times m}$.
Let $A = \tanh(Z)$ and $O = A V$.
The loss is $L$.
"""
    found, reading = verdict(f"{page}$${line}$$")
    assert found == kind
    assert ("entry by entry" in reading) == (kind == "ambiguous")


def test_a_condition_in_words() -> None:
    """A line that is said to hold if the rows differ is not accused where they are one."""
    page = r"""
Let $S = Q V$ with $Q \in \mathbb{R}^{n \times d}$, $V \in \mathbb{R}^{d \times m}$, and $P = \tanh(S)$.
$$\frac{\partial P_{ij}}{\partial S_{ij}} = 0$$"""
    assert verdict(f"{page} if the rows of both differ.")[0] == "unread"
    assert verdict(page)[0] == "refuted"


def test_numbers_of_an_example() -> None:
    """Matrices that are given in numbers are those of an example: what they come to accuses nobody."""
    page = r"""
Let $u = W x$ with the matrix
$$W = \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}$$
$$x = \begin{bmatrix} 1 \\ 1 \end{bmatrix}$$
Then
$$u = \begin{bmatrix} 3 \\ 7 \end{bmatrix}$$"""
    assert verdict(page)[0] not in ("refuted", "carried")
