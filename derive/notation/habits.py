"""What letters usually are in the field: the weakest evidence, asked last.

Each table answers one question for a letter of which the page itself says nothing.
"""

from __future__ import annotations

import re

from derive.algebra.functions import FUNCTIONS
from derive.text import tables

DIGITS = dict(
    zip(
        "123456789",
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
        strict=True,
    )
)
ACCENTS = ("tilde", "bar", "hat")
MARKS = ("prime", "primeprime", "primeprimeprime", *DIGITS.values(), *ACCENTS)
"""What may hang on the letter of an index: h', t_1, \\tilde{j}."""

GREEK = frozenset(
    (
        *(
            "\\alpha",
            "\\beta",
            "\\gamma",
            "\\delta",
            "\\epsilon",
            "\\varepsilon",
            "\\zeta",
            "\\eta",
        ),
        *(
            "\\theta",
            "\\iota",
            "\\kappa",
            "\\lambda",
            "\\mu",
            "\\nu",
            "\\xi",
            "\\rho",
            "\\sigma",
            "\\tau",
        ),
        *("\\phi", "\\varphi", "\\chi", "\\psi", "\\omega", "\\ell"),
    )
)
"""The small Greek letters that may count, and the curly l."""


def marked(letter: str, mark: str) -> str:
    """The one letter that stands for the letter of an index with its mark."""
    plain = letter.removeprefix("\\")
    return f"\\{plain}index{mark}"


def _with_marks(*letters: str) -> frozenset[str]:
    return frozenset((*letters, *(marked(letter, mark) for letter in letters for mark in MARKS)))


_PLAIN = {
    marked(letter, mark): (letter, mark)
    for letter in ("\\ell", *sorted(GREEK), *"abcdefghijklmnopqrstuvwxyz")
    for mark in MARKS
}


def unmarked(letter: str) -> tuple[str, str]:
    """The plain letter and the mark of a marked one; any other is itself, with no mark."""
    return _PLAIN.get(letter, (letter, ""))


TIME = _with_marks("t", "\\tau")
"""Letters that are time wherever they stand in a script."""

KRONECKER = "\\kronecker"
r"""The name of Kronecker's \delta_{ij} where other \delta stand on the page."""

LAYER = _with_marks("l", "\\ell")
"""Letters that count layers wherever they stand in a script."""

INDEX = frozenset(
    ("t", "\\tau", "s", "u", "l", "\\ell", "i", "j", "k", "m", "n", "p", "q", "r", "d", *_PLAIN)
)
"""Letters that may count something where they stand in a script and the page does not use them
otherwise."""

TENSOR = frozenset("abcdijklmnpqr") | {
    *("\\alpha", "\\beta", "\\gamma", "\\kappa", "\\lambda", "\\mu", "\\nu", "\\rho", "\\sigma")
}
"""Letters that count components above a name, A^{ij}, where the page writes tensors."""

HORIZON = frozenset(("T", "N", "L", "M", "K", "S", "n", "\\tau", "\\ell", "l"))
"""Letters of the last step, the last layer: `h_T`, `a^L`."""

FUNCTION = frozenset(
    (
        *(
            "f",
            "g",
            "F",
            "G",
            "H",
            "\\phi",
            "\\varphi",
            "\\psi",
            "\\sigma",
            "\\ell",
            "\\rho",
            "\\Phi",
            "\\Psi",
        ),
        *("P", "O", "\\mathbb{1}", "\\mathbf{1}", "\\mathcal{F}", "\\mathcal{N}", "CE", "loss"),
    )
)
"""Letters that are applied to what stands in brackets behind them."""

APPLIED = frozenset(
    (*FUNCTION, "h", "q", "r", "p", "l", "E", "J", "L", "C", "\\mathcal{L}", "\\mathcal{J}")
)
"""Letters that may be applied; a bracket behind them is a factor only where something else shows it."""

KNOWN = frozenset(
    (
        *(
            "tanh",
            "exp",
            "log",
            "ln",
            "sin",
            "cos",
            "tan",
            "sinh",
            "cosh",
            "sech",
            "arctan",
            "sqrt",
            "det",
        ),
        *(
            "sigmoid",
            "sigm",
            "softmax",
            "softplus",
            "relu",
            "ReLU",
            "diag",
            "tr",
            "vec",
            "max",
            "min",
        ),
        *("CE", "sgn", "sign", "erf", "rank", "dim", "concat", "KL", "cov", "var", "Var", "Cov"),
        *("logsumexp", "norm", "prod", "sum", "mean", "step", "argmax"),
        *FUNCTIONS["\\stopgrad"].words,
    )
)
"""Words that are functions without being defined."""

SLOPELESS = re.compile(
    r"^\\(?:bot|perp|top|square|Box|boxdot|boxtimes|blacksquare|dagger|natural|sharp|flat|odot|circledast)(?![a-zA-Z])"
    r"|stop|detach|no_?grad|freez|frozen|^const|hold|^fix|round|quanti|floor|ceil|^step|sign|^arg|one_?hot|clip|thresh|"
    r"binar|discre|^int$|sampl|mask|heavi|spike|hard|indicat|sort|top_?k|bool|cast|trunc|barrier|block",
    re.IGNORECASE,
)
"""Names of functions whose slope may be 0, or stopped."""

LOSS = frozenset(
    (
        *(
            "L",
            "E",
            "J",
            "C",
            "\\mathcal{L}",
            "\\mathcal{J}",
            "\\mathcal{C}",
            "\\mathcal{E}",
            "\\xi",
        ),
        *("loss", "cost", "Loss", "Cost", "\\mathscr{L}", "error"),
    )
)
"""Names of costs: differentiated and often never defined."""

INPUT = frozenset(("x", "y", "u", "d", "X", "Y"))
"""Names of data: used and never defined."""

PARAMETER = frozenset(
    (
        *(
            "W",
            "U",
            "V",
            "b",
            "w",
            "\\theta",
            "\\Theta",
            "\\phi",
            "\\psi",
            "\\vartheta",
            "\\omega",
            "\\beta",
        ),
        *("A", "B", "Q", "R", "S", "\\gamma", "\\alpha", "\\lambda", "v", "a", "c"),
    )
)

CONSTANT = frozenset(("e", "\\pi", "\\eta", "\\epsilon", "\\varepsilon", "\\infty"))
"""Names of numbers: Euler's, the circle's, the learning rate."""

STATE = frozenset(
    ("h", "s", "c", "C", "a", "z", "o", "f", "i", "g", "net", "\\delta", "\\lambda", "p", "m")
)
"""Names of what a network computes, defined or not."""

LABELLED = frozenset(("a", "z", "h", "c", "s", "o", "net", "\\delta", "\\Gamma", "g", "i"))
"""Letters of states that stay states with a label and without an index: `a_f`, `c_{prev}`."""

HIDDEN = frozenset(("\\theta", "\\phi", "\\psi", "\\omega", "\\vartheta", "\\Theta", "\\beta"))
"""Letters that are parameters where they stand below a function."""

LONELY = frozenset(("h", "s", "z", "r", "o", "q"))
"""Letters of states that are data where a page gives them neither time nor layer nor a definition."""

WEIGHT = frozenset(("W", "U", "V", "b", "w", "\\theta"))
"""Parameters even with a time: the copy of one step."""

WORD = re.compile(
    r"(?:if|si|sinon|et|and|or|otherwise|where|for|with|else|in|th|st|nd|rd|given|s\.?t\.?|subject to|"
    r"when|is|"
    r"the|of|as|so|then|from|to|by|on|all|not|minimize|maximize|such that|i\.e\.|e\.g\.)\.?",
    re.IGNORECASE,
)
"""Words of prose that have slipped into a formula."""

NO_SYMBOL = frozenset(
    (
        "\\partial",
        "\\nabla",
        "\\infty",
        "\\top",
        "\\intercal",
        "\\dagger",
        "\\prime",
        "\\forall",
        "\\exists",
    )
)
"""Signs that are written as letters and name nothing."""

LETTER_MACROS = tables.GREEK | {
    *(
        "digamma",
        "hslash",
        "beth",
        "gimel",
        "daleth",
        "eth",
        "mho",
        "square",
        "complement",
        "bullet",
    ),
    *("aleph", "angle", "diamond", "triangle", "bigcirc", "clubsuit", "spadesuit", "checkmark"),
}
"""What LaTeX itself and the usual packages have for a letter or a sign."""

_MACRO = re.compile(r"(?:\\[a-zA-Z]+\{)*\\(?P<word>[a-z]{3,})(?![a-zA-Z{])")


def unknown_macro(key: str) -> bool:
    r"""Whether a name is a word behind a backslash that no page and no package has explained: \act."""
    found = _MACRO.match(key)
    return found is not None and found["word"] not in LETTER_MACROS
