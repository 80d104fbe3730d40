"""Where the mathematics of a text stands, and what stands between it."""

import pytest

from derive.text.page import Break, Formula, Heading, Page, Prose
from derive.text.read import read


def texts(page: Page) -> list[str]:
    """The formulas as they are written, in one line each."""
    return [" ".join(page.source.text[f.start : f.end].split()) for f in page.formulas]


MARKDOWN = (
    ("a $x$ b", ["x"]),
    ("a $$x$$ b", ["x"]),
    ("$$\nx\n\n= y\n$$", ["x = y"]),
    (r"a \(x\) and \[y\]", ["x", "y"]),
    (r"a \\(x_1\\) and \\[y_1\\]", ["x_1", "y_1"]),
    ("```math\nx\n```", ["x"]),
    ("```{math}\n:label: a\nx = y\n```", ["x = y"]),
    ("```python\n$x$\n```\n$y$", ["y"]),
    ("`$x$` and $y$", ["y"]),
    ("it costs $5 and then $6 more", []),
    ("it costs \\$5 and $x$", ["x"]),
    ("<!--\n$$x$$\n-->", ["x"]),
    ("<div>$$x = y$$</div>", ["x = y"]),
    ("---\ntitle: $x$\n---\n$y$", ["y"]),
    ("\\begin{equation}\nx\n\\end{equation}", [r"\begin{equation} x \end{equation}"]),
    ("a $`x`$ b", ["`x`"]),
    ("| $a$ | $b$ |", ["a", "b"]),
    ("{% raw %}$x${% endraw %}", ["x"]),
    ("a lost $x dollar", []),
    ('<script type="math/tex; mode=display">x = y</script>', ["x = y"]),
    (
        "a <script type=\"math/tex\">x</script> and <script type='math/tex' id='a'>y</script>",
        ["x", "y"],
    ),
    ('<script type="math/tex; mode=display">% <![CDATA[\nx < y %]]></script>', ["x < y"]),
    ("<script>$x$</script><script type='text/javascript'>y = \"$z$\"</script>$a$", ["a"]),
    ("$$a = b\n\nSome words that are plainly a whole sentence of prose.\n\n$$c$$", ["a = b", "c"]),
)

TEX = (
    ("a $x$ b % $y$\n$z$", ["x", "z"]),
    ("\\iffalse $x$ \\fi $y$", ["y"]),
    ("\\begin{comment}$x$\\end{comment}$y$", ["y"]),
    ("\\begin{verbatim}$x$\\end{verbatim}$y$", ["y"]),
    ("\\begin{lstlisting}\n$x$\n\\end{lstlisting}$y$", ["y"]),
    ("\\verb|$x$| $y$", ["y"]),
    ("\\documentclass{article}$w$\\begin{document}$x$\\end{document}$y$", ["x"]),
    ("$a \\text{ if $b$} c$", ["a \\text{ if $b$} c"]),
    ("\\newcommand{\\be}{\\begin{equation}}\\newcommand{\\ee}{\\end{equation}}\\be x \\ee", ["x"]),
    ("\\newcommand{\\alns}[1]{\\begin{align*}#1\\end{align*}}\\alns{ x &= y }", ["{ x &= y }"]),
    ("\\begin{myeq} a &= b \\end{myeq}", [r"\begin{myeq} a &= b \end{myeq}"]),
    ("\\begin{theorem} Let $x$. \\end{theorem}", ["x"]),
    ("a &= b \\\\\n&= c", ["a &= b \\\\ &= c"]),
    ("\\begin{tikzpicture}\\node {$x = y$};\\end{tikzpicture}", ["x = y"]),
    ("price \\$5 $x$", ["x"]),
    ("\\footnote{see $x$}", ["x"]),
)


@pytest.mark.parametrize("text, expected", MARKDOWN)
def test_the_formulas_of_markdown(text: str, expected: list[str]) -> None:
    assert texts(read("page.md", text)) == expected


@pytest.mark.parametrize("text, expected", TEX)
def test_the_formulas_of_tex(text: str, expected: list[str]) -> None:
    assert texts(read("page.tex", text)) == expected


def test_headings_hold_their_formulas() -> None:
    for path, text in (
        ("a.md", "## The $x$ case\n\nprose $y$"),
        ("a.tex", "\\section{The $x$ case} prose $y$"),
    ):
        page = read(path, text)
        heading = next(i for i in page.items if isinstance(i, Heading))
        assert heading.text.startswith("The") and "case" in heading.text
        assert [f.in_heading for f in page.formulas] == [True, False]


def test_prose_is_words() -> None:
    page = read(
        "a.tex",
        "We \\emph{define} the \\textbf{cost}~\\cite{x} as $C$, where\n\n\\item $T$ is big.",
    )
    prose = [i.text for i in page.items if isinstance(i, Prose)]
    assert prose == ["We define the cost as", ", where", "is big."]
    kinds = [i.kind for i in page.items if isinstance(i, Break)]
    assert kinds == ["paragraph", "item"]


def test_markdown_prose_is_words() -> None:
    page = read(
        "a.md",
        "The **cost** [here](http://x.y) is `code` <b>bold</b> $C$.\n\n- one\n- two\n\nafter",
    )
    prose = [i.text for i in page.items if isinstance(i, Prose)]
    assert prose == ["The cost here is bold", ".", "one", "two", "after"]
    kinds = [i.kind for i in page.items if isinstance(i, Break)]
    assert kinds.count("item") == 2 and "list end" in kinds


def test_captions_and_slides() -> None:
    page = read("a.tex", "\\begin{frame}\\caption{The $x$.} and $y$\\end{frame}")
    assert [f.in_caption for f in page.formulas] == [True, False]
    assert [i.kind for i in page.items if isinstance(i, Break)][:2] == ["slide", "caption"]


def test_directives_are_formulas() -> None:
    for path, text in (("a.tex", "% derive: T = 3\n$x$"), ("a.md", "<!-- derive: T = 3 -->\n$x$")):
        page = read(path, text)
        assert [f.directive for f in page.formulas] == [True, False]
        assert texts(page)[0] == "T = 3"


def test_lines_of_a_plain_text() -> None:
    page = read("a.txt", "The state is\nh_t = tanh(w h_{t-1} + x_t)\nand we are done here\n")
    assert texts(page) == ["h_t = tanh(w h_{t-1} + x_t)"]
    assert all(isinstance(i, Formula | Prose | Break) for i in page.items)
