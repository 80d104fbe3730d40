"""Functions that the prose of a page tells: "f is the sigmoid function"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from derive.algebra.core import App, D, Fn, Ref, walk
from derive.meaning.model import depended
from derive.notation.habits import SLOPELESS
from derive.text.page import Formula, Item, Prose
from derive.text.trees import Name
from derive.text.trees import walk as nodes

if TYPE_CHECKING:
    from derive.judge.readings import Tried
    from derive.judge.understanding import Understanding

WORDS = {
    "stop-gradient": "\\stopgrad",
    "stop gradient": "\\stopgrad",
    "stopgradient": "\\stopgrad",
    "gradient-stopping": "\\stopgrad",
    "detach": "\\stopgrad",
    "sigmoid": "\\sigma",
    "logistic": "\\sigma",
    "tanh": "\\tanh",
    "hyperbolic tangent": "\\tanh",
    "relu": "\\relu",
    "rectified linear": "\\relu",
    "rectifier": "\\relu",
    "softplus": "\\softplus",
    "softmax": "softmax",
    "双曲正切": "\\tanh",
    "双曲線正接": "\\tanh",
    "シグモイド": "\\sigma",
    "시그모이드": "\\sigma",
}
HABITUAL = "\\sigma"
"""What is read as the logistic function where the page says nothing of it."""
FOUND = "|".join(WORDS)
IS = r"(?:is|denotes|be|represents|stands for|为|是|表示|选用|取|は|est|ist|es)"
BEHIND = re.compile(
    rf"^\s*(?:\(\s*[a-z]\s*\)\s*)?{IS}\s*(?:here |just |simply |again )?(?:the|a|an|la|die|une|el)?\s*"
    rf"(?P<word>{FOUND})"
    r"(?P<rest>[^.。;；]{0,30})",
    re.IGNORECASE,
)
APPOSED = re.compile(
    rf"^\s*(?:the|a|an)\s+(?P<word>{FOUND})(?P<rest>[^.。;；]{{0,30}})", re.IGNORECASE
)
WITH = re.compile(r"\bwith\s*$", re.IGNORECASE)
ALONE = re.compile(
    r"^\s*(?:(?:logistic|sigmoid|activation|transfer|squashing|unit|non-?linearit(?:y|ies)"
    r"|functions?|operat(?:or|ion)s?"
    r"|函数|関数|함수|激活|Funktion)\s*)*"
    rf"(?:\((?:{FOUND})\)\s*)?"
    r"(?:$|[,，(]|and\b|as\b|applied|acting|element|component|point|row|which|whose|です|である|이다)",
    re.IGNORECASE,
)  # nothing that makes of the word another function: no tanh inverse, no sigmoid with a slope
AFTER = re.compile(
    r"^\s*(?:$|[,.;:)。，；]|and\b|applied|element|function|activation|non-?linearity|函数|関数|激活"
    r"|(?:is|be) (?:applied|used)|(?:turns|maps|takes|gives|returns|converts|normali[sz]es)\b)",
    re.IGNORECASE,
)
HEDGED = re.compile(
    r"\b(?:if|when|whenever|unless|unlike|instead|usual\w*|typical\w*|often|mostly|example|e\.?g|instance|suppos\w*|imagine|were|would|could|"
    r"may|might|can|not|no|longer|neither|never|replac\w*|rather|than|without|except|inverse|scaled|hard|derivative|slope)\b"
    r"|如果|若|当|例如|比如|通常|不|もし|例えば|代わり|반면|만약|\bwenn\b|\bsi\b|если",
    re.IGNORECASE,
)
ANOTHER = re.compile(
    r"^\s*(?:is|denotes|be|represents)\s+(?:here |now |just |simply |again |instead )?(?:an?|the)\s+"
    rf"(?!(?:\w+[ -]){{0,3}}(?:{FOUND}|activation|non-?linear\w*|squashing|transfer|element"
    r"|component|point|smooth|differentiable|functions?|scalar))",
    re.IGNORECASE,
)  # is a cubic
BEFORE = re.compile(
    rf"(?:\bthe|\bour|采用|使用|其中)\s*(?P<word>{FOUND})(?:\s*(?:activation|non-?linearity|激活))?\s*(?:function|函数|関数)?\s*$",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r"\bor\b|或|または|\betc\b|\bsuch\b|\blike\b|等|\bderivative|导数|\bscaled\b|\bof\b",
    re.IGNORECASE,
)
MEANT = frozenset(
    (
        "f",
        "g",
        "h",
        "\\phi",
        "\\varphi",
        "\\sigma",
        "S",
        "s",
        "\\mathcal{S}",
        "\\psi",
        "\\Phi",
        "\\rho",
        "act",
        "\\bot",
        "\\perp",
    )
)


def told_functions(u: Understanding) -> dict[str, str]:
    """The functions that the prose beside their name says to be one that everybody knows; none of which it says two things."""  # noqa: E501
    said: dict[str, set[str]] = {}
    items = list(u.page.items)
    for at, item in enumerate(items):
        if not isinstance(item, Formula) or item.display or len(item.chains) != 1:
            continue
        (chain,) = item.chains
        row = chain.members[0].tree if len(chain.members) == 1 else ()
        if not row or not isinstance(row[0], Name) or row[0].letter not in MEANT or row[0].primes:
            continue
        if len(row) > 2 or row[0].below or row[0].above:
            continue
        behind = items[at + 1] if at + 1 < len(items) else None
        before = items[at - 1] if at else None
        key = u.symbols.at(item.number).occurrence(row[0], None).key
        if isinstance(behind, Prose):
            found = BEHIND.match(behind.text)
            if isinstance(before, Prose) and WITH.search(before.text):
                found = found or APPOSED.match(behind.text)  # with f the sigmoid
            if ANOTHER.match(behind.text):
                said.setdefault(key, set()).add("")
            elif found and _is_plain(found, behind.text) and not _is_hedged(items, at):
                said.setdefault(key, set()).add(WORDS[found["word"].lower()])
        if isinstance(before, Prose) and len(row) == 1:
            found = BEFORE.search(before.text)
            after = behind.text if isinstance(behind, Prose) else ""
            plain = AFTER.match(after) and not OTHERS.search(after[:12])
            if found and plain and not _is_hedged(items, at):
                said.setdefault(key, set()).add(WORDS[found["word"].lower()])
    return {
        k: next(iter(words)) for k, words in said.items() if len(words) == 1 and "" not in words
    }


def _is_plain(found: re.Match[str], text: str) -> bool:
    """Whether a word stands by itself behind "is the": with nothing that makes of it another function, and beside no other one."""  # noqa: E501
    rest = re.split(r"[.。;；]", text[found.end("word") :])[0]
    others = {WORDS[w.lower()] for w in re.findall(FOUND, rest, re.IGNORECASE)}
    return (
        ALONE.match(rest) is not None
        and not OTHERS.search(found["rest"])
        and not re.search(r"\b(?:with|times|plus)\b|column|axis|axes|dimension", rest)
        and others <= {WORDS[found["word"].lower()]}
    )


def _is_hedged(items: Sequence[Item], at: int) -> bool:
    """Whether the sentence before a name says that something is so on a condition only, or elsewhere."""
    words = ""
    for item in reversed(items[:at]):
        if not isinstance(item, Prose | Formula) or (isinstance(item, Formula) and item.display):
            break
        if isinstance(item, Prose):
            parts = re.split(r"[.;:](?:\s|$)|[。；：]", item.text)
            words = f"{parts[-1]} {words}"
            if len(parts) > 1:
                break
    return HEDGED.search(words) is not None


def without_slope(tried: Tried) -> str:
    """A function that a line rests on, and whose name says that its slope may be 0: ⊥(x), round(x)."""
    model = tried.outcome.model
    assert model is not None
    sides = [tried.sides.left, tried.sides.right]
    if not any(isinstance(p, D) for side in sides for p in walk(side)):
        return ""
    names = depended(sides, model)
    bodies = sides + [d.body for n in names for d in model.definitions.get(n, ())]
    parts = [p for b in bodies for p in walk(b)]
    used = {p.name for p in parts if isinstance(p, App)}
    used |= {p.name for p in parts if isinstance(p, Ref) and p.name.startswith("\\")}
    return next((n for n in sorted(used) if SLOPELESS.search(n)), "")


def half_told(u: Understanding, tried: Tried) -> str:
    """An unknown function of a line of which the page says something: its slope in an equation, or in prose what it is; empty where there is none."""  # noqa: E501
    model = tried.outcome.model
    assert model is not None
    bodies = [tried.sides.left, tried.sides.right]
    bodies += [d.body for ds in model.definitions.values() for d in ds]
    unknown = {p.name for b in bodies for p in walk(b) if isinstance(p, App)}
    for number, _, chain in u.chains():
        head = chain.members[0].tree if len(chain.members) > 1 else ()
        if not head or not isinstance(head[0], Name):
            continue
        if not head[0].primes or len(head) > 2:
            continue
        key: str = u.symbols.at(number).occurrence(head[0], None).key
        if key in unknown:
            return key
    return next(iter(sorted(unknown & _spoken_of(u))), "")


def by_habit_alone(u: Understanding, tried: Tried) -> str:
    """The function of which the prose speaks and that no formula writes, where a line rests on a σ that was read as the logistic function by habit."""  # noqa: E501
    model = tried.outcome.model
    assert model is not None
    bodies = [tried.sides.left, tried.sides.right]
    bodies += [d.body for n in depended(bodies, model) for d in model.definitions.get(n, ())]
    if not any(isinstance(p, Fn) and p.name == HABITUAL for b in bodies for p in walk(b)):
        return ""
    prose = " ".join(item.text.lower() for item in u.page.items if isinstance(item, Prose))
    words = {word for word in WORDS if re.search(rf"(?<![a-z]){word}", prose)}
    letters = {
        n.letter.removeprefix("\\").lower()
        for c in u.page.chains
        for m in c.members
        for n in nodes(m.tree)
        if isinstance(n, Name)
    }
    meant = {WORDS[word] for word in words}
    if HABITUAL in meant or HABITUAL.removeprefix("\\") not in letters:
        return ""
    others = {name.removeprefix("\\") for name in meant} - letters
    return next(iter(sorted(others)), "")


def _spoken_of(u: Understanding) -> set[str]:
    """The functions that stand in a sentence with the word for one that everybody knows."""
    found: set[str] = set()
    near = re.compile(FOUND, re.IGNORECASE)
    items = list(u.page.items)
    for at, item in enumerate(items):
        if not isinstance(item, Formula) or item.display:
            continue
        beside = [x.text for x in items[max(at - 1, 0) : at + 2] if isinstance(x, Prose)]
        if any(near.search(text) for text in beside):
            table = u.symbols.at(item.number)
            found |= {
                table.occurrence(n, None).key
                for c in item.chains
                for m in c.members
                for n in nodes(m.tree)
                if isinstance(n, Name) and n.letter in MEANT
            }
    return found
