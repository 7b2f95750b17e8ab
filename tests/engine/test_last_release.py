"""A release that begins as a copy of the last one has the rows of one that is written whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.build.differences import DIFFERENCES, Changes, Pair
from siyu.build.last_build import Released
from siyu.build.restatement import Restatement
from siyu.compile.model_files import Model
from siyu.compile.project import Column, CompiledModel
from siyu.engines.base import HASH_VERSION, RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.release import last_release as module
from siyu.release.clear_text import write_identifiers_in_clear
from siyu.release.last_release import LastRelease, file_states, last_release
from siyu.release.tables import Written, write_tables
from siyu.settings import Settings, load_settings

NAME, OTHER = "records.visit", "identity.visitor"
LAST = "2026-01-30-000001"
COLUMNS = {
    NAME: (
        Column("record_id", "VARCHAR", "Record.", pii=True), Column("person_key", "BIGINT", "Person.", pii=False),
        Column("note", "VARCHAR", "Note.", pii=False), Column("visited_at", "TIMESTAMP", "Time.", pii=False),
    ),
    OTHER: (Column("person_key", "BIGINT", "Person.", pii=False), Column("n", "BIGINT", "Visits.", pii=False)),
}  # fmt: skip
ROWS = 400
VISITS = (
    "select 'r' || i::varchar as record_id, (i % 40)::bigint as person_key, 'page ' || (i % 7)::varchar as note,"
    " timestamp '2026-01-01 20:00:00' + to_hours(i::integer) as visited_at from range({}) as t(i)"
)
GONE, ADDED = f"{DIFFERENCES}.gone", f"{DIFFERENCES}.new"


def _model(name: str) -> CompiledModel:
    schema, table = name.split(".")
    written = Model(schema, table, f"{table}.sql", Path(f"{table}.sql"), "", "What it is.", ())
    nothing: set[str] = set()
    return CompiledModel(written, "", "table", {}, nothing, nothing, nothing, nothing, "", COLUMNS[name])


@dataclass
class Build:
    """A build of two tables, and the release that was written from it."""

    root: Path
    engine: DuckEngine
    session: DuckSession
    settings: Settings
    models: list[CompiledModel]
    files: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def write(self, folder: str, last: LastRelease | None = None) -> Written:
        """Write a release."""
        write_identifiers_in_clear(self.engine, self.models, last)
        draft = self.root / "releases" / folder
        draft.mkdir(parents=True)
        written = write_tables(self.engine, self.models, (), draft, self.settings, has_ops=False, last=last)
        told = {"as_of": folder[:10], "run_id": int(folder[-6:]), "known_by": None, "hash_version": HASH_VERSION}
        (draft / "manifest.json").write_text(json.dumps({**told, "tables": written.tables}), encoding="utf-8")
        if folder == LAST:
            self.files = file_states(draft)
        return written

    def change(self, gone: str = "false", added: str = f"select * from {NAME} limit 0") -> None:
        """Replace rows of visits by others."""
        for table in (GONE, ADDED):
            self.session.execute(f"drop table if exists {table}")
        self.session.create_table(GONE, f"select * from {NAME} where {gone}")
        self.session.create_table(ADDED, f"select * from {NAME} limit 0")
        self.session.execute(f"insert into {ADDED} {added}")
        self.session.execute(f"delete from {NAME} where {gone}; insert into {NAME} select * from {ADDED}")

    def last(self, written: Written, pairs: Mapping[str, Pair]) -> LastRelease | None:
        """The last release, and what has changed since."""
        days = date(2026, 1, 30), date(2026, 1, 31)
        changes = Changes(None, days, pairs=dict(pairs))  # type: ignore[arg-type]
        released = Released(LAST, written.forms, written.replaced, self.files)
        restatement = Restatement(changes, *[None] * 3, {}, released)  # type: ignore[arg-type]
        return last_release(self.root, restatement)

    def content(self, folder: str) -> dict[str, Any]:
        """The rows of all tables of both files, with columns and comments."""
        found: dict[str, Any] = {}
        for alias, file in {"one": "siyu.duckdb", "two": "siyu_restricted.duckdb"}.items():
            self.engine.attach(self.root / "releases" / folder / file, alias, writable=False)
            tables = self.session.rows(
                "select schema_name || '.' || table_name, comment from duckdb_tables() where database_name = ?", [alias]
            )
            for name, comment in tables:
                table = f"{alias}.{name}"
                found[table] = comment, self.session.columns(table), self.session.rows(f"from {table} order by all")
            found[alias] = self.session.rows(
                "select table_name, column_name, comment from duckdb_columns() where database_name = ? order by all",
                [alias],
            )
            self.session.execute(f"detach {alias}")
        return found


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    monkeypatch.setenv("SIYU_SALT", "a salt for releases, long enough")
    engine = DuckEngine(None, RunInputs("2026-01-31", "Asia/Shanghai", "k"), threads=2)
    session = engine.session()
    for schema in ("records", "identity", "ops", DIFFERENCES):
        session.execute(f"create schema {schema}")
    session.create_table(NAME, VISITS.format(ROWS))
    session.create_table(OTHER, f"select person_key, count(*) as n from {NAME} group by person_key")
    settings = load_settings(tmp_path, warehouse=tmp_path, publish_parquet=True)
    yield Build(tmp_path, engine, session, settings, [_model(NAME), _model(OTHER)])
    engine.close()


CHANGES = {
    "rows gone and rows new": ("person_key = 3", "select 'n1', 3, 'new', timestamp '2026-02-01'"),
    "rows gone": ("person_key = 3", None),
    "rows new": (None, f"select * from ({VISITS.format(ROWS + 9)}) where person_key = 7 and length(record_id) > 3"),
}


@pytest.mark.parametrize("gone, added", CHANGES.values(), ids=CHANGES)
def test_rows_that_differ_are_replaced_in_both_files(build: Build, gone: str | None, added: str | None) -> None:
    first = build.write(LAST)
    build.change(gone or "false", added or f"select * from {NAME} limit 0")
    last = build.last(first, {NAME: Pair(ADDED, GONE)})
    carried = build.write("2026-01-31-000002", last)
    whole = build.write("2026-01-31-000003")
    assert carried.tables == whole.tables != first.tables
    assert carried.forms == whole.forms == first.forms
    assert carried.replaced == {OTHER: 0, NAME: 10 if gone else 0}
    assert build.content("2026-01-31-000002") == build.content("2026-01-31-000003")


def test_a_table_that_is_the_same_shares_its_parquet_file(build: Build) -> None:
    first = build.write(LAST)
    build.change("person_key = 3")
    build.write("2026-01-31-000002", build.last(first, {NAME: Pair(ADDED, GONE)}))
    before, after = (build.root / "releases" / name / "parquet" for name in (LAST, "2026-01-31-000002"))
    assert (after / "identity" / "visitor.parquet").samefile(before / "identity" / "visitor.parquet")
    assert not (after / "records" / "visit.parquet").samefile(before / "records" / "visit.parquet")


def test_without_second_names_of_files_parquet_is_written_again(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError("not supported")

    first = build.write(LAST)
    monkeypatch.setattr("os.link", no_links)
    carried = build.write("2026-01-31-000002", build.last(first, {}))
    file = build.root / "releases" / "2026-01-31-000002" / "parquet" / "records" / "visit.parquet"
    assert build.session.value(f"select count(*) from read_parquet('{file}')") == ROWS == carried.tables[NAME]["rows"]


def test_one_of_two_equal_rows_can_go(build: Build) -> None:
    """The hash of a row does not say which of two equal rows is meant: the table is written whole."""
    build.change("false", f"select * from {NAME} where record_id = 'r5'")
    first = build.write(LAST)
    build.session.create_table(GONE, f"select * from {NAME} where record_id = 'r5' limit 1")
    build.session.create_table(ADDED, f"select * from {NAME} limit 0")
    build.session.execute(f"delete from {NAME} where rowid = (select max(rowid) from {NAME} where record_id = 'r5')")
    carried = build.write("2026-01-31-000002", build.last(first, {NAME: Pair(ADDED, GONE)}))
    whole = build.write("2026-01-31-000003")
    assert carried.tables == whole.tables
    assert carried.tables[NAME]["rows"] == ROWS
    assert build.content("2026-01-31-000002") == build.content("2026-01-31-000003")


def test_compared_tables_keep_all_of_equal_rows(build: Build) -> None:
    """Their number differs. So all of them go, and those of tonight come."""
    build.change("false", f"select * from {NAME} where record_id in ('r5', 'r6')")
    first = build.write(LAST)
    build.session.execute(f"create table {NAME}__before as from {NAME}")
    build.session.execute(f"delete from {NAME} where rowid in (select max(rowid) from {NAME} where record_id = 'r5')")
    build.session.execute(f"insert into {NAME} select * from {NAME} where record_id = 'r6' limit 1")
    changes = Changes(None, (date(2026, 1, 30), date(2026, 1, 31)))  # type: ignore[arg-type]
    changes.pairs[NAME] = Pair(NAME, f"{NAME}__before")
    changes.compare(build.session, NAME)
    carried = build.write("2026-01-31-000002", build.last(first, changes.pairs))
    assert carried.replaced[NAME] == 4
    whole = build.write("2026-01-31-000003")
    assert carried.tables == whole.tables
    assert build.content("2026-01-31-000002") == build.content("2026-01-31-000003")


def test_a_table_is_written_whole_when_too_much_has_been_replaced(build: Build) -> None:
    written = build.write(LAST)
    build.change("person_key < 5")
    pairs = {NAME: Pair(ADDED, GONE)}
    before = replace(written, replaced={**written.replaced, NAME: ROWS // 8})
    assert build.write("2026-01-31-000002", build.last(before, pairs)).replaced[NAME] == 0
    assert build.write("2026-01-31-000003", build.last(written, pairs)).replaced[NAME] == ROWS // 8


def test_a_table_without_known_changes_is_written_whole(build: Build) -> None:
    first = build.write(LAST)
    build.change("person_key < 5")
    carried = build.write("2026-01-31-000002", build.last(first, {NAME: Pair(NAME)}))
    assert carried.tables == build.write("2026-01-31-000003").tables


def test_a_table_of_another_form_is_written_whole(build: Build) -> None:
    """Its columns, its comments, or the identifiers that must be masked have changed."""
    first = build.write(LAST)
    build.change("false", "select 'n1', 3, 'call 13812345678', timestamp '2026-02-01'")
    build.models[1] = replace(build.models[1], model=replace(build.models[1].model, description="Another meaning."))
    carried = build.write("2026-01-31-000002", build.last(first, {NAME: Pair(ADDED, GONE)}))
    whole = build.write("2026-01-31-000003")
    assert all(carried.forms[name] != first.forms[name] for name in (NAME, OTHER))
    assert carried.tables == whole.tables
    content = build.content("2026-01-31-000002")
    assert content == build.content("2026-01-31-000003")
    assert "13812345678" not in str(content[f"one.{NAME}"])
    assert "Another meaning." in str(content[f"one.{OTHER}"])


def test_what_releases_no_longer_have_is_gone(build: Build) -> None:
    first = build.write(LAST)
    last = build.last(first, {})
    del build.models[0]
    build.write("2026-01-31-000002", last)
    assert build.content("2026-01-31-000002").keys() == {"one", "two", f"one.{OTHER}"}


def test_a_file_with_too_many_gaps_is_written_anew(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build.write(LAST)
    build.change("person_key = 3")
    monkeypatch.setattr(module, "MOST_FREE", -1)
    carried = build.write("2026-01-31-000002", build.last(first, {NAME: Pair(ADDED, GONE)}))
    assert carried.replaced == {NAME: 0, OTHER: 0}
    assert carried.tables == build.write("2026-01-31-000003").tables


def test_a_release_that_is_gone_or_has_other_hashes_is_not_used(build: Build) -> None:
    first = build.write(LAST)
    assert build.last(first, {}) is not None
    file = build.root / "releases" / LAST / "siyu_restricted.duckdb"
    file.rename(file.with_suffix(".moved"))
    assert build.last(first, {}) is None
    file.with_suffix(".moved").rename(file)
    assert build.last(first, {}) is not None
    manifest = build.root / "releases" / LAST / "manifest.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**told, "hash_version": HASH_VERSION - 1}), encoding="utf-8")
    assert build.last(first, {}) is None
    manifest.unlink()
    assert build.last(first, {}) is None


def test_a_release_that_somebody_has_changed_is_not_used(build: Build) -> None:
    first = build.write(LAST)
    assert build.last(first, {}) is not None
    with duckdb.connect(str(build.root / "releases" / LAST / "siyu.duckdb")) as con:
        con.execute(f"delete from {NAME} where person_key = 3")
    assert build.last(first, {}) is None
