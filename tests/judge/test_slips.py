"""What a teacher would say of a wrong line: the slip by its name, and the line as it was meant; and true lines with the same look."""  # noqa: E501

from __future__ import annotations

import pytest

from derive.judge.readers import judge
from derive.verify.options import Options
from derive.verify.verdicts import Verdict

CELL = r"Let $m_t = q(m_{t-1}, x_t, \omega)$, $p_t = g(m_t)$, $E_t = \ell(p_t)$ and $C = \sum_{t=1}^T E_t$."
CLOSED = r"Let $z_t = a m_{t-1} + b x_t$, $m_t = \tanh(z_t)$, $E_t = \frac12 (m_t - y_t)^2$ and $C = \sum_{t=1}^T E_t$."  # noqa: E501
GATE = r"Let $u_t = a x_t$, $r_t = \sigma(u_t)$ with $\sigma(u) = \frac{1}{1 + e^{-u}}$, $n_t = b x_t$, $m_t = r_t n_t$."  # noqa: E501
ENTRIES = (
    r"Let $z_i = \sum_{j=1}^n A_{ij} x_j$, $p_i = \frac{e^{z_i}}{\sum_{k=1}^K e^{z_k}}$ and "
    r"$E = \frac12 \sum_{i=1}^K (p_i - y_i)^2$, $H = \frac12 \sum_{i=1}^K (z_i - y_i)^2$."
)
VECTOR = (
    r"Let $z_t = A m_{t-1} + B x_t$, $m_t = \tanh(z_t)$, $p_t = V m_t$, $A \in \mathbb{R}^{n \times n}$, "
    r"$B \in \mathbb{R}^{n \times d}$, $V \in \mathbb{R}^{k \times n}$, $E_t = \frac12 \|p_t - y_t\|^2$ "
    r"and $C = \sum_{t=1}^T E_t$."
)
TABLE = r"Let $v = 3 x^2 y$, $x = r s$ and $y = r + s^2$."
WRONG = [
    # a Σ that is missing, or too many, or ends elsewhere
    (
        CELL,
        r"\frac{\partial C}{\partial \omega} = \frac{\partial E_T}{\partial \omega}",
        "the sum over t is missing",
        r"\sum_{t=1}^T \frac{\partial E_t}{\partial \omega}",
    ),
    (
        VECTOR,
        r"\nabla_V C = (p_T - y_T) m_T^\top",
        "the sum over t is missing",
        r"\sum_{t=1}^T (p_t - y_t) m_t^\top",
    ),
    (
        CELL,
        r"\frac{\partial m_t}{\partial \omega} = \sum_{1 \leq k < t} \frac{\partial m_t}{\partial m_k} \frac{\partial^+ m_k}{\partial \omega}",  # noqa: E501
        "an end of the sum",
        r"\sum_{1 \leq k \leq t} \frac{\partial m_t}{\partial m_k} \frac{\partial^+ m_k}{\partial \omega}",
    ),
    (
        ENTRIES,
        r"\frac{\partial E}{\partial z_i} = \frac{\partial E}{\partial p_i} \frac{\partial p_i}{\partial z_i}",  # noqa: E501
        "the sum over the components of p_i is missing",
        r"\sum_{k} \frac{\partial E}{\partial p_k} \frac{\partial p_k}{\partial z_i}",
    ),
    # the immediate derivative and the total one
    (
        CELL,
        r"\frac{\partial E_t}{\partial \omega} = \frac{\partial E_t}{\partial m_t} \frac{\partial^+ m_t}{\partial \omega}",  # noqa: E501
        "total",
        r"\frac{\partial E_t}{\partial m_t} \frac{\partial m_t}{\partial \omega}",
    ),
    (
        CELL,
        r"\frac{\partial m_3}{\partial \omega} = \frac{\partial m_3}{\partial m_2} \frac{\partial m_2}{\partial \omega} + \frac{\partial m_3}{\partial m_2} \frac{\partial m_2}{\partial m_1} \frac{\partial m_1}{\partial \omega}",  # noqa: E501
        "direct use",
        r"\frac{\partial m_3}{\partial m_2} \frac{\partial^+ m_2}{\partial \omega} + \frac{\partial m_3}{\partial m_2} \frac{\partial m_2}{\partial m_1} \frac{\partial^+ m_1}{\partial \omega} + \frac{\partial^+ m_3}{\partial \omega}",  # noqa: E501
    ),
    # brackets and signs
    (
        CLOSED,
        r"\frac{\partial m_t}{\partial m_{t-1}} = 1 - m_t^2 a",
        "brackets",
        r"(1 - m_t^2) a",
    ),
    (
        TABLE,
        r"\frac{\partial v}{\partial s} = (6 x y) r - (3 x^2) (2 s)",
        "sign",
        r"(6 x y) r + (3 x^2) (2 s)",
    ),
    # one thing for another
    (
        ENTRIES,
        r"\frac{\partial H}{\partial A_{ij}} = (z_j - y_j) x_i",
        "exchanged",
        r"(z_i - y_i) x_j",
    ),
    (
        CELL,
        r"\frac{\partial E_t}{\partial \omega} = \frac{\partial E_t}{\partial p_t} \frac{\partial p_t}{\partial m_t}",  # noqa: E501
        "missing",
        r"\frac{\partial E_t}{\partial p_t} \frac{\partial p_t}{\partial m_t} \frac{\partial m_t}{\partial \omega}",  # noqa: E501
    ),
    (
        TABLE,
        r"\frac{\partial v}{\partial s} = \frac{\partial v}{\partial x} \frac{\partial x}{\partial s} + \frac{\partial v}{\partial y} \frac{\partial y}{\partial r}",  # noqa: E501
        "r stands where s is meant",
        r"\frac{\partial v}{\partial x} \frac{\partial x}{\partial s} + \frac{\partial v}{\partial y} \frac{\partial y}{\partial s}",  # noqa: E501
    ),
    (
        GATE,
        r"\frac{\partial m_t}{\partial u_t} = n_t \sigma(r_t) (1 - \sigma(r_t))",
        "once too often",
        r"n_t r_t (1 - r_t)",
    ),
    (
        CELL,
        r"\frac{\partial p_t}{\partial m_{t-1}} = g'(m_t)",
        r"the factor \frac{\partial m_t}{\partial m_{t-1}} is missing",
        r"g'(m_t) \frac{\partial m_t}{\partial m_{t-1}}",
    ),
    # what is left out
    (
        VECTOR,
        r"\nabla_{m_t} C = \left(\frac{\partial m_{t+1}}{\partial m_t}\right)^\top \nabla_{m_{t+1}} C",
        "the path through p_t is missing",
        r"\left(\frac{\partial m_{t+1}}{\partial m_t}\right)^\top \nabla_{m_{t+1}} C + \left(\frac{\partial p_t}{\partial m_t}\right)^\top \nabla_{p_t} C",  # noqa: E501
    ),
    (
        CLOSED,
        r"\frac{\partial E_t}{\partial z_t} = m_t - y_t",
        r"the factor \frac{\partial m_t}{\partial z_t} is missing",
        r"(m_t - y_t) \frac{\partial m_t}{\partial z_t}",
    ),
]
TRUE = [
    (CELL, r"\frac{\partial C}{\partial p_T} = \frac{\partial E_T}{\partial p_T}"),
    (
        CELL,
        r"\frac{\partial C}{\partial \omega} = \sum_{t=1}^T \frac{\partial E_t}{\partial \omega}",
    ),
    (
        CELL,
        r"\frac{\partial m_t}{\partial \omega} = \sum_{1 \leq k \leq t} \frac{\partial m_t}{\partial m_k} \frac{\partial^+ m_k}{\partial \omega}",  # noqa: E501
    ),
    (CLOSED, r"\frac{\partial m_t}{\partial m_{t-1}} = a - m_t^2 a"),
    (ENTRIES, r"\frac{\partial H}{\partial A_{ij}} = x_j (z_i - y_i)"),
    (
        ENTRIES,
        r"\frac{\partial H}{\partial A_{ij}} = \frac{\partial H}{\partial z_i} \frac{\partial z_i}{\partial A_{ij}}",  # noqa: E501
    ),
    (
        TABLE,
        r"\frac{\partial v}{\partial s} = \frac{\partial v}{\partial y} \frac{\partial y}{\partial s} + \frac{\partial v}{\partial x} \frac{\partial x}{\partial s}",  # noqa: E501
    ),
    (GATE, r"\frac{\partial m_t}{\partial u_t} = n_t \sigma(u_t) (1 - \sigma(u_t))"),
    (VECTOR, r"\nabla_V C = \sum_{t=1}^T (p_t - y_t) m_t^\top"),
]


def verdict(model: str, line: str) -> Verdict:
    page = f"{model}\n\nThen\n$${line}$$\n"
    return judge("page.tex", page, Options()).formulas[-1].verdict


def bare(latex: str) -> str:
    """A member without its head, and without the braces and blanks that an edit leaves."""
    right = latex.partition(" = ")[2] if " = " in latex else latex
    return "".join(right.replace("{", "").replace("}", "").split())


@pytest.mark.parametrize(("model", "line", "cause", "meant"), WRONG)
def test_a_slip_is_named_and_undone(model: str, line: str, cause: str, meant: str) -> None:
    found = verdict(model, line)
    assert found.kind == "refuted"
    assert cause in found.reason
    assert found.suggestion
    if meant:
        assert bare(found.suggestion) == bare(meant)


@pytest.mark.parametrize(("model", "line"), TRUE)
def test_a_true_line_that_looks_alike_is_not_accused(model: str, line: str) -> None:
    assert verdict(model, line).kind in ("proved", "ambiguous")
