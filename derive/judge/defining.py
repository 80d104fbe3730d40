"""A definition of the page, elaborated: what it makes, or which names are lost by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from derive.algebra.core import (
    App,
    Fn,
    Lost,
    Ref,
    Stack,
    letters_in,
    move,
    refs,
)
from derive.algebra.expression import Time
from derive.algebra.functions import SPELLED
from derive.judge import fitting, functions_made, matrices_of_names, scopes
from derive.judge.made import (
    AGAIN,
    EQUATIONS,
    LEFT_OVER,
    NODE,
    Failed,
    Made,
    bound_by,
    differing,
    entries_listed,
    head_name,
    letters_of,
    written_number,
)
from derive.judge.named_parts import name_part
from derive.judge.names import named
from derive.judge.unpaired import paired
from derive.meaning.model import ORDERED, Definition
from derive.notation import members
from derive.notation.calls import WORDS
from derive.notation.elaborate import Elaborator
from derive.notation.groups import IN_WORDS, is_told_in_words
from derive.notation.pieces import argument_of as argument_of
from derive.notation.pieces import terms_of as terms_of
from derive.notation.setting import Unread
from derive.notation.shaped import (
    Misfit,
    Val,
    aligned,
    each,
    transposed,
)
from derive.notation.sides import is_alphabet
from derive.notation.slots import single_name
from derive.notation.symbols import Role
from derive.text.page import Chain, Member
from derive.text.spelled import spelled
from derive.text.trees import Big as Bigs
from derive.text.trees import Group, Name
from derive.text.trees import walk as nodes

if TYPE_CHECKING:
    from derive.judge.understanding import Understanding


def without_slips(u: Understanding) -> None:
    """Slips of the pen, where the first definition is kept.

    L_t = L(o_t, y_t), and later L_t = L(x_t, y_t) of what nothing makes; h_t = f(h_{t-1}, x) for x_t.
    """
    names = {m.definition.name for m in u.made}
    for later in list(u.made):
        earlier = next((m for m in u.made if u._is_slip_of(later, m, names)), None)
        if earlier is not None:
            kept = replace(earlier, last=max(earlier.last, later.last))
            u.made[u.made.index(earlier)] = kept
            u.made.remove(later)
            d = kept.definition
            assert isinstance(d.body, App)
            letters = {a: s for i, s in zip(d.index, d.slots, strict=False) for a, _ in i.letters}
            u.setting.applications[d.body.name] = d.body, letters


def aliases_of_definitions(u: Understanding) -> dict[str, str]:
    """θ^t = g(h^t, θ) where o_t = g(h_t, θ): one quantity with two names; the first is kept."""
    found: dict[str, str] = {}
    first: dict[object, str] = {}
    for m in u.made:
        d = m.definition
        applied = isinstance(d.body, App) and not d.body.slots and "∅" not in d.name
        if not applied or len(d.index) != 1 or d.slots[0] not in ORDERED or not d.letters:
            continue
        body = move(d.body, {d.letters[0]: Time.of("\\,step")})
        name = first.setdefault((body, d.slots), d.name)
        if name != d.name and d.name not in refs(d.body):
            found[d.name] = name
    return found


def is_numbered_again(u: Understanding, role: Role) -> bool:
    """δ_2 = … behind δ_1 = …: two vectors, and the number tells them apart."""
    target = role.target
    if role.kind != "claim" or role.why not in AGAIN or target is None or len(target.indices) != 1:
        return False
    ((domain, row),) = target.indices
    if domain != "component" or role.key not in u.setting.labelled:
        return False
    name = f"{role.key}_{spelled(row)}"
    return spelled(row).isdigit() and not any(m.definition.name == name for m in u.made)


def define_last(u: Understanding, number: int, index: int, chain: Chain, role: Role) -> None:
    """∂L/∂z = … = δ: δ is a name for the derivative at the head."""
    assert role.named is not None
    last = next(m for m in reversed(chain.members) if m.relation in EQUATIONS)
    made = replace(chain, members=(last, replace(chain.members[0], relation="=")))
    own = Role("definition", role.named.key, role.named, scope=(number, u._end))
    define(u, number, index, made, own)
    u.definitions_read.pop((number, index), None)


def define(u: Understanding, number: int, index: int, chain: Chain, role: Role) -> None:
    member = chain.members[1]
    u.setting.dims.said = {}
    chain = with_inner_definition(u, number, index, chain, role)
    try:
        try:
            record_definition(u, number, index, chain, role)
        except Misfit:
            if not u.setting.functions:
                raise
            u._without_functions = True
            record_definition(u, number, index, chain, role)
        except Unread as error:
            mended = other_bound(u, chain, role, error)
            if mended is not None:
                record_definition(u, number, index, mended, role)
            elif not with_brackets_paired(u, number, index, chain, role):
                raise
        finally:
            u._without_functions = False
    except Exception as error:  # a formula that we are at fault for costs itself, and not the page
        expected = isinstance(error, Unread | Misfit | RecursionError)
        why = str(error) if expected else f"a fault of derive ({type(error).__name__})"
        u.definitions_read[number, index] = why or "not understood"
        if role.key == functions_made.SOFTMAX and role.target is not None:
            if functions_made.is_plain_softmax(role.target, member.tree):
                u.definitions_read[number, index] = ""
                return
            u.setting.redefined.add(role.key)
        constraint = spelled(member.tree).strip(" .,") == "0" and (number, 0) in u.curves
        if constraint or is_of_values(u, number, role):
            u.curves.add((number, index))
            return
        special = lost_member(u, number, chain, role)
        shows = is_alphabet(member.tree) or is_worded(u, number, member.tree, role, why)
        parts = frozenset[str]() if shows else written_out(u, number, member.tree, role)
        if parts:
            u.written_out.append((number, role.key or "", parts))
        names = (
            set()
            if special or parts or shows or role.key in WORDS or role.key in SPELLED
            else lost_by(u, number, member.tree, role)
        )
        u.failed.append(
            Failed(
                frozenset(n for n in names if n),
                *role.scope,
                why,
                names_used(u, number, chain),
                (number, index),
            )
        )
        assert member
    else:
        if role.key and u.setting.dims.said:
            u.shaped[role.key] = (
                *u.shaped.get(role.key, ()),
                *u.setting.dims.said,
            )


def with_inner_definition(
    u: Understanding, number: int, index: int, chain: Chain, role: Role
) -> Chain:
    r"""L = \ell(s, y) = (s - y)^2 says what \ell is, too; where it is no function of its arguments alone, it says what L is."""  # noqa: E501
    if len(chain.members) < 3 or chain.members[2].relation not in EQUATIONS:
        return chain
    inner, body = chain.members[1:3]
    table = u.symbols.at(number)
    single = single_name(inner.tree)
    occurs = table.occurrence(*single) if single is not None else None
    if occurs is None or not occurs.arguments or occurs.primes or occurs.power is not None:
        return chain
    key = occurs.key
    if key in SPELLED or key in WORDS or key == role.key or key in u.setting.defined:
        return chain
    keys = {table.occurrence(n, b).key for n, b in named(body.tree)}
    if key in keys or any(f[2] == key for f in u.functions):
        return chain
    given = {table.occurrence(n, b).key for r in occurs.arguments for n, b in named(r)}
    varying = {k for k in keys if u._kind(k) in ("variable", "input")}
    without = replace(chain, members=(chain.members[0], *chain.members[2:]))
    if not varying <= given or uses_others(table, occurs.arguments, body):
        return without if is_read(u, number, index, body) else chain
    elaborator = u._elaborator = u.elaborator(number, None, index)
    kept = u.definitions_read.copy()
    own = Role("definition", key, occurs, scope=role.scope)
    try:
        behind = single[1] if single is not None else None
        below = (behind.below or ()) if behind is not None else ()
        functions_made.define_function(u, number, occurs, elaborator, body.tree, own, below)
    except (Unread, Misfit, RecursionError):
        return without if is_read(u, number, index, body) else chain
    finally:
        u.definitions_read = kept
    if role.key in keys:  # the h_t of h_t = f(h_{t-1}) goes on by itself, not by way of f
        u.made = [m for m in u.made if m.definition.name != key]
    return chain


def uses_others(table: Any, arguments: Iterable[Any], body: Member) -> bool:
    r"""Whether a formula for S(z_j) has another z than that one: the z_k of a sum over all of them."""
    given = {n: spelled(n.below or ()) for row in arguments for n, _ in named(row)}
    keys = {table.occurrence(n, None).key: below for n, below in given.items() if below}
    return any(
        keys.get(table.occurrence(n, b).key, below) != below
        for n, b in named(body.tree)
        for below in (spelled(n.below or ()),)
    )


def is_read(u: Understanding, number: int, index: int, member: Member) -> bool:
    """Whether a member of a chain is understood."""
    try:
        u.elaborator(number, None, index).row(member.tree)
    except (Unread, Misfit, RecursionError):
        return False
    return True


def other_bound(u: Understanding, chain: Chain, role: Role, error: Unread) -> Chain | None:
    r"""z_j = \sum_j w_{jk} a_k: a Σ over the letter of the left side, where another one is left over, is over that one."""  # noqa: E501
    found = LEFT_OVER.fullmatch(error.expected)
    if found is None or role.target is None:
        return None
    own = {n.letter for _, r in role.target.indices for n in r if isinstance(n, Name)}
    member = chain.members[1]
    sums = [n for n in nodes(member.tree) if isinstance(n, Bigs) and n.kind == "sum" and n.below]
    wrong = {n.below[0].letter for n in sums if n.below and isinstance(n.below[0], Name)} & own
    if len(wrong) != 1 or len(sums) != 1:
        return None
    (letter,) = wrong
    said = f"the sum in what makes {role.key} runs over {found[1]}, not {letter}"
    if said not in u.assumed:
        u.assumed.append(said)
    return replace(
        chain,
        members=(
            chain.members[0],
            replace(member, tree=bound_by(member.tree, letter, found[1])),
            *chain.members[2:],
        ),
    )


def with_brackets_paired(
    u: Understanding, number: int, index: int, chain: Chain, role: Role
) -> bool:
    """Whether a definition with one bracket too many is understood without it, or with a partner for it; what rests on it says so."""  # noqa: E501
    target = role.target and u.symbols.corrected(role.target)
    if target is None or target.arguments is not None:
        return False
    for row in paired(chain.members[1].tree):
        member = replace(chain.members[1], tree=row)
        made = replace(chain, members=(chain.members[0], member, *chain.members[2:]))
        try:
            record_definition(u, number, index, made, role)
        except (Unread, Misfit, RecursionError):
            continue
        line = u.page.source.place(chain.members[0].start).line
        u.guessed[number] = f"with a partner for the bracket on line {line} that has none"
        return True
    return False


def is_of_values(u: Understanding, number: int, role: Role) -> bool:
    """f(x_1, y_t) = …: what a function is at some values, which leaves it a function of its arguments."""
    target = role.target
    if target is None or not target.arguments or target.indices:
        return False
    table = u.symbols.at(number)
    names = [r[0] if len(r) == 1 else None for r in target.arguments if r]
    return u._kind(target.key) == "function" and any(
        not isinstance(n, Name) or bool(table.occurrence(n, None).indices) for n in names
    )


def compare_versions(
    u: Understanding,
    elaborator: Elaborator,
    body: Val,
    chain: Chain,
    role: Role,
    place: tuple[int, int],
) -> None:
    """E = f(y) = f(g(a)): where the second differs from the first in one name that nothing makes, it says what it is."""  # noqa: E501
    number, _ = place
    for member in chain.members[2:3]:
        second = None
        try:
            other = elaborator.row(member.tree)
            if other.rank == body.rank:
                second = aligned(body, other, u.setting.dims.copy())
        except (Unread, Misfit, RecursionError):
            pass
        pair = differing(body.body, second) if second is not None else None
        if pair is None and second is not None and not isinstance(second, Ref):
            pair = differing(second, body.body)  # e^{z_i} / Z, where the sum has got a name
        if pair is None:
            name_part(u, place, chain, role)
        if (
            pair is None
            or (isinstance(pair[1], Ref) and pair[1].name not in u.setting.defined)
            or pair[0].name.split("∅")[0] in u.setting.defined
            or pair[0].name in letters_of(pair[1])
        ):
            return
        ref, made = pair
        free = {a for i in ref.index for a, _ in i.letters}
        loose = letters_in(made) - free - u.horizon_letters() - u.sizes()
        if not free and all(
            elaborator.ordered.get(a) == "layer" and a not in fitting.general_letters(u)
            for a in loose
        ):
            u.setting.named_sizes.update(dict.fromkeys(loose, "layer"))
        known = u.horizon_letters() | u.sizes() | set(u.setting.named_sizes)
        if all(len(i.letters) == 1 for i in ref.index) and not {
            a for a in letters_in(made) - free - known if not fitting.is_size_letter(u, a)
        }:
            slots = u.setting.slots[ref.name]
            own, made = fitting.shifted_target(u, ref, made, slots)
            letters = tuple(i.letters[0][0] for i in own)
            u.made.append(
                Made(
                    Definition(ref.name, own, letters, made, slots, (), number),
                    *role.scope,
                    (number, u._index),
                )
            )


def is_worded(u: Understanding, number: int, row: Any, role: Role, why: str) -> bool:
    """Whether a name is a number or another by conditions in words that name no quantity: data, of which no more is known."""  # noqa: E501
    if why != IN_WORDS or not role.key or (role.target and role.target.arguments is not None):
        return False
    table = u.symbols.at(number)
    kinds = {s.kind for n, b in named(row) if (s := table.symbol(table.occurrence(n, b).key))}
    if not is_told_in_words(row) or kinds & {"variable", "input", "parameter", "function"}:
        return False
    u.worded.add(role.key)
    return True


def names_used(u: Understanding, number: int, chain: Chain) -> frozenset[str]:
    table = u.symbols.at(number)
    return frozenset(table.occurrence(n, b).key for m in chain.members for n, b in named(m.tree))


def lost_member(u: Understanding, number: int, chain: Chain, role: Role) -> bool:
    """A boundary value (a^1 = …) that is not understood: that member alone is lost, and nothing where it is made of inputs."""  # noqa: E501
    target = role.target and u.symbols.corrected(role.target)
    if target is None or role.key is None or target.arguments is not None or not target.indices:
        return False
    elaborator = u.elaborator(number)
    try:
        given = [(d, members.index_in(elaborator, d, r, NODE)) for d, r in target.indices]
        found = members.member(elaborator, role.key, given, chain.members[0].start)
    except (Unread, Misfit):
        return False
    fixed = any(
        d in ORDERED and (i.is_number or all(a in u.horizon_letters() for a, _ in i.letters))
        for d, i in given
    )
    if not fixed or not isinstance(found.body, Ref):
        return False
    table = u.symbols.at(number)
    used = {table.occurrence(n, b).key for n, b in named(chain.members[1].tree)}
    if not used & u.setting.defined:
        return True
    letters = tuple(
        a for i in found.body.index for a, _ in i.letters if a not in u.horizon_letters()
    )
    slots = u.setting.slots[found.body.name]
    made = Definition(
        found.body.name, found.body.index, letters, Lost(found.body.name), slots, (), number
    )
    u.made.append(Made(made, *role.scope))
    return True


def lost_by(u: Understanding, number: int, row: Any, role: Role) -> set[str]:
    """The names that a definition makes in a way that was not understood: none where it lists entries, or numbers of an example."""  # noqa: E501
    if role.key is None:
        return set()
    parts = entries_listed(row)
    if parts is not None and role.key in u.setting.chance:
        return set()  # what is drawn, by its parts
    target = role.target and u.symbols.corrected(role.target)
    form = {d for d, _ in target.indices} if target is not None else set()
    key = scopes.scoped_name(u, role.key, number)
    if parts is None:
        return {key + "".join(f"∅{s}" for s in u.setting.steps.get(role.key, ()) if s not in form)}
    keys = {u.symbols.at(number).occurrence(n, b).key for part in parts for n, b in named(part)}
    if not keys or role.key in keys:
        return set()
    return {key + "".join(f"∅{s}" for s in u.setting.steps.get(role.key, ()) if s not in form)}


def without_its_own(u: Understanding, number: int, key: str, member: Member) -> None:
    """The point x_0 = (x_1, …, x_n) is no list of other points: Unread."""
    table = u.symbols.at(number)
    parts = entries_listed(member.tree) or ()
    if any(table.occurrence(n, b).key == key for part in parts for n, b in named(part)):
        raise Unread(member.start, "entries that have another name than what they make")


def written_out(u: Understanding, number: int, row: Any, role: Role) -> frozenset[str]:
    """The w of W = (w_1, …, w_n), which names the rows of W, where nothing makes them: W stays what it is; empty elsewhere."""  # noqa: E501
    parts = entries_listed(row)
    if parts is None or role.key is None:
        return frozenset()
    table = u.symbols.at(number)
    keys = {table.occurrence(n, b).key for part in parts for n, b in named(part)}
    if not keys or keys & (u.setting.defined | {role.key}):
        return frozenset()
    return frozenset(keys)


def record_definition(u: Understanding, number: int, index: int, chain: Chain, role: Role) -> None:
    head, member = chain.members[0], chain.members[1]
    if matrices_of_names.is_of_its_entries(u, number, role, member):
        member = chain.members[2] if len(chain.members) > 2 else member
    u._scope = role.scope
    elaborator = u._elaborator = u.elaborator(number, None, index)
    name = head_name(head.tree)
    if name is None:
        raise Unread(head.start, "a name on the left of a definition")
    behind = next((n for n in head.tree[1:2] if isinstance(n, Group)), None)
    occurs = u.symbols.at(number).occurrence(name, behind)
    if (
        occurs.power is not None
        and spelled(occurs.power) == "2"
        and not occurs.primes
        and not occurs.transposed
    ):
        u.positive.add(occurs.key)
    elif occurs.primes or occurs.power is not None or occurs.inverse or occurs.dots:
        raise Unread(head.start, "a plain name on the left of a definition")
    if occurs.arguments is not None and (behind is not None):
        functions_made.define_function(
            u, number, occurs, elaborator, member.tree, role, behind.below or ()
        )
        return
    given = [(d, members.index_in(elaborator, d, r, name)) for d, r in occurs.indices]
    elaborator.headed = {a for _, i in given for a, _ in i.letters}
    for domain, own in given:
        if domain in ORDERED:
            members.put_in_order(elaborator, own, domain)
    entered = any(domain == "component" for domain, _ in given)
    fitting.note_output(u, elaborator, occurs.key, member.tree, whole=not entered)
    elaborator.own = occurs.key
    elaborator.own_steps = {
        d: i for d, i in given if (d in ORDERED or d == "sample") and not i.is_number
    }
    body = elaborator.in_brackets(member.tree, fitting.body_of(u, elaborator, member.tree))
    said_filled(u, elaborator, occurs.key)
    if occurs.power is not None:
        body = each(lambda b: Fn("\\sqrt", (b,)), body)
    if occurs.transposed:
        body = transposed(body)
    body = fitting.as_cost(u, elaborator, occurs.key, member.tree, body)
    body = fitting.with_level_arguments(u, elaborator, occurs.key, member.tree, body)
    if body.rank == 1 and any(d == "component" and not i.is_number for d, i in given):
        target = members.member(elaborator, occurs.key, given, head.start)
        if not target.rank and not fitting.is_listed(u, body):
            body = fitting.of_an_entry(u, elaborator, member.tree) or body
    fitting.applications(u, elaborator, body.body)
    u._settled |= {k for k in fitting.keys_of(u, elaborator, member.tree) if u.setting.ranks.get(k)}
    family = family_of(u, scopes.scoped_name(u, occurs.key, number), given)
    if body.rank and family in u.setting.numbers:
        u.setting.numbers.discard(family)
        u._vectors.add(family)
    if not given:
        fitting.fit_bare(u, occurs.key, body)
    numbered = len(given) == 1 and given[0][0] == "component" and given[0][1].is_number
    if body.rank and numbered:
        without_its_own(u, number, occurs.key, member)
        u.setting.labelled.add(occurs.key)
        fitting.fit_rank(u, f"{occurs.key}_{given[0][1].shift}", body)
    else:
        fitting.fit_rank(u, family, body, sum(d == "component" for d, _ in given))
    target = members.member(elaborator, occurs.key, given, head.start)
    listed = entries_listed(member.tree)
    numbers = listed is not None and all(written_number(p) is not None for p in listed)
    if numbers or (
        isinstance(body.body, Ref)
        and isinstance(target.body, Ref)
        and body.body.name == target.body.name
    ):
        u.definitions_read[number, index] = ""
        if numbers:
            u.examples.add(occurs.key)
        return
    made = fitting.made_definition(u, occurs.key, target, body, number)
    if matrices_of_names.is_of_its_entries(u, number, role, member) or lists_itself(made):
        u.definitions_read[number, index] = ""
        return
    if listed is not None or isinstance(member.tree[0], Group):
        whole = whole_of(u, made)
        if whole is not None:
            u.setting.wholes[occurs.key] = whole
            u.definitions_read[number, index] = ""
            return
    along = elaborator.parameter_at(body) if body.rank == 2 else set()
    if len(along) == 1:
        u.setting.made_along[made.name] = min(along)
    u.made.append(Made(made, *role.scope, (number, u._index)))
    u.definitions_read[number, index] = ""
    compare_versions(u, elaborator, body, chain, role, (number, index))


def lists_itself(made: Definition) -> bool:
    """x = (x_1, x_2): what is made is the list of its own entries, and nothing else."""
    if not isinstance(made.body, Stack) or made.body.index != made.index[-1]:
        return False
    own = [
        Ref(made.name, (*made.index[:-1], Time.at(k))) for k in range(1, len(made.body.parts) + 1)
    ]
    return [body for _, _, body in made.body.parts] == own


def whole_of(u: Understanding, made: Definition) -> str | None:
    """The name of the entries that W = (w_{ij}) collects: W is they, under another name."""
    body = made.body
    same = isinstance(body, Ref) and body.index == made.index and made.is_general
    if not same or not isinstance(body, Ref) or "∅" in body.name or "∅" in made.name:
        return None
    own, other = (u.setting.steps.get(k, ()) for k in (made.name, body.name))
    return body.name if own == other and not u.setting.components.get(made.name) else None


def said_filled(u: Understanding, elaborator: Elaborator, key: str) -> None:
    """Says that names without their index were taken at the step that is defined."""
    for name in sorted(elaborator.filled_in - {key}):
        said = f"{name} without its index, in what makes {key}, is that of the same step"
        if said not in u.assumed:
            u.assumed.append(said)


def stepped_slots(u: Understanding) -> dict[str, frozenset[str]]:
    """For each name the ordered slots that all its definitions have; a parameter's bare name is the parameter itself."""  # noqa: E501
    bare = {s.key for s in u.symbols.records() if s.kind == "parameter" and not s.slots}
    found: dict[str, frozenset[str]] = {}
    for role in u._makers:
        if role.key is not None and role.target is not None and role.key not in bare:
            target = u.symbols.corrected(role.target)
            slots = frozenset(d for d, _ in target.indices if d in ORDERED)
            found[role.key] = found.get(role.key, slots) & slots
    return found


def family_of(u: Understanding, key: str, given: list[tuple[str, Time]]) -> str:
    """The name of the family that a form of a name belongs to."""
    slots = {d for d, _ in given}
    implied = u.setting.implied.get(key)
    return key + "".join(
        f"∅{s}" for s in u.setting.steps.get(key, ()) if s not in slots and s != implied
    )


def define_whole(
    u: Understanding, number: int, occurs: Any, elaborator: Elaborator, row: Any, role: Role
) -> None:
    """L(θ) = …: the quantity L, which depends on what its formula names."""
    given = [(d, members.index_in(elaborator, d, r, NODE)) for d, r in occurs.indices]
    elaborator.headed = {a for _, i in given for a, _ in i.letters}
    body = fitting.body_of(u, elaborator, row)
    if fitting.is_loss(u, occurs):
        body = fitting.as_cost(u, elaborator, occurs.key, row, body)
    fitting.fit_rank(u, occurs.key, body)
    target = members.member(elaborator, occurs.key, given, 0)
    u.made.append(
        Made(
            fitting.made_definition(u, occurs.key, target, body, number),
            *role.scope,
            (number, u._index),
        )
    )
    u.setting.made.add(occurs.key)
