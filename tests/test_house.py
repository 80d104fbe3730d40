"""The house of DESIGN, section 5: a folder imports only from those above it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent / "derive"
MODULES = sorted(HOUSE.rglob("*.py"))

# From the ground up; `typesetting`, `writing` and `coq` know only the errors, and only the top uses them.
ORDER = (
    "derive",
    "errors",
    "text",
    "algebra",
    "notation",
    "meaning",
    "model",
    "proof",
    "derivation",
    "verify",
    "judge",
    "typesetting",
    "writing",
    "streams",
    "coq",
    "templating",
    "widths",
    "console",
    "layout",
    "typst_format",
    "document",
    "picture",
    "report",
    "sources",
    "tasks",
    "pages",
    "settings",
    "usage",
    "arguments",
    "explaining",
    "red_pen",
    "certifying",
    "commands",
    "__main__",
)
SYMPY_AT_HOME = {"model/symbols.py"}
OPENS_FILES = {"text", "pages", "coq", "document", "sources", "typesetting", "writing"}
NEVER = {"eval", "exec", "parse_expr", "parse_latex", "simplify", "sympify"}
OPENING = {"open", "read_bytes", "read_text", "write_bytes", "write_text"}

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path_in_house(path))


def test_no_two_files_of_tests_have_one_name() -> None:
    """Without packages pytest imports them by their names alone."""
    names = [p.name for p in Path(__file__).parent.rglob("test_*.py")]
    assert len(names) == len(set(names)) > 60


def path_in_house(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def folder(path: Path) -> str:
    """The folder, or the single module, of ORDER in which a file lies."""
    first = path.relative_to(HOUSE).parts[0]
    return "derive" if first == "__init__.py" else first.removesuffix(".py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(node: ast.AST) -> Iterator[str]:
    """The dotted names that an import statement may load; `from a import b` may load a.b."""
    match node:
        case ast.Import(names=names):
            yield from (name.name for name in names)
        case ast.ImportFrom(module=str(module), names=names):
            yield module
            yield from (f"{module}.{name.name}" for name in names)


def at_module_level(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs on import: not inside a function, not for the type checker alone."""
    for child in ast.iter_child_nodes(node):
        yield child
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
        yield from at_module_level(child)


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """Each called name, without what stands before its last dot, and its line."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                yield name, node.lineno


def test_every_module_has_its_place() -> None:
    assert MODULES
    assert {folder(path) for path in MODULES} <= set(ORDER)


@each_module
def test_imports_come_from_above(path: Path) -> None:
    if folder(path) == "derive":
        return  # the face: it imports what is asked for, when it is asked for
    below = set(ORDER[ORDER.index(folder(path)) + 1 :])
    for node in ast.walk(tree(path)):
        for name in imported(node):
            package, _, rest = name.partition(".")
            wrong = package == "derive" and rest.split(".")[0] in below
            assert not wrong, f"{path_in_house(path)} imports {name}"


@each_module
def test_imports_are_absolute(path: Path) -> None:
    found = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom)]
    assert [node.lineno for node in found if node.level] == []


@each_module
def test_sympy_is_imported_where_it_is_at_home(path: Path) -> None:
    if path_in_house(path) in SYMPY_AT_HOME:
        return
    for node in at_module_level(tree(path)):
        for name in imported(node):
            lazy = name.split(".")[0] != "sympy" and not name.startswith("derive.model.symbols")
            assert lazy, f"{path_in_house(path)} imports {name} when it is imported"


@each_module
def test_input_is_never_evaluated(path: Path) -> None:
    assert [call for call in calls(path) if call[0] in NEVER] == []
    names = {name.split(".")[-1] for node in ast.walk(tree(path)) for name in imported(node)}
    assert names.isdisjoint(NEVER)


@each_module
def test_files_are_opened_in_one_place(path: Path) -> None:
    if folder(path) not in OPENS_FILES:
        assert [call for call in calls(path) if call[0] in OPENING] == []


@pytest.mark.parametrize("module", ["derive.commands", "derive.proof", "derive.derivation"])
def test_the_command_line_starts_without_sympy(module: str) -> None:
    script = f"import sys, {module}; sys.exit('sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=HOUSE.parent, check=False)
    assert done.returncode == 0


def test_every_module_of_a_circle_is_imported_alone() -> None:
    """The rooms of the elaborator name each other; whichever comes first, the others are found."""
    names = [
        f"derive.{room}" if path.stem == "__init__" else f"derive.{room}.{path.stem}"
        for room in ("notation", "judge")
        for path in sorted((HOUSE / room).glob("*.py"))
    ]
    script = (
        "import sys; from importlib import import_module\n"
        "for name in sys.argv[1:]:\n"
        "    for known in [m for m in sys.modules if m.split('.')[0] == 'derive']:\n"
        "        del sys.modules[known]\n"
        "    print(name, flush=True)\n"
        "    import_module(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *names], cwd=HOUSE.parent, capture_output=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout.split()[-1:]}: {done.stderr.decode()}"
    assert done.stdout.decode().split() == names
