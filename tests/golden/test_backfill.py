"""A range of past business dates: which dates, in which order, what they land, and how they go on."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.errors import ConfigError, WarehouseBusy
from siyu.night import backfill
from siyu.night.backfill import Backfill, Range
from siyu.release.releases import current, releases
from siyu.report.date_results import DateResult, backfill_markdown, duration
from siyu.report.events import Event
from siyu.report.status import read_status
from siyu.warehouse.ledger import Ledger
from siyu.warehouse.lock import lock
from tests.golden.shop import FAILING, RECORDS, Shop

DAYS = ("2026-06-02", "2026-06-03")


@pytest.fixture(autouse=True)
def _without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "PAUSE", 0.0)


def run(shop: Shop, first: str, last: str, **options: Any) -> list[DateResult]:
    asked = Range(date.fromisoformat(first), date.fromisoformat(last), **options)
    with shop.building_only(), Backfill(shop.settings(), asked) as running:
        for day in running.remaining():
            running.run(day)
    return running.summary()


def statuses(results: list[DateResult]) -> list[tuple[str, str]]:
    return [(result.as_of.isoformat(), result.status) for result in results]


def runs(shop: Shop) -> Iterator[dict[str, Any]]:
    ledger = Ledger(shop.root / "warehouse" / "ledger.sqlite")
    yield from ledger.runs()
    ledger.close()


def hold_for_a_moment(shop: Shop) -> None:
    """Lock the warehouse as another run does. A thread releases only a lock that it has itself."""
    held = threading.Event()

    def hold() -> None:
        own = lock(shop.root / "warehouse")
        held.set()
        time.sleep(1.5)
        own.release()

    threading.Thread(target=hold).start()
    held.wait()


@pytest.mark.after_first_night
def test_dates_of_a_shop_with_nights(shop: Shop) -> None:
    """They land nothing, leave the status page alone, and count as done even if their releases are gone."""
    shop.only = RECORDS
    for day in DAYS:
        shop.deliver(day)
    shop.write("exports/exports.yml", "as_of: 2026-06-04\n")
    late = shop.run("2026-06-04")
    before, status = current(shop.root / "warehouse"), read_status(shop.root / "warehouse")
    shop.deliver("2026-06-04")
    first = run(shop, *DAYS)
    assert statuses(first) == [(DAYS[0], "published"), (DAYS[1], "published")]
    assert [str(r.manifest["previous_release"])[:10] for r in releases(shop.root / "warehouse")][1:3] == [
        "2026-06-01", DAYS[0],
    ]  # fmt: skip
    assert current(shop.root / "warehouse") == before and before is not None and before.name == late.release.name  # type: ignore[union-attr]
    assert read_status(shop.root / "warehouse") == status
    ledger = Ledger(shop.root / "warehouse" / "ledger.sqlite")
    assert len(ledger.landings()) == 2, "nothing new has landed"
    ledger.close()

    shutil.rmtree(shop.root / "warehouse" / "releases" / str(first[0].release))
    again = run(shop, *DAYS)
    assert statuses(again) == [(DAYS[0], "nothing new"), (DAYS[1], "nothing new")]
    assert [result.release for result in again] == [result.release for result in first]
    assert [result.is_kept for result in again] == [False, True]
    assert "removed by retention" in backfill_markdown(again)

    only_missing = run(shop, "2026-06-01", "2026-06-04", only_missing=True)
    assert {result.status for result in only_missing} == {"published before"}
    assert statuses(run(shop, "2026-06-04", "2026-06-04")) == [("2026-06-04", "nothing new")]


def test_the_first_date_of_an_empty_warehouse_lands_as_of_today(shop: Shop) -> None:
    """Files of later dates must not look older than they are: the channel would be stale on each later date."""
    shop.only = RECORDS
    shop.deliver(DAYS[0])
    shop.write("exports/exports.yml", "as_of: 2026-09-30\n")
    results = run(shop, "2026-05-31", "2026-06-02")
    assert statuses(results) == [("2026-05-31", "failed"), ("2026-06-01", "not run"), ("2026-06-02", "not run")]
    assert "no record that has landed is of 2026-05-31 or earlier" in str(results[0].error)
    assert current(shop.root / "warehouse") is None
    assert statuses(run(shop, "2026-06-01", "2026-06-01")) == [("2026-06-01", "published")]
    ledger = Ledger(shop.root / "warehouse" / "ledger.sqlite")
    assert list(ledger.landings().values()) == [date(2026, 9, 30)]
    ledger.close()
    assert shop.value("select max(occurred_at)::date from records.deal") == date(2026, 6, 1)


@pytest.mark.after_first_night
def test_a_failed_date_stops_the_others_unless_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.only = (*RECORDS, "identity.person")
    shop.write("exports/exports.yml", "as_of: 2026-06-03\n")
    suite = shop.write("layer/expectations/identity/person.yml", FAILING)
    stopped = run(shop, *DAYS)
    assert statuses(stopped) == [(DAYS[0], "failed"), (DAYS[1], "not run")]
    assert "critical expectations failed" in backfill_markdown(stopped)
    asked = Range(*map(date.fromisoformat, DAYS), keep_going=True)
    failing = Backfill(shop.settings(), asked)
    ran: list[date] = []
    with shop.building_only(), failing:
        for day in failing.remaining():
            if ran:
                suite.unlink()
            ran.append(failing.run(day).as_of)
    assert statuses(failing.summary()) == [(DAYS[0], "failed"), (DAYS[1], "published")]
    assert failing.exit_code == 1
    assert failing.resume == f"To continue: siyu backfill --from {DAYS[0]} --to {DAYS[1]}"


@pytest.mark.after_first_night
def test_runs_wait_for_each_other(shop: Shop) -> None:
    """A night waits while a backfill is running; a date waits for a night; a second backfill is refused at once."""
    shop.only = RECORDS
    shop.write("exports/exports.yml", "as_of: 2026-06-02\n")
    asked = Range(date(2026, 6, 2), date(2026, 6, 2))
    told: list[Event] = []
    with shop.building_only(), Backfill(shop.settings(), asked) as running:
        with pytest.raises(WarehouseBusy, match="another backfill is running"), Backfill(shop.settings(), asked):
            pass
        hold_for_a_moment(shop)
        assert running.run(date(2026, 6, 2), told.append).status == "published"
        assert [event.kind for event in told].count("waiting") == 1
        hold_for_a_moment(shop)
        assert shop.run("2026-06-02").status == "nothing new"
    held = lock(shop.root / "warehouse")
    with pytest.raises(WarehouseBusy, match="another run holds the warehouse"):
        shop.run("2026-06-02")
    short = run(shop, "2026-06-02", "2026-06-02", max_wait=0.1, keep_going=True)
    held.release()
    assert statuses(short) == [("2026-06-02", "failed")] and isinstance(short[0].error, WarehouseBusy)


def test_wrong_ranges(shop: Shop) -> None:
    shop.write("exports/exports.yml", "as_of: 2026-06-30\n")
    with pytest.raises(ConfigError) as caught:
        run(shop, "2026-07-02", "2026-07-01")
    assert [str(error) for error in caught.value.errors] == [  # type: ignore[attr-defined]
        "error: 2026-07-02 is after 2026-07-01\n  where: --from, --to\n"
        "  fix:   the first date comes first, the last date is included. Nothing was built or published.",
        "error: 2026-07-02 is not a past business date: the last one is 2026-06-30\n  where: --from\n"
        "  fix:   end with 2026-06-30. Nothing was built or published.",
        "error: 2026-07-01 is not a past business date: the last one is 2026-06-30\n  where: --to\n"
        "  fix:   end with 2026-06-30. Nothing was built or published.",
    ]
    assert not (shop.root / "warehouse").exists()


def test_the_command_refuses_a_wrong_range(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_EXPORTS", str(shop.root / "exports"))
    monkeypatch.chdir(shop.root)
    result = CliRunner().invoke(app, ["backfill", "--from", "2026-06-02", "--to", "2026-06-01"])
    assert result.exit_code == 2 and "2026-06-02 is after 2026-06-01" in result.output


def test_time_left() -> None:
    asked = Range(date(2026, 6, 1), date(2026, 6, 10))
    running = Backfill.__new__(Backfill)
    running.dates = [date(2026, 6, day) for day in range(1, 11)]
    running.asked, running._skipped = asked, []
    running.results = [DateResult(running.dates[0], "nothing new", 2.0)]
    assert running.progress == "1 of 10 dates"
    running.results += [
        DateResult(running.dates[1], "published", 80.0),
        DateResult(running.dates[2], "published", 40.0),
    ]
    assert running.progress == "3 of 10 dates, about 7 min left"
    assert [duration(seconds) for seconds in (40, 720, 11100)] == ["40 s", "12 min", "3 h 05 min"]
