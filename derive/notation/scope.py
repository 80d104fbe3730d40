"""What the symbols of a text are, collected before any of its formulas is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType

from derive.errors import DeriveError
from derive.notation.tokens import Source, Token, depth_change

FUNCTION_LETTERS = frozenset(
    (
        *("f", "g", "h", "k", "l", "p", "q", "r", "E", "F", "G", "H", "J", "L", "Q", "R"),
        *("\\phi", "\\varphi", "\\psi", "\\Phi", "\\Psi", "\\ell", "\\rho", "\\sigma"),
        *("\\mathcal{L}", "\\mathrm{loss}"),
    )
)

ELEMENTARY = frozenset(
    (
        *("\\tanh", "\\exp", "\\log", "\\ln", "\\sqrt"),
        *("\\sin", "\\cos", "\\tan", "\\sinh", "\\cosh"),
    )
)

WORDS = {
    "tanh": "\\tanh", "exp": "\\exp", "log": "\\log", "ln": "\\ln", "sin": "\\sin", "cos": "\\cos",
    "tan": "\\tan", "sinh": "\\sinh", "cosh": "\\cosh", "sigmoid": "\\sigma", "sigm": "\\sigma",
    "softplus": "\\operatorname{softplus}", "softmax": "\\operatorname{softmax}",
    "ReLU": "\\operatorname{ReLU}", "relu": "\\operatorname{ReLU}", "step": "\\operatorname{step}",
    "diag": "\\operatorname{diag}", "tr": "\\operatorname{tr}", "vec": "\\operatorname{vec}",
}  # fmt: skip

UPRIGHT = frozenset(("\\mathrm", "\\operatorname", "\\text", "\\textrm"))
STYLES = frozenset(
    (
        *UPRIGHT,
        *("\\hat", "\\bar", "\\tilde", "\\vec", "\\dot", "\\widehat", "\\widetilde"),
        *("\\overline", "\\underline", "\\mathbf", "\\boldsymbol", "\\bm", "\\mathcal"),
        *("\\mathit", "\\mathsf", "\\mathbb"),
    )
)

RELATIONS = {"=": "=", "\\equiv": ":=", "\\coloneqq": ":=", "\\in": "in"}

_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Scope:
    """The declarations of a text.

    `functions` are the names that are applied, with their number of arguments; `timed` the names that
    vary in time; `raised` those of them that write time as a superscript; `indices` the index letters;
    `quantities` the names that stand for a value without an index; `ranks` says of the vectors (1) and
    matrices (2) whose entries may be written with index letters how many of those they have.
    """

    functions: Mapping[str, int] = field(default_factory=lambda: _NONE)
    timed: frozenset[str] = frozenset()
    raised: frozenset[str] = frozenset()
    indices: frozenset[str] = frozenset({"t", "T"})
    quantities: frozenset[str] = frozenset()
    ranks: Mapping[str, int] = field(default_factory=lambda: _NONE)


Script = tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """One occurrence of a name with what is attached to it.

    `arguments` are those in the parentheses after it, `defined` says that a relation follows it as
    the first thing of its formula, `differentiated` that a ∂ stands right before it.
    """

    name: str
    below: Script | None
    above: Script | None
    arguments: tuple[Script, ...] | None
    defined: bool
    differentiated: bool
    offset: int


class Skim:
    """Walks over the tokens of one formula and finds names, scripts and calls, without meaning."""

    def __init__(self, found: tuple[Token, ...]) -> None:
        self.found = found

    def mentions(self) -> Iterator[Mention]:
        at = 0
        while self.found[at].kind != "end":
            if self.found[at].text in ("\\sum", "\\prod"):
                _, _, at = scripts_at(self.found, at + 1)
                continue
            name, after = name_at(self.found, at)
            if name is None and self.found[at].text in UPRIGHT:
                _, at = group_at(self.found, at + 1)  # softmax is no product of letters
                continue
            if name is None or name == "\\mathrm{held}":
                at = max(after, at + 1)
                continue
            mention, at = self._mention(name, at, after)
            yield mention

    def _mention(self, name: str, at: int, after: int) -> tuple[Mention, int]:
        below, above, end = scripts_at(self.found, after)
        primes = end
        while self.found[primes].text == "'":
            primes += 1
        arguments, closed = arguments_at(self.found, primes)
        if primes > end and arguments is None:
            name += "'" * (primes - end)
            more, more_above, primes = scripts_at(self.found, primes)
            below, above = below or more, above or more_above
            closed = primes
        mention = Mention(
            name,
            below,
            above,
            arguments,
            at == 0 and _is_relation(self.found, closed),
            at > 0 and self._after_differential(at),
            self.found[at].offset,
        )
        return mention, primes

    def _after_differential(self, at: int) -> bool:
        """Whether ∂, ∂^+ or ∂^{…} comes right before the token `at`."""
        before = at - 1
        if self.found[before].text == "}":
            while before and self.found[before].text != "{":
                before -= 1
            before -= 1
        elif before and self.found[before - 1].text == "^":
            before -= 1
        if self.found[before].text == "^":
            before -= 1
        return self.found[before].text == "\\partial"

    def bound(self) -> Iterator[str]:
        """The letters under Σ and Π."""
        for at, token in enumerate(self.found):
            if token.text in ("\\sum", "\\prod"):
                below, _, _ = scripts_at(self.found, at + 1)
                names = [t.text for t in below or () if t.kind == "name"]
                between = any(t.text in ("\\le", "\\leq", "<") for t in below or ())
                yield from (n for n in names if n != "T") if between else names[:1]


def _is_relation(found: tuple[Token, ...], at: int) -> bool:
    return found[at].text in RELATIONS or (found[at].text == ":" and found[at + 1].text == "=")


def spelled(found: Iterable[Token]) -> str:
    """Tokens as LaTeX again; a space only where a macro would swallow the letter after it."""
    text = ""
    for token in found:
        swallows = text.split("\\")[-1].isalpha() and "\\" in text and token.text[0].isalpha()
        text += f" {token.text}" if swallows else token.text
    return text


def name_at(found: tuple[Token, ...], at: int) -> tuple[str | None, int]:
    """The name that begins at a token (a letter, a Greek macro, `\\hat{y}`), and where it ends."""
    token = found[at]
    if token.kind == "name":
        return token.text, at + 1
    if token.kind != "macro" or token.text not in STYLES:
        return None, at
    if found[at + 1].text in STYLES:
        name, after = name_at(found, at + 1)
        return (f"{token.text}{{{name}}}", after) if name else (None, at)
    inside, after = group_at(found, at + 1)
    letters = spelled(inside)
    upright = token.text in UPRIGHT
    if not inside or (upright and letters in (*WORDS, "d")):
        return None, at
    if all(t.kind in ("name", "number") or t.text in STYLES or t.text in "{}" for t in inside):
        style = "\\mathrm" if upright else token.text
        return f"{style}{{{letters}}}", after
    return None, at


def group_at(found: tuple[Token, ...], at: int) -> tuple[Script, int]:
    """The tokens of the braced group (or the single token) at `at`, and where it ends."""
    if found[at].text != "{":
        return (found[at : at + 1], at + 1) if found[at].kind != "end" else ((), at)
    depth, i = 0, at
    while found[i].kind != "end":
        depth += {"{": 1, "}": -1}.get(found[i].text, 0)
        i += 1
        if depth == 0:
            break
    return found[at + 1 : i - 1], i


def scripts_at(found: tuple[Token, ...], at: int) -> tuple[Script | None, Script | None, int]:
    """The subscript and superscript at `at`, and where they end."""
    below: Script | None = None
    above: Script | None = None
    while found[at].text in ("_", "^"):
        inside, after = group_at(found, at + 1)
        if found[at].text == "_" and below is None:
            below = inside
        elif found[at].text == "^" and above is None:
            above = inside
        else:
            break
        at = after
    return below, above, at


def arguments_at(found: tuple[Token, ...], at: int) -> tuple[tuple[Script, ...] | None, int]:
    """The comma-separated contents of the parentheses at `at`, and where they end."""
    if found[at].text != "(":
        return None, at
    parts: list[Script] = []
    depth, begin = 0, at + 1
    for i in range(at, len(found) - 1):
        depth += depth_change(found[i].text)
        if depth == 0:
            return (*parts, found[begin:i]), i + 1
        if found[i].text == "," and depth == 1:
            parts.append(found[begin:i])
            begin = i + 1
    return (*parts, found[begin:-1]), len(found) - 1


def unwrapped(script: Script) -> Script:
    """A superscript (t) or ⟨t⟩ without its brackets."""
    texts = [t.text for t in script]
    if len(script) >= 3 and (texts[0], texts[-1]) in (("(", ")"), ("\\langle", "\\rangle")):
        return script[1:-1]
    return script


def index_letters(script: Script | None) -> frozenset[str] | None:
    """The letters of an index expression such as t-1; None if it is none."""
    if not script or any(t.kind not in ("name", "number") and t.text not in "+-" for t in script):
        return None
    letters = [t.text for t in script if t.kind == "name"]
    if len(set(letters)) != len(letters):
        return None
    if any(a.kind == "name" and b.kind in ("name", "number") for a, b in pairwise(script)):
        return None
    return frozenset(letters)


def has_index(script: Script | None, indices: Iterable[str]) -> bool:
    """Whether a script is an index expression with index letters alone."""
    letters = index_letters(script)
    return letters is not None and bool(letters) and letters <= frozenset(indices)


def collect(formulas: Iterable[tuple[Source, tuple[Token, ...]]]) -> Scope:
    """The scope of formulas that belong together; DeriveError where a name is used in two ways."""
    skims = [(source, Skim(found)) for source, found in formulas]
    placed = [(source, m) for source, skim in skims for m in skim.mentions()]
    mentions = [m for _, m in placed]
    indices = _indices(mentions, {letter for _, skim in skims for letter in skim.bound()})
    timed = {m.name for m in mentions if has_index(m.below, indices)}
    raised = _raised(mentions, indices, timed)
    timed |= raised | _called_at_times(mentions, indices)
    quantities = _quantities(mentions, indices, timed)
    functions = _functions(placed, timed, quantities, indices)
    return Scope(
        MappingProxyType(functions),
        frozenset(timed),
        frozenset(raised),
        indices,
        frozenset(quantities),
    )


def _indices(mentions: list[Mention], bound: set[str]) -> frozenset[str]:
    """t, T, the letters under Σ and Π, and those that stand in a script with a shift."""
    scripts = {m.name: set[str]() for m in mentions}
    shifted: set[str] = set()
    for m in mentions:
        for script in _index_scripts(m):
            letters = index_letters(script) or frozenset()
            scripts[m.name] |= letters
            if len(script) > 1 and any(t.kind == "number" for t in script):
                shifted |= letters
    found = {"t", "T"} | bound | shifted
    moving = {name for name, letters in scripts.items() if letters & shifted}
    found |= {a for m in mentions if m.name in moving for a in _own_letter(m)}
    plain = {m.name for m in mentions if m.defined and not (m.below or m.above or m.arguments)}
    used = bound.union(*scripts.values())
    return frozenset(found - (plain - used))


def _index_scripts(m: Mention) -> Iterator[Script]:
    """The scripts of a mention that may be times: a bare shifted superscript only with t in it."""
    if m.below:
        yield m.below
    if m.above:
        inner = unwrapped(m.above)
        if inner != m.above or m.defined or index_letters(inner) == frozenset("t"):
            yield inner


def _own_letter(m: Mention) -> frozenset[str]:
    """The single letter that a name has for a subscript, as the s of o_s = g(h_s)."""
    return (index_letters(m.below) or frozenset()) if m.below and len(m.below) == 1 else frozenset()


def _raised(mentions: list[Mention], indices: frozenset[str], timed: set[str]) -> set[str]:
    """The names whose superscript is time, because a left side writes it so."""

    def index_above(m: Mention) -> bool:
        return m.above is not None and has_index(unwrapped(m.above), indices)

    defined = {m.name for m in mentions if m.defined and index_above(m) and m.name not in timed}
    if not defined:
        return set()
    plain = {m.name for m in mentions if not index_above(m) and not _numbered_above(m)}
    inputs = {m.name for m in mentions if index_above(m)} - plain - timed
    return defined | inputs


def _numbered_above(m: Mention) -> bool:
    return m.above is not None and all(t.kind == "number" for t in unwrapped(m.above))


def _called_at_times(mentions: list[Mention], indices: frozenset[str]) -> set[str]:
    """The names that write time as in h(t-1): defined so, or inputs that occur in no other way."""
    called = {m.name for m in mentions if _time_call(m, indices)}
    defined = {m.name for m in mentions if m.defined and _time_call(m, indices)}
    others = {m.name for m in mentions if not _time_call(m, indices) and not _numbered_call(m)}
    return defined | (called - others) if defined else set()


def _time_call(m: Mention, indices: frozenset[str]) -> bool:
    """h(t), h(t-1): a name applied to an index expression."""
    if m.arguments is None or len(m.arguments) != 1 or m.below or m.above:
        return False
    return has_index(m.arguments[0], indices)


def _numbered_call(m: Mention) -> bool:
    return m.arguments is not None and all(t.kind == "number" for a in m.arguments for t in a)


def _quantities(mentions: list[Mention], indices: frozenset[str], timed: set[str]) -> set[str]:
    found = {
        label_name(m, indices, timed)
        for m in mentions
        if m.arguments is None and not m.differentiated and m.name not in timed | indices
    }
    return {name for name in found if name is not None}


def _functions(
    mentions: list[tuple[Source, Mention]],
    timed: set[str],
    quantities: set[str],
    indices: frozenset[str],
) -> dict[str, int]:
    found: dict[str, int] = {}
    for source, m in mentions:
        name = label_name(m, indices, timed)
        if m.arguments is None or name is None or m.above:
            continue
        if m.name in timed and (_time_call(m, indices) or _numbered_call(m)):
            continue
        if not _is_call(source, m, name, quantities):
            continue
        count = len(m.arguments)
        if found.setdefault(name, count) != count:
            raise DeriveError(
                f"{name} is used with {count} arguments here and with {found[name]} before",
                source.place(m.offset),
            )
    return found


def label_name(m: Mention, indices: frozenset[str], timed: set[str]) -> str | None:
    """The name with a label for a subscript; None where the subscript is a time."""
    if m.below is None:
        return m.name
    if has_index(m.below, indices) or m.name in timed:
        return None
    return f"{m.name}_{{{spelled(m.below)}}}"


def _is_call(source: Source, m: Mention, name: str, quantities: set[str]) -> bool:
    assert m.arguments is not None
    if m.defined or len(m.arguments) > 1:
        return True
    if name in quantities:
        if m.name in FUNCTION_LETTERS and m.arguments[0] and not _is_sum(m.arguments[0]):
            raise DeriveError(
                f"{name} stands with an argument here and without one elsewhere: "
                f"write {name} \\cdot (…) for a product",
                source.place(m.offset),
            )
        return False
    word = m.name.startswith("\\mathrm{")
    if m.name not in FUNCTION_LETTERS and not word and _is_sum(m.arguments[0]):
        raise DeriveError(
            f"'{name}(' may be a product or a call: write {name} \\cdot (…) for the product",
            source.place(m.offset),
        )
    return True


def _is_sum(argument: Script) -> bool:
    depth = 0
    for token in argument[1:]:
        depth += depth_change(token.text)
        if depth == 0 and token.text in ("+", "-", "\\odot", "\\circ"):
            return True
    return False
