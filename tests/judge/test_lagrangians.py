"""Lagrangians, quadratic forms and the matrices of both, on pages of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge

CONTROL = r"""
Consider $x_{t+1} = F x_t + G u_t$ with
$$J = \frac12 \sum_{t=0}^{T} \left(x_t^\top M x_t + u_t^\top N u_t\right) + \frac12 x_{T+1}^\top S x_{T+1}$$
SYMMETRIC The Lagrangian is
$$\mathcal{L} = \sum_{t=0}^{T} \left[\frac12 x_t^\top M x_t + \frac12 u_t^\top N u_t
 + \lambda_{t+1}^\top (F x_t + G u_t - x_{t+1})\right] + \frac12 x_{T+1}^\top S x_{T+1}$$

"""
SYMMETRIC = r"The matrices $M$, $N$ and $S$ are symmetric."
BY_U = r"\frac{\partial \mathcal{L}}{\partial u_t} = N u_t + G^\top \lambda_{t+1}"
BY_X = r"\frac{\partial \mathcal{L}}{\partial x_t} = M x_t + F^\top \lambda_{t+1} - \lambda_t"


def last(text: str) -> tuple[str, str]:
    """What is said of the last formula of a page."""
    verdict = judge("page.md", text, Path(".")).formulas[-1].verdict
    return verdict.kind, verdict.reading or ""


@pytest.mark.parametrize(
    ("line", "expected", "said"),
    [
        (BY_U, "proved", "N symmetric"),
        (BY_X, "ambiguous", "for t ≥ 1"),
        (
            r"\frac{\partial \mathcal{L}}{\partial x_{T+1}} = S x_{T+1} - \lambda_{T+1}",
            "proved",
            "S symmetric",
        ),
        (
            r"\frac{\partial \mathcal{L}}{\partial \lambda_{t+1}} = F x_t + G u_t - x_{t+1}",
            "proved",
            "",
        ),
        (BY_U.replace(r"\lambda_{t+1}", r"\lambda_t"), "unread", ""),
        (BY_X.replace(r"F^\top", "F"), "unread", ""),
    ],
)
def test_variables_of_a_lagrangian_are_free(line: str, expected: str, said: str) -> None:
    kind, reading = last(f"{CONTROL.replace('SYMMETRIC', SYMMETRIC)}$${line}$$")
    assert (kind, said in reading) == (expected, True)


def test_a_matrix_that_is_not_called_symmetric() -> None:
    kind, reading = last(f"{CONTROL.replace('SYMMETRIC', '')}$${BY_U}$$")
    assert (kind, reading) == ("ambiguous", "N symmetric")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"\frac{\mathrm{d\,tr}(AB)}{\mathrm{d}A} = B^T", "proved"),
        (r"\frac{d\,\mathrm{tr}(ABA^T)}{dA} = A(B + B^T)", "proved"),
        (r"\frac{\partial\operatorname{tr}(A B A^T)}{\partial A} = 2 A B", "ambiguous"),
        (r"\frac{\partial\operatorname{tr}(A B A^T)}{\partial A} = A B", "unread"),
    ],
)
def test_derivatives_of_traces(line: str, expected: str) -> None:
    assert last(f"$${line}$$")[0] == expected


def test_no_accusation_where_the_last_costate_is_not_given() -> None:
    text = r"""
$$x_{k+1} = F x_k + G u_k$$ $$J = \sum_{k=0}^{T-1} (x_k^\top M x_k + u_k^\top N u_k) + x_T^\top S x_T$$
$$\lambda_k = F^\top \lambda_{k+1} + 2 M x_k$$
$$\frac{\partial J}{\partial u_k} = 2 N u_k + G^\top \lambda_{k+1}$$
"""
    assert last(text)[0] == "unread"
