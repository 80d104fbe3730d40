"""Formulas as LaTeX: the inverse of the grammar, `parse(latex(x)) == x`."""

from __future__ import annotations

import re

from derive.algebra.expression import (
    MINUS_ONE,
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
    Time,
    Total,
    Truncated,
    Tuple,
    Variable,
    Via,
)


def latex(node: Expr | Equation) -> str:
    """`node` as LaTeX mathematics, without delimiters."""
    if isinstance(node, Equation):
        return f"{latex(node.left)} = {latex(node.right)}"
    match node:
        case Sum(terms):
            return " ".join(_signed(term, first=not i) for i, term in enumerate(terms))
        case Product(factors):
            return _product(factors)
        case Number(value):
            return _number(value.numerator, value.denominator)
        case Variable(name, time, copy):
            index = f"_{_script(time_text(time))}" if time is not None else ""
            mark = f"^{{({time_text(copy)})}}" if copy is not None else ""
            return f"{_base(name, bool(index))}{index}{mark}"
        case Index(time):
            return time_text(time)
        case Call():
            return _call(node)
        case Tuple(items):
            return f"({', '.join(map(latex, items))})"
        case Quotient(a, b):
            return f"\\frac{{{latex(a)}}}{{{latex(b)}}}"
        case Power(a, b):
            return f"{_power_base(a)}^{_script(latex(b))}"
        case BigSum(index, lower, upper, body):
            return f"\\sum_{{{index}={time_text(lower)}}}^{{{time_text(upper)}}} {_body(body)}"
        case BigProduct(index, lower, upper, body):
            return f"\\prod_{{{index}={time_text(lower)}}}^{{{time_text(upper)}}} {_body(body)}"
        case Derivative():
            return _derivative(node)
        case Gradient(of, by):
            return f"\\nabla_{{{latex(by)}}} {latex(of)}"
        case Partial(call, slot):
            return _quotient("", latex(call), latex(call.arguments[slot - 1]))
        case _:
            raise TypeError(f"no LaTeX for {node!r}")


def latex_terms(expr: Expr) -> tuple[str, ...]:
    """The terms of a sum, each but the first with its sign in front."""
    terms = expr.terms if isinstance(expr, Sum) else (expr,)
    return tuple(_signed(term, first=not i) for i, term in enumerate(terms))


def _derivative(node: Derivative) -> str:
    of, by = latex(node.of), latex(node.by)
    match node:
        case Total():
            return _quotient("", of, by)
        case Immediate():
            return _quotient("^{+}", of, by)
        case Truncated(_, _, steps):
            return _quotient(f"^{{\\le {steps}}}", of, by)
        case Via(_, _, through):
            return f"\\left({_quotient('', of, by)}\\right)_{_script(latex(through))}"
        case Held(_, _, held):
            return f"\\left({_quotient('', of, by)}\\right)_{{{latex(held)}\\text{{ held}}}}"
        case _:
            raise TypeError(f"no LaTeX for {node!r}")


def _quotient(mark: str, of: str, by: str) -> str:
    return f"\\frac{{\\partial{mark} {of}}}{{\\partial {by}}}"


def _number(numerator: int, denominator: int) -> str:
    if denominator == 1:
        return str(numerator)
    sign = "-" if numerator < 0 else ""
    return f"{sign}\\frac{{{abs(numerator)}}}{{{denominator}}}"


def time_text(time: Time) -> str:
    """An index expression, as in t-1; letters before the number, a positive part first."""
    parts = []
    for letter, count in time.letters:
        size = "" if abs(count) == 1 else str(abs(count))
        parts.append(("-" if count < 0 else "+") + size + letter)
    if time.shift or not parts:
        parts.append(f"{time.shift:+d}")
    positive = sorted(parts, key=lambda part: part[0] == "-" and len(parts) > 1)
    return "".join(positive).removeprefix("+")


def _script(text: str) -> str:
    """An index or exponent, braced unless it is one character or one macro."""
    return text if len(text) == 1 or re.fullmatch(r"\\[a-zA-Z]+", text) else f"{{{text}}}"


def _base(name: str, indexed: bool) -> str:
    """A name that ends in an index of its own is braced before it gets a time."""
    return f"{{{name}}}" if indexed and "_" in name else name


def _signed(term: Expr, first: bool) -> str:
    """A term with its sign; the sign of a negative number in front becomes the operator."""
    text = f"\\left({latex(term)}\\right)" if isinstance(term, Sum) else latex(term)
    if first:
        return text
    negative = isinstance(term, Number) and term.value < 0
    if isinstance(term, Product) and isinstance(term.factors[0], Number):
        negative = term.factors[0].value < 0
    return f"- {text.removeprefix('-').lstrip()}" if negative else f"+ {text}"


def _product(factors: tuple[Expr, ...]) -> str:
    """Juxtaposition; `\\cdot` where a number follows a factor, a sign where -1 leads."""
    head, rest = factors[0], factors[1:]
    if head == MINUS_ONE and not isinstance(rest[0], Number):
        return f"-{_joined(rest)}"
    return _joined(factors)


def _joined(factors: tuple[Expr, ...]) -> str:
    text = ""
    for i, factor in enumerate(factors):
        piece = _factor(factor, last=i == len(factors) - 1, first=i == 0)
        if i and (isinstance(factor, Number) or _begins_with_digit(piece)):
            text += f" \\cdot {piece}"
        else:
            text += f" {piece}" if i else piece
    return text


def _begins_with_digit(text: str) -> bool:
    return text[:1].isdigit()


def _factor(factor: Expr, last: bool, first: bool) -> str:
    match factor:
        case Sum() | Product():
            return f"\\left({latex(factor)}\\right)"
        case BigSum() | BigProduct() if not last:
            return f"\\left({latex(factor)}\\right)"
        case Number(value) if value < 0 and not first:
            return f"\\left({latex(factor)}\\right)"
        case _:
            return latex(factor)


def _body(body: Expr) -> str:
    """The body of a Σ: a sum in braces, so that the Σ reaches over all of it."""
    if isinstance(body, Sum):
        return f"\\left\\{{{latex(body)}\\right\\}}"
    if (
        isinstance(body, Product)
        and isinstance(body.factors[0], Number)
        and body.factors[0].value < 0
    ):
        return f"\\left({latex(body)}\\right)"
    if isinstance(body, Number) and body.value < 0:
        return f"\\left({latex(body)}\\right)"
    return latex(body)


def _power_base(base: Expr) -> str:
    match base:
        case Variable(_, _, None) | Index() if not isinstance(base, Index) or _plain(base):
            return latex(base)
        case Number(value) if value >= 0 and value.denominator == 1:
            return latex(base)
        case _:
            return f"\\left({latex(base)}\\right)"


def _plain(index: Index) -> bool:
    return index.time.shift == 0 and len(index.time.letters) == 1


def _call(call: Call) -> str:
    arguments = ", ".join(map(latex, call.arguments))
    if call.function == "\\sqrt" and not call.slots:
        return f"\\sqrt{{{arguments}}}"
    inside = f"\\left({arguments}\\right)" if "\\frac" in arguments else f"({arguments})"
    if not call.slots:
        return f"{call.function}{inside}"
    if len(call.arguments) == 1:
        return f"{call.function}{chr(39) * len(call.slots)}{inside}"
    marks = "".join(f"\\partial_{{{slot}}} " for slot in reversed(call.slots))
    return f"{marks}{call.function}{inside}"


_NARROW = re.compile(r"\\(left|right|text|mathrm|operatorname|,|;|!)|[{}]")


def width(text: str) -> float:
    """The typeset width of LaTeX mathematics in em, estimated: a fraction is as wide as its wider part."""
    total, i = 0.0, 0
    while i < len(text):
        if text.startswith("\\frac", i):
            above, i = _group(text, i + 5)
            below, i = _group(text, i)
            total += max(width(above), width(below)) + 0.25
        elif text[i] in "_^":
            script, i = _group(text, i + 1)
            total += 0.72 * width(script)
        elif text.startswith("\\sum", i) or text.startswith("\\prod", i):
            i += 4 if text.startswith("\\sum", i) else 5
            total += 2.2
            while i < len(text) and text[i] in "_^":
                _, i = _group(text, i + 1)
        elif match := _NARROW.match(text, i):
            i = match.end()
        elif match := re.compile(r"\\[a-zA-Z]+").match(text, i):
            total += _macro_width(match.group())
            i = match.end()
        else:
            total += _char_width(text[i])
            i += 1
    return total


def _macro_width(macro: str) -> float:
    if macro in ("\\tanh", "\\exp", "\\log", "\\sin", "\\cos", "\\sinh", "\\cosh", "\\tan", "\\ln"):
        return 0.5 * len(macro)
    return 2.0 if macro == "\\qquad" else 1.0 if macro in ("\\quad", "\\cdots") else 0.62


def _char_width(char: str) -> float:
    if char in "=+-<>":
        return 1.35
    if char == " ":
        return 0.0
    return 0.4 if char in "()[],.|'" else 0.58


def _group(text: str, at: int) -> tuple[str, int]:
    """The braced group, macro or character at `at`, and where it ends."""
    if at >= len(text) or text[at] != "{":
        match = re.compile(r"\\[a-zA-Z]+|.?").match(text, at)
        found = match.group() if match else ""
        return found, at + len(found)
    depth, i = 0, at
    while i < len(text):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        i += 1
        if depth == 0:
            break
    return text[at + 1 : i - 1], i
