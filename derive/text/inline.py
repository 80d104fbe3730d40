"""Formulas that are delimited otherwise: in several pieces, `$h$ = $f($ $x)$`, or by lines only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from derive.text.blocks import Block, Found
from derive.text.page import Break, Prose

_BETWEEN = re.compile(r"[\s\x01$]*(?:(?:[=+*/·×\-−]|\\(?:times|cdot|approx|odot))[\s\x01$]*)?")
_EQUALS = re.compile(r"=[\s\x01]*\Z")
_NUMBER = re.compile(r"[$\x01]{1,2}[ ]?(?P<number>-?\d+(?:\.\d+)?)(?![\w.]*\w)")
_BLANK = re.compile(r"\n[ \t\r]*\n")
_ENDS_OPEN = re.compile(r"(?:[=+*\-(]|\\(?:cdot|times|odot|approx))[\s\x01]*\Z")
_BEGINS_OPEN = re.compile(r"[\s\x01]*(?:[=+)]|\\(?:cdot|times|odot|approx)(?![a-zA-Z]))")


def joined(text: str, blocks: list[Block]) -> list[Block]:
    """The blocks with inline formulas joined where only signs of mathematics stand between them."""
    found: list[Block] = []
    i = 0
    while i < len(blocks):
        run, after = _run(text, blocks, i)
        if len(run) > 1 and _is_one(text, run):
            found.append(_one(run, text))
            i = after
        else:
            found.append(_with_number(text, blocks[i]))
            i += 1
    return found


def _with_number(text: str, block: Block) -> Block:
    """`$\\Delta t=$4`: the number behind belongs to the formula."""
    if (
        not isinstance(block, Found)
        or block.display
        or not _EQUALS.search(text, block.start, block.end)
    ):
        return block
    number = _NUMBER.match(text, block.end)
    if number is None:
        return block
    pieces = ((block.start, block.end), (number.start("number"), number.end("number")))
    return replace(block, end=number.end(), pieces=pieces)


def _run(text: str, blocks: list[Block], at: int) -> tuple[list[Found], int]:
    """The inline formulas from `at` on with nothing but signs and blanks between them."""
    first = blocks[at]
    if not isinstance(first, Found) or first.display or first.environment:
        return [], at
    run, i = [first], at + 1
    while i < len(blocks):
        block = blocks[i]
        if isinstance(block, Prose) and i + 1 < len(blocks):
            i += 1
            block = blocks[i]
        if not isinstance(block, Found) or block.display or block.in_heading != first.in_heading:
            break
        between = text[run[-1].end : block.start]
        if not _BETWEEN.fullmatch(between) or _BLANK.search(between):
            break
        run.append(block)
        i += 1
    return run, _after(blocks, at, run)


def _after(blocks: list[Block], at: int, run: list[Found]) -> int:
    last = run[-1]
    while blocks[at] is not last:
        at += 1
    return at + 1


def _is_one(text: str, run: list[Found]) -> bool:
    """Whether the pieces make one formula: a sign between two of them, or an open bracket."""
    for before, after in pairwise(run):
        if re.search(r"[=+]", text[before.end : after.start]):
            return True
        if _ENDS_OPEN.search(text[before.start : before.end]):
            return True
    return any(
        text[f.start : f.end].count("(") > text[f.start : f.end].count(")") for f in run[:-1]
    )


def _one(run: list[Found], text: str) -> Found:
    """The pieces with the signs between them."""
    pieces: list[tuple[int, int]] = []
    for before, after in zip([None, *run], run, strict=False):
        if before is not None:
            pieces += [
                (m.start(), m.end())
                for m in re.compile(r"[=+*/·×\-−]|\\[a-z]+").finditer(text, before.end, after.start)
            ]
        pieces.append((after.start, after.end))
    return replace(run[0], end=run[-1].end, pieces=tuple(pieces))


# -- lines ---------------------------------------------------------------------------------------

_WORD = re.compile(r"(?<![\\_^{a-zA-Z])[a-zA-Z]{3,}(?![a-zA-Z])")
_KNOWN = frozenset(
    [
        "tanh",
        "exp",
        "log",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "sqrt",
        "sum",
        "prod",
        "max",
        "min",
        "diag",
        "softmax",
        "sigmoid",
        "relu",
        "ReLU",
        "sigma",
        "theta",
        "for",
        "all",
        "where",
        "and",
        "then",
        "with",
        "loss",
        "otherwise",
        "hence",
        "thus",
        "therefore",
    ]
)
_LINE_SIGN = re.compile(
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
    if not _LINE_SIGN.search(line) and not (goes_on and begins and begins in "+-−·*/"):
        return False
    return all(word in _KNOWN for word in _WORD.findall(line.replace("\\", " \\")))
