"""Vectors and matrices: true lines are proved for every T, slips are refuted with small matrices.

`tests/right/vectors` has pages whose every claim is true; `tests/wrong/vectors/claims.tsv` false claims
about the models of those pages, each with a word that the reason must have.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from corpus import TESTS

from derive.algebra.expression import Expr
from derive.errors import DeriveError
from derive.model.graph import unrolled
from derive.notation.claims import parse_member
from derive.notation.tokens import Source
from derive.verify.arrays import ArrayNumbers
from derive.verify.judge import Judge, Line, judge
from derive.verify.options import Options
from derive.verify.pages import read_page
from derive.verify.verdicts import Judged, Verdict

RIGHT = sorted((TESTS / "right" / "vectors").iterdir())
WRONG = [
    line.split("\t")
    for line in (TESTS / "wrong" / "vectors" / "claims.tsv").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def claims(path: Path, text: str | None = None) -> list[Judged]:
    text = path.read_text("utf-8") if text is None else text
    report = judge(path.name, text, Options(repairs=False, seconds=60))
    return [j for j in report.formulas if j.verdict.kind not in ("definition", "remark")]


@pytest.mark.parametrize("path", RIGHT, ids=lambda p: p.stem)
def test_true_lines_are_proved_for_every_horizon(path: Path) -> None:
    found = claims(path)
    assert len(found) > 3
    not_proved = [(j.latex, j.verdict) for j in found if j.verdict.kind != "proved"]
    assert not not_proved
    has_time = "_{t=1}^" in path.read_text("utf-8")
    scopes = {(j.verdict.scope or "").startswith("every T") for j in found}
    assert scopes == {has_time}
    assert not any("says nothing" in j.verdict.reason for j in found)


@pytest.mark.parametrize("row", WRONG, ids=lambda row: row[1][:60])
def test_slips_are_refuted(row: list[str]) -> None:
    page, claim, reason = row
    path = TESTS / "right" / "vectors" / page
    text = path.read_text("utf-8") + f"\n\n$${claim}$$\n"
    found = claims(path, text)
    assert {j.verdict.kind for j in found[:-1]} == {"proved"}, "the slip changes other verdicts"
    verdict = found[-1].verdict
    assert verdict.kind == "refuted"
    assert verdict.counterexample is not None
    assert verdict.counterexample.left != verdict.counterexample.right
    assert reason in verdict.reason
    sizes = dict(verdict.counterexample.values)
    letters = [sizes[a] for a in ("n", "d", "m", "k", "p") if a in sizes]
    assert len(set(letters)) == len(letters) and set(letters) <= set("23456")


SLIPS = (
    (r"\^\\top", ""),
    (r"_\{t-1\}", "_t"),
    (r"_\{t\+1\}", "_t"),
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r"1 - ", "2 - "),
    (r"\\odot", "+"),
    (r"\^2", ""),
    (r"t=1", "t=2"),
    (r"W_f", "W_g"),
    (r"f_t", "g_t"),
    (r"o_t", "h_t"),
)


@pytest.mark.parametrize("path", RIGHT, ids=lambda p: p.stem)
def test_no_changed_line_is_proved_that_other_numbers_contradict(path: Path) -> None:
    """Each slip at each place right of the first equals sign: proved only if it is true elsewhere too."""
    text = path.read_text("utf-8")
    page = Judge(read_page(path.name, text), text, Options(repairs=False, seconds=60))
    tried = refuted = 0
    for j in claims(path):
        head, member = j.latex.split(" = ", 1)
        for pattern, other in SLIPS:
            for match in list(re.finditer(pattern, member))[:2]:
                slip = f"{member[: match.start()]}{other}{member[match.end() :]}"
                sides = [_parsed(page, part) for part in (head, slip)]
                if None in sides:
                    continue
                line = Line(page._context(0), sides[0], sides[1], ())  # type: ignore[arg-type]
                try:
                    verdict = page._line(0, line)
                except DeriveError:
                    continue
                tried += 1
                refuted += verdict.kind == "refuted"
                if verdict.kind == "proved":
                    assert _holds_elsewhere(page, line, verdict), slip
    assert tried > 5 and refuted > 0.75 * tried


def _parsed(page: Judge, text: str) -> Expr | None:
    try:
        return parse_member(Source("", text), 0, len(text), page.contexts[0].scope)
    except DeriveError:
        return None


def _holds_elsewhere(page: Judge, line: Line, verdict: Verdict) -> bool:
    """Whether a line holds with other numbers, and a later T, than the judge looked at."""
    found = page.line_range_of(line)
    comparison = page._compare(0, line, page.reading, found)
    assumed = frozenset(("y",)) if "sum" in (verdict.reading or "") else frozenset()
    for horizon, instances in found.instances[3:4] or found.instances:
        for letters in instances[-3:]:
            if comparison.apart(horizon, 71, letters, assumed):
                return False
    return True


@pytest.mark.parametrize("path", RIGHT, ids=lambda p: p.stem)
def test_derivatives_of_values_are_those_of_finite_differences(path: Path) -> None:
    text = path.read_text("utf-8")
    model = Judge(read_page(path.name, text), text, Options()).contexts[0].model
    graph = unrolled(model, 2)
    world = ArrayNumbers(model, graph, 5, "float")
    last = graph.nodes[-1]
    assert world.size(last.name) == (1, 1)
    leaves = [v for v in graph.nodes if graph.bodies.get(v) is None and v.name not in ("T",)]
    assert leaves
    for leaf in leaves:
        before = world.total(last, leaf)
        value = world.variable(leaf)
        for i in range(len(value)):
            for j in range(len(value[0])):
                ends = []
                for step in (1e-5, -1e-5):
                    other = ArrayNumbers(model, graph, 5, "float")
                    moved = [list(row) for row in value]
                    moved[i][j] += step
                    other.give(leaf, tuple(map(tuple, moved)))
                    ends.append(other.variable(last)[0][0])
                slope = (ends[0] - ends[1]) / 2e-5
                own = before[j][i] if len(value[0]) > 1 else before[0][i]
                assert slope == pytest.approx(own, rel=1e-5, abs=1e-7), (leaf, i, j)


def test_an_ill_typed_line_names_both_shapes() -> None:
    text = (
        r"$W \in \mathbb{R}^{n \times d}$, $x \in \mathbb{R}^d$, $h = W x$, $C = h^\top h$. "
        r"$$\frac{\partial C}{\partial x} = 2 W h$$"
    )
    verdict = claims(Path("page.tex"), text)[-1].verdict
    assert verdict.kind == "refuted"
    assert "2×3" in verdict.reason or "3×2" in verdict.reason


def test_an_ill_typed_definition_names_both_shapes() -> None:
    text = (
        r"$W \in \mathbb{R}^{n \times d}$, $x \in \mathbb{R}^n$, $h \in \mathbb{R}^n$, $h = W x$."
    )
    report = judge("page.tex", text, Options())
    assert any("d×1" in j.verdict.reason or "n×1" in j.verdict.reason for j in report.formulas)


def test_a_line_of_scalars_alone_is_refuted_where_shapes_are_said() -> None:
    model = r"h_t = W h_{t-1}, \qquad L_t = h_t^\top h_t, \qquad C = \sum_{t=1}^T L_t"
    claim = r"\nabla_{h_{t-1}} C = 2 h_{t-1} + W \nabla_{h_t} C"
    said = r"$W \in \mathbb{R}^{n \times n}$, $h_t \in \mathbb{R}^n$. "
    text = f"{said}$${model}$$ for $t \\ge 2$: $${claim}$$"
    verdict = claims(Path("page.tex"), text)[-1].verdict
    assert verdict.kind == "refuted"


def test_lines_of_two_layouts_are_ambiguous() -> None:
    text = (
        r"$W \in \mathbb{R}^{n \times n}$, $h_t \in \mathbb{R}^n$, "
        r"$h_t = W h_{t-1} + b$, $C = h_T^\top h_T$. "
        r"$$\frac{\partial C}{\partial h_{t-1}} = \frac{\partial C}{\partial h_t} W$$ "
        r"$$\frac{\partial C}{\partial b} = \sum_{t=1}^T \frac{\partial C}{\partial h_t}$$ "
        r"$$\frac{\partial C}{\partial h_{t-1}} = W^\top \frac{\partial C}{\partial h_t}$$"
    )
    kinds = [j.verdict.kind for j in claims(Path("page.tex"), text)]
    assert sorted(kinds) == ["ambiguous", "proved", "proved"]


def test_the_assumption_of_a_softmax_line_is_said() -> None:
    text = (
        r"$z \in \mathbb{R}^k$, $p = \operatorname{softmax}(z)$, $L = -y^\top \log p$. "
        r"$$\nabla_z L = p - y$$ $$\nabla_z L = (\mathbf{1}^\top y) p - y$$"
    )
    first, second = (j.verdict for j in claims(Path("page.tex"), text))
    assert first.kind == "proved" and "\\sum_k (y)_k = 1" in (first.reading or "")
    assert second.kind == "proved" and "sum" not in (second.reading or "")


def test_a_number_beyond_the_first_steps_is_kept() -> None:
    """The sum over the core, its ends and its shift: each changed alone is another sum."""
    model = (
        r"$A \in \mathbb{R}^{n \times n}$, $b \in \mathbb{R}^n$, $h_t \in \mathbb{R}^n$, "
        r"$h_t = A h_{t-1} + b$, $C = \sum_{t=1}^T h_t^\top h_t$. "
    )
    right = r"\nabla_b C = \sum_{t=1}^T \nabla_{h_t} C"
    for other, kind in (
        (right, "proved"),
        (right.replace("t=1", "t=2"), "refuted"),
        (right.replace("^T", "^{T-1}"), "refuted"),
        (r"\nabla_b C = \sum_{t=0}^{T-1} \nabla_{h_{t+1}} C", "proved"),
        (r"\nabla_b C = \sum_{t=2}^{T+1} \nabla_{h_{t-1}} C", "proved"),
        (r"\nabla_b C = \nabla_{h_1} C + \sum_{t=2}^{T} \nabla_{h_t} C", "proved"),
        (r"\nabla_b C = \nabla_{h_T} C + \sum_{t=1}^{T-1} \nabla_{h_t} C", "proved"),
    ):
        assert claims(Path("page.tex"), f"{model} $${other}$$")[-1].verdict.kind == kind, other


RELU = (
    r"$W \in \mathbb{R}^{n \times n}$, $h_t \in \mathbb{R}^n$, $a_t = W h_{t-1} + x_t$, "
    r"$h_t = \operatorname{ReLU}(a_t)$, $C = \sum_{t=1}^T h_t^\top h_t$. "
)
KINKS = (
    (
        RELU,
        r"\frac{\partial h_t}{\partial a_t} = \operatorname{diag}(\mathbf{1}[a_t > 0])",
        "proved",
    ),
    (
        RELU,
        r"\frac{\partial h_t}{\partial a_t} = \operatorname{diag}(\mathbb{1}_{a_t > 0})",
        "proved",
    ),
    (RELU, r"\nabla_{a_t} C = \nabla_{h_t} C \odot \operatorname{ReLU}'(a_t)", "proved"),
    (RELU, r"\nabla_{a_t} C = \nabla_{h_t} C \odot \operatorname{ReLU}(a_t)", "refuted"),
    (RELU, r"\nabla_{a_t} C = \nabla_{h_t} C", "refuted"),
)
SCALAR_RELU = r"$h_t = \operatorname{ReLU}(w h_{t-1} + x_t)$, $C = \sum_{t=1}^T h_t$. "
SCALAR_KINKS = (
    (
        SCALAR_RELU,
        r"\frac{\partial h_t}{\partial h_{t-1}} = w \mathbf{1}[w h_{t-1} + x_t > 0]",
        "proved",
    ),
    (SCALAR_RELU, r"\frac{\partial h_t}{\partial h_{t-1}} = w", "refuted"),
)


@pytest.mark.parametrize("model, claim, kind", [*KINKS, *SCALAR_KINKS], ids=lambda x: x[:50])
def test_the_slope_of_relu_is_that_away_from_its_kink(model: str, claim: str, kind: str) -> None:
    verdict = claims(Path("page.tex"), f"{model}$${claim}$$")[-1].verdict
    assert verdict.kind == kind
    assert ("ReLU" in (verdict.reading or "")) == (kind == "proved")


MENDED = (
    (
        "rnn.tex",
        r"\nabla_{h_t} C = V \nabla_{o_t} C + W^\top \operatorname{diag}(1 - h_{t+1}^2) \nabla_{h_{t+1}} C",
        r"V^\top \nabla_{o_t} C",
    ),
    (
        "rnn.tex",
        r"\frac{\partial h_t}{\partial h_{t-1}} = W \operatorname{diag}(1 - h_t^2)",
        r"\operatorname{diag}(1 - h_t^2) W",
    ),
    (
        "rnn.tex",
        r"\nabla_W C = \sum_{t=1}^T \operatorname{diag}(1 - h_t^2) (\nabla_{h_t} C) h_t^\top",
        r"h_{t-1}^\top",
    ),
    (
        "rnn.tex",
        r"\nabla_W C = \operatorname{diag}(1 - h_t^2) (\nabla_{h_t} C) h_{t-1}^\top",
        r"\sum_{t=1}^{T}",
    ),
    ("rnn.tex", r"\nabla_V C = \sum_{t=1}^T h_t (\nabla_{o_t} C)^\top", r"h_t^\top"),
)


@pytest.mark.parametrize("page, claim, part", MENDED, ids=[c[1][:40] for c in MENDED])
def test_the_nearest_true_line_is_offered(page: str, claim: str, part: str) -> None:
    text = (TESTS / "right" / "vectors" / page).read_text("utf-8") + f"\n\n$${claim}$$\n"
    verdict = judge(page, text, Options(seconds=60)).formulas[-1].verdict
    assert verdict.kind == "refuted"
    assert verdict.suggestion is not None and part in verdict.suggestion
    again = text.replace(claim, verdict.suggestion)
    assert judge(page, again, Options()).formulas[-1].verdict.kind == "proved"


def test_copies_of_a_shared_matrix() -> None:
    page = TESTS / "right" / "vectors" / "rnn.tex"
    one = r"\nabla_{W^{(t)}} C = \operatorname{diag}(1 - h_t^2) (\nabla_{h_t} C) h_{t-1}^\top"
    for claim, kind in (
        (one, "proved"),
        (r"\nabla_W C = \sum_{t=1}^T \nabla_{W^{(t)}} C", "proved"),
        (r"\nabla_W C = \nabla_{W^{(t)}} C", "refuted"),
        (one.replace("W^{(t)}", "W"), "refuted"),
    ):
        text = page.read_text("utf-8") + f"\n\n$${claim}$$\n"
        assert claims(page, text)[-1].verdict.kind == kind, claim


def test_a_number_beside_a_vector_is_not_called_wrong() -> None:
    """Some write v - s for v - s 𝟏: unread, since it may be meant so."""
    model = r"$z \in \mathbb{R}^k$, $v \in \mathbb{R}^k$, $a = \operatorname{softmax}(z)$, $s = v^\top a$. "
    for body, kind in (
        (r"(a \odot (v - s))^\top", "unread"),
        (r"(a \odot (v - s \mathbf{1}))^\top", "proved"),
        (r"(a \odot (v - s a))^\top", "refuted"),
    ):
        claim = f"{model}$$\\frac{{\\partial s}}{{\\partial z}} = {body}$$"
        assert claims(Path("page.tex"), claim)[-1].verdict.kind == kind, body


ONES = (
    (
        r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(\mathbf{1} - h_t^2) W",
        "proved",
    ),
    (
        r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(\mathbf{1} + h_t^2) W",
        "refuted",
    ),
    (
        r"\frac{\partial C}{\partial h_{T-1}} = \mathbf{1}^\top \operatorname{diag}(1 - h_T^2) W",
        "proved",
    ),
    (r"\frac{\partial C}{\partial h_{T-1}} = \mathbf{1}^\top W", "refuted"),
    (r"\frac{\partial C}{\partial h_T} = \mathbf{1}^\top", "proved"),
    (r"\frac{\partial C}{\partial h_T} = 2 \mathbf{1}^\top", "refuted"),
    (r"\frac{\partial h_t}{\partial h_t} = \mathbf{I}", "tested"),
    (r"\frac{\partial h_t}{\partial h_t} = W \mathbf{I}", "refuted"),
    (r"C = \operatorname{tr}(\operatorname{diag}(\mathbf{1}))", "unread"),
)


@pytest.mark.parametrize("claim, kind", ONES, ids=[c[:60] for c, _ in ONES])
def test_a_vector_of_ones_is_as_long_as_it_must_be(claim: str, kind: str) -> None:
    """Where nothing tells its length, a line has no value, and no verdict."""
    model = (
        r"$W \in \mathbb{R}^{n \times n}$, $h_t \in \mathbb{R}^n$, $h_t = \tanh(W h_{t-1})$, "
        r"$C = \mathbf{1}^\top h_T$. "
    )
    assert claims(Path("page.tex"), f"{model}$${claim}$$")[-1].verdict.kind == kind


INDICES = r"Let $W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $h \in \mathbb{R}^m$. "
IN_MATRICES = INDICES + r"$h = \tanh(W x + b)$, $L = h^\top h$. "
IN_ENTRIES = INDICES + r"$$h_i = \tanh(W_{ij} x_j + b_i), \quad L = h_i h_i$$ "
NAMED_TWICE = (
    r"Let $W \in \mathbb{R}^{n \times n}$, $h_t \in \mathbb{R}^n$. $$c_t = W h_{t-1} + x_t, \quad "
    r"u_t = \tanh(c_t), \quad h_t = x_t \odot \tanh(c_t), \quad C = \sum_{t=1}^T h_t^\top u_t$$ "
)
SUBSCRIPTS = (
    r"Let $W \in \mathbb{R}^{n \times n}$, $x_t, h_t, b \in \mathbb{R}^n$. $$h_t = W h_{t-1} + x_t + b_f, "
    r"\quad L_t = h_t^\top h_t, \quad C = \sum_{i=1}^T L_i$$ "
)
BOUND = INDICES + r"$$h_i = \sum_{j=1}^{%s} W_{ij} x_j, \quad L = h_i h_i$$ "
SECOND_LOOK = (
    # Einstein's sums stand inside the function whose argument repeats the letter.
    (IN_MATRICES, r"h_i = \tanh(W_{ij} x_j + b_i)", "proved"),
    (IN_MATRICES, r"h_i = \tanh(W_{ij} x_j - b_i)", "refuted"),
    (IN_MATRICES, r"h_i = \tanh(W_{ji} x_j + b_i)", "refuted"),
    (IN_MATRICES, r"L = \tanh(W_{ij} x_j + b_i) h_i", "proved"),
    (IN_MATRICES, r"L = (\tanh(W_{ij} x_j + b_i))^2", "proved"),
    (IN_ENTRIES, r"\frac{\partial h_i}{\partial x_j} = (1 - h_i^2) W_{ij}", "proved"),
    (IN_ENTRIES, r"\frac{\partial h_i}{\partial x_j} = (1 - h_j^2) W_{ij}", "refuted"),
    # A function's value that another definition names is differentiated all the same.
    (
        NAMED_TWICE,
        r"\frac{\partial h_t}{\partial c_t} = \operatorname{diag}(x_t \odot (1 - u_t^2))",
        "proved",
    ),
    (
        NAMED_TWICE,
        r"\frac{\partial h_t}{\partial c_t} = \operatorname{diag}(x_t \odot u_t)",
        "refuted",
    ),
    # b_f is another vector than b, x_i and L_i stand at step i.
    (SUBSCRIPTS, r"\nabla_{x_i} C = \nabla_{h_i} C", "proved"),
    (SUBSCRIPTS, r"\nabla_{b_f} C = \sum_{i=1}^T \nabla_{h_i} C", "proved"),
    (SUBSCRIPTS, r"\nabla_{b_f} C = \sum_{i=2}^T \nabla_{h_i} C", "refuted"),
    # The bound of a sum in a definition is the size that is declared, or the definition is unread.
    (BOUND % "n", r"\frac{\partial L}{\partial x_j} = 2 h_i W_{ij}", "proved"),
    (BOUND % "n-1", r"\frac{\partial L}{\partial x_j} = 2 h_i W_{ij}", "unread"),
    (BOUND % "m", r"\frac{\partial L}{\partial x_j} = 2 h_i W_{ij}", "unread"),
)


@pytest.mark.parametrize("model, claim, kind", SECOND_LOOK, ids=lambda x: x[-50:])
def test_what_a_second_look_found(model: str, claim: str, kind: str) -> None:
    assert claims(Path("page.tex"), f"{model}$${claim}$$")[-1].verdict.kind == kind


UNDECLARED = (
    r"$$z_t = \sigma(W_z h_{t-1} + U_z x_t), \quad n_t = \tanh(W_n h_{t-1} + U_n x_t), \quad "
    r"h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}, \quad L_t = \lVert h_t - y_t \rVert^2, \quad "
    r"C = \sum_{t=1}^T L_t$$ "
)


def test_shapes_that_the_formulas_imply_are_said() -> None:
    right = r"\nabla_{U_n} C = \sum_{t=1}^T ((1 - n_t^2) \odot \nabla_{n_t} C) x_t^\top"
    wrong = r"\nabla_{U_n} C = \sum_{t=1}^T x_t ((1 - n_t^2) \odot \nabla_{n_t} C)^\top"
    report = judge("page.tex", f"{UNDECLARED} $${right}$$ $${wrong}$$", Options(repairs=False))
    assert [j.verdict.kind for j in report.formulas[-2:]] == ["proved", "refuted"]
    (implied,) = [s for s in report.assumptions if s.startswith("the formulas imply")]
    assert "U_z ∈ ℝ^" in implied and "hₜ ∈ ℝ^" in implied


def test_a_softmax_within_the_loss_has_the_same_assumption() -> None:
    model = (
        r"$W \in \mathbb{R}^{n \times n}$, $h_t \in \mathbb{R}^n$, $h_t = W h_{t-1}$, "
        r"$L_t = -y_t^\top \log \operatorname{softmax}(h_t)$, $C = \sum_{t=1}^T L_t$. "
    )
    claim = r"\nabla_{h_t} C = \operatorname{softmax}(h_t) - y_t + W^\top \nabla_{h_{t+1}} C"
    verdict = claims(Path("page.tex"), f"{model}$${claim}$$")[-1].verdict
    assert verdict.kind == "proved"
    assert "\\sum_k (y_t)_k = 1" in (verdict.reading or "")
    wrong = claim.replace("- y_t", "+ y_t")
    assert claims(Path("page.tex"), f"{model}$${wrong}$$")[-1].verdict.kind == "refuted"


@pytest.mark.timeout(20)
def test_an_indicator_without_its_closing_bracket_is_unread() -> None:
    text = SCALAR_RELU + r"$\frac{\partial h_t}{\partial h_{t-1}} = w \mathbf{1}[h_t > 0$"
    assert claims(Path("page.tex"), text)[-1].verdict.kind in ("unread", "remark")


LEAKY = (
    r"$a \in \mathbb{R}$, $W \in \mathbb{R}^{n \times n}$, $h_t \in \mathbb{R}^n$, "
    r"$h_t = (1 - a) h_{t-1} + W x_t$, $C = \mathbf{1}^\top h_T$. "
)
IDENTITIES = (
    (r"\frac{\partial h_t}{\partial h_{t-1}} = (1 - a) I", "proved"),
    (r"\frac{\partial h_t}{\partial h_{t-1}} = (1 + a) I", "refuted"),
    (r"\frac{\partial h_t}{\partial h_{t-1}} = I - a \mathbf{I}", "proved"),
    (r"\frac{\partial C}{\partial h_{T-1}} = (1 - a) \mathbf{1}^\top", "proved"),
    (r"\frac{\partial C}{\partial h_{T-1}} = \mathbf{1}^\top - a \mathbf{1}^\top", "proved"),
    (r"\frac{\partial C}{\partial h_{T-1}} = \mathbf{1}^\top + a \mathbf{1}^\top", "refuted"),
    (r"\nabla_{h_{T-1}} C = (1 - a) \mathbf{1}", "proved"),
    (r"\frac{\partial h_t}{\partial h_{t-1}} = (1 - a) \mathbf{1}", "unread"),
)


@pytest.mark.parametrize("claim, kind", IDENTITIES, ids=[c[-40:] for c, _ in IDENTITIES])
def test_an_identity_is_as_large_as_it_must_be(claim: str, kind: str) -> None:
    assert claims(Path("page.tex"), f"{LEAKY}$${claim}$$")[-1].verdict.kind == kind


POWERS = (
    r"Let $W \in \mathbb{R}^{n \times n}$, $V \in \mathbb{R}^{m \times n}$, $h_t \in \mathbb{R}^n$. "
    r"$$h_t = \tanh(W h_{t-1} + x_t), \quad p_t = \operatorname{softmax}(V h_t), \quad "
    r"L_t = -y_t^T \log p_t, \quad C = \sum_{t=1}^T L_t$$ "
)
RAISED = (
    (POWERS, r"\nabla_V C = \sum_{t=1}^T (p_t - y_t) h_t^T", "proved"),
    (POWERS, r"\nabla_V C = \sum_{t=1}^T (p_t - y_t) h_{t-1}^T", "refuted"),
    (POWERS, r"(\nabla_{h_T} C)^T = (p_T - y_T)^T V", "proved"),
    (POWERS, r"\nabla_{h_T} C = V^T (p_T - y_T)", "proved"),
    (POWERS, r"\nabla_{h_T} C = V^T (p_T + y_T)", "refuted"),
    (
        POWERS,
        r"\frac{\partial h_t}{\partial h_{t-1}} = (W^T \operatorname{diag}(1 - h_t^2))^T",
        "unread",
    ),
    (LEAKY, r"\frac{\partial h_T}{\partial h_0} = (1 - a)^T I", "tested"),
)


@pytest.mark.parametrize("model, claim, kind", RAISED, ids=[c[-40:] for _, c, _ in RAISED])
def test_what_stands_with_a_raised_T(model: str, claim: str, kind: str) -> None:
    """A vector's is a transposition, a number's a power, that of a square matrix may be both."""
    report = judge("page.tex", f"{model}$${claim}$$", Options(repairs=False, seconds=60))
    assert report.formulas[-1].verdict.kind == kind
    said = "what stands with ^T is transposed" in report.assumptions
    assert said == (model == POWERS)


PLAIN = (
    r"We have $x \in \mathbb{R}^d$, $W_1 \in \mathbb{R}^{h \times d}$, $W_2 \in \mathbb{R}^{c \times h}$. "
    r"$$z = W_1 x + b_1, \quad a = \mathrm{sigmoid}(z), \quad s = W_2 a + b_2, \quad "
    r"\hat{y} = \mathrm{softmax}(s), \quad J = -\sum_k y_k \log \hat{y}_k$$ "
    r"$$\delta_2 = \frac{\partial J}{\partial s}, \quad \delta_1 = \frac{\partial J}{\partial z}$$ "
    r"$$\frac{\partial J}{\partial W_1} = \delta_1 x^T$$ "
)
TEXTBOOK = (
    (r"\delta_2 = \hat{y} - y", "proved"),
    (r"\delta_2 = \hat{y} + y", "refuted"),
    (r"\delta_1 = W_2^T \delta_2 \circ \sigma'(z)", "proved"),
    (r"\delta_1 = W_2^T \delta_2 \circ \sigma(z)", "refuted"),
    (r"\delta_1 = (W_2^T \delta_2) \odot a \odot (1 - a)", "proved"),
    (r"\frac{\partial J}{\partial W_2} = \delta_2 a^T", "proved"),
    (r"\frac{\partial J}{\partial W_2} = \delta_2 z^T", "refuted"),
    (r"\frac{\partial J}{\partial x} = W_1^T \delta_1", "proved"),
    (r"J = -y^\top \log \hat{y}", "proved"),
    (r"J = -\sum_k \hat{y}_k \log y_k", "unread"),
)


@pytest.mark.parametrize("claim, kind", TEXTBOOK, ids=[c[-40:] for c, _ in TEXTBOOK])
def test_a_network_as_a_textbook_writes_it(claim: str, kind: str) -> None:
    """Without time: the letter under the Σ of the loss names entries, and ^T transposes."""
    assert claims(Path("page.tex"), f"{PLAIN}$${claim}$$")[-1].verdict.kind == kind


def test_a_line_that_names_an_initial_state_holds_from_the_first_step_that_names_none() -> None:
    """u_0 and v_0 are given apart from each other; from t = 2 on v_{t-1} is made of u_{t-1}."""
    page = TESTS / "right" / "vectors" / "stacked.tex"
    inner = r"V \operatorname{diag}(1 - v_{t-1}^2) + \operatorname{diag}(1 - u_t^2) W"
    claim = (
        rf"\frac{{\partial v_t}}{{\partial u_{{t-1}}}} = \operatorname{{diag}}(1 - v_t^2) ({inner})"
    )
    found = []
    for text in (claim, claim.replace(" W)", " V)")):
        judged = claims(page, page.read_text("utf-8") + f"\n\n$${text}$$\n")[-1]
        found.append((judged.verdict.kind, judged.verdict.reading))
    assert found == [("ambiguous", "for t ≥ 2"), ("refuted", None)]
