"""Noise: what a page says of random quantities that nothing makes: of mean 0, of which covariance, independent of what comes before."""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from derive.algebra.core import Ref, mul, summed
from derive.algebra.expression import Time
from derive.meaning.model import ORDERED, Definition, Model
from derive.notation.chance import WEIGHT, is_mean
from derive.notation.slots import parts_of
from derive.text.page import Break, Chain, Formula, Heading, Prose
from derive.text.spelled import spelled
from derive.text.trees import Group, Name, Number, Row, Sign

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

WORD = r"(?:noises?|disturbances?|perturbations?|innovations?|噪声|噪音|雑音|ノイズ|잡음|Rauschen|Störung\w*|bruits?|ruidos?|шум\w*)"  # noqa: E501
BEHIND = re.compile(
    rf"^[^.;。；,，]{{0,40}}?{WORD}|^\s*(?:and|和|及|与|、)?[^.;。；,，]{{0,12}}?分别\w*{WORD}",
    re.IGNORECASE,
)
BEFORE = re.compile(rf"{WORD}\s*(?:\w+\s+)?[(（:：]?\s*$", re.IGNORECASE)
JOINS = re.compile(r"^\s*(?:,|，|、|and|,\s*and|和|及|与|und|et|y|と|и)\s*$", re.IGNORECASE)
SAID = re.compile(
    r"zero[- ]mean|mean[- ](?:of )?zero|\bwhite\b|\bindependen|\buncorrelated|\bGaussian|\bnormal(?:ly)?\b"
    r"|零均值|均值为\s*(?:零|0)|白噪|独立|独立|不相关|高斯|正态|無相関|白色|平均\s*(?:0|ゼロ)|ガウス|正規"
    r"|mittelwertfrei|unabhängig|unkorreliert|indépendant|blanc\b|independiente|blanco\b|независим|гаусс",
    re.IGNORECASE,
)
NORMAL = ("N", "\\mathcal{N}", "\\mathscr{N}", "\\mathbb{N}", "Normal", "\\normal")


@dataclass(frozen=True, slots=True)
class Noise:
    """The families that are noise, the names of their covariances, and whether the page says more than that they are noise."""  # noqa: E501

    names: frozenset[str]
    covariances: tuple[tuple[str, str], ...]
    said: bool
    stated: frozenset[int]  # the formulas that say so

    @property
    def words(self) -> str:
        listed = " and ".join(sorted(self.names))
        return f"{listed} noise: of mean 0, of one covariance at all steps, and uncorrelated with each other, from step to step and with what comes before"  # noqa: E501


def noise_of(u: Understanding) -> Noise | None:
    """What a page says of noise; None where it takes no expectations, or has none."""
    if not u.setting.chance:
        return None
    candidates = {k for k in u.setting.chance if k not in u.setting.defined}
    found = list(_laws(u, candidates))
    laws = {k: c for k, c, _ in found}
    names = (set(called_noise(u)) & candidates) | set(laws)
    if not names:
        return None
    covariances = tuple(sorted((k, c) for k, c in laws.items() if c and _is_free(u, c)))
    prose = " ".join(i.text for i in u.page.items if isinstance(i, Prose))
    stated = frozenset(n for _, c, n in found if c)
    drawn = any(
        c.members[1].relation == "\\sim" for n, _, c in u.chains() if n in {m for *_, m in found}
    )
    return Noise(frozenset(names), covariances, drawn or bool(SAID.search(prose)), stated)


def _is_free(u: Understanding, key: str) -> bool:
    """Whether nothing makes a covariance's name but what says that it is one."""
    return key not in u.setting.defined and u.setting.ranks.get(key) in (0, 2)


def called_noise(u: Understanding) -> Iterator[str]:
    """The names that the prose beside them calls noise: a list is called so together."""
    items = [i for i in u.page.items if isinstance(i, Prose | Formula | Break | Heading)]
    for at, item in enumerate(items):
        if not isinstance(item, Formula) or item.display:
            continue
        end = at
        while (
            end + 2 < len(items)
            and _is_join(items[end + 1])
            and isinstance(items[end + 2], Formula)
        ):
            end += 2
        behind = items[end + 1] if end + 1 < len(items) else None
        before = items[at - 1] if at else None
        if (isinstance(behind, Prose) and BEHIND.search(behind.text)) or (
            isinstance(before, Prose) and BEFORE.search(before.text)
        ):
            yield from _names_of(u, item)


def _is_join(item: object) -> bool:
    return isinstance(item, Prose) and JOINS.match(item.text) is not None


def _names_of(u: Understanding, formula: Formula) -> Iterator[str]:
    """The names of a list, w_k, v_k."""
    table = u.symbols.at(formula.number)
    for chain in formula.chains:
        row = chain.members[0].tree
        for part in parts_of(row):
            if len(part) == 1 and isinstance(part[0], Name):
                yield table.occurrence(part[0], None).key


def _laws(u: Understanding, candidates: set[str]) -> Iterator[tuple[str, str, int]]:
    r"""The names that are said to be of mean 0, with the name of their covariance and the formula that says so: w \sim N(0, Q), E[w w^T] = Q."""  # noqa: E501
    for number, _, chain in u.chains():
        if len(chain.members) < 2:
            continue
        table = u.symbols.at(number)
        drawn = chain.members[1].relation == "\\sim"
        for part in parts_of(chain.members[0].tree) if drawn else ():
            law = _normal(chain.members[1].tree)
            if law is None or len(part) != 1 or not isinstance(part[0], Name):
                continue
            key = table.occurrence(part[0], None).key
            if key in candidates:
                yield key, table.occurrence(law, None).key if isinstance(law, Name) else "", number
        for square, name in _pairs(chain):
            key = _squared(u, number, square)
            if key in candidates:
                yield key, table.occurrence(name, None).key, number


def _normal(row: Row) -> Name | str | None:
    """The Q of N(0, Q); "" where it is another formula, None where the law is another."""
    row = tuple(n for n in row if not (isinstance(n, Sign) and n.text in (".", ",")))
    if len(row) != 2 or not isinstance(row[0], Name) or not isinstance(row[1], Group):
        return None
    parts = parts_of(row[1].inside)
    letter = spelled((row[0],))
    if letter not in NORMAL and row[0].letter != "N":
        return None
    if len(parts) != 2 or not _is_zero(parts[0]):
        return None
    one = parts[1][0] if len(parts[1]) == 1 else None
    return one if isinstance(one, Name) else ""


def _is_zero(row: Row) -> bool:
    return len(row) == 1 and (
        (isinstance(row[0], Number) and row[0].text == "0")
        or (isinstance(row[0], Name) and row[0].letter in ("0", "\\mathbf{0}"))
    )


def _pairs(chain: Chain) -> Iterator[tuple[Row, Name]]:
    """The two sides of E[w w^T] = Q, whichever way it is written."""
    for first, second in zip(chain.members, chain.members[1:], strict=False):
        for one, other in ((first.tree, second.tree), (second.tree, first.tree)):
            other = tuple(n for n in other if not (isinstance(n, Sign) and n.text in (".", ",")))
            if len(other) == 1 and isinstance(other[0], Name):
                yield one, other[0]


def _squared(u: Understanding, number: int, row: Row) -> str:
    """The w of E[w w^T]; "" for any other formula."""
    if len(row) != 2 or not isinstance(row[1], Group) or not isinstance(row[0], Name):
        return ""
    if not is_mean(row[0], row[1], u.setting.defined):
        return ""
    table = u.symbols.at(number)
    found = [table.occurrence(n, None) for n in row[1].inside if isinstance(n, Name)]
    if len(found) != 2 or len(row[1].inside) != 2 or found[0].key != found[1].key:
        return ""
    return found[0].key if found[1].transposed and not found[0].transposed else ""


def with_noise(model: Model, noise: Noise) -> Model:
    """The model with noise, and with the covariances that nothing else makes."""
    definitions = dict(model.definitions)
    for key, name in noise.covariances:
        made = _covariance(model, key, name)
        if made is not None and name not in definitions:
            definitions[name] = (made,)
    return replace(model, definitions=definitions, noise=noise.names)


def _covariance(model: Model, key: str, name: str) -> Definition | None:
    """Q = E[w w^T], of w at a step of its own."""
    slots = next((s for n, s in model.slots.items() if n == key), None)
    own = model.slots.get(name)
    if slots is None or own is None or "sample" not in slots or any(s in ORDERED for s in own):
        return None
    rank = slots.count("component")
    if len(own) != 2 * rank:
        return None
    letters = tuple(f"\\,cov{i}" for i in range(len(own)))
    outcome = "\\,drawn"

    def member(mine: tuple[str, ...]) -> Ref:
        left = list(mine)
        index = [
            Time.of(outcome)
            if s == "sample"
            else Time.of(left.pop(0))
            if s == "component"
            else Time.at(1)
            for s in slots
        ]
        return Ref(key, tuple(index))

    body = mul((Ref(WEIGHT, (Time.of(outcome),)), member(letters[:rank]), member(letters[rank:])))
    index = tuple(map(Time.of, letters))
    return Definition(name, index, letters, summed(outcome, "sample", body), own, ())
