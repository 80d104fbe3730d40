"""What a display says: statements, members, conditions."""

import pytest

from derive.text.page import Chain, Formula
from derive.text.read import read
from derive.text.spelled import spelled


def said(chain: Chain) -> str:
    """A chain in one line: members with their relations, then conditions."""
    members = " ".join(f"{m.relation} {spelled(m.tree)}".strip() for m in chain.members)
    conditions = "".join(f" | {spelled(row)}" for row in chain.conditions)
    return ("… " if chain.continues else "") + members + conditions


def formulas(text: str, path: str = "page.tex") -> tuple[Formula, ...]:
    return read(path, text).formulas


TABLE = (
    (r"\[ a = b = c \]", ["a = b = c"]),
    (r"\begin{align} a &= b \\ &= c \\ d &= e \end{align}", ["a = b = c", "d = e"]),
    (r"\begin{align} C = & f C \nonumber \\ & + g u \\ D = & e \end{align}", ["C = fC+gu", "D = e"]),
    (r"\begin{align} a &= b + \\ & c \end{align}", ["a = b+c"]),
    (r"\begin{align} a &= b \\ & - c \end{align}", ["a = b-c"]),
    (r"\begin{eqnarray} a &=& b \\ &\approx& c \end{eqnarray}", [r"a = b \approx c"]),
    (r"\begin{IEEEeqnarray}{rCl} a &=& b \\ c &=& d \end{IEEEeqnarray}", ["a = b", "c = d"]),
    (r"\begin{alignat}{2} a &= b & c &= d \end{alignat}", ["a = b", "c = d"]),
    (r"\begin{gather} a = b \\ c = d \end{gather}", ["a = b", "c = d"]),
    (r"\begin{equation} \begin{split} a &= b \\ &= c \end{split} \end{equation}", ["a = b = c"]),
    (r"\[ \left\{ \begin{array}{l} a = b \\ c = d \end{array} \right. \]", ["a = b", "c = d"]),
    (r"\[ \begin{cases} h_t = a \\ y_t = b \end{cases} \]", ["h_t = a", "y_t = b"]),
    (r"\[ a = b, \quad c = d, \quad e = f \]", ["a = b", "c = d", "e = f"]),
    (r"\[ a = b; \; c = d \]", ["a = b", "c = d"]),
    (r"\[ a = b \text{ and } c = d \]", ["a = b", "c = d"]),
    (r"\[ a = b \Rightarrow c = d \]", ["a = b", "c = d"]),
    (r"\[ f = a \rightarrow df = b \]", ["f = a", "df = b"]),
    (r"\[ f = a \quad\rightarrow\quad g = b \]", ["f = a", "g = b"]),
    (r"\[ W \leftarrow W - \eta g \]", [r"W \leftarrow W-\eta g"]),
    (r"\[ h_t = f(x_t, y), \quad t = 1, \dots, T \]", [r"h_t = f(x_t,y) | t=1,\dots,T"]),
    (r"\[ h_t = f \quad \forall t \]", [r"h_t = f | \forall t"]),
    (r"\[ h_t = f \text{ for } t < T \]", [r"h_t = f | \text{ for }t<T"]),
    (r"\[ a_j = b, \quad i \neq j \]", [r"a_j = b | i\neq j"]),
    (r"\[ a = 0 \text{ unless } s = t \]", [r"a = 0 | \text{ unless }s=t"]),
    (r"\[ a = b \text{ except at } t = T. \]", [r"a = b | \text{ except at }t=T"]),
    (r"\[ \text{if } i = j: \quad a = b \]", [r"a = b | \text{ if }i=j"]),
    (r"\[ W \in \mathbb{R}^{n} \quad b \in \mathbb{R}^{m} \]",
     [r"W \in \mathbb{R}^n", r"b \in \mathbb{R}^m"]),
    (r"\[ x \in \mathbb{R}^n = y \]", [r"x \in \mathbb{R}^n = y"]),
    (r"\[ a = b \; (= c) \]", ["a = b = c"]),
    (r"\begin{align} a &= b && \text{since } f = g \\ &= c \end{align}", ["a = b = c", "f = g"]),
    (r"\begin{align} \textcircled{1} \quad a &= b, \quad \textcircled{2} \quad c = d \\ &= e \end{align}",
     ["a = b", "c = d = e"]),
    (r"\begin{align} a &= b & \text{for } i \neq j \\ &= c \end{align}",
     [r"a = b = c | \text{ for }i\neq j"]),
    (r"\[ \sum_{i=1}^n a_{j=2} \]", [r"\sum_{i=1}^na_{j=2}"]),
    (r"\[ z_t, u_t = q(h, w) \]", ["z_t,u_t = q(h,w)"]),
    (r"\[ a := b \]", ["a := b"]),
    (r"\[ W \mathrel{+}= b \]", ["W += b"]),
    (r"\[ 0 < a \leq 1 \]", [r"0 < a \leq 1"]),
    (r"$= b$", ["… = b"]),
    (r"$+ g_t u_t$", ["… +g_tu_t"]),
    (r"$-1$", ["-1"]),
    (r"\begin{align*} \onslide<1->{a&=2\\} \onslide<2->{c&=a+b} \end{align*}", ["a = 2", "c = a+b"]),
)  # fmt: skip


@pytest.mark.parametrize("text, expected", TABLE)
def test_a_display_is_its_statements(text: str, expected: list[str]) -> None:
    (formula,) = formulas(text)
    got = [said(chain) for chain in formula.chains]
    assert got == expected


def test_a_formula_goes_on_where_one_ended_in_an_operator() -> None:
    first, second = formulas("$$a = b +$$\n\n$$c$$")
    assert not first.chains[0].continues and second.chains[0].continues


def test_the_members_are_written_where_they_say() -> None:
    page = read("page.md", r"So $$\frac{a}{b} = {\color{red} c} + \hat{d}$$ here.")
    (formula,) = page.formulas
    texts = [page.source.text[m.start : m.end] for m in formula.chains[0].members]
    assert texts == [r"\frac{a}{b}", r"{\color{red} c} + \hat{d}"]


def test_inline_formulas_in_pieces_are_one() -> None:
    (formula,) = formulas("so $`h_t`$ = $`f(`$ $`W`$$`h`$  + $`U x)`$ where", "page.md")
    assert said(formula.chains[0]) == "h_t = f(Wh+Ux)"


def test_words_before_a_statement_are_kept() -> None:
    (formula,) = formulas(r"\[ \text{where } a = b \]")
    assert formula.chains[0].words == "where"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"{}_R v^2 y", "v_R^2y"),
        (r"{}^{n}\!E", "E^n"),
        (r"u {}_{k} r", "ur_k"),
        (r"M{}^a{}_b y", "M_b^ay"),
        (r"\frac{d q}{d{}_R v}", r"\frac{dq}{d_Rv}"),
        (r"\sideset{}{_k}\sum r_k", r"\sum_kr_k"),
        (r"\sideset{}{_{k=1}^n}\sum r_k", r"\sum_{k=1}^nr_k"),
        (r"\sideset{}{'}\sum_k r_k", r"\sum_kr_k"),
    ],
)
def test_scripts_before_a_name(text: str, expected: str) -> None:
    (formula,) = formulas(rf"\[ {text} \]")
    assert spelled(formula.chains[0].members[0].tree) == expected
