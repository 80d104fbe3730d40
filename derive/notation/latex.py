"""Formulas as LaTeX: the inverse of the grammar, `parse(latex(x)) == x`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from derive.algebra.expression import (
    MINUS_ONE,
    BigProduct,
    BigSum,
    Call,
    Derivative,
    Entry,
    Equation,
    Expr,
    Gradient,
    Hadamard,
    Held,
    Immediate,
    Index,
    IndexSum,
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

CONCATENATION = "[;]"
NORM = "\\lVert"
REALS = "\\mathbb{R}"
NARROW_OPERATORS = (
    "\\tanh",
    "\\exp",
    "\\log",
    "\\ln",
    "\\sin",
    "\\cos",
    "\\tan",
    "\\sinh",
    "\\cosh",
)


def latex(node: Expr | Equation) -> str:
    """`node` as LaTeX mathematics, without delimiters."""
    match node:
        case Equation(left, right):
            return f"{latex(left)} = {latex(right)}"
        case Sum():
            return " ".join(latex_terms(node))
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
            return _power(a, _script(latex(b)))
        case Transpose(of):
            return f"{latex(of) if takes_transposition(of) else _grouped(of)}^\\top"
        case Hadamard(factors):
            return " \\odot ".join(map(_entrywise, factors))
        case Entry(of, indices):
            return f"{_grouped(of)}_{{{''.join(indices)}}}"
        case IndexSum(index, _, body):
            return f"\\sum_{{{index}}} {_body(body)}"
        case BigSum(index, lower, upper, body):
            return f"\\sum_{{{index}={time_text(lower)}}}^{{{time_text(upper)}}} {_body(body)}"
        case BigProduct(index, lower, upper, body):
            return f"\\prod_{{{index}={time_text(lower)}}}^{{{time_text(upper)}}} {_body(body)}"
        case Derivative():
            return _derivative(node)
        case Gradient(of, by):
            return f"\\nabla_{{{latex(by)}}} {latex(of)}"
        case Partial(call, slot):
            return _partial(call, slot)
        case _:
            raise TypeError(f"no LaTeX for {node!r}")


def latex_terms(expr: Expr) -> tuple[str, ...]:
    """The terms of a sum, each but the first with its sign in front."""
    terms = expr.terms if isinstance(expr, Sum) else (expr,)
    if len(terms) == 1:
        return (latex(expr),)
    return tuple(latex_signed(terms))


def latex_signed(terms: Iterable[Expr]) -> Iterator[str]:
    """The terms of a sum of several, as they come, each but the first with its sign in front."""
    return (_signed(term, first=not i) for i, term in enumerate(terms))


def _derivative(node: Derivative) -> str:
    of, by = latex(node.of), latex(node.by)
    match node:
        case Total():
            return _over("", of, by)
        case Immediate():
            return _over("^{+}", of, by)
        case Truncated(_, _, steps):
            return _over(f"^{{\\le {steps}}}", of, by)
        case Via(_, _, through):
            return f"\\left({_over('', of, by)}\\right)_{_script(latex(through))}"
        case Held(_, _, held):
            return f"\\left({_over('', of, by)}\\right)_{{{latex(held)}\\text{{ held}}}}"
        case _:
            raise TypeError(f"no LaTeX for {node!r}")


def _over(mark: str, of: str, by: str) -> str:
    return f"\\frac{{\\partial{mark} {of}}}{{\\partial {by}}}"


def _partial(call: Call, slot: int) -> str:
    """∂f(a, b)/∂a where a is a variable that fills one slot alone, else ∂_1 f(…)."""
    argument = call.arguments[slot - 1]
    if isinstance(argument, Variable) and call.arguments.count(argument) == 1 and not call.slots:
        return _over("", latex(call), latex(argument))
    return latex(Call(call.function, call.arguments, (*call.slots, slot)))


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


def is_compound(expr: Expr) -> bool:
    """Whether `expr` is a sum, or an index that reads as one (t-1) or as a product (2t)."""
    if isinstance(expr, Index):
        return expr.time.shift != 0 or [count for _, count in expr.time.letters] != [1]
    return isinstance(expr, Sum)


def is_negative(expr: Expr) -> bool:
    """Whether `expr` begins with a negative number."""
    head = expr.factors[0] if isinstance(expr, Product) else expr
    return isinstance(head, Number) and head.value < 0


def _grouped(expr: Expr) -> str:
    return f"\\left({latex(expr)}\\right)"


def _signed(term: Expr, first: bool) -> str:
    """A term with its sign; the sign of a negative number in front becomes the operator."""
    text = _grouped(term) if is_compound(term) else latex(term)
    if first:
        return text
    return f"- {text[1:].lstrip()}" if is_negative(term) else f"+ {text}"


def _product(factors: tuple[Expr, ...]) -> str:
    """Juxtaposition; `\\cdot` where that would be misread; a bare sign where -1 leads."""
    head, rest = factors[0], factors[1:]
    if head == MINUS_ONE and rest and not isinstance(rest[0], Number):
        return f"-{_joined(rest)}"
    return _joined(factors)


def _joined(factors: tuple[Expr, ...]) -> str:
    last = len(factors) - 1
    pieces = [
        _grouped(f) if precedes_transposed(f, after) else _factor(f, first=not i, last=i == last)
        for i, (f, after) in enumerate(zip(factors, (*factors[1:], None), strict=True))
    ]
    text = pieces[0]
    for before, piece in zip(factors, pieces[1:], strict=False):
        text += f" \\cdot {piece}" if _needs_dot(before, piece) else f" {piece}"
    return text


def _needs_dot(before: Expr, piece: str) -> bool:
    """Before a number; after a bare name before a parenthesis (else a call), and after d or δ."""
    if piece[0].isdigit():
        return True
    if isinstance(before, Number) and _NUMBER.match(piece):
        return True
    name = before.of if isinstance(before, Gradient) else before
    if isinstance(name, Variable) and name.time is None and name.copy is None:
        return piece.startswith(("(", "\\left(")) or name.name in ("d", "\\delta")
    return False


def _factor(factor: Expr, first: bool, last: bool) -> str:
    open_end = isinstance(factor, BigSum | BigProduct) and not last
    negative = isinstance(factor, Number) and factor.value < 0 and not first
    loose = isinstance(factor, Hadamard) and not (first and last)
    if isinstance(factor, Product) or is_compound(factor) or open_end or negative or loose:
        return _grouped(factor)
    return latex(factor)


def takes_transposition(expr: Expr) -> bool:
    """Whether ⊤ stands on an expression without parentheses around it."""
    if isinstance(expr, Call):
        return expr.function == CONCATENATION
    return isinstance(expr, Variable) and expr.copy is None


def precedes_transposed(factor: Expr, following: Expr | None) -> bool:
    """Whether a gradient needs parentheses, as in (∇_h C) x^⊤."""
    return isinstance(factor, Gradient) and isinstance(following, Transpose)


def _entrywise(factor: Expr) -> str:
    """One side of ⊙, which binds less closely than juxtaposition."""
    loose = is_compound(factor) or isinstance(factor, Hadamard | BigSum | BigProduct)
    return _grouped(factor) if loose or is_negative(factor) else latex(factor)


def _body(body: Expr) -> str:
    """The body of a Σ: a sum in braces, so that the Σ reaches over all of it."""
    if is_compound(body):
        return f"\\left\\{{{latex(body)}\\right\\}}"
    return _grouped(body) if is_negative(body) else latex(body)


def _power(base: Expr, exponent: str) -> str:
    match base:
        case Call(function, arguments, ()) if function in NARROW_OPERATORS and len(arguments) == 1:
            return f"{function}^{exponent}{_arguments(arguments)}"
        case Variable(_, _, None):
            return f"{latex(base)}^{exponent}"
        case Number(value) if value >= 0 and value.denominator == 1:
            return f"{latex(base)}^{exponent}"
        case Call(_, _, ()):
            return f"{latex(base)}^{exponent}"
        case Index() if not is_compound(base):
            return f"{latex(base)}^{exponent}"
        case _:
            return f"{_grouped(base)}^{exponent}"


def _call(call: Call) -> str:
    if call.function == CONCATENATION:
        return f"\\left[{'; '.join(map(latex, call.arguments))}\\right]"
    if call.function == NORM:
        return f"\\lVert {latex(call.arguments[0])} \\rVert"
    if call.function == REALS:
        sizes = " \\times ".join(_size(a) for a in call.arguments)
        return f"{REALS}^{{{sizes}}}" if sizes else REALS
    inside = _arguments(call.arguments)
    if call.function == "\\sqrt" and not call.slots:
        return f"\\sqrt{{{', '.join(map(latex, call.arguments))}}}"
    if call.function == "\\sqrt":
        return f"{_marks(call.slots)}\\sqrt{{{', '.join(map(latex, call.arguments))}}}"
    if not call.slots:
        return f"{call.function}{inside}"
    if len(call.arguments) == 1:
        return f"{call.function}{chr(39) * len(call.slots)}{inside}"
    return f"{_marks(call.slots)}{call.function}{inside}"


def _size(dimension: Expr) -> str:
    return _grouped(dimension) if isinstance(dimension, Sum) else latex(dimension)


def _marks(slots: tuple[int, ...]) -> str:
    return "".join(f"\\partial_{{{slot}}} " for slot in reversed(slots))


def _arguments(arguments: tuple[Expr, ...]) -> str:
    text = ", ".join(map(latex, arguments))
    tall = any(mark in text for mark in ("\\frac", "\\sum", "\\prod"))
    return f"\\left({text}\\right)" if tall else f"({text})"


_NUMBER = re.compile(r"\\frac\{\d+\}\{\d+\}")
_SILENT = re.compile(r"\\(?:left|right|text|mathrm|operatorname|,|;|!)(?![a-zA-Z])|[{}]")
_MACRO = re.compile(r"\\[a-zA-Z]+")
_BIG = re.compile(r"\\(?:sum|prod)(?![a-zA-Z])")
_ONE = re.compile(r"\\[a-zA-Z]+|.?", re.S)


def width(written: str | Expr) -> float:
    """The typeset width in em at display size, estimated; a fraction is as wide as its wider part."""
    text = written if isinstance(written, str) else latex(written)
    total, at = 0.0, 0
    while at < len(text):
        size, at = _wide(text, at)
        total += size
    return total


def _wide(text: str, at: int) -> tuple[float, int]:
    """The width of what stands at `at`, and where that ends."""
    if text.startswith("\\frac", at):
        above, after = _group(text, at + 5)
        below, after = _group(text, after)
        return max(width(above), width(below)) + 0.25, after
    if text[at] in "_^":
        script, after = _group(text, at + 1)
        return 0.7 * width(script), max(after, at + 1)
    if match := _BIG.match(text, at):
        return 2.2, _after_scripts(text, match.end())
    if match := _SILENT.match(text, at):
        return 0.0, match.end()
    if match := _MACRO.match(text, at):
        return _macro_width(match.group()), match.end()
    return _char_width(text[at]), at + 1


def _after_scripts(text: str, at: int) -> int:
    while at < len(text) and text[at] in "_^":
        _, at = _group(text, at + 1)
    return at


def _macro_width(macro: str) -> float:
    if macro in NARROW_OPERATORS:
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
    if not text.startswith("{", at):
        match = _ONE.match(text, at)
        found = match.group() if match else ""
        return found, at + len(found)
    depth = 0
    for i in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return text[at + 1 : i], i + 1
    return text[at + 1 :], len(text)
