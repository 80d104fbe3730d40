"""What does not change the mathematics does not change the verdicts."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("derive.verify.judge", reason="there is no judge yet")

from corpus import Page, pages
from red_pen import report_on

PAGES = {page.path.name: page for page in pages("right")}
SAMPLE = [page for page in pages("right") if page.path.suffix == ".tex"][::4]
RENAMED = {
    "coupled.tex": ((r"c", r"m"), (r"h", r"s"), (r"\\theta", r"\\vartheta")),
    "two-layers.tex": ((r"\\alpha", r"\\mu"), (r"\\beta", r"\\nu")),
    "chain-many.tex": ((r"q", r"m"), (r"w", r"c")),
    "linear.tex": ((r"\\theta", r"a"), (r"h", r"s")),
}


def verdicts(page: Page, text: str) -> list[str]:
    """The kinds of verdict in order, remarks left out: prose may hold more or fewer symbols."""
    report = report_on(page, text)
    return [j.verdict.kind for j in report.formulas if j.verdict.kind != "remark"]


def renamed(text: str, old: str, new: str) -> str:
    """One symbol for another in the displays; letters inside words and macros are left."""
    pattern = rf"(?:(?<![A-Za-z\\])|(?<=\{{d)){old}(?![A-Za-z])"

    def change(match: re.Match[str]) -> str:
        return re.sub(pattern, new, match.group())

    return re.sub(r"\$[^$]*\$|\\\[.*?\\\]|\\begin.*?\\end\{[a-z*]+\}", change, text, flags=re.S)


@pytest.mark.parametrize("name", RENAMED)
def test_other_letters(name: str) -> None:
    page, text = PAGES[name], PAGES[name].text
    for old, new in RENAMED[name]:
        text = renamed(text, old, new)
    assert text != page.text
    assert verdicts(page, text) == verdicts(page, page.text)


@pytest.mark.parametrize(
    "name", ["bptt.tex", "bptt-double-sum.tex", "terminal.tex", "two-layers.tex"]
)
def test_time_above_instead_of_below(name: str) -> None:
    page = PAGES[name]
    index = r"(?:\{[tTksim](?:[+-]\d)?\}|[tTksim0-3])"
    text = re.sub(rf"\b([hoLxyab])_({index})", r"\1^\2", page.text)
    assert text != page.text
    assert verdicts(page, text) == verdicts(page, page.text)


@pytest.mark.parametrize("name", ["coupled.tex", "two-layers.tex", "tanh-cell.tex", "linear.tex"])
def test_each_line_in_a_display_of_its_own(name: str) -> None:
    page = PAGES[name]
    plain = re.sub(r"(?<!\\)%[^\n]*", "", page.text)

    def split(match: re.Match[str]) -> str:
        rows = match[2].split("\\\\\n")
        if any(row.lstrip().startswith("&") for row in rows):
            return match.group()
        return "\n".join(f"\\[ {row.replace('&', ' ').strip()} \\]" for row in rows)

    text = re.sub(r"\\begin\{(align\*?)\}(.*?)\\end\{\1\}", split, plain, flags=re.S)
    assert text != plain
    assert verdicts(page, text) == verdicts(page, page.text)


@pytest.mark.parametrize("name", ["bptt.tex", "order.tex", "feedback.tex"])
def test_independent_lines_in_another_order(name: str) -> None:
    """The displays of the wrong notes do not build on each other."""
    page = next(p for p in pages("wrong") if p.path.name == name)
    shown = re.findall(r"\\\[.*?\\\]", page.text, flags=re.S)
    turned = iter(reversed(shown))
    text = re.sub(r"\\\[.*?\\\]", lambda _: next(turned), page.text, flags=re.S)
    claims = -len(shown)
    before, after = verdicts(page, page.text), verdicts(page, text)
    assert after[:claims] == before[:claims]
    assert after[claims:] == before[claims:][::-1]


@pytest.mark.parametrize("page", SAMPLE, ids=lambda page: page.path.name)
def test_more_prose(page: Page) -> None:
    prose = (
        "\n\nA paragraph that says nothing, about 5% of what a note says, and not $x$ alone.\n\n"
    )
    assert verdicts(page, prose + page.text + prose) == verdicts(page, page.text)


@pytest.mark.parametrize("page", SAMPLE, ids=lambda page: page.path.name)
def test_comments_and_spaces(page: Page) -> None:
    text = re.sub(r"(?<=\S) \+ ", "\n  +  ", page.text).replace("= ", "=\\, ")
    assert verdicts(page, text) == verdicts(page, page.text)
