"""What the notes define: for each scope its declarations, its model, its derived quantities.

Definitions are collected before any claim is read, so a claim may stand before what it speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from derive.algebra.expression import (
    Call,
    Entry,
    Expr,
    Hadamard,
    Index,
    Number,
    Product,
    Time,
    Transpose,
    Variable,
    Written,
    move,
    rebuild,
    walk,
)
from derive.errors import DeriveError, Place
from derive.model.functions import SLOPE
from derive.model.recurrence import (
    END,
    HORIZON,
    NOW,
    STEP,
    Recurrence,
    model_of,
    shapes_said,
    variables,
)
from derive.model.shapes import OF_ARRAYS, ONES, declared, shapes_of
from derive.notation.claims import ClaimParser, parse_member, parts_of
from derive.notation.grammar import Parser, Statement
from derive.notation.latex import latex
from derive.notation.scope import (
    Mention,
    Scope,
    Skim,
    arguments_at,
    collect,
    index_letters,
    name_at,
    scripts_at,
    unwrapped,
)
from derive.notation.tokens import Source, Token, depth_change, tokens
from derive.verify.indices import in_matrices
from derive.verify.lost import SOME, Lost, as_some_function
from derive.verify.placed import Member, Page, Placed
from derive.verify.scopes import scopes_of
from derive.verify.subscripts import Subscripts, subscripts_of
from derive.verify.transpositions import turned

DEFINES = ("=", ":=")
LIKE = ("\\approx", "\\leftarrow", "\\gets", "\\propto", "\\simeq")
_VECTORS = re.compile(
    r"\\(?:top|odot|circ|otimes|mathbf|boldsymbol|bm|vec|mathbb)(?![a-zA-Z])|⊤|⊙|diag|softmax"
)


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the notes define by a formula: f(x) = x²."""

    formals: tuple[Variable, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class Derived:
    """A quantity defined with derivatives or backward in time: δ_t = ∂C/∂h_t, λ_t = … + λ_{t+1} J."""

    target: Variable
    body: Expr


@dataclass(frozen=True, slots=True)
class Context:
    """What is known where a claim stands.

    `model` holds the definitions without derivatives; `functions` what f(…) stands for; `names` are
    all names that occur in a definition; `shaped` those said to be vectors or matrices; `horizon` is T
    where the text fixes it. `bare` gives names of their own to quantities without time that share a
    letter with one that has time (E = Σ E_t); `inlined` are the bodies, at step t, of derived
    quantities that are no recursions, and what `recognised` ones are equal to; those have a first step
    and reach some steps beyond T. `unshaped` says why the shapes of vectors are not known. The
    definition of a name in `lost` cannot be read.
    """

    scope: Scope
    model: Recurrence
    functions: Mapping[str, Function] = field(default_factory=dict)
    derived: tuple[Derived, ...] = ()
    alias: Mapping[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    horizon: int | None = None
    shaped: frozenset[str] = frozenset()
    calls: Mapping[str, tuple[tuple[Expr, ...], ...]] = field(default_factory=dict)
    bare: Mapping[str, str] = field(default_factory=dict)
    inlined: Mapping[str, Expr] = field(default_factory=dict)
    recognised: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    unshaped: str = ""
    lost: Mapping[str, Lost] = field(default_factory=dict)

    @property
    def derived_names(self) -> frozenset[str]:
        return frozenset(d.target.name for d in self.derived)


@dataclass(frozen=True, slots=True)
class Said:
    """What becomes of a formula's first equation: a definition, with a remark, or not one."""

    defines: bool
    note: str = ""
    unread: str = ""


@dataclass
class Candidate:
    """A formula whose head is one symbol: perhaps a definition."""

    number: int
    placed: Placed
    region: int
    found: tuple[Token, ...]
    key: tuple[str, str]
    strong: bool
    entries: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two formulas that apply one function to different quantities: `first` stays in force."""

    number: int
    first: Member
    other: Member


class Collector:
    """Collects the definitions of one page, region by region."""

    def __init__(self, page: Page, given: Sequence[tuple[str, str]] = ()) -> None:
        self.page = page
        self._macros = dict(page.macros)
        self._lexed: dict[tuple[int, int], tuple[Token, ...]] = {}
        self.said: dict[int, Said] = {}
        self.turned = False
        self.conflicts: dict[int, list[Conflict]] = {}
        self.scopes = scopes_of(page)
        self.where = self.scopes.regions
        self.given = _given(given)
        self.candidates = list(self._candidates())

    def contexts(self) -> Mapping[int, Context]:
        """The context of each region; `said` then tells what became of each candidate."""
        found: dict[int, Context] = {}
        statements: dict[int, list[Statement]] = {}
        for region in sorted({0, *(r for n in set(self.where) for r in self.scopes.ancestors(n))}):
            outer = statements[self.scopes.around[region]] if region else ()
            found[region], statements[region] = self._context(region, outer)
        return {region: found[region] for region in sorted({0, *self.where})}

    def _tokens(self, start: int, end: int) -> tuple[Token, ...]:
        """The tokens of a span, read once."""
        if (start, end) not in self._lexed:
            self._lexed[start, end] = tokens(self.page.source, start, end, self._macros)
        return self._lexed[start, end]

    # -- candidates -------------------------------------------------------------------------------

    def _candidates(self) -> Iterator[Candidate]:
        for number, placed in enumerate(self.page.formulas):
            if placed.continues or placed.broken or len(placed.members) < 2:
                continue
            head, first = placed.members[:2]
            if head.relation or first.relation not in DEFINES:
                continue
            try:
                whole = self._tokens(head.start, first.end)
                found = self.subscripts.without_entries(whole)
                key = _symbol(found)
            except DeriveError:
                continue
            if key == (HORIZON, "") and number in self.scopes.titles:
                self.said[number] = Said(True, "fixes T in this section")
            elif key is not None:
                strong = first.relation == ":="
                entries = found != whole
                yield Candidate(number, placed, self.where[number], found, key, strong, entries)

    @cached_property
    def subscripts(self) -> Subscripts:
        """What the subscripts of declared vectors and matrices say, all over the page."""
        said = [
            (m, self._text(space).count("\\times") + 1)
            for head, space in self._declared()
            if "^" in self._text(space)
            for m in Skim(head).mentions()
        ]
        formulas = self.page.formulas if said else ()
        skims = [skim for f in formulas for skim in self._skims(f)]
        return subscripts_of(said, skims, frozenset(self._plain_heads()))

    def _plain_heads(self) -> Iterator[str]:
        """The symbols without any script that stand alone on the left of an equals sign."""
        for placed in self.page.formulas:
            if (
                placed.broken
                or len(placed.members) < 2
                or placed.members[1].relation not in DEFINES
            ):
                continue
            with suppress(DeriveError):
                head = self._tokens(placed.members[0].start, placed.members[0].end)
                name, after = name_at(head, 0)
                if name is not None and head[after].kind == "end":
                    yield name

    def _accepted(self, region: int) -> list[Candidate]:
        """The candidates of a region that define a symbol that nothing defined before."""
        seen: dict[tuple[str, str], Candidate] = {}
        kept: list[Candidate] = []
        heads = [head for head, _ in self._declared()]
        own = [c for c in self.candidates if c.region == region]
        steps = {c.key[0]: c for c in reversed(own) if c.key[1] == STEP}
        for c in own:
            updates = not c.key[1] and _names_itself(c)
            if c.key in seen and not c.strong and not updates:
                if _in_conflict(seen[c.key], c):
                    pair = seen[c.key].placed.members[1], c.placed.members[1]
                    self.conflicts.setdefault(region, []).append(Conflict(c.number, *pair))
                continue
            step = steps.get(c.key[0])
            if step is not None and not c.strong and _is_instance(c, step):
                continue
            try:
                collect(
                    (self.page.source, found) for found in (*heads, *(x.found for x in (*kept, c)))
                )
            except DeriveError as error:
                self.said[c.number] = Said(False, unread=error.sentence)
                continue
            if not updates:
                seen.setdefault(c.key, c)
            kept.append(c)
        return kept

    # -- contexts ---------------------------------------------------------------------------------

    def _context(self, region: int, outer: Sequence[Statement]) -> tuple[Context, list[Statement]]:
        kept = self._accepted(region)
        lexed = [*((s, t) for s, t, _ in self.given), *((self.page.source, c.found) for c in kept)]
        lexed += [(self.page.source, head) for head, _ in self._declared()]
        scope = self._with_claims(collect(lexed), region)
        statements: list[Statement] = []
        owner: dict[int, Candidate] = {}
        for source, found, head_end in self.given:
            statements.append(_statement(source, found, head_end, scope))
        for c in kept:
            try:
                statement = self._parsed(c, scope)
            except DeriveError as error:
                self.said[c.number] = Said(False, unread=error.sentence)
                some = self._some_function(c, scope)
                if some is not None:
                    statements.append(some)
                continue
            owner[len(statements)] = c
            statements.append(statement)
        if region:
            statements, owner, scope = _with_outer(statements, owner, outer, scope)
        context, accepted = self._assembled(scope, statements, owner, region)
        return replace(context, lost=self._lost(region, context)), accepted

    # -- definitions that cannot be read ----------------------------------------------------------

    def _some_function(self, c: Candidate, scope: Scope) -> Statement | None:
        """What counts as the definition where it cannot be read, on a page of scalars."""
        if _VECTORS.search(self.page.source.text):
            return None
        head, first = c.placed.members[:2]
        try:
            left = parse_member(self.page.source, head.start, head.end, scope)
            right = self._tokens(first.start, first.end)
            return as_some_function(left, right, self.page.source.place(head.start), _time)
        except DeriveError:
            return None

    def _lost(self, region: int, context: Context) -> dict[str, Lost]:
        """The names that formulas of the region define in a way that cannot be read."""
        known = {
            *(d.target.name for d in context.model.definitions),
            *context.derived_names,
            *context.functions,
            *context.alias,
        }
        bodies = {d.target.name: d.body for d in context.model.definitions if d.is_abstract}
        found: dict[str, Lost] = {}
        for around in self.scopes.ancestors(region):
            for name, start in self._unread_heads(around, context.scope):
                line = self.page.source.place(start).line
                body = bodies.get(name)
                if isinstance(body, Call) and body.function.startswith(SOME):
                    arguments = tuple(a for a in body.arguments if isinstance(a, Variable))
                    found.setdefault(name, Lost(name, line, arguments))
                elif not {name, f"{{{name}}}"} & known:
                    found.setdefault(name, Lost(name, line))
        return found

    def _unread_heads(self, region: int, scope: Scope) -> Iterator[tuple[str, int]]:
        """The symbols that formulas seem to define, and where, if that is not understood."""
        numbers = {c.number: c for c in self.candidates}
        for number, (placed, where) in enumerate(zip(self.page.formulas, self.where, strict=True)):
            if where != region or placed.continues:
                continue
            c = numbers.get(number)
            said = self.said.get(number)
            if c is not None:
                update = not c.key[1] and _names_itself(c)
                refused = said is not None and not said.defines and bool(said.unread)
                if refused and not update and (c.key[1] != "(" or _has_formals(c)):
                    yield c.key[0], placed.start
                    yield from ((n, placed.start) for n in self._head_as_read(c, scope))
            elif name := self._head_alone(placed):
                yield name, placed.start

    def _head_as_read(self, c: Candidate, scope: Scope) -> Iterator[str]:
        """The whole name, labels and all: I_w where the symbol is I."""
        head = c.placed.members[0]
        with suppress(DeriveError):
            left = parse_member(self.page.source, head.start, head.end, scope)
            if isinstance(left, Variable | Call):
                yield left.name if isinstance(left, Variable) else left.function

    def _head_alone(self, placed: Placed) -> str | None:
        """The symbol before the first sign of a formula that is no candidate."""
        if placed.broken:
            text = self.page.source.text[placed.start : placed.end]
            sign = re.search(r":?=|≡|\\(?:equiv|coloneqq)", text)
            end = placed.start + sign.start() if sign else placed.start
        elif len(placed.members) > 1 and placed.members[1].relation in (*DEFINES, *LIKE):
            end = placed.members[0].end
        else:
            return None
        try:
            head = self._tokens(placed.start, end)
            key = _symbol((*head[:-1], Token("char", "=", end), Token("end", "", end)))
        except DeriveError:
            return None
        return key[0] if key is not None and key[1] != "(" else None

    def _parsed(self, c: Candidate, scope: Scope) -> Statement:
        head, first = c.placed.members[:2]
        source = self.page.source
        above = self._tokens(head.start, head.end)
        body = self._tokens(first.start, first.end)
        if c.entries:
            scope = replace(scope, ranks=self.subscripts.ranks_in(above, body))
        left = parse_member(source, head.start, head.end, scope, above)
        right = parse_member(source, first.start, first.end, scope, body)
        shapes = {n: s for n, (s, _) in declared(list(self._shape_statements(scope))).items()}
        if c.entries:
            left, free = (left.of, left.indices) if isinstance(left, Entry) else (left, ())
            right = in_matrices(right, free, shapes)
        if shapes:
            before, right = right, turned(right, shapes, timeless=not scope.timed)
            self.turned = self.turned or before != right
            self._refuse_indexed(left, right)
        if not isinstance(left, Variable | Call | Index):
            raise DeriveError("expected a symbol on the left of a definition")
        text = source.text[head.start : first.end]
        return Statement(left, right, first.relation, source.place(head.start), text)

    def _refuse_indexed(self, left: Expr, right: Expr) -> None:
        """ŷ_k beside ŷ = …, where no matrix and no Σ tells what k is: neither a step nor an entry."""
        own = left.name if isinstance(left, Variable) else ""
        for v in variables(right):
            if v.time is not None and v.name in self.subscripts.whole and v.name != own:
                shown = latex(v)
                raise DeriveError(f"{shown} stands with an index here and elsewhere without one")

    def _with_claims(self, scope: Scope, region: int) -> Scope:
        """The scope with the index letters that claims use."""
        around = self.scopes.ancestors(region)
        letters: set[str] = set()
        plain: set[str] = set(scope.quantities) | set(scope.functions)
        for placed, where in zip(self.page.formulas, self.where, strict=True):
            if placed.broken or where not in around:
                continue
            for skim in self._skims(placed):
                letters |= set(skim.bound())
                for m in skim.mentions():
                    if m.name in scope.timed or m.name in scope.raised:
                        letters |= _letters(m, scope)
        single = {a for a in letters if a not in plain and a not in scope.timed}
        return replace(scope, indices=scope.indices | single | {STEP, HORIZON})

    def _skims(self, placed: Placed) -> Iterator[Skim]:
        for member in placed.members:
            try:
                yield Skim(self._tokens(member.start, member.end))
            except DeriveError:
                continue

    def _assembled(
        self, scope: Scope, statements: list[Statement], owner: Mapping[int, Candidate], region: int
    ) -> tuple[Context, list[Statement]]:
        updates = {i for i, s in enumerate(statements) if _is_update(s)}
        for i in updates:
            shown = _name(statements[i])
            why = f"{shown} stands on both sides: an update, not an equation (write it with \\leftarrow)"
            self._say(owner.get(i), Said(False, unread=why))
        rest = [i for i in range(len(statements)) if i not in updates]
        owner = {new: owner[old] for new, old in enumerate(rest) if old in owner}
        statements = [statements[i] for i in rest]
        horizon = _fixed_horizon(statements)
        statements = [
            s if not _is_horizon(s.left) else replace(s, left=Variable("")) for s in statements
        ]
        alias = _alias(statements, self._together(region))
        bare = _bare(statements)
        renamed = [_renamed(s, alias, bare) for s in statements]
        kept: list[Statement] = []
        derived: list[Statement] = []
        for i, s in enumerate(renamed):
            c = owner.get(i)
            if s.left == Variable(""):
                self._say(c, Said(True, "fixes T"))
                continue
            name = s.left.name if isinstance(s.left, Variable) else None
            if name in alias.values() and statements[i].left != s.left:
                note = f"read as another name of {latex(s.left)}: the same right side"
                self._say(c, Said(True, note))
                continue
            if isinstance(s.left, Variable) and s.left in parts_of(s.right):
                self._say(c, Said(False, unread=f"{latex(s.left)} cannot be defined by itself"))
                continue
            if _is_derived(s, {_name(d) for d in derived}):
                if isinstance(s.left, Variable):
                    derived.append(s)
                    self._say(c, Said(True))
                else:
                    why = f"{_name(s)}(…) is made of derivatives, of which no function can be made yet"
                    self._say(c, Said(False, unread=why))
                continue
            try:
                model_of([*kept, s])
            except DeriveError as error:
                self._say(c, Said(False, unread=error.sentence))
                continue
            kept.append(s)
            self._say(c, Said(True))
        model, unshaped = self._with_shapes(model_of(kept), kept, scope, owner, renamed)
        names = {p.name for s in renamed for p in parts_of(s.right) if isinstance(p, Variable)}
        names |= {n for n in map(_name, renamed) if n}
        context = Context(
            _with_ranks(scope, model),
            model,
            _functions(kept),
            tuple(_derived(s) for s in derived),
            alias,
            frozenset(names),
            horizon,
            self._shaped(),
            bare=bare,
            unshaped=unshaped,
        )
        return context, kept

    def _with_shapes(
        self,
        model: Recurrence,
        kept: Sequence[Statement],
        scope: Scope,
        owner: Mapping[int, Candidate],
        statements: Sequence[Statement],
    ) -> tuple[Recurrence, str]:
        """The model with the shapes that are declared or implied; or why they are not known."""
        if not model.definitions:
            return model, ""
        names = {v.name for d in model.definitions for v in (d.target, *variables(d.body))}
        said = [s for s in self._shape_statements(scope) if _name(s) in names]
        try:
            found = shapes_of(model.definitions, model.cost, said)
        except DeriveError as error:
            for i, s in enumerate(statements):
                if error.place is not None and s in kept and _stands_at(s, error.place):
                    self._say(owner.get(i), Said(True, error.sentence))
            return model, error.sentence
        told = {_name(s) for s in said}
        symbols = (v for d in model.definitions for v in (d.target, *variables(d.body)))
        implied = list(shapes_said(found, (v for v in symbols if v.name not in {*told, ONES})))
        if implied:
            listed = [part for remark in implied for part in (", ", *remark)]
            remark = ("the formulas imply ", *listed[1:])
            model = replace(model, assumptions=(*model.assumptions, remark))
        return replace(model, shapes=found), ""

    def _declared(self) -> Iterator[tuple[tuple[Token, ...], Member]]:
        """The symbols before each ∈ ℝ^{…}, and what stands after it."""
        for placed in self.page.formulas:
            members = placed.members
            if len(members) != 2 or members[1].relation != "in" or placed.broken:
                continue
            if "\\mathbb" not in self._text(members[1]):
                continue
            try:
                found = self._tokens(members[0].start, members[0].end)
            except DeriveError:
                continue
            yield found, members[1]

    def _shape_statements(self, scope: Scope) -> Iterator[Statement]:
        """The formulas that say what symbols are in: W, U ∈ ℝ^{n×d}."""
        source = self.page.source
        for head, space in self._declared():
            try:
                right = Parser(source, self._tokens(space.start, space.end), scope).shape()
                names = [
                    ClaimParser(source, (*part, Token("end", "", part[-1].offset)), scope).whole()
                    for part in _separated(head)
                ]
            except DeriveError:
                continue
            for left in names:
                if isinstance(left, Variable) and left.copy is None:
                    yield Statement(left, right, "in", source.place(head[0].offset), "")

    def _shaped(self) -> frozenset[str]:
        """The names of which the text says that they are vectors or matrices."""
        arrays = [head for head, space in self._declared() if "^" in self._text(space)]
        return frozenset(m.name for head in arrays for m in Skim(head).mentions())

    def _text(self, member: Member) -> str:
        return self.page.source.text[member.start : member.end]

    def _say(self, c: Candidate | None, said: Said) -> None:
        if c is not None:
            self.said[c.number] = said

    def _together(self, region: int) -> list[frozenset[str]]:
        """The names that stand in one formula, for each formula of the region."""
        found = []
        for placed, where in zip(self.page.formulas, self.where, strict=True):
            if where == region:
                names = {
                    f"{m.name}^" if _has_time(m) else m.name
                    for skim in self._skims(placed)
                    for m in skim.mentions()
                }
                found.append(frozenset(names))
        return found


def _given(texts: Sequence[tuple[str, str]]) -> list[tuple[Source, tuple[Token, ...], int]]:
    """The definitions that a model from outside brings, lexed, with where their heads end."""
    from derive.notation.reader import formulas
    from derive.notation.scope import RELATIONS

    found = []
    for path, text in texts:
        for f in formulas(path, text):
            lexed = tokens(f.source, f.start, f.end)
            at = next((i for i, t in enumerate(lexed) if t.text in (*RELATIONS, ":")), None)
            if at is not None and lexed[at].text != "\\in":
                found.append((f.source, lexed, at))
    return found


def _statement(source: Source, found: tuple[Token, ...], at: int, scope: Scope) -> Statement:
    wide = 2 if found[at].text == ":" else 1
    end = found[-1].offset
    left = parse_member(source, found[0].offset, found[at].offset, scope)
    right = parse_member(source, found[at + wide].offset, end, scope)
    text = source.text[found[0].offset : end]
    return Statement(left, right, "=", source.place(found[0].offset), text)


def _symbol(found: tuple[Token, ...]) -> tuple[str, str] | None:
    """The name on the left of a relation, with the time it is defined for; None where it is no symbol."""
    name, after = name_at(found, 0)
    if name is None:
        return None
    if found[0].text == "d" and after == 1 and found[1].kind == "name":
        return None
    below, above, end = scripts_at(found, after)
    primes = end
    while found[primes].text == "'":
        primes += 1
    arguments, closed = arguments_at(found, primes)
    if found[closed].text not in (
        "=",
        ":",
        "\\equiv",
        "\\coloneqq",
        "≡",
        "\\triangleq",
        "\\overset",
        "\\stackrel",
    ):
        return None
    if primes > end and arguments is not None:
        return None
    name += "'" * (primes - end)
    script = below or (unwrapped(above) if above else None)
    if script and index_letters(script) and not _is_one_step(script):
        return None
    if script and any(t.text == "," for t in script) and {t.text for t in script} & {STEP, HORIZON}:
        return None  # an entry, h_{t,i}: the whole vector is what is defined
    if arguments is not None and script is None:
        if name.startswith("\\mathrm") and not _uses_arguments(found, arguments, closed):
            return None
        if len(arguments) == 1 and index_letters(arguments[0]):
            return name, _when(arguments[0])
        return name, "("
    return name, _when(script) if script else ""


def _uses_arguments(
    found: tuple[Token, ...], arguments: tuple[tuple[Token, ...], ...], after: int
) -> bool:
    """Whether what follows names an argument: prod(A, B) = 0 defines no function prod."""
    names = {t.text for argument in arguments for t in argument if t.kind == "name"}
    return any(t.text in names for t in found[after:])


def _is_one_step(script: tuple[Token, ...]) -> bool:
    """Whether an index names one step, t + 1 or T - 1, and not 2t or t - k."""
    time = Parser(Source("", ""), (*script, Token("end", "", 0)), Scope()).time()
    return len(time.letters) == 1 and time.letters[0][1] == 1


def _when(script: tuple[Token, ...]) -> str:
    """t for a general step, else the script itself: h_{t+1} and h_k define what h_t does."""
    letters = index_letters(script)
    if letters and letters != {HORIZON}:
        return STEP
    return "".join(t.text for t in script)


def _is_instance(c: Candidate, step: Candidate) -> bool:
    """Whether h_T = … or h_2 = … speaks of a step that the definition of h_t covers already.

    A recursion backward in time starts from a given last step, one forward from given first ones.
    """
    when = c.key[1]
    if when == STEP or not when or when == "(":
        return False
    ahead = max(_shifts(step), default=0)
    if HORIZON in when:
        return ahead <= 0 and "+" not in when
    if not when.isdigit():
        return False
    if int(when) >= 1 and ahead <= 0 and _is_other_call(c, step):
        return False
    return int(when) >= 1 and (step.number < c.number or ahead > 0)


def _is_other_call(c: Candidate, step: Candidate) -> bool:
    """Whether the right side is one call of a function that the step does not use: h_1 = q(θ)."""
    called = _application(c)
    return called is not None and called[0] not in {m.name for m in Skim(step.found).mentions()}


def _has_formals(c: Candidate) -> bool:
    """Whether a function is applied to bare letters, as in its definition: σ(x), not σ(a_t)."""
    _, after = name_at(c.found, 0)
    arguments, _ = arguments_at(c.found, after)
    return all(len(argument) == 1 for argument in arguments or ())


def _in_conflict(one: Candidate, other: Candidate) -> bool:
    """Whether both are one call of one function, which names other quantities: L(o, y) and L(x, y)."""
    first, second = _application(one), _application(other)
    if first is None or second is None or first[0] != second[0]:
        return False
    return first[1] != second[1]


def _application(c: Candidate) -> tuple[str, frozenset[str]] | None:
    """The function and the quantities in its arguments, where the right side is one call."""
    at = next((i for i, t in enumerate(c.found) if t.text == "="), None)
    if at is None:
        return None
    name, after = name_at(c.found, at + 1)
    arguments, end = arguments_at(c.found, after)
    if name is None or arguments is None or c.found[end].kind != "end":
        return None
    skims = (Skim((*part, Token("end", "", 0))) for part in arguments)
    return name, frozenset(m.name for skim in skims for m in skim.mentions())


def _names_itself(c: Candidate) -> bool:
    """Whether θ = θ - … names its own left side again, as an update does."""
    plain = [m for m in Skim(c.found).mentions() if not (m.below or m.above or m.arguments)]
    return sum(m.name == c.key[0] for m in plain) > 1


def _shifts(c: Candidate) -> Iterator[int]:
    """How far ahead of its own step a step definition names its own variable."""
    skim = list(Skim(c.found).mentions())
    times = [_time(m) for m in skim if m.name == c.key[0]]
    if times and times[0] is not None:
        for time in times[1:]:
            apart = time - times[0] if time is not None else None
            if apart is not None and apart.is_number:
                yield apart.shift


def _time(m: Mention) -> Time | None:
    """The index that a mention carries, below, above or in parentheses."""
    argument = m.arguments[0] if m.arguments and len(m.arguments) == 1 else None
    for script in (m.below, unwrapped(m.above) if m.above else None, argument):
        if script and index_letters(script) is not None:
            end = Token("end", "", 0)
            return Parser(Source("", ""), (*script, end), Scope()).time()
    return None


def _has_time(m: Mention) -> bool:
    """Whether a mention carries an index, below or above: θ^t, not θ."""
    scripts = (m.below, unwrapped(m.above) if m.above else None)
    return any(index_letters(script) for script in scripts)


def _letters(m: Mention, scope: Scope) -> frozenset[str]:
    """The letters of a mention's index; h(k) counts where h is no function."""
    called = m.arguments and len(m.arguments) == 1 and m.name not in scope.functions
    scripts = [m.below, unwrapped(m.above) if m.above else None]
    if called and not m.below and not m.above and m.arguments:
        scripts.append(m.arguments[0])
    return frozenset().union(*(index_letters(script) or frozenset() for script in scripts))


def _with_ranks(scope: Scope, model: Recurrence) -> Scope:
    """The scope that knows of which names entries may be written."""
    closed = any(not d.is_abstract for d in model.definitions)
    ranks = {
        name: sum(size != Time.at(1) for size in shape) for name, shape in model.shapes.items()
    }
    return replace(scope, ranks=ranks) if closed and any(ranks.values()) else scope


def _separated(found: tuple[Token, ...]) -> Iterator[tuple[Token, ...]]:
    """The parts between commas that stand in no brackets."""
    depth = 0
    part: list[Token] = []
    for token in found:
        depth += depth_change(token.text)
        if token.kind == "end" or (token.text == "," and not depth):
            if part:
                yield tuple(part)
            part = []
            continue
        part.append(token)


def _stands_at(statement: Statement, place: Place) -> bool:
    return statement.place is not None and statement.place.line == place.line


def _name(statement: Statement) -> str:
    left = statement.left
    if isinstance(left, Call):
        return left.function
    return left.name if isinstance(left, Variable) else ""


def _with_outer(
    own: list[Statement], owner: dict[int, Candidate], outer: Sequence[Statement], scope: Scope
) -> tuple[list[Statement], dict[int, Candidate], Scope]:
    """An example sees the indexed names of the outer scope that it does not give another meaning."""
    taken = {_name(s) for s in own}
    taken |= {
        p.name for s in own for p in parts_of(s.right) if isinstance(p, Variable) and not p.time
    }
    hidden = set(taken)
    visible = list(outer)
    while True:
        clash = [s for s in visible if _names_of(s) & hidden]
        if not clash:
            break
        hidden |= {_name(s) for s in clash}
        visible = [s for s in visible if s not in clash]
    visible = [s for s in visible if isinstance(s.left, Variable) and s.left.time is not None]
    timed = {v.name for s in visible for v in _all_variables(s) if v.time is not None}
    calls = {
        c.function: len(c.arguments)
        for s in visible
        for c in parts_of(s.right)
        if isinstance(c, Call) and c.function not in SLOPE
    }
    merged = replace(scope, timed=scope.timed | timed, functions={**calls, **scope.functions})
    return [*own, *visible], owner, merged


def _names_of(statement: Statement) -> set[str]:
    names = {v.name for v in _all_variables(statement)}
    return names | {c.function for c in parts_of(statement.right) if isinstance(c, Call)}


def _all_variables(statement: Statement) -> list[Variable]:
    return [p for p in (statement.left, *parts_of(statement.right)) if isinstance(p, Variable)]


def _is_update(statement: Statement) -> bool:
    """θ = θ - η ∂C/∂θ: what has no time is said to be something else than it is."""
    left = statement.left
    return isinstance(left, Variable) and left.time is None and left in parts_of(statement.right)


def _is_horizon(left: Expr) -> bool:
    return left in (Index(END), Variable(HORIZON))


def _fixed_horizon(statements: Iterable[Statement]) -> int | None:
    """The T of a line such as T = 3."""
    for s in statements:
        whole = isinstance(s.right, Number) and s.right.value.denominator == 1
        if _is_horizon(s.left) and whole and isinstance(s.right, Number) and s.right.value > 0:
            return int(s.right.value)
    return None


def _bare(statements: Iterable[Statement]) -> Mapping[str, str]:
    """Names for what is defined without time beside a quantity of the same name with time."""
    defined = {s.left for s in statements if isinstance(s.left, Variable)}
    timed = {v.name for v in defined if v.time is not None}
    return {v.name: f"{{{v.name}}}" for v in defined if v.time is None and v.name in timed}


def _alias(statements: Sequence[Statement], together: list[frozenset[str]]) -> Mapping[str, str]:
    """Names for one quantity: the same single application of an abstract function."""
    found: dict[str, str] = {}
    bodies: dict[Expr, Variable] = {}
    for s in statements:
        left, right = s.left, s.right
        if not isinstance(left, Variable) or left.time != NOW or not _is_application(right):
            continue
        first = bodies.setdefault(right, left)
        pair = {first.name, f"{first.name}^"}, {left.name, f"{left.name}^"}
        apart = not any(names & pair[0] and names & {f"{left.name}^"} for names in together)
        if first.name != left.name and apart:
            found[left.name] = first.name
    return found


def _is_application(body: Expr) -> bool:
    return (
        isinstance(body, Call)
        and body.function not in SLOPE
        and all(isinstance(a, Variable) for a in body.arguments)
    )


_NONE: Mapping[str, str] = MappingProxyType({})


def _renamed(statement: Statement, alias: Mapping[str, str], bare: Mapping[str, str]) -> Statement:
    if not alias and not bare:
        return statement
    left, right = (renamed(side, alias, bare) for side in (statement.left, statement.right))
    return replace(statement, left=left, right=right)


def renamed(expr: Expr, alias: Mapping[str, str], bare: Mapping[str, str] = _NONE) -> Expr:
    """`expr` with the indexed names in `alias`, and those without index in `bare`, replaced."""
    match expr:
        case Variable(name, time, copy) if time is not None and name in alias:
            return Variable(alias[name], time, copy)
        case Variable(name, None, None) if name in bare:
            return Variable(bare[name])
        case Written(of, by, mark, at, held):
            parts = [part and renamed(part, alias, bare) for part in (by, at)]
            return Written(renamed(of, alias, bare), parts[0], mark, parts[1], held)
        case _:
            return rebuild(expr, lambda part: renamed(part, alias, bare))


def _is_derived(statement: Statement, derived: set[str]) -> bool:
    left = statement.left
    for part in parts_of(statement.right):
        if isinstance(part, Written):
            return True
        if isinstance(part, Variable) and part.name in derived:
            return True
        if isinstance(left, Variable) and isinstance(part, Variable) and part.name == left.name:
            ahead = part.time and left.time and part.time - left.time
            if ahead and ahead.is_number and ahead.shift > 0:
                return True
    return isinstance(left, Variable) and left.name in derived


def _derived(statement: Statement) -> Derived:
    """With its step called t: δ_{k-1} = … δ_k becomes δ_t = … δ_{t+1}."""
    left, body = statement.left, statement.right
    assert isinstance(left, Variable)
    letters = left.time.letters if left.time else ()
    free = [a for a, _ in letters if a != HORIZON]
    if len(free) == 1 and left.time is not None:
        body = move(body, {free[0]: NOW - left.time.shift})
        left = Variable(left.name, NOW)
    return Derived(left, body)


def _functions(statements: Iterable[Statement]) -> Mapping[str, Function]:
    found = {}
    for s in statements:
        if isinstance(s.left, Call):
            formals = tuple(a for a in s.left.arguments if isinstance(a, Variable))
            if len(formals) == len(s.left.arguments):
                found[s.left.function] = Function(formals, s.right)
    return found


BOLD = ("\\mathbf", "\\boldsymbol", "\\bm", "\\vec")


def has_vectors(context: Context) -> bool:
    """Whether a closed definition names what bold type, a shape, ⊤, ⊙, diag, … make a vector."""
    return any(
        isinstance(part, Transpose | Hadamard)
        or (isinstance(part, Call) and part.function in OF_ARRAYS)
        or (
            isinstance(part, Variable)
            and (part.name.startswith(BOLD) or part.name in context.shaped)
        )
        for d in context.model.definitions
        if not d.is_abstract
        for part in (d.target, *walk(d.body))
    )


def multiplies(context: Context) -> bool:
    """Whether a step's closed definition has a product whose order would matter for matrices."""
    return any(
        isinstance(part, Product) and sum(not isinstance(f, Number) for f in part.factors) > 1
        for d in context.model.steps
        if not d.is_abstract
        for part in walk(d.body)
    )


def defining(context: Context, function: str) -> Variable | None:
    """The variable that is one application of this abstract function: f defines h_t."""
    for d in context.model.definitions:
        if d.is_abstract and isinstance(d.body, Call) and d.body.function == function:
            return d.target
    return None
