"""The old reader (derive.verify), asked for no more of a page than its word could count for."""

from __future__ import annotations

from derive.verify.judge import Chain, Judge, Side
from derive.verify.judge import judge as judged_before
from derive.verify.options import Options
from derive.verify.pages import read_page
from derive.verify.ranges import Condition
from derive.verify.verdicts import Judged, Report, Verdict

__all__ = ["Before", "judged_before"]

Place = tuple[int, int]  # line and column


class Before(Judge):
    """The old reader, which judges no more of a page than it is asked for."""

    def __init__(self, path: str, text: str, options: Options) -> None:
        self._asked: frozenset[Place] | None = None
        super().__init__(read_page(path, text), text, options)

    def read_for(self, places: frozenset[Place]) -> Report:
        """What it says of the claims at some places; any other is as if it were proved, the most that both can agree on."""  # noqa: E501
        self._asked, chain, found = places, Chain(), list[Judged]()
        for number, placed in enumerate(self.page.formulas):
            if not placed.continues:
                chain = Chain()
            found += self._formula(number, placed, chain)
        self._asked = None
        return Report(self.page.source.path, self.text, tuple(found))

    def _claim(
        self, number: int, side: Side, chain: Chain, conditions: tuple[tuple[Condition, ...], str]
    ) -> Verdict:
        if self._asked is not None and self._at(side.start) not in self._asked:
            return Verdict("proved")
        return super()._claim(number, side, chain, conditions)

    def _at(self, start: int) -> Place:
        place = self._judged(0, 0, start, start, "", Verdict("remark"))
        return place.line, place.column
