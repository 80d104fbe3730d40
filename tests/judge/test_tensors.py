"""Upper indices, the summation convention, and indices with primes, on pages of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge

MADE = r"""
$$C^{ij} = P^{ia} R^{aj}$$
$$B^{ij} = \text{softmax}_j(C^{ij})$$
$$D^{ib} = B^{ij} U^{jb}$$

"""


def last(text: str) -> str:
    """What is said of the last formula of a page."""
    return judge("page.md", text, Path(".")).formulas[-1].verdict.kind


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"\frac{\partial C^{ij}}{\partial P^{mn}} = \delta^i_m R^{nj}", "proved"),
        (r"\frac{\partial C^{ij}}{\partial P^{mn}} = \delta^i_m R^{jn}", "refuted"),
        (
            r"\frac{\partial L}{\partial R^{mn}} = \frac{\partial L}{\partial C^{in}} P^{im}",
            "proved",
        ),
        (
            r"\frac{\partial L}{\partial R^{mn}} = \frac{\partial L}{\partial C^{in}} P^{mi}",
            "unread",
        ),
        (
            r"\frac{\partial B^{ij}}{\partial C^{mn}} = \delta^i_m B^{ij}(\delta^j_n - B^{in})",
            "proved",
        ),
        (
            r"\frac{\partial B^{ij}}{\partial C^{mn}} = \delta^i_m B^{ij}(\delta^j_n - B^{jn})",
            "refuted",
        ),
        (
            r"\frac{\partial L}{\partial C^{ij}} = B^{ij}\left(\frac{\partial L}{\partial B^{ij}}"
            r" - \sum_{j'} B^{ij'} \frac{\partial L}{\partial B^{ij'}}\right)",
            "proved",
        ),
        (r"\frac{\partial L}{\partial U} = B^T \frac{\partial L}{\partial D}", "proved"),
    ],
)
def test_tensors(line: str, expected: str) -> None:
    assert last(f"{MADE}$${line}$$") in (expected, "unread" if expected == "refuted" else expected)


def test_two_definitions_show_the_convention_where_there_is_no_sum() -> None:
    definitions = r"$$y_i = W_{ij} x_j$$ $$z_k = U_{ki} y_i$$"
    line = r"$$\frac{\partial z_k}{\partial x_j} = U_{ki} W_{ij}$$"
    assert last(definitions + line) == "proved"
    one = r"$$y_i = W_{ij} x_j$$ $$z = \sum_i u_i y_i$$ $$\frac{\partial z}{\partial x_j} = u_i W_{ij}$$"
    assert last(one) != "proved"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # \delta^l_j is an error that the page makes
            r"$$z^l_j = \sum_k w^l_{jk} a^{l-1}_k$$ $$a^l_j = \sigma(z^l_j)$$"
            r"$$C = \frac12 \sum_j (y_j - a^L_j)^2$$"
            r"$$\delta^l_j = \frac{\partial C}{\partial z^l_j}$$"
            r"$$\delta^l_j = \sum_k w^{l+1}_{kj} \delta^{l+1}_k \sigma'(z^l_j)$$",
            "proved",
        ),
        (r"$$y = x^n$$ $$\frac{\partial y}{\partial x} = n x^{n-1}$$", "proved"),
        (r"$$h = W^{hx} x + W^{hh} g$$ $$\frac{\partial h}{\partial g} = W^{hh}$$", "proved"),
    ],
)
def test_no_upper_indices(text: str, expected: str) -> None:
    assert last(text) == expected
