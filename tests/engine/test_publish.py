"""Releases: the swap never goes back, retention keeps what may still be read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from siyu.compile.project import Column
from siyu.engines.base import HASH_VERSION, RunInputs
from siyu.engines.duckdb import ROW_NUMBERS, DuckEngine, DuckSession
from siyu.release.columns import HASH_CHARACTERS, public_list, published_columns, restricted_list
from siyu.release.history import previous_run
from siyu.release.releases import Release, current, expire, releases, swap
from siyu.warehouse.ledger import Ledger

NOW = datetime(2026, 7, 1, 3, tzinfo=UTC)


def _release(warehouse: Path, day: date, run_id: int, written: datetime, previous: str | None = None) -> Release:
    folder = warehouse / "releases" / f"{day}-{run_id:06d}"
    folder.mkdir(parents=True)
    manifest = {"as_of": str(day), "run_id": run_id, "known_by": None, "previous_release": previous, "tables": {}}
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    os.utime(path, (written.timestamp(), written.timestamp()))
    return next(release for release in releases(warehouse) if release.run_id == run_id)


def test_the_swap_never_goes_back(tmp_path: Path) -> None:
    newer = _release(tmp_path, date(2026, 6, 30), 1, NOW)
    older = _release(tmp_path, date(2026, 6, 29), 2, NOW)
    assert swap(tmp_path, newer)
    assert not swap(tmp_path, older)
    found = current(tmp_path)
    assert found is not None and found.name == newer.name
    again = _release(tmp_path, date(2026, 6, 30), 3, NOW)
    assert swap(tmp_path, again)
    assert (tmp_path / "current").readlink() == Path("releases") / again.name


def _published(ledger: Ledger, day: str, previous: str | None = None, known_by: str | None = None) -> str:
    run_id = ledger.begin_run("2026-07-01 00:00:00")
    name = f"{day}-{run_id:06d}"
    ledger.update_run(
        run_id, status="published", as_of=day, known_by=known_by, release=name, previous_release=previous, ended_at="x"
    )
    return name


def test_previous_is_of_the_newest_earlier_date_and_a_rerun_keeps_its_own(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert previous_run(ledger, date(2026, 6, 28)) is None
    first = _published(ledger, "2026-06-28")
    second = _published(ledger, "2026-06-30", previous=first)
    _published(ledger, "2026-06-29", previous=first)
    _published(ledger, "2026-06-29", previous=first, known_by="2026-06-29")
    names = {
        day: found.name if (found := previous_run(ledger, date(2026, 6, day))) else None for day in (27, 28, 29, 30)
    }
    assert names == {27: None, 28: None, 29: first, 30: first}
    following = previous_run(ledger, date(2026, 7, 1))
    assert following is not None and following.name == second
    ledger.close()


def test_retention_keeps_days_month_ends_and_yesterday(tmp_path: Path) -> None:
    start = date(2026, 1, 1)
    for number in range(181):
        day = start + timedelta(days=number)
        written = NOW - timedelta(days=180 - number)
        newest = _release(tmp_path, day, number + 1, written)
    swap(tmp_path, newest)
    removed = expire(tmp_path, NOW)
    kept = [release.as_of for release in releases(tmp_path)]
    assert len(removed) + len(kept) == 181
    assert kept[-14:] == [date(2026, 6, 17) + timedelta(days=i) for i in range(14)]
    assert kept[:-14] == [date(2026, m, d) for m, d in ((1, 31), (2, 28), (3, 31), (4, 30), (5, 31))]
    assert expire(tmp_path, NOW) == []


def test_a_release_current_within_a_day_stays(tmp_path: Path) -> None:
    """Four reruns of one date, twelve hours apart: what was replaced more than a day ago goes."""
    day = date(2026, 6, 30)
    for number in range(1, 5):
        release = _release(tmp_path, day, number, NOW - timedelta(hours=61 - 12 * number))
        swap(tmp_path, release)
        for stamp in (tmp_path / "releases").glob(f".*{number - 1:06d}.was-current"):
            replaced = NOW - timedelta(hours=61 - 12 * number)
            os.utime(stamp, (replaced.timestamp(), replaced.timestamp()))
    expire(tmp_path, NOW)
    assert [release.run_id for release in releases(tmp_path)] == [3, 4]


def test_a_restated_date_does_not_age_the_release_that_is_read(tmp_path: Path) -> None:
    """The current release of long ago is replaced now: readers may have opened it a moment ago."""
    old = _release(tmp_path, date(2026, 6, 30), 1, NOW - timedelta(days=3))
    swap(tmp_path, old)
    _release(tmp_path, date(2026, 6, 1), 2, NOW - timedelta(hours=30))
    swap(tmp_path, _release(tmp_path, date(2026, 6, 30), 3, NOW))
    expire(tmp_path, datetime.now(UTC))
    assert [release.run_id for release in releases(tmp_path) if release.as_of == old.as_of] == [1, 3]


def test_a_release_of_known_by_does_not_displace_a_nightly_one(tmp_path: Path) -> None:
    nightly = _release(tmp_path, date(2026, 6, 27), 1, NOW - timedelta(days=5))
    swap(tmp_path, nightly)
    asked = _release(tmp_path, date(2026, 6, 27), 2, NOW - timedelta(days=2))
    manifest = json.loads((asked.path / "manifest.json").read_text(encoding="utf-8"))
    (asked.path / "manifest.json").write_text(json.dumps({**manifest, "known_by": "2026-06-27"}), encoding="utf-8")
    os.utime(asked.path / "manifest.json", ((NOW - timedelta(days=2)).timestamp(),) * 2)
    swap(tmp_path, _release(tmp_path, date(2026, 6, 28), 3, NOW))
    assert expire(tmp_path, NOW) == [asked.name]
    assert [release.run_id for release in releases(tmp_path)] == [1, 3]


def test_a_folder_without_a_manifest_is_no_release(tmp_path: Path) -> None:
    (tmp_path / "releases" / "2026-06-30-000001").mkdir(parents=True)
    assert releases(tmp_path) == []
    assert current(tmp_path) is None


@pytest.fixture
def session() -> Iterator[DuckSession]:
    engine = DuckEngine(None, RunInputs("2026-01-31", "Asia/Shanghai", "k"), threads=2)
    yield engine.session()
    engine.close()


def test_many_small_tables_take_little_room(tmp_path: Path) -> None:
    """A table takes whole blocks. A commit writes no log, and what was committed is in the file when it is detached."""
    engine = DuckEngine(tmp_path / "build.duckdb", RunInputs("2026-01-31", "Asia/Shanghai", "k"), threads=2)
    session, file = engine.session(), tmp_path / "siyu.duckdb"
    engine.attach(file, "release", writable=True)
    for number in range(40):
        session.execute(f"create table release.t{number} as select i, 'text ' || i as b from range(300) as r(i)")
        session.execute(f"comment on table release.t{number} is 'Table {number}.'")
    assert not file.with_name("siyu.duckdb.wal").exists()
    engine.detach("release")
    assert file.stat().st_size < 40 * 2**17
    engine.attach(file, "again", writable=False)
    told = "select count(*), count(comment) from duckdb_tables() where database_name = 'again'"
    assert session.rows(told) == [(40, 40)]
    assert session.value("select sum(i)::bigint from again.t39") == 300 * 299 / 2
    engine.close()


# One value of every kind of type that models yield.
ROW = "'张三' as a, 'a long text of more than twelve bytes' as b, 7::bigint as c, 1.5::decimal(18, 4) as d,"
ROW += " timestamp '2026-06-30 01:02:03' as e, date '2026-06-30' as f, true as g, null::varchar as h, 0.1::double as i"


def test_the_content_hash_is_that_of_every_supported_engine(session: DuckSession) -> None:
    """DuckDB may change hash(). If this fails after an upgrade, give the new formula a new HASH_VERSION."""
    found = {version: session.content_hash(f"(select {ROW})", version) for version in ROW_NUMBERS}
    sums = {1: "2052548508898357153", 2: "15099862081373212541", HASH_VERSION: "12365038958113022149"}
    assert found == {version: (1, f"1:{number}") for version, number in sums.items()}


def test_the_content_hash_covers_every_column_and_no_order(session: DuckSession) -> None:
    rows = "select i, i % 7 as b, nullif(i % 5, 0)::varchar as c from range(300000) as r(i)"
    session.execute(f"create table straight as {rows}")
    session.execute("create table shuffled as select * from straight order by hash(i)")
    expected = session.content_hash("straight")
    assert session.content_hash("shuffled") == expected
    for changed in ("i + (i = 9)::bigint as i, b, c", "i, b + (i = 9)::bigint as b, c", "i, b, coalesce(c, '') as c"):
        assert session.content_hash(f"(select {changed} from straight)")[1] != expected[1]


def test_the_content_hash_tells_which_row_has_which_value(session: DuckSession) -> None:
    """Two rows that exchange a value leave each column as it was."""
    session.execute(
        "create table pairs as select i as one, i + 1 as other, i % 2 = 0 as is_even from range(2000) as r(i)"
    )
    expected = session.content_hash("pairs")
    for at in range(0, 2000, 100):
        turned = f"select one, other, is_even <> (one in ({at}, {at + 1})) as is_even from pairs"
        assert session.content_hash(f"({turned})") != expected


@pytest.mark.parametrize("value", ["13800138000", "王小明", ""])
def test_a_published_hash_is_a_prefix_of_the_keyed_hash(session: DuckSession, value: str) -> None:
    listed = public_list(published_columns([Column("mobile", "VARCHAR", "", pii=True)]), is_restricted=False)
    rows = session.rows(f"select {listed}, fn_keyed_hash(mobile) from (select ? as mobile)", [value])
    short, _, long = rows[0]
    assert len(short) == HASH_CHARACTERS and long.startswith(short)


def test_a_sentence_has_no_mask_because_a_name_may_stand_at_its_end(session: DuckSession) -> None:
    listed = public_list(published_columns([Column("text_for", "VARCHAR", "", pii=True)]), is_restricted=False)
    session.execute(f"create table sentences as select {listed} from (select 'the same name 林超' as text_for)")
    assert [column.name for column in session.columns("sentences")] == ["text_for_hash"]
    assert "林超" not in str(session.rows("select * from sentences"))


MOVES = (
    Column("mobile", "VARCHAR", "Number.", pii=True),
    Column("moved_at", "TIMESTAMP", "UTC.", pii=False),
    Column("occurred_at", "TIMESTAMP", "UTC.", pii=False),
    Column("occurred_date", "DATE", "The model's own.", pii=False),
    Column("looked_at", "VARCHAR", "A text.", pii=False),
)


def test_a_published_moment_has_its_business_date_beside_it(session: DuckSession) -> None:
    """23:00 and 01:00 of Beijing are one date in UTC, and two business dates. NULL stays NULL."""
    session.execute(
        "create table moves as select mobile, moved_at::timestamp as moved_at, moved_at::timestamp as occurred_at,"
        " date '2020-01-01' as occurred_date, 'x' as looked_at from (values ('1', '2026-06-30 15:00:00'),"
        " ('2', '2026-06-30 17:00:00'), ('3', null)) as v (mobile, moved_at)"
    )
    columns = published_columns(MOVES)
    session.execute(f"create table restricted_moves as select {restricted_list(columns)} from moves")
    assert [c.name for c in session.columns("restricted_moves")] == [
        "mobile", "moved_at", "moved_date", "occurred_at", "occurred_date", "looked_at"
    ]  # fmt: skip
    session.execute(f"create table public_moves as select {public_list(columns, True)} from restricted_moves")
    assert [c.name for c in session.columns("public_moves")] == [
        "mobile_hash", "mobile_masked", "moved_at", "moved_date", "occurred_at", "occurred_date", "looked_at"
    ]  # fmt: skip
    rows = session.rows("select moved_date::varchar, occurred_date::varchar from public_moves order by moved_at")
    assert rows == [("2026-06-30", "2020-01-01"), ("2026-07-01", "2020-01-01"), (None, "2020-01-01")]
    direct = session.rows(f"select {public_list(columns, False)} from moves order by moved_at")
    assert direct == session.rows("select * from public_moves order by moved_at")
    assert {c.name: c.description for c in columns}["moved_date"] == "Business date of moved_at."


def test_a_release_of_the_future_never_wins_over_one_of_today(tmp_path: Path) -> None:
    """A clock was wrong for one night. The next night becomes current, and a restatement does not change that."""
    today = date(2026, 7, 1)
    past = _release(tmp_path, date(2026, 6, 29), 1, NOW)
    swap(tmp_path, past, today)
    future = _release(tmp_path, date(2026, 12, 31), 2, NOW)
    assert swap(tmp_path, future, date(2027, 1, 1))
    restated = _release(tmp_path, date(2026, 6, 1), 3, NOW)
    assert not swap(tmp_path, restated, today)
    found = current(tmp_path)
    assert found is not None and found.name == past.name

    assert swap(tmp_path, future, date(2027, 1, 1))
    tonight = _release(tmp_path, date(2026, 6, 30), 4, NOW)
    assert swap(tmp_path, tonight, today)
    meant = _release(tmp_path, date(2026, 12, 31), 5, NOW)
    assert swap(tmp_path, meant, today), "a run that asks for a future date gets it"
    assert not swap(tmp_path, _release(tmp_path, date(2026, 12, 30), 6, NOW), today)


def test_what_was_published_for_a_future_date_is_withdrawn(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    first = _published(ledger, "2026-06-30")
    future = _published(ledger, "2026-12-31", previous=first)
    assert ledger.withdraw_after(date(2026, 7, 1)) == [future]
    assert ledger.withdraw_after(date(2026, 7, 1)) == []
    assert [row["status"] for row in ledger.runs()] == ["published", "withdrawn"]
    # When that date comes, its night compares with the night before it, not with the one of the wrong clock.
    newest = _published(ledger, "2026-12-30", previous=first)
    found = previous_run(ledger, date(2026, 12, 31))
    assert found is not None and found.name == newest
    ledger.close()


def test_a_release_of_the_future_takes_no_place_in_retention(tmp_path: Path) -> None:
    _release(tmp_path, date(2027, 1, 31), 1, NOW - timedelta(days=3))
    later = _release(tmp_path, date(2027, 2, 28), 2, NOW + timedelta(days=200))
    swap(tmp_path, _release(tmp_path, date(2026, 6, 30), 3, NOW))
    assert expire(tmp_path, NOW) == ["2027-01-31-000001"], "the other may have been written now, by a wrong clock"
    assert expire(tmp_path, NOW + timedelta(hours=25)) == [later.name]


def test_thirty_nights_caught_up_in_a_day_do_not_stay(tmp_path: Path) -> None:
    """The release of before is read for a day; of the thirty, 14 dates, the last month end, and the last three more."""
    before = _release(tmp_path, date(2026, 5, 10), 1, NOW - timedelta(days=40))
    swap(tmp_path, before)
    for number in range(30):
        written = NOW - timedelta(minutes=10 * (30 - number))
        swap(tmp_path, _release(tmp_path, date(2026, 6, 1) + timedelta(days=number), number + 2, written))
        for stamp in (tmp_path / "releases").glob(f".*{number + 1:06d}.was-current"):
            os.utime(stamp, (written.timestamp(), written.timestamp()))
        expire(tmp_path, written)
    kept = [release.as_of for release in releases(tmp_path)]
    assert kept == [date(2026, 5, 10), *(date(2026, 6, day) for day in range(14, 31))]
    expire(tmp_path, NOW + timedelta(hours=25))
    assert len(releases(tmp_path)) == 15
