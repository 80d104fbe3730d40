"""Mathematics without any delimiter: the lines of a plain text that look like it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from derive.text.blocks import Block, Found
from derive.text.page import Break, Prose

_WORD = re.compile(r"(?<![\\_^{a-zA-Z])[a-zA-Z]{3,}(?![a-zA-Z])")
_KNOWN = frozenset(
    ["tanh", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "sqrt", "sum", "prod", "max", "min", "diag", "softmax", "sigmoid", "relu", "ReLU", "sigma", "theta", "for", "all", "where", "and", "then", "with", "loss", "otherwise", "hence", "thus", "therefore"]
)
_SIGN = re.compile(
    r"[=≡≈≤≥≠∈→←∝≔≝<>]|\\(?:equiv|coloneqq|approx|sim|in|leq?|geq?|neq?|to|rightarrow|leftarrow|propto)(?![a-zA-Z])"
)
_BULLET = re.compile(
    r"[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+(?=[^\n]*=)|[ \t]*(?:[Tt]hen|[Ww]here|[Ll]et|[Aa]nd)[ \t,:]+"
)
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def in_lines(text: str, blocks: list[Block]) -> list[Block]:
    """The blocks of a text that has no formula: each line is a formula or prose."""
    if any(isinstance(b, Found) for b in blocks):
        return blocks
    found = list(_lines(text))
    return found if any(isinstance(b, Found) for b in found) else blocks


def _lines(text: str) -> Iterator[Block]:
    goes_on = False
    for match in re.finditer(r"[^\n]+", text):
        line, start = match.group(), match.start()
        if not line.strip(" \t\r\x01"):
            yield Break(start, match.end(), "paragraph")
            continue
        goes_on = _looks_like_mathematics(line, goes_on)
        if not goes_on:
            yield Prose(start, match.end(), " ".join(line.split()))
            continue
        bullet = _BULLET.match(line)
        inner = start + (bullet.end() if bullet else 0)
        if bullet:
            yield Break(start, inner, "item")
        yield Found(inner, match.end(), True, "lines")


def _looks_like_mathematics(line: str, goes_on: bool) -> bool:
    """Whether it has a relation sign (or goes on with an operator) and no prose in it."""
    begins = line.lstrip()[:1]
    if begins == "#" or _IDEOGRAPH.search(line):
        return False
    if not _SIGN.search(line) and not (goes_on and begins and begins in "+-−·*/"):
        return False
    return all(word in _KNOWN for word in _WORD.findall(line.replace("\\", " \\")))
