"""Whether a page sums over indices that stand twice, without saying so."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from derive.judge.names import named
from derive.text.page import Chain, Prose
from derive.text.trees import Big, Name
from derive.text.trees import walk as nodes

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

SAID = re.compile(
    r"\b(?:repeated|doubled|dummy|intermediate)\b[^.]{0,40}\bind(?:ices|exes|ex)\b[^.]{0,30}\b(?:summed|summation|sum)\b"
    r"|\b(?:sum|summed|summing|summation)\b[^.]{0,40}\b(?:repeated|doubled|dummy|intermediate)\b[^.]{0,20}\bind(?:ices|exes|ex)\b"
    r"|summation convention|Einstein(?:'s|’s)? (?:sum|notation|convention)",
    re.IGNORECASE,
)
DENIED = re.compile(
    r"\b(?:not|no|never|without|unlike|instead of|avoid\w*|drop\w*)\b", re.IGNORECASE
)
OF_STEPS = re.compile(
    r",?\s*(?:but|while|whereas|though|and)?\s*(?:the\s+)?(?:time|steps?|layers?|t)\b[^,;]{0,40}\bnot\b[^,;]*",
    re.IGNORECASE,
)  # repeated component indices are summed, t is not
TWICE = "an index that stands twice in a product is summed over, as nothing else fits the definitions of the page"  # noqa: E501
ENOUGH = 2


def says_so(u: Understanding) -> bool:
    """Whether the prose of a page says that repeated indices are summed."""
    return any(not DENIED.search(s) for s in _sentences_on_sums(u))


def _sentences_on_sums(u: Understanding) -> list[str]:
    items = [i for i in u.page.items if isinstance(i, Prose)]
    said = (s for i in items for s in re.split(r"[.;](?:\s|$)", i.text) if SAID.search(s))
    return [_without_steps(s) for s in said]


def _without_steps(sentence: str) -> str:
    """A sentence on sums without what it says of steps behind that: they are no components."""
    found = SAID.search(sentence)
    end = found.end() if found is not None else len(sentence)
    return sentence[:end] + OF_STEPS.sub("", sentence[end:])


def sums_without_sign(u: Understanding) -> bool:
    r"""Whether the definitions of a page have indices twice on the right, and never on the left, with no Σ: C_{ij} = A_{ik} B_{kj}.

    Two of them show it where the page has no Σ at all, or has upper indices; a page with a Σ for some has lost it in the others.
    """  # noqa: E501
    if any(map(DENIED.search, _sentences_on_sums(u))):
        return False
    found = [c for n, i, c in u.chains() if _has_dummy(u, n, i, c)]
    heads = {tuple(str(x) for x in c.members[0].tree) for c in found}
    tensors = bool(u.symbols.symbols.reader.survey.upper_indices)
    return len(heads) >= ENOUGH and (tensors or not any(_has_sum(c) for _, _, c in u.chains()))


def _has_sum(chain: Chain) -> bool:
    return any(isinstance(x, Big) and x.kind == "sum" for m in chain.members for x in nodes(m.tree))


def _has_dummy(u: Understanding, number: int, index: int, chain: Chain) -> bool:
    """Whether a definition has an index in two names on its right that its left side has not."""
    role = u.symbols.roles.get((number, index))
    if role is None or role.kind != "definition" or role.target is None or _has_sum(chain):
        return False
    if len(chain.members) < 2 or not role.target.indices:
        return False
    table = u.symbols.at(number)
    left = {x for _, r in role.target.indices for x in _letters(r)}
    seen: Counter[str] = Counter()
    for name, behind in named(chain.members[1].tree):
        indices = table.occurrence(name, behind).indices
        seen.update({x for d, r in indices if d == "component" for x in _letters(r)})
    return any(n > 1 and x not in left for x, n in seen.items())


def _letters(row: object) -> list[str]:
    assert isinstance(row, tuple)
    return [n.letter + "'" * n.primes for n in row if isinstance(n, Name)]
