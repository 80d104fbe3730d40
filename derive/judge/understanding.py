"""What a page says where a formula stands: its definitions, elaborated, as a model; names whose making is not understood."""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from derive.algebra.core import (
    ONE_OF,
    App,
    Big,
    Ref,
    refs,
    walk,
)
from derive.algebra.expression import Time
from derive.judge import (
    convention,
    defining,
    fitting,
    implied,
    layered,
    matrices_of_names,
    on_a_curve,
    ranks,
    scopes,
    solved_for,
    twins,
)
from derive.judge.made import (
    APART,
    EXPRESSIONS,
    HORIZONS,
    KNOWN_LOGARITHMS,
    NEXT,
    NUMBERS_ONLY,
    PASSES,
    WHERE,
    Failed,
    Made,
    head_name,
    same_pattern,
    written_number,
)
from derive.judge.names import Names, named
from derive.judge.noise import Noise, noise_of
from derive.judge.stepless import stands_without
from derive.meaning.model import ORDERED, Definition, Model
from derive.notation import habits, members
from derive.notation.elaborate import Elaborator
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import terms_of as terms_of
from derive.notation.setting import Function, Reading, Setting, Unread
from derive.notation.shaped import (
    Misfit,
    Val,
)
from derive.notation.shapes_said import calls_delta_an_error
from derive.notation.sides import is_worked
from derive.notation.slots import is_derivative, parts_of
from derive.notation.symbols import Role
from derive.text.page import Chain, Formula, Page, Prose
from derive.text.spelled import spelled
from derive.text.trees import Big as Bigs
from derive.text.trees import Fraction as Over
from derive.text.trees import Group, Name, Node, Row, Sign
from derive.text.trees import walk as nodes

if TYPE_CHECKING:
    from derive.notation.occurrences import Occurrence


def is_lone_name(row: Any) -> bool:
    return len(row) == 1 and isinstance(row[0], Name)


def _small(*found: Any) -> bool:
    """Whether names are vectors by their letters."""
    return all(re.sub(r"\\math[a-z]+\{|[\\}]", "", o.key)[:1].islower() for o in found)


@dataclass
class Understanding:
    """One page, with its definitions elaborated."""

    page: Page
    symbols: Any  # Symbols, and Names once it is understood
    reading: Reading
    setting: Setting = field(default_factory=Setting)
    made: list[Made] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    written_out: list[tuple[int, str, frozenset[str]]] = field(default_factory=list)
    uses_of_failed: dict[tuple[int, int], dict[str, list[tuple[Ref, Ref]]]] = field(
        default_factory=dict
    )  # what names formulas that were not understood, once it is asked
    functions: list[tuple[int, int, str, Function, tuple[int, int]]] = field(default_factory=list)
    definitions_read: dict[tuple[int, int], str] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)
    base: int = 1
    _before: list[Any] = field(default_factory=list)
    _models: dict[tuple[int, int, bool, tuple[str, ...]], Model] = field(default_factory=dict)
    positive: set[str] = field(default_factory=set)
    normalised: dict[str, str] = field(default_factory=dict)
    dependent: set[str] = field(default_factory=set)
    worded: set[str] = field(default_factory=set)  # data that words alone tell, 1 or 0
    taken: set[int] = field(default_factory=set)
    curves: set[tuple[int, int]] = field(default_factory=set)
    on_curves: set[str] = field(default_factory=set)
    applied: set[str] = field(default_factory=set)
    """What the page writes with its arguments, J(u, p), and says no more of."""
    contradictions: dict[tuple[int, int], str] = field(default_factory=dict)
    slips: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    regions: list[tuple[int, str, str]] = field(default_factory=list)
    shaped: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # what a name's definition supposes of shapes
    guessed: dict[int, str] = field(default_factory=dict)  # how a formula that defines was mended
    scalars: bool = False
    vectors: frozenset[str] = (
        frozenset()
    )  # the families that are vectors though the page does not say so
    _without_functions: bool = False
    without: tuple[int, int] | None = None
    """The chain whose own functions are left out, while it is judged as a claim."""
    _vectors: set[str] = field(default_factory=set)
    _implied: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    at_steps: dict[tuple[int, tuple[str, ...]], tuple[Definition, Definition]] = field(
        default_factory=dict
    )
    _implied_in: dict[str, tuple[int, int]] = field(default_factory=dict)  # the chain that does so
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
        if calls_delta_an_error(self.page):
            self.setting.errors.add("\\delta")
        ranks.give_ranks(self)
        silent = not convention.says_so(self) and convention.sums_without_sign(self)
        if silent or convention.says_so(self):
            self.reading = replace(self.reading, repeated=True)
        if silent:
            self.assumed.append(convention.TWICE)
        for whole, entries in twins.matrices_of_entries(self).items():
            self.setting.wholes[whole] = entries
            self.setting.taken_for_entries.add(whole)
        self.setting.wholes |= matrices_of_names.written_out(self)
        self.base = 0 if re.search(r"(?<![a-zA-Z])[tk]\s*=\s*0", self.page.source.text) else 1
        self.based = self._logarithms()
        self._passes(False)
        self.contradictions = {p: w for p, w in self.definitions_read.items() if APART in w}
        if any(APART in f.why for f in self.failed):
            self._passes(True)
        layered.made_like_the_last(self)
        self._normalised()
        if self.noise is not None:
            self.taken |= self.noise.stated

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
                and not is_worked(chain)
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
                value = written_number(chain.members[1].tree)
                if value is not None:
                    found[defining.family_of(self, role.key, [])] = value
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
        self.made, self.failed, self.functions, self.written_out = [], [], [], []
        self.dependent, self.taken, self.shaped, self.guessed = set(), set(), {}, {}
        self.worded = set()
        self._fitted: set[str] = set()
        self._settled: set[str] = set()
        self.definitions_read = {}
        self.setting.functions = {}
        self.setting.applications = {}
        self.setting.applied = {}
        self.setting.horizons = self.horizon_letters()
        self.setting.bounds = (self._bounds & self.setting.horizons) - self.setting.defined
        for number, index, chain in self.chains():
            role = self.symbols.roles.get((number, index))
            if role is None:
                continue
            if role.lost and role.kind != "assignment":
                drawn = [m.relation for m in chain.members[1:2]] == ["\\sim"] and not (
                    defining.names_used(self, number, chain) & self.differentiated_by
                )
                lost = frozenset(
                    scopes.scoped_name(self, k, number)
                    for k in role.lost
                    if (role.kind != "remark" or self._kind(k) not in ("parameter", "input"))
                    and not drawn
                )
                self.failed.append(
                    Failed(
                        lost,
                        role.scope[0],
                        role.scope[1],
                        role.why,
                        defining.names_used(self, number, chain),
                        (number, index) if role.kind == "definition" else None,
                    )
                )
            if (
                role.kind in ("definition",)
                and len(chain.members) > 1
                and role.key in self._kronecker
            ):
                self.definitions_read[number, index] = ""
            elif role.kind in ("definition",) and len(chain.members) > 1:
                defining.define(self, number, index, chain, role)
            elif defining.is_numbered_again(self, role):
                defining.define(self, number, index, chain, replace(role, kind="definition"))
                self.definitions_read.pop((number, index), None)
            elif role.named is not None:
                defining.define_last(self, number, index, chain, role)

        implied.dependences(self)
        on_a_curve.on_curves(self)
        solved_for.solve_adjoints(self)
        implied.solve_implicit(self)
        defining.without_slips(self)
        self.setting.alias |= defining.aliases_of_definitions(self)
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

    @staticmethod
    def _is_slip_of(later: Made, earlier: Made, names: set[str]) -> bool:
        one, other = earlier.definition, later.definition
        if one.name != other.name or earlier.place >= later.place or not same_pattern(one, other):
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

    @cached_property
    def differentiated_by(self) -> frozenset[str]:
        """The names that the page differentiates by."""
        survey = self.symbols.symbols.reader.survey
        read = self.symbols.symbols.reader.read
        return frozenset(
            read(u.name, u.behind, u.number).key for u in survey.uses if u.context == "by"
        )

    def _is_used(self, name: str) -> bool:
        return any(name in refs(m.definition.body) for m in self.made)

    @cached_property
    def _end(self) -> int:
        """The number of the last formula."""
        return max((n for n, _, _ in self.chains()), default=0)

    def _dependence(self, number: int, chain: Chain) -> Definition | None:
        name, right = head_name(chain.members[0].tree), chain.members[1].tree
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
            if fitting.levels_target(self, key, tuple(map(argument_of, args))):
                args = [elaborator.row(p) for p in parts_of(right[1].inside)]
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
            return fitting.made_definition(self, key, target, body, number)
        except (Unread, Misfit, RecursionError):
            return None

    def chains(self) -> Iterator[tuple[int, int, Chain]]:
        for item in self.page.items:
            if isinstance(item, Formula):
                for i, chain in enumerate(item.chains):
                    yield item.number, i, chain

    def occurrences(self) -> Iterator[tuple[int, Name, Node | None, Occurrence]]:
        """Every name of the page's members, with the node behind it, and the number of its formula."""
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                for name, behind in named(member.tree):
                    yield number, name, behind, table.occurrence(name, behind)

    def elaborator(self, number: int, reading: Reading | None = None, index: int = 0) -> Elaborator:
        self._number, self._index = number, index
        self.setting.scoped = scopes.scopes_at(self, number)
        self.setting.functions = {} if self._without_functions else self.functions_at(number, index)
        self.setting.in_force = self._defined_at(number)
        self.setting.implied = {
            k: d
            for k, (d, first, last) in self._implied.items()
            if (first <= number <= last and not self._is_before(k, number, index))
            or (
                first - WHERE <= number < first
                and k not in self.setting.in_force
                and not stands_without(self, k, d, first)
            )
        }
        found = reading or self.reading
        if number in self.based:
            found = replace(found, base=self.based[number])
        return Elaborator(self.symbols.at(number), self.setting, found)

    def _is_before(self, key: str, number: int, index: int) -> bool:
        """Whether a chain stands in the formula that gives a name its step, before that."""
        place = self._implied_in.get(key)
        return place is not None and place[0] == number and index < place[1]

    def _defined_at(self, number: int) -> set[str]:
        """The names that a definition is in force for where a formula stands."""
        return {r.key for r in self._makers if r.key and r.scope[0] <= number <= r.scope[1]}

    @cached_property
    def _makers(self) -> list[Role]:
        return [r for r in self.symbols.roles.values() if r.kind == "definition" and r.key]

    def functions_at(self, number: int, index: int = 0) -> dict[str, Function]:
        """The functions in force at a chain; of several in its own formula the last before it."""
        found: dict[str, Function] = {}
        functions = [f for f in self.functions if f[4] != self.without]
        listed = [f for f in functions if f[0] <= number <= f[1]]
        for _, _, key, function, _ in sorted(listed, key=lambda f: f[4] <= (number, index)):
            found[function.key(key)] = function
        for entry in (*functions, *(f for f in self._before if f[4] != self.without)):
            if 0 <= entry[0] - number <= NEXT or self._is_among_definitions(number, entry[0]):
                found.setdefault(entry[3].key(entry[2]), entry[3])
        for key, function in list(found.items()):
            if function.given:
                found.setdefault(key.split("∅")[0], function)
        return found

    def _is_among_definitions(self, number: int, following: int) -> bool:
        """Whether nothing is claimed from one formula to a later one: y = f(z), g(x) = …, f(x) = … ."""
        return number < following and not any(number <= n <= following for n in self._claimed)

    @cached_property
    def _claimed(self) -> list[int]:
        """The numbers of the formulas that claim something."""
        return [n for (n, _), r in self.symbols.roles.items() if r.kind == "claim"]

    @cached_property
    def _transposes(self) -> bool:
        """Whether a T stands on the page, and nowhere but alone above a name or a bracket."""
        uses = raised = 0
        for _, _, chain in self.chains():
            for member in chain.members:
                for node in nodes(member.tree):
                    uses += isinstance(node, Name) and node.letter == "T"
                    above = node.above if isinstance(node, Name | Group) else None
                    if above is not None and spelled(above) == "\\top":
                        return True
                    raised += above is not None and _ends_with_transpose(above)
        return uses == raised > 0

    @cached_property
    def says_numbers(self) -> bool:
        """Whether the page says that all its quantities are numbers."""
        return any(isinstance(i, Prose) and NUMBERS_ONLY.search(i.text) for i in self.page.items)

    @cached_property
    def noise(self) -> Noise | None:
        """What the page says of noise."""
        return noise_of(self)

    @cached_property
    def numbered(self) -> set[str]:
        """The names that the page gives a number for a value somewhere."""
        return {
            defining.family_of(self, role.key, [])
            for _, role, chain in self._settings()
            if role.key and written_number(chain.members[1].tree) is not None
        }

    @cached_property
    def _kronecker(self) -> set[str]:
        r"""\delta where the page says no more of \delta_{ij} than that it is 1, or 0."""
        said = [
            (r, c)
            for n, i, c in self.chains()
            if (r := self.symbols.roles.get((n, i))) is not None
            and r.kind == "definition"
            and r.key in ("\\delta", habits.KRONECKER)
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

        keys = {r.key for r, _ in said if r.key}
        return {k for k in keys if all(is_one(r, c) for r, c in said if r.key == k)}

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
        for _, name, _, occurs in self.occurrences():
            if occurs.indices or occurs.transposed or name.style not in ("", "it"):
                others.add(occurs.key)
            elif occurs.power is not None and spelled(occurs.power).isdigit():
                powers.add(occurs.key)
        return {k for k in powers - others if len(k) == 1 and k.islower()}

    @cached_property
    def _parameters_given(self) -> set[str]:
        """The p of f(u, p) and g(u, p): what functions have beside a state, and the page differentiates by."""  # noqa: E501
        taken: dict[str, set[str]] = {}
        for number, _, _, occurs in self.occurrences():
            table = self.symbols.at(number)
            rows = [r for r in occurs.arguments or () if r]
            keys = [table.occurrence(r[0], None).key for r in rows if is_lone_name(r)]
            for key in keys[1:] if len(keys) == len(rows) else ():
                taken.setdefault(key, set()).add(occurs.key)
        given = {k for k, functions in taken.items() if len(functions) > 1}
        return given & self.differentiated_by - self.setting.defined

    @cached_property
    def _sandwiched(self) -> set[str]:
        """The capitals of bilinear forms, the Q of x^T Q y: matrices, whatever their letter is by habit."""
        return {
            middle
            for first, middle, last in self._triples()
            if first.transposed and _small(first, last)
        }

    @cached_property
    def quadratic(self) -> set[str]:
        """The capitals of quadratic forms, x^T Q x and A Q A^T, and of N(0, Q): symmetric to most."""
        found = {m for first, m, last in self._triples() if first.key == last.key}
        for number, _, chain in self.chains():
            for member in chain.members:
                for name, behind in pairwise((*member.tree, None)):
                    normal = isinstance(name, Name) and name.letter == "N" and name.style == "cal"
                    parts = parts_of(behind.inside) if normal and isinstance(behind, Group) else []
                    if len(parts) > 1 and is_lone_name(parts[1]):
                        found.add(self.symbols.at(number).occurrence(parts[1][0], None).key)
        return found

    def _triples(self) -> Iterator[tuple[Any, str, Any]]:
        """The capitals without an index between two names of which one is transposed, with these."""
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                rows = [
                    member.tree,
                    *(n.inside for n in nodes(member.tree) if isinstance(n, Group)),
                ]
                for three in (t for row in rows for t in zip(row, row[1:], row[2:], strict=False)):
                    if not all(isinstance(n, Name) for n in three):
                        continue
                    first, middle, last = (table.occurrence(n, None) for n in three)
                    plain = not (middle.transposed or middle.inverse)
                    letter = middle.key.split("_")[0]
                    one = first.transposed != last.transposed
                    carried = any(d in ORDERED for d, _ in middle.indices)
                    if (
                        one
                        and plain
                        and (len(middle.key) == 1 or carried)
                        and len(letter) == 1
                        and letter.isupper()
                        and (middle.key not in self.setting.defined or carried)
                    ):
                        yield first, middle.key, last

    @cached_property
    def _divisors(self) -> set[str]:
        """The capitals that the page divides by, e^x / Z, and never transposes, inverts or gives an index: numbers."""  # noqa: E501
        below: set[str] = set()
        others: set[str] = set()
        for number, _, chain in self.chains():
            table = self.symbols.at(number)
            for member in chain.members:
                for node in nodes(member.tree):
                    if isinstance(node, Over) and not is_derivative(node):
                        listed = [n for n in node.below_line if isinstance(n, Name)]
                        below |= {table.occurrence(n, None).key for n in listed}
                for name, behind in named(member.tree):
                    o = table.occurrence(name, behind)
                    if o.transposed or o.inverse or o.indices or name.style not in ("", "it"):
                        others.add(o.key)
        return {k for k in below - others if len(k) == 1 and k.isupper()}

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
                            defining.family_of(
                                self, occurs.key, [(d, Time()) for d, _ in occurs.indices]
                            )
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
                    defining.family_of(self, o.key, [(d, Time()) for d, _ in o.indices])
                    for o in listed
                ]
                found |= {f for f, o in zip(families, listed, strict=True) if o.transposed}
                for first, second in zip(listed, families[1:], strict=False):
                    if self.setting.ranks.get(first.key) == 2:
                        found.add(second)
        return found

    def horizon_letters(self) -> set[str]:
        return (
            set(self.setting.named_sizes)
            | {
                a
                for a in HORIZONS - self.setting.plain - self._sandwiched
                if self._kind(a) in ("size", "constant", "parameter", "")
            }
            | {s.key for s in self.symbols.records() if s.kind == "size"} - self._sandwiched
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
        find = self.setting.dims.find
        sizes = (*self.normalised.values(), *self.setting.size_of.values())
        key = (number, index, ahead, tuple(map(find, sizes)))  # a line may make sizes equal
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
            own[:] = [d for d in own if not same_pattern(d, made.definition)]
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

    def leave_in_terms_of(self, place: tuple[int, int]) -> None:
        """After a formula that is proved to say the same with more put in, C = (σ(z) - y)², what C is made of stays a."""  # noqa: E501
        again = [m for m in self.made if m.place == place]
        before = self.before(*place).definitions
        for made in again:
            name, now = made.definition.name, self._members_in(made.definition)
            then = {n for d in before.get(name, ()) for n in self._members_in(d)}
            above = {n for n, _ in then} - {name}
            waiting = list(above)
            while waiting:
                made_of = before.get(waiting.pop(), ())
                new = {n for d in made_of for n, _ in self._members_in(d)} - above
                above |= new
                waiting += new
            if then and not then <= now and {n for n, _ in now} <= above:
                self.made.remove(made)
                for i, m in enumerate(self.made):
                    if m.definition in before[name]:
                        self.made[i] = replace(m, last=max(m.last, made.last))
                self._models.clear()

    def _members_in(self, d: Definition) -> set[tuple[str, tuple[Time, ...]]]:
        """The names that a definition uses, each at its steps and layers."""
        slots = self.setting.slots
        return {
            (
                p.name,
                tuple(
                    i for i, s in zip(p.index, slots.get(p.name, ()), strict=False) if s in ORDERED
                ),
            )
            for p in walk(d.body)
            if isinstance(p, Ref)
        }

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
            if m.first <= number or any(x.is_general or same_pattern(x, d) for x in own):
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


def _ends_with_transpose(above: Row) -> bool:
    """T, or a T behind the index of a layer or a step in brackets: A^{[1]T}, h^{(t)T}."""
    *first, last = above
    of_member = len(first) == 1 and isinstance(first[0], Group)
    return isinstance(last, Name) and spelled((last,)) == "T" and (of_member or not first)
