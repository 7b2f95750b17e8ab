"""Releases in a real PostgreSQL: content, readers during loads, grants, views, failures."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import Result
from typer.testing import CliRunner

from siyu.cli import app
from siyu.engines.postgresql import Unreachable
from siyu.errors import TargetFailed
from siyu.release import target_shape
from siyu.release.releases import PUBLIC, RESTRICTED, Release, releases
from siyu.release.targets import Loading, load_target
from siyu.settings import Settings
from tests.e2e.bi_server import LOADER, PASSWORD, Server
from tests.e2e.file_reader import read_file
from tests.e2e.small_releases import make_current, write_release

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("postgresql")]
# 50 publishes are the full size. Then nothing else should run: the longest wait is measured by the clock.
PUBLISHES = int(os.environ.get("TARGET_PUBLISHES", "10"))
READERS = 20


@pytest.fixture
def server(bi_postgresql: Server) -> Server:
    return bi_postgresql


@pytest.fixture
def bi(bi_postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a warehouse with an empty database as its target. The password comes from a variable."""
    monkeypatch.setenv("BI_PASSWORD", PASSWORD)
    bi_postgresql.database("bi")
    url = bi_postgresql.url("bi").replace(f"{LOADER}@", f"{LOADER}:${{BI_PASSWORD}}@")
    (tmp_path / "wh").mkdir()
    return Settings(warehouse=tmp_path / "wh", targets=("postgresql",), postgresql=url)  # type: ignore[arg-type]


def load(settings: Settings, release: Release) -> Loading:
    return load_target(settings, "postgresql", release, lambda table, detail, total: None)


def different(server: Server, release: Release, table: str, target: str = "", file: str = PUBLIC) -> int:
    """Rows that only one of both has: the release, or what psql writes of the target."""
    said = server.folder.parent / f"{server.folder.name}.csv"
    with duckdb.connect() as con:
        con.execute(f"set timezone = 'UTC'; attach '{release.path / file}' as r (read_only)")
        columns = columns_of(con, f"r.{table}")
        server.copy({said: query_of(columns, target or table)}, "bi")
        return count_different(con, f"r.{table}", columns, said)


def columns_of(con: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in con.execute(f"describe {relation}").fetchall()]


def query_of(columns: list[tuple[str, str]], target: str) -> str:
    names = ", ".join(f'"{name}"' for name, _ in columns)
    return f"select {names} from {target}"


def count_different(con: duckdb.DuckDBPyConnection, relation: str, columns: list[tuple[str, str]], said: Path) -> int:
    """Rows that only one of both has, the relation or the file that psql wrote. Removes the file."""
    listed = ", ".join(f"'c{i}': 'varchar'" for i in range(len(columns)))
    con.execute(
        f"create or replace table said as select * from read_csv('{said}', columns = {{{listed}}}, header = false,"
        " quote = '\"', escape = '\"', delim = ',', nullstr = '@NULL@',"
        " allow_quoted_nulls = false, auto_detect = false)"
    )
    said.unlink()
    want = ", ".join(f"{_comparable(name, kind)} as c{i}" for i, (name, kind) in enumerate(columns))
    got = ", ".join(_read(f"c{i}", kind) for i, (_, kind) in enumerate(columns))
    return con.execute(
        f"with a as (select {want} from {relation}), b as (select {got} from said)"
        " select (select count(*) from (from a except all from b)) + (select count(*) from (from b except all from a))"
    ).fetchall()[0][0]  # type: ignore[no-any-return]


def _comparable(name: str, kind: str) -> str:
    if kind.startswith("STRUCT") or "STRUCT" in kind:
        return f'cast(to_json("{name}") as varchar)'
    if kind == "VARCHAR":
        return f"replace(\"{name}\", chr(0), '�')"
    if kind == "VARCHAR[]":
        return f"list_transform(\"{name}\", lambda x: replace(x, chr(0), '�'))"
    if kind.startswith("ENUM") or kind == "UUID":
        return f'cast("{name}" as varchar)'
    return f'"{name}"'


def _read(name: str, kind: str) -> str:
    if "STRUCT" in kind:
        return f"replace(replace({name}, ': ', ':'), ', ', ',') as {name}"
    if kind.endswith("[]"):
        return (
            f"cast(string_split(trim({name}, '{{}}'), ',') as varchar[])::{kind} as {name}"
            if kind != "VARCHAR[]"
            else f"list_transform(string_split(trim({name}, '{{}}'), ','), lambda x: nullif(x, 'NULL')) as {name}"
        )
    if kind == "BLOB":
        return f"unhex({name}[3:]) as {name}"
    if kind.startswith("ENUM") or kind == "UUID":
        return name
    return f"cast({name} as {kind}) as {name}"


def test_every_type_arrives_as_it_was(server: Server, bi: Settings) -> None:
    release = write_release(bi.warehouse, 1)
    assert load(bi, release) == Loading(5)
    for table in ("identity.person", "kpi.kpi_value", "journey.step", "ops.model"):
        assert different(server, release, table) == 0, table
    server.psql("update journey.step set amount = amount + 0.01 where step_id = 3", "bi")
    assert different(server, release, "journey.step") == 2  # so a difference would be seen
    types = dict(
        line.split("|")
        for line in server.psql(
            "select column_name, udt_name || coalesce(numeric_precision || ',' || numeric_scale, '')"
            " from information_schema.columns where table_schema = 'journey' and table_name = 'step'", "bi"
        ).splitlines()
    )  # fmt: skip
    assert types["amount"] == "numeric18,2" and types["wide"] == "numeric38,9"
    assert types["huge"] == "numeric38,0" and types["unsigned"] == "numeric20,0"
    assert (types["happened_at"], types["zoned_at"], types["day"]) == ("timestamp", "timestamptz", "date")
    assert (types["texts"], types["numbers"], types["pair"], types["pairs"]) == ("_text", "_int8", "jsonb", "jsonb")


def test_comments_keys_indexes_and_grants(server: Server, bi: Settings) -> None:
    load(bi, write_release(bi.warehouse, 1))
    assert server.psql("select obj_description('identity.person'::regclass)", "bi") == "People 人."
    told = server.psql("select col_description('identity.person'::regclass, 1)", "bi")
    assert told == "ID of the person; it isn't secret."
    defined = server.psql("select indexdef from pg_indexes where schemaname in ('kpi', 'identity')", "bi")
    assert "UNIQUE INDEX kpi_value_pkey ON kpi.kpi_value USING btree (kpi_code, kpi_date)" in defined
    assert "UNIQUE INDEX person_pkey ON identity.person USING btree (one_id)" in defined
    assert "ON kpi.kpi_value USING btree (kpi_date)" in defined
    assert server.psql("select has_table_privilege('siyu_reader', 'kpi.kpi_value', 'select')", "bi") == "t"
    assert server.psql("select has_schema_privilege('siyu_reader', 'kpi', 'usage')", "bi") == "t"
    # Grants of others stay, and a grant that an administrator took away does not come back.
    _role(server, "analyst") or server.psql("create role analyst nologin")
    server.psql("grant select on identity.person to analyst; revoke select on kpi.kpi_value from siyu_reader", "bi")
    assert load(bi, write_release(bi.warehouse, 2)).tables == 2
    assert server.psql("select has_table_privilege('analyst', 'identity.person', 'select')", "bi") == "t"
    assert server.psql("select has_table_privilege('siyu_reader', 'kpi.kpi_value', 'select')", "bi") == "f"
    assert server.psql("select count(*) from pg_stat_user_tables where n_live_tup > 0", "bi") != "0"


def _role(server: Server, name: str) -> bool:
    return server.psql(f"select count(*) from pg_roles where rolname = '{name}'") == "1"


def test_only_tables_that_changed_are_loaded(server: Server, bi: Settings) -> None:
    first = write_release(bi.warehouse, 1)
    assert load(bi, first).tables == 5
    assert load(bi, first).tables == 0
    before = server.psql("select max(xmin::text::bigint) from journey.step", "bi")
    second = write_release(bi.warehouse, 2)
    assert load(bi, second).tables == 2
    assert server.psql("select max(xmin::text::bigint) from journey.step", "bi") == before  # the same rows as before
    assert different(server, second, "identity.person") == different(server, second, "kpi.kpi_value") == 0
    assert server.psql("select release from ops.siyu_release", "bi") == second.name
    hashes = server.psql(
        "select table_name, content_hash, row_count from ops.siyu_table where schema_name = 'kpi'", "bi"
    )
    assert hashes == f"kpi_value|{second.manifest['tables']['kpi.kpi_value']['content_hash']}|100"


def test_restricted_tables_are_for_their_role_alone(server: Server, bi: Settings) -> None:
    server.psql("alter default privileges grant select on tables to public", "bi", LOADER)
    raw = bi.model_copy(update={"postgresql_restricted": True})
    release = write_release(bi.warehouse, 1)
    assert load(raw, release).tables == 6
    assert different(server, release, "identity.person", "siyu_restricted.person", RESTRICTED) == 0
    acl = server.psql(
        "select distinct coalesce(r.rolname, 'PUBLIC') from pg_class c join pg_namespace n on n.oid = c.relnamespace,"
        " aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee where n.nspname = 'siyu_restricted'", "bi"
    )  # fmt: skip
    assert set(acl.splitlines()) == {LOADER, "siyu_restricted"}
    server.psql("grant select on siyu_restricted.person to public", "bi")
    load(raw, write_release(bi.warehouse, 2))
    assert server.psql("select has_table_privilege('siyu_reader', 'siyu_restricted.person', 'select')", "bi") == "f"
    assert server.psql("select has_schema_privilege('siyu_reader', 'siyu_restricted', 'usage')", "bi") == "f"
    assert server.psql("select col_description('siyu_restricted.person'::regclass, 3)", "bi") == "Mobile number."
    load(bi, write_release(bi.warehouse, 3))  # not asked for any more
    assert server.psql("select count(*) from pg_tables where schemaname = 'siyu_restricted'", "bi") == "0"


def reader(url: str, stop: threading.Event, found: Counter[str], waits: list[float], long: float = 0) -> None:
    """Compare the marks of two tables within one transaction, time and again."""
    import adbc_driver_postgresql.dbapi as dbapi

    con, connection = duckdb.connect(), dbapi.connect(url)

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            started = time.monotonic()
            cursor.execute(sql)
            rows: list[tuple[Any, ...]] = con.from_arrow(cursor.fetch_arrow()).fetchall()
            waits.append(time.monotonic() - started)
            return rows

    while not stop.is_set():
        try:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read")
            marks = set(ask("select min(mark), max(mark) from identity.person")[0])
            time.sleep(long or 0.01)
            marks |= set(ask("select min(mark), max(mark) from kpi.kpi_value")[0])
            connection.rollback()
            both = ask(
                "select min(p.mark), max(p.mark), min(k.mark), max(k.mark), max(split_part(r.release, '-', 4)::int)"
                " from identity.person p, kpi.kpi_value k, ops.siyu_release r where p.mark is not null and k.value < 3"
            )
            connection.rollback()
            found["reads"] += 2
            found["mixed"] += (len(marks) > 1) + (len(set(both[0])) > 1)
            time.sleep(0.2)
        except Exception as error:  # noqa: BLE001 - counted; the test fails with it
            found[f"error: {error}"[:200]] += 1
            connection.rollback()
    connection.close()


def test_readers_never_wait_and_never_see_two_releases(server: Server, bi: Settings) -> None:
    """20 readers while releases follow each other, and one whose transactions outlast several loads."""
    two = [write_release(bi.warehouse, mark) for mark in (1, 2)]
    load(bi, two[0])
    stop, found, waits, before = threading.Event(), Counter[str](), list[float](), server.lock_waits()
    server.psql("grant siyu_reader to postgres")
    url = server.url("bi", "postgres")
    threads = [
        threading.Thread(target=reader, args=(url, stop, found, waits, 2.0 if number == 0 else 0.2))
        for number in range(READERS)
    ]
    for thread in threads:
        thread.start()
    for number in range(PUBLISHES):
        release = two[(number + 1) % 2]
        assert load(bi, release).tables == 2
    stop.set()
    for thread in threads:
        thread.join()
    told = f"{dict(found)}, {len(waits)} queries, the longest {max(waits):.3f} s, {PUBLISHES} loads"
    sys.stdout.write(f"{told}\n")
    assert found["reads"] > READERS
    assert found.keys() <= {"reads", "mixed"}, found
    assert found["mixed"] == 0
    assert server.lock_waits() == before, "somebody waited for a lock"


def test_views_of_users_follow_and_new_columns_are_added(server: Server, bi: Settings) -> None:
    load(bi, write_release(bi.warehouse, 1))
    server.psql(
        "create schema mine; create view mine.people as select one_id, mark from identity.person;"
        " create view mine.texts as select step_id, text from journey.step", "bi"
    )  # fmt: skip
    changes = (
        "alter table identity.person add column stage varchar default 'won'",
        "alter table journey.step alter column number type decimal(12, 1)",
        "alter table journey.step drop column tiny",
        "alter table journey.step drop column text",
    )
    second = write_release(bi.warehouse, 2, extra=changes)
    notes = load(bi, second).notes
    assert server.psql("select min(mark), max(mark) from mine.people", "bi") == "2|2"
    assert different(server, second, "identity.person") == different(server, second, "journey.step") == 0
    columns = server.psql(
        "select string_agg(column_name, ' ') from information_schema.columns where table_schema = 'journey'", "bi"
    ).split()
    assert "tiny" not in columns and "number" in columns and "number__next" not in columns
    assert notes == ["journey.step.text changed or is gone; views that read it find NULL: mine.texts"]
    assert server.psql("select count(*), count(text) from mine.texts", "bi") == "7|0"
    assert load(bi, write_release(bi.warehouse, 3, extra=changes)).notes == []  # said once
    # And back: the old column has rows again.
    fourth = write_release(bi.warehouse, 4)
    load(bi, fourth)
    assert different(server, fourth, "journey.step") == 0
    assert server.psql("select count(text) from mine.texts", "bi") == "7"


def test_a_change_of_columns_lets_readers_pass(server: Server, bi: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that stays in its transaction holds the change up. Other readers go on, and the load says who waits."""
    monkeypatch.setattr(target_shape, "LOCK_PATIENCE", 2.0)
    first = write_release(bi.warehouse, 1)
    load(bi, first)
    second = write_release(bi.warehouse, 2, extra=("alter table identity.person add column stage varchar",))
    held = subprocess.Popen(
        [server.programs / "psql", "-X", "-q", server.url("bi", "postgres")], stdin=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert held.stdin
    held.stdin.write("begin; select count(*) from identity.person; select pg_sleep(60);\n")
    held.stdin.flush()
    stop, found, waits = threading.Event(), Counter[str](), list[float]()
    other = threading.Thread(target=reader, args=(server.url("bi", "postgres"), stop, found, waits))
    try:
        while server.psql("select count(*) from pg_stat_activity where query like '%pg_sleep(60)%'", "bi") != "2":
            time.sleep(0.05)
        other.start()
        with pytest.raises(TargetFailed, match="lock timeout"):
            load(bi, second)
        assert server.psql("select release from ops.siyu_release", "bi") == first.name
    finally:
        stop.set()
        other.join()
        held.kill()
        held.wait()
    server.psql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)%'"
                " and pid <> pg_backend_pid()")  # fmt: skip
    assert found["mixed"] == 0, found
    load(bi, second)
    assert different(server, second, "identity.person") == 0


def test_a_key_that_does_not_hold_is_no_key(server: Server, bi: Settings) -> None:
    twice = ("insert into kpi.kpi_value select * from kpi.kpi_value limit 1",)
    first = write_release(bi.warehouse, 1, extra=twice)
    load(bi, first)
    assert different(server, first, "kpi.kpi_value") == 0
    assert "UNIQUE" not in server.psql("select indexdef from pg_indexes where tablename = 'kpi_value'", "bi")
    load(bi, write_release(bi.warehouse, 2))
    assert "UNIQUE" in server.psql("select indexdef from pg_indexes where tablename = 'kpi_value'", "bi")
    third = write_release(bi.warehouse, 3, extra=(*twice, "update identity.person set one_id = null"))
    load(bi, third)
    assert different(server, third, "kpi.kpi_value") == different(server, third, "identity.person") == 0


def test_tables_that_are_gone_are_dropped_unless_a_view_reads_them(server: Server, bi: Settings) -> None:
    load(bi, write_release(bi.warehouse, 1))
    server.psql("create schema mine; create view mine.values as select * from kpi.kpi_value", "bi")
    gone = ("drop table kpi.kpi_value", "drop table journey.step")
    loading = load(bi, write_release(bi.warehouse, 2, extra=gone))
    assert loading.notes == [
        "kpi.kpi_value is empty, because releases no longer have it; it stays for views that read it: mine.values"
    ]
    assert server.psql("select count(*) from pg_tables where schemaname = 'journey'", "bi") == "0"
    assert server.psql("select count(*) from mine.values", "bi") == "0"
    load(bi, write_release(bi.warehouse, 3))
    assert server.psql("select count(*) from mine.values", "bi") == "100"


def test_a_table_of_somebody_else_is_never_touched(server: Server, bi: Settings) -> None:
    server.psql(f"create schema kpi authorization {LOADER}; create table kpi.kpi_value (precious text)", "bi")
    with pytest.raises(TargetFailed, match=r"kpi\.kpi_value exists, and siyu did not make it"):
        load(bi, write_release(bi.warehouse, 1))
    second = write_release(bi.warehouse, 2)
    load(bi.model_copy(update={"postgresql_prefix": "acme_"}), second)
    assert different(server, second, "kpi.kpi_value", "acme_kpi.kpi_value") == 0
    assert server.psql("select column_name from information_schema.columns where table_schema = 'kpi'", "bi") == (
        "precious"
    )


def test_two_loads_at_once(server: Server, bi: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one waits a while, and then says why it gives up."""
    monkeypatch.setattr("siyu.engines.postgresql.PATIENCE", 0.5)
    release = write_release(bi.warehouse, 1)
    load(bi, release)
    held = subprocess.Popen(
        [server.programs / "psql", "-X", "-q", server.url("bi", "postgres")], stdin=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert held.stdin
    try:
        held.stdin.write("select pg_advisory_lock(hashtext('siyu'), hashtext(''));\n")
        held.stdin.flush()
        while server.psql("select count(*) from pg_locks where locktype = 'advisory'", "bi") == "0":
            time.sleep(0.05)
        with pytest.raises(TargetFailed, match="another load into this database is running"):
            load(bi, write_release(bi.warehouse, 2))
    finally:
        held.kill()
        held.wait()
    monkeypatch.setattr("siyu.engines.postgresql.PATIENCE", 15.0)
    assert load(bi, write_release(bi.warehouse, 3)).tables == 2


def test_kill_9_in_the_middle_of_a_load(server: Server, bi: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write_release(bi.warehouse, 1), write_release(bi.warehouse, 2, people=2_000)
    load(bi, first)
    # It stops before the mark of the release is written: rows are replaced by then, but not committed.
    code = (
        "import sys, time; from pathlib import Path; from siyu.settings import Settings\n"
        "from siyu.release import targets, releases, target_load\n"
        "def stop(*a): print('here', flush=True); time.sleep(60)\n"
        "target_load.settle = stop\n"
        f"s = Settings(warehouse=Path({str(bi.warehouse)!r}), postgresql={bi.postgresql.get_secret_value()!r})\n"  # type: ignore[union-attr]
        "targets.load_target(s, 'postgresql', releases.current(s.warehouse), lambda *a: None)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout and child.stdout.readline() == "here\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert server.psql("select release from ops.siyu_release", "bi") == first.name
    assert different(server, first, "identity.person") == 0
    assert load(bi, second).tables == 2
    assert different(server, second, "identity.person") == 0


def test_a_server_that_restarts_is_waited_for(server: Server, bi: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    release = write_release(bi.warehouse, 1)
    server.stop()
    monkeypatch.setattr("siyu.engines.postgresql.PATIENCE", 0.1)
    try:
        with pytest.raises(Unreachable, match=r"No such file or directory|Connection refused"):
            load(bi, release)
        monkeypatch.setattr("siyu.engines.postgresql.PATIENCE", 30.0)
        back = threading.Timer(1.0, server.start)
        back.start()
        assert load(bi, release).tables == 5
        back.join()
    finally:
        if not (server.folder / "postmaster.pid").exists():
            server.start()


def test_without_the_right_to_create_roles_or_schemas(server: Server, bi: Settings) -> None:
    server.database("bi")
    for role in ("siyu_reader", "siyu_restricted"):
        for database in server.psql(
            "select datname from pg_database where datallowconn and datname <> 'template0'"
        ).split():
            _role(server, role) and server.psql(f"drop owned by {role}", database)
        server.psql(f"drop role if exists {role}")
    server.psql(f"alter role {LOADER} nocreaterole")
    try:
        release = write_release(bi.warehouse, 1)
        with pytest.raises(TargetFailed, match="the role siyu_restricted does not exist") as raised:
            load(bi.model_copy(update={"postgresql_restricted": True}), release)
        assert 'create role "siyu_restricted" nologin' in raised.value.fix
        assert load(bi, release).notes == [
            "the role siyu_reader does not exist, and this user may not create it; nobody but the owner can read until"
            " it exists"
        ]
        _check_roles_that_come_late(server, bi, release)
        server.database("bi")
        server.psql(f"revoke create on database bi from {LOADER}")
        with pytest.raises(TargetFailed, match="permission denied for database bi") as raised:
            load(bi, release)
        assert "docs/postgresql.md#roles" in raised.value.fix
    finally:
        server.psql(f"alter role {LOADER} createrole")


def _check_roles_that_come_late(server: Server, bi: Settings, release: Release) -> None:
    """A role that is created after a load may read all tables from the next load on, also those that stay as they are.
    Then it is like any other: what is revoked stays revoked."""
    raw, tables = (
        bi.model_copy(update={"postgresql_restricted": True}),
        ("identity.person", "kpi.kpi_value", "ops.model"),
    )
    server.psql("create role siyu_reader nologin; create role siyu_restricted nologin")
    assert load(bi, release) == Loading(0, ["the role siyu_reader could read nothing; now it may read all tables, 7"])
    for table in (*tables, "ops.siyu_release"):
        server.psql(f"set role siyu_reader; select count(*) from {table}", "bi")
    assert load(bi, release) == Loading(0)
    assert load(raw, release) == Loading(1)
    server.psql("drop owned by siyu_restricted; drop role siyu_restricted; create role siyu_restricted nologin", "bi")
    assert load(raw, release).notes == ["the role siyu_restricted could read nothing; now it may read all tables, 1"]
    server.psql("set role siyu_restricted; select count(*) from siyu_restricted.person", "bi")
    server.psql("revoke all on kpi.kpi_value from siyu_reader; revoke usage on schema identity from siyu_reader", "bi")
    assert load(raw, write_release(bi.warehouse, 2)).notes == []
    for table in tables[:2]:
        with pytest.raises(subprocess.CalledProcessError):
            server.psql(f"set role siyu_reader; select count(*) from {table}", "bi")
    with pytest.raises(subprocess.CalledProcessError):
        server.psql("set role siyu_reader; select count(*) from siyu_restricted.person", "bi")


@pytest.fixture
def siyu(bi: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command of siyu with the settings of the target in the environment."""
    assert bi.postgresql
    monkeypatch.setenv("SIYU_WAREHOUSE", str(bi.warehouse))
    monkeypatch.setenv("SIYU_TARGETS", "postgresql")
    monkeypatch.setenv("SIYU_POSTGRESQL", bi.postgresql.get_secret_value())
    monkeypatch.chdir(bi.warehouse.parent)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_siyu_publish(
    server: Server, bi: Settings, siyu: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command, as somebody types it: done, done already, wrong password, wrong target, no driver."""
    release = write_release(bi.warehouse, 1)
    done = siyu("publish")
    assert done.exit_code == 0
    assert "postgresql: 5 tables loaded 已同步" in done.output
    assert "loaded    kpi.kpi_value: 100 rows" in done.output
    again = siyu("publish", "--target", "postgresql")
    assert again.exit_code == 0
    assert f"postgresql: already there 已是最新: {release.name}" in again.output
    monkeypatch.setenv("BI_PASSWORD", "wr0ng/p@ss%")
    wrong = siyu("publish")
    assert wrong.exit_code == 5
    assert 'password authentication failed for user "loader"' in wrong.output
    assert "check the user and the password" in wrong.output
    other = siyu("publish", "--target", "oracle")
    assert other.exit_code == 2
    assert "oracle is not a target of this deployment" in other.output
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    absent = siyu("publish")
    assert absent.exit_code == 2
    assert "pip install 'siyu[postgresql]'" in absent.output
    for told in (done, again, wrong, other, absent):
        for secret in ("wr0ng", "p%40ss", PASSWORD):
            assert secret not in told.output


def test_readers_of_the_file_never_see_two_releases(tmp_path: Path) -> None:
    """The same for siyu.duckdb: 20 processes that open warehouse/current while it changes."""
    for mark in (1, 2):
        write_release(tmp_path, mark)
    two, until = releases(tmp_path), tmp_path / "until"
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["tests.e2e.file_reader"])
    with ProcessPoolExecutor(READERS, mp_context=forks) as pool:
        path = str(tmp_path / "current" / PUBLIC)
        reading = [pool.submit(read_file, path, str(until)) for _ in range(READERS)]
        for number in range(PUBLISHES):
            make_current(tmp_path, two[(number + 1) % 2])
            time.sleep(0.3)
        until.touch()
        found = [one.result() for one in reading]
    reads, mixed, longest = sum(f[0] for f in found), sum(f[1] for f in found), max(f[2] for f in found)
    sys.stdout.write(f"{reads} reads, {mixed} mixed, the longest {longest:.3f} s, {PUBLISHES} swaps\n")
    assert reads >= READERS
    assert mixed == 0
