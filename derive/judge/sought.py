"""What a page may suppose by an equation: that a derivative vanishes where something is best, that W^T = W."""  # noqa: E501

from __future__ import annotations

import re

from derive.algebra.core import ZERO, App, Core, D, Inverse, Limit, Ref, walk
from derive.judge.claims import Sides
from derive.meaning.model import Model, depended
from derive.text.page import Heading, Page, Prose

SOUGHT = re.compile(
    r"minim|maxim|mínim|máxim|optim|óptim|ótim|station|extrem|saddle|critical|equilib|steady|fixed point|"
    r"vanish|zero|cero|null|annul|\bset(?:ting|s|zen)?\b|\bsolv|\bconditions?\b|condición|\blös|"
    r"минимум|максимум|экстремум|оптим|стационар|нул|"
    r"最小|最大|最適|最优|最優|极值|極値|极小|极大|驻点|零|令|为0|为 0|ゼロ|停留|"
    r"최소|최대|최적|극값|영으로",
    re.IGNORECASE,
)


def seeks(page: Page) -> bool:
    """Whether a page speaks of what is best or at rest, or of what is set to 0."""
    words = " ".join(i.text for i in page.items if isinstance(i, Prose | Heading))
    return SOUGHT.search(words) is not None


def says_zero(found: Sides) -> bool:
    return ZERO in (found.left, found.right)


def differentiates(found: Sides) -> bool:
    return any(isinstance(p, D) or _is_slope(p) for p in _parts(found))


def of_an_unknown_function(found: Sides) -> bool:
    """Whether a line differentiates f(x), of which nothing more is known: by what else it may depend on, no page says."""  # noqa: E501
    return any(_is_slope(p) or (isinstance(p, D) and isinstance(p.of, App)) for p in _parts(found))


def _is_slope(x: Core) -> bool:
    return isinstance(x, App) and bool(x.slots)


def of_givens(found: Sides, model: Model | None) -> bool:
    """Whether a line only relates what is given, W^T = W: nothing says that it is not so."""
    parts = _parts(found)
    if (
        model is None
        or not isinstance(found.left, Ref | Inverse)
        or any(isinstance(p, App | D | Limit) for p in parts)
    ):
        return False
    made = any(n in model.definitions for n in depended((found.left, found.right), model))
    return not made and any(isinstance(p, Ref) for p in parts)


def _parts(found: Sides) -> list[Core]:
    return [p for x in (found.left, found.right) for p in walk(x)]
