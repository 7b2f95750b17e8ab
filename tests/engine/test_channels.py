"""Contracts: what a channel may say of its exports, and every mistake told with where it stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from siyu.errors import ConfigError, SiyuError
from siyu.seeds.channels import Channel, enabled_channels, load_channels
from siyu.settings import Settings, load_settings

CONTRACT = """
channel: shop
title: 商城
domain: private
owner: shop
timezone: Asia/Shanghai
freshness_hours: 30
folder: ${SHOP_EXPORTS}/shop
exports:
  orders:
    files: "orders*.csv"
    format: csv
    file_date: 'orders_(\\d{8})'
    key: order_id
    version: updated_at
    columns:
      order_id:    {type: text, required: true}
      amount:      {type: "decimal(18, 2)", min: 0}
      status:      {type: text, in: [paid, 1]}
      updated_at:  {type: timestamp, min: 2020-01-01}
      mobile:      {type: text, pii: direct, path: 手机}
"""


def told(error: pytest.ExceptionInfo[ConfigError]) -> list[SiyuError]:
    return getattr(error.value, "errors", [error.value])


def layer(tmp_path: Path, **contracts: str) -> Settings:
    folder = tmp_path / "layer" / "seeds" / "channels"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contracts.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path, layers=(tmp_path / "layer",))


def shop(tmp_path: Path, text: str = CONTRACT) -> Channel:
    return load_channels(layer(tmp_path, shop=text))["shop"]


def test_a_contract_is_read(tmp_path: Path) -> None:
    orders = shop(tmp_path).exports["orders"]
    assert orders.key == ("order_id",) and orders.load == "append" and orders.extra_columns == "keep"
    assert orders.max_reject_rate == 0.05 and not orders.allow_empty
    assert orders.columns["amount"].sql_type == "decimal(18,2)" and orders.columns["amount"].min == Decimal(0)
    assert orders.columns["updated_at"].sql_type == "timestamp" and orders.columns["updated_at"].min == date(2020, 1, 1)
    assert orders.columns["status"].one_of == ("paid", "1")
    assert orders.date_of("orders_20260131.csv") == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("pattern", "name", "day"),
    [
        (r"_(\d{8})", "a_20260131.csv", date(2026, 1, 31)),
        (r"_(\d{4}-\d{2}-\d{2})", "a_2026-01-31.csv", date(2026, 1, 31)),
        (r"_(\d{14})", "a_20260131235959.csv", date(2026, 1, 31)),
    ],
)
def test_dates_in_names(tmp_path: Path, pattern: str, name: str, day: date) -> None:
    text = CONTRACT.replace(r"orders_(\d{8})", pattern)
    assert shop(tmp_path, text).exports["orders"].date_of(name) == day


@pytest.mark.parametrize(
    ("pattern", "name"),
    [(r"_(\d{8})", "orders.csv"), (r"_(\d+)", "_2026013.csv"), (r"_(\d+)", "_20260231.csv"), (r"(\d+)?_", "a_.csv")],
)
def test_a_name_that_holds_no_date(tmp_path: Path, pattern: str, name: str) -> None:
    orders = shop(tmp_path, CONTRACT.replace(r"orders_(\d{8})", pattern)).exports["orders"]
    with pytest.raises(ValueError, match="the name"):
        orders.date_of(name)


def test_a_layers_contract_replaces_the_base_one(tmp_path: Path) -> None:
    base = load_channels(load_settings(tmp_path))
    text = CONTRACT.replace("channel: shop", "channel: crm")
    found = load_channels(layer(tmp_path, crm=text))
    assert found.keys() == base.keys() and found["crm"].title == "商城" != base["crm"].title


# Mistakes: change -> (place after the file's name, fragment of the message, fix)

MISTAKES = {
    "unknown key of the channel": (
        ("freshness_hours", "freshnes_hours"),
        ("freshnes_hours", "unknown key freshnes_hours", "did you mean freshness_hours?"),
    ),
    "unknown key of an export": (
        ("format: csv", "format: csv\n    max_rejects_rate: 1"),
        ("exports.orders.max_rejects_rate", "unknown key max_rejects_rate", "did you mean max_reject_rate?"),
    ),
    "unknown key of a column": (
        ("required: true", "requird: true"),
        ("exports.orders.columns.order_id.requird", "unknown key requird", "did you mean required?"),
    ),
    "unknown column type": (
        ('"decimal(18, 2)"', "number"),
        ("exports.orders.columns.amount.type", "'number' is not a column type; expected one of text, integer", ""),
    ),
    "a decimal wider than there is": (
        ("decimal(18, 2)", "decimal(39, 2)"),
        ("exports.orders.columns.amount.type", "'decimal(39, 2)' is not a column type", ""),
    ),
    "a value of the wrong type": (
        ("freshness_hours: 30", "freshness_hours: soon"),
        ("freshness_hours", "should be a valid integer", ""),
    ),
    "a value out of bounds": (
        ("format: csv", "format: csv\n    max_reject_rate: 5"),
        ("exports.orders.max_reject_rate", "less than or equal to 1", ""),
    ),
    "a value that is none of the known": (
        ("domain: private", "domain: secret"),
        ("domain", "'private' or 'public'", ""),
    ),
    "a format siyu does not read": (("format: csv", "format: dbf"), ("exports.orders.format", "'csv'", "")),
    "a missing key": (("owner: shop\n", ""), ("owner", "Field required", "")),
    "no time zone": (("Asia/Shanghai", "Asia/Shangai"), ("timezone", "Asia/Shangai is not an IANA time zone", "")),
    "a key that is no column": (
        ("key: order_id", "key: [order_id, orderid]"),
        ("exports.orders", "'orderid' is not a column of this export; did you mean order_id?", ""),
    ),
    "a version that is no column": (
        ("version: updated_at", "version: update_at"),
        ("exports.orders", "'update_at' is not a column of this export; did you mean updated_at?", ""),
    ),
    "no key": (("key: order_id", "key: []"), ("exports.orders", "key is empty", "")),
    "file_date without a group": (
        (r"orders_(\d{8})", r"orders_\d{8}"),
        ("exports.orders.file_date", "must have one group, which captures the date", ""),
    ),
    "file_date that is no regular expression": (
        (r"orders_(\d{8})", r"orders_(\d{8}"),
        ("exports.orders.file_date", "is not a regular expression", ""),
    ),
    "complete lists whose day cannot be told": (
        ("file_date: 'orders_(\\d{8})'", "load: snapshot"),
        ("exports.orders", "load: snapshot requires file_date", ""),
    ),
    "explode in csv": (
        ("format: csv", "format: csv\n    explode: list"),
        ("exports.orders", "explode and answers require format json", ""),
    ),
    "files outside the folder": (
        ("orders*.csv", "/data/orders*.csv"),
        ("exports.orders.files", "is not a pattern inside the channel's folder", ""),
    ),
    "a delimiter of two characters": (
        ("format: csv", "format: csv\n    delimiter: '||'"),
        ("exports.orders.delimiter", "must be one character", ""),
    ),
    "a column name that SQL must quote": (
        ("order_id:    {type", "Order-ID: {type: text}\n      order_id: {type"),
        ("exports.orders", "column 'Order-ID': use lower case, digits and _; put the name in the file into path", ""),
    ),
    "an export name that SQL must quote": (("  orders:", "  Orders:"), ("exports", "export 'Orders'", "")),
    "words that YAML reads as truth values": (
        ("in: [paid, 1]", "in: [true, false]"),
        ("exports.orders.columns.status.in", "put them in quotes", ""),
    ),
    "a number that bounds a day": (
        ("min: 2020-01-01", "min: 2020"),
        ("exports.orders.columns.updated_at", "2020 is not a bound for type timestamp", ""),
    ),
    "a bound of a text": (
        ("in: [paid, 1]", "min: 1"),
        ("exports.orders.columns.status", "1 is not a bound for type text", ""),
    ),
    "another name than the file's": (
        ("channel: shop", "channel: shops"),
        ("channel", "the file is called shop.yml, but its channel is 'shops'", "same name"),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_where_it_stands(tmp_path: Path, mistake: str) -> None:
    (old, new), (place, fragment, fix) = MISTAKES[mistake]
    assert old in CONTRACT
    settings = layer(tmp_path, shop=CONTRACT.replace(old, new, 1))
    with pytest.raises(ConfigError) as error:
        load_channels(settings)
    (item,) = told(error)
    assert fragment in item.problem
    assert item.where == f"{tmp_path / 'layer/seeds/channels/shop.yml'}, {place}"
    assert fix in item.fix and "Nothing was built or published." in str(item)


@pytest.mark.parametrize(
    ("text", "problem", "file"),
    [
        ("channel: [shop\n", "not valid YAML", "shop.yml:2"),
        ("- channel\n", "a contract must be a mapping of keys", "shop.yml"),
        ("", "a contract must be a mapping of keys", "shop.yml"),
    ],
)
def test_a_file_that_is_no_contract(tmp_path: Path, text: str, problem: str, file: str) -> None:
    with pytest.raises(ConfigError, match=problem) as error:
        load_channels(layer(tmp_path, shop=text))
    assert error.value.where.endswith(file)


def test_all_mistakes_of_all_contracts_are_told_at_once(tmp_path: Path) -> None:
    wrong = CONTRACT.replace("owner: shop\n", "").replace("required: true", "requird: true").replace("csv\n", "dbf\n")
    settings = layer(tmp_path, shop=wrong, fair=CONTRACT.replace("channel: shop", "channel: fairs"))
    with pytest.raises(ConfigError) as error:
        load_channels(settings)
    places = [item.where.partition("channels/")[2] for item in told(error)]
    assert places == [
        "fair.yml, channel",
        "shop.yml, owner",
        "shop.yml, exports.orders.format",
        "shop.yml, exports.orders.columns.order_id.requird",
    ]


def test_channels_that_are_switched_on(tmp_path: Path) -> None:
    settings = layer(tmp_path, shop=CONTRACT)
    contracts = load_channels(settings)
    assert list(enabled_channels(settings, contracts)) == sorted(contracts)
    chosen = settings.model_copy(update={"channels": ("shop", "crm")})
    assert list(enabled_channels(chosen, contracts)) == ["crm", "shop"]


def test_channels_that_nobody_defines_are_all_told(tmp_path: Path) -> None:
    settings = layer(tmp_path, shop=CONTRACT).model_copy(update={"channels": ("shopp", "crm", "wechat")})
    contracts = load_channels(settings)
    with pytest.raises(ConfigError) as error:
        enabled_channels(settings, contracts)
    assert [item.problem for item in told(error)] == [
        "no contract defines the channel shopp",
        "no contract defines the channel wechat",
    ]
    assert told(error)[0].fix == "did you mean shop?" and told(error)[0].where == "SIYU_CHANNELS"


def test_where_a_channels_files_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = shop(tmp_path)
    assert channel.source_folder(tmp_path) is None
    monkeypatch.setenv("SHOP_EXPORTS", "/data")
    assert channel.source_folder(tmp_path) == Path("/data/shop")
    monkeypatch.setenv("SHOP_EXPORTS", "elsewhere")
    assert channel.source_folder(tmp_path) == tmp_path / "elsewhere" / "shop"
    plain = channel.model_copy(update={"folder": None})
    assert plain.source_folder(tmp_path) == tmp_path / "shop"
    assert plain.source_folder(None) is None


def test_the_contract_of_these_tests_is_what_it_says() -> None:
    assert yaml.safe_load(CONTRACT)["exports"]["orders"]["file_date"] == r"orders_(\d{8})"
