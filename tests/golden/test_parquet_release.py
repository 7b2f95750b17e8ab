"""Releases whose large tables are Parquet files: the same tables for readers and for later nights."""

from __future__ import annotations

import stat
from pathlib import Path

import duckdb
import pytest

from siyu.ask.lookup import current_release
from siyu.ask.release_diff import diff_releases
from siyu.dev.plan import make_plan
from siyu.release.releases import PARQUET_FILES, PUBLIC, RESTRICTED, RESTRICTED_PARQUET, Release, current, releases
from siyu.report.site.writing import SiteFacts, write_site
from siyu.settings import load_settings
from tests.golden.canaries import Canaries, search
from tests.golden.canary_files import write_world
from tests.golden.shop import FIRST_DAY, SALT, Shop, only_suites
from tests.golden.test_canaries import CHANNELS, leaks_of
from tests.shared import Shared

pytestmark = [pytest.mark.after_first_night, pytest.mark.xdist_group("parquet_release")]

SECOND_DAY, THIRD_DAY = "2026-06-02", "2026-06-03"
VARIABLE = "SIYU_PUBLISH_PARQUET_FROM"
COLUMNS = (
    "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() where not internal"
    " order by all"
)
COMMENTS = (
    "select schema_name, table_name, comment from duckdb_tables()"
    " union all select schema_name, view_name, comment from duckdb_views() where not internal order by all"
)


def _current(shop: Shop) -> Release:
    found = current(shop.root / "warehouse")
    assert found is not None
    return found


def _rows(release: Release) -> dict[str, int]:
    return {name: table["rows"] for name, table in release.manifest["tables"].items()}


@pytest.fixture
def pair(shop: Shop, shared: Shared, monkeypatch: pytest.MonkeyPatch) -> tuple[Shop, Shop]:
    """A shop whose rows are in DuckDB files, and the same shop with all rows in Parquet. Both have two nights. Tests
    read them."""
    found = shared.once("two_forms", lambda root: _two_nights(shop, root))
    monkeypatch.setenv(VARIABLE, "1")
    return found


def _two_nights(shop: Shop, root: Path) -> tuple[Shop, Shop]:
    plain, other = shop.copy_to(root / "plain"), shop.copy_to(root / "parquet")
    plain.deliver(SECOND_DAY)
    plain.run(SECOND_DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "1")
        assert other.run(FIRST_DAY).status == "published", "the setting is a reason for a new release"
        other.deliver(SECOND_DAY)
        other.run(SECOND_DAY)
    return plain, other


def test_both_forms_have_the_same_tables(pair: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    """The second night compares itself with the first, whose raw values are in Parquet."""
    plain, other = pair
    assert _current(other).manifest["tables"] == _current(plain).manifest["tables"]
    for file in (PUBLIC, RESTRICTED):
        for query in (COLUMNS, COMMENTS):
            assert other.rows(query, file) == plain.rows(query, file)
    filled = {name for name, rows in _rows(_current(other)).items() if rows}
    views = "select schema_name || '.' || view_name from duckdb_views() where contains(sql, 'read_parquet(')"
    assert {name for (name,) in other.rows(views, PUBLIC)} == filled
    assert plain.rows(views, PUBLIC) == []
    monkeypatch.chdir("/")
    raw = "select id_type, id_value, one_id from identity.one_id order by all"
    assert other.rows(raw) == plain.rows(raw) != []


def test_raw_values_are_in_a_folder_of_their_own(pair: tuple[Shop, Shop]) -> None:
    _, other = pair
    release = _current(other).path
    assert stat.S_IMODE((release / RESTRICTED_PARQUET).stat().st_mode) == 0o700
    assert stat.S_IMODE(release.stat().st_mode) & 0o077
    found = list((release / PARQUET_FILES).rglob("*.parquet"))
    assert len(found) > 10
    with duckdb.connect() as con:
        for path in found:
            columns = [row[0] for row in con.execute(f"describe from '{path}'").fetchall()]
            assert not {"mobile", "full_name", "id_value", "record_id"} & set(columns), path
            assert b"13900000001" not in path.read_bytes()
        [people] = con.execute(f"select mobile from '{release}/restricted/identity/person.parquet'").fetchall()[:1]
    assert people[0]
    assert not [path for path in release.parent.iterdir() if path.is_symlink()]


def test_no_identifier_is_in_the_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Canaries stand in everything that channels deliver, also in columns without a mark."""
    monkeypatch.setenv("SIYU_SALT", SALT)
    monkeypatch.setenv(VARIABLE, "1")
    monkeypatch.setattr("siyu.check.suites.layer_files", only_suites("ops/*"))
    shop, canaries = Shop(tmp_path), Canaries()
    write_world(shop, canaries)
    assert shop.run(FIRST_DAY, CHANNELS).status == "published"
    warehouse = shop.root / "warehouse"
    found = search(warehouse)
    assert leaks_of(canaries, warehouse, found) == []
    folders = {"/".join(name.split("/")[2:-1]) for name in found if name.startswith("releases/") and found[name]}
    assert {"restricted/identity", "restricted/records"} <= folders


def test_a_warehouse_that_was_moved_goes_on(pair: tuple[Shop, Shop], tmp_path: Path) -> None:
    """Views have the paths of before, so the next night reads the files of the last one themselves. Who has opened a
    release goes on reading it."""
    plain, other = pair
    moved = other.copy_to(tmp_path / "moved")  # the first one stays, but no night may read files outside its warehouse
    expected = plain.copy_to(tmp_path / "plain")
    for one in (moved, expected):
        one.deliver(THIRD_DAY)
    moved.run(THIRD_DAY)
    count = "select count(*) from identity.one_id"
    with duckdb.connect(str(moved.root / "warehouse" / "current" / PUBLIC), read_only=True) as reader:
        before = reader.execute(count).fetchall()
        moved.deliver("2026-06-04")
        moved.run("2026-06-04")
        assert reader.execute(count).fetchall() == before < [(moved.value(count),)]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE)
        expected.run(THIRD_DAY)
    third = next(one for one in releases(moved.root / "warehouse") if one.as_of.isoformat() == THIRD_DAY)
    assert third.manifest["tables"] == _current(expected).manifest["tables"]


def test_commands_read_either_form(pair: tuple[Shop, Shop], tmp_path: Path) -> None:
    plain, other = pair
    with current_release(other.settings()) as found, current_release(plain.settings()) as expected:
        query = "select * from {} order by all"
        tables = [(release, release.table("person")) for release in (found, expected)]
        rows = [release.session.rows(query.format(table)) for release, table in tables]
        assert rows[0] == rows[1] != []
    first, second = (one for one in releases(other.root / "warehouse") if one.run_id > 1)
    assert not diff_releases(other.settings(), first.name, second.name).is_same
    assert diff_releases(other.settings(), second.name, str(_current(plain).path)).is_same
    planned = make_plan(other.settings(), (), None, lambda event: None)
    assert planned.changes.is_nothing and planned.diff.is_same and planned.runs == ()
    facts = SiteFacts(second.name, second.as_of)
    assert write_site(second.path, tmp_path / "site", facts, other.settings()) == []


def test_small_tables_stay_in_the_duckdb_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.deliver(SECOND_DAY)
    monkeypatch.setenv(VARIABLE, "3")
    monkeypatch.setenv("SIYU_PUBLISH_PARQUET", "true")
    shop.run(SECOND_DAY)
    rows, tables = _rows(_current(shop)), "select schema_name || '.' || table_name from duckdb_tables()"
    held = {name for (name,) in shop.rows(tables, PUBLIC) if not name.startswith("ops.")}
    assert held == {name for name, count in rows.items() if count < 3}
    assert 0 < len(held) < len(rows)
    files = {".".join(path.parts[-2:]) for path in (_current(shop).path / PARQUET_FILES).rglob("*.parquet")}
    assert {f"{name}.parquet" for name in rows} <= files, "each table is a file once"


def test_what_a_run_left_that_died_is_no_release(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    root = shop.root / "warehouse" / "releases"
    draft = root / ".draft-000009"
    draft.mkdir()
    (root / "2026-06-02-000009").symlink_to(draft.name)
    assert [release.run_id for release in releases(shop.root / "warehouse")] == [1]
    monkeypatch.setenv(VARIABLE, "1")
    shop.run(FIRST_DAY)
    assert sorted(path.name for path in root.iterdir() if path.name[0] != ".") == [
        "2026-06-01-000001", "2026-06-01-000002",
    ]  # fmt: skip
    assert not draft.exists()


def test_a_number_of_rows_is_at_least_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(tmp_path).publish_parquet_from is None
    monkeypatch.setenv(VARIABLE, "0")
    with pytest.raises(Exception, match="publish_parquet_from: must be at least 1"):
        load_settings(tmp_path)
