"""What each equation of a page does: define, set, say a shape, assign, claim, or nothing.

Only what stands in the position of a definition defines. The first relation of a chain has the role; the members behind
it are claims. What defines in a form that is not understood makes its names *lost*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from derive.notation import habits
from derive.notation.occurrences import Occurrence, Reader
from derive.notation.shapes_said import colon_shape, is_reals
from derive.notation.slots import (
    EQUAL,
    Where,
    bare,
    is_derivative,
    is_differential,
    names_in,
    parts_of,
    plain,
    single_name,
)
from derive.text.page import Chain
from derive.text.trees import (
    Big,
    Fraction,
    Group,
    Name,
    Node,
    Number,
    Row,
    Sign,
    Table,
    walk,
)

Kind = Literal["definition", "setting", "shape", "claim", "remark", "assignment"]

ASSIGN = frozenset(("\\leftarrow", "+=", "-=", "\\mathrel{+}=", "*=", "/=", "\\leftarrow"))
MADE_OTHERWISE = frozenset(("\\sim", "\\doteq", "\\overset", "\\stackrel"))

SUPPOSING = re.compile(
    r"\b(?:if|suppose|supposing|assum\w+|when|whenever|where we set|initiali[sz]\w*|setting|set|choose|chosen|take|taking|"
    r"e\.g\.?|for example|for instance|in (?:the|an|our|this) (?:example|case)|around|unless|only|case|at|near|say|"
    r"si|wenn|falls)\b[^.;:!?]*$",
    re.IGNORECASE,
)
INTRODUCING = re.compile(
    r"\b(?:let|define[sd]?|defining|denot\w+|given by|introduc\w+|where|with|write|written as|call\w*|called|becomes?|"
    r"posant|pose|note|soit|formulation|formula\w*|model\w*|variant|instead|now|new|another|modern|second|next|equations?)\b",
    re.IGNORECASE,
)
RENEWING = re.compile(
    r"\b(?:becomes?|becoming|now|from now on|instead|variant|another|modern|new|alternatively|redefine\w*|leading to|"
    r"later|second|replace\w*|simplif\w+|generali[sz]\w+|extend\w*)\b",
    re.IGNORECASE,
)
CONCLUDING = re.compile(
    r"\b(?:claims?|then|so|hence|therefore|thus|we (?:get|have|obtain|find|know|see|can (?:see|show))|yields?|recall\w*|"
    r"expand\w*|unroll\w*|implies|show that|prove\w*|rewrite\w*|rewritten|substitut\w+|remember|that is)\b[^.!?]*$",
    re.IGNORECASE,
)
ASSUMING = re.compile(r"\b(?:assum|suppos)\w*[^.;:!?]*$", re.IGNORECASE)
STATIONARY = re.compile(
    r"\b(?:set\w*|zero|optim\w+|stationar\w+|condition\w*|critical|satisf\w+|KKT|solv\w+|minim\w+|vanish\w*|enforc\w+)\b",
    re.IGNORECASE,
)
REPEATS = "repeats a definition"
CHANGE = frozenset(("\\Delta", "\\vartriangle", "\\triangle"))
ELEMENTARY = frozenset(
    ("tanh", "exp", "log", "ln", "sin", "cos", "tan", "sinh", "cosh", "sqrt", "max", "min")
)


@dataclass(frozen=True, slots=True)
class Role:
    """What the first equation of a chain is; see `scope`: the formulas in which it is in force, both ends included."""

    kind: Kind
    key: str | None = None
    target: Occurrence | None = None
    why: str = ""
    scope: tuple[int, int] = (0, 0)
    lost: frozenset[str] = frozenset()


@dataclass
class Known:
    """What has been defined so far under one key."""

    occurrence: Occurrence
    right: str
    number: int
    where: Where
    adjoint: bool = False
    value: bool = False
    made_of: frozenset[str] = frozenset()
    """The keys on its right side."""
    collects: bool = False
    """Whether it only collects what stands for itself: θ = {φ, ψ}, w = (w_{ij})."""
    last: int | None = None
    """The last formula of the item in which alone a variant holds."""
    backwards: bool = False
    """Whether it looks at the step after: λ_t = … λ_{t+1}."""


@dataclass
class Roles:
    """Goes through the chains of a page in order and says what each is."""

    reader: Reader
    wheres: Mapping[int, Where]
    last: int
    known: dict[str, list[Known]] = field(default_factory=dict)
    found: dict[tuple[int, int], Role] = field(default_factory=dict)
    previous: Chain | None = None
    arranged: bool = False
    """Whether the page has said what an entry of a Jacobian is."""
    lengths: dict[tuple[int, int], int] = field(default_factory=dict)

    def see(self, number: int, index: int, chain: Chain) -> None:
        """Gives a chain its role."""
        role = self._role(number, index, chain)
        self.lengths[number, index] = len(chain.members)
        self.previous = chain if chain.members else self.previous
        if role.scope == (0, 0):
            role = replace(role, scope=self._scope(role, number))
        self.found[number, index] = role

    def _role(self, number: int, index: int, chain: Chain) -> Role:
        members = chain.members
        if len(members) < 2 or chain.continues:
            return self._alone(chain, number)
        head, second = members[0].tree, members[1]
        relation = second.relation
        if relation in ("\\in", "\\subset", "\\subseteq"):
            return self._membership(head, second.tree, number)
        if relation in ASSIGN or (
            relation in ("\\to", "\\rightarrow", "\\mapsto") and _is_update(head, second.tree)
        ):
            key = self._key_of(head, number)
            return Role("assignment", key[0] if key else None, key[1] if key else None, "an update")
        if relation in MADE_OTHERWISE:
            return Role(
                "remark", why="made in a way not understood", lost=self._names(head, number)
            )
        if relation not in EQUAL:
            return Role("remark", why=f"{relation} defines nothing")
        if not head or not second.tree:
            return Role("remark", why="a fragment")
        return self._equation(number, index, chain)

    def _alone(self, chain: Chain, number: int) -> Role:
        tree = chain.members[0].tree if len(chain.members) == 1 else ()
        if tree and isinstance(tree[0], Sign) and tree[0].text == ":" and self.previous is not None:
            tree = (
                *self.previous.members[-1].tree,
                *tree,
            )  # the & before the colon has cut the row
        shaped = colon_shape(tree)
        if shaped is not None:
            target = self.reader.read(shaped[0], None, number)
            return Role("shape", target.key, target, "a shape")
        if chain.continues:
            return (
                Role("claim", why="goes on from before")
                if len(chain.members) > 1
                else Role("remark")
            )
        return Role("remark", why="no equation")

    def _membership(self, head: Row, right: Row, number: int) -> Role:
        key = self._key_of(head, number)
        if right and is_reals(right[0]) and key is not None:
            return Role("shape", key[0], key[1], "a shape")
        return Role("remark", why="a set")

    # Equations.

    def _equation(self, number: int, index: int, chain: Chain) -> Role:
        head, right = chain.members[0].tree, chain.members[1].tree
        relation = chain.members[1].relation
        if len(head) > 1 and isinstance(head[0], Name) and head[0].letter in CHANGE:
            return Role("assignment", why="a change")
        if (_is_gradient(head[0]) and len(head) > 1) or _has_derivative(head):
            return self._derivative_head(head, right, number)
        head = self._unwrapped(head, right)
        single = single_name(head)
        if single is not None:
            return self._named(single, right, number, relation, chain)
        return self._other_head(head, right, number)

    def _derivative_head(self, head: Row, right: Row, number: int) -> Role:
        """∂J/∂z = δ defines δ where nothing else has; any other derivative on the left is a claim."""
        if self._lists_derivatives(head, right) and (
            not self.arranged or not isinstance(head[0], Group)
        ):
            self.arranged = True
            return Role("definition", why="how the derivatives are arranged")
        single = single_name(_positive(right))
        if single is not None and single[1] is None:
            found = self.reader.read(*single, number)
            fresh = found.key not in self.known and self._is_fresh_adjoint(found, number)
            if fresh:
                self._define(found, head, number, adjoint=True)
                return Role("definition", found.key, found, "a name for the derivative on its left")
        return self._condition_on_derivative(head, right, number)

    def _condition_on_derivative(self, head: Row, right: Row, number: int) -> Role:
        """∇_p L = 0 as a condition, ∇_W E = ∂E/∂W and df/dx = lim … as notation; else a claim."""
        where = self.wheres[number]
        if plain(right) == "0" and _is_gradient(head[0]) and STATIONARY.search(where.before):
            return Role("setting", why="a condition of stationarity")
        if len(right) == 1 and is_derivative(right[0]) and _is_gradient(head[0]) and len(head) == 2:
            return Role("definition", why="notation of a gradient")
        if any(isinstance(n, Big) and n.kind == "lim" for n in right):
            return Role("definition", why="what a derivative is")
        if not where.display and ASSUMING.search(_sentence(where.before)):
            return Role("setting", why="supposed for its sentence")
        return Role("claim", why="a derivative on the left")

    def _is_fresh_adjoint(self, found: Occurrence, number: int) -> bool:
        """Whether a name behind ∂J/∂z = is new here: neither used before nor a habit of something else."""
        base = found.key.split("_")[0].split("^")[0]
        if (
            base in habits.PARAMETER - {"\\lambda", "\\beta", "\\gamma"}
            or base in habits.INPUT
            or base in habits.CONSTANT
            or base.strip("}").rsplit("{", 1)[-1] in ("I", "0", "1", "J", "H")
        ):
            return False
        uses = self.reader.survey.base_of(base)
        return not any(u.number < number for u in uses) and not self.reader.is_function(base)

    def _named(
        self,
        single: tuple[Name, Group | None],
        right: Row,
        number: int,
        relation: str,
        chain: Chain,
    ) -> Role:
        name, behind = single
        found = self.reader.read(name, behind, number)
        where = self.wheres[number]
        if (name.letter in habits.KNOWN and behind is not None) or found.primes or found.dots:
            return self._of_function(name, found, right, number)
        if behind is not None and not found.consumed:
            return Role("claim", why="a product on the left")
        if self._is_condition(found, name, right, number):
            return Role("setting", found.key, found, "a condition on an index")
        derived = any(is_derivative(n) for n in right)
        if found.inverse or (found.transposed and not derived):
            return Role("claim", why="an inverse or a transpose on the left")
        if found.power is not None and found.key in self.known:
            return Role("claim", why="a power on the left")
        if self._is_gradient_name(name, right):
            return Role("claim", found.key, found, "a gradient by its name")
        if self._is_implicit(found, right, number):
            lost = frozenset(
                k for row in found.arguments or () for k in self._made_names(row, number)
            )
            return Role("remark", why="implicit", lost=lost)
        reversed_name = self._reversed(found, right, number)
        if reversed_name:
            return Role(
                "remark", why="the name stands on the right", lost=frozenset((reversed_name,))
            )
        if self._supposed(found, right, number, chain):
            return Role("setting", found.key, found, "supposed for its sentence or item")
        return self._definition(found, right, number, where, relation)

    def _of_function(self, name: Name, found: Occurrence, right: Row, number: int) -> Role:
        if (
            name.letter in habits.KNOWN
            and not found.primes
            and found.power is None
            and found.arguments is not None
        ):
            inner = [n for row in found.arguments for n, _, _ in names_in(row)]
            fresh = [n for n in inner if self._is_state(n, number)]
            if fresh and name.letter in ("log", "ln", "exp"):
                return Role("remark", why="a function of the name", lost=self._keys(fresh, number))
            if (
                found.key not in self.known
                and name.letter not in ELEMENTARY
                and len(found.arguments) == 1
                and single_name(found.arguments[0])
            ):
                self._define(found, right, number)
                return Role("definition", found.key, found, "what the function is")
        return Role(
            "claim",
            why="a derivative of a function" if found.primes else "a known function on the left",
        )

    def _is_state(self, name: Name, number: int) -> bool:
        """Whether a name is a quantity of the page that nothing defines, with an index."""
        found = self.reader.read(name, None, number)
        return (
            bool(found.indices) and found.key not in self.known and bare(name) not in habits.INPUT
        )

    def _is_gradient_name(self, name: Name, right: Row) -> bool:
        r"""dW, d\Gamma_o: the gradient by something that the page names; what it is equal to is a claim."""
        letters = name.letter
        if len(letters) < 2 or letters[0] != "d" or letters.startswith("\\"):
            return False
        rest = letters[1:]
        known = any(use.name.letter.lstrip("\\") == rest for use in self.reader.survey.uses)
        return known and not any(is_derivative(n) for n in right)

    def _is_implicit(self, found: Occurrence, right: Row, number: int) -> bool:
        """F(h_t, h_{t-1}) = 0 where F is nothing else: its arguments are made by it."""
        if not found.arguments or found.key in self.known:
            return False
        zero = len(right) == 1 and isinstance(right[0], Number) and float(right[0].text) == 0
        return zero and any(
            self.reader.read(n, b, number).indices
            for row in found.arguments
            for n, b, _ in names_in(row)
        )

    def _reversed(self, found: Occurrence, right: Row, number: int) -> str | None:
        """q(h) = z_t: the name that is made stands on the right."""
        if found.arguments is None or found.key in habits.LOSS:
            return None
        single = single_name(right)
        if single is None or single[1] is not None:
            return None
        made = self.reader.read(*single, number)
        arguments = [
            self.reader.read(n, b, number) for row in found.arguments for n, b, _ in names_in(row)
        ]
        fresh = made.key not in self.known and bool(made.indices)
        return made.key if fresh and any(a.indices for a in arguments) else None

    def _supposed(self, found: Occurrence, right: Row, number: int, chain: Chain) -> bool:
        """Whether a sentence only supposes, restricts or exemplifies."""
        where = self.wheres[number]
        sentence = f"{where.before} {chain.words}"
        value = is_value(right)
        if found.indices and any(
            not self._is_special(k.occurrence) for k in self.known.get(found.key, ())
        ):
            return value and not (where.display or where.item or self._is_special(found))
        if found.arguments is not None and found.key in self.known:
            return False
        if (
            not where.display
            and not found.indices
            and single_name(right) is not None
            and _is_sizelike(found.key)
        ):
            return True
        if where.display:
            return (
                value
                and not found.indices
                and found.arguments is None
                and bool(SUPPOSING.search(sentence))
            )
        if SUPPOSING.search(_sentence(sentence)):
            return True
        return value and not found.indices and found.arguments is None

    def _definition(
        self, found: Occurrence, right: Row, number: int, where: Where, relation: str
    ) -> Role:
        """A first definition, its repetition, a version, or a claim on what is defined already."""
        spelled = canonical(found, right)
        before = [k for k in self.known.get(found.key, ()) if k.occurrence.form == found.form]
        latest = [k for k in before if self._is_special(k.occurrence) == self._is_special(found)][
            -1:
        ]
        if is_value(right) and not found.indices and any(k.right == spelled for k in latest):
            return Role("setting", found.key, found, "the value again")
        if _says_dependence(found, right):
            return Role("setting", found.key, found, "says what it depends on")
        if any(k.right == spelled and _same_index(k.occurrence, found) for k in latest):
            return Role("claim", found.key, found, REPEATS)
        adjoint = any(
            is_derivative(n) or _is_gradient(n) or (isinstance(n, Name) and n.letter == "\\partial")
            for n in walk(right)
        )
        if relation == ":=" or not before:
            if relation != ":=" and self._restates(found, right, number):
                return Role("claim", found.key, found, "says in another form what is defined")
            self._define(found, right, number, adjoint)
            return Role(
                "definition", found.key, found, "defines" if not before else "a new version"
            )
        if self._is_special(found) and any(not self._is_special(k.occurrence) for k in before):
            return self._boundary(found, right, number)
        if not self._is_special(found) and all(self._is_special(k.occurrence) for k in before):
            self._define(found, right, number, adjoint)
            return Role("definition", found.key, found, "defines beside a boundary value")
        return self._second(found, right, number, where, before, adjoint)

    def _restates(self, found: Occurrence, right: Row, number: int) -> bool:
        """Whether z^l = w^l a^{l-1} + b^l only says for whole layers what z^l_i = … has said for components."""
        same = [
            k
            for k in self.known.get(found.key, ())
            if [d for d in k.occurrence.form if d != "component"]
            == [d for d in found.form if d != "component"]
            and k.occurrence.form != found.form
        ]
        return bool(same) and self._keys_of(right, number) <= same[-1].made_of

    def _keys_of(self, row: Row, number: int) -> frozenset[str]:
        """The keys of a row, those of indices left out."""
        return frozenset(
            self.reader.read(n, b, number).key for n, b, c in names_in(row) if c != "bound"
        )

    def _second(
        self,
        found: Occurrence,
        right: Row,
        number: int,
        where: Where,
        before: Sequence[Known],
        adjoint: bool,
    ) -> Role:
        latest = before[-1]
        sentence = f"{where.before}"
        moved_on = where.section != latest.where.section or where.item != latest.where.item
        renewed = bool(RENEWING.search(sentence))
        concluded = bool(CONCLUDING.search(sentence)) and not renewed
        pure = len(_positive(right)) == 1 and is_derivative(_positive(right)[0])
        adjoints = latest.adjoint or found.key.startswith(("\\delta", "\\lambda"))
        if adjoints and not (moved_on and (pure or renewed)):
            return Role("claim", found.key, found, "an equation for an adjoint that is defined")
        if found.arguments is not None and is_value(right):
            return Role("claim", found.key, found, "a value of what is defined")
        base = bare_key(found)
        made_by_cases = (
            found.arguments is not None and base not in habits.LOSS and not is_value(right)
        )
        if (
            made_by_cases
            and (self.reader.is_function(base) or base in self.reader.listed)
            and not adjoint
        ):
            self._define(found, right, number)
            return Role("definition", found.key, found, "a new version of a function")
        if self._is_moved(found) and not self._is_moved(latest.occurrence):
            return Role("claim", found.key, found, "another step of what is defined")
        keys = self._keys_of(right, number)
        same_section = where.section == latest.where.section
        if not renewed and same_section and (not where.display or keys == latest.made_of):
            if where.item == latest.where.item:
                return Role("claim", found.key, found, "says again what is defined")
        if self._substitutes(latest, keys):
            return Role("claim", found.key, found, "a part of what is defined has got a name")
        unrolled = not self._is_special(found) and _starts_from_zero(
            found, right, self.reader, number
        )
        if unrolled or any(isinstance(n, Big) and n.kind == "prod" for n in walk(right)):
            return Role("claim", found.key, found, "unrolled")
        if adjoint and not moved_on:
            return Role("claim", found.key, found, "an equation with derivatives")
        if concluded and not moved_on:
            return Role("claim", found.key, found, "concluded from what stands before")
        self._define(found, right, number, adjoint)
        return Role("definition", found.key, found, "a new version")

    def _is_moved(self, found: Occurrence) -> bool:
        return any(len(row) > 1 for domain, row in found.indices if domain in ("time", "layer"))

    def _substitutes(self, latest: Known, keys: frozenset[str]) -> bool:
        """Whether a right side uses names that were given since to parts of the right side before."""
        new = keys - latest.made_of - {latest.occurrence.key}
        since = [k for key in new for k in self.known.get(key, ())]
        return any(
            k.number >= latest.number and len(k.right) > 1 and k.right in latest.right
            for k in since
        )

    def _is_condition(self, found: Occurrence, name: Name, right: Row, number: int) -> bool:
        """i = j, t = 1, …, T, l = L: of an index, and no quantity."""
        survey = self.reader.survey
        if name.below or name.above or (len(name.letter) > 1 and not name.letter.startswith("\\")):
            return False
        counts = survey.strong(name.letter) or name.letter in (
            "i",
            "j",
            "k",
            "l",
            "t",
            "s",
            "\\tau",
        )
        if not counts or survey.varies(name.letter):
            return False
        return all(isinstance(n, Name | Number | Sign) for n in right)

    @staticmethod
    def _lists_derivatives(head: Row, right: Row) -> bool:
        """Whether the right side is a table or list of derivatives: how a gradient or Jacobian is arranged."""
        if any(isinstance(n, Sign) and n.text in "+-=" for n in (*head, *right)) or len(right) > 2:
            return False
        if (
            isinstance(head[0], Group)
            and head[0].below is not None
            and len(head) == 1
            and len(right) == 1
        ):
            return is_derivative(right[0])
        last = right[-1]
        if (
            isinstance(last, Group)
            and not isinstance(last.inside[:1], Table)
            and last.opening in ("[", "(")
        ):
            inside = [n for n in last.inside if not isinstance(n, Sign)]
            if inside and all(is_derivative(n) for n in inside) and len(inside) > 1:
                return True
        cells = [cell for cell in _cells(last) if cell]
        return bool(cells) and sum(
            is_derivative(cell[0]) and len(cell) == 1 for cell in cells
        ) * 3 >= len(cells)

    @staticmethod
    def _unwrapped(head: Row, right: Row) -> Row:
        """(δ_t)^⊤ = ∂E/∂net_t as δ_t with the transpose on it."""
        if (
            len(head) == 1
            and isinstance(head[0], Group)
            and head[0].opening in ("(", "{")
            and len(head[0].inside) == 1
        ):
            group = head[0]
            name = group.inside[0]
            transposes = group.above is not None and plain(group.above) in (
                "T",
                "\\top",
                "\\intercal",
            )
            if (
                isinstance(name, Name)
                and group.below is None
                and transposes
                and any(is_derivative(n) for n in right)
            ):
                return (name,)
        return head

    def _boundary(self, found: Occurrence, right: Row, number: int) -> Role:
        """A value at one step: λ_T = …, h_0 = 0, c_1 = 0; a claim where it is worked out from the rest."""
        where = self.wheres[number]
        indices = [plain(row) for _, row in found.indices]
        end = any(
            text in ("0", "T", "T+1", "N", "N+1", "L", "1", "n", "n+1", "\\tau", "K", "S")
            for text in indices
        )
        general = [k for k in self.known.get(found.key, ()) if not self._is_special(k.occurrence)]
        if general and not any(found.key in k.made_of for k in general):
            return Role("claim", found.key, found, "a step of what is defined without a start")
        layered = any(d == "layer" and isinstance(row[0], Number) for d, row in found.indices)
        if layered and not CONCLUDING.search(where.before):
            return Role("definition", found.key, found, "a layer of its own")
        if (is_value(right) or len(right) == 1) and end:
            return Role("definition", found.key, found, "a boundary value")
        backwards = self._runs_backwards(found.key)
        last = any(
            text in ("T", "T+1", "N", "N+1", "L", "n", "n+1", "\\tau", "K", "S") for text in indices
        )
        if end and last == backwards and not CONCLUDING.search(where.before):
            return Role("definition", found.key, found, "a boundary value")
        return Role("claim", found.key, found, "a step of what is defined")

    def _runs_backwards(self, key: str) -> bool:
        return any(known.backwards for known in self.known.get(key, ()))

    def _is_special(self, found: Occurrence) -> bool:
        """Whether a left side is at one step only: a number, T, T-1, L."""
        for domain, row in found.indices:
            if domain in ("time", "layer"):
                first = row[0]
                if isinstance(first, Number) or (
                    isinstance(first, Name) and first.letter in ("T", "N", "L", "K", "S")
                ):
                    return True
                if (
                    isinstance(first, Name)
                    and first.letter in ("n", "\\tau", "\\ell")
                    and len(row) == 1
                ):
                    return self._is_horizon(first.letter, domain)
        return False

    def _is_horizon(self, letter: str, domain: str) -> bool:
        survey = self.reader.survey
        if letter in survey.bound:
            return False
        return survey.linked_anywhere(letter)

    def _define(self, found: Occurrence, right: Row, number: int, adjoint: bool = False) -> None:
        where = self.wheres[number]
        keys = self._keys_of(right, number)
        known = Known(
            found, canonical(found, right), number, where, adjoint, is_value(right), keys,
            _collects(found, right, keys, self.known), self._end_of_variant(found, where, number),
            self._looks_ahead(found, right, number),
        )  # fmt: skip
        self.known.setdefault(found.key, []).append(known)

    def _end_of_variant(self, found: Occurrence, where: Where, number: int) -> int | None:
        """Where a second definition in an item ends: a variant of what stands outside, or in another item."""
        before = [k for k in self.known.get(found.key, ()) if k.occurrence.form == found.form]
        if not where.item or not before or all(k.where.item == where.item for k in before):
            return None
        return self._last(number, lambda w: w.item == where.item)

    def _looks_ahead(self, found: Occurrence, right: Row, number: int) -> bool:
        own = {plain(row) for d, row in found.indices if d in ("time", "layer")}
        for name, behind, _ in names_in(right):
            other = self.reader.read(name, behind, number)
            for domain, row in other.indices if other.key == found.key else ():
                if domain in ("time", "layer") and (
                    plain(row).endswith("+1") or {plain(row) + "-1"} & own
                ):
                    return True
        return False

    # Other left sides.

    def _other_head(self, head: Row, right: Row, number: int) -> Role:
        names = tuple_names(head)
        if names:
            lost = frozenset(self.reader.read(n, None, number).key for n in names)
            if not all(key in self.known for key in lost):
                return Role("definition", why="several names at once", lost=lost)
            return Role("claim", why="several names at once")
        if len(head) == 1 and isinstance(head[0], Table | Group):
            cells = [single_name(cell) for cell in _cells(head[0])]
            made = [c[0] for c in cells if c is not None]
            if made and len(made) == len(cells):
                lost = frozenset(self.reader.read(n, None, number).key for n in made)
                if not lost & self.known.keys():
                    return Role("definition", why="a column of names", lost=lost)
        parts = parts_of(head)
        last = single_name(parts[-1]) if len(parts) > 1 else None
        dotted = any(isinstance(n, Sign) and "dots" in n.text for n in right)
        if last is not None and dotted and self.reader.survey.strong(last[0].letter):
            return Role("setting", why="the range of an index")
        zero = len(right) == 1 and isinstance(right[0], Number) and right[0].text == "0"
        if zero:
            fresh = [
                n
                for n, _, context in names_in(head)
                if context == "main" and self._is_state(n, number)
            ]
            if fresh:
                return Role("remark", why="implicit", lost=self._keys(fresh[:1], number))
        return Role("claim", why="an equation between expressions")

    def restate(self) -> None:
        """A definition that is repeated beside new ones, in another section, sets up the model again."""
        renewed = {
            number
            for (number, _), role in self.found.items()
            if role.kind == "definition" and role.key
        }
        for (number, index), role in self.found.items():
            longer = self.lengths.get((number, index), 0) > 2
            if role.why == REPEATS and (number in renewed or longer) and role.key is not None:
                sections = {k.where.section for k in self.known.get(role.key, ())}
                if self.wheres[number].section not in sections:
                    self.found[number, index] = replace(
                        role, kind="definition", why="defined again as before"
                    )

        self._end_versions()

    def _end_versions(self) -> None:
        """A definition is in force until the next one of the same form."""
        for (number, index), role in self.found.items():
            if role.kind != "definition" or role.target is None or self._is_special(role.target):
                continue
            later = [
                k.number
                for k in self.known.get(role.key or "", ())
                if k.number > number
                and k.occurrence.form == role.target.form
                and k.last is None
                and not self._is_special(k.occurrence)
            ]
            if later and later[0] <= role.scope[1]:
                self.found[number, index] = replace(
                    role, scope=(role.scope[0], max(number, later[0] - 1))
                )

    # Small questions.

    def _key_of(self, head: Row, number: int) -> tuple[str, Occurrence] | None:
        single = single_name(head)
        if single is None:
            names = tuple_names(head)
            if not names:
                return None
            single = (names[0], None)
        found = self.reader.read(*single, number)
        return found.key, found

    def _names(self, row: Row, number: int) -> frozenset[str]:
        return frozenset(
            self.reader.read(n, b, number).key for n, b, c in names_in(row) if c == "main"
        )

    def _made_names(self, row: Row, number: int) -> Iterator[str]:
        for name, behind, _ in names_in(row):
            found = self.reader.read(name, behind, number)
            if found.indices and bare(name) not in habits.INPUT and found.key not in self.known:
                yield found.key

    def _keys(self, names: Sequence[Name], number: int) -> frozenset[str]:
        return frozenset(self.reader.read(n, None, number).key for n in names)

    def _scope(self, role: Role, number: int) -> tuple[int, int]:
        """A setting holds in its paragraph (item), a definition to the end of its item or of the page."""
        where = self.wheres[number]
        if role.kind == "setting":
            return number, self._last(number, lambda w: w.paragraph == where.paragraph)
        if role.kind == "definition" and where.item:
            mine = [k for k in self.known.get(role.key or "", ()) if k.number == number]
            alone = any(k.last is not None for k in mine)
            same_item = self._last(number, lambda w: w.item == where.item)
            return number, same_item if alone else self.last
        return number, self.last

    def _last(self, number: int, same: Callable[[Where], bool]) -> int:
        end = number
        while end + 1 in self.wheres and same(self.wheres[end + 1]):
            end += 1
        return end


def tuple_names(row: Row) -> list[Name]:
    """The names of `(a, b)` and of `a, b`."""
    if (
        len(row) == 1
        and isinstance(row[0], Group)
        and row[0].opening in ("(", "[", "\\langle")
        and row[0].above is None
    ):
        row = row[0].inside
    parts = parts_of(row)
    if len(parts) < 2:
        return []
    singles = [single_name(part) for part in parts]
    return [s[0] for s in singles if s is not None] if all(s is not None for s in singles) else []


def is_value(row: Row) -> bool:
    """Whether a side is a number, or a name that stands for one: 4, -2, 1/4, T_y."""
    if len(row) == 1 and _cells(row[0]):
        return all(
            not cell or all(isinstance(n, Number | Sign) for n in cell) for cell in _cells(row[0])
        )
    nodes = [
        n
        for n in row
        if not (isinstance(n, Sign) and n.text in ("+", "-", "/", ",", ".", "\\dots", "%"))
    ]
    if not nodes:
        return False
    if all(isinstance(n, Number) for n in nodes):
        return True
    if len(nodes) == 1 and isinstance(nodes[0], Fraction):
        return is_value(nodes[0].above_line) and is_value(nodes[0].below_line)
    return all(isinstance(n, Number | Sign) for n in row[:1]) and any(
        isinstance(n, Sign) and "dots" in n.text for n in row
    )


def _cells(node: Node) -> list[Row]:
    if isinstance(node, Table):
        return [cell for row in node.rows for cell in row]
    if isinstance(node, Group) and len(node.inside) == 1 and isinstance(node.inside[0], Table):
        return _cells(node.inside[0])
    return []


def _positive(row: Row) -> Row:
    """A side without a minus before it."""
    return row[1:] if row and isinstance(row[0], Sign) and row[0].text == "-" else row


def _is_gradient(node: Node) -> bool:
    return isinstance(node, Name) and (
        node.letter == "\\nabla" or (node.letter == "\\partial" and node.below is not None)
    )


def _has_derivative(row: Row) -> bool:
    return any(is_derivative(n) for n in walk(row)) or (
        len(row) > 1 and is_differential(row) and not isinstance(row[1], Sign)
    )


def _is_update(head: Row, right: Row) -> bool:
    """Whether a → b is an update: the name stands on both sides."""
    single = single_name(head)
    return single is not None and any(
        isinstance(n, Name) and bare(n) == bare(single[0]) for n in walk(right)
    )


def _same_index(a: Occurrence, b: Occurrence) -> bool:
    return [plain(r) for _, r in a.indices] == [plain(r) for _, r in b.indices]


def _says_dependence(found: Occurrence, right: Row) -> bool:
    """Whether a side is C = C(z_1, …, z_n)."""
    single = single_name(right)
    return (
        single is not None
        and single[1] is not None
        and bare(single[0]) == found.key
        and found.arguments is None
    )


def _is_sizelike(key: str) -> bool:
    """Whether a name is a length or a number of things: T_x, n_a, N."""
    return key.split("_")[0] in ("T", "N", "n", "m", "M", "d", "D", "K", "H") and "^" not in key


def bare_key(found: Occurrence) -> str:
    """The base of a key, labels left out."""
    return found.key.split("_")[0].split("^")[0]


def canonical(found: Occurrence, right: Row) -> str:
    """A right side with the letters of the left side's indices under standard names: z_i = a_i as z_j = a_j."""
    text = plain(right)
    for at, (domain, row) in enumerate(found.indices):
        if domain == "component" and len(row) == 1 and isinstance(row[0], Name):
            letter = re.escape(row[0].letter)
            text = re.sub(rf"(?<![a-zA-Z\\]){letter}(?![a-zA-Z])", f"#{at}", text)
    return text


def _collects(
    found: Occurrence, right: Row, keys: frozenset[str], known: Mapping[str, object]
) -> bool:
    """Whether a right side is a tuple, a set or a table of nothing but names that stand for themselves."""
    if len(right) != 1 or not isinstance(right[0], Group | Table):
        return False
    group = right[0]
    inner = group.inside if isinstance(group, Group) and not _cells(group) else ()
    parts = parts_of(inner) if inner else _cells(group)
    simple = [part for part in parts if all(isinstance(n, Name | Sign | Group) for n in part)]
    if not parts or len(simple) < len(parts) or not keys:
        return False
    return (
        keys <= {found.key}
        or (len(parts) > 1 and not keys & known.keys())
        or {k.lower() for k in keys} == {bare_key(found).strip("}").rsplit("{", 1)[-1].lower()}
    )


def _starts_from_zero(found: Occurrence, right: Row, reader: Reader, number: int) -> bool:
    """Whether a right side has the same name at a fixed early step: h_t = a^t h_0 + …"""
    for name, behind, _ in names_in(right):
        other = reader.read(name, behind, number)
        if other.key == found.key and any(
            d in ("time", "layer") and plain(r) in ("0", "1") for d, r in other.indices
        ):
            return True
    return False


def _sentence(text: str) -> str:
    """The last sentence of a stretch of prose."""
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.strip())[-1] if text.strip() else ""
