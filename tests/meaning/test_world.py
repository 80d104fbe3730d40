"""Worlds: what rests on definitions that change is worked out anew, and is there again with them."""

from __future__ import annotations

from derive.algebra.core import Core, Ref, mul, num
from derive.meaning.model import Definition, Model
from derive.meaning.world import World


def model(**bodies: Core) -> Model:
    made = {n: (Definition(n, (), (), b, (), ()),) for n, b in bodies.items()}
    return Model(made, dict.fromkeys((*bodies, "x", "u"), ()), {})


def test_a_name_has_the_value_of_the_definitions_in_force() -> None:
    double, triple = mul((num(2), Ref("x"))), mul((num(3), Ref("x")))
    one = model(y=double, z=mul((Ref("y"), Ref("y"))), w=mul((num(5), Ref("u"))))
    other = model(y=triple, z=mul((Ref("y"), Ref("y"))), w=mul((num(5), Ref("u"))))
    world = World(one, {"time": 2, "layer": 2}, 1)
    world.change(one, str, {"y": 0, "z": 1, "w": 2})
    x = world.value(Ref("x"), {})
    before = world.value(Ref("z"), {}), world.value(Ref("w"), {})
    assert before[0] == (2 * x) ** 2
    world.change(other, str, {"y": 3, "z": 4, "w": 2})
    assert ("w", ()) in world._values and ("z", ()) not in world._values
    assert abs(world.value(Ref("z"), {}) - (3 * x) ** 2) < 1e-12
    world.change(one, str, {"y": 0, "z": 1, "w": 2})
    assert (world._values["z", ()], world.value(Ref("w"), {})) == before


def test_what_was_given_may_be_defined_later() -> None:
    given, made = model(y=Ref("u")), model(y=Ref("u"), u=num(7))
    world = World(given, {"time": 2, "layer": 2}, 1)
    world.change(given, str, {"y": 0})
    loose = world.value(Ref("y"), {})
    world.change(made, str, {"y": 1, "u": 2})
    assert world.value(Ref("y"), {}) == 7
    world.change(given, str, {"y": 0})
    assert world.value(Ref("y"), {}) == loose
