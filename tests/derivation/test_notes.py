"""Every id of the notes' claims that has a meaning, and the equation of the story that shows it as meant.

The table is kept here, because the notes lie outside of the repository; where they lie next to the
checkout, the ids are compared. Our notation: time below, o_t for the θ^t of the notes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from derive.algebra.expression import Equation, Expr, Product, Sum
from derive.derivation.notes import COPIES, PAIR, Story, notes, proved_equations
from derive.errors import DeriveError
from derive.model.builtin import BUILTIN, EXAMPLES
from derive.notation.grammar import parse_equation, scope_of
from derive.notation.latex import latex
from derive.notation.scope import Scope
from derive.notation.unicode import text

CLAIMS = Path(__file__).parents[3] / "shared" / "notes" / "claims.tsv"


def d(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


def own(of: str, by: str) -> str:
    return rf"\frac{{\partial^{{+}} {of}}}{{\partial {by}}}"


def via(of: str, by: str, through: str) -> str:
    return rf"\left({d(of, by)}\right)_{{{through}}}"


T = r"\theta"
N = "h_{t+1}"
RECURSION = f"{d('C', 'o_t')} {d('o_t', 'h_t')} + {d('C', N)} {d(N, 'h_t')}"
THROUGH_OUTPUT = f"{d('L_t', T)} = {d('L_t', 'o_t')} {d('o_t', T)}"
TWICE = (
    f"{d('C', 'h_t')} = {d('L_t', 'o_t')} {d('o_t', 'h_t')} + ("
    f"{d('L_{t+1}', 'o_{t+1}')} {d('o_{t+1}', N)} + {d('C', 'h_{t+2}')} {d('h_{t+2}', N)}) {d(N, 'h_t')}"
)
TWO_PATHS = (
    rf"{d('L_t', T)} = {d('L_t', 'o_t')} \left({own('o_t', T)}"
    rf" + {d('o_t', 'h_t')} {d('h_t', T)}\right)"
)

DEFINITIONS = {
    "S1": r"h_t = f(h_{t-1}, x_t, \theta)",
    "S2": r"o_t = g(h_t, \theta)",
    "S5": "L_t = L(o_t, y_t)",
    "S6": r"C = \sum_{t=1}^{T} L_t",
    "S18": "L_t = L(o_t, y_t)",
    "S19": r"h_t = f(h_{t-1}, x_t, \theta)",
    "S20": r"o_t = g(h_t, \theta)",
    "S39": r"o_t = g(h_t, \theta)",
}
PAIR_DEFINITIONS = {"S40": "o_t = g(z_t)", "S44": r"z_t = e(h_t, \theta)"}

SHOWN = {
    # S7 is the definition of C under the derivative: its terms, differentiated one by one
    "S7": rf"{d('C', T)} = \sum_{{t=1}}^{{T}} {d('L_t', T)}",
    "S8": f"{d('C', 'L_t')} = 1",
    "S9": rf"{d('C', T)} = \sum_{{t=1}}^{{T}} {d('C', 'L_t')} {d('L_t', T)}",
    "S10": rf"{d('C', T)} = \sum_{{t=1}}^{{T}} {d('L_t', T)}",
    "S11": THROUGH_OUTPUT,
    "S12": f"{d('o_t', T)} = {own('o_t', T)} + {d('o_t', 'h_t')} {d('h_t', T)}",
    "S14": f"{d('L_t', 'h_t')} = {d('L_t', N)} {d(N, 'h_t')} + {d('L_t', 'o_t')} {d('o_t', 'h_t')}",
    "S16": rf"{d('C', T)} = \sum_{{t=1}}^{{T}} {d('L_t', T)}",
    "S17": (
        rf"{d('C', T)} = \sum_{{t=1}}^{{T}} \left\{{{d('C', 'h_t')} {own('h_t', T)}"
        rf" + {d('C', 'o_t')} {own('o_t', T)}\right\}}"
    ),
    "S21": f"{d('C', 'L_t')} = 1",
    "S22": f"{d('C', 'o_t')} = {d('C', 'L_t')} {d('L_t', 'o_t')}",
    "S23": f"{d('C', 'o_t')} = {d('L_t', 'o_t')}",
    "S24": rf"{d('L_t', 'o_t')} = \nabla_{{o_t}} L_t",
    "S25": f"{d('C', 'h_t')} = {RECURSION}",
    "S26": f"{d('C', 'h_t')} = {RECURSION}",
    "S27": f"{d('C', 'h_t')} = {d('L_t', 'o_t')} {d('o_t', 'h_t')} + {d('C', N)} {d(N, 'h_t')}",
    "S29": f"{d('C', 'h_t')} = {via('C', 'h_t', 'o_t')} + {via('C', 'h_t', N)}",
    "S30": f"{d('C', 'h_t')} = {RECURSION}",
    "S36": THROUGH_OUTPUT,
    "S37": TWO_PATHS,
    "S41": THROUGH_OUTPUT,
    "S42": THROUGH_OUTPUT,
    "S43": TWO_PATHS,
    "S34": TWICE,
    "S71": f"{via('L_t', 'h_t', 'o_t')} = {d('L_t', 'o_t')} {d('o_t', 'h_t')}",
    "S72": f"{d('L_t', 'h_t')} = {via('L_t', 'h_t', 'o_t')} + {via('L_t', 'h_t', N)}",
}
PAIR_SHOWN = {
    "S40": f"{d('o_t', T)} = {d('o_t', 'z_t')} {d('z_t', T)}",
    "S44": f"{d('z_t', T)} = {own('z_t', T)} + {d('z_t', 'h_t')} {d('h_t', T)}",
}
COPIES_SHOWN = {
    "S69": f"{d('C', 'w')} = {d('C', 'w_2')} {d('w_2', 'w')} + {d('C', 'w_1')} {d('w_1', 'w')}",
}
CHAIN_RULE_DEFINITIONS = {"S45": "f = z^2", "S46": "z = 4 x + 3"}
CHAIN_RULE_SHOWN = {
    "S47": f"{d('f', 'x')} = {d('f', 'z')} {d('z', 'x')}",
    "S48": rf"{d('f', 'x')} = 2 z \cdot 4",
    "S49": f"{d('f', 'x')} = 32 x + 24",
    "S50": "f = 16 x^2 + 9 + 24 x",
    "S51": f"{d('f', 'x')} = 32 x + 24",
}
PRODUCT_DEFINITIONS = {
    "S52": r"f = \theta h + \theta^2",
    "S53": r"h = 3 \theta",
    "S59": r"f = \theta h + \theta^2",
    "S60": r"h = 3 \theta",
}
HELD = rf"\left({d('f', T)}\right)_{{h\text{{ held}}}}"
PRODUCT_SHOWN = {
    "S54": rf"{d('f', 'h')} {d('h', T)} = \theta \cdot 3",
    "S55": r"\theta \cdot 3 = 3 \theta",
    "S56": f"{d('f', T)} = {own('f', T)} + {d('f', 'h')} {d('h', T)}",
    "S57": rf"{own('f', T)} = 2 \theta + h",
    "S58": rf"{d('f', T)} = 2 \theta + h + \theta {d('h', T)}",
    "S61": f"{d('f', T)} = {via('f', T, 'h')} + {HELD}",
    "S62": f"{d('f', T)} = {d('f', 'h')} {d('h', T)} + {own('f', T)}",
    "S63": rf"{d('f', T)} = \theta \cdot 3 + 2 \theta + h",
    "S64": rf"{d('f', T)} = \theta \cdot 3 + 2 \theta + 3 \theta",
    "S65": rf"{d('f', T)} = 8 \theta",
    "S66": r"f = 3 \theta^2 + \theta^2",
    "S67": r"3 \theta^2 + \theta^2 = 4 \theta^2",
    "S68": rf"{d('f', T)} = 8 \theta",
}
TWO_GRADIENTS = {
    "S31": (
        rf"{d('C', 'h_t')} = \nabla_{{o_t}} L_t \nabla_{{h_t}} o_t"
        rf" + \nabla_{{o_{{t+1}}}} L_{{t+1}} \nabla_{{h_{{t+1}}}} o_{{t+1}} \nabla_{{h_t}} h_{{t+1}}"
        rf" + {d('C', 'h_{t+2}')} \nabla_{{h_{{t+1}}}} h_{{t+2}} \nabla_{{h_t}} h_{{t+1}}"
    ),
}
# What the author meant, in his own notation of gradients.
AS_MEANT = {
    "S28": rf"{d('C', 'h_t')} = \nabla_{{o_t}} L_t \nabla_{{h_t}} o_t + {d('C', N)} {d(N, 'h_t')}",
    "S32": rf"{d('C', 'h_t')} = \nabla_{{o_t}} L_t \nabla_{{h_t}} o_t + {d('C', N)} {d(N, 'h_t')}",
    "S33": rf"{d('C', 'h_t')} = \nabla_{{o_t}} L_t \nabla_{{h_t}} o_t + {d('C', N)} {d(N, 'h_t')}",
    "S35": f"{d('C', T)} = {d('L_1', T)} + {d('L_2', T)} + {d('L_3', T)}",
    "S38": f"{d('h_t', T)} = {own('h_t', T)} + {d('h_t', 'h_{t-1}')} {d('h_{t-1}', T)}",
}
REMARKS = {
    "S3": "names the input x_t",
    "S4": "names the target y_t",
    "S13": "θ is in h_t and in h_{t+1}: a remark in words",
    "S15": "a fragment that the next line repeats",
    "S70": "a picture: what ( )_{o_t} means; S29, S71 and S72 use it",
}

ABSTRACT = BUILTIN["abstract"].definitions
TABLES: tuple[tuple[dict[str, str], tuple[str, ...]], ...] = (
    (SHOWN, ABSTRACT),
    (TWO_GRADIENTS, ABSTRACT),
    (AS_MEANT, ABSTRACT),
    (PAIR_SHOWN, PAIR),
    (COPIES_SHOWN, COPIES),
    (CHAIN_RULE_SHOWN, ("f = z^2", "z = 4 x + 3")),
    (PRODUCT_SHOWN, (r"f = \theta h + \theta^2", r"h = 3 \theta")),
)
CASES = [
    pytest.param(key, line, definitions, id=key)
    for table, definitions in TABLES
    for key, line in table.items()
]
DEFINED = [
    *[(key, line, ABSTRACT, "abstract") for key, line in DEFINITIONS.items()],
    *[(key, line, PAIR, "pair") for key, line in PAIR_DEFINITIONS.items()],
    *[
        (key, line, ("f = z^2", "z = 4x"), "chain-rule")
        for key, line in CHAIN_RULE_DEFINITIONS.items()
    ],
    *[
        (key, line, (r"f = \theta h", r"h = 3 \theta"), "product")
        for key, line in PRODUCT_DEFINITIONS.items()
    ],
]


@cache
def story() -> Story:
    return notes()


def sorted_sums(expr: Expr) -> Expr:
    """`expr` with the terms of every sum in one fixed order; sums inside sums are opened."""
    from derive.algebra.expression import rebuild

    inner = rebuild(expr, sorted_sums)
    if isinstance(inner, Sum):
        flat = [t for p in inner.terms for t in (p.terms if isinstance(p, Sum) else (p,))]
        return Sum(tuple(sorted(flat, key=repr)))
    if isinstance(inner, Product):
        opened = [f for p in inner.factors for f in (p.factors if isinstance(p, Product) else (p,))]
        return Product(tuple(opened))
    return inner


def normal(equation: Equation) -> Equation:
    return Equation(sorted_sums(equation.left), sorted_sums(equation.right))


@cache
def shown() -> frozenset[Equation]:
    found = {normal(e) for e in proved_equations(story())}
    return frozenset(found | {Equation(e.right, e.left) for e in found})


@cache
def scope(definitions: tuple[str, ...]) -> Scope:
    return scope_of(*definitions)


@pytest.mark.parametrize(("key", "line", "definitions"), CASES)
def test_the_story_shows_what_the_notes_mean(
    key: str, line: str, definitions: tuple[str, ...]
) -> None:
    assert normal(parse_equation(line, scope(definitions))) in shown()


@pytest.mark.parametrize(("key", "line", "definitions", "where"), DEFINED)
def test_the_story_defines_what_the_notes_define(
    key: str, line: str, definitions: tuple[str, ...], where: str
) -> None:
    if where == "abstract":
        recurrence = story().recurrence
    elif where == "pair":
        recurrence = story().passages["pair"].setting.recurrence
    else:
        recurrence = story().examples[where][0].setting.recurrence
    defined = {Equation(x.target, x.body) for x in recurrence.definitions}
    assert normal(parse_equation(line, scope(definitions))) in set(map(normal, defined))


def mapped() -> Iterable[str]:
    tables = [table for table, _ in TABLES]
    yield from (key for table in (*tables, REMARKS) for key in table)
    yield from (key for key, *_ in DEFINED)


def test_every_id_is_mapped() -> None:
    assert set(mapped()) == {f"S{i}" for i in range(1, 73)}
    assert not set(REMARKS) & {key for table, _ in TABLES for key in table}


@pytest.mark.skipif(not CLAIMS.is_file(), reason="the notes do not lie next to this checkout")
def test_no_id_of_the_notes_is_missing() -> None:
    with CLAIMS.open(encoding="utf-8", newline="") as file:
        ids = {row["id"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}
    assert ids == set(mapped())


@pytest.mark.parametrize(
    "false_line",
    [
        f"{d('C', 'h_t')} = {d('C', 'o_t')} {d('o_t', 'h_t')}",
        f"{d('C', T)} = {d('L_t', T)}",
        f"{d('C', 'h_t')} = {d('o_t', 'h_t')} {d('C', 'o_t')} + {d('C', N)} {d(N, 'h_t')}",
        f"{d('L_t', T)} = {d('L_t', 'o_t')} {own('o_t', T)}",
    ],
)
def test_the_notes_slips_are_not_shown(false_line: str) -> None:
    assert normal(parse_equation(false_line, scope(ABSTRACT))) not in shown()


def test_example_names() -> None:
    assert set(story().examples) == set(EXAMPLES)
    assert latex(story().by) == r"\theta" and text(story().by) == "θ"


def test_unreadable_lines_are_refused() -> None:
    with pytest.raises(DeriveError):
        parse_equation(r"\dots = \nabla_{o_t} L_t", scope(ABSTRACT))
