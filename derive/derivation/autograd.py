"""The gradient of the model's own definitions by JAX or PyTorch, where one is installed: a second opinion.

Nothing that `derive` knows of derivatives takes part: the definitions are evaluated with the library's
arrays in 64 bits, and the library differentiates that program. It is imported only when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

from derive.algebra.expression import (
    Call,
    Expr,
    Hadamard,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Transpose,
    Variable,
)
from derive.derivation.numbers import Numbers, Value, Values, full
from derive.errors import DeriveError
from derive.model.functions import RELU, STEP
from derive.model.graph import Graph
from derive.model.shapes import DIAGONAL, SOFTMAX, TRACE
from derive.notation.latex import CONCATENATION, NORM, latex

# Arrays have two axes, as columns do in textbooks; a number has none.
Array = Any
SAME_NAME = ("tanh", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "sqrt")


LIBRARIES = {"jax": "JAX", "torch": "PyTorch"}  # the first that is installed is asked


def library() -> str | None:
    """The library that is asked; None where there is none."""
    return next((name for name in LIBRARIES if find_spec(name) is not None), None)


def is_installed() -> bool:
    """Whether there is a library to ask."""
    return library() is not None


def version() -> str:
    """What to call the column."""
    name = library() or "jax"
    return f"{LIBRARIES[name]} {__import__(name).__version__}".partition("+")[0]


def in_64_bits() -> AbstractContextManager[object]:
    """Where the library works with 64 bits; JAX has 32 else."""
    if library() == "torch":
        return nullcontext()
    import jax

    if hasattr(jax, "enable_x64"):
        made: AbstractContextManager[object] = jax.enable_x64(True)
        return made
    from jax.experimental import enable_x64

    older: AbstractContextManager[object] = enable_x64()
    return older


def autograd(graph: Graph, wrt: Sequence[Variable], leaves: Values) -> Mapping[Variable, Value]:
    """∂C/∂θ for each θ of `wrt`, shaped like θ; `leaves` are the numbers of all that is given."""
    with in_64_bits():
        given = {leaf: as_array(value) for leaf, value in leaves.items()}

        def cost(values: Sequence[Array]) -> Array:
            return forward_pass(graph, {**given, **dict(zip(wrt, values, strict=True))})

        found = _slopes(cost, [given[by] for by in wrt])
        return {by: as_value(slope) for by, slope in zip(wrt, found, strict=True)}


def _slopes(cost: Callable[[Sequence[Array]], Array], at: Sequence[Array]) -> Sequence[Array]:
    """The derivative of a cost by each of its arrays, by the library."""
    if library() == "torch":
        import torch

        values = [value.clone().requires_grad_() for value in at]
        found = torch.autograd.grad(cost(values), values, allow_unused=True)
        pairs = zip(values, found, strict=True)
        return [torch.zeros_like(v) if f is None else f for v, f in pairs]
    import jax

    slopes: Sequence[Array] = jax.grad(cost)(list(at))
    return slopes


def arrays() -> Any:
    """What is asked of the library's arrays, by the names of NumPy."""
    if library() != "torch":
        import jax.numpy as jnp

        return jnp
    import torch

    return SimpleNamespace(
        **{name: getattr(torch, name) for name in (*SAME_NAME, "sum", "trace", "diag", "where")},
        float64=lambda value: torch.tensor(float(value), dtype=torch.float64),
        array=lambda rows, dtype: torch.tensor(rows, dtype=torch.float64),
        full=lambda shape, value: value.expand(shape),
        maximum=lambda a, least: torch.clamp(a, min=least),
        atleast_2d=torch.atleast_2d,
        concatenate=torch.cat,
    )


def as_array(value: Value) -> Array:
    """A number or the rows of a matrix in 64 bits."""
    xp = arrays()
    if isinstance(value, list):
        return xp.array([[float(x) for x in row] for row in value], dtype=xp.float64)
    return xp.float64(float(value))


def as_value(array: Array) -> Value:
    found = array.tolist()
    return (
        found[0][0] if isinstance(found, list) and len(full(found)) == len(found[0]) == 1 else found
    )


def forward_pass(graph: Graph, leaves: Mapping[Expr, Array]) -> Array:
    """The cost, by the definitions one after the other."""
    xp = arrays()
    size = Numbers(graph.recurrence.shapes).size
    known = dict(leaves)
    for node in graph.nodes:
        if node not in graph.bodies:
            continue
        value = evaluated(graph.bodies[node], known)
        rows, columns = size(node)
        spread = rows * columns > 1 and value.ndim == 0
        known[node] = xp.full((rows, columns), value) if spread else value
    return known[graph.cost]


def evaluated(expr: Expr, known: Mapping[Expr, Array]) -> Array:
    """A closed formula in the library's arrays, as a textbook reads it."""
    xp = arrays()

    def go(part: Expr) -> Array:
        return evaluated(part, known)

    match expr:
        case Number(value):
            return xp.float64(value.numerator) / value.denominator
        case Variable() if expr in known:
            return known[expr]
        case Sum(terms):
            return reduce(lambda a, b: a + b, map(go, terms))
        case Product(factors):
            return reduce(product, map(go, factors))
        case Hadamard(factors):
            return reduce(lambda a, b: a * b, map(go, factors))
        case Transpose(of):
            return go(of).T if go(of).ndim else go(of)
        case Quotient(a, b):
            return go(a) / go(b)
        case Power(Call(function, (inside,)), Number(value)) if function == NORM and value == 2:
            return xp.sum(go(inside) * go(inside))
        case Power(base, exponent):
            return go(base) ** go(exponent)
        case Call(function, arguments, ()):
            return applied(function, [go(a) for a in arguments])
        case _:
            raise DeriveError(f"{latex(expr)} cannot be put to a library")


def product(a: Array, b: Array) -> Array:
    """A matrix product, or a number times an array; a row times a column is a number."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    found = a @ b
    return found[0, 0] if found.shape == (1, 1) else found


def applied(function: str, arguments: Sequence[Array]) -> Array:
    """A known function of arrays."""
    xp = arrays()
    known: dict[str, Callable[..., Array]] = {f"\\{n}": getattr(xp, n) for n in SAME_NAME}
    known |= {
        "\\ln": xp.log,
        "\\sigma": lambda a: 1 / (1 + xp.exp(-a)),
        "\\operatorname{softplus}": lambda a: xp.log(1 + xp.exp(a)),
        RELU: lambda a: xp.maximum(a, 0),
        STEP: lambda a: xp.where(a > 0, 1.0, 0.0),
        SOFTMAX: lambda a: xp.exp(a) / xp.sum(xp.exp(a)),
        NORM: lambda a: xp.sqrt(xp.sum(a * a)),
        TRACE: xp.trace,
        DIAGONAL: lambda a: xp.diag(a[:, 0]),
        CONCATENATION: lambda *parts: xp.concatenate([xp.atleast_2d(p) for p in parts]),
    }
    if function not in known:
        raise DeriveError(f"{function} is an abstract function: there are no numbers for it")
    return known[function](*arguments)
