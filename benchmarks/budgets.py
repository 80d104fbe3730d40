"""The budgets of the design, as ratios within one run: `python benchmarks/budgets.py` measures them.

Each line names what was measured, what it is compared with, the ratio of their medians and the budget.
Whole processes are timed from outside, alternating with what they are compared with, since a machine's
speed drifts. Exit code 1 when a budget is missed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [sys.executable]
DERIVE = [sys.executable, str(ROOT / "cli.py")]
ROUNDS = 5
NOTES = [f"tests/right/{name}" for name in ("bptt.tex", "rtrl.tex", "tanh-cell.tex")]


def process(command: Sequence[str]) -> float:
    """The wall time of a whole process, in seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def ratio(one: Callable[[], float], other: Callable[[], float], rounds: int = ROUNDS) -> float:
    """The median of the ratios of pairs taken in turn, after one warm-up of each."""
    one(), other()
    return median(one() / other() for _ in range(rounds))


def naive_sympy(horizon: int) -> float:
    """diff of the unrolled scalar tanh cell and expand of the difference of two derivations."""
    import sympy

    from derive.model.builtin import builtin
    from derive.model.symbols import unroll

    model = builtin("tanh")
    unrolled = unroll(model, horizon)
    weight = unrolled.symbols["w"]
    start = time.perf_counter()
    direct = sympy.diff(unrolled.cost, weight)
    recursive = _by_recursion(unrolled, weight, horizon)
    difference = sympy.expand(direct - recursive)
    elapsed = time.perf_counter() - start
    assert difference == 0
    return elapsed


def _indexed(name: str, t: int) -> str:
    """The LaTeX of an indexed symbol, by which the unrolled model knows it."""
    return f"{name}_{t}" if t < 10 else f"{name}_{{{t}}}"


def _by_recursion(unrolled: object, weight: object, horizon: int) -> object:
    """The same gradient as one writes BPTT in SymPy: adjoints from the last step to the first."""
    import sympy

    symbols = unrolled.symbols  # type: ignore[attr-defined]
    states = [symbols["h_0"]]
    for t in range(1, horizon + 1):
        drive = symbols["u"] * symbols[_indexed("x", t)] + symbols["b"]
        states.append(sympy.tanh(symbols["w"] * states[-1] + drive))
    adjoint, total = sympy.Integer(0), sympy.Integer(0)
    for t in range(horizon, 0, -1):
        carried = adjoint * (1 - states[t + 1] ** 2) * symbols["w"] if t < horizon else 0
        error = symbols["v"] * states[t] - symbols[_indexed("y", t)]
        adjoint = error * symbols["v"] + carried
        total += adjoint * (1 - states[t] ** 2) * states[t - 1]
    return total


def three_gradients(horizon: int) -> float:
    """All three gradients of the tanh cell by w at this T, proved equal, in this process."""
    from derive.derivation.backward import backward
    from derive.derivation.forward import forward
    from derive.derivation.total import total
    from derive.model.builtin import builtin
    from derive.proof.agreement import agree
    from derive.proof.setting import AtHorizon

    start = time.perf_counter()
    model = builtin("tanh")
    setting = AtHorizon(model, horizon)
    by = model.parameters[0]
    ways = total(setting, by), forward(setting, by), backward(setting, by)
    agree(setting, by, *ways)
    return time.perf_counter() - start


def main() -> int:
    """Prints one line a budget; 1 when one is missed."""
    sys.path.insert(0, str(ROOT))
    typer = lambda: process([*PYTHON, "-c", "import typer"])  # noqa: E731
    sympy = lambda: process([*PYTHON, "-c", "import sympy"])  # noqa: E731
    prove = lambda: process([*DERIVE, "prove"])  # noqa: E731
    rows = [
        ("derive --help / import typer", ratio(lambda: process([*DERIVE, "--help"]), typer), 2.5),
        (
            "derive --version / import typer",
            ratio(lambda: process([*DERIVE, "--version"]), typer),
            2.5,
        ),
        ("derive prove (every T) / import sympy", ratio(prove, sympy), 2.0),
        (
            "derive prove tanh / import sympy",
            ratio(lambda: process([*DERIVE, "prove", "tanh"]), sympy),
            None,
        ),
        ("derive notes / import sympy", ratio(lambda: process([*DERIVE, "notes"]), sympy), None),
        (
            "derive verify, three files with 40 formulas in all / import sympy",
            ratio(lambda: process([*DERIVE, "verify", "--no-repairs", *NOTES]), sympy),
            3.0,
        ),
    ]
    naive = naive_sympy(10)
    small, large = three_gradients(500), three_gradients(1000)
    rows.append(("three gradients and proof, T = 1000 / naive SymPy, T = 10", large / naive, 1.0))
    rows.append(("three gradients and proof, T = 1000 / T = 500 (linear: 2)", large / small, 3.0))
    missed = False
    for name, value, budget in rows:
        late = budget is not None and value > budget
        missed |= late
        limit = f"budget {budget:g}" if budget is not None else "no budget"
        print(f"{value:8.2f}  {limit:12}  {'MISSED  ' if late else ''}{name}")
    print(f"(naive SymPy at T = 10: {naive:.1f} s; ours at T = 1000: {large:.1f} s)")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
