"""The nodes of a display to its chains: statements, members, conditions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from derive.text.page import Chain, Member
from derive.text.pieces import (
    OPERATOR_SIGNS,
    Piece,
    is_bracketed_statement,
    is_operator,
    is_relation,
    is_row,
    pieces_of,
)
from derive.text.rows import Mark
from derive.text.spelled import spelled
from derive.text.tables import CONDITIONAL
from derive.text.trees import Fraction, Group, Missing, Name, Node, Number, Row, Sign, Words

_LEADING = OPERATOR_SIGNS - {"-", "\\pm", "\\circ"}
_BOUNDS = ("<", ">", "\\leq", "\\geq", "\\neq", "\\in", "\\notin", "\\ll", "\\gg")
_INDICES = frozenset("ijklmnpqrstTNKLMJ")
_NUMBERED = re.compile(r"\s*\(\w{1,3}\)\s*")  # (2) begins a statement, and gives no reason


@dataclass
class _Draft:
    """A chain that is being read; each member with its relation sign."""

    members: list[tuple[Sign | None, list[Node]]] = field(default_factory=list)
    conditions: list[list[Node]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    continues: bool = False
    conditioned: bool = False  # a condition stands behind its last member

    @property
    def dangling(self) -> bool:
        nodes = self.members[-1][1] if self.members else []
        return bool(self.members) and (not nodes or is_operator(nodes[-1]))

    @property
    def says(self) -> bool:
        return len(self.members) > 1 or (bool(self.members) and self.members[0][0] is not None)


def chains(nodes: Sequence[Node], display: bool) -> tuple[Chain, ...]:
    """The statements of a formula in order."""
    reader = _Reader(display)
    if len(nodes) == 1 and is_bracketed_statement(nodes[0]):
        nodes = nodes[0].inside  # type: ignore[attr-defined]
    main, reasons = _without_reasons(_without_asides(nodes))
    for piece in pieces_of(main):
        reader.read(piece)
    drafts = reader.finished()
    for reason in reasons:
        other = _Reader(display)
        for piece in pieces_of(reason):
            other.read(piece)
        drafts += other.finished()
    return tuple(chain for draft in drafts if (chain := _made(draft)))


def _without_reasons(nodes: list[Node]) -> tuple[list[Node], list[list[Node]]]:
    r"""`= b & \text{since } f = g \\ = c`: the column of reasons apart, so that the next row goes on with the line."""  # noqa: E501
    main: list[Node] = []
    reasons: list[list[Node]] = []
    at = 0
    while at < len(nodes):
        end = _end_of_reason(nodes, at)
        if end is None:
            main.append(nodes[at])
            at += 1
        else:
            reasons.append(nodes[at:end])
            at = end
    return main, reasons


def _end_of_reason(nodes: list[Node], at: int) -> int | None:
    """The end of the row whose last column a reason begins; None where none begins there."""
    node = nodes[at]
    before = nodes[at - 1] if at else None
    if (
        not isinstance(node, Words)
        or not isinstance(before, Mark)
        or before.kind not in ("align", "space")
        or _conditional(node.text)
        or _NUMBERED.fullmatch(node.text)
        or not any(is_relation(n) for n in _row_before(nodes, at))
    ):
        return None
    end = at
    while end < len(nodes) and not is_row(nodes[end]):
        end += 1
    inside = [n for n in nodes[at:end] if not isinstance(n, Mark | Words)]
    after = next((n for n in nodes[end:] if not isinstance(n, Mark)), None)
    return end if inside and after is not None and is_relation(after) else None


def _row_before(nodes: list[Node], at: int) -> list[Node]:
    """What stands before a place in its row."""
    start = at
    while start and not is_row(nodes[start - 1]):
        start -= 1
    return nodes[start:at]


def _without_asides(nodes: Sequence[Node]) -> list[Node]:
    """`a = b (= c)` goes on in its brackets."""
    found: list[Node] = []
    for i, node in enumerate(nodes):
        if i and isinstance(node, Group) and _goes_on_inside(node):
            found += node.inside
        else:
            found.append(node)
    return found


def _goes_on_inside(node: Group) -> bool:
    plain = node.opening == "(" and node.below is None and node.above is None
    return plain and len(node.inside) > 1 and is_relation(node.inside[0])


# -- statements -------------------------------------------------------------------------------------


class _Reader:
    """Takes the pieces in order and decides what each of them goes on with."""

    def __init__(self, display: bool) -> None:
        self.display = display
        self.drafts: list[_Draft] = []
        self.columns: dict[int, _Draft] = {}  # what each column of an alignment went on with last
        self.first: list[Node] = []  # a condition that stands before its statement

    def read(self, piece: Piece) -> None:
        """One piece: more of a member, a condition, a list's next item, or a new statement."""
        words = " ".join(w.text for w in piece.words)
        current = self.drafts[-1] if self.drafts else None
        leads = piece.nodes and (is_relation(piece.nodes[0]) or is_operator(piece.nodes[0]))
        if leads and not words and {"row", "space"} & set(piece.marks):
            current = self.columns.get(piece.column, current)
        made = len(self.drafts)
        self._take(piece, current, words)
        if len(self.drafts) > made or current is not None:
            self.columns[piece.column] = self.drafts[-1] if len(self.drafts) > made else current  # type: ignore[assignment]

    def _take(self, piece: Piece, current: _Draft | None, words: str) -> None:
        if self._is_told(piece, current):
            self.drafts[-1].conditions[-1] += [*piece.words, *piece.nodes]
        elif not piece.nodes:
            self._only_words(piece, words, current)
        elif self._comes_first(piece, current, words):
            self.first = [*piece.words, *_without_colon(piece.nodes)]
        elif ("implies" in piece.marks and not is_relation(piece.nodes[0])) or current is None:
            self._new(piece, words)
        elif self._is_condition(piece, current):
            self._condition(piece, current)
        elif self._goes_on(piece, current, words):
            self._append(current, piece.nodes, words)
        elif self._lists(piece, current, words):
            self._list(current, piece)
        else:
            self._new(piece, words)

    def _is_told(self, piece: Piece, current: _Draft | None) -> bool:
        """Whether a condition's own sentence goes on: `with p being a pattern`."""
        if current is None or not current.conditioned or set(piece.marks) != {"words"}:
            return False
        spoken = isinstance(current.conditions[-1][0], Words)
        return spoken and not any(is_relation(n) for n in piece.nodes)

    def _comes_first(self, piece: Piece, current: _Draft | None, words: str) -> bool:
        """Whether a condition stands before its statement: `if i = j: …`."""
        if not _conditional(words) or (current is not None and "row" not in piece.marks):
            return False
        return _is_range(_without_colon(piece.nodes)) and isinstance(piece.nodes[-1], Sign)

    def finished(self) -> list[_Draft]:
        """The chains; a condition that nothing follows is a statement."""
        if self.first:
            words = [n.text for n in self.first if isinstance(n, Words)]
            rest = [n for n in self.first if not isinstance(n, Words)]
            self.first = []
            self._new(Piece(rest), " ".join(words))
        return self.drafts

    def _only_words(self, piece: Piece, words: str, current: _Draft | None) -> None:
        if current is not None and _conditional(words):
            current.conditions.append([*piece.words])
            current.conditioned = True
        elif current is not None:
            current.words.append(words)
        else:
            self.drafts.append(_Draft(words=[words]))

    def _is_condition(self, piece: Piece, current: _Draft) -> bool:
        if not current.members:
            return False
        words = " ".join(w.text for w in piece.words)
        if words and _conditional(words):
            return "row" not in piece.marks or current.says
        if words or ("row" in piece.marks and piece.marks[-1] == "row"):
            return (
                current.conditioned
                and words.lower() in ("and", "or")
                and not piece.marks.count("row")
            )
        first = piece.nodes[0]
        if isinstance(first, Sign) and first.text == "\\forall":
            return True
        if not current.says or current.dangling:
            return False
        return _is_range(piece.nodes)

    def _condition(self, piece: Piece, current: _Draft) -> None:
        joins = current.conditioned and "comma" in piece.marks and "space" not in piece.marks
        nodes: list[Node] = [*piece.words, *piece.nodes]
        if (
            joins or " ".join(w.text for w in piece.words).lower() in ("and", "or")
        ) and current.conditions:
            if not piece.words:
                at = piece.nodes[0].start
                current.conditions[-1].append(Sign(at, at, ","))
            current.conditions[-1] += nodes
        else:
            current.conditions.append(nodes)
        current.conditioned = True

    def _goes_on(self, piece: Piece, current: _Draft, words: str) -> bool:
        if not current.members:
            return False
        first = piece.nodes[0]
        if is_relation(first):
            return not words or first.text in ("=", "\\approx", "\\leq")  # type: ignore[attr-defined]
        if words and not current.dangling:
            return False
        if current.dangling:
            return True
        if is_operator(first):
            return first.text in _LEADING or _continues_minus(piece, current)  # type: ignore[attr-defined]
        return False

    def _append(self, current: _Draft, nodes: list[Node], words: str = "") -> None:
        if words:
            current.words.append(words)
        current.conditioned = False
        for node in nodes:
            if isinstance(node, Sign) and is_relation(node):
                current.members.append((_updated(current, node), []))
            else:
                current.members[-1][1].append(node)

    def _lists(self, piece: Piece, current: _Draft, words: str) -> bool:
        """Whether a comma goes on with a list: `x_1, \\dots, x_T`, `i, j = 1, 2`."""
        separated = {"row", "space", "implies", "semicolon"} & set(piece.marks)
        if words or not current.members or separated - {"semicolon"} or "comma" not in piece.marks:
            return False
        if current.conditioned:
            return not piece.relations
        return not piece.relations or not current.says

    def _list(self, current: _Draft, piece: Piece) -> None:
        at = piece.nodes[0].start
        comma = Sign(at, at, ",")
        if current.conditioned:
            current.conditions[-1] += [comma, *piece.nodes]
            return
        self._append(current, [comma, *piece.nodes])

    def _new(self, piece: Piece, words: str) -> None:
        last = self.drafts[-1] if self.drafts else None
        if last is not None and not last.members:
            draft = last
        else:
            draft = _Draft()
            self.drafts.append(draft)
        if words:
            draft.words.append(words)
        if self.first:
            draft.conditions.append(self.first)
            self.first = []
        nodes, forall = _before_forall(piece.nodes)
        if len(self.drafts) == 1 and not draft.words and _is_labelled(nodes):
            draft.words.append(f"({spelled(nodes[0].inside)})")  # type: ignore[attr-defined]
            nodes = nodes[1:]
        if not is_relation(nodes[0]):
            draft.members.append((None, []))
        draft.continues = self._begins_inside(nodes) and len(self.drafts) == 1 and not draft.words
        self._append(draft, nodes)
        if forall:
            draft.conditions.append(forall)
            draft.conditioned = True

    def _begins_inside(self, nodes: list[Node]) -> bool:
        first = nodes[0]
        if is_relation(first):
            return True
        if not isinstance(first, Sign) or first.text not in _LEADING or len(nodes) < 2:
            return False
        return not (len(nodes) == 2 and isinstance(nodes[1], Number))


def _updated(current: _Draft, sign: Sign) -> Sign:
    """`W \\mathrel{+}= g` has the relation `+=`."""
    nodes = current.members[-1][1] if current.members else []
    last = nodes[-1] if len(nodes) > 1 else None
    if not isinstance(last, Sign) or sign.text != "=" or last.text not in ("+", "-", "*"):
        return sign
    if sign.start - last.end > 1:
        return sign
    nodes.pop()
    return Sign(last.start, sign.end, f"{last.text}=")


def _before_forall(nodes: list[Node]) -> tuple[list[Node], list[Node]]:
    for i, node in enumerate(nodes):
        if i and isinstance(node, Sign) and node.text == "\\forall":
            return nodes[:i], nodes[i:]
    return nodes, []


def _continues_minus(piece: Piece, current: _Draft) -> bool:
    """A row that begins with a minus goes on unless it is a statement of its own."""
    return "row" in piece.marks and not piece.relations and current.says


def _conditional(words: str) -> bool:
    said = [w for w in (w.strip(",.;:()").lower() for w in words.split()) if w]
    if not said:
        return False
    return said[-1] in CONDITIONAL or said[0] in CONDITIONAL or said[-2:] == ["such", "that"]


def _without_colon(nodes: list[Node]) -> list[Node]:
    last = nodes[-1]
    return nodes[:-1] if isinstance(last, Sign) and last.text in (":", ",") else nodes


def _is_range(nodes: list[Node]) -> bool:
    """Whether a piece says for which indices: `t = 1`, `i \\neq j`, `(t > 0)`."""
    if len(nodes) == 1 and isinstance(nodes[0], Group) and nodes[0].opening in "([":
        nodes = list(nodes[0].inside)
        if any(isinstance(n, Sign) and n.text == "\\forall" for n in nodes[:1]):
            return True
    places = [i for i, n in enumerate(nodes) if is_relation(n)]
    if not places:
        return False
    head = nodes[: places[0]]
    sign = nodes[places[0]]
    if not head or not all(_is_index(n) for n in head):
        return False
    text = sign.text if isinstance(sign, Sign) else ""
    rest = nodes[places[0] + 1 :]
    if text in _BOUNDS:
        return not (text == "\\in" and rest and _is_space_of_vectors(rest[0]))
    if text != "=" or not all(_is_index(n) or isinstance(n, Number) or _small(n) for n in rest):
        return False
    return len(head) == 1 and isinstance(head[0], Name) and not head[0].below


def _is_index(node: Node) -> bool:
    if isinstance(node, Sign):
        return node.text in (",", "\\dots", "+", "-")
    if isinstance(node, Name):
        return not node.style and (node.letter in _INDICES or node.letter in ("\\tau", "\\ell"))
    return isinstance(node, Number)


def _is_space_of_vectors(node: Node) -> bool:
    return (
        isinstance(node, Name)
        and node.style == "bb"
        and node.letter == "R"
        and node.above is not None
    )


def _small(node: Node) -> bool:
    return isinstance(node, Sign) and (
        node.text in ("+", "-", ",", "\\dots") or node.text in _BOUNDS
    )


# -- members ----------------------------------------------------------------------------------------


def _made(draft: _Draft) -> Chain | None:
    members = []
    for sign, nodes in draft.members:
        while (
            nodes
            and isinstance(nodes[-1], Sign)
            and nodes[-1].text in (",", ";", ".", ":")
            and len(nodes) > 1
        ):
            nodes.pop()
        while (
            nodes and isinstance(nodes[0], Sign) and nodes[0].text in (",", ";") and len(nodes) > 1
        ):
            nodes.pop(0)
        relation = sign.text if sign else ""
        if nodes:
            start, end = min(n.start for n in nodes), max(n.end for n in nodes)
            members.append(Member(start, end, relation, tuple(nodes)))
        else:
            at = sign.end if sign else 0
            members.append(Member(at, at, relation, (Missing(at, at, "a side"),)))
    conditions = tuple(_row(nodes) for nodes in draft.conditions)
    if not members and not conditions and not draft.words:
        return None
    return Chain(tuple(members), conditions, " ".join(draft.words), draft.continues)


def _is_labelled(nodes: list[Node]) -> bool:
    """(a) A = B: whether one letter or number in brackets stands before a formula as its label."""
    if (
        len(nodes) < 2
        or not isinstance(nodes[0], Group)
        or not isinstance(nodes[1], Name | Fraction)
    ):
        return False
    group = nodes[0]
    if group.opening != "(" or group.above is not None or group.below is not None or group.primes:
        return False
    match group.inside:
        case (Name(letter=letter, below=None, above=None, primes=0),):
            return letter in ("a", "b", "c", "d", "e", "i", "ii", "iii", "iv")
        case (Number(text=text),):
            return text.isdigit()
        case _:
            return False


def _row(nodes: list[Node]) -> Row:
    return tuple(n for n in nodes if not isinstance(n, Mark))
