"""What a line or its sentence says of its indices: t < T, i ≠ j, for k ≤ t, except at t = T."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from derive.algebra.expression import Time
from derive.meaning.world import NoNumber, World
from derive.notation import members
from derive.notation.elaborate import Elaborator
from derive.notation.setting import Unread
from derive.text.page import Break, Chain, Formula, Prose
from derive.text.trees import Name, Number, Row, Sign, Words, walk

Test = Callable[[Mapping[str, int], World], bool]
COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "\\leq": lambda a, b: a <= b,
    "\\geq": lambda a, b: a >= b,
    "\\neq": lambda a, b: a != b,
}
NEGATING = ("unless", "except", "otherwise", "but not")


def conditions(rows: tuple[Row, ...], elaborator: Elaborator) -> list[Test]:
    """The tests that the rows of conditions state; what is no condition on an index states none."""
    return [test for row in rows for test in _tests(row, elaborator)]


BEFORE = re.compile(
    r"(?:^|\b)(?:if|for|when|whenever|where|case|with|suppose|assuming|consider|provided|that)\b"
    r"\W*(?:that|the case)?\W*$"
    r"|(?:当|當|若|如果|对于|對於|情况|假设|もし|ただし)\W*$"
    r"|(?:^|\b)(?:si|pour|lorsque|quand|cuando|para|wenn|falls|für|im Fall|caso|per|quando|если|при|для)\b"
    r"\W*$",
    re.IGNORECASE,
)
BEHIND = re.compile(
    r"^\W*(?:if|for|for all|when|whenever|where|provided|provided that|as long as|only if|in case|with"
    r"|si|pour|lorsque|cuando|para|wenn|falls|für|ただし|если|при)\W*$",
    re.IGNORECASE,
)
AND = re.compile(r"^\W*(?:and|while|whereas|but)\b\W*(?:also|then)?\W*$", re.IGNORECASE)
SHORT = 60


def around(items: Sequence[Any], place: int) -> list[Chain]:
    """The relations that stand right before or behind a formula, in words that make them its conditions."""
    found = []
    words, at = _words(items, place - 1, -1)
    if (
        at is not None
        and len(words) <= SHORT
        and not _is_of_another(items, at, words)
        and not re.search(r"[.;]\s", words)
        and _is_relation(items[at])
    ):
        said, _ = _words(items, at - 1, -1)
        if BEFORE.search(said) or (not said and words):
            found.append(items[at].chains[0])
    words, at = _words(items, place + 1, 1)
    begins = words.strip()[
        :1
    ].isupper()  # a sentence of its own: "For i ≠ j:" speaks of what follows
    opens = at is not None and _words(items, at + 1, 1)[0].lstrip().startswith((":", "："))
    if at is None or begins or opens:  # "si i ≠ j :" speaks of what follows, too
        return found
    if BEHIND.match(words) and _is_relation(items[at]):
        found.append(items[at].chains[0])
    return found


def _is_of_another(items: Sequence[Any], at: int, words: str) -> bool:
    """Whether a relation before a formula is the condition of the formula before it: "… for k ≤ t, and …"."""  # noqa: E501
    said, before = _words(items, at - 1, -1)
    return before is not None and bool(AND.match(words)) and bool(BEHIND.match(said))


ORDERS = ("<", ">", "\\leq", "\\geq", "\\neq")
IF = re.compile(
    r"(?:^|\b)(?:if|when|whenever|where|for|case|suppose|assuming|provided|that|si|quand|pour|wenn|falls|für|cuando)\b\W*$",
    re.IGNORECASE,
)


IN_WORDS = re.compile(
    r"\b(?:(?:when|whenever|if|for|where|case)\b[^.;:]*\b(?:equal|same|distinct|differ\w*|coincide|diagonal|last|first"
    r"|positive|negative|non-?zero|(?:in)?active|(?:un)?saturated|violated|small|large)\b"
    r"|otherwise|except|unless"
    r"|(?:at|in|on|for) (?:the|its|our) (?:very )?(?:last|final|first|initial|terminal|output|input) "
    r"(?:time[- ]?)?(?:step|stage|time|layer|iteration|position|token|frame|index|entry|state|sample)"
    r"|at (?:the|its) (?:very )?(?:end|beginning|start|boundary|horizon))\b[^.;:]*[,:]?\s*$",
    re.IGNORECASE,
)
BEHIND_IN_WORDS = re.compile(
    r"^\W*(?:(?:if|when|whenever|unless|except|provided|as long as|assuming)(?: [a-z]+){2}"
    r"|(?:or )?(?:else|otherwise)\b)",
    re.IGNORECASE,
)


CASE = re.compile(r"\b(?:case|caso|cas|fall)\b[^.]*$|(?:情况|場合|경우)[^。]*$", re.IGNORECASE)


def on_a_condition(
    items: Sequence[Any], place: int, is_index: Callable[[str], bool] = lambda letter: False
) -> bool:
    """Whether a formula is said to hold where another one, which is no relation of indices, does: "if w x + b > 0:"; or where the words behind it say."""  # noqa: E501
    behind, at = _words(items, place + 1, 1)
    if BEHIND_IN_WORDS.match(behind) or (
        at is not None and BEHIND.match(behind) and _is_range(items[at])
    ):
        return True
    words, at = _words(items, place - 1, -1)
    if IN_WORDS.search(words):
        return True
    if at is not None and _is_case_of_values(items, at, words, is_index):
        return True
    if at is None or len(words) > 3 or _is_relation(items[at]) or len(items[at].chains) != 1:
        return False
    if not any(m.relation in ORDERS for m in items[at].chains[0].members):
        return False
    said, _ = _words(items, at - 1, -1)
    return bool(IF.search(said))


def _is_case_of_values(
    items: Sequence[Any], at: int, words: str, is_index: Callable[[str], bool]
) -> bool:
    """Whether what stands before a formula says for which values it holds: "if z < 0 then", "Case 2: y = 0.", an item "z > 0:"."""  # noqa: E501
    chains = items[at].chains
    relations = {m.relation for m in chains[0].members[1:]} if len(chains) == 1 else set()
    names = [n for c in chains for m in c.members for n in walk(m.tree) if isinstance(n, Name)]
    if not relations or not relations <= set(COMPARE) or all(is_index(n.letter) for n in names):
        return False
    said, _ = _words(items, at - 1, -1)
    if CASE.search(said):
        return len(words) <= SHORT
    if not relations & set(ORDERS) or len(words) > SHORT or re.search(r"[.;]\s", words):
        return False
    return bool(IF.search(said) or BEFORE.search(said)) or words == ":"


def _words(items: Sequence[Any], at: int, step: int) -> tuple[str, int | None]:
    """The prose beside a formula, and the place of the formula beyond it."""
    words = ""
    while 0 <= at < len(items):
        item = items[at]
        if isinstance(item, Formula):
            return words.strip(), at
        if isinstance(item, Prose):
            words = item.text + " " + words if step < 0 else words + " " + item.text
        elif (
            not isinstance(item, Break)
            or item.kind in ("section end", "cell", "slide")
            or (step > 0 and item.kind == "item")
            or (step > 0 and item.kind == "paragraph" and not _goes_on(items, at, words))
        ):
            break
        at += step
    return words.strip(), None


def _goes_on(items: Sequence[Any], at: int, words: str) -> bool:
    """Whether a sentence goes on in the paragraph behind a display: that begins with a small letter."""
    behind = items[at + 1] if at + 1 < len(items) else None
    return (
        not words.strip(" \n,")
        and isinstance(behind, Prose)
        and bool(re.match(r"\W*[a-z]", behind.text))
    )


def _is_relation(formula: Formula) -> bool:
    """Whether a formula is relations between short names: i = j, k ≠ t, 1 ≤ k < t."""
    if len(formula.chains) != 1 or not formula.chains[0].members:
        return False
    first, *others = formula.chains[0].members
    return (
        0 < len(others) <= 2
        and all(m.relation in COMPARE for m in others)
        and (len(others) == 1 or all(m.relation in ORDERS for m in others))
        and all(len(m.tree) <= 3 for m in (first, *others))
    )


def _is_range(formula: Formula) -> bool:
    """Whether a formula says what values an index has: k = 1, …, t; t ∈ {1, …, T}."""
    return any(
        isinstance(n, Sign) and n.text == "\\dots"
        for c in formula.chains
        for m in c.members
        for n in walk(m.tree)
    )


def orders_before(items: Sequence[Any], place: int) -> Iterator[Formula]:
    """The orders of indices that the page states before a formula, the latest first."""
    for item in reversed(items[:place]):
        if (
            isinstance(item, Formula)
            and _is_relation(item)
            and all(m.relation in ORDERS for m in item.chains[0].members[1:])
        ):
            yield item


def related(chains: Sequence[Chain], elaborator: Elaborator) -> list[Test]:
    """Tests of relations between indices; what is no such relation states none."""
    found = []
    for first, second in (pair for c in chains for pair in pairwise(c.members)):
        try:
            a, b = (
                members.read_index(elaborator, _trimmed(first.tree)),
                members.read_index(elaborator, _trimmed(second.tree)),
            )
        except Unread:
            continue
        if (a.letters or b.letters) and {x for i in (a, b) for x, _ in i.letters} <= {
            *elaborator.letters,
            *elaborator.ordered,
        }:
            found.append(_test(a, second.relation, b, False))
    return found


def _tests(row: Row, elaborator: Elaborator) -> Iterator[Test]:
    negated = any(isinstance(n, Words) and any(w in n.text.lower() for w in NEGATING) for n in row)
    row = tuple(
        n
        for n in row
        if not isinstance(n, Words)
        and not (isinstance(n, Name) and n.letter in ("\\forall", "\\text"))
    )
    row = tuple(
        n for n in row if not (isinstance(n, Sign) and n.text in ("\\forall", "(", ")", "."))
    )
    for part in _clauses(row):
        yield from _clause(part, elaborator, negated)


def _clauses(row: Row) -> Iterator[Row]:
    """`i ≠ j, k < t` are two; `t = 1, …, T` is one."""
    here: list[Any] = []
    for node in row:
        if (
            isinstance(node, Sign)
            and node.text in (",", ";", "\\wedge")
            and _has_relation(here)
            and not _opens_range(here)
        ):
            yield tuple(here)
            here = []
        else:
            here.append(node)
    if here:
        yield tuple(here)


def _has_relation(row: list[Any]) -> bool:
    return any(isinstance(n, Sign) and n.text in COMPARE for n in row)


def _opens_range(row: list[Any]) -> bool:
    """t = 1 (before `, …, T`)."""
    return any(isinstance(n, Sign) and n.text == "\\dots" for n in row) or (
        len(row) == 3
        and isinstance(row[1], Sign)
        and row[1].text == "="
        and isinstance(row[2], Number | Name)
    )


def _clause(row: Row, elaborator: Elaborator, negated: bool) -> Iterator[Test]:
    places = [i for i, n in enumerate(row) if isinstance(n, Sign) and n.text in COMPARE]
    if not places:
        return
    if any(isinstance(n, Sign) and n.text == "\\dots" for n in row):
        yield from _run(row, places[0], elaborator)
        return
    ends = [-1, *places, len(row)]
    sides = [row[a + 1 : b] for a, b in zip(ends, ends[1:], strict=False)]  # noqa: RUF007
    for left, place, right in zip(sides, places, sides[1:], strict=False):
        row_left, row_right = _trimmed(left), _trimmed(right)
        try:
            a, b = (
                members.read_index(elaborator, row_left),
                members.read_index(elaborator, row_right),
            )
        except Unread:
            continue
        sign = row[place]
        assert isinstance(sign, Sign)
        yield _test(a, sign.text, b, negated)


def _run(row: Row, place: int, elaborator: Elaborator) -> Iterator[Test]:
    """t = 1, …, T, also downwards."""
    try:
        letter = members.read_index(elaborator, _trimmed(row[:place]))
        parts = [
            p
            for p in _commas(row[place + 1 :])
            if not any(isinstance(n, Sign) and n.text == "\\dots" for n in p)
        ]
        first, last = (
            members.read_index(elaborator, parts[0]),
            members.read_index(elaborator, parts[-1]),
        )
    except (Unread, IndexError):
        return
    yield lambda env, world: _between(letter, first, last, env, world)


def _between(letter: Time, first: Time, last: Time, env: Mapping[str, int], world: World) -> bool:
    try:
        a, x, b = (world.index(i, env) for i in (first, letter, last))
    except NoNumber:
        return True
    return min(a, b) <= x <= max(a, b)


def _commas(row: Row) -> list[Row]:
    found: list[list[Any]] = [[]]
    for node in row:
        if isinstance(node, Sign) and node.text in (",", "\\dots"):
            found.append([])
        else:
            found[-1].append(node)
    return [tuple(p) for p in found if p]


def _trimmed(row: Row) -> Row:
    return tuple(n for n in row if not (isinstance(n, Sign) and n.text in (",", ";", ".", ":")))


def _test(a: Time, relation: str, b: Time, negated: bool) -> Test:
    def test(env: Mapping[str, int], world: World) -> bool:
        try:
            found = COMPARE[relation](world.index(a, env), world.index(b, env))
        except NoNumber:
            return True
        return found != negated

    if (relation == "\\neq") != negated and relation in ("=", "\\neq"):
        test.distinct = a - b  # type: ignore[attr-defined]
    if (relation == "=") != negated and relation in ("=", "\\neq"):
        test.equal = a, b  # type: ignore[attr-defined]
    return test
