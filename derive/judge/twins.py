"""W beside w_{jk}: a page that never says W = (w_{jk}) means it, where the two are written as a matrix and its entries."""  # noqa: E501

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from derive.judge.names import named

BOLD = ("mathbf", "boldsymbol", "bm", "mathrm", "mathsf", "mathit")
_LETTER = re.compile(r"\\[a-z]+\{|\}")

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding
    from derive.notation.occurrences import Occurrence


def matrices_of_entries(u: Understanding) -> dict[str, str]:
    """For each capital that stands without indices of components the small letter that always has two.

    Nothing makes either of them, W has the steps or layers of w, and no member of a formula has both.
    """
    seen: dict[str, list[Occurrence]] = defaultdict(list)
    together: set[frozenset[str]] = set()
    for number, _, chain in u.chains():
        table = u.symbols.at(number)
        for member in chain.members:
            found = [table.occurrence(n, b) for n, b in named(member.tree)]
            keys = {o.key for o in found}
            together |= {
                frozenset((k, other))
                for k in keys
                for other in keys - {k}
                if len(k) == 1 and _LETTER.sub("", other) == k.upper()
            }
            for occurs in found:
                seen[occurs.key].append(occurs)
    pairs = {}
    for small, uses in seen.items():
        plain = small.upper()
        if len(small) != 1 or plain == small or not small.isalpha():
            continue
        forms = (plain, *(f"\\{style}{{{plain}}}" for style in BOLD))
        whole = next((f for f in forms if f in seen), plain)
        if frozenset((small, whole)) in together:
            continue
        wholes = seen.get(whole, [])
        if {small, whole} & u.setting.defined or any(_components(o) or o.arguments for o in wholes):
            continue
        steps = {_steps(o) for o in wholes}
        if all(_components(o) == 2 and _steps(o) in steps for o in uses):
            pairs[whole] = small
    return pairs


def _components(o: Occurrence) -> int:
    return sum(domain == "component" for domain, _ in o.indices)


def _steps(o: Occurrence) -> frozenset[str]:
    return frozenset(domain for domain, _ in o.indices if domain != "component")
