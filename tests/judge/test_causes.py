"""Pages of our own in which a reader may go wrong, cause by cause: which verdicts their lines may have.

`causes.txt` holds pages, each below a line `== cause name`; the cause is a number of the list in CONTRIBUTING's issue on false
words. Letters in ⟨ ⟩ behind a formula are the verdicts that are right for its last member: d definition, p proved, a ambiguous,
t tested, c carried, r refuted, u unread, m remark, f proved of what the line alone speaks of.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from derive.judge.readers import judge
from derive.verify.options import Options
from derive.verify.verdicts import Verdict

MARK = re.compile("⟨([a-z]+)⟩")
LETTERS = {"definition": "d", "remark": "m"}
CELL = r"Let $s_t = \tanh(w s_{t-1} + x_t)$ and $L_t = (m_t - s_t)^2$, where"
WITHOUT_A_PATH = r"\frac{\partial L_t}{\partial w} = -2 (m_t - s_t) \frac{\partial s_t}{\partial w}"


def pages() -> Iterator[tuple[str, str]]:
    text = (Path(__file__).parent / "causes.txt").read_text(encoding="utf-8")
    for part in re.split(r"^== ", text, flags=re.M)[1:]:
        head, _, page = part.partition("\n")
        name = head.replace(" ", "-")
        yield (name if name.endswith((".md", ".tex", ".rst")) else f"{name}.tex"), page


PAGES = dict(pages())


def marked(name: str, page: str) -> list[tuple[str, str, str]]:
    """Each marked formula: its last member, its verdict's letter, and the letters that are right."""
    text, places, last = "", [], 0
    for match in MARK.finditer(page):
        text += page[last : match.start()]
        last = match.end()
        places.append((len(text), match[1]))
    report = judge(name, text + page[last:], Options())
    found = []
    for place, allowed in places:
        judged = [j for j in report.formulas if j.start < place][-1]
        found.append((judged.latex, letter(judged.verdict), allowed))
    return found


def letter(verdict: Verdict) -> str:
    if verdict.kind == "proved" and "some function" in (verdict.reading or ""):
        return "f"
    return LETTERS.get(verdict.kind, verdict.kind[0])


@pytest.mark.parametrize("name", PAGES)
def test_no_false_word(name: str) -> None:
    assert [f for f in marked(name, PAGES[name]) if f[1] not in f[2]] == []


# Ways to make m_t of w and s_t that are not a readable definition.
MADE_OTHERWISE = {
    "tuple": r"$\left(m_t, n_t\right) = \mathrm{cell}(s_t, w)$",
    "list": r"$m_t, n_t = q(s_t, w)$",
    "arrow to the left": r"$m_t \leftarrow w s_t$",
    "gets": r"$m_t \gets w s_t$",
    "arrow to the right": r"$w s_t \to m_t$",
    "arrow with words": r"$w s_t \xrightarrow{\text{gate}} m_t$",
    "mapsto": r"$w s_t \mapsto m_t$",
    "difference": r"$0 = m_t - w s_t$",
    "sum": r"$m_t + w s_t = 1$",
    "exponential": r"$\exp(m_t) = w s_t$",
    "root": r"$\sqrt{m_t} = w s_t$",
    "square": r"$(m_t)^2 = w s_t$",
    "scaled": r"$\alpha m_t = w s_t$",
    "quotient": r"$\frac{m_t}{s_t} = w$",
    "inverse": r"$m_t^{-1} = w s_t$",
    "transpose": r"$m_t^\top = w s_t$",
    "norm": r"$\|m_t\| = w s_t$",
    "set": r"$\{m_t\}_{t=1}^T = \{w s_t\}_{t=1}^T$",
    "velocity": r"$\dot{m}_t = w s_t$",
    "proportional": r"$m_t \propto w s_t$",
    "nearly": r"$m_t \approx w s_t$",
    "congruent": r"$m_t \cong w s_t$",
    "distribution": r"$m_t \sim \mathcal{N}(w s_t, 1)$",
    "minimum": r"$m_t \in \arg\min_m (m - w s_t)^2$",
    "reversed": r"$w s_t = m_t$",
    "reversed with a colon": r"$w s_t =: m_t$",
    "reversed by its sign": r"$w s_t \eqqcolon m_t$",
    "column": r"$$\begin{pmatrix} m_t \\ n_t \end{pmatrix} = q(s_t, w)$$",
    "implicit": r"$F(m_t, s_t, w) = 0$",
    "time in brackets": r"$m(t) = w s_t$",
    "component": r"$m_{t,i} = w s_{t,i}$",
    "component above": r"$m_t^{(i)} = w s_t^{(i)}$",
    "component of a bracket": r"$[m_t]_i = w [s_t]_i$",
    "label below a brace": r"$$r_t = \underbrace{w s_t}_{m_t} + 1$$",
    "label above a brace": r"$$r_t = \overbrace{w s_t}^{=: m_t} + 1$$",
    "environment of one's own": "\\begin{myeq}\nm_t = w s_t\n\\end{myeq}",
    "alignat": "\\begin{alignat}{2}\nm_t &= w s_t &\\qquad & \\text{(gate)}\n\\end{alignat}",
    "IEEEeqnarray": "\\begin{IEEEeqnarray}{rCl}\nm_t & = & w s_t\n\\end{IEEEeqnarray}",
    "box": r"$$\fbox{$m_t = w s_t$}$$",
    "ensuremath": r"\ensuremath{m_t = w s_t}",
    "algorithm": "\\begin{algorithmic}\\State $m_t \\gets w s_t$\\end{algorithmic}",
    "integral": r"$m_t = \int_0^w s_t \, du$",
    "expectation": r"$m_t = \mathbb{E}[w s_t]$",
}


@pytest.mark.parametrize("way", MADE_OTHERWISE)
def test_a_name_that_is_made_otherwise_is_no_input(way: str) -> None:
    text = f"{CELL}\n\n{MADE_OTHERWISE[way]}.\n\nThen\n$$ {WITHOUT_A_PATH} $$"
    kind = judge("page.tex", text, Options()).formulas[-1].verdict.kind
    assert kind in ("unread", "refuted")


def test_an_input_stays_one() -> None:
    """A bound, a shape and an approximation of a target make nothing."""
    for said in (r"$m_t \le 1$", r"$m_t \in \mathbb{R}$", r"$m_t$ is given"):
        text = f"{CELL}\n\n{said}.\n\nThen\n$$ {WITHOUT_A_PATH} $$"
        assert judge("page.tex", text, Options()).formulas[-1].verdict.kind == "proved", said


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (r"\iffalse $a$ \else $b$ \fi $c$", ["b", "c"]),
        (r"\iffalse $a$ \ifx\p\q $b$ \else $c$ \fi $d$ \fi $e$", ["e"]),
        (r"\iftrue $a$ \else $b$ \fi $c$", ["a", "c"]),
        (r"\if0 $a$ \fi $b$", ["b"]),
        (r"\newif\ifdraft \ifdraft $a$ \else $b$ \fi $c$", ["b", "c"]),
        (r"\newif\ifdraft \drafttrue \ifdraft $a$ \else $b$ \fi", ["a"]),
        (r"$a \iff b$ $c$", ["a", "b", "c"]),
    ],
)
def test_dead_branches_are_not_there(text: str, seen: list[str]) -> None:
    found = judge("page.tex", text, Options()).formulas
    assert [j.latex for j in found] == seen


def test_a_condition_behind_a_line_counts() -> None:
    page = r"Let $p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$. "
    for said, kinds in (("i = j", ("proved", "tested")), (r"i \neq j", ("refuted", "unread"))):
        line = rf"$$\frac{{\partial p_i}}{{\partial z_j}} = p_i (1 - p_i) \quad \text{{where }} {said}$$"
        found = judge("page.md", page + line, Options()).formulas[1].verdict.kind
        assert found in kinds, said


def test_a_comment_in_markdown_is_not_there() -> None:
    text = "<!-- Let $s_t = w^2 s_{t-1}$ -->\nLet $s_t = w s_{t-1}$."
    assert len(judge("page.md", text, Options()).formulas) == 1
