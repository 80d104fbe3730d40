"""The survey of a page, gathered: its names, what binds and ties its index letters, and where each
formula stands."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from derive.notation import habits
from derive.notation.chance import NAMES as MEANS
from derive.notation.chance import drawn, variable_of
from derive.notation.gates import gates_of
from derive.notation.shapes_said import is_reals, shape_of_set
from derive.notation.slots import EQUAL, Use, Where, bare, is_word, names_in, plain, single_name
from derive.notation.surveys import Survey, core
from derive.notation.tabled import tabled_names
from derive.text.page import Break, Chain, Formula, Heading, Page, Prose
from derive.text.spelled import spelled
from derive.text.trees import Big, Group, Name, Number, Row, Sign, Table, children, walk

APART = (
    3  # sections in which a plain name stands and its bold one nowhere, from which on they are two
)


def survey_of(
    chains: Sequence[tuple[int, int, Chain]], prose: str, wheres: Mapping[int, Where]
) -> Survey:
    """The survey of all chains."""
    survey = Survey()
    survey.layered = bool(re.search(r"\blayers?\b|\bcouche|\bSchicht", prose, re.IGNORECASE))
    survey.sampled = bool(
        re.search(
            r"\b(?:examples?|samples?|batch|data|labels?|features?|patterns?|training)\b"
            r"|样本|批次|批量|小批|サンプル|バッチ|샘플|배치|\b(?:Beispiele?|Stichprobe|ejemplos?|muestras?|exemples?|échantillons?)\b",
            prose,
            re.IGNORECASE,
        )
    )
    survey.timed = bool(
        re.search(r"\b(?:time|recurren\w+|sequence|steps?|instant|zeit)\b", prose, re.IGNORECASE)
    )
    survey.aliases = aliases_of(chains, wheres)
    survey.minus = frozenset(
        bare(n)
        for _, _, chain in chains
        for member in chain.members
        for n, _, _ in names_in(member.tree)
        if n.above is not None and plain(n.above) == "-"
    )
    survey.upper_indices = upper_indices_of(chains, prose)
    survey.tabled = tabled_names(chain for _, _, chain in chains)
    survey.alone = frozenset(_alone(chains, survey.aliases))
    survey.gates = gates_of(chain for _, _, chain in chains)
    for number, index, chain in chains:
        heads = is_equation(chain)
        for at, member in enumerate(chain.members):
            head = single_name(member.tree) if at == 0 and heads else None
            between = single_name(member.tree) if at == 1 and len(chain.members) > 2 else None
            if between is not None and between[1] is not None and heads:
                survey.between.add(survey.split(between[0]).base)
            for name, behind, context in names_in(member.tree):
                first = head is not None and name is head[0]
                survey.see(Use(name, behind, number, index, at, first, context, survey.split(name)))
                _see_numbered(survey, name)
            _see_bounds(survey, number, member.tree)
            _see_sizes(survey, member.tree)
            _see_factors(survey, member.tree)
            _see_drawn(survey, member.tree)
            _see_list(survey, member.tree)
        _see_shape(survey, chain)
        _see_range(survey, number, chain)
        _see_example(survey, chain)
        for condition in chain.conditions:
            _see_condition(survey, number, condition)
    survey.counted_otherwise = set(_counted_otherwise(survey, chains))
    several = set(survey.counted_otherwise)
    while more := set(_made_of_samples(survey, chains, several)) - several:
        several |= more
    survey.sampled_names |= several
    return survey


TENSORS = re.compile(
    r"\bindex notation|\btensor notation|\bEinstein\b|\b(?:co|contra)variant\b|\bupper ind|\bsummation convention",  # noqa: E501
    re.IGNORECASE,
)


def upper_indices_of(chains: Sequence[tuple[int, int, Chain]], prose: str) -> frozenset[str]:
    r"""The letters of upper indices, where several names have runs of them that share a letter, A^{ij} = Q^{ia} K^{ja}, or that change, or where \delta has one above and one below; none where they may be labels."""  # noqa: E501
    runs: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    mixed = made = met = False
    for _, _, chain in chains:
        head = single_name(chain.members[0].tree) if is_equation(chain) else None
        made = made or (head is not None and head[0].letter == "\\delta")
        for member in chain.members:
            here: dict[str, str] = {}
            for name, _, _ in names_in(member.tree):
                if bare(name) in habits.CONSTANT or not name.above:
                    continue
                above = _index_letters(name.above)
                if len(above) > 1:
                    runs[bare(name)].add(above)
                    met = met or any(here.setdefault(a, bare(name)) != bare(name) for a in above)
                elif above and name.below and len(_index_letters(name.below)) == 1:
                    mixed = mixed or name.letter == "\\delta"
    several = len(runs) > 1 and (met or any(len(r) > 1 for r in runs.values()))
    said = TENSORS.search(prose) is not None
    mixed = mixed and not made and bool(runs)  # \delta^l_j, which a page makes, is an error
    if not (several or mixed or (said and runs)):
        return frozenset()
    letters = {a for found in runs.values() for run in found for a in run}
    return habits.TENSOR if mixed or said else frozenset(letters)


def _index_letters(row: Row) -> tuple[str, ...]:
    """The letters of a script that has nothing but letters of indices; none of any other."""
    names = [n for n in row if isinstance(n, Name) and n.below is None and n.above is None]
    plainly = len(names) == len(row) and all(n.letter in habits.TENSOR for n in names)
    return tuple(n.letter for n in names) if plainly else ()


def _see_sizes(survey: Survey, row: Row) -> None:
    """The letters of a stated shape."""
    for node in walk(row):
        if isinstance(node, Name) and is_reals(node) and node.above:
            survey.sizes |= {n.letter for n in walk(node.above) if isinstance(n, Name)}


def _see_example(survey: Survey, chain: Chain) -> None:
    r"""The letter of x_i \in \mathbb{R}^D: one of several vectors, and no entry."""
    if len(chain.members) != 2 or chain.members[1].relation not in ("\\in", "∈"):
        return
    single = single_name(chain.members[0].tree)
    if single is None or not shape_of_set(chain.members[1].tree):
        return
    pieces = survey.split(single[0]).pieces
    if len(pieces) == 1 and pieces[0].place == "below" and pieces[0].form == "letter":
        base = re.sub(r"^\\[a-z]+\{|\}$", "", survey.split(single[0]).base)
        letter = pieces[0].letter
        if base in ("x", "y") and letter in habits.INDEX - habits.TIME - habits.LAYER:
            survey.sampling.add(letter)
            survey.sampled_names.add(base)


def _counted_otherwise(survey: Survey, chains: Sequence[tuple[int, int, Chain]]) -> Iterator[str]:
    r"""The x of x \in \mathbb{R}^d where a sum over x_i runs to m: several vectors, and no entries."""
    sizes: dict[str, set[str]] = defaultdict(set)
    runs: dict[str, set[str]] = defaultdict(set)
    for _, _, chain in chains:
        if len(chain.members) == 2 and chain.members[1].relation in ("\\in", "∈"):
            (space, *more) = chain.members[1].tree or (None,)
            if (
                isinstance(space, Name)
                and is_reals(space)
                and len(space.above or ()) == 1
                and not more
            ):
                for name, _, _ in names_in(chain.members[0].tree):
                    sizes[survey.split(name).base].add(plain(space.above or ()))
        for node in (n for m in chain.members for n in walk(m.tree)):
            if isinstance(node, Big) and node.kind == "sum" and node.above:
                for letter in _bound_letters(node.below or ()):
                    runs[letter].add(plain(node.above))
    for base, stated in sizes.items():
        letter = core(base)
        letters = {p.letter for p in survey.pieces_at(base, "below") if not p.beside}
        if letters & (habits.TIME | habits.LAYER):
            continue
        ends = {end for letter in letters for end in runs.get(letter, ())}
        if (
            ends
            and len(stated) == 1
            and not ends & stated
            and len(letter) == 1
            and letter.islower()
        ):
            yield letter


def _made_of_samples(
    survey: Survey, chains: Sequence[tuple[int, int, Chain]], several: set[str]
) -> Iterator[str]:
    r"""The y of y_i = \gamma \odot x_i + \beta, where the x_i are several vectors."""
    for _, _, chain in chains:
        head = single_name(chain.members[0].tree) if is_equation(chain) else None
        if head is None or head[1] is not None or not (letter := _number_below(survey, head[0])):
            continue
        of_samples = any(
            core(survey.split(name).base) in several and _number_below(survey, name) == letter
            for name, _, context in names_in(chain.members[1].tree)
            if context == "main"
        )
        made = core(survey.split(head[0]).base)
        if of_samples and len(made) == 1 and made.islower():
            yield made


def _number_below(survey: Survey, name: Name) -> str:
    """The one letter that stands below a name."""
    pieces = survey.split(name).pieces
    alone = len(pieces) == 1 and pieces[0].place == "below" and not pieces[0].beside
    return pieces[0].letter if alone and pieces[0].form == "letter" else ""


def _see_numbered(survey: Survey, name: Name) -> None:
    r"""The w of w_i^\top: one of several vectors, and no entry, which nobody transposes."""
    found = survey.split(name)
    letter = core(found.base)
    (piece, *more) = found.pieces or (None,)
    if not found.transposed or piece is None or more or piece.place != "below" or piece.beside:
        return
    counts = piece.form == "number" or piece.letter in habits.INDEX - habits.TIME - habits.LAYER
    if counts and len(letter) == 1 and letter.islower():
        survey.sampled_names.add(letter)


def _see_shape(survey: Survey, chain: Chain) -> None:
    r"""A_1, A_2 \in \mathbb{R}^{m \times n}: each of them is a matrix, and its number no row's."""
    if len(chain.members) < 2 or chain.members[1].relation != "\\in":
        return
    shape = chain.members[1].tree
    if not shape or not is_reals(shape[0]) or not isinstance(shape[0], Name):
        return
    if not any(isinstance(n, Sign) and n.text == "\\times" for n in shape[0].above or ()):
        return
    for name, _, _ in names_in(chain.members[0].tree):
        pieces = survey.split(name).pieces
        if len(pieces) == 1 and pieces[0].form == "number" and pieces[0].place == "below":
            survey.numbered.add((survey.split(name).base, plain(pieces[0].row)))


def aliases_of(
    chains: Sequence[tuple[int, int, Chain]], wheres: Mapping[int, Where]
) -> dict[str, str]:
    r"""The plain names that are the bold ones of a page: unless one chain has both with the same scripts, or the plain one is most at home where the bold one does not stand; and l where it is \ell."""  # noqa: E501
    seen: dict[str, set[tuple[int, int, str]]] = defaultdict(set)
    for number, index, chain in chains:
        for member in chain.members:
            for name, _, _ in names_in(member.tree):
                scripts = plain((replace(name, letter="", style="", accents=()),))
                seen[bare(name)].add((number, index, scripts))
    found: dict[str, str] = {}
    for base, places in seen.items():
        if "\\mathbf" in base:
            thin = re.sub(r"\\mathbf\{([^{}]*)\}", r"\1", base)
            if thin in seen and not places & seen[thin]:
                own, other = ({wheres[n].section for n, _, _ in p} for p in (places, seen[thin]))
                if len(other - own) < max(APART, len(own) + 1):
                    found[thin] = base
    plain_l, curly = seen.get("l", set()), seen.get("\\ell", set())
    apart = not {n for n, _, _ in plain_l} & {n for n, _, _ in curly}
    if plain_l and curly and apart and {s for _, _, s in plain_l} <= {s for _, _, s in curly}:
        found["l"] = "\\ell"  # l_i where other formulas have \ell_i
    return found


def _alone(chains: Sequence[tuple[int, int, Chain]], aliases: dict[str, str]) -> Iterator[str]:
    """The plain names that are made without scripts, x = g(t), where the bold ones stand so, too."""
    names = [n for _, _, c in chains for m in c.members for n, _, _ in names_in(m.tree)]
    whole = {bare(n) for n in names if n.below is None}
    for _, _, chain in chains:
        head = single_name(chain.members[0].tree) if is_equation(chain) else None
        if head is None or head[0].below is not None or head[0].above is not None:
            continue
        thin = bare(head[0])
        if aliases.get(thin) in whole and head[1] is None:
            yield thin


def is_equation(chain: Chain) -> bool:
    return len(chain.members) > 1 and chain.members[1].relation in EQUAL and not chain.continues


def _see_factors(survey: Survey, row: Row) -> None:
    """The capitals that stand right before a name, or that are transposed."""
    for at, first in enumerate(row):
        second = row[at + 1] if at + 1 < len(row) else None
        if isinstance(first, Name) and len(first.letter) == 1 and first.letter.isupper():
            split = survey.split(first)
            before = isinstance(second, Name) and second.letter[:1].isalpha()
            if before or split.transposed or split.inverse:
                survey.factors[split.base] += 1
    for node in row:
        if isinstance(node, Group):
            _see_factors(survey, node.inside)


def _see_drawn(survey: Survey, row: Row) -> None:
    """What expectations draw, and what integrals without bounds run over."""
    for node in walk(row):
        if isinstance(node, Name) and node.letter in MEANS:
            survey.drawn |= {spelled((n,)) for n in drawn(node.below or ())}
    for at, node in enumerate(row):
        if isinstance(node, Big) and node.kind == "int" and node.above is None:
            found = variable_of(row, at)
            survey.drawn |= set() if found is None else {spelled((found[0],))}


def _see_bounds(survey: Survey, number: int, row: Row) -> None:
    """The letters under Σ and Π, tied to what bounds them."""
    for node in walk(row):
        if isinstance(node, Big) and node.kind in ("sum", "prod", "int") and node.below:
            below = [n for n in node.below if isinstance(n, Name)]
            if not below:
                continue
            signs = [n.text for n in node.below if isinstance(n, Sign)]
            bound = _bound_letters(node.below)
            survey.bound.update(bound)
            survey.upper.update(n.letter for n in (node.above or ()) if isinstance(n, Name))
            if "\\in" in signs:
                survey.link(number, bound)
            else:
                letters = [
                    n.letter for n in (*node.below, *(node.above or ())) if isinstance(n, Name)
                ]
                survey.link(number, letters)


def _bound_letters(below: Row) -> list[str]:
    """What a Σ binds: the letters before = or ∈, or all of them where there is neither."""
    found: list[str] = []
    for node in below:
        if isinstance(node, Sign) and node.text in ("=", "\\in", ":"):
            break
        if isinstance(node, Name) and node.below is None and not is_word(node):
            found.append(node.letter)
    signs = {n.text for n in below if isinstance(n, Sign)}
    if signs & {"\\leq", "<", "\\neq", ">", "\\geq"}:
        return [x for x in found if not x.isupper()][:1]
    return found


def _see_list(survey: Survey, row: Row) -> None:
    """x_1, …, x_n: n is the last of a range."""
    for node in row:
        if isinstance(node, Table):
            for cells in node.rows:
                _see_list(survey, tuple(n for cell in cells for n in cell))
    dotted = [at for at, n in enumerate(row) if isinstance(n, Sign) and "dots" in n.text]
    for at in dotted:
        last = next((n for n in row[at + 1 :] if isinstance(n, Name)), None)
        if last is not None and last.below and isinstance(last.below[-1], Name):
            if not _runs_down(row[:at], last):
                survey.upper[last.below[-1].letter] += 1
            before = [n for n in row[:at] if isinstance(n, Name) and n.below]
            if before and bare(before[-1]) == bare(last) and len(last.below) == 1:
                survey.ends.add((survey.split(last).base, last.below[-1].letter))
    for node in row:
        for inner in children(node):
            if dotted or not isinstance(node, Name):
                _see_list(survey, inner)


def _runs_down(before: Row, last: Name) -> bool:
    r"""Whether J_t J_{t-1} \cdots J_k begins at a letter: the k that it ends at is no last of a range."""
    assert last.below
    first = next((n for n in before if isinstance(n, Name) and bare(n) == bare(last)), None)
    end = last.below[-1]
    if first is None or not first.below or not isinstance(end, Name):
        return False
    return isinstance(first.below[0], Name) and end.letter not in habits.HORIZON


def _see_range(survey: Survey, number: int, chain: Chain) -> None:
    """`t = 1, …, T` and `1 ≤ t ≤ T` bind and tie as a Σ does."""
    rows = [member.tree for member in chain.members]
    if len(rows) < 2:
        return
    relations = [member.relation for member in chain.members[1:]]
    head = single_name(rows[0])
    dotted = any(isinstance(n, Sign) and "dots" in n.text for n in rows[1])
    if (
        relations[0] in ("=", "\\in")
        and head
        and dotted
        and not head[0].below
        and len(head[0].letter) < 2
    ):
        letters = [n.letter for n in rows[1] if isinstance(n, Name)]
        if not any(isinstance(n, Name) and n.below for n in rows[1]):
            survey.bound[head[0].letter] += 1
            survey.upper.update(letters[-1:])
            survey.link(number, [head[0].letter, *letters])
    if any(r in ("<", "\\leq", ">", "\\geq", "\\neq") for r in relations):
        nodes = [n for row in rows for n in row]
        if all(isinstance(n, Name | Number | Sign) for n in nodes) and all(
            n.below is None for n in nodes if isinstance(n, Name)
        ):
            survey.link(number, [n.letter for n in nodes if isinstance(n, Name)])


def _see_condition(survey: Survey, number: int, row: Row) -> None:
    letters = [n.letter for n in row if isinstance(n, Name) and n.below is None and not is_word(n)]
    survey.link(number, letters)
    dotted = any(isinstance(n, Sign) and "dots" in n.text for n in row)
    quantified = any(
        isinstance(n, Name | Sign) and getattr(n, "letter", getattr(n, "text", "")) == "\\forall"
        for n in row
    )
    letters = [x for x in letters if x != "\\forall"]
    if letters and (dotted or quantified):
        survey.bound[letters[0]] += 1


def places_of(page: Page) -> Iterator[tuple[int, Where]]:
    """Where each formula stands."""
    section = item = paragraph = items = level = 0
    text, last = "", ""
    for thing in page.items:
        match thing:
            case Heading():
                section, level, item, paragraph = section + 1, thing.level, 0, paragraph + 1
                text, last = "", thing.text
            case Break():
                paragraph += 1
                if thing.kind == "item":
                    items += 1
                    item = items
                elif thing.kind == "list end":
                    item = 0
                last, text = text or last, ""
            case Prose():
                text += " " + thing.text
            case Formula():
                before = text if text.strip() or not thing.display else last
                yield (
                    thing.number,
                    Where(
                        section,
                        item,
                        paragraph,
                        level,
                        before,
                        thing.display,
                        thing.in_heading or thing.in_caption,
                    ),
                )
                text += " □"
