"""What a formula looks like, without any knowledge of what its letters mean. Frozen, with places.

A formula is a row of nodes, in the order in which they stand. What only decorates (braces,
colours, boxes, spaces, `\\left`, alignment marks) has left no node; what is missing is a
`Missing` node and never an exception. `start` and `end` are offsets into the text of the page's
source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of a formula; it is written at source.text[start:end]."""

    start: int
    end: int


Row = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Number(Node):
    """Digits, with a decimal point perhaps: `12`, `0.05`; a 1 in bold has a `style`."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A letter or a word, with everything that hangs on it.

    `letter` is `h`, `\\theta` (Greek as its macro, Unicode translated), `\\partial`, `\\nabla`,
    `\\infty`, or a word such as `softmax`, `diag`, `net`, `tanh`, `d`. `style` is "", "bold",
    "cal", "bb", "rm", "frak", "sf", "tt", "op" (`\\tanh`, `\\operatorname`, a known function
    spelled in letters) or "text" (`\\text{…}` in the place of a name). `accents` stand outermost
    first: ("hat",), ("tilde",), ("bar",), ("vec",), ("dot",), ("underline",) … `below` and
    `above` are the scripts, in whichever order they were written; primes and `^\\prime` are
    counted in `primes`.
    """

    letter: str
    style: str = ""
    accents: tuple[str, ...] = ()
    below: Row | None = None
    above: Row | None = None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Sign(Node):
    """An operator, a relation, a separator or dots, as LaTeX writes it: `+`, `-`, `\\cdot`,
    `\\odot`, `*`, `/`, `=`, `\\in`, `,`, `;`, `|`, `:`, `!`, `\\dots` (all dots alike),
    `\\mid`, `\\to` … Unicode and synonyms are translated to one spelling (`−` to `-`, `⊙` to
    `\\odot`, `\\le` to `\\leq`, `\\ast` to `*`, `\\gets` to `\\leftarrow`).
    """

    text: str


@dataclass(frozen=True, slots=True)
class Fraction(Node):
    r"""`\frac{a}{b}` and its relatives, `a \over b`; `\binom` is not one."""

    above_line: Row
    below_line: Row


@dataclass(frozen=True, slots=True)
class Root(Node):
    r"""`\sqrt[n]{a}`."""

    inside: Row
    degree: Row | None = None


@dataclass(frozen=True, slots=True)
class Group(Node):
    r"""What stands in brackets, with scripts behind it: `(…)`, `[…]`, `\{…\}`, `|…|`, `\|…\|`,
    `\langle…\rangle`, `\lfloor…\rfloor`, `\left. … \right|_{t=0}`; "{" are braces that carry
    scripts or hold a sum inside a product.

    `opening` and `closing` are one spelling each: "(", "[", "\\{", "|", "\\|", "\\langle", ".",
    "{". Braces that group for the eye only ({+ x}, {x}) are no Group: their nodes stand in the
    row itself.
    """

    opening: str
    closing: str
    inside: Row
    below: Row | None = None
    above: Row | None = None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Big(Node):
    r"""`\sum`, `\prod`, `\int`, `\max`-like operators with a script below (`\max_i`, `\min`,
    `\lim`, `\arg\max`), with their scripts; what they apply to follows in the row. `kind` is
    "sum", "prod", "int", "max", "min", "lim", "argmax", …
    """

    kind: str
    below: Row | None = None
    above: Row | None = None


@dataclass(frozen=True, slots=True)
class Table(Node):
    """A matrix, a column, cases: rows of cells. `kind` is "matrix" or "cases"; scripts as for
    a Group.
    """

    kind: str
    rows: tuple[tuple[Row, ...], ...]
    below: Row | None = None
    above: Row | None = None


@dataclass(frozen=True, slots=True)
class Words(Node):
    r"""Prose inside a formula: `\text{ for all }`, `\text{ plus }`, `\text{otherwise}`;
    stripped.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Missing(Node):
    """Something that should stand here and does not, or that is no mathematics; `expected`
    says what would help.
    """

    expected: str


def children(node: Node) -> Iterable[Row]:
    """The rows inside a node, scripts last."""
    inside = _INSIDE.get(type(node))
    return () if inside is None else inside(node)


def _scripts(node: Any) -> tuple[Row, ...]:
    below, above = node.below, node.above
    if below is None:
        return () if above is None else (above,)
    return (below,) if above is None else (below, above)


_INSIDE: Mapping[type, Callable[[Any], Iterable[Row]]] = {
    Name: _scripts,
    Big: _scripts,
    Fraction: lambda x: (x.above_line, x.below_line),
    Root: lambda x: (x.inside,) if x.degree is None else (x.inside, x.degree),
    Group: lambda x: (x.inside, *_scripts(x)),
    Table: lambda x: (*(cell for row in x.rows for cell in row), *_scripts(x)),
}


N = TypeVar("N", bound=Node)


def with_children(
    node: N, changed: Callable[[Row], Row], scripts: Callable[[Row], Row] | None = None
) -> N:
    """A node with the rows inside it changed, its scripts by `scripts` where that is another change."""
    found: dict[str, Any] = {}
    if isinstance(node, Table):
        found["rows"] = tuple(tuple(map(changed, cells)) for cells in node.rows)
    for field in ("above_line", "below_line", "inside", "degree"):
        if (row := getattr(node, field, None)) is not None:
            found[field] = changed(row)
    for field in ("below", "above"):
        if (row := getattr(node, field, None)) is not None:
            found[field] = (scripts or changed)(row)
    return replace(node, **found) if found else node


def walk(row: Row) -> Iterator[Node]:
    """All nodes of a row, outermost first, in the order in which they stand."""
    for node in row:
        yield node
        for inner in children(node):
            yield from walk(inner)
