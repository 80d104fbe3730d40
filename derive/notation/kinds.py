"""The symbols of a page: kinds, shapes and versions, by what is defined, what counts and what the field is used to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from derive.notation import habits
from derive.notation.occurrences import Occurrence, Reader
from derive.notation.roles import Known, Roles
from derive.notation.shapes_said import Shape, is_row, shape_of_set, sizes, style_shape, trimmed
from derive.notation.slots import Domain, Use, bare, is_word
from derive.text.page import Chain, Page
from derive.text.trees import Big, Name, Row, Sign, walk

Kind = Literal["variable", "input", "parameter", "function", "constant", "index", "size", "word"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """One version of a name, in force from formula `first` to `last` (None: to the end).

    `slots` are those of its fullest form. `shape` is () for a scalar, ("n",) for a column vector, ("n", "d") for a
    matrix, "?" for a size not known, None where the shape is not known.
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
        versions: dict[str, tuple[Symbol, ...]] = {}
        forms: list[Symbol] = []
        for key, uses in self.read.items():
            made = tuple(self._versions(key, uses))
            versions[key] = tuple(symbol for symbol, _ in made)
            for symbol, others in made:
                forms += [symbol, *others]
        for symbol in self._letters(versions):
            versions.setdefault(symbol.key, (symbol,))
            forms.append(symbol)
        return versions, tuple(forms)

    def _count(self) -> None:
        """The letters that stand in slots, and those that bound them."""
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

    def _say_shapes(self) -> None:
        for (number, index), role in self.roles.found.items():
            if role.kind != "shape" or role.key is None:
                continue
            chain = next(c for n, i, c in self.chains if (n, i) == (number, index))
            shape = self._said(chain)
            if shape is None:
                continue
            self.shapes.setdefault(role.key, trimmed(shape))
            if is_row(shape):
                self.rows.add(role.key)
        for number, _, chain in self.chains:
            for member in chain.members:
                for node in walk(member.tree):
                    if (
                        isinstance(node, Name)
                        and node.letter == "R"
                        and node.style == "bb"
                        and node.above
                    ):
                        for inner in walk(node.above):
                            if isinstance(inner, Name):
                                self.sized.setdefault(
                                    self.reader.read(inner, None, number).key, inner.start
                                )

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
        starts = self._starts(key)
        for at, (start, places) in enumerate(starts):
            first = start if at else -1
            last = starts[at + 1][0] - 1 if at + 1 < len(starts) else None
            inside = [
                (u, o) for u, o in uses if first <= u.number and (last is None or u.number <= last)
            ]
            yield self._version(key, at + 1, first, last, places, inside or list(uses))

    def _starts(self, key: str) -> list[tuple[int, list[int]]]:
        """From which formula on each version is in force, with the places of its definitions."""
        known = [k for k in self.roles.known.get(key, ())]
        starts: list[tuple[int, list[int]]] = []
        seen: list[Known] = []
        for definition in known:
            place = self._place(definition)
            if not starts or self._opens(definition, seen):
                starts.append((definition.number, [place]))
            else:
                starts[-1][1].append(place)
            seen.append(definition)
        return starts or [(-1, [])]

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
        self, key: str, version: int, first: int, last: int | None, places: list[int],
        uses: Sequence[tuple[Use, Occurrence]],
    ) -> tuple[Symbol, list[Symbol]]:  # fmt: skip
        kind, evidence = self.kind(key, uses, bool(places))
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
            key in self.told and "symmetric" in self.told[key], key in self.told and "invertible" in self.told[key],
        )  # fmt: skip
        others = [
            replace(symbol, slots=form, places=(start,), note=f"form of {key}")
            for form, start in forms.items()
            if form != slots
        ]
        return symbol, others

    @staticmethod
    def _spoken(form: tuple[Domain, ...]) -> str:
        return "with " + ", ".join(form) if form else "without an index"

    # Kinds.

    def kind(
        self, key: str, uses: Sequence[tuple[Use, Occurrence]], defined: bool
    ) -> tuple[Kind, str]:
        """What a symbol is, and by what evidence."""
        name = uses[0][0].name
        base = bare(name)
        word = name.letter
        if word in habits.KNOWN or name.style == "op":
            return "function", "a known function"
        if is_word(name) and habits.WORD.fullmatch(word):
            return "word", "a word of prose"
        called = self.reader.is_function(base) and any(
            o.arguments is not None or o.primes for _, o in uses
        )
        if base in habits.LOSS and not (defined and called and len(uses) < 2):
            return (
                ("variable", "a cost by habit")
                if not self._is_bound(key)
                else ("size", "bounds an index")
            )
        if (
            self.reader.is_function(base)
            and (called or base in habits.FUNCTION)
            and not self._only_named(key, defined, called)
        ):
            return "function", "applied to arguments"
        if base in habits.CONSTANT and not any(o.indices for _, o in uses):
            return "constant", "by habit"
        if defined and not self._only_valued(key):
            return "variable", "defined"
        if self._is_counter(key, uses):
            return "index", "counts in slots"
        if self._is_size(key, uses):
            return "size", "bounds an index or a shape"
        return self._undefined(key, base, word, uses)

    def _only_named(self, key: str, defined: bool, called: bool) -> bool:
        return defined and not called

    def _only_valued(self, key: str) -> bool:
        """Whether all that is said of a name are numbers."""
        return all(k.value and not k.occurrence.indices for k in self.roles.known.get(key, ()))

    def _is_bound(self, key: str) -> bool:
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
        bounds_only = all(domain == "label" for domain, _, _ in self.counted[key])
        if bounds_only and key not in survey.bound:
            return False
        return survey.strong(key) or key in habits.INDEX

    def _is_size(self, key: str, uses: Sequence[tuple[Use, Occurrence]]) -> bool:
        if any(set(o.form) - {"sample", "layer"} for _, o in uses):
            return False
        letter = key.split("_")[0].split("^")[0]
        if key in self.sized or key in self.counted:
            return letter not in habits.PARAMETER or key in self.sized
        settings = any(r.key == key and r.kind == "setting" for r in self.roles.found.values())
        plain_use = all(u.context in ("main", "bound") for u, _ in uses)
        return (
            plain_use
            and letter in ("n", "m", "N", "M", "T", "D", "K", "H")
            and (settings or key in ("n", "m", "N", "T") or "_" in key)
        )

    def _undefined(
        self, key: str, base: str, word: str, uses: Sequence[tuple[Use, Occurrence]]
    ) -> tuple[Kind, str]:
        letter = base.strip("}").rsplit("{", 1)[-1]
        accented = any(a in base for a in ("\\hat", "\\tilde", "\\bar", "\\widehat", "\\overline"))
        indexed = any("time" in o.form or "sample" in o.form for _, o in uses)
        if len(word) > 1 and word[0] == "d" and word[1:] and not word.startswith("\\"):
            return "variable", "a gradient by its name"
        if accented:
            return "variable", "an accent by habit"
        if letter in habits.INPUT:
            return "input", "used and never defined"
        if letter in ("\\delta", "\\lambda") and indexed:
            return "variable", "an adjoint by habit"
        if letter in habits.PARAMETER and not (
            indexed and letter not in ("W", "U", "V", "b", "w", "\\theta")
        ):
            lower = letter in ("a", "c", "v", "S") and any(o.indices for _, o in uses)
            return ("variable" if lower else "parameter"), "used and never defined"
        if letter in habits.STATE or indexed or (len(word) > 1 and not word.startswith("\\")):
            return "variable", "used and never defined"
        return (
            "parameter" if letter.isupper() or letter.startswith("\\") else "variable"
        ), "used and never defined"

    def _letters(self, versions: Mapping[str, tuple[Symbol, ...]]) -> Iterator[Symbol]:
        """The letters that stand in slots and bounds only, or beside a quantity of the same name; the sizes of shapes."""
        survey = self.reader.survey
        for key, places in self.counted.items():
            have = versions.get(key, ())
            if any(s.kind in ("index", "size", "word") for s in have) or not key:
                continue
            horizon = key[0].isupper() or (
                key not in survey.bound and all(d == "label" for d, _, _ in places)
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
