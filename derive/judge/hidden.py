"""Names that a page makes in ways that were not understood: a proof may not take for given that they do not depend on something.

A name that nothing understood makes is an input. It is none where it stands in an equation, an assignment or any other
relation that was not understood, or where the page makes another form of it: m_{t,i} beside m_t. What such a name depends on
is not known; a line that leaves its path out is neither proved nor accused.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from derive.algebra.core import Core, D, Ref, Where, walk
from derive.judge.claims import Sides
from derive.judge.joined import called_otherwise
from derive.judge.made import WHERE
from derive.judge.told_made import told_made
from derive.judge.understanding import Understanding
from derive.meaning.model import Model, depended
from derive.notation.abridged import ABRIDGED, are_dots
from derive.notation.definitions import BOTH_SIDES, DEPENDS
from derive.notation.habits import INPUT
from derive.notation.sides import is_worked
from derive.notation.slots import is_derivative, names_in, single_name
from derive.text.formula import trees_of
from derive.text.page import Chain, Member, Prose
from derive.text.trees import Big, Fraction, Name, Sign
from derive.text.trees import walk as nodes

EQUATIONS = ("=", ":=", "\\equiv", "\\triangleq")
COMPARISONS = frozenset(
    (
        *(
            "<",
            ">",
            "\\lt",
            "\\gt",
            "\\le",
            "\\leq",
            "\\ge",
            "\\geq",
            "\\leqslant",
            "\\geqslant",
            "≤",
            "≥",
        ),
        *(
            "\\ne",
            "\\neq",
            "\\not=",
            "≠",
            "\\ll",
            "\\gg",
            "\\lesssim",
            "\\gtrsim",
            "\\prec",
            "\\succ",
        ),
        *(
            "\\in",
            "\\notin",
            "∈",
            "\\ni",
            "\\subset",
            "\\subseteq",
            "\\supset",
            "\\supseteq",
            "\\perp",
        ),
    )
)
INSIDE = r"[^{}]*(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}[^{}]*)*"
BRACE = re.compile(
    rf"\\(?:under|over)(?:brace|bracket)\s*\{{{INSIDE}\}}\s*[_^]\s*\{{\s*(?::?=:?)?({INSIDE})\}}"
)
MOST_LABEL = 40
RATE = re.compile(r"\\D?Dot\{((?:[^{}]|\{[^{}]*\})+)\}(.*)$")
LIMIT = re.compile(
    r"\bconverg|\blimit|\bfixed point|\bequilibri|\bsteady|\bno longer change", re.IGNORECASE
)
MARKED_LIMIT = re.compile(r"[_^]\{?\s*(?:\*|\\star|\\ast|\\infty)\s*\}?$")
SENTENCE = re.compile(r"\\text\w*\s*\{\s*(?!is\b)[^{}]*[a-z]{2,}[^{}]*\}\s*$")
"""Words behind the name of a label: "W multiplies this"; it names nothing."""
NOT_MADE = ("index", "size", "constant", "word", "function")


@dataclass(frozen=True, slots=True)
class Tie:
    """A relation that was not understood: the names that it may make, of what it names."""

    number: int
    made: frozenset[str]
    uses: frozenset[str]
    told: bool = False  # in words, which make an input of something, too


class Hidden:
    """The ties of one page; `holds` says whether an equation is an identity whatever its names are."""

    def __init__(
        self,
        understanding: Understanding,
        holds: Callable[[int, Chain, Member, Member], bool],
    ) -> None:
        self.understanding, self._holds = understanding, holds
        self._ties: list[Tie] | None = None
        self.place: int | None = None  # the formula that is judged

    @property
    def ties(self) -> list[Tie]:
        """The relations in force where a formula is judged: from a little before their place on."""
        if self._ties is None:
            self._ties = []  # what is tried meanwhile takes the page as it was read
            self._ties = list(self._found())
        place = self.place
        return [t for t in self._ties if place is None or t.number <= place + WHERE]

    @cached_property
    def _called(self) -> dict[str, str]:
        """What may be a slip for a name that the page makes: what is made of the one is then made of the other."""  # noqa: E501
        u = self.understanding
        last = max((number for number, _, _ in u.chains()), default=0)
        return {_base(a): _base(b) for a, b in called_otherwise(u.model(last), u._kind).items()}

    @property
    def made(self) -> set[str]:
        r"""The names that the page makes of others; x = a^{(0)} only names where a network begins."""
        definitions = [m.definition for m in self.understanding.made]
        return {_base(d.name) for d in definitions if not isinstance(d.body, Ref)}

    # -- what a line takes for given ----------------------------------------------------------------

    def doubt(self, found: Sides, model: Model, freed: frozenset[str] = frozenset()) -> str:
        """A name whose dependence on what the line differentiates by is not known, and counts; none of those that are `freed`, which the reading takes as given."""  # noqa: E501
        for side in (found.left, found.right):
            for x in walk(side):
                if isinstance(x, D) and not self._is_of_free(x):
                    name = self._doubted(x, model, freed)
                    if name:
                        return name
        return ""

    def with_another_face(self, found: Sides, model: Model) -> str:
        """A name that is differentiated by at a step, where it stands without one in what is differentiated and not with one, or the other way round: nobody says whether the two are one."""  # noqa: E501
        named = reached_bodies(found, model)
        put_in = {r.name for p in named if isinstance(p, Where) for r, _ in p.values}
        for x in named:
            if not isinstance(x, D):
                continue
            by, *domains = x.by.name.split("∅")
            own = {"time", "layer"} & {*domains} if domains else set()
            if domains and not own:
                continue
            names = depended((x.of,), model)
            for name in () if x.by.name in names else names:
                other, *theirs = name.split("∅")
                if (
                    other == by
                    and name not in {x.by.name, *put_in}
                    and ({"time", "layer"} & {*theirs} or own)
                ):
                    return by
        return ""

    def _is_of_free(self, x: D) -> bool:
        """Whether a derivative is of a Lagrangian, of which every variable is free."""
        return isinstance(x.of, Ref) and x.of.name in self.understanding.setting.lagrangians

    def _doubted(self, x: D, model: Model, freed: frozenset[str]) -> str:
        by = _base(x.by.name)
        told = {n for tie in self.ties if tie.told for n in tie.made}
        for name in depended((x.of,), model):
            given = _letter(name) in INPUT and _base(name) not in self.made | told
            if _base(name) == by or name in {*model.definitions, *freed} or given:
                continue
            above = self._above(_base(name), {by})
            if by in above:
                return _base(name)
        return ""

    def tied(self, names: list[str], model: Model) -> str:
        """A name of these that a relation may make which was not understood."""
        made = {n for tie in self.ties for n in tie.made}
        return next(
            (_base(n) for n in names if n not in model.definitions and _base(n) in made), ""
        )

    def _above(self, name: str, wanted: set[str]) -> set[str]:
        """The names that a name may depend on by ties, slips and the definitions of what they name; and by other forms of itself."""  # noqa: E501
        waiting = [name]
        seen: set[str] = set()
        while waiting and not wanted & seen:
            key = waiting.pop()
            more = {u for tie in self.ties if key in tie.made for u in tie.uses} - {key}
            more |= {
                _base(p.name)
                for m in self.understanding.made
                if _base(m.definition.name) == key
                for p in walk(m.definition.body)
                if isinstance(p, Ref)
            }
            more |= {
                u
                for f in self.understanding.failed
                if any(_base(n) == key for n in f.names)
                for u in f.uses
            } - {key}
            more |= {self._called[key]} if key in self._called else set()
            waiting += more - seen
            seen |= more
        return seen

    # -- the relations of the page --------------------------------------------------------------------

    def _rates(self) -> Iterator[Tie]:
        r"""\dot{x} = f(x, w) makes x, too: of what it names."""
        for m in self.understanding.made:
            rate = RATE.match(_base(m.definition.name))
            if rate is not None:
                parts = [p for p in walk(m.definition.body) if isinstance(p, Ref)]
                uses = frozenset(_base(p.name) for p in parts)
                yield Tie(m.definition.number, frozenset((rate[1] + rate[2],)), uses)

    def _found(self) -> Iterator[Tie]:
        u = self.understanding
        known = {_base(m.definition.name) for m in u.made} | {_base(f[2]) for f in u.functions}
        lost = {_base(n) for f in u.failed for n in f.names}
        for number, index, chain in u.chains():
            if (
                len(chain.members) > 1
                and not chain.continues  # "= b" goes on with a claim, and ties nothing
                and number not in u.taken
                and not is_worked(chain)
                and self._is_open(number, index, chain)
            ):
                uses = self._keys(number, chain)
                free = uses - known - lost - self._sources(number, chain)
                role = u.symbols.roles.get((number, index))
                if role is not None and role.why == DEPENDS:
                    free &= {role.key or ""}
                made = self._made(number, chain, free, uses)
                if made:
                    yield Tie(number, frozenset(made), frozenset(uses))

        yield from self._labels(known | lost)
        yield from self._rates()
        for number, name, names in told_made(u):
            symbol = u.symbols.at(number).symbol(name)
            kind = symbol.kind if symbol is not None else ""
            if name not in known | lost and kind not in NOT_MADE:
                yield Tie(number, frozenset((name,)), names, told=True)
        yield from self._limits(known | lost)
        by = u.differentiated_by
        for number, whole, parts in u.written_out:
            if parts & by:
                yield Tie(number, frozenset((whole,)), parts)
            if whole in by:
                yield Tie(number, parts, frozenset((whole,)))

    def _limits(self, known: set[str]) -> Iterator[Tie]:
        r"""z^* and z^\infty of what the page makes step by step, where it speaks of a limit."""
        u = self.understanding
        if not LIMIT.search(" ".join(i.text for i in u.page.items if isinstance(i, Prose))):
            return
        seen: set[str] = set()
        for number, _, _, occurs in u.occurrences():
            mark = MARKED_LIMIT.search(occurs.key)
            stem = occurs.key[: mark.start()] if mark else ""
            if mark and stem in known and occurs.key not in known | seen:
                seen.add(occurs.key)
                yield Tie(number, frozenset((occurs.key,)), frozenset((stem,)))

    def _labels(self, known: set[str]) -> Iterator[Tie]:
        r"""\underbrace{w s_t}_{m_t}: the label is a name for what stands in the brace."""
        u = self.understanding
        source = u.page.source.text
        for number, _, chain in u.chains():
            if not chain.members:
                continue
            shown = source[chain.members[0].start : chain.members[-1].end + MOST_LABEL]
            for match in BRACE.finditer(shown):
                table = u.symbols.at(number)
                label = single_name(tuple(trees_of(match[1])))
                names = [] if label is None else [table.occurrence(*label).key]
                uses = self._keys(number, chain)
                varies = uses & (known | u.differentiated_by) - {*names}
                if not varies or SENTENCE.search(match[1]):
                    continue  # D_{in} D_{out}, below which W stands, counts the entries of W
                if names and not names[0].startswith("\\text") and names[0] not in known:
                    yield Tie(number, frozenset(names), frozenset(uses))

    def _is_open(self, number: int, index: int, chain: Chain) -> bool:
        """Whether a chain is a relation that was not understood: no definition, claim on derivatives, shape or comparison."""  # noqa: E501
        u = self.understanding
        role = u.symbols.roles.get((number, index))
        head, member = chain.members[0], chain.members[1]
        relation = member.relation
        if relation in COMPARISONS:
            return any(
                isinstance(n, Name | Big) and "arg" in getattr(n, "letter", getattr(n, "kind", ""))
                for n in nodes(member.tree)
            )
        if relation not in EQUATIONS:
            return not _has_derivative(chain) and not self._is_update(number, chain)
        if role is None or role.kind in ("definition", "shape") or _has_derivative(chain):
            return False
        if role.kind == "assignment" and (role.why != BOTH_SIDES or self._is_step(number, chain)):
            return False
        if role.why == ABRIDGED:
            return False
        if role.why == DEPENDS:
            return True
        return not self._holds(number, chain, head, member)

    def _is_step(self, number: int, chain: Chain) -> bool:
        """Whether θ = θ - g gives a parameter its next value: m = w m + u is an equation for m."""
        single = single_name(chain.members[0].tree)
        tree = chain.members[1].tree
        if single is None or not tree or not isinstance(tree[0], Name):
            return True
        table = self.understanding.symbols.at(number)
        key = table.occurrence(*single).key
        symbol = table.symbol(key)
        kind = symbol.kind if symbol is not None else ""
        follows = len(tree) > 1 and isinstance(tree[1], Sign) and tree[1].text in ("+", "-")
        given = kind == "parameter" or key in self.understanding.differentiated_by
        return follows and table.occurrence(tree[0], None).key == key and given

    def _is_update(self, number: int, chain: Chain) -> bool:
        """θ ← θ - g: a new value for what there is."""
        head = self._keys(number, chain, 1)
        return bool(head & self._keys(number, chain, len(chain.members), 1))

    def _sources(self, number: int, chain: Chain) -> set[str]:
        r"""The names at the tail of a path through the graph, W \to h_1 \to L: what is behind an arrow is made of them."""  # noqa: E501
        relations = {m.relation for m in chain.members[1:]}
        if relations not in ({"\\to"}, {"\\leftarrow"}):
            return set()
        last = len(chain.members) - 1
        source = 0 if relations == {"\\to"} else last
        nodes_of = [m.tree for k, m in enumerate(chain.members) if k != source]
        if any(single_name(tree) is None and not are_dots(tree) for tree in nodes_of):
            return set()
        return self._keys(number, chain, source + 1, source)

    def _keys(self, number: int, chain: Chain, end: int | None = None, start: int = 0) -> set[str]:
        table = self.understanding.symbols.at(number)
        return {
            _plain(table.occurrence(n, b).key)
            for m in chain.members[start:end]
            for n, b, context in names_in(m.tree)
            if context == "main"
        }

    def _made(self, number: int, chain: Chain, free: set[str], uses: set[str]) -> set[str]:
        """The names that a relation may make: none that others of it are made of, and one that varies sooner than a constant."""  # noqa: E501
        u = self.understanding
        table = u.symbols.at(number)
        model = u.model(number)
        upstream: set[str] = set()
        for name in uses - free:
            upstream |= {_base(n) for n in depended((Ref(name),), model)} - {name}
        left = []
        for key in sorted(free - upstream):
            symbol = table.symbol(key)
            kind = symbol.kind if symbol is not None else ""
            if kind in NOT_MADE or _letter(key) in INPUT or key in ("e", "\\pi", "\\partial", "d"):
                continue
            left.append((key, symbol is not None and "time" in symbol.slots, kind))
        if len(uses) < 2:
            return set()
        alone = {
            table.occurrence(*s).key
            for m in chain.members[:2]
            if (s := single_name(m.tree)) is not None
        } & {k for k, _, _ in left}
        timed = {k for k, in_time, _ in left if in_time}
        varying = {k for k, _, kind in left if kind != "parameter"}
        return alone or timed or varying or {k for k, _, _ in left}


def reached_bodies(found: Sides, model: Model) -> list[Core]:
    """The parts of a line and of the formulas of all that it depends on."""
    sides = (found.left, found.right)
    bodies = [d.body for n in depended(sides, model) for d in model.definitions.get(n, ())]
    return [p for x in (*sides, *bodies) for p in walk(x)]


def _has_derivative(chain: Chain) -> bool:
    return any(
        (isinstance(n, Fraction) and is_derivative(n))
        or (isinstance(n, Name) and n.letter in ("\\partial", "\\nabla"))
        for m in chain.members
        for n in nodes(m.tree)
    )


def _base(name: str) -> str:
    return name.split("∅")[0]


def _plain(key: str) -> str:
    r"""\dot{m} speaks of m, too."""
    for accent in ("\\dot{", "\\ddot{"):
        if key.startswith(accent):
            return key.removeprefix(accent).rstrip("}")
    return key


def _letter(key: str) -> str:
    r"""The letter of a name, without its style: x of \mathbf{x}_1 and of a macro \Vx."""
    bare = re.sub(
        r"\\(?:mathbf|boldsymbol|bm|vec|pmb|[VbvR]|rv)(?=\{|[a-zA-Z](?![a-z]))|[{}]", "", _base(key)
    )
    return bare.split("_")[0].split("^")[0]
