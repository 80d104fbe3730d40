"""What is defined where a claim stands: families with their definitions, plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from derive.algebra.core import Add, App, Big, Core, D, Index, Mul, Ref, children, walk
from derive.algebra.expression import Time


@dataclass(frozen=True, slots=True)
class Definition:
    """name[index] = body, for all values of `letters`; an index that is no letter is a special case (h_0, λ_T).

    `slots` names the domain of each index; `dims` the dimension of each component index ("" for ordered ones);
    `number` is the formula it stands in.
    """  # noqa: E501

    name: str
    index: Index
    letters: tuple[str, ...]
    body: Core
    slots: tuple[str, ...]
    dims: tuple[str, ...]
    number: int = -1
    is_general: bool = field(init=False, compare=False, default=True)
    backward: bool = field(init=False, compare=False, default=False)
    looks_back: bool = field(init=False, compare=False, default=False)
    recursive: bool = field(init=False, compare=False, default=False)

    def __post_init__(self) -> None:
        """`backward`: it uses a later member of its own family; `looks_back`: an earlier member of any; `recursive`: of its own."""  # noqa: E501
        object.__setattr__(self, "is_general", all(self._letter(i) for i in self.index))
        shifts = [
            (p.name == self.name, self.shift_of(p))
            for p in walk_values(self.body)
            if isinstance(p, Ref)
        ]
        object.__setattr__(self, "backward", any(own and n > 0 for own, n in shifts))
        object.__setattr__(self, "looks_back", any(n < 0 for _, n in shifts))
        object.__setattr__(self, "recursive", any(own and n < 0 for own, n in shifts))

    def _letter(self, index: Time) -> bool:
        return any(index == Time.of(a) for a in self.letters)

    def shift_of(self, ref: Ref) -> int:
        """How far ahead of the definition's own ordered indices those of `ref` lie, 0 where they are not comparable."""  # noqa: E501
        most = 0
        for own, slot in zip(self.index, self.slots, strict=False):
            if slot in ORDERED and own.letters:
                for other in ref.index:
                    apart = other - own
                    if apart.is_number:
                        most = apart.shift if abs(apart.shift) > abs(most) else most
        return most


ORDERED = ("time", "layer")


@dataclass(frozen=True, slots=True)
class Model:
    """The definitions in force, and what is known of names that have none.

    `lost` maps names whose definitions were not understood to why; `horizons` are the letters that bound an ordered
    domain, with their domain; `normalised` are the families that the page says to add up to 1 over their last index, with its
    dimension.
    """  # noqa: E501

    definitions: Mapping[str, tuple[Definition, ...]]
    slots: Mapping[str, tuple[str, ...]]
    dims: Mapping[str, tuple[str, ...]]
    lost: Mapping[str, str] = field(default_factory=dict)
    horizons: Mapping[str, str] = field(default_factory=dict)
    positive: frozenset[str] = frozenset()
    normalised: Mapping[str, str] = field(default_factory=dict)
    noise: frozenset[str] = frozenset()  # families of mean 0, drawn anew at each step
    steady: frozenset[str] = frozenset()  # noise of one covariance at all steps
    symmetric: frozenset[str] = frozenset()  # matrices that nothing makes

    def general(self, name: str) -> Definition | None:
        return next((d for d in self.definitions.get(name, ()) if d.is_general), None)

    def specials(self, name: str) -> Iterator[Definition]:
        return (d for d in self.definitions.get(name, ()) if not d.is_general)


def stays_zero(name: str, model: Model) -> bool:
    """Whether a family is A(u, p) (u - U(p)) with u = U(p): 0 along all paths, and none of them says nothing."""  # noqa: E501
    definitions = model.definitions.get(name, ())
    if len(definitions) != 1:
        return False
    body = definitions[0].body
    body = body.body if isinstance(body, Big) else body
    apart = body.factors[-1] if isinstance(body, Mul) and body.factors else None
    if not isinstance(apart, Add) or len(apart.terms) != 2:
        return False
    made = {
        d.body.name
        for t in apart.terms
        if isinstance(t, Ref)
        for d in model.definitions.get(t.name, ())
        if isinstance(d.body, App)
    }
    return any(isinstance(p, App) and p.name in made for t in apart.terms for p in walk(t))


def walk_values(x: Core) -> Iterator[Core]:
    """As `walk`, without what stands in derivatives."""
    if isinstance(x, D):
        return
    yield x
    for part in children(x):
        yield from walk_values(part)


def depended(parts: Iterable[Core], model: Model) -> list[str]:
    """The names that formulas depend on, through definitions too."""
    seen: dict[str, None] = {}
    waiting = [p.name for x in parts for p in walk(x) if isinstance(p, Ref | App)]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name] = None
            waiting += [
                p.name
                for d in model.definitions.get(name, ())
                for p in walk(d.body)
                if isinstance(p, Ref | App)
            ]
    return list(seen)
