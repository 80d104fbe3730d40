r"""A target by the name that an output had: y_t = V h_t in a first model, then \hat{y}_t = softmax(o_t), which is compared with y_t.

A line that fails as the page has it may hold with y given. Then it is said, and nobody is accused by it.
"""  # noqa: E501

from __future__ import annotations

import re
from dataclasses import replace

from derive.algebra.core import Ref
from derive.meaning.model import Model, depended

HAT = re.compile(r"\\(?:hat|widehat)\{(.+)\}")
SAID = r"{} is given: the target that \hat{{{}}} is compared with"


def with_targets(model: Model) -> tuple[Model, list[str]] | None:
    """The model without the definitions of what a later output with a hat is compared with; None where there is none."""  # noqa: E501
    given = []
    for name, definitions in model.definitions.items():
        match = HAT.fullmatch(name)
        earlier = model.definitions.get(match[1], ()) if match else ()
        if match is None or not earlier or model.slots.get(name) != model.slots.get(match[1]):
            continue
        last = max(d.number for d in earlier)
        if last < min(d.number for d in definitions) and match[1] not in depended(
            (Ref(name),), model
        ):
            given.append(match[1])
    if not given:
        return None
    kept = {n: ds for n, ds in model.definitions.items() if n not in given}
    return replace(model, definitions=kept), [SAID.format(n, n) for n in given]
