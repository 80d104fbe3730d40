"""What a page differentiates and never makes: some function of what the page differentiates it by."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge


def last(text: str) -> tuple[str, str]:
    """The verdict on the last formula of a page, and in which reading."""
    verdict = judge("page.md", text, Path(".")).formulas[-1].verdict
    return verdict.kind, verdict.reading or ""


LAYER = r"""The layer above is $r$. We know $\frac{\partial r}{\partial v_i}$, and need
$\frac{\partial r}{\partial m}$. By the chain rule
$$\frac{\partial r}{\partial c} = \sum_i \frac{\partial r}{\partial v_i} \frac{\partial v_i}{\partial c}$$
"""
SCORE = (
    r"Let $q = -\sum_i y_i \ln p_i$. The probabilities $p$ come from the scores $s$. "
    r"$$\frac{\partial q}{\partial s_j} = -\sum_i \frac{y_i}{p_i} \frac{\partial p_i}{\partial s_j}$$"
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SCORE, "proved"),
        (SCORE.replace(r"} = -", "} = "), "unread"),
        (SCORE.replace(r"{y_i}{p_i}", r"{y_i}{p_i^2}"), "unread"),
        (LAYER, "proved"),
        # entry by entry, where only ∂v_i/∂x_i is written
        (
            LAYER
            + r"$$\frac{\partial r}{\partial x_i} = \frac{\partial r}{\partial v_i} \frac{\partial v_i}{\partial x_i}$$",  # noqa: E501
            "proved",
        ),
        # and not where another line has ∂v_k/∂x_i
        (
            LAYER
            + r"With $\frac{\partial v_k}{\partial x_i}$ as above, "
            + r"$$\frac{\partial r}{\partial x_i} = \frac{\partial r}{\partial v_i} \frac{\partial v_i}{\partial x_i}$$",  # noqa: E501
            "unread",
        ),
        # what is defined is not taken to be another function
        (
            r"Let $v = 3 u$. $$\frac{\partial r}{\partial u} = 2 \frac{\partial r}{\partial v}$$",
            "unread",
        ),
    ],
)
def test_what_nothing_makes(text: str, kind: str) -> None:
    found = last(text)
    assert found[0] == kind
    assert ("some function of what it is differentiated by" in found[1]) == (kind == "proved")
