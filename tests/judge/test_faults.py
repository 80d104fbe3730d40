"""A formula that derive is at fault for costs itself, and what uses it, and not the page."""

from __future__ import annotations

from typing import Any

import pytest

from derive.judge import defining
from derive.judge.readers import judge
from derive.verify.options import Options

PAGE = r"""Let $a = w x$ and $b = v a$. Then
$$\frac{\partial b}{\partial a} = v$$
$$\frac{\partial a}{\partial x} = w$$
"""


def test_a_fault_in_a_definition_leaves_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    make = defining.record_definition

    def faulty(u: Any, number: int, index: int, chain: Any, role: Any) -> None:
        if role.key == "a":
            raise KeyError("a")
        make(u, number, index, chain, role)

    assert [j.verdict.kind for j in judge("p.md", PAGE, Options()).formulas][-1] == "proved"
    monkeypatch.setattr(defining, "record_definition", faulty)
    first, *_, last = judge("p.md", PAGE, Options()).formulas
    assert first.verdict.kind == "definition"
    assert "a fault of derive (KeyError)" in first.verdict.reason
    assert last.verdict.kind == "unread"
