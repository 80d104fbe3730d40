"""Why a line is wrong, in the reader's words."""

from __future__ import annotations

from derive.algebra.expression import Expr
from derive.verify.compare import Outcome
from derive.verify.context import Context


def cause(context: Context, head: Expr, member: Expr, outcome: Outcome) -> str:
    """One sentence on what is wrong with head = member."""
    return "the two sides differ"
