"""Operators in many clothes: restricted derivatives, copies, what is abridged, ∇ of what a page says."""

from __future__ import annotations

import pytest

from derive.judge.readers import judge
from derive.notation.abridged import shows_part_of
from derive.text.formula import trees_of
from derive.verify.options import Options

CELL = r"""$a_t = W h_{t-1} + U x_t + b$, $h_t = \tanh(a_t)$, $o_t = V h_t$.

The costs are $L_t = \frac12 \| o_t - y_t^* \|^2$ and $L = \sum_{t=1}^T L_t$.
Let $J_t = \frac{\partial h_t}{\partial h_{t-1}}$.
"""


def kinds(page: str) -> list[str]:
    return [f.verdict.kind for f in judge("page.md", page, Options()).formulas]


def last(page: str) -> str:
    return kinds(page)[-1]


def test_a_star_tells_two_quantities_apart() -> None:
    """The cost ||y - y^*||^2 is not 0."""
    page = r"Let $y_t = v s_t$ and $E_t = (y_t - y_t^*)^2$."
    assert last(page + r" $$\frac{\partial E_t}{\partial s_t} = 2 v (y_t - y^*_t)$$") == "proved"
    assert last(page + r" $$\frac{\partial E_t}{\partial s_t} = 0$$") != "proved"
    assert last(page + r" $$\frac{\partial E_t}{\partial s_t} = 2 v (y_t - y_t)$$") != "proved"


ABRIDGED = (
    r"a_t = W h_{t-1} + \ldots",
    r"a_t = \dots + b",
    r"a_t = W h_{t-1} + \cdots + b",
)


@pytest.mark.parametrize("said", ABRIDGED)
def test_a_definition_shown_in_part_is_the_whole_one(said: str) -> None:
    line = r"$$\frac{\partial L_t}{\partial b} = \sum_k \frac{\partial L_t}{\partial a_k} $$"
    found = last(f"{CELL}\nSince ${said}$, we have {line}")
    assert found in ("proved", "tested")


@pytest.mark.parametrize(
    ("short", "part"),
    [
        (r"W h + \ldots", True),
        (r"W h + U x + b, \dots", False),
        (r"f(W h + \ldots)", False),
        (r"b + \ldots", True),
        (r"W h - \ldots - b", False),
        (r"Q h + \ldots", False),
        (r"W h + W h + \ldots", False),
        (r"\ldots", False),
        (r"W h + b", False),
    ],
)
def test_what_shows_a_part(short: str, part: bool) -> None:
    assert shows_part_of(tuple(trees_of(short)), tuple(trees_of("W h + U x + b"))) == part


def test_a_part_inside_a_function() -> None:
    whole = tuple(trees_of(r"\tanh(W h + U x + b)"))
    assert shows_part_of(tuple(trees_of(r"\tanh(W h + \dots)")), whole)
    assert not shows_part_of(tuple(trees_of(r"\sin(W h + \dots)")), whole)


def test_what_is_abridged_first_is_what_follows_in_full() -> None:
    line = r"$$\frac{\partial s_t}{\partial s_{t-1}} = w (1 - s_t^2)$$"
    page = r"Here $s_t = \tanh(w s_{t-1} + \ldots)$, or in full $$s_t = \tanh(w s_{t-1} + x_t)$$ "
    assert last(page + line) == "proved"


@pytest.mark.parametrize(
    "arrows", [r"W \to h_1 \to h_2 \to L_2", r"L_2 \leftarrow h_2 \leftarrow W"]
)
def test_a_path_makes_nothing_of_its_source(arrows: str) -> None:
    line = r"$$\frac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t} + J_{t+1}^\top \frac{\partial L}{\partial h_{t+1}}$$"  # noqa: E501
    assert last(f"{CELL}\nThe path is ${arrows}$.\n\n{line}") == "proved"


DIRECT = r"\frac{\partial L_t}{\partial W} = \sum_{k=1}^t \frac{\partial L_t}{\partial h_t} \left( \prod_{j=k+1}^t J_j \right) \frac{\partial h_k}{\partial W}"  # noqa: E501


@pytest.mark.parametrize("word", ["partial", "direct", "immediate", "local"])
def test_a_word_behind_the_bar_makes_a_derivative_immediate(word: str) -> None:
    assert last(rf"{CELL} $${DIRECT}\bigg|_{{\text{{{word}}}}}$$") in ("proved", "tested")
    one = r"\frac{\partial L_t}{\partial W} = \frac{\partial L_t}{\partial h_t} \frac{\partial h_t}{\partial W}"  # noqa: E501
    assert last(rf"{CELL} $${one}\Big|_{{\text{{{word}}}}}$$") == "refuted"


def test_what_is_said_to_be_fixed_is_held() -> None:
    page = r"Let $s_t = w s_{t-1} + x_t$. "
    line = r"$$\left. \frac{\partial s_t}{\partial w} \right|_{s_{t-1} \text{ fixed}} = s_{t-1}$$"
    other = line.replace("= s_{t-1}", "= 2 s_{t-1}")
    assert last(page + line) in ("proved", "tested")
    assert last(page + other) not in ("proved", "tested")


COPIES = {
    r"\frac{\partial L_t}{\partial W^{(k)}} = \frac{\partial L_t}{\partial h_t} \prod_{j=k+1}^t J_j \cdot \frac{\partial h_k}{\partial W^{(k)}}": (  # noqa: E501
        "proved",
        "tested",
    ),
    r"\frac{\partial L_t}{\partial W} = \sum_{k=1}^t \frac{\partial L_t}{\partial W^{(k)}}": (
        "proved",
    ),
    r"\frac{\partial L_t}{\partial W} = \sum_{k=1}^{t-1} \frac{\partial L_t}{\partial W^{(k)}}": (
        "refuted",
        "unread",
    ),
    r"\frac{\partial h_t}{\partial W^{(k)}} = \frac{\partial h_t}{\partial h_k} \frac{\partial h_k}{\partial W^{(k)}}": (  # noqa: E501
        "proved",
        "tested",
    ),
}


@pytest.mark.parametrize("line", COPIES)
def test_a_letter_beside_a_step_makes_a_copy(line: str) -> None:
    assert last(f"{CELL} $${line}$$") in COPIES[line]


def test_a_sum_without_bounds_runs_where_its_product_does() -> None:
    assert last(f"{CELL} $${DIRECT.replace('_{k=1}^t', '_k', 1)}\\Big|_{{\\text{{direct}}}}$$") in (
        "proved",
        "tested",
    )


def test_a_jacobian_before_an_array_is_summed_over_what_they_share() -> None:
    line = r"\frac{\partial h_t}{\partial W} = \frac{\partial^+ h_t}{\partial W} + J_t \frac{\partial h_{t-1}}{\partial W}"  # noqa: E501
    assert last(f"{CELL} $${line}$$") == "proved"
    assert last(f"{CELL} $${line.replace('J_t', 'J_t^2')}$$") != "proved"


CHAINED = r"""$$s_t = F(s_{t-1}, x_t) = \tanh(A s_{t-1} + B x_t)$$
$$o_t = g(s_t) = C s_t$$
$$E_t = \ell(o_t, y_t) = \frac12 \| o_t - y_t \|^2$$
"""


@pytest.mark.parametrize(
    ("line", "right"),
    [
        (r"\frac{\partial s_t}{\partial s_{t-1}} = \mathrm{diag}(1 - s_t^2) A", True),
        (r"\frac{\partial s_t}{\partial s_{t-1}} = \mathrm{diag}(s_t^2) A", False),
        (r"\frac{\partial E_t}{\partial s_t} = (o_t - y_t)^\top C", True),
        (r"\frac{\partial E_t}{\partial o_t} = 2 (o_t - y_t)^\top", False),
    ],
)
def test_a_chain_defines_the_function_within_it(line: str, right: bool) -> None:
    assert "refuted" not in kinds(CHAINED)
    assert last(f"{CHAINED}\n$${line}$$") == ("proved" if right else "refuted")


@pytest.mark.parametrize(
    "said", [r"q(s_{t-1}) = w r_t", r"q(s_t, w) = q(s_t, w) + 1", r"2 q(s_{t-1}) = w s_{t-1}"]
)
def test_what_is_no_function_of_its_arguments_accuses_nobody(said: str) -> None:
    assert "refuted" not in kinds(rf"Let $m_t = {said}$ and $s_t = w s_{{t-1}} + x_t$.")


SLOTS = r"Let $u_t = f_t(u_{t-1}, p)$, $c_t = g_t(u_t, p)$ and $C = \sum_{t=1}^T c_t$."
STEPS = r"Let $u_1 = f_1(u_0, p)$, $u_2 = f_2(u_1, p)$ and $c = g(u_2, p)$."


@pytest.mark.parametrize(
    ("page", "line", "right"),
    [
        (
            SLOTS,
            r"\frac{\partial u_t}{\partial p} = \frac{\partial f_t}{\partial u_{t-1}} \frac{\partial u_{t-1}}{\partial p} + \frac{\partial f_t}{\partial p}",  # noqa: E501
            True,
        ),
        (
            SLOTS,
            r"\frac{\partial c_{t+1}}{\partial p} = \frac{\partial g_{t+1}}{\partial u_{t+1}} \frac{\partial u_{t+1}}{\partial p} + \frac{\partial g_{t+1}}{\partial p}",  # noqa: E501
            True,
        ),
        (
            SLOTS,
            r"\frac{\partial c_t}{\partial p} = \frac{\partial g_t}{\partial u_t} \frac{\partial u_t}{\partial p}",  # noqa: E501
            False,
        ),
        (
            STEPS,
            r"\frac{\partial c}{\partial p} = \frac{\partial g}{\partial u_2} \frac{\partial u_2}{\partial p} + \frac{\partial g}{\partial p}",  # noqa: E501
            True,
        ),
        (
            STEPS,
            r"\frac{\partial u_2}{\partial p} = \frac{\partial f_2}{\partial u_1} \frac{\partial f_1}{\partial p}",  # noqa: E501
            False,
        ),
    ],
)
def test_a_function_by_its_name_is_differentiated_by_its_slot(
    page: str, line: str, right: bool
) -> None:
    assert (last(f"{page}\n$${line}$$") == "proved") == right


def test_what_a_page_differentiates_by_is_no_index() -> None:
    """A slip, ∂u_p for ∂p, does not make p an index."""
    slip = r"$$\frac{\partial c}{\partial p} = \frac{\partial c}{\partial u_p} + 1$$"
    line = r"$$\frac{\partial u_1}{\partial p} = \frac{\partial f_1}{\partial p} + \frac{\partial f_1}{\partial u_0} \frac{\partial u_0}{\partial p}$$"  # noqa: E501
    page = rf"{STEPS} Also $u_0 = f_0(p)$."
    assert last(f"{page}\n{slip}\n{line}") == "proved"


def test_the_terms_of_a_cost_are_numbers() -> None:
    page = r"Let $e_1 = q(\mathbf{a}, \theta)$, $e_2 = r(\mathbf{b}, \theta)$, $E = e_1 + e_2$."
    line = r"$$\frac{\partial E}{\partial \theta} = \frac{\partial e_1}{\partial \theta} + \frac{\partial e_2}{\partial \theta}$$"  # noqa: E501
    assert last(page + line) == "proved"
    assert last(page + line.replace("+", "-")[: len(line)]) != "proved"


PLAIN = r"Let $f(x) = x^2 + 3 x$ and $g(x, y) = x^2 y$."
FORM = r"Let $q(\mathbf{x}) = \mathbf{x}^\top A \mathbf{x}$ with $A \in \mathbb{R}^{n \times n}$, $\mathbf{x} \in \mathbb{R}^n$."  # noqa: E501


@pytest.mark.parametrize(
    ("page", "line", "right"),
    [
        (PLAIN, r"\nabla f(x) = 2 x + 3", True),
        (PLAIN, r"\nabla f(y) = 2 y + 3", True),
        (PLAIN, r"\nabla f(y) = 2 x + 3", False),
        (PLAIN, r"\nabla f(2 y + 1) = 4 y + 5", True),
        (PLAIN, r"\nabla f(2 y + 1) = 8 y + 10", False),
        (PLAIN, r"\nabla g(x, y) = [2 x y, x^2]^\top", True),
        (PLAIN, r"\nabla g(u_1, u_2) = [2 u_1 u_2, u_1^2]^\top", True),
        (PLAIN, r"\nabla g(u_1, u_2) = [2 u_1 u_2, u_2^2]^\top", False),
        (PLAIN, r"\nabla g(y, x) = [2 x y, y^2]^\top", True),
        (PLAIN, r"\nabla g(y, x) = [2 x y, x^2]^\top", False),
        (PLAIN, r"\nabla g(u, u) = [3 u^2, u^2]^\top", False),
        (FORM, r"\nabla q(\mathbf{x}) = (A + A^\top) \mathbf{x}", True),
        (FORM, r"\nabla q(\mathbf{y}) = (A + A^\top) \mathbf{y}", True),
        (FORM, r"\nabla q(\mathbf{y}) = (A + A^\top) \mathbf{x}", False),
    ],
)
def test_a_gradient_is_taken_where_the_function_is_applied(
    page: str, line: str, right: bool
) -> None:
    assert (last(f"{page}\n$${line}$$") == "proved") == right


LISTED = r"Let $a = r(p)$, $b = q(a, p)$ and $C = G(a, b) = a + 2 b$. The gradient:"


@pytest.mark.parametrize(
    ("line", "right"),
    [
        (r"\nabla G(a, b) = \nabla(a + 2 b) = [1, 2]^\top", True),
        (r"\nabla G(a, b) = \nabla(a + 2 b) = [1, 3]^\top", False),
    ],
)
def test_nabla_of_a_formula_is_by_what_the_line_names(line: str, right: bool) -> None:
    assert (last(f"{LISTED} $${line}$$") == "proved") == right


def test_a_function_of_other_arguments_is_not_put_in() -> None:
    """G(a, b) is not G(p) nor G(a, p): the page writes one cost with what it is made of."""
    for line in (
        r"\nabla G(a, p) = [1 + 2 \frac{\partial q}{\partial a}, 2 \frac{\partial q}{\partial p}]^\top",
        r"\nabla G(p) = \frac{\partial C}{\partial p}",
    ):
        page = rf"{LISTED} $$\nabla G(a, b, p) = 1$$ $${line}$$"
        assert last(page) != "refuted"


LAYER = r"Let $z = W x + b$, $a = \sigma(z)$, $L = \frac12 \| a - y \|^2$ with $W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$."  # noqa: E501


def test_nabla_of_a_weight_is_that_of_the_cost() -> None:
    report = judge(
        "page.md", LAYER + r"$$\nabla W = ((a - y) \odot a \odot (1 - a)) x^\top$$", Options()
    )
    verdict = report.formulas[-1].verdict
    assert verdict.kind == "ambiguous" and "derivative of L" in (verdict.reading or "")
    assert last(LAYER + r"$$\nabla b = 2 (a - y) \odot a \odot (1 - a)$$") == "unread"


NET = r"Let $z_t = W h_{t-1} + U x_t$, $h_t = \sigma(z_t)$ with $h_t \in \mathbb{R}^n$, and $D_t = \mathrm{diag}(\sigma'(z_t))$."  # noqa: E501


@pytest.mark.parametrize(
    ("product", "right"),
    [
        (r"D_t W D_{t-1} W \cdots D_{k+1} W", True),
        (r"D_t W \cdots D_{k+1} W", True),
        (r"D_t \cdot W \cdot D_{t-1} \cdot W \cdots D_{k+1} \cdot W", True),
        (r"\mathrm{diag}(\sigma'(z_t)) W \cdots \mathrm{diag}(\sigma'(z_{k+1})) W", True),
        (r"W D_t \cdots W D_{k+1}", False),
        (r"D_t W D_{t-1} W \cdots D_k W", False),
        (r"D_{k+1} W D_{k+2} W \cdots D_t W", False),
    ],
)
def test_products_of_blocks_run_over_dots(product: str, right: bool) -> None:
    line = rf"$$\frac{{\partial h_t}}{{\partial h_k}} = {product}$$"
    assert last(f"{NET}\n{line}") == ("proved" if right else "refuted")


def test_the_end_of_a_falling_product_is_no_horizon() -> None:
    line = r"$$\frac{\partial h_t}{\partial h_k} = \frac{\partial h_t}{\partial h_{t-1}} \cdots \frac{\partial h_{k+1}}{\partial h_k}$$"  # noqa: E501
    assert last(rf"{NET} The product $D_t D_{{t-1}} \cdots D_k$ is small. {line}") == "proved"


def test_a_number_before_the_mark_below_the_line_divides() -> None:
    page = r"Let $h_t = \tanh(w h_{t-1} + x_t)$, $L_t = (h_t - y_t)^2$, $L = \frac1T \sum_{t=1}^T L_t$."
    line = r"$$\frac{\partial L}{\partial w} = \sum_{t=1}^T \frac{\partial L_t}{T \cdot \partial h_t} \frac{\partial h_t}{\partial w}$$"  # noqa: E501
    assert last(page + line) == "proved"
    assert last(page + line.replace(r"T \cdot", r"2 \cdot")) == "refuted"


@pytest.mark.parametrize("word", ["or", "或者", "または"])
def test_another_choice_of_a_definition_accuses_nobody(word: str) -> None:
    page = rf"Let $p = x + y$. Here $r = p$ {word} $r = p - 2 x$. "
    for line, allowed in (("1", "ambiguous"), ("-1", "ambiguous"), ("3", "refuted")):
        found = kinds(page + rf"$$\frac{{\partial r}}{{\partial x}} = {line}$$")
        assert found[-1] == allowed
        assert "refuted" not in found[:-1]


ADJOINT = r"""The state $\mathbf{u}_t = f_t(\mathbf{u}_{t-1}, p)$, the costs $c_t = g_t(\mathbf{u}_t, p)$,
$C = \sum_{t=1}^T c_t$. Let $\lambda_t = \frac{\partial C}{\partial \mathbf{u}_t}$.
"""


@pytest.mark.parametrize(
    ("line", "right"),
    [
        (
            r"\lambda_t = \frac{\partial g_t}{\partial \mathbf{u}_t} + \lambda_{t+1} \frac{\partial f_{t+1}}{\partial \mathbf{u}_t}",  # noqa: E501
            True,
        ),
        (
            r"\frac{\partial C}{\partial p} = \sum_{t=1}^T \left( \frac{\partial g_t}{\partial p} + \lambda_t \frac{\partial f_t}{\partial p} \right)",  # noqa: E501
            True,
        ),
        (
            r"\frac{\partial C}{\partial p} = \sum_{t=1}^T \lambda_t \frac{\partial f_t}{\partial p}",
            False,
        ),
    ],
)
def test_an_adjoint_of_functions_by_their_names(line: str, right: bool) -> None:
    assert (last(f"{ADJOINT}\n$${line}$$") == "proved") == right


READOUT = r"""Let $h_t = \tanh(W h_{t-1} + x_t)$, $o_t = V h_t$, $L_t = \frac12 \| o_t - y_t \|^2$,
$L = \sum_{t=1}^T L_t$ with $h_t \in \mathbb{R}^n$ and $o_t \in \mathbb{R}^k$.
"""


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (r"D_{h_{t-1}} h_t", r"\mathrm{diag}(1 - h_t^2) W"),
        (r"\operatorname{grad}_{o_t} L", "o_t - y_t"),
        (r"\mathrm{grad}_V L", r"\sum_t (o_t - y_t) h_t^\top"),
        (r"\nabla L_t(o_t)", "o_t - y_t"),
    ],
)
def test_gradients_in_other_clothes(left: str, right: str) -> None:
    assert last(f"{READOUT}\n$${left} = {right}$$") == "proved"
    assert last(f"{READOUT}\n$${left} = 2 ({right})$$") != "proved"


def test_a_name_d_is_no_derivative() -> None:
    page = r"Let $D_h = 2 W$, $s_t = D_h h_t$ with $h_t \in \mathbb{R}^n$, $W \in \mathbb{R}^{n \times n}$."
    assert last(page + r" $$\frac{\partial s_t}{\partial h_t} = 2 W$$") == "proved"


ABSTRACT = r"""Let $z = W x + b$, $a = \sigma(z)$, $C = \ell(a)$ with $a \in \mathbb{R}^n$ and
$x \in \mathbb{R}^m$.
Then $u_{t+1} = u_t - \eta \nabla q(u_t)$ with $u_t \in \mathbb{R}^n$, $E = q(u_T)$.
"""


@pytest.mark.parametrize(
    ("line", "right"),
    [
        (r"\nabla_z C = \mathrm{diag}(\sigma'(z)) \nabla \ell(a)", True),
        (r"\nabla_z C = \mathrm{diag}(\sigma'(z)) \nabla \ell(z)", False),
        (r"\nabla_W C = (\sigma'(z) \odot \nabla \ell(a)) x^\top", True),
        (r"\nabla \sigma(z) = \mathrm{diag}(\sigma'(z))", True),
        (r"\nabla_z C = \nabla \sigma(z)^\top \nabla \ell(a)", True),
        (r"\frac{\partial E}{\partial u_T} = \nabla q(u_T)^\top", True),
        (r"\frac{\partial E}{\partial u_T} = \nabla q(u_{T-1})^\top", False),
        (
            r"\frac{\partial E}{\partial u_t} = \frac{\partial E}{\partial u_{t+1}} \frac{\partial u_{t+1}}{\partial u_t}",  # noqa: E501
            True,
        ),
    ],
)
def test_nabla_of_a_function_that_the_page_does_not_make(line: str, right: bool) -> None:
    assert (last(f"{ABSTRACT}\n$${line}$$") == "proved") == right


STEPPED = r"""Let $s_t = F(s_{t-1}, x_t) = \tanh(A s_{t-1} + B x_t)$ with $s_t \in \mathbb{R}^n$,
$x_t \in \mathbb{R}^m$, $o_t = V s_t$ with $o_t \in \mathbb{R}^k$, $E_t = \frac12 \| o_t - y_t^* \|^2$ and
$E = \sum_{t=1}^T E_t$.
"""


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        (r"\frac{\partial F}{\partial s_{t-1}} = \mathrm{diag}(1 - s_t^2) A", "proved"),
        (r"\frac{\partial F}{\partial s_{t-1}} = A \, \mathrm{diag}(1 - s_t^2)", "refuted"),
        (r"\frac{\partial F}{\partial x_t} = \mathrm{diag}(1 - s_t^2) B", "proved"),
        (r"D_{s_{t-1}} s_t = \mathrm{diag}(1 - s_t^2) A", "proved"),
        (r"D_{s_{t-1}} s_t = A \, \mathrm{diag}(1 - s_t^2)", "refuted"),
        (r"\nabla_{s_T} E = V^\top (o_T - y_T^*)", "proved"),
        (r"\nabla_{s_t} E = V^\top (o_t - y_t^*)", "refuted"),
        (r"\frac{\partial E_t}{\partial A} = \frac{\partial E_t}{\partial A^{(t)}}", "refuted"),
        (
            r"\frac{\partial E_t}{\partial A} = \sum_{k=1}^t \frac{\partial E_t}{\partial A^{(k)}}",
            "proved",
        ),
    ],
)
def test_a_function_of_steps_within_a_chain(line: str, allowed: str) -> None:
    assert last(f"{STEPPED}\n$${line}$$") == allowed


UNNUMBERED = r"$m_t = f(m_{t-1}, x_t; \theta)$ and $L = \sum_t \ell(m_t)$."


@pytest.mark.parametrize("step", ["t", "k"])
@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        (
            r"\frac{\partial m_t}{\partial \theta} = \frac{\partial f}{\partial \theta} + \frac{\partial f}{\partial m_{t-1}} \frac{\partial m_{t-1}}{\partial \theta}",  # noqa: E501
            "proved",
        ),
        (
            r"\frac{\partial m_t}{\partial \theta} = \frac{\partial f}{\partial \theta}",
            "ambiguous",  # where ∂f/∂θ is taken along all paths
        ),
        (
            r"\frac{\partial L}{\partial \theta} = \sum_t \frac{\partial \ell}{\partial m_t} \frac{\partial m_t}{\partial \theta}",  # noqa: E501
            "proved",
        ),
        (
            r"\frac{\partial L}{\partial m_t} = \frac{\partial \ell}{\partial m_t} + \frac{\partial L}{\partial m_{t+1}} \frac{\partial f}{\partial m_t}",  # noqa: E501
            "proved",
        ),
        (
            r"\frac{\partial L}{\partial m_t} = \frac{\partial \ell}{\partial m_t} + \frac{\partial f}{\partial m_t}",  # noqa: E501
            "refuted",
        ),
    ],
)
def test_a_function_without_its_step_is_that_of_the_line(
    step: str, line: str, allowed: str
) -> None:
    moved = line.replace("m_t", f"m_{step}").replace("m_{t", f"m_{{{step}")
    moved = moved.replace(r"\sum_t", rf"\sum_{step}")
    assert last(f"{UNNUMBERED}\n$${moved}$$") == allowed
