"""reStructuredText: its `.. math::` directives as displays, its `:math:` roles as formulas, its code and literal blocks as nothing; same length."""  # noqa: E501

from __future__ import annotations

import re

from derive.text.hiding import fill

_DIRECTIVE = re.compile(r"(?P<indent>[ \t]*)\.\.[ \t]+(?P<name>[\w-]+)::(?P<rest>[^\n]*)")
_OPTION = re.compile(r"[ \t]+:[\w-]+:[^\n]*")
_ROLE = re.compile(r":math:`(?P<body>[^`]*)`")
_CODE = (
    "code",
    "code-block",
    "sourcecode",
    "literalinclude",
    "ipython",
    "plot",
    "testcode",
    "doctest",
)


def as_displays(text: str) -> str:
    """A text whose mathematics stands between dollar signs; same length, places as they were."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    made = list(text)
    at = 0
    while at < len(lines):
        found = _DIRECTIVE.match(lines[at])
        if found is None:
            literal = lines[at].rstrip().endswith("::")
            end = _end_of(lines, at + 1, _indent(lines[at])) if literal else at + 1
            made[starts[at + 1] : starts[end]] = fill(text[starts[at + 1] : starts[end]])
            at = end
            continue
        end = _end_of(lines, at + 1, len(found["indent"].expandtabs()))
        if found["name"] == "math":
            _display(lines, starts, made, at, end, found)
        elif found["name"] in _CODE:
            made[starts[at + 1] : starts[end]] = fill(text[starts[at + 1] : starts[end]])
        at = end if found["name"] in ("math", *_CODE) else at + 1
    return _ROLE.sub(lambda m: f"{fill(':math:')}${m['body']}$", "".join(made))


def directive_at(text: str, offset: int) -> tuple[int, str] | None:
    """Where the directive of mathematics ends that an offset lies in, without blank lines, and how far it is indented."""  # noqa: E501
    lines = text.splitlines(keepends=True)
    begin = at = 0
    while at < len(lines):
        found = _DIRECTIVE.match(lines[at])
        is_math = found is not None and found["name"] == "math"
        indent = found["indent"] if found is not None and is_math else ""
        end = _end_of(lines, at + 1, len(indent.expandtabs())) if is_math else at + 1
        finish = begin + sum(map(len, lines[at:end]))
        if is_math and begin <= offset < finish:
            return begin + len(text[begin:finish].rstrip()), indent
        begin, at = finish, end
    return None


def _end_of(lines: list[str], at: int, indent: int) -> int:
    """The line behind the body of a directive: the first that is indented no more than it."""
    while at < len(lines):
        if lines[at].strip() and _indent(lines[at]) <= indent:
            break
        at += 1
    return at


def _indent(line: str) -> int:
    """How far a line is indented."""
    return len(line.expandtabs()) - len(line.expandtabs().lstrip())


def _display(
    lines: list[str],
    starts: list[int],
    made: list[str],
    at: int,
    end: int,
    found: re.Match[str],
) -> None:
    """Puts dollar signs around the paragraphs of a directive's body."""
    begin = starts[at]
    size = found.start("rest")
    made[begin : begin + size] = fill("x" * size)
    first = at + 1
    if found["rest"].strip():
        made[begin + size - 2 : begin + size] = "$$"
        open_at = at
    else:
        open_at = -1
    while first < end and _OPTION.match(lines[first]):
        made[starts[first] : starts[first + 1] - 1] = fill("x" * (len(lines[first]) - 1))
        first += 1
    paragraph = open_at
    for i in range(first if open_at < 0 else at + 1, end + 1):
        blank = i == end or not lines[i].strip()
        if not blank and paragraph < 0:
            room = len(lines[i]) - len(lines[i].lstrip())
            if room < 2:
                continue
            made[starts[i] + room - 2 : starts[i] + room] = "$$"
            paragraph = i
        if blank and paragraph >= 0:
            close = starts[i] - 1  # the end of the line before, and what comes next
            if close + 1 < len(made) and made[close + 1].isspace():
                made[close : close + 2] = "$$"
            paragraph = -1
