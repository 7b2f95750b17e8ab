"""A dbt project of the size of one siyu night, for overhead.py.

siyu's SQL does not run in dbt: it calls fn_ macros and reads landed files. So the project has the same shape, not the
same SQL. Every model of the night, and every table of schema ops that a suite checks, is a dbt model of the same kind
(table or view) with the same rows and columns: it selects what siyu built, from a Parquet file. It reads the models
that siyu's model reads through ref(), to count their rows. Every expectation is one generic test: not_null, unique and
accepted_values where siyu has the same, and not_null on a column without NULLs in place of a range or a query about
rows.

So dbt parses, orders, builds and tests as much as siyu does, and computes much less. It does not land, hash or publish
anything. Its tests only warn, so that one failure does not skip the models after it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import yaml
from measuring import AS_OF

from siyu.build.database import open_engine
from siyu.check.suites import Expectation, Suite, load_suites
from siyu.compile.compiler import compile_project
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted
from siyu.settings import Settings

NAME = "peer"
WANTED = ("dbt-core==1.11.*", "dbt-duckdb==1.11.*", f"duckdb=={duckdb.__version__}")
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"
IN_SET = "expect_column_values_to_be_in_set"


@dataclass(frozen=True)
class Size:
    """How much a project builds and tests."""

    tables: int
    views: int
    tests: int


def find_dbt(given: Path | None, root: Path) -> Path | str:
    """The dbt of a virtualenv, or of a new one. A text says why there is none."""
    if given is not None:
        command = given.resolve() / "bin" / "dbt"
        return command if command.is_file() else f"there is no {command}"
    venv = root / "dbt_venv"
    steps = [
        [sys.executable, "-m", "venv", str(venv)],
        [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", *WANTED],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            return f"dbt could not be installed ({last}); name a virtualenv that has it: --dbt PATH"
    return venv / "bin" / "dbt"


def write_dbt_project(folder: Path, settings: Settings) -> Size:
    """The project, from the build database that a night of these settings left."""
    project = compile_project(settings)
    suites = load_suites(project)
    engine = open_engine(settings, AS_OF, settings.warehouse / "build")
    session = engine.session()
    kinds = {name: "view" if m.materialized == "view" else "table" for name, m in project.models.items()}
    kinds |= {name: "table" for name in suites if name not in kinds}
    numbers, described = count(1), []
    for name, kind in kinds.items():
        data = folder / "data" / f"{_dbt_name(name)}.parquet"
        data.parent.mkdir(parents=True, exist_ok=True)
        session.execute(f"copy (select * from {relation(name)}) to {quoted(data)} (format parquet)")
        _write_model(folder, name, kind, data, project)
        described.append(_description(session, name, suites.get(name), numbers))
    session.close()
    engine.close()
    project.binder.close()
    _write_yaml(folder / "models" / "models.yml", {"version": 2, "models": described})
    _write_settings(folder, settings.cores)
    counted = Counter(kinds.values())
    return Size(counted["table"], counted["view"], next(numbers) - 1)


def build_command(dbt: Path, folder: Path) -> list[str]:
    """What builds and tests the project."""
    return [str(dbt), "build", "--project-dir", str(folder), "--profiles-dir", str(folder)]


def check_built(folder: Path, size: Size) -> None:
    """End the benchmark where dbt did not build and test everything."""
    results = json.loads((folder / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    done = Counter(
        result["unique_id"].partition(".")[0] for result in results if result["status"] in ("success", "pass", "warn")
    )
    if done != Counter(model=size.tables + size.views, test=size.tests):
        broken = [r["message"] for r in results if r["status"] not in ("success", "pass", "warn")]
        raise SystemExit(f"dbt was to do {size} and did {dict(done)}: {broken[:3]}")


def _dbt_name(name: str) -> str:
    return name.replace(".", "__")


def _write_model(folder: Path, name: str, kind: str, data: Path, project: Project) -> None:
    reads = sorted(project.graph.get(name, set()))
    counts = [f"(select count(*) from {{{{ ref('{_dbt_name(read)}') }}}}) >= 0" for read in reads]
    where = "\nwhere " + "\n    and ".join(counts) if counts else ""
    path = folder / "models" / name.partition(".")[0] / f"{_dbt_name(name)}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"{{{{ config(materialized='{kind}') }}}}\nselect * from read_parquet({quoted(data)}){where}\n",
        encoding="utf-8",
    )


def _description(session: Session, name: str, suite: Suite | None, numbers: Iterator[int]) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {column.name: [] for column in session.columns(relation(name))}
    held = [f"count(*) = count({quote_name(column)})" for column in columns]
    is_full = session.rows(f"select {', '.join(held)} from {relation(name)}")[0]
    full = [column for column, answer in zip(columns, is_full, strict=True) if answer]
    for place, expectation in enumerate(suite.expectations if suite else ()):
        column, kind, arguments = _generic_test(expectation, full or list(columns), place)
        columns[column].append({kind: {"name": f"test_{next(numbers)}", **arguments}})
    listed = [{"name": column, "data_tests": tests} for column, tests in columns.items()]
    return {"name": _dbt_name(name), "columns": listed}


def _generic_test(expectation: Expectation, columns: list[str], place: int) -> tuple[str, str, dict[str, Any]]:
    """Column, test and its arguments."""
    column = expectation.kwargs.get("column")
    if expectation.type == NOT_NULL:
        return column, "not_null", {}
    if expectation.type == UNIQUE:
        return column, "unique", {}
    if expectation.type == IN_SET:
        values = expectation.kwargs["value_set"]
        is_text = all(isinstance(value, str) for value in values)
        return column, "accepted_values", {"arguments": {"values": values, "quote": is_text}}
    return columns[place % len(columns)], "not_null", {}


def _write_settings(folder: Path, threads: int) -> None:
    project = {
        "name": NAME,
        "version": "1.0.0",
        "config-version": 2,
        "profile": NAME,
        "model-paths": ["models"],
        "data_tests": {"+severity": "warn"},
        "flags": {"send_anonymous_usage_stats": False, "require_generic_test_arguments_property": True},
    }
    output = {"type": "duckdb", "path": str(folder / "peer.duckdb"), "threads": threads}
    _write_yaml(folder / "dbt_project.yml", project)
    _write_yaml(folder / "profiles.yml", {NAME: {"target": "night", "outputs": {"night": output}}})


def _write_yaml(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
