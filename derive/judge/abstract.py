"""What an abstract page leaves open: which of its quantities may be vectors, where no letter is bold and no shape is said.

h_t = f(h_{t-1}, x_t, θ) says nothing of h, x and θ but that f takes them: each may be a vector of its own size, and then
Jacobians do not commute. What stands in a formula (w h, (o - y)^2, Σ L_t) or has a number for its value is a number.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator

from derive.algebra.core import App, Core, D, Ref, children
from derive.judge.understanding import Understanding


def vectors_of(u: Understanding) -> frozenset[str]:
    """The families that functions without a formula make or take and no formula uses; none unless one is made."""  # noqa: E501
    if u.setting.arrays or u.scalars or u.says_numbers:
        return frozenset()
    made, taken, plain = set(), set(), set()
    for m in u.made:
        name, body = m.definition.name, m.definition.body
        if isinstance(body, App) and not body.slots:
            made.add(name)
            taken |= {a.body.name for a in body.args if isinstance(a.body, Ref)}
        elif not isinstance(body, D):
            plain.add(name)
        plain |= set(_used(body))
    for _, _, _, function, _ in u.functions:
        plain |= {f.name.rstrip("·") for f in function.formals} | set(_used(function.body.body))
    for failed in u.failed:
        plain |= failed.names | failed.uses
    plain |= u.numbered | {n for n in made | taken if _is_number(u, n)}
    return frozenset((made | taken) - plain) if made - plain else frozenset()


def _used(x: Core) -> Iterator[str]:
    """The families that a formula uses but as a function's whole argument or in a derivative."""
    match x:
        case Ref(name):
            yield name
        case D():
            return
        case App(_, args):
            for a in args:
                if not isinstance(a.body, Ref):
                    yield from _used(a.body)
        case _:
            for part in children(x):
                yield from _used(part)


def _is_number(u: Understanding, name: str) -> bool:
    """Whether a name is a cost's, or has entries that are written."""
    key = name.split("∅")[0]
    symbol = u.symbols.at(0).symbol(key)
    return (
        u.symbols.is_cost(key)
        or bool(u.setting.components.get(key))
        or symbol is None
        or symbol.kind not in ("variable", "input", "parameter")
    )
