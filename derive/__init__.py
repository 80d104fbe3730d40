"""Derive, prove and write gradients of recurrences.

>>> import derive
>>> cell = derive.model(r"h_t = \\tanh(w h_{t-1} + x_t)", r"L_t = h_t^2")
>>> print(derive.bptt(cell, T=3))
>>> derive.prove("lstm").equations

The names of `derive.tasks` are here; importing this package imports nothing else.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derive.errors import DeriveError as DeriveError
    from derive.tasks import bptt as bptt
    from derive.tasks import check as check
    from derive.tasks import code as code
    from derive.tasks import cost as cost
    from derive.tasks import example as example
    from derive.tasks import graph as graph
    from derive.tasks import model as model
    from derive.tasks import models as models
    from derive.tasks import notes as notes
    from derive.tasks import prove as prove
    from derive.tasks import verify as verify

__version__ = "0.1.0"

TASKS = ("bptt", "check", "code", "cost", "example", "graph", "models", "notes", "prove")
# These are folders of this package as well; called, they are the task.
FOLDERS = ("model", "verify")

__all__ = ["DeriveError", *sorted((*TASKS, *FOLDERS))]


class Task(ModuleType):
    """A folder that can be called: `derive.model(…)` and `import derive.model.graph` are both meant."""

    def __call__(self, *given: Any, **named: Any) -> Any:
        """The task of `derive.tasks` that has the folder's name."""
        return getattr(import_module("derive.tasks"), self.__name__.rpartition(".")[2])(
            *given, **named
        )


def __getattr__(name: str) -> Any:
    if name in TASKS:
        return getattr(import_module("derive.tasks"), name)
    if name in FOLDERS:
        return import_module(f"derive.{name}")
    if name == "DeriveError":
        return import_module("derive.errors").DeriveError
    raise AttributeError(f"module 'derive' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
