"""Certificates: about this model, accepted by coqc, and refused where one side is tampered with."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from certificate_meaning import meaning, path_words
from models_both_ways import MODELS as BOTH

from derive import document
from derive.algebra.expression import Time, Total, Variable
from derive.derivation.every import every
from derive.derivation.forward import forward
from derive.model.builtin import BUILTIN, CELLS, from_latex
from derive.model.recurrence import END, NOW, STEP
from derive.proof.certificate import (
    Certificate,
    Terms,
    certificate,
    refuse_other_edges,
)
from derive.proof.rules import Unproved
from derive.proof.setting import AtHorizon, EveryHorizon, general_step

USERS: dict[str, tuple[str, ...]] = {
    "three lags and initial states": (
        "h_0 = q(\\theta)",
        "h_{-1} = r(\\theta)",
        "h_{-2} = s(h_{-1}, \\theta)",
        "h_t = f(h_{t-1}, h_{t-3}, \\theta)",
        "L_t = L(h_t, h_{t-1}, \\theta)",
        "C = \\sum_{t=1}^T L_t",
    ),
    "steps after the second": (
        "h_0 = q(\\theta)",
        "h_1 = p(h_0, \\theta)",
        "h_2 = s(\\theta)",
        "h_t = f(h_{t-1}, h_{t-2}, \\theta)",
        "o_t = g(h_t, \\theta)",
        "C = \\frac{1}{T} \\sum_{t=1}^T o_t + r(\\theta)",
    ),
    "shared quantities": (
        "\\phi = q(\\theta)",
        "\\psi = p(\\phi, \\theta)",
        "h_0 = k(\\phi)",
        "h_t = f(h_{t-1}, \\psi, \\phi, x_t)",
        "L_t = L(h_t, \\theta)",
        "C = \\sum_{t=1}^T L_t + r(\\psi)",
    ),
    "a cost of costs": (
        "h_t = f(h_{t-1}, x_t, \\theta)",
        "A = \\sum_{t=1}^T h_t",
        "B = l(A, h_T, \\theta)",
        "C = m(A, B)",
    ),
    "feedback, two lags": (
        "o_0 = z(\\theta)",
        "h_t = f(o_{t-1}, h_{t-2}, x_t, \\theta)",
        "o_t = g(h_t, o_{t-2}, \\theta)",
        "C = \\sum_{t=2}^{T-1} L(o_t) + l(h_T)",
    ),
    "a late cost": ("h_t = f(h_{t-1}, \\theta)", "C = l(h_{T-3})"),
    "named steps": (
        "h_t = f(h_{t-1}, \\theta, \\phi)",
        "C = l(h_1, h_5, h_{T-1}, h_T) + \\theta^2",
    ),
    "the initial state in the cost": (
        "h_0 = q(\\theta)",
        "h_t = f(h_{t-1}, \\theta)",
        "C = \\sum_{t=1}^T l(h_{t-1}) + r(h_0)",
    ),
    "backward in the sum": ("h_t = f(h_{t-1}, \\theta)", "C = \\sum_{t=1}^T l(h_{T-t+1})"),
    "nothing but a penalty": ("h_t = f(h_{t-1})", "C = l(h_T) + r(\\theta)"),
    "not used": ("h_t = f(h_{t-1}, \\theta)", "k_t = g(h_t, \\phi)", "C = l(h_T)"),
}
PROVED = {name: model.definitions for name, model in CELLS.items()}
WITHOUT = {
    "a step back on the way forward, two steps on": "use each other's earlier and later steps",
    "the first states given": "k_1 uses k_2",
}
BOTH_WAYS = {name: found for name, (found, _) in BOTH.items() if name not in WITHOUT}
ARRAYS = {
    "lags and feedback of vectors": (
        "W \\in \\mathbb{R}^{n \\times n}",
        "h_0 = \\tanh(Q w)",
        "h_t = \\tanh(W h_{t-1} + R o_{t-2} + U x_t)",
        "o_t = \\sigma(V h_t + P \\cdot o_{t-1})",
        "L_t = \\frac{1}{2} \\lVert o_t - y_t \\rVert^2 + \\lVert W h_t \\rVert^2",
        "C = \\frac{1}{T} \\sum_{t=1}^T L_t + \\lVert h_T \\rVert^2 + w^\\top w",
    ),
}
MODELS = {**{name: model.definitions for name, model in BUILTIN.items()}, **USERS}
EVERY = {**MODELS, **PROVED, **ARRAYS, **BOTH_WAYS}


@cache
def certificates(*definitions: str, most: int | None = None) -> tuple[Certificate, ...]:
    """One for each parameter, or for the first few; as maps, where the model has shapes."""
    recurrence = from_latex(definitions)
    setting = general_step(recurrence)
    maps = bool(recurrence.shapes)
    return tuple(certificate(every(setting, by), by, maps) for by in recurrence.parameters[:most])


def text(found: tuple[Certificate, ...]) -> str:
    return document.certificate(found[0].recurrence, found)


def code(*definitions: str, most: int | None = None) -> str:
    """The Coq file without its comments."""
    found = certificates(*definitions, most=most)
    return re.sub(r"\(\*.*?\*\)", "", text(found), flags=re.DOTALL)


def claimed(*definitions: str, most: int | None = None) -> str:
    """What the theorems say: the file without comments, letters, tactics and proofs."""
    bare = code(*definitions, most=most)
    bare = re.sub(r"Proof\..*?Qed\.", "", bare, flags=re.DOTALL)
    return re.sub(r"^(Ltac|Variable|Hypothesis) .*?\. *$", "", bare, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def coqc() -> str:
    found = shutil.which("coqc")
    if found is None:
        if os.environ.get("DERIVE_NEEDS_COQ"):
            pytest.fail("coqc is missing, and DERIVE_NEEDS_COQ demands it")
        pytest.skip("coqc is not installed")
    return found


# -- it is about this model ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_both_sides_are_the_sum_over_the_paths(name: str) -> None:
    for c in certificates(*EVERY[name]):
        least = c.least - c.offset
        for horizon in range(least, least + (3 if c.maps else 4)):
            found = meaning(c, horizon)
            wanted = path_words(c, horizon)
            assert found.forward() == wanted
            assert found.backward() == wanted


CHANGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "an edge": (("h_t = f(h_{t-1}, x_t, \\theta)",), ("h_t = f(h_{t-1}, o_{t-1}, \\theta)",)),
    "a lag": (("h_t = f(h_{t-1}, x_t, \\theta)",), ("h_t = f(h_{t-2}, x_t, \\theta)",)),
    "θ in the output": (("o_t = g(h_t, \\theta)",), ("o_t = g(h_t)",)),
    "h_0": ((), ("h_0 = q(\\theta)",)),
    "the last step alone": (("C = \\sum_{t=1}^T L_t",), ("C = l(L_T)",)),
    "an earlier step": (("C = l(L_T)",), ("C = l(L_{T-3})",)),
    "from the second on": (("C = \\sum_{t=1}^T L_t",), ("C = \\sum_{t=2}^T L_t",)),
    "a penalty": (("C = \\sum_{t=1}^T L_t",), ("C = \\sum_{t=1}^T L_t + r(\\theta)",)),
    "one state more": (("C = \\sum_{t=1}^T L_t",), ("C = \\sum_{t=1}^T L_t + r(h_T)",)),
}
ABSTRACT = {
    "h_t": "h_t = f(h_{t-1}, x_t, \\theta)",
    "o_t": "o_t = g(h_t, \\theta)",
    "L_t": "L_t = L(o_t, y_t)",
    "C": "C = \\sum_{t=1}^T L_t",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_model_changes_a_recursion_or_the_statement(change: str) -> None:
    before, after = (
        claimed(*{**ABSTRACT, **{d.split(" =")[0]: d for d in part}}.values())
        for part in CHANGES[change]
    )
    assert before != after


CELL_CHANGES: dict[str, tuple[str, str, str]] = {
    "an edge": ("gru", "r_t \\odot h_{t-1}", "r_t \\odot h_{t-1} \\odot z_t"),
    "an edge less": ("lstm", "W_{i} h_{t-1} + U_{i} x_t", "U_{i} x_t"),
    "a lag": ("rnn", "W h_{t-1}", "W h_{t-2}"),
    "the cost": ("rnn", "C = \\sum_{t=1}^{T} L_t", "C = L_T"),
    "the cost's first step": ("gru", "C = \\sum_{t=1}^{T} L_t", "C = \\sum_{t=2}^{T} L_t"),
}


@pytest.mark.parametrize("change", CELL_CHANGES)
def test_a_change_of_a_cell_changes_a_recursion_or_the_statement(change: str) -> None:
    name, before, after = CELL_CHANGES[change]
    changed = tuple(d.replace(before, after) for d in PROVED[name])
    assert changed != PROVED[name]
    assert claimed(*changed, most=1) != claimed(*PROVED[name], most=1)


# -- Coq ------------------------------------------------------------------------------------------------

# In this algebra a sum is a list of words: what Coq computes are the paths themselves.
WORDS = """
Require Import List.
Import ListNotations.
Definition words := list (list nat).
Definition both (a b : words) : words := flat_map (fun x => map (fun y => app x y) b) a.
"""
RING = """
#[local] Instance free : @Ring_ops words [] [[]] (@app _) both (fun a _ => a) (fun a => a) eq := {}.
"""
# As maps: a derivative puts its letter in front of each word, its transpose puts it behind. Only the
# operations matter for what is computed, so that any two sums may count as the same.
PAIRED = """
Definition K : values.
refine {| same (_ _ : words) := True; zero := []; add := @app _; opposite x := x |}; now split.
Defined.
Definition X : space K.
refine {| vector := words : Type; none := []; plus := @app _; pair _ _ := [] : K |}; now split.
Defined.
"""


def computed(found: tuple[Certificate, ...], horizon: int, written: str) -> str:
    """Lines that let Coq compute both sides of every theorem at one T, each letter as a number."""
    lines = [WORDS, PAIRED if found[0].maps else RING]
    for c in found:
        for side in ("forward", "backward"):
            called = called_as_maps(c, side, written) if c.maps else called_in_ring(c, side)
            lines.append(f"Eval vm_compute in ({called} {horizon + c.offset}%nat : words).")
    return "\n".join(lines)


def called_in_ring(c: Certificate, side: str) -> str:
    codes = [
        f"(fun t => [[{i}%nat; t]])" if atom.varies else f"[[{i}%nat; 0%nat]]"
        for i, atom in enumerate(c.atoms, 1)
    ]
    return " ".join([f"{c.module}.{side} (R := words)", *codes])


def called_as_maps(c: Certificate, side: str, written: str) -> str:
    codes = {"K": "K", "v": "[[]]", "e": "[[]]", **{name: "X" for _, name in c.spaces}}
    for i, atom in enumerate(c.atoms, 1):
        at = f"t - {c.offset}" if c.offset else "t"
        time, letter = (
            ("fun t => ", f"[{i}%nat; ({at})%nat]") if atom.varies else ("", f"[{i}%nat; 0%nat]")
        )
        codes[atom.name] = f"({time}map (fun w => app {letter} w))"
        codes["t" + atom.name[1:]] = f"({time}map (fun w => app w {letter}))"
    return " ".join([f"{c.module}.{side}", *(codes[name] for name in needed(c, side, written))])


def needed(c: Certificate, name: str, written: str) -> list[str]:
    """The variables of the module's section that `name` rests on, in the order in which it takes them."""
    module = written[written.index(f"Module {c.module}.") :]
    module = re.sub(r"\(\*.*?\*\)", "", module[: module.index("Ltac ")], flags=re.DOTALL)
    rests_on: dict[str, set[str]] = {}
    variables = []
    for kind, called, rest in re.findall(
        r"^(Variable|Definition|Fixpoint|Record) (\w+)(.*?)\.$", module, re.DOTALL | re.MULTILINE
    ):
        rests_on[called] = set(re.findall(r"\w+", rest))
        variables += [called] * (kind == "Variable")
        if kind == "Record":
            rests_on.update({field: {called} for field in re.findall(r"(\w+) [:{]", rest)})
    found: set[str] = set()
    left = {name}
    while left:
        found |= left
        left = {one for called in left for one in rests_on.get(called, ())} - found
    return [name for name in variables if name in found]


def spoken(said: str) -> list[list[tuple[int, ...]]]:
    """The lists of words that coqc printed, each list sorted."""
    lists = re.findall(r"= (\[.*?\]|nil)\s+: words", said, re.DOTALL)
    return [
        sorted(tuple(map(int, re.findall(r"\d+", w))) for w in re.findall(r"\[([^\[\]]+)\]", found))
        for found in lists
    ]


def run_coqc(program: str, written: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "file.v").write_text(written, encoding="utf-8")
    return subprocess.run(
        [program, "-q", "file.v"], cwd=folder, capture_output=True, text=True, timeout=120
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_coq_accepts_the_certificate_and_computes_the_paths(
    name: str, coqc: str, tmp_path: Path
) -> None:
    found = certificates(*EVERY[name])
    horizon = found[0].least - found[0].offset + 1
    written = text(found)
    done = run_coqc(coqc, written + computed(found, horizon, written), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Closed under the global context") == len(found)
    wanted = []
    for c in found:
        numbers = {atom.name: i for i, atom in enumerate(c.atoms, 1)}
        words = path_words(c, horizon)
        paths = sorted(
            tuple(n for letter, t in word for n in (numbers[letter], t or 0))
            for word, count in words.items()
            for _ in range(count)
        )
        wanted += [paths, paths]
    assert spoken(done.stdout) == wanted


# -- tampered with ----------------------------------------------------------------------------------------

Change = Callable[[Terms], Terms | None]


def swapped(terms: Terms) -> Terms | None:
    """The first product of two letters in the other order."""
    for i, term in enumerate(terms):
        if len(term) > 1:
            return (*terms[:i], term[::-1], *terms[i + 1 :])
    return None


def shifted(terms: Terms) -> Terms | None:
    """The first letter that changes with the steps, taken one step later."""
    for i, term in enumerate(terms):
        for j, f in enumerate(term):
            if f.name.startswith(("d_", "use_")) and f.at and STEP in dict(f.at[-1].letters):
                late = replace(f, at=(*f.at[:-1], f.at[-1] + 1))
                return (*terms[:i], (*term[:j], late, *term[j + 1 :]), *terms[i + 1 :])
    return None


def dropped(terms: Terms) -> Terms | None:
    """Without the last term."""
    return terms[:-1] if terms else None


def forward_changed(c: Certificate, change: Change) -> Iterator[Certificate]:
    for i, line in enumerate(c.step):
        terms = change(line.terms)
        if terms is not None:
            step = (*c.step[:i], replace(line, terms=terms), *c.step[i + 1 :])
            yield replace(c, step=step)


def backward_changed(c: Certificate, change: Change) -> Iterator[Certificate]:
    for i, line in enumerate(c.step_adjoints):
        terms = change(line.terms)
        if terms is not None:
            lines = (*c.step_adjoints[:i], replace(line, terms=terms), *c.step_adjoints[i + 1 :])
            yield replace(c, step_adjoints=lines)


def adjoint_replaced(c: Certificate) -> Iterator[Certificate]:
    """An adjoint in the sum over the uses of θ, replaced by another one; as maps, of the same space.

    Of a model in both directions of time, by that of the next step, too: it has no name of its own there.
    """
    lines = [*c.step_adjoints, *c.later]
    variables = {
        line.name: line.meaning.by.name for line in lines if isinstance(line.meaning, Total)
    }
    own = c.sources[0]
    for i, term in enumerate(own.step):
        for other in variables:
            fits = not c.maps or variables[other] == variables[term[0].name]
            if other != term[0].name and fits:
                changed = replace(term[0], name=other)
                step = (*own.step[:i], (changed, *term[1:]), *own.step[i + 1 :])
                yield replace(c, sources=(replace(own, step=step), *c.sources[1:]))
        if c.both:
            later = (replace(term[0], at=(END, NOW + 1)), *term[1:])
            step = (*own.step[:i], later, *own.step[i + 1 :])
            yield replace(c, sources=(replace(own, step=step), *c.sources[1:]))


TAMPERED: dict[str, Callable[[Certificate], Iterator[Certificate]]] = {
    "factors swapped, forward": lambda c: forward_changed(c, swapped),
    "factors swapped, backward": lambda c: backward_changed(c, swapped),
    "index shifted, forward": lambda c: forward_changed(c, shifted),
    "index shifted, backward": lambda c: backward_changed(c, shifted),
    "term dropped, forward": lambda c: forward_changed(c, dropped),
    "term dropped, backward": lambda c: backward_changed(c, dropped),
    "an adjoint replaced": adjoint_replaced,
}


TAMPERED_WITH = [
    *BUILTIN,
    *PROVED,
    "backward alone",
    "the forward state of any step in the backward one",
    "final and initial states of the parameter",
]


def rogues(name: str, kind: str) -> Iterator[Certificate]:
    """The tampered certificates of a model, for the parameters that its steps depend on.

    Of a cell, for the first parameter: its weights differ in where they enter alone.
    """
    found = certificates(*EVERY[name], most=1 if name in PROVED else None)
    for c in found:
        yield from TAMPERED[kind](c)


@pytest.mark.parametrize("kind", TAMPERED)
@pytest.mark.parametrize("name", TAMPERED_WITH)
def test_tampering_makes_a_theorem_false(name: str, kind: str) -> None:
    changed = list(rogues(name, kind))
    assert changed
    for c in changed:
        found = meaning(c, c.least + c.recurrence.lag + c.recurrence.ahead + 1)
        assert found.forward() != found.backward()


@pytest.mark.slow
@pytest.mark.parametrize("name", TAMPERED_WITH)
def test_coq_rejects_what_was_tampered_with(name: str, coqc: str, tmp_path: Path) -> None:
    """A whole file for each kind; it fails in a proof, not where something is defined.

    Only maps that are swapped are refused where they stand: their spaces do not meet.
    """
    for kind in TAMPERED:
        changed = next(rogues(name, kind))
        written = text((changed,))
        done = run_coqc(coqc, written, tmp_path)
        assert done.returncode != 0, kind
        place = re.search(r"line (\d+), characters", done.stderr)
        proofs = written[: written.index("They are equal")].count("\n")
        typed = changed.maps and kind.startswith("factors swapped")
        assert place is not None and (typed or int(place[1]) > proofs + 1), done.stderr
        assert "Syntax error" not in done.stderr and "not found" not in done.stderr


def tables_changed(c: Certificate, **change: object) -> Certificate:
    return replace(c, tables=tuple(replace(table, **change) for table in c.tables))


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda c: tables_changed(c, early={}),
        lambda c: tables_changed(c, beyond={}),
        lambda c: tables_changed(c, upward=True),
        lambda c: tables_changed(c, upward=False),
        lambda c: replace(c, start=c.start + 1),
    ],
    ids=["no initial state", "no final state", "all upward", "all downward", "a step less"],
)
def test_coq_rejects_tables_that_were_tampered_with(
    change: Callable[[Certificate], Certificate], coqc: str, tmp_path: Path
) -> None:
    (c,) = certificates(*BOTH_WAYS["final and initial states of the parameter"])
    done = run_coqc(coqc, text((change(c),)), tmp_path)
    assert done.returncode != 0
    assert "Syntax error" not in done.stderr and "not found" not in done.stderr


# -- as maps ----------------------------------------------------------------------------------------------


def as_maps(name: str) -> tuple[Certificate, ...]:
    return tuple(replace(c, maps=True) for c in certificates(*MODELS[name]))


@pytest.mark.parametrize("name", MODELS)
def test_each_adjointness_is_a_hypothesis_of_its_own(name: str) -> None:
    for c in as_maps(name):
        written = text((c,))
        assert {h.kind for h in c.hypotheses[1:]} <= {"adjoint"}
        assert c.hypotheses[0].kind == "pairing"
        for atom in c.atoms:
            assert written.count(f"Hypothesis adjoint{atom.name[1:]} :") == 1
        assert written.count("Hypothesis ") == len(c.atoms) + written.split("*)")[0].count(
            "Hypothesis "
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["linear", "initial", "shared quantities", "feedback, two lags", "a cost of costs"]
)
def test_coq_accepts_maps_with_their_hypotheses_alone(name: str, coqc: str, tmp_path: Path) -> None:
    (c,) = as_maps(name)
    written = text((c,))
    done = run_coqc(coqc, written, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Closed under the global context" in done.stdout
    other = re.sub(r"== pair \((t_\w+) t u\) w\.", r"== pair (\1 (S t) u) w.", written, count=1)
    assert other != written
    assert run_coqc(coqc, other, tmp_path).returncode != 0


INTEGERS = """
Require Import ZArith.
Definition integers : values.
refine {| value := Z; same := eq; zero := 0%Z; add := Z.add; opposite := Z.opp |};
  intros; subst; ring.
Defined.
Definition line : space integers.
refine {| vector := Z : Type; none := 0%Z; plus := Z.add; pair := Z.mul : Z -> Z -> integers |};
  cbn; intros; ring.
Defined.
Definition times (a w : Z) : Z := (a * w)%Z.
Lemma itself (a u w : Z) : (u * times a w = times a u * w)%Z.
Proof. unfold times; ring. Qed.
"""


@pytest.mark.slow
def test_what_is_assumed_of_maps_can_be_met(coqc: str, tmp_path: Path) -> None:
    """An RNN of integers: each map a multiplication, which is its own transpose."""
    found = certificates(*PROVED["rnn"], most=1)
    (c,) = found
    numbers = [f"(fun t => times ({i} + Z.of_nat t)%Z)" for i, _ in enumerate(c.atoms, 2)]
    given = " ".join(f"{n} {n} (fun t u w => itself _ u w)" for n in numbers)
    spaces = " ".join("line" for _ in c.spaces)
    lines = [
        text(found) + INTEGERS,
        f"Definition agreed := {c.module}.gradients_agree integers {spaces} 1%Z 1%Z {given}.",
        "Check agreed : forall T, _ -> eq (A := Z) _ _.",
        f"Eval vm_compute in ({c.module}.forward integers {spaces} 1%Z {' '.join(numbers)} 2 : Z).",
    ]
    done = run_coqc(coqc, "\n".join(lines), tmp_path)
    assert done.returncode == 0, done.stderr
    h_w, h_h, o_h, l_o, c_l = (lambda t, i=i: i + t for i in range(2, 7))
    h = [0, h_w(1), h_w(2) + h_h(2) * h_w(1)]
    cost = sum(c_l(t) * l_o(t) * o_h(t) * h[t] for t in (1, 2))
    assert f"= {cost}%Z" in done.stdout


# -- what does not fit ------------------------------------------------------------------------------------


def test_a_theorem_of_another_kind_has_no_certificate() -> None:
    recurrence = from_latex(BUILTIN["abstract"].definitions)
    setting = EveryHorizon(recurrence)
    theorem = every(setting, recurrence.parameters[0])
    with pytest.raises(Unproved, match="not about"):
        certificate(theorem, Variable("x"))
    at = AtHorizon(recurrence, 2)
    with pytest.raises(Unproved, match="every T"):
        certificate(forward(at, recurrence.parameters[0]), recurrence.parameters[0])


def test_a_use_at_every_second_step_has_no_certificate() -> None:
    definitions = ("h_t = f(h_{t-1}, \\theta)", "C = \\sum_{t=1}^4 l(h_{2t})")
    with pytest.raises(Unproved, match="C uses h_3"):
        certificates(*definitions)


@pytest.mark.parametrize("name", WITHOUT)
def test_what_tables_do_not_express_has_no_certificate(name: str) -> None:
    with pytest.raises(Unproved, match=WITHOUT[name]):
        certificates(*BOTH[name][0])


@pytest.mark.parametrize("kind", ["atoms", "uses"])
def test_a_certificate_with_an_edge_less_is_about_another_model(kind: str) -> None:
    (c,) = certificates(*BUILTIN["coupled"].definitions)
    if kind == "atoms":
        other = replace(c, atoms=c.atoms[1:])
    else:
        (use,) = c.uses
        other = replace(c, uses=(replace(use, ranges=((Time.at(1), Time.at(1)),)),))
    setting = EveryHorizon(c.recurrence)
    refuse_other_edges(setting, c)
    with pytest.raises(Unproved, match="in a way that its recursions"):
        refuse_other_edges(setting, other)


# -- the text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["(*", "*)", "(*)", '"', "h^{(*)}", "**))((**", "((*", "*))"])
def test_nothing_in_a_formula_ends_a_comment(written: str) -> None:
    found = document.in_comment(written)
    assert not {"(*", "*)", '"'} & {found[i : i + n] for i in range(len(found)) for n in (1, 2)}


def test_two_names_with_the_same_letters_are_two_identifiers() -> None:
    definitions = (
        "h_t = f(h_{t-1}, W_h, \\theta, \\mathrm{W}_{h}, h'_{t-1})",
        "h'_t = k(h_{t-1}, \\theta)",
        "C = l(h_T)",
    )
    found = certificates(*definitions)
    assert len({c.module for c in found}) == len(found)
    for c in found:
        names = [a.name for a in c.atoms]
        assert len(set(names)) == len(names)


def test_what_it_takes_for_granted_is_listed_in_its_head() -> None:
    found = certificates(*BUILTIN["initial"].definitions)
    head = text(found).split("*)")[0]
    for hypothesis in document.hypotheses(found):
        assert document.told(hypothesis) in head
    assert len(document.hypotheses(found)) == len(found[0].atoms)


@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_assumed_or_left_open(name: str) -> None:
    """Nothing but what each map's hypothesis says."""
    written = code(*EVERY[name], most=None if name in MODELS else 1)
    if name not in MODELS:
        written = written.replace("Hypothesis adjoint_", "")
    words = set(re.findall(r"[A-Za-z]+", written))
    assert not words & {
        "Admitted",
        "Axiom",
        "Parameter",
        "Hypothesis",
        "Conjecture",
        "admit",
        "Abort",
    }
