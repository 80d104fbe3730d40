r"""What a page says of shapes: `W \in \mathbb{R}^{n \times d}`, `x_t : \ell \times 1`, bold letters,
words of prose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from derive.notation.occurrences import Reader
from derive.notation.slots import plain, single_name
from derive.text.page import Formula, Page, Prose
from derive.text.trees import Group, Name, Node, Number, Row, Sign

Shape = tuple[str, ...]

REALS = frozenset(("R", "\\R", "\\Re", "\\reals", "\\real"))
SET_STYLES = frozenset(("bb", "cal", "bold", "frak", ""))


def is_reals(node: Node) -> bool:
    """Whether a node is ℝ, in blackboard bold or as a plain R with a size above it."""
    if not isinstance(node, Name) or node.letter not in REALS:
        return False
    return node.style in ("bb", "frak") or node.letter != "R" or node.above is not None


def shape_of_set(row: Row) -> Shape | None:
    r"""The shape that `\mathbb{R}^{n \times d}` names, or `(n \times d)` alone; None for another set."""
    if not row or not is_reals(row[0]):
        inside = row
        while len(inside) == 1 and isinstance(inside[0], Group) and inside[0].opening in ("(", "{"):
            inside = inside[0].inside
        written_out = inside is not row and len(inside) == 3 and _only_sizes(inside)
        return trimmed(sizes(inside)) if written_out else None
    above = row[0].above if isinstance(row[0], Name) else None
    if above is None:
        return ()
    return trimmed(sizes(above))


def sizes(row: Row) -> Shape:
    r"""The dimensions of `n \times d`, or of `(n, d)`, spelled."""
    found: list[list[Node]] = [[]]
    for node in row:
        if isinstance(node, Sign) and node.text in ("\\times", ",", "*"):
            found.append([])
        else:
            found[-1].append(node)
    return tuple(plain(tuple(part)) for part in found if part)


def trimmed(shape: Shape) -> Shape:
    """A column n × 1 as the vector it is; a number 1 × 1 as a number."""
    if len(shape) == 2 and shape[1] == "1":
        shape = shape[:1]
    return () if shape == ("1",) else shape


def is_row(shape: Shape | None) -> bool:
    """Whether a shape is that of a row vector, 1 × n."""
    return shape is not None and len(shape) == 2 and shape[0] == "1" and shape[1] != "1"


def colon_shape(row: Row) -> tuple[Name, Shape] | None:
    r"""The name and the shape of `W : m \times n`, where a page writes shapes so."""
    for at, node in enumerate(row):
        if isinstance(node, Sign) and node.text == ":":
            head, rest = row[:at], row[at + 1 :]
            if len(head) == 1 and isinstance(head[0], Name) and _only_sizes(rest):
                return head[0], trimmed(sizes(rest))
    return None


def _only_sizes(row: Sequence[Node]) -> bool:
    r"""Whether a row is nothing but sizes with `\times` between them."""
    times = [n for n in row if isinstance(n, Sign)]
    others = [n for n in row if not isinstance(n, Sign)]
    return (
        bool(times)
        and all(n.text == "\\times" for n in times)
        and all(isinstance(n, Name | Number) for n in others)
    )


def style_shape(name: Name) -> Shape | None:
    """What boldface says: a bold capital is a matrix, a bold small letter a vector, sizes unknown."""
    if name.style != "bold" or len(name.letter) != 1:
        return None
    return ("?", "?") if name.letter.isupper() else ("?",)


ERROR = r"(?:errors?|signals?|residuals?|sensitivit\w+|gradients?|parts?|shares?|deltas)\b"
ERROR_BEHIND = re.compile(rf"^\s*(?:is|are|be|for|as|denotes?|means)\b[^.;]{{0,40}}?\b{ERROR}")
ERROR_BEFORE = re.compile(rf"\b{ERROR}\s*(?:of|is|are|as|by)?\s*$")


def calls_delta_an_error(page: Page) -> bool:
    r"""Whether the prose beside a \delta_{ij} alone calls it an error, not Kronecker's."""
    items = [i for i in page.items if isinstance(i, Prose | Formula)]
    for at, item in enumerate(items):
        if not isinstance(item, Formula) or item.display or len(item.chains) != 1:
            continue
        if len(item.chains[0].members) != 1:
            continue
        single = single_name(item.chains[0].members[0].tree)
        if single is None or single[0].letter != "\\delta":
            continue
        if len(single[0].below or ()) + len(single[0].above or ()) != 2:
            continue
        before, behind = items[max(at - 1, 0) : at], items[at + 1 : at + 2]
        if any(isinstance(x, Prose) and ERROR_BEHIND.match(x.text) for x in behind):
            return True
        if any(isinstance(x, Prose) and ERROR_BEFORE.search(x.text) for x in before):
            return True
    return False


PROPERTY = re.compile(
    r"(?<!not )(?<!non-)(?<!anti-)(?<!skew-)(?<!skew )"
    r"\b(symmetric|invertible|positive definite|non-singular)"
)
MEANS = {"positive definite": "symmetric invertible", "non-singular": "invertible"}
BOUND = re.compile(
    r"\b(?:skew|anti[- ]?symmetric|orthogonal|orthonormal|unitary|idempotent|nilpotent|projection matrix)\b"
)
"""Of which nothing is used: what is called so is bound by an equation."""
UNLESS = re.compile(
    r"\b(?:if|when|whenever|unless|were|would|could|may|might|"
    r"neither|never|without|rather|instead|except|not|need not|general)\b"
)


def properties_said(page: Page, reader: Reader) -> Iterator[tuple[str, str]]:
    """The matrices that a sentence calls symmetric or invertible: those that stand in it alone."""
    said = ""
    names: list[str] = []
    for item in page.items:
        if isinstance(item, Formula):
            names += _alone(item, reader)
            continue
        text = item.text if isinstance(item, Prose) else "."
        for at, part in enumerate(re.split(r"[.;:](?:\s|$)", text)):
            if at:
                yield from ((key, told) for key in names if (told := _told(said)))
                said, names = "", []
            said = f"{said} {part.lower()}"
    yield from ((key, told) for key in names if (told := _told(said)))


def _told(said: str) -> str:
    """The properties that a sentence speaks of, those on a condition left out."""
    found = [] if UNLESS.search(said) else PROPERTY.findall(said)
    words = [MEANS.get(word, word) for word in found]
    return " ".join([*words, "bound"] if BOUND.search(said) else words)


def _alone(formula: Formula, reader: Reader) -> list[str]:
    """The matrices that are a formula by themselves."""
    singles = [single_name(c.members[0].tree) for c in formula.chains if len(c.members) == 1]
    keys = [reader.read(*single, formula.number).key for single in singles if single is not None]
    return [key for key in keys if key[:1].isupper() or "mathbf" in key]
