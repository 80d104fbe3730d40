"""What the usual macros and characters are: a row each."""

from __future__ import annotations

GREEK = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta",
    "iota", "kappa", "varkappa", "lambda", "mu", "nu", "xi", "omicron", "pi", "varpi", "rho",
    "varrho", "sigma", "varsigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
    "ell", "hbar", "imath", "jmath", "partial", "nabla", "infty", "emptyset", "varnothing",
    "aleph", "wp", "Re", "Im", "top", "bot", "intercal", "perp", "dagger", "ddagger", "star",
    "prime", "dag", "dagger", "flat", "sharp", "natural",
))  # fmt: skip

RELATIONS: dict[str, str] = {
    **{s: s for s in ("=", "<", ">", ":=", "=:", "+=", "-=", "*=")},
    **{ f"\\{n}": f"\\{n}" for n in ["approx", "sim", "simeq", "cong", "propto", "asymp", "leq",
        "geq", "ll", "gg", "lesssim", "gtrsim", "neq", "to", "leftarrow", "mapsto", "subset",
        "subseteq", "supset", "supseteq", "in", "notin", "ni", "equiv", "prec", "succ", "preceq",
        "succeq", "leftrightarrow", "vdash", "models", "hookrightarrow", "rightarrow", "perp",
        "parallel"] if n not in ("rightarrow", "perp") },
    "\\lt": "<", "\\gt": ">", "\\le": "\\leq", "\\ge": "\\geq", "\\leqslant": "\\leq",
    "\\geqslant": "\\geq", "\\leqq": "\\leq", "\\geqq": "\\geq", "\\ne": "\\neq",
    "\\gets": "\\leftarrow", "\\rightarrow": "\\to", "\\longrightarrow": "\\to",
    "\\longleftarrow": "\\leftarrow", "\\longmapsto": "\\mapsto", "\\coloneqq": ":=",
    "\\coloneq": ":=", "\\triangleq": ":=", "\\defeq": ":=", "\\eqdef": ":=", "\\doteq": "=",
    "\\eqqcolon": "=:", "\\isin": "\\in", "\\thickapprox": "\\approx", "\\approxeq": "\\approx",
    "\\thicksim": "\\sim", "\\varpropto": "\\propto", "\\owns": "\\ni", "\\xlongequal": "=",
    "\\leadsto": "\\to", "\\rightsquigarrow": "\\to", "\\sub": "\\subset", "==": "=",
    "\\longleftrightarrow": "\\leftrightarrow", "\\not=": "\\neq", "\\not\\in": "\\notin",
    "\\nsim": "\\nsim", "\\not\\equiv": "\\neq", "\\rightleftharpoons": "\\leftrightarrow",
}  # fmt: skip

IMPLIES: dict[str, str] = {
    f"\\{n}": f"\\{n}"
    for n in [
        "implies",
        "Rightarrow",
        "Longrightarrow",
        "iff",
        "impliedby",
        "Leftrightarrow",
        "Longleftrightarrow",
        "Leftarrow",
        "therefore",
        "because",
    ]
}

OPERATORS: dict[str, str] = {
    **{s: s for s in "+-*/"},
    **{ f"\\{n}": f"\\{n}" for n in ["cdot", "times", "odot", "otimes", "oplus", "ominus", "circ",
        "pm", "mp", "div", "setminus", "cup", "cap", "wedge", "vee", "bullet", "oslash", "bmod",
        "mod", "bigoplus", "bigodot", "bigotimes"] },
    "\\ast": "*", "\\*": "*", "\\centerdot": "\\cdot", "\\circledast": "\\circledast",
    "\\diamond": "\\diamond", "\\land": "\\wedge", "\\lor": "\\vee", "\\cross": "\\times",
    "\\vdot": "\\cdot", "\\smallsetminus": "\\setminus", "\\rtimes": "\\times",
    "\\ltimes": "\\times", "\\slash": "/", "\\divided": "/", "\\oast": "\\circledast",
    "\\boxtimes": "\\boxtimes", "\\boxdot": "\\boxdot",
}  # fmt: skip

DOTS = frozenset(
    f"\\{n}"
    for n in [
        "dots",
        "ldots",
        "cdots",
        "vdots",
        "ddots",
        "dotsc",
        "dotsb",
        "dotsm",
        "dotsi",
        "hdots",
        "iddots",
        "textellipsis",
        "mathellipsis",
    ]
)

SIGNS: dict[str, str] = {
    **RELATIONS, **IMPLIES, **OPERATORS, **dict.fromkeys(DOTS, "\\dots"),
    **{s: s for s in (",", ";", ":", "!", "?", ".", "|", "&", "%", ")", "]", "(", "[", "`",
        '"', "~", "#", "$")},
    "@": "\\cdot", "\\mid": "\\mid", "\\colon": ":", "\\vcentcolon": ":", "\\forall": "\\forall",
    "\\exists": "\\exists", "\\neg": "\\neg", "\\lnot": "\\neg", "\\backslash": "\\backslash",
    "\\triangle": "\\triangle", "\\square": "\\square", "\\Box": "\\square",
    "\\checkmark": "\\checkmark", "\\degree": "\\degree", "\\nexists": "\\nexists",
    "\\uparrow": "\\uparrow", "\\downarrow": "\\downarrow", "\\nearrow": "\\uparrow",
    "\\searrow": "\\downarrow", "\\blacksquare": "\\square", "\\%": "%", "\\&": "\\&",
    "\\#": "\\#", "\\$": "\\$", "\\_": "\\_", "\\S": "\\S",
}  # fmt: skip

BIGS: dict[str, str] = {
    "\\sum": "sum", "\\prod": "prod", "\\int": "int", "\\iint": "int", "\\oint": "int",
    "\\bigcup": "cup", "\\bigcap": "cap", "\\coprod": "coprod", "\\bigsqcup": "cup",
    "\\idotsint": "int", "\\intop": "int",
}  # fmt: skip
BIG_NAMES = frozenset(["max", "min", "lim", "sup", "inf", "argmax", "argmin", "limsup", "liminf"])

OPS: dict[str, str] = {
    f"\\{n}": n
    for n in [
        "tanh",
        "exp",
        "log",
        "ln",
        "lg",
        "sin",
        "cos",
        "tan",
        "sec",
        "csc",
        "cot",
        "sinh",
        "cosh",
        "coth",
        "arcsin",
        "arccos",
        "arctan",
        "max",
        "min",
        "lim",
        "sup",
        "inf",
        "det",
        "tr",
        "dim",
        "ker",
        "deg",
        "gcd",
        "hom",
        "arg",
        "Pr",
        "diag",
        "sgn",
        "sign",
        "softmax",
        "sigmoid",
        "relu",
        "argmax",
        "argmin",
        "rank",
        "Tr",
        "trace",
        "vec",
        "erf",
        "arctanh",
        "sech",
        "limsup",
        "liminf",
    ]
    if n != "vec"
}

# Functions that are also spelled in bare letters, before a bracket or an argument.
FUNCTIONS = frozenset((
    "tanh", "exp", "log", "ln", "sin", "cos", "tan", "sinh", "cosh", "tan", "sec", "sech",
    "arctan", "sigmoid", "sigm", "softmax", "relu", "ReLU", "Relu", "RELU", "diag", "max", "min", "tr",
    "Tr", "det", "CE", "sign", "sgn", "sqrt", "abs", "logistic", "softplus", "argmax", "argmin",
    "vec", "LSTM", "RNN", "GRU", "MLP", "MSE", "BCE", "KL", "ELU", "GELU", "NLL", "lim", "sum",
    "Softmax", "Sigmoid", "Tanh", "LeakyReLU", "leakyrelu", "elu", "erf", "rank", "trace", "dim",
    "sup", "inf", "mean", "var", "Var", "Cov", "cov", "norm", "hardmax", "maxout", "concat",
))  # fmt: skip

# Words that are names in bare letters, even where their letters occur alone.
WORDS = frozenset((
    "net", "out", "loss", "cost", "err", "error", "input", "output", "hidden", "target", "pred",
    "label", "true", "old", "new", "sse", "mse", "mae", "bias", "weight", "weights", "sum", "mean",
    "state", "score", "logit", "logits", "act", "grad", "delta", "Loss", "Error", "Cost", "Output",
    "Input", "net_input", "dout", "total", "Total", "prob", "ctx", "emb", "class", "batch", "size",
    "step", "Delta",
))  # fmt: skip

STYLES: dict[str, str] = {
    "mathbf": "bold", "boldsymbol": "bold", "bm": "bold", "pmb": "bold", "mathbfit": "bold",
    "symbf": "bold", "vb": "bold", "bold": "bold", "va": "bold", "textbf": "bold",
    "boldmath": "bold", "mathbold": "bold", "mathcal": "cal", "mathscr": "cal", "mathbb": "bb",
    "mathds": "bb", "Bbb": "bb", "mathbbm": "bb", "mathrm": "rm", "mathup": "rm",
    "mathfrak": "frak", "mathsf": "sf", "mathtt": "tt", "mathit": "", "mathnormal": "", "rm": "rm",
    "textup": "rm", "bf": "bold", "it": "", "cal": "cal", "sf": "sf", "tt": "tt", "mit": "",
    "scr": "cal", "frak": "frak", "bfseries": "bold", "rmfamily": "rm", "itshape": "",
    "sffamily": "sf", "ttfamily": "tt", "normalfont": "",
}  # fmt: skip
SWITCHES = frozenset((
    "rm", "bf", "it", "cal", "sf", "tt", "mit", "scr", "frak", "bfseries", "rmfamily", "itshape",
    "sffamily", "ttfamily", "normalfont", "boldmath",
))  # fmt: skip

ACCENTS: dict[str, str] = {
    "hat": "hat", "widehat": "hat", "tilde": "tilde", "widetilde": "tilde", "bar": "bar",
    "overline": "bar", "vec": "vec", "dot": "dot", "ddot": "ddot", "underline": "underline",
    "check": "check", "breve": "breve", "acute": "acute", "grave": "grave", "mathring": "ring",
    "overrightarrow": "overrightarrow", "uline": "underline", "overleftarrow": "overleftarrow",
    "dddot": "dddot", "underbar": "underline", "widecheck": "check",
    "overleftrightarrow": "overleftrightarrow", "undertilde": "undertilde", "ubar": "underline",
    "wideparen": "hat", "Hat": "hat", "Tilde": "tilde", "Bar": "bar", "Vec": "vec", "Dot": "dot",
    "underleftarrow": "underleftarrow",
}  # fmt: skip
NOTED_ACCENTS = {
    "\\to": "overrightarrow", "\\leftarrow": "overleftarrow", "\\sim": "tilde",
    "\\leftrightarrow": "overleftrightarrow", "\\cdot": "dot", "\\wedge": "hat", "-": "bar",
}  # fmt: skip

TEXTS = frozenset((
    "text", "textrm", "textnormal", "mbox", "hbox", "textit", "textsf", "texttt", "textsc", "emph",
    "intertext", "shortintertext", "mathtext", "textmd", "textsl",
))  # fmt: skip

# Decoration: the number of groups, and which of them is kept (0: none, -1 is the last).
DECORATION: dict[str, tuple[int, int]] = {
    "boxed": (1, 1), "fbox": (1, 1), "framebox": (1, 1), "ensuremath": (1, 1), "cancel": (1, 1),
    "bcancel": (1, 1), "xcancel": (1, 1), "cancelto": (2, 2), "textcolor": (2, 2),
    "mathcolor": (2, 2), "hcancel": (1, 1), "mathhl": (1, 1),
    "colorbox": (2, 2), "fcolorbox": (3, 3), "underbrace": (1, 1), "overbrace": (1, 1),
    "underbracket": (1, 1), "overbracket": (1, 1), "underparen": (1, 1), "phantom": (1, 0),
    "hphantom": (1, 0), "vphantom": (1, 0), "label": (1, 0), "tag": (1, 0), "color": (1, 0),
    "mathop": (1, 1), "mathrel": (1, 1), "mathbin": (1, 1), "mathord": (1, 1), "mathopen": (1, 1),
    "mathclose": (1, 1), "mathpunct": (1, 1), "mathinner": (1, 1), "smash": (1, 1),
    "mathclap": (1, 1), "mathrlap": (1, 1), "mathllap": (1, 1), "clap": (1, 1), "rlap": (1, 1),
    "llap": (1, 1), "raisebox": (2, 2), "scalebox": (2, 2), "resizebox": (3, 3),
    "rotatebox": (2, 2), "ref": (1, 0), "eqref": (1, 0), "cite": (1, 0), "citep": (1, 0),
    "citet": (1, 0), "vspace": (1, 0), "footnote": (1, 0), "footnotemark": (0, 0),
    "setlength": (2, 0), "addtolength": (2, 0), "arraystretch": (0, 0), "bbox": (1, 1),
    "class": (2, 2), "cssId": (2, 2), "style": (2, 2), "htmlClass": (2, 2), "htmlId": (2, 2),
    "href": (2, 2), "rule": (2, 0), "uncover": (1, 1), "visible": (1, 1), "onslide": (0, 0),
    "only": (1, 1), "alert": (1, 1), "pause": (0, 0), "red": (1, 1), "blue": (1, 1),
    "green": (1, 1), "sout": (1, 1), "hl": (1, 1), "tcbhighmath": (1, 1), "Aboxed": (1, 1),
    "parbox": (2, 2), "makebox": (1, 1), "index": (1, 0), "todo": (1, 0), "hyperref": (1, 1),
    "require": (1, 0), "gls": (1, 1), "glssymbol": (1, 1), "tcboxmath": (1, 1),
    "highlight": (1, 1), "orange": (1, 1), "purple": (1, 1), "renewcommand": (2, 0),
    "newcommand": (2, 0), "mathstrut": (0, 0), "strut": (0, 0),
}  # fmt: skip
BRACES_WITH_NOTES = frozenset(
    ["underbrace", "overbrace", "underbracket", "overbracket", "underparen"]
)

SILENT = frozenset(
    [
        "displaystyle",
        "textstyle",
        "scriptstyle",
        "scriptscriptstyle",
        "limits",
        "nolimits",
        "nonumber",
        "notag",
        "big",
        "Big",
        "bigg",
        "Bigg",
        "bigl",
        "bigr",
        "Bigl",
        "Bigr",
        "biggl",
        "biggr",
        "Biggl",
        "Biggr",
        "bigm",
        "Bigm",
        "biggm",
        "Biggm",
        "allowbreak",
        "nobreak",
        "relax",
        "centering",
        "small",
        "footnotesize",
        "normalsize",
        "large",
        "Large",
        "tiny",
        "scriptsize",
        "noindent",
        ",",
        ";",
        ":",
        "!",
        ">",
        "thinspace",
        "space",
        "medspace",
        "thickspace",
        "negthinspace",
        "negmedspace",
        "negthickspace",
        "hskip",
        "kern",
        "mkern",
        "mskip",
        "enskip",
        "smallskip",
        "medskip",
        "bigskip",
        "break",
        "goodbreak",
        "linebreak",
        "nolinebreak",
        "displaybreak",
        "hline",
        "null",
        "unboldmath",
        "protect",
        "left",
        "right",
        "middle",
        "null",
        "em",
        "it",
        "normalsize",
        "/",
        "\n",
        "rmfamily",
        "hfil",
        "centerline",
        "bmath",
        "arraycolsep",
        "qedhere",
        "hspace*",
        "newline*",
        "DisplayLimits",
        "",
    ]
) - {"it", ""}
SPACES = frozenset(["quad", "qquad", "enspace", "hfill", "hspace", "par", "hspace*"])
ROWS = frozenset(("\\\\", "\\cr", "\\newline", "\\tabularnewline"))

FRACTIONS = frozenset((
    "frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac", "flatfrac", "textfrac", "xfrac",
    "genfrac",
))  # fmt: skip

OPENING: dict[str, str] = {
    "(": "(", "[": "[", "\\{": "\\{", "\\lbrace": "\\{", "\\langle": "\\langle",
    "\\lfloor": "\\lfloor", "\\lceil": "\\lceil", "\\lbrack": "[", "\\lparen": "(", "\\lvert": "|",
    "\\lVert": "\\|", "\\llbracket": "[",
}  # fmt: skip
CLOSING: dict[str, str] = {
    ")": ")", "]": "]", "\\}": "\\}", "\\rbrace": "\\}", "\\rangle": "\\rangle",
    "\\rfloor": "\\rfloor", "\\rceil": "\\rceil", "\\rbrack": "]", "\\rparen": ")", "\\rvert": "|",
    "\\rVert": "\\|", "\\rrbracket": "]",
}  # fmt: skip
BARS: dict[str, str] = {
    "|": "|", "\\vert": "|", "\\|": "\\|", "\\Vert": "\\|", "\\lvert": "|", "\\rvert": "|",
    "\\lVert": "\\|", "\\rVert": "\\|", "\\mvert": "|", "\\parallel": "\\|",
}  # fmt: skip
PAIRS: dict[str, str] = {
    "(": ")", "[": "]", "\\{": "\\}", "\\langle": "\\rangle", "\\lfloor": "\\rfloor",
    "\\lceil": "\\rceil", "|": "|", "\\|": "\\|", "{": "}", ".": ".",
}  # fmt: skip

MATRICES = frozenset((
    "matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "psmallmatrix",
    "bsmallmatrix", "array", "tabular",
))  # fmt: skip
CASES = frozenset(["cases", "dcases", "rcases", "numcases", "subnumcases"])
# Environments whose contents are rows of formulas, with the number of groups that are arguments.
DISPLAYS: dict[str, int] = {
    "equation": 0, "align": 0, "alignat": 1, "xalignat": 1, "xxalignat": 1, "gather": 0,
    "multline": 0, "eqnarray": 0, "flalign": 0, "displaymath": 0, "math": 0, "dmath": 0,
    "IEEEeqnarray": 1, "dgroup": 0, "darray": 0, "empheq": 1, "eqn": 0, "IEEEeqnarrayn": 1,
    "numcases": 1, "subnumcases": 1, "xequation": 0,
}  # fmt: skip
LAYOUTS: dict[str, int] = {
    **DISPLAYS, "aligned": 0, "alignedat": 1, "split": 0, "gathered": 0, "multlined": 0,
    "subequations": 0, "lgathered": 0, "rgathered": 0, "IEEEeqnarraybox": 1, "subarray": 1,
    "dcases": 0,
}  # fmt: skip

# Macros of packages, as if the page had defined them: how many arguments, the default of the first,
# the body.
PACKAGES: dict[str, tuple[int, str | None, str]] = {
    "\\pdv": (3, "", r"\frac{\partial^{#1} #2}{\partial #3^{#1}}"),
    "\\dv": (3, "", r"\frac{d^{#1} #2}{d #3^{#1}}"),
    "\\fdv": (3, "", r"\frac{\delta^{#1} #2}{\delta #3^{#1}}"),
    "\\pfrac": (2, None, r"\frac{\partial #1}{\partial #2}"),
    "\\pd": (2, None, r"\frac{\partial #1}{\partial #2}"),
    "\\pder": (2, None, r"\frac{\partial #1}{\partial #2}"),
    "\\pderiv": (2, None, r"\frac{\partial #1}{\partial #2}"),
    "\\parder": (2, None, r"\frac{\partial #1}{\partial #2}"),
    "\\partialderiv": (2, None, r"\frac{\partial #1}{\partial #2}"),
    "\\deriv": (2, None, r"\frac{d #1}{d #2}"),
    "\\Dfrac": (2, None, r"\frac{d #1}{d #2}"),
    "\\grad": (0, None, r"\nabla "),
    "\\gradient": (0, None, r"\nabla "),
    "\\dd": (1, None, r"\mathrm{d}{#1}"),
    "\\abs": (1, None, r"\left|#1\right|"),
    "\\norm": (1, None, r"\left\|#1\right\|"),
    "\\eval": (1, None, r"\left.#1\right|"),
    "\\qty": (0, None, ""),
    "\\tran": (0, None, r"\top "),
    "\\R": (0, None, r"\mathbb{R}"),
    "\\Reals": (0, None, r"\mathbb{R}"),
    "\\reals": (0, None, r"\mathbb{R}"),
    "\\Complex": (0, None, r"\mathbb{C}"),
    "\\inner": (2, None, r"\langle #1, #2\rangle"),
    "\\vert": (0, None, "|"),
    "\\Vert": (0, None, r"\|"),
    "\\argmax": (0, None, r"\operatorname{argmax}"),
    "\\argmin": (0, None, r"\operatorname{argmin}"),
    "\\mqty": (1, None, r"\begin{matrix}#1\end{matrix}"),
    "\\pmqty": (1, None, r"\begin{pmatrix}#1\end{pmatrix}"),
    "\\bmqty": (1, None, r"\begin{bmatrix}#1\end{bmatrix}"),
    "\\pmatrix": (1, None, r"\begin{pmatrix}#1\end{pmatrix}"),
    "\\bmatrix": (1, None, r"\begin{bmatrix}#1\end{bmatrix}"),
    "\\matrix": (1, None, r"\begin{matrix}#1\end{matrix}"),
    "\\cases": (1, None, r"\begin{cases}#1\end{cases}"),
    "\\eqalign": (1, None, r"\begin{aligned}#1\end{aligned}"),
    "\\substack": (1, None, r"\begin{subarray}{c}#1\end{subarray}"),
}

CONNECTIVES = frozenset((
    "then", "where", "and", "for", "if", "so", "thus", "hence", "therefore", "since", "because",
    "when", "with", "or", "but", "as", "let", "given", "by", "we", "have", "get", "here", "also",
    "now", "that", "is", "are", "all", "such", "otherwise", "else", "note", "finally", "next",
    "whenever", "unless", "every", "each", "any", "ie", "eg", "holds", "si", "sinon", "et", "ou",
    "pour", "wenn", "sonst", "falls", "und", "est", "avec", "yields", "except", "whence", "namely",
    "subject", "to", "st", "s.t.", "i.e.", "e.g.", "resp", "in", "on", "at", "of", "the", "a",
    "an", "from", "using", "substituting", "applying", "defining", "replacing", "taking", "setting",
    "recalling", "assuming", "factoring", "factorizing", "expanding", "rearranging", "via", "which",
    "this", "recall", "find", "finding", "compute", "computing", "determine", "derive", "obtain",
    "obtaining", "seek", "calculate", "calculating", "show", "prove", "consider", "gives", "giving",
    "follows", "implies", "want", "need", "retrieve", "set", "put", "define", "denote", "write",
))  # fmt: skip
CONDITIONAL = frozenset((
    "for", "if", "when", "whenever", "unless", "provided", "such", "except", "otherwise", "else",
    "with", "every", "each", "any", "s.t", "while", "until",
))  # fmt: skip
SPOKEN = {"plus": "+", "minus": "-", "times": "\\times", "equals": "=", "and": ""}

# Characters beyond ASCII, as LaTeX writes them.
UNICODE: dict[str, str] = {
    **dict(zip("αβγδεζηθικλμνξπρστυφχψω", ["\\alpha", "\\beta", "\\gamma", "\\delta",
        "\\varepsilon", "\\zeta", "\\eta", "\\theta", "\\iota", "\\kappa", "\\lambda", "\\mu",
        "\\nu", "\\xi", "\\pi", "\\rho", "\\sigma", "\\tau", "\\upsilon", "\\varphi", "\\chi",
        "\\psi", "\\omega"], strict=True)),
    **dict(zip("ΓΔΘΛΞΠΣΥΦΨΩ", ["\\Gamma", "\\Delta", "\\Theta", "\\Lambda", "\\Xi", "\\Pi",
        "\\Sigma", "\\Upsilon", "\\Phi", "\\Psi", "\\Omega"], strict=True)),
    "ϵ": "\\epsilon", "ϕ": "\\phi", "ϑ": "\\vartheta", "ς": "\\varsigma", "ϱ": "\\varrho",
    "µ": "\\mu", "ℓ": "\\ell", "∂": "\\partial", "𝜕": "\\partial", "∇": "\\nabla", "∞": "\\infty",
    "∑": "\\sum", "∏": "\\prod", "∫": "\\int", "−": "-", "–": "-", "×": "\\times", "·": "\\cdot",
    "⋅": "\\cdot", "∙": "\\cdot", "⊙": "\\odot", "⊗": "\\otimes", "⊕": "\\oplus", "∘": "\\circ",
    "∗": "*", "÷": "\\div", "±": "\\pm", "≤": "\\leq", "≥": "\\geq", "⩽": "\\leq", "⩾": "\\geq",
    "≠": "\\neq", "≈": "\\approx", "∼": "\\sim", "≃": "\\simeq", "≅": "\\cong", "∝": "\\propto",
    "≡": "\\equiv", "≔": ":=", "≝": ":=", "≜": ":=", "∈": "\\in", "∉": "\\notin", "⊂": "\\subset",
    "⊆": "\\subseteq", "→": "\\to", "⟶": "\\to", "←": "\\leftarrow", "⟵": "\\leftarrow",
    "↦": "\\mapsto", "⇒": "\\Rightarrow", "⟹": "\\Rightarrow", "⇔": "\\iff", "⟺": "\\iff",
    "∀": "\\forall", "∃": "\\exists", "…": "\\dots", "⋯": "\\dots", "⋮": "\\dots", "‖": "\\|",
    "∥": "\\|", "⟨": "\\langle", "⟩": "\\rangle", "⊤": "\\top", "′": "'", "″": "''", "√": "\\sqrt",
    "ℝ": "\\mathbb{R}", "𝔼": "\\mathbb{E}", "∪": "\\cup", "∩": "\\cap", "∅": "\\emptyset",
    "≪": "\\ll", "≫": "\\gg", "，": ",", "；": ";", "：": ":", "（": "(", "）": ")", "＝": "=", "＋": "+",
    "。": ".", "、": ",", "∴": "\\therefore", "∵": "\\because", "∣": "|", "│": "|", "⌊": "\\lfloor",
    "⌋": "\\rfloor", "∖": "\\setminus", "ℒ": "\\mathcal{L}", "½": "\\frac{1}{2}", "°": "\\circ",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200b": "", "\ufeff": "", "∆": "\\Delta",
    "’": "'", "ı": "i", "▽": "\\nabla", "△": "\\triangle", "◦": "\\circ", "⨀": "\\odot",
    "⊺": "\\top",
}  # fmt: skip
BELOW = dict(
    zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ", "0123456789+-=()aeoxhklmnpstijruv", strict=True)
)
ABOVE = dict(
    zip(
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᴸᴺ",
        "0123456789+-=()abcdefghijklmnoprstuvwxyzTLN",
        strict=True,
    )
)
