"""The macros that a page defines for itself."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from derive.text.tokens import Macro, body

LONGEST_BODY = 4_000
MOST_MACROS = 3_000

_NAME = r"(?:\{\s*(?P<braced>\\(?:[a-zA-Z@]+|.))\s*\}|(?P<bare>\\(?:[a-zA-Z@]+|.)))"
_DEFINITION = re.compile(
    rf"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|newmathcommand)\*?\s*{_NAME}"
    r"\s*(?:\[\s*(?P<count>\d)\s*\])?\s*(?:\[(?P<default>[^\]\n]{0,200})\])?\s*(?=\{)"
    r"|\\DeclareMathOperator(?P<star>\*?)\s*\{?\s*(?P<operator>\\[a-zA-Z]+)\s*\}?\s*(?=\{)"
    r"|\\DeclarePairedDelimiter(?:X)?\s*\{?\s*(?P<delimiter>\\[a-zA-Z]+)\s*\}?\s*(?=\{)"
    r"|\\[gex]?def\s*(?P<defined>\\(?:[a-zA-Z@]+|.))\s*(?P<slots>(?:\#\d)*)\s*(?=\{)"
    r"|\\let\s*(?P<let>\\[a-zA-Z]+)\s*=?\s*(?P<same>\\[a-zA-Z]+)"
    r"|\\(?:re)?newenvironment\*?\s*\{(?P<environment>[a-zA-Z*]+)\}\s*(?:\[\d\])?(?:\[[^\]]*\])?\s*(?=\{)"
)
_BRACE = re.compile(r"\\.|[{}]", re.S)
_OPENER = re.compile(r"\\begin\s*\{([a-zA-Z]+)\*?\}|(\\\[)|(\$\$)")


@dataclass
class Macros:
    """Definitions in order; `spans` are where they stand, `raw` a macro's body as it is written."""

    found: dict[str, list[tuple[int, Macro]]] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    environments: dict[str, str] = field(default_factory=dict)
    spans: list[tuple[int, int]] = field(default_factory=list)
    latest: dict[str, Macro] = field(default_factory=dict)
    changing: tuple[str, ...] = ()

    def at(self, offset: int) -> Mapping[str, Macro]:
        """The macros in force at a place; one that is only defined later counts, too."""
        if not self.changing:
            return self.latest
        known = dict(self.latest)
        for name in self.changing:
            versions = self.found[name]
            i = bisect_right([at for at, _ in versions], offset)
            known[name] = versions[max(0, i - 1)][1]
        return known


def collect(text: str) -> Macros:
    """All definitions in a text whose comments are hidden."""
    macros = Macros()
    at = 0
    while (match := _DEFINITION.search(text, at)) and len(macros.raw) < MOST_MACROS:
        at = _define(macros, text, match)
    macros.latest = {name: versions[0][1] for name, versions in macros.found.items()}
    macros.changing = tuple(n for n, v in macros.found.items() if len({m.body for _, m in v}) > 1)
    return macros


def _define(macros: Macros, text: str, match: re.Match[str]) -> int:
    end = match.end()
    if match["let"]:
        if match["same"] in macros.found:
            _add(macros, match["let"], match.start(), macros.found[match["same"]][-1][1])
        elif match["let"] != match["same"]:
            _add(macros, match["let"], match.start(), Macro(0, None, body(match["same"])))
        macros.spans.append((match.start(), end))
        return end
    stop = group_end(text, end)
    if stop is None:
        return end
    written = text[end + 1 : stop - 1]
    if match["environment"]:
        return _environment(macros, text, match, written, stop)
    name = (
        match["braced"]
        or match["bare"]
        or match["defined"]
        or match["operator"]
        or match["delimiter"]
    )
    count = int(match["count"] or 0) or (match["slots"] or "").count("#")
    if match["operator"]:
        written = f"\\operatorname{{{written}}}"
    elif match["delimiter"]:
        second = re.compile(r"\s*(?=\{)").match(text, stop)
        closed = group_end(text, second.end()) if second else None
        if second is None or closed is None:
            return stop
        written = f"\\left{written}#1\\right{text[second.end() + 1 : closed - 1]}"
        stop, count = closed, 1
    macros.raw.setdefault(name, written)
    _add(macros, name, match.start(), Macro(count, match["default"], body(written)))
    macros.spans.append((match.start(), stop))
    return stop


def _environment(macros: Macros, text: str, match: re.Match[str], written: str, stop: int) -> int:
    opener = _OPENER.search(written)
    macros.environments[match["environment"]] = (opener[1] or "equation") if opener else ""
    closer = re.compile(r"\s*(?=\{)").match(text, stop)
    closed = group_end(text, closer.end()) if closer else None
    stop = closed or stop
    macros.spans.append((match.start(), stop))
    return stop


def _add(macros: Macros, name: str, at: int, macro: Macro) -> None:
    if any(t.text == name for t in macro.body):
        return
    macros.found.setdefault(name, []).append((at, macro))


def group_end(text: str, start: int, limit: int = LONGEST_BODY) -> int | None:
    """Where the braced group at `start` ends; None if it is too long."""
    depth = 0
    for found in _BRACE.finditer(text, start, start + limit):
        depth += {"{": 1, "}": -1}.get(found.group(), 0)
        if not depth:
            return found.end()
    return None


def opened_by(macros: Macros, name: str) -> str | None:
    """The environment that a macro of the page's begins: `\\be` for \\begin{equation}."""
    written = macros.raw.get(name)
    if not written or len(written) > 200:
        return None
    opener = _OPENER.search(written)
    if opener is None:
        return None
    return opener[1] or ("displaymath" if opener[2] else "$$")
