r"""Samples x_i that are vectors, as w^\top x_i and x_i x_i^\top show them: the index tells which sample it is, and is no entry's.

A page that writes w^T x_i beside X w has the samples in the rows of X (beside w^T X or X^T w in its columns); that is a guess,
and said of each line in which X stands.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from derive.judge.made import ACCENTED
from derive.notation.slots import is_derivative
from derive.text.spelled import spelled
from derive.text.trees import Big, Fraction, Group, Name, Node, Row, Sign, walk

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding
    from derive.notation.symbols import Occurrence

DOTS = ("\\cdot", "*")
QUANTITIES = ("variable", "input", "parameter")


def give_samples(u: Understanding) -> None:
    """Makes the samples vectors, and the lines of the matrix that the page has beside them."""
    found = {key: partners for key, partners in _inner(u).items() if _may_be_vector(u, key)}
    numbers = _entries(u)
    for key, partners in found.items():
        if key in numbers:
            continue
        u.setting.ranks[key] = max(2, u.setting.ranks.get(key, 0))
        u.setting.bare.setdefault(key, 1)
        for partner in partners - set(found):
            if _may_be_column(u, partner):
                u.setting.ranks[partner] = 1
        match = ACCENTED.fullmatch(key)
        upper = key[: match.start(1)] + match[1].upper() + key[match.end(1) :] if match else ""
        line = _line(u, upper, partners) if upper else None
        if line is not None and key not in u.setting.lines:
            u.setting.ranks[upper] = 2
            u.setting.lines[key] = upper, line
            kind = "column" if line else "row"
            u.setting.lines_guessed[upper] = f"{key}_i is the {kind} i of {upper}"


def _products(u: Understanding) -> Iterator[tuple[int, Row]]:
    """The rows of the page that may hold products, each without the dots of its products."""
    for number, _, chain in u.chains():
        for member in chain.members:
            for row in _rows(member.tree):
                yield number, tuple(n for n in row if not (isinstance(n, Sign) and n.text in DOTS))


def _rows(row: Row) -> Iterator[Row]:
    yield row
    for node in walk(row):
        if isinstance(node, Group):
            yield node.inside
        elif isinstance(node, Fraction) and not is_derivative(node):
            yield node.above_line
            yield node.below_line


def _inner(u: Understanding) -> dict[str, set[str]]:
    """What has one index and stands in an inner or outer product, w^T x_i, x_i x_i^T; each with its partners."""  # noqa: E501
    found: dict[str, set[str]] = {}
    for number, row in _products(u):
        table = u.symbols.at(number)
        for first, second in pairwise(row):
            if not (_is_small(first) and _is_small(second)):
                continue
            assert isinstance(first, Name) and isinstance(second, Name)
            a, b = table.occurrence(first, None), table.occurrence(second, None)
            if a.transposed == b.transposed:
                continue
            for own, other in ((a, b), (b, a)):
                if _is_counted(own):
                    found.setdefault(own.key, set()).add(other.key)
    return found


def _is_small(node: Node) -> bool:
    return isinstance(node, Name) and (node.letter[:1] == "\\" or node.letter.islower())


def _is_counted(occurs: Occurrence) -> bool:
    """Whether a name has one index, a letter, and nothing else."""
    return (
        [d for d, _ in occurs.indices] == ["component"]
        and len(row := occurs.indices[0][1]) == 1
        and isinstance(row[0], Name)
        and occurs.power is None
        and occurs.arguments is None
    )


def _is_of_any_shape(u: Understanding, key: str) -> bool:
    """Whether a name is a quantity without steps, of which the page states no shape."""
    symbol = u.symbols.at(0).symbol(key)
    plain = symbol is not None and symbol.shape is None and symbol.kind in QUANTITIES
    return plain and not u.setting.steps.get(key)


def _may_be_vector(u: Understanding, key: str) -> bool:
    setting = u.setting
    lettered = setting.components.get(key, 0) in (1, 2) and key not in setting.lines
    return _is_of_any_shape(u, key) and lettered and not u.symbols.is_cost(key)


def _may_be_column(u: Understanding, key: str) -> bool:
    without = not u.setting.ranks.get(key) and not u.setting.components.get(key)
    return _is_of_any_shape(u, key) and without


def _entries(u: Understanding) -> set[str]:
    """What stands beside another name with the same index in a sum over it, \\sum_i w_i x_i: entries."""
    found: set[str] = set()
    for number, row in _products(u):
        table, bound = u.symbols.at(number), ""
        for first, second in pairwise(row):
            if isinstance(first, Big):
                bound = spelled(first.below[:1]) if first.below else ""
            if not bound or not (_is_small(first) and _is_small(second)):
                continue
            assert isinstance(first, Name) and isinstance(second, Name)
            a, b = table.occurrence(first, None), table.occurrence(second, None)
            if a.transposed or b.transposed or not (_is_counted(a) and _is_counted(b)):
                continue
            same = spelled(a.indices[0][1]) == spelled(b.indices[0][1]) == bound
            if same and {a.key, b.key} & set(u.setting.lines) == set():
                weights = [o for o in (a, b) if u._kind(o.key) == "parameter"]
                found |= {a.key, b.key} if weights else set()
    return found


def _line(u: Understanding, upper: str, partners: set[str]) -> int | None:
    """Whether the samples are rows (0) or columns (1) of a matrix, as what stands beside it shows; None where nothing does."""  # noqa: E501
    symbol = u.symbols.at(0).symbol(upper)
    if symbol is None or symbol.kind not in QUANTITIES or symbol.slots:
        return None
    if upper in u.setting.defined or u.setting.ranks.get(upper) not in (None, 0, 2):
        return None
    seen: set[int] = set()
    for number, row in _products(u):
        table = u.symbols.at(number)
        for first, second in pairwise((*row, None)):
            if not isinstance(first, Name):
                continue
            a = table.occurrence(first, None)
            b = table.occurrence(second, None) if isinstance(second, Name) else None
            if a.key == upper:
                if b is not None and b.key in partners and not b.transposed:
                    seen.add(int(a.transposed))
                elif b is None or b.key != upper:
                    of_samples = isinstance(second, Group) and second.opening == "("
                    seen |= {int(not a.transposed)} if of_samples else set()
            elif b is not None and b.key == upper and a.key in partners and a.transposed:
                seen.add(int(not b.transposed))
    return seen.pop() if len(seen) == 1 else None
