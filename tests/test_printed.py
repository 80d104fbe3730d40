"""PDFs as a reader has them: no blank page, nothing beyond a margin or on something else, all there."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from html import unescape
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import pytest
from printed import Page, pages_of, poppler

import derive
from derive.document import layout_of
from derive.tasks import Result
from derive.typesetting import NoTeX, find_engine, typeset, typeset_by_typst

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
needed = bool(os.environ.get("DERIVE_NEEDS_POPPLER"))
# CI sets the variable, so that a missing Poppler, TeX or Typst is a failure there.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (needed or poppler()), reason="needs Poppler"),
]
DOCUMENTS: Mapping[str, Callable[[], Result]] = {
    "notes": derive.notes,
    "bptt tanh": lambda: derive.bptt("tanh"),
    "prove lstm": lambda: derive.prove("lstm"),
    "bptt of a cell of one's own": lambda: derive.bptt(derive.model(EXAMPLES / "my-cell.md")),
}
LONG = 4  # letters of a word: shorter ones may be letters of a formula that stand side by side
BY_TEX, BY_TYPST = "TeX", "Typst"


def is_missing(maker: str) -> bool:
    """Whether what makes PDFs is not there, and nobody has said that it must be."""
    if needed:
        return False
    try:
        return find_spec("typst") is None if maker == BY_TYPST else not find_engine()
    except NoTeX:
        return True


each_maker = pytest.mark.parametrize(
    "maker",
    [
        pytest.param(name, marks=pytest.mark.skipif(is_missing(name), reason=f"no {name} is here"))
        for name in (BY_TEX, BY_TYPST)
    ],
)
each_document = pytest.mark.parametrize("name", DOCUMENTS)


def made(maker: str, tex: str, typst: str) -> bytes:
    """The PDF of a document of LaTeX, or of the same one of Typst."""
    if maker == BY_TEX:
        return typeset(tex, seconds=600)
    pdf = typeset_by_typst(lambda: typst)
    assert pdf is not None, "Typst's wheel is missing"
    return pdf


@cache
def result(name: str) -> Result:
    return DOCUMENTS[name]()


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], list[Page]]:
    """The pages of a document, made by TeX or by Typst."""
    folder = tmp_path_factory.mktemp("pdf")

    @cache
    def printed(name: str, maker: str) -> list[Page]:
        found, file = result(name), folder / f"{name} {maker}.pdf"
        typst = found.render(layout_of("typst", False, 80, True))
        file.write_bytes(made(maker, found.latex(standalone=True), typst))
        return pages_of(file)

    return printed


@each_maker
@each_document
def test_every_page_can_be_looked_at(
    name: str, maker: str, printed: Callable[[str, str], list[Page]]
) -> None:
    pages = printed(name, maker)
    for number, page in enumerate(pages, 1):
        where = f"page {number} of {len(pages)}"
        assert 0.002 < page.ink < 0.1, where
        assert page.beyond == [], where
        assert list(page.overlaps) == [], where


@each_maker
@each_document
def test_every_word_and_every_number_is_on_its_page(
    name: str, maker: str, printed: Callable[[str, str], list[Page]]
) -> None:
    """As many of each word as the same document has in HTML, and the lines' numbers, in their order."""
    pages, html = printed(name, maker), result(name).html()
    numbers = list(chain.from_iterable(page.numbers for page in pages))
    # Typst says the number of an equation again where it goes on on the next page.
    once = [n for before, n in zip([0, *numbers], numbers, strict=False) if n != before]
    assert once == [int(n) for n in re.findall(r'<span id="l(\d+)">', html)]
    assert maker == BY_TYPST or numbers == once
    in_formulas = words_of(plain(" ".join(re.findall(r"<math.*?</math>", html, re.S))))
    expected = words_of(plain(re.sub(r"<math.*?</math>", " ", html, flags=re.S)))
    found = words_of(words_on(pages))
    assert len(expected) > 20
    for word in in_formulas:
        del expected[word], found[word]
    assert found == expected


@each_maker
@each_document
def test_every_letter_and_every_sign_is_on_its_page(
    name: str, maker: str, printed: Callable[[str, str], list[Page]]
) -> None:
    """As many of each as the same document has in HTML, those of formulas too: no name in one is lost."""
    expected = letters_of(plain(result(name).html()))
    found = letters_of(words_on(printed(name, maker)))
    if maker == BY_TEX:  # whose fonts call the two signs of a sum X and P
        sums = found["X"] + found["P"] - expected["X"] - expected["P"]
        assert sums == expected["∑"]
        del found["X"], found["P"], expected["X"], expected["P"], expected["∑"]
    assert len(expected) > 30
    assert found == expected


@each_maker
@each_document
def test_every_name_of_a_formula_is_one_word_on_its_page(
    name: str, maker: str, printed: Callable[[str, str], list[Page]]
) -> None:
    """tanh, diag and what stands in \\text are as often there as in HTML, their letters side by side."""
    html = result(name).html()
    formulas = re.findall(r"<math.*?</math>", html, re.S)
    named = re.compile(r"<(mi|mo|mtext)\b[^>]*>([^<]*)</\1>")
    names = {unescape(m[2]).strip() for f in formulas for m in named.finditer(f)}
    names = {n for n in names if len(n) > 2 and n.isalpha()}
    assert names or name == "notes"
    tokens = " ".join(re.sub(r"<[^>]*>", "", f) for f in formulas)
    prose = re.sub(r"<math.*?</math>", " ", html, flags=re.S)
    expected, found = plain(tokens) + " " + plain(prose), words_on(printed(name, maker))
    whole = [re.sub(r"(?<=[a-z])[-\u00ad] (?=[a-z])", "", t) for t in (expected, found)]
    for one in names:
        assert whole[1].count(one) == whole[0].count(one) > 0, one


@each_maker
@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "notes"])
def test_the_answer_stands_in_a_box_before_all_else(
    name: str, maker: str, printed: Callable[[str, str], list[Page]]
) -> None:
    first, *_ = pages = printed(name, maker)
    assert first.words[-1].text == "1"  # the page's number
    top = first.rules[0]
    bottom, last = next((r, p) for p in pages for r in p.rules if (p, r) != (first, top))
    head = [w.text for w in first.words if w.bottom < top]
    assert head[-1] == "Answer" and "Model" not in head
    inside = [
        w.text for w in first.words if top < w.top and (last is not first or w.bottom < bottom)
    ]
    assert inside.count("∂C") >= len(result(name).equations) / 2


def plain(html: str) -> str:
    """The words of a page; none in Japanese, for which not every TeX has letters."""
    html = re.sub(r"<(style|title|desc)\b.*?</\1>", " ", html, flags=re.S)
    return re.sub(r"[\u3040-\u9fff]+ \(.*?\)", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def words_of(text: str) -> Counter[str]:
    """How often each word stands there; one that is broken at the end of a line is one word."""
    whole = re.sub(r"(?<=[a-z])[-\u00ad] (?=[a-z])", "", " ".join(text.split()))
    return Counter(re.findall(rf"[A-Za-z]{{{LONG},}}", whole))


def words_on(pages: list[Page]) -> str:
    return " ".join(w.text for page in pages for w in page.words)


def letters_of(text: str) -> Counter[str]:
    """How often each letter and each sign of a formula is there, but for Japanese; a dot above is none."""
    plainer = re.sub(r"[\u3040-\u9fff]", "", unicodedata.normalize("NFKD", text).replace("·", "⋅"))
    return Counter(c for c in plainer if c.isalpha() or unicodedata.category(c) == "Sm")


@each_maker
def test_what_is_wrong_is_seen(maker: str, tmp_path: Path) -> None:
    tex = (
        "\\documentclass[a4paper]{article}\\usepackage[margin=2.2cm]{geometry}\\begin{document}"
        "\\noindent\\mbox{\\hspace{17cm}beyond}\n\n\\noindent$\\frac{a}{bcd}$\\\\[-14pt]$\\frac{efg}{h}$"
        "\\newpage\\null\\end{document}"
    )
    typst = (
        '#set page(paper: "a4", margin: 2.2cm)\n#box(width: 19cm)[#h(17cm)beyond]\n\n'
        "$a/(b c d)$#v(-1.6em)$(e f g)/h$\n#pagebreak()\n~"
    )
    (tmp_path / "wrong.pdf").write_bytes(made(maker, tex, typst))
    first, blank = pages_of(tmp_path / "wrong.pdf")
    assert first.beyond and list(first.overlaps)
    assert blank.ink < 0.002
