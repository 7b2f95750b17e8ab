"""A real B2B funnel (Olist sellers), mapped by a contract and three staging models, against answers known elsewhere."""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import fmean, median
from zoneinfo import ZoneInfo

import duckdb
import pytest

from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.report.summary import Report
from siyu.settings import load_settings

LAYER = Path(__file__).parent / "olist"
BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "olist"
DATA = Path(os.environ.get("OLIST_DATA", BESIDE))
WON_BEFORE_CONTACT = "b91cf8812365f50ff4bda4bcd6206b05"
PAID = Decimal("16008872.12")
Cell = tuple[str, str, str | None]  # month, dimension, member

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason=f"real data is absent: set OLIST_DATA (looked in {DATA})"),
    pytest.mark.xdist_group("olist"),
]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Report:
    root = tmp_path_factory.mktemp("olist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OLIST_DATA", str(DATA))
        patch.setenv("SIYU_SALT", "olist, long enough to be one")
        settings = load_settings(
            root,
            warehouse=root / "warehouse",
            layers=(LAYER,),
            channels=("olist",),
            timezone="America/Sao_Paulo",
            families=("kpi",),
        )
        return run_night(settings, Request(as_of=date(2018, 11, 30)))


@pytest.fixture(scope="module")
def release(night: Report) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(night.warehouse / "current" / "siyu.duckdb"), read_only=True)


def _expected() -> dict[str | None, tuple[int, int, float, float]]:
    with (DATA / "expected_funnel.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["origin"] or None: (
                int(row["leads"]),
                int(row["won"]),
                float(row["median_days_to_close"]),
                float(row["mean_days_to_close"]),
            )
            for row in csv.DictReader(file)
        }


def test_people_and_won(release: duckdb.DuckDBPyConnection) -> None:
    assert release.execute("select count(*) from identity.person").fetchall() == [(8000,)]
    stages = dict(release.execute("select stage, count(*) from journey.person_stage group by all").fetchall())
    assert stages["won"] == 842
    assert sum(stages.values()) == 8000


def test_won_by_origin_with_missing_apart_from_unknown(release: duckdb.DuckDBPyConnection) -> None:
    rows = release.execute(
        "select p.source_campaign_id, count(*), count(*) filter (where s.stage = 'won')"
        " from identity.person as p join journey.person_stage as s using (one_id) group by all"
    ).fetchall()
    assert {origin: (leads, won) for origin, leads, won in rows} == {k: v[:2] for k, v in _expected().items()}
    kpi = release.execute(
        "select member, sum(denominator)::int, sum(numerator)::int from kpi.kpi_value"
        " where kpi_code = 'lead_to_won' and dimension = 'campaign' group by all"
    ).fetchall()
    in_time = _won_in_time(90)
    assert {origin: (leads, won) for origin, leads, won in kpi} == {
        origin: (leads, in_time[origin]) for origin, (leads, *_) in _expected().items()
    }
    assert sum(in_time.values()) < 842


def _won_in_time(days: int) -> Counter[str | None]:
    """Leads of each origin that were won so many days after the first contact, or earlier."""
    with (DATA / "olist_marketing_qualified_leads_dataset.csv").open(encoding="utf-8", newline="") as file:
        leads = {row["mql_id"]: (row["origin"] or None, row["first_contact_date"]) for row in csv.DictReader(file)}
    found = Counter[str | None]()
    with (DATA / "olist_closed_deals_dataset.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            origin, first = leads[row["mql_id"]]
            taken = date.fromisoformat(row["won_date"][:10]) - date.fromisoformat(first)
            found[origin] += taken.days <= days
    return found


def _local(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo("America/Sao_Paulo"))


def test_days_to_close_by_origin(release: duckdb.DuckDBPyConnection) -> None:
    rows = release.execute(
        "select p.source_campaign_id, w.moved_at, f.first_at from"
        " (select one_id, min(moved_at) as moved_at from journey.stage_transition"
        " where to_stage = 'won' group by 1) as w"
        " join (select one_id, min(occurred_at) as first_at from journey.person_touch group by 1) as f using (one_id)"
        " join identity.person as p using (one_id)"
    ).fetchall()
    rows = [(origin, (_local(won_at).date() - _local(first_at).date()).days) for origin, won_at, first_at in rows]
    days = [row[1] for row in rows]
    assert (len(days), median(days)) == (842, 14)
    for origin, (_, won, middle, mean) in _expected().items():
        own = [row[1] for row in rows if row[0] == origin]
        assert (len(own), median(own)) == (won, middle)
        assert fmean(own) == pytest.approx(mean, abs=1e-4)


def test_payments_of_nobody_add_up(release: duckdb.DuckDBPyConnection) -> None:
    total = release.execute(
        "select sum(numerator) from kpi.kpi_value where kpi_code = 'net_revenue' and dimension = 'total'"
    ).fetchall()[0][0]
    paid = duckdb.sql(
        f"select sum(payment_value::decimal(18,2)) from '{DATA / 'olist_order_payments_dataset.parquet'}'"
    ).fetchall()[0][0]
    assert total == paid == PAID


def _after(month: str, months: int = 1) -> str:
    """The month so many months later."""
    count = int(month[:4]) * 12 + int(month[5:]) - 1 + months
    return f"{count // 12}-{count % 12 + 1:02}"


def _net_by_month(release: duckdb.DuckDBPyConnection) -> dict[Cell, Decimal]:
    """Net revenue of each month, as kpi.revenue_formula gives it; months add up to what was paid, as days do."""
    rows = release.execute("select month, dimension, member, net_amount from kpi.revenue_formula").fetchall()
    net: dict[Cell, Decimal] = {row[:3]: row[3] for row in rows}
    assert len(net) == len(rows)
    for dimension in ("total", "channel"):
        assert sum(amount for cell, amount in net.items() if cell[1] == dimension) == PAID
    days = release.execute(
        "select strftime(as_of_date, '%Y-%m'), dimension, member, sum(numerator) from kpi.kpi_value"
        " where kpi_code = 'net_revenue' and dimension in ('total', 'channel') group by 1, 2, 3"
    ).fetchall()
    assert {row[:3]: row[3] for row in days if row[3]} == {cell: amount for cell, amount in net.items() if amount}
    return net


def test_the_bridge_of_revenue_adds_up(release: duckdb.DuckDBPyConnection) -> None:
    """Drivers add up to the change from the month before, to the cent, also in a month after the last revenue."""
    net = _net_by_month(release)
    drivers: dict[Cell, dict[str, Decimal]] = defaultdict(dict)
    for month, dimension, member, driver, amount in release.execute(
        "select month, dimension, member, driver, amount from kpi.revenue_bridge where basis = 'previous'"
    ).fetchall():
        drivers[month, dimension, member][driver] = amount
    first = min(month for month, *_ in net)
    compared = net.keys() | {(_after(month), dimension, member) for month, dimension, member in net}
    assert drivers.keys() == {cell for cell in compared if first < cell[0] <= "2018-11"}
    for (month, dimension, member), amounts in drivers.items():
        before = net.get((_after(month, -1), dimension, member), Decimal(0))
        assert sum(amounts.values()) == net.get((month, dimension, member), Decimal(0)) - before, (month, dimension)
    # Nobody knows who paid, in all and in the only channel.
    for driver, total in (("buyers", 0), ("unknown", 2 * PAID)):
        assert sum(amounts[driver] for amounts in drivers.values()) == total


def test_won_before_first_contact_is_a_warning_with_its_key(night: Report) -> None:
    told = [r for r in night.failures() if r.table_name == "staging.olist__deal"]
    assert [(r.severity, r.unexpected_count) for r in told] == [("warning", 1)]
    assert WON_BEFORE_CONTACT in told[0].sample_keys


def _touched_in_time(days: int) -> Counter[str | None]:
    """Won leads of each origin whose first contact lies within so many days before the win."""
    zone = ZoneInfo("America/Sao_Paulo")
    with (DATA / "olist_marketing_qualified_leads_dataset.csv").open(encoding="utf-8", newline="") as file:
        leads = {row["mql_id"]: (row["origin"] or None, row["first_contact_date"]) for row in csv.DictReader(file)}
    found = Counter[str | None]()
    with (DATA / "olist_closed_deals_dataset.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            origin, first = leads[row["mql_id"]]
            begun, won = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (first, row["won_date"]))
            found[origin] += 0 <= won.timestamp() - begun.timestamp() <= days * 86400
    return found


def test_attribution_adds_up(release: duckdb.DuckDBPyConnection) -> None:
    """Won leads are due to their first contact in every model; payments of nobody are unattributed, to the cent."""
    per_model = release.execute(
        "select model, count(*), min(shares), max(shares), sum(amount) from (select channel, deal_id, model,"
        " sum(share) as shares, sum(amount) as amount from kpi.attribution group by all) group by model"
    ).fetchall()
    deals = release.execute("select count(distinct (channel, deal_id)) from kpi.revenue_line").fetchall()[0][0]
    amounts = {model: figures for model, *figures in per_model}
    models = ("first", "last", "linear", "position", "time_decay", "shapley")
    assert amounts == {model: [deals, 1, 1, PAID] for model in models}
    rows = release.execute(
        "select model, touch_campaign_id, count(*), sum(amount) from kpi.attribution where basis = 'buyer'"
        " group by model, touch_campaign_id"
    ).fetchall()
    wanted = _touched_in_time(90)
    assert 0 < sum(wanted.values()) < 842
    for model in models:
        found = {origin: (count, amount) for name, origin, count, amount in rows if name == model}
        assert found == {origin: (count, 0) for origin, count in wanted.items() if count}
    assert release.execute("select count(*) from kpi.attribution where basis = 'buying_group'").fetchall() == [(0,)]
