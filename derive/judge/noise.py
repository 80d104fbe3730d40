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
from derive.notation.gates import names_of
from derive.notation.slots import parts_of
from derive.text.page import Break, Chain, Formula, Heading, Prose
from derive.text.spelled import spelled
from derive.text.trees import Group, Name, Number, Row, Sign, Table
from derive.text.trees import walk as nodes

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

WORD = r"(?:noises?|disturbances?|perturbations?|innovations?|噪声|噪音|雑音|ノイズ|잡음|Rauschen|Störung\w*|bruits?|ruidos?|шум\w*)"  # noqa: E501
OTHERS = (
    r"\b(?:of|by|with|without|from|in|to|that|which|under|plus|no|not|nor|free|corrupt\w*|(?:co)?variances?|powers?|levels?"
    r"|and\s+(?:the|an?|its|some|white|Gaussian|random|noises?\b|disturbances?\b))\b|协方差|方差|共分散|分散|不是|的"
)  # of something else, or of which only a part is noise
BEHIND = re.compile(
    rf"^(?:(?!{OTHERS})[^.;。；,，]){{0,40}}?{WORD}|^\s*(?:and|和|及|与|、)?[^.;。；,，和及与]{{0,12}}?分别[^.;。；,，和及与]*?{WORD}",
    re.IGNORECASE,
)
RESPECTIVELY = re.compile(
    r"\b(?:inputs?|controls?|states?|signals?|targets?|actions?|parameters?)\s*,?\s*and\b|(?:输入|状态|信号|控制|入力|状態)\s*[和与及と]",
    re.IGNORECASE,
)
PLURAL = re.compile(r"\b(?:noises|disturbances|perturbations|innovations)\b", re.IGNORECASE)
BEFORE = re.compile(rf"{WORD}\s*(?:\w+\s+)?[(（:：]?\s*$", re.IGNORECASE)
JOINS = re.compile(r"^\s*(?:,|，|、|and|,\s*and|和|及|与|und|et|y|と|и)\s*$", re.IGNORECASE)
OF_NOISE = re.compile(WORD, re.IGNORECASE)
SENTENCE = re.compile(r"[.;](?:\s|$)|[。；]")
SAID = re.compile(
    r"zero[- ]mean|mean[- ](?:of )?zero|\bwhite\b|\bindependen|\buncorrelated|\bGaussian|\bnormal(?:ly)?\b"
    r"|零均值|均值为\s*(?:零|0)|白噪|独立|独立|不相关|高斯|正态|無相関|白色|平均\s*(?:0|ゼロ)|ガウス|正規"
    r"|mittelwertfrei|unabhängig|unkorreliert|indépendant|blanc\b|independiente|blanco\b|независим|гаусс",
    re.IGNORECASE,
)
CONTRARY = re.compile(
    r"(?<!un)(?<!un-)\bcorrelated|\bcolou?red\b|\bpink\b|\b(?:not|non|no longer|neither)[- ]"
    r"(?:\w+ )?(?:white|zero|independent|uncorrelated|Gaussian)"
    r"|\bnonzero\b|\bnonwhite\b|\bbias(?:ed)?\b|\bwith mean\b(?!\W{0,3}(?:zero|0))"
    r"|\bdepend(?:s|ent|ing)?\b|\bautoregress|\bAR\(|\bMarkov|\bdrift|\bnonstationary|\bnon-stationary"
    r"|\bmultiplicative|\bheavy|有色|相关噪|均值不为|不为零|不独立|有色雑音|相関のある|\bkorreliert|\bcorrélé|\bcoloré|\bcoloread",
    re.IGNORECASE,
)  # what makes of white noise another one
DRAWN = ("\\sim", "\\in", "=", "\\propto")
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
        constant = ", of one covariance at all steps," if self.covariances else ""
        return f"{listed} noise: of mean 0{constant} and uncorrelated with each other, from step to step and with what comes before or is given at its step"  # noqa: E501


def noise_of(u: Understanding) -> Noise | None:
    """What a page says of noise; None where it takes no expectations, or has none."""
    if not u.setting.chance:
        return None
    candidates = {k for k in u.setting.chance if k not in u.setting.defined}
    found = list(_laws(u, candidates))
    laws = {k: c for k, c, _ in found}
    names = (set(called_noise(u)) & candidates) | set(laws)
    if not names or any(_is_contrary(u, n, c, names) for n, _, c in u.chains()):
        return None
    stated = frozenset(n for _, c, n in found if c)
    covariances = tuple(sorted((k, c) for k, c in laws.items() if c and _is_free(u, c, stated)))
    drawn = any(
        c.members[1].relation == "\\sim" for n, _, c in u.chains() if n in {m for *_, m in found}
    )
    sentences = list(_sentences_on(u, names))
    said = drawn or any(map(SAID.search, sentences))
    return Noise(
        frozenset(names), covariances, said and not any(map(CONTRARY.search, sentences)), stated
    )


def _sentences_on(u: Understanding, names: set[str]) -> Iterator[str]:
    """The sentences that speak of noise, by the word or by its name, and those right behind them."""
    sentence, of_noise, before = "", False, False
    for item in u.page.items:
        if isinstance(item, Formula):
            table = u.symbols.at(item.number)
            inside = (n for c in item.chains for n in names_of(c.members))
            of_noise = of_noise or any(table.occurrence(n, None).key in names for n in inside)
            sentence += f" {u.page.source.text[item.start : item.end]} "
            continue
        parts = SENTENCE.split(item.text) if isinstance(item, Prose) else ["", ""]
        for at, part in enumerate(parts):
            if at:
                if of_noise or before:
                    yield sentence
                sentence, of_noise, before = "", False, of_noise
            sentence += part
            of_noise = of_noise or OF_NOISE.search(part) is not None
    if of_noise or before:
        yield sentence


def _is_contrary(u: Understanding, number: int, chain: Chain, names: set[str]) -> bool:
    r"""Whether an equation says that noise has a mean, or goes with other noise, E[w v^T] = S, or is drawn from another law."""  # noqa: E501
    table = u.symbols.at(number)
    if len(chain.members) < 2:
        return False
    drawn = list(drawn_in(chain))
    if chain.members[1].relation == "\\sim" or drawn:
        keys = {table.occurrence(n, None).key for n in drawn}
        return bool(keys & names) and normal(chain.members[1].tree) is None
    return any(
        _has_moment(u, number, one.tree, other.tree, names)
        for first, second in zip(chain.members, chain.members[1:], strict=False)
        for one, other in ((first, second), (second, first))
    )


def _has_moment(u: Understanding, number: int, row: Row, other: Row, names: set[str]) -> bool:
    """Whether a row is the mean of noise, or of noise and other noise, and the other one is not 0 for all that is seen."""  # noqa: E501
    if len(row) != 2 or not isinstance(row[0], Name) or not isinstance(row[1], Group):
        return False
    covariance = spelled((row[0],)).lower().strip("\\{}").endswith("cov")
    if not covariance and not is_mean(row[0], row[1], u.setting.defined):
        return False
    table = u.symbols.at(number)
    inside = [n for n in row[1].inside if not (isinstance(n, Sign) and n.text == ",")]
    if not all(isinstance(n, Name) for n in inside) or not 1 <= len(inside) <= 2:
        return False
    found = [table.occurrence(n, None) for n in inside if isinstance(n, Name)]
    if any(o.key not in names for o in found):
        return False
    other = tuple(n for n in other if not (isinstance(n, Sign) and n.text in (".", ",")))
    if _is_zero(other) or any(isinstance(n, Name) and n.letter == "E" for n in nodes(other)):
        return False
    if len(found) == 1:
        return True
    if found[0].key != found[1].key:
        return True
    first, second = ([(d, spelled(r)) for d, r in o.indices] for o in found)
    if first == second:
        return False
    deltas = any(isinstance(n, Name) and n.letter == "\\delta" for n in nodes(other))
    return not deltas and not any(isinstance(n, Table) for n in nodes(other))


def _is_free(u: Understanding, key: str, stated: frozenset[int]) -> bool:
    """Whether nothing makes a covariance's name but what says that it is one."""
    timed = any(s in ORDERED for s in u.setting.steps.get(key, ()))
    made = {m.definition.number for m in u.made if m.definition.name == key}
    free = made <= stated if made else key not in u.setting.defined
    return free and not timed and u.setting.ranks.get(key) in (0, 2)


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
        after = items[end + 2] if end + 2 < len(items) else None
        if (isinstance(before, Prose) and BEFORE.search(before.text)) or (
            isinstance(behind, Prose) and _is_called(behind.text, end > at, after)
        ):
            yield from _names_of(u, item)


def _is_called(behind: str, several: bool, after: object) -> bool:
    """Whether the words behind a name, or behind a list, call it noise: not the name that follows, nor one of a list alone."""  # noqa: E501
    found = BEHIND.search(behind)
    if found is None:
        return False
    if BEFORE.search(behind) and isinstance(after, Formula) and not after.display:
        return False
    words = re.split(r"[.;。；,，]", behind[: found.end()])[-1]
    return not RESPECTIVELY.search(words) or (several and PLURAL.search(words) is not None)


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
        law = normal(chain.members[1].tree)
        for drawn in drawn_in(chain) if law is not None else ():
            key = table.occurrence(drawn, None).key
            if key in candidates:
                yield key, table.occurrence(law, None).key if isinstance(law, Name) else "", number
        for square, name in _pairs(chain):
            key = _squared(u, number, square)
            if key in candidates:
                yield key, table.occurrence(name, None).key, number


def drawn_in(chain: Chain) -> Iterator[Name]:
    r"""The names of w, v \sim N(0, Q), and of p(w) \sim N(0, Q)."""
    relation = chain.members[1].relation
    for part in parts_of(chain.members[0].tree):
        match part:
            case (Name() as name,) if relation == "\\sim":
                yield name
            case (
                Name(letter="p" | "P", below=None, above=None),
                Group(opening="(", inside=inside),
            ):
                if relation in DRAWN and len(inside) == 1 and isinstance(inside[0], Name):
                    yield inside[0]


def normal(row: Row) -> Name | str | None:
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
    steady: set[str] = set()
    for key, name in noise.covariances:
        made = _covariance(model, key, name)
        own = definitions.get(name, ())
        if made is not None and all(d.number in noise.stated for d in own):
            definitions[name] = (made,)
            steady.add(key)
    return replace(model, definitions=definitions, noise=noise.names, steady=frozenset(steady))


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
