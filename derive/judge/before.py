"""The old reader (derive.verify), asked for no more of a page than its word could count for."""

from __future__ import annotations

from dataclasses import replace

from derive.algebra.expression import Expr
from derive.verify.compare import Comparison
from derive.verify.judge import Chain, Judge, Line, Side
from derive.verify.judge import judge as judged_before
from derive.verify.options import Options
from derive.verify.pages import read_page
from derive.verify.ranges import Condition
from derive.verify.verdicts import Judged, Report, Verdict

__all__ = ["Before", "judged_before"]

Place = tuple[int, int]  # line and column
Said = tuple[int, Expr, Expr, tuple[Condition, ...], bool]


class Before(Judge):
    """The old reader, which judges no more of a page than it is asked for, and each line once.

    Of the lines at the places `settled`, which the new reader proves, it need only say whether they are
    wrong: it looks for no proof of its own.
    """

    def __init__(
        self, path: str, text: str, options: Options, settled: frozenset[Place] = frozenset()
    ) -> None:
        self._asked: frozenset[Place] | None = None
        self._settled = settled
        self._is_settled = False
        self._mending: frozenset[Place] = frozenset()
        self._place: Place = (0, 0)
        self._lines_said: dict[Said, Verdict] = {}
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

    def report_mended(self, places: frozenset[Place]) -> Report:
        """Its report, what it accuses at some places with the nearest true line."""
        plain = self.options
        self.options, self._mending = replace(plain, repairs=True), places
        try:
            return self.report()
        finally:
            self.options, self._mending = plain, frozenset()

    def _mended(self, number: int, verdict: Verdict, head: str, member: str, line: Line) -> Verdict:
        if self._place not in self._mending:
            return verdict
        return super()._mended(number, verdict, head, member, line)

    def _claim(
        self, number: int, side: Side, chain: Chain, conditions: tuple[tuple[Condition, ...], str]
    ) -> Verdict:
        place = self._place = self._at(side.start)
        if self._asked is not None and place not in self._asked:
            return Verdict("proved")
        self._is_settled = place in self._settled
        return super()._claim(number, side, chain, conditions)

    def _line(self, number: int, line: Line, plain: bool = False) -> Verdict:
        key = number, line.head, line.member, line.conditions, plain
        found = self._lines_said.get(key)
        if found is None:
            agrees = self._is_settled and self._values_agree(number, line)
            found = Verdict("tested") if agrees else super()._line(number, line, plain)
            self._lines_said[key] = found
        return found

    def _values_agree(self, number: int, line: Line) -> bool:
        """Whether a line of scalars or of abstract functions is proved or tested, whichever of the two."""
        self._refuse_vectors(line)
        comparison = self._compare(number, line, self.reading, self.line_range_of(line))
        return isinstance(comparison, Comparison) and comparison.agrees()

    def _at(self, start: int) -> Place:
        place = self._judged(0, 0, start, start, "", Verdict("remark"))
        return place.line, place.column
