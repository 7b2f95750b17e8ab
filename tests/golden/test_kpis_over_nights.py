"""KPIs of a shop over nights: nothing new, corrections, an export sent again, a bad file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.report.status import read_status
from siyu.report.summary import Report
from tests.golden.shop import FEW_SUITES, SALT, Shop, only_suites, or_every
from tests.shared import Shared

SUITES_OF_FIGURES = ("staging/*", "records/*", "kpi/*", "bi/*", "ops/*")  # what a channel that is late may change
HEADER = "sale_id,contact_id,amount,sold_at,updated_at\n"


@dataclass(frozen=True)
class Nights:
    """What each of the nights told, in their order."""

    of_next_day: Report  # with the sale of that day
    nothing_new: Report
    days_on_the_page: list[str]  # of the headline figures, after the night that had nothing new
    corrected: Report
    sent_again: Report
    stale: Report  # of the day after, with the suites of figures


@pytest.fixture(scope="module")
def nights(shared: Shared) -> Nights:
    return shared.once("kpis_over_nights", _run)


def _run(root: Path) -> Nights:
    shop = Shop(root, families=("identity", "kpi"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SALT)
        patch.setattr("siyu.check.suites.layer_files", only_suites(*FEW_SUITES))
        shop.write("exports/shop/sales_2.csv", HEADER + "s2,k1,5.00,2026-06-02 09:00:00,2026-06-02 09:00:00\n")
        of_next_day = shop.run("2026-06-02")
        nothing_new = shop.run("2026-06-02")
        status = read_status(shop.root / "warehouse")
        assert status is not None
        _correct(shop)
        corrected = shop.run("2026-06-02")
        _send_again(shop)
        sent_again = shop.run("2026-06-02")
        shop.write("exports/shop/sales_3.csv", "sale_id,contact_id\ns3,k1\n")
        patch.setattr("siyu.check.suites.layer_files", only_suites(*or_every(*SUITES_OF_FIGURES)))
        stale = shop.run("2026-06-03")
    days = [line["day"] for line in status["kpis"]]
    return Nights(of_next_day, nothing_new, days, corrected, sent_again, stale)


def _correct(shop: Shop) -> None:
    """Of the same date, and of a later one."""
    sales, people = _first_files(shop)
    shop.write("exports/shop/sales_1b.csv", sales.replace("100.10", "90.05").replace("11:00:00\n", "18:00:00\n"))
    shop.write("exports/shop/contacts_20260602.csv", people.replace("13900000001,2026-06-01", "13900000009,2026-06-02"))


def _send_again(shop: Shop) -> None:
    """Every file under another name: those of before the correction, and those of the correction.

    Four of the five land: one whose name has the same date and whose content is the same is known.
    """
    sales, people = _first_files(shop)
    shop.write("exports/shop/sales_1_late.csv", sales)
    shop.write("exports/shop/contacts_20260601_late.csv", people.replace("王一", "王旧"))
    for name in ("sales_1b", "sales_2", "contacts_20260602"):
        text = (shop.root / f"exports/shop/{name}.csv").read_text(encoding="utf-8")
        shop.write(f"exports/shop/{name}_again.csv", text)


def _first_files(shop: Shop) -> tuple[str, str]:
    folder = shop.root / "exports/shop"
    return tuple((folder / name).read_text(encoding="utf-8") for name in ("sales_1.csv", "contacts_20260601.csv"))  # type: ignore[return-value]


def _rows(report: Report, sql: str) -> list[tuple[Any, ...]]:
    assert report.release is not None
    with duckdb.connect(str(report.release / "siyu.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def _revenue(report: Report) -> str:
    total = "select sum(numerator) from kpi.kpi_value where kpi_code = 'net_revenue' and dimension = 'total'"
    return str(_rows(report, total)[0][0])


def _kpis(report: Report) -> dict[str, str]:
    tables = report.manifest["tables"]
    return {name: facts["content_hash"] for name, facts in tables.items() if name.startswith("kpi.")}


def test_nothing_new_tells_the_figures_of_the_release_that_stands(nights: Nights) -> None:
    published, again = nights.of_next_day, nights.nothing_new
    assert again.status == "nothing new" and _revenue(published) == "105.10"
    assert again.kpis == published.kpis != nights.corrected.kpis and again.alerts == published.alerts
    assert nights.days_on_the_page == [line.day for line in published.kpis]


def test_corrections_count_and_an_export_sent_again_changes_no_kpi(nights: Nights) -> None:
    assert _revenue(nights.corrected) == "95.05"
    corrected = _kpis(nights.corrected)
    assert corrected and corrected != _kpis(nights.of_next_day)
    assert nights.sent_again.status == "published" and nights.sent_again.channels[0].rows_landed == 4
    assert _kpis(nights.sent_again) == corrected
    assert _rows(nights.sent_again, "select mobile_masked from records.contact") == [("139****0009",)]


def test_a_bad_channel_is_stale_and_the_rest_goes_on(nights: Nights) -> None:
    """No suite of figures is against it."""
    report = nights.stale
    assert report.status == "published"
    assert report.channels[0].is_stale and "amount" in str(report.channels[0].reason)
    assert _revenue(report) == "95.05"
    rejected = "select count(*) from ops.rejected_row where reason like '%required column%'"
    assert _rows(report, rejected) == [(1,)]
    of_the_day = "select distinct status from kpi.kpi_value where as_of_date = '2026-06-03' and dimension = 'channel'"
    assert _rows(report, f"{of_the_day} and kpi_code = 'net_revenue'") == [("stale",)]
