"""A notebook's JSON to one text of its Markdown cells."""

from __future__ import annotations

from bisect import bisect_right

from derive.errors import DeriveError, Place
from derive.verify.placed import Page

# Outputs may hold pictures; the Markdown in it is bounded like any other text.
LARGEST_NOTEBOOK = 50_000_000


def markdown_cells(path: str, text: str) -> tuple[tuple[int, str], ...]:
    """The numbers (from 1) and sources of the Markdown cells; DeriveError for broken JSON."""
    if len(text) > LARGEST_NOTEBOOK:
        size = f"{len(text)} characters is longer than the limit of {LARGEST_NOTEBOOK}"
        raise DeriveError(f"a notebook of {size}", Place(path, 1, 1))
    notebook = _json(path, text)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if cells is None and isinstance(notebook, dict):
        sheets = notebook.get("worksheets")
        cells = (
            [c for sheet in _list(sheets) for c in _list(_get(sheet, "cells"))] if sheets else None
        )
    if not isinstance(cells, list):
        raise DeriveError("expected a notebook with cells, found other JSON", Place(path, 1, 1))
    return tuple(
        (number, _source(cell))
        for number, cell in enumerate(cells, 1)
        if _get(cell, "cell_type") == "markdown"
    )


def cell_place(page: Page, offset: int) -> tuple[int, int]:
    """The cell that holds an offset, and the line in it, both counted from 1."""
    at = max(0, bisect_right([start for start, _ in page.cells], offset) - 1)
    start, number = page.cells[at]
    return number, page.source.text.count("\n", start, offset) + 1


def _json(path: str, text: str) -> object:
    import json

    try:
        found: object = json.loads(text)
        return found
    except json.JSONDecodeError as error:
        place = Place(path, error.lineno, error.colno)
        raise DeriveError(f"expected a notebook's JSON: {error.msg}", place) from None
    except (ValueError, RecursionError):
        raise DeriveError("expected a notebook's JSON", Place(path, 1, 1)) from None


def _get(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _source(cell: object) -> str:
    source = _get(cell, "source")
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))
