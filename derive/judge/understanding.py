"""What a page says where a formula stands: its definitions, elaborated, as a model; names whose making is not understood."""  # noqa: E501

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import islice, pairwise
from typing import Any

from derive.algebra.core import (
    ONE_OF,
    ZERO,
    App,
    Big,
    Core,
    D,
    Fn,
    Lost,
    Num,
    Ref,
    Solved,
    add,
    letters_in,
    move,
    neg,
    refs,
    walk,
)
from derive.algebra.core import children as inner_parts
from derive.algebra.expression import Time
from derive.algebra.functions import SPELLED
from derive.judge.names import COSTS, Names, named
from derive.meaning.model import ORDERED, Definition, Model
from derive.notation import calls, members
from derive.notation.calls import WORDS
from derive.notation.chance import NAMES as MEANS
from derive.notation.chance import WEIGHT, chances, drawn
from derive.notation.elaborate import Elaborator
from derive.notation.parts import part_of
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import below_time
from derive.notation.pieces import terms_of as terms_of
from derive.notation.setting import Function, Reading, Setting, Unread, family_key
from derive.notation.shaped import (
    Axis,
    Misfit,
    Val,
    aligned,
    each,
    renamed,
    stated,
    total,
    transposed,
)
from derive.notation.shapes_said import is_row, trimmed
from derive.notation.slots import is_derivative, parts_of
from derive.notation.symbols import Role
from derive.text.page import Chain, Formula, Page, Prose
from derive.text.spelled import spelled
from derive.text.trees import Big as Bigs
from derive.text.trees import Fraction as Over
from derive.text.trees import Group, Name, Number, Sign, Table
from derive.text.trees import walk as nodes

ARRAYS = re.compile(
    r"\\(?:top|odot|intercal|mathbf|boldsymbol|bm|vec|lVert|lvert|otimes)(?![a-zA-Z])|\\mathbb\s*\{?R\}?\s*\^|ℝ\^|⊤|⊙|diag|softmax|∈ ?ℝ"  # noqa: E501
)
TRANSPOSED = re.compile(
    r"[)\]]\s*\^\s*\{?\s*(?:T|\\mathsf\{?T\}?|\\mathrm\{?T\}?|\\text\{T\})(?![a-zA-Z])"
)
WORDS_OF_ARRAYS = re.compile(r"\b(?:vectors?|matri(?:x|ces)|Jacobians?)\b", re.IGNORECASE)
NUMBERS_ONLY = re.compile(
    r"\b(?:numbers only|scalars only|(?:all|every) (?:quantit|variable)\w* (?:is|are) (?:a )?(?:scalar|number)s?|everything is a (?:scalar|number)|only scalars)\b",  # noqa: E501
    re.IGNORECASE,
)
SCALARS = frozenset(
    [
        "T",
        "N",
        "L",
        "K",
        "M",
        "n",
        "m",
        "k",
        "i",
        "j",
        "t",
        "s",
        "l",
        "d",
        "p",
        "q",
        "r",
        "e",
        "B",
        "\\alpha",
        "\\eta",
        "\\lambda",
        "\\epsilon",
        "\\varepsilon",
        "\\tau",
        "\\mu",
        "\\rho",
    ]
)
BOLD = re.compile(
    r"^\\(?:mathbf|boldsymbol|bm|vec|underline|pmb|V|v|rv|RV)(?![a-z]{2})|^\\(?:mathbf|boldsymbol|bm|vec|underline|pmb)\b"
)
SAID_GRADIENT = re.compile(
    r"(?<![a-zA-Z])d(?P<by>\\?[a-zA-Z]+)(?![a-zA-Z])[^\n]{0,60}"
    r"\\[dt]?frac\s*\{\s*(?P<d>d|\\partial)[^{}]{1,20}\}\s*\{\s*(?P=d)\s*(?P=by)"
)
"""dW beside \\frac{\\partial L}{\\partial W} on a line says what dW is."""
NOTED_GRADIENT = re.compile(
    r"\\[dt]?frac\s*\{\s*(?P<d>d|\\partial)[^{}]{1,20}\}\s*\{\s*(?P=d)\s*(?P<by>\\?[a-zA-Z]+)"
    r"(?:(?!\n\n\n).){0,200}?(?:\b(?:denote|writ|call|abbreviat|short)\w*|记为|記為|记作|と書く|とおく)\W{0,12}d(?P=by)(?![a-zA-Z])",
    re.DOTALL,
)
"""\\frac{\\partial L}{\\partial W} … which we write dW."""
ROWWISE = re.compile(
    r"row[- ](?:by[- ]row|wise)|rows are (?:data|examples|samples|points)|(?:each|every|a) row is (?:a|an|one) (?:data|example|sample)|to each row",  # noqa: E501
    re.IGNORECASE,
)
ACCENTED = re.compile(r"(?:\\(?:hat|tilde|bar|mathbf)\{)*([a-z])\}*")
NAMED_SHAPE = re.compile(r"^\\?[a-zA-Z]{3,}(Matrix|Vector|Scalar)$")  # \inputMatrix, \biasVector
SHAPES_NAMED = {"matrix": 2, "vector": 1, "scalar": 0}
ALL_ONES = re.compile(
    r"matri(?:x|ces) (?:of|filled with) (?:all )?ones|all[- ]ones matrix|ones matrix", re.IGNORECASE
)
SUMMED = re.compile(
    r"\b(?:repeated|doubled)\b[^.]{0,40}\bind(?:ices|exes|ex)\b[^.]{0,30}\bsummed|summation convention|Einstein sum",  # noqa: E501
    re.IGNORECASE,
)
ON_A_CURVE = "a formula for what is a function elsewhere: its arguments lie on a curve"
APART = " entries beside "
SIZES = re.compile(r"(?<![a-zA-Z\\])([a-zA-Z])[_^]\s*\{?[(\[]?(?:l|\\ell)(?![a-zA-Z])")
ODD = 3
WHERE = 4  # how far behind its use a name may be made: h = f(u v), where v = …
PASSES = 3
MOST_PARTS = 1500  # of a function's formula
NEXT = 1
AGAIN = (
    "says again what is defined",
    "another step of what is defined",
    "an equation for an adjoint that is defined",
)
EQUATIONS = ("=", ":=", "\\equiv", "\\triangleq")
EXPRESSIONS = "an equation between expressions"
LOOSE = "an index {} that the left side has, too"
LEFT_OVER = re.compile(re.escape(LOOSE).replace(r"\{\}", "(.+)"))
KNOWN_LOGARITHMS = ("\\ln", "ln", "\\log", "log")


@dataclass(frozen=True, slots=True)
class Made:
    """A definition of the page, elaborated, with where it is in force."""

    definition: Definition
    first: int
    last: int
    place: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Failed:
    """A formula that makes names in a way that was not understood."""

    names: frozenset[str]
    first: int
    last: int
    why: str
    uses: frozenset[str] = (
        frozenset()
    )  # the names that it is made of, as far as they are written; empty where that is not known


@dataclass
class Understanding:
    """One page, with its definitions elaborated."""

    page: Page
    symbols: Any  # Symbols, and Names once it is understood
    reading: Reading
    setting: Setting = field(default_factory=Setting)
    made: list[Made] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    functions: list[tuple[int, int, str, Function, tuple[int, int]]] = field(default_factory=list)
    definitions_read: dict[tuple[int, int], str] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)
    base: int = 1
    _before: list[Any] = field(default_factory=list)
    _models: dict[tuple[int, int, bool], Model] = field(default_factory=dict)
    positive: set[str] = field(default_factory=set)
    normalised: dict[str, str] = field(default_factory=dict)
    dependent: set[str] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    curves: set[tuple[int, int]] = field(default_factory=set)
    contradictions: dict[tuple[int, int], str] = field(default_factory=dict)
    slips: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    regions: list[tuple[int, str, str]] = field(default_factory=list)
    shaped: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # what a name's definition supposes of shapes
    scalars: bool = False
    vectors: frozenset[str] = (
        frozenset()
    )  # the families that are vectors though the page does not say so
    _without_functions: bool = False
    _vectors: set[str] = field(default_factory=set)
    _implied: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    _scope: tuple[int, int] = (0, 0)
    examples: set[str] = field(default_factory=set)  # what the page gives as a list of numbers
    _listed_vectors: set[str] = field(default_factory=set)
    based: dict[int, int] = field(default_factory=dict)
    _given: list[tuple[tuple[int, int], Role, Chain]] | None = None

    # -- making -----------------------------------------------------------------------------------

    def understand(self) -> None:
        """Elaborates all definitions; ranks that they imply are used in the next pass."""
        if not isinstance(self.symbols, Names):
            self.symbols = Names(self.symbols)
        self._ranks()
        prose = " ".join(i.text for i in self.page.items if isinstance(i, Prose))
        if SUMMED.search(prose):
            self.reading = replace(self.reading, repeated=True)
        self.base = 0 if re.search(r"(?<![a-zA-Z])[tk]\s*=\s*0", self.page.source.text) else 1
        self.based = self._logarithms()
        self._passes(False)
        self.contradictions = {p: w for p, w in self.definitions_read.items() if APART in w}
        if any(APART in f.why for f in self.failed):
            self._passes(True)
        self._normalised()

    def _passes(self, loose: bool) -> None:
        for _ in range(PASSES):
            before = (
                dict(self.setting.ranks),
                dict(self.setting.outputs),
                dict(self._implied),
                dict(self.setting.wholes),
            )
            self.setting.dims = self.setting.dims.__class__()
            self.setting.dims.loose = loose
            self._pass()
            setting = self.setting
            if before == (setting.ranks, setting.outputs, self._implied, setting.wholes):
                break

    def supposed(self) -> Iterator[tuple[int, Chain]]:
        """The equations between expressions: what a page supposes, where it does not follow."""
        for number, index, chain in self.chains():
            role = self.symbols.roles.get((number, index))
            if (
                role is not None
                and role.kind == "claim"
                and role.why == EXPRESSIONS
                and len(chain.members) > 1
            ):
                yield number, chain

    def _normalised(self) -> None:
        r"""The families that a page says to add up to 1: \sum_k y_k = 1."""
        for number, chain in self.supposed():
            if spelled(chain.members[1].tree) != "1" or len(chain.members) != 2:
                continue
            elaborator = self.elaborator(number)
            try:
                body = elaborator.row(chain.members[0].tree).body
            except (Unread, Misfit, RecursionError):
                continue
            if (
                isinstance(body, Big)
                and body.kind == "sum"
                and isinstance(body.body, Ref)
                and body.dim is not None
                and body.lower is None
            ):
                ref = body.body
                if (
                    ref.index
                    and ref.index[-1] == Time.of(body.letter)
                    and not any(body.letter == a for i in ref.index[:-1] for a, _ in i.letters)
                ):
                    self.normalised[ref.name] = body.dim
                    self.taken.add(number)

    def _logarithms(self) -> dict[int, int]:
        r"""The base of \log in formulas: 2 where a formula with some of its names has \ln 2, e (0) elsewhere."""  # noqa: E501
        text = self.page.source.text
        if not re.search(r"(?<![a-zA-Z])ln(?![a-zA-Z])", text) or not re.search(
            r"(?<![a-zA-Z])log(?![a-zA-Z_])", text
        ):
            return {}
        names: dict[int, set[str]] = {}
        based: dict[str, int] = {}
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            keys = {
                table.occurrence(n, b).key for m in chain.members for n, b in named(m.tree)
            } - set(KNOWN_LOGARITHMS)
            names.setdefault(number, set()).update(keys)
            shown = text[chain.members[0].start : chain.members[-1].end] if chain.members else ""
            found = re.search(r"(?<![a-zA-Z])ln(?![a-zA-Z])[\s{(]*(2|10)(?![0-9.])", shown)
            if found:
                based |= dict.fromkeys(keys - {"d", "\\partial"}, int(found[1]))
        return {
            n: next(based[k] for k in keys if k in based)
            for n, keys in names.items()
            if keys & set(based)
        }

    def values(self, number: int) -> dict[str, Fraction]:
        """The numbers that the page gives to names where a formula stands (a = 2, x = 3)."""
        found: dict[str, Fraction] = {}
        for (_, _), role, chain in self._settings():
            first, last = role.scope
            if first <= number <= last and role.key:
                value = _written_number(chain.members[1].tree)
                if value is not None:
                    found[self._family(role.key, [])] = value
        return found

    def _settings(self) -> list[tuple[tuple[int, int], Role, Chain]]:
        if self._given is None:
            roles = self.symbols.roles
            self._given = [
                ((n, i), roles[n, i], c)
                for n, i, c in self.chains()
                if (n, i) in roles
                and (
                    roles[n, i].kind == "setting"
                    or (roles[n, i].kind == "definition" and roles[n, i].key in HORIZONS)
                )
                and len(c.members) > 1
                and c.members[1].relation == "="
                and (t := roles[n, i].target) is not None
                and not t.indices
            ]
        return self._given

    def _pass(self) -> None:
        for made, dim in self.setting.shared_dims.items():
            self.setting.dims.alias(made, dim)
        self._before = getattr(self, "functions", [])
        self.made, self.failed, self.functions = [], [], []
        self.dependent, self.taken, self.shaped = set(), set(), {}
        self._fitted: set[str] = set()
        self._settled: set[str] = set()
        self.definitions_read = {}
        self.setting.functions = {}
        self.setting.applications = {}
        self.setting.horizons = self.horizon_letters()
        self.setting.bounds = (self._bounds & self.setting.horizons) - self.setting.defined
        for number, index, chain in self.chains():
            role = self.symbols.roles.get((number, index))
            if role is None:
                continue
            if role.lost and role.kind != "assignment":
                drawn = chain.members[1].relation == "\\sim" and not (
                    self._used(number, chain) & self._differentiated_by
                )
                lost = frozenset(
                    self._scoped(k, number)
                    for k in role.lost
                    if (role.kind != "remark" or self._kind(k) not in ("parameter", "input"))
                    and not drawn
                )
                self.failed.append(
                    Failed(lost, role.scope[0], role.scope[1], role.why, self._used(number, chain))
                )
            if (
                role.kind in ("definition",)
                and len(chain.members) > 1
                and role.key in self._kronecker
            ):
                self.definitions_read[number, index] = ""
            elif role.kind in ("definition",) and len(chain.members) > 1:
                self._define(number, index, chain, role)
            elif self._is_numbered_again(role):
                self._define(number, index, chain, replace(role, kind="definition"))
                self.definitions_read.pop((number, index), None)
            elif role.named is not None:
                self._define_last(number, index, chain, role)

        self._dependences()
        self._implicit()
        self._without_slips()
        self.setting.alias |= self._aliases()
        names = {m.definition.name for m in self.made}
        names |= {n for m in self.made for n in refs(m.definition.body)}
        self.setting.unindexed = {n for n in names if "∅" in n}

    @cached_property
    def _bounds(self) -> set[str]:
        """The letters up to which a Σ or Π runs."""
        return {
            node.above[0].letter
            for _, _, chain in self.chains()
            for member in chain.members
            for node in nodes(member.tree)
            if isinstance(node, Bigs)
            and node.above is not None
            and len(node.above) == 1
            and isinstance(node.above[0], Name)
            and node.above[0].below is None
        }

    def _without_slips(self) -> None:
        """Slips of the pen, where the first definition is kept.

        L_t = L(o_t, y_t), and later L_t = L(x_t, y_t) of what nothing makes; h_t = f(h_{t-1}, x) for x_t.
        """
        names = {m.definition.name for m in self.made}
        for later in list(self.made):
            earlier = next((m for m in self.made if self._is_slip_of(later, m, names)), None)
            if earlier is not None:
                kept = replace(earlier, last=max(earlier.last, later.last))
                self.made[self.made.index(earlier)] = kept
                self.made.remove(later)
                d = kept.definition
                assert isinstance(d.body, App)
                letters = {
                    a: s for i, s in zip(d.index, d.slots, strict=False) for a, _ in i.letters
                }
                self.setting.applications[d.body.name] = d.body, letters

    @staticmethod
    def _is_slip_of(later: Made, earlier: Made, names: set[str]) -> bool:
        one, other = earlier.definition, later.definition
        if one.name != other.name or earlier.place >= later.place or not _same_pattern(one, other):
            return False
        a, b = one.body, other.body
        if not isinstance(a, App) or not isinstance(b, App):
            return False
        if a.name != b.name or len(a.args) != len(b.args) or a.slots or b.slots:
            return False
        dropped = [
            p.body == q.body
            or (
                isinstance(p.body, Ref)
                and isinstance(q.body, Ref)
                and q.body.name.startswith(f"{p.body.name}∅")
            )
            for p, q in zip(a.args, b.args, strict=True)
        ]
        return (bool(refs(a) & names) and not refs(b) & names) or (a != b and all(dropped))

    def _aliases(self) -> dict[str, str]:
        """θ^t = g(h^t, θ) where o_t = g(h_t, θ): one quantity with two names; the first is kept."""
        found: dict[str, str] = {}
        first: dict[object, str] = {}
        for m in self.made:
            d = m.definition
            applied = isinstance(d.body, App) and not d.body.slots and "∅" not in d.name
            if not applied or len(d.index) != 1 or d.slots[0] not in ORDERED or not d.letters:
                continue
            body = move(d.body, {d.letters[0]: Time.of("\\,step")})
            name = first.setdefault((body, d.slots), d.name)
            if name != d.name and d.name not in refs(d.body):
                found[d.name] = name
        return found

    def _is_numbered_again(self, role: Role) -> bool:
        """δ_2 = … behind δ_1 = …: two vectors, and the number tells them apart."""
        target = role.target
        if (
            role.kind != "claim"
            or role.why not in AGAIN
            or target is None
            or len(target.indices) != 1
        ):
            return False
        ((domain, row),) = target.indices
        if domain != "component" or role.key not in self.setting.labelled:
            return False
        name = f"{role.key}_{spelled(row)}"
        return spelled(row).isdigit() and not any(m.definition.name == name for m in self.made)

    def _define_last(self, number: int, index: int, chain: Chain, role: Role) -> None:
        """∂L/∂z = … = δ: δ is a name for the derivative at the head."""
        assert role.named is not None
        last = next(m for m in reversed(chain.members) if m.relation in EQUATIONS)
        made = replace(chain, members=(last, replace(chain.members[0], relation="=")))
        own = Role("definition", role.named.key, role.named, scope=(number, self._end))
        self._define(number, index, made, own)
        self.definitions_read.pop((number, index), None)

    @cached_property
    def _differentiated_by(self) -> frozenset[str]:
        """The names that the page differentiates by."""
        survey = self.symbols.symbols.reader.survey
        read = self.symbols.symbols.reader.read
        return frozenset(
            read(u.name, u.behind, u.number).key for u in survey.uses if u.context == "by"
        )

    def _implicit(self) -> None:
        """y = y(x) beside an equation for x and y: y is what solves it."""
        found = list(self.supposed()) + [
            (n, c) for n, i, c in self.chains() if (n, i) in self.curves
        ]
        for number, chain in found:
            if len(chain.members) != 2 or number in self.taken:
                continue
            try:
                elaborator = self._elaborator = self.elaborator(number)
                left, right = (elaborator.row(m.tree) for m in chain.members)
            except (Unread, Misfit, RecursionError):
                continue
            body = add((left.body, neg(right.body)))
            names = refs(body)
            made = {m.definition.name for m in self.made}
            unknown = [n for n in names if n in self.dependent]
            if (
                left.rank
                or right.rank
                or len(unknown) != 1
                or (names & made) - set(unknown)
                or any(isinstance(p, D) for p in walk(body))
            ):
                continue
            (name,) = unknown
            ref = next(p for p in walk(body) if isinstance(p, Ref) and p.name == name)
            own = next(m for m in self.made if m.definition.name == name)
            if ref.index or not refs(own.definition.body) <= names:
                continue
            constant = (
                isinstance(right.body, Ref)
                and right.body.name not in refs(left.body)
                and not self._is_used(right.body.name)
            )
            solved = Definition(name, (), (), Solved(ref, body, constant), (), (), number)
            self.made[self.made.index(own)] = Made(solved, own.first, own.last)
            self.taken.add(number)

    def _is_used(self, name: str) -> bool:
        return any(name in refs(m.definition.body) for m in self.made)

    def _dependences(self) -> None:
        """y = y(x), where the page says no more of y: some function of x."""
        known = (
            {m.definition.name for m in self.made}
            | {n for f in self.failed for n in f.names}
            | {f[2] for f in self.functions}
        )
        for number, index, chain in self.chains():
            role = self.symbols.roles.get((number, index))
            if role is None or role.key is None or role.key in known or len(chain.members) != 2:
                continue
            if role.kind not in ("setting", "assignment") or role.why not in (
                "says what it depends on",
                "the name stands on both sides",
            ):
                continue
            found = self._dependence(number, chain)
            if found is not None:
                self.made.append(Made(found, number, max(role.scope[1], self._end)))
                self.dependent.add(role.key)

    @cached_property
    def _end(self) -> int:
        """The number of the last formula."""
        return max((n for n, _, _ in self.chains()), default=0)

    def _dependence(self, number: int, chain: Chain) -> Definition | None:
        name, right = _head_name(chain.members[0].tree), chain.members[1].tree
        right = tuple(n for n in right if not (isinstance(n, Sign) and n.text in (",", ".", ";")))
        if (
            name is None
            or len(chain.members[0].tree) != 1
            or len(right) != 2
            or not isinstance(right[0], Name)
            or not isinstance(right[1], Group)
        ):
            return None
        elaborator = self._elaborator = self.elaborator(number)
        key = members.occurrence_of(elaborator, name, None).key
        if (
            name.below is not None
            or name.above is not None
            or right[0].letter != name.letter
            or right[0].below is not None
        ):
            return None
        try:
            args = [elaborator.row(p) for p in parts_of(right[1].inside)]
            if not args or not all(isinstance(a.body, Ref) and a.body.name != key for a in args):
                return None
            target = members.member(elaborator, key, [], name.start)
            axes = tuple(target.axes)
            body = Val(
                axes,
                App(
                    f"{key} of",
                    tuple(map(argument_of, args)),
                    tuple(Time.of(a.letter) for a in axes),
                ),
            )
            return self._definition(key, target, body, number)
        except (Unread, Misfit, RecursionError):
            return None

    def chains(self) -> Iterator[tuple[int, int, Chain]]:
        for item in self.page.items:
            if isinstance(item, Formula):
                for i, chain in enumerate(item.chains):
                    yield item.number, i, chain

    def elaborator(self, number: int, reading: Reading | None = None, index: int = 0) -> Elaborator:
        self._number, self._index = number, index
        self.setting.scoped = self._scopes_at(number)
        self.setting.functions = {} if self._without_functions else self.functions_at(number, index)
        self.setting.in_force = self._defined_at(number)
        self.setting.implied = {
            k: d
            for k, (d, first, last) in self._implied.items()
            if first <= number <= last
            or (first - WHERE <= number < first and k not in self.setting.in_force)
        }
        found = reading or self.reading
        if number in self.based:
            found = replace(found, base=self.based[number])
        return Elaborator(self.symbols.at(number), self.setting, found)

    def _defined_at(self, number: int) -> set[str]:
        """The names that a definition is in force for where a formula stands."""
        return {r.key for r in self._makers if r.key and r.scope[0] <= number <= r.scope[1]}

    @cached_property
    def _makers(self) -> list[Role]:
        return [r for r in self.symbols.roles.values() if r.kind == "definition" and r.key]

    def functions_at(self, number: int, index: int = 0) -> dict[str, Function]:
        """The functions in force at a chain; of several in its own formula the last before it."""
        found: dict[str, Function] = {}
        listed = [f for f in self.functions if f[0] <= number <= f[1]]
        for _, _, key, function, _ in sorted(listed, key=lambda f: f[4] <= (number, index)):
            found[key] = function
        for entry in (*self.functions, *self._before):
            if 0 <= entry[0] - number <= NEXT or self._is_among_definitions(number, entry[0]):
                found.setdefault(entry[2], entry[3])
        return found

    def _is_among_definitions(self, number: int, following: int) -> bool:
        """Whether nothing is claimed from one formula to a later one: y = f(z), g(x) = …, f(x) = … ."""
        return number < following and not any(number <= n <= following for n in self._claimed)

    @cached_property
    def _claimed(self) -> list[int]:
        """The numbers of the formulas that claim something."""
        return [n for (n, _), r in self.symbols.roles.items() if r.kind == "claim"]

    # -- ranks ------------------------------------------------------------------------------------

    def _ranks(self) -> None:
        """The axes that names have beyond their written indices: declared, by habit, or implied by formulas."""  # noqa: E501
        text = self.page.source.text
        prose = " ".join(i.text for i in self.page.items if isinstance(i, Prose))
        setting = self.setting
        indexed = sum("component" in s.slots for s in self.symbols.records())
        some = (
            bool(ARRAYS.search(text))
            or bool(TRANSPOSED.search(text))
            or self._transposes
            or (bool(WORDS_OF_ARRAYS.search(prose)) and indexed < 4)
        )
        some = (some and not self.says_numbers and not self.scalars) or bool(self.vectors)
        setting.arrays, setting.scalars = some, self.scalars
        setting.plain = self._plain()
        setting.nabla = self._nabla()
        setting.layer_sizes = frozenset(m[1] for m in SIZES.finditer(text))
        setting.rowwise = bool(ROWWISE.search(prose)) or self._rows_are_data()
        setting.square_ones = bool(ALL_ONES.search(prose))
        setting.defined = {
            r.key for r in self.symbols.roles.values() if r.kind == "definition" and r.key
        } - self._kronecker
        setting.defined |= {r.named.key for r in self.symbols.roles.values() if r.named}
        self._survey()
        self._gradients_by_name()
        setting.stepped = self._stepped()
        setting.chance = self._random()
        setting.drawn = self._draws()
        if setting.chance:
            self.normalised[WEIGHT] = "sample"
        several = self._shaped_twice()
        for symbol in self.symbols.records():
            if symbol.shape is not None and not self.scalars:
                shape = (
                    [d for d in symbol.shape if d != "1"]
                    if len(symbol.shape) == 2
                    else list(symbol.shape)
                )
                before = self.symbols.symbols.entered.get(symbol.key, 0) if shape else 0
                setting.ranks[symbol.key] = max(
                    before + len(shape), setting.ranks.get(symbol.key, 0)
                )
                for place, dim in enumerate(shape, before):
                    if (
                        symbol.key not in several
                        and re.fullmatch(r"[^+?]*", dim)
                        and not dim.isdigit()
                    ):
                        setting.shared_dims[f"{symbol.key}:{place}"] = stated(
                            dim, setting.layer_sizes
                        )
                if symbol.row:
                    setting.lying.add(symbol.key)
            elif some and not setting.components.get(symbol.key):
                setting.ranks.setdefault(symbol.key, self._habit(symbol))
        for name in self.symbols.records():
            if name.kind == "function" and name.shape is None:
                setting.ranks.pop(name.key, None)
        for key in (*self._numbers(), *self._biases()):
            setting.ranks[key] = 0
        for key in self._partners() if some else ():
            setting.ranks[key] = setting.ranks.get(key) or 1
        if self.vectors:
            keys = {n.split("∅")[0] for n in self.vectors}
            setting.ranks = {k: int(k in keys) for k in setting.ranks}
            setting.numbers |= {
                name
                for k in keys
                for name in _forms(k, setting.steps.get(k, ()))
                if name not in self.vectors
            }
        self._scopes()
        setting.lines = dict(self._lines())
        if some:
            setting.numbers |= {
                s.key
                for s in self.symbols.records()
                if len(s.key) == 1 and s.shape is None and self._has_bold_twin(s.key)
            }
        self._entrywise()

    def _gradients_by_name(self) -> None:
        r"""dO = \partial L/\partial O shows what dX is for every X; else dX is by habit a gradient of the page's one cost."""  # noqa: E501
        records = self.symbols.records()
        costs = {
            s.key: None
            for s in records
            if s.kind == "variable" and not s.slots and self.symbols.is_cost(s.key) and s.key != "S"
        }
        for number, index, chain in self.chains():
            role = self.symbols.roles.get((number, index))
            if role is None or role.kind != "definition" or not role.key or role.key[0] != "d":
                continue
            right = chain.members[1].tree if len(chain.members) > 1 else ()
            if len(right) == 1 and isinstance(right[0], Over):
                table = self.symbols.at(number)
                names = [
                    [table.occurrence(n, b).key for n, b in named(line)]
                    for line in (right[0].above_line, right[0].below_line)
                ]
                if names[0] and names[1] and role.key[1:] == names[1][-1] and names[0][-1] in costs:
                    self.setting.gradients.add(role.key)
                    costs = {names[0][-1]: None}
        text = self.page.source.text
        if SAID_GRADIENT.search(text) or NOTED_GRADIENT.search(text):
            self.setting.gradients.add("")
        self.setting.cost = next(iter(costs)) if len(costs) == 1 else None

    @cached_property
    def _transposes(self) -> bool:
        """Whether a T stands on the page, and nowhere but alone above a name or a bracket."""
        uses = raised = 0
        for _, _, chain in self.chains():
            for member in chain.members:
                for node in nodes(member.tree):
                    uses += isinstance(node, Name) and node.letter == "T"
                    above = node.above if isinstance(node, Name | Group) else None
                    raised += above is not None and spelled(above) == "T"
        return uses == raised > 0

    def _rows_are_data(self) -> bool:
        """Whether data are multiplied by weights from the right, X W, and never from the left."""
        seen: set[tuple[str, str]] = set()
        for number, _, chain in self.chains():
            for member in chain.members:
                kinds = list(self._kinds_in_order(number, member.tree))
                seen |= set(pairwise(kinds))
        return ("input", "parameter") in seen and ("parameter", "input") not in seen

    def _kinds_in_order(self, number: int, row: Any) -> Iterator[str]:
        """The kinds of a row's capital names, in order; "" for what stands between them but a dot."""
        table, argument = self.symbols.at(number), False
        for node, behind in zip(row, (*row[1:], None), strict=True):
            if isinstance(node, Name):
                occurs = table.occurrence(node, behind if isinstance(behind, Group) else None)
                argument = occurs.consumed
                yield self._kind(occurs.key) if node.letter.isupper() else ""
            elif not (isinstance(node, Sign) and node.text in ("\\cdot", "*", "\\times")):
                if not argument:
                    yield ""
                argument = False

    @cached_property
    def says_numbers(self) -> bool:
        """Whether the page says that all its quantities are numbers."""
        return any(isinstance(i, Prose) and NUMBERS_ONLY.search(i.text) for i in self.page.items)

    @cached_property
    def numbered(self) -> set[str]:
        """The names that the page gives a number for a value somewhere."""
        return {
            self._family(role.key, [])
            for _, role, chain in self._settings()
            if role.key and _written_number(chain.members[1].tree) is not None
        }

    def _lines(self) -> Iterator[tuple[str, tuple[str, int]]]:
        r"""x_i where the page says that it is a row of X, or a column; \hat{x}_i of \hat{X} then, too."""
        made = {
            s.key for s in self.symbols.records() if s.kind not in ("function", "size", "index")
        }
        for symbol in self.symbols.records():
            match = ACCENTED.fullmatch(symbol.key)
            if not match or not set(symbol.slots) & {"component", "sample"}:
                continue
            letter, place = match[1], self._line_said(match[1])
            upper = symbol.key[: match.start(1)] + letter.upper() + symbol.key[match.end(1) :]
            if place is not None and upper in made and "time" not in symbol.slots:
                self.setting.ranks[upper] = max(2, self.setting.ranks.get(upper, 0))
                yield symbol.key, (upper, place)

    def _line_said(self, letter: str) -> int | None:
        """0 where the page calls the members of a family rows, 1 where it calls them columns."""
        name = rf"\$\s*(?:\\(?:mathbf|boldsymbol|bm)\s*)?\{{?{letter}\}}?_\{{?[a-z]\}}?\s*\$"
        for place, word in enumerate(("row", "column")):
            said = rf"\b{word}s?\b[^.$\n]{{0,30}}\$?{name}|{name}[^.\n]{{0,40}}\b{word}\b"
            if re.search(said, self.page.source.text):
                return place
        return None

    def _scopes(self) -> None:
        """The names whose stated shape is another one in a later section: there they are families of their own."""  # noqa: E501
        self.regions = []
        for key, spoken in self.symbols.symbols.stated.items():
            shapes = [
                (n, s)
                for n, s in sorted(spoken)
                if all(re.fullmatch(r"[^+?]*", d) and not d.isdigit() for d in trimmed(s))
            ]
            section = self.symbols.symbols.sections
            now, version, first = None, 0, -1
            for number, shape in shapes:
                if now is not None and trimmed(shape) != trimmed(now):
                    start = min(n for n in section if section[n] == section[number] and n > first)
                    version, first = version + 1, min(start, number)
                    self.regions.append((first, key, f"{key}∅§{version}"))
                    self._shape_of(f"{key}∅§{version}", key, shape)
                    if version == 1:
                        self._shape_of(key, key, now)
                now, first = shape, max(first, number)
        self._remade()

    def _remade(self) -> None:
        """What is defined again where other shapes hold is a family of its own there, too."""
        starts = sorted({first for first, _, _ in self.regions})
        versions = {key for _, key, _ in self.regions}
        seen: dict[str, set[int]] = {}
        for (number, _), role in self.symbols.roles.items():
            if role.kind == "definition" and role.key and role.key not in versions:
                seen.setdefault(role.key, set()).add(sum(s <= number for s in starts))
        used = self._first_uses() if starts else {}
        for key, intervals in seen.items():
            intervals |= {sum(s <= used[key] for s in starts)} if key in used else set()
            for version in sorted(intervals)[1:]:
                name = f"{key}∅§§{version}"
                self.regions.append((starts[version - 1], key, name))
                self.setting.steps[name] = self.setting.steps.get(key, ())
                self.setting.components[name] = self.setting.components.get(key, 0)
                self.setting.ranks[name] = self.setting.ranks.get(key, 0)

    def _first_uses(self) -> dict[str, int]:
        """The first formula that each name stands in."""
        found: dict[str, int] = {}
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                for name, behind in named(member.tree):
                    found.setdefault(table.occurrence(name, behind).key, number)
        return found

    def _shape_of(self, name: str, key: str, shape: tuple[str, ...]) -> None:
        """Gives a name its stated shape, and the slots of the name that it is a version of."""
        setting = self.setting
        sizes = trimmed(shape)
        sizes = tuple(d for d in sizes if d != "1") if len(sizes) == 2 else sizes
        setting.ranks[name] = len(sizes)
        for place, dim in enumerate(sizes):
            setting.shared_dims[f"{name}:{place}"] = f"dim:{dim}"
        setting.steps[name] = setting.steps.get(key, ())
        if is_row(shape):
            setting.lying.add(name)

    def _scoped(self, key: str, number: int) -> str:
        """The family that a name is of where a formula stands."""
        key = self.setting.lines.get(key, (key, 0))[0]
        return self._scopes_at(number).get(key, key)

    def _scopes_at(self, number: int) -> dict[str, str]:
        """The names that are families of their own where a formula stands."""
        return {k: n for first, k, n in sorted(self.regions) if first <= number}

    def _random(self) -> set[str]:
        """The names of random quantities: what a page takes expectations over or of, and what is made of such."""  # noqa: E501
        found: set[str] = set()
        made: list[tuple[str, set[str]]] = []
        defined = self.setting.defined
        for number, index, chain in self.chains():
            table = self.symbols.at(number)
            rows = [m.tree for m in chain.members]
            for name, place in (x for row in rows for x in chances(row, defined)):
                key = table.occurrence(name, None).key
                if place == "by" or (place == "in" and self._may_be_random(key)):
                    found.add(key)
            role = self.symbols.roles.get((number, index))
            if role is not None and role.kind == "definition" and role.key and len(rows) > 1:
                uses = {
                    table.occurrence(n, None).key
                    for n, p in chances(rows[1], defined)
                    if p == "out"
                }
                made.append((role.key, uses))
        if not found:
            return found
        while more := {k for k, uses in made if uses & found and k not in found}:
            found |= more
        return found

    def _draws(self) -> bool:
        r"""Whether some expectation says what is drawn from where: E_{x \sim p}."""
        return any(
            isinstance(node, Name) and node.letter in MEANS and drawn(node.below or ())
            for _, _, chain in self.chains()
            for member in chain.members
            for node in nodes(member.tree)
        )

    def _may_be_random(self, key: str) -> bool:
        """A small letter that is no parameter, index or function."""
        symbol = self.symbols.at(0).symbol(key)
        letter = re.sub(
            r"\\(?:mathbf|boldsymbol|bm|hat|tilde|bar|vec|widehat|overline)\b|[{}]", "", key
        ).lstrip("\\")[:1]
        noise = "time" in self.setting.steps.get(key, ()) or "layer" in self.setting.steps.get(
            key, ()
        )
        return (
            symbol is not None
            and (symbol.kind in ("variable", "input") or (noise and symbol.kind == "parameter"))
            and letter.islower()
        )

    @cached_property
    def _kronecker(self) -> set[str]:
        r"""\delta where the page says no more of \delta_{ij} than that it is 1, or 0."""
        said = [
            (r, c)
            for n, i, c in self.chains()
            if (r := self.symbols.roles.get((n, i))) is not None
            and r.kind == "definition"
            and r.key == "\\delta"
        ]

        def is_one(role: Role, chain: Chain) -> bool:
            two = role.target is not None and sum(
                d == "component" for d, _ in role.target.indices
            ) == 2 == len(role.target.indices)
            return (
                two
                and len(chain.members) == 2
                and spelled(chain.members[1].tree).strip(" ,.") in ("0", "1")
            )

        return {"\\delta"} if said and all(is_one(r, c) for r, c in said) else set()

    def _shaped_twice(self) -> set[str]:
        """The names whose members have several shapes: W^{(1)} and W^{(2)}."""
        seen: dict[str, set[str]] = {}
        for number, index, chain in self.chains():
            role = self.symbols.roles.get((number, index))
            if (
                role is not None
                and role.kind == "shape"
                and role.key is not None
                and len(chain.members) > 1
            ):
                seen.setdefault(role.key, set()).add(spelled(chain.members[1].tree))
        return {key for key, shapes in seen.items() if len(shapes) > 1}

    def _numbers(self) -> Iterator[str]:
        r"""The names of a list that is said to be of numbers: a, b \in \mathbb{R}."""
        for number, index, chain in self.chains():
            role = self.symbols.roles.get((number, index))
            if (
                role is None
                or role.kind != "shape"
                or len(chain.members) != 2
                or not any(isinstance(n, Sign) and n.text == "," for n in chain.members[0].tree)
            ):
                continue
            if spelled(chain.members[1].tree) in ("\\mathbb{R}", "ℝ", "\\R", "\\mathbb R"):
                yield from (
                    self.symbols.at(number).occurrence(n, b).key
                    for n, b in named(chain.members[0].tree)
                )

    def _biases(self) -> Iterator[str]:
        """The small undeclared names that are added to an inner product and to nothing else: b in w^T x + b."""  # noqa: E501
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                try:
                    terms = terms_of(member.tree)[0]
                except Unread:
                    continue
                inner = [t for t in terms if self._is_inner(table, t)]
                alone = [t for t in terms if len(t) == 1 and isinstance(t[0], Name)]
                if not inner or len(alone) != 1 or len(inner) + 1 != len(terms):
                    continue
                key = table.occurrence(alone[0][0], None).key
                symbol = table.symbol(key)
                if (
                    symbol is not None
                    and symbol.shape is None
                    and symbol.kind == "parameter"
                    and not BOLD.match(key)
                ):
                    yield key

    def _partners(self) -> Iterator[str]:
        """What stands behind a transposed vector, where its letter alone says that it is a number: p in u^T p."""  # noqa: E501
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                try:
                    terms = terms_of(member.tree)[0]
                except Unread:
                    continue
                for term in terms:
                    if self._is_inner(table, term):
                        key = table.occurrence(term[1], None).key
                        symbol = table.symbol(key)
                        undeclared = symbol is not None and symbol.shape is None
                        if undeclared and not self.setting.components.get(key):
                            yield key

    def _is_inner(self, table: Any, term: Any) -> bool:
        """w^T x: two names that are no matrices, the first of them transposed."""
        if len(term) != 2 or not all(isinstance(n, Name) for n in term):
            return False
        first, second = (table.occurrence(n, None) for n in term)
        small = all(n.letter[:1] == "\\" or n.letter.islower() for n in term)
        return small and first.transposed and not second.transposed

    def _plain(self) -> set[str]:
        """The letters that the page differentiates by, or applies functions to, and never writes as an index."""  # noqa: E501
        by: set[str] = set()
        below: set[str] = set()
        for _, _, chain in self.chains():
            for member in chain.members:
                for node in nodes(member.tree):
                    if is_derivative(node):
                        assert isinstance(node, Over)
                        by |= {
                            n.letter
                            for n in node.below_line[1:2]
                            if isinstance(n, Name)
                            and n.below is None
                            and n.above is None
                            and len(node.below_line) == 2
                        }
                    if isinstance(node, Name) and node.letter in MEANS:
                        continue
                    if isinstance(node, Name | Bigs):
                        scripts = [r for r in (node.below, node.above) if r]
                        if not (isinstance(node, Name) and node.letter == "e"):
                            below |= {
                                n.letter for r in scripts for n in nodes(r) if isinstance(n, Name)
                            }
        listed = [
            n for _, _, chain in self.chains() for m in chain.members for n, _ in named(m.tree)
        ]
        return (
            by - below
            | self._formal_letters()
            | {
                n.letter
                for n in listed
                if n.letter not in below
                and n.below is None
                and not n.accents
                and self._kind(n.letter) == "index"
            }
        )

    def _survey(self) -> None:
        """How many components each name has at most, and which ordered slots."""
        setting = self.setting
        tally: dict[str, Counter[int]] = {}
        before: Counter[str] = Counter()  # uses with an index less before the first with so many
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for row in (*(m.tree for m in chain.members), *chain.conditions):
                for name, behind in named(row):
                    occurs = table.occurrence(name, behind)
                    count = sum(d == "component" for d, _ in occurs.indices)
                    count += sum(len(below_time(r) or ()) for d, r in occurs.indices if d == "time")
                    tally.setdefault(occurs.key, Counter())[count] += 1
                    if count > setting.components.get(occurs.key, 0):
                        before[occurs.key] = tally[occurs.key][count - 1]
                    if count > setting.components.get(occurs.key, 0):
                        setting.components[occurs.key] = count
                    slots = tuple(d for d, _ in occurs.indices if d not in ("component", "label"))
                    if occurs.consumed and isinstance(behind, Group) and behind.below is not None:
                        inside = parts_of(behind.below)
                        setting.components[occurs.key] = max(
                            setting.components.get(occurs.key, 0), len(inside)
                        )
                    full = setting.steps.get(occurs.key, ())
                    setting.steps[occurs.key] = (*full, *(d for d in slots if d not in full))
                    for domain, inside in occurs.indices:
                        counted = domain in ORDERED or domain == "sample"
                        if counted and len(inside) == 1 and isinstance(inside[0], Name):
                            setting.usual.setdefault(domain, inside[0].letter)
        self._without_odd(tally, before)
        self._survey_forms()

    def _without_odd(self, tally: dict[str, Counter[int]], before: Counter[str]) -> None:
        """A name that is x_i until a few x_{i,n} follow has one index: those few are not understood."""
        made = {
            (r.key, sum(d == "component" for d, _ in r.target.indices))
            for r in self._makers
            if r.target is not None
        }
        for key, seen in tally.items():
            most = self.setting.components.get(key, 0)
            below = most - 1
            late = seen[most] * ODD < before[key] <= seen[below]
            if below and late and (key, most) not in made:
                self.setting.components[key] = below
                self.setting.odd.add(key)

    def _survey_forms(self) -> None:
        """How many components a name has at most where it is written without some of its ordered slots."""
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                for name, behind in named(member.tree):
                    occurs = table.occurrence(name, behind)
                    given = {d for d, _ in occurs.indices}
                    form = occurs.key + "".join(
                        f"∅{s}" for s in self.setting.steps[occurs.key] if s not in given
                    )
                    count = sum(d == "component" for d, _ in occurs.indices)
                    count += sum(len(below_time(r) or ()) for d, r in occurs.indices if d == "time")
                    if "∅" in form and count > self.setting.forms.get(form, 0):
                        self.setting.forms[form] = count

    def _habit(self, symbol: Any) -> int:
        key = symbol.key
        named = NAMED_SHAPE.search(key)
        if named:
            return SHAPES_NAMED[named[1].lower()]
        if symbol.kind in ("index", "size", "constant", "word", "function"):
            return 0
        core = re.sub(
            r"\\(?:mathbf|boldsymbol|bm|hat|tilde|bar|vec|widehat|overline|mathrm|dot|underline)\b|[{}]",
            "",
            key,
        )
        letter = core.split("_")[0].split("^")[0]
        if key in self._transposed_capitals and "time" not in symbol.slots:
            return 2
        counts = letter in "TNLKM" and key not in self._before_vectors
        if len(letter) == 1 and letter.isupper() and not counts and letter in key[:1]:
            if symbol.kind == "parameter" or (key in self._matrices and "time" not in symbol.slots):
                return 2
            if key in self._before_vectors:
                return 2
        if key in self._squared:
            return 0
        drawn_or_made = key in self.setting.chance
        if not drawn_or_made and (
            self.symbols.is_cost(key)
            or (COSTS.match(letter) and letter != key and letter not in self.symbols.states)
        ):
            return 0
        bold = bool(re.match(r"\\(?:mathbf|boldsymbol|bm|vec|underline)\b", key))
        if key in self._entry_by_entry and letter[-1:].islower():
            return 1
        state = symbol.kind == "variable" and letter == "s" and "time" in symbol.slots
        plain = letter in SCALARS and not bold and not state
        if plain or (key == letter and self._has_bold_twin(letter)):
            return 0
        if symbol.kind == "parameter" or bold:
            if letter[:1].isupper() and len(letter) == 1:
                return 2
            greek = ("\\beta", "\\gamma", "\\theta", "\\vartheta", "\\phi", "\\psi", "\\omega")
            return 1 if bold or letter in ("b", "c", "w", "u", "v", *greek) else 0
        if (
            symbol.kind == "input"
            and letter[:1].isupper()
            and len(letter) == 1
            and "time" not in symbol.slots
        ):
            return 2
        return 1

    def _formal_letters(self) -> set[str]:
        r"""The letters that \partial_p, d_p or ∇_p differentiates by and that functions have as an argument, f(x, p); no time."""  # noqa: E501
        by: set[str] = set()
        for _, _, chain in self.chains():
            for member in chain.members:
                for node in nodes(member.tree):
                    if not isinstance(node, Name) or node.letter not in (
                        "\\partial",
                        "d",
                        "\\nabla",
                    ):
                        continue
                    below = node.below or ()
                    if len(below) == 1 and isinstance(below[0], Name) and not below[0].below:
                        by.add(below[0].letter)
        given = {
            r[0].letter
            for role in self.symbols.roles.values()
            if role.target is not None
            for r in role.target.arguments or ()
            if len(r) == 1 and isinstance(r[0], Name) and not r[0].below and not r[0].above
        }
        return {a for a in by & given if a not in ("t", "i", "j", "k", "n", "l")}

    def _nabla(self) -> Any:
        """What all ∇ of a page differentiate by, as far as they say it; None where they differ."""
        rows = {}
        for _, _, chain in self.chains():
            for member in chain.members:
                for node in nodes(member.tree):
                    if isinstance(node, Name) and node.letter == "\\nabla" and node.below:
                        rows[spelled(node.below)] = node.below
        return next(iter(rows.values())) if len(rows) == 1 else None

    def _has_bold_twin(self, letter: str) -> bool:
        """Whether the page has a vector of the same letter in bold: the plain one is a number."""
        table = self.symbols.at(0)
        return any(
            table.symbol(f"\\{style}{{{letter}}}") is not None
            for style in ("mathbf", "boldsymbol", "bm", "vec")
        )

    @cached_property
    def _entry_by_entry(self) -> set[str]:
        """The names right before or behind ⊙: nobody writes it for a number."""
        found: set[str] = set()
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                for node in [Group(0, 0, "(", ")", tuple(member.tree)), *nodes(member.tree)]:
                    row = node.inside if isinstance(node, Group) else ()
                    for first, sign, second in zip(row, row[1:], row[2:], strict=False):
                        if isinstance(sign, Sign) and sign.text == "\\odot":
                            pair = [n for n in (first, second) if isinstance(n, Name)]
                            found |= {table.occurrence(n, None).key for n in pair}
        return found

    @cached_property
    def _transposed_capitals(self) -> set[str]:
        """The capitals that the page writes transposed: K^T is that of a matrix, whatever else K is elsewhere."""  # noqa: E501
        return {
            o.key
            for number, _, chain in self.chains()
            for member in chain.members
            for n, b in named(member.tree)
            if (o := self.symbols.at(number).occurrence(n, b)).transposed
            and len(n.letter) == 1
            and n.letter.isupper()
        } - self.setting.defined

    @cached_property
    def _matrices(self) -> set[str]:
        """The capital letters that are transposed somewhere, or stand right before a small letter with an index."""  # noqa: E501
        found: set[str] = set()
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                for first, second in zip(member.tree, member.tree[1:], strict=False):
                    if (
                        isinstance(first, Name)
                        and isinstance(second, Name)
                        and second.letter[:1].islower()
                        and (second.below or second.above)
                    ):
                        found.add(table.occurrence(first, None).key)
                found |= {
                    o.key for n, b in named(member.tree) if (o := table.occurrence(n, b)).transposed
                }
        return {k for k in found if k not in self.setting.defined}

    @cached_property
    def _before_vectors(self) -> set[str]:
        """The capitals with a step that stand right before a small letter with a step more than once: M_t x_t."""  # noqa: E501
        found: dict[str, int] = {}
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                rows = [member.tree]
                rows += [n.inside for n in nodes(member.tree) if isinstance(n, Group)]
                for first, second in (pair for row in rows for pair in pairwise(row)):
                    if not (isinstance(first, Name) and isinstance(second, Name)):
                        continue
                    small = second.letter.lstrip("\\")[:1].islower() and second.below
                    occurs = table.occurrence(first, None)
                    if first.letter[:1].isupper() and occurs.indices and small:
                        found[occurs.key] = found.get(occurs.key, 0) + 1
        transposed = {
            o.key
            for number, _, chain in self.chains()
            for m in chain.members
            for n, b in named(m.tree)
            if (o := self.symbols.at(number).occurrence(n, b)).transposed
        }
        return {k for k, n in found.items() if n > 1 and k in transposed} - self.setting.defined

    @cached_property
    def _squared(self) -> set[str]:
        """The small letters that stand with a number as their power, x^2, and never with an index, transposed or in bold: numbers."""  # noqa: E501
        powers: set[str] = set()
        others: set[str] = set()
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                for name, behind in named(member.tree):
                    occurs = table.occurrence(name, behind)
                    if occurs.indices or occurs.transposed or name.style not in ("", "it"):
                        others.add(occurs.key)
                    elif occurs.power is not None and spelled(occurs.power).isdigit():
                        powers.add(occurs.key)
        return {k for k in powers - others if len(k) == 1 and k.islower()}

    def _entrywise(self) -> None:
        """Functions that are applied entry by entry: with a prime on the page, or by habit."""
        for item in self.page.items:
            if not isinstance(item, Formula):
                continue
            for chain in item.chains:
                for member in chain.members:
                    for node in nodes(member.tree):
                        if isinstance(node, Name) and node.primes:
                            occurs = self.symbols.at(item.number).occurrence(node, None)
                            self.setting.entrywise.add(occurs.key)
        self.setting.entrywise |= (
            {"\\sigma", "\\phi", "\\varphi", "\\Phi", "act", "g"}
            if self.setting.arrays and not self.vectors
            else set()
        )

    # -- definitions ------------------------------------------------------------------------------

    def _define(self, number: int, index: int, chain: Chain, role: Role) -> None:
        member = chain.members[1]
        self.setting.dims.said = {}
        try:
            try:
                self._defined(number, index, chain, role)
            except Misfit:
                if not self.setting.functions:
                    raise
                self._without_functions = True
                self._defined(number, index, chain, role)
            except Unread as error:
                mended = self._other_bound(chain, role, error)
                if mended is None:
                    raise
                self._defined(number, index, mended, role)
            finally:
                self._without_functions = False
        except (Unread, Misfit, RecursionError) as error:
            self.definitions_read[number, index] = str(error) or "not understood"
            constraint = spelled(member.tree).strip(" .,") == "0" and (number, 0) in self.curves
            if constraint or self._is_of_values(number, role):
                self.curves.add((number, index))
                return
            special = self._lost_member(number, chain, role, str(error))
            names = (
                set()
                if special or role.key in WORDS or role.key in SPELLED
                else self._lost_by(number, member.tree, role)
            )
            self.failed.append(
                Failed(
                    frozenset(n for n in names if n),
                    *role.scope,
                    str(error),
                    self._used(number, chain),
                )
            )
            assert member
        else:
            if role.key and self.setting.dims.said:
                self.shaped[role.key] = (
                    *self.shaped.get(role.key, ()),
                    *self.setting.dims.said,
                )

    def _other_bound(self, chain: Chain, role: Role, error: Unread) -> Chain | None:
        r"""z_j = \sum_j w_{jk} a_k: a Σ over the letter of the left side, where another one is left over, is over that one."""  # noqa: E501
        found = LEFT_OVER.fullmatch(error.expected)
        if found is None or role.target is None:
            return None
        own = {n.letter for _, r in role.target.indices for n in r if isinstance(n, Name)}
        member = chain.members[1]
        sums = [
            n for n in nodes(member.tree) if isinstance(n, Bigs) and n.kind == "sum" and n.below
        ]
        wrong = {n.below[0].letter for n in sums if n.below and isinstance(n.below[0], Name)} & own
        if len(wrong) != 1 or len(sums) != 1:
            return None
        (letter,) = wrong
        said = f"the sum in what makes {role.key} runs over {found[1]}, not {letter}"
        if said not in self.assumed:
            self.assumed.append(said)
        return replace(
            chain,
            members=(
                chain.members[0],
                replace(member, tree=_bound_by(member.tree, letter, found[1])),
                *chain.members[2:],
            ),
        )

    def _is_of_values(self, number: int, role: Role) -> bool:
        """f(x_1, y_t) = …: what a function is at some values, which leaves it a function of its arguments."""  # noqa: E501
        target = role.target
        if target is None or not target.arguments or target.indices:
            return False
        table = self.symbols.at(number)
        names = [r[0] if len(r) == 1 else None for r in target.arguments if r]
        return self._kind(target.key) == "function" and any(
            not isinstance(n, Name) or bool(table.occurrence(n, None).indices) for n in names
        )

    def _compared(
        self, elaborator: Elaborator, body: Val, chain: Chain, role: Role, number: int
    ) -> None:
        """E = f(y) = f(g(a)): where the second differs from the first in one name that nothing makes, it says what it is."""  # noqa: E501
        for member in chain.members[2:3]:
            try:
                other = elaborator.row(member.tree)
                if other.rank != body.rank:
                    return
                second = aligned(body, other, self.setting.dims.copy())
            except (Unread, Misfit, RecursionError):
                return
            pair = differing(body.body, second)
            if (
                pair is None
                or pair[0].name.split("∅")[0] in self.setting.defined
                or pair[0].name in letters_of(pair[1])
            ):
                return
            ref, made = pair
            free = {a for i in ref.index for a, _ in i.letters}
            loose = letters_in(made) - free - self.horizon_letters() - self.sizes()
            if not free and all(
                elaborator.ordered.get(a) == "layer" and a not in self._general_letters()
                for a in loose
            ):
                self.setting.named_sizes.update(dict.fromkeys(loose, "layer"))
            known = self.horizon_letters() | self.sizes() | set(self.setting.named_sizes)
            if all(len(i.letters) == 1 for i in ref.index) and not {
                a for a in letters_in(made) - free - known if not self._is_size(a)
            }:
                slots = self.setting.slots[ref.name]
                index, made = self._shifted(ref, made, slots)
                letters = tuple(i.letters[0][0] for i in index)
                self.made.append(
                    Made(
                        Definition(ref.name, index, letters, made, slots, (), number),
                        *role.scope,
                        (number, self._index),
                    )
                )

    def _used(self, number: int, chain: Chain) -> frozenset[str]:
        table = self.symbols.at(number)
        return frozenset(
            table.occurrence(n, b).key for m in chain.members for n, b in named(m.tree)
        )

    def upstream(self, model: Model, number: int, name: str) -> set[str]:
        """The names (without their forms) that a name that was not understood may depend on; all names where nothing is known."""  # noqa: E501
        keys = {
            u
            for f in self.failed
            if f.first <= number <= f.last and name in f.names
            for u in f.uses
        }
        if not keys:
            return set()
        lost = {
            n: {
                u
                for f in self.failed
                if f.first <= number <= f.last and n in f.names
                for u in f.uses
            }
            for n in model.lost
        }
        waiting, found = list(keys), set(keys)
        while waiting:
            key = waiting.pop()
            for made, definitions in model.definitions.items():
                if made.split("∅")[0] == key:
                    waiting += [
                        u
                        for d in definitions
                        for p in walk(d.body)
                        if isinstance(p, Ref) and (u := p.name.split("∅")[0]) not in found
                    ]
            for n, uses in lost.items():
                if n.split("∅")[0] == key:
                    waiting += [u for u in uses if u not in found]
            found |= set(waiting)
        return found

    def _lost_member(self, number: int, chain: Chain, role: Role, why: str) -> bool:
        """A boundary value (a^1 = …) that is not understood: that member alone is lost, and nothing where it is made of inputs."""  # noqa: E501
        target = role.target and self.symbols.corrected(role.target)
        if target is None or role.key is None or target.arguments is not None or not target.indices:
            return False
        elaborator = self.elaborator(number)
        try:
            given = [(d, members.index_in(elaborator, d, r, _NODE)) for d, r in target.indices]
            found = members.member(elaborator, role.key, given, chain.members[0].start)
        except (Unread, Misfit):
            return False
        fixed = any(
            d in ORDERED and (i.is_number or all(a in self.horizon_letters() for a, _ in i.letters))
            for d, i in given
        )
        if not fixed or not isinstance(found.body, Ref):
            return False
        table = self.symbols.at(number)
        used = {table.occurrence(n, b).key for n, b in named(chain.members[1].tree)}
        if not used & self.setting.defined:
            return True
        letters = tuple(
            a for i in found.body.index for a, _ in i.letters if a not in self.horizon_letters()
        )
        slots = self.setting.slots[found.body.name]
        made = Definition(
            found.body.name, found.body.index, letters, Lost(found.body.name), slots, (), number
        )
        self.made.append(Made(made, *role.scope))
        return True

    def _lost_by(self, number: int, row: Any, role: Role) -> set[str]:
        """The names that a definition makes in a way that was not understood: none where it lists entries, or numbers of an example."""  # noqa: E501
        if role.key is None:
            return set()
        parts = _entries_listed(row)
        if parts is not None and role.key in self.setting.chance:
            return set()  # what is drawn, by its parts
        target = role.target and self.symbols.corrected(role.target)
        form = {d for d, _ in target.indices} if target is not None else set()
        key = self._scoped(role.key, number)
        if parts is None:
            return {
                key
                + "".join(f"∅{s}" for s in self.setting.steps.get(role.key, ()) if s not in form)
            }
        keys = {
            self.symbols.at(number).occurrence(n, b).key for part in parts for n, b in named(part)
        }
        if not keys or role.key in keys:
            return set()
        return {
            key + "".join(f"∅{s}" for s in self.setting.steps.get(role.key, ()) if s not in form)
        }

    def _defined(self, number: int, index: int, chain: Chain, role: Role) -> None:
        head, member = chain.members[0], chain.members[1]
        self._scope = role.scope
        elaborator = self._elaborator = self.elaborator(number, None, index)
        name = _head_name(head.tree)
        if name is None:
            raise Unread(head.start, "a name on the left of a definition")
        behind = next((n for n in head.tree[1:2] if isinstance(n, Group)), None)
        occurs = self.symbols.at(number).occurrence(name, behind)
        if (
            occurs.power is not None
            and spelled(occurs.power) == "2"
            and not occurs.primes
            and not occurs.transposed
        ):
            self.positive.add(occurs.key)
        elif occurs.primes or occurs.power is not None or occurs.inverse or occurs.dots:
            raise Unread(head.start, "a plain name on the left of a definition")
        if occurs.arguments is not None and (behind is not None):
            self._define_function(number, occurs, elaborator, member.tree, role, behind.below or ())
            return
        given = [(d, members.index_in(elaborator, d, r, name)) for d, r in occurs.indices]
        elaborator.headed = {a for _, i in given for a, _ in i.letters}
        for domain, own in given:
            if domain in ORDERED:
                members.put_in_order(elaborator, own, domain)
        self._output(elaborator, occurs.key, member.tree)
        elaborator.own_steps = {
            d: i for d, i in given if (d in ORDERED or d == "sample") and not i.is_number
        }
        body = elaborator.in_brackets(member.tree, self._body(elaborator, member.tree))
        self._said_filled(elaborator, occurs.key)
        if occurs.power is not None:
            body = each(lambda b: Fn("\\sqrt", (b,)), body)
        if occurs.transposed:
            body = transposed(body)
        body = self._as_cost(elaborator, occurs.key, member.tree, body)
        self._applications(elaborator, body.body)
        self._settled |= {
            k for k in self._keys(elaborator, member.tree) if self.setting.ranks.get(k)
        }
        family = self._family(self._scoped(occurs.key, number), given)
        if body.rank and family in self.setting.numbers:
            self.setting.numbers.discard(family)
            self._vectors.add(family)
        if not given:
            self._fit_bare(occurs.key, body)
        numbered = len(given) == 1 and given[0][0] == "component" and given[0][1].is_number
        if body.rank and numbered:
            self.setting.labelled.add(occurs.key)
            self._fit_rank(f"{occurs.key}_{given[0][1].shift}", body)
        else:
            self._fit_rank(family, body, sum(d == "component" for d, _ in given))
        target = members.member(elaborator, occurs.key, given, head.start)
        listed = _entries_listed(member.tree)
        numbers = listed is not None and all(_written_number(p) is not None for p in listed)
        if numbers or (
            isinstance(body.body, Ref)
            and isinstance(target.body, Ref)
            and body.body.name == target.body.name
        ):
            self.definitions_read[number, index] = ""
            if numbers:
                self.examples.add(occurs.key)
            return
        made = self._definition(occurs.key, target, body, number)
        if listed is not None or isinstance(member.tree[0], Group):
            whole = self._whole_of(made)
            if whole is not None:
                self.setting.wholes[occurs.key] = whole
                self.definitions_read[number, index] = ""
                return
        along = elaborator.parameter_at(body) if body.rank == 2 else set()
        if len(along) == 1:
            self.setting.made_along[made.name] = min(along)
        self.made.append(Made(made, *role.scope, (number, self._index)))
        self.definitions_read[number, index] = ""
        self._compared(elaborator, body, chain, role, number)

    def _whole_of(self, made: Definition) -> str | None:
        """The name of the entries that W = (w_{ij}) collects: W is they, under another name."""
        body = made.body
        same = isinstance(body, Ref) and body.index == made.index and made.is_general
        if not same or not isinstance(body, Ref) or "∅" in body.name or "∅" in made.name:
            return None
        own, other = (self.setting.steps.get(k, ()) for k in (made.name, body.name))
        return body.name if own == other and not self.setting.components.get(made.name) else None

    def _said_filled(self, elaborator: Elaborator, key: str) -> None:
        """Says that names without their index were taken at the step that is defined."""
        for name in sorted(elaborator.filled_in - {key}):
            said = f"{name} without its index, in what makes {key}, is that of the same step"
            if said not in self.assumed:
                self.assumed.append(said)

    def _stepped(self) -> dict[str, frozenset[str]]:
        """For each name the ordered slots that all its definitions have."""
        found: dict[str, frozenset[str]] = {}
        for role in self._makers:
            if role.key is not None and role.target is not None:
                target = self.symbols.corrected(role.target)
                slots = frozenset(d for d, _ in target.indices if d in ORDERED)
                found[role.key] = found.get(role.key, slots) & slots
        return found

    def _family(self, key: str, given: list[tuple[str, Time]]) -> str:
        """The name of the family that a form of a name belongs to."""
        slots = {d for d, _ in given}
        implied = self.setting.implied.get(key)
        return key + "".join(
            f"∅{s}" for s in self.setting.steps.get(key, ()) if s not in slots and s != implied
        )

    def _output(self, elaborator: Elaborator, key: str, row: Any) -> None:
        """A function that makes a vector has as many axes as what it makes."""
        row = tuple(n for n in row if not isinstance(n, Sign))
        if (
            not self.setting.arrays
            or len(row) != 2
            or not isinstance(row[0], Name)
            or not isinstance(row[1], Group)
        ):
            return
        made = members.occurrence_of(elaborator, row[0], row[1])
        if (
            made.arguments is None
            or made.key in self.setting.functions
            or made.key in SPELLED
            or made.key in WORDS
        ):
            return
        name = made.key + "".join(
            f"_{spelled(i)}"
            for d, i in made.indices
            if d == "component" and calls.is_label(elaborator, i)
        )
        if not (len(made.arguments) == 1 and made.key in self.setting.entrywise):
            gate = made.key == key and "time" in self.setting.steps.get(key, ())
            self.setting.outputs.setdefault(name, self.setting.ranks.get(key, 1 if gate else 0))

    def _applications(self, elaborator: Elaborator, body: Core) -> None:
        """Abstract functions that the page applies in one way: by its bare name such a function is meant there."""  # noqa: E501
        for part in walk(body):
            if (
                isinstance(part, App)
                and not part.slots
                and part.name not in SPELLED
                and not COSTS.match(part.name)
            ):
                known = self.setting.applications.get(part.name)
                if known is None:
                    self.setting.applications[part.name] = (
                        part,
                        {a: s for a, s in elaborator.ordered.items() if a in letters_in(part)},
                    )
                elif part_of("", known[0], known[1], (), self.setting.horizons).found(part) is None:
                    self.setting.applications[part.name] = (ZERO, {})

    def _fit_rank(self, key: str, body: Val, given: int = 0) -> None:
        """A name has the axes of what it is first defined to be, beside the components that are written."""
        if "∅§" in key and "∅§§" not in key:
            return
        if any(key == upper for upper, _ in self.setting.lines.values()):
            return
        symbol = self.symbols.at(0).symbol(key)
        has_components = (
            self.setting.components.get(key)
            if key == family_key(key)
            else self.setting.forms.get(key)
        )
        if isinstance(body.body, Num) or key in self._fitted:
            return
        if has_components:
            if given == has_components and body.rank and self._is_listed(body):
                self.setting.ranks[key] = given + body.rank
                self._listed_vectors.add(key)
            elif not given and has_components < body.rank == 2 and self._is_capital(key):
                self._fitted.add(key)
                self.setting.ranks[key] = 2  # X beside its rows X_i
            return
        self._fitted.add(key)
        if symbol is not None and symbol.shape is not None and "?" not in symbol.shape:
            return
        self.setting.ranks[key] = body.rank

    def _fit_bare(self, key: str, body: Val) -> None:
        """y beside y_n that is made with fewer axes than the y_n have: one of them, which its section speaks of."""  # noqa: E501
        counted = self.setting.components.get(key, 0)
        if not counted or body.rank >= max(counted, self.setting.ranks.get(key, 0)):
            return
        symbol = self.symbols.at(0).symbol(key)
        if isinstance(body.body, Num) or (symbol is not None and symbol.shape is not None):
            return
        self.setting.bare.setdefault(key, body.rank)
        self.setting.dims.suppose(f"{key} without an index is one of those that have one")

    def _is_listed(self, body: Val) -> bool:
        """Whether a formula is made of the members of a list of vectors: y_i of the x_i in ℝ^d."""
        listed = {
            k for k, n in self.symbols.symbols.entered.items() if self.setting.ranks.get(k, 0) > n
        }
        listed |= self._listed_vectors
        return any(isinstance(p, Ref) and family_key(p.name) in listed for p in walk(body.body))

    def _is_capital(self, key: str) -> bool:
        """Whether a name is written as matrices are."""
        letter = key.split("_")[0].split("^")[0].strip("}").rsplit("{", 1)[-1]
        named = NAMED_SHAPE.search(key)
        return named[1] == "Matrix" if named else len(letter) == 1 and letter.isupper()

    def _definition(self, key: str, target: Val, body: Val, number: int) -> Definition:
        ref = target.body
        assert isinstance(ref, Ref)
        if body.rank < target.rank and isinstance(body.body, Num):
            body = Val(target.axes, body.body)
        body = renamed(body)
        if body.rank != target.rank:
            raise Misfit(f"{key} of another shape than its definition")
        table = {}
        for a, b in zip(target.axes, body.axes, strict=True):
            self.setting.dims.unify(a.dim, b.dim)
            table[b.letter] = Time.of(a.letter)
        core = move(body.body, table)
        slots = self.setting.slots[ref.name]
        index, core = self._shifted(ref, core, slots)
        free = {a for i in index for a, _ in i.letters}
        horizons = self.horizon_letters()
        letters = tuple(a for i in index for a, _ in i.letters if a not in horizons)
        loose = frozenset(letters_in(core) - free - horizons - self.sizes())
        samples = set(members.sample_letters(self._elaborator))
        steps = {a for a in loose if self._elaborator.ordered.get(a) in ORDERED or a in samples}
        if len(steps) == 1 == len(loose):
            (letter,) = steps
            domain = "sample" if letter in samples else self._elaborator.ordered[letter]
            if domain not in slots:
                self._implied[key] = (domain, *self._scope)
                full = self.setting.steps.get(key, ())
                self.setting.steps[key] = full if domain in full else (*full, domain)
                raise Unread(0, f"an index {letter} on the left side")
        loose = frozenset(a for a in loose if not self._is_size(a))
        if (
            not free
            and loose
            and all(
                self._elaborator.ordered.get(a) == "layer" and a not in self._general_letters()
                for a in loose
            )
        ):
            self.setting.named_sizes.update(dict.fromkeys(loose, "layer"))
            loose = frozenset()
        if (
            len(loose) == 1
            and len(free - letters_in(core)) == 1 == len(free)
            and not self.setting.ranks.get(key)
        ):
            (slip,), (own,) = loose, free
            self.slips[number, self._index] = (slip, own)
            core, loose = move(core, {slip: Time.of(own)}), frozenset()
        if loose:
            raise Unread(0, LOOSE.format(sorted(loose)[0]))
        return Definition(ref.name, index, letters, core, slots, (), number)

    def _general_letters(self) -> set[str]:
        """The letters that stand for any layer: those of what is defined layer by layer, and the page's usual one."""  # noqa: E501
        found = {a for m in self.made for a in m.definition.letters}
        for role in self._makers:
            if role.target is not None:
                indices = self.symbols.corrected(role.target).indices
                found |= {
                    n.letter for d, r in indices if d == "layer" for n in r if isinstance(n, Name)
                }
        return found

    def _is_size(self, letter: str) -> bool:
        """A letter with a script is the name of a size: n_l, T_x."""
        return "_" in letter or "^" in letter

    def _shifted(
        self, ref: Ref, core: Core, slots: tuple[str, ...]
    ) -> tuple[tuple[Time, ...], Core]:
        """z[l+1] = … is z[l] = … with l moved, so that each general definition is stated at its own index."""  # noqa: E501
        table: dict[str, Time] = {}
        horizons = self.horizon_letters()
        index = []
        for i in ref.index:
            plain = [a for a, n in i.letters if a not in horizons and n == 1]
            if i.shift and len(i.letters) == 1 and plain and plain[0] not in table:
                table[plain[0]] = Time.of(plain[0], -i.shift)
                index.append(Time.of(plain[0]))
            else:
                index.append(i)
        return tuple(index), move(core, table)

    def _body(self, elaborator: Elaborator, row: Any) -> Val:
        """The right side; where shapes do not fit, with other ranks of names whose shape nothing says."""
        dims = self.setting.dims
        try:
            self.setting.dims = elaborator.dims = dims.copy()
            return elaborator.row(row)
        except Misfit:
            if self.setting.functions:
                try:
                    self.setting.dims = elaborator.dims = dims.copy()
                    self.setting.functions = {}
                    return elaborator.row(row)
                except (Misfit, Unread):
                    self.setting.functions = self.functions_at(self._number, self._index)
            found = self._with_other_ranks(elaborator, row, dims)
            if found is None:
                raise
            return found

    def _as_cost(self, elaborator: Elaborator, key: str, row: Any, body: Val) -> Val:
        """A cost is a number: where its formula is a vector, some name was no vector, or its entries are meant to be added up."""  # noqa: E501
        if body.rank != 1 or not self.symbols.is_cost(key):
            return body
        found = self._with_other_ranks(elaborator, row, self.setting.dims, 0)
        return found if found is not None else Val((), total(body))

    def _with_other_ranks(
        self, elaborator: Elaborator, row: Any, dims: Any, rank: int | None = None
    ) -> Val | None:
        """Tries ranks of one or two undeclared names until the formula fits."""
        if not self.setting.arrays:
            return None
        keys = [k for k in dict.fromkeys(self._keys(elaborator, row)) if self._is_free(k)]
        options = [
            (k, r)
            for k in keys
            if not self._is_matrix(k)
            for r in (1, 2, 0)
            if r != self.setting.ranks.get(k, 0)
        ]
        last = [
            (k, r) for k in keys if self._is_matrix(k) and k not in self._settled for r in (1, 0)
        ]
        tries = [(o,) for o in options] + [
            (p, q) for i, p in enumerate(options) for q in options[i + 1 :] if p[0] != q[0]
        ]
        for changes in [*tries[:60], *((o,) for o in last)]:
            before = {k: self.setting.ranks.get(k, 0) for k, _ in changes}
            self.setting.ranks |= dict(changes)
            self.setting.dims = elaborator.dims = dims.copy()
            try:
                found = elaborator.row(row)
                if rank is None or found.rank == rank:
                    return found
            except (Misfit, Unread):
                pass
            self.setting.ranks |= before
        return None

    def _is_matrix(self, key: str) -> bool:
        symbol = self.symbols.at(0).symbol(key)
        return symbol is not None and symbol.kind == "parameter" and self._habit(symbol) == 2

    def _keys(self, elaborator: Elaborator, row: Any) -> Iterator[str]:
        for name, behind in named(row):
            yield members.occurrence_of(elaborator, name, behind).key

    def _is_free(self, key: str) -> bool:
        if key in self._settled:
            return False
        symbol = self.symbols.at(0).symbol(key)
        if symbol is None or symbol.kind in ("index", "size", "function", "word", "constant"):
            return False
        return (
            (symbol.shape is None or "?" in symbol.shape)
            and not self.setting.components.get(key)
            and key not in self._fitted
        )

    def _define_function(
        self,
        number: int,
        occurs: Any,
        elaborator: Elaborator,
        row: Any,
        role: Role,
        below: Any = (),
    ) -> None:
        """f(x) = …: a function of its formals, and f itself where it stands alone; `below`: the entry in f(x)_j = …."""  # noqa: E501
        if below and occurs.key in WORDS:
            self.definitions_read[number, -1] = ""  # softmax(x)_j is what it is
            return
        names, values = self._formals(occurs, elaborator)
        self.curves.discard((number, 0))
        if spelled(row).strip(" .,") == "0":
            self.curves.add((number, 0))
            raise Unread(row[0].start, ON_A_CURVE)  # a constraint, of no function 0
        constant = len(row) == 1 and (
            isinstance(row[0], Number)
            or (isinstance(row[0], Name) and self._kind(spelled(row)) in ("parameter", "constant"))
        )
        if (
            constant
            and len(names) > 1
            and occurs.key in self.setting.applications
            and spelled(row) not in names
        ):
            self.curves.add((number, 0))
            raise Unread(row[0].start, ON_A_CURVE)
        given = [(d, members.index_in(elaborator, d, r, _NODE)) for d, r in occurs.indices]
        elaborator.headed = {a for _, i in given for a, _ in i.letters}
        self.setting.functions.pop(occurs.key, None)
        found = self._function(elaborator, row, names, values)
        if found is not None and not given:
            self._without_itself(occurs.key, found.body.body, row)
        if found is None:
            self._define_whole(number, occurs, elaborator, row, role)
            return
        entry = [
            a
            for n in below
            if isinstance(n, Name)
            for a in [members.index_name(elaborator, n)]
            if a in elaborator.letters and a in letters_in(found.body.body)
        ]
        if entry and not found.body.rank:
            axes = tuple(Axis(a, elaborator.letters[a]) for a in entry)
            self.functions.append(
                (
                    *role.scope,
                    occurs.key,
                    replace(found, body=Val(axes, found.body.body)),
                    (number, self._index),
                )
            )
            self.definitions_read[number, -1] = ""
            return
        free = {a for _, i in given for a, _ in i.letters} | {a.letter for a in found.body.axes}
        for k, _ in enumerate(values):
            free |= letters_in(found.formals[k])
        self._without_loose_steps(
            elaborator,
            frozenset(letters_in(found.body.body) - free - self.horizon_letters() - self.sizes()),
        )
        self.functions.append((*role.scope, occurs.key, found, (number, self._index)))
        self.definitions_read[number, -1] = ""
        scalars = any(f.name.endswith("·") for f in found.formals)
        if (
            not given
            and not scalars
            and not (letters_in(found.body.body) - free - self.horizon_letters() - self.sizes())
        ):
            with suppress(Misfit):  # the function is understood, whatever its bare name stands for
                self._define_whole(number, occurs, elaborator, row, role)

    def _without_itself(self, key: str, body: Core, row: Any) -> None:
        """A formula in which the function stands itself, or that grows by what functions are put in, makes none."""  # noqa: E501
        parts = list(islice(walk(body), MOST_PARTS))
        if len(parts) == MOST_PARTS or any(isinstance(p, App) and p.name == key for p in parts):
            raise Unread(row[0].start, "a function that is not made of itself")

    def _without_loose_steps(self, elaborator: Elaborator, loose: frozenset[str]) -> None:
        """A function's formula says of which step (layer) it is: the last one's letter is a size, any other is missing on the left."""  # noqa: E501
        for letter in loose:
            if elaborator.ordered.get(letter) == "layer" and letter not in self._general_letters():
                self.setting.named_sizes[letter] = "layer"
            elif elaborator.ordered.get(letter) in ORDERED:
                raise Unread(0, f"an index {letter} that the left side has, too")

    def _formals(self, occurs: Any, elaborator: Elaborator) -> tuple[list[str], list[Val]]:
        """The names of a function's formals, and they as values."""
        names, values = [], []
        for r in occurs.arguments or ():
            if r:
                value = elaborator.row(r)
                if not isinstance(value.body, Ref):
                    raise Unread(r[0].start, "a letter as the function's argument")
                names.append(
                    members.occurrence_of(elaborator, r[0], r[1] if len(r) == 2 else None).key
                    if isinstance(r[0], Name)
                    else spelled(r)
                )
                values.append(value)
        return names, values

    def _function(
        self, elaborator: Elaborator, row: Any, names: list[str], values: list[Val]
    ) -> Function | None:
        """The function of numbers that a formula makes, or that of vectors; None where it is neither."""
        vectors = [(n, v) for n, v in zip(names, values, strict=True) if v.rank]
        tries = (
            ["vectors"]
            if not vectors
            else ["vectors", "numbers"]
            if any(map(self._is_declared, names))
            else ["numbers", "vectors"]
        )
        for kind in tries:
            dims = self.setting.dims
            self.setting.dims = elaborator.dims = dims.copy()
            elaborator.inlining = True
            elaborator.bound = {n: Ref(f"{n}·") for n, _ in vectors} if kind == "numbers" else {}
            try:
                body = elaborator.row(row)
            except (Unread, Misfit):
                self.setting.dims = elaborator.dims = dims
                if kind == tries[-1] and not vectors:
                    raise
                continue
            if kind == "vectors":
                return Function(
                    tuple(v.body for v in values if isinstance(v.body, Ref)),
                    body,
                    tuple(names),
                    tuple(v.axes for v in values),
                )
            if body.rank == 0 and all(self._may_be_number(n) for n, _ in vectors):
                self.setting.numbers |= {self._family(n, []) for n, _ in vectors}
                self.setting.numbers |= {
                    n for n, _ in vectors if self.setting.steps.get(n) == ("sample",)
                }  # f(x) of numbers: each sample x_i is one, too
            formals = [elaborator.bound.get(n, v.body) for n, v in zip(names, values, strict=True)]
            elaborator.bound = elaborator.bound or {}
            return Function(
                tuple(f for f in formals if isinstance(f, Ref)),
                body,
                tuple(names),
                ((),) * len(names),
            )
        elaborator.bound = {}
        return None

    def _is_declared(self, key: str) -> bool:
        symbol = self.symbols.at(0).symbol(key)
        return (symbol is not None and symbol.shape is not None) or bool(BOLD.match(key))

    def _may_be_number(self, key: str) -> bool:
        """Whether nothing on the page says that a function's formal is a vector."""
        symbol = self.symbols.at(0).symbol(key)
        if symbol is None or symbol.kind not in ("input", "variable") or self._is_declared(key):
            return False
        family = self._family(key, [])
        return (
            family not in self._vectors
            and family not in self._fitted
            and family not in self._lettered
            and family not in self._beside_matrices
        )

    @cached_property
    def _lettered(self) -> set[str]:
        """The names that stand with a letter as a component's index, x_i: their bare form is a vector."""
        found: set[str] = set()
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                for name, behind in named(member.tree):
                    occurs = table.occurrence(name, behind)
                    if any(
                        d == "component" and any(isinstance(n, Name) for n in r)
                        for d, r in occurs.indices
                    ):
                        found.add(
                            self._family(occurs.key, [(d, Time()) for d, _ in occurs.indices])
                        )
        return found

    @cached_property
    def _beside_matrices(self) -> set[str]:
        """The names that stand behind a matrix, or that are transposed."""
        found: set[str] = set()
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                listed = [table.occurrence(n, b) for n, b in named(member.tree)]
                families = [
                    self._family(o.key, [(d, Time()) for d, _ in o.indices]) for o in listed
                ]
                found |= {f for f, o in zip(families, listed, strict=True) if o.transposed}
                for first, second in zip(listed, families[1:], strict=False):
                    if self.setting.ranks.get(first.key) == 2:
                        found.add(second)
        return found

    def _define_whole(
        self, number: int, occurs: Any, elaborator: Elaborator, row: Any, role: Role
    ) -> None:
        """L(θ) = …: the quantity L, which depends on what its formula names."""
        given = [(d, members.index_in(elaborator, d, r, _NODE)) for d, r in occurs.indices]
        elaborator.headed = {a for _, i in given for a, _ in i.letters}
        body = self._body(elaborator, row)
        self._fit_rank(occurs.key, body)
        target = members.member(elaborator, occurs.key, given, 0)
        self.made.append(
            Made(
                self._definition(occurs.key, target, body, number),
                *role.scope,
                (number, self._index),
            )
        )
        self.setting.made.add(occurs.key)

    # -- the model --------------------------------------------------------------------------------

    def horizon_letters(self) -> set[str]:
        return (
            set(self.setting.named_sizes)
            | {
                a
                for a in HORIZONS - self.setting.plain
                if self._kind(a) in ("size", "constant", "parameter", "")
            }
            | {s.key for s in self.symbols.records() if s.kind == "size"}
        )

    def sizes(self) -> set[str]:
        return {s.key for s in self.symbols.records() if s.kind in ("size",)}

    def _kind(self, key: str) -> str:
        symbol = self.symbols.at(0).symbol(key)
        return symbol.kind if symbol is not None else ""

    def before(self, number: int, index: int) -> Model:
        """What is in force at a chain without what it defines itself: what it supersedes still is."""
        names = {m.definition.name for m in self.made if m.place == (number, index)}
        own, self.made = (
            self.made,
            [
                replace(m, last=number)
                if m.last == number - 1 and m.definition.name in names
                else m
                for m in self.made
                if m.place != (number, index)
            ],
        )
        try:
            return self._model(number, index, False)
        finally:
            self.made = own

    def model(self, number: int, index: int = 0, ahead: bool = False) -> Model:
        """What is in force at a chain: the latest version of each definition; `ahead`: of names that have none yet, the first that follows."""  # noqa: E501
        if not any(m.place[0] == number for m in self.made):
            index = 0
        key = (number, index, ahead)
        if key not in self._models:
            self._models[key] = self._model(number, index, ahead)
        return self._models[key]

    def _model(self, number: int, index: int, ahead: bool) -> Model:
        found: dict[str, list[Definition]] = {}
        listed = [m for m in self.made if m.first <= number <= m.last]
        if ahead:
            listed = self._following(number, listed) + listed
        for made in sorted(listed, key=lambda m: m.place <= (number, index)):
            own = found.setdefault(made.definition.name, [])
            own[:] = [d for d in own if not _same_pattern(d, made.definition)]
            own.append(made.definition)
        lost: dict[str, str] = {}
        for failed in self.failed:
            if failed.first <= number <= failed.last:
                for name in failed.names:
                    lost[name] = failed.why
        definitions = {k: tuple(sorted(v, key=lambda d: d.is_general)) for k, v in found.items()}
        for name in self._outlived(number, found):
            definitions.pop(name)
        horizons = dict.fromkeys(self.horizon_letters(), "time")
        layered = {
            a
            for d in definitions.values()
            for x in d
            for i, s in zip(x.index, x.slots, strict=False)
            if s == "layer"
            for a, _ in i.letters
        }
        horizons |= dict.fromkeys(layered & set(horizons), "layer")
        horizons["L"] = "layer"
        horizons |= {a: d for a, d in self.setting.named_sizes.items() if a not in horizons}
        horizons |= {a: self.setting.dims.find(d) for a, d in self.setting.size_of.items()}
        ones = {
            n: self.setting.dims.find(d) for n, d in self.normalised.items() if n not in definitions
        }
        ones |= {
            n: self.setting.dims.find(self.setting.shared_dims[f"{n}:0"])
            for n in self.setting.slots
            if n.startswith(ONE_OF)
        }
        return Model(definitions, dict(self.setting.slots), {}, lost, horizons, frozenset(), ones)

    def _following(self, number: int, listed: list[Made]) -> list[Made]:
        """The first definitions that follow of what nothing makes yet: of a name, or of another member x^3 beside x^2."""  # noqa: E501
        known: dict[str, list[Definition]] = {}
        for m in listed:
            known.setdefault(m.definition.name, []).append(m.definition)
        later: dict[str, int] = {}
        found = []
        for m in self.made:
            d = m.definition
            own = known.get(d.name, [])
            if m.first <= number or any(x.is_general or _same_pattern(x, d) for x in own):
                continue
            if own and d.is_general:
                continue
            if own or later.setdefault(d.name, m.first) == m.first:
                found.append(m)
                known.setdefault(d.name, []).append(d) if own else None
        return found

    def _outlived(self, number: int, found: dict[str, list[Definition]]) -> set[str]:
        """y = f(x) once another f has y as an argument of its own: what was y then is a plain variable now."""  # noqa: E501
        return {
            n
            for first, last, key, function, _ in self.functions
            if first <= number <= last
            for n in function.names
            for d in found.get(n, ())
            if not d.index
            and d.number < first
            and any(isinstance(p, Ref | App) and p.name == key for p in walk(d.body))
        }

    def dims_of(self, core: Core) -> None:
        """Nothing: dimensions are looked up in the setting."""


HORIZONS = frozenset(("T", "N", "L", "\\tau", "K", "M", "n", "H"))


_NODE = Name(0, 0, "")


def _forms(key: str, slots: tuple[str, ...]) -> Iterator[str]:
    """The names of a family's forms: with all of its ordered slots, and without some of them."""
    for without in range(2 ** len(slots)):
        yield key + "".join(f"∅{s}" for k, s in enumerate(slots) if without >> k & 1)


def differing(a: Core, b: Core) -> tuple[Ref, Core] | None:
    """The one name of a formula that another has replaced by a formula; None where they differ otherwise."""  # noqa: E501
    found: dict[Ref, Core] = {}

    def same(x: Core, y: Core) -> bool:
        if x == y:
            return True
        if isinstance(x, Ref):
            return found.setdefault(x, y) == y
        mine, others = list(inner_parts(x)), list(inner_parts(y))
        if (
            type(x) is not type(y)
            or not mine
            or len(mine) != len(others)
            or getattr(x, "name", "") != getattr(y, "name", "")
        ):
            return False
        return all(same(p, q) for p, q in zip(mine, others, strict=True))

    if not same(a, b) or len(found) != 1:
        return None
    ((ref, made),) = found.items()
    return None if isinstance(made, Ref) else (ref, made)


def _bound_by(row: Any, letter: str, other: str) -> Any:
    """A row with the Σ over one letter made one over another; a bound that is that letter itself is left out."""  # noqa: E501
    made = []
    for node in row:
        first = node.below[0] if isinstance(node, Bigs) and node.below else None
        if isinstance(first, Name) and spelled(node.below[:1]) == letter:
            below = (replace(first, letter=other), *node.below[1:])
            if spelled(below[2:]) == other:
                below = below[:1]
            node = replace(node, below=below)
        elif isinstance(node, Over):
            node = replace(
                node,
                above_line=_bound_by(node.above_line, letter, other),
                below_line=_bound_by(node.below_line, letter, other),
            )
        elif isinstance(node, Group):
            node = replace(node, inside=_bound_by(node.inside, letter, other))
        made.append(node)
    return tuple(made)


def letters_of(x: Core) -> set[str]:
    """The names of the families in a formula."""
    return {p.name for p in walk(x) if isinstance(p, Ref)}


def _entries_listed(row: Any) -> list[Any] | None:
    """The entries of a list in brackets, or of a table; None where a row is neither."""
    row = tuple(n for n in row if not (isinstance(n, Sign) and n.text in (",", ".", ";")))
    if len(row) != 1:
        return None
    if isinstance(row[0], Table):
        return [c for r in row[0].rows for c in r]
    if isinstance(row[0], Group) and any(
        isinstance(n, Sign) and n.text == "," for n in row[0].inside
    ):
        return [row[0].inside]
    return None


def _written_number(row: Any) -> Fraction | None:
    """The number that a row is: 3, -2, 1/2, 0.5."""
    row = tuple(n for n in row if not (isinstance(n, Sign) and n.text in (",", ".", ";")))
    sign = 1
    while row and isinstance(row[0], Sign) and row[0].text in ("-", "+"):
        sign, row = (-sign if row[0].text == "-" else sign), row[1:]
    if len(row) == 3 and isinstance(row[1], Sign) and row[1].text == "/":
        above, below = _written_number(row[:1]), _written_number(row[2:])
    elif len(row) == 1 and isinstance(row[0], Over):
        above, below = _written_number(row[0].above_line), _written_number(row[0].below_line)
    elif (
        len(row) == 1
        and isinstance(row[0], Group)
        and row[0].above is None
        and row[0].below is None
    ):
        above, below = _written_number(row[0].inside), Fraction(1)
    elif len(row) == 1 and isinstance(row[0], Number):
        above, below = Fraction(row[0].text.replace(",", "")), Fraction(1)
    else:
        return None
    return sign * above / below if above is not None and below else None


def _head_name(row: Any) -> Name | None:
    if not row or not isinstance(row[0], Name):
        return None
    rest = row[1:]
    if not rest or (len(rest) == 1 and isinstance(rest[0], Group)):
        return row[0]
    if all(isinstance(n, Sign) and n.text in (":", ",") for n in rest):
        return row[0]
    return None


def _same_pattern(a: Definition, b: Definition) -> bool:
    """Whether two definitions claim the same members: up to the names of their letters."""
    if len(a.index) != len(b.index):
        return False
    for p, q in zip(a.index, b.index, strict=True):
        general_p = any(p == Time.of(x) for x in a.letters)
        general_q = any(q == Time.of(x) for x in b.letters)
        if general_p != general_q or (not general_p and p != q):
            return False
    return True


def resolved(core: Core, dims: Any) -> Core:
    """A formula with each dimension named as the page's formulas show it to be."""
    from derive.algebra.core import App, Arg, Big, Chain, Size, Stack, rebuild

    def go(x: Core) -> Core:
        x = rebuild(x, go)
        match x:
            case Big(kind, letter, str() as dim, lower, upper, body, without):
                return Big(kind, letter, dims.find(dim), lower, upper, body, without)
            case App(name, args, index, slots):
                return App(
                    name,
                    tuple(Arg(a.letters, tuple(map(dims.find, a.dims)), a.body) for a in args),
                    index,
                    slots,
                )
            case Stack(index, parts):
                return Stack(index, tuple((i, dims.find(d), b) for i, d, b in parts))
            case Size(dim):
                return Size(dims.find(dim))
            case Chain(dim=dim):
                return Chain(
                    x.letter, x.lower, x.upper, x.row, x.col, dims.find(dim), x.body, x.at, x.down
                )
            case _:
                return x

    return go(core)


__all__ = ["ORDERED", "Understanding", "resolved"]
