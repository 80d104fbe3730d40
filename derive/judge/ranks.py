"""How many axes a name has beyond its written indices: declared, by habit, or implied by the formulas of a page."""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from derive.judge import (
    defining,
    families,
    functions_told,
    habitual,
    lying,
    matrices_of_names,
    random_names,
    sample_vectors,
    scopes,
)
from derive.judge.concatenated import concatenates, lists_entries
from derive.judge.edits import is_applied_to_a_step
from derive.judge.made import (
    ALL_ONES,
    ARRAYS,
    BOLD,
    NOTED_GRADIENT,
    ROWWISE,
    SAID_GRADIENT,
    SIZES,
    TRANSPOSED,
    WORDS_OF_ARRAYS,
    forms,
)
from derive.judge.names import named
from derive.notation.chance import NAMES as MEANS
from derive.notation.chance import WEIGHT
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import terms_of as terms_of
from derive.notation.setting import Unread
from derive.notation.shaped import (
    stated,
)
from derive.notation.slots import is_derivative
from derive.text.page import Heading, Prose
from derive.text.spelled import spelled
from derive.text.trees import Big as Bigs
from derive.text.trees import Fraction as Over
from derive.text.trees import Group, Name, Row, Sign
from derive.text.trees import walk as nodes

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding

UNNAMED_COST = "loss"
LEAST_GRADIENTS = 2
CAPITAL = re.compile(r"^(?:\\(?:mathbf|boldsymbol|bm|tilde)\{?)?[A-Z]")
PRODUCTS = ("\\cdot", "*", "@", "\\times")
GRADIENTS = re.compile(
    r"\bgradients?\b|back-?\s?prop|backward|derivatives?\b|梯度|反向传播|勾配|逆伝播|градиент|обратн",
    re.IGNORECASE,
)


def give_ranks(u: Understanding) -> None:
    """The axes that names have beyond their written indices: declared, by habit, or implied by formulas."""
    text = u.page.source.text
    prose = " ".join(i.text for i in u.page.items if isinstance(i, Prose))
    setting = u.setting
    indexed = sum("component" in s.slots for s in u.symbols.records())
    some = (
        bool(ARRAYS.search(text))
        or bool(TRANSPOSED.search(text))
        or u._transposes
        or concatenates(u)
        or lists_entries(u)
        or bool(matrices_of_names.written_out(u))
        or (bool(WORDS_OF_ARRAYS.search(prose)) and indexed < 4)
    )
    some = (some and not u.says_numbers and not u.scalars) or bool(u.vectors)
    setting.arrays, setting.scalars = some, u.scalars
    setting.plain = plain_letters(u)
    setting.told = functions_told.told_functions(u)
    setting.lagrangians = habitual.lagrangians_of(u)
    setting.nabla = habitual.what_nabla_is_of(u)
    setting.nabla_lists = habitual.lists_of_nabla(u)
    setting.stacks = bool(re.search(r"\\nabla\b|∇", text))
    setting.overloaded = habitual.overloaded(u)
    setting.layer_sizes = frozenset(m[1] for m in SIZES.finditer(text))
    setting.rowwise = bool(ROWWISE.search(prose)) or rows_are_data(u)
    setting.square_ones = bool(ALL_ONES.search(prose))
    setting.defined = {
        r.key for r in u.symbols.roles.values() if r.kind == "definition" and r.key
    } - u._kronecker
    setting.defined |= {r.named.key for r in u.symbols.roles.values() if r.named}
    setting.plain |= u._sandwiched | u.quadratic
    habitual.survey(u)
    gradients_by_name(u)
    setting.activated = dict(activated(u))
    setting.stepped = defining.stepped_slots(u)
    setting.chance = random_names.random_names_of(u)
    setting.drawn = random_names.draws(u)
    if setting.chance:
        u.normalised[WEIGHT] = "sample"
    several = shaped_twice(u)
    for symbol in u.symbols.records():
        if symbol.shape is not None and not u.scalars:
            shape = (
                [d for d in symbol.shape if d != "1"]
                if len(symbol.shape) == 2
                else list(symbol.shape)
            )
            before = u.symbols.symbols.entered.get(symbol.key, 0) if shape else 0
            setting.ranks[symbol.key] = max(before + len(shape), setting.ranks.get(symbol.key, 0))
            for place, dim in enumerate(shape, before):
                if symbol.key not in several and re.fullmatch(r"[^+?]*", dim):
                    setting.shared_dims[f"{symbol.key}:{place}"] = stated(dim, setting.layer_sizes)
            if symbol.row:
                setting.lying.add(symbol.key)
        elif some and not setting.components.get(symbol.key):
            setting.ranks.setdefault(symbol.key, habitual.habitual_rank(u, symbol))
    for name in u.symbols.records():
        if name.kind == "function" and name.shape is None:
            setting.ranks.pop(name.key, None)
    for key in (*read_as_numbers(u), *biases_of_products(u)):
        setting.ranks[key] = 0
    for key in matrices_in_sums(u) if some else ():
        setting.ranks[key] = 2
    for key in (*partners_of_transposed(u), *columns_by_use(u)) if some else ():
        setting.ranks[key] = setting.ranks.get(key) or 1
    lying.note_lying(u)
    if u.vectors:
        keys = {n.split("∅")[0] for n in u.vectors}
        setting.ranks = {k: int(k in keys) for k in setting.ranks}
        setting.numbers |= {
            name
            for k in keys
            for name in forms(k, setting.steps.get(k, ()))
            if name not in u.vectors
        }
    scopes.find_scopes(u)
    setting.lines = dict(scopes.lines_said(u))
    if some:
        sample_vectors.give_samples(u)
        setting.numbers |= {
            s.key
            for s in u.symbols.records()
            if len(s.key) == 1 and s.shape is None and habitual.has_bold_twin(u, s.key)
        }
    habitual.note_entrywise(u)
    families.note_families(u)


def gradients_by_name(u: Understanding) -> None:
    r"""dO = \partial L/\partial O shows what dX is for every X; else dX is by habit a gradient of the page's one cost."""  # noqa: E501
    records = u.symbols.records()
    costs = {
        s.key: None
        for s in records
        if s.kind == "variable" and not s.slots and u.symbols.is_cost(s.key) and s.key != "S"
    }
    for number, index, chain in u.chains():
        role = u.symbols.roles.get((number, index))
        if role is None or role.kind != "definition" or not role.key or role.key[0] != "d":
            continue
        right = chain.members[1].tree if len(chain.members) > 1 else ()
        if len(right) == 1 and isinstance(right[0], Over):
            table = u.symbols.at(number)
            names = [
                [table.occurrence(n, b).key for n, b in named(line)]
                for line in (right[0].above_line, right[0].below_line)
            ]
            of, by = (line[1:2] for line in names)  # behind the ∂, before what stands in scripts
            if of and by == [role.key[1:]] and of[0] in costs:
                u.setting.gradients.add(role.key)
                costs = {of[0]: None}
    text = u.page.source.text
    if SAID_GRADIENT.search(text) or NOTED_GRADIENT.search(text):
        u.setting.gradients.add("")
    u.setting.cost = next(iter(costs)) if len(costs) == 1 else None
    if not costs and speaks_of_gradients(u):
        u.setting.cost = UNNAMED_COST


def activated(u: Understanding) -> Iterator[tuple[str, str]]:
    r"""The gates of a page: what is made by \\sigma(…) or \\tanh(…) alone, and by which."""
    for number, index, chain in u.chains():
        role = u.symbols.roles.get((number, index))
        right = chain.members[1].tree if len(chain.members) > 1 else ()
        if role is None or role.kind != "definition" or not role.key or len(right) < 2:
            continue
        function, behind = right[0], right[1]
        ends = all(isinstance(n, Sign) and n.text in (",", ".") for n in right[2:])
        if isinstance(function, Name) and isinstance(behind, Group) and ends:
            word = {"tanh": "\\tanh", "sigmoid": "\\sigma", "sigm": "\\sigma"}.get(
                function.letter, function.letter
            )
            if (
                word in ("\\sigma", "\\tanh")
                and word not in u.setting.defined
                and not function.primes
                and not function.above
            ):
                yield role.key, word


def speaks_of_gradients(u: Understanding) -> bool:
    """Whether a page that names no cost speaks of gradients, and has several names dX of what it makes."""
    records = u.symbols.records()
    keys = {s.key for s in records}
    parameters = {s.key for s in records if s.kind == "parameter"}
    named = {k for k in keys if k[:1] == "d" and k[1:] in u.setting.defined | parameters}
    prose = " ".join(i.text for i in u.page.items if isinstance(i, Prose | Heading))
    return len(named) >= LEAST_GRADIENTS and "dt" not in keys and bool(GRADIENTS.search(prose))


def rows_are_data(u: Understanding) -> bool:
    """Whether data are multiplied by weights from the right, X W, and never from the left."""
    seen: set[tuple[str, str]] = set()
    for number, _, chain in u.chains():
        for member in chain.members:
            kinds = list(kinds_in_order(u, number, member.tree))
            seen |= set(pairwise(kinds))
    return ("input", "parameter") in seen and ("parameter", "input") not in seen


def kinds_in_order(u: Understanding, number: int, row: Any) -> Iterator[str]:
    """The kinds of a row's capital names, in order; "" for what stands between them but a dot."""
    table, argument = u.symbols.at(number), False
    for node, behind in zip(row, (*row[1:], None), strict=True):
        if isinstance(node, Name):
            occurs = table.occurrence(node, behind if isinstance(behind, Group) else None)
            argument = occurs.consumed
            yield u._kind(occurs.key) if node.letter.isupper() else ""
        elif not (isinstance(node, Sign) and node.text in ("\\cdot", "*", "\\times")):
            if not argument:
                yield ""
            argument = False


def shaped_twice(u: Understanding) -> set[str]:
    """The names whose members have several shapes: W^{(1)} and W^{(2)}."""
    seen: dict[str, set[str]] = {}
    for number, index, chain in u.chains():
        role = u.symbols.roles.get((number, index))
        if (
            role is not None
            and role.kind == "shape"
            and role.key is not None
            and len(chain.members) > 1
        ):
            seen.setdefault(role.key, set()).add(spelled(chain.members[1].tree))
    return {key for key, shapes in seen.items() if len(shapes) > 1}


def read_as_numbers(u: Understanding) -> Iterator[str]:
    r"""The names of a list that is said to be of numbers: a, b \in \mathbb{R}."""
    for number, index, chain in u.chains():
        role = u.symbols.roles.get((number, index))
        if (
            role is None
            or role.kind != "shape"
            or len(chain.members) != 2
            or not any(isinstance(n, Sign) and n.text == "," for n in chain.members[0].tree)
        ):
            continue
        if spelled(chain.members[1].tree) in ("\\mathbb{R}", "ℝ", "\\R", "\\mathbb R"):
            yield from (
                u.symbols.at(number).occurrence(n, b).key for n, b in named(chain.members[0].tree)
            )


def biases_of_products(u: Understanding) -> Iterator[str]:
    """The small undeclared names that are added to an inner product and to nothing else: b in w^T x + b."""
    for table, terms in sums(u):
        inner = [t for t in terms if is_inner(table, t)]
        alone = [t for t in terms if len(t) == 1 and isinstance(t[0], Name)]
        if not inner or len(alone) != 1 or len(inner) + 1 != len(terms):
            continue
        key = table.occurrence(alone[0][0], None).key
        symbol = table.symbol(key)
        if (
            symbol is not None
            and symbol.shape is None
            and symbol.kind == "parameter"
            and not BOLD.match(key)
        ):
            yield key


def partners_of_transposed(u: Understanding) -> Iterator[str]:
    """What stands behind a transposed vector, where its letter alone says that it is a number: p in u^T p."""  # noqa: E501
    for table, terms in sums(u):
        for term in terms:
            if is_inner(table, term):
                key = table.occurrence(term[1], None).key
                symbol = table.symbol(key)
                undeclared = symbol is not None and symbol.shape is None
                if undeclared and not u.setting.components.get(key):
                    yield key


def matrices_in_sums(u: Understanding) -> Iterator[str]:
    """The undeclared capitals that open a product beside one of matrices: X in Z = X U + S W of a declared matrix Z, or where S and W are."""  # noqa: E501
    for number, index, chain in u.chains():
        role = u.symbols.roles.get((number, index))
        if role is None or role.kind != "definition" or not role.key or len(chain.members) != 2:
            continue
        table = u.symbols.at(number)
        row = _argument(chain.members[1].tree)
        try:
            products = [p for p in map(_factors, terms_of(row)[0]) if len(p) > 1]
        except Unread:
            continue
        found = [[table.occurrence(n, None) for n in p] for p in products]
        if any(o.transposed for p in found for o in p):
            continue
        if not _is_matrix(table, role.key) and not any(
            all(_is_matrix(table, o.key) for o in p) for p in found
        ):
            continue
        for first in (p[0] for p in found if len(p) == 2):
            symbol = table.symbol(first.key)
            undeclared = symbol is not None and symbol.shape is None
            inside = u.setting.components.get(first.key)
            letter = CAPITAL.search(first.key)
            if undeclared and letter and not inside and symbol.kind in ("input", "variable"):
                yield first.key


def _argument(row: Row) -> Row:
    """What a function is applied to, where a row is that and nothing else."""
    if len(row) == 2 and isinstance(row[0], Name) and isinstance(row[1], Group):
        return row[1].inside if row[1].opening == "(" else row
    return row


def _factors(term: Row) -> list[Name]:
    """The names of a product of names; none of any other."""
    factors = [
        n
        for i, n in enumerate(term)
        if not (isinstance(n, Sign) and n.text in PRODUCTS) and not _is_a_step(term, i)
    ]
    return (
        [n for n in factors if isinstance(n, Name)]
        if all(isinstance(n, Name) for n in factors)
        else []
    )


def _is_a_step(term: Row, at: int) -> bool:
    """Whether a bracket behind a name is its step, X(t)."""
    return at > 0 and is_applied_to_a_step(term[at - 1], term[at])


def _is_matrix(table: Any, key: str) -> bool:
    """Whether a name is declared with two sizes, of which none is 1."""
    symbol = table.symbol(key)
    shape = symbol.shape if symbol is not None else None
    return shape is not None and len(shape) == 2 and "1" not in shape


def columns_by_use(u: Understanding) -> Iterator[str]:
    """The small undeclared names that are transposed, or stand right behind a matrix, A^T p, A s_t: no numbers."""  # noqa: E501
    for number, _, chain in u.chains():
        table = u.symbols.at(number)
        for member in chain.members:
            rows = [member.tree, *(n.inside for n in nodes(member.tree) if isinstance(n, Group))]
            for before, own in ((a, b) for row in rows for a, b in pairwise((None, *row))):
                if not isinstance(own, Name) or not own.letter.lstrip("\\")[:1].islower():
                    continue
                occurs = table.occurrence(own, None)
                symbol = table.symbol(occurs.key)
                first = table.occurrence(before, None) if isinstance(before, Name) else None
                turned = first is not None and first.transposed and first.key[:1].isupper()
                moves = {"time", "layer"} & set(u.setting.steps.get(occurs.key, ()))
                matrix = first is not None and u.setting.ranks.get(first.key) == 2
                behind = turned or (moves and matrix and not (occurs.power or occurs.arguments))
                if (
                    (behind or occurs.transposed)
                    and symbol is not None
                    and symbol.shape is None
                    and symbol.kind not in ("index", "size", "constant", "function", "word")
                    and not u.setting.components.get(occurs.key)
                ):
                    yield occurs.key


def sums(u: Understanding) -> Iterator[tuple[Any, list[Row]]]:
    """The terms of each member of the page's chains, with the table of names that is in force there."""
    for number, _, chain in u.chains():
        for member in chain.members:
            try:
                yield u.symbols.at(number), terms_of(member.tree)[0]
            except Unread:
                continue


def is_inner(table: Any, term: Any) -> bool:
    """w^T x: two names that are no matrices, the first of them transposed."""
    if len(term) != 2 or not all(isinstance(n, Name) for n in term):
        return False
    first, second = (table.occurrence(n, None) for n in term)
    small = all(n.letter[:1] == "\\" or n.letter.islower() for n in term)
    return small and first.transposed and not second.transposed


def plain_letters(u: Understanding) -> set[str]:
    """The letters that the page differentiates by, or applies functions to, and never writes as an index."""  # noqa: E501
    by: set[str] = set()
    below: set[str] = set()
    for _, _, chain in u.chains():
        for member in chain.members:
            for node in nodes(member.tree):
                if is_derivative(node):
                    assert isinstance(node, Over)
                    by |= {
                        n.letter
                        for n in node.below_line[1:2]
                        if isinstance(n, Name)
                        and n.below is None
                        and n.above is None
                        and len(node.below_line) == 2
                    }
                if isinstance(node, Name) and node.letter in MEANS:
                    continue
                if isinstance(node, Name | Bigs):
                    scripts = [r for r in (node.below, node.above) if r]
                    if not (isinstance(node, Name) and node.letter == "e"):
                        below |= {
                            n.letter for r in scripts for n in nodes(r) if isinstance(n, Name)
                        }
    listed = [n for _, _, chain in u.chains() for m in chain.members for n, _ in named(m.tree)]
    return (
        by - below
        | habitual.formal_letters(u)
        | {
            n.letter
            for n in listed
            if n.letter not in below
            and n.below is None
            and not n.accents
            and u._kind(n.letter) == "index"
        }
    )


def is_declared(u: Understanding, key: str) -> bool:
    symbol = u.symbols.at(0).symbol(key)
    return (symbol is not None and symbol.shape is not None) or bool(BOLD.match(key))


def may_be_number(u: Understanding, key: str) -> bool:
    """Whether nothing on the page says that a function's formal is a vector."""
    symbol = u.symbols.at(0).symbol(key)
    if symbol is None or symbol.kind not in ("input", "variable") or is_declared(u, key):
        return False
    family = defining.family_of(u, key, [])
    return (
        family not in u._vectors
        and family not in u._fitted
        and family not in u._lettered
        and family not in u._beside_matrices
    )
