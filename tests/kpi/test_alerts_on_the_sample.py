"""Alerts of the last 30 nights of the sample: silent on quiet days, and watched when people answer a mass message."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import duckdb
import pytest

from tests.golden.conftest import SAMPLE, Ran
from tests.golden.exported import Exported

WATCHED = "status in ('ok', 'watch', 'alert')"
# A send to more people than are active on two usual days is no usual day.
MASS = 100


@pytest.fixture(scope="module")
def mass_messages() -> set[date]:
    """The days on which marketing wrote to everybody at once."""
    sends = Counter(date.fromisoformat(str(row["sent_at"])[:10]) for row in Exported(SAMPLE).things("outreach/sends"))
    return {day for day, count in sends.items() if count >= MASS}


def test_alerts_of_the_last_thirty_nights(night: Ran, mass_messages: set[date]) -> None:
    with duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True) as con:
        last = con.execute("select max(as_of_date) from kpi.kpi_value").fetchall()[0][0]
        rows = con.execute(
            "select kpi_code, dimension, member, as_of_date, status from kpi.kpi_value"
            f" where as_of_date > ?::date - 30 and {WATCHED}",
            [last],
        ).fetchall()
    assert mass_messages & {last - timedelta(days) for days in range(30)}
    # On its last day the simulator makes everybody known who was not, by forms and logins: no quiet day.
    watched = {row[:3] for row in rows}
    alerted = {
        (code, dimension, member) for code, dimension, member, day, status in rows if status == "alert" and day != last
    }
    assert len(watched) > 500
    assert len(alerted) <= len(watched) / 100
    before, first = sorted(day for day in mass_messages if day <= last)[-2:]
    assert ("dau", "total", None, first, "watch") in rows
    assert ("wau", "total", None, before + timedelta(7), "ok") in rows, "they are no longer people of the week"
