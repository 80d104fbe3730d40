"""From trees to the core: what a row of nodes means, given what its names are and a reading.

Nothing is guessed silently: where a row is not understood `Unread` says at which offset and what was expected there.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derive.algebra.core import (
    MINUS,
    ONE_OF,
    Core,
    Fn,
    Pow,
    Ref,
    fresh,
    letters_in,
    mul,
    over,
    summed,
    walk,
)
from derive.algebra.expression import Time
from derive.notation import bigs, calls, derivatives, groups, members, runs
from derive.notation.calls import WORDS
from derive.notation.chance import OUTCOME
from derive.notation.pieces import (
    ENTRYWISE,
    NOT_LETTERS,
    TIMES,
    Bound,
    bare,
    each_sign,
    number_of,
    says_same,
    split_at,
    start_of,
    terms_of,
    without_end,
)
from derive.notation.setting import Reading, Setting, Unread
from derive.notation.shaped import (
    Axis,
    Dims,
    Misfit,
    Val,
    each,
    hadamard,
    has_order,
    meeting,
    plus,
    product,
    renamed,
    scalar,
)
from derive.text.trees import Big, Group, Missing, Name, Number, Root, Row, Sign, Table, Words
from derive.text.trees import Fraction as Over

MOST_DEPTH = 40


class Elaborator:
    """Elaborates the formulas of one place of a page in one reading."""

    def __init__(
        self,
        table: object,
        setting: Setting,
        reading: Reading,
        bound: Mapping[str, Ref] | None = None,
    ) -> None:
        self.table, self.setting, self.reading = table, setting, reading
        self.dims: Dims = setting.dims
        self.letters: dict[str, str] = {}
        self.bound = dict(bound or {})
        self.notes: list[str] = []
        self.headed: set[str] = set()
        self.ordered: dict[str, str] = {}
        self.summing: set[str] = set()
        self.choices: set[str] = set()
        self._depth = 0
        self._whole = False
        self.inlining = False
        self.own = ""  # what the formula defines, and its steps
        self.own_steps: dict[str, Time] = {}
        self.filled_in: set[str] = set()
        self.outcome = OUTCOME
        self.called: dict[str, list[Val]] = {}
        self.picks: dict[str, tuple[Core, str]] = {}
        self._copy = ""

    def row(self, row: Row) -> Val:
        """The value of a whole row. Raises Unread or Misfit."""
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise Unread(start_of(row), "a formula nested less deeply")
        try:
            return self._sum(row)
        finally:
            self._depth -= 1

    def _sum(self, row: Row) -> Val:
        terms, signs = terms_of(row)
        if not terms:
            raise Unread(start_of(row), "a formula")
        values: list[Val] = []
        gaps = []
        for term, sign in zip(terms, signs, strict=True):
            if all(isinstance(n, Sign) and n.text in ("\\dots", ".", ",") for n in term):
                gaps.append(len(values))
                continue
            value = self._picked(self.term(term))
            values.append(each_sign(value) if sign < 0 else value)
        for gap in reversed(gaps):
            values = self._filled(values, gap, start_of(row))
        return values[0] if len(values) == 1 else plus(self._broadcast(values), self.dims)

    def _picked(self, term: Val) -> Val:
        r"""A term with \hat{y}_y in it, the entry of the class y: the sum over the entries, weighted with 1 for that class."""  # noqa: E501
        for letter, (one, dim) in list(self.picks.items()):
            if letter in letters_in(term.body):
                self.picks.pop(letter)
                term = replace(term, body=summed(letter, dim, mul((one, term.body))))
        return term

    def _class(self, row: Row | None) -> tuple[str, list[tuple[str, Time]]] | None:
        """The quantity that a script names, where it has an index of its own: the y^{(t)} below ŷ."""
        if row is None or len(bare(row)) != 1 or not isinstance(bare(row)[0], Name):
            return None
        name = bare(row)[0]
        assert isinstance(name, Name)
        occurs = members.occurrence_of(self, name, None)
        given = [d for d, _ in occurs.indices]
        if given != ["time"] or bigs.kind_of(self, occurs.key) not in ("", "variable", "input"):
            return None
        return occurs.key, members.given_indices(self, occurs, name)

    def _one_of(self, key: str, given: list[tuple[str, Time]], index: Time, dim: str) -> Core:
        """1 where an index is the class that a quantity says, else 0."""
        for domain, step in given:
            members.put_in_order(self, step, domain)
        name = f"{ONE_OF}{key}}}"
        self.setting.slots[name] = (*(d for d, _ in given), "component")
        self.setting.shared_dims.setdefault(f"{name}:0", dim)
        return Ref(name, (*(i for _, i in given), index))

    def _entry_of_class(self, node: Name) -> Val | None:
        r"""\hat{y}^{(t)}_{y^{(t)}}: the entry for the class that y^{(t)} says."""
        found = self._class(node.below) if self.setting.arrays else None
        if found is None:
            return None
        whole = replace(node, below=None)
        value = members.member_of(self, whole, members.occurrence_of(self, whole, None))
        if value.rank != 1:
            return None
        (axis,) = value.axes
        self.picks[axis.letter] = self._one_of(*found, Time.of(axis.letter), axis.dim), axis.dim
        return scalar(value.body)

    def _broadcast(self, values: list[Val]) -> list[Val]:
        """W X + b where X has a column for each example: b is added to every column, that is along the axis that is the matrix's own."""  # noqa: E501
        wide = next((v for v in values if v.rank == 2), None)
        if (
            wide is None
            or wide.of is not None
            or wide.by is not None
            or all(v.rank != 1 for v in values)
        ):
            return values
        own = sorted(self.parameter_at(wide))
        found = []
        for v in values:
            if (
                v.rank == 1
                and v.of is None
                and len(own) == 1
                and isinstance(v.body, Ref)
                and bigs.kind_of(self, v.body.name.split("∅")[0]) == "parameter"
            ):
                v = renamed(v)
                other = Axis(fresh(), wide.axes[1 - own[0]].dim)
                v = Val((v.axes[0], other) if own[0] == 0 else (other, v.axes[0]), v.body)
            found.append(v)
        return found

    def parameter_at(self, v: Val) -> set[int]:
        """The axes of a matrix that are a parameter's."""
        refs = [p for p in walk(v.body) if isinstance(p, Ref)]
        held = [
            {a for i in r.index for a, _ in i.letters}
            for r in refs
            if bigs.kind_of(self, r.name.split("∅")[0]) == "parameter"
        ]
        return {k for k, a in enumerate(v.axes) for h in held if a.letter in h}

    def _filled(self, values: list[Val], gap: int, start: int) -> list[Val]:
        """Terms with dots before the one at `gap`: a Σ from the terms before them to the term behind."""
        if not 0 < gap < len(values):
            raise Unread(start, "terms on both sides of the dots")
        first = gap - 1
        while first > 0 and runs.is_step(self, values[first - 1], values[first]):
            first -= 1
        run = runs.run_between(self, values[first], values[gap])
        if run is None:
            raise Unread(
                start, "dots between a first and a last term that differ in an index alone"
            )
        node = Big(start, start, "sum")
        found = bigs.summed_over(
            self,
            node,
            Bound(run.letter, run.lower, run.upper),
            replace(values[first], body=run.bodies[0]),
        )
        return [*values[:first], found, *values[gap + 1 :]]

    def term(self, row: Row) -> Val:
        """A product of factors."""
        factors: list[tuple[str, Val]] = []
        at, operator = 0, ""
        while at < len(row):
            node = row[at]
            if isinstance(node, Sign):
                if node.text in TIMES or node.text == "/":
                    operator = node.text
                    at += 1
                    continue
                if node.text in (".", ",", ";") and at == len(row) - 1:
                    break
                if node.text == "." and factors:
                    operator = "\\cdot"
                    at += 1
                    continue
                if node.text == "\\dots" and factors:
                    at = runs.over_dots(self, row, at, factors)
                    operator = ""
                    continue
                if node.text == "-" and operator:  # a · -b
                    value, at = self.factor(row, at + 1)
                    factors.append((operator, each_sign(value)))
                    operator = ""
                    continue
                raise Unread(node.start, f"a factor instead of {node.text}")
            if isinstance(node, Words):
                word = NOT_LETTERS.sub("", node.text).lower()
                behind = row[at + 1] if at + 1 < len(row) else None
                if word in WORDS and isinstance(behind, Group) and behind.opening == "(":
                    name = Name(node.start, node.end, word)
                    parts = [self.row(p) for p in split_at(behind.inside, (",", ";"))]
                    made = groups.group_scripts(self, WORDS[word](self, parts, name), behind)
                    factors.append((operator, made))
                    operator, at = "", at + 2
                    continue
                raise Unread(node.start, f"mathematics instead of '{node.text[:30]}'")
            if factors and says_same(node):
                value, at = groups.group_scripts(self, factors[-1][1], node), at + 1  # type: ignore[arg-type]
            else:
                value, at = self.factor(row, at)
            factors.append((operator, value))
            operator = ""
        if operator or not factors:
            raise Unread(start_of(row), "a factor")
        found = self._multiplied(factors)
        return (
            self._repeated(found, [v for _, v in factors])
            if self.reading.repeated and len(factors) > 1
            else found
        )

    def _repeated(self, found: Val, factors: list[Val]) -> Val:
        """A product summed over the component indices that two of its factors share."""
        named = [letters_in(v.body) for v in factors]
        for letter, dim in list(self.letters.items()):
            if (
                sum(letter in n for n in named) > 1
                and letter not in self.headed
                and letter in letters_in(found.body)
            ):
                self.letters.pop(letter)
                found = replace(found, body=summed(letter, dim, found.body))
        return found

    def _multiplied(self, factors: list[tuple[str, Val]]) -> Val:
        """The factors multiplied from the left; where shapes do not fit so, from the right."""
        try:
            return self._folded(factors)
        except Misfit as misfit:
            if len(factors) < 3:
                raise
            try:
                return self._from_the_right(factors)
            except Misfit:
                raise misfit from None

    def _folded(self, factors: list[tuple[str, Val]]) -> Val:
        if len(factors) > 2 and factors[-1][0] in ENTRYWISE:
            self.choices.add("entrywise")
            if self.reading.entrywise:
                before, (operator, last) = factors[-2], factors[-1]
                made = self._times(before[1], last, operator)
                return self._folded([*factors[:-2], (before[0], made)])
        result = factors[0][1]
        for operator, value in factors[1:]:
            result = self._times(result, value, operator)
        return result

    def _from_the_right(self, factors: list[tuple[str, Val]]) -> Val:
        operator, result = factors[-1]
        for before, value in reversed(factors[:-1]):
            result = self._times(value, result, operator)
            operator = before
        return result

    def _times(self, x: Val, y: Val, operator: str) -> Val:
        if operator == "/":
            if y.rank:
                if x.rank in (0, y.rank) or (x.rank, y.rank) == (2, 1):
                    return hadamard(x, each(lambda b: Pow(b, MINUS), y), self.dims)
                raise Misfit("a division by a vector")
            return Val(x.axes, over(x.body, y.body), x.row, x.of, x.by, x.loose)
        if operator in ENTRYWISE or (operator == "*" and x.rank == 1 and y.rank == 1):
            return hadamard(x, y, self.dims)
        if x.rank == y.rank == 1:
            self.choices.add("dot" if x.row == y.row else "columns")
        if meeting(x, y) and has_order(x, y):
            self.choices.add("order")
        return product(x, y, self.dims, self.reading.dot, self.reading.columns, self.reading.first)

    def factor(self, row: Row, at: int) -> tuple[Val, int]:
        """One factor that begins at row[at], and where the next begins."""
        node = row[at]
        match node:
            case Number():
                behind = row[at + 1] if at + 1 < len(row) else None
                if (
                    node.text == "1"
                    and isinstance(behind, Group)
                    and behind.above is None
                    and behind.opening != "{"
                ):
                    equal = calls.read_indicator(self, behind.inside, False)
                    if equal is not None:
                        return equal, at + 2
                return groups.ones(self, node, ()) or scalar(number_of(node)), at + 1
            case Name():
                return members.read_name(self, node, row, at)
            case Over():
                return derivatives.read_fraction(self, node, row, at)
            case Root():
                if node.degree is not None:
                    degree = self.row(node.degree)
                    return each(
                        lambda b: Pow(b, Pow(degree.body, MINUS)), self.row(node.inside)
                    ), at + 1
                return each(lambda b: Fn("\\sqrt", (b,)), self.row(node.inside)), at + 1
            case Group():
                return groups.read_group(self, node), at + 1
            case Big():
                return bigs.read_big(self, node, row, at)
            case Table():
                return groups.read_table(self, node), at + 1
            case Missing():
                raise Unread(node.start, node.expected)
            case _:
                raise Unread(node.start, "a factor")

    def in_brackets(self, row: Row, value: Val) -> Val:
        """(a_{ij}) as a whole side: the array with these entries, where its indices are nowhere else."""
        row = without_end(row)
        if (
            value.rank
            or len(row) != 1
            or not isinstance(row[0], Group)
            or row[0].opening not in ("(", "[")
            or row[0].below is not None
        ):
            return value
        letters = [
            a
            for part in walk(value.body)
            if isinstance(part, Ref)
            for i in part.index
            for a, _ in i.letters
            if a in self.letters and a not in self.headed
        ]
        letters = [a for a in dict.fromkeys(letters) if a in letters_in(value.body)]
        if not letters:
            return value
        axes = tuple(Axis(a, self.letters.pop(a)) for a in letters)
        return Val(axes, value.body)
