"""Networks of entries against NumPy: the same numbers for the same formula, whatever it is made of."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derive.algebra.expression import (
    Call,
    Expr,
    Hadamard,
    Number,
    Power,
    Product,
    Sum,
    Time,
    Transpose,
    Variable,
)
from derive.model.recurrence import END, model_of
from derive.notation.grammar import parse_formula, scope_of
from derive.verify.entries import Closings, Entries
from derive.verify.frames import Frame
from derive.verify.networks import Atom, Network, collected, constant, single
from derive.verify.tape import NoForm

SIZES = {"n": 2, "d": 3}
SHAPES = {
    "W": ("n", "n"), "A": ("n", "n"), "U": ("n", "d"), "v": ("n", ""), "w": ("n", ""),
    "x": ("d", ""), "s": ("", ""),
}  # fmt: skip
ARRAYS = {
    name: np.random.default_rng(i).integers(-3, 4, [SIZES.get(a, 1) for a in shape]).astype(float)
    for i, (name, shape) in enumerate(SHAPES.items())
}
DEFINITION = "q = s"


def entries() -> Entries:
    scope = scope_of(DEFINITION)
    model = model_of(parse_formula(DEFINITION, scope))
    one = Time.at(1)
    shapes = {
        name: tuple(Time.of(a) if a else one for a in shape) for name, shape in SHAPES.items()
    }
    object.__setattr__(model, "shapes", shapes)
    closings = Closings(model)
    return Entries(model, Frame(END, 4, 2), closings)


ENTRIES = entries()
Typed = tuple[Expr, np.ndarray]


@st.composite
def formulas(draw: st.DrawFn, rows: str, columns: str, depth: int = 3) -> Typed:
    """A formula of the given shape with its value, by NumPy."""
    own = [name for name, shape in SHAPES.items() if shape == (rows, columns)]
    kinds = ["leaf"] if own else []
    if depth:
        kinds += ["sum", "turned", "through", "entrywise", "scaled"]
        kinds += ["outer"] if rows and columns else []
        kinds += ["diagonal"] if rows == columns and rows else []
        kinds += ["function", "square"] if not columns else []
        kinds += ["trace", "norm"] if not rows and not columns else []
    if not kinds:
        kinds = ["turned"] if (columns, rows) in SHAPES.values() else ["outer"]
        depth = 1
    kind = draw(st.sampled_from(kinds))
    less = depth - 1

    def part(a: str, b: str) -> Typed:
        return draw(formulas(a, b, less))

    if kind == "leaf":
        name = draw(st.sampled_from(own))
        return Variable(name), ARRAYS[name]
    if kind == "sum":
        (a, p), (b, q) = part(rows, columns), part(rows, columns)
        return Sum((a, b)), p + q
    if kind == "turned":
        a, p = part(columns, rows)
        return Transpose(a), p.T
    if kind == "through":
        inner = draw(st.sampled_from(("n", "d", "")))
        (a, p), (b, q) = part(rows, inner), part(inner, columns)
        return Product((a, b)), p @ q
    if kind == "outer":
        (a, p), (b, q) = part(rows, ""), part(columns, "")
        return Product((a, Transpose(b))), p @ q.T
    if kind == "entrywise":
        (a, p), (b, q) = part(rows, columns), part(rows, columns)
        return Hadamard((a, b)), p * q
    if kind == "scaled":
        (a, p), (b, q) = part("", ""), part(rows, columns)
        return Product((a, b)), p * q
    if kind == "diagonal":
        a, p = part(rows, "")
        return Call("\\operatorname{diag}", (a,)), np.diag(p[:, 0])
    if kind == "function":
        a, p = part(rows, columns)
        return Call("\\tanh", (a,)), np.tanh(p)
    if kind == "square":
        a, p = part(rows, columns)
        return Power(a, Number(Fraction(2))), p**2
    if kind == "trace":
        a, p = part("n", "n")
        return Call("\\operatorname{tr}", (a,)), np.array([[np.trace(p)]])
    a, p = part("n", "")
    return Power(Call("\\lVert", (a,)), Number(Fraction(2))), np.array([[np.sum(p * p)]])


def sizes_of(atom: Atom, rank: int) -> list[int | None]:
    if atom.kind == "variable":
        return [SIZES[a] for a in SHAPES[atom.name] if a]
    if atom.kind == "δ":
        return [None, None]
    found: list[int | None] = [None] * rank
    for (factors, _), _ in atom.inside:
        for inner, own in factors:
            for i, size in zip(own, sizes_of(inner, len(own)), strict=True):
                if i < rank and size is not None:
                    found[i] = size
    return found


def number(net: Network, at: tuple[int, ...]) -> float:
    """The value of a network at given free indices."""
    total = 0.0
    for (factors, _), c in net:
        ranges: dict[int, int] = {}
        for atom, own in factors:
            for i, size in zip(own, sizes_of(atom, len(own)), strict=True):
                if i >= len(at) and size is not None:
                    ranges[i] = size
        names = sorted(ranges)
        assume(all(i < len(at) or i in ranges for _, own in factors for i in own))
        for chosen in product(*(range(ranges[i]) for i in names)):
            table = dict(enumerate(at)) | dict(zip(names, chosen, strict=True))
            value = float(c)
            for atom, own in factors:
                value *= entry(atom, tuple(table[i] for i in own))
            total += value
    return total


def entry(atom: Atom, at: tuple[int, ...]) -> float:
    match atom.kind:
        case "variable":
            wide = ARRAYS[atom.name]
            full = iter(at)
            index = tuple(next(full) if a else 0 for a in SHAPES[atom.name])
            return float(wide[index])
        case "δ":
            return float(at[0] == at[1])
        case "size":
            assert atom.time is not None
            return float(SIZES[atom.time.letters[0][0]])
        case "call":
            inside = number(atom.inside, at)
            return float({"\\tanh": np.tanh, "\\sqrt": np.sqrt}[atom.name](inside))
        case _:
            raise AssertionError(atom.kind)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(("n ", "nn", "nd", "d ", "  ", " n", " d", "dn")).flatmap(
        lambda s: formulas(s[0].strip(), s[1].strip())
    )
)
def test_a_formula_has_the_value_that_numpy_gives_it(typed: Typed) -> None:
    formula, value = typed
    try:
        tensor = ENTRIES.tensor(formula)
    except NoForm:
        assume(False)
    rows, columns = value.shape
    for i, j in product(range(rows), range(columns)):
        at = (*((i,) if tensor.rows else ()), *((j,) if tensor.cols else ()))
        own = number(tensor.net, at)
        assert abs(own - value[i, j]) <= 1e-9 * (1 + abs(value[i, j]))


W, V = Atom("variable", "W"), Atom("variable", "v")


def net(*factors: tuple[Atom, tuple[int, ...]], free: int = 0) -> Network:
    return collected([(factors, False, Fraction(1))], free)


def test_names_of_summed_indices_and_the_order_of_factors_do_not_matter() -> None:
    assert net((W, (0, 7)), (V, (7,)), free=1) == net((V, (3,)), (W, (0, 3)), free=1)
    assert net((W, (5, 6)), (W, (6, 7))) == net((W, (8, 2)), (W, (1, 8)))


def test_different_contractions_are_different() -> None:
    assert net((W, (5, 6)), (W, (6, 5))) != net((W, (5, 6)), (W, (5, 6)))
    assert net((W, (0, 7)), (V, (7,)), free=1) != net((W, (7, 0)), (V, (7,)), free=1)
    assert net((V, (5,)), (V, (5,))) != net((V, (5,)), (V, (6,)))


def test_a_quotient_is_divided_out() -> None:
    p = Atom("variable", "s")
    below = collected([((), False, Fraction(1)), (((p, ()),), False, Fraction(-1))], 0)
    inverse = Atom("inverse", inside=below, rank=0)
    left = net((p, ()), (inverse, ()))
    right = collected([(((inverse, ()),), False, Fraction(1)), ((), False, Fraction(-1))], 0)
    assert left == right
    assert net((p, ()), (Atom("inverse", inside=single(p, 0), rank=0), ())) == constant(1)
