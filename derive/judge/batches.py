r"""What a page of networks leaves unsaid of its batch: dZ = A - Y, dW = \frac1m dZ A^\top.

The cost is written for one example, z and a, and the gradients for all of them, Z and A; and the mean's 1/m stands with the
parameters' gradients alone.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from derive.algebra.core import At, Core, D, Pow, Ref, letters_in, mul, num, rebuild, walk
from derive.judge.claims import Sides
from derive.judge.names import COSTS
from derive.meaning.model import Model, depended
from derive.notation.shaped import Val

SIZES = frozenset(("m", "n", "N", "M", "B"))
CAPITAL = re.compile(r"(?:\\[a-z]+\{)*([A-Z])\}*")
MEAN = "the gradients by what each example has are without the 1/m of the mean"


def kept_once(left: Val, right: Val) -> Val:
    """A sum whose axis is kept, np.sum(dZ, axis=1, keepdims=True), beside a vector: it is one column."""
    if left.rank != 1 or right.rank != 2:
        return right
    used = letters_in(right.body)
    axes = tuple(a for a in right.axes if a.letter in used)
    return Val(axes, right.body, row=left.row) if len(axes) == 1 else right


def misses_its_twin(model: Model, found: Sides) -> str:
    """What a line differentiates by, Z, where the cost is made of its twin z alone; "" without such."""
    for side in (found.left, found.right):
        for part in walk(side):
            if not isinstance(part, D) or not isinstance(part.of, Ref):
                continue
            by = part.by.name.split("∅")[0]
            made = {n.split("∅")[0] for n in depended((part.of,), model)}
            if by not in made and by.swapcase() in made and by.swapcase() != by:
                return by
    return ""


def meets_its_twin(model: Model, found: Sides) -> str:
    """An input X of a line that is made of x, too, where nothing says that it collects them; "" if none."""
    reached = depended((found.left, found.right), model)
    names = {n.split("∅")[0] for n in reached if n not in model.definitions}
    return next((n for n in sorted(names) if small_of(n) in names - {n}), "")


def counts_what_is_one(model: Model, found: Sides) -> str:
    """A member z^{(i)} in a line, where z is made for one example and has no index; "" if none."""
    for side in (found.left, found.right):
        for part in walk(side):
            of = (part.by, part.of) if isinstance(part, D) else (part,)
            for ref in of:
                if not isinstance(ref, Ref) or not ref.index:
                    continue
                made = model.definitions.get(ref.name, ())
                if made and all(not d.index for d in made):
                    return ref.name.split("∅")[0]
    return ""


def small_of(name: str) -> str:
    """x of X, \\mathbf{x} of \\mathbf{X}; the name itself where it is no capital."""
    match = CAPITAL.fullmatch(name)
    if match is None:
        return name
    return name[: match.start(1)] + match[1].lower() + name[match.end(1) :]


def may_be_mean(bodies: Iterable[Core]) -> bool:
    """Whether a cost is a mean for all that the page says: it makes none, or one with a share in it."""
    made = list(bodies)
    return not made or any(isinstance(p, Pow) and _is_share(p) for b in made for p in walk(b))


def of_the_sum(
    found: Sides, kind: Callable[[str], str], bodies: Callable[[str], Iterable[Core]]
) -> Sides | None:
    """A line with m times each derivative of a cost by what is no parameter, m the size by which the line divides; None where it divides by none."""  # noqa: E501
    parts = (p for side in (found.left, found.right) for p in walk(side))
    size = next((p.base for p in parts if isinstance(p, Pow) and _is_share(p)), None)
    if size is None:
        return None
    count = 0

    def put(x: Core) -> Core:
        nonlocal count
        if isinstance(x, D):
            cost = x.of.name if isinstance(x.of, Ref) and COSTS.match(x.of.name) else ""
            of_mean = bool(cost) and may_be_mean(bodies(cost))
            if of_mean and kind(x.by.name.split("∅")[0]) not in ("parameter", "constant"):
                count += 1
                return mul((size, x))
            return x
        return rebuild(x, put)

    made = replace(found, left=put(found.left), right=put(found.right))
    return made if count else None


def _is_share(x: Pow) -> bool:
    return x.exponent == num(-1) and _name(x.base) in SIZES


def _name(x: Core) -> str:
    if isinstance(x, At) and len(x.index.letters) == 1:
        return x.index.letters[0][0]
    return x.name if isinstance(x, Ref) and not x.index else ""
