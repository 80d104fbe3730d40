"""What is said of a formula: one of eight verdicts, with scope, reading, reason and counterexample.

Plain data between the judge, which makes it, and the reports, which only read it (DESIGN, section 3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal[
    "definition", "proved", "ambiguous", "tested", "carried", "refuted", "unread", "remark"
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Small exact numbers, in LaTeX names, for which the two sides differ; `horizon` is T.

    `values` pairs a LaTeX name (a variable, a local derivative) with its number as text.
    """

    horizon: int | None
    values: tuple[tuple[str, str], ...]
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one formula or one member of a chain.

    `scope` says for which T and indices it holds or fails; `reading` the reading or the assumption
    that it needs; `reason` is one sentence in the reader's words; `suggestion` is the nearest true
    line, or the unambiguous notation, as LaTeX.
    """

    kind: Kind
    scope: str | None = None
    reading: str | None = None
    reason: str = ""
    suggestion: str | None = None
    counterexample: Counterexample | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One member of a formula where it stands, with its verdict.

    `id` is formula.member; `start` and `end` are offsets into the text of the file; `latex` is what the
    member claims, head = member with the head written out.
    """

    id: str
    line: int
    column: int
    start: int
    end: int
    latex: str
    verdict: Verdict


Outcome = Literal["holds", "says nothing", "differs", "not comparable"]


@dataclass(frozen=True, slots=True)
class Read:
    """A reading of a line that was tried, and how its sides compare; `said` is empty for the default."""

    said: str
    outcome: Outcome
    cases: int = 0
    failed: int = 0
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """How one formula was understood and what its verdict rests on; formulas are in Unicode.

    `uses` are the definitions in force, each with its line. `proof` is the certificate: what is left
    of left side minus right side after each rule. `speaker` is "before" where the older reader judged.
    """

    id: str
    left: str = ""
    right: str = ""
    makes: tuple[str, ...] = ()
    uses: tuple[tuple[str, int], ...] = ()
    readings: tuple[Read, ...] = ()
    proof: tuple[tuple[str, str], ...] = ()
    proved_in: str = ""
    speaker: Literal["", "before"] = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All that is said of one file. `error` is one sentence where the file could not be read.

    `assumptions` are sentences on what the notes leave open and what was taken for granted. Where
    they are asked for, `symbols` are the names as the binder took them, `whys` say more of single lines.
    """

    path: str
    text: str
    formulas: tuple[Judged, ...]
    assumptions: tuple[str, ...] = ()
    error: str | None = None
    symbols: tuple[Mapping[str, Any], ...] | None = None
    whys: tuple[Why, ...] = ()

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many formulas have each verdict, in the order of KINDS, those with none left out."""
        found = Counter(judged.verdict.kind for judged in self.formulas)
        return {kind: found[kind] for kind in KINDS if found[kind]}
