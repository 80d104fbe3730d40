"""The rules: each is one function from the line before to the line after, and one row in RULES.

A rule asks the setting for its axioms; it never trusts what a deriver says the line should be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise, product

from derive.algebra.expression import (
    ONE,
    ZERO,
    BigSum,
    Call,
    Derivative,
    Equation,
    Expr,
    Gradient,
    Held,
    Immediate,
    Product,
    Sum,
    Time,
    Total,
    Transpose,
    Truncated,
    Variable,
    Via,
    add,
    factors_of,
    move,
    multiply,
    replace,
    terms_of,
    tidy_rebuild,
)
from derive.errors import DeriveError
from derive.model import scalars
from derive.model.calculus import direction
from derive.model.graph import longest_spans, paths, span
from derive.model.recurrence import END, HORIZON, STEP, variables
from derive.model.shapes import VEC
from derive.notation.latex import latex
from derive.proof.setting import AtHorizon, GeneralStep, Setting

# What a rule makes of a line depends on nothing else: whoever writes a step and who checks it may share it.
MOST_KEPT = 512
Given = tuple[Equation, ...]
Rule = Callable[[Setting, Expr, Given], Expr]


class Unproved(DeriveError):
    """A step that its rule does not give, or a claim that no proof was found for."""


def split_by_first_step(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂A/∂B = Σ_V (∂A/∂B)_V: every path from B begins with a step into one of B's users."""
    total = _total(before)
    users = setting.users(total.by, total.of)
    return add(
        setting.edge(total.of, total.by) if user == total.of else Via(total.of, total.by, user)
        for user in users
    )


def split_over_every_use(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂A/∂B = Σ_V (∂A/∂B)_V over all V that use B; one that does not reach A contributes 0."""
    total = _total(before)
    return add(Via(total.of, total.by, user) for user in setting.every_user(total.by))


def follow_every_use(setting: Setting, before: Expr, given: Given) -> Expr:
    """(∂A/∂B)_V = ∂A/∂V · ∂⁺V/∂B, also where V does not reach A."""

    def follow(term: Expr) -> Expr:
        if isinstance(term, Via) and term.through in setting.every_user(term.by):
            return setting.step(term.of, term.through, term.by)
        return term

    return add(map(follow, terms_of(before)))


def split_via_and_held(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂A/∂B = (∂A/∂B)_V + (∂A/∂B)_{V held}, where V is the only user of B besides A."""
    total = _total(before)
    others = [user for user in setting.users(total.by, total.of) if user != total.of]
    if len(others) != 1 or not setting.uses(total.of, total.by):
        raise Unproved(f"{latex(total.by)} has not exactly one way round")
    return add((Via(total.of, total.by, others[0]), Held(total.of, total.by, others[0])))


def follow_first_step(setting: Setting, before: Expr, given: Given) -> Expr:
    """(∂A/∂B)_V = ∂A/∂V · ∂⁺V/∂B; with the one other user held, A's own use of B is left."""

    users: dict[tuple[Variable, Variable], frozenset[Variable]] = {}

    def follow(term: Expr) -> Expr:
        if isinstance(term, Held) and setting.users(term.by, term.of) in (
            (term.held, term.of),
            (term.of, term.held),
        ):
            return setting.edge(term.of, term.by)
        if not isinstance(term, Via):
            return term
        ends = (term.by, term.of)
        if ends not in users:
            users[ends] = frozenset(setting.users(*ends))
        return setting.step(term.of, term.through, term.by) if term.through in users[ends] else term

    return add(map(follow, terms_of(before)))


def chain_rule(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂A/∂B = Σ_V ∂A/∂V · ∂⁺V/∂B, on the first factor of a product."""
    first, *rest = factors_of(before)
    total = _total(first)
    return multiply((setting.chain(total.of, total.by), *rest))


def total_differential(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂A/∂B = Σ_V ∂⁺A/∂V · ∂V/∂B over what A's definition names, on the last factor."""
    *rest, last = factors_of(before)
    total = _total(last)
    return multiply((*rest, setting.differential(total.of, total.by)))


def collect_at_node(setting: Setting, before: Expr, given: Given) -> Expr:
    """Σ_V ∂A/∂V · ∂⁺V/∂N · ∂N/∂B = ∂A/∂N · ∂N/∂B: the chain rule at N, read backwards."""
    if before == ZERO:
        raise Unproved("there is no contribution to collect")
    term = terms_of(before)[-1]
    body = terms_of(term.body)[-1] if isinstance(term, BigSum) else term
    last = _total(factors_of(body)[-1])
    of, node = setting.cost, last.of
    if distributed(multiply((setting.chain(of, node), last))) != before:
        raise Unproved(f"these are not all contributions through {latex(node)}")
    return multiply((Total(of, node), last))


def substitute(setting: Setting, before: Expr, given: Given) -> Expr:
    """Equals for equals: each left side of `given` replaced by its right side."""
    return _replaced(before, tuple(given))


@lru_cache(maxsize=MOST_KEPT)
def _replaced(before: Expr, given: tuple[Equation, ...]) -> Expr:
    return replace(before, {equation.left: equation.right for equation in given})


def substitute_and_distribute(setting: Setting, before: Expr, given: Given) -> Expr:
    """Equals for equals, and the products multiplied out, the order of the factors kept."""
    return distributed(substitute(setting, before, given))


def exchange_terms(setting: Setting, before: Expr, given: Given) -> Expr:
    """Terms that together are the left side of a given equation become its right side."""
    terms = list(terms_of(before))
    for equation in given:
        at = len(terms)
        for term in terms_of(equation.left):
            if term not in terms:
                raise Unproved(f"there is no term {latex(term)} to exchange")
            at = min(at, terms.index(term))
            terms.remove(term)
        terms[at:at] = terms_of(equation.right)
    return add(terms)


def distribute(setting: Setting, before: Expr, given: Given) -> Expr:
    """a(b + c) = ab + ac, the order of the factors kept."""
    return distributed(before)


@lru_cache(maxsize=MOST_KEPT)
def distributed(expr: Expr) -> Expr:
    """`expr` as a sum of products, also into a Σ."""
    return _multiplied_out(expr)


def _multiplied_out(expr: Expr) -> Expr:
    if isinstance(expr, Sum):
        return add(map(_multiplied_out, expr.terms))
    if not isinstance(expr, Product):
        return expr
    if not any(type(factor) in (Sum, Product, BigSum) for factor in expr.factors):
        return multiply(expr.factors)
    choices = [terms_of(_multiplied_out(factor)) for factor in expr.factors]
    return add(_joined(choice) for choice in product(*choices))


def _joined(factors: Sequence[Expr]) -> Expr:
    """The product of factors; one Σ among them takes the others into each of its terms."""
    at = next((i for i, f in enumerate(factors) if isinstance(f, BigSum)), None)
    if at is None or len(factors) == 1:
        return multiply(factors)
    big = factors[at]
    assert isinstance(big, BigSum)
    body = distributed(multiply((*factors[:at], big.body, *factors[at + 1 :])))
    return BigSum(big.index, big.lower, big.upper, body)


def local_derivatives(setting: Setting, before: Expr, given: Given) -> Expr:
    """Each derivative along an edge whose definition is closed, by the rules of calculus."""
    return _worked_out_once(setting, before)


@lru_cache(maxsize=MOST_KEPT)
def _worked_out_once(setting: Setting, before: Expr) -> Expr:
    return _worked_out(setting, before)


def _worked_out(setting: Setting, before: Expr) -> Expr:
    found = setting.local_of(before)
    if found is not None:
        return found
    if isinstance(before, Product):
        parts = tuple([_worked_out(setting, part) for part in before.factors])
        return setting.product(parts) if parts != before.factors else before
    return tidy_rebuild(before, lambda part: _worked_out(setting, part))


def matrix_form(setting: Setting, before: Expr, given: Given) -> Expr:
    """Each u ∂⁺V/∂W, W or V a matrix, as the product of matrices that it is in numerator layout."""
    return _as_matrices_once(setting, before)


@lru_cache(maxsize=MOST_KEPT)
def _as_matrices_once(setting: Setting, before: Expr) -> Expr:
    return _as_matrices(setting, before)


def _as_matrices(setting: Setting, before: Expr) -> Expr:
    if isinstance(before, Sum):
        return add([_as_matrices(setting, term) for term in before.terms])
    if isinstance(before, BigSum):
        body = _as_matrices(setting, before.body)
        return BigSum(before.index, before.lower, before.upper, body)
    *rest, last = factors_of(before)
    if not _is_edge(setting, last):
        return before
    assert isinstance(last, Total | Immediate)
    if not setting.is_matrix(last.by) and not setting.is_matrix(last.of):
        return before
    row = multiply(rest)
    if setting.is_matrix(last.of) and isinstance(row, Total):
        row = Transpose(Gradient(row.of, row.by))
    return setting.transposed_action(last.of, last.by, row) or before


def forward_action(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂⁺V/∂W vec(Ẇ) is the change of V when W changes by Ẇ, to first order."""
    edge, *rest = factors_of(before)
    if not _is_edge(setting, edge) or not isinstance(edge, Total | Immediate):
        raise Unproved(f"expected a derivative along an edge, found {latex(edge)}")
    found = setting.forward_action(edge.of, edge.by)
    if rest != [Call(VEC, (direction(edge.by),))] or found is None:
        raise Unproved(f"{latex(before)} has no closed form")
    return Call(VEC, (found,)) if setting.is_matrix(edge.of) else found


def gradient_rule(setting: Setting, before: Expr, given: Given) -> Expr:
    """∇_B C = Σ_V (∂⁺V/∂B)ᵀ ∇_V C over all V that use B directly: the chain rule, transposed."""
    if not isinstance(before, Gradient) or before.of != setting.cost:
        raise Unproved(f"expected a gradient of the cost, found {latex(before)}")
    return _as_gradients(setting, setting.chain(before.of, before.by))


def _as_gradients(setting: Setting, chain: Expr) -> Expr:
    """Each ∂C/∂V ∂⁺V/∂B of the chain rule transposed and worked out."""
    if isinstance(chain, Sum):
        return add(_as_gradients(setting, term) for term in chain.terms)
    if isinstance(chain, BigSum):
        return BigSum(chain.index, chain.lower, chain.upper, _as_gradients(setting, chain.body))
    edge = factors_of(chain)[-1]
    assert isinstance(edge, Total | Immediate)
    column = ONE if edge.of == setting.cost else Gradient(setting.cost, edge.of)
    found = setting.gradient_action(edge.of, edge.by, column)
    if found is not None:
        return found
    if setting.is_matrix(edge.by) or setting.is_matrix(edge.of):
        raise Unproved(f"{latex(edge)} has no closed form")
    return multiply((Transpose(edge), column))


def _is_edge(setting: Setting, symbol: Expr) -> bool:
    """Whether this is the symbol of an edge of the model."""
    if not isinstance(symbol, Total | Immediate) or not setting.uses(symbol.of, symbol.by):
        return False
    return setting.edge(symbol.of, symbol.by) == symbol


def outer_derivatives(setting: Setting, before: Expr, given: Given) -> Expr:
    """The cost's own derivatives worked out; what it is made of stays as it is."""
    if isinstance(before, Derivative) and before.of == setting.cost:
        found = setting.local_of(before)
        return before if found is None else found
    return tidy_rebuild(before, lambda part: outer_derivatives(setting, part, given))


def as_gradient(setting: Setting, before: Expr, given: Given) -> Expr:
    """∇_B A is another way to write ∂A/∂B, for the derivatives along edges."""
    if isinstance(before, Total) and setting.uses(before.of, before.by):
        return Gradient(before.of, before.by)
    return tidy_rebuild(before, lambda part: as_gradient(setting, part, given))


def no_path(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂A/∂B = 0 where A does not depend on B."""
    if isinstance(before, Total) and not setting.depends(before.of, before.by):
        return ZERO
    return tidy_rebuild(before, lambda part: no_path(setting, part, given))


def take_out_last(setting: Setting, before: Expr, given: Given) -> Expr:
    """Σ_{s=a}^{t} X_s = Σ_{s=a}^{t-1} X_s + X_t, for each Σ that ends at a step before T."""

    def take(term: Expr) -> Expr:
        if not isinstance(term, BigSum) or _is_horizon(term.upper):
            return term
        shorter = BigSum(term.index, term.lower, term.upper - 1, term.body)
        return add((shorter, move(term.body, {term.index: term.upper})))

    return add(map(take, terms_of(before)))


def put_in_first(setting: Setting, before: Expr, given: Given) -> Expr:
    """X_t + Σ_{s=t+1}^{T} X_s = Σ_{s=t}^{T} X_s, for each Σ that begins at a step after t."""
    terms = list(terms_of(before))
    for term in terms_of(before):
        if isinstance(term, BigSum) and not term.lower.is_number and _is_horizon(term.upper):
            first = term.lower - 1
            terms[terms.index(term)] = BigSum(term.index, first, term.upper, term.body)
            for part in terms_of(move(term.body, {term.index: first})):
                if part not in terms:
                    raise Unproved(f"there is no term {latex(part)} to put into the sum")
                terms.remove(part)
    return add(terms)


def at_every_step(setting: Setting, before: Expr, given: Given) -> Expr:
    """Equals for equals under each Σ over all steps: what a given equation says of t it says of each.

    A Σ of several terms becomes several.
    """

    def each(term: Expr) -> Expr:
        if not _over_all_steps(setting, term):
            return term
        assert isinstance(term, BigSum)
        here = {STEP: Time.of(term.index)}
        table = {move(e.left, here): move(e.right, here) for e in given}
        parts = terms_of(distributed(replace(term.body, table)))
        return add(BigSum(term.index, term.lower, term.upper, part) for part in parts)

    return add(map(each, terms_of(before)))


def _over_all_steps(setting: Setting, term: Expr) -> bool:
    """Whether this is a Σ over all general steps, at none of which an equation about t says too much."""
    if not isinstance(setting, GeneralStep) or setting.beyond or not isinstance(term, BigSum):
        return False
    return (term.lower, term.upper) == (Time.at(setting.start + 1), END)


def count_where_it_enters(setting: Setting, before: Expr, given: Given) -> Expr:
    """Σ_s X_{s+k} = Σ_s X_s: each edge counted at the step that it enters, not at the one that it leaves.

    X_s is ∂C/∂u_s ∂⁺u_s/∂v_{s-k} ∂v_{s-k}/∂θ. The steps before the first and after the last general one
    have no such edge, or it is written out.
    """
    if not isinstance(setting, GeneralStep):
        raise Unproved("expected a general step")
    terms: list[Expr] = []
    for term in terms_of(before):
        if isinstance(term, BigSum) and _over_all_steps(setting, term):
            terms += [_entering(setting, term.index, part) for part in terms_of(term.body)]
        else:
            terms.append(term)
    return add(terms)


def _entering(setting: GeneralStep, index: str, body: Expr) -> Expr:
    """Σ_s `body` over all general steps, with s the step of the variable that its edge enters."""
    user = _user_of_edge(setting, body, Time.of(index))
    first, last = Time.at(setting.start + 1), END
    if user is None or user.time is None:
        return BigSum(index, first, last, body)
    ahead = (user.time - Time.of(index)).shift
    body = move(body, {index: Time.of(index) - ahead})
    if ahead >= 0:
        return BigSum(index, first + ahead, last, body)
    early = (move(body, {index: first + i}) for i in range(ahead, 0))
    written = (edge for edge in early if _is_edge(setting, factors_of(edge)[1]))
    return add((*written, BigSum(index, first, last + ahead, body)))


def _user_of_edge(setting: Setting, term: Expr, at: Time) -> Variable | None:
    """The u of ∂C/∂u ∂⁺u/∂v ∂v/∂θ, u at another step than v, v at the step `at`; None for another term."""
    match factors_of(term):
        case (Total(cost, user), Total() | Immediate() as edge, Total(used, _)):
            ends = (edge.of, edge.by) == (user, used) and cost == setting.cost
            if not ends or used.time != at or user.time is None or user.time == at:
                return None
            return user if _is_edge(setting, edge) else None
        case _:
            return None


def complete_range(setting: Setting, before: Expr, given: Given) -> Expr:
    """X_1 + Σ_{s=2}^{T} X_s = Σ_{s=1}^{T} X_s, for each Σ over all but a few of the steps.

    A term with ∂v/∂θ = 0 need not stand there.
    """
    if not isinstance(setting, GeneralStep):
        raise Unproved("expected a general step")
    first = Time.at(setting.start + 1)
    terms = list(terms_of(before))
    for term in terms_of(before):
        if not isinstance(term, BigSum) or not _ends_inside(term, first):
            continue
        missing = [first + i for i in range((term.lower - first).shift)]
        missing += [term.upper + 1 + i for i in range((END - term.upper).shift)]
        for part in (move(term.body, {term.index: time}) for time in missing):
            if no_path(setting, part, ()) == ZERO:
                continue
            if part not in terms:
                raise Unproved(f"there is no term {latex(part)} to put into the sum")
            terms.remove(part)
        terms[terms.index(term)] = BigSum(term.index, first, END, term.body)
    return add(terms)


def _ends_inside(term: BigSum, first: Time) -> bool:
    """Whether a Σ runs over the general steps but for some first or last ones."""
    late, early = term.lower - first, END - term.upper
    return late.is_number and early.is_number and late.shift >= 0 and early.shift >= 0


def empty_range(setting: Setting, before: Expr, given: Given) -> Expr:
    """A Σ whose range ends just before it begins is 0."""
    kept = (
        ZERO if isinstance(t, BigSum) and t.lower == t.upper + 1 else t for t in terms_of(before)
    )
    return add(kept)


def beyond_horizon(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂C/∂h_{T+1} = 0: what lies beyond the horizon is not in C."""

    def is_beyond(part: Expr) -> bool:
        if not isinstance(part, Total) or part.of != setting.cost or part.by.time is None:
            return False
        over = part.by.time - Time.of(HORIZON)
        return over.is_number and over.shift > 0

    kept = (ZERO if any(map(is_beyond, factors_of(t))) else t for t in terms_of(before))
    return add(kept)


def definition(setting: Setting, before: Expr, given: Given) -> Expr:
    """A variable is what the model defines it to be."""
    body = setting.body(before) if isinstance(before, Variable) else None
    if body is None:
        raise Unproved(f"{latex(before)} is not defined by the model")
    return body


def expand(setting: Setting, before: Expr, given: Given) -> Expr:
    """A closed formula multiplied out and collected."""
    return _expanded(before)


def _expanded(expr: Expr) -> Expr:
    """A polynomial by the model's own hand, anything else by SymPy."""
    found = scalars.expanded(expr)
    if found is not None:
        return found
    from derive.model.symbols import expanded

    return expanded(expr)


def expand_terms(setting: Setting, before: Expr, given: Given) -> Expr:
    """Each term of a closed formula multiplied out by itself."""
    return add(map(_expanded, terms_of(before)))


def differentiate(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂A/∂B where a given equation writes A as a closed formula in independent symbols."""
    total = _total(before)
    if len(given) != 1 or given[0].left != total.of:
        raise Unproved(f"expected a closed form of {latex(total.of)}")
    closed = given[0].right
    if any(setting.depends(v, total.by) for v in variables(closed) if v != total.by):
        raise Unproved("the closed form still hides a dependence")
    found = scalars.slope(closed, total.by)
    if found is not None:
        return found
    from derive.model.symbols import derivative

    return derivative(closed, total.by)


def split_copies(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂A/∂θ = Σ_t ∂A/∂θ^{(t)}: a shared parameter is one copy a step, all set to the same value."""
    total = _total(before)
    if total.by.time is not None or total.by.copy is not None:
        raise Unproved(f"{latex(total.by)} is not shared by the steps")
    if isinstance(setting, GeneralStep):
        return _copies_of_every_step(setting, total)
    users = setting.users(total.by, total.of)
    times = dict.fromkeys(user.time for user in users if user.time is not None)
    direct = [setting.step(total.of, u, total.by) for u in users if u.time is None]
    copies = (Total(total.of, Variable(total.by.name, None, time)) for time in times)
    return add((*direct, *copies))


def _copies_of_every_step(setting: GeneralStep, total: Total) -> Expr:
    """The copies of all steps as one Σ; uses of θ outside the steps stand beside it."""
    parts = terms_of(setting.chain(total.of, total.by))
    copy = Variable(total.by.name, None, Time.of(setting.index))
    return add(
        BigSum(p.index, p.lower, p.upper, Total(total.of, copy)) if isinstance(p, BigSum) else p
        for p in parts
    )


def as_copies(setting: Setting, before: Expr, given: Given) -> Expr:
    """A step's own use of θ is a use of its copy: ∂⁺h_t/∂θ^{(t)} = ∂⁺h_t/∂θ."""
    copied = isinstance(before, Immediate) and before.by.copy is not None
    if copied and isinstance(before, Immediate) and before.of.time == before.by.copy:
        return setting.edge(before.of, Variable(before.by.name, before.by.time))
    return tidy_rebuild(before, lambda part: as_copies(setting, part, given))


def truncated_chain_rule(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂^{≤k}A/∂B = Σ_V ∂^{≤k-d}A/∂V · ∂⁺V/∂B over the users V at most k steps away, d = steps crossed."""
    if not isinstance(before, Truncated):
        raise Unproved(f"expected a truncated derivative, found {latex(before)}")
    of, by, left = before.of, before.by, before.steps
    terms = []
    for user in setting.users(by, of):
        if span(user, by) <= left:
            edge = setting.edge(user, by)
            rest = _truncated(setting, of, user, left - span(user, by))
            terms.append(edge if user == of else multiply((rest, edge)))
    return add(terms)


def _truncated(setting: Setting, of: Variable, by: Variable, steps: int) -> Expr:
    """∂^{≤k}of/∂by, which is ∂of/∂by where no path is longer than k steps."""
    if isinstance(setting, AtHorizon) and longest_spans(setting.graph, of).get(by, 0) <= steps:
        return Total(of, by)
    return Truncated(of, by, steps)


def dropped_paths(setting: Setting, before: Expr, given: Given) -> Expr:
    """∂A/∂B = ∂^{≤k}A/∂B + every path that crosses more than k time steps; k is the given one's."""
    total = _total(before)
    kept = given[0].left if given else ZERO
    if not isinstance(setting, AtHorizon) or not isinstance(kept, Truncated):
        raise Unproved("expected the truncated derivative at a given T")
    if (kept.of, kept.by) != (total.of, total.by):
        raise Unproved(f"{latex(kept)} is no truncation of {latex(total)}")
    long_ones = (
        path
        for path in paths(setting.graph, total.by, total.of)
        if sum(span(user, used) for user, used in pairwise(path)) > kept.steps
    )
    words = (
        multiply(setting.edge(user, used) for user, used in pairwise(path)) for path in long_ones
    )
    return add((kept, *words))


def _total(expr: Expr) -> Total:
    if not isinstance(expr, Total):
        raise Unproved(f"expected a total derivative, found {latex(expr)}")
    return expr


def _is_horizon(time: Time) -> bool:
    return time == Time.of(HORIZON)


RULES: Mapping[str, Rule] = {
    "split by first step": split_by_first_step,
    "split over every use": split_over_every_use,
    "follow every use": follow_every_use,
    "split via and held": split_via_and_held,
    "follow first step": follow_first_step,
    "chain rule": chain_rule,
    "total differential": total_differential,
    "collect at node": collect_at_node,
    "substitute": substitute,
    "substitute and distribute": substitute_and_distribute,
    "exchange terms": exchange_terms,
    "distribute": distribute,
    "local derivatives": local_derivatives,
    "matrix form": matrix_form,
    "forward action": forward_action,
    "gradient rule": gradient_rule,
    "outer derivatives": outer_derivatives,
    "as gradient": as_gradient,
    "no path": no_path,
    "take out last": take_out_last,
    "put in first": put_in_first,
    "at every step": at_every_step,
    "count where it enters": count_where_it_enters,
    "complete range": complete_range,
    "empty range": empty_range,
    "beyond horizon": beyond_horizon,
    "truncated chain rule": truncated_chain_rule,
    "dropped paths": dropped_paths,
    "definition": definition,
    "expand terms": expand_terms,
    "expand": expand,
    "differentiate": differentiate,
    "split copies": split_copies,
    "as copies": as_copies,
}
