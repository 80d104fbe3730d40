"""What a line not understood may owe to what its author typed: `W_hh`, `h_t-1`, `theta`, `@`, `tahn(x)`.

Nothing is read otherwise for it; the reason says what LaTeX has, and what to write, and the definition
shows the place. A misspelt function would be read as a product of letters: nothing that uses what it makes
is refuted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from derive.algebra.functions import SPELLED
from derive.judge.functions_named import GIVES
from derive.text import tables
from derive.verify.verdicts import Judged, Report, Verdict

LABEL = re.compile(r"(?<![\\a-zA-Z])([a-zA-Z])_([a-zA-Z])([a-zA-Z]+)(?![a-zA-Z_^])")
STEP = re.compile(r"(?<![\\a-zA-Z])([a-zA-Z])_([a-zA-Z])(-|\+)(\d+)(?!\d)")
WORD = re.compile(r"(?<![\\a-zA-Z{])([a-zA-Z]{2,})(?![a-zA-Z}])")
HEAD = re.compile(r"\s*\\?([a-zA-Z]+)(?:[_^(\[]|\s*=)")
CALLED = re.compile(
    r"(?P<typed>(?P<head>\\operatorname\*?\s*\{|\\math(?:rm|sf|tt)\s*\{|\\text\s*\{|\\|(?<![\\a-zA-Z{_^]))"
    r"(?P<word>[a-zA-Z]{3,12})\}?)\s*(?:\\left\s*|\\[bB]igg?l?\s*)?[(\[]"
)
FUNCTIONS = "tanh sinh cosh sqrt relu softmax sigmoid softplus logistic arctan".split()  # noqa: SIM905
RARER = "coth sech sinc gelu selu celu silu elu prelu crelu softmin tan sin cos sort sqr".split()  # noqa: SIM905
OTHERS = frozenset((*RARER, *SPELLED, *tables.FUNCTIONS, *tables.WORDS))
# A macro or a function that the page makes itself.
OWN = (
    r"\\(?:(?:re)?newcommand|providecommand|DeclareMathOperator|def)\*?\s*\{?\s*\\WORD\b"
    r"|WORD\}?\s*\([^()]*\)\s*:?="
)
OF_A_NAME = re.compile(
    r"(?P<name>[a-zA-Z]+) (?:is defined by itself|is not understood|is defined nowhere|is no LaTeX)"
)
SUPPOSED = "it may be supposed"
DEFINES = ("definition", "remark")


@dataclass(frozen=True, slots=True)
class Slip:
    """What stands in the definition of `name`, typed, and a sentence that says what to write."""

    name: str
    typed: str
    sentence: str
    letter: str = ""  # the letter of LaTeX that is meant
    misspelt: bool = False  # a function: what it makes is lost


def explained(report: Report) -> Report:
    """The report, with what to write in the reasons of lines that a slip leaves open, and its place."""
    slips = {j.id: found for j in report.formulas if (found := next(_slips(j, report.text), None))}
    if not slips:
        return report
    lost = _made_of(report, slips)
    used = {slip.sentence for slip in slips.values() if slip.misspelt}
    formulas = []
    for j in report.formulas:
        slip = _responsible(j, list(slips.values())) or _losing(j, lost)
        if slip and j.id not in slips:
            used.add(slip.sentence)
            if slip.misspelt:
                j = replace(j, verdict=Verdict("unread", reason=slip.sentence))
            else:
                j = _saying(j, f"{j.verdict.reason.removesuffix('.')}; {slip.sentence}")
        formulas.append(j)
    shown = [
        _at(_saying(j, _head(j, slip)), report.text, slip.typed)
        if (slip := slips.get(j.id)) and slip.sentence in used
        else j
        for j in formulas
    ]
    return replace(report, formulas=tuple(shown))


def _responsible(judged: Judged, slips: list[Slip]) -> Slip | None:
    """The slip to which a line that is not understood may owe that."""
    if judged.verdict.kind != "unread":
        return None
    found = OF_A_NAME.match(judged.verdict.reason)
    for slip in slips:
        if found and slip.name == found["name"] and not slip.letter:
            return slip
        if slip.letter and SUPPOSED in judged.verdict.reason and slip.letter in judged.latex:
            return slip
    return None


def _made_of(report: Report, slips: Mapping[str, Slip]) -> Mapping[str, Slip]:
    """The names that a misspelt function makes, by themselves and by what is made of them."""
    lost = {s.name: s for s in slips.values() if s.misspelt}
    makes = [
        (head[1], j.latex.partition("=")[2])
        for j in report.formulas
        if (head := HEAD.match(j.latex)) and j.verdict.kind in DEFINES
    ]
    for _ in makes if lost else ():
        for name, right in makes:
            if name not in lost and (slip := next(_naming(right, lost), None)):
                lost[name] = slip
    return lost


def _losing(judged: Judged, lost: Mapping[str, Slip]) -> Slip | None:
    """The misspelt function without which a line might not be accused, or is not."""
    open_ = judged.verdict.kind == "unread" and judged.verdict.reason.endswith(GIVES)
    if judged.verdict.kind not in ("refuted", "carried") and not open_:
        return None
    return next(_naming(judged.latex, lost), None)


def _naming(latex: str, names: Mapping[str, Slip]) -> Iterator[Slip]:
    """The slips of those names that a formula has."""
    for name, slip in names.items():
        if re.search(rf"(?<![a-zA-Z]){name}(?![a-zA-Z])", latex):
            yield slip


def _misspelt(right: str, text: str) -> Iterator[tuple[str, str]]:
    """Functions that are one stroke beside a known one, and that the page does not make: typed, meant."""
    for called in CALLED.finditer(right):
        word = called["word"]
        meant = next((f for f in FUNCTIONS if _one_stroke(word.lower(), f)), None)
        own = OWN.replace("WORD", word)
        if meant and word not in OTHERS and not re.search(own, text):
            yield called["typed"], meant


def _one_stroke(word: str, known: str) -> bool:
    """Whether one letter is missing, too much, another, or two stand in the wrong order."""
    while word and known and word[0] == known[0]:
        word, known = word[1:], known[1:]
    while word and known and word[-1] == known[-1]:
        word, known = word[:-1], known[:-1]
    return max(len(word), len(known)) == 1 or (len(word) == 2 and word == known[::-1])


def _slips(judged: Judged, text: str) -> Iterator[Slip]:
    """What the author of a definition may have meant otherwise."""
    head = HEAD.match(judged.latex)
    if head is None or "=" not in judged.latex or judged.verdict.kind not in DEFINES:
        return
    name, right = head[1], judged.latex.partition("=")[2]
    for base, first, rest in LABEL.findall(right):
        if name in rest:  # so LaTeX has the name itself there
            product = " ".join((f"{base}_{first}", *rest))
            written, meant = f"{base}_{first}{rest}", f"{base}_{{{first}{rest}}}"
            yield Slip(name, written, f"{written} is {product} in LaTeX: write {meant}")
    for base, step, sign, number in STEP.findall(right):
        if base == name:
            written, meant = f"{base}_{step}{sign}{number}", f"{base}_{{{step}{sign}{number}}}"
            product = f"{base}_{step} {sign} {number}"
            yield Slip(name, written, f"{written} is {product} in LaTeX: write {meant}")
    if "@" in right:
        yield Slip(
            name, "@", "@ is no sign of LaTeX: leave it out between factors, or write \\cdot"
        )
    for written, meant in _misspelt(right, text):
        sentence = f"no function {written} is known: did you mean \\{meant}?"
        yield Slip(name, written, sentence, misspelt=True)
    for word in WORD.findall(right):
        if word in tables.GREEK:
            meant = f"\\{word}"
            sentence = f"the word {word} is a name of its own, another than {meant}: write {meant}"
            yield Slip(name, word, sentence, meant)


def _saying(judged: Judged, reason: str) -> Judged:
    return replace(judged, verdict=replace(judged.verdict, reason=reason))


def _head(judged: Judged, slip: Slip) -> str:
    """The reason of the definition: what was not understood in it, and what to write."""
    said = judged.verdict.reason
    return f"{said}; {slip.sentence}" if said and judged.verdict.kind != "remark" else slip.sentence


def _at(judged: Judged, text: str, typed: str) -> Judged:
    """The definition, shown where `typed` stands in it; a definition without meaning is unread."""
    offset = text[judged.start : judged.end].find(typed)
    if judged.verdict.kind == "remark":
        judged = replace(judged, verdict=replace(judged.verdict, kind="unread"))
    if offset < 0:
        return judged
    start = judged.start + offset
    before = text[judged.start : start]
    line = judged.line + before.count("\n")
    column = len(before) - before.rfind("\n") if "\n" in before else judged.column + offset
    end = start + len(typed)
    return replace(judged, start=start, end=end, line=line, column=column)
