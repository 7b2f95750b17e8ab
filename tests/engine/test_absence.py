"""An export that did not come on one of the first nights."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from siyu.landing.comparison import comparisons
from siyu.landing.unusual import Limits
from siyu.seeds.variables import load_vars
from siyu.settings import load_settings
from siyu.warehouse.ledger import LandedFile
from tests.engine.test_landing import contract

WEDNESDAY, SATURDAY = date(2026, 1, 28), date(2026, 1, 31)
TOLD = "shop.orders: no new file with rows tonight; it came on each of the last {} nights"


@pytest.fixture(scope="module")
def limits(tmp_path_factory: pytest.TempPathFactory) -> Limits:
    return Limits.of(load_vars(load_settings(tmp_path_factory.mktemp("settings"))))


def _file(day: date, rows: int, name: str, status: str = "landed") -> LandedFile:
    seq = day.toordinal()
    told = (seq, "shop", "orders", name, None, f"{name}{seq}", f"{name}{seq}", "")
    return LandedFile(*told, rows, rows, 0, status, None, None, None, "")


def _told(limits: Limits, today: date, counts: Sequence[int], name: str = "orders_{}.csv", **export: Any) -> str:
    """What is told today, if the nights before brought so many rows, after a first one with the history."""
    days = [today - timedelta(days=n) for n in range(len(counts), 0, -1)]
    files = [_file(days[0] - timedelta(days=1), 5000, "history.csv")]
    files += [_file(day, rows, name.format(day)) for day, rows in zip(days, counts, strict=True) if rows]
    files += [_file(today, 9, f"orders_{today}.csv", "rejected")] if export.pop("refused", False) else []
    channel = contract(**export)
    landings = {day.toordinal(): day for day in [days[0] - timedelta(days=1), *days]}
    landings |= {file.landed_seq: today for file in files if not file.landed}
    [one] = comparisons({"shop": channel}, files, {}, limits, landings, today, ["shop"])
    assert one.told or not one.volume.nights
    return one.told


def test_an_export_that_came_on_each_of_three_nights_and_does_not_come_is_told(limits: Limits) -> None:
    assert _told(limits, WEDNESDAY, [40, 35, 50]) == TOLD.format(3)
    assert _told(limits, WEDNESDAY, [40, 35]) == "", "two nights are too few"
    assert _told(limits, WEDNESDAY, [40, 0, 35]) == ""
    assert _told(limits, WEDNESDAY, [14, 9, 12]) == TOLD.format(3)
    assert _told(limits, WEDNESDAY, [9, 8, 9]) == "", "so few rows may be none by chance"
    assert _told(limits, WEDNESDAY, [90, 12, 20]) == "", "it is irregular"


def test_from_friday_to_sunday_a_whole_week_must_have_come(limits: Limits) -> None:
    assert _told(limits, SATURDAY, [40] * 6) == ""
    assert _told(limits, SATURDAY, [40] * 7) == TOLD.format(7)
    assert _told(limits, SATURDAY, [0, 0, 40, 40, 40, 40, 40]) == "", "it rests at weekends"


def test_an_export_that_may_be_absent_is_not_told(limits: Limits) -> None:
    nights = [40, 35, 50]
    assert _told(limits, WEDNESDAY, nights, optional=True) == ""
    assert _told(limits, WEDNESDAY, nights, in_bursts=True) == ""
    assert _told(limits, WEDNESDAY, nights, load="snapshot", file_date=r"orders_(\S+)\.csv") == ""
    assert _told(limits, WEDNESDAY, nights, name="orders.csv") == "", "a list that is written anew may not change"
    assert _told(limits, WEDNESDAY, nights, refused=True) == "", "the channel is stale, which names the file"


def test_when_the_number_of_rows_can_be_compared_it_alone_tells(limits: Limits) -> None:
    assert _told(limits, WEDNESDAY, [40] * limits.min_history).startswith("shop.orders: 0 rows, ")
