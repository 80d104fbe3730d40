"""Slips by which something is left out of a line, undone: texts of a member with a factor, a term or a power put in."""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.judge.repairs import Repair, factors_of
from derive.text.trees import Fraction, Group, Name, Number, Row, Sign, children

MOST = 110
NUMBERS = ("2", "\\frac{1}{2}", "3", "5", "4")
TERMS_PUT_IN = ("a path is missing", "a term is missing")
SWAPPED = {"\\sin": "\\cos", "\\cos": "\\sin", "\\sinh": "\\cosh", "\\cosh": "\\sinh"}


@dataclass(frozen=True, slots=True)
class Words:
    """What may be missing: the two ends of the line's derivative, what the page defines, and the names that it is made of."""  # noqa: E501

    of: str
    by: str
    made: tuple[tuple[str, str], ...]
    used: tuple[str, ...]


def additions(text: str, row: Row, offset: int, words: Words) -> Iterator[Repair]:
    """The texts of a member (its tree is `row`, it begins at `offset` of the source) with what it may lack."""  # noqa: E501
    seen = {text}
    count = 0
    for start, end, new, cause in _edits(text, row, offset, words):
        made = text[: start - offset] + new + text[end - offset :]
        if made not in seen:
            seen.add(made)
            yield Repair(made, cause)
            count += 1
            if count >= MOST:
                return


Edit = tuple[int, int, str, str]


def _edits(text: str, row: Row, offset: int, words: Words) -> Iterator[Edit]:
    if not row:
        return
    end = row[-1].end
    yield from _links(text, row, offset, words)
    yield end, end, " + 1", "a term is missing"
    yield from _paths(end, words)
    yield from _numbers(row)
    yield from _functions(row)
    yield from _factors(row, words)
    yield from _powers(row)
    for name in words.used[:8]:
        yield end, end, f" + {name}", "a term is missing"


def _links(text: str, row: Row, offset: int, words: Words) -> Iterator[Edit]:
    """∂A/∂V ∂W/∂B without ∂V/∂W between; ∂A/∂V alone without ∂V/∂B behind."""
    for inner in _rows(row):
        places = [i for i, n in enumerate(inner) if _ends(text, n, offset) is not None]
        for i in places:
            found = _ends(text, inner[i], offset)
            assert found is not None
            _, by = found
            later = next((j for j in places if j > i), None)
            if later is not None:
                between = inner[i + 1 : later]
                other = _ends(text, inner[later], offset)
                assert other is not None
                if any(isinstance(n, Sign) and n.text in "+-" for n in between) or other[0] == by:
                    continue
                yield (
                    inner[i].end,
                    inner[i].end,
                    f" {_derivative(by, other[0])} ",
                    "a step of the path is missing",
                )
            elif by != words.by and words.by:
                if i + 1 < len(inner) and not any(
                    isinstance(n, Sign) and n.text in "+-" for n in inner[i + 1 :]
                ):
                    yield (
                        inner[i].end,
                        inner[-1].end,
                        f" {_derivative(by, words.by)}",
                        "the last factor is another one",
                    )
                yield (
                    inner[i].end,
                    inner[i].end,
                    f" {_derivative(by, words.by)} ",
                    "a step of the path is missing",
                )


def _paths(end: int, words: Words) -> Iterator[Edit]:
    """The path through one more variable."""
    if not words.of or not words.by:
        return
    for name, right in words.made[:14]:
        if name == words.of and "(" in right:
            yield end, end, f" + {_derivative(right, words.by)}", "the direct use is missing"
        if name not in (words.of, words.by):
            path = f"{_derivative(words.of, name)} {_derivative(name, words.by)}"
            yield end, end, f" + {path}", "a path is missing"


def _derivative(of: str, by: str) -> str:
    return f"\\frac{{\\partial {of}}}{{\\partial {by}}}"


def _ends(text: str, node: object, offset: int) -> tuple[str, str] | None:
    r"""What a \frac{\partial A}{\partial B} is of and by, as it is written."""
    if not isinstance(node, Fraction):
        return None
    found = []
    for line in (node.above_line, node.below_line):
        if (
            len(line) < 2
            or not isinstance(line[0], Name)
            or line[0].letter not in ("\\partial", "d")
        ):
            return None
        found.append(text[line[1].start - offset : line[-1].end - offset])
    return found[0], found[1]


def _numbers(row: Row) -> Iterator[Edit]:
    for inner in _rows(row):
        for spans in factors_of(inner):
            if spans:
                for number in NUMBERS:
                    yield spans[0][0], spans[0][0], f"{number} ", "a factor is missing"
        for node in inner:
            if isinstance(node, Number) and node.text.isdigit():
                for n in (int(node.text) + 1, int(node.text) - 1):
                    yield node.start, node.end, str(n), "a number is wrong"
    first = row[0].start
    yield first, first, "\\frac{1}{T} ", "a factor is missing"


def _functions(row: Row) -> Iterator[Edit]:
    for inner in _rows(row):
        for node in inner:
            if isinstance(node, Name) and node.letter in SWAPPED:
                yield (
                    node.start,
                    node.start + len(node.letter),
                    SWAPPED[node.letter],
                    f"{node.letter} where {SWAPPED[node.letter]} is meant",
                )


def _factors(row: Row, words: Words) -> Iterator[Edit]:
    for inner in list(_rows(row))[:3]:
        for spans in factors_of(inner):
            if spans:
                for name in words.used[:10]:
                    yield spans[0][0], spans[0][0], f"{name} ", "a factor is missing"
                    yield spans[-1][1], spans[-1][1], f" {name}", "a factor is missing"


def _powers(row: Row) -> Iterator[Edit]:
    for inner in _rows(row):
        for node in inner:
            if (
                isinstance(node, Name | Group)
                and node.above is None
                and not (isinstance(node, Name) and node.style == "op")
            ):
                yield node.end, node.end, "^2", "a square is missing"
            elif (
                isinstance(node, Name | Group)
                and node.above is not None
                and len(node.above) == 1
                and isinstance(node.above[0], Number)
            ):
                yield node.above[0].start, node.above[0].end, "{1}", "a power too many"


def _rows(row: Row, depth: int = 0) -> Iterator[Row]:
    """The rows of a formula, outermost first; not those of scripts, nor of derivatives."""
    yield row
    if depth > 3:
        return
    for node in row:
        if isinstance(node, Group):
            yield from _rows(node.inside, depth + 1)
        elif isinstance(node, Fraction) and not (
            node.above_line
            and isinstance(node.above_line[0], Name)
            and node.above_line[0].letter in ("\\partial", "d")
        ):
            yield from _rows(node.above_line, depth + 1)


def outer_names(row: Row) -> Iterator[Name]:
    """The names of a row that are no scripts."""
    for node in row:
        if isinstance(node, Name):
            yield node
        else:
            scripts = (getattr(node, "below", None), getattr(node, "above", None))
            for inner in children(node):
                if not any(inner is s for s in scripts):
                    yield from outer_names(inner)
