"""The budgets of the design, as ratios within one run: `python benchmarks/budgets.py` measures them.

A table: what was measured, beside what, the ratio of the medians (or the seconds, the exponent, the bytes
of a step), the budget. Whole processes are timed from outside, by their own processor time, alternating
with what they are compared with, since a machine's speed drifts. Peers that are not installed are named
and left out. Exit code 1 when a budget is missed. `--quick` leaves out what takes longer than seconds.
"""

from __future__ import annotations

import gc
import math
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [sys.executable]
DERIVE = [sys.executable, str(ROOT / "cli.py")]
ROUNDS = 5
IDLE = 1.5  # the load of one process that measures, and a little more
NOTES = [f"tests/right/{name}" for name in ("bptt.tex", "rtrl.tex", "tanh-cell.tex")]
SECTIONS = (
    "bptt", "rtrl", "feedback", "two-layers", "two-parameters", "truncated", "gate", "deltas", "slots",
    "control", "terminal", "three-steps", "via", "initial-state",
)  # fmt: skip
PEERS = ("sympy", "symengine", "casadi", "jax")


@dataclass(frozen=True)
class Measured:
    """One line of the table; `least` says that the budget is a lower bound."""

    name: str
    value: float
    unit: str
    budget: float | None = None
    least: bool = False

    @property
    def missed(self) -> bool:
        if self.budget is None:
            return False
        return self.value < self.budget if self.least else self.value > self.budget


# -- whole processes ----------------------------------------------------------------------------------


def process(command: Sequence[str]) -> tuple[float, int]:
    """The processor time of a whole process, in seconds, and its peak memory in bytes."""
    # Compiled modules are kept, as they are wherever a package is installed.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT, env=environment
    )
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        raise subprocess.CalledProcessError(started.returncode, command)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def seconds(*arguments: str) -> Callable[[], float]:
    return lambda: process([*DERIVE, *arguments])[0]


def importing(module: str) -> Callable[[], float]:
    return lambda: process([*PYTHON, "-c", f"import {module}"])[0]


def ratio(one: Callable[[], float], other: Callable[[], float], rounds: int = ROUNDS) -> float:
    """The median of the ratios of pairs taken in turn, after one warm-up of each."""
    one(), other()
    return median(one() / other() for _ in range(rounds))


def beside(name: str, arguments: Sequence[str], module: str, budget: float | None) -> Measured:
    value = ratio(seconds(*arguments), importing(module))
    return Measured(f"{name} / import {module}", value, "×", budget)


def processes() -> Iterator[Measured]:
    """Start-up, proofs, documents and notes, beside an import of the library that they do without."""
    yield beside("derive --help", ["--help"], "typer", 2.5)
    yield beside("derive --version", ["--version"], "typer", 2.5)
    yield beside("derive models", ["models"], "sympy", None)
    yield beside("derive prove, every T", ["prove"], "sympy", 2.0)
    yield beside("derive prove tanh, every T", ["prove", "tanh"], "sympy", 2.0)
    yield beside("derive prove lstm, every T", ["prove", "lstm"], "sympy", 3.0)
    yield beside("derive prove tanh -T 1000", ["prove", "tanh", "-T", "1000"], "sympy", 1.0)
    yield beside("derive notes", ["notes"], "sympy", 3.0)
    pages = ratio(seconds("notes", "--to", "html"), seconds("notes", "--to", "latex"))
    yield Measured("derive notes, HTML / LaTeX", pages, "×", 1.5)
    yield beside("derive bptt lstm", ["bptt", "lstm"], "sympy", 3.0)
    yield beside(
        "derive verify, three files, 40 formulas", ["verify", "--no-repairs", *NOTES], "sympy", 3.0
    )
    with TemporaryDirectory() as folder:
        page = Path(folder) / "page.tex"
        page.write_text(long_page(), encoding="utf-8")
        yield Measured(
            "derive verify, a page of many sections", seconds("verify", str(page))(), "s", 3.0
        )
    yield two_processes()
    yield two_on_the_clock()


def two_processes() -> Measured:
    """Twenty pages judged by one process, beside the busier of two, by their own processor time.

    So it says the same on a busy machine; what the two cost each other on an idle one is left out.
    """
    import derive.judge.workers as workers
    from derive.tasks import options

    paths = sorted(str(p) for p in (ROOT / "tests/right").iterdir() if p.is_file())[:20]
    texts = [(path, Path(path).read_text(encoding="utf-8")) for path in paths]
    plain = workers.report_of

    def busiest(jobs: int) -> float:
        with TemporaryDirectory() as folder:

            def measured(path: str, text: str, given: object) -> object:
                start = time.process_time()
                report = plain(path, text, given)  # type: ignore[arg-type]
                with (Path(folder) / str(os.getpid())).open("a") as log:
                    log.write(f"{time.process_time() - start}\n")
                return report

            workers.report_of = measured  # type: ignore[assignment]
            try:
                list(workers.reports(texts, options(None, None, (), False), jobs))
            finally:
                workers.report_of = plain
            spent = (sum(map(float, log.read_text().split())) for log in Path(folder).iterdir())
            return max(spent)

    return Measured(
        "verify, twenty pages: alone / --jobs 2", busiest(1) / busiest(2), "×", 1.7, True
    )


def two_on_the_clock() -> Measured:
    """The same with whole commands by the clock: held to its budget where nothing else runs."""
    paths = sorted(str(p) for p in (ROOT / "tests/right").iterdir() if p.is_file())[:20]
    busy = (os.cpu_count() or 1) < 2 or os.getloadavg()[0] > IDLE

    def clock(jobs: int) -> float:
        start = time.perf_counter()
        process([*DERIVE, "verify", "--jobs", str(jobs), *paths])
        return time.perf_counter() - start

    name = f"verify, twenty pages, by the clock{' (busy)' if busy else ''}: --jobs 1 / --jobs 2"
    return Measured(
        name, ratio(lambda: clock(1), lambda: clock(2), 3), "×", None if busy else 1.7, True
    )


def long_page() -> str:
    """A page as people publish them: one model after the other, each in a section of its own."""
    texts = ((ROOT / f"tests/right/{n}.tex").read_text(encoding="utf-8") for n in SECTIONS)
    sections = zip(SECTIONS, texts, strict=True)
    return "\n\n".join(f"\\section{{{n.capitalize()}}}\n{text}" for n, text in sections)


def growth(quick: bool) -> Iterator[Measured]:
    """How time and memory grow with T, in whole processes less their start-up at T = 10."""
    for name, most in (
        ("tanh", 100_000),
        ("abstract", 100_000),
        ("rnn", 100_000),
        ("lstm", 10_000),
    ):
        least, most = (most // 100, most // 10) if quick else (most // 10, most)
        (first, held), (low, small), (high, large) = (
            process([*DERIVE, "prove", name, "-T", str(t)]) for t in (10, least, most)
        )
        exponent = math.log((high - first) / (low - first), most / least)
        yield Measured(f"prove {name}, T = {least} to {most}: time, exponent", exponent, "", 1.1)
        exponent = math.log(large / small, most / least)
        yield Measured(f"prove {name}, T = {least} to {most}: memory, exponent", exponent, "", 1.1)
        yield Measured(f"prove {name}, T = {most}: a step", (large - held) / most / 1000, "kB", 15)
        limit = {"tanh": 10.0}.get(name)
        yield Measured(f"prove {name}, T = {most}, beyond start-up", high - first, "s", limit)
    with TemporaryDirectory() as folder:
        most = 1_000 if quick else 10_000
        full = ["--full", "-o", str(Path(folder) / "proof.tex")]
        (_, short), (_, long) = (
            process([*DERIVE, "prove", "tanh", "-T", str(most), *more]) for more in ([], full)
        )
        name = f"prove tanh --full, T = {most}: memory beside the summary"
        yield Measured(name, long / short, "×", 1.1)
    yield Measured("prove lstm, T = 1000", seconds("prove", "lstm", "-T", "1000")(), "s", 5.0)


# -- in one process, beside peers ---------------------------------------------------------------------


def ours(horizon: int) -> float:
    """∂C/∂w of the tanh cell three ways, proved equal, in this process; the model is there already."""
    from derive.derivation.steps import at_many_steps
    from derive.model.builtin import builtin

    model = builtin("tanh")
    start = time.process_time()
    at_many_steps(model, horizon, model.parameters[:1])
    return time.process_time() - start


def naive_sympy(horizon: int) -> float:
    """diff of the unrolled cost, and expand of its difference from BPTT as one writes it in SymPy."""
    import sympy

    return _peer(horizon, sympy.Symbol, sympy.tanh, lambda c, w: c.diff(w), lambda e: e.expand())


def naive_symengine(horizon: int) -> float:
    """The same in SymEngine."""
    import symengine

    return _peer(
        horizon, symengine.Symbol, symengine.tanh, lambda c, w: c.diff(w), lambda e: e.expand()
    )


def _peer(horizon, symbol, tanh, diff, expand) -> float:  # type: ignore[no-untyped-def]
    w, u, b, v = map(symbol, "wubv")
    xs, ys = ([symbol(f"{a}{t}") for t in range(horizon + 1)] for a in "xy")
    start = time.process_time()
    states, cost = [symbol("h0")], 0
    for t in range(1, horizon + 1):
        states.append(tanh(w * states[-1] + u * xs[t] + b))
        cost += (v * states[t] - ys[t]) ** 2 / 2
    adjoint, total = 0, 0
    for t in range(horizon, 0, -1):
        carried = adjoint * (1 - states[t + 1] ** 2) * w if t < horizon else 0
        adjoint = (v * states[t] - ys[t]) * v + carried
        total += adjoint * (1 - states[t] ** 2) * states[t - 1]
    difference = expand(diff(cost, w) - total)
    assert difference == 0
    return time.process_time() - start


def casadi_numbers(horizon: int) -> float:
    """CasADi's gradient of the same cost: numbers only, nothing is proved."""
    import casadi

    start = time.process_time()
    w, h, cost = casadi.SX.sym("w"), casadi.SX.sym("h"), 0
    for t in range(horizon):
        h = casadi.tanh(w * h + t)
        cost += (h - t) ** 2 / 2
    casadi.gradient(cost, w)
    return time.process_time() - start


def jax_trace(horizon: int) -> float:
    """JAX's trace of the same gradient."""
    import jax

    def cost(w: float) -> object:
        h, total = 0.0, 0.0
        for t in range(horizon):
            h = jax.numpy.tanh(w * h + t)
            total += (h - t) ** 2 / 2
        return total

    start = time.process_time()
    jax.make_jaxpr(jax.grad(cost))(0.5)
    return time.process_time() - start


def plain_loop(horizon: int) -> float:
    """A loop over the edges of the same graph, forward and backward, in plain Python numbers."""
    from derive.model.builtin import builtin
    from derive.model.slices import Slices

    slices = Slices(builtin("tanh"), horizon)
    inputs, order = slices.inputs, slices.order
    start = time.process_time()
    ahead = dict.fromkeys(order, 1)
    for node, used in inputs.items():
        ahead[node] = sum([ahead[v] for v in used]) % 1_000_003
    back = dict.fromkeys(order, 0)
    back[slices.cost] = 1
    for node in reversed(order):
        for v in inputs.get(node, ()):
            back[v] = (back[v] + back[node]) % 1_000_003
    return time.process_time() - start


def best(measure: Callable[[int], float], horizon: int, rounds: int = ROUNDS) -> float:
    return min(measure(horizon) for _ in range(rounds))


def peers(quick: bool) -> Iterator[Measured]:
    """Derived and proved at T = 10 and beyond, beside other tools in the same process."""
    gc.collect()
    mine = best(ours, 10)
    yield Measured("derive + prove tanh by w, T = 10", mine * 1000, "ms")
    if find_spec("sympy") and not quick:
        value = naive_sympy(10) / mine
        yield Measured("SymPy (diff + expand) / ours, T = 10", value, "×", 500, least=True)
    if find_spec("symengine"):
        value = best(naive_symengine, 10) / mine
        yield Measured("SymEngine (diff + expand) / ours, T = 10", value, "×", 1, least=True)
    if find_spec("casadi"):
        yield Measured("CasADi (numbers only) / ours, T = 10", best(casadi_numbers, 10) / mine, "×")
    if find_spec("jax"):
        yield Measured("JAX (trace) / ours, T = 10", best(jax_trace, 10, 2) / mine, "×")
    for horizon in (10, 10_000):
        value = best(ours, horizon, 3) / best(plain_loop, horizon, 3)
        yield Measured(f"ours / a loop over the edges, T = {horizon}", value, "×", 3)


# -- the table ----------------------------------------------------------------------------------------


def versions() -> Iterator[str]:
    from importlib.metadata import PackageNotFoundError, version

    yield f"Python {platform.python_version()}"
    for name in PEERS:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} not installed, left out"


def main(arguments: Sequence[str]) -> int:
    """Prints one line a budget; 1 when one is missed."""
    sys.path.insert(0, str(ROOT))
    quick = "--quick" in arguments
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores: {'; '.join(versions())}")
    print(f"{'measured':>10}      {'budget':>8}")
    missed = False
    for part in (processes(), growth(quick), peers(quick)):
        for row in part:
            missed |= row.missed
            sign = "≥" if row.least else "≤"
            limit = f"{sign} {row.budget:g}" if row.budget is not None else "-"
            late = "  MISSED" if row.missed else ""
            print(f"{row.value:10.2f} {row.unit:4} {limit:>8}  {row.name}{late}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"(this process: {peak} MB at most)")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
