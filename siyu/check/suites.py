"""Read suites from expectations/<schema>/<table>.yml and check them against the columns of the models."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from siyu.compile.bind import names_in
from siyu.compile.cache import Cache, is_json
from siyu.compile.families import suite_table
from siyu.compile.model_files import relation
from siyu.compile.ops_schema import OPS_TABLES
from siyu.compile.project import CompiledModel, Project
from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.layers import LayerFile, layer_files, read_yaml

MAX_KEYS = 20
ROWS_EXPECTATION = "unexpected_rows_expectation"
COLUMN_KEYS = ("column", "column_A", "column_B")
RECORD_ID = "record_id"
LIST_KEYS = ("column_list", "column_set")
# Great Expectations puts a subquery in place of {batch}; with the alias, a query can write batch.column. As in
# str.format, {{ and }} stand for braces.
BATCH = "(select * from {batch}) as batch"


class Expectation(BaseModel):
    """One expectation in Great Expectations' own vocabulary."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    kwargs: dict[str, Any] = Field(default_factory=dict)
    severity: Literal["critical", "warning", "info"] = "critical"
    meta: dict[str, Any] = Field(default_factory=dict)


class _SuiteFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    expectations: tuple[Expectation, ...] = Field(min_length=1)


@dataclass(frozen=True)
class CheckedTable:
    """The table of a suite: `grain` columns identify a row, values of `personal` columns are masked whole."""

    relation: str
    columns: tuple[str, ...]
    grain: tuple[str, ...]
    personal: tuple[str, ...] = ()


def checked_table(project: Project, name: str) -> CheckedTable | None:
    """Return a model's table or a table of schema ops that has a grain, None for any other name."""
    schema, _, table = name.partition(".")
    if schema == "ops" and table in OPS_TABLES and OPS_TABLES[table].grain:
        return CheckedTable(name, tuple(OPS_TABLES[table].columns), OPS_TABLES[table].grain)
    model = project.models.get(name)
    if model is None:
        return None
    columns = tuple(column.name for column in model.columns)
    return CheckedTable(model.relation, columns, model.model.grain, _personal(project, model))


def _personal(project: Project, model: CompiledModel) -> tuple[str, ...]:
    """Return the columns that are marked as personal, and record ids, which may contain mobiles or mail addresses."""
    marked = project.personal_columns(model)
    return tuple(c.name for c in model.columns if c.name in marked or c.name.endswith(RECORD_ID))


@dataclass(frozen=True)
class Suite:
    """The expectations of one table."""

    table: str
    file: str
    expectations: tuple[Expectation, ...]
    left_out: tuple[str, ...] = ()  # tables that are not built, so that the expectations that read them cannot run

    @property
    def told_left_out(self) -> str:
        """Say which expectations are not here; '' if all are."""
        tables = ", ".join(self.left_out)
        told = f"not checked 未校验: expectations of {self.table} read {tables}, not built 未构建 (setting families)"
        return told if tables else ""


@dataclass(frozen=True)
class CheckResult:
    """The result of one expectation. `error` says why it could not run; that counts as failed."""

    table_name: str
    expectation: str
    column_name: str | None
    severity: str
    success: bool
    error: str | None
    unexpected_count: int | None
    unexpected_percent: float | None
    sample_keys: str
    query: str | None
    runbook: str | None
    why: str | None

    @property
    def stops_release(self) -> bool:
        """True for a critical expectation that failed or could not run."""
        return not self.success and self.severity == "critical"

    def as_row(self) -> dict[str, Any]:
        """Return the row for the ledger."""
        return dict(vars(self))

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> CheckResult:
        """Read a row of the ledger, where a boolean is 0 or 1."""
        values = {field.name: row[field.name] for field in fields(cls)}
        return cls(**{**values, "success": bool(row["success"])})


def load_suites(project: Project) -> dict[str, Suite]:
    """Read all suites by table. Raises ConfigError for unknown tables, columns and types, and SQL that cannot run."""
    suites: dict[str, Suite] = {}
    errors: list[SiyuError] = []
    types = expectation_classes().keys()
    for file in layer_files(project.settings.roots, "expectations", "**/*.yml"):
        try:
            if suite_table(file) in project.left_out:
                continue
            suite = _read(file, project.cache)
            if _is_of_disabled_channel(project, suite.table):
                continue
            suite = _without_left_out(project, suite)
            errors += _problems(project, suite, types)
            suites[suite.table] = suite
        except ConfigError as error:
            errors.append(error)
    raise_all(errors)
    return suites


def _without_left_out(project: Project, suite: Suite) -> Suite:
    """Leave out expectations whose query reads a model that the families leave out: such a query cannot run."""
    if not project.left_out:
        return suite
    own = relation(suite.table)
    reads = [(one, names_in("\n".join(_queries(one, own))) & project.left_out) for one in suite.expectations]
    lacking = sorted({table for _, tables in reads for table in tables})
    kept = tuple(expectation for expectation, tables in reads if not tables)
    return replace(suite, expectations=kept, left_out=tuple(lacking))


def models_read(project: Project, suite: Suite) -> set[str]:
    """The models that a suite reads: the one it checks, and those that its queries name."""
    queries = [rows_query(e, relation(suite.table)) for e in suite.expectations if e.type == ROWS_EXPECTATION]
    named = {name for query in queries for name, _ in project.binder.types_read(query)}
    return {suite.table, *(name.replace('"', "") for name in named)} & project.models.keys()


def _is_of_disabled_channel(project: Project, table: str) -> bool:
    schema, _, name = table.partition(".")
    channel = name.partition("__")[0]
    return schema == "staging" and channel in project.contracts and channel not in project.channels


# The borders of the words in a class name: ExpectColumnValuesToBeUnique.
WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@cache
def expectation_classes() -> dict[str, str]:
    """Return type -> class name for all expectations, read from source: importing Great Expectations takes seconds."""
    spec = find_spec("great_expectations")
    if spec is None or spec.origin is None:
        raise ConfigError("great_expectations is not installed", "", "install with constraints.txt.")
    text = (Path(spec.origin).parent / "expectations" / "__init__.py").read_text(encoding="utf-8")
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    return {WORD.sub("_", item.name).lower(): item.name for node in imports for item in node.names}


def _parsed(file: LayerFile, cache: Cache) -> Any:
    """Return what the file contains. Reading YAML takes longer than everything else that is done to a suite."""
    text = file.read()
    found = cache.find("suite", (text,))
    if found is None:
        found = read_yaml(text, file.name)
        if is_json(found):  # a date is not
            cache.keep("suite", (text,), found)
    return found


def _read(file: LayerFile, cache: Cache) -> Suite:
    try:
        data = _SuiteFile.model_validate(_parsed(file, cache))
    except ValidationError as error:
        detail = error.errors()[0]
        place = ".".join(str(part) for part in detail["loc"])
        raise ConfigError(
            f"the suite is not valid: {detail['msg']}", f"{file.name}, {place}", "see docs/architecture.md."
        ) from error
    expected = "/".join(data.table.split("."))
    if file.name != f"expectations/{expected}.yml":
        raise ConfigError(
            f"the suite of {data.table} is in the wrong file", file.name, f"move it to expectations/{expected}.yml."
        )
    return Suite(data.table, file.name, data.expectations)


def _problems(project: Project, suite: Suite, types: Set[str]) -> Iterator[ConfigError]:
    table = checked_table(project, suite.table)
    if table is None:
        yield ConfigError(
            f"the suite checks {suite.table}, which no model defines", suite.file, nearest(suite.table, project.models)
        )
        return
    columns = set(table.columns)
    for expectation in suite.expectations:
        if expectation.type not in types:
            yield ConfigError(
                f"unknown expectation {expectation.type} for {suite.table}",
                suite.file,
                nearest(expectation.type, types),
            )
        for column in _columns_of(expectation):
            if not isinstance(column, str):
                yield ConfigError(
                    f"{expectation.type} for {suite.table} names {column!r} where a column name is expected",
                    suite.file,
                    "write one name in column, a list of names in column_list and column_set.",
                )
            elif column not in columns:
                yield ConfigError(
                    f"{expectation.type} names the column {column}, which {suite.table} does not have",
                    suite.file,
                    nearest(column, columns),
                )
        if suite.table.startswith(("staging.", "ops.")) and expectation.severity == "critical":
            yield ConfigError(
                f"{expectation.type} on {suite.table} is critical", suite.file,
                "staging and ops suites only warn, so that one channel cannot stop the release: set severity: warning.",
            )  # fmt: skip
        yield from _query_problems(project, suite, expectation, table.relation)


def _query_problems(project: Project, suite: Suite, expectation: Expectation, relation: str) -> Iterator[ConfigError]:
    if expectation.type == ROWS_EXPECTATION and not expectation.kwargs.get("unexpected_rows_query"):
        yield ConfigError(
            f"{ROWS_EXPECTATION} for {suite.table} has no query", suite.file, "add unexpected_rows_query."
        )
    elif expectation.type == ROWS_EXPECTATION:
        problem = project.query_problem(rows_query(expectation, relation))
        if problem:
            yield ConfigError(f"a query on {suite.table} fails: {problem}", suite.file, "correct the query.")
    for query in _queries(expectation, relation):
        for what, instead in project.outside(query):
            yield ConfigError(
                f"{what}, in a query on {suite.table}, is outside the project", suite.file, f"use {instead}."
            )


def _queries(expectation: Expectation, relation: str) -> list[str]:
    """Return every query of an expectation, whatever its type, with the relation in place of {batch}."""
    named = [value for key, value in expectation.kwargs.items() if key.endswith("query") and isinstance(value, str)]
    return [_with_relation(query, relation) for query in named]


def _columns_of(expectation: Expectation) -> list[str]:
    named = [expectation.kwargs[key] for key in COLUMN_KEYS if key in expectation.kwargs]
    for key in LIST_KEYS:
        listed = expectation.kwargs.get(key, [])
        named += listed if isinstance(listed, list) else [listed]
    return named


def rows_query(expectation: Expectation, relation: str) -> str:
    """Return the query of an expectation about rows, with the relation (as SQL) in place of {batch}."""
    return _with_relation(str(expectation.kwargs.get("unexpected_rows_query", "")).strip(), relation)


def _with_relation(query: str, relation: str) -> str:
    return query.replace("{batch}", f"{relation} as batch").replace("{{", "{").replace("}}", "}")
