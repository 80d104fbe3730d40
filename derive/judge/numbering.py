"""Models by number: two are one where all that a line rests on is made alike."""

from __future__ import annotations

from collections.abc import Mapping

from derive.algebra.core import Ref, Where, walk
from derive.meaning.model import Definition, Model


class Numbering:
    """Numbers what the names of a page rest on: a name has one number for each set of definitions that it is made of."""  # noqa: E501

    def __init__(self) -> None:
        self._of: dict[object, tuple[Model, dict[str, int]]] = {}
        self._numbers: dict[tuple[frozenset[Definition], frozenset[str]], int] = {}
        self._named: dict[int, frozenset[str]] = {}

    def of(self, model: Model) -> Mapping[str, int]:
        """The numbers of all names that a model says something of."""
        key = signature(model)
        if key not in self._of:
            names = (*model.definitions, *model.lost)
            self._of[key] = model, {n: self._number(model, n) for n in names}
        return self._of[key][1]

    def _number(self, model: Model, name: str) -> int:
        seen, waiting = {name}, [name]
        rests: set[Definition] = set()
        while waiting:
            for d in model.definitions.get(waiting.pop(), ()):
                rests.add(d)
                new = self._names_in(d) - seen
                seen |= new
                waiting += new
        said = frozenset(rests), frozenset(seen & model.lost.keys())
        return self._numbers.setdefault(said, len(self._numbers))

    def _names_in(self, d: Definition) -> frozenset[str]:
        if id(d) not in self._named:
            names = {p.name for p in walk(d.body) if isinstance(p, Ref)}
            names |= {r.name for p in walk(d.body) if isinstance(p, Where) for r, _ in p.values}
            self._named[id(d)] = frozenset(names)
        return self._named[id(d)]


def signature(model: Model) -> tuple[object, ...]:
    return (
        tuple(id(d) for name in sorted(model.definitions) for d in model.definitions[name]),
        tuple(sorted(model.lost)),
        tuple(sorted(model.horizons.items())),
    )
