"""Every type of expectation that expectations/ uses, through the Checker: a table with one wrong row, and without."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from siyu.check import runner
from siyu.check.runner import Checker
from siyu.check.suites import CheckResult, Expectation, Suite
from siyu.compile.model_files import Model
from siyu.compile.project import Column, CompiledModel, Project
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.engines.sql import quoted
from siyu.errors import ConfigError
from siyu.layers import read_yaml

ROOT = Path(__file__).resolve().parents[2]
TABLE = "kpi.visit"
TYPES = {"record_id": "varchar", "mobile": "varchar", "kind": "varchar", "score": "integer", "share": "double"}
GOOD: tuple[tuple[Any, ...], ...] = (
    ("a1", "13912345678", "order", 1, 0.5),
    ("a2", "13912345679", "refund", 100, 1.0),
    ("a3", "13912345670", None, None, None),
)

NOT_NULL, UNIQUE = "expect_column_values_to_not_be_null", "expect_column_values_to_be_unique"
IN_SET, BETWEEN = "expect_column_values_to_be_in_set", "expect_column_values_to_be_between"
ROWS = "unexpected_rows_expectation"

DUPLICATES = "select kind, score, count(*) as row_count from {batch} group by kind, score having count(*) > 1"
JOINED = "select batch.record_id, k.kind from {batch} left join kpi.kind as k using (kind) where k.kind is null"
SUMMED = "select sum(score) as total from {batch} having sum(score) > 1000"
BRACED = "select mobile as called from {batch} where regexp_matches(record_id, '^x{{2}}$')"
NESTED = "select max(score) as top from (select * from {batch}) as t having max(score) > 100"

# name -> type, kwargs, the row that breaks it, rows found, percent, masked keys
CASES: dict[str, tuple[str, dict[str, Any], tuple[Any, ...], int, float | None, list[dict[str, Any]]]] = {
    "a value is missing": (
        NOT_NULL, {"column": "mobile"}, ("b1", None, "order", 1, 1), 1, 25.0, [{"record_id": "b**", "mobile": None}],
    ),
    "a value comes twice": (
        UNIQUE, {"column": "record_id"}, ("a1", "1", "refund", 2, 1), 2, 50.0,
        [{"record_id": "a**"}, {"record_id": "a**"}],
    ),
    "a personal value comes twice": (
        UNIQUE, {"column": "mobile"}, ("b1", "13912345678", "refund", 2, 1), 2, 50.0,
        [{"record_id": "a**", "mobile": "139****5678"}, {"record_id": "b**", "mobile": "139****5678"}],
    ),
    "an unknown word": (
        IN_SET, {"column": "kind", "value_set": ["order", "refund", "it's"]}, ("b1", "1", "ordr", 1, 1), 1, 100 / 3,
        [{"record_id": "b**", "kind": "ordr"}],
    ),
    "an unknown number": (
        IN_SET, {"column": "score", "value_set": [1, 100]}, ("b1", "1", "order", 2, 1), 1, 100 / 3,
        [{"record_id": "b**", "score": 2}],
    ),
    "below a minimum": (
        BETWEEN, {"column": "score", "min_value": 1}, ("b1", "1", "order", 0, 1), 1, 100 / 3,
        [{"record_id": "b**", "score": 0}],
    ),
    "outside a range": (
        BETWEEN, {"column": "share", "min_value": 0, "max_value": 1.0}, ("b1", "1", "order", 1, 1.5), 1, 100 / 3,
        [{"record_id": "b**", "share": 1.5}],
    ),
    "a key of two columns comes twice": (
        ROWS, {"unexpected_rows_query": DUPLICATES}, ("b1", "1", "order", 1, 1), 1, None,
        [{"kind": "order", "score": 1, "row_count": 2}],
    ),
    "a row without a partner": (
        ROWS, {"unexpected_rows_query": JOINED}, ("b1", "1", "order", 1, 1), 1, None,
        [{"record_id": "a**", "kind": None}],
    ),
    "a total": (
        ROWS, {"unexpected_rows_query": SUMMED}, ("b1", "1", "order", 2000, 1), 1, None, [{"total": 2101}],
    ),
    "a mobile under another name, and a brace": (
        ROWS, {"unexpected_rows_query": BRACED}, ("xx", "13912345678", "order", 1, 1), 1, None,
        [{"called": "139****5678"}],
    ),
    "a query around the table": (
        ROWS, {"unexpected_rows_query": NESTED, "description": "d"}, ("b1", "1", "order", 101, 1), 1, None,
        [{"top": 101}],
    ),
}  # fmt: skip


def _project(materialized: str) -> Any:
    model = Model("kpi", "visit", "models/kpi/visit.sql", Path("visit.sql"), "", "", ("record_id",))
    columns = tuple(Column(name, kind, "", pii=name == "mobile") for name, kind in TYPES.items())
    compiled = CompiledModel(model, "", materialized, {}, set(), set(), set(), set(), "", columns)
    project = Project(*(None,) * 9)  # type: ignore[arg-type]
    project.models[TABLE] = compiled
    return project


@contextmanager
def _checker(rows: Sequence[tuple[Any, ...]], materialized: str = "table") -> Iterator[Checker]:
    engine = DuckEngine(None, RunInputs("2026-06-30", "Asia/Shanghai", "test"))
    session = engine.session()
    session.execute("create schema kpi")
    session.execute("create table kpi.kind as select unnest(['order', 'refund']) as kind")
    session.execute(f"create table kpi.kept ({', '.join(f'{name} {kind}' for name, kind in TYPES.items())})")
    for row in rows:
        values = ", ".join("null" if value is None else quoted(value) for value in row)
        session.execute(f"insert into kpi.kept values ({values})")
    session.execute(f"create {materialized} {TABLE} as select * from kpi.kept")
    try:
        yield Checker(engine, _project(materialized))
    finally:
        session.close()
        engine.close()


def _suite(*expectations: Expectation) -> Suite:
    return Suite(TABLE, "expectations/kpi/visit.yml", expectations)


def _expectation(kind: str, **kwargs: Any) -> Expectation:
    return Expectation(type=kind, kwargs=kwargs, meta={"why": "w", "runbook": "r"})


def _keys(result: CheckResult) -> Any:
    return sorted(json.loads(result.sample_keys), key=str)


def test_the_cases_cover_every_type_in_expectations() -> None:
    files = sorted((ROOT / "expectations").glob("*/*.yml"))
    used = {
        (one["type"], frozenset(one["kwargs"]) - {"description"})
        for file in files
        for one in read_yaml(file.read_text(encoding="utf-8"), file.name)["expectations"]
    }
    assert used == {(kind, frozenset(kwargs) - {"description"}) for kind, kwargs, *_ in CASES.values()}


@pytest.mark.parametrize("materialized", ["table", "view"])
@pytest.mark.parametrize("name", CASES)
def test_one_wrong_row_fails_its_expectation(name: str, materialized: str) -> None:
    kind, kwargs, wrong, count, percent, keys = CASES[name]
    with _checker([*GOOD, wrong], materialized) as checker:
        result, other = checker.run(_suite(_expectation(kind, **kwargs), _expectation(NOT_NULL, column="record_id")))
    assert (result.success, result.error, result.unexpected_count) == (False, None, count)
    assert result.unexpected_percent == pytest.approx(percent)
    assert _keys(result) == keys
    assert (result.query is not None) == (kind == ROWS)
    assert (result.stops_release, result.why, result.runbook) == (True, "w", "r")
    assert (other.success, other.unexpected_count, other.unexpected_percent, other.sample_keys) == (True, 0, 0.0, "[]")


@pytest.mark.parametrize("materialized", ["table", "view"])
def test_right_rows_pass(materialized: str) -> None:
    told = [name for name in CASES if name != "a row without a partner"]  # GOOD has a row without a kind
    with _checker(GOOD, materialized) as checker:
        results = checker.run(_suite(*(_expectation(CASES[name][0], **CASES[name][1]) for name in told)))
    assert [(r.expectation, r.success, r.error, r.sample_keys) for r in results] == [
        (CASES[name][0], True, None, "[]") for name in told
    ]


ONLY_ASKED: list[Expectation] = [
    _expectation(IN_SET, column="kind", value_set=["order", None]),
    _expectation(IN_SET, column="kind", value_set=[1, 2]),
    _expectation(IN_SET, column="score", value_set=[]),
    _expectation(IN_SET, column="share", value_set=[0.5]),
    _expectation(BETWEEN, column="score", min_value=1, strict_min=True),
    _expectation(BETWEEN, column="kind", min_value=1),
    _expectation("expect_column_value_lengths_to_be_between", column="record_id", min_value=2, max_value=2),
    _expectation("expect_compound_columns_to_be_unique", column_list=["kind", "score"]),
    _expectation("expect_table_row_count_to_be_between", min_value=1, max_value=3),
]
COUNTED = [
    *(_expectation(kind, **kwargs) for kind, kwargs, *_ in CASES.values()),
    _expectation(NOT_NULL, column="kind", mostly=0.9),
    _expectation(NOT_NULL, column="kind", mostly=0.5),
    _expectation(UNIQUE, column="score", mostly=0.5),
    _expectation(IN_SET, column="kind", value_set=["order"], mostly=0.4),
]
WRONG_ROWS = [wrong for _, _, wrong, *_ in CASES.values()]


@pytest.mark.parametrize(
    ("rows", "materialized"),
    [
        (GOOD, "table"),
        ([*GOOD, *WRONG_ROWS * 10], "view"),
        ([GOOD[2]], "table"),  # only NULL in some columns
        ([], "table"),
    ],
)
def test_counting_gives_what_great_expectations_finds(
    monkeypatch: pytest.MonkeyPatch, rows: Sequence[tuple[Any, ...]], materialized: str
) -> None:
    suite = _suite(*COUNTED, *ONLY_ASKED)
    with _checker(rows, materialized) as checker:
        counted = checker.run(suite)
        monkeypatch.setattr(runner, "count", lambda session, table, expectations, portable: [None] * len(expectations))
        asked = checker.run(suite)
    assert [replace(result, sample_keys="") for result in counted] == [replace(r, sample_keys="") for r in asked]
    assert [_keys(result) for result in counted] == [_keys(result) for result in asked]


def test_common_expectations_that_hold_do_not_query_through_great_expectations(monkeypatch: pytest.MonkeyPatch) -> None:
    with _checker(GOOD) as checker:
        monkeypatch.setattr(checker, "_ask", None)
        results = checker.run(_suite(*(_expectation(kind, **kwargs) for kind, kwargs, *_ in CASES.values())))
    assert [result.expectation for result in results if not result.success] == [
        ROWS
    ]  # keys of rows need no second pass


def test_an_expectation_that_cannot_run_is_an_error_and_no_failure() -> None:
    broken = "select cast(mobile as tinyint) as x from {batch}"
    with _checker([*GOOD, ("b1", None, "ordr", 1, 1)]) as checker:
        could_not, failed, held = checker.run(
            _suite(
                _expectation(ROWS, unexpected_rows_query=broken),
                _expectation(IN_SET, column="kind", value_set=["order", "refund"]),
                _expectation(NOT_NULL, column="record_id"),
            )
        )
    assert not could_not.success and could_not.stops_release
    assert could_not.error is not None and "Conversion Error" in could_not.error
    assert "13912345678" not in could_not.error
    assert (could_not.unexpected_count, could_not.sample_keys) == (None, "[]")
    assert (failed.success, failed.error, failed.unexpected_count) == (False, None, 1)
    assert (held.success, held.error) == (True, None)


def test_a_column_that_is_missing_is_an_error_of_its_expectation_alone() -> None:
    with _checker(GOOD) as checker:
        missing, held = checker.run(
            _suite(_expectation(NOT_NULL, column="nobody"), _expectation(UNIQUE, column="kind"))
        )
    assert missing.error is not None and "nobody" in missing.error
    assert (held.success, held.error) == (True, None)


def test_observed_values_of_personal_columns_are_not_reported() -> None:
    longest = "expect_column_distinct_values_to_be_in_set"
    with _checker(GOOD) as checker:
        personal, plain = checker.run(
            _suite(
                _expectation(longest, column="mobile", value_set=["1"]),
                _expectation("expect_table_row_count_to_be_between", max_value=1),
            )
        )
    assert not personal.success and "139" not in personal.sample_keys
    assert plain.sample_keys == '[{"observed_value": 3}]'


def test_a_test_from_statistics_still_finds_its_packages() -> None:
    kl = _expectation(
        "expect_column_kl_divergence_to_be_less_than",
        column="kind",
        partition_object={"values": ["order", "refund"], "weights": [0.5, 0.5]},
        threshold=0.1,
    )
    with _checker(GOOD) as checker:
        (result,) = checker.run(_suite(kl))
    assert (result.success, result.error) == (True, None)


def test_kwargs_that_great_expectations_rejects_are_named_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="has invalid kwargs"):
        runner.construct(_suite(_expectation(NOT_NULL, column="kind", mostly=3)))
