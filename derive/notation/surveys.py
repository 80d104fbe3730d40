"""All names of a page together: what a letter in a script is, decided by everything that the page shows.

Strong evidence (a bound letter, `t-1`, a recursion, a link in Σ_{k=1}^t) comes before the field's
habits.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from derive.notation import habits
from derive.notation.slots import (
    Domain,
    Piece,
    Place,
    Split,
    Use,
    bare,
    lowered,
    plain,
    split,
)
from derive.notation.tabled import taken_apart
from derive.text.trees import Name, Number, Sign

P = ParamSpec("P")
T = TypeVar("T")


def remembered(
    question: Callable[Concatenate[Survey, P], T],
) -> Callable[Concatenate[Survey, P], T]:
    """A question to the survey whose answer is kept: a page is asked the same thing hundreds of times."""

    @wraps(question)
    def answer(self: Survey, /, *arguments: P.args, **options: P.kwargs) -> T:
        key = (question.__name__, *arguments)
        if key not in self.answers:
            self.answers[key] = question(self, *arguments, **options)
        return cast(T, self.answers[key])

    return answer


MARK = re.compile(r"\^(?:\{[-+*]\}|[-+*])")


@dataclass
class Survey:
    """What all names of a page say together."""

    uses: list[Use] = field(default_factory=list)
    by_base: dict[str, list[Use]] = field(default_factory=lambda: defaultdict(list))
    bound: Counter[str] = field(default_factory=Counter)
    stepped: Counter[str] = field(default_factory=Counter)
    upper: Counter[str] = field(default_factory=Counter)
    """How often a letter is the last of a range."""
    ends: set[tuple[str, str]] = field(default_factory=set)
    """The last of lists: x and n in x_1, …, x_n."""
    links: dict[int, list[set[str]]] = field(default_factory=lambda: defaultdict(list))
    layered: bool = False
    """Whether the page's prose speaks of layers."""
    sampled: bool = False
    """Whether the page's prose speaks of examples, samples, a batch."""
    timed: bool = False
    """Whether the page's prose or letters speak of time."""
    drawn: set[str] = field(default_factory=set)
    r"""The letters of random quantities: x of E_{x \\sim p}, and of ∫ … dx over all x."""
    factors: Counter[str] = field(default_factory=Counter)
    """How often a capital stands right before a name, or is transposed: H x, P H^T."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Plain spellings of names that the page writes in bold, too: `z_i` beside `\\mathbf{z}`."""
    sizes: set[str] = field(default_factory=set)
    """The letters that stand in stated shapes, the n and the d of ℝ^{n × d}."""
    sampling: set[str] = field(default_factory=set)
    r"""The letters that number vectors of a stated shape, the i of x_i \in \mathbb{R}^D."""
    sampled_names: set[str] = field(default_factory=set)
    """The names of such vectors, without accents."""
    counted_otherwise: set[str] = field(default_factory=set)
    """Those that only the ends of sums show: x_1, …, x_n beside an x of R^d."""
    alone: frozenset[str] = frozenset()
    """Plain spellings that are their own name where nothing hangs on them: the x of x = g(t) beside `\\vec x`."""  # noqa: E501
    numbered: set[tuple[str, str]] = field(default_factory=set)
    """The names with a number that are stated to be matrices."""
    between: set[str] = field(default_factory=set)
    """The bases that stand with a bracket between a left side and a formula: the S of a = S(z) = …."""
    minus: frozenset[str] = frozenset()
    """The bases with a plain minus above them, e^-: e^{-T} is that transposed, and no inverse."""
    marked: set[str] = field(default_factory=set)
    """The plain letters of the marked ones, the h of h': they count, too."""
    gates: frozenset[str] = frozenset()
    """The letters that name a gate in a script, the o of u_{ot}."""
    upper_indices: frozenset[str] = frozenset()
    r"""The letters that count components above names, too, where the page writes tensors: A^{ij}, \\delta^i_j."""  # noqa: E501
    tabled: frozenset[str] = frozenset()
    """The bases whose numbered entries are written out as a matrix."""
    answers: dict[object, object] = field(default_factory=dict)

    def split(self, name: Name) -> Split:
        """A name taken apart, under the spelling that stands for all of its spellings."""
        found = split(name)
        if found.inverse and found.transposed and found.base in self.minus:
            label = Piece("above", (Sign(name.end, name.end, "-"),), "word", "-")
            found = replace(found, inverse=False, pieces=(*found.pieces, label))
        if self.upper_indices and found.base not in habits.CONSTANT:
            found = lowered(found, self.upper_indices)
        if found.base in self.tabled:
            found = taken_apart(found)
        alias = self.aliases.get(found.base)
        if alias is None or (not found.pieces and found.base in self.alone):
            return found
        return replace(found, base=alias)

    @remembered
    def lists(self, base: str, letter: str) -> bool:
        r"""Whether a letter below a bold name numbers vectors, \mathbf{x}_n, where its entries are x_i: never below these."""  # noqa: E501
        thin = [
            u for u in self.base_of(base) if bare(u.name) != base and self.aliases.get(bare(u.name))
        ]
        counted = {
            p.letter for u in thin for p in u.split.pieces if p.place == "below" and not p.beside
        }
        return self.sampled and bool(counted) and letter not in counted

    def see(self, use: Use) -> None:
        """Adds one name."""
        self.uses.append(use)
        self.by_base[use.split.base].append(use)
        for piece in use.split.pieces:
            if piece.form == "letter" and piece.moved:
                self.stepped[piece.letter] += 1
            plain_letter, mark = habits.unmarked(piece.letter)
            if mark:
                self.marked.add(plain_letter)

    def link(self, number: int, letters: Iterable[str]) -> None:
        """Says that letters bound each other: k and t in Σ_{k=1}^t."""
        group = {letter for letter in letters if letter}
        if len(group) > 1:
            self.links[number].append(group)

    def linked(self, number: int, letter: str) -> set[str]:
        """All letters that a formula's bounds tie to a letter."""
        found, more = {letter}, True
        while more:
            wider = found.union(*(g for g in self.links.get(number, ()) if g & found))
            more, found = wider != found, wider
        return found

    # What a letter is, asked of the whole page.

    def strong(self, letter: str) -> bool:
        """Whether a letter is shown to count something: bound, moved by a number, or time by habit."""
        known = letter in habits.TIME or letter in self.bound or letter in self.stepped
        return known or bool(habits.unmarked(letter)[1]) or letter in self.marked

    def counts_samples(self, base: str, piece: Piece, number: int) -> bool:
        """Whether what stands below a vector numbers samples: as its other letters do, where it is a number or the last."""  # noqa: E501
        if piece.letter and (base, piece.letter) not in self.ends:
            return self.lists(base, piece.letter)
        fellows = [
            p
            for p in self.pieces_at(base, "below")
            if p.form == "letter" and not p.beside and (base, p.letter) not in self.ends
        ]
        return any(
            self.lists(base, p.letter) or self.domain(base, p, number, frozenset()) == "sample"
            for p in fellows
        )

    @remembered
    def varies(self, letter: str) -> bool:
        """Whether a letter is itself a quantity of the page: f in W_f where f_t is a gate, x in n_x."""
        spellings = [
            letter,
            *(f"\\{over}{{{letter}}}" for over in ("mathbf", "tilde", "bar", "hat")),
        ]
        spellings.append(f"\\tilde{{\\mathbf{{{letter}}}}}")
        uses = (use for base in spellings for use in self.base_of(base))
        return any(self._is_quantity(use) for use in uses) or self._varies_as_capital(letter)

    def _varies_as_capital(self, letter: str) -> bool:
        """Whether c stands in a label for C_t, \\tilde{C}_t."""
        return (
            len(letter) == 1
            and letter not in habits.INDEX
            and any(
                any(p.letter in habits.TIME for p in use.split.pieces)
                for use in self.base_of(letter.upper())
            )
        )

    def _is_quantity(self, use: Use) -> bool:
        if use.context == "bound":
            return False
        if (
            use.split.base in habits.HORIZON
            and use.split.base.isupper()
            and not use.split.pieces
            and not use.first
        ):
            return use.context == "differentiated"
        if use.split.base in habits.INDEX:  # an index letter may stand on the line: T - k, 1/m
            return (
                use.context == "by"
                or any(
                    p.place != "above" and (p.letter in habits.TIME or p.form == "nested")
                    for p in use.split.pieces
                )
                or any(p.place == "above" and p.letter in habits.TIME for p in use.split.pieces)
            )
        return True

    def base_of(self, letter: str) -> list[Use]:
        """The uses of a base."""
        return self.by_base.get(letter, [])

    @remembered
    def pieces_at(self, base: str, place: Place) -> list[Piece]:
        """All pieces that hang at one place of a base."""
        return [p for use in self.base_of(base) for p in use.split.pieces if p.place == place]

    # Labels.

    def is_label(self, base: str, piece: Piece, siblings: Sequence[Piece] = ()) -> bool:
        """Whether a piece belongs to the name; `siblings` are the pieces of the same run."""
        key = (
            "label",
            base,
            piece.place,
            plain(piece.row),
            piece.run,
            tuple(p.letter for p in siblings),
        )
        if key not in self.answers:
            self.answers[key] = self._is_label(base, piece, siblings)
        return bool(self.answers[key])

    def _is_label(self, base: str, piece: Piece, siblings: Sequence[Piece]) -> bool:
        match piece.form:
            case "word":
                return True
            case "other":
                return False
            case "nested":
                bracketed = piece.place in ("paren", "square", "angle") or piece.beside
                return not bracketed and not self.strong(piece.letter)
            case "number":
                return self._number_is_label(base, piece)
            case _:
                pass
        if piece.moved or (piece.run == 1 and habits.unmarked(piece.letter)[1]):
            return False
        if piece.place == "above" and piece.letter in self.tags(base):
            return True
        if piece.run > 1:
            letters = [p.letter for p in siblings if p.form == "letter"]
            others = [a for a in letters if a not in self.gates]
            if piece.letter in self.gates and others:
                return True
            if len(others) == 1 < len(letters):
                return self._letter_is_label(base, replace(piece, run=1))
            return all(self._names(a) or a.isupper() for a in letters) or self._joins_sizes(
                base, letters
            )
        if base == "\\delta" and piece.beside and piece.letter in self.of_entries:
            return False  # the a of \\delta_{a,c} beside P_{ab}
        if piece.letter in self.gates and piece.place == "below" and piece.beside:
            return True
        if piece.place in ("angle", "square", "call"):
            return False
        if piece.place == "paren" and piece.letter in self.kinds_of(base):
            return True
        return self._letter_is_label(base, piece)

    @remembered
    def kinds_of(self, base: str) -> frozenset[str]:
        """The letters in brackets above that tell kinds of a quantity apart, u^{(t)}, u^{(a)}, u^{(b)}: several, some that count nothing, beside an index below."""  # noqa: E501
        pieces = self.pieces_at(base, "paren")
        letters = {p.letter for p in pieces}
        counting = habits.TIME | habits.LAYER | habits.INDEX | {"T", "N", "L"}
        plain_ = all(p.form == "letter" and not p.moved and p.run == 1 for p in pieces)
        below = any(p.letter in habits.TIME | habits.INDEX for p in self.pieces_at(base, "below"))
        others = letters - counting
        return (
            frozenset(letters) if plain_ and below and len(letters) > 1 and others else frozenset()
        )

    def _joins_sizes(self, base: str, letters: Sequence[str]) -> bool:
        r"""Whether W_{qh} \in \mathbb{R}^{q \times h} says of a matrix which sizes it joins: no entry of it is written."""  # noqa: E501
        return (
            base.strip("}")[-1:].isupper()
            and all((a in self.sizes or self._names(a)) and not self.strong(a) for a in letters)
            and not any(
                p.form == "number" or p.letter in ("i", "j") for p in self.pieces_at(base, "below")
            )
        )

    def _is_size_name(self, base: str, letter: str) -> bool:
        """Whether d_k is a size: neither its letter nor another below the base counts anything."""
        if base == "d" and letter in ("k", "v", "q", "h") and self._stands_alone(base, letter):
            return True
        return (
            base in ("d", "n", "m")
            and not self.strong(letter)
            and not any(u.first for u in self.base_of(base))
            and not any(
                self.strong(p.letter) or p.form == "number" for p in self.pieces_at(base, "below")
            )
            and all(u.split.pieces for u in self.base_of(base) if u.context == "by")
        )

    def _stands_alone(self, base: str, letter: str) -> bool:
        """Whether a base is never made, has no other script, and mostly stands where nothing else has this one."""  # noqa: E501
        uses = self.base_of(base)
        scripts = {p.letter for u in uses for p in u.split.pieces}
        if any(u.first or u.context == "by" for u in uses) or not scripts <= set("kvqh"):
            return False
        taken = {
            u.number
            for u in self.uses
            if u.split.base != base and any(p.letter == letter for p in u.split.pieces)
        }
        own = [u for u in uses if any(p.letter == letter for p in u.split.pieces)]
        return 2 * sum(u.number in taken for u in own) < len(own)

    def _names(self, letter: str) -> bool:
        """Whether a letter in a script names a quantity of the page rather than counts."""
        if letter in habits.TIME:
            return False
        return self.varies(letter)

    def _letter_is_label(self, base: str, piece: Piece) -> bool:
        letter, place = piece.letter, piece.place
        if letter in habits.TIME or (place == "below" and (base, letter) in self.ends):
            return False
        if place == "below" and self._is_size_name(base, letter):
            return True
        if place == "below" and letter in self.entries:
            return False
        fellows = [p for p in self.pieces_at(base, place) if p.form == "letter"]
        others = {p.letter for p in fellows} - {letter}
        if (
            place == "above"
            and not self.strong(letter)
            and letter not in habits.INDEX
            and letter.islower()
        ):
            return True
        if (
            place == "below"
            and base in ("T", "N", "D")
            and letter not in self.bound
            and letter not in "ijkn"
        ):
            return True
        words = {
            x
            for x in others | {letter}
            if x not in habits.INDEX and not self.strong(x) and x.islower()
        }
        if len(words) > 1 and not (letter in self.bound or letter in self.stepped):
            return True
        if letter.isupper() and piece.beside and piece.run == 1:  # noqa: SIM102
            if self.upper[letter] or any(
                p.form == "number" and p.beside and p.run == 1 for p in self.pieces_at(base, place)
            ):
                return False  # the last of y_{t,1}, …, y_{t,C}
        if letter.isupper():
            counted = len(words) < 2 and any(self.strong(o) for o in others)
            shown = counted or any(p.moved for p in fellows) or self.linked_anywhere(letter)
            shown = shown or self.is_last_layer(letter)
            return self.varies(letter) or letter not in habits.HORIZON or not shown
        if letter in habits.INDEX and not self.strong(letter):
            uses = self.base_of(letter)
            if any(u.context == "by" and not u.split.pieces for u in uses):
                return True  # nobody differentiates by an index
        if self._names(letter):
            named = any(self.varies(o) and not self.strong(o) for o in others)
            capital = letter not in self.bound and base.strip("}")[-1:].isupper()
            return named or capital or not (self.strong(letter) or letter in habits.INDEX)
        if self.strong(letter) or letter in habits.INDEX:
            return False
        return not any(o in habits.INDEX and not self.varies(o) for o in others)

    @property
    def entries(self) -> frozenset[str]:
        """The letters that stand before or behind one that counts, the c of w_{cd}: rows of it."""
        return self._entries("below")

    @property
    @remembered
    def of_entries(self) -> frozenset[str]:
        """The letters that stand two by two below the names of matrices, the a and b of P_{ab}."""
        runs = (run for u in self.uses if u.split.base != "\\delta" for run in runs_of(u.split))
        letters = {
            p.letter
            for run in runs
            if len(run) == 2 and all(p.form == "letter" and p.place == "below" for p in run)
            for p in run
        }
        return frozenset(a for a in letters if not self._names(a))

    @remembered
    def _entries(self, place: Place) -> frozenset[str]:
        runs = (run for u in self.uses for run in runs_of(u.split) if len(run) == 2)
        pairs = (
            {p.letter for p in run}
            for run in runs
            if all(p.place == place and p.form == "letter" and not p.moved for p in run)
        )
        return frozenset(
            x
            for pair in pairs
            if any(x in self.bound for x in pair)
            for x in pair - self.gates - habits.TIME
            if x.islower() and not self._names(x)
        )

    def linked_anywhere(self, letter: str) -> bool:
        """Whether some Σ or condition ties a letter to an index."""
        return any(letter in g for groups in self.links.values() for g in groups)

    def _number_is_label(self, base: str, piece: Piece) -> bool:
        """A number counts where letters stand at the same place; alone on a capital it tells two
        matrices apart."""
        if piece.place in ("angle", "call", "square", "paren"):
            return False
        if base in self.tabled and piece.place == "below" and piece.beside:
            return False
        if (base, plain(piece.row)) in self.numbered:
            return True
        fellows = self.pieces_at(base, piece.place)
        if piece.place == "below" and self._numbered_heads(base):
            return True
        if any(p.form == "letter" and not self.is_label(base, p, (p,) * p.run) for p in fellows):
            return False
        if piece.place == "above":
            return True
        word = base.rsplit("{", 1)[-1].rstrip("}")
        labelled = any(p.form in ("letter", "word") for p in fellows)
        return (
            word[:1].isupper()
            or labelled
            or word in ("b", "f", "\\theta", "\\sigma")
            or word.startswith("\\Gamma")
        )

    def _numbered_heads(self, base: str) -> bool:
        """Whether numbered names are defined one by one, and never one with a letter: δ_1 = …, δ_2 = …"""
        fellows = self.pieces_at(base, "below")
        if any(
            p.form == "letter"
            and p.run == 1
            and (self.strong(p.letter) or p.letter in habits.INDEX)
            for p in fellows
        ):
            return False
        heads = [u for u in self.base_of(base) if u.first and u.behind is None]
        return any(p.form == "number" for u in heads for p in u.split.pieces if p.place == "below")

    # Powers.

    @remembered
    def is_constant(self, base: str) -> bool:
        r"""Whether a letter is a number that everybody knows, or that a page sets: no \epsilon_k^t = … that it makes."""  # noqa: E501
        known = base in habits.CONSTANT
        return known and (
            base in ("e", "\\pi") or not any(u.first and u.split.pieces for u in self.base_of(base))
        )

    def is_power(self, base: str, piece: Piece, number: int) -> bool:
        """Whether what stands plainly above a name is a power of it."""
        if piece.form == "number" and not self.is_constant(base):
            return not self._numbered_above(base) and not (
                self.raised(base) and self._counts_above(base, piece, number)
            )
        key = ("power", base, plain(piece.row))
        if key not in self.answers:
            self.answers[key] = self._is_power(base, piece)
        return bool(self.answers[key])

    def is_step_above(self, base: str, piece: Piece, pieces: Sequence[Piece]) -> bool:
        """Whether a time above an entry is the step that stands below the whole: z_1^t and z_j^{t-1} beside z_t."""  # noqa: E501
        if piece.place != "above" or piece.form != "letter" or piece.letter not in habits.TIME:
            return False
        below = [p for p in pieces if p.place == "below"]
        entry = len(pieces) == 2 and len(below) == 1 and below[0].form in ("letter", "number")
        if not entry or below[0].letter in habits.TIME | habits.LAYER:
            return False
        greek = core(base).startswith("\\") and core(base) != "\\delta"  # \beta_1^t of Adam
        return not greek and any(
            len(u.split.pieces) == 1
            and u.split.pieces[0].place == "below"
            and u.split.pieces[0].letter in habits.TIME
            for u in self.base_of(base)
        )

    def _counts_above(self, base: str, piece: Piece, number: int) -> bool:
        """Whether the number above a name that elsewhere carries its index there is one, too: a^1, but
        not x^2 beside x."""
        here = [u.split.pieces for u in self.base_of(base) if u.number == number]
        lettered = any(p.place == "above" and p.form == "letter" for pieces in here for p in pieces)
        without = any(not pieces for pieces in here) or any(
            p.place == "below" for pieces in here for p in pieces
        )
        return lettered or plain(piece.row) in ("0", "1") or not without

    def _is_power(self, base: str, piece: Piece) -> bool:
        if self.is_constant(base):
            return piece.form != "word"
        raised = self.raised(base)
        if piece.form == "word":
            return False
        if piece.letter in self.tags(base):
            return False
        if piece.form == "letter" and not piece.moved and self._always_raised(base):
            return False
        if piece.form in ("other", "nested"):
            return piece.form == "other" or not self._names(piece.letter)
        if (
            len(piece.row) == 1
            and not self.strong(piece.letter)
            and piece.letter not in habits.INDEX
        ):
            word = base.strip("}").rsplit("{", 1)[-1]
            if word[:1].isupper() and piece.letter.islower() and piece.run == 1:
                return False
        if piece.letter in raised or (raised and self.shared(piece.letter, raised)):
            return False
        return not self._names(piece.letter) or self.strong(piece.letter)

    @remembered
    def tags(self, base: str) -> frozenset[str]:
        """The letters above a base that tell several apart: y^f, y^g, y^s; at least two, and one that
        never counts."""
        fellows = [
            p for p in self.pieces_at(base, "above") if p.form == "letter" and len(p.row) == 1
        ]
        letters = {
            p.letter
            for p in fellows
            if not self.strong(p.letter) and p.letter != "T" and p.run == 1
        }
        return frozenset(letters) if len(letters) > 1 and letters - habits.INDEX else frozenset()

    @remembered
    def _always_raised(self, base: str) -> bool:
        """Whether a base has an index letter above wherever it has one below, y_j^k: nobody raises all of a family to one power."""  # noqa: E501
        below = [
            u.split.pieces
            for other, uses in self.by_base.items()
            if core(other) == core(base)
            for u in uses
            if any(p.place == "below" and p.form == "letter" for p in u.split.pieces)
        ]
        return len(below) > 2 and all(
            any(
                p.place == "above" and p.form == "letter" and p.letter in habits.INDEX
                for p in pieces
            )
            for pieces in below
        )

    def _numbered_above(self, base: str) -> bool:
        """Whether a base is told from others by numbers above it: nobody writes a power ^1."""
        return any(
            p.form == "number" and plain(p.row) == "1" for p in self.pieces_at(base, "above")
        )

    def shared(self, letter: str, raised: frozenset[str]) -> bool:
        """Whether a letter is tied to one of those that a base carries above it."""
        return letter.isupper() or any(
            letter in g and g & raised for groups in self.links.values() for g in groups
        )

    @remembered
    def raised(self, base: str) -> frozenset[str]:
        """The index letters that stand plainly above a base: `h^t`, `a^{l-1}`, `z^l`."""
        return frozenset(self._raised(base))

    def _raised(self, base: str) -> Iterator[str]:
        if self.is_constant(base):
            return
        fellows = [p for p in self.pieces_at(base, "above") if p.form == "letter"]
        letters = {
            p.letter
            for p in fellows
            if p.letter in habits.TIME | habits.LAYER or self._heads_with(base, p.letter)
        }
        for letter in letters:
            if letter == "T":
                continue
            own = [p for p in fellows if p.letter == letter]
            bases = {
                b
                for b, uses in self.by_base.items()
                for u in uses
                for p in u.split.pieces
                if p.place == "above" and p.letter == letter and p.form == "letter"
            }
            moved = any(p.moved and len(p.row) == 3 and isinstance(p.row[2], Number) for p in own)
            if self._heads_with(base, letter) or moved or len(bases - habits.CONSTANT) > 2:
                yield letter

    def _heads_with(self, base: str, letter: str) -> bool:
        """Whether a base stands on a left side with this letter plainly above it."""
        return any(
            use.first
            and any(
                p.place == "above" and p.letter == letter and not p.moved for p in use.split.pieces
            )
            for use in self.base_of(base)
        )

    # Domains.

    def domain(self, base: str, piece: Piece, number: int, taken: frozenset[Domain]) -> Domain:
        """What a piece counts; `taken` are the domains that other pieces of the same name have by
        strong evidence. A marked letter counts what its plain one does."""
        piece = replace(piece, letter=habits.unmarked(piece.letter)[0])
        if piece.place in ("angle", "call"):
            return "time"
        if piece.letter in habits.TIME:
            return "time"
        if piece.letter in habits.LAYER and self.layer_letter(piece.letter):
            return "layer"
        if piece.place == "above" and self.is_last_layer(piece.letter):
            return "layer"
        if piece.place == "square":
            return "layer" if piece.letter != "t" else "time"
        tied = self.linked(number, piece.letter) if piece.letter else set()
        tie = self._tie(tied - {piece.letter}) or self._tied_elsewhere(base, piece.letter)
        if tie is not None and tie not in taken:
            return tie
        if piece.place == "paren":
            return self._in_parentheses(base, piece, taken, number)
        return self._by_fellows(base, piece, taken)

    @remembered
    def layer_letter(self, letter: str) -> bool:
        """Whether l counts layers here: not where it stands beside components only."""
        pieces = (p for u in self.uses for p in u.split.pieces)
        places = [p for p in pieces if p.letter == letter and p.form == "letter"]
        alone = [p for p in places if not p.beside]
        if letter in self.bound and any(p.beside and p.place == "below" for p in places):
            return False
        shown = self.layered or any(p.moved for p in alone)
        return (bool(alone) and shown) or any(p.place in ("paren", "square") for p in places)

    @remembered
    def is_last_layer(self, letter: str) -> bool:
        """Whether L is the last layer here: where the page speaks of layers, and of L - 1 somewhere."""
        pieces = (p for u in self.uses for p in u.split.pieces)
        return (
            letter == "L" and self.layered and any(p.letter == letter and p.moved for p in pieces)
        )

    @remembered
    def _tied_elsewhere(self, base: str, letter: str) -> Domain | None:
        """What an index letter counts on a base where other formulas tie it, all in one way: p_i beside Σ_{i=1}^ℓ p_i."""  # noqa: E501
        numbers = {
            u.number
            for u in self.base_of(base)
            if any(p.letter == letter and p.form == "letter" for p in u.split.pieces)
        }
        ties = {self._tie(self.linked(n, letter) - {letter}) for n in numbers} if letter else set()
        found = ties - {None}
        return next(iter(found)) if len(found) == 1 else None

    def _tie(self, letters: set[str]) -> Domain | None:
        if letters & habits.TIME:
            return "time"
        if letters & habits.LAYER and any(self.layer_letter(x) for x in letters & habits.LAYER):
            return "layer"
        return None

    def _in_parentheses(
        self, base: str, piece: Piece, taken: frozenset[Domain], number: int
    ) -> Domain:
        fellows = self.pieces_at(base, "paren")
        if any(p.letter in habits.TIME for p in fellows) and "time" not in taken:
            return "time"
        if any(p.letter in habits.LAYER for p in fellows):
            counted = piece.letter and piece.letter not in habits.LAYER and piece.letter.islower()
            return "sample" if piece.beside and counted else "layer"
        letters = {p.letter for p in fellows if p.letter}
        moved = next(
            (x for x in sorted(letters | {piece.letter}) if self.moved_in_brackets(x)), None
        )
        if moved is not None:
            return self.recursive_domain(moved)
        if any(self.recursive(letter, "paren") for letter in letters):
            return self.recursive_domain(next(x for x in letters if self.recursive(x, "paren")))
        if piece.form == "number" and not letters:
            return "layer"
        if piece.letter in self.paired or (not piece.letter and letters & self.paired):
            return "component"
        if piece.letter and "time" not in taken and self._steps_below(base, piece.letter, number):
            return "time"
        return "sample"

    @property
    def paired(self) -> frozenset[str]:
        """The letters that stand two by two in brackets above, the j and the k of W^{(j,k)}: rows and columns."""  # noqa: E501
        return self._paired("paren")

    @remembered
    def _paired(self, place: Place) -> frozenset[str]:
        pairs = (
            {p.letter for p in use.split.pieces if p.place == place and p.form == "letter"}
            for use in self.uses
        )
        apart = habits.TIME | habits.LAYER
        return frozenset(x for pair in pairs if len(pair) == 2 and not pair & apart for x in pair)

    def _steps_below(self, base: str, letter: str, number: int) -> bool:
        """Whether a letter is the step of another name in a formula: the k of W^{(k)} beside h_k."""
        return any(
            p.letter == letter
            and p.place == "below"
            and self.domain(u.split.base, p, number, frozenset()) == "time"
            for u in self.uses
            if u.number == number and u.split.base != base
            for p in u.split.pieces
        )

    def _by_fellows(self, base: str, piece: Piece, taken: frozenset[Domain]) -> Domain:
        fellows = self.pieces_at(base, piece.place)
        letters = {p.letter for p in fellows if p.letter}
        numbered = (
            self.sampled
            and base in habits.LOSS
            and not piece.beside
            and bool(piece.letter)
            and not letters & habits.TIME
        )
        if piece.letter in ("x", "y") or numbered:
            return "time" if self.recursive(piece.letter, piece.place) else "sample"
        if piece.place == "above" and base in habits.LOSS and piece.letter in self.bracketed():
            return "sample" if "sample" not in taken else "component"
        sampled = core(base) in self.sampled_names or bool(letters & self.sampling)
        if (
            piece.letter in self.examples()
            or (sampled and piece.place == "below" and not piece.beside)
        ) and not (piece.place == "below" and self._has_numbered_examples(base)):
            return "sample" if "sample" not in taken else "component"
        if (
            piece.run == 1
            and "time" not in taken
            and letters & habits.TIME
            and self._may_be_time(piece)
        ):
            return "time"
        if (
            piece.run == 1
            and "layer" not in taken
            and any(x in habits.LAYER and self.layer_letter(x) for x in letters)
            and (piece.form == "number" or piece.letter.isupper())
        ):
            return "layer"
        if (
            piece.beside
            and piece.run == 1
            and piece.place == "below"
            and not letters & habits.TIME
            and all(p.beside for p in fellows)
            and not any(p.moved for p in fellows)
        ):
            return "component"
        if piece.letter and piece.run == 1 and self.recursive(piece.letter, piece.place):
            layers = any(self.layer_letter(x) for x in letters & habits.LAYER)
            found = "layer" if layers else self.recursive_domain(piece.letter)
            return found if found not in taken else "component"
        if not piece.letter or piece.letter.isupper() or self.upper[piece.letter]:
            for letter in sorted(letters):
                if self.recursive(letter, piece.place):
                    return self.recursive_domain(letter)
        return "component"

    @remembered
    def _has_numbered_examples(self, base: str) -> bool:
        """Whether the examples of a name are numbered in brackets above it, and its entries below: x_1^{(i)}."""  # noqa: E501
        return any(
            {"paren", "below"} <= {p.place for p in u.split.pieces}
            and all(
                self.domain(base, p, u.number, frozenset()) == "sample"
                for p in u.split.pieces
                if p.place == "paren"
            )
            for u in self.base_of(base)
        )

    @remembered
    def is_timed_at(self, base: str, length: int, at: int) -> bool:
        """Whether times stand at a place of the runs below a name, first in x_{ti}, and nothing else."""
        letters = {
            run[at].letter
            for use in self.base_of(base)
            for run in runs_of(use.split)
            if len(run) == length > 1 and run[at].place == "below" and run[at].form == "letter"
        }
        return bool(letters) and letters <= habits.TIME

    @remembered
    def bracketed(self) -> frozenset[str]:
        """The letters that number examples in brackets above names, and nowhere layers: the p of y^{(p)}."""  # noqa: E501
        pieces = [(u, p) for u in self.uses for p in u.split.pieces if p.place == "paren"]
        letters = {p.letter for _, p in pieces if p.form == "letter" and not p.moved}
        return frozenset(
            x
            for x in letters - habits.TIME - habits.LAYER
            if x.islower()
            and not self.moved_in_brackets(x)
            and x not in self.stepped
            and all(
                self.domain(u.split.base, p, u.number, frozenset()) == "sample"
                for u, p in pieces
                if p.letter == x
            )
        )

    @remembered
    def examples(self) -> frozenset[str]:
        """The letters that number examples: alone on an input and its target, in one formula of such a
        page."""
        seen: dict[tuple[int, int, str], set[str]] = defaultdict(set)
        for use in self.uses if self.sampled else ():
            base = use.split.base.removeprefix("\\mathbf{").removesuffix("}")
            if base in ("x", "y") and len(use.split.pieces) == 1 and use.context == "main":
                piece = use.split.pieces[0]
                if (
                    piece.place == "below"
                    and piece.form == "letter"
                    and piece.letter in habits.INDEX
                ):
                    seen[use.number, use.chain, piece.letter].add(base)
        letters = {letter for (_, _, letter), bases in seen.items() if len(bases) == 2}
        letters |= self.sampling
        return frozenset(
            x
            for x in letters - habits.TIME
            if not (self._beside_components(x) or self.recursive(x, "below"))
        )

    def _beside_components(self, letter: str) -> bool:
        """Whether a letter stands with another one: w_{ij}, which counts components."""
        return any(
            p.beside and p.letter == letter
            for u in self.uses
            for p in u.split.pieces
            if p.place == "below"
        )

    @remembered
    def beside_time(self, letter: str) -> bool:
        """Whether a letter stands on a name that has a time as well."""
        return any(
            any(p.letter == letter for p in u.split.pieces)
            and any(p.letter in habits.TIME for p in u.split.pieces)
            for u in self.uses
        )

    def _may_be_time(self, piece: Piece) -> bool:
        """Whether a number, T, k, s beside h_t is a time: not i, j where the page uses them beside a
        time."""
        if piece.form == "number" or piece.letter.isupper() or piece.letter in ("s", "u"):
            return True
        return not self.beside_time(piece.letter)

    @remembered
    def recursive(self, letter: str, place: Place) -> bool:
        r"""Whether a letter drives a recursion: some name has it on the left and moved on the right; \bar s_k = A \hat s_{k-1} is of one letter, too."""  # noqa: E501
        seen: dict[tuple[str, int, int], set[str]] = defaultdict(set)
        for use in self.uses:
            for p in use.split.pieces:
                if (
                    p.letter == letter
                    and p.place == place
                    and p.form == "letter"
                    and _by_a_number(p)
                ):
                    seen[core(use.split.base), use.number, use.chain].add(plain(p.row))
        return any(len(forms) > 1 for forms in seen.values())

    @remembered
    def moved_in_brackets(self, letter: str) -> bool:
        """Whether (i-1) stands above some name: examples are not counted so."""
        pieces = (p for u in self.uses for p in u.split.pieces if p.place == "paren")
        return any(p.letter == letter and p.moved and p.form == "letter" for p in pieces)

    @remembered
    def _is_called_with(self, letter: str) -> bool:
        """Whether a letter stands as a step behind what a formula makes, x(k + 1) = …"""
        behind = (u.behind.inside for u in self.uses if u.first and u.behind is not None)
        return any(
            len(row) == 3
            and isinstance(row[0], Name)
            and row[0].letter == letter
            and isinstance(row[1], Sign)
            and row[1].text in ("+", "-")
            and isinstance(row[2], Number)
            for row in behind
        )

    @remembered
    def recursive_domain(self, letter: str) -> Domain:
        """Layer where the weights carry the index, too, or where the page speaks of layers alone; else
        time."""
        carried = any(
            u.split.base.strip("}").rsplit("{", 1)[-1]
            in ("W", "w", "b", "\\theta", "\\vartheta", "f", "U", "V")
            and any(
                p.letter == letter
                and p.run == 1
                and p.form == "letter"
                and not (p.beside and p.place == "below")
                for p in u.split.pieces
            )
            for u in self.uses
        )
        spoken = self.layered and not self.timed
        if letter not in habits.LAYER and self._is_called_with(letter):
            return "time"  # the k of x_k beside x(k)
        return "layer" if carried or spoken or letter in habits.LAYER else "time"


def runs_of(taken_apart: Split) -> list[tuple[Piece, ...]]:
    """For each piece, the pieces that stand with it without commas."""
    found: list[tuple[Piece, ...]] = []
    pieces = taken_apart.pieces
    at = 0
    while at < len(pieces):
        run = max(1, pieces[at].run)
        group = pieces[at : at + run]
        found += [group] * len(group)
        at += run
    return found


def core(base: str) -> str:
    """The letter of a name without its accents and marks: the x of a prior estimate."""
    return re.sub(r"\\[a-z]+\{|\}", "", MARK.sub("", base))


def _by_a_number(piece: Piece) -> bool:
    """Whether a piece is a letter or a letter ± a number: j' beside j is another letter."""
    if any(isinstance(n, Name) and n.primes for n in piece.row):
        return False
    return len(piece.row) == 1 or (len(piece.row) == 3 and isinstance(piece.row[2], Number))
