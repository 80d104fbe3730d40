"""Theorems to text, through `templates/`. It only reads, and takes nothing that the kernel has not made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from derive.algebra.expression import (
    Call,
    Derivative,
    Equation,
    Expr,
    Gradient,
    Immediate,
    Index,
    Number,
    Time,
    Total,
    Tuple,
    Variable,
    Via,
    add,
    factors_of,
    number,
    passing,
    terms_of,
    walk,
)
from derive.algebra.polynomial import Polynomial
from derive.layout import FORMATS, MOST_TERMS, Format, Fragment, Gap, Line, Row, Segment
from derive.model.recurrence import END, HORIZON, NOW, STEP, Recurrence, variables
from derive.model.shapes import is_scalar
from derive.notation.latex import latex
from derive.notation.python import identifier
from derive.proof.induction import hybrid
from derive.proof.kernel import Theorem, genuine
from derive.proof.kinds import ManySteps, genuine_steps
from derive.proof.layouts import NUMERATOR, written, written_equation
from derive.proof.pairing import between, pairing, remainders
from derive.proof.setting import AtHorizon, BothDirections, EveryHorizon, Setting
from derive.proof.steps import Chain, Step
from derive.templating import environment

if TYPE_CHECKING:
    from derive.derivation.answer import Answer
    from derive.derivation.bill import Bill, Growth
    from derive.derivation.code import Program
    from derive.derivation.notes import Story
    from derive.derivation.numbers import Comparison
    from derive.proof.certificate import Certificate, Hypothesis

MOST_CHAINS = 36
LONG = 50  # terms of a side of a claim: where both have as many, neither fits into a row
MOST_IN_BRACKETS = 8
SCHEMA = "derive.derivation/1"


def layout_of(name: str, full: bool, columns: int, standalone: bool) -> Format:
    """The output format called `name`; LaTeX is a fragment unless `standalone`."""
    if name == "latex" and not standalone:
        return Fragment(full, columns)
    if name == "typst":
        from derive.typst_format import Typst

        return Typst(full, columns)
    return FORMATS[name](full, columns)


@dataclass(frozen=True, slots=True)
class Layers:
    """Who has checked a result: the kernel always, Coq where `version` says so.

    `certificate` is the file for Coq, `reason` why it was not checked, `hypotheses` what it assumes.
    """

    certificate: str = ""
    version: str = ""
    reason: str = ""
    hypotheses: tuple[Hypothesis, ...] = ()

    @property
    def sentence(self) -> str:
        """The layers in words."""
        return environment().get_template("documents/layers.j2").render(layers=self).strip()

    def as_json(self) -> dict[str, Any]:
        """The same as JSON: `rests_on` beside the theorems."""
        return {
            "sentence": self.sentence,
            "kernel": True,
            "certificate": self.certificate or None,
            "coqc": self.version or None,
            "hypotheses": list(map(told, self.hypotheses)),
        }


KERNEL_ALONE = Layers()


def refuse_forged(theorem: object) -> None:
    """A document takes nothing but theorems, as the kernel made them."""
    if not (genuine(theorem) or genuine_steps(theorem)):
        raise TypeError("a document takes theorems only, as the kernel made them")


def refuse_foreign(recurrence: Recurrence, theorems: Iterable[object]) -> None:
    """Beside a model stand theorems of that model alone."""
    for theorem in theorems:
        refuse_forged(theorem)
        assert isinstance(theorem, Theorem | ManySteps)
        if theorem.setting.recurrence != recurrence:
            raise TypeError("a document takes theorems of the model that it prints")


class Paper:
    """One document in the making: it numbers the lines of theorems and remembers what they are called."""

    def __init__(self, layout: Format, convention: str = NUMERATOR) -> None:
        self.layout = layout
        self.convention = convention
        self.environment = environment()
        self._numbers: dict[Equation, int] = {}
        self._standing: set[tuple[str, tuple[Step, ...]]] = set()
        self._count = 0

    # -- what templates call ----------------------------------------------------------------------

    def lines(self, theorem: Theorem) -> list[str]:
        """The theorem's derivation as numbered lines; lines that stand already are not repeated."""
        refuse_forged(theorem)
        return [row for _, row in self._fresh_lines(theorem, theorem.derivation.chains)]

    def _fresh_lines(self, theorem: Theorem, chains: Sequence[Chain]) -> list[tuple[str, str]]:
        """(section, row) for the chains that do not stand in the document yet."""
        title = theorem.derivation.title
        new = [c for c in chains if (title, c.steps) not in self._standing]
        for chain in new:
            self._standing.add((title, chain.steps))
            self._number(chain)
        rows = []
        for shown in self._chosen(new):
            if isinstance(shown, Gap):
                rows.append(("", self.layout.line(shown)))
            else:
                rows.append((shown.section, self._set(shown, theorem)))
        return rows

    def _set(self, chain: Chain, theorem: Theorem) -> str:
        """A numbered line; where the document is written as it is made, a mark for it."""
        number = self._numbers[chain.equation]
        cited = [
            sorted({self._numbers[e] for e in s.given if e in self._numbers}) for s in chain.steps
        ]
        make = partial(self._line, chain, theorem, number, cited)
        if self.layout.streams is None or self.convention != NUMERATOR:  # others may be refused
            return self.layout.line(make())
        after = "\n" if self.layout.name == "md" else ""
        mark = self.layout.streams.mark(lambda: (self.layout.line(make()).removesuffix("\n"),))
        return mark + after

    def display(self, nodes: Sequence[Expr | Equation | Long]) -> str:
        """Formulas on lines of their own; one of T terms is written as it is made."""
        made = []
        for node in nodes:
            if isinstance(node, Long):
                assert self.layout.streams is not None
                mark = self.layout.streams.mark(partial(node.pieces, self.layout))
                return mark + ("\n" if self.layout.name == "md" else "")
            made.append(node)
        return self.layout.display(made)

    def sections(self, theorem: Theorem) -> list[tuple[str, list[str]]]:
        """The numbered lines of a longer proof, part by part."""
        refuse_forged(theorem)
        titles = dict.fromkeys(chain.section for chain in theorem.derivation.chains)
        rows = self._fresh_lines(theorem, theorem.derivation.chains)
        return [(t, [row for section, row in rows if section == t]) for t in titles]

    def number(self, equation: Equation) -> str:
        """The number under which an equation stands in this document."""
        return f"({self._numbers[equation]})"

    def render(self, template: str, **names: Any) -> str:
        """The document that `template` makes of `names`."""
        kind = "fragment" if isinstance(self.layout, Fragment) else self.layout.name
        out = self.environment.get_template(f"formats/{kind}.j2").module
        page = self.environment.get_template(f"documents/{template}.j2")
        rendered = page.render(
            out=out,
            m=self.layout.math,
            letter=lambda name: self.layout.math(Variable(name)),
            w=self.layout.words,
            display=self.display,
            source=self.layout.source,
            rows=self.layout.rows,
            table=self.layout.table,
            lines=self.lines,
            sections=self.sections,
            number=self.number,
            convention=self.convention,
            rich_characters=self.layout.name not in ("latex", "typst"),
            **names,
        )
        return _tidied(rendered, self.layout)

    # -- lines ------------------------------------------------------------------------------------

    def _number(self, chain: Chain) -> None:
        self._count += 1
        start = chain.steps[0].before
        for step in chain.steps:
            self._numbers.setdefault(Equation(start, step.after), self._count)
        self._numbers[chain.equation] = self._count

    def _chosen(self, chains: Sequence[Chain]) -> Iterable[Chain | Gap]:
        """All chains, or those of the first two steps and the last where they are many."""
        times = {t for chain in chains if (t := _time(chain)) is not None}
        if self.layout.full or len(chains) <= MOST_CHAINS or len(times) < 5:
            yield from chains
            return
        ordered = sorted(times)
        kept = {ordered[0], ordered[1], ordered[-1], None}
        hidden = 0
        for chain in chains:
            if _time(chain) in kept:
                if hidden:
                    yield Gap(hidden)
                hidden = 0
                yield chain
            else:
                hidden += 1
        if hidden:
            yield Gap(hidden)

    def _line(
        self, chain: Chain, theorem: Theorem, number: int, cited: Sequence[Sequence[int]]
    ) -> Line:
        left, *rights = written(theorem.setting, lines_of(chain), self.convention)
        rows = tuple(
            Row(right, self._reason(step, theorem, numbers))
            for right, step, numbers in zip(rights, chain.steps, cited, strict=True)
        )
        return Line(number, left, rows, chain.title)

    def _reason(self, step: Step, theorem: Theorem, cited: Sequence[int]) -> tuple[Segment, ...]:
        """The rule's sentence, from its template, with formulas in it."""
        formulas: list[Expr | Equation] = []

        def m(node: Expr | Equation) -> str:
            formulas.append(node)
            return f"\x02{len(formulas) - 1}\x03"

        template = self.environment.get_template(f"rules/{step.rule.replace(' ', '-')}.j2")
        sentence = template.render(m=m, **self._facts(step, theorem, cited)).strip()
        pieces = re.split(r"\x02(\d+)\x03", sentence)
        return tuple(
            formulas[int(piece)] if i % 2 else piece for i, piece in enumerate(pieces) if piece
        )

    def _facts(self, step: Step, theorem: Theorem, cited: Sequence[int]) -> Mapping[str, Any]:
        first, *_, last = (*factors_of(step.before)[:1], *factors_of(step.before))
        return {
            "parts": terms_of(step.after),
            "absent": partial(_without_path, theorem.setting, step),
            "symbol": first if isinstance(first, Derivative) else None,
            "last": last,
            "after_last": factors_of(step.after)[-1],
            "cited": _cited(cited),
            "cost": theorem.setting.cost,
            "convention": self.convention,
            "step_letter": Index(Time.of(STEP)),
            "horizon": Index(Time.of(HORIZON)),
        }


def _without_path(setting: Setting, step: Step) -> list[Total]:
    """The derivatives of the line before by what they do not depend on."""
    found = dict.fromkeys(p for p in walk(step.before) if isinstance(p, Total))
    return [symbol for symbol in found if not setting.depends(symbol.of, symbol.by)]


def lines_of(chain: Chain) -> tuple[Expr, ...]:
    """The lines of a chain, the first one included."""
    return (chain.steps[0].before, *(step.after for step in chain.steps))


def _cited(numbers: Sequence[int]) -> str:
    if len(numbers) > 4:
        return f"({numbers[0]}) … ({numbers[-1]})"
    return ", ".join(f"({n})" for n in numbers)


def _time(chain: Chain) -> int | None:
    """The step that a chain speaks of; None where it speaks of none, or of the whole."""
    start = chain.steps[0].before
    if isinstance(start, Derivative):
        for node in (start.by, start.of):
            if node.time is not None and node.time.is_number:
                return node.time.shift
    if isinstance(start, Variable) and start.time is not None and start.time.is_number:
        return start.time.shift
    return None


def _tidied(rendered: str, layout: Format) -> str:
    """No run of blank lines, none in a fragment, which ends without a line break."""
    tidy = re.sub(r"\n{3,}", "\n\n", rendered).strip()
    if isinstance(layout, Fragment):
        tidy = re.sub(r"\n{2,}", "\n", tidy)
        tidy = re.sub(r"\\\\\s*$", "", tidy).rstrip()
    return tidy + "\n"


# -- the answer -------------------------------------------------------------------------------------


def answer_lines(answer: Answer, convention: str = NUMERATOR) -> list[Equation]:
    """∂C/∂θ, one equation a parameter, then the recursion, as the layout `convention` writes them."""
    for theorem in answer.theorems:
        refuse_forged(theorem)
    lines = (*answer.goals, *answer.recursion)
    return [written_equation(answer.setting, line, convention) for line in lines]


def _answer_names(answer: Answer | None, convention: str) -> Mapping[str, Any] | None:
    if answer is None:
        return None
    lines, goals = answer_lines(answer, convention), len(answer.goals)
    each = [[line] for line in lines]
    return {"goals": each[:goals], "recursion": each[goals:], "scope": answer.scope}


def answer_alone(layout: Format, answer: Answer, convention: str = NUMERATOR) -> str:
    """The document of --answer."""
    names = _answer_names(answer, convention)
    return Paper(layout, convention).render("answer_alone", answer=names)


def answer_as_json(answer: Answer, convention: str = NUMERATOR) -> dict[str, Any]:
    """The schema derive.answer/1: the lines of the answer as LaTeX."""
    lines, goals = answer_lines(answer, convention), len(answer.goals)
    return {
        "schema": "derive.answer/1",
        "scope": answer.scope,
        "layout": convention,
        "gradients": [latex(line) for line in lines[:goals]],
        "recursion": [latex(line) for line in lines[goals:]],
    }


def equation_in(theorem: Theorem, equation: Equation, convention: str) -> Equation:
    """An equation of a theorem as a layout writes it."""
    refuse_forged(theorem)
    return written_equation(theorem.setting, equation, convention)


# -- whole documents --------------------------------------------------------------------------------


def gradient(
    layout: Format,
    setting: AtHorizon,
    local: Theorem | None,
    parts: Sequence[Mapping[str, Any]],
    convention: str = NUMERATOR,
    answer: Answer | None = None,
    picture: str = "",
    lit: Sequence[str] = (),
) -> str:
    """The document of `derive bptt`: the answer, the model unrolled, three derivations, agreement."""
    recurrence = setting.recurrence
    unrolled, hidden = _unrolled(setting, layout.full)
    by = parts[0]["wrt"]
    return Paper(layout, convention).render(
        "gradient",
        answer=_answer_names(answer, convention),
        picture=picture,
        lit=lit,
        **_model_names(recurrence, layout),
        **_convention_names(setting, by),
        horizon=setting.horizon,
        unrolled=unrolled,
        hidden=hidden,
        local=local,
        parts=[{**part, "goal": _symbol(setting, part["goal"], convention)} for part in parts],
        immediate=Immediate(_state(recurrence), by),
    )


def _symbol(setting: Setting, symbol: Expr, convention: str) -> Expr:
    return written(setting, (symbol,), convention)[0]


def _state(recurrence: Recurrence) -> Variable:
    """A variable of the steps that shows what a layout means: a state, if there is one."""
    used_later = {
        v.name for d in recurrence.steps for v in variables(d.body) if v.time not in (None, NOW)
    }
    targets = [d.target for d in recurrence.steps]
    return next((v for v in targets if v.name in used_later), targets[0])


def _convention_names(setting: Setting, by: Variable) -> Mapping[str, Any]:
    """What the part on the layout needs: a Jacobian, a gradient, and a matrix where there is one.

    Where all is scalar there is no layout.
    """
    recurrence = setting.recurrence
    return {
        "has_layout": bool(recurrence.shapes or recurrence.functions),
        "jacobian": Total(_state(setting.recurrence), by),
        "gradient": Gradient(setting.cost, by),
        "matrix": _matrix(setting),
    }


def _matrix(setting: Setting) -> Mapping[str, Expr] | None:
    """∂C/∂W and ∇_W C for the first matrix among the parameters; None where there is none."""
    found = next((p for p in setting.recurrence.parameters if setting.is_matrix(p)), None)
    if found is None:
        return None
    cost = setting.cost
    return {"by": found, "row": Total(cost, found), "gradient": Gradient(cost, found)}


def every_horizon(
    layout: Format,
    setting: EveryHorizon | BothDirections,
    theorems: Mapping[Variable, Theorem],
    closed: Mapping[Variable, tuple[Theorem, Theorem]],
    layers: Layers = KERNEL_ALONE,
    convention: str = NUMERATOR,
    answer: Answer | None = None,
) -> str:
    """The document of `derive prove`: the answer, then base, step and conclusion for each parameter.

    Where states run in both directions of time: the pairing and both readings of it.
    """
    refuse_foreign(setting.recurrence, theorems.values())
    cost = setting.cost

    def shown(symbol: Expr) -> Expr:
        return _symbol(setting, symbol, convention)

    def names(by: Variable) -> Names:
        return _names(setting.recurrence, by if len(theorems) > 1 else None)

    parts = [
        {
            "wrt": by,
            "theorem": theorem,
            "claim": written_equation(setting, theorem.claim, convention),
            "closed": dict(zip(("left", "right"), closed.get(by, ()), strict=False)),
            "goal": shown(Total(cost, by)),
            **(
                _pairing(setting, by, shown, names(by))
                if isinstance(setting, BothDirections)
                else _cut(setting, by, shown, names(by))
            ),
        }
        for by, theorem in theorems.items()
    ]
    first, state = next(iter(theorems)), _state(setting.recurrence)
    return Paper(layout, convention).render(
        "theorem",
        answer=_answer_names(answer, convention),
        **_model_names(setting.recurrence, layout),
        **_convention_names(setting, first),
        parts=parts,
        layers=layers,
        outside=[shown(Total(cost, v)) for v in _outside(setting)],
        directions=_directions(setting),
        forward_symbol=shown(Total(state, first)),
        adjoint_symbol=shown(Total(cost, state)),
    )


Shown = Callable[[Expr], Expr]


Names = Callable[[str, Time], Expr]


def _names(recurrence: Recurrence, by: Variable | None) -> Names:
    """I(t), for a letter I that the model does not use: I_w(t) where the parameter w is one of several."""
    bodies = [part for d in recurrence.definitions for part in (d.target, *walk(d.body))]
    used = {p.name for p in bodies if isinstance(p, Variable)}
    used |= {p.function for p in bodies if isinstance(p, Call)}

    def named(letter: str, at: Time) -> Expr:
        free = next((x for x in (letter, *"JKMNQRUVZ") if x not in used), letter)
        name = f"{free}_{{{latex(by)}}}" if by is not None else free
        return Call(name, (Number(Fraction(at.shift)) if at.is_number else Index(at),))

    return named


def _cut(
    setting: EveryHorizon, by: Variable, shown: Shown, named: Names
) -> Mapping[str, Expr | Equation]:
    """I(t) and what the parts of the induction say of it."""
    return {
        "hybrid_name": named("I", NOW),
        "hybrid": Equation(named("I", NOW), shown(hybrid(setting, by))),
        "at_end": named("I", END),
        "at_step": Equation(named("I", NOW), named("I", NOW - 1)),
        "at_start": named("I", Time.at(setting.start)),
    }


def _pairing(
    setting: BothDirections, by: Variable, shown: Shown, named: Names
) -> Mapping[str, Expr | Equation | None]:
    """S(T), E(T) and what is left of S(T) beside E(T) in each reading."""
    whole, edges = named("S", END), named("E", END)
    forward, backward = map(shown, remainders(setting, by))
    own = setting.edge(setting.cost, by) if setting.uses(setting.cost, by) else None
    return {
        "whole": whole,
        "pairing": Equation(whole, shown(pairing(setting, by))),
        "edges": edges,
        "between": Equation(edges, shown(between(setting, by))),
        "leaving": Equation(whole, add((forward, edges))),
        "entering": Equation(whole, add((backward, edges))),
        "own": shown(own) if own else None,
    }


def _directions(setting: EveryHorizon | BothDirections) -> Mapping[str, Sequence[Variable]]:
    """The states that run forward in time and those that run backward; none where all run forward."""
    if not isinstance(setting, BothDirections):
        return {}
    return {
        word: [Variable(name, NOW) for name in setting.order if setting.directions[name] == sign]
        for word, sign in (("forward", 1), ("backward", -1))
    }


def _outside(setting: EveryHorizon | BothDirections) -> Iterator[Variable]:
    """A variable beyond the horizon, and where states run backward one before the first step."""
    backward = [v.name for v in _directions(setting).get("backward", ())]
    given = setting.sample.position
    beyond = (Variable(name, END + 1) for name in setting.order if name not in backward)
    before = (Variable(name, Time.at(setting.start)) for name in backward)
    for found in (beyond, before):
        yield from [v for v in found if v not in given][:1]


def agreements(
    layout: Format,
    recurrence: Recurrence,
    title: str,
    theorems: Sequence[Theorem | ManySteps],
    reason: str = "",
    convention: str = NUMERATOR,
    answer: Answer | None = None,
) -> str:
    """The theorems for given T, and why there is none for every T where that was asked."""
    refuse_foreign(recurrence, theorems)
    setting, goal = theorems[0].setting, _goal(theorems[0])
    most = None if layout.full else MOST_TERMS
    return Paper(layout, convention).render(
        "agreement",
        answer=_answer_names(answer, convention),
        **_model_names(recurrence, layout),
        **_convention_names(setting, goal.by),
        title=title,
        theorems=[
            (
                _symbol(t.setting, _goal(t), convention),
                t,
                _claim(t, convention, most, layout),
            )
            for t in theorems
        ],
        layers=KERNEL_ALONE,
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class Long:
    """The claim of many steps, each of its terms forgotten when it is written."""

    theorem: ManySteps

    def pieces(self, layout: Format) -> Iterator[str]:
        left, right = self.theorem.forward_terms(), self.theorem.backward_terms()
        return layout.long(passing(left), passing(right))


def _claim(
    theorem: Theorem | ManySteps, convention: str, most: int | None, layout: Format
) -> Equation | Long:
    """What agrees; of many steps no more terms than are shown, in numerator layout."""
    if isinstance(theorem, ManySteps):
        refuse_forged(theorem)
        sides = theorem.forward_terms, theorem.backward_terms
        streamed = most is None and layout.streamed and layout.streams is not None
        if streamed and all(len(list(islice(side(), LONG))) == LONG for side in sides):
            return Long(theorem)
        return theorem.claim(most)
    return equation_in(theorem, theorem.claim, convention)


def _goal(theorem: Theorem | ManySteps) -> Total:
    """The derivative that the derivations of an agreement lead to: the cost's, by the parameter."""
    if isinstance(theorem, ManySteps):
        return theorem.goal
    starts = (chain.steps[0].before for chain in theorem.derivation.chains)
    goals = (s for s in starts if isinstance(s, Total) and s.of == theorem.setting.cost)
    parameters = theorem.setting.recurrence.parameters
    return next(s for s in goals if s.by in parameters)


def comparison(
    layout: Format,
    recurrence: Recurrence,
    horizon: int,
    rows: Sequence[Comparison],
    third: str | None,
) -> str:
    """The document of `derive check`: a row a parameter, a column a way to compare with."""
    scalar = all(map(is_scalar, recurrence.shapes.values()))
    entries = ["size"] if scalar else ["entries", "largest"]
    columns = ["", *entries, "differences", "forward", *([third] if third else []), ""]
    table = [list(map(layout.words, columns))]
    for r in rows:
        errors = [e for e in (r.error, r.forward, r.autograd) if e is not None]
        apart = [f"{r.relative(e):.0e}" if e else "0" for e in errors]
        verdict = "agree" if r.agrees else "DIFFER"
        goal = layout.math(Total(recurrence.cost, r.by))
        counted = [] if scalar else [f"{r.entries}"]
        words = (*counted, f"{r.largest:.4g}", *apart, verdict)
        table.append([goal, *map(layout.words, words)])
    return Paper(layout).render(
        "check",
        **_model_names(recurrence, layout),
        horizon=horizon,
        rows_of=table,
        third=third,
        scalar=scalar,
    )


def comparison_as_json(
    recurrence: Recurrence, horizon: int, rows: Sequence[Comparison], third: str | None
) -> dict[str, Any]:
    """The schema derive.check/1: `error` is absolute, `relative` beside the largest entry."""
    found = []
    for r in rows:
        ways = {
            "central differences": r.error,
            "forward accumulation": r.forward,
            third: r.autograd,
        }
        relative = {name: r.relative(e) for name, e in ways.items() if name and e is not None}
        found.append(
            {
                "wrt": latex(r.by),
                "entries": r.entries,
                "largest": r.largest,
                "error": r.error,
                "relative": relative,
                "agrees": r.agrees,
            }
        )
    return {
        "schema": "derive.check/1",
        "model": [latex(e) for e in definitions_of(recurrence)],
        "T": horizon,
        "autograd": third,
        "parameters": found,
    }


def cost(layout: Format, bill: Bill) -> str:
    """The document of `derive cost`: a table at one T, and formulas in T."""
    from derive.derivation.bill import COUNT, SAMPLES
    from derive.derivation.cost import LARGE

    math, counting = layout.math, bill.counting
    paths = bill.paths
    names = {way: bill.name(way) for way in bill.growth}
    rows = [["", "multiplications", "held", "order", "of held"]]
    for c in bill.costs:
        orders = (_orders(layout, part) for part in bill.growth[c.way].orders)
        numbers = (_amount(bill.number(part)) for part in (c.multiplications, c.memory))
        rows.append([layout.words(names[c.way]), *map(layout.words, numbers), *orders])
    if bill.missing:
        rows = [[row[0], *row[3:]] for row in rows]
    kept = {a: bill.sizes.get(a, LARGE) for a in bill.letters}
    return Paper(layout).render(
        "cost",
        **_model_names(counting.recurrence, layout),
        wrt=[math(v) for v in counting.wrt],
        count=Variable(COUNT),
        size=Variable("n"),
        parameters=math(counting.parameters.formula()),
        horizon=counting.setting.horizon,
        rows_of=rows,
        paths=layout.words(f"There are {_amount(paths)} paths from the parameters to the cost."),
        missing=layout.words(" ".join(f"-n {identifier(a)}=64" for a in bill.missing)),
        samples=SAMPLES,
        peak=", ".join(math(Equation(Variable(a), number(n))) for a, n in kept.items()),
        formulas=[
            {"way": layout.words(names[way]), "least": g.least, **_formulas(way, g, bill, layout)}
            for way, g in bill.growth.items()
        ],
    )


def _orders(layout: Format, orders: Sequence[Polynomial | None]) -> str:
    """An order, in the number of parameters first where there is one; — for none."""
    found = [layout.math(o.formula()) for o in reversed(orders) if o is not None and o.terms]
    return " = ".join(dict.fromkeys(found)) or "0" if None not in orders else "-"


def _formulas(way: str, growth: Growth, bill: Bill, layout: Format) -> dict[str, Any]:
    from derive.derivation.bill import PATHS

    pairs = (("M", growth.multiplications), ("S", growth.memory))
    equations = [
        Equation(Variable(name), _breakable(found, layout))
        for name, found in pairs
        if found is not None
    ]
    open_ones = [name for name, found in pairs if found is None]
    grows = f"{' and '.join(open_ones)}: no polynomial in T." if open_ones else ""
    if way == PATHS and growth.multiplications is None:
        grows += f" With T + 1 steps there are {bill.ratio:.3g} times as many paths."
    return {"equations": equations, "grows": layout.words(grows)}


def _breakable(amount: Polynomial, layout: Format) -> Expr:
    """A formula in T; one whose brackets fit no page is multiplied out where rows break at a sign."""
    longest = max((len(p.terms) for p in amount.collected(HORIZON).values()), default=0)
    if layout.name != "text" and longest > MOST_IN_BRACKETS:
        return amount.expanded(HORIZON)
    return amount.formula(HORIZON)


def _amount(number: int | None) -> str:
    """A number with commas, a very large one by its first digits."""
    if number is None:
        return ""
    if number < 10**13:
        return f"{number:,}"
    digits = str(number)
    return f"{digits[0]}.{digits[1:3]}e{len(digits) - 1}"


# The library's name, what is imported, what is written for NumPy's np.
LANGUAGES: Mapping[str, tuple[str, str, str]] = {
    "numpy": ("NumPy", "import numpy as np", "np."),
    "torch": ("PyTorch", "import torch", "torch."),
    "jax": ("JAX", "import jax.numpy as jnp", "jnp."),
}
_MADE = re.compile(r"\bnp\.(eye|ones|zeros)\((.*)\)$", re.MULTILINE)


def code(found: Program, language: str = "numpy") -> str:
    """The document of `derive code`: a Python module."""
    library, imported, prefix = LANGUAGES[language]
    page = environment().get_template("code/numpy.j2")
    text = page.render(p=found, library=library, imported=imported)
    if language != "numpy":
        text = text.replace(", dtype=float)", ")")
    if language == "torch" and found.parameters:
        like = found.parameters[0]
        text = _MADE.sub(rf"np.\1(\2, dtype={like}.dtype, device={like}.device)", text)
    return re.sub(r"(?<![\w.])np\.", prefix, text).rstrip() + "\n"


def worked_example(
    layout: Format, about: str, recurrence: Recurrence, ways: Mapping[Variable, Sequence[Theorem]]
) -> str:
    """The document of `derive example`: each way, and that the ways agree."""
    refuse_foreign(recurrence, (theorem for found in ways.values() for theorem in found))
    parts = [
        {"wrt": by, "ways": found[:-1] or found, "agreement": found[-1]}
        for by, found in ways.items()
    ]
    return Paper(layout).render(
        "example", **_model_names(recurrence, layout), about=about, parts=parts
    )


def models(layout: Format, listed: Sequence[tuple[str, str, Recurrence]]) -> str:
    """The document of `derive models`: name, purpose and definitions of each."""
    rows = [
        {"name": name, "about": about, "definitions": definitions_of(recurrence)}
        for name, about, recurrence in listed
    ]
    return Paper(layout).render("models", models=rows)


def one_model(layout: Format, recurrence: Recurrence) -> str:
    """A model alone: its definitions and what was assumed."""
    return Paper(layout).render("one_model", **_model_names(recurrence, layout))


def notes(layout: Format, story: Story, lit: Sequence[str] = ()) -> str:
    """The document of `derive notes`: the notes' story in their order, corrected; `lit` are its arrows."""
    passages, by = story.passages, story.by
    three, pair = passages["agreement"].setting, passages["pair"].setting
    every = passages["every"].setting
    copies = passages["copies"].setting
    assert isinstance(three, AtHorizon) and isinstance(every, EveryHorizon)
    cost = three.cost
    state, output, loss = (Variable(name, NOW) for name in every.order)
    now, weight = Variable("w", NOW), copies.recurrence.shared[0].target
    parts = {d.target.name: d for d in pair.recurrence.steps}
    examples = {
        name.replace("-", "_"): {
            "definitions": definitions_of(ways[0].setting.recurrence),
            "ways": ways[:-1],
            "agreement": ways[-1],
        }
        for name, ways in story.examples.items()
    }
    return Paper(layout).render(
        "notes",
        lit=lit,
        **_model_names(story.recurrence, layout),
        **examples,
        p=passages,
        state=state,
        output=output,
        loss=loss,
        input=Variable("x", NOW),
        target=Variable("y", NOW),
        cost_by_loss=Total(cost, loss),
        output_by=Total(output, by),
        next_state=Variable(state.name, NOW + 1),
        later=Total(cost, Variable(state.name, NOW + 2)),
        pair=Tuple((state, by)),
        pair_definition=Equation(parts["z"].target, parts["z"].body),
        pair_output=Equation(parts["o"].target, parts["o"].body),
        copy=now,
        copy_definition=Equation(now, Variable("w")),
        via_copy=Via(weight, Variable("w"), now),
        parameter_copy=Variable(by.name, None, NOW),
        three_left=Total(cost, state),
        unrolled=_unrolled(three, True)[0],
        goal=Total(cost, by),
        **_cut(every, by, lambda symbol: symbol, _names(story.recurrence, None)),
    )


def definitions_of(recurrence: Recurrence) -> list[Equation]:
    """The definitions of a model, as equations."""
    return [Equation(d.target, d.body) for d in recurrence.definitions]


def _model_names(recurrence: Recurrence, layout: Format) -> dict[str, Any]:
    """What the part "Model" of every document needs."""
    sentences = [layout.sentence(assumption) for assumption in recurrence.assumptions]
    return {"definitions": definitions_of(recurrence), "assumptions": sentences}


def _unrolled(setting: AtHorizon, full: bool) -> tuple[list[list[Equation]], int]:
    """The unrolled definitions, a row a step; the middle steps are left out where they are many."""
    bodies = setting.graph.bodies
    times = sorted({v.time.shift for v in bodies if v.time is not None})
    kept = set(times) if full or len(times) <= 6 else {*times[:2], times[-1]}
    rows: dict[int | None, list[Equation]] = {}
    for node, body in bodies.items():
        at = node.time.shift if node.time is not None else None
        if at is None or at in kept:
            rows.setdefault(at, []).append(Equation(node, body))
    return list(rows.values()), len(bodies) - sum(map(len, rows.values()))


def certificate(recurrence: Recurrence, certificates: Sequence[Certificate]) -> str:
    """The Coq file of `derive prove --certificate`, a theorem for each parameter."""
    if any(c.recurrence != recurrence for c in certificates):
        raise TypeError("a file takes certificates of the model that it prints")
    jinja = environment()
    jinja.filters["tex"] = in_comment
    modules = {c.module for c in certificates}
    if len(modules) < len(certificates):
        raise ValueError("two parameters have one module")
    return jinja.get_template("documents/certificate/file.j2").render(
        definitions=definitions_of(recurrence),
        assumptions=["".join(map(in_comment, remark)) for remark in recurrence.assumptions],
        hypotheses=list(map(told, hypotheses(certificates))),
        certificates=certificates,
        maps=any(c.maps for c in certificates),
        both=any(c.both for c in certificates),
    )


def hypotheses(certificates: Sequence[Certificate]) -> tuple[Hypothesis, ...]:
    """What the certificates take for granted, each assumption once."""
    return tuple(dict.fromkeys(h for c in certificates for h in c.hypotheses))


def told(hypothesis: Hypothesis) -> str:
    """An assumption in words, its formulas as LaTeX."""
    template = environment().get_template("documents/hypothesis.j2")
    return template.render(h=hypothesis, m=in_comment, w=str)


def in_comment(part: str | Expr | Equation) -> str:
    """LaTeX that can stand in a Coq comment: nothing in it opens or ends a comment or a string."""
    written = part if isinstance(part, str) else latex(part)
    spaced = re.sub(r"\((?=\*)|\*(?=\))", lambda found: found[0] + " ", written)
    return spaced.replace('"', "''")


def as_json(
    recurrence: Recurrence,
    horizon: int | None,
    wrt: Sequence[Variable],
    derivations: Sequence[Theorem],
    theorems: Sequence[Theorem],
    layers: Layers | None = None,
    convention: str = NUMERATOR,
    answer: Answer | None = None,
) -> dict[str, Any]:
    """The schema derive.derivation/1: formulas as LaTeX, in the layout `convention`.

    What is of another model than `recurrence`, as in the notes, says of which.
    """
    for theorem in (*derivations, *theorems):
        refuse_forged(theorem)

    def own_model(theorem: Theorem) -> dict[str, Any]:
        other = theorem.setting.recurrence
        return {} if other == recurrence else {"model": [latex(e) for e in definitions_of(other)]}

    return {
        "schema": SCHEMA,
        "model": [latex(e) for e in definitions_of(recurrence)],
        "T": horizon,
        "wrt": [latex(v) for v in wrt],
        "layout": convention,
        **({"answer": answer_as_json(answer, convention)} if answer else {}),
        "derivations": [own_model(t) | _derivation_json(t, convention) for t in derivations],
        "theorems": [
            own_model(t)
            | {
                "claim": _equation_json(t, t.claim, convention),
                "scope": t.scope,
                "method": t.method,
            }
            for t in theorems
        ],
        **({"rests_on": layers.as_json()} if layers else {}),
    }


def _equation_json(theorem: Theorem, equation: Equation, convention: str) -> str:
    return latex(written_equation(theorem.setting, equation, convention))


def _derivation_json(theorem: Theorem, convention: str) -> dict[str, Any]:
    return {
        "title": theorem.derivation.title,
        "steps": [
            step
            for chain in theorem.derivation.chains
            for step in _steps_json(theorem, chain, convention)
        ],
        "result": _equation_json(theorem, theorem.claim, convention),
    }


def cost_as_json(bill: Bill) -> dict[str, Any]:
    """The schema derive.cost/1: formulas as LaTeX, exact numbers, null where a size is missing."""

    def amounts(at: Polynomial, growth: Polynomial | None) -> dict[str, Any]:
        return {
            "number": bill.number(at),
            "at_T": latex(at.formula()),
            "formula": None if growth is None else latex(growth.formula()),
        }

    counting = bill.counting
    return {
        "schema": "derive.cost/1",
        "model": [latex(e) for e in definitions_of(counting.recurrence)],
        "T": counting.setting.horizon,
        "truncate": bill.truncate,
        "sizes": dict(bill.sizes),
        "wrt": [latex(v) for v in counting.wrt],
        "parameters": amounts(counting.parameters, counting.parameters),
        "paths": bill.paths,
        "ways": [
            {
                "way": c.way,
                "multiplications": amounts(c.multiplications, bill.growth[c.way].multiplications),
                "memory": amounts(c.memory, bill.growth[c.way].memory),
                "formula_from": bill.growth[c.way].least,
            }
            for c in bill.costs
        ],
    }


def _steps_json(theorem: Theorem, chain: Chain, convention: str) -> Iterator[dict[str, Any]]:
    lines = written(theorem.setting, lines_of(chain), convention)
    for step, (before, after) in zip(chain.steps, pairwise(lines), strict=True):
        yield {
            "rule": step.rule,
            "before": latex(before),
            "after": latex(after),
            "given": [_equation_json(theorem, e, convention) for e in step.given],
        }
