"""The binder: what names are, which slots they have, and what the equations of a page do."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.notation.slots import names_in, plain
from derive.notation.symbols import Symbols, bind, described
from derive.text.page import Page
from derive.text.read import read

CELL = (
    r"$h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)$, $y_t = W_{hy} h_t + b_y$, "
    r"$L = \sum_{t=1}^T \ell(y_t)$. "
)
LAYERS = (
    r"The layer: $z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}$, $a^{(l)} = \sigma(z^{(l)})$, "
    r"$C = \ell(a^{(L)})$. "
)


def page(text: str, name: str = "page.md") -> tuple[Page, Symbols]:
    found = read(name, text)
    return found, bind(found)


def shown(symbols: Symbols, text: str) -> list[str]:
    """The occurrences of the page's last formula, spelled."""
    formula = symbols.page.formulas[-1]
    table = symbols.at(formula.number)
    found = []
    for chain in formula.chains:
        for member in chain.members:
            for name, behind, _ in names_in(member.tree):
                o = table.occurrence(name, behind)
                slots = "".join(f"[{domain}:{plain(row)}]" for domain, row in o.indices)
                power = f"^{plain(o.power)}" if o.power else ""
                call = f"({';'.join(map(plain, o.arguments))})" if o.arguments is not None else ""
                copy = f"@{plain(o.copy)}" if o.copy else ""
                marks = "T" * o.transposed + "-" * o.inverse + "'" * o.primes
                found.append(o.key + slots + power + call + copy + marks)
    return found


OCCURRENCES = [
    (CELL + r"$W_{hh}$", ["W_{hh}"]),
    (CELL + r"$b_h$", ["b_h"]),
    (CELL + r"$h_T$", ["h[time:T]"]),
    (CELL + r"$h_t^2$", ["h[time:t]^2"]),
    (CELL + r"$W_{hh}^\top h_t$", ["W_{hh}T", "h[time:t]"]),
    (CELL + r"$W_{hh}^T$", ["W_{hh}T"]),
    (LAYERS + r"$W^{(l+1)}$", ["W[layer:l+1]"]),
    (LAYERS + r"$a^{(2)}$", ["a[layer:2]"]),
    (r"$h^t = w h^{t-1} + x^t$ and $h^T$", ["h[time:T]"]),
    (r"$h^{\langle t \rangle}$", ["h[time:t]"]),
    (r"$a^{[l]}$", ["a[layer:l]"]),
    (r"$y(t) = w y(t-1) + x(t)$ and $y(t+1)$", ["y[time:t+1]"]),
    (r"$c_t = f_t c_{t-1} + i_t g_t$, $i_t = \sigma(W_i x_t)$, $f_t = \sigma(W_f x_t)$. $W_i$", ["W_i"]),
    (r"$c_t = f_t c_{t-1} + i_t g_t$, $i_t = \sigma(W_i x_t)$. $w_{ij}$", ["w[component:i][component:j]"]),
    (r"$z_j = \sum_i w_{ji} x_i$. $w_{12}$", ["w[component:1][component:2]"]),
    (r"$f_\theta(h_{t-1}, x_t)$", [r"f(h_{t-1};x_{t};\theta)", "h[time:t-1]", "x[time:t]"]),
    (r"$f_t = \sigma(x_t)$. $f_W(h)$", ["f(h;W)", "h"]),
    (r"$f(x; \theta)$", [r"f(x;\theta)", "x", r"\theta"]),
    (r"$f(x) = x^2$. $f'(x)$", ["f(x)'", "x"]),
    (r"$w$ is a weight. $y = w(a + b)$", ["y", "w", "a", "b"]),
    (r"$e^{-x}$", ["e^-x"]),
    (r"$e^{-(a + b)}$", ["e^-(a+b)"]),
    (r"$h_t = a h_{t-1}$, $h_T = a^{T-k} h_k$", ["h[time:T]", "a^T-k", "h[time:k]"]),
    (r"$A^{-1} x$", ["A-", "x"]),
    (r"$T_x$", ["T_x"]),
    (r"$\mathcal{L}_{\text{seq}}$", [r"\mathcal{L}_{\text{seq}}"]),
    (r"$h_t = W h_{t-1}$. $\frac{\partial h_t}{\partial W^{(t)}}$", ["h[time:t]", "W@t"]),
    (r"$\frac{\partial L_s}{\partial o_t} = \delta_{st} \frac{\partial L_t}{\partial o_t}$",
     ["L[time:s]", "o[time:t]", r"\delta[time:s][time:t]", "L[time:t]", "o[time:t]"]),
    (r"$\mathbf{z} = W x$, $z_i$", [r"\mathbf{z}[component:i]"]),
    (r"$y^f(t) = u y^g(t-1) + y^s(t)$", ["y^{f}[time:t]", "u", "y^{g}[time:t-1]", "y^{s}[time:t]"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), OCCURRENCES)
def test_what_a_written_name_is(text: str, wanted: list[str]) -> None:
    _, symbols = page(text)
    assert [name for name in shown(symbols, text) if name != "t"][-len(wanted) :] == wanted


KINDS = [
    (CELL, {"h": "variable", "x": "input", "W_{hh}": "parameter", "L": "variable"}),
    (CELL, {"T": "size", "t": "index", r"\ell": "function"}),
    (LAYERS, {"z": "variable", "W": "parameter", r"\sigma": "function", "L": "size", "l": "index"}),
    (r"$\theta \leftarrow \theta - \eta \frac{\partial C}{\partial \theta}$",
     {r"\eta": "constant", r"\theta": "parameter", "C": "variable"}),
    (r"$W \in \mathbb{R}^{n \times d}$, $y = W x$", {"n": "size", "d": "size", "W": "parameter"}),
    (r"$h_t = a h_{t-1} + x_t$", {"a": "parameter", "h": "variable"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), KINDS)
def test_what_a_symbol_is(text: str, wanted: dict[str, str]) -> None:
    _, symbols = page(text)
    kinds = {symbol.key: symbol.kind for symbol in reversed(symbols.records())}
    assert {key: kinds.get(key) for key in wanted} == wanted


ROLES = [
    (r"$h_t = w h_{t-1} + x_t$", "definition"),
    (r"If $w = 1$ the state grows.", "setting"),
    (r"Suppose $y_t = h_t$.", "setting"),
    (r"$W \in \mathbb{R}^{n \times d}$", "shape"),
    (r"$\theta \leftarrow \theta - \eta g$", "assignment"),
    (r"$\theta = \theta - \eta g$", "assignment"),
    (r"$h_t = w h_{t-1}$. $\frac{\partial h_t}{\partial h_{t-1}} = w$", "claim"),
    (r"$f(x) = x^2$. $f'(x) = 2x$", "claim"),
    (r"$\delta_t = \frac{\partial C}{\partial h_t}$", "definition"),
    (r"$\delta_t = \frac{\partial C}{\partial h_t}$. Then $\delta_t = w \delta_{t+1}$", "claim"),
    (r"$z = W x$. Once more: $z = W x$", "claim"),
    (r"$h_t = w h_{t-1}$. Then $h_t = w^t h_0$", "claim"),
    (r"$h_t = w h_{t-1}$, $h_0 = 0$", "definition"),
    (r"$h_t = w h_{t-1}$. From now on $h_t := w h_{t-1} + x_t$", "definition"),
    (r"$a \leq b$", "remark"),
    (r"$x_t$", "remark"),
    (r"$\frac{\partial J}{\partial z} = \delta$", "definition"),
    (r"$\frac{\partial z}{\partial x} = I$", "claim"),
    (r"for all $t = 1, \dots, T$", "setting"),
]


@pytest.mark.parametrize(("text", "wanted"), ROLES)
def test_what_an_equation_does(text: str, wanted: str) -> None:
    found, symbols = page(text)
    assert symbols.roles[found.formulas[-1].number, 0].kind == wanted


LOST = [
    (r"$(z_t, u_t) = q(h_{t-1}, \theta)$", {"z", "u"}),
    (r"$z_t, u_t = q(h_{t-1}, \theta)$", {"z", "u"}),
    (r"$\begin{pmatrix} z_t \\ u_t \end{pmatrix} = q(h_{t-1}, \theta)$", {"z", "u"}),
    (r"$F(h_t, h_{t-1}, \theta) = 0$", {"h"}),
    (r"$q(h_{t-1}, \theta) = z_t$", {"z"}),
    (r"$\log z_t = q(h_{t-1}, \theta)$", {"z"}),
    (r"$z_t \sim p(\cdot \mid h_{t-1})$", {"z"}),
    ("$c_t = f_t c_{t-1}$\n\n$+ g_t u_t$", {"c"}),
]


@pytest.mark.parametrize(("text", "wanted"), LOST)
def test_what_is_made_otherwise_is_lost(text: str, wanted: set[str]) -> None:
    _, symbols = page(text)
    assert set().union(*(role.lost for role in symbols.roles.values())) == wanted


def test_a_second_definition_opens_a_version() -> None:
    text = "# A\n\n$h_t = a h_{t-1}$\n\n# B\n\n$h_t = a h_{t-1} + b h_{t-2}$\n\n$h_t$"
    found, symbols = page(text)
    first, _, last = (symbols.at(f.number).symbol("h") for f in found.formulas)
    assert first is not None and last is not None
    assert (first.version, last.version) == (1, 2)
    assert symbols.roles[found.formulas[0].number, 0].scope[1] < found.formulas[1].number


def test_a_variant_holds_in_its_item() -> None:
    text = "$f_t = \\sigma(x_t)$\n\n- none: $f_t = 1$\n- coupled: $f_t = 1 - i_t$\n\nThen $f_t$"
    found, symbols = page(text)
    last = symbols.at(found.formulas[-1].number).symbol("f")
    assert last is not None and last.version == 1


def test_shapes_are_said() -> None:
    _, symbols = page(
        r"$W \in \mathbb{R}^{n \times d}$, $b \in \mathbb{R}^n$, "
        r"$x \in \mathbb{R}^{1 \times d}$, $y = W x + b$"
    )
    shapes = {s.key: (s.shape, s.row) for s in symbols.records()}
    assert shapes["W"] == (("n", "d"), False)
    assert shapes["b"] == (("n",), False)
    assert shapes["x"] == (("1", "d"), True)


def test_what_a_sentence_calls_symmetric() -> None:
    _, symbols = page("The matrices $Q$ and $R$ are symmetric. $J = x^T Q x$, and $A$ is not.")
    assert {s.key for s in symbols.records() if s.symmetric} == {"Q", "R"}


def test_given_definitions_come_first() -> None:
    model = read("model", "$h_t = w h_{t-1}$").formulas[0].chains
    symbols = bind(read("page.md", r"$\frac{\partial h_t}{\partial h_{t-1}} = w$"), model)
    assert symbols.roles[-1, 0].kind == "definition"


def test_described_as_the_command_prints_it() -> None:
    _, symbols = page(CELL)
    rows = {row["name"]: row for row in described(symbols)}
    assert rows["h"] == {
        "name": "h", "kind": "variable", "slots": ["time"], "shape": None, "version": 1,
        "lines": [1], "note": "",
    }  # fmt: skip
    assert rows[r"\tanh"]["kind"] == "function"


FOLDERS = [Path(__file__).parents[1] / folder for folder in ("right", "wrong")]


@pytest.mark.parametrize(
    "path", [p for f in FOLDERS for p in sorted(f.glob("*.tex"))[:12]], ids=lambda p: p.name
)
def test_every_name_of_a_page_is_known(path: Path) -> None:
    found, symbols = page(path.read_text(encoding="utf-8"), path.name)
    for formula in found.formulas:
        table = symbols.at(formula.number)
        for index, chain in enumerate(formula.chains):
            assert (formula.number, index) in symbols.roles
            for member in chain.members:
                for name, behind, _ in names_in(member.tree):
                    assert table.symbol(table.occurrence(name, behind).key) is not None
