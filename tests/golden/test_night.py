"""The sample, whole: figures reckoned another way from its files, determinism, nothing new, privacy."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from siyu.compile.ops_schema import OPS_TABLES
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.settings import SAMPLE_SALT, Settings
from tests.golden.conftest import SAMPLE, Ran
from tests.golden.exported import KEYS, Exported

FILES = Exported(SAMPLE)
# What the checks say of the dirt that the sample has on purpose.
SAID_OF_THE_SAMPLE = {
    ("identity.identity_rule", "info"),  # somebody asked to be erased
    ("staging.ads__contact", "info"),  # a lead that gave a landline
    ("staging.ads__spend", "info"),  # costs without a campaign, and of one that is not listed
    ("staging.after_sales__company", "info"),  # devices of companies that left their name out
    ("staging.webinar__contact", "info"),  # a viewer without unionid and mobile
    ("staging.wecom_group__touch", "info"),  # a group that came and went between two lists
}


def test_the_same_input_gives_the_same_content(night: Ran, shuffled_night: Ran) -> None:
    assert night.report.manifest["tables"] == shuffled_night.report.manifest["tables"]
    assert len(night.report.manifest["tables"]) > 30


def test_nothing_is_lost(night: Ran) -> None:
    """Whatever stands in a file has landed or was rejected: rows by channel and export."""
    con = night.connect()
    ledger = con.execute(
        "select channel || '/' || export, sum(rows_read), sum(rows_landed), sum(rows_rejected), sum(rows_replaced)"
        " from ops.file_ledger group by all"
    ).fetchall()
    landed = {name: rows + replaced for name, _, rows, _, replaced in ledger}
    assert landed == {name: len(FILES.rows(name)) for name in KEYS}
    assert all(read == kept + rejected + replaced for _, read, kept, rejected, replaced in ledger)
    rejected = {name: count for name, _, _, count, _ in ledger if count}
    told = con.execute("select channel || '/' || export, count(*) from ops.rejected_row group by all").fetchall()
    assert rejected == dict(told)
    assert rejected.keys() == {"website/events"}  # lines that were cut off


def test_revenue_equals_the_files_to_the_cent(night: Ran) -> None:
    """Orders, refunds, and won opportunities that no order has fulfilled."""
    con = night.connect()
    expected = sum((amount for _, _, amount in FILES.revenue().values()), Decimal(0))
    total = con.execute(
        "select sum(numerator) from kpi.kpi_value where kpi_code = 'net_revenue' and dimension = 'total'"
    ).fetchall()[0][0]
    lines = con.execute("select count(*), sum(amount) from kpi.revenue_line").fetchall()[0]
    assert total == expected > 0
    assert lines == (len(FILES.revenue()), expected)


def test_daily_revenue_by_campaign_equals_the_files(night: Ran) -> None:
    expected: dict[tuple[date, str | None], Decimal] = defaultdict(Decimal)
    for day, campaign, amount in FILES.revenue().values():
        expected[day, campaign] += amount
    since = date(2026, 5, 1)  # other dimensions are kept for two months
    found = (
        night.connect()
        .execute(
            "select as_of_date, member, numerator from kpi.kpi_value where kpi_code = 'net_revenue'"
            " and dimension = 'campaign' and numerator <> 0 and as_of_date >= ?",
            [since],
        )
        .fetchall()
    )
    assert {row[:2]: row[2] for row in found} == {
        key: amount for key, amount in expected.items() if amount and key[0] >= since
    }
    assert len(found) > 20


def test_buyers_of_each_day_equal_the_files(night: Ran) -> None:
    """People and companies that bought, and the revenue of unknown buyers."""
    records = (
        night.connect("siyu_restricted.duckdb")
        .execute("select channel, record_id, one_id, account_id from identity.record_person")
        .fetchall()
    )
    buyers = {(channel, record): (one_id, account_id) for channel, record, one_id, account_id in records}
    deals = FILES.deals()
    known: dict[date, Decimal] = defaultdict(Decimal)
    unknown: dict[date, Decimal] = defaultdict(Decimal)
    bought: dict[str, dict[date, set[str | None]]] = {code: defaultdict(set) for code in ("buyers", "buyer_accounts")}
    for key, (day, _, amount) in FILES.revenue().items():
        one_id, account_id = buyers[key]
        (known if one_id or account_id else unknown)[day] += amount
        if deals[key]["kind"] != "refund":
            bought["buyers"][day] |= {one_id} - {None}
            bought["buyer_accounts"][day] |= {account_id} - {None}
    found = (
        night.connect()
        .execute(
            "select kpi_code, as_of_date, numerator, denominator, value from kpi.kpi_value where dimension = 'total'"
            " and kpi_code in ('buyers', 'buyer_accounts', 'revenue_per_buyer', 'unknown_revenue', 'unpriced_lines')"
        )
        .fetchall()
    )
    for code, day, numerator, denominator, value in found:
        if code in bought:
            assert value == len(bought[code][day]), (code, day)
        elif code == "revenue_per_buyer":
            assert (numerator, denominator) == (known[day], len(bought["buyers"][day])), day
        else:
            assert numerator == (unknown[day] if code == "unknown_revenue" else 0), day
    assert len(found) > 4 * 150
    assert sum(map(len, bought["buyer_accounts"].values())) > 40


def test_no_amount_of_the_sample_is_in_doubt(night: Ran) -> None:
    assert night.connect().execute("select * from kpi.deal_audit").fetchall() == []


def test_who_has_bought_and_kept_it_is_won(night: Ran) -> None:
    """The buyers of what was neither cancelled nor wholly given back, and of won opportunities, and nobody else: not
    partners, who buy to sell again."""
    orders = FILES.orders()
    refunded = {row["opportunity_id"] for row in orders.values() if row["status"] == "refunded"}
    kept = {
        key
        for key, deal in FILES.deals().items()
        if (deal["kind"] == "order" and deal["status"] in ("paid", "shipped", "done"))
        or (deal["status"] == "won" and deal["deal"] not in refunded)
    }
    with (SAMPLE / "truth" / "people.csv").open(encoding="utf-8", newline="") as file:
        partners = {row["person"] for row in csv.DictReader(file) if row["kind"] == "partner"}
    people = _record_people(night)
    bought = {people[key] for key in kept if FILES.truth[key[0], key[1].partition("#")[0]][0] not in partners}
    won = night.connect().execute("select one_id from journey.person_stage where stage = 'won'").fetchall()
    assert {one_id for (one_id,) in won} == bought
    assert bought < {people[key] for key in kept}
    assert len(won) > 40 and len({key for key in FILES.deals() if people[key] is None}) == 0


def _record_people(night: Ran) -> dict[tuple[str, str], str | None]:
    rows = (
        night.connect("siyu_restricted.duckdb")
        .execute("select channel, record_id, one_id from identity.record_person")
        .fetchall()
    )
    return {(channel, record): one_id for channel, record, one_id in rows}


def test_people_against_the_truth(night: Ran) -> None:
    """Pairs of records that siyu joins are pairs of the simulator's truth, and few true pairs are missed."""
    one_ids = _record_people(night)
    truth = {key: FILES.truth[key[0], key[1].partition("#")[0]][0] for key in one_ids}
    assert not [key for key, one_id in one_ids.items() if one_id and not truth[key]], "records of nobody have a person"
    cells = Counter((one_id, truth[key]) for key, one_id in one_ids.items() if one_id)
    joined = _pairs(cells.values())
    precision = joined / _pairs(_sums(cells, 0))
    recall = joined / _pairs(Counter(person for person in truth.values() if person).values())
    print(f"pairwise precision {precision:.4f}, recall {recall:.4f}")  # noqa: T201 - for readers of the test
    assert precision >= 0.999
    assert recall >= 0.97


def _pairs(sizes: object) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)  # type: ignore[attr-defined]


def _sums(cells: Counter[tuple[str, str]], position: int) -> list[int]:
    totals: dict[str, int] = defaultdict(int)
    for key, count in cells.items():
        totals[key[position]] += count
    return list(totals.values())


def test_every_kpi_of_the_catalog_has_rows(night: Ran) -> None:
    con = night.connect()
    kpis = con.execute(
        "select kpi_code from kpi.kpi_catalog"
        " anti join (select kpi_code from kpi.kpi_value where value is not null) using (kpi_code)"
    ).fetchall()
    stages = con.execute("select distinct to_stage from journey.stage_transition").fetchall()
    directions = con.execute("select distinct direction from journey.stage_transition").fetchall()
    assert kpis == []
    assert len(stages) == 6
    assert {row[0] for row in directions} == {"forward", "back", "re_entry"}


def test_business_dates_stand_beside_moments(night: Ran) -> None:
    """Computed in another way: China is eight hours ahead of UTC all year."""
    for file, least in (("siyu.duckdb", 30), ("siyu_restricted.duckdb", 20)):
        con = night.connect(file)
        moments = con.execute(
            "select schema_name || '.\"' || table_name || '\"', column_name from duckdb_columns()"
            " where data_type = 'TIMESTAMP' and schema_name not in ('ops', 'bi_zh') and not internal"
        ).fetchall()
        assert len(moments) > least
        for table, column in moments:
            day = column.removesuffix("_at") + "_date"
            wrong = con.execute(
                f"select count(*) from {table} where {day} is distinct from cast({column} + interval 8 hour as date)"
            ).fetchall()
            assert wrong == [(0,)], f"{table}.{day}"
    wrong = "avg(cast(cast(moved_at as date) <> moved_date as integer))"
    moved = night.connect().execute(f"select {wrong} from journey.stage_transition").fetchall()
    assert moved[0][0] > 0.05  # a cast in UTC is wrong for these


def test_every_member_has_a_name_and_every_key_its_dimension(night: Ran) -> None:
    con = night.connect()
    named = dict(con.execute("select member, any_value(member_zh) from kpi.kpi_value where dimension = 'campaign'"
                             " group by member").fetchall())  # fmt: skip
    assert named["C-SEARCH"] == "搜索推广" and named[None] == "未知" and len(named) > 5
    assert con.execute("select distinct member_en from kpi.kpi_value where dimension = 'channel' and member = 'crm'"
                       ).fetchall() == [("CRM",)]  # fmt: skip
    assert con.execute("select count(*) from kpi.kpi_value where kpi_zh is null or member_zh is null").fetchall() == [
        (0,)
    ]
    for table, key, dimension in (
        ("kpi.kpi_value", "as_of_date", "kpi.dim_date.calendar_date"),
        ("kpi.kpi_value where dimension = 'stage'", "member", "kpi.dim_stage.stage"),
        ("kpi.revenue_line", "revenue_date", "kpi.dim_date.calendar_date"),
        ("kpi.revenue_line", "product_id", "kpi.dim_product.product_id"),
        ("records.touch", "occurred_date", "kpi.dim_date.calendar_date"),
        ("records.link", "touchpoint", "kpi.dim_touchpoint.touchpoint"),
        ("records.touch", "channel", "kpi.dim_channel.channel"),
    ):
        held, _, column = dimension.rpartition(".")
        lost = con.execute(
            f"select distinct {key} from (select * from {table}) where {key} not in (select {column} from {held})"
        ).fetchall()
        assert not lost, f"{table}.{key} has {lost[:3]}, which {held} does not have"


def test_personal_data_stays_in_the_restricted_file(night: Ran) -> None:
    release = night.settings.warehouse / "current"
    mobiles = [row[0] for row in night.connect("siyu_restricted.duckdb").execute(
        "select distinct mobile from identity.person where mobile is not null limit 200"
    ).fetchall()]  # fmt: skip
    assert len(mobiles) > 100
    con = night.connect()
    anyone = "|".join(mobile[3:] for mobile in mobiles)
    for schema, table in con.execute("select schema_name, table_name from duckdb_tables()").fetchall():
        leaked = con.execute(
            f"select regexp_extract(to_json(t)::varchar, '{anyone}') as leaked_mobile from {schema}.\"{table}\" as t"
            " where leaked_mobile <> '' limit 3"
        ).fetchall()
        assert not leaked, f"{schema}.{table} holds {leaked}"
    assert (release / "siyu_restricted.duckdb").stat().st_mode & 0o777 == 0o600
    masked = con.execute("select mobile_masked from identity.person where mobile_masked is not null").fetchall()
    assert all(len(row[0]) == 11 and row[0][3:7] == "****" for row in masked)


def test_every_hash_leads_to_its_value(night: Ran) -> None:
    """The tables that the restricted file leaves out lose nothing."""
    con = night.connect_raw()
    hashed = con.execute(
        "select schema_name || '.' || table_name, regexp_extract(column_name, '(.*)_hash', 1) from duckdb_columns()"
        " where database_name = 'public' and ends_with(column_name, '_hash') and schema_name || table_name in"
        " (select schema_name || table_name from duckdb_tables() where database_name = 'public')"
        " and schema_name || table_name not in"
        " (select schema_name || table_name from duckdb_tables() where database_name = 'restricted')"
    ).fetchall()
    assert {("journey.person_touch", "record_id"), ("records.touch", "mobile")} <= set(hashed)
    for table, column in hashed:
        counts = f"select (select count({column}_hash) from public.{table}), (select count({column}) from {table})"
        there, found = con.execute(counts).fetchall()[0]
        assert there == found, f"{table}.{column}"


def test_a_second_run_says_nothing_is_new(copied_night: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_SALT", SAMPLE_SALT)
    before = (copied_night.warehouse / "current").resolve()
    report = run_night(copied_night, Request())
    assert report.status == "nothing new"
    assert (copied_night.warehouse / "current").resolve() == before


def test_the_release_is_whole_and_readable(night: Ran) -> None:
    release = night.settings.warehouse / "current"
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    con = night.connect()
    for name, facts in manifest["tables"].items():
        schema, _, table = name.partition(".")
        assert con.execute(f'select count(*) from {schema}."{table}"').fetchall()[0][0] == facts["rows"]
        parquet = release / "parquet" / schema / f"{table}.parquet"
        assert duckdb.sql(f"select count(*) from '{parquet}'").fetchall()[0][0] == facts["rows"]
    views = con.execute("select schema_name || '.' || view_name from duckdb_views() where not internal").fetchall()
    assert {name for (name,) in views} == set(manifest["views"])
    assert not set(manifest["views"]) & set(manifest["tables"])
    comments = con.execute(
        "select count(*) from duckdb_columns() where schema_name = 'kpi' and comment is null"
    ).fetchall()
    assert comments == [(0,)]
    kinds = con.execute("select distinct data_type from duckdb_columns() where not internal").fetchall()
    assert not {"HUGEINT", "UHUGEINT"} & {row[0] for row in kinds}


def test_the_run_is_written_down(night: Ran) -> None:
    con = night.connect()
    runs = con.execute("select status, as_of::varchar, release from ops.run").fetchall()
    assert runs == [("published", "2026-06-30", Path(night.report.release or "").name)]
    status = json.loads((night.settings.warehouse / "status" / "status.json").read_text(encoding="utf-8"))
    assert status["current_as_of"] == "2026-06-30"
    said = con.execute("select distinct table_name, severity, error from ops.check_result where not success").fetchall()
    assert {(table, severity) for table, severity, _ in said} == SAID_OF_THE_SAMPLE
    assert {error for _, _, error in said} == {None}


def test_the_ops_tables_say_what_their_columns_are(night: Ran) -> None:
    found = night.connect().execute(
        "select table_name, column_name, lower(data_type), comment from duckdb_columns() where schema_name = 'ops'"
    )
    told = {(table, column): (kind, comment) for table, column, kind, comment in found.fetchall()}
    assert told == {(name, c): said for name, table in OPS_TABLES.items() for c, said in table.columns.items()}
