"""Runs a notebook's cells as Jupyter would, without Jupyter: what is printed, and what the last line is."""

from __future__ import annotations

import ast
import io
from contextlib import redirect_stdout
from typing import Any

SHOWN = {"text/html": "_repr_html_", "text/latex": "_repr_latex_"}


def run(source: str, scope: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """The outputs of one cell, in the format of notebooks."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), scope)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), scope)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": text})
    if value is not None:
        data = {"text/plain": repr(value).splitlines(keepends=True)}
        for kind, method in SHOWN.items():
            if hasattr(value, method):
                data[kind] = getattr(value, method)().splitlines(keepends=True)
        shown = {"data": data, "execution_count": number, "metadata": {}}
        outputs.append({**shown, "output_type": "execute_result"})
    return outputs
