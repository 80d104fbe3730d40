"""The proved backward pass as a program: each line of the gradients' derivation, in NumPy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derive.algebra.expression import (
    BigSum,
    Equation,
    Expr,
    Gradient,
    Immediate,
    Time,
    Total,
    Transpose,
    Variable,
    free_letters,
    move,
    rebuild,
    terms_of,
    walk,
)
from derive.derivation.gradients import gradients
from derive.errors import DeriveError
from derive.model.calculus import Calculus, constants, identity
from derive.model.partials import Occurrence, Partials
from derive.model.recurrence import CONSTANTS, END, HORIZON, NOW, STEP, Recurrence, variables
from derive.model.shapes import ONES, SCALAR, is_scalar
from derive.notation.latex import latex
from derive.notation.python import FUNCTIONS, Names, NumPy, identifier, peeled
from derive.notation.unicode import text as written
from derive.proof.setting import EveryHorizon

OWN_SHARE = "\\partial^+"
HELPERS = tuple(name for name in FUNCTIONS.values() if "." not in name)
OWN = (
    *("T", "t", "np", "cost", "gradient", "dict", "enumerate", "float", "range", "sum"),
    "ValueError",
    *HELPERS,
)


@dataclass(frozen=True, slots=True)
class Line:
    """`target` = `value`, and the formula that it is, in LaTeX; for `each` index of `over`, if any."""

    target: str
    value: str
    formula: str
    each: str = ""
    over: str = ""

    @property
    def name(self) -> str:
        """The target without its time: d_h for d_h[t]."""
        return self.target.split("[")[0]


@dataclass(frozen=True, slots=True)
class Share:
    """What a quantity without time takes from each step of a variable: the array `name`, like `like`.

    The target of each line is the time to which it adds.
    """

    name: str
    like: str
    formula: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """What a template needs: names, the forward lines, the adjoints and the gradients.

    `first` stands before the steps and `last` after them; `after` are the adjoints of `last`,
    `before` those of `first`. `begins` says of each input to which step its first element
    belongs. `results` are the parameters differentiated by, each with its gradient. `renamed`
    says what a name means where its letters do not. `scalar` says that there are no vectors.
    """

    parameters: tuple[str, ...]
    inputs: tuple[str, ...]
    begins: tuple[tuple[str, int], ...]
    initial: tuple[tuple[str, str, int], ...]
    arrays: tuple[str, ...]
    least: int
    units: tuple[Line, ...]
    first: tuple[Line, ...]
    steps: tuple[Line, ...]
    last: tuple[Line, ...]
    cost: str
    totals: tuple[Line, ...]
    shares: tuple[Share, ...]
    after: tuple[Line, ...]
    adjoints: tuple[Line, ...]
    before: tuple[Line, ...]
    sums: tuple[Line, ...]
    outside: tuple[Line, ...]
    results: tuple[tuple[str, str], ...]
    renamed: tuple[tuple[str, str], ...]
    scalar: bool

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines of the program, whatever their place."""
        own = (line for share in self.shares for line in share.lines)
        forward = (*self.units, *self.first, *self.steps, *self.last, *self.totals, *own)
        return (*forward, *self.after, *self.adjoints, *self.before, *self.sums, *self.outside)

    @property
    def adjoint_arrays(self) -> tuple[str, ...]:
        """The adjoints that have a value for each step."""
        names = (line.name for line in (*self.adjoints, *self.before) if "[" in line.target)
        return tuple(dict.fromkeys(names))

    @property
    def helpers(self) -> frozenset[str]:
        """The functions that the program uses and NumPy does not have."""
        text = " ".join((self.cost, *(line.value for line in self.lines)))
        return frozenset(name for name in HELPERS if re.search(rf"\b{name}\(", text))


def program(recurrence: Recurrence, wrt: Sequence[Variable]) -> Program:
    """The program for the gradients by `wrt`: linear in T, each adjoint a variable of its own.

    Raises DeriveError for abstract functions, for states that run backward in time and for states that
    are given after step 0.
    """
    if recurrence.functions:
        raise DeriveError(
            f"{recurrence.functions[0]} is an abstract function: there is no code for it"
        )
    setting = EveryHorizon(recurrence)
    if setting.start:
        raise DeriveError("code is written for models whose steps begin at t = 1")
    return _Writer(setting).program(wrt)


class _Writer:
    """Writes one program; it keeps the names that it gave, and what the lines need beside them."""

    def __init__(self, setting: EveryHorizon) -> None:
        self.setting = setting
        self.recurrence = setting.recurrence
        self.names = Names(OWN)
        self.shapes = dict(self.recurrence.shapes)
        self.write = NumPy(self._is_scalar, self.names)
        self.shared: dict[Variable, tuple[Variable, str]] = {}
        self.totals: dict[Expr, Variable] = {}

    def program(self, wrt: Sequence[Variable]) -> Program:
        recurrence, setting = self.recurrence, self.setting
        parameters = tuple(map(self.names.value, recurrence.parameters))
        inputs = tuple(self._array(name) for name in recurrence.inputs)
        initial = tuple(self._initial())
        arrays = tuple(map(self._array, setting.order))
        known, finals = self._proved(wrt)
        made = setting.aggregates()[:-1]
        self._refuse_use_before(made)
        # What the lines need is known when they are written: the adjoints before the shares.
        after, adjoints, before = (
            tuple(self._adjoint(known[v]) for v in group if v in known)
            for group in (
                made[::-1],
                [Variable(name, NOW) for name in reversed(setting.order)],
                self._given()[::-1],
            )
        )
        sums = tuple(self._gradient(claim, inside=True) for claim in finals)
        outside = tuple(self._gradient(claim, inside=False) for claim in finals)
        shares = tuple(self._share(*key) for key in dict.fromkeys(self.shared.values()))
        return Program(
            parameters=parameters,
            inputs=inputs,
            begins=tuple(zip(inputs, map(self._begin, recurrence.inputs), strict=True)),
            initial=initial,
            arrays=arrays,
            least=setting.least,
            units=tuple(self._units([*known.values(), *finals])),
            first=tuple(map(self._definition, self._given())),
            steps=tuple(self._line(Equation(d.target, d.body)) for d in recurrence.steps),
            last=tuple(map(self._definition, made)),
            cost=self._definition(setting.cost).value,
            totals=tuple(self._line(Equation(name, big)) for big, name in self.totals.items()),
            shares=shares,
            after=after,
            adjoints=adjoints,
            before=before,
            sums=sums,
            outside=outside,
            results=tuple((self.names.value(v), self.names.gradient(v)) for v in wrt),
            renamed=tuple((name, _meaning(*thing)) for thing, name in self.names.renamed()),
            scalar=all(map(is_scalar, recurrence.shapes.values())),
        )

    def _proved(self, wrt: Sequence[Variable]) -> tuple[dict[Variable, Equation], list[Equation]]:
        """The proved adjoints, by their nodes, and the gradients by the parameters."""
        theorems = [gradients(self.setting, by) for by in wrt]
        found = [c.equation for theorem in theorems for c in theorem.derivation.chains]
        known = {e.left.by: e for e in found if isinstance(e.left, Gradient)}
        return known, [theorem.claim for theorem in theorems]

    def _array(self, name: str) -> str:
        return self.names.value(Variable(name, NOW))

    def _is_scalar(self, expr: Expr) -> bool:
        return is_scalar(Calculus(self.shapes).shape(expr))

    # -- the forward pass ---------------------------------------------------------------------------

    def _initial(self) -> Iterator[tuple[str, str, int]]:
        """Each initial state: its argument, its name and its time."""
        for v in self.recurrence.initial:
            assert v.time is not None
            mark = str(v.time.shift).replace("-", "minus_")
            name = self.names.value(v)
            yield (
                self.names("initial", latex(v), f"{identifier(v.name)}_{mark}"),
                name,
                v.time.shift,
            )

    def _given(self) -> list[Variable]:
        """What has a value before the first step: constants and given states, in order."""
        made = self.setting.aggregates()
        shared = {d.target for d in self.recurrence.shared}.difference(made)
        targets = shared | {d.target for d in self.recurrence.fixed}
        return [v for v in self.setting.sample.nodes if v in targets]

    def _refuse_use_before(self, made: Sequence[Variable]) -> None:
        for d in (*self.recurrence.steps, *self.recurrence.fixed):
            for v in variables(d.body):
                if v in made:
                    raise DeriveError(f"{latex(v)} is used by a step before all steps are known")

    def _definition(self, target: Variable) -> Line:
        found = (*self.recurrence.fixed, *self.recurrence.shared)
        return self._line(next(Equation(d.target, d.body) for d in found if d.target == target))

    def _line(self, equation: Equation) -> Line:
        write = self.write
        return Line(write(equation.left), write.line(equation.right), latex(equation))

    def _units(self, equations: Sequence[Equation]) -> Iterator[Line]:
        """The identities, zeros and ones that the lines name, with their sizes."""
        known = constants(self.recurrence.shapes)
        rights = [*(e.right for e in equations), *(d.body for d in self.recurrence.definitions)]
        symbols = dict.fromkeys(v for right in rights for v in variables(right))
        for v in symbols:
            if v.name in CONSTANTS and v not in self._given():
                yield Line(self.names.value(v), "np.pi", latex(v))
        used = dict.fromkeys(v.name for v in symbols if v.name in known or v.name == ONES)
        shapes = {**known, **self.recurrence.shapes}
        letters = {a for name in used for size in shapes[name] for a, _ in size.letters}
        for letter in sorted(letters):
            yield Line(self._size_name(letter), self._size_of(letter), "")
        for name in used:
            rows, columns = (self.write.time(size, self._size_name) for size in shapes[name])
            target = self.names.value(Variable(name))
            if name == ONES:
                yield Line(target, f"np.ones(({rows}, {columns}))", "")
            elif name == identity(shapes[name][0]).name:
                yield Line(target, f"np.eye({rows})", "")
            else:
                yield Line(target, f"np.zeros(({rows}, {columns}))", "")

    def _size_name(self, letter: str) -> str:
        return self.names("size", letter)

    def _size_of(self, letter: str) -> str:
        """Where an argument shows how large a dimension is."""
        shapes = self.recurrence.shapes
        for p in self.recurrence.parameters:
            for axis, size in enumerate(shapes[p.name]):
                if size.letters == ((letter, 1),) and not size.shift:
                    return f"{self.names.value(p)}.shape[{axis}]"
        for v in self.recurrence.initial:
            if shapes[v.name][0].letters == ((letter, 1),):
                return f"{self.write(v)}.shape[0]"
        for name in self.recurrence.inputs:
            if shapes[name][0].letters == ((letter, 1),):
                return f"{self._array(name)}[1].shape[0]"
        raise DeriveError(f"no argument of the code has the dimension {letter}")

    def _begin(self, name: str) -> int:
        """The first step at which an input is used: 1, or before it where a step looks back."""
        used = [
            v.time for d in self.recurrence.definitions for v in variables(d.body) if v.name == name
        ]
        first = [time.shift + (1 if time.letters else 0) for time in used if time is not None]
        return min(1, *first)

    # -- the backward pass --------------------------------------------------------------------------

    def _adjoint(self, equation: Equation) -> Line:
        """An adjoint; what a later step contributes only where there is one."""
        assert isinstance(equation.left, Gradient)
        node = equation.left.by
        terms = [
            (_needed(term), self.write(self._settled(term))) for term in terms_of(equation.right)
        ]
        zero = "0" if self._is_scalar(node) else f"np.zeros_like({self.write(node)}, dtype=float)"
        alone = all(needed for needed, _ in terms)
        pieces = []
        for i, (needed, text) in enumerate(terms):
            inside = " and ".join(f"{self.write.time(time)} <= T" for time in needed)
            other = zero if alone and i == 0 else "0"
            pieces.append(f"({peeled(text)} if {inside} else {other})" if inside else text)
        value = peeled(" + ".join(pieces))
        return Line(self.write(equation.left), zero if value == "0" else value, latex(equation))

    def _settled(self, expr: Expr) -> Expr:
        """`expr` with names for what is worked out before: sums over all steps, and shares."""
        match expr:
            case BigSum() if _is_fixed(expr):
                return self._named(self.totals, expr, f"\\Sigma_{{{len(self.totals) + 1}}}")
            case Transpose(Total(of, by) | Immediate(of, by)):
                assert by.time is not None
                name = Variable(f"{OWN_SHARE} {of.name} / {by.name}")
                self.shapes[name.name] = self.shapes.get(by.name, SCALAR)
                self.names("array", name.name, f"own_{self.names.value(by)}")
                self.shared[name] = (of, by.name)
                return Variable(name.name, by.time)
            case _:
                return rebuild(expr, self._settled)

    def _named(self, known: dict[Expr, Variable], expr: Expr, name: str) -> Variable:
        if expr not in known:
            known[expr] = Variable(name)
            self.shapes[name] = Calculus(self.shapes).shape(expr)
            self.names("value", name, f"total_{len(known)}")
        return known[expr]

    def _share(self, of: Variable, name: str) -> Share:
        """∂⁺of/∂name_t for every t, summed up from the places where `of` names it."""
        (key,) = (v.name for v, found in self.shared.items() if found == (of, name))
        lines = [
            self._taken(Variable(key, o.by.time), o)
            for o in Partials(self.recurrence).occurrences(of)
            if o.by.name == name
        ]
        formula = latex(Immediate(of, Variable(name, NOW)))
        like = self.write(Variable(name, NOW))
        return Share(self._array(key), like, formula, tuple(lines))

    def _taken(self, target: Variable, found: Occurrence) -> Line:
        value = self.write.line(self._settled(found.value))
        assert target.time is not None
        big, at = found.inside, self.write.time(target.time)
        if big is None:
            return Line(at, value, "")
        over = f"range({self.write.time(big.lower)}, {self.write.time(big.upper + 1)})"
        return Line(at, value, "", self.names.index(big.index), over)

    def _gradient(self, claim: Equation, inside: bool) -> Line:
        """What each step adds to a gradient, or what is added to it once."""
        assert isinstance(claim.left, Gradient)
        pieces = []
        for term in terms_of(claim.right):
            steps = isinstance(term, BigSum) and (term.lower, term.upper) == (Time.at(1), END)
            if steps and inside:
                assert isinstance(term, BigSum)
                pieces.append(self.write(self._settled(move(term.body, {term.index: NOW}))))
            elif not steps and not inside:
                pieces.append(self.write(self._settled(term)))
        value = peeled(" + ".join(pieces)) or "0"
        return Line(self.write(claim.left), value, latex(claim))


def _is_fixed(big: BigSum) -> bool:
    """Whether a Σ is one number for the whole backward pass."""
    return free_letters(big) <= {HORIZON} and not any(isinstance(p, Gradient) for p in walk(big))


def _needed(term: Expr) -> list[Time]:
    """The times that must lie inside the horizon for the term to be there."""
    found: dict[Time, None] = {}
    for part in walk(term):
        variable = part.by if isinstance(part, Gradient) else part
        if isinstance(variable, Variable) and variable.time is not None:
            now = dict(variable.time.letters).get(STEP, 0)
            if variable.time.shift > 0 and (now or variable.time.is_number):
                found[variable.time] = None
    letters = {time.letters for time in found}
    return [max((t for t in found if t.letters == a), key=lambda t: t.shift) for a in letters]


def _meaning(kind: str, name: str) -> str:
    """What a name of the program stands for, in words."""
    timed = Variable(name, NOW) if kind in ("array", "gradients") else Variable(name)
    if name.startswith(OWN_SHARE):
        return "what a quantity without time takes from each step"
    words = {"value": "", "array": "", "initial": "the initial state ", "index": "the index "}
    return words.get(kind, "the gradient by ") + written(timed)
