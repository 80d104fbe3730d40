"""Why a line is wrong, and how one is read, in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from derive.algebra.expression import ZERO, Expr, Time, Variable, Written
from derive.errors import DeriveError
from derive.model.recurrence import HORIZON, NOW
from derive.notation.claims import parts_of
from derive.notation.latex import latex
from derive.notation.unicode import text
from derive.verify.compare import Comparison, Outcome, Worlds
from derive.verify.context import Context, has_vectors, multiplies
from derive.verify.normal import Normal
from derive.verify.polynomials import Polynomial, TooLarge, is_number, minus
from derive.verify.readings import Resolver, line_range
from derive.verify.tape import NoForm

MOST_NAMED = 3
# Names that the normal form makes for itself: exponentials and calls by their arguments.
UNREADABLE = ("e^", "Fraction(")


def cause(
    resolver: Resolver, worlds: Worlds, member: Expr, sides: tuple[Expr, Expr], outcome: Outcome
) -> str:
    """One sentence on what is wrong with a line whose two sides differ; "" if nothing is found."""
    nothing = _identically_zero(resolver, worlds, member)
    if nothing is not None:
        return nothing
    try:
        return _difference(resolver, worlds, sides, outcome)
    except (DeriveError, NoForm, TooLarge, RecursionError):
        return ""


def _identically_zero(resolver: Resolver, worlds: Worlds, member: Expr) -> str | None:
    """A derivative in the line that is 0 because its upper variable does not depend on the lower."""
    for w in (p for p in parts_of(member) if isinstance(p, Written) and p.at is None):
        if not isinstance(w.of, Variable) or not isinstance(w.by, Variable):
            continue
        try:
            found = line_range(resolver, (w,), (), 2)
            value = resolver.resolve(w)
            zero = Comparison(resolver, worlds, value, ZERO, found)
            if not zero.differs(quick=True):
                of, by = text(w.of), text(w.by)
                return f"∂{of}/∂{by} is 0, since {of} does not depend on {by}"
        except DeriveError:
            continue
    return None


def _difference(
    resolver: Resolver, worlds: Worlds, sides: tuple[Expr, Expr], outcome: Outcome
) -> str:
    """What one side has and the other lacks, at the T and the indices of the counterexample."""
    if outcome.at is None:
        return ""
    horizon = outcome.at[HORIZON].shift
    normal = Normal(resolver.context, worlds.graph(horizon), False, False)
    left, right = (normal.of(side, outcome.at) for side in sides)
    if left.below != right.below or len(left.above) + len(right.above) > 60:
        return ""
    lacking = list(_named(minus(left.above, right.above), right.above))
    spare = list(_named(minus(right.above, left.above), left.above))
    if any(mark in term for term in (*lacking, *spare) for mark in UNREADABLE):
        return ""
    at = _place(outcome.at)
    if lacking and not spare:
        return f"{at}the right side lacks {_list(lacking)}"
    if spare and not lacking:
        return f"{at}the right side has {_list(spare)} too many"
    if lacking and spare:
        return f"{at}the right side has {_list(spare)} where {_list(lacking)} should stand"
    return ""


def _place(at: dict[str, Time] | object) -> str:
    assert isinstance(at, dict)
    letters = [f"{a} = {time.shift}" for a, time in sorted(at.items()) if a != HORIZON]
    if not letters:
        return ""
    return f"at {', '.join([f'T = {at[HORIZON].shift}', *letters])} "


def _named(difference: Polynomial, other: Polynomial) -> Iterator[str]:
    """The terms with a positive coefficient, as products."""
    for (monomial, word), c in sorted(difference.items()):
        if c <= 0 or ((monomial, word) in other and is_number({(monomial, word): c})):
            continue
        factors = [] if c == 1 and (monomial or word) else [str(c)]
        factors += [name if n == 1 else f"{name}^{n}" for name, n in monomial]
        yield " ".join([*factors, *word])


def _list(terms: list[str]) -> str:
    shown = terms[:MOST_NAMED]
    more = f" and {len(terms) - MOST_NAMED} more" if len(terms) > MOST_NAMED else ""
    return " + ".join(shown) + more


# -- what a page leaves open --------------------------------------------------------------------------

_OPEN_SUM = re.compile(r"(\\sum|\\prod|∑|Σ|∏)(\\limits)?\s*(?![_^\s])")


def open_sum(latex_text: str) -> bool:
    """Whether a Σ or Π stands without any bound."""
    return _OPEN_SUM.search(latex_text) is not None


def taken_for_granted(context: Context) -> Iterator[str]:
    """What the definitions leave open, and how it was taken."""
    for remark in context.model.assumptions:
        yield "".join(part if isinstance(part, str) else text(part) for part in remark)
    if multiplies(context) and not has_vectors(context):
        yield "what stands in closed formulas is a scalar"
    for name, other in context.alias.items():
        yield f"{text(Variable(name, NOW))} is another name of {text(Variable(other, NOW))}"
    for lost in context.lost.values():
        if lost.arguments:
            given = ", ".join(map(text, lost.arguments))
            name, place = text(Variable(lost.name)), f"line {lost.line} cannot be read"
            yield f"{name} is some function of {given} ({place})"
    for name in context.recognised:
        what = text(context.inlined[name])
        yield (
            f"{text(Variable(name, NOW))} is {what}: both satisfy the same recursion, proved by "
            "induction; a missing end value counts as 0"
        )


# -- readings ----------------------------------------------------------------------------------------


def reading_text(choices: dict[Written, str]) -> str:
    """A reading in words: which derivative has which meaning."""
    return "; ".join(_meaning(w, kind) for w, kind in choices.items())


def _meaning(w: Written, kind: str) -> str:
    shown = f"∂{_name(w.of)}/∂{_name(w.by)}"
    if kind == "held" and w.at is not None:
        return f"({shown})_{_name(w.at)} is the derivative with {_name(w.at)} held constant"
    if kind == "partial":
        return f"{shown} is partial: only the direct use of {_name(w.by)} counts, all else is held"
    return f"{shown} is total: every path counts"


def _name(expr: Expr | None) -> str:
    try:
        return text(expr) if expr is not None else ""
    except TypeError:
        return "…"


def unambiguous(choices: dict[Written, str]) -> str | None:
    """Each re-read derivative in a notation that says which one it is."""
    found: list[str] = []
    for w, kind in choices.items():
        try:
            of, by = latex_of(w.of), latex_of(w.by)
            if kind == "held" and w.at is not None:
                mark = f"_{{{latex_of(w.at)}\\text{{ held}}}}"
                found.append(f"\\left(\\frac{{\\partial {of}}}{{\\partial {by}}}\\right){mark}")
            elif kind == "partial":
                found.append(f"\\frac{{\\partial^+ {of}}}{{\\partial {by}}}")
            else:
                found.append(f"\\frac{{d {of}}}{{d {by}}}")
        except TypeError:
            return None
    return ", \\quad ".join(found)


def latex_of(expr: Expr | None) -> str:
    """A symbol as LaTeX; TypeError for what has none."""
    if expr is None:
        raise TypeError("nothing to write")
    return latex(expr)
