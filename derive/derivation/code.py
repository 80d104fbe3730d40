"""The proved backward pass as a program: each line of the gradients' derivation, in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derive.algebra.expression import (
    BigSum,
    Equation,
    Expr,
    Gradient,
    Time,
    Variable,
    move,
    replace,
    terms_of,
    walk,
)
from derive.derivation.gradients import gradients
from derive.errors import DeriveError
from derive.model.calculus import Calculus, constants, identity
from derive.model.recurrence import NOW, Recurrence, variables
from derive.model.shapes import ONES, is_scalar
from derive.notation.latex import latex, time_text
from derive.notation.python import NumPy, identifier, peeled
from derive.proof.setting import EveryHorizon


@dataclass(frozen=True, slots=True)
class Line:
    """`target` = `value`, and the proved formula that it is, in LaTeX."""

    target: str
    value: str
    formula: str

    @property
    def name(self) -> str:
        """The target without its time: d_h for d_h[t]."""
        return self.target.split("[")[0]

    @property
    def parameter(self) -> str:
        """What a gradient is by: W for d_W."""
        return self.name.removeprefix("d_")


@dataclass(frozen=True, slots=True)
class Program:
    """What a template needs: names, the forward lines, the adjoints and the gradients."""

    parameters: tuple[str, ...]
    inputs: tuple[str, ...]
    initial: tuple[tuple[str, str, int], ...]
    steps: tuple[Line, ...]
    cost: str
    units: tuple[Line, ...]
    adjoints: tuple[Line, ...]
    sums: tuple[Line, ...]
    outside: tuple[Line, ...]


def program(recurrence: Recurrence, wrt: Sequence[Variable]) -> Program:
    """The program for the gradients by `wrt`: linear in T, each adjoint a variable of its own.

    Raises DeriveError for a model without a general step, with given states or abstract functions.
    """
    setting = EveryHorizon(recurrence)
    _refuse_one_name_for_two(recurrence)
    _refuse_open(setting)
    if recurrence.fixed or setting.start or len(recurrence.shared) > 1:
        raise DeriveError(
            "code is written for models whose initial states are arguments "
            "and whose one quantity without time is the cost"
        )
    theorems = {by: gradients(setting, by) for by in wrt}
    known = {
        chain.equation.left: chain.equation
        for theorem in theorems.values()
        for chain in theorem.derivation.chains
    }
    write = _printer(recurrence)
    nodes = [Variable(name, NOW) for name in reversed(setting.order)]
    equations = [known[g] for n in nodes if (g := Gradient(setting.cost, n)) in known]
    finals = [theorem.claim for theorem in theorems.values()]
    return Program(
        parameters=tuple(map(write, recurrence.parameters)),
        inputs=tuple(map(identifier, recurrence.inputs)),
        initial=tuple(_initial(recurrence)),
        steps=tuple(_line(write, Equation(d.target, d.body)) for d in recurrence.steps),
        cost=_cost(write, recurrence),
        units=tuple(_units(recurrence, [*equations, *finals])),
        adjoints=tuple(_adjoint(write, equation) for equation in equations),
        sums=tuple(_gradient(write, claim, inside=True) for claim in finals),
        outside=tuple(_gradient(write, claim, inside=False) for claim in finals),
    )


def _refuse_one_name_for_two(recurrence: Recurrence) -> None:
    seen = {"T": "T", "t": "t", "np": "np", "cost": "cost"}
    names = [v.name for d in recurrence.definitions for v in (d.target, *variables(d.body))]
    for name in dict.fromkeys(names):
        other = seen.setdefault(identifier(name), name)
        if other != name or name in ("T", "t", "np", "cost"):
            raise DeriveError(f"{name} and {other} would have one name in the code")


def _refuse_open(setting: EveryHorizon) -> None:
    """DeriveError where a line of the program would have no closed form."""
    recurrence = setting.recurrence
    if recurrence.functions:
        raise DeriveError(
            f"{recurrence.functions[0]} is an abstract function: there is no code for it"
        )
    for name in setting.order:
        step = Variable(name, NOW)
        if setting.uses(setting.cost, step) and setting.local(setting.cost, step) is None:
            raise DeriveError(f"{latex(setting.cost)} is no sum over all {latex(step)}")


def _printer(recurrence: Recurrence) -> NumPy:
    calculus = Calculus(recurrence.shapes)
    return NumPy(lambda expr: is_scalar(calculus.shape(expr)))


def _line(write: NumPy, equation: Equation) -> Line:
    return Line(write(equation.left), write.line(equation.right), latex(equation))


def _initial(recurrence: Recurrence) -> Iterator[tuple[str, str, int]]:
    """Each initial state: its argument, its name and its time."""
    for v in recurrence.initial:
        assert v.time is not None
        mark = str(v.time.shift).replace("-", "minus_")
        yield f"{identifier(v.name)}_{mark}", identifier(v.name), v.time.shift


def _cost(write: NumPy, recurrence: Recurrence) -> str:
    (definition,) = recurrence.shared
    pieces = []
    for term in terms_of(definition.body):
        pieces.append(_summed(write, term))
    return " + ".join(pieces)


def _summed(write: NumPy, term: Expr) -> str:
    """A term of the cost, with its Σ as a Python sum."""
    for part in walk(term):
        if isinstance(part, BigSum):
            stop = time_text(part.upper + 1)
            body = write(move(part.body, {}))
            summed = f"sum({body} for {part.index} in range({time_text(part.lower)}, {stop}))"
            name = Variable("summed")
            rest = _replaced(term, part, name)
            return write(rest).replace("summed", summed)
    return write(term)


def _replaced(term: Expr, part: Expr, name: Variable) -> Expr:
    return replace(term, {part: name})


def _units(recurrence: Recurrence, equations: Sequence[Equation]) -> Iterator[Line]:
    """The identities, zeros and ones that the lines name, with their sizes."""
    known = constants(recurrence.shapes)
    used = dict.fromkeys(
        v.name
        for e in (*equations, *(Equation(d.target, d.body) for d in recurrence.steps))
        for v in variables(e.right)
        if v.name in known or v.name == ONES
    )
    shapes = {**known, **recurrence.shapes}
    letters = {a for name in used for size in shapes[name] for a, _ in size.letters}
    for letter in sorted(letters):
        yield Line(identifier(letter), _size_of(recurrence, letter), "")
    for name in used:
        rows, columns = (_size(size) for size in shapes[name])
        if name == ONES:
            yield Line(identifier(name), f"np.ones(({rows}, {columns}))", "")
        elif name == identity(shapes[name][0]).name:
            yield Line(identifier(name), f"np.eye({rows})", "")
        else:
            yield Line(identifier(name), f"np.zeros(({rows}, {columns}))", "")


def _size(size: Time) -> str:
    return time_text(size).replace("{", "").replace("}", "")


def _size_of(recurrence: Recurrence, letter: str) -> str:
    """Where an argument shows how large a dimension is."""
    for p in recurrence.parameters:
        for axis, size in enumerate(recurrence.shapes[p.name]):
            if size.letters == ((letter, 1),) and not size.shift:
                return f"{identifier(p.name)}.shape[{axis}]"
    for v in recurrence.initial:
        if recurrence.shapes[v.name][0].letters == ((letter, 1),):
            return f"{identifier(v.name)}[{v.time.shift if v.time else 0}].shape[0]"
    for name in recurrence.inputs:
        if recurrence.shapes[name][0].letters == ((letter, 1),):
            return f"{identifier(name)}[1].shape[0]"
    raise DeriveError(f"no argument of the code has the dimension {letter}")


def _adjoint(write: NumPy, equation: Equation) -> Line:
    """The adjoint at step t; what a later step contributes only where there is one."""
    assert isinstance(equation.left, Gradient)
    pieces = []
    for term in terms_of(equation.right):
        ahead = _ahead(term)
        text = write(term)
        pieces.append(f"({peeled(text)} if t + {ahead} <= T else 0)" if ahead else text)
    return Line(write(equation.left), peeled(" + ".join(pieces)) or "0", latex(equation))


def _ahead(term: Expr) -> int:
    """How many steps after t the term looks."""
    found = [0]
    for part in walk(term):
        variable = part.by if isinstance(part, Gradient) else part
        if isinstance(variable, Variable) and variable.time is not None:
            ahead = variable.time - NOW
            if not ahead.is_number:
                raise DeriveError(f"{latex(part)} is no fixed number of steps away")
            found.append(ahead.shift)
    return max(found)


def _gradient(write: NumPy, claim: Equation, inside: bool) -> Line:
    """What each step adds to a gradient, or what the cost's own use of the parameter adds."""
    assert isinstance(claim.left, Gradient)
    pieces = []
    for term in terms_of(claim.right):
        if isinstance(term, BigSum) and inside:
            pieces.append(write(move(term.body, {term.index: NOW})))
        elif not isinstance(term, BigSum) and not inside:
            pieces.append(write(term))
    return Line(write(claim.left), peeled(" + ".join(pieces)) or "0", latex(claim))
