"""What sentences say that a quantity is made of: "where m solves m = F(m, w)", "m_t, the mean of h_t", "from w we compute m"."""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from derive.judge.names import named
from derive.notation.slots import single_name
from derive.notation.words_made import NO_SUBJECT, says_made
from derive.text.page import Break, Formula, Heading, Item, Prose

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

MAKING = (
    r"comput|calculat|obtain|deriv|form|build|mak|get|construct|produc|determin|generat|choos|select|adapt|"
    r"tun|learn|draw|sampl|predict|estimat|bestimm|berechn|calcul"
)
NOUNS = (
    r"into|the|an?|its|of|all|both|state|gate|vector|value|weights?|parameters?|input|equation|function|mask|"
    r"variable"
)
UP_TO_NAME = rf"\W*(?:(?:{NOUNS})\b\W*){{0,4}}$"
FIRST = re.compile(
    r"\b(?:from|out of|given|using|with|by means of|combin\w+|aus|à partir de|a partir de|由|用)\W*$",
    re.IGNORECASE,
)
THEN_MADE = re.compile(
    r"^[^.;:!?]*\b(?:we|one|you|it|which|that)?\s*(?:then |first |next |also )?"
    rf"(?:{MAKING})\w*{UP_TO_NAME}",
    re.IGNORECASE,
)
VERB_BEFORE = re.compile(rf"\b(?:{MAKING})\w*{UP_TO_NAME}", re.IGNORECASE)
OUT_OF = re.compile(
    r"^\W*(?:out of|from|by means of|using|by|based on|as an? (?:[\w-]+ )?function of|"
    rf"as the [\w -]{{1,30}} of|aus|à partir de|由){UP_TO_NAME}",
    re.IGNORECASE,
)
ENTERS = re.compile(
    r"^\W*(?:also |both |\w+ly )?(?:enters?|influences?|affects?|determines?|controls?|acts? on|modulates?|"
    r"changes?|drives?|produces?|yields?|gives?|appears? in|is (?:hidden |contained |used )?in|"
    rf"(?:is|are) a parameter of|parametri[sz]es?|parameteri[sz]es?){UP_TO_NAME}",
    re.IGNORECASE,
)
FUNCTION_BEFORE = re.compile(r"\bfunctions?\W*$", re.IGNORECASE)
OF = re.compile(r"^\W*of\W*(?:(?:the|both)\W+)?$", re.IGNORECASE)
LISTED = re.compile(
    r"(?:\W|(?:and|or|of|on|as well as|by way of|through|via|both|also|the|with|und|et|y|和|与|及))*$",
    re.IGNORECASE,
)
MOST_WORDS = 120


def told_made(u: Understanding) -> Iterator[tuple[int, str, frozenset[str]]]:
    """For each quantity that a sentence makes of others: the formula of what, its name and theirs."""
    for sentence in _paragraphs(u.page.items):
        for at, item in enumerate(sentence):
            name = _alone(u, item)
            if name is None:
                continue
            item_before = sentence[at - 1] if at else None
            before = item_before.text if isinstance(item_before, Prose) else ""
            rest = sentence[at + 1 :]
            if rest and isinstance(rest[0], Prose) and len(rest) > 1:
                between = rest[0].text
                made = (
                    says_made(before, between)
                    or (VERB_BEFORE.search(before) and OUT_OF.match(between))
                    or (FUNCTION_BEFORE.search(before) and OF.match(between))
                )
                if made and len(between) < MOST_WORDS:
                    yield from _tie(u, name, rest[1:])
            between = rest[0].text if len(rest) > 1 and isinstance(rest[0], Prose) else ""
            if ENTERS.match(between) and not NO_SUBJECT.search(before):
                yield from _entered(u, name, rest[1])
            if THEN_MADE.search(before) and len(before) < MOST_WORDS:
                yield from _first(u, name, sentence[: at - 1], item)


def _entered(u: Understanding, name: str, item: Item) -> Iterator[tuple[int, str, frozenset[str]]]:
    """w enters m_t, acts on m_t."""
    made = _alone(u, item)
    if made is not None and isinstance(item, Formula) and made != name:
        yield item.number, made, frozenset((name,))


def _first(
    u: Understanding, name: str, before: Sequence[Item], item: Item
) -> Iterator[tuple[int, str, frozenset[str]]]:
    """From w and h_t we compute m_t."""
    listed: list[Item] = []
    for other in reversed(before):
        if isinstance(other, Prose):
            if FIRST.search(other.text) and listed:
                assert isinstance(item, Formula)
                names = _names(u, listed) - {name}
                if names:
                    yield item.number, name, frozenset(names)
                return
            if not LISTED.match(other.text):
                return
        else:
            listed.append(other)


def _tie(
    u: Understanding, name: str, behind: Sequence[Item]
) -> Iterator[tuple[int, str, frozenset[str]]]:
    listed: list[Item] = []
    for other in behind:
        if isinstance(other, Prose):
            if not LISTED.match(other.text):
                break
        else:
            listed.append(other)
    names = _names(u, listed) - {name}
    if listed and names and isinstance(listed[0], Formula):
        yield listed[0].number, name, frozenset(names)


def _names(u: Understanding, items: Sequence[Item]) -> set[str]:
    return {
        u.symbols.at(item.number).occurrence(n, b).key
        for item in items
        if isinstance(item, Formula)
        for chain in item.chains
        for member in chain.members
        for n, b in named(member.tree)
    }


def _alone(u: Understanding, item: Item) -> str | None:
    """The name that an inline formula is."""
    if not isinstance(item, Formula) or item.display or len(item.chains) != 1:
        return None
    members = item.chains[0].members
    single = single_name(members[0].tree) if len(members) == 1 else None
    if single is None:
        return None
    key: str = u.symbols.at(item.number).occurrence(*single).key
    return key


def _paragraphs(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The sentences of a page, more or less: what stands between two breaks, cut where a sentence ends."""
    own: list[Item] = []
    for item in items:
        if isinstance(item, Heading | Break):
            if own:
                yield own
            own = []
        elif isinstance(item, Prose):
            *ended, last = re.split(r"[.!?](?=\s|$)", item.text)
            for part in ended:
                yield [*own, Prose(item.start, item.end, part)]
                own = []
            own.append(Prose(item.start, item.end, last))
        else:
            own.append(item)
    if own:
        yield own
