"""Slips that people make, undone one at a time: texts of a member as it may have been meant. None of them is a verdict."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.text.trees import Big, Fraction, Group, Name, Node, Number, Row, Sign

MOST = 90
SHIFTS = (1, -1)
SWAPPED = "two factors stand in the wrong order"
TURNED = ("a transposition is missing", "a transposition too many")
WHERE_INDEX = " as an index where "

NAMED = {"sum": "sum", "prod": "product"}
OFF_BY_ONE = "an index is off by one"
MISSING = {
    "a factor is missing": "the factor {} is missing",
    "a term is missing": "the term {} is missing",
    "a step of the path is missing": "a step of the path is missing: {}",
    "a path is missing": "the path {} is missing",
    "the direct use is missing": "the direct use is missing: {}",
    "the last factor is another one": "the last factor is another one: {}",
}
TOO_MANY = {
    "a factor too many": "the factor {} is too many",
    "a term too many": "the term {} is too many",
}


@dataclass(frozen=True, slots=True)
class Repair:
    """A member's text with one edit; `cause` is the slip in a teacher's words."""

    text: str
    cause: str
    said: str = ""  # the cause, with what is missing or wrong

    @property
    def words(self) -> str:
        return self.said or self.cause


def repairs(
    text: str,
    row: Row,
    offset: int,
    names: tuple[str, ...] = (),
    plain: tuple[str, ...] = (),
    letters: tuple[str, ...] = (),
) -> Iterator[Repair]:
    """The repaired texts of a member whose tree is `row` and whose text begins at `offset` of the source.

    `names` are what the page makes, `plain` those of them that have no index, `letters` the indices of
    the head.
    """
    seen = {text}
    count = 0
    for start, end, new, cause in _edits(text, row, offset, names, plain, letters):
        made = text[: start - offset] + new + text[end - offset :]
        if made not in seen:
            seen.add(made)
            yield Repair(made, cause, said(text[start - offset : end - offset], new, cause))
            count += 1
            if count >= MOST:
                return


def said(old: str, new: str, cause: str) -> str:
    """A cause with what is missing, or too many."""
    for slip, written in ((MISSING, new), (TOO_MANY, old)):
        thing = " ".join(written.split()).removeprefix("+").removeprefix("-").strip()
        if cause in slip and thing:
            return slip[cause].format(thing)
    return ""


Edit = tuple[int, int, str, str]


def _edits(
    text: str,
    row: Row,
    offset: int,
    names: tuple[str, ...],
    plain: tuple[str, ...],
    letters: tuple[str, ...],
) -> Iterator[Edit]:
    rows = list(_rows(row))
    several = any(isinstance(n, Sign) and n.text in ("+", "-") for n in row[1:])
    if several:
        yield (
            row[0].start,
            row[-1].end,
            f"-({text[row[0].start - offset : row[-1].end - offset]})",
            "the sign is wrong",
        )
    elif row and not (isinstance(row[0], Sign) and row[0].text in "+-"):
        yield row[0].start, row[0].start, "-", "the sign is wrong"
    elif row and isinstance(row[0], Sign):
        yield row[0].start, row[0].end, " ", "the sign is wrong"
    for inner in rows:
        yield from _signs(inner)
    for inner in rows:
        yield from _primes(inner)
    for inner in rows:
        yield from _shifted(text, inner, offset)
    for inner in rows:
        yield from _lettered(text, inner, offset, letters)
    for inner in rows:
        yield from _swapped(text, inner, offset)
    for inner in rows:
        yield from _turned(text, inner, offset)
    for inner in rows:
        yield from _dropped(inner)
    yield from _scaled(row)
    for inner in rows:
        yield from _whole(text, inner, offset, plain)
    for inner in rows:
        yield from _renamed(inner, names)


def _rows(row: Row, depth: int = 0) -> Iterator[Row]:
    """The rows of a formula, outermost first; not those of scripts."""
    yield row
    if depth > 4:
        return
    for node in row:
        if isinstance(node, Fraction):
            yield from _rows(node.above_line, depth + 1)
            yield from _rows(node.below_line, depth + 1)
        elif isinstance(node, Group):
            yield from _rows(node.inside, depth + 1)


def _signs(row: Row) -> Iterator[Edit]:
    for i, node in enumerate(row):
        if isinstance(node, Sign) and node.text in ("+", "-") and i:
            yield node.start, node.end, "-" if node.text == "+" else "+", "a sign is wrong"


def _primes(row: Row) -> Iterator[Edit]:
    for i, node in enumerate(row):
        if not isinstance(node, Name) or i + 1 >= len(row) or not isinstance(row[i + 1], Group):
            continue
        if node.primes:
            yield (
                node.end - node.primes,
                node.end,
                "",
                f"{node.letter}′ where {node.letter} is meant",
            )
        elif node.style != "op":
            yield node.end, node.end, "'", f"{node.letter} where {node.letter}′ is meant"


def _shifted(text: str, row: Row, offset: int) -> Iterator[Edit]:
    """One index off by one, or without what was added to it."""
    for node in row:
        if isinstance(node, Big):
            for script in (node.below, node.above):
                if script:
                    yield from _index_edits(
                        text,
                        script[_after_relation(script) :],
                        offset,
                        f"an end of the {NAMED.get(node.kind, node.kind)} is off by one",
                    )
        if isinstance(node, Name | Group):
            for script in (node.below, node.above):
                if script:
                    yield from _index_edits(text, _inner(script), offset, OFF_BY_ONE)


def _lettered(text: str, row: Row, offset: int, letters: tuple[str, ...]) -> Iterator[Edit]:
    """One index for another of the head's."""
    for index in indices_of(row):
        own = text[index.start - offset : index.end - offset]
        for letter in letters:
            if letter != own:
                yield (
                    index.start,
                    index.end,
                    f"{{{letter}}}",
                    f"{own}{WHERE_INDEX}{letter} is meant",
                )


def indices_of(row: Row) -> Iterator[Name | Number]:
    """The letters and numbers that stand alone as indices, W_{ij}, x^{(t)}, of the names of a row."""
    for node in row:
        if isinstance(node, Name | Group):
            for script in (node.below, node.above):
                inner = _inner(script or ())
                if not any(isinstance(n, Sign) and n.text != "," for n in inner):
                    yield from (n for n in inner if isinstance(n, Name | Number) and _is_plain(n))
                    yield from indices_of(inner)


def indices_in(row: Row) -> tuple[Name | Number, ...]:
    """Those of a whole formula."""
    return tuple(part for inner in _rows(row) for part in indices_of(inner))


def _is_plain(node: Name | Number) -> bool:
    if isinstance(node, Number):
        return node.text.isdigit()
    letter = len(node.letter) == 1 and node.letter.islower()
    return (letter or node.letter == "\\ell") and not (node.below or node.above)


def _after_relation(row: Row) -> int:
    return next(
        (i + 1 for i, n in enumerate(row) if isinstance(n, Sign) and n.text in ("=", "\\geq", ">")),
        0,
    )


def _inner(row: Row) -> Row:
    while len(row) == 1 and isinstance(row[0], Group):
        row = row[0].inside
    return row


def _index_edits(text: str, row: Row, offset: int, cause: str) -> Iterator[Edit]:
    if len(row) == 1 and isinstance(row[0], Name | Number):
        node = row[0]
        own = text[node.start - offset : node.end - offset]
        if isinstance(node, Number):
            if node.text.isdigit():
                yield node.start, node.end, str(int(node.text) + 1), cause
                yield node.start, node.end, str(int(node.text) - 1), cause
            return
        for shift in SHIFTS:
            yield node.start, node.end, f"{{{own}{shift:+d}}}", cause
    elif (
        len(row) == 3
        and isinstance(row[1], Sign)
        and row[1].text in "+-"
        and isinstance(row[2], Number)
        and row[2].text.isdigit()
    ):
        n = int(row[2].text) * (1 if row[1].text == "+" else -1)
        for new in (n + 1, n - 1, -n):
            yield row[1].start, row[2].end, f"{new:+d}" if new else "", cause
    elif len(row) > 1:
        for i, node in enumerate(row):  # type: ignore[assignment]
            if isinstance(node, Name) and (i + 1 == len(row) or isinstance(row[i + 1], Sign)):
                part = row[i : i + 3] if _has_a_shift(row, i) else (node,)
                yield from _index_edits(text, part, offset, cause)


def _has_a_shift(row: Row, at: int) -> bool:
    """Whether + 1 or - 1 stands behind a letter of an index of several parts."""
    if len(row) <= 3 or at + 2 >= len(row):
        return False
    sign, number = row[at + 1], row[at + 2]
    shifts = isinstance(sign, Sign) and sign.text in ("+", "-")
    return shifts and isinstance(number, Number) and number.text.isdigit()


def factors_of(row: Row) -> Iterator[list[tuple[int, int]]]:
    """The spans of the factors of each term."""
    here: list[tuple[int, int]] = []
    skip = False
    for i, node in enumerate(row):
        if isinstance(node, Sign) and node.text in ("+", "-", ",", "=", ";"):
            yield here
            here = []
        elif isinstance(node, Sign) or isinstance(node, Big):  # noqa: SIM101
            skip = False
        elif skip or (
            here
            and isinstance(node, Group)
            and i
            and isinstance(row[i - 1], Name)
            and node.opening == "("
            and _applies(row[i - 1])
        ):
            here[-1] = (here[-1][0], node.end)
            skip = False
        else:
            here.append((node.start, node.end))
            skip = isinstance(node, Name) and node.style == "op" and node.below is None
    yield here


def _applies(node: Node) -> bool:
    return isinstance(node, Name) and (
        node.style == "op"
        or node.primes > 0
        or node.letter in ("f", "g", "\\sigma", "\\phi", "\\tanh", "tanh")
    )


def _swapped(text: str, row: Row, offset: int) -> Iterator[Edit]:
    for spans in factors_of(row):
        for (a, b), (c, d) in zip(spans, spans[1:], strict=False):  # noqa: RUF007
            first, between, second = (
                text[a - offset : b - offset],
                text[b - offset : c - offset],
                text[c - offset : d - offset],
            )
            yield a, d, f"{second}{between or ' '}{first}", SWAPPED
        if len(spans) > 2:
            (a, b), (c, d) = spans[0], spans[-1]
            middle = text[b - offset : c - offset]
            yield (
                a,
                d,
                f"{text[c - offset : d - offset]}{middle}{text[a - offset : b - offset]}",
                SWAPPED,
            )


def _turned(text: str, row: Row, offset: int) -> Iterator[Edit]:
    for node in row:
        if not isinstance(node, Name | Group):
            continue
        above = node.above
        if (
            above
            and len(above) == 1
            and isinstance(above[0], Name)
            and above[0].letter in ("\\top", "T", "\\intercal")
        ):
            yield above[0].start, above[0].end, "{}", TURNED[1]
        elif (
            above
            and len(above) == 1
            and isinstance(above[0], Group)
            and isinstance(node, Name)
            and node.letter[:1].isupper()
        ):  # an index in brackets, W^{(2)}, beside which a ⊤ stands outside of braces
            written = text[node.start - offset : node.end - offset]
            yield node.start, node.end, f"{{{written}}}^{{\\top}}", TURNED[0]
        elif (
            above is None
            and (isinstance(node, Group) or node.letter[:1].isupper())  # type: ignore[unreachable]
            and node.letter not in ("\\Sigma", "\\Pi")
            if isinstance(node, Name)
            else above is None
        ):
            yield node.end, node.end, "^{\\top}", TURNED[0]


def _dropped(row: Row) -> Iterator[Edit]:
    for spans in factors_of(row):
        if len(spans) > 1:
            for a, b in spans:
                yield a, b, " ", "a factor too many"
    signs = [i for i, n in enumerate(row) if isinstance(n, Sign) and n.text in "+-"]
    for i in signs:
        end = next((j for j in signs if j > i), len(row))
        if i + 1 < end:
            yield row[i].start, row[end - 1].end, " ", "a term too many"


def _scaled(row: Row) -> Iterator[Edit]:
    if not row or any(isinstance(n, Sign) and n.text in ("+", "-") for n in row[1:]):
        return
    for factor in ("2 ", "\\frac{1}{2} "):
        yield row[0].start, row[0].start, factor, "a factor is missing"


def _whole(text: str, row: Row, offset: int, plain: tuple[str, ...]) -> Iterator[Edit]:
    """A member, L_{t+1}, for what the page makes without an index, C."""
    for node in row:
        if isinstance(node, Name) and node.style == "" and node.below and not node.accents:
            written = text[node.start - offset : node.end - offset]
            for name in plain[:3]:
                new = f"{name} " if name.startswith("\\") else name
                yield node.start, node.end, new, f"{written} where {name} is meant"


def _renamed(row: Row, names: tuple[str, ...]) -> Iterator[Edit]:
    """One name for another of the page."""
    for node in row:
        if isinstance(node, Name) and node.style != "op" and not node.accents:
            for name in names[:12]:
                if name != node.letter:
                    first = node.start + (len(node.letter) if node.style == "" else 0)
                    if node.style == "":
                        yield (
                            node.start,
                            first,
                            f"{name} " if name.startswith("\\") else name,
                            f"{node.letter} where {name} is meant",
                        )
