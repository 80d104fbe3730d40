"""One display as symbols: relation signs, separators and words outside all brackets, and the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from derive.verify.decoration import NUMBER, WRAP
from derive.verify.displays import INNER, OUTER, SYSTEMS

Kind = Literal[
    "other", "operator", "relation", "implies", "row", "space", "thin", "comma", "semicolon",
    "colon", "dot", "align", "column", "words", "label", "forall", "layout", "wrap", "number",
]  # fmt: skip


SILENT = frozenset(("wrap", "thin", "number"))


class Symbol(NamedTuple):
    """text[start:end]; `meaning` is the relation, or the words without their macro."""

    kind: Kind
    text: str
    start: int
    end: int
    meaning: str = ""


DEFINES = (
    "\\coloneqq", "\\coloneq", "\\equiv", "\\triangleq", "\\defeq", "\\eqdef", "≡", "≔", "≝", "≜",
)  # fmt: skip
SAME = (
    "approx", "sim", "simeq", "cong", "propto", "asymp", "doteq", "ne", "neq", "le", "leq", "leqslant",
    "ge", "geq", "geqslant", "ll", "gg", "lesssim", "gtrsim", "lt", "gt", "to", "rightarrow", "leftarrow",
    "longrightarrow", "longleftarrow", "leftrightarrow", "gets", "mapsto", "longmapsto", "hookrightarrow",
    "subset", "subseteq", "supset", "supseteq", "notin", "ni", "perp", "prec", "succ", "preceq", "succeq",
)  # fmt: skip
UNICODE = {
    "≈": "\\approx", "∼": "\\sim", "≃": "\\simeq", "≅": "\\cong", "∝": "\\propto", "≠": "\\ne",
    "≤": "\\le", "≥": "\\ge", "⩽": "\\le", "⩾": "\\ge", "≪": "\\ll", "≫": "\\gg", "→": "\\to",
    "⟶": "\\to", "←": "\\leftarrow", "⟵": "\\leftarrow", "↦": "\\mapsto", "↔": "\\leftrightarrow",
    "⊂": "\\subset", "⊆": "\\subseteq", "⊃": "\\supset", "⊇": "\\supseteq", "∉": "\\notin", "∋": "\\ni",
    "<=": "\\le", ">=": "\\ge", "->": "\\to", "<": "<", ">": ">",
}  # fmt: skip
RELATIONS: Mapping[str, str] = {
    "=": "=", "\\in": "in", "∈": "in", "＝": "=", "==": "=",
    **dict.fromkeys(DEFINES, ":="), **{f"\\{name}": f"\\{name}" for name in SAME}, **UNICODE,
}  # fmt: skip
ORDERS = frozenset(
    (
        "\\le",
        "\\leq",
        "\\leqslant",
        "\\ge",
        "\\geq",
        "\\geqslant",
        "<",
        ">",
        "\\lt",
        "\\gt",
        "\\ll",
        "\\gg",
    )
)
ARROWS = frozenset(r for r in RELATIONS.values() if r.endswith(("arrow", "to", "gets")))
IMPLIES: Mapping[str, str] = {
    **{f"\\{n}": f"\\{n}" for n in ("implies", "Rightarrow", "Longrightarrow", "iff", "impliedby")},
    **{f"\\{n}": f"\\{n}" for n in ("Leftrightarrow", "Longleftrightarrow", "Leftarrow")},
    **{f"\\{n}": f"\\{n}" for n in ("therefore", "because")},
    "⇒": "\\Rightarrow", "⟹": "\\implies", "⇔": "\\iff", "⟺": "\\iff", "∴": "\\therefore",
    "∵": "\\because", "=>": "\\Rightarrow",
}  # fmt: skip
OPERATORS = frozenset(
    (*"+-−*/·×⋅", "\\cdot", "\\times", "\\ast", "\\odot", "\\circ", "\\otimes", "\\pm")
)
PLAIN: Mapping[str, Kind] = {
    "\\quad": "space", "\\qquad": "space", "\\enspace": "space", "\\hfill": "space", "\\par": "space",
    "\\,": "thin", "\\;": "thin", "\\:": "thin", "\\!": "thin", "\\ ": "thin", "\\>": "thin", "~": "thin",
    "\\\n": "thin", "\\/": "thin", "\\thinspace": "thin", "\\medspace": "thin", "\\thickspace": "thin",
    ";": "semicolon", "；": "semicolon", ".": "dot", "。": "dot", "&": "align", ":": "colon",
    "：": "colon", "\\colon": "colon", "\\forall": "forall", "∀": "forall", "\\cr": "row",
    "\\newline": "row", "、": "semicolon", "，": "semicolon",
}  # fmt: skip
TEXT = frozenset(
    f"\\{name}"
    for name in ("text", "textrm", "textit", "textbf", "textnormal", "mbox", "hbox", "intertext")
) | {"\\shortintertext", "\\mathrm", "\\textsf", "\\texttt"}

CONNECTIVES = frozenset(
    (
        *(
            "then",
            "where",
            "and",
            "for",
            "if",
            "so",
            "thus",
            "hence",
            "therefore",
            "since",
            "because",
        ),
        *(
            "when",
            "with",
            "or",
            "but",
            "as",
            "let",
            "given",
            "by",
            "we",
            "have",
            "get",
            "here",
            "also",
        ),
        *(
            "now",
            "that",
            "is",
            "are",
            "all",
            "such",
            "otherwise",
            "else",
            "note",
            "finally",
            "next",
        ),
        *(
            "whenever",
            "unless",
            "every",
            "each",
            "any",
            "ie",
            "eg",
            "example",
            "so",
            "yields",
            "holds",
        ),
    )
)
CONDITIONAL = re.compile(
    r"\b(?:for|if|when|whenever|unless|provided|such that|s\.\s?t\.|so that)\b[^.,:;]*\Z", re.I
)

_WORD = "|".join(sorted(CONNECTIVES - {"as", "is", "all", "we", "by", "or", "ie", "eg", "that"}))
_LAYOUT = rf"\\(?P<edge>begin|end)\{{(?P<name>(?:{OUTER}|{INNER}|{SYSTEMS})\*?)\}}"
_LEXER = re.compile(
    rf"(?P<wrap>{WRAP}(?:[{WRAP}\s]*{WRAP})?)|(?P<number>{NUMBER})"
    rf"|(?P<layout>{_LAYOUT}(?:\[[a-zA-Z]\])?)|\\(?P<nest>begin|end)\{{[a-zA-Z*]*\}}"
    r"|(?P<row>\\\\\*?)"
    r"|(?P<defines>(?::|：|\\colon(?![a-zA-Z])|\\vcentcolon(?![a-zA-Z])"
    r"|\\mathrel\{\s*(?:\\mathop)?\s*:\s*\})\s*=)"
    r"|(?P<not>\\not\s*(?:=|\\in(?![a-zA-Z])|∈))"
    r"|(?P<extended>\\x(?:longequal|rightarrow|leftarrow)(?![a-zA-Z]))"
    r"|(?P<over>\\(?:overset|stackrel|underset)\s*(?=\{))"
    r"|(?P<circled>\\(?:textcircled|circled|ding)\s*(?=\{)|\\textcircled\s*\w|[①-⑳⑴-⒇➀-➉])"
    r"|(?P<macro>\\(?:[a-zA-Z]+|.))|<=|>=|->|=>|==|\S",
    re.S,
)
_PLAIN_WORD = re.compile(rf"(?<![\\_^{{a-zA-Z])(?:{_WORD})(?![a-zA-Z_^(])", re.I)
_BULLET = re.compile(r"(?:(?<=\n)|\A)[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+(?=[^\n]*=)")
_SIGN = re.compile(r"\s*(?P<sign>:\s*=|=|≡|\\[a-zA-Z]+|[^\s{}])\s*")
_DEFINITION = re.compile(
    r"def|\\triangle|\\Delta|△|定義|定义|\A\s*(?:\\mathrm)?\{?\s*d\s*\}?\s*\Z", re.I
)
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]*(?:[-_][a-zA-Z0-9]+)*")
_OPENS = {"(": ")", "[": "]", "\\{": "\\}", "\\lbrace": "\\}", "\\langle": "\\rangle", "⟨": "⟩"}
_CLOSES = {
    ")": "(", "]": "(", "\\}": "\\{", "\\rbrace": "\\{", "\\rangle": "\\langle", "⟩": "\\langle",
}  # fmt: skip


class Lexer:
    """Reads one display; `match` has the braces of `text`, `macros` what the user's stand for."""

    def __init__(
        self, text: str, match: Mapping[int, int], macros: Mapping[str, str], plain: bool = False
    ) -> None:
        self.text = text
        self.match = match
        self.macros = macros
        self.plain = plain

    def symbols(self) -> list[Symbol]:
        """The symbols; what stands in brackets has the kind `other`."""
        found = _top(self._layout(list(self._read())))
        return [self._aligned(found, i) for i in range(len(found))]

    def _read(self) -> Iterator[Symbol]:
        at = 0
        while at < len(self.text):
            if self.plain and (word := _PLAIN_WORD.match(self.text, at)):
                yield Symbol("words", word.group(), at, word.end(), word.group().lower())
                at = word.end()
            elif self.plain and (bullet := _BULLET.match(self.text, at)):
                yield Symbol("label", bullet.group(), at, bullet.end())
                at = bullet.end()
            elif self.plain and self.text[at] == "\n":
                yield Symbol("row", "\n", at, at + 1)
                at += 1
            elif found := _LEXER.match(self.text, at):
                read = self._symbol(found)
                yield from read
                at = read[-1].end
            else:
                at += 1

    def _symbol(self, found: re.Match[str]) -> list[Symbol]:
        text, at, end = found.group(), found.start(), found.end()
        kind = found.lastgroup
        if found["wrap"]:
            return [Symbol("wrap", text, at, end)]
        if found["number"]:
            return [Symbol("number", text, at, end)]
        if found["layout"]:
            return [Symbol("layout", f"{found['edge']} {found['name']}", at, self._columns(end))]
        if found["nest"]:
            return [Symbol("other", found["nest"], at, end)]
        if found["row"]:
            return [Symbol("row", text, at, end)]
        if found["defines"]:
            return [Symbol("relation", text, at, end, ":=")]
        if found["not"]:
            return [Symbol("relation", text, at, end, "\\ne" if text[-1] == "=" else "\\notin")]
        if found["extended"]:
            return [self._extended(text, at, end)]
        if found["over"]:
            return [self._over(text, at, end)]
        if found["circled"]:
            return [Symbol("label", text, at, self._after_group(end))]
        return self._words(text, at, end) if kind == "macro" else [self._single(text, at, end)]

    def _after_group(self, at: int) -> int:
        return self.match[at] + 1 if at in self.match else at

    def _columns(self, at: int) -> int:
        """After the columns of an array, or the number of alignat."""
        return self._after_group(at)

    def _extended(self, text: str, at: int, end: int) -> Symbol:
        """\\xrightarrow[below]{above}."""
        option = re.compile(r"\s*\[[^\[\]{}]*\]").match(self.text, end)
        end = option.end() if option else end
        space = (
            len(self.text[end:]) - len(self.text[end:].lstrip()) if end + 1 < len(self.text) else 0
        )
        meaning = "=" if "equal" in text else text.replace("\\x", "\\")
        return Symbol("relation", text, at, self._after_group(end + space), meaning)

    def _over(self, text: str, at: int, end: int) -> Symbol:
        """\\overset{def}{=}: a relation sign with a note."""
        above = self.text[end + 1 : self.match[end]]
        begin = self.match[end] + 1
        begin += len(self.text[begin : begin + 8]) - len(self.text[begin : begin + 8].lstrip())
        if begin not in self.match:
            return Symbol("other", text, at, end)
        sign = _SIGN.fullmatch(self.text[begin + 1 : self.match[begin]])
        meaning = RELATIONS.get(sign["sign"].replace(" ", "")) if sign else None
        if meaning is None:
            return Symbol("other", text, at, end)
        meaning = ":=" if meaning == "=" and _DEFINITION.search(above) else meaning
        return Symbol("relation", text, at, self.match[begin] + 1, meaning)

    def _words(self, text: str, at: int, end: int) -> list[Symbol]:
        """A macro; \\text with its group as one symbol, cut at the formulas in it.

        Where words are followed by a formula inside the same \\text, their macro is followed by a $.
        """
        if text not in TEXT:
            return [self._single(text, at, end)]
        begin = end
        while begin < len(self.text) and self.text[begin].isspace():
            begin += 1
        if begin not in self.match:
            return [self._single(text, at, end)]
        stop = self.match[begin] + 1
        inside = self.text[begin + 1 : stop - 1]
        if text == "\\mathrm" and inside.strip().lower() not in CONNECTIVES:
            return [Symbol("other", text, at, stop, inside)]
        return self._cut(text, at, begin + 1, stop)

    def _cut(self, text: str, at: int, begin: int, stop: int) -> list[Symbol]:
        pieces = list(re.finditer(r"\$([^$]*)\$", self.text[begin : stop - 1]))
        found = list[Symbol]()
        for piece in pieces:
            a, b = begin + piece.start(), begin + piece.end()
            found.append(Symbol("words", f"{text}$", at, a + 1, self.text[max(at, begin) : a]))
            found += Lexer.shifted(self, a + 1, b - 1)
            at = b - 1
        said = self.text[max(begin, at + 1 if pieces else begin) : stop - 1]
        return [*found, Symbol("words", text, at, stop, said)]

    def shifted(self, start: int, end: int) -> list[Symbol]:
        """The symbols of a formula inside \\text."""
        at, found = start, list[Symbol]()
        while at < end:
            match = _LEXER.match(self.text, at, end)
            if match is None:
                at += 1
                continue
            read = (
                [Symbol("other", match.group(), at, match.end())]
                if match["macro"] and match.group() in TEXT
                else self._symbol(match)
            )
            found += read
            at = read[-1].end
        return found

    def _single(self, text: str, at: int, end: int) -> Symbol:
        text_or_body = self.macros.get(text, text)
        if text_or_body in RELATIONS:
            return Symbol("relation", text, at, end, RELATIONS[text_or_body])
        if text_or_body.replace(" ", "") == ":=":
            return Symbol("relation", text, at, end, ":=")
        if text_or_body in IMPLIES:
            return Symbol("implies", text, at, end, IMPLIES[text_or_body])
        if text in OPERATORS:
            return Symbol("operator", text, at, end)
        if text == ",":
            spaced = self.text[end : end + 1].isspace() or self.text[end : end + 1] in (
                "\\",
                "~",
                "&",
            )
            return Symbol("comma" if spaced or end == len(self.text) else "other", text, at, end)
        return Symbol(PLAIN.get(text_or_body, "other"), text, at, end)

    def _layout(self, found: list[Symbol]) -> list[Symbol]:
        """\\begin{cases} is layout where a formula would begin, else a value."""
        stack, result = list[bool](), list[Symbol]()
        for i, symbol in enumerate(found):
            if symbol.kind == "layout":
                edge, _, name = symbol.text.partition(" ")
                if edge == "begin":
                    inner = name.rstrip("*") not in SYSTEMS.split("|") or _opens_row(found, i)
                    stack.append(inner)
                is_layout = (stack.pop() if edge == "end" else stack[-1]) if stack else True
                symbol = symbol if is_layout else symbol._replace(kind="other", text=edge)
            result.append(symbol)
        return result

    def _aligned(self, found: list[Symbol], i: int) -> Symbol:
        """An & beside a relation sign or an operator aligns; one between two formulas is a column."""
        symbol = found[i]
        if symbol.kind != "align":
            return symbol
        after = next((s for s in found[i + 1 : i + 9] if s.kind not in SILENT), None)
        before = next((s for s in found[max(0, i - 9) : i][::-1] if s.kind not in SILENT), None)
        if before is None or before.kind in (
            "row",
            "relation",
            "operator",
            "layout",
            "space",
            "implies",
        ):
            return symbol
        if after is None or after.kind in ("row", "relation", "operator", "layout"):
            return symbol
        return symbol._replace(kind="column")


def _opens_row(found: list[Symbol], i: int) -> bool:
    before = next((s for s in found[max(0, i - 9) : i][::-1] if s.kind not in SILENT), None)
    return before is None or before.kind in (
        "row",
        "space",
        "words",
        "label",
        "layout",
        "align",
        "comma",
    )


def _top(found: list[Symbol]) -> list[Symbol]:
    """Symbols inside matched brackets or nested environments as `other`."""
    partner = _partners(found)
    depth, result = 0, list[Symbol]()
    for i, symbol in enumerate(found):
        depth -= int(i in partner and partner[i] < i)
        inside = depth > 0 and symbol.kind not in ("wrap", "layout", "number")
        scripted = bool(i) and found[i - 1].text in ("_", "^") and symbol.kind != "wrap"
        result.append(symbol._replace(kind="other") if inside or scripted else symbol)
        depth += int(i in partner and partner[i] > i)
    return result


def _partners(found: list[Symbol]) -> dict[int, int]:
    """The brackets that match, both ways; [a, b) is a match, too; a lost one matches nothing."""
    stack, partner = list[tuple[str, int]](), dict[int, int]()
    for i, symbol in enumerate(found):
        text = symbol.text
        if symbol.kind != "other":
            continue
        if text in ("{", "begin") or text in _OPENS:
            stack.append((_CLOSES.get(_OPENS.get(text, ""), text), i))
        elif text in ("}", "end"):
            opener = "{" if text == "}" else "begin"
            while stack and stack[-1][0] not in ("{", "begin"):
                stack.pop()
            if stack and stack[-1][0] == opener:
                _, j = stack.pop()
                partner[i], partner[j] = j, i
        elif text in _CLOSES and stack and stack[-1][0] == _CLOSES[text]:
            _, j = stack.pop()
            partner[i], partner[j] = j, i
    return partner


def is_name(words: str) -> bool:
    """Whether \\text{…} names something (loss, tanh) rather than says something (then)."""
    return bool(_NAME.fullmatch(words)) and words.lower() not in CONNECTIVES


def is_connective(words: str) -> bool:
    """Whether nothing but connectives is said: then, so that, どうして."""
    said = re.findall(r"[^\W\d_]+", words)
    return all(word.lower() in CONNECTIVES or not word.isascii() for word in said)
