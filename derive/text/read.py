"""A text to a page: its prose, its structure, its formulas as trees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from derive.text.blocks import Block, Blocks, Found
from derive.text.chains import chains
from derive.text.formula import parse
from derive.text.hiding import Hidden, format_of, hidden, hide_preamble
from derive.text.inline import in_lines, joined
from derive.text.macros import Macros, collect
from derive.text.names import Vocabulary
from derive.text.page import Break, Chain, Formula, Item, Member, Page
from derive.text.pieces import is_operator
from derive.text.restructured import as_displays
from derive.text.scripted import scripted
from derive.text.sources import load
from derive.text.tokens import Token, expand, tokenize
from derive.text.trees import Missing

__all__ = ["Page", "read"]


def read(path: str, text: str, folder: Path | None = None) -> Page:
    """The page that a text is; whatever is wrong in it costs what is wrong, and nothing else."""
    source, notes = load(path, text, folder)
    kind = format_of(path)
    written = as_displays(source.text) if path.lower().endswith(".rst") else source.text
    covered = hidden(kind, written)
    macros = collect(covered.text)
    covered.hide_all(macros.spans, "markup")
    if kind == "tex":
        hide_preamble(covered)
    blocks = joined(covered.text, Blocks(kind, covered.text, macros).read())
    if kind == "plain":
        blocks = in_lines(covered.text, blocks)
    blocks = _with_directives(blocks, covered)
    items = _read_formulas(source.text, covered.text, blocks, macros)
    return Page(source, tuple(items), notes, tuple(sorted(covered.spans)))


def _with_directives(blocks: list[Block], covered: Hidden) -> list[Block]:
    extra: list[Block] = [Found(a, b, False, directive=True) for a, b in covered.directives]
    return sorted([*blocks, *extra], key=lambda b: b.start) if extra else blocks


def _read_formulas(original: str, readable: str, blocks: list[Block], macros: Macros) -> list[Item]:
    """The blocks with their formulas read, once the page's words are known."""
    tokens: dict[int, list[Token]] = {}
    words = Vocabulary()
    for number, block in enumerate(blocks):
        if isinstance(block, Found):
            text = original if block.directive else readable
            pieces = block.pieces or ((block.start, block.end),)
            raw = [token for a, b in pieces for token in tokenize(text, a, b)]
            found = expand(raw, macros.at(block.start))
            tokens[number] = found
            words.gather(found)
    items: list[Item] = []
    count = 0
    before: Formula | None = None
    for number, block in enumerate(blocks):
        if not isinstance(block, Found):
            items.append(block)
            before = before if isinstance(block, Break) else None
            continue
        formula = _formula(block, count, tokens[number], words)
        formula = _continued(formula, before)
        items.append(formula)
        count, before = count + 1, formula
    return items


def _formula(block: Found, number: int, tokens: list[Token], words: Vocabulary) -> Formula:
    found = chains(scripted(parse(tokens, words)), block.display)
    return Formula(
        block.start,
        block.end,
        number,
        block.display,
        tuple(chain for chain in found),
        block.in_heading,
        block.in_caption,
        block.directive,
        block.environment,
    )


def _continued(formula: Formula, before: Formula | None) -> Formula:
    """A formula goes on with one that has ended in an operator or a relation."""
    if before is None or not before.chains or not formula.chains or formula.chains[0].continues:
        return formula
    if not _dangles(before.chains[-1]):
        return formula
    first = replace(formula.chains[0], continues=True)
    return replace(formula, chains=(first, *formula.chains[1:]))


def _dangles(chain: Chain) -> bool:
    last: Member | None = chain.members[-1] if chain.members else None
    if last is None or chain.conditions or (len(chain.members) == 1 and last.relation):
        return False
    if isinstance(last.tree[-1], Missing):
        return last.relation not in ("\\to", "\\leftarrow", "\\mapsto")
    return is_operator(last.tree[-1]) and len(last.tree) > 1
