"""Is a line true? The brute-force answer, which shares no idea and no code with `derive`.

A page's definitions become a program: every abstract function a fixed random quadratic map between
vectors of 2 or 3 numbers (or plain numbers), every closed formula itself. A derivative ∂A/∂B is what it
means: the program is run again with B, cut off from its inputs, perturbed by dual numbers; exact integers
and fractions where the page has polynomials, 40 digits where it has tanh. Both sides are computed for
T = 1 … 4 and every index in range.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from corpus import Formula, Page, Unreadable
from numbers_with_slopes import (
    SMOOTH,
    Dual,
    Matrix,
    Mismatch,
    is_zero,
    plus,
    power,
    size,
    slopes_of,
    smooth,
    times,
    transposed,
)
from reading import Names, Tree, condition, names_of, parse

HORIZONS = (1, 2, 3, 4)
COSTS = ("C", "J", "L", "E", "\\mathcal{L}")
Node = tuple[str, int | None]
Letters = Mapping[str, int]


class Outside(Exception):
    """A variable that is named lies outside the horizon: this index is not in range."""


class Meaningless(Exception):
    """The line has no meaning: shapes, an unknown symbol, a derivative of a derivative."""


@dataclass(frozen=True)
class Definition:
    """`body` for the name, at every time, at one time (`at`), or without time; `shift` is k in h_{t+k}."""

    name: str
    body: Tree
    timed: bool
    at: Any = None
    shift: int = 0
    parameters: tuple[str, ...] = ()


@dataclass
class Model:
    """The definitions of a page, sorted out, and what the page says of T."""

    names: Names
    steps: dict[str, Definition] = field(default_factory=dict)
    fixed: dict[tuple[str, Any], Definition] = field(default_factory=dict)
    shared: dict[str, Definition] = field(default_factory=dict)
    closed: dict[str, Definition] = field(default_factory=dict)
    derived: set[str] = field(default_factory=set)
    horizon: int | None = None
    mentioned: set[str] = field(default_factory=set)


def understand(page: Page) -> tuple[Model, list[tuple[int, int]]]:
    """The model of a page and the (formula, member) pairs that are claims."""
    model = Model(names_of(page))
    claims: list[tuple[int, int]] = []
    for number, formula in enumerate(page.formulas):
        if [t.text for t in formula.head.tokens] == ["T"]:
            model.horizon = int(formula.members[1].tokens[0].text)
            continue
        first = 1 + _defines(model, formula)
        claims += [(number, m) for m in range(first, len(formula.members))]
    return model, claims


def _defines(model: Model, formula: Formula) -> bool:
    """Whether the first member defines the head, which is then kept."""
    try:
        left = parse(formula.head.tokens, model.names)
        definition = _definition(left, parse(formula.members[1].tokens, model.names))
    except Unreadable:
        return False
    if definition is None or not _is_new(model, definition, formula.members[1].relation):
        return False
    name = definition.name
    model.mentioned |= {name, *definition.parameters} | {v[1] for v in variables(definition.body)}
    if any(part[0] in ("D", "slotname", "via") for part in walk(definition.body)) or (
        model.derived & {v[1] for v in variables(definition.body)}
    ):
        model.derived.add(name)
    if definition.parameters:
        model.closed[name] = definition
    elif definition.at is not None:
        model.fixed[name, definition.at] = definition
    elif definition.timed:
        model.steps[name] = definition
    else:
        model.shared[name] = definition
    return True


def _definition(left: Tree, body: Tree) -> Definition | None:
    if left[0] == "call" and all(a[0] == "var" for a in left[2]) and not left[3]:
        if left[1] in SMOOTH:
            return None
        return Definition(left[1], body, False, parameters=tuple(a[1] for a in left[2]))
    if left[0] != "var" or left[3] is not None:
        return None
    if left[2] is None:
        return Definition(left[1], body, False)
    time = dict(left[2])
    letters = {a: n for a, n in time.items() if a}
    if letters == {"t": 1}:
        return Definition(left[1], body, True, shift=time[""])
    if letters in ({}, {"T": 1}):
        return Definition(left[1], body, True, at=left[2])
    return None


def _is_new(model: Model, definition: Definition, relation: str) -> bool:
    name, known = definition.name, definition.name in model.steps
    if definition.at is not None:
        return (
            not known and (name, definition.at) not in model.fixed and name not in model.mentioned
        )
    if not definition.timed and not definition.parameters:
        known = False
    earlier = known or name in model.shared or name in model.closed
    boundary = any(key[0] == name for key in model.fixed)
    recursive = any(v[1] == name for v in variables(definition.body))
    if relation == ":=":
        return True
    return not earlier and (not boundary or recursive)


def walk(tree: Any) -> Iterator[Tree]:
    """All parts of a tree, those inside lists included."""
    if isinstance(tree, tuple) and tree and isinstance(tree[0], str):
        yield tree
    if isinstance(tree, tuple | list):
        for part in tree:
            if isinstance(part, tuple | list):
                yield from walk(part)


def variables(tree: Tree) -> list[Tree]:
    return [part for part in walk(tree) if part[0] == "var" and len(part) == 4]


@dataclass(frozen=True)
class Run:
    """What is perturbed: `by`; read so only `within` one node, or at the time of one `copy`."""

    by: Node
    within: Node | None = None
    copy: int | None = None


class World:
    """The program for one T with random functions and inputs, in vectors or in plain numbers."""

    def __init__(self, model: Model, horizon: int, vectors: bool, seed: int = 0) -> None:
        self.model, self.horizon, self.vectors, self.seed = model, horizon, vectors, seed
        self.numbers = _numbers(model)
        self.times = _domains(model, horizon)
        self.memo: dict[Any, Any] = {}
        self.real = any(
            p[0] == "call" and p[1] in SMOOTH
            for d in (*model.steps.values(), *model.shared.values(), *model.closed.values())
            for p in walk(d.body)
        )

    # -- nodes ------------------------------------------------------------------------------------

    def dimension(self, name: str) -> int:
        if not self.vectors or name in self.numbers or name not in self.model.mentioned:
            return 1
        return 2 + zlib.crc32(name.encode()) % 2

    def node(self, tree: Tree, letters: Letters) -> Node:
        """The variable that a tree names, if it lies within the horizon."""
        _, name, time, copy = tree
        if copy is not None:
            raise Meaningless("a copy is differentiated by, not used")
        if time is None:
            if name in self.times and name not in self.model.shared:
                raise Meaningless(f"{name} without a time")
            return name, None
        if name not in self.times:
            raise Meaningless(f"{name} with a time")
        at = self.index(time, letters)
        if name not in self.model.derived and at not in self.times[name]:
            raise Outside(name)
        return name, at

    def index(self, time: Any, letters: Letters) -> int:
        total = 0
        for letter, count in dict(time).items():
            if letter == "":
                total += count
            elif letter == "T":
                total += count * self.horizon
            elif letter in letters:
                total += count * letters[letter]
            else:
                raise Meaningless(f"the index {letter}")
        return total

    def definition(self, node: Node) -> tuple[Tree, Letters] | None:
        """The body that makes a node, with its t; None for inputs and initial states."""
        name, at = node
        model = self.model
        if at is None:
            return (model.shared[name].body, {}) if name in model.shared else None
        for (other, key), fixed in model.fixed.items():
            if other == name and self.index(key, {}) == at:
                return fixed.body, {}
        step = model.steps.get(name)
        if step is None or (name not in model.derived and not 1 <= at <= self.horizon):
            return None
        return step.body, {"t": at - step.shift}

    def read(self, node: Node, run: Run | None, reader: Node | None) -> Any:
        """The value of a node as the definition of `reader` sees it."""
        if run is None or run.by != node:
            return self.value(node, run)
        at_copy = run.copy is None or (reader is not None and reader[1] == run.copy)
        if at_copy and run.within in (None, reader):
            return self.perturbed(node)
        return self.value(node, None)

    def perturbed(self, node: Node) -> Any:
        base = self.value(node, None)
        entries = base if isinstance(base, tuple) else (base,)
        count = len(entries)
        made = tuple(
            Dual(value, tuple(int(i == j) for j in range(count))) for i, value in enumerate(entries)
        )
        return made if isinstance(base, tuple) else made[0]

    def value(self, node: Node, run: Run | None) -> Any:
        key = (node, run)
        if key not in self.memo:
            if node[0] in self.model.derived:
                if run is not None:
                    raise Meaningless("second order")
                self.memo[key] = self.backward(node)
            else:
                found = self.definition(node)
                if found is None:
                    self.memo[key] = self.drawn(node)
                else:
                    self.memo[key] = self.evaluate(found[0], found[1], run, node)
        return self.memo[key]

    def backward(self, node: Node) -> Any:
        """What a definition with derivatives gives; 0 beyond the horizon in a recursion."""
        name, at = node
        step = self.model.steps.get(name)
        recursive = step is not None and any(v[1] == name for v in variables(step.body))
        if at is not None and at > self.horizon:
            if recursive and not any(key[0] == name for key in self.model.fixed):
                return BEYOND
            raise Outside(name)
        found = self.definition(node)
        if found is None:
            raise Outside(name)
        return self.evaluate(found[0], found[1], None, node)

    def drawn(self, node: Node) -> Any:
        """A random small input, initial state or parameter."""
        draw = random.Random(f"{self.seed} {node}")
        count = self.dimension(node[0])
        entries = tuple(draw.choice((-3, -2, -1, 1, 2, 3)) for _ in range(count))
        if self.real:
            entries = tuple(Fraction(a, 5) + Fraction(1, 7) for a in entries)
        elif count == 1 and not self.vectors:
            entries = tuple(a * 2 + draw.choice((3, 5)) for a in entries)
        return entries[0] if count == 1 else entries

    # -- functions --------------------------------------------------------------------------------

    def call(self, tree: Tree, letters: Letters, run: Run | None, reader: Node | None) -> Any:
        _, name, arguments, slots = tree
        values = [self.evaluate(a, letters, run, reader) for a in arguments]
        if name in SMOOTH:
            return smooth(name, values[0], len(slots))
        if not slots:
            return self.apply(name, values, reader)
        if any(isinstance(e, Dual) for v in values for e in _entries(v)):
            raise Meaningless("second order")
        at = slots[0]
        count = len(_entries(values[at]))
        values[at] = _lift(values[at])
        return self.jacobian(self.apply(name, values, self.user(name)), count)

    def user(self, name: str) -> Node | None:
        """A variable that the function gives, which says how long its value is."""
        model = self.model
        for made, definition in (*model.steps.items(), *model.shared.items()):
            if definition.body[0] == "call" and definition.body[1] == name:
                return made, None
        return None

    def apply(self, name: str, values: list[Any], reader: Node | None) -> Any:
        closed = self.model.closed.get(name)
        if closed:
            inner = dict(zip(closed.parameters, values, strict=True))
            return self.evaluate(closed.body, {}, None, None, inner)
        whole = self.user(name)
        count = self.dimension(whole[0]) if whole else 1
        return self.quadratic(name, [e for v in values for e in _entries(v)], count)

    def quadratic(self, name: str, entries: list[Any], count: int) -> Any:
        """A fixed random map, every output a polynomial of degree 2 in all the entries."""
        results = []
        for row in range(count):
            draw = random.Random(f"{self.seed} {name} {row} {len(entries)}")
            total: Any = draw.randint(-3, 3)
            for i, a in enumerate(entries):
                total = total + draw.choice((-3, -2, -1, 1, 2, 3)) * a
                j = draw.randrange(len(entries))
                total = total + draw.choice((-2, -1, 1, 2)) * (a * entries[j])
                total = total + draw.choice((-1, 1)) * (a * entries[(i + 1) % len(entries)])
            results.append(total)
        return results[0] if count == 1 else tuple(results)

    # -- derivatives ------------------------------------------------------------------------------

    def jacobian(self, value: Any, count: int) -> Any:
        rows = tuple(slopes_of(e, count) for e in _entries(value))
        if not self.vectors:
            return rows[0][0]
        return Matrix(rows)

    def derivative(self, tree: Tree, letters: Letters, through: Tree | None = None) -> Any:
        _, kind, of, by = tree
        self.known(by)
        copy = by[3]
        base = (by[1], by[2], None)
        node = self.node(("var", *base), letters)
        run = Run(node, None, None if copy is None else self.index(copy, letters))
        if run.copy is not None and not 1 <= run.copy <= self.horizon:
            raise Outside(by[1])
        if node[0] in self.model.derived:
            raise Meaningless("by something that is itself a derivative")
        if through is not None:
            run = Run(node, self.node(through, letters))
        count = self.dimension(node[0])
        if kind == "immediate" and through is not None:
            raise Meaningless("an immediate derivative via something")
        if kind == "immediate" and of[0] == "call" and by in of[2] and not of[3]:
            return self.call((*of[:3], (of[2].index(by),)), letters, None, None)
        if kind == "immediate":
            return self.immediate(of, letters, run, count)
        if any(part[0] in ("D", "slotname", "via") for part in walk(of)):
            raise Meaningless("second order")
        return self.jacobian(self.evaluate(of, letters, run, None), count)

    def known(self, by: Tree) -> None:
        if by[1] not in self.model.mentioned:
            raise Meaningless(f"{by[1]} occurs in no definition")

    def immediate(self, of: Tree, letters: Letters, run: Run, count: int) -> Any:
        if of[0] != "var":
            raise Meaningless("the immediate derivative of a formula")
        node = self.node(of, letters)
        found = self.definition(node)
        if node == run.by or node[0] in self.model.derived:
            raise Meaningless("the immediate derivative of that")
        if found is None:
            raise Outside(f"no step makes {node[0]} there")
        only = Run(run.by, node, run.copy)
        return self.jacobian(self.evaluate(found[0], found[1], Frozen(only), node), count)

    def slotname(self, tree: Tree, letters: Letters) -> Any:
        """∂f/∂a: the argument of f's own definition that `a` names, at its time."""
        _, name, by = tree
        model = self.model
        for definition in (*model.steps.values(), *model.shared.values()):
            body = definition.body
            if body[0] != "call" or body[1] != name:
                continue
            for at, argument in enumerate(body[2]):
                if argument[:2] == by[:2] and by[2] is None:
                    return self.call((*body[:3], (at,)), letters, None, None)
        raise Meaningless(f"no slot of {name}")

    # -- trees ------------------------------------------------------------------------------------

    def evaluate(
        self,
        tree: Tree,
        letters: Letters,
        run: Any = None,
        reader: Node | None = None,
        inner: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value of a tree: a number, a tuple (a vector) or a Matrix."""

        def go(part: Tree) -> Any:
            return self.evaluate(part, letters, run, reader, inner)

        kind = tree[0]
        if kind == "num":
            return int(tree[1]) if tree[1].denominator == 1 else tree[1]
        if kind == "index":
            return self.index(tuple(tree[1].items()), letters)
        if kind == "var":
            if inner and tree[1] in inner and tree[2] is None:
                return inner[tree[1]]
            return self.variable(tree, letters, run, reader)
        if kind == "call":
            if inner:
                return self.apply_inner(tree, go)
            return self.call(tree, letters, run, reader)
        if kind == "sum":
            return _folded(_plus, [go(part) for part in tree[1]])
        if kind == "prod":
            return self.product([lambda p=part: go(p) for part in tree[1]])
        if kind == "quot":
            return _times(go(tree[1]), power(go(tree[2]), -1))
        if kind == "pow":
            exponent = go(tree[2])
            base = go(tree[1])
            if isinstance(base, Matrix | tuple) or not isinstance(exponent, int):
                raise Meaningless("a power of a matrix")
            return power(base, exponent)
        if kind == "transpose":
            return transposed(go(tree[1]))
        if kind in ("bigsum", "bigprod"):
            return self.big(tree, letters, run, reader, inner)
        if run is not None:
            raise Meaningless("second order")
        if kind == "D":
            return self.derivative(tree, letters)
        if kind == "via":
            return self.derivative(tree[1], letters, tree[2])
        if kind == "slotname":
            return self.slotname(tree, letters)
        raise Unreadable(kind)

    def apply_inner(self, tree: Tree, go: Any) -> Any:
        values = [go(a) for a in tree[2]]
        if tree[3]:
            raise Meaningless("a slope inside a definition")
        return (
            smooth(tree[1], values[0], 0)
            if tree[1] in SMOOTH
            else self.apply(tree[1], values, None)
        )

    def variable(self, tree: Tree, letters: Letters, run: Any, reader: Node | None) -> Any:
        node = self.node(tree, letters)
        if isinstance(run, Frozen):
            return self.perturbed(node) if node == run.run.by else self.value(node, None)
        return self.read(node, run, reader)

    def product(self, makers: list[Any]) -> Any:
        """The factors in order; what lies beyond the end of a recursion makes the product 0."""
        values: list[Any] = []
        outside: Outside | None = None
        for make in makers:
            try:
                values.append(make())
            except Outside as error:
                outside = error
        if any(v is BEYOND for v in values):
            return BEYOND
        if outside:
            raise outside
        return _folded(_times, values)

    def big(self, tree: Tree, letters: Letters, run: Any, reader: Any, inner: Any) -> Any:
        kind, letter, low, high, body = tree
        first, last = (self.index(tuple(end.items()), letters) for end in (low, high))
        if first > last + 1:
            raise Outside(letter)
        values = [
            self.evaluate(body, {**letters, letter: at}, run, reader, inner)
            for at in range(first, last + 1)
        ]
        if kind == "bigsum":
            return _folded(_plus, values) if values else 0
        return _folded(_times, values[::-1]) if values else 1


@dataclass(frozen=True)
class Frozen:
    """A run in which only one definition is re-read and everything else keeps its value."""

    run: Run


class _Beyond:
    """The value 0 of a backward recursion beyond the horizon, whatever its shape."""


BEYOND = _Beyond()


def _entries(value: Any) -> tuple[Any, ...]:
    if isinstance(value, Matrix | _Beyond):
        raise Meaningless("a function of a derivative")
    return value if isinstance(value, tuple) else (value,)


def _lift(value: Any) -> Any:
    entries = _entries(value)
    count = len(entries)
    made = tuple(Dual(e, tuple(int(i == j) for j in range(count))) for i, e in enumerate(entries))
    return made if isinstance(value, tuple) else made[0]


def _plus(a: Any, b: Any) -> Any:
    if a is BEYOND or b is BEYOND:
        return b if a is BEYOND else a
    if isinstance(a, tuple) or isinstance(b, tuple):
        if not (isinstance(a, tuple) and isinstance(b, tuple)) or len(a) != len(b):
            raise Meaningless("a sum of a vector and something else")
        return tuple(x + y for x, y in zip(a, b, strict=True))
    return plus(a, b)


def _times(a: Any, b: Any) -> Any:
    if a is BEYOND or b is BEYOND:
        return BEYOND
    if isinstance(a, tuple) or isinstance(b, tuple):
        raise Meaningless("a product with a vector's value")
    return times(a, b)


def _folded(operation: Any, values: list[Any]) -> Any:
    total = values[0]
    for value in values[1:]:
        total = operation(total, value)
    return total


def _numbers(model: Model) -> set[str]:
    """The names that must be plain numbers: costs, and whatever a closed formula multiplies."""
    found = set(COSTS)
    steps = (*model.steps.values(), *model.shared.values(), *model.closed.values())
    for definition in steps:
        if definition.name in model.derived or _is_abstract(definition.body, model):
            continue
        found |= {definition.name, *definition.parameters}
        found |= {v[1] for v in variables(_without_calls(definition.body, model))}
    return found


def _is_abstract(body: Tree, model: Model) -> bool:
    return body[0] == "call" and body[1] not in SMOOTH and body[1] not in model.closed


def _without_calls(tree: Any, model: Model) -> Any:
    """The tree with its abstract calls cut out."""
    if isinstance(tree, tuple) and tree and tree[0] == "call" and _is_abstract(tree, model):
        return ("num", Fraction(0))
    if isinstance(tree, tuple | list):
        return tuple(_without_calls(part, model) for part in tree)
    return tree


def _domains(model: Model, horizon: int) -> dict[str, set[int]]:
    """The times at which each timed name has a value: as defined, and as used by definitions."""
    found: dict[str, set[int]] = {}
    for name, step in model.steps.items():
        found.setdefault(name, set())
        if name in model.derived:
            continue
        found[name] |= set(range(1, horizon + 1))
        for at in range(1, horizon + 1):
            _mentions(step.body, {"t": at - step.shift, "T": horizon}, found)
    for name, key in model.fixed:
        at = _value(dict(key), {"T": horizon})
        if name not in model.derived:
            found.setdefault(name, set()).add(at)
        else:
            found.setdefault(name, set())
    for definition in model.shared.values():
        _mentions(definition.body, {"T": horizon}, found)
    return found


def _value(index: Letters, letters: Letters) -> int:
    return sum(n * (1 if a == "" else letters[a]) for a, n in index.items())


def _mentions(tree: Any, letters: dict[str, int], found: dict[str, set[int]]) -> None:
    """Adds the times at which a definition uses its variables."""
    if isinstance(tree, list):
        for part in tree:
            _mentions(part, letters, found)
    if not isinstance(tree, tuple) or not tree:
        return
    if tree[0] == "var":
        if tree[2] is not None:
            found.setdefault(tree[1], set()).add(_value(dict(tree[2]), letters))
    elif tree[0] in ("bigsum", "bigprod"):
        for at in range(_value(tree[2], letters), _value(tree[3], letters) + 1):
            _mentions(tree[4], {**letters, tree[1]: at}, found)
    else:
        for part in tree[1:]:
            _mentions(part, letters, found)


# -- claims -------------------------------------------------------------------------------------------


def free_letters(tree: Any) -> set[str]:
    """The index letters that no Σ or Π of the tree binds, T left out."""
    if isinstance(tree, list):
        return set().union(*map(free_letters, tree))
    if not isinstance(tree, tuple) or not tree:
        return set()
    if tree[0] == "var":
        ends = [dict(end) for end in tree[2:4] if end is not None]
        return set().union(*ends) - {"", "T"}
    if tree[0] == "index":
        return set(tree[1]) - {"", "T"}
    if tree[0] in ("bigsum", "bigprod"):
        own = free_letters(tree[4]) - {tree[1]}
        return own | ((set(tree[2]) | set(tree[3])) - {"", "T"})
    return set().union(*(free_letters(part) for part in tree[1:]))


@dataclass(frozen=True)
class Truth:
    """`kind`: true, false, scalars (true for plain numbers only), loose (true if 1×1 matrices count as
    numbers), meaningless; with the first T and indices that show it."""

    kind: str
    why: str = ""


class Oracle:
    """Decides the lines of one page; the programs are kept from line to line."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.model, self.claims = understand(page)
        self.worlds: dict[Any, World] = {}

    def world(self, horizon: int, vectors: bool, seed: int) -> World:
        key = (horizon, vectors, seed)
        if key not in self.worlds:
            self.worlds[key] = World(self.model, *key)
        return self.worlds[key]

    def truth(self, formula: Formula, member: int, among: tuple[Any, ...] = ()) -> Truth:
        """Whether the member equals the head; `among` are trees that must be in range as well."""
        try:
            left, right = (parse(formula.members[i].tokens, self.model.names) for i in (0, member))
            conditions = [c for piece in formula.conditions for c in condition(piece)]
            return self.decide(left, right, conditions, among)
        except (Unreadable, Meaningless) as error:
            return Truth("meaningless", str(error))

    def decide(self, left: Tree, right: Tree, conditions: Any, among: Any) -> Truth:
        letters = tuple(sorted(free_letters([left, right])))
        found = self.compare(left, right, letters, conditions, among, True, 0)
        if found.kind in ("true", "loose"):
            again = self.compare(left, right, letters, conditions, among, True, 1)
            return found if again.kind == found.kind else again
        for seed in (0, 1):
            plain = self.compare(left, right, letters, conditions, among, False, seed)
            if plain.kind != "true":
                return plain
        return Truth("scalars", found.why)

    def compare(
        self,
        left: Any,
        right: Any,
        letters: Any,
        conditions: Any,
        among: Any,
        vectors: bool,
        seed: int,
    ) -> Truth:
        compared, loose = 0, False
        model = self.model
        for horizon in (model.horizon,) if model.horizon else HORIZONS:
            world = self.world(horizon, vectors, seed)
            for values in product(range(-1, horizon + 2), repeat=len(letters)):
                at = dict(zip(letters, values, strict=True))
                if not _allowed(conditions, {**at, "T": horizon}):
                    continue
                try:
                    a, b = (world.evaluate(side, at) for side in (left, right))
                    for tree in among:
                        world.evaluate(tree, at)
                except Outside:
                    continue
                except Mismatch as error:
                    return Truth("shapes", str(error))
                compared += 1
                if not _equal(a, b):
                    return Truth("false", f"T = {horizon}, {at}")
                loose |= any(isinstance(side, Matrix) and side.loose for side in (a, b))
        if not compared:
            return Truth("meaningless", "no index is in range")
        return Truth("loose" if loose else "true")


def _allowed(conditions: Any, letters: Letters) -> bool:
    return all(_value(a, letters) + least <= _value(b, letters) for a, b, least in conditions)


def _equal(a: Any, b: Any) -> bool:
    a, b = (0 if side is BEYOND else side for side in (a, b))
    if isinstance(a, tuple) or isinstance(b, tuple):
        return isinstance(a, tuple) and isinstance(b, tuple) and a == b
    try:
        difference = plus(a, times(-1, b))
    except Mismatch:
        return False
    return is_zero(difference, size(a))
