"""The nearest true line of one that is wrong: near edits, which bear out an accusation, and further ones, which only help.

Each is proved in the place of the wrong line before it is offered. A nearby true line shows that the page
was understood (`Mender.near`). Of many further ones some will be true by chance: they are looked for once a line is
refuted (`Mender.far`), and accuse nobody.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain as chain_of
from typing import TYPE_CHECKING

from derive.algebra.core import D, add, neg, walk
from derive.algebra.forms import NoForm
from derive.algebra.functions import SPELLED
from derive.judge.additions import TERMS_PUT_IN, Words, additions, outer_names
from derive.judge.edits import AHEAD, Around, Edit, Written, tree_of
from derive.judge.exchanges import (
    fraction_edits,
    function_edits,
    index_edits,
    name_edits,
    power_edits,
    sign_edits,
    slope_edits,
)
from derive.judge.lacking import (
    call_edits,
    factor_edits,
    head_edits,
    number_edits,
    path_edits,
    slope_factors,
)
from derive.judge.prove import Prover
from derive.judge.repairs import (
    SWAPPED,
    TURNED,
    WHERE_INDEX,
    Repair,
    factors_of,
    indices_in,
    repairs,
    summed_over,
)
from derive.judge.sums import bracket_edits, missing_sums, sum_edits
from derive.notation.setting import Unread
from derive.notation.shaped import Misfit
from derive.text.formula import trees_of
from derive.text.page import Chain, Member
from derive.text.trees import Big, Fraction, Group, Name
from derive.text.trees import walk as nodes

if TYPE_CHECKING:
    from derive.judge.judge import Judge
    from derive.judge.readings import Tried

MOST_NEAR = 2500
MOST_FAR = 2400  # on one page
MOST_OF_A_LINE = 420
MOST_UNPROVED = (
    2  # lines that agree in numbers and are not proved, of which there are many where there is one
)
LONGEST_FACTOR = 90

Line = tuple[int, Chain, Member, Member]


@dataclass(frozen=True, slots=True)
class Mended:
    """A true line and the slip that it undoes."""

    latex: str
    cause: str
    words: str  # the cause, with what is missing or wrong


class Mender:
    """Looks for the nearest true lines of one page."""

    def __init__(self, judge: Judge, prover: Prover) -> None:
        self.judge = judge
        self.prover = prover
        self.tried_near = 0
        self.tried_far = 0
        self.unproved = 0
        self._near: dict[tuple[int, int, int, bool], Mended | None] = {}
        self._words: dict[int, tuple[tuple[tuple[str, str], ...], tuple[str, ...]]] = {}

    def near(self, line: Line, whole: bool = True) -> Mended | None:
        """The true line that one small edit makes, with the slip that it undoes; not `whole` is one that says 0, to which no term is put."""  # noqa: E501
        key = line[0], line[2].start, line[3].start, whole
        if key not in self._near:
            self._near[key] = self._nearest(line, whole)
        return self._near[key]

    def _nearest(self, line: Line, whole: bool) -> Mended | None:
        number, _chain, head, member = line
        source = self.judge.page.source.text
        text = source[member.start : member.end]
        names = tuple(self._names(number))
        slots = self.judge.understanding.model(number).slots
        plain = tuple(name for name in names if not slots.get(name))
        written = [*indices_in(head.tree), *summed_over(member.tree)]
        letters = tuple(dict.fromkeys(source[n.start : n.end] for n in written))
        edited = list(repairs(text, member.tree, member.start, names, plain, letters))
        words = Words(*self._ends(head), *self._known(number))
        more = (
            r
            for r in additions(text, member.tree, member.start, words)
            if whole or r.cause not in TERMS_PUT_IN
        )

        def first_true(slips: Iterable[Repair]) -> Repair | None:
            for repair in slips:
                self.tried_near += 1
                if self.tried_near > MOST_NEAR:
                    return None
                if self._is_true(line, repair.text):
                    return repair
            return None

        found = first_true(chain_of(edited, more))
        if found is not None and found.cause == SWAPPED:  # y A, of a column y, is meant as A^T y
            found = first_true(r for r in edited if r.cause in TURNED) or found
        if found is None:
            return None
        return Mended(
            self._shown(source[head.start : head.end], found.text), found.cause, found.words
        )

    def better(self, line: Line) -> Mended | None:
        """What says more than that a factor or a number is another one: brackets, a Σ, a square at all places."""  # noqa: E501
        written = self._written(line)
        edits = (bracket_edits(written), missing_sums(written), power_edits(written))
        return self._first_true(line, chain_of(*(_texts(written, e) for e in edits)))

    def far(self, line: Line) -> Mended | None:
        """The true line that a further edit makes."""
        number, chain, head, member = line
        written = self._written(line)
        written_head = self.judge.page.source.text[head.start : head.end]
        found = self._first_true(line, _further(written, written_head))
        if found is not None:
            return found
        own = Written(written_head, head.tree, head.start, written.around)
        for edit in head_edits(own):
            made = own.edited(edit)
            self.tried_far += 1
            if made is None:
                continue
            if self._is_enough(0):
                return None
            changed = replace(head, tree=tuple(trees_of(made)))
            if self._is_true((number, chain, changed, member), written.text):
                return Mended(self._shown(made, written.text), edit.cause, edit.cause)
        return None

    def _written(self, line: Line) -> Written:
        member = line[3]
        text = self.judge.page.source.text[member.start : member.end]
        return Written(text, member.tree, member.start, self._around(line))

    def _first_true(self, line: Line, texts: Iterable[tuple[str, str]]) -> Mended | None:
        """The first of some texts of a member, with their causes, that makes a true line."""
        source, head, member = self.judge.page.source.text, line[2], line[3]
        seen = {source[member.start : member.end]}
        count, self.unproved = 0, 0
        for text, cause in texts:
            if text in seen:
                continue
            seen.add(text)
            count += 1
            self.tried_far += 1
            if self._is_enough(count):
                return None
            if self._is_true(line, text):
                shown = self._shown(source[head.start : head.end], text)
                return Mended(shown, cause, cause)
        return None

    def _is_enough(self, count: int) -> bool:
        return count > MOST_OF_A_LINE or self.tried_far > MOST_FAR or self.unproved >= MOST_UNPROVED

    def has_a_stray_index(self, line: Line) -> bool:
        """Whether a line is proved with one index of its member for another, and with none of its head."""
        mended = self.near(line)
        if mended is None or WHERE_INDEX not in mended.cause:
            return False
        number, chain, head, member = line
        source = self.judge.page.source.text
        written = source[head.start : head.end]
        letters = {source[n.start : n.end] for n in indices_in(member.tree)}
        for index in indices_in(head.tree):
            for other in letters - {source[index.start : index.end]}:
                before, after = index.start - head.start, index.end - head.start
                made = f"{written[:before]}{{{other}}}{written[after:]}"
                changed = replace(head, tree=tuple(trees_of(made)))
                own = source[member.start : member.end]
                if self._is_true((number, chain, changed, member), own):
                    return False
        return True

    def _shown(self, head: str, member: str) -> str:
        return " ".join(f"{head.strip()} = {member.strip()}".split())

    # -- what stands around a line --------------------------------------------------------------------

    def _names(self, number: int) -> Iterator[str]:
        for name in self.judge.understanding.model(number).definitions:
            if "∅" not in name and "_" not in name and "{" not in name:
                yield name

    def _ends(self, head: Member) -> tuple[str, str]:
        """What a line's derivative is of and by."""
        source = self.judge.page.source.text
        if not head.tree or not isinstance(head.tree[0], Fraction):
            return "", ""
        above, below = head.tree[0].above_line, head.tree[0].below_line
        of, by = (source[r[1].start : r[-1].end] if len(r) > 1 else "" for r in (above, below))
        return of, by

    def _known(self, number: int) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
        """What the page makes before a line, left and right side, and the names that it makes it of."""
        if number in self._words:
            return self._words[number]
        source, table = self.judge.page.source.text, self.judge.symbols.at(number)
        made: dict[str, str] = {}
        used: dict[str, None] = {}
        for n, i, chain in self.judge.understanding.chains():
            role = self.judge.symbols.roles.get((n, i))
            if role is None or role.kind != "definition" or len(chain.members) < 2 or n >= number:
                continue
            made[source[chain.members[0].start : chain.members[0].end].strip()] = source[
                chain.members[1].start : chain.members[1].end
            ].strip(" .,;\n")
            for name in outer_names(chain.members[1].tree):
                if table.occurrence(name, None).key not in SPELLED and name.style != "op":
                    used[source[name.start : name.end]] = None
        self._words[number] = tuple(made.items()), tuple(used)
        return self._words[number]

    def _around(self, line: Line) -> Around:
        number, _, head, member = line
        source = self.judge.page.source.text
        of, by = self._ends(head)
        made, used = self._known(number)
        letters = dict.fromkeys(source[n.start : n.end] for n in indices_in(head.tree))
        letters |= dict.fromkeys(source[n.start : n.end] for n in indices_in(member.tree))
        sums: dict[tuple[str, str, str], None] = {}
        factors: dict[str, None] = {}
        functions: dict[str, None] = {}
        near = sorted(self.judge.understanding.chains(), key=lambda c: abs(c[0] - number))
        for n, i, chain in near:
            role = self.judge.symbols.roles.get((n, i))
            defines = role is not None and role.kind == "definition"
            for m in chain.members:
                for node in nodes(m.tree):
                    if isinstance(node, Big) and node.kind == "sum" and node.below and node.above:
                        first = node.below[0]
                        letter = source[first.start : first.end]
                        top = source[node.above[0].start : node.above[-1].end].strip()
                        sums[letter, top, source[node.start : node.end]] = None
            for m in chain.members[1:]:
                if n != number and not defines:
                    for spans in factors_of(m.tree):
                        for a, b in spans:
                            factor = source[a:b].strip()
                            if 0 < len(factor) <= LONGEST_FACTOR:
                                factors[factor] = None
                for one, two in zip(m.tree, m.tree[1:], strict=False):
                    if isinstance(one, Name) and isinstance(two, Group) and two.opening == "(":
                        functions[source[one.start : one.end]] = None
        return Around(
            of, by, made, used, tuple(letters), tuple(sums), tuple(factors), tuple(functions)
        )

    # -- whether a line is true -------------------------------------------------------------------------

    def _is_true(self, line: Line, text: str) -> bool:
        number, chain, head, member = line
        try:
            made = replace(member, tree=tree_of(text))
            plain = self.judge.readings.plain
            tried = self.judge.tried(number, chain, head, made, plain, plain)
        except (Unread, Misfit, RecursionError):
            return False
        says_nothing = tried.outcome.zero and text.strip() != "0"
        if not tried.outcome.agrees or says_nothing or tried.given or tried.reading:
            return False
        if isinstance(tried.sides.left, D) and tried.sides.left in walk(tried.sides.right):
            return False
        if self._is_trivial(tried):
            return False
        base = self.judge.understanding.base
        found = self.prover.prove(tried.sides, tried.outcome, base=base)
        self.unproved += found is None
        return found is not None

    def _is_trivial(self, tried: Tried) -> bool:
        """x = x."""
        lines = self.prover.lines(tried.outcome)
        try:
            return tried.sides.left == tried.sides.right or lines.forms.is_zero(
                add((tried.sides.left, neg(tried.sides.right)))
            )
        except NoForm:
            return False


def _further(written: Written, head: str) -> Iterator[tuple[str, str]]:
    """The texts of a member with one further edit, likeliest first, and of one in which ∂ by the line's own parameter is ∂⁺."""  # noqa: E501
    by = written.around.by
    for edits in (
        sum_edits(written),
        sign_edits(written),
        slope_edits(written, by),
        bracket_edits(written),
        function_edits(written),
        power_edits(written),
        fraction_edits(written),
        path_edits(written, head),
        number_edits(written, head),
        index_edits(written),
        call_edits(written),
        name_edits(written),
        slope_factors(written),
    ):
        yield from _texts(written, edits)
    for edit in slope_edits(written, by):
        base = written.edited(edit)
        if base is None:
            continue
        marked = Written(base, tree_of(base), AHEAD, written.around)
        for edits in (sum_edits(marked), path_edits(marked, head), index_edits(marked)):
            yield from _texts(marked, edits)
        break
    yield from _texts(written, factor_edits(written))


def _texts(written: Written, edits: Iterable[Edit]) -> Iterator[tuple[str, str]]:
    for edit in edits:
        made = written.edited(edit)
        if made is not None:
            yield made, edit.cause
