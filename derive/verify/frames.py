"""Which steps a case of the proof speaks of, T and the steps between being letters."""

from __future__ import annotations

from dataclasses import dataclass

from derive.algebra.expression import Time
from derive.model.recurrence import END, HORIZON
from derive.verify.tape import NoForm


@dataclass(frozen=True, slots=True)
class Frame:
    """Which steps are spoken of.

    `horizon` is T itself or a number; letters other than T (and the letter SUMMED) lie in the core: at
    least `early`, at most T - `margin`. Where T is a letter it is at least `early` + 2 `margin`.
    """

    horizon: Time
    early: int
    margin: int

    def at_least(self, time: Time, low: int) -> bool:
        """Whether `time` ≥ `low`; NoForm where the frame does not decide it."""
        if time.is_number:
            return time.shift >= low
        least = self.early if self._in_core(time) else self.early + 2 * self.margin
        if (self._in_core(time) or time.letters == END.letters) and least + time.shift >= low:
            return True
        raise NoForm("an index at no fixed distance")

    def at_most_horizon(self, time: Time, beyond: int = 0) -> bool:
        """Whether `time` ≤ T + `beyond`; NoForm where the frame does not decide it."""
        apart = time - self.horizon
        if apart.is_number:
            return apart.shift <= beyond
        if time.is_number and time.shift <= self.early + 2 * self.margin + beyond:
            return True
        if self._in_core(time) and time.shift <= self.margin + beyond:
            return True
        raise NoForm("an index at no fixed distance")

    def same(self, a: Time, b: Time) -> bool:
        """Whether two indices are one; NoForm where the frame does not decide it."""
        apart = a - b
        if apart.is_number:
            return apart.shift == 0
        for one, other in ((a, b), (b, a)):
            if not self._in_core(one):
                continue
            if other.is_number and self.early + one.shift > other.shift:
                return False
            if other.letters == END.letters and one.shift - self.margin < other.shift:
                return False
        numbers = [t for t in (a, b) if t.is_number]
        ends = [t for t in (a, b) if t.letters == END.letters]
        if numbers and ends and self.early + 2 * self.margin + ends[0].shift > numbers[0].shift:
            return False
        raise NoForm("steps at no fixed distance")

    @staticmethod
    def _in_core(time: Time) -> bool:
        return len(time.letters) == 1 and time.letters[0][1] == 1 and time.letters[0][0] != HORIZON
