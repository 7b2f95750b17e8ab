"""The order of the packages: each imports only what stands below it, and no two modules import each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SIYU = Path(__file__).resolve().parents[1] / "siyu"

# From the top down. A package imports only packages of the levels below its own.
LEVELS = (
    {"cli"},
    {"dev"},
    {"night"},
    {"ask", "report"},
    {"release"},
    {"build", "check"},
    {"landing", "compile"},
    {"seeds"},
    {"settings", "simulate"},
    {"engines", "warehouse", "layers"},
    {"masking", "errors", "clock"},
)
LEVEL = {name: number for number, names in enumerate(LEVELS) for name in names}
PACKAGES = {
    "cli", "dev", "night", "ask", "report", "release", "check", "build", "compile", "landing", "seeds", "simulate",
    "warehouse", "engines",
}  # fmt: skip
MODULES = {"settings", "layers", "masking", "errors", "clock"}
MAX_MODULE_LINES, MAX_FUNCTION_LINES = 320, 45


def _module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path, root: Path) -> Iterator[str]:
    """The modules of the package that a file imports anywhere, those for types alone included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("siyu.") for alias in node.names if alias.name.startswith("siyu."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "siyu":
            module = str(node.module).partition(".")[2]
            for alias in node.names:
                inner = f"{module}.{alias.name}".strip(".")
                place = root.joinpath(*inner.split("."))
                yield inner if place.with_suffix(".py").is_file() or place.is_dir() else module


def graph(root: Path) -> dict[str, set[str]]:
    """module -> the modules that it imports."""
    return {_module(path, root): set(_imports(path, root)) for path in sorted(root.rglob("*.py"))}


def offences(found: dict[str, set[str]]) -> list[str]:
    """Imports that go up or sideways, from one package to another."""
    return [
        f"{reader} imports {read}"
        for reader, reads in found.items()
        for read in sorted(reads)
        if (own := reader.partition(".")[0]) != (other := read.partition(".")[0])
        and own in LEVEL
        and LEVEL.get(other, -1) <= LEVEL[own]
    ]


def test_the_top_of_the_house() -> None:
    folders = {path.name for path in SIYU.iterdir() if path.is_dir() and path.name != "__pycache__"}
    modules = {path.stem for path in SIYU.glob("*.py")}
    assert folders == PACKAGES
    assert modules == MODULES | {"__init__", "__main__"}
    assert LEVEL.keys() == PACKAGES | MODULES


def test_packages_import_only_what_stands_below() -> None:
    assert offences(graph(SIYU)) == []


def test_no_modules_import_each_other() -> None:
    TopologicalSorter({name: reads - {name} for name, reads in graph(SIYU).items()}).prepare()


def test_no_two_modules_have_one_name() -> None:
    names = [path.stem for path in SIYU.rglob("*.py") if path.stem not in ("__init__", "__main__")]
    assert sorted(names) == sorted(set(names))


def test_an_offence_would_be_seen(tmp_path: Path) -> None:
    for name, text in {
        "errors.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from siyu.report.page import Page\n",
        "report/__init__.py": "",
        "report/page.py": "def f():\n    from siyu import errors\n",
        "check/__init__.py": "",
        "check/runner.py": "import siyu.build.ops\n",
        "build/__init__.py": "",
        "build/ops.py": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = graph(tmp_path)
    assert offences(found) == ["check.runner imports build.ops", "errors imports report.page"]
    with pytest.raises(CycleError):
        TopologicalSorter(found).prepare()


def test_modules_and_functions_are_short() -> None:
    long = []
    for path in SIYU.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if (lines := len(text.splitlines())) > MAX_MODULE_LINES:
            long.append(f"{path.relative_to(SIYU)}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    long.append(f"{path.relative_to(SIYU)}: {node.name} has {lines} lines")
    assert not long


CLOCKS = {"now", "today", "utcnow", "time", "time_ns", "localtime", "gmtime"}


def test_only_one_module_reads_the_clock() -> None:
    """Time is an input: whoever needs it asks siyu/clock.py, where a test can set it."""
    found = [
        f"{path.relative_to(SIYU)}:{node.lineno}"
        for path in [*sorted(SIYU.rglob("*.py")), *sorted((SIYU.parent / "flows").glob("*.py"))]
        if path != SIYU / "clock.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and getattr(node.func.value, "id", "") in ("datetime", "date", "time")
    ]
    assert found == []
