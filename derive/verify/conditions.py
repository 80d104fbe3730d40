"""What only says for which index a formula holds: t = 1, …, T, 1 ≤ t ≤ T, ∀ t, (t > 0)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive.verify.symbols import ORDERS, RELATIONS, Symbol

INDICES = frozenset(("t", "s", "k", "i", "j", "n", "m", "l", "r", "u", "\\tau", "τ", "\\ell", "ℓ"))
DOTS = frozenset(("\\dots", "\\ldots", "\\cdots", "\\dotsc", "\\dotsb", "⋯", "…"))
_ATOM = re.compile(r"[^\W_]|[-+−,.…⋯]|\\[a-zA-Z]+")
_LONGEST_OPERAND = 8


def is_condition(symbols: Sequence[Symbol], dots_follow: bool = False) -> bool:
    """Whether the symbols, perhaps in parentheses, restrict an index."""
    texts = [s.text for s in symbols if s.kind not in ("wrap", "thin", "dot")]
    if len(texts) > 2 and texts[0] == "(" and texts[-1] == ")":
        texts = texts[1:-1]
    if not texts:
        return False
    if texts[0] in ("\\forall", "∀"):
        return True
    signs = [RELATIONS[t] for t in texts if t in RELATIONS]
    operands = _operands(texts)
    if not signs or not operands[0]:
        return False
    if "in" in signs:
        return signs == ["in"] and set(operands[0]) <= INDICES | {","} and "R" not in operands[1]
    if not all(is_index_list(operand) for operand in operands):
        return False
    if set(signs) & ORDERS and set(signs) <= ORDERS | {"="}:
        return all(len(operand) <= _LONGEST_OPERAND for operand in operands)
    return signs == ["="] and _is_range(operands, dots_follow)


def _is_range(operands: list[list[str]], dots_follow: bool) -> bool:
    letter, values = operands
    if len(letter) != 1 or not letter[0][-1].isalpha():
        return False
    dotted = dots_follow or any(v in DOTS for v in values)
    return dotted or letter[0] in INDICES


def is_index_list(texts: Sequence[str]) -> bool:
    """Whether nothing but letters, digits, signs, commas and dots stands there."""
    return bool(texts) and all(_ATOM.fullmatch(text) for text in texts)


def _operands(texts: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for text in texts:
        if text in RELATIONS:
            found.append([])
        else:
            found[-1].append(text)
    return found
