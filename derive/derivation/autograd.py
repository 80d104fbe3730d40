"""The gradient of the model's own definitions by JAX, where JAX is installed: a second opinion.

Nothing that `derive` knows of derivatives takes part: the definitions are evaluated with `jax.numpy` in
64 bits, and `jax.grad` differentiates that program. JAX is imported only when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import reduce
from importlib.util import find_spec
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


def is_installed() -> bool:
    """Whether there is JAX to ask."""
    return find_spec("jax") is not None


def version() -> str:
    """What to call the column."""
    import jax

    return f"JAX {jax.__version__}"


def in_64_bits() -> AbstractContextManager[object]:
    """Where JAX works with 64 bits; it has 32 else."""
    import jax

    if hasattr(jax, "enable_x64"):
        made: AbstractContextManager[object] = jax.enable_x64(True)
        return made
    from jax.experimental import enable_x64

    older: AbstractContextManager[object] = enable_x64()
    return older


def autograd(graph: Graph, wrt: Sequence[Variable], leaves: Values) -> Mapping[Variable, Value]:
    """∂C/∂θ for each θ of `wrt`, shaped like θ; `leaves` are the numbers of all that is given."""
    import jax

    with in_64_bits():
        given = {leaf: as_array(value) for leaf, value in leaves.items()}

        def cost(values: Sequence[Array]) -> Array:
            return forward_pass(graph, {**given, **dict(zip(wrt, values, strict=True))})

        found = jax.grad(cost)([given[by] for by in wrt])
        return {by: as_value(slope) for by, slope in zip(wrt, found, strict=True)}


def as_array(value: Value) -> Array:
    """A number or the rows of a matrix in 64 bits."""
    import jax.numpy as jnp

    if isinstance(value, list):
        return jnp.array([[float(x) for x in row] for row in value], dtype=jnp.float64)
    return jnp.float64(float(value))


def as_value(array: Array) -> Value:
    found = array.tolist()
    return (
        found[0][0] if isinstance(found, list) and len(full(found)) == len(found[0]) == 1 else found
    )


def forward_pass(graph: Graph, leaves: Mapping[Expr, Array]) -> Array:
    """The cost, by the definitions one after the other."""
    import jax.numpy as jnp

    size = Numbers(graph.recurrence.shapes).size
    known = dict(leaves)
    for node in graph.nodes:
        if node not in graph.bodies:
            continue
        value = evaluated(graph.bodies[node], known)
        rows, columns = size(node)
        spread = rows * columns > 1 and value.ndim == 0
        known[node] = jnp.full((rows, columns), value) if spread else value
    return known[graph.cost]


def evaluated(expr: Expr, known: Mapping[Expr, Array]) -> Array:
    """A closed formula in jax.numpy, as a textbook reads it."""
    import jax.numpy as jnp

    def go(part: Expr) -> Array:
        return evaluated(part, known)

    match expr:
        case Number(value):
            return jnp.float64(value.numerator) / value.denominator
        case Variable() if expr in known:
            return known[expr]
        case Sum(terms):
            return reduce(lambda a, b: a + b, map(go, terms))
        case Product(factors):
            return reduce(product, map(go, factors))
        case Hadamard(factors):
            return reduce(lambda a, b: a * b, map(go, factors))
        case Transpose(of):
            return go(of).T
        case Quotient(a, b):
            return go(a) / go(b)
        case Power(Call(function, (inside,)), Number(value)) if function == NORM and value == 2:
            return jnp.sum(go(inside) * go(inside))
        case Power(base, exponent):
            return go(base) ** go(exponent)
        case Call(function, arguments, ()):
            return applied(function, [go(a) for a in arguments])
        case _:
            raise DeriveError(f"{latex(expr)} cannot be put to JAX")


def product(a: Array, b: Array) -> Array:
    """A matrix product, or a number times an array; a row times a column is a number."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    found = a @ b
    return found[0, 0] if found.shape == (1, 1) else found


def applied(function: str, arguments: Sequence[Array]) -> Array:
    """A known function of arrays."""
    import jax.numpy as jnp

    known: dict[str, Callable[..., Array]] = {f"\\{n}": getattr(jnp, n) for n in SAME_NAME}
    known |= {
        "\\ln": jnp.log,
        "\\sigma": lambda a: 1 / (1 + jnp.exp(-a)),
        "\\operatorname{softplus}": lambda a: jnp.log(1 + jnp.exp(a)),
        RELU: lambda a: jnp.maximum(a, 0),
        STEP: lambda a: jnp.where(a > 0, 1.0, 0.0),
        SOFTMAX: lambda a: jnp.exp(a) / jnp.sum(jnp.exp(a)),
        NORM: lambda a: jnp.sqrt(jnp.sum(a * a)),
        TRACE: jnp.trace,
        DIAGONAL: lambda a: jnp.diag(a[:, 0]),
        CONCATENATION: lambda *parts: jnp.concatenate([jnp.atleast_2d(p) for p in parts]),
    }
    if function not in known:
        raise DeriveError(f"{function} is an abstract function: JAX has no numbers for it")
    return known[function](*arguments)
