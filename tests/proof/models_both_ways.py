"""Models with states that run forward in time and others that run backward."""

from __future__ import annotations

F = "h_t = f(h_{t-1}, x_t, \\theta)"
B = "k_t = b(k_{t+1}, x_t, \\theta)"
END_B = "k_{T+1} = 0"
OUTPUT = "o_t = g(h_t, k_t, \\theta)"
COST = "C = \\sum_{t=1}^{T} l(o_t)"

# The definitions, and which states run forward (1), backward (-1) or in no direction (0).
MODELS = {
    "one of each": ((F, B, END_B, OUTPUT, COST), {"h": 1, "k": -1, "o": 0}),
    "backward alone": ((B, END_B, "C = \\sum_{t=1}^{T} l(k_t)"), {"k": -1}),
    "the backward state of the same step in the forward one": (
        ("h_t = f(h_{t-1}, k_t, \\theta)", B, END_B, "C = l(h_T)"),
        {"h": 1, "k": -1},
    ),
    "the forward state of any step in the backward one": (
        (F, "k_t = b(k_{t+1}, h_{t-1}, h_t, \\theta)", END_B, "C = \\sum_{t=1}^{T} l(k_t)"),
        {"h": 1, "k": -1},
    ),
    "a later forward state in the backward one": (
        (
            "h_t = f(h_{t-1}, \\theta)",
            "h_{T+1} = 0",
            "h_{T+2} = r",
            "k_t = b(k_{t+1}, h_{t+2}, \\theta)",
            END_B,
            "C = l(k_1)",
        ),
        {"h": 1, "k": -1},
    ),
    "an earlier backward state in the forward one": (
        ("h_t = f(h_{t-1}, k_{t-2}, k_{t+1}, \\theta)", B, END_B, "C = l(h_T)"),
        {"h": 1, "k": -1},
    ),
    "two layers": (
        (
            F,
            B,
            END_B,
            "m_t = p(m_{t-1}, h_t, k_t, \\theta)",
            "n_t = q(n_{t+1}, h_t, k_t)",
            "n_{T+1} = 0",
            "C = \\sum_{t=1}^{T} l(m_t, n_t)",
        ),
        {"h": 1, "k": -1, "m": 1, "n": -1},
    ),
    "final and initial states of the parameter": (
        ("h_0 = a(\\theta)", F, B, "k_{T+1} = c(\\theta)", OUTPUT, COST),
        {"h": 1, "k": -1, "o": 0},
    ),
    "a shared quantity in the final state alone": (
        ("w = a(\\theta)", "k_{T+1} = w", "k_t = b(k_{t+1}, x_t)", "C = l(k_1)"),
        {"k": -1},
    ),
    "a lag of two, final states of the parameter": (
        (
            "h_t = f(h_{t-1}, h_{t-2}, \\theta)",
            "h_0 = a(\\theta)",
            "h_{-1} = e(\\theta)",
            "k_t = b(k_{t+2}, h_t)",
            "k_{T+1} = 0",
            "k_{T+2} = c(\\theta)",
            "C = \\sum_{t=1}^{T} l(k_t, h_t)",
        ),
        {"h": 1, "k": -1},
    ),
    "a final state of a final state": (
        (
            "k_t = b(k_{t+2}, \\theta)",
            "k_{T+2} = c(\\theta)",
            "k_{T+1} = e(k_{T+2}, \\theta)",
            "C = l(k_1)",
        ),
        {"k": -1},
    ),
    "the final state in the cost": (
        (B, "k_{T+1} = c(\\theta)", "C = l(k_1, k_{T+1}) + \\sum_{t=1}^{T+1} r(k_t)"),
        {"k": -1},
    ),
    "coupled backward": (
        (
            "k_t = b(k_{t+1}, n_t, \\theta)",
            "n_t = q(n_{t+1}, k_{t+1}, \\theta)",
            "k_{T+1} = 0",
            "n_{T+1} = 0",
            "C = \\sum_{t=1}^{T} l(k_t)",
        ),
        {"k": -1, "n": -1},
    ),
    "a step back on the way forward, two steps on": (
        (
            "k_t = b(n_{t+2}, \\theta)",
            "n_t = q(k_{t-1})",
            "n_{T+1} = 0",
            "n_{T+2} = 0",
            "C = l(k_1)",
        ),
        {"k": -1, "n": -1},
    ),
    "the first states given": (
        ("h_1 = a(\\theta)", F, B, "k_{T+1} = c(\\theta)", OUTPUT, COST),
        {"h": 1, "k": -1, "o": 0},
    ),
    "averages of averages": (
        (
            F,
            B,
            END_B,
            "m = \\frac{1}{T} \\sum_{t=1}^{T} k_t",
            "n = \\sum_{t=1}^{T} h_t",
            "C = \\frac{m}{n} + r(\\theta)",
        ),
        {"h": 1, "k": -1},
    ),
    "closed": (
        (
            "h_t = w h_{t-1} + u k_t",
            "k_t = \\tanh(v k_{t+1} + x_t)",
            END_B,
            "C = \\sum_{t=1}^{T} (h_t - y_t)^2",
        ),
        {"h": 1, "k": -1},
    ),
    "a later forward state, given beyond the end": (
        (F, "h_{T+1} = q(\\theta)", "k_t = b(h_{t+1}, k_{t+1})", END_B, "C = l(k_1, h_T)"),
        {"h": 1, "k": -1},
    ),
}
