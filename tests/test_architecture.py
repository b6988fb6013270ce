"""Rules of the house that no single module can keep: who imports whom, what is never called, sizes, paths."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inverse_tracr.cli.app import COMMANDS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "inverse_tracr"

STAGES = (
    "rasp",
    "model",
    "compile",
    "sample",
    "distill",
    "zoo",
    "decompile",
    "metamodel",
    "evaluate",
    "report",
    "explore",
    "cli",
)
"""The packages of `inverse_tracr`: each may import itself and those before it."""

SHARED = {"errors", "callable_package", "__version__"}
"""What every package may import from the top level."""

HEAVY = ("torch", "numpy", "jax", "haiku", "tracr", "pyarrow", "safetensors", "msgspec", "rich", "cyclopts")

FORBIDDEN_CALLS = {"eval", "exec", "__import__", "os.system", "os.popen", "torch.load", "torch.save"}
FORBIDDEN_MODULES = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib"}

MACHINE_PATH = re.compile(r"(?<![\w.>])/(?:work|root|tmp|home/\w+|Users/\w+|opt/\w+)/[\w.]")

SOURCES = sorted(PACKAGE.rglob("*.py"))


def name_of(source: Path) -> str:
    return str(source.relative_to(ROOT))


def syntax_of(source: Path) -> ast.Module:
    return ast.parse(source.read_text(encoding="utf-8"), filename=str(source))


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from inverse_tracr import rasp` names a module of the package too.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def late_stages(source: str, tree: ast.AST) -> list[str]:
    """What `source` (a path inside the package) imports, against the order of the stages."""
    stage = source.split("/", maxsplit=1)[0]
    if stage not in STAGES:
        return []
    allowed = {*STAGES[: STAGES.index(stage) + 1], *SHARED}
    parts = (module.split(".") for module in imported_modules(tree))
    return [".".join(p) for p in parts if p[0] == "inverse_tracr" and len(p) > 1 and p[1] not in allowed]


def forbidden(tree: ast.AST) -> list[str]:
    """Calls and imports that could run code from a file or start a shell."""
    called = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    imported = [module.split(".")[0] for module in imported_modules(tree)]
    return [c for c in called if c in FORBIDDEN_CALLS] + [m for m in imported if m in FORBIDDEN_MODULES]


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_a_module_keeps_the_rules(source: Path) -> None:
    tree = syntax_of(source)
    text = source.read_text(encoding="utf-8")
    assert ast.get_docstring(tree), "expected a docstring"
    assert text.count("\n") <= 500, "expected at most 500 lines"
    assert late_stages(source.relative_to(PACKAGE).as_posix(), tree) == []
    assert forbidden(tree) == []


def test_every_package_is_a_stage() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    folders = {path.relative_to(PACKAGE).parts[0] for path in SOURCES if path.parent != PACKAGE}
    assert packages == folders
    assert packages <= set(STAGES)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("rasp/values.py", "from inverse_tracr.model import config"),
        ("model/files.py", "import inverse_tracr.compile.layout"),
        ("compile/layout.py", "from inverse_tracr import decompile"),
        ("decompile/lift.py", "from inverse_tracr.cli.output import emit"),
    ],
)
def test_an_import_against_the_order_is_found(source: str, code: str) -> None:
    assert len(late_stages(source, ast.parse(code))) == 1


@pytest.mark.parametrize(
    "code", ["eval(text)", "import pickle", "from pickle import loads", "torch.load(path)", "os.system('ls')"]
)
def test_a_forbidden_call_is_found(code: str) -> None:
    assert len(forbidden(ast.parse(code))) == 1


def modules_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after `statement`."""
    code = f"import sys\n{statement}\nsys.stderr.write(' '.join({{m.split('.')[0] for m in sys.modules}}))"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(process.stderr.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import inverse_tracr",
        "import inverse_tracr.cli.app as app; app.run(['--help'])",
        "import inverse_tracr.cli.app as app; app.run(['--version'])",
    ],
)
def test_nothing_heavy_is_imported_at_the_start(statement: str) -> None:
    assert modules_after(statement).isdisjoint(HEAVY)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_needs_no_numerics(command: str) -> None:
    statement = f"import inverse_tracr.cli.app as app; app.run([{command!r}, '--help'])"
    loaded = modules_after(statement)
    assert "cyclopts" in loaded
    assert loaded.isdisjoint({"torch", "numpy", "jax", "pyarrow"})


def test_every_public_name_is_there() -> None:
    import inverse_tracr

    for name in inverse_tracr.__all__:
        assert getattr(inverse_tracr, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = inverse_tracr.nonsense  # pyright: ignore[reportAttributeAccessIssue]


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=ROOT)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    found: list[str] = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in MACHINE_PATH.finditer(text)]
    assert found == []


def test_a_path_of_one_machine_is_found() -> None:
    assert MACHINE_PATH.search("open('" + "/".join(["", "home", "ada", "model"]) + "')")
    assert not MACHINE_PATH.search("#!/usr/bin/env bash")
