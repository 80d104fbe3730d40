"""Formulas as Unicode text for a terminal: ∂C/∂h₁, hₜ₋₁, Σ_{s=1}^{T}."""

from __future__ import annotations

import re

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Derivative,
    Equation,
    Expr,
    Gradient,
    Held,
    Immediate,
    Index,
    Number,
    Partial,
    Power,
    Product,
    Quotient,
    Sum,
    Total,
    Truncated,
    Tuple,
    Variable,
    Via,
)
from derive.notation.latex import time_text

LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "varrho": "ϱ",
    "sigma": "σ", "varsigma": "ς", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω", "ell": "ℓ", "hbar": "ħ",
}  # fmt: skip

MARKS = {
    "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0304",
    "tilde": "\u0303", "widetilde": "\u0303", "vec": "\u20d7", "dot": "\u0307", "underline": "\u0332",
}  # fmt: skip

BELOW = str.maketrans("0123456789+-tksnijmp", "₀₁₂₃₄₅₆₇₈₉₊₋ₜₖₛₙᵢⱼₘₚ")
ABOVE = str.maketrans("0123456789+-tkn", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵗᵏⁿ")


def text(node: Expr | Equation) -> str:
    """`node` in one line of Unicode."""
    if isinstance(node, Equation):
        return f"{text(node.left)} = {text(node.right)}"
    match node:
        case Sum():
            return " ".join(text_terms(node))
        case Product(factors):
            return _product(factors)
        case Number(value):
            return str(value)
        case Variable(name, time, copy):
            mark = f"^({time_text(copy)})" if copy is not None else ""
            return f"{_name(name)}{_below(time_text(time)) if time is not None else ''}{mark}"
        case Index(time):
            return time_text(time)
        case Call():
            return _call(node)
        case Tuple(items):
            return f"({', '.join(map(text, items))})"
        case Quotient(a, b):
            return f"{_tight(a)}/{_tight(b)}"
        case Power(a, b):
            return f"{_tight(a)}{_above(text(b))}"
        case BigSum(index, lower, upper, body):
            return f"Σ_{{{index}={time_text(lower)}}}^{{{time_text(upper)}}} {_body(body)}"
        case BigProduct(index, lower, upper, body):
            return f"Π_{{{index}={time_text(lower)}}}^{{{time_text(upper)}}} {_body(body)}"
        case Derivative():
            return _derivative(node)
        case Gradient(of, by):
            return f"∇{_subscript(text(by))} {text(of)}"
        case Partial(call, slot):
            return f"∂{text(call)}/∂{text(call.arguments[slot - 1])}"
        case _:
            raise TypeError(f"no text for {node!r}")


def text_terms(expr: Expr) -> tuple[str, ...]:
    """The terms of a sum, each but the first with its sign in front."""
    terms = expr.terms if isinstance(expr, Sum) else (expr,)
    return tuple(_signed(term, first=not i) for i, term in enumerate(terms))


def _signed(term: Expr, first: bool) -> str:
    written = f"({text(term)})" if isinstance(term, Sum) else text(term)
    if first:
        return written
    return f"− {written[1:]}" if written.startswith("-") else f"+ {written}"


def _derivative(node: Derivative) -> str:
    of, by = text(node.of), text(node.by)
    match node:
        case Total():
            return f"∂{of}/∂{by}"
        case Immediate():
            return f"∂⁺{of}/∂{by}"
        case Truncated(_, _, steps):
            return f"∂^≤{steps} {of}/∂{by}"
        case Via(_, _, through):
            return f"(∂{of}/∂{by}){_subscript(text(through))}"
        case Held(_, _, held):
            return f"(∂{of}/∂{by})_{{{text(held)} held}}"
        case _:
            raise TypeError(f"no text for {node!r}")


def _subscript(inner: str) -> str:
    return f"_{inner}" if len(inner) == 1 else f"_{{{inner}}}"


def _product(factors: tuple[Expr, ...]) -> str:
    head, *rest = factors
    if isinstance(head, Number) and head.value == -1 and not isinstance(rest[0], Number):
        return f"-{_product(tuple(rest)) if len(rest) > 1 else _factor(rest[0], True)}"
    pieces = [_factor(f, i == len(factors) - 1) for i, f in enumerate(factors)]
    line = pieces[0]
    for piece in pieces[1:]:
        line += f"·{piece}" if piece[:1].isdigit() else f" {piece}"
    return line


def _factor(factor: Expr, last: bool) -> str:
    open_end = isinstance(factor, BigSum | BigProduct) and not last
    negative = isinstance(factor, Number) and factor.value < 0
    if isinstance(factor, Sum | Product) or open_end:
        return f"({text(factor)})"
    return f"({text(factor)})" if negative and last else text(factor)


def _tight(expr: Expr) -> str:
    whole = isinstance(expr, Number) and expr.value >= 0 and expr.value.denominator == 1
    if isinstance(expr, Variable | Call | Index) or whole:
        return text(expr)
    return f"({text(expr)})"


def _body(body: Expr) -> str:
    return f"{{{text(body)}}}" if isinstance(body, Sum) else text(body)


def _call(call: Call) -> str:
    arguments = ", ".join(map(text, call.arguments))
    name = _name(call.function)
    if call.function == "\\sqrt":
        name = "√"
    if len(call.arguments) == 1:
        return f"{name}{chr(8242) * len(call.slots)}({arguments})"
    marks = "".join(f"∂{_below(str(slot))}" for slot in reversed(call.slots))
    return f"{marks}{name}({arguments})"


def _below(index: str) -> str:
    """A subscript in Unicode where every character has one, else _{…}."""
    if all(ord(char) in BELOW for char in index):
        return index.translate(BELOW)
    return f"_{index}" if len(index) == 1 else f"_{{{index}}}"


def _above(exponent: str) -> str:
    if all(ord(char) in ABOVE for char in exponent):
        return exponent.translate(ABOVE)
    return f"^{exponent}" if len(exponent) == 1 else f"^({exponent})"


def _name(name: str) -> str:
    """A LaTeX name as Unicode: \\hat{y} is ŷ, W_{h} is W_h, \\mathrm{loss} is loss."""
    base, _, label = name.partition("_")
    styled = re.fullmatch(r"\\([a-zA-Z]+)\{(.*)\}", base)
    if styled:
        inner = _name(styled[2])
        base = inner + MARKS.get(styled[1], "")
    elif base.startswith("\\"):
        stem = base[1:].rstrip("'")
        base = LETTERS.get(stem, stem) + "′" * base.count("'")
    if not label:
        return base
    inside = re.sub(r"\\([a-zA-Z]+)", lambda m: LETTERS.get(m[1], m[1]), label.strip("{}"))
    return f"{base}{_below(inside)}"
