"""What the letters of a page are by habit, and how they are written on it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from derive.judge.made import NAMED_SHAPE, ODD, SCALARS, SHAPES_NAMED
from derive.judge.names import COSTS, named
from derive.meaning.model import ORDERED
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import below_time
from derive.notation.pieces import terms_of as terms_of
from derive.notation.shapes_said import trimmed
from derive.notation.slots import parts_of
from derive.text.page import Formula, Prose
from derive.text.spelled import spelled
from derive.text.trees import Group, Name
from derive.text.trees import walk as nodes

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding


def survey(u: Understanding) -> None:
    """How many components each name has at most, and which ordered slots."""
    setting = u.setting
    tally: dict[str, Counter[int]] = {}
    before: Counter[str] = Counter()  # uses with fewer indices before the first with so many
    usual: dict[str, int] = {}  # and how many indices most of these have
    for number, _, chain in u.chains():
        table = u.symbols.at(number)
        for row in (*(m.tree for m in chain.members), *chain.conditions):
            for name, behind in named(row):
                occurs = table.occurrence(name, behind)
                count = sum(d == "component" for d, _ in occurs.indices)
                count += sum(len(below_time(r) or ()) for d, r in occurs.indices if d == "time")
                tally.setdefault(occurs.key, Counter())[count] += 1
                if count > setting.components.get(occurs.key, 0):
                    seen = tally[occurs.key]
                    fewer = max(range(count), key=lambda n: (seen[n], n))
                    usual[occurs.key], before[occurs.key] = fewer, seen[fewer]
                if count > setting.components.get(occurs.key, 0):
                    setting.components[occurs.key] = count
                slots = tuple(d for d, _ in occurs.indices if d not in ("component", "label"))
                if occurs.consumed and isinstance(behind, Group) and behind.below is not None:
                    inside = parts_of(behind.below)
                    setting.components[occurs.key] = max(
                        setting.components.get(occurs.key, 0), len(inside)
                    )
                full = setting.steps.get(occurs.key, ())
                setting.steps[occurs.key] = (*full, *(d for d in slots if d not in full))
                for domain, inside in occurs.indices:
                    counted = domain in ORDERED or domain == "sample"
                    if counted and len(inside) == 1 and isinstance(inside[0], Name):
                        setting.usual.setdefault(domain, inside[0].letter)
    without_odd(u, tally, before, usual)
    survey_forms(u)


def without_odd(
    u: Understanding,
    tally: dict[str, Counter[int]],
    before: Counter[str],
    usual: dict[str, int],
) -> None:
    """A name that is x_i until a few x_{i,n}, x_{ijk} follow has one, as has one that is said to be a vector: the others are not understood."""  # noqa: E501
    made = {
        (r.key, sum(d == "component" for d, _ in r.target.indices))
        for r in u._makers
        if r.target is not None
    }
    for key, seen in tally.items():
        most = u.setting.components.get(key, 0)
        below = usual.get(key, 0)
        late = seen[most] * ODD < before[key] <= seen[below]
        said = said_rank(u, key)
        if (said or (below and late)) and said < most and (key, most) not in made:
            u.setting.components[key] = said or below
            u.setting.odd.add(key)


def said_rank(u: Understanding, key: str) -> int:
    """How many indices a name has at most by its stated shape, the 1 of a b in ℝ^n; 0 where none is stated for all of it."""  # noqa: E501
    symbol = u.symbols.at(0).symbol(key)
    if symbol is None or symbol.shape is None or key in u.symbols.symbols.entered:
        return 0
    return len(trimmed(symbol.shape))


def survey_forms(u: Understanding) -> None:
    """How many components a name has at most where it is written without some of its ordered slots."""
    for number, _, chain in u.chains():
        table = u.symbols.at(number)
        for member in chain.members:
            for name, behind in named(member.tree):
                occurs = table.occurrence(name, behind)
                given = {d for d, _ in occurs.indices}
                form = occurs.key + "".join(
                    f"∅{s}" for s in u.setting.steps[occurs.key] if s not in given
                )
                count = sum(d == "component" for d, _ in occurs.indices)
                count += sum(len(below_time(r) or ()) for d, r in occurs.indices if d == "time")
                if "∅" in form and count > u.setting.forms.get(form, 0):
                    u.setting.forms[form] = count


def habitual_rank(u: Understanding, symbol: Any) -> int:
    key = symbol.key
    named = NAMED_SHAPE.search(key)
    if named:
        return SHAPES_NAMED[named[1].lower()]
    if key in u._sandwiched or key in u.quadratic:
        return 2
    if symbol.kind in ("index", "size", "constant", "word", "function"):
        return 0
    core = re.sub(
        r"\\(?:mathbf|boldsymbol|bm|hat|tilde|bar|vec|widehat|overline|mathrm|dot|underline)\b|[{}]",
        "",
        key,
    )
    letter = core.split("_")[0].split("^")[0]
    if key in u._transposed_capitals and "time" not in symbol.slots:
        return 2
    if key in u._divisors:
        return 0
    gain = letter == "K" and bool({"time", "layer"} & set(symbol.slots))  # no horizon has a step
    counts = letter in "TNLKM" and key not in u._before_vectors and not gain
    if len(letter) == 1 and letter.isupper() and not counts and letter in key[:1]:
        if symbol.kind == "parameter" or (key in u._matrices and "time" not in symbol.slots):
            return 2
        if key in u._before_vectors:
            return 2
    if key in u._squared:
        return 0
    drawn_or_made = key in u.setting.chance
    if not drawn_or_made and (
        u.symbols.is_cost(key)
        or (COSTS.match(letter) and letter != key and letter not in u.symbols.states)
    ):
        return 0
    bold = bool(re.match(r"\\(?:mathbf|boldsymbol|bm|vec|underline)\b", key))
    if key in u._entry_by_entry and letter[-1:].islower():
        return 1
    state = symbol.kind == "variable" and letter == "s" and "time" in symbol.slots
    given = letter in ("p", "q", "r") and key in u._parameters_given
    plain = letter in SCALARS and not bold and not state and not given
    if plain or (key == letter and has_bold_twin(u, letter)):
        return 0
    if symbol.kind == "parameter" and given:
        return 1
    if symbol.kind == "parameter" or bold:
        if letter[:1].isupper() and len(letter) == 1:
            return 2
        greek = ("\\beta", "\\gamma", "\\theta", "\\vartheta", "\\phi", "\\psi", "\\omega")
        return 1 if bold or letter in ("b", "c", "w", "u", "v", *greek) else 0
    if (
        symbol.kind == "input"
        and letter[:1].isupper()
        and len(letter) == 1
        and "time" not in symbol.slots
    ):
        return 2
    return 1


def formal_letters(u: Understanding) -> set[str]:
    r"""The letters that \partial_p, d_p or ∇_p differentiates by and that functions have as an argument, f(x, p); no time."""  # noqa: E501
    by: set[str] = set()
    for _, _, chain in u.chains():
        for member in chain.members:
            for node in nodes(member.tree):
                if not isinstance(node, Name) or node.letter not in (
                    "\\partial",
                    "d",
                    "\\nabla",
                ):
                    continue
                below = node.below or ()
                if len(below) == 1 and isinstance(below[0], Name) and not below[0].below:
                    by.add(below[0].letter)
    given = {
        r[0].letter
        for role in u.symbols.roles.values()
        if role.target is not None
        for r in role.target.arguments or ()
        if len(r) == 1 and isinstance(r[0], Name) and not r[0].below and not r[0].above
    }
    return {a for a in by & given if a not in ("t", "i", "j", "k", "n", "l")}


def what_nabla_is_of(u: Understanding) -> Any:
    """What all ∇ of a page differentiate by, as far as they say it; None where they differ."""
    rows = {}
    for _, _, chain in u.chains():
        for member in chain.members:
            for node in nodes(member.tree):
                if isinstance(node, Name) and node.letter == "\\nabla" and node.below:
                    rows[spelled(node.below)] = node.below
    return next(iter(rows.values())) if len(rows) == 1 else None


def lists_of_nabla(u: Understanding) -> list[tuple[int, int, list[Any]]]:
    """The chains that begin with ∇G(a, b), and what ∇ is by in them: names, one after another."""
    found = []
    for _, _, chain in u.chains():
        head = chain.members[0].tree if chain.members else ()
        if len(head) != 3 or not isinstance(head[2], Group) or head[2].opening != "(":
            continue
        mark, function = head[:2]
        bare = isinstance(mark, Name) and mark.letter == "\\nabla" and not mark.below
        rows = parts_of(head[2].inside)
        if bare and isinstance(function, Name) and all(_is_name(r) for r in rows):
            found.append((chain.members[0].start, chain.members[-1].end, rows))
    return found


def _is_name(row: Any) -> bool:
    return len(row) == 1 and isinstance(row[0], Name)


def overloaded(u: Understanding) -> set[str]:
    """The functions that the page applies to different numbers of arguments, hidden ones left out."""
    counts: dict[str, set[int]] = {}
    for _, _, behind, occurs in u.occurrences():
        if occurs.arguments is not None and behind is not None:
            given = len([r for r in occurs.arguments if r]) - occurs.hidden
            counts.setdefault(occurs.key, set()).add(given)
    return {key for key, seen in counts.items() if len(seen) > 1}


LAGRANGE = re.compile(
    r"Lagrang|Hamilton|\bcostates?\b|\bco-states?\b|\bmultipliers?\b|拉格朗日|哈密(?:顿|爾頓)|协态|ラグランジュ|ハミルトン|라그랑|Лагранж|Гамильтон",
    re.IGNORECASE,
)
LAGRANGIANS = re.compile(
    r"(?:\\(?:mathcal|mathscr|mathbf|hat|tilde|bar)\{)?[LHJ]\}?(?:_\w|_\{.*\})?$|\\Lambda$"
)
MULTIPLIERS = re.compile(
    r"(?:\\\w+\{)?(?:p|q|\\lambda|\\mu|\\nu|\\psi|\\eta|\\pi|\\alpha|\\beta)\}?$"
)


def lagrangians_of(u: Understanding) -> set[str]:
    """The Lagrangians and Hamiltonians of a page that speaks of them: made of multipliers, and of variables that stay free."""  # noqa: E501
    if not any(isinstance(i, Prose) and LAGRANGE.search(i.text) for i in u.page.items):
        return set()
    found = set()
    for number, index, chain in u.chains():
        role = u.symbols.roles.get((number, index))
        if role is None or role.kind != "definition" or not role.key or len(chain.members) < 2:
            continue
        table = u.symbols.at(number)
        used = {table.occurrence(n, b).key for n, b in named(chain.members[1].tree)}
        multipliers = {k for k in used if MULTIPLIERS.match(k)}
        if LAGRANGIANS.match(role.key) and multipliers and role.key not in used:
            found.add(role.key)
    return found


def has_bold_twin(u: Understanding, letter: str) -> bool:
    """Whether the page has a vector of the same letter in bold, and not once or twice for the plain one: that is a number."""  # noqa: E501
    bold = {f"\\{style}{{{letter}}}" for style in ("mathbf", "boldsymbol", "bm", "vec")}
    if not any(u.symbols.at(0).symbol(key) is not None for key in bold):
        return False
    seen = [o for _, _, _, o in u.occurrences()]
    whole = sum(o.key == letter and not o.indices for o in seen)
    return sum(o.key in bold for o in seen) * ODD >= whole


def note_entrywise(u: Understanding) -> None:
    """Functions that are applied entry by entry: with a prime on the page, or by habit."""
    for item in u.page.items:
        if not isinstance(item, Formula):
            continue
        for chain in item.chains:
            for member in chain.members:
                for node in nodes(member.tree):
                    if isinstance(node, Name) and node.primes:
                        occurs = u.symbols.at(item.number).occurrence(node, None)
                        u.setting.entrywise.add(occurs.key)
    u.setting.entrywise |= (
        {"\\sigma", "\\phi", "\\varphi", "\\Phi", "act", "g"}
        if u.setting.arrays and not u.vectors
        else set()
    )
