"""From trees to the core: what a row of nodes means, given what its names are and a reading.

Nothing is guessed silently: where a row is not understood `Unread` says at which offset and what was expected there.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

from derive.algebra.core import (
    MINUS,
    ONE,
    ONE_OF,
    ZERO,
    App,
    Arg,
    At,
    Case,
    Chain,
    Core,
    D,
    Delta,
    Fn,
    Inverse,
    Known,
    Num,
    Pow,
    Ref,
    Stack,
    Where,
    add,
    fresh,
    letters_in,
    move,
    mul,
    neg,
    num,
    over,
    rebuild,
    summed,
    walk,
)
from derive.algebra.core import (
    Big as Sum,
)
from derive.algebra.expression import Time
from derive.algebra.functions import FUNCTIONS, SPELLED
from derive.notation.calculus import limit, order_of, variables
from derive.notation.chance import OUTCOME, integral, is_mean, mean
from derive.notation.dots import Run, running
from derive.notation.parts import Part, part_of
from derive.notation.shaped import (
    Axis,
    Dims,
    Misfit,
    Val,
    aligned,
    chained,
    diagonal,
    each,
    hadamard,
    has_order,
    meeting,
    plus,
    power,
    product,
    renamed,
    row_sums,
    scalar,
    stated,
    total,
    transposed,
    vector,
    with_letters,
)
from derive.text.spelled import spelled
from derive.text.trees import Big, Group, Missing, Name, Node, Number, Root, Row, Sign, Table, Words
from derive.text.trees import Fraction as Over

TIMES = ("\\cdot", "\\times", "*", "\\odot", "\\circ", "\\otimes")
ENTRYWISE = ("\\odot", "\\circ", "\\otimes")
RELATIONS = ("=", "<", ">", "\\leq", "\\geq", "\\neq")
DIFFERENTIALS = ("\\partial", "d")
MOST_DEPTH = 40
NOT_LETTERS = re.compile(r"[^a-zA-Z]")


class Unread(Exception):
    """Something that is not understood, at the offset `at`."""

    def __init__(self, at: int, expected: str) -> None:
        super().__init__(expected)
        self.at, self.expected = at, expected


@dataclass(frozen=True, slots=True)
class Reading:
    """How a page, or a line, is read where its notation has several meanings (DESIGN, section 4)."""

    columns: bool = True
    dot: str = "each"
    own: str = (
        ""  # "last": the last derivative by a parameter is immediate; "every": each of them is
    )
    held: bool = False
    commuting: bool = False
    turned: bool = False  # a gradient by a matrix stands transposed (numerator layout)
    filled: bool = False  # a name without its index stands for the member at the line's own step
    partial: bool = False  # ∂ is partial (the explicit dependence alone), d is total
    base: int = 0
    denominator: bool = False  # ∂a/∂b has a column for each component of a
    first: str = (
        ""  # of two Jacobians that meet, the "outer" or the "inner" stands first; empty: either
    )
    inner: bool = False  # the derivative of a step's quantity by another's is immediate
    rising: bool = False  # a product over time has its earliest factor leftmost
    across: bool = False  # a vector beside a matrix goes with its columns, where nothing tells
    entrywise: bool = False  # ⊙ goes before the product that it stands behind
    ones: bool = False  # I has the entries 1 everywhere: I - h ⊙ h
    repeated: bool = False  # component indices that stand twice in a product are summed


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the page defines by a formula: its formals (those of a vector with the letters of its axes), its body in them."""  # noqa: E501

    formals: tuple[Ref, ...]
    body: Val
    names: tuple[str, ...] = ()
    axes: tuple[tuple[Axis, ...], ...] = ()

    def formal(self, place: int) -> Val:
        """A formal as a value."""
        return Val(self.axes[place] if self.axes else (), self.formals[place])


class Occurs(Protocol):
    """What the binder says of one written name (derive.notation.symbols.Occurrence)."""

    key: str
    indices: tuple[tuple[str, Row], ...]
    power: Row | None
    transposed: bool
    inverse: bool
    primes: int
    dots: int
    arguments: tuple[Row, ...] | None
    consumed: bool
    copy: Row | None


@dataclass
class Setting:
    """What the elaborator needs to know of a page: shared by all its formulas.

    `plain` are letters that are variables though they often are indices; `ranks` are the axes that a name has beyond its written indices; `outputs` those of a function's value; `stepped` the slots that all definitions of a name have; `wholes` the entries' name of an array that the page writes as W = (w_{ij}); `layer_sizes` the letters d of sizes d_l of layers; `odd` names that a few lines write with an index more.
    """  # noqa: E501

    dims: Dims = field(default_factory=Dims)
    ranks: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)
    entrywise: set[str] = field(default_factory=set)
    functions: dict[str, Function] = field(default_factory=dict)
    slots: dict[str, tuple[str, ...]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)
    arrays: bool = False
    scalars: bool = False
    symmetric: set[str] = field(default_factory=set)
    shared_dims: dict[str, str] = field(default_factory=dict)
    size_of: dict[str, str] = field(default_factory=dict)
    steps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    components: dict[str, int] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    forms: dict[str, int] = field(default_factory=dict)
    implied: dict[str, str] = field(default_factory=dict)
    lying: set[str] = field(default_factory=set)
    usual: dict[str, str] = field(default_factory=dict)
    applications: dict[str, tuple[Core, dict[str, str]]] = field(default_factory=dict)
    horizons: set[str] = field(default_factory=set)
    labelled: set[str] = field(default_factory=set)
    named_sizes: dict[str, str] = field(default_factory=dict)
    in_force: set[str] = field(default_factory=set)
    parts: dict[str, Part] = field(default_factory=dict)
    plain: set[str] = field(default_factory=set)
    chance: set[str] = field(default_factory=set)
    rowwise: bool = False
    stepped: dict[str, frozenset[str]] = field(default_factory=dict)
    cost: str | None = None  # what dX is the gradient of
    gradients: set[str] = field(default_factory=set)  # the dX that the page says to be gradients
    scoped: dict[str, str] = field(default_factory=dict)  # names that have another shape here
    bare: dict[str, int] = field(
        default_factory=dict
    )  # the axes of y beside y_n, where it is one of them
    lines: dict[str, tuple[str, int]] = field(default_factory=dict)
    """The matrix whose rows (0) or columns (1) a name's members are said to be: x_i of X."""
    made_along: dict[str, int] = field(default_factory=dict)
    """The axis of a matrix that the parameters it is made of give it: that of the features."""
    square_ones: bool = False  # a bold 1 without a size is a matrix

    wholes: dict[str, str] = field(default_factory=dict)
    layer_sizes: frozenset[str] = frozenset()
    odd: set[str] = field(default_factory=set)
    alias: dict[str, str] = field(
        default_factory=dict
    )  # other names of families with one ordered index
    unindexed: set[str] = field(
        default_factory=set
    )  # forms without an index that definitions make or use


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
        self.dims = setting.dims
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
        self.own_steps: dict[str, Time] = {}
        self.filled_in: set[str] = set()
        self.outcome = OUTCOME
        self.called: dict[str, list[Val]] = {}
        self.picks: dict[str, tuple[Core, str]] = {}

    # -- rows -------------------------------------------------------------------------------------

    def row(self, row: Row) -> Val:
        """The value of a whole row. Raises Unread or Misfit."""
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise Unread(_start(row), "a formula nested less deeply")
        try:
            return self._sum(row)
        finally:
            self._depth -= 1

    def _sum(self, row: Row) -> Val:
        terms, signs = _terms(row)
        if not terms:
            raise Unread(_start(row), "a formula")
        values: list[Val] = []
        gaps = []
        for term, sign in zip(terms, signs, strict=True):
            if all(isinstance(n, Sign) and n.text in ("\\dots", ".", ",") for n in term):
                gaps.append(len(values))
                continue
            value = self._picked(self.term(term))
            values.append(each_sign(value) if sign < 0 else value)
        for gap in reversed(gaps):
            values = self._filled(values, gap, _start(row))
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
        if row is None or len(_bare(row)) != 1 or not isinstance(_bare(row)[0], Name):
            return None
        name = _bare(row)[0]
        assert isinstance(name, Name)
        occurs = self._occurrence(name, None)
        given = [d for d, _ in occurs.indices]
        if given != ["time"] or self._kind_of(occurs.key) not in ("", "variable", "input"):
            return None
        return occurs.key, self.given(occurs, name)

    def _one_of(self, key: str, given: list[tuple[str, Time]], index: Time, dim: str) -> Core:
        """1 where an index is the class that a quantity says, else 0."""
        for domain, step in given:
            self._order(step, domain)
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
        value = self._member(whole, self._occurrence(whole, None))
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
                and self._kind_of(v.body.name.split("∅")[0]) == "parameter"
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
            if self._kind_of(r.name.split("∅")[0]) == "parameter"
        ]
        return {k for k, a in enumerate(v.axes) for h in held if a.letter in h}

    def _filled(self, values: list[Val], gap: int, start: int) -> list[Val]:
        """Terms with dots before the one at `gap`: a Σ from the terms before them to the term behind."""
        if not 0 < gap < len(values):
            raise Unread(start, "terms on both sides of the dots")
        first = gap - 1
        while first > 0 and self._step(values[first - 1], values[first]):
            first -= 1
        run = self._run(values[first], values[gap])
        if run is None:
            raise Unread(
                start, "dots between a first and a last term that differ in an index alone"
            )
        node = Big(start, start, "sum")
        found = self._summed(
            node,
            _Bound(run.letter, run.lower, run.upper),
            replace(values[first], body=run.bodies[0]),
        )
        return [*values[:first], found, *values[gap + 1 :]]

    def _step(self, a: Val, b: Val) -> bool:
        """Whether one term follows another immediately."""
        run = self._run(a, b) if a.rank == b.rank else None
        return run is not None and (run.upper - run.lower) == Time.at(1)

    def _run(self, first: Val, last: Val) -> Run | None:
        """What runs from one value to another; its letter is known as the index that it is."""
        if first.rank != last.rank:
            return None
        tags = [(a[0], b[0]) for a, b in ((first.of, last.of), (first.by, last.by)) if a and b]
        other = aligned(first, last, self.dims.copy())
        run = running((first.body, *(a for a, _ in tags)), (other, *(b for _, b in tags)))
        if run is not None:
            aligned(first, last, self.dims)
            self._note_letter(run.letter, run.bodies[0])
        return run

    def _note_letter(self, letter: str, body: Core) -> None:
        """What an index letter counts, from the families that it stands at."""
        for part in walk(body):
            if isinstance(part, Ref):
                slots = self.setting.slots.get(part.name, ())
                before = sum(s != "component" for s in slots)
                for place, (index, slot) in enumerate(zip(part.index, slots, strict=False)):
                    if any(a == letter for a, _ in index.letters):
                        if slot == "component":
                            self._letter_dim(
                                Time.of(letter), self.dim(family_key(part.name), place - before)
                            )
                        elif slot == "sample":
                            self._letter_dim(Time.of(letter), "sample")
                        else:
                            self.ordered.setdefault(letter, slot)

    def _product_of_run(self, first: Val, last: Val, node: Node) -> Val:
        """A ⋯ B: the product of what runs from A to B."""
        run = self._run(first, last)
        if run is None:
            raise Unread(
                node.start, "dots between a first and a last factor that differ in an index alone"
            )
        run = _counted_by_the_numerator(run)
        tags = list(run.bodies[1:])
        of = (tags.pop(0), first.of[1]) if first.of and last.of else None
        by = (tags.pop(0), first.by[1]) if first.by and last.by else None
        v = replace(first, body=run.bodies[0], of=of, by=by)
        if v.rank == 2:
            return self._chain_of(run.letter, run.lower, run.upper, v, down=run.falling)
        if v.rank:
            raise Unread(node.start, "no product of arrays over an index")
        made = self._summed(
            Big(node.start, node.end, "prod"), _Bound(run.letter, run.lower, run.upper), v
        )
        if of is not None and by is not None:
            return replace(
                made, of=_end_of(of, run.letter, run.upper), by=_end_of(by, run.letter, run.lower)
            )
        return made

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
                    at = self._over_dots(row, at, factors)
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
                    parts = [self.row(p) for p in _split(behind.inside, (",", ";"))]
                    made = self._group_scripts(WORDS[word](self, parts, name), behind)
                    factors.append((operator, made))
                    operator, at = "", at + 2
                    continue
                raise Unread(node.start, f"mathematics instead of '{node.text[:30]}'")
            if factors and _says_same(node):
                value, at = self._group_scripts(factors[-1][1], node), at + 1  # type: ignore[arg-type]
            else:
                value, at = self.factor(row, at)
            factors.append((operator, value))
            operator = ""
        if operator or not factors:
            raise Unread(_start(row), "a factor")
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

    def _over_dots(self, row: Row, at: int, factors: list[tuple[str, Val]]) -> int:
        """The factor before the dots and the one behind them, made the product of all between; where the next begins."""  # noqa: E501
        node = row[at]
        while (
            at < len(row) and isinstance(row[at], Sign) and row[at].text in (*TIMES, "\\dots", ".")  # type: ignore[attr-defined]
        ):
            at += 1
        if at == len(row):
            raise Unread(node.start, "a factor behind the dots")
        last, at = self.factor(row, at)
        operator, first = factors.pop()
        while factors and self._step(first, factors[-1][1]):
            operator, first = factors.pop()
        end = None if self._run(first, last) is not None else self._link_before(first, last)
        factors.append((operator, self._product_of_run(first, end or last, node)))
        if end is not None:
            factors.append(("", last))
        return at

    def _link_before(self, first: Val, last: Val) -> Val | None:
        """∂h_t/∂h_{t-1} ⋯ ∂h_1/∂W: the chain's own last link, ∂h_2/∂h_1, which the dots lead to; None where it is no chain."""  # noqa: E501
        a, b = first.body, last.body
        if not (isinstance(a, D) and isinstance(b, D) and isinstance(a.of, Ref)):
            return None
        if not (isinstance(b.of, Ref) and a.of.name == a.by.name == b.of.name):
            return None
        slots = self.setting.slots.get(a.by.name, ())
        place = next((i for i, s in enumerate(slots) if s in ("time", "layer")), None)
        if place is None:
            return None
        apart = b.of.index[place] - a.by.index[place]

        def moved(x: Core) -> Core:
            if isinstance(x, Ref) and x.name == b.of.name:  # type: ignore[attr-defined]
                index = list(x.index)
                index[place] = index[place] + apart
                return Ref(x.name, tuple(index))
            return rebuild(x, moved)

        of, by = (tag and (moved(tag[0]), tag[1]) for tag in (first.of, first.by))
        return replace(first, body=moved(a), of=of, by=by)

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

    # -- factors ------------------------------------------------------------------------------------

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
                    equal = self._indicator(behind.inside, False)
                    if equal is not None:
                        return equal, at + 2
                return self._ones(node, ()) or scalar(_number(node)), at + 1
            case Name():
                return self._name(node, row, at)
            case Over():
                return self._fraction(node, row, at)
            case Root():
                if node.degree is not None:
                    degree = self.row(node.degree)
                    return each(
                        lambda b: Pow(b, Pow(degree.body, MINUS)), self.row(node.inside)
                    ), at + 1
                return each(lambda b: Fn("\\sqrt", (b,)), self.row(node.inside)), at + 1
            case Group():
                return self._group(node), at + 1
            case Big():
                return self._big(node, row, at)
            case Table():
                return self._table(node), at + 1
            case Missing():
                raise Unread(node.start, node.expected)
            case _:
                raise Unread(node.start, "a factor")

    def _fraction(self, node: Over, row: Row, at: int) -> tuple[Val, int]:
        mark = _differential(node.above_line)
        below = _differential(node.below_line)
        if mark is not None and below is not None:
            return self._derivative(node, mark, below, row, at)
        if mark is not None and mark.letter == "\\partial" and mark.rest and not mark.order:
            self.notes.append("the ∂ below the line is missing")
            below = _Mark(mark.letter, node.below_line, False, False)
            return self._derivative(node, mark, below, row, at)
        above, line = self.row(node.above_line), self.row(node.below_line)
        return self._times(above, line, "/"), at + 1

    def _derivative(
        self, node: Over, mark: _Mark, below: _Mark, row: Row, at: int
    ) -> tuple[Val, int]:
        if (
            mark.order
            or below.order
            or (_differential(below.rest[1:]) is not None and len(below.rest) > 2)
        ):
            return self._higher(node, mark, row, at)
        by = self._formal(mark.rest, below.rest) or self._by(below.rest, node)
        if not mark.rest:
            end = self._operand_end(row, at + 1)
            if end == at + 1:
                raise Unread(node.start, "what is differentiated")
            of = self._operand(row[at + 1 : end])
            return self._differentiated(of, by, mark), end
        return self._differentiated(self._of(mark.rest, by), by, mark), at + 1

    def _higher(self, node: Over, mark: _Mark, row: Row, at: int) -> tuple[Val, int]:
        """∂²f/∂x∂y: the derivative by x of that by y."""
        first = node.above_line[0]
        assert isinstance(first, Name)
        order = order_of(first)
        rows = None if order is None else variables(node.below_line, order)
        if rows is None:
            raise Unread(node.start, "as many variables as the order of the derivative")
        end = at + 1
        if not mark.rest:
            end = self._operand_end(row, at + 1)
            if end == at + 1:
                raise Unread(node.start, "what is differentiated")
        of: Val | None = None
        for by_row in reversed(rows):
            by = self._formal(mark.rest, by_row) or self._by(by_row, node)
            if of is None:
                of = self._of(mark.rest, by) if mark.rest else self._operand(row[at + 1 : end])
            if of.rank > 1 or by.rank > 1:
                raise Unread(node.start, "second derivatives by matrices")
            found = self._differentiated(replace(of, of=None, by=None), by, mark)
            if len(found.axes) > of.rank:
                axes = (*found.axes[of.rank :], *found.axes[: of.rank])
                found = Val(axes, found.body)
            of = replace(found, of=None, by=None, loose=False, flipped=False)
        assert of is not None
        return of, end

    def _operand_end(self, row: Row, at: int) -> int:
        """How far a derivative as an operator reaches: one bracket, or the rest of the term."""
        if at < len(row) and isinstance(row[at], Group):
            return at + 1
        end = at
        while end < len(row):
            node = row[end]
            if isinstance(node, Sign) and node.text in ("+", "-", ",", ";"):
                break
            end += 1
        return end

    def _operand(self, row: Row) -> Val:
        if (
            len(row) == 1
            and isinstance(row[0], Group)
            and row[0].above is None
            and row[0].below is None
        ):
            return self.row(row[0].inside)
        return self.row(row)

    def _formal(self, of: Row, by: Row) -> Val | None:
        """df/dx where x is f's own argument: the formal."""
        if not of or not isinstance(of[0], Name) or len(by) != 1 or not isinstance(by[0], Name):
            return None
        behind = of[1] if len(of) == 2 and isinstance(of[1], Group) else None
        if len(of) > 1 and behind is None:
            return None
        function = self.setting.functions.get(self._occurrence(of[0], behind).key)
        if function is None:
            return None
        place = next((k for k, n in enumerate(function.names) if self._is_formal(by, n)), None)
        return None if place is None else function.formal(place)

    def _of(self, row: Row, by: Val) -> Val:
        """What a derivative is of: a formula, or a function by its bare name."""
        if row and isinstance(row[0], Name) and len(row) <= 2 and isinstance(by.body, Ref):
            occurs = self._occurrence(
                row[0], row[1] if len(row) == 2 and isinstance(row[1], Group) else None
            )
            function = self.setting.functions.get(occurs.key)
            own = function is not None and (len(row) == 1 or self._at_formals(function, occurs))
            if (
                function is not None
                and own
                and not occurs.primes
                and (by.body in function.formals or not self._is_made(occurs.key))
            ):
                return function.body
            at = self.called.get(occurs.key, ())
            if function is not None and len(row) == 1 and any(a.body == by.body for a in at):
                return self._own_function(row[0], function, list(at), 0)
        return self.row(row)

    def _at_formals(self, function: Function, occurs: Occurs) -> bool:
        """Whether a function is applied to its own formals, f(x) where f(x) = … is its definition."""
        rows = [r for r in occurs.arguments or () if r]
        if len(rows) != len(function.names):
            return False
        return all(self._is_formal(r, n) for r, n in zip(rows, function.names, strict=True))

    def _is_formal(self, row: Row, name: str) -> bool:
        if len(row) != 1 or not isinstance(row[0], Name):
            return False
        occurs = self._occurrence(row[0], None)
        return occurs.key == name and not any(
            d in ("time", "layer", "component") for d, _ in occurs.indices
        )

    def _is_made(self, key: str) -> bool:
        return key in self.setting.made

    def _by(self, row: Row, node: Node) -> Val:
        """What a derivative is by: a member of a family, perhaps a vector."""
        self._whole, before, reading = True, self._whole, self.reading
        if not reading.filled and self._lacks_layer(row):
            self.reading = replace(reading, filled=True)
        try:
            found = self.row(row)
        finally:
            self._whole, self.reading = before, reading
        if not isinstance(found.body, Ref):
            if isinstance(found.body, Num | At | D):
                raise Unread(node.start, "a derivative by a single quantity")
            return self._named_part(f"⟨{spelled(row)}⟩", found)
        return found

    def _lacks_layer(self, row: Row) -> bool:
        """∇_a beside δ^L: a name without the layer that the rest of the line speaks of."""
        if len(row) != 1 or not isinstance(row[0], Name):
            return False
        occurs = self._occurrence(row[0], None)
        lacks = "layer" in self.setting.steps.get(occurs.key, ()) and not occurs.indices
        return lacks and sum(d == "layer" for d in self.ordered.values()) == 1

    def _named_part(self, name: str, v: Val) -> Val:
        """A formula as a quantity of its own."""
        v = renamed(v)
        part = part_of(
            name, v.body, self.ordered, [a.letter for a in v.axes], self.setting.horizons
        )
        self.setting.parts[name] = part
        self.setting.slots[name] = part.slots
        return Val(v.axes, Ref(name, tuple(Time.of(a) for a in part.letters)), v.row)

    def _application(self, key: str) -> Val | None:
        """A function by its bare name: its value where the page applies it."""
        found = self.setting.applications.get(key)
        if found is None or not isinstance(found[0], App):
            return None
        body, ordered = found
        for letter, slot in ordered.items():
            self._order(Time.of(letter), slot)
        axes = tuple(
            Axis(a, self.dim(f"fn {key}", k)) for k, a in enumerate(_plain_letters(found[0].index))
        )
        return self._named_part(key, Val(axes, body))

    def _differentiated(self, of: Val, by: Val, mark: _Mark) -> Val:
        of, by = renamed(of), renamed(by)
        assert isinstance(by.body, Ref)
        mode = "step" if mark.immediate else "total"
        if self._by_parameter(by):
            self.choices.add("own")
            mode = "step" if self.reading.own == "every" else mode
        elif self._of_steps(of) and self._of_steps(by):
            self.choices.add("inner")
            mode = "step" if self.reading.inner else mode
        if by.rank and of.rank < 2:
            self.choices.add(
                ("", "denominator" if of.rank else "", "turned")[by.rank] if by.rank < 3 else ""
            )
        if mark.letter == "\\partial":
            self.choices.add("partial")
        if self.reading.partial and mark.letter == "\\partial":
            mode = "own"
        if (
            mode == "total"
            and isinstance(of.body, App)
            and mark.letter == "\\partial"
            and any(_holds(a, by.body) for a in of.body.args)
        ):
            mode = "own"
        body = D(of.body, by.body, mode)
        tag_of, tag_by = (_tag(of), of.rank), (_tag(by), by.rank)
        axes = of.axes + by.axes
        if of.rank == 0 and by.rank == 1 and self.reading.turned:
            return Val(axes, body, row=True, of=tag_of, by=tag_by, loose=True)
        if of.rank == 0 and by.rank == 2 and self.reading.turned:
            return Val((axes[1], axes[0]), body)
        if self.reading.denominator and of.rank == 1 and by.rank == 1:
            return Val((axes[1], axes[0]), body, of=tag_of, by=tag_by, flipped=True)
        loose = of.rank == 0 and by.rank == 1
        return Val(axes, body, row=loose and by.row, of=tag_of, by=tag_by, loose=loose)

    def _of_steps(self, v: Val) -> bool:
        return isinstance(v.body, Ref) and "time" in self.setting.slots.get(v.body.name, ())

    def _by_parameter(self, by: Val) -> bool:
        assert isinstance(by.body, Ref)
        slots = self.setting.slots.get(by.body.name, ())
        return by.body.name not in self.setting.defined and not {"time", "layer"} & set(slots)

    # -- names ------------------------------------------------------------------------------------

    def _occurrence(self, node: Name, behind: Node | None) -> Occurs:
        return self.table.occurrence(node, behind if isinstance(behind, Group) else None)  # type: ignore[attr-defined,no-any-return]

    def _name(self, node: Name, row: Row, at: int) -> tuple[Val, int]:
        if at + 1 < len(row) and isinstance(row[at + 1], Name) and row[at + 1].letter == "\\prime":  # type: ignore[attr-defined]
            row = (*row[:at], replace(node, primes=node.primes + 1), *row[at + 2 :])
            value, end = self._name(row[at], row, at)  # type: ignore[arg-type]
            return value, end + 1
        behind = row[at + 1] if at + 1 < len(row) else None
        if node.letter == "\\nabla":
            return self._nabla(node, row, at)
        inline = self._inline(node, row, at)
        if inline is not None:
            return inline
        if node.letter in ("\\partial",):
            return self._prefix(node, row, at)
        gradient = self._named_gradient(node, row, at)
        if gradient is not None:
            return gradient
        if isinstance(behind, Group) and is_mean(node, behind, self.setting.defined):
            expected = mean(self, node, behind)
            if expected is None:
                raise Unread(node.start, "what an expectation is over")
            return self._group_scripts(expected, behind), at + 2
        occurs = self._occurrence(node, behind)
        after = (
            at + 2
            if occurs.consumed
            or (
                occurs.arguments is not None
                and isinstance(behind, Group)
                and not _hidden_only(occurs)
            )
            else at + 1
        )
        if (
            node.letter == "e"
            and node.above is not None
            and (not self.setting.defined & {"e", occurs.key} or self._is_raised(node))
        ):
            return self._exponential(node), at + 1
        if self._is_bare_call(occurs, behind):
            assert isinstance(behind, Group)
            args = [self.row(p) for p in _split(behind.inside, (",", ";"))]
            return self._abstract(occurs.key, args, [], occurs.primes, node), at + 2
        special = self._special(node, occurs, row, at)
        if special is not None:
            return special
        if occurs.dots:
            raise Unread(node.start, "no time derivative")
        if occurs.arguments is not None and (
            self._is_function(occurs.key) or self._is_gate_call(occurs)
        ):
            value = self._call(node, occurs)
        elif occurs.primes:
            value = self._slope_alone(node, occurs)
        else:
            value = self._member(node, occurs)
        value = self._scripted(value, occurs, node)
        if (
            after == at + 2
            and isinstance(behind, Group)
            and (behind.below is not None or behind.above is not None)
        ):
            value = self._group_scripts(value, replace(behind, primes=0))
        return value, after

    def _named_gradient(self, node: Name, row: Row, at: int) -> tuple[Val, int] | None:
        """dX, d\\Gamma: the gradient of the page's cost by X, where the page shows that, or by habit, which is said."""  # noqa: E501
        cost = self.setting.cost
        if cost is None or node.letter[:1] != "d" or node.primes or node.accents:
            return None
        if self._occurrence(node, None).key in self.setting.defined - self.setting.gradients:
            return None
        if len(node.letter) > 1:
            by: Node = replace(node, letter=node.letter[1:], start=node.start + 1)
            row, at = (*row[:at], by, *row[at + 1 :]), at - 1
        elif node.below is None and node.above is None and at + 1 < len(row):
            by = row[at + 1]
        else:
            return None
        if not isinstance(by, Name):
            return None
        key = self._occurrence(by, None).key
        if key not in self.setting.steps or not (key in self.setting.defined or self._is_used(key)):
            return None
        value, end = self._name(replace(by, above=None), (by,), 0)
        if not isinstance(value.body, Ref) or end != 1:
            return None
        if not self.setting.gradients:
            self.dims.suppose(f"d{key} is the gradient of {cost} by {key}")
        of = self.member(cost, [], node.start)
        found = self._differentiated(of, value, _Mark("d", (), False, False))
        occurs = self._occurrence(by, None)
        return (transposed(found) if occurs.transposed else found), at + 2

    def _is_used(self, key: str) -> bool:
        """Whether a name is a parameter or an input of the page."""
        return self.setting.ranks.get(key) is not None or bool(self.setting.components.get(key))

    def _is_raised(self, node: Name) -> bool:
        """e^{x} on a page with a quantity e^{(t)}."""
        above = node.above or ()
        return (
            bool(self.setting.steps.get("e"))
            and node.below is None
            and not (len(above) == 1 and isinstance(above[0], Group))
            and any(isinstance(n, Name) and (n.above or n.below) for n in above)
        )

    def _exponential(self, node: Name) -> Val:
        """e^{x}, and e^x_k as it is often set, which means e^{x_k}."""
        above = node.above or ()
        if node.below is not None:
            last = above[-1]
            if not isinstance(last, Name) or last.below is not None:
                raise Unread(node.start, "an exponent")
            above = (*above[:-1], replace(last, below=node.below))
        return each(lambda b: Fn("\\exp", (b,)), self.row(above))

    def _scripted(self, value: Val, occurs: Occurs, node: Name) -> Val:
        if (
            occurs.transposed
            and not self.setting.arrays
            and not self.setting.scalars
            and node.above is not None
            and spelled(node.above) == "T"
        ):
            return power(value, At(Time.of("T")), self.dims)
        if occurs.transposed:
            value = transposed(value)
        if occurs.inverse:
            value = self._inverse(value, node)
        if occurs.power is not None:
            value = self._raised(value, self._exponent(occurs.power))
        return value

    def _raised(self, value: Val, exponent: Core) -> Val:
        """A power; of a matrix by an index, it is a product of so many factors."""
        if value.rank == 2 and isinstance(exponent, At) and not exponent.index.is_number:
            free = {a for a, _ in exponent.index.letters} - self.setting.horizons
            if len(free) > 1 and not free & self.summing:
                self.dims.suppose("the exponent of the matrix is not negative")
        return power(value, exponent, self.dims)

    def _inverse(self, value: Val, node: Node) -> Val:
        if value.rank == 0:
            return each(lambda b: Pow(b, MINUS), value)
        if value.rank == 2:
            value = renamed(value)
            a, b = value.axes
            self.dims.unify(a.dim, b.dim)
            row, col = Axis(fresh(), a.dim), Axis(fresh(), a.dim)
            return Val(
                (row, col),
                Inverse(
                    a.letter,
                    b.letter,
                    a.dim,
                    value.body,
                    (Time.of(row.letter), Time.of(col.letter)),
                ),
            )
        if value.rank == 1:
            self.dims.suppose("the inverse of a vector is taken entry by entry")
            return each(lambda b: Pow(b, MINUS), value)
        raise Unread(node.start, "no inverse of an array with three indices")

    def _exponent(self, row: Row) -> Core:
        """An exponent: a number, an index, a formula."""
        try:
            index = self.index(row)
        except Unread:
            index = None
        if index is not None and all(self._is_index(a) for a, _ in index.letters):
            return num(index.shift) if index.is_number else At(index)
        found = self.row(row)
        if found.rank:
            raise Misfit("an exponent that is no number")
        return found.body

    def _is_index(self, letter: str) -> bool:
        if letter in self.setting.plain:
            return False
        symbol = self.table.symbol(letter)  # type: ignore[attr-defined]
        return symbol is not None and symbol.kind in ("index", "size") and letter not in self.bound

    def _is_function(self, key: str) -> bool:
        symbol = self.table.symbol(key)  # type: ignore[attr-defined]
        if key == "\\sigma" and key in self.setting.defined and symbol.kind == "variable":
            return False
        if key in self.setting.functions or key in SPELLED or key in WORDS:
            return True
        return (
            symbol is None or symbol.kind in ("function", "word") or key not in self.setting.defined
        )

    def _is_gate_call(self, occurs: Occurs) -> bool:
        """f_t = f(x_t, h_{t-1}; W): the function has the name of what it makes."""
        return bool(
            not occurs.indices
            and self.setting.steps.get(occurs.key)
            and len(occurs.arguments or ()) > 1
        )

    def _is_bare_call(self, occurs: Occurs, behind: Node | None) -> bool:
        """f (W h + b) beside gates f_t: the bare name with a bracket behind it is a function."""
        if (
            occurs.arguments is not None
            or not isinstance(behind, Group)
            or behind.opening != "("
            or behind.above is not None
            or behind.below is not None
        ):
            return False
        bare = (
            not any(d in ("time", "layer") for d, _ in occurs.indices)
            and not occurs.indices
            and occurs.power is None
        )
        return (
            bare
            and len(occurs.key) == 1
            and occurs.key in "fgh"
            and bool(self.setting.steps.get(occurs.key))
            and occurs.key not in self.setting.in_force
        )

    def _member(self, node: Name, occurs: Occurs) -> Val:
        """A member of a family, with an axis for each component that is left open."""
        key = occurs.key
        entry = self._entry_of_class(node) if node.below is not None else None
        if entry is not None:
            return entry
        if key in self.bound and not occurs.indices:
            return self._bound(key)
        if (
            key == "e"
            and key not in self.setting.defined
            and occurs.power is not None
            and not occurs.indices
        ):
            return scalar(Known("e"))
        if key in ("e", "\\pi") and key not in self.setting.defined and self._free_constant(key):
            return scalar(Known(key))
        if (
            self._is_index(key)
            and not occurs.indices
            and key not in self.setting.defined
            and not self._whole
        ):
            return scalar(At(Time.of(key)))
        if (
            key in self.setting.applications
            and not occurs.indices
            and key not in self.setting.in_force
        ):
            applied = self._application(key)
            if applied is not None:
                return applied
        if occurs.copy is not None:
            raise Unread(node.start, "no copy of a shared parameter")
        return self.member(key, self.given(occurs, node), node.start)

    def given(self, occurs: Occurs, node: Node) -> list[tuple[str, Time]]:
        """The written indices of a name with their domains; the t and the k of y_{t_k} are two."""
        found = []
        for domain, row in occurs.indices:
            inner = below_time(row) if domain == "time" else None
            if inner is not None:
                found.append(("time", self._index_in("time", (replace(row[0], below=None),), node)))  # type: ignore[call-arg]
                found += [("component", self._index_in("component", r, node)) for r in inner]
            elif domain == "component" and _is_open(row):
                found.append((domain, Time.of(fresh("open"))))
            else:
                found.append((domain, self._index_in(domain, row, node)))
        return found

    def _free_constant(self, key: str) -> bool:
        symbol = self.table.symbol(key)  # type: ignore[attr-defined]
        return symbol is None or symbol.kind == "constant"

    def _bound(self, key: str) -> Val:
        return scalar(self.bound[key])

    def member(self, key: str, given: Sequence[tuple[str, Time]], start: int) -> Val:
        """A member of the family `key`; components that are not given are axes."""
        if key in self.setting.lines and given and given[0][0] in ("component", "sample"):
            key, line = self.setting.lines[key]
            its = ("component", given[0][1])
            along = ("component", Time.of(fresh("open")))
            given = [along, its] if line else [its, *given[1:]]
        written, key = key, self.setting.wholes.get(key, key)
        steps = dict(g for g in given if g[0] != "component")
        components = [i for d, i in given if d == "component"]
        if key in self.setting.odd and len(components) > self.setting.components.get(key, 0):
            raise Unread(start, f"{key} with as many indices as elsewhere")
        if key in self.setting.alias and set(self.setting.steps.get(key, ())) <= set(steps):
            key = self.setting.alias[key]
        if key in self.setting.labelled and len(components) == 1 and components[0].is_number:
            key, components = f"{key}_{components[0].shift}", []
        key = self.setting.scoped.get(key, key)
        if key in self.setting.chance and "sample" not in steps:
            steps["sample"] = Time.of(self.outcome)
        implied = self.setting.implied.get(key)
        if implied and implied not in steps:
            steps[implied] = Time.of(self._own_step(implied, start))
        full = self.setting.steps.get(key, ())
        name, kept, index = key, [], []
        short = key + "".join(f"∅{s}" for s in full if s not in steps)
        bare = short in self.setting.unindexed or f"{short}∅component" in self.setting.unindexed
        for slot in (*full, *(d for d in steps if d not in full)):
            if slot in steps:
                index.append(steps[slot])
                kept.append(slot)
                if slot != "sample":
                    self._order(steps[slot], slot)
            elif slot in self.own_steps and slot in self.setting.stepped.get(written, ()):
                index.append(self.own_steps[slot])
                kept.append(slot)
                self.filled_in.add(written)
            elif self.reading.filled and (slot != "sample" or self._samples()) and not bare:
                index.append(Time.of(self._own_step(slot, start)))
                if slot != "sample":
                    self._order(index[-1], slot)
                kept.append(slot)
            else:
                self.choices |= set() if bare else {"filled"}
                name += f"∅{slot}"
        rank = max(self.setting.ranks.get(key, 0), self.setting.components.get(key, 0))
        if name in self.setting.numbers and not components:
            rank = 0
            key = name
        elif "∅" in name:
            own = self.setting.forms.get(name, 0)
            other = self.setting.ranks.get(name, own or rank)
            key, rank = (name, other) if other != rank else (key, rank)
        if not components and key in self.setting.bare:
            rank, name = self.setting.bare[key], name + "∅component"
            key = name
        elif not components and rank and not self.setting.arrays:
            rank, name = 0, name + "∅component"
        axes: list[Axis] = []
        for place in range(max(rank, len(components))):
            dim = self.dim(key, place)
            if place < len(components) and not _is_open_index(components[place]):
                self._letter_dim(components[place], dim)
                index.append(components[place])
            else:
                axes.append(Axis(fresh(), dim))
                index.append(Time.of(axes[-1].letter))
            kept.append("component")
        if "sample" in kept:
            self._letter_dim(index[kept.index("sample")], "sample")
        self.setting.slots[name] = tuple(kept)
        return Val(
            tuple(axes), Ref(name, tuple(index)), row=key in self.setting.lying and len(axes) == 1
        )

    def _own_step(self, slot: str, start: int) -> str:
        found = [letter for letter, domain in self.ordered.items() if domain == slot]
        if slot == "sample":
            found = self._samples()
        if found:
            return found[0]
        if slot in self.own_steps and len(self.own_steps[slot].letters) == 1:
            return self.own_steps[slot].letters[0][0]
        usual = self.setting.usual.get(slot, "t" if slot == "time" else "l")
        return usual if usual not in self.letters else f"\\,{slot}"

    def _samples(self) -> list[str]:
        """The letters of a line that number samples."""
        return [a for a, d in self.letters.items() if self.dims.find(d) == "sample"]

    def dim(self, key: str, place: int) -> str:
        made = f"{key}:{place}"
        return self.dims.find(self.setting.shared_dims.get(made, made))

    def _letter_dim(self, index: Time, dim: str) -> None:
        for letter, _ in index.letters:
            if letter in self.letters:
                self.dims.unify(self.letters[letter], dim)
            else:
                self.letters[letter] = dim

    def _order(self, index: Time, slot: str) -> None:
        for letter, _ in index.letters:
            self.ordered.setdefault(letter, slot)
            if "_" in letter or "^" in letter:
                self.setting.named_sizes.setdefault(letter, slot)

    def _index_in(self, domain: str, row: Row, node: Node) -> Time:
        row = _bare(row)
        try:
            return self.index(row)
        except Unread:
            raise Unread(node.start, "an index that is a letter plus a number") from None

    def index(self, row: Row) -> Time:
        """A row as an index: letters and whole numbers added up."""
        result = Time()
        sign, factor, open_ = 1, 1, False
        for node in _bare(row):
            match node:
                case Sign(text="+" | "-") if not open_:
                    sign = sign if node.text == "+" else -sign
                case Sign(text="+" | "-"):
                    sign, open_ = (1 if node.text == "+" else -1), False
                    factor = 1
                case Number(text=text) if text.isdigit() and not open_:
                    result, open_ = result + sign * int(text), True
                    factor = int(text)
                case Name() if node.above is None and not node.primes and (not open_ or factor > 1):
                    letter = self.index_name(node)
                    if open_:
                        result = result + (-sign * factor)
                    one = Time(((letter, sign * (factor if open_ else 1)),), 0)
                    result, open_ = result + one, True
                    factor = 1
                case Group(opening="(" | "{", above=None, below=None) if not open_:
                    inner = self.index(node.inside)
                    result, open_ = result + (inner if sign > 0 else -inner), True
                case _:
                    raise Unread(node.start, "an index")
        if not open_:
            raise Unread(_start(row), "an index")
        return result

    def index_name(self, node: Name) -> str:
        return spelled((node,))

    # -- functions ----------------------------------------------------------------------------------

    def _special(self, node: Name, occurs: Occurs, row: Row, at: int) -> tuple[Val, int] | None:
        """Names that everybody knows, unless the page defines them."""
        key = occurs.key
        if (key in self.setting.defined and key not in WORDS) or key in self.setting.functions:
            return None
        if (
            key == "\\delta"
            and len(occurs.indices) == 2
            and all(d == "component" for d, _ in occurs.indices)
            and not occurs.power
        ):
            a, b = (self._index_in(d, r, node) for d, r in occurs.indices)
            self._same_dim(a, b)
            return scalar(Delta(a, b)), at + 1
        if (
            key in ("I", "\\mathbf{I}", "\\mathbb{I}")
            and self.setting.arrays
            and not occurs.indices
            and occurs.arguments is None
        ):
            self.choices.add("ones")
            return _identity(self.reading.ones), at + 1
        if node.letter in ("1", "I", "\\chi", "\\mathbb{1}") and (node.letter == "1" or node.style):
            found = self._indicated(node, row, at)
            if found is not None:
                return found
        if (
            key == "I"
            and not self.setting.arrays
            and not occurs.indices
            and not self.setting.steps.get(key)
            and occurs.arguments is None
        ):
            return scalar(ONE), at + 1
        if node.letter == "1" and not occurs.indices:
            if self.setting.scalars:
                return scalar(ONE), at + 1
            ones = vector(lambda i: ONE, fresh("dim"))
            return self._scripted(ones, occurs, node), at + 1
        word = SPELLED.get(key) or (
            key
            if key in WORDS
            else SPELLED.get(node.letter) or (node.letter if node.letter in WORDS else None)
        )
        if word is None or self._is_variable(key):
            return None
        return self._applied(word, node, occurs, row, at)

    def _indicated(self, node: Name, row: Row, at: int) -> tuple[Val, int] | None:
        """1[z > 0], 1_{i = y}: 1 where the relation holds, else 0; None where no relation stands there."""
        behind = row[at + 1] if at + 1 < len(row) else None
        for inside, end in (
            (node.below, at + 1),
            (behind.inside if isinstance(behind, Group) else None, at + 2),
        ):
            found = None if inside is None else self._indicator(inside, inside is node.below)
            if found is not None:
                return found, end
        return None

    def _indicator(self, inside: Row, commas: bool) -> Val | None:
        r"""\mathbf{1}(i = j), \mathbb{1}[z > 0], \mathbf{1}_{i = j}, \mathbf{1}_{i,j}: 1 where the relation holds."""  # noqa: E501
        inside = _bare(inside)
        parts = _split(inside, (",",))
        if len(parts) > 1 and all(
            any(isinstance(n, Sign) and n.text in RELATIONS for n in p) for p in parts
        ):
            found = [self._indicator(p, False) for p in parts]
            return None if None in found else self._folded([("", v) for v in found if v])
        place = next(
            (
                i
                for i, n in enumerate(inside)
                if isinstance(n, Sign) and n.text in (*RELATIONS, ",")
            ),
            None,
        )
        if place is None or (inside[place].text == "," and not commas):  # type: ignore[attr-defined]
            return None
        relation = inside[place].text  # type: ignore[attr-defined]
        said = self._class(inside[place + 1 :]) if relation in ("=", ",") else None
        if said is not None and self.setting.arrays:
            index = self.index(inside[:place])
            dim = self.letters.get(index.letters[0][0], "") if len(index.letters) == 1 else ""
            if dim:
                return scalar(self._one_of(*said, index, dim))
        try:
            a, b = self.index(inside[:place]), self.index(inside[place + 1 :])
        except Unread:
            return None if relation == "," else self._relation(inside, place)
        if relation not in ("=", "\\neq", ",") or not all(
            self._is_index(x) or not self._is_variable(x) for i in (a, b) for x, _ in i.letters
        ):
            return self._relation(inside, place)
        self._same_dim(a, b)
        equal = Delta(a, b)
        return scalar(add((ONE, neg(equal))) if relation == "\\neq" else equal)

    def _relation(self, row: Row, place: int) -> Val:
        """A relation of numbers as a number, entry by entry: 1 where it holds."""
        left, right = (self._side_value(r) for r in (row[:place], row[place + 1 :]))
        first = left.rank >= right.rank
        wide = renamed(left if first else right)
        other = right if first else left
        narrow = other.body if not other.rank else aligned(wide, other, self.dims)
        a, b = (wide.body, narrow) if first else (narrow, wide.body)
        return Val(wide.axes, Case(a, row[place].text, b, ONE, ZERO))  # type: ignore[attr-defined]

    def _side_value(self, row: Row) -> Val:
        try:
            index = self.index(row)
            if all(self._is_index(a) for a, _ in index.letters) and not index.is_number:
                return scalar(At(index))
        except Unread:
            pass
        return self.row(row)

    def _is_variable(self, key: str) -> bool:
        symbol = self.table.symbol(key)  # type: ignore[attr-defined]
        return symbol is not None and symbol.kind in (
            "variable",
            "input",
            "parameter",
            "index",
            "size",
        )

    def _same_dim(self, a: Time, b: Time) -> None:
        for one in (a, b):
            for letter, _ in one.letters:
                if letter in self.letters:
                    for other in (a, b):
                        self._letter_dim(other, self.letters[letter])
                    return
        dim = fresh("dim")
        self._letter_dim(a, dim)
        self._letter_dim(b, dim)

    def _applied(
        self, word: str, node: Name, occurs: Occurs, row: Row, at: int
    ) -> tuple[Val, int] | None:
        """A known function with its argument: in brackets, or what stands behind it."""
        end = at + 1
        if end >= len(row):
            return None
        if isinstance(row[end], Group) and row[end].opening in ("(", "[", "\\{", "|", "{"):  # type: ignore[attr-defined]
            group = row[end]
            assert isinstance(group, Group)
            inside = group.inside if group.opening in ("(", "[", "\\{", "{") else (group,)
            parts, along = _without_axis(_split(inside, (",", ";")))
            if along is not None:
                if word != "sum" or len(parts) != 1:
                    raise Unread(group.start, f"{word} without an axis")
                return self._scripted(
                    _sum_along(self.row(parts[0]), along, node), occurs, node
                ), end + 1
            listed = word in ("diag", "Diag") and len(parts) > 1
            arguments = [self._listed(parts, group)] if listed else [self.row(p) for p in parts]
            value = self._known(word, arguments, occurs, node)
            if group.above is not None or group.below is not None:
                value = self._group_scripts(value, group)
            return self._scripted(value, occurs, node), end + 1
        value, end = self._unbracketed(row, end)
        return self._scripted(self._known(word, [value], occurs, node), occurs, node), end

    def _unbracketed(self, row: Row, at: int) -> tuple[Val, int]:
        node = row[at]
        if isinstance(node, Sign) and node.text == "-":
            value, end = self._unbracketed(row, at + 1)
            return each_sign(value), end
        if isinstance(node, Big):
            return self._big(node, row, at)
        value, end = self.factor(row, at)
        while end < len(row) and isinstance(node, Number) and isinstance(row[end], Name | Number):
            more, end = self.factor(row, end)
            value = self._times(value, more, "")
        return value, end

    def _known(self, word: str, args: list[Val], occurs: Occurs, node: Name) -> Val:
        if word in FUNCTIONS:
            (a,) = args if len(args) == 1 else (None,)
            if a is None:
                raise Unread(node.start, f"one argument of {word}")
            base = self._log_base(word, occurs, node)
            made = each(lambda b: self._primed(word, b, occurs.primes), a)
            return made if base is None else each(lambda b: over(b, base), made)
        if occurs.primes:
            raise Unread(node.start, "no slope of this function")
        found: Val = WORDS[word](self, args, node)
        return found

    def _log_base(self, word: str, occurs: Occurs, node: Name) -> Core | None:
        if occurs.indices or node.below is not None:
            if word == "\\log" and node.below is not None:
                return Fn("\\log", (self.row(node.below).body,))
            raise Unread(node.start, "a function without an index")
        if word == "\\log" and node.letter in ("\\log", "log") and self.reading.base:
            return Fn("\\log", (num(self.reading.base),))
        return None

    def _primed(self, word: str, argument: Core, primes: int) -> Core:
        row = FUNCTIONS[word]
        if not primes:
            return Fn(word, (argument,))
        if primes > 1:
            formal = Ref(fresh("formal"))
            return Where_(D(self._primed(word, formal, primes - 1), formal), formal, argument)
        return row.slope(argument, Fn(word, (argument,)))

    def _call(self, node: Name, occurs: Occurs) -> Val:
        """f(a, b): the page's own formula for f, or an abstract function's value."""
        key = occurs.key
        rows = occurs.arguments or ()
        args = [self.row(r) for r in rows if r]
        function = self.setting.functions.get(key)
        if function is not None and not occurs.indices:
            if (
                not self.inlining
                and not occurs.primes
                and self._is_made(key)
                and self._at_formals(function, occurs)
            ):
                return self.member(key, [], node.start)
            self.called[key] = args
            try:
                return self._own_function(node, function, args, occurs.primes)
            except Unread:
                if not self.setting.arrays:
                    raise
        layered = bool(occurs.indices) and all(d == "layer" for d, _ in occurs.indices)
        if (key == "\\sigma" or SPELLED.get(key)) and not layered:
            return self._known(SPELLED[key], args, occurs, node)
        outs = []
        for domain, inside in occurs.indices:
            if domain == "component" and self._is_label(inside):
                key += f"_{spelled(inside)}"
            else:
                outs.append((domain, self._index_in(domain, inside, node)))
                if domain in ("time", "layer"):
                    self._order(outs[-1][1], domain)
        outs += self._left_out(key, args, outs, node)
        return self._abstract(key, args, outs, occurs.primes, node)

    def _left_out(
        self, key: str, args: list[Val], outs: Sequence[tuple[str, Time]], node: Name
    ) -> list[tuple[str, Time]]:
        """The step or layer of a function that is written without it here, g'(z^{[l]}) for g'^{[l]}(z^{[l]}): its argument's."""  # noqa: E501
        found = []
        for slot in self.setting.steps.get(key, ()):
            if slot not in ("time", "layer") or any(d == slot for d, _ in outs):
                continue
            of_argument = (
                part.index[self.setting.slots[part.name].index(slot)]
                for a in args
                for part in walk(a.body)
                if isinstance(part, Ref) and slot in self.setting.slots.get(part.name, ())
            )
            index = next(of_argument, None)
            if index is None:
                raise Unread(node.start, f"the {slot} of {key}")
            found.append((slot, index))
        return found

    def _is_label(self, row: Row) -> bool:
        """An index of a function that is a variable's name: the s of f_s(s_{t-1})."""
        row = _bare(row)
        return (
            len(row) == 1
            and isinstance(row[0], Name)
            and self._is_variable(self.index_name(row[0]))
            and not self._is_index(self.index_name(row[0]))
        )

    def _own_function(self, node: Name, function: Function, args: list[Val], primes: int) -> Val:
        if len(args) != len(function.formals):
            raise Unread(node.start, f"{len(function.formals)} arguments")
        if primes and len(args) != 1:
            raise Unread(node.start, "a function of one argument")
        if primes:
            formal = function.formals[0]
            slope: Core = function.body.body
            if function.body.rank:
                raise Unread(node.start, "no slope of a vector")
            for _ in range(primes - 1):
                slope = Where_(D(slope, formal), formal, formal)
            body: Core = D(slope, formal)
            return each(lambda b: Where_(body, formal, b), args[0])
        if all(a.rank == function.formal(k).rank for k, a in enumerate(args)):
            return self._put_in(function, args)
        if len(args) == 1 and function.body.rank == 0 and function.formal(0).rank == 0:
            formal = function.formals[0]
            return each(lambda b: replaced(function.body.body, ((formal, (), scalar(b)),)), args[0])
        raise Unread(node.start, "a function of numbers applied to vectors")

    def _put_in(self, function: Function, args: list[Val]) -> Val:
        """The body with the arguments in the formals' places."""
        table = []
        for k, arg in enumerate(map(renamed, args)):
            formal = function.formal(k)
            for p, q in zip(formal.axes, arg.axes, strict=True):
                self.dims.unify(p.dim, q.dim)
            table.append((function.formals[k], formal.axes, arg))
        body = renamed(function.body)
        return Val(body.axes, replaced(body.body, tuple(table)), body.row)

    def _abstract(
        self, key: str, args: list[Val], outs: Sequence[tuple[str, Time]], primes: int, node: Name
    ) -> Val:
        entrywise = len(args) == 1 and args[0].rank and key in self.setting.entrywise
        if primes and len(args) != 1:
            raise Unread(node.start, "which argument a prime differentiates by")
        slots = ((0, ()),) * primes
        index = tuple(i for _, i in outs)
        if entrywise or (primes and args[0].rank == 1):
            return each(lambda b: App(key, (Arg((), (), b),), index, slots), args[0])
        made = tuple(_argument(a) for a in args)
        rank = max(0, self.setting.outputs.get(key, 0) - sum(d == "component" for d, _ in outs))
        axes = tuple(Axis(fresh(), self.dim(f"fn {key}", k)) for k in range(rank))
        return Val(axes, App(key, made, index + tuple(Time.of(a.letter) for a in axes), slots))

    def _slope_alone(self, node: Name, occurs: Occurs) -> Val:
        """f' without an argument: of a function with one formal, at the formal."""
        function = self.setting.functions.get(occurs.key)
        if (
            function is not None
            and len(function.formals) == 1
            and function.body.rank == 0
            and occurs.primes == 1
        ):
            return scalar(D(function.body.body, function.formals[0]))
        raise Unread(node.start, "the argument of a slope")

    def _nabla(self, node: Name, row: Row, at: int) -> tuple[Val, int]:
        if node.below is None and at + 1 < len(row) and isinstance(row[at + 1], Name):
            whole = self._gradient(row, at + 1)
            if whole is not None:
                return whole
        if node.below is None or at + 1 >= len(row):
            raise Unread(node.start, "by what ∇ differentiates")
        by = self._by(node.below, node)
        end = at + 1
        behind = row[end]
        lying = False
        if isinstance(behind, Group) and behind.above is None:
            of, end = self.row(behind.inside), end + 1
        else:
            row, lying = self._upright(row, end)
            of, end = self.factor(row, end)
        found = self._differentiated(of, by, _Mark("\\partial", (), False, False))
        if lying:
            return transposed(found), end
        return Val(found.axes, found.body, of=found.of, by=found.by, flipped=found.flipped), end

    def _upright(self, row: Row, at: int) -> tuple[Row, bool]:
        """∇f(x)^T is the transpose of ∇f(x), not the gradient of a transpose: the row without the mark."""
        for place in (at, at + 1):
            node = row[place] if place < len(row) else None
            if (  # noqa: SIM102
                isinstance(node, Name | Group)
                and node.above is not None
                and spelled(node.above) in ("T", "\\top", "\\intercal", "\\mathsf{T}")
            ):
                if place == at or isinstance(node, Group):
                    return (*row[:place], replace(node, above=None), *row[place + 1 :]), True
        return row, False

    def _gradient(self, row: Row, at: int) -> tuple[Val, int] | None:
        """∇f of a function of several numbers, or of one vector."""
        node = row[at]
        behind = row[at + 1] if at + 1 < len(row) and isinstance(row[at + 1], Group) else None
        assert isinstance(node, Name)
        occurs = self._occurrence(node, behind)
        function = self.setting.functions.get(occurs.key)
        if function is None or function.body.rank or occurs.indices or not function.formals:
            return None
        end = at + 2 if behind is not None and occurs.arguments is not None else at + 1
        mark = _Mark("\\partial", (), False, False)
        slopes = [
            self._differentiated(function.body, function.formal(k), mark)
            for k in range(len(function.formals))
        ]
        return (slopes[0] if len(slopes) == 1 else self._stacked(slopes, node)), end

    def _inline(self, node: Name, row: Row, at: int) -> tuple[Val, int] | None:
        r"""\partial A / \partial B on one line."""
        if node.letter not in DIFFERENTIALS or node.below is not None or node.primes:
            return None
        slash = next(
            (
                i
                for i in range(at + 1, min(at + 4, len(row)))
                if isinstance(row[i], Sign) and row[i].text == "/"  # type: ignore[attr-defined]
            ),
            None,
        )
        if slash is None or slash + 2 >= len(row):
            return None
        other = row[slash + 1]
        if not isinstance(other, Name) or other.letter != node.letter or other.below is not None:
            return None
        end = slash + 3
        if (
            end < len(row)
            and isinstance(row[end], Group)
            and self._occurrence(row[end - 1], row[end]).consumed  # type: ignore[arg-type]
        ):
            end += 1
        made = Over(node.start, row[end - 1].end, row[at:slash], row[slash + 1 : end])
        return self._fraction(made, (made, *row[end:]), 0)[0], end

    def _prefix(self, node: Name, row: Row, at: int) -> tuple[Val, int]:
        r"""\partial_w f: the derivative by what stands below."""
        if node.below is None or at + 1 >= len(row):
            raise Unread(node.start, "a whole derivative")
        by = self._by(self._argument_named(node.below, row, at + 1) or node.below, node)
        of, end = self.factor(row, at + 1)
        return self._differentiated(of, by, _Mark("\\partial", (), False, False)), end

    def _argument_named(self, below: Row, row: Row, at: int) -> Row | None:
        r"""\partial_h f(x, h_{t-1}): the one argument that is a member of the family below, which has no bare form."""  # noqa: E501
        function, behind = row[at], row[at + 1] if at + 1 < len(row) else None
        below = _bare(below)
        if len(below) != 1 or not isinstance(below[0], Name) or not isinstance(function, Name):
            return None
        own = self._occurrence(below[0], None)
        steps = self.setting.steps.get(own.key, ())
        if (
            own.indices
            or not steps
            or own.key + "".join(f"∅{s}" for s in steps) in self.setting.unindexed
        ):
            return None
        found = [
            r
            for r in self._occurrence(function, behind).arguments or ()
            if len(r) == 1
            and isinstance(r[0], Name)
            and self._occurrence(r[0], None).key == own.key
        ]
        return found[0] if len(found) == 1 else None

    # -- groups -------------------------------------------------------------------------------------

    def _evaluated(self, node: Group) -> Val:
        r"""\left. A \right|_{t=0, s=1}: A with numbers in the places of variables."""
        inner = self.row(node.inside)
        values = []
        for part in _split(node.below or (), (",", ";")):
            at = next(
                (i for i, n in enumerate(part) if isinstance(n, Sign) and n.text == "="), None
            )
            if at is None:
                raise Unread(node.start, "the values at which it is worked out")
            self._whole, before = True, self._whole
            try:
                name = self.row(part[:at])
            finally:
                self._whole = before
            value = self.row(part[at + 1 :])
            if (
                not isinstance(name.body, Ref)
                or name.rank
                or value.rank
                or name.body.name in self.setting.made
            ):
                raise Unread(node.start, "values of variables that are given")
            values.append((name.body, value.body))
        if not values or node.above is not None:
            raise Unread(node.start, "the values at which it is worked out")
        return replace(inner, body=Where(inner.body, tuple(values)), of=None, by=None)

    def _group(self, node: Group) -> Val:
        if node.closing == "|" and node.opening in (".", "\\left.", "") and node.below is not None:
            return self._evaluated(node)
        if (
            len(node.inside) == 1
            and isinstance(node.inside[0], Number)
            and node.inside[0].text == "1"
            and node.below is not None
            and node.above is None
        ):
            equal = self._indicator(node.below, True)
            if equal is not None:
                return equal
        ones = self._ones_of(node)
        if ones is not None:
            return self._group_scripts(ones, replace(node, below=None))
        value = self._inside(node)
        return self._group_scripts(value, node)

    def _ones_of(self, node: Group) -> Val | None:
        r"""\mathbf{1}_n, 1_{n \times m}: as many ones as its script says; None for another bracket."""
        if len(node.inside) != 1 or not isinstance(node.inside[0], Number):
            return None
        sizes = _split(node.below or (), (",", "\\times"))
        named = all(len(r) == 1 and isinstance(r[0], Name) and self._is_size(r[0]) for r in sizes)
        if len(sizes) > 2 or (node.below and not named):
            return None
        return self._ones(node.inside[0], [r[0] for r in sizes if r])

    def _is_size(self, node: Node) -> bool:
        """Whether a letter is a number of entries, not one of them."""
        assert isinstance(node, Name)
        letter = self.index_name(node)
        return f"dim:{letter}" in self.setting.shared_dims.values() or (
            self._kind_of(letter) in ("size", "constant", "")
            and letter not in ("i", "j", "k", "t", "c", "y")
        )

    def _ones(self, node: Number, sizes: Sequence[Node]) -> Val | None:
        """Ones of the sizes that are named; a bold 1 that names none has as many as its place needs."""
        bold = node.end - node.start > len(node.text)
        if node.text != "1" or not (sizes or bold) or not self.setting.arrays:
            return None
        dims = []
        for name in sizes:
            letter = self.index_name(name)  # type: ignore[arg-type]
            dims.append(f"dim:{letter}")
            self.setting.size_of.setdefault(letter, dims[-1])
        count = 2 if self.setting.square_ones else 1
        dims = dims or [fresh("dim") for _ in range(count)]
        return Val(tuple(Axis(fresh(), d) for d in dims), ONE)

    def _inside(self, node: Group) -> Val:
        match node.opening:
            case "|":
                inner = self.row(node.inside)
                if inner.rank:
                    return scalar(Fn("\\sqrt", (total(each(lambda b: Pow(b, num(2)), inner)),)))
                return scalar(Fn("\\abs", (inner.body,)))
            case "\\|":
                inner = self.row(node.inside)
                if inner.rank == 0:
                    return scalar(Fn("\\abs", (inner.body,)))
                return scalar(Fn("\\sqrt", (total(each(lambda b: Pow(b, num(2)), inner)),)))
            case "[" | "(" if _side_by_side(node.inside):
                return self._columns([(n,) for n in node.inside], node)
            case "[":
                parts = _split(node.inside, (",", ";"))
                if len(parts) > 1:
                    return self._listed(parts, node)
                if sum(isinstance(n, Sign) and n.text in RELATIONS for n in node.inside) == 1:
                    return self._relation(
                        node.inside,
                        next(
                            i
                            for i, n in enumerate(node.inside)
                            if isinstance(n, Sign) and n.text in RELATIONS
                        ),
                    )
                return self.row(node.inside)
            case "(" | "{" | "\\{" | "\\left.":
                parts = _split(node.inside, (",",))
                if len(parts) > 1:
                    raise Unread(node.start, "one formula in brackets")
                return self.row(node.inside)
            case _:
                raise Unread(node.start, "brackets that group")

    def _group_scripts(self, value: Val, node: Group) -> Val:
        if node.primes:
            raise Unread(node.start, "a slope of a bracket")
        if node.below is not None:
            value = self._below_group(value, node)
        if node.above is None:
            return value
        above = _bare(node.above)
        if _is_top(above, value, self.setting.arrays or self.setting.scalars):
            return transposed(value)
        if spelled(above) == "-1":
            return self._inverse(value, node)
        if len(above) == 1 and isinstance(node.above[0], Group) and node.above[0].opening == "(":
            raise Unread(node.start, "a power")
        return self._raised(value, self._exponent(above))

    def _below_group(self, value: Val, node: Group) -> Val:
        assert node.below is not None
        if node.opening in ("\\|", "|"):
            return value
        letters = _split(node.below, (",",))
        rows = [
            p for part in letters for p in ([part] if len(letters) > 1 else [(n,) for n in part])
        ]
        entries = (
            bool(value.rank) and len(rows) == value.rank and all(self._is_entry(r) for r in rows)
        )
        if (
            not entries
            and isinstance(value.body, D)
            and len(node.inside) == 1
            and isinstance(node.inside[0], Over)
        ):
            return self._around(value, node)
        if value.rank and len(rows) == value.rank:
            table = {}
            for axis, r in zip(value.axes, rows, strict=True):
                index = self.index(r)
                self._letter_dim(index, axis.dim)
                table[axis.letter] = index
            return scalar(move(value.body, table))
        raise Unread(node.start, "an entry's indices below a bracket")

    def _is_entry(self, row: Row) -> bool:
        """Whether a script is an index letter or a number."""
        try:
            index = self.index(row)
        except Unread:
            return False
        return all(self._is_index(a) or not self._is_variable(a) for a, _ in index.letters)

    def _around(self, value: Val, node: Group) -> Val:
        """(∂A/∂B)_V: the paths whose first step goes into V; in the other reading V is held."""
        assert node.below is not None and isinstance(value.body, D)
        rows = [p for p in node.below if not isinstance(p, Words)]
        said = any(isinstance(p, Words) for p in node.below)
        keys = {self._occurrence(n, None).key for n in rows if isinstance(n, Name)}
        names = {self.setting.alias.get(k, k) for k in keys}
        if not names:
            raise Unread(node.start, "what is held, or the way, below the bracket")
        mode = "held" if said or self.reading.held else "via"
        return replace(value, body=replace(value.body, mode=mode, names=tuple(sorted(names))))

    def _stacked(self, values: list[Val], node: Node) -> Val:
        if any(v.rank > 1 for v in values):
            raise Unread(node.start, "vectors below one another")
        if not self.setting.arrays and all(v.rank == 0 for v in values):
            raise Unread(node.start, "vectors below one another")
        parts = []
        for v in values:
            v = renamed(v)
            if v.rank == 1:
                parts.append((v.axes[0].letter, self.dims.find(v.axes[0].dim), v.body))
            else:
                parts.append((fresh(), "1", v.body))
        letter = fresh()
        dim = "+".join(d for _, d, _ in parts)
        return Val((Axis(letter, dim),), Stack(Time.of(letter), tuple(parts)))

    def _table(self, node: Table) -> Val:
        if node.kind == "cases":
            return self._cases(node)
        rows = [r for r in node.rows if any(c for c in r) and not all(_is_bar(c) for c in r)]
        if len(rows) == 1 and len(rows[0]) > 1 and any(_only_dots(c) for c in rows[0]):
            return self._columns(rows[0], node)
        if all(len(r) == 1 for r in rows):
            return self._listed([r[0] for r in rows], node)
        return self._matrix(rows, node)

    def _columns(self, cells: Sequence[Row], node: Node) -> Val:
        """(x_1 x_2 … x_n): the matrix with these columns, or the row of these numbers."""
        found = self._listed(cells, node)
        return transposed(found)

    def _listed(self, rows: Sequence[Row], node: Node) -> Val:
        """Entries one after another, some perhaps left out: a_1, …, a_n is the vector of the a_i."""
        gaps = [i for i, r in enumerate(rows) if _only_dots(r)]
        if not gaps:
            return self._stacked([self.row(r) for r in rows], node)
        if len(gaps) != 1 or not 0 < gaps[0] < len(rows) - 1:
            raise Unread(node.start, "entries before and behind the dots")
        (gap,) = gaps
        values = [self.row(r) for i, r in enumerate(rows) if i != gap]
        run = self._run(values[0], values[-1])
        if (
            run is None
            or len(rows) - gap != 2
            or (gap > 1 and not self._step(values[0], values[1]))
        ):
            raise Unread(node.start, "dots between entries that differ in an index alone")
        return self._entries(run, values[0], node)

    def _entries(self, run: Run, first: Val, node: Node) -> Val:
        """The vector (of rows, the matrix) whose entries are what runs."""
        dim = self.letters.get(run.letter)
        if dim is None:
            if not self.setting.arrays or run.letter not in self.ordered:
                raise Unread(node.start, "what the index of the entries counts")
            dim = self.ordered.pop(run.letter)
        if not run.lower.is_number or run.falling:
            raise Unread(node.start, "entries from the first on")
        self._whole_size(run.upper, dim)
        self.letters.pop(run.letter, None)
        return Val((Axis(run.letter, dim), *first.axes), run.bodies[0])

    def _whole_size(self, upper: Time, dim: str) -> None:
        if upper.shift == 0 and len(upper.letters) == 1:
            self.setting.size_of.setdefault(upper.letters[0][0], dim)

    def _matrix(self, rows: Sequence[Sequence[Row]], node: Node) -> Val:
        """A matrix that is written out, perhaps with dots: from its corners."""
        if any(_only_dots(c) for r in rows for c in r):
            return self._corners(rows, node)
        if len({len(r) for r in rows}) != 1:
            raise Unread(node.start, "rows of equal length")
        stacked = [self._stacked([self.row(c) for c in r], node) for r in rows]
        if any(a.dim.count("+") != len(rows[0]) - 1 for v in stacked for a in v.axes):
            raise Unread(node.start, "entries that are numbers")
        first = renamed(stacked[0])
        bodies = [with_letters(v, [a.letter for a in first.axes]) for v in stacked]
        letter = fresh()
        parts = tuple((fresh(), "1", b) for b in bodies)
        return Val(
            (Axis(letter, "+".join("1" for _ in rows)), *first.axes), Stack(Time.of(letter), parts)
        )

    def _corners(self, rows: Sequence[Sequence[Row]], node: Node) -> Val:
        full = [
            r
            for r in rows
            if len(r) > 1 and not _only_dots(r[0]) and not _only_dots(r[-1]) and r[0] and r[-1]
        ]
        if len(full) < 2:
            raise Unread(node.start, "the corners of a matrix")
        (a, b), (c, d) = ((self.row(r[0]), self.row(r[-1])) for r in (full[0], full[-1]))
        if any(v.rank for v in (a, b, c, d)):
            raise Unread(node.start, "entries that are numbers")
        if b.body == ZERO and c.body == ZERO:
            run = self._run(a, d)
            if run is None:
                raise Unread(node.start, "entries on a diagonal that differ in an index alone")
            return diagonal(self._entries(run, scalar(a.body), node))
        above, below = self._run(a, b), self._run(c, d)
        if (
            above is None
            or below is None
            or (above.lower, above.upper) != (below.lower, below.upper)
        ):
            raise Unread(node.start, "entries that differ in an index alone")
        row = self._entries(above, a, node)
        last = self._entries(below, c, node)
        down = self._run(row, last)
        if down is None:
            raise Unread(node.start, "rows that differ in an index alone")
        return self._entries(down, row, node)

    def _cases(self, node: Table) -> Val:
        found: Core = ZERO
        branches: list[tuple[tuple[Core, str, Core] | None, Val]] = []
        for row in node.rows:
            cells = [c for c in row if c]
            if len(cells) == 1:
                body, condition = _parted(cells[0])
            else:
                body, condition = cells[0], tuple(n for c in cells[1:] for n in c)
            body = _without_end(body)
            branches.append((self._condition(condition), self.row(body)))
        values = (
            plus([v for _, v in branches], self.dims) if any(v.rank for _, v in branches) else None
        )
        if values is not None:
            raise Unread(node.start, "cases of numbers")
        for test, value in reversed(branches):
            if test is None:  # noqa: SIM108
                found = value.body
            else:
                found = Case(*test, value.body, found)
        return scalar(found)

    def _condition(self, row: Row) -> tuple[Core, str, Core] | None:
        row = tuple(
            n
            for n in row
            if not isinstance(n, Words) and not (isinstance(n, Sign) and n.text in (",", ".", ";"))
        )
        for i, node in enumerate(row):
            if isinstance(node, Sign) and node.text in RELATIONS:
                return self._side(row[:i]), node.text, self._side(row[i + 1 :])
        return None

    def _side(self, row: Row) -> Core:
        try:
            index = self.index(row)
            if all(self._is_index(a) for a, _ in index.letters):
                return At(index)
        except Unread:
            pass
        return self.row(row).body

    def in_brackets(self, row: Row, value: Val) -> Val:
        """(a_{ij}) as a whole side: the array with these entries, where its indices are nowhere else."""
        row = _without_end(row)
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

    # -- Σ and Π ------------------------------------------------------------------------------------

    def _big(self, node: Big, row: Row, at: int) -> tuple[Val, int]:
        if node.kind == "int":
            whole = integral(self, row, at)
            if whole is not None:
                return whole
        if node.kind not in ("sum", "prod", "lim"):
            raise Unread(node.start, f"no {node.kind}")
        end = at + 1
        while end < len(row):
            here = row[end]
            if (
                isinstance(here, Sign)
                and here.text in ("+", "-", ",", ";")
                and not (here.text == "-" and end == at + 1)
            ):
                break
            end += 1
        inside = row[at + 1 : end]
        if node.kind == "lim":
            inside, end = self._limited(row, at + 1, end)
            found = limit(self, node, inside) if inside else None
            if found is None:
                raise Unread(node.start, "what goes where below a limit")
            return found, end
        if not inside:
            raise Unread(node.start, "what is summed")
        letters = self._bounds(node)
        sign = isinstance(inside[0], Sign) and inside[0].text == "-"
        own = {b.letter for b in letters}
        free = self._hidden(own)
        headed, self.headed = self.headed, self.headed | own
        summing, self.summing = self.summing, self.summing | own
        try:
            body = self.term(inside[1:] if sign else inside)
        finally:
            self.headed, self.summing = headed, summing
        if sign:
            body = each_sign(body)
        for bound in reversed(letters):
            body = self._summed(node, bound, body)
        if not letters:
            body = self._without_bounds(node, body)
        self.letters |= free[0]
        self.ordered |= free[1]
        return body, end

    def _hidden(self, letters: set[str]) -> tuple[dict[str, str], dict[str, str]]:
        """What letters count outside a Σ that binds them anew: taken out while its inside is read."""
        return tuple(
            {a: table.pop(a) for a in letters if a in table}
            for table in (self.letters, self.ordered)
        )  # type: ignore[return-value]

    def _limited(self, row: Row, start: int, end: int) -> tuple[Row, int]:
        """What stands behind a lim: a product, up to the next lim."""
        other = next(
            (i for i in range(start, end) if isinstance(row[i], Big) and row[i].kind == "lim"),  # type: ignore[attr-defined]
            end,
        )
        while other > start and isinstance(row[other - 1], Sign):
            other -= 1
        return row[start:other], other

    def _bounds(self, node: Big) -> list[_Bound]:
        if node.below is None:
            return []
        below = tuple(
            n
            for n in node.below
            if not (isinstance(n, Sign) and n.text == "\\forall") and not isinstance(n, Words)
        )
        rows = _split(below, (",",))
        upper = None if node.above is None else self._limit(node.above)
        if len(rows) > 1 and all(len(r) == 1 and isinstance(r[0], Name) for r in rows):
            return [_Bound(self.index_name(r[0]), None, upper) for r in rows]  # type: ignore[arg-type]
        if (
            len(rows) > 1
            and all(len(r) == 1 and isinstance(r[0], Name) for r in rows[:-1])
            and len(rows[-1]) > 1
            and isinstance(rows[-1][0], Name)
        ):
            last = self._lower(rows[-1], node)  # i,j = 0
            if (
                rows[-1][1] == Sign(rows[-1][1].start, rows[-1][1].end, "=")
                and not any(
                    last.letter == self.index_name(r[0])  # type: ignore[arg-type]
                    for r in rows[:-1]
                )
            ):
                letters = [self.index_name(r[0]) for r in rows]  # type: ignore[arg-type]
                return [replace(last, letter=a, upper=upper) for a in letters]
        bound = self._lower(rows[0], node)
        for extra in rows[1:]:
            other = self._lower(extra, node)
            if other.letter != bound.letter and self._excludes(extra) != bound.letter:
                raise Unread(node.start, "one index below a Σ")
            bound = replace(bound, without=bound.without + other.without)
        return [replace(bound, upper=upper if upper is not None else bound.upper)]

    def _excludes(self, row: Row) -> str | None:
        return None

    def _limit(self, row: Row) -> Time:
        row = _bare(row)
        if len(row) == 1 and isinstance(row[0], Group) and row[0].opening == "|":
            return Time.of(spelled(row))
        try:
            return self.index(row)
        except Unread:
            return Time.of(spelled(row))

    def _lower(self, row: Row, node: Big) -> _Bound:
        places = [
            i
            for i, n in enumerate(row)
            if isinstance(n, Sign) and n.text in (*RELATIONS, "\\in", "\\notin")
        ]
        if not places:
            if len(row) == 1 and isinstance(row[0], Name):
                return _Bound(self.index_name(row[0]), None, None)
            raise Unread(node.start, "an index below a Σ")
        first = places[0]
        relation = row[first].text  # type: ignore[attr-defined]
        left, right = row[:first], row[first + 1 :]
        if len(places) == 2:
            second = places[1]
            low, high = self._limit(left), self._limit(row[second + 1 :])
            strict = relation == "<", row[second].text == "<"  # type: ignore[attr-defined]
            return _Bound(
                self._one(row[first + 1 : second], node),
                low + int(strict[0]),
                high + (-int(strict[1])),
            )
        letter = self._one(left, node)
        if relation == "\\in":
            return _Bound(letter, None, None, whole=True)
        limit = self._limit(right)
        match relation:
            case "=":
                return _Bound(letter, limit, None)
            case "\\geq":
                return _Bound(letter, limit, None)
            case ">":
                return _Bound(letter, limit + 1, None)
            case "\\leq":
                return _Bound(letter, None, limit)
            case "<":
                return _Bound(letter, None, limit + (-1))
            case "\\neq":
                return _Bound(letter, None, None, (limit,))
            case _:
                raise Unread(node.start, "bounds of a Σ")

    def _one(self, row: Row, node: Big) -> str:
        if len(row) == 1 and isinstance(row[0], Name):
            return self.index_name(row[0])
        raise Unread(node.start, "an index letter below a Σ")

    def _summed(self, node: Big, bound: _Bound, v: Val) -> Val:
        letter = bound.letter
        kind = node.kind
        ordered = self._domain_of(letter, v.body)
        dim = self.letters.pop(letter, None) if ordered is None else None
        if ordered is None and dim is None:
            if bound.lower is None or bound.upper is None:
                if letter not in letters_in(v.body):
                    raise Unread(node.start, f"where the index {letter} runs, or a use of it")
                raise Unread(node.start, f"what the index {letter} counts")
            return self._big_of(kind, letter, None, bound.lower, bound.upper, v, node, ())
        if ordered is not None:
            self.ordered.pop(letter, None)
            low = bound.lower if bound.lower is not None else Time.at(1)
            high = bound.upper if bound.upper is not None else Time.of(self._horizon(ordered, node))
            low, high = _ascending(low, high)
            for end in (low, high):
                self._order(end, ordered)
            return self._big_of(kind, letter, None, low, high, v, node, bound.without)
        assert dim is not None
        for w in bound.without:
            self._letter_dim(w, dim)
        lower, upper = bound.lower, bound.upper
        if (
            upper is not None
            and upper.shift == 0
            and len(upper.letters) == 1
            and not self._is_bound_letter(upper)
        ):
            said = stated(upper.letters[0][0], self.setting.layer_sizes)
            own = self.dims.find(dim)
            if own.startswith("dim:") and self.dims.find(said) != own:
                raise Unread(node.start, f"a sum over {own[4:]} entries")
            if self.dims.is_merged(dim) and said not in self._stated_dims(letter, v.body):
                self.dims.suppose(f"{upper.letters[0][0]} is the number of what {letter} runs over")
            known = self.setting.size_of.setdefault(upper.letters[0][0], dim)
            if self.dims.may_be(known, dim):
                self.dims.unify(known, dim)
        whole = lower is None or (lower.is_number and lower.shift in (0, 1))
        free_end = upper is None or not (self._is_bound_letter(upper))
        if whole and free_end:
            return self._big_of(kind, letter, dim, None, None, v, node, bound.without)
        low = lower if lower is not None else Time.at(1)
        high = upper if upper is not None else Time.of(self._size_letter(dim))
        for end in (low, high):
            if not end.is_number and self._is_bound_letter(end):
                self._letter_dim(end, dim)
        return self._big_of(kind, letter, dim, low, high, v, node, bound.without)

    def _stated_dims(self, letter: str, body: Core) -> set[str]:
        """The sizes that the page states of the axes along which a letter runs."""
        found = set()
        for part in walk(body):
            if isinstance(part, Ref):
                slots = self.setting.slots.get(part.name, ())
                before = sum(s != "component" for s in slots)
                for place, index in enumerate(part.index):
                    if any(a == letter for a, _ in index.letters):
                        key = f"{family_key(part.name)}:{place - before}"
                        found.add(self.setting.shared_dims.get(key, ""))
        return found

    def _size_letter(self, dim: str) -> str:
        return f"|{dim}|"

    def _is_bound_letter(self, index: Time) -> bool:
        """Whether a limit names an index of the line (i, t), not a size."""
        return any(self._kind_of(a) == "index" and a in self.letters for a, _ in index.letters)

    def _kind_of(self, letter: str) -> str:
        symbol = self.table.symbol(letter)  # type: ignore[attr-defined]
        return symbol.kind if symbol is not None else ""

    def _domain_of(self, letter: str, body: Core) -> str | None:
        """The ordered domain in which a letter is used, from the families that it stands at."""
        for part in walk(body):
            if isinstance(part, Ref):
                for index, slot in zip(
                    part.index, self.setting.slots.get(part.name, ()), strict=False
                ):
                    if slot in ("time", "layer") and any(a == letter for a, _ in index.letters):
                        return slot
        if letter in self.ordered and letter not in self.letters:
            return self.ordered[letter]
        return None

    def _horizon(self, domain: str, node: Node) -> str:
        return "T" if domain == "time" else "L"

    def _big_of(
        self,
        kind: str,
        letter: str,
        dim: str | None,
        low: Time | None,
        high: Time | None,
        v: Val,
        node: Node,
        without: tuple[Time, ...],
    ) -> Val:
        if kind == "prod" and v.rank == 2 and low is not None and high is not None:
            return self._chain_of(letter, low, high, v)
        if kind == "prod" and v.rank > 2:
            raise Unread(node.start, "no product of arrays over an index")
        return Val(
            v.axes, Sum(kind, letter, dim, low, high, v.body, without), v.row, v.of, v.by, v.loose
        )

    def _chain_of(
        self, letter: str, low: Time, high: Time, v: Val, down: bool | None = None
    ) -> Val:
        """Π of matrices; Jacobians from step to step form one from the first to the last."""
        if down is None:
            self.choices.add("rising")
            down = self.reading.rising == v.flipped
        v = renamed(v)
        a, b = v.axes
        self.dims.unify(a.dim, b.dim)
        row, col = Axis(fresh(), a.dim), Axis(fresh(), a.dim)
        body = Chain(
            letter,
            low,
            high,
            a.letter,
            b.letter,
            a.dim,
            v.body,
            (Time.of(row.letter), Time.of(col.letter)),
            down,
        )
        of, by = _end_of(v.of, letter, high), _end_of(v.by, letter, low)
        return Val((row, col), body, of=of, by=by, flipped=v.flipped)

    def _without_bounds(self, node: Big, v: Val) -> Val:
        if node.kind != "sum":
            raise Unread(node.start, "the bounds of a Π")
        letters = [
            a
            for a in letters_in(v.body)
            if a in self.ordered or (a in self.letters and a not in self.headed)
        ]
        if len(letters) > 1:
            letters = [a for a in letters if a in self.letters and a not in self.headed]
        if len(letters) == 1 and not v.rank:
            return self._summed(node, _Bound(letters[0], None, None), v)
        if v.rank:
            return scalar(total(v))
        raise Unread(node.start, "the index of a Σ")


@dataclass(frozen=True, slots=True)
class _Mark:
    """∂ or d at the front of a fraction's line: its letter, what follows, whether it is ∂⁺, and its order."""  # noqa: E501

    letter: str
    rest: Row
    immediate: bool
    order: bool


@dataclass(frozen=True, slots=True)
class _Bound:
    letter: str
    lower: Time | None
    upper: Time | None
    without: tuple[Time, ...] = ()
    whole: bool = False


def family_key(name: str) -> str:
    """The name of a family without the slots that a form of it leaves out."""
    return "∅".join(p for i, p in enumerate(name.split("∅")) if not i or p.startswith("§"))


def below_time(row: Row) -> list[Row] | None:
    """The component indices below the time of y_{t_k}; None for any other index."""
    row = _bare(row)
    if (
        len(row) != 1
        or not isinstance(row[0], Name)
        or row[0].letter not in ("t", "\\tau")
        or row[0].below is None
        or row[0].above is not None
    ):
        return None
    inner = _split(row[0].below, (",",))
    rows = [
        p
        for part in inner
        for p in (
            [part]
            if len(inner) > 1 or (len(part) > 1 and not all(isinstance(n, Name) for n in part))
            else [(n,) for n in part]
        )
    ]
    return (
        rows
        if all(
            len(r) == 1
            and isinstance(r[0], Name)
            and r[0].below is None
            and len(r[0].letter) == 1
            and r[0].letter in "ijklmnpq"
            for r in rows
        )
        else None
    )


def _holds(argument: Arg, by: Ref) -> bool:
    """Whether a function's argument is the quantity itself."""
    own = argument.body
    return (
        isinstance(own, Ref)
        and own.name == by.name
        and len(own.index) == len(by.index)
        and own.index[: len(own.index) - len(argument.letters)]
        == by.index[: len(own.index) - len(argument.letters)]
    )


def Where_(body: Core, formal: Ref, value: Core) -> Core:
    """A formula with a formal replaced, after it was differentiated: explicit slopes, so nothing is captured."""  # noqa: E501
    from derive.algebra.slopes import NoSlope, slope

    assert isinstance(body, D)
    try:
        return replaced(slope(body.of, formal), ((formal, (), scalar(value)),))
    except NoSlope as error:
        raise Unread(0, str(error)) from None


def replaced(x: Core, table: tuple[tuple[Ref, tuple[Axis, ...], Val], ...]) -> Core:
    """Formals replaced by arguments, everywhere but in derivatives by them."""
    if isinstance(x, Ref):
        for formal, axes, arg in table:
            kept = len(formal.index) - len(axes)
            if (
                x.name == formal.name
                and len(x.index) == len(formal.index)
                and x.index[:kept] == formal.index[:kept]
            ):
                return move(
                    arg.body, {a.letter: i for a, i in zip(arg.axes, x.index[kept:], strict=True)}
                )
        return x
    return rebuild(x, lambda p: replaced(p, table))


def _differential(row: Row) -> _Mark | None:
    """∂A or dA: the mark, and A; None for anything else."""
    if not row or not isinstance(row[0], Name):
        return None
    first = row[0]
    if (
        first.letter not in DIFFERENTIALS
        or first.below is not None
        or first.primes
        or first.accents
    ):
        if (
            first.letter == "\\delta"
            and first.below is None
            and first.above is None
            and len(row) > 1
            and first.style == ""
        ):
            return _Mark("\\partial", row[1:], False, False) if isinstance(row[1], Name) else None
        return None
    immediate = order = False
    if first.above is not None:
        immediate = spelled(first.above) == "+"
        order = not immediate
    return _Mark(first.letter, row[1:], immediate, order)


def _terms(row: Row) -> tuple[list[Row], list[int]]:
    """The terms of a row and their signs."""
    terms: list[Row] = []
    signs: list[int] = []
    sign = 1
    here: list[Node] = []
    previous: Node | None = None
    for node in row:
        plain = isinstance(node, Sign) and node.text in ("+", "-")
        after_operator = isinstance(previous, Sign) and (
            previous.text in TIMES or previous.text == "/"
        )
        inside_big = isinstance(previous, Big)
        after_function = (
            isinstance(previous, Name) and previous.style == "op" and (previous.letter in SPELLED)
        )
        if plain and not after_operator and not inside_big and not after_function:
            if here:
                terms.append(tuple(here))
                signs.append(sign)
                sign, here = 1, []
            if node.text == "-":  # type: ignore[attr-defined]
                sign = -sign
        else:
            here.append(node)
        previous = node
    if here:
        terms.append(tuple(here))
        signs.append(sign)
    elif terms and isinstance(previous, Sign):
        raise Unread(previous.start, f"a term behind {previous.text}")
    if terms:
        terms[-1] = _without_end(terms[-1])
        if not terms[-1]:
            terms.pop()
            signs.pop()
    return terms, signs


def _without_end(row: Row) -> Row:
    while row and isinstance(row[-1], Sign) and row[-1].text in (".", ",", ";", ":", "!"):
        row = row[:-1]
    return row


def _split(row: Row, marks: Sequence[str]) -> list[Row]:
    found: list[list[Node]] = [[]]
    for node in row:
        if isinstance(node, Sign) and node.text in marks:
            found[-1:] = [found[-1], []]
        else:
            found[-1].append(node)
    return [tuple(part) for part in found if part] if len(found) > 1 else [row]


def _parted(row: Row) -> tuple[Row, Row]:
    """A cell of cases that holds its condition, too: at its first comma or words."""
    for i, node in enumerate(row):
        if isinstance(node, Words) or (isinstance(node, Sign) and node.text in (",", ":")):
            return row[:i], row[i:]
    return row, ()


def _bare(row: Row) -> Row:
    """A row without brackets around all of it."""
    while (
        len(row) == 1
        and isinstance(row[0], Group)
        and row[0].above is None
        and row[0].below is None
    ):
        row = row[0].inside
    return row


def _is_top(row: Row, value: Val, arrays: bool) -> bool:
    shown = spelled(row)
    if shown in (
        "\\top",
        "\\intercal",
        "\\mathsf{T}",
        "\\mathrm{T}",
        "\\text{T}",
        "\\mathtt{T}",
        "\\mathbf{T}",
        "'",
    ):
        return True
    return shown in ("T", "t", "\\prime") and arrays and (value.rank > 0 or shown == "T")


def _is_open(row: Row) -> bool:
    r"""The colon of A_{:,j}, the dot of A_{i,\cdot}: all entries along that axis."""
    row = _bare(row)
    return (
        len(row) == 1
        and isinstance(row[0], Sign)
        and row[0].text in (":", "\\cdot", "*", "\\bullet")
    )


def _is_open_index(index: Time) -> bool:
    return bool(index.letters) and index.letters[0][0].startswith("\\,open")


def _is_bar(row: Row) -> bool:
    """Whether a cell only shows that a column goes on: |, dots, or nothing."""
    return not row or all(
        isinstance(n, Sign) and n.text in ("|", "\\vert", "\\mid", "\\dots") for n in row
    )


def _side_by_side(row: Row) -> bool:
    """Names with an index and dots, nothing between them: x_1 x_2 … x_n."""
    names = [n for n in row if isinstance(n, Name) and n.below is not None]
    dots = [n for n in row if isinstance(n, Sign) and n.text == "\\dots"]
    return len(dots) == 1 and len(names) > 1 and len(names) + 1 == len(row)


def _says_same(node: Node) -> bool:
    r"""(\text{same})^T, (\cdot)^T: the factor before, once more."""
    if not isinstance(node, Group) or node.opening not in ("(", "[") or node.above is None:
        return False
    inside = "".join(
        n.letter if isinstance(n, Name) else n.text if isinstance(n, Words | Sign) else "?"
        for n in node.inside
    )
    return inside.strip().strip("\\") in ("same", "cdot", "*", "dots", "ditto")


def _only_dots(row: Row) -> bool:
    return bool(row) and all(isinstance(n, Sign) and n.text in ("\\dots", ".", ",") for n in row)


def _number(node: Number) -> Core:
    text = node.text.replace(",", "")
    places = len(text.split(".")[1]) if "." in text else None
    return Num(Fraction(text), places)


def _start(row: Row) -> int:
    return row[0].start if row else 0


def each_sign(v: Val) -> Val:
    return replace(v, body=neg(v.body))


def _counted_by_the_numerator(run: Run) -> Run:
    """∂h_{r+1}/∂h_r for r = k … t-1 as ∂h_r/∂h_{r-1} for r = k+1 … t."""
    body = run.bodies[0]
    if not isinstance(body, D) or not isinstance(body.of, Ref):
        return run
    shifts = [i.shift for i in body.of.index if any(a == run.letter for a, _ in i.letters)]
    if not shifts or not shifts[0]:
        return run
    back = {run.letter: Time.of(run.letter, -shifts[0])}
    return replace(
        run,
        lower=run.lower + Time.at(shifts[0]),
        upper=run.upper + Time.at(shifts[0]),
        bodies=tuple(move(b, back) for b in run.bodies),
    )


def _tag(v: Val) -> Core:
    """What a derivative is of, the same for all names of its axes."""
    return move(v.body, {a.letter: Time.of(f"\\,axis{i}") for i, a in enumerate(v.axes)})


def _identity(ones: bool = False) -> Val:
    dim = fresh("dim")
    a, b = Axis(fresh(), dim), Axis(fresh(), fresh("dim") if ones else dim)
    return Val((a, b), ONE if ones else Delta(Time.of(a.letter), Time.of(b.letter)))


def _end_of(tag: tuple[Core, int] | None, letter: str, at: Time) -> tuple[Core, int] | None:
    return None if tag is None else (move(tag[0], {letter: at}), tag[1])


def _argument(v: Val) -> Arg:
    v = renamed(v)
    return Arg(tuple(a.letter for a in v.axes), tuple(a.dim for a in v.axes), v.body)


def _ascending(low: Time, high: Time) -> tuple[Time, Time]:
    """Bounds that are written from the last step down to the first, turned round."""
    if high.is_number and not low.is_number and high.shift <= 1:
        return high, low
    return low, high


def _plain_letters(index: tuple[Time, ...]) -> list[str]:
    return [
        i.letters[0][0] for i in index if len(i.letters) == 1 and i.letters[0][0].startswith("\\,")
    ]


def _hidden_only(occurs: Occurs) -> bool:
    return bool(getattr(occurs, "hidden", 0)) and not occurs.consumed


# -- words that are operators -----------------------------------------------------------------------


def _softmax(self: Elaborator, args: list[Val], node: Name) -> Val:
    """Of a vector; of a matrix along the axis that the page says, or that is a parameter's own, else row by row."""  # noqa: E501
    (v,) = args
    v = renamed(v)
    if v.rank not in (1, 2):
        raise Unread(node.start, "softmax of a vector")
    own = sorted(self.parameter_at(v)) if v.rank == 2 else []
    if v.rank == 2 and isinstance(v.body, Ref) and v.body.name in self.setting.made_along:
        own = [self.setting.made_along[v.body.name]]
    a = v.axes[own[0] if len(own) == 1 and not self.setting.rowwise else -1]
    if v.rank == 2 and not self.setting.rowwise and len(own) != 1:
        self.dims.suppose("softmax of a matrix is taken of each of its rows")
    other = fresh()
    below = summed(other, a.dim, Fn("\\exp", (move(v.body, {a.letter: Time.of(other)}),)))
    return Val(v.axes, over(Fn("\\exp", (v.body,)), below), v.row)


def _prod(self: Elaborator, args: list[Val], node: Name) -> Val:
    """prod(∂a/∂b, ∂b/∂c): the product of the chain rule, transposed and turned as the shapes need."""
    met = chained(args[0], args[1], self.dims) if len(args) == 2 else None
    if met is None:
        raise Unread(node.start, "two derivatives that meet in prod")
    return met


def _without_axis(parts: list[Row]) -> tuple[list[Row], int | None]:
    """The arguments without axis=-1, dim=0, keepdims=True, and the axis."""
    kept: list[Row] = []
    along: int | None = None
    for part in parts:
        first = part[0] if part else None
        keyword = first.letter if isinstance(first, Name) else ""
        if keyword in ("axis", "dim", "keepdims", "keepdim") and len(part) > 2:
            shown = spelled(part[2:])
            if keyword in ("axis", "dim") and re.fullmatch(r"-?[01]", shown):
                along = int(shown)
                continue
            if keyword.startswith("keepdim"):
                continue
        kept.append(part)
    return kept, along


def _sum_along(v: Val, along: int, node: Name) -> Val:
    """The sums along one axis of a matrix, each standing at every entry that it is of, as where the axis is kept."""  # noqa: E501
    v = renamed(v)
    if v.rank == 1:
        return Val((replace(v.axes[0], letter=fresh()),), total(v))
    if v.rank != 2:
        raise Unread(node.start, "a matrix that is summed along an axis")
    axes = list(v.axes)
    summed_axis = axes[along]
    axes[along] = replace(summed_axis, letter=fresh())
    return Val(tuple(axes), summed(summed_axis.letter, summed_axis.dim, v.body))


def _trace(self: Elaborator, args: list[Val], node: Name) -> Val:
    (v,) = args
    if v.rank != 2:
        raise Unread(node.start, "the trace of a matrix")
    v = renamed(v)
    a, b = v.axes
    self.dims.unify(a.dim, b.dim)
    return scalar(summed(a.letter, a.dim, move(v.body, {b.letter: Time.of(a.letter)})))


def _diag(self: Elaborator, args: list[Val], node: Name) -> Val:
    return diagonal(args[0])


def _most(word: str, args: list[Val], node: Name, dims: Dims) -> Val:
    if len(args) != 2:
        raise Unread(node.start, f"two arguments of {word}")
    x, y = args
    zero = x if x.body == ZERO else y if y.body == ZERO else None
    if word == "max" and zero is not None:
        return each(lambda b: Fn("\\relu", (b,)), y if zero is x else x)
    if x.rank == y.rank == 0:
        return scalar(Fn(word, (x.body, y.body)))
    raise Unread(node.start, f"{word} of numbers")


WORDS: dict[str, Callable[[Elaborator, list[Val], Name], Val]] = {
    "softmax": _softmax,
    "diag": _diag,
    "Diag": _diag,
    "tr": _trace,
    "Tr": _trace,
    "trace": _trace,
    "\\max": lambda self, args, node: _most("max", args, node, self.dims),
    "\\min": lambda self, args, node: _most("min", args, node, self.dims),
    "max": lambda self, args, node: _most("max", args, node, self.dims),
    "min": lambda self, args, node: _most("min", args, node, self.dims),
    "sum": lambda self, args, node: scalar(total(args[0])),
    "prod": _prod,
    "rowsum": lambda self, args, node: row_sums(args[0]),
}
