"""What an understanding of a page consists of, and small readers of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from derive.algebra.core import (
    App,
    Big,
    Core,
    Ref,
    walk,
)
from derive.algebra.core import children as inner_parts
from derive.algebra.expression import Time
from derive.meaning.model import ORDERED, Definition
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import terms_of as terms_of
from derive.text.spelled import spelled
from derive.text.trees import Big as Bigs
from derive.text.trees import Fraction as Over
from derive.text.trees import Group, Name, Number, Sign, Table

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding


ARRAYS = re.compile(
    r"\\(?:top|odot|intercal|mathbf|boldsymbol|bm|vec|lVert|lvert|otimes)(?![a-zA-Z])|\\mathbb\s*\{?R\}?\s*\^|ℝ\^|⊤|⊙|diag|softmax|∈ ?ℝ"  # noqa: E501
)


TRANSPOSED = re.compile(
    r"[)\]]\s*\^\s*\{?\s*(?:T|\\mathsf\{?T\}?|\\mathrm\{?T\}?|\\text\{T\})(?![a-zA-Z])"
)


WORDS_OF_ARRAYS = re.compile(r"\b(?:vectors?|matri(?:x|ces)|Jacobians?)\b", re.IGNORECASE)


NUMBERS_ONLY = re.compile(
    r"\b(?:numbers only|scalars only|(?:all|every) (?:quantit|variable)\w* (?:is|are) (?:a )?(?:scalar|number)s?|everything is a (?:scalar|number)|only scalars)\b",  # noqa: E501
    re.IGNORECASE,
)


SCALARS = frozenset(
    [
        "T",
        "N",
        "L",
        "K",
        "M",
        "n",
        "m",
        "k",
        "i",
        "j",
        "t",
        "s",
        "l",
        "d",
        "p",
        "q",
        "r",
        "e",
        "B",
        "\\alpha",
        "\\eta",
        "\\lambda",
        "\\epsilon",
        "\\varepsilon",
        "\\tau",
        "\\mu",
        "\\rho",
    ]
)


BOLD = re.compile(
    r"^\\(?:mathbf|boldsymbol|bm|vec|underline|pmb|V|v|rv|RV)(?![a-z]{2})|^\\(?:mathbf|boldsymbol|bm|vec|underline|pmb)\b"
)


SAID_GRADIENT = re.compile(
    r"(?<![a-zA-Z])d(?P<by>\\?[a-zA-Z]+)(?![a-zA-Z])[^\n]{0,60}"
    r"\\[dt]?frac\s*\{\s*(?P<d>d|\\partial)[^{}]{1,20}\}\s*\{\s*(?P=d)\s*(?P=by)"
)


NOTED_GRADIENT = re.compile(
    r"\\[dt]?frac\s*\{\s*(?P<d>d|\\partial)[^{}]{1,20}\}\s*\{\s*(?P=d)\s*(?P<by>\\?[a-zA-Z]+)"
    r"(?:(?!\n\n\n).){0,200}?(?:\b(?:denote|writ|call|abbreviat|short)\w*|记为|記為|记作|と書く|とおく)\W{0,12}d(?P=by)(?![a-zA-Z])",
    re.DOTALL,
)


ROWWISE = re.compile(
    r"row[- ](?:by[- ]row|wise)|rows are (?:data|examples|samples|points)|(?:each|every|a) row is (?:a|an|one) (?:data|example|sample)|to each row",  # noqa: E501
    re.IGNORECASE,
)


ACCENTED = re.compile(r"(?:\\(?:hat|tilde|bar|mathbf)\{)*([a-z])\}*")


NAMED_SHAPE = re.compile(r"^\\?[a-zA-Z]{3,}(Matrix|Vector|Scalar)$")  # \inputMatrix, \biasVector


SHAPES_NAMED = {"matrix": 2, "vector": 1, "scalar": 0}


ALL_ONES = re.compile(
    r"matri(?:x|ces) (?:of|filled with) (?:all )?ones|all[- ]ones matrix|ones matrix", re.IGNORECASE
)


ON_A_CURVE = "a formula for what is a function elsewhere: its arguments lie on a curve"


APART = " entries beside "


SIZES = re.compile(r"(?<![a-zA-Z\\])([a-zA-Z])[_^]\s*\{?[(\[]?(?:l|\\ell)(?![a-zA-Z])")


ODD = 3


WHERE = 4  # how far behind its use a name may be made: h = f(u v), where v = …


PASSES = 3


MOST_PARTS = 1500  # of a function's formula


NEXT = 1


AGAIN = (
    "says again what is defined",
    "another step of what is defined",
    "an equation for an adjoint that is defined",
)


EQUATIONS = ("=", ":=", "\\equiv", "\\triangleq")


EXPRESSIONS = "an equation between expressions"


LOOSE = "an index {} that the left side has, too"


LEFT_OVER = re.compile(re.escape(LOOSE).replace(r"\{\}", "(.+)"))


KNOWN_LOGARITHMS = ("\\ln", "ln", "\\log", "log")


@dataclass(frozen=True, slots=True)
class Made:
    """A definition of the page, elaborated, with where it is in force."""

    definition: Definition
    first: int
    last: int
    place: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Failed:
    """A formula that makes names in a way that was not understood."""

    names: frozenset[str]
    first: int
    last: int
    why: str
    uses: frozenset[str] = (
        frozenset()
    )  # the names that it is made of, as far as they are written; empty where that is not known
    place: tuple[int, int] | None = None  # the chain that it stands in, where it is a definition


HORIZONS = frozenset(("T", "N", "L", "\\tau", "K", "M", "n", "H"))


NODE = Name(0, 0, "")


def forms(key: str, slots: tuple[str, ...]) -> Iterator[str]:
    """The names of a family's forms: with all of its ordered slots, and without some of them."""
    for without in range(2 ** len(slots)):
        yield key + "".join(f"∅{s}" for k, s in enumerate(slots) if without >> k & 1)


def differing(a: Core, b: Core) -> tuple[Ref, Core] | None:
    """The one name of a formula that another has replaced by a formula; None where they differ otherwise."""  # noqa: E501
    found: dict[Ref, Core] = {}

    def same(x: Core, y: Core) -> bool:
        if x == y:
            return True
        if isinstance(x, Ref):
            return found.setdefault(x, y) == y
        mine, others = list(inner_parts(x)), list(inner_parts(y))
        if (
            type(x) is not type(y)
            or not mine
            or len(mine) != len(others)
            or getattr(x, "name", "") != getattr(y, "name", "")
        ):
            return False
        return all(same(p, q) for p, q in zip(mine, others, strict=True))

    if not same(a, b) or len(found) != 1:
        return None
    ((ref, made),) = found.items()
    return ref, made


def bound_by(row: Any, letter: str, other: str) -> Any:
    """A row with the Σ over one letter made one over another; a bound that is that letter itself is left out."""  # noqa: E501
    made = []
    for node in row:
        first = node.below[0] if isinstance(node, Bigs) and node.below else None
        if isinstance(first, Name) and spelled(node.below[:1]) == letter:
            below = (replace(first, letter=other), *node.below[1:])
            if spelled(below[2:]) == other:
                below = below[:1]
            node = replace(node, below=below)
        elif isinstance(node, Over):
            node = replace(
                node,
                above_line=bound_by(node.above_line, letter, other),
                below_line=bound_by(node.below_line, letter, other),
            )
        elif isinstance(node, Group):
            node = replace(node, inside=bound_by(node.inside, letter, other))
        made.append(node)
    return tuple(made)


def letters_of(x: Core) -> set[str]:
    """The names of the families in a formula."""
    return {p.name for p in walk(x) if isinstance(p, Ref)}


def entries_listed(row: Any) -> list[Any] | None:
    """The entries of a list in brackets, or of a table; None where a row is neither."""
    row = tuple(n for n in row if not (isinstance(n, Sign) and n.text in (",", ".", ";")))
    if len(row) != 1:
        return None
    if isinstance(row[0], Table):
        return [c for r in row[0].rows for c in r]
    if isinstance(row[0], Group) and any(
        isinstance(n, Sign) and n.text == "," for n in row[0].inside
    ):
        return [row[0].inside]
    return None


def written_number(row: Any) -> Fraction | None:
    """The number that a row is: 3, -2, 1/2, 0.5."""
    row = tuple(n for n in row if not (isinstance(n, Sign) and n.text in (",", ".", ";")))
    sign = 1
    while row and isinstance(row[0], Sign) and row[0].text in ("-", "+"):
        sign, row = (-sign if row[0].text == "-" else sign), row[1:]
    if len(row) == 3 and isinstance(row[1], Sign) and row[1].text == "/":
        above, below = written_number(row[:1]), written_number(row[2:])
    elif len(row) == 1 and isinstance(row[0], Over):
        above, below = written_number(row[0].above_line), written_number(row[0].below_line)
    elif (
        len(row) == 1
        and isinstance(row[0], Group)
        and row[0].above is None
        and row[0].below is None
    ):
        above, below = written_number(row[0].inside), Fraction(1)
    elif len(row) == 1 and isinstance(row[0], Number):
        above, below = Fraction(row[0].text.replace(",", "")), Fraction(1)
    else:
        return None
    return sign * above / below if above is not None and below else None


def head_name(row: Any) -> Name | None:
    if not row or not isinstance(row[0], Name):
        return None
    rest = row[1:]
    if not rest or (len(rest) == 1 and isinstance(rest[0], Group)):
        return row[0]
    if all(isinstance(n, Sign) and n.text in (":", ",") for n in rest):
        return row[0]
    return None


def same_pattern(a: Definition, b: Definition) -> bool:
    """Whether two definitions claim the same members: up to the names of their letters."""
    if len(a.index) != len(b.index):
        return False
    for p, q in zip(a.index, b.index, strict=True):
        general_p = any(p == Time.of(x) for x in a.letters)
        general_q = any(q == Time.of(x) for x in b.letters)
        if general_p != general_q or (not general_p and p != q):
            return False
    return True


def resolved(core: Core, dims: Any) -> Core:
    """A formula with each dimension named as the page's formulas show it to be."""
    from derive.algebra.core import Arg, Chain, Size, Stack, rebuild

    def go(x: Core) -> Core:
        x = rebuild(x, go)
        match x:
            case Big(kind, letter, str() as dim, lower, upper, body, without):
                return Big(kind, letter, dims.find(dim), lower, upper, body, without)
            case App(name, args, index, slots):
                return App(
                    name,
                    tuple(Arg(a.letters, tuple(map(dims.find, a.dims)), a.body) for a in args),
                    index,
                    slots,
                )
            case Stack(index, parts):
                return Stack(index, tuple((i, dims.find(d), b) for i, d, b in parts))
            case Size(dim):
                return Size(dims.find(dim))
            case Chain(dim=dim):
                return Chain(
                    x.letter, x.lower, x.upper, x.row, x.col, dims.find(dim), x.body, x.at, x.down
                )
            case _:
                return x

    return go(core)


__all__ = ["ORDERED", "Understanding", "resolved"]
