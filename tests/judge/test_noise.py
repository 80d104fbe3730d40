"""Filters on pages of our own: what follows from noise being noise is proved, and said; nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judge.judge import judge

SYSTEM = r"""
The state follows $$s_k = F s_{k-1} + w_k$$ and is seen as $$m_k = H s_k + v_k$$
"""
SAID = r"where $w_k$ and $v_k$ are white noises, independent of each other. "
COVARIANCES = r"$$E[w_k w_k^T] = Q$$ $$E[v_k v_k^T] = R$$"
FILTER = r"""
The prediction is $$\hat{s}_k^- = F \hat{s}_{k-1}$$ and the update
$$\hat{s}_k = \hat{s}_k^- + K_k (m_k - H \hat{s}_k^-)$$
The errors are $$e_k^- = s_k - \hat{s}_k^-$$ $$e_k = s_k - \hat{s}_k$$ with the covariances
$$P_k^- = E[e_k^- (e_k^-)^T]$$ $$P_k = E[e_k e_k^T]$$
Then
"""
PRIOR = r"P_k^- = F P_{k-1} F^T + Q"
POSTERIOR = r"P_k = (I - K_k H) P_k^- (I - K_k H)^T + K_k R K_k^T"


def last(text: str) -> tuple[str, str]:
    """What is said of the last formula of a page."""
    verdict = judge("page.md", text, Path(".")).formulas[-1].verdict
    return verdict.kind, verdict.reading or ""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (PRIOR, "proved"),
        (POSTERIOR, "proved"),
        (r"E[e_{k-1} w_k^T] = 0", "proved"),
        (r"E[e_k^- v_k^T] = 0", "proved"),
        (r"E[e_k w_k^T] = 0", "unread"),  # the error of a step has the noise of its own step in it
        (r"E[e_k v_k^T] = 0", "unread"),
        (r"E[e_k^- w_k^T] = Q", "proved"),
        (PRIOR.replace("+ Q", "- Q"), "unread"),
        (PRIOR.replace("+ Q", "+ R"), "unread"),
        (PRIOR.replace("F^T", "F"), "unread"),
        (POSTERIOR.replace("+ K_k R", "- K_k R"), "unread"),
        (r"P_k = (I - K_k H) P_k^-", "unread"),  # of one gain alone
    ],
)
def test_covariances_of_a_filter(line: str, expected: str) -> None:
    kind, reading = last(f"{SYSTEM}{SAID}{COVARIANCES}{FILTER}$${line}$$")
    assert kind == expected
    assert (kind == "proved") == ("noise" in reading)


@pytest.mark.parametrize(
    ("said", "covariances", "expected"),
    [
        (r"where $w_k \sim N(0, Q)$ and $v_k \sim N(0, R)$. ", "", "proved"),
        (
            r"where $w_k \sim \mathcal{N}(0, Q)$ and $v_k \sim \mathcal{N}(0, R)$ are noise. ",
            "",
            "proved",
        ),
        (r"其中 $w_k$ 和 $v_k$ 分别是过程噪声和测量噪声，服从高斯分布。", COVARIANCES, "proved"),
        (r"ただし $w_k$ と $v_k$ は白色雑音。", COVARIANCES, "proved"),
        (
            r"where $w_k$ is the process noise and $v_k$ the measurement noise. ",
            COVARIANCES,
            "ambiguous",
        ),
        (r"where $w_k$ and $v_k$ are unknown. ", "", "unread"),
        (r"where $w_k \sim N(1, Q)$ and $v_k \sim N(0, R)$. ", "", "unread"),
    ],
)
def test_what_a_page_says_of_noise(said: str, covariances: str, expected: str) -> None:
    assert last(f"{SYSTEM}{said}{covariances}{FILTER}$${PRIOR}$$")[0] == expected


def test_the_noise_of_a_step_is_not_that_of_the_next() -> None:
    moved = SYSTEM.replace("+ w_k", "+ w_{k-1}")
    page = f"{moved}{SAID}{COVARIANCES}{FILTER}"
    assert last(rf"{page}$${PRIOR}$$")[0] == "proved"
    assert last(rf"{page}$$E[e_{{k-1}} w_{{k-1}}^T] = 0$$")[0] == "proved"
    assert last(rf"{page}$$E[e_{{k+1}} w_k^T] = 0$$")[0] == "unread"


CONDITIONAL = r"""
$$s_k = F s_{k-1} + B u_k + w_k, \quad w_k \sim \mathcal{N}(0, Q)$$
$$m_k = H s_k + v_k, \quad v_k \sim \mathcal{N}(0, R)$$
$$\hat{s}_{k|k-1} = F \hat{s}_{k-1|k-1} + B u_k$$
$$\hat{s}_{k|k} = \hat{s}_{k|k-1} + K_k (m_k - H \hat{s}_{k|k-1})$$
$$P_{k|k} = E[(s_k - \hat{s}_{k|k})(s_k - \hat{s}_{k|k})^T]$$
$$P_{k|k-1} = E[(s_k - \hat{s}_{k|k-1})(s_k - \hat{s}_{k|k-1})^T]$$
$$S_k = H P_{k|k-1} H^T + R$$

"""


@pytest.mark.parametrize("bar", ["|", r"\mid ", "/"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"P_{k|k-1} = F P_{k-1|k-1} F^T + Q", "proved"),
        (r"P_{k|k} = (I - K_k H) P_{k|k-1} (I - K_k H)^T + K_k R K_k^T", "proved"),
        (r"P_{k|k} = P_{k|k-1} - K_k H P_{k|k-1} - P_{k|k-1} H^T K_k^T + K_k S_k K_k^T", "proved"),
        (
            r"\frac{\partial\operatorname{tr}(P_{k|k})}{\partial K_k} = 2 K_k S_k - 2 P_{k|k-1} H^T",
            "proved",
        ),
        (
            r"\frac{\partial\operatorname{tr}(P_{k|k})}{\partial K_k} = 2 K_k S_k + 2 P_{k|k-1} H^T",
            "unread",
        ),
        (r"P_{k|k-1} = F P_{k|k} F^T + Q", "definition"),  # of another P, for all that is said
    ],
)
def test_indices_on_a_condition(bar: str, line: str, expected: str) -> None:
    assert last(f"{CONDITIONAL}$${line}$$".replace("|", bar))[0] == expected


def test_an_estimate_on_a_condition_is_not_the_state() -> None:
    text = (
        r"$$s_k = F s_{k-1} + w_k$$ $$s_{k|k} = s_{k|k-1} + K_k r_k$$ $$s_{k|k} = F s_{k-1} + w_k$$"
    )
    assert last(text)[0] not in ("proved", "refuted")


def test_a_minus_above_is_transposed_and_no_inverse() -> None:
    page = f"{SYSTEM}{SAID}{COVARIANCES}{FILTER}"
    line = r"$$P_k = (I - K_k H) E[e_k^- e_k^{-T}] (I - K_k H)^T + K_k R K_k^T$$"
    assert last(page + line)[0] == "proved"
