"""What the elaborator needs to know of a page and of a reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from derive.algebra.core import (
    App,
    Core,
    Ref,
)
from derive.algebra.expression import Time
from derive.notation.parts import Part
from derive.notation.shaped import (
    Axis,
    Dims,
    Val,
)
from derive.text.trees import Row


class Unread(Exception):
    """Something that is not understood, at the offset `at`."""

    def __init__(self, at: int, expected: str) -> None:
        super().__init__(expected)
        self.at, self.expected = at, expected


@dataclass(frozen=True, slots=True)
class Reading:
    """How a page, or a line, is read where its notation has several meanings (DESIGN, section 4)."""

    columns: bool = True
    dot: str = "each"
    own: str = (
        ""  # "last": the last derivative by a parameter is immediate; "every": each of them is
    )
    held: bool = False
    commuting: bool = False
    turned: bool = False  # a gradient by a matrix stands transposed (numerator layout)
    filled: bool = False  # a name without its index stands for the member at the line's own step
    partial: bool = False  # ∂ is partial (the explicit dependence alone), d is total
    base: int = 0
    denominator: bool = False  # ∂a/∂b has a column for each component of a
    first: str = (
        ""  # of two Jacobians that meet, the "outer" or the "inner" stands first; empty: either
    )
    inner: bool = False  # the derivative of a step's quantity by another's is immediate
    rising: bool = False  # a product over time has its earliest factor leftmost
    across: bool = False  # a vector beside a matrix goes with its columns, where nothing tells
    entrywise: bool = False  # ⊙ goes before the product that it stands behind
    ones: bool = False  # I has the entries 1 everywhere: I - h ⊙ h
    applied: bool = False  # the derivative of a function by its bare name is along all paths
    gates: bool = False  # d f is the gradient by z, where f = \\sigma(z)
    repeated: bool = False  # component indices that stand twice in a product are summed


SQUARED = "^{2}"
"""Behind the name of a formal that is a square, the \\sigma of \\ell(\\mu, \\sigma^2)."""


def member_key(name: str, indices: Iterable[tuple[str, Time]]) -> str:
    """The name of a function's member: by the domains of its indices, and by those that are numbers."""
    return name + "".join(f"∅{d}" + (f"={i.shift}" if i.is_number else "") for d, i in indices)


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the page defines by a formula: its formals (those of a vector with the letters of its axes), its body in them."""  # noqa: E501

    formals: tuple[Ref, ...]
    body: Val
    names: tuple[str, ...] = ()
    axes: tuple[tuple[Axis, ...], ...] = ()
    given: tuple[tuple[str, Time], ...] = ()
    """The indices with which it is made, J^{(t)}(\\theta) = …, each with its domain."""

    def key(self, name: str) -> str:
        """The name of the function with the indices with which it is made: the members g_1 and g_2 are two functions."""  # noqa: E501
        return member_key(name, self.given)

    def formal(self, place: int) -> Val:
        """A formal as a value."""
        return Val(self.axes[place] if self.axes else (), self.formals[place])


class Occurs(Protocol):
    """What the binder says of one written name (derive.notation.symbols.Occurrence)."""

    key: str
    indices: tuple[tuple[str, Row], ...]
    power: Row | None
    transposed: bool
    inverse: bool
    primes: int
    dots: int
    arguments: tuple[Row, ...] | None
    consumed: bool
    copy: Row | None


@dataclass
class Setting:
    """What the elaborator needs to know of a page: shared by all its formulas.

    `plain` are letters that are variables though they often are indices; `ranks` are the axes that a name has beyond its written indices; `outputs` those of a function's value; `stepped` the slots that all definitions of a name have; `wholes` the entries' name of an array that the page writes as W = (w_{ij}); `layer_sizes` the letters d of sizes d_l of layers; `odd` names that a few lines write with an index more; `redefined` known functions that the page makes otherwise, in a way that was not understood.
    """  # noqa: E501

    dims: Dims = field(default_factory=Dims)
    ranks: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)
    entrywise: set[str] = field(default_factory=set)
    arguments: dict[str, set[str]] = field(default_factory=dict)
    """What each elementary function of the page is applied to, as it is spelled."""
    of_families: set[str] = field(default_factory=set)  # functions that are applied to no entry
    made_bare: set[str] = field(default_factory=set)  # what is made without an index of entries
    functions: dict[str, Function] = field(default_factory=dict)
    slots: dict[str, tuple[str, ...]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)
    arrays: bool = False
    scalars: bool = False
    symmetric: set[str] = field(default_factory=set)
    shared_dims: dict[str, str] = field(default_factory=dict)
    size_of: dict[str, str] = field(default_factory=dict)
    steps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    components: dict[str, int] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    forms: dict[str, int] = field(default_factory=dict)
    implied: dict[str, str] = field(default_factory=dict)
    lying: set[str] = field(default_factory=set)
    usual: dict[str, str] = field(default_factory=dict)
    applications: dict[str, tuple[Core, dict[str, str]]] = field(default_factory=dict)
    applied: dict[str, list[App]] = field(default_factory=dict)  # where the page applies what
    horizons: set[str] = field(default_factory=set)
    labelled: set[str] = field(default_factory=set)
    named_sizes: dict[str, str] = field(default_factory=dict)
    in_force: set[str] = field(default_factory=set)
    parts: dict[str, Part] = field(default_factory=dict)
    plain: set[str] = field(default_factory=set)
    chance: set[str] = field(default_factory=set)
    nabla: Row | None = None
    nabla_lists: list[tuple[int, int, list[Row]]] = field(default_factory=list)
    """Where lines stand that begin with ∇G(a, b), and by what their ∇ are taken: by a and b."""
    stacks: bool = False  # numbers below one another are a gradient's
    overloaded: set[str] = field(default_factory=set)  # functions of several numbers of arguments
    drawn: bool = False
    told: dict[str, str] = field(default_factory=dict)  # f, which the prose says to be \\sigma
    errors: set[str] = field(default_factory=set)  # \delta, where the prose calls it an error
    lagrangians: set[str] = field(default_factory=set)  # of which every argument is free
    rowwise: bool = False
    bounds: set[str] = field(default_factory=set)  # horizons that a Σ or Π runs to
    stepped: dict[str, frozenset[str]] = field(default_factory=dict)
    cost: str | None = None  # what dX is the gradient of
    gradients: set[str] = field(default_factory=set)  # the dX that the page says to be gradients
    scoped: dict[str, str] = field(default_factory=dict)  # names that have another shape here
    bare: dict[str, int] = field(
        default_factory=dict
    )  # the axes of y beside y_n, where it is one of them
    lines: dict[str, tuple[str, int]] = field(default_factory=dict)
    """The matrix whose rows (0) or columns (1) a name's members are said to be: x_i of X."""
    activated: dict[str, str] = field(default_factory=dict)
    """The gates: what is made by one function of something, f = \\sigma(z), with the function."""
    lines_guessed: dict[str, str] = field(default_factory=dict)
    """The matrices whose rows or columns are taken to be a page's samples, with what is so supposed."""
    made_along: dict[str, int] = field(default_factory=dict)
    """The axis of a matrix that the parameters it is made of give it: that of the features."""
    square_ones: bool = False  # a bold 1 without a size is a matrix

    wholes: dict[str, str] = field(default_factory=dict)
    taken_for_entries: set[str] = field(default_factory=set)
    """Those of `wholes` of which the page does not say so: W beside w_{jk}."""
    layer_sizes: frozenset[str] = frozenset()
    odd: set[str] = field(default_factory=set)
    redefined: set[str] = field(default_factory=set)
    alias: dict[str, str] = field(
        default_factory=dict
    )  # other names of families with one ordered index
    unindexed: set[str] = field(
        default_factory=set
    )  # forms without an index that definitions make or use


def family_key(name: str) -> str:
    """The name of a family without the slots that a form of it leaves out."""
    return "∅".join(p for i, p in enumerate(name.split("∅")) if not i or p.startswith("§"))
