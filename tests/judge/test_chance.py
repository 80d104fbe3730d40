"""Expectations and integrals on pages of our own: what follows from linearity is proved, nothing else is said."""  # noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge

GIVEN = r"""
The matrix $A$ and the vector $b$ are fixed, $y$ is a random vector.

$$m = E[y]$$
$$\Sigma = E[(y - m)(y - m)^T]$$

"""
FILTER = r"""
The state is a vector, $H$ a matrix. $$z_k = H s_k + v_k, \quad v_k \sim N(0, R)$$
$$\hat{s}_k = \hat{s}_k^- + K_k (z_k - H \hat{s}_k^-)$$
$$e_k = s_k - \hat{s}_k, \quad e_k^- = s_k - \hat{s}_k^-$$

"""


def last(text: str) -> str:
    """What is said of the last formula of a page."""
    return judge("page.md", text, Path(".")).formulas[-1].verdict.kind


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"E[A y + b] = A m + b", "proved"),
        (r"\Sigma = E[y y^T] - m m^T", "proved"),
        (r"E[(A y)(A y)^T] = A E[y y^T] A^T", "proved"),
        (r"E[(A y)(\text{same})^T] = A E[y y^T] A^T", "proved"),
        (r"E[y^T A y] = \mathrm{tr}(A \Sigma) + m^T A m", "proved"),
        (r"E[y^T A y] = \mathrm{tr}(A \Sigma) - m^T A m", "unread"),
        (r"E[y y^T] = m m^T", "unread"),  # true of a y that is no chance, and supposed nowhere
    ],
)
def test_expectations_are_linear(line: str, expected: str) -> None:
    assert last(f"{GIVEN}$${line}$$") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"e_k = (I - K_k H) e_k^- - K_k v_k", "proved"),
        (r"e_k = (I - K_k H) e_k^- + K_k v_k", "definition"),  # of another e, for all that is said
        (r"E[e_k^- v_k^T] K_k^T = E[e_k^- (K_k v_k)^T]", "proved"),
        (r"H^{-1} z_k = s_k + H^{-1} v_k", "proved"),
    ],
)
def test_errors_of_a_filter(line: str, expected: str) -> None:
    assert last(f"{FILTER}$${line}$$") == expected


def test_a_gain_contracts_with_what_it_inverts() -> None:
    text = r"""
Let $P, R, K \in \mathbb{R}^{n \times n}$, $H \in \mathbb{R}^{n \times n}$ be matrices.
$$K = P H^T (H P H^T + R)^{-1}$$
$$P - K H P - P H^T K^T + K (H P H^T + R) K^T = (I - K H) P$$
"""
    assert last(text) == "proved"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            r"\nabla_\theta \mathbb{E}_{s \sim \pi_\theta}[r(s)] = \mathbb{E}_{s \sim \pi_\theta}[r(s) \nabla_\theta \log \pi_\theta(s)]",  # noqa: E501
            "proved",
        ),
        (
            r"\nabla_\theta \int \pi_\theta(s) r(s) ds = \int r(s) \nabla_\theta \pi_\theta(s) ds",
            "proved",
        ),
        (
            r"\nabla_\theta \mathbb{E}_{s \sim \pi_\theta}[r(s)] = \mathbb{E}_{s \sim \pi_\theta}[\nabla_\theta r(s)]",  # noqa: E501
            "unread",
        ),
    ],
)
def test_the_gradient_of_an_expectation(line: str, expected: str) -> None:
    assert last(f"The return $r$ is a function of the path $s$. $${line}$$") == expected
