"""The left side of a line, read once for all that is compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from derive.algebra.core import Ref, walk
from derive.notation.elaborate import Elaborator
from derive.notation.parts import Part
from derive.notation.setting import Reading
from derive.notation.shaped import Dims, Val
from derive.text.page import Member

GATHERED = (
    *("letters", "ordered", "choices", "notes", "own_steps", "filled_in"),
    *("outcome", "called", "picks"),
)
"""What an elaborator gathers while it reads."""


@dataclass(frozen=True, slots=True)
class HeadRead:
    """The left side of a line as it was read, with what that said of its letters, dimensions and names."""

    key: tuple[int, Reading, bool]
    head: Member
    value: Val
    state: Mapping[str, Any]
    dims: Dims
    parts: Mapping[str, Part]
    slots: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, str]

    @staticmethod
    def of(
        key: tuple[int, Reading, bool],
        head: Member,
        value: Val,
        elaborator: Elaborator,
        before: Mapping[str, str],
    ) -> HeadRead:
        """What an elaborator that knew the sizes `before` has just read."""
        setting = elaborator.setting
        names = {p.name for p in walk(value.body) if isinstance(p, Ref)} | set(setting.parts)
        return HeadRead(
            key,
            head,
            value,
            {name: copy(getattr(elaborator, name)) for name in GATHERED},
            elaborator.dims.copy(),
            dict(setting.parts),
            {n: setting.slots[n] for n in names if n in setting.slots},
            {a: d for a, d in setting.size_of.items() if before.get(a) != d},
        )

    def say(self, elaborator: Elaborator) -> None:
        """Tells a new elaborator all that."""
        setting = elaborator.setting
        for name, gathered in self.state.items():
            setattr(elaborator, name, copy(gathered))
        elaborator.dims = setting.dims = self.dims.copy()
        setting.parts = dict(self.parts)
        setting.slots.update(self.slots)
        setting.size_of.update(self.sizes)
