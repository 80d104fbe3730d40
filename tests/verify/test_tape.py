"""What the automata prove for every T holds for each T: every formula is worked out beside them."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derive.algebra.expression import (
    BigProduct,
    BigSum,
    Call,
    Expr,
    Immediate,
    Index,
    Power,
    Product,
    Time,
    Total,
    Variable,
    number,
)
from derive.errors import DeriveError
from derive.verify.compare import Worlds
from derive.verify.context import Collector, Context
from derive.verify.machines import Compiler, equal_for_every_horizon
from derive.verify.numbers import Matrix, NoNumber, Numbers, differ
from derive.verify.numbers import plus as matrix_plus
from derive.verify.numbers import times as matrix_times
from derive.verify.pages import read_page
from derive.verify.polynomials import Polynomial, TooLarge, plus, times
from derive.verify.ranges import Range, range_of
from derive.verify.readings import Reading, Resolver
from derive.verify.tape import Machine, NoForm, Segment, Tapes, Windows

MODELS = {
    "plain": r"$h_t = f(h_{t-1}, x_t, \theta)$, $L_t = \ell(h_t, y_t)$, $C = \sum_{t=1}^T L_t$.",
    "mean": r"$h_t = f(h_{t-1}, \theta)$, $L_t = \ell(h_t)$, $C = \frac{1}{T} \sum_{t=1}^T L_t$.",
    "lags": r"$h_t = f(h_{t-1}, h_{t-2}, \theta)$, $L_t = \ell(h_t)$, $C = \sum_{t=1}^T L_t$.",
    "start": r"$h_0 = q(\theta)$, $h_t = f(h_{t-1}, \theta)$, $C = \ell(h_T)$.",
    "late": r"$h_1 = q(\theta)$, $h_t = f(h_{t-1}, \theta)$, $L_t = \ell(h_t)$, $C = \sum_{t=1}^T L_t$.",
    "early": r"$h_t = f(h_{t-1}, \theta)$, $C = \ell(h_{T-2})$.",
    "zero": r"$h_t = f(h_{t-1}, \theta)$, $L_t = \ell(h_t)$, $C = \sum_{t=0}^T L_t$.",
    "feedback": r"$h_t = f(h_{t-1}, o_{t-1}, \theta)$, $o_t = g(h_t, \theta)$, $C = \ell(o_T, o_{T-1})$.",
    "two": r"$h_t = f(h_{t-1}, s_t, \theta)$, $s_t = g(s_{t-1}, h_{t-1})$, $C = \ell(h_T)$.",
    "made": r"$a = p(\theta)$, $b = q(a)$, $h_t = f(h_{t-1}, b, \theta)$, $C = \ell(h_T)$.",
    "memory": r"$m = q(h_0)$, $h_t = f(h_{t-1}, m, \theta)$, $C = \ell(h_T)$.",
    "linear": r"$h_t = \theta h_{t-1} + x_t$, $L_t = \gamma^t h_t$, $C = \sum_{t=1}^T L_t$.",
    "seed": r"$h_0 = \theta$, $h_t = \theta h_{t-1} + x_t$, $o_t = \theta h_t$, $C = o_T$.",
    "gated": r"$h_t = o_t h_{t-1} + x_t$, $o_t = \theta x_t$, $o_1 = \theta$, $C = h_T$.",
}
CLOSED = {"linear", "seed", "gated"}
OPENED = ("", "step", "all")


@cache
def context_of(name: str) -> Context:
    return Collector(read_page("x.tex", f"Let {MODELS[name]}\n")).contexts()[0]


@cache
def worlds_of(name: str) -> Worlds:
    return Worlds(context_of(name))


def resolver_of(name: str) -> Resolver:
    return Resolver(context_of(name), Reading())


def proved(name: str, left: Expr, right: Expr, found: Range, commuting: bool) -> bool:
    """Whether the automata alone, with no look at any value, say that both are equal."""
    for opened in OPENED:
        try:
            if equal_for_every_horizon(resolver_of(name), left, right, found, commuting, opened):
                return True
        except (NoForm, TooLarge, DeriveError):
            continue
    return False


def instances(found: Range, horizon: int) -> list[dict[str, Time]]:
    """The letters that the bounds of a range allow at one T."""
    kept = []
    for chosen in product(range(-3, horizon + 4), repeat=len(found.letters)):
        table = dict(zip(found.letters, chosen, strict=True)) | {"T": horizon, "0": 0}
        if all(table[b.high] - table[b.low] >= b.least for b in found.bounds or ()):
            kept.append({a: Time.at(n) for a, n in table.items() if a != "0"})
    return kept


def counterexample(
    name: str, left: Expr, right: Expr, found: Range, sizes: bool, most: int
) -> object:
    """The first T and indices at which the values differ."""
    horizons = range(found.least, max(found.least, most) + 1)
    for horizon, seed in product(horizons, range(5)):
        numbers = worlds_of(name).numbers(horizon, seed, sizes, False)
        for letters in instances(found, horizon):
            try:
                one, other = numbers.value(left, letters), numbers.value(right, letters)
                if differ(one, other):
                    return horizon, letters, one, other
            except NoNumber:
                continue
    return None


# -- random formulas --------------------------------------------------------------------------------

t, k, s, r, T = (Time.of(a) for a in "tksrT")
FREE = (t, k)


def names(name: str) -> tuple[str, ...]:
    return tuple(d.target.name for d in context_of(name).model.steps)


def times_of(letters: tuple[Time, ...]) -> st.SearchStrategy[Time]:
    numbers = [Time.at(0), Time.at(1), T]
    shifted = [a + i for a in letters for i in (-1, 0, 1)]
    return st.sampled_from([*letters * 2, *shifted, *numbers])


@st.composite
def nodes(draw: st.DrawFn, name: str, letters: tuple[Time, ...]) -> Variable:
    return Variable(draw(st.sampled_from(names(name))), draw(times_of(letters)))


def parameters(name: str) -> list[Variable]:
    model = context_of(name).model
    return [*model.parameters, *(d.target for d in model.shared if d.target != model.cost)]


@st.composite
def derivatives(draw: st.DrawFn, name: str, letters: tuple[Time, ...]) -> Expr:
    below = st.one_of(nodes(name, letters), st.sampled_from(parameters(name)))
    kind = draw(st.sampled_from(("total", "total", "edge", "step", "cost")))
    of = draw(nodes(name, letters))
    if kind == "step":
        back = draw(st.sampled_from(names(name)))
        by: Variable = Variable(back, of.time - draw(st.integers(0, 2))) if of.time else of
        return draw(st.sampled_from((Total, Immediate)))(of, by)
    by = draw(below)
    if kind == "cost":
        return Total(context_of(name).model.cost, by)
    return (Total if kind == "total" else Immediate)(of, by)


@st.composite
def factors(draw: st.DrawFn, name: str, letters: tuple[Time, ...]) -> Expr:
    kind = draw(st.integers(0, 9))
    if kind < 7:
        return draw(derivatives(name, letters))
    if name in CLOSED and kind == 7:
        return draw(nodes(name, letters))
    if name in CLOSED and kind == 8:
        return Power(Variable("\\theta"), Index(draw(times_of(letters))))
    index = s if s not in letters else r
    big = draw(st.sampled_from((BigSum, BigSum, BigProduct)))
    return draw(bigs(name, letters, index, big))


@st.composite
def bigs(
    draw: st.DrawFn, name: str, letters: tuple[Time, ...], index: Time, big: type[Expr]
) -> Expr:
    low, high = draw(times_of(letters)), draw(times_of(letters))
    letter = index.letters[0][0]
    if big is BigProduct:
        step = draw(st.sampled_from(names(name)))
        at = Variable(step, index + draw(st.integers(-1, 1)))
        assert at.time is not None
        before = Variable(draw(st.sampled_from(names(name))), at.time - 1)
        return BigProduct(letter, low, high, draw(st.sampled_from((Total, Immediate)))(at, before))
    count = draw(st.integers(1, 2))
    inner = [draw(factors(name, (*letters, index))) for _ in range(count)]
    return BigSum(letter, low, high, inner[0] if count == 1 else Product(tuple(inner)))


@st.composite
def terms(draw: st.DrawFn, name: str) -> Expr:
    parts = draw(st.lists(factors(name, FREE), min_size=1, max_size=2))
    return parts[0] if len(parts) == 1 else Product(tuple(parts))


# -- machines, run on single tapes ------------------------------------------------------------------


def clipped(apart: int, span: tuple[int, int]) -> int:
    return max(span[0] - 1, min(apart, span[1] + 1))


def tape(tapes: Tapes, horizon: int, letters: dict[str, Time]) -> list[tuple[int, Segment]]:
    """The steps of one tape, from the last one down, and the marks as each step sees them."""
    at = {a: time.shift for a, time in letters.items()} | {"T": horizon, "0": 0}
    marks = ("T", *tapes.letters)
    found = []
    for here in range(horizon + tapes.margin, -tapes.margin - 9, -1):
        above = tuple((a, clipped(at[a] - here, tapes.windows.span(a))) for a in marks)
        found.append((here, Segment(above)))
    return found


def tagged(polynomial: Polynomial, here: int) -> Polynomial:
    """Every symbol and atom with the step at which it is read."""

    def name(plain: str) -> str:
        return plain if plain.startswith("$") else f"{plain}@{here}"

    return {
        (tuple(sorted((name(a), n) for a, n in monomial)), tuple(map(name, word))): c
        for (monomial, word), c in polynomial.items()
    }


def run(machine: Machine, steps: list[tuple[int, Segment]]) -> Polynomial:
    """What a machine makes of one tape."""
    weights: dict[object, Polynomial] = {machine.start: {((), ()): Fraction(1)}}
    for here, segment in steps:
        then: dict[object, list[Polynomial]] = {}
        for state, weight in weights.items():
            for polynomial, after in machine.step(state, segment):
                then.setdefault(after, []).append(times(weight, tagged(polynomial, here)))
        weights = {state: plus(parts) for state, parts in then.items()}
    return plus(w for state, w in weights.items() if machine.final(state))


ATOM = re.compile(
    r"∂(?P<of>[^/]*)/(?P<d>∂?)(?P<by>.*?)(-(?P<lag>\d*)(?P<given>![^@]*)?)?(@(?P<at>-?\d+))?"
)


def symbol_value(name: str, numbers: Numbers, letters: dict[str, Time]) -> Matrix:
    """The value of what a machine calls by this name."""
    if name.startswith("$\\index "):
        return ((Fraction(letters[name.removeprefix("$\\index ")].shift),),)
    name = name.removeprefix("$")
    if "«" in name:
        raise NoNumber("opaque")
    if not name.startswith("∂"):
        stem, mark, at = name.rpartition("@")
        plain = Variable(stem, Time.at(int(at))) if mark else Variable(name)
        return numbers.value(plain, letters)
    found = ATOM.fullmatch(name)
    assert found is not None
    at = Time.at(int(found["at"])) if found["at"] else None
    if found["d"]:
        return numbers.local(Variable(found["of"]), Variable(found["by"], at))
    assert at is not None
    by = Variable(found["by"], at - int(found["lag"]) if found["lag"] else None)
    return numbers.local(Variable(found["of"], at), by)


def evaluated(polynomial: Polynomial, numbers: Numbers, letters: dict[str, Time]) -> Matrix:
    """The value of a polynomial, its words multiplied as matrices in their order."""
    total: Matrix = ((Fraction(0),),)
    for (monomial, word), c in polynomial.items():
        part: Matrix = ((c,),)
        for name in word:
            part = matrix_times(part, symbol_value(name, numbers, letters))
        for name, n in monomial:
            value = symbol_value(name, numbers, letters)[0][0]
            part = matrix_times(part, ((Fraction(value) ** n,),))
        total = matrix_plus(total, part)
    return total


def check_run(name: str, expr: Expr, commuting: bool, opened: str, most: int = 4) -> bool:
    """Whether a machine gives each value of its formula; False where there is no machine."""
    try:
        found = range_of(context_of(name), [expr])
        if found.bounds is None:
            return False
        windows = Windows()
        compiler = Compiler(resolver_of(name), windows, found.letters, commuting, opened)
        machine = compiler.machine(expr)
        tapes = Tapes(found.letters, found.least, found.bounds, windows, compiler.reach)
        for horizon in range(found.least, max(found.least, most) + 1):
            numbers = worlds_of(name).numbers(horizon, 1, not commuting, False)
            for letters in instances(found, horizon)[:40]:
                polynomial = run(machine, tape(tapes, horizon, letters))
                got = evaluated(polynomial, numbers, letters)
                assert not differ(got, numbers.value(expr, letters)), (horizon, letters, polynomial)
    except (NoForm, TooLarge, NoNumber, DeriveError):
        return False
    return True


@pytest.mark.parametrize("name", [name for name in MODELS if name != "memory"])
@settings(max_examples=15, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_a_machine_gives_the_value_of_its_formula_on_each_tape(
    name: str, data: st.DataObject
) -> None:
    expr = data.draw(terms(name))
    opened = data.draw(st.sampled_from(OPENED if name in CLOSED else ("",)))
    commuting = name in CLOSED or data.draw(st.booleans())
    assume(check_run(name, expr, commuting, opened))


H_T, H_K = Variable("h", t), Variable("h", k)
THETA = Variable("\\theta")


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        # A Σ's own step in an exponent is no constant: γ^t of L_t is not the γ^t of the line.
        ("linear", Total(Variable("L", k), H_K), Power(Variable("\\gamma"), Index(t))),
        # C names L_k under a Σ.
        ("plain", Immediate(Variable("C"), Variable("L", k)), number(0)),
        # h_0 reaches every step through m too.
        ("memory", Total(H_T, Variable("h", t - 1)), Immediate(H_T, Variable("h", t - 1))),
        # The letter of a function's own step and another letter are two numbers.
        (
            "linear",
            Call("\\exp", (Product((Index(t), Variable("x", k))),)),
            Call("\\exp", (Product((Index(k), Variable("x", k))),)),
        ),
        # A Σ from 0 brings in L_0.
        (
            "zero",
            Total(Variable("C"), Variable("h", Time.at(0))),
            BigSum("s", Time.at(1), T, Total(Variable("L", s), Variable("h", Time.at(0)))),
        ),
    ],
)
def test_the_automata_do_not_prove_what_values_refute(name: str, left: Expr, right: Expr) -> None:
    found = range_of(context_of(name), [left, right])
    assert counterexample(name, left, right, found, False, 3) is not None
    assert not proved(name, left, right, found, True)
