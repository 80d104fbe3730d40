"""The library's face: model, bptt, prove, check, code, cost, verify …; it prints nothing.

    import derive

    cell = derive.model(r"h_t = \\tanh(w h_{t-1} + x_t)", r"L_t = h_t^2")
    print(derive.bptt(cell, T=3))
    derive.prove("lstm", wrt="W_i").latex()

A model is a built-in name, a file of definitions, definitions in LaTeX, or what `model` gave. What cannot
be used is a DeriveError: one sentence, with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derive.errors import DeriveError, Place, located

if TYPE_CHECKING:
    from derive.algebra.expression import Equation, Variable
    from derive.derivation.answer import Answer
    from derive.document import Layers
    from derive.layout import Format
    from derive.model.recurrence import Recurrence
    from derive.picture import Picture
    from derive.proof.kernel import Theorem
    from derive.proof.kinds import ManySteps
    from derive.verify.options import Options
    from derive.verify.verdicts import Report

TESTED_HORIZONS = 6
MOST_PICTURED = 40
LANGUAGES = ("numpy", "torch", "jax")
LAYOUTS = ("numerator", "gradient", "denominator")
Advance = Callable[[], None]
Waiting = Callable[[str, int], AbstractContextManager[Advance]]


@contextmanager
def quietly(_what: str, _total: int) -> Iterator[Advance]:
    """Nobody is shown how far the work is."""
    yield lambda: None


# -- results ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Result:
    """A document: text when printed, and LaTeX, Markdown, HTML or data when asked for.

    `proved` says whether it shows what was asked for; where it does not, `reason` says why.
    """

    render: Callable[[Format], str]
    data: Callable[[], dict[str, Any]]
    formulas: Callable[[], Sequence[Equation]]
    proved: bool = True
    reason: str = ""

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        first = next(iter(self.equations), "")
        return f"<{type(self).__name__}: {first}>"

    def text(self, full: bool = False, columns: int = 80) -> str:
        """Plain text, for a terminal of so many columns; `full` leaves nothing out."""
        from derive import console, document

        return console.plain(self.render(document.layout_of("text", full, columns, True)), columns)

    def latex(self, full: bool = False, standalone: bool = False) -> str:
        """Rows for somebody's `align`, or a whole document."""
        return self._written("latex", full, standalone)

    def markdown(self, full: bool = False) -> str:
        return self._written("md", full, True)

    def html(self, full: bool = False) -> str:
        return self._written("html", full, True)

    def json(self) -> dict[str, Any]:
        """What `--to json` writes, as data."""
        return self.data()

    @property
    def equations(self) -> tuple[str, ...]:
        """The result's own lines as LaTeX: what it answers, not how it got there."""
        from derive.notation.latex import latex

        return tuple(latex(equation) for equation in self.formulas())

    def _written(self, kind: str, full: bool, standalone: bool) -> str:
        from derive import document

        return self.render(document.layout_of(kind, full, 80, standalone))

    def _repr_html_(self) -> str:
        """For a notebook: the page without its head."""
        page = self.html()
        return page.partition("<main>")[2].partition("</main>")[0] or page

    def _repr_latex_(self) -> str:
        rows = [row.replace("=", "&=", 1) for row in self.equations]
        return "$\\displaystyle\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$"


@dataclass(frozen=True, eq=False, repr=False)
class Model(Result):
    """A model as it was read; `recurrence` is what the derivations take."""

    recurrence: Recurrence = field(kw_only=True)


@dataclass(frozen=True, eq=False, repr=False)
class Gradient(Result):
    """What `bptt` and `prove` give; `answer` has ∂C/∂θ and its recursion, where there is one."""

    answer: Answer | None = field(kw_only=True, default=None)
    layers: Layers | None = field(kw_only=True, default=None)
    convention: str = field(kw_only=True, default=LAYOUTS[0])

    def answered(self) -> Result:
        """The answer alone."""
        from derive import document

        found = self.answer
        if found is None:
            raise DeriveError(f"there is no closed recursion: {self.reason}")
        return Result(
            lambda layout: document.answer_alone(layout, found, self.convention),
            lambda: document.answer_as_json(found, self.convention),
            self.formulas,
        )


@dataclass(frozen=True, eq=False, repr=False)
class Code(Result):
    """A program; printed, it is the program's text."""

    source: str = field(kw_only=True)

    def __str__(self) -> str:
        return self.source

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre><code>{escape(self.source)}</code></pre>"


@dataclass(frozen=True, eq=False, repr=False)
class Verdicts(Result):
    """What the red pen says of a text; `proved` where nothing is refuted or carried."""

    report: Report = field(kw_only=True)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many formulas have each verdict."""
        return {str(kind): number for kind, number in self.report.counts.items()}

    @property
    def equations(self) -> tuple[str, ...]:
        return tuple(judged.latex for judged in self.report.formulas)

    def __str__(self) -> str:
        return self.text()

    def text(self, full: bool = False, columns: int = 80) -> str:
        from derive.report import marking

        return marking.plain(marking.marked([self.report], columns, full))

    def markdown(self, full: bool = False) -> str:
        from derive.report import marking

        return marking.markdown([self.report], full)

    def html(self, full: bool = False) -> str:
        from derive.report import marking

        return marking.html([self.report], full)

    def latex(self, full: bool = False, standalone: bool = False) -> str:
        """The notes with the verdicts in the margin."""
        from derive.report.margin import annotated

        return annotated(self.report, self.report.path, full)


# -- models -----------------------------------------------------------------------------------------


def model(*given: str | Path) -> Model:
    """A model: of a built-in name, of a file of definitions, or of definitions in LaTeX.

    >>> derive.model(r"h_t = \\tanh(w h_{t-1} + x_t)", r"L_t = h_t^2")
    """
    return _as_model(_named(given[0]) if len(given) == 1 else defined([str(g) for g in given]))


def models(name: str | None = None) -> Result:
    """The built-in models, or the one called `name`, as LaTeX definitions."""
    from derive import document
    from derive.model.builtin import MODELS, builtin
    from derive.notation.latex import latex

    if name is not None and name not in MODELS:
        raise DeriveError(unknown("a built-in model", name, MODELS))
    listed = [(n, MODELS[n].about, builtin(n)) for n in ([name] if name else MODELS)]

    def data() -> dict[str, Any]:
        rows = [
            {
                "name": n,
                "about": about,
                "definitions": [latex(e) for e in document.definitions_of(r)],
            }
            for n, about, r in listed
        ]
        return {"schema": "derive.models/1", "models": rows}

    return Result(
        lambda layout: document.models(layout, listed),
        data,
        lambda: [e for _, _, r in listed for e in document.definitions_of(r)],
    )


def recurrence_of(given: Model | Recurrence | str | Path | None) -> Recurrence:
    """What the derivations take, of whatever may stand for a model."""
    if isinstance(given, Model):
        return given.recurrence
    if given is None or isinstance(given, str | Path):
        return _named(given)
    return given


def _as_model(found: Recurrence) -> Model:
    from derive import document
    from derive.notation.latex import latex

    def data() -> dict[str, Any]:
        lines = [latex(e) for e in document.definitions_of(found)]
        return {"schema": "derive.model/1", "definitions": lines}

    return Model(
        lambda layout: document.one_model(layout, found),
        data,
        lambda: document.definitions_of(found),
        recurrence=found,
    )


def _named(name: str | Path | None) -> Recurrence:
    """A built-in model, the definitions in a file, or one definition."""
    from derive.model.builtin import DEFAULT, MODELS, builtin
    from derive.sources import standard_input, text_of

    if name is None or name in MODELS:
        return builtin(str(name or DEFAULT))
    if isinstance(name, str) and _is_definition(name):
        return defined([name])
    if name == "-":
        return _picked("stdin", standard_input())
    path = Path(name)
    if not path.suffix and "/" not in str(name) and not path.exists():
        raise DeriveError(unknown("a file or a built-in model", str(name), MODELS))
    return _picked(str(name), text_of(path))


def _picked(path: str, text: str) -> Recurrence:
    """The definitions among the formulas of a text, or of the Markdown cells of a notebook."""
    from derive.model.recurrence import recurrence
    from derive.notation.reader import read_statements
    from derive.verify.notebook import markdown_cells

    texts = [(path, text)]
    if path.lower().endswith(".ipynb"):
        cells = markdown_cells(path, text)
        texts = [(f"{path}, cell {number}.md", source) for number, source in cells]
    statements, _ = read_statements(texts, among_others=True)
    with located(Place(path, 1, 1)):
        return recurrence(statements)


def _is_definition(text: str) -> bool:
    return "=" in text or "\\in" in text or "\n" in text


def defined(definitions: Sequence[str], called: str = "definition") -> Recurrence:
    """The model of definitions in LaTeX; `called` is what an error calls their place."""
    from derive.model.recurrence import recurrence
    from derive.notation.reader import read_statements

    texts = [(f"{called} {i}", text) for i, text in enumerate(definitions, 1)]
    return recurrence(read_statements(texts)[0])


def nearest(found: str, known: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """The names that are most like what was found; none where nothing is like it."""
    lower = {name.lower(): name for name in known}
    near = get_close_matches(found, known, n=2, cutoff=0.6)
    near = near or [lower[k] for k in get_close_matches(found.lower(), lower, n=2, cutoff=0.6)]
    return near or [name for name in known if len(found) > 1 and found.lower() in name.lower()][:3]


def unknown(expected: str, found: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """The sentence for a name that nobody knows, with the names that are most like it."""
    near = nearest(found, known)
    if near:
        return f"expected {expected}, found {found!r}. Did you mean {' or '.join(near)}?"
    return f"expected {expected} ({', '.join(known)}), found {found!r}"


def parameters(recurrence: Recurrence, wrt: str | Sequence[str] | None) -> list[Variable]:
    """The parameters that `wrt` names: θ, \\theta and theta are one; all of them by default."""
    from derive.notation.latex import latex
    from derive.notation.unicode import text

    if not recurrence.parameters:
        raise DeriveError("the model has no parameter to differentiate by")
    if not wrt:
        return list(recurrence.parameters)
    known = {_plain(latex(p)): p for p in recurrence.parameters}
    chosen: dict[Variable, None] = {}
    names = [wrt] if isinstance(wrt, str) else wrt
    for name in (n.strip() for joined in names for n in joined.split(",")):
        found = known.get(_plain(name))
        if found is None:
            listed = [text(p) for p in recurrence.parameters]
            near = nearest(_plain(name), known)
            hint = f". Did you mean {text(known[near[0]])}?" if near else ""
            names_of = ", ".join(listed)
            raise DeriveError(f"expected --wrt to name one of {names_of}, found {name!r}{hint}")
        chosen[found] = None
    return list(chosen)


def _plain(name: str) -> str:
    """A name without the signs in which spellings differ: W_{i}, W_i and Wᵢ are one."""
    from derive.notation.tokens import Source, tokens

    try:
        found = tokens(Source("--wrt", name))
    except DeriveError:
        return name
    return "".join(t.text.removeprefix("\\") for t in found if t.text not in ("{", "}"))


def layout_named(recurrence: Recurrence, name: str) -> str:
    """The layout called `name`; DeriveError for another one, and where there are only scalars."""
    if name not in LAYOUTS:
        raise DeriveError(unknown("--layout to be one of the layouts", name, LAYOUTS))
    if name != LAYOUTS[0] and not recurrence.shapes and not recurrence.functions:
        raise DeriveError(f"--layout {name} needs a model with vectors: declare a shape")
    return name


def _need_steps(recurrence: Recurrence) -> None:
    if not recurrence.steps:
        raise DeriveError(
            "no recurrence found: expected a definition such as h_t = f(h_{t-1}, \\theta)"
        )


# -- gradients --------------------------------------------------------------------------------------


def bptt(
    model: Model | Recurrence | str | Path | None = None,
    T: int = 3,
    wrt: str | Sequence[str] | None = None,
    truncate: int | None = None,
    layout: str = LAYOUTS[0],
    waiting: Waiting = quietly,
) -> Gradient:
    """The gradient for `T` steps three ways, each step checked, and the three proved equal.

    `wrt` names the parameters (default: all); `truncate` adds truncated BPTT over that many steps.
    """
    from derive import document
    from derive.derivation.gradients import gradients
    from derive.derivation.local import local
    from derive.derivation.truncated import MOST_DROPPED_WRITTEN, count_dropped, truncated
    from derive.proof.setting import AtHorizon, general_step

    recurrence = recurrence_of(model)
    convention = layout_named(recurrence, layout)
    if truncate is not None and truncate < 0:
        raise DeriveError(f"expected --truncate of at least 0, found {truncate}")
    _need_steps(recurrence)
    setting = AtHorizon(recurrence, T)
    try:
        slopes = local(general_step(recurrence))
    except DeriveError:
        slopes = local(setting)
    parts: list[dict[str, Any]] = []
    derivations: list[Theorem] = [slopes] if slopes else []
    chosen = parameters(recurrence, wrt)
    with waiting("deriving", len(chosen)) as advance:
        for by in chosen:
            ways, agreement = three_ways(setting, by)
            goal, dropped = ways[0].claim.left, 0
            if convention == "gradient" and recurrence.shapes:
                ways = (gradients(setting, by), *ways[1:])
            if truncate is not None:
                ways = (*ways, truncated(setting, by, truncate))
                dropped = count_dropped(setting, by, truncate)
            parts.append(
                {
                    "wrt": by,
                    "derivations": ways,
                    "agreement": agreement,
                    "goal": goal,
                    "unwritten": dropped if dropped > MOST_DROPPED_WRITTEN else 0,
                }
            )
            derivations += ways
            advance()
    found = answer_of(recurrence, chosen, convention)
    agreements = [part["agreement"] for part in parts]
    return Gradient(
        lambda out: document.gradient(
            out,
            setting,
            slopes,
            parts,
            convention,
            found,
            _drawn_in(out, recurrence, T, chosen),
            _lit_in(out, recurrence, T),
        ),
        lambda: document.as_json(
            recurrence, T, chosen, derivations, agreements, convention=convention, answer=found
        ),
        lambda: _answers(found, agreements, convention),
        answer=found,
        convention=convention,
        reason="" if found else "the model has no general step",
    )


def _drawn_in(
    layout: Format, recurrence: Recurrence, horizon: int, chosen: Sequence[Variable]
) -> str:
    """The unrolled graph for a page that can show it, and if it is small enough to be looked at."""
    if not (kind := _picture_kind(layout, recurrence, horizon)):
        return ""
    from derive.picture import drawn, picture

    return drawn(picture(recurrence, horizon, chosen[:1]), kind)


def _lit_in(layout: Format, recurrence: Recurrence, horizon: int) -> list[str]:
    """The arrows of the notes: the paths from a state before the last step, a picture a way to go first."""
    if not (kind := _picture_kind(layout, recurrence, horizon)):
        return []
    from derive.picture import drawn, ways_from_a_state

    return [drawn(found, kind) for found in ways_from_a_state(recurrence, horizon)]


def _picture_kind(layout: Format, recurrence: Recurrence, horizon: int) -> str:
    """How a layout draws a graph that is small enough; empty where it does not."""
    variables = (len(recurrence.steps) + len(recurrence.inputs)) * horizon
    if variables > MOST_PICTURED or not layout.standalone:
        return ""
    return {"html": "svg", "typst": "svg", "latex": "tikz"}.get(layout.name, "")


def prove(
    model: Model | Recurrence | str | Path | None = None,
    T: int | None = None,
    wrt: str | Sequence[str] | None = None,
    layout: str = LAYOUTS[0],
    certify: Callable[[Recurrence, Mapping[Variable, Theorem]], Layers] | None = None,
    check_all: bool = False,
    waiting: Waiting = quietly,
) -> Gradient:
    """The proof that the gradients agree: for every T, or for the `T` that is given.

    Where every T cannot be proved, the first few T, `proved` False and the reason. At a given T each
    kind of step is derived and checked once; with `check_all` each step is. `certify` may have the
    theorems checked by somebody else and say by whom; `waiting` may show how far the work is.
    """
    if check_all and T is None:
        raise DeriveError("expected -T with --check-all: for every T there is one step to check")
    recurrence = recurrence_of(model)
    convention = layout_named(recurrence, layout)
    _need_steps(recurrence)
    chosen = parameters(recurrence, wrt)
    if T is not None:
        return _prove_at(recurrence, T, chosen, convention, check_all, waiting)
    return _prove_every(recurrence, chosen, convention, certify, waiting)


def _prove_every(
    recurrence: Recurrence,
    chosen: Sequence[Variable],
    convention: str,
    certify: Callable[[Recurrence, Mapping[Variable, Theorem]], Layers] | None,
    waiting: Waiting,
) -> Gradient:
    from derive import document
    from derive.derivation.answer import answered
    from derive.derivation.every import every
    from derive.derivation.gradients import adjoints, gradients, sensitivities
    from derive.proof.setting import general_step

    try:
        setting = general_step(recurrence)
        theorems = {}
        with waiting("proving", len(chosen)) as advance:
            for by in chosen:
                theorems[by] = every(setting, by)
                advance()
    except DeriveError as error:
        return _prove_some(recurrence, chosen, error.sentence, convention, waiting)
    write = gradients if convention == "gradient" else adjoints
    closed = {
        by: (sensitivities(setting, by), write(setting, by))
        for by in chosen
        if recurrence.shapes or not recurrence.functions
    }
    ways = [backward for _, backward in closed.values()]
    found = answered(ways) if ways else answer_of(recurrence, chosen, convention)
    layers = certify(recurrence, theorems) if certify else document.KERNEL_ALONE
    whole = list(theorems.values())
    shown = [*whole, *(theorem for both in closed.values() for theorem in both)]
    return Gradient(
        lambda out: document.every_horizon(
            out, setting, theorems, closed, layers, convention, found
        ),
        lambda: document.as_json(
            recurrence, None, chosen, shown, whole, layers, convention, answer=found
        ),
        lambda: _answers(found, whole, convention),
        answer=found,
        layers=layers,
        convention=convention,
    )


def _prove_some(
    recurrence: Recurrence,
    chosen: Sequence[Variable],
    reason: str,
    convention: str,
    waiting: Waiting,
) -> Gradient:
    """What can be proved where every T cannot: the first few T, with the reason."""
    from derive.model.horizon import least_horizon

    least = least_horizon(recurrence)
    title = "Proved for some T only"
    horizons = range(least, least + TESTED_HORIZONS)
    return _agreements(recurrence, None, horizons, chosen, convention, title, waiting, reason)


def _prove_at(
    recurrence: Recurrence,
    horizon: int,
    chosen: Sequence[Variable],
    convention: str,
    check_all: bool,
    waiting: Waiting,
) -> Gradient:
    """At this T: each kind of step once, where the document does not show each step."""
    from derive import document

    title = f"The three gradients agree at T = {horizon}"

    def each_step() -> Gradient:
        return _agreements(recurrence, horizon, [horizon], chosen, convention, title, waiting)

    steps: Sequence[ManySteps] = ()
    if convention == LAYOUTS[0] and not check_all:
        steps = _kinds_at(recurrence, horizon, chosen, waiting)
    if not steps:
        return each_step()
    closed = answer_of(recurrence, chosen, convention)
    return Gradient(
        lambda out: document.agreements(out, recurrence, title, steps, "", convention, closed),
        lambda: each_step().json(),
        lambda: document.answer_lines(closed) if closed else [found.claim() for found in steps],
        answer=closed,
        convention=convention,
    )


def _kinds_at(
    recurrence: Recurrence, horizon: int, chosen: Sequence[Variable], waiting: Waiting
) -> Sequence[ManySteps]:
    """The three gradients by the kinds of steps; none for a model that must be checked step by step."""
    import gc

    from derive.derivation.steps import at_many_steps
    from derive.errors import TooMuch
    from derive.sources import free_memory

    collecting = gc.isenabled()
    gc.disable()  # millions of tuples are made, none of them in a cycle
    try:
        with waiting("proving", len(chosen) + 1) as advance:
            return at_many_steps(recurrence, horizon, chosen, free_memory(), advance)
    except TooMuch:
        raise
    except DeriveError:
        return ()
    finally:
        if collecting:
            gc.enable()


def _agreements(
    recurrence: Recurrence,
    horizon: int | None,
    horizons: Sequence[int],
    chosen: Sequence[Variable],
    convention: str,
    title: str,
    waiting: Waiting,
    reason: str = "",
) -> Gradient:
    from derive import document
    from derive.proof.setting import AtHorizon

    ways: list[Theorem] = []
    theorems: list[Theorem] = []
    with waiting("proving", len(horizons) * len(chosen)) as advance:
        for steps in horizons:
            setting = AtHorizon(recurrence, steps)
            for by in chosen:
                found, agreement = three_ways(setting, by)
                ways += found
                theorems.append(agreement)
                advance()
    closed = None if reason else answer_of(recurrence, chosen, convention)
    return Gradient(
        lambda out: document.agreements(
            out, recurrence, title, theorems, reason, convention, closed
        ),
        lambda: document.as_json(
            recurrence, horizon, chosen, ways, theorems, document.KERNEL_ALONE, convention,
            answer=closed,
        ),
        lambda: _answers(closed, theorems, convention),
        proved=not reason,
        reason=reason,
        answer=closed,
        convention=convention,
    )  # fmt: skip


def three_ways(setting: Any, by: Variable) -> tuple[tuple[Theorem, ...], Theorem]:
    """BPTT, total differentiation and forward accumulation, and that they agree."""
    from derive.derivation.backward import backward
    from derive.derivation.forward import forward
    from derive.derivation.total import total
    from derive.proof.agreement import agree

    ways = (backward(setting, by), total(setting, by), forward(setting, by))
    return ways, agree(setting, by, ways[1], ways[2], ways[0])


def answer_of(recurrence: Recurrence, chosen: Sequence[Variable], convention: str) -> Answer | None:
    """The closed recursion; None for a model without a general step."""
    from derive.derivation.answer import answer

    closed = recurrence.shapes or not recurrence.functions
    try:
        return answer(recurrence, chosen, convention if closed else LAYOUTS[0])
    except DeriveError:
        return None


def _answers(
    found: Answer | None, theorems: Sequence[Theorem], convention: str
) -> Sequence[Equation]:
    from derive import document

    if found is None:
        return [document.equation_in(t, t.claim, convention) for t in theorems]
    return document.answer_lines(found, convention)


# -- the picture ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Graph(Result):
    """The unrolled graph; text when printed, a picture in a notebook."""

    picture: Picture = field(kw_only=True)

    def text(self, full: bool = False, columns: int = 80) -> str:
        return self._drawn("text")

    def svg(self) -> str:
        return self._drawn("svg")

    def html(self, full: bool = False) -> str:
        return self.svg()

    def latex(self, full: bool = False, standalone: bool = False) -> str:
        """A TikZ picture."""
        return self._drawn("tikz")

    def _drawn(self, kind: str) -> str:
        from derive.picture import drawn

        return drawn(self.picture, kind)

    def _repr_html_(self) -> str:
        return self.svg()


def graph(
    model: Model | Recurrence | str | Path | None = None,
    T: int = 3,
    path: str | None = None,
    wrt: str | Sequence[str] | None = None,
) -> Graph:
    """The graph of `T` steps; `path` "via:h_2" lights the paths whose first step goes into h_2."""
    from derive.picture import picture

    recurrence = recurrence_of(model)
    _need_steps(recurrence)
    kind, _, via = (path or "").partition(":")
    if path is not None and (kind != "via" or not via):
        raise DeriveError(f"expected --path via:NAME, such as via:h_2, found {path!r}")
    chosen = parameters(recurrence, wrt) if recurrence.parameters else []
    found = picture(recurrence, T, chosen, via or None)

    def data() -> dict[str, Any]:
        return {
            "schema": "derive.graph/1",
            "T": T,
            "nodes": [{"name": n.latex, "kind": n.kind, "lit": n.lit} for n in found.nodes],
            "edges": [
                {"from": e.start.latex, "to": e.end.latex, "lit": e.lit} for e in found.edges
            ],
        }

    return Graph(lambda _: "", data, lambda: (), picture=found)


# -- numbers and programs ---------------------------------------------------------------------------


def check(
    model: Model | Recurrence | str | Path | None = None,
    T: int = 3,
    wrt: str | Sequence[str] | None = None,
) -> Result:
    """The derived gradient at random numbers against differences, forward accumulation, JAX or PyTorch."""
    from derive import document
    from derive.derivation import autograd
    from derive.derivation.numbers import comparisons

    recurrence = recurrence_of(model)
    if recurrence.functions:
        raise DeriveError(f"{recurrence.functions[0]} is an abstract function: it has no numbers")
    library = autograd.autograd if autograd.is_installed() else None
    chosen = parameters(recurrence, wrt)
    try:
        rows = comparisons(recurrence, T, chosen, library)
    except (ZeroDivisionError, OverflowError):
        raise DeriveError(
            "the model has no value at random numbers: a division by zero or a number too large"
        ) from None
    third = autograd.version() if library else None
    agreed = all(row.agrees for row in rows)
    return Result(
        lambda out: document.comparison(out, recurrence, T, rows, third),
        lambda: document.comparison_as_json(recurrence, T, rows, third),
        lambda: _answers(answer_of(recurrence, chosen, LAYOUTS[0]), [], LAYOUTS[0]),
        proved=agreed,
        reason="" if agreed else "the derived gradient differs from another way's",
    )


def code(
    model: Model | Recurrence | str | Path | None = None,
    wrt: str | Sequence[str] | None = None,
    to: str = "numpy",
) -> Code:
    """The proved backward pass as a program for NumPy, PyTorch or JAX (`to`), linear in T."""
    from derive import document
    from derive.derivation.code import program

    if to not in LANGUAGES:
        raise DeriveError(unknown("--to to be one of the languages", to, LANGUAGES))
    recurrence = recurrence_of(model)
    _need_steps(recurrence)
    chosen = parameters(recurrence, wrt)
    found = document.code(program(recurrence, chosen), to)
    return Code(
        lambda _: found,
        lambda: {"schema": "derive.code/1", "language": to, "code": found},
        lambda: _answers(answer_of(recurrence, chosen, "gradient"), [], "gradient"),
        source=found,
    )


def cost(
    model: Model | Recurrence | str | Path | None = None,
    T: int = 100,
    wrt: str | Sequence[str] | None = None,
    truncate: int | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Result:
    """Multiplications and memory of each way to the gradient; `sizes` says how large n is."""
    from derive import document
    from derive.derivation.bill import bill

    recurrence = recurrence_of(model)
    if truncate is not None and truncate < 0:
        raise DeriveError(f"expected --truncate of at least 0, found {truncate}")
    _need_steps(recurrence)
    found = bill(recurrence, T, parameters(recurrence, wrt), truncate, sizes or {})
    return Result(
        lambda out: document.cost(out, found), lambda: document.cost_as_json(found), lambda: ()
    )


def example(
    name: str | None = None,
    model: Model | Recurrence | None = None,
    wrt: str | Sequence[str] | None = None,
) -> Result:
    """A worked example, by name or of a model without steps: two ways, and that they agree."""
    from derive import document
    from derive.derivation.example import example as work_out
    from derive.model.builtin import EXAMPLES, builtin

    if model is not None:
        recurrence, about = recurrence_of(model), "as given"
    else:
        name = name or next(iter(EXAMPLES))
        if name not in EXAMPLES:
            raise DeriveError(unknown("an example", name, EXAMPLES))
        recurrence, about = builtin(name, EXAMPLES), EXAMPLES[name].about
    ways = {by: work_out(recurrence, by) for by in parameters(recurrence, wrt)}
    derivations = [t for found in ways.values() for t in found[:-1]]
    theorems = [found[-1] for found in ways.values()]
    return Result(
        lambda layout: document.worked_example(layout, about, recurrence, ways),
        lambda: document.as_json(recurrence, None, list(ways), derivations, theorems),
        lambda: [t.claim for t in theorems],
    )


def notes() -> Result:
    """The handwritten notes' mathematics, complete and corrected."""
    from derive import document
    from derive.derivation.notes import notes as tell

    story = tell()
    return Result(
        lambda layout: document.notes(layout, story, _lit_in(layout, story.recurrence, 3)),
        lambda: document.as_json(
            story.recurrence, None, [story.by], story.derivations, story.theorems
        ),
        lambda: [theorem.claim for theorem in story.theorems],
    )


# -- the red pen ------------------------------------------------------------------------------------


def verify(
    text: str,
    model: str | Path | Sequence[str | Path] = (),
    T: int | None = None,
    layout: str | None = None,
    repairs: bool = True,
    path: str = "notes.tex",
) -> Verdicts:
    """A verdict on every formula of `text`, LaTeX unless `path` says Markdown or a notebook.

    `model` brings definitions from outside. Raises DeriveError for a text that cannot be judged.
    """
    names = [model] if isinstance(model, str | Path) else model
    given = tuple(d for name in names for d in definitions_of(name))
    ((_, report),) = judged([(path, text)], options(T, layout, given, repairs))
    if report.error is not None:
        raise DeriveError(report.error)
    from derive.report import records

    wrong = {"refuted", "carried"} & set(report.counts)
    return Verdicts(
        lambda _: "",
        lambda: records.as_json([report]),
        lambda: (),
        proved=not wrong,
        report=report,
    )


def options(
    horizon: int | None,
    layout: str | None,
    model: tuple[tuple[str, str], ...],
    repairs: bool,
    read: bool = False,
    why: tuple[str, ...] = (),
) -> Options:
    """What a user may fix, as the judge takes it."""
    from derive.verify.options import Options

    if horizon is not None and horizon < 1:
        raise DeriveError(f"expected -T of at least 1, found {horizon}")
    if layout is not None and layout not in LAYOUTS:
        raise DeriveError(f"expected --layout to be one of {', '.join(LAYOUTS)}, found {layout!r}")
    if why and (model or horizon is not None or layout is not None):
        raise DeriveError("expected --why without --model, -T and --layout")
    return Options(horizon=horizon, layout=layout, model=model, repairs=repairs, read=read, why=why)


def judged(
    texts: Sequence[tuple[str, str]], options: Options, jobs: int = 1, seconds: float | None = None
) -> Iterator[tuple[int, Report]]:
    """Each text's number and report, as they are finished: the one place that asks the judge."""
    from derive.judge.workers import reports

    return reports(texts, options, jobs, seconds)


def definitions_of(name: str | Path) -> list[tuple[str, str]]:
    """Definitions from outside, each with its path: of a built-in model, of a file, or one in LaTeX."""
    from derive.model.builtin import MODELS
    from derive.sources import text_of

    if name in MODELS:
        found = MODELS[str(name)].definitions
        return [(f"{name} {i}", text) for i, text in enumerate(found, 1)]
    if isinstance(name, str) and _is_definition(name):
        return [("definition", name)]
    path = Path(name)
    if not path.suffix and "/" not in str(name) and not path.exists():
        raise DeriveError(unknown("a file or a built-in model", str(name), MODELS))
    return [(str(name), text_of(path))]
