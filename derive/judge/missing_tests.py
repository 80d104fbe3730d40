"""What a line says not where it holds for some indices alone: i ≠ j, t > k."""

from __future__ import annotations

from itertools import permutations

from derive.judge.claims import Outcome, Sides

INDEX = "a condition on an index"


def missing_condition(found: Sides, outcome: Outcome) -> str:
    """What a line lacks that holds but at an end of its range, or but where two indices are equal; empty where it is not so."""  # noqa: E501
    if not outcome.failed or not outcome.passed or outcome.missing or not outcome.lively:
        return ""
    letters = [*found.ordered, *found.components]
    for i, a in enumerate(letters):
        for b in letters[i + 1 :]:
            if a.startswith("\\,") or b.startswith("\\,"):
                continue
            if (a in found.ordered) != (b in found.ordered):
                continue  # a step and an entry are never equal
            if all(e.get(a) == e.get(b) for e, _ in outcome.failed) and not any(
                e.get(a) == e.get(b) for e, _ in outcome.passed
            ):
                return f"for {a} ≠ {b}"
    for a in found.ordered:
        ends = {e.get(a) for e, _ in outcome.failed}
        if (
            len(ends) == 1
            and None not in ends
            and not any(e.get(a) in ends for e, _ in outcome.passed)
        ):
            (end,) = ends
            if end is not None and end <= 1 and any(e.get(a, 0) > end for e, _ in outcome.passed):
                return f"for {a} ≥ {end + 1}"
    return ""


def missing_order(found: Sides, outcome: Outcome) -> str:
    """The order of two steps that a line lacks: it holds, and says something, wherever they stand so, and nowhere else."""  # noqa: E501
    if not outcome.failed or not outcome.passed or outcome.missing:
        return ""
    letters = [a for a in found.ordered if not a.startswith("\\,")]
    for a, b in permutations(letters, 2):
        if found.ordered[a] != found.ordered[b]:
            continue
        failed = [e[a] - e[b] for e, _ in outcome.failed if a in e and b in e]
        passed = [e[a] - e[b] for e, _ in outcome.passed if a in e and b in e]
        lively = any(e[a] > e[b] for e in outcome.lively if a in e and b in e)
        if not lively or len(failed) < len(outcome.failed) or len(passed) < len(outcome.passed):
            continue
        if max(failed) < min(passed) and max(failed) in (-1, 0):
            return f"for {a} ≥ {b}" if max(failed) < 0 else f"for {a} > {b}"
    return ""
