"""The readings of a line, in the order in which a reader would forgive (DESIGN, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from derive.judge.batches import MEAN
from derive.notation.setting import Reading


@dataclass(frozen=True, slots=True)
class Way:
    """One reading of a line: of its head and of its member, with what else is forgiven.

    `needs` are the choices without which it is no other than the plain one. `alone`: the head is what one step contributes;
    `turned`: the member is transposed; `part`: the derivative on the right that stands on the left, too, is a part of it;
    `gaps`: what nothing makes is some function of what the page differentiates it by;
    `mean`: the gradients by what each example has are those of the sum over the examples, not of their mean;
    `hasty`: nothing is asked but whether it holds, so that the first numbers which differ are enough;
    `granting`: what the page says of noise and of symmetric matrices may be taken for given;
    `factor`: a vector stands for the derivative of a vector by a matrix, with its rows (0) or its columns (1).
    """  # noqa: E501

    said: str
    head: Reading
    member: Reading
    needs: frozenset[str] = frozenset()
    alone: bool = False
    turned: bool = False
    part: str = ""
    last: bool = False
    entropy: bool = False
    ahead: bool = False
    hasty: bool = False
    gaps: bool = False
    mean: bool = False
    granting: bool = True
    factor: int | None = None


SCALARS = "the quantities are scalars"
PARTIAL = "∂ is partial, as the page tells it from d"
TOTAL = "∂ is total, though the page tells it from d elsewhere"
ALSO_TOTAL = "∂ is total here, as d is"
IMMEDIATE = "the derivatives by parameters are immediate"
INNER = "the derivatives of one step by another are immediate"
DENOMINATOR = "denominator layout"
UNORDERED = "the factors of the chain rule in whatever order they stand"
ROWS = "vectors lie, as rows"
GATES = "the gradient by a gate is by what its function is applied to"
STEP = "the contribution of one step alone"
SHAPELESS = "up to shapes, which were not all understood: with a number for each vector and matrix"
LATEST = "latest"
PARTS = {
    LATEST: "the derivatives of the line's own step by the parameter are immediate",
    "step": "the derivative of the left side, where it stands on the right, is immediate",
    "now": "the derivative on the right is the part through its own step alone",
    "later": "the derivative on the right is the part that comes back from later steps",
}


def ladder(plain: Reading) -> Iterator[Way]:
    """The readings, in the order in which a reader would forgive."""
    own = replace(plain, own="every")
    rows = {"columns": not plain.columns}
    lying = {"turned": not plain.turned}
    columns_below: dict[str, Any] = {
        "denominator": not plain.denominator,
        "first": "outer" if plain.denominator else "inner",
    }
    other = "numerator layout" if plain.denominator else DENOMINATOR

    def both(said: str, needs: set[str], **changes: Any) -> Way:
        changed = replace(plain, **changes)
        return Way(said, changed, changed, frozenset(needs))

    def inner(needs: set[str], said: str = INNER, **changes: Any) -> Way:
        return Way(
            said,
            replace(plain, **changes),
            replace(plain, inner=True, **changes),
            frozenset({"inner", *needs}),
        )

    def late(
        said: str, needs: set[str], alone: bool = False, turned: bool = False, **changes: Any
    ) -> Way:
        return Way(
            said,
            replace(plain, **changes),
            replace(own, **changes),
            frozenset(needs),
            alone,
            turned,
        )

    yield Way("", plain, plain)
    yield late(IMMEDIATE, {"own"})
    yield Way(IMMEDIATE, own, own, frozenset({"own", "product"}))
    yield inner(set())
    yield both("", {"along"}, across=not plain.across)
    yield Way(
        "the derivatives on the right are partial: by direct dependence alone",
        plain,
        replace(plain, partial=True),
        frozenset({"partial"}),
    )
    yield both(
        "the derivative of a function is that of its value, along all paths",
        {"applied"},
        applied=True,
    )
    yield both(
        "the derivative on the left is partial: by direct dependence alone",
        {"partial", "direct"},
        partial=True,
    )
    if not plain.repeated:
        yield both("indices that stand twice are summed", set(), repeated=True)
    yield both("a product of two vectors is their inner product", {"dot"}, dot="inner")
    yield both(ROWS, {"columns"}, **rows)
    yield late(f"{ROWS}, and {IMMEDIATE}", {"columns", "own"}, **rows)
    yield both(other, {"denominator"}, **columns_below)
    yield late(f"{other}, and {IMMEDIATE}", {"denominator", "own"}, **columns_below)
    yield both(UNORDERED, {"order"}, first="")
    yield late(f"{UNORDERED}, and {IMMEDIATE}", {"order", "own"}, first="")
    yield both("a gradient by a matrix stands transposed", {"turned"}, **lying)
    yield Way(
        "up to the layout: one side is the other transposed",
        plain,
        plain,
        frozenset({"matrix"}),
        turned=True,
    )
    yield late(f"up to the layout, and {IMMEDIATE}", {"matrix", "own"}, turned=True)
    yield both("⊙ goes before the product of matrices", {"entrywise"}, entrywise=True)
    yield both("I is the matrix whose entries are all 1", {"ones"}, ones=True)
    yield both("the earliest factor of the product leftmost", {"rising"}, rising=not plain.rising)
    yield late(
        f"the earliest factor of the product leftmost, and {IMMEDIATE}",
        {"rising", "own"},
        rising=not plain.rising,
    )
    yield both("names without an index are those of the line's step", {"filled"}, filled=True)
    for part, said in PARTS.items():
        yield Way(said, plain, plain, frozenset({"part"}), part=part)
    for said, of_member in (("", plain), (IMMEDIATE, own)):
        yield Way(
            said,
            plain,
            of_member,
            frozenset({"cost", "entropy"} | ({"own"} if said else set())),
            entropy=True,
        )
    yield Way(STEP, plain, own, frozenset({"cost", "entropy", "alone"}), alone=True, entropy=True)
    yield Way(
        "the cost is a function of the last step's output",
        plain,
        plain,
        frozenset({"cost"}),
        last=True,
    )
    yield Way(
        f"the cost is a function of the last step's output, and {IMMEDIATE}",
        plain,
        own,
        frozenset({"cost", "own"}),
        last=True,
    )
    yield Way(MEAN, plain, plain, frozenset({"mean"}), mean=True)
    yield both(GATES, {"gates"}, gates=True)
    yield Way("", plain, plain, frozenset({"gaps"}), gaps=True)
    yield late(STEP, {"alone"}, alone=True)
    yield late(f"{STEP}, and {ROWS}", {"alone", "columns"}, alone=True, **rows)
    yield late(f"{STEP}, up to the layout", {"alone", "matrix"}, alone=True, turned=True)
    yield late(
        f"{STEP}, names without an index of that step", {"alone", "filled"}, alone=True, filled=True
    )
    yield late(f"{STEP}, in {other}", {"alone", "denominator"}, alone=True, **columns_below)
    yield late(f"{STEP}, {UNORDERED}", {"alone", "order"}, alone=True, first="")
