"""Nights whose releases go to PostgreSQL: the sample in all its tables, and nights whose target fails."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import Result
from typer.testing import CliRunner

from siyu.cli import app
from siyu.errors import TargetFailed, exit_code
from siyu.release.releases import PUBLIC, RESTRICTED, current
from siyu.release.targets import load_target
from siyu.settings import Settings
from tests.e2e.bi_server import LOADER, PASSWORD, Server
from tests.e2e.test_postgresql import columns_of, count_different, query_of
from tests.golden.canaries import canaries_in
from tests.golden.conftest import Ran
from tests.golden.shop import Shop
from tests.golden.test_canaries import published_world
from tests.shared import Shared

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("postgresql_nights")]
ROOT = Path(__file__).resolve().parents[2]
OTHER = "an0ther/p@ss%word"


def test_every_table_of_the_sample_arrives(
    night: Ran, bi_postgresql: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each is compared with what psql writes; the restricted ones, too."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    bi_postgresql.database("sample")
    settings = night.settings.model_copy(update={
        "targets": ("postgresql",), "postgresql_restricted": True,
        "postgresql": Settings(postgresql=bi_postgresql.url("sample")).postgresql,  # type: ignore[arg-type]
    })  # fmt: skip
    release = current(settings.warehouse)
    assert release is not None
    told: list[str] = []
    loading = load_target(settings, "postgresql", release, lambda table, detail, total: told.append(table))
    assert loading.tables == len(told) > 130
    different, rows = {}, 0
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        for alias, file in (("release", PUBLIC), ("restricted", RESTRICTED)):
            con.execute(f"attach '{release.path / file}' as {alias} (read_only)")
        listed = con.execute(
            "select database_name, schema_name, table_name from duckdb_tables() where not internal"
            " and database_name in ('release', 'restricted')"
            " union all select database_name, schema_name, view_name from duckdb_views() where not internal"
            " and database_name = 'release'"  # views arrive as tables
        ).fetchall()
        columns = {name: columns_of(con, f'{name[0]}.{name[1]}."{name[2]}"') for name in listed}
        files = {name: tmp_path / f"{'.'.join(name)}.csv" for name in listed}
        bi_postgresql.copy({files[name]: query_of(columns[name], _target(*name)) for name in listed}, "sample")
        for alias, schema, table in listed:
            name = f'{alias}.{schema}."{table}"'
            count = count_different(con, name, columns[alias, schema, table], files[alias, schema, table])
            rows += con.execute(f"select count(*) from {name}").fetchall()[0][0]
            if count:
                different[name] = count
    assert different == {}
    assert len(listed) == len(told) and rows > 200_000
    keys = bi_postgresql.psql("select count(*) from pg_constraint where contype = 'p'", "sample")
    assert int(keys) > 100
    silent = bi_postgresql.psql(
        "select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid ="
        " c.relnamespace where n.nspname in ('identity', 'journey', 'kpi', 'siyu_restricted') and c.relkind = 'r'"
        " and attnum > 0 and col_description(a.attrelid, attnum) is null", "sample"
    )  # fmt: skip
    assert silent == "0"


QUIET_LOG = "alter role siyu_loader set log_error_verbosity = 'terse'"


def test_no_identifier_is_outside_the_restricted_schema(
    shared: Shared, bi_postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in rows, comments and statistics nor in the log of the server, which has every statement; also if a load
    of raw values fails, and the log is quiet, as docs/postgresql.md says."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setattr("siyu.engines.postgresql.PATIENCE", 0.1)
    release = current(shared.once("canaries_published", published_world).warehouse)
    assert release is not None
    server, name = bi_postgresql, bi_postgresql.database("canaries")
    assert QUIET_LOG in (ROOT / "docs" / "postgresql.md").read_text(encoding="utf-8")
    for setting in ("log_statement = 'all'", QUIET_LOG.partition(" set ")[2]):
        server.psql(f"alter role {LOADER} in database {name} set {setting}")
    settings = Settings(  # a warehouse of its own, because a load writes there what does not fit into memory
        warehouse=tmp_path, targets=("postgresql",), postgresql=server.url(name), postgresql_restricted=True,  # type: ignore[arg-type]
    )  # fmt: skip
    before = len(server.log())
    assert load_target(settings, "postgresql", release, lambda *told: None).tables > 130
    server.psql(
        "alter table siyu_restricted.person add constraint none_fits check (false) not valid; update ops.siyu_table"
        " set content_hash = '' where schema_name = 'siyu_restricted' and table_name = 'person'", name
    )  # fmt: skip
    with pytest.raises(TargetFailed, match="none_fits") as raised:
        load_target(settings, "postgresql", release, lambda *told: None)
    log = server.log()[before:]
    assert "create table" in log and "comment on column" in log and "none_fits" in log
    seen = server.psql("set role siyu_reader; select * from pg_stats where schemaname !~ '^pg_'", name)
    assert "kpi_code" in seen
    assert len(canaries_in(server.dump(name, "--schema=siyu_restricted"))) > 500
    told = {
        "tables and comments": server.dump(name, "--exclude-schema=siyu_restricted"), "the log": log,
        "statistics": seen, "the error": str(raised.value),
    }  # fmt: skip
    assert {place: canaries_in(text) for place, text in told.items() if canaries_in(text)} == {}


def _target(alias: str, schema: str, table: str) -> str:
    """The table in PostgreSQL of one of a release's two files."""
    return f'{schema if alias == "release" else "siyu_restricted"}."{table}"'


def _status(shop: Shop) -> dict[str, object]:
    found: dict[str, object] = json.loads((shop.root / "warehouse/status/status.json").read_text(encoding="utf-8"))
    return found


def _publish(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.chdir(shop.root)
    settings = {"warehouse": "warehouse", "layers": "layer", "exports": "exports", "channels": "shop"}
    for name, value in settings.items():
        monkeypatch.setenv(f"SIYU_{name.upper()}", value)
    return CliRunner().invoke(app, ["publish"])


@pytest.mark.after_first_night
def test_a_target_that_fails(shop: Shop, bi_postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The night publishes and ends with 5. The next one loads the release, though nothing is new."""
    bi_postgresql.database("shop")
    address = bi_postgresql.url("shop").replace(f"{LOADER}@", f"{LOADER}:${{BI_PASSWORD}}@")
    monkeypatch.setenv("SIYU_TARGETS", "postgresql")
    monkeypatch.setenv("SIYU_POSTGRESQL", address)
    monkeypatch.setenv("BI_PASSWORD", OTHER)
    shop.write(
        "exports/shop/contacts_20260602.csv",
        "contact_id,name,mobile,updated_at\nk2,李二,13900000002,2026-06-02 10:00:00\n",
    )
    with pytest.raises(TargetFailed) as raised:
        shop.run("2026-06-02")
    assert exit_code(raised.value) == 5
    report = raised.value.report
    assert (report.status, report.is_current, report.error) == ("published", True, None)
    [line] = report.targets
    assert line.release is None and "password authentication failed" in line.error
    release = current(shop.root / "warehouse")
    assert release is not None and release.name.startswith("2026-06-02")
    status = _status(shop)
    assert status["status"] == "published" and status["targets"][0]["error"] == line.error  # type: ignore[index]

    wrong = _publish(shop, monkeypatch)
    assert wrong.exit_code == 5 and "password authentication failed" in wrong.output
    monkeypatch.setenv("BI_PASSWORD", PASSWORD)
    again = shop.run("2026-06-02")
    assert again.status == "nothing new"
    [line] = again.targets
    assert line.error is None and line.release == release.name and line.tables_loaded > 20
    assert bi_postgresql.psql("select release from ops.siyu_release", "shop") == release.name
    done = _publish(shop, monkeypatch)
    assert done.exit_code == 0 and "already there" in done.output
    assert _status(shop)["targets"][0]["error"] is None  # type: ignore[index]
    said = (wrong.output + done.output).encode()
    for path in [p for p in (shop.root / "warehouse").rglob("*") if p.is_file()]:
        said += path.read_bytes()
    for secret in (OTHER, PASSWORD, "an0ther%2Fp%40ss%25word"):
        assert secret.encode() not in said


def test_a_target_without_a_connection_stops_the_night_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIYU_TARGETS", "postgresql")
    for command in ("run", "publish"):
        result = CliRunner().invoke(app, [command])
        assert result.exit_code == 2
        assert "the target postgresql has no connection" in result.output
    monkeypatch.setenv("SIYU_POSTGRESQL", "postgresql://bi:geh@im#1@db/bi")
    broken = CliRunner().invoke(app, ["run"])
    assert broken.exit_code == 2
    assert "its password has characters" in broken.output and "geh" not in broken.output
    assert not (tmp_path / "warehouse" / "releases").exists()
