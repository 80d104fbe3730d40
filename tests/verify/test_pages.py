"""Which formulas notes have, how they fall into members, and where each stands."""

from __future__ import annotations

from pathlib import Path

from derive.verify.pages import read_page

HERE = Path(__file__).resolve().parent
NOTES = (HERE / "handwritten.txt").read_text(encoding="utf-8")

# Members of the notes that claim nothing by themselves: what the remarks on lines 17 and 149 go on to.
PARTS = {(17, 11), (17, 21), (17, 33), (149, 69), (149, 85), (149, 101)}


def places() -> set[tuple[int, int]]:
    rows = (HERE / "handwritten_places.tsv").read_text(encoding="utf-8").splitlines()[1:]
    found = [tuple(map(int, row.split("\t")[1:])) for row in rows]
    assert len(found) == 72 == len(set(found))
    return {(line, column) for line, column in found}


def test_the_members_of_the_notes_are_the_claims() -> None:
    page = read_page("handwritten.txt", NOTES)
    heads, others = set(), []
    for formula in page.formulas:
        assert not formula.broken
        for member in formula.members:
            at = page.source.place(member.start)
            place = (at.line, at.column)
            if member.relation or (len(formula.members) == 1 or place in places()):
                others.append(place)
            else:
                heads.add(place)
    assert len(set(others)) == len(others)
    assert set(others) == places() | PARTS
    assert heads.isdisjoint(places())
