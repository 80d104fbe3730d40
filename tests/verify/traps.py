"""Lines that an earlier draft of the rules would have proved, and true lines that it would have refuted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpus import Page, read

NETWORK = (
    "h_t = f(h_{t-1}, x_t, \\theta)",
    "o_t = g(h_t, \\theta)",
    "L_t = \\ell(o_t, y_t)",
    "C = \\sum_{t=1}^{T} L_t",
)
FEEDBACK = ("h_t = f(h_{t-1}, o_{t-1}, \\theta)", *NETWORK[1:])
COUPLED = (
    "c_t = q(c_{t-1}, h_{t-1}, x_t, \\theta)",
    "h_t = f(h_{t-1}, c_t, \\theta)",
    *NETWORK[1:],
)
LINEAR = ("h_t = \\theta h_{t-1} + x_t", "C = h_T^2")
ADJOINT = (
    *NETWORK,
    "J_t := \\frac{\\partial h_t}{\\partial h_{t-1}}",
    "\\delta_t = \\frac{\\partial L_t}{\\partial o_t} \\frac{\\partial o_t}{\\partial h_t}"
    " + \\delta_{t+1} J_{t+1}",
)
NEVER_PROVED = frozenset({"refuted", "unread", "tested", "carried", "ambiguous"})


@dataclass(frozen=True)
class Trap:
    """`line` after `definitions`: one of the `allowed` verdicts; the oracle's `truth`, where it has one."""

    name: str
    definitions: tuple[str, ...]
    line: str
    allowed: frozenset[str]
    truth: str = ""

    def text(self) -> str:
        shown = "".join(f"\\[ {d} \\]\n" for d in self.definitions)
        return f"Let\n{shown}Then\n\\[ {self.line} \\]\n"

    def page(self) -> Page:
        return read(Path(f"{self.name}.tex"), self.text())


def bad(name: str, definitions: tuple[str, ...], line: str, truth: str, *allowed: str) -> Trap:
    return Trap(name, definitions, line, frozenset(allowed or ("refuted",)), truth)


def good(name: str, definitions: tuple[str, ...], line: str, truth: str = "true") -> Trap:
    return Trap(name, definitions, line, frozenset({"proved"}), truth)


TRAPS = (
    bad(
        "reversed-product",
        NETWORK,
        "\\frac{\\partial h_T}{\\partial h_0} = "
        "\\prod_{i=1}^{T} \\frac{\\partial h_{T+1-i}}{\\partial h_{T-i}}",
        "scalars",
        "refuted",
        "ambiguous",
        "tested",
    ),
    bad("agrees-at-one", LINEAR, "2 \\cdot 3^T = 3 \\cdot 2^T", "false"),
    bad(
        "undeclared",
        (),
        "\\frac{\\partial z}{\\partial w} = 7 \\frac{\\partial z}{\\partial q}",
        "meaningless",
        "unread",
    ),
    bad(
        "two-zeros",
        ("h_0 = 0", "c_0 = 0", *COUPLED),
        "\\frac{\\partial C}{\\partial h_0} = \\frac{\\partial C}{\\partial c_0}",
        "",
        "refuted",
    ),
    bad(
        "second-order",
        NETWORK,
        "\\frac{\\partial}{\\partial \\theta} \\left( \\frac{\\partial L_t}{\\partial o_t} \\right) = 0",
        "meaningless",
        "unread",
        "refuted",
    ),
    bad(
        "twice-up-to-the-end",
        NETWORK,
        "\\frac{\\partial C}{\\partial h_t} = \\frac{\\partial L_t}{\\partial h_t} "
        "+ \\frac{\\partial L_{t+1}}{\\partial h_t} + \\frac{\\partial C}{\\partial h_{t+2}} "
        "\\frac{\\partial h_{t+2}}{\\partial h_t} \\quad \\text{for } t \\le T",
        "",
        *NEVER_PROVED,
        "proved",
    ),
    bad(
        "feedback-with-totals",
        FEEDBACK,
        "\\frac{\\partial C}{\\partial h_t} = \\frac{\\partial C}{\\partial o_t} "
        "\\frac{\\partial o_t}{\\partial h_t} + \\frac{\\partial C}{\\partial h_{t+1}} "
        "\\frac{\\partial h_{t+1}}{\\partial h_t}",
        "false",
        "refuted",
        "ambiguous",
    ),
    bad("nothing", NETWORK, "\\frac{\\partial C}{\\partial \\theta} = 0", "false"),
    good("power", LINEAR, "\\frac{\\partial h_T}{\\partial h_0} = \\theta^T"),
    good("sech", (), "1 - \\tanh^2(a) = \\frac{1}{\\cosh^2(a)}"),
    good("sech-by-name", (), "1 - \\tanh^2 a = \\operatorname{sech}^2 a", ""),
    good(
        "product",
        NETWORK,
        "\\frac{\\partial h_t}{\\partial h_k} = "
        "\\prod_{i=k+1}^{t} \\frac{\\partial h_i}{\\partial h_{i-1}}",
    ),
    good(
        "product-with-its-range",
        NETWORK,
        "\\frac{\\partial h_t}{\\partial h_k} = "
        "\\prod_{i=k+1}^{t} \\frac{\\partial h_i}{\\partial h_{i-1}} \\quad \\text{for } k \\le t",
    ),
    good("no-final-value", ADJOINT, "\\frac{\\partial C}{\\partial h_t} = \\delta_t"),
)
