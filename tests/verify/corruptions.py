"""Single-symbol corruptions of the right lines, made by program at the level of tokens.

`python tests/verify/corruptions.py` writes corruptions.tsv: what the oracle says of each, so that the gate
need not run the oracle. Everything is seeded by the page and the place of the member.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus import OPEN, Formula, Page, Token, Unreadable, pages, read
from oracle import Oracle, Truth, free_letters
from reading import ELEMENTARY, FRACTIONS, Tree, linear, parse

TABLE = Path(__file__).with_name("corruptions.tsv")
COLUMNS = ("page", "line", "column", "kind", "old", "new", "truth", "corrupted")
WANTED = {"false": 4, "meaningless": 1, "scalars": 1}
MOST_TRIED = 24
KIN = {
    "\\sin": "\\cos", "\\cos": "\\sin", "\\sinh": "\\cosh", "\\cosh": "\\sinh",
    "\\tanh": "\\sigma", "\\sigma": "\\tanh", "\\exp": "\\cosh", "\\ln": "\\exp",
}  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """text[start:end] becomes `new`; `kind` names the slip."""

    start: int
    end: int
    new: str
    kind: str

    def apply(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]


@dataclass(frozen=True)
class Corruption:
    """An edit of one member of a page, as it is kept in the table."""

    page: str
    line: int
    column: int
    kind: str
    old: str
    new: str
    truth: str
    corrupted: str

    def edit(self, text: str) -> Edit:
        """The edit in the page's text; ValueError where the page has changed since."""
        start = sum(len(line) for line in text.splitlines(keepends=True)[: self.line - 1])
        start += self.column - 1
        if not text.startswith(self.old, start):
            raise ValueError(f"{self.page}:{self.line}:{self.column} is not {self.old!r} any more")
        return Edit(start, start + len(self.old), self.new, self.kind)


def candidates(page: Page, found: tuple[Token, ...]) -> Iterator[Edit]:
    """The slips of all kinds in one member, in turn a slip of each kind."""
    makers = (indices, letters, symbols, signs, coefficients, dropped, swapped, terms, marks)
    draw = random.Random(f"{page.path.name} {found[0].start}")
    kinds = []
    for maker in makers:
        made = list(maker(page, found))
        draw.shuffle(made)
        kinds.append(made)
    draw.shuffle(kinds)
    for row in zip_longest(*kinds):
        yield from (edit for edit in row if edit is not None)


def scripts(found: tuple[Token, ...]) -> Iterator[tuple[Token, ...]]:
    """What stands in the index groups: subscripts, superscripts and times in parentheses."""
    for at, token in enumerate(found[:-1]):
        if token.text not in ("_", "^") or found[at - 1].text == "\\partial":
            continue
        if found[at + 1].text != "{":
            yield found[at + 1 : at + 2]
            continue
        end = closing(found, at + 1)
        inside = found[at + 2 : end]
        while inside and inside[0].text in ("(", "\\langle", "{"):
            inside = inside[1:-1]
        signs = [i for i, t in enumerate(inside) if t.text in ("=", "\\le", "\\ge")]
        if signs:
            inside = inside[signs[-1] + 1 :]
        if inside and all(t.text.isalnum() or t.text in "+-" for t in inside):
            yield inside


def closing(found: tuple[Token, ...], at: int) -> int:
    depth = 0
    for i in range(at, len(found)):
        depth += (found[i].text in OPEN) - (found[i].text in OPEN.values())
        if not depth:
            return i
    return len(found) - 1


def indices(page: Page, found: tuple[Token, ...]) -> Iterator[Edit]:
    """An index, a bound or an exponent one too high or too low."""
    for inside in scripts(found):
        try:
            index = linear(t.text for t in inside)
        except Unreadable:
            continue
        for step in (1, -1):
            moved = {**index, "": index[""] + step}
            text = written(moved)
            alone = page.text[inside[0].start - 1] in "_^"
            braced = f"{{{text}}}" if alone and len(text) > 1 else text
            yield Edit(inside[0].start, inside[-1].end, braced, "index")


def written(index: dict[str, int]) -> str:
    """t-k+1 and the like."""
    text = ""
    for letter, count in sorted(index.items(), key=lambda pair: (not pair[0], -pair[1])):
        if count:
            size = "" if abs(count) == 1 and letter else str(abs(count))
            text += ("-" if count < 0 else "+" if text else "") + size + letter
    return text or "0"


def letters(page: Page, found: tuple[Token, ...]) -> Iterator[Edit]:
    """An index letter for another of the same line (T for t, k for i)."""
    known = {t.text for inside in scripts(found) for t in inside if t.text.isalpha()}
    known = {a for a in known | {"t", "T"} if len(a) == 1}
    for inside in scripts(found):
        for token in inside:
            if token.text in known:
                for other in sorted(known - {token.text}):
                    yield Edit(token.start, token.end, other, "letter")


def symbols(page: Page, found: tuple[Token, ...]) -> Iterator[Edit]:
    """One symbol for another of the same note: h for o, θ for h."""
    inside_scripts = {t.start for inside in scripts(found) for t in inside}
    for token in found:
        if token.text in KIN:
            yield Edit(token.start, token.end, KIN[token.text], "function")
    names = sorted(
        {
            t.text
            for f in page.formulas
            for t in f.head.tokens[:1]
            if len(t.text) == 1 and t.text.isalpha()
        }
        | {t.text for f in page.formulas for t in f.members[0].tokens if _greek(t.text)}
    )
    for token in found:
        source = page.text[token.start : token.end]
        if token.text in names and token.start not in inside_scripts and source == token.text:
            for other in names:
                if other != token.text:
                    spaced = other + " " if other.startswith("\\") else other
                    yield Edit(token.start, token.end, spaced, "symbol")


def _greek(text: str) -> bool:
    return text in ("\\theta", "\\alpha", "\\beta", "\\gamma", "\\delta", "\\lambda")


def signs(page: Page, found: tuple[Token, ...]) -> Iterator[Edit]:
    """A sign that is no part of an index."""
    depth = 0
    for token in found:
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if token.text in ("+", "-") and depth == 0:
            yield Edit(token.start, token.end, "-" if token.text == "+" else "+", "sign")


def coefficients(page: Page, found: tuple[Token, ...]) -> Iterator[Edit]:
    """A number that is no index, and a 2 where there is none."""
    if not found[0].text.isdigit():
        yield Edit(found[0].start, found[0].start, "2 ", "coefficient")
    inside_scripts = {t.start for inside in scripts(found) for t in inside}
    for token in found:
        if token.text.isdigit() and token.start not in inside_scripts:
            yield Edit(token.start, token.end, str(int(token.text) + 1), "coefficient")


def quotients(found: tuple[Token, ...]) -> list[tuple[int, int]]:
    """The spans of positions of \\frac{…}{…}, outermost first."""
    spans = []
    for at, token in enumerate(found):
        if token.text in FRACTIONS and at + 1 < len(found) and found[at + 1].text == "{":
            middle = closing(found, at + 1)
            spans.append((at, closing(found, middle + 1)))
    return spans


def dropped(page: Page, found: tuple[Token, ...]) -> Iterator[Edit]:
    """A fraction that stands beside another factor is left out."""
    spans = quotients(found)
    for start, end in spans:
        before = any(b == start - 1 for _, b in spans)
        after = any(a == end + 1 for a, _ in spans)
        if before or after:
            yield Edit(found[start].start, found[end].end, "", "factor dropped")


def swapped(page: Page, found: tuple[Token, ...]) -> Iterator[Edit]:
    """Two fractions side by side change places."""
    spans = quotients(found)
    for a, b in spans:
        for c, d in spans:
            if c == b + 1:
                first = page.text[found[a].start : found[b].end]
                second = page.text[found[c].start : found[d].end]
                yield Edit(found[a].start, found[d].end, f"{second} {first}", "swapped")


def terms(page: Page, found: tuple[Token, ...]) -> Iterator[Edit]:
    """A term of a sum is left out."""
    ends = [at for at, t in top(found) if t.text in ("+", "-")]
    ends = [at for at in ends if at]
    for at, stop in zip(ends, [*ends[1:], len(found)], strict=False):
        yield Edit(found[at].start, found[stop - 1].end, "", "term dropped")


def top(found: tuple[Token, ...]) -> Iterator[tuple[int, Token]]:
    depth = 0
    for at, token in enumerate(found):
        depth -= token.text in OPEN.values()
        if not depth:
            yield at, token
        depth += token.text in OPEN


def marks(page: Page, found: tuple[Token, ...]) -> Iterator[Edit]:
    """Total for immediate, immediate for total."""
    for start, _ in quotients(found):
        if found[start + 2].text != "\\partial":
            continue
        if found[start + 3].text == "^":
            end = found[start + 4] if found[start + 4].text == "+" else found[start + 6]
            yield Edit(found[start + 3].start, end.end, "", "mark")
        elif found[start + 2].start < found[start + 2].end <= found[start + 3].start:
            yield Edit(found[start + 2].end, found[start + 2].end, "^+", "mark")


def corrupt(page: Page, oracle: Oracle, number: int, member: int) -> Iterator[Corruption]:
    """The corruptions of one claim that the oracle decides, a few of each kind of answer."""
    formula = page.formulas[number]
    places = [member] if len(formula.members) > 2 or bare(formula) else [member, 0]
    counts = dict.fromkeys(WANTED, 0)
    slips = zip_longest(*(candidates(page, formula.members[i].tokens) for i in places))
    tried: set[str] = set()
    for edit in (edit for row in slips for edit in row if edit is not None):
        if len(tried) >= MOST_TRIED or counts["false"] == WANTED["false"]:
            return
        text = edit.apply(page.text)
        touched = page.text[edit.start : max(edit.end, edit.start + 1)] + edit.new
        is_head = edit.start < formula.head.end
        if is_head and edit.kind == "function":  # σ(a) = … might define σ
            continue
        if "\n" in touched or blank_lines(text) > blank_lines(page.text):
            continue
        truth = truth_of(page, text, oracle, number, member)
        if truth is None or text in tried:
            continue
        tried.add(text)
        if counts.get(truth.kind, 9) < WANTED.get(truth.kind, 0):
            counts[truth.kind] += 1
            yield entry(page, text, edit, truth, number, member)


def blank_lines(text: str) -> int:
    """Lines without a word: a new one would end the display."""
    return sum(not line.strip() for line in text.splitlines())


def entry(page: Page, text: str, edit: Edit, truth: Truth, number: int, member: int) -> Corruption:
    broken = read(page.path, text)
    chain = broken.formulas[number]
    line = f"{broken.latex(chain.head)} = {broken.latex(chain.members[member])}"
    old = page.text[edit.start : edit.end]
    if not old:
        old, edit = whole_line(page.text, edit)
    place = page.line(edit.start), page.column(edit.start)
    return Corruption(page.path.name, *place, edit.kind, old, edit.new, truth.kind, line)


def whole_line(text: str, edit: Edit) -> tuple[str, Edit]:
    """An edit that says what stands there: an insertion takes the character after with it."""
    old = text[edit.start : edit.start + 1]
    return old, Edit(edit.start, edit.start + 1, edit.new + old, edit.kind)


def bare(formula: Formula) -> bool:
    """A head without a derivative is left alone: corrupted, it might define something."""
    texts = [t.text for t in formula.head.tokens]
    outer = {token.text for _, token in top(formula.head.tokens)}
    return not (
        outer & {"+", "-", "'"} or {texts[0]} & {*FRACTIONS, *ELEMENTARY, "\\partial", "\\nabla"}
    )


def truth_of(page: Page, text: str, oracle: Oracle, number: int, member: int) -> Truth | None:
    """What the oracle says of the corrupted claim; None where the page falls apart or it is unclear.

    A slip whose answer depends on whether the other members of the chain narrow the range is left out.
    """
    try:
        broken = read(page.path, text)
        if [len(f.members) for f in broken.formulas] != [len(f.members) for f in page.formulas]:
            return None
    except (Unreadable, IndexError):
        return None
    formula = broken.formulas[number]
    among = []
    for whole in (page.formulas[number], formula):
        for part in whole.members:
            try:
                among.append(parse(part.tokens, oracle.model.names))
            except Unreadable:
                continue
    known = free_letters([parse_or_nothing(formula, i, oracle) for i in (0, member)])
    wide = oracle.truth(formula, member)
    if wide.kind == "false":
        inner = tuple(t for t in among if free_letters(t) <= known)
        narrow = oracle.truth(formula, member, inner)
        return wide if narrow.kind in ("false", "meaningless") else None
    return wide


def parse_or_nothing(formula: Formula, member: int, oracle: Oracle) -> Tree:
    """The tree of a member; a number where it has none."""
    try:
        return parse(formula.members[member].tokens, oracle.model.names)
    except Unreadable:
        return ("num", 0)


def all_corruptions(page: Page) -> list[Corruption]:
    """The corruptions of all claims of a page."""
    oracle = Oracle(page)
    return [made for f, m in oracle.claims for made in corrupt(page, oracle, f, m)]


def place(page: Page, corruption: Corruption) -> tuple[int, int]:
    """The (formula, member) that a corruption is of: a head's is its only member's."""
    edit = corruption.edit(page.text)
    for number, formula in enumerate(page.formulas):
        for member, part in enumerate(formula.members):
            if part.start <= edit.start < part.end:
                return number, max(member, 1)
    raise ValueError(f"{page.path.name}:{corruption.line} is in no formula")


def table() -> list[Corruption]:
    """The corruptions as they are kept."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None))
    for row in rows:
        row.update(line=int(row["line"]), column=int(row["column"]))
    return [Corruption(**row) for row in rows]


def main() -> None:
    """Writes the table."""
    lines = ["\t".join(COLUMNS)]
    for page in pages("right"):
        made = all_corruptions(page)
        lines += ["\t".join(str(getattr(c, name)) for name in COLUMNS) for c in made]
        print(page.path.name, len(made), file=sys.stderr)
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
