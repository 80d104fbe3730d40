"""What the symbols of a text are, collected before any of its formulas is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType

from derive.errors import DeriveError
from derive.notation.tokens import Source, Token

FUNCTION_LETTERS = frozenset(
    "fghlrqpkFGHLEJRQ") | {
    "\\phi", "\\varphi", "\\psi", "\\Phi", "\\Psi", "\\ell", "\\rho", "\\sigma", "\\mathcal{L}",
}  # fmt: skip

ELEMENTARY = {
    "\\tanh": "\\tanh", "\\exp": "\\exp", "\\log": "\\log", "\\ln": "\\ln", "\\sin": "\\sin",
    "\\cos": "\\cos", "\\tan": "\\tan", "\\sinh": "\\sinh", "\\cosh": "\\cosh", "\\sqrt": "\\sqrt",
}  # fmt: skip

WORDS = {
    "tanh": "\\tanh", "exp": "\\exp", "log": "\\log", "ln": "\\ln", "sin": "\\sin", "cos": "\\cos",
    "tan": "\\tan", "sinh": "\\sinh", "cosh": "\\cosh", "sigmoid": "\\sigma", "sigm": "\\sigma",
    "softplus": "\\operatorname{softplus}",
}  # fmt: skip

STYLES = frozenset(
    {
        "\\hat", "\\bar", "\\tilde", "\\vec", "\\dot", "\\mathbf", "\\boldsymbol", "\\bm",
        "\\mathcal", "\\mathrm", "\\mathit", "\\mathsf", "\\operatorname", "\\text", "\\widehat",
        "\\widetilde", "\\overline", "\\underline", "\\mathbb",
    }
)  # fmt: skip

_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Scope:
    """The declarations of a text.

    `functions` are the names that are applied, with their number of arguments; `timed` the names that
    vary in time; `raised` those of them that write time as a superscript; `indices` the index letters.
    """

    functions: Mapping[str, int] = field(default_factory=lambda: _NONE)
    timed: frozenset[str] = frozenset()
    raised: frozenset[str] = frozenset()
    indices: frozenset[str] = frozenset({"t", "T"})
    quantities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Mention:
    """One occurrence of a name with what is attached to it; `arguments` are those of a call."""

    name: str
    below: tuple[Token, ...] | None
    above: tuple[Token, ...] | None
    arguments: tuple[tuple[Token, ...], ...] | None
    left: bool
    offset: int


class Skim:
    """Walks over the tokens of one formula and finds names, scripts and calls, without meaning."""

    def __init__(self, found: tuple[Token, ...]) -> None:
        self.found = found

    def mentions(self) -> Iterator[Mention]:
        at, first = 0, True
        while self.found[at].kind != "end":
            name, after = name_at(self.found, at)
            if name is None:
                at += 1
                first = first and self.found[at - 1].text in "({["
                continue
            below, above, after = scripts_at(self.found, after)
            while self.found[after].text == "'":
                after += 1
            arguments = arguments_at(self.found, after)
            yield Mention(name, below, above, arguments, first, self.found[at].offset)
            first = False
            at = after

    def bound(self) -> Iterator[str]:
        """The letters under Σ and Π."""
        for at, token in enumerate(self.found):
            if token.text in ("\\sum", "\\prod"):
                below, _, _ = scripts_at(self.found, at + 1)
                inside = [t for t in below or () if t.kind == "name"]
                relation = any(t.text in ("\\le", "\\leq", "<") for t in below or ())
                if inside and not relation:
                    yield inside[0].text
                elif relation and below is not None:
                    yield from (t.text for t in below if t.kind == "name" and t.text != "T")


def name_at(found: tuple[Token, ...], at: int) -> tuple[str | None, int]:
    """The name that begins at a token (a letter, a Greek macro, `\\hat{y}`), and where it ends."""
    token = found[at]
    if token.kind == "name":
        return token.text, at + 1
    if token.kind == "macro" and token.text in STYLES:
        inside, after = group_at(found, at + 1)
        letters = "".join(t.text for t in inside)
        plain = letters.replace(" ", "")
        word = token.text in ("\\operatorname", "\\mathrm", "\\text")
        if not plain or (word and plain in (*WORDS, "d")):
            return None, at
        if all(t.kind in ("name", "number") or t.text in STYLES or t.text in "{}" for t in inside):
            return f"{token.text}{{{letters}}}", after
    return None, at


def group_at(found: tuple[Token, ...], at: int) -> tuple[tuple[Token, ...], int]:
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


def scripts_at(
    found: tuple[Token, ...], at: int
) -> tuple[tuple[Token, ...] | None, tuple[Token, ...] | None, int]:
    """The subscript and superscript at `at`, and where they end."""
    below: tuple[Token, ...] | None = None
    above: tuple[Token, ...] | None = None
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


def arguments_at(found: tuple[Token, ...], at: int) -> tuple[tuple[Token, ...], ...] | None:
    """The comma-separated contents of the parentheses at `at`; None where there are none."""
    if found[at].text != "(":
        return None
    parts: list[tuple[Token, ...]] = []
    current: list[Token] = []
    depth, i = 0, at
    while found[i].kind != "end":
        text = found[i].text
        depth += {"(": 1, "[": 1, "{": 1, "\\{": 1}.get(text, 0)
        depth -= {")": 1, "]": 1, "}": 1, "\\}": 1}.get(text, 0)
        if depth == 0:
            break
        if text == "," and depth == 1:
            parts.append(tuple(current))
            current = []
        elif i > at:
            current.append(found[i])
        i += 1
    return (*parts, tuple(current))


def unwrapped(script: tuple[Token, ...]) -> tuple[Token, ...]:
    """A superscript (t) or ⟨t⟩ without its brackets."""
    texts = [t.text for t in script]
    if len(script) >= 3 and (texts[0], texts[-1]) in (("(", ")"), ("\\langle", "\\rangle")):
        return script[1:-1]
    return script


def index_letters(script: tuple[Token, ...] | None) -> tuple[set[str], bool] | None:
    """The letters of an index expression and whether it is shifted; None if it is none."""
    if not script or any(t.kind not in ("name", "number") and t.text not in "+-" for t in script):
        return None
    letters = {t.text for t in script if t.kind == "name"}
    if sum(t.kind == "name" for t in script) != len(letters):
        return None
    neighbours = pairwise(script)
    if any(a.kind == "name" and b.kind in ("name", "number") for a, b in neighbours):
        return None
    return letters, len(script) > 1


def collect(formulas: Iterable[tuple[Source, tuple[Token, ...]]]) -> Scope:
    """The scope of formulas that belong together; DeriveError where a name is used in two ways."""
    skims = [(source, Skim(found)) for source, found in formulas]
    mentions = [(source, m) for source, skim in skims for m in skim.mentions()]
    indices = _indices([m for _, m in mentions], {b for _, s in skims for b in s.bound()})
    timed = {m.name for _, m in mentions if _has_index(m.below, indices)}
    raised = _raised([m for _, m in mentions], indices, timed)
    applied = {m.name for _, m in mentions if _time_call(m, indices)}
    timed |= raised | {m.name for _, m in mentions if m.left and _time_call(m, indices)}
    quantities = {
        m.name for _, m in mentions if m.arguments is None and m.name not in timed | indices
    }
    functions = _functions(mentions, timed | applied, quantities, indices, timed)
    return Scope(
        MappingProxyType(functions),
        frozenset(timed),
        frozenset(raised),
        frozenset(indices),
        frozenset(quantities),
    )


def _indices(mentions: list[Mention], bound: set[str]) -> set[str]:
    shifted = set()
    for m in mentions:
        for script in (m.below, unwrapped(m.above) if m.above else None):
            found = index_letters(script)
            if found and found[1] and script and any(t.kind == "number" for t in script):
                if script is m.below or m.left or _parenthesised(m.above):
                    shifted |= found[0]
                elif len(found[0]) == 1:
                    shifted |= found[0] & {"t"}
    return {"t", "T"} | bound | shifted


def _parenthesised(script: tuple[Token, ...] | None) -> bool:
    return script is not None and unwrapped(script) != script


def _has_index(script: tuple[Token, ...] | None, indices: set[str]) -> bool:
    found = index_letters(script)
    return bool(found and found[0] and found[0] <= indices)


def _raised(mentions: list[Mention], indices: set[str], timed: set[str]) -> set[str]:
    """The names whose superscript is time, because a left side writes it so."""

    def index_above(m: Mention) -> bool:
        return m.above is not None and _has_index(unwrapped(m.above), indices)

    left = {m.name for m in mentions if m.left and index_above(m) and m.name not in timed}
    if not left:
        return set()
    plain = {m.name for m in mentions if not index_above(m) and not _numbered_above(m)}
    inputs = {m.name for m in mentions if index_above(m)} - plain - timed
    return left | inputs


def _numbered_above(m: Mention) -> bool:
    return m.above is not None and all(t.kind == "number" for t in unwrapped(m.above))


def _time_call(m: Mention, indices: set[str]) -> bool:
    """h(t), h(t-1): a name applied to an index expression."""
    if m.arguments is None or len(m.arguments) != 1 or m.below or m.above:
        return False
    return _has_index(m.arguments[0], indices)


def _functions(
    mentions: list[tuple[Source, Mention]],
    time_called: set[str],
    quantities: set[str],
    indices: set[str],
    timed: set[str],
) -> dict[str, int]:
    found: dict[str, int] = {}
    for source, m in mentions:
        name = label_name(m, indices, timed)
        if m.arguments is None or name is None or m.above:
            continue
        if _time_call(m, indices) and m.name in time_called:
            continue
        if not _is_call(source, m, quantities):
            continue
        count = len(m.arguments)
        if found.setdefault(name, count) != count:
            raise DeriveError(
                f"{name} is used with {count} arguments here and with {found[name]} before",
                source.place(m.offset),
            )
    return found


def label_name(m: Mention, indices: set[str] | frozenset[str], timed: set[str]) -> str | None:
    """The name with a label for a subscript; None where the subscript is a time."""
    if m.below is None:
        return m.name
    if _has_index(m.below, set(indices)) or m.name in timed:
        return None
    return f"{m.name}_{{{''.join(t.text for t in m.below)}}}"


def _is_call(source: Source, m: Mention, quantities: set[str]) -> bool:
    assert m.arguments is not None
    if m.left or len(m.arguments) > 1:
        return True
    if m.name in quantities:
        return False
    depth = 0
    for t in m.arguments[0]:
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(t.text, 0)
        if depth == 0 and t.text in ("+", "-") and m.name not in FUNCTION_LETTERS:
            raise DeriveError(
                f"'{m.name}(' may be a product or a call: write {m.name} \\cdot (…) for the product",
                source.place(m.offset),
            )
    return True
