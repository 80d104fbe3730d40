"""`verify --read` and `verify --why`: the names as they were taken, and what a verdict rests on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from derive.algebra.core import D, Num, Pow, Ref, add, mul, neg, num, over, summed
from derive.algebra.expression import Time
from derive.errors import DeriveError
from derive.judge.readers import judge
from derive.judge.spelling import Speller
from derive.report.asides import taken, where, why_blocks
from derive.report.margin import annotated
from derive.report.marking import html, markdown, marked, plain, words
from derive.report.names import named
from derive.report.records import as_json
from derive.verify.options import Options
from derive.verify.verdicts import Report, Why

PAGE = r"""The state is $h_t = \tanh(w h_{t-1} + x_t)$ and $L_t = h_t^2$, with $C = \sum_{t=1}^T L_t$.

\[ \frac{\partial C}{\partial h_t} = 2 h_t + \frac{\partial C}{\partial h_{t+1}} (1 - h_{t+1}^2) w \]

Wrong is $\frac{\partial L_t}{\partial h_t} = 3 h_t$, and $q = ($ is not read.
"""

MATRICES = r"""Let $v_t = \tanh(A v_{t-1} + B u_t)$ with $A \in \mathbb{R}^{n \times n}$,
$B \in \mathbb{R}^{n \times m}$ and $v_t \in \mathbb{R}^n$.
"""


def report(text: str, *why: str, read: bool = False) -> Report:
    return judge("page.tex", text, Options(read=read, why=why))


h, t = Ref("h", (Time.of("t"),)), Time.of("t")
SPELLED = [
    (h, "hₜ"),
    (Ref("h", (Time.of("t", -1),)), "hₜ₋₁"),
    (Ref("h", (Time.of("T"),)), "h_T"),
    (Ref("\\theta"), "θ"),
    (add((h, neg(Ref("x")))), "hₜ − x"),
    (mul((num(2), add((h, Ref("x"))))), "2 (hₜ + x)"),
    (over(Ref("a"), Ref("b")), "a/b"),
    (Pow(add((h, num(1))), num(2)), "(hₜ + 1)²"),
    (neg(mul((Ref("a"), Ref("b")))), "−a b"),
    (D(Ref("C"), h), "∂C/∂hₜ"),
    (D(h, Ref("w"), "own"), "∂⁺hₜ/∂w"),
    (summed("\\,1", "n", Ref("W", (t, Time.of("\\,1")))), "Σᵢ W_{t,i}"),
    (Num(-num(3).value), "−3"),
]


CHANGES = r"""Let $r = \sigma(g m)$ and $Q = \frac12 (r - k)^2$. The weight changes by
\[ \Delta g = - \eta \frac{\partial Q}{\partial g} = - \eta (r - k) r (1 - r) m \]
\[ \Delta g = - \eta (r - k) r (1 - r) g \]
"""

RATES = r"""Let $\dot{q} = g(q, v)$ and $H = \ell(q, v) + \mu g(q, v)$.
\[ \dot{\mu} = -\frac{\partial H}{\partial q} \]
\[ \dot{\mu} = -\frac{\partial \ell}{\partial q} - \mu \frac{\partial g}{\partial q} \]
\[ \dot{\mu} = -\frac{\partial \ell}{\partial q} + \mu \frac{\partial g}{\partial q} \]
"""

VARIATIONS = r"""Let $c^t = f^t \odot c^{t-1} + i^t \odot a^t$ and $h^t = o^t \odot \tanh(c^t)$ with
the error $E$ and $\delta h^t = \frac{\partial E}{\partial h^t}$.
\[ \delta o^t = \delta h^t \odot \tanh(c^t) \]
"""

ADJOINT = r"""We minimise $J(u, p)$ subject to $F(u, p) = 0$. The chain rule gives
\[ \frac{d J}{d p} = \frac{\partial J}{\partial p} + \frac{\partial J}{\partial u} \frac{d u}{d p} . \]
Let $\lambda$ solve the adjoint equation
\[ \left(\frac{\partial F}{\partial u}\right)^\top \lambda
= \left(\frac{\partial J}{\partial u}\right)^\top . \]
Then
\begin{align*}
\frac{d J}{d p} &= \frac{\partial J}{\partial p} - \lambda^\top \frac{\partial F}{\partial p} \\
\frac{d J}{d p} &= \frac{\partial J}{\partial p} + \lambda^\top \frac{\partial F}{\partial p}
\end{align*}
"""


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (CHANGES, "  Δg  variable, line 2"),
        (CHANGES, "Differs from what defines Δg: it may be another version."),
        (CHANGES, "Δg = −η ∂Q/∂g   (line 2)"),
        (RATES, "  q̇  variable, line 1"),
        (RATES, "  μ̇  variable, line 2"),
        (RATES, "μ̇ = −∂H/∂q   (line 2)"),
        (RATES, "ℓ = some ℓ(q, v)   (line 1)"),
        (RATES, "What ℓ depends on is told by its arguments alone."),
        (VARIATIONS, "  δo    variable, time t, line 3"),
        (VARIATIONS, "δh_{t,i} = ∂E/∂h_{t,i}"),
        (ADJOINT, "F(u, p) = 0 is solved by u as a function of p; λ is what solves"),
        (ADJOINT, "Fᵢ = Σⱼ some F_{i,j}(uₖ, p_l) (uⱼ − some uⱼ(pₘ))"),
        (ADJOINT, r"claims \frac{d J}{d p} = \frac{\partial J}{\partial p} - \lambda^\top"),
    ],
)
def test_names_are_told_as_the_page_writes_them(page: str, said: str) -> None:
    ids = tuple(j.id for j in report(page).formulas)
    text = plain(marked([report(page, *ids, read=True)]))
    assert said in text, text


def test_what_is_assumed_is_said_once() -> None:
    text = plain(marked([report(ADJOINT)]))
    assert text.count("solved by u") == 1
    assert "not understood" not in text


@pytest.mark.parametrize("name", ["page.tex", "page.md", "page.txt"])
def test_an_annotated_copy_says_what_is_assumed(name: str) -> None:
    said = "Assumed: F(u, p) = 0 is solved by u as a function of p; "
    assert said in annotated(report(ADJOINT), name)


@pytest.mark.parametrize(("core", "text"), SPELLED, ids=[text for _, text in SPELLED])
def test_formulas_of_the_core_are_spelled(core: Ref, text: str) -> None:
    assert Speller().spelled(core) == text


def test_a_component_letter_is_none_of_the_line() -> None:
    speller = Speller(frozenset("ij"))
    assert speller.spelled(Ref("h", (Time.of("\\,7"), Time.of("\\,8")))) == "h_{k,l}"


def test_the_names_of_a_page() -> None:
    found = {row["name"]: row for row in report(PAGE, read=True).symbols or ()}
    assert (found["h"]["kind"], found["h"]["slots"], found["h"]["lines"]) == (
        "variable",
        ["time"],
        [1],
    )
    assert found["w"]["kind"] == "parameter" and found["x"]["kind"] == "input"
    assert report(PAGE).symbols is None


def test_the_names_in_words() -> None:
    rows = {n.name: n for n in named(report(PAGE, read=True).symbols or ())}
    assert taken(rows["h"], words()) == "state, time t = 1 … T"
    assert taken(rows["tanh"], words()) == "tanh, entry by entry"
    assert where(rows["h"], words()) == "line 1"
    rows = {n.name: n for n in named(report(MATRICES, read=True).symbols or ())}
    assert taken(rows["A"], words()) == "parameter, in ℝ^(n×n)"
    assert taken(rows["v"], words()) == "state, time t, in ℝⁿ"


def test_the_names_as_data_have_the_keys_of_the_schema() -> None:
    (file,) = as_json([report(PAGE, read=True)])["files"]
    assert {tuple(row) for row in file["symbols"]} == {
        ("name", "kind", "slots", "shape", "version", "lines", "note")
    }
    (h_row,) = (row for row in file["symbols"] if row["name"] == "h")
    assert h_row["note"] == "state"
    assert "symbols" not in as_json([report(PAGE)])["files"][0]
    json.dumps(file)


def only(text: str, name: str) -> Why:
    (why,) = report(text, name).whys
    return why


def test_why_a_line_is_proved() -> None:
    why = only(PAGE, "3")
    assert why.left == "∂C/∂hₜ" and why.right.startswith("2 hₜ + ∂C/∂hₜ₊₁")
    assert ("hₜ = tanh(w hₜ₋₁ + xₜ)", 1) in why.uses
    assert [read.outcome for read in why.readings][-1] == "holds"
    assert why.proof[0][0] == "difference" and why.proof[-1][1] == "0"


def test_why_a_line_is_refuted() -> None:
    whys = {why.id: why for why in report(PAGE, "5").whys}
    wrong = next(why for why in whys.values() if why.right == "3 hₜ")
    assert all(read.outcome == "differs" for read in wrong.readings) and not wrong.proof


def test_why_a_definition() -> None:
    whys = report(PAGE, "1").whys
    assert whys[0].makes == ("hₜ = tanh(w hₜ₋₁ + xₜ)",) and not whys[0].readings


def test_every_rule_has_words() -> None:
    from derive.proof.lines import RULES

    assert set(RULES) | {"difference", "form"} == set(words().rules)


@pytest.mark.parametrize("name", ["2", "40", "9.9", "0"])
def test_a_line_without_a_formula_is_one_sentence(name: str) -> None:
    with pytest.raises(DeriveError, match=rf"expected --why to name a line .* found {name}"):
        report(PAGE, name)


def test_the_reports_show_what_was_asked_for() -> None:
    found = report(PAGE, "3", read=True)
    text = plain(marked([found]))
    assert "names as they were taken" in text and "Proof, rule by rule" in text
    assert "3 hₜ" not in text  # the line that nobody asked for
    assert "| h | state, time t = 1 … T | line 1 |" in markdown([found])
    assert "Proof, rule by rule" in markdown([found]) and "Proof, rule by rule" in html([found])
    assert "state, time t = 1 … T" in html([found])


def test_blocks_for_what_claims_nothing() -> None:
    assert why_blocks(Why("1.1"), "remark", words()) == [
        ("Nothing is claimed here that could be judged.", [])
    ]


def test_a_page_without_formulas(tmp_path: Path) -> None:
    with pytest.raises(DeriveError, match="there is no formula"):
        report("Words alone.", "1")
