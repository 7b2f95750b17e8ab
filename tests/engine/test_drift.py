"""Which drift a night reports, for how long, and what it advises."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from siyu.landing.drift import Drift, Item, standing_drift
from siyu.layers import base_layer
from siyu.seeds.channels import Channel, load_channels
from siyu.settings import load_settings
from siyu.warehouse.ledger import LandedFile
from tests.engine.test_landing import TEXT, contract

JUNE = date(2026, 6, 1)
COLUMNS = {"id": TEXT, "mobile": TEXT, "city": TEXT}
LOST, HANDY = ("missing_column", "mobile"), ("new_column", "Handy")
RENAMED = (
    "shop.orders: the column mobile has been missing since 2026-06-03, and Handy is new."
    " If it was renamed, add `from: [Handy]` to mobile in the contract"
)


def told(days: list[tuple[Item, ...]], channel: Channel | None = None, later: int = 0, **file: Any) -> list[Drift]:
    """The drift after one file a day, each with these items, `later` days after the last one."""
    channel = channel or contract(COLUMNS)
    dates = [JUNE + timedelta(days=i) for i in range(len(days))]
    files = [
        LandedFile(seq, "shop", "orders", f"{day}.csv", None, f"f{seq}", "", "", 1, 1, 0, "landed", None, "", None, "")
        for seq, day in enumerate(dates, start=1)
    ]
    items = {(file.landed_seq, file.identity): found for file, found in zip(files, days, strict=True)}
    landings = dict(enumerate(dates, start=1))
    return standing_drift({"shop": channel}, files, items, landings, dates[-1] + timedelta(days=later))


def lines(found: list[Drift]) -> list[str]:
    assert all(bool(one.told) for one in found if one.is_open)
    return [one.told for one in found if one.told]


def test_a_lost_and_a_new_column_are_a_likely_rename() -> None:
    found = told([(), (), (LOST, HANDY), (LOST, HANDY)])
    assert lines(found) == [RENAMED]
    assert {(one.kind, one.is_open) for one in found} == {("missing_column", True), ("new_column", False)}


def test_drift_that_is_over_is_told_no_longer() -> None:
    assert told([(), (LOST, HANDY), ()]) == []


def test_drift_that_came_back_has_its_new_date() -> None:
    (found,) = told([(LOST,), (), (LOST,)])
    assert found.since == date(2026, 6, 3)


def test_drift_is_told_for_thirty_days_from_when_it_was_seen() -> None:
    days = [(), (), (LOST, HANDY)]
    assert lines(told(days, later=30)) == [RENAMED]
    stood = told(days, later=31)
    assert len(stood) == 2 and not lines(stood)


def test_drift_that_is_known_or_corrected_is_told_no_longer() -> None:
    days = [(), (), (LOST, HANDY)]
    corrected = contract({**COLUMNS, "mobile": {**TEXT, "from": ["Handy"]}})
    assert told(days, corrected) == []
    other_case = contract({**COLUMNS, "mobile": {**TEXT, "from": ["ＨＡＮＤＹ"]}})
    assert told(days, other_case) == []
    (beside,) = told([(), (("new_column", "Handy"),)], other_case)
    assert beside.is_open  # the file has mobile, too
    assert told(days, contract(COLUMNS, known_drift=["mobile", "Handy"])) == []
    assert [one.column_name for one in told(days, contract(COLUMNS, extra_columns="ignore"))] == ["mobile"]
    assert lines(told(days, contract({"id": TEXT, "city": TEXT})))[0].startswith("shop.orders: the column Handy is new")


def test_columns_that_an_export_has_from_the_start_are_no_news() -> None:
    """Most exports have more columns than a contract needs. A missing column matters from the first file on."""
    more = tuple(("new_column", f"c{i}") for i in range(20))
    assert not lines(told([more, more]))
    (line,) = lines(told([(*more, ("new_column", "Mobile No"), LOST)]))
    assert "and Mobile No is new. If it was renamed, add `from: [Mobile No]`" in line
    (line,) = lines(told([(*more, LOST)]))
    missing = "shop.orders: the column mobile has been missing since 2026-06-01"
    assert line == f"{missing}; siyu reads it as NULL: ask shop, or add it to known_drift"


def test_a_new_column_alone_is_told() -> None:
    (line,) = lines(told([(), (("new_column", "vip"),)]))
    assert line.startswith("shop.orders: the column vip is new since 2026-06-02; siyu keeps it in _extra")


def test_a_field_that_no_record_of_json_has_is_no_news_unless_it_seems_renamed() -> None:
    """A small file of events often has no record with an optional field."""
    channel = contract(COLUMNS, format="jsonl")
    assert not lines(told([(), (LOST,)], channel))
    assert not lines(told([(LOST, HANDY)], channel))
    assert len(lines(told([(), (LOST, HANDY)], channel))) == 1


def test_another_spelling_and_type_are_told_but_need_nobody() -> None:
    found = told([(), (("respelled", "Mobile"), ("retyped", "city"))])
    assert len(lines(found)) == 2 and not any(one.is_open for one in found)


def test_columns_that_not_every_deployment_exports_are_not_told() -> None:
    """The exports of a CRM or a fair without them, as before the contract had the column, and after."""
    channels = load_channels(load_settings(base_layer()))
    for name, export, column in (("crm", "opportunities", "purchase_path"), ("exhibition", "visitors", "province")):
        own = channels[name].exports[export]
        shop = contract(COLUMNS).model_copy(update={"exports": {"orders": own}})
        assert column in own.columns and not own.columns[column].required
        assert told([(), (("missing_column", column),)], shop) == []
        assert len(told([(), (("missing_column", "campaign_id"),)], shop)) == 1
