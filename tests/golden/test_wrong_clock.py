"""A clock that was wrong for one night: later nights publish and compare as if that night had not happened."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from siyu import clock
from siyu.errors import ConfigError, exit_code
from siyu.night.request import Request, check_as_of
from siyu.night.run import run_night
from siyu.release.releases import current
from siyu.report.summary import Report
from siyu.settings import load_settings
from siyu.warehouse.ledger import Ledger
from tests.golden.shop import Shop


@pytest.mark.after_first_night
def test_the_night_after_a_wrong_clock_is_current(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def night(now: str) -> Report:
        monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(now).replace(tzinfo=UTC))
        return run_night(shop.settings(), Request())

    shop.write("exports/shop/contacts_20260602.csv", "contact_id,name,mobile,updated_at\n")
    wrong = night("2026-06-21 01:30:00")
    assert wrong.as_of == date(2026, 6, 20) and wrong.is_current

    right = night("2026-06-03 01:30:00")
    assert right.as_of == date(2026, 6, 2) and right.is_current
    found = current(shop.root / "warehouse")
    assert found is not None and found.as_of == date(2026, 6, 2)
    assert found.manifest["previous_release"] == "2026-06-01-000001", "it compares with the night before"
    name = f"2026-06-20-{wrong.run_id:06d}"
    told = [line for line in right.limits() if not line.startswith("families")]
    assert told == [f"withdrawn 已撤回: {name}, because its business date is in the future"]
    assert shop.value("select count(*) from ops.file_ledger where landed_date > date '2026-06-02'") == 0

    ledger = Ledger(shop.root / "warehouse" / "ledger.sqlite")
    assert ledger.last_published(date(2026, 6, 20), None) is None
    assert {file.corrected_date for file in ledger.files() if file.landed_seq == 2} == {"2026-06-02"}
    ledger.close()


def test_a_date_after_today_is_refused_unless_it_is_meant(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 6, 2, 1, 30, tzinfo=UTC))
    exports = shop.write("exports/exports.yml", "as_of: 2026-06-03\n")
    ledger, settings = Ledger(tmp_path / "ledger.sqlite"), shop.settings()
    for request, where in ((Request(), str(exports)), (Request(as_of=date(2026, 6, 3)), "--as-of")):
        with pytest.raises(ConfigError, match="as_of 2026-06-03 is in the future: today is 2026-06-02") as error:
            check_as_of(settings, request, date(2026, 6, 3), ledger)
        assert error.value.where == where and "--allow-future" in error.value.fix and exit_code(error.value) == 2
    check_as_of(settings, Request(allow_future=True), date(2026, 6, 3), ledger)
    check_as_of(settings, Request(), date(2026, 6, 2), ledger)
    check_as_of(load_settings(tmp_path), Request(), date(2026, 6, 30), ledger)  # the sample has fixed dates
    ledger.close()
