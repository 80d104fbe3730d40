"""Formulas as Unicode text for a terminal: ∂C/∂h₁, hₜ₋₁, Σ_{s=1}^{T}."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from derive.algebra.expression import (
    MINUS_ONE,
    BigProduct,
    BigSum,
    Call,
    Derivative,
    Equation,
    Expr,
    Gradient,
    Hadamard,
    Held,
    Immediate,
    Index,
    Number,
    Partial,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Transpose,
    Truncated,
    Tuple,
    Variable,
    Via,
)
from derive.notation.latex import (
    CONCATENATION,
    NORM,
    REALS,
    is_compound,
    is_negative,
    precedes_transposed,
    takes_transposition,
    time_text,
)

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
    "tilde": "\u0303", "widetilde": "\u0303", "vec": "\u20d7", "dot": "\u0307",
    "ddot": "\u0308", "underline": "\u0332",
}  # fmt: skip

BELOW = str.maketrans("0123456789+-−tksnijmp", "₀₁₂₃₄₅₆₇₈₉₊₋₋ₜₖₛₙᵢⱼₘₚ")
ABOVE = str.maketrans("0123456789+-−tkn", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ᵗᵏⁿ")
STYLED = re.compile(r"\\([a-zA-Z]+)\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
MACRO = re.compile(r"\\([a-zA-Z]+) ?")


@lru_cache(maxsize=4_000)
def text(node: Expr | Equation) -> str:
    """`node` in one line of Unicode."""
    match node:
        case Equation(left, right):
            return f"{text(left)} = {text(right)}"
        case Sum():
            return " ".join(text_terms(node))
        case Product(factors):
            return _product(factors)
        case Number(value):
            return str(value).replace("-", "−")
        case Variable(name, time, copy):
            mark = f"^({_when(copy)})" if copy is not None else ""
            return f"{_name(name)}{_below(_when(time)) if time is not None else ''}{mark}"
        case Index(time):
            return _when(time)
        case Call():
            return _call(node)
        case Tuple(items):
            return f"({', '.join(map(text, items))})"
        case Quotient(a, b):
            return f"{_tight(a)}/{_tight(b)}"
        case Power(a, b):
            return f"{_tight(a)}{_above(text(b))}"
        case Transpose(of):
            return f"{text(of) if takes_transposition(of) else f'({text(of)})'}ᵀ"
        case Hadamard(factors):
            return " ⊙ ".join(map(_entrywise, factors))
        case BigSum() | BigProduct():
            return _big(node)
        case Derivative():
            return _derivative(node)
        case Gradient(of, by):
            return f"∇{_subscript(text(by))} {text(of)}"
        case Partial(call, slot):
            return _partial(call, slot)
        case _:
            raise TypeError(f"no text for {node!r}")


def text_terms(expr: Expr) -> tuple[str, ...]:
    """The terms of a sum, each but the first with its sign in front."""
    terms = expr.terms if isinstance(expr, Sum) else (expr,)
    if len(terms) == 1:
        return (text(expr),)
    return tuple(text_signed(terms))


def text_signed(terms: Iterable[Expr]) -> Iterator[str]:
    """The terms of a sum of several, as they come, each but the first with its sign in front."""
    return (_signed(term, first=not i) for i, term in enumerate(terms))


def _signed(term: Expr, first: bool) -> str:
    written = f"({text(term)})" if is_compound(term) else text(term)
    if first:
        return written
    return f"− {written[1:]}" if is_negative(term) else f"+ {written}"


def _big(node: BigSum | BigProduct) -> str:
    sign = "Σ" if isinstance(node, BigSum) else "Π"
    lower = f"{_letters(node.index)}={_when(node.lower)}"
    return f"{sign}_{{{lower}}}^{{{_when(node.upper)}}} {_body(node.body)}"


def _partial(call: Call, slot: int) -> str:
    argument = call.arguments[slot - 1]
    if isinstance(argument, Variable) and call.arguments.count(argument) == 1 and not call.slots:
        return f"∂{text(call)}/∂{text(argument)}"
    return text(Call(call.function, call.arguments, (*call.slots, slot)))


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
    head, rest = factors[0], factors[1:]
    if head == MINUS_ONE and rest and not isinstance(rest[0], Number):
        return f"−{_joined(rest)}"
    return _joined(factors)


def _joined(factors: tuple[Expr, ...]) -> str:
    last = len(factors) - 1
    pieces = [
        f"({text(f)})" if precedes_transposed(f, after) else _factor(f, not i, i == last)
        for i, (f, after) in enumerate(zip(factors, (*factors[1:], None), strict=True))
    ]
    return pieces[0] + "".join(f"·{p}" if p[0].isdigit() else f" {p}" for p in pieces[1:])


def _factor(factor: Expr, first: bool, last: bool) -> str:
    open_end = isinstance(factor, BigSum | BigProduct) and not last
    negative = isinstance(factor, Number) and factor.value < 0 and not first
    fraction = isinstance(factor, Number) and factor.value.denominator > 1 and not last
    loose = isinstance(factor, Product) or (isinstance(factor, Hadamard) and not (first and last))
    if loose or is_compound(factor) or open_end or negative or fraction:
        sign = "−" if fraction and first and text(factor).startswith("−") else ""
        return f"{sign}({text(factor).removeprefix(sign)})"
    return text(factor)


def _entrywise(factor: Expr) -> str:
    loose = is_compound(factor) or isinstance(factor, Hadamard | BigSum | BigProduct)
    return f"({text(factor)})" if loose or is_negative(factor) else text(factor)


def _tight(expr: Expr) -> str:
    whole = isinstance(expr, Number) and expr.value >= 0 and expr.value.denominator == 1
    plain = isinstance(expr, Variable | Call | Index) and not is_compound(expr)
    return text(expr) if plain or whole else f"({text(expr)})"


def _body(body: Expr) -> str:
    if is_compound(body):
        return f"{{{text(body)}}}"
    return f"({text(body)})" if is_negative(body) else text(body)


def _call(call: Call) -> str:
    if call.function == CONCATENATION:
        return f"[{'; '.join(map(text, call.arguments))}]"
    if call.function == NORM:
        return f"‖{text(call.arguments[0])}‖"
    if call.function == REALS:
        sizes = "×".join(map(_tight, call.arguments))
        return f"ℝ{_above(sizes)}"
    arguments = ", ".join(map(text, call.arguments))
    name = "√" if call.function == "\\sqrt" else _name(call.function)
    if len(call.arguments) == 1:
        return f"{name}{'′' * len(call.slots)}({arguments})"
    marks = "".join(f"∂{_below(str(slot))}" for slot in reversed(call.slots))
    return f"{marks}{name}({arguments})"


def _when(time: Time) -> str:
    """An index in letters, with the minus sign of formulas: T−1."""
    return _letters(time_text(time)).replace("-", "−")


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
    base, mark, label = name.partition("_")
    written = _letters(base).replace("'", "′")
    if not mark:
        return written
    inside, primes = label.rstrip("'"), label.count("'")
    plain = _letters(inside.removeprefix("{").removesuffix("}"))
    return f"{written}{_below(plain)}{'′' * primes}"


def _letters(latex_name: str) -> str:
    """Macros as the letters they stand for, styles as combining marks."""
    plain = latex_name
    while match := STYLED.search(plain):
        inner = unicodedata.normalize("NFC", _letters(match[2]) + MARKS.get(match[1], ""))
        plain = plain[: match.start()] + inner + plain[match.end() :]
    return MACRO.sub(lambda m: LETTERS.get(m[1], m[1]), plain)
