r"""What hangs on a name, taken apart: labels, indices with their domains, powers, transposes.

`split` looks at one name alone and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from derive.notation import habits
from derive.text.trees import (
    Big,
    Fraction,
    Group,
    Name,
    Node,
    Number,
    Root,
    Row,
    Sign,
    Table,
    Words,
    children,
    walk,
)

Domain = Literal["time", "layer", "component", "sample", "label"]
Place = Literal["below", "above", "paren", "square", "angle", "call"]
Form = Literal["letter", "number", "word", "nested", "other"]
GIVEN = ("|", "\\mid", "/")
ORDINALS = frozenset(
    ("th", "st", "nd", "rd", "\\text{th}", "\\text{st}", "\\text{nd}", "\\text{rd}")
)
DOMAINS: tuple[Domain, ...] = ("time", "layer", "component", "sample")
STYLED = {
    "bold": "\\mathbf",
    "cal": "\\mathcal",
    "bb": "\\mathbb",
    "frak": "\\mathfrak",
    "sf": "\\mathsf",
    "tt": "\\mathtt",
}
ACCENTED = {"underline": "\\underline"}
STARS = ("*", "\\ast", "\\star")
EQUAL = frozenset(("=", ":=", "\\equiv", "\\triangleq", "\\coloneqq", "\\stackrel{=}"))
BRACKETS: dict[str, Place] = {"(": "paren", "[": "square", "\\langle": "angle", "<": "angle"}


def plain(row: Iterable[Node]) -> str:
    """One spelling of a row: the same for what looks the same, whatever the braces and blanks."""
    text = ""
    for node in row:
        part = _spelled(node)
        swallows = (
            part[:1].isalpha()
            and text[-1:].isalpha()
            and "\\" in text
            and text.rsplit("\\", 1)[1].isalpha()
        )
        text += f" {part}" if swallows else part
    return text


def _spelled(node: Node) -> str:
    match node:
        case Number() | Sign():
            return node.text
        case Name():
            return bare(node) + "'" * node.primes + _scripts(node.below, node.above)
        case Words():
            return f"\\text{{{node.text}}}"
        case Fraction():
            return f"\\frac{{{plain(node.above_line)}}}{{{plain(node.below_line)}}}"
        case Root():
            return f"\\sqrt{{{plain(node.inside)}}}" + (
                f"[{plain(node.degree)}]" if node.degree else ""
            )
        case Group():
            inside = plain(node.inside)
            return (
                node.opening
                + inside
                + node.closing
                + "'" * node.primes
                + _scripts(node.below, node.above)
            )
        case Big():
            return f"\\{node.kind}" + _scripts(node.below, node.above)
        case Table():
            rows = "\\\\".join("&".join(plain(cell) for cell in row) for row in node.rows)
            return f"\\begin{{{node.kind}}}{rows}\\end{{{node.kind}}}" + _scripts(
                node.below, node.above
            )
        case _:
            return "\\?"


def _scripts(below: Row | None, above: Row | None) -> str:
    lower = f"_{{{plain(below)}}}" if below is not None else ""
    return lower + (f"^{{{plain(above)}}}" if above is not None else "")


def bare(name: Name) -> str:
    r"""A name without what hangs on it: `h`, `\mathbf{h}`, `\hat{y}`, `net`."""
    text = name.letter
    if name.style in STYLED:
        text = f"{STYLED[name.style]}{{{text}}}"
    for accent in reversed(name.accents):
        text = f"\\{accent}{{{text}}}"
    return text


def is_word(name: Name) -> bool:
    """Whether a name is several letters (a macro such as \\theta is one)."""
    return len(name.letter) > 1 and not name.letter.startswith("\\")


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that hangs on a name: `t-1` below, `l` in square brackets above, `f` in W_f.

    `letter` is the first letter of an index such as t-1, "" where there is none; `moved` says that
    something is added to it; `run` how many letters stand together without commas (`ij`: 2);
    `beside` that others stand in the same script.
    """

    place: Place
    row: Row
    form: Form
    letter: str = ""
    moved: bool = False
    run: int = 1
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """A name taken apart, nothing decided: `power` is what stands plainly above it and may be an index,
    too."""

    base: str
    pieces: tuple[Piece, ...]
    transposed: bool = False
    inverse: bool = False


def parts_of(row: Row, signs: Sequence[str] = (",", ";")) -> list[Row]:
    """A row cut at its commas."""
    found: list[list[Node]] = [[]]
    for node in row:
        if isinstance(node, Sign) and node.text in signs:
            found.append([])
        else:
            found[-1].append(node)
    return [tuple(part) for part in found if part]


def pieces_of(place: Place, row: Row) -> Iterator[Piece]:
    """The pieces of a script, in written order."""
    parts = parts_of(row)
    for part in parts:
        for at, node in enumerate(part):
            if isinstance(node, Sign) and node.text == "=" and at + 1 < len(part):
                part = part[at + 1 :]
                break
        for piece in _pieces_of_part(place, part):
            yield replace(piece, beside=True) if len(parts) > 1 or piece.run > 1 else piece


def _pieces_of_part(place: Place, part: Row) -> Iterator[Piece]:
    if len(part) == 1 and isinstance(part[0], Name):
        part = _entry(part[0]) or part
    if len(part) > 1 and all(isinstance(node, Name | Number) for node in part):
        nested = any(isinstance(n, Name) and (n.below or n.above or is_word(n)) for n in part)
        if not nested:
            for node in part:
                yield _single(place, node, len(part))
            return
    if len(part) == 1 and isinstance(part[0], Group) and part[0].opening in BRACKETS:
        square = place == "below" and part[0].opening == "["  # h_{[j]} is an entry
        yield from pieces_of("below" if square else BRACKETS[part[0].opening], part[0].inside)
    elif (
        len(part) == 2
        and isinstance(part[0], Name)
        and isinstance(part[1], Group)
        and part[1].opening == "["
    ):
        yield _single(place, part[0], 1)  # f[i], the entry i of what f tells from others
        yield from pieces_of("below", part[1].inside)
    elif len(part) == 1:
        yield _single(place, part[0], 1)
    else:
        yield _expression(place, part)


def _entry(name: Name) -> Row | None:
    """The i and the 1 of `i1`, where two indices look like one name."""
    if len(name.letter) != 2 or name.letter[0] not in "ijkmn" or not name.letter[1].isdigit():
        return None
    if name.below is not None or name.above is not None or name.style == "text":
        return None
    middle = name.start + 1
    return replace(name, end=middle, letter=name.letter[0]), Number(
        middle, name.end, name.letter[1]
    )


def _single(place: Place, node: Node, run: int) -> Piece:
    match node:
        case Number():
            return Piece(place, (node,), "number", run=run)
        case Name() if is_word(node) or node.style == "text":
            return Piece(place, (node,), "word", node.letter, run=run)
        case Name() if node.below is not None or node.above is not None:
            return Piece(place, (node,), "nested", node.letter, run=run)
        case Name():
            return Piece(place, (node,), "letter", node.letter, run=run)
        case Words():
            return Piece(place, (node,), "word", node.text, run=run)
        case _:
            return Piece(place, (node,), "other", run=run)


def _expression(place: Place, part: Row) -> Piece:
    """An index with something added: t-1, k+1, T-t, L-1."""
    names = [n for n in part if isinstance(n, Name)]
    simple = all(isinstance(n, Name | Number | Sign) for n in part)
    if not simple or not names or any(is_word(n) for n in names):
        return Piece(place, part, "other")
    if any(isinstance(n, Sign) and n.text not in "+-" for n in part):
        return Piece(place, part, "other", names[0].letter)
    if len(part) > 1 and all(isinstance(n, Name | Number) for n in part[-2:]) and len(names) > 1:
        return Piece(place, part, "letter", names[0].letter, moved=True)
    return Piece(place, part, "letter", names[0].letter, moved=True)


def _given(below: Row) -> tuple[Row, Name] | None:
    """The step and the label of x_{k|k-1}, the estimate of step k from what is known at k-1; None for any other script."""  # noqa: E501
    places = [i for i, n in enumerate(below) if isinstance(n, Sign) and n.text in GIVEN]
    if len(places) != 1:
        return None
    (place,) = places
    first, second = below[:place], below[place + 1 :]
    step, known = _step(first), _step(second)
    if step is None or known is None:
        return None
    if step[0] == known[0]:
        ahead = step[1] - known[1]
        word = {0: "posterior", 1: "prior"}.get(ahead, f"{ahead} ahead")
    elif known[0] in habits.HORIZON and not known[1]:
        word = f"given {known[0]}"
    else:
        return None
    return first, Name(below[place].start, below[-1].end, word, "text")


def _step(row: Row) -> tuple[str, int] | None:
    """The letter of an index, and the whole number that is added to it."""
    first, *rest = row or (None,)
    if not isinstance(first, Name) or first.below or first.above or is_word(first):
        return None
    if not rest:
        return first.letter, 0
    sign, number = (*rest, None)[:2]
    if len(rest) != 2 or not isinstance(sign, Sign) or not isinstance(number, Number):
        return None
    if sign.text not in "+-" or not number.text.isdigit():
        return None
    return first.letter, int(number.text) * (1 if sign.text == "+" else -1)


def split(name: Name) -> Split:
    """A name with its scripts taken apart."""
    given = _given(name.below) if name.below else None
    if given is not None:
        pieces = [
            *pieces_of("below", given[0]),
            Piece("below", (given[1],), "word", given[1].letter),
        ]
    else:
        pieces = list(pieces_of("below", name.below)) if name.below else []
    transposed = inverse = False
    rest: list[Node] = []
    if name.above is not None and _is_expression(name.above):
        pieces.append(Piece("above", name.above, "other"))
        return Split(bare(name), tuple(pieces))
    for node in name.above or ():
        if isinstance(node, Name) and node.letter in ("\\top", "\\intercal"):
            transposed = True
        elif isinstance(node, Group) and node.opening in BRACKETS:
            pieces += pieces_of(BRACKETS[node.opening], node.inside)
            transposed = transposed or _is_transpose(node.above)
        elif isinstance(node, Sign) and node.text in STARS:
            pieces.append(Piece("above", (replace(node, text="*"),), "word", "*"))  # k^* is not k
        else:
            rest.append(node)
    if rest and transposed and len(rest) == 1 and isinstance(rest[0], Sign) and rest[0].text == "-":
        return Split(bare(name), tuple(pieces), transposed, True)
    if plain(rest) in ORDINALS:
        rest = []
    if plain(rest) == "-1":
        inverse = True
    elif plain(rest) == "-T":
        inverse = transposed = True
    elif plain(rest) in ("+", "-"):
        pieces.append(Piece("above", tuple(rest), "word", plain(rest)))
    elif rest:
        pieces += pieces_of("above", tuple(rest))
    return Split(bare(name), tuple(pieces), transposed, inverse)


def lowered(found: Split, letters: frozenset[str]) -> Split:
    r"""A name of a tensor with its upper indices beside the lower ones: A^{ij} as A_{ij}, \delta^i_j as \delta_{ji}."""  # noqa: E501
    above = [p for p in found.pieces if p.place == "above"]
    if not above or not all(_is_index(p, letters) for p in above):
        return found
    pieces = [p if p.place != "above" else replace(p, place="below") for p in found.pieces]
    own = [p for p in pieces if p.place == "below"]
    if len(own) > len(above) and all(_is_index(p, letters) for p in own):
        pieces = [
            replace(p, run=len(own), beside=True) if p.place == "below" else p for p in pieces
        ]
    return replace(found, pieces=tuple(pieces))


def _is_index(piece: Piece, letters: frozenset[str]) -> bool:
    return piece.form == "letter" and not piece.moved and piece.letter in letters


def _is_expression(row: Row) -> bool:
    """Whether a superscript calculates with a bracket: e^{-(a + b)}, w^{2(t-k)}."""
    grouped = any(isinstance(n, Group) for n in row)
    signs = any(isinstance(n, Sign) and n.text not in ("*", ",") for n in row)
    return grouped and (signs or any(isinstance(n, Number) for n in row))


def _is_transpose(row: Row | None) -> bool:
    return row is not None and plain(row) in ("\\top", "\\intercal", "T")


Context = Literal["main", "differentiated", "by", "bound", "operator"]


@dataclass(frozen=True, slots=True)
class Use:
    """One written name in its place: `first` is the left side of an equation, `by` what is
    differentiated by."""

    name: Name
    behind: Group | None
    number: int
    chain: int
    member: int
    first: bool
    context: Context
    split: Split


def is_differential(row: Row) -> bool:
    """Whether a row begins with ∂, ∇ or the d of a derivative."""
    return (
        bool(row)
        and isinstance(row[0], Name)
        and (
            row[0].letter == "\\partial"
            or (row[0].letter == "d" and not row[0].accents and row[0].below is None)
        )
        and not has_a_whole_derivative(row)
    )


def has_a_whole_derivative(row: Row) -> bool:
    r"""Whether a row has a derivative with a slash in it: \partial F / \partial x in a fraction of such."""
    return any(
        isinstance(n, Sign)
        and n.text == "/"
        and isinstance(after, Name)
        and after.letter in ("\\partial", "d")
        for n, after in pairwise(row)
    )


def tells_partial_from_total(rows: Iterable[Row]) -> bool:
    r"""Whether one derivative stands in a line with d and with ∂, \frac{dG}{dp} and \frac{\partial G}{\partial p}: the one is total, the other partial."""  # noqa: E501
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for node in walk(row):
            if not isinstance(node, Fraction):
                continue
            lines = node.above_line, node.below_line
            if all(is_differential(line) and len(line) > 1 for line in lines):
                letter = lines[0][0].letter  # type: ignore[attr-defined]
                above, below = (plain(line[1:]) for line in lines)
                found.setdefault((above, below), set()).add(letter)
    return any(len(letters) > 1 for letters in found.values())


def is_derivative(node: Node) -> bool:
    r"""Whether a node is `\frac{\partial a}{\partial b}` or `\frac{d}{dx}`, whatever its ∂."""
    if not isinstance(node, Fraction):
        return False
    lines = (node.above_line, node.below_line)
    return all(map(is_differential, lines)) or all(map(_is_variation, lines))


def is_total(node: Node) -> bool:
    r"""Whether a node is a derivative that is written with d."""
    first = node.above_line[0] if isinstance(node, Fraction) and node.above_line else None
    return is_derivative(node) and isinstance(first, Name) and first.letter == "d"


def _is_variation(row: Row) -> bool:
    r"""Whether a row is the \delta x of a derivative that is written with \delta."""
    return len(row) == 2 and all(isinstance(n, Name) for n in row) and plain(row[:1]) == "\\delta"


def names_in(row: Row, context: Context = "main") -> Iterator[tuple[Name, Group | None, Context]]:
    """The names of a row on the line, not those in scripts, with the bracket behind each."""
    for at, node in enumerate(row):
        follows = row[at + 1] if at + 1 < len(row) else None
        behind = follows if isinstance(follows, Group) and follows.opening in ("(", "[") else None
        match node:
            case Name() if node.letter in habits.NO_SYMBOL or (
                node.letter == "d" and node.style == "rm"
            ):
                pass
            case Name():
                yield node, behind, context
            case Fraction() if is_derivative(node):
                yield from names_in(_without_sign(node.above_line), "differentiated")
                yield from names_in(_without_sign(node.below_line), "by")
            case Big():
                for script in (node.below, node.above):
                    yield from names_in(script or (), "bound")
            case _:
                called = context == "by" and at and isinstance(row[at - 1], Name)
                for inner in _lines(node):  # the k of \partial S(k) is not differentiated by
                    yield from names_in(inner, "main" if called else context)


def rows_outside_derivatives(row: Row) -> Iterator[Row]:
    """A row and the rows inside it that stand on the line and in no derivative."""
    yield row
    for node in row:
        if not is_derivative(node) and not isinstance(node, Name):
            for inner in _lines(node):
                yield from rows_outside_derivatives(inner)


def _without_sign(row: Row) -> Row:
    if _is_variation(row):
        return row[1:]
    return tuple(
        n
        for n in row
        if not (isinstance(n, Name) and n.letter == "d" and n.below is None and not n.accents)
    )


def _lines(node: Node) -> Iterator[Row]:
    """The rows inside a node that stand on the line."""
    scripts = (getattr(node, "below", None), getattr(node, "above", None))
    for inner in children(node):
        if not any(inner is s for s in scripts):
            yield inner


def _is_prose(node: Node) -> bool:
    """Whether a node is a word such as "and" that has slipped into a formula."""
    return isinstance(node, Name) and is_word(node) and bool(habits.WORD.fullmatch(node.letter))


def single_name(row: Row) -> tuple[Name, Group | None] | None:
    """The one name that a side is, with the bracket behind it; punctuation and words at the end do not
    count."""
    nodes = [n for n in row if not isinstance(n, Words) and not _is_prose(n)]
    while nodes and isinstance(nodes[-1], Sign) and nodes[-1].text in (",", ".", ";", ":"):
        nodes.pop()
    if not nodes or not isinstance(nodes[0], Name) or nodes[0].letter in habits.NO_SYMBOL:
        return None
    if len(nodes) == 1:
        return nodes[0], None
    if (
        len(nodes) == 2
        and isinstance(nodes[1], Group)
        and nodes[1].opening in ("(", "[")
        and nodes[1].above is None
    ):
        return nodes[0], nodes[1]
    return None


@dataclass(frozen=True, slots=True)
class Where:
    """Where a formula stands: its section, list item and paragraph by number, and the words before it
    in its paragraph."""

    section: int
    item: int
    paragraph: int
    level: int
    before: str
    display: bool
    aside: bool = False
    """Whether it is in a heading or a caption."""
