r"""Matrices and vectors that numbers tell apart: \Sigma_1^{-1} \mu_1 + \Sigma_2^{-1} \mu_2, where \Sigma_1 is no entry of \Sigma."""  # noqa: E501

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from derive.judge.names import named
from derive.text.spelled import spelled
from derive.text.trees import Group, Name, Node, Row, children

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding


def note_numbered(u: Understanding) -> None:
    """Gives the axes of names that are inverted and have no index but numbers, and of those that stand right behind their inverses."""  # noqa: E501
    numbers: dict[str, set[str]] = defaultdict(set)
    others: set[str] = set()
    inverted: set[str] = set()
    for _, _, _, occurs in u.occurrences():
        rows = [r for d, r in occurs.indices if d == "component"]
        numbered = len(rows) == 1 == len(occurs.indices) and spelled(rows[0]).isdigit()
        if numbered:
            numbers[occurs.key].add(spelled(rows[0]))
            inverted |= {occurs.key} if occurs.inverse else set()
        elif occurs.indices:
            others.add(occurs.key)
    matrices = {k for k in inverted - others if _is_free(u, k) and _is_capital(k)}
    if not matrices:
        return
    behind = {k for k in _behind(u, matrices) - others - matrices if _is_free(u, k)}
    for keys, rank in ((matrices, 2), (behind, 1)):
        for key in keys:
            u.setting.labelled.add(key)
            u.setting.components[key] = 0
            for name in (key, *(f"{key}_{n}" for n in numbers.get(key, ()))):
                u.setting.ranks[name] = rank


def _is_free(u: Understanding, key: str) -> bool:
    symbol = u.symbols.at(0).symbol(key)
    return symbol is not None and symbol.shape is None and symbol.kind not in ("index", "size")


def _is_capital(key: str) -> bool:
    return key.lstrip("\\")[:1].isupper()


def _behind(u: Understanding, matrices: set[str]) -> set[str]:
    """The names right behind the inverse of a matrix, or of a bracket that names one."""
    found = set()
    for number, _, chain in u.chains():
        table = u.symbols.at(number)
        for row in (inner for m in chain.members for inner in _rows(m.tree)):
            for first, second in pairwise(row):
                if not isinstance(second, Name):
                    continue
                if isinstance(first, Name):
                    own = table.occurrence(first, None)
                    beside = own.key in matrices and own.inverse
                else:
                    beside = _is_inverse(first) and any(
                        table.occurrence(n, b).key in matrices
                        for n, b in named(first.inside)  # type: ignore[attr-defined]
                    )
                if beside:
                    found.add(table.occurrence(second, None).key)
    return found


def _is_inverse(node: Node) -> bool:
    return isinstance(node, Group) and node.above is not None and spelled(node.above) == "-1"


def _rows(row: Row) -> list[Row]:
    return [row, *(inner for node in row for part in children(node) for inner in _rows(part))]
