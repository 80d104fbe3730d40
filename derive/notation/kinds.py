"""The symbols of a page: kinds, shapes and versions, by what is defined, what counts and what is usual."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from derive.notation import habits
from derive.notation.definitions import Known
from derive.notation.occurrences import Occurrence, Reader
from derive.notation.roles import Roles
from derive.notation.shapes_said import (
    Shape,
    is_reals,
    is_row,
    properties_said,
    shape_of_set,
    sizes,
    style_shape,
    trimmed,
)
from derive.notation.sides import tuple_names
from derive.notation.slots import (
    Domain,
    Use,
    is_word,
    plain,
    rows_outside_derivatives,
    single_name,
)
from derive.text.page import Chain, Page
from derive.text.trees import Big, Group, Name, Node, Row, Sign, walk

Kind = Literal["variable", "input", "parameter", "function", "constant", "index", "size", "word"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """One version of a name, in force from formula `first` to `last` (None: to the end).

    `slots` are those of its fullest form. `shape` is () for a scalar, ("n",) for a column vector,
    ("n", "d") for a matrix, "?" for a size not known, None where the shape is not known.
    """

    key: str
    kind: Kind
    slots: tuple[Domain, ...] = ()
    shape: Shape | None = None
    row: bool = False
    version: int = 1
    places: tuple[int, ...] = ()
    first: int = 0
    last: int | None = None
    note: str = ""
    evidence: str = ""
    symmetric: bool = False
    invertible: bool = False
    bound: bool = False  # by a property of which nothing is used, skew or orthogonal


def _sizes_above(name: Name) -> bool:
    """Whether what stands above ℝ are sizes: R^2 of another R is a square."""
    return name.style == "bb" or any(
        isinstance(n, Name) and n.letter.isupper() for n in name.above or ()
    )


@dataclass
class Start:
    """Where a version begins: its first formula, its definitions, the domains of its forms."""

    number: int
    places: list[int] = field(default_factory=list)
    classes: set[frozenset[Domain]] = field(default_factory=set)
    made: bool = False
    last: int | None = None
    """The end of the item or case in which alone it holds."""


def _class(form: tuple[Domain, ...]) -> frozenset[Domain]:
    """The domains of a form that tell models apart."""
    return frozenset(d for d in form if d in ("time", "layer"))


@dataclass
class Binder:
    """Makes the symbols of a page from what was read."""

    page: Page
    reader: Reader
    roles: Roles
    chains: Sequence[tuple[int, int, Chain]]
    prose: str
    read: dict[str, list[tuple[Use, Occurrence]]] = field(default_factory=lambda: defaultdict(list))
    shapes: dict[str, Shape] = field(default_factory=dict)
    stated: dict[str, list[tuple[int, Shape]]] = field(default_factory=dict)
    """The shapes of plain names, each with the formula that states it."""
    entered: dict[str, int] = field(default_factory=dict)
    """How many indices stand below a name whose members have a stated shape: x_i in ℝ^d."""
    rows: set[str] = field(default_factory=set)
    counted: dict[str, list[tuple[Domain, int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    sized: dict[str, int] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    def symbols(self) -> tuple[dict[str, tuple[Symbol, ...]], tuple[Symbol, ...]]:
        """All versions by key, and all forms in the order in which they are met."""
        for use in self.reader.survey.uses:
            found = self.reader.read(use.name, use.behind, use.number)
            self.read[found.key].append((use, found))
        self._count()
        self._say_shapes()
        self.told = dict(properties_said(self.page, self.reader))
        versions: dict[str, tuple[Symbol, ...]] = {}
        forms: list[Symbol] = []
        for key, uses in self.read.items():
            made = tuple(self._versions(key, uses))
            versions[key] = tuple(symbol for symbol, _ in made)
            for symbol, others in made:
                forms += [symbol, *others]
        for symbol in self._operated():
            forms.append(symbol)
        for symbol in self._letters(versions):
            versions.setdefault(symbol.key, (symbol,))
            forms.append(symbol)
        return versions, tuple(forms)

    def _operated(self) -> Iterator[Symbol]:
        r"""The gradients that are written as a sign before a name: d\Gamma_o, dW, \nabla_W E."""
        seen: set[tuple[str, tuple[Domain, ...]]] = set()
        for number, _, chain in self.chains:
            for member in chain.members:
                for row in rows_outside_derivatives(member.tree):
                    for sign, name in pairwise(row):
                        found = self._operation(sign, name, number)
                        if found is not None and (found.key, found.slots) not in seen:
                            seen.add((found.key, found.slots))
                            yield found

    def _operation(self, sign: Node, name: Node, number: int) -> Symbol | None:
        if (
            not isinstance(sign, Name)
            or not isinstance(name, Name)
            or sign.above is not None
            or sign.accents
        ):
            return None
        of = self.reader.read(name, None, number)
        if sign.letter == "\\nabla":
            below = () if sign.below is None else sign.below
            forms = [self.reader.read(n, None, number) for n in below if isinstance(n, Name)]
            slots: tuple[Domain, ...] = forms[0].form if forms else ()
            if forms and forms[0].copy is not None:
                slots = ("time",)
            key = f"\\nabla_{{{plain(below)}}} {of.key}" if below else f"\\nabla {of.key}"
            return Symbol(key, "variable", slots, places=(sign.start,), evidence="a gradient")
        if sign.letter != "d" or sign.below is not None or self._d_is_a_name():
            return None
        return Symbol(
            f"d{of.key}",
            "variable",
            of.form,
            places=(sign.start,),
            evidence="a gradient by its name",
        )

    def _d_is_a_name(self) -> bool:
        """Whether d is a quantity of the page: with an index, on a left side."""
        return any(u.name.below is not None or u.first for u in self.reader.survey.base_of("d"))

    def _count(self) -> None:
        """The letters that stand in slots, and those that bound them."""
        self._count_brackets()
        for uses in self.read.values():
            for use, found in uses:
                copies: tuple[tuple[Domain, Row], ...] = (
                    (("time", found.copy),) if found.copy is not None else ()
                )
                for domain, row in (*found.indices, *copies):
                    for node in row:
                        if isinstance(node, Name):
                            self.counted[self.reader.read(node, None, use.number).key].append(
                                (domain, use.number, node.start)
                            )
        for number, _, chain in self.chains:
            for row in (*(m.tree for m in chain.members), *chain.conditions):
                for node in walk(row):
                    if isinstance(node, Big):
                        for script in (node.below or (), node.above or ()):
                            for inner in walk(script):
                                if isinstance(inner, Name) and inner.letter not in habits.NO_SYMBOL:
                                    self.counted[self.reader.read(inner, None, number).key].append(
                                        ("label", number, inner.start)
                                    )

    def _count_brackets(self) -> None:
        """The letters below brackets: the i, j of (dL/dX)_{i,j}."""
        for number, _, chain in self.chains:
            for member in chain.members:
                for node in walk(member.tree):
                    if isinstance(node, Group) and node.below is not None:
                        for inner in node.below:
                            if isinstance(inner, Name) and inner.letter in habits.INDEX:
                                self.counted[inner.letter].append(
                                    ("component", number, inner.start)
                                )

    def _say_shapes(self) -> None:
        for (number, index), role in self.roles.found.items():
            if role.kind != "shape" or role.key is None:
                continue
            chain = next(c for n, i, c in self.chains if (n, i) == (number, index))
            shape = self._said(chain)
            if shape is None:
                continue
            listed = tuple_names(chain.members[0].tree)
            found = [self.reader.read(n, None, number) for n in listed]
            if not found and role.target is not None:
                found = [role.target]
            for target in found:
                self._say_shape(target, shape, number)
        for number, _, chain in self.chains:
            for member in chain.members[2:]:
                single = single_name(chain.members[0].tree)
                shape = shape_of_set(member.tree) if member.relation == "\\in" else None
                if single is not None and shape:
                    self._say_shape(self.reader.read(*single, number), shape, number)
        for number, _, chain in self.chains:
            for member in chain.members:
                for node in walk(member.tree):
                    if (
                        isinstance(node, Name)
                        and is_reals(node)
                        and node.above
                        and _sizes_above(node)
                    ):
                        for inner in walk(node.above):
                            if isinstance(inner, Name):
                                self.sized.setdefault(
                                    self.reader.read(inner, None, number).key, inner.start
                                )

    def _say_shape(self, target: Occurrence, shape: Shape, number: int) -> None:
        if target.transposed:
            shape = shape[::-1] if len(shape) == 2 else shape
        self.shapes.setdefault(target.key, trimmed(shape))
        letters = [
            d
            for d, r in target.indices
            if d == "component"
            and len(r) == 1
            and isinstance(r[0], Name)
            and target.key not in self.entered
        ]
        if letters and len(letters) == len(target.indices):
            self.entered[target.key] = len(letters)
        if not target.indices:
            self.stated.setdefault(target.key, []).append((number, shape))
        if is_row(shape):
            self.rows.add(target.key)

    def _said(self, chain: Chain) -> Shape | None:
        if len(chain.members) > 1:
            return shape_of_set(chain.members[1].tree)
        row = chain.members[0].tree
        at = next(i for i, n in enumerate(row) if isinstance(n, Sign) and n.text == ":")
        rest = row[at + 1 :]
        for node in rest:
            if isinstance(node, Name):
                self.sized.setdefault(node.letter, node.start)
        return sizes(rest)

    # Versions.

    def _versions(
        self, key: str, uses: Sequence[tuple[Use, Occurrence]]
    ) -> Iterator[tuple[Symbol, list[Symbol]]]:
        """The versions of a key, each with its other forms."""
        starts = self._starts(key, uses)
        shares: list[list[tuple[Use, Occurrence]]] = [[] for _ in starts]
        for use, found in uses:
            begun = [
                i
                for i, start in enumerate(starts)
                if i == 0
                or start.number <= use.number <= (use.number if start.last is None else start.last)
            ]
            fitting = [i for i in begun if _class(found.form) in starts[i].classes]
            shares[(fitting or begun)[-1]].append((use, found))
        for at, start in enumerate(starts):
            later = [s.number - 1 for s in starts[at + 1 :] if s.last is None]
            last = start.last if start.last is not None else (later[0] if later else None)
            first = start.number if at else -1
            yield self._version(key, at + 1, first, last, start, shares[at] or list(uses))

    def _starts(self, key: str, uses: Sequence[tuple[Use, Occurrence]]) -> list[Start]:
        """From which formula on each version is in force, with the places of its definitions."""
        starts: list[Start] = []
        seen: list[Known] = []
        for definition in self.roles.known.get(key, ()):
            if not starts or self._opens(definition, seen):
                starts.append(Start(definition.number, last=definition.last))
            starts[-1].places.append(self._place(definition))
            starts[-1].classes.add(_class(definition.occurrence.form))
            starts[-1].made = starts[-1].made or not definition.collects
            seen.append(definition)
        letter = key.split("_")[0].split("^")[0].strip("}").rsplit("{", 1)[-1]
        if starts and letter in habits.INPUT and starts[0].made:
            before = [(u, o) for u, o in uses if u.number < starts[0].number]
            section = self.roles.wheres[starts[0].number].section
            elsewhere = [
                o.form for u, o in before if self.roles.wheres[u.number].section != section
            ]
            made = self.roles.known[key][0].occurrence.form
            if any(form and form != made for form in elsewhere):
                starts.insert(0, Start(-1))
        if not any(start.made for start in starts) and letter in habits.INPUT | habits.PARAMETER:
            starts += self._changes(starts, letter, uses)
        return starts or [Start(-1)]

    def _changes(
        self, starts: list[Start], letter: str, uses: Sequence[tuple[Use, Occurrence]]
    ) -> list[Start]:
        """Where a name that nothing defines gets another index for good: x_i, then x_t; W, then W^{(l)}."""
        gained: Domain = "time" if letter in habits.INPUT else "layer"
        first = next((u for u, o in uses if gained in o.form), None)
        if first is None or gained in uses[0][1].form or len(starts) > 1:
            return []
        section = self.roles.wheres[first.number].section
        before = [u for u, o in uses if u.number < first.number]
        after = [u for u, o in uses if u.number > first.number and gained not in o.form]
        if any(self.roles.wheres[u.number].section == section for u in before) or (
            gained == "time" and after
        ):
            return []
        gaining = {_class(o.form) for _, o in uses if gained in o.form}
        old = {_class(o.form) for _, o in uses} - gaining
        if not starts:
            starts.append(Start(-1))
        starts[0].classes |= old
        return [Start(first.number, classes=gaining)]

    def _opens(self, definition: Known, seen: Sequence[Known]) -> bool:
        """Whether a definition opens a version rather than saying the same in another form."""
        same = [k for k in seen if k.occurrence.form == definition.occurrence.form]
        if same:
            return not self.roles._is_special(definition.occurrence) and not all(
                self.roles._is_special(k.occurrence) for k in same
            )
        timed = {"time", "layer"} & set(definition.occurrence.form)
        before = {"time", "layer"} & set(seen[-1].occurrence.form)
        return timed != before and definition.where.section != seen[-1].where.section

    def _place(self, definition: Known) -> int:
        for use, found in self.read.get(definition.occurrence.key, ()):
            if use.number == definition.number and found.form == definition.occurrence.form:
                return use.name.start
        return 0

    def _version(
        self, key: str, version: int, first: int, last: int | None, start: Start,
        uses: Sequence[tuple[Use, Occurrence]],
    ) -> tuple[Symbol, list[Symbol]]:  # fmt: skip
        places, defined = start.places, start.made
        kind, evidence = self.kind(key, uses, defined)
        forms: dict[tuple[Domain, ...], int] = {}
        for use, found in uses:
            forms.setdefault(found.form, use.name.start)
        slots = max(forms, key=lambda form: (len(form), form))
        shape = self.shapes.get(key)
        if shape is None:
            shape = style_shape(uses[0][0].name)
        note = ", ".join(sorted({self._spoken(form) for form in forms if form != slots}))
        symbol = Symbol(
            key, kind, slots, shape, key in self.rows, version, tuple(places) or (uses[0][0].name.start,),
            first, last, f"also {note}" if note else "", evidence,
            "symmetric" in self.told.get(key, ""), "invertible" in self.told.get(key, ""),
            "bound" in self.told.get(key, ""),
        )  # fmt: skip
        others = [
            replace(
                symbol,
                kind=self._of_form(kind, key, uses, form),
                slots=form,
                places=(start,),
                note=f"form of {key}",
            )
            for form, start in forms.items()
            if form != slots
        ]
        return symbol, others

    def _of_form(
        self, kind: Kind, key: str, uses: Sequence[tuple[Use, Occurrence]], form: tuple[Domain, ...]
    ) -> Kind:
        """The kind of one form: h may be a function where it has no index, and a state at time t."""
        own = [o for _, o in uses if o.form == form]
        called = any(o.arguments is not None or o.primes for o in own)
        if (
            kind == "variable"
            and called
            and (self.reader.is_function(own[0].key) or any(o.hidden for o in own))
            and key not in habits.LOSS
        ):
            return "function"
        made = any(
            k.occurrence.form == form and not k.collects for k in self.roles.known.get(key, ())
        )
        letter = own[0].key.split("_")[0].split("^")[0]
        timed = any(
            k.occurrence.form != form and k.occurrence.form for k in self.roles.known.get(key, ())
        )
        if (
            kind == "variable"
            and not form
            and not made
            and timed
            and letter.startswith("\\")
            and letter in habits.PARAMETER
        ):
            return "parameter"
        return kind

    @staticmethod
    def _spoken(form: tuple[Domain, ...]) -> str:
        return "with " + ", ".join(form) if form else "without an index"

    # Kinds.

    def kind(
        self, key: str, uses: Sequence[tuple[Use, Occurrence]], defined: bool
    ) -> tuple[Kind, str]:
        """What a symbol is, and by what evidence."""
        name = uses[0][0].name
        base = uses[0][0].split.base
        word = name.letter
        applied = any(o.arguments is not None or o.primes for _, o in uses)
        if (word in habits.KNOWN or name.style == "op") and (applied or not defined):
            return "function", "a known function"
        if is_word(name) and habits.WORD.fullmatch(word):
            return "word", "a word of prose"
        if name.style == "bb":
            return "constant", "a set"
        raised = any(o.power is not None for _, o in uses) or not any(o.indices for _, o in uses)
        if base in habits.CONSTANT and raised and not any(u.first for u, _ in uses):
            return "constant", "by habit"
        called = self.reader.is_function(base) and any(
            o.arguments is not None or o.primes for _, o in uses
        )
        if called and any("time" in o.form and o.arguments is None for _, o in uses):
            called = False
        if (
            ("\\delta" in base or base == habits.KRONECKER)
            and not defined
            and self._is_kronecker(uses)
        ):
            return "constant", "Kronecker's delta"
        if base in habits.LOSS and self._is_cost(key, uses, defined):
            return "variable", "a cost by habit"
        timed = any("time" in o.form for _, o in uses) and not called
        if (
            self.reader.is_function(base)
            and not timed
            and (called or base in habits.FUNCTION)
            and not self._only_named(key, defined, called)
        ):
            return "function", "applied to arguments"
        if defined and not self._only_valued(key):
            return "variable", "defined"
        if self._is_size(key, uses):
            return "size", "bounds an index or a shape"
        steady = sum(d == "component" for d, _, _ in self.counted.get(key, ())) > 2
        if self._is_counter(key, uses) or (steady and not any(u.context == "by" for u, _ in uses)):
            return "index", "counts in slots"
        return self._undefined(key, base, word, uses)

    def _is_kronecker(self, uses: Sequence[tuple[Use, Occurrence]]) -> bool:
        """Whether δ stands with two indices of one kind, and nothing is differentiated by it."""
        return all(
            len(o.form) == 2 and len(set(o.form)) == 1 and u.context == "main" for u, o in uses
        )

    def _is_cost(self, key: str, uses: Sequence[tuple[Use, Occurrence]], defined: bool) -> bool:
        """Whether L, C, E, J is a cost here: made, differentiated, applied; no factor, no end."""
        if self._is_bound(key):
            return False
        if not defined and key in self.counted:
            return False
        acts = any(
            u.context == "differentiated" or o.arguments is not None or o.indices for u, o in uses
        )
        return defined or acts or not key.isupper() or not self._is_factor(key)

    def _is_factor(self, key: str) -> bool:
        """Whether a name stands right before another one: C s_t."""
        for number, _, chain in self.chains:
            for member in chain.members:
                for first, second in pairwise(member.tree):
                    if not isinstance(first, Name) or not isinstance(second, Name):
                        continue
                    if first.letter == key and self.reader.read(first, None, number).key == key:
                        return True
        return False

    def _only_named(self, key: str, defined: bool, called: bool) -> bool:
        return defined and not called

    def _only_valued(self, key: str) -> bool:
        """Whether all that is said of a name are numbers."""
        return all(k.value and not k.occurrence.indices for k in self.roles.known.get(key, ()))

    def _is_bound(self, key: str) -> bool:
        """Whether a letter is the last of a range and nothing else."""
        return (
            key in self.counted
            and key in habits.HORIZON
            and not any(
                u.context in ("differentiated",) or u.first for u, _ in self.read.get(key, ())
            )
        )

    def _is_counter(self, key: str, uses: Sequence[tuple[Use, Occurrence]]) -> bool:
        survey = self.reader.survey
        if key not in self.counted or any(o.indices for _, o in uses) or key.isupper():
            return False
        if not any(u.context in ("main", "bound") for u, _ in uses) and key not in survey.bound:
            return False
        bounds_only = all(domain == "label" for domain, _, _ in self.counted[key])
        if bounds_only and key not in survey.bound:
            return False
        if any(u.context == "by" for u, _ in uses) and not survey.strong(key):
            return False  # nobody differentiates by an index
        return survey.strong(key) or key in habits.INDEX

    def _is_size(self, key: str, uses: Sequence[tuple[Use, Occurrence]]) -> bool:
        if any(set(o.form) - {"sample", "layer"} for _, o in uses):
            return False
        letter = key.split("_")[0].split("^")[0].rstrip("'")
        survey = self.reader.survey
        if (
            key in survey.bound
            or (key in survey.stepped and not survey.upper[key])
            or letter in habits.TIME
        ):
            return False
        if any(u.context in ("differentiated", "by") for u, _ in uses):
            return False
        if key in ("i", "j", "k") and self._is_headed_by(key):
            return False
        if key in self.sized or (survey.upper[key] and key in self.counted):
            return True
        if key in self.counted:
            return letter not in habits.PARAMETER and (key.isupper() or "_" in key)
        settings = any(r.key == key and r.kind == "setting" for r in self.roles.found.values())
        plain_use = all(u.context in ("main", "bound") for u, _ in uses)
        return (
            plain_use
            and letter in ("n", "m", "N", "M", "T", "D", "K", "H", "d")
            and ("component" not in {d for _, o in uses for d in o.form})
            and (settings or key in ("n", "m", "N", "T") or "_" in key)
        )

    def _is_headed_by(self, letter: str) -> bool:
        """Whether a letter is the index of something that the page makes, z_i = …: it counts, and is no size."""  # noqa: E501
        return any(
            p.letter == letter and p.form == "letter" and not p.moved
            for u in self.reader.survey.uses
            if u.first
            for p in u.split.pieces
        )

    def _undefined(
        self, key: str, base: str, word: str, uses: Sequence[tuple[Use, Occurrence]]
    ) -> tuple[Kind, str]:
        """The kind of what nothing defines, by how it is used."""
        contexts = {use.context for use, _ in uses}
        collected = any(k.collects for k in self.roles.known.get(key, ()))
        if len(word) > 1 and word[0] == "d" and not word.startswith("\\"):
            return "variable", "a gradient by its name"
        if any(a in base for a in ("\\hat", "\\tilde", "\\bar", "\\widehat", "\\overline")):
            return "variable", "an accent by habit"
        if "differentiated" in contexts and not collected and "by" not in contexts:
            return "variable", "differentiated, never defined"
        letter = base.strip("}").rsplit("{", 1)[-1]
        domains = [d for _, o in uses for d in o.form]
        labelled = "_" in key or "^" in key
        double = any(o.form.count("component") > 1 for _, o in uses)
        if letter in habits.INPUT and not (double and letter in ("u", "d")):
            return "input", "used and never defined"
        if double and letter in ("u", "v"):
            return "parameter", "entries of a matrix"
        if labelled and letter in habits.LABELLED:
            return "variable", "a labelled quantity that nothing defines"
        if labelled and letter == "p" and not domains:
            return "parameter", "used and never defined"
        if key.rstrip("'") in ("i", "j", "k", "l", "t", "s") and not domains:
            return "index", "by habit"
        lonely = not labelled and not {"time", "layer"} & set(domains)
        if lonely and (letter in habits.LONELY or (letter == "a" and "component" in domains)):
            return "input", "used and never defined"
        return self._by_letter(letter, word, domains), "used and never defined"

    @staticmethod
    def _by_letter(letter: str, word: str, domains: Sequence[Domain]) -> Kind:
        """The kind of what nothing defines, by the field's habits."""
        indexed = "time" in domains or "sample" in domains
        if letter in ("\\delta", "\\lambda") and indexed:
            return "variable"
        if letter in habits.PARAMETER and (not indexed or letter in habits.WEIGHT):
            return "variable" if letter in ("a", "c", "v", "S") and domains else "parameter"
        state = letter in habits.STATE and not letter.isupper()
        if state or indexed or (len(word) > 1 and not word.startswith("\\")):
            return "variable"
        return "parameter" if letter.isupper() or letter.startswith("\\") else "variable"

    def _letters(self, versions: Mapping[str, tuple[Symbol, ...]]) -> Iterator[Symbol]:
        """The letters that stand in slots and bounds only, or beside a quantity of the same name; sizes."""
        survey = self.reader.survey
        for key, places in self.counted.items():
            have = versions.get(key, ())
            if any(s.kind in ("index", "size", "word") for s in have) or not key:
                continue
            horizon = key not in survey.bound and (
                key[0].isupper() or survey.upper[key] > 0 or all(d == "label" for d, _, _ in places)
            )
            kind: Kind = "size" if horizon or "_" in key else "index"
            if (
                have
                and kind == "index"
                and not (key in survey.bound or any(d == "component" for d, _, _ in places))
            ):
                continue
            if have and kind == "size":
                continue
            start = min(start for _, _, start in places)
            yield Symbol(
                key, kind, (), (), False, 1 + len(have), (start,), -1, None, "", "counts in slots"
            )
        for key, start in self.sized.items():
            if key not in versions and key not in self.counted:
                yield Symbol(key, "size", (), (), False, 1, (start,), -1, None, "", "a dimension")
