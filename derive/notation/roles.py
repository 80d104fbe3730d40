"""What each equation of a page does: define, set, say a shape, assign, claim, or nothing.

Only what stands in the position of a definition defines. The first relation of a chain has the
role; the members behind it are claims. What defines in a form that is not understood makes its
names *lost*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from derive.notation import habits
from derive.notation.chance import is_mean
from derive.notation.definitions import BOTH_SIDES, Ledger, Role
from derive.notation.occurrences import Occurrence
from derive.notation.shapes_said import colon_shape, shape_of_set
from derive.notation.sides import (
    are_sizes,
    bare_key,
    cells,
    has_derivative,
    is_gradient,
    is_sizelike,
    is_update,
    is_value,
    positive,
    sentence,
    tuple_names,
)
from derive.notation.slots import (
    EQUAL,
    Where,
    bare,
    is_derivative,
    names_in,
    parts_of,
    plain,
    single_name,
)
from derive.notation.words_behind import (
    Around,
    changed_before,
    changes,
    denied,
    has_unknown_term,
    reassigned,
    worded,
)
from derive.notation.words_made import goes_on, is_made
from derive.text.page import Chain
from derive.text.spelled import spelled
from derive.text.trees import (
    Big,
    Group,
    Name,
    Number,
    Row,
    Sign,
    Table,
    walk,
)

ASSIGN = frozenset(("\\leftarrow", "+=", "-=", "\\mathrel{+}=", "*=", "/=", "\\leftarrow"))
MADE_OTHERWISE = frozenset(("\\sim", "\\doteq", "\\overset", "\\stackrel"))

SUPPOSED = r"假设|假定|假如|仮定|仮に|가정"
ON_CJK_CONDITION = r"如果|倘若|若|もし|만약"
SUPPOSING = re.compile(
    rf"(?:{SUPPOSED}|{ON_CJK_CONDITION})[^.;:!?。；：！？]*$|"
    r"\b(?:if|suppose|supposing|assum\w+|when|whenever|where we set|initiali[sz]\w*|setting|set|choose|"
    r"chosen|take|taking|e\.g\.?|for example|for instance|in (?:the|an|our|this) (?:example|case)|around|"
    r"unless|only|case|at|near|say|si|wenn|falls|provided|(?:as|so) long as|imagin\w+|pretend\w*|once|"
    r"until|had (?:the|we|it|they)|were|would|not (?:true|the case)|wish\w*|want\w*|hope\w*|ideal\w*|"
    r"requir\w+|except|excluding|apart from|aside from|other than|but for|barring|outside)\b[^.;:!?]*$",
    re.IGNORECASE,
)
COUNTING = ("i", "j", "k", "l", "t", "s", "\\tau")
INTRODUCING = re.compile(
    rf"(?:{SUPPOSED})|"
    r"\b(?:suppose|assume|say|take|consider|set|setting|put|putting|sei|soit|sea|supongamos|supposons)\b"
    r"(?!,? for (?:(?:a|the) moment|now)\b)",
    re.IGNORECASE,
)
CONDITIONAL = re.compile(
    rf"(?:{ON_CJK_CONDITION})[^.;:!?。；：！？]*$|"
    r"\b(?:if|when|whenever|unless|provided|(?:as|so) long as|once|until|had (?:the|we|it|they)|were|would|"
    r"not (?:true|the case)|except|excluding|apart from|aside from|other than|but for|barring)\b[^.;:!?]*$",
    re.IGNORECASE,
)
OPEN_CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|once|until|provided(?: that)?|(?:as|so) long as)\W*$",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
CHANGED = "the words around its definition change it"
ON_A_CONDITION = "on a condition of its sentence"
ON_CONDITION = re.compile(r"\b(?:if|when|unless|suppose|imagine)\b[^.;:!?]*$", re.IGNORECASE)
AGAIN_SUPPOSED = re.compile(rf"(?:{SUPPOSED}|{ON_CJK_CONDITION})[^.;:!?。；：！？]*$")
ASSUMING = re.compile(r"\b(?:assum|suppos)\w*[^.;:!?]*$", re.IGNORECASE)
STATIONARY = re.compile(
    r"\b(?:set\w*|zero|optim\w+|stationar\w+|condition\w*|critical|satisf\w+|KKT|solv\w+|minim\w+|"
    r"vanish\w*|enforc\w+)\b",
    re.IGNORECASE,
)
CUT = frozenset(("+", "-", "\\cdot", "\\odot", "\\times", "*", "\\circ"))
CHANGE = frozenset(("\\Delta", "\\vartriangle", "\\triangle"))
ELEMENTARY = frozenset(
    ("tanh", "exp", "log", "ln", "sin", "cos", "tan", "sinh", "cosh", "sqrt", "max", "min")
)


OF_MATRICES = frozenset(("tr", "Tr", "trace", "det", "diag", "rank", "vec"))


@dataclass
class Roles(Ledger):
    """Goes through the chains of a page in order and says what each is."""

    words: Mapping[int, Around] = field(default_factory=dict)
    """The words around each formula."""
    following: Mapping[int, Sequence[Chain]] = field(default_factory=dict)
    """The chains of each formula."""
    previous: Chain | None = None
    arranged: bool = False
    """Whether the page has said what an entry of a Jacobian is."""

    def see(self, number: int, index: int, chain: Chain) -> None:
        """Gives a chain its role."""
        inner = self._made_inside(chain, number) | self._made_in_words(chain, number)
        role = self._role(number, index, chain)
        if role.kind == "definition" and role.key is not None:
            role = self._as_words_have_it(role, number, index, chain)
        if self._is_rest(chain) and self.found:
            self._cut(list(self.found)[-1])
        self.lengths[number, index] = len(chain.members)
        self.previous = chain if chain.members else self.previous
        if inner:
            role = replace(role, lost=role.lost | inner)
        if role.scope == (0, 0):
            role = replace(role, scope=self._scope(role, number))
        self.found[number, index] = role

    def _made_inside(self, chain: Chain, number: int) -> frozenset[str]:
        r"""The names that a chain makes behind its head, s \mapsto m := g(s), and nothing else makes."""
        members = chain.members
        signs = (":=",) if len(members) < 2 or members[1].relation in EQUAL else (":=", "=")
        pairs = pairwise(members[1:])
        named = (self._key_of(one.tree, number) for one, two in pairs if two.relation in signs)
        return frozenset(found[0] for found in named if found and found[0] not in self.known)

    def _made_in_words(self, chain: Chain, number: int) -> frozenset[str]:
        """The name before a formula that words make of it; a definition that words go on with is cut."""
        before, where = self.wheres.get(number - 1), self.wheres[number]
        if before is None or not where.before.startswith(before.before) or self.previous is None:
            return frozenset()
        if (before.section, before.item, before.paragraph) != (
            where.section,
            where.item,
            where.paragraph,
        ):
            return frozenset()
        between = where.before[len(before.before) :].replace("□", "", 1)
        if goes_on(between) and self.found:
            self._cut(list(self.found)[-1])
        if not is_made(before.before, between) or len(self.previous.members) != 1:
            return frozenset()
        name = self._key_of(self.previous.members[0].tree, number - 1)
        if name is None or name[0] in self.known or bare_key(name[1]) in habits.LOSS:
            return frozenset()
        keys = {k for m in chain.members for k in self._keys_of(m.tree, number)}
        return frozenset((name[0],)) if keys & self.known.keys() else frozenset()

    def _as_words_have_it(self, role: Role, number: int, index: int, chain: Chain) -> Role:
        """A definition that words change, "…, up to a constant", has lost its name; one that they deny is none."""  # noqa: E501
        if index == 0 and denied(self.wheres[number].before):
            return self._as_setting(role, number, "denied by its sentence")
        following = self.following.get(number, ())[index + 1 :]
        own = [plain(row) for _, row in role.target.indices] if role.target else []
        if len(set(own)) < len(own):
            return role  # M_{ii} = …, and 0 elsewhere
        around = self.words.get(number, Around())
        last = not any(len(other.members) > 1 for other in following)
        if (
            any(changes(words) for words in worded(chain, following))
            or (last and changes(around.trail, around.next))
            or (index == 0 and changed_before(around.lead))
            or has_unknown_term(spelled(chain.members[1].tree))
            or reassigned(spelled(chain.members[0].tree), around.trail)
        ):
            if is_value(chain.members[1].tree):
                return self._as_setting(role, number, "a value on a condition")
            return replace(role, why=CHANGED, lost=role.lost | frozenset((role.key or "",)))
        return role

    def _as_setting(self, role: Role, number: int, why: str) -> Role:
        """What was taken for a definition says something for its sentence alone."""
        known = self.known.setdefault(role.key or "", [])
        known[:] = [k for k in known if k.number != number]
        if not known:
            self.known.pop(role.key or "")
        return Role("setting", role.key, role.target, why)

    @staticmethod
    def _is_rest(chain: Chain) -> bool:
        """Whether a chain is the rest of a side that was cut: `+ g_t u_t` by itself."""
        tree = chain.members[0].tree if len(chain.members) == 1 else ()
        return (
            len(tree) > 1
            and isinstance(tree[0], Sign)
            and tree[0].text in CUT
            and isinstance(tree[1], Name | Group)
        )

    def _cut(self, place: tuple[int, int]) -> None:
        """A definition of which only a half was understood makes its name lost."""
        role = self.found[place]
        if role.kind == "definition" and role.key is not None:
            self.found[place] = replace(
                role, why="the half of a definition", lost=frozenset((role.key,))
            )

    def _role(self, number: int, index: int, chain: Chain) -> Role:
        members = chain.members
        if len(members) < 2 or chain.continues:
            return self._alone(chain, number)
        head, second = members[0].tree, members[1]
        relation = second.relation
        if relation in ("\\in", "\\subset", "\\subseteq"):
            return self._membership(head, second.tree, number)
        if relation in ASSIGN or (
            relation in ("\\to", "\\rightarrow", "\\mapsto") and is_update(head, second.tree)
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
        return self._equation(number, chain)

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
        if key is not None and shape_of_set(right) is not None:
            return Role("shape", key[0], key[1], "a shape")
        return Role("remark", why="a set")

    # Equations.

    def _equation(self, number: int, chain: Chain) -> Role:
        head, right = chain.members[0].tree, chain.members[1].tree
        relation = chain.members[1].relation
        if len(head) > 1 and isinstance(head[0], Name) and head[0].letter in CHANGE:
            return Role("assignment", why="a change")
        if (is_gradient(head[0]) and len(head) > 1) or has_derivative(head):
            role = self._derivative_head(head, right, number)
            return replace(role, named=self._named_last(head, chain, number, role))
        if (
            isinstance(head[0], Group)
            and len(head[0].inside) > 1
            and is_gradient(head[0].inside[0])
        ):
            return Role("claim", why="a derivative on the left")
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
        single = single_name(positive(right))
        if single is not None and single[1] is None:
            found = self.reader.read(*single, number)
            kronecker = (
                found.key in ("\\delta", habits.KRONECKER)
                and [d for d, _ in found.indices] == ["component"] * 2
            )
            fresh = (
                found.key not in self.known
                and not kronecker
                and self._is_fresh_adjoint(found, number)
            )
            if fresh:
                self._define(found, head, number, adjoint=True)
                return Role("definition", found.key, found, "a name for the derivative on its left")
        return self._condition_on_derivative(head, right, number)

    def _named_last(self, head: Row, chain: Chain, number: int, role: Role) -> Occurrence | None:
        """The name at the end of ∂L/∂z = … = δ, where it is new."""
        equal = [m for m in chain.members[1:] if m.relation in EQUAL]
        if role.kind != "claim" or len(equal) < 2:
            return None
        single = single_name(equal[-1].tree)
        if single is None or single[1] is not None:
            return None
        found = self.reader.read(*single, number)
        if found.transposed or found.power is not None or found.primes:
            return None
        if found.key in self.known and not all(d == "component" for d in found.form):
            return None
        if not self._is_fresh_here(found, single[0], number):
            return None
        self._define(found, head, number, adjoint=True)
        return found

    def _is_fresh_here(self, found: Occurrence, name: Name, number: int) -> bool:
        """Whether a name with its scripts was not written before."""
        base = found.key.split("_")[0].split("^")[0]
        letter = base.strip("}").rsplit("{", 1)[-1]
        if (
            base in habits.INPUT
            or base in habits.CONSTANT
            or letter in ("I", "J", "H", "0", "1")
            or (letter in habits.PARAMETER and letter.isalpha())
            or self.reader.is_function(base)
        ):
            return False
        taken = self.reader.survey.split(name)
        numbered = bool(taken.pieces) and all(p.form == "number" for p in taken.pieces)
        before = [u for u in self.reader.survey.base_of(taken.base) if u.number < number]
        return not before or (
            numbered and not any(plain((u.name,)) == plain((name,)) for u in before)
        )

    def _condition_on_derivative(self, head: Row, right: Row, number: int) -> Role:
        """∇_p L = 0 as a condition, ∇_W E = ∂E/∂W and df/dx = lim … as notation; else a claim."""
        where = self.wheres[number]
        if plain(right) == "0" and is_gradient(head[0]) and STATIONARY.search(where.before):
            return Role("setting", why="a condition of stationarity")
        if len(right) == 1 and is_derivative(right[0]) and is_gradient(head[0]) and len(head) == 2:
            return Role("definition", why="notation of a gradient")
        if any(isinstance(n, Big) and n.kind == "lim" for n in right):
            return Role("definition", why="what a derivative is")
        if not where.display and ASSUMING.search(sentence(where.before)):
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
        if is_mean(name, behind, set(self.known)):
            return Role("claim", why="an expectation on the left")
        if name.letter == "e" and found.power is not None and not found.indices:
            return Role("claim", why="a power of e")
        if self._is_optimum(right):
            return Role("setting", found.key, found, "an optimum")
        if (name.letter in habits.KNOWN and behind is not None) or found.primes or found.dots:
            return self._of_function(name, found, right, number)
        if behind is not None and not found.consumed:
            return Role("claim", why="a product on the left")
        if self._is_condition(found, name, right):
            return Role("setting", found.key, found, "a condition on an index")
        derived = any(is_derivative(n) for n in right)
        if found.inverse or (found.transposed and not derived):
            return Role("claim", why="an inverse or a transpose on the left")
        if found.power is not None and found.key in self.known:
            return Role("claim", why="a power on the left")
        if found.arguments is None and not found.transposed and self._updates(found, right, number):
            if found.indices and not any(
                isinstance(n, Name) and bare(n) == bare(name) for n in right
            ):
                return Role("remark", found.key, found, "implicit", lost=frozenset((found.key,)))
            return Role("assignment", found.key, found, BOTH_SIDES)
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
        where = self.wheres[number]
        if self._supposed(found, right, number, chain):
            said = sentence(f"{where.before} {chain.words}")
            why = (
                ON_A_CONDITION if CONDITIONAL.search(said) else "supposed for its sentence or item"
            )
            return Role("setting", found.key, found, why)
        return self._definition(found, right, number, where, relation)

    @staticmethod
    def _is_optimum(right: Row) -> bool:
        r"""\arg\max_\theta J, in a macro of the page's own, too."""
        first = right[0]
        said = first.kind if isinstance(first, Big) else getattr(first, "letter", "")
        return bool(re.match(r"\\?arg\s*m(?:ax|in)", said))

    def _updates(self, found: Occurrence, right: Row, number: int) -> bool:
        """Whether θ = θ - α ∂L/∂θ gives its left side a new value: the same name with the same indices
        on both sides."""
        own = (found.key, [plain(row) for _, row in found.indices])
        for name, behind, context in names_in(right):
            other = self.reader.read(name, behind, number)
            same = (other.key, [plain(row) for _, row in other.indices]) == own
            if same and context == "main" and other.arguments is None:
                return True
        return False

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
                and name.letter not in ELEMENTARY | OF_MATRICES
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
        said = f"{where.before} {chain.words}"
        value = is_value(right)
        if where.display and single_name(right) is not None and OPEN_CONDITION.search(where.before):
            return True
        if not where.display and found.indices and ON_CONDITION.search(sentence(said)):
            return True
        if found.indices and any(
            not self._is_special(k.occurrence) for k in self.known.get(found.key, ())
        ):
            again = not where.display and bool(AGAIN_SUPPOSED.search(sentence(said)))
            return again or (value and not (where.display or where.item or self._is_special(found)))
        if found.arguments is not None and found.key in self.known:
            return False
        single = single_name(right)
        if (
            not where.display
            and not found.indices
            and found.arguments is None
            and single is not None
            and (single[1] is None and single[0].above is None)
            and is_sizelike(found.key)
        ):
            return True
        if where.display:
            return (
                value
                and not found.indices
                and found.arguments is None
                and bool(SUPPOSING.search(said))
            )
        if SUPPOSING.search(sentence(said)):
            introduced = self._is_introduced(found, right, number, sentence(said))
            return not introduced and not self._is_example(found, number)
        return value and not found.indices and found.arguments is None

    def _is_introduced(self, found: Occurrence, right: Row, number: int, said: str) -> bool:
        """Suppose z = w x + b: a formula for a name that the page has nowhere before, and makes nowhere else."""  # noqa: E501
        if not INTRODUCING.search(said) or SUPPOSING.search(INTRODUCING.sub(" ", said)):
            return False
        uses = self.reader.survey.base_of(bare_key(found))
        names = [n for n in walk(right) if isinstance(n, Name)]
        here = self.wheres[number].paragraph
        earlier = any(u.number < number and self.wheres[u.number].paragraph != here for u in uses)
        return len(names) > 1 and not earlier and sum(u.first for u in uses) == 1

    def _is_example(self, found: Occurrence, number: int) -> bool:
        """If f(x) = …: a function of names without indices, which its section (its item) is about."""
        rows = [row for row in found.arguments or () if row]
        return (
            bool(rows)
            and not found.indices
            and self.reader.is_function(bare_key(found))
            and all(
                (single := single_name(row)) is not None
                and single[1] is None
                and not self.reader.read(*single, number).indices
                for row in rows
            )
        )

    def _is_condition(self, found: Occurrence, name: Name, right: Row) -> bool:
        """i = j, t = 1, …, T, l = L: of an index, and no quantity."""
        if found.arguments is not None:
            return False
        survey = self.reader.survey
        if name.below or name.above or (len(name.letter) > 1 and not name.letter.startswith("\\")):
            return False
        strong = survey.strong(name.letter)
        if not (strong or name.letter in COUNTING) or survey.varies(name.letter):
            return False
        if not strong and any(
            isinstance(a, Name) and isinstance(b, Name) for a, b in pairwise(right)
        ):
            return False  # s = v u + c where no s counts anything
        return all(isinstance(n, Name | Number | Sign) for n in right)

    @staticmethod
    def _lists_derivatives(head: Row, right: Row) -> bool:
        """Whether the right side is a table or list of derivatives: how a gradient or Jacobian is
        arranged."""
        if any(isinstance(n, Sign) and n.text in "+-=" for n in (*head, *right)) or len(right) > 2:
            return False
        if isinstance(right[0], Name) and right[0].letter in habits.KNOWN:
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
            between = [n.text for n in last.inside if isinstance(n, Sign)]
            separated = bool(between) and all(t in (",", ";") or "dots" in t for t in between)
            if separated and all(is_derivative(n) for n in inside) and len(inside) > 1:
                return True
        full = [cell for cell in cells(last) if cell]
        derived = sum(is_derivative(cell[0]) and len(cell) == 1 for cell in full)
        return bool(full) and derived * 3 >= len(full)

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

    @staticmethod
    def _is_point(right: Row) -> bool:
        """(3, -1/2), or one number for several names."""
        row = tuple(n for n in right if not (isinstance(n, Sign) and n.text in (",", ".", ";")))
        inside = row[0].inside if len(row) == 1 and isinstance(row[0], Group) else row
        parts = parts_of(inside)
        return bool(parts) and all(p and is_value(p) for p in parts)

    # Other left sides.

    def _other_head(self, head: Row, right: Row, number: int) -> Role:
        names = tuple_names(head)
        if names:
            lost = frozenset(self.reader.read(n, None, number).key for n in names)
            if not self.wheres[number].display and self._is_point(right):
                return Role("setting", why="a point")
            if not all(key in self.known for key in lost):
                return Role("definition", why="several names at once", lost=lost)
            return Role("claim", why="several names at once")
        if len(head) == 1 and isinstance(head[0], Table | Group):
            singles = [single_name(cell) for cell in cells(head[0])]
            made = [c[0] for c in singles if c is not None]
            if made and len(made) == len(singles):
                lost = frozenset(self.reader.read(n, None, number).key for n in made)
                if not lost & self.known.keys():
                    return Role("definition", why="a column of names", lost=lost)
        parts = parts_of(head)
        last = single_name(parts[-1]) if len(parts) > 1 else None
        dotted = any(isinstance(n, Sign) and "dots" in n.text for n in right)
        if last is not None and dotted and self.reader.survey.strong(last[0].letter):
            return Role("setting", why="the range of an index")
        zero = len(right) == 1 and isinstance(right[0], Number) and right[0].text == "0"
        applied = (
            head[0]
            if isinstance(head[0], Name) and head[0].letter in ("log", "ln", "exp")
            else None
        )
        rest = single_name(head[1:]) if applied is not None and applied.above is None else None
        if rest is not None and self._is_state(rest[0], number):
            return Role("remark", why="a function of the name", lost=self._keys([rest[0]], number))
        if are_sizes(head) and are_sizes(right):
            return Role("remark", why="shapes")
        if zero:
            fresh = [
                n
                for n, _, context in names_in(head)
                if context == "main" and self._is_state(n, number)
            ]
            if fresh:
                return Role("remark", why="implicit", lost=self._keys(fresh[:1], number))
        return Role("claim", why="an equation between expressions")

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
        if role.kind == "setting" and role.why == ON_A_CONDITION:
            ends = len(SENTENCE_END.findall(where.before))
            return number, self._last(
                number,
                lambda w: (
                    (w.paragraph == where.paragraph and len(SENTENCE_END.findall(w.before)) == ends)
                    or _goes_on(where, w)
                ),
            )
        if role.kind == "setting":
            return number, self._last(
                number, lambda w: w.paragraph == where.paragraph or _goes_on(where, w)
            )
        if (
            role.kind == "definition"
            and role.target is not None
            and not where.display
            and SUPPOSING.search(sentence(where.before))
            and self._is_example(role.target, number)
        ):
            before = [
                u for u in self.reader.survey.base_of(bare_key(role.target)) if u.number < number
            ]
            general = any(
                self.wheres[u.number].display and self.wheres[u.number].section == where.section
                for u in before
            )
            same = "paragraph" if general else "section"
            return number, self._last(number, lambda w: getattr(w, same) == getattr(where, same))
        if role.kind == "definition" and where.item:
            mine = [k for k in self.known.get(role.key or "", ()) if k.number == number]
            alone = any(k.last is not None for k in mine)
            same_item = self._last(number, lambda w: w.item == where.item)
            return number, same_item if alone else self.last
        return number, self.last


def _goes_on(where: Where, display: Where) -> bool:
    """Whether a sentence goes on with a display that stands by itself behind its paragraph: "When w = 1,"."""  # noqa: E501
    rest = display.before.removeprefix(where.before)
    return (
        display.display
        and display.item == where.item
        and display.section == where.section
        and display.before.startswith(where.before)
        and bool(where.before.strip())
        and not SENTENCE_END.search(rest.strip())
    )
