"""Every refutation's two numbers, worked out again from what is printed alone by code that shares nothing with the judge."""  # noqa: E501

from __future__ import annotations

import random
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pencil
import pytest
from corpus import Page, pages, read
from oracle import SMOOTH, Meaningless, Outside, World, _domains, parse, understand, variables
from reading import Unreadable

from derive.judge.readers import judge
from derive.verify.options import Options
from derive.verify.verdicts import Judged

MODELS = {
    "closed": (
        r"h_t = \theta h_{t-1} + x_t",
        r"L_t = \frac{1}{2} (h_t - y_t)^2",
        r"C = \sum_{t=1}^{T} L_t",
    ),
    "tanh": (r"h_t = \tanh(w h_{t-1} + x_t)", r"C = h_T"),
}
LINES = {
    "closed": (
        r"\frac{\partial C}{\partial h_t} = h_t - y_t",
        r"\frac{\partial C}{\partial h_t} = 2 (h_t - y_t) + \theta \frac{\partial C}{\partial h_{t+1}}",
        r"\frac{\partial h_t}{\partial \theta} = h_t + \theta \frac{\partial h_{t-1}}{\partial \theta}",
        r"\frac{\partial C}{\partial \theta} = \sum_{t=1}^{T} (h_t - y_t) h_{t-1}",
        r"\frac{\partial h_T}{\partial h_0} = \theta^{T-1}",
    ),
    "tanh": (
        r"\frac{\partial h_t}{\partial h_{t-1}} = 1 - h_t^2",
        r"\frac{\partial h_t}{\partial w} = (1 - h_t^2) h_{t-1}",
        r"\frac{\partial h_t}{\partial h_{t-1}} = w (1 - h_t)^2",
    ),
}


class Printed(World):
    """A world whose inputs, and slopes of unknown functions, are those that a witness prints."""

    def __init__(self, page: Page, judged: Judged) -> None:
        found = judged.verdict.counterexample
        assert found is not None
        self.printed = {
            name.replace("{", "").replace("}", "").replace(" ", ""): Fraction(value)
            for name, value in found.values
        }
        steps = [int(m[1]) for name in self.printed if (m := re.fullmatch(r"[^{}]+_(\d+)", name))]
        super().__init__(understand(page)[0], found.horizon or max(steps, default=1), False)
        self.last = max((self.horizon, *steps))
        self.times = _domains(self.model, self.last)
        self.real = False

    def definition(self, node: Any) -> Any:
        """As the page has it; where the print goes on beyond T, the recursion does, too."""
        kept, self.horizon = self.horizon, self.last if node[1] is not None else self.horizon
        try:
            return super().definition(node)
        finally:
            self.horizon = kept

    def value(self, node: Any, run: Any) -> Any:
        """The printed value, and slopes, of what a formula makes with an unknown function in it."""
        found = self.definition(node)
        if found is None or found[0][0] == "call" or spelled(node) not in self.printed:
            return super().value(node, run)
        total: Any = self.printed[spelled(node)]
        if run is not None:
            for tree in variables(found[0]):
                by = self.node(tree, found[1])
                change = self.read(by, run, node) + (-1) * self.value(by, None)
                total = total + self.slope(spelled(node), spelled(by)) * change
        return total

    def said(self, name: str) -> Any:
        """The printed value; what is not printed may not matter, so that it is any number."""
        return self.printed.get(name, Fraction(random.Random(name).randint(11, 99), 7))

    def drawn(self, node: Any) -> Any:
        return self.said(spelled(node))

    def call(self, tree: Any, letters: Any, run: Any, reader: Any) -> Any:
        owner = self.user(tree[1])
        if reader is None and owner is not None and owner[0] in self.model.shared:
            reader = owner  # \psi(h_T) is the cost that it makes
        elif reader is None and owner is not None:
            reader = self.made_of(owner[0], tree[2], letters)
        if tree[3] and reader is not None:
            return self.slope(spelled(reader), spelled(self.node(tree[2][tree[3][0]], letters)))
        if tree[1] in SMOOTH or tree[1] in self.model.closed or tree[3] or reader is None:
            return super().call(tree, letters, run, reader)
        made = spelled(reader)
        total: Any = self.printed.get(made, Fraction(0))
        for argument in tree[2]:
            value = self.evaluate(argument, letters, run, reader)
            if type(value).__name__ == "Dual":
                plain = self.evaluate(argument, letters, None, reader)
                by = spelled(self.node(argument, letters))
                total = total + self.slope(made, by) * (value + (-1) * plain)
        return total

    def made_of(self, name: str, arguments: Any, letters: Any) -> Any:
        """f(h_1, o_1) makes h_2: the member whose definition names just these arguments."""
        step = self.model.steps[name]
        for at in range(1, self.horizon + 1):
            own = {"t": at - step.shift}
            try:
                if [self.node(a, own) for a in step.body[2]] == [
                    self.node(a, letters) for a in arguments
                ]:
                    return name, at
            except (Outside, Meaningless, IndexError):
                continue
        return None

    def slope(self, made: str, by: str) -> Any:
        for sign in ("\\partial", "\\partial^+"):
            name = f"\\frac{sign}{made}\\partial{by}"
            if name in self.printed:
                return self.printed[name]
        return self.said(f"\\frac\\partial{made}\\partial{by}")


def spelled(node: Any) -> str:
    name, at = node
    return name if at is None else f"{name}_{at}"


def worked_out(page: Page, judged: Judged) -> tuple[float, float]:
    """The two sides from the print."""
    formula, index = next(
        (f, i)
        for f in page.formulas
        for i, m in enumerate(f.members)
        if i and m.start <= judged.start + 1 and judged.end - 1 <= m.end
    )
    world = Printed(page, judged)
    letters = {
        a: int(v)
        for a, v in world.printed.items()
        if len(a) == 1 and v.denominator == 1 and a in "tksijmr"
    }
    sides = (parse(formula.members[i].tokens, world.model.names) for i in (0, index))
    left, right = (world.evaluate(side, letters) for side in sides)
    return float(left), float(right)


def redone(page: Page) -> tuple[int, list[str]]:
    """How many refutations of a page were worked out again, and what does not fit."""
    count, wrong = 0, []
    for judged in judge(page.path.name, page.text, Options()).formulas:
        numbers = judged.verdict.counterexample
        if judged.verdict.kind not in ("refuted", "carried") or numbers is None:
            continue
        try:
            left, right = worked_out(page, judged)
        except (Unreadable, Meaningless, Outside, StopIteration):
            continue  # the oracle reads less than the judge
        except (KeyError, TypeError) as error:
            wrong.append(f"{judged.latex}: {error!r}; {numbers}")
            continue
        count += 1
        for own, said in ((left, numbers.left), (right, numbers.right)):
            shown = float(Fraction(said.removeprefix("≈ ")))
            if abs(own - shown) > 1e-4 * (1 + abs(shown)):
                wrong.append(f"{judged.latex}: {own} where {said} is printed; {numbers}")
    return count, wrong


@pytest.mark.parametrize("name", MODELS)
def test_the_two_numbers_come_again(name: str) -> None:
    shown = "".join(f"\\[ {d} \\]\n" for d in MODELS[name])
    lines = "".join(f"\\[ {line} \\]\n" for line in LINES[name])
    count, wrong = redone(read(Path("page.tex"), f"Let\n{shown}Then\n{lines}"))
    assert wrong == []
    assert count == len(LINES[name])


# Pages in which a reader may go wrong: how the page says it, what it says, and a line that is false.
LINEAR = (r"h_t = a h_{t-1} + b x_t", r"L_t = \frac{1}{2} (h_t - y_t)^2", r"C = \sum_{t=1}^{T} L_t")
SLOPE = r"\frac{\partial L_t}{\partial h_t}"
TEMPTING = {
    "supposed": (
        r"Let $h_t = a h_{t-1} + b x_t$, $L_t = \frac{1}{2} (h_t - y_t)^2$ and $C = \sum_{t=1}^T L_t$. "
        r"Suppose for a moment that $y_t = h_t$: nothing would be lost. In general",
        LINEAR,
        rf"{SLOPE} = 0",
    ),
    "only if": (
        r"Let $h_t = a h_{t-1} + b x_t$ and $C = \sum_{t=1}^T L_t$ with "
        r"$L_t = \frac{1}{2} (h_t - y_t)^2$. Errors are kept only if $a = 1$.",
        LINEAR,
        r"\frac{\partial h_t}{\partial h_{t-1}} = 1",
    ),
    "commented out": (
        "% $h_t = a h_{t-1}^2 + b x_t$\n"
        r"Let $h_t = a h_{t-1} + b x_t$, $L_t = \frac{1}{2} (h_t - y_t)^2$, $C = \sum_{t=1}^T L_t$.",
        LINEAR,
        r"\frac{\partial h_t}{\partial h_{t-1}} = 2 a h_{t-1}",
    ),
    "a dead branch": (
        r"\iffalse Let $h_t = b h_{t-1} + a x_t$. \fi "
        r"Let $h_t = a h_{t-1} + b x_t$, $L_t = \frac{1}{2} (h_t - y_t)^2$, $C = \sum_{t=1}^T L_t$.",
        LINEAR,
        r"\frac{\partial h_t}{\partial h_{t-1}} = b",
    ),
    "a sign in a group": (
        r"Let $h_t = a h_{t-1} {+ b x_t}$, $L_t = \boxed{\frac{1}{2}} (h_t \textcolor{red}{- y_t})^2$ "
        r"and $C = \sum_{t=1}^T L_t$.",
        LINEAR,
        rf"{SLOPE} = -h_t y_t",
    ),
    "an empty sum": (
        r"Let $h_t = a h_{t-1} + b x_t$, $L_t = \frac{1}{2} (h_t - y_t)^2$, $C = \sum_{t=1}^T L_t$.",
        LINEAR,
        r"\frac{\partial C}{\partial h_t} = h_t - y_t + \sum_{k=t+2}^{T} a^{k-t} (h_k - y_k)",
    ),
    "an exponent turned round": (
        r"Let $h_t = a h_{t-1} + b x_t$, $L_t = \frac{1}{2} (h_t - y_t)^2$, $C = \sum_{t=1}^T L_t$.",
        LINEAR,
        r"\frac{\partial C}{\partial h_t} = \sum_{k=t}^{T} a^{t-k} (h_k - y_k)",
    ),
    "from now on": (
        r"Let $h_t = a h_{t-1} + b x_t$, $L_t = (h_t - y_t)^3$, $C = \sum_{t=1}^T L_t$. "
        "\n\nFrom now on, the loss is $L_t := \\frac{1}{2} (h_t - y_t)^2$.",
        LINEAR,
        rf"{SLOPE} = 3 (h_t - y_t)^2",
    ),
    "an index for another": (
        r"Let $h_t = a h_{t-1} + b x_t$, $L_t = \frac{1}{2} (h_t - y_t)^2$, $C = \sum_{t=1}^T L_t$.",
        LINEAR,
        rf"{SLOPE} = h_{{t-1}} - y_t",
    ),
    "what is lost elsewhere": (
        r"Let $h_t = a h_{t-1} + b x_t$, $L_t = \frac{1}{2} (h_t - y_t)^2$, $C = \sum_{t=1}^T L_t$. "
        rf"The keys are $(q_t, r_t) = \mathrm{{cell}}(z_t)$. We see that \[ {SLOPE} = h_t - y_t \] and",
        LINEAR,
        r"\frac{\partial h_t}{\partial b} = x_t - a \frac{\partial h_{t-1}}{\partial b}",
    ),
    "a parameter behind a semicolon": (
        r"Let $h_t = f(h_{t-1}, x_t; \theta)$, $L_t = g(h_t)$ and $C = \sum_{t=1}^T L_t$.",
        (r"h_t = f(h_{t-1}, x_t, \theta)", r"L_t = g(h_t)", r"C = \sum_{t=1}^{T} L_t"),
        r"\frac{\partial h_t}{\partial \theta} "
        r"= \frac{\partial h_t}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial \theta}",
    ),
    "a parameter below the name": (
        r"Let $h_t = f_\theta(h_{t-1}, x_t)$, $L_t = g(h_t)$ and $C = \sum_{t=1}^T L_t$.",
        (r"h_t = f(h_{t-1}, x_t, \theta)", r"L_t = g(h_t)", r"C = \sum_{t=1}^{T} L_t"),
        r"\frac{\partial C}{\partial \theta} = \sum_{t=1}^{T} \frac{\partial L_t}{\partial h_t} "
        r"\frac{\partial^+ h_t}{\partial \theta}",
    ),
}


@pytest.mark.parametrize("name", TEMPTING)
def test_the_numbers_of_a_page_that_tempts_come_again(name: str) -> None:
    """The oracle reads the definitions and the line alone; the numbers are those of the page's witness."""
    said, definitions, line = TEMPTING[name]
    judged = judge("page.tex", f"{said}\n\\[ {line} \\]\n", Options()).formulas[-1]
    assert judged.verdict.kind == "refuted"
    shown = "".join(f"\\[ {d} \\]\n" for d in definitions)
    plain = read(Path("page.tex"), f"Let\n{shown}Then\n\\[ {line} \\]\n")
    member = plain.formulas[-1].members[1]
    left, right = worked_out(plain, replace(judged, start=member.start, end=member.end))
    numbers = judged.verdict.counterexample
    assert numbers is not None
    for own, shown in ((left, numbers.left), (right, numbers.right)):
        assert own == pytest.approx(float(Fraction(shown.removeprefix("≈ "))), rel=1e-4)
    assert left != pytest.approx(right, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("page", pages("wrong"), ids=lambda p: p.path.name)
def test_the_numbers_of_the_wrong_notes_come_again(page: Page) -> None:
    assert redone(page)[1] == []


@pytest.mark.parametrize(
    ("page", "letter"),
    [
        (
            r"Let $p = \sigma(a)$, $C = (w p - m)^2$. "
            r"$$\frac{\partial C}{\partial a} = (w p - m) w p (1 - p)$$",
            "m",
        ),
        (
            r"Let $E = \sum_{i=1}^n (w u_i - y_i)^2 + \lambda w^2$. "
            r"$$\frac{\partial E}{\partial w} = 2 \sum_{i=1}^n (w u_i - y_i) u_i + 2 n \lambda w$$",
            "n",
        ),
    ],
)
def test_a_length_that_enters_as_a_number_is_printed(page: str, letter: str) -> None:
    verdict = judge("page.tex", page, Options()).formulas[-1].verdict
    assert verdict.kind == "refuted"
    assert verdict.counterexample is not None
    assert letter in dict(verdict.counterexample.values)


# -- from the print alone -------------------------------------------------------------------------

TRAPS = Path(__file__).parents[2].parent / "shared" / "corpus" / "traps"
CAUSES = Path(__file__).parents[1] / "judge" / "causes.txt"
REDONE_AT_LEAST = {"traps": 22, "causes": 150}
"""How many refutations the pencil reads: all of the traps', and of the causes' nearly all."""


def redone_from_the_print(name: str, text: str) -> tuple[int, list[str]]:
    """How many refutations were worked out again from what `--why` prints, and what does not fit."""
    count, wrong = 0, []
    report = judge(name, text, Options())
    accused = {j.id: j for j in report.formulas if j.verdict.kind in ("refuted", "carried")}
    whys = judge(name, text, Options(why=tuple(accused))).whys if accused else ()
    for why in whys:
        judged = accused[why.id]
        numbers = judged.verdict.counterexample
        assert numbers is not None
        uses = [use for use, _ in why.uses]
        try:
            found = pencil.redone(why.left, why.right, uses, numbers.horizon, numbers.values)
        except pencil.Illegible:
            continue  # a path that is held, an inverse of a matrix
        count += 1
        said = [float(Fraction(side.removeprefix("≈ "))) for side in (numbers.left, numbers.right)]
        if not any(
            all(abs(a - b) <= 1e-4 * (1 + abs(b)) for a, b in zip(own, said, strict=True))
            for own in found
        ):
            wrong.append(f"{name}: {judged.latex}: {found} where {said} is printed; {numbers}")
    return count, wrong


def accusing_causes() -> list[tuple[str, str]]:
    """The pages of `causes.txt` on which a line may be refuted, without the marks."""
    found = []
    for part in re.split(r"^== ", CAUSES.read_text(encoding="utf-8"), flags=re.M)[1:]:
        head, _, text = part.partition("\n")
        if re.search(r"⟨[a-z]*r", text):
            name = head.replace(" ", "-")
            name = name if name.endswith((".md", ".tex")) else f"{name}.tex"
            found.append((name, re.sub(r"⟨[a-z]+⟩", "", text)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("pages_of", REDONE_AT_LEAST)
def test_the_print_of_each_refutation_gives_its_numbers(pages_of: str) -> None:
    if pages_of == "traps" and not TRAPS.is_dir():
        pytest.skip("the corpus of traps is not at hand")
    kept = (".md", ".tex")
    listed = (
        [
            (p.name, p.read_text(encoding="utf-8"))
            for p in sorted(TRAPS.iterdir())
            if p.suffix in kept
        ]
        if pages_of == "traps"
        else accusing_causes()
    )
    found = [redone_from_the_print(name, text) for name, text in listed]
    assert [w for _, wrong in found for w in wrong] == []
    assert sum(count for count, _ in found) >= REDONE_AT_LEAST[pages_of]
