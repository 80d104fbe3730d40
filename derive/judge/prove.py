"""Finding proofs of lines whose values agree. Nothing here is trusted: what is found is a plan that `derive.proof.lines` checks."""  # noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import prod

from derive.algebra.core import Core, Num, letters_in, move
from derive.algebra.expression import Time
from derive.algebra.forms import NoForm
from derive.judge.claims import Outcome, Sides
from derive.judge.made import resolved
from derive.meaning.model import ORDERED
from derive.proof.lines import Lines, SameForm, search

MOST_ENTRIES = 16


class Prover:
    """Proofs for the lines of one page; the rules of a model are prepared once."""

    def __init__(self) -> None:
        self._lines: dict[object, Lines] = {}

    def lines(self, outcome: Outcome, base: int | None = None) -> Lines:
        """What checks the lines of a model; the step that definitions begin at stays unless it is given."""
        assert outcome.model is not None and outcome.dims is not None
        sizes = {a: d for a, d in outcome.model.horizons.items() if d not in ORDERED}
        key = (
            tuple(
                sorted(
                    (n, d.number, hash(d.body))
                    for n, ds in outcome.model.definitions.items()
                    for d in ds
                )
            ),
            outcome.dims.known,
            frozenset(outcome.model.normalised),
            outcome.model.noise,
            outcome.model.steady,
            outcome.model.symmetric,
            tuple(sorted(sizes.items())),
        )
        if key not in self._lines:
            self._lines[key] = Lines(outcome.model, outcome.dims.find)
            self._lines[key].forms.sizes = sizes
            self._lines[key].forms.ones = frozenset(outcome.model.normalised)
        found = self._lines[key]
        found.unfolder.suppose(outcome.model, found.unfolder.base if base is None else base)
        found.forms.find = outcome.dims.find
        return found

    def prove(
        self,
        found: Sides,
        outcome: Outcome,
        more: tuple[Time, ...] = (),
        given: Mapping[str, Fraction] | None = None,
        base: int = 1,
        first: SameForm | None = None,
    ) -> SameForm | None:
        """A certificate for a line, checked; None where none was found. The one to try `first` is of a line like it."""  # noqa: E501
        if found.places is not None:
            return None
        lines = self.lines(outcome, base)
        left, right = (self._plain(side, outcome) for side in (found.left, found.right))
        for a, b in (t.equal for t in outcome.tests if getattr(t, "equal", None) is not None):
            if len(b.letters) == 1 and b == Time.of(b.letters[0][0]):
                left, right = (move(side, {b.letters[0][0]: a}) for side in (left, right))
        lines.values = dict(given or {})
        lines.forms.ones = outcome.normal | frozenset(
            outcome.model.normalised if outcome.model is not None else ()
        )
        distinct = tuple(
            t.distinct for t in outcome.tests if getattr(t, "distinct", None) is not None
        )
        lines.suppose(left, right, (*distinct, *more))
        if first is not None and _holds(lines, left, right, first):
            return first
        certificate = search(lines, left, right) or self._entry_by_entry(
            lines, found, outcome, left, right
        )
        if certificate is None:
            return None
        return certificate if _holds(lines, left, right, certificate) else None

    @staticmethod
    def _entry_by_entry(
        lines: Lines, found: Sides, outcome: Outcome, left: Core, right: Core
    ) -> SameForm | None:
        """A plan for the first entry of a line about a matrix that is written out, to be checked for all of them."""  # noqa: E501
        assert outcome.dims is not None
        dims = {a: outcome.dims.find(d) for a, d in found.components.items()}
        free = sorted(a for a in dims if a in letters_in(left) | letters_in(right))
        sizes = {a: dims[a].count("1") for a in free if set(dims[a]) == {"1", "+"}}
        if not sizes or prod(sizes.values()) > MOST_ENTRIES:
            return None
        first = {a: Time.at(1) for a in sizes}
        plan = search(lines, move(left, first), move(right, first))
        return plan and SameForm(plan.plan, tuple(sorted(sizes.items())))

    def _plain(self, side: Core, outcome: Outcome) -> Core:
        assert outcome.dims is not None
        return resolved(side, outcome.dims)


def _holds(lines: Lines, left: Core, right: Core, certificate: SameForm) -> bool:
    try:
        return lines.check(left, right, certificate)
    except (NoForm, RecursionError):
        return False


def is_number(x: Core) -> bool:
    return isinstance(x, Num)
