"""What one written name is: the symbol, what fills its slots, and whether the bracket behind it is an
argument list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import zip_longest

from derive.notation import habits
from derive.notation.slots import (
    DOMAINS,
    Domain,
    Piece,
    Use,
    bare,
    names_in,
    parts_of,
    plain,
)
from derive.notation.surveys import Survey, runs_of
from derive.text.trees import Fraction, Group, Name, Number, Row, Sign


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What one written Name (with the bracket behind it, perhaps) is: a symbol and what fills its slots.

    `indices` stand in the symbol's slot order; a slot that is left out here is left out. `hidden`
    of the `arguments` were written behind `;` or `|`, or as an index of the function. `copy` is the
    step of W^{(t)} where W is shared by all steps.
    """

    key: str
    indices: tuple[tuple[Domain, Row], ...] = ()
    power: Row | None = None
    transposed: bool = False
    inverse: bool = False
    primes: int = 0
    dots: int = 0
    arguments: tuple[Row, ...] | None = None
    hidden: int = 0
    consumed: bool = False
    copy: Row | None = None

    @property
    def form(self) -> tuple[Domain, ...]:
        """The slots that this occurrence fills."""
        return tuple(domain for domain, _ in self.indices)


@dataclass
class Draft:
    """An occurrence that is being read, piece by piece."""

    below: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    indices: list[tuple[Domain, Row]] = field(default_factory=list)
    power: Row | None = None
    hidden: list[Row] = field(default_factory=list)
    transposed: bool = False
    copy: Row | None = None

    @property
    def taken(self) -> frozenset[Domain]:
        """The domains that are filled; there may be several components."""
        return frozenset(d for d, _ in self.indices if d != "component")


UPRIGHT = ("rm", "text", "tt", "sf")
SYMBOLS_APPLIED = ("\\bot", "\\perp", "\\Box", "\\square", "\\boxdot")


class Reader:
    """Reads the names of one page, each in the light of all of them."""

    def __init__(self, survey: Survey, prime_transposes: bool = False) -> None:
        self.survey = survey
        self.prime_transposes = prime_transposes
        self.functions = frozenset(base for base in survey.by_base if self._score(base) >= 2)
        self.listed = frozenset(
            base
            for base, uses in survey.by_base.items()
            if any(u.first and u.behind is not None and u.behind.opening == "[" for u in uses)
        )
        self.made = frozenset(
            base
            for base in self.functions
            if any(
                u.first and u.behind is not None and not is_time_call(u.behind)
                for u in survey.base_of(base)
            )
            and all(u.behind is not None or not u.first for u in survey.base_of(base))
        )
        """The functions that the page makes, f(x) = …: f[…] is one's value, too."""
        self.parametrised = frozenset(self._parametrised())
        self.called = frozenset(self._timed_calls())
        self.copied = frozenset(base for base in survey.by_base if self._is_copied(base))

    # Functions and calls, over the whole page.

    def is_function(self, base: str) -> bool:
        """Whether a base is applied to what stands behind it."""
        return base in self.functions or base in habits.KNOWN

    def _is_time_call(self, behind: Group | None, lone: bool = False) -> bool:
        """Whether a bracket holds a time, and no random quantity of the page: x(t), h(t-1)."""
        return (
            behind is not None
            and is_time_call(behind, lone)
            and plain(behind.inside) not in self.survey.drawn
        )

    def _score(self, base: str) -> int:
        """Evidence that a base is a function: 2 and more is enough."""
        uses = self.survey.base_of(base)
        if base in habits.KNOWN or any(u.name.style == "op" for u in uses):
            return 9
        if base in habits.CONSTANT | {"\\pi"}:
            return 9 if any(_has_parameter(u) for u in uses) else 0
        if self._is_applied_word(base, uses):
            return 9
        calls = [
            u
            for u in uses
            if u.behind is not None and u.behind.opening == "(" and not _is_matrix(u.behind)
        ]
        if base == "\\sigma" and self._is_made_quantity(uses, calls):
            return 0
        if base not in habits.FUNCTION:
            calls = [u for u in calls if not self._holds(u.behind, base)]
        score = 3 if base in habits.FUNCTION and calls else 0
        score += 2 if base in habits.FUNCTION else 0
        score += 2 if base in habits.APPLIED and calls else 0
        insides = {plain(u.behind.inside) for u in calls if u.behind}
        score += (
            2
            if len({i for i in insides if not _is_sum(i)}) > 1 and base not in habits.PARAMETER
            else 0
        )
        score += (
            3
            if any(u.first for u in calls) and not all(self._is_time_call(u.behind) for u in calls)
            else 0
        )
        plain_heads = not self.survey.factors[base] and any(
            u.first and _has_names_alone(u.behind) for u in calls
        )
        between = base in self.survey.between and any(_has_names_alone(u.behind) for u in calls)
        score += 5 if between else 2 if plain_heads else 0
        score += 3 if any(u.name.primes for u in calls) else 0
        score += 3 if any(_has_several(u.behind) for u in calls if u.behind) else 0
        whole = [u for u in uses if u.behind is None and u.context == "main"]
        headed = any(u.first and u.behind is None for u in uses)
        score -= (
            3 if headed and base not in habits.FUNCTION and not any(u.first for u in calls) else 0
        )
        score -= 2 if base in habits.PARAMETER and len(whole) > len(calls) else 0
        indexed = any(p.letter in habits.TIME for u in uses for p in u.split.pieces)
        gate = any(
            u.first and u.behind is None
            for u in uses
            if any(p.letter in habits.TIME for p in u.split.pieces)
        )
        entries = any(p.run == 2 and p.form == "letter" for u in uses for p in u.split.pieces)
        score -= (
            9 if base.isupper() and entries and headed and not any(u.first for u in calls) else 0
        )
        score -= 9 if indexed and gate else 4 if indexed else 0
        score -= (
            9
            if calls and all(self._is_time_call(u.behind) for u in calls) and self.time_is_called
            else 0
        )
        primed = any(u.name.primes for u in uses)
        if self.survey.factors[base] > 1 and not primed and not any(u.first for u in calls):
            return 0
        if not calls and base not in ("f", "g", "\\sigma", "\\phi", "\\varphi", "\\psi"):
            return score if primed and base in habits.FUNCTION else 0
        return score if calls or primed or not headed else 0

    @staticmethod
    def _is_applied_word(base: str, uses: list[Use]) -> bool:
        r"""Whether an upright word, ⊥, or a macro that nobody explains, always stands before a bracket: \mathrm{round}(h), \bot(h), \act(w h), and no product."""  # noqa: E501
        word = len(base) > 2 and base.isalpha() and all(u.name.style in UPRIGHT for u in uses)
        macro = habits.unknown_macro(base)
        if not uses or not (word or macro or base in SYMBOLS_APPLIED):
            return False
        if any(
            u.behind is None or u.behind.opening not in ("(", "[") or u.split.pieces for u in uses
        ):
            return False
        told = macro or bool(habits.SLOPELESS.search(base))
        signs = (n.text for u in uses if u.behind for n in u.behind.inside if isinstance(n, Sign))
        return told or not any(text in "+-" for text in signs)

    def _is_made_quantity(self, uses: list[Use], calls: list[Use]) -> bool:
        r"""Whether a page makes a plain \sigma of its own quantities, \sigma = \sqrt{q^\top q}: a bracket behind it is a factor."""  # noqa: E501
        heads = [u for u in uses if u.first and u.behind is None and not u.name.primes]
        if not heads or any(u.first or u.name.primes for u in calls):
            return False
        made = {u.split.base for u in self.survey.uses if u.first} - {heads[0].split.base}
        places = {(u.number, u.chain) for u in heads}
        beside = {
            u.split.base
            for u in self.survey.uses
            if (u.number, u.chain) in places and u.member == 1
        }
        return bool(beside & made) and not beside & {"e", "exp"}

    def _holds(self, group: Group | None, base: str) -> bool:
        """x (x - a): what stands in the bracket behind a name has the name itself, so it is a factor."""
        names = () if group is None else names_in(group.inside)
        return any(self.survey.split(name).base == base for name, _, _ in names)

    @cached_property
    def time_is_called(self) -> bool:
        """Whether the page writes times in brackets: several names, or one name at t and t-1."""
        found: dict[str, set[str]] = {}
        for use in self.survey.uses:
            if (
                use.behind is not None
                and self._is_time_call(use.behind)
                and isinstance(use.behind.inside[0], Name)
            ):
                found.setdefault(use.split.base, set()).add(plain(use.behind.inside))
        moved = any(len(forms) > 1 for forms in found.values())
        return len(found) > 2 or moved or (len(found) > 1 and self.survey.timed)

    def _timed_calls(self) -> Iterator[str]:
        """The bases that carry their time in brackets."""
        if not self.time_is_called:
            return
        for base, uses in self.survey.by_base.items():
            calls = [u for u in uses if u.behind is not None]
            timed = [u for u in calls if self._is_time_call(u.behind)]
            stepped = any(len(u.behind.inside) > 1 and u.first for u in timed if u.behind)
            if not stepped and all(u.behind and plain(u.behind.inside)[:1] == "i" for u in timed):
                continue  # W(i+1) = W(i) - … moves in i, a(i + 1) alone is a product
            if timed and base not in self.functions:
                yield base

    def _is_copied(self, base: str) -> bool:
        """Whether W^{(t)} is a copy of a W that all steps share."""
        word = base.strip("}").rsplit("{", 1)[-1]
        uses = self.survey.base_of(base)
        if any(u.first for u in uses) or word not in habits.PARAMETER:
            return False
        timed = [u for u in uses if any(p.letter in habits.TIME for p in u.split.pieces)]
        if timed and word in ("W", "U", "V", "b", "w", "\\theta", "\\Theta"):
            return len(timed) < len(uses)
        stepped = [(u, p) for u in uses for p in u.split.pieces if self._is_step(p, u)]
        shared = {self._labels_of(u.split.pieces) for u in uses if u.context == "main"}
        return bool(stepped) and all(
            u.context == "by" and self._labels_of(x for x in u.split.pieces if x is not p) in shared
            for u, p in stepped
        )

    def _is_step(self, piece: Piece, use: Use) -> bool:
        """Whether a letter in brackets is a step that others of its formula are at: the k of W^{(k)} beside h_k."""  # noqa: E501
        alone = piece.place == "paren" and piece.form == "letter" and not piece.beside
        return (
            alone and self.survey.domain(use.split.base, piece, use.number, frozenset()) == "time"
        )

    @staticmethod
    def _labels_of(pieces: Iterable[Piece]) -> tuple[str, ...]:
        return tuple(plain(p.row) for p in pieces)

    # One name.

    def read(self, name: Name, behind: Group | None, number: int) -> Occurrence:
        """The occurrence of a name with the bracket behind it, in a formula."""
        taken_apart = self.survey.split(name)
        draft = Draft(transposed=taken_apart.transposed)
        base = taken_apart.base
        strong = [p for p in taken_apart.pieces if p.letter in habits.TIME | habits.LAYER]
        reserved: frozenset[Domain] = frozenset(
            "time" if p.letter in habits.TIME else "layer" for p in strong
        )
        runs = runs_of(taken_apart)
        for piece, siblings in zip(taken_apart.pieces, runs, strict=True):
            if self.survey.is_step_above(base, piece, taken_apart.pieces):
                draft.indices.append(("time", piece.row))
                continue
            self._place(
                draft,
                base,
                piece,
                siblings,
                number,
                reserved if piece not in strong else frozenset(),
                bare(name),
            )
        primes, dots = (
            name.primes,
            sum(2 if a == "ddot" else 1 for a in name.accents if a in ("dot", "ddot")),
        )
        key = self._key(base, draft)
        if primes and self.prime_transposes:
            draft.transposed, primes = True, 0
        elif primes and not self.is_function(base):
            key, primes = self._primed(base, draft, primes), 0
        order = {d: i for i, d in enumerate(DOMAINS)}
        found = Occurrence(
            key,
            tuple(sorted(draft.indices, key=lambda pair: order.get(pair[0], 9))),
            draft.power, draft.transposed, taken_apart.inverse, primes, dots,
            copy=draft.copy,
        )  # fmt: skip
        if behind is not None and (
            _is_matrix(behind) or (base not in habits.FUNCTION and self._holds(behind, base))
        ):
            behind = None  # x (x - a) is a product, and P (I - K H)^T
        return self._behind(found, base, behind, draft)

    def _place(
        self,
        draft: Draft,
        base: str,
        piece: Piece,
        siblings: tuple[Piece, ...],
        number: int,
        reserved: frozenset[Domain],
        written: str,
    ) -> None:
        """Puts one piece where it belongs: label, index, power, transpose."""
        survey = self.survey
        if piece.place == "above" and self._is_transpose(base, piece):
            draft.transposed = True
            return
        if piece.place == "above" and piece.run == 1 and survey.is_power(base, piece, number):
            draft.power = piece.row if draft.power is None else draft.power
            return
        if self._is_hidden(base, piece, siblings):
            draft.hidden.append(piece.row)
            return
        if survey.is_label(base, piece, siblings):
            if piece.form == "nested" and isinstance(piece.row[0], Name):
                self._nested(draft, base, piece, piece.row[0], number)
                return
            (draft.below if piece.place == "below" else draft.above).append(_label(piece))
            return
        if (
            piece.form == "number"
            and piece.place == "below"
            and len(plain(piece.row)) == 2
            and self._is_double(base)
        ):
            draft.indices += [
                ("component", (replace_number(piece.row[0], d),)) for d in plain(piece.row)
            ]
            return
        domain = survey.domain(base, piece, number, draft.taken | reserved)
        at = next((i for i, p in enumerate(siblings) if p is piece), 0)
        if piece.form == "number" and survey.is_timed_at(base, len(siblings), at):
            domain = "time"  # the 1 of x_{1i} beside x_{ti}
        listed = written == base and piece.place == "below" and piece.run == 1
        if listed and domain == "component" and survey.counts_samples(base, piece, number):
            domain = "sample"
        if base == "\\delta" and {p.letter for p in siblings} & habits.TIME and piece.run == 2:
            draft.indices.append(("time", piece.row))  # Kronecker's delta of two times
            return
        if domain in draft.taken:
            domain = "component"
        if domain == "time" and base in self.copied and draft.copy is None:
            draft.copy = piece.row
            return
        draft.indices.append((domain, piece.row))

    @cached_property
    def labelled(self) -> frozenset[str]:
        """The bases with one letter below that is a label: b_y."""
        return frozenset(
            f"{use.split.base}_{p.letter}"
            for use in self.survey.uses
            for p in use.split.pieces
            if p.place == "below"
            and p.form == "letter"
            and self.survey.is_label(use.split.base, p, (p,))
        )

    def _nested(self, draft: Draft, base: str, piece: Piece, name: Name, number: int) -> None:
        r"""The label s and the time t of `\delta^{s_t}`."""
        inside = self.survey.split(name).pieces
        if piece.place == "above" and inside and all(map(self._tells_apart, inside)):
            gates = "".join(p.letter for p in inside)
            draft.above.append(f"{bare(name)}_{gates}")  # the a_f of \\delta^{a_f}
            return
        own = piece.place == "below" and f"{base}_{bare(name)}" in self.labelled
        (draft.below if own else draft.above).append(bare(name))
        for inner in inside:
            domain = self.survey.domain(name.letter, inner, number, draft.taken)
            draft.indices.append((domain, inner.row))

    def _tells_apart(self, piece: Piece) -> bool:
        """Whether a letter below a label names a gate or another quantity, and counts nothing."""
        survey, letter = self.survey, piece.letter
        if piece.form != "letter" or piece.moved or piece.place != "below":
            return False
        return letter in survey.gates or (letter not in habits.TIME and survey.varies(letter))

    def _is_double(self, base: str) -> bool:
        """Whether a base has entries with two indices, so that 12 is 1, 2."""
        return any(p.run == 2 and p.form == "letter" for p in self.survey.pieces_at(base, "below"))

    def _is_transpose(self, base: str, piece: Piece) -> bool:
        if piece.letter != "T" or piece.moved or piece.form != "letter" or piece.run > 1:
            return False
        return not self.survey.raised(base)

    def _is_hidden(self, base: str, piece: Piece, siblings: tuple[Piece, ...]) -> bool:
        """Whether a piece is the parameter of f_θ(x), f_W(x), h_{W,b}(x)."""
        if piece.place != "below" or piece.form != "letter" or piece.moved or piece.run > 1:
            return False
        if (base, piece.letter) in self.parametrised:
            return True
        if not self.is_function(base):
            return False
        listed = piece.letter in ("W", "b") and len(siblings) == 1 and self._listed(base)
        return piece.letter in habits.HIDDEN or listed

    def _parametrised(self) -> Iterator[tuple[str, str]]:
        """The functions with a parameter below that are applied: f_θ(x), f_W(x)."""
        for use in self.survey.uses:
            called = use.behind is not None and use.behind.opening == "("
            known = habits.APPLIED | {"\\pi", "\\mu", "V", "Q", "A"}
            if called and use.split.base in known and len(use.split.pieces) == 1:
                piece = use.split.pieces[0]
                if piece.place == "below" and piece.letter in habits.HIDDEN | {"W", "w"}:
                    yield use.split.base, piece.letter

    def _listed(self, base: str) -> bool:
        return any(p.letter == "b" for p in self.survey.pieces_at(base, "below")) and any(
            p.letter == "W" for p in self.survey.pieces_at(base, "below")
        )

    def _key(self, base: str, draft: Draft) -> str:
        key = base
        scripts = [("_", draft.below), ("^", draft.above)]
        if draft.above and all(label.isdigit() for label in draft.below):
            scripts.reverse()  # W^{ss}_0
        for sign, labels in scripts:
            if labels:
                text = "".join(labels)
                single = len(labels) == 1 and (
                    len(text) == 1 or (text.startswith("\\") and text[1:].isalpha())
                )
                key += f"{sign}{text}" if single and sign == "_" else f"{sign}{{{text}}}"
        return key

    def _primed(self, base: str, draft: Draft, primes: int) -> str:
        return self._key(base + "'" * primes, draft)

    # The bracket behind it.

    def _behind(
        self, found: Occurrence, base: str, behind: Group | None, draft: Draft
    ) -> Occurrence:
        hidden = tuple(draft.hidden)
        if behind is not None and base in self.called and self._is_time_call(behind, True):
            time: tuple[tuple[Domain, Row], ...] = (("time", behind.inside),)
            return replace(found, indices=(*time, *found.indices), consumed=True)
        if behind is not None and self._applies(base, behind, bool(hidden)):
            return self._with_arguments(
                replace(found, consumed=True, arguments=hidden, hidden=len(hidden)), behind
            )
        if hidden:
            return replace(found, arguments=hidden, hidden=len(hidden))
        return found

    def _with_arguments(self, found: Occurrence, behind: Group) -> Occurrence:
        """The arguments in the bracket, those behind ; or | last, with those that were an index of the
        name."""
        own = (
            found.arguments[len(found.arguments) - found.hidden :]
            if found.arguments and found.hidden
            else ()
        )
        cut = parts_of(behind.inside, (";", "|", "\\mid", "\\vert"))
        shown = tuple(parts_of(cut[0], (",",))) if cut else ()
        after = tuple(p for part in cut[1:] for p in parts_of(part, (",",)))
        written_below = tuple(row for row in own if row not in after)
        arguments = (*shown, *after, *written_below)
        return replace(
            found, arguments=arguments, hidden=len(after) + len(written_below), consumed=True
        )

    def _applies(self, base: str, behind: Group, hidden: bool) -> bool:
        """Whether the bracket is an argument list rather than a factor."""
        if _stands_bare(base, behind.inside):
            return False
        if base in habits.KNOWN:
            return True
        if behind.opening == "[":
            return (
                base in ("diag", "\\mathbb{E}")
                or (base in self.listed and _has_several(behind))
                or base in self.made
                or self._is_applied_word(base, self.survey.base_of(base))
            )
        if base in self.functions or hidden:
            return True
        return self._depends(base, behind)

    def _depends(self, base: str, behind: Group) -> bool:
        r"""Whether `h_t(\theta)`, `E(w_{hm})` says what a quantity depends on: names alone, and the
        quantity is made. A bracket that is raised or transposed itself is a factor."""
        if behind.above is not None:
            return False
        parts = parts_of(behind.inside, (",", ";", "|", "\\mid"))
        if not parts or not all(_is_name_or_dots(part) for part in parts):
            return False
        if base in habits.LOSS or len(parts) > 1:
            return True
        made = any(u.first for u in self.survey.base_of(base))
        if made and base not in habits.PARAMETER and all(len(part) == 1 for part in parts):
            return True
        names = [n for part in parts for n in part if isinstance(n, Name)]
        return (
            made
            and base not in habits.PARAMETER
            and all(
                n.letter in habits.PARAMETER
                and not any(u.first for u in self.survey.base_of(bare(n)))
                for n in names
            )
        )


def _stands_bare(base: str, inside: Row) -> bool:
    r"""Whether a name stands in its own bracket without another, f(1 - f), \sigma(1 - \sigma): a product of its values."""  # noqa: E501
    return any(
        isinstance(node, Name)
        and bare(node) == base
        and not isinstance(behind, Group)
        and not any(isinstance(n, Sign) and n.text in (",", ";") for n in inside)
        for node, behind in zip_longest(inside, inside[1:])
    )


def is_time_call(group: Group | None, lone: bool = False) -> bool:
    """Whether a bracket is (t), (t-1), [t+1], (0), (T); (i) where `lone` letters are known to be times."""
    if group is None or not group.inside or len(group.inside) > 3:
        return False
    first = group.inside[0]
    if isinstance(first, Number) and len(group.inside) == 1:
        return True
    rest = group.inside[1:]
    shift = not rest or (
        isinstance(rest[0], Sign) and rest[0].text in "+-" and isinstance(rest[-1], Number)
    )
    return (
        isinstance(first, Name)
        and (
            first.letter in ("t", "T", "k", "n", "\\tau")
            or (first.letter == "i" and (bool(rest) or lone))
        )
        and shift
        and first.below is None
    )


def replace_number(node: object, digit: str) -> Number:
    """One digit of a number in its place."""
    assert isinstance(node, Number)
    return Number(node.start, node.end, digit)


def _has_names_alone(group: Group | None) -> bool:
    """Whether a bracket has nothing but names, none of them a time: S(z) on the left of an equation makes a function."""  # noqa: E501
    if group is None or is_time_call(group) or group.above is not None:
        return False
    return all(len(p) == 1 and isinstance(p[0], Name) for p in parts_of(group.inside)) and bool(
        group.inside
    )


def _is_matrix(group: Group) -> bool:
    """Whether a bracket begins with the identity, I - K H: a factor, and no argument."""
    first, second = (*group.inside[:2], None, None)[:2]
    return (
        isinstance(first, Name)
        and first.letter == "I"
        and first.below is None
        and first.above is None
        and isinstance(second, Sign)
        and second.text in ("+", "-")
    )


def _label(piece: Piece) -> str:
    text = plain(piece.row)
    if piece.form == "word" and len(text) > 1 and not text.startswith("\\"):
        return f"\\text{{{text}}}"
    return text


def _has_parameter(use: Use) -> bool:
    """π_θ(a): with a parameter below, and applied."""
    return (
        use.behind is not None
        and use.behind.opening == "("
        and any(p.place == "below" and p.letter in habits.HIDDEN for p in use.split.pieces)
    )


def _is_sum(text: str) -> bool:
    return any(sign in text for sign in "+-")


def _has_several(group: Group) -> bool:
    return any(isinstance(n, Sign) and n.text in (",", ";", "|", "\\mid") for n in group.inside)


def _is_name_or_dots(part: Row) -> bool:
    return (
        bool(part)
        and all(isinstance(n, Name) or (isinstance(n, Sign) and "dots" in n.text) for n in part)
        and sum(isinstance(n, Name) for n in part) <= 1
        and not any(isinstance(n, Fraction | Number) for n in part)
    )
