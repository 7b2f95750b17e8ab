"""Nights again: what was known then, what is known now, and what may be deleted in between."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.errors import ConfigError
from siyu.release.releases import current
from siyu.report.summary import Report
from tests.golden.shop import RECORDS, Shop, ThreeNights

REVENUE = "select sum(numerator) from kpi.kpi_value where kpi_code = 'net_revenue' and dimension = 'total'"
STAGES = "select one_id, stage, is_dormant from journey.person_stage order by all"


def _rows(release: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(release / "siyu.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def _path(report: Report) -> Path:
    assert report.release is not None
    return report.release


def _release(shop: Shop, day: str) -> Path:
    """The first release of a day."""
    return min((shop.root / "warehouse" / "releases").glob(f"{day}-*"))


def _manifest(release: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return found


def test_the_past_as_it_was_known_and_as_it_is_known_now(three_nights: ThreeNights) -> None:
    """A fourth night learns more about the first day. What was published for the second one remains reproducible."""
    shop, _, _ = three_nights
    families = shop.families
    first, second = (_release(shop, f"2026-06-0{day}") for day in (1, 2))
    then = _manifest(second)
    assert shop.revenue() == "100.10"
    shop.write(
        "exports/shop/sales_late.csv",
        "sale_id,contact_id,amount,sold_at,updated_at\ns9,k1,7.00,2026-06-01 09:00:00,2026-06-01 09:00:00\n"
        "s10,k2,5.00,2026-06-01 09:30:00,2026-06-01 09:30:00\n"
        "s1,k1,90.05,2026-06-01 11:00:00,2026-06-01 18:00:00\n"
        "s11,,3.00,2026-06-03 11:00:00,2026-06-03 11:00:00\n",
    )
    shop.families = ("journey",)
    late = _path(shop.run("2026-06-04"))
    assert shop.sales() == "105.05"
    noted = "select change, to_stage, moved_at, was_moved_at from journey.stage_change_log order by all"
    assert _rows(first, noted) == []
    assert _rows(late, noted) == [
        ("added", "won", datetime(2026, 6, 1, 1, 30), None),
        ("changed", "won", datetime(2026, 6, 1, 1), datetime(2026, 6, 1, 3)),
    ]
    before = current(shop.root / "warehouse")
    shop.families = ("journey", "kpi")
    restated = shop.run("2026-06-01")
    before_and_after = (_manifest(first)["tables"], restated.manifest["tables"])
    for table in ("records.deal", "journey.person_stage", "kpi.kpi_value"):
        one, other = (tables[table] for tables in before_and_after)
        assert one != other, table
    # The correction and the late rows came in one landing: all of them count for the day they speak of.
    # The sale of a later day does not.
    assert [str(total) for (total,) in _rows(_path(restated), REVENUE)] == ["102.05"]
    # Where everyone was on a date, by what is known today, is one filter; midnight in Shanghai is 16:00 UTC.
    end = "timestamp '2026-06-01 16:00:00'"
    asked = f"select one_id, stage, is_dormant from journey.stage_interval where valid_from < {end} and"
    asked += f" coalesce(valid_to >= {end}, true) order by all"
    assert _rows(_path(restated), STAGES) == _rows(late, asked) != _rows(first, STAGES)

    shop.families = families
    known_then = shop.run("2026-06-02", known_by=date(2026, 6, 2))
    assert known_then.manifest["previous_release"] == then["previous_release"] == first.name, "not the restated one"
    assert known_then.manifest["tables"] == then["tables"]
    assert _rows(_path(known_then), STAGES) == _rows(second, STAGES)
    after = current(shop.root / "warehouse")
    assert before is not None and after is not None and before.name == after.name


def test_going_back_to_an_older_input_makes_that_release_current_again(shop: Shop) -> None:
    """A, B, A: the third run must not call itself nothing new, for B is current."""
    shop.only = RECORDS
    first = shop.run("2026-06-01")
    variables = shop.write("layer/seeds/vars.yml", "dormant_days: 5\n")
    second = shop.run("2026-06-01")
    variables.unlink()
    third = shop.run("2026-06-01")
    assert [report.status for report in (second, third)] == ["published"] * 2
    now = current(shop.root / "warehouse")
    assert now is not None and now.run_id == third.run_id
    assert third.manifest["tables"] == first.manifest["tables"] != {}
    assert shop.run("2026-06-01").status == "nothing new"


@pytest.mark.after_first_night
def test_a_night_with_a_stale_channel_is_reproduced_with_it(shop: Shop) -> None:
    bad = shop.write("exports/shop/sales_2.csv", "sale_id,contact_id\ns2,k1\n")
    then = shop.run("2026-06-02")
    assert then.channels[0].is_stale
    bad.unlink()
    families, shop.families = shop.families, ()
    shop.run("2026-06-03")
    shop.families = families
    again = shop.run("2026-06-02", known_by=date(2026, 6, 2))
    assert again.channels[0].is_stale
    assert again.manifest["tables"] == then.manifest["tables"]


@pytest.mark.families(only=())
@pytest.mark.after_first_night
def test_known_by_a_day_before_the_first_landing(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="nothing had landed by 2026-05-31") as caught:
        shop.run("2026-05-31", known_by=date(2026, 5, 31))
    assert "the date of the first landing is 2026-06-01" in caught.value.fix
