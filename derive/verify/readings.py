"""What a written derivative means: the default reading, and the others that notes may intend.

A resolved formula holds only `Total`, `Immediate` and opaque slot derivatives of abstract functions
(DESIGN, section 2); via and held are written with them, since a path passes a node at most once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from derive.algebra.expression import (
    MINUS_ONE,
    ONE,
    ZERO,
    BigProduct,
    BigSum,
    Call,
    Entry,
    Expr,
    Immediate,
    Index,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Time,
    Total,
    Transpose,
    Tuple,
    Variable,
    Written,
    add,
    free_letters,
    move,
    move_variable,
    multiply,
    number,
    rebuild,
    replace,
    walk,
)
from derive.errors import DeriveError
from derive.model.functions import SLOPE
from derive.model.recurrence import NOW, STEP, Definition, variables
from derive.model.shapes import OF_ARRAYS, is_scalar
from derive.notation.claims import DEPENDING, IDENTITY
from derive.notation.latex import latex
from derive.verify.context import Context, defining, renamed
from derive.verify.ranges import TRIED, Condition, Range, range_of

# In the second one ∂C/∂x is a row and ∇_x C its transpose; so they are in the first, where shapes are said.
LAYOUTS = ("numerator", "numerator, with ∇ as a column", "gradient", "denominator")


IDENTITIES = ("I", IDENTITY, "\\mathbb{I}")

_SLOT = Variable("slot")


@dataclass(frozen=True, slots=True)
class Reading:
    """How derivatives are read.

    `choices` says for single notations which meaning they have instead of the default one: "partial",
    "total" or "held". `round` is "partial" where a text writes d for total derivatives beside ∂.
    """

    choices: Mapping[Written, str] = field(default_factory=dict)
    round: str = "total"
    layout: str = "numerator"


class Resolver:
    """Resolves the formulas of one context under one reading."""

    def __init__(self, context: Context, reading: Reading) -> None:
        self.context = context
        self.reading = reading
        self.model = context.model
        self.timed = context.scope.timed
        self._templates = {d.target.name: d for d in self.model.steps}
        named = [v for d in self.model.definitions for v in (d.target, *variables(d.body))]
        timed = {v.name for v in named if v.time is not None} | self.timed
        self._timeless = {v.name for v in named if v.time is None} - timed
        self._defined = {d.target: d for d in (*self.model.fixed, *self.model.shared)}

    # -- values -----------------------------------------------------------------------------------

    def resolve(self, expr: Expr) -> Expr:
        """`expr` with every written derivative replaced by what it means; DeriveError if unknown."""
        match expr:
            case Written(of, by) if isinstance(of, Entry) or isinstance(by, Entry):
                return self.of_entries(expr)
            case Written():
                return self.written(expr)
            case Entry(Variable(name)) if name in IDENTITIES:
                return expr
            case Variable():
                return self.variable(expr)
            case Call(function, arguments, slots):
                return self.call(function, tuple(map(self.resolve, arguments)), slots)
            case Tuple():
                raise DeriveError("several quantities taken as one are not compared")
            case _:
                return rebuild(expr, self.resolve)

    def variable(self, v: Variable) -> Expr:
        v = self.aliased(v)
        if v.time is None and v.name in self.context.bare:
            return Variable(self.context.bare[v.name])
        inlined = self.context.inlined.get(v.name)
        if inlined is not None:
            return inlined if v.time is None else move(inlined, {STEP: v.time})
        if v.time is not None and v.name in self._timeless:
            raise DeriveError(f"{v.name} stands with an index here and is defined without one")
        bare = v.time is None and v.name in self.timed and v.name not in self.context.alias
        if bare and Variable(v.name) not in self._defined:
            raise DeriveError(f"{v.name} varies in time, but stands without an index")
        if v.time is not None and self._is_function_only(v.name):
            target = self.defined_by(v.name)
            assert target is not None
            return move_variable(target, {STEP: v.time})
        if v.time is None and v.copy is None and self._is_function_only(v.name):
            raise DeriveError(f"{v.name} is a function and stands without its arguments")
        return v

    def aliased(self, v: Variable) -> Variable:
        found = renamed(v, self.context.alias)
        assert isinstance(found, Variable)
        return found

    def _is_function_only(self, name: str) -> bool:
        """An abstract function that is no quantity of the same name."""
        return (
            name in self.context.scope.functions
            and name not in self.timed
            and Variable(name) not in self._defined
            and name not in self.context.functions
            and self.defined_by(name) is not None
        )

    def defined_by(self, function: str) -> Variable | None:
        return defining(self.context, function)

    def call(self, function: str, arguments: tuple[Expr, ...], slots: tuple[int, ...]) -> Expr:
        if function == DEPENDING:
            return arguments[0]
        known = self.context.functions.get(function)
        if function in SLOPE and slots and self.model.shapes:
            return Call(function, arguments, slots)  # entry by entry
        if function in SLOPE and slots and len(arguments) == 1:
            found: Expr = Call(function, (_SLOT,))
            for _ in slots:
                found = explicit(found, _SLOT)
            return replace(found, {_SLOT: arguments[0]})
        if known is None:
            if function in OF_ARRAYS and self.model.shapes and not slots:
                return Call(function, arguments)
            if function not in SLOPE and function not in self.context.scope.functions:
                raise DeriveError(f"the function {function} is not defined")
            return self.canonical(Call(function, arguments, slots))
        if len(known.formals) != len(arguments):
            raise DeriveError(f"{function} takes {len(known.formals)} arguments")
        if arguments == known.formals and not slots and Variable(function) in self._defined:
            return Variable(function)
        body = self.opened(known.body) if slots else self.resolve(known.body)
        for slot in slots:
            body = self.slope(body, known.formals[slot - 1])
        return replace(body, dict(zip(known.formals, arguments, strict=True)))

    def opened(self, expr: Expr) -> Expr:
        """A function's body with the other functions that it applies put in."""
        if isinstance(expr, Call) and expr.function in self.context.functions and not expr.slots:
            known = self.context.functions[expr.function]
            if len(known.formals) == len(expr.arguments):
                pairs = zip(known.formals, map(self.opened, expr.arguments), strict=True)
                actual: dict[Expr, Expr] = dict(pairs)
                return replace(self.opened(known.body), actual)
        if isinstance(expr, Variable | Call):
            return self.resolve(expr)
        return rebuild(expr, self.opened)

    def canonical(self, call: Call) -> Expr:
        """A slot derivative of a function that defines a variable, as that variable's derivative.

        With shapes f'(a) may be meant entry by entry: it is left alone.
        """
        if self.model.shapes:
            return call
        if len(call.slots) == 1 and call.function not in SLOPE:
            target = self._matching(Call(call.function, call.arguments))
            argument = call.arguments[call.slots[0] - 1]
            if target is not None and isinstance(argument, Variable):
                return Immediate(target, argument)
        return call

    # -- derivatives ------------------------------------------------------------------------------

    def written(self, w: Written) -> Expr:
        """The derivative that `w` means, in the layout of the text."""
        jacobian = self.jacobian(w)
        match LAYOUTS.index(self.reading.layout):
            case 0:
                column = w.mark == "∇" and bool(self.model.shapes)
            case 1:
                column = w.mark == "∇"
            case 2:
                column = self.is_scalar(w.of)
            case _:
                column = True
        return transposed(jacobian) if column and jacobian != ZERO else jacobian

    def of_entries(self, w: Written) -> Expr:
        r"""\partial h_i / \partial W_{jk}: the entry of a derivative, in no layout."""
        of, above = (w.of.of, w.of.indices) if isinstance(w.of, Entry) else (w.of, ())
        by, below = (w.by.of, w.by.indices) if isinstance(w.by, Entry) else (w.by, ())
        found = self.jacobian(Written(of, by, w.mark, w.at, w.held))
        if found == ZERO:
            return ZERO
        if found == ONE:
            pairs = zip(above, below, strict=True)
            return multiply(Entry(Variable(IDENTITY), pair) for pair in pairs)
        if not isinstance(found, Total | Immediate):
            raise DeriveError("the entries of this derivative are not read")
        return Entry(found, (*above, *below))

    def is_scalar(self, of: Expr) -> bool:
        """Whether the numerator is a cost or a loss, whose gradient texts write as a column."""
        match of:
            case Variable(name, _, _) if self.model.shapes:
                return name in self.model.shapes and is_scalar(self.model.shapes[name])
            case Variable(name, _, _):
                target = next((d for d in self.model.definitions if d.target.name == name), None)
                users = [
                    d for d in self.model.steps if any(v.name == name for v in variables(d.body))
                ]
                return target is not None and not users
            case Call(function, _, _):
                target_variable = self.defined_by(function)
                return target_variable is not None and self.is_scalar(target_variable)
            case BigSum(_, _, _, body):
                return self.is_scalar(body)
            case Sum(terms):
                return all(map(self.is_scalar, terms))
            case _:
                return False

    def jacobian(self, w: Written) -> Expr:
        """The derivative in numerator layout."""
        choice = self.reading.choices.get(w)
        by = self.by(w)
        if w.at is not None:
            return self.through(w, by, "held" if w.held or choice == "held" else "via")
        if w.mark == "∂+":
            return Immediate(self.node(w.of), by)
        total = w.mark in ("d", "'") or choice == "total"
        partial = choice == "partial" or (self.reading.round == "partial" and w.mark == "∂")
        slot = None if total else self.slot(w.of, by)
        if slot is not None:
            return slot
        of = self._by_its_argument(w.of, by) or self.quantity(w.of)
        if isinstance(of, Variable) and partial and not total:
            if isinstance(w.of, Variable) and of == by:
                return ONE
            return self.immediate(of, by)
        if isinstance(of, Variable):
            return self.total(of, by)
        return self.of_formula(of, by)

    def through(self, w: Written, by: Variable, kind: str) -> Expr:
        assert w.at is not None
        of, node = self.node(w.of), self.node(w.at)
        self._known(of, by, node)
        if kind == "via":
            return multiply((self.total(of, node), self.immediate(node, by)))
        passing = multiply((MINUS_ONE, self.total(of, node), self.total(node, by)))
        return add((self.total(of, by), passing))

    def by(self, w: Written) -> Variable:
        """The variable that a derivative is by; a function's name stands for what it defines."""
        if w.by is None:
            return self._only_parameter(w.of)
        return self.node(w.by)

    def _only_parameter(self, of: Expr) -> Variable:
        formals = {f.formals for f in self.context.functions.values() if len(f.formals) == 1}
        if len(formals) == 1:
            return next(iter(formals))[0]
        if len(self.model.parameters) == 1:
            return self.model.parameters[0]
        raise DeriveError("a prime does not say by which variable it differentiates")

    def node(self, expr: Expr) -> Variable:
        """The variable of the model that a symbol, a value h(θ) or a function's name stands for."""
        match expr:
            case Variable(name, None, None) if self._is_bare_function(name):
                target = self.defined_by(name)
                assert target is not None
                return target
            case Variable():
                found = self.variable(expr)
            case Call():
                found = self.resolve(expr)
                if isinstance(found, Call):
                    found = self._matching(found) or found
            case _:
                found = expr
        if not isinstance(found, Variable):
            raise DeriveError(f"expected a variable, found {_shown(expr)}")
        return found

    def _is_bare_function(self, name: str) -> bool:
        """L, f or g without index and arguments, where they are functions that define something."""
        return (
            name in self.context.scope.functions
            and Variable(name) not in self._defined
            and name not in self.context.functions
            and name not in self.context.bare
            and self.defined_by(name) is not None
        )

    def quantity(self, expr: Expr) -> Expr:
        """What a derivative is of: a variable of the model, or a formula."""
        match expr:
            case Variable(name, None, None) if self._is_bare_function(name):
                return self.node(expr)
            case Variable(name, None, None) if name in self.context.functions and (
                self._applied(name) is not None
            ):
                applied = self._applied(name)
                assert applied is not None
                return self.resolve(applied)
            case Call():
                found = self.resolve(expr)
                if isinstance(found, Call):
                    return self._matching(found) or found
                return found
            case _:
                return self.resolve(expr)

    def _by_its_argument(self, of: Expr, by: Variable) -> Expr | None:
        """df/dx after f(x) = …: the slope of f itself, if the notes do not apply f to a z as well."""
        if not isinstance(of, Variable) or of.time is not None:
            return None
        known = self.context.functions.get(of.name)
        if known is None or by not in known.formals:
            return None
        for applied in self.context.calls.get(of.name, ()):
            if applied != known.formals and all(isinstance(a, Variable) for a in applied):
                raise DeriveError(f"{of.name} is applied to several quantities: write which one")
        return self.resolve(Call(of.name, known.formals))

    def _applied(self, name: str) -> Call | None:
        """How the notes apply a defined function: f stands for f(z), where f(z) is written."""
        formals = self.context.functions[name].formals
        found = [a for a in self.context.calls.get(name, ()) if a != formals]
        return Call(name, found[0]) if found else None

    def slot(self, of: Expr, by: Variable) -> Expr | None:
        r"""∂f(a, b)/∂a and ∂f/∂a: one argument's own derivative; None where it is not meant."""
        if isinstance(of, Variable) and of.copy is None:
            return self._slot_of_function(of, by)
        if (
            not isinstance(of, Call)
            or of.function in SLOPE
            or of.function in self.context.functions
        ):
            return None
        arguments = tuple(map(self.resolve, of.arguments))
        if any(isinstance(a, Call) and a.function == DEPENDING for a in of.arguments):
            return None
        places = [i for i, a in enumerate(arguments, 1) if a == by]
        if len(places) != 1:
            return None
        call = Call(of.function, arguments)
        target = self._matching(call)
        if target is not None:
            return Immediate(target, by)
        return Call(call.function, arguments, (places[0],))

    def _slot_of_function(self, of: Variable, by: Variable) -> Expr | None:
        """∂f/∂a for a bare f: the step is the one at which a is an argument of f."""
        if of.time is not None or not self._is_bare_function(of.name):
            return None
        definition = self._definition_by(of.name)
        arguments = [a for a in variables(definition.body) if a.name == by.name]
        fitting = [a for a in arguments if (a.time is None) == (by.time is None)]
        exact = [a for a in fitting if a == by]
        if not fitting:
            return None
        if len(exact or fitting) > 1:
            raise DeriveError(f"∂{of.name}/∂{by.name} does not say by which argument")
        a = (exact or fitting)[0]
        at = NOW if a.time is None or by.time is None else by.time - (a.time - NOW)
        return Immediate(move_variable(definition.target, {STEP: at}), by)

    def _definition_by(self, function: str) -> Definition:
        return next(
            d
            for d in self.model.definitions
            if d.is_abstract and isinstance(d.body, Call) and d.body.function == function
        )

    def _matching(self, call: Call) -> Variable | None:
        """The variable that a call is the definition of, at the step its arguments name."""
        if call.slots:
            return None
        for d in self.model.definitions:
            body = d.body
            if not isinstance(body, Call) or body.function != call.function or not d.is_abstract:
                continue
            if body == call:
                return d.target
            step = _step_of(body, call)
            if step is not None and d.target.time == NOW:
                return move_variable(d.target, {STEP: step})
        return None

    # -- the calculus -----------------------------------------------------------------------------

    def total(self, of: Variable, by: Variable) -> Expr:
        self._known(of, by)
        if of == by:
            return ONE
        made = {*self.context.inlined, *self.context.derived_names}
        if made & {of.name, by.name}:
            raise DeriveError("second order: a derivative of what is made of derivatives")
        if by.copy is not None:
            return self._by_copy(of, by)
        return ZERO if self._is_leaf(of) and of.name != by.name else Total(of, by)

    def _is_leaf(self, v: Variable) -> bool:
        """A parameter or an input: it depends on nothing."""
        return all(d.target.name != v.name for d in self.model.definitions)

    def immediate(self, of: Variable, by: Variable) -> Expr:
        self._known(of, by)
        return Immediate(of, by)

    def _by_copy(self, of: Variable, by: Variable) -> Expr:
        """The uses that one step makes of a shared parameter."""
        shared = Variable(by.name, by.time)
        assert by.copy is not None
        terms = []
        for d in self.model.steps:
            if shared in set(variables(d.body)):
                user = move_variable(d.target, {STEP: by.copy})
                head = ONE if user == of else Total(of, user)
                terms.append(multiply((head, Immediate(user, shared))))
        return add(terms)

    def _known(self, *nodes: Variable) -> None:
        names = self.context.names | self.context.derived_names
        for node in nodes:
            if node.name not in names:
                raise DeriveError(f"{node.name} occurs in no definition")

    def of_formula(self, formula: Expr, by: Variable) -> Expr:
        """The total derivative of a formula: Σ_V ∂formula/∂V · ∂V/∂by over its variables V."""
        self._known(by)
        if self.model.shapes:
            raise DeriveError("the derivative of a formula of vectors: give the formula a name")
        match formula:
            case BigSum(index, lower, upper, body):
                if by.time is not None and index in free_letters(by):
                    index, body = _apart(index, body, by)
                inner = self.of_formula(body, by)
                return BigSum(index, lower, upper, inner) if inner != ZERO else ZERO
            case Sum(terms):
                return add(self.of_formula(term, by) for term in terms)
            case Product(factors) if _is_constant(factors[0]):
                rest = factors[1] if len(factors) == 2 else Product(factors[1:])
                return multiply((factors[0], self.of_formula(rest, by)))
            case _:
                return add(self._each(formula, by))

    def _each(self, formula: Expr, by: Variable) -> Iterator[Expr]:
        if any(isinstance(x, BigSum | BigProduct | Total | Immediate) for x in walk(formula)):
            raise DeriveError("the derivative of a product with a Σ or a derivative inside")
        for v in dict.fromkeys(variables(formula)):
            slope = self.slope(formula, v)
            if slope != ZERO and v.name in self.context.names:
                yield multiply((slope, self.total(v, by)))

    def slope(self, formula: Expr, by: Variable) -> Expr:
        """The explicit derivative of a formula by one of its variables, the others held."""

        def named(part: Expr) -> Expr:
            return self.canonical(part) if isinstance(part, Call) else rebuild(part, named)

        return named(explicit(formula, by))


def line_range(
    resolver: Resolver,
    sides: Sequence[Expr],
    conditions: Sequence[Condition] = (),
    tried: int = TRIED,
) -> Range:
    """The range of a line as written; the steps that its readings speak of count as its indices."""
    context = resolver.context
    plain = [renamed(side, context.alias, context.bare) for side in sides]
    spoken = frozenset().union(*(free_letters(resolver.resolve(side)) for side in sides))
    return range_of(context, plain, conditions, context.horizon, tried, spoken)


def explicit(expr: Expr, by: Variable) -> Expr:
    """∂expr/∂by with all other variables held: the rules of calculus, nothing simplified.

    Raises DeriveError for what has no rule here (a Σ whose index decides whether `by` is meant).
    """
    match expr:
        case Number() | Index():
            return ZERO
        case Variable():
            return ONE if expr == by else ZERO
        case Sum(terms):
            return add(explicit(term, by) for term in terms)
        case Product(factors):
            return add(
                multiply((*factors[:i], explicit(f, by), *factors[i + 1 :]))
                for i, f in enumerate(factors)
            )
        case Quotient(a, b):
            above, below = explicit(a, by), explicit(b, by)
            first = ZERO if above == ZERO else Quotient(above, b)
            if below == ZERO:
                return first
            return add((first, multiply((MINUS_ONE, Quotient(a, Power(b, number(2))), below))))
        case Power(a, b):
            return _power_slope(a, b, by)
        case Call(function, arguments, slots):
            return add(
                _call_slope(expr, i, function, argument, slots, explicit(argument, by))
                for i, argument in enumerate(arguments, 1)
            )
        case BigSum(index, lower, upper, body):
            if any(v.name == by.name for v in variables(body)) and by.time is not None:
                raise DeriveError("the derivative of a Σ by one of its own terms is not read here")
            inner = explicit(body, by)
            return ZERO if inner == ZERO else BigSum(index, lower, upper, inner)
        case Transpose(of):
            inner = explicit(of, by)
            return ZERO if inner == ZERO else Transpose(inner)
        case _:
            if all(v.name != by.name for v in variables(expr)):
                return ZERO
            raise DeriveError(f"no rule differentiates {latex(expr)}")


def _power_slope(base: Expr, exponent: Expr, by: Variable) -> Expr:
    inner = explicit(base, by)
    if explicit(exponent, by) != ZERO:
        raise DeriveError("a derivative by what stands in an exponent is not read")
    if inner == ZERO:
        return ZERO
    if isinstance(exponent, Number):
        less = number(exponent.value - 1)
        outer = ONE if less == ZERO else base if less == ONE else Power(base, less)
    elif isinstance(exponent, Index):
        outer = Power(base, Index(exponent.time - 1))
    else:
        outer = Power(base, add((exponent, MINUS_ONE)))
    return multiply((exponent, outer, inner))


def _call_slope(
    call: Call, slot: int, function: str, argument: Expr, slots: tuple[int, ...], inner: Expr
) -> Expr:
    if inner == ZERO:
        return ZERO
    if function in SLOPE and not slots:
        return multiply((SLOPE[function](argument, call), inner))
    return multiply((Call(function, call.arguments, (*slots, slot)), inner))


def _is_constant(expr: Expr) -> bool:
    return isinstance(expr, Number | Index) or (
        isinstance(expr, Quotient)
        and _is_constant(expr.numerator)
        and _is_constant(expr.denominator)
    )


def _apart(index: str, body: Expr, by: Variable) -> tuple[str, Expr]:
    """A Σ's index and body with another letter than those of `by`."""
    taken = free_letters(body) | free_letters(by)
    fresh = next(a for a in "sijklmnpqr" if a not in taken)
    return fresh, move(body, {index: Time.of(fresh)})


def transposed(expr: Expr) -> Expr:
    """The transpose, pushed inside: (AB)ᵀ = BᵀAᵀ, (Aᵀ)ᵀ = A."""
    match expr:
        case Number() | Index():
            return expr
        case Transpose(of):
            return of
        case Sum(terms):
            return Sum(tuple(map(transposed, terms)))
        case Product(factors):
            return Product(tuple(map(transposed, reversed(factors))))
        case BigSum(index, lower, upper, body):
            return BigSum(index, lower, upper, transposed(body))
        case _:
            return Transpose(expr)


def _step_of(body: Call, call: Call) -> Time | None:
    """The step at which the arguments of `body` are those of `call`."""
    if len(body.arguments) != len(call.arguments):
        return None
    step: Time | None = None
    for a, b in zip(body.arguments, call.arguments, strict=True):
        if not isinstance(a, Variable) or not isinstance(b, Variable) or a.name != b.name:
            return None
        if (a.time is None) != (b.time is None):
            return None
        if a.time is None or b.time is None:
            continue
        here = b.time - (a.time - NOW)
        if step is not None and step != here:
            return None
        step = here
    return step


def _shown(expr: Expr) -> str:
    try:
        return latex(expr)
    except TypeError:
        return "a formula"
