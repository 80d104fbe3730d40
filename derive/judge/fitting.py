"""Ranks and dimensions fitted to what a name is defined to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from derive.algebra.core import (
    ZERO,
    App,
    Arg,
    Core,
    Num,
    Ref,
    letters_in,
    move,
    walk,
)
from derive.algebra.expression import Time
from derive.algebra.functions import SPELLED
from derive.judge import habitual
from derive.judge.made import LOOSE, NAMED_SHAPE
from derive.judge.names import COSTS, named
from derive.meaning.model import ORDERED, Definition
from derive.notation import calls, members
from derive.notation.calls import WORDS
from derive.notation.elaborate import Elaborator
from derive.notation.parts import part_of
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import terms_of as terms_of
from derive.notation.setting import Unread, family_key
from derive.notation.shaped import (
    Misfit,
    Val,
    renamed,
    total,
)
from derive.text.spelled import spelled
from derive.text.trees import Group, Name, Sign

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding


def note_output(
    u: Understanding, elaborator: Elaborator, key: str, row: Any, whole: bool = False
) -> None:
    """A function that makes a vector has as many axes as what it makes, and as y has entries y_k where it makes the `whole`."""  # noqa: E501
    row = tuple(n for n in row if not isinstance(n, Sign))
    if (
        not u.setting.arrays
        or len(row) != 2
        or not isinstance(row[0], Name)
        or not isinstance(row[1], Group)
    ):
        return
    made = members.occurrence_of(elaborator, row[0], row[1])
    if (
        made.arguments is None
        or made.key in u.setting.functions
        or made.key in SPELLED
        or made.key in WORDS
    ):
        return
    name = made.key + "".join(
        f"_{spelled(i)}"
        for d, i in made.indices
        if d == "component" and calls.is_label(elaborator, i)
    )
    if not (len(made.arguments) == 1 and made.key in u.setting.entrywise):
        gate = made.key == key and "time" in u.setting.steps.get(key, ())
        entries = u.setting.components.get(key, 0) if whole else 0
        own = u.setting.ranks.get(key, entries or (1 if gate else 0))
        u.setting.outputs.setdefault(name, own)


def applications(u: Understanding, elaborator: Elaborator, body: Core) -> None:
    """Abstract functions that the page applies in one way: by its bare name such a function is meant there."""  # noqa: E501
    horizons = u.setting.horizons
    for part in walk(body):
        if isinstance(part, App) and not part.slots and part.name not in SPELLED:
            places = u.setting.applied.setdefault(part.name, [])
            if not any(part_of("", p, {}, (), horizons).found(part) for p in places):
                places.append(part)
            if COSTS.match(part.name):
                continue
            known = u.setting.applications.get(part.name)
            if known is None:
                u.setting.applications[part.name] = (
                    part,
                    {a: s for a, s in elaborator.ordered.items() if a in letters_in(part)},
                )
            elif part_of("", known[0], known[1], (), horizons).found(part) is None:
                u.setting.applications[part.name] = (ZERO, {})


def fit_rank(u: Understanding, key: str, body: Val, given: int = 0) -> None:
    """A name has the axes of what it is first defined to be, beside the components that are written."""
    if "∅§" in key and "∅§§" not in key:
        return
    if any(key == upper for upper, _ in u.setting.lines.values()):
        return
    symbol = u.symbols.at(0).symbol(key)
    has_components = (
        u.setting.components.get(key) if key == family_key(key) else u.setting.forms.get(key)
    )
    if isinstance(body.body, Num) or key in u._fitted:
        return
    if has_components:
        if given == has_components and body.rank and is_listed(u, body):
            u.setting.ranks[key] = given + body.rank
            u._listed_vectors.add(key)
        elif not given and has_components < body.rank == 2 and is_capital(u, key):
            u._fitted.add(key)
            u.setting.ranks[key] = 2  # X beside its rows X_i
        return
    u._fitted.add(key)
    if symbol is not None and symbol.shape is not None and "?" not in symbol.shape:
        return
    u.setting.ranks[key] = body.rank


def fit_bare(u: Understanding, key: str, body: Val) -> None:
    """y beside y_n that is made with fewer axes than the y_n have: one of them, which its section speaks of."""  # noqa: E501
    counted = u.setting.components.get(key, 0)
    if not counted or body.rank >= max(counted, u.setting.ranks.get(key, 0)):
        return
    symbol = u.symbols.at(0).symbol(key)
    if isinstance(body.body, Num) or (symbol is not None and symbol.shape is not None):
        return
    u.setting.bare.setdefault(key, body.rank)
    u.setting.dims.suppose(f"{key} without an index is one of those that have one")


def is_listed(u: Understanding, body: Val) -> bool:
    """Whether a formula is made of the members of a list of vectors: y_i of the x_i in ℝ^d."""
    listed = {k for k, n in u.symbols.symbols.entered.items() if u.setting.ranks.get(k, 0) > n}
    listed |= u._listed_vectors
    return any(isinstance(p, Ref) and family_key(p.name) in listed for p in walk(body.body))


def is_capital(u: Understanding, key: str) -> bool:
    """Whether a name is written as matrices are."""
    letter = key.split("_")[0].split("^")[0].strip("}").rsplit("{", 1)[-1]
    named = NAMED_SHAPE.search(key)
    return named[1] == "Matrix" if named else len(letter) == 1 and letter.isupper()


def made_definition(u: Understanding, key: str, target: Val, body: Val, number: int) -> Definition:
    ref = target.body
    assert isinstance(ref, Ref)
    if body.rank < target.rank and isinstance(body.body, Num):
        body = Val(target.axes, body.body)
    body = renamed(body)
    if body.rank != target.rank:
        raise Misfit(f"{key} of another shape than its definition")
    table = {}
    for a, b in zip(target.axes, body.axes, strict=True):
        u.setting.dims.unify(a.dim, b.dim)
        table[b.letter] = Time.of(a.letter)
    core = move(body.body, table)
    slots = u.setting.slots[ref.name]
    index, core = shifted_target(u, ref, core, slots)
    free = {a for i in index for a, _ in i.letters}
    horizons = u.horizon_letters()
    letters = tuple(a for i in index for a, _ in i.letters if a not in horizons)
    loose = frozenset(letters_in(core) - free - horizons - u.sizes())
    samples = set(members.sample_letters(u._elaborator))
    steps = {a for a in loose if u._elaborator.ordered.get(a) in ORDERED or a in samples}
    if len(steps) == 1 == len(loose):
        (letter,) = steps
        domain = "sample" if letter in samples else u._elaborator.ordered[letter]
        if domain not in slots:
            u._implied[key] = (domain, *u._scope)
            u._implied_in[key] = number, u._index
            full = u.setting.steps.get(key, ())
            u.setting.steps[key] = full if domain in full else (*full, domain)
            raise Unread(0, f"an index {letter} on the left side")
    loose = frozenset(a for a in loose if not is_size_letter(u, a))
    if (
        not free
        and loose
        and all(
            u._elaborator.ordered.get(a) == "layer" and a not in general_letters(u) for a in loose
        )
    ):
        u.setting.named_sizes.update(dict.fromkeys(loose, "layer"))
        loose = frozenset()
    if (
        len(loose) == 1
        and len(free - letters_in(core)) == 1 == len(free)
        and not u.setting.ranks.get(key)
    ):
        (slip,), (own,) = loose, free
        if own not in letters:
            raise Unread(0, LOOSE.format(slip))  # q_{L+1} is no q_i at another letter
        u.slips[number, u._index] = (slip, own)
        core, loose = move(core, {slip: Time.of(own)}), frozenset()
    if loose:
        raise Unread(0, LOOSE.format(sorted(loose)[0]))
    return Definition(ref.name, index, letters, core, slots, (), number)


def general_letters(u: Understanding) -> set[str]:
    """The letters that stand for any layer: those of what is defined layer by layer, and the page's usual one."""  # noqa: E501
    found = {a for m in u.made for a in m.definition.letters}
    for role in u._makers:
        if role.target is not None:
            indices = u.symbols.corrected(role.target).indices
            found |= {
                n.letter for d, r in indices if d == "layer" for n in r if isinstance(n, Name)
            }
    return found


def is_size_letter(u: Understanding, letter: str) -> bool:
    """A letter with a script is the name of a size: n_l, T_x."""
    return "_" in letter or "^" in letter


def shifted_target(
    u: Understanding, ref: Ref, core: Core, slots: tuple[str, ...]
) -> tuple[tuple[Time, ...], Core]:
    """z[l+1] = … is z[l] = … with l moved, so that each general definition is stated at its own index."""
    table: dict[str, Time] = {}
    horizons = u.horizon_letters()
    index = []
    for i in ref.index:
        plain = [a for a, n in i.letters if a not in horizons and n == 1]
        if i.shift and len(i.letters) == 1 and plain and plain[0] not in table:
            table[plain[0]] = Time.of(plain[0], -i.shift)
            index.append(Time.of(plain[0]))
        else:
            index.append(i)
    return tuple(index), move(core, table)


def body_of(u: Understanding, elaborator: Elaborator, row: Any) -> Val:
    """The right side; where shapes do not fit, with other ranks of names whose shape nothing says."""
    dims = u.setting.dims
    try:
        u.setting.dims = elaborator.dims = dims.copy()
        return elaborator.row(row)
    except Misfit:
        if u.setting.functions:
            try:
                u.setting.dims = elaborator.dims = dims.copy()
                u.setting.functions = {}
                return elaborator.row(row)
            except (Misfit, Unread):
                u.setting.functions = u.functions_at(u._number, u._index)
        found = with_other_ranks(u, elaborator, row, dims)
        if found is None:
            raise
        return found


def as_cost(u: Understanding, elaborator: Elaborator, key: str, row: Any, body: Val) -> Val:
    """A cost is a number: where its formula is a vector, some name was no vector, or its entries are meant to be added up."""  # noqa: E501
    if body.rank != 1 or not u.symbols.is_cost(key):
        return body
    found = with_other_ranks(u, elaborator, row, u.setting.dims, 0)
    return found if found is not None else Val((), total(body))


def with_level_arguments(
    u: Understanding, elaborator: Elaborator, key: str, row: Any, body: Val
) -> Val:
    """A cost of an output and its target, as it is with both of one kind."""
    loss = body.body
    levelled = isinstance(loss, App) and levels_target(u, key, loss.args)
    return elaborator.row(row) if levelled else body


def levels_target(u: Understanding, key: str, args: Sequence[Arg]) -> bool:
    r"""Whether \ell(\hat y, y) says that its target is what its output is, which the page makes: a number, or a vector."""  # noqa: E501
    if len(args) != 2 or not u.symbols.is_cost(key):
        return False
    ranks = {a.body.name: len(a.letters) for a in args if isinstance(a.body, Ref)}
    made = [n for n in ranks if family_key(n) in u.setting.defined]
    given = [family_key(n) for n in ranks if family_key(n) not in u.setting.defined]
    if len(made) != 1 or len(given) != 1 or len(set(ranks.values())) == 1:
        return False
    (target,) = given
    if not is_free_name(u, target):
        return False
    u.setting.ranks[target] = ranks[made[0]]
    u._settled.add(target)
    return True


def of_an_entry(u: Understanding, elaborator: Elaborator, row: Any) -> Val | None:
    """y_i = a x_i + b: what makes an entry is a number, and so is what is taken for a vector by habit alone."""  # noqa: E501
    return with_other_ranks(u, elaborator, row, u.setting.dims, 0)


def with_other_ranks(
    u: Understanding, elaborator: Elaborator, row: Any, dims: Any, rank: int | None = None
) -> Val | None:
    """Tries ranks of one or two undeclared names until the formula fits."""
    if not u.setting.arrays:
        return None
    keys = [k for k in dict.fromkeys(keys_of(u, elaborator, row)) if is_free_name(u, k)]
    options = [
        (k, r)
        for k in keys
        if not is_matrix_name(u, k)
        for r in (1, 2, 0)
        if r != u.setting.ranks.get(k, 0)
    ]
    last = [(k, r) for k in keys if is_matrix_name(u, k) and k not in u._settled for r in (1, 0)]
    tries = [(o,) for o in options] + [
        (p, q) for i, p in enumerate(options) for q in options[i + 1 :] if p[0] != q[0]
    ]
    for changes in [*tries[:60], *((o,) for o in last)]:
        before = {k: u.setting.ranks.get(k, 0) for k, _ in changes}
        u.setting.ranks |= dict(changes)
        u.setting.dims = elaborator.dims = dims.copy()
        try:
            found = elaborator.row(row)
            if rank is None or found.rank == rank:
                return found
        except (Misfit, Unread):
            pass
        u.setting.ranks |= before
    return None


def is_matrix_name(u: Understanding, key: str) -> bool:
    symbol = u.symbols.at(0).symbol(key)
    return (
        symbol is not None and symbol.kind == "parameter" and habitual.habitual_rank(u, symbol) == 2
    )


def keys_of(u: Understanding, elaborator: Elaborator, row: Any) -> Iterator[str]:
    for name, behind in named(row):
        yield members.occurrence_of(elaborator, name, behind).key


def is_free_name(u: Understanding, key: str) -> bool:
    if key in u._settled:
        return False
    symbol = u.symbols.at(0).symbol(key)
    if symbol is None or symbol.kind in ("index", "size", "function", "word", "constant"):
        return False
    return (
        (symbol.shape is None or "?" in symbol.shape)
        and not u.setting.components.get(key)
        and key not in u._fitted
    )
