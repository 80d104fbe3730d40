r"""A name that one section uses with one index and another with two, z_j and z_{ij}, is two quantities: which stands where.

Only a name that is defined in both forms, in different sections, is parted; with it what those sections use in both forms.
"""  # noqa: E501

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from derive.notation.gathering import places_of
from derive.notation.symbols import Occurrence, Role
from derive.text.page import Page

MARK = "_{("


def variants_of(
    page: Page,
    seen: Iterable[tuple[int, Occurrence]],
    roles: Mapping[tuple[int, int], Role],
) -> dict[str, dict[int, str]]:
    """For each name that is two quantities, under which key it stands at each formula where it is not the first."""  # noqa: E501
    sections = {number: where.section for number, where in places_of(page)}
    counts: dict[str, dict[int, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    for number, occurs in seen:
        count = components(occurs)
        if count and number in sections:
            counts[occurs.key][sections[number]][count] += 1
    plain = {k: dict(_settled(v)) for k, v in counts.items()}
    parted = {k for k in plain if _is_made_twice(k, plain[k], sections, roles)}
    moved = {
        section
        for k in parted
        for section in sections.values()
        if _latest(plain[k], section) != _first(plain[k])
    }
    for key, own in plain.items():
        others = {s for s, n in own.items() if n != _first(own)}
        if others and others <= moved and not (own.keys() - others) & moved:
            parted.add(key)
    return {k: dict(_placed(k, plain[k], sections)) for k in parted}


def components(occurs: Occurrence) -> int:
    """How many components an occurrence names."""
    return sum(d == "component" for d, _ in occurs.indices)


def base_of(key: str) -> str:
    """A name without the mark of its version."""
    return key.split(MARK)[0]


def _settled(own: Mapping[int, Counter[int]]) -> Iterator[tuple[int, int]]:
    """For each section the number of components that its uses have, but for an odd one."""
    for section, found in sorted(own.items()):
        ((count, uses),) = found.most_common(1)
        if uses * 4 >= sum(found.values()) * 3:
            yield section, count


def _latest(own: Mapping[int, int], section: int) -> int:
    """The number of components as the latest section shows it; of the first where none has yet."""
    before = [n for s, n in sorted(own.items()) if s <= section]
    return before[-1] if before else _first(own)


def _first(own: Mapping[int, int]) -> int:
    return own[min(own)] if own else 0


def _is_made_twice(
    key: str,
    own: Mapping[int, int],
    sections: Mapping[int, int],
    roles: Mapping[tuple[int, int], Role],
) -> bool:
    made = {
        components(role.target)
        for (number, _), role in roles.items()
        if role.kind == "definition"
        and role.key == key
        and role.target is not None
        and components(role.target) == own.get(sections.get(number, -1), 0)
    } - {0}
    return len(made) > 1


def _placed(
    key: str, own: Mapping[int, int], sections: Mapping[int, int]
) -> Iterator[tuple[int, str]]:
    """The key at each formula: as the latest section that shows it has it."""
    first = _first(own)
    for number, section in sections.items():
        count = _latest(own, section)
        if count != first:
            yield number, f"{key}{MARK}{count})}}"
