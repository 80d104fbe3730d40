"""Three derivations of ∂C/∂θ at one T are equal: as words where they are few, by the cut always.

The cut walks from the cost back to θ over every node. At each node it turns what the forward
derivation says of ∂N/∂θ into what the backward derivation says of ∂C/∂N: one identity between words,
tied to that node; time and memory are linear in T.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import log10

from derive.algebra.expression import (
    Equation,
    Expr,
    Number,
    Total,
    Variable,
    factors_of,
    terms_of,
)
from derive.algebra.words import UNIT, Words, atom, constant, times, total
from derive.model.graph import count_letters, count_paths
from derive.proof.kernel import _SEAL, Theorem, refuse_forged
from derive.proof.rules import Unproved
from derive.proof.setting import AtHorizon
from derive.proof.steps import Derivation

MOST_WORDS = 5_000
MOST_LETTERS = 2_000_000
FORWARD = frozenset({"total differential"})
BACKWARD = frozenset({"chain rule", "split by first step", "follow first step"})
AXIOMS = FORWARD | BACKWARD | {"no path"}


def local_equations(theorem: Theorem) -> dict[Total, Expr]:
    """What the theorem's derivation says of each total derivative, before closed forms enter."""
    found: dict[Total, Expr] = {}
    for chain in theorem.derivation.chains:
        start = chain.steps[0].before
        if not isinstance(start, Total) or start in found:
            continue
        lines = [s.after for s in chain.steps if s.rule in AXIOMS and s.after != start]
        if lines:
            found[start] = lines[-1]
    return found


def as_words(expr: Expr) -> Words:
    """A sum of products as a polynomial whose atoms are the factors, nothing expanded."""
    return total(_word(term) for term in terms_of(expr))


def _word(term: Expr) -> Words:
    coefficient, letters = UNIT[()], []
    for factor in factors_of(term):
        if isinstance(factor, Number):
            coefficient *= factor.value
        else:
            letters.append(factor)
    return {tuple(letters): coefficient}


def normal_form(theorem: Theorem, of: Total) -> Words:
    """`of` expanded by the theorem's own equations until only immediate derivatives are left.

    A constant local derivative (∂C/∂L_t = 1) is that number. Raises Unproved beyond MOST_WORDS words.
    """
    equations = local_equations(theorem)
    done: dict[Expr, Words] = {}

    def expand(symbol: Expr) -> Words:
        if symbol in done:
            return done[symbol]
        if isinstance(symbol, Total) and symbol in equations:
            result = total(_expanded(term) for term in terms_of(equations[symbol]))
        else:
            closed = theorem.setting.local_of(symbol)
            result = constant(closed.value) if isinstance(closed, Number) else atom(symbol)
        if len(result) > MOST_WORDS:
            raise Unproved(f"more than {MOST_WORDS} products")
        done[symbol] = result
        return result

    def _expanded(term: Expr) -> Words:
        result: Words = UNIT
        for factor in factors_of(term):
            part = constant(factor.value) if isinstance(factor, Number) else expand(factor)
            result = times(result, part)
        return result

    waiting = [of]
    order: list[Total] = []
    seen: set[Expr] = set()
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        order.append(here)
        for term in terms_of(equations.get(here, here)):
            waiting += [f for f in factors_of(term) if isinstance(f, Total) and f in equations]
    for symbol in reversed(order):
        expand(symbol)
    return expand(of)


def agree(
    setting: AtHorizon, by: Variable, differential: Theorem, forward: Theorem, backward: Theorem
) -> Theorem:
    """∂C/∂`by` by total differentiation, forward accumulation and BPTT: equal at this T.

    Raises Unproved where they differ, or where a derivation is of another model or another T.
    """
    goal = Total(setting.cost, by)
    for theorem in (differential, forward, backward):
        refuse_forged(theorem)
        if theorem.setting is not setting or theorem.claim.left != goal:
            raise Unproved(
                "the derivations to compare are not of one model, one T and one parameter"
            )
    _refuse_mixed((differential, forward), BACKWARD)
    _refuse_mixed((backward,), FORWARD)
    sensitivities, adjoints = local_equations(forward), local_equations(backward)
    _same_equations(local_equations(differential), sensitivities)
    _cut(setting, by, sensitivities, adjoints)
    count = count_paths(setting.graph, by, setting.cost)
    words = None
    if count <= MOST_WORDS and count_letters(setting.graph, by, setting.cost) <= MOST_LETTERS:
        forms = [normal_form(t, goal) for t in (differential, forward, backward)]
        if not forms[0] == forms[1] == forms[2]:
            raise Unproved("the three gradients have different normal forms")
        words = len(forms[0])
    claim = Equation(
        sensitivities.get(goal, forward.claim.right), adjoints.get(goal, backward.claim.right)
    )
    chains = forward.derivation.chains + backward.derivation.chains
    whole = Derivation("Agreement", chains)
    return Theorem(claim, setting.scope, described(count, words), whole, setting, _SEAL)


def described(count: int, words: int | None) -> str:
    """How it was checked: along `count` paths, and where they are not too many word by word."""
    method = f"the cut at every node; {_number(count)}"
    if words is None:
        return method
    same = "the same word" if words == 1 else f"the same {words} words"
    return f"{method}, {same} with the factors in the same order"


def _refuse_mixed(theorems: Sequence[Theorem], other: frozenset[str]) -> None:
    """A forward derivation goes by the total differential alone, a backward one by the chain rule."""
    for theorem in theorems:
        if other & {step.rule for step in theorem.derivation.steps}:
            raise Unproved(f"{theorem.derivation.title!r} is not the kind of derivation asked for")


def agree_exactly(theorems: Sequence[Theorem]) -> Theorem:
    """Several theorems about one quantity, with the same right side to the letter, as one theorem."""
    for theorem in theorems:
        refuse_forged(theorem)
    first = theorems[0]
    for theorem in theorems[1:]:
        if theorem.setting is not first.setting or theorem.claim != first.claim:
            raise Unproved("the derivations do not end in the same line")
    chains = tuple(chain for theorem in theorems for chain in theorem.derivation.chains)
    method = f"{len(theorems)} ways, one result"
    whole = Derivation("Agreement", chains)
    return Theorem(first.claim, first.scope, method, whole, first.setting, _SEAL)


def _number(count: int) -> str:
    if count >= 10**12:
        return f"about 10^{_exponent(count)} paths"
    return f"{count} path{'s' if count != 1 else ''}"


def _exponent(count: int) -> int:
    """The largest e with 10^e ≤ count; Python refuses to write very long numbers out."""
    guess = int((count.bit_length() - 1) * log10(2))
    while 10 ** (guess + 1) <= count:
        guess += 1
    return guess if 10**guess <= count else guess - 1


def _same_equations(one: Mapping[Total, Expr], other: Mapping[Total, Expr]) -> None:
    """Total differentiation and forward accumulation say the same of every sensitivity."""
    for symbol in one.keys() | other.keys():
        if (
            symbol not in one
            or symbol not in other
            or as_words(one[symbol]) != as_words(other[symbol])
        ):
            raise Unproved("total differentiation and forward accumulation differ at one node")


def _cut(
    setting: AtHorizon,
    by: Variable,
    sensitivities: Mapping[Total, Expr],
    adjoints: Mapping[Total, Expr],
) -> None:
    """Moves the cut from the cost back to `by`; Unproved where an identity at a node fails."""
    cost = setting.cost
    goal = Total(cost, by)
    rows: dict[Variable, list[Words]] = {}
    done: list[Words] = []

    def settle(prefix: Words, node: Variable) -> None:
        """Adds prefix · ∂node/∂by, each word filed under the sensitivity that it ends with."""
        symbol = Total(node, by)
        for word, coefficient in as_words(sensitivities.get(symbol, symbol)).items():
            last = word[-1]
            if isinstance(last, Total) and last.by == by and last.of != node:
                rows.setdefault(last.of, []).append(times(prefix, {word[:-1]: coefficient}))
            else:
                done.append(times(prefix, {word: coefficient}))

    if setting.depends(cost, by):
        settle({(): Fraction(1)}, cost)
    for node in reversed(setting.graph.nodes):
        if node not in rows:
            continue
        adjoint = Total(cost, node)
        stated = as_words(adjoints[adjoint]) if adjoint in adjoints else atom(adjoint)
        if total(rows.pop(node)) != stated:
            raise Unproved(f"the contributions through {node} are not its adjoint")
        settle(atom(adjoint), node)
    if rows:
        raise Unproved("the derivations name variables that are not in the model")
    wanted = as_words(adjoints[goal]) if goal in adjoints else atom(goal)
    if total(done) != wanted and setting.depends(cost, by):
        raise Unproved("the sum of the backward contributions is not the forward derivative")
