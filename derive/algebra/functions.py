"""The elementary functions of numbers: one row each. Whoever adds a function adds a row here and its test line.

A row has the words that spell it, its slope (written with the argument and the function's own value, as the field
writes 1 - h² for tanh'), its value over floats and over mpmath numbers, and how it is made of others, if it is.
"""  # noqa: E501

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from derive.algebra.core import MINUS, ONE, ZERO, Case, Core, Fn, Pow, add, mul, neg, num

Real = Callable[[Any, Any], Any]  # (module with exp, log …; argument) → value


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one number. `slope` is None where it has none anywhere; `kink` where it has none at some points."""  # noqa: E501

    name: str
    words: tuple[str, ...]
    slope: Callable[[Core, Core], Core]
    real: Real
    made_of: Callable[[Core], Core] | None = None
    kink: bool = False


def _exp(x: Core) -> Core:
    return Fn("\\exp", (x,))


def _double(x: Core) -> Core:
    return mul((num(2), x))


def _over(a: Core, b: Core) -> Core:
    return mul((a, Pow(b, MINUS)))


def _sech2(a: Core, h: Core) -> Core:
    return add((ONE, neg(Pow(h, num(2)))))


def _logistic(m: Any, x: Any) -> Any:
    return 1 / (1 + m.exp(-x))


def _held(m: Any, x: Any) -> Any:
    return m.held(x) if hasattr(m, "held") else x


ROWS = (
    Function("\\exp", ("exp",), lambda a, h: h, lambda m, x: m.exp(x)),
    Function("\\log", ("log", "ln"), lambda a, h: Pow(a, MINUS), lambda m, x: m.log(x)),
    Function("\\sqrt", ("sqrt",), lambda a, h: _over(ONE, _double(h)), lambda m, x: m.sqrt(x), lambda a: Pow(a, num(1) if a == ONE else HALF)),  # type: ignore[has-type]  # noqa: E501
    Function("\\sin", ("sin",), lambda a, h: Fn("\\cos", (a,)), lambda m, x: m.sin(x)),
    Function("\\cos", ("cos",), lambda a, h: neg(Fn("\\sin", (a,))), lambda m, x: m.cos(x)),
    Function("\\tan", ("tan",), lambda a, h: add((ONE, Pow(h, num(2)))), lambda m, x: m.tan(x), lambda a: _over(Fn("\\sin", (a,)), Fn("\\cos", (a,)))),  # noqa: E501
    Function("\\arctan", ("arctan", "atan"), lambda a, h: Pow(add((ONE, Pow(a, num(2)))), MINUS), lambda m, x: m.atan(x)),  # noqa: E501
    Function("\\tanh", ("tanh",), _sech2, lambda m, x: m.tanh(x), lambda a: _over(add((_exp(a), neg(_exp(neg(a))))), add((_exp(a), _exp(neg(a)))))),  # noqa: E501
    Function("\\sigma", ("sigmoid", "sigm", "logistic"), lambda a, h: mul((h, add((ONE, neg(h))))), _logistic, lambda a: Pow(add((ONE, _exp(neg(a)))), MINUS)),  # noqa: E501
    Function("\\sinh", ("sinh",), lambda a, h: Fn("\\cosh", (a,)), lambda m, x: m.sinh(x), lambda a: mul((HALF, add((_exp(a), neg(_exp(neg(a)))))))),  # type: ignore[has-type]  # noqa: E501
    Function("\\cosh", ("cosh",), lambda a, h: Fn("\\sinh", (a,)), lambda m, x: m.cosh(x), lambda a: mul((HALF, add((_exp(a), _exp(neg(a))))))),  # type: ignore[has-type]  # noqa: E501
    Function("\\softplus", ("softplus",), lambda a, h: Fn("\\sigma", (a,)), lambda m, x: m.log(1 + m.exp(x)), lambda a: Fn("\\log", (add((ONE, _exp(a))),))),  # noqa: E501
    Function("\\relu", ("relu", "ReLU", "Relu"), lambda a, h: Fn("\\step", (a,)), lambda m, x: x if x > 0 else 0 * x, lambda a: Case(a, ">", ZERO, a, ZERO), kink=True),  # noqa: E501
    Function("\\step", (), lambda a, h: ZERO, lambda m, x: 1 + 0 * x if x > 0 else 0 * x, lambda a: Case(a, ">", ZERO, ONE, ZERO), kink=True),  # noqa: E501
    Function("\\sign", ("sign", "sgn", "signum"), lambda a, h: ZERO, lambda m, x: (x > 0) - (x < 0) + 0 * x, lambda a: Case(a, ">", ZERO, ONE, Case(a, "<", ZERO, MINUS, ZERO)), kink=True),  # noqa: E501
    Function("\\abs", ("abs",), lambda a, h: Fn("\\sign", (a,)), lambda m, x: abs(x), lambda a: Case(a, ">", ZERO, a, neg(a)), kink=True),  # noqa: E501
    Function("\\stopgrad", ("stopgrad", "sg", "SG", "stopgradient", "stop-gradient", "stop-grad", "StopGrad", "StopGradient", "Stopgrad", "laxstopgradient", "tfstopgradient", "jaxlaxstopgradient", "torchdetach", "nograd", "detach", "Detach", "detached"), lambda a, h: ZERO, _held),  # noqa: E501
)  # fmt: skip
HALF = Pow(num(2), MINUS)
FUNCTIONS: Mapping[str, Function] = {row.name: row for row in ROWS}
SPELLED: Mapping[str, str] = {
    **{word: row.name for row in ROWS for word in row.words},
    **{row.name: row.name for row in ROWS},
    "\\ln": "\\log",
    "arctan": "\\arctan",
}
FLOATS: Any = math
