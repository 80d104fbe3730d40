"""Pages that speak of the last layer and mean each; and what is said once more with something put in."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge


def last(text: str) -> tuple[str, str]:
    """The verdict on the last formula of a page, and in which reading."""
    verdict = judge("page.md", text, Path(".")).formulas[-1].verdict
    return verdict.kind, verdict.reading or ""


OUTPUT = r"""Unit $i$ of layer $l$ has the input $z_i^l$ and the output $a_i^l$.
In the last layer $z_i^L = \sum_j w_{ij}^L a_j^{L-1} + c_i^L$ and $a_i^L = \sigma(z_i^L)$;
the cost is $E = \frac{1}{2} \sum_i (a_i^L - y_i)^2$. Let $\delta_i^L = \frac{\partial E}{\partial z_i^L}$.
"""
ALIKE = "each layer is made like the last"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (
            r"\frac{\partial E}{\partial a_j^l} = \sum_i w_{ij}^{l+1} \delta_i^{l+1}",
            "proved",
        ),
        (r"\frac{\partial E}{\partial w_{ij}^l} = \delta_i^l a_j^{l-1}", "proved"),
        (r"\frac{\partial E}{\partial w_{ij}^l} = \delta_i^l a_j^l", "unread"),
        (r"\frac{\partial E}{\partial c_i^l} = \delta_i^l \cdot \textcolor{red}{1}", "proved"),
        (
            r"\frac{\partial E}{\partial a_j^l} = \sum_i w_{ji}^{l+1} \delta_i^{l+1}",
            "unread",
        ),
    ],
)
def test_each_layer_is_made_like_the_last(line: str, kind: str) -> None:
    found = last(OUTPUT + f"$${line}$$")
    assert found[0] == kind
    assert (ALIKE in found[1]) == (kind == "proved")


def test_the_end_of_a_recursion_is_no_rule_for_each_layer() -> None:
    """The error of the last layer is closed; that of the others is not alike."""
    text = (
        OUTPUT
        + r"""We have $\delta_i^L = (a_i^L - y_i) \sigma'(z_i^L)$ and, for the others,
$\delta_j^l = \sigma'(z_j^l) \sum_i w_{ij}^{l+1} \delta_i^{l+1}$.

$$\delta_j^l = (a_j^l - y_j) \sigma'(z_j^l)$$"""
    )
    assert last(text)[0] not in ("proved", "tested", "ambiguous")


@pytest.mark.parametrize(
    ("again", "line", "kind"),
    [
        # the same with more put in: what E is made of stays q
        (
            r"Written out, $$E = \sum_i (\tanh(\sum_j w_{ij} x_j) - y_i)^2$$",
            r"\frac{\partial E}{\partial q_i} = 2 (q_i - y_i)",
            "proved",
        ),
        (
            r"Written out, $$E = \sum_i (\tanh(\sum_j w_{ij} x_j) - y_i)^2$$",
            r"\frac{\partial E}{\partial q_i} = q_i - y_i",
            "refuted",
        ),
        # another cost is another version
        (
            r"Let now $E = \sum_i (\tanh(\sum_j w_{ij} x_j) - y_i)^4$.",
            r"\frac{\partial E}{\partial q_i} = 2 (q_i - y_i)",
            "refuted",
        ),
    ],
)
def test_a_definition_with_more_put_in(again: str, line: str, kind: str) -> None:
    text = rf"""Let $q_i = \tanh(\sum_j w_{{ij}} x_j)$ and $E = \sum_i (q_i - y_i)^2$.

{again}

Hence $${line}$$"""
    assert last(text)[0] == kind
