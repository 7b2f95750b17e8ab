"""Small releases, written without a night: what a target has to cope with, in a second."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import duckdb

from siyu.engines.base import ANY_INPUTS
from siyu.engines.duckdb import DuckEngine
from siyu.release.releases import MANIFEST, PUBLIC, RESTRICTED, Release

CATALOG = (
    "create schema ops",
    "create table ops.model as select * from (values"
    " ('identity.person', 'one_id', 'People.'), ('kpi.kpi_value', 'kpi_code, kpi_date', 'Figures.'),"
    " ('journey.step', 'step_id', 'Steps.')) t(model, grain, description)",
    "create table ops.\"column\" as select * from (values ('identity.person', 'mobile', 'Mobile number.'))"
    " t(model, column_name, description)",
)
# A table of every type that a layer may publish, and of values that are hard to carry over.
TYPES = """select i as step_id, i % 2 = 0 as flag, i::tinyint as tiny, i::smallint as small, i::integer as number,
    (i * 3000000000)::bigint as big, i::ubigint as unsigned, sum(i) over () as huge, i / 3.0::float as real_number,
    i / 7 as double_number, (i * -1.05)::decimal(18, 2) as amount, (i / 9)::decimal(38, 9) as wide,
    date '2026-01-31' - i::integer as day, timestamp '2026-01-01 23:59:59.123456' + to_days(i::integer) as happened_at,
    timestamptz '2026-01-01 00:00:00+08' as zoned_at, to_days(i::integer) as duration, 'ü中文' || chr(0) || i as text,
    case when i % 3 = 0 then '' end as empty_or_null, 'x'::enum('x', 'y') as kind, uuid() as uid,
    [i::varchar, null, 'b' || chr(0)] as texts, [i, 2::bigint] as numbers,
    {'a': i, 'b': 'c'} as pair, [{'a': i}] as pairs, 'ab'::blob as bytes, time '12:00:01' as clock_time
    from range(1, 8) r(i)"""


def write_release(
    warehouse: Path, mark: int, *, people: int = 100, day: date = date(2026, 6, 1), extra: tuple[str, ...] = ()
) -> Release:
    """Write a release and make it current. `mark` is in every row of identity.person and kpi.kpi_value; journey.step
    is always the same. `extra` are statements about the public file."""
    folder = warehouse / "releases" / f"{day}-{mark:06d}"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / PUBLIC)) as con:
        for statement in (
            *CATALOG, "create schema identity", "create schema kpi", "create schema journey",
            f"create table identity.person as select 'P' || i as one_id, {mark} as mark, 'h' || i as mobile_hash,"
            f" date '2026-01-01' + (i % 50)::integer as first_seen_date from range({people}) r(i)",
            "comment on table identity.person is 'People 人.'",
            "comment on column identity.person.one_id is 'ID of the person; it isn''t secret.'",
            f"create table kpi.kpi_value as select 'k' || (i % 5) as kpi_code, date '2026-01-01' + (i // 5)::integer"
            f" as kpi_date, {mark} as mark, i::decimal(24, 6) as value from range({people}) r(i)",
            f"create table journey.step as {TYPES}", "update journey.step set uid = md5(step_id::varchar)::uuid",
            *extra,
        ):  # fmt: skip
            con.execute(statement)
    with duckdb.connect(str(folder / RESTRICTED)) as con:
        con.execute("create schema identity")
        con.execute(
            f"create table identity.person as select 'P' || i as one_id, {mark} as mark,"
            f" (13900000000 + i)::varchar as mobile from range({people}) r(i)"
        )
    manifest = {"as_of": day.isoformat(), "run_id": mark, "tables": _hashes(folder / PUBLIC)}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return make_current(warehouse, Release(folder, day, mark, manifest))


def make_current(warehouse: Path, release: Release) -> Release:
    link = warehouse / ".next"
    link.symlink_to(Path("releases") / release.name)
    os.replace(link, warehouse / "current")
    return release


def _hashes(path: Path) -> dict[str, dict[str, object]]:
    engine = DuckEngine(None, ANY_INPUTS)
    try:
        engine.attach(path, "release", writable=False)
        session = engine.session()
        names = session.rows(
            "select schema_name, table_name from duckdb_tables()"
            " where database_name = 'release' and schema_name <> 'ops'"
        )
        found: dict[str, dict[str, object]] = {}
        for schema, table in names:
            rows, digest = session.content_hash(f"release.{schema}.{table}")
            found[f"{schema}.{table}"] = {"rows": rows, "content_hash": digest}
        session.close()
        return found
    finally:
        engine.close()
